"""Figures of an attribution study with matplotlib, for notebooks and papers; no global style is touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from omosim.reports.attribute_screen import MODEL_WORDS, records
from omosim.reports.figures import COLOURS
from omosim.reports.plots import families, new_axes
from omosim.results import ResultFolder
from omosim.results.words import safe_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def credit_axes(folder: ResultFolder, models: Sequence[str] = ("last_touch", "markov"), level: str = "market", ax: Axes | None = None) -> Axes:
    """Credit of some models beside the true effect with its interval, per cent of net revenue, a group of bars a touchpoint.

    level : "market" for the log as it is, or an identity loss as "0.3"
    Raises KeyError when a model or level is not in the result.
    """
    rows = [row for row in records(folder.read_table("attribution")) if row["counted"] and row["true_increment"] is not None]
    for value, column in ((level, "level"), *((m, "model") for m in models)):
        known = list(dict.fromkeys(str(row[column]) for row in rows))
        if value not in known:
            raise KeyError(f"no {column} '{value}' in this result; there are {', '.join(known)}")
    whole = folder.summary()["net_revenue"] / 100
    at = {(row["touchpoint"], row["model"]): row for row in rows if row["level"] == level}
    names = sorted(dict.fromkeys(name for name, _ in at), key=lambda n: at[n, models[0]]["credit"])
    ax = ax if ax is not None else _axes(0.9 + 0.55 * len(names))
    high = 0.8 / (len(models) + 1)
    for i, model in enumerate(models):
        ax.barh([y + 0.4 - (i + 0.5) * high for y in range(len(names))], [at[n, model]["credit"] / whole for n in names], high * 0.9, color=COLOURS[i % len(COLOURS)], label=MODEL_WORDS.get(model, model))
    for y, name in enumerate(names):
        row = at[name, models[0]]
        place = y + 0.4 - (len(models) + 0.5) * high
        ax.barh(place, row["true_increment"] / whole, high * 0.9, color="#4f9f73", label="true" if y == 0 else None)
        if row["true_increment_low"] is not None:
            ax.plot([row["true_increment_low"] / whole, row["true_increment_high"] / whole], [place, place], color="#0b3d22", linewidth=1.5)
    ax.set_yticks(range(len(names)), labels=[safe_text(at[n, models[0]]["title"], 60) for n in names], parse_math=False)
    ax.axvline(0, color="#8f98a3", linewidth=1)
    return _dressed(ax, "% of net revenue", "")


def error_axes(folder: ResultFolder, ax: Axes | None = None) -> Axes:
    """Share of the credit in the wrong place against the share of identity lost, a line a model; words where no model's is defined."""
    everything = records(folder.read_table("errors"))
    rows = [row for row in everything if row["share_error"] is not None and row["identity_loss"] is not None]
    ax = ax if ax is not None else _axes(4.0)
    for i, model in enumerate(dict.fromkeys(row["model"] for row in rows)):
        mine = sorted((row["identity_loss"], row["share_error"]) for row in rows if row["model"] == model)
        ax.plot([100 * x for x, _ in mine], [100 * y for _, y in mine], marker="osD^vPX"[i % 7], linestyle=("-", "--", "-.", ":")[i % 4], color=(*COLOURS, "#5b6470")[i % 7], label=MODEL_WORDS.get(model, model))
    if not rows:
        why = next((str(row["reason"]) for row in everything if row.get("reason")), "no pair of runs is complete")
        ax.text(0.5, 0.5, f"cannot tell: {why}", ha="center", va="center", transform=ax.transAxes, wrap=True, parse_math=False)
    ax.set_ylim(bottom=0)
    return _dressed(ax, "identity lost [% of touches before purchases]", "credit in the wrong place [%]")


def _axes(height: float) -> Axes:
    return new_axes((7, height))


def _dressed(ax: Axes, x: str, y: str) -> Axes:
    ax.set_xlabel(x, parse_math=False)
    ax.set_ylabel(y, parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize="small")
    for text in ax.get_yticklabels():
        text.set_fontfamily(families())
    return ax
