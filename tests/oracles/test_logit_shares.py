"""Choice shares against closed forms, and who moves when an offer is switched off, through the public path."""

import numpy as np
import pytest

from omosim.schema.codes import Count
from tests.journeys.harness import online_policy, play, small_world
from tests.journeys.small import one_category, settings

SHIP, PICKUP, SOCIAL = 0, 2, 6
PRICE = 100_000
FEES = {SHIP: 0.10, PICKUP: 0.16, SOCIAL: 0.05}
TASTE_SOCIAL = -0.08


def degenerate(theta_lower, theta_upper, offers, shoppers=9000):
    """Rows and missions of a market where only fees, one taste and errors decide."""
    free = dict.fromkeys(
        ("taste_sd", "habit_gain", "search_cost", "wait_per_day", "return_post", "return_store", "switch_hassle",
         "vot_per_hour", "taste_web", "taste_store", "taste_live"), 0.0)  # fmt: skip
    s = settings(
        shoppers=shoppers, seed=3,
        catalogue=one_category(skus=3, price=PRICE, price_spread=0.0, misfit=0.0, change_of_mind=0.0, value_mean=0.0,
                               value_sd=0.001, units_mean=1.0, units_cv=0.0, units_shopper_cv=0.0),
        market={
            "choice": {**free, "theta_lower": theta_lower, "theta_upper": theta_upper, "taste_social": TASTE_SOCIAL, "near_stores": 1},
            "demand": {"purchase_r": 20.0, "purchase_alpha_weeks": 20.0, "purchase_share": 0.7},
            "segments": {name: {"digital_taste": 0.0} for name in ("young_mobile", "working", "family")},
            "awareness": {"initial": 1.0}, "goodwill": {"consider_base": 10.0},
        },
        network={"carrier": {"free_from": 0}, "stock": {"record_harmful": 0.0}},
        touchpoints={"rows": {name: {"reach": 1.0} for name in ("retailer_site", "marketplace")}},
    )  # fmt: skip
    policy = online_policy(on=offers, in_app_payment=1)
    for offer, fee in FEES.items():
        policy.offers["fee"][offer] = round(fee * PRICE)
    return play(s, policy, 14, world=small_world(s, policy), learn=False)


def closed_form(theta_lower, theta_upper):
    """Nested logit: nests web {ship, pickup}, social {ship}, and the outside option alone."""
    ratio = theta_lower / theta_upper
    web = np.exp(-np.array([FEES[SHIP], FEES[PICKUP]]) / theta_lower)
    social = np.exp((TASTE_SOCIAL - FEES[SOCIAL]) / theta_upper)
    top = np.array([web.sum() ** ratio, social, 1.0])
    share = top / top.sum()
    return {SHIP: share[0] * web[0] / web.sum(), PICKUP: share[0] * web[1] / web.sum(), SOCIAL: share[1]}


@pytest.mark.parametrize(("lower", "upper"), [(0.1, 0.1), (0.05, 0.12)])
def test_shares_are_those_of_the_nested_logit(lower, upper):
    result = degenerate(lower, upper, (SHIP, PICKUP, SOCIAL))
    missions = int(result.journeys.counts[:, Count.MISSIONS].sum() - result.journeys.counts[:, Count.NOT_CONSIDERED].sum())
    assert missions > 20_000
    for offer, share in closed_form(lower, upper).items():
        seen = float((result.rows["offer"] == offer).sum() / missions)
        assert abs(seen - share) < 4.0 * np.sqrt(share * (1 - share) / missions), (offer, seen, share)


@pytest.mark.parametrize("off", [SHIP, PICKUP, SOCIAL])
def test_an_offer_switched_off_moves_only_its_own_buyers(off):
    every = (SHIP, PICKUP, SOCIAL)
    before = degenerate(0.05, 0.12, every, shoppers=2500).rows
    after = degenerate(0.05, 0.12, tuple(o for o in every if o != off), shoppers=2500).rows
    chosen = dict(zip(after["key"].tolist(), after["offer"].tolist(), strict=True))
    stayed = before[before["offer"] != off]
    assert len(stayed) > 1000
    assert all(chosen[key] == offer for key, offer in zip(stayed["key"].tolist(), stayed["offer"].tolist(), strict=True))
    assert set(chosen) - set(before["key"].tolist()) == set()
    assert len(before) - len(stayed) > 100
