"""W3: the pickup pipeline. Orders and walk-ins of many stores over 30 days, with shifts and daily receipts."""

from __future__ import annotations

import time

import numpy as np

from omosim.fulfilment.rules import Network, NetworkRules
from omosim.schema.codes import Flow, NodeKind
from omosim.schema.columns import DAY, DEMAND, HOUR, NODE
from omosim.schema.network import TRANSIT
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


def run_w3(engine_of, count: int, stores: int, skus: int, rows: np.ndarray | None = None) -> dict[str, float]:
    """Run 30 days; seconds of the engine itself, events, and what came out."""
    net, units, counter = w3_network(count, stores, skus)
    pickers = int(net.nodes["pickers"][1])
    rows = w3_rows(count, stores, skus) if rows is None else rows
    receipt = np.zeros(stores * skus, TRANSIT)
    receipt["node"], receipt["sku"] = np.repeat(np.arange(1, stores + 1), skus), np.tile(np.arange(skus), stores)
    receipt["units"] = units
    engine = engine_of(net, count)
    sent, told, coarse, coarse_s = 0, 0, 0, 0.0
    began = time.perf_counter()
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
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "rows_per_s": count / seconds, "told": told, "coarse_us": 1e6 * coarse_s / coarse,
            "engine": engine}  # fmt: skip
