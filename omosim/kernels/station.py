"""A station by itself: customers in the order of their arrival, people who serve, patience; and a store's days made of two of them.

Where nothing but the queue is asked for, this takes a fortieth of the fulfilment engine's time per customer: no book, stock or ledger.
"""

from omosim.kernels.jit import uncounted as kernel

DAY = 86_400
NEVER = 2**62
NOT_BEGUN, LEFT = -1, -2  # instead of the second at which service begins
_PLACE_BITS = 24


@kernel
def push(heap, n, x):
    """Add `x` to the least-first heap of `n` numbers."""
    i = n
    while i > 0:
        up = (i - 1) >> 1
        if heap[up] <= x:
            break
        heap[i] = heap[up]
        i = up
    heap[i] = x


@kernel
def drop(heap, n):
    """Remove the least of `n` numbers; n - 1 stay."""
    n -= 1
    last = heap[n]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        if child + 1 < n and heap[child + 1] < heap[child]:
            child += 1
        if last <= heap[child]:
            break
        heap[i] = heap[child]
        i = child
    heap[i] = last


@kernel
def push_later(late, n, j, t, patience):
    """Add customer `j` to the heap of the `n` whose patience runs, least deadline and then number first."""
    x = t[j] + patience[j]
    i = n
    while i > 0:
        up = (i - 1) >> 1
        k = late[up]
        other = t[k] + patience[k]
        if other < x or (other == x and k < j):
            break
        late[i] = k
        i = up
    late[i] = j


@kernel
def drop_first(late, n, t, patience):
    """Remove the first of the `n` whose patience runs; n - 1 stay."""
    n -= 1
    j = late[n]
    x = t[j] + patience[j]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        k = late[child]
        least = t[k] + patience[k]
        if child + 1 < n:
            m = late[child + 1]
            other = t[m] + patience[m]
            if other < least or (other == least and m < k):
                child += 1
                k, least = m, other
        if x < least or (x == least and j < k):
            break
        late[i] = k
        i = child
    late[i] = j


@kernel(inline="always")
def _serve(t, work, rank, patience, n, when, caps, opened, stays, until, start, follow, ends, exact, found, late):
    """Both forms of `serve`; `exact` is known when it is compiled."""
    first0, first1, last0, last1 = -1, -1, -1, -1
    i, c, busy, cap, finish, doors = 0, 0, 0, 0, 0, 0
    waiting, area, before, runs = 0, 0, 0, 0
    t_come = t[0] if n > 0 else NEVER
    t_change = when[0] if when.size > 0 else NEVER
    while True:
        t_end = ends[0] if busy > 0 else NEVER
        now = min(t_change, t_end, t_come)
        t_leave = NEVER
        if exact and runs > 0:
            t_leave = t[late[0]] + patience[late[0]]
            now = min(now, t_leave)
        if now >= until:
            break
        gone = False
        if exact:
            area += waiting * (now - before)
            before = now
        else:
            while first0 >= 0 and patience[first0] >= 0 and t[first0] + patience[first0] < now:
                start[first0] = LEFT
                first0 = follow[first0]
                gone = True
            if gone and first0 < 0 and finish > 0 and doors != 0:
                finish = 0
        if now == t_change:
            stay = cap if cap > 0 else finish
            cap = caps[c]
            doors = opened[c]
            finish = stay if stays and cap == 0 and (doors == 0 or first0 >= 0) else 0
            c += 1
            t_change = when[c] if c < when.size else NEVER
        elif now == t_end:
            drop(ends, busy)
            busy -= 1
        elif now == t_come:
            start[i] = NOT_BEGUN
            follow[i] = -1
            if exact:
                found[i] = waiting
            hands = cap if cap > 0 else finish
            if busy < hands and first0 < 0 and (first1 < 0 or cap == 0) and (cap > 0 or rank[i] == 0):
                start[i] = now
                push(ends, busy, now + work[i])
                busy += 1
            else:
                if rank[i] == 0:
                    if first0 < 0:
                        first0 = i
                    else:
                        follow[last0] = i
                    last0 = i
                else:
                    if first1 < 0:
                        first1 = i
                    else:
                        follow[last1] = i
                    last1 = i
                if exact:
                    waiting += 1
                    if patience[i] >= 0:
                        push_later(late, runs, i, t, patience)
                        runs += 1
            i += 1
            t_come = t[i] if i < n else NEVER
            continue
        else:
            j = late[0]
            drop_first(late, runs, t, patience)
            runs -= 1
            if start[j] == NOT_BEGUN:
                start[j] = LEFT
                waiting -= 1
                while first0 >= 0 and start[first0] == LEFT:
                    first0 = follow[first0]
                while first1 >= 0 and start[first1] == LEFT:
                    first1 = follow[first1]
                if first0 < 0 and finish > 0 and doors != 0:
                    finish = 0
            continue
        hands = cap if cap > 0 else finish
        while busy < hands:
            if first0 >= 0:
                j = first0
                first0 = follow[j]
            elif first1 >= 0 and cap > 0:
                j = first1
                first1 = follow[j]
            else:
                break
            if exact:
                if start[j] == LEFT:
                    continue
                waiting -= 1
            elif patience[j] >= 0 and t[j] + patience[j] < now:
                start[j] = LEFT
                continue
            start[j] = now
            push(ends, busy, now + work[j])
            busy += 1
        while exact and first0 >= 0 and start[first0] == LEFT:
            first0 = follow[first0]
        if finish > 0 and first0 < 0 and doors != 0:
            finish = 0
    for j in range(i, n):
        start[j] = NOT_BEGUN
    for head in (first0, first1):
        while head >= 0:
            if patience[head] >= 0 and t[head] + patience[head] < until:
                start[head] = LEFT
            head = follow[head]
    return area + waiting * (until - before) if exact else 0


