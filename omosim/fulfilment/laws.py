"""The conservation laws of the network: residuals between books that were written independently."""

from __future__ import annotations

import numpy as np

from omosim.engine.laws import together
from omosim.fulfilment.protocol import Books
from omosim.fulfilment.rules import Network
from omosim.schema.codes import TRANSITIONS, Account, Flow, Move, Status
from omosim.schema.columns import FLAG_BOX_REFUSED, FLAG_SLOT, FLAG_SLOT_REFUSED, FLAG_SPLIT
from omosim.schema.network import (
    AT_BACK,
    AT_BETWEEN,
    AT_PROMISED,
    AT_RESERVED,
    AT_ROAD,
    AT_STAGED,
    AT_TRUCK,
    BAY,
    PHASE_BAY,
    PHASE_BIN,
    PHASE_NONE,
    PHASE_QUEUED,
    PHASE_SERVED,
    PLACE_BACK,
    PLACE_ROAD,
    PLACE_TRUCK,
    RING,
    SHELF,
    UNITS_ORDERED,
    UNITS_OUT,
    UNITS_SHORT,
    VISIT_ABANDONED,
    VISIT_BOUGHT,
    VISIT_IN,
    VISIT_LEFT,
    VISIT_MOVED,
)

#: accounts of serving an order, of which each row keeps its own sum
SERVICE_COSTS = [Account.PARCELS, Account.COURIERS, Account.RETURN_HANDLING, Account.OUTSOURCED, Account.INSERTS,
                 Account.TRANSFERS]  # fmt: skip
#: what a movement adds to the stock of its node
INTO = np.zeros(len(Move), np.int64)
INTO[[Move.OPENING, Move.RECEIVED, Move.TRANSFER_IN, Move.RETURNED]] = 1
INTO[[Move.SOLD, Move.SHIPPED, Move.TRANSFER_OUT, Move.WRITTEN_OFF]] = -1

ENDED = (Status.DELIVERED, Status.COLLECTED, Status.BOUGHT, Status.LEFT, Status.CANCELLED, Status.EXPIRED,
         Status.REFUSED, Status.RETURN_OPEN, Status.RETURNED)  # fmt: skip
PRESENT = (Status.INSIDE, Status.IN_ROOM, Status.AT_COUNTER)
ATTENDED = (Status.ON_SITE, Status.IN_ROOM, Status.AT_COUNTER)  # waits for something, or has it
PARTS = 4  # parcels of an order at most: part k of a split order has its key + 4 k
SERVED = (Status.DELIVERED, Status.COLLECTED, Status.BOUGHT, Status.RETURN_OPEN, Status.RETURNED)


def _size(x: np.ndarray) -> int:
    return int(np.abs(x).sum())


