"""Ways from today on: money against the order book, what a way must leave alone, workers against the same process."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from omosim.model.pnl import profit_and_loss
from omosim.model.retail import RetailModel
from omosim.schema.codes import Count, Flow, NodeKind
from omosim.schema.columns import DAY
from omosim.schema.scenario import Intervention
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.opening import Opening
from omosim.twin.running import Start, handed_over
from omosim.twin.whatif import PARCEL, SERVED, future, whatif_task
from omosim.world.start import was_under_way

N, DAYS = 250, 7


@pytest.fixture(scope="module")
def start(settings_of):
    settings = settings_of("strategy=omo", "burn_in_days=0", "days=60", "shoppers=400", "replication=1")
    settings = settings.model_copy(update={"market": settings.market.model_copy(update={"start_date": "2024-03-04"})})
    x = np.random.default_rng(4).poisson(3, N)
    since = np.full((N, len(settings.catalogue.categories)), np.nan)
    law = RepeatFit(1, 0.9, 2.0, 0.4, 3.0, 0.0, 1000, True, (0.1, 0.1, 0.1, 0.1))
    opening = Opening(date(2024, 3, 4), law, x, np.where(x > 0, 20.0, 0.0), np.full(N, 26.0), np.tile([0.5, 0.5, 0, 0], (N, 1)), np.full(N, 1000), since, np.full(N, 0.3))
    return Start(opening, settings)


@pytest.fixture(scope="module")
def member(start):
    return start.member()


def changed(member, *rows):
    scenario = member.settings.scenario
    made = [Intervention.model_validate({"from_day": member.day, **row}) for row in rows]
    return {"scenario": scenario.model_copy(update={"interventions": [*scenario.interventions, *made]})}


@pytest.fixture(scope="module")
def as_it_is(member):
    return future(member, {}, DAYS)


def test_sales_of_the_ways_days_are_those_of_the_order_book(member, as_it_is):
    """The ledger of a branch against the rows placed in these days: nothing is counted twice, nothing is lost."""
    branch = member.branch(days=DAYS)
    while not branch.model.finished:
        branch.model.step()
    rows = branch.model.fulfilment.book()
    new = (rows["placed_at"] >= 0) & (rows["placed_at"] < DAYS * DAY)
    sales = sum(amount for name, amount in as_it_is.money.items() if name.startswith("revenue_") or name == "fees")
    assert new.sum() > 30
    assert sales == int((rows["revenue"] + rows["fee"])[new].sum())
    assert -as_it_is.money["refunds"] == int(rows["refund"][new].sum())
    assert as_it_is.money["operating_profit"] == sum(amount for name, amount in as_it_is.money.items() if name != "operating_profit")


def test_the_member_stands_still_and_the_same_way_is_the_same(member, as_it_is):
    again = future(member, {"strategy": member.settings.strategy, "scenario": member.settings.scenario}, DAYS)
    assert member.day == 0 and again.money == as_it_is.money and np.array_equal(again.demand, as_it_is.demand)


def test_more_people_cost_what_they_are_paid_and_change_no_order(member, as_it_is):
    """Twice the people in stores, from today: their part of labour doubles (couriers and the centre stay), the first day's sales stand."""
    more = future(member, changed(member, {"what": "staff", "times": 2.0}), DAYS)
    assert 1.3 < more.money["labour"] / as_it_is.money["labour"] < 2.0
    assert more.money["media"] == as_it_is.money["media"]
    assert more.demand[:, :, 0].sum() == pytest.approx(as_it_is.demand[:, :, 0].sum(), abs=3)


def test_dearer_goods_sell_less(member, as_it_is):
    dear = future(member, changed(member, {"what": "price", "times": 1.5}), DAYS)
    assert dear.series["orders"].sum() < as_it_is.series["orders"].sum()


def test_two_strategies_by_hand_and_within_members(member, as_it_is, settings_of):
    """Money of another strategy is that of a model restored by hand and run to its end; the same needs come under both."""
    other = settings_of("strategy=o2o").strategy
    before = member.model.snapshot()
    found = future(member, {"strategy": other}, DAYS)
    ended = RetailModel.restore(member.settings.model_copy(update={"days": DAYS, "strategy": other}), member.model.snapshot()).run()
    by_hand = profit_and_loss(ended)["operating_profit"]
    assert found.money["operating_profit"] == by_hand != as_it_is.money["operating_profit"]
    straight = RetailModel.restore(member.settings.model_copy(update={"days": DAYS}), member.model.snapshot()).run()
    assert np.array_equal(ended.journeys.counts[:, Count.NEEDS], straight.journeys.counts[:, Count.NEEDS])
    assert (found.series["orders"] >= 0).all() and found.series["orders"].sum() != as_it_is.series["orders"].sum()
    after = member.model.snapshot()
    assert all(np.array_equal(before.arrays[n], after.arrays[n]) for n in before.arrays)  # asking what if moves nothing


def test_what_stores_do_is_the_order_book_by_hand(member, as_it_is):
    """Pickups, sales and parcels of each store, counted in the book of a run by hand; pickups are the panel's."""
    branch = member.branch(days=DAYS)
    book, world = branch.model.run().fulfilment.book(), branch.model.world
    mine = book[(book["placed_at"] >= 0) & (book["placed_at"] < DAYS * DAY) & ~was_under_way(book["key"])]
    got = as_it_is.in_store
    pickups = mine[(mine["collect_at"] >= 0) & (mine["flow"] == Flow.PICKUP) & (mine["collect_at"] == mine["node"]) & (mine["key"] % 256 < 2)]
    assert (got["kind"] < SERVED).sum() == len(pickups) > 5
    assert sorted(got["placed_s"][got["kind"] < SERVED].tolist()) == sorted(pickups["placed_at"].tolist())
    sales = mine[(mine["flow"] == Flow.VISIT) & (mine["units_out"] > 0) & (mine["key"] % 256 < 2)]
    assert (got["kind"] == SERVED).sum() >= len(sales) > 5
    assert all(world.nodes["kind"][n] == NodeKind.STORE for n in got["node"]) and (np.diff(got["placed_s"]) >= 0).all()
    assert (got["kind"] == PARCEL).sum() == ((mine["flow"] <= Flow.SAME_DAY) & (mine["node"] > 0) & (mine["key"] % 256 < 2)).sum()  # a want of the shelf that is sent home is an order too


def test_ways_begin_with_a_members_first_second(start):
    later = start.member()
    later.advance(1)
    with pytest.raises(ValueError, match="day 1 of a member"):
        future(later, {}, DAYS)


def test_a_worker_finds_the_same(start, tmp_path):
    start = replace(start, opening=replace(start.opening, pace=1.2, goodwill=np.linspace(-0.1, 0.1, N)))
    here = future(start.member(), {}, DAYS)
    (task,) = handed_over(tmp_path, [start])
    answer = json.loads(whatif_task(json.dumps({**task, "days": DAYS, "ways": {"now": {}}, "in_store": str(tmp_path / "rows")})))
    assert answer["ways"]["now"]["money"] == here.money
    assert np.array_equal(np.array(answer["ways"]["now"]["demand"]), here.demand)
    assert np.array_equal(np.load(tmp_path / "rows-0.npy", allow_pickle=False), here.in_store)
    assert len(answer["nodes"]) == here.demand.shape[0] and len(answer["categories"]) == here.demand.shape[1]
