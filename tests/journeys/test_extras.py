"""Further purchases of items of their own: who makes them, of what, at which price, and that they move nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.schema.codes import Entry, Flow, Outcome
from omosim.schema.columns import HOUR, OUTCOME

from .harness import online_policy, play, small_world
from .small import settings

EXTRA = ("extra_units", "extra_sku", "extra_price")


def rows_at(rate: float, **more):
    s = settings(market={"choice": {"extra_purchase_visit": rate}}, shoppers=8000, **more)
    p = online_policy(on=[0, 2, 3, 4, 5])
    p.offers["promise_s"][2] = 2 * HOUR
    world = small_world(s, p)
    return world, play(s, p, 14, world=world, learn=False).rows


@pytest.fixture(scope="module")
def off():
    return rows_at(0.0)[1]


@pytest.fixture(scope="module")
def on():
    return rows_at(0.3)


def test_off_nobody_has_one_and_on_nothing_else_moves(off, on):
    _, rows = on
    assert (off["extra_sku"] == -1).all() and not off["extra_price"].any() and not off["extra_units"][off["flow"] != Flow.PICKUP].any()
    same = [name for name in rows.dtype.names if name not in EXTRA]
    assert all(np.array_equal(rows[name], off[name]) for name in same)
    had = off["extra_units"] > 0
    assert had.sum() > 5 and (rows["extra_sku"][had] == -1).all(), "who buys more of the own item buys nothing else"


def test_as_many_as_the_rate_says_at_visits_and_pickups(on):
    _, rows = on
    for flow in (Flow.VISIT, Flow.PICKUP):
        mine = rows[(rows["flow"] == flow) & ((rows["extra_units"] == 0) | (rows["extra_sku"] >= 0))]
        share, n = float((mine["extra_units"] > 0).mean()), len(mine)
        assert n > 80 and abs(share - 0.3) < 4 * np.sqrt(0.21 / n), (flow, share)
    parcels = rows[rows["flow"] < Flow.PICKUP]
    assert len(parcels) > 100 and not parcels["extra_units"].any()


def test_items_are_drawn_by_need_and_popularity_and_cost_what_stores_charge(on):
    world, rows = on
    mine = rows[rows["extra_sku"] >= 0]
    sku = mine["extra_sku"]
    assert len(sku) > 200 and (mine["extra_price"] == world.prices[0, Entry.STORE][sku]).all()
    weight = np.diff(np.concatenate([[0.0], world.popularity_cdf]))
    weight[world.sku_first[:-1]] = world.popularity_cdf[world.sku_first[:-1]]  # it begins anew in each category
    expected = weight * (world.need_share / world.need_share.sum())[world.sku_category]
    for group, of in ((world.sku_category[sku], np.bincount(world.sku_category, expected)), (sku, expected)):
        seen = np.bincount(group, minlength=len(of)) / len(sku)
        top = np.argsort(-of)[:20]
        assert (np.abs(seen[top] - of[top]) < 5 * np.sqrt(of[top] / len(sku))).all()
    assert 0.02 < (mine["category"] == world.sku_category[sku]).mean() < 0.98, "of the own category and of others"


def test_what_stores_do_not_sell_is_not_bought_but_something_else():
    s = settings(market={"choice": {"extra_purchase_visit": 1.0}}, shoppers=2000)
    p = online_policy(on=[4])
    world = small_world(s, p)
    world.sold[0, Entry.STORE, ::2] = 0
    rows = play(s, p, 7, world=world, learn=False).rows
    visits = rows[rows["flow"] == Flow.VISIT]
    got = visits["extra_sku"][visits["extra_sku"] >= 0]
    assert len(got) == len(visits) > 30 and (got % 2 == 1).all() and (visits["extra_units"] == 1).all()


@pytest.mark.parametrize("ordinal", [1, 3])
def test_a_further_purchase_counts_as_money_and_at_a_visit_as_a_purchase_in_a_store(ordinal):
    s = settings(shoppers=200)
    world = small_world(s, online_policy())
    journeys = Journeys(world, s, world.key0, world.key1)
    journeys.begin_day(0)
    told = np.zeros(1, OUTCOME)
    told["t"], told["key"], told["shopper"], told["code"], told["channel"], told["value"] = 100, (7 << 35) | ordinal, 7, Outcome.EXTRA, Entry.STORE, 4321
    before = journeys.shoppers[7].copy()
    journeys.apply(told, HOUR)
    who = journeys.shoppers[7]
    assert int(who["spend"]) - int(before["spend"]) == 4321
    assert int(who["bought"]) == int(before["bought"]) | (2 if ordinal == 3 else 0)
    assert int(who["purchases"]) == int(before["purchases"]) and journeys.counts[0, 19] == 1
