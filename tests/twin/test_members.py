"""Members of a twin: one past and many futures, parameters that move, copies with draws of their own, and files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from omosim.engine.errors import SnapshotError
from omosim.model.drift import MOVES, moved
from omosim.model.pnl import profit_and_loss
from omosim.schema.codes import Count
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.members import Member
from omosim.twin.opening import Opening
from omosim.twin.runpanel import panel_of_run
from omosim.world.start import was_under_way

N, LAW = 250, RepeatFit(1, 0.9, 2.0, 0.4, 3.0, 0.0, 1000, True, (0.1, 0.1, 0.1, 0.1))


def same(a, b):
    """All state of two members equal; links of the calendar are an index that a restore hangs anew."""
    left, right = a.model.snapshot().arrays, b.model.snapshot().arrays
    assert left.keys() == right.keys()
    for name, array in left.items():
        for field in [f for f in array.dtype.names if f != "link"] if array.dtype.names else [None]:
            assert np.array_equal(*(x if field is None else x[field] for x in (array, right[name]))), (name, field)


def book(member):
    return member.model.fulfilment.book()


def demand(settings, **changes):
    market = settings.market
    return settings.model_copy(update={"market": market.model_copy(update={"demand": market.demand.model_copy(update=changes)})})


@pytest.fixture(scope="module")
def base(settings_of):
    settings = settings_of("strategy=omo", "burn_in_days=0", "days=30", "shoppers=400")
    return settings.model_copy(update={"market": settings.market.model_copy(update={"start_date": "2024-03-04"})})


@pytest.fixture(scope="module")
def opening(base):
    rng = np.random.default_rng(4)
    x = rng.poisson(3, N)
    last = np.where(x > 0, 20 + 6 * rng.random(N), 0.0)
    since = np.full((N, len(base.catalogue.categories)), np.nan)
    habit = np.tile([0.5, 0.5, 0, 0], (N, 1))
    return Opening(date(2024, 3, 4), LAW, x, last, np.full(N, 26.0), habit, np.full(N, 1000), since, np.full(N, 0.3))


@pytest.fixture(scope="module")
def trunk(base, opening):
    member = Member.begin(base.model_copy(update={"replication": 1}), opening)
    member.advance(6)
    return member


def test_what_ifs_of_one_member_share_the_past_bit_for_bit_and_the_future_with_equal_settings(trunk, settings_of):
    other = settings_of("strategy=o2o").strategy
    before = trunk.model.snapshot()
    again, changed = trunk.branch(), trunk.branch(strategy=other)
    for future in (again, changed):
        assert np.array_equal(book(future), book(trunk)) and np.array_equal(
            future.model.journeys.counts[:6], trunk.model.journeys.counts[:6]
        )
        assert np.array_equal(future.model.journeys.needs["next_s"], trunk.model.journeys.needs["next_s"])
    straight = trunk.branch()
    a, b, c = (m.advance(5) for m in (again, changed, straight))
    same(again, straight)
    assert a.series.keys() == c.series.keys() and all(np.array_equal(a.series[n], c.series[n], equal_nan=True) for n in a.series)
    assert not np.array_equal(book(again), book(changed)) and b.days == 5
    # the same needs come at the same moments under both
    assert np.array_equal(again.model.journeys.counts[:11, Count.NEEDS], changed.model.journeys.counts[:11, Count.NEEDS])
    after = trunk.model.snapshot()
    assert all(np.array_equal(before.arrays[n], after.arrays[n]) for n in before.arrays)  # asking what if moves nothing


def test_a_faster_pace_shortens_what_is_left_of_every_gap(trunk):
    start = trunk.branch()
    faster = demand(trunk.settings, purchase_alpha_weeks=trunk.settings.market.demand.purchase_alpha_weeks / 1.5)
    quick = start.drifted(faster)
    journeys, old = quick.model.journeys, start.model.journeys
    assert np.array_equal(book(quick), book(start))
    hour = start.model.clock.now // 3600
    kind = old.scene.pace[old.shoppers["segment"], old.shoppers["zone"]]
    now = old.scene.op_time[kind, :, hour]
    left, was = (j.needs["next_s"].reshape(now.shape) - now for j in (journeys, old))
    near = old.needs["next_s"].reshape(now.shape) < 2**31 - 1
    assert near.sum() > 300 and np.abs(left[near] * 1.5 - was[near]).max() <= 1.5
    assert journeys.shoppers["need_rate"] == pytest.approx(old.shoppers["need_rate"] * 1.5)
    start.advance(24), quick.advance(24)
    a, b = (m.model.journeys.counts[6:, Count.NEEDS].sum() for m in (start, quick))
    assert b / a == pytest.approx(1.5, abs=4 * np.sqrt(1.5 * 2.5 / a))  # two counts, taken as if they had nothing in common
    quick.model.run()  # every law, to the end
    assert max(quick.model.audit.worst.values()) == 0


def test_tastes_orders_and_returns_may_move_and_nothing_else_may(trunk, settings_of):
    market, kinds = trunk.settings.market, trunk.settings.catalogue.categories
    assert trunk.drifted(trunk.settings) is trunk
    choice = market.choice.model_copy(update={"taste_store": market.choice.taste_store - 0.5})
    large = {name: kind.model_copy(update={"units_mean": 3 * kind.units_mean, "change_of_mind": 0.5}) for name, kind in kinds.items()}
    update = {"market": market.model_copy(update={"choice": choice}), "catalogue": trunk.settings.catalogue.model_copy(update={"categories": large})}
    other = trunk.drifted(trunk.settings.model_copy(update=update))
    shift = other.model.journeys.shoppers["taste"].astype(int) - trunk.model.journeys.shoppers["taste"]
    assert (shift == [0, -500, 0, 0]).all()
    plain = trunk.branch()
    one, two = plain.advance(20).series, other.advance(20).series
    assert two["orders.store"].sum() < 0.8 * one["orders.store"].sum()
    each = [sum(v.sum() for n, v in s.items() if n.startswith("units.")) / s["orders"].sum() for s in (one, two)]
    assert each[1] > 2 * each[0]
    assert all(any(path.split(".")[0] == allowed.split(".")[0] for allowed in MOVES) for path in moved(trunk.settings, other.settings))
    wrong = trunk.settings.model_copy(update={"seed": 5, "market": market.model_copy(update={"currency": "USD"})})
    with pytest.raises(SnapshotError, match=r"market.currency, seed cannot move in a running member; allowed: replication"):
        trunk.drifted(wrong)


def test_members_share_places_and_people_and_differ_in_what_is_hidden_and_what_comes(base, opening):
    many = [Member.begin(base.model_copy(update={"replication": i}), opening) for i in (1, 2, 3)]
    first = many[0].model
    for member in many[1:]:  # one world, other latents and needs
        assert np.array_equal(member.model.world.nodes["x_m"], first.world.nodes["x_m"])
        assert np.array_equal(member.model.journeys.shoppers["taste"], first.journeys.shoppers["taste"])
        assert not np.array_equal(member.model.journeys.shoppers["need_rate"][:N], first.journeys.shoppers["need_rate"][:N])
    days = [member.advance(8) for member in many]
    assert not np.array_equal(book(many[0]), book(many[1])) and days[0].units["revenue"] == "minor"
    assert days[0].hourly["pickup_load"].sum() == days[0].series["pickups"].sum() and np.isfinite(days[0].series["stockout_share"]).all()
    for member in many:
        member.model.run()
        assert max(member.model.audit.worst.values()) == 0


def test_pace_and_goodwill_of_a_state_are_those_that_members_begin_with(base, opening):
    """A pace of 1.5 is half as many needs again of known customers; goodwill that is carried on is kept, what is not is drawn."""
    liked = np.where(np.arange(N) < 100, 0.07, np.nan)
    plain, quick = (Member.begin(base, replace(opening, pace=pace, goodwill=good)) for pace, good in ((1.0, None), (1.5, liked)))
    rate = lambda m: m.model.journeys.shoppers["need_rate"][:N]
    assert rate(quick) == pytest.approx(1.5 * rate(plain))
    assert quick.goodwill()[:100] == pytest.approx(0.07, rel=1e-6) and quick.goodwill()[100:] == pytest.approx(plain.goodwill()[100:])
    was = quick.goodwill()
    quick.advance(7)
    still = quick.model.journeys.shoppers["updated"][:N] == 0  # who met with nothing forgets by the memory's constant
    assert still.sum() > 20 and quick.goodwill()[still] == pytest.approx(was[still] * np.exp(-1.0 / base.market.goodwill.memory_weeks), rel=1e-5)


@pytest.mark.parametrize("replication", [2, 3, 5, 6])
def test_a_branch_of_another_length_keeps_every_law(base, opening, replication):
    """Orders of a trip that ends after the last day are outside its money, whatever length the run had that it goes on from."""
    member = Member.begin(base.model_copy(update={"replication": replication}), opening)
    member.advance(1)
    short, long = member.branch(days=8), member.branch(days=40)
    for one in (short, long):
        one.model.run()
        assert max(one.model.audit.worst.values()) == 0
    straight = Member.begin(base.model_copy(update={"replication": replication, "days": 8}), opening)
    assert profit_and_loss(short.model) == profit_and_loss(straight.model.run())


def test_an_order_counts_at_its_price_before_it_is_handed_over(base, opening):
    """Revenue by the day an order was placed is the same in the evening of the last day and when every order has come to its end, but for
    what is cancelled in between and bought beside a collection."""
    member = Member.begin(base.model_copy(update={"days": 14}), opening)
    early = member.advance(14).series["revenue"]
    rows = book(member)
    waiting = (rows["done_at"] < 0) & (rows["units_out"] == 0) & (rows["flow"] <= 1)
    assert waiting.sum() > 2, "some orders of the last days are under way"
    late = panel_of_run(member.model.run(), 0, 14, member.known).series["revenue"]
    assert early[-3:].sum() > 0.9 * late[-3:].sum() and early.sum() == pytest.approx(late.sum(), rel=0.03)


def test_a_panel_is_the_book_by_day_and_a_member_grows_past_its_end(base, opening):
    member = Member.begin(base.model_copy(update={"days": 5}), opening)
    days = [member.advance(n) for n in (1, 3, 4)]
    assert member.day == 8 and member.settings.days > 90 and [str(p.first) for p in days] == ["2024-03-04", "2024-03-05", "2024-03-08"]
    rows = book(member)
    rows = rows[(rows["placed_at"] < 8 * 86_400) & ~was_under_way(rows["key"])]
    total = {n: sum(float(np.nansum(p.series[n])) for p in days) for n in days[0].series}
    web = rows[rows["channel"] == 0]
    assert total["orders.web"] == len(np.unique(web["key"] >> 8)) > 10
    assert total["orders"] == sum(v for n, v in total.items() if n.startswith("orders."))
    assert total["revenue"] == pytest.approx(sum(v for n, v in total.items() if n.startswith("revenue.")))
    assert sum(p.hourly["orders"].sum() for p in days) == total["orders"]
    bought = rows[(rows["units_out"] > 0) | (rows["flow"] != 3)]
    assert total["new_customers"] == len(np.unique(bought["shopper"][bought["shopper"] >= N]))
    assert total["traffic"] == sum(v for n, v in total.items() if n.startswith("traffic."))
    assert total["sessions.web"] == member.model.journeys.counts[:8, Count.WEB_SESSIONS].sum()
    assert 0 <= days[-1].series["stockout_share"][-1] < 0.5
