"""What a run may begin with in place of its own draws: customers who are known, stock that was counted, orders under way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from omosim.schema.codes import Flow
from omosim.schema.columns import CATEGORY_BITS, DEMAND, NEED_BITS, OFFER_NAMES, ORDINAL_BITS
from omosim.schema.shopper import ALIVE, CONSENT, KNOWS, NEVER
from omosim.world.state import World
from omosim.world.stock import Stock

WEEK_S = 604_800.0
#: need numbers of orders under way count down from here, above those of needs and of touches, for so many of a shopper and category
LAST_NEED, MOST_UNDER_WAY = (1 << NEED_BITS) - 1, 32
#: One row per order placed before second 0.
UNDER_WAY = np.dtype(
    [
        ("shopper", "i4"),  # seat of a known customer
        ("node", "i2"),  # store where it is collected, -1 a parcel
        ("category", "i1"),
        ("channel", "i1"),  # Entry
        ("units", "i4"),
        ("price", "i8"),  # minor per unit, as it was paid
        ("left_s", "i4"),  # until the customer comes or the parcel arrives; -1 never comes
        ("counter_s", "i4"),  # at the counter
    ]
)


@dataclass(frozen=True)
class Start:
    """State at second 0 of one run; shoppers 0 to n - 1 are the known customers.

    Parameters
    ----------
    origin : replication whose places, goods and people the run has; draws from second 0 on are those of its own
    need_rate : (n,) float64, needs a week of operational time, all categories
    dropout : (n,) float64, probability of leaving after a repeat purchase
    alive : (n,) bool, has not left
    purchases : (n,) int64, purchases so far
    units : (n, C) float64, stages of the renewal until the next need of each category, unit exponentials
    habit : (n, 4) float64, share of purchases by Entry
    spend : (n,) int64 minor, paid so far
    goodwill : (n,) float64, share of price
    stock : (N, C) float64 units on hand by node and category, NaN not counted; None nothing was
    orders : UNDER_WAY rows, orders placed before second 0 that have not come to their end
    aware : share of the other people who know the retailer; None as the market says
    slow : (K,) float64, factors on the need rates of those who do and have not bought so far, in even parts of them, from those who have
        known it longest; None 1
    """

    origin: int
    need_rate: np.ndarray
    dropout: np.ndarray
    alive: np.ndarray
    purchases: np.ndarray
    units: np.ndarray
    habit: np.ndarray
    spend: np.ndarray
    goodwill: np.ndarray
    stock: np.ndarray | None = None
    orders: np.ndarray = field(default_factory=lambda: np.zeros(0, UNDER_WAY))
    aware: float | None = None
    slow: np.ndarray | None = None

    def __len__(self) -> int:
        return int(self.need_rate.size)

    def check(self, world: World, shoppers: int) -> None:
        """Raises ValueError where the run has fewer shoppers than are known, or other categories or nodes."""
        if len(self) > shoppers:
            raise ValueError(f"{len(self)} known customers do not fit into {shoppers} shoppers: set shoppers to {len(self)} or more")
        kinds = len(world.category_names)
        if self.units.shape != (len(self), kinds):
            raise ValueError(f"the next needs are of {self.units.shape[1]} categories; this market has {kinds}")
        place = self.orders["shopper"].astype(np.int64) * kinds + self.orders["category"]
        if place.size and np.unique(place, return_counts=True)[1].max() > MOST_UNDER_WAY:
            raise ValueError(f"a customer has more than {MOST_UNDER_WAY} orders of a category under way")
        if self.stock is not None and self.stock.shape != (len(world.nodes), kinds):
            raise ValueError(f"stock is counted in {self.stock.shape} nodes and categories; this network has {(len(world.nodes), kinds)}")


def lay_stock(world: World, start: Start) -> None:
    """Put the units counted on the shelves, spread over items as their order-up-to levels; before a policy is set; changes `world`.

    What open orders will take is laid beside the count where they take it: it was set aside, and does not stand in the count.
    """
    units = world.stock.on_hand.copy()
    if start.stock is not None:
        for node, kind in np.argwhere(~np.isnan(start.stock)):
            first, last = world.sku_first[kind], world.sku_first[kind + 1]
            weight = np.maximum(world.level[node, first:last], 0).astype(np.float64)
            units[node, first:last] = spread(round(float(start.stock[node, kind])), weight)
    np.add.at(units, (np.maximum(start.orders["node"], 0), items(world, start)), start.orders["units"])
    world.stock.load(Stock.opening(units).state())


def spread(total: int, weight: np.ndarray) -> np.ndarray:
    """(K,) int64 units that add up to `total`, nearest to the weights, the largest remainders first; evenly where all weigh 0."""
    weight = weight if weight.sum() > 0 else np.ones(weight.size)
    exact = max(total, 0) * weight / weight.sum()
    out = np.floor(exact).astype(np.int64)
    short = max(total, 0) - int(out.sum())
    out[np.argsort(out - exact, kind="stable")[:short]] += 1
    return out


def items(world: World, start: Start) -> np.ndarray:
    """(orders,) int64: an item of the category of each order under way, in turn: which it was makes no difference to what follows."""
    first = world.sku_first[start.orders["category"]]
    return first + np.arange(len(start.orders)) % (world.sku_first[start.orders["category"] + 1] - first)


def was_under_way(key: np.ndarray) -> np.ndarray:
    """Mask of order keys that belong to orders placed before second 0."""
    return (key >> ORDINAL_BITS & LAST_NEED) > LAST_NEED - MOST_UNDER_WAY


def rows_under_way(world: World, start: Start, zone: np.ndarray) -> np.ndarray:
    """DEMAND rows of the orders under way: picked by now, so all that is left is the way, or the customer's coming.

    Parameters
    ----------
    zone : (shoppers,) home zone
    """
    orders, collected = start.orders, start.orders["node"] >= 0
    rows = np.zeros(len(orders), DEMAND)
    nobody = ("alt_sku", "promise_s", "alt_promise_s", "extra_sku", "second_node", "return_node", "patience_s")
    for name in nobody:
        rows[name] = -1
    place = orders["shopper"].astype(np.int64) << CATEGORY_BITS | orders["category"]
    order = np.argsort(place, kind="stable")
    begins = np.flatnonzero(np.diff(place[order], prepend=-1))
    nth = np.empty(len(orders), np.int64)
    nth[order] = np.arange(len(orders)) - np.repeat(begins, np.diff(np.append(begins, len(orders))))
    number = LAST_NEED - nth % MOST_UNDER_WAY
    rows["key"] = (place << NEED_BITS | number) << ORDINAL_BITS
    for name in ("shopper", "node", "category", "channel", "units", "counter_s"):
        rows[name] = orders[name]
    rows["sku"], rows["zone"], rows["unit_price"] = items(world, start), zone[orders["shopper"]], orders["price"]
    rows["flow"] = np.where(collected, Flow.PICKUP, Flow.SHIP)
    rows["offer"] = np.where(collected, OFFER_NAMES.index("web_bopis"), OFFER_NAMES.index("web_ship"))
    rows["collect_lag_s"] = np.where(collected, orders["left_s"], 0)
    rows["transit_s"] = np.where(collected, 0, np.maximum(orders["left_s"], 0))
    return rows[np.argsort(rows["key"])]


def seat_customers(start: Start, shoppers: np.ndarray, needs: np.ndarray, share: np.ndarray, stages: int, linked: bool) -> None:
    """Write the known customers and their next needs; changes SHOPPER rows and NEED rows in place.

    Parameters
    ----------
    share : (C,) part of a shopper's needs in each category
    stages : Erlang stages of a gap between needs
    linked : what customers bought is in their profile, where they consent
    """
    n = len(start)
    who = shoppers[:n]
    who["need_rate"], who["dropout"], who["goodwill"] = start.need_rate, start.dropout, start.goodwill
    who["purchases"] = np.minimum(start.purchases, 65535)
    who["spend"] = start.spend
    who["habit"] = np.rint(start.habit * 255)
    who["bought"] = ((start.habit > 0) << np.arange(4)).sum(axis=1)
    who["flags"] = np.where(start.alive, who["flags"] | ALIVE, who["flags"] & ~np.uint8(ALIVE)) | KNOWS
    if linked:
        who["linked"] = np.where(who["flags"] & CONSENT, np.minimum(start.purchases, 65535), 0)
    rate = who["need_rate"].astype(np.float64)[:, None] * share  # as the column keeps it
    with np.errstate(divide="ignore"):
        seconds = np.floor(start.units * WEEK_S / (stages * rate) + 0.5)
    rows = needs[: n * share.size]
    rows["next_s"] = np.where(seconds < 2.0e9, seconds, NEVER).ravel().astype(np.int64)
    rows["number"] = 0
    if start.aware is not None and start.slow is not None:
        silent = n + np.flatnonzero(shoppers["aware_at"][n:] < start.aware)
        part = (shoppers["aware_at"][silent] / start.aware * start.slow.size).astype(np.int64)
        slow = start.slow[np.minimum(part, start.slow.size - 1)]
        shoppers["need_rate"][silent] *= slow
        theirs = (silent[:, None] * share.size + np.arange(share.size)).ravel()
        later = np.floor(needs["next_s"][theirs] / np.repeat(np.maximum(slow, 1e-9), share.size) + 0.5)
        needs["next_s"][theirs] = np.where(later < 2.0e9, later, NEVER).astype(np.int64)
