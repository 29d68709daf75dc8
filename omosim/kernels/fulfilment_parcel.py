"""From the pick to the door in the fulfilment kernel: claims, packing, parcels, couriers, orders sent on to a store."""

import numpy as np

from omosim.kernels.fulfilment_booking import book_wave, slot_day, wave_of
from omosim.kernels.fulfilment_queue import schedule
from omosim.kernels.fulfilment_return import after_sale
from omosim.kernels.fulfilment_source import (
    AT_PROMISED,
    PICKUP,
    SAME_DAY,
    SHIP,
    find_source,
    not_found,
)
from omosim.kernels.fulfilment_space import O_LATE, S_PACKED, to_shelf
from omosim.kernels.fulfilment_stock import (
    AT_RESERVED,
    M_SHIPPED,
    SHORT,
    move_to,
    next_cutoff,
    next_wave,
    pay_out,
    sell,
    tell,
    to_truck,
)
from omosim.kernels.fulfilment_tables import (
    R_INSERT,
    R_LEAST_RIDE,
    R_PARCEL,
    R_RIDE,
    R_SAME_DAY,
    R_TO_STORE,
    kernel,
    once,
    part,
)
from omosim.kernels.jit import apart
from omosim.schema import codes as c
from omosim.schema import columns as col
from omosim.schema import network as at

F_PHANTOM, F_MOVED, F_INSERT = col.FLAG_PHANTOM, col.FLAG_MOVED, col.FLAG_INSERT
E_DEPART, E_BOARD, E_DELIVER = int(c.Event.DEPART), int(c.Event.BOARD), int(c.Event.DELIVER)
S_DELIVERED = int(c.Status.DELIVERED)
O_DELIVERED, O_INSERT = int(c.Outcome.DELIVERED), int(c.Outcome.INSERT)
PARCELS, COURIERS, OUTSOURCED, INSERTS = (
    int(c.Account.PARCELS), int(c.Account.COURIERS), int(c.Account.OUTSOURCED), int(c.Account.INSERTS),
)  # fmt: skip
M_MISRECORDED, M_IN = int(c.Move.MISRECORDED), int(c.Move.TRANSFER_IN)
AT_ROAD = at.AT_ROAD


@kernel
def look_for_claims(net, r, b):
    """Look for the units that were only in the record, or only promised; returns how many are not there."""
    apart()
    node, sku = np.int64(b["node"]), np.int64(b["sku"])
    c = net.cell[node, sku]
    claim = np.int64(r["claim"])
    found = min(claim, np.int64(c["available"]))
    missing = claim - found
    c["available"] -= found
    c["reserved"] += found
    r["held"] += found
    r["claim"] = 0
    promised = r["place"] == AT_PROMISED
    if promised:
        c["record"] -= found
        net.promised[node, sku] -= claim
        r["place"] = AT_RESERVED
    else:
        c["claimed"] -= claim
    if missing > 0:
        truth = c["available"] - c["claimed"]
        off = np.int64(c["record"] - truth)
        if not promised:
            off += missing
        if off > 0 or not promised:
            b["flags"] |= F_PHANTOM
        net.journal[node, sku, M_MISRECORDED] -= off
        c["record"] = truth
    return missing