def _sums(size: int, place: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """(size,) int64, amounts added up by place; one flat index of the machine's own width, or NumPy is ten times slower."""
    total = np.zeros(size, np.int64)
    np.add.at(total, place.astype(np.intp), amount.astype(np.int64))
    return total


def _recount(net: Network, holds: np.ndarray, place: int, column: str = "held") -> np.ndarray:
    """(N, K) units that live rows say they hold at a place."""
    shape = net.stock.cells.shape
    rows = holds if place < 0 else holds[holds["place"] == place]
    cell = rows["node"].astype(np.intp) * shape[1] + rows["sku"]
    return _sums(net.stock.cells.size, cell[rows[column] != 0], rows[column][rows[column] != 0]).reshape(shape)


def _by_sku(net: Network, holds: np.ndarray, place: int) -> np.ndarray:
    rows = holds[holds["place"] == place]
    return _sums(net.stock.cells.shape[1], rows["sku"], rows["held"])


def stock_laws(net: Network, books: Books, holds: np.ndarray) -> dict[str, int]:
    """L1, L2, L3 and L11: stock against its journal, its parts, the world outside, and the rows that hold it.

    The record, too: it is what is free, wrong by what was lost unseen and by the errors booked at the start and not
    yet put right. So whatever moves stock must tell the record. What is promised until the pick is in none of them.
    """
    cells, journal = net.stock.cells, net.stock.journal
    total = journal.sum(0).T  # (N_MOVES, K)
    parts = cells["available"].astype(np.int64) + cells["reserved"] + cells["staged"]
    astray = cells["record"].astype(np.int64) - cells["available"] + cells["claimed"]
    kept = ("on_hand", "available", "reserved", "staged", "claimed")
    promised = net.stock.promised
    negative = sum(int(np.count_nonzero(cells[column] < 0)) for column in kept) + int(np.count_nonzero(promised < 0))
    under_way = total[Move.TRANSFER_OUT] - total[Move.TRANSFER_IN]
    on_order = cells["on_order"].astype(np.int64)
    np.subtract.at(on_order, (net.stock.transit["node"], net.stock.transit["sku"]), net.stock.transit["units"])
    rows = net.stock.transit[net.stock.transit["move"] == Move.TRANSFER_IN]
    listed = np.zeros(cells.shape[1], np.int64)
    np.add.at(listed, rows["sku"], rows["units"])
    supplied = total[Move.OPENING] + total[Move.RECEIVED] - total[Move.WRITTEN_OFF]
    outside = books.places.sum(1) + listed
    road, back, truck = (_by_sku(net, holds, place) for place in (AT_ROAD, AT_BACK, AT_TRUCK))
    late = holds["place"] == AT_PROMISED
    waiting = _recount(net, holds[holds["status"] == Status.BACKORDERED], -1, "units")
    return {
        "L1": _size(journal @ INTO - cells["on_hand"]),
        "L2": _size(cells["on_hand"] - parts)
        + negative
        + _size(astray - journal[:, :, Move.WRITTEN_OFF] - journal[:, :, Move.MISRECORDED]),
        "L3": _size(supplied - cells["on_hand"].sum(0) - outside)
        + _size(under_way - listed - books.places[:, PLACE_TRUCK])
        + _size(on_order)
        + _size(books.places[:, PLACE_ROAD] - road)
        + _size(books.places[:, PLACE_BACK] - back)
        + _size(books.places[:, PLACE_TRUCK] - truck),
        "L11": _size(cells["reserved"] - _recount(net, holds, AT_RESERVED))
        + _size(cells["staged"] - _recount(net, holds, AT_STAGED))
        + _size(cells["claimed"] - _recount(net, holds[~late], -1, "claim"))
        + _size(promised - _recount(net, holds[late], -1, "claim"))
        + _size(cells["backordered"] - waiting),
    }


def row_laws(net: Network, books: Books, holds: np.ndarray, now: int) -> dict[str, int]:
    """L5, L7, L8, L9 and L12 from running sums and live rows."""
    units = books.units
    live = holds[~np.isin(holds["status"], ENDED)]
    open_units = int((live["units"].astype(np.int64) - live["short"]).sum())
    visits = books.visits
    visitors = holds[(holds["flow"] == Flow.VISIT) & (holds["place"] != AT_BETWEEN)]
    visitors = visitors[np.isin(visitors["status"], PRESENT)]
    inside = np.bincount(visitors["node"], minlength=len(visits))
    gone = visits[:, [VISIT_BOUGHT, VISIT_LEFT, VISIT_ABANDONED, VISIT_MOVED]].sum(1)
    s = books.stations
    queued, serving = holds[holds["phase"] == PHASE_QUEUED], holds[holds["phase"] == PHASE_SERVED]
    waits, worked = s["waits"].copy(), s["worked"].copy()
    np.add.at(waits, queued["station"], now - queued["time"])
    np.add.at(worked, serving["station"], now - serving["time"])
    dt = now - s["last"]
    area = s["area"] + s["queued"] * dt
    on_shift = s["busy"] - s["extra"]
    idle = s["idle"] + np.maximum(s["cap"] - on_shift, 0) * dt
    overtime = s["overtime"] + (s["extra"] + np.maximum(on_shift - s["cap"], 0)) * dt
    paid = s["scheduled"] + s["cap"] * (now - s["shift_from"]) + overtime
    in_queue = np.bincount(queued["station"], minlength=len(s)) - s["queued"]
    at_work = np.bincount(serving["station"], minlength=len(s)) - s["busy"]
    return {
        "L5": abs(int(units[UNITS_ORDERED] - units[UNITS_OUT] - units[UNITS_SHORT]) - open_units),
        "L7": _size(visits[:, VISIT_IN] - gone - inside),
        "L8": _size(area - waits) + _size(in_queue) + _spaces(books.spaces, holds, now),
        "L9": _size(worked + idle - paid) + _size(at_work) + int(np.maximum(-on_shift, 0).sum()),
        "L12": _size(np.maximum(books.slots - books.slot_limit[:, None], 0))
        + _size(np.maximum(books.bookings - books.booking_limit, 0))
        + abs(books.booked - books.given_back - books.lapsed - int(books.bookings.sum()))
        + abs(books.waves_booked - books.waves_back - books.waves_lapsed - int(books.slots.sum())),
    }


def _spaces(s: np.ndarray, holds: np.ndarray, now: int) -> int:
    """L8 for bins and bays: who waits for one and for how long, who is in one and for how long.

    Whatever is staged stands in a bin of its node, and whoever is at a counter, in a room or on the site waits or is served.
    """
    dt = now - s["last"]
    waits, dwells = s["waits"].copy(), s["dwells"].copy()
    waiting, used = s["waiting"].astype(np.int64), s["used"].astype(np.int64)
    for role, phase, node, since in ((SHELF, PHASE_BIN, "bin", "bin_at"), (BAY, PHASE_BAY, "bay", "bay_at")):
        waits_here, is_in = holds[holds["phase"] == phase], holds[holds[node] >= 0]
        place, spot = 2 * waits_here["node"].astype(np.intp) + role, 2 * is_in[node].astype(np.intp) + role
        np.add.at(waits, place, now - waits_here["time"])
        np.subtract.at(waiting, place, 1)
        np.add.at(dwells, spot, now - is_in[since])
        np.subtract.at(used, spot, 1)
    gone = (s["area"] + s["waiting"] * dt - waits, s["filled"] + s["used"] * dt - dwells, waiting, used)
    staged = holds["place"] == AT_STAGED
    unplaced = np.count_nonzero(staged & (holds["bin"] != holds["node"]))
    forgotten = np.count_nonzero(np.isin(holds["status"], ATTENDED) & (holds["phase"] == PHASE_NONE))
    return sum(map(_size, gone)) + int(np.maximum(s["used"] - s["peak"], 0).sum() + unplaced + forgotten)


def book_laws(net: Network, books: Books, holds: np.ndarray, book: np.ndarray, now: int) -> dict[str, int]:
    """L4, L5, L6, L10 and L12 from a recount of the whole order book."""
    status = np.bincount(book["status"], minlength=len(Status))
    moved = books.transitions.sum(0) - books.transitions.sum(1)
    moved[Status.DUE] += len(book)
    undeclared = books.transitions.copy()
    for before, after in TRANSITIONS.items():
        undeclared[before, list(after)] = 0
    ended = np.isin(book["status"], ENDED)
    units = book["units"].astype(np.int64)
    lines = units - book["units_out"] - book["units_short"]
    totals = [int(units.sum()), int(book["units_out"].sum()), int(book["units_short"].sum())]
    running = [int(books.units[i]) for i in (UNITS_ORDERED, UNITS_OUT, UNITS_SHORT)]
    return {
        "L4": _size(status - moved) + _size(undeclared) + _open_rows(book, holds) + _keys(book),
        "L5": _size(lines[ended]) + sum(abs(a - b) for a, b in zip(totals, running, strict=True)),
        "L6": _money(books, book) + _goods(net, books),
        "L10": _time_order(book),
        "L12": abs(books.refused - _flagged(book, FLAG_SLOT_REFUSED))
        + abs(books.granted - _flagged(book, FLAG_SLOT))
        + abs(int(books.spaces["turned"].sum()) - _flagged(book, FLAG_BOX_REFUSED))
        + _slots(net, books, book, now),
    }


def _flagged(book: np.ndarray, flag: int) -> int:
    return int(np.count_nonzero(book["flags"] & flag))


def _open_rows(book: np.ndarray, holds: np.ndarray) -> int:
    """Rows that the book calls open and no live row stands for, or the other way round."""
    in_book = book["key"][~np.isin(book["status"], ENDED)]
    live = holds["key"][~np.isin(holds["status"], ENDED)]
    return len(np.setxor1d(in_book, live))


def _keys(book: np.ndarray) -> int:
    """Rows that share a key; parts of split orders that are not numbered 0, 1, ..."""
    key = np.ascontiguousarray(book["key"])
    part = key[book["flags"] & FLAG_SPLIT > 0]
    number = part // PARTS % (256 // PARTS)
    first = np.ones(len(part), bool)
    first[1:] = part[1:] // 256 != part[:-1] // 256
    wrong = np.where(first, number != 0, number != np.roll(number, 1) + 1)
    return int(np.count_nonzero(key[1:] == key[:-1]) + np.count_nonzero(wrong))


def _slots(net: Network, books: Books, book: np.ndarray, now: int) -> int:
    """Orders promised a pickup slot still to come beyond those booked into it; those cancelled gave it back."""
    kept = (book["flow"] == Flow.PICKUP) & (book["status"] != Status.CANCELLED)
    rows = book[(book["flags"] & FLAG_SLOT > 0) & kept & (book["promised_at"] >= now)]
    node = rows["collect_at"].astype(np.intp)
    slot_s = net.nodes["slot_s"][node].astype(np.int64)
    booked = (node >= 0) & (slot_s > 0)
    node, slot = node[booked], rows["promised_at"][booked] // slot_s[booked]
    orders = _sums(books.bookings.size, node * RING + slot % RING, np.ones(len(slot)))
    return int(np.maximum(orders - books.bookings.ravel(), 0).sum())


def _time_order(book: np.ndarray) -> int:
    """L10: placed <= picked <= ready <= done <= returned, and the counter's own order, where they exist."""
    wrong = 0
    for chain in (("placed_at", "picked_at", "ready_at", "done_at", "returned_at"),
                  ("placed_at", "arrived_at", "served_at", "done_at"), ("ready_at", "arrived_at")):  # fmt: skip
        last = np.full(len(book), -1, np.int64)
        for column in chain:
            time = np.ascontiguousarray(book[column])  # one walk over the wide rows instead of three
            here = time >= 0
            wrong += int(np.count_nonzero(here & (time < last)))
            np.copyto(last, time, where=here)
    return wrong


def _money(books: Books, book: np.ndarray) -> int:
    """L6: every posting has two sides, and the accounts equal the columns that rows wrote themselves.

    What comes back is refunded at its price, and of the parcels of a split order only the first bears a fee.
    """
    total = books.ledger.sum(0)
    wrong = _size(books.ledger.sum(1))
    for channel in range(4):
        wrong += abs(int(total[Account.REVENUE_WEB + channel] + book["revenue"][book["channel"] == channel].sum()))
    wrong += abs(int(total[Account.FEES] + book["fee"][np.isin(book["status"], SERVED)].sum()))
    wrong += abs(int(total[Account.REFUNDS] - book["refund"].sum()))
    wrong += abs(int(total[Account.GOODS] + total[Account.RESALE_LOSS] - book["goods_cost"].sum()))
    back, further = book[book["units_back"] > 0], book["flags"] & FLAG_SPLIT > 0
    wrong += _size(back["refund"] * back["units_out"] - back["revenue"] * back["units_back"])
    wrong += _size(book["fee"][further & (book["key"] % 256 >= PARTS)])
    return wrong + abs(int(total[SERVICE_COSTS].sum() - book["service_cost"].sum()))


def _goods(net: Network, books: Books) -> int:
    """L6: what suppliers are owed and what is written off are the units of the journal at cost."""
    total, moves = books.ledger.sum(0), net.stock.moves
    owed, lost = (int((moves[move] * net.cost).sum()) for move in (Move.RECEIVED, Move.WRITTEN_OFF))
    return abs(int(total[Account.PAYABLE]) + owed) + abs(int(total[Account.WRITE_OFF]) - lost)


def residuals(
    net: Network, books: Books, holds: np.ndarray, book: np.ndarray | None, now: int
) -> dict[str, int]:
    """Residual of each law, 0 when it holds.

    Parameters
    ----------
    net : Network whose stock is checked
    books : sums written by events
    holds : HOLD rows
    book : BOOK rows for the full recount, or None for running sums only
    now : second to which the engine has advanced
    """
    out = stock_laws(net, books, holds) | row_laws(net, books, holds, now)
    if book is not None:
        out = together(out, book_laws(net, books, holds, book, now))
    return dict(sorted(out.items(), key=lambda item: int(item[0][1:])))
