"""Events and queues of the fulfilment kernel: one heap over all nodes, hour buckets, stations."""

import numpy as np

from omosim.kernels.fulfilment_tables import (
    BUCKETS,
    G_FREE,
    G_HEAP,
    G_HOUR,
    G_LIVE,
    G_TOP,
    IDLE,
    KINDS,
)
from omosim.kernels.jit import kernel
from omosim.schema.codes import Event, Status
from omosim.schema.columns import HOUR as _HOUR

HOUR = _HOUR
QUEUE_LEAVE = int(Event.QUEUE_LEAVE)
PICK_END = int(Event.PICK_END)
COUNTER_END = int(Event.COUNTER_END)
RETURN_OPEN = int(Status.RETURN_OPEN)


@kernel
def heap_push(net, rank, key, row):
    """Add an event to the heap; the caller has seen to the room."""
    heap = net.heap
    i = net.g[G_HEAP]
    net.g[G_HEAP] = i + 1
    while i > 0:
        up = (i - 1) >> 1
        over = heap[up]
        if over["rank"] < rank or (over["rank"] == rank and over["key"] <= key):
            break
        heap[i] = heap[up]
        i = up
    slot = heap[i]
    slot["rank"] = rank
    slot["key"] = key
    slot["row"] = row


@kernel
def heap_drop(net):
    """Remove the first event of the heap."""
    heap = net.heap
    n = net.g[G_HEAP] - 1
    net.g[G_HEAP] = n
    rank, key, row = heap[n]["rank"], heap[n]["key"], heap[n]["row"]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        if child + 1 < n:
            a, b = heap[child], heap[child + 1]
            if b["rank"] < a["rank"] or (b["rank"] == a["rank"] and b["key"] < a["key"]):
                child += 1
        low = heap[child]
        if rank < low["rank"] or (rank == low["rank"] and key <= low["key"]):
            break
        heap[i] = heap[child]
        i = child
    if n > 0:
        slot = heap[i]
        slot["rank"] = rank
        slot["key"] = key
        slot["row"] = row


@kernel
def schedule(net, row, t, kind):
    """Give a row its next event: this hour into the heap, later into its hour's bucket.

    A deadline in a queue goes to the heap in any case: it may be overtaken by a service, and a row that has
    left a bucket's list early would break it. The stale heap entry is known by its time and kind.
    """
    r = net.live[row]
    r["t"] = t
    r["kind"] = kind
    hour = t // HOUR
    if hour <= net.g[G_HOUR] or kind == QUEUE_LEAVE:
        heap_push(net, t * KINDS + kind, net.book[r["book"]]["key"], row)
    else:
        slot = hour % BUCKETS
        r["next"] = net.bucket[slot, 0]
        net.bucket[slot, 0] = row
        net.bucket[slot, 1] += 1


@kernel
def next_hour(net):
    """Move the clock to the next hour and its bucket into the heap."""
    g = net.g
    hour = g[G_HOUR] + 1
    g[G_HOUR] = hour
    slot = hour % BUCKETS
    row = np.int64(net.bucket[slot, 0])
    net.bucket[slot, 0] = -1
    net.bucket[slot, 1] = 0
    while row >= 0:
        r = net.live[row]
        follower = np.int64(r["next"])
        schedule(net, row, r["t"], np.int64(r["kind"]))  # a later hour that shares the bucket goes back into it
        row = follower


@kernel
def new_row(net):
    """A free live row."""
    g = net.g
    g[G_LIVE] += 1
    row = g[G_FREE]
    if row >= 0:
        g[G_FREE] = net.live[row]["next"]
    else:
        row = g[G_TOP]
        g[G_TOP] = row + 1
    return row


@kernel
def free_row(net, row):
    """Nothing more happens to the row."""
    r = net.live[row]
    r["book"] = -1
    r["kind"] = IDLE
    r["next"] = net.g[G_FREE]
    net.g[G_FREE] = row
    net.g[G_LIVE] -= 1


@kernel
def tick(net, station, t):
    """Bring the time integrals of a station up to `t`."""
    s = net.station[station]
    dt = t - s["last"]
    if dt > 0:
        s["last"] = t
        s["area"] += s["queued"] * dt
        spare = s["cap"] - s["busy"]
        if spare > 0:
            s["idle"] += spare * dt
        else:
            s["overtime"] -= spare * dt


@kernel
def begin(net, station, row, t, wait):
    """Service of a row begins after `wait` seconds in the queue."""
    s = net.station[station]
    s["busy"] += 1
    s["started"] += 1
    s["waits"] += wait
    r = net.live[row]
    if station & 1 == 0:
        work = r["pick_s"]
        kind = PICK_END
    else:
        kind = COUNTER_END
        b = net.book[r["book"]]
        work = r["counter_s"]
        if b["status"] == RETURN_OPEN:
            work = net.rules[0]["returns_s"]
        else:
            b["served_at"] = t
            b["wait_s"] += wait
    s["worked"] += work
    schedule(net, row, t + work, kind)


@kernel
def unlink(net, station, rank, row):
    """Take a row out of its queue."""
    r = net.live[row]
    line = net.line
    before, after = r["prev"], r["next"]
    if before >= 0:
        net.live[before]["next"] = after
    else:
        line[station, rank, 0] = after
    if after >= 0:
        net.live[after]["prev"] = before
    else:
        line[station, rank, 1] = before
    s = net.station[station]
    s["queued"] -= 1


@kernel
def waiting_since(net, row):
    """When a queued row joined."""
    r = net.live[row]
    if r["kind"] == QUEUE_LEAVE:
        return net.book[r["book"]]["arrived_at"]
    return r["t"]


@kernel
def next_up(net, station, t):
    """Free staff take the first of the queue, lower classes first."""
    s = net.station[station]
    while s["queued"] > 0:
        staff = s["cap"]
        if staff == 0:
            staff = s["finish"]
        if s["busy"] >= staff:
            return
        rank = 0
        row = np.int64(net.line[station, 0, 0])
        if row < 0:
            rank = 1
            row = np.int64(net.line[station, 1, 0])
        since = waiting_since(net, row)
        unlink(net, station, rank, row)
        begin(net, station, row, t, t - since)
    s["finish"] = 0


@kernel
def join(net, station, row, rank, t):
    """Join a station: served at once, or last of the class; False when it has to wait."""
    tick(net, station, t)
    s = net.station[station]
    staff = s["cap"]
    if staff == 0:
        staff = s["finish"]
    if s["queued"] == 0 and s["busy"] < staff:
        begin(net, station, row, t, 0)
        return True
    r = net.live[row]
    r["t"] = t
    r["kind"] = IDLE
    last = net.line[station, rank, 1]
    r["prev"] = last
    r["next"] = -1
    if last >= 0:
        net.live[last]["next"] = row
    else:
        net.line[station, rank, 0] = row
    net.line[station, rank, 1] = row
    s["queued"] += 1
    return False


@kernel
def release(net, station, t):
    """A service ended; the next begins."""
    tick(net, station, t)
    s = net.station[station]
    s["busy"] -= 1
    next_up(net, station, t)


@kernel
def set_cap(net, station, cap, t):
    """Staff on duty from now on; a counter's staff stay after closing until its queue is empty."""
    tick(net, station, t)
    s = net.station[station]
    s["scheduled"] += s["cap"] * (t - s["shift_from"])
    s["shift_from"] = t
    stay = s["cap"]
    if stay == 0:
        stay = s["finish"]
    s["cap"] = cap
    s["finish"] = 0
    if station & 1 == 1 and cap == 0 and s["queued"] > 0:
        s["finish"] = stay
    next_up(net, station, t)
