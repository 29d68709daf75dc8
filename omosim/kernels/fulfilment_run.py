"""The fulfilment kernel's main loop: every event of every node in the order (time, kind, key)."""

import numpy as np

from omosim.kernels.fulfilment_queue import HOUR, heap_drop, next_hour, release, schedule, set_cap
from omosim.kernels.fulfilment_stock import (
    CASH,
    DAY,
    F_PHANTOM,
    M_SHIPPED,
    PICKUP,
    S_CANCELLED,
    SAME_DAY,
    SHIP,
    SHORT,
    VISIT,
    allocate,
    end_without_goods,
    find_source,
    move_to,
    next_cutoff,
    next_open,
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
    units_out,
)
from omosim.kernels.fulfilment_tables import (
    BUCKETS,
    DONE,
    FULL,
    G_BOOK,
    G_DUE,
    G_EVENTS,
    G_HEAP,
    G_HOUR,
    G_LIVE,
    G_NEXT,
    G_TOLD,
    G_WAITING,
    KINDS,
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
    S_STAGED,
    await_collection,
    come_to_collect,
    counter_end,
    deliver,
    enter,
    expire,
    queue_leave,
    refund,
    restock,
    return_begin,
)
from omosim.kernels.jit import kernel
from omosim.schema import codes as c
from omosim.schema import network as at

E_PICK_END, E_COUNTER_END, E_DEPART, E_BOARD, E_DELIVER = (
    int(c.Event.PICK_END), int(c.Event.COUNTER_END), int(c.Event.DEPART), int(c.Event.BOARD), int(c.Event.DELIVER),
)  # fmt: skip
S_PACKED, S_RETURN_OPEN = int(c.Status.PACKED), int(c.Status.RETURN_OPEN)
O_CANCELLED, O_FAILED = int(c.Outcome.CANCELLED), int(c.Outcome.FAILED_PICKUP)
PARCELS, COURIERS = int(c.Account.PARCELS), int(c.Account.COURIERS)
AT_ROAD = at.AT_ROAD
NEVER = 2**62


@kernel
def arrive(net, row, t):
    """A row reaches the network."""
    b = net.book[net.live[row]["book"]]
    if b["flow"] == VISIT:
        enter(net, row, t)
    else:
        place_order(net, row, t, allocate(net, row, t), O_CANCELLED)


@kernel
def pick_end(net, row, t):
    """Picked: look for units that were only in the record, then pack or stage what is there."""
    r = net.live[row]
    b = net.book[r["book"]]
    node = b["node"]
    if r["claim"] > 0:
        cell = net.cell[node, b["sku"]]
        found = min(r["claim"], cell["available"])
        cell["available"] -= found
        cell["reserved"] += found
        cell["claimed"] -= r["claim"]
        r["held"] += found
        missing = r["claim"] - found
        r["claim"] = 0
        if missing > 0:
            b["flags"] |= F_PHANTOM
            cell["record"] = cell["available"] - cell["claimed"]
            if b["flow"] == SHIP:
                source = find_source(net, b["zone"], b["sku"], b["units"])
                if source >= 0:
                    put_back(net, row, False)
                    reserve(net, row, source)
                    to_picking(net, row, t)
                    return
            if r["held"] == 0:
                place_order(net, row, t, False, O_FAILED if b["flow"] == PICKUP else O_CANCELLED)
                return
            b["units_short"] = missing
            net.g[SHORT] += missing
    b["picked_at"] = t
    b["ready_at"] = t
    if b["flow"] == PICKUP:
        stage(net, row, t)
        return
    move_to(net, b, S_PACKED)
    if b["flow"] == SHIP:
        schedule(net, row, next_cutoff(net, t), E_DEPART)
    elif t <= b["placed_at"] + r["lag_s"]:
        schedule(net, row, b["placed_at"] + r["lag_s"], E_DEPART)
    else:
        schedule(net, row, next_wave(net, t), E_BOARD)


@kernel
def stage(net, row, t):
    """A pickup stands on its shelf and the customer is told."""
    r = net.live[row]
    b = net.book[r["book"]]
    node = b["node"]
    move_to(net, b, S_STAGED)
    cell = net.cell[node, b["sku"]]
    cell["reserved"] -= r["held"]
    cell["staged"] += r["held"]
    r["place"] = AT_STAGED
    if b["promised_at"] >= 0 and t > b["promised_at"]:
        tell(net, b, t, O_LATE, t - b["promised_at"])
    await_collection(net, row, t, next_open(net, node, t + r["lag_s"]) if r["lag_s"] >= 0 else -1)


