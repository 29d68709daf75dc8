"""Where the fulfilment kernel takes an order's units from: stock, couriers, pickups, second choices."""

import numpy as np

from omosim.kernels.fulfilment_booking import (
    book_box,
    book_slot,
    book_wave,
    give_back_slot,
    give_back_wave,
    refuse_slot,
    slot_day,
    unbook_box,
)
from omosim.kernels.fulfilment_queue import new_row, schedule, side_of
from omosim.kernels.fulfilment_space import drop_box
from omosim.kernels.fulfilment_station import join, pick_class, pick_station
from omosim.kernels.fulfilment_stock import (
    AT_NONE,
    AT_RESERVED,
    DAY,
    ORDERED,
    S_BACKORDERED,
    S_CANCELLED,
    S_DUE,
    S_TO_PICK,
    book_line,
    end_without_goods,
    move_to,
    put_back,
    tell,
    use_second,
)
from omosim.kernels.fulfilment_tables import (
    BOXED,
    DRAWN,
    G_LATE,
    G_NEXT,
    G_OPEN,
    G_WAITING,
    IDLE,
    PARCEL,
    R_BACKORDERS,
    R_SPLITS,
    R_WAVE_LEAD,
    R_WAVES,
    SIDED,
    kernel,
    once,
    part,
)
from omosim.kernels.hours import next_open
from omosim.kernels.jit import apart
from omosim.schema import codes as c
from omosim.schema import columns as col
from omosim.schema import network as at

SHIP, SAME_DAY, PICKUP = int(c.Flow.SHIP), int(c.Flow.SAME_DAY), int(c.Flow.PICKUP)
O_CANCELLED, O_FAILED = int(c.Outcome.CANCELLED), int(c.Outcome.FAILED_PICKUP)
DO_SHIP, DO_OTHER, DO_SUBSTITUTE = int(c.Action.SHIP), int(c.Action.OTHER_STORE), int(c.Action.SUBSTITUTE)
S_ON_SITE = int(c.Status.ON_SITE)
F_SPLIT = col.FLAG_SPLIT
AT_PROMISED = at.AT_PROMISED
E_RELEASE = int(c.Event.RELEASE)
PART_KEY = 4  # what a split-off part adds to the key
PART_BITS = 0xFC


# ---- stock ------------------------------------------------------------------------------------------------------
@once
def visible(net, node, sku):
    """Units of an item that orders may take at a node, by the record; none where the node is shut."""
    units = np.int64(net.cell[node, sku]["record"]) - net.q.node[node]["keep"]
    if net.q.g[G_LATE]:
        units -= net.promised[node, sku]
    if net.q.node[node]["shut"] != 0:
        units = np.int64(0)
    return units


@part
def reserve(net, r, b, node):
    """Take a row's units at a node if the record shows them; with reservation at the pick they are only promised."""
    units = np.int64(b["units"])
    if visible(net, node, np.int64(b["sku"])) < units:
        return False
    b["node"] = node
    if net.q.g[G_LATE] and net.q.service[b["offer"]]["late"]:
        net.promised[node, b["sku"]] += units
        r["held"] = 0
        r["claim"] = units
        r["place"] = AT_PROMISED
        return True
    c = net.cell[node, b["sku"]]
    there = min(units, np.int64(c["available"]))
    c["record"] -= units
    c["available"] -= there
    c["reserved"] += there
    c["claimed"] += units - there
    r["held"] = there
    r["claim"] = units - there
    r["place"] = AT_RESERVED
    return True


@kernel
def find_source(net, b, other):
    """The first node, not `other`, that may ship to the row's zone and shows enough; -1 none."""
    for rank in range(net.route.shape[1]):
        node = np.int64(net.route[b["zone"], rank]["source"])
        if node < 0:
            break
        if node != other and net.q.node[node]["ships"] != 0 and visible(net, node, np.int64(b["sku"])) >= b["units"]:
            return node
    return np.int64(-1)


