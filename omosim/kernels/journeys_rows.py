"""From a chosen plan to a row of demand: detection, the second item, contingencies, work and lags, all drawn here."""

import math

from omosim.kernels.jit import kernel
from omosim.kernels.journeys_perceive import item_at
from omosim.kernels.journeys_plans import (
    accuracy_seen,
    believed_stock,
    courier_promise,
    delivery_value,
    fee_of,
    felt,
    hidden_misfit,
    misfit_by,
    next_item,
    paid_for,
    parcel_promise,
    pick_seconds,
    pickup_promise,
    promised_wait,
    return_hassle,
    store_return_hassle,
    unit_price,
)
from omosim.kernels.journeys_synthesis import table_at
from omosim.kernels.mathx import exp64, log64, norm_ppf64
from omosim.kernels.philox import uniform, uniform4
from omosim.kernels.purposes import (
    ADVICE,
    CHANGE_OF_MIND,
    DETECT,
    EXTRA_PURCHASE,
    FIT,
    FITTING,
    GO_ON,
    KEEP,
    PART,
    SERVICE,
    SITE,
    TRAVEL,
    UNSEEN,
)

_DAY = 86_400
_WEB, _STORE, _LIVE = 0, 1, 3
_SHIP, _SAME_DAY, _PICKUP, _VISIT, _BROWSE = 0, 1, 2, 3, 4
_NEAREST_STORES = 4  # ranks below it are stores
_MOST_TRIES = 32  # draws of a further item
_MOST_PARTS = 64  # units of an order of which each may be left behind
_NOTHING, _BY_PARCEL, _NEXT_STORE, _OTHER_ITEM = 0, 1, 2, 3
_NO_NODE = -1
_LONGEST = 1.0e9  # seconds, bound of a drawn lag


@kernel
def draw(levels, case, purpose, item):
    """Keyed uniform of the need (not of the mission): the same whatever opened the mission."""
    return uniform(levels["key0"], levels["key1"], case["shopper"], case["base"], purpose, item)


@kernel
def draw_of_item(levels, case, purpose, sku):
    """Keyed uniform of the need and an item, by its place in the category: further items elsewhere move nothing."""
    return draw(levels, case, purpose, sku - int(case["first"]))


@kernel
def is_misfit(levels, case, sku, q):
    """Realised: the item does not fit, of probability `q`. One draw of the need and the item, whatever the strategy."""
    if sku < 0:
        return 0
    return 1 if draw_of_item(levels, case, FIT, sku) < q else 0


@kernel
def item_after_information(levels, case, second, entry, reads):
    """The item that is left after the information of an entry is read.

    Parameters
    ----------
    second : another item of the category, -1 none
    reads : whether that information is read before the order or the trip

    Returns
    -------
    (sku, misfit, second, second_misfit, go_on, bad_sign) : sku -1 where the shopper gave up after a bad sign
    """
    sku = int(case["sku"])
    q = misfit_by(levels, case, entry) if reads else float(case["misfit"])
    misfit = is_misfit(levels, case, sku, q)
    go_on = 1 if draw(levels, case, GO_ON, 0) < levels["go_on"] else 0
    second_misfit = is_misfit(levels, case, second, q)
    if not reads or misfit == 0:
        return sku, misfit, second, second_misfit, go_on, 0
    accuracy = accuracy_seen(levels, case, entry)
    if not draw_of_item(levels, case, DETECT, sku) < accuracy:
        return sku, misfit, second, second_misfit, go_on, 0
    if go_on == 0 or second < 0 or (second_misfit == 1 and draw_of_item(levels, case, DETECT, second) < accuracy):
        return -1, 1, -1, 0, 0, 1
    return second, second_misfit, -1, 0, 0, 1


@kernel
def arrival_second(levels, case, door, way_s):
    """When a visitor who sets out at the mission reaches the shelf; a closed store is visited at its next opening.

    A walk that begins before closing and ends after it finds the door shut. `door` is the store's NODE row.
    """
    opens = int(door["opens_s"])
    closes = int(door["closes_s"])
    t = int(case["t"])
    way = int(way_s)
    second = t % _DAY
    if second < closes and second + way >= opens:
        return t + way
    day = t - second if second < opens else t - second + _DAY
    late = uniform(levels["key0"], levels["key1"], case["shopper"], case["slot"], TRAVEL, 0) * float(levels["after_opening_s"])
    return max(day + opens + int(min(late, max(closes - opens - 1.0, 0.0))), t)


