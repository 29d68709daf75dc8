"""What a random world may have beside the plain network; each feature draws from a stream of its own.

So a feature can be taken away from a world and the rest of it stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from omosim.fulfilment.rules import SOURCING
from omosim.schema.codes import Entry, Flow, NodeKind
from omosim.schema.columns import DAY, HOUR
from omosim.schema.network import HAND_BACK, HOLD_WORK, N_SERVICES, OVERLAP, SERVICE

Coarse = tuple[int, int, str, tuple[int, ...]]
OFFERS = 8  # rows of the table of services that the demand rows use
CHANGED = (
    "keep",
    "slot_cap",
    "batch",
    "wave_every_s",
    "wave_capacity",
)  # columns of a node that may change at any time
DOORLESS = (NodeKind.DC, NodeKind.DARK, NodeKind.OUTSOURCED)


@dataclass
class Draft:
    """A world before it is built; features change it in place."""

    nodes: np.ndarray
    units: np.ndarray
    rules: dict[str, Any]
    services: np.ndarray
    rows: np.ndarray
    coarse: list[Coarse]
    tick: int
    days: int

    def often(self, rng: np.random.Generator, low: int, high: int) -> range:
        """[low, high] times, or more in a long world."""
        return range(int(rng.integers(low, high + 1)) * max(1, self.days // 3))

    @property
    def end(self) -> int:
        """When the last demand is in; everybody is on duty from then on."""
        return self.days * DAY

    def offers(self, rng: np.random.Generator, name: str, value: Any = 1) -> None:
        """Switch a property of the service on for some offers, at least one."""
        chosen = rng.random(OFFERS) < 0.6
        chosen[rng.integers(0, OFFERS)] = True
        self.services[name][:OFFERS][chosen] = value if np.isscalar(value) else np.asarray(value)[chosen]

    def some(self, rng: np.random.Generator, low: int, high: int, share: float = 0.8) -> np.ndarray:
        """A number of [low, high] for some nodes, 0 for the others."""
        n = len(self.nodes)
        return rng.integers(low, high + 1, n) * (rng.random(n) < share)

    def times(self, rng: np.random.Generator, share: float) -> np.ndarray:
        """Work contents of some rows: 1, 2 or 3 ticks."""
        n = len(self.rows)
        return rng.integers(1, 4, n) * self.tick * (rng.random(n) < share)

    def at(self, rng: np.random.Generator) -> int:
        """A busy time of the grid, often soon after a row reached the network."""
        if rng.random() < 0.6:
            return int(rng.choice(self.rows["t"])) + int(rng.integers(0, 3)) * self.tick
        morning = int(rng.integers(0, self.days)) * DAY + 10 * HOUR
        return morning + int(rng.integers(0, 8 * HOUR // self.tick)) * self.tick

    def turn_into(self, rng: np.random.Generator, kind: NodeKind) -> np.ndarray:
        """Make one store, or more, a node of another kind; returns which."""
        stores = np.flatnonzero(self.nodes["kind"] == NodeKind.STORE)
        if len(stores) < 2 and rng.random() < 0.7:
            return stores[:0]
        changed = stores[rng.random(len(stores)) < 0.3] if len(stores) > 2 else stores[:0]
        changed = np.union1d(changed, stores[-1:])
        self.nodes["kind"][changed] = kind
        if kind in DOORLESS:
            self.nodes["open"][changed] = 0
        return changed


Feature = Callable[[np.random.Generator, Draft], None]
MAKERS: dict[str, Feature] = {}


def feature(make: Feature) -> Feature:
    """Register a feature by the name of its function."""
    MAKERS[make.__name__] = make
    return make


def drawn_features(seed: int) -> frozenset[str]:
    """Each feature in about half of the worlds; some worlds have nearly all, some nearly none."""
    rng = np.random.default_rng([seed, 77])
    share = rng.choice([0.1, 0.3, 0.5, 0.7, 0.9])
    return frozenset(name for name in MAKERS if rng.random() < share)


def add_features(draft: Draft, features: Collection[str], seed: int) -> None:
    """Switch the named features on."""
    for number, (name, make) in enumerate(MAKERS.items()):
        if name in features:
            make(np.random.default_rng([seed, 1000 + number]), draft)
    if "dark" in features or "outsourced" in features:
        shut = np.flatnonzero(np.isin(draft.nodes["kind"], DOORLESS)).tolist()
        draft.coarse = [e for e in draft.coarse if not (e[2] == "open_store" and e[3][0] in shut)]
    draft.rows = draft.rows[np.lexsort((draft.rows["key"], draft.rows["t"]))]
    draft.coarse.sort()


def no_services() -> np.ndarray:
    """The table with nothing in it."""
    return np.zeros(N_SERVICES, SERVICE)


# ---- demand ---------------------------------------------------------------------------------------------------
@feature
def spike(rng: np.random.Generator, d: Draft) -> None:
    """A live broadcast: many orders within one instant."""
    live = rng.random(len(d.rows)) < min(0.5, 60 / len(d.rows))
    d.rows["t"][live] = d.at(rng)
    d.rows["channel"][live & (d.rows["flow"] != Flow.VISIT)] = Entry.LIVE


@feature
def unwanted(rng: np.random.Generator, d: Draft) -> None:
    """Units that are not kept once they are seen."""
    d.rows["unwanted"] = rng.integers(0, 4, len(d.rows)) * (rng.random(len(d.rows)) < 0.6)


@feature
def pickups(rng: np.random.Generator, d: Draft) -> None:
    """Many pickups, soon fetched, of goods that are there."""
    chosen = rng.random(len(d.rows)) < 0.5
    many = int(chosen.sum())
    d.rows["flow"][chosen] = Flow.PICKUP
    d.rows["channel"][chosen] = rng.choice([Entry.WEB, Entry.SOCIAL, Entry.LIVE], many)
    d.rows["collect_lag_s"][chosen] = rng.integers(0, 6, many) * HOUR
    d.units += rng.integers(0, 40, d.units.shape)


# ---- kinds of nodes -------------------------------------------------------------------------------------------
@feature
def dark(rng: np.random.Generator, d: Draft) -> None:
    """A dark store with couriers and parcels."""
    for node in d.turn_into(rng, NodeKind.DARK):
        d.nodes["ships"][node] = 1
        d.nodes["courier_radius_m"][node], d.nodes["wave_capacity"][node] = 8000, 2


@feature
def partners(rng: np.random.Generator, d: Draft) -> None:
    """A partner's counter, which has no stock: orders are sent there."""
    changed = d.turn_into(rng, NodeKind.POINT)
    d.units[changed] = 0
    d.nodes["open"][changed] = 1
    d.nodes["ships"][changed] = 0
    d.offers(rng, "ship_to")


