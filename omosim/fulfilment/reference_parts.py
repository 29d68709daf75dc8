"""Parts of the reference engine: an order, and a pool of staff with its queue."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import simpy

from omosim.schema.codes import Flow, Status
from omosim.schema.columns import BOOK, DEMAND
from omosim.schema.network import AT_NONE, HOLD, STATION

BOOK_NAMES: tuple[str, ...] = BOOK.names or ()
DEMAND_NAMES: tuple[str, ...] = DEMAND.names or ()
STATION_NAMES: tuple[str, ...] = STATION.names or ()


class Order:
    """One row: what was drawn for it (DEMAND), its line in the book (BOOK), and what it holds now."""

    key: int
    sku: int
    alt_sku: int
    units: int
    node: int
    zone: int
    channel: int
    flow: int
    offer: int
    category: int
    shopper: int
    flags: int
    entries: int
    units_out: int
    units_back: int
    units_short: int
    wait_s: int
    revenue: int
    refund: int
    goods_cost: int
    service_cost: int
    alt_price: int
    alt_fee: int
    promise_s: int
    alt_promise_s: int
    pick_s: int
    counter_s: int
    transit_s: int
    collect_lag_s: int
    patience_s: int
    return_lag_s: int
    extra_units: int
    second_node: int
    return_node: int
    second_travel_s: int
    misfit: int
    alt_misfit: int
    go_on: int
    mind: int
    try_on: int
    intent: int
    action1: int
    action2: int

    def __init__(self, **demand: int) -> None:
        self.__dict__.update(dict.fromkeys(BOOK_NAMES, 0))
        self.__dict__.update(demand)
        self.price, self.service_fee, self.fee = demand["unit_price"], demand["fee"], 0
        self.placed_at = demand["t"]
        self.promised_at = self.placed_at + self.promise_s if self.promise_s >= 0 else -1
        self.picked_at = self.ready_at = self.arrived_at = self.served_at = self.done_at = self.returned_at = -1
        self.status = Status.DUE
        self.held = self.claim = 0
        self.place = AT_NONE
        self.wave_at = -1  # departure booked with the courier
        self.phase = 0  # 1 queued, 2 in service
        self.phase_time = 0
        self.station = -1
        self.stocked: simpy.Event | None = None  # a backorder's wait

    @property
    def goes_back(self) -> bool:
        """Whether the units that were handed over come back: a misfit is seen in a store, not at home."""
        return bool(self.mind or (self.misfit and self.flow != Flow.VISIT))

    def book_line(self) -> tuple[Any, ...]:
        """Values of the order's BOOK row."""
        return tuple(getattr(self, name) for name in BOOK_NAMES)

    def hold_line(self) -> tuple[Any, ...]:
        """Values of the order's HOLD row."""
        time = self.phase_time if self.phase else 0
        station = self.station if self.phase else -1
        return (self.key, time, self.sku, self.held, self.claim, self.units, self.units_short, self.node, station,
                self.status, self.flow, self.phase, self.place)  # fmt: skip


def orders_of(rows: np.ndarray) -> list[Order]:
    """Orders of DEMAND rows, with plain Python integers."""
    return [Order(**dict(zip(DEMAND_NAMES, values, strict=True))) for values in rows.tolist()]


def hold_rows(orders: list[Order]) -> np.ndarray:
    """HOLD rows sorted by key."""
    return np.array([o.hold_line() for o in sorted(orders, key=lambda o: o.key)], HOLD)


class Station:
    """Staff who serve a queue, first come first served within a class; lower classes go first.

    Not simpy's PriorityResource: it sorts its whole backlog at every request.
    """

    def __init__(self, env: simpy.Environment, number: int, classes: int, finishes: bool) -> None:
        self.env = env
        self.number = number
        self.finishes = finishes  # staff stay after closing until the queue is empty
        self.queues: list[deque[tuple[Order, int, simpy.Event, int]]] = [deque() for _ in range(classes)]
        self.cap = self.finish = self.busy = 0
        self.last = self.area = self.waits = self.idle = self.overtime = 0
        self.worked = self.scheduled = self.shift_from = self.started = 0

    @property
    def queued(self) -> int:
        return sum(map(len, self.queues))

    @property
    def staff(self) -> int:
        """Servers who begin new work now."""
        return self.cap or self.finish

    def tick(self) -> None:
        """Bring the time integrals up to now."""
        dt = int(self.env.now) - self.last
        self.area += self.queued * dt
        self.idle += max(self.cap - self.busy, 0) * dt
        self.overtime += max(self.busy - self.cap, 0) * dt
        self.last += dt

    def join(self, order: Order, work_s: int, rank: int = 0) -> simpy.Event:
        """Queue up; the event happens when service begins."""
        self.tick()
        turn = self.env.event()
        order.station = self.number
        if self.queued == 0 and self.busy < self.staff:
            self._begin(order, work_s, turn, int(self.env.now))
        else:
            order.phase, order.phase_time = 1, int(self.env.now)
            self.queues[rank].append((order, work_s, turn, int(self.env.now)))
        return turn

    def _begin(self, order: Order, work_s: int, turn: simpy.Event, since: int) -> None:
        now = int(self.env.now)
        self.busy += 1
        self.started += 1
        self.waits += now - since
        self.worked += work_s
        order.phase, order.phase_time = 2, now + work_s
        turn.succeed(now - since)

    def _next(self) -> None:
        while self.queued and self.busy < self.staff:
            queue = next(q for q in self.queues if q)
            self._begin(*queue.popleft())
        if not self.queued:
            self.finish = 0

    def done(self, order: Order) -> None:
        """The service of `order` ended; whoever is first in the queue is next."""
        self.tick()
        self.busy -= 1
        order.phase = 0
        self._next()

    def withdraw(self, order: Order) -> int:
        """`order` leaves the queue unserved; returns how long it had waited."""
        self.tick()
        for queue in self.queues:
            for entry in queue:
                if entry[0] is order:
                    queue.remove(entry)
                    waited = int(self.env.now) - entry[3]
                    self.waits += waited
                    order.phase = 0
                    self._next()
                    return waited
        raise LookupError("order is not in this queue")

    def set_cap(self, cap: int) -> None:
        """Staff on duty from now on; work in hand is finished."""
        self.tick()
        now = int(self.env.now)
        self.scheduled += self.cap * (now - self.shift_from)
        self.shift_from = now
        stay = self.staff
        self.cap = cap
        self.finish = stay if self.finishes and cap == 0 and self.queued else 0
        self._next()

    def row(self) -> tuple[int, ...]:
        """Values of the STATION row."""
        return tuple(getattr(self, name) for name in STATION_NAMES)
