"""The page of claims, rebuilt from the folder's files alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omosim.reports.claims_screen import FINDINGS, caused, claim_words, said
from omosim.reports.figures import axis, short
from omosim.reports.labels import law_meaning
from omosim.reports.page import about, failures, render
from omosim.results import ResultFolder
from omosim.results.words import SHARES

Row = dict[str, Any]


@dataclass(frozen=True)
class Marks:
    """One claim on a scale of its own, positions in per cent of the plot; None where there is none."""

    ticks: list[tuple[float, str]]
    zero: float | None
    raw: float | None
    raw_bar: tuple[float, float] | None
    dot: float | None
    bar: tuple[float, float] | None
    claimed: float | None


def marks(row: Row) -> Marks | None:
    """Place what is claimed, the raw reading (a bar from 0) and what is caused (a dot with its interval)."""
    level = row["form"] == "level"
    names = ("claimed", "simulated_raw") if level else ("claimed", "simulated_raw", "simulated_causal", "ci_low", "ci_high")
    known = [row[name] for name in names if row[name] is not None]
    if row["finding"] == "cannot_speak" or (row["simulated_raw"] is None and row["simulated_causal"] is None):
        return None
    if level and row["simulated_raw"] is None:
        return None
    scale = axis(known, most=4)
    percent = 100.0 if row["unit"] in SHARES else 1.0
    at = lambda name: None if row[name] is None else scale.at(row[name])
    zero, raw = scale.at(0.0), at("simulated_raw")
    bar = None if level or row["ci_low"] is None else (scale.at(row["ci_low"]), round(scale.at(row["ci_high"]) - scale.at(row["ci_low"]), 3))
    raw_bar = None if raw is None else (min(zero, raw), round(abs(raw - zero), 3))
    return Marks([(scale.at(t), short(t * percent)) for t in scale.ticks], zero, raw, raw_bar, None if level else at("simulated_causal"), bar, at("claimed"))


def claims_page(folder: ResultFolder) -> str:
    """HTML of claims; needs summary.json and provenance.json."""
    summary = folder.summary()
    rows = summary.get("claims", [])
    groups = [{"about": one, "rows": [_drawn(r) for r in rows if r["name"] == one["name"]]} for one in summary.get("about", [])]
    speaks = [g for g in groups if any(r["finding"] != "cannot_speak" for r in g["rows"])]
    silent = [row for g in groups if g not in speaks for row in g["rows"]]  # their words are translated with the page
    counted = [(FINDINGS[name].capitalize(), f"{n} of {len(rows)}") for name in FINDINGS if (n := sum(r["finding"] == name for r in rows))]
    facts = [*counted, ("Paired replications", f"{summary.get('replications', 0):,}")]
    return render(
        "claims.html", heading="Claims", summary=summary, groups=speaks, silent=silent, facts=facts, finding_words=FINDINGS, failures=failures(folder),
        law_meaning=law_meaning, **about(folder),
    )  # fmt: skip


def _drawn(row: Row) -> Row:
    return {**row, "claim": claim_words(row), "claimed_words": said(row, "claimed"), "raw_words": said(row, "simulated_raw"), "caused_words": caused(row), "marks": marks(row)}
