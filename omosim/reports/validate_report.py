"""The page of a validation, rebuilt from the folder's files alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omosim.reports.figures import Axis, axis, short
from omosim.reports.figures_drawn import BAND, small
from omosim.reports.figures_drawn import VERDICTS as DOTS
from omosim.reports.labels import law_meaning
from omosim.reports.page import about, failures, render
from omosim.reports.svg import FAINT, GREY, LINE
from omosim.reports.validate_screen import VERDICTS, band, published, simulated
from omosim.results import ResultFolder
from omosim.results.words import SHARES

Row = dict[str, Any]


@dataclass(frozen=True)
class Strip:
    """A dot with its interval over the published band, positions in per cent of the plot; None where there is none."""

    ticks: list[tuple[float, str]]
    neutral: float | None
    band: tuple[float, float] | None
    bar: tuple[float, float] | None
    dot: float | None


def strip(row: Row) -> Strip:
    """Place a row's figures on a scale of its own, for units differ from row to row."""
    scale = _scale(row)
    percent = 100.0 if row["unit"] in SHARES else 1.0
    place = lambda v: min(100.0, max(0.0, scale.at(v)))
    low, high = row["band_low"], row["band_high"]
    shaded = None
    if low is not None or high is not None:
        start, end = place(scale.low if low is None else low), place(scale.high if high is None else high)
        shaded = start, round(end - start, 3)
    elif row["sign"] in ("+", "-"):
        start, end = (place(row["neutral"]), 100.0) if row["sign"] == "+" else (0.0, place(row["neutral"]))
        shaded = start, round(end - start, 3)
    bar = None
    if row["ci_low"] is not None:
        bar = place(row["ci_low"]), round(place(row["ci_high"]) - place(row["ci_low"]), 3)
    inside = scale.low <= row["neutral"] <= scale.high
    dot = None if row["simulated"] is None else place(row["simulated"])
    return Strip([(scale.at(t), short(t * percent)) for t in scale.ticks], place(row["neutral"]) if inside else None, shaded, bar, dot)


def _scale(row: Row) -> Axis:
    known = [row[key] for key in ("band_low", "band_high", "simulated", "ci_low", "ci_high") if row[key] is not None]
    apart = row["statistic"] in ("level", "premium") and row["sign"] is None and len(known) > 1
    return axis([*known, *([] if apart else [row["neutral"]])], zero=False, most=4)


def validate_page(folder: ResultFolder) -> str:
    """HTML of a validation; needs summary.json and provenance.json."""
    summary = folder.summary()
    rows, reported = summary.get("validation", []), summary.get("reported", [])
    groups = [
        {"about": e, "rows": [_drawn(r) for r in rows if r["pattern"] == e["name"]], "reported": [_drawn(r) for r in reported if r["pattern"] == e["name"]]}
        for e in summary.get("experiments", [])
    ]
    counts = summary.get("counts", {})
    tone = "worse" if counts.get("wrong_sign") else "better" if counts.get("holds") == len(rows) and rows else "cannot_tell"
    return render(
        "validate.html", heading="Validation", summary=summary, groups=groups, tone=tone, facts=_facts(summary, rows),
        verdict_words=VERDICTS, failures=failures(folder), law_meaning=law_meaning, **about(folder),
    )  # fmt: skip


def _facts(summary: Row, rows: Sequence[Row]) -> list[tuple[str, str]]:
    counts = summary.get("counts", {})
    out = [(VERDICTS[v].capitalize(), f"{counts.get(v, 0)} of {len(rows)}") for v in VERDICTS]
    return [*out, ("Paired replications", f"{summary.get('replications', 0):,}")]


def _drawn(row: Row) -> Row:
    asked = band(row)
    return {**row, "words": simulated(row), "said": published(row) or "–", "asked": asked, "strip": strip(row), "picture": strip_of(row)}


def strip_of(row: Row) -> str:
    """The strip as a picture: the published band shaded, the interval and its mean over it."""
    s, colour = strip(row), DOTS.get(row.get("verdict") or "", GREY)
    parts = [f'<rect x="{s.band[0]:g}%" y="1" width="{max(s.band[1], 0.3):g}%" height="18" fill="{BAND}"/>'] if s.band else []
    parts += [f'<line x1="{at:g}%" x2="{at:g}%" y1="0" y2="20" stroke="{FAINT}"/>' for at, _ in s.ticks]
    if s.neutral is not None:
        parts.append(f'<line x1="{s.neutral:g}%" x2="{s.neutral:g}%" y1="0" y2="20" stroke="{LINE}" stroke-width="1.5"/>')
    if s.bar:
        parts.append(f'<rect x="{s.bar[0]:g}%" y="8" width="{max(s.bar[1], 0.3):g}%" height="4" fill="{colour}" opacity=".6"/>')
    if s.dot is not None:
        parts.append(f'<circle cx="{s.dot:g}%" cy="10" r="5" fill="{colour}" stroke="#ffffff" stroke-width="1.5"/>')
    return small(f"{row['outcome']}: simulated {simulated(row)}; published {published(row) or 'no figure'}", parts)
