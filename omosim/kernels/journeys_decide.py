"""Decisions of a window: each mission in order, from perception to a row of demand."""

import math

from omosim.kernels.fetch import fetch
from omosim.kernels.jit import uncounted as kernel
from omosim.kernels.journeys_choice import choose
from omosim.kernels.journeys_cookies import in_file_by_tomorrow, recognise
from omosim.kernels.journeys_fit import known_share, learn_fit, unseen_by
from omosim.kernels.journeys_live import gives_up, see_show
from omosim.kernels.journeys_perceive import (
    add_event,
    considers,
    favourite_taste,
    goodwill_at,
    knows_us,
    order_units,
    second_item,
    shown_item,
)
from omosim.kernels.journeys_perks import give_coupon, hear_of_coupons, is_tagged, see_perks, use_perks
from omosim.kernels.journeys_plans import accuracy_of, order_here_value
from omosim.kernels.journeys_rows import (
    fill_browse,
    fill_extra,
    fill_help,
    fill_row,
    goes_back,
    item_after_information,
    keep_some,
)
from omosim.kernels.journeys_service import keep_fitting, look_up_fittings, look_up_loads
from omosim.kernels.journeys_touches import touch_mission
from omosim.kernels.mathx import poisson_ppf
from omosim.kernels.philox import uniform4
from omosim.kernels.purposes import CONSIDER, MISSION, RETARGET

_DAY = 86_400
_NEEDS_BITS = 22
_ORDINAL_BITS = 8
_TOUCH_NEED = 1 << 21
_PER_NEED = 32
_BY_NEED, _BY_RETARGET, _BY_LIVE, _BY_EVENT = 0, 1, 3, 6
_USES_LIVE = 8
_SERVED = 1 << 15
_NUMBER = _SERVED - 1
_WEB, _STORE, _SOCIAL, _LIVE = 0, 1, 2, 3
_VISIT = 3
_SOCIAL_OFFER = 6
_LOYALTY, _OPTED_OUT = 4, 32
_POINT, _DARK = 4, 5  # places in the case of the nearest pickup point or locker, and dark store
_AHEAD = 4  # missions ahead for whose shopper memory is asked
_YIELD_SAMPLE = 7  # touches of undecided missions are drawn for one shopper in eight

# columns of the daily counters, as in schema.codes.Count
(_MISSIONS, _WEB_SESSIONS, _SOCIAL_SESSIONS, _LIVE_SESSIONS, _VISITS, _ORDERS_WEB, _BAD_SIGN, _OUTSIDE,
 _NOT_CONSIDERED, _TOUCHES, _TOUCHES_SEEN, _TOUCH_MISSIONS, _CHECKS, _GAPS, _PURCHASES, _SURPLUS, _ADVISED) = (
    1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 18, 20, 21, 22, 38)  # fmt: skip


@kernel
def full_at(row):
    """What is full at a node by its published board: 1 pickup slots, 2 boxes."""
    return (1 if row["slots_left"] == 0 else 0) | (2 if row["bins_free"] == 0 else 0)


@kernel(inline="always")
def look_up_stores(scene, levels, case, zone, sku, factor):
    """Known stores of a zone, nearest first, with ways and published stock; changes `case`.

    At least one is looked up (returns), and all that are near where couriers may come from them.
    """
    wanted = 4 if levels["courier_radius_m"] > 0 else max(int(levels["near_stores"]), 1)
    n = 0
    while n < wanted:
        node = int(scene.near[zone, n])
        if node < 0:
            break
        case["node"][n] = node
        case["metres"][n] = scene.distance_m[zone, node]
        case["stock"][n] = scene.published[node, sku]
        case["way_s"][n] = scene.travel_s[zone, node] * factor
        n += 1
    case["reach"] = n
    case["stores"] = min(n, int(levels["near_stores"]))
    point = int(scene.near_point[zone])
    case["node"][_POINT] = point
    if point >= 0:
        case["metres"][_POINT] = scene.distance_m[zone, point]
        case["stock"][_POINT] = 0
        case["way_s"][_POINT] = scene.travel_s[zone, point] * factor
    dark = int(scene.near_dark[zone])
    case["node"][_DARK] = dark
    if dark >= 0:
        case["metres"][_DARK] = scene.distance_m[zone, dark]
        case["stock"][_DARK] = scene.published[dark, sku]
        case["way_s"][_DARK] = scene.travel_s[zone, dark] * factor
    if levels["full_off"] == 1:
        for k in range(n):
            case["full"][k] = full_at(scene.board[int(case["node"][k])])
        case["full"][_POINT] = full_at(scene.board[point]) if point >= 0 else 0


