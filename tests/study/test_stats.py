from __future__ import annotations

import math
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from omosim.results.words import interval
from omosim.study.answer import carrying, staff_loads
from omosim.study.directions import direction
from omosim.study.stats import (
    Paired,
    from_hall,
    holm,
    paired,
    prob_better,
    t_quantile,
    third_moment,
    to_hall,
    verdicts,
)


def test_t_quantiles_of_the_printed_table() -> None:
    table = [(0.975, 1, 12.706), (0.975, 9, 2.262), (0.975, 29, 2.045), (0.995, 9, 3.250), (0.95, 4, 2.132)]
    for p, df, value in table:
        assert t_quantile(p, df) == pytest.approx(value, abs=6e-4)


def test_interval_by_hand() -> None:
    # differences 2, 3, 4: mean 3, sd 1, error 1/sqrt(3), t(.975; 2) = 4.302653
    got = paired([3.0, 4.0, 6.0], [1.0, 1.0, 2.0])
    assert got.diff == 3
    assert got.half_width == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert (got.ci_low, got.ci_high) == (pytest.approx(3 - got.half_width), pytest.approx(3 + got.half_width))
    assert got.variance_reduction == pytest.approx((7 / 3 + 1 / 3) / 1)
    assert (got.mean, got.baseline_mean) == (pytest.approx(13 / 3), pytest.approx(4 / 3))


def test_agrees_with_scipy() -> None:
    from scipy import stats

    rng = random.Random(3)
    a = [rng.gauss(5, 2) for _ in range(23)]
    b = [rng.gauss(4, 1) for _ in range(23)]
    a += [8.0 - x for x in a]  # differences that lie evenly about their mean: Hall's interval is Student's
    b += [8.0 - x for x in b]
    a = [x + 0.3 for x in a]
    test = stats.ttest_rel(a, b)
    got = paired(a, b, alpha=0.05 / 3)
    low, high = test.confidence_interval(1 - 0.05 / 3)
    assert got.ci_low == pytest.approx(low, rel=1e-6)
    assert got.ci_high == pytest.approx(high, rel=1e-6)
    assert got.p_value == pytest.approx(test.pvalue, rel=1e-7)
    assert got.prob_positive == pytest.approx(1 - test.pvalue / 2 if test.statistic > 0 else test.pvalue / 2, rel=1e-7)


def test_halls_transform_and_its_inverse() -> None:
    for tail in (-0.6, -0.05, 1e-10, 0.2, 0.9):
        for t in (-4.0, -1.0, 0.0, 0.7, 3.3):
            assert from_hall(to_hall(t, tail), tail) == pytest.approx(t, abs=1e-6)
    # by hand: skewness 1.2 of 36 values, tail .2: 2 + .2 * 4 / 3 + .04 * 8 / 27 + .2 / 6
    assert to_hall(2.0, 0.2) == pytest.approx(2 + 0.8 / 3 + 0.32 / 27 + 0.2 / 6)
    assert third_moment([1.0, 1.0, 1.0, 1.0, 6.0], 2.0, 5.0) == pytest.approx(1.5)  # (64 - 4) / 5 over 4 ** 1.5
    assert third_moment([1.0, 1.0, 7.0], 3.0, 12.0) == 0.0


@example([0.0, 0.0, 4.152259709627225e-162], 0.05)
@given(st.lists(st.floats(-100, 100), min_size=3, max_size=25), st.sampled_from([0.05, 0.05 / 3]))
def test_a_difference_is_sure_exactly_when_the_interval_leaves_out_nothing(values: list[float], alpha: float) -> None:
    got = paired(values, [0.0] * len(values), alpha=alpha)
    assert got.ci_low is not None and got.ci_high is not None and got.p_value is not None
    if min(abs(got.ci_low), abs(got.ci_high)) > 1e-6 and abs(got.p_value - alpha) > 1e-6:
        assert (got.p_value < alpha) == (not got.ci_low <= 0 <= got.ci_high)


def test_skew_differences_reach_further_on_the_side_of_their_tail() -> None:
    got = paired([0.0] * 9 + [5.0, 1.0, 2.0], [0.0] * 12)
    assert got.diff is not None and got.ci_low is not None and got.ci_high is not None and got.half_width is not None
    assert got.ci_high - got.diff > 1.2 * (got.diff - got.ci_low)
    assert got.half_width == pytest.approx((got.ci_high - got.ci_low) / 2)


def test_undefined_is_none_with_a_reason() -> None:
    empty = paired([None, 1.0], [1.0, None])
    assert (empty.diff, empty.ci_low, empty.prob_positive) == (None, None, None) and "undefined" in empty.reason
    one = paired([2.0], [1.0])
    assert one.diff == 1 and one.ci_low is None and "no interval" in one.reason
    part = paired([2.0, None, 3.0, 5.0], [1.0, 2.0, 1.0, 1.0])
    assert part.pairs == 3 and "1 of 4" in part.reason


def test_no_difference_at_all_cannot_tell() -> None:
    same = paired([0.3, 0.7, 0.9], [0.3, 0.7, 0.9])
    assert (same.diff, same.ci_low, same.ci_high, same.prob_positive) == (0, 0, 0, 0.5)
    assert same.variance_reduction is None and same.reason
    assert verdicts([same], 1) == ["cannot_tell"]


def test_a_constant_difference_is_certain_even_with_rounding_noise() -> None:
    got = paired([0.4, 0.5, 0.6], [0.3, 0.4, 0.5])
    assert got.ci_low == got.ci_high == 0.1 and got.prob_positive == 1
    assert verdicts([got], 1) == ["better"] and verdicts([got], -1) == ["worse"]
    assert prob_better(got, -1) == 0


