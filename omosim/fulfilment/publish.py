"""What a node says about itself: people waiting, picks waiting, time until ready, free bins, slots left."""

from __future__ import annotations

from typing import Any

import numpy as np

from omosim.fulfilment.protocol import Books
from omosim.schema.columns import DAY
from omosim.schema.network import BOARD, COUNTER, ENDLESS, N_ROLES, PICKING, RING, SHELF


def slot_promise(policy: Any) -> int:
    """Least promise of the offers that book a pickup slot, seconds: how far ahead an order placed now asks for one."""
    booked = (policy.services["slotted"][: len(policy.offers)] > 0) & (policy.offers["enabled"] > 0)
    promised = policy.offers["promise_s"][booked]
    return max(int(promised.min()), 0) if len(promised) else 0


def board_now(
    books: Books, nodes: np.ndarray, now: int, slots: np.ndarray | None = None, ahead_s: int = 0, tries: int = 1
) -> np.ndarray:
    """The board of every node at this moment; nothing is changed.

    Parameters
    ----------
    books : the engine's books
    nodes : (N,) NODE
    now : second
    slots : (N, RING) int64, number of the slot that each place of `books.bookings` was last written for; without it
        every place counts as that of the slot looked for
    ahead_s, tries : an order placed now asks for the first slot from so many seconds ahead, and for so many in all

    Returns
    -------
    (N,) BOARD. `ready_s` is the work of those queued and under way, at the mean of the services begun so far, over
    the people on duty; -1 when nobody picks or none has begun. `bins_free` is -1 where the shelf is endless,
    `slots_left` is what the slots that an order placed now may ask for still
    take together, -1 where no slots are booked.
    """
    out = np.zeros(len(nodes), BOARD)
    pooled = nodes["pooled"] != 0
    first = N_ROLES * np.arange(len(nodes))
    counter, picking = books.stations[first + COUNTER], books.stations[first + np.where(pooled, COUNTER, PICKING)]
    out["t"] = now
    out["waiting"], out["picks"] = counter["queued"], picking["queued"]
    pace = picking["started"] * picking["cap"]
    work = (picking["queued"] + picking["busy"]) * picking["worked"]
    known = pace > 0
    out["ready_s"] = np.where(known, np.minimum(work // np.where(known, pace, 1), np.iinfo(np.int32).max), -1)
    shelf = books.spaces[2 * np.arange(len(nodes)) + SHELF]
    out["bins_free"] = np.where(shelf["cap"] >= ENDLESS, -1, np.maximum(shelf["cap"] - shelf["used"], 0))
    out["slots_left"] = -1
    for n in np.flatnonzero(nodes["slot_s"] > 0):
        first_slot, left = next_slot(nodes[n], now + ahead_s), 0
        for slot in range(first_slot, first_slot + tries):
            begins = slot * int(nodes["slot_s"][n])
            if _next_open(nodes[n], begins) != begins:
                continue
            current = slots is None or slots[n, slot % RING] == slot
            booked = int(books.bookings[n, slot % RING]) if current else 0
            left += max(int(nodes["slot_cap"][n]) - booked, 0)
        out["slots_left"][n] = left
    return out


def next_slot(node: np.void, now: int) -> int:
    """Number of the next pickup slot that begins inside the opening hours: it begins at number x slot_s."""
    length = int(node["slot_s"])
    slot = -(-_next_open(node, now) // length)
    while _next_open(node, slot * length) != slot * length:
        slot += 1
    return slot


def _next_open(node: np.void, t: int) -> int:
    opens, closes, second = int(node["opens_s"]), int(node["closes_s"]), t % DAY
    if opens >= closes or opens <= second < closes:
        return t
    return t - second + opens + (0 if second < opens else DAY)
