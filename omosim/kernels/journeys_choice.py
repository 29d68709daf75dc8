"""The choice among all offers: money plus taste plus explicit errors, drawn by stable id."""

from omosim.kernels.choice import gumbel, nest_term, outside_error
from omosim.kernels.jit import uncounted as kernel
from omosim.kernels.journeys_perceive import taste_for
from omosim.kernels.journeys_plans import courier_promise, delivery_value, pickup_value, promised_wait, visit_value
from omosim.kernels.philox import uniform, uniform2, uniform4
from omosim.kernels.purposes import CHOICE, FITTING_USER, NEST, OUTSIDE, PICKUP_USER

_STORE, _LIVE = 1, 3
_SAME_DAY, _PICKUP, _VISIT = 1, 2, 3
_NEVER = -1.0e300
_LARGEST_GUMBEL = 22.9  # of a uniform below 1 - 2**-33
_NODE_BITS = 16
_POINT, _DARK = 4, 5  # ranks of the nearest pickup point or locker, and dark store, behind the stores


@kernel
def nest_of(levels, case, entry, nests):
    """What the nest of an entry adds to its alternatives, minor; drawn once a mission and kept in `nests` (8,)."""
    if levels["theta_lower"] >= levels["theta_upper"]:
        return 0.0
    if nests[4 + entry] == 0.0:
        u1, u2 = uniform2(levels["key0"], levels["key1"], case["shopper"], case["slot"], NEST, entry)
        scale = float(case["scale"])
        nests[entry] = nest_term(u1, u2, levels["theta_lower"] * scale, levels["theta_upper"] * scale)
        nests[4 + entry] = 1.0
    return float(nests[entry])


@kernel
def offer_error(levels, case, offer, node):
    """Gumbel of one alternative by its stable id: row of the offer table and store (0 for a delivery)."""
    item = ((offer >> 2) << _NODE_BITS) | node
    u0, u1, u2, u3 = uniform4(levels["key0"], levels["key1"], case["shopper"], case["slot"], CHOICE, item)
    lane = offer & 3
    u = u0 if lane == 0 else (u1 if lane == 1 else (u2 if lane == 2 else u3))
    return gumbel(u)


@kernel
def courier_from(levels, case, offer, r, nodes, waves):
    """Promised seconds of a courier from the place of rank r, -1 where none can come from there today."""
    if case["metres"][r] > levels["courier_radius_m"]:
        return -1
    door = nodes[case["node"][r]]
    if int(door["wave_capacity"]) <= 0 or (int(offer["needs_stock"]) == 1 and case["stock"][r] < case["units"]):
        return -1
    return courier_promise(levels, case, offer, r, door, waves, case["metres"][r])


@kernel
def courier_store(levels, case, offer, nodes, waves):
    """The nearest node that can still send a courier today: its couriers reach the zone, its published stock suffices.

    Of the stores near and the nearest dark store. Returns (rank, promised seconds), rank -1 where there is none.
    """
    found = -1
    wait = 0.0
    for r in range(case["reach"]):
        promise = courier_from(levels, case, offer, r, nodes, waves)
        if promise >= 0:
            found = r
            wait = float(promise)
            break
    if case["node"][_DARK] >= 0 and (found < 0 or case["metres"][_DARK] < case["metres"][found]):
        promise = courier_from(levels, case, offer, _DARK, nodes, waves)
        if promise >= 0:
            return _DARK, float(promise)
    return found, wait


@kernel
def books(levels, case):
    """Whether booking a fitting occurs to the shopper at all: one keyed draw of a person."""
    return uniform(levels["key0"], levels["key1"], case["shopper"], 0, FITTING_USER, 0) < levels["fitting_users"]


