"""Small retailers of known truth that are unlike the model: nothing of omosim is imported here.

Customers' rates are lognormal with a heavy tail; gaps are lognormal about them; people leave by the calendar, faster in
some spells than in others, and not after purchases; channels are a Markov chain; in the weeks of gifts more is bought,
and strangers come once; some occasions bring several orders, and some buyers buy in bulk; new customers come in bursts,
one telling the next; dear orders come back more often; prices end in nines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

FIRST = np.datetime64("2024-01-01")  # a Monday


@dataclass(frozen=True)
class Retailer:
    """One retailer's truth; rates a week."""

    days: int
    customers: int  # who bought before the log begins
    rate: float  # median purchases of a customer a week
    rate_sd: float  # of its log
    gap_sd: float  # log sd of a gap about the customer's own
    leaving: float  # a week, in quiet weeks
    spell: tuple[int, int]  # days in which three times as many leave
    arrivals: float  # new customers a week who come by themselves
    told: float  # further customers whom one new customer brings
    gifts: tuple[int, int, float]  # days of the season, factor on the pace
    strangers: float  # a week of the season, who buy once
    value: float  # median order, pounds
    value_sd: float  # within customers
    between_sd: float
    bulk: float  # part of the orders that are ten times as large
    several: float  # part of the occasions that bring two or three orders
    back: float  # share of orders that return, at the median order
    stores: float  # part of purchases in stores in the long run; 0 on line only
    sticky: float  # chance that the next purchase stays in its channel anyway


def draw(seed: int, days: int = 112) -> Retailer:
    """The truth of retailer number `seed`."""
    rng = np.random.default_rng([seed, 77])
    start = int(rng.integers(days // 4, days // 2))
    return Retailer(
        days, int(rng.integers(700, 1300)), float(rng.uniform(0.12, 0.35)), float(rng.uniform(0.5, 1.1)),
        float(rng.uniform(0.4, 0.9)), float(rng.uniform(0.005, 0.03)), (start, start + 21), float(rng.uniform(8, 25)),
        float(rng.uniform(0.0, 0.4)), (int(days * 0.6), int(days * 0.6) + 14, float(rng.uniform(1.2, 1.8))), float(rng.uniform(2, 12)),
        float(np.exp(rng.uniform(np.log(12), np.log(80)))), float(rng.uniform(0.3, 0.6)), float(rng.uniform(0.2, 0.5)),
        float(rng.uniform(0, 0.02)), float(rng.uniform(0, 0.06)), float(rng.uniform(0.03, 0.2)),
        float(rng.uniform(0.2, 0.6)) if rng.random() < 0.5 else 0.0, float(rng.uniform(0.3, 0.8)),
    )  # fmt: skip


def log_of(one: Retailer, seed: int) -> pd.DataFrame:
    """One log: order_id, shopper_id, placed_s (from the first midnight), channel, units, value (pence), returned_s (-1 none)."""
    rng = np.random.default_rng([seed, 78])
    burn = 20 * 7  # days of old customers before the log: they are in the midst of their gaps
    born = list(np.full(one.customers, -float(burn)))
    new = list(rng.uniform(0, one.days, rng.poisson(one.arrivals * one.days / 7)))
    while new:  # one tells the next, within some days
        born += new
        brought = rng.poisson(one.told, len(new))
        new = [t + rng.exponential(5.0) for t, n in zip(new, brought, strict=True) for _ in range(n)]
        new = [t for t in new if t < one.days]
    rows: list[tuple[int, float, str]] = []
    for i, t0 in enumerate(born):
        gap = 7 / (one.rate * np.exp(one.rate_sd * rng.standard_normal()))
        leave = _leaves(one, max(t0, 0.0), rng)
        t, channel = t0, rng.random() < one.stores
        while t < min(one.days, leave):
            if t >= 0:
                for _ in range(1 + (rng.integers(1, 3) if rng.random() < one.several else 0)):
                    rows.append((i, t, "store" if channel else "web"))
            pace = one.gifts[2] if one.gifts[0] <= t < one.gifts[1] else 1.0
            t += gap / pace * np.exp(one.gap_sd * rng.standard_normal() - one.gap_sd**2 / 2)
            if rng.random() >= one.sticky:
                channel = rng.random() < one.stores
    length = one.gifts[1] - one.gifts[0]
    for j in range(rng.poisson(one.strangers * length / 7)):
        rows.append((len(born) + j, one.gifts[0] + length * rng.random(), "store" if rng.random() < one.stores else "web"))
    frame = pd.DataFrame(rows, columns=["shopper_id", "t", "channel"])
    n = len(frame)
    own = rng.standard_normal(len(born) + 10_000)[frame["shopper_id"].to_numpy()] * one.between_sd
    value = one.value * np.exp(own + one.value_sd * rng.standard_normal(n)) * np.where(rng.random(n) < one.bulk, 10, 1)
    value = np.maximum(1, np.round(value)) - 0.01
    clock = np.clip(rng.normal(0.6, 0.15, n), 0.35, 0.95)
    placed = ((np.floor(frame["t"]) + clock) * 86_400).astype(np.int64)
    risk = one.back * (value / one.value) ** 0.3
    back = rng.random(n) < np.minimum(0.9, risk)
    returned = np.where(back, placed + (86_400 * rng.lognormal(1.5, 0.6, n)).astype(np.int64), -1)
    frame["placed_s"], frame["returned_s"] = placed, returned
    frame["units"] = np.maximum(1, rng.poisson(value / one.value * 2))
    frame["value"] = np.round(value * 100).astype(np.int64)
    return frame.drop(columns="t").sort_values("placed_s", kind="stable").reset_index(drop=True).rename_axis("order_id").reset_index()


def _leaves(one: Retailer, since: float, rng: np.random.Generator) -> float:
    """Day on which a customer leaves: an exponential clock that runs three times as fast in the spell."""
    left = rng.exponential(1 / one.leaving) * 7
    day = since
    for a, b, speed in ((since, one.spell[0], 1.0), (one.spell[0], one.spell[1], 3.0), (one.spell[1], 1e9, 1.0)):
        a = max(a, day)
        if b <= a:
            continue
        if left < (b - a) * speed:
            return a + left / speed
        left -= (b - a) * speed
        day = b
    return 1e9


def write_csv(frame: pd.DataFrame, path: str) -> None:
    """The log as an order file of omosim's own layout."""
    when = (FIRST.astype("datetime64[s]") + frame["placed_s"].to_numpy().astype("timedelta64[s]")).astype(str)
    back = (FIRST.astype("datetime64[s]") + np.maximum(frame["returned_s"], 0).to_numpy().astype("timedelta64[s]")).astype(str)
    pd.DataFrame(
        {
            "order_id": frame["order_id"], "placed_at": [f"{w}Z" for w in when], "shopper_id": frame["shopper_id"],
            "channel": frame["channel"], "units": frame["units"], "unit_price": (frame["value"] / 100 / frame["units"]).map("{:.6f}".format),
            "returned_at": np.where(frame["returned_s"] >= 0, [f"{b}Z" for b in back], ""),
        }
    ).to_csv(path, index=False)  # fmt: skip
