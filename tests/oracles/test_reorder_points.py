"""Costs of (r, Q), (s, S) and newsvendor stock, exact, through stock control and the engine."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from one_store import TICKS

from omosim.config.compose import compose
from omosim.fulfilment.api import Routine, fulfil
from omosim.fulfilment.replenishment import Replenishment, StockControl
from omosim.fulfilment.rules import Network, NetworkRules
from omosim.schema.codes import Flow, Move, NodeKind
from omosim.schema.columns import DAY, DEMAND, HOUR, NODE
from omosim.world.stock import Stock
from omosim.world.stocking import order_up_to


def centre(units: np.ndarray, backorders: bool = True) -> Network:
    """The centre alone, with many pickers."""
    nodes = np.zeros(1, NODE)
    nodes["kind"], nodes["ships"], nodes["pickers"] = NodeKind.DC, 1, 10**6
    items = len(units)
    stock = Stock.opening(units[None, :].astype(np.int32))
    cost, category = np.ones(items, np.int64), np.zeros(items, np.int64)
    return Network(nodes, stock, np.zeros((1, 1), np.int32), cost, category, NetworkRules(backorders=backorders))


def parcels(t: np.ndarray, sku: np.ndarray, units: np.ndarray | int = 1) -> np.ndarray:
    """DEMAND rows sorted by time."""
    rows = np.zeros(len(t), DEMAND)
    for name in ("promise_s", "node", "alt_sku", "second_node", "return_node"):
        rows[name] = -1
    rows["t"], rows["sku"], rows["units"], rows["flow"] = t, sku, units, Flow.SHIP
    rows = rows[np.argsort(rows["t"], kind="stable")]
    rows["key"] = np.arange(len(rows)) * 256
    return rows


def net_stock(engine: Any) -> np.ndarray:
    """(K,) units that orders may still have, less those that wait."""
    cells = engine.net.stock.cells[0]
    return cells["available"].astype(np.int64) - cells["backordered"]


def interval(name: str, per_item: np.ndarray, exact: float, widest: float) -> None:
    """Mean over independent items with its 95 % half-width; 1.5 of these must hold the exact value."""
    mean, half = float(per_item.mean()), float(1.98 * per_item.std(ddof=1) / np.sqrt(len(per_item)))
    print(f"{name}: {mean:.5f} +- {half:.5f}, exact {exact:.5f}")
    assert half < widest and abs(mean - exact) < 1.5 * half


class Continuous:
    """Looks after each demand and at each receipt, and sums a cost of the net stock over time."""

    def __init__(
        self, make: Callable[[Any], StockControl], times: np.ndarray, cost: Callable[[np.ndarray], np.ndarray]
    ):
        self.make, self.times, self.cost = make, np.append(times, 2**62), cost
        self.control: StockControl | None = None
        self.stock = self.area = np.zeros(0)
        self.at = self.next = 0

    def __call__(self, engine: Any, now: int) -> int:
        if self.control is None:
            self.control = self.make(engine)
            self.stock = net_stock(engine)
            self.area = np.zeros(len(self.stock))
        self.area += self.cost(self.stock) * (now - self.at)
        self.at = now
        due = self.control.receive_due(now)
        self.control.review(now)
        self.stock = net_stock(engine)
        while self.times[self.next] < now:
            self.next += 1
        ordered = self.control.stock.transit["due"]
        due = min([2**62, *ordered[-1:]]) if due is None else due  # the last ordered is the last to come
        return max(min(int(self.times[self.next]) + 1, due), now + 1)


@pytest.mark.parametrize(("per_item", "widest"), [(200, 2.5), pytest.param(1500, 0.9, marks=pytest.mark.slow)])
def test_reorder_point_and_lot(per_item, widest):
    """(r, Q): holding 20, order 100, waiting 150 a unit and unit of time; Poisson 1.5, lead time 2, r 3, Q 5."""
    items, r, q = 60, 3, 5
    rng = np.random.default_rng(41)
    t = np.cumsum(rng.exponential(TICKS / 1.5, (per_item, items)).astype(np.int64) + 1, axis=0)
    until = int(t[-1].min())
    rows = parcels(t.ravel(), np.tile(np.arange(items), per_item))
    rows = rows[rows["t"] < until]
    net = centre(rng.integers(r + 1, r + q + 1, items))  # the position is uniform on r+1 ... r+Q
    full = np.full((1, items), r + q, np.int32)
    watch = Continuous(lambda e: StockControl(e, full, np.array([2 * TICKS]), full - q, lot=np.full((1, items), q)),
                       rows["t"], lambda x: 20 * np.maximum(x, 0) + 150 * np.maximum(-x, 0))  # fmt: skip
    run = fulfil(net, rows, until, [Routine(0, 3, watch)])
    assert set(run.residuals().values()) == {0}
    ordered = net.stock.journal[0, :, Move.RECEIVED] + net.stock.on_order[0]
    assert np.all(ordered % q == 0)
    cost = watch.area / watch.at + 100 * (ordered / q) / (watch.at / TICKS)
    interval("(r, Q) cost", cost, 107.92358, widest)


def by_setting(engine: Any) -> Replenishment:
    """Stock control as a run has it, by `network.stock.policy: s_s`: planned for 5 a day, reviewed daily, one day of cover on top."""
    items = engine.net.stock.cells.shape[1]
    plain = compose("run").settings
    stock = plain.network.stock.model_copy(update={
        "policy": "s_s", "reorder_days": 0.0, "centre_cover_days": 1.0, "centre_lead_days": 0.0, "store_safety_z": 0.0,
    })  # fmt: skip
    daily = np.full((1, items), 5.0)
    world = SimpleNamespace(
        nodes=engine.net.nodes, level=order_up_to(stock, daily), expected_daily=daily, trading=np.ones(1, bool), key0=0, key1=0,
        level_factor=np.ones((1, 1)), supply=np.ones(1), sku_category=engine.net.category, carried=np.ones((1, items), np.int32),
    )  # fmt: skip
    settings = plain.model_copy(update={"network": plain.network.model_copy(update={"stock": stock})})
    return Replenishment(settings, world, engine)


def test_reorder_level_and_order_up_to():
    """(s, S): holding 1, waiting 4, order 5; Poisson 6 a period, no lead time, s 4, S 10, cost at each period's end."""
    items, periods = 400, 150
    rng = np.random.default_rng(42)
    units = rng.poisson(6, (periods, items))
    day, sku = np.nonzero(units)
    rows = parcels(day * DAY + 12 * HOUR, sku, units[day, sku])
    net = centre(np.full(items, 10))
    held: list[StockControl] = []
    cost = np.zeros((periods, items))

    def act(engine: Any, now: int) -> int | None:
        period = now // DAY
        if not held:
            held.append(by_setting(engine))
            assert np.all(held[0].targets() == 10) and np.all(held[0].reorder_points(held[0].targets()) == 4)
        stock = net_stock(engine)
        if period:
            cost[period - 1] += np.maximum(stock, 0) + 4 * np.maximum(-stock, 0)
        if period == periods:
            return None
        held[0].review(now)
        cost[period, engine.net.stock.transit["sku"]] += 5
        held[0].receive_due(now)
        return now + DAY

    run = fulfil(net, rows, (periods + 1) * DAY, [Routine(0, 3, act)])
    assert set(run.residuals().values()) == {0}
    interval("(s, S) cost", cost[10:].mean(axis=0), 8.034112, 0.1)


