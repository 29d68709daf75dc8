"""Column layouts of the tables that kernels and engines share.

Time is int64 seconds from the run's first local midnight; -1 means "not yet" or "never". Money is int64
minor units. An order key packs (shopper, category, need number, ordinal), so the same order has the same
key in every world.
"""

from __future__ import annotations

import numpy as np

HOUR = 3_600
DAY = 86_400
WEEK = 7 * DAY
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# ---- keys -----------------------------------------------------------------------------------------------
# key = ((shopper * 32 + category) * 2**22 + need) * 2**8 + ordinal ; 28 + 5 + 22 + 8 = 63 bits
CATEGORY_BITS = 5
NEED_BITS = 22
ORDINAL_BITS = 8
TOUCH_NEED = 1 << 21  # need numbers from here on are missions opened by a touch


def order_key(shopper: int, category: int, need: int, ordinal: int = 0) -> int:
    """Key of an order: who, for which need, and the how-manieth order of that need."""
    return ((((shopper << CATEGORY_BITS) | category) << NEED_BITS | need) << ORDINAL_BITS) | ordinal


# ---- what journeys hand to fulfilment ---------------------------------------------------------------------
#: One row per order or store visit; everything the network needs is drawn or decided before it arrives.
DEMAND = np.dtype(
    [
        ("key", "i8"),
        ("t", "i8"),  # when it reaches the network: order placed, or visitor at the shelf
        ("unit_price", "i8"),  # minor, paid per unit here
        ("fee", "i8"),  # minor, paid for the service
        ("alt_price", "i8"),  # minor per unit of the contingency order (endless aisle, web order in the store)
        ("alt_fee", "i8"),
        ("shopper", "i4"),
        ("sku", "i4"),
        ("alt_sku", "i4"),  # second item, -1 none
        ("units", "i4"),
        ("promise_s", "i4"),  # promised time from order to ready/delivered, -1 none
        ("alt_promise_s", "i4"),  # promise of the parcel that takes its place when the order is refused on arrival, -1 none
        ("pick_s", "i4"),  # drawn work contents and lags, seconds
        ("counter_s", "i4"),
        ("transit_s", "i4"),  # parcel lead time beyond the cut-off
        ("collect_lag_s", "i4"),  # from notice to arrival at the counter; -1 never comes (no-show)
        ("patience_s", "i4"),  # at the counter queue, -1 endless
        ("return_lag_s", "i4"),  # from hand-over to the return; used only when the unit goes back
        ("extra_units", "i4"),  # bought on the way at a pickup (0 mostly)
        ("zone", "i2"),
        ("node", "i2"),  # store wanted, -1 the sourcing rule decides
        ("second_node", "i2"),  # store of Action.OTHER_STORE, -1 none
        ("return_node", "i2"),  # store for a return in a store, -1 by post
        ("second_travel_s", "i4"),
        ("channel", "i1"),  # Entry where the order counts
        ("flow", "i1"),  # Flow
        ("offer", "i1"),  # row of the offer table
        ("category", "i1"),
        ("misfit", "i1"),  # realised: the first item does not fit (1) or does (0)
        ("alt_misfit", "i1"),
        ("go_on", "i1"),  # after a bad sign tries the second item (1)
        ("mind", "i1"),  # realised change of mind or defect: goes back although it fits
        ("try_on", "i1"),  # the service lets the customer try on at hand-over
        ("intent", "i1"),  # visitors: 0 buy here if it fits, 1 inspect here and order online (showroom), 2 only look
        ("action1", "i1"),  # Action when the shelf or all stock is empty
        ("action2", "i1"),  # Action when action1 fails too
    ],
    align=True,
)

#: What fulfilment tells journeys; reaches decisions at the next full hour.
OUTCOME = np.dtype(
    [
        ("t", "i8"),
        ("key", "i8"),
        ("value", "i8"),  # minor; realised minus expected, or the late seconds for LATE
        ("shopper", "i4"),
        ("sku", "i4"),
        ("node", "i2"),
        ("code", "i1"),  # Outcome
        ("channel", "i1"),  # Entry
    ],
    align=True,
)

