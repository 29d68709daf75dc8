"""What each plan is worth, in money: prices, delivery, collection, a walk to the shelf.

Utilities are expected values under what is published and believed; tastes and errors are added by the choice.
Everything is read from two records: `levels` (LEVELS) and `case` (CASE).
"""

from omosim.kernels.hours import next_open
from omosim.kernels.jit import kernel
from omosim.kernels.journeys_fit import own_accuracy, return_cost

_WEB, _STORE, _SOCIAL, _LIVE = 0, 1, 2, 3
_SHIP = 0
_DAY = 86_400
_MILLION = 1_000_000
_NEVER = -1.0e300


@kernel
def half_even(numerator, denominator):
    """Quotient of two integers >= 0, rounded half to even."""
    whole = numerator // denominator
    twice = 2 * (numerator - whole * denominator)
    if twice > denominator or (twice == denominator and whole % 2 == 1):
        whole += 1
    return whole


@kernel
def coupon_cut(levels, case, entry):
    """Parts per million off by the better of the coupons in hand that count in a channel."""
    cut = 0
    if case["coupon"] == 1 and (entry != _STORE or levels["coupon_everywhere"] == 1):
        cut = levels["coupon_ppm"]
    if (int(case["own_entries"]) >> entry) & 1:
        cut = max(cut, levels["own_ppm"])
    return cut


@kernel
def search_cost(levels, entry):
    """Cost of searching in an entry, share of price; an assistant helps on the own web alone."""
    return levels["search_web"] if entry == _WEB else levels["search_cost"]


@kernel
def unit_price(levels, case, entry, price, offer_ppm):
    """Price of a unit to this shopper in a channel: `price` in force less the offer's cut and a coupon."""
    cut = int(offer_ppm) + coupon_cut(levels, case, entry)
    if entry == _LIVE:
        cut += int(case["live_ppm"])
    return half_even(price * (_MILLION - min(cut, 900_000)), _MILLION) if cut > 0 else price


@kernel
def paid_for(levels, case, entry, offer):
    """Price of the order in a channel, minor."""
    price = unit_price(levels, case, entry, int(case["price"][entry]), offer["discount_ppm"])
    return price * int(case["units"])


@kernel
def felt(levels, case, entry, paid):
    """What a payment in a channel is felt as: members get part of it back as points (a cost of its own in the books)."""
    if case["points"] == 0 or (entry == _STORE and levels["points_everywhere"] == 0):
        return float(paid)
    return paid * (1.0 - levels["points_rate"] - case["vip_points"])


@kernel
def fee_of(levels, offer, paid):
    """Fee of an offer for an order of so much; parcels are free from the carrier's limit on."""
    free_from = levels["free_from"]
    if int(offer["flow"]) == _SHIP and free_from > 0 and paid >= free_from:
        return 0
    return int(offer["fee"])


@kernel
def hidden_misfit(q, accuracy):
    """Probability of a misfit after no bad sign: q(1 - a) / (1 - qa)."""
    return q * (1.0 - accuracy) / (1.0 - q * accuracy) if q * accuracy < 1.0 else 0.0


@kernel
def accuracy_of(levels, entry, blind):
    """Share of misfits that the sources of an entry reveal before an order; `blind`: what is still missing, see CASE."""
    if entry == _STORE:
        return 1.0
    if entry == _SOCIAL:
        accuracy = levels["acc_social"]
    else:
        accuracy = levels["acc_live"] if entry == _LIVE else levels["acc_web"]
    return max(accuracy - (1.0 - accuracy) * blind, 0.0) if blind != 0.0 else accuracy


@kernel
def accuracy_seen(levels, case, entry):
    """The same for this shopper; a viewer whose question was answered knows more of the show's goods."""
    accuracy = case["acc_live"] if entry == _LIVE else accuracy_of(levels, entry, case["blind"][entry])
    return own_accuracy(accuracy, case["unseen"])


@kernel
def misfit_by(levels, case, entry):
    """Misfit probability q by entry: a tool on the web that says which size fits lowers it there."""
    return case["misfit"] * (1.0 - levels["suggested"]) if entry == _WEB else float(case["misfit"])


@kernel
def store_return_hassle(levels, case):
    """Hassle of a return in the nearest store, half of a trip included; huge without a store."""
    if case["reach"] == 0:
        return -_NEVER
    trip = 2.0 * case["way_s"][0] + levels["collect_s"]
    return levels["return_store"] * case["scale"] * case["hassle"] + 0.5 * case["vot"] * trip


@kernel
def return_hassle(levels, case, try_on):
    """Expected hassle of giving an order back, minor: none after trying on, by post, or in a store if allowed."""
    if try_on == 1:
        return 0.0
    post = levels["return_post"] * case["scale"] * case["hassle"]
    return min(post, store_return_hassle(levels, case)) if levels["return_in_store"] == 1 else post


