"""Decisions of a window: each mission in order, from perception to a row of demand."""

import math

from omosim.kernels.jit import kernel
from omosim.kernels.journeys_choice import choose
from omosim.kernels.journeys_perceive import (
    add_event,
    considers,
    favourite_taste,
    goodwill_at,
    knows_us,
    order_units,
    profile_size,
    shown_item,
)
from omosim.kernels.journeys_rows import fill_row, item_after_information, regrets
from omosim.kernels.journeys_touches import touch_mission
from omosim.kernels.journeys_types import Case
from omosim.kernels.mathx import poisson_ppf
from omosim.kernels.philox import uniform4
from omosim.kernels.purposes import CONSIDER, MISSION, RETARGET

_DAY = 86_400
_NEEDS_BITS = 22
_ORDINAL_BITS = 8
_TOUCH_NEED = 1 << 21
_PER_NEED = 32
_BY_NEED, _BY_RETARGET = 0, 1
_SERVED = 1 << 15
_NUMBER = _SERVED - 1
_WEB, _STORE, _SOCIAL, _LIVE = 0, 1, 2, 3
_SHIP, _VISIT = 0, 3
_SOCIAL_OFFER = 6
_CONSENT, _LOYALTY = 2, 4
_NEARLY = 0.25  # an own plan within this share of price of the outside option was nearly bought
_YIELD_SAMPLE = 7  # touches of undecided missions are drawn for one shopper in eight

# columns of the daily counters, as in schema.codes.Count
(_MISSIONS, _WEB_SESSIONS, _SOCIAL_SESSIONS, _LIVE_SESSIONS, _VISITS, _ORDERS_WEB, _BAD_SIGN, _OUTSIDE,
 _NOT_CONSIDERED, _TOUCHES, _TOUCHES_SEEN, _TOUCH_MISSIONS, _CHECKS, _GAPS, _PURCHASES, _SURPLUS) = (
    1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 18, 20, 21, 22)  # fmt: skip


@kernel
def make_case(scene, who, mission, slot, base, events, combined, checks, coupon):
    """The mission as the shopper sees it."""
    levels = scene.levels[0]
    shopper = int(mission["shopper"])
    category = int(mission["category"])
    t = int(mission["t"])
    kind = scene.category[category]
    sku, e = shown_item(scene, category, shopper, base, events)
    units = order_units(levels, kind, shopper, category, base)
    scale = float(scene.list_price[sku]) * units
    flags = int(who["flags"])
    live = 1 if levels["live_from"] <= t and t < levels["live_until"] else 0
    return Case(
        shopper, slot, base, t, category, int(who["zone"]), sku, units, scale,
        scale * (1.0 + kind["value_mean"] + kind["value_sd"] * e), kind["misfit"],
        favourite_taste(levels, who),
        levels["vot_per_s"] * scene.segment[int(who["segment"])]["vot"],
        levels["combined_factor"] if combined else 1.0, int(who["hassle"]) * 0.01,
        levels["live_intensity"] if live == 1 else 0.0, float(who["belief"]),
        1 if checks else 0, 1 if coupon else 0, 1 if flags & _LOYALTY else 0, live,
    )  # fmt: skip


@kernel
def see_price_gap(scene, who, case, u, tally):
    """Whoever compares the web's price with the store's loses goodwill when they differ; changes `who`."""
    levels = scene.levels[0]
    if u >= levels["check_share"] or levels["web_offer"] == 0 or levels["near_stores"] == 0:
        return
    if scene.price[_WEB, case.sku] == scene.price[_STORE, case.sku]:
        return
    tally[_GAPS] += 1
    who["goodwill"] = goodwill_at(levels, who, case.t) - levels["learning"] * levels["pen_gap"]
    who["updated"] = case.t


@kernel
def count_sessions(scene, who, case, u, tally):
    """Sessions of a considered mission; changes `tally`."""
    levels = scene.levels[0]
    used = int(who["used"])
    if levels["web_offer"] == 1 and used & 1:
        tally[_WEB_SESSIONS] += 1 + poisson_ppf(u, levels["sessions"] - 1.0)
    if used & 4 and int(scene.offers[_SOCIAL_OFFER]["enabled"]) == 1:
        tally[_SOCIAL_SESSIONS] += 1
    if case.live == 1:
        tally[_LIVE_SESSIONS] += 1


