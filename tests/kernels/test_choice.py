"""Explicit errors: exact logit and nested-logit shares, and nobody moved between unchanged alternatives."""

import numpy as np
import pytest
from scipy import stats

from omosim.kernels import choice
from omosim.kernels.jit import JIT_OFF, kernel
from omosim.kernels.philox import uniform, uniform2
from omosim.kernels.purposes import CHOICE, NEST, OUTSIDE

N = 3_000 if JIT_OFF else 200_000
THETA_UPPER = 1.3
NEST_OF = np.array([0, 0, 0, 1, 1])
VALUE = np.array([0.4, 0.0, 0.9, 0.2, 0.6])
OUTSIDE_VALUE = 0.5


@kernel
def choose_all(seed, theta_lower, theta_upper, nest_of, value, outside_value, offered, chosen):
    """Each shopper's choice: an index into `value`, or -1 for the outside option."""
    nests = theta_lower.size
    nest = np.empty(nests)
    utility = np.empty(value.size + 1)
    for i in range(chosen.size):
        for n in range(nests):
            u1, u2 = uniform2(seed, 0, i, 1, NEST, n)
            nest[n] = choice.nest_term(u1, u2, theta_lower[n], theta_upper)
        for j in range(value.size):
            utility[j] = -np.inf
            if offered[j]:
                n = nest_of[j]
                error = theta_lower[n] * choice.gumbel(uniform(seed, 0, i, 1, CHOICE, j)) + nest[n]
                utility[j] = value[j] + error
        u = uniform(seed, 0, i, 1, OUTSIDE, 0)
        utility[value.size] = outside_value + choice.outside_error(u, theta_upper)
        best = np.argmax(utility)
        chosen[i] = -1 if best == value.size else best


@kernel
def errors(seed, theta_lower, theta_upper, out):
    for i in range(out.size):
        u1, u2 = uniform2(seed, 0, i, 1, NEST, 0)
        nest = choice.nest_term(u1, u2, theta_lower, theta_upper)
        out[i] = theta_lower * choice.gumbel(uniform(seed, 0, i, 1, CHOICE, 0)) + nest


def choices(theta_lower, offered=None, seed=11, value=VALUE):
    chosen = np.empty(N, np.int64)
    offered = np.ones(value.size, np.bool_) if offered is None else offered
    choose_all(seed, np.asarray(theta_lower, float), THETA_UPPER, NEST_OF, value, OUTSIDE_VALUE, offered, chosen)
    return chosen


def nested_shares(theta_lower, offered):
    """Closed form: shares of the alternatives, then of the outside option."""
    weight = np.where(offered, np.exp(VALUE / np.asarray(theta_lower)[NEST_OF]), 0.0)
    inside = np.array([weight[n == NEST_OF].sum() for n in range(len(theta_lower))])
    upper = inside ** (np.asarray(theta_lower) / THETA_UPPER)
    total = upper.sum() + np.exp(OUTSIDE_VALUE / THETA_UPPER)
    shares = (upper / total)[NEST_OF] * weight / inside[NEST_OF]
    return np.append(shares, 1.0 - shares.sum())


@pytest.mark.parametrize(
    "theta_lower", [(1.3, 1.3), (0.8, 0.5), (0.15, 1.2), (1.299, 0.05)], ids=["plain", "nested", "wide", "ends"]
)
def test_shares_are_exact(theta_lower):
    offered = np.ones(5, bool)
    got = np.bincount(choices(theta_lower) % 6, minlength=6) / N
    want = nested_shares(theta_lower, offered)
    assert abs(want.sum() - 1) < 1e-12
    assert np.all(np.abs(got - want) < 4 * np.sqrt(want * (1 - want) / N)), (got, want)


def test_equal_scales_give_plain_logit():
    assert choice.nest_term(0.3, 0.7, 1.0, 1.0) == 0.0
    weight = np.exp(np.append(VALUE, OUTSIDE_VALUE) / THETA_UPPER)
    assert np.allclose(nested_shares((1.3, 1.3), np.ones(5, bool)), weight / weight.sum())


@pytest.mark.parametrize("ratio", [0.2, 0.6, 0.95])
def test_error_of_one_alternative_is_gumbel_of_the_upper_scale(ratio):
    out = np.empty(N)
    errors(5, ratio * THETA_UPPER, THETA_UPPER, out)
    assert stats.kstest(out, stats.gumbel_r(scale=THETA_UPPER).cdf).pvalue > 1e-3


@pytest.mark.parametrize("extra", [2, 4])
def test_adding_an_alternative_moves_nobody_between_the_others(extra):
    theta_lower = (0.8, 0.5)
    with_it = choices(theta_lower)
    offered = np.ones(5, np.bool_)
    offered[extra] = False
    without = choices(theta_lower, offered)
    moved = (with_it != without) & (with_it != extra)
    assert moved.sum() == 0
    assert (with_it == extra).sum() > N // 20
    want = nested_shares(theta_lower, offered)
    got = np.bincount(without % 6, minlength=6) / N
    assert np.all(np.abs(got - want) <= 4 * np.sqrt(want * (1 - want) / N))


def test_a_gumbel_per_nest_is_not_nested_logit():
    """The form that looks right and is not: its shares are far outside what the exact form is held to."""
    theta_lower = np.array([0.4, 0.4])
    rng = np.random.default_rng(3)
    draws = 200_000
    nest = (THETA_UPPER - theta_lower) * rng.gumbel(size=(draws, 2))
    utility = np.column_stack([
        VALUE + nest[:, NEST_OF] + theta_lower[NEST_OF] * rng.gumbel(size=(draws, 5)),
        OUTSIDE_VALUE + THETA_UPPER * rng.gumbel(size=draws),
    ])
    got = np.bincount(utility.argmax(1), minlength=6) / draws
    want = nested_shares(theta_lower, np.ones(5, bool))
    assert np.max(np.abs(got - want) / np.sqrt(want * (1 - want) / draws)) > 10
