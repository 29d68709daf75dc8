"""Strategies: order-free, name-free, off equals absent, and every wrong one refused with the way out."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np
import pytest

from omosim.schema.columns import OFFER_NAMES
from omosim.schema.strategy import CapabilityLevel, StrategySettings
from omosim.strategy import (
    BadLevel,
    Capability,
    IncompatibleCapabilities,
    StrategyError,
    UnknownCapability,
    build_policy,
    capability,
    capability_names,
    check_strategy,
    register,
    registry,
    switch,
)
from omosim.world.policy import Policy

STRATEGIES = ("store_only", "multichannel", "o2o", "omnichannel", "omo", "convergent")


def numbers(policy: Policy) -> dict[str, Any]:
    values = {f.name: getattr(policy, f.name) for f in dataclasses.fields(policy) if f.name != "rebuild"}
    return {name: v.tolist() if isinstance(v, np.ndarray) else v for name, v in values.items()}


def with_rows(settings, rows: dict[str, CapabilityLevel], name: str = "test"):
    return settings.model_copy(update={"strategy": StrategySettings(name=name, capabilities=rows)})


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_shipped_strategy_builds(shipped, strategy: str) -> None:
    settings = shipped.make_settings(strategy=strategy)
    assert check_strategy(settings.strategy) == []
    policy = build_policy(settings)
    enabled = {name for name, on in zip(OFFER_NAMES, policy.offers["enabled"], strict=True) if on}
    assert "store_first" in enabled
    assert ("web_bopis" in enabled) == ("bopis" in settings.strategy.capabilities)
    assert ("live_ship" in enabled) == ("live_commerce" in settings.strategy.capabilities)
    assert policy.touch_on.size == len(settings.touchpoints.rows)


def test_the_ladder_adds_and_never_takes_away(shipped) -> None:
    previous: set[str] = set()
    for strategy in STRATEGIES:
        now = set(shipped.make_settings(strategy=strategy).strategy.capabilities)
        assert previous < now or strategy == "store_only"
        previous = now


def test_off_equals_absent(shipped) -> None:
    settings = shipped.make_settings(strategy="omo")
    rows = settings.strategy.capabilities
    for name in rows:
        kept = switch(settings.strategy, {name: False}).capabilities
        off = with_rows(settings, kept)
        absent = with_rows(settings, {n: r for n, r in kept.items() if r.enabled})
        assert numbers(build_policy(off)) == numbers(build_policy(absent)), name
        assert numbers(build_policy(off)) != numbers(build_policy(settings)), name


def test_the_name_decides_nothing(shipped) -> None:
    settings = shipped.make_settings(strategy="omo")
    renamed = with_rows(settings, dict(settings.strategy.capabilities), name="store_only")
    assert numbers(build_policy(renamed)) == numbers(build_policy(settings))


def test_the_order_in_the_file_decides_nothing(shipped) -> None:
    settings = shipped.make_settings(strategy="convergent")
    rows = settings.strategy.capabilities
    turned = with_rows(settings, {n: rows[n] for n in reversed(list(rows))})
    assert numbers(build_policy(turned)) == numbers(build_policy(settings))


def test_the_order_of_the_registry_decides_nothing(shipped, monkeypatch) -> None:
    settings = shipped.make_settings(strategy="convergent")
    before = numbers(build_policy(settings))
    names = capability_names()
    monkeypatch.setattr(registry, "_CAPABILITIES", {n: capability(n) for n in reversed(names)})
    assert capability_names() == names[::-1]
    assert numbers(build_policy(settings)) == before


@pytest.mark.parametrize("name", capability_names())
def test_every_capability_sets_something_and_keeps_the_rest(shipped, name: str) -> None:
    settings = shipped.make_settings(strategy="store_only")
    need = switch(settings.strategy, {name: True})
    without = {n: r for n, r in need.capabilities.items() if n != name}
    low, high = (numbers(build_policy(with_rows(settings, rows))) for rows in (without, dict(need.capabilities)))
    moved = {key for key in low if low[key] != high[key]}
    assert moved, name
    assert not moved & {"capital", "capital_per_day", "running_per_day"}  # defaults cost nothing; files say costs


@pytest.mark.parametrize("name", capability_names())
def test_what_a_capability_writes_is_in_the_policy(name: str) -> None:
    known, cap = {f.name for f in dataclasses.fields(Policy)}, capability(name)
    assert {*cap.switches, *(part for level in cap.levels for part in (level.sets, level.adds) if part)} <= known


@pytest.mark.parametrize("name", capability_names())
def test_levels_are_held_to_their_ranges(shipped, name: str) -> None:
    settings = shipped.make_settings(strategy="store_only")
    for level in capability(name).levels:
        for value in (level.low, level.high, level.default):
            assert level.problem(value) is None
        for value in (level.low - 1, level.high + 1):
            rows = dict(switch(settings.strategy, {name: True}).capabilities)
            rows[name] = CapabilityLevel(levels={level.name: value})
            with pytest.raises(BadLevel, match=level.name):
                build_policy(with_rows(settings, rows))


def test_whole_levels_refuse_fractions(shipped) -> None:
    settings = with_rows(shipped.make_settings(), {"locator": CapabilityLevel(levels={"stores": 2.5})})
    with pytest.raises(BadLevel, match="no whole number"):
        build_policy(settings)


def test_unknown_names_are_refused_with_the_nearest(shipped) -> None:
    settings = shipped.make_settings()
    with pytest.raises(UnknownCapability, match="Did you mean 'bopis'"):
        build_policy(with_rows(settings, {"bopiss": CapabilityLevel()}))
    with pytest.raises(BadLevel, match="Did you mean 'promise_h'"):
        build_policy(with_rows(settings, {"web_shop": CapabilityLevel(), "bopis": CapabilityLevel(levels={"promise": 2})}))
    with pytest.raises(BadLevel, match="it has none"):
        build_policy(with_rows(settings, {"web_shop": CapabilityLevel(), "return_anywhere": CapabilityLevel(levels={"days": 2})}))


def test_missing_company_is_refused_with_the_way_out(shipped) -> None:
    settings = with_rows(shipped.make_settings(), {"fitting_pickup": CapabilityLevel(), "same_day": CapabilityLevel()}, "web_only")
    with pytest.raises(IncompatibleCapabilities) as caught:
        build_policy(settings)
    text = str(caught.value)
    assert "'fitting_pickup' needs 'bopis'; strategy 'web_only' has" in text
    assert "Add bopis to strategy.capabilities or drop fitting_pickup." in text
    assert "'same_day' needs 'web_shop'" in text  # all problems, not the first only
    assert isinstance(caught.value, StrategyError) and len(caught.value.problems) == 2


def test_excluded_company_is_refused(shipped, monkeypatch) -> None:
    monkeypatch.setattr(registry, "_CAPABILITIES", dict(registry._CAPABILITIES))

    @register
    class OwnDesk(Capability):
        name = "own_desk"
        title = "Returns only where bought"
        excludes: ClassVar[tuple[str, ...]] = ("return_anywhere",)

        def apply(self, policy: Policy, levels: Any, context: Any) -> None:
            """Sets nothing."""

    rows = {n: CapabilityLevel() for n in ("web_shop", "return_anywhere", "own_desk")}
    with pytest.raises(IncompatibleCapabilities, match="cannot stand beside 'return_anywhere'"):
        build_policy(with_rows(shipped.make_settings(), rows))
    with pytest.raises(ValueError, match="twice"):
        register(OwnDesk)


def test_switching_takes_what_belongs_along(shipped) -> None:
    bare = shipped.make_settings(strategy="store_only").strategy
    on = switch(bare, {"fitting_pickup": True})
    assert {n for n, r in on.capabilities.items() if r.enabled} == {"fitting_pickup", "bopis", "web_shop"}
    off = switch(shipped.make_settings(strategy="omo").strategy, {"customer_file": False})
    left = {n for n, r in off.capabilities.items() if r.enabled}
    assert not left & {"customer_file", "personalisation", "store_sensing", "retargeting"} and "bopis" in left
    with pytest.raises(UnknownCapability):
        switch(bare, {"teleport": True})


def test_information_comes_from_independent_sources(shipped) -> None:
    accuracy = {s: build_policy(shipped.make_settings(strategy=s)).accuracy_web for s in ("store_only", "o2o", "omo")}
    assert accuracy["store_only"] == 0.0
    assert accuracy["o2o"] == pytest.approx(1 - 0.65 * 0.75)  # shop and reviews
    found = 0.6 * 0.4  # AR for those who use it; of what it finds .8 are avoided, since it names the size, and the rest is a sign
    assert accuracy["omo"] == pytest.approx(1 - 0.65 * 0.75 * (1 - found * 0.2 / (1 - found * 0.8)))


def test_a_new_touchpoint_row_needs_no_code(shipped) -> None:
    settings = shipped.make_settings(strategy="o2o")
    row = settings.touchpoints.rows["reviews"].model_copy(update={"accuracy": 0.2, "title": "Size guide"})
    more = settings.touchpoints.model_copy(update={"rows": {**settings.touchpoints.rows, "size_guide": row}})
    policy = build_policy(settings.model_copy(update={"touchpoints": more}))
    assert policy.accuracy_web == pytest.approx(1 - 0.65 * 0.75 * 0.8)
    assert policy.touch_on.size == len(settings.touchpoints.rows) + 1


def test_costs_are_the_simulated_part_of_the_retailer(shipped) -> None:
    settings = shipped.make_settings(strategy="omo")
    basis = settings.market.cost_basis_shoppers
    rows = settings.strategy.capabilities.values()
    whole = build_policy(settings.model_copy(update={"shoppers": basis}))
    assert whole.capital == sum(r.capital for r in rows)
    stores = settings.network.stores.count
    assert whole.running_per_day == sum(r.running_per_day + stores * r.running_per_store_day for r in rows)
    part = build_policy(settings)
    assert part.running_per_day == pytest.approx(whole.running_per_day * settings.shoppers / basis, abs=1)
    assert build_policy(settings.model_copy(update={"shoppers": 10 * basis})).capital == whole.capital


@pytest.mark.parametrize("market", ["seoul_beauty", "apparel"])
def test_no_cost_decides_the_race_by_being_absurd(shipped, market: str) -> None:
    """Capabilities of the dearest strategy cost a few per cent of the sales that the market settings imply."""
    settings = shipped.make_settings(market, strategy="convergent")
    policy, demand = build_policy(settings), settings.market.demand
    orders = settings.shoppers * demand.purchase_r / demand.purchase_alpha_weeks / 7
    basket = sum(c.need_share * c.price * c.units_mean for c in settings.catalogue.categories.values())
    share = (policy.running_per_day + policy.capital_per_day) / (orders * basket)
    assert 0.01 < share < 0.06