@kernel(inline="always")
def make_case(scene, levels, offers, who, mission, slot, base, events, login, combined, checks, coupon):
    """Write the mission as the shopper sees it into the scene's case."""
    case = scene.case[0]
    shopper = int(mission["shopper"])
    category = int(mission["category"])
    t = int(mission["t"])
    zone = int(who["zone"])
    kind = scene.category[category]
    audience = int(who["audience"])
    sku, e = shown_item(levels, kind, scene.popularity_cdf, scene.sold[audience], shopper, base, events)
    units = order_units(levels, kind, shopper, category, base)
    scale = float(scene.list_price[sku]) * units
    live = 1 if levels["live_from"] <= t and t < levels["live_until"] else 0
    case["shopper"] = shopper
    case["slot"] = slot
    case["base"] = base
    case["t"] = t
    case["category"] = category
    case["zone"] = zone
    case["sku"] = sku
    case["first"] = kind["first"]
    case["units"] = units
    case["scale"] = scale
    case["value"] = scale * (1.0 + kind["value_mean"] + kind["value_sd"] * e)
    case["misfit"] = kind["misfit"] * (1.0 - known_share(levels, scene.fits, shopper * scene.category.size + category, t))
    case["unseen"] = unseen_by(levels, shopper)
    case["favourite"] = favourite_taste(levels, who)
    case["vot"] = levels["vot_per_s"] * scene.segment[int(who["segment"])]["vot"]
    case["hassle"] = int(who["hassle"]) * 0.01
    case["persuasion"] = 0.0
    case["acc_live"] = accuracy_of(levels, _LIVE, scene.blind[audience, category, _LIVE])
    case["live_ppm"] = levels["live_ppm"]
    if live == 1:
        drops_in = int(mission["kind"]) != _BY_LIVE and int(who["used"]) & _USES_LIVE > 0
        see_show(levels, case, scene.shows[levels["show"] - 1], t, int(mission["answered"]), drops_in)
    case["belief"] = who["belief"]
    case["checks"] = 1 if checks else 0
    case["coupon"] = 1 if coupon else 0
    case["points"] = 1 if login or (levels["points_everywhere"] == 1 and int(who["flags"]) & _LOYALTY > 0) else 0
    see_perks(levels, case, scene.patrons, shopper, t // _DAY)
    case["live"] = live
    case["parcel_s"] = levels["lead_s"] * scene.lead_factor[zone]
    case["outside"] = scene.outside_value[zone, category] * units
    for entry in range(4):
        case["blind"][entry] = scene.blind[audience, category, entry]
        case["price"][entry] = scene.price[audience, entry, sku]
        case["sold"][entry] = scene.sold[audience, entry, sku]
    look_up_stores(scene, levels, case, zone, sku, levels["combined_factor"] if combined else 1.0)
    case["honest"] = levels["honest"]
    if levels["honest"] == 1:
        look_up_loads(scene, case)
    if levels["fittings"] > 0.0:
        look_up_fittings(scene, levels, case)
    case["advice"] = kind["advice"]
    case["here"] = order_here_value(levels, case, offers[0])


@kernel
def see_price_gap(levels, who, case, u, tally):
    """Whoever compares the web's price with the store's loses goodwill when they differ; changes `who`."""
    if u >= levels["check_share"] or levels["web_offer"] == 0 or case["stores"] == 0:
        return
    if case["price"][_WEB] == case["price"][_STORE]:
        return
    tally[_GAPS] += 1
    who["goodwill"] = goodwill_at(levels, who, case["t"]) - levels["learning"] * levels["pen_gap"]
    who["updated"] = case["t"]


@kernel
def count_sessions(levels, who, social_on, live, u, tally, by_zone):
    """Sessions of a considered mission; changes `tally` and `by_zone` (Z,), web sessions of the day."""
    used = int(who["used"])
    if levels["web_offer"] == 1 and used & 1:
        n = 1 + poisson_ppf(u, levels["sessions"] - 1.0)
        tally[_WEB_SESSIONS] += n
        by_zone[int(who["zone"])] += n
    if used & 4 and social_on:
        tally[_SOCIAL_SESSIONS] += 1
    if live == 1:
        tally[_LIVE_SESSIONS] += 1


@kernel
def ask_again(levels, rate, mission, slot, queue, waiting):
    """Put an abandoned mission down for the next day, as chance has it; changes `queue`, `waiting` (1,)."""
    shopper = int(mission["shopper"])
    u0, u1, _, _ = uniform4(levels["key0"], levels["key1"], shopper, slot, RETARGET, 0)
    if u0 >= rate or int(mission["kind"]) != _BY_NEED:
        return
    row = queue[waiting[0]]
    row["t"] = (int(mission["t"]) // _DAY + 1) * _DAY + 28_800 + int(u1 * 50_400.0)  # between 8 and 22 o'clock
    row["shopper"] = shopper
    row["need"] = _TOUCH_NEED + int(mission["base"]) * _PER_NEED
    row["base"] = mission["base"]
    row["category"] = mission["category"]
    row["kind"] = _BY_RETARGET
    waiting[0] += 1


@kernel
def mark_served(needs, mission, categories):
    """A touch served the coming need early: when it comes, no mission is opened; changes `needs`."""
    if int(mission["kind"]) <= _BY_RETARGET:
        return
    row = int(mission["shopper"]) * categories + int(mission["category"])
    if int(needs[row]["number"]) == int(mission["base"]):
        needs[row]["number"] = int(mission["base"]) | _SERVED


@kernel(inline="always")
def order_of(scene, levels, offers, who, mission, needs, row, key, choice, tally):
    """From the chosen alternative to a row, unless a bad sign ends the mission; returns 1 when `row` was filled."""
    case = scene.case[0]
    offer_id, r, utility, outside, _ = choice
    offer = offers[offer_id]
    audience = int(who["audience"])
    flow = int(offer["flow"])
    entry = int(offer["entry"])
    category = int(mission["category"])
    kind = scene.category[category]
    second = second_item(levels, kind, scene.popularity_cdf, case["shopper"], case["base"], case["sku"])
    if levels["cut"] == 1 and second >= 0 and scene.sold[audience, _STORE if flow == _VISIT else entry, second] == 0:
        second = -1
    found = item_after_information(levels, case, second, entry, flow != _VISIT or int(offer["pre_info"]) == 1)
    tally[_BAD_SIGN] += found[5]
    if found[0] < 0 or (entry >= _SOCIAL and gives_up(levels, case)):
        return 0
    fill_row(levels, case, row, key, offers, offer_id, r, utility, found, scene.price[audience, :, found[0]], scene.nodes,
             scene.waves, scene.service)  # fmt: skip
    if levels["extra_purchase_visit"] > 0.0 and (flow == _VISIT or int(offer["inside"]) == 1):
        fill_extra(levels, case, row, scene.category, scene.popularity_cdf, scene.sold[audience, _STORE], scene.price[audience, _STORE])
    if flow == _VISIT:
        tally[_ADVISED] += fill_help(levels, case, row, offer)
        if int(offer["booked"]) == 1 and not keep_fitting(scene, levels, case, row, r, tally):
            return 0
    row["mind"] = goes_back(levels, case, found[0], kind["mind"], entry, utility, outside)
    keep_some(levels, case, row, found[0])
    use_perks(levels, case, scene.patrons, scene.price[audience], offers, offer_id, row, scene.perks, scene.perked, scene.sent[int(mission["t"]) // _DAY, audience])
    gained = utility - outside
    if entry == _LIVE:
        gained -= case["persuasion"] * case["scale"]
        show = scene.shows[levels["show"] - 1]
        show["orders"] += 1
        show["units"] += case["units"]
    tally[_PURCHASES] += 1
    tally[_SURPLUS] += math.floor(gained + 0.5)
    tally[_VISITS if flow == _VISIT else _ORDERS_WEB + entry] += 1
    if flow == _VISIT:  # goods in the hand, bought or not
        learn_fit(levels, scene.fits, case["shopper"] * scene.category.size + category, int(row["t"]))
    mark_served(needs, mission, scene.category.size)
    return 1


@kernel(inline="always")
def decide_one(scene, levels, offers, who, mission, needs, row, queue, waiting, log, logged, sums, tally):
    """Decide one mission; returns 1 when `row` was filled: with a purchase, or with a session where a site is modelled."""
    shopper = int(mission["shopper"])
    t = int(mission["t"])
    by_touch = int(mission["kind"]) != _BY_NEED
    slot = (int(mission["category"]) << _NEEDS_BITS) | int(mission["need"])
    base = (int(mission["category"]) << _NEEDS_BITS) | int(mission["base"])
    tally[_MISSIONS] += 1
    day = t // _DAY
    segment = int(who["segment"])
    scene.funnel[day, segment, 0] += 1
    if by_touch:
        tally[_TOUCH_MISSIONS] += 1
    flags = int(who["flags"])
    if flags & 1 == 0 or not (by_touch or knows_us(scene.awareness, who, t)):
        tally[_NOT_CONSIDERED] += 1
        return 0
    key0 = levels["key0"]
    key1 = levels["key1"]
    u_consider, u_trip, u_check, u_coupon = uniform4(key0, key1, shopper, slot, CONSIDER, 0)
    if not (by_touch or considers(levels, scene.awareness, who, t, u_consider)):
        tally[_NOT_CONSIDERED] += 1
        return 0
    scene.funnel[day, segment, 1] += 1
    u_login, u_sessions, u_touches, u_gap = uniform4(key0, key1, shopper, slot, MISSION, 0)
    phone = scene.segment[segment]["mobile"]
    signed_in = u_login < levels["login"] or is_tagged(scene.patrons, shopper)
    known, events = recognise(levels, scene.cookies, who, shopper, slot, t, phone, signed_in)
    checks = levels["stock_shown"] == 1 and u_check < levels["check_share"]
    messages = flags & _OPTED_OUT == 0
    make_case(scene, levels, offers, who, mission, slot, base, events, u_login < levels["login"],
              u_trip < levels["combined_share"] or int(mission["kind"]) == _BY_EVENT, checks,
              u_coupon < (levels["coupon_rate"] if messages else levels["coupon_else"]))  # fmt: skip
    case = scene.case[0]
    count_sessions(levels, who, int(offers[_SOCIAL_OFFER]["enabled"]) == 1, case["live"], u_sessions, tally,
                   scene.zone_sessions[day])  # fmt: skip
    if checks:
        tally[_CHECKS] += 1
    see_price_gap(levels, who, case, u_gap, tally)
    sent = scene.sent[day, int(who["audience"])]
    hear_of_coupons(levels, case, who, scene.patrons, sent)
    choice = choose(levels, case, who, offers, scene.nodes, scene.waves, scene.scratch)
    key = (((shopper << 5) | int(mission["category"])) << _NEEDS_BITS | int(mission["need"])) << _ORDINAL_BITS
    filled = 0
    called = 0
    if choice[0] < 0:
        tally[_OUTSIDE] += 1
        if known and messages and events > 0 and scene.patrons.size > 0:
            called = give_coupon(levels, case, scene.patrons, mission, choice[2], choice[4], choice[3], queue, waiting, sent)
        given_up = choice[2] > choice[3] - levels["nearly"] * case["scale"]
    else:
        scene.funnel[day, segment, 2 + int(offers[choice[0]]["entry"])] += 1
        filled = order_of(scene, levels, offers, who, mission, needs, row, key, choice, tally)
        given_up = filled == 0
    if known:
        add_event(levels, who, day, True)
        if given_up and called == 0 and levels["retarget_rate"] > 0.0 and in_file_by_tomorrow(levels, day):
            ask_again(levels, levels["retarget_rate"] if messages else levels["retarget_else"], mission, slot, queue, waiting)
    sampled = shopper & _YIELD_SAMPLE == 0
    if filled == 1 or log.size > 0 or sampled:
        count = 1 + poisson_ppf(u_touches, levels["touches"] - 1.0)
        entry = int(offers[choice[0]]["entry"]) if filled == 1 else -1
        drawn, seen = touch_mission(levels, scene.touchpoints[int(who["audience"])], scene.scratch, who, shopper, slot, t, key, count, entry,
                                    filled, log, logged[0], sums[1 if sampled else 0])  # fmt: skip
        if log.size > 0:
            logged[0] += drawn
        if filled == 1:
            tally[_TOUCHES] += drawn
            tally[_TOUCHES_SEEN] += seen
    if filled == 0 and levels["session_s"] > 0.0 and levels["web_offer"] == 1 and int(who["used"]) & 1:
        fill_browse(levels, case, row, key, scene.service)
        return 1
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
        if k + _AHEAD < missions.size:
            fetch(shoppers, missions[k + _AHEAD]["shopper"])
        if log.size > 0 and log.size - logged[0] < 512:
            return k, n
        tally = counts[int(mission["t"]) // _DAY]
        who = shoppers[int(mission["shopper"])]
        audience = int(who["audience"])
        n += decide_one(scene, scene.levels[audience], scene.offers[audience], who, mission, needs, rows[n], queue, waiting, log, logged, sums, tally)
    return last, n