@kernel
def next_rank(case, r):
    """Rank of the nearest other store that the shopper knows, -1 none."""
    other = 1 if r == 0 else 0
    return other if case["stores"] > other else -1


@kernel
def way_between(levels, a, b):
    """Seconds between two stores, given their NODE rows."""
    dx = float(a["x_m"]) - float(b["x_m"])
    dy = float(a["y_m"]) - float(b["y_m"])
    return int(math.sqrt(dx * dx + dy * dy) / levels["speed_ms"])


@kernel
def write_two_best(row, parcel, store, item):
    """Two best of three contingencies worth having (value above 0), best first, as Action codes; changes `row`."""
    first = _NOTHING
    top = 0.0
    if parcel > top:
        first = _BY_PARCEL
        top = parcel
    if store > top:
        first = _NEXT_STORE
        top = store
    if item > top:
        first = _OTHER_ITEM
    second = _NOTHING
    top = 0.0
    if first != _BY_PARCEL and parcel > top:
        second = _BY_PARCEL
        top = parcel
    if first != _NEXT_STORE and store > top:
        second = _NEXT_STORE
        top = store
    if first != _OTHER_ITEM and item > top:
        second = _OTHER_ITEM
    row["action1"] = first
    row["action2"] = second


@kernel
def fill_work(levels, case, row, flow, inside, service):
    """Work contents and lags of a row, drawn by the mission; changes `row`."""
    key0 = levels["key0"]
    key1 = levels["key1"]
    u0, u1, u2, u3 = uniform4(key0, key1, case["shopper"], case["slot"], SERVICE, 0)
    mean = levels["checkout_s"] if flow == _VISIT else levels["counter_s"]
    row["counter_s"] = max(1, int(mean * exp64(table_at(service, u0)) + 0.5))
    row["pick_s"] = pick_seconds(levels, case["units"])
    patience = levels["patience_s"]
    row["patience_s"] = int(-log64(u1) * patience) if patience > 0.0 else -1
    row["extra_units"] = 1 if flow == _PICKUP and inside == 1 and u3 < levels["extra_purchase"] else 0
    row["extra_sku"] = -1
    row["extra_price"] = 0
    w0, w1, w2, _ = uniform4(key0, key1, case["shopper"], case["slot"], SERVICE, 1)
    row["return_lag_s"] = int(min(exp64(levels["lag_mu"] + levels["lag_sigma"] * norm_ppf64(w0)), _LONGEST))
    row["collect_lag_s"] = -1
    if flow == _PICKUP and u2 >= levels["no_show"]:
        lag = exp64(levels["collect_mu"] + levels["collect_sigma"] * norm_ppf64(w1))
        row["collect_lag_s"] = int(min(lag, _LONGEST))
    spread = exp64(levels["lead_mu"] + levels["lead_sigma"] * norm_ppf64(w2)) / levels["lead_s"]
    row["transit_s"] = int(min(spread * case["parcel_s"], _LONGEST))


@kernel
def fill_extra(levels, case, row, categories, cdf, sold, price):
    """A further unplanned purchase once in the store, of an item of its own, drawn by the mission; changes `row`.

    The item is drawn by its category's share of needs and its popularity there, again while stores do not sell it.
    Who buys more of the own item at a pickup buys nothing else.

    Parameters
    ----------
    categories : (C,) CATEGORY
    cdf : (K,) float64, popularity within the category, cumulated
    sold, price : (K,) of stores, by item: sold there; minor, in force
    """
    if row["extra_units"] > 0:
        return
    total = 0.0
    for c in range(categories.size):
        total += categories[c]["need_share"]
    for k in range(_MOST_TRIES):
        u0, u1, u2, _ = uniform4(levels["key0"], levels["key1"], case["shopper"], case["slot"], EXTRA_PURCHASE, k)
        if k == 0 and u0 >= levels["extra_purchase_visit"]:
            return
        left = u1 * total
        c = 0
        while c + 1 < categories.size and left >= categories[c]["need_share"]:
            left -= categories[c]["need_share"]
            c += 1
        sku = item_at(cdf, categories[c]["first"], categories[c]["last"], u2)
        if sold[sku] > 0:
            row["extra_units"] = 1
            row["extra_sku"] = sku
            row["extra_price"] = price[sku]
            return


