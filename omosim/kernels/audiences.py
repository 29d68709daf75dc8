"""Which audience each shopper belongs to, and which touchpoints he uses: keyed draws, so neither depends on anybody else."""

from omosim.kernels.jit import kernel
from omosim.kernels.journeys_synthesis import reach_of
from omosim.kernels.philox import uniform
from omosim.kernels.purposes import EXPERIMENT

_STORE_BIT = 2  # a store can always be entered


@kernel
def group_at(edges, u):
    """Group of an experiment at a uniform: 0 the control, else 1 for a draw below the first edge, 2 below the second, …"""
    for g in range(edges.size):
        if u < edges[g]:
            return g + 1
    return 0


@kernel
def assign_audiences(key0, key1, shoppers, slots, edges, strides, kind, table, counts):
    """Write each shopper's audience.

    Parameters
    ----------
    shoppers : (n,) SHOPPER; `audience` is filled
    slots : (E,) int64, slot of each experiment's draws
    edges : (E, most groups) float64, cumulative shares of the groups; 0 beyond the last
    strides : (E,) int64, places of the groups in `table`
    kind : (S, Z) int64, kind of shopper by segment and zone
    table : (combinations, kinds) uint8, audience
    counts : (A,) int64, shoppers of each audience; added to
    """
    for i in range(shoppers.size):
        who = shoppers[i]
        place = 0
        for e in range(slots.size):
            place += strides[e] * group_at(edges[e], uniform(key0, key1, i, slots[e], EXPERIMENT, 0))
        audience = table[place, kind[int(who["segment"]), int(who["zone"])]]
        who["audience"] = audience
        counts[audience] += 1


@kernel
def fill_groups(key0, key1, slot, edges, out):
    """Group of each shopper in one experiment; fills `out` (n,) uint8."""
    for i in range(out.size):
        out[i] = group_at(edges, uniform(key0, key1, i, slot, EXPERIMENT, 0))


@kernel
def use_touchpoints(key0, key1, shoppers, touchpoints):
    """Write which entries each shopper uses by the reach in force, with the draws he was made by.

    Parameters
    ----------
    shoppers : (n,) SHOPPER; `used` is filled
    touchpoints : (A, T) TOUCHPOINT
    """
    for i in range(shoppers.size):
        who = shoppers[i]
        points = touchpoints[int(who["audience"])]
        used = _STORE_BIT
        for row in range(points.size):
            entry = points[row]["entry"]
            if entry < 4 and reach_of(key0, key1, i, row) < points[row]["reach"]:
                used |= 1 << entry
        who["used"] = used
