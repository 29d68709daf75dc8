"""Exact answers for what the network gained: boxes of a locker, the site, fitting rooms, one pool of staff."""

from __future__ import annotations

import numpy as np
import pytest
from one_store import TICKS, check, customers, store

from omosim.fulfilment.api import fulfil
from omosim.schema.codes import Flow, NodeKind, Status
from omosim.schema.columns import FLAG_BOX_REFUSED, FLAG_SITE_LOST

COUNT = 400_000


def dwell(rng: np.random.Generator, law: str, count: int) -> np.ndarray:
    """Times of mean one in ticks: the answer depends on nothing else of them."""
    if law == "exponential":
        return rng.exponential(TICKS, count).astype(np.int32)
    if law == "fixed":
        return np.full(count, TICKS, np.int32)
    return (rng.lognormal(-0.5, 1.0, count) * TICKS).astype(np.int32)


@pytest.mark.parametrize("law", ["exponential", "fixed", "lognormal"])
@pytest.mark.parametrize(("load", "boxes", "exact", "widest"), [(3.4, 4, 0.249703, 0.004), (80, 96, 0.009385, 0.003)])
def test_erlang_b_by_boxes_of_a_locker(load, boxes, exact, widest, law):
    """A box is kept from the order until the customer has come; who finds none has no contingency."""
    rng = np.random.default_rng(31)
    rows = customers(rng, COUNT, load, Flow.PICKUP)
    rows["collect_lag_s"] = dwell(rng, law, COUNT)
    net = store(10**6, 1)
    net.nodes["kind"][1], net.nodes["bins"][1] = NodeKind.LOCKER, boxes
    net.services["books_box"][0] = 1
    run = fulfil(net, rows, int(rows["t"][-1]) + 10**9)
    assert set(run.residuals().values()) == {0}
    book, shelf = run.rows(), run.engine.books().spaces[2]
    refused = book["flags"] & FLAG_BOX_REFUSED > 0
    assert np.all(book["status"] == np.where(refused, Status.CANCELLED, Status.COLLECTED))
    assert shelf["peak"] == boxes and shelf["used"] == 0 and shelf["turned"] == refused.sum()
    check(f"boxes {boxes}, {law} dwell, loss", refused.astype(float), exact, widest)
    assert shelf["dwells"] == rows["collect_lag_s"][~refused].sum(dtype=np.int64)


def site_of(sessions: int, room: int):
    net = store(1, 1)
    net.rules = type(net.rules)(hold_s=2**60, site_cap=sessions, site_room=room)
    return net


def visitors_of_the_site(rng: np.random.Generator, count: int) -> np.ndarray:
    rows = customers(rng, count, 3.4, Flow.BROWSE)
    rows["session_s"] = np.maximum(rng.exponential(TICKS, count).astype(np.int32), 1)
    return rows


@pytest.mark.parametrize(("engine", "count", "widest"), [("kernel", 1_000_000, 0.001), ("reference", 20_000, 0.02)])
def test_site_of_four_sessions_and_sixteen_who_wait(engine, count, widest):
    """M/M/4/20, load .85 a session."""
    rows = visitors_of_the_site(np.random.default_rng(32), count)
    run = fulfil(site_of(4, 16), rows, int(rows["t"][-1]) + 10**9, engine=engine)
    assert set(run.residuals().values()) == {0}
    book = run.rows()
    assert np.all(book["status"] == Status.LEFT)
    check("site, lost", (book["flags"] & FLAG_SITE_LOST > 0).astype(float), 0.008027, widest)


@pytest.mark.parametrize(("theta", "leave"), [(0.1, 0.050902), (1.0, 0.140680)])
def test_patience_on_the_queue_page(theta, leave):
    """Erlang A; the waits of all, those who left and those who got through, stand in the station's sums."""
    rng = np.random.default_rng(33)
    rows = visitors_of_the_site(rng, COUNT)
    rows["patience_s"] = np.maximum(rng.exponential(TICKS / theta, COUNT).astype(np.int32), 1)
    run = fulfil(site_of(4, -1), rows, int(rows["t"][-1]) + 10**9)
    assert set(run.residuals().values()) == {0}
    lost = run.rows()["flags"] & FLAG_SITE_LOST > 0
    check(f"site, patience {theta}, lost", lost.astype(float), leave, 0.004)
    rate = lost.mean() / (run.engine.books().stations[-1]["waits"] / COUNT / TICKS)
    print(f"people lost a unit of waiting {rate:.4f}, exact {theta}")  # flow out of the queue = theta x its length
    assert abs(rate / theta - 1) < 0.05


def test_fitting_rooms():
    """Erlang C: visitors with an item in hand wait for one of four rooms, nobody gives up."""
    rng = np.random.default_rng(34)
    rows = customers(rng, COUNT, 3.4, Flow.VISIT)
    rows["fit_s"] = np.maximum(rng.exponential(TICKS, COUNT).astype(np.int32), 1)
    net = store(1, 10**6)
    net.nodes["rooms"][1] = 4
    run = fulfil(net, rows, int(rows["t"][-1]) + 10**9)
    assert set(run.residuals().values()) == {0}
    waits = run.rows()["wait_s"] / TICKS
    check("rooms, W_q", waits, 1.148860, 0.12)
    check("rooms, P(wait)", (waits > 0).astype(float), 0.689316, 0.015)


def test_bays_at_the_kerb():
    """Erlang C: four bays, plenty of staff; the bay is held for the hand-over."""
    rng = np.random.default_rng(35)
    rows = customers(rng, COUNT, 3.4, Flow.PICKUP)
    rows["counter_s"] = np.maximum(rng.exponential(TICKS, COUNT).astype(np.int32), 1)
    net = store(10**6, 10**6)
    net.nodes["bays"][1] = 4
    net.services["curbside"][0] = 1
    run = fulfil(net, rows, int(rows["t"][-1]) + 10**9)
    assert set(run.residuals().values()) == {0}
    waits = run.rows()["wait_s"] / TICKS
    check("bays, W_q", waits, 1.148860, 0.12)
    check("bays, P(wait)", (waits > 0).astype(float), 0.689316, 0.015)


def test_a_pool_serves_people_before_parcels():
    """Cobham: 30 % customers, 70 % parcels, four people for both, no service is broken off."""
    rng = np.random.default_rng(36)
    rows = customers(rng, COUNT, 3.4, Flow.SHIP)
    visit = rng.random(COUNT) < 0.3
    rows["flow"][visit] = Flow.VISIT
    work = rng.exponential(TICKS, COUNT).astype(np.int32)
    rows["counter_s"], rows["pick_s"] = work, work
    net = store(1, 3)
    net.nodes["pooled"][1] = 1
    run = fulfil(net, rows, int(rows["t"][-1]) + 10**9)
    assert set(run.residuals().values()) == {0}
    book = run.rows()
    check("pool, W_q people", book["wait_s"][visit] / TICKS, 0.231314, 0.02)
    picked = (book["picked_at"] - book["placed_at"] - work)[~visit] / TICKS
    check("pool, W_q parcels", picked, 1.542094, 0.2)
