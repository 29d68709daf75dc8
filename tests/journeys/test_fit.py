"""Touch: who needs it, what visits teach, what is kept; each against a closed form, and off equals absent."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.kernels.journeys_fit import known_share, learn_fit, own_accuracy, return_cost, unseen_by
from omosim.kernels.journeys_rows import item_after_information
from omosim.kernels.journeys_types import CASE
from omosim.schema.codes import Count, Entry, Flow
from omosim.schema.columns import DAY, WEEK
from omosim.schema.settings import Fit
from tests.journeys.harness import online_policy, play, small_world
from tests.journeys.small import settings

MONTH = 28 * DAY
OFF = {"touch_spread": 0.0, "touch_taste": 0.0, "known": 0.0, "keep": 0.0}


def levels_of(**fit: float) -> np.void:
    given = settings(shoppers=10, market={"fit": {**OFF, **fit}})
    world = small_world(given, online_policy())
    return Journeys(world, given, world.key0, world.key1).scene.levels[0]


# ---- what visits teach ----------------------------------------------------------------------------------------
def test_what_a_visit_taught_fades_and_the_last_one_counts() -> None:
    levels, known = levels_of(known=0.4, memory_weeks=50.0), np.zeros(3, np.uint8)
    assert known_share(levels, known, 1, 5 * MONTH) == 0.0
    learn_fit(levels, known, 1, 2 * MONTH + DAY)
    assert known.tolist() == [0, 3, 0]
    assert known_share(levels, known, 1, 2 * MONTH) == pytest.approx(0.4)
    assert known_share(levels, known, 1, 2 * MONTH + 25 * WEEK) == pytest.approx(0.4 * np.exp(-0.5))
    learn_fit(levels, known, 1, MONTH)
    assert known[1] == 3
    learn_fit(levels, known, 0, 40 * 365 * DAY)
    assert known[0] == 255


def test_only_visitors_learn_and_only_of_the_category_they_came_for() -> None:
    given = settings(shoppers=800, market={"fit": {**OFF, "known": 0.5}})
    seen = play(given, online_policy(), 14)
    visits = seen.rows[seen.rows["flow"] == Flow.VISIT]
    table = seen.journeys.scene.fits.reshape(800, -1)
    assert len(visits) > 50
    assert {(int(i), int(c)) for i, c in zip(*np.nonzero(table), strict=True)} == set(
        zip(visits["shopper"].tolist(), visits["category"].tolist(), strict=True)
    )


def test_who_knows_the_size_gets_fewer_misfits_and_gives_up_less() -> None:
    given = {**OFF, "memory_weeks": 1e3}
    none = play(settings(shoppers=2500, market={"fit": given}), online_policy(on=(0,)), 28, learn=False)
    some = settings(shoppers=2500, market={"fit": {**given, "known": 0.5}})
    world = small_world(some, online_policy(on=(0,)))
    journeys = Journeys(world, some, world.key0, world.key1)
    assert journeys.scene.fits.size == 2500 * len(some.catalogue.categories)
    journeys.scene.fits[...] = 1
    rows = []
    for day in range(28):
        journeys.begin_day(day)
        rows.append(journeys.advance((day + 1) * DAY).copy())
    mine = np.concatenate(rows)
    q = np.mean([0.27, 0.29, 0.3, 0.28, 0.27])
    hidden = [x * 0.4875 / (1 - x * 0.5125) for x in (q, q / 2)]
    assert len(mine) > 1.05 * len(none.rows)
    assert mine["misfit"].mean() / none.rows["misfit"].mean() == pytest.approx(hidden[1] / hidden[0], rel=0.25)
    assert journeys.counts[:, Count.BAD_SIGN].sum() / len(mine) < 0.65 * none.journeys.counts[
        :, Count.BAD_SIGN
    ].sum() / len(none.rows)


# ---- need for touch -------------------------------------------------------------------------------------------
def test_need_for_touch_spreads_what_information_leaves_hidden_and_keeps_its_mean() -> None:
    levels = levels_of(touch_spread=0.8)
    factor = np.array([unseen_by(levels, i) for i in range(8000)])
    assert 0.2 <= factor.min() < 0.21 and 1.79 < factor.max() <= 1.8
    assert abs(factor.mean() - 1.0) < 4 * 0.8 / np.sqrt(3 * 8000)
    hidden = 1 - np.array([own_accuracy(0.6, f) for f in factor])
    assert hidden.mean() == pytest.approx(0.4 * factor.mean(), rel=1e-9)
    assert own_accuracy(0.6, 1.5) == pytest.approx(0.4) and own_accuracy(0.3, 1.8) == 0.0


def test_need_for_touch_goes_with_the_taste_for_stores_as_far_as_it_is_told_to() -> None:
    given = settings(shoppers=4000, market={"fit": {**OFF, "touch_spread": 1.0, "touch_taste": 0.5}})
    world = small_world(given, online_policy())
    journeys = Journeys(world, given, world.key0, world.key1)
    factor = np.array([unseen_by(journeys.scene.levels[0], i) for i in range(4000)])
    ranks = [np.argsort(np.argsort(x)) for x in (factor, journeys.shoppers["taste"][:, Entry.STORE])]
    assert np.corrcoef(*ranks)[0, 1] == pytest.approx(0.5, abs=0.05)
    assert abs(factor.mean() - 1.0) < 4 / np.sqrt(3 * 4000)


def test_who_needs_touch_gets_more_back_from_the_web_and_goes_to_stores_instead() -> None:
    given = settings(shoppers=6000, market={"fit": {**OFF, "touch_spread": 1.0}, "choice": {"taste_sd": 0.1}})
    got = play(given, online_policy(), 28, learn=False)
    factor = np.array([unseen_by(got.journeys.scene.levels[0], i) for i in range(6000)])[got.rows["shopper"]]
    visit = got.rows["flow"] == Flow.VISIT
    assert factor[visit].mean() > factor[~visit].mean() + 0.03
    back = got.rows["misfit"] == 1
    assert factor[back & ~visit].mean() > factor[~back & ~visit].mean() + 0.1


# ---- what is kept ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("keep", "paid", "hassle"),
    [(80.0, 100.0, 16.0), (100.0, 100.0, 16.0), (90.0, 70.0, 30.0), (50.0, 20.0, 40.0), (60.0, 100.0, 0.0)],
)
def test_the_expected_loss_by_goods_that_do_not_please(keep: float, paid: float, hassle: float) -> None:
    worth = (np.arange(200_000) + 0.5) / 200_000 * keep
    loss = np.where(worth < paid - hassle, hassle, np.maximum(paid - worth, 0.0))
    assert return_cost(keep, paid, hassle) == pytest.approx(loss.mean(), rel=1e-6, abs=1e-9)


def test_fewer_goods_go_back_the_more_hassle_it_is() -> None:
    def back(**choice: float) -> tuple[float, float]:
        free = {"return_post": 0.0, **choice}
        all_back = play(settings(shoppers=3000, market={"choice": free, "fit": OFF}), online_policy(), 28, learn=False)
        some = play(
            settings(shoppers=3000, market={"choice": free, "fit": {**OFF, "keep": 1.0}}), online_policy(), 28, learn=False
        )
        return all_back.levels["return_online"], some.levels["return_online"]

    free, dear = back(), back(return_post=0.3)
    assert free[1] == pytest.approx(free[0], abs=0.02)
    assert 0.55 < dear[1] / dear[0] < 0.85


# ---- off ------------------------------------------------------------------------------------------------------
def test_off_equals_absent() -> None:
    off = settings(shoppers=600, market={"fit": {**OFF, "memory_weeks": 3.0}, "goodwill": {"consider_aware": 0.0}})
    market = off.market.model_copy(update={"fit": Fit()})
    plain, same = play(off.model_copy(update={"market": market}), online_policy(), 21), play(off, online_policy(), 21)
    assert plain.rows.tobytes() == same.rows.tobytes() and same.journeys.scene.fits.size == 1


def test_what_is_seen_around_brings_us_to_mind() -> None:
    considered = []
    for slope in (0.0, 2.0):
        given = settings(shoppers=4000, market={"fit": OFF, "goodwill": {"consider_aware": slope}})
        world = small_world(given, online_policy())
        journeys = Journeys(world, given, world.key0, world.key1)
        journeys.shoppers["flags"] |= 16
        journeys.awareness[...] = given.market.awareness.initial + 0.3
        journeys.begin_day(0)
        journeys.advance(DAY)
        count = journeys.counts[0]
        considered.append(1 - count[Count.NOT_CONSIDERED] / count[Count.MISSIONS])
        n, base = int(count[Count.MISSIONS]), given.market.goodwill.consider_base
        around = float(journeys.awareness.mean()) - given.market.awareness.initial
        want = 1 / (1 + np.exp(-base - slope * around))
        assert abs(considered[-1] - want) < 4 * np.sqrt(want * (1 - want) / n)
    assert considered[1] > considered[0]


def test_a_further_shopper_changes_nobody_else() -> None:
    fit = {"touch_spread": 1.0, "known": 0.4, "keep": 1.0}
    few = play(settings(shoppers=500, market={"fit": fit}), online_policy(), 14)
    more = play(settings(shoppers=501, market={"fit": fit}), online_policy(), 14)
    assert few.rows.tobytes() == more.rows[more.rows["shopper"] < 500].tobytes()


def test_a_tool_that_says_which_size_fits_lowers_misfits_on_the_web_alone() -> None:
    levels, case = levels_of(), np.zeros(1, CASE)[0]
    levels["suggested"] = 0.5
    case["unseen"], case["misfit"] = 1.0, 0.3
    bad = {Entry.WEB: 0, Entry.SOCIAL: 0}
    for entry in bad:
        for shopper in range(6000):
            case["shopper"], case["sku"] = shopper, 1
            found = item_after_information(levels, case, -1, int(entry), True)
            bad[entry] += found[1] if found[0] >= 0 else 1
    assert bad[Entry.WEB] / 6000 == pytest.approx(0.15, abs=0.02) and bad[Entry.SOCIAL] / 6000 == pytest.approx(
        0.3, abs=0.025
    )