@kernel
def misfit_cost(levels, case, paid, try_on):
    """Expected loss by an order that does not please, minor."""
    hassle = return_hassle(levels, case, try_on)
    return return_cost(levels["keep"] * case["scale"], float(paid), hassle) if levels["keep"] > 0.0 else hassle


@kernel
def after_open_hours(door, t, work_s):
    """The second at which so many seconds of a store's opening hours have passed since `t`."""
    day_s = int(door["closes_s"]) - int(door["opens_s"])
    if day_s <= 0:
        return t + work_s
    begin = next_open(door, t)
    left = int(door["closes_s"]) - begin % _DAY
    while work_s > left:
        work_s -= left
        begin = begin - begin % _DAY + _DAY + int(door["opens_s"])
        left = day_s
    return begin + work_s


@kernel
def pick_seconds(levels, units):
    """Work content of picking an order."""
    return max(1, int(levels["pick_base_s"] + levels["pick_unit_s"] * units + 0.5))


@kernel
def load_at(case, r):
    """Published seconds until an order placed now is picked at the r-th place, where promises follow it; else 0."""
    return int(case["load"][r]) if case["honest"] == 1 else 0


@kernel
def pickup_promise(case, offer, r, door):
    """Promised seconds from now until a pickup is ready: people pick in opening hours; -1 without a promise.

    What is sent there travels by the clock, and is ready when the place is open. Where promises follow the load, none
    is shorter than the work that waits at the place.
    """
    promise = int(offer["promise_s"])
    if promise >= 0 and int(offer["moved"]) == 1:
        return next_open(door, int(case["t"]) + promise) - int(case["t"])
    return after_open_hours(door, int(case["t"]), max(promise, load_at(case, r))) - int(case["t"]) if promise >= 0 else -1


