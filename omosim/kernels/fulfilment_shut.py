"""A node that is shut, in the fulfilment kernel: picks that wait there are put out and go on elsewhere."""

import numpy as np

from omosim.kernels.fulfilment_parcel import AT_PROMISED
from omosim.kernels.fulfilment_queue import tick
from omosim.kernels.fulfilment_source import not_found
from omosim.kernels.fulfilment_space import call_back
from omosim.kernels.fulfilment_station import join, pick_class, pick_station
from omosim.kernels.fulfilment_stock import put_back
from omosim.kernels.fulfilment_tables import HURRIED, PARCEL, kernel, once
from omosim.schema.codes import Event

E_RELEASE = int(Event.RELEASE)


@once
def put_out(net, row, t):
    """A pick will not begin: units, claims and promises are let go, and the row goes on as after a failed pick.

    Nobody looked for anything: the record only gets back what the claim had taken off it.
    """
    r = net.q.live[row]
    b = net.q.book[r["book"]]
    node, sku = np.int64(b["node"]), np.int64(b["sku"])
    claim = r["claim"]
    if r["place"] == AT_PROMISED:
        net.promised[node, sku] -= claim
    else:
        net.cell[node, sku]["claimed"] -= claim
        net.cell[node, sku]["record"] += claim
    r["claim"] = 0
    put_back(net.cell, r, b, False)
    not_found(net, row, t)


@once
def released(net, row, t):
    """A wave of picking begins: the row joins the queue, unless the node is shut."""
    q = net.q
    b = q.book[q.live[row]["book"]]
    node = np.int64(b["node"])
    if q.node[node]["shut"] != 0:
        put_out(net, row, t)
    else:
        join(q, pick_station(q.node, node), row, pick_class(b), t)


@kernel
def reopen(q, nodes, t):
    """Orders may be sent to `nodes` (n,) int64 again, and who found their doors shut comes once more."""
    for i in range(nodes.size):
        q.node[nodes[i]]["shut"] = 0
        call_back(q, nodes[i], t)


@kernel
def shut(net, nodes, t):
    """Nothing more is allocated at `nodes` (n,) int64; picks queued there are put out, node by node, parcels last."""
    q = net.q
    for i in range(nodes.size):
        q.node[nodes[i]]["shut"] = 1
    for i in range(nodes.size):
        station = pick_station(q.node, nodes[i])
        s = q.station[station]
        line = q.line[station]
        tick(s, t)
        for rank in range(HURRIED, PARCEL + 1):
            row = np.int64(line[2 * rank])
            line[2 * rank] = -1
            line[2 * rank + 1] = -1
            while row >= 0:
                r = q.live[row]
                follower = np.int64(r["next"])
                s["queued"] -= 1
                s["waits"] += t - r["t"]
                put_out(net, row, t)
                row = follower
