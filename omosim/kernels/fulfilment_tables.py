"""Tables of the fulfilment kernels: live rows, the event heap, queues, and their one bundle."""

from typing import NamedTuple

import numpy as np

from omosim.kernels.jit import JIT_OFF
from omosim.kernels.jit import uncounted as kernel
from omosim.schema.codes import N_ACCOUNTS, Status
from omosim.schema.network import N_UNITS, STATION

#: A row under way. Everything about it that is not in its BOOK row, and the key; 112 bytes.
LIVE = np.dtype(
    [
        ("key", "i8"),
        ("t", "i8"),  # time of its event, or the deadline of its wait; in a queue without one: since when
        ("price", "i8"),
        ("fee", "i8"),
        ("alt_price", "i8"),
        ("alt_fee", "i8"),
        ("book", "i4"),
        ("next", "i4"),  # link of the one list it is in: free rows, a bucket, a queue
        ("prev", "i4"),  # in a bucket: the row after the next, so that memory can be asked for it in time
        ("alt_sku", "i4"),
        ("pick_s", "i4"),
        ("counter_s", "i4"),
        ("transit_s", "i4"),
        ("lag_s", "i4"),  # pickup: notice to arrival; same-day: placed to booked wave
        ("patience_s", "i4"),
        ("return_lag_s", "i4"),
        ("second_travel_s", "i4"),
        ("held", "i4"),
        ("claim", "i4"),
        ("extra_units", "i2"),
        ("second_node", "i2"),
        ("return_node", "i2"),
        ("bits", "i2"),
        ("kind", "i1"),  # Event, or IDLE
        ("place", "i1"),  # AT_...
        ("action1", "i1"),
        ("action2", "i1"),
    ],
    align=True,
)
IDLE = -1  # no event of its own: waits in a queue
MISFIT, ALT_MISFIT, GO_ON, MIND, TRY_ON, INTENT, LOOKS = 1, 2, 4, 8, 16, 32, 64
DRAWN = 127  # all of these: what was drawn for the row
SIDED = 128  # its row of the side table is in use
STEPPED = 256  # it joined its queue at the side table's `since`, not when its customer came
RIDES = 512  # picked on the trip of another row, which has the picker
BOXED = 1024  # its box was booked at the order
AT_BAY, WAITS_BAY = 2048, 4096
TURNED_AWAY = 8192  # found the door of a shut node, at the side table's `since`
UNSEEN = 16384  # does not find the item on the shelf of the first store

#: What few rows need, under the same number as their live row; untouched, its memory is never taken.
SIDE = np.dtype(
    [
        ("since", "i8"),
        ("slot_at", "i8"),  # begin of the booked pickup slot
        ("bin_at", "i8"),  # since when the booked box is kept
        ("bay_at", "i8"),
        ("extra_price", "i8"),
        ("fit_s", "i4"),
        ("alter_s", "i4"),
        ("session_s", "i4"),
        ("unwanted", "i4"),
        ("alt_promise_s", "i4"),
        ("extra_sku", "i4"),  # -1 the row's own
        ("slot_node", "i2"),  # -1 none
        ("box_node", "i2"),
    ],
    align=True,
)

#: Events of the current span; `rank` is 16 t + kind, so (rank, key) is the total order.
HEAP = np.dtype([("rank", "i8"), ("key", "i8"), ("row", "i4"), ("book", "i4")], align=True)
KINDS = 16

#: What a SKU costs and where its units are outside the nodes; its queue of backorders.
SKU = np.dtype(
    [
        ("cost", "i8"),
        ("resale_ppm", "i8"),
        ("road", "i8"),
        ("customer", "i8"),
        ("back", "i8"),
        ("truck", "i8"),
        ("wait_head", "i4"),
        ("wait_tail", "i4"),
    ],
    align=True,
)

#: A pool of staff, and, in a counter's row, the node's visits and courier places; its queues stand in `line`.
POST = np.dtype(
    [
        *[(name, STATION[name]) for name in STATION.names],
        ("slot_day", "i4"),
        ("slot_limit", "i4"),
        ("came", "i8"),
        ("bought", "i8"),
        ("left", "i8"),
        ("abandoned", "i8"),
        ("moved", "i8"),
    ],
    align=True,
)
CLASSES = 3  # of a queue: people present, hurried picking, parcels
PRESENT, HURRIED, PARCEL = range(CLASSES)

