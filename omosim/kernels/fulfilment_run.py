"""The fulfilment kernel's main loop: every event of every node in the order (time, kind, key)."""

import numpy as np

from omosim.kernels.fetch import fetch
from omosim.kernels.fulfilment_parcel import E_BOARD, E_DELIVER, E_DEPART, board, deliver, depart, pick_end
from omosim.kernels.fulfilment_queue import heap_drop, next_span
from omosim.kernels.fulfilment_return import (
    E_RESTOCK,
    E_RETURN_ARRIVE,
    E_RETURN_BEGIN,
    S_RETURN_OPEN,
    refund,
    restock,
    return_begin,
    returns_station,
)
from omosim.kernels.fulfilment_shut import E_RELEASE, released
from omosim.kernels.fulfilment_site import BROWSE, S_LEFT, place, site_end, to_site
from omosim.kernels.fulfilment_source import O_CANCELLED, serve_backorders
from omosim.kernels.fulfilment_space import E_COLLECT, E_EXPIRE, leave_bay
from omosim.kernels.fulfilment_station import (
    COUNTER,
    COUNTER_END,
    N_ROLES,
    PICK_END,
    ROOM,
    ROOM_END,
    SITE_END,
    pick_station,
    release,
)
from omosim.kernels.fulfilment_stock import S_CANCELLED, VISIT, end_without_goods, open_row, tell
from omosim.kernels.fulfilment_tables import (
    AT_BAY,
    BUCKETS,
    DONE,
    FULL,
    G_BOOK,
    G_DUE,
    G_EVENTS,
    G_HEAP,
    G_LIVE,
    G_NEXT,
    G_QUIET,
    G_SPAN,
    G_TOLD,
    G_WAITING,
    KINDS,
    MARGIN,
    R_SITE_CAP,
    RIDES,
    SIDED,
    SPAN,
    kernel,
    once,
)
from omosim.kernels.fulfilment_visit import (
    E_ARRIVE,
    E_LEAVE,
    E_SECOND,
    collect,
    come_to_collect,
    enter,
    expire,
    pay,
    queue_leave,
    room_end,
)
from omosim.schema import codes as c

N_MOVES = c.N_MOVES
NEVER = 2**62


@once
def arrive(net, row, t):
    """A row reaches the network."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    if b["flow"] == VISIT:
        enter(net, row, t)
    elif r["bits"] & SIDED and q.side[row]["session_s"] > 0 and q.g[R_SITE_CAP] >= 0:
        to_site(net, row, t)
    elif b["flow"] == BROWSE:
        end_without_goods(q.g, r, b, row, t, S_LEFT)
    else:
        place(net, row, t)


@once
def pick_over(net, row, t):
    """A pick ended: the picker is free, unless another row of the trip has them."""
    q = net.q
    r = q.live[row]
    if r["bits"] & RIDES:
        r["bits"] &= ~RIDES
    else:
        release(q, pick_station(q.node, np.int64(q.book[r["book"]]["node"])), t)
    pick_end(net, row, t)


@once
def counter_end(net, row, t):
    """Service at the counter is over: the next is served, then this row goes on."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    if b["status"] == S_RETURN_OPEN:
        release(q, returns_station(q.node, np.int64(r["return_node"])), t)
        refund(net, row, t)
        return
    release(q, N_ROLES * np.int64(b["node"]) + COUNTER, t)
    if r["bits"] & AT_BAY:
        leave_bay(q, row, r, b, t)
    if b["flow"] == VISIT:
        pay(net, row, t)
    else:
        collect(net, row, t)


@once
def handle(net, row, t, kind):
    """One event of a live row."""
    if kind == PICK_END:
        pick_over(net, row, t)
    elif kind == COUNTER_END:
        counter_end(net, row, t)
    elif kind == E_COLLECT:
        come_to_collect(net, row, t)
    elif kind == E_DEPART:
        depart(net, row, t)
    elif kind == E_DELIVER:
        deliver(net, row, t)
    elif kind == E_EXPIRE:
        expire(net, row, t)
    elif kind == E_RETURN_BEGIN:
        return_begin(net, row, t)
    elif kind == E_RETURN_ARRIVE:
        refund(net, row, t)
    elif kind == E_RESTOCK:
        restock(net, row, t)
    elif kind == E_LEAVE:
        queue_leave(net, row, t)
    elif kind == E_SECOND:
        enter(net, row, t)
    elif kind == E_BOARD:
        board(net, row, t)
    elif kind == E_ARRIVE:
        arrive(net, row, t)
    elif kind == E_RELEASE:
        released(net, row, t)
    elif kind == ROOM_END:
        release(net.q, N_ROLES * np.int64(net.q.book[net.q.live[row]["book"]]["node"]) + ROOM, t)
        room_end(net, row, t)
    elif kind == SITE_END:
        release(net.q, net.q.station.size - 1, t)
        site_end(net, row, t)


@once
def short_of_room(q, told):
    """Whether one more event, or the next span's bucket, might not fit into the tables."""
    g = q.g
    coming = q.bucket[3 * ((g[G_SPAN] + 1) % BUCKETS) + 2]
    return (
        g[G_LIVE] + 4 > q.live.size
        or g[G_BOOK] + 6 > q.book.size
        or g[G_TOLD] + 8 > told.size
        or g[G_HEAP] + g[G_WAITING] + coming + MARGIN > q.heap.size
    )