@kernel
def work_of(levels, case, service, purpose, mean):
    """Keyed gamma time of the mission with a mean, whole seconds, at least one."""
    u = uniform(levels["key0"], levels["key1"], case["shopper"], case["slot"], purpose, 0)
    return max(1, int(mean * exp64(table_at(service, u)) + 0.5))


@kernel
def fill_fitting(levels, case, row, flow, service):
    """Trying on, alteration, and units that turn out not to be wanted, drawn by the mission; changes `row`."""
    row["fit_s"] = 0
    row["alter_s"] = 0
    row["unwanted"] = 0
    if levels["fit_s"] > 0.0 and (flow == _VISIT or row["try_on"] == 1):
        row["fit_s"] = work_of(levels, case, service, FITTING, levels["fit_s"])
    if levels["alterable"] > 0.0 and row["try_on"] == 1 and row["misfit"] == 1:
        _, u1, u2, _ = uniform4(levels["key0"], levels["key1"], case["shopper"], case["slot"], FITTING, 1)
        if u1 < levels["alterable"]:
            row["alter_s"] = max(1, int(levels["alter_s"] * exp64(table_at(service, u2)) + 0.5))
    if levels["unwanted"] > 0.0 and row["units"] >= 2:
        for k in range(min(int(row["units"]), _MOST_PARTS)):
            if draw(levels, case, PART, k) < levels["unwanted"]:
                row["unwanted"] += 1


@kernel
def fill_session(levels, case, row, entry, service):
    """The session on the site before a web order; changes `row`."""
    row["session_s"] = 0
    if levels["session_s"] > 0.0 and entry == _WEB:
        row["session_s"] = work_of(levels, case, service, SITE, levels["session_s"])


@kernel
def fill_browse(levels, case, row, key, service):
    """Write the DEMAND row of a session that ends without an order: it takes a place on the site; changes `row`."""
    row["key"] = key
    row["t"] = case["t"]
    row["shopper"] = case["shopper"]
    row["sku"] = case["sku"]
    row["zone"] = case["zone"]
    row["category"] = case["category"]
    row["channel"] = _WEB
    row["flow"] = _BROWSE
    row["offer"] = 0
    row["unit_price"] = 0
    row["fee"] = 0
    row["alt_price"] = 0
    row["alt_fee"] = 0
    row["units"] = 0
    row["second_travel_s"] = 0
    row["misfit"] = 0
    row["alt_misfit"] = 0
    row["go_on"] = 0
    row["mind"] = 0
    row["try_on"] = 0
    row["intent"] = 0
    row["unseen"] = 0
    row["action1"] = 0
    row["action2"] = 0
    row["unwanted"] = 0
    row["fit_s"] = 0
    row["alter_s"] = 0
    row["alt_sku"] = -1
    row["promise_s"] = -1
    row["alt_promise_s"] = -1
    row["node"] = -1
    row["second_node"] = -1
    row["return_node"] = -1
    fill_work(levels, case, row, _BROWSE, 0, service)
    fill_session(levels, case, row, _WEB, service)


@kernel
def return_store(levels, case, flow, node, r):
    """Store where the goods would be given back; -1 by post."""
    if flow == _VISIT:
        return node
    if levels["return_in_store"] == 0 or case["reach"] == 0:
        return _NO_NODE
    if store_return_hassle(levels, case) >= levels["return_post"] * case["scale"] * case["hassle"]:
        return _NO_NODE
    return node if flow == _PICKUP and r < _NEAREST_STORES else int(case["node"][0])


@kernel
def substitute_value(levels, case, row, gain):
    """Value of taking the second item instead: what the first was worth less a keyed loss of up to half the price."""
    if row["alt_sku"] < 0:
        return -1.0
    return gain - 0.5 * draw(levels, case, GO_ON, 1) * case["scale"]