@kernel
def part_of(net, first, units, unwanted, k):
    """A row of its own for the k-th further parcel of the order `first`; returns it."""
    apart()
    q = net.q
    r = q.live[first]
    b = q.book[r["book"]]
    i = book_line(q.book, q.g, b["key"] + PART_KEY * k, np.int64(b["placed_at"]), np.int64(-1))
    line = q.book[i]
    line["promised_at"] = b["promised_at"]
    line["shopper"] = b["shopper"]
    line["sku"] = b["sku"]
    line["units"] = units
    line["node"] = -1
    line["zone"] = b["zone"]
    line["channel"] = b["channel"]
    line["flow"] = b["flow"]
    line["offer"] = b["offer"]
    line["category"] = b["category"]
    line["flags"] = F_SPLIT
    row = new_row(q.live, q.g)
    o = q.live[row]
    o["book"] = i
    o["key"] = line["key"]
    o["t"] = r["t"]
    o["price"] = r["price"]
    o["fee"] = 0
    o["alt_price"] = r["alt_price"]
    o["alt_fee"] = r["alt_fee"]
    o["alt_sku"] = r["alt_sku"]
    o["pick_s"] = r["pick_s"]
    o["counter_s"] = r["counter_s"]
    o["transit_s"] = r["transit_s"]
    o["lag_s"] = r["lag_s"]
    o["patience_s"] = r["patience_s"]
    o["return_lag_s"] = r["return_lag_s"]
    o["second_travel_s"] = r["second_travel_s"]
    o["held"] = 0
    o["claim"] = 0
    o["extra_units"] = 0
    o["second_node"] = -1
    o["return_node"] = r["return_node"]
    o["kind"] = IDLE
    o["place"] = AT_NONE
    o["action1"] = 0
    o["action2"] = 0
    o["bits"] = r["bits"] & DRAWN
    q.g[G_OPEN] += 1
    q.g[ORDERED] += units
    if r["bits"] & SIDED:
        side, own = q.side[first], side_of(q, row)
        own["fit_s"] = side["fit_s"]
        own["alter_s"] = side["alter_s"]
        own["unwanted"] = unwanted
    return row


@kernel
def split(net, row, t):
    """Several nodes together serve a parcel that none has whole; False when they cannot."""
    apart()
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    sku = np.int64(b["sku"])
    left = np.int64(b["units"])
    count = 0
    for rank in range(net.route.shape[1]):
        node = np.int64(net.route[b["zone"], rank]["source"])
        if node < 0 or left == 0 or count == q.g[R_SPLITS]:
            break
        there = visible(net, node, sku) if q.node[node]["ships"] != 0 else 0
        if there > 0:
            left -= min(there, left)
            count += 1
    if left > 0:
        return False
    left = np.int64(b["units"])
    unwanted = np.int64(0)
    if r["bits"] & SIDED:
        unwanted = min(np.int64(q.side[row]["unwanted"]), left)
    keeps = left - unwanted
    part = 0
    for rank in range(net.route.shape[1]):
        if left == 0:
            break
        node = np.int64(net.route[b["zone"], rank]["source"])
        there = visible(net, node, sku) if q.node[node]["ships"] != 0 else 0
        if there <= 0:
            continue
        units = min(there, left)
        left -= units
        kept = min(units, keeps)
        keeps -= kept
        if part == 0:
            q.g[ORDERED] -= b["units"] - units
            b["units"] = units
            b["flags"] |= F_SPLIT
            if r["bits"] & SIDED:
                q.side[row]["unwanted"] = units - kept
            reserve(net, r, b, node)
        else:
            other = part_of(net, row, units, units - kept, part)
            o = q.live[other]
            line = q.book[o["book"]]
            reserve(net, o, line, node)
            to_picking(q, line, other, t)
        part += 1
    return True


