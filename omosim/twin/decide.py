"""A decision from paired futures: what each way of trading earns over the members' plausible worlds, and what it risks.

Each member is one plausible world (parameters, state and the chance of its future drawn together), and every way branches
from the same moment of it. So a row of `values` is one world under each way, and differences inside it are paired.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from omosim.twin.history import Floats, Ints

BAND = (0.05, 0.95)
#: worlds below which a band of nine tenths is no more than its extremes
LEAST_WORLDS = 10
_SLIVER = 1e-6  # of a unit: what sums of parts may miss by


@dataclass(frozen=True)
class Gain:
    """What one way earns beside the present one."""

    way: str
    mean: float  # of the way itself
    gain: float  # expected difference to the present way
    gain_error: float  # Monte Carlo standard error of it
    low: float  # nine worlds of ten lie between low and high
    high: float
    prob_better: float  # share of worlds in which the way earns more than the present one
    prob_best: float | None  # … more than any other way that is told; None: the way itself is not
    regret: float | None  # expected shortfall against the best way of each world, of those told; None: the way itself is not


@dataclass(frozen=True)
class Choice:
    """Which way to take, and what it is worth to know more."""

    gains: tuple[Gain, ...]
    present: str
    best: str  # highest expected value among the present way and those told
    sure: bool  # its gain is above chance: the interval of the expected gain over the present way excludes 0
    worth_of_knowing: float | None  # expected gain of deciding among the ways told with the world known (EVPI) over deciding now; None: ways were weighed and none is told
    worlds: int
    effective: float  # worlds that equal weights would need for the same precision


def quantile(values: Floats, weights: Floats, share: float) -> float:
    """The weighted quantile: least value whose cumulated weight reaches `share`; tests/twin/test_decide.py."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][min(int(np.searchsorted(total, share * total[-1] * (1 - 1e-12))), values.size - 1)])


def weigh(values: Mapping[str, Floats], present: str, weights: Floats | None = None, *, alpha: float = 0.05, untold: Collection[str] = ()) -> Choice:
    """Compare ways over the same worlds.

    Parameters
    ----------
    values : way -> (N,) money of each world, minor
    present : the way in force, with which the others are compared
    weights : (N,) of the worlds, any scale; None: equal
    alpha : chance that `sure` is said of a way no better than the present one, over all ways together (Bonferroni)
    untold : ways of which the worlds do not tell what they earn: the best, chances to be best, regrets and the worth of knowing are over
        the others, since nothing can be lost, or won by knowing, against a figure that is no forecast

    Raises
    ------
    ValueError : the present way is missing or not told, worlds differ in number, fewer than ten of them, a value is not finite

    Notes
    -----
    EVPI: Raiffa and Schlaifer (1961). Oracle: tests/twin/test_decide.py (normal worlds in closed form).
    """
    from scipy.stats import t

    if present not in values:
        raise ValueError(f"'{present}' is not among the ways {list(values)}")
    if present in untold:
        raise ValueError(f"'{present}' is the present way: what it earns is what the others are held against")
    table = np.stack([np.asarray(values[way], np.float64) for way in values])
    ways, worlds = list(values), table.shape[1]
    if worlds < LEAST_WORLDS or not np.isfinite(table).all():
        raise ValueError(f"{worlds} worlds, {int((~np.isfinite(table)).sum())} values not finite; needed: {LEAST_WORLDS} worlds, all finite")
    w = np.full(worlds, 1.0) if weights is None else np.asarray(weights, np.float64)
    w = w / w.sum()
    effective = float(1.0 / (w**2).sum())
    among = [i for i, way in enumerate(ways) if way not in untold]
    base, top = table[ways.index(present)], table[among].max(axis=0)
    means = table @ w
    best = ways[among[int(means[among].argmax())]]
    reach = float(t.ppf(1 - alpha / 2 / max(1, len(ways) - 1), max(1.0, effective - 1)))
    gains, sure = [], False
    for i, way in enumerate(ways):
        diff = table[i] - base
        gain = float(diff @ w)
        error = float(np.sqrt(((diff - gain) ** 2) @ w / max(1.0, effective - 1)))
        others = [j for j in among if j != i]
        most = None if i not in among else float((table[i] > table[others].max(axis=0)) @ w) if others else 1.0
        regret = float((top - table[i]) @ w) if i in among else None
        low, high = (quantile(diff, w, q) for q in BAND)
        gains.append(Gain(way, float(means[i]), gain, error, low, high, float((diff > 0) @ w), most, regret))
        if way == best and way != present:
            sure = gain - reach * error > 0
    worth = None if len(among) == 1 < len(ways) else max(0.0, float(top @ w - means[among].max()))
    return Choice(tuple(gains), present, best, sure, worth, worlds, effective)


def levels(path: Floats, lead_days: float, review_days: float, service: float, on_hand: float | None = None) -> dict[str, Any]:
    """Base-stock levels from the members' own demand paths, so that parameter doubt is inside them.

    Parameters
    ----------
    path : (N, days) units asked for on each day of each world
    lead_days, review_days : from order to shelf; between two orders
    service : share of order cycles without a stock-out
    on_hand : units there now, None not counted

    Returns
    -------
    daily_mean; reorder_level (demand over the lead time) and order_up_to (over lead time and review), each the `service` quantile
    over worlds and starts; order_now, what on hand lacks to order_up_to, at least 0, and runs_out, the share of worlds and starts
    in which demand over the lead time is more than is there (both None where nothing was counted). None too is what the paths are
    too short for

    Notes
    -----
    What is ordered now is on the shelf after the lead time and must last until the next order's goods are: base stock under
    periodic review (Hadley and Whitin 1963, ch. 5). Oracle: a Poisson quantile, tests/twin/test_decide.py.
    """
    lead, whole = (whole_days(days) for days in (lead_days, lead_days + review_days))
    short = _sums(path, lead)
    reorder, up_to = (_level(found, service) for found in (short, _sums(path, whole)))
    row: dict[str, Any] = {"daily_mean": round(float(path.mean()), 3), "reorder_level": reorder, "order_up_to": up_to, "order_now": None, "runs_out": None}
    if on_hand is not None and up_to is not None:
        row["order_now"] = max(0, ceil(up_to - on_hand - _SLIVER))
    if on_hand is not None and short.size:
        row["runs_out"] = round(float((short > on_hand + _SLIVER).mean()), 4)
    return row


def _level(sums: Floats, service: float) -> int | None:
    """Whole units that demand does not pass with this chance; None without sums."""
    return ceil(float(np.quantile(sums, service, method="inverted_cdf")) - _SLIVER) if sums.size else None


def whole_days(days: float) -> int:
    """Days that demand is summed over, 1 at least."""
    return max(1, round(days))


def _sums(path: Floats, days: int) -> Floats:
    """Sums over every stretch of so many days, world by world; none where there is no such stretch."""
    if days > path.shape[1]:
        return np.zeros(0)
    total = np.concatenate([np.zeros((path.shape[0], 1)), np.cumsum(path, axis=1)], axis=1)
    return (total[:, days:] - total[:, :-days]).ravel()


def daily_counts(node: Ints, category: Ints, day: Ints, units: Ints, shape: tuple[int, int, int]) -> Floats:
    """(nodes, categories, days) units, summed; rows outside the shape are left out."""
    nodes, categories, days = shape
    inside = (node >= 0) & (node < nodes) & (category >= 0) & (category < categories) & (day >= 0) & (day < days)
    flat = (node[inside].astype(np.int64) * categories + category[inside]) * days + day[inside]
    return np.bincount(flat, units[inside], minlength=nodes * categories * days).reshape(shape)
