"""Tornado of a sweep with matplotlib: what the difference is at the low and at the high end of each input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omosim.reports.figures import short
from omosim.reports.plots import new_axes
from omosim.results.words import MINOR, safe_text, unit_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 12
LOW, HIGH = "#8a6d00", "#2457a6"


def _places(unit: str) -> float:
    """Minor units of one of the unit that is shown."""
    return float(10 ** MINOR.get(unit_words(unit), 0)) if "minor" in unit else 1.0


def tornado_axes(rows: Sequence[Mapping[str, Any]], strategy: str, baseline: str, centre: float, unit: str, ax: Axes | None = None) -> Axes:
    """Bars from the mean over all points to both ends of each input; no global style is touched and no text is read as a formula. ax: default a new figure."""
    chosen = list(rows)[:SHOWN][::-1]
    ax = ax if ax is not None else new_axes((7, 1.0 + 0.45 * len(chosen)))
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
    ax.xaxis.set_major_formatter(lambda v, _: short(v))
    ax.margins(x=0.18)
    return ax
