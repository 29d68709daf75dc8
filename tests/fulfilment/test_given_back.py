"""Worlds of a few orders worked out by hand: what is waited for no longer, given back, or put out of a shut store."""

from __future__ import annotations

import numpy as np
import pytest
from shop import HERE, NOBODY, THERE, Shop, both

from omosim.schema.codes import Account, Action, Flow, Move, NodeKind, Outcome, Status
from omosim.schema.columns import (
    DAY,
    FLAG_BIN_WAIT,
    FLAG_CLOSED,
    FLAG_PHANTOM,
    FLAG_QUEUE_LEFT,
    FLAG_SLOT,
    HOUR,
)
from omosim.schema.network import (
    COUNTER,
    N_ROLES,
    PICKING,
    PLACE_TRUCK,
    ROOM,
    SHELF,
    VISIT_ABANDONED,
)


# ---- A: the wait for a bin ----------------------------------------------------------------------------------------
@both
def test_an_order_without_a_bin_is_given_up_and_the_next_one_gets_the_bin(make):
    shop = Shop(make, [[0], [10], [0]], nodes={"bins": (0, 1, 0)}, bin_wait_s=HOUR)
    shop.order(
        {"t": 0, "pick_s": 100, "collect_lag_s": 3900, "counter_s": 60},
        {"t": 0, "pick_s": 100, "units": 2},
        {"t": 900, "pick_s": 100},
    )
    book = shop.at(2000)
    # the second waits from 200 on, the third from 1000 on; the first customer has gone at 100 + 3900 + 60
    assert list(book["status"]) == [Status.STAGED, Status.PACKED, Status.PACKED]
    assert list(book["flags"] & FLAG_BIN_WAIT > 0) == [False, True, True]
    assert shop.cell("reserved") == 3
    book = shop.at(5000)
    assert list(book["status"]) == [Status.COLLECTED, Status.CANCELLED, Status.STAGED]
    assert list(book["picked_at"]) == [100, 200, 1000]
    assert list(book["ready_at"]) == [100, -1, 4060]
    assert (book["done_at"][1], book["units_short"][1]) == (3800, 2)
    assert shop.told == [(3800, 2, Outcome.FAILED_PICKUP, 0), (4060, 1, Outcome.COLLECTED, 100)]
    assert [shop.cell(c) for c in ("on_hand", "available", "reserved", "staged", "record")] == [9, 8, 0, 1, 8]
    shelf = shop.engine.books().spaces[2 * HERE + SHELF]
    assert (shelf["waits"], shelf["used"], shelf["waiting"]) == (3600 + 3060, 1, 0)


@both
@pytest.mark.parametrize(("lag", "status"), [(3640, Status.STAGED), (3641, Status.CANCELLED)])
def test_a_bin_that_comes_free_in_the_last_second_is_taken(make, lag, status):
    shop = Shop(make, [[0], [10], [0]], nodes={"bins": (0, 1, 0)}, bin_wait_s=HOUR)
    shop.order({"t": 0, "pick_s": 100, "collect_lag_s": lag, "counter_s": 60}, {"t": 0, "pick_s": 100})
    book = shop.at(3801)
    assert book["status"][1] == status  # the first customer has gone at 100 + lag + 60, the wait ends at 200 + 3600
    assert book["ready_at" if status == Status.STAGED else "done_at"][1] == 3800


@both
def test_what_found_no_box_goes_back_to_the_centre(make):
    shop = Shop(make, [[10], [0], [0]], "ship_to", {"kind": (NodeKind.DC, NodeKind.LOCKER, NodeKind.STORE), "ships": 1, "bins": (0, 1, 0)},
                bin_wait_s=HOUR, cutoff_s=1000, to_store_s=HOUR, to_store_cost=7)  # fmt: skip
    shop.order({"t": 0, "pick_s": 100}, {"t": 0, "pick_s": 100, "units": 2})
    shop.at(8201)  # they leave at 1000 and are there at 4600; the second waits until 8200
    assert shop.told == [(8200, 2, Outcome.FAILED_PICKUP, 0)]
    assert shop.engine.books().places[0, PLACE_TRUCK] == 2
    assert (shop.cell("on_hand"), shop.cell("on_hand", NOBODY)) == (1, 7)
    assert shop.engine.pending() == 1
    book = shop.at(8200 + HOUR + 1)
    assert list(book["status"]) == [Status.STAGED, Status.CANCELLED]
    assert shop.engine.books().places[0, PLACE_TRUCK] == 0
    assert (shop.cell("available", NOBODY), shop.cell("record", NOBODY)) == (9, 9)
    assert shop.engine.books().ledger[:, Account.TRANSFERS].sum() == 3 * 7
    assert book["service_cost"][1] == 2 * 7


