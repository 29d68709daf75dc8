"""From a chosen plan to a row of demand: detection, the second item, contingencies, work and lags, all drawn here."""

import math

from omosim.kernels.jit import kernel
from omosim.kernels.journeys_perceive import second_item
from omosim.kernels.journeys_plans import (
    accuracy_of,
    believed_stock,
    delivery_value,
    fee_of,
    order_here_value,
    return_hassle,
    store_return_hassle,
    unit_price,
)
from omosim.kernels.journeys_synthesis import table_at
from omosim.kernels.mathx import exp64, log64, norm_ppf64
from omosim.kernels.philox import uniform, uniform4
from omosim.kernels.purposes import CHANGE_OF_MIND, DETECT, FIT, GO_ON, SERVICE, TRAVEL

_DAY = 86_400
_WEB, _STORE = 0, 1
_SHIP, _SAME_DAY, _PICKUP, _VISIT = 0, 1, 2, 3
_NOTHING, _BY_PARCEL, _NEXT_STORE, _OTHER_ITEM = 0, 1, 2, 3
_NO_NODE = -1
_AFTER_OPENING_S = 14_400.0  # a trip put off to the next opening begins within so many seconds of it


@kernel
def is_misfit(levels, case, sku):
    """Realised: the item does not fit. One draw of the need and the item, whatever the strategy."""
    if sku < 0:
        return 0
    u = uniform(levels["key0"], levels["key1"], case.shopper, case.base, FIT, sku)
    return 1 if u < case.misfit else 0


@kernel
def is_detected(levels, case, sku, accuracy):
    """Realised: sources of that accuracy reveal the item's misfit."""
    return uniform(levels["key0"], levels["key1"], case.shopper, case.base, DETECT, sku) < accuracy


@kernel
def item_after_information(scene, case, entry, reads):
    """The item that is left after the information of an entry is read.

    Returns
    -------
    (sku, misfit, second, second_misfit, go_on, bad_sign) : sku -1 where the shopper gave up after a bad sign
    """
    levels = scene.levels[0]
    sku = case.sku
    misfit = is_misfit(levels, case, sku)
    go_on = 1 if uniform(levels["key0"], levels["key1"], case.shopper, case.base, GO_ON, 0) < levels["go_on"] else 0
    second = second_item(scene, case.category, case.shopper, case.base, sku)
    second_misfit = is_misfit(levels, case, second)
    if not reads or misfit == 0:
        return sku, misfit, second, second_misfit, go_on, 0
    accuracy = accuracy_of(levels, entry)
    if not is_detected(levels, case, sku, accuracy):
        return sku, misfit, second, second_misfit, go_on, 0
    if go_on == 0 or second < 0 or (second_misfit == 1 and is_detected(levels, case, second, accuracy)):
        return -1, 1, -1, 0, 0, 1
    return second, second_misfit, -1, 0, 0, 1


@kernel
def arrival_second(scene, case, node):
    """When a visitor who sets out at the mission reaches the shelf; a closed store is visited at its next opening.

    A walk that begins before closing and ends after it finds the door shut.
    """
    levels = scene.levels[0]
    opens = int(scene.nodes[node]["opens_s"])
    closes = int(scene.nodes[node]["closes_s"])
    way = int(scene.travel_s[case.zone, node] * case.travel)
    second = case.t % _DAY
    if second < closes and second + way >= opens:
        return case.t + way
    day = case.t - second if second < opens else case.t - second + _DAY
    late = uniform(levels["key0"], levels["key1"], case.shopper, case.slot, TRAVEL, 0) * _AFTER_OPENING_S
    return max(day + opens + int(min(late, closes - opens - 1.0)), case.t)


@kernel
def other_store(scene, case, node):
    """(nearest other store that the shopper thinks of or -1, seconds to get there from `node`)."""
    for r in range(scene.levels[0]["near_stores"]):
        other = int(scene.near[case.zone, r])
        if other >= 0 and other != node:
            dx = float(scene.nodes[node]["x_m"]) - float(scene.nodes[other]["x_m"])
            dy = float(scene.nodes[node]["y_m"]) - float(scene.nodes[other]["y_m"])
            return other, int(math.sqrt(dx * dx + dy * dy) / scene.levels[0]["speed_ms"])
    return _NO_NODE, 0


