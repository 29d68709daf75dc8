"""The fulfilment kernel's main loop: every event of every node in the order (time, kind, key)."""

import numpy as np

from omosim.kernels.fetch import fetch
from omosim.kernels.fulfilment_queue import heap_drop, next_span, release, schedule, set_cap
from omosim.kernels.fulfilment_stock import (
    CASH,
    DAY,
    F_PHANTOM,
    M_MISRECORDED,
    M_SHIPPED,
    PICKUP,
    S_CANCELLED,
    SAME_DAY,
    SHIP,
    SHORT,
    VISIT,
    allocate,
    comes_at,
    end_without_goods,
    find_source,
    move_to,
    next_cutoff,
    next_wave,
    open_row,
    place_order,
    post,
    put_back,
    reserve,
    serve_backorders,
    slot_day,
    tell,
    to_picking,
)
from omosim.kernels.fulfilment_tables import (
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
    R_LEAST_RIDE,
    R_PARCEL,
    R_RIDE,
    R_SAME_DAY,
    R_WAVES,
    SPAN,
    kernel,
    part,
)
from omosim.kernels.fulfilment_visit import (
    AT_STAGED,
    E_ARRIVE,
    E_COLLECT,
    E_EXPIRE,
    E_LEAVE,
    E_RESTOCK,
    E_RETURN_ARRIVE,
    E_RETURN_BEGIN,
    E_SECOND,
    O_LATE,
    S_RETURN_OPEN,
    S_STAGED,
    await_collection,
    collect,
    come_to_collect,
    deliver,
    enter,
    expire,
    pay,
    queue_leave,
    refund,
    restock,
    return_begin,
)
from omosim.schema import codes as c
from omosim.schema import network as at

E_PICK_END, E_COUNTER_END, E_DEPART, E_BOARD, E_DELIVER = (
    int(c.Event.PICK_END), int(c.Event.COUNTER_END), int(c.Event.DEPART), int(c.Event.BOARD), int(c.Event.DELIVER),
)  # fmt: skip
S_PACKED = int(c.Status.PACKED)
O_CANCELLED, O_FAILED = int(c.Outcome.CANCELLED), int(c.Outcome.FAILED_PICKUP)
PARCELS, COURIERS = int(c.Account.PARCELS), int(c.Account.COURIERS)
AT_ROAD = at.AT_ROAD
N_MOVES = c.N_MOVES
NEVER = 2**62


@part
def arrive(net, row, t):
    """A row reaches the network."""
    r = net.q.live[row]
    b = net.q.book[r["book"]]
    if b["flow"] == VISIT:
        enter(net, row, t)
    else:
        place_order(net, row, t, allocate(net, r, b, t), O_CANCELLED)


@kernel
def look_for_claims(cell, journal, r, b):
    """Look for the units that were only in the record; returns how many are not there."""
    c = cell[b["node"], b["sku"]]
    found = min(r["claim"], c["available"])
    missing = np.int64(r["claim"] - found)
    c["available"] -= found
    c["reserved"] += found
    c["claimed"] -= r["claim"]
    r["held"] += found
    r["claim"] = 0
    if missing > 0:
        b["flags"] |= F_PHANTOM
        truth = c["available"] - c["claimed"]
        journal[b["node"], b["sku"], M_MISRECORDED] -= missing + c["record"] - truth
        c["record"] = truth
    return missing


@part
def pick_end(net, row, t):
    """Picked: look for units that were only in the record, then pack or stage what is there."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    missing = look_for_claims(net.cell, net.journal, r, b) if r["claim"] > 0 else 0
    if missing > 0:
        if b["flow"] == SHIP:
            source = find_source(net.route, net.node, net.cell, b)
            if source >= 0:
                put_back(net.cell, r, b, False)
                reserve(net.cell, r, b, source)
                to_picking(q, b, row, t)
                return
        if r["held"] == 0:
            place_order(net, row, t, False, O_FAILED if b["flow"] == PICKUP else O_CANCELLED)
            return
        b["units_short"] = missing
        q.g[SHORT] += missing
    b["picked_at"] = t
    b["ready_at"] = t
    if b["flow"] == PICKUP:
        stage(net, row, t)
        return
    move_to(q.g, b, S_PACKED)
    if b["flow"] == SHIP:
        schedule(q, row, next_cutoff(q.g, t), E_DEPART)
    elif t <= b["placed_at"] + r["lag_s"]:
        schedule(q, row, b["placed_at"] + r["lag_s"], E_DEPART)
    else:
        schedule(q, row, next_wave(q.g, t), E_BOARD)


@part
def stage(net, row, t):
    """A pickup stands on its shelf and the customer is told."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    move_to(q.g, b, S_STAGED)
    c = net.cell[b["node"], b["sku"]]
    c["reserved"] -= r["held"]
    c["staged"] += r["held"]
    r["place"] = AT_STAGED
    if b["promised_at"] >= 0 and t > b["promised_at"]:
        tell(net.told, q.g, b, t, O_LATE, t - b["promised_at"])
    come = np.int64(-1)
    if r["lag_s"] >= 0:
        come = comes_at(q.g, net.node[b["node"]], t + r["lag_s"])
    await_collection(q, b, row, t, come)


