"""What can be wrong with an order file; each message says what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from omosim.results.words import counted

_LONGEST = 200


def plain_text(value: str | None) -> str | None:
    """A value that is safe to print: control, bidi and zero-width characters escaped, cut at 200 characters."""
    if value is None:
        return None
    return _visible(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value)} characters)")


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() or c == "…" else f"\\u{ord(c):04x}" for c in text)


@dataclass(frozen=True)
class Problem:
    """One fault of a file: where it stands, what was found, what is allowed."""

    code: str
    file: str
    row: int | None  # physical row, 1 is the first line of the file; None: the whole file
    column: str | None
    value: str | None
    allowed: str
    nearest: str | None = None

    def line(self) -> str:
        """One line for people."""
        place = plain_text(self.file) or ""
        if self.row is not None:
            place += f", row {self.row}"
        if self.column is not None:
            place += f", column '{self.column}'"
        found = "" if self.value is None else f": {self.value!r}"
        near = f"; nearest: '{self.nearest}'" if self.nearest else ""
        return f"{self.code}: {place}{found}; allowed: {self.allowed}{near}"


class InputError(Exception):
    """Bad data from outside; never a bug of ours."""

    exit_code = 2


class OrderFileError(InputError):
    """An order file is refused; `problems` holds the first ones, `counts` all of them by code."""

    def __init__(
        self, problems: Sequence[Problem], counts: Mapping[str, int], rows: int = 0, rejects: Path | None = None,
        first: bool = False,
    ) -> None:
        self.problems = tuple(problems)
        self.counts = dict(counts)
        self.rows = rows
        self.rejects = rejects
        self.first = first  # only some rows of a long file were read
        super().__init__(self.message())

    def message(self) -> str:
        """The first problems, the counts, and where all of them stand."""
        lines = [problem.line() for problem in self.problems]
        total = sum(self.counts.values())
        if total > len(lines):
            lines.append(f"… and {total - len(lines)} more")
        if self.rows:
            by_code = ", ".join(f"{code} {n}" for code, n in sorted(self.counts.items()))
            rows = counted(self.rows, "row") + (" looked at, the rest is not read" if self.first else "")
            lines.append(f"{counted(total, 'problem')} in {rows} ({by_code})")
            lines.append("Correct the file, or allow some bad rows to be left out and counted: max_bad_rows=N, or a share: max_bad_rows=0.1%")
        if self.rejects is not None:
            lines.append(f"All of them: {self.rejects}")
        return "\n".join(lines)


def file_error(code: str, file: str, allowed: str, *, row: int | None = None, column: str | None = None,
               value: str | None = None, nearest: str | None = None) -> OrderFileError:  # fmt: skip
    """An error about the file as a whole."""
    safe = (plain_text(column), plain_text(value), _visible(allowed), plain_text(nearest))
    return OrderFileError([Problem(code, file, row, *safe)], {code: 1})


@contextmanager
def within_memory(path: Path) -> Iterator[None]:
    """Refuse a file whose reading asks for more memory than there is, with a cure."""
    try:
        yield
    except MemoryError:
        cure = "a file that fits into the memory: split it by month, leave out columns that are not read, or give more memory"
        raise file_error("too_large", path.name, cure) from None
