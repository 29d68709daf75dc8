"""Needs: a renewal process in operational time, kept in linked lists per day so that idle shoppers cost nothing."""

import math

from omosim.kernels.fetch import fetch
from omosim.kernels.jit import kernel
from omosim.kernels.mathx import log64
from omosim.kernels.philox import uniform4
from omosim.kernels.purposes import NEED_FIRST, NEED_GAP

_DAY = 86_400
_HOUR = 3_600
_WEEK = 604_800.0
_NEVER = 2**31 - 1
_SERVED = 1 << 15
_NUMBER = _SERVED - 1
_MOST_A_DAY = 63  # missions that a shopper can open in one category on one day
# columns of the daily counters, as in schema.codes.Count
_NEEDS, _NEEDS_SERVED, _NEEDS_DROPPED, _NEEDS_LATE = 0, 23, 24, 25
_CATEGORY_STEP = 22  # bits of a need number inside a mission slot
WAYS = 8  # lists of a day: walked side by side, they wait for memory at the same time
AHEAD = 8  # rows ahead for which memory is asked


@kernel
def erlang(u0, u1, u2, u3, stages):
    """Sum of `stages` (1 to 4) unit exponentials by inversion."""
    product = u0
    if stages > 1:
        product *= u1
    if stages > 2:
        product *= u2
    if stages > 3:
        product *= u3
    return -log64(product)


@kernel
def first_point(key0, key1, shopper, slot, stages):
    """Time of the first need in a stationary renewal process, stage units: Gamma(J, 1), J uniform on 1..stages."""
    u, _, _, _ = uniform4(key0, key1, shopper, slot, NEED_FIRST, 0)
    count = 1 + int(u * stages)
    u0, u1, u2, u3 = uniform4(key0, key1, shopper, slot, NEED_FIRST, 1)
    return erlang(u0, u1, u2, u3, count)


@kernel
def gap(key0, key1, shopper, slot, stages):
    """Time between two needs, stage units: Gamma(stages, 1)."""
    u0, u1, u2, u3 = uniform4(key0, key1, shopper, slot, NEED_GAP, 0)
    return erlang(u0, u1, u2, u3, stages)


@kernel
def op_seconds(units, rate_week, stages):
    """Stage units in whole operational seconds at a need rate a week; NEVER where that is too far."""
    seconds = units * _WEEK / (stages * rate_week) if rate_week > 0.0 else 1e18
    return math.floor(seconds + 0.5) if seconds < 2.0e9 else _NEVER


@kernel
def clock_second(table, op):
    """First whole second at which operational time reaches `op`; NEVER beyond the table.

    Parameters
    ----------
    table : (H+1,) float64, operational seconds at full hours, ascending
    op : operational second, above 0
    """
    if op > table[table.size - 1]:
        return _NEVER
    low = 0
    left = table.size
    while left > 1:  # smallest hour end that reaches op, by steps without a branch: no guess can go wrong
        half = left >> 1
        low += half if table[low + half - 1] < op else 0
        left -= half
    if low == 0:
        return 0
    start = table[low - 1]
    return (low - 1) * _HOUR + math.ceil((op - start) / (table[low] - start) * _HOUR)


@kernel
def pace_of(pace, who):
    """Kind of shopper, the row of operational time in which his needs come."""
    return int(pace[int(who["segment"]), int(who["zone"])])


@kernel
def plan_first_needs(key0, key1, shoppers, needs, head, due, op_time, pace, share, stages):
    """Draw the first need of every shopper and category and hang it on its day.

    Parameters
    ----------
    shoppers : (n,) SHOPPER
    needs : (n x C,) NEED; filled
    head : (days, WAYS) int32, first need rows of each day; due : (days,) int32, how many rows; both filled
    op_time : (G, C, H+1) float64; pace : (S, Z) int16, kind of shopper
    share : (C,) float64, part of a shopper's needs in each category

    Notes
    -----
    Equilibrium renewal start (Cox 1962). Oracle: tests/oracles/test_renewal_counts.py.
    """
    head[:, :] = -1
    due[:] = 0
    categories = share.size
    for i in range(shoppers.size):
        rate = float(shoppers[i]["need_rate"])
        kind = pace_of(pace, shoppers[i])
        for c in range(categories):
            units = first_point(key0, key1, i, c << _CATEGORY_STEP, stages)
            row = i * categories + c
            needs[row]["number"] = 0
            needs[row]["next_s"] = op_seconds(units, rate * share[c], stages)
            _hang(needs, row, head, due, clock_second(op_time[kind, c], needs[row]["next_s"]))


