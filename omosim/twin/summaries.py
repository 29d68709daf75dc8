"""Patterns of an order log at several levels at once, as one vector, alike for a real and a simulated log.

Logs and logits, so that their chance is nearly normal and a change of scale is a shift. What a log lacks (customers'
ids, several channels, ways of handing over) has no pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omosim.ingest import OrderLog
from omosim.twin.history import DAY_S, Floats, Ints, Windows, history_of
from omosim.twin.holdout import regularity

#: half a count, added to every count: a pattern without a single case stays finite
HALF = 0.5
QUARTERS = 4


@dataclass(frozen=True)
class Orders:
    """Orders of one log, (n,) arrays.

    shopper: codes, -1 anonymous; t: local days from the first day; value: minor; channel, way: codes into
    `Patterns.channels` and `Patterns.ways`, -1 unknown; back: part of the value that went back before the end.
    """

    shopper: Ints
    t: Floats
    value: Ints
    channel: Ints
    way: Ints
    back: Floats

    def take(self, rows: Ints, shopper: Ints) -> Orders:
        """Some rows, under other shopper codes."""
        return Orders(shopper, self.t[rows], self.value[rows], self.channel[rows], self.way[rows], self.back[rows])


@dataclass(frozen=True)
class Patterns:
    """Which patterns a log has, and over which days.

    channels, ways: values met in the log, the first the base of the shares; large: minor, orders from here on are
    left out of the share that goes back; gone: part of the orders' value that went back, told for the whole log and
    not by order (cancellations without their sale); NaN: by order.
    """

    days: int
    channels: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    large: float = np.inf
    known: bool = True  # customers have ids
    returns: bool = True

    def names(self) -> tuple[str, ...]:
        """Names of the patterns, in the order of `vector`."""
        names: list[str] = []
        if self.known:
            names += [f"purchase_days.{i + 1}" for i in range(QUARTERS)]
            names += ["first_buyers.early", "first_buyers.middle", "first_buyers.late"]
            names += ["repeat_share", "often_share", "top_tenth", "gap.q25", "gap.q50", "gap.q75", "regularity", "seen_again"]
        else:
            names += [f"orders.{i + 1}" for i in range(QUARTERS)]
        names += ["value.median", "value.upper", "value.lower"]
        names += ["returned"] if self.returns else []
        names += [f"share.{c}" for c in self.channels[1:]]
        names += ["mixed"] if len(self.channels) > 1 and self.known else []
        return tuple(names + [f"way.{w}" for w in self.ways[1:]])

    def vector(self, orders: Orders, scale: float = 1.0) -> Floats:
        """(S,) patterns; scale: people of the log over those simulated, by which counts are multiplied."""
        part = orders.t < self.days
        found = self._of_people(orders, part, scale) if self.known else self._by_quarter(orders.t[part], scale)
        value = orders.value[part & (orders.value > 0)]
        low, mid, high = np.log(np.quantile(value, (0.1, 0.5, 0.9)) + 1.0) if value.size else (0.0, 0.0, 0.0)
        found += [mid, np.log(high - mid + 0.05), np.log(mid - low + 0.05)]
        if self.returns:
            small = part & (orders.value < self.large)
            sold = float(orders.value[small].sum())
            gone = float((orders.value * orders.back)[small].sum()) / max(sold, 1.0)
            found.append(_logit(gone * small.sum(), (1 - gone) * small.sum()))
        found += self._shares(orders, part)
        return np.array(found)

    @property
    def counts(self) -> tuple[str, ...]:
        """Names of the patterns that grow with the number of people."""
        return tuple(n for n in self.names() if n.split(".")[0] in ("purchase_days", "first_buyers", "orders"))

    def _by_quarter(self, t: Floats, scale: float) -> list[float]:
        count = np.bincount((t * QUARTERS / self.days).astype(np.int64), minlength=QUARTERS)[:QUARTERS]
        return list(np.log(scale * (count + HALF)))

    def _of_people(self, orders: Orders, part: NDArray[np.bool_], scale: float) -> list[float]:
        """Levels, first-time buyers, how often, gaps, and who of the early ones is still seen."""
        known = part & (orders.shopper >= 0)
        who, day = _purchase_days(orders.shopper[known], orders.t[known])
        found = self._by_quarter(day.astype(np.float64), scale)
        start = np.r_[True, who[1:] != who[:-1]] if who.size else np.zeros(0, bool)
        first, size = day[start], np.diff(np.r_[np.flatnonzero(start), who.size])
        edges = (0, self.days / 6, self.days / 2, self.days)
        found += [float(np.log(scale * (((first >= a) & (first < b)).sum() + HALF))) for a, b in pairwise(edges)]
        many = (size >= 2).sum()
        found += [_logit(many, size.size - many), _logit((size >= 4).sum(), (size[size >= 2] < 4).sum())]
        rank = np.sort(size)[::-1]
        found.append(float(np.log((rank[: max(1, size.size // 10)].sum() + HALF) / (who.size + 1.0))))
        gap = (day[1:] - day[:-1])[~start[1:]] if who.size else np.zeros(0)
        quantiles = np.quantile(gap, (0.25, 0.5, 0.75)) if gap.size else np.full(3, self.days / 2)
        found += list(np.log(quantiles + 1.0))
        k = regularity(who, day)
        found.append(float(np.log(k)) if np.isfinite(k) and k > 0.05 else 0.0)
        last = day[np.r_[start[1:], True]] if who.size else np.zeros(0)
        early = first < self.days / 3
        again = (early & (last >= self.days * 2 / 3)).sum()
        return [*found, _logit(again, early.sum() - again)]

    def _shares(self, orders: Orders, part: NDArray[np.bool_]) -> list[float]:
        """Channels and ways against the first of each; customers of two orders and more who use two channels."""
        found = []
        for codes, names in ((orders.channel, self.channels), (orders.way, self.ways)):
            count = np.bincount(codes[part & (codes >= 0)], minlength=max(1, len(names)))
            found += [float(np.log((count[i] + HALF) / (count[0] + HALF))) for i in range(1, len(names))]
            if names is self.channels and len(names) > 1 and self.known:
                who = orders.shopper[part & (orders.shopper >= 0) & (codes >= 0)]
                used = codes[part & (orders.shopper >= 0) & (codes >= 0)]
                total = np.bincount(who, minlength=1)
                kinds = np.bincount(np.unique(np.stack([who, used], 1), axis=0)[:, 0], minlength=total.size) if who.size else total
                several = total >= 2
                mixed = (several & (kinds >= 2)).sum()
                found.append(_logit(mixed, several.sum() - mixed))
        return found


#: kinds of patterns in plain words
TITLES = {
    "purchase_days": "purchase days of known customers", "orders": "orders", "first_buyers": "first-time buyers", "repeat_share": "customers who come again",
    "often_share": "of these, who come four times and more", "top_tenth": "share of the busiest tenth", "gap": "gaps between purchases",
    "regularity": "regularity of gaps", "seen_again": "early customers seen late", "value": "order values", "returned": "share of value that goes back",
    "share": "orders by channel", "mixed": "customers of two channels", "way": "ways of handing over",
}  # fmt: skip
PARTS = {
    "early": "first sixth of the log", "middle": "second sixth to the half", "late": "second half", "q25": "lower quartile", "q50": "median",
    "q75": "upper quartile", "lower": "small ones", "upper": "large ones",
} | {str(i + 1): f"quarter {i + 1} of the log" for i in range(QUARTERS)}  # fmt: skip


def pattern_title(name: str) -> str:
    """A pattern's name of `Patterns.names` in plain words."""
    kind, _, part = name.partition(".")
    return TITLES[kind] + (f" ({PARTS.get(part, part)})" if part else "")