def test_holm_by_hand() -> None:
    # Holm (1979): .01 <= .05/4, .013 <= .05/3, .02 <= .05/2, .05 <= .05/1: all; one larger p stops what follows
    assert holm([0.013, 0.05, 0.01, 0.02]) == [True, True, True, True]
    assert holm([0.013, 0.05, 0.01, 0.03]) == [True, False, True, False]
    assert holm([0.02, None, 0.03]) == [True, False, True]
    assert holm([None]) == [False]


def test_a_verdict_wants_holms_test_and_an_interval_that_leaves_out_0() -> None:
    # Holm rejects the first two (.012 <= .05/3, .02 <= .05/2); the second one's interval, Bonferroni over three, holds 0
    got = [Paired(9, p_value=p, diff=1.0, ci_low=low, ci_high=2.0) for p, low in ((0.012, 0.1), (0.02, -0.1), (0.6, -3.0))]
    assert holm([r.p_value for r in got]) == [True, True, False]
    assert verdicts(got, 1) == ["better", "cannot_tell", "cannot_tell"]
    assert verdicts([Paired(9, p_value=0.001, diff=1.0)], 1) == ["cannot_tell"]  # no interval, no verdict


@given(st.lists(st.lists(st.floats(-1, 3), min_size=3, max_size=12), min_size=1, max_size=4), st.sampled_from(["share", "minor KRW", "min", "minor GBP"]), st.sampled_from([1, -1]))
def test_a_verdict_agrees_with_its_interval_as_printed(arms: list[list[float]], unit: str, way: int) -> None:
    found = [paired(arm, [0.0] * len(arm), alpha=0.05 / len(arms)) for arm in arms]
    for result, verdict in zip(found, verdicts(found, way), strict=True):
        assert result.ci_low is not None and result.ci_high is not None
        if max(abs(result.ci_low), abs(result.ci_high)) < 1e-9:
            continue
        low, high = (float(end.replace(",", "")) for end in interval(result.ci_low, result.ci_high, unit).removesuffix(" pp").split(" to "))
        if verdict == "cannot_tell" and not low <= 0 <= high:
            edge = 0.05 / len(arms)  # interval and test are computed apart and may differ in the ninth digit
            assert result.p_value is not None and abs(result.p_value - edge) < 1e-6
        elif verdict != "cannot_tell":
            assert low > 0 if (verdict == "better") == (way > 0) else high < 0


values = st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=2, max_size=30)


@given(values)
def test_order_of_pairs_never_matters_and_nothing_is_nan(pairs: list[tuple[float, float]]) -> None:
    a, b = [p[0] for p in pairs], [p[1] for p in pairs]
    one, two = paired(a, b), paired(a[::-1], b[::-1])
    assert one == two
    for value in vars(one).values():
        assert not (isinstance(value, float) and math.isnan(value))
    assert one.ci_low is not None and one.diff is not None and one.ci_high is not None
    assert one.ci_low <= one.diff <= one.ci_high


def test_directions() -> None:
    assert [direction(k) for k in ("operating_profit", "revenue_live", "pickup_ready_on_time")] == [1, 1, 1]
    less = ("labour_cost", "return_rate_online", "pickup_wait_p90_min", "courier_cost")
    assert [direction(k) for k in less] == [-1] * 4


@pytest.mark.parametrize(
    ("omo", "words"), [(0.4, "can carry it with the people planned: at"), (0.8, "are tight: queues grow"), (1.2, "cannot carry omo with the people planned, for want of people")]
)
def test_the_answer_says_whether_stores_can_carry_it(omo, words):
    rows = [{"kpi": "store_staff_load", "strategy": "omo", "mean": omo, "baseline_mean": 0.25}]
    found = carrying(staff_loads(rows, "o2o"), {})
    assert words in found.text and f"{100 * omo:.0f} % under omo, 25 % under o2o of their paid time." in found.text
    assert found.short == (omo > 1)
    assert not staff_loads([], "o2o") and not staff_loads([{**rows[0], "mean": None}], "o2o")
    assert carrying({}, {}).text == "" and not carrying({}, {}).short


STAFF = {"omo": 0.4, "o2o": 0.25}


def test_one_verdict_on_people_and_places():
    loads = {"shelf_load": {"o2o": 0.2, "omo": 1.34}, "bay_load": {"omo": 0.8}, "room_load": {"o2o": 0.3, "omo": 0.3}, "aov": {"omo": 9.0}}
    short = carrying(STAFF, loads)
    assert short.short and short.text.startswith("Stores cannot carry omo with the people and places planned, for want of bins of the pickup shelf: at the")
    assert "bins of the pickup shelf 20 % under o2o, 134 % under omo; curbside bays 80 % under omo; fitting rooms 30 %" in short.text
    assert "can carry" not in short.text and "aov" not in short.text and "40 % under omo, 25 % under o2o of their paid time" in short.text
    tight = carrying(STAFF, {name: of for name, of in loads.items() if name != "shelf_load"})
    assert tight.text.startswith("Stores are tight in curbside bays: many find them full") and not tight.short
    enough = carrying(STAFF, {"room_load": loads["room_load"]})
    assert enough.text.startswith("Stores can carry it with the people and places planned: at") and not enough.short
    several = carrying({"omo": 1.5, "o2o": 1.1}, {**loads, "slot_load": {"a": 1.2}})
    assert "cannot carry omo, o2o and a with the people and places planned, for want of people, bins of the pickup shelf and pickup slots:" in several.text
    assert carrying({}, {"bay_load": {"omo": 1.2}}).text.startswith("Stores cannot carry omo with the places planned, for want of curbside bays")
