"""Where each value of a composed configuration came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omosim.config.strict import Doc

Loc = tuple[str | int, ...]


@dataclass
class Layers:
    """Where each value came from: files in the order they were laid over one another, then overrides."""

    files: list[tuple[tuple[str, ...], Doc]] = field(default_factory=list)
    overrides: list[tuple[Loc, str]] = field(default_factory=list)

    def origin(self, loc: Loc) -> tuple[str, int | None]:
        """File and line of a key; of the nearest key above when it is nowhere."""
        for path, _ in reversed(self.overrides):
            if path == loc[: len(path)]:
                return "command line", None
        for n in range(len(loc), 0, -1):
            for package, doc in reversed(self.files):
                rest = loc[len(package) : n]
                if loc[: len(package)] == package and len(package) < n and rest in doc.places:
                    return doc.file, doc.places[rest].line
        return self._file_of(loc), None

    def _file_of(self, loc: Loc) -> str:
        for package, doc in reversed(self.files):
            if package and loc[: len(package)] == package:
                return doc.file
        return self.files[-1][1].file if self.files else "command line"

    def set_by(self, loc: Loc) -> str:
        """`file:line`, or the override, that set a value."""
        for path, text in reversed(self.overrides):
            if path == loc[: len(path)]:
                return text
        file, line = self.origin(loc)
        return file if line is None else f"{file}:{line}"

    def comment(self, loc: Loc) -> str:
        """The comment behind the value in the last file that sets it and has one."""
        for package, doc in reversed(self.files):
            place = doc.places.get(loc[len(package) :]) if loc[: len(package)] == package else None
            if place is not None and place.comment:
                return place.comment
        return ""

    def names(self, base: Loc) -> list[str]:
        """Names that the files set directly below a key."""
        found: set[str] = set()
        for package, doc in self.files:
            rest = base[len(package) :]
            if base[: len(package)] == package:
                found.update(str(p[len(rest)]) for p in doc.places if p[: len(rest)] == rest and len(p) > len(rest))
        return sorted(found)

    def bad(self, loc: Loc) -> bool:
        """Whether the strict reader has already spoken about this place."""
        for package, doc in self.files:
            for wrong in doc.bad:
                full = (*package, *wrong)
                if full == loc[: len(full)] or loc == full[: len(loc)]:
                    return True
        return False


def leaves(data: Any, at: Loc = ()) -> list[Loc]:
    """Paths of all values; a list counts as one value unless it holds mappings."""
    if isinstance(data, dict) and data:
        return [path for key, value in data.items() for path in leaves(value, (*at, key))]
    if isinstance(data, list) and any(isinstance(v, dict) for v in data):
        return [path for i, value in enumerate(data) for path in leaves(value, (*at, i))]
    return [at]
