"""What past orders still bring back, against a simulated log of orders and returns."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.twin.laws import BackLaw
from omosim.twin.returning import still_to_come

LAW = BackLaw(0.2, 0.2, 0.2, 8.0, 0.7, 1e12)


def test_goods_that_come_back_after_today_are_those_of_a_simulated_log() -> None:
    rng = np.random.default_rng(0)
    n = 400_000
    placed, value = -rng.uniform(0, 120, n), rng.lognormal(8, 1, n)
    back = placed + np.exp(np.log(8.0) + 0.7 * rng.standard_normal(n))
    goes = rng.random(n) < 0.2
    came = np.bincount(np.floor(back[goes & (back >= 0) & (back < 28)]).astype(int), value[goes & (back >= 0) & (back < 28)], 28)
    told = still_to_come(value, -placed, LAW, 28)
    assert told[:14] == pytest.approx(came[:14], rel=0.25) and told.sum() == pytest.approx(came.sum(), rel=0.03)
    assert told[0] > 5 * told[20] > 0  # fewer and fewer, for nothing new is ordered


def test_an_order_of_this_moment_brings_back_its_whole_share_in_the_end() -> None:
    assert still_to_come(np.array([1000.0]), np.array([0.0]), LAW, 400).sum() == pytest.approx(200, rel=1e-6)
    assert still_to_come(np.array([1000.0]), np.array([500.0]), LAW, 28).sum() == 0
    assert not still_to_come(np.zeros(0), np.zeros(0), LAW, 5).any()
