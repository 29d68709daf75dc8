"""Levels of the prototype point (apparel, q .30, a .5125, v - p ~ N(-103 %, 75 %), theta 3.3 %, sigma_d 58 %)."""

import numpy as np
import pytest

from omosim.schema.codes import Count, Flow
from tests.journeys.harness import online_policy, play, small_world
from tests.journeys.small import one_category, settings

PLAIN = {
    "price_spread": 0.0, "units_mean": 1.0, "units_cv": 0.0, "units_shopper_cv": 0.0, "skus": 20, "price": 48_000,
    "misfit": 0.30, "change_of_mind": 0.05, "value_mean": -1.03, "value_sd": 0.75,
}
CHOICE = {
    "theta_upper": 0.033, "theta_lower": 0.033, "taste_web": 0.0, "taste_store": 0.0, "taste_social": -0.35, "taste_live": -0.4,
    "taste_sd": 0.58, "search_cost": 0.01, "wait_per_day": 0.0024, "return_post": 0.16, "return_store": 0.05, "switch_hassle": 0.04,
    "vot_per_hour": 6000.0, "visit_minutes": 22.0, "go_on": 0.5, "stock_check_share": 0.51, "belief_start": 0.85, "near_stores": 3,
    "habit_gain": 0.0,
}
DEMAND = {"purchase_r": 0.5, "purchase_alpha_weeks": 8.5, "purchase_share": 0.18}
Q, A, CHI = 0.30, 0.5125, 0.05


def run(times_price=1.0, shoppers=30_000, category=None, **policy):
    s = settings(shoppers=shoppers, catalogue=one_category(**{**PLAIN, **(category or {})}),
                 market={"choice": CHOICE, "demand": DEMAND, "awareness": {"initial": 0.9}, "fit": {"touch_spread": 0.0, "known": 0.0, "keep": 0.0}})  # fmt: skip
    p = online_policy(**{"on": (0, 3, 4), "stock_shown": 1, **policy})
    p.offers["fee"][0] = round(0.035 * next(iter(s.catalogue.categories.values())).price)
    world = small_world(s, p)
    world.price_factor[...] = times_price
    world.update_prices()
    return play(s, p, 28, world=world, learn=False)


@pytest.fixture(scope="module")
def base():
    return run()


def test_levels_come_out_together(base):
    seen = base.levels
    print({k: round(v, 4) for k, v in seen.items()})
    hidden = Q * (1 - A) / (1 - Q * A)
    assert seen["return_online"] == pytest.approx(hidden + (1 - hidden) * CHI, abs=0.04)
    assert seen["return_store"] == pytest.approx(CHI, abs=0.02)
    assert 0.2 < seen["store_conversion"] < 0.4
    assert 0.015 < seen["web_per_mission"] < 0.12


def test_own_price_elasticity():
    up, down = run(1.02).levels["units"], run(0.98).levels["units"]
    elasticity = np.log(up / down) / np.log(1.02 / 0.98)
    print("elasticity", round(float(elasticity), 2))
    assert -3.3 < elasticity < -1.8


def test_better_information_sells_more_and_returns_less(base):
    better = run(accuracy_web=0.75)
    assert better.levels["return_online"] < base.levels["return_online"] - 0.03
    online = [int((r.rows["flow"] != Flow.VISIT).sum()) for r in (base, better)]
    assert online[1] > online[0]


def test_a_free_parcel_sells_more_on_line(base):
    dear = run(on=(3, 4))
    assert (dear.rows["flow"] != Flow.VISIT).sum() == 0
    assert (base.rows["flow"] == Flow.VISIT).sum() < (dear.rows["flow"] == Flow.VISIT).sum()


def test_personalisation_changes_the_item_and_lifts_its_value(base):
    s = settings(shoppers=20_000, catalogue=one_category(**PLAIN), market={"choice": CHOICE, "demand": DEMAND, "identity": {"consent": 1.0, "login": 1.0},
                 "personalisation": {"rho_inf": 0.9, "n_half": 0.1}, "awareness": {"initial": 0.9}})  # fmt: skip
    rows = {}
    for shown in (1, 6):
        p = online_policy(on=(0, 4), link_latency_s=0, shown_items=shown)
        result = play(s, p, 28, world=small_world(s, p), learn=False)
        rows[shown] = result
    purchases = [int(rows[k].journeys.counts[:, Count.PURCHASES].sum()) for k in (1, 6)]
    assert purchases[1] > 1.3 * purchases[0]
    assert rows[1].journeys.counts[:, Count.NEEDS].sum() == rows[6].journeys.counts[:, Count.NEEDS].sum()


def test_units_follow_their_law():
    result = run(category={"units_mean": 8.0, "units_cv": 0.5, "units_shopper_cv": 0.4}, on=(0,))
    units = result.rows["units"]
    assert units.min() >= 1 and len(units) > 400
    assert 6.5 < units.mean() < 10.5  # those who buy more gain more from buying
    assert 0.4 < units.std() / units.mean() < 0.9
