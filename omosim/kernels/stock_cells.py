"""Units that vanish unseen, by keyed draw per cell and day."""

import numpy as np

from omosim.kernels.jit import kernel
from omosim.kernels.mathx import poisson_ppf
from omosim.kernels.philox import uniform
from omosim.schema.codes import Move

LOST = int(Move.WRITTEN_OFF)


@kernel
def shrink(cell, journal, cost, key0, key1, purpose, day, rate):
    """Write off lost units of each cell; the record does not see it.

    Parameters
    ----------
    cell : (N, K) CELL, changed in place
    journal : (N, K, N_MOVES) int64, changed in place
    cost : (K,) int64, minor units a unit
    key0, key1, purpose, day : key of the draws; entity is the cell's number
    rate : units lost a day per available unit

    Returns
    -------
    int64, cost of the lost units
    """
    lost_cost = np.int64(0)
    for n in range(cell.shape[0]):
        for k in range(cell.shape[1]):
            c = cell[n, k]
            mean = c["available"] * rate
            if mean <= 0.0:
                continue
            u = uniform(key0, key1, n * cell.shape[1] + k, day, purpose, 0)
            if u <= 1.0 - mean:  # below exp(-mean): nothing lost, without working it out
                continue
            lost = min(np.int64(poisson_ppf(u, mean)), np.int64(c["available"]))
            c["available"] -= lost
            c["on_hand"] -= lost
            journal[n, k, LOST] += lost
            lost_cost += lost * cost[k]
    return lost_cost


@kernel
def publish_record(cells, promised, keep, published):
    """Write what orders may take of every cell, at least 0, into the feed; returns how many cells changed.

    Parameters
    ----------
    cells : (N, K) CELL
    promised : (N, K) int32, units of the record that other orders will take at their pick
    keep : (N,) int32, units of each item that are for walk-in customers
    published : (N, K) int32, changed in place
    """
    changed = 0
    for node in range(cells.shape[0]):
        for sku in range(cells.shape[1]):
            shown = max(cells[node, sku]["record"] - promised[node, sku] - keep[node], 0)
            if shown != published[node, sku]:
                published[node, sku] = shown
                changed += 1
    return changed