@kernel
def serve(t, work, rank, patience, n, when, caps, opened, stays, until, start, follow, ends):
    """Serve `n` customers, of each class the first first, class 0 before class 1; nobody's service is broken off.

    Parameters
    ----------
    t : (n,) int64, second of arrival, ascending
    work, patience : (n,) int64 seconds; patience -1 endless
    rank : (n,) int64, class 0 (there in person) or 1
    when, caps, opened : (c,) int64, from second `when` on, ascending, so many people; whether the doors are open
    stays : whether people stay when `caps` falls to 0 until class 0 is served; after closing for good, in open hours until nobody waits
    until : second at which it ends; what would happen then does not happen
    start : (n,) int64, filled: second at which service begins, NOT_BEGUN, or LEFT at t + patience
    follow : (n,) int64, used: the next in the queue
    ends : (most people at once + 1,) int64, used: ends of services in hand

    Notes
    -----
    Who has left is only noticed at the head of the queue. At one instant: people change, services end, customers come, patience ends. Oracles: the fulfilment engine
    (tests/planning/test_station.py), a plain heap and Erlang C (tests/benchmarks/test_w2_station.py).
    """
    _serve(t, work, rank, patience, n, when, caps, opened, stays, until, start, follow, ends, False, start, start)


@kernel
def serve_counted(t, work, rank, patience, n, when, caps, opened, stays, until, start, follow, ends, found, late):
    """As `serve`, and how long the queue is: every end of patience is an event of its own.

    Parameters
    ----------
    found : (n,) int64, filled: how many wait when a customer comes
    late : (n,) int64, used: those whose patience runs
    others : see `serve`

    Returns
    -------
    Seconds of waiting of all customers up to `until`: the integral of the queue's length
    """
    return _serve(t, work, rank, patience, n, when, caps, opened, stays, until, start, follow, ends, True, found, late)


@kernel
def pick_days(first, split, t, pick, when, caps, opened, until, ready, start, follow, ends, nobody, endless):
    """When every replicate's pickups are ready: one station of pickers, who do nothing else.

    Parameters
    ----------
    first : (reps + 1,) int64, rows of a replicate are first[r]:first[r + 1]
    split : (reps,) int64, its pickups come before row split[r], in the order (t, key), its walk-in customers from there on
    t, pick : (n,) int64 seconds: order placed, work
    when, caps, opened, until : see `serve`
    ready : (n,) int64, filled at pickups: second, -1 not by the end
    start, follow, ends : scratch of `serve`, for the replicate with most rows
    nobody, endless : (most rows,) int64 zeros, and -1 throughout
    """
    for r in range(first.size - 1):
        b, m = first[r], split[r]
        serve(t[b:m], pick[b:m], nobody, endless, m - b, when, caps, opened, False, until, start, follow, ends)
        for j in range(b, m):
            done = start[j - b] + pick[j]
            ready[j] = done if start[j - b] >= 0 and done < until else -1


