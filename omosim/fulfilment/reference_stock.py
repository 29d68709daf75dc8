"""Books, times and reservations of the reference engine: what an order does at one instant. Nothing here waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from typing import Any

import numpy as np
import simpy

from omosim.fulfilment.reference_parts import Order
from omosim.fulfilment.reference_places import PickupSlots, Space
from omosim.fulfilment.reference_stations import Station
from omosim.fulfilment.rules import Network
from omosim.schema.codes import Account, Move, NodeKind, Outcome, Status
from omosim.schema.columns import DAY, FLAG_SLOT_REFUSED
from omosim.schema.network import (
    AT_BACK,
    AT_NONE,
    AT_PROMISED,
    AT_RESERVED,
    AT_TRUCK,
    COUNTER,
    DESK,
    N_ROLES,
    ROOM,
    UNITS_ORDERED,
    UNITS_SHORT,
)


class StockActs:
    """The engine's tables, postings and reservations."""

    net: Network
    env: simpy.Environment
    routes: list[list[tuple[int, int, int]]]
    resale_ppm: list[int]
    orders: list[Order]
    live: dict[int, Order]
    stations: list[Station]
    spaces: list[Space]
    pickup_slots: PickupSlots
    told: list[tuple[int, ...]]
    backorders: list[deque[Order]]
    turned_away: list[Order]
    due: int
    unresolved: int
    refused: int
    granted: int
    waves_booked: int
    waves_back: int
    waves_lapsed: int
    ledger: np.ndarray
    transitions: np.ndarray
    visits: np.ndarray
    places: np.ndarray
    units: np.ndarray
    slots: np.ndarray
    slot_limit: np.ndarray
    slot_day: list[int]

    @property
    def now(self) -> int:
        """Second reached."""
        return int(self.env.now)

    def life(self, o: Order, due: int) -> Generator[simpy.Event, object, None]:
        """The engine's process of one order."""
        raise NotImplementedError

    # ---- where things are -------------------------------------------------------------------------------------
    def station(self, node: int, role: int) -> Station:
        """Where a node does this work: pooled staff do all of it, and the counter does what no desk is for."""
        row = self.net.nodes[node]
        if (row["pooled"] and role != ROOM) or (role == DESK and row["desk"] <= 0):
            role = COUNTER
        return self.stations[N_ROLES * node + role]

    def space(self, node: int, role: int) -> Space:
        """The pickup shelf or the bays of a node."""
        return self.spaces[2 * node + role]

    def leave_space(self, o: Order, role: int) -> None:
        """Free the order's bin, box or bay, if it has one."""
        node = o.spot[role][0]
        if node >= 0:
            self.space(node, role).release(o)

    def service(self, o: Order) -> Any:
        """How the order's offer is handed over."""
        return self.net.services[o.offer]

    # ---- books ----------------------------------------------------------------------------------------------
    def open(self, o: Order) -> None:
        """The row reaches the network."""
        self.orders.append(o)
        self.live[o.key] = o
        self.unresolved += 1
        self.units[UNITS_ORDERED] += o.units

    def close(self, o: Order) -> None:
        """Nothing more will happen to the row."""
        if o.place not in (AT_BACK, AT_TRUCK):  # those were resolved when their goods set out
            self.unresolved -= 1
        del self.live[o.key]

    def is_unmanned(self, node: int) -> bool:
        """Whether orders are handed over there without people and shelves of ours."""
        return bool(self.net.nodes["kind"][node] in (NodeKind.POINT, NodeKind.LOCKER))

    def to(self, o: Order, status: Status) -> None:
        """Change of status, counted for law L4."""
        self.transitions[o.status, status] += 1
        o.status = status

    def tell(self, o: Order, code: Outcome, value: int) -> None:
        """An outcome for the shopper."""
        self.told.append((self.now, o.key, value, o.shopper, o.sku, o.node, code, o.channel))

    def post(self, o: Order, debit: int, credit: int, amount: int) -> None:
        """One posting: debits one account, credits another."""
        rules = self.net.rules
        row = self.ledger[int(rules.measured_from <= o.placed_at < rules.measured_to)]
        row[debit] += amount
        row[credit] -= amount

    def pay_service(self, o: Order, account: Account, cost: int) -> None:
        """A cost of serving the order."""
        o.service_cost += cost
        self.post(o, account, Account.CASH, cost)

    def _ledger(self) -> np.ndarray:
        return self.ledger

    def cell(self, node: int, sku: int) -> Any:
        """The stock cell, changed in place."""
        return self.net.stock.cells[node, sku]

    def shift(self, node: int, sku: int, units: int, source: str, target: str) -> None:
        """Units change their state at a node; what becomes available is known to the record."""
        cell = self.cell(node, sku)
        for column, change in ((source, -units), (target, units)):
            cell[column] += change
            if column == "available":
                cell["record"] += change

    def goes_out(self, node: int, sku: int, units: int, source: str, move: Move) -> None:
        """Units leave a node."""
        cell = self.cell(node, sku)
        cell[source] -= units
        cell["on_hand"] -= units
        if source == "available":
            cell["record"] -= units
        self.net.stock.journal[node, sku, move] += units

    # ---- times ------------------------------------------------------------------------------------------------
    def next_open(self, node: int, t: int) -> int:
        """`t` if the store is then open by its hours, else its next opening."""
        opens, closes = int(self.net.nodes["opens_s"][node]), int(self.net.nodes["closes_s"][node])
        day, second = divmod(t, DAY)
        if opens >= closes or opens <= second < closes:
            return t
        return (day if second < opens else day + 1) * DAY + opens

    def comes_at(self, node: int, t: int) -> int:
        """When a customer who would come at `t` comes.

        Trips of closed hours are made within `after_opening_s` of the next opening, in the same order.
        """
        opening = self.next_open(node, t)
        if opening == t:
            return t
        open_s = int(self.net.nodes["closes_s"][node]) - int(self.net.nodes["opens_s"][node])
        closed_s = DAY - open_s
        since_closing = closed_s - (opening - t)
        return opening + since_closing * min(self.net.rules.after_opening_s, open_s - 1) // closed_s

    def next_cutoff(self, t: int) -> int:
        """The carrier's first departure at or after `t`."""
        return t + (self.net.rules.cutoff_s - t) % DAY

    def next_wave(self, t: int) -> int:
        """The couriers' first departure at or after `t`."""
        return min(t + (wave - t) % DAY for wave in self.net.rules.waves_s)

    def ride(self, o: Order) -> int:
        """Seconds a courier needs from the order's store to its zone."""
        rules = self.net.rules
        return max(rules.least_ride_s, int(self.net.distance_m[o.zone, o.node]) * rules.ride_s_per_km // 1000)

    # ---- reservations -----------------------------------------------------------------------------------------
    def sources(self, o: Order) -> list[int]:
        """Nodes that may ship to the zone, in order."""
        return [node for node, _, _ in self.routes[o.zone] if node >= 0 and self.net.nodes["ships"][node]]

    def visible(self, node: int, sku: int) -> int:
        """Units that an order may take: on record, not kept for walk-in customers, not promised to others; none if shut."""
        if self.net.nodes["shut"][node]:
            return 0
        kept, promised = int(self.net.nodes["keep"][node]), int(self.net.stock.promised[node, sku])
        return int(self.cell(node, sku)["record"]) - kept - promised

    def reserve(self, o: Order, node: int) -> bool:
        """Take the order's units at a node if they are visible there, or promise them until the pick."""
        if self.visible(node, o.sku) < o.units:
            return False
        if self.service(o)["late"]:
            self.net.stock.promised[node, o.sku] += o.units
            o.held, o.claim, o.place, o.node = 0, o.units, AT_PROMISED, node
            return True
        cell = self.cell(node, o.sku)
        there = min(o.units, int(cell["available"]))
        cell["record"] -= o.units
        cell["available"] -= there
        cell["reserved"] += there
        cell["claimed"] += o.units - there
        o.node, o.held, o.claim, o.place = node, there, o.units - there, AT_RESERVED
        return True

    def reserve_with_courier(self, o: Order) -> bool:
        """The nearest store in reach with stock and room in a wave of today."""
        for _, node, metres in self.routes[o.zone]:
            if node < 0:
                return False
            capacity = int(self.net.nodes["wave_capacity"][node])
            if capacity <= 0 or metres > self.net.nodes["courier_radius_m"][node]:
                continue
            if self.visible(node, o.sku) < o.units:
                continue
            self.new_slot_day(node, capacity)
            for wave, second in enumerate(self.net.rules.waves_s):
                leaves = self.now // DAY * DAY + second
                if leaves < self.next_open(node, self.now) + o.pick_s + self.net.rules.wave_lead_s:
                    continue
                if self.slots[node, wave] < capacity:
                    self.slots[node, wave] += 1
                    self.waves_booked += 1
                    o.wave_at = leaves
                    return self.reserve(o, node)
                if not o.flags & FLAG_SLOT_REFUSED:
                    o.flags |= FLAG_SLOT_REFUSED
                    self.refused += 1
        return False

    def new_slot_day(self, node: int, capacity: int) -> None:
        """Bookings of another day are forgotten."""
        if self.slot_day[node] != self.now // DAY:
            self.slot_day[node] = self.now // DAY
            self.waves_lapsed += int(self.slots[node].sum())
            self.slots[node] = 0
            self.slot_limit[node] = 0
        self.slot_limit[node] = max(int(self.slot_limit[node]), capacity)

    def board(self, o: Order) -> bool:
        """A parcel that missed its wave takes a free place in the one that leaves now."""
        capacity = int(self.net.nodes["wave_capacity"][o.node])
        self.new_slot_day(o.node, capacity)
        wave = self.net.rules.waves_s.index(self.now % DAY)
        if self.slots[o.node, wave] >= capacity:
            return False
        self.slots[o.node, wave] += 1
        self.waves_booked += 1
        return True

    def give_back_wave(self, o: Order) -> None:
        """The order's place in a wave that has not left, where that day's bookings are still known."""
        if self.now < o.wave_at and self.slot_day[o.node] == o.wave_at // DAY:
            self.slots[o.node, self.net.rules.waves_s.index(o.wave_at % DAY)] -= 1
            self.waves_back += 1
        o.wave_at = -1

    def give_back_slot(self, o: Order) -> None:
        """The order's pickup slot, as long as it has not begun."""
        if o.slot_node >= 0 and self.now < o.slot_at:
            self.pickup_slots.give_back(o.slot_node, o.slot_at // int(self.net.nodes["slot_s"][o.slot_node]))
        o.slot_at = o.slot_node = -1

    def queue_backorder(self, o: Order) -> None:
        """Stand in the SKU's queue at the centre."""
        self.to(o, Status.BACKORDERED)
        o.node, o.place = 0, AT_NONE
        self.cell(0, o.sku)["backordered"] += o.units
        self.backorders[o.sku].append(o)

    def _serve_backorders(self, skus: Iterable[int], now: int) -> None:
        for sku in skus:
            self.serve_sku(int(sku))

    def serve_sku(self, sku: int) -> None:
        """Orders that wait for a SKU at the centre, first come first served."""
        queue = self.backorders[sku]
        while queue and self.reserve(queue[0], 0):
            o = queue.popleft()
            self.cell(0, sku)["backordered"] -= o.units
            o.stocked.succeed(True)  # type: ignore[union-attr]

    def cancel(self, o: Order, code: Outcome) -> None:
        """No unit can be served."""
        self.give_back_slot(o)
        self.to(o, Status.CANCELLED)
        self.end_without_goods(o)
        self.tell(o, code, 0)

    def end_without_goods(self, o: Order) -> None:
        """Every unit is short; the row ends now."""
        self.units[UNITS_SHORT] += o.units - o.units_short
        o.units_short, o.done_at = o.units, self.now
        o.held, o.place = 0, AT_NONE
