"""Figures of a comparison with matplotlib, for notebooks and papers; no global style is touched."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from omosim.reports.labels import title
from omosim.reports.language import FONT
from omosim.reports.svg import BLUE, ORANGE, SERIES
from omosim.results import ResultFolder
from omosim.results.words import SHARES, safe_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from omosim.reports.drawings import Drawing

_COLOURS = {"better": "#00795c", "worse": "#c45a00", "cannot_tell": "#5b6470"}
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
    """The style's font, then what is installed that has Hangul and kana, then the shipped Korean letters.

    Registers a font with matplotlib; no style is touched. A letter that none of them has is a box.
    """
    import matplotlib as mpl
    from matplotlib import font_manager

    wanted = ("Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "NanumGothic", "NanumBarunGothic")
    installed = set(font_manager.get_font_names())
    found = [name for name in wanted if name in installed]
    if FONT.is_file():
        font_manager.fontManager.addfont(FONT)
        found.append("Omosim Hangul")
    return [*mpl.rcParams["font.family"], *found]


def draw(drawing: Drawing, ax: Axes | None = None) -> Axes:
    """A figure of a report with matplotlib; ax: axes to draw on, default a new figure. No name is read as a formula."""
    ax = ax if ax is not None else new_axes((7.6, figure_height(drawing)))
    _PAINT[type(drawing).__name__](drawing, ax)
    ax.set_title(safe_text(drawing.title, 120), loc="left", fontsize=11, parse_math=False)
    for text in [ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels(), *ax.texts]:  # type: ignore[attr-defined]
        text.set_parse_math(False)
        text.set_fontfamily(families())
    legend = ax.get_legend()
    for text in legend.get_texts() if legend else ():
        text.set_parse_math(False)
        text.set_fontfamily(families())
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def figure_height(drawing: Drawing) -> float:
    if tall := getattr(drawing, "tall", None):
        return float(tall)
    rows = getattr(drawing, "rows", None) or getattr(drawing, "steps", None)
    return 1.1 + 0.32 * len(rows) if rows else 3.6


def _paint_forest(f: Any, ax: Axes) -> None:
    for y, row in enumerate(reversed(f.rows)):
        colour = _COLOURS.get(row.verdict, "#5b6470")
        if row.low is not None and row.high is not None:
            ax.plot([row.low, row.high], [y, y], color=colour, linewidth=2.5, solid_capstyle="round")
        if row.mid is not None:
            ax.plot([row.mid], [y], marker="o", color=colour)
    ax.axvline(0, color="#8f98a3", linewidth=1)
    ax.set_yticks(range(len(f.rows)), labels=[safe_text(r.name, 60) for r in reversed(f.rows)], parse_math=False)
    ax.set_ylim(-0.6, len(f.rows) - 0.4)
    ax.set_xlabel(safe_text(f.unit, 100), parse_math=False)


def _paint_chart(c: Any, ax: Axes) -> None:
    at = range(max((len(line.values) for line in c.lines), default=0))
    for line in c.lines:
        values = [float("nan") if v is None else v for v in line.values]
        ax.plot(at, values, color=line.colour, linestyle="--" if line.dashed else "-", label=safe_text(line.name, 60), drawstyle="steps-mid" if line.steps else "default")
    if c.limits:
        low, high = ([float("nan") if v is None else v for v in side] for side in c.limits)
        ax.fill_between(at, low, high, color="#c9d8ee", label=safe_text(c.band_name, 60), linewidth=0)
    every = [round(x * len(at) / 100 - 0.5) for x, _ in c.x_labels]
    ax.set_xticks(every, labels=[safe_text(word, 20) for _, word in c.x_labels], parse_math=False)
    ax.set_ylabel(safe_text(c.unit, 60), parse_math=False)
    if len(c.lines) > 1 or c.limits:
        ax.legend(frameon=False, fontsize=8)


def _paint_heat(h: Any, ax: Axes) -> None:
    grid = [[float("nan") if v is None else v for v in cells] for _, cells in h.rows]
    ax.imshow(grid, cmap="Blues", aspect="auto", vmin=0)
    most = max((v for row in grid for v in row if v == v), default=1.0) or 1.0
    for y, row in enumerate(grid):
        for x, value in enumerate(row):
            if value == value:
                ax.text(x, y, f"{value:.1f}".removesuffix(".0"), ha="center", va="center", fontsize=8, color="#ffffff" if value > 0.6 * most else "#1b1f24")
    ax.set_xticks(range(len(h.columns)), labels=[safe_text(c, 20) for c in h.columns], parse_math=False)
    ax.set_yticks(range(len(h.rows)), labels=[safe_text(name, 20) for name, _ in h.rows], parse_math=False)
    ax.set_xlabel(safe_text(h.unit, 60), parse_math=False)


def _paint_bridge(b: Any, ax: Axes) -> None:
    level = 0.0
    for y, step in enumerate(b.steps):
        start = 0.0 if step.kind == "total" else level
        ax.barh(y, step.amount, left=start, color={"up": BLUE, "down": ORANGE}.get(step.kind, "#5b6470"))
        level = start + step.amount
    ax.axvline(0, color="#8f98a3", linewidth=1)
    ax.set_yticks(range(len(b.steps)), labels=[f"{safe_text(s.name, 40)}  {s.words}" for s in b.steps], parse_math=False)
    ax.invert_yaxis()
    ax.set_xlabel(safe_text(b.unit, 100), parse_math=False)


def _paint_flows(f: Any, ax: Axes) -> None:
    """Shares of each stage side by side; the streams themselves are in the SVG."""
    total = sum(f.ways.values()) or 1
    for y in range(len(f.stages)):
        sums: dict[str, int] = {}
        for way, n in f.ways.items():
            sums[way[y]] = sums.get(way[y], 0) + n
        left = 0.0
        for i, (name, n) in enumerate(sorted(sums.items(), key=lambda item: (-item[1], item[0]))):
            ax.barh(y, 100 * n / total, left=left, color=SERIES[i % len(SERIES)], edgecolor="#ffffff")
            if n / total > 0.08:
                ax.text(left + 0.6, y, safe_text(name, 24), va="center", fontsize=8, color="#ffffff", parse_math=False)
            left += 100 * n / total
    ax.set_yticks(range(len(f.stages)), labels=[safe_text(s, 40) for s in f.stages], parse_math=False)
    ax.invert_yaxis()
    ax.set_xlabel("% of orders", parse_math=False)


def _paint_twin(t: Any, ax: Axes) -> None:
    t.paint(ax)


_PAINT = {"Twin": _paint_twin, "Forest": _paint_forest, "Chart": _paint_chart, "Heat": _paint_heat, "Bridge": _paint_bridge, "Flows": _paint_flows}


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
