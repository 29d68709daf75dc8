"""What can be wrong with a configuration: every problem with its place, its value and its cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

SHOWN = 20
COMMAND_LINE = "command line"


def show(value: Any, width: int = 60) -> str:
    """The value on one line: quoted, cut, and with nothing in it that a terminal would obey."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    text = text if len(text) <= width else text[: width - 1] + "…"
    return f"'{text}'" if isinstance(value, str) else text


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `word`, None when none is near."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return close[0]
    folded = {name.lower().replace("_", "").replace("-", ""): name for name in names}
    low = word.lower().replace("_", "").replace("-", "")
    close = difflib.get_close_matches(low, list(folded), n=1, cutoff=0.6)
    if close:
        return folded[close[0]]
    begun = [name for short, name in folded.items() if len(short) >= 3 and low.startswith(short)]  # saturday for sat
    return begun[0] if len(begun) == 1 else None


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what, and the way out."""

    message: str
    file: str = COMMAND_LINE
    line: int | None = None
    column: int | None = None
    key: str = ""
    value: str | None = None
    allowed: str = ""
    near: str | None = None
    cure: str = ""

    @property
    def place(self) -> str:
        """`file:line`, or the file alone."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        head = f"{self.place}: "
        if self.key:
            head += self.key + (f" = {self.value}" if self.value is not None else "") + ": "
        elif self.value is not None:
            head += f"{self.value}: "
        parts = [self.message.rstrip(".")]
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        text = head + "; ".join(parts) + "."
        if self.near:
            text += f" Did you mean '{self.near}'?"
        if self.cure:
            text += f" {self.cure.rstrip('.')}."
        return text


class OmosimError(Exception):
    """Base of the errors that this package explains to its user; `exit_code` is what the command answers."""

    exit_code = 2


@dataclass(eq=False)
class ConfigError(OmosimError):
    """The configuration cannot be used; `problems` lists all that is wrong, not the first only."""

    problems: Sequence[Problem] = field(default_factory=list)

    def __str__(self) -> str:
        return render(self.problems)


def refuse(message: str, **kw: Any) -> ConfigError:
    """A ConfigError of one problem."""
    return ConfigError([Problem(message, **kw)])


def render(problems: Sequence[Problem], limit: int = SHOWN) -> str:
    """The first problems, one to a line, and how many there are."""
    count = len(problems)
    head = "1 problem; nothing was run:" if count == 1 else f"{count} problems; nothing was run:"
    lines = [head, *(f"  {p}" for p in problems[:limit])]
    if count > limit:
        by_file: dict[str, int] = {}
        for p in problems[limit:]:
            by_file[p.file] = by_file.get(p.file, 0) + 1
        rest = ", ".join(f"{n} in {f}" for f, n in sorted(by_file.items(), key=lambda x: (-x[1], x[0]))[:5])
        lines.append(f"  … and {count - limit} more ({rest}).")
    return "\n".join(lines)


def unique(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, in the order in which they came."""
    return list(dict.fromkeys(problems))
