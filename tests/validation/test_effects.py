"""Statistics against closed forms, intervals against tables, verdicts case by case."""

from __future__ import annotations

import math
import random

import pytest

from omosim.validation.effects import (
    CANNOT_TELL,
    HOLDS,
    OUTSIDE,
    WRONG_SIGN,
    Estimate,
    effect,
    estimate,
    judge,
    parts_of,
    slope,
)


def test_closed_forms() -> None:
    assert effect("log_ratio", [[110.0, 100.0]], []) == math.log(1.1)
    assert effect("change", [[110.0, 100.0]], []) == pytest.approx(0.1, abs=1e-15)
    assert effect("difference", [[110.0, 100.0]], []) == 10.0
    assert effect("level", [[0.3]], []) == 0.3
    assert effect("premium", [[260.0], [100.0]], []) == 2.6
    assert effect("slope", [[1.0, 3.0, 5.0]], [0, 1, 2]) == 2.0
    assert effect("log_slope", [[100.0, 100.0 * math.exp(0.03)]], [0, 2]) == pytest.approx(0.015, abs=1e-15)


def test_the_second_group_is_taken_off() -> None:
    both = effect("change", [[130.0, 100.0], [220.0, 200.0]], [])
    assert both == pytest.approx(0.3 - 0.1, abs=1e-15)


def test_slope_is_that_of_least_squares() -> None:
    rng = random.Random(1)
    x = [rng.gauss(0, 1) for _ in range(9)]
    y = [2 + 3 * v + rng.gauss(0, 1) for v in x]
    mx, my = sum(x) / 9, sum(y) / 9
    by_hand = sum((a - mx) * (b - my) for a, b in zip(x, y)) / sum((a - mx) ** 2 for a in x)
    assert slope(y, x) == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize(
    ("statistic", "readings", "x"),
    [
        ("log_ratio", [[None, 100.0]], []),
        ("log_ratio", [[0.0, 100.0]], []),
        ("change", [[10.0, 0.0]], []),
        ("premium", [[10.0], [0.0]], []),
        ("slope", [[1.0, 2.0]], [1, 1]),
        ("log_slope", [[0.0, 2.0]], [0, 1]),
        ("difference", [[1.0, 2.0], [None, 2.0]], []),
    ],
)
def test_what_has_no_value_is_none(statistic: str, readings: list, x: list) -> None:
    assert effect(statistic, readings, x) is None


def test_interval_is_that_of_the_table() -> None:
    found = estimate([1.0, 2.0, 3.0])
    half = 4.302653 / math.sqrt(3)  # t(.975, 2) and a standard deviation of 1
    assert found.value == 2.0 and found.replications == 3
    assert found.ci_low == pytest.approx(2 - half, abs=1e-5) and found.ci_high == pytest.approx(2 + half, abs=1e-5)
    assert estimate([None, 1.0]).ci_low is None and estimate([None, None]).value is None


def test_a_part_of_an_effect_has_the_ratio_of_the_means_and_covers_it() -> None:
    assert parts_of([1.0, 3.0], [10.0, 30.0], 0.0, 0.0) == pytest.approx([0.1, 0.1], abs=1e-15)
    assert parts_of([1.5], [3.0], 1.0, 1.0) == [0.25]
    assert parts_of([1.0, None], [0.0, 5.0], 0.0, 0.0) == [None, None]
    rng, hits = random.Random(7), 0
    for _ in range(400):
        below = [rng.gauss(10, 3) for _ in range(20)]
        top = [0.2 * b + rng.gauss(0, 1) for b in below]
        found = estimate(parts_of(top, below, 0.0, 0.0))
        assert found.value == pytest.approx(sum(top) / sum(below), rel=1e-6)
        hits += found.ci_low <= 0.2 <= found.ci_high
    assert 0.90 <= hits / 400 <= 0.99


BAND = [-0.11, -0.018]


@pytest.mark.parametrize(
    ("value", "low", "high", "band", "sign", "neutral", "verdict"),
    [
        (-0.04, -0.05, -0.03, BAND, None, 0.0, HOLDS),
        (-0.01, -0.015, -0.005, BAND, None, 0.0, OUTSIDE),
        (-0.20, -0.21, -0.19, BAND, None, 0.0, OUTSIDE),
        (0.03, 0.01, 0.05, BAND, None, 0.0, WRONG_SIGN),
        (-0.03, -0.07, 0.01, BAND, None, 0.0, CANNOT_TELL),
        (0.02, 0.01, 0.03, None, "+", 0.0, HOLDS),
        (0.02, -0.01, 0.05, None, "+", 0.0, CANNOT_TELL),
        (-0.02, -0.03, -0.01, None, "+", 0.0, WRONG_SIGN),
        (-0.02, -0.03, -0.01, None, "-", 0.0, HOLDS),
        (0.02, 0.01, 0.03, [-0.05, 0.05], "0", 0.0, HOLDS),
        (0.02, -0.01, 0.05, [-0.05, 0.05], "0", 0.0, HOLDS),
        (0.07, 0.06, 0.08, [-0.05, 0.05], "0", 0.0, OUTSIDE),
        (0.01, -0.09, 0.11, [-0.05, 0.05], "0", 0.0, CANNOT_TELL),  # chance is larger than what is asked
        (0.10, -0.02, 0.22, [None, 0.25], None, 0.0, HOLDS),
        (0.30, 0.22, 0.38, [None, 0.25], None, 0.0, OUTSIDE),
        (2.0, 1.8, 2.2, [1.3, 2.6], None, 1.0, HOLDS),
        (0.8, 0.7, 0.9, [1.3, 2.6], None, 1.0, WRONG_SIGN),
        (1.2, 1.1, 1.3, None, "+", 1.0, HOLDS),
        (0.25, 0.24, 0.26, [0.2, 0.4], None, 0.0, HOLDS),
    ],
)
def test_verdicts(value: float, low: float, high: float, band: list | None, sign: str | None, neutral: float, verdict: str) -> None:
    assert judge(Estimate(value, low, high, 20), band, sign, neutral) == verdict


def test_nothing_is_judged_without_an_interval() -> None:
    assert judge(Estimate(-0.04, None, None, 1), BAND, None, 0.0) == CANNOT_TELL
    assert judge(Estimate(None, None, None, 0), BAND, None, 0.0) == CANNOT_TELL
