"""How full the places of stores would be at the retailer's full size: bins, boxes, bays, fitting rooms, pickup slots.

Places are those of whole stores, whoever the run's shoppers stand for, so in a sample they hardly ever fill. What is
counted here is how many were in use; from it follows how many would be with all shoppers (docs/definitions.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from omosim.engine.erlang import erlang_b, poisson_from, poisson_quantile
from omosim.model.kpis import Kpi
from omosim.schema.codes import NodeKind
from omosim.schema.columns import DAY, HOUR
from omosim.schema.network import BAY, N_ROLES, RING, ROOM, SHELF
from omosim.schema.settings import Settings

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel

#: kinds of places, each the first word of its figures, and the setting that limits it
KINDS = {
    "shelf": "network.operations.shelf_bins",
    "locker": "network.points.lockers",
    "bay": "network.operations.curbside_bays",
    "room": "network.operations.fitting_rooms",
    "slot": "network.operations.slot_orders",
}
SHELVES, LOCKERS, BAYS, ROOMS, SLOTS = range(5)
WEEKLY = (2, 7, 24)  # of even and odd weeks, by weekday, Monday first, and hour
#: dated changes that give a place a limit, or another one
CHANGES = ("bins", "bays", "rooms", "slots")
#: the part of the busiest hour for which the places that a store needs suffice
ENOUGH = 0.95


def in_use(spaces: np.ndarray, now: int) -> np.ndarray:
    """(n,) int64 place-seconds in use up to `now` of SPACE rows."""
    return spaces["filled"] + spaces["used"].astype(np.int64) * (now - spaces["last"])


def at_work(stations: np.ndarray, now: int) -> np.ndarray:
    """(n,) int64 server-seconds busy up to `now` of STATION rows: what is on duty, less the idle, and more beyond."""
    dt, cap = now - stations["last"], stations["cap"].astype(np.int64)
    busy, extra = stations["busy"].astype(np.int64), stations["extra"].astype(np.int64)
    on_duty = stations["scheduled"] + cap * (now - stations["shift_from"])
    beyond = stations["overtime"] + (extra + np.maximum(busy - extra - cap, 0)) * dt
    return on_duty + beyond - stations["idle"] - np.maximum(cap - (busy - extra), 0) * dt


class Places:
    """Places in use by node and by hour of the week, over the measured window.

    Parameters
    ----------
    settings : the run's settings
    nodes : (N,) NODE
    """

    def __init__(self, settings: Settings, nodes: np.ndarray) -> None:
        n, how = len(nodes), settings.network.operations
        limited = any(c.what in CHANGES for c in settings.scenario.interventions)
        self.used = limited or bool(how.shelf_bins or how.curbside_bays or how.fitting_rooms or how.slot_orders or settings.network.points.lockers)
        self.last = np.full(1, -1, np.int64)  # second of the last look
        self.before = np.zeros((4, n), np.int64)  # place-seconds in use up to it, bookings aside
        self.cap = np.zeros((5, n), np.int64)  # places then, 0 where there is no limit
        self.taken = np.zeros((5, n), np.int64)  # place-seconds in use; of slots: bookings
        self.room = np.zeros((5, n), np.int64)  # place-seconds there were; of slots: bookings that could be made
        self.watched = np.zeros((5, n), np.int64)  # seconds, or slots, over which these two were summed
        self.by_hour = np.zeros((5, *WEEKLY), np.int64)  # `taken` of all nodes
        self.seen = np.zeros((5, *WEEKLY), np.int64)  # seconds, or slots, of each hour

    def look(self, model: RetailModel) -> None:
        """At a full hour of the window: add the hour that is over."""
        now, last = model.clock.now, int(self.last[0])
        if not self.used or now % HOUR or not model.window_start <= now <= model.window_end:
            return
        books, nodes = model.fulfilment.books(), model.world.nodes
        shelf = in_use(books.spaces[SHELF::2], now)
        filled = np.stack([shelf, shelf, in_use(books.spaces[BAY::2], now), at_work(books.stations[ROOM:-1:N_ROLES], now)])
        if model.window_start <= last < now:
            taken, length = np.zeros_like(self.taken), np.full_like(self.taken, now - last)
            taken[:SLOTS] = filled - self.before
            length[SLOTS], taken[SLOTS] = slots_begun(nodes, books.bookings, model.fulfilment.booking_slots, last, now)
            limited = self.cap > 0
            self.taken += taken * limited
            self.room += self.cap * length
            self.watched += length * limited
            day = last // DAY + model.world.calendar.weekday0
            at = day // 7 % 2, day % 7, last % DAY // HOUR
            self.by_hour[:, *at] += (taken * limited).sum(axis=1)
            self.seen[:, *at] += (length * limited).max(axis=1)
        self.last[0], self.before = now, filled
        store, locker = nodes["kind"] == NodeKind.STORE, nodes["kind"] == NodeKind.LOCKER
        for kind, column, rows in ((SHELVES, "bins", store), (LOCKERS, "bins", locker), (BAYS, "bays", store), (ROOMS, "rooms", store), (SLOTS, "slot_cap", store)):
            self.cap[kind] = nodes[column] * rows

    # ---- snapshot -------------------------------------------------------------------------------------------
    def state(self) -> dict[str, np.ndarray]:
        """What changes, as copies of arrays."""
        return {name: array.copy() for name, array in vars(self).items() if isinstance(array, np.ndarray)}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over arrays given by `state`."""
        for name, array in state.items():
            setattr(self, name, array.copy())


