"""Faults of rows, kept as arrays so that a million of them cost no more than a column."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omosim.ingest.errors import OrderFileError, Problem, plain_text
from omosim.results.atomic import write_text

SHOWN = 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Finding:
    """Rows that break one rule in one column."""

    code: str
    column: str | None
    rows: NDArray[np.int64]  # physical rows
    values: list[str | None]
    allowed: str
    nearest: dict[str, str] = field(default_factory=dict)


def formula_safe(value: str | None) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = plain_text(value) or ""
    return f"'{text}" if text.startswith(_FORMULA) else text


@dataclass
class Findings:
    """All faults of one file."""

    file: str
    items: list[Finding] = field(default_factory=list)

    def add(self, code: str, column: str | None, rows: NDArray[np.int64], values: list[str | None], allowed: str,
            nearest: dict[str, str] | None = None) -> None:  # fmt: skip
        """Take in one rule's rows; nothing when there are none."""
        if len(rows):
            self.items.append(Finding(code, column, np.asarray(rows, np.int64), values, allowed, nearest or {}))

    def bad_rows(self) -> NDArray[np.int64]:
        """Physical rows with at least one fault, ascending."""
        return np.unique(np.concatenate([f.rows for f in self.items])) if self.items else np.zeros(0, np.int64)

    def counts(self) -> dict[str, int]:
        """Faults by code."""
        total: Counter[str] = Counter()
        for item in self.items:
            total[item.code] += len(item.rows)
        return dict(total)

    def problems(self, limit: int | None = None) -> list[Problem]:
        """In the order of the file; `limit` cuts."""
        heads = []
        for number, item in enumerate(self.items):
            order = np.argsort(item.rows, kind="stable")
            for position in order[:limit].tolist():
                heads.append((int(item.rows[position]), number, position))
        heads.sort()
        out = []
        for row, number, position in heads[:limit]:
            item = self.items[number]
            value = item.values[position]
            near = item.nearest.get(value) if value is not None else None
            out.append(Problem(item.code, self.file, row, plain_text(item.column), plain_text(value), item.allowed, near))
        return out

    def write_rejects(self, path: Path) -> Path:
        """Every fault as a row of a CSV that is safe to open in a spreadsheet."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["file", "row", "column", "code", "value", "allowed", "nearest"])
        for p in self.problems():
            cells = (p.file, str(p.row), p.column, p.code, p.value, p.allowed, p.nearest)
            writer.writerow([formula_safe(c) for c in cells])
        return write_text(path, text.getvalue())

    def error(self, rows: int, rejects: Path | None, first: bool = False) -> OrderFileError:
        """The refusal that these faults amount to; first: of some rows of a long file, the rest was not read."""
        return OrderFileError(self.problems(SHOWN), self.counts(), rows, rejects, first)
