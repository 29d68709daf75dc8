"""An order of the reference engine: what was drawn for it, its line in the book, what it holds now."""

from __future__ import annotations

from typing import Any

import numpy as np
import simpy

from omosim.schema.codes import Flow, Status
from omosim.schema.columns import BOOK, DEMAND
from omosim.schema.network import (
    AT_NONE,
    BAY,
    HOLD,
    PHASE_NONE,
    PHASE_QUEUED,
    PHASE_RIDES,
    PHASE_SERVED,
    SHELF,
)

BOOK_NAMES: tuple[str, ...] = BOOK.names or ()
DEMAND_NAMES: tuple[str, ...] = DEMAND.names or ()
NOWHERE = -1, 0  # no bin, no bay


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
    collect_at: int
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
    extra_sku: int
    extra_price: int
    unwanted: int
    fit_s: int
    alter_s: int
    session_s: int
    second_node: int
    return_node: int
    second_travel_s: int
    misfit: int
    alt_misfit: int
    go_on: int
    mind: int
    try_on: int
    intent: int
    unseen: int
    action1: int
    action2: int

    def __init__(self, **demand: int) -> None:
        self.__dict__.update(dict.fromkeys(BOOK_NAMES, 0))
        self.__dict__.update(demand)
        self.price, self.service_fee, self.fee = demand["unit_price"], demand["fee"], 0
        self.placed_at = demand["t"]
        self.promise()
        self.collect_at = -1
        self.picked_at = self.ready_at = self.arrived_at = self.served_at = self.done_at = self.returned_at = -1
        self.status = Status.DUE
        self.held = self.claim = 0
        self.place = AT_NONE
        self.wave_at = -1  # departure booked with the courier
        self.slot_at = self.slot_node = -1  # start of its pickup slot, and where
        self.spot = [NOWHERE, NOWHERE]  # (node, since when) of its bin or box, of its bay
        self.phase = PHASE_NONE
        self.phase_time = 0
        self.station = -1
        self.stocked: simpy.Event | None = None  # a backorder's wait
        self.reopened: simpy.Event | None = None  # a shut door's; its value is when the customer comes again
        self.turned_away_at = self.last_at = -1  # when the door was found shut, and the end of the shelf time
        self.stopped: simpy.Event | None = None  # the pick in hand stops; its value is the next turn

    def promise(self) -> None:
        """The promise counts from when the order is placed."""
        self.promised_at = self.placed_at + self.promise_s if self.promise_s >= 0 else -1

    @property
    def goes_back(self) -> bool:
        """Whether units that were handed over come back: a misfit is seen in a store, not at home."""
        return bool(self.mind or (self.flow != Flow.VISIT and (self.misfit or self.unwanted > 0)))

    @property
    def units_going_back(self) -> int:
        """How many come back: those that are not wanted, or all where the fault is in the item."""
        return self.held if self.mind or self.misfit else min(self.unwanted, self.held)

    def book_line(self) -> tuple[Any, ...]:
        """Values of the order's BOOK row."""
        return tuple(getattr(self, name) for name in BOOK_NAMES)

    def hold_line(self) -> tuple[Any, ...]:
        """Values of the order's HOLD row."""
        time = 0 if self.phase == PHASE_NONE else self.phase_time
        station = self.station if self.phase in (PHASE_QUEUED, PHASE_SERVED, PHASE_RIDES) else -1
        (bin_node, bin_at), (bay_node, bay_at) = self.spot[SHELF], self.spot[BAY]
        return (self.key, time, self.price, self.sku, self.held, self.claim, self.units, self.units_short, self.node, station,
                bin_at, bay_at, bin_node, bay_node, self.status, self.flow, self.phase, self.place)  # fmt: skip


def orders_of(rows: np.ndarray) -> list[Order]:
    """Orders of DEMAND rows, with plain Python integers."""
    return [Order(**dict(zip(DEMAND_NAMES, values, strict=True))) for values in rows.tolist()]


def hold_rows(orders: list[Order]) -> np.ndarray:
    """HOLD rows sorted by key."""
    return np.array([o.hold_line() for o in sorted(orders, key=lambda o: o.key)], HOLD)