def slots_begun(nodes: np.ndarray, bookings: np.ndarray, slots: np.ndarray, since: int, now: int) -> tuple[np.ndarray, np.ndarray]:
    """Pickup slots that begin in [since, now) inside the opening hours, and the orders booked into them, both (N,) int64.

    bookings, slots : (N, RING), orders booked and the slot that each place of the ring stands for; a slot that has
        begun takes no more orders
    """
    begun, booked = np.zeros(len(nodes), np.int64), np.zeros(len(nodes), np.int64)
    for length in np.unique(nodes["slot_s"][nodes["slot_s"] > 0]).tolist():
        for slot in range(-(-since // length), -(-now // length)):
            second, place = slot * length % DAY, slot % RING
            begins = (nodes["slot_s"] == length) & (nodes["opens_s"] <= second) & (second < nodes["closes_s"])
            begun += begins
            booked += bookings[:, place] * (begins & (slots[:, place] == slot))
    return begun, booked


@dataclass(frozen=True)
class Busiest:
    """One kind of places in its busiest hour of the week, at the retailer's full size.

    Parameters
    ----------
    wanted : (S,) float64, mean number in use at each node that has some
    places : (S,) float64, mean number there is
    """

    wanted: np.ndarray
    places: np.ndarray

    @property
    def load(self) -> float:
        """In use / there, over all nodes."""
        return float(sum(self.wanted.tolist()) / sum(self.places.tolist()))

    @property
    def short(self) -> float:
        """Share of nodes at which more are in use than there are."""
        return float(int((self.wanted > self.places).sum()) / len(self.places))

    def full(self, law: Callable[[int, float], float]) -> float:
        """Share of those who want a place that find none, by `law`(places, wanted)."""
        wanted, places = self.wanted.tolist(), np.rint(self.places).astype(int).tolist()
        total = sum(wanted)
        return sum(a * law(c, a) for c, a in zip(places, wanted, strict=True)) / total if total > 0 else 0.0

    @property
    def needed(self) -> float:
        """Places with which a node suffices for ENOUGH of the time, mean over nodes."""
        wanted = self.wanted.tolist()
        return sum(poisson_quantile(ENOUGH, a) for a in wanted) / len(wanted)


def peak(taken: np.ndarray, seen: np.ndarray) -> float:
    """Mean number in use in the busiest hour of the week.

    Parameters
    ----------
    taken, seen : WEEKLY int64, place-seconds in use and seconds, by even and odd weeks, weekday and hour

    Notes
    -----
    An hour's mean is that of its weekday times that of its hour of the day over the mean of all, which has a fraction
    of the noise of 168 means. The hour is picked in the even weeks and measured in the odd ones, and the other way
    round: the largest of many means is too large by the luck that picked it. In one week alone it is too large.
    """
    halves = [(taken[i], seen[i]) for i in range(2) if seen[i].any()]
    means = [_means(*half) for half in halves]
    picked = [(int(day.argmax()), int(hour.argmax())) for day, hour, _ in means]
    found = [day[i] * hour[j] / mean if mean > 0 else 0.0 for (day, hour, mean), (i, j) in zip(means, reversed(picked), strict=True)]
    return float(sum(found) / len(found))


def _means(taken: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean in use by weekday (7,), by hour of the day (24,), and of all; 0 where nothing was seen."""
    day, hour = (taken.sum(axis=k) / np.maximum(seen.sum(axis=k), 1) for k in (1, 0))
    return day, hour, float(taken.sum() / seen.sum())


def busiest(places: Places, kind: int, scale: float) -> Busiest | None:
    """Places in use in the busiest hour; None where there is no limit.

    Parameters
    ----------
    places : what the run counted
    kind : row of KINDS
    scale : shoppers of the retailer over simulated shoppers

    Notes
    -----
    A node has its part of the busiest hour of all nodes as of the whole window: its own busiest hour in a small sample
    would be the one with the luckiest draw. Oracle: tests/model/test_places.py.
    """
    nodes = np.flatnonzero(places.watched[kind] > 0)
    if nodes.size == 0:
        return None
    there = places.room[kind, nodes] / places.watched[kind, nodes]
    taken = places.taken[kind, nodes]
    total = int(taken.sum())
    if total == 0:
        return Busiest(np.zeros(nodes.size), there)
    return Busiest(taken / total * (peak(places.by_hour[kind], places.seen[kind]) * scale), there)


def place_kpis(places: Places, scale: float) -> list[Kpi]:
    """Load of each kind of place at full size, and where there is a limit what follows from it.

    Parameters
    ----------
    places : what the run counted
    scale : shoppers of the retailer over simulated shoppers
    """
    out = []
    for kind, (name, setting) in enumerate(KINDS.items()):
        found = busiest(places, kind, scale)
        if found is None:
            out.append(Kpi(f"{name}_load", None, "share", f"without a limit ({setting})"))
            continue
        law = erlang_b if kind != SLOTS else poisson_from
        out += [
            Kpi(f"{name}_load", found.load, "share"),
            Kpi(f"{name}_short", found.short, "share"),
            Kpi(f"{name}_full", found.full(law), "share"),
            Kpi(f"{name}_needed", found.needed, "orders" if kind == SLOTS else "places"),
        ]
    return out
