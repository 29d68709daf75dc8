"""Who the shoppers are: every property is a keyed draw of the shopper, so one more changes nobody else."""

import numpy as np

from omosim.kernels.jit import kernel
from omosim.kernels.mathx import beta_ppf, exp64, gamma_ppf, log64, norm_ppf64
from omosim.kernels.philox import uniform, uniform2, uniform4
from omosim.kernels.purposes import AWARE, CONSENT, DROPOUT, HASSLE, HOME, NEED_RATE, REACH, SEGMENT, TASTE

KNOTS = 2049
_SPAN = 23.0  # log odds of the smallest 32-bit uniform are above -23


@kernel
def fill_gamma_table(shape, out):
    """Log quantiles of a unit-scale gamma law at even steps of the log odds; changes `out` (KNOTS,) float64."""
    for k in range(out.size):
        odds = exp64(-_SPAN + 2.0 * _SPAN * k / (out.size - 1))
        out[k] = log64(max(gamma_ppf(odds / (1.0 + odds), shape), 1e-300))


@kernel
def fill_beta_table(a, b, out):
    """Log odds of beta quantiles at even steps of the log odds; changes `out` (KNOTS,) float64."""
    for k in range(out.size):
        odds = exp64(-_SPAN + 2.0 * _SPAN * k / (out.size - 1))
        x = min(max(beta_ppf(odds / (1.0 + odds), a, b), 1e-300), 1.0 - 1e-16)
        out[k] = log64(x) - log64(1.0 - x)


@kernel
def table_at(table, u):
    """Linear interpolation at a uniform u in a table over even steps of the log odds."""
    last = table.size - 1
    x = (log64(u) - log64(1.0 - u) + _SPAN) * (last / (2.0 * _SPAN))
    k = min(max(int(x), 0), last - 1)
    part = min(max(x - k, 0.0), 1.0)
    return table[k] + (table[k + 1] - table[k]) * part


@kernel
def mean_units(mu, sigma):
    """Mean of a lognormal rounded to whole units, at least one; by 1,024 equal parts of the law."""
    total = 0.0
    for k in range(1024):
        total += max(1.0, np.floor(exp64(mu + sigma * norm_ppf64((k + 0.5) / 1024.0)) + 0.5))
    return total / 1024.0


@kernel
def order_mu(mean, sigma):
    """Log median at which whole units have this mean, by bisection; where rounding hardly matters, that of the lognormal."""
    high = log64(mean)
    if sigma <= 0.0 or mean > 50.0:
        return high - 0.5 * sigma * sigma
    low = high - 3.0 - sigma * sigma
    for _ in range(40):
        middle = 0.5 * (low + high)
        if mean_units(middle, sigma) < mean:
            low = middle
        else:
            high = middle
    return high


@kernel
def _pick(cumulative, u):
    """First index whose cumulative share exceeds u."""
    low = 0
    high = cumulative.size - 1
    while low < high:
        middle = (low + high) >> 1
        if cumulative[middle] > u:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def reach_of(key0, key1, shopper, row):
    """Keyed uniform that decides whether a shopper uses a touchpoint row: used where it is below the reach."""
    u0, u1, u2, u3 = uniform4(key0, key1, shopper, 0, REACH, row >> 2)
    lane = row & 3
    if lane == 0:
        return u0
    if lane == 1:
        return u1
    return u2 if lane == 2 else u3


@kernel
def _entries_used(key0, key1, shopper, touchpoints):
    used = 2  # a store can always be entered
    for row in range(touchpoints.size):
        entry = touchpoints[row]["entry"]
        if entry < 4 and reach_of(key0, key1, shopper, row) < touchpoints[row]["reach"]:
            used |= 1 << entry
    return used


@kernel
def _milli(x):
    """Thousandths, rounded, within int16."""
    return int(np.floor(min(max(x, -32.0), 32.0) * 1000.0 + 0.5))


@kernel
def synthesise(key0, key1, zone_cdf, segment_cdf, segment, touchpoints, taste_mean, taste_sd, rates, identity, belief,
               gamma_table, beta_table, first, out):
    """Draw the shoppers `first` to `first + out.size - 1`.

    Parameters
    ----------
    zone_cdf, segment_cdf : cumulative shares, float64
    taste_mean, taste_sd : (4,) float64, share of price, per Entry
    rates : (3,) float64: gamma rate of needs in weeks, purchase share (need rate = purchase rate / it), unused
    identity : (2,) float64: consent, loyalty
    belief : start of the believed availability
    gamma_table, beta_table : from `fill_gamma_table`, `fill_beta_table`
    out : (n,) SHOPPER; filled

    Notes
    -----
    Need rates g ~ Gamma(r, alpha) as in Fader, Hardie and Lee (2005); dropout p ~ Beta(a, b). Test:
    tests/world/test_synthesis.py.
    """
    for j in range(out.size):
        i = first + j
        who = out[j]
        who["zone"] = _pick(zone_cdf, uniform(key0, key1, i, 0, HOME, 0))
        group = _pick(segment_cdf, uniform(key0, key1, i, 0, SEGMENT, 0))
        who["segment"] = group
        kind = segment[group]
        u_consent, u_card, u_mobile, _ = uniform4(key0, key1, i, 0, CONSENT, 0)
        flags = 1
        if u_consent < identity[0]:
            flags |= 2
        if u_card < identity[1]:
            flags |= 4
        if u_mobile < kind["mobile"]:
            flags |= 8
        who["flags"] = flags
        who["hassle"] = int(uniform(key0, key1, i, 0, HASSLE, 0) * 200.0)
        who["aware_at"] = uniform(key0, key1, i, 0, AWARE, 0)
        log_rate = table_at(gamma_table, uniform(key0, key1, i, 0, NEED_RATE, 0))
        who["need_rate"] = exp64(log_rate) / (rates[0] * rates[1]) * kind["need"]
        odds = exp64(table_at(beta_table, uniform(key0, key1, i, 0, DROPOUT, 0)))
        who["dropout"] = odds / (1.0 + odds)
        for pair in range(2):
            u0, u1 = uniform2(key0, key1, i, 0, TASTE, pair)
            for half in range(2):
                entry = 2 * pair + half
                shift = 0.0 if entry == 1 else kind["digital"]
                who["taste"][entry] = _milli(
                    taste_mean[entry] + shift + taste_sd * norm_ppf64(u0 if half == 0 else u1)
                )
        who["used"] = _entries_used(key0, key1, i, touchpoints)
        who["belief"] = belief
