"""What an order does at one instant in the reference engine: stock, money, book. Nothing here waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import simpy

from omosim.fulfilment.reference_parts import Order
from omosim.fulfilment.rules import Network
from omosim.schema.codes import Account, Action, Entry, Flow, Move, Outcome, Status
from omosim.schema.columns import (
    DAY,
    FLAG_CLOSED,
    FLAG_EMPTY,
    FLAG_PHANTOM,
    FLAG_SLOT_REFUSED,
    FLAG_SUBSTITUTED,
)
from omosim.schema.network import (
    AT_BACK,
    AT_BETWEEN,
    AT_CUSTOMER,
    AT_NONE,
    AT_RESERVED,
    AT_ROAD,
    AT_STAGED,
    PLACE_BACK,
    PLACE_CUSTOMER,
    PLACE_ROAD,
    UNITS_ORDERED,
    UNITS_OUT,
    UNITS_SHORT,
    UNITS_SUBSTITUTED,
    VISIT_ABANDONED,
    VISIT_BOUGHT,
    VISIT_IN,
    VISIT_LEFT,
    VISIT_MOVED,
)


class Acts:
    """Acts of orders; the engine adds the waits between them."""

    net: Network
    env: simpy.Environment
    routes: list[list[tuple[int, int, int]]]
    resale_ppm: list[int]
    orders: list[Order]
    live: dict[int, Order]
    told: list[tuple[int, ...]]
    backorders: list[deque[Order]]
    due: int
    unresolved: int
    refused: int
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

    # ---- books ----------------------------------------------------------------------------------------------
    def open(self, o: Order) -> None:
        """The row reaches the network."""
        self.orders.append(o)
        self.live[o.key] = o
        self.unresolved += 1
        self.units[UNITS_ORDERED] += o.units

    def close(self, o: Order) -> None:
        """Nothing more will happen to the row."""
        if o.status != Status.RETURNED:
            self.unresolved -= 1
        del self.live[o.key]

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

    def next_cutoff(self, t: int) -> int:
        """The carrier's first departure at or after `t`."""
        return t + (self.net.rules.cutoff_s - t) % DAY

    def next_wave(self, t: int) -> int:
        """The couriers' first departure at or after `t`."""
        return min(t + (wave - t) % DAY for wave in self.net.rules.waves_s)

    # ---- allocation -------------------------------------------------------------------------------------------
    def allocate(self, o: Order) -> bool:
        """Reserve stock by the rule of the order's flow."""
        if o.flow == Flow.PICKUP:
            return self.reserve(o, o.node)
        if o.flow == Flow.SAME_DAY:
            return self.reserve_with_courier(o)
        return any(self.reserve(o, source) for source in self.sources(o))

    def sources(self, o: Order) -> list[int]:
        """Nodes that may ship to the zone, in order."""
        return [node for node, _, _ in self.routes[o.zone] if node >= 0 and self.net.nodes["ships"][node]]

    def reserve(self, o: Order, node: int) -> bool:
        """Take the order's units at a node if the record shows them."""
        cell = self.cell(node, o.sku)
        if cell["record"] < o.units:
            return False
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
            if self.cell(node, o.sku)["record"] < o.units:
                continue
            self.new_slot_day(node, capacity)
            for wave, second in enumerate(self.net.rules.waves_s):
                leaves = self.now // DAY * DAY + second
                if leaves < self.now + o.pick_s + self.net.rules.wave_lead_s:
                    continue
                if self.slots[node, wave] < capacity:
                    self.slots[node, wave] += 1
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
        return True

    def contingency(self, o: Order) -> bool:
        """The first action, in the row's order, that gets the order allocated."""
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
                    return True
                o.flow = flow
            elif action == Action.OTHER_STORE and o.flow == Flow.PICKUP and o.second_node >= 0:
                second, o.second_node = o.second_node, -1
                if self.reserve(o, second):
                    return True
        return False

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
        self.to(o, Status.CANCELLED)
        self.end_without_goods(o)
        self.tell(o, code, 0)

    def end_without_goods(self, o: Order) -> None:
        """Every unit is short; the row ends now."""
        self.units[UNITS_SHORT] += o.units - o.units_short
        o.units_short, o.done_at = o.units, self.now
        o.held, o.place = 0, AT_NONE

    # ---- picking ----------------------------------------------------------------------------------------------
    def fill_claims(self, o: Order) -> int:
        """Look for the units that were only in the record; returns how many are not there."""
        if not o.claim:
            return 0
        cell = self.cell(o.node, o.sku)
        found = min(o.claim, int(cell["available"]))
        cell["available"] -= found
        cell["reserved"] += found
        cell["claimed"] -= o.claim
        missing = o.claim - found
        o.held, o.claim = o.held + found, 0
        if missing:
            o.flags |= FLAG_PHANTOM
            cell["record"] = cell["available"] - cell["claimed"]
        return missing

    def source_elsewhere(self, o: Order) -> bool:
        """All units from another source; those in hand go back to the shelf."""
        for source in self.sources(o):
            if self.cell(source, o.sku)["record"] >= o.units:
                self.shift(o.node, o.sku, o.held, "reserved", "available")
                return self.reserve(o, source)
        return False

    def cut_short(self, o: Order, missing: int) -> None:
        """The rest goes out."""
        o.units_short = missing
        self.units[UNITS_SHORT] += missing

    # ---- parcels ----------------------------------------------------------------------------------------------
    def depart(self, o: Order) -> None:
        """The parcel leaves the node."""
        self.goes_out(o.node, o.sku, o.held, "reserved", Move.SHIPPED)
        self.places[o.sku, PLACE_ROAD] += o.held
        o.place = AT_ROAD
        by_courier = o.flow == Flow.SAME_DAY
        cost = self.net.rules.same_day_cost if by_courier else self.net.rules.parcel_cost
        o.service_cost += cost
        self.post(o, Account.COURIERS if by_courier else Account.PARCELS, Account.CASH, cost)

    def deliver(self, o: Order) -> None:
        """The parcel is handed over at the door."""
        self.places[o.sku, PLACE_ROAD] -= o.held
        self.to(o, Status.DELIVERED)
        self.hand_over(o)
        self.tell(o, Outcome.DELIVERED, o.revenue + o.fee)
        if 0 <= o.promised_at < self.now:
            self.tell(o, Outcome.LATE, self.now - o.promised_at)

    def hand_over(self, o: Order) -> None:
        """Goods change hands: revenue, fee, cost of goods."""
        o.units_out, o.done_at, o.place = o.held, self.now, AT_CUSTOMER
        short = o.units - o.held
        self.units[UNITS_SHORT] += short - o.units_short
        o.units_short = short
        self.units[UNITS_OUT] += o.held
        if o.flags & FLAG_SUBSTITUTED:
            self.units[UNITS_SUBSTITUTED] += o.held
        self.places[o.sku, PLACE_CUSTOMER] += o.held
        o.revenue = o.price * o.held
        o.fee = o.service_fee
        o.goods_cost = int(self.net.cost[o.sku]) * o.held
        self.post(o, Account.CASH, Account.REVENUE_WEB + o.channel, o.revenue)
        self.post(o, Account.CASH, Account.FEES, o.fee)
        self.post(o, Account.GOODS, Account.STOCK, o.goods_cost)

    # ---- pickup -----------------------------------------------------------------------------------------------
    def stage(self, o: Order) -> None:
        """The picked order stands on the pickup shelf and the customer is told."""
        self.to(o, Status.STAGED)
        o.picked_at = o.ready_at = self.now
        self.shift(o.node, o.sku, o.held, "reserved", "staged")
        o.place = AT_STAGED
        if 0 <= o.promised_at < self.now:
            self.tell(o, Outcome.LATE, self.now - o.promised_at)

    def unstage(self, o: Order, status: Status, code: Outcome) -> None:
        """Back to the shelf at once: never collected, or refused."""
        self.shift(o.node, o.sku, o.held, "staged", "available")
        self.to(o, status)
        self.end_without_goods(o)
        self.tell(o, code, 0)

    def collect(self, o: Order) -> bool:
        """Hand-over at the counter, after trying on where the service has it; False when refused."""
        source = "staged"
        if o.try_on and o.misfit:
            alt = o.alt_sku
            if not o.go_on or alt < 0 or o.alt_misfit or self.cell(o.node, alt)["available"] < o.held:
                self.unstage(o, Status.REFUSED, Outcome.REFUSED)
                return False
            self.shift(o.node, o.sku, o.held, "staged", "available")
            source = "available"
            o.sku, o.alt_sku, o.misfit = alt, -1, 0
            o.flags |= FLAG_SUBSTITUTED
        self.goes_out(o.node, o.sku, o.held, source, Move.SOLD)
        self.to(o, Status.COLLECTED)
        self.hand_over(o)
        self.tell(o, Outcome.COLLECTED, o.revenue + o.fee)
        self.buy_on_the_way(o)
        return True

    def buy_on_the_way(self, o: Order) -> None:
        """Extra units at a pickup are a purchase of their own in the store."""
        units = min(o.extra_units, int(self.cell(o.node, o.sku)["available"]))
        if units <= 0:
            return
        extra = self.follow_up(o, Entry.STORE, Flow.VISIT, o.sku, o.price, 0)
        extra.units = extra.held = units
        extra.arrived_at = extra.served_at = self.now
        extra.promised_at = -1
        self.open(extra)
        for status in (Status.INSIDE, Status.AT_COUNTER, Status.BOUGHT):
            self.to(extra, status)
        self.goes_out(o.node, o.sku, units, "available", Move.SOLD)
        extra.node = o.node
        self.hand_over(extra)
        self.close(extra)

    def follow_up(self, o: Order, channel: int, flow: int, sku: int, price: int, fee: int) -> Order:
        """A further row of the same need, placed now; its item is known to fit."""
        names = ("shopper", "alt_sku", "units", "promise_s", "pick_s", "counter_s", "transit_s", "collect_lag_s",
                 "patience_s", "return_lag_s", "zone", "return_node", "offer", "category", "mind")  # fmt: skip
        copied = {name: getattr(o, name) for name in names}
        fixed = dict.fromkeys(("alt_price", "alt_fee", "extra_units", "second_travel_s", "misfit", "alt_misfit",
                               "go_on", "try_on", "intent", "action1", "action2"), 0)  # fmt: skip
        return Order(**copied, **fixed, key=o.key + 1, t=self.now, unit_price=price, fee=fee, sku=sku,
                     node=-1, second_node=-1, channel=int(channel), flow=int(flow))  # fmt: skip

    # ---- visits -----------------------------------------------------------------------------------------------
    def enter(self, o: Order) -> bool:
        """Through the door of `o.node`; False when it is closed and the visitor goes home."""
        o.place = AT_NONE
        if not self.net.nodes["open"][o.node]:
            self.to(o, Status.LEFT)
            self.end_without_goods(o)
            o.flags |= FLAG_CLOSED
            self.tell(o, Outcome.CLOSED, 0)
            return False
        if o.status == Status.DUE:
            self.to(o, Status.INSIDE)
        self.visits[o.node, VISIT_IN] += 1
        return True

    def shelf_has(self, o: Order, sku: int) -> bool:
        """At least one unit stands on the shelf."""
        return sku >= 0 and bool(self.cell(o.node, sku)["available"] >= 1)

    def meet_empty_shelf(self, o: Order) -> None:
        """The wanted item is not there."""
        o.flags |= FLAG_EMPTY
        self.tell(o, Outcome.EMPTY_SHELF, 0)

    def way_out(self, o: Order) -> int:
        """The first action, in the row's order, that can be done now."""
        for action in (o.action1, o.action2):
            if action == Action.SUBSTITUTE and self.shelf_has(o, o.alt_sku):
                return Action.SUBSTITUTE
            if action == Action.OTHER_STORE and o.second_node >= 0:
                return Action.OTHER_STORE
            if action == Action.SHIP and self.seen_item(o) >= 0:
                return Action.SHIP
        return Action.NONE

    def substitute(self, o: Order) -> None:
        """The second item takes the first one's place."""
        o.sku, o.misfit, o.alt_sku = o.alt_sku, o.alt_misfit, -1
        o.flags |= FLAG_SUBSTITUTED

    def seen_item(self, o: Order) -> int:
        """The item to order after its fit was seen on a sample; -1 none."""
        if not o.misfit:
            return o.sku
        return o.alt_sku if o.go_on and not o.alt_misfit else -1

    def fits(self, o: Order) -> bool:
        """Whether the item in hand, or the second one after it, fits."""
        if not o.misfit:
            return True
        if o.go_on and not o.alt_misfit and self.shelf_has(o, o.alt_sku):
            self.substitute(o)
            return True
        self.tell(o, Outcome.REFUSED, 0)
        return False

    def order_here(self, o: Order, sku: int, channel: int) -> None:
        """Order from the store for shipping: a new row that reaches the network now."""
        order = self.follow_up(o, channel, Flow.SHIP, sku, o.alt_price, o.alt_fee)
        self.due += 1
        self.env.process(self.life(order, self.now))

    def move_on(self, o: Order) -> None:
        """Leave for the second store."""
        self.visits[o.node, VISIT_MOVED] += 1
        o.node, o.second_node, o.place = o.second_node, -1, AT_BETWEEN

    def take(self, o: Order) -> None:
        """As many of the wanted units as stand there, to the counter."""
        o.held = min(o.units, int(self.cell(o.node, o.sku)["available"]))
        self.shift(o.node, o.sku, o.held, "available", "reserved")
        o.place = AT_RESERVED

    def pay(self, o: Order) -> None:
        """Paid at the counter."""
        self.goes_out(o.node, o.sku, o.held, "reserved", Move.SOLD)
        self.visits[o.node, VISIT_BOUGHT] += 1
        self.to(o, Status.BOUGHT)
        self.hand_over(o)
        self.tell(o, Outcome.BOUGHT, o.revenue + o.fee)

    def put_back(self, o: Order) -> None:
        """Left the queue: units back on the shelf."""
        self.shift(o.node, o.sku, o.held, "reserved", "available")
        self.visits[o.node, VISIT_ABANDONED] += 1
        self.to(o, Status.LEFT)
        self.end_without_goods(o)

    def leave(self, o: Order) -> None:
        """Goes home without goods."""
        self.visits[o.node, VISIT_LEFT] += 1
        self.to(o, Status.LEFT)
        self.end_without_goods(o)

    # ---- returns ----------------------------------------------------------------------------------------------
    def send_back(self, o: Order) -> None:
        """The customer parts with the goods."""
        self.places[o.sku, PLACE_CUSTOMER] -= o.held
        self.places[o.sku, PLACE_BACK] += o.held
        o.place = AT_BACK

    def post_back(self, o: Order) -> None:
        """A return parcel at the retailer's cost."""
        cost = self.net.rules.return_parcel_cost
        o.service_cost += cost
        self.post(o, Account.RETURN_HANDLING, Account.CASH, cost)

    def refund_order(self, o: Order) -> None:
        """The price back, the goods back into the books less their loss of value."""
        self.to(o, Status.RETURNED)
        o.returned_at, o.units_back, o.refund = self.now, o.held, o.price * o.held
        value = int(self.net.cost[o.sku]) * o.held
        loss = round(Fraction(value * self.resale_ppm[o.sku], 1_000_000))
        handling = self.net.rules.handling_cost * o.held
        o.goods_cost += loss - value
        o.service_cost += handling
        self.post(o, Account.REFUNDS, Account.CASH, o.refund)
        self.post(o, Account.STOCK, Account.GOODS, value)
        self.post(o, Account.RESALE_LOSS, Account.STOCK, loss)
        self.post(o, Account.RETURN_HANDLING, Account.CASH, handling)
        self.tell(o, Outcome.RETURNED, o.refund)
        self.unresolved -= 1

    def restock(self, o: Order, node: int) -> None:
        """The unit can be sold again."""
        cell = self.cell(node, o.sku)
        for column in ("on_hand", "available", "record"):
            cell[column] += o.held
        self.net.stock.journal[node, o.sku, Move.RETURNED] += o.held
        self.places[o.sku, PLACE_BACK] -= o.held
        if node == 0:
            self.serve_sku(o.sku)
