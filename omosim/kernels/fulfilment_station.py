"""Stations of the fulfilment kernel: who is served next, and for how long."""

import numpy as np

from omosim.kernels.fulfilment_queue import (
    QUEUE_LEAVE,
    line_up,
    line_up_first,
    nobody_present,
    schedule,
    schedule_in_heap,
    staff_of,
    tick,
    unlink,
)
from omosim.kernels.fulfilment_tables import (
    G_HEAP,
    HURRIED,
    IDLE,
    KINDS,
    MISFIT,
    PARCEL,
    PRESENT,
    R_RETURNS,
    R_SITE_SLOW,
    RIDES,
    SIDED,
    STEPPED,
    TRY_ON,
    kernel,
    once,
    part,
)
from omosim.kernels.jit import apart
from omosim.schema import network as at
from omosim.schema.codes import Event, Flow, Status

PICK_END, COUNTER_END, ROOM_END, SITE_END = (
    int(Event.PICK_END), int(Event.COUNTER_END), int(Event.ROOM_END), int(Event.SITE_END),
)  # fmt: skip
S_TO_PICK, S_RETURN_OPEN, S_IN_ROOM, S_ON_SITE = (
    int(Status.TO_PICK), int(Status.RETURN_OPEN), int(Status.IN_ROOM), int(Status.ON_SITE),
)  # fmt: skip
SHIP = int(Flow.SHIP)
PICKING, COUNTER, DESK, ROOM, N_ROLES = at.PICKING, at.COUNTER, at.DESK, at.ROOM, at.N_ROLES
OVERLAP, FINISH, HOLD_WORK = at.OVERLAP, at.FINISH, at.HOLD_WORK


@once
def pick_station(nodes, node):
    """The station where a node picks."""
    return N_ROLES * node + (COUNTER if nodes[node]["pooled"] else PICKING)


@once
def pick_class(b):
    """Pickups and same-day orders are picked before parcels."""
    return PARCEL if b["flow"] == SHIP else HURRIED


@once
def counter_work(q, row, r, b):
    """Seconds that a customer needs at the counter, an alteration included."""
    work = np.int64(r["counter_s"])
    if r["bits"] & (TRY_ON | MISFIT | SIDED) == TRY_ON | MISFIT | SIDED and q.service[b["offer"]]["alters"]:
        work += q.side[row]["alter_s"]
    return work


@once
def schedule_pick_end(q, n, row, t):
    """The end of a pick at the node `n`; where picks may be stopped it can be called off."""
    if n["at_closing"] != FINISH:
        schedule_in_heap(q, row, t, PICK_END)
    else:
        schedule(q, row, t, PICK_END)