@part
def pick_end(net, row, t):
    """Picked: look for units that were only in the record, then pack or stage what is there."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    missing = look_for_claims(net, r, b) if r["claim"] > 0 else 0
    if missing > 0:
        if r["held"] == 0 or (b["flow"] == SHIP and find_source(net, b, np.int64(-1)) >= 0):
            not_found(net, row, t)
            return
        b["units_short"] = missing
        q.g[SHORT] += missing
    b["picked_at"] = t
    if b["flow"] == PICKUP and b["collect_at"] == b["node"]:
        to_shelf(net, row, t)
        return
    move_to(q.g, b, S_PACKED)
    if b["flow"] == PICKUP:
        schedule(q, row, next_cutoff(q.g, t), E_DEPART)
        return
    b["ready_at"] = t
    if b["flow"] == SHIP:
        schedule(q, row, next_cutoff(q.g, t), E_DEPART)
    elif t <= b["placed_at"] + r["lag_s"]:
        schedule(q, row, b["placed_at"] + r["lag_s"], E_DEPART)
    else:
        schedule(q, row, next_wave(q.g, t), E_BOARD)


@kernel
def ride(route, g, b):
    """Seconds a courier needs from the order's store to its zone."""
    rank = 0
    while route[b["zone"], rank]["courier"] != b["node"]:
        rank += 1
    return max(g[R_LEAST_RIDE], np.int64(route[b["zone"], rank]["courier_m"]) * g[R_RIDE] // 1000)


@part
def depart(net, row, t):
    """A parcel leaves its node, for the door or for the node where it is collected."""
    q = net.q
    g = q.g
    r = q.live[row]
    b = q.book[r["book"]]
    units = r["held"]
    node, sku = np.int64(b["node"]), np.int64(b["sku"])
    n = q.node[node]
    c = net.cell[node, sku]
    c["reserved"] -= units
    c["on_hand"] -= units
    if n["order_fee"] > 0:
        pay_out(g, b, OUTSOURCED, np.int64(n["order_fee"]))
    if b["flow"] == PICKUP:
        b["flags"] |= F_MOVED
        to_truck(net, r, b, node, sku, np.int64(units))
        schedule(q, row, t + g[R_TO_STORE], E_DELIVER)
        return
    net.journal[node, sku, M_SHIPPED] += units
    net.sku[sku]["road"] += units
    r["place"] = AT_ROAD
    if b["flow"] == SAME_DAY:
        pay_out(g, b, COURIERS, g[R_SAME_DAY])
        schedule(q, row, t + ride(net.route, g, b), E_DELIVER)
        return
    pay_out(g, b, PARCELS, g[R_PARCEL])
    if q.service[b["offer"]]["insert"]:
        b["flags"] |= F_INSERT
        pay_out(g, b, INSERTS, g[R_INSERT])
    schedule(q, row, t + r["transit_s"] + n["extra_lead_s"], E_DELIVER)


@kernel
def board(net, row, t):
    """A parcel that missed its wave tries the one that leaves now."""
    apart()
    q = net.q
    g = q.g
    b = q.book[q.live[row]["book"]]
    node = np.int64(b["node"])
    capacity = np.int64(q.node[node]["wave_capacity"])
    if capacity <= 0:
        b["flow"] = SHIP
        schedule(q, row, next_cutoff(g, t), E_DEPART)
        return
    slot_day(g, q.station[at.N_ROLES * node + at.COUNTER], net.slots, node, t, capacity)
    if book_wave(g, net.slots, node, wave_of(g, t), capacity):
        depart(net, row, t)
    else:
        schedule(q, row, next_wave(g, t + 1), E_BOARD)


@kernel
def truck_in(net, row, t):
    """An order sent on reaches the node where it is collected."""
    apart()
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    units = r["held"]
    node, sku = np.int64(b["collect_at"]), np.int64(b["sku"])
    net.sku[sku]["truck"] -= units
    net.journal[node, sku, M_IN] += units
    c = net.cell[node, sku]
    c["on_hand"] += units
    c["reserved"] += units
    b["node"] = node
    r["place"] = AT_RESERVED
    to_shelf(net, row, t)


@once
def deliver(net, row, t):
    """The parcel is handed over at the door, or unloaded where it is collected."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    if b["flow"] == PICKUP:
        truck_in(net, row, t)
        return
    units = np.int64(r["held"])
    net.sku[b["sku"]]["road"] -= units
    move_to(q.g, b, S_DELIVERED)
    sell(q.g, net.sku, b, t, units, r["price"], r["fee"])
    tell(net.told, q.g, b, t, O_DELIVERED, b["revenue"] + b["fee"])
    if b["promised_at"] >= 0 and t > b["promised_at"]:
        tell(net.told, q.g, b, t, O_LATE, t - b["promised_at"])
    if b["flags"] & F_INSERT:
        tell(net.told, q.g, b, t, O_INSERT, 0)
    after_sale(q, r, b, row, t)
