"""Who is inside when the doors shut is served that evening, also those who were not in the counter's queue yet."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.reference import ReferenceFulfilment
from omosim.fulfilment.rules import Network, NetworkRules
from omosim.schema.codes import Flow, NodeKind, Status
from omosim.schema.columns import DAY, DEMAND, HOUR, NODE
from omosim.schema.network import N_SERVICES, SERVICE
from omosim.world.stock import Stock

CLOSING = 20 * HOUR


def evening(engine_type: type, rows: np.ndarray, pooled: int = 0):
    """One store that shuts at 20:00 and opens at 10:00; the book at noon of the next day."""
    nodes = np.zeros(2, NODE)
    nodes["kind"] = NodeKind.DC, NodeKind.STORE
    nodes["opens_s"], nodes["closes_s"] = 10 * HOUR, CLOSING
    nodes["rooms"][1] = nodes["bays"][1] = 1
    nodes["pooled"][1] = pooled
    services = np.zeros(N_SERVICES, SERVICE)
    services["curbside"][1] = 1
    stock = Stock.opening(np.full((2, 1), 50))
    net = Network(nodes, stock, np.zeros((1, 2), np.int32), np.ones(1, np.int64), np.zeros(1, np.int64), NetworkRules(hold_s=3 * DAY), services)
    engine = engine_type(net)
    engine.submit(rows)
    for day in range(2):
        engine.open_store(1, day * DAY + 10 * HOUR)
        engine.set_staff(1, 1, 1, day * DAY + 10 * HOUR)
        if day == 0:
            engine.close_store(1, CLOSING)
            engine.set_staff(1, 0, 0, CLOSING)
    engine.advance(DAY + 12 * HOUR)
    assert set(engine.residuals(engine.now).values()) == {0}
    return engine.book()


def customers(count: int, **columns: int) -> np.ndarray:
    """Rows that come minutes before closing."""
    rows = np.zeros(count, DEMAND)
    rows["key"] = 256 * np.arange(1, count + 1)
    rows["t"] = CLOSING - 420 + 60 * np.arange(count)
    rows["node"], rows["units"], rows["unit_price"], rows["counter_s"] = 1, 1, 100, 300
    for name in ("promise_s", "alt_promise_s", "alt_sku", "second_node", "return_node", "patience_s"):
        rows[name] = -1
    for name, value in columns.items():
        rows[name] = value
    return rows


@pytest.mark.parametrize("engine_type", [KernelFulfilment, ReferenceFulfilment])
@pytest.mark.parametrize("pooled", [0, 1])
def test_a_visitor_in_the_fitting_room_at_closing_is_served(engine_type, pooled):
    row = evening(engine_type, customers(1, flow=Flow.VISIT, channel=1, fit_s=600), pooled)[0]
    assert row["status"] == Status.BOUGHT
    assert row["served_at"] == CLOSING - 420 + 600
    assert row["done_at"] == CLOSING - 420 + 900
    assert row["wait_s"] == 0


@pytest.mark.parametrize("engine_type", [KernelFulfilment, ReferenceFulfilment])
def test_cars_that_wait_for_the_bay_at_closing_are_served(engine_type):
    book = evening(engine_type, customers(3, flow=Flow.PICKUP, offer=1, collect_lag_s=0, t=CLOSING - 420))
    assert list(book["status"]) == [Status.COLLECTED] * 3
    assert list(book["done_at"]) == [CLOSING - 120, CLOSING + 180, CLOSING + 480]


@pytest.mark.parametrize("engine_type", [KernelFulfilment, ReferenceFulfilment])
def test_people_of_a_pool_who_stay_for_customers_do_not_pick(engine_type):
    rows = np.concatenate([customers(1, flow=Flow.VISIT, channel=1), customers(2, flow=Flow.PICKUP, pick_s=900, collect_lag_s=-1)])
    rows["key"] = 256 * np.arange(1, 4)
    rows["t"] = CLOSING - 100, CLOSING - 90, CLOSING + 10
    book = evening(engine_type, rows, pooled=1)
    assert book["done_at"][0] == CLOSING + 200
    assert list(book["picked_at"][1:]) == [CLOSING - 90 + 900, DAY + 10 * HOUR + 900]
