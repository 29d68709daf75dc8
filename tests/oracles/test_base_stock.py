"""One-for-one replenishment of many independent items: base stock with backorders and with lost sales."""

from __future__ import annotations

import numpy as np
import pytest
from one_store import TICKS

from omosim.fulfilment.api import Routine, fulfil, replenishing
from omosim.fulfilment.replenishment import StockControl
from omosim.fulfilment.rules import Network, NetworkRules
from omosim.schema.codes import Flow, NodeKind, Status
from omosim.schema.columns import DEMAND, NODE
from omosim.world.stock import Stock

ITEMS = 300
PER_ITEM = 400
LEAD = 8 * TICKS  # Poisson demand of rate 1: 8 during a lead time


def centre(level: int, backorders: bool) -> Network:
    nodes = np.zeros(1, NODE)
    nodes["kind"], nodes["ships"], nodes["pickers"] = NodeKind.DC, 1, 10**6
    stock = Stock.opening(np.full((1, ITEMS), level, np.int32))
    one = np.ones(ITEMS, np.int64)
    return Network(nodes, stock, np.zeros((1, 1), np.int32), one, 0 * one, NetworkRules(backorders=backorders))


def demand(rng: np.random.Generator) -> np.ndarray:
    """Poisson orders of one unit, one stream per item, sorted by time."""
    rows = np.zeros(ITEMS * PER_ITEM, DEMAND)
    rows["sku"] = np.tile(np.arange(ITEMS), PER_ITEM)
    rows["t"] = np.cumsum(rng.exponential(TICKS, (PER_ITEM, ITEMS)).astype(np.int64) + 1, axis=0).ravel()
    rows = rows[np.argsort(rows["t"], kind="stable")]
    rows["key"] = np.arange(len(rows)) * 256
    rows["units"], rows["flow"] = 1, Flow.SHIP
    for name in ("promise_s", "node", "alt_sku", "second_node", "return_node"):
        rows[name] = -1
    return rows


def one_for_one(level: int) -> list[Routine]:
    """Review four times a unit of time; the mean delay of an eighth is taken off the lead time.

    The number under way is Poisson whatever the law of the lead time (Palm), so only its mean counts.
    """
    lead = np.array([LEAD - TICKS // 8])
    levels = np.full((1, ITEMS), level, np.int32)
    return replenishing(lambda engine: StockControl(engine, levels, lead), TICKS // 4)


def interval(per_item: np.ndarray) -> tuple[float, float]:
    """Mean over items and its 95 % half-width."""
    return float(per_item.mean()), float(1.97 * per_item.std(ddof=1) / np.sqrt(len(per_item)))


def run(level: int, backorders: bool) -> tuple[np.ndarray, np.ndarray, int]:
    rows = demand(np.random.default_rng(level))
    until = int(rows["t"].max()) + 10 * LEAD
    done = fulfil(centre(level, backorders), rows, until, one_for_one(level))
    assert set(done.residuals().values()) == {0}
    book = done.rows()
    last = min(int(rows["t"][rows["sku"] == k].max()) for k in range(ITEMS))
    steady = (book["placed_at"] > 5 * LEAD) & (book["placed_at"] < last)
    return book[steady], book["sku"][steady], last - 5 * LEAD


@pytest.mark.parametrize(
    ("level", "fill", "backordered"), [(10, 0.716624, 0.425864), (12, 0.888076, 0.129826), (14, 0.965819, 0.031848)]
)
def test_backorders(level, fill, backordered):
    book, sku, span = run(level, True)
    assert np.all(book["status"] == Status.DELIVERED)
    waited = book["picked_at"] - book["placed_at"]
    fills = np.array([(waited[sku == k] == 0).mean() for k in range(ITEMS)])
    queue = np.array([waited[sku == k].sum() / span for k in range(ITEMS)])
    mean, half = interval(fills)
    print(f"S {level}: fill {mean:.6f} +- {half:.6f}, exact {fill}")
    assert half < 0.02 and abs(mean - fill) < 1.5 * half
    mean, half = interval(queue)
    print(f"S {level}: backorders {mean:.6f} +- {half:.6f}, exact {backordered}")
    assert half < 0.06 and abs(mean - backordered) < 1.5 * half


@pytest.mark.parametrize(("level", "loss"), [(10, 0.121661), (12, 0.051406), (14, 0.017221)])
def test_lost_sales(level, loss):
    book, sku, _ = run(level, False)
    lost = book["status"] == Status.CANCELLED
    mean, half = interval(np.array([lost[sku == k].mean() for k in range(ITEMS)]))
    print(f"S {level}: loss {mean:.6f} +- {half:.6f}, exact {loss}")
    assert half < 0.02 and abs(mean - loss) < 1.5 * half