@feature
def lockers(rng: np.random.Generator, d: Draft) -> None:
    """A locker, always open, whose boxes are booked with the order."""
    changed = d.turn_into(rng, NodeKind.LOCKER)
    d.units[changed] = 0
    d.nodes["open"][changed] = 1
    d.nodes["ships"][changed] = 0
    d.nodes["opens_s"][changed] = d.nodes["closes_s"][changed] = 0
    d.nodes["bins"][changed] = rng.integers(1, 4, len(changed))
    d.coarse = [e for e in d.coarse if not (e[2] == "close_store" and e[3][0] in changed)]
    d.offers(rng, "ship_to")
    d.offers(rng, "books_box")


@feature
def outsourced(rng: np.random.Generator, d: Draft) -> None:
    """Somebody else's warehouse, paid by the order, with a longer way."""
    changed = d.turn_into(rng, NodeKind.OUTSOURCED)
    d.nodes["ships"][changed] = 1
    d.nodes["order_fee"][changed] = rng.integers(1, 400)
    d.nodes["extra_lead_s"][changed] = rng.integers(0, 20) * HOUR


# ---- sourcing -------------------------------------------------------------------------------------------------
@feature
def sourcing(rng: np.random.Generator, d: Draft) -> None:
    """Another order of the sources, with fees and lead times that tell them apart."""
    d.rules["sourcing"] = SOURCING[int(rng.integers(1, len(SOURCING)))]
    d.nodes["order_fee"] = d.some(rng, 1, 3) * 50
    d.nodes["extra_lead_s"] = d.some(rng, 1, 3) * 6 * HOUR


