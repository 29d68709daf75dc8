"""Pickup customers at a counter of four: Erlang C (lambda 3.4, mu 1, c 4)."""

from __future__ import annotations

import numpy as np
import pytest
from one_store import TICKS, check, customers, store

from omosim.fulfilment.api import fulfil
from omosim.schema.codes import Flow


@pytest.mark.parametrize(("engine", "count", "widest"), [("kernel", 500_000, 0.06), ("reference", 20_000, 0.3)])
def test_erlang_c(engine, count, widest):
    rng = np.random.default_rng(20)
    rows = customers(rng, count, 3.4, Flow.PICKUP)
    rows["counter_s"] = rng.exponential(TICKS, count).astype(np.int32)
    run = fulfil(store(1, 4), rows, int(rows["t"][-1]) + 100 * TICKS, engine=engine)
    book = run.rows()
    assert len(book) == count and np.all(book["done_at"] >= 0)
    assert set(run.residuals().values()) == {0}
    waits = book["wait_s"] / TICKS
    check("W_q", waits, 1.148860, widest)
    check("P(wait)", (waits > 0).astype(float), 0.689316, widest)
