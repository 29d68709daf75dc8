"""What happened in a run, counted from its tables: so that a suite can ask that everything did."""

from __future__ import annotations

from collections import Counter

import numpy as np

from omosim.schema import columns as col
from omosim.schema.codes import Account, Entry, Flow, NodeKind, Outcome, Status
from omosim.schema.columns import DAY
from omosim.schema.network import (
    AT_PROMISED,
    BAY,
    COUNTER,
    DESK,
    N_ROLES,
    PHASE_RIDES,
    PICKING,
    ROOM,
)

#: the plain network; the first twelve are the list of shared/promises.md
MUST_HAPPEN = ("stock-out", "oversell prevented", "substitution", "no-show release", "partial fulfilment", "live spike",
               "refused slot", "idle staff", "pickup returned", "arrival after closing",
               "two events at one instant", "a day without sales", "left the queue", "backorder served",
               "endless aisle", "second store", "refused at the counter", "overtime", "missed wave",
               "only looked", "refused slot went by parcel", "extra purchase at a pickup", "wave given back")  # fmt: skip

#: what each feature does, by its name in features.py
EFFECTS = {
    "spike": ("live spike",),
    "unwanted": ("units that were not wanted came back",),
    "pickups": ("refused at the counter",),
    "dark": ("picked in a dark store", "courier from a dark store"),
    "partners": ("handed over at a partner's",),
    "lockers": ("handed over at a locker", "box refused", "back from where nobody took it"),
    "outsourced": ("picked elsewhere for a fee",),
    "sourcing": ("paid by the order",),
    "keep": (),  # leaves no trace of its own: see test_every_feature_matters
    "splits": ("split orders",),
    "late": ("reserved at the pick", "promised units"),
    "to_store": ("sent to its node", "on the truck"),
    "lost": ("oversell prevented", "pickup failed at the pick", "found elsewhere after the pick"),
    "dated": ("numbers changed",),
    "pooled": ("picked by a pool",),
    "desk": ("served at the desk",),
    "batch": ("picked on a shared trip", "rides along"),
    "waves": ("picked in a wave",),
    "breaks": ("nobody there while picks wait",),
    "stops": ("picks held", "picks handed back"),
    "overlap": ("people who end what they do",),
    "rooms": ("tried on in a room", "waited for a room"),
    "curbside": ("handed over in a bay", "waited for a bay", "gave up at the kerb"),
    "bins": ("waited for a bin",),
    "boxes": ("box refused",),
    "slots": ("slot granted", "pickup slot refused", "slot given back"),
    "places": ("places changed",),
    "shelf_time": ("shelf time of the service",),
    "alters": ("altered",),
    "take_part": ("took part",),
    "inserts": ("leaflet",),
    "exchanges": ("exchanged",),
    "site": ("lost on the site", "turned away by the site", "order after a session", "outage with people waiting"),
    "browsers": ("only browsed",),
    "short_wait": ("bin wait over",),
    "ring": ("slot forgotten",),
    "rush": ("gave up in front of a room", "collected without trying on"),
    "shuts": ("put out of a shut store", "came to a shut store in vain", "called back by a store that opened again"),
    "extras": ("extra purchase at a visit", "extra purchase in spite of an empty shelf", "extra item at a pickup"),
    "unseen": ("not found on the shelf",),
    "booked": ("served by appointment",),
}


