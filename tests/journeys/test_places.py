"""Offers that are collected elsewhere or otherwise: who takes them, what their rows say, and that they move nobody when off."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.schema.codes import Flow, NodeKind
from omosim.schema.columns import BOXES_FULL, DAY, HOUR, SLOTS_FULL

from .harness import online_policy, play, small_world
from .small import settings

BOPIS, RESERVE, CURBSIDE, LOCKER, TO_STORE = 2, 8, 9, 10, 11
LOCKERS = {"points": {"lockers": 4}}
OFF = [0, 2, 3, 4, 5]


def policy(*more: int, **change):
    """Web, pickup and stores, and `more` offers; pickups are promised in two hours, what is sent there in a day."""
    p = online_policy(on=[*OFF, *more], pickup_points=1, **change)
    p.offers["promise_s"][[BOPIS, RESERVE, CURBSIDE]] = 2 * HOUR
    p.offers["promise_s"][[LOCKER, TO_STORE]] = DAY
    return p


def world_and_rows(p, network=LOCKERS, days=10, change=None, **more):
    s = settings(network=network, shoppers=8000, **more)
    world = small_world(s, p)
    if change is not None:
        change(world)
    return world, play(s, p, days, world=world, learn=False).rows  # experience would carry a difference on


@pytest.fixture(scope="module")
def plain():
    return world_and_rows(policy())[1]


def test_places_that_no_offer_uses_move_nobody(plain):
    assert np.array_equal(plain, world_and_rows(policy(), network={})[1])
    assert not any(plain[name].any() for name in ("fit_s", "alter_s", "session_s", "unwanted"))


@pytest.mark.parametrize("offer", [RESERVE, CURBSIDE, LOCKER])
def test_a_further_offer_moves_nobody_between_two_others(plain, offer):
    _, rows = world_and_rows(policy(offer))
    moved = rows["offer"] == offer
    assert moved.sum() > 10
    others = rows[~moved]
    assert np.isin(others["key"], plain["key"]).all(), "who does not take it does what he did"
    before = plain[np.isin(plain["key"], others["key"])]
    mine, both = others[np.argsort(others["key"])], before[np.argsort(before["key"])]
    assert all(np.array_equal(mine[name], both[name]) for name in mine.dtype.names)


def test_an_order_for_a_locker_goes_to_the_nearest(plain):
    world, rows = world_and_rows(policy(LOCKER))
    mine = rows[rows["offer"] == LOCKER]
    assert len(mine) > 30 and (mine["flow"] == Flow.PICKUP).all()
    assert (mine["node"] == world.near_point[mine["zone"]]).all()
    assert (world.nodes["kind"][mine["node"]] == NodeKind.LOCKER).all()
    assert (mine["promise_s"] == DAY).all(), "lockers are open day and night: the way is all"
    assert not mine["extra_units"].any() and (mine["try_on"] == 0).all()
    stores = np.flatnonzero(world.nodes["kind"] == NodeKind.STORE)
    assert np.isin(mine["return_node"], [-1, *stores]).all(), "a locker takes nothing back"


def test_full_lockers_and_slots_are_off(plain):
    def full(world):
        world.board["bins_free"], world.board["slots_left"] = 0, 0

    def free(world):
        world.board["bins_free"], world.board["slots_left"] = 1, 1

    p = policy(LOCKER, CURBSIDE)
    p.offers["full_off"][[LOCKER, CURBSIDE]] = BOXES_FULL, SLOTS_FULL
    _, none = world_and_rows(p, change=full)
    assert not np.isin(none["offer"], (LOCKER, CURBSIDE)).any() and np.array_equal(none, plain)
    _, some = world_and_rows(p, change=free)
    assert (some["offer"] == LOCKER).any() and (some["offer"] == CURBSIDE).any()


def test_what_lies_in_the_store_is_not_sent_there():
    _, stocked = world_and_rows(policy(TO_STORE))
    assert not (stocked["offer"] == TO_STORE).any()

    def bare(world):
        world.stock.published[1:] = 0

    world, rows = world_and_rows(policy(TO_STORE), change=bare)
    mine = rows[rows["offer"] == TO_STORE]
    assert len(mine) > 20 and not (rows["offer"] == BOPIS).any()
    ready = mine["t"] + mine["promise_s"]
    doors = world.nodes[mine["node"]]
    assert (ready % DAY >= doors["opens_s"]).all() and (mine["promise_s"] >= DAY).all()


def test_less_time_at_the_place_is_worth_something():
    quick, slow = policy(CURBSIDE), policy(CURBSIDE)
    quick.offers["place_ppm"][CURBSIDE] = 200_000
    slow.offers["place_ppm"][CURBSIDE] = 2_000_000
    shares = [(world_and_rows(p)[1]["offer"] == CURBSIDE).mean() for p in (quick, slow)]
    assert shares[0] > shares[1] > 0


def test_sessions_take_place_on_a_site_alone(plain):
    site = {"site": {"sessions": 1000, "session_minutes": 8.0}}
    _, rows = world_and_rows(policy(), network=LOCKERS | site)
    browsing = rows["flow"] == Flow.BROWSE
    assert np.array_equal(plain["key"], rows["key"][~browsing]) and browsing.sum() > 100
    assert (rows["session_s"][browsing] > 0).all() and (rows["units"][browsing] == 0).all()
    web = ~browsing & (rows["flow"] != Flow.VISIT)
    assert (rows["session_s"][web] > 0).all() and not rows["session_s"][rows["flow"] == Flow.VISIT].any()
    assert rows["session_s"][browsing | web].mean() == pytest.approx(480, rel=0.1)
    for name in plain.dtype.names:
        if name != "session_s":
            assert np.array_equal(plain[name], rows[name][~browsing]), name


def test_trying_on_alterations_and_what_is_left(plain):
    fitting = {"fitting": {"room_minutes": 5.0, "alterable": 0.5, "alter_minutes": 10.0, "unwanted": 0.25}}
    p = policy()
    p.offers["try_on"][BOPIS] = 1
    _, before = world_and_rows(p)
    _, rows = world_and_rows(p, network=LOCKERS | fitting)
    assert np.array_equal(before["key"], rows["key"]), "what turns out in the store is not foreseen"
    tries = (rows["flow"] == Flow.VISIT) | (rows["try_on"] == 1)
    assert (rows["fit_s"][tries] > 0).all() and not rows["fit_s"][~tries].any()
    assert rows["fit_s"][tries].mean() == pytest.approx(300, rel=0.1)
    misfits = (rows["try_on"] == 1) & (rows["misfit"] == 1)
    assert 0 < (rows["alter_s"][misfits] > 0).mean() < 1 and not rows["alter_s"][~misfits].any()
    many = rows["units"] >= 2
    assert not rows["unwanted"][~many].any() and (rows["unwanted"] <= rows["units"]).all()
    if many.sum() > 200:
        assert rows["unwanted"][many].sum() / rows["units"][many].sum() == pytest.approx(0.25, abs=0.05)


def test_couriers_come_from_the_nearest_dark_store_too():
    p = online_policy(on=[0, 1, 4], courier_radius_m=100_000, courier_wave_capacity=20, dark_stores=1)
    p.offers["promise_s"][1] = 4 * HOUR

    def bare(world):  # stores have nothing to send
        world.stock.published[1:] = 0
        world.stock.published[world.nodes["kind"] == NodeKind.DARK] = 1000

    world, rows = world_and_rows(p, network={"dark_stores": {"count": 3}}, change=bare)
    mine = rows[rows["flow"] == Flow.SAME_DAY]
    assert len(mine) > 10 and (mine["node"] == world.near_dark[mine["zone"]]).all()
    idle, rows = world_and_rows(online_policy(on=[0, 1, 4], courier_radius_m=100_000, courier_wave_capacity=20), network={"dark_stores": {"count": 3}})
    assert (idle.near_dark == -1).all() and (idle.nodes["kind"][rows["node"][rows["flow"] == Flow.SAME_DAY]] == NodeKind.STORE).all()
