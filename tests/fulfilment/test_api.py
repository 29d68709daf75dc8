"""The network alone: doors, shifts and replenishment around given rows, the same with both engines."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import differences
from features import drawn_features
from small_worlds import small_world

from omosim.fulfilment.api import Routine, fulfil, opening_hours, replenishing
from omosim.fulfilment.replenishment import Forecast, StockControl
from omosim.schema.columns import DAY, HOUR
from omosim.schema.network import TRANSIT


def controlled(engine_name: str, seed: int):
    world = small_world(seed, 4, 4, 400, 60, True, days=6, features=drawn_features(seed) if seed > 5 else ())
    world.net.nodes["pickers"][0] = 2
    level = np.random.default_rng(seed).integers(3, 9, (4, 4)).astype(np.int32)
    level[0] *= 4

    def control(engine):
        lead = np.array([2 * DAY, DAY, DAY // 2, DAY])
        return StockControl(engine, level, lead, count_days=3, shrink_per_day=0.05, key0=seed,
                            lot=np.full((4, 4), 3) if seed % 3 == 0 else None,
                            forecast=Forecast(0.4) if seed % 2 else None)  # fmt: skip

    held = []

    def count(engine, now):
        if not held:
            held.append(control(engine))
        held[0].count_and_shrink(now)
        return now + DAY

    routines = [*opening_hours(world.net, 2, 1), *replenishing(control, first=7 * HOUR), Routine(HOUR, 4, count)]
    return fulfil(world.net, world.rows, 40 * DAY, routines, engine_name)


@pytest.mark.parametrize("seed", range(8))
def test_replenished_network_is_the_same_with_both_engines(seed):
    kernel, reference = controlled("kernel", seed), controlled("reference", seed)
    assert differences(reference.engine, kernel.engine, reference.outcomes, kernel.outcomes) == {}
    assert set(kernel.residuals().values()) == set(reference.residuals().values()) == {0}
    moves = kernel.engine.net.stock.moves.sum(axis=(1, 2))
    assert moves[1] > 0 and moves[2] > 0 and moves[7] > 0  # bought, transferred, lost
    book = kernel.book()
    assert len(book) == len(kernel.rows()) and {"key", "revenue", "status"} <= set(book.columns)
    assert len(kernel.waits) == int((book["served_at"] >= 0).sum())


def test_short_centre_serves_stores_in_an_order_that_turns():
    world = small_world(1, 4, 1, 5, 60, False)
    stock = world.net.stock
    for column in ("available", "on_hand", "record"):
        stock.cells[column][:] = 0
        stock.cells[column][0] = 5
    stock.journal[:] = 0
    stock.journal[:, :, 0] = stock.on_hand
    got = {}

    def review(engine, now):
        StockControl(engine, np.full((4, 1), 3, np.int32), np.full(4, DAY)).review(now)
        got[now // DAY] = engine.net.stock.on_order[1:, 0].tolist()
        return None

    run = fulfil(world.net, world.rows[:0], DAY, [Routine(0, 0, review)])
    assert got[0] == [3, 2, 0]
    assert set(run.residuals().values()) == {0}
    for column in ("available", "on_hand", "record"):
        stock.cells[column][0] = 5
    stock.cells["on_order"][:] = 0
    stock.transit = np.zeros(0, TRANSIT)
    StockControl(run.engine, np.full((4, 1), 3, np.int32), np.full(4, DAY)).review(DAY)
    assert stock.on_order[1:, 0].tolist() == [0, 3, 2]


def test_a_record_that_is_wrong_is_ordered_by_until_it_is_counted():
    world = small_world(1, 2, 1, 5, 60, False)
    cells = world.net.stock.cells
    cells["record"][1], cells["available"][1], cells["on_hand"][1] = 3, 0, 0
    world.net.stock.journal[1, :, 0] = 0
    engine = fulfil(world.net, world.rows[:0], 1).engine
    control = StockControl(engine, np.full((2, 1), 3, np.int32), np.full(2, DAY), count_days=1)
    assert control.wanted()[1, 0] == 0
    control.count_and_shrink(10)
    assert control.wanted()[1, 0] == 3


def test_a_network_from_settings():
    from omosim.config.compose import compose

    settings = compose("run", ["shoppers=500", "days=3", "network.stores.count=4"]).settings
    world = small_world(2, 4, 4, 80, 60, False)
    world.rows["zone"] = 0
    run = fulfil(settings, world.rows, 30 * DAY)
    assert set(run.residuals().values()) == {0}
    assert len(run.book()) >= 80
