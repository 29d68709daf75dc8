"""A store's days as two bare stations, pickers and counter: what the fulfilment engine would say, in a small part of its time.

The bare stations know an order's times and nothing else. They are used where that is all there is to it (`Bare.can`):
two pools of people, every order picked by itself, no bay for a car to wait for. One pool, trips and bays are the engine's.
"""

from __future__ import annotations

import numpy as np

from omosim.fulfilment.rules import NetworkRules
from omosim.kernels.fulfilment_run import in_order
from omosim.kernels.station import LEFT, counter_days, pick_days
from omosim.planning.demand import Draws, Shop, replicate_of
from omosim.planning.history import CURBSIDE
from omosim.schema.codes import Flow
from omosim.schema.columns import DAY, FLAG_QUEUE_LEFT

_AFTER_S = NetworkRules().after_opening_s
_BESIDES = ("extra_units", "unwanted", "fit_s", "alter_s", "session_s", "misfit", "mind", "try_on", "intent")  # what a bare station knows nothing of

Changes = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # (c,) int64: second, pickers, counter, doors open


def _groups(rows: np.ndarray) -> np.ndarray:
    """Twice the replicate of each row, one more for walk-ins: replicate by replicate, pickups first. Short numbers, which are sorted by their digits."""
    group = 2 * replicate_of(rows["key"]) + (rows["flow"] == Flow.VISIT)
    return group.astype(np.uint16) if len(group) and group.max() < 1 << 16 else group


class Bare:
    """DEMAND rows as the stations take them: made once, tried with many staffs, by several threads at once. The rows stay with whoever asks.

    Parameters
    ----------
    shop : the store
    rows : DEMAND rows
    draws : how they were drawn
    """

    def __init__(self, shop: Shop, rows: np.ndarray, draws: Draws) -> None:
        self.shop = shop
        key, group = np.ascontiguousarray(rows["key"]), _groups(rows)
        order = np.argsort(group, kind="stable")
        if not in_order(np.ascontiguousarray(rows)):
            order = np.lexsort((key, rows["t"], group))
        keys, count = key[order], np.arange(len(rows))
        first = np.searchsorted(group[order], np.arange(2 * draws.reps + 1)).astype(np.int64)
        self._first, self._split = np.ascontiguousarray(first[::2]), np.ascontiguousarray(first[1::2])
        by = order
        self._place: np.ndarray | None = None  # of the book's rows in the stations' order, where that is another
        turn = count
        if (keys[1:] <= keys[:-1]).any():  # as a rule orders are numbered in the order of their times
            by, self._place = np.argsort(key), np.argsort(keys)
            turn = np.empty(len(rows), np.int64)
            turn[np.lexsort((keys, group[order]))] = count
        self._turn = turn - np.repeat(self._first[:-1], np.diff(self._first))
        columns = ("t", "pick_s", "counter_s", "collect_lag_s", "patience_s")
        self._t, self._pick, self._work, self._lag, self._patience = (rows[name].astype(np.int64)[order] for name in columns)
        named, placed, promise = (rows[name][by] for name in ("key", "flow", "offer")), rows["t"][by], rows["promise_s"][by]
        self._columns = dict(zip(("key", "flow", "offer"), named, strict=True)) | {"placed_at": placed, "promised_at": np.where(promise >= 0, placed + promise, -1)}
        self._most = int(np.diff(self._first).max(initial=0)) + 1
        self._nobody, self._endless = np.zeros(self._most, np.int64), np.full(self._most, -1, np.int64)

    @staticmethod
    def can(shop: Shop, rows: np.ndarray) -> bool:
        """Whether bare stations give what the engine gives."""
        how, pickup = shop.how, rows["flow"] == Flow.PICKUP
        if how.pooled or not (pickup | (rows["flow"] == Flow.VISIT)).all() or any(rows[name].any() for name in _BESIDES):
            return False
        if (how.batch > 1 and pickup.any()) or (how.bays and (rows["offer"][pickup] == CURBSIDE).any()):
            return False
        return bool((rows["patience_s"][pickup] < 0).all() and (rows["units"] > 0).all() and (rows["pick_s"] >= 0).all() and (rows["counter_s"] >= 0).all())

    @property
    def until(self) -> int:
        """Second at which the simulation ends."""
        return (self.shop.days_before + 2) * DAY

    def _by_key(self, column: np.ndarray) -> np.ndarray:
        return column if self._place is None else column[self._place]

    def ready(self, changes: Changes) -> np.ndarray:
        """(n,) seconds at which pickups are ready, -1 never; in the stations' own order."""
        when, pickers, _, doors = changes
        ready = np.full(len(self._t), -1, np.int64)
        start, follow = np.empty((2, self._most), np.int64)
        pick_days(self._first, self._split, self._t, self._pick, when, pickers, doors, self.until, ready, start, follow,
                  np.empty(int(pickers.max(initial=0)) + 1, np.int64), self._nobody, self._endless)  # fmt: skip
        return ready

    def book(self, ready: np.ndarray, changes: Changes | None) -> dict[str, np.ndarray]:
        """Columns of the BOOK that a day's figures need, in the order of keys; without `changes` nobody comes to the counter."""
        arrived, served, done, wait = np.full((4, len(self._t)), -1, np.int64)
        if changes is None:
            wait[:] = 0
        else:
            when, _, counter, doors = changes
            shop = self.shop
            hours = np.array([shop.opens, shop.closes, _AFTER_S, shop.hold_s], np.int64)
            trades = np.array([*shop.trades, True], np.int64)
            counter_days(self._first, self._split, self._t, self._work, self._lag, self._patience, self._turn, ready, hours, trades,
                         when, counter, doors, self.until, arrived, served, done, wait, np.empty((7, self._most), np.int64),
                         np.empty(int(counter.max(initial=0)) + 1, np.int64), self._nobody)  # fmt: skip
        made = {"ready_at": ready, "arrived_at": arrived, "served_at": np.maximum(served, -1), "done_at": done, "wait_s": wait,
                "flags": np.where(served == LEFT, FLAG_QUEUE_LEFT, 0)}  # fmt: skip
        return self._columns | {name: self._by_key(column) for name, column in made.items()}