def _logit(yes: Any, no: Any) -> float:
    return float(np.log((yes + HALF) / (no + HALF)))


def _purchase_days(shopper: Ints, t: Floats) -> tuple[Ints, Ints]:
    """Sorted pairs of shopper and day, none twice."""
    key = np.unique(shopper * np.int64(1 << 20) + np.floor(t).astype(np.int64))
    return key >> 20, key & ((1 << 20) - 1)


# ---- logs -------------------------------------------------------------------------------------------------
def patterns_of(log: OrderLog, windows: Windows, large: float = np.inf, least: float = 0.01) -> Patterns:
    """What the log can show: channels and ways that have `least` of its orders, commonest first."""
    orders = log.orders()
    days = windows.cut
    returns = bool(len(log.cancelled) or (log.lines["returned_utc"] >= 0).any())
    return Patterns(
        days, _common(orders["channel"], least), _common(_ways(log, orders), least), large,
        bool(orders["shopper_id"].notna().any()), returns,
    )  # fmt: skip


def _common(column: pd.Series, least: float) -> tuple[str, ...]:
    count = column.dropna().value_counts(normalize=True)
    return tuple(sorted((str(c) for c in count.index[count >= least]), key=lambda c: (-count[c], c)))


def _ways(log: OrderLog, orders: pd.DataFrame) -> pd.Series:
    """Ways of handing over of online orders, in the order of `orders`; None in stores and where the file has none."""
    if "fulfilment" not in log.lines:
        return pd.Series([None] * len(orders), dtype=object)
    way = log.lines.groupby("order_id", sort=False, observed=True)["fulfilment"].first().reindex(orders["order_id"])
    return way.where(way.isin(("ship", "pickup", "same_day"))).reset_index(drop=True)


def _codes(column: pd.Series, names: Sequence[str]) -> Ints:
    return np.asarray(column.map({n: i for i, n in enumerate(names)}).fillna(-1), np.int64)


