"""Places that orders occupy in the fulfilment kernel: the pickup shelf with its bins or boxes, and curbside bays."""

import numpy as np

from omosim.kernels.fulfilment_queue import QUEUE_LEAVE, line_up, schedule, schedule_in_heap, side_of, unlink
from omosim.kernels.fulfilment_station import COUNTER, N_ROLES, ROOM, join, set_cap
from omosim.kernels.fulfilment_stock import DAY, comes_at, move_to, tell
from omosim.kernels.fulfilment_tables import (
    AT_BAY,
    BOXED,
    G_TOP,
    IDLE,
    PRESENT,
    R_BIN_WAIT,
    R_HOLD,
    SIDED,
    STEPPED,
    TURNED_AWAY,
    WAITS_BAY,
    kernel,
    once,
    part,
)
from omosim.kernels.jit import apart
from omosim.schema import codes as c
from omosim.schema import columns as col
from omosim.schema import network as at

AT_STAGED = at.AT_STAGED
SHELF, BAY = at.SHELF, at.BAY
F_BIN_WAIT = col.FLAG_BIN_WAIT
S_STAGED, S_PACKED, S_AT_COUNTER = int(c.Status.STAGED), int(c.Status.PACKED), int(c.Status.AT_COUNTER)
E_COLLECT, E_EXPIRE = int(c.Event.COLLECT), int(c.Event.EXPIRE)
O_LATE = int(c.Outcome.LATE)


# ---- places and those who wait for one ----------------------------------------------------------------------
@once
def settle(s, t):
    """Bring the integrals of a shelf or of bays up to `t`."""
    dt = t - s["last"]
    if dt > 0:
        s["last"] = t
        s["area"] += s["waiting"] * dt
        s["filled"] += s["used"] * dt


@once
def is_free(s):
    """Whether a place is free and nobody is before us."""
    return s["used"] < s["cap"] and s["waiting"] == 0


@kernel
def take_place(s, t):
    """One more place is in use."""
    settle(s, t)
    s["used"] += 1
    s["peak"] = max(s["peak"], s["used"])


@kernel
def leave_place(s, since, t):
    """A place that was taken at `since` is free again."""
    settle(s, t)
    s["used"] -= 1
    s["dwells"] += t - since


@once
def waiting_line(q, place):
    """The list of rows that wait for a place of the space; spaces follow the stations."""
    return q.line[q.station.size + place]


@kernel
def wait_for_place(live, line, s, row, t):
    """Last of those who wait for a place; an event of its own, if any, is scheduled afterwards."""
    apart()
    settle(s, t)
    r = live[row]
    r["t"] = t
    r["kind"] = IDLE
    line_up(live, line, PRESENT, row)
    s["waiting"] += 1


@kernel
def wait_no_longer(live, line, s, r, since, t):
    """The row `r` gets its place, or gives up."""
    apart()
    settle(s, t)
    unlink(live, line, PRESENT, r)
    s["waiting"] -= 1
    s["waits"] += t - since


# ---- the pickup shelf -----------------------------------------------------------------------------------------
@once
def slot_begin(q, row, r, b):
    """Begin of the row's pickup slot at the node where it is collected; 0 none."""
    if r["bits"] & SIDED and q.side[row]["slot_node"] == b["collect_at"]:
        return np.int64(q.side[row]["slot_at"])
    return np.int64(0)


@once
def last_second(q, b, row):
    """End of the shelf time of a staged order."""
    hold = np.int64(q.service[b["offer"]]["hold_s"])
    if hold <= 0:
        hold = q.g[R_HOLD]
    return max(b["ready_at"], slot_begin(q, row, q.live[row], b)) + hold


@part
def await_collection(q, b, row, t, come):
    """The customer comes at `come` (-1 never) if that is within the shelf time; else the order expires."""
    last = last_second(q, b, row)
    if come >= 0 and come <= last:
        schedule(q, row, come, E_COLLECT)
    else:
        schedule(q, row, max(t, last), E_EXPIRE)


@kernel
def await_opening(q, b, row, t):
    """The customer found the door of a shut node: the order expires unless the node opens again in time."""
    apart()
    last = last_second(q, b, row)
    side_of(q, row)["since"] = t
    q.live[row]["bits"] |= TURNED_AWAY
    schedule_in_heap(q, row, last, E_EXPIRE)


@kernel
def call_back(q, node, t):
    """A node opened again: who found its door shut comes at the same hour, or with the first opening if that is too late."""
    n = q.node[node]
    for row in range(q.g[G_TOP]):
        r = q.live[row]
        if r["book"] < 0 or r["bits"] & TURNED_AWAY == 0:
            continue
        b = q.book[r["book"]]
        if b["node"] != node:
            continue
        last = np.int64(r["t"])
        come = comes_at(q.g, n, t + (q.side[row]["since"] - t) % DAY)
        if come > last:
            come = comes_at(q.g, n, t)
        if come <= last:
            r["bits"] &= ~TURNED_AWAY
            schedule(q, row, come, E_COLLECT)


