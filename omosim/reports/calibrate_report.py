"""The page of a calibration: how well the fitted model foretells weeks that it was not fitted to."""

from __future__ import annotations

from typing import Any

from omosim.reports.figures import COLOURS, Chart, Line, chart
from omosim.reports.labels import law_meaning, title
from omosim.reports.page import about, render
from omosim.reports.twin_words import of_currency
from omosim.results import ResultFolder
from omosim.results.words import figure, number, unit_words

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def calibrate_page(folder: ResultFolder) -> str:
    """HTML of a calibration.

    Reads holdout (measure, simulated, actual, error, unit, aim, within), weekly (week, actual, simulated, low, high,
    part) and profile (hour, actual, simulated; hour 0 is Monday 00:00), each where it is there.
    """
    rows = _holdout(folder.read_table("holdout"), str(folder.summary().get("currency") or "")) if folder.has_table("holdout") else []
    judged = [row for row in rows if row["within"] is not None]
    missed = [row for row in judged if not row["within"]]
    return render(
        "calibrate.html",
        heading="Calibration",
        summary=folder.summary(),
        rows=rows,
        judged=len(judged),
        missed=[row["name"] for row in missed],
        charts=charts_of(folder),
        law_meaning=law_meaning,
        **about(folder),
    )


def charts_of(folder: ResultFolder) -> list[Chart]:
    """Weeks and hours of the week, actual against simulated, where their tables are there."""
    weekly = _weekly(folder.read_table("weekly")) if folder.has_table("weekly") else None
    profile = _profile(folder.read_table("profile")) if folder.has_table("profile") else None
    return [c for c in (weekly, profile) if c]


def _holdout(table: dict[str, list[Any]], currency: str) -> list[dict[str, Any]]:
    out = []
    for i, measure in enumerate(table["measure"]):
        row = {name: column[i] for name, column in table.items()}
        unit = of_currency(str(row.get("unit") or ""), currency)
        out.append(
            {
                "name": title(str(measure)),
                "unit": unit_words(unit),
                "actual": figure(row.get("actual"), unit),
                "simulated": figure(row.get("simulated"), unit),
                "error": _words(row.get("error")),
                "copy": _words(row.get("copy_error")),
                "aim": _words(row.get("aim")),
                "within": row.get("within"),
            }
        )
    return out


def _words(value: Any) -> str:
    """Errors and aims are shares when they are numbers; text stays text."""
    if value is None or value != value:
        return "–"
    return number(value, "share") if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _numbers(column: list[Any]) -> list[float | None]:
    return [None if v is None else float(v) for v in column]


def _weekly(table: dict[str, list[Any]]) -> Chart | None:
    weeks = [str(w)[:10] for w in table.get("week", [])]
    if not weeks:
        return None
    lines = [
        Line("actual", _numbers(table["actual"]), "#1b1f24"),
        Line("simulated", _numbers(table["simulated"]), COLOURS[0], dashed=True),
    ]
    band = (_numbers(table["low"]), _numbers(table["high"])) if {"low", "high"} <= table.keys() else None
    parts = [str(p) for p in table.get("part", [])]
    marks = [(i, parts[i]) for i in range(1, len(parts)) if parts[i] != parts[i - 1]]
    return chart("Weekly orders", "orders a week" if not weeks[0].isdigit() else "orders a week; weeks counted from the first of the log", lines, weeks, band=band, band_name="90 % band", marks=marks)


def _profile(table: dict[str, list[Any]]) -> Chart | None:
    hours = [int(h) for h in table.get("hour", [])]
    if not hours:
        return None
    names = [DAYS[(h // 24) % 7] for h in hours]
    lines = [
        Line("actual", _numbers(table["actual"]), "#1b1f24"),
        Line("simulated", _numbers(table["simulated"]), COLOURS[0], dashed=True),
    ]
    return chart("Hour-of-week profile", "share of orders", lines, names, x_every=24 if len(hours) == 168 else None)
