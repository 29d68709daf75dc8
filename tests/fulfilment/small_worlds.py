"""Small random worlds in which everything happens at once, with many ties."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from features import CHANGED, Draft, add_features, no_services

from omosim.fulfilment.rules import Network, NetworkRules
from omosim.schema.codes import Flow, Move, NodeKind
from omosim.schema.columns import DAY, DEMAND, HOUR, NODE
from omosim.world.stock import Stock


@dataclass
class World:
    """A network, its demand and its coarse events (time, rank, name, arguments)."""

    net: Network
    rows: np.ndarray
    coarse: list[tuple[int, int, str, tuple[int, ...]]]
    days: int
    features: frozenset[str] = frozenset()


def small_world(
    seed: int,
    nodes: int,
    skus: int,
    rows: int,
    tick: int,
    backorders: bool,
    days: int = 3,
    features: Collection[str] = (),
) -> World:
    """A random world; `tick` is the grid on which times lie, so that a coarse one gives many ties.

    `features` of features.py are added to the plain network, which stays the same without them.
    """
    rng = np.random.default_rng(seed)
    n = np.zeros(nodes, NODE)
    n["kind"][1:] = NodeKind.STORE
    n["kind"][0] = NodeKind.DC
    n["open"] = rng.random(nodes) < 0.8
    n["open"][0] = 0
    n["ships"] = rng.random(nodes) < 0.6
    n["ships"][0] = 1
    n["pickers"] = rng.integers(0, 3, nodes)
    n["counter"] = rng.integers(0, 3, nodes)
    n["courier_radius_m"] = rng.integers(0, 3, nodes) * 4000
    n["wave_capacity"] = rng.integers(0, 3, nodes)
    n["opens_s"], n["closes_s"] = 9 * HOUR, 21 * HOUR
    units = rng.integers(0, 12, (nodes, skus)) * (rng.random((nodes, skus)) < 0.7)
    error = rng.integers(-1, 3, (nodes, skus)) * (rng.random((nodes, skus)) < 0.4)
    rules = {
        "cutoff_s": int(rng.integers(0, 24)) * HOUR,
        "waves_s": tuple(sorted({int(w) * HOUR for w in rng.integers(8, 22, 3)})),
        "wave_lead_s": int(rng.integers(0, 2)) * HOUR,
        "hold_s": int(rng.integers(1, 30)) * HOUR,
        "returns_s": int(rng.integers(0, 3)) * tick,
        "return_transit_s": int(rng.integers(0, 3)) * 6 * HOUR,
        "refurbish_s": int(rng.integers(0, 3)) * 4 * HOUR,
        "parcel_cost": 300,
        "return_parcel_cost": 250,
        "same_day_cost": 700,
        "ride_s_per_km": int(rng.choice([0, 300, 4000])),
        "least_ride_s": int(rng.choice([0, 600])),
        "after_opening_s": int(rng.choice([0, 4 * HOUR, 15 * HOUR])),
        "handling_cost": 7,
        "resale_loss_ppm": (333_333, 125_000),
        "backorders": backorders,
        "measured_from": DAY,
        "measured_to": 2 * DAY,
    }
    zones = 3
    distance_m = rng.integers(0, 9000, (zones, nodes)).astype(np.int32)
    cost, category = rng.integers(1, 900, skus).astype(np.int64), rng.integers(0, 2, skus)
    demand = random_rows(rng, rows, nodes, skus, zones, tick, days)
    draft = Draft(n, units, rules, no_services(), demand, random_coarse(rng, nodes, skus, tick, days), tick, days)
    add_features(draft, features, seed)
    stock = Stock.opening(draft.units, error)
    net = Network(draft.nodes, stock, distance_m, cost, category, NetworkRules(**draft.rules), draft.services)
    return World(net, draft.rows, draft.coarse, days, frozenset(features))


def random_rows(
    rng: np.random.Generator, count: int, nodes: int, skus: int, zones: int, tick: int, days: int
) -> np.ndarray:
    """DEMAND rows sorted by (t, key)."""
    r = np.zeros(count, DEMAND)
    r["key"] = rng.permutation(count) * 256
    r["t"] = rng.integers(0, days * DAY // tick, count) * tick
    early = rng.random(count) < 0.5
    r["t"][early] = 10 * HOUR + rng.integers(0, max(4 * HOUR // tick, 1), int(early.sum())) * tick
    r["unit_price"], r["fee"] = rng.integers(100, 2000, count), rng.integers(0, 100, count)
    r["alt_price"], r["alt_fee"] = rng.integers(100, 2000, count), rng.integers(0, 100, count)
    r["shopper"] = np.arange(count)
    r["sku"], r["alt_sku"] = rng.integers(0, skus, count), rng.integers(-1, skus, count)
    r["units"] = rng.integers(1, 4, count)
    r["promise_s"] = rng.choice([-1, 2 * HOUR, DAY, 3 * DAY], count)
    r["alt_promise_s"] = rng.choice([-1, DAY, 2 * DAY], count)
    r["pick_s"] = rng.integers(0, 4, count) * tick
    r["counter_s"] = rng.integers(0, 4, count) * tick
    r["transit_s"] = rng.integers(0, 40, count) * HOUR
    r["collect_lag_s"] = np.where(rng.random(count) < 0.2, -1, rng.integers(0, 30, count) * HOUR)
    r["patience_s"] = np.where(rng.random(count) < 0.3, -1, rng.integers(0, 3, count) * tick)
    r["return_lag_s"] = rng.integers(0, 50, count) * HOUR
    r["extra_units"] = np.where(rng.random(count) < 0.3, rng.integers(1, 3, count), 0)
    r["extra_sku"] = -1
    r["zone"] = rng.integers(0, zones, count)
    stores = np.arange(1, nodes) if nodes > 1 else np.zeros(1, np.int64)
    r["node"] = rng.choice(stores, count)
    r["second_node"] = np.where(rng.random(count) < 0.5, rng.choice(stores, count), -1)
    r["return_node"] = np.where(rng.random(count) < 0.5, rng.choice(stores, count), -1)
    r["second_travel_s"] = rng.integers(0, 4, count) * tick
    r["flow"] = rng.integers(0, 4, count)
    r["channel"] = np.where(r["flow"] == Flow.VISIT, 1, rng.choice([0, 2, 3], count))
    r["offer"], r["category"] = rng.integers(0, 8, count), rng.integers(0, 2, count)
    for name, share in (("misfit", 0.4), ("alt_misfit", 0.4), ("go_on", 0.6), ("mind", 0.3), ("try_on", 0.5),
                        ("intent", 0.3)):  # fmt: skip
        r[name] = rng.random(count) < share
    r["intent"][rng.random(count) < 0.1] = 2
    r["action1"], r["action2"] = rng.integers(0, 4, count), rng.integers(0, 4, count)
    return r[np.lexsort((r["key"], r["t"]))]


def random_coarse(
    rng: np.random.Generator, nodes: int, skus: int, tick: int, days: int
) -> list[tuple[int, int, str, tuple[int, ...]]]:
    """Openings, closings, shifts, receipts, transfers, losses and counts at random times of the grid."""
    out: list[tuple[int, int, str, tuple[int, ...]]] = []
    for day in range(days):
        for node in range(1, nodes):
            if rng.random() < 0.8:
                out.append((day * DAY + 9 * HOUR, 0, "open_store", (node,)))
                out.append((day * DAY + 9 * HOUR, 1, "set_staff", (node, 1 + int(rng.integers(0, 2)), 1)))
            if rng.random() < 0.8:
                out.append((day * DAY + 21 * HOUR, 0, "close_store", (node,)))
                out.append((day * DAY + 21 * HOUR, 1, "set_staff", (node, 0, 0)))
        for _ in range(int(rng.integers(0, 6))):
            t = int(rng.integers(0, DAY // tick)) * tick + day * DAY
            node, sku = int(rng.integers(0, nodes)), int(rng.integers(0, skus))
            kind = int(rng.integers(0, 5))
            number = int(rng.integers(1, 5))
            out.append([
                (t, 2, "receive", (node, sku, number)),
                (t, 1, "set_staff", (node, number - 1, number // 2)),
                (t, 3, "write_off", (node, sku, number)),
                (t, 3, "count", (node, sku)),
                (t, 2, "receive", (0, sku, number)),
            ][kind])  # fmt: skip
    # the centre and every store are staffed at the end, so that work does not lie for ever
    out += [(days * DAY, 1, "set_staff", (node, 2, 2)) for node in range(nodes)]
    return sorted(out)


def apply(engine: object, event: tuple[int, int, str, tuple[int, ...]]) -> None:
    """Run one coarse event on an engine."""
    now, _, name, args = event
    if name == "count":
        engine.count(np.array([args[0]]), np.array([args[1]]), now)  # type: ignore[attr-defined]
    elif name == "receive":
        engine.receive(*args, now, Move.RECEIVED)  # type: ignore[attr-defined]
    elif name == "change":
        engine.advance(now)  # type: ignore[attr-defined]
        engine.net.nodes[CHANGED[args[1]]][args[0]] = args[2]  # type: ignore[attr-defined]
    elif name in ("shut", "reopen"):
        getattr(engine, name)(np.array(args) if len(args) > 1 else args[0], now)
    elif name == "set_staff":
        engine.set_staff(*args[:3], now, leaving=args[3:] or (0, 0))  # type: ignore[attr-defined]
    else:
        getattr(engine, name)(*args, now)


def run(
    engine: object,
    world: World,
    cuts: tuple[int, ...] = (),
    until: int | None = None,
    watch: Callable[[object], None] | None = None,
) -> list[np.ndarray]:
    """Drive an engine through the world, cutting windows also at `cuts`; returns its outcomes.

    `watch` is called before and after each coarse event.
    """
    end = (world.days + 30) * DAY if until is None else until
    agenda = sorted([(*e[:2], i, e) for i, e in enumerate(world.coarse)], key=lambda x: x[:3])
    times = sorted(t for t in {e[0] for e in world.coarse} | set(cuts) | {end} if t <= end)
    told, at, sent = [], 0, 0
    for t in times:
        stop = int(np.searchsorted(world.rows["t"], t))  # rows of the window [last, t)
        engine.submit(world.rows[sent:stop])  # type: ignore[attr-defined]
        sent = stop
        engine.advance(t)  # type: ignore[attr-defined]
        told.append(engine.outcomes())  # type: ignore[attr-defined]
        while at < len(agenda) and agenda[at][0] == t:
            if watch is not None:
                watch(engine)
            apply(engine, agenda[at][3])
            if watch is not None:
                watch(engine)
            at += 1
    return told
