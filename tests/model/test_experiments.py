"""Changes that reach some shoppers only: groups, equal halves, effects recovered, branches, laws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from omosim.engine.errors import SnapshotError
from omosim.model.experiments import difference, experiment_rows, mean_of, purchases, ratio_of, share_of
from omosim.model.retail import RetailModel
from omosim.model.run import Run, run
from omosim.schema.scenario import Intervention
from omosim.schema.settings import Settings
from omosim.strategy import IncompatibleCapabilities
from omosim.world.audiences import Trial

HALF = {"name": "cut", "share": 0.5}


def with_changes(settings: Settings, *changes: dict) -> Settings:
    rows = [Intervention(**change) for change in changes]
    return settings.model_copy(update={"scenario": settings.scenario.model_copy(update={"interventions": rows})})


def of(rows: list[dict], kpi: str, group: str) -> dict:
    return next(row for row in rows if row["kpi"] == kpi and row["group"] == group)


@pytest.fixture(scope="module")
def plain(settings_of) -> Settings:
    return settings_of("shoppers=4000", "days=6", "burn_in_days=2")


@pytest.fixture(scope="module")
def plain_run(plain) -> Run:
    return run(plain)


# ---- who sees what changes nobody who sees the same -----------------------------------------------------------------
def test_two_equal_groups_change_nobody(plain, plain_run) -> None:
    same = [{"what": "price", "times": 1.0, "from_day": 0, "ab": HALF}, {"what": "media", "times": 1.0, "from_day": 0, "segments": ["working"]}]
    done = run(with_changes(plain, *same))
    assert done.model.world.audiences.count == 4
    assert np.array_equal(done.book, plain_run.book) and np.array_equal(done.model.journeys.counts, plain_run.model.journeys.counts)
    assert {k: v for k, v in done.pnl.items() if k != "media"} == {k: v for k, v in plain_run.pnl.items() if k not in ("media",)} | {
        k: done.pnl[k] for k in ("other_cost", "operating_profit", "media_cost")
    }
    assert abs(done.pnl["media"] - plain_run.pnl["media"]) <= 1  # the parts of four audiences add up to one but for rounding
    assert not any(done.laws.values())
    share = of(done.experiments, "buyers", "treated")["shoppers"] / 4000
    assert abs(share - 0.5) < 4 * math.sqrt(0.25 / 4000)


def test_a_change_of_an_end_that_never_comes_is_absent(plain, plain_run) -> None:
    """Every quantity that people see, narrowed, before its first day: nothing moves."""
    later = [
        {"what": "price", "times": 0.5}, {"what": "fee", "times": 0}, {"what": "promise", "times": 0.5}, {"what": "discount", "set": 0.3},
        {"what": "free_from", "set": 1}, {"what": "return_hassle", "times": 0.1}, {"what": "accuracy", "set": 1},
        {"what": "assortment", "set": 0.2, "channels": ["web"]}, {"what": "media", "times": 3}, {"what": "reach", "set": 1},
        {"what": "capability", "capability": "coupons", "set": 1}, {"what": "level", "capability": "live_commerce", "level": "intensity", "set": 1},
    ]  # fmt: skip
    done = run(with_changes(plain, *({**change, "from_day": 900, "ab": {**HALF, "share": 0.3}} for change in later)))
    assert np.array_equal(done.book, plain_run.book) and done.experiments == []


def test_the_control_does_as_it_would_without_the_experiment_where_nothing_is_shared(plain) -> None:
    """In a group no change reaches, a shopper's decisions stay; what others took off the shelf may reach him."""
    first = run(plain.model_copy(update={"days": 2}))
    settings = with_changes(plain.model_copy(update={"days": 2}), {"what": "discount", "set": 0.3, "from_day": -2, "ab": HALF})
    done = run(settings)
    trial = done.model.world.audiences.trials[0]
    control = trial.members(done.model.key0, done.model.key1, done.model.journeys.shoppers) == 0
    keys = [set(book["key"][control[book["shopper"]] & (book["placed_at"] < 86_400)].tolist()) for book in (first.book, done.book)]
    treated = [set(book["key"][~control[book["shopper"]] & (book["placed_at"] < 86_400)].tolist()) for book in (first.book, done.book)]
    assert keys[0] == keys[1] and len(keys[0]) > 20
    assert treated[0] != treated[1]


