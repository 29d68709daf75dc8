"""Events and queues of the fulfilment kernel: one heap over all nodes, buckets, stations."""

import numpy as np

from omosim.kernels.fetch import fetch
from omosim.kernels.fulfilment_tables import (
    BUCKETS,
    G_FREE,
    G_HEAP,
    G_LIVE,
    G_SPAN,
    G_TOP,
    IDLE,
    KINDS,
    R_RETURNS,
    SPAN,
    kernel,
    part,
)
from omosim.schema.codes import Event, Status

QUEUE_LEAVE = int(Event.QUEUE_LEAVE)
PICK_END = int(Event.PICK_END)
COUNTER_END = int(Event.COUNTER_END)
RETURN_OPEN = int(Status.RETURN_OPEN)


@kernel
def heap_push(heap, g, rank, key, row, book):
    """Add an event to the heap; the caller has seen to the room."""
    i = g[G_HEAP]
    g[G_HEAP] = i + 1
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
    slot["book"] = book


@part
def heap_drop(heap, g):
    """Remove the first event of the heap."""
    n = g[G_HEAP] - 1
    g[G_HEAP] = n
    last = heap[n]
    rank, key, row, book = last["rank"], last["key"], last["row"], last["book"]
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
        slot["book"] = book


@kernel
def schedule(q, row, t, kind):
    """Give a row its next event: this span into the heap, later into its span's bucket.

    A deadline in a queue goes to the heap in any case: it may be overtaken by a service, and a row that has
    left a bucket's list early would break it. The stale heap entry is known by its time and kind.
    """
    r = q.live[row]
    r["t"] = t
    r["kind"] = kind
    span = t // SPAN
    if span <= q.g[G_SPAN] or kind == QUEUE_LEAVE:
        heap_push(q.heap, q.g, t * KINDS + kind, r["key"], row, r["book"])
    else:
        slot = 3 * (span % BUCKETS)
        r["next"] = q.bucket[slot]
        r["prev"] = q.bucket[slot + 1]
        q.bucket[slot + 1] = q.bucket[slot]
        q.bucket[slot] = row
        q.bucket[slot + 2] += 1


@kernel
def next_span(q):
    """Move the clock to the next span and its bucket into the heap."""
    g = q.g
    span = g[G_SPAN] + 1
    g[G_SPAN] = span
    slot = 3 * (span % BUCKETS)
    row = np.int64(q.bucket[slot])
    q.bucket[slot] = -1
    q.bucket[slot + 1] = -1
    q.bucket[slot + 2] = 0
    while row >= 0:
        r = q.live[row]
        if r["prev"] >= 0:
            fetch(q.live, r["prev"])
        follower = np.int64(r["next"])
        schedule(q, row, r["t"], np.int64(r["kind"]))  # a later span that shares the bucket goes back into it
        row = follower


@kernel
def new_row(live, g):
    """A free live row."""
    g[G_LIVE] += 1
    row = g[G_FREE]
    if row >= 0:
        g[G_FREE] = live[row]["next"]
    else:
        row = g[G_TOP]
        g[G_TOP] = row + 1
    return row


@kernel
def free_row(r, g, row):
    """Nothing more happens to the row `r`."""
    r["book"] = -1
    r["kind"] = IDLE
    r["next"] = g[G_FREE]
    g[G_FREE] = row
    g[G_LIVE] -= 1


@part
def tick(s, t):
    """Bring the time integrals of a station up to `t`."""
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
def begin(q, station, row, t, wait):
    """Service of a row begins after `wait` seconds in the queue."""
    s = q.station[station]
    s["busy"] += 1
    s["started"] += 1
    s["waits"] += wait
    r = q.live[row]
    if station & 1 == 0:
        work = np.int64(r["pick_s"])
        kind = PICK_END
    else:
        kind = COUNTER_END
        b = q.book[r["book"]]
        work = np.int64(r["counter_s"])
        if b["status"] == RETURN_OPEN:
            work = q.g[R_RETURNS]
        else:
            b["served_at"] = t
            b["wait_s"] += wait
    s["worked"] += work
    schedule(q, row, t + work, kind)


@kernel
def unlink(live, s, rank, r):
    """Take a row out of its queue."""
    before, after = r["prev"], r["next"]
    if before >= 0:
        live[before]["next"] = after
    elif rank == 0:
        s["head0"] = after
    else:
        s["head1"] = after
    if after >= 0:
        live[after]["prev"] = before
    elif rank == 0:
        s["tail0"] = before
    else:
        s["tail1"] = before
    s["queued"] -= 1


@kernel
def next_up(q, station, t):
    """Free staff take the first of the queue, lower classes first."""
    s = q.station[station]
    while s["queued"] > 0:
        staff = s["cap"]
        if staff == 0:
            staff = s["finish"]
        if s["busy"] >= staff:
            return
        rank = 0
        row = np.int64(s["head0"])
        if row < 0:
            rank = 1
            row = np.int64(s["head1"])
        r = q.live[row]
        since = r["t"]
        if r["kind"] == QUEUE_LEAVE:
            since = q.book[r["book"]]["arrived_at"]
        unlink(q.live, s, rank, r)
        begin(q, station, row, t, t - since)
    s["finish"] = 0


@kernel
def join(q, station, row, rank, t):
    """Join a station: served at once, or last of the class; False when it has to wait."""
    s = q.station[station]
    tick(s, t)
    staff = s["cap"]
    if staff == 0:
        staff = s["finish"]
    if s["queued"] == 0 and s["busy"] < staff:
        begin(q, station, row, t, 0)
        return True
    r = q.live[row]
    r["t"] = t
    r["kind"] = IDLE
    r["next"] = -1
    last = s["tail0"] if rank == 0 else s["tail1"]
    r["prev"] = last
    if last >= 0:
        q.live[last]["next"] = row
    elif rank == 0:
        s["head0"] = row
    else:
        s["head1"] = row
    if rank == 0:
        s["tail0"] = row
    else:
        s["tail1"] = row
    s["queued"] += 1
    return False


@part
def release(q, station, t):
    """A service ended; the next begins."""
    s = q.station[station]
    tick(s, t)
    s["busy"] -= 1
    next_up(q, station, t)


@kernel
def set_cap(q, station, cap, t):
    """Staff on duty from now on; a counter's staff stay after closing until its queue is empty."""
    s = q.station[station]
    tick(s, t)
    s["scheduled"] += s["cap"] * (t - s["shift_from"])
    s["shift_from"] = t
    stay = s["cap"]
    if stay == 0:
        stay = s["finish"]
    s["cap"] = cap
    s["finish"] = 0
    if station & 1 == 1 and cap == 0 and s["queued"] > 0:
        s["finish"] = stay
    next_up(q, station, t)
