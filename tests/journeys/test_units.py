"""Units of an order: whole, at least one, with the mean that the catalogue states."""

import math

import numpy as np
import pytest

from omosim.kernels.journeys_synthesis import mean_units, order_mu


@pytest.mark.parametrize("mean", [1.1, 1.3, 2.0, 7.5, 40.0])
@pytest.mark.parametrize("sigma", [0.25, 0.6, 1.2])
def test_the_mean_is_the_one_stated(mean, sigma):
    mu = order_mu(mean, sigma)
    units = np.maximum(1, np.floor(np.exp(mu + sigma * np.random.default_rng(5).standard_normal(400_000)) + 0.5))
    spread = units.std() / math.sqrt(units.size)
    assert abs(units.mean() - mean) < 4 * spread + 0.01 * mean
    assert mean_units(mu, sigma) == pytest.approx(mean, rel=0.01)


def test_large_orders_are_lognormal():
    assert order_mu(300.0, 0.5) == pytest.approx(math.log(300) - 0.125, rel=1e-12)