class Watch:
    """Looks at an engine before and after each coarse event, for what leaves no trace in the tables."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.before: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None  # busy, queued, shut
        self.away = 0  # customers who wait for a shut store to open

    def __call__(self, engine) -> None:
        books, holds = engine.books(), engine.holds()
        stations = books.stations
        node, pool = engine.net.nodes, engine.net.nodes["pooled"] > 0
        picks = stations[N_ROLES * np.arange(len(node)) + np.where(pool, COUNTER, PICKING)]
        if self.before is None:
            self.before = picks["busy"].copy(), picks["queued"].copy(), node["shut"].copy()
            self.away = len(engine.turned_away)
            return
        busy, queued, shut = self.before
        stopped = np.where(busy > picks["busy"], busy - picks["busy"], 0)
        self.seen["put out of a shut store"] += int((queued - picks["queued"])[node["shut"] > shut].sum())
        self.seen["called back by a store that opened again"] += max(self.away - len(engine.turned_away), 0)
        self.seen["picks held"] += int(stopped[node["at_closing"] == 1].sum())
        self.seen["picks handed back"] += int(stopped[node["at_closing"] == 2].sum())
        self.seen["nobody there while picks wait"] += int(((picks["cap"] == 0) & (picks["queued"] > 0)).sum())
        self.seen["people who end what they do"] += int(stations["extra"].sum())
        self.seen["promised units"] += int(holds["claim"][holds["place"] == AT_PROMISED].sum())
        self.seen["rides along"] += int((holds["phase"] == PHASE_RIDES).sum())
        self.seen["on the truck"] += int(books.places[:, 3].sum())
        site = stations[-1]
        self.seen["outage with people waiting"] += int(site["cap"] == 0 and site["queued"] > 0)
        self.before = None


def _many(values: np.ndarray, least: int) -> int:
    """Values that occur at least so often."""
    return int((np.unique(values, return_counts=True)[1] >= least).sum()) if len(values) else 0


def plain_sights(engine, told: np.ndarray, world) -> dict[str, int]:
    """Counts of MUST_HAPPEN."""
    book, books = engine.book(), engine.books()
    flags, stations = book["flags"], books.stations
    times = np.concatenate([book[c][book[c] >= 0] for c in ("placed_at", "picked_at", "served_at", "done_at")])
    sale_days = np.unique(book["done_at"][(book["units_out"] > 0) & (book["done_at"] < world.days * DAY)] // DAY)
    missed_wave = (book["flow"] == Flow.SAME_DAY) & (book["picked_at"] // DAY > book["placed_at"] // DAY)
    refused = (book["flow"] == Flow.SHIP) & (flags & col.FLAG_SLOT_REFUSED > 0)
    live = book["placed_at"][(book["channel"] == Entry.LIVE) & (book["flow"] != Flow.VISIT)]
    queues = int(stations["waits"][PICKING:-1:N_ROLES].sum() + stations["waits"][-1] > 0)
    return {
        "stock-out": int((told["code"] == Outcome.EMPTY_SHELF).sum()),
        "oversell prevented": int((flags & col.FLAG_PHANTOM > 0).sum()),
        "substitution": int((flags & col.FLAG_SUBSTITUTED > 0).sum()),
        "no-show release": int((book["status"] == Status.EXPIRED).sum()),
        "partial fulfilment": int(((book["units_out"] > 0) & (book["units_short"] > 0)).sum()),
        "live spike": queues * _many(live // 60, 5),
        "refused slot": int((flags & col.FLAG_SLOT_REFUSED > 0).sum()),
        "idle staff": int((stations["idle"] > 0).sum()),
        "overtime": int((stations["overtime"] > 0).sum()),
        "pickup returned": int(((book["flow"] == Flow.PICKUP) & (book["status"] == Status.RETURNED)).sum()),
        "arrival after closing": int((flags & col.FLAG_CLOSED > 0).sum()),
        "two events at one instant": len(times) - len(np.unique(times)),
        "a day without sales": world.days - len(sale_days),
        "left the queue": int((flags & col.FLAG_QUEUE_LEFT > 0).sum()),
        "backorder served": int(books.transitions[Status.BACKORDERED, Status.TO_PICK]),
        "endless aisle": int(((book["key"] % 4 == 1) & (book["flow"] == Flow.SHIP)).sum()),
        "second store": int(books.visits[:, 4].sum()),
        "refused at the counter": int((book["status"] == Status.REFUSED).sum()),
        "missed wave": int(missed_wave.sum()),
        "only looked": int((flags & col.FLAG_LOOKED > 0).sum()),
        "refused slot went by parcel": int(refused.sum()),
        "extra purchase at a pickup": int((told["code"] == Outcome.EXTRA).sum()),
        "wave given back": books.waves_back,
    }


def effect_sights(engine, told: np.ndarray, world) -> dict[str, int]:
    """Counts of EFFECTS that the tables show."""
    book, books, net = engine.book(), engine.books(), engine.net
    nodes, services, ledger = net.nodes, net.services, books.ledger.sum(0)
    stations = books.stations[:-1].reshape(len(nodes), N_ROLES)
    spaces = books.spaces.reshape(len(nodes), 2)
    node = np.maximum(book["node"], 0)
    kind, collect_kind = nodes["kind"][node], nodes["kind"][np.maximum(book["collect_at"], 0)]
    collected = book["done_at"] * (book["units_out"] > 0) * (book["collect_at"] >= 0) > 0
    picked = book["picked_at"] >= 0
    at_home = (book["flow"] == Flow.SHIP) & picked & (book["flags"] & col.FLAG_MOVED == 0)
    picked_here = np.bincount(node[picked & (book["flags"] & col.FLAG_MOVED == 0)], minlength=len(nodes))
    every = nodes["wave_every_s"][node]
    expired = (book["status"] == Status.EXPIRED) & (services["hold_s"][book["offer"]] > 0)
    pickers = np.where(nodes["pooled"] > 0, stations["started"][:, COUNTER], stations["started"][:, PICKING])
    by_flag = {
        "split orders": col.FLAG_SPLIT,
        "sent to its node": col.FLAG_MOVED,
        "waited for a bin": col.FLAG_BIN_WAIT,
        "box refused": col.FLAG_BOX_REFUSED,
        "slot granted": col.FLAG_SLOT,
        "altered": col.FLAG_ALTERED,
        "took part": col.FLAG_TOOK_PART,
        "leaflet": col.FLAG_INSERT,
        "exchanged": col.FLAG_EXCHANGED,
        "lost on the site": col.FLAG_SITE_LOST,
        "not found on the shelf": col.FLAG_UNSEEN,
    }
    counts = {name: int((book["flags"] & flag > 0).sum()) for name, flag in by_flag.items()}
    on_site = books.transitions[Status.ON_SITE]
    lost = told["value"][told["code"] == Outcome.SITE_LOST]
    in_bay = (spaces["dwells"][:, BAY] > 0) & (spaces["peak"][:, BAY] > 0)
    gave_up = told[(told["code"] == Outcome.QUEUE_LEFT)]
    unmanned = (book["collect_at"] >= 0) & np.isin(collect_kind, (NodeKind.POINT, NodeKind.LOCKER))
    some_back = (book["units_back"] > 0) & (book["units_back"] < book["units_out"])
    dark, outsourced = picked & (kind == NodeKind.DARK), picked & (kind == NodeKind.OUTSOURCED)
    at_bay = services["curbside"][book["offer"][np.searchsorted(book["key"], gave_up["key"])]] > 0
    beside = book["key"] % 4 == 3
    visits = book[np.searchsorted(book["key"], book["key"][beside] - 3)]
    empty = visits["flags"] & col.FLAG_EMPTY > 0
    extra = book[(book["key"] % 4 == 1) & (book["flow"] == Flow.VISIT)]
    of_pickup = book[np.searchsorted(book["key"], extra["key"] - 1)]
    by_appointment = (book["flow"] == Flow.VISIT) & (services["booked"][book["offer"]] > 0)
    return counts | {
        "units that were not wanted came back": int(some_back.sum()),
        "picked in a dark store": int(dark.sum()),
        "courier from a dark store": int((dark & (book["flow"] == Flow.SAME_DAY)).sum()),
        "handed over at a partner's": int((collected & (collect_kind == NodeKind.POINT)).sum()),
        "handed over at a locker": int((collected & (collect_kind == NodeKind.LOCKER)).sum()),
        "back from where nobody took it": int(
            (unmanned & np.isin(book["status"], (Status.EXPIRED, Status.REFUSED))).sum()
        ),
        "picked elsewhere for a fee": int(outsourced.sum() * (ledger[Account.OUTSOURCED] > 0)),
        "paid by the order": int(ledger[Account.OUTSOURCED] > 0),
        "reserved at the pick": int((picked & (services["late"][book["offer"]] > 0)).sum()),
        "picked by a pool": int((picked_here * (nodes["pooled"] > 0)).sum()),
        "served at the desk": int(stations["started"][:, DESK].sum()),
        "picked on a shared trip": int(np.maximum(picked_here - pickers, 0)[nodes["pooled"] == 0].sum()),
        "picked in a wave": int((at_home & (every > 0) & (book["placed_at"] % np.maximum(every, 1) > 0)).sum()),
        "tried on in a room": int(stations["started"][:, ROOM].sum()),
        "waited for a room": int((stations["waits"][:, ROOM] > 0).sum()),
        "handed over in a bay": int(in_bay.sum()),
        "waited for a bay": int((spaces["waits"][:, BAY] > 0).sum()),
        "gave up at the kerb": int((at_bay & (spaces["waits"][:, BAY].sum() > 0)).sum()),
        "pickup slot refused": int(((book["flags"] & col.FLAG_SLOT_REFUSED > 0) & (books.bookings.sum() > 0)).sum()),
        "pickup failed at the pick": int((told["code"] == Outcome.FAILED_PICKUP).sum()),
        "found elsewhere after the pick": int(books.transitions[Status.TO_PICK, Status.TO_PICK]),
        "numbers changed": sum(name == "change" for _, _, name, _ in world.coarse),
        "places changed": sum(name == "set_places" for _, _, name, _ in world.coarse),
        "shelf time of the service": int(expired.sum()),
        "turned away by the site": int((lost == 0).sum()),
        "order after a session": int(on_site[Status.TO_PICK] + on_site[Status.BACKORDERED]),
        "only browsed": int((book["flow"] == Flow.BROWSE).sum()),
        "slot given back": books.given_back,
        "slot forgotten": books.lapsed,
        "bin wait over": int(books.transitions[Status.PACKED, Status.CANCELLED]),
        "came to a shut store in vain": int(books.transitions[Status.STAGED, Status.CANCELLED]),
        "extra purchase at a visit": int(beside.sum()),
        "extra purchase in spite of an empty shelf": int((empty & (visits["status"] == Status.LEFT)).sum()),
        "extra item at a pickup": int((extra["sku"] != of_pickup["sku"]).sum()),
        "served by appointment": int((by_appointment & (book["status"] == Status.BOUGHT) & (book["done_at"] == book["arrived_at"])).sum()),
        "gave up in front of a room": int(books.transitions[Status.IN_ROOM, Status.LEFT]),
        "collected without trying on": _untried(book, world),
    }


def _untried(book: np.ndarray, world) -> int:
    """Pickups collected as they were, though trying on would have shown that they do not fit."""
    tries = world.rows["key"][(world.rows["try_on"] > 0) & (world.rows["misfit"] > 0)]
    taken = np.isin(book["status"], (Status.COLLECTED, Status.RETURN_OPEN, Status.RETURNED))
    as_it_was = book["flags"] & (col.FLAG_SUBSTITUTED | col.FLAG_ALTERED) == 0
    return int(np.isin(book["key"][taken & as_it_was & (book["flow"] == Flow.PICKUP)], tries).sum())


def sights(engine, told: np.ndarray, world) -> Counter[str]:
    """Counts of everything, and of the features that the world has."""
    seen = Counter(plain_sights(engine, told, world)) + Counter(effect_sights(engine, told, world))
    return seen + Counter({f"has {name}": 1 for name in world.features})
