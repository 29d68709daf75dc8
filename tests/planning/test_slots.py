"""Slots: pickers' time by hand, totals, and full slots that keep the promise."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from omosim.planning import slots
from omosim.planning.demand import learn, thinned
from omosim.planning.simulate import Shop, Staff, simulate
from tests.planning.make import CLOSES, OPENS, WORK, days, history

SHOP = Shop(OPENS, CLOSES, (True,) * 4, 3 * 86_400, 300)


def test_pickers_time_of_a_slot_is_a_promise_earlier():
    staff = Staff.level(1, 1, OPENS, CLOSES)
    staff.pickers[48:56] = 3  # 12:00-14:00
    begins, ends = slots.slots_of(SHOP, 60)
    time = slots.picker_seconds(SHOP, staff, begins, ends, 2 * 3600)
    assert (begins / 3600).tolist() == [10, 11, 12, 13, 14, 15]
    # 10-12 o'clock belong to 14-16 of the evening before; 12-14 to 10-12; 14-16 to 12-14
    assert (time / 3600).tolist() == [1, 1, 1, 1, 3, 3]
    assert time.sum() == staff.pickers.sum() * 900


@pytest.mark.parametrize("target", [0.9, 0.99])
def test_full_slots_keep_the_target_and_fuller_ones_do_not(settings_of, target):
    network = settings_of().network
    made = history(pickups=60, walk_ins=30)
    shop, rows, draws = days(made, network, groups=8, inner=1)
    pool = learn(made, 5, made.days_of(5), network).pools[0]
    staff = Staff.level(2, 3, OPENS, CLOSES)
    pick_s = float(WORK.pick(pool.units).mean())

    def fill(limit):
        begins, ends = slots.slots_of(shop, 30)
        return simulate(shop, slots.full_rows(shop, rows, draws, limit, begins, ends, 3600, pool, WORK), draws, staff)

    found = slots.largest(shop, staff, 30, 3600, pick_s, fill, lambda r, z: r.ready_on_time >= target, ThreadPoolExecutor(2))
    full = fill(found.limit)
    assert full.ready_on_time >= target and not any(full.laws.values())
    assert int(full.orders.mean()) == found.limit.sum(), "every order of the full slots counts for the day"
    over = slots.largest(shop, staff, 30, 3600, pick_s, lambda limit: fill(limit), lambda r, z: True, ThreadPoolExecutor(2))
    assert fill(over.limit).ready_on_time < target
    assert abs(found.limit.sum() - found.filled * staff.pickers.sum() * 900 / pick_s) <= 0.5 + 1e-9
    assert (found.low <= found.limit).all() and (found.limit <= found.high).all()
    assert np.ptp(found.limit) <= 1, "even staff, even slots"


def test_fewer_replicates_are_the_first_of_each_group(settings_of):
    shop, rows, draws = days(history(), settings_of().network, groups=4, inner=5)
    few, fewer = thinned(rows, draws, 2)
    assert (fewer.groups, fewer.inner) == (4, 2) and set(few["node"]) == set(range(1, 9))
    staff = Staff.level(1, 1, OPENS, CLOSES)
    whole, part = simulate(shop, rows, draws, staff), simulate(shop, few, fewer, staff)
    same = [5 * g + i for g in range(4) for i in range(2)]
    for name in ("orders", "on_time", "soon", "shelf"):
        assert np.array_equal(getattr(whole, name)[same], getattr(part, name)), name
    assert all(np.array_equal(a, b) for a, b in ((thinned(rows, draws, 9)[0], rows), (few["t"], np.sort(few["t"]))))
