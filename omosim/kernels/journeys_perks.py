"""Own coupons, further points, and what those feel who hear of coupons that they lack: seen and noted while a mission is decided."""

from omosim.kernels.jit import uncounted as kernel
from omosim.kernels.journeys_perceive import goodwill_at
from omosim.kernels.journeys_plans import unit_price
from omosim.kernels.philox import uniform, uniform4
from omosim.kernels.purposes import COUPON, SLIGHT

_DAY = 86_400
_WEB, _STORE = 0, 1
_VISIT = 3
_EVERYWHERE = 15
_VIP, _TAGGED, _SLIGHTED = 1, 2, 4
_BY_COUPON = 7
_CAMPAIGN_NEED = (1 << 21) + (1 << 20)
_PER_NEED = 32
_COUPON_PLACE = 24  # kind x 8 of the missions that a coupon opens
_N_COUPONS, _N_USED, _N_SLIGHTED, _N_OPENED = 7, 8, 9, 11  # schema.campaigns.Sent


@kernel
def see_perks(levels, case, patrons, shopper, day):
    """Own coupon in hand and the points of a VIP; changes `case`."""
    case["own_entries"] = 0
    case["vip_points"] = 0.0
    if patrons.size == 0:
        return
    patron = patrons[shopper]
    if levels["own_ppm"] > 0 and day < int(patron["coupon_until"]):
        case["own_entries"] = patron["coupon"]
    if int(patron["flags"]) & _VIP:
        case["vip_points"] = levels["vip_points"]


@kernel
def is_tagged(patrons, shopper):
    """Whether the shopper came by a leaflet's tag, so that his visits are known without a login."""
    return patrons.size > 0 and int(patrons[shopper]["flags"]) & _TAGGED > 0


@kernel
def hear_of_coupons(levels, case, who, patrons, tally):
    """Who has no coupon and hears that others do loses goodwill, once until he gets one; changes `who`, `patrons`, `tally`."""
    if levels["heard"] <= 0.0 or patrons.size == 0:
        return
    patron = patrons[case["shopper"]]
    if case["coupon"] == 1 or case["own_entries"] > 0 or int(patron["flags"]) & _SLIGHTED:
        return
    if levels["coupon_rate"] <= 0.0 and levels["own_ppm"] <= 0:
        return
    if uniform(levels["key0"], levels["key1"], case["shopper"], case["slot"], SLIGHT, 0) >= levels["heard"]:
        return
    patron["flags"] = int(patron["flags"]) | _SLIGHTED
    tally[_N_SLIGHTED] += 1
    who["goodwill"] = goodwill_at(levels, who, case["t"]) - levels["learning"] * levels["pen_gap"]
    who["updated"] = case["t"]


@kernel
def give_coupon(levels, case, patrons, mission, runner, entry, outside, queue, waiting, tally):
    """A coupon to a known shopper whose own plan fell just short; it may bring him back on the next day.

    Parameters
    ----------
    runner : value of his best own plan; entry : where that was, where the coupon counts unless coupons count everywhere
    queue, waiting : MISSION rows for the next day and their number (1,)

    Returns
    -------
    1 where a mission of the next day was put down
    """
    if levels["own_ppm"] <= 0 or entry < 0 or runner <= outside - levels["own_near"] * case["scale"] or case["own_entries"] > 0:
        return 0
    u, u_back, u_time, _ = uniform4(levels["key0"], levels["key1"], case["shopper"], case["slot"], COUPON, 0)
    if u >= levels["own_rate"]:
        return 0
    t = int(case["t"])
    patron = patrons[case["shopper"]]
    patron["coupon_until"] = min(t // _DAY + 1 + levels["own_days"], 65535)
    patron["coupon"] = _EVERYWHERE if levels["coupon_everywhere"] == 1 else 1 << entry
    patron["messages"] = min(int(patron["messages"]) + 1, 255)
    patron["flags"] = int(patron["flags"]) & ~_SLIGHTED
    tally[_N_COUPONS] += 1
    if int(mission["kind"]) != 0 or u_back >= levels["own_back"]:
        return 0
    row = queue[waiting[0]]
    row["t"] = (t // _DAY + 1) * _DAY + 28_800 + int(u_time * 50_400.0)  # between 8 and 22 o'clock
    row["shopper"] = mission["shopper"]
    row["need"] = _CAMPAIGN_NEED + int(mission["base"]) * _PER_NEED + _COUPON_PLACE
    row["base"] = mission["base"]
    row["category"] = mission["category"]
    row["kind"] = _BY_COUPON
    row["answered"] = 0
    waiting[0] += 1
    tally[_N_OPENED] += 1
    return 1


@kernel
def use_perks(levels, case, patrons, price, offers, offer_id, row, perks, used, tally):
    """Note the money off a decided order and spend the own coupon on it.

    Parameters
    ----------
    price : (4, K) prices in force; row : DEMAND row, filled
    perks, used : PERK rows and their number (1,), or empty where none are noted; added to
    """
    if perks.size == 0:
        return
    own = int(case["own_entries"])
    coupon = int(case["coupon"])
    if own == 0 and coupon == 0 and case["vip_points"] <= 0.0:
        return
    channel = int(row["channel"])
    sku = int(row["sku"])
    case["own_entries"] = 0
    case["coupon"] = 0
    off = unit_price(levels, case, channel, int(price[channel, sku]), offers[offer_id]["discount_ppm"]) - int(row["unit_price"])
    alt = unit_price(levels, case, _WEB, int(price[_WEB, sku]), offers[0]["discount_ppm"]) - int(row["alt_price"])
    case["own_entries"] = own
    case["coupon"] = coupon
    if (own >> channel) & 1 and patrons.size > 0:
        common = levels["coupon_ppm"] if coupon == 1 and (channel != _STORE or levels["coupon_everywhere"] == 1) else 0
        if levels["own_ppm"] > common:
            patrons[case["shopper"]]["coupon_until"] = 0
            tally[_N_USED] += 1
    points = case["vip_points"] if case["points"] == 1 else 0.0
    if off == 0 and alt == 0 and points <= 0.0:
        return
    line = perks[used[0]]
    line["key"] = row["key"]
    line["off"] = off
    line["alt_off"] = alt
    line["points"] = points
    used[0] += 1
