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
    "an unknown hand-over": (["network.operations.hand_over=relai"], "relay"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused(case: str) -> None:
    words, says = BAD[case]
    with pytest.raises(ConfigError) as caught:
        compose("run", ["strategy=omo", *words])
    assert says in str(caught.value)


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
