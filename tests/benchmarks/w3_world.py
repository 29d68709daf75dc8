"""W3: the pickup pipeline. Orders and walk-ins of many stores over 30 days, with shifts and daily receipts.

`FEATURES` switches on what the network may have beside, each in a measure that binds now and then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np

from omosim.fulfilment.rules import Network, NetworkRules
from omosim.schema.codes import Flow, NodeKind
from omosim.schema.columns import DAY, DEMAND, HOUR, NODE
from omosim.schema.network import HOLD_WORK, OVERLAP, TRANSIT
from omosim.world.stock import Stock

DAYS = 30


def w3_rows(count: int, stores: int, skus: int, seed: int = 1) -> np.ndarray:
    """DEMAND rows sorted by (t, key): 60 % pickup orders (8 % never collected), 40 % walk-ins."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, DEMAND)
    rows["t"] = np.sort(rng.integers(0, DAYS * DAY, count))
    rows["key"] = np.arange(count, dtype=np.int64) << 8
    rows["flow"] = np.where(rng.random(count) < 0.6, Flow.PICKUP, Flow.VISIT)
    walk_in = rows["flow"] == Flow.VISIT
    rows["t"][walk_in] = rows["t"][walk_in] // DAY * DAY + 9 * HOUR + rows["t"][walk_in] % DAY // 2
    rows["sku"], rows["node"] = rng.integers(0, skus, count), rng.integers(1, stores + 1, count)
    rows["units"], rows["unit_price"], rows["promise_s"] = 1, 1000, 2 * HOUR
    rows["pick_s"] = rng.exponential(120, count)
    rows["counter_s"] = rng.exponential(90, count)
    rows["collect_lag_s"] = np.where(rng.random(count) < 0.08, -1, rng.exponential(5 * HOUR, count))
    rows["patience_s"] = np.where(walk_in, 600, -1)
    rows["channel"] = walk_in
    for name in ("alt_sku", "second_node", "return_node"):
        rows[name] = -1
    return rows[np.lexsort((rows["key"], rows["t"]))]


def w3_network(count: int, stores: int, skus: int) -> tuple[Network, int, int]:
    """The network, with staff for a load of about .8, and units per cell and day."""
    nodes = np.zeros(stores + 1, NODE)
    nodes["kind"][1:] = NodeKind.STORE
    nodes["opens_s"], nodes["closes_s"] = 9 * HOUR, 21 * HOUR
    per_day = count / DAYS / stores
    nodes["pickers"][1:] = max(1, round(per_day * 0.6 * 120 / (12 * HOUR) / 0.8))
    nodes["counter"][1:] = max(1, round(per_day * 90 / (12 * HOUR) / 0.8))
    units = max(1, int(per_day / skus))
    stock = Stock.opening(np.full((stores + 1, skus), 2 * units, np.int32))
    rules = NetworkRules(hold_s=2 * DAY, measured_from=5 * DAY, measured_to=25 * DAY)
    cost = np.full(skus, 600, np.int64)
    net = Network(nodes, stock, np.zeros((1, stores + 1), np.int32), cost, np.zeros(skus, np.int64), rules)
    return net, units, int(nodes["counter"][1])


# ---- what may be switched on ------------------------------------------------------------------------------------
def _pickups(net: Network, rows: np.ndarray) -> float:
    """Pickup orders a store and day."""
    return float((rows["flow"] == Flow.PICKUP).sum() / DAYS / (len(net.nodes) - 1))


def _some(rows: np.ndarray, share: float, salt: int) -> np.ndarray:
    """Rows chosen by their keys, so that no feature moves another's."""
    return np.random.default_rng([salt, 5]).random(len(rows)) < share


def bins(net: Network, rows: np.ndarray) -> None:
    """A shelf with places for six tenths of a day's pickups."""
    net.nodes["bins"][1:] = max(1, round(0.6 * _pickups(net, rows)))


def slots(net: Network, rows: np.ndarray) -> None:
    """Pickup slots of an hour for the first offer's orders, for a fifth more than the mean."""
    net.nodes["slot_s"][1:], net.nodes["slot_cap"][1:] = HOUR, max(1, round(0.1 * _pickups(net, rows)))
    net.services["slotted"][0] = 1


def trips(net: Network, rows: np.ndarray) -> None:
    """Four orders on one trip, whose walk counts once."""
    net.nodes["batch"][1:], net.nodes["walk_s"][1:] = 4, 60


def pooled(net: Network, rows: np.ndarray) -> None:
    """One pool of people for picking and counter."""
    net.nodes["pooled"][1:] = 1


def late(net: Network, rows: np.ndarray) -> None:
    """Stock is reserved at the pick for the second offer's orders."""
    net.services["late"][1] = 1


