"""The shelf: its law against counting, the fewest bins, and each cure against trying every one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import poisson

from omosim.api.pickup import sample_file, sample_work
from omosim.ingest import ReadOptions, read_orders
from omosim.planning import simulate as module
from omosim.planning.demand import Draws, Shop, WorkLaw, draw, learn
from omosim.planning.history import store_history
from omosim.planning.plan import PlanOptions, _with_room, plan_day
from omosim.planning.shelf import ShelfLaw, cures_of, fits, peaks, picked_late
from omosim.planning.shifts import ShiftRules, make, people
from omosim.planning.simulate import Staff, simulate
from omosim.planning.staffing import Targets
from omosim.planning.week import WeekRules
from tests.planning.make import CLOSES, OPENS, WORK, days, history

RULES = ShiftRules(8, 24, 0)
OPTIONS = PlanOptions(1.0, Targets(0.9, 0.8, (1, 1)), 300, RULES, 60, 0, 0.05, WeekRules(160, 2, 44), 7)


@pytest.mark.parametrize("mean", [20, 60, 400])
def test_the_fewest_bins_of_a_known_law_lie_in_the_interval(mean):
    """Poisson peaks: the 99 % quantile is known."""
    rng, truth, hits, off = np.random.default_rng(1), poisson.ppf(0.99, mean), 0, []
    for _ in range(200):
        found = ShelfLaw.of(Draws(0, 0, 20, 10), rng.poisson(mean, 200)).bins_for(0.01)
        hits += found.low <= truth <= found.high
        off.append(found.value - truth)
    assert hits >= 186 and abs(np.mean(off)) < 0.5 + 0.01 * mean**0.5


def test_stores_that_the_past_leaves_open_widen_the_interval():
    """Each group is a store with its own mean; the one store there is may be any of them."""
    rng = np.random.default_rng(2)
    share = 0
    for _ in range(200):
        means = rng.normal(60, 6, 21)
        found = ShelfLaw.of(Draws(0, 0, 20, 20), rng.poisson(np.repeat(means[1:], 20)))
        share += found.overflow(70).low <= poisson.sf(70, means[0]) <= found.overflow(70).high
    assert share >= 186


def test_the_law_is_that_of_the_engine_counted(settings_of):
    shop, rows, draws = days(history(), settings_of().network, groups=20, inner=40)
    made = peaks(simulate(shop, rows, draws, Staff.level(2, 2, OPENS, CLOSES), audit=False))
    law = ShelfLaw.of(draws, made)
    for share in (0.5, 0.2, 0.05, 0.01):
        bins = int(np.quantile(made, 1 - share))
        counted = float((made > bins).mean())
        assert abs(law.overflow(bins).value - counted) < 3 * np.sqrt(counted * (1 - counted) / len(made)) + 0.01
        fewest = int(law.bins_for(share).value)
        assert law.overflow(fewest).value <= share < law.overflow(fewest - 1).value


@pytest.mark.parametrize("least", [1.0, 0.9])
def test_cures_are_those_of_trying_every_one(settings_of, least):
    made, network = history(pickups=60), settings_of().network
    shop, rows, draws = days(made, network, groups=10, inner=4)
    laws = [learn(made, (5 - i) % 7, made.days_of((5 - i) % 7), network) for i in range(3, -1, -1)]
    staff = Staff.level(2, 3, OPENS, CLOSES)
    result = simulate(shop, rows, draws, staff, audit=False)
    bins = int(least * peaks(result).mean())
    orders = float(result.orders.mean())
    found = cures_of(shop, rows, draws, staff, laws, WORK, 3600, orders, bins, 0.01)
    holds = [h for h in range(6, 72, 6) if fits(simulate(replace(shop, hold_s=h * 3600), rows, draws, staff, audit=False), bins, 0.01)]
    assert found.hold_s == (max(holds) * 3600 if holds else None)

    def at(factor):
        return fits(simulate(shop, draw(laws, draws, WORK, shop, 3600, factor), draws, staff, audit=False), bins, 0.01)

    factors = [k / 128 for k in range(1, 129) if at(k / 128)]
    assert found.orders == np.floor(max(factors) * orders)


def test_picked_late_is_ready_at_the_promise(settings_of, monkeypatch):
    shop, rows, draws = days(history(), settings_of().network, groups=4, inner=1)
    kept, plain = {}, module.measure
    monkeypatch.setattr(module, "measure", lambda *args: (kept.setdefault("book", args[2]), plain(*args))[1])
    picked_late(shop, rows, draws)
    due = dict(zip(rows["key"].tolist(), (rows["t"] + rows["promise_s"]).tolist(), strict=True))
    book = kept["book"][(kept["book"]["flow"] == 2) & (kept["book"]["ready_at"] >= 0)]
    late = book["ready_at"] - np.array([due[k] for k in book["key"].tolist()])
    assert len(book) > 100 and (late >= 0).all() and (late == 0).mean() > 0.8  # picked over night: at the opening


@pytest.mark.parametrize(("each", "added"), [(0, None), (3, 4), (12, 1)])
def test_people_come_to_the_counter_until_the_shelf_does(each, added):
    """A shelf of 100 orders from which everybody at the counter takes some: 90 bins."""
    tried = []

    def trial(staff):
        tried.append(int(staff.counter.max()))
        return SimpleNamespace(shelf=np.full((20, 96), 103 - each * min(tried[-1], 8)))

    def one_more(shifts, pool):
        return [shifts[0], [*shifts[1], shifts[1][0]]]

    start = [[make(40, 64, RULES)], [make(40, 64, RULES)]]
    search = SimpleNamespace(hours=(40, 64), days=SimpleNamespace(whole=trial), one_more=one_more)
    first = trial(Staff(people(start[0]), people(start[1])))
    shifts, hopeless = _with_room(search, start, first, replace(OPTIONS, bins=90))
    assert hopeless == (added is None)
    assert len(shifts[1]) == 1 + (added or 0) and (added is None or fits(trial(Staff(people(shifts[0]), people(shifts[1]))), 90, 0.05))


@pytest.mark.slow
def test_the_law_is_within_two_bins_of_a_thousand_days_of_the_sample(settings_of):
    network = settings_of().network
    network = network.model_copy(update={"work": network.work.model_copy(update=sample_work())})
    made = store_history(read_orders(sample_file(), ReadOptions()), None, 36_000, 75_600)
    for weekday in range(7):
        laws = [learn(made, (weekday - i) % 7, made.days_of((weekday - i) % 7), network) for i in range(3, -1, -1)]
        draws, shop = Draws(1, weekday, 20, 50), Shop(made.opens, made.closes, (True,) * 4, 3 * 86_400, 300)
        rows = draw(laws, draws, WorkLaw.of(network), shop, 7200)
        found = peaks(simulate(shop, rows, draws, Staff.level(2, 2, made.opens, made.closes), audit=False))
        assert abs(ShelfLaw.of(draws, found).bins_for(0.01).value - np.quantile(found, 0.99)) <= 2


def test_a_shelf_that_is_too_small_is_said_and_its_cure_cures(settings_of):
    network, made = settings_of().network, history(weeks=6)
    with ThreadPoolExecutor(2) as both:

        def planned(bins):
            return plan_day(made, 5, replace(OPTIONS, bins=bins), 3600, network, both)

        free = planned(0)
        assert free.shelf.kept and free.shelf.overflow is None and free.shelf.cures is None
        need = int(free.shelf.needed.value)
        small, enough = planned(need - 12), planned(need)
    assert enough.all_kept and enough.shelf.overflow.value <= 0.05 and enough.shifts == free.shifts
    assert small.kept and not small.all_kept and small.shelf.whatever_staff
    assert small.shelf.overflow.value > 0.05 and small.shelf.cures.orders < small.orders.value
    assert small.shelf.needed == free.shelf.needed and small.limits.limit.sum() <= free.limits.limit.sum()
