"""How many orders a slot can carry: all slots full to their limit, and the promise and the wait are still kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from omosim.planning.demand import WALK_IN, Draws, Pool, WorkLaw, blank_rows, quantiles, row_keys
from omosim.planning.history import LOCKER, QUARTER
from omosim.planning.hours import after_open_seconds
from omosim.planning.simulate import DayResult, Shop, Staff
from omosim.schema.codes import Flow
from omosim.schema.columns import DAY

_HALVINGS = 8
_FULLEST = 2.0  # of the pickers' time; nothing is kept beyond
_SLOTS = (0, WALK_IN)  # role and kind that no drawn order has: walk-in customers of the first day


@dataclass(frozen=True)
class SlotLimits:
    """Orders that may be booked for each slot.

    Parameters
    ----------
    begins, ends : (s,) second of the day of the hand-over
    limit, low, high : (s,) orders; the interval is that of the share of pickers' time that can be filled
    filled : that share
    """

    begins: np.ndarray
    ends: np.ndarray
    limit: np.ndarray
    low: np.ndarray
    high: np.ndarray
    filled: float


def slots_of(shop: Shop, minutes: int) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of the day at which slots begin and end."""
    begins = np.arange(shop.opens, shop.closes, minutes * 60)
    return begins, np.minimum(begins + minutes * 60, shop.closes)


def picker_seconds(shop: Shop, staff: Staff, begins: np.ndarray, ends: np.ndarray, promise_s: int) -> np.ndarray:
    """Seconds of pickers' time in which the orders of each slot can be picked: a promise earlier, by opening hours.

    A slot's own time is as long as the slot; what is due in the first hours was released on the evening before.
    """
    edges = np.concatenate([[0], np.cumsum(staff.pickers * QUARTER)]).astype(float)

    def done_by(second: np.ndarray) -> np.ndarray:
        inside = np.clip(second, 0, DAY)
        whole = np.minimum(inside // QUARTER, len(staff.pickers) - 1).astype(int)
        return edges[whole] + staff.pickers[whole] * (inside - whole * QUARTER)

    released = [after_open_seconds(edge + DAY, -promise_s, shop.opens, shop.closes) for edge in (begins, ends)]
    total = edges[-1]
    return np.asarray(done_by(released[1] % DAY) + (released[1] // DAY) * total - done_by(released[0] % DAY) - (released[0] // DAY) * total)


def _days(shop: Shop, promise_s: int) -> np.ndarray:
    """Simulated days that have slots: later ones too, as their orders are picked on the planned one."""
    return np.setdiff1d(np.arange(shop.days_before + 2 + promise_s // (shop.closes - shop.opens)), shop.closed)


def most_rows(shop: Shop, staff: Staff, promise_s: int, pick_s: float) -> float:
    """Orders of one replicate whose slots are as full as any that are tried."""
    return _FULLEST * float(staff.pickers.sum()) * QUARTER / max(pick_s, 1e-9) * len(_days(shop, promise_s))


def full_rows(shop: Shop, rows: np.ndarray, draws: Draws, limit: np.ndarray, begins: np.ndarray, ends: np.ndarray,
              promise_s: int, pool: Pool, work: WorkLaw) -> np.ndarray:  # fmt: skip
    """The walk-in customers of `rows`, and pickups that fill every slot of every day to its limit.

    A slot's orders come a promise before it, evenly over a time as long as the slot; so do their customers in the slot.
    """
    service = quantiles(work.shape)
    count = int(limit.sum())
    slot = np.repeat(np.arange(len(limit)), limit)
    place = np.arange(count) - np.repeat(np.cumsum(limit) - limit, limit)
    width = (ends - begins)[slot]
    days = _days(shop, promise_s)
    comes = (begins[slot] + (place + 0.5) / np.maximum(limit[slot], 1) * width).astype(np.int64)
    release = shop.promised(begins[slot][None, :] + (days * DAY)[:, None], -promise_s)
    release = release + (place / np.maximum(limit[slot], 1) * width).astype(np.int64)
    one = blank_rows(release.size)
    one["t"] = release.ravel()
    one["promise_s"] = shop.promised(one["t"], promise_s) - one["t"]
    golden = (np.arange(one.size) * 0.6180339887498949) % 1.0
    like = (golden * len(pool.units)).astype(int)
    units = pool.units[like]
    one["offer"] = pool.place[like]
    one["units"] = units
    one["flow"] = Flow.PICKUP
    mixed = (np.arange(one.size) * 0.7548776662466927) % 1.0
    one["pick_s"] = np.rint(work.pick(units) * service[(mixed * service.size).astype(int)])
    one["counter_s"] = np.rint(work.counter_s * service[((mixed * 7.3) % 1.0 * service.size).astype(int)])
    one["collect_lag_s"] = np.maximum((comes[None, :] + (days * DAY)[:, None]).ravel() - one["t"] - one["pick_s"], 0)
    one["collect_lag_s"][one["offer"] == LOCKER] = -1
    one = one[one["t"] >= 0]  # released before the first simulated day: picked by then
    walk_in = rows[rows["flow"] == Flow.VISIT]
    many = np.tile(one, draws.reps)
    rep = np.repeat(np.arange(draws.reps, dtype=np.int64), one.size)
    many["node"] = rep + 1
    turn = np.tile(np.arange(one.size), draws.reps)
    many["pick_s"] = one["pick_s"][(turn + 37 * rep) % max(one.size, 1)] if one.size else many["pick_s"]
    many["key"] = row_keys(rep, *_SLOTS, turn)
    out = np.concatenate([walk_in, many])
    return out[np.lexsort((out["key"], out["t"]))]


def largest(shop: Shop, staff: Staff, minutes: int, promise_s: int, pick_s: float,
            fill: Callable[[np.ndarray], DayResult], kept: Callable[[DayResult, float], bool], both: Executor) -> SlotLimits:  # fmt: skip
    """The largest limits, each slot's by its pickers' time, at which full slots keep the targets.

    Parameters
    ----------
    pick_s : mean seconds of picking an order
    fill : limits -> result of days whose slots are full
    kept : (result, z) -> whether the targets hold, their shares lowered by z standard errors
    both : where the searches for the limit and for its interval's ends run side by side
    """
    begins, ends = slots_of(shop, minutes)
    time = picker_seconds(shop, staff, begins, ends, promise_s)

    def at(part: float) -> np.ndarray:
        """Whole orders whose running total is that of the pickers' time: no slot loses its fraction."""
        total = np.floor(part * np.cumsum(time) / max(pick_s, 1e-9) + 0.5).astype(np.int64)
        return np.diff(total, prepend=0)

    def fullest(z: float) -> float:
        low, high = 0.0, _FULLEST
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if kept(fill(at(middle)), z):
                low = middle
            else:
                high = middle
        return low

    best, sure, hoped = both.map(fullest, (0.0, 1.96, -1.96))
    return SlotLimits(begins, ends, at(best), at(min(sure, best)), at(max(hoped, best)), best)
