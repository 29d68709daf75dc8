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

#: One pool of staff, or one kind of place, with its queue: row N_ROLES n + role of node n; the last row is the site.
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
        ("extra", "i4"),  # of the busy, people whose shift is over and who end what they do
    ],
    align=True,
)
PICKING, COUNTER, DESK, ROOM = range(4)
N_ROLES = 4
RELAY, OVERLAP = 0, 1
FINISH, HOLD_WORK, HAND_BACK = 0, 1, 2

#: Places that an order occupies without a service: row 2n the pickup shelf of node n, row 2n + 1 its curbside bays.
SPACE = np.dtype(
    [
        ("last", "i8"),  # second to which the integrals run
        ("area", "i8"),  # integral of those who wait for a place
        ("filled", "i8"),  # integral of places in use
        ("waits", "i8"),  # waits of those who got a place or gave up
        ("dwells", "i8"),  # times in a place that ended
        ("cap", "i4"),
        ("used", "i4"),
        ("waiting", "i4"),
        ("peak", "i4"),  # most in use at once
        ("turned", "i4"),  # orders refused because every box was taken
    ],
    align=True,
)
SHELF, BAY = 0, 1
ENDLESS = 1 << 30  # places of a shelf without limit

#: How an offer is handed over; a row of the offer table has the row of the same number here.
SERVICE = np.dtype(
    [
        ("hold_s", "i4"),  # shelf time of its pickups, 0 that of the rules
        ("curbside", "i1"),  # handed over at the customer's car
        ("slotted", "i1"),  # the customer books a slot
        ("books_box", "i1"),  # a box is kept for it from the order on
        ("ship_to", "i1"),  # sent from another node where the wanted one lacks stock
        ("late", "i1"),  # stock is reserved at the pick, not at the order
        ("alters", "i1"),  # alterations on the spot
        ("take_part", "i1"),  # the customer may take some units and leave the others
        ("insert", "i1"),  # parcels have a leaflet in them
        ("booked", "i1"),  # visitors come by appointment: a room and somebody to serve them are kept for them
    ],
    align=True,
)
N_SERVICES = 32  # rows of the table
RING = 1024  # pickup slots remembered of a node

#: What a node says about itself, as last published; -1 where nothing is known or there is no limit.
BOARD = np.dtype(
    [
        ("t", "i8"),  # second of the publication
        ("waiting", "i4"),  # people in the counter's queue
        ("picks", "i4"),  # orders waiting to be picked
        ("ready_s", "i4"),  # until an order placed now is picked, at the pace of those on duty
        ("bins_free", "i4"),  # places on the pickup shelf, boxes of a locker
        ("slots_left", "i4"),  # orders that the next open pickup slot still takes
    ]
)

#: What the rows in the network hold at one moment; each engine writes it from its own rows.
HOLD = np.dtype(
    [
        ("key", "i8"),
        ("time", "i8"),  # waiting: since when; in service: its end
        ("price", "i8"),  # minor a unit, as it is sold
        ("sku", "i4"),
        ("held", "i4"),  # units held (in stock, on the road, or coming back)
        ("claim", "i4"),
        ("units", "i4"),  # ordered
        ("short", "i4"),  # known not to be served
        ("node", "i2"),  # where the held units stand
        ("station", "i2"),  # station row of the queue or service, -1 none
        ("bin_at", "i8"),  # since when it occupies a bin, 0 none
        ("bay_at", "i8"),
        ("bin", "i2"),  # node of its bin or box, -1 none
        ("bay", "i2"),  # node of its bay, -1 none
        ("status", "i1"),
        ("flow", "i1"),
        ("phase", "i1"),  # PHASE_...
        ("place", "i1"),  # AT_...
    ],
    align=True,
)
PHASE_NONE, PHASE_QUEUED, PHASE_SERVED, PHASE_RIDES, PHASE_BIN, PHASE_BAY = range(6)
#: Where the units that a row holds stand.
AT_NONE, AT_RESERVED, AT_STAGED, AT_ROAD, AT_CUSTOMER, AT_BACK = range(6)
AT_BETWEEN = 6  # no units: a visitor between two stores
AT_PROMISED = 7  # no units yet: they are reserved at the pick
AT_TRUCK = 8  # on the way to the node where they are collected

#: Columns of `visits[node, column]` (law L7).
VISIT_IN, VISIT_BOUGHT, VISIT_LEFT, VISIT_ABANDONED, VISIT_MOVED = range(5)
N_VISITS = 5
#: Columns of `places[sku, column]`: units outside the nodes (law L3).
PLACE_ROAD, PLACE_CUSTOMER, PLACE_BACK, PLACE_TRUCK = range(4)
N_PLACES = 4
#: Entries of `units` (law L5).
UNITS_ORDERED, UNITS_OUT, UNITS_SUBSTITUTED, UNITS_SHORT = range(4)
N_UNITS = 4
