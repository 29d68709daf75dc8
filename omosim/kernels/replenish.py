"""Replenishment, shrink and counts over all cells: coarse events that touch stock alone."""

import numpy as np

from omosim.kernels.jit import kernel
from omosim.kernels.philox import uniform
from omosim.kernels.purposes import SHRINK
from omosim.schema.codes import Move

_OUT = int(Move.TRANSFER_OUT)
_IN = int(Move.TRANSFER_IN)
_RECEIVED = int(Move.RECEIVED)


@kernel
def review_stores(cell, journal, target, active, due, transit):
    """Stores order up to their targets from the centre, in node order, as long as the centre has stock.

    Parameters
    ----------
    cell : (N, K) CELL, changed in place; node 0 is the centre
    journal : (N, K, N_MOVES) int64, changed in place
    target : (N, K) int32, order-up-to levels on inventory position
    active : (N,) bool, nodes that order
    due : int64, second at which what leaves now arrives
    transit : TRANSIT rows with room for N * K more, filled from the front

    Returns
    -------
    number of rows filled

    Notes
    -----
    Periodic review, base stock on inventory position (available + on order - backordered), Zipkin (2000) ch. 3.
    Oracle: tests/oracles/test_base_stock.py.
    """
    n = 0
    for node in range(1, cell.shape[0]):
        if not active[node]:
            continue
        for sku in range(cell.shape[1]):
            c = cell[node, sku]
            wanted = target[node, sku] - (c["available"] + c["on_order"] - c["backordered"])
            if wanted <= 0:
                continue
            source = cell[0, sku]
            sent = min(wanted, source["available"])
            if sent <= 0:
                continue
            cell[0, sku]["on_hand"] -= sent
            cell[0, sku]["available"] -= sent
            cell[0, sku]["record"] -= sent
            journal[0, sku, _OUT] += sent
            cell[node, sku]["on_order"] += sent
            transit[n]["due"] = due
            transit[n]["sku"] = sku
            transit[n]["units"] = sent
            transit[n]["node"] = node
            transit[n]["move"] = _IN
            n += 1
    return n


@kernel
def review_centre(cell, target, supply, due, transit):
    """The centre orders up to its targets from suppliers; `supply` (K,) is the share that they send.

    Changes `cell` (on order) and fills `transit`; returns the number of rows filled.
    """
    n = 0
    for sku in range(cell.shape[1]):
        c = cell[0, sku]
        wanted = target[sku] - (c["available"] + c["on_order"] - c["backordered"])
        sent = int(np.floor(wanted * supply[sku] + 0.5)) if wanted > 0 else 0
        if sent <= 0:
            continue
        cell[0, sku]["on_order"] += sent
        transit[n]["due"] = due
        transit[n]["sku"] = sku
        transit[n]["units"] = sent
        transit[n]["node"] = 0
        transit[n]["move"] = _RECEIVED
        n += 1
    return n


@kernel
def receive_transfers(cell, journal, transit):
    """Transfers reach their stores; changes `cell` and `journal` in place."""
    for i in range(transit.size):
        node, sku, units = transit[i]["node"], transit[i]["sku"], transit[i]["units"]
        cell[node, sku]["on_hand"] += units
        cell[node, sku]["available"] += units
        cell[node, sku]["record"] += units
        journal[node, sku, _IN] += units


@kernel
def shrunk(key0, key1, day, chance, cell, out):
    """Cells that lose a unit today: each unit is lost with a daily chance, at most one a day and cell.

    Parameters
    ----------
    chance : float64, daily chance that a given unit is lost
    out : (N * K,) int64, filled with flat cell numbers

    Returns
    -------
    number of cells
    """
    n = 0
    skus = cell.shape[1]
    for node in range(cell.shape[0]):
        for sku in range(skus):
            units = cell[node, sku]["available"]
            if units > 0 and uniform(key0, key1, node * skus + sku, day, SHRINK, 0) < chance * units:
                out[n] = node * skus + sku
                n += 1
    return n
