"""Capabilities of collecting and of further nodes: each sets its own rows and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.schema.columns import BOXES_FULL, DAY, HOUR, OFFER_NAMES, SLOTS_FULL
from omosim.strategy import build_policy, switch

ROW = {name: i for i, name in enumerate(OFFER_NAMES)}


def policy_of(settings, *names: str):
    return build_policy(settings.model_copy(update={"strategy": switch(settings.strategy, dict.fromkeys(names, True))}))


#: capability -> offers it switches on
OFFERS = {
    "reserve_and_collect": {"web_reserve"}, "curbside": {"web_curbside"}, "lockers": {"web_locker"}, "ship_to_store": {"web_to_store"},
    "pickup_slots": set(), "pickup_space": set(), "dark_stores": set(), "outsourced_nodes": set(), "package_inserts": set(),
}  # fmt: skip


@pytest.mark.parametrize("name", OFFERS)
def test_each_switches_its_own_offers(shipped, name: str) -> None:
    settings = shipped.make_settings(strategy="omo")
    plain, with_it = build_policy(settings), policy_of(settings, name)
    on = {OFFER_NAMES[i] for i in np.flatnonzero(with_it.offers["enabled"] != plain.offers["enabled"])}
    assert on == OFFERS[name]
    for i, offer in enumerate(OFFER_NAMES):
        if offer not in on and name != "pickup_slots":
            assert with_it.offers[i] == plain.offers[i], offer
    changed = any(
        not np.array_equal(getattr(plain, f), getattr(with_it, f)) for f in ("offers", "services", "dark_stores", "pickup_points", "outsourced")
    )
    assert changed


def test_what_each_sets(shipped) -> None:
    settings = shipped.make_settings(strategy="omo")
    policy = policy_of(settings, *OFFERS)
    offers, services = policy.offers, policy.services
    assert services["hold_s"][ROW["web_reserve"]] == 24 * HOUR and offers["try_on"][ROW["web_reserve"]] == 1
    assert offers["place_ppm"][ROW["web_curbside"]] == 500_000 and services["curbside"].sum() == 1
    assert offers["promise_s"][ROW["web_locker"]] == offers["promise_s"][ROW["web_to_store"]] == 2 * DAY
    assert np.flatnonzero(services["books_box"]).tolist() == [ROW["web_locker"]]
    assert np.flatnonzero(services["ship_to"]).tolist() == [ROW["web_locker"], ROW["web_to_store"]]
    assert np.flatnonzero(services["slotted"]).tolist() == [ROW["web_bopis"], ROW["web_curbside"]]
    assert offers["full_off"][[ROW["web_bopis"], ROW["web_curbside"], ROW["web_locker"]]].tolist() == [SLOTS_FULL, SLOTS_FULL, BOXES_FULL]
    inside = [ROW["web_bopis"], ROW["web_reserve"], ROW["web_to_store"]]
    assert np.flatnonzero(services["take_part"]).tolist() == np.flatnonzero(services["alters"]).tolist() == inside
    assert np.flatnonzero(services["insert"]).tolist() == [ROW["web_ship"], ROW["social_ship"], ROW["live_ship"]]
    assert not services["late"].any()


def test_stock_put_aside_at_the_pick_but_for_reservations(shipped) -> None:
    settings = shipped.make_settings(strategy="omo")
    rule = settings.network.sourcing.model_copy(update={"reserve_at": "pick"})
    late = build_policy(settings.model_copy(update={"network": settings.network.model_copy(update={"sourcing": rule})})).services["late"]
    assert late[ROW["web_reserve"]] == 0 and late.sum() == late.size - 1


def test_no_shipped_strategy_has_them_yet(shipped) -> None:
    for strategy in shipped.STRATEGIES:
        assert not set(OFFERS) & set(shipped.make_settings(strategy=strategy).strategy.capabilities)