@kernel
def rank_two(parcel, store, item):
    """The two best of three contingencies worth having (value above 0), best first, as Action codes."""
    first = _NOTHING
    second = _NOTHING
    top = 0.0
    if parcel > top:
        first = _BY_PARCEL
        top = parcel
    if store > top:
        first = _NEXT_STORE
        top = store
    if item > top:
        first = _OTHER_ITEM
    next_best = 0.0
    if first != _BY_PARCEL and parcel > next_best:
        second = _BY_PARCEL
        next_best = parcel
    if first != _NEXT_STORE and store > next_best:
        second = _NEXT_STORE
        next_best = store
    if first != _OTHER_ITEM and item > next_best:
        second = _OTHER_ITEM
    return first, second


@kernel
def fill_work(scene, case, row, flow):
    """Work contents and lags of a row, drawn by the mission; changes `row`."""
    levels = scene.levels[0]
    u0, u1, u2, u3 = uniform4(levels["key0"], levels["key1"], case.shopper, case.slot, SERVICE, 0)
    mean = levels["checkout_s"] if flow == _VISIT else levels["counter_s"]
    row["counter_s"] = max(1, int(mean * exp64(table_at(scene.service, u0)) + 0.5))
    row["pick_s"] = max(1, int(levels["pick_base_s"] + levels["pick_unit_s"] * case.units + 0.5))
    patience = levels["patience_s"]
    row["patience_s"] = int(-log64(u1) * patience) if patience > 0.0 else -1
    row["extra_units"] = 1 if flow == _PICKUP and u3 < levels["extra_purchase"] else 0
    w0, w1, w2, _ = uniform4(levels["key0"], levels["key1"], case.shopper, case.slot, SERVICE, 1)
    lag = min(exp64(levels["lag_mu"] + levels["lag_sigma"] * norm_ppf64(w0)), 1.0e9)
    row["return_lag_s"] = int(lag)
    stays_away = u2 < levels["no_show"]
    collect = min(exp64(levels["collect_mu"] + levels["collect_sigma"] * norm_ppf64(w1)), 1.0e9)
    row["collect_lag_s"] = -1 if stays_away or flow != _PICKUP else int(collect)
    parcel = exp64(levels["lead_mu"] + levels["lead_sigma"] * norm_ppf64(w2)) * scene.lead_factor[case.zone]
    row["transit_s"] = int(min(parcel, 1.0e9))


@kernel
def return_store(scene, case, flow, node):
    """Store where the goods would be given back; -1 by post."""
    if flow == _VISIT:
        return node
    levels = scene.levels[0]
    if levels["return_in_store"] == 0 or scene.near[case.zone, 0] < 0:
        return _NO_NODE
    if store_return_hassle(scene, case) >= levels["return_post"] * case.scale * case.hassle:
        return _NO_NODE
    return node if flow == _PICKUP else int(scene.near[case.zone, 0])


@kernel
def substitute_value(scene, case, gain):
    """Value of taking the second item instead: what the first was worth less a keyed loss of up to half the price."""
    levels = scene.levels[0]
    u = uniform(levels["key0"], levels["key1"], case.shopper, case.base, GO_ON, 1)
    return gain - 0.5 * u * case.scale


@kernel
def fill_visit(scene, case, row, offer, node):
    """What a visitor will do at the shelf; changes `row`.

    Whoever would not buy even a fitting item leaves after looking: such a visit carries a misfit and no second
    item. Who gains more by ordering from here carries intent 1.
    """
    levels = scene.levels[0]
    here = order_here_value(scene, case)
    paid = unit_price(scene, case, _STORE, case.sku, offer["discount_ppm"]) * case.units
    gain = case.value - paid if int(offer["intent"]) == 0 else -1.0
    if gain <= 0.0 and here <= 0.0:
        row["misfit"] = 1
        row["go_on"] = 0
        row["alt_sku"] = -1
        return
    row["intent"] = 1 if here > gain else 0
    other, way = other_store(scene, case, node)
    row["second_node"] = other
    row["second_travel_s"] = way
    there = -1.0
    if other >= 0:
        there = believed_stock(scene, case, other) * max(gain, 0.0) - case.vot * way
    item = substitute_value(scene, case, gain) if row["alt_sku"] >= 0 else -1.0
    first, second = rank_two(here, there, item)
    row["action1"] = first
    row["action2"] = second