@kernel
def depart(net, row, t):
    """A parcel leaves its node."""
    r = net.live[row]
    b = net.book[r["book"]]
    units_out(net, b["node"], b["sku"], r["held"], M_SHIPPED)
    net.sku[b["sku"]]["road"] += r["held"]
    r["place"] = AT_ROAD
    if b["flow"] == SAME_DAY:
        cost = net.rules[0]["same_day_cost"]
        post(net, b["placed_at"], COURIERS, CASH, cost)
    else:
        cost = net.rules[0]["parcel_cost"]
        post(net, b["placed_at"], PARCELS, CASH, cost)
    b["service_cost"] += cost
    schedule(net, row, t + r["transit_s"], E_DELIVER)


@kernel
def board(net, row, t):
    """A parcel that missed its wave tries the one that leaves now."""
    b = net.book[net.live[row]["book"]]
    node = b["node"]
    capacity = net.node[node]["wave_capacity"]
    if capacity <= 0:
        b["flow"] = SHIP
        schedule(net, row, next_cutoff(net, t), E_DEPART)
        return
    slot_day(net, np.int64(node), t, np.int64(capacity))
    wave = 0
    while net.waves[wave] != t % DAY:
        wave += 1
    if net.slots[node, wave] < capacity:
        net.slots[node, wave] += 1
        depart(net, row, t)
    else:
        schedule(net, row, next_wave(net, t + 1), E_BOARD)


@kernel
def handle(net, row, t, kind):
    """One event of a live row."""
    if kind == E_PICK_END:
        release(net, 2 * net.book[net.live[row]["book"]]["node"], t)
        pick_end(net, row, t)
    elif kind == E_COUNTER_END:
        r = net.live[row]
        b = net.book[r["book"]]
        node = r["return_node"] if b["status"] == S_RETURN_OPEN else b["node"]
        release(net, 2 * node + 1, t)
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


@kernel
def short_of_room(net):
    """Whether one more event, or the next hour's bucket, might not fit into the tables."""
    g = net.g
    coming = net.bucket[(g[G_HOUR] + 1) % BUCKETS, 1]
    return (
        g[G_LIVE] + 2 > net.live.size
        or g[G_BOOK] + 3 > net.book.size
        or g[G_TOLD] + 4 > net.told.size
        or g[G_HEAP] + g[G_WAITING] + coming + 4 > net.heap.size
    )


@kernel
def skip_hours(net, last):
    """Pass over hours before `last` whose buckets are empty; False when there is none."""
    hour = net.g[G_HOUR]
    first = hour
    while hour < last and net.bucket[(hour + 1) % BUCKETS, 1] == 0:
        hour += 1
    net.g[G_HOUR] = hour
    return hour > first


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
    g = net.g
    while True:
        if short_of_room(net):
            return FULL
        rank = NEVER
        row = -1
        key = 0
        if g[G_HEAP] > 0:
            top = net.heap[0]
            rank = top["rank"]
            key = top["key"]
            row = np.int64(top["row"])
        if g[G_NEXT] < g[G_DUE]:
            d = net.demand[g[G_NEXT]]
            due = d["t"] * KINDS + E_ARRIVE
            if due < rank or (due == rank and d["key"] < key):
                rank = due
                row = -1
        t = rank // KINDS
        hour_end = (g[G_HOUR] + 1) * HOUR
        if t >= min(until, hour_end):
            if hour_end >= until:
                return DONE
            if not skip_hours(net, min(t, until - 1) // HOUR):
                next_hour(net)
            continue
        if row < 0:
            g[G_EVENTS] += 1
            g[G_NEXT] += 1
            arrive(net, open_row(net, g[G_NEXT] - 1), t)
            continue
        heap_drop(net)
        r = net.live[row]
        kind = rank % KINDS
        if r["t"] == t and r["kind"] == kind and r["book"] >= 0 and net.book[r["book"]]["key"] == key:
            g[G_EVENTS] += 1
            handle(net, row, t, kind)


@kernel
def set_staff(net, node, pickers, counter, t):
    """Staff of a node from now on."""
    net.node[node]["pickers"] = pickers
    net.node[node]["counter"] = counter
    set_cap(net, 2 * node, pickers, t)
    set_cap(net, 2 * node + 1, counter, t)


@kernel
def serve_items(net, skus, t):
    """Backorders of these SKUs at the centre."""
    for i in range(skus.size):
        serve_backorders(net, skus[i], t)


@kernel
def cancel_waiting(net, t):
    """Cancel every backorder; returns how many."""
    count = 0
    for sku in range(net.sku.size):
        item = net.sku[sku]
        row = np.int64(item["wait_head"])
        item["wait_head"] = -1
        item["wait_tail"] = -1
        while row >= 0:
            follower = np.int64(net.live[row]["next"])
            b = net.book[net.live[row]["book"]]
            cell = net.cell[0, sku]
            cell["backordered"] -= b["units"]
            tell(net, b, t, O_CANCELLED, 0)
            end_without_goods(net, row, t, S_CANCELLED)
            net.g[G_WAITING] -= 1
            count += 1
            row = follower
    return count