@kernel
def courier_promise(levels, case, offer, r, door, waves, metres):
    """Promised seconds until a courier is at the door; -1 when no wave of today leaves after the pick."""
    t = int(case["t"])
    packed = next_open(door, t) + pick_seconds(levels, case["units"]) + load_at(case, r)
    for w in range(waves.size):
        leaves = t - t % _DAY + waves[w]
        if leaves >= packed:
            ride = max(levels["least_ride_s"], metres * levels["ride_s_per_km"] // 1000)
            return max(int(offer["promise_s"]), leaves - t + ride)
    return -1


@kernel
def parcel_promise(case, offer):
    """Promised seconds of a delivery, what waits to be picked in the centre included where promises follow it; -1 none."""
    promise = int(offer["promise_s"])
    return promise + int(case["load_centre"]) if promise >= 0 and case["honest"] == 1 else promise


@kernel
def promised_wait(case, offer):
    """Promised seconds until the goods are in hand; without a promise, the usual parcel time."""
    promise = float(parcel_promise(case, offer))
    return promise if promise >= 0.0 else case["parcel_s"]


@kernel
def delivery_value(levels, case, offer, wait_s):
    """Value of having an order brought within `wait_s`: (1 - q')(v - p) - q'R - fee - w L - search."""
    entry = int(offer["entry"])
    q = hidden_misfit(misfit_by(levels, case, entry), accuracy_seen(levels, case, entry))
    paid = paid_for(levels, case, entry, offer)
    perceived = float(case["value"])
    if entry == _LIVE:
        perceived += case["persuasion"] * case["scale"]
    worth = (1.0 - q) * (perceived - felt(levels, case, entry, paid)) - q * misfit_cost(levels, case, paid, 0) - fee_of(levels, offer, paid)
    worth -= case["scale"] * (levels["wait_per_s"] * wait_s + search_cost(levels, entry))
    if entry >= _SOCIAL and levels["in_app_payment"] == 0:
        worth -= levels["switch_app"] * case["scale"]
    return worth


@kernel
def pickup_value(levels, case, offer, r, door):
    """Value of reserving at the r-th place, whose NODE row is `door`, and collecting there.

    It fails as often as the feed errs, unless the goods are sent there from elsewhere.
    """
    entry = int(offer["entry"])
    q = hidden_misfit(misfit_by(levels, case, entry), accuracy_seen(levels, case, entry))
    paid = paid_for(levels, case, entry, offer)
    trip = 2.0 * case["way_s"][r] + levels["collect_s"] * (int(offer["place_ppm"]) / 1.0e6)
    goods = (1.0 - q) * (case["value"] - felt(levels, case, entry, paid)) - q * misfit_cost(levels, case, paid, int(offer["try_on"]))
    wait = max(float(pickup_promise(case, offer, r, door)), 0.0) * levels["wait_per_s"] + search_cost(levels, entry)
    fee = fee_of(levels, offer, paid)
    served = 1.0 if int(offer["moved"]) == 1 else 1.0 - levels["stock_error"]
    return served * goods - fee - wait * case["scale"] - case["vot"] * trip


@kernel
def order_here_value(levels, case, offer):
    """Value, at a shelf and with the fit known, of having it shipped: v - p - f - w L - h; never where impossible.

    `offer` is the web's delivery.
    """
    if (levels["web_offer"] == 0 and levels["endless_aisle"] == 0) or case["sold"][_WEB] == 0:
        return _NEVER
    paid = paid_for(levels, case, _WEB, offer)
    hassle = float(levels["aisle_hassle"]) if levels["endless_aisle"] == 1 else float(levels["switch_hassle"])
    wait = levels["wait_per_s"] * promised_wait(case, offer)
    return case["value"] - felt(levels, case, _WEB, paid) - fee_of(levels, offer, paid) - (wait + hassle) * case["scale"]


@kernel
def believed_stock(levels, case, r):
    """Believed probability that the r-th nearest store has the item: own belief, or that after the published stock.

    With an error rate e given the truth, P(in | shown in) = b(1 - e) / (b(1 - e) + (1 - b)e).
    """
    b = float(case["belief"])
    if case["checks"] == 0:
        return b
    e = float(levels["stock_error"])
    if case["stock"][r] >= 1:
        return b * (1.0 - e) / (b * (1.0 - e) + (1.0 - b) * e)
    return b * e / (b * e + (1.0 - b) * (1.0 - e))


@kernel
def next_item(levels, offer, go_on, advised):
    """(probability of going on after a bad sign, share of the next item's misfits that advice avoids) at a visit.

    Parameters
    ----------
    go_on : that probability without any help
    advised : 1 for a visitor who takes staff's advice
    """
    match = 0.0
    if int(offer["go_on_ppm"]) > 0:
        go_on = max(go_on, int(offer["go_on_ppm"]) / 1.0e6)
        match = int(offer["match_ppm"]) / 1.0e6
    if advised == 1:
        go_on = max(go_on, levels["advice_go_on"])
        match = 1.0 - (1.0 - match) * (1.0 - levels["advice_match"])
    return go_on, match


@kernel
def helped(levels, case, offer, q):
    """How much likelier a visit ends with a fitting item because people in the store help to a next one; 0 without help."""
    share = float(case["advice"]) if levels["advice_go_on"] > 0.0 else 0.0
    if share <= 0.0 and int(offer["go_on_ppm"]) == 0:
        return 0.0
    plain = levels["go_on"] * (1.0 - case["misfit"])
    go_on, match = next_item(levels, offer, levels["go_on"], 0)
    chance = (1.0 - share) * go_on * (1.0 - case["misfit"] * (1.0 - match))
    if share > 0.0:
        go_on, match = next_item(levels, offer, levels["go_on"], 1)
        chance += share * go_on * (1.0 - case["misfit"] * (1.0 - match))
    return q * (chance - plain)


@kernel
def visit_value(levels, case, offer, r):
    """Value of a walk to the shelf: (1 - q') E max{buy here, order here, nothing} - T.

    With intent 1 the shopper looks and tries here, but orders on line; else an item in stock can be taken at
    once. q' is the misfit left after the web's information where the plan reads it first. A plan that is made for
    a purchase (reading first, or ordering from the shelf) is none where nothing can be gained by it. A booked fitting
    waits for its appointment; people who help to a next item raise the chance that one fits.
    """
    q = float(case["misfit"])
    search = 0.0
    if int(offer["pre_info"]) == 1:
        q = hidden_misfit(misfit_by(levels, case, _WEB), accuracy_seen(levels, case, _WEB))
        search = search_cost(levels, _WEB) * case["scale"]
    without = max(float(case["here"]), 0.0)
    gain = without
    if int(offer["intent"]) == 0:
        paid = paid_for(levels, case, _STORE, offer)
        stocked = believed_stock(levels, case, r)
        gain = stocked * max(case["value"] - felt(levels, case, _STORE, paid), without) + (1.0 - stocked) * without
    if gain <= 0.0 and (int(offer["pre_info"]) == 1 or int(offer["intent"]) == 1 or int(offer["booked"]) == 1):
        return _NEVER
    if int(offer["booked"]) == 1:
        search += levels["wait_per_s"] * case["scale"] * float(case["fitting_at"][r] - case["t"]) + offer["fee"]
    trip = 2.0 * case["way_s"][r] + levels["visit_s"] * (int(offer["place_ppm"]) / 1.0e6)
    return (1.0 - q + helped(levels, case, offer, q)) * gain - case["vot"] * trip - search
