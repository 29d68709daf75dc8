"""A matrix of steps between touchpoints as shaded cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Matrix:
    """Cells of a matrix of steps: (share in words, shade 0 to 1) by row and column."""

    names: list[str]
    ends: list[str]
    rows: list[tuple[str, list[tuple[str, float]]]]


def matrix(steps: Sequence[Row], titles: Mapping[str, str]) -> Matrix:
    """Shares of what follows each step; rows where a path is, columns where it goes."""
    share = {(row["from"], row["to"]): row["share"] for row in steps}
    first = list(dict.fromkeys(row["from"] for row in steps))
    last = list(dict.fromkeys(row["to"] for row in steps))
    order = lambda names: sorted(names, key=lambda n: (n.startswith("(") and n != "(start)", n != "(start)", n))
    here, there = order(first), order(last)
    most = max(share.values(), default=1.0) or 1.0
    cell = lambda v: ("" if v < 0.005 else f"{100 * v:.0f}", round(v / most, 3))
    name = lambda n: titles.get(n, n.strip("()"))
    return Matrix([name(n) for n in here], [name(n) for n in there], [(name(a), [cell(share.get((a, b), 0.0)) for b in there]) for a in here])