@feature
def keep(rng: np.random.Generator, d: Draft) -> None:
    """Units that orders may not take."""
    d.nodes["keep"] = d.some(rng, 1, 3)


@feature
def splits(rng: np.random.Generator, d: Draft) -> None:
    """Orders in several parcels; thin stock in many places, larger orders."""
    d.rules["splits"] = int(rng.integers(2, 5))
    d.nodes["ships"][rng.random(len(d.nodes)) < 0.7] = 1
    thin = rng.random(d.units.shape[1]) < 0.5
    thin[0] = True
    d.units[:, thin] = np.minimum(d.units[:, thin], rng.integers(0, 3, (len(d.nodes), int(thin.sum()))))
    d.units[:, 0] = rng.integers(1, 3, len(d.nodes))
    d.rows["units"] += rng.integers(0, 4, len(d.rows)) * (rng.random(len(d.rows)) < 0.5)
    chosen = rng.random(len(d.rows)) < 0.15
    d.rows["flow"][chosen], d.rows["sku"][chosen], d.rows["channel"][chosen] = Flow.SHIP, 0, Entry.WEB
    d.rows["units"][chosen] = rng.integers(2, 5, int(chosen.sum()))
    d.rows["unwanted"][chosen] = rng.integers(0, 3, int(chosen.sum()))


@feature
def late(rng: np.random.Generator, d: Draft) -> None:
    """Stock is reserved at the pick."""
    d.offers(rng, "late")


@feature
def to_store(rng: np.random.Generator, d: Draft) -> None:
    """Pickups that another node sends to where they are collected."""
    d.offers(rng, "ship_to")
    d.rules["to_store_s"] = int(rng.choice([0, 2 * d.tick, 6 * HOUR, DAY]))
    d.rules["to_store_cost"] = int(rng.integers(0, 200))


@feature
def lost(rng: np.random.Generator, d: Draft) -> None:
    """Shelves that are emptied unseen in the first morning: what is ordered there is not found at the pick."""
    for node, sku in np.argwhere(rng.random(d.units.shape) < 0.5).tolist():
        d.coarse.append((9 * HOUR, 3, "write_off", (node, sku, int(rng.choice([2, 1000])))))


# ---- work -----------------------------------------------------------------------------------------------------
@feature
def pooled(rng: np.random.Generator, d: Draft) -> None:
    """One pool of staff for all work of a node."""
    d.nodes["pooled"] = d.some(rng, 1, 1, 0.5)


@feature
def desk(rng: np.random.Generator, d: Draft) -> None:
    """A returns desk, and returns that take time."""
    d.nodes["desk"] = d.some(rng, 1, 2)
    d.rules["returns_s"] = int(rng.integers(1, 4)) * d.tick
    d.rows["mind"][rng.random(len(d.rows)) < 0.3] = 1


@feature
def batch(rng: np.random.Generator, d: Draft) -> None:
    """Several orders on one trip."""
    d.nodes["batch"] = d.some(rng, 2, 4)
    d.nodes["walk_s"] = d.some(rng, 1, 2) * d.tick


@feature
def waves(rng: np.random.Generator, d: Draft) -> None:
    """Parcels are picked in waves."""
    d.nodes["wave_every_s"] = d.some(rng, 1, 1) * int(rng.choice([2 * d.tick, HOUR, 4 * HOUR, 7 * HOUR]))


@feature
def breaks(rng: np.random.Generator, d: Draft) -> None:
    """Nobody is on duty for a while in the middle of the work."""
    for _ in d.often(rng, 2, 7):
        node, t = int(rng.integers(0, len(d.nodes))), d.at(rng)
        back = t + int(rng.integers(0, 4)) * d.tick
        d.coarse.append((t, 1, "set_staff", (node, 0, int(rng.integers(0, 2)))))
        d.coarse.append((back, 1, "set_staff", (node, int(rng.integers(1, 3)), 1)))


@feature
def stops(rng: np.random.Generator, d: Draft) -> None:
    """Picks in hand stop when the last picker goes."""
    n = len(d.nodes)
    d.nodes["at_closing"] = rng.choice([HOLD_WORK, HAND_BACK], n) * (rng.random(n) < 0.8)
    breaks(rng, d)


