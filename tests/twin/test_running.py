"""Many members from one state: processes give the same bits, stretches are one run, parameters move between them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from omosim.study.executor import InlineExecutor, make_executor
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.errors import CalibrationError
from omosim.twin.opening import Opening
from omosim.twin.running import ENTRY, Start, handed_over, run_members, taken
from omosim.world.start import UNDER_WAY

N, LAW = 120, RepeatFit(1, 0.9, 2.0, 0.4, 3.0, 0.0, 1000, True, (0.1, 0.1, 0.1, 0.1))


@pytest.fixture(scope="module")
def starts(settings_of):
    settings = settings_of("strategy=omo", "burn_in_days=0", "days=30", "shoppers=250")
    settings = settings.model_copy(update={"market": settings.market.model_copy(update={"start_date": "2024-03-04"})})
    x = np.random.default_rng(4).poisson(3, N)
    since = np.full((N, len(settings.catalogue.categories)), np.nan)
    waits = np.zeros(2, UNDER_WAY)
    waits["shopper"], waits["node"], waits["units"], waits["price"], waits["left_s"] = [3, 7], [1, -1], 1, 9000, 40_000
    opening = Opening(
        date(2024, 3, 4), LAW, x, np.where(x > 0, 20.0, 0.0), np.full(N, 26.0), np.tile([0.5, 0.5, 0, 0], (N, 1)), np.full(N, 1000), since, np.full(N, 0.3), orders=waits,
        silent=60.0, slow=np.linspace(0.2, 0.6, 8),
    )  # fmt: skip
    own = [replace(opening, pace=pace, goodwill=good) for pace, good in ((1.0, np.full(N, 0.05)), (1.4, np.full(N, np.nan)))]
    return [Start(state, settings.model_copy(update={"replication": i})) for i, state in enumerate(own, 1)]


def equal(a, b):
    assert a.series.keys() == b.series.keys() and np.array_equal(a.goodwill, b.goodwill) and a.units == b.units
    assert all(np.array_equal(a.series[n], b.series[n], equal_nan=True) for n in a.series)


def slower(start):
    """Its settings with a quarter fewer needs."""
    demand = start.settings.market.demand
    market = start.settings.market.model_copy(update={"demand": demand.model_copy(update={"purchase_alpha_weeks": demand.purchase_alpha_weeks / 0.75})})
    return start.settings.model_copy(update={"market": market})


def test_stretches_are_one_run_and_parameters_move_between_them(starts):
    whole = run_members(starts, [[], []], [30])
    parts = run_members(starts, [[s.settings] for s in starts], [4, 26])
    assert whole.series["orders"].shape == (2, 30) and parts.series["pickup_load"].shape == (2, 30, 24)
    equal(whole, parts)
    less = run_members(starts, [[slower(s)] for s in starts], [4, 26])
    assert np.array_equal(less.series["traffic"][:, :4], whole.series["traffic"][:, :4])
    assert less.series["orders"][:, 4:].sum() < 0.95 * whole.series["orders"][:, 4:].sum()


def test_processes_give_the_same_bits_as_one(starts):
    plans = [[s.settings, slower(s)] for s in starts]
    here = run_members(starts, plans, [2, 1, 2])
    equal(here, run_members(starts, plans, [2, 1, 2], InlineExecutor(ENTRY)))
    with make_executor(ENTRY, 2) as pool:
        equal(here, run_members(starts, plans, [2, 1, 2], pool))


def test_a_state_goes_by_file_as_it_is(starts, tmp_path):
    again = [taken(task) for task in handed_over(tmp_path, starts)]
    for one, two in zip(starts, again, strict=True):
        assert two.settings == one.settings and two.opening.law == one.opening.law and two.opening.pace == one.opening.pace
        assert np.array_equal(one.opening.goodwill, two.opening.goodwill, equal_nan=True) and np.array_equal(one.opening.orders, two.opening.orders)
        assert all(np.array_equal(getattr(one.opening, n), getattr(two.opening, n), equal_nan=True) for n in ("x", "t_x", "t_end", "habit", "since", "share"))
        assert (two.opening.silent, two.opening.stock) == (60.0, None) and np.array_equal(two.opening.slow, one.opening.slow)


def test_a_member_that_fails_is_named(starts):
    wrong = replace(starts[1], settings=starts[1].settings.model_copy(update={"shoppers": 60}))  # fewer people than customers
    with pytest.raises(CalibrationError, match=r"member 1 of 2 failed: .*do not fit into 60 shoppers"):
        run_members([starts[0], wrong], [[], []], [1], InlineExecutor(ENTRY))
