"""Capabilities and their levels, as the registry states them, in the words of the settings."""

from __future__ import annotations

from dataclasses import replace

from omosim.config.schema_tree import Key, lookup
from omosim.strategy import Capability, Level, capability, capability_names


def names() -> tuple[str, ...]:
    """Names of all capabilities, of those registered since the last call, too."""
    return tuple(capability_names())


def kind(name: str) -> Capability | None:
    """The capability of a name, None when there is none."""
    return capability(name) if name in names() else None


def levels(name: str) -> dict[str, Level]:
    """Levels of a capability by name; empty when there is no such capability."""
    found = kind(name)
    return {level.name: level for level in found.levels} if found is not None else {}


def requires(name: str) -> tuple[str, ...]:
    """Capabilities without which this one cannot work."""
    found = kind(name)
    return found.requires if found is not None else ()


def excludes(name: str) -> tuple[str, ...]:
    """Capabilities that cannot stand beside this one."""
    found = kind(name)
    return found.excludes if found is not None else ()


def describe(loc: tuple[str | int, ...]) -> Key | None:
    """The key at a place of the settings; a level with the unit, range and meaning of its capability."""
    key = lookup(loc)
    if key is None or len(loc) != 5 or loc[:2] != ("strategy", "capabilities") or loc[3] != "levels":
        return key
    level = levels(str(loc[2])).get(str(loc[4]))
    if level is None:
        return key
    number = "int" if level.whole else "float"
    path = tuple(str(p) for p in loc)
    return replace(
        key,
        path=path,
        kind=number,
        unit=level.unit,
        meaning=level.meaning,
        low=level.low,
        high=level.high,
        default=level.default,
    )