@feature
def overlap(rng: np.random.Generator, d: Draft) -> None:
    """Who leaves ends what is in hand beside those who come; shifts change in the middle of the work."""
    d.nodes["hand_over"] = OVERLAP * d.some(rng, 1, 1)
    for _ in d.often(rng, 2, 7):
        node, staff = int(rng.integers(0, len(d.nodes))), [int(x) for x in rng.integers(0, 3, 4)]
        d.coarse.append((d.at(rng), 1, "set_staff", (node, *staff)))
    changed = []
    for t, rank, name, args in d.coarse:  # those of the plain world leave too
        more = tuple(int(x) for x in rng.integers(0, 3, 2)) if name == "set_staff" and len(args) == 3 else ()
        changed.append((t, rank, name, (*args, *more)))
    d.coarse = changed


# ---- places ---------------------------------------------------------------------------------------------------
@feature
def rooms(rng: np.random.Generator, d: Draft) -> None:
    """Fitting rooms."""
    d.nodes["rooms"] = d.some(rng, 1, 2)
    d.rows["fit_s"] = d.times(rng, 0.7)


@feature
def curbside(rng: np.random.Generator, d: Draft) -> None:
    """Orders handed over at the customer's car, in bays."""
    if rng.random() < 0.5:
        pickups(rng, d)
    d.nodes["bays"] = d.some(rng, 1, 2, 0.9)
    d.offers(rng, "curbside")
    chosen = (d.rows["flow"] == Flow.PICKUP) & (rng.random(len(d.rows)) < 0.7)  # all to one place, and slow there
    store = np.flatnonzero(d.nodes["kind"] == NodeKind.STORE)[-1:]
    many = int(chosen.sum())
    d.nodes["bays"][store] = 1
    d.units[store] += rng.integers(20, 60, d.units.shape[1])
    d.rows["node"][chosen] = store[0] if len(store) else len(d.nodes) - 1
    d.rows["counter_s"][chosen] = rng.integers(1, 4, many) * HOUR
    d.rows["patience_s"][chosen] = np.where(rng.random(many) < 0.5, d.tick, d.rows["patience_s"][chosen])


@feature
def bins(rng: np.random.Generator, d: Draft) -> None:
    """A pickup shelf with few places."""
    d.nodes["bins"] = np.where(d.nodes["bins"] > 0, d.nodes["bins"], d.some(rng, 1, 3))


@feature
def boxes(rng: np.random.Generator, d: Draft) -> None:
    """A place on the shelf is booked with the order."""
    bins(rng, d)
    d.offers(rng, "books_box")


@feature
def slots(rng: np.random.Generator, d: Draft) -> None:
    """Pickup slots with few places."""
    if rng.random() < 0.5:
        pickups(rng, d)
    n = len(d.nodes)
    d.nodes["slot_s"] = rng.choice([HOUR, 3 * HOUR, 12 * HOUR], n) * (rng.random(n) < 0.9)
    d.nodes["slot_cap"] = d.some(rng, 1, 3)
    d.rules["slot_tries"] = int(rng.integers(1, 6))
    d.offers(rng, "slotted")


@feature
def places(rng: np.random.Generator, d: Draft) -> None:
    """Bins, bays and rooms change while they are in use."""
    n = len(d.nodes)
    for _ in d.often(rng, 1, 5):
        node, numbers = int(rng.integers(0, n)), [int(x) for x in rng.integers(0, 4, 3)]
        d.coarse.append((d.at(rng), 2, "set_places", (node, *numbers)))
    d.coarse += [(d.end, 2, "set_places", (node, 0, 2, 2)) for node in range(n)]


# ---- services -------------------------------------------------------------------------------------------------
@feature
def shelf_time(rng: np.random.Generator, d: Draft) -> None:
    """Shelf times of the service."""
    d.offers(rng, "hold_s", rng.integers(1, 20, OFFERS) * HOUR)


@feature
def alters(rng: np.random.Generator, d: Draft) -> None:
    """Alterations on the spot."""
    d.offers(rng, "alters")
    d.rows["alter_s"] = d.times(rng, 0.7)


