"""Erlang C against closed forms, and the simulated counter against Erlang C where its assumptions hold."""

from dataclasses import replace
from math import factorial

import numpy as np
import pytest

from omosim.planning.demand import DayLaw, Draws, Pool, WorkLaw, draw
from omosim.planning.erlang import erlang_c, mean_wait_s, of_day
from omosim.planning.history import DAY
from omosim.planning.simulate import Shop, Staff, simulate


def by_sum(servers, load):
    top = load**servers / factorial(servers) * servers / (servers - load)
    return top / (sum(load**n / factorial(n) for n in range(servers)) + top)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.3), (1, 0.95), (2, 1.0), (3, 2.4), (10, 8.0), (40, 36.5)])
def test_closed_form(servers, load):
    assert erlang_c(servers, load) == pytest.approx(by_sum(servers, load), rel=1e-12)
    assert mean_wait_s(servers, load, 90.0) == pytest.approx(by_sum(servers, load) * 90.0 / (servers - load), rel=1e-12)


def test_edges():
    assert erlang_c(2, 0.0) == 0.0 and erlang_c(2, 2.0) == 1.0 and mean_wait_s(1, 1.0, 60.0) == float("inf")
    calls, work = np.zeros(96), np.zeros(96)
    calls[40], work[40] = 9.0, 9.0 * 200
    book = of_day(calls, work, np.full(96, 1))
    assert book.overloaded == 1 and book.wait_min is None and book.busiest == 40 and book.prob_wait == 1.0


@pytest.mark.parametrize(("people", "load"), [(1, 0.6), (2, 1.6), (4, 3.2)])
def test_the_simulated_counter_is_m_m_c_where_nothing_changes(people, load):
    """Open day and night, exponential service, nobody leaves: mean wait and share who wait within four standard errors."""
    service = 60.0
    even = np.full((2, 1, 96), load * 900 / service)
    even[0] = 0.0
    none = Pool(np.zeros(1, np.int64), np.ones(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64))
    law = DayLaw(0, np.array([4]), even, 0.0, (none, none))
    work = WorkLaw(1.0, 0.0, service, service, 0.0, 1.0)
    draws = Draws(11, 5, 60, 2)
    shop = Shop(0, DAY, (True, True), DAY, 300)
    rows = draw([replace(law, dates=np.zeros(0, np.int64)), law], draws, work, shop, 3600)
    done = simulate(shop, rows, draws, Staff.level(1, people, 0, DAY))
    assert not any(done.laws.values())
    wait = done.wait_mean_s
    want = mean_wait_s(people, load, service)
    assert abs(wait.mean() - want) < 4 * wait.std(ddof=1) / np.sqrt(len(wait)) + 0.01 * want
    share = done.waited / done.served
    assert abs(share.mean() - erlang_c(people, load)) < 4 * share.std(ddof=1) / np.sqrt(len(share)) + 0.005