# places in the array of scalars `g`
G_SPAN, G_FREE, G_TOP, G_LIVE, G_BOOK, G_HEAP, G_TOLD, G_NEXT, G_DUE, G_OPEN, G_REFUSED, G_WAITING, G_EVENTS, G_NOW, G_QUIET = (
    range(15)
)
G_SIDED = 15  # rows of the side table used so far
G_GRANTED, G_SLOTTED = 16, 17  # rows that got a pickup slot; whether any asked for one
G_LATE = 18  # whether some service reserves at the pick
G_BOOKED, G_BACK, G_LAPSED = 19, 20, 21  # bookings of pickup slots: made, given back, forgotten
G_WAVES_BOOKED, G_WAVES_BACK, G_WAVES_LAPSED = 22, 23, 24  # the same of couriers' waves
G_UNITS = 25
N_LEDGER = N_ACCOUNTS
G_LEDGER = G_UNITS + N_UNITS
N_STATUS = len(Status)
G_TRANS = G_LEDGER + 2 * N_ACCOUNTS
G_RULES = G_TRANS + N_STATUS * N_STATUS
#: Numbers of `NetworkRules`, in the order in which they stand in `g` from G_RULES on.
RULES = (
    "cutoff_s", "wave_lead_s", "hold_s", "returns_s", "return_transit_s", "refurbish_s", "parcel_cost",
    "return_parcel_cost", "same_day_cost", "handling_cost", "backorders", "measured_from", "measured_to", "ride_s_per_km",
    "least_ride_s", "after_opening_s", "splits", "slot_tries", "exchanges", "insert_cost", "to_store_s", "to_store_cost",
    "site_cap", "site_room", "site_slow_ppm", "bin_wait_s",
)  # fmt: skip
(
    R_CUTOFF, R_WAVE_LEAD, R_HOLD, R_RETURNS, R_RETURN_TRANSIT, R_REFURBISH, R_PARCEL, R_RETURN_PARCEL, R_SAME_DAY,
    R_HANDLING, R_BACKORDERS, R_FROM, R_TO, R_RIDE, R_LEAST_RIDE, R_AFTER_OPENING, R_SPLITS, R_SLOT_TRIES, R_EXCHANGES,
    R_INSERT, R_TO_STORE, R_TO_STORE_COST, R_SITE_CAP, R_SITE_ROOM, R_SITE_SLOW, R_BIN_WAIT,
) = range(G_RULES, G_RULES + len(RULES))  # fmt: skip
R_WAVES = G_RULES + len(RULES)  # number of courier waves, then their seconds of the day
G_SIZE = R_WAVES + 1

#: Length of a bucket in seconds: the heap holds the events of one, small enough for the processor's cache.
SPAN = 512
BUCKETS = 16384  # spans ahead (97 days) before a bucket is shared by two

#: Most orders of one picking trip, and the room that one event may need in any table.
MAX_BATCH = 64
MARGIN = MAX_BATCH + 16

# what `advance` returns
DONE, FULL = 0, 1


def part(function):
    """A kernel laid into its callers, of which it has one or two: handing the tables over costs more than its work."""
    made = kernel(function)
    if not JIT_OFF:
        made.targetoptions["forceinline"] = True
    return made


def once(function):
    """A kernel with one caller, or a tiny one, laid in before types are inferred: not a compilation of its own."""
    return kernel(function, inline="always")


class Queues(NamedTuple):
    """What events and queues need; all arrays C-contiguous, changed in place."""

    live: np.ndarray  # (L,) LIVE
    side: np.ndarray  # (L,) SIDE
    book: np.ndarray  # (B,) BOOK in the order of arrival
    heap: np.ndarray  # (H,) HEAP
    bucket: np.ndarray  # (3 BUCKETS,) int32: first row, second row and number of rows, of each span
    station: np.ndarray  # (N_ROLES N + 1,) POST
    line: np.ndarray  # (N_ROLES N + 1 + 2N, 2 CLASSES) int32: first, last row by class: stations, then spaces
    space: np.ndarray  # (2N,) SPACE
    node: np.ndarray  # (N,) NODE
    service: np.ndarray  # (N_SERVICES,) SERVICE
    g: np.ndarray  # (G_SIZE + W,) int64


class Net(NamedTuple):
    """Everything; all arrays C-contiguous, changed in place."""

    q: Queues
    demand: np.ndarray  # (D,) DEMAND still to come, sorted by (t, key)
    told: np.ndarray  # (O,) OUTCOME
    cell: np.ndarray  # (N, K) CELL
    promised: np.ndarray  # (N, K) int32
    journal: np.ndarray  # (N, K, N_MOVES) int64
    sku: np.ndarray  # (K,) SKU
    route: np.ndarray  # (Z, R) ROUTE
    slots: np.ndarray  # (N, W) int32
    booking: np.ndarray  # (N, RING) BOOKING


#: Orders booked into a pickup slot; slots take turns in a ring, `slot` says which stands there.
BOOKING = np.dtype([("slot", "i8"), ("booked", "i4"), ("limit", "i4")], align=True)