@feature
def take_part(rng: np.random.Generator, d: Draft) -> None:
    """The customer may leave some units behind."""
    d.offers(rng, "take_part")
    d.rows["unwanted"] = rng.integers(0, 4, len(d.rows)) * (rng.random(len(d.rows)) < 0.6)
    d.rows["units"] += rng.integers(0, 2, len(d.rows))


@feature
def inserts(rng: np.random.Generator, d: Draft) -> None:
    """Leaflets in parcels."""
    d.offers(rng, "insert")
    d.rules["insert_cost"] = int(rng.integers(0, 30))


@feature
def exchanges(rng: np.random.Generator, d: Draft) -> None:
    """Goods brought back are changed for the second item."""
    d.rules["exchanges"] = True
    chosen = (rng.random(len(d.rows)) < 0.5) & (d.rows["alt_sku"] >= 0)
    d.rows["misfit"][chosen], d.rows["go_on"][chosen] = 1, 1
    d.rows["alt_misfit"][chosen] = rng.random(int(chosen.sum())) < 0.3
    stores = np.flatnonzero(d.nodes["kind"] != NodeKind.DC)
    if len(stores):
        d.rows["return_node"][chosen] = rng.choice(stores, int(chosen.sum()))
    d.rows["return_lag_s"][chosen] = rng.integers(0, 20, int(chosen.sum())) * HOUR


# ---- the site -------------------------------------------------------------------------------------------------
@feature
def site(rng: np.random.Generator, d: Draft) -> None:
    """Sessions before the orders, a queue page, an outage now and then, people who only browse."""
    d.rules["site_cap"] = int(rng.choice([0, 1, 2, 3, 5, 8]))
    d.rules["site_room"] = int(rng.choice([-1, -1, 0, 1, 3]))
    d.rules["site_slow_ppm"] = int(rng.choice([0, 333_333, 2_000_000]))
    d.rows["session_s"] = d.times(rng, 0.8)
    browse = (d.rows["flow"] != Flow.VISIT) & (rng.random(len(d.rows)) < 0.2)
    d.rows["flow"][browse] = Flow.BROWSE
    for _ in d.often(rng, 0, 3):
        t = d.at(rng)
        d.coarse.append((t, 1, "set_site", (0,)))
        d.coarse.append((t + int(rng.integers(0, 5)) * d.tick, 1, "set_site", (int(rng.integers(1, 4)),)))
    d.coarse.append((d.end, 1, "set_site", (int(rng.integers(1, 4)),)))


@feature
def browsers(rng: np.random.Generator, d: Draft) -> None:
    """People who only browse, with or without a site."""
    d.rows["flow"][(d.rows["flow"] != Flow.VISIT) & (rng.random(len(d.rows)) < 0.1)] = Flow.BROWSE


# ---- changes ----------------------------------------------------------------------------------------------------
@feature
def dated(rng: np.random.Generator, d: Draft) -> None:
    """Numbers of nodes change, as managers and dated changes of a scenario make them; mostly slots, where there are."""
    for _ in d.often(rng, 2, 8):
        node, column = int(rng.integers(0, len(d.nodes))), int(rng.integers(0, len(CHANGED)))
        if d.nodes["slot_s"][node] > 0 and rng.random() < 0.6:
            column = CHANGED.index("slot_cap")
        value = int(rng.integers(0, 4)) * (HOUR if CHANGED[column] == "wave_every_s" else 1)
        d.coarse.append((d.at(rng), 2, "change", (node, column, value)))


# ---- what is given up ---------------------------------------------------------------------------------------------
@feature
def short_wait(rng: np.random.Generator, d: Draft) -> None:
    """A full shelf, and orders that wait for a bin for a short while only."""
    bins(rng, d)
    d.rules["bin_wait_s"] = int(rng.choice([d.tick, 2 * d.tick, 3 * HOUR, 7 * HOUR]))


