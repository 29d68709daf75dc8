"""Feeds that people follow: their number against its formula, contacts of followers free, and the law of media kept."""

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.model.run import run
from omosim.schema.codes import Count, Entry
from omosim.strategy import build_policy
from omosim.world.synthesis import synthesise

FEED = "touchpoints.rows.social_feed"


def world_of(*words, strategy="o2o"):
    s = compose("run", [f"strategy={strategy}", "shoppers=2000", *words]).settings
    world = synthesise(s, 7, 0)
    world.policy = build_policy(s)
    return world, world.touch_names.index("social_feed")


def test_followers_settle_where_as_many_leave_as_come():
    world, row = world_of(f"{FEED}.follow_per_order=0.3", f"{FEED}.follow_per_week=0.02", f"{FEED}.unfollow_per_week=0.1")
    orders = np.array([50, 40, 6, 1])
    for _ in range(1500):
        world.follow(orders)
    x = 0.3 * 6 / (world.reach[0, row] * 2000) + 0.02 / 7
    gain, lost = 1 - np.exp(-x), 1 - 0.9 ** (1 / 7)
    assert world.followed[row] == pytest.approx(gain / (gain + lost), rel=1e-9)
    assert np.count_nonzero(world.followed) == 1


def test_nobody_follows_a_row_that_is_not_there_and_off_is_off():
    world, _ = world_of()
    before = world.media_cost_per_day()
    world.follow(np.array([50, 40, 6, 1]))
    assert not world.followed.any() and world.media_cost_per_day() == before
    absent, row = world_of(f"{FEED}.follow_per_order=1.0", f"{FEED}.follow_per_week=1.0", strategy="store_only")
    absent.follow(np.array([50, 40, 6, 1]))
    assert absent.followed[row] == 0.0


def test_contacts_of_followers_are_free_and_reach_as_before():
    plain, row = world_of()
    liked, _ = world_of(f"{FEED}.followed=0.25")
    cost = plain.touch_cost * plain.touch_contacts * plain.reach[0] * plain.media_now()[0]
    spared = 0.25 * cost[row] * plain.settings.shoppers / 7
    assert float(plain.media_cost_per_day() - liked.media_cost_per_day()) == pytest.approx(spared, rel=1e-12)
    assert np.array_equal(plain.exposure_rho(), liked.exposure_rho())


def test_a_whole_run_keeps_its_laws_and_shoppers_do_not_feel_who_pays():
    words = ["strategy=o2o", "shoppers=3000", "days=14", "burn_in_days=7", "seed=11"]
    plain = run(compose("run", words).settings)
    liked = run(compose("run", [*words, f"{FEED}.follow_per_order=0.5", f"{FEED}.follow_per_week=0.05"]).settings)
    assert set(liked.laws.values()) == {0} and liked.pnl["media_cost"] < plain.pnl["media_cost"]
    row = liked.model.world.touch_names.index("social_feed")
    social = liked.model.journeys.counts[:, Count.ORDERS_WEB + Entry.SOCIAL].sum()
    assert social > 10 and 1 - np.exp(-0.05 * 2.5) < liked.model.world.followed[row] < 0.6
    assert np.array_equal(plain.book, liked.book)
