"""Which nodes may ship to which zones: the table of `network.sourcing.allowed` through a run and in the routes."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.fulfilment import network_from
from omosim.model.run import Run, run
from omosim.schema.codes import Flow, NodeKind
from omosim.world.synthesis import synthesise

WORDS = [
    "strategy=omo", "shoppers=2500", "days=5", "burn_in_days=2", "seed=11", "strategy.capabilities.outsourced_nodes=true", "network.outsourced.count=1",
    "network.sourcing.rule=nearest", "network.sourcing.max_parcels=3",
]  # fmt: skip
CENTRE, OTHERS = list(range(16)), list(range(16, 32))
ALLOWED = f"network.sourcing.allowed=[{{nodes: [DC], zones: {CENTRE}}}, {{nodes: [outsourced], zones: {OTHERS}}}]"


def parcels(done: Run) -> tuple[np.ndarray, np.ndarray]:
    """Zone and kind of node of the parcels that left."""
    rows = done.book[(done.book["flow"] == Flow.SHIP) & (done.book["units_out"] > 0)]
    return rows["zone"], done.model.world.nodes["kind"][rows["node"]]


@pytest.mark.parametrize("word", ["engine.fulfilment=kernel", "engine.fulfilment=reference"])
def test_no_parcel_leaves_from_a_node_that_may_not_ship_there(word: str) -> None:
    done = run(compose("run", [*WORDS, ALLOWED, word]).settings)
    zone, kind = parcels(done)
    assert set(kind[np.isin(zone, CENTRE)]) == {NodeKind.DC} and set(kind[np.isin(zone, OTHERS)]) == {NodeKind.OUTSOURCED}
    assert NodeKind.STORE in kind[zone >= 32], "the nearest serve zones that no row names"
    assert not any(done.laws.values())


def test_without_the_table_these_parcels_would_have_come_from_elsewhere() -> None:
    zone, kind = parcels(run(compose("run", WORDS).settings))
    assert (kind[np.isin(zone, CENTRE)] != NodeKind.DC).any() and (kind[np.isin(zone, OTHERS)] != NodeKind.OUTSOURCED).any()


def test_routes_hold_whom_the_rows_of_a_zone_name() -> None:
    rows = "network.sourcing.allowed=[{nodes: [DC, S02], zones: [1, 2]}, {nodes: [X01], zones: [2]}]"
    given, plain = (compose("run", [*WORDS, *more]).settings for more in ([rows], []))
    world = synthesise(given, 7, 0)
    names = world.node_names
    limited, free = (network_from(world, s).routes() for s in (given, plain))
    found = [[names[n] for n in limited["source"][zone] if n >= 0] for zone in (1, 2)]
    assert sorted(found[0]) == ["DC", "S02"] and sorted(found[1]) == ["DC", "S02", "X01"]
    near = world.distance_m[2, [names.index(n) for n in found[1]]]
    assert np.all(np.diff(near) >= 0) and np.all(np.diff((limited["source"][2] < 0).astype(int)) >= 0)
    others = np.setdiff1d(np.arange(len(free)), [1, 2])
    assert np.array_equal(limited["source"][others], free["source"][others])
    assert np.array_equal(limited[["courier", "courier_m"]], free[["courier", "courier_m"]])
