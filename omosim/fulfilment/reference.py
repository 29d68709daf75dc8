"""The reference engine: SimPy, one process per order, written to be read. It is the specification.

Time is an integer; events happen in the order (time, kind, key) with the kinds of `codes.Event`. What an
event sets free (a picker, a place at the counter) is taken up at once, before the event's own row goes on.

Stock. An order is allocated against the *record*: `record >= units` suffices. Units that are truly there are
reserved, the rest is a claim on units that exist in the record only; both lower the record. At the end of
picking, claims are filled from what has become available. If some remain, the record is set to the truth
(available less claims of others), and a parcel is sourced anew elsewhere, else what is in hand goes out as a
part, else the contingencies of the row are tried. Visitors see the shelf (available), never the record.

SHIP: sources of the zone in order (`Network.routes`): the centre, then stores that ship. None: contingencies
(SUBSTITUTE), then a backorder at the centre (first come first served per SKU) or CANCELLED. Pick, packed,
leaves at the carrier's cut-off, delivered `transit_s` later.
SAME_DAY: stores by distance whose couriers reach the zone and whose record suffices; the first wave of the
day that leaves no sooner than the pick can be done in opening hours and has room is booked. A full wave is a
refused slot: the next wave, then the next store; then the contingencies: a parcel taken at checkout has the
parcel's promise. A courier's ride goes by the distance from the store. A parcel that misses its wave takes the next with room, without couriers the
parcel carrier.
PICKUP: the wanted store. Contingencies: SHIP, OTHER_STORE (once), SUBSTITUTE (once). Picked orders stand
staged; the customer comes `collect_lag_s` after the notice, in the first hours after the next opening if the
store is closed then, or never; after `hold_s` the order expires and is back on the shelf. Whoever finds the counter too slow comes
once more the next day. With try-on, a misfit is exchanged for the second item or refused, back on the shelf at
once. Extra units bought on the way are a purchase of their own in the store (key + 1, told as EXTRA).
VISIT: closed door: goes home. Empty shelf: the contingencies in order; SHIP is an order at the shelf (key +
1, arrives at once, for an item whose fit was seen on the sample). A misfit is always seen; who goes on takes
the second item if it fits and stands there. With intent 1 the fitting item is ordered on line (channel WEB); with intent 2 the visitor only looks.
Otherwise as many of the wanted units as stand there are taken to the counter. A visit row's promise is that
of its order.
Counter: one queue for visitors, collectors and returns. Staff finish work in hand; at closing (staff 0) they
stay until the queue is empty. Picking queues hold until staff return; pickups and same-day orders go first.
Returns: what did not fit (never from a visit) or does not please goes back `return_lag_s` after hand-over, to
a store's counter in its opening hours (by post if it is closed then), or by post to the centre. The price is
refunded, the fee is not; the unit can be sold again `refurbish_s` later where it is.
Outcomes carry in `value` the money paid (BOUGHT, BOUGHT_OTHER after an empty shelf, COLLECTED, DELIVERED), refunded (RETURNED), seconds late
(LATE, beside DELIVERED, or when a pickup is staged late), seconds waited (QUEUE_LEFT), else 0. REFUSED is a
misfit seen in a store, by a visitor or when collecting; FAILED_PICKUP a pickup cancelled after picking began.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator

import numpy as np
import simpy

from omosim.fulfilment.coarse import CoarseNetwork
from omosim.fulfilment.protocol import Books, Some
from omosim.fulfilment.reference_acts import Acts
from omosim.fulfilment.reference_parts import Order, Station, hold_rows, orders_of
from omosim.fulfilment.rules import Network
from omosim.schema.codes import N_ACCOUNTS, Action, Entry, Event, Flow, Outcome, Status
from omosim.schema.columns import (
    BOOK,
    DAY,
    DEMAND,
    FLAG_BROUGHT_BACK,
    FLAG_CLOSED,
    FLAG_LOOKED,
    FLAG_NO_SHOW,
    FLAG_QUEUE_LEFT,
    OUTCOME,
)
from omosim.schema.network import COUNTER, N_PLACES, N_UNITS, N_VISITS, PICKING, STATION

Process = Generator[simpy.Event, object, None]
FIRST_KEYED = 2  # simpy's own priorities are 0 and 1; what an event sets off at once keeps them


class ReferenceFulfilment(Acts, CoarseNetwork):
    """One SimPy process per order; good to about 50,000 orders."""

    def __init__(self, net: Network) -> None:
        n, k = net.stock.cells.shape
        self.net = net
        self.env = simpy.Environment()
        self.routes = net.routes().tolist()
        self.resale_ppm = net.resale_ppm.tolist()
        self.stations = [Station(self.env, 2 * node + role, 2 - role, role == COUNTER)
                         for node in range(n) for role in (PICKING, COUNTER)]  # fmt: skip
        for station in self.stations:
            station.cap = int(net.nodes["counter" if station.finishes else "pickers"][station.number // 2])
        self.orders: list[Order] = []
        self.live: dict[int, Order] = {}
        self.told: list[tuple[int, ...]] = []
        self.backorders: list[deque[Order]] = [deque() for _ in range(k)]
        self.due = self.unresolved = self.refused = 0
        self.ledger = np.zeros((2, N_ACCOUNTS), np.int64)
        self.transitions = np.zeros((len(Status), len(Status)), np.int64)
        self.visits = np.zeros((n, N_VISITS), np.int64)
        self.places = np.zeros((k, N_PLACES), np.int64)
        self.units = np.zeros(N_UNITS, np.int64)
        self.slots = np.zeros((n, len(net.rules.waves_s)), np.int32)
        self.slot_limit = np.zeros(n, np.int32)
        self.slot_day = [-1] * n

    # ---- the clock ------------------------------------------------------------------------------------------
    @property
    def now(self) -> int:
        """Second reached."""
        return int(self.env.now)

    def at(self, time: int, kind: Event, order: Order) -> simpy.Event:
        """An event at `time` that stands in the total order (time, kind, key)."""
        event = simpy.Event(self.env)
        event._ok, event._value = True, None
        self.env.schedule(event, FIRST_KEYED + (kind << 64 | order.key), time - self.now)  # type: ignore[arg-type]
        return event

    def submit(self, rows: np.ndarray) -> None:
        """Take over DEMAND rows; a process is started for each."""
        if rows.dtype != DEMAND or (len(rows) and int(rows["t"].min()) < self.now):
            raise ValueError(f"rows must be DEMAND rows with t >= {self.now}, the time reached")
        self.due += len(rows)
        for order in orders_of(rows):
            self.env.process(self.life(order, order.placed_at))

    def advance(self, until: int) -> None:
        """Handle every event with time < until."""
        if until > self.now:
            self.env.run(until=int(until))

    def _reach(self, now: int) -> None:
        """Coarse events happen at the time reached, before the rows of that instant."""
        now = int(now)
        if now < self.now:
            raise ValueError(f"a coarse event at {now} lies before the time reached, {self.now}")
        self.advance(now)

    def _settle(self) -> None:
        """Let happen what a coarse event set off just now."""
        queue = self.env._queue
        while queue and queue[0][0] == self.env.now and queue[0][1] < FIRST_KEYED:
            self.env.step()

    # ---- one order --------------------------------------------------------------------------------------------
    def life(self, o: Order, due: int) -> Process:
        """From its arrival to its end, returns included."""
        yield self.at(due, Event.ARRIVE, o)
        self.due -= 1
        self.open(o)
        if o.flow == Flow.VISIT:
            served = yield from self.visit(o)
        else:
            served = yield from self.order(o)
        if served and o.goes_back:
            yield from self.go_back(o)
        self.close(o)

    def order(self, o: Order) -> Generator[simpy.Event, object, bool]:
        """Allocate, pick, and hand over one way or another; True when the customer got goods."""
        found, tried = self.allocate(o), False
        while True:
            if not found and not self.contingency(o):
                if o.flow != Flow.SHIP or not self.net.rules.backorders:
                    failed = tried and o.flow == Flow.PICKUP
                    self.cancel(o, Outcome.FAILED_PICKUP if failed else Outcome.CANCELLED)
                    return False
                if not (yield from self.wait_for_stock(o)):
                    return False
            yield from self.pick(o)
            tried = True
            missing = self.fill_claims(o)
            if not missing:
                break
            if o.flow == Flow.SHIP and self.source_elsewhere(o):
                found = True
                continue
            if o.held:
                self.cut_short(o, missing)
                break
            found = False
        if o.flow == Flow.PICKUP:
            return (yield from self.pickup(o))
        yield from self.parcel(o)
        return True

    def wait_for_stock(self, o: Order) -> Generator[simpy.Event, object, bool]:
        """Stand in the SKU's queue at the centre; False when the wait was cancelled."""
        self.queue_backorder(o)
        o.stocked = self.env.event()
        if (yield o.stocked):
            return True
        self.cancel(o, Outcome.CANCELLED)
        return False

    def pick(self, o: Order) -> Process:
        """Wait for a picker, be picked."""
        self.to(o, Status.TO_PICK)
        station = self.stations[2 * o.node + PICKING]
        yield station.join(o, o.pick_s, rank=int(o.flow == Flow.SHIP))
        yield self.at(self.now + o.pick_s, Event.PICK_END, o)
        station.done(o)

    def parcel(self, o: Order) -> Process:
        """Packed; leaves with the carrier or a courier; delivered."""
        self.to(o, Status.PACKED)
        o.picked_at = o.ready_at = self.now
        if o.flow == Flow.SAME_DAY:
            yield from self.courier(o)
        else:
            yield self.at(self.next_cutoff(self.now), Event.DEPART, o)
        self.depart(o)
        yield self.at(self.now + (self.ride(o) if o.flow == Flow.SAME_DAY else o.transit_s), Event.DELIVER, o)
        self.deliver(o)

    def courier(self, o: Order) -> Process:
        """The booked wave, or, when the pick missed it, the next with room."""
        if self.now <= o.wave_at:
            yield self.at(o.wave_at, Event.DEPART, o)
            return
        wave = self.next_wave(self.now)
        while True:
            yield self.at(wave, Event.BOARD, o)
            if self.net.nodes["wave_capacity"][o.node] <= 0:
                o.flow = Flow.SHIP
                yield self.at(self.next_cutoff(self.now), Event.DEPART, o)
                return
            if self.board(o):
                return
            wave = self.next_wave(self.now + 1)

    def pickup(self, o: Order) -> Generator[simpy.Event, object, bool]:
        """Staged until the customer has it or the shelf time is over."""
        self.stage(o)
        last = o.ready_at + self.net.rules.hold_s
        come = self.comes_at(o.node, self.now + o.collect_lag_s) if o.collect_lag_s >= 0 else last + 1
        while True:
            if come > last:
                yield self.at(max(self.now, last), Event.EXPIRE, o)
                self.unstage(o, Status.EXPIRED, Outcome.EXPIRED)
                o.flags |= FLAG_NO_SHOW
                return False
            yield self.at(come, Event.COLLECT, o)
            if not self.net.nodes["open"][o.node]:
                o.flags |= FLAG_CLOSED
                self.tell(o, Outcome.CLOSED, 0)
                come = self.comes_at(o.node, self.now + DAY)
                continue
            o.entries += 1
            again = bool(o.flags & FLAG_QUEUE_LEFT)
            if (yield from self.counter(o)):
                break
            self.to(o, Status.STAGED)
            come = last + 1 if again else self.comes_at(o.node, self.now + DAY)
        return self.collect(o)

    def counter(self, o: Order) -> Generator[simpy.Event, object, bool]:
        """Queue at the counter and be served; False when the customer left the queue."""
        self.to(o, Status.AT_COUNTER)
        o.arrived_at = self.now
        desk = self.stations[2 * o.node + COUNTER]
        turn = desk.join(o, o.counter_s)
        if o.patience_s >= 0:
            yield turn | self.at(self.now + o.patience_s, Event.QUEUE_LEAVE, o)
        else:
            yield turn
        if not turn.triggered:
            waited = desk.withdraw(o)
            o.wait_s += waited
            o.flags |= FLAG_QUEUE_LEFT
            self.tell(o, Outcome.QUEUE_LEFT, waited)
            return False
        o.served_at = self.now
        o.wait_s += self.now - o.arrived_at
        yield self.at(self.now + o.counter_s, Event.COUNTER_END, o)
        desk.done(o)
        return True

    def visit(self, o: Order) -> Generator[simpy.Event, object, bool]:
        """Look, take, pay; True when goods were bought."""
        while self.enter(o):
            if o.intent == 2:
                o.flags |= FLAG_LOOKED
                self.leave(o)
                break
            if self.shelf_has(o, o.sku):
                return (yield from self.try_and_buy(o))
            self.meet_empty_shelf(o)
            action = self.way_out(o)
            if action == Action.SUBSTITUTE:
                self.substitute(o)
                return (yield from self.try_and_buy(o))
            if action == Action.OTHER_STORE:
                self.move_on(o)
                yield self.at(self.now + o.second_travel_s, Event.SECOND_STORE, o)
                continue
            if action == Action.SHIP:
                self.order_here(o, self.seen_item(o), o.channel)
            self.leave(o)
            break
        return False

    def try_and_buy(self, o: Order) -> Generator[simpy.Event, object, bool]:
        """The item is in hand: does it fit, is it bought here?"""
        if not self.fits(o):
            self.leave(o)
            return False
        if o.intent == 1:
            self.order_here(o, o.sku, Entry.WEB)
            self.leave(o)
            return False
        self.take(o)
        if (yield from self.counter(o)):
            self.pay(o)
            return True
        self.put_back(o)
        return False

    def go_back(self, o: Order) -> Process:
        """The units come back: to a store's counter, or by post."""
        when = self.now + o.return_lag_s
        if o.return_node >= 0:
            when = self.comes_at(o.return_node, when)
        yield self.at(when, Event.RETURN_BEGIN, o)
        self.to(o, Status.RETURN_OPEN)
        self.send_back(o)
        if o.return_node >= 0 and self.net.nodes["open"][o.return_node]:
            o.entries += 1
            o.flags |= FLAG_BROUGHT_BACK
            desk = self.stations[2 * o.return_node + COUNTER]
            work = self.net.rules.returns_s
            yield desk.join(o, work)
            yield self.at(self.now + work, Event.COUNTER_END, o)
            desk.done(o)
            where = o.return_node
        else:
            self.post_back(o)
            yield self.at(self.now + self.net.rules.return_transit_s, Event.RETURN_ARRIVE, o)
            where = 0
        self.refund_order(o)
        yield self.at(self.now + self.net.rules.refurbish_s, Event.RESTOCK, o)
        self.restock(o, where)

    # ---- coarse events ----------------------------------------------------------------------------------------
    def set_staff(self, node: Some, pickers: Some, counter: Some, now: int) -> None:
        """Staff on duty from now on; work in hand is finished."""
        self._reach(now)
        for n, picking, serving in np.broadcast(node, pickers, counter):
            self.net.nodes["pickers"][n], self.net.nodes["counter"][n] = picking, serving
            self.stations[2 * int(n) + PICKING].set_cap(int(picking))
            self.stations[2 * int(n) + COUNTER].set_cap(int(serving))
            self._settle()

    def open_store(self, node: Some, now: int) -> None:
        """Customers may enter."""
        self._reach(now)
        self.net.nodes["open"][node] = 1

    def close_store(self, node: Some, now: int) -> None:
        """Customers may no longer enter."""
        self._reach(now)
        self.net.nodes["open"][node] = 0

    def cancel_backorders(self, now: int) -> int:
        """Cancel every order that waits for stock."""
        self._reach(now)
        waiting = [o for queue in self.backorders for o in queue]
        for o in waiting:
            self.net.stock.cells["backordered"][0, o.sku] -= o.units
            o.stocked.succeed(False)  # type: ignore[union-attr]
        for queue in self.backorders:
            queue.clear()
        self._settle()
        return len(waiting)

    # ---- what it shows ----------------------------------------------------------------------------------------
    def outcomes(self) -> np.ndarray:
        """OUTCOME rows since the last call, sorted by (t, key, code)."""
        rows = np.array(self.told, OUTCOME)
        self.told = []
        return rows[np.lexsort((rows["code"], rows["key"], rows["t"]))]

    def book(self) -> np.ndarray:
        """BOOK rows sorted by key."""
        return np.array([o.book_line() for o in sorted(self.orders, key=lambda o: o.key)], BOOK)

    def holds(self) -> np.ndarray:
        """HOLD rows sorted by key."""
        return hold_rows(list(self.live.values()))

    def books(self) -> Books:
        """The sums."""
        stations = np.array([s.row() for s in self.stations], STATION)
        return Books(self.ledger, stations, self.transitions, self.visits, self.places, self.units, self.slots,
                     self.slot_limit, self.refused)  # fmt: skip

    def pending(self) -> int:
        """Rows not resolved."""
        return self.due + self.unresolved

    def next_time(self) -> int:
        """Time of the next event."""
        return 2**62 if self.env.peek() == float("inf") else int(self.env.peek())

    def state(self) -> dict[str, np.ndarray]:
        """Refused: a process's place in its own text cannot be written to a file."""
        raise NotImplementedError("the reference engine has no snapshots; use engine.fulfilment=kernel")

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Refused, see `state`."""
        raise NotImplementedError("the reference engine has no snapshots; use engine.fulfilment=kernel")
