"""Members that are copied by weight (experiments/twin_resampling.py): how often each comes, and what is tempered."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import experiment

twin = experiment("twin_resampling")
effective, log_fit, resample, weigh = twin.effective, twin.log_fit, twin.resample, twin.weigh


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=40).filter(lambda w: sum(w) > 0.1), st.floats(0, 0.999))
def test_systematic_draws_copy_each_member_as_often_as_its_weight_says(weights: list[float], u: float) -> None:
    w = np.array(weights) / np.sum(weights)
    index = resample(w, u)
    copies = np.bincount(index, minlength=w.size)
    assert np.all(np.abs(copies - w.size * w) < 1 + 1e-6)
    assert np.all(index[copies > 0] == np.flatnonzero(copies > 0))  # survivors stay in their place


def test_equal_weights_copy_nobody_and_systematic_draws_are_unbiased() -> None:
    for n in (1, 7, 100, 333):
        for u in (0.0, 0.3, 0.999999):
            np.testing.assert_array_equal(resample(np.full(n, 1 / n), u), np.arange(n))
    w = np.array([0.05, 0.5, 0.13, 0.32])
    mean = np.mean([np.bincount(resample(w, (i + 0.5) / 1000), minlength=4) for i in range(1000)], axis=0)
    np.testing.assert_allclose(mean, 4 * w, atol=1e-2)
    assert effective(np.full(8, 1 / 8)) == pytest.approx(8) and effective(np.array([1.0, 0, 0])) == 1


def test_a_fit_that_would_leave_one_member_is_tempered() -> None:
    rng = np.random.default_rng(0)
    theta = rng.standard_normal((200, 1))
    weights, power = weigh(np.full(200, 1 / 200), log_fit(theta, np.array([9.0]), np.array([0.1])))
    assert effective(weights) == pytest.approx(60, rel=0.02) and 0 < power < 0.05
    near, whole = weigh(np.full(200, 1 / 200), log_fit(theta, np.array([0.1]), np.array([5.0])))
    assert whole == 1 and effective(near) > 190


def test_a_share_outside_of_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="u = 1"):
        resample(np.ones(3), 1.0)
