"""Strategies: sets of capability levels, turned into the policy that shoppers and the network read.

A capability sets rows and levels; it never branches in a kernel, and no strategy's name reaches one.
"""

from omosim.strategy.build import build_policy, check_dated, check_strategy, move_levels, switch
from omosim.strategy.capability import Capability, Context, Level
from omosim.strategy.errors import BadLevel, IncompatibleCapabilities, StrategyError, UnknownCapability
from omosim.strategy.registry import capability, capability_names, register

__all__ = [
    "BadLevel",
    "Capability",
    "Context",
    "IncompatibleCapabilities",
    "Level",
    "StrategyError",
    "UnknownCapability",
    "build_policy",
    "capability",
    "capability_names",
    "check_dated",
    "check_strategy",
    "move_levels",
    "register",
    "switch",
]
