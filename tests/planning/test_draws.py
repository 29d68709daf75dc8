"""Drawn days: orders in the hours of past ones, promises that run from the order."""

import numpy as np

from tests.planning.make import CLOSES, OPENS, days, history

DAY, PROMISE_S = 86_400, 5400


def drawn(settings_of):
    """Rows of two replicates of four days."""
    return days(history(), settings_of().network, groups=2, inner=1, promise_s=PROMISE_S)[1]


def test_orders_come_in_the_hours_of_past_ones(settings_of):
    """Walk-in customers from the first quarter hour to the last, pickups smoothed over half an hour more."""
    rows = drawn(settings_of)
    second, walk_in = rows["t"] % DAY, rows["flow"] == 3
    assert OPENS <= second[walk_in].min() < OPENS + 900 and CLOSES - 900 <= second[walk_in].max() < CLOSES
    assert second[~walk_in].min() >= OPENS - 1800 and second[~walk_in].max() < CLOSES + 1800


def test_a_promise_runs_in_open_time_from_the_order(settings_of):
    rows = drawn(settings_of)
    rows = rows[rows["flow"] == 2]

    def open_until(second):
        return second // DAY * (CLOSES - OPENS) + np.clip(second % DAY - OPENS, 0, CLOSES - OPENS)

    assert (open_until(rows["t"] + rows["promise_s"]) - open_until(rows["t"]) == PROMISE_S).all()
