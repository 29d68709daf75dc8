"""A store's days as two bare stations, pickers and counter: what the fulfilment engine would say, in a small part of its time.

The bare stations know an order's times and nothing else. They are used where that is all there is to it (`Bare.can`):
two pools of people, every order picked by itself, no bay for a car to wait for. One pool, trips and bays are the engine's.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from omosim.fulfilment.rules import NetworkRules
from omosim.kernels.station import LEFT, counter_days, pick_days
from omosim.planning.demand import Draws, Shop, replicate_of
from omosim.planning.history import CURBSIDE
from omosim.schema.codes import Flow
from omosim.schema.columns import DAY, FLAG_QUEUE_LEFT

_AFTER_S = NetworkRules().after_opening_s
_BESIDES = ("extra_units", "unwanted", "fit_s", "alter_s", "session_s", "misfit", "mind", "try_on", "intent")  # what a bare station knows nothing of

Changes = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # (c,) int64: second, pickers, counter, doors open


class Bare:
    """DEMAND rows as the stations take them: made once, tried with many staffs, by several threads at once.

    Parameters
    ----------
    shop : the store
    rows : DEMAND rows
    draws : how they were drawn
    """

    def __init__(self, shop: Shop, rows: np.ndarray, draws: Draws) -> None:
        self.shop = shop
        key, walk_in = np.ascontiguousarray(rows["key"]), rows["flow"] == Flow.VISIT
        by_key = np.argsort(key)
        rep = replicate_of(key)
        order = np.lexsort((key, rows["t"], walk_in, rep))
        rank = np.empty(len(rows), np.int64)
        rank[by_key] = np.arange(len(rows))
        self._place = rank[order]  # in the book's order
        self._in_order = bool((self._place == np.arange(len(rows))).all())
        self.rows, self._by = rows, by_key
        columns = ("t", "pick_s", "counter_s", "collect_lag_s", "patience_s")
        self._t, self._pick, self._work, self._lag, self._patience = (np.ascontiguousarray(rows[name][order], np.int64) for name in columns)
        self._first = np.searchsorted(rep[order], np.arange(draws.reps + 1)).astype(np.int64)
        visits = np.concatenate([[0], np.cumsum(walk_in[order])])
        self._split = self._first[1:] - (visits[self._first[1:]] - visits[self._first[:-1]])
        turn = np.lexsort((key[order], walk_in[order], rep[order]))
        self._turn = np.empty(len(rows), np.int64)
        self._turn[turn] = np.arange(len(rows)) - np.repeat(self._first[:-1], np.diff(self._first))
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
        return bool((rows["patience_s"][pickup] < 0).all() and (rows["pick_s"] >= 0).all() and (rows["counter_s"] >= 0).all())

    @property
    def until(self) -> int:
        """Second at which the simulation ends."""
        return (self.shop.days_before + 2) * DAY

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        key, flow, offer, placed, promise = (self.rows[name][self._by] for name in ("key", "flow", "offer", "t", "promise_s"))
        return {"key": key, "flow": flow, "offer": offer, "placed_at": placed, "promised_at": np.where(promise >= 0, placed + promise, -1)}

    def _by_key(self, column: np.ndarray) -> np.ndarray:
        if self._in_order:
            return column
        out = np.empty_like(column)
        out[self._place] = column
        return out

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