@feature
def ring(rng: np.random.Generator, d: Draft) -> None:
    """Pickup slots so short that the first of a morning has the place in the ring of one of the day before, 11:40."""
    slots(rng, d)
    d.nodes["slot_s"] = 75 * (d.nodes["slot_s"] > 0)
    d.rows["promise_s"] = rng.choice([-1, 0, 2 * HOUR], len(d.rows))
    chosen = (d.rows["flow"] == Flow.PICKUP) & (rng.random(len(d.rows)) < 0.2)
    d.rows["t"][chosen], d.rows["promise_s"][chosen] = 11 * HOUR + 40 * 60, -1


@feature
def rush(rng: np.random.Generator, d: Draft) -> None:
    """Many come to one store with a single fitting room, where each of them stays long."""
    stores = np.flatnonzero(d.nodes["kind"] == NodeKind.STORE)
    if not len(stores):
        return
    store = stores[-1]
    d.nodes["rooms"][store] = d.nodes["open"][store] = 1
    d.units[store] += rng.integers(20, 60, d.units.shape[1])
    goes_in = np.isin(d.rows["flow"], (Flow.VISIT, Flow.PICKUP)) & (d.services["curbside"][d.rows["offer"]] == 0)
    chosen = goes_in & (rng.random(len(d.rows)) < 0.6)
    many = int(chosen.sum())
    d.rows["node"][chosen] = store
    d.rows["misfit"][chosen] = rng.random(many) < 0.7
    d.rows["fit_s"][chosen] = rng.integers(1, 4, many) * HOUR
    d.rows["collect_lag_s"][chosen] = rng.integers(0, 4, many) * HOUR
    d.rows["try_on"][chosen] = rng.random(many) < 0.8
    at_once = chosen & (rng.random(len(d.rows)) < 0.5)
    d.rows["t"][at_once], d.rows["patience_s"][at_once] = 11 * HOUR, d.tick
    collects = chosen & (d.rows["flow"] == Flow.PICKUP)  # they come in one hour, find the room taken and are in a hurry
    d.rows["patience_s"][collects], d.rows["collect_lag_s"][collects], d.rows["t"][collects] = d.tick, 0, 11 * HOUR
    d.rows["misfit"][collects] = d.rows["try_on"][collects] = 1


@feature
def shuts(rng: np.random.Generator, d: Draft) -> None:
    """Nodes are shut, one or several at once, with their doors and without people or not; most open again."""
    n = len(d.nodes)
    for _ in d.often(rng, 1, 3):
        which = np.flatnonzero(rng.random(n) < 0.3)
        which = which if len(which) else rng.integers(0, n, 1)
        t = d.at(rng)
        again = t + int(rng.choice([1, 3 * d.tick, 5 * HOUR, DAY]))
        nodes, with_people, reopens = tuple(which.tolist()), rng.random() < 0.5, rng.random() < 0.7
        d.coarse.append((t, int(rng.integers(0, 4)), "shut", nodes))
        if reopens:
            d.coarse.append((again, 2, "reopen", nodes))
        if not with_people:
            continue
        for node in nodes:
            d.coarse.append((t, 1, "set_staff", (node, 0, 0)))
            d.coarse.append((again, 1, "set_staff", (node, 1, 1)))
            if d.nodes["kind"][node] == NodeKind.STORE:
                d.coarse.append((t, 0, "close_store", (node,)))
                d.coarse.append((again, 0, "open_store", (node,)))


@feature
def extras(rng: np.random.Generator, d: Draft) -> None:
    """Further purchases of items of their own, by visitors too."""
    n = len(d.rows)
    d.rows["extra_units"] = rng.integers(0, 4, n) * (rng.random(n) < 0.7)
    d.rows["extra_sku"] = rng.integers(-1, d.units.shape[1], n)
    d.rows["extra_price"] = rng.integers(1, 900, n)


@feature
def unseen(rng: np.random.Generator, d: Draft) -> None:
    """Visitors who do not find what stands on the shelf, with a second store or a second item in mind."""
    visits = d.rows["flow"] == Flow.VISIT
    d.rows["unseen"] = visits & (rng.random(len(d.rows)) < 0.6)


@feature
def booked(rng: np.random.Generator, d: Draft) -> None:
    """Visits by appointment: no room and no counter to wait for."""
    d.offers(rng, "booked")


FEATURES = tuple(MAKERS)
