"""What a pickup and a courier are promised: hours in which people pick, waves that still leave today."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omosim.kernels.journeys_plans import after_open_hours
from omosim.schema.codes import Flow
from omosim.schema.columns import DAY, HOUR, NODE
from omosim.world.calendar import courier_waves
from omosim.world.geography import LEAST_RIDE_S, ride_seconds_per_km
from tests.journeys.harness import small_world
from tests.journeys.test_invariance import busy, rich_policy, show_on


def by_counting(opens: int, closes: int, hour: int, work: int) -> int:
    """The same, hour by hour."""
    while work > 0:
        if opens <= hour % 24 < closes:
            work -= 1
        hour += 1
    return hour


@settings(deadline=None)
@given(st.integers(0, 23), st.integers(1, 24), st.integers(0, 80), st.integers(1, 40))
def test_open_hours_are_counted_one_by_one(opens, closes, t, work):
    door = np.zeros(1, NODE)[0]
    door["opens_s"], door["closes_s"] = opens * HOUR, closes * HOUR
    due = t + work if opens >= closes else by_counting(opens, closes, t, work)
    assert after_open_hours(door, t * HOUR, work * HOUR) == due * HOUR


@pytest.fixture(scope="module")
def rows():
    s = busy(8000)
    world = small_world(s, rich_policy())
    found, _ = show_on(world, s, 10)
    return s, world, found


def test_pickups_are_promised_in_opening_hours(rows):
    _, world, found = rows
    pickups = found[found["flow"] == Flow.PICKUP]
    door = world.nodes[pickups["node"]]
    due, second = pickups["t"] + pickups["promise_s"], pickups["t"] % DAY
    shut = (second < door["opens_s"]) | (second >= door["closes_s"])
    assert shut.sum() > 20 and (~shut).sum() > 20
    assert ((due % DAY >= door["opens_s"] + 1) & (due % DAY <= door["closes_s"])).all()
    first = np.where(second < door["opens_s"], 0, DAY) + pickups["t"] - second + door["opens_s"]
    assert np.array_equal(due[shut], first[shut] + 4 * HOUR)
    day_left = (door["closes_s"] - second)[~shut] >= 4 * HOUR
    assert day_left.any() and (pickups["promise_s"][~shut][day_left] == 4 * HOUR).all()


def test_no_courier_is_offered_after_the_last_wave(rows):
    s, world, found = rows
    sent = found[found["flow"] == Flow.SAME_DAY]
    waves, door = np.array(courier_waves(s)), world.nodes[sent["node"]]
    second = sent["t"] % DAY
    assert (second >= door["opens_s"]).sum() > 10 and (second < door["opens_s"]).sum() > 3
    assert not (second >= door["closes_s"]).any()
    packed = np.maximum(second, door["opens_s"]) + sent["pick_s"]
    assert (packed <= waves[-1]).all()
    leaves = waves[np.searchsorted(waves, packed)]
    metres = world.distance_m[sent["zone"], sent["node"]].astype(np.int64)
    ride = np.maximum(LEAST_RIDE_S, metres * ride_seconds_per_km(s.market.geography.speed_kmh) // 1000)
    assert np.array_equal(sent["promise_s"], np.maximum(4 * HOUR, leaves - second + ride))


def test_an_order_carries_the_promise_of_the_parcel_that_may_take_its_place(rows):
    _, world, found = rows
    assert (found["alt_promise_s"] == world.policy.offers["promise_s"][0]).all()


def test_couriers_without_room_are_not_offered():
    policy = rich_policy()
    policy.courier_wave_capacity = 0
    s = busy(3000)
    found, _ = show_on(small_world(s, policy), s, 5)
    assert not (found["flow"] == Flow.SAME_DAY).any() and len(found) > 200
