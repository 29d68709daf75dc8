"""What the journey kernels are handed: one record of numbers and a few tables, bundled."""

from typing import NamedTuple

import numpy as np

#: Settings and policy levels as one record; written by `omosim.journeys.levels`.
LEVELS = np.dtype(
    [(name, "i8") for name in (
        "key0", "key1", "stages", "near_stores", "free_from", "stock_shown", "prices_equal",
        "coupon_ppm", "coupon_everywhere", "points_everywhere", "return_in_store", "endless_aisle",
        "in_app_payment", "courier_radius_m", "link_latency_s", "shown_items", "live_ppm", "web_offer",
        "live_from", "live_until", "show", "stop_at", "log_touches", "show_ahead_s", "ride_s_per_km", "least_ride_s", "after_opening_s",
        "full_off", "cut",
        "live_limit",  # units at the reduced price in a show, 0 no limit
        "proof_s",  # period at which a show tells how many bought, 0 never
        "batch_days",  # days between two batches of the customer file, 1 at least
        "cookie_s",  # seconds after which a cookie changes, 0: sites do not recommend by cookies
        "honest",  # 1: promises follow the published load
        "fitting_ahead",  # days ahead for which a fitting can be booked
        "vip_min",  # minor, spend of a year that makes a VIP, 0 none
        "own_ppm", "own_days", "insert_days", "after_days", "lapse_days", "near_days", "event_m", "invite_m", "invites", "vip_invites",
        "landing_row", "message_row", "invite_row", "event_row", "vip_row",  # rows of the touchpoint table, -1 none
        "any_need",  # 1: a show answers any near need, 0: the nearest one
    )]
    + [(name, "f8") for name in (
        "memory_s", "learning", "consider_base", "consider_slope", "dropout_slope", "pen_empty", "pen_late",
        "pen_failed", "pen_gap", "pen_return", "pleasure", "nearly", "theta_upper", "theta_lower", "habit_gain", "habit_rate",
        "search_cost", "wait_per_s", "return_post", "return_store", "switch_hassle", "aisle_hassle", "vot_per_s", "visit_s",
        "collect_s", "check_share", "belief_rate", "go_on", "combined_share", "combined_factor", "speed_ms",
        "login", "rho_inf", "n_half", "sessions", "browse_per_day", "touches", "pick_base_s", "pick_unit_s",
        "counter_s", "checkout_s", "patience_s", "lead_mu", "lead_sigma", "lead_s", "lag_mu", "lag_sigma",
        "no_show", "collect_mu", "collect_sigma", "extra_purchase", "extra_purchase_visit", "stock_error", "coupon_rate", "points_rate",
        "store_sensing", "live_reach", "live_intensity", "retarget_rate", "push_open", "switch_cost", "pickup_users",
        "acc_web", "acc_social", "acc_live", "coupon_else", "retarget_else",
        "live_sd", "social_proof", "acc_answer", "answer_s", "question_share", "stay_s", "announce_weeks", "watch_share", "switch_app", "switch_give_up",
        "session_s", "fit_s", "alterable", "alter_s", "unwanted",
        "twice",  # share of messages sent twice to customers who are in two files
        "failure", "pen_failure", "follow_up",
        "advice_go_on", "advice_match", "advice_s",
        "fittings",  # appointments of a store and day
        "fitting_users", "fitting_no_show",
        "unseen",  # share of visitors who do not find what stands on the shelf
        "vip_points", "own_rate", "own_near", "own_back", "search_web", "heard", "message_stale", "insert_open", "after_open",
        "lapse_open", "event_near", "event_invited", "forget",
        "known", "known_s",  # misfits of a category that who was just in a store for it avoids, and how long it lasts
        "touch_spread", "touch_taste",  # what sources leave hidden differs between people by so much; its correlation with the taste for stores
        "keep",  # share of price: worth of goods that do not please, at most
        "consider_aware", "aware_start",  # slope of consideration in the awareness around one, above this
        "suggested",  # misfits that are avoided on the web, where a tool says which size fits
        "impulse",  # share of the missions of a show behind which there is no need
    )]
)  # fmt: skip

#: Days beyond the run for which fittings can be booked.
FITTING_DAYS = 32

#: One row per category.
CATEGORY = np.dtype(
    [(name, "f8") for name in (
        "misfit", "mind", "value_mean", "value_sd", "need_share", "units_mean", "order_mu", "order_sigma",
        "shopper_sigma", "advice",
    )]
    + [("ref_price", "i8"), ("first", "i8"), ("last", "i8")]
)  # fmt: skip

#: One row per segment.
SEGMENT = np.dtype([(name, "f8") for name in ("vot", "need", "mobile", "digital")])

#: One row per touchpoint.
TOUCHPOINT = np.dtype([("reach", "f8"), ("weight", "f8"), ("entry", "i8"), ("identity", "i8"), ("pays", "i8"), ("on", "i8"), ("message", "i8"), ("told", "i8")])


