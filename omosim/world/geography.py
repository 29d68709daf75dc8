"""Zones on a disc, and stores put where people are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from omosim.kernels.purposes import NODE_PLACE, SYNTH
from omosim.kernels.synthesis import fill_disc, fill_exp, fill_normal, fill_uniform
from omosim.schema.settings import Geography

#: log sd of a zone's population round the gradient
ZONE_SPREAD = 0.3
#: a courier with several drops is at no door sooner, seconds; assumed
LEAST_RIDE_S = 600
#: draws of purpose SYNTH by item
ITEM_ZONE, ITEM_STORE_X, ITEM_STORE_Y = 1, 2, 3
#: entity of a further node is kind * KIND_STRIDE + its place among its kind
KIND_STRIDE = 1 << 20


@dataclass(frozen=True)
class Places:
    """Where people live and stores stand.

    Parameters
    ----------
    x_m, y_m : (Z,) int32, metres from the centre of the market
    weight : (Z,) float64, shares of the population, sum 1
    store_zone : (S,) int16
    store_x_m, store_y_m : (S,) int32
    inside_m : mean distance within a zone, metres
    """

    x_m: np.ndarray
    y_m: np.ndarray
    weight: np.ndarray
    store_zone: np.ndarray
    store_x_m: np.ndarray
    store_y_m: np.ndarray
    inside_m: int


def place(geo: Geography, stores: int, fixed: dict[int, int], key0: int, key1: int) -> Places:
    """Lay out zones and stores.

    Parameters
    ----------
    geo : the market's geography
    stores : number of stores
    fixed : store index -> zone, for stores whose zone is given
    key0, key1 : key words of the run

    Notes
    -----
    Each store goes to the zone with the largest population times distance to the stores placed before it, so that a
    further store moves none of the others. Density falls as Clark (1951): exp(-gradient r / R).
    """
    count, radius = geo.zones, geo.radius_km * 1000.0
    x, y = np.empty(count), np.empty(count)
    fill_disc(radius, x, y)
    ids = np.arange(count)
    noise, raw = np.empty(count), np.empty(count)
    fill_normal(key0, key1, ids, SYNTH, ITEM_ZONE, noise)
    fill_exp(ZONE_SPREAD * noise - geo.density_gradient * np.sqrt(x * x + y * y) / radius, raw)
    weight = raw / np.cumsum(raw)[-1]
    reach = radius / math.sqrt(count)  # radius of a disc of a zone's area
    jitter = np.empty((2, stores))
    for row, item in enumerate((ITEM_STORE_X, ITEM_STORE_Y)):
        fill_uniform(key0, key1, np.arange(stores), SYNTH, item, jitter[row])
    zone = np.zeros(stores, np.int16)
    spot = np.zeros((2, stores))
    gap = np.full(count, radius)
    for s in range(stores):
        z = fixed.get(s, int(np.argmax(weight * gap)))
        zone[s] = z
        spot[:, s] = np.array([x[z], y[z]]) + (jitter[:, s] - 0.5) * reach
        dx, dy = x - spot[0, s], y - spot[1, s]
        gap = np.minimum(gap, np.sqrt(dx * dx + dy * dy + reach * reach / 4.0))
    whole = lambda a: np.rint(a).astype(np.int32)
    return Places(whole(x), whole(y), weight, zone, whole(spot[0]), whole(spot[1]), max(1, round(reach / 2.0)))


def place_more(geo: Geography, places: Places, count: int, kind: int, key0: int, key1: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Zones and places of `count` further nodes of a kind, by the stores' rule among their own kind alone.

    Parameters
    ----------
    geo : the market's geography
    places : where people are; its zones are used, its stores are not
    count : nodes
    kind : code of the kind; its draws are its own, so that nodes of one kind move none of another

    Returns
    -------
    (zone, x_m, y_m), each (count,)
    """
    radius = geo.radius_km * 1000.0
    reach = radius / math.sqrt(geo.zones)
    jitter = np.empty((2, count))
    for row, item in enumerate((ITEM_STORE_X, ITEM_STORE_Y)):
        fill_uniform(key0, key1, kind * KIND_STRIDE + np.arange(count), NODE_PLACE, item, jitter[row])
    zone, spot = np.zeros(count, np.int16), np.zeros((2, count))
    x, y = places.x_m.astype(np.float64), places.y_m.astype(np.float64)
    gap = np.full(geo.zones, radius)
    for s in range(count):
        z = int(np.argmax(places.weight * gap))
        zone[s] = z
        spot[:, s] = np.array([x[z], y[z]]) + (jitter[:, s] - 0.5) * reach
        dx, dy = x - spot[0, s], y - spot[1, s]
        gap = np.minimum(gap, np.sqrt(dx * dx + dy * dy + reach * reach / 4.0))
    return zone, np.rint(spot[0]).astype(np.int32), np.rint(spot[1]).astype(np.int32)


def distances(places: Places, node_x: np.ndarray, node_y: np.ndarray) -> np.ndarray:
    """(Z, N) int32 metres from the people of a zone to a node; never below the mean distance within the zone."""
    dx = places.x_m[:, None].astype(np.float64) - node_x[None, :]
    dy = places.y_m[:, None].astype(np.float64) - node_y[None, :]
    return np.rint(np.sqrt(dx * dx + dy * dy + float(places.inside_m) ** 2)).astype(np.int32)


def travel_seconds(distance_m: np.ndarray, speed_kmh: float) -> np.ndarray:
    """(Z, N) int32 seconds one way at a door-to-door speed."""
    return np.rint(distance_m * (3.6 / speed_kmh)).astype(np.int32)


def rival_store_km(geo: Geography, x_m: np.ndarray, y_m: np.ndarray, zone: int) -> np.ndarray:
    """(Z,) float64 km from the people of each zone to the middle of a zone; never below the mean distance within the zone."""
    inside = max(1, round(geo.radius_km * 1000.0 / math.sqrt(geo.zones) / 2.0))
    dx, dy = x_m.astype(np.float64) - x_m[zone], y_m.astype(np.float64) - y_m[zone]
    return np.sqrt(dx * dx + dy * dy + float(inside) ** 2) / 1000.0


def ride_seconds_per_km(speed_kmh: float) -> int:
    """Whole seconds a courier needs for a kilometre at the market's door-to-door speed."""
    return round(3600.0 / speed_kmh)


def nearest_trading(distance_m: np.ndarray, trading: np.ndarray, is_store: np.ndarray, out: np.ndarray) -> None:
    """The nearest trading stores of each zone, by (distance, node); changes `out` (Z, 4) int16, -1 where none."""
    out[...] = -1
    nodes = np.flatnonzero(trading & is_store)
    if nodes.size == 0:
        return
    order = np.argsort(distance_m[:, nodes], axis=1, kind="stable")[:, : out.shape[1]]
    out[:, : order.shape[1]] = nodes[order]
