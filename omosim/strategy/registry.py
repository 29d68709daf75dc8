"""Capabilities by name."""

from __future__ import annotations

import difflib

from omosim.strategy.capability import Capability
from omosim.strategy.errors import UnknownCapability

_CAPABILITIES: dict[str, Capability] = {}


def register(kind: type[Capability]) -> type[Capability]:
    """Class decorator: make a capability known under its name.

    Raises
    ------
    ValueError : the name is taken
    """
    if kind.name in _CAPABILITIES:
        raise ValueError(f"capability '{kind.name}' is registered twice")
    _CAPABILITIES[kind.name] = kind()
    return kind


def capability(name: str) -> Capability:
    """The capability of a name.

    Raises
    ------
    UnknownCapability : no capability has the name; says which is nearest
    """
    _load()
    if name in _CAPABILITIES:
        return _CAPABILITIES[name]
    near = difflib.get_close_matches(name, _CAPABILITIES, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise UnknownCapability(f"there is no capability '{name}'; known: {', '.join(sorted(_CAPABILITIES))}.{hint}")


def capability_names() -> list[str]:
    """All names, in the order in which capabilities are applied."""
    _load()
    return list(_CAPABILITIES)


def _load() -> None:
    from omosim.strategy import capabilities  # noqa: F401  (registers the shipped ones)
