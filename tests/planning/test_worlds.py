"""A store's days as worlds have them: levels and spread of known worlds, one world against past days, doubt that asks for more people."""

import numpy as np
import pytest

from omosim.planning.demand import PICKUP, Draws, Shop, WorkLaw, draw, learn
from omosim.planning.history import WALK_IN
from omosim.planning.worlds import WORLD_ORDER, world_history
from omosim.schema.columns import DAY, HOUR

MONDAY = 20_000 - (20_000 + 3) % 7
HOURS = (9 * HOUR, 20 * HOUR, "told")


def orders_of(rates, days, seed=1, kind=PICKUP, weight=1.0):
    """Poisson orders, evenly over the open hours, of worlds with so many a day."""
    rng = np.random.default_rng(seed)
    rows = []
    for world, rate in enumerate(rates):
        for day in range(days):
            n = rng.poisson(rate)
            rows += [(world, day * DAY + int(s), 2, kind, 0, weight) for s in rng.integers(9 * HOUR, 20 * HOUR, n)]
    return np.array(rows, WORLD_ORDER)


def test_levels_are_those_of_the_worlds_without_the_chance_of_counts():
    rng = np.random.default_rng(3)
    rates = 40 * np.exp(rng.normal(0, 0.3, 40))
    wide = world_history("S", orders_of(rates, 14), 40, MONDAY, np.ones(14, bool), np.ones(14), HOURS)
    assert np.corrcoef(wide.levels, np.sort(rates))[0, 1] > 0.99 and wide.levels.std() == pytest.approx(np.std(rates / rates.mean()), rel=0.15)
    alike = world_history("S", orders_of(np.full(40, 40.0), 14), 40, MONDAY, np.ones(14, bool), np.ones(14), HOURS)
    assert np.abs(alike.levels - 1).max() < 0.06 and alike.levels.mean() == pytest.approx(1)


@pytest.mark.parametrize("start", range(7))
def test_every_day_keeps_its_weekday_and_its_factor(start):
    """From any weekday on: Sundays closed, a promotion on the third day; weekdays, means and hours by hand."""
    first = MONDAY + start
    trades = (np.arange(first, first + 14) + 3) % 7 != 6
    factors = np.ones(14)
    factors[2] = 3.0
    told = world_history("S", orders_of([30.0] * 5, 14), 5, first, trades, factors, HOURS)
    assert len(told.dates) == 5 * 12 and len(told.days_of(6)) == 0
    promoted = (first + 2 + 3) % 7
    if promoted != 6:
        days = told.days_of(promoted)
        assert sorted(told.raised_to(days, 0).tolist()) == [1.0] * 5 + [3.0] * 5
    assert all(len(told.days_of(weekday)) == 10 for weekday in range(6))
    assert np.isin(told.orders["day"], told.dates).all() and len(told.orders) == pytest.approx(5 * 12 * 30, rel=0.1)


def test_days_of_a_world_differ_by_what_they_show_and_what_they_lack():
    told = world_history("S", orders_of([50.0] * 20, 28), 20, MONDAY, np.ones(28, bool), np.ones(28), HOURS)
    days = told.days_of(0)
    totals = np.array([(told.orders["day"] == d).sum() for d in days], float)
    shape = told.day_shape(days, totals)
    assert shape == 0 or shape > 100  # chance alone
    rng = np.random.default_rng(2)
    unlike = totals * rng.gamma(4.0, 0.25, len(totals))
    assert told.day_shape(days, unlike) == pytest.approx(4.0, rel=0.5)
    more = world_history("S", orders_of([50.0] * 20, 28), 20, MONDAY, np.ones(28, bool), np.ones(28), HOURS, spread=0.5)
    assert more.day_shape(days, totals) == pytest.approx(1 / (0.25 + (1 / shape if shape else 0)))


def test_groups_stand_in_worlds(settings_of):
    """Orders of the simulated days: their mean is the worlds', groups differ as worlds do, and factors come in."""
    network = settings_of().network
    rates = np.repeat([20.0, 60.0], 10)
    told = world_history("S", orders_of(rates, 14), 20, MONDAY, np.ones(14, bool), np.full(14, 1.5), HOURS)
    law = learn(told, 2, told.days_of(2), network)
    draws = Draws(1, 2, 20, 40)
    rows = draw([law], draws, WorkLaw.of(network), Shop(9 * HOUR, 20 * HOUR, (True,), DAY, 300), 2 * HOUR)
    count = np.bincount(rows["node"] - 1, minlength=draws.reps).reshape(20, 40).mean(axis=1)
    mean = law.mean(PICKUP).sum()
    assert mean == pytest.approx(60, rel=0.1) and count.mean() == pytest.approx(mean, rel=0.02)
    assert count[:10].mean() == pytest.approx(mean / 2, rel=0.05) and count[10:].mean() == pytest.approx(1.5 * mean, rel=0.05)
    assert (law.mean(WALK_IN) == 0).all()


def test_orders_that_stand_for_several_count_as_many_and_their_chance_is_no_doubt(settings_of):
    alike = world_history("S", orders_of(np.full(40, 20.0), 14, weight=3.0), 40, MONDAY, np.ones(14, bool), np.ones(14), HOURS)
    assert learn(alike, 0, alike.days_of(0), settings_of().network).mean(PICKUP).sum() == pytest.approx(60, rel=0.05)
    assert np.abs(alike.levels - 1).max() < 0.06


def test_a_store_without_pickups_has_something_to_take_after(settings_of):
    told = world_history("S", orders_of([20.0] * 10, 14, kind=WALK_IN), 10, MONDAY, np.ones(14, bool), np.ones(14), HOURS)
    law = learn(told, 0, told.days_of(0), settings_of().network)
    assert law.counts[PICKUP].sum() == 0 and len(law.pools[PICKUP].units) == 1 and law.mean(WALK_IN).sum() == pytest.approx(20, rel=0.1)