# ---- B: places that are given back --------------------------------------------------------------------------------
@both
@pytest.mark.parametrize(("pick_s", "back"), [(7199, 1), (7200, 0)])
def test_the_slot_of_a_cancelled_order_is_given_back_until_it_begins(make, pick_s, back):
    shop = Shop(make, [[0], [5], [0]], "slotted", {"slot_s": (0, HOUR, 0), "slot_cap": 1})
    shop.lose()
    shop.order({"t": 0, "pick_s": pick_s, "promise_s": 2 * HOUR})
    shop.at(1)
    assert shop.engine.books().bookings[HERE, 2] == 1 and shop.counts() == (1, 0, 0)
    book = shop.at(pick_s + 1)  # nothing is found
    assert shop.told == [(pick_s, 1, Outcome.FAILED_PICKUP, 0)]
    assert shop.engine.books().bookings[HERE, 2] == 1 - back and shop.counts() == (1, back, 0)
    assert book["promised_at"][0] == 2 * HOUR and book["flags"][0] & FLAG_SLOT and shop.engine.books().granted == 1


@both
def test_a_slot_that_was_given_back_can_be_booked_again(make):
    shop = Shop(make, [[0, 0], [5, 5], [0, 0]], "slotted", {"slot_s": (0, HOUR, 0), "slot_cap": 1}, slot_tries=1)
    shop.lose()
    other = {"sku": 1, "promise_s": 7000}  # the slot that begins at 7200, too
    shop.order({"t": 0, "pick_s": 100, "promise_s": 2 * HOUR}, {"t": 99} | other, {"t": 100} | other)
    book = shop.at(300)  # the second finds the slot full, the third finds it free: a pick ends before an order comes
    assert list(book["status"]) == [Status.CANCELLED, Status.CANCELLED, Status.STAGED]
    assert shop.counts() == (2, 1, 0) and shop.engine.books().bookings[HERE].sum() == 1
    assert shop.engine.books().refused == 1


@both
@pytest.mark.parametrize(
    ("action", "slot_s", "counts"),
    [(Action.OTHER_STORE, 1800, (2, 1, 0)), (Action.OTHER_STORE, 0, (1, 1, 0)), (Action.SHIP, 1800, (1, 1, 0)),
     (Action.SUBSTITUTE, 1800, (1, 0, 0))],
    ids=["other slot", "no slots", "parcel", "same slot"],
)  # fmt: skip
def test_an_order_that_goes_on_elsewhere_gives_its_slot_back(make, action, slot_s, counts):
    shop = Shop(make, [[0, 0], [5, 5], [5, 0]], "slotted", {"slot_s": (0, HOUR, slot_s), "slot_cap": 1, "ships": (1, 0, 1)})
    shop.lose()
    shop.order({"t": 0, "pick_s": 100, "promise_s": 2 * HOUR, "action1": action, "second_node": THERE, "alt_sku": 1})
    book = shop.at(300)
    books = shop.engine.books()
    assert shop.counts() == counts and books.granted == 1
    assert books.bookings[HERE, 2] == (action == Action.SUBSTITUTE)
    assert books.bookings[THERE, 4] == (counts[0] == 2)  # 7200 s again, in slots of half an hour
    assert book["status"][0] == (Status.PACKED if action == Action.SHIP else Status.STAGED)
    assert book["promised_at"][0] == 2 * HOUR


@both
def test_the_slot_of_an_order_without_a_bin_is_given_back(make):
    shop = Shop(make, [[0], [5], [0]], "slotted", {"slot_s": (0, HOUR, 0), "slot_cap": 2, "bins": (0, 1, 0)}, bin_wait_s=HOUR)
    shop.order(*2 * [{"t": 0, "pick_s": 100, "promise_s": 2 * HOUR}])
    shop.at(3801)
    assert shop.counts() == (2, 1, 0) and shop.engine.books().bookings[HERE, 2] == 1