# ---- effects ------------------------------------------------------------------------------------------------------
def test_an_experiment_in_one_run_agrees_with_the_paired_runs(settings_of) -> None:
    base = settings_of("shoppers=24000", "days=10", "burn_in_days=2", "strategy=omnichannel")
    cut = {"what": "price", "times": 0.85, "from_day": 0}
    without, all_of_them, half = run(base), run(with_changes(base, cut)), run(with_changes(base, {**cut, "ab": HALF}))
    n = base.shoppers
    orders = [next(k.value for k in done.kpis if k.kpi == "orders") / n for done in (without, all_of_them)]
    paired = orders[1] - orders[0]
    row = of(half.experiments, "orders_per_shopper", "treated")
    assert row["diff_low"] < paired < row["diff_high"] and row["reading"] == "higher"
    assert row["diff"] > 0.3 * paired
    book = half.book[(half.book["flow"] != 3) & (half.book["channel"] == 0)]
    paid = {name: (half.orders()["audience"] == name) for name in half.model.world.audiences.names}
    assert set(paid) == {"cut=control", "cut=treated"} and all(mask.sum() > 500 for mask in paid.values()) and len(book) > 100
    assert not any(half.laws.values())


def test_a_segment_alone_sees_its_price(plain) -> None:
    done = run(with_changes(plain, {"what": "price", "set": 777, "from_day": -2, "segments": ["working"], "zones": list(range(20))}))
    who = done.model.journeys.shoppers
    names = list(plain.market.segments)
    inside = (who["segment"] == names.index("working")) & (who["zone"] < 20)
    book = done.book[(done.book["units_out"] > 0) & (done.book["channel"] == 1) & (done.book["revenue"] > 0)]
    cheap = book["revenue"] <= 777 * book["units_out"]
    assert cheap[inside[book["shopper"]]].all() and cheap[inside[book["shopper"]]].sum() > 5
    assert not cheap[~inside[book["shopper"]]].any()
    assert done.experiments == [] and (done.orders()["audience"] == "").all()


def test_a_capability_for_some_costs_in_full_and_serves_them_alone(settings_of) -> None:
    base = settings_of("shoppers=4000", "days=6", "burn_in_days=2", "strategy=o2o")
    everything = settings_of("shoppers=4000", "days=6", "burn_in_days=2", "strategy=o2o", "strategy.capabilities.loyalty=true")
    rows = {**base.strategy.capabilities, "loyalty": everything.strategy.capabilities["loyalty"].model_copy(update={"enabled": False})}
    base = base.model_copy(update={"strategy": base.strategy.model_copy(update={"capabilities": rows})})
    days = {"from_day": -400, "ab": {"name": "club", "share": 0.4, "group": "members"}}
    change = [{"what": "capability", "capability": "loyalty", "set": 1, **days},
              {"what": "level", "capability": "loyalty", "level": "rate", "set": 0.2, **days}]  # fmt: skip
    done, full = run(with_changes(base, *change)), run(everything)
    assert done.pnl["capability_running"] == full.pnl["capability_running"]
    rates = done.model.costs.rates
    seen = dict(zip(done.model.world.audiences.names, range(2), strict=True))
    assert rates[:, seen["club=control"], 2].max() == 0 and rates[:, seen["club=members"], 2].min() > 0.05
    net = done.book["revenue"] + done.book["fee"] - done.book["refund"]
    inside = (done.book["placed_at"] >= done.model.window_start) & (done.book["placed_at"] < done.model.window_end)
    members = done.model.journeys.shoppers["audience"][done.book["shopper"]] == seen["club=members"]
    assert done.pnl["points"] == pytest.approx(rates[0, seen["club=members"], 2] * net[members & inside].sum(), rel=1e-6)
    assert not any(done.laws.values())