def orders_of_log(log: OrderLog, windows: Windows, patterns: Patterns) -> Orders:
    """A real log; cancellations that name no sale count as one order's, spread over all orders by value."""
    frame, history = log.orders(), history_of(log, windows)
    back = np.zeros(len(frame))
    cancelled = log.cancelled[history.back_t < windows.cut]
    named = cancelled[cancelled["order_id"].notna()] if "order_id" in cancelled else cancelled.iloc[:0]
    by_order = named.groupby("order_id")["value"].sum().reindex(frame["order_id"]).fillna(0.0).to_numpy()
    whole = frame["value"].to_numpy(np.float64)
    back = np.minimum(1.0, by_order / np.maximum(whole, 1.0))
    small = (history.back_value < patterns.large) & (history.back_t < windows.cut)
    rest = float(history.back_value[small].sum()) - float((back * whole)[whole < patterns.large].sum())
    left = float(((1 - back) * whole)[(whole < patterns.large) & (history.t < windows.cut)].sum())
    back = back + (1 - back) * float(np.clip(rest / max(left, 1.0), 0.0, 1.0))
    return Orders(
        history.shopper, history.t, history.value, _codes(frame["channel"], patterns.channels),
        _codes(_ways(log, frame), patterns.ways), back,
    )  # fmt: skip


def orders_of_run(frame: pd.DataFrame, patterns: Patterns) -> Orders:
    """A simulated log: shopper_id, placed_at, returned_at (seconds, -1 or null none), revenue, refund, channel, fulfilment."""
    frame = frame[frame["revenue"] > 0].sort_values("placed_at", kind="stable")
    value = frame["revenue"].to_numpy(np.int64)
    returned = frame["returned_at"].fillna(-1).to_numpy(np.float64)
    refund = frame["refund"].to_numpy(np.float64) if "refund" in frame else value.astype(np.float64)
    back = np.where((returned >= 0) & (returned < patterns.days * DAY_S), np.minimum(1.0, refund / np.maximum(value, 1)), 0.0)
    ways = frame["fulfilment"] if "fulfilment" in frame else pd.Series([None] * len(frame))
    channel = frame["channel"] if "channel" in frame else pd.Series([None] * len(frame))
    return Orders(
        pd.factorize(frame["shopper_id"])[0].astype(np.int64), frame["placed_at"].to_numpy(np.float64) / DAY_S, value,
        _codes(channel, patterns.channels), _codes(ways, patterns.ways), back,
    )  # fmt: skip


def chance(orders: Orders, patterns: Patterns, rng: np.random.Generator, times: int = 200) -> Floats:
    """(S, S) covariance of the patterns of one log: Poisson bootstrap of its customers, anonymous orders singly.

    Needs no model, so that it also holds where customers differ more than the model's do. Oracle:
    tests/twin/test_posterior.py.
    """
    code = orders.shopper.copy()
    anonymous = np.flatnonzero(code < 0)
    people = int(code.max(initial=-1)) + 1
    code[anonymous] = people + np.arange(anonymous.size)
    by = np.argsort(code, kind="stable")
    size = np.bincount(code, minlength=people + anonymous.size)
    start = np.cumsum(size) - size
    rows = []
    for _ in range(times):
        copies = rng.poisson(1.0, size.size)
        who = np.repeat(np.arange(size.size), copies)
        length = size[who]
        ends = np.cumsum(length)
        within = np.arange(int(ends[-1]) if ends.size else 0) - np.repeat(ends - length, length)
        taken = by[np.repeat(start[who], length) + within]
        new = np.repeat(np.arange(who.size), length)
        new[orders.shopper[taken] < 0] = -1
        rows.append(patterns.vector(orders.take(taken, new)))
    return np.cov(np.array(rows).T)


def shocks(orders: Orders, patterns: Patterns) -> Floats:
    """(S,) variances of the counts beyond chance: what moves all customers of a week at once, or brings new ones in bursts.

    From differences of successive weeks, of which the median is taken, so that a season's few steps do not count.
    """
    part = orders.t < patterns.days
    shopper, t = orders.shopper[part], orders.t[part]
    if patterns.known:
        who, day = _purchase_days(shopper[shopper >= 0], t[shopper >= 0])
        first = day[np.r_[True, who[1:] != who[:-1]]] if who.size else day
    else:
        day = first = np.floor(t).astype(np.int64)
    added = np.zeros(len(patterns.names()))
    weeks = patterns.days // 7
    for kind, days, parts in (("purchase_days", day, QUARTERS), ("orders", day, QUARTERS), ("first_buyers", first, 3)):
        at = [i for i, n in enumerate(patterns.names()) if n.split(".")[0] == kind]
        count = np.bincount(days // 7, minlength=weeks)[:weeks].astype(np.float64)
        if not at or weeks < 6:
            continue
        step, both = np.diff(count), np.maximum(1.0, count[1:] + count[:-1])
        excess = float(np.median(step**2 / both)) / 0.4549 - 1 - np.sqrt(3 / weeks)
        added[at] = max(0.0, excess) / max(1.0, days.size / parts)
    return added