@both
def test_a_slot_is_forgotten_when_the_ring_comes_round(make):
    shop = Shop(make, [[0], [5], [0]], "slotted", {"slot_s": (0, 60, 0), "slot_cap": 2})
    shop.order(*2 * [{"t": 0}], {"t": 1024 * 60})
    shop.at(1024 * 60 + 1)
    assert shop.counts() == (3, 0, 2) and shop.engine.books().bookings[HERE, 0] == 1


COURIERS = {"courier_radius_m": 9000, "wave_capacity": (0, 1, 0)}


@both
@pytest.mark.parametrize("action", [Action.SUBSTITUTE, Action.SHIP])
def test_a_place_in_a_wave_is_given_back_before_another_is_booked(make, action):
    shop = Shop(make, [[5, 5], [5, 5], [0, 0]], nodes=COURIERS | {"ships": (1, 0, 0)}, least_ride_s=600)
    shop.lose()
    shop.order(
        {"t": 8 * HOUR, "pick_s": 600, "flow": Flow.SAME_DAY, "action1": action, "alt_sku": 1},
        {"t": 9 * HOUR, "pick_s": 600, "flow": Flow.SAME_DAY, "sku": 1},
        {"t": DAY + 9 * HOUR, "pick_s": 600, "flow": Flow.SAME_DAY, "sku": 1},
    )
    book = shop.at(22 * HOUR)
    books, substituted = shop.engine.books(), action == Action.SUBSTITUTE
    # the first wave has room for one: the substitute, or the second order
    assert shop.waves() == (3 if substituted else 2, 1, 0)
    assert list(books.slots[HERE]) == ([1, 1] if substituted else [1, 0])
    assert books.refused == (1 if substituted else 0)
    assert list(book["status"]) == [Status.DELIVERED if substituted else Status.PACKED, Status.DELIVERED]
    assert book["done_at"][1] == (16 if substituted else 12) * HOUR + 600
    if substituted:
        assert book["done_at"][0] == 12 * HOUR + 600
    shop.at(DAY + 10 * HOUR)
    assert shop.waves() == ((4, 1, 2) if substituted else (3, 1, 1))


@both
def test_a_place_in_a_wave_that_has_left_is_not_given_back(make):
    shop = Shop(make, [[0, 0], [5, 5], [0, 0]], nodes=COURIERS | {"pickers": 0}, least_ride_s=600)
    shop.lose()
    shop.order({"t": 8 * HOUR, "pick_s": 600, "flow": Flow.SAME_DAY, "action1": Action.SUBSTITUTE, "alt_sku": 1})
    shop.engine.set_staff(HERE, 1, 1, 13 * HOUR)
    book = shop.at(17 * HOUR)
    assert shop.waves() == (2, 0, 0) and list(shop.engine.books().slots[HERE]) == [1, 1]
    assert book["done_at"][0] == 16 * HOUR + 600


