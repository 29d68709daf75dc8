"""Shapley values against games whose values are known, and sampled against exact."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omosim.study.shapley import coalitions, effective, exact, interactions, sampled, sampled_orders


def test_an_additive_game_gives_each_its_own_worth() -> None:
    own = np.array([3.0, -1.0, 10.0, 0.0])
    found = exact(4, lambda mask: np.array([own[[i for i in range(4) if mask >> i & 1]].sum()]))
    assert found.values[:, 0] == pytest.approx(own)
    assert interactions(4, lambda mask: np.array([own[[i for i in range(4) if mask >> i & 1]].sum()])) == pytest.approx(0)


def test_the_glove_game() -> None:
    """One left glove (player 0), two right ones: 2/3, 1/6, 1/6."""
    worth = lambda mask: np.array([float(mask & 1 and mask & 6 != 0)])
    assert exact(3, worth).values[:, 0] == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_weighted_majority_of_the_security_council_in_small() -> None:
    """[4; 3, 2, 1]: 0 alone cannot, 0 with either can: 2/3, 1/6, 1/6; [3; 2, 1, 1] the same; unanimity: 1/3 each."""
    for quota, weights, value in ((4, (3, 2, 1), (2 / 3, 1 / 6, 1 / 6)), (4, (2, 1, 1), (1 / 3, 1 / 3, 1 / 3))):
        worth = lambda mask, q=quota, w=weights: np.array([float(sum(w[i] for i in range(3) if mask >> i & 1) >= q)])
        assert exact(3, worth).values[:, 0] == pytest.approx(value)


def test_the_airport_game_splits_each_metre_among_those_who_need_it() -> None:
    need = np.array([1.0, 2.0, 4.0, 7.0])
    worth = lambda mask: np.array([max((need[i] for i in range(4) if mask >> i & 1), default=0.0)])
    steps = np.diff(need, prepend=0.0)
    expected = [sum(steps[k] / (4 - k) for k in range(i + 1)) for i in range(4)]
    assert exact(4, worth).values[:, 0] == pytest.approx(expected)


@given(st.lists(st.floats(-1e6, 1e6), min_size=16, max_size=16))
def test_values_always_add_up(table: list[float]) -> None:
    worth = lambda mask: np.array([table[mask]])
    assert exact(4, worth).residual < 1e-12
    orders = sampled_orders(4, 3, seed=1)
    assert sampled(4, worth, orders).residual < 1e-12


@given(st.lists(st.floats(-100, 100), min_size=8, max_size=8))
def test_all_orders_sampled_are_the_exact_values(table: list[float]) -> None:
    worth = lambda mask: np.array([table[mask]])
    every = list(itertools.permutations(range(3)))
    assert sampled(3, worth, every).values == pytest.approx(exact(3, worth).values, abs=1e-9)


def test_sampling_covers_the_exact_values_as_often_as_it_says() -> None:
    draw = np.random.default_rng(5)
    table = draw.normal(size=1 << 6)
    worth = lambda mask: np.array([table[mask]])
    truth = exact(6, worth).values[:, 0]
    inside = []
    for seed in range(200):
        found = sampled(6, worth, sampled_orders(6, 20, seed))
        inside.append(np.abs(found.values[:, 0] - truth) <= 2.093 * np.sqrt(found.between))  # t, 19 degrees of freedom
    assert 0.92 <= np.mean(inside) <= 0.98


def test_a_pair_that_works_only_together_interacts_by_its_worth() -> None:
    worth = lambda mask: np.array([10.0 * (mask & 3 == 3) + 5.0 * (mask >> 2 & 1)])
    found = interactions(3, worth)[:, :, 0]
    assert found[0, 1] == pytest.approx(10)
    assert found[0, 2] == pytest.approx(0)


def test_who_lacks_what_is_required_does_not_act() -> None:
    needs = [0, 0b001, 0b010]  # 1 needs 0, 2 needs 1
    assert effective(0b110, needs) == 0
    assert effective(0b101, needs) == 0b001
    assert effective(0b111, needs) == 0b111
    assert coalitions(needs) == [0, 0b001, 0b011, 0b111]


def test_a_chain_of_requirements_gives_the_values_of_the_order() -> None:
    """v = 6 for the last of a chain of three: with none acting without those before, all share alike."""
    needs = [0, 0b001, 0b011]
    worth = lambda mask: np.array([6.0 * (effective(mask, needs) == 0b111)])
    assert exact(3, worth).values[:, 0] == pytest.approx([2, 2, 2])
    assert math.isclose(exact(3, worth).total[0], 6.0)
