"""Whether a run's burn-in was long enough, read from its own daily figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from omosim.study.selection import mser

WEEK = 7
MATERIAL = 0.02  # of the rest's mean; less is not worth a longer burn-in
SURE = 3.0  # standard errors of weekly means; the cut is chosen, so two would cry wolf


def burn_in_words(daily: Sequence[float], burn_in_days: int) -> str:
    """What to say of the burn-in; empty where it is long enough or the series is too short to tell.

    Parameters
    ----------
    daily : a figure of every day, burn-in included
    burn_in_days : days before the measured window

    Notes
    -----
    MSER over weekly batches, so that the week's rhythm is no warm-up; and only where the measured days that it would cut differ
    from the rest by more than chance and by 2 % at least. Oracle: tests/study/test_warm_up.py.
    """
    series = np.asarray(daily, dtype=np.float64)
    cut = mser(series.tolist(), WEEK, first_half=True)
    if cut is None or cut <= burn_in_days:
        return ""
    early, rest = _weeks(series[burn_in_days:cut]), _weeks(series[cut:])
    if not len(early) or len(rest) < 2 or rest.mean() == 0:
        return ""
    apart = float(early.mean() - rest.mean()) / abs(float(rest.mean()))
    error = float(rest.std(ddof=1)) / abs(float(rest.mean())) * math.sqrt(1 / len(early) + 1 / len(rest))
    if abs(apart) < max(MATERIAL, SURE * error):
        return ""
    side = "below" if apart < 0 else "above"
    return f"The burn-in looks short: net revenue settles after about {cut} days (MSER, weekly batches), burn_in_days is {burn_in_days}, and the first {cut - burn_in_days} measured days lie {abs(100 * apart):.0f} % {side} the later ones. Give burn_in_days={cut}."


def _weeks(series: np.ndarray) -> np.ndarray:
    """Means of whole weeks; of the days alone where there is no week."""
    if not len(series):
        return series
    return series[: len(series) // WEEK * WEEK].reshape(-1, WEEK).mean(axis=1) if len(series) >= WEEK else series.mean(keepdims=True)