@kernel
def plan_value(levels, case, offer, r, nodes, wait_s):
    """Value of one offer at the r-th place (or of a delivery within `wait_s`), without taste and error."""
    flow = int(offer["flow"])
    if flow == _PICKUP:
        here = case["stock"][r] >= case["units"]
        if int(offer["needs_stock"]) == 1 and not here:
            return _NEVER
        if int(offer["full_off"]) & case["full"][r]:
            return _NEVER
        if here and int(offer["moved"]) == 1 and int(offer["at_point"]) == 0:  # what lies there need not be sent there
            return _NEVER
        return pickup_value(levels, case, offer, r, nodes[case["node"][r]])
    if flow == _VISIT:
        if int(offer["booked"]) == 1 and (case["fitting_at"][r] < 0 or not books(levels, case)):
            return _NEVER
        return visit_value(levels, case, offer, r)
    return delivery_value(levels, case, offer, wait_s)


@kernel
def outside_utility(levels, case):
    """Outside option with its error: rivals' pull less the hassle of leaving the ecosystem."""
    u = uniform(levels["key0"], levels["key1"], case["shopper"], case["slot"], OUTSIDE, 0)
    scale = float(case["scale"])
    return case["outside"] - levels["switch_cost"] * scale + outside_error(u, levels["theta_upper"] * scale)


@kernel
def collects(levels, case):
    """Whether collecting an order occurs to the shopper at all: one keyed draw of a person, whatever the strategy."""
    share = levels["pickup_users"]
    return share >= 1.0 or uniform(levels["key0"], levels["key1"], case["shopper"], 0, PICKUP_USER, 0) < share


@kernel
def choose(levels, case, who, offers, nodes, waves, nests):
    """Best alternative of all entries.

    Parameters
    ----------
    nodes : NODE rows; waves : seconds of the day at which couriers leave
    nests : (at least 8,) float64, working space

    Returns
    -------
    (offer, r, utility, outside, entry) : offer -1 where the outside option is best, then `utility` is the best value of
        an own plan, taste included, error not, and `entry` its channel; r rank of the store, -1 for a parcel

    Notes
    -----
    Exact nested logit by explicit errors (Cardell 1997); nests are entries. An alternative that could not win
    with the largest error a uniform gives is passed over without drawing, which changes no result. Oracle:
    tests/oracles/test_logit_shares.py.
    """
    for k in range(8):
        nests[k] = 0.0
    outside = outside_utility(levels, case)
    theta = levels["theta_lower"] * case["scale"]
    best = outside
    best_offer = -1
    best_r = -1
    runner = _NEVER
    runner_entry = -1
    used = int(who["used"])
    for j in range(offers.size):
        offer = offers[j]
        entry = int(offer["entry"])
        if int(offer["enabled"]) == 0 or (used >> entry) & 1 == 0 or (entry == _LIVE and case["live"] == 0):
            continue
        flow = int(offer["flow"])
        where = _STORE if flow == _VISIT else entry
        if case["sold"][where] == 0 or case["sold"][entry] == 0:
            continue
        if flow == _PICKUP and not collects(levels, case):
            continue
        taste = (taste_for(levels, who, where) - case["favourite"]) * case["scale"]
        first = 0
        wait_s = promised_wait(case, offer)
        if flow == _SAME_DAY:
            first, wait_s = courier_store(levels, case, offer, nodes, waves)
            if first < 0:
                continue
        last = int(case["stores"]) if flow >= _PICKUP else first + 1
        if int(offer["at_point"]) == 1:
            first = _POINT
            last = _POINT + 1 if case["node"][_POINT] >= 0 else _POINT
        for r in range(first, last):
            value = plan_value(levels, case, offer, r, nodes, wait_s) + taste
            if value > runner:
                runner = value
                runner_entry = where
            if value < _NEVER * 0.5:
                continue
            nest = nest_of(levels, case, entry, nests)
            if value + nest + theta * _LARGEST_GUMBEL <= best:
                continue
            utility = value + nest + theta * offer_error(levels, case, j, case["node"][r] if flow >= _PICKUP else 0)
            if utility > best:
                best = utility
                best_offer = j
                best_r = r if flow >= _SAME_DAY else -1
    return best_offer, best_r, best if best_offer >= 0 else runner, outside, runner_entry