@pytest.mark.parametrize("name", ["bopis", "live_commerce", "push", "same_day"])
def test_an_offer_taken_from_a_group_is_used_by_the_others(plain, name: str) -> None:
    off = {"what": "capability", "capability": name, "set": 0, "from_day": -400, "ab": {"name": "off", "share": 0.5}}
    done = run(with_changes(plain, off))
    world, book = done.model.world, done.book
    audience = done.model.journeys.shoppers["audience"][book["shopper"]]
    gone = world.audiences.names.index("off=treated")
    need = (book["key"] >> 8) & ((1 << 22) - 1)
    used = {"bopis": book["offer"] == 2, "live_commerce": book["offer"] == 7, "same_day": book["offer"] == 1, "push": (need >= 1 << 21) & (need % 32 == 1)}
    assert used[name][audience != gone].sum() > 0 and not used[name][audience == gone].any()
    assert world.policy.running_per_day == run(plain.model_copy(update={"days": 1, "shoppers": 4000})).model.world.policy.running_per_day
    assert not any(done.laws.values())


def test_media_are_paid_for_those_they_reach(plain, plain_run) -> None:
    none = run(with_changes(plain, {"what": "media", "set": 0, "from_day": 0, "ab": {"name": "dark", "share": 0.25}}))
    part = of(none.experiments, "buyers", "treated")["shoppers"] / plain.shoppers
    assert none.pnl["media"] == pytest.approx(plain_run.pnl["media"] * (1 - part), rel=0.02)
    aware = none.model.journeys.awareness
    dark, lit = none.model.world.audiences.names.index("dark=treated"), none.model.world.audiences.names.index("dark=control")
    assert (aware[dark] < aware[lit]).all() and not any(none.laws.values())


def test_three_groups_exclude_one_another(plain) -> None:
    rows = [{"what": "discount", "set": cut, "from_day": 0, "ab": {"name": "depth", "share": 0.2, "group": group}}
            for group, cut in (("ten", 0.1), ("twenty", 0.2))]  # fmt: skip
    done = run(with_changes(plain, *rows, {"what": "fee", "times": 0, "from_day": 0, "ab": {"name": "post", "share": 0.5}}))
    assert done.model.world.audiences.count == 6
    sizes = {g: of(done.experiments, "buyers", g)["shoppers"] for g in ("control", "ten", "twenty")}
    assert sum(sizes.values()) == 4000 and abs(sizes["ten"] - 800) < 120 and abs(sizes["twenty"] - 800) < 120
    cuts = {name: done.model.world.seen[i].offers["discount_ppm"][0] for i, name in enumerate(done.model.world.audiences.names)}
    assert {name.split()[0]: cut for name, cut in cuts.items()} == {"depth=control": 0, "depth=ten": 100_000, "depth=twenty": 200_000}


def test_groups_stay_whoever_else_is_there_and_whatever_else_changes(plain) -> None:
    cut = {"what": "price", "times": 0.9, "from_day": 0, "ab": HALF}
    few, more = with_changes(plain, cut), with_changes(plain, {"what": "fee", "times": 0, "from_day": 0, "ab": {"name": "other", "share": 0.7}}, cut)
    models = [RetailModel(few), RetailModel(more.model_copy(update={"shoppers": 5000}))]
    groups = []
    for model in models:
        trial = next(t for t in model.world.audiences.trials if t.name == "cut")
        groups.append(trial.members(model.key0, model.key1, model.journeys.shoppers)[:4000])
    assert np.array_equal(*groups)


# ---- snapshots ----------------------------------------------------------------------------------------------------
def steps(model: RetailModel, n: int) -> RetailModel:
    for _ in range(n):
        model.step()
    return model


EVERYTHING = (
    {"what": "price", "times": 0.9, "from_day": 0, "ab": HALF}, {"what": "reach", "set": 0.9, "channels": ["social"], "from_day": 1, "ab": HALF},
    {"what": "capability", "capability": "bopis", "set": 0, "from_day": 1, "to_day": 4, "segments": ["working"]},
    {"what": "reach_growth", "times": 20, "channels": ["live"], "from_day": -9}, {"what": "assortment", "set": 0.5, "from_day": 1, "to_day": 3},
    {"what": "need_rate", "times": 1.5, "from_day": 0, "segments": ["family"]}, {"what": "media", "times": 2, "from_day": 0, "zones": [1, 2, 3]},
    {"what": "rival_store", "set": 1, "zones": [3], "from_day": 2}, {"what": "rival_price", "times": 0.8, "zones": [3], "categories": ["masks"], "from_day": 2},
)  # fmt: skip


