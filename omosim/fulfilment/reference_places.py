"""Places of the reference engine: bins and bays that an order occupies without a service, and pickup slots."""

from __future__ import annotations

from collections import deque

import numpy as np
import simpy

from omosim.fulfilment.reference_parts import NOWHERE, Order
from omosim.schema.network import BAY, PHASE_BAY, PHASE_BIN, PHASE_NONE, RING, SPACE

SPACE_NAMES: tuple[str, ...] = SPACE.names or ()


class Space:
    """The pickup shelf or the curbside bays of a node; who finds no free place waits, first come first served."""

    def __init__(self, env: simpy.Environment, node: int, role: int, cap: int) -> None:
        self.env = env
        self.node = node
        self.role = role  # SHELF or BAY
        self.cap = cap
        self.queue: deque[tuple[Order, simpy.Event, int]] = deque()
        self.used = self.peak = self.turned = 0
        self.last = self.area = self.filled = self.waits = self.dwells = 0

    @property
    def now(self) -> int:
        return int(self.env.now)

    @property
    def waiting(self) -> int:
        return len(self.queue)

    def tick(self) -> None:
        """Bring the time integrals up to now."""
        dt = self.now - self.last
        self.area += self.waiting * dt
        self.filled += self.used * dt
        self.last += dt

    def take(self, order: Order) -> bool:
        """Take a free place; False when there is none or somebody waits for it."""
        if self.queue or self.used >= self.cap:
            return False
        self._give(order)
        return True

    def _give(self, order: Order) -> None:
        self.tick()
        self.used += 1
        self.peak = max(self.peak, self.used)
        order.spot[self.role] = self.node, self.now

    def wait(self, order: Order) -> simpy.Event:
        """Wait for a place; the event happens when it is given, its value is the wait."""
        self.tick()
        order.phase, order.phase_time = PHASE_BAY if self.role == BAY else PHASE_BIN, self.now
        given = self.env.event()
        self.queue.append((order, given, self.now))
        return given

    def release(self, order: Order) -> None:
        """The order leaves its place; whoever waits first has it."""
        self.tick()
        self.used -= 1
        self.dwells += self.now - order.spot[self.role][1]
        order.spot[self.role] = NOWHERE
        self._next()

    def _next(self) -> None:
        while self.queue and self.used < self.cap:
            order, given, since = self.queue[0]
            self._give(order)
            self.queue.popleft()
            self.waits += self.now - since
            order.phase = PHASE_NONE
            given.succeed(self.now - since)

    def withdraw(self, order: Order) -> int:
        """`order` waits no longer; returns how long it had waited."""
        self.tick()
        entry = next(entry for entry in self.queue if entry[0] is order)
        self.queue.remove(entry)
        self.waits += self.now - entry[2]
        order.phase = PHASE_NONE
        return self.now - entry[2]

    def set_cap(self, cap: int) -> None:
        """Places from now on; nobody is driven out of one."""
        self.tick()
        self.cap = cap
        self._next()

    def row(self) -> tuple[int, ...]:
        """Values of the SPACE row."""
        return tuple(getattr(self, name) for name in SPACE_NAMES)


class PickupSlots:
    """Orders booked into the pickup slots of every node; a slot is forgotten when its place in the ring is needed."""

    def __init__(self, nodes: int) -> None:
        self.bookings = np.zeros((nodes, RING), np.int32)
        self.limit = np.zeros((nodes, RING), np.int32)
        self.stamp = np.full((nodes, RING), -1, np.int64)
        self.booked = self.given_back = self.lapsed = 0

    def book(self, node: int, slot: int, cap: int) -> bool:
        """One more order for a slot; False when it is full."""
        place = node, slot % RING
        if self.stamp[place] != slot:
            self.lapsed += int(self.bookings[place])
            self.stamp[place], self.bookings[place], self.limit[place] = slot, 0, 0
        self.limit[place] = max(int(self.limit[place]), cap)
        if self.bookings[place] >= cap:
            return False
        self.bookings[place] += 1
        self.booked += 1
        return True

    def give_back(self, node: int, slot: int) -> None:
        """One order less for a slot, if the ring still remembers it."""
        place = node, slot % RING
        if self.stamp[place] == slot:
            self.bookings[place] -= 1
            self.given_back += 1
