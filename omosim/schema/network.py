"""Tables of the network that both fulfilment engines keep and the laws read."""

from __future__ import annotations

import numpy as np

#: Stock of one SKU at one node, units.
CELL = np.dtype(
    [
        ("on_hand", "i4"),  # physically there: available + reserved + staged
        ("available", "i4"),
        ("reserved", "i4"),  # allocated to an order, or in a visitor's hands
        ("staged", "i4"),  # on the pickup shelf
        ("record", "i4"),  # what the system believes is available
        ("claimed", "i4"),  # promised to orders against the record without a unit behind it
        ("on_order", "i4"),  # under way to this node
        ("backordered", "i4"),  # ordered by customers, waiting for a receipt
    ],
    align=True,
)

#: Goods under way to a node.
TRANSIT = np.dtype(
    [
        ("due", "i8"),  # second at which they arrive
        ("sku", "i4"),
        ("units", "i4"),
        ("node", "i2"),
        ("move", "i1"),  # Move.RECEIVED (supplier) or Move.TRANSFER_IN (centre)
    ],
    align=True,
)

#: One pool of staff with its queue; row 2n is picking at node n, row 2n + 1 its counter.
STATION = np.dtype(
    [
        ("last", "i8"),  # second to which the sums run
        ("area", "i8"),  # integral of the queue length, row-seconds
        ("waits", "i8"),  # waits of rows that left the queue, seconds
        ("idle", "i8"),  # integral of staff on duty without work
        ("overtime", "i8"),  # integral of staff at work beyond those on duty
        ("worked", "i8"),  # work contents of services begun
        ("scheduled", "i8"),  # integral of staff on duty, written by the shift process only
        ("shift_from", "i8"),  # second to which `scheduled` runs
        ("started", "i8"),  # services begun
        ("cap", "i4"),  # staff on duty
        ("finish", "i4"),  # staff who stay after closing until the queue is empty
        ("busy", "i4"),
        ("queued", "i4"),
    ],
    align=True,
)
PICKING, COUNTER = 0, 1

#: What the rows in the network hold at one moment; each engine writes it from its own rows.
HOLD = np.dtype(
    [
        ("key", "i8"),
        ("time", "i8"),  # queued: since when; in service: its end
        ("sku", "i4"),
        ("held", "i4"),  # units held (in stock, on the road, or coming back)
        ("claim", "i4"),
        ("units", "i4"),  # ordered
        ("short", "i4"),  # known not to be served
        ("node", "i2"),  # where the held units stand
        ("station", "i2"),  # station row of the queue or service, -1 none
        ("status", "i1"),
        ("flow", "i1"),
        ("phase", "i1"),  # 0 neither, 1 queued, 2 in service
        ("place", "i1"),  # AT_...
    ],
    align=True,
)
#: Where the units that a row holds stand.
AT_NONE, AT_RESERVED, AT_STAGED, AT_ROAD, AT_CUSTOMER, AT_BACK = range(6)
AT_BETWEEN = 6  # no units: a visitor between two stores

#: Columns of `visits[node, column]` (law L7).
VISIT_IN, VISIT_BOUGHT, VISIT_LEFT, VISIT_ABANDONED, VISIT_MOVED = range(5)
N_VISITS = 5
#: Columns of `places[sku, column]`: units outside the nodes (law L3).
PLACE_ROAD, PLACE_CUSTOMER, PLACE_BACK = range(3)
N_PLACES = 3
#: Entries of `units` (law L5).
UNITS_ORDERED, UNITS_OUT, UNITS_SUBSTITUTED, UNITS_SHORT = range(4)
N_UNITS = 4
