"""Erlang C at thirty points, half a million customers each, through the public path."""

from __future__ import annotations

import numpy as np
import pytest
from one_store import TICKS, batch_interval, customers, store

from omosim.fulfilment.api import fulfil
from omosim.planning.erlang import erlang_c
from omosim.schema.codes import Flow

COUNT = 500_000
POINTS = [(c, rho) for c in (1, 2, 3, 4, 5, 6) for rho in (0.5, 0.6, 0.7, 0.8, 0.85)]


@pytest.mark.slow
def test_thirty_points_lie_within_one_percent_or_what_chance_leaves():
    worst = 0.0
    for number, (servers, rho) in enumerate(POINTS):
        rng = np.random.default_rng(100 + number)
        rows = customers(rng, COUNT, servers * rho, Flow.VISIT)
        rows["counter_s"] = rng.exponential(TICKS, COUNT).astype(np.int32)
        run = fulfil(store(1, servers), rows, int(rows["t"][-1]) + 1000 * TICKS)
        assert set(run.residuals().values()) == {0}
        exact = erlang_c(servers, servers * rho)
        waited, half = batch_interval((run.rows()["wait_s"] > 0).astype(float))
        mean, spread = batch_interval(run.waits / TICKS)
        wait = exact / (servers - servers * rho)
        print(f"c {servers} rho {rho}: P(wait) {waited:.5f} +- {half:.5f}, exact {exact:.5f}; W_q {mean:.5f} +- {spread:.5f}, exact {wait:.5f}")
        off = abs(waited / exact - 1)
        worst = max(worst, off)
        assert off < max(0.01, 1.5 * half / exact) and abs(mean - wait) < 1.5 * spread
    print(f"largest error of P(wait) {100 * worst:.2f} %")
    assert len(POINTS) == 30
