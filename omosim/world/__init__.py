"""Typed state of a run: places, goods, network, touchpoints, rivals, prices, and the policy in force."""