@kernel
def fill_order(scene, case, row, offer, value):
    """What an order falls back to when no stock is found; changes `row`. `value` is that of the chosen plan."""
    levels = scene.levels[0]
    flow = int(offer["flow"])
    parcel = -1.0
    if flow != _SHIP and levels["web_offer"] == 1:
        parcel = delivery_value(scene, case, scene.offers[0])
    item = substitute_value(scene, case, value) if row["alt_sku"] >= 0 else -1.0
    there = -1.0
    if flow == _PICKUP:
        other, way = other_store(scene, case, int(row["node"]))
        row["second_node"] = other
        row["second_travel_s"] = way
        if other >= 0 and scene.published[other, row["sku"]] >= case.units:
            there = value - case.vot * way
    first, second = rank_two(parcel, there, item)
    row["action1"] = first
    row["action2"] = second


@kernel
def fill_row(scene, case, row, key, offer_id, node, plan, found):
    """Write the DEMAND row of a decided mission.

    Parameters
    ----------
    row : DEMAND row; all columns are written
    plan : value of the chosen plan, minor
    found : from `item_after_information`
    """
    levels = scene.levels[0]
    offer = scene.offers[offer_id]
    flow = int(offer["flow"])
    entry = int(offer["entry"])
    channel = _STORE if flow == _VISIT else entry
    sku, misfit, second, second_misfit, go_on, _ = found
    price = unit_price(scene, case, channel, sku, offer["discount_ppm"])
    row["key"] = key
    row["t"] = arrival_second(scene, case, node) if flow == _VISIT else case.t
    row["unit_price"] = price
    row["fee"] = 0 if flow == _VISIT else fee_of(scene, offer, price * case.units)
    alt = unit_price(scene, case, _WEB, sku, scene.offers[0]["discount_ppm"])
    row["alt_price"] = alt
    row["alt_fee"] = fee_of(scene, scene.offers[0], alt * case.units)
    row["shopper"] = case.shopper
    row["sku"] = sku
    row["alt_sku"] = second
    row["units"] = case.units
    row["promise_s"] = scene.offers[0]["promise_s"] if flow == _VISIT else offer["promise_s"]
    fill_work(scene, case, row, flow)
    if flow == _SAME_DAY:
        row["transit_s"] = max(600, int(scene.travel_s[case.zone, node]))
    row["zone"] = case.zone
    row["node"] = node
    row["second_node"] = -1
    row["return_node"] = return_store(scene, case, flow, node)
    row["second_travel_s"] = 0
    row["channel"] = channel
    row["flow"] = flow
    row["offer"] = offer_id
    row["category"] = case.category
    row["misfit"] = misfit
    row["alt_misfit"] = second_misfit
    row["go_on"] = go_on
    u = uniform(levels["key0"], levels["key1"], case.shopper, case.base, CHANGE_OF_MIND, sku)
    row["mind"] = 1 if u < scene.category[case.category]["mind"] else 0
    row["try_on"] = offer["try_on"]
    row["intent"] = 0
    row["action1"] = 0
    row["action2"] = 0
    if flow == _VISIT:
        fill_visit(scene, case, row, offer, node)
    else:
        fill_order(scene, case, row, offer, plan)


@kernel
def regrets(scene, case, utility, outside):
    """A show's persuasion alone sold it: without it the plan falls short of the outside option by more than R."""
    levels = scene.levels[0]
    q = case.misfit
    hidden = q * (1.0 - levels["acc_live"]) / (1.0 - q * levels["acc_live"])
    sober = utility - (1.0 - hidden) * case.persuasion * case.scale
    return sober < outside - return_hassle(scene, case, 0)