@kernel
def _hang(needs, row, head, due, second):
    needs[row]["link"] = -1
    day = second // _DAY
    if day < due.size:
        way = row % WAYS
        needs[row]["link"] = head[day, way]
        head[day, way] = row
        due[day] += 1


@kernel
def _step(key0, key1, need, shopper, category, rate_week, stages):
    """Move a need row on to the next need, in operational time."""
    number = (int(need["number"]) & _NUMBER) + 1
    need["number"] = number
    if number >= _NUMBER or need["next_s"] == _NEVER:
        need["next_s"] = _NEVER
        return
    units = gap(key0, key1, shopper, (category << _CATEGORY_STEP) | number, stages)
    wait = op_seconds(units, rate_week, stages)
    need["next_s"] = min(int(need["next_s"]) + wait, _NEVER)


@kernel
def hang_all(shoppers, needs, head, due, op_time, pace, first_day):
    """Build the calendar of lists anew from the need rows; nothing is due before `first_day`."""
    head[:, :] = -1
    due[:] = 0
    categories = op_time.shape[1]
    for row in range(needs.size):
        kind = pace_of(pace, shoppers[row // categories])
        second = clock_second(op_time[kind, row % categories], needs[row]["next_s"])
        _hang(needs, row, head, due, max(second, first_day * _DAY))


@kernel
def rows_due(needs, head, day, rows):
    """Need rows of a day, in no order; fills `rows` (as many as are due,) int32."""
    at = head[day].copy()
    n = 0
    while n < rows.size:
        for way in range(WAYS):
            row = at[way]
            if row >= 0:
                rows[n] = row
                n += 1
                at[way] = needs[row]["link"]


@kernel
def list_needs(key0, key1, shoppers, needs, head, due, op_time, pace, share, stages, day, stop_at, rows, first, out, tally):
    """Take the needs of a day off the calendar and put each row's next need on it.

    Parameters
    ----------
    day : day to list; its lists are emptied
    stop_at : second from which on no mission is opened
    rows : need rows of the day, from `rows_due`; those from `first` on are listed
    out : (capacity,) MISSION; filled in the order of the rows
    tally : (N_COUNTS,) int64 of the day; every need that comes due is counted, with the reason where it opens no mission

    Returns
    -------
    (i, missions filled): i the first row not listed: all, or less when `out` is full
    """
    categories = share.size
    n = 0
    head[day, :] = -1
    due[day] = 0
    for i in range(first, rows.size):
        if n + 64 > out.size:
            return i, n
        if i + AHEAD < rows.size:
            fetch(shoppers, rows[i + AHEAD] // categories)
            fetch(needs, rows[i + AHEAD])
        row = rows[i]
        shopper = row // categories
        category = row - shopper * categories
        rate = float(shoppers[shopper]["need_rate"]) * share[category]
        table = op_time[pace_of(pace, shoppers[shopper]), category]
        second = clock_second(table, needs[row]["next_s"])
        again = 0
        while second < (day + 1) * _DAY:
            second = max(second, day * _DAY)
            number = int(needs[row]["number"])
            if second >= stop_at:
                tally[_NEEDS_LATE] += 1
            else:
                tally[_NEEDS] += 1
                if number >= _SERVED:
                    tally[_NEEDS_SERVED] += 1
                elif again >= _MOST_A_DAY:
                    tally[_NEEDS_DROPPED] += 1
                else:
                    mission = out[n]
                    mission["t"] = second
                    mission["shopper"] = shopper
                    mission["need"] = number
                    mission["base"] = number
                    mission["category"] = category
                    mission["kind"] = 0
                    n += 1
                    again += 1
            _step(key0, key1, needs[row], shopper, category, rate, stages)
            second = clock_second(table, needs[row]["next_s"])
        _hang(needs, row, head, due, second)
    return rows.size, n
