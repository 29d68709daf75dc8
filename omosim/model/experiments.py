"""Randomised experiments inside one run: what each group did, and how far it is from the control.

A shopper counts in the group he was drawn into whether he came or not (intention to treat). Groups share stock,
staff and the site, as in a field experiment. Oracle: tests/model/test_experiments.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.model.kpis import sold, whole_orders
from omosim.results.proportions import wilson
from omosim.schema.columns import DAY

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel
    from omosim.world.audiences import Trial

#: standard normal quantile of .975
Z = 1.959963985
COLUMNS = (
    "experiment", "group", "kpi", "value", "unit", "ci_low", "ci_high", "shoppers", "against", "diff", "diff_low", "diff_high", "reading",
)  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """A figure of one group with its 95 % interval and standard error."""

    value: float
    low: float
    high: float
    error: float


def mean_of(top: np.ndarray) -> Estimate:
    """Mean a shopper, normal interval."""
    n = len(top)
    mean = float(top.sum()) / n
    error = math.sqrt(float(((top - mean) ** 2).sum()) / (n - 1) / n) if n > 1 else 0.0
    return Estimate(mean, mean - Z * error, mean + Z * error, error)


def ratio_of(top: np.ndarray, bottom: np.ndarray) -> Estimate | None:
    """Sum over sum, its error from the spread between shoppers: what one shopper does twice is not two observations.

    Notes
    -----
    Linearised ratio (Cochran 1977, 6.3). None where there is nothing to divide by.
    """
    n, total = len(top), float(bottom.sum())
    if total <= 0 or n < 2:
        return None
    share = float(top.sum()) / total
    rest = top - share * bottom
    error = math.sqrt(float((rest * rest).sum()) * n / (n - 1)) / total
    return Estimate(share, share - Z * error, share + Z * error, error)


def as_share(found: Estimate | None) -> Estimate | None:
    """The interval within 0 to 1."""
    return found and replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))


def share_of(hits: int, n: int) -> Estimate:
    """Proportion of shoppers, Wilson's interval."""
    low, high = wilson(hits, n) or (0.0, 1.0)
    return Estimate(hits / n, low, high, math.sqrt(hits / n * (1 - hits / n) / n))


def difference(a: Estimate, b: Estimate, proportion: bool) -> tuple[float, float, float]:
    """a - b with its interval: of proportions by Newcombe (1998, method 10) from both Wilson intervals, else normal."""
    diff = a.value - b.value
    if proportion:
        low = diff - math.sqrt((a.value - a.low) ** 2 + (b.high - b.value) ** 2)
        return diff, low, diff + math.sqrt((a.high - a.value) ** 2 + (b.value - b.low) ** 2)
    half = Z * math.sqrt(a.error**2 + b.error**2)
    return diff, diff - half, diff + half


@dataclass(frozen=True)
class Purchases:
    """What each shopper bought in the period of an experiment, (n,) float64 each."""

    orders: np.ndarray
    revenue: np.ndarray  # net, minor units
    margin: np.ndarray  # revenue less goods and what was paid to serve it, minor units
    units_out: np.ndarray
    units_back: np.ndarray

    def figures(self, who: np.ndarray, currency: str) -> list[tuple[str, str, Estimate | None]]:
        """(kpi, unit, estimate) of the shoppers `who` (bool)."""
        orders = self.orders[who]
        return [
            ("buyers", "share", share_of(int((orders > 0).sum()), len(orders))),
            ("orders_per_shopper", "orders", mean_of(orders)),
            ("revenue_per_shopper", f"minor {currency}", mean_of(self.revenue[who])),
            ("margin_per_shopper", f"minor {currency}", mean_of(self.margin[who])),
            ("aov", f"minor {currency}", ratio_of(self.revenue[who], orders)),
            ("return_rate", "share", as_share(ratio_of(self.units_back[who], self.units_out[who]))),
        ]


def purchases(book: np.ndarray, shoppers: int, start: int, end: int) -> Purchases:
    """What shoppers bought from `start` on and before `end`, seconds; from the order book."""
    rows = book[(book["placed_at"] >= start) & (book["placed_at"] < end)]
    who, net = rows["shopper"], rows["revenue"] + rows["fee"] - rows["refund"]

    def each(weights: np.ndarray) -> np.ndarray:
        return np.bincount(who, weights=weights.astype(np.float64), minlength=shoppers)

    return Purchases(
        each(sold(rows) & whole_orders(rows)), each(net), each(net - rows["goods_cost"] - rows["service_cost"]),
        each(rows["units_out"]), each(rows["units_back"]),
    )  # fmt: skip


def period_of(trial: Trial, model: RetailModel) -> tuple[int, int]:
    """Seconds from and to which an experiment is measured: the days on which it ran, within the measured window."""
    first = max(trial.first, 0)
    last = model.settings.days if trial.last is None else min(trial.last, model.settings.days)
    return model.window_start + first * DAY, model.window_start + last * DAY


def experiment_rows(model: RetailModel, book: np.ndarray) -> list[dict[str, Any]]:
    """Rows of ab.parquet: a row for each experiment, group and figure; none without an experiment in the window.

    Parameters
    ----------
    model : the model at its end
    book : its order book
    """
    out: list[dict[str, Any]] = []
    shoppers, currency = model.journeys.shoppers, model.settings.market.currency
    for trial in model.world.audiences.trials:
        start, end = period_of(trial, model)
        if start >= end:
            continue
        bought = purchases(book, len(shoppers), start, end)
        members = trial.members(model.world.key0, model.world.key1, shoppers)
        sizes = [int((members == g).sum()) for g in range(len(trial.groups))]
        present = [g for g, size in enumerate(sizes) if size > 0]
        figures = {g: bought.figures(members == g, currency) for g in present}
        for g in present:
            base = present[0]  # the control, or the first group where nobody is left over
            for (kpi, unit, mine), (_, _, theirs) in zip(figures[g], figures[base], strict=True):
                row = dict.fromkeys(COLUMNS) | {
                    "experiment": trial.name, "group": trial.groups[g], "kpi": kpi, "unit": unit, "shoppers": sizes[g],
                    "against": "", "reading": "",
                }  # fmt: skip
                if mine is not None:
                    row |= {"value": mine.value, "ci_low": mine.low, "ci_high": mine.high}
                if g != base and mine is not None and theirs is not None:
                    diff, low, high = difference(mine, theirs, kpi == "buyers")
                    reading = "higher" if low > 0 else "lower" if high < 0 else "cannot_tell"
                    row |= {"against": trial.groups[base], "diff": diff, "diff_low": low, "diff_high": high, "reading": reading}
                out.append(row)
    return out
