"""Bays for cars against closed forms, and a plan that says what they do."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from omosim.planning.bays import TAKEN, _fewest, bay_plan, bay_waits, cars_met
from omosim.planning.demand import Ways, row_keys
from omosim.planning.history import CURBSIDE
from omosim.planning.simulate import DayResult, Days, Shop, Staff
from omosim.schema.codes import Flow
from omosim.schema.columns import BOOK
from tests.planning.make import CLOSES, OPENS, days, history


def cars(come, gone, rep=0):
    """Days' books of cars alone."""
    book = np.zeros(len(come), BOOK)
    book["key"] = row_keys(np.full(len(come), rep), 0, 0, np.arange(len(come)))
    book["flow"], book["offer"], book["arrived_at"], book["done_at"] = Flow.PICKUP, CURBSIDE, come, gone
    return DayResult(Shop(0, 86_400, (True,), 86_400, 300), np.zeros(0), book, int(np.max(rep)) + 1, {})


def test_cars_that_find_others_are_poisson_where_there_is_room_for_all():
    """M/G/infinity: who comes meets Poisson many, whatever the time in the bay."""
    rng, load = np.random.default_rng(4), 3.0
    rep = np.repeat(np.arange(200), 300)
    come = rng.integers(0, 86_400, len(rep))
    stay = np.rint(rng.gamma(4, load * 288 / 4, len(rep))).astype(int)
    _, met = cars_met(cars(come, come + stay, rep))
    for n in range(8):
        assert (met >= n).mean() == pytest.approx(poisson.sf(n - 1, load), abs=0.02)
    assert _fewest(met) == next(n for n in range(30) if poisson.sf(n - 1, load) <= TAKEN)


def test_the_wait_for_a_bay_is_what_is_left_of_the_car_before():
    come, gone = np.array([0, 10, 20, 30]), np.array([100, 150, 40, 200])
    assert bay_waits(cars(come, gone), 1)[1].tolist() == [0, 90, 20, 120]  # the third left while it waited
    assert bay_waits(cars(come, gone), 2)[1].tolist() == [0, 0, 20, 70]
    assert not bay_waits(cars(come, gone), 0)[1].any()


def test_a_plan_says_how_many_bays_do(settings_of):
    made = history(pickups=160, walk_ins=20)
    made.orders["place"] = np.where(made.orders["kind"] == 0, CURBSIDE, 0)
    shop, rows, draws = days(made, settings_of().network)
    staff = Staff.level(4, 3, OPENS, CLOSES)

    def plan(bays):
        of = Days(replace(shop, how=Ways(bays=bays)), rows, draws)
        done = of.whole(staff)
        return bay_plan(of, staff, done), done

    (one, tight), (free, _) = plan(1), plan(0)
    assert free.wait.value == 0 and one.wait.value > 0.2 and one.cars == free.cars
    assert one.needed == free.needed and one.needed.low <= one.needed.value <= one.needed.high
    bays = int(free.needed.value)
    assert plan(bays)[0].wait.value < 0.02 < plan(bays - 2)[0].wait.value
    _, waits = bay_waits(tight, 1)
    assert waits.sum() <= tight.waits.sum(), "the wait for a bay is a part of the wait"
    nobody, rows, draws = days(history(), settings_of().network)
    of = Days(nobody, rows, draws)
    assert bay_plan(of, staff, of.whole(staff)) is None
