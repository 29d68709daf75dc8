"""Bins of the pickup shelf: how often it overflows, how many are enough, and what cures too few.

Staff hardly move the shelf: it holds what is ready and not yet collected, and customers come when they come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, stdtrit

from omosim.planning.demand import PICKUP, DayLaw, Draws, Shop, WorkLaw, draw
from omosim.planning.intervals import LEVEL, Estimate, grouped
from omosim.planning.simulate import DayResult, Staff, simulate
from omosim.schema.codes import Flow
from omosim.schema.columns import HOUR

_MOST_BINS = 1_000_000
_HOLD_STEP = 6 * HOUR
_HALVINGS = 7
_AMPLE = 60


@dataclass(frozen=True)
class ShelfLaw:
    """Peaks of days: their square roots are normal, on the sample within two bins of counting a thousand days.

    Parameters
    ----------
    mean, spread : of the root over all days
    within, between : spread of the root over days of one store, and over the stores that the past days leave open
    days, groups : simulated
    """

    mean: float
    spread: float
    within: float
    between: float
    days: int
    groups: int

    @classmethod
    def of(cls, draws: Draws, peaks: np.ndarray) -> ShelfLaw:
        """From the peak of every simulated day."""
        root = np.sqrt(peaks + 0.375)
        means = grouped(draws, root)
        spread = float(root.std(ddof=1)) if draws.reps > 1 else 0.0
        if draws.inner == 1:  # one day a store: days and stores cannot be told apart, each may have it all
            return cls(float(root.mean()), spread, spread, spread, draws.reps, draws.groups)
        inside = float(((root.reshape(draws.groups, draws.inner) - means[:, None]) ** 2).sum()) / (draws.reps - draws.groups)
        across = float(means.var(ddof=1)) if draws.groups > 1 else 0.0
        between = max(0.0, across - inside / draws.inner)
        return cls(float(root.mean()), spread, float(np.sqrt(inside)), float(np.sqrt(between)), draws.reps, draws.groups)

    def overflow(self, bins: int) -> Estimate:
        """Share of days whose peak is more than so many bins, and where that share lies for the one store there is."""
        at = float(np.sqrt(bins + 0.875)) - self.mean
        value = float(ndtr(-at / max(self.spread, 1e-9)))
        s = max(self.within, 1e-9)
        z = at / s
        half = float(stdtrit(max(self.groups - 1, 1), 0.5 + LEVEL / 2)) * float(np.sqrt((self.between / s) ** 2 + 1 / self.days + z * z / (2 * self.days)))
        return Estimate(value, min(value, float(ndtr(-z - half))), max(value, float(ndtr(-z + half))))

    def bins_for(self, share: float) -> Estimate:
        """Fewest bins that overflow on no more than a share of days; the interval takes the share's own ends."""

        def fewest(end: Callable[[Estimate], float]) -> int:
            low, high = 0, 1
            while high < _MOST_BINS and end(self.overflow(high)) > share:
                low, high = high, 2 * high
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if end(self.overflow(middle)) > share else (low, middle)
            return low if end(self.overflow(low)) <= share else high

        return Estimate(fewest(lambda e: e.value), fewest(lambda e: e.low), fewest(lambda e: e.high))


@dataclass(frozen=True)
class Cures:
    """What would make a shelf do that is too small: each alone, None where it would not.

    Parameters
    ----------
    hold_s : longest shelf time
    put_back : share of pickups whose customers would come later than that
    orders : pickups on the usual day at most
    picked_late : whether the same shelf does when every order is picked no earlier than its promise asks
    """

    hold_s: int | None
    put_back: float
    orders: float | None
    picked_late: bool


@dataclass(frozen=True)
class ShelfPlan:
    """The shelf of a planned day.

    Parameters
    ----------
    bins : places; 0 as many as needed
    share : of days on which they may be too few
    overflow : share of days on which they are, None without a limit
    needed : fewest bins that do
    whatever_staff : too few with any number of people at the counter, and if every order were picked as late as its promise allows
    cures : where they are too few
    """

    bins: int
    share: float
    overflow: Estimate | None
    needed: Estimate
    whatever_staff: bool = False
    cures: Cures | None = None

    @property
    def kept(self) -> bool:
        """Whether the shelf does."""
        return self.overflow is None or self.overflow.value <= self.share


def peaks(result: DayResult) -> np.ndarray:
    """(reps,) most bins in use at once on each day."""
    return np.asarray(result.shelf.max(axis=1))


def fits(result: DayResult, bins: int, share: float, z: float = 0.0) -> bool:
    """Whether days overflow so many bins no more often than a share, their mean peak raised by z standard errors."""
    root = np.sqrt(peaks(result) + 0.375)
    spread = float(root.std(ddof=1)) if len(root) > 1 else 0.0
    mean = float(root.mean()) + z * spread / float(np.sqrt(len(root)))
    return bins == 0 or float(ndtr((mean - np.sqrt(bins + 0.875)) / max(spread, 1e-9))) <= share


def picked_late(shop: Shop, rows: np.ndarray, draws: Draws) -> DayResult:
    """The days with every order picked so that it is ready at its promise: the latest that any staff may be."""
    late = rows.copy()
    pick = late["flow"] == Flow.PICKUP
    wait = np.maximum(late["promise_s"] - late["pick_s"], 0)
    late["t"][pick] += wait[pick]
    late["promise_s"][pick] -= wait[pick]
    late = late[np.lexsort((late["key"], late["t"]))]
    return simulate(shop, late, draws, Staff.level(_AMPLE, _AMPLE, shop.opens, shop.closes), audit=False)


def cures_of(shop: Shop, rows: np.ndarray, draws: Draws, staff: Staff, laws: list[DayLaw], work: WorkLaw, promise_s: int,
             orders: float, bins: int, share: float) -> Cures:  # fmt: skip
    """What would make the shelf do, each change alone, the planned staff on the same simulated days.

    Parameters
    ----------
    orders : pickups a day as planned
    bins, share : places, and share of days on which they may be too few
    """

    def with_hold(steps: int) -> bool:
        return fits(simulate(replace(shop, hold_s=steps * _HOLD_STEP), rows, draws, staff, audit=False), bins, share)

    low, high = 0, -(-shop.hold_s // _HOLD_STEP)
    while high - low > 1:  # a shorter hold never fills the shelf
        middle = (low + high) // 2
        low, high = (middle, high) if with_hold(middle) else (low, middle)
    hold = low * _HOLD_STEP if low else None
    least, most = 0.0, 1.0
    for _ in range(_HALVINGS):
        factor = (least + most) / 2
        fewer = simulate(shop, draw(laws, draws, work, shop, promise_s, factor), draws, staff, audit=False)
        least, most = (factor, most) if fits(fewer, bins, share) else (least, factor)
    lag = laws[-1].pools[PICKUP].lag
    late = float((lag > hold).mean()) if hold is not None else 0.0
    return Cures(hold, late, float(np.floor(least * orders)) if least else None, fits(picked_late(shop, rows, draws), bins, share))
