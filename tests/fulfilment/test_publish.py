"""What nodes publish about themselves, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.fulfilment.protocol import Books
from omosim.fulfilment.publish import board_now, next_slot
from omosim.schema.columns import DAY, HOUR, NODE
from omosim.schema.network import COUNTER, ENDLESS, N_ROLES, PICKING, RING, SPACE, STATION


@pytest.fixture
def shop():
    """(books, nodes) of two nodes that are open from 10 to 20 o'clock; nothing has happened."""
    nodes = np.zeros(2, NODE)
    nodes["opens_s"], nodes["closes_s"] = 10 * HOUR, 20 * HOUR
    none = np.zeros(0)
    spaces = np.zeros(4, SPACE)
    spaces["cap"][0::2] = ENDLESS
    books = Books(
        ledger=none, stations=np.zeros(2 * N_ROLES + 1, STATION), spaces=spaces, transitions=none, visits=none, places=none,
        units=none, slots=none, slot_limit=none, refused=0, bookings=np.zeros((2, RING), np.int32),
        booking_limit=np.zeros((2, RING), np.int32), granted=0, booked=0, given_back=0, lapsed=0, waves_booked=0, waves_back=0, waves_lapsed=0,
    )  # fmt: skip
    return books, nodes


def test_nothing_known_is_said(shop):
    row = board_now(*shop, 11 * HOUR)[1]
    assert (row["t"], row["waiting"], row["picks"], row["ready_s"], row["bins_free"], row["slots_left"]) == (11 * HOUR, 0, 0, -1, -1, -1)


def test_time_until_ready_is_the_work_in_hand_over_the_people(shop):
    books, nodes = shop
    picking = books.stations[N_ROLES + PICKING]
    # ten services of 200 s on average so far; six wait, two are under way, two people: 8 x 2000 / (10 x 2) = 800 s
    for name, value in (("started", 10), ("worked", 2000), ("queued", 6), ("busy", 2), ("cap", 2)):
        picking[name] = value
    books.stations[N_ROLES + COUNTER]["queued"] = 3
    board = board_now(books, nodes, 5)
    assert (board["picks"][1], board["ready_s"][1], board["waiting"][1]) == (6, 800, 3)
    assert board["ready_s"][0] == -1, "another node's work is not its own"
    picking["cap"] = 0
    assert board_now(books, nodes, 5)["ready_s"][1] == -1, "nobody picks"


def test_a_pool_picks_at_its_counter(shop):
    books, nodes = shop
    nodes["pooled"][0] = 1
    pool = books.stations[COUNTER]
    for name, value in (("started", 4), ("worked", 402), ("queued", 1), ("busy", 1), ("cap", 1)):
        pool[name] = value
    board = board_now(books, nodes, 0)
    assert (board["picks"][0], board["waiting"][0], board["ready_s"][0]) == (1, 1, 201)


def test_free_bins(shop):
    books, nodes = shop
    books.spaces["cap"][2], books.spaces["used"][2] = 12, 5
    assert board_now(books, nodes, 0)["bins_free"].tolist() == [-1, 7]
    books.spaces["cap"][2] = 3  # fewer than are in use, after a dated change
    assert board_now(books, nodes, 0)["bins_free"][1] == 0


def test_the_next_open_slot(shop):
    _, nodes = shop
    nodes["slot_s"][1], nodes["slot_cap"][1] = HOUR // 2, 4
    assert next_slot(nodes[1], 0) == 20 and next_slot(nodes[1], 10 * HOUR) == 20 and next_slot(nodes[1], 10 * HOUR + 1) == 21
    assert next_slot(nodes[1], 19 * HOUR + 1801) == 48 + 20, "the slot at closing time is tomorrow's first"
    nodes["slot_s"][1] = 7 * HOUR  # begins at 0, 7, 14, 21, 28, 35 o'clock, of which 14 and 35 = 11 tomorrow are open
    assert next_slot(nodes[1], 15 * HOUR) == 5


def test_slots_left_are_those_of_the_slot_that_comes(shop):
    books, nodes = shop
    nodes["slot_s"][1], nodes["slot_cap"][1] = HOUR, 4
    books.bookings[1, 11] = 3
    assert board_now(books, nodes, 10 * HOUR + 60)["slots_left"].tolist() == [-1, 1]
    books.bookings[1, 11] = 6  # the capacity fell after they were booked
    assert board_now(books, nodes, 10 * HOUR + 60)["slots_left"][1] == 0
    stamped = np.full((2, RING), 11 - RING)
    assert board_now(books, nodes, 10 * HOUR + 60, stamped)["slots_left"][1] == 4, "bookings of a slot long over"
    late = (RING + 11) * HOUR - 60  # hour of the day 3: opens at 10
    slot = next_slot(nodes[1], late)
    stamped[1, slot % RING], books.bookings[1, slot % RING] = slot, 2
    assert late // DAY == slot * HOUR // DAY and board_now(books, nodes, late, stamped)["slots_left"][1] == 2
