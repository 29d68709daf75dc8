"""Which touchpoints a mission meets, and what identity each touch leaves."""

from omosim.kernels.jit import kernel
from omosim.kernels.journeys_synthesis import reach_of
from omosim.kernels.mathx import log64
from omosim.kernels.philox import uniform4
from omosim.kernels.purposes import TOUCH

_WEIGHTS = 16  # where touchpoint weights begin in the scratch array
_DAY_S = 86_400.0
_NONE, _COOKIE, _LOGIN, _CARD = 0, 1, 2, 3
_STORE = 1


@kernel
def weigh_touchpoints(scene, shopper):
    """Running sum of contact weights of the rows that a shopper uses, into the scratch array; returns the total."""
    levels = scene.levels[0]
    total = 0.0
    for row in range(scene.touchpoints.size):
        point = scene.touchpoints[row]
        if point["on"] == 1 and reach_of(levels["key0"], levels["key1"], shopper, row) < point["reach"]:
            total += point["weight"]
        scene.scratch[_WEIGHTS + row] = total
    return total


@kernel
def paying_row(scene, entry):
    """First touchpoint row present where an entry takes payment, -1 none."""
    for row in range(scene.touchpoints.size):
        point = scene.touchpoints[row]
        if point["on"] == 1 and point["entry"] == entry and point["pays"] == 1:
            return row
    return -1


@kernel
def identity_seen(scene, who, row, u):
    """What a touch leaves that can be seen: nothing without consent; else a login, a card or sensing, a cookie."""
    kind = scene.touchpoints[row]["identity"]
    if int(who["flags"]) & 2 == 0 or kind == _NONE:
        return _NONE
    levels = scene.levels[0]
    if kind == _LOGIN:
        return _LOGIN if u < levels["login"] else _COOKIE
    if kind == _CARD:
        return _CARD if int(who["flags"]) & 4 or u < levels["store_sensing"] else _NONE
    return _COOKIE


@kernel
def touch_mission(scene, who, shopper, slot, t, key, count, entry, bought, log, at, sums):
    """Draw the touches of a mission before its decision.

    Parameters
    ----------
    count : touches; the last is the place of the order where there is one
    entry : entry of the chosen plan, -1 none
    log : TOUCH rows, or an empty array where no log is kept; written from row `at`
    sums : (2, T) int64: missions touched and orders by touchpoint row; added to

    Returns
    -------
    (touches drawn, touches observed)
    """
    levels = scene.levels[0]
    total = weigh_touchpoints(scene, shopper)
    last = paying_row(scene, entry) if entry >= 0 else -1
    drawn = 0
    seen = 0
    for k in range(count):
        u_row, u_time, u_seen, _ = uniform4(levels["key0"], levels["key1"], shopper, slot, TOUCH, k)
        row = last if k == count - 1 else -1
        if row < 0:
            if total <= 0.0:
                continue
            row = 0
            while scene.scratch[_WEIGHTS + row] <= u_row * total and row < scene.touchpoints.size - 1:
                row += 1
        identity = identity_seen(scene, who, row, u_seen)
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
    return drawn, seen
