"""Rules of the whole network: what is refused, with its place and a way out; each parameter can be explained."""

from __future__ import annotations

import pytest

from omosim.config.compose import compose
from omosim.config.errors import ConfigError
from omosim.config.explain import explain
from omosim.schema.operations import (
    DarkStores,
    Fitting,
    Inserts,
    Outsourced,
    PickupPoints,
    ShipToStore,
    Site,
    Sourcing,
    StoreOperations,
)

BAD = {
    "lockers without any": (["strategy.capabilities.lockers=true"], "'lockers' needs them"),
    "dark stores without any": (["strategy.capabilities.dark_stores=true"], "'dark_stores' needs them"),
    "outsourced without any": (["strategy.capabilities.outsourced_nodes=true"], "network.outsourced.count"),
    "slots without length": (["strategy.capabilities.pickup_slots=true"], "'pickup_slots' needs them"),
    "a slot without capacity": (["network.operations.slot_minutes=30"], "slot_orders"),
    "curbside without pickup": (["strategy.capabilities.curbside=true", "strategy.capabilities.bopis=false", "strategy.capabilities.fitting_pickup=false"], "'curbside' needs 'bopis'"),
    "walking longer than picking": (["network.operations.batch_orders=4", "network.operations.walk_s=900"], "more than work.pick_base_s"),
    "points that close before they open": (["network.points.opens=20:00", "network.points.closes=08:00"], "not after opens"),
    "sessions without length": (["network.site.sessions=100", "network.site.session_minutes=0"], "never fill a site"),
    "too many parcels": (["network.sourcing.max_parcels=5"], "max_parcels"),
    "too large a batch": (["network.operations.batch_orders=65"], "batch_orders"),
    "a pickup space without a use": (["strategy.capabilities.pickup_space=true"], "allowed: above 0, to 1. Give network.fitting.alterable with network.fitting.alter_minutes or network.fitting.unwanted, or drop pickup_space"),
    "rooms that nobody uses": (["network.operations.fitting_rooms=2"], "network.fitting.room_minutes = 0.0: fitting rooms that nobody uses"),
    "alterations without work": (["network.fitting.alterable=0.3"], "network.fitting.alter_minutes = 0.0: alterations without work"),
    "work on nothing": (["network.fitting.alter_minutes=9"], "network.fitting.alterable = 0.0: nothing is altered"),
    "a site for nobody": (["network.site.sessions=0"], "null for no limit"),
    "a queue page without limit": (["network.site.queue_page=10"], "a queue page of a site without limit"),
    "a desk in a pool": (["network.operations.desk=1", "network.operations.pooled_staff=true"], "without a desk"),
    "dark stores without stock": (["strategy.capabilities.dark_stores=true", "network.dark_stores.count=1", "network.dark_stores.stock_share=0", "network.stock.store_min_units=0"], "nothing lies there, and 'dark_stores'"),
    "outsourced without stock": (["strategy.capabilities.outsourced_nodes=true", "network.outsourced.count=1", "network.outsourced.stock_share=0", "network.stock.store_min_units=0"], "nothing lies there, and 'outsourced_nodes'"),
    "couriers who go nowhere": (["network.carrier.same_day_radius_km=0"], "no courier comes, and 'same_day'"),
    "couriers without room": (["network.carrier.wave_capacity=0"], "network.carrier.wave_capacity = 0: no courier comes"),
    "lots of nothing": (["network.stock.policy=r_q", "network.stock.lot_days=0"], "lots of nothing"),
    "a reorder point at the level": (["network.stock.policy=s_s", "network.stock.store_cover_days=40", "network.stock.reorder_days=28"], "at the centre the reorder point lies at the level (centre_cover_days = 28) or above: that is order_up_to; allowed: below 28"),
    "a reorder point above the level of stores": (["network.stock.policy=s_s", "network.stock.reorder_days=20"], "at stores the reorder point lies at the level (store_cover_days = 0) or above: that is order_up_to; allowed: 0. Lower it, or give more store_cover_days"),
    "a source that is not there": (["network.sourcing.allowed=[{nodes: [DC, S77, X01]}]"], "nodes[1] = 'S77': no such node that ships; allowed: DC, S01 to S24, stores"),
    "a locker as a source": (["network.points.lockers=2", "network.sourcing.allowed=[{nodes: [DC, L01]}]"], "'L01': no such node that ships"),
    "a zone that is not there": (["network.sourcing.allowed=[{nodes: [DC], zones: [4, 48]}]"], "zones[1] = 48: no such zone; allowed: 0 to 47"),
    "a zone without a source": (["network.outsourced.count=1", "network.sourcing.allowed=[{nodes: [X01], zones: [4]}]"], "nobody ships to zones 4 under this strategy. Add DC to their rows, or the capability outsourced_nodes"),
    "backorders that may not leave": (["network.backorders=true", "network.sourcing.allowed=[{nodes: [stores], zones: [4]}]"], "the centre, which may not ship to zones 4"),
    "an unknown hand-over": (["network.operations.hand_over=relai"], "relay"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused(case: str) -> None:
    words, says = BAD[case]
    with pytest.raises(ConfigError) as caught:
        compose("run", ["strategy=omo", *words])
    assert says in str(caught.value)


#: dated changes that find nothing, the network's words, what is said; with the cure None is said
DATED = {
    "twice no bins": ("{what: bins, times: 2, from_day: 0}", "network.operations.shelf_bins=4", "there is nothing to multiply: network.operations.shelf_bins"),
    "half of no bays": ("{what: bays, times: 0.5, from_day: 0}", "network.operations.curbside_bays=2", "network.operations.curbside_bays"),
    "more of no room": ("{what: rooms, times: 2, from_day: 0}", "network.operations.fitting_rooms=2 network.fitting.room_minutes=6", "fitting_rooms"),
    "slots of no length": ("{what: slots, set: 4, from_day: 0}", "network.operations.slot_minutes=30 network.operations.slot_orders=2", "no slots are booked"),
    "nothing kept": ("{what: keep, times: 2, from_day: 0}", "network.operations.keep_units=1", "keep_units"),
    "no batch": ("{what: batch, times: 2, from_day: 0}", "network.operations.batch_orders=3", "batch_orders"),
    "half of no limit": ("{what: site_capacity, times: 0.5, from_day: 0}", "network.site.sessions=500", "network.site.sessions"),
    "rooms without minutes": ("{what: rooms, set: 2, from_day: 0}", "network.fitting.room_minutes=6", "fitting rooms that nobody uses"),
    "a limit without length": ("{what: site_capacity, set: 9, from_day: 0}", "network.site.session_minutes=9", "never fill a site"),
}  # fmt: skip


@pytest.mark.parametrize("case", DATED)
def test_dated_changes_find_what_they_change(case: str) -> None:
    change, cure, says = DATED[case]
    words = ["strategy=omo", f"scenario.interventions=[{change}]"]
    with pytest.raises(ConfigError) as caught:
        compose("run", [*words, *(["network.site.session_minutes=0"] if "site.session" in cure else [])])
    assert says in str(caught.value), caught.value
    assert compose("run", [*words, *cure.split()]).settings.scenario.interventions


def test_all_that_is_half_set_up_is_said_at_once() -> None:
    words = ["network.operations.fitting_rooms=2", "network.site.sessions=0", "network.operations.desk=1", "network.operations.pooled_staff=true",
             "strategy.capabilities.lockers=true", "network.sourcing.allowed=[{nodes: [X01], zones: [99]}]"]  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        compose("run", ["strategy=omo", *words])
    assert len(caught.value.problems) == 6
    assert all(p.key.startswith("network.") and p.allowed and p.cure for p in caught.value.problems)


def test_no_number_of_places_means_as_many_as_are_needed() -> None:
    """Without bays cars wait for the counter's people alone; trying on takes its time and no wait for a room."""
    got = compose("run", ["strategy=omo", "strategy.capabilities.curbside=true", "network.fitting.room_minutes=6"]).settings.network
    assert got.operations.curbside_bays == got.operations.fitting_rooms == 0 and got.fitting.room_minutes == 6
    compose("run", ["strategy=omo", "network.stock.policy=s_s", "network.stock.store_cover_days=21", "network.stock.reorder_days=20"])
    compose("run", ["strategy=omo", "network.stock.policy=s_s"])


def test_what_a_dated_change_gives_is_not_missed() -> None:
    bays = "scenario.interventions=[{what: bays, set: 3, from_day: 0}, {what: courier_capacity, set: 5, from_day: 0}]"
    compose("run", ["strategy=omo", "strategy.capabilities.curbside=true", "network.carrier.wave_capacity=0", bays])
    later = "scenario.interventions=[{what: capability, capability: outsourced_nodes, set: 1, from_day: 3}]"
    compose("run", ["strategy=omo", "network.outsourced.count=1", "network.sourcing.allowed=[{nodes: [X01], zones: [4]}]", later])


def test_dark_stores_close_and_have_staff_by_date_and_nothing_else() -> None:
    words = ["strategy=omo", "network.dark_stores.count=2", "strategy.capabilities.dark_stores=true"]
    changes = "{what: store_open, set: 0, stores: [D02, S01], from_day: 0}, {what: staff, times: 2, stores: [D01], from_day: 0}"
    compose("run", [*words, f"scenario.interventions=[{changes}]"])
    for bad, says in (("{what: staff, times: 2, stores: [D03], from_day: 0}", "'D03': no such store; allowed: S01 to S24, D01 to D02"),
                      ("{what: keep, set: 2, stores: [D01], from_day: 0}", "'D01': no such store; allowed: S01 to S24"),
                      ("{what: store_open, set: 1, stores: [D03], from_day: 1}", "'D03': no such store")):  # fmt: skip
        with pytest.raises(ConfigError) as caught:
            compose("run", [*words, f"scenario.interventions=[{bad}]"])
        assert says in str(caught.value)


def test_sources_are_named_by_node_or_kind() -> None:
    rows = "network.sourcing.allowed=[{nodes: [DC, stores], zones: [0, 47]}, {nodes: [S24], zones: [3]}, {nodes: [outsourced, dark_stores, DC, D02]}]"
    got = compose("run", ["strategy=omo", "network.outsourced.count=1", "network.dark_stores.count=2", rows]).settings.network.sourcing.allowed
    assert [row.nodes for row in got] == [["DC", "stores"], ["S24"], ["outsourced", "dark_stores", "DC", "D02"]] and got[2].zones == []


GROUPS = {"operations": StoreOperations, "fitting": Fitting, "dark_stores": DarkStores, "points": PickupPoints, "outsourced": Outsourced,
          "sourcing": Sourcing, "ship_to_store": ShipToStore, "inserts": Inserts, "site": Site}  # fmt: skip


@pytest.mark.parametrize("market", ["seoul_beauty", "apparel", "reference_w4"])
def test_each_parameter_is_explained_from_the_file_that_sets_it(market: str) -> None:
    composed = compose("run", [f"market={market}"])
    for group, model in GROUPS.items():
        for name, field in model.model_fields.items():
            text = explain(f"network.{group}.{name}", composed)
            assert field.description and field.description[:30] in text, name
            assert f"{market}.yaml" in text, f"{group}.{name} is not in the file of {market}"


def test_what_is_off_by_default_is_off_in_every_market() -> None:
    for market in ("seoul_beauty", "apparel", "reference_w4"):
        net = compose("run", [f"market={market}"]).settings.network
        assert net.site.sessions is None and net.sourcing == Sourcing()
        assert net.dark_stores.count == net.points.points == net.points.lockers == net.outsourced.count == 0
        how = net.operations.model_dump(exclude={"walk_s"})
        assert how == StoreOperations().model_dump(exclude={"walk_s"})
