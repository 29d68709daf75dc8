"""The choice among all offers: money plus taste plus explicit errors, drawn by stable id."""

from omosim.kernels.choice import gumbel, nest_term, outside_error
from omosim.kernels.jit import kernel
from omosim.kernels.journeys_perceive import taste_for
from omosim.kernels.journeys_plans import delivery_value, order_here_value, pickup_value, visit_value
from omosim.kernels.philox import uniform, uniform2, uniform4
from omosim.kernels.purposes import CHOICE, NEST, OUTSIDE

_STORE, _LIVE = 1, 3
_SHIP, _SAME_DAY, _PICKUP, _VISIT = 0, 1, 2, 3
_NEVER = -1.0e300
_LARGEST_GUMBEL = 22.9  # of a uniform below 1 - 2**-33
_NODE_BITS = 16


@kernel
def nest_of(levels, case, entry, nests):
    """What the nest of an entry adds to its alternatives, minor; drawn once a mission and kept in `nests` (8,)."""
    if levels["theta_lower"] >= levels["theta_upper"]:
        return 0.0
    if nests[4 + entry] == 0.0:
        u1, u2 = uniform2(levels["key0"], levels["key1"], case.shopper, case.slot, NEST, entry)
        nests[entry] = nest_term(u1, u2, levels["theta_lower"] * case.scale, levels["theta_upper"] * case.scale)
        nests[4 + entry] = 1.0
    return nests[entry]


@kernel
def offer_error(levels, case, offer, node):
    """Gumbel of one alternative by its stable id: row of the offer table and store (0 for a delivery)."""
    item = ((offer >> 2) << _NODE_BITS) | node
    u0, u1, u2, u3 = uniform4(levels["key0"], levels["key1"], case.shopper, case.slot, CHOICE, item)
    lane = offer & 3
    if lane == 0:
        return gumbel(u0)
    if lane == 1:
        return gumbel(u1)
    return gumbel(u2) if lane == 2 else gumbel(u3)


@kernel
def courier_store(scene, case, needs_stock):
    """Nearest store whose couriers reach the zone (and whose published stock suffices), -1 none."""
    radius = scene.levels[0]["courier_radius_m"]
    for r in range(4):
        node = int(scene.near[case.zone, r])
        if node < 0 or scene.distance_m[case.zone, node] > radius:
            return -1
        if needs_stock == 0 or scene.published[node, case.sku] >= case.units:
            return node
    return -1


@kernel
def plan_value(scene, case, offer, node, order_here):
    """Value of one offer at one store (or of a delivery), without taste and error."""
    flow = int(offer["flow"])
    if flow == _PICKUP:
        if int(offer["needs_stock"]) == 1 and scene.published[node, case.sku] < case.units:
            return _NEVER
        return pickup_value(scene, case, offer, node)
    if flow == _VISIT:
        return visit_value(scene, case, offer, node, order_here)
    return delivery_value(scene, case, offer)


@kernel
def outside_utility(scene, case):
    """Outside option with its error: rivals' pull less the hassle of leaving the ecosystem."""
    levels = scene.levels[0]
    u = uniform(levels["key0"], levels["key1"], case.shopper, case.slot, OUTSIDE, 0)
    rivals = scene.outside_value[case.zone, case.category] * case.units
    return rivals - levels["switch_cost"] * case.scale + outside_error(u, levels["theta_upper"] * case.scale)


@kernel
def choose(scene, who, case):
    """Best alternative of all entries.

    Returns
    -------
    (offer, node, utility, outside) : offer -1 where the outside option is best, then `utility` is that of the
        best own plan met so far; node -1 for a delivery from anywhere

    Notes
    -----
    Exact nested logit by explicit errors (Cardell 1997); nests are entries. An alternative that could not win
    with the largest error a uniform gives is passed over without drawing, which changes no result. Oracle:
    tests/oracles/test_logit_shares.py.
    """
    levels = scene.levels[0]
    nests = scene.scratch
    for k in range(8):
        nests[k] = 0.0
    outside = outside_utility(scene, case)
    here = order_here_value(scene, case)
    theta = levels["theta_lower"] * case.scale
    best = outside
    best_offer = -1
    best_node = -1
    runner = _NEVER  # best value of an own plan, taste included, error not
    used = int(who["used"])
    for j in range(scene.offers.size):
        offer = scene.offers[j]
        entry = int(offer["entry"])
        if int(offer["enabled"]) == 0 or (used >> entry) & 1 == 0 or (entry == _LIVE and case.live == 0):
            continue
        flow = int(offer["flow"])
        stores = levels["near_stores"] if flow >= _PICKUP else 1
        where = _STORE if flow == _VISIT else entry
        taste = (taste_for(levels, who, where) - case.favourite) * case.scale
        for r in range(stores):
            node = -1
            if flow == _SAME_DAY:
                node = courier_store(scene, case, int(offer["needs_stock"]))
            elif flow >= _PICKUP:
                node = int(scene.near[case.zone, r])
            if node < 0 and flow != _SHIP:
                break
            value = plan_value(scene, case, offer, node, here) + taste
            runner = max(runner, value)
            nest = nest_of(levels, case, entry, nests) if value > _NEVER * 0.5 else 0.0
            if value + nest + theta * _LARGEST_GUMBEL <= best:
                continue
            utility = value + nest + theta * offer_error(levels, case, j, node if flow >= _PICKUP else 0)
            if utility > best:
                best = utility
                best_offer = j
                best_node = node
    return best_offer, best_node, best if best_offer >= 0 else runner, outside
