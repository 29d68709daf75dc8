from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omosim.study.answer import capacity
from omosim.study.directions import direction
from omosim.study.stats import Paired, holm, paired, prob_better, t_quantile, verdicts, wilson


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
    test = stats.ttest_rel(a, b)
    got = paired(a, b, alpha=0.05 / 3)
    low, high = test.confidence_interval(1 - 0.05 / 3)
    assert got.ci_low == pytest.approx(low, rel=1e-6)
    assert got.ci_high == pytest.approx(high, rel=1e-6)
    assert got.p_value == pytest.approx(test.pvalue, rel=1e-7)
    assert got.prob_positive == pytest.approx(1 - test.pvalue / 2 if test.statistic > 0 else test.pvalue / 2, rel=1e-7)


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


def test_holm_decides_at_least_what_bonferroni_does() -> None:
    got = [Paired(9, p_value=p, diff=1.0) for p in (0.012, 0.02, 0.6)]
    assert verdicts(got, 1) == ["better", "better", "cannot_tell"]


def test_wilson_against_published_values() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I: 81/263, 15/148, 0/20, 1/29
    rows = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    for x, n, low, high in rows:
        got = wilson(x, n)
        assert got == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert wilson(0, 0) is None
    with pytest.raises(ValueError, match="not in"):
        wilson(3, 2)


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
    ("omo", "words"), [(0.4, "can carry it"), (0.8, "are tight"), (1.2, "cannot carry it")]
)
def test_the_answer_says_whether_stores_can_carry_it(omo, words):
    rows = [{"kpi": "store_staff_load", "strategy": "omo", "mean": omo, "baseline_mean": 0.25}]
    text = capacity(rows, "o2o")
    assert words in text and f"{100 * omo:.0f} % under omo, 25 % under o2o" in text
    assert capacity([], "o2o") == "" and capacity([{**rows[0], "mean": None}], "o2o") == ""
