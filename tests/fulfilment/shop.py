"""A world of three places and a few orders, for tests worked out by hand on both engines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.reference import ReferenceFulfilment
from omosim.fulfilment.rules import Network, NetworkRules
from omosim.schema.codes import Flow, NodeKind
from omosim.schema.columns import DEMAND, HOUR, NODE
from omosim.schema.network import N_SERVICES, SERVICE
from omosim.world.stock import Stock

both = pytest.mark.parametrize("make", [ReferenceFulfilment, KernelFulfilment], ids=["reference", "kernel"])
NOBODY, HERE, THERE = 0, 1, 2  # the centre, the store where things happen, and another one


class Shop:
    """A centre and two stores that never close, a picker and a person at the counter in each; an engine for them."""

    def __init__(self, make: Any, units: Any, service: str = "", nodes: Any = (), **rules: Any) -> None:
        n = np.zeros(3, NODE)
        n["kind"] = NodeKind.DC, NodeKind.STORE, NodeKind.STORE
        n["open"][1:] = 1
        n["pickers"] = n["counter"] = 1
        for name, values in dict(nodes).items():
            n[name] = values
        services = np.zeros(N_SERVICES, SERVICE)
        if service:
            services[service] = 1
        stock = Stock.opening(np.array(units))
        skus = stock.cells.shape[1]
        net = Network(n, stock, np.array([[5000, 1000, 2000]], np.int32), np.ones(skus, np.int64), np.zeros(skus, np.int64),
                      NetworkRules(**{"cutoff_s": 23 * HOUR, "waves_s": (12 * HOUR, 16 * HOUR)} | rules), services)  # fmt: skip
        self.engine, self.net = make(net), net
        self.told: list[tuple[int, int, int, int]] = []

    def order(self, *rows: dict[str, int]) -> None:
        """Submit rows; the first has key 256, the next 512, and so on."""
        out = np.zeros(len(rows), DEMAND)
        out["node"], out["units"], out["unit_price"], out["flow"] = HERE, 1, 100, Flow.PICKUP
        for name in ("promise_s", "alt_promise_s", "alt_sku", "second_node", "return_node", "patience_s", "collect_lag_s", "extra_sku"):
            out[name] = -1
        out["key"] = 256 * np.arange(1, len(rows) + 1)
        for row, columns in zip(out, rows, strict=True):
            for name, value in columns.items():
                row[name] = value
        self.engine.submit(out)

    def lose(self, sku: int = 0, units: int = 1000) -> None:
        """The shelf of the store is emptied and nobody sees it."""
        self.engine.write_off(HERE, sku, units, 0)

    def at(self, now: int) -> np.ndarray:
        """The book at `now`; every law holds and what was told is in `told`: (t, number of the order, outcome, value)."""
        self.engine.advance(now)
        assert set(self.engine.residuals(now).values()) == {0}
        told = self.engine.outcomes()
        self.told += [(int(o["t"]), int(o["key"]) // 256, int(o["code"]), int(o["value"])) for o in told]
        return self.engine.book()

    def cell(self, column: str, node: int = HERE, sku: int = 0) -> int:
        return int(self.net.stock.cells[column][node, sku])

    def counts(self) -> tuple[int, int, int]:
        """Pickup slots booked, given back, forgotten."""
        books = self.engine.books()
        return books.booked, books.given_back, books.lapsed

    def waves(self) -> tuple[int, int, int]:
        """Courier places booked, given back, forgotten."""
        books = self.engine.books()
        return books.waves_booked, books.waves_back, books.waves_lapsed
