"""What each plan is worth, in money: prices, delivery, collection, a walk to the shelf.

Utilities are those of docs/model: expected values under what is published and believed; errors and tastes are
added by the choice.
"""

from omosim.kernels.jit import kernel

_STORE, _SOCIAL, _LIVE = 1, 2, 3
_SHIP = 0
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
def unit_price(scene, case, entry, sku, offer_ppm):
    """Price of a unit to this shopper in a channel: the price in force less the offer's cut, coupon and points."""
    levels = scene.levels[0]
    cut = int(offer_ppm)
    if case.coupon == 1 and (entry != _STORE or levels["coupon_everywhere"] == 1):
        cut += levels["coupon_ppm"]
    if case.points == 1 and (entry != _STORE or levels["points_everywhere"] == 1):
        cut += levels["points_ppm"]
    if entry == _LIVE:
        cut += levels["live_ppm"]
    price = int(scene.price[entry, sku])
    return half_even(price * (_MILLION - min(cut, 900_000)), _MILLION) if cut > 0 else price


@kernel
def fee_of(scene, offer, paid):
    """Fee of an offer for an order of so much; parcels are free from the carrier's limit on."""
    free_from = scene.levels[0]["free_from"]
    if int(offer["flow"]) == _SHIP and free_from > 0 and paid >= free_from:
        return 0
    return int(offer["fee"])


@kernel
def hidden_misfit(q, accuracy):
    """Probability of a misfit after no bad sign: q(1 - a) / (1 - qa)."""
    return q * (1.0 - accuracy) / (1.0 - q * accuracy) if q * accuracy < 1.0 else 0.0


@kernel
def accuracy_of(levels, entry):
    """Share of misfits that the sources of an entry reveal before an order."""
    if entry == _STORE:
        return 1.0
    if entry == _SOCIAL:
        return levels["acc_social"]
    return levels["acc_live"] if entry == _LIVE else levels["acc_web"]


@kernel
def store_return_hassle(scene, case):
    """Hassle of a return in the nearest store, half of a trip included; huge without a store."""
    levels = scene.levels[0]
    node = int(scene.near[case.zone, 0])
    if node < 0:
        return -_NEVER
    trip = 2.0 * scene.travel_s[case.zone, node] * case.travel + levels["collect_s"]
    return levels["return_store"] * case.scale * case.hassle + 0.5 * case.vot * trip


@kernel
def return_hassle(scene, case, try_on):
    """Expected hassle of giving an order back, minor: none after trying on, by post, or in a store if allowed."""
    levels = scene.levels[0]
    if try_on == 1:
        return 0.0
    post = levels["return_post"] * case.scale * case.hassle
    return min(post, store_return_hassle(scene, case)) if levels["return_in_store"] == 1 else post


@kernel
def promised_wait(scene, case, offer):
    """Promised seconds until the goods are in hand; without a promise, the usual parcel time."""
    promise = float(offer["promise_s"])
    return promise if promise >= 0.0 else scene.levels[0]["lead_s"] * scene.lead_factor[case.zone]


@kernel
def delivery_value(scene, case, offer):
    """Value of having an order brought: (1 - q')(v - p) - q'R - fee - w L - search."""
    levels = scene.levels[0]
    entry = int(offer["entry"])
    q = hidden_misfit(case.misfit, accuracy_of(levels, entry))
    paid = unit_price(scene, case, entry, case.sku, offer["discount_ppm"]) * case.units
    perceived = case.value
    if entry == _LIVE:
        perceived += case.persuasion * case.scale
    worth = (1.0 - q) * (perceived - paid) - q * return_hassle(scene, case, 0) - fee_of(scene, offer, paid)
    worth -= case.scale * (levels["wait_per_s"] * promised_wait(scene, case, offer) + levels["search_cost"])
    if entry >= _SOCIAL and levels["in_app_payment"] == 0:
        worth -= levels["switch_hassle"] * case.scale
    return worth


@kernel
def pickup_value(scene, case, offer, node):
    """Value of reserving in a store and collecting; the reservation fails as often as the feed errs."""
    levels = scene.levels[0]
    entry = int(offer["entry"])
    q = hidden_misfit(case.misfit, accuracy_of(levels, entry))
    paid = unit_price(scene, case, entry, case.sku, offer["discount_ppm"]) * case.units
    trip = 2.0 * scene.travel_s[case.zone, node] * case.travel + levels["collect_s"]
    goods = (1.0 - q) * (case.value - paid) - q * return_hassle(scene, case, int(offer["try_on"]))
    wait = max(float(offer["promise_s"]), 0.0) * levels["wait_per_s"] + levels["search_cost"]
    return (1.0 - levels["stock_error"]) * goods - fee_of(scene, offer, paid) - wait * case.scale - case.vot * trip


@kernel
def order_here_value(scene, case):
    """Value, at a shelf and with the fit known, of having it shipped: v - p - f - w L - h; never where impossible."""
    levels = scene.levels[0]
    if levels["web_offer"] == 0 and levels["endless_aisle"] == 0:
        return _NEVER
    offer = scene.offers[0]
    paid = unit_price(scene, case, 0, case.sku, offer["discount_ppm"]) * case.units
    hassle = 0.0 if levels["endless_aisle"] == 1 else levels["switch_hassle"]
    wait = levels["wait_per_s"] * promised_wait(scene, case, offer)
    return case.value - paid - fee_of(scene, offer, paid) - (wait + hassle) * case.scale


@kernel
def believed_stock(scene, case, node):
    """Believed probability that a store has the item: own belief, or what it says after the published stock.

    With an error rate e given the truth, P(in | shown in) = b(1 - e) / (b(1 - e) + (1 - b)e).
    """
    b = case.belief
    if case.checks == 0:
        return b
    e = scene.levels[0]["stock_error"]
    if scene.published[node, case.sku] >= 1:
        return b * (1.0 - e) / (b * (1.0 - e) + (1.0 - b) * e)
    return b * e / (b * e + (1.0 - b) * (1.0 - e))


@kernel
def visit_value(scene, case, offer, node, order_here):
    """Value of a walk to the shelf: (1 - q') E max{buy here, order here, nothing} - T.

    With intent 1 the shopper looks and tries here, but orders on line; else an item in stock can be taken at
    once. q' is the misfit left after the web's information where the plan reads it first.
    """
    levels = scene.levels[0]
    q = case.misfit
    search = 0.0
    if int(offer["pre_info"]) == 1:
        q = hidden_misfit(q, levels["acc_web"])
        search = levels["search_cost"] * case.scale
    trip = 2.0 * scene.travel_s[case.zone, node] * case.travel + levels["visit_s"]
    without = max(order_here, 0.0)
    gain = without
    if int(offer["intent"]) == 0:
        paid = unit_price(scene, case, _STORE, case.sku, offer["discount_ppm"]) * case.units
        stocked = believed_stock(scene, case, node)
        gain = stocked * max(case.value - paid, without) + (1.0 - stocked) * without
    return (1.0 - q) * gain - case.vot * trip - search