def splits(net: Network, rows: np.ndarray) -> None:
    """A fifth of the orders are parcels of up to three units, from up to three of the stores, picked in waves of an hour."""
    chosen = (rows["flow"] == Flow.PICKUP) & _some(rows, 0.2, 1)
    rows["flow"][chosen], rows["units"][chosen], rows["node"][chosen] = Flow.SHIP, 1 + rows["sku"][chosen] % 3, -1
    rows["transit_s"][chosen], rows["promise_s"][chosen] = DAY, 2 * DAY
    net.nodes["ships"][1:], net.nodes["wave_every_s"][1:] = 1, HOUR
    net.rules = replace(net.rules, splits=3)


def curbside(net: Network, rows: np.ndarray) -> None:
    """The third offer's orders are handed over at the car; bays for the people at the counter and as many who wait."""
    net.nodes["bays"][1:] = 2 * net.nodes["counter"][1:]
    net.services["curbside"][2] = 1


def rooms(net: Network, rows: np.ndarray) -> None:
    """Three walk-ins of ten try on for five minutes."""
    chosen = (rows["flow"] == Flow.VISIT) & _some(rows, 0.3, 2)
    rows["try_on"][chosen], rows["fit_s"][chosen] = 1, 300
    net.nodes["rooms"][1:] = max(1, round(0.3 * _pickups(net, rows) * 300 / (12 * HOUR)))


def returns(net: Network, rows: np.ndarray) -> None:
    """One order of ten comes back to a desk of its own, goods are exchanged."""
    chosen = _some(rows, 0.1, 3)
    rows["mind"][chosen], rows["return_node"][chosen], rows["return_lag_s"][chosen] = 1, np.maximum(rows["node"][chosen], 1), DAY
    rows["alt_sku"][chosen] = (rows["sku"][chosen] + 1) % len(net.cost)
    net.nodes["desk"][1:] = 1
    net.rules = replace(net.rules, exchanges=True)


def shifts(net: Network, rows: np.ndarray) -> None:
    """Who leaves ends what is in hand beside those who come; picks in hand are held over night."""
    net.nodes["hand_over"][1:], net.nodes["at_closing"][1:] = OVERLAP, HOLD_WORK


def site(net: Network, rows: np.ndarray) -> None:
    """Orders take a session of two minutes on a site with room for a tenth more than the mean."""
    orders = rows["flow"] != Flow.VISIT
    rows["session_s"][orders], rows["patience_s"][orders] = 120, 600
    load = orders.sum() * 120 / (DAYS * DAY)
    net.rules = replace(net.rules, site_cap=int(1.1 * load + 2 * load**0.5) + 1, site_slow_ppm=50_000)


def keep(net: Network, rows: np.ndarray) -> None:
    """The last unit of an item is for walk-in customers."""
    net.nodes["keep"][1:] = 1


FEATURES: dict[str, Callable[[Network, np.ndarray], None]] = {
    make.__name__: make for make in (bins, slots, trips, pooled, late, splits, curbside, rooms, returns, shifts, site, keep)
}


def run_w3(engine_of, count: int, stores: int, skus: int, rows: np.ndarray | None = None,
           features: Collection[str] = ()) -> dict[str, float]:  # fmt: skip
    """Run 30 days; seconds of the engine itself, events, and what came out. `rows` are changed by the features."""
    net, units, counter = w3_network(count, stores, skus)
    pickers = int(net.nodes["pickers"][1])
    rows = w3_rows(count, stores, skus) if rows is None else rows
    if features:
        rows["offer"] = (rows["key"] >> 8) % 4
    for name in features:
        FEATURES[name](net, rows)
    receipt = np.zeros(stores * skus, TRANSIT)
    receipt["node"], receipt["sku"] = np.repeat(np.arange(1, stores + 1), skus), np.tile(np.arange(skus), stores)
    receipt["units"] = units
    engine = engine_of(net, count)
    sent, told, coarse, coarse_s = 0, 0, 0, 0.0
    began, cpu = time.perf_counter(), time.process_time()
    for day in range(DAYS):
        for second, on in ((9 * HOUR, True), (21 * HOUR, False)):
            now = day * DAY + second
            stop = int(np.searchsorted(rows["t"], now))
            engine.submit(rows[sent:stop])
            sent = stop
            engine.advance(now)
            told += len(engine.outcomes())
            mark = time.perf_counter()
            for node in range(1, stores + 1):
                (engine.open_store if on else engine.close_store)(node, now)
                engine.set_staff(node, pickers if on else 0, counter if on else 0, now)
            coarse_s += time.perf_counter() - mark
            coarse += 2 * stores
            if on:
                engine.net.stock.cells["on_order"][1:] += units
                engine.receive_rows(receipt, now)
    engine.submit(rows[sent:])
    engine.advance((DAYS + 5) * DAY)
    told += len(engine.outcomes())
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"seconds": seconds, "cpu_s": cpu, "rows_per_s": count / seconds, "told": told, "coarse_us": 1e6 * coarse_s / coarse,
            "engine": engine}  # fmt: skip
