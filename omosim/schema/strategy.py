"""Strategies: sets of capability levels, nothing else."""

from __future__ import annotations

from pydantic import Field

from omosim.schema.fields import Frozen, par


class CapabilityLevel(Frozen):
    """One capability of a strategy: on or off, its levels, its cost."""

    enabled: bool = par("flag", "present in the strategy", default=True)
    levels: dict[str, float] = par("by level", "levels of the capability; names and ranges stand in its registry entry", default_factory=dict)
    capital: int = par("minor", "paid once", 0, 10**15, default=0)
    running_per_day: int = par("minor a day", "paid each day, whole retailer", 0, 10**13, default=0)
    running_per_store_day: int = par("minor a day", "paid each day and store", 0, 10**12, default=0)
    capital_per_head: int | None = par("minor", "paid once for each person whom stores plan to have on duty at once", 0, 10**12, default=None)
    running_per_head_day: int | None = par("minor a day", "paid each day for each of them", 0, 10**12, default=None)
    life_years: float = par("years", "capital is written off over this time", 0.1, 50, default=5.0)
    ramp_up_days: int = par("days", "days until it works after it is switched on inside a run", 0, 3650, default=0)


class StrategySettings(Frozen):
    """A named set of capability levels."""

    name: str = par("name", "label only; no number depends on it", min_length=1, max_length=80)
    title: str = par("text", "name for people", default="", max_length=200)
    capabilities: dict[str, CapabilityLevel] = Field(default_factory=dict, max_length=64)