# ---- couriers and pickups ---------------------------------------------------------------------------------------
@kernel
def reserve_courier(net, r, b, t):
    """The nearest store in reach with stock and room in a wave of today."""
    apart()
    q = net.q
    g = q.g
    for rank in range(net.route.shape[1]):
        hop = net.route[b["zone"], rank]
        node = np.int64(hop["courier"])
        if node < 0:
            return False
        n = q.node[node]
        capacity = np.int64(n["wave_capacity"])
        if capacity <= 0 or hop["courier_m"] > n["courier_radius_m"]:
            continue
        if visible(net, node, np.int64(b["sku"])) < b["units"]:
            continue
        slot_day(g, q.station[at.N_ROLES * node + at.COUNTER], net.slots, node, t, capacity)
        packed = next_open(n, t) + r["pick_s"] + g[R_WAVE_LEAD]
        for w in range(g[R_WAVES]):
            leaves = t - t % DAY + g[R_WAVES + 1 + w]
            if leaves < packed:
                continue
            if book_wave(g, net.slots, node, w, capacity):
                r["lag_s"] = leaves - b["placed_at"]
                return reserve(net, r, b, node)
            refuse_slot(g, b)
    return False


@part
def reserve_pickup(net, row, t, where):
    """Stock for a pickup at `where`, there or at a node that sends it on, with the box and the slot it needs."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    n = q.node[where]
    if n["shut"] != 0:
        return False
    service = q.service[b["offer"]]
    source = where
    if visible(net, where, np.int64(b["sku"])) < b["units"]:
        if service["ship_to"] == 0:
            return False
        source = find_source(net, b, where)
        if source < 0:
            return False
    books_box = service["books_box"] != 0 and n["bins"] > 0 and r["bits"] & BOXED == 0
    if books_box and not book_box(q, row, b, where, t):
        return False
    elsewhere = r["bits"] & SIDED == 0 or q.side[row]["slot_node"] != where
    if elsewhere and service["slotted"] != 0 and n["slot_s"] > 0 and not book_slot(net, row, b, where, t):
        if books_box:
            unbook_box(q, row, where, t)
        return False
    if r["bits"] & SIDED and q.side[row]["slot_node"] != where:
        give_back_slot(net.booking, q.node, q.side[row], q.g, t)
    b["collect_at"] = where
    return reserve(net, r, b, source)


# ---- allocation -----------------------------------------------------------------------------------------------------
@once
def pickup_node(b):
    """Where a pickup is to be collected."""
    return np.int64(b["collect_at"] if b["collect_at"] >= 0 else b["node"])


@kernel
def allocate(net, row, t):
    """Reserve stock by the rule of the row's flow."""
    r = net.q.live[row]
    b = net.q.book[r["book"]]
    if b["flow"] == SAME_DAY:
        return reserve_courier(net, r, b, t)
    if b["flow"] == PICKUP:
        return reserve_pickup(net, row, t, pickup_node(b))
    node = find_source(net, b, np.int64(-1))
    return node >= 0 and reserve(net, r, b, node)


@once
def allocate_first(net, row, t):
    """Allocation of a row that reaches the network: the only one that may split a parcel."""
    if allocate(net, row, t):
        return True
    g = net.q.g
    b = net.q.book[net.q.live[row]["book"]]
    if b["flow"] != SHIP or g[R_SPLITS] < 2 or b["units"] < 2 or b["key"] & PART_BITS:
        return False
    return split(net, row, t)


@kernel
def promise_parcel(net, row, b):
    """An order refused on arrival is told the promise of the parcel that takes its place; its row came last."""
    promise = np.int64(-1)
    if b["status"] == S_ON_SITE:
        promise = np.int64(net.q.side[row]["alt_promise_s"])
    else:
        promise = np.int64(net.demand[net.q.g[G_NEXT] - 1]["alt_promise_s"])
    b["promised_at"] = b["placed_at"] + promise if promise >= 0 else -1


