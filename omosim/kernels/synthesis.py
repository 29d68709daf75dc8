"""Array forms of the keyed draws and functions that build a world: nothing here is called inside a run."""

import math

from omosim.kernels.jit import kernel
from omosim.kernels.mathx import PI, exp64, log64, norm_ppf64, poisson_ppf, sin64
from omosim.kernels.philox import uniform

_GOLDEN = 0.6180339887498949  # fraction of a turn between two zones of a sunflower


@kernel
def fill_uniform(key0, key1, entity, purpose, item, out):
    """Keyed uniforms in (0, 1): out[i] for entity[i]; changes `out` (n,) float64."""
    for i in range(entity.size):
        out[i] = uniform(key0, key1, entity[i], 0, purpose, item)


@kernel
def fill_normal(key0, key1, entity, purpose, item, out):
    """Keyed standard normals: out[i] for entity[i]; changes `out` (n,) float64."""
    for i in range(entity.size):
        out[i] = norm_ppf64(uniform(key0, key1, entity[i], 0, purpose, item))


@kernel
def fill_exp(x, out):
    """e to the x, elementwise; changes `out` (n,) float64."""
    for i in range(x.size):
        out[i] = exp64(x[i])


@kernel
def fill_zipf(count, exponent, out):
    """Cumulative Zipf shares of ranks 1..count, the last exactly 1; changes `out` (count,) float64."""
    total = 0.0
    for rank in range(count):
        total += exp64(-exponent * log64(rank + 1.0))
        out[rank] = total
    for rank in range(count):
        out[rank] /= total
    out[count - 1] = 1.0


@kernel
def turn_sin(fraction):
    """Sine of a fraction of a full turn, any sign."""
    f = fraction - math.floor(fraction)
    if f < 0.5:
        return sin64(2.0 * PI * f)
    return -sin64(2.0 * PI * (f - 0.5))


@kernel
def fill_disc(radius, x, y):
    """Points of a sunflower on a disc, each standing for an equal area (Vogel 1979).

    Parameters
    ----------
    radius : of the disc, metres
    x, y : (Z,) float64, metres; filled
    """
    n = x.size
    for i in range(n):
        r = radius * math.sqrt((i + 0.5) / n)
        turn = i * _GOLDEN
        x[i] = r * turn_sin(turn + 0.25)
        y[i] = r * turn_sin(turn)


@kernel
def fill_demand(weight, distance_m, item_rate, out):
    """Expected units a day of each store and item: people go to stores by Huff's law with squared distance.

    Parameters
    ----------
    weight : (Z,) float64, shares of the population
    distance_m : (Z, S) int32, metres, of the stores that trade
    item_rate : (K,) float64, units a day of the whole market
    out : (S, K) float64, units a day; filled

    Notes
    -----
    Huff (1964). Rows of `out` sum to `item_rate` over the stores.
    """
    zones, stores = distance_m.shape
    for s in range(stores):
        for k in range(item_rate.size):
            out[s, k] = 0.0
    if item_rate.size == 0:
        return
    for z in range(zones):  # column 0 gathers each store's share first
        total = 0.0
        for s in range(stores):
            d = float(distance_m[z, s])
            total += 1.0 / (d * d)
        for s in range(stores):
            d = float(distance_m[z, s])
            out[s, 0] += weight[z] / (d * d) / total
    for s in range(stores):
        share = out[s, 0]
        for k in range(item_rate.size):
            out[s, k] = share * item_rate[k]


@kernel
def fill_opening(key0, key1, purpose, level, pipeline, out):
    """Opening stock: order-up-to level less a keyed Poisson draw of what would be under way.

    Parameters
    ----------
    level : (N, K) int32, order-up-to levels, units
    pipeline : (N, K) float64, mean units under way
    out : (N, K) int32, units, at least 0; filled. The draw of a cell depends on its node and item alone.
    """
    for n in range(level.shape[0]):
        for k in range(level.shape[1]):
            u = uniform(key0, key1, k, n, purpose, 0)
            out[n, k] = max(0, level[n, k] - poisson_ppf(u, pipeline[n, k]))


@kernel
def fill_record_error(key0, key1, purpose, units, wrong, harmful, quality, out):
    """Errors of the stock record: none in the centre (row 0), by keyed draw in stores.

    Parameters
    ----------
    units : (N, K) int32, available units
    wrong : share of records that are wrong by some amount
    harmful : share of all store records that show stock where there is none
    quality : share of the errors that better records remove
    out : (N, K) int32, units to add to the truth; filled

    Notes
    -----
    Shares from DeHoratius and Raman (2008). Where there is stock the error is geometric with mean 1.5, either sign,
    and leaves at least one unit on record: a record of 0 is written 0 or, for the harmful share, above.
    """
    stores, items = units.shape[0] - 1, units.shape[1]
    empty = 0
    for n in range(1, stores + 1):
        for k in range(items):
            if units[n, k] == 0:
                empty += 1
    filled = stores * items - empty
    p_empty = min(1.0, harmful * stores * items / empty) if empty > 0 else 0.0
    p_filled = min(1.0, max(0.0, wrong * stores * items - p_empty * empty) / filled) if filled > 0 else 0.0
    for k in range(items):
        out[0, k] = 0
    for n in range(1, stores + 1):
        for k in range(items):
            out[n, k] = 0
            size = 1
            u = uniform(key0, key1, k, n, purpose, 2)
            while u < 0.3333333333333333 and size < 20:  # geometric by splitting one uniform
                u *= 3.0
                size += 1
            p = p_empty if units[n, k] == 0 else p_filled
            hit = uniform(key0, key1, k, n, purpose, 0) < p
            if not hit or uniform(key0, key1, k, n, purpose, 3) < quality:
                continue
            if units[n, k] <= 1 or uniform(key0, key1, k, n, purpose, 1) < 0.5:
                out[n, k] = size
            else:
                out[n, k] = -min(size, units[n, k] - 1)