@part
def stage(net, row, t):
    """A pickup stands in its bin and the customer is told."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    move_to(q.g, b, S_STAGED)
    b["ready_at"] = t
    c = net.cell[b["node"], b["sku"]]
    c["reserved"] -= r["held"]
    c["staged"] += r["held"]
    r["place"] = AT_STAGED
    if b["promised_at"] >= 0 and t > b["promised_at"]:
        tell(net.told, q.g, b, t, O_LATE, t - b["promised_at"])
    come = np.int64(-1)
    if r["lag_s"] >= 0:
        come = comes_at(q.g, q.node[b["node"]], max(t, slot_begin(q, row, r, b)) + r["lag_s"])
    await_collection(q, b, row, t, come)


@once
def to_shelf(net, row, t):
    """A picked order goes into its box, into a free bin, or waits for one, not for ever."""
    q = net.q
    r = q.live[row]
    if r["bits"] & BOXED == 0:
        b = q.book[r["book"]]
        shelf = 2 * np.int64(b["node"]) + SHELF
        s = q.space[shelf]
        if not is_free(s):
            b["flags"] |= F_BIN_WAIT
            if b["status"] != S_PACKED:
                move_to(q.g, b, S_PACKED)
            wait_for_place(q.live, waiting_line(q, shelf), s, row, t)
            schedule_in_heap(q, row, t + q.g[R_BIN_WAIT], E_EXPIRE)
            return
        take_place(s, t)
    stage(net, row, t)


@kernel
def next_in_bins(net, node, t):
    """Orders that wait for a bin get those that are free."""
    apart()
    q = net.q
    place = 2 * node + SHELF
    s, line = q.space[place], waiting_line(q, place)
    while s["waiting"] > 0 and s["used"] < s["cap"]:
        row = np.int64(line[2 * PRESENT])
        r = q.live[row]
        wait_no_longer(q.live, line, s, r, r["t"] - q.g[R_BIN_WAIT], t)
        take_place(s, t)
        stage(net, row, t)


@kernel
def drop_box(net, row, t):
    """A booked box is given up; the next in line gets it."""
    apart()
    q = net.q
    r = q.live[row]
    if r["bits"] & BOXED:
        r["bits"] &= ~BOXED
        side = q.side[row]
        node = np.int64(side["box_node"])
        leave_place(q.space[2 * node + SHELF], side["bin_at"], t)
        next_in_bins(net, node, t)


@once
def leave_shelf(net, row, r, b, t):
    """The bin or box of a staged order is free again."""
    if r["bits"] & BOXED:
        drop_box(net, row, t)
        return
    node = np.int64(b["node"])
    s = net.q.space[2 * node + SHELF]
    leave_place(s, b["ready_at"], t)
    if s["waiting"] > 0:
        next_in_bins(net, node, t)


# ---- curbside bays --------------------------------------------------------------------------------------------
@kernel
def counter_from_bay(q, row, r, b, t, due):
    """From a bay into the counter's queue; `due`: the deadline's event stands in the heap already."""
    apart()
    side = q.side[row]
    side["bay_at"] = t
    side["since"] = t
    r["bits"] |= AT_BAY | STEPPED
    deadline = b["arrived_at"] + r["patience_s"]
    if not join(q, N_ROLES * np.int64(b["node"]) + COUNTER, row, PRESENT, t) and r["patience_s"] >= 0:
        if due:
            r["t"] = deadline
            r["kind"] = QUEUE_LEAVE
        else:
            schedule(q, row, deadline, QUEUE_LEAVE)


@kernel
def to_bay(q, r, b, row, t):
    """A customer drives up: into a free bay, or waits for one."""
    apart()
    move_to(q.g, b, S_AT_COUNTER)
    side_of(q, row)
    bay = 2 * np.int64(b["node"]) + BAY
    s = q.space[bay]
    if is_free(s):
        take_place(s, t)
        counter_from_bay(q, row, r, b, t, False)
        return
    r["bits"] |= WAITS_BAY
    wait_for_place(q.live, waiting_line(q, bay), s, row, t)
    if r["patience_s"] >= 0:
        schedule(q, row, t + r["patience_s"], QUEUE_LEAVE)


@kernel
def next_in_bays(q, node, t):
    """Customers who wait for a bay get those that are free."""
    apart()
    bay = 2 * node + BAY
    s, line = q.space[bay], waiting_line(q, bay)
    while s["waiting"] > 0 and s["used"] < s["cap"]:
        row = np.int64(line[2 * PRESENT])
        r = q.live[row]
        b = q.book[r["book"]]
        since = np.int64(b["arrived_at"])
        wait_no_longer(q.live, line, s, r, since, t)
        b["wait_s"] += t - since
        r["bits"] &= ~WAITS_BAY
        take_place(s, t)
        counter_from_bay(q, row, r, b, t, True)


@kernel
def leave_bay(q, row, r, b, t):
    """The bay of a row is free again."""
    apart()
    r["bits"] &= ~AT_BAY
    node = np.int64(b["node"])
    leave_place(q.space[2 * node + BAY], q.side[row]["bay_at"], t)
    next_in_bays(q, node, t)


@kernel
def give_up_bay(q, r, b, t):
    """A customer drives off before a bay was free; returns how long they waited."""
    apart()
    bay = 2 * np.int64(b["node"]) + BAY
    since = np.int64(b["arrived_at"])
    wait_no_longer(q.live, waiting_line(q, bay), q.space[bay], r, since, t)
    r["bits"] &= ~WAITS_BAY
    return t - since


@kernel
def set_places(net, plan, t):
    """Bins, bays and fitting rooms from now on, 0 as many as are needed; `plan` (4, n) int64: nodes, then their numbers."""
    q = net.q
    for i in range(plan.shape[1]):
        node = plan[0, i]
        n = q.node[node]
        n["bins"] = plan[1, i]
        n["bays"] = plan[2, i]
        n["rooms"] = plan[3, i]
        shelf, bay = q.space[2 * node + SHELF], q.space[2 * node + BAY]
        settle(shelf, t)
        shelf["cap"] = plan[1, i] if plan[1, i] > 0 else at.ENDLESS
        next_in_bins(net, node, t)
        settle(bay, t)
        bay["cap"] = plan[2, i] if plan[2, i] > 0 else at.ENDLESS
        next_in_bays(q, node, t)
        set_cap(q, N_ROLES * node + ROOM, plan[3, i] if plan[3, i] > 0 else at.ENDLESS, 0, False, t)