def test_saved_and_restored_goes_on_as_if_nothing_had_happened(plain) -> None:
    settings = with_changes(plain, *EVERYTHING)
    straight, first = steps(RetailModel(settings), 7), steps(RetailModel(settings), 4)
    second = steps(RetailModel.restore(settings, first.snapshot()), 3)
    assert np.array_equal(straight.fulfilment.book(), second.fulfilment.book())
    left, right = straight.snapshot().arrays, second.snapshot().arrays
    assert all(np.array_equal(left[k], right[k]) for k in left if k not in ("journeys/needs", "world/nodes"))


def test_a_branch_may_begin_an_experiment_and_not_lose_one(plain) -> None:
    trunk = steps(RetailModel(plain), 3)
    cut = with_changes(plain, {"what": "price", "times": 0.5, "from_day": 2, "ab": HALF})
    branch = RetailModel.restore(cut, trunk.snapshot())
    assert branch.world.audiences.count == 2 and len(np.unique(branch.journeys.shoppers["audience"])) == 2
    whole = RetailModel(cut).run()
    branch.run()
    assert np.array_equal(branch.fulfilment.book(), whole.fulfilment.book())
    assert experiment_rows(branch, branch.fulfilment.book()) == experiment_rows(whole, whole.fulfilment.book())
    with pytest.raises(SnapshotError, match="other audiences"):
        RetailModel.restore(plain, steps(RetailModel(cut), 1).snapshot())


# ---- refusals -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "says"),
    [({"what": "capability", "capability": "ship_from_store", "set": 0}, "'ship_from_store' acts on the network"),
     ({"what": "level", "capability": "stock_feed", "level": "publish_s", "set": 600}, "level 'publish_s' of 'stock_feed' acts on the network")],
)  # fmt: skip
def test_what_acts_on_the_network_is_the_same_for_all(plain, change, says) -> None:
    with pytest.raises(IncompatibleCapabilities, match=says):
        RetailModel(with_changes(plain, {**change, "from_day": 0, "ab": HALF}))
    RetailModel(with_changes(plain, {**change, "from_day": 0}))


def test_groups_that_see_the_same_seldom_seem_to_differ(plain_run) -> None:
    """A hundred and sixty halves of the same people, who all saw the same: one in twenty differences seems real by chance."""
    model, book = plain_run.model, plain_run.book
    bought = purchases(book, 4000, model.window_start, model.window_end)
    everybody = np.ones((len(model.world.segment_names), model.world.zone_weight.size), np.bool_)
    seen: dict[str, int] = {}
    sizes = []
    for i in range(160):
        trial = Trial(f"half_{i}", ("control", "treated"), np.array([0.5]), everybody, 0, None)
        who = trial.members(model.key0, model.key1, model.journeys.shoppers) == 1
        sizes.append(int(who.sum()))
        for (kpi, _, mine), (_, _, theirs) in zip(bought.figures(who, "KRW"), bought.figures(~who, "KRW"), strict=True):
            assert mine is not None and theirs is not None
            _, low, high = difference(mine, theirs, kpi == "buyers")
            seen[kpi] = seen.get(kpi, 0) + int(low > 0 or high < 0)
    assert all(n <= 18 for n in seen.values()) and 20 < sum(seen.values()) < 80, seen  # 8 of 160 expected; 18 with odds of 1 in 1000
    assert abs(np.mean(sizes) - 2000) < 12 and 20 < np.std(sizes) < 45


# ---- estimates ----------------------------------------------------------------------------------------------------
def test_intervals_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    hits = {"mean": 0, "share": 0, "ratio": 0, "diff": 0}
    for _ in range(400):
        bought = rng.poisson(rng.gamma(0.5, 0.6, 800)).astype(float)
        back = rng.binomial(bought.astype(int), 0.2).astype(float)
        mean, ratio, few, many = mean_of(bought), ratio_of(back, bought), share_of(int(rng.binomial(800, 0.03)), 800), share_of(int(rng.binomial(800, 0.05)), 800)
        assert ratio is not None
        hits["mean"] += mean.low < 0.3 < mean.high
        hits["ratio"] += ratio.low < 0.2 < ratio.high
        hits["share"] += few.low < 0.03 < few.high
        _, low, high = difference(many, few, proportion=True)
        hits["diff"] += low < 0.02 < high
    assert all(0.92 < n / 400 < 0.985 for n in hits.values()), hits
