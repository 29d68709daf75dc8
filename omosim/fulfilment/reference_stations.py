"""Stations of the reference engine: people, or places with a service time, and the queue in front of them."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import simpy

from omosim.fulfilment.reference_parts import Order
from omosim.schema.codes import Flow
from omosim.schema.network import (
    FINISH,
    HOLD_WORK,
    PHASE_NONE,
    PHASE_QUEUED,
    PHASE_RIDES,
    PHASE_SERVED,
    STATION,
)

STATION_NAMES: tuple[str, ...] = STATION.names or ()
#: Classes of a queue: people who stand there, picks that somebody waits for, picks of parcels.
PRESENT, HURRIED, PARCELS = range(3)
PUT_OUT = -1  # instead of a wait: the service will not begin


def pick_class(order: Order) -> int:
    """Class of an order's pick."""
    return PARCELS if order.flow == Flow.SHIP else HURRIED


class Place(NamedTuple):
    """A row's place in a queue, and afterwards in the service."""

    order: Order
    work_s: int
    turn: simpy.Event  # happens when the service begins; its value is the wait, or PUT_OUT
    since: int


class Station:
    """Staff who serve a queue, first come first served within a class; lower classes go first.

    Not simpy's PriorityResource: it sorts its whole backlog at every request.
    """

    def __init__(self, env: simpy.Environment, number: int, node: Any = None, finishes: bool = False) -> None:
        self.env = env
        self.number = number
        self.node = node  # its NODE row: most rows of a picking trip, seconds of its walk
        self.finishes = finishes  # staff stay after closing until nobody who is present waits
        self.queues: list[deque[Place]] = [deque(), deque(), deque()]
        self.in_service: dict[int, tuple[Place, int]] = {}  # by key: the place, and its class
        self.cap = self.finish = self.busy = self.extra = 0
        self.last = self.area = self.waits = self.idle = self.overtime = 0
        self.worked = self.scheduled = self.shift_from = self.started = 0

    @property
    def now(self) -> int:
        return int(self.env.now)

    @property
    def queued(self) -> int:
        return sum(map(len, self.queues))

    @property
    def on_shift(self) -> int:
        """Of those at work, who do not leave at the end of their service."""
        return self.busy - self.extra

    @property
    def has_hands(self) -> bool:
        """Whether somebody may begin a service; after closing only those who stay."""
        return self.on_shift < (self.cap or self.finish)

    def free_for(self, rank: int) -> bool:
        """Whether a row of this class that joins now is served at once."""
        if self.cap:
            return not self.queued and self.has_hands
        return rank == PRESENT and not self.queues[PRESENT] and self.has_hands

    def tick(self) -> None:
        """Bring the time integrals up to now."""
        dt = self.now - self.last
        self.area += self.queued * dt
        self.idle += max(self.cap - self.on_shift, 0) * dt
        self.overtime += (self.extra + max(self.on_shift - self.cap, 0)) * dt
        self.last += dt

    def join(self, order: Order, work_s: int, rank: int = PRESENT) -> simpy.Event:
        """Queue up; the event happens when service begins."""
        self.tick()
        order.station = self.number
        place = Place(order, work_s, self.env.event(), self.now)
        if self.free_for(rank):
            self._begin([place], rank)
        else:
            order.phase, order.phase_time = PHASE_QUEUED, self.now
            self.queues[rank].append(place)
        return place.turn

    def duration(self, trip: list[Place]) -> int:
        """Seconds of a service; the picks of one trip share its walk."""
        if len(trip) == 1:
            return trip[0].work_s
        walk_s = int(self.node["walk_s"])
        return walk_s + sum(max(place.work_s - walk_s, 0) for place in trip)

    def _begin(self, trip: list[Place], rank: int) -> None:
        """One person begins with the first row of the trip; the others ride along."""
        duration = self.duration(trip)
        self.busy += 1
        self.started += 1
        self.worked += duration
        for place in trip:
            wait = self.now - place.since
            self.waits += wait
            place.order.phase = PHASE_SERVED if place is trip[0] else PHASE_RIDES
            place.order.phase_time = self.now + duration
            self.in_service[place.order.key] = place, rank
            place.turn.succeed(wait)

    def _next(self) -> None:
        """Whoever is free takes who is first; those who stay after closing serve only people who are present."""
        while self.has_hands:
            served = self.queues if self.cap else self.queues[: PRESENT + 1]
            rank = next((rank for rank, queue in enumerate(served) if queue), None)
            if rank is None:
                break
            queue = self.queues[rank]
            most = 1 if rank == PRESENT else max(1, int(self.node["batch"]))
            self._begin([queue.popleft() for _ in range(min(most, len(queue)))], rank)
        if self.finish and not self.queues[PRESENT] and self.node["open"]:
            self.finish = 0

    def done(self, order: Order) -> None:
        """The service of `order` ended; whoever is first in the queue is next, unless the order only rode along."""
        leads = order.phase == PHASE_SERVED
        order.phase = PHASE_NONE
        del self.in_service[order.key]
        if leads:
            self.tick()
            self.busy -= 1
            self.extra = max(self.extra - 1, 0)
            self._next()

    def withdraw(self, order: Order) -> int:
        """`order` leaves the queue unserved; returns how long it had waited."""
        self.tick()
        for queue in self.queues:
            for place in queue:
                if place.order is order:
                    queue.remove(place)
                    waited = self.now - place.since
                    self.waits += waited
                    order.phase = PHASE_NONE
                    self._next()
                    return waited
        raise LookupError("order is not in this queue")

    def put_out(self) -> None:
        """Picks that wait leave the queue unserved, in its order; each hears it through its turn."""
        self.tick()
        for queue in self.queues[HURRIED:]:
            for place in queue:
                self.waits += self.now - place.since
                place.order.phase = PHASE_NONE
                place.turn.succeed(PUT_OUT)
            queue.clear()

    def set_cap(self, cap: int, leaving: int = 0, at_closing: int = FINISH) -> None:
        """Staff on duty from now on.

        `leaving` of those at work end what they do beside those who come. When nobody is left, `at_closing` says what
        happens to picks in hand.
        """
        self.tick()
        self.extra += min(leaving, self.on_shift)
        self.scheduled += self.cap * (self.now - self.shift_from)
        self.shift_from = self.now
        stay = self.cap or self.finish
        self.cap = cap
        shut = self.finishes and not self.node["open"]  # who is inside may still come to the counter: people stay
        self.finish = stay if self.finishes and cap == 0 and (shut or self.queues[PRESENT]) else 0
        if cap == 0 and at_closing != FINISH:
            self._stop_picks(at_closing)
        self._next()

    def _stop_picks(self, at_closing: int) -> None:
        """Picks in hand go back to the head of their queue, with what is left of them or to begin anew."""
        picks = [(place.order, rank) for place, rank in self.in_service.values() if rank != PRESENT]
        picks.sort(key=lambda pick: (pick[0].phase_time, pick[0].key))
        for order, rank in reversed(picks):  # each before the one behind it
            left = order.phase_time - self.now
            if order.phase == PHASE_SERVED:
                self.busy -= 1
                self.worked -= left
            if at_closing == HOLD_WORK:
                order.pick_s = left if order.phase == PHASE_SERVED else 0  # the rest of a trip is the leader's
            del self.in_service[order.key]
            order.phase, order.phase_time = PHASE_QUEUED, self.now
            place = Place(order, order.pick_s, self.env.event(), self.now)
            self.queues[rank].appendleft(place)
            order.stopped.succeed(place.turn)  # type: ignore[union-attr]
        self.extra = min(self.extra, self.busy)

    def row(self) -> tuple[int, ...]:
        """Values of the STATION row."""
        return tuple(getattr(self, name) for name in STATION_NAMES)


class Site(Station):
    """The site: sessions instead of services; each takes longer the fuller it is when the session begins."""

    def __init__(self, env: simpy.Environment, number: int, slow_ppm: int) -> None:
        super().__init__(env, number)
        self.slow_ppm = slow_ppm

    def duration(self, trip: list[Place]) -> int:
        """Seconds of a session."""
        session_s = trip[0].work_s
        return session_s + session_s * self.on_shift * self.slow_ppm // (self.cap * 1_000_000)
