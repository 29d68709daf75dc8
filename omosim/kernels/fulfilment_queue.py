"""Events and queues of the fulfilment kernel: one heap over all nodes, buckets, stations."""

import numpy as np

from omosim.kernels.fetch import fetch
from omosim.kernels.fulfilment_tables import (
    BUCKETS,
    G_FREE,
    G_HEAP,
    G_LIVE,
    G_SIDED,
    G_SPAN,
    G_TOP,
    IDLE,
    KINDS,
    PRESENT,
    SIDED,
    SPAN,
    kernel,
    once,
    part,
)
from omosim.schema.codes import Event

QUEUE_LEAVE = int(Event.QUEUE_LEAVE)


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
def schedule_in_heap(q, row, t, kind):
    """Give a row its next event where it may be called off: it stands in the heap, whatever its time."""
    r = q.live[row]
    r["t"] = t
    r["kind"] = kind
    heap_push(q.heap, q.g, t * KINDS + kind, r["key"], row, r["book"])


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


@kernel
def side_of(q, row):
    """The row's place in the side table, made ready when it is first asked for."""
    r = q.live[row]
    side = q.side[row]
    if r["bits"] & SIDED == 0:
        r["bits"] |= SIDED
        q.g[G_SIDED] += 1
        side["since"] = 0
        side["slot_at"] = 0
        side["bin_at"] = 0
        side["bay_at"] = 0
        side["fit_s"] = 0
        side["alter_s"] = 0
        side["session_s"] = 0
        side["unwanted"] = 0
        side["alt_promise_s"] = -1
        side["extra_sku"] = -1
        side["extra_price"] = 0
        side["slot_node"] = -1
        side["box_node"] = -1
    return side


@once
def tick(s, t):
    """Bring the time integrals of a station up to `t`."""
    dt = t - s["last"]
    if dt > 0:
        s["last"] = t
        s["area"] += s["queued"] * dt
        spare = s["cap"] - s["busy"] + s["extra"]
        if spare > 0:
            s["idle"] += spare * dt
            s["overtime"] += s["extra"] * dt
        else:
            s["overtime"] += (s["extra"] - spare) * dt


# ---- lists of rows that wait: at a station by class, for a place of a space in class 0 --------------------------
@kernel
def unlink(live, line, rank, r):
    """Take the row `r` out of its class's list; `line` holds the ends of the lists."""
    before, after = r["prev"], r["next"]
    if before >= 0:
        live[before]["next"] = after
    else:
        line[2 * rank] = after
    if after >= 0:
        live[after]["prev"] = before
    else:
        line[2 * rank + 1] = before


@kernel
def line_up(live, line, rank, row):
    """Put a row at the end of its class's list."""
    r = live[row]
    last = line[2 * rank + 1]
    r["next"] = -1
    r["prev"] = last
    if last >= 0:
        live[last]["next"] = row
    else:
        line[2 * rank] = row
    line[2 * rank + 1] = row


@kernel
def line_up_first(live, line, rank, row):
    """Put a row at the head of its class's list."""
    r = live[row]
    first = line[2 * rank]
    r["prev"] = -1
    r["next"] = first
    if first >= 0:
        live[first]["prev"] = row
    else:
        line[2 * rank + 1] = row
    line[2 * rank] = row


@once
def staff_of(s):
    """People of a station who begin new work."""
    return s["cap"] if s["cap"] > 0 else s["finish"]


@once
def nobody_present(line):
    """Whether nobody of class 0 waits."""
    return line[2 * PRESENT] < 0