@kernel
def try_actions(net, row, t):
    """The first contingency, in the row's order, that gets an order allocated."""
    apart()
    r = net.q.live[row]
    b = net.q.book[r["book"]]
    for turn in range(2):
        action = r["action1"] if turn == 0 else r["action2"]
        if action == DO_SUBSTITUTE and r["alt_sku"] >= 0:
            wanted = b["sku"]
            b["sku"] = r["alt_sku"]
            if allocate(net, row, t):
                use_second(r, b)
                return True
            b["sku"] = wanted
        elif action == DO_SHIP and b["flow"] != SHIP:
            flow = b["flow"]
            b["flow"] = SHIP
            if allocate(net, row, t):
                b["collect_at"] = -1
                if r["bits"] & SIDED:
                    give_back_slot(net.booking, net.q.node, net.q.side[row], net.q.g, t)
                if b["status"] == S_DUE or b["status"] == S_ON_SITE:
                    promise_parcel(net, row, b)
                return True
            b["flow"] = flow
        elif action == DO_OTHER and b["flow"] == PICKUP and r["second_node"] >= 0:
            second = np.int64(r["second_node"])
            r["second_node"] = -1
            if reserve_pickup(net, row, t, second):
                return True
    return False


@part
def to_picking(q, b, row, t):
    """Allocated: into the picking queue of its node; parcels wait for a wave where the node picks in waves."""
    move_to(q.g, b, S_TO_PICK)
    node = np.int64(b["node"])
    rank = pick_class(b)
    every = np.int64(q.node[node]["wave_every_s"])
    if rank == PARCEL and every > 0 and t % every != 0:
        schedule(q, row, t + every - t % every, E_RELEASE)
        return
    join(q, pick_station(q.node, node), row, rank, t)


@kernel
def wait_for_stock(q, cell, sku, r, b, row):
    """Stand in the item's queue at the centre."""
    apart()
    move_to(q.g, b, S_BACKORDERED)
    b["node"] = 0
    r["place"] = AT_NONE
    r["kind"] = IDLE
    r["next"] = -1
    cell[0, b["sku"]]["backordered"] += b["units"]
    item = sku[b["sku"]]
    if item["wait_tail"] >= 0:
        q.live[item["wait_tail"]]["next"] = row
    else:
        item["wait_head"] = row
    item["wait_tail"] = row
    q.g[G_WAITING] += 1


@kernel
def not_found(net, row, t):
    """A row found no units, or its pick did not: other sources of a parcel, its contingencies, wait for stock, the end."""
    apart()
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    picked = b["status"] == S_TO_PICK
    source = np.int64(-1)
    if picked and b["flow"] == SHIP:
        source = find_source(net, b, np.int64(-1))
    if source >= 0:
        put_back(net.cell, r, b, False)
        reserve(net, r, b, source)
    else:
        drop_box(net, row, t)
        if picked and b["flow"] == SAME_DAY:
            give_back_wave(net, r, b, t)
    if source >= 0 or try_actions(net, row, t):
        to_picking(q, b, row, t)
    elif b["flow"] == SHIP and q.g[R_BACKORDERS] != 0:
        wait_for_stock(q, net.cell, net.sku, r, b, row)
    else:
        if r["bits"] & SIDED:
            give_back_slot(net.booking, q.node, q.side[row], q.g, t)
        tell(net.told, q.g, b, t, O_FAILED if picked and b["flow"] == PICKUP else O_CANCELLED, 0)
        end_without_goods(q.g, r, b, row, t, S_CANCELLED)


@kernel
def serve_backorders(net, k, t):
    """Orders that wait for item `k` at the centre are allocated, first come first served."""
    apart()
    q = net.q
    item = net.sku[k]
    while item["wait_head"] >= 0:
        row = np.int64(item["wait_head"])
        r = q.live[row]
        b = q.book[r["book"]]
        follower = r["next"]
        if not reserve(net, r, b, np.int64(0)):
            return
        item["wait_head"] = follower
        if follower < 0:
            item["wait_tail"] = -1
        q.g[G_WAITING] -= 1
        net.cell[0, k]["backordered"] -= b["units"]
        to_picking(q, b, row, t)
