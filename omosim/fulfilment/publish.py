"""What a node says about itself: people waiting, picks waiting, time until ready, free bins, slots left."""

from __future__ import annotations

import numpy as np

from omosim.fulfilment.protocol import Books
from omosim.schema.columns import DAY
from omosim.schema.network import BOARD, COUNTER, ENDLESS, N_ROLES, PICKING, RING, SHELF


def board_now(books: Books, nodes: np.ndarray, now: int, slots: np.ndarray | None = None) -> np.ndarray:
    """The board of every node at this moment; nothing is changed.

    Parameters
    ----------
    books : the engine's books
    nodes : (N,) NODE
    now : second
    slots : (N, RING) int64, number of the slot that each place of `books.bookings` was last written for; without it
        every place counts as that of the slot looked for

    Returns
    -------
    (N,) BOARD. `ready_s` is the work of those queued and under way, at the mean of the services begun so far, over
    the people on duty; -1 when nobody picks or none has begun. `bins_free` is -1 where the shelf is endless,
    `slots_left` -1 where no slots are booked.
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
        slot = next_slot(nodes[n], now)
        current = slots is None or slots[n, slot % RING] == slot
        booked = int(books.bookings[n, slot % RING]) if current else 0
        out["slots_left"][n] = max(int(nodes["slot_cap"][n]) - booked, 0)
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
