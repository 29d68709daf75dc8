"""Queues with exact answers: two priorities, patience, general and fixed service."""

from __future__ import annotations

import numpy as np
import pytest
from one_store import TICKS, check, customers, store

from omosim.fulfilment.api import fulfil
from omosim.schema.codes import Flow, Status

COUNT = 300_000


def test_cobham_two_priorities():
    """Picking: pickups (30 %) go before parcels, no service is broken off."""
    rng = np.random.default_rng(4)
    rows = customers(rng, COUNT, 3.4, Flow.SHIP)
    rows["flow"][rng.random(COUNT) < 0.3] = Flow.PICKUP
    rows["pick_s"] = rng.exponential(TICKS, COUNT).astype(np.int32)
    run = fulfil(store(4, 1), rows, int(rows["t"][-1]) + 10**9)
    book = run.rows()
    assert set(run.residuals().values()) == {0}
    wait = (book["picked_at"] - book["placed_at"] - rows["pick_s"]) / TICKS
    check("W_q high", wait[rows["flow"] == Flow.PICKUP], 0.231314, 0.02)
    check("W_q low", wait[rows["flow"] == Flow.SHIP], 1.542094, 0.2)


@pytest.mark.parametrize(("theta", "leave", "wait"), [(0.1, 0.050902, 0.599701), (1.0, 0.140680, 0.441643)])
def test_erlang_a_patience(theta, leave, wait):
    """Visitors who leave the queue when their patience is over; P(wait) = P(all four busy at arrival)."""
    rng = np.random.default_rng(7)
    rows = customers(rng, COUNT, 3.4, Flow.VISIT)
    rows["counter_s"] = rng.exponential(TICKS, COUNT).astype(np.int32)
    rows["patience_s"] = np.maximum(rng.exponential(TICKS / theta, COUNT).astype(np.int32), 1)
    run = fulfil(store(1, 4), rows, int(rows["t"][-1]) + 100 * TICKS)
    book = run.rows()
    assert set(run.residuals().values()) == {0}
    assert int(run.engine.net.stock.reserved.sum()) == 0
    check("P(abandon)", (book["status"] == Status.LEFT).astype(float), leave, 0.01)
    check("P(wait)", (book["wait_s"] > 0).astype(float), wait, 0.01)


@pytest.mark.parametrize(("cv2", "exact"), [(0.25, 2.5), (0.0, 2.0)])
def test_one_server_general_service(cv2, exact):
    """M/G/1 and M/D/1 by Pollaczek and Khinchine, mean service 1, lambda .8."""
    rng = np.random.default_rng(9)
    rows = customers(rng, COUNT, 0.8, Flow.PICKUP)
    rows["counter_s"] = TICKS if cv2 == 0 else rng.gamma(1 / cv2, TICKS * cv2, COUNT).astype(np.int32)
    run = fulfil(store(1, 1), rows, int(rows["t"][-1]) + 1000 * TICKS)
    assert set(run.residuals().values()) == {0}
    check("W_q", run.waits / TICKS, exact, 0.25)
