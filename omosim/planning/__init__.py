"""Pickup capacity from an order file: how many people, what promise, how many orders a slot. Start reading in `plan.py`."""
