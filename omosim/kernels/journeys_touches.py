"""Which touchpoints a mission meets, and what identity each touch leaves."""

from omosim.kernels.jit import uncounted as kernel
from omosim.kernels.mathx import log64
from omosim.kernels.philox import uniform4
from omosim.kernels.purposes import REACH, TOUCH

_WEIGHTS = 16  # where touchpoint weights begin in the scratch array
_DAY_S = 86_400.0
_NONE, _COOKIE, _LOGIN, _CARD = 0, 1, 2, 3
_STORE = 1
_OPTED_OUT = 32


@kernel
def weigh_touchpoints(levels, touchpoints, weights, who, shopper):
    """Running sum of contact weights of the rows that a shopper uses, into `weights` from 16 on; returns the total."""
    messages = int(who["flags"]) & _OPTED_OUT == 0
    total = 0.0
    for group in range((touchpoints.size + 3) // 4):
        u0, u1, u2, u3 = uniform4(levels["key0"], levels["key1"], shopper, 0, REACH, group)
        for lane in range(min(4, touchpoints.size - 4 * group)):
            u = u0 if lane == 0 else (u1 if lane == 1 else (u2 if lane == 2 else u3))
            point = touchpoints[4 * group + lane]
            if point["on"] == 1 and u < point["reach"] and (messages or point["message"] == 0):
                total += point["weight"]
            weights[_WEIGHTS + 4 * group + lane] = total
    return total


@kernel
def paying_row(touchpoints, weights, entry, u):
    """Where an order of an entry is paid: at a uniform, among the rows present that take payment and that the shopper uses.

    By their contacts; the first row that takes payment where he uses none of them, -1 where there is none.
    """
    first = -1
    total = 0.0
    for row in range(touchpoints.size):
        point = touchpoints[row]
        if point["on"] == 1 and point["entry"] == entry and point["pays"] == 1:
            first = row if first < 0 else first
            total += weights[_WEIGHTS + row] - (weights[_WEIGHTS + row - 1] if row > 0 else 0.0)
    left = u * total
    found = first
    for row in range(touchpoints.size):
        point = touchpoints[row]
        if left > 0.0 and point["on"] == 1 and point["entry"] == entry and point["pays"] == 1:
            weight = weights[_WEIGHTS + row] - (weights[_WEIGHTS + row - 1] if row > 0 else 0.0)
            if weight > 0.0:
                found = row
                left -= weight
    return found


@kernel
def identity_seen(levels, kind, who, u):
    """What a touch leaves that can be seen: nothing without consent; else a login, a card or sensing, a cookie."""
    if int(who["flags"]) & 2 == 0 or kind == _NONE:
        return _NONE
    if kind == _LOGIN:
        return _LOGIN if u < levels["login"] else _COOKIE
    if kind == _CARD:
        return _CARD if int(who["flags"]) & 4 or u < levels["store_sensing"] else _NONE
    return _COOKIE


@kernel
def file_state(levels):
    """The customer file as the log notes it: 0 none, -1 at once, else days between its batches."""
    if levels["link_latency_s"] < 0:
        return 0
    return -1 if levels["link_latency_s"] < 3_600 else min(levels["batch_days"], 127)


@kernel
def touch_mission(levels, touchpoints, weights, who, shopper, slot, t, key, count, entry, bought, log, at, sums):
    """Draw the touches of a mission before its decision.

    Parameters
    ----------
    weights : working space
    count : touches; the last is the place of the order where there is one
    entry : entry of the chosen plan, -1 none
    log : TOUCH rows, or an empty array where no log is kept; written from row `at`
    sums : (2, T) int64: missions touched and orders by touchpoint row; added to

    Returns
    -------
    (touches drawn, touches observed)
    """
    total = weigh_touchpoints(levels, touchpoints, weights, who, shopper)
    drawn = 0
    seen = 0
    for k in range(count):
        u_row, u_time, u_seen, _ = uniform4(levels["key0"], levels["key1"], shopper, slot, TOUCH, k)
        row = paying_row(touchpoints, weights, entry, u_row) if entry >= 0 and k == count - 1 else -1
        if row < 0:
            if total <= 0.0:
                continue
            row = 0
            while weights[_WEIGHTS + row] <= u_row * total and row < touchpoints.size - 1:
                row += 1
        identity = identity_seen(levels, touchpoints[row]["identity"], who, u_seen)
        linked = 1 if identity >= _LOGIN and levels["link_latency_s"] >= 0 else 0
        drawn += 1
        if identity > _NONE:
            seen += 1
        sums[0, row] += 1
        sums[1, row] += bought
        if log.size > 0:
            back = 0.0 if k == count - 1 else min(-log64(u_time) * 2.0 * _DAY_S, 14.0 * _DAY_S)
            line = log[at + drawn - 1]
            line["t"] = max(0, t - int(back))
            line["key"] = key
            line["shopper"] = shopper
            line["touchpoint"] = row
            line["identity"] = identity
            line["linked"] = linked
            line["bought"] = bought
            line["file"] = file_state(levels)
            line["sensed"] = 1 if identity == _CARD and u_seen < levels["store_sensing"] else 0
    return drawn, seen