#: The order book: one row per demand row plus contingency orders (ordinal + 1), both engines write it.
BOOK = np.dtype(
    [
        ("key", "i8"),
        ("placed_at", "i8"),
        ("promised_at", "i8"),
        ("picked_at", "i8"),
        ("ready_at", "i8"),  # staged (pickup) or packed (ship)
        ("arrived_at", "i8"),  # customer at the counter
        ("served_at", "i8"),  # counter service began
        ("done_at", "i8"),  # handed over, delivered, or left
        ("returned_at", "i8"),
        ("revenue", "i8"),  # minor: unit price x units sold, less refunds for units not served
        ("fee", "i8"),  # minor
        ("refund", "i8"),  # minor
        ("goods_cost", "i8"),  # minor: cost of units that left for good, including resale loss
        ("service_cost", "i8"),  # minor: parcels, couriers, packing, handling of returns (no labour)
        ("shopper", "i4"),
        ("sku", "i4"),  # item finally served
        ("units", "i4"),  # ordered
        ("units_out", "i4"),  # handed over or delivered
        ("units_back", "i4"),  # returned
        ("units_short", "i4"),  # cancelled
        ("wait_s", "i4"),  # in the counter queue
        ("node", "i2"),
        ("zone", "i2"),
        ("channel", "i1"),
        ("flow", "i1"),
        ("offer", "i1"),
        ("category", "i1"),
        ("status", "i1"),
        ("entries", "i1"),  # times the customer walked into a store: to look or buy, to collect, to bring back
        ("flags", "i2"),  # bits: 1 empty shelf met, 2 substituted, 4 phantom record met, 8 slot refused,
        #                        16 closed door met, 32 left the queue, 64 no-show, 128 only looked,
        #                        256 empty shelf met in the second store too, 512 brought back to a store
    ],
    align=True,
)

FLAG_EMPTY, FLAG_SUBSTITUTED, FLAG_PHANTOM, FLAG_SLOT_REFUSED, FLAG_CLOSED, FLAG_QUEUE_LEFT, FLAG_NO_SHOW, FLAG_LOOKED = (
    1, 2, 4, 8, 16, 32, 64, 128,
)  # fmt: skip
FLAG_EMPTY_AGAIN, FLAG_BROUGHT_BACK = 256, 512

# ---- network ------------------------------------------------------------------------------------------------
NODE = np.dtype(
    [
        ("kind", "i1"),  # NodeKind
        ("open", "i1"),  # 1 while customers may enter (changed by the opening process)
        ("ships", "i1"),  # 1 if parcels may leave from here
        ("zone", "i2"),
        ("pickers", "i4"),  # on duty now (changed by the shift process)
        ("counter", "i4"),  # on duty now
        ("x_m", "i4"),
        ("y_m", "i4"),
        ("courier_radius_m", "i4"),
        ("wave_capacity", "i4"),  # courier parcels per wave
        ("opens_s", "i4"),  # second of the day
        ("closes_s", "i4"),
    ],
    align=True,
)

#: What a service offer is; the catalogue of offers is the same in every strategy, only levels change.
OFFER = np.dtype(
    [
        ("entry", "i1"),  # Entry: nest and channel
        ("flow", "i1"),  # Flow
        ("enabled", "i1"),
        ("pre_info", "i1"),  # 1: information of the entry's sources is read before going (web then store)
        ("intent", "i1"),  # visits: 1 inspect in the store, order online
        ("try_on", "i1"),  # try on at hand-over
        ("needs_stock", "i1"),  # only offered when the published stock shows it
        ("discount_ppm", "i4"),  # price cut in this offer, parts per million
        ("fee", "i8"),  # minor
        ("promise_s", "i4"),  # promised duration, -1 none
    ],
    align=True,
)

OFFER_NAMES = (
    "web_ship",
    "web_same_day",
    "web_bopis",
    "web_then_store",
    "store_first",
    "showroom",
    "social_ship",
    "live_ship",
)
