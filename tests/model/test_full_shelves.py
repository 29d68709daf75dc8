"""Pickups at a store whose published shelf is full are off, where shelves have a limit."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.model.retail import RetailModel
from omosim.schema.codes import Flow, NodeKind
from omosim.schema.columns import BOXES_FULL, FLAG_BIN_WAIT
from omosim.schema.settings import Settings
from omosim.strategy import build_policy

WORDS = ("strategy=omo", "shoppers=3000", "days=5", "burn_in_days=2", "network.stores.count=2", "market.cost_basis_shoppers=3000", "engine.drain_days=10",
         "strategy.capabilities.reserve_and_collect=true", "strategy.capabilities.curbside=true")  # fmt: skip


def settings(*words: str) -> Settings:
    return compose("run", [*WORDS, *words]).settings


def played(*words: str) -> tuple[RetailModel, int, int]:
    """The finished run; pickups ordered at stores that published a full shelf, and at others."""
    model = RetailModel(settings(*words))
    counted = [0, 0]
    advance = model.journeys.advance

    def watched(until: int) -> np.ndarray:
        full = model.world.board["bins_free"] == 0
        rows = advance(until)
        picked = rows[(rows["flow"] == Flow.PICKUP) & (model.world.nodes["kind"][rows["node"]] == NodeKind.STORE)]
        counted[0] += int(full[picked["node"]].sum())
        counted[1] += int((~full[picked["node"]]).sum())
        return rows

    model.journeys.advance = watched  # type: ignore[method-assign]
    return model.run(), counted[0], counted[1]


@pytest.fixture(scope="module")
def closed() -> tuple[RetailModel, int, int]:
    return played("network.operations.shelf_bins=3")


def test_nobody_orders_a_pickup_where_the_shelf_is_published_as_full(closed) -> None:
    model, at_full, elsewhere = closed
    still_open, taken, _ = played("network.operations.shelf_bins=3", "network.operations.close_when_full=false")
    assert at_full == 0 and elsewhere > 30, (at_full, elsewhere)
    assert taken > 30, "left open, they are ordered there"
    waits = [int((m.fulfilment.book()["flags"] & FLAG_BIN_WAIT > 0).sum()) for m in (model, still_open)]
    assert waits[0] < waits[1] / 2, waits
    assert set(model.audit.worst.values()) == {0}


def test_without_a_limit_nothing_changes() -> None:
    one, two = (played(f"network.operations.close_when_full={word}")[0].fulfilment.book() for word in ("true", "false"))
    assert np.array_equal(one, two)


def test_which_offers_close() -> None:
    def closing(*words: str) -> list[int]:
        return np.flatnonzero(build_policy(settings(*words)).offers["full_off"] & BOXES_FULL).tolist()

    assert closing() == [] and closing("network.operations.shelf_bins=3", "network.operations.close_when_full=false") == []
    assert closing("network.operations.shelf_bins=3") == [2, 8, 9]
    plain = settings()
    change = {"name": "test", "title": "test", "interventions": [{"what": "bins", "set": 2, "from_day": 1}]}
    dated = Settings(**{**plain.model_dump(), "scenario": change})
    assert np.flatnonzero(build_policy(dated).offers["full_off"] & BOXES_FULL).tolist() == [2, 8, 9]
