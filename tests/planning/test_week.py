"""The week's rota: every rule kept, and as few people as exhaustive search finds."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omosim.planning.errors import PlanError
from omosim.planning.shifts import Shift
from omosim.planning.week import WeekRules, bounds, staffed

LAW = WeekRules(160, 2, 44)


def shift(begin, end):
    return Shift(begin, end, end, end)


def fewest(work, rules):
    """Every way to give shifts to people, alike people once: the fewest people, by trying them all."""
    best = len(work)

    def place(i, people):
        nonlocal best
        if len(people) >= best and i < len(work):
            return
        if i == len(work):
            best = min(best, len(people))
            return
        for p, mine in enumerate(people):
            if rules.allows([*mine, work[i]]):
                place(i + 1, [*people[:p], [*mine, work[i]], *people[p + 1 :]])
        place(i + 1, [*people, [work[i]]])

    place(0, [])
    return best


def kept(found, work, rules):
    """The rules, written out a second time: from the clock of two weeks, one after the other."""
    assert sorted(one for mine in found.people for one in mine) == sorted(work), "each shift is worked once"
    for mine in found.people:
        assert sum(s.paid for _, s in mine) <= rules.most and len({d for d, _ in mine}) == len(mine) <= 7 - rules.days_off
        clock = sorted((96 * (7 * w + d) + s.begin, 96 * (7 * w + d) + s.end) for w in (0, 1) for d, s in mine)
        assert all(b[0] - a[1] >= rules.rest for a, b in pairwise(clock))


one_shift = st.tuples(st.integers(0, 6), st.sampled_from([shift(28, 60), shift(40, 56), shift(48, 84), shift(60, 92), shift(68, 88)]))


@settings(max_examples=150, deadline=None)
@given(st.lists(one_shift, max_size=9), st.sampled_from([LAW, WeekRules(64, 3, 44), WeekRules(96, 4, 64), WeekRules(160, 0, 96), WeekRules(40, 5, 0)]))
def test_as_few_people_as_exhaustive_search(work, rules):
    found = staffed(work, rules)
    kept(found, work, rules)
    assert found.least.people <= fewest(sorted(work), rules) == len(found.people)
    assert found.gap == 0, "and it is known that fewer cannot do"


def test_each_bound_by_hand():
    full = [(d, shift(40, 72)) for d in range(7)]  # eight hours
    assert bounds(full, LAW).hours == 2 and bounds(full, LAW).days == 2 and bounds(full, LAW).peak == 1
    assert bounds(full * 3, WeekRules(120, 0, 44)).hours == 6 and bounds(full * 3, WeekRules(160, 4, 44)).days == 7
    # an evening until 23:00, mornings from 7:00: eight hours between
    late, early = (2, shift(60, 92)), (3, shift(28, 60))
    assert bounds([late, late, early], LAW).rest == 3 and bounds([late, late, early], WeekRules(160, 2, 32)).rest == 2
    # Sunday evening and Monday morning are neighbours
    assert bounds([(6, shift(60, 92)), (0, shift(28, 60))], LAW).rest == 2
    # five shifts of nine hours are 45: four fit into 40 hours, so days (5) and hours (36.25 / 40) each say too little
    nine = [(d, shift(40, 76)) for d in range(5)] * 4
    least = bounds(nine, LAW)
    assert (least.hours, least.days, least.peak, least.together) == (5, 4, 4, 5)
    mixed = [(d, shift(40, 66)) for d in range(6)] * 2  # 6.5 h: six would fit into the hours, five into the days
    assert bounds(mixed, WeekRules(160, 2, 0)).days == 3 and bounds(mixed, WeekRules(160, 2, 0)).hours == 2
    assert staffed(mixed, LAW).least.why == "days"


@pytest.mark.parametrize("size", [40, 150])
def test_a_large_week_is_near_the_bound_and_even(size):
    rng = np.random.default_rng(size)
    kinds = [shift(40, 58), shift(40, 74), shift(48, 84), shift(60, 84), shift(66, 84)]
    work = [(int(d), kinds[int(k)]) for d, k in zip(rng.integers(0, 7, size), rng.integers(0, 5, size), strict=True)]
    found = staffed(work, LAW)
    kept(found, work, LAW)
    assert found.gap <= 1 and found == staffed(work[::-1], LAW)
    assert np.ptp(found.paid_hours) <= 8


def test_weeks_that_nobody_may_work_are_refused():
    with pytest.raises(PlanError, match="raise max_hours_week or lower days_off"):
        staffed([(0, shift(40, 76))], WeekRules(32, 2, 44))
    assert staffed([], LAW).people == []
