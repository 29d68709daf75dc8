"""The composed data as rules between keys read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omosim.config.errors import Problem, show
from omosim.config.strict import dotted

Loc = tuple[str | int, ...]
Origin = Callable[[Loc], tuple[str, int | None]]


@dataclass
class Facts:
    """The composed data and what else the rules need to know."""

    data: dict[str, Any]
    origin: Origin

    def get(self, *loc: str | int) -> Any:
        """The value at a place, None when it is not there."""
        here: Any = self.data
        for part in loc:
            inside = part in here if isinstance(here, dict) else isinstance(here, list) and part in range(len(here))
            if not inside:
                return None
            here = here[part]
        return here

    def number(self, *loc: str | int) -> float | None:
        """The number at a place, None when there is no number."""
        value = self.get(*loc)
        return value if isinstance(value, int | float) and not isinstance(value, bool) and value == value else None

    def mapping(self, *loc: str | int) -> dict[str, Any]:
        """The mapping at a place, empty when there is none."""
        value = self.get(*loc)
        return value if isinstance(value, dict) else {}

    def items(self, *loc: str | int) -> list[Any]:
        """The list at a place, empty when there is none."""
        value = self.get(*loc)
        return value if isinstance(value, list) else []

    def problem(self, loc: Loc, message: str, cure: str, allowed: str = "", near: str | None = None) -> Problem:
        """A problem at a place, with the value that stands there."""
        file, line = self.origin(loc)
        value = self.get(*loc)
        shown = None if isinstance(value, dict | list) or value is None else show(value)
        return Problem(message, file, line, None, dotted(loc), shown, allowed, near, cure)

    def opened(self) -> set[str]:
        """Names of stores that a dated change opens; they may lie beyond the network's count."""
        rows = [r for r in self.items("scenario", "interventions") if isinstance(r, dict)]
        opening = [r for r in rows if r.get("what") == "store_open" and r.get("set") == 1 and isinstance(r.get("stores"), list)]
        return {name for row in opening for name in row["stores"] if isinstance(name, str) and name.startswith("S")}

    def switched_on(self) -> list[str]:
        """Capabilities of the strategy that are not switched off."""
        rows = self.mapping("strategy", "capabilities").items()
        return [name for name, row in rows if not (isinstance(row, dict) and row.get("enabled") is False)]
