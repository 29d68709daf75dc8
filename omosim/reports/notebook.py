"""What results show in a notebook: the answer first, then a table; and their figures. Every word is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from omosim.reports.plots import families, new_axes
from omosim.results.words import safe_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: rows of a table that a notebook shows
SHOWN = 40


def frame_html(answer: str, frame: pd.DataFrame) -> str:
    """The answer and the first rows of a frame as an HTML fragment; hidden characters become codes, markup is text."""
    first = frame.head(SHOWN).copy()
    for name in first.columns:
        if first[name].dtype.kind not in "ifub":
            first[name] = [None if v is None or v != v else safe_text(v, 600) for v in first[name]]
    first.columns = [safe_text(name, 80) for name in first.columns]
    table = first.to_html(index=False, escape=True, na_rep="–", float_format=lambda v: f"{v:,.0f}" if abs(v) >= 1000 else f"{v:.4g}", border=0) if len(first.columns) else ""
    more = f"<p><small>… and {len(frame) - SHOWN:,} more rows: to_frame()</small></p>" if len(frame) > SHOWN else ""
    head = f"<p><strong>{escape(safe_text(answer, 2000))}</strong></p>" if answer else ""
    return f"{head}{table}{more}"


def notes_html(notes: Sequence[str]) -> str:
    """Notes under a table, one a line; hidden characters become codes, markup is text; empty without notes."""
    lines = "".join(f"<li>{escape(safe_text(note, 600))}</li>" for note in notes)
    return f"<small><ul>{lines}</ul></small>" if lines else ""


def interval_axes(
    names: Sequence[str], values: Sequence[float | None], lows: Sequence[float | None], highs: Sequence[float | None], label: str,
    marks: Sequence[float | None] = (), ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Values with their intervals, one line a name, the first on top; marks are drawn as open diamonds.

    ax: axes to draw on, default a new figure. Texts are set without mathtext.
    """
    ax = ax if ax is not None else new_axes((7, 0.9 + 0.34 * max(len(names), 1)))
    count = len(names)
    for i, (value, low, high) in enumerate(zip(values, lows, highs, strict=True)):
        y = count - 1 - i
        if low is not None and high is not None:
            ax.plot([low, high], [y, y], color="#2457a6", linewidth=2.5, solid_capstyle="round", alpha=0.6)
        if value is not None:
            ax.plot([value], [y], marker="o", color="#2457a6")
        mark = marks[i] if i < len(marks) else None
        if mark is not None:
            ax.plot([mark], [y], marker="D", color="#a87400", fillstyle="none", linestyle="none")
    ax.axvline(0, color="#8f98a3", linewidth=1)
    ax.set_yticks(range(count), labels=[safe_text(n, 60) for n in reversed(names)], parse_math=False)
    ax.set_ylim(-0.6, count - 0.4)
    return dressed(ax, label)


def line_axes(x: Sequence[Any], lines: dict[str, Sequence[float]], xlabel: str, ylabel: str, ax: Axes | None = None) -> Axes:
    """Lines over x with a legend; ax as in `interval_axes`."""
    ax = ax if ax is not None else new_axes((7, 3.2))
    for name, values in lines.items():
        ax.plot(x, values, label=safe_text(name, 60), linewidth=1.6)
    ax.set_ylabel(safe_text(ylabel, 80), parse_math=False)
    if len(lines) > 1:
        for text in ax.legend(frameon=False).get_texts():
            text.set_parse_math(False)
            text.set_fontfamily(families())
    return dressed(ax, xlabel)


def dressed(ax: Axes, label: str) -> Axes:
    """Axis words without mathtext, in fonts that have Hangul; no frame."""
    ax.set_xlabel(safe_text(label, 120), parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    for text in [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label]:
        text.set_parse_math(False)
    for text in [*ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label]:
        text.set_fontfamily(families())
    return ax
