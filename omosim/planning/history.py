"""One store's past from an order log: days, orders by the second, what was promised and when it was ready."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from omosim.ingest import OrderLog
from omosim.ingest.layout import nearest
from omosim.kernels.mathx import exp64, log64
from omosim.planning.errors import PlanError
from omosim.planning.hours import open_seconds
from omosim.schema.columns import DAY, HOUR, WEEKDAYS
from omosim.schema.days import date_text

QUARTER = 900
PICKUP, WALK_IN = 0, 1
COUNTER_SIDE, CURBSIDE, LOCKER = 0, 1, 2  # where a pickup is handed over; also its row of services in the simulation
_FLOWS = {"pickup": PICKUP, "curbside": PICKUP, "locker": PICKUP, "store": WALK_IN}
_PLACES = {"pickup": COUNTER_SIDE, "curbside": CURBSIDE, "locker": LOCKER, "store": COUNTER_SIDE}
_HALF_HOUR = 1800
_LEAST_SEEN = 200  # visits to the store from which on its hours are read from the file
_SMALL_HOURS = 4 * HOUR
_SHOWN = 8  # dates that a note names
_HARDLY = 0.002  # share of what happens in the store below which a weekday counts as closed
_WEEKS = 6  # least length from which growth is read
_FASTEST = 0.05  # log growth a week beyond which it is no trend
_MARGIN = 21  # days round the file's own in which its orders may be promised or made ready
_OUTLIERS = 0.002  # share of visits that may lie outside the hours read


@dataclass(frozen=True)
class StoreHistory:
    """Orders of one store.

    Parameters
    ----------
    store : its id
    orders : one row an order: kind (PICKUP, WALK_IN), place (COUNTER_SIDE, CURBSIDE, LOCKER), placed (int64 local second since 1970), day (local day since
        1970), second (of the day), units, promised, ready, collected (local seconds, -1 unknown), expired (bool)
    dates : (n,) local days since 1970 on which the store had an order, ascending
    closed : local days between the first and the last on which it had none
    opens, closes : second of the day
    hours_from : where the hours come from, in words
    notes : what was taken as it is for want of a column, in words
    growth : log growth of orders a week; 0 where the file does not show one
    shut : weekdays on which orders come but nobody is in the store
    left_out : trading days that are not to be planned from
    """

    store: str
    orders: pd.DataFrame
    dates: np.ndarray
    closed: np.ndarray
    opens: int
    closes: int
    hours_from: str
    notes: tuple[str, ...]
    growth: float = 0.0
    shut: frozenset[int] = frozenset()
    left_out: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def days_of(self, weekday: int) -> np.ndarray:
        """Trading days of a weekday (0 Monday), without those left out."""
        return self.usual[weekday_of(self.usual) == weekday]

    @property
    def usual(self) -> np.ndarray:
        """Trading days to plan from."""
        return np.setdiff1d(self.dates, self.left_out)

    def of_days(self, days: np.ndarray, kind: int) -> pd.DataFrame:
        """Orders of a kind placed on the days."""
        rows = self.orders
        return rows[(rows["kind"] == kind) & np.isin(rows["day"], days)]

    def at_place(self, place: int) -> int:
        """Pickups that are handed over at a place."""
        return int(((self.orders["kind"] == PICKUP) & (self.orders["place"] == place)).sum())

    def raised_to(self, days: np.ndarray, day: int) -> np.ndarray:
        """Factors that bring orders of past days to the level of a day."""
        return np.array([float(exp64(self.growth * (day - d) / 7)) for d in np.asarray(days).tolist()])

    def day_shape(self, days: np.ndarray, totals: np.ndarray) -> float:
        """Gamma shape of the factor by which such days differ beyond chance, from their totals; 0 where they do not.

        By moments: variance = mean + mean^2 / shape.
        """
        if len(totals) < 2 or totals.mean() <= 0:
            return 0.0
        surplus = float(totals.var(ddof=1) - totals.mean())
        return float(totals.mean() ** 2 / surplus) if surplus > 0 else 0.0

    @property
    def levels(self) -> np.ndarray | None:
        """(w,) ascending factors of worlds on all orders, where the days are those of worlds; None: past days of one store."""
        return None

    @cached_property
    def closed_days(self) -> np.ndarray:
        """Local days since 1970 on which the store is closed: without an order, or of a weekday that is shut."""
        near = np.arange(self.dates[0] - _MARGIN, self.dates[-1] + _MARGIN)
        return np.union1d(self.closed, near[np.isin(weekday_of(near), list(self.shut))])

    def open_seconds(self, second: np.ndarray) -> np.ndarray:
        """Open seconds up to each local second since 1970."""
        return open_seconds(second, self.opens, self.closes, self.closed_days)

    def has(self, column: str) -> bool:
        """Whether at least a tenth of the pickups tell a time."""
        pickups = self.orders[self.orders["kind"] == PICKUP]
        return len(pickups) > 0 and float((pickups[column] >= 0).mean()) >= 0.1


def weekday_of(day: np.ndarray) -> np.ndarray:
    """0 Monday to 6 Sunday of days since 1970-01-01, a Thursday."""
    return (np.asarray(day) + 3) % 7


def store_history(log: OrderLog, store: str | None, opens: int, closes: int, holidays: np.ndarray | None = None, read_hours: bool = True) -> StoreHistory:
    """The orders of a store; without a name the one with the most pickups.

    Parameters
    ----------
    opens, closes : hours of the settings, used where the file has too few visits to show them
    holidays : local days since 1970 that are not to be planned from
    read_hours : False: the hours of the settings stand, whatever the file shows

    Raises
    ------
    PlanError : no such store (names the nearest), it has no pickup, or hours are read and go past midnight
    """
    notes: list[str] = []
    lines = log.lines
    if lines["store_id"].isna().all():
        notes.append("no store_id: every order counts as one of this store")
        lines, name = lines.assign(store_id=store or "store"), store or "store"
    else:
        name = _choose(lines, store, notes)
        lines = lines[lines["store_id"] == name]
    if lines["fulfilment"].isna().all():
        notes.append("no fulfilment: every order counts as a pickup; walk-in customers at the counter are not known")
        lines = lines.assign(fulfilment="pickup")
    other = int((~lines["fulfilment"].isin(list(_FLOWS))).sum())
    if other:
        notes.append(f"{other:,} lines that are neither picked up nor bought in the store are left out")
    lines = lines[lines["fulfilment"].isin(list(_FLOWS)) & (lines["status"] != "cancelled")]
    orders = _orders(lines)
    pickups = int((orders["kind"] == PICKUP).sum())
    if pickups == 0:
        raise PlanError(f"store '{name}' has no pickup order in {log.file}; its orders: {_counts(lines)}")
    if not (orders["kind"] == WALK_IN).any():
        notes.append("no orders bought in the store: the counter serves collections only")
    if not (orders["promised"] >= 0).any():
        notes.append("no promised_at: the promise is that of promise_h")
    if not (orders["collected"] >= 0).any():
        notes.append("no collected_at: customers come as network.pickup says (collect_median_h, collect_sigma, no_show)")
    dates = np.unique(orders["day"].to_numpy())
    closed = np.setdiff1d(np.arange(dates[0], dates[-1] + 1), dates)
    first, last, told = _hours(orders, opens, closes) if read_hours else (opens, closes, "network.stores.opens and closes")
    left_out = np.intersect1d(dates, holidays) if holidays is not None else np.zeros(0, np.int64)
    notes += _told(left_out, holidays)
    growth, told_growth = weekly_growth(orders, np.setdiff1d(dates, left_out))
    if told_growth:
        notes.append(told_growth)
    shut = _shut(orders)
    if shut:
        notes.append(f"closed on {', '.join(WEEKDAYS[w] for w in sorted(shut))}: orders come, but nothing is sold, made ready or collected in the store")
    return StoreHistory(name, orders, dates, closed, first, last, told, tuple(notes), growth, shut, left_out)


def _told(left_out: np.ndarray, holidays: np.ndarray | None) -> list[str]:
    """Which holidays are left out, and which are no days of the file."""
    other = np.setdiff1d(holidays if holidays is not None else left_out, left_out)
    said = [f"holidays that are not planned from: {_dates(left_out)}"] if len(left_out) else []
    return said + ([f"holidays that are no days with orders in the file: {_dates(other)}"] if len(other) else [])


def _dates(days: np.ndarray) -> str:
    return ", ".join(map(date_text, days[:_SHOWN].tolist())) + (f" and {len(days) - _SHOWN} more" if len(days) > _SHOWN else "")


def _choose(lines: pd.DataFrame, store: str | None, notes: list[str]) -> str:
    names = lines["store_id"].dropna()
    known = sorted(names.unique())
    if store is not None and store not in known:
        near = nearest(store, known)
        hint = f"; nearest: '{near}'" if near else ""
        raise PlanError(f"store: '{store}' is not in the file; its stores: {', '.join(known[:20])}{hint}")
    if store is not None:
        return store
    picked = lines.loc[lines["fulfilment"].map(_FLOWS) == PICKUP, "store_id"].value_counts()
    name = str(picked.index[0]) if len(picked) else str(names.value_counts().index[0])
    if len(known) > 1:
        notes.append(f"no store named: the one with the most pickups of {len(known)} (store={name})")
    return name


def _counts(lines: pd.DataFrame) -> str:
    counts = lines["fulfilment"].value_counts()
    return ", ".join(f"{k} {v:,}" for k, v in counts.items()) or "none that are picked up or bought there"


def _orders(lines: pd.DataFrame) -> pd.DataFrame:
    """One row an order, in order of time."""
    shift = lines["placed_local"] - lines["placed_utc"]
    local = {n: np.where(lines[f"{n}_utc"] >= 0, lines[f"{n}_utc"] + shift, -1) for n in ("promised", "ready", "collected")}
    frame = lines.assign(**local, kind=lines["fulfilment"].map(_FLOWS), place=lines["fulfilment"].map(_PLACES), expired=lines["status"] == "expired")
    out = frame.groupby("order_id", sort=False).agg(
        kind=("kind", "first"), place=("place", "first"), placed=("placed_local", "min"), units=("units", "sum"), promised=("promised", "max"),
        ready=("ready", "max"), collected=("collected", "max"), expired=("expired", "any"),
    )  # fmt: skip
    out["day"], out["second"] = out["placed"] // DAY, out["placed"] % DAY
    return out.reset_index().sort_values(["placed", "order_id"], kind="stable").reset_index(drop=True)


def _hours(orders: pd.DataFrame, opens: int, closes: int) -> tuple[int, int, str]:
    """Opening hours from the times at which people were in the store, on half hours."""
    walked = orders.loc[orders["kind"] == WALK_IN, "second"].to_numpy()
    collected = orders.loc[(orders["collected"] >= 0) & (orders["place"] != LOCKER), "collected"].to_numpy() % DAY  # boxes are open at night
    seen = np.sort(np.concatenate([walked, collected]))
    if len(seen) < _LEAST_SEEN:
        return opens, closes, "network.stores.opens and closes (too few visits in the file to read them)"
    low, high = seen[int(_OUTLIERS * len(seen))], seen[len(seen) - 1 - int(_OUTLIERS * len(seen))]
    if low < _SMALL_HOURS and high > DAY - HOUR:
        raise PlanError(
            f"people were in the store before {_SMALL_HOURS // HOUR}:00 and after 23:00: a store that is open past midnight cannot be planned; "
            "shift its times so that a day's opening hours lie within one date"
        )
    first, last = int(low) // _HALF_HOUR * _HALF_HOUR, -(-int(high) // _HALF_HOUR) * _HALF_HOUR
    if last - first < 2 * HOUR:
        return opens, closes, "network.stores.opens and closes (the visits in the file span less than two hours)"
    return first, min(last, DAY), f"{len(seen):,} visits and collections in the file"


def hours_not_told(lines: pd.DataFrame) -> list[str]:
    """Stores whose orders do not tell their opening hours: too few sales and collections, or no pickup; "" one that has no name, and all of them where the orders show none.

    lines : of an order log; told as `store_history` tells them, from the first line of each order. Oracle: tests/twin/test_hours_told.py.
    """
    if lines["fulfilment"].isna().all():
        lines = lines.assign(fulfilment="pickup")
    mine = lines[lines["fulfilment"].isin(list(_FLOWS)) & (lines["status"] != "cancelled")].drop_duplicates("order_id")
    if mine.empty:
        return [""]
    orders = pd.DataFrame({
        "store": mine["store_id"].fillna(""), "kind": mine["fulfilment"].map(_FLOWS), "place": mine["fulfilment"].map(_PLACES), "second": mine["placed_local"] % DAY,
        "collected": np.where(mine["collected_utc"] >= 0, mine["collected_utc"] + mine["placed_local"] - mine["placed_utc"], -1),
    })  # fmt: skip
    out = []
    for store, own in orders.groupby("store"):
        try:
            told = _hours(own, -1, -1)[0] >= 0
        except PlanError:
            told = False
        if not told or not (own["kind"] == PICKUP).any():
            out.append(str(store))
    return out


def _shut(orders: pd.DataFrame) -> frozenset[int]:
    """Weekdays with orders on which nothing happens in the store, where the file tells what happens there."""
    there = [orders.loc[orders["kind"] == WALK_IN, "day"].to_numpy()]
    there += [orders.loc[orders[name] >= 0, name].to_numpy() // DAY for name in ("ready", "collected")]
    days = np.concatenate(there)
    if len(days) < _LEAST_SEEN:
        return frozenset()
    seen = np.bincount(weekday_of(days), minlength=7)
    ordered = np.bincount(weekday_of(orders["day"].to_numpy()), minlength=7)
    return frozenset(w for w in range(7) if ordered[w] > 0 and seen[w] < _HARDLY * len(days))


def weekly_growth(orders: pd.DataFrame, dates: np.ndarray) -> tuple[float, str]:
    """Log growth a week of orders on trading days, weekdays taken out, and what to say of it.

    A regression of the log of each day's orders on weekday and time, shrunk by how little is known of it
    (slope^2 / (slope^2 + error^2)); 0 from less than six weeks, or where it is smaller than its standard error.
    """
    if len(dates) < _WEEKS * 6 or dates[-1] - dates[0] < 7 * _WEEKS:
        return 0.0, ""
    placed = orders["day"].to_numpy()
    counts = np.bincount(np.searchsorted(dates, placed[np.isin(placed, dates)]), minlength=len(dates)).astype(float)
    y = np.array([float(log64(c)) for c in counts])
    week, day = (dates - dates[0]) / 7.0, weekday_of(dates)
    for weekday in range(7):  # differences from the weekday's own mean: least squares with a constant for each
        mine = day == weekday
        if mine.any():
            y[mine] -= y[mine].mean()
            week[mine] -= week[mine].mean()
    left = len(dates) - 8
    spread = float((week * week).sum())
    slope = float((week * y).sum()) / spread
    error = float(np.sqrt(((y - slope * week) ** 2).sum() / left / spread))
    if abs(slope) <= error or abs(slope) > _FASTEST:
        return 0.0, ""
    low, high = 100 * (slope - 2 * error), 100 * (slope + 2 * error)
    kept = slope * slope * slope / (slope * slope + error * error)
    return kept, f"orders move {100 * slope:+.1f} % a week ({low:+.1f} to {high:+.1f}); {100 * kept:+.1f} % is taken: past days are brought to the week after the last day"


def hour_of_week(history: StoreHistory, kind: int) -> np.ndarray:
    """(7, 24) float64, mean orders of a kind an hour on trading days of each weekday; NaN without such a day."""
    out = np.full((7, 24), np.nan)
    for weekday in range(7):
        days = history.days_of(weekday)
        if len(days):
            rows = history.of_days(days, kind)
            out[weekday] = np.bincount(rows["second"] // HOUR, minlength=24)[:24] / len(days)
    return out


def promise_of(history: StoreHistory) -> float | None:
    """The promise that was kept to, in opening seconds after the order: the median over pickups; None without one."""
    rows = history.orders[(history.orders["kind"] == PICKUP) & (history.orders["promised"] >= 0)]
    if len(rows) == 0:
        return None
    spent = [history.open_seconds(rows[name].to_numpy()) for name in ("promised", "placed")]
    return float(np.median(spent[0] - spent[1]))
