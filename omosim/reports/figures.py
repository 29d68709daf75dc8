"""Geometry of the report's figures: positions in per cent of the plot, drawn by the templates as SVG and boxes.

All words are set by the page, never inside a picture, so they stay readable on a phone and cannot carry markup.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from omosim.reports.svg import SERIES

COLOURS = SERIES


@dataclass(frozen=True)
class Axis:
    """A linear scale with round ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Position in per cent, rounded so that pages do not depend on the last bits."""
        return round(100 * (value - self.low) / (self.high - self.low), 3)


def axis(values: Sequence[float], *, zero: bool = True, most: int = 5) -> Axis:
    """A scale that holds all values (and zero), with at most `most` + 1 round ticks."""
    known = [v for v in values if math.isfinite(v)] or [0.0]
    low, high = min(known), max(known)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-9):
        low, high = low - (abs(low) or 1.0) * 0.5, high + (abs(high) or 1.0) * 0.5
    step = _round_step((high - low) / most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(i * step, 12) for i in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * (1 - 1e-9))


def short(value: float) -> str:
    """A tick's label: 1.2 M, 350 k, 0.05."""
    size = abs(value)
    for limit, letter in ((1e12, "tn"), (1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            scale = 1e3 if letter == "k" else limit
            return f"{value / scale:,.4g} {letter}"
    return f"{value:,.4g}"


@dataclass(frozen=True)
class Interval:
    """One row of a forest plot."""

    name: str
    low: float | None
    mid: float | None
    high: float | None
    verdict: str
    words: str
    left: float = 0.0
    width: float = 0.0
    dot: float | None = None
    says: str = ""  # the verdict as it is read; by default its code


@dataclass(frozen=True)
class Forest:
    """Intervals over one scale; `zero` is the position of no difference."""

    title: str
    unit: str
    rows: list[Interval]
    scale: Axis
    zero: float
    tick_labels: list[tuple[float, str]]


def forest(title: str, unit: str, rows: Sequence[Interval]) -> Forest:
    """Place intervals on a scale that holds them all and zero."""
    ends = [v for r in rows for v in (r.low, r.mid, r.high) if v is not None]
    scale = axis(ends, most=4)
    placed = []
    for row in rows:
        low = row.low if row.low is not None else row.mid
        high = row.high if row.high is not None else row.mid
        left = scale.at(low) if low is not None else 0.0
        width = scale.at(high) - left if high is not None else 0.0
        dot = None if row.mid is None else scale.at(row.mid)
        placed.append(
            replace(row, left=left, width=round(width, 3), dot=dot)
        )
    labels = [(scale.at(t), short(t)) for t in scale.ticks]
    return Forest(title, unit, placed, scale, scale.at(0.0), labels)


@dataclass(frozen=True)
class Step:
    """One bar of a bridge, from left to left + width per cent."""

    name: str
    amount: float
    words: str
    left: float
    width: float
    kind: str  # up | down | total


def bridge(
    lines: Mapping[str, float], words: Mapping[str, str], total_name: str, total_words: str
) -> tuple[list[Step], float]:
    """Floating bars that lead from 0 (the baseline) to the total difference; also the position of 0."""
    level, levels = 0.0, [0.0]
    for amount in lines.values():
        level += amount
        levels.append(level)
    scale = axis(levels)
    steps = []
    for (name, amount), start, end in zip(lines.items(), levels[:-1], levels[1:], strict=True):
        kind = "up" if amount > 0 else "down"
        steps.append(_step(scale, name, amount, words[name], start, end, kind))
    steps.append(_step(scale, total_name, level, total_words, 0.0, level, "total"))
    return steps, scale.at(0.0)


def _step(scale: Axis, name: str, amount: float, words: str, start: float, end: float, kind: str) -> Step:
    left = scale.at(min(start, end))
    return Step(name, amount, words, left, max(round(scale.at(max(start, end)) - left, 3), 0.3), kind)


@dataclass(frozen=True)
class Line:
    """A series of a chart; None breaks the line."""

    name: str
    values: Sequence[float | None]
    colour: str
    dashed: bool = False
    path: str = ""
    steps: bool = False  # holds from one place to the next, as people on duty do


@dataclass(frozen=True)
class Chart:
    """A line chart in a 100 x 100 box, y downwards."""

    title: str
    unit: str
    lines: list[Line]
    band: str
    band_name: str
    y_labels: list[tuple[float, str]]
    x_labels: list[tuple[float, str]]
    marks: list[tuple[float, str]] = field(default_factory=list)
    limits: tuple[Sequence[float | None], Sequence[float | None]] | None = None  # the band's ends, for other drawings of it


def chart(
    title: str,
    unit: str,
    lines: Sequence[Line],
    x_names: Sequence[str],
    *,
    band: tuple[Sequence[float | None], Sequence[float | None]] | None = None,
    band_name: str = "",
    marks: Sequence[tuple[int, str]] = (),
    x_every: int | None = None,
    zero: bool = True,
) -> Chart:
    """Lines (and a band) over equally spaced x; marks are vertical lines at an index with a word; zero: the scale holds 0."""
    n = len(x_names)
    everything = [v for line in lines for v in line.values if v is not None]
    if band:
        everything += [v for side in band for v in side if v is not None]
    scale = axis(everything, zero=zero, most=4)

    def x(i: int) -> float:
        return round(100 * (i + 0.5) / n, 3)

    drawn = [replace(s, path=_steps(s.values, scale) if s.steps else _path(s.values, x, scale)) for s in lines]
    area = ""
    if band:
        both = [(i, lo, hi) for i, (lo, hi) in enumerate(zip(*band, strict=True)) if lo is not None and hi is not None]
        points = [(x(i), 100 - scale.at(hi)) for i, _, hi in both] + [
            (x(i), 100 - scale.at(lo)) for i, lo, _ in both[::-1]
        ]
        area = "M" + "L".join(f"{a:g} {b:g}" for a, b in points) + "Z" if points else ""
    every = x_every or max(1, math.ceil(n / 6))
    return Chart(
        title,
        unit,
        drawn,
        area,
        band_name,
        [(round(100 - scale.at(t), 3), short(t)) for t in scale.ticks],
        [(x(i), x_names[i]) for i in range(0, n, every)],
        [(round(100 * i / n, 3), word) for i, word in marks],
        band,
    )


def _steps(values: Sequence[float | None], scale: Axis) -> str:
    """A level over the whole width of each place; None breaks the line."""
    parts, pen = [], "M"
    for i, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        y = round(100 - scale.at(value), 3)
        parts.append(f"{pen}{round(100 * i / len(values), 3):g} {y:g}L{round(100 * (i + 1) / len(values), 3):g} {y:g}")
        pen = "L"
    return "".join(parts)


def _path(values: Sequence[float | None], x, scale: Axis) -> str:  # type: ignore[no-untyped-def]
    parts, pen = [], "M"
    for i, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{x(i):g} {round(100 - scale.at(value), 3):g}")
        pen = "L"
    return "".join(parts)
