"""Order logs as arrays: what a calibration compares, whether the log is real, generated or simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omosim.ingest import OrderLog
from omosim.schema.days import date_text
from omosim.twin.errors import CalibrationError

DAY_S = 86_400
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """The fit part and the hold-out part, in days from `first_day` (days since 1970, local); ends are exclusive."""

    first_day: int
    cut: int
    end: int

    @property
    def holdout_days(self) -> int:
        """Length of the hold-out part."""
        return self.end - self.cut

    def date(self, day: int) -> str:
        """ISO date of a day."""
        return date_text(self.first_day + day)


@dataclass(frozen=True)
class History:
    """Orders in time order.

    shopper: (n,) int64 codes, -1 anonymous; t: (n,) float64 local days from the first day; value: (n,) int64 minor;
    back_t, back_value: (m,) local days and minor of goods that went back or were cancelled.
    """

    shopper: Ints
    t: Floats
    value: Ints
    back_t: Floats
    back_value: Ints

    def part(self, start: float, end: float) -> History:
        """Orders and returns with start <= t < end."""
        keep = (self.t >= start) & (self.t < end)
        back = (self.back_t >= start) & (self.back_t < end)
        return History(self.shopper[keep], self.t[keep], self.value[keep], self.back_t[back], self.back_value[back])

    def purchase_days(self) -> tuple[Ints, Ints]:
        """Shopper and day of each day with a purchase by a known shopper, sorted by shopper and day."""
        known = self.shopper >= 0
        pairs = np.stack([self.shopper[known], np.floor(self.t[known]).astype(np.int64)], axis=1)
        pairs = np.unique(pairs, axis=0)
        return pairs[:, 0], pairs[:, 1]

    def first_days(self) -> tuple[Ints, Ints]:
        """Each known shopper and the day of the first purchase."""
        who, day = self.purchase_days()
        first = np.flatnonzero(np.r_[True, who[1:] != who[:-1]]) if who.size else np.zeros(0, np.int64)
        return who[first], day[first]


def split(log: OrderLog, holdout_days: int) -> Windows:
    """The last `holdout_days` days are held out. Raises CalibrationError when too little is left to fit."""
    local = log.lines["placed_local"].to_numpy()
    first, last = int(local.min()) // DAY_S, int(local.max()) // DAY_S
    end = last - first + 1
    cut = end - holdout_days
    if cut < 56 or cut < holdout_days:
        if not holdout_days:
            raise CalibrationError(f"{log.file}: {end} days of orders; needed: 8 weeks at least. Give a longer log")
        raise CalibrationError(
            f"{log.file}: {end} days of orders, {holdout_days} of them held out, leave {max(cut, 0)} to fit; needed: "
            "8 weeks at least, and no less than is held out. Give a longer log or a smaller holdout_days"
        )
    return Windows(first, cut, end)


def until(log: OrderLog, end_day: int) -> Windows:
    """All days of a log before a day (since 1970), nothing held out. Raises CalibrationError when too little is left to fit."""
    windows = split(log, 0)
    end = min(windows.end, end_day - windows.first_day)
    return Windows(windows.first_day, end, end)


def history_of(log: OrderLog, windows: Windows) -> History:
    """A real log as arrays."""
    orders = log.orders()
    codes, _ = pd.factorize(orders["shopper_id"], use_na_sentinel=True)
    origin = windows.first_day * DAY_S
    c = log.cancelled
    if "cancel_utc" in c:
        shift = c["placed_local"].to_numpy() - c["placed_utc"].to_numpy()
        back_local = c["cancel_utc"].to_numpy() + shift
    else:
        back_local = c["placed_local"].to_numpy() + np.maximum(c["lag_s"].to_numpy(), 0)
    return History(
        codes.astype(np.int64),
        (orders["placed_local"].to_numpy() - origin) / DAY_S,
        orders["value"].to_numpy(np.int64),
        (back_local - origin) / DAY_S,
        c["value"].to_numpy(np.int64),
    )


def history_of_run(orders: pd.DataFrame) -> History:
    """A simulated log: columns shopper_id, placed_at, returned_at (seconds from the first local midnight, -1 or null
    none), revenue and, where it is there, refund (minor). Rows that sold nothing are left out."""
    placed = orders["placed_at"].to_numpy(np.float64) / DAY_S
    order = np.argsort(placed, kind="stable")
    revenue = orders["revenue"].to_numpy(np.int64)
    returned = orders["returned_at"].fillna(-1).to_numpy(np.float64)
    back = returned >= 0
    codes, _ = pd.factorize(orders["shopper_id"])
    refund = orders["refund"].to_numpy(np.int64) if "refund" in orders else revenue
    sold = order[revenue[order] > 0]
    return History(codes.astype(np.int64)[sold], placed[sold], revenue[sold], returned[back] / DAY_S, refund[back])