#: One mission as the shopper sees it; money is for the whole order, minor units. A record, because a kernel passes it
#: on as one pointer, where a bundle of arrays costs a hundred words and as many reference counts a call.
CASE = np.dtype(
    [(name, "i8") for name in (
        "shopper", "slot",  # slot of the mission
        "base",  # slot of the need whose item, value and fit it has
        "t", "category", "zone", "sku", "units",
        "first",  # first SKU of the category
        "checks",  # 1: looks at the published stock of stores
        "coupon",  # 1: coupon in hand
        "points",  # 1: collects points
        "own_entries",  # bit per Entry: where a coupon of his own counts, 0 none
        "live",  # 1: a show is on
        "live_ppm",  # cut of its limited offer
        "stores",  # stores known, nearest first
        "reach",  # stores looked up: known, or within a courier's reach
        "honest",  # 1: `load` and `load_centre` are filled, and promises follow them
        "load_centre",  # published: seconds until an order placed now is picked in the centre
    )]
    + [(name, "f8") for name in (
        "scale",  # list price of the order: what "share of price" refers to
        "value",  # of fitting units
        "misfit",  # probability q that is left after what visits taught
        "unseen",  # factor of the shopper on what sources leave hidden
        "favourite",  # taste of the shopper's favourite entry, share of price
        "vot",  # minor a second
        "hassle",  # own return hassle, relative
        "persuasion",  # perceived value that a show adds, share of price
        "acc_live",  # share of misfits that the show, and the answer in it, reveal
        "belief",  # believed availability in stores
        "parcel_s",  # usual parcel time
        "outside",  # what rivals add to the outside option
        "here",  # value, at a shelf and with the fit known, of ordering from there
        "advice",  # share of visitors who want advice on a next item of this category
        "vip_points",  # points above those of every member, share of price
    )]
    # of the four nearest stores, of the nearest pickup point or locker, of the nearest dark store (node -1: there is none)
    + [("node", "i8", (6,)), ("metres", "i8", (6,)), ("stock", "i8", (6,)), ("price", "i8", (4,)), ("way_s", "f8", (6,))]
    + [("sold", "i8", (4,))]  # by Entry: the item is shown there
    + [("load", "i8", (6,)), ("fitting_at", "i8", (6,))]  # published seconds until picked; second of the next free fitting, -1 none
    + [("full", "i8", (6,))]  # published: SLOTS_FULL, BOXES_FULL
    + [("blind", "f8", (4,))]  # by Entry: misfits that stay hidden, over those that would with every review written, less 1
)  # fmt: skip


#: One row per live show.
SHOW = np.dtype(
    [(name, "i8") for name in (
        "begins",
        "viewers",  # who watch, and who drop in by a need of their own
        "told",  # viewers whom the announcement brought
        "elsewhere",  # who would have watched, but watched the show of another seller
        "questions", "answered",
        "orders", "units",  # ordered so far
        "proof_at", "proof_orders",  # published: second, buyers
        "minute", "minute_units",  # published: minute of the show, units
    )]
    # standard deviations by which its intensity differs; that intensity, as the first audience sees it, share of price
    + [("tilt", "f8"), ("intensity", "f8")]
)  # fmt: skip


class Scene(NamedTuple):
    """All that a decision reads besides the shopper.

    Z zones, N nodes, K SKUs, C categories, S segments, A audiences, G kinds of shoppers with a pace of needs of their own.
    """

    levels: np.ndarray  # (A,) LEVELS
    category: np.ndarray  # (C,) CATEGORY
    segment: np.ndarray  # (S,) SEGMENT
    offers: np.ndarray  # (A, offers) OFFER
    touchpoints: np.ndarray  # (A, T) TOUCHPOINT
    near: np.ndarray  # (Z, 4) i2
    travel_s: np.ndarray  # (Z, N) i4
    distance_m: np.ndarray  # (Z, N) i4
    nodes: np.ndarray  # (N,) NODE
    published: np.ndarray  # (N, K) i4
    near_point: np.ndarray  # (Z,) i2, nearest pickup point or locker, -1 none
    near_dark: np.ndarray  # (Z,) i2, nearest dark store at work, -1 none
    board: np.ndarray  # (N,) BOARD, as last published
    price: np.ndarray  # (A, 4, K) i8
    sold: np.ndarray  # (A, 4, K) u1
    list_price: np.ndarray  # (K,) i8
    popularity_cdf: np.ndarray  # (K,) f8
    outside_value: np.ndarray  # (Z, C) f8
    blind: np.ndarray  # (A, C, 4) f8, see CASE
    awareness: np.ndarray  # (A, Z, S) f8
    service: np.ndarray  # (knots,) f8, quantiles of a unit gamma service time, see quantile_table
    op_time: np.ndarray  # (G, C, H+1) f8, operational seconds at full hours
    pace: np.ndarray  # (S, Z) i2, kind of shopper in op_time
    lead_factor: np.ndarray  # (Z,) f8 on parcel times
    waves: np.ndarray  # (W,) i8, seconds of the day at which couriers leave, ascending
    zone_sessions: np.ndarray  # (days, Z) i4, web sessions by home zone; added to
    scratch: np.ndarray  # (96,) f8 working space: nests, then touchpoint weights
    case: np.ndarray  # (1,) CASE, working space
    shows: np.ndarray  # (shows,) SHOW, by running number
    cookies: np.ndarray  # (n,) COOKIE, by shopper; one row where cookies are not followed
    fits: np.ndarray  # (n x C,) u1, see journeys_fit; (1,) where nobody learns
    fittings: np.ndarray  # (days + FITTING_DAYS, N) i4, appointments booked; added to
    funnel: np.ndarray  # (days, S, 6) i8: missions, considered, own plan chosen by Entry; added to
    felt: np.ndarray  # (days + 1, 3, 2) f8: surprises summed and experiences, of purchase, delivery, after-sales
    learnt: np.ndarray  # (days, C, 2) i8: linked returns, linked purchases; added to
    known: np.ndarray  # (C,) f8, of those that size advice has learnt from today, whole retailer
    patrons: np.ndarray  # (n,) PATRON, or empty where no campaign asks for it; changed
    perks: np.ndarray  # PERK rows, or empty where no money off is noted; added to
    perked: np.ndarray  # (1,) i8, their number
    sent: np.ndarray  # (days, A, N_SENT) i8, counters of campaigns; added to