@kernel
def ride(route, g, b):
    """Seconds a courier needs from the order's store to its zone."""
    rank = 0
    while route[b["zone"], rank]["courier"] != b["node"]:
        rank += 1
    return max(g[R_LEAST_RIDE], np.int64(route[b["zone"], rank]["courier_m"]) * g[R_RIDE] // 1000)


@kernel
def depart(net, row, t):
    """A parcel leaves its node."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    units = r["held"]
    c = net.cell[b["node"], b["sku"]]
    c["reserved"] -= units
    c["on_hand"] -= units
    net.journal[b["node"], b["sku"], M_SHIPPED] += units
    net.sku[b["sku"]]["road"] += units
    r["place"] = AT_ROAD
    account = PARCELS
    cost = q.g[R_PARCEL]
    transit = np.int64(r["transit_s"])
    if b["flow"] == SAME_DAY:
        account = COURIERS
        cost = q.g[R_SAME_DAY]
        transit = ride(net.route, q.g, b)
    post(q.g, b["placed_at"], account, CASH, cost)
    b["service_cost"] += cost
    schedule(q, row, t + transit, E_DELIVER)


@part
def board(net, row, t):
    """A parcel that missed its wave tries the one that leaves now."""
    q = net.q
    g = q.g
    b = q.book[q.live[row]["book"]]
    node = np.int64(b["node"])
    capacity = np.int64(net.node[node]["wave_capacity"])
    if capacity <= 0:
        b["flow"] = SHIP
        schedule(q, row, next_cutoff(g, t), E_DEPART)
        return
    slot_day(q.station[2 * node + 1], net.slots, node, t, capacity)
    wave = 0
    while g[R_WAVES + 1 + wave] != t % DAY:
        wave += 1
    if net.slots[node, wave] < capacity:
        net.slots[node, wave] += 1
        depart(net, row, t)
    else:
        schedule(q, row, next_wave(g, t + 1), E_BOARD)


@part
def counter_end(net, row, t):
    """Service at the counter is over: the next is served, then this row goes on."""
    r = net.q.live[row]
    b = net.q.book[r["book"]]
    if b["status"] == S_RETURN_OPEN:
        release(net.q, 2 * np.int64(r["return_node"]) + 1, t)
        refund(net, row, t)
        return
    release(net.q, 2 * np.int64(b["node"]) + 1, t)
    if b["flow"] == VISIT:
        pay(net, row, t)
    else:
        collect(net, row, t)


@part
def handle(net, row, t, kind):
    """One event of a live row."""
    if kind == E_PICK_END:
        release(net.q, 2 * np.int64(net.q.book[net.q.live[row]["book"]]["node"]), t)
        pick_end(net, row, t)
    elif kind == E_COUNTER_END:
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


@part
def short_of_room(q, told):
    """Whether one more event, or the next span's bucket, might not fit into the tables."""
    g = q.g
    coming = q.bucket[3 * ((g[G_SPAN] + 1) % BUCKETS) + 2]
    return (
        g[G_LIVE] + 2 > q.live.size
        or g[G_BOOK] + 3 > q.book.size
        or g[G_TOLD] + 4 > told.size
        or g[G_HEAP] + g[G_WAITING] + coming + 4 > q.heap.size
    )


@part
def skip_spans(bucket, g, last):
    """Pass over spans before `last` whose buckets are empty; False when there is none."""
    span = g[G_SPAN]
    first = span
    while span < last and bucket[3 * ((span + 1) % BUCKETS) + 2] == 0:
        span += 1
    g[G_SPAN] = span
    return span > first


@part
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
            fetch(q.station, 2 * node + 1)


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
        if row < 0:
            g[G_EVENTS] += 1
            g[G_NEXT] += 1
            handle(net, open_row(q.live, q.book, g, net.demand[g[G_NEXT] - 1]), t, E_ARRIVE)
            continue
        heap_drop(q.heap, g)
        fetch_ahead(net)
        r = q.live[row]
        kind = rank & 15
        if r["t"] == t and r["kind"] == kind and r["book"] >= 0 and r["key"] == key:
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
def set_staff(q, nodes, plan, t):
    """Staff from now on: `plan` (3, n) int64 names nodes, their pickers and the people at their counters."""
    for i in range(plan.shape[1]):
        node = plan[0, i]
        nodes[node]["pickers"] = plan[1, i]
        nodes[node]["counter"] = plan[2, i]
        set_cap(q, 2 * node, plan[1, i], t)
        set_cap(q, 2 * node + 1, plan[2, i], t)


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
def serve_items(q, cell, sku, items, t):
    """Backorders of these SKUs at the centre."""
    for i in range(items.size):
        serve_backorders(q, cell, sku, items[i], t)


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
