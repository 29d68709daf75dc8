"""Dated changes: each quantity moves what it should, where it should, and leaves nothing behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from omosim.schema.codes import Entry
from omosim.schema.network import ENDLESS
from omosim.schema.scenario import NARROWED
from omosim.strategy import build_policy
from omosim.world.change_checks import check_interventions, problems
from omosim.world.errors import CannotIntervene
from omosim.world.interventions import Interventions, whole_run
from omosim.world.state import World
from omosim.world.synthesis import synthesise


def start(settings) -> tuple[World, Interventions]:
    world = synthesise(settings, settings.seed, settings.replication)
    world.policy = build_policy(settings)
    return world, Interventions(settings, world)


def snapshot(world: World) -> dict[str, np.ndarray]:
    return {**{k: np.array(v) for k, v in world.state().items()}, "offers": world.policy.offers.copy()}


#: quantity -> (change, arrays that must move)
MOVES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "price": ({"times": 0.9, "channels": ["web"], "categories": ["masks"]}, {"prices", "price_factor"}),
    "fee": ({"times": 2.0, "channels": ["web"]}, {"offers", "fee_factor"}),
    "lead_time": ({"times": 0.5, "zones": [3, 4]}, {"lead_factor"}),
    "promise": ({"times": 0.5}, {"offers", "promise_factor"}),
    "stock": ({"times": 0.5, "stores": ["S02"]}, {"level_factor"}),
    "staff": ({"times": 0.5}, {"staff_factor"}),
    "media": ({"times": 2.0, "channels": ["web"]}, {"media_factor"}),
    "rival_price": ({"times": 0.8}, {"rival_price_factor", "outside_value"}),
    "rival_store_km": ({"times": 0.5, "zones": [0]}, {"rival_store_km", "outside_value"}),
    "store_open": ({"set": 0, "stores": ["S01"]}, {"trading", "closed", "near", "billboard", "nodes"}),
    "courier_capacity": ({"times": 0.25}, {"courier_factor", "nodes"}),
    "supply": ({"times": 0.3, "categories": ["makeup"]}, {"supply"}),
    "bins": ({"set": 4, "stores": ["S01"]}, {"capacity_fixed"}),  # the engine keeps the nodes' columns of places
    "bays": ({"set": 2}, {"capacity_fixed"}),
    "rooms": ({"times": 2.0}, {"capacity_factor"}),
    "slots": ({"set": 6, "stores": ["S02"]}, {"capacity_fixed", "nodes"}),
    "keep": ({"set": 1}, {"capacity_fixed", "nodes"}),
    "batch": ({"set": 3}, {"capacity_fixed", "nodes"}),
    "site_capacity": ({"set": 500}, {"site_fixed"}),
    "discount": ({"set": 0.1, "channels": ["web"]}, {"offers", "discount_fixed"}),
    "free_from": ({"set": 30000}, {"seen_fixed"}),
    "return_hassle": ({"times": 0.5}, {"seen_factor"}),
    "accuracy": ({"set": 0.8, "channels": ["web"]}, {"seen_fixed"}),
    "assortment": ({"set": 0.6, "categories": ["masks"]}, {"sold", "carried"}),
    "reach": ({"set": 0.9, "touchpoints": ["social_feed", "email"]}, {"reach_fixed"}),
    "reach_growth": ({"times": 1.389, "channels": ["social"]}, set()),  # its first week has not passed
    "rival_store": ({"set": 1, "zones": [4]}, {"rival_store_km", "outside_value"}),
}


@pytest.mark.parametrize("what", MOVES)
def test_a_change_moves_its_own_and_leaves_nothing_behind(shipped, what: str) -> None:
    change, moved = MOVES[what]
    dated = {"what": what, "from_day": 2, "to_day": 5, **change}
    world, interventions = start(shipped.with_changes(shipped.make_settings(), dated))
    before = snapshot(world)
    arrays = {name: getattr(world, name) for name in ("price", "near", "outside_value", "nodes")}
    assert not interventions.apply(28 + 1)
    assert interventions.apply(28 + 2) and not interventions.apply(28 + 4)
    during = snapshot(world)
    assert {name for name in before if not np.array_equal(before[name], during[name])} == moved
    assert interventions.apply(28 + 5)
    after = snapshot(world)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert all(getattr(world, name) is array for name, array in arrays.items())  # views stay valid


def test_capacities_move_where_they_are_told(shipped) -> None:
    changes = [{"what": "keep", "set": 2, "stores": ["S03"], "from_day": 0}, {"what": "bins", "times": 0.01, "from_day": 0}]
    settings = shipped.with_changes(shipped.make_settings(), *changes)
    how = settings.network.operations.model_copy(update={"shelf_bins": 10})
    world, interventions = start(settings.model_copy(update={"network": settings.network.model_copy(update={"operations": how})}))
    assert (world.nodes["bins"][1:] == 10).all() and world.nodes["bins"][0] == 0
    interventions.apply(28)
    assert np.flatnonzero(world.nodes["keep"]).tolist() == [3] and world.nodes["keep"][3] == 2
    assert (world.capacities()[1:, 0] == 1).all(), "a shelf that shrinks keeps one bin: none at all would mean endless"


def test_a_site_is_down_for_the_hours_it_is_told(shipped) -> None:
    changes = [{"what": "site_capacity", "set": 1000, "from_day": 0, "to_day": 2},
               {"what": "site_capacity", "set": 0, "from_day": 0, "to_day": 1, "from_hour": 20, "to_hour": 21}]  # fmt: skip
    world, interventions = start(shipped.with_changes(shipped.make_settings(), *changes))
    share = world.cost_scale
    assert interventions.site_hours() == [20, 21] and world.site_sessions() == ENDLESS
    for day, hour, sessions in ((0, 0, 1000), (0, 20, 0), (0, 21, 1000), (1, 20, 1000)):
        interventions.apply(28 + day)
        interventions.site_at(28 + day, hour)
        assert world.site_sessions() == round(sessions * share), (day, hour)
    interventions.apply(28 + 2)
    assert world.site_sessions() == ENDLESS


def test_hours_are_for_the_site_alone(shipped) -> None:
    bad = [{"what": "price", "times": 0.9, "from_day": 0, "from_hour": 3}, {"what": "site_capacity", "set": 1, "from_day": 0, "from_hour": 9, "to_hour": 9}]
    found = problems(shipped.with_changes(shipped.make_settings(), *bad))
    assert len(found) == 2 and "whole days" in found[0] and "not after from_hour = 9" in found[1]


def test_price_moves_where_it_is_told(shipped) -> None:
    change = {"what": "price", "times": 0.9, "channels": ["web"], "categories": ["masks"], "from_day": 0}
    world, interventions = start(shipped.with_changes(shipped.make_settings(), change))
    base = world.price.copy()
    interventions.apply(28)
    masks = world.sku_category == world.category_names.index("masks")
    assert (world.price[Entry.WEB, masks] == np.rint(base[Entry.WEB, masks] * 0.9)).all()
    assert (world.price[Entry.STORE] == base[Entry.STORE]).all() and (world.price[:, ~masks] == base[:, ~masks]).all()
    assert world.own_price_index() < 1.0


def test_changes_multiply_and_set_wins(shipped) -> None:
    changes = [{"what": "price", "times": 0.9, "from_day": 0}, {"what": "price", "times": 0.5, "from_day": 1},
               {"what": "staff", "set": 3, "stores": ["S04"], "from_day": 0},
               {"what": "price", "set": 5000, "categories": ["masks"], "from_day": 2}]  # fmt: skip
    world, interventions = start(shipped.with_changes(shipped.make_settings(), *changes))
    base = world.price.copy()
    interventions.apply(29)
    assert (world.price == np.rint(base * 0.45)).all()
    assert world.staffed(1)[4] == 3 and world.staffed(1)[5] == 1
    interventions.apply(30)
    masks = world.sku_category == world.category_names.index("masks")
    assert (world.price[:, masks] == 5000).all()


def test_an_opening_store_is_shut_before(shipped) -> None:
    world, interventions = start(shipped.make_settings(scenario="store_opening"))
    assert not world.trading[3] and not (world.near == 3).any() and world.nodes["ships"][3] == 0
    assert world.stock.on_hand[3].sum() > 0  # its first stock lies there
    interventions.apply(28 + 13)
    assert not world.trading[3]
    interventions.apply(28 + 14)
    assert world.trading[3] and (world.near == 3).any() and world.nodes["ships"][3] == 1


def test_needs_follow_a_dated_rate(shipped) -> None:
    plain = shipped.make_settings()
    twice = shipped.with_changes(plain, {"what": "need_rate", "times": 2.0, "categories": ["masks"], "from_day": 0, "to_day": 7})
    calm, rush = (synthesise(s, 7, 0).calendar for s in (plain, twice))
    first, last = 28 * 24, 35 * 24
    row = list(plain.catalogue.categories).index("masks")
    gain = lambda c, r: c.lambda_c[r, last] - c.lambda_c[r, first]
    assert gain(rush, row) == pytest.approx(2 * gain(calm, row))
    assert np.array_equal(rush.lambda_c[0], calm.lambda_c[0]) and np.array_equal(rush.lambda_s, calm.lambda_s)


def test_a_capability_costs_at_once_and_works_after_its_ramp_up(shipped) -> None:
    settings = shipped.make_settings(strategy="omo")
    row = settings.strategy.capabilities["bopis"]
    change = {"what": "capability", "capability": "bopis", "set": 0, "from_day": 0, "to_day": 10}
    world, interventions = start(shipped.with_changes(settings, change))
    offers, full = world.policy.offers, world.policy.running_per_day
    interventions.apply(28)
    assert offers is world.policy.offers and offers["enabled"][2] == 0 and world.policy.fitting_at_pickup == 0
    assert world.policy.running_per_day < full
    interventions.apply(38)
    assert offers["enabled"][2] == 1 and world.policy.running_per_day == full

    off = settings.strategy.model_copy(update={"capabilities": {
        **settings.strategy.capabilities,
        "bopis": row.model_copy(update={"enabled": False, "ramp_up_days": 7}),
        "fitting_pickup": settings.strategy.capabilities["fitting_pickup"].model_copy(update={"enabled": False}),
    }})  # fmt: skip
    on = shipped.with_changes(settings.model_copy(update={"strategy": off}),
                              {"what": "capability", "capability": "bopis", "set": 1, "from_day": 0})  # fmt: skip
    world, interventions = start(on)
    cheap = world.policy.running_per_day
    interventions.apply(28)
    assert world.policy.offers["enabled"][2] == 0 and world.policy.running_per_day > cheap
    interventions.apply(34)
    assert world.policy.offers["enabled"][2] == 0
    interventions.apply(35)
    assert world.policy.offers["enabled"][2] == 1


def test_changes_of_a_whole_run_become_settings(shipped) -> None:
    world_of = {"misfit": 0.15, "goods_cost": 1.4, "delivery_cost": 2.0}
    changes = [{"what": what, "times": times, "from_day": -3650} for what, times in world_of.items()]
    settings = shipped.with_changes(shipped.make_settings(), *changes)
    done = whole_run(settings)
    makeup, before = done.catalogue.categories["makeup"], settings.catalogue.categories["makeup"]
    assert makeup.misfit == pytest.approx(0.15 * before.misfit)
    assert 1 - makeup.margin == pytest.approx(1.4 * (1 - before.margin))
    assert done.network.carrier.same_day_cost == 2 * settings.network.carrier.same_day_cost
    assert done.scenario.interventions == [] and whole_run(done) == done
    assert whole_run(shipped.make_settings()) == shipped.make_settings()
    with pytest.raises(CannotIntervene, match="whole_run"):
        start(settings)
    world, _ = start(done)
    assert world.misfit[1] == makeup.misfit


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"what": "price", "from_day": 0}, "neither 'set' nor 'times'"),
        ({"what": "price", "times": 0.9, "set": 5, "from_day": 0}, "both 'set' and 'times'"),
        ({"what": "price", "times": 0.9, "stores": ["S01"], "from_day": 0}, "cannot be narrowed by stores"),
        ({"what": "price", "times": 0.9, "categories": ["make-up"], "from_day": 0}, "categories[0] = 'make-up': no such category"),
        ({"what": "lead_time", "times": 2, "zones": [4000], "from_day": 0}, ".zones[0] = 4000: no such zone"),
        ({"what": "staff", "times": 2, "stores": ["S77"], "from_day": 0}, "stores[0] = 'S77': no such store"),
        ({"what": "store_open", "set": 0.5, "stores": ["S01"], "from_day": 0}, "set: 1 (on) or set: 0 (off)"),
        ({"what": "store_open", "set": 0, "from_day": 0}, "no stores named"),
        ({"what": "capability", "set": 1, "from_day": 0}, "no capability named"),
        ({"what": "stock", "set": 5, "from_day": 0}, "no absolute value"),
        ({"what": "misfit", "times": 2, "from_day": 3}, "whole run"),
        ({"what": "price", "times": 0.9, "from_day": 5, "to_day": 5}, "to_day = 5: not after from_day = 5"),
        ({"what": "media", "set": -1, "from_day": 0}, "below 0"),
        ({"what": "staff", "times": 2, "ab": {"name": "x", "share": 0.5}, "from_day": 0}, "cannot be narrowed by ab; allowed: stores. Narrow it by stores, or drop ab; it acts on more than"),
        ({"what": "stock", "times": 2, "segments": ["young"], "from_day": 0}, "the same for all"),
        ({"what": "price", "times": 0.9, "segments": ["yuong"], "from_day": 0}, "segments[0] = 'yuong': no such segment"),
        ({"what": "media", "times": 2, "touchpoints": ["tv"], "from_day": 0}, "touchpoints[0] = 'tv': no such touchpoint"),
        ({"what": "accuracy", "set": 1.2, "from_day": 0}, "set = 1.2: too large; allowed: 0 to 1 [share of misfits]"),
        ({"what": "accuracy", "set": 0.5, "channels": ["store"], "from_day": 0}, "goods themselves"),
        ({"what": "assortment", "times": 0.5, "from_day": 0}, "'assortment' has no factor"),
        ({"what": "assortment", "set": 0.5, "ab": {"name": "x", "share": 0.5}, "from_day": 0}, "shelves are the same for all"),
        ({"what": "assortment", "set": 0.5, "stores": ["S01"], "channels": ["web"], "from_day": 0}, "not on line"),
        ({"what": "assortment", "set": 0, "items": [3], "from_day": 0}, "items are places in a category"),
        ({"what": "rival_store", "set": 1, "from_day": 0}, "no zones named"),
        ({"what": "rival_store", "times": 2, "zones": [1], "from_day": 0}, "set: 1 (on) or set: 0 (off)"),
        ({"what": "level", "set": 1, "capability": "coupons", "from_day": 0}, "no level named"),
        ({"what": "capability", "set": 1, "capability": "coupons", "level": "rate", "from_day": 0}, ".level = 'rate': has no meaning for what: 'capability'"),
        ({"what": "bins", "set": 0, "stores": ["S01"], "from_day": 0}, "0 bins stand for as many as are needed"),
        ({"what": "staff", "set": 0.5, "from_day": 0}, "counted in whole numbers"),
        ({"what": "fee", "times": 0, "ab": {"name": "x", "share": 0.5, "group": "control"}, "from_day": 0}, "whom no change reaches"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_place(shipped, change: dict[str, Any], says: str) -> None:
    settings = shipped.with_changes(shipped.make_settings(), {"what": "media", "times": 1.1, "from_day": 0}, change)
    with pytest.raises(CannotIntervene) as caught:
        check_interventions(settings, ["DC", "S01", "S02"])
    assert says in str(caught.value)
    assert "scenario.interventions[1] (" in str(caught.value)
    with pytest.raises(CannotIntervene):
        start(settings)


def test_all_problems_are_said_at_once(shipped) -> None:
    bad = [{"what": "price", "from_day": 0}, {"what": "stock", "set": 5, "zones": [1], "from_day": 0}]
    assert len(problems(shipped.with_changes(shipped.make_settings(), *bad))) == 3
    assert set(NARROWED) == set(MOVES) | {"need_rate", "capability", "level", "misfit", "goods_cost", "delivery_cost"}


def test_a_restored_run_stands_where_the_saved_one_stood(shipped) -> None:
    changes = [{"what": "price", "times": 0.9, "from_day": 0, "to_day": 9}, {"what": "store_open", "set": 0, "stores": ["S02"], "from_day": 3}]
    settings = shipped.with_changes(shipped.make_settings(), *changes)
    world, interventions = start(settings)
    interventions.apply(28 + 4)
    saved = {k: np.array(v) for k, v in world.state().items()}, interventions.state()
    other, again = start(settings)
    other.load(saved[0])
    again.load(saved[1])
    for name, array in snapshot(world).items():
        assert np.array_equal(array, snapshot(other)[name]), name
    again.apply(28 + 9)
    interventions.apply(28 + 9)
    assert np.array_equal(world.price, other.price)


@pytest.mark.slow
def test_every_scenario_runs_under_every_strategy(shipped) -> None:
    for strategy in shipped.STRATEGIES:
        for path in sorted(shipped.SCENARIOS.glob("*.yaml")):
            settings = whole_run(shipped.make_settings(strategy=strategy, scenario=path.stem, shoppers=500))
            world, interventions = start(settings)
            before = snapshot(world)
            moved = sum(interventions.apply(day) for day in range(56))
            if settings.scenario.interventions and all(c.what != "capability" for c in settings.scenario.interventions):
                assert moved, (strategy, path.stem)
            assert (world.price > 0).all() and np.isfinite(world.outside_value).all()
            assert (world.policy.offers["promise_s"] >= -1).all() and world.policy.running_per_day >= 0
            assert all(array.shape == before[name].shape for name, array in snapshot(world).items())