@once
def skip_spans(bucket, g, last):
    """Pass over spans before `last` whose buckets are empty; False when there is none."""
    span = g[G_SPAN]
    first = span
    while span < last and bucket[3 * ((span + 1) % BUCKETS) + 2] == 0:
        span += 1
    g[G_SPAN] = span
    return span > first


@once
def fetch_ahead(net):
    """Ask memory for what the next events will need: waiting for it was a third of the time.

    Rows of the event after next are asked for now; of the next event, whose row was asked for before, the stock.
    """
    q = net.q
    count = q.g[G_HEAP]
    for i in range(1, min(count, 3)):
        fetch(q.live, q.heap[i]["row"])
        fetch(q.book, q.heap[i]["book"])
    if count > 0:
        b = q.book[q.heap[0]["book"]]
        node = np.int64(b["node"])
        if node >= 0:
            cell = node * net.cell.shape[1] + b["sku"]
            fetch(net.cell, cell)
            fetch(net.journal, cell * N_MOVES)
            fetch(q.station, N_ROLES * node)
            fetch(q.station, N_ROLES * node + COUNTER)
            fetch(q.space, 2 * node)
            fetch(q.node, node)


@kernel
def advance(net, until):
    """Handle every event with time < `until`.

    Parameters
    ----------
    net : Net, changed in place
    until : second; events at it stay

    Returns
    -------
    DONE, or FULL when a table has no room for the next event: the caller enlarges it and calls again

    Notes
    -----
    Oracle: the reference engine, row by row (tests/fulfilment/test_engines_agree.py).
    """
    q = net.q
    g = q.g
    while True:
        if short_of_room(q, net.told):
            return FULL
        rank = np.int64(NEVER)
        row = np.int64(-1)
        key = np.int64(0)
        if g[G_HEAP] > 0:
            top = q.heap[0]
            rank = top["rank"]
            key = top["key"]
            row = np.int64(top["row"])
        if g[G_NEXT] < g[G_DUE]:
            d = net.demand[g[G_NEXT]]
            due = d["t"] * KINDS + E_ARRIVE
            if due < rank or (due == rank and d["key"] < key):
                rank = due
                row = np.int64(-1)
        t = rank >> 4
        span_end = (g[G_SPAN] + 1) * SPAN
        if t >= min(until, span_end):
            if span_end >= until:
                g[G_QUIET] = min(t, span_end)
                return DONE
            if not skip_spans(q.bucket, g, min(t, until - 1) // SPAN):
                next_span(q)
            continue
        kind = rank & 15
        if row < 0:
            g[G_NEXT] += 1
            row = open_row(q, net.demand[g[G_NEXT] - 1])
        else:
            heap_drop(q.heap, g)
            fetch_ahead(net)
            r = q.live[row]
            if r["t"] != t or r["kind"] != kind or r["book"] < 0 or r["key"] != key:
                continue  # it was called off
        g[G_EVENTS] += 1
        handle(net, row, t, kind)


@kernel
def sort_told(told, count):
    """Bring outcomes, which stand in the order of their events, into the order (t, key, code).

    Insertion: rows move past others of the same instant only. `told[count]` is used as the free place.
    """
    spare = told[count]
    for i in range(1, count):
        o = told[i]
        t, key, code = o["t"], o["key"], o["code"]
        j = i
        while j > 0:
            p = told[j - 1]
            if p["t"] != t or p["key"] < key or (p["key"] == key and p["code"] <= code):
                break
            j -= 1
        if j < i:
            told[count] = told[i]
            for k in range(i, j, -1):
                told[k] = told[k - 1]
            told[j] = spare


@kernel
def after(a, b):
    """Whether DEMAND row `a` comes after `b` in the order (t, key)."""
    return a["t"] > b["t"] or (a["t"] == b["t"] and a["key"] > b["key"])


@kernel
def in_order(rows):
    """Whether DEMAND rows stand in the order (t, key)."""
    for i in range(1, rows.size):
        if not after(rows[i], rows[i - 1]):
            return False
    return True


@kernel
def merge_demand(demand, g, rows):
    """Put sorted DEMAND `rows` among those still to come, from the back; changes `demand`, which has room, and `g`."""
    old = g[G_DUE] - 1
    new = rows.size - 1
    at = old + rows.size
    g[G_DUE] = at + 1
    while new >= 0:
        if old >= g[G_NEXT] and after(demand[old], rows[new]):
            demand[at] = demand[old]
            old -= 1
        else:
            demand[at] = rows[new]
            new -= 1
        at -= 1


@kernel
def serve_items(net, items, t):
    """Backorders of these SKUs at the centre."""
    for i in range(items.size):
        serve_backorders(net, items[i], t)


@kernel
def cancel_waiting(net, t):
    """Cancel every backorder; returns how many."""
    q = net.q
    count = 0
    for sku in range(net.sku.size):
        item = net.sku[sku]
        row = np.int64(item["wait_head"])
        item["wait_head"] = -1
        item["wait_tail"] = -1
        while row >= 0:
            r = q.live[row]
            b = q.book[r["book"]]
            follower = np.int64(r["next"])
            net.cell[0, sku]["backordered"] -= b["units"]
            tell(net.told, q.g, b, t, O_CANCELLED, 0)
            end_without_goods(q.g, r, b, row, t, S_CANCELLED)
            q.g[G_WAITING] -= 1
            count += 1
            row = follower
    return count
