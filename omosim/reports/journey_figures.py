"""Geometry of journeys: flows between the last touches before a purchase, and a matrix of steps as shaded cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omosim.reports.figures import COLOURS

Row = Mapping[str, Any]
OTHERS = "others"
_GAP, _WIDE = 1.6, 2.2  # per cent of the height between nodes, of the width of a node
_GREY = "#8f98a3"


@dataclass(frozen=True)
class Node:
    """One touchpoint at one place: a box, in per cent of the plot."""

    name: str
    count: float
    x: float
    y: float
    height: float
    colour: str
    last: bool


@dataclass(frozen=True)
class Band:
    """Journeys from one touchpoint to the next: an SVG path in a 100 x 100 box."""

    path: str
    colour: str
    words: str


@dataclass(frozen=True)
class Alluvial:
    """Flows over places, left to right."""

    nodes: list[Node]
    bands: list[Band]
    heads: list[tuple[float, str]]


def alluvial(flows: Sequence[Row], titles: Mapping[str, str], heads: Sequence[str], most: int = 6) -> Alluvial | None:
    """Lay out flows between neighbouring places; touchpoints beyond the `most` commonest are put together.

    flows : place, from, to, count; heads : a word a place
    """
    total: Counter[str] = Counter()
    for row in flows:
        total[row["from"]] += row["count"]
        total[row["to"]] += row["count"]
    if not total:
        return None
    shown = [name for name, _ in sorted(total.items(), key=lambda item: (-item[1], item[0]))[:most]]
    order = [*shown, OTHERS] if len(total) > most else shown
    colour = {name: _GREY if name == OTHERS else COLOURS[i % len(COLOURS)] for i, name in enumerate(order)}
    count: Counter[tuple[int, str, str]] = Counter()
    for row in flows:
        ends = (name if name in shown else OTHERS for name in (row["from"], row["to"]))
        count[row["place"], *ends] += row["count"]
    size = {(p, n): max(sum(c for (q, a, _), c in count.items() if (q, a) == (p, n)), sum(c for (q, _, b), c in count.items() if (q + 1, b) == (p, n))) for p in range(len(heads)) for n in order}
    scale = (100 - _GAP * (len(order) - 1)) / max(sum(size[p, n] for n in order) for p in range(len(heads)))
    step = (100 - _WIDE) / (len(heads) - 1)
    nodes, top = [], {}
    for p in range(len(heads)):
        y = 0.0
        for name in order:
            height = size[p, name] * scale
            top[p, name] = [y, y]  # where the next band leaves, and where it arrives
            if height > 0:
                nodes.append(Node(titles.get(name, name), size[p, name], round(p * step, 3), round(y, 3), round(height, 3), colour[name], p == len(heads) - 1))
                y += height + _GAP
    bands = []
    for p, a, b in sorted(count, key=lambda key: (key[0], order.index(key[1]), order.index(key[2]))):
        wide = count[p, a, b] * scale
        left, right = top[p, a][0], top[p + 1, b][1]
        top[p, a][0] += wide
        top[p + 1, b][1] += wide
        bands.append(Band(_ribbon(p * step + _WIDE, left, (p + 1) * step, right, wide), colour[a], f"{titles.get(a, a)} to {titles.get(b, b)}: {count[p, a, b]:,.0f}"))
    return Alluvial(nodes, bands, [(round(p * step + _WIDE / 2, 3), word) for p, word in enumerate(heads)])


def _ribbon(x0: float, y0: float, x1: float, y1: float, wide: float) -> str:
    m = (x0 + x1) / 2
    n = lambda v: f"{round(v, 2):g}"
    return f"M{n(x0)} {n(y0)}C{n(m)} {n(y0)} {n(m)} {n(y1)} {n(x1)} {n(y1)}V{n(y1 + wide)}C{n(m)} {n(y1 + wide)} {n(m)} {n(y0 + wide)} {n(x0)} {n(y0 + wide)}Z"


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
