"""Tornado of a sweep: what the difference is at the low and at the high end of each input; as a page's boxes and as Axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omosim.reports.figures import Axis, axis, short
from omosim.results.words import MINOR, figure, safe_text, unit_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 12
LOW, HIGH = "#8a6d00", "#2457a6"


@dataclass(frozen=True)
class Bar:
    """One input: two pieces from the centre, each (left, width) in per cent, and what they stand for."""

    name: str
    low: tuple[float, float]
    high: tuple[float, float]
    low_words: str
    high_words: str


@dataclass(frozen=True)
class Tornado:
    """Bars over one scale, the longest first; `zero` and `centre` are positions in per cent."""

    strategy: str
    baseline: str
    bars: list[Bar]
    zero: float
    centre: float
    tick_labels: list[tuple[float, str]]


def tornado(strategy: str, baseline: str, rows: Sequence[Mapping[str, Any]], centre: float, unit: str) -> Tornado:
    """Place the bars of one strategy; rows as in tornado.parquet, centre: mean difference over all points."""
    chosen = list(rows)[:SHOWN]
    places = _places(unit)
    scale = axis([centre, *(float(row[end]) for row in chosen for end in ("low", "high"))], most=4)
    bars = [Bar(str(row["input"]), _piece(scale, centre, row["low"]), _piece(scale, centre, row["high"]), *(f"{row[f'{end}_at']}: {figure(row[end], unit, sign=True)}" for end in ("low", "high"))) for row in chosen]
    return Tornado(strategy, baseline, bars, scale.at(0.0), scale.at(centre), [(scale.at(t), short(t / places)) for t in scale.ticks])


def _piece(scale: Axis, centre: float, end: float) -> tuple[float, float]:
    left, right = sorted((scale.at(centre), scale.at(float(end))))
    return left, max(round(right - left, 3), 0.3)


def _places(unit: str) -> float:
    """Minor units of one of the unit that is shown."""
    return float(10 ** MINOR.get(unit_words(unit), 0)) if "minor" in unit else 1.0


def tornado_axes(rows: Sequence[Mapping[str, Any]], strategy: str, baseline: str, centre: float, unit: str, ax: Axes | None = None) -> Axes:
    """The same with matplotlib; no global style is touched and no text is read as a formula. ax: default a new figure."""
    chosen = list(rows)[:SHOWN][::-1]
    if ax is None:
        from matplotlib import pyplot as plt

        _, ax = plt.subplots(figsize=(7, 1.0 + 0.45 * len(chosen)), layout="constrained")
    scale = _places(unit)
    for y, row in enumerate(chosen):
        for end, colour in (("low", LOW), ("high", HIGH)):
            ax.barh([y], [(row[end] - centre) / scale], left=centre / scale, height=0.6, color=colour)
            side = "right" if row[end] < row["high" if end == "low" else "low"] else "left"
            ax.annotate(f" {safe_text(row[f'{end}_at'], 30)} ", (row[end] / scale, y), ha=side, va="center", fontsize=8, parse_math=False)
    ax.axvline(0, color="#8f98a3", linewidth=1)
    ax.set_yticks(range(len(chosen)), labels=[safe_text(row["input"], 60) for row in chosen], parse_math=False)
    ax.set_xlabel(f"operating profit: {safe_text(strategy, 60)} less {safe_text(baseline, 60)} [{unit_words(unit)}]", parse_math=False)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.18)
    return ax
