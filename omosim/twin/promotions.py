"""Promotions of a price table, and what those of the past did to a day's sales.

A promotion is a discount, or a price below the item's own, for some days. Those of one kind take about as much off about as
large a part of sales in the same channel. Tests: tests/twin/test_promotions.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from omosim.schema.days import date_text
from omosim.twin.history import Floats

#: edges of the classes of what is taken off, and of the part of sales that it is taken off
DEPTHS, PARTS = (0.15, 0.3, 0.5), (0.25, 0.75)
#: less than this taken off is no promotion
LEAST = 0.01
#: assumed: sd of the log effect of a kind of promotion before any was seen, and between promotions of a kind
PRIOR_SD, BETWEEN_SD = 0.5, 0.15
#: days before and behind a promotion with which its days are compared
AROUND = 56
MOST_LOG = 1.5
#: days before today whose promotions are in the level and the week that members learnt
PAST_DAYS = 91


@dataclass(frozen=True)
class Promotion:
    """One promotion.

    Parameters
    ----------
    first, last : days since 1970, the last one included
    channel : where it holds, "" everywhere
    depth : share of the price that is taken off
    part : share of past sales that its items make
    """

    first: int
    last: int
    channel: str
    depth: float
    part: float

    @property
    def kind(self) -> tuple[str, int, int]:
        """Channel, class of depth and class of part: what makes two of them alike."""
        return self.channel, int(np.digitize(self.depth, DEPTHS)), int(np.digitize(self.part, PARTS))

    @property
    def words(self) -> str:
        """What is taken off what, when."""
        first, last = (date_text(day) for day in (self.first, self.last))
        items = ("few items", "a part of the items", "most items")[self.kind[2]]
        return f"{first}{f' to {last}' if last != first else ''}, {100 * self.depth:.0f} % off {items}{f', {self.channel}' if self.channel else ''}"


def promotions_of(prices: pd.DataFrame, lines: pd.DataFrame, until: int) -> list[Promotion]:
    """Promotions of a price table, the first ones first.

    prices : from_day, to_day (-1: open), sku, category, price (minor, -1 none), discount (NaN none), channel; lines : past order
    lines, for the items' own prices and their part of sales; until : day up to which an open discount lasts
    """
    sold = {by: _sold(lines, by) for by in ("sku", "category") if by in lines}
    total = max(float(lines["value"].sum()), 1e-9)
    found: dict[tuple[int, int, str, int], list[tuple[float, float]]] = {}
    for row in prices.to_dict("records"):
        by = next((name for name in ("sku", "category") if isinstance(row.get(name), str)), "")
        depth = float(row["discount"]) if row["discount"] == row["discount"] else _below(row, by, prices, sold.get(by, {}))
        if not by or depth < LEAST:
            continue
        last = int(row["to_day"]) if row["to_day"] >= 0 else max(until, int(row["from_day"]))
        value = sold.get(by, {}).get(str(row[by]), (0.0, 0.0))[0]
        key = (int(row["from_day"]), last, row["channel"] if isinstance(row["channel"], str) else "", int(np.digitize(depth, DEPTHS)))
        found.setdefault(key, []).append((depth, value / total))
    out = []
    for (first, last, channel, _), items in sorted(found.items()):
        part = sum(share for _, share in items)
        depth = sum(d * max(share, 1e-9) for d, share in items) / sum(max(share, 1e-9) for _, share in items)
        out.append(Promotion(first, last, channel, depth, min(part, 1.0)))
    return out


def _sold(lines: pd.DataFrame, by: str) -> dict[str, tuple[float, float]]:
    """Item -> value and units sold."""
    total = lines.groupby(by)[["value", "units"]].sum()
    return {str(name): (float(value), float(units)) for name, value, units in zip(total.index, total["value"], total["units"], strict=True)}


def _below(row: Mapping[Any, Any], by: str, prices: pd.DataFrame, sold: Mapping[str, tuple[float, float]]) -> float:
    """How far a price of some days lies below the item's own: the last list price without an end, else what was paid on average."""
    if not by or row["price"] < 0 or row["to_day"] < 0:
        return 0.0
    own = prices[(prices[by] == row[by]) & (prices["to_day"] < 0) & (prices["price"] > 0) & (prices["from_day"] <= row["from_day"])]
    value, units = sold.get(str(row[by]), (0.0, 0.0))
    usual = float(own["price"].iloc[-1]) if len(own) else value / units if units > 0 else 0.0
    return 1.0 - float(row["price"]) / usual if usual > 0 else 0.0


@dataclass(frozen=True)
class Effect:
    """What promotions of a kind did to a series.

    factor : on a day, shrunk; raw : before; days, promotions : on which it rests
    """

    factor: float
    raw: float
    days: int
    promotions: int


def effect(seen: Floats, first_day: int, like: Sequence[Promotion], every: Sequence[Promotion]) -> Effect | None:
    """The ratio of a series on promoted days to days of the same weekday without one, shrunk to 1 by what is known of it.

    Parameters
    ----------
    seen : (days,) from `first_day` on, NaN not observed
    like : past promotions of one kind; every : all promotions, whose days are not compared with

    Returns
    -------
    None where no promoted day was seen, or none to compare it with

    Notes
    -----
    log ratio times v / (v + error^2), v that of effects before any was seen (PRIOR_SD); the error counts days, by their own
    spread about the weekday's mean, and promotions, which differ (BETWEEN_SD).
    """
    day = first_day + np.arange(seen.size)
    on = np.zeros(seen.size, bool)
    near = np.zeros(seen.size, bool)
    kept = 0
    for one in like:
        mine = (day >= one.first) & (day <= one.last) & np.isfinite(seen)
        kept += bool(mine.any())
        on |= mine
        near |= (day >= one.first - AROUND) & (day <= one.last + AROUND)
    free = np.isfinite(seen) & near
    for one in every:
        free &= ~((day >= one.first) & (day <= one.last))
    weekday = (day + 3) % 7
    usual = np.array([seen[free & (weekday == w)].mean() if (free & (weekday == w)).any() else np.nan for w in range(7)])
    on &= usual[weekday] > 0
    free &= usual[weekday] > 0
    if not on.any() or free.sum() < 7:
        return None
    raw = float(seen[on].sum() / usual[weekday[on]].sum())
    rest = seen[free] / usual[weekday[free]] - 1.0
    cv2 = float((rest**2).sum() / max(1, rest.size - 7))
    error2 = cv2 * (1 / on.sum() + 1 / free.sum()) + BETWEEN_SD**2 / kept
    log = float(np.clip(np.log(max(raw, 1e-9)), -MOST_LOG, MOST_LOG)) * PRIOR_SD**2 / (PRIOR_SD**2 + error2)
    return Effect(float(np.exp(log)), raw, int(on.sum()), kept)


def level_of(past: Sequence[Promotion], factors: Mapping[tuple[str, int, int], float], today: int, days: int = PAST_DAYS) -> list[float]:
    """(7,) how much past promotions raised the usual day of each weekday, Monday first: what members learnt from includes them.

    past : promotions that began before `today` (days since 1970); factors : kind -> effect on a day; days : of the log, a week at
    least. Mean over so many days, PAST_DAYS at most, of the product of the effects that held on each.
    """
    n = max(7, min(days, PAST_DAYS))
    day = today - n + np.arange(n)
    value = np.ones(n)
    for one in past:
        value[(day >= one.first) & (day <= one.last)] *= factors.get(one.kind, 1.0)
    return [float(value[(day + 3) % 7 == weekday].mean()) for weekday in range(7)]
