"""The burn-in check on series whose warm-up is known."""

from __future__ import annotations

import numpy as np

from omosim.study.selection import mser, mser5
from omosim.study.warm_up import burn_in_words

WEEK = np.array([0.8, 0.8, 0.9, 0.9, 1.1, 1.4, 1.1])


def days(count: int, seed: int, noise: float = 0.03) -> np.ndarray:
    return 1000 * np.tile(WEEK, count // 7) * np.random.default_rng(seed).normal(1, noise, count)


def test_a_rise_behind_the_burn_in_is_told_with_what_to_give() -> None:
    series = days(84, 1, noise=0.0) * np.repeat([1.01, 0.99] * 6, 7)
    series[:28] *= 0.7
    said = burn_in_words(series.tolist(), 0)
    assert said == "The burn-in looks short: net revenue settles after about 28 days (MSER, weekly batches), burn_in_days is 0, and the first 28 measured days lie 30 % below the later ones. Give burn_in_days=28."
    assert "first 14 measured days" in burn_in_words(series.tolist(), 14)
    assert burn_in_words(series.tolist(), 28) == ""


def test_the_week_is_no_warm_up_and_chance_is_not_told() -> None:
    assert sum(bool(burn_in_words(days(84, seed).tolist(), 0)) for seed in range(200)) <= 4
    assert burn_in_words(days(14, 1).tolist(), 0) == "" and burn_in_words([], 0) == "" and burn_in_words([0.0] * 84, 0) == ""


def test_batches_of_any_length() -> None:
    series = days(140, 3)
    series[:35] *= 2
    assert mser(series.tolist(), 7, first_half=True) == 35 and mser(series.tolist(), 5) == mser5(series.tolist())
