"""The end of the year, where a log is too short to teach it: what all retail knows beforehand, and what the log adds.

A log of less than two years cannot tell an autumn from a trend. What is known without it is how much of a year's sales
November and December hold, and how much trades differ in that. Members get heights of the season from that spread; the
log's own first weeks and, later, autumn's own weeks move them. One prior for every retailer, never fitted to one.
Tests: tests/twin/test_season.py.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Floats = NDArray[np.float64]
#: part of a year's sales that fell in November and December: all retail without cars, fuel and restaurants (mean of five
#: years, National Retail Federation, winter holiday questions, 2020), and the trades that have most: jewellers 30.2 % in 2007
#: (the same, 2008), hobby and toy shops 30.1 % in 2017 (the same, 2018). A flat year has 16.7 %; building materials had
#: 15.7 % in 1996 (US Census Bureau, monthly retail sales).
ALL_RETAIL, MOST = 0.19, 0.302
_GRID = 7  # values of each of the two unknown chances that `learn` goes through


def autumn(day: dt.date) -> float:
    """How far the year's end has come, 0 to 1: even steps from the first of September to the middle of December, 0 from
    Christmas on."""
    if day.month < 9 or (day.month == 12 and day.day >= 25):
        return 0.0
    return min(1.0, (day - dt.date(day.year, 9, 1)).days / 105)


def shape(first: dt.date, days: int) -> Floats:
    """(days,) `autumn` of each day from `first` on."""
    return np.array([autumn(first + dt.timedelta(days=d)) for d in range(days)])


def share(height: float) -> float:
    """Part of a year's sales in November and December when December's pace is exp(height) of January's to August's."""
    pace = np.exp(height * shape(dt.date(2023, 1, 1), 365))
    return float(pace[304:].sum() / pace.sum())


def height(part: float) -> float:
    """The height, in logs, at which November and December hold that part of a year's sales; `share` turned round."""
    return float(brentq(lambda h: share(h) - part, -5.0, 5.0))


@dataclass(frozen=True)
class Prior:
    """Heights of the season over retailers: normal, log of December's pace over that of January to August."""

    mean: float
    sd: float


def retail_prior() -> Prior:
    """What is known of any retailer: the mean of all retail, and three sds up the trades that have most."""
    mean = height(ALL_RETAIL)
    return Prior(mean, (height(MOST) - mean) / 3)


def learn(prior: Prior, logs: Floats, chance: Floats, week_shape: Floats, drift: tuple[float, float], week: tuple[float, float]) -> Prior:
    """The prior moved by weeks that have been seen: a level that drifts, plus height times shape, plus each week's chance.

    Parameters
    ----------
    logs : (W,) log of orders a trading week, NaN where the week was closed or not seen
    chance : (W,) variance of each week's log beyond what belongs to `week`: counts, holidays
    week_shape : (W,) `autumn` of each week
    drift, week : ranges of the level's sd a week and of a week's own sd, log-uniform, both in logs; nothing is known of
        the level beforehand

    A Kalman filter for each pair of the two sds, weighted by its likelihood (Harvey 1989). Weeks in which the shape does
    not change say nothing. Oracle: generalised least squares, tests/twin/test_season.py.
    """
    y, shapes = np.asarray(logs, float), np.asarray(week_shape, float)
    out = []
    for d in np.geomspace(*drift, _GRID):
        for s in np.geomspace(*week, _GRID):
            at, cov = np.array([0.0, prior.mean]), np.diag([1e4, prior.sd**2])
            fit = 0.0
            for i in range(y.size):
                cov[0, 0] += d * d
                if not np.isfinite(y[i]):
                    continue
                row = np.array([1.0, shapes[i]])
                var = float(row @ cov @ row) + s * s + float(chance[i])
                off = float(y[i] - row @ at)
                fit -= 0.5 * (np.log(var) + off * off / var)
                gain = cov @ row / var
                at, cov = at + gain * off, cov - np.outer(gain, row @ cov)
            out.append((fit, at[1], cov[1, 1]))
    fits, means, variances = np.array(out).T
    w = np.exp(fits - fits.max())
    w /= w.sum()
    mean = float(w @ means)
    return Prior(mean, float(np.sqrt(w @ variances + w @ (means - mean) ** 2)))