# ---- C: a shut store ----------------------------------------------------------------------------------------------
@both
def test_the_picks_of_a_shut_store_are_put_out_and_go_on_in_order(make):
    shop = Shop(make, [[0], [10], [2]], nodes={"ships": 1})
    pick = {"pick_s": 1000, "collect_lag_s": 2000}
    shop.order(
        {"t": 0} | pick,
        {"t": 10, "flow": Flow.SHIP} | pick,
        {"t": 20, "units": 2, "action1": Action.OTHER_STORE, "second_node": THERE} | pick,
        {"t": 30} | pick,
        {"t": 600} | pick,
        {"t": 4100} | pick,
    )
    shop.engine.shut(HERE, 500)
    # the hurried ones first: the third has the two units of the other store, the parcel finds none
    assert list(shop.engine.book()["status"]) == [Status.TO_PICK, Status.CANCELLED, Status.TO_PICK, Status.CANCELLED]
    assert [shop.cell(c) for c in ("available", "reserved", "record")] == [9, 1, 9]
    picking = shop.engine.books().stations[N_ROLES * HERE + PICKING]
    assert (picking["waits"], picking["queued"], picking["busy"]) == (490 + 480 + 470, 0, 1)
    shop.net.stock.publish(500, shop.net.nodes["keep"], shop.net.nodes["shut"])
    assert list(shop.net.stock.published[:, 0]) == [0, 0, 0]
    book = shop.at(2000)
    # what was in hand is staged; whoever orders now gets nothing there
    assert list(book["status"]) == [Status.STAGED, Status.CANCELLED, Status.STAGED, Status.CANCELLED, Status.CANCELLED]
    assert list(book["ready_at"]) == [1000, -1, 1500, -1, -1]
    assert list(book["node"][:3]) == [HERE, HERE, THERE]
    book = shop.at(3600)
    assert book["status"][0] == Status.STAGED and book["flags"][0] & FLAG_CLOSED
    assert book["status"][2] == Status.COLLECTED
    assert [shop.cell(c) for c in ("available", "staged", "record")] == [9, 1, 9]
    assert shop.told == [
        (500, 2, Outcome.CANCELLED, 0),
        (500, 4, Outcome.FAILED_PICKUP, 0),
        (600, 5, Outcome.CANCELLED, 0),
        (3000, 1, Outcome.CLOSED, 0),
        (3500, 3, Outcome.COLLECTED, 200),
    ]
    shop.engine.reopen(HERE, 4000)
    shop.net.stock.publish(4000, shop.net.nodes["keep"], shop.net.nodes["shut"])
    assert shop.net.stock.published[HERE, 0] == 9
    assert shop.at(5200)["status"][5] == Status.STAGED
    shop.at(DAY + 3001)  # the first customer comes at the same hour of the next day
    assert shop.told[-1] == (DAY + 3000, 1, Outcome.COLLECTED, 100)


DOORS = {"opens_s": (0, 10 * HOUR, 0), "closes_s": (0, 20 * HOUR, 0)}


