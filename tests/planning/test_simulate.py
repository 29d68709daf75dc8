"""A planned day: both engines, staff by the quarter hour, the shelf, sums that must agree."""

import numpy as np
import pytest

from omosim.fulfilment.reference import ReferenceFulfilment
from omosim.planning.simulate import Days, Staff, picks_of, simulate
from tests.planning.make import CLOSES, OPENS, days, history


@pytest.fixture(scope="module")
def made(settings_of):
    return days(history(), settings_of().network)


def test_both_engines_give_the_same_day(made):
    shop, rows, draws = made
    staff = Staff.level(1, 1, OPENS, CLOSES)
    staff.counter[48:60] = 2
    a, b = simulate(shop, rows, draws, staff), simulate(shop, rows, draws, staff, ReferenceFulfilment)
    for name in ("orders", "on_time", "served", "waited", "soon", "left", "waits", "lead_s", "shelf", "calls", "work"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert not any(a.laws.values()) and a.laws == b.laws


def test_more_people_never_serve_fewer_in_time(settings_of):
    shop, rows, draws = days(history(pickups=170, walk_ins=150), settings_of().network)
    ready = [simulate(shop, rows, draws, Staff.level(n, 3, OPENS, CLOSES)).ready_on_time for n in (1, 2, 3)]
    soon = [simulate(shop, rows, draws, Staff.level(3, n, OPENS, CLOSES)).soon_share for n in (1, 2, 3)]
    assert ready == sorted(ready) and soon == sorted(soon) and ready[0] < ready[2] and soon[0] < soon[2]


def test_orders_are_ready_when_they_are_whoever_stands_at_the_counter(settings_of):
    shop, rows, draws = days(history(pickups=110, walk_ins=50), settings_of().network)
    whole, picks = (simulate(shop, some, draws, Staff.level(1, 1, OPENS, CLOSES)) for some in (rows, picks_of(rows)))
    assert 0 < whole.on_time.sum() < whole.orders.sum()
    for name in ("orders", "on_time", "lead_s", "lead_rep"):
        assert np.array_equal(getattr(whole, name), getattr(picks, name)), name


def test_with_the_same_pickers_the_counter_alone_shows_the_waits(settings_of):
    shop, rows, draws = days(history(pickups=90, walk_ins=130), settings_of().network)
    tried = Days(shop, rows, draws)
    busy, quiet = Staff.level(1, 1, OPENS, CLOSES), Staff.level(2, 1, OPENS, CLOSES)
    quiet.counter[50:60] = 2
    for staff in (busy, quiet, busy):
        whole, alone = tried.whole(staff), tried.counter(staff)
        assert 0 < whole.soon.sum() < whole.served.sum() and whole.left.sum() > 0
        for name in ("served", "waited", "soon", "left"):
            assert np.array_equal(getattr(whole, name), getattr(alone, name)), name
        assert np.array_equal(np.sort(whole.waits), np.sort(alone.waits))


def test_the_shelf_is_a_count_of_orders_ready_and_not_yet_gone(made):
    """Recounted for one replicate at the ends of quarter hours, order by order."""
    shop, rows, draws = made
    from omosim.planning import simulate as module

    kept = {}
    plain = module.measure

    def spy(*args):
        kept["book"] = args[2]
        return plain(*args)

    module.measure = spy
    try:
        done = simulate(shop, rows, draws, Staff.level(2, 2, OPENS, CLOSES))
    finally:
        module.measure = plain
    start = shop.days_before * 86_400
    book = kept["book"][(kept["book"]["key"] >> 37 == 4) & (kept["book"]["flow"] == 2) & (kept["book"]["ready_at"] >= 0)]
    for quarter in (44, 52, 60, 70):
        begin = start + 900 * quarter
        times = np.unique(np.concatenate([[begin], book["ready_at"], book["done_at"]]))
        times = times[(times >= begin) & (times < begin + 900)]
        gone = np.where(book["done_at"] >= 0, book["done_at"], 2**60)
        most = max(int(((book["ready_at"] <= t) & (gone > t)).sum()) for t in times)
        assert done.shelf[4, quarter] == most


def test_orders_count_for_the_day_between_two_closings(made):
    shop, rows, draws = made
    done = simulate(shop, rows, draws, Staff.level(3, 3, OPENS, CLOSES))
    start = shop.days_before * 86_400
    due = (rows["flow"] == 2) & (rows["t"] >= start - 86_400 + CLOSES) & (rows["t"] < start + CLOSES)
    assert np.array_equal(done.orders, np.bincount(rows["node"][due] - 1, minlength=draws.reps))