@kernel
def fill_visit(levels, case, row, offer, r, other, way):
    """What a visitor will do at the shelf; changes `row`.

    Who gains more by ordering from here carries intent 1; who would not buy even a fitting item only looks: intent 2.
    """
    here = float(case["here"])
    gain = -1.0
    if int(offer["intent"]) == 0:
        gain = case["value"] - felt(levels, case, _STORE, paid_for(levels, case, _STORE, offer))
    if gain <= 0.0 and here <= 0.0:
        row["intent"] = 2
        return
    row["intent"] = 1 if here > gain else 0
    there = -1.0
    if other >= 0:
        there = believed_stock(levels, case, other) * max(gain, 0.0) - case["vot"] * way
    write_two_best(row, here, there, substitute_value(levels, case, row, gain))


@kernel
def fill_help(levels, case, row, offer):
    """What people in the store, and the shelf, make of a visit; changes `row`, returns 1 where staff advise on a next item.

    Advice is asked for at a bad sign. Its time stands in the counter's work; that of visitors who leave without goods
    goes with the work of those who buy, so that it is right in the mean.
    """
    if levels["unseen"] > 0.0 and int(offer["booked"]) == 0:
        row["unseen"] = 1 if draw(levels, case, UNSEEN, 0) < levels["unseen"] else 0
    if row["misfit"] == 0 or row["alt_sku"] < 0:
        return 0
    advised = 0
    if levels["advice_go_on"] > 0.0 and draw(levels, case, ADVICE, 0) < case["advice"]:
        advised = 1
    if advised == 0 and int(offer["go_on_ppm"]) == 0:
        return 0
    go_on, match = next_item(levels, offer, levels["go_on"], advised)
    misfit = case["misfit"] * (1.0 - match)
    row["go_on"] = 1 if draw(levels, case, GO_ON, 0) < go_on else 0
    row["alt_misfit"] = 1 if draw_of_item(levels, case, FIT, int(row["alt_sku"])) < misfit else 0
    stays = go_on * (1.0 - misfit)
    if advised == 1 and int(offer["booked"]) == 0 and stays > 0.0:
        row["counter_s"] = int(row["counter_s"]) + int(min(levels["advice_s"] / stays, _LONGEST) + 0.5)
    return advised


@kernel
def fill_order(levels, case, row, flow, parcel_offer, value, other, way):
    """What an order falls back to when no stock is found; changes `row`. `value` is that of the chosen plan."""
    parcel = -1.0
    if flow != _SHIP and levels["web_offer"] == 1 and case["sold"][_WEB] == 1:
        parcel = delivery_value(levels, case, parcel_offer, promised_wait(case, parcel_offer))
    there = -1.0
    if flow == _PICKUP and other >= 0 and case["stock"][other] >= case["units"]:
        there = value - case["vot"] * way
    write_two_best(row, parcel, there, substitute_value(levels, case, row, value))


