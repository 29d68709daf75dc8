"""Levels that follow demand, lots, late and missing supplies."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm, poisson

from omosim.fulfilment import Forecast, KernelFulfilment, Network, NetworkRules, Replenishment, StockControl
from omosim.schema.codes import Flow, Move, NodeKind
from omosim.schema.columns import DAY, DEMAND, HOUR, NODE
from omosim.world.stock import Stock
from omosim.world.synthesis import synthesise

ITEMS = 300


def network(opening: int, kinds: tuple[NodeKind, ...] = (NodeKind.DC, NodeKind.STORE)) -> Network:
    nodes = np.zeros(len(kinds), NODE)
    nodes["kind"], nodes["open"], nodes["pickers"], nodes["counter"] = kinds, 1, 10**6, 10**6
    nodes["ships"][0] = 1
    stock = Stock.opening(np.full((len(kinds), ITEMS), opening))
    one = np.ones(ITEMS, np.int64)
    rules = NetworkRules(backorders=True)
    return Network(nodes, stock, np.zeros((1, len(kinds)), np.int32), one, 0 * one, rules)


def demand(rng: np.random.Generator, mean: np.ndarray, flow: Flow, node: int) -> np.ndarray:
    """One unit a row; `mean` (days,) of each item."""
    units = rng.poisson(np.repeat(mean[:, None], ITEMS, axis=1))
    day, sku = np.nonzero(units)
    day, sku = np.repeat(day, units[day, sku]), np.repeat(sku, units[day, sku])
    rows = np.zeros(len(day), DEMAND)
    for name in ("promise_s", "alt_sku", "second_node", "return_node", "patience_s"):
        rows[name] = -1
    rows["t"] = day * DAY + rng.integers(9 * HOUR, 16 * HOUR, len(day))
    rows["sku"], rows["units"], rows["flow"], rows["node"], rows["channel"] = sku, 1, flow, node, 1
    rows = rows[np.argsort(rows["t"], kind="stable")]
    rows["key"] = np.arange(len(rows)) * 256
    return rows


def daily(engine: KernelFulfilment, control: StockControl, rows: np.ndarray, first: int, days: int) -> np.ndarray:
    """Reviews at six each morning, receipts at noon; the levels of each day (days, N, K)."""
    levels = []
    for day in range(first, days):
        engine.advance(day * DAY + 6 * HOUR)
        control.review(day * DAY + 6 * HOUR)
        levels.append(control.level.copy())
        engine.submit(rows[rows["t"] // DAY == day])
        control.receive_due(day * DAY + 9 * HOUR)
        control.receive_due(day * DAY + 23 * HOUR)
    return np.array(levels)


def follow(rows: np.ndarray, lead: int, f: Forecast, opening: int, days: int):
    engine = KernelFulfilment(network(opening))
    control = StockControl(engine, np.full((2, ITEMS), opening, np.int32), np.full(2, lead), forecast=f)
    return engine, control, daily(engine, control, rows, 0, days)


@pytest.mark.parametrize("z", [1.2816, 2.0])
def test_levels_recover_the_base_stock_of_poisson_demand(z):
    """Orders, 3 a day, two days of lead and one of review: the quantile of Poisson 9 that z stands for."""
    rows = demand(np.random.default_rng(1), np.full(300, 3.0), Flow.SHIP, 0)
    engine, _, levels = follow(rows, 2 * DAY, Forecast(smoothing=0.02, z=z), 20, 300)
    exact = poisson.ppf(norm.cdf(z), 9)
    steady = levels[200:, 0]
    print(f"level {steady.mean():.3f}, base stock {exact}; within one unit {np.mean(abs(steady - exact) <= 1):.3f}")
    assert abs(steady.mean() - exact) < 1
    assert np.mean(abs(steady - exact) <= 1) > 0.85
    assert set(engine.residuals(engine.now).values()) == {0}
    assert np.all(engine.book()["units_out"][engine.book()["placed_at"] < 290 * DAY] == 1)


def test_visits_that_met_an_empty_shelf_are_not_seen():
    """What a shelf could not sell leaves no trace, so its level comes out lower, by at most the share that is lost."""
    rows = demand(np.random.default_rng(1), np.full(300, 3.0), Flow.VISIT, 1)
    engine, control, levels = follow(rows, 2 * DAY, Forecast(smoothing=0.02, z=1.2816), 20, 300)
    late = engine.book()[engine.book()["placed_at"] > 200 * DAY]
    sold = late["units_out"].mean()
    seen, truth = control.demand[1].mean(), 3.0
    print(f"sold {sold:.3f} of demand; level {levels[200:, 1].mean():.2f}; demand as seen {seen:.3f} of {truth}")
    assert 0.9 < sold < 1 and abs(seen - truth * sold) < 0.05
    assert 12 - 1 < levels[200:, 1].mean() < 13


def test_given_levels_hold_until_demand_is_known():
    f = Forecast(smoothing=0.1)
    rows = demand(np.random.default_rng(2), np.full(20, 3.0), Flow.VISIT, 1)
    _, control, levels = follow(rows, DAY, f, 33, 20)
    assert f.warm == 10
    assert np.all(levels[:10] == 33) and not np.any(levels[10, 1] == 33)
    assert control.periods.tolist() == [19, 19 * DAY + 6 * HOUR]


def test_levels_adapt_when_demand_doubles():
    f = Forecast(smoothing=0.1, z=1.0)
    mean = np.where(np.arange(160) < 80, 4.0, 8.0)
    rows = demand(np.random.default_rng(3), mean, Flow.SHIP, 0)
    _, _, levels = follow(rows, DAY, f, 40, 160)
    before, soon, after = levels[70:80, 0].mean(), levels[90, 0].mean(), levels[130:, 0].mean()
    print(f"levels {before:.2f} before, {soon:.2f} ten days later, {after:.2f} in the end")
    assert abs(before - (8 + np.sqrt(8))) < 0.5 and abs(after - (16 + 4)) < 0.5
    assert before + 0.5 * (after - before) < soon < after + 1


def test_orders_that_wait_are_demand_once():
    """Empty shelves of the centre: what is ordered is wanted at once, and not counted again when it leaves."""
    engine = KernelFulfilment(network(0))
    control = StockControl(engine, np.zeros((2, ITEMS), np.int32), np.full(2, 5 * DAY), forecast=Forecast(0.5))
    rows = demand(np.random.default_rng(4), np.array([0.0, 4, 0, 0, 0, 0, 0, 0, 0, 0]), Flow.SHIP, -1)
    control.supply[:] = 0
    daily(engine, control, rows, 0, 3)
    ordered = np.bincount(rows["sku"], minlength=ITEMS)
    assert np.array_equal(control.open[0], ordered) and np.array_equal(engine.net.stock.backordered[0], ordered)
    known = control.demand[0].copy()
    assert np.array_equal(known, ordered / 2)  # two periods, the first without an order
    control.supply[:] = 1
    daily(engine, control, rows, 3, 11)
    assert not control.open.any() and np.array_equal(control.left[0], ordered)
    assert np.allclose(control.demand[0], known / 2**8)  # eight days of nothing since


def test_stores_in_vain_are_demand_of_the_centre():
    engine = KernelFulfilment(network(0))
    level = np.array([[0], [7]], np.int32) * np.ones(ITEMS, np.int32)
    control = StockControl(engine, level, np.full(2, DAY), forecast=Forecast(0.05))
    for day in range(3):
        control.supply[:] = 0
        control.review(day * DAY)
    assert np.all(control.open[0] == 7) and np.all(control.demand[0] == 3.5)


def test_snapshot_of_what_was_learnt():
    f = Forecast(smoothing=0.2)
    rows = demand(np.random.default_rng(5), np.full(30, 3.0), Flow.VISIT, 1)
    straight, control, levels = follow(rows, DAY, f, 15, 30)
    engine, first, early = follow(rows, DAY, f, 15, 12)
    second_net = network(15)
    other = KernelFulfilment(second_net)
    other.load(engine.state())
    second_net.stock.transit = engine.net.stock.transit.copy()
    second = StockControl(other, np.zeros((2, ITEMS), np.int32), np.full(2, DAY), forecast=f)
    second.load({name: values.copy() for name, values in first.state().items()})
    late = daily(other, second, rows, 12, 30)
    assert np.array_equal(np.concatenate([early, late]), levels)
    ended, again = control.state(), second.state()
    assert ended.keys() == again.keys() >= {"level", "demand", "spread", "periods"}
    assert all(np.array_equal(ended[name], again[name]) for name in ended)
    assert np.array_equal(straight.book(), other.book())


def test_no_forecast_has_the_state_of_levels_and_disruptions():
    control = StockControl(KernelFulfilment(network(5)), np.full((2, ITEMS), 5, np.int32), np.full(2, DAY))
    assert set(control.state()) == {"level", "supply", "lead_factor"}
    control.load(StockControl(control.engine, control.level, np.full(2, DAY), forecast=Forecast()).state())


@pytest.mark.parametrize("bad", [{"smoothing": 0}, {"smoothing": 1.5}, {"period_s": 0}])
def test_forecasts_that_make_no_sense_are_refused(bad):
    with pytest.raises(ValueError, match="smoothing"):
        Forecast(**bad)


def test_lots():
    """The least multiple that lifts the position above the reorder point; where there is none, up to the level."""
    engine = KernelFulfilment(network(0))
    level = np.full((2, ITEMS), 8, np.int32)
    lot = np.zeros((2, ITEMS), np.int32)
    lot[0, :4] = [5, 3, 1, 20]
    control = StockControl(engine, level, np.full(2, DAY), level - 5, lot=lot)
    assert control.wanted()[0, :6].tolist() == [5, 6, 4, 20, 8, 8]
    for units, due in ((3, [5, 3, 1, 20, 5, 5]), (4, [0] * 6)):
        for column in ("on_hand", "available", "record"):
            engine.net.stock.cells[column][0] = units
        assert control.wanted()[0, :6].tolist() == due


def test_supplies_late_and_missing():
    """A supplier who is down sends nothing; what was not sent is ordered again and comes later than usual."""
    net = network(0, (NodeKind.DC,))
    engine = KernelFulfilment(net)
    control = StockControl(engine, np.full((1, ITEMS), 10, np.int32), np.array([2 * DAY]))
    control.supply[:] = 0
    for day in range(3):
        control.review(day * DAY)
        assert not net.stock.on_order.any() and control.receive_due(day * DAY) is None
    control.supply[0] = 0.55
    control.lead_factor[0] = 1.5
    control.review(3 * DAY)
    assert net.stock.on_order[0, :3].tolist() == [5, 0, 0]  # of ten, 5.5 rounded down
    assert net.stock.transit["due"].tolist() == [6 * DAY]
    control.supply[:] = 1
    control.lead_factor[0] = 1
    control.review(4 * DAY)
    assert np.all(net.stock.on_order == 10)
    assert control.receive_due(6 * DAY) is None  # the late one and those of day four are due together
    assert np.all(net.stock.available == 10) and np.all(net.stock.journal[0, :, Move.RECEIVED] == 10)
    assert set(engine.residuals(6 * DAY).values()) == {0}


def test_reorder_points_follow_levels_that_move(shipped):
    """s_s: with all the cover kept it is order_up_to; a level that managers or dated changes move takes its point along."""
    plain = shipped.make_settings(shoppers=2000)
    world = synthesise(plain, 7, 0)
    engine = SimpleNamespace(net=Network(world.nodes, world.stock, world.distance_m, world.cost, 0 * world.sku_category))

    def control(**keys: object) -> Replenishment:
        stock = plain.network.stock.model_copy(update=keys)
        return Replenishment(plain.model_copy(update={"network": plain.network.model_copy(update={"stock": stock})}), world, engine)

    level = control().targets().astype(np.int64)
    points = control(policy="s_s").reorder_points(level)
    assert np.array_equal(points[1:], level[1:] - 1), "stores have no cover beyond lead-time demand here"
    need = np.ceil(world.expected_daily[0] * 6 + 0.5 * np.sqrt(world.expected_daily[0] * 6) - 1e-9)
    assert np.array_equal(points[0], np.maximum(need, 0) - 1)
    most = control(policy="s_s", reorder_days=plain.network.stock.centre_cover_days)
    assert np.array_equal(most.reorder_points(level)[0], control().reorder_points(level)[0])
    half = control(policy="s_s")
    half.scale_level(0, np.full(level.shape[1], 0.5))
    moved = half.reorder_points(half.targets().astype(np.int64))[0]
    assert np.all(np.abs(moved - points[0] / 2) <= 1) and np.all(moved < half.targets()[0])
