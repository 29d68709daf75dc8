"""A store's days as simulated worlds have them, in the form in which the planner takes past days.

A past day says what days are like; a day of a world says it too, and beside it worlds differ in their level, which is the doubt
about it. So days of all worlds make the shape of a day, and each group of simulated days stands in one world's level.
Tests: tests/planning/test_worlds.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from omosim.planning.history import COUNTER_SIDE, PICKUP, StoreHistory
from omosim.schema.columns import DAY

#: one row an order: world, second from the first day on, units, kind (PICKUP, WALK_IN), place (COUNTER_SIDE, CURBSIDE, LOCKER), for
#: how many orders of the store it stands
WORLD_ORDER = np.dtype([("world", "i4"), ("placed_s", "i8"), ("units", "i4"), ("kind", "i1"), ("place", "i1"), ("weight", "f8")])
_COLUMNS = ("order_id", "kind", "place", "placed", "units", "promised", "ready", "collected", "expired", "day", "second", "weight")


@dataclass(frozen=True)
class WorldHistory(StoreHistory):
    """Days of worlds, one world's days behind another's, each in whole weeks so that weekdays stay.

    Parameters
    ----------
    worlds : how many
    base : local day since 1970 on which the first world's block begins
    block : days from one world's first to the next one's
    factors : (block,) on the orders of each day, the same in every world: people the worlds lack, promotions to come
    spread : coefficient of variation of days beyond what worlds show
    """

    worlds: int = 1
    base: int = 0
    block: int = 7
    factors: np.ndarray = field(default_factory=lambda: np.ones(7))
    spread: float = 0.0

    def raised_to(self, days: np.ndarray, day: int) -> np.ndarray:
        """Factors of the days, whatever the day they are brought to."""
        return np.asarray(self.factors[(np.asarray(days, np.int64) - self.base) % self.block], np.float64)

    def _world(self, days: np.ndarray) -> np.ndarray:
        return (np.asarray(days, np.int64) - self.base) // self.block

    @cached_property
    def _grain(self) -> float:
        """Variance over mean of counts by chance alone: 1 where every order stands for itself."""
        weight = self.orders["weight"].to_numpy()
        return float((weight**2).sum() / weight.sum()) if weight.sum() > 0 else 1.0

    @cached_property
    def _ratio(self) -> np.ndarray:
        """(worlds,) each world's level over the mean, freed of what chance alone does to counts of that size."""
        mine = self.orders[np.isin(self.orders["day"], self.dates)]
        total = np.bincount(self._world(mine["day"].to_numpy()), mine["weight"], minlength=self.worlds)[: self.worlds]
        mean = float(total.mean())
        if self.worlds < 2 or mean <= 0:
            return np.ones(self.worlds)
        spread = float((total / mean).var(ddof=1))
        kept = np.sqrt(max(0.0, spread - self._grain / mean) / spread) if spread > 0 else 0.0
        return np.asarray(1.0 + kept * (total / mean - 1.0))

    @property
    def levels(self) -> np.ndarray | None:
        """(worlds,) ascending factors of worlds on all orders."""
        return np.sort(self._ratio)

    def day_shape(self, days: np.ndarray, totals: np.ndarray) -> float:
        """Gamma shape of the factor between days of one world: what they show beyond chance, and the spread that worlds lack."""
        mean = float(totals.mean()) if len(totals) else 0.0
        if mean <= 0:
            return 0.0
        own = totals / np.maximum(self._ratio[self._world(days)], 1e-9)
        at = self._world(days)
        count = np.bincount(at, minlength=self.worlds)
        centre = np.bincount(at, own, minlength=self.worlds) / np.maximum(count, 1)
        left = int(len(own) - (count > 0).sum())
        surplus = 0.0
        if left > 0:
            raised = float(self.raised_to(days, 0).mean())
            surplus = max(0.0, float(((own - centre[at]) ** 2).sum()) / left / mean**2 - raised * self._grain / mean)
        cv2 = surplus + self.spread**2
        return 1.0 / cv2 if cv2 > 0 else 0.0


def world_history(store: str, orders: np.ndarray, worlds: int, first_day: int, trades: np.ndarray, factors: np.ndarray, hours: tuple[int, int, str],
                  spread: float = 0.0, notes: Sequence[str] = ()) -> WorldHistory:  # fmt: skip
    """The history of a store from worlds.

    Parameters
    ----------
    orders : WORLD_ORDER rows
    first_day : local day since 1970 of second 0
    trades, factors : (days,) whether the store is open on each day; factor on its orders
    hours : second of opening, of closing, and where they come from
    """
    days = len(trades)
    lead = first_day % 7  # a block begins on a whole number of weeks since 1970, so that a world's number follows from a date
    block = -(-(days + lead) // 7) * 7
    base = first_day - lead
    number = np.arange(worlds)[:, None] * block
    dates = (base + number + lead + np.flatnonzero(trades)[None, :]).ravel()
    inside = (orders["placed_s"] >= 0) & (orders["placed_s"] < days * DAY)
    mine = orders[inside]
    day, second = np.divmod(mine["placed_s"], DAY)
    date = base + mine["world"].astype(np.int64) * block + lead + day
    frame = pd.DataFrame({
        "order_id": np.arange(len(mine)), "kind": mine["kind"].astype(np.int64), "place": mine["place"].astype(np.int64), "placed": date * DAY + second,
        "units": mine["units"].astype(np.int64), "promised": -1, "ready": -1, "collected": -1, "expired": False, "day": date, "second": second,
        "weight": mine["weight"],
    })  # fmt: skip
    frame = frame[np.isin(date, dates)].reset_index(drop=True)
    if not (frame["kind"] == PICKUP).any():
        frame = pd.concat([frame, _spare(base + worlds * block)], ignore_index=True)
    padded = np.ones(block)
    padded[lead : lead + days] = factors
    return WorldHistory(store, frame, dates, np.zeros(0, np.int64), *hours, notes=tuple(notes), worlds=worlds, base=base, block=block, factors=padded, spread=spread)


def _spare(day: int) -> pd.DataFrame:
    """A pickup on a day that is none of the store's: where none ever comes, those that are planned for have something to take after."""
    return pd.DataFrame([(-1, PICKUP, COUNTER_SIDE, day * DAY + DAY // 2, 1, -1, -1, -1, False, day, DAY // 2, 1.0)], columns=list(_COLUMNS))
