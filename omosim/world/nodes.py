"""Nodes of a network: the centre, the stores, and after them dark stores, pickup points, lockers, outsourced nodes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from omosim.kernels.purposes import DARK_STOCK, OUTSOURCED_STOCK, RECORD_ERROR
from omosim.kernels.synthesis import fill_demand, fill_opening
from omosim.schema.codes import NodeKind
from omosim.schema.columns import DAY, NODE
from omosim.schema.network import ENDLESS, FINISH, HAND_BACK, HOLD_WORK, OVERLAP, RELAY
from omosim.schema.settings import Settings, StockPolicy
from omosim.world.calendar import clock_seconds
from omosim.world.geography import Places, place_more
from omosim.world.stocking import REVIEW_DAYS, opening_units, order_up_to, record_error

#: the centre lies just outside the market, this many radii from its middle
CENTRE_AT = 1.1
#: kinds that come after the stores, in this order, with the letter of their names
FURTHER = ((NodeKind.DARK, "D"), (NodeKind.POINT, "P"), (NodeKind.LOCKER, "L"), (NodeKind.OUTSOURCED, "X"))
HAND_OVER = {"relay": RELAY, "overlap": OVERLAP}
AT_CLOSING = {"finish": FINISH, "hold": HOLD_WORK, "hand_back": HAND_BACK}
#: columns of a node that dated changes move, in the order of `World.planned`
CAPACITIES = ("bins", "bays", "rooms", "slot_cap", "keep", "batch")


def simulated_part(settings: Settings, planned: float) -> int:
    """The simulated part of a capacity that the whole retailer shares, rounded, at least one where there is any."""
    if planned >= ENDLESS:
        return ENDLESS
    part = min(Fraction(1), Fraction(settings.shoppers, settings.market.cost_basis_shoppers))
    return max(round(Fraction(planned) * part), 1 if planned > 0 else 0)


def site_plan(settings: Settings) -> int | None:
    """Sessions that the whole retailer's site carries at once, None where no site is modelled.

    A scenario that sets the capacity of a site without a limit gives it one; before and after it has room for all.
    """
    planned = settings.network.site.sessions
    if planned is None and any(c.what == "site_capacity" and c.set is not None for c in settings.scenario.interventions):
        return ENDLESS
    return planned


def further_counts(settings: Settings) -> dict[NodeKind, int]:
    """Number of nodes of each kind that comes after the stores."""
    net = settings.network
    counts = (net.dark_stores.count, net.points.points, net.points.lockers, net.outsourced.count)
    return {kind: count for (kind, _), count in zip(FURTHER, counts, strict=True)}


def node_names(settings: Settings, stores: int) -> list[str]:
    """DC, S01, S02, …, then D01, … dark stores, P01, … points, L01, … lockers, X01, … outsourced nodes."""
    counts = further_counts(settings)
    further = [f"{letter}{i:02d}" for kind, letter in FURTHER for i in range(1, counts[kind] + 1)]
    return ["DC", *(f"S{i:02d}" for i in range(1, stores + 1)), *further]


def make_nodes(settings: Settings, places: Places, key0: int, key1: int) -> np.ndarray:
    """(N,) NODE: the centre, the stores, then further kinds; all doors shut (the opening process opens them)."""
    net, geo = settings.network, settings.market.geography
    stores = places.store_zone.size
    nodes = np.zeros(1 + stores, NODE)
    nodes["kind"][0], nodes["ships"][0], nodes["zone"][0] = NodeKind.DC, 1, -1
    nodes["x_m"][0] = round(CENTRE_AT * 1000 * geo.radius_km)
    nodes["kind"][1:] = NodeKind.STORE
    nodes["zone"][1:] = places.store_zone
    nodes["x_m"][1:], nodes["y_m"][1:] = places.store_x_m, places.store_y_m
    parts = [nodes]
    for kind, count in further_counts(settings).items():
        part = np.zeros(count, NODE)
        part["kind"] = kind
        part["zone"], part["x_m"], part["y_m"] = place_more(geo, places, count, kind, key0, key1)
        parts.append(part)
    nodes = np.concatenate(parts)
    for kind, opens, closes in (
        (NodeKind.STORE, net.stores.opens, net.stores.closes),
        (NodeKind.DARK, net.dark_stores.opens, net.dark_stores.closes),
        (NodeKind.POINT, net.points.opens, net.points.closes),
        (NodeKind.LOCKER, "00:00", "24:00"),
    ):
        rows = nodes["kind"] == kind
        nodes["opens_s"][rows], nodes["closes_s"][rows] = clock_seconds(opens), clock_seconds(closes)
    _set_operations(settings, nodes)
    return nodes


def _set_operations(settings: Settings, nodes: np.ndarray) -> None:
    """Write how each node works; a column keeps 0 where its feature is off."""
    net = settings.network
    how, kind = net.operations, nodes["kind"]
    store, dark, centre = kind == NodeKind.STORE, kind == NodeKind.DARK, kind == NodeKind.DC
    staffed = store | dark
    for column, value, rows in (
        ("pooled", int(how.pooled_staff), store),
        ("hand_over", HAND_OVER[how.hand_over], staffed),
        ("at_closing", AT_CLOSING[how.at_closing], staffed),
        ("desk", how.desk, store),
        ("rooms", how.fitting_rooms, store),
        ("bays", how.curbside_bays, store),
        ("bins", how.shelf_bins, store),
        ("bins", net.points.boxes, kind == NodeKind.LOCKER),
        ("batch", how.batch_orders, staffed),
        ("batch", how.centre_batch_orders, centre),
        ("walk_s", round(how.walk_s), staffed),
        ("walk_s", round(how.walk_s), centre),
        ("wave_every_s", how.wave_minutes * 60, staffed | centre),
        ("slot_s", how.slot_minutes * 60 if how.slot_orders else 0, store),
        ("slot_cap", how.slot_orders if how.slot_minutes else 0, store),
        ("keep", how.keep_units, store),
        ("order_fee", net.outsourced.order_fee, kind == NodeKind.OUTSOURCED),
        ("extra_lead_s", round(net.outsourced.extra_lead_days * DAY), kind == NodeKind.OUTSOURCED),
    ):
        nodes[column][rows] = value


def stock_further(
    settings: Settings, nodes: np.ndarray, rate: np.ndarray, weight: np.ndarray, distance_m: np.ndarray, key0: int, key1: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected units a day, order-up-to levels and opening units of the nodes after the stores.

    Parameters
    ----------
    nodes : (N,) NODE, all
    rate : (K,) units a day of the market
    weight : (Z,) shares of the population
    distance_m : (Z, N) metres

    Returns
    -------
    (daily, level, units), each (M, K) for the M nodes after the stores; zero where a node holds no stock
    """
    kinds = nodes["kind"]
    first = 1 + int((kinds == NodeKind.STORE).sum())
    policy, m = settings.network.stock, kinds.size - first
    daily = np.zeros((m, rate.size))
    level, units = np.zeros(daily.shape, np.int32), np.zeros(daily.shape, np.int32)
    for kind, share, purpose in (
        (NodeKind.DARK, settings.network.dark_stores.stock_share, DARK_STOCK),
        (NodeKind.OUTSOURCED, settings.network.outsourced.stock_share, OUTSOURCED_STOCK),
    ):
        rows = np.flatnonzero(kinds[first:] == kind)
        if rows.size == 0:
            continue
        part = np.empty((rows.size, rate.size))
        fill_demand(weight, np.ascontiguousarray(distance_m[:, first + rows]), share * rate, part)
        daily[rows] = part
        level[rows] = order_up_to(policy, np.concatenate([np.zeros((1, rate.size)), part]))[1:]
        out = np.empty(part.shape, np.int32)
        fill_opening(key0, key1, purpose, level[rows], part * (policy.store_lead_days + REVIEW_DAYS), out)
        units[rows] = out
    return daily, level, units


