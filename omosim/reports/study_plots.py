"""Figures of `value` and `flip` with matplotlib, and their notebook view; no global style is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from omosim.reports.figures import short
from omosim.reports.flip_report import CANNOT_TELL, COLOURS
from omosim.reports.plots import families, new_axes
from omosim.results import ResultFolder
from omosim.results.words import minor_units, safe_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_VALUE = {"better": "#0072b2", "worse": "#d55e00", "cannot_tell": "#b6bdc5", "": "#2b3440"}


def waterfall_axes(folder: ResultFolder, ax: Axes | None = None) -> Axes:
    """Values a year, one after the other, and their sum; bars of which one cannot tell are hatched.

    ax: axes to draw on, default a new figure. Texts are set without mathtext.
    """
    summary = folder.summary()
    rows = [*summary["values"], {**summary["total"], "capability": "all together", "verdict": ""}]
    ax = _axes(ax, 0.9 + 0.36 * len(rows))
    level = 0.0
    for y, row in enumerate(reversed(range(len(rows)))):
        start = sum(r["per_year"] for r in rows[:row]) if row < len(rows) - 1 else 0.0
        one = rows[row]
        ax.barh(y, one["per_year"], left=start, height=0.62, color=_VALUE[one["verdict"]], hatch="///" if one["verdict"] == "cannot_tell" else None, edgecolor="#5b6470", linewidth=0.6)
        ends = [one[k] for k in ("per_year_low", "per_year_high")]
        if None not in ends:
            ax.plot([start + e for e in ends], [y, y], color="#1b1f24", linewidth=1.2, marker="|", markersize=7)
        level = max(level, abs(start))
    names = [safe_text(r["capability"], 40) for r in reversed(rows)]
    ax.axvline(0, color="#8f98a3", linewidth=1)
    _finish(ax, names, f"operating profit from {safe_text(summary['from'], 60)} to {safe_text(summary['to'], 60)} [{_money(summary)} a year]", _major(summary))
    return ax


def map_axes(folder: ResultFolder, ax: Axes | None = None) -> Axes:
    """One key: differences from the baseline a year with their intervals; two keys: who pays where. Cannot tell is hatched."""
    summary = folder.summary()
    ax = _axes(ax, 4.6)
    colour = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(summary["strategies"])}
    axes = summary["ranges"]
    if len(axes) == 2:
        _boxes(folder, ax, colour)
        ax.set_ylabel(_key(axes[1]), parse_math=False)
        ax.set_xlim(axes[0]["low"], axes[0]["high"])
        ax.set_ylim(axes[1]["low"], axes[1]["high"])
    else:
        _dots(folder, summary, ax, colour)
        ax.set_ylabel(f"operating profit above {safe_text(summary['baseline'], 40)} [{_money(summary)} a year]", parse_math=False)
    ax.set_xlabel(_key(axes[0]), parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    for text in [ax.xaxis.label, ax.yaxis.label]:
        text.set_fontfamily(families())
    legend = ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    for text in legend.get_texts():
        text.set_parse_math(False)
        text.set_fontfamily(families())
    return ax


def _boxes(folder: ResultFolder, ax: Axes, colour: dict[str, str]) -> None:
    from matplotlib.patches import Rectangle

    cells = folder.read_table("cells")
    for a, b, c, d, verdict in zip(*(cells[k] for k in ("low_x", "high_x", "low_y", "high_y", "verdict")), strict=True):
        open_ = verdict == CANNOT_TELL
        ax.add_patch(Rectangle((a, c), b - a, d - c, facecolor="#e9ecef" if open_ else colour[verdict], hatch="///" if open_ else None, edgecolor="#8f98a3" if open_ else "white", linewidth=0.3))
    ax.plot([], [], "s", color="#b6bdc5", label="cannot tell")
    for name, shade in colour.items():
        ax.plot([], [], "s", color=shade, label=safe_text(name, 60))


def _dots(folder: ResultFolder, summary: dict[str, Any], ax: Axes, colour: dict[str, str]) -> None:
    year = 365.0 / summary["days"]
    rows, at = folder.read_table("differences"), folder.read_table("map")[summary["ranges"][0]["key"]]
    for name in dict.fromkeys(rows["strategy"]):
        mine = sorted(((at[rows["point"][i]], *(rows[k][i] for k in ("diff", "ci_low", "ci_high"))) for i, n in enumerate(rows["strategy"]) if n == name and rows["diff"][i] is not None))
        x, mid = [m[0] for m in mine], [m[1] * year for m in mine]
        low, high = ([(m[1] - m[2]) * year if m[2] is not None else 0.0 for m in mine], [(m[3] - m[1]) * year if m[3] is not None else 0.0 for m in mine])
        ax.errorbar(x, mid, yerr=[low, high], fmt="o-", color=colour[name], linewidth=1.2, label=safe_text(name, 60))
    ax.axhline(0, color="#5b6470", linewidth=1)
    for line in summary["lines"]:
        for flip in line["flips"]:
            ax.axvspan(flip["ci_low"], flip["ci_high"], color="#1b1f24", alpha=0.08, linewidth=0)
            ax.axvline(flip["value"], color="#1b1f24", linestyle="--", linewidth=1)
    ax.yaxis.set_major_formatter(_major(summary))


def _key(axis: dict[str, Any]) -> str:
    return safe_text(f"{axis['key']} [{axis['unit']}]" if axis["unit"] not in ("", "1") else axis["key"], 120)


def _money(summary: dict[str, Any]) -> str:
    return safe_text(summary["unit"], 20)


def _major(summary: dict[str, Any]) -> Callable[[float, object], str]:
    """Labels of an axis in minor units, in the unit that is shown."""
    scale = minor_units(f"minor {summary['unit']}".strip())
    return lambda v, _: short(v / scale)


def _axes(ax: Axes | None, height: float) -> Axes:
    return ax if ax is not None else new_axes((7.5, height))


def _finish(ax: Axes, names: list[str], words: str, labels: Callable[[float, object], str]) -> None:
    ax.set_yticks(range(len(names)), labels=names, parse_math=False)
    ax.set_xlabel(words, parse_math=False)
    ax.xaxis.set_major_formatter(labels)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    for text in [*ax.get_yticklabels(), ax.xaxis.label]:
        text.set_parse_math(False)
        text.set_fontfamily(families())
