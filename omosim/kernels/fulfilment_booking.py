"""What is booked for an order in the fulfilment kernel, and given back: places in couriers' waves, pickup slots, boxes."""

import numpy as np

from omosim.kernels.fulfilment_queue import side_of
from omosim.kernels.fulfilment_space import is_free, leave_place, take_place
from omosim.kernels.fulfilment_stock import DAY
from omosim.kernels.fulfilment_tables import (
    BOXED,
    G_BACK,
    G_BOOKED,
    G_GRANTED,
    G_LAPSED,
    G_REFUSED,
    G_SLOTTED,
    G_WAVES_BACK,
    G_WAVES_BOOKED,
    G_WAVES_LAPSED,
    R_SLOT_TRIES,
    R_WAVES,
    kernel,
    once,
)
from omosim.kernels.hours import next_open
from omosim.kernels.jit import apart
from omosim.schema import columns as col
from omosim.schema import network as at

F_REFUSED, F_SLOT, F_BOX_REFUSED = col.FLAG_SLOT_REFUSED, col.FLAG_SLOT, col.FLAG_BOX_REFUSED
COUNTER, N_ROLES, SHELF, RING = at.COUNTER, at.N_ROLES, at.SHELF, at.RING


@once
def refuse_slot(g, b):
    """A full wave or slot was met; counted once a row."""
    if b["flags"] & F_REFUSED == 0:
        b["flags"] |= F_REFUSED
        g[G_REFUSED] += 1


# ---- couriers' waves --------------------------------------------------------------------------------------------
@kernel
def slot_day(g, s, slots, node, t, capacity):
    """Forget courier bookings of another day; `s` is the node's counter row."""
    day = t // DAY
    if s["slot_day"] != day:
        s["slot_day"] = day
        s["slot_limit"] = 0
        for w in range(slots.shape[1]):
            g[G_WAVES_LAPSED] += slots[node, w]
            slots[node, w] = 0
    if capacity > s["slot_limit"]:
        s["slot_limit"] = capacity


@once
def book_wave(g, slots, node, wave, capacity):
    """One more parcel for a wave; False when it is full."""
    if slots[node, wave] >= capacity:
        return False
    slots[node, wave] += 1
    g[G_WAVES_BOOKED] += 1
    return True


@kernel
def wave_of(g, t):
    """Number of the wave that leaves at `t`."""
    wave = 0
    while g[R_WAVES + 1 + wave] != t % DAY:
        wave += 1
    return wave


@once
def give_back_wave(net, r, b, t):
    """An order's place in a wave that has not left is free again, if bookings of that day are still known."""
    q = net.q
    node = np.int64(b["node"])
    leaves = b["placed_at"] + r["lag_s"]
    if t < leaves and q.station[N_ROLES * node + COUNTER]["slot_day"] == leaves // DAY:
        net.slots[node, wave_of(q.g, leaves)] -= 1
        q.g[G_WAVES_BACK] += 1


# ---- pickup slots -----------------------------------------------------------------------------------------------
@kernel
def book_slot(net, row, b, node, t):
    """The first pickup slot with room at or after the wished time; False when none of those asked for has any."""
    apart()
    q = net.q
    n = q.node[node]
    length = np.int64(n["slot_s"])
    wished = max(t, b["promised_at"] if b["promised_at"] >= 0 else b["placed_at"])
    first = (next_open(n, wished) + length - 1) // length
    full = False
    q.g[G_SLOTTED] = 1
    for slot in range(first, first + q.g[R_SLOT_TRIES]):
        begins = slot * length
        if next_open(n, begins) != begins:
            continue
        booking = net.booking[node, slot % RING]
        if booking["slot"] != slot:
            q.g[G_LAPSED] += booking["booked"]
            booking["slot"] = slot
            booking["booked"] = 0
            booking["limit"] = 0
        booking["limit"] = max(booking["limit"], n["slot_cap"])
        if booking["booked"] < n["slot_cap"]:
            booking["booked"] += 1
            q.g[G_BOOKED] += 1
            side = side_of(q, row)
            give_back_slot(net.booking, q.node, side, q.g, t)
            side["slot_at"] = begins
            side["slot_node"] = node
            b["promised_at"] = begins
            if b["flags"] & F_SLOT == 0:
                b["flags"] |= F_SLOT
                q.g[G_GRANTED] += 1
            return True
        full = True
    if full:
        refuse_slot(q.g, b)
    return False


@kernel
def give_back_slot(bookings, nodes, side, g, t):
    """The pickup slot that a row of the side table has, if any, is free again unless it has begun or is forgotten."""
    apart()
    node = np.int64(side["slot_node"])
    if node < 0:
        return
    side["slot_node"] = -1
    if t < side["slot_at"]:
        slot = side["slot_at"] // np.int64(nodes[node]["slot_s"])
        booking = bookings[node, slot % RING]
        if booking["slot"] == slot:
            booking["booked"] -= 1
            g[G_BACK] += 1


# ---- boxes ------------------------------------------------------------------------------------------------------
@once
def book_box(q, row, b, node, t):
    """A box of the node's shelf is kept from the order on; False when all are taken."""
    s = q.space[2 * node + SHELF]
    if not is_free(s):
        if b["flags"] & F_BOX_REFUSED == 0:
            b["flags"] |= F_BOX_REFUSED
            s["turned"] += 1
        return False
    take_place(s, t)
    side = side_of(q, row)
    side["bin_at"] = t
    side["box_node"] = node
    q.live[row]["bits"] |= BOXED
    return True


@once
def unbook_box(q, row, node, t):
    """The box that was just booked is not needed."""
    q.live[row]["bits"] &= ~BOXED
    leave_place(q.space[2 * node + SHELF], t, t)
