"""Figures of simulated days with intervals: over groups of replicates, each group one view of what the store may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from omosim.planning.demand import Draws
from omosim.planning.simulate import DayResult
from omosim.results.proportions import wilson

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure of the usual such day, its 95 % interval, and the band in which nine days of ten lie."""

    value: float
    low: float
    high: float
    day_low: float | None = None
    day_high: float | None = None

    def plain(self) -> dict[str, float]:
        """As JSON; the writer rounds."""
        named = {"value": self.value, "ci_low": self.low, "ci_high": self.high, "day_p05": self.day_low, "day_p95": self.day_high}
        return {k: float(v) for k, v in named.items() if v is not None}


def grouped(draws: Draws, by_rep: np.ndarray) -> np.ndarray:
    """(groups, …) means of each group's replicates."""
    return by_rep.reshape(draws.groups, draws.inner, *by_rep.shape[1:]).mean(axis=1)


def of_groups(groups: np.ndarray, low: float = -np.inf, high: float = np.inf) -> Estimate:
    """Mean of groups and where another such mean lies: groups differ by what past days leave open, and by chance."""
    spread = float(groups.std(ddof=1)) if len(groups) > 1 else 0.0
    half = float(stdtrit(max(len(groups) - 1, 1), 0.5 + LEVEL / 2)) * spread
    mean = float(groups.mean())
    return Estimate(mean, max(mean - half, low), min(mean + half, high))


def share(draws: Draws, top: np.ndarray, bottom: np.ndarray, seen: float) -> Estimate:
    """A share of customers.

    Parameters
    ----------
    top, bottom : (reps,) counts
    seen : customers in the past days: no interval is narrower than Wilson's of as many
    """
    a, b = grouped(draws, top.astype(float)), grouped(draws, bottom.astype(float))
    kept = b > 0
    if not kept.any():
        return Estimate(1.0, 0.0, 1.0)
    groups = a[kept] / b[kept]
    value = float(top.sum() / max(1, bottom.sum()))
    base = of_groups(groups, 0.0, 1.0)
    low, high = wilson(value * max(seen, 1.0), max(seen, 1.0)) or (0.0, 1.0)
    days = top[bottom > 0] / bottom[bottom > 0]
    return Estimate(value, min(base.low, low), max(base.high, high), *np.quantile(days, (0.05, 0.95)).tolist())


def mean(draws: Draws, by_rep: np.ndarray, low: float = 0.0) -> Estimate:
    """A mean over days of a figure of each day."""
    out = of_groups(grouped(draws, by_rep.astype(float)), low)
    return Estimate(out.value, out.low, out.high, *np.quantile(by_rep, (0.05, 0.95)).tolist())


def wait_quantile(draws: Draws, result: DayResult, q: float) -> Estimate:
    """A quantile of all customers' waits, minutes."""
    group = result.wait_rep // draws.inner
    each = [np.quantile(result.waits[group == g], q) for g in range(draws.groups) if (group == g).any()]
    if not each:
        return Estimate(0.0, 0.0, 0.0)
    out = of_groups(np.array(each) / 60.0, 0.0)
    return Estimate(float(np.quantile(result.waits, q)) / 60.0, out.low, out.high)


def difference(draws: Draws, a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> Estimate:
    """Share b less share a on the same days, paired by group."""
    first, second = (grouped(draws, top.astype(float)) / np.maximum(grouped(draws, bottom.astype(float)), 1e-9) for top, bottom in (a, b))
    return of_groups(second - first, -1.0, 1.0)
