"""What a store's day is like: orders by the quarter hour, how days differ, what an order holds; and draws of such days."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from omosim.kernels.mathx import exp64, norm_ppf64
from omosim.kernels.planning_days import day_effect, draw_orders, fill_gamma, fill_weights
from omosim.planning.history import DAY, LOCKER, PICKUP, QUARTER, WALK_IN, StoreHistory
from omosim.planning.hours import after_open_seconds, open_seconds
from omosim.schema.columns import DEMAND, HOUR
from omosim.schema.settings import NetworkSettings

QUARTERS = DAY // QUARTER
SMOOTH = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9.0  # over five quarter hours
KINDS = (PICKUP, WALK_IN)
_KNOTS = 1024
_OWN_POOL = 200  # pickups of the weekday from which on only they are taken after


@dataclass(frozen=True)
class Ways:
    """How the store's people work, as `network.operations` says.

    Parameters
    ----------
    pooled : one pool of people picks and serves
    batch : most orders picked on one trip, below 2 each by itself
    walk_s : part of an order's picking time that a trip has once
    bays : places for cars, 0 orders for the car are handed over at the counter
    """

    pooled: bool = False
    batch: int = 0
    walk_s: int = 0
    bays: int = 0

    @classmethod
    def of(cls, network: NetworkSettings) -> Ways:
        """From settings."""
        how = network.operations
        return cls(how.pooled_staff, how.batch_orders, round(how.walk_s), how.curbside_bays)

    @property
    def saved_s(self) -> int:
        """Seconds of walking that an order on the fullest trip saves."""
        return self.walk_s - self.walk_s // self.batch if self.batch > 1 else 0


@dataclass(frozen=True)
class Shop:
    """The store as it is planned.

    Parameters
    ----------
    opens, closes : second of the day
    trades : whether the store is open on each simulated day, the planned one last
    hold_s : shelf time of a pickup
    limit_s : wait that still counts as short
    how : how its people work
    """

    opens: int
    closes: int
    trades: tuple[bool, ...]
    hold_s: int
    limit_s: int
    how: Ways = Ways()

    @property
    def days_before(self) -> int:
        """Simulated days before the planned one."""
        return len(self.trades) - 1

    @property
    def last_closing(self) -> int:
        """Second of the closing before the planned day; 0 when the store was closed all the days before."""
        days = [d for d in range(self.days_before) if self.trades[d]]
        return days[-1] * DAY + self.closes if days else 0

    @cached_property
    def closed(self) -> np.ndarray:
        """Simulated days on which the store is closed; the day after the planned one stands for the next open one."""
        return np.flatnonzero(~np.array(self.trades))

    def promised(self, second: np.ndarray, promise_s: int) -> np.ndarray:
        """When an order of each simulated second is promised; a negative promise counts back."""
        return after_open_seconds(second, promise_s, self.opens, self.closes, self.closed)

    def open_seconds(self, second: np.ndarray) -> np.ndarray:
        """Open seconds up to each simulated second."""
        return open_seconds(second, self.opens, self.closes, self.closed)


def row_keys(rep: int | np.ndarray, role: int, kind: int, number: np.ndarray) -> np.ndarray:
    """Keys of orders as `draw_orders` packs them: replicate, place of the day in it, kind, running number."""
    return ((((np.asarray(rep, np.int64) * 16 + role) * 2 + kind) << 24) | np.asarray(number, np.int64)) << 8


def replicate_of(keys: np.ndarray) -> np.ndarray:
    """Replicate of each key."""
    return (keys >> 37).astype(np.int64)


def thinned(rows: np.ndarray, draws: Draws, inner: int) -> tuple[np.ndarray, Draws]:
    """Rows of the first few replicates of every group, one at least, numbered anew; and how they are drawn."""
    inner = min(max(inner, 1), draws.inner)
    rep = replicate_of(rows["key"])
    group, place = np.divmod(rep, draws.inner)
    kept = place < inner
    out, number = rows[kept].copy(), (group * inner + place)[kept]
    out["key"] += (number - rep[kept]) << 37
    out["node"] = number + 1
    return out, replace(draws, inner=inner)


def blank_rows(count: int) -> np.ndarray:
    """DEMAND rows of customers who have no second wish, no promise yet and endless patience."""
    rows = np.zeros(count, DEMAND)
    for name in ("promise_s", "alt_promise_s", "alt_sku", "second_node", "return_node", "patience_s"):
        rows[name] = -1
    return rows


@lru_cache(maxsize=8)
def quantiles(shape: float) -> np.ndarray:
    """(1024,) quantiles of a gamma service time of mean 1."""
    out = np.empty(_KNOTS)
    fill_gamma(shape, out)
    return out


@dataclass(frozen=True)
class Pool:
    """Past orders of a kind, sorted by second of the day: units, seconds from ready to collection (-1 never comes to the counter), and place of hand-over."""

    second: np.ndarray
    units: np.ndarray
    lag: np.ndarray
    place: np.ndarray

    @property
    def reach(self) -> int:
        """How many neighbours in time of day an order may take after."""
        return min(len(self.second), max(50, len(self.second) // 20))


@dataclass(frozen=True)
class DayLaw:
    """Orders of one weekday.

    Parameters
    ----------
    weekday : 0 Monday
    dates : (n,) past days, local days since 1970
    counts : (2, n, 96) float64, orders of each kind by past day and quarter hour, smoothed over five of them
    shape : gamma shape of the factor between days; 0 when days differ no more than chance
    pools : orders to take after, of each kind
    levels : (w,) ascending factors of worlds on all orders, one of which each group stands in; None: each group weighs the past days anew
    """

    weekday: int
    dates: np.ndarray
    counts: np.ndarray
    shape: float
    pools: tuple[Pool, Pool]
    levels: np.ndarray | None = None

    def mean(self, kind: int) -> np.ndarray:
        """(96,) mean orders of a kind in each quarter hour."""
        return self.counts[kind].mean(axis=0) if len(self.dates) else np.zeros(QUARTERS)


def learn(history: StoreHistory, weekday: int, days: np.ndarray, network: NetworkSettings, level_of: int | None = None) -> DayLaw:
    """The law of a weekday from past days of it (it may have none: a day without orders).

    level_of : local day to whose level the file's growth brings them; none: the middle of the week after the last
    """
    raised = history.raised_to(days, int(history.dates[-1]) + 4 if level_of is None else level_of)[:, None]
    counts = np.zeros((2, len(days), QUARTERS))
    for kind in KINDS:
        rows = history.of_days(days, kind)
        place = np.searchsorted(days, rows["day"].to_numpy())
        np.add.at(counts[kind], (place, rows["second"].to_numpy() // QUARTER), rows["weight"].to_numpy() if "weight" in rows else 1.0)
        counts[kind] = raised * _smoothed(counts[kind], history if kind == WALK_IN else None)
    return DayLaw(weekday, days, counts, history.day_shape(days, counts.sum(axis=(0, 2))), (_pool(history, days, network), _walk_pool(history, days)), history.levels)


def _smoothed(counts: np.ndarray, doors: StoreHistory | None) -> np.ndarray:
    """Moving average round the clock; walk-ins stay inside opening hours. Each day keeps its total."""
    wide = np.concatenate([counts[:, -2:], counts, counts[:, :2]], axis=1)
    out = sum(w * wide[:, i : i + QUARTERS] for i, w in enumerate(SMOOTH))
    if doors is not None:
        at = np.arange(QUARTERS) * QUARTER
        out = np.where((at >= doors.opens) & (at < doors.closes), out, 0.0)
    total = out.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, out * counts.sum(axis=1, keepdims=True) / np.maximum(total, 1e-12), 0.0))


def _pool(history: StoreHistory, days: np.ndarray, network: NetworkSettings) -> Pool:
    rows = history.of_days(days, PICKUP)
    if len(rows) < _OWN_POOL:
        rows = history.orders[history.orders["kind"] == PICKUP]
    rows = rows.sort_values("second", kind="stable")
    if history.has("ready") and history.has("collected"):
        known = rows[(rows["ready"] >= 0) & ((rows["collected"] >= 0) | rows["expired"])]
        if len(known):
            rows = known
        lag = np.where(rows["expired"], -1, np.maximum(rows["collected"] - rows["ready"], 0))
    else:
        lag = _usual_lags(len(rows), network)
    lag = np.where(rows["place"] == LOCKER, -1, lag)
    return Pool(*(np.ascontiguousarray(x, np.int64) for x in (rows["second"], rows["units"], lag, rows["place"])))


def _usual_lags(count: int, network: NetworkSettings) -> np.ndarray:
    """Lags of the settings, spread over the pool so that neighbours in time differ."""
    pickup = network.pickup
    place = (np.arange(count) * 0.6180339887498949) % 1.0  # golden steps: each stretch holds every quantile
    never = place < pickup.no_show
    level = np.clip((place - pickup.no_show) / max(1e-9, 1 - pickup.no_show), 1e-6, 1 - 1e-6)
    lag = [pickup.collect_median_h * HOUR * float(exp64(pickup.collect_sigma * norm_ppf64(u))) for u in level.tolist()]
    return np.where(never, -1, np.rint(lag))


def _walk_pool(history: StoreHistory, days: np.ndarray) -> Pool:
    rows = history.of_days(days, WALK_IN).sort_values("second", kind="stable")
    if len(rows) == 0:
        return Pool(np.zeros(1, np.int64), np.ones(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64))
    second, units = (np.ascontiguousarray(rows[c], np.int64) for c in ("second", "units"))
    return Pool(second, units, np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64))


@dataclass(frozen=True)
class Draws:
    """How replicates are drawn.

    Parameters
    ----------
    key0, key1 : key words of every draw
    groups : sets of weights of past days; each stands for a store that the past days do not rule out
    inner : replicates of each group
    """

    key0: int
    key1: int
    groups: int
    inner: int

    @property
    def reps(self) -> int:
        """Replicates in all."""
        return self.groups * self.inner


@dataclass(frozen=True)
class WorkLaw:
    """Work contents: seconds of picking an order and a unit, counter seconds of a pickup and a walk-in, patience, shape."""

    pick_base_s: float
    pick_unit_s: float
    counter_s: float
    checkout_s: float
    patience_s: float
    shape: float

    @classmethod
    def of(cls, network: NetworkSettings) -> WorkLaw:
        """From settings."""
        w = network.work
        return cls(w.pick_base_s, w.pick_unit_s, w.counter_s, w.checkout_s, 60.0 * w.patience_minutes, w.shape)

    def pick(self, units: np.ndarray) -> np.ndarray:
        """Mean seconds of picking an order of so many units."""
        return self.pick_base_s + self.pick_unit_s * np.asarray(units, float)


def draw(laws: list[DayLaw], draws: Draws, work: WorkLaw, shop: Shop, promise_s: int, factor: float = 1.0) -> np.ndarray:
    """DEMAND rows of every replicate, sorted by (t, key); day i of the run has laws[i].

    Walk-in customers come on the last day only: earlier days give their pickups, which still stand on the shelf.
    """
    service = quantiles(work.shape)
    expected = sum(law.mean(PICKUP).sum() for law in laws) + laws[-1].mean(WALK_IN).sum()
    out = np.zeros(int(draws.reps * (expected * 1.5 * max(factor, 1.0) + 200)), DEMAND)
    n = 0
    weights = [np.empty(len(law.dates)) for law in laws]
    for rep in range(draws.reps):
        for role, law in enumerate(laws):
            if len(law.dates) == 0:
                continue
            if rep % draws.inner == 0 and law.levels is None:
                fill_weights(draws.key0, draws.key1, rep // draws.inner * 16 + role, weights[role])
            elif rep % draws.inner == 0 and law.levels is not None:  # even quantiles of the worlds
                weights[role][:] = law.levels[(2 * (rep // draws.inner) + 1) * len(law.levels) // (2 * draws.groups)] / len(law.dates)
            today = factor * day_effect(draws.key0, draws.key1, rep, role, law.shape)
            for kind in KINDS if role == len(laws) - 1 else (PICKUP,):
                cum = np.concatenate([[0.0], np.cumsum((weights[role][:, None] * law.counts[kind]).sum(axis=0))])  # no BLAS: bytes are promised
                pool = law.pools[kind]
                mean = work.counter_s if kind == PICKUP else work.checkout_s
                effort = np.array([work.pick_base_s, work.pick_unit_s, mean, work.patience_s, 0.0])
                while (more := draw_orders(
                    draws.key0, draws.key1, rep, role, kind, cum, role * DAY, today, pool.second, pool.units, pool.lag,
                    pool.place, pool.reach, effort, service, out, n,
                )) < 0:  # fmt: skip
                    out = np.concatenate([out, np.zeros_like(out)])
                n += more
    rows = out[:n]
    pick = rows["flow"] == 2
    rows["promise_s"][pick] = shop.promised(rows["t"][pick], promise_s) - rows["t"][pick]
    return rows[np.lexsort((rows["key"], rows["t"]))]
