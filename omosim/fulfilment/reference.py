"""The reference engine: SimPy, one process per order, written to be read. It is the specification.

Time is an integer; events happen in the order (time, kind, key) with the kinds of `codes.Event`. What an
event sets free (a picker, a place at the counter) is taken up at once, before the event's own row goes on.

Stock. An order is allocated against the *record*: it sees what is on record less what the node keeps for walk-in
customers and what is promised to others. Units that are truly there are reserved, the rest is a claim on units that
exist in the record only; both lower the record. A service that reserves late only promises the units until they are
picked: its claim is on the whole order. At the end of picking, claims are filled from what has become available. If
some remain, the record is set to the truth (available less claims of others), and a parcel is sourced anew elsewhere,
else what is in hand goes out as a part, else the contingencies of the row are tried. Visitors see the shelf
(available), never the record.

Site: where one is modelled, a session comes before the order; it takes longer the fuller the site is. On a full site
customers wait on the queue page, as many as have room there and for as long as they have patience. Those who only
browse end there.
SHIP: sources of the zone in order (`Network.routes`), those that ship. A new order that none has whole is split into
parcels from several, each a row of its own, if all its units are found. None: contingencies (SUBSTITUTE), then a
backorder at the centre (first come first served per SKU) or CANCELLED. Pick, packed, leaves at the carrier's cut-off,
delivered `transit_s` later.
SAME_DAY: stores by distance whose couriers reach the zone and where the units are visible; the first wave of the
day that leaves no sooner than the pick can be done in opening hours and has room is booked. A full wave is a
refused slot: the next wave, then the next store; then the contingencies: a parcel taken at checkout has the
parcel's promise. A courier's ride goes by the distance from the store. A parcel that misses its wave takes the next
with room, without couriers the parcel carrier. An order whose units were not there gives its place in the wave back
when its contingencies are tried, if the wave has not left and bookings of that day are still kept; a substitute books
anew.
PICKUP: the wanted node, or one that sends it there where the service does that; a box is kept and a slot booked where
the service has them, and the promise is then the slot's start. Contingencies: SHIP, OTHER_STORE (once), SUBSTITUTE
(once). A pickup slot that has not begun is given back when another is booked, when the order is to be collected where
no slots are, goes by parcel, or is cancelled; the promise stays. A picked order is sent to its node if it is picked
elsewhere, waits for a bin if the shelf is full, and stands staged. Who has no bin `bin_wait_s` after the wait began
(kind EXPIRE) is cancelled: its units go back to the shelf, or to the centre as those that nobody took. The customer
comes `collect_lag_s` after the notice or the slot's start, in the first hours after the next opening if the node is
closed then, or never; after the shelf time the order expires and is back on the shelf. At a partner's counter or a
locker it is handed over at once, and what nobody takes goes back to the centre. In a store the customer waits for a
bay first (curbside) or tries on in a fitting room, then queues at the counter; whoever finds it too slow comes once
more the next day. A customer who has enough of waiting for a fitting room goes to the counter without trying on, with
fresh patience; what does not fit comes back later as from home. With try-on, a misfit is altered, or exchanged for
the second item, or refused, back on the shelf at once. Unwanted units are left behind where the service allows it.
Extra units bought on the way are a purchase of their own in the store (key + 1, told as EXTRA): of `extra_sku` at
`extra_price`, of the order's own item at its price where that is -1.
VISIT: closed door: goes home. Empty shelf: the contingencies in order; SHIP is an order at the shelf (key + 1,
arrives at once, for an item whose fit was seen on the sample). The item is taken to a fitting room where there is
one; whoever has enough of waiting for it goes home, as at the counter. A misfit is always seen; who goes on takes the
second item if it fits and stands there. With intent 1 the fitting item is ordered on line (channel WEB); with intent
2 the visitor only looks. Otherwise as many of the units to keep as stand there are taken to the counter. A visit
row's promise is that of its order. When a visit ends inside a store, with goods or without, extra units of `extra_sku`
are bought there, as many as stand on the shelf, after all that the end itself does (key + 3, told as EXTRA).
Counter: one queue for visitors, collectors and, without a desk of their own, returns. Staff finish work in hand; at
closing (staff 0, doors shut) they stay for whoever is inside, with open doors until nobody who is there waits.
Pickups and same-day orders are picked before parcels, one by one or several on a trip, parcels as they come or in
waves. What happens to picks in hand when the last picker goes, the node's `at_closing` says. A pool of staff serves
people first, then picks.
Shut: at a node that a dated change shut, nothing is visible, so nothing is allocated; pickups are not sent there
either. Picks in its queue are put out, hurried ones first, then parcels, each class from its head; a parcel that
waits for its wave when that begins. Each goes on, in this order, as if its pick had found nothing, but nobody looked:
units held go back to the shelf, claims to the record, promises are dropped. Picks in hand end and are packed or
staged as usual. Who comes to collect finds the door shut (told CLOSED) and comes when the node is open again: at the
same hour of the day, or with its first opening if only that lies within the shelf time. If there is none within it the
order is cancelled at its end, its units back on the shelf. When a node opens again, nothing else happens.
Returns: what did not fit (never from a visit), does not please or was not wanted goes back `return_lag_s` after
hand-over, to a store in its opening hours (by post if it is closed then), or by post to the centre. The price is
refunded, the fee is not; a misfit brought to a store may be changed for the second item (key + 2, told as EXCHANGED);
the unit can be sold again `refurbish_s` later where it is.
Outcomes carry in `value` the money paid (BOUGHT, BOUGHT_OTHER after an empty shelf, COLLECTED, DELIVERED, EXTRA,
EXCHANGED), refunded (RETURNED), seconds late (LATE, beside DELIVERED, or when a pickup is staged late), seconds
waited (QUEUE_LEFT, SITE_LOST), else 0. REFUSED is a misfit or an unwanted item seen in a store, by a visitor or when
collecting; FAILED_PICKUP a pickup cancelled after it was allocated.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import simpy

from omosim.fulfilment.coarse import CoarseNetwork
from omosim.fulfilment.protocol import Books, Some
from omosim.fulfilment.reference_parts import Order, hold_rows, orders_of
from omosim.fulfilment.reference_places import PickupSlots, Space
from omosim.fulfilment.reference_stations import PARCELS, PRESENT, PUT_OUT, Site, Station, pick_class
from omosim.fulfilment.reference_store import FIRST_KEYED, Answer, Process, StoreLives
from omosim.fulfilment.rules import Network
from omosim.schema.codes import N_ACCOUNTS, Event, Flow, Outcome, Status
from omosim.schema.columns import BOOK, DEMAND, OUTCOME
from omosim.schema.network import (
    BAY,
    COUNTER,
    DESK,
    ENDLESS,
    FINISH,
    N_PLACES,
    N_ROLES,
    N_UNITS,
    N_VISITS,
    OVERLAP,
    PICKING,
    ROOM,
    SHELF,
    SPACE,
    STATION,
)


class ReferenceFulfilment(StoreLives, CoarseNetwork):
    """One SimPy process per order; good to about 50,000 orders."""

    def __init__(self, net: Network) -> None:
        n, k = net.stock.cells.shape
        self.net = net
        self.env = simpy.Environment()
        self.routes = net.routes().tolist()
        self.resale_ppm = net.resale_ppm.tolist()
        self.stations = [Station(self.env, N_ROLES * node + role, net.nodes[node], role in (COUNTER, DESK))
                         for node in range(n) for role in range(N_ROLES)]  # fmt: skip
        self.site = Site(self.env, N_ROLES * n, net.rules.site_slow_ppm)
        self.site.cap = max(net.rules.site_cap, 0)
        self.stations.append(self.site)
        for node, row in enumerate(net.nodes):
            for role, people in self.staff(row, int(row["pickers"]), int(row["counter"])).items():
                self.stations[N_ROLES * node + role].cap = people
            self.stations[N_ROLES * node + ROOM].cap = int(row["rooms"]) or ENDLESS
        self.spaces = [Space(self.env, node, role, cap) for node, row in enumerate(net.nodes)
                       for role, cap in ((SHELF, int(row["bins"]) or ENDLESS), (BAY, int(row["bays"]) or ENDLESS))]  # fmt: skip
        self.pickup_slots = PickupSlots(n)
        self.orders: list[Order] = []
        self.live: dict[int, Order] = {}
        self.told: list[tuple[int, ...]] = []
        self.backorders: list[deque[Order]] = [deque() for _ in range(k)]
        self.turned_away: list[Order] = []
        self.due = self.unresolved = self.refused = self.granted = 0
        self.waves_booked = self.waves_back = self.waves_lapsed = 0
        self.ledger = np.zeros((2, N_ACCOUNTS), np.int64)
        self.transitions = np.zeros((len(Status), len(Status)), np.int64)
        self.visits = np.zeros((n, N_VISITS), np.int64)
        self.places = np.zeros((k, N_PLACES), np.int64)
        self.units = np.zeros(N_UNITS, np.int64)
        self.slots = np.zeros((n, len(net.rules.waves_s)), np.int32)
        self.slot_limit = np.zeros(n, np.int32)
        self.slot_day = [-1] * n

    # ---- the clock ------------------------------------------------------------------------------------------
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
        elif (yield from self.session(o)):
            served = yield from self.order(o, self.place_order(o))
        else:
            served = False
        yield from self.aftermath(o, served)

    def part_life(self, o: Order) -> Process:
        """A part of an order that was split, from its pick on."""
        served = yield from self.order(o, True)
        yield from self.aftermath(o, served)

    def aftermath(self, o: Order, served: bool) -> Process:
        """The return, if goods come back, and the end."""
        if served and o.goes_back:
            yield from self.go_back(o)
        self.close(o)

    def session(self, o: Order) -> Answer:
        """On the site; True when an order is placed at its end."""
        site, rules = self.site, self.net.rules
        if rules.site_cap < 0 or o.session_s <= 0:
            if o.flow == Flow.BROWSE:
                self.leave_site(o)
            return o.flow != Flow.BROWSE
        self.to(o, Status.ON_SITE)
        if not site.free_for(PRESENT) and 0 <= rules.site_room <= site.queued:
            self.lose_session(o, 0)
            return False
        turn = site.join(o, o.session_s)
        yield turn | self.patience_over(o)
        if not turn.triggered:
            waited = site.withdraw(o)
            o.wait_s += waited
            self.lose_session(o, waited)
            return False
        yield self.at(o.phase_time, Event.SITE_END, o)
        site.done(o)
        if o.flow == Flow.BROWSE:
            self.leave_site(o)
            return False
        o.placed_at = self.now
        o.promise()
        return True

    def order(self, o: Order, found: bool) -> Answer:
        """Allocated or not, pick and hand over one way or another; True when the customer got goods."""
        tried = False
        while True:
            if not found and not self.contingency(o):
                if o.flow != Flow.SHIP or not self.net.rules.backorders:
                    failed = tried and o.flow == Flow.PICKUP
                    self.cancel(o, Outcome.FAILED_PICKUP if failed else Outcome.CANCELLED)
                    return False
                if not (yield from self.wait_for_stock(o)):
                    return False
            picked = yield from self.pick(o)
            tried = True
            missing = self.fill_claims(o) if picked else self.let_go(o)
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

    def wait_for_stock(self, o: Order) -> Answer:
        """Stand in the SKU's queue at the centre; False when the wait was cancelled."""
        self.queue_backorder(o)
        o.stocked = self.env.event()
        if (yield o.stocked):
            return True
        self.cancel(o, Outcome.CANCELLED)
        return False

    def pick(self, o: Order) -> Answer:
        """Wait for the wave of parcels and for a picker, be picked; a pick that is stopped waits again.

        False when the node was shut before the pick began.
        """
        self.to(o, Status.TO_PICK)
        rank, every_s = pick_class(o), int(self.net.nodes["wave_every_s"][o.node])
        if rank == PARCELS and every_s > 0 and self.now % every_s:
            yield self.at(self.now + -self.now % every_s, Event.RELEASE, o)
            if self.net.nodes["shut"][o.node]:
                return False
        station = self.station(o.node, PICKING)
        turn: simpy.Event | None = station.join(o, o.pick_s, rank)
        while turn is not None:
            if (yield turn) == PUT_OUT:
                return False
            o.stopped = self.env.event()
            yield self.at(o.phase_time, Event.PICK_END, o) | o.stopped
            turn = o.stopped.value if o.stopped.triggered else None
        station.done(o)
        return True

    def parcel(self, o: Order) -> Process:
        """Packed; leaves with the carrier or a courier; delivered."""
        self.to(o, Status.PACKED)
        o.picked_at = o.ready_at = self.now
        if o.flow == Flow.SAME_DAY:
            yield from self.courier(o)
        else:
            yield self.at(self.next_cutoff(self.now), Event.DEPART, o)
        self.depart(o)
        yield self.at(self.now + self.road_s(o), Event.DELIVER, o)
        self.deliver(o)

    def road_s(self, o: Order) -> int:
        """Seconds from the node to the door."""
        if o.flow == Flow.SAME_DAY:
            return self.ride(o)
        return o.transit_s + int(self.net.nodes["extra_lead_s"][o.node])

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

    # ---- coarse events ----------------------------------------------------------------------------------------
    def staff(self, row: np.void, pickers: int, counter: int) -> dict[int, int]:
        """People on duty by role at a node; roles that are not named never have any."""
        if row["pooled"]:
            return {COUNTER: pickers + counter}
        desk = {DESK: int(row["desk"]) if counter > 0 else 0} if row["desk"] > 0 else {}
        return {PICKING: pickers, COUNTER: counter} | desk

    def set_staff(
        self, node: Some, pickers: Some, counter: Some, now: int, leaving: tuple[Some, Some] = (0, 0)
    ) -> None:
        """Staff on duty from now on; work in hand is finished, or as the node's `hand_over` and `at_closing` say."""
        self._reach(now)
        for n, picking, serving, *going in np.broadcast(node, pickers, counter, *leaving):
            row = self.net.nodes[n]
            row["pickers"], row["counter"] = picking, serving
            gone = {}
            if row["hand_over"] == OVERLAP:
                gone = self.staff(row, *map(int, going)) | {DESK: 0}  # the desk's people are the same ones
            for role, people in self.staff(row, int(picking), int(serving)).items():
                picks_here = role == (COUNTER if row["pooled"] else PICKING)
                at_closing = int(row["at_closing"]) if picks_here else FINISH
                self.stations[N_ROLES * int(n) + role].set_cap(people, gone.get(role, 0), at_closing)
            self._settle()

    def set_site(self, cap: int, now: int) -> None:
        """Sessions that the site carries from now on; without a site nothing changes."""
        self._reach(now)
        if self.net.rules.site_cap >= 0:
            self.site.set_cap(int(cap))
            self._settle()

    def set_places(self, node: Some, bins: Some, bays: Some, rooms: Some, now: int) -> None:
        """Bins, bays and fitting rooms from now on, 0 as many as are needed; whoever waits gets what became free."""
        self._reach(now)
        for n, shelf, bay, room in np.broadcast(node, bins, bays, rooms):
            row = self.net.nodes[n]
            row["bins"], row["bays"], row["rooms"] = shelf, bay, room
            self.space(int(n), SHELF).set_cap(int(shelf) or ENDLESS)
            self.space(int(n), BAY).set_cap(int(bay) or ENDLESS)
            self._settle()
            self.stations[N_ROLES * int(n) + ROOM].set_cap(int(room) or ENDLESS)
            self._settle()

    def open_store(self, node: Some, now: int) -> None:
        """Customers may enter."""
        self._reach(now)
        self.net.nodes["open"][node] = 1

    def close_store(self, node: Some, now: int) -> None:
        """Customers may no longer enter."""
        self._reach(now)
        self.net.nodes["open"][node] = 0

    def shut(self, node: Some, now: int) -> None:
        """No order is sent there from now on; picks that wait there are put out, node by node."""
        self._reach(now)
        self.net.nodes["shut"][node] = 1
        for n in np.atleast_1d(node):
            self.station(int(n), PICKING).put_out()
            self._settle()

    def reopen(self, node: Some, now: int) -> None:
        """Orders may be sent there again; who found the door shut comes once more."""
        self._reach(now)
        self.net.nodes["shut"][node] = 0
        self.call_back(np.atleast_1d(node).tolist())
        self._settle()

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

    @property
    def booking_slots(self) -> np.ndarray:
        """(N, RING) int64, number of the pickup slot that each place of the bookings stands for, -1 none."""
        return self.pickup_slots.stamp

    def books(self) -> Books:
        """The sums."""
        stations = np.array([s.row() for s in self.stations], STATION)
        spaces = np.array([s.row() for s in self.spaces], SPACE)
        return Books(
            ledger=self.ledger,
            stations=stations,
            spaces=spaces,
            transitions=self.transitions,
            visits=self.visits,
            places=self.places,
            units=self.units,
            slots=self.slots,
            slot_limit=self.slot_limit,
            refused=self.refused,
            bookings=self.pickup_slots.bookings,
            booking_limit=self.pickup_slots.limit,
            granted=self.granted,
            booked=self.pickup_slots.booked,
            given_back=self.pickup_slots.given_back,
            lapsed=self.pickup_slots.lapsed,
            waves_booked=self.waves_booked,
            waves_back=self.waves_back,
            waves_lapsed=self.waves_lapsed,
        )

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
