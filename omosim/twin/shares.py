"""What part of their needs known customers buy from us: purchases per need, which turns purchase rates into need rates.

BG/CNBD-k is of purchases, the model of needs. The part that is bought differs between people by their tastes, and a rate is
divided by it, so a mean for all would bend the law: who likes us would buy too often, who does not too seldom. It is measured
on a pilot in which nobody leaves, at the rates drawn, since who needs often learns more and buys a larger part. Test:
tests/twin/test_cohort_forecast.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from omosim.model.kpis import sold, whole_orders
from omosim.model.retail import RetailModel
from omosim.schema.settings import Settings
from omosim.schema.shopper import NUMBER_MASK
from omosim.twin.history import Floats, Ints
from omosim.twin.opening import Opening

#: needs of a kind of people that are enough to tell its share by (two standard errors are a sixth of a share of .16)
ENOUGH, MOST_KINDS = 1000, 12
LATE_DAYS = 3


def appeal(model: RetailModel, n: int) -> Floats:
    """(n,) how well people like the channels they use: the inclusive value of their tastes, in units of the choice's error."""
    who, choice = model.journeys.shoppers[:n], model.settings.market.choice
    taste = who["taste"] / 1000.0 / choice.theta_upper
    use = (who["used"][:, None] >> np.arange(4)) & 1
    top = np.where(use > 0, taste, -1e9).max(axis=1)
    return top + np.log((np.exp(taste - top[:, None]) * use).sum(axis=1))


def shares_by_kind(settings: Settings, opening: Opening, weeks: int = 8) -> Floats:
    """(K,) purchases per need of kinds of known customers, from those who think least of the channels to those who think most.

    Measured twice, the second time at the need rates that the first gives: who needs less often buys another part.

    Parameters
    ----------
    settings : of a member; its replication is the pilot's
    weeks : length of the pilot; the longer, the more kinds of people are told apart
    """
    first = _pilot(settings, opening, 7 * weeks)
    return _pilot(settings, opening.with_share(each_share(settings, opening, first)), 7 * weeks)


def _pilot(settings: Settings, opening: Opening, days: int) -> Floats:
    """(K,) purchases per need of kinds of people in one run in which nobody leaves."""
    n = len(opening)
    if n == 0:
        return np.ones(1)
    start = replace(opening, stock=None, orders=opening.orders[:0]).start(settings.model_copy(update={"days": days}))
    start = replace(start, dropout=np.zeros(n))
    model = RetailModel(settings.model_copy(update={"days": days}), start)
    for _ in range(days):
        model.step()
    needs = (model.journeys.needs["number"].reshape(-1, len(model.world.category_names))[:n] & NUMBER_MASK).sum(axis=1) * start.alive
    for _ in range(LATE_DAYS):  # nothing further is needed, but trips of closed hours are made
        model.step()
    book = model.fulfilment.book()
    orders = book[sold(book) & whole_orders(book) & (book["shopper"] < n)]
    bought = np.bincount(orders["shopper"], minlength=n)
    kinds = int(np.clip(needs.sum() // ENOUGH, 1, MOST_KINDS))
    kind = _kind(model, n, kinds)
    return np.maximum(np.bincount(kind, bought, kinds) / np.maximum(np.bincount(kind, needs, kinds), 1), 1e-3)


def each_share(settings: Settings, opening: Opening, shares: Floats) -> Floats:
    """(n,) share of each known customer: that of his kind; shares : (K,) as `shares_by_kind` gives them."""
    n = len(opening)
    if n == 0 or len(shares) == 1:
        return np.full(n, shares[0])
    return np.asarray(shares)[_kind(RetailModel(settings.model_copy(update={"days": 1}), opening.start(settings)), n, len(shares))]


def _kind(model: RetailModel, n: int, kinds: int) -> Ints:
    rank = np.argsort(np.argsort(appeal(model, n), kind="stable"), kind="stable")
    return rank * kinds // n