@kernel
def comes_at(t, opens, closes, after):
    """When a customer who would come at `t` comes: trips of closed hours are made within `after` seconds of opening, in the same order."""
    second = t % DAY
    if opens >= closes or (opens <= second and second < closes):
        return t
    opening = t - second + opens
    if second >= opens:
        opening += DAY
    day_s = closes - opens
    shut_s = DAY - day_s
    return opening + (shut_s - (opening - t)) * min(after, day_s - 1) // shut_s


@kernel
def is_open(t, opens, closes, trades):
    """Whether the doors are open at `t`; `trades` (days,) int64 says on which days they ever are."""
    day, second = t // DAY, t % DAY
    return day < trades.size and trades[day] != 0 and opens <= second and second < closes


@kernel
def counter_days(first, split, t, work, lag, patience, turn, ready, hours, trades, when, caps, opened, until,
                 arrived, served, done, wait, scratch, ends, nobody):  # fmt: skip
    """Every replicate's customers at the one counter: those of pickups that are ready, and walk-ins.

    Parameters
    ----------
    first, split, t : see `pick_days`; walk-ins too stand in the order (t, key)
    work, patience : (n,) int64 seconds at the counter, and of walk-ins in its queue, -1 endless
    lag : (n,) int64 seconds from ready to collection, -1 never
    turn : (n,) int64, rank of a pickup's key among its replicate's: who goes first of those who come at one instant
    ready : (n,) int64 from `pick_days`
    hours : (4,) int64 seconds: opening, closing, longest delay after opening of trips put off over night, shelf time
    trades : (days,) int64, days on which the doors open
    when, caps, opened, until : see `serve`
    arrived, served, done, wait : (n,) int64, filled: seconds at which a customer comes to the counter, is served (or NOT_BEGUN, LEFT)
        and leaves the store or the shelf, -1 never; seconds of waiting
    scratch : (7, most rows) int64, used
    ends, nobody : see `pick_days`
    """
    opens, closes, after, hold = hours[0], hours[1], hours[2], hours[3]
    time, effort, temper, who, start, follow, heap = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4], scratch[5], scratch[6]
    for r in range(first.size - 1):
        b, m, e = first[r], split[r], first[r + 1]
        coming = 0
        for j in range(b, e):
            arrived[j], served[j], done[j], wait[j] = -1, NOT_BEGUN, -1, 0
        for j in range(b, m):
            follow[turn[j]] = j
            if ready[j] < 0:
                continue
            last = ready[j] + hold
            told = ready[j]
            come = comes_at(told + lag[j], opens, closes, after) if lag[j] >= 0 else last + 1
            while come <= last and come < until and not is_open(come, opens, closes, trades):
                told = come
                come = comes_at(come + DAY, opens, closes, after)
            if come > last:
                if max(told, last) < until:
                    done[j] = max(told, last)
            elif come < until:
                push(heap, coming, (come << _PLACE_BITS) | turn[j])
                coming += 1
        n = 0
        walk = m
        while coming > 0 or walk < e:
            come = heap[0] >> _PLACE_BITS if coming > 0 else NEVER
            if walk < e and t[walk] < come:
                j = walk
                walk += 1
                come = t[j]
                if come >= until:
                    continue
                if not is_open(come, opens, closes, trades):
                    done[j] = come
                    continue
                temper[n] = patience[j]
            else:
                j = follow[heap[0] & ((1 << _PLACE_BITS) - 1)]
                drop(heap, coming)
                coming -= 1
                temper[n] = -1
            arrived[j] = come
            time[n], effort[n], who[n] = come, work[j], j
            n += 1
        serve(time, effort, nobody, temper, n, when, caps, opened, True, until, start, follow, ends)
        for i in range(n):
            j = who[i]
            served[j] = start[i]
            if start[i] >= 0:
                wait[j] = start[i] - time[i]
                if start[i] + effort[i] < until:
                    done[j] = start[i] + effort[i]
            elif start[i] == LEFT:
                wait[j] = temper[i]
                done[j] = time[i] + temper[i]
