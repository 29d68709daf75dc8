"""An alarm when a forecast's scores leave their band: two-sided CUSUM on standard normal residuals.

What is watched are `scores.residuals`: standard normal and independent while the twin is right. Their size is cut at
`cap`, so that one freak day raises nothing. The limit follows from the stated rate of false alarms by the chart's own
run length, a Markov chain on a grid (Brook & Evans 1972). Oracles: published run lengths and simulation,
tests/twin/test_drift.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
#: days without change in which at most one false alarm is expected
FALSE_ALARM_DAYS = 180
#: the size at which residuals are cut
CAP = 3.0
_GRID = 100
#: cells of the grid in a cut day's step
_STEP = 40
#: the limit is set for so many times the stated days: residuals of a twin whose laws are a little wrong raise more alarms than
#: independent normal ones (docs/twin_forecast.md has how many more on retailers that the laws do not describe)
MARGIN = 1.5


def _width(k: float, h: float, cap: float) -> float:
    """Width of a cell. A cut residual takes the sum from the middle of a cell to the middle of another: sums of cut days are many, and must not be rounded."""
    return 2.0 * h / (2 * _GRID - 1) if math.isinf(cap) else (cap - k) / _STEP


def _chain(k: float, h: float, shift: float, cap: float) -> Floats:
    """Transition matrix of the upper sum on a grid of [0, h); what a row lacks of 1 is the chance of an alarm."""
    width = _width(k, h, cap)
    at = np.arange(round(h / width + 0.5)) * width
    step = at[None, :] - at[:, None] + k  # residual that leads from row to column's middle

    def below(z: Floats) -> Floats:  # of the residual, cut at +-cap
        return np.where(z >= cap, 1.0, np.where(z < -cap, 0.0, ndtr(z - shift)))

    upper = below(step + 0.5 * width)
    move = upper - below(step - 0.5 * width)
    move[:, 0] = upper[:, 0]
    return move


@lru_cache(maxsize=256)
def run_length(k: float, h: float, shift: float = 0.0, cap: float = math.inf) -> float:
    """Mean days until the upper sum passes h, when residuals have mean `shift` and sd 1."""
    move = _chain(k, h, shift, cap)
    return float(np.linalg.solve(np.eye(len(move)) - move, np.ones(len(move)))[0])


def two_sided(k: float, h: float, shift: float = 0.0, cap: float = math.inf) -> float:
    """Mean days until either sum passes h (Van Dobben de Bruyn 1968: rates add)."""
    return 1.0 / (1.0 / run_length(k, h, shift, cap) + 1.0 / run_length(k, h, -shift, cap))


def raised_within(k: float, h: float, shifts: Floats, cap: float = math.inf) -> float:
    """Chance that the upper sum, at 0 when the change comes, passes h within days whose residuals have these means."""
    row = np.zeros(len(_chain(k, h, 0.0, cap)))
    row[0] = 1.0
    for shift in shifts:
        row = row @ _chain(k, h, float(shift), cap)
    return float(1.0 - row.sum())


def freed(z: Floats, rho: float) -> Floats:
    """(D,) residuals of the days of one forecast, freed of the correlation rho that any two of them have: independent while it is right."""
    corr = np.full((z.size, z.size), rho)
    np.fill_diagonal(corr, 1.0)
    return np.asarray(np.linalg.solve(np.linalg.cholesky(corr), z))


def shifts_of(jump: float, cv: float, rho: float = 0.0, days: int = 7) -> Floats:
    """(days,) means of the residuals of a forecast's days when demand changes by a factor of 1 + jump with the first of them.

    A level that the forecast leaves open explains a part of the later days, the more the larger rho is: those tell less.
    """
    return freed(np.full(days, min(abs(jump) / cv, 10.0)), rho)


@lru_cache(maxsize=256)
def limit(k: float, days: float = FALSE_ALARM_DAYS, charts: int = 1, cap: float = CAP) -> float:
    """The least edge of a cell h whose mean run length without change is `days`, for `charts` charts watched at once; cap > k, not infinite."""

    def lasts(cells: int) -> bool:
        return two_sided(k, (cells - 0.5) * width, 0.0, cap) >= days * charts

    width, high = _width(k, 0.0, cap), 1
    while not lasts(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if lasts(middle) else (middle, high)
    return (high - 0.5) * width


@dataclass
class Alarm:
    """Two sums that grow while residuals stay on one side; state is `up`, `down`, `since`."""

    k: float
    h: float
    cap: float = CAP
    up: float = 0.0
    down: float = 0.0

    @classmethod
    def for_jump(cls, jump: float, cv: float, days: float = FALSE_ALARM_DAYS, charts: int = 1, cap: float = CAP, rho: float = 0.0) -> Alarm:
        """Tuned to a change of demand by a factor of 1 + jump.

        cv: sd of a day's observation round its forecast over its mean; rho: correlation of two days of a forecast. Half the
        shift in sds, in the mean of a week, is the reference value (Moustakides 1986), at least .25, and at most 1: from there
        on one freak day alone would raise the alarm.
        """
        if not (jump > -1 and jump != 0 and cv > 0):
            raise ValueError(f"jump = {jump} must be above -1 and not 0, cv = {cv} above 0")
        k = float(np.clip(shifts_of(jump, cv, rho).mean() / 2, 0.25, 1.0))
        return cls(k, limit(k, MARGIN * days, charts, cap), cap)

    def watch(self, residuals: Floats) -> int:
        """Feed residuals, day by day; the place of the first at which the alarm is raised, or -1.

        NaN days are passed over. An alarm clears both sums; later residuals are not read.
        """
        for i, z in enumerate(np.asarray(residuals, float)):
            if not math.isfinite(z):
                continue
            z = max(-self.cap, min(self.cap, float(z)))
            self.up = max(0.0, self.up + z - self.k)
            self.down = max(0.0, self.down - z - self.k)
            if self.up > self.h or self.down > self.h:
                self.up = self.down = 0.0
                return i
        return -1


def alarms(residuals: Floats, alarm: Alarm) -> list[int]:
    """Places of all alarms in a row of residuals; the watch begins anew after each."""
    out: list[int] = []
    at = 0
    while at < len(residuals):
        found = alarm.watch(residuals[at:])
        if found < 0:
            break
        out.append(at + found)
        at += found + 1
    return out
