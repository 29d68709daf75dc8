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
        ("extra_price", "i8"),  # minor per unit of `extra_sku`
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
        ("extra_units", "i4"),  # bought beside the errand once in the store (0 mostly)
        ("extra_sku", "i4"),  # their item; -1 the order's own, at its price, and only at a pickup
        ("unwanted", "i4"),  # units not kept once they are seen: left behind where the service allows it, else returned
        ("fit_s", "i4"),  # time in a fitting room, 0 none
        ("alter_s", "i4"),  # work of an alteration that makes a misfit fit, 0 cannot be altered
        ("session_s", "i4"),  # session on the site before the order is placed, 0 none
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
        ("unseen", "i1"),  # visitors: 1 does not find the item on the shelf, in the first store
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
        ("collect_at", "i2"),  # node where a pickup is collected, -1 none
        ("entries", "i1"),  # times the customer walked into a store: to look or buy, to collect, to bring back
        ("flags", "i4"),  # bits: 1 empty shelf met, 2 substituted, 4 phantom record met, 8 slot refused,
        #                        16 closed door met, 32 left the queue, 64 no-show, 128 only looked,
        #                        256 empty shelf met in the second store too, 512 brought back to a store, then the names below
    ],
    align=True,
)

FLAG_EMPTY, FLAG_SUBSTITUTED, FLAG_PHANTOM, FLAG_SLOT_REFUSED, FLAG_CLOSED, FLAG_QUEUE_LEFT, FLAG_NO_SHOW, FLAG_LOOKED = (
    1, 2, 4, 8, 16, 32, 64, 128,
)  # fmt: skip
FLAG_EMPTY_AGAIN, FLAG_BROUGHT_BACK = 256, 512
FLAG_TOOK_PART = 1 << 10  # some units were left behind at the hand-over
FLAG_ALTERED = 1 << 11
FLAG_EXCHANGED = 1 << 12
FLAG_SLOT = 1 << 13  # a pickup slot was booked
FLAG_BIN_WAIT = 1 << 14  # picked, and no bin was free
FLAG_BOX_REFUSED = 1 << 15  # every locker box was taken
FLAG_SITE_LOST = 1 << 16  # turned away by a full site, or left its queue page
FLAG_SPLIT = 1 << 17  # one of several parcels of an order
FLAG_MOVED = 1 << 18  # sent to the node where it is collected
FLAG_INSERT = 1 << 19  # a leaflet in the parcel
FLAG_UNSEEN = 1 << 20  # the item stood on the shelf and was not found

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
        ("keep", "i4"),  # units of an item that orders may not take: they are for walk-in customers
        ("desk", "i4"),  # people at a returns desk of its own while the counter is staffed, 0 the counter does it
        ("rooms", "i4"),  # fitting rooms, 0 nobody tries on in one
        ("bays", "i4"),  # curbside bays, 0 curbside orders are handed over at the counter
        ("bins", "i4"),  # places for staged orders, boxes of a locker; 0 endless
        ("batch", "i4"),  # most orders picked on one trip, below 2 each by itself
        ("walk_s", "i4"),  # part of an order's picking time that a trip has once
        ("wave_every_s", "i4"),  # parcels are picked in waves that begin so often, 0 as they come
        ("slot_s", "i4"),  # length of a pickup slot, 0 no slots
        ("slot_cap", "i4"),  # orders that may be booked into one
        ("order_fee", "i4"),  # minor: what an order picked here costs beside the parcel (outsourced nodes)
        ("extra_lead_s", "i4"),  # parcels from here take so much longer
        ("pooled", "i1"),  # 1: one pool of staff for picking, counter and returns
        ("hand_over", "i1"),  # 0 relay, 1 overlap
        ("at_closing", "i1"),  # picks in hand: 0 finish, 1 hold, 2 hand_back
        ("shut", "i1"),  # 1 once a dated change shut the node: no order is sent there, none is picked or collected
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
        ("at_point", "i1"),  # collected at the nearest pickup point or locker
        ("moved", "i1"),  # collected where the goods are sent to: promised in clock time, stock there not asked for
        ("inside", "i1"),  # the customer comes into the store to collect, and may buy further
        ("full_off", "i1"),  # off where the published SLOTS_FULL (1) or BOXES_FULL (2) says so
        ("place_ppm", "i4"),  # time at the place, parts per million of that of a pickup or visit
        ("booked", "i1"),  # visits: by appointment, with people and a room kept for it
        ("go_on_ppm", "i4"),  # visits: least probability of going on with a next item after a bad sign
        ("match_ppm", "i4"),  # visits: part of a next item's misfits that advice avoids
    ],
    align=True,
)
SLOTS_FULL, BOXES_FULL = 1, 2

OFFER_NAMES = (
    "web_ship",
    "web_same_day",
    "web_bopis",
    "web_then_store",
    "store_first",
    "showroom",
    "social_ship",
    "live_ship",
    "web_reserve",
    "web_curbside",
    "web_locker",
    "web_to_store",
    "booked_fitting",
)
