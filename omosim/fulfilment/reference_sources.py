"""Allocation in the reference engine: from which node an order is served, in how many parcels, with which slot."""

from __future__ import annotations

from collections.abc import Generator

import simpy

from omosim.fulfilment.reference_parts import DEMAND_NAMES, Order
from omosim.fulfilment.reference_stock import StockActs
from omosim.schema.codes import Action, Flow, Status
from omosim.schema.columns import (
    FLAG_BOX_REFUSED,
    FLAG_SLOT,
    FLAG_SLOT_REFUSED,
    FLAG_SPLIT,
    FLAG_SUBSTITUTED,
)
from omosim.schema.network import SHELF, UNITS_ORDERED

MOST_PARTS = 4
PART = 4  # the k-th part that is split off an order has its key + PART k
PART_BITS = 0xFF & ~(PART - 1)  # of a key: which part


class SourceActs(StockActs):
    """Allocation and contingencies."""

    def part_life(self, o: Order) -> Generator[simpy.Event, object, None]:
        """The engine's process of a part of an order."""
        raise NotImplementedError

    def place_order(self, o: Order) -> bool:
        """The order reaches the network: one source, or several for a parcel that no source has whole."""
        return self.allocate(o) or (o.flow == Flow.SHIP and self.split(o))

    def allocate(self, o: Order) -> bool:
        """Reserve stock by the rule of the order's flow."""
        if o.flow == Flow.PICKUP:
            return self.allocate_pickup(o, o.collect_at if o.collect_at >= 0 else o.node)
        if o.flow == Flow.SAME_DAY:
            return self.reserve_with_courier(o)
        return any(self.reserve(o, source) for source in self.sources(o))

    def contingency(self, o: Order) -> bool:
        """The first action, in the row's order, that gets the order allocated; a box or a wave booked before is given up."""
        self.leave_space(o, SHELF)
        self.give_back_wave(o)
        for action in (o.action1, o.action2):
            if action == Action.SUBSTITUTE and o.alt_sku >= 0:
                wanted, o.sku = o.sku, o.alt_sku
                if self.allocate(o):
                    o.alt_sku, o.misfit = -1, o.alt_misfit
                    o.flags |= FLAG_SUBSTITUTED
                    return True
                o.sku = wanted
            elif action == Action.SHIP and o.flow != Flow.SHIP:
                flow, o.flow = o.flow, int(Flow.SHIP)
                if self.allocate(o):
                    self.give_back_slot(o)
                    o.collect_at = -1
                    if o.status in (Status.DUE, Status.ON_SITE):
                        o.promised_at = o.placed_at + o.alt_promise_s if o.alt_promise_s >= 0 else -1
                    return True
                o.flow = flow
            elif action == Action.OTHER_STORE and o.flow == Flow.PICKUP and o.second_node >= 0:
                second, o.second_node = o.second_node, -1
                if self.allocate_pickup(o, second):
                    return True
        return False

    # ---- parcels ----------------------------------------------------------------------------------------------
    def split(self, o: Order) -> bool:
        """Parcels from several sources, if all units are found; the order itself is the first of them."""
        most = min(self.net.rules.splits, MOST_PARTS)
        if most < 2 or o.units < 2 or o.key & PART_BITS:
            return False
        found: list[tuple[int, int]] = []
        left = o.units
        for source in self.sources(o):
            units = min(self.visible(source, o.sku), left)
            if units > 0 and len(found) < most:
                found.append((source, units))
                left -= units
        if left:
            return False
        self.units[UNITS_ORDERED] -= o.units - found[0][1]  # the parts bring them in again
        kept = o.units - min(o.unwanted, o.units)
        for number, (source, units) in enumerate(found):
            parcel = self.part(o, number) if number else o
            parcel.units, parcel.unwanted = units, units - min(units, kept)
            kept -= min(units, kept)
            parcel.flags |= FLAG_SPLIT
            self.reserve(parcel, source)
            if parcel is not o:
                self.open(parcel)
                self.env.process(self.part_life(parcel))
        return True

    def part(self, o: Order, number: int) -> Order:
        """A row for a further parcel of the order, with neither fee nor contingencies; its units are moved here."""
        same = {name: getattr(o, name) for name in DEMAND_NAMES}
        other = dict.fromkeys(("fee", "extra_units", "session_s", "action1", "action2"), 0)
        part = Order(**same | other | {"key": o.key + PART * number, "t": o.placed_at, "second_node": -1})
        part.promised_at = o.promised_at
        return part

    # ---- pickups ----------------------------------------------------------------------------------------------
    def allocate_pickup(self, o: Order, node: int) -> bool:
        """Stock, a box and a slot for an order that is collected at a node; all of them or none."""
        if self.net.nodes["shut"][node]:
            return False
        source = self.pickup_source(o, node)
        if source < 0 or not self.book_box(o, node):
            return False
        if not self.book_slot(o, node):
            self.leave_space(o, SHELF)
            return False
        if o.slot_node != node:  # no slots are booked here
            self.give_back_slot(o)
        o.collect_at = node
        return self.reserve(o, source)

    def pickup_source(self, o: Order, node: int) -> int:
        """The node itself, else where the service has orders sent from; -1 none."""
        others = self.sources(o) if self.service(o)["ship_to"] else []
        for source in (node, *others):
            if self.visible(source, o.sku) >= o.units:
                return source
        return -1

    def book_box(self, o: Order, node: int) -> bool:
        """A box is kept from the order on, where the service has boxes; False when all are taken."""
        if not self.service(o)["books_box"] or self.net.nodes["bins"][node] <= 0:
            return True
        shelf = self.space(node, SHELF)
        if shelf.take(o):
            return True
        if not o.flags & FLAG_BOX_REFUSED:
            o.flags |= FLAG_BOX_REFUSED
            shelf.turned += 1
        return False

    def book_slot(self, o: Order, node: int) -> bool:
        """The first pickup slot in opening hours with room, no sooner than promised; False when there is none."""
        slot_s = int(self.net.nodes["slot_s"][node])
        if not self.service(o)["slotted"] or slot_s <= 0 or o.slot_node == node:
            return True
        wished = o.promised_at if o.promised_at >= 0 else o.placed_at
        first = -(-self.next_open(node, max(self.now, wished)) // slot_s)
        full = False
        for slot in range(first, first + self.net.rules.slot_tries):
            start = slot * slot_s
            if self.next_open(node, start) != start:
                continue
            if self.pickup_slots.book(node, slot, int(self.net.nodes["slot_cap"][node])):
                self.give_back_slot(o)
                o.slot_at = o.promised_at = start
                o.slot_node = node
                self.granted += not o.flags & FLAG_SLOT
                o.flags |= FLAG_SLOT
                return True
            full = True
        if full and not o.flags & FLAG_SLOT_REFUSED:
            o.flags |= FLAG_SLOT_REFUSED
            self.refused += 1
        return False