@kernel
def fill_row(levels, case, row, key, offers, offer_id, r, plan, found, second_price, nodes, waves, service):
    """Write the DEMAND row of a decided mission.

    Parameters
    ----------
    row : DEMAND row; all columns are written
    r : rank of the place, -1 for a parcel
    plan : value of the chosen plan, minor
    found : from `item_after_information`
    second_price : (4,) int64, prices in force of `found[0]` where that is not the first item
    nodes : NODE rows; waves : seconds of the day at which couriers leave; service : quantile table of service times
    """
    offer = offers[offer_id]
    flow = int(offer["flow"])
    entry = int(offer["entry"])
    channel = _STORE if flow == _VISIT else entry
    sku, misfit, second, second_misfit, go_on, _ = found
    node = int(case["node"][r]) if r >= 0 else _NO_NODE
    changed = sku != case["sku"]
    price = unit_price(levels, case, channel, int(second_price[channel] if changed else case["price"][channel]),
                       offer["discount_ppm"])  # fmt: skip
    alt = unit_price(levels, case, _WEB, int(second_price[_WEB] if changed else case["price"][_WEB]),
                     offers[0]["discount_ppm"])  # fmt: skip
    units = int(case["units"])
    row["key"] = key
    row["t"] = arrival_second(levels, case, nodes[node], case["way_s"][r]) if flow == _VISIT else case["t"]
    row["unit_price"] = price
    row["fee"] = 0 if flow == _VISIT else fee_of(levels, offer, price * units)
    row["alt_price"] = alt
    row["alt_fee"] = fee_of(levels, offers[0], alt * units)
    row["shopper"] = case["shopper"]
    row["sku"] = sku
    row["alt_sku"] = second
    row["units"] = units
    row["promise_s"] = parcel_promise(case, offers[0] if flow == _VISIT else offer)
    row["alt_promise_s"] = parcel_promise(case, offers[0])
    if flow == _PICKUP:
        row["promise_s"] = pickup_promise(case, offer, r, nodes[node])
    elif flow == _SAME_DAY:
        row["promise_s"] = courier_promise(levels, case, offer, r, nodes[node], waves, case["metres"][r])
    fill_work(levels, case, row, flow, int(offer["inside"]), service)
    row["zone"] = case["zone"]
    row["node"] = node
    row["return_node"] = return_store(levels, case, flow, node, r)
    row["channel"] = channel
    row["flow"] = flow
    row["offer"] = offer_id
    row["category"] = case["category"]
    row["misfit"] = misfit
    row["alt_misfit"] = second_misfit
    row["go_on"] = go_on
    row["mind"] = 0
    row["try_on"] = offer["try_on"]
    fill_fitting(levels, case, row, flow, service)
    fill_session(levels, case, row, entry if flow != _VISIT else _STORE, service)
    row["intent"] = 0
    row["unseen"] = 0
    row["action1"] = 0
    row["action2"] = 0
    other = next_rank(case, r) if flow >= _PICKUP else -1
    way = way_between(levels, nodes[node], nodes[int(case["node"][other])]) if other >= 0 else 0
    row["second_node"] = case["node"][other] if other >= 0 else -1
    row["second_travel_s"] = way
    if flow == _VISIT:
        fill_visit(levels, case, row, offer, r, other, way)
    else:
        fill_order(levels, case, row, flow, offers[0], plan, other, way)


@kernel
def is_kept(levels, case, sku, paid, flow):
    """Realised: what does not please is kept, since it is worth more to the shopper than what sending it back would give.

    One draw of the need and the item. Bought in a store it would go back there; else by the way that is less hassle.
    """
    if levels["keep"] <= 0.0 or sku < 0:
        return False
    hassle = store_return_hassle(levels, case) if flow == _VISIT else return_hassle(levels, case, 0)
    return draw_of_item(levels, case, KEEP, sku) * levels["keep"] * case["scale"] >= paid - hassle


@kernel
def keep_some(levels, case, row, sku):
    """Goods that do not please stay where they are kept; changes `row`. What is tried on before it is taken goes back free."""
    if levels["keep"] <= 0.0:
        return
    flow = int(row["flow"])
    paid = float(row["unit_price"]) * float(row["units"])
    kept = is_kept(levels, case, sku, paid, flow)
    if kept:
        row["mind"] = 0
    if flow == _VISIT or row["try_on"] == 1:
        return
    if kept:
        row["misfit"] = 0
    if row["alt_misfit"] == 1 and is_kept(levels, case, int(row["alt_sku"]), paid, flow):
        row["alt_misfit"] = 0


@kernel
def goes_back(levels, case, sku, mind, entry, utility, outside):
    """Realised: a kept unit comes back, for a change of mind or defect, or out of regret after a show.

    Regret: persuasion alone sold it; without it the plan falls short of the outside option by more than R.
    """
    if draw_of_item(levels, case, CHANGE_OF_MIND, sku) < mind:
        return 1
    if entry != _LIVE or case["persuasion"] <= 0.0:
        return 0
    hidden = hidden_misfit(case["misfit"], accuracy_seen(levels, case, _LIVE))
    sober = utility - (1.0 - hidden) * case["persuasion"] * case["scale"]
    return 1 if sober < outside - return_hassle(levels, case, 0) else 0
