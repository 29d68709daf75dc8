"""Figures of a comparison with matplotlib, for notebooks and papers; no global style is touched."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from omosim.reports.labels import title
from omosim.results import ResultFolder
from omosim.results.words import SHARES, safe_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"better": "#14713f", "worse": "#a8231c", "cannot_tell": "#5b6470"}
_PROFITS = ("operating_profit", "gross_profit")


def forest_axes(folder: ResultFolder, kpis: Sequence[str] = ("operating_profit",), ax: Axes | None = None) -> Axes:
    """Paired differences with their intervals, one line a KPI and strategy.

    Profits are in per cent of the baseline's net revenue (a profit may be near zero), shares in percentage points, the
    rest in per cent of the baseline's value. ax: axes to draw on, default a new figure. Texts are set without mathtext,
    so no name is read as a formula. Raises KeyError when a KPI is not in the comparison.
    """
    rows = folder.summary()["comparison"]
    known = list(dict.fromkeys(str(row["kpi"]) for row in rows))
    for kpi in kpis:
        if kpi not in known:
            raise KeyError(f"no KPI '{kpi}' in this comparison; there are {', '.join(known)}")
    chosen = [row for kpi in kpis for row in rows if row["kpi"] == kpi]
    revenue = {row["strategy"]: row["baseline_mean"] for row in rows if row["kpi"] == "net_revenue"}
    if ax is None:
        ax = new_axes((7, 0.9 + 0.45 * len(chosen)))
    for y, row in enumerate(reversed(chosen)):
        _draw(ax, y, row, _scale(row, revenue))
    ax.axvline(0, color="#8f98a3", linewidth=1)
    _frame(ax, chosen, kpis)
    return ax


def new_axes(size: tuple[float, float]) -> Axes:
    """Axes of a new figure: one that a notebook shows at the end of its cell, elsewhere one that pyplot does not keep open."""
    import sys

    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        from matplotlib import pyplot as plt

        return plt.subplots(figsize=size, layout="constrained")[1]
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").subplots()


def _scale(row: dict[str, Any], revenue: dict[str, float | None]) -> float | None:
    """Factor from the KPI's unit to what the axis shows, None when there is nothing to compare with."""
    if row["unit"] in SHARES:
        return 100.0
    base = revenue.get(row["strategy"]) if row["kpi"] in _PROFITS else row["baseline_mean"]
    return 100.0 / abs(base) if base else None


def _draw(ax: Axes, y: int, row: dict[str, Any], scale: float | None) -> None:
    if row["diff"] is None or scale is None:
        return
    colour = _COLOURS[row["verdict"]]
    low, high = (row["diff"] if row[k] is None else row[k] for k in ("ci_low", "ci_high"))
    ax.plot([low * scale, high * scale], [y, y], color=colour, linewidth=2.5, solid_capstyle="round")
    ax.plot([row["diff"] * scale], [y], marker="o", color=colour)


def _frame(ax: Axes, chosen: Sequence[dict[str, Any]], kpis: Sequence[str]) -> None:
    """Names and axis; every text with mathtext off."""
    many = len(kpis) > 1
    names = [(f"{title(row['kpi'])}: " if many else "") + safe_text(row["strategy"], 60) for row in reversed(chosen)]
    ax.set_yticks(range(len(names)), labels=names, parse_math=False)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.set_xlabel(_axis_words(chosen, kpis), parse_math=False)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    for text in ax.get_xticklabels() + ax.get_yticklabels():
        text.set_parse_math(False)
    for text in [*ax.get_yticklabels(), ax.xaxis.label]:
        text.set_fontfamily(families())


@lru_cache(maxsize=1)
def families() -> list[str]:
    """The style's font, then whatever is installed that has Hangul and kana."""
    import matplotlib as mpl
    from matplotlib import font_manager

    wanted = (
        "Noto Sans CJK KR",
        "Noto Sans KR",
        "Malgun Gothic",
        "Apple SD Gothic Neo",
        "NanumGothic",
        "NanumBarunGothic",
    )
    installed = set(font_manager.get_font_names())
    return [*mpl.rcParams["font.family"], *(name for name in wanted if name in installed)]


def _axis_words(chosen: Sequence[dict[str, Any]], kpis: Sequence[str]) -> str:
    base = safe_text(chosen[0]["baseline"], 60)
    if len(kpis) > 1:
        return f"difference from {base} [% of its value; profits: % of its net revenue; shares: points]"
    unit = (
        "percentage points"
        if chosen[0]["unit"] in SHARES
        else "% of its net revenue"
        if kpis[0] in _PROFITS
        else "% of its value"
    )
    return f"{title(kpis[0])}: difference from {base} [{unit}]"
