"""The network as the engines see it: plain arrays and a few numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from omosim.schema.codes import NodeKind
from omosim.schema.columns import DAY, HOUR, NODE
from omosim.schema.network import N_SERVICES, SERVICE
from omosim.schema.settings import Settings
from omosim.world.calendar import AFTER_OPENING_S, clock_seconds, courier_waves
from omosim.world.geography import LEAST_RIDE_S, ride_seconds_per_km
from omosim.world.nodes import simulated_part, site_plan
from omosim.world.policy import Policy
from omosim.world.stock import Stock

SOURCING = ("centre_first", "nearest", "cheapest", "fastest")
REACH = 16  # sources tried per order: the centre and the nearest stores

#: Candidate sources of a zone, `route[zone, rank]`; -1 ends the list.
ROUTE = np.dtype([("source", "i2"), ("courier", "i2"), ("courier_m", "i4")], align=True)


@dataclass(frozen=True)
class NetworkRules:
    """Numbers of the delivery, pickup and return processes: seconds and minor units, all integers."""

    cutoff_s: int = 17 * HOUR  # second of the day; parcels packed by then leave the same day
    waves_s: tuple[int, ...] = (12 * HOUR, 16 * HOUR, 20 * HOUR)  # courier departures, ascending
    wave_lead_s: int = 0  # least time from packed to departure when a wave is booked
    ride_s_per_km: int = 300  # a courier's way from the store to the door
    least_ride_s: int = LEAST_RIDE_S
    after_opening_s: int = AFTER_OPENING_S  # trips that fall into closed hours are made within so many seconds of the next opening
    hold_s: int = 3 * DAY  # shelf time of a pickup
    returns_s: int = 180  # counter work of a return
    return_transit_s: int = 2 * DAY  # a return by post on its way to the centre
    refurbish_s: int = 3 * DAY  # until a returned unit can be sold again
    parcel_cost: int = 0
    return_parcel_cost: int = 0
    same_day_cost: int = 0
    handling_cost: int = 0  # per returned unit
    resale_loss_ppm: tuple[int, ...] = (0,)  # loss of value of a returned unit by category, of cost
    splits: int = 1  # parcels that an order may be split into, at most 4
    slot_tries: int = 8  # pickup slots asked for, one after the other
    bin_wait_s: int = DAY  # how long a picked order waits for a bin before it is given up
    exchanges: bool = False  # goods brought back may be changed for the second item on the spot
    insert_cost: int = 0  # of a leaflet in a parcel
    to_store_s: int = DAY  # from the cut-off until an order sent to its pickup node is there
    to_store_cost: int = 0  # of that way
    site_cap: int = -1  # sessions that the site carries at once; -1 no site is modelled, 0 an outage
    site_room: int = -1  # places on its queue page, -1 endless
    site_slow_ppm: int = 0  # how much longer a session takes on a full site
    sourcing: str = "centre_first"  # order in which sources are asked: one of SOURCING
    backorders: bool = False  # unserved parcels wait for stock instead of being cancelled
    measured_from: int = 0  # rows placed in [measured_from, measured_to) are summed apart
    measured_to: int = 2**62


def rules_from(settings: Settings, policy: Policy | None = None) -> NetworkRules:
    """Rules of a run; `policy` is not read, its numbers reach the network through the rows of nodes and services."""
    net, start = settings.network, settings.burn_in_days * DAY
    carrier, back, site, sessions = net.carrier, net.returns, net.site, site_plan(settings)
    return NetworkRules(
        cutoff_s=clock_seconds(carrier.cutoff) % DAY,
        waves_s=courier_waves(settings),
        ride_s_per_km=ride_seconds_per_km(settings.market.geography.speed_kmh),
        hold_s=round(net.pickup.hold_days * DAY),
        returns_s=round(net.work.returns_s),
        return_transit_s=round(carrier.lead_days * DAY),
        refurbish_s=round(back.refurbish_days * DAY),
        parcel_cost=carrier.parcel_cost,
        return_parcel_cost=carrier.return_parcel_cost,
        same_day_cost=carrier.same_day_cost,
        handling_cost=back.handling_cost,
        resale_loss_ppm=tuple(round(c.resale_loss * 1_000_000) for c in settings.catalogue.categories.values()),
        splits=net.sourcing.max_parcels,
        slot_tries=net.operations.slot_tries,
        bin_wait_s=net.operations.bin_wait_hours * HOUR,
        exchanges=net.fitting.exchanges,
        insert_cost=net.inserts.cost,
        to_store_s=round(net.ship_to_store.days * DAY),
        to_store_cost=net.ship_to_store.cost,
        site_cap=-1 if sessions is None else simulated_part(settings, sessions),
        site_room=-1 if site.queue_page is None else simulated_part(settings, site.queue_page),
        site_slow_ppm=round(site.slow_down * 1_000_000),
        sourcing=net.sourcing.rule,
        backorders=net.backorders,
        measured_from=start,
        measured_to=start + settings.days * DAY,
    )


@dataclass
class Network:
    """Arrays from which an engine is built; the engine changes `nodes` and `stock` in place.

    Parameters
    ----------
    nodes : (N,) NODE; node 0 is the centre
    stock : Stock of (N, K) cells
    distance_m : (Z, N) metres
    cost : (K,) int64, minor units a unit
    category : (K,) category of each SKU, index into `rules.resale_loss_ppm`
    rules : NetworkRules
    services : (N_SERVICES,) SERVICE, how each offer is handed over
    may_ship : (Z, N) bool, whether a node may ship to a zone; None all may
    """

    nodes: np.ndarray
    stock: Stock
    distance_m: np.ndarray
    cost: np.ndarray
    category: np.ndarray
    rules: NetworkRules = field(default_factory=NetworkRules)
    services: np.ndarray = field(default_factory=lambda: np.zeros(N_SERVICES, SERVICE))
    may_ship: np.ndarray | None = None

    def __post_init__(self) -> None:
        n, k = self.stock.cells.shape
        if self.nodes.dtype != NODE or self.nodes.shape != (n,):
            raise ValueError(f"nodes must be NODE rows, one for each of the {n} rows of the stock")
        if self.distance_m.shape[1] != n or self.cost.shape != (k,) or self.category.shape != (k,):
            raise ValueError("distance_m must be (zones, nodes), cost and category (SKUs,)")
        if k and int(self.category.max()) >= len(self.rules.resale_loss_ppm):
            raise ValueError("a SKU's category has no entry in rules.resale_loss_ppm")

    @property
    def resale_ppm(self) -> np.ndarray:
        """(K,) int64, loss of value of a returned unit in parts per million of cost."""
        return np.asarray(self.rules.resale_loss_ppm, np.int64)[self.category]

    def routes(self) -> np.ndarray:
        """(Z, REACH) ROUTE: sources in the order that `rules.sourcing` names, couriers by (distance, node).

        A node that may not ship to a zone is none of its sources; couriers go as far as their radius. Which of them may serve is asked when an order comes (`ships`, courier radius and capacity of the node
        row), so openings, closings and policies need no new table.
        """
        zones, n = self.distance_m.shape
        table = np.zeros((zones, REACH), ROUTE)
        table["source"] = table["courier"] = -1
        kind = self.nodes["kind"]
        stores = np.flatnonzero((kind == NodeKind.STORE) | (kind == NodeKind.DARK))
        near = stores[np.argsort(self.distance_m[:, stores], axis=1, kind="stable")][:, :REACH]
        holds = np.flatnonzero((kind != NodeKind.POINT) & (kind != NodeKind.LOCKER))
        rank = {
            "centre_first": np.arange(n) > 0,
            "nearest": np.zeros(n),
            "cheapest": self.nodes["order_fee"],
            "fastest": self.nodes["extra_lead_s"],
        }[self.rules.sourcing]
        barred = np.zeros((zones, len(holds)), np.bool_) if self.may_ship is None else ~self.may_ship[:, holds]
        keys = self.distance_m[:, holds], np.broadcast_to(rank[holds], (zones, len(holds))), barred
        order = np.lexsort(keys, axis=1)[:, :REACH]
        table["source"][:, : order.shape[1]] = np.where(np.take_along_axis(barred, order, axis=1), -1, holds[order])
        table["courier"][:, : near.shape[1]] = near
        table["courier_m"][:, : near.shape[1]] = np.take_along_axis(self.distance_m, near, axis=1)
        return table


#: words that stand for all nodes of a kind in `network.sourcing.allowed`
KINDS = {"stores": NodeKind.STORE, "dark_stores": NodeKind.DARK, "outsourced": NodeKind.OUTSOURCED}


def allowed_sources(settings: Settings, names: list[str], kinds: np.ndarray, zones: int) -> np.ndarray | None:
    """(Z, N) bool: whether a node may ship to a zone by `network.sourcing.allowed`; None where no row limits it.

    Parameters
    ----------
    names : names of the nodes
    kinds : (N,) NodeKind
    zones : number of zones
    """
    rows = settings.network.sourcing.allowed
    if not rows:
        return None
    named, may = np.zeros(zones, np.bool_), np.zeros((zones, len(names)), np.bool_)
    for row in rows:
        where = np.array(row.zones or range(zones))
        named[where] = True
        for name in row.nodes:
            nodes = np.flatnonzero(kinds == KINDS[name]) if name in KINDS else np.array([names.index(name)])
            may[np.ix_(where, nodes)] = True
    may[~named] = True
    return may


def network_from(world: Any, settings: Settings) -> Network:
    """The network of a synthesised world; shares its arrays."""
    return Network(
        nodes=world.nodes,
        stock=world.stock,
        distance_m=world.distance_m,
        cost=world.cost,
        category=world.sku_category,
        rules=rules_from(settings, world.policy),
        services=world.policy.services,
        may_ship=allowed_sources(settings, world.node_names, world.nodes["kind"], len(world.distance_m)),
    )
