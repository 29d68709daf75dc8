"""What a shopper brings to a mission: awareness, goodwill, the item in view, its value, the size of the order."""

import math

from omosim.kernels.jit import uncounted as kernel
from omosim.kernels.mathx import exp64, norm_ppf64
from omosim.kernels.philox import uniform, uniform2
from omosim.kernels.purposes import ITEM, UNITS, VALUE

_DAY = 86_400
_WEEK = 604_800
_SECOND_ITEM = 255  # draw number of the item tried after a bad sign
_FURTHER = 256  # draw numbers of items in place of one that is not sold, from here on
_MOST_TRIES = 64


@kernel
def goodwill_at(levels, who, t):
    """Goodwill at second t, share of price: it fades with the memory's time constant."""
    g = float(who["goodwill"])
    if g == 0.0:
        return 0.0
    return g * exp64(-(t - int(who["updated"])) / levels["memory_s"])


@kernel
def knows_us(awareness, who, t):
    """Aware at second t: has bought before, the awareness of audience, zone and segment exceeds the shopper's own threshold, or heard of us."""
    if int(who["flags"]) & 16:
        return True
    if float(who["aware_at"]) < awareness[int(who["audience"]), int(who["zone"]), int(who["segment"])]:
        return True
    return int(who["told"]) * _WEEK > t


@kernel
def considers(levels, awareness, who, t, u):
    """Consideration: logistic in goodwill, and in how present we are where the shopper lives, at a keyed uniform."""
    x = levels["consider_base"] + levels["consider_slope"] * goodwill_at(levels, who, t)
    if levels["consider_aware"] > 0.0:
        around = awareness[int(who["audience"]), int(who["zone"]), int(who["segment"])]
        x += levels["consider_aware"] * (around - levels["aware_start"])
    return u * (1.0 + exp64(-x)) < 1.0


@kernel
def taste_for(levels, who, entry):
    """Taste of a shopper for an entry, share of price: own taste and habit."""
    return int(who["taste"][entry]) * 0.001 + levels["habit_gain"] * int(who["habit"][entry]) / 255.0


@kernel
def favourite_taste(levels, who):
    """Largest taste among the entries that a shopper uses, whatever is offered.

    Tastes count relative to it: they say where a shopper buys, the need says whether. (Added to the value of the
    goods, tastes of sd .58 would lower the price elasticity from -2.4 to -1.7.)
    """
    best = -1.0e9
    for entry in range(4):
        if (int(who["used"]) >> entry) & 1:
            best = max(best, taste_for(levels, who, entry))
    return best


@kernel
def profile_size(who, day):
    """Events visible in the linked profile on a day; a batch counts from the next night."""
    n = int(who["linked"])
    return n + int(who["pending"]) if day > int(who["pending_day"]) else n


@kernel
def add_event(levels, who, day, online):
    """An identified event enters the profile at once, with the next batch of the file, or (off line, unlinked) never; changes `who`."""
    if int(who["pending"]) > 0 and day > int(who["pending_day"]):
        who["linked"] = min(int(who["linked"]) + int(who["pending"]), 65535)
        who["pending"] = 0
    latency = levels["link_latency_s"]
    if latency < 0 and not online:
        return
    if latency >= 0 and latency < 3_600:
        who["linked"] = min(int(who["linked"]) + 1, 65535)
    else:
        who["pending"] = min(int(who["pending"]) + 1, 65535)
        every = levels["batch_days"]
        who["pending_day"] = (day // every + 1) * every - 1


@kernel
def item_at(cdf, first, last, u):
    """SKU of a category (rows first to last - 1) at a uniform, by popularity."""
    low = first
    high = last - 1
    while low < high:
        middle = (low + high) >> 1
        if cdf[middle] > u:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def is_shown(sold, sku):
    """Whether an item is sold in some channel; `sold` is (4, K) by Entry."""
    return sold[0, sku] + sold[1, sku] + sold[2, sku] + sold[3, sku] > 0


@kernel
def sold_item(levels, kind, cdf, sold, shopper, base, k, sku):
    """The item itself where it is sold somewhere, else the first of further draws that is; the last one at the end."""
    tries = 0
    while tries < _MOST_TRIES and not is_shown(sold, sku):
        u = uniform(levels["key0"], levels["key1"], shopper, base, ITEM, (k + 1) * _FURTHER + tries)
        sku = item_at(cdf, kind["first"], kind["last"], u)
        tries += 1
    return sku


@kernel
def shown_item(levels, kind, cdf, sold, shopper, base, events):
    """The item in view and its value for the shopper in standard deviations.

    The first of `shown_items` candidates, or the best of them by a signal of correlation
    rho = rho_inf sqrt(n / (n + n_half)) with the shopper's taste, n events in the profile. Returns (sku, e).
    """
    key0 = levels["key0"]
    key1 = levels["key1"]
    many = levels["shown_items"] if events > 0 else 1
    rho = levels["rho_inf"] * math.sqrt(events / (events + levels["n_half"])) if many > 1 else 0.0
    noise = math.sqrt(1.0 - rho * rho)
    best = -1.0e300
    best_sku = -1
    best_e = 0.0
    for k in range(many):
        u_item, u_signal = uniform2(key0, key1, shopper, base, ITEM, k)
        sku = item_at(cdf, kind["first"], kind["last"], u_item)
        if levels["cut"] == 1:
            sku = sold_item(levels, kind, cdf, sold, shopper, base, k, sku)
        e = norm_ppf64(uniform(key0, key1, shopper, base, VALUE, sku - kind["first"]))  # its place in the category
        signal = rho * e + noise * norm_ppf64(u_signal) if many > 1 else 0.0
        if signal > best:
            best = signal
            best_sku = sku
            best_e = e
    return best_sku, best_e


@kernel
def second_item(levels, kind, cdf, shopper, base, sku):
    """Another item of the category, -1 where it has but one."""
    first = kind["first"]
    last = kind["last"]
    if last - first < 2:
        return -1
    u = uniform(levels["key0"], levels["key1"], shopper, base, ITEM, _SECOND_ITEM)
    other = item_at(cdf, first, last, u)
    if other != sku:
        return other
    return other + 1 if other + 1 < last else first


@kernel
def order_units(levels, kind, shopper, category, base):
    """Units of an order: lognormal over orders and over shoppers, rounded, at least one."""
    mu = kind["order_mu"]
    if kind["order_sigma"] > 0.0:
        u = uniform(levels["key0"], levels["key1"], shopper, base, UNITS, 0)
        mu += kind["order_sigma"] * norm_ppf64(u)
    if kind["shopper_sigma"] > 0.0:
        u = uniform(levels["key0"], levels["key1"], shopper, category, UNITS, 1)
        mu += kind["shopper_sigma"] * norm_ppf64(u)
    if mu == 0.0:
        return 1
    return max(1, math.floor(exp64(mu) + 0.5))
