"""The update against the Kalman filter, and laws that it must keep whatever the model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omosim.twin.assimilate import drift, enkf, inflate, step


def normal_members(n: int, mean: np.ndarray, cov: np.ndarray, seed: int = 0) -> np.ndarray:
    """Members whose mean and covariance are exactly these."""
    z = np.random.default_rng(seed).standard_normal((n, mean.size))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(np.cov(z, rowvar=False))).T
    return mean + z @ np.linalg.cholesky(cov).T


def kalman(mean: np.ndarray, cov: np.ndarray, h: np.ndarray, y: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    gain = cov @ h.T @ np.linalg.inv(h @ cov @ h.T + np.diag(r))
    return mean + gain @ (y - h @ mean), (np.eye(mean.size) - gain @ h) @ cov


def test_linear_normal_members_are_moved_as_by_the_kalman_filter() -> None:
    mean, cov = np.array([1.0, -2.0, 0.5]), np.array([[1.0, 0.4, 0.1], [0.4, 2.0, -0.3], [0.1, -0.3, 0.5]])
    h, y, sd = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 2.0]]), np.array([2.0, -1.0]), np.array([0.7, 1.3])
    theta = normal_members(500, mean, cov)
    after = enkf(theta, theta @ h.T, y, sd)
    right_mean, right_cov = kalman(mean, cov, h, y, sd**2)
    np.testing.assert_allclose(after.mean(axis=0), right_mean, rtol=1e-9)
    np.testing.assert_allclose(np.cov(after, rowvar=False), right_cov, rtol=1e-9, atol=1e-12)


def test_twenty_weeks_of_a_drifting_level_follow_the_kalman_filter() -> None:
    rng = np.random.default_rng(3)
    q, r, n = 0.1, 0.5, 20_000
    truth = np.cumsum(q * rng.standard_normal(20))
    seen = truth + r * rng.standard_normal(20)
    theta, m, p = rng.standard_normal((n, 1)), 0.0, 1.0
    for y in seen:
        theta, p = drift(theta, np.array([q]), 1.0, rng.standard_normal((n, 1))), p + q * q
        theta = enkf(theta, theta.copy(), np.array([y]), np.array([r]))
        gain = p / (p + r * r)
        m, p = m + gain * (y - m), (1 - gain) * p
        assert abs(theta.mean() - m) < 1e-2 and abs(theta.var() - p) < 1e-2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_order_of_members_nothing_observed_and_localisation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    theta = rng.standard_normal((30, 3))
    predicted = theta @ rng.standard_normal((3, 4)) + rng.standard_normal((30, 4))
    observed, sd = rng.standard_normal(4), rng.random(4)
    local = (rng.random((3, 4)) < 0.6).astype(float)
    after = enkf(theta, predicted, observed, sd, local)
    order = rng.permutation(30)
    np.testing.assert_allclose(enkf(theta[order], predicted[order], observed, sd, local), after[order], atol=1e-10)
    np.testing.assert_array_equal(enkf(theta, predicted, np.full(4, np.nan), sd, local), theta)
    np.testing.assert_array_equal(enkf(theta, predicted, observed, sd, np.zeros((3, 4))), theta)
    still = ~(local > 0).any(axis=1)
    np.testing.assert_allclose(after[:, still], theta[:, still], atol=1e-12)
    certain = enkf(theta, predicted, observed, np.full(4, 1e9), local)
    np.testing.assert_allclose(certain, theta, atol=1e-6)  # an observation that says nothing moves nothing
    same = step(theta, predicted, np.full(4, np.nan), sd)
    np.testing.assert_array_equal(same.theta, theta)


def test_data_far_from_all_members_are_said_and_gone_to() -> None:
    theta = np.random.default_rng(0).standard_normal((200, 1))
    done = step(theta, theta.copy(), np.array([9.0]), np.array([0.1]))
    assert "more than 4 sds" in done.words and abs(done.theta.mean() - 9) < 0.2


def test_a_collapsed_parameter_is_spread_out_and_named() -> None:
    rng = np.random.default_rng(1)
    theta = np.stack([0.001 * rng.standard_normal(50), rng.standard_normal(50), np.ones(50)], axis=1)
    done = step(theta, theta[:, [1]], np.array([0.0]), np.array([1.0]), names=("pace", "value", "new"), spread=np.array([0.2, 0.5, 0.1]))
    assert done.healed == ("pace", "new") and "pace, new" in done.words
    np.testing.assert_allclose(done.theta[:, 0].std(ddof=1), 0.02, rtol=1e-9)
    assert 0.005 < done.theta[:, 2].std() < 0.02


def test_drift_and_inflation_have_the_stated_spread() -> None:
    rng = np.random.default_rng(2)
    z = rng.standard_normal((100_000, 2))
    walked = drift(np.zeros((100_000, 2)), np.array([0.1, 0.2]), 4.0, z)
    np.testing.assert_allclose(walked.std(axis=0), [0.2, 0.4], rtol=0.02)
    np.testing.assert_allclose(inflate(z, 1.5).std(axis=0), 1.5 * z.std(axis=0))


def test_shapes_and_signs_are_refused() -> None:
    theta = np.zeros((5, 2))
    with pytest.raises(ValueError, match="needed"):
        enkf(theta, np.zeros((4, 1)), np.zeros(1), np.ones(1))
    with pytest.raises(ValueError, match="sd must"):
        enkf(theta, np.zeros((5, 1)), np.zeros(1), -np.ones(1))