def newsvendor_costs(level: float) -> np.ndarray:
    """(items,) mean cost of a period; one visitor a day takes what stands there, a unit is a thousandth of theory's."""
    items, periods = 500, 40
    rng = np.random.default_rng(43)
    wanted = np.maximum(np.rint(rng.normal(50, 8, (periods, items)) * 1000), 1).astype(np.int64)
    rows = parcels(np.repeat(np.arange(periods), items) * DAY + 12 * HOUR, np.tile(np.arange(items), periods))
    rows["units"], rows["flow"], rows["node"], rows["channel"] = wanted.ravel(), Flow.VISIT, 1, 1
    nodes = np.zeros(2, NODE)
    nodes["kind"], nodes["open"], nodes["counter"] = [NodeKind.DC, NodeKind.STORE], [0, 1], 10**6
    stock = Stock.opening(np.stack([np.full(items, 2**30), np.zeros(items)]))
    one = np.ones(items, np.int64)
    net = Network(nodes, stock, np.zeros((1, 2), np.int32), one, 0 * one, NetworkRules())
    full = np.zeros((2, items), np.int32)
    full[1] = round(level * 1000)
    held: list[StockControl] = []
    left = np.zeros((periods, items))

    def act(engine: Any, now: int) -> int:
        if not held:
            held.append(StockControl(engine, full, np.array([HOUR, HOUR])))
        if now % DAY:
            held[0].receive_due(now)
            return now + DAY - HOUR
        if now:
            left[now // DAY - 1] = engine.net.stock.cells["available"][1]
        held[0].review(now)
        return now + HOUR

    run = fulfil(net, rows, periods * DAY + 1, [Routine(0, 3, act)])
    assert set(run.residuals().values()) == {0}
    missed = (run.rows()["units"] - run.rows()["units_out"]).reshape(periods, items)
    assert not missed[left > 0].any()
    return (0.18 * left + 0.70 * missed).mean(axis=0) / 1000


def test_newsvendor():
    """Holding .18, missing .70 a unit, normal demand 50, 8: the best level and its cost."""
    cost = newsvendor_costs(56.60396)
    interval("newsvendor cost", cost, 1.9976, 0.05)
    for other in (54.6, 58.6):  # the same demand
        assert newsvendor_costs(other).mean() > cost.mean()
