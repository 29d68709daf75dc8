"""The store's clock against counting every open second."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omosim.planning.demand import Shop
from omosim.planning.hours import after_open_seconds, open_seconds
from tests.planning.make import CLOSES, OPENS

DAY, SPAN = 86_400, CLOSES - OPENS


def test_open_time_runs_in_opening_hours_only():
    second = np.array([0, OPENS, OPENS + 100, CLOSES, CLOSES + 5, DAY + OPENS + 7])
    assert open_seconds(second, OPENS, CLOSES).tolist() == [0, 0, 100, SPAN, SPAN, SPAN + 7]
    assert open_seconds(second, OPENS, CLOSES, np.array([0])).tolist() == [0, 0, 0, 0, 0, 7]


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 6)), st.integers(0, 7 * DAY), st.integers(1, 3 * SPAN))
def test_every_open_second_is_counted_once(closed, start, wanted):
    closed = np.array(sorted(closed), np.int64)
    clock = np.arange(14 * DAY)
    open_now = (clock % DAY >= OPENS) & (clock % DAY < CLOSES) & ~np.isin(clock // DAY, closed)
    passed = np.concatenate([[0], np.cumsum(open_now)])  # by each second
    assert int(open_seconds(np.array([start]), OPENS, CLOSES, closed)[0]) == passed[start]
    then = int(after_open_seconds(np.array([start]), wanted, OPENS, CLOSES, closed)[0])
    assert then == np.argmax(passed >= passed[start] + wanted), "the first second by which so much open time has passed"
    back = int(after_open_seconds(np.array([then]), -wanted, OPENS, CLOSES, closed)[0])
    if passed[start] > 0:
        assert passed[back] == passed[start], "counted back, the same open time"


@pytest.mark.parametrize(("trades", "due"), [((True, False, True), 2), ((True, False, False, True), 3), ((True, True, True), 1), ((True,), 1)])
def test_a_promise_passes_over_closed_days(trades, due):
    shop = Shop(OPENS, CLOSES, trades, 3 * DAY, 300)
    assert shop.promised(np.array([CLOSES - 1800]), 7200).tolist() == [due * DAY + OPENS + 5400]
    assert shop.promised(np.array([due * DAY + OPENS + 5400]), -7200).tolist() == [CLOSES - 1800]
