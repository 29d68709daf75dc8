"""A network that is one queue: a store that is always open, has plenty of stock, and 10^6 ticks per unit of time."""

from __future__ import annotations

import numpy as np

from omosim.fulfilment.rules import Network, NetworkRules
from omosim.schema.codes import Flow, NodeKind
from omosim.schema.columns import DEMAND, NODE
from omosim.world.stock import Stock

TICKS = 1_000_000


def store(pickers: int, counter: int) -> Network:
    """Node 1 is the store; the centre has nothing and the store ships too."""
    nodes = np.zeros(2, NODE)
    nodes["kind"] = [NodeKind.DC, NodeKind.STORE]
    nodes["open"][1] = nodes["ships"][1] = 1
    nodes["pickers"][1], nodes["counter"][1] = pickers, counter
    stock = Stock.opening(np.array([[0], [100_000_000]], np.int32))
    rules = NetworkRules(hold_s=2**60)
    return Network(nodes, stock, np.zeros((1, 2), np.int32), np.ones(1, np.int64), np.zeros(1, np.int64), rules)


def customers(rng: np.random.Generator, count: int, rate: float, flow: Flow) -> np.ndarray:
    """Poisson arrivals at `rate` per unit of time; nobody tries on, returns or gives up."""
    rows = np.zeros(count, DEMAND)
    rows["key"] = np.arange(count) * 256
    rows["t"] = np.cumsum(rng.exponential(TICKS / rate, count)).astype(np.int64)
    for name in ("promise_s", "patience_s", "alt_sku", "second_node", "return_node"):
        rows[name] = -1
    rows["units"], rows["node"], rows["flow"], rows["channel"] = 1, 1, flow, 1
    return rows


def batch_interval(values: np.ndarray, batches: int = 30) -> tuple[float, float]:
    """Mean and 95 % half-width by batch means, the first tenth left out."""
    values = values[len(values) // 10 :]
    means = np.array([b.mean() for b in np.array_split(values, batches)])
    return float(values.mean()), float(2.045 * means.std(ddof=1) / np.sqrt(batches))


def check(name: str, values: np.ndarray, exact: float, widest: float) -> None:
    """The interval must hold the exact value (three half-widths wide, so that chance alone hardly fails it)."""
    mean, half = batch_interval(values)
    print(f"{name}: {mean:.6f} +- {half:.6f}, exact {exact:.6f}")
    assert half < widest
    assert abs(mean - exact) < 1.5 * half
