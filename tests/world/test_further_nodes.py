"""Nodes after the stores: they move nothing before them, hold stock where a policy has them, and are named and placed."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.schema.codes import Move, NodeKind
from omosim.schema.columns import DAY, HOUR
from omosim.strategy import build_policy, switch
from omosim.world.synthesis import synthesise

MORE = {"dark_stores": {"count": 2}, "points": {"points": 2, "lockers": 3}, "outsourced": {"count": 1, "extra_lead_days": 0.5, "order_fee": 1500}}
ALL = {"dark_stores": True, "lockers": True, "outsourced_nodes": True}


def settings_with(shipped, network: dict, **switched: bool):
    plain = shipped.make_settings(strategy="omo", shoppers=5000)
    parts = {name: getattr(plain.network, name).model_copy(update=change) for name, change in network.items()}
    strategy = switch(plain.strategy, switched)
    return plain.model_copy(update={"network": plain.network.model_copy(update=parts), "strategy": strategy})


def world_of(settings):
    world = synthesise(settings, 7, 0)
    world.policy = build_policy(settings)
    return world


@pytest.mark.parametrize("switched", [{}, ALL], ids=["off", "on"])
def test_further_nodes_move_nothing_before_them(shipped, switched) -> None:
    few, many = world_of(settings_with(shipped, {})), world_of(settings_with(shipped, MORE, **switched))
    n = len(few.nodes)
    assert many.node_names[:n] == few.node_names and many.node_names[n:] == ["D01", "D02", "P01", "P02", "L01", "L02", "L03", "X01"]
    for name in ("near", "billboard", "zone_weight", "price"):
        assert np.array_equal(getattr(few, name), getattr(many, name)), name
    for name in ("nodes", "trading", "level", "expected_daily"):
        assert np.array_equal(getattr(few, name), getattr(many, name)[:n]), name
    assert np.array_equal(few.stock.cells, many.stock.cells[:n]) and np.array_equal(few.distance_m, many.distance_m[:, :n])


def test_they_lie_idle_without_a_policy_that_has_them(shipped) -> None:
    world = world_of(settings_with(shipped, MORE))
    further = world.nodes["kind"] > NodeKind.STORE
    assert not world.trading[further].any() and not world.nodes["ships"][further].any()
    assert not world.stock.on_hand[further].any() and not world.stock.moves[Move.OPENING][further].any()
    assert (world.near_point == -1).all()


def test_they_work_where_a_policy_has_them(shipped) -> None:
    world = world_of(settings_with(shipped, MORE, **ALL))
    kind = world.nodes["kind"]
    assert world.trading.all()
    assert (world.nodes["ships"][kind == NodeKind.DARK] == 1).all() and (world.nodes["ships"][kind == NodeKind.OUTSOURCED] == 1).all()
    places = np.isin(kind, (NodeKind.POINT, NodeKind.LOCKER))
    holds = ~places
    assert (world.stock.on_hand[holds].sum(axis=1) > 0).all() and not world.stock.on_hand[places].any() and not world.level[places].any()
    assert np.array_equal(world.stock.moves[Move.OPENING], world.stock.on_hand)
    rows = np.flatnonzero(places)
    assert np.array_equal(world.near_point, rows[np.argmin(world.distance_m[:, rows], axis=1)])
    assert not (world.near > np.flatnonzero(kind == NodeKind.STORE)[-1]).any(), "nobody walks to a shelf of a dark store"
    outsourced = world.nodes[kind == NodeKind.OUTSOURCED][0]
    assert (outsourced["order_fee"], outsourced["extra_lead_s"]) == (1500, DAY // 2)
    lockers = world.nodes[kind == NodeKind.LOCKER]
    assert (lockers["bins"] == 24).all() and (lockers["opens_s"] == 0).all() and (lockers["closes_s"] == DAY).all()
    assert (world.nodes["opens_s"][kind == NodeKind.DARK] == 8 * HOUR).all()


def test_one_kind_moves_none_of_another(shipped) -> None:
    few = world_of(settings_with(shipped, {"points": {"lockers": 3}}, **ALL))
    many = world_of(settings_with(shipped, MORE, **ALL))
    for column in ("x_m", "y_m", "zone"):
        assert np.array_equal(few.nodes[column][-3:], many.nodes[column][many.nodes["kind"] == NodeKind.LOCKER])
    more = world_of(settings_with(shipped, {"points": {"lockers": 5}}, **ALL))
    assert np.array_equal(few.nodes["x_m"], more.nodes["x_m"][:-2]), "a further locker moves none of the others"


def test_operations_reach_the_nodes(shipped) -> None:
    how = {"pooled_staff": True, "hand_over": "overlap", "at_closing": "hand_back", "desk": 1, "fitting_rooms": 2, "curbside_bays": 3,
           "shelf_bins": 20, "batch_orders": 4, "walk_s": 90.0, "wave_minutes": 30, "slot_minutes": 15, "slot_orders": 6, "keep_units": 1}  # fmt: skip
    nodes = world_of(settings_with(shipped, {"operations": how})).nodes
    store = nodes[1]
    for column, value in {"pooled": 1, "hand_over": 1, "at_closing": 2, "desk": 1, "rooms": 2, "bays": 3, "bins": 20, "batch": 4, "walk_s": 90,
                          "wave_every_s": 1800, "slot_s": 900, "slot_cap": 6, "keep": 1}.items():  # fmt: skip
        assert store[column] == value, column
    assert nodes["wave_every_s"][0] == 1800 and not any(nodes[c][0] for c in ("pooled", "desk", "batch", "keep", "slot_s", "bins"))
