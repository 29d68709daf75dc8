"""A decision against what came: the days of a way's bands, and its sum so far.

A band of a day holds nine worlds of ten; that of the sum comes from the worlds' own sums, so that days which share their level
are not counted as if they were apart. Tests: tests/twin/test_decided.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from omosim.twin.forecast import quantiles
from omosim.twin.history import Floats
from omosim.twin.scores import wilson

#: quantiles of each day and of the sum up to it
MARKS = (5, 50, 95)


def bands(paths: Floats) -> dict[str, list[float]]:
    """Bands of (worlds, days): q05, q50, q95 of each day, sum_q05, sum_q50, sum_q95 of the days up to it."""
    out: dict[str, list[float]] = {}
    for word, rows in (("", paths), ("sum_", np.cumsum(paths, axis=1))):
        marks = quantiles(rows, np.array(MARKS) / 100)
        out |= {f"{word}q{q:02d}": mark.tolist() for q, mark in zip(MARKS, marks, strict=True)}
    return out


def held(series: Mapping[str, Mapping[str, list[float]]], begin: date, first: date, seen: Mapping[str, Floats], closed: Collection[str] = (), days: Collection[str] | None = None) -> list[dict[str, Any]]:
    """What came of each series of a way that has been seen.

    Parameters
    ----------
    series : name -> `bands` from the day `begin` on; decisions of before have no sums
    seen : name -> (days,) from `first` on, NaN not observed
    closed : ISO days told as closed, on which nothing was sold: not observed, unless the way's own band knew it (0 at most)
    days : ISO days that count, None all; the others are as if not observed

    Returns
    -------
    Rows of series, days (foretold), days_seen, days_in_band, coverage with its Wilson interval; and of the days until the first
    that was not seen: sum_days, foretold, low, high, realised, says ("as foretold", "more", "less", "" without a sum)
    """
    rows = []
    at = (begin - first).days
    for name, band in series.items():
        low, high = np.array(band["q05"]), np.array(band["q95"])
        came = np.full(low.size, np.nan)
        known = np.asarray(seen.get(name, np.zeros(0)), np.float64)[max(at, 0) : max(at, 0) + low.size] if at >= 0 else np.zeros(0)
        came[: known.size] = known
        named = [(begin + timedelta(days=i)).isoformat() for i in range(low.size)]
        came[[(day in closed and top > 0) or (days is not None and day not in days) for day, top in zip(named, high, strict=True)]] = np.nan
        there = np.isfinite(came)
        n = int(there.sum())
        if n == 0:
            continue
        hits = int(((came >= low) & (came <= high))[there].sum())
        least, most = wilson(hits, n)
        run = int(low.size if there.all() else np.argmin(there))
        row = {"series": name, "days": low.size, "days_seen": n, "days_in_band": hits, "coverage": hits / n, "coverage_low": least, "coverage_high": most,
               "sum_days": run, "foretold": None, "low": None, "high": None, "realised": None, "says": ""}  # fmt: skip
        if run and "sum_q50" in band:
            total = float(came[:run].sum())
            below, middle, above = (float(band[f"sum_q{q:02d}"][run - 1]) for q in MARKS)
            row |= {"foretold": middle, "low": below, "high": above, "realised": total, "says": "less" if total < below else "more" if total > above else "as foretold"}
        rows.append(row)
    return rows
