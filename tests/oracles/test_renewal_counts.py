"""Counts of needs in four weeks against closed forms, through the public path of the shopper side."""

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.world.synthesis import synthesise
from tests.journeys.small import FLAT, one_category, settings

SHOPPERS, DAYS = 120_000, 28


def counts_of_needs(stages, r, alpha_weeks, share=1.0, seed=11):
    demand = {**FLAT, "stages": stages, "purchase_r": r, "purchase_alpha_weeks": alpha_weeks, "purchase_share": share}
    s = settings(
        shoppers=SHOPPERS, days=DAYS, seed=seed, catalogue=one_category(skus=2),
        market={"demand": demand, "segments": {k: {"need_multiplier": 1.0} for k in ("young_mobile", "working", "family")}},
    )  # fmt: skip
    world = synthesise(s, seed, 0)
    journeys = Journeys(world, s, seed, 0)
    for day in range(DAYS):
        journeys.begin_day(day)
    assert journeys.counts[:, 0].sum() == (journeys.needs["number"].astype(np.int64)).sum()
    return journeys.needs["number"].astype(np.int64)


def within(sample, value, sd, z=4.0):
    """The mean of a sample lies within z standard errors of a value."""
    assert abs(sample.mean() - value) < z * sd / np.sqrt(sample.size)


def test_two_stages_gamma_rates():
    """m = 2, g ~ Gamma(.8, rate 3.7 a week), 4 weeks: P(0) .507006, mean .864865."""
    n = counts_of_needs(2, 0.8, 3.7)
    within(n == 0, 0.507006, np.sqrt(0.507006 * 0.492994))
    within(n, 0.864865, n.std())


def test_one_stage_is_negative_binomial():
    """m = 1: P(0) = (alpha / (alpha + 4))^r, mean 4 r / alpha, and the purchase share divides the rate."""
    r, alpha = 0.5, 8.5
    n = counts_of_needs(1, r, alpha, share=0.25)
    beta = alpha * 0.25
    zero = (beta / (beta + 4.0)) ** r
    within(n == 0, zero, np.sqrt(zero * (1 - zero)))
    within(n, 4 * r / beta, n.std())
    variance = 4 * r / beta * (1 + 4 / beta)
    assert n.var() == pytest.approx(variance, rel=0.05)


def test_poisson_shoppers():
    """A near-constant rate of .5 a week: Poisson counts of mean 2."""
    n = counts_of_needs(1, 50.0, 100.0)
    r, p = 50.0, 100.0 / 104.0
    for k, probability in enumerate([p**r, r * p**r * (1 - p), r * (r + 1) / 2 * p**r * (1 - p) ** 2]):
        within(n == k, probability, np.sqrt(probability * (1 - probability)))
