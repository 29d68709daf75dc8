"""Customers at a node in the reference engine: pickups once they are picked, visits, returns. Here orders wait."""

from __future__ import annotations

from collections.abc import Generator

import simpy

from omosim.fulfilment.reference_acts import Acts
from omosim.fulfilment.reference_parts import NOWHERE, Order
from omosim.schema.codes import Action, Entry, Event, Flow, Outcome, Status
from omosim.schema.columns import (
    DAY,
    FLAG_BIN_WAIT,
    FLAG_BROUGHT_BACK,
    FLAG_CLOSED,
    FLAG_LOOKED,
    FLAG_NO_SHOW,
    FLAG_QUEUE_LEFT,
)
from omosim.schema.network import AT_TRUCK, BAY, COUNTER, DESK, ROOM, SHELF

Process = Generator[simpy.Event, object, None]
Answer = Generator[simpy.Event, object, bool]  # a process that ends with yes or no
FIRST_KEYED = 2  # simpy's own priorities are 0 and 1; what an event sets off at once keeps them


class StoreLives(Acts):
    """The waits of customers, and the acts between them."""

    def at(self, time: int, kind: Event, order: Order) -> simpy.Event:
        """An event at `time` that stands in the total order (time, kind, key)."""
        event = simpy.Event(self.env)
        event._ok, event._value = True, None
        self.env.schedule(event, FIRST_KEYED + (kind << 64 | order.key), time - self.now)  # type: ignore[arg-type]
        return event

    def patience_over(self, o: Order) -> simpy.Event:
        """When the customer gives up waiting; never for those of endless patience."""
        return self.at(self.now + o.patience_s, Event.QUEUE_LEAVE, o) if o.patience_s >= 0 else self.env.event()

    # ---- pickups ----------------------------------------------------------------------------------------------
    def pickup(self, o: Order) -> Answer:
        """Sent to its node, staged until the customer has it or the shelf time is over."""
        o.picked_at = self.now
        if o.collect_at != o.node:
            yield from self.move(o)
        if o.spot[SHELF] == NOWHERE and not (yield from self.find_bin(o)):
            self.give_back_slot(o)
            self.unstage(o, Status.CANCELLED, Outcome.FAILED_PICKUP, "reserved")
            yield from self.sent_back(o)
            return False
        self.stage(o)
        slot_at = o.slot_at if o.slot_node == o.node else -1
        last = max(o.ready_at, slot_at) + (int(self.service(o)["hold_s"]) or self.net.rules.hold_s)
        come = self.comes_at(o.node, max(self.now, slot_at) + o.collect_lag_s) if o.collect_lag_s >= 0 else last + 1
        while True:
            if come > last:
                yield self.at(max(self.now, last), Event.EXPIRE, o)
                self.unstage(o, Status.EXPIRED, Outcome.EXPIRED)
                o.flags |= FLAG_NO_SHOW
                yield from self.sent_back(o)
                return False
            yield self.at(come, Event.COLLECT, o)
            if self.net.nodes["shut"][o.node] or not self.net.nodes["open"][o.node]:
                o.flags |= FLAG_CLOSED
                self.tell(o, Outcome.CLOSED, 0)
                if not self.net.nodes["shut"][o.node]:
                    come = self.comes_at(o.node, self.now + DAY)
                    continue
                come = yield from self.wait_for_opening(o, last)
                if come >= 0:
                    continue
                self.unstage(o, Status.CANCELLED, Outcome.FAILED_PICKUP)
                yield from self.sent_back(o)
                return False
            o.entries += 1
            o.arrived_at = self.now
            again = bool(o.flags & FLAG_QUEUE_LEFT)
            if (yield from self.come_for(o)):
                break
            self.to(o, Status.STAGED)
            come = last + 1 if again else self.comes_at(o.node, self.now + DAY)
        taken = self.collect(o)
        yield from self.sent_back(o)
        return taken

    def wait_for_opening(self, o: Order, last: int) -> Generator[simpy.Event, object, int]:
        """Until a shut node opens again: when the customer comes; -1 when it does not within the shelf time."""
        o.turned_away_at, o.last_at, o.reopened = self.now, last, self.env.event()
        self.turned_away.append(o)
        yield o.reopened | self.at(last, Event.EXPIRE, o)
        self.turned_away.remove(o)
        return int(o.reopened.value or 0) if o.reopened.triggered else -1

    def call_back(self, nodes: list[int]) -> None:
        """Nodes opened again: who found their doors shut comes at the same hour, or with the first opening if that is too late."""
        for o in self.turned_away:
            if o.node in nodes:
                hour = self.now + (o.turned_away_at - self.now) % DAY
                times = [t for t in (self.comes_at(o.node, hour), self.comes_at(o.node, self.now)) if t <= o.last_at]
                if times:
                    o.reopened.succeed(times[0])  # type: ignore[union-attr]

    def sent_back(self, o: Order) -> Process:
        """What nobody took goes back to the centre, where it cannot stay."""
        if o.place == AT_TRUCK:
            yield self.at(self.now + self.net.rules.to_store_s, Event.RESTOCK, o)
            self.back_in_centre(o)

    def move(self, o: Order) -> Process:
        """On the truck to the node where it is collected."""
        self.to(o, Status.PACKED)
        yield self.at(self.next_cutoff(self.now), Event.DEPART, o)
        self.move_out(o)
        yield self.at(self.now + self.net.rules.to_store_s, Event.DELIVER, o)
        self.move_in(o)

    def find_bin(self, o: Order) -> Answer:
        """A bin of the pickup shelf; a picked order waits when all are taken, False when it waited in vain."""
        shelf = self.space(o.node, SHELF)
        if shelf.take(o):
            return True
        if o.status != Status.PACKED:
            self.to(o, Status.PACKED)
        o.flags |= FLAG_BIN_WAIT
        turn = shelf.wait(o)
        yield turn | self.at(self.now + self.net.rules.bin_wait_s, Event.EXPIRE, o)
        if not turn.triggered:
            shelf.withdraw(o)
        return turn.triggered

    def come_for(self, o: Order) -> Answer:
        """The customer is at the node; True when the order can be handed over, False when it took too long."""
        node, bays = self.net.nodes[o.node], self.space(o.node, BAY)
        if self.is_unmanned(o.node):
            o.served_at = self.now
            return True
        curbside = self.service(o)["curbside"] and node["bays"] > 0
        if not curbside and o.try_on and self.has_room(o):
            yield from self.room(o)
        self.to(o, Status.AT_COUNTER)
        enough = self.patience_over(o)
        if curbside and not bays.take(o):
            turn = bays.wait(o)
            yield turn | enough  # also where nobody gives up: who is let in together joins the counter in this order
            if not turn.triggered:
                self.give_up(o, bays.withdraw(o))
                return False
            o.wait_s += self.now - o.arrived_at
        served = yield from self.counter(o, enough)
        self.leave_space(o, BAY)
        return served

    # ---- in the store -----------------------------------------------------------------------------------------
    def counter(self, o: Order, enough: simpy.Event) -> Answer:
        """Queue at the counter and be served; False when the customer had enough of it."""
        station, since = self.station(o.node, COUNTER), self.now
        turn = station.join(o, o.counter_s + (o.alter_s if self.can_alter(o) else 0))
        yield turn | enough
        if not turn.triggered:
            self.give_up(o, station.withdraw(o))
            return False
        o.served_at = self.now
        o.wait_s += self.now - since
        yield self.at(o.phase_time, Event.COUNTER_END, o)
        station.done(o)
        return True

    def has_room(self, o: Order) -> bool:
        """Whether trying on takes time, and so a fitting room; a store of 0 rooms has as many as are needed."""
        return bool(o.fit_s > 0)

    def room(self, o: Order) -> Answer:
        """Wait for a fitting room, try on; who has enough of the wait goes home, or collects without trying on."""
        self.to(o, Status.IN_ROOM)
        room, since = self.station(o.node, ROOM), self.now
        turn = room.join(o, o.fit_s)
        yield turn | self.patience_over(o)
        if not turn.triggered:
            waited = room.withdraw(o)
            if o.flow == Flow.VISIT:
                self.give_up(o, waited)
            else:
                o.wait_s += waited
                o.try_on = 0
            return False
        o.wait_s += self.now - since
        yield self.at(o.phase_time, Event.ROOM_END, o)
        room.done(o)
        return True

    # ---- visits -----------------------------------------------------------------------------------------------
    def visit(self, o: Order) -> Answer:
        """Look, take, pay; True when goods were bought."""
        while self.enter(o):
            if o.intent == 2:
                o.flags |= FLAG_LOOKED
                self.leave(o)
                break
            if self.finds(o):
                return (yield from self.try_on(o))
            self.meet_empty_shelf(o)
            action = self.way_out(o)
            if action == Action.SUBSTITUTE:
                self.substitute(o)
                return (yield from self.try_on(o))
            if action == Action.OTHER_STORE:
                self.move_on(o)
                yield self.at(self.now + o.second_travel_s, Event.SECOND_STORE, o)
                continue
            if action == Action.SHIP:
                self.order_here(o, self.seen_item(o), o.channel)
            self.leave(o)
            break
        return False

    def try_on(self, o: Order) -> Answer:
        """The item is in hand: to the fitting room, if the store has one."""
        if self.has_room(o) and not self.service(o)["booked"]:
            self.take(o)
            if not (yield from self.room(o)):
                self.put_back(o)
                return False
            self.hang_back(o)
        return (yield from self.buy(o))

    def buy(self, o: Order) -> Answer:
        """Does it fit, is it bought here?"""
        if not self.fits(o):
            self.leave(o)
            return False
        if o.intent == 1:
            self.order_here(o, o.sku, Entry.WEB)
            self.leave(o)
            return False
        if not self.wanted(o):
            self.tell(o, Outcome.REFUSED, 0)
            self.leave(o)
            return False
        self.take(o)
        self.to(o, Status.AT_COUNTER)
        o.arrived_at = self.now
        if self.service(o)["booked"]:  # somebody is there for this visitor
            o.served_at = self.now
            self.pay(o)
            return True
        if (yield from self.counter(o, self.patience_over(o))):
            self.pay(o)
            return True
        self.put_back(o)
        return False

    # ---- returns ----------------------------------------------------------------------------------------------
    def go_back(self, o: Order) -> Process:
        """The units come back: to a store's counter, or by post."""
        when = self.now + o.return_lag_s
        if o.return_node >= 0:
            when = self.comes_at(o.return_node, when)
        yield self.at(when, Event.RETURN_BEGIN, o)
        self.to(o, Status.RETURN_OPEN)
        self.send_back(o)
        if o.return_node >= 0 and self.net.nodes["open"][o.return_node] and not self.is_unmanned(o.return_node):
            o.entries += 1
            o.flags |= FLAG_BROUGHT_BACK
            desk = self.station(o.return_node, DESK)
            yield desk.join(o, self.net.rules.returns_s)
            yield self.at(o.phase_time, Event.COUNTER_END, o)
            desk.done(o)
            where = o.return_node
        else:
            self.post_back(o)
            yield self.at(self.now + self.net.rules.return_transit_s, Event.RETURN_ARRIVE, o)
            where = 0
        self.refund_order(o)
        if o.flags & FLAG_BROUGHT_BACK:
            self.exchange(o)
        yield self.at(self.now + self.net.rules.refurbish_s, Event.RESTOCK, o)
        self.restock(o, where)
