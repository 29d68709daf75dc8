"""Shifts: never fewer people than needed, within the rules, at the least cost."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omosim.planning import shifts as sh
from omosim.planning.errors import PlanError

FIRST, LAST = 40, 56
RULES = sh.ShiftRules(8, 16, 2)


def need_of(levels):
    need = np.zeros(96, np.int64)
    need[FIRST:LAST] = np.repeat(levels, (LAST - FIRST) // len(levels))
    return need


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=4, max_size=4))
def test_the_need_is_covered_by_shifts_that_keep_the_rules(levels):
    need = need_of(levels)
    plan = sh.cover(need, FIRST, LAST, RULES)
    assert (sh.people(plan) >= need).all()
    for shift in plan:
        length = shift.end - shift.begin
        assert shift.begin >= FIRST and shift.end <= LAST and RULES.shortest <= length <= RULES.longest
        assert shift.begin < shift.rest < shift.back < shift.end or shift.rest == shift.back == shift.end
        assert shift.back - shift.rest == (length // 16) * RULES.rest
        assert shift.cover().sum() == shift.paid


@pytest.mark.parametrize("levels", [(1, 1, 1, 1), (2, 1, 1, 0), (1, 2, 2, 1), (0, 2, 0, 1)])
def test_no_cheaper_set_of_shifts_covers_the_need(levels):
    """Every multiset of up to four shifts is tried."""
    need = need_of(levels)
    options = sh.candidates(FIRST, LAST, RULES)
    best = min(
        sum(s.paid for s in some)
        for size in range(1, 5)
        for some in combinations_with_replacement(options, size)
        if (sh.people(some)[FIRST:LAST] >= need[FIRST:LAST]).all()
    )
    assert sum(s.paid for s in sh.cover(need, FIRST, LAST, RULES)) == best


def test_what_cannot_be_covered_is_refused():
    need = np.zeros(96, np.int64)
    need[FIRST:LAST] = 1
    with pytest.raises(PlanError, match="allow shorter shifts"):
        sh.cover(need, FIRST, LAST, sh.ShiftRules(16, 16, 16))