@part
def begin(q, station, row, t, wait):
    """Service of a row begins after `wait` seconds in the queue."""
    s = q.station[station]
    others = np.int64(s["busy"] - s["extra"])
    s["busy"] += 1
    s["started"] += 1
    s["waits"] += wait
    r = q.live[row]
    picks = station % N_ROLES == PICKING and station < q.station.size - 1  # without a look at the book's row
    b = q.book[r["book"]]
    status = S_TO_PICK if picks else np.int64(b["status"])
    if status == S_TO_PICK:
        work = np.int64(r["pick_s"])
        s["worked"] += work
        schedule_pick_end(q, q.node[station // N_ROLES], row, t + work)
        return
    kind = COUNTER_END
    if status == S_RETURN_OPEN:
        work = q.g[R_RETURNS]
    elif status == S_ON_SITE:
        work = np.int64(q.side[row]["session_s"])
        work += work * others * q.g[R_SITE_SLOW] // (np.int64(s["cap"]) * 1_000_000)
        kind = SITE_END
    else:
        b["wait_s"] += wait
        if status == S_IN_ROOM:
            work = np.int64(q.side[row]["fit_s"])
            kind = ROOM_END
        else:
            work = counter_work(q, row, r, b)
            b["served_at"] = t
    s["worked"] += work
    schedule(q, row, t + work, kind)


@kernel
def begin_trip(q, station, first, rank, size, t, wait):
    """Picking of a row begins, with up to `size` - 1 further rows of its class on the same trip."""
    apart()
    s = q.station[station]
    line = q.line[station]
    n = q.node[station // N_ROLES]
    walk = np.int64(n["walk_s"])
    work = walk + max(np.int64(q.live[first]["pick_s"]) - walk, 0)
    count = 1
    row = np.int64(line[2 * rank])
    while row >= 0 and count < size:
        work += max(np.int64(q.live[row]["pick_s"]) - walk, 0)
        row = np.int64(q.live[row]["next"])
        count += 1
    if count == 1:
        begin(q, station, first, t, wait)
        return
    s["busy"] += 1
    s["started"] += 1
    s["worked"] += work
    s["waits"] += wait
    row = first
    for i in range(count):
        if i > 0:
            row = np.int64(line[2 * rank])
            r = q.live[row]
            unlink(q.live, line, rank, r)
            s["queued"] -= 1
            s["waits"] += t - r["t"]
            r["bits"] |= RIDES
        schedule_pick_end(q, n, row, t + work)


@once
def waits_since(q, row, r):
    """Since when a queued row waits."""
    if r["kind"] != QUEUE_LEAVE:
        return np.int64(r["t"])
    if r["bits"] & STEPPED:
        return np.int64(q.side[row]["since"])
    return np.int64(q.book[r["book"]]["arrived_at"])


@kernel
def next_up(q, station, t):
    """Free staff take the first of the queue, lower classes first; after closing only people who are there."""
    s = q.station[station]
    line = q.line[station]
    while s["queued"] > 0:
        if s["finish"] > 0 and nobody_present(line) and q.node[station // N_ROLES]["open"] != 0:
            s["finish"] = 0
        if s["busy"] - s["extra"] >= staff_of(s) or (s["cap"] == 0 and nobody_present(line)):
            return
        rank = PRESENT
        while line[2 * rank] < 0:
            rank += 1
        row = np.int64(line[2 * rank])
        r = q.live[row]
        since = waits_since(q, row, r)
        unlink(q.live, line, rank, r)
        s["queued"] -= 1
        size = np.int64(0)
        if rank != PRESENT:
            size = np.int64(q.node[station // N_ROLES]["batch"])
        if size > 1:
            begin_trip(q, station, row, rank, size, t, t - since)
        else:
            begin(q, station, row, t, t - since)
    if s["finish"] > 0 and q.node[station // N_ROLES]["open"] != 0:
        s["finish"] = 0


@once
def is_free_for(line, s, rank):
    """Whether a row of this class that joins now is served at once."""
    if s["busy"] - s["extra"] >= staff_of(s):
        return False
    if s["cap"] > 0:
        return s["queued"] == 0
    return rank == PRESENT and nobody_present(line)


@part
def join(q, station, row, rank, t):
    """Join a station: served at once, or last of the class; False when it has to wait."""
    s = q.station[station]
    tick(s, t)
    if is_free_for(q.line[station], s, rank):
        begin(q, station, row, t, 0)
        return True
    r = q.live[row]
    r["t"] = t
    r["kind"] = IDLE
    line_up(q.live, q.line[station], rank, row)
    s["queued"] += 1
    return False


@part
def release(q, station, t):
    """A service ended; the next begins."""
    s = q.station[station]
    tick(s, t)
    s["busy"] -= 1
    if s["extra"] > 0:
        s["extra"] -= 1
    if s["queued"] > 0 or s["finish"] > 0:
        next_up(q, station, t)


@kernel
def give_up(q, station, row, t):
    """A row of class 0 leaves a queue unserved; returns how long it waited there."""
    apart()
    s = q.station[station]
    tick(s, t)
    r = q.live[row]
    waited = t - waits_since(q, row, r)
    unlink(q.live, q.line[station], PRESENT, r)
    s["queued"] -= 1
    s["waits"] += waited
    next_up(q, station, t)
    return waited


@kernel
def stop_picks(q, station, node, hold, t):
    """Picks in hand at a node stop and stand first in their queues, in the order (end, key)."""
    apart()
    s = q.station[station]
    line = q.line[station]
    latest = np.int64(-1)  # a list through `next`, latest end first
    for i in range(q.g[G_HEAP]):
        e = q.heap[i]
        row = np.int64(e["row"])
        r = q.live[row]
        if r["kind"] != PICK_END or r["t"] * KINDS + PICK_END != e["rank"] or r["key"] != e["key"] or r["book"] < 0:
            continue
        if q.book[r["book"]]["node"] != node:
            continue
        r["kind"] = IDLE  # a second entry of the same event is not counted again
        before, after = np.int64(-1), latest
        while after >= 0:
            p = q.live[after]
            if p["t"] < r["t"] or (p["t"] == r["t"] and p["key"] < r["key"]):
                break
            before, after = after, np.int64(p["next"])
        r["next"] = after
        if before >= 0:
            q.live[before]["next"] = row
        else:
            latest = row
    while latest >= 0:
        row = latest
        r = q.live[row]
        latest = np.int64(r["next"])
        left = r["t"] - t
        rides = r["bits"] & RIDES != 0
        r["bits"] &= ~RIDES
        if not rides:
            s["busy"] -= 1
            s["worked"] -= left
        if hold:
            r["pick_s"] = 0 if rides else left  # the rest of a trip is the leader's
        r["t"] = t
        line_up_first(q.live, line, pick_class(q.book[r["book"]]), row)
        s["queued"] += 1
    s["extra"] = min(s["extra"], s["busy"])


@kernel
def set_cap(q, station, cap, leaving, stays, t):
    """People of a station from now on; those who stay at closing serve whoever is present.

    `leaving`: of those at work, so many end what they do beside the new ones. `stays`: whether people stay.
    """
    apart()
    s = q.station[station]
    tick(s, t)
    s["scheduled"] += np.int64(s["cap"]) * (t - s["shift_from"])
    s["shift_from"] = t
    s["extra"] += min(leaving, s["busy"] - s["extra"])
    stay = staff_of(s)
    s["cap"] = cap
    s["finish"] = 0
    node = station // N_ROLES
    if stays and cap == 0 and (q.node[node]["open"] == 0 or not nobody_present(q.line[station])):
        s["finish"] = stay  # of a closed store: who is inside may still come to the counter
    if cap == 0 and node < q.node.size and q.node[node]["at_closing"] != FINISH:
        if station == pick_station(q.node, node):
            stop_picks(q, station, node, q.node[node]["at_closing"] == HOLD_WORK, t)
    next_up(q, station, t)


@kernel
def set_staff(q, plan, t):
    """Staff from now on; `plan` (5, n) int64: nodes, pickers, counter, and of each the people whose shift ends."""
    for i in range(plan.shape[1]):
        node = plan[0, i]
        pickers, counter = plan[1, i], plan[2, i]
        n = q.node[node]
        n["pickers"] = pickers
        n["counter"] = counter
        gone_pickers = plan[3, i] if n["hand_over"] == OVERLAP else 0
        gone_counter = plan[4, i] if n["hand_over"] == OVERLAP else 0
        base = N_ROLES * node
        if n["pooled"]:
            set_cap(q, base + COUNTER, pickers + counter, gone_pickers + gone_counter, True, t)
            continue
        set_cap(q, base + PICKING, pickers, gone_pickers, False, t)
        set_cap(q, base + COUNTER, counter, gone_counter, True, t)
        if n["desk"] > 0:
            set_cap(q, base + DESK, np.int64(n["desk"]) if counter > 0 else 0, 0, True, t)