def opening_of_all(settings: Settings, nodes: np.ndarray, daily: np.ndarray, level: np.ndarray, further: tuple[np.ndarray, ...],
                   key0: int, key1: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """(daily, level, units) of all nodes: the centre and the stores as drawn alone, then `further`."""
    units = opening_units(settings.network.stock, level, daily, key0, key1)
    own = (daily, level, units)
    return tuple(np.concatenate(pair) for pair in zip(own, further, strict=True))  # type: ignore[return-value]


def record_errors(policy: StockPolicy, kinds: np.ndarray, units: np.ndarray, quality: float, key0: int, key1: int) -> np.ndarray:
    """(N, K) int32 errors of the stock record: stores by draws that further nodes do not move; dark stores like stores.

    Parameters
    ----------
    policy : shares of wrong and harmful records
    kinds : (N,) NodeKind
    units : (N, K) int32, available units
    quality : share of the errors that better records remove
    """
    out = np.zeros(units.shape, np.int32)
    first = 1 + int((kinds == NodeKind.STORE).sum())
    out[:first] = record_error(policy, np.ascontiguousarray(units[:first]), quality, key0, key1, RECORD_ERROR)
    dark = np.flatnonzero(kinds == NodeKind.DARK)
    if dark.size:
        rows = np.concatenate([units[:1], units[dark]])
        out[dark] = record_error(policy, rows, quality, key0, key1, DARK_STOCK)[1:]
    return out