@both
@pytest.mark.parametrize(
    ("days", "opens", "comes"),
    [(3, DAY, DAY + 15 * HOUR), (3, 2 * DAY, 2 * DAY + 15 * HOUR), (2, 2 * DAY, 2 * DAY + 11 * HOUR), (2, 2 * DAY + 11 * HOUR, 2 * DAY + 11 * HOUR),
     (2, 2 * DAY + 13 * HOUR, None), (2, None, None)],
    ids=["next day", "two days later", "own hour too late", "at once", "after the shelf time", "never"],
)  # fmt: skip
def test_who_finds_a_store_shut_comes_when_it_opens_again(make, days, opens, comes):
    """Staged at noon, the customer comes at 15:00; trips of closed hours (14 a day) are made within 3.5 hours of the opening at 10:00."""
    shop = Shop(make, [[0], [5], [0]], nodes=DOORS, hold_s=days * DAY, after_opening_s=7 * HOUR // 2)
    shop.order({"t": 12 * HOUR - 100, "pick_s": 100, "collect_lag_s": 3 * HOUR, "counter_s": 60})
    shop.engine.shut(HERE, 13 * HOUR)
    book = shop.at(20 * HOUR)
    assert (book["status"][0], book["entries"][0], book["flags"][0]) == (Status.STAGED, 0, FLAG_CLOSED)
    assert shop.told == [(15 * HOUR, 1, Outcome.CLOSED, 0)] and shop.cell("staged") == 1
    if opens is not None:
        shop.engine.reopen(HERE, opens)
    book = shop.at(6 * DAY)
    last = 12 * HOUR + days * DAY
    if comes is None:
        assert (book["status"][0], book["done_at"][0], book["flags"][0]) == (Status.CANCELLED, last, FLAG_CLOSED)
        assert shop.told[1:] == [(last, 1, Outcome.FAILED_PICKUP, 0)] and shop.cell("available") == 5
    else:
        assert (book["status"][0], book["arrived_at"][0], book["entries"][0]) == (Status.COLLECTED, comes, 1)
        assert shop.told[1:] == [(comes + 60, 1, Outcome.COLLECTED, 100)] and shop.cell("on_hand") == 4
    assert shop.cell("staged") == 0 and shop.engine.pending() == 0


@both
def test_a_store_that_shuts_again_turns_its_customers_away_again(make):
    shop = Shop(make, [[0], [5], [0]], nodes={"bins": (0, 1, 0)}, hold_s=3 * DAY)
    shop.order({"t": 0, "pick_s": 100, "collect_lag_s": 900}, {"t": 0, "pick_s": 100})
    for t, name in ((500, "shut"), (2000, "reopen"), (3000, "shut")):
        getattr(shop.engine, name)(HERE, t)
    shop.at(DAY + 2000)
    assert shop.told == [(1000, 1, Outcome.CLOSED, 0), (DAY + 200, 2, Outcome.FAILED_PICKUP, 0), (DAY + 1000, 1, Outcome.CLOSED, 0)]
    shop.engine.reopen(HERE, 3 * DAY)
    shop.at(3 * DAY + 101)  # the shelf time ends at 3 days and 100: the hour of the first trip lies behind it
    assert shop.told[3:] == [(3 * DAY, 1, Outcome.COLLECTED, 100)]


@both
@pytest.mark.parametrize("late", ["", "late"])
def test_claims_and_promises_of_a_shut_store_are_dropped_and_no_record_is_corrected(make, late):
    shop = Shop(make, [[0], [10], [0]], late)
    shop.lose(units=9)
    shop.order({"t": 0, "pick_s": 1000}, {"t": 10, "units": 3, "pick_s": 1000})
    shop.at(400)
    assert shop.cell("record") == (10 if late else 6)
    assert (shop.cell("claimed"), shop.net.stock.promised[HERE, 0]) == ((0, 4) if late else (3, 0))
    shop.engine.shut(HERE, 500)
    assert shop.cell("record") == (10 if late else 9)
    assert (shop.cell("claimed"), shop.net.stock.promised[HERE, 0]) == (0, 1 if late else 0)
    book = shop.at(1500)
    assert list(book["status"]) == [Status.STAGED, Status.CANCELLED]
    assert (shop.cell("record"), shop.cell("available")) == (9, 0)
    assert not np.any(book["flags"] & FLAG_PHANTOM) and shop.net.stock.journal[HERE, 0, Move.MISRECORDED] == 0


@both
@pytest.mark.parametrize(("opens", "node"), [(5000, THERE), (3000, HERE)])
def test_a_parcel_that_waits_for_its_wave_is_put_out_when_that_begins(make, opens, node):
    shop = Shop(make, [[0], [1], [1]], nodes={"ships": 1, "wave_every_s": (0, HOUR, 0)})
    shop.order({"t": 100, "flow": Flow.SHIP, "pick_s": 300})
    shop.engine.shut(HERE, 500)
    shop.at(501)
    assert shop.engine.book()["node"][0] == HERE
    shop.engine.reopen(HERE, opens)
    book = shop.at(6000)
    assert (book["node"][0], book["picked_at"][0], book["status"][0]) == (node, HOUR + 300, Status.PACKED)
    assert shop.cell("available", HERE) == (node != HERE) and shop.cell("available", THERE) == (node == HERE)


@both
def test_stores_that_are_shut_together_send_nothing_to_each_other(make):
    shop = Shop(make, [[0], [5], [5]])
    there = {"action1": Action.OTHER_STORE, "second_node": THERE, "pick_s": 1000}
    shop.order({"t": 0} | there, {"t": 0} | there, {"t": 0, "pick_s": 1000, "node": THERE})
    shop.engine.shut(np.array([HERE, THERE]), 500)
    book = shop.at(1600)
    assert list(book["status"]) == [Status.STAGED, Status.CANCELLED, Status.STAGED]
    shop.engine.reopen(np.array([HERE, THERE]), 2000)
    assert not shop.net.nodes["shut"].any()


@both
@pytest.mark.parametrize("pooled", [0, 1])
def test_a_packed_parcel_of_a_shut_store_leaves_with_its_courier(make, pooled):
    shop = Shop(make, [[5], [5], [0]], nodes=COURIERS | {"wave_capacity": (0, 2, 0), "ships": (1, 0, 0), "pooled": pooled}, least_ride_s=600)
    same_day = {"t": 8 * HOUR, "pick_s": 2 * HOUR, "flow": Flow.SAME_DAY, "action1": Action.SHIP}
    shop.order(same_day, same_day, same_day)
    shop.at(9 * HOUR)
    assert list(shop.engine.books().slots[HERE]) == [2, 1]
    assert shop.engine.books().stations[N_ROLES * HERE + (COUNTER if pooled else PICKING)]["busy"] == 1 + pooled
    shop.engine.shut(HERE, 11 * HOUR)
    book = shop.at(23 * HOUR)
    # one by one: the first is packed at 10, the second in hand until 12; the pool of two has packed both at 10
    assert list(book["flow"]) == [Flow.SAME_DAY, Flow.SAME_DAY, Flow.SHIP if not pooled else Flow.SAME_DAY]
    assert shop.waves() == ((3, 0, 0) if pooled else (3, 1, 0))
    assert list(shop.engine.books().slots[HERE]) == ([2, 1] if pooled else [2, 0])
    assert list(book["done_at"][:2]) == 2 * [12 * HOUR + 600]


# ---- D: patience in front of a fitting room -----------------------------------------------------------------------
@both
@pytest.mark.parametrize("busy", [0, 1], ids=["free counter", "queue at the counter"])
def test_visitors_leave_the_queue_of_the_room_and_collectors_go_on_to_the_counter(make, busy):
    shop = Shop(make, [[0], [10], [0]], nodes={"rooms": (0, 1, 0)})
    visit = {"flow": Flow.VISIT, "channel": 1, "fit_s": 1000, "counter_s": 50}
    shop.order(
        {"t": 0} | visit,
        {"t": 100, "patience_s": 300} | visit,
        {"t": 200} | visit,
        {"t": 0, "pick_s": 10, "collect_lag_s": 90, "fit_s": 1000, "counter_s": 50, "patience_s": 300, "try_on": 1, "misfit": 1,
         "return_lag_s": 5 * DAY},
        {"t": 350, "flow": Flow.VISIT, "channel": 1, "counter_s": 800 * busy},
    )  # fmt: skip
    shop.at(300)
    assert shop.cell("reserved") == 3 and shop.cell("staged") == 1
    book = shop.at(3000)
    # the room is busy until 1000, then with the third visitor until 2000; two gave up after 300 s, from 100 on
    assert list(book["status"][:3]) == [Status.BOUGHT, Status.LEFT, Status.BOUGHT]
    assert list(book["wait_s"][:3]) == [150 * busy, 300, 800]
    assert list(book["done_at"][:3]) == [1050 + 150 * busy, 400, 2050]
    assert list(book["flags"][:3] & FLAG_QUEUE_LEFT > 0) == [False, True, False]
    assert (400, 2, Outcome.QUEUE_LEFT, 300) in shop.told
    assert shop.engine.books().visits[HERE, VISIT_ABANDONED] == 1
    room = shop.engine.books().stations[N_ROLES * HERE + ROOM]
    assert (room["waits"], room["started"]) == (300 + 300 + 800, 2)
    collector = book[3]
    if busy:  # the counter is busy from 350 to 1150: fresh patience of 300 s is over at 700; next day it is free
        assert (collector["status"], collector["wait_s"]) == (Status.STAGED, 600)
        assert (700, 4, Outcome.QUEUE_LEFT, 300) in shop.told
        collector = shop.at(DAY + 3000)[3]
        assert (collector["arrived_at"], collector["served_at"]) == (700 + DAY, 700 + DAY)
    else:
        assert (collector["served_at"], collector["wait_s"], collector["flags"] & FLAG_QUEUE_LEFT) == (400, 300, 0)
        assert [told for told in shop.told if told[1] == 4] == [(450, 4, Outcome.COLLECTED, 100)]
    assert collector["status"] == Status.COLLECTED  # tried on, it would have been refused
    assert [shop.cell(c) for c in ("on_hand", "available", "record")] == [6, 6, 6]
    assert shop.at(9 * DAY)["status"][3] == Status.RETURNED


@both
@pytest.mark.parametrize(("patience_s", "status"), [(899, Status.LEFT), (900, Status.LEFT), (901, Status.BOUGHT), (-1, Status.BOUGHT)])
def test_patience_of_the_last_second_is_over_before_the_room_is_free(make, patience_s, status):
    shop = Shop(make, [[0], [10], [0]], nodes={"rooms": (0, 1, 0)})
    visit = {"flow": Flow.VISIT, "channel": 1, "fit_s": 1000}
    shop.order({"t": 0} | visit, {"t": 100, "patience_s": patience_s} | visit)
    book = shop.at(3000)
    assert book["status"][1] == status
    assert book["wait_s"][1] == (900 if status == Status.BOUGHT else patience_s)
