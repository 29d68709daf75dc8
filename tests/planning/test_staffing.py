"""The search for staff against every staffing there is, on days small enough to try them all."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest

from omosim.planning.errors import PlanError
from omosim.planning.shifts import ShiftRules, people
from omosim.planning.simulate import Days, Staff, simulate
from omosim.planning.staffing import Search, Targets, offered_load
from tests.planning.make import CLOSES, OPENS, days, history

FIRST, LAST = OPENS // 900, CLOSES // 900
HALF = (FIRST + LAST) // 2


RULES = ShiftRules(12, 24, 0)


def search_on(made, targets, promise_s=3600):
    shop, rows, draws = made
    ample = simulate(shop, rows, draws, Staff.level(40, 40, OPENS, CLOSES))
    return Search(shop, targets, RULES, Days(shop, rows, draws), offered_load(shop, ample, promise_s), ThreadPoolExecutor(2))


@pytest.mark.parametrize(("pickups", "walk_ins"), [(70, 90), (140, 40), (30, 200)])
def test_within_one_person_of_exhaustive_search(settings_of, pickups, walk_ins):
    """Two halves of a day, up to five pickers and counter people in each: every staffing that keeps the targets is found."""
    made = days(history(pickups=pickups, walk_ins=walk_ins), settings_of().network, groups=6, inner=1)
    shop, rows, draws = made
    targets = Targets(0.95, 0.9, (1, 1))
    half = (LAST - FIRST) // 2

    def level(pool, a, b):
        out = np.zeros(96, np.int64)
        out[FIRST:HALF], out[HALF:LAST] = a, b
        return out

    best = {}
    for pool in (0, 1):
        for a, b in sorted(product(range(1, 6), repeat=2), key=sum):
            staff = Staff(level(0, a, b), level(1, 5, 5)) if pool == 0 else Staff(level(0, 5, 5), level(1, a, b))
            if targets.kept(pool, simulate(shop, rows, draws, staff, audit=False)):
                best[pool] = (a + b) * half
                break
    plan = search_on(made, targets).schedule()
    for pool in (0, 1):
        assert people(plan[pool]).sum() <= best[pool] + half, "more than one person for half the day beyond the best"
    done = simulate(shop, rows, draws, Staff(people(plan[0]), people(plan[1])))
    assert targets.all_kept(done)


def test_a_promise_that_nobody_can_keep_is_refused(settings_of):
    made = days(history(), settings_of().network, promise_s=60)
    with pytest.raises(PlanError, match="no number of pickers keeps the promise"):
        search_on(made, Targets(0.95, 0.9, (1, 1)), promise_s=60).schedule()