@kernel
def ask_again(scene, mission, case, queue, waiting):
    """Put an abandoned mission down for the next day, as chance has it; changes `queue`, `waiting` (1,)."""
    levels = scene.levels[0]
    u0, u1, _, _ = uniform4(levels["key0"], levels["key1"], case.shopper, case.slot, RETARGET, 0)
    if u0 >= levels["retarget_rate"] or int(mission["kind"]) != _BY_NEED:
        return
    row = queue[waiting[0]]
    row["t"] = (case.t // _DAY + 1) * _DAY + 28_800 + int(u1 * 50_400.0)  # between 8 and 22 o'clock
    row["shopper"] = case.shopper
    row["need"] = _TOUCH_NEED + int(mission["base"]) * _PER_NEED
    row["base"] = mission["base"]
    row["category"] = case.category
    row["kind"] = _BY_RETARGET
    waiting[0] += 1


@kernel
def mark_served(scene, needs, mission):
    """A touch served the coming need early: when it comes, no mission is opened; changes `needs`."""
    if int(mission["kind"]) <= _BY_RETARGET:
        return
    row = int(mission["shopper"]) * scene.category.size + int(mission["category"])
    if int(needs[row]["number"]) == int(mission["base"]):
        needs[row]["number"] = int(mission["base"]) | _SERVED


@kernel
def decide_one(scene, who, mission, needs, row, queue, waiting, log, logged, sums, tally):
    """Decide one mission; returns 1 when `row` was filled."""
    levels = scene.levels[0]
    key0 = levels["key0"]
    key1 = levels["key1"]
    shopper = int(mission["shopper"])
    t = int(mission["t"])
    by_touch = int(mission["kind"]) != _BY_NEED
    slot = (int(mission["category"]) << _NEEDS_BITS) | int(mission["need"])
    base = (int(mission["category"]) << _NEEDS_BITS) | int(mission["base"])
    tally[_MISSIONS] += 1
    if by_touch:
        tally[_TOUCH_MISSIONS] += 1
    u_consider, u_trip, u_check, u_coupon = uniform4(key0, key1, shopper, slot, CONSIDER, 0)
    if int(who["flags"]) & 1 == 0 or not (
        by_touch or (knows_us(scene, who) and considers(levels, who, t, u_consider))
    ):
        tally[_NOT_CONSIDERED] += 1
        return 0
    u_login, u_sessions, u_touches, u_gap = uniform4(key0, key1, shopper, slot, MISSION, 0)
    day = t // _DAY
    consent = int(who["flags"]) & _CONSENT > 0
    known = consent and u_login < levels["login"]
    events = profile_size(who, day) if known else 0
    checks = levels["stock_shown"] == 1 and u_check < levels["check_share"]
    case = make_case(scene, who, mission, slot, base, events, u_trip < levels["combined_share"], checks,
                     u_coupon < levels["coupon_rate"])  # fmt: skip
    count_sessions(scene, who, case, u_sessions, tally)
    if checks:
        tally[_CHECKS] += 1
    see_price_gap(scene, who, case, u_gap, tally)
    offer_id, node, utility, outside = choose(scene, who, case)
    key = (((shopper << 5) | case.category) << _NEEDS_BITS | int(mission["need"])) << _ORDINAL_BITS
    filled = 0
    entry = -1
    given_up = False
    if offer_id < 0:
        tally[_OUTSIDE] += 1
        given_up = utility > outside - _NEARLY * case.scale
    else:
        offer = scene.offers[offer_id]
        flow = int(offer["flow"])
        entry = int(offer["entry"])
        reads = flow != _VISIT or int(offer["pre_info"]) == 1
        found = item_after_information(scene, case, entry, reads)
        tally[_BAD_SIGN] += found[5]
        given_up = found[0] < 0
        if not given_up:
            fill_row(scene, case, row, key, offer_id, node, utility, found)
            filled = 1
            gained = utility - outside
            if entry == _LIVE and case.persuasion > 0.0:
                gained -= case.persuasion * case.scale
                if regrets(scene, case, utility, outside):
                    row["mind"] = 1
            tally[_PURCHASES] += 1
            tally[_SURPLUS] += int(math.floor(gained + 0.5))
            tally[_VISITS if flow == _VISIT else _ORDERS_WEB + entry] += 1
            mark_served(scene, needs, mission)
    if known:
        add_event(levels, who, day, True)
        if given_up and levels["retarget_rate"] > 0.0:
            ask_again(scene, mission, case, queue, waiting)
    if filled == 1 or log.size > 0 or shopper & _YIELD_SAMPLE == 0:
        count = 1 + poisson_ppf(u_touches, levels["touches"] - 1.0)
        drawn, seen = touch_mission(scene, who, shopper, slot, t, key, count, entry if filled == 1 else -1, filled,
                                    log, logged[0], sums[1 if shopper & _YIELD_SAMPLE == 0 else 0])  # fmt: skip
        if log.size > 0:
            logged[0] += drawn
        if filled == 1:
            tally[_TOUCHES] += drawn
            tally[_TOUCHES_SEEN] += seen
    return filled


@kernel
def decide_window(scene, shoppers, needs, missions, first, last, rows, queue, waiting, log, logged, sums, counts):
    """Decide missions `first` to `last - 1` in order.

    Parameters
    ----------
    scene : Scene; read only but for its scratch
    shoppers : (n,) SHOPPER; profiles and goodwill change
    needs : (n x C,) NEED; served needs are marked
    missions : MISSION rows in order
    rows : (at least last - first,) DEMAND; filled from 0
    queue, waiting : MISSION rows for the next day and their number (1,); with room for every mission
    log, logged : TOUCH rows and their number (1,); `log` empty: no log
    sums : (2, 2, T) int64: touches of missions and orders by touchpoint; [1] is the sample of all missions
    counts : (days, N_COUNTS) int64; added to

    Returns
    -------
    (m, rows filled), m the first mission not decided: `last`, or less when the log is full
    """
    n = 0
    for k in range(first, last):
        mission = missions[k]
        if log.size > 0 and log.size - logged[0] < 512:
            return k, n
        tally = counts[int(mission["t"]) // _DAY]
        who = shoppers[int(mission["shopper"])]
        n += decide_one(scene, who, mission, needs, rows[n], queue, waiting, log, logged, sums, tally)
    return last, n
