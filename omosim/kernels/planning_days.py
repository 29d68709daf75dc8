"""Orders of one store on one day, drawn from what its past days were like."""

from omosim.kernels.jit import kernel
from omosim.kernels.mathx import exponential, gamma_ppf
from omosim.kernels.philox import uniform, uniform4
from omosim.kernels.purposes import PLAN_DAY, PLAN_ORDER

_QUARTER = 900
_PICKUP, _VISIT = 2, 3
_ORDINAL_BITS = 8
_KEY_BITS = 24


@kernel
def fill_gamma(shape, out):
    """Quantiles of a gamma variate of mean 1 at the middles of out.size equal steps; fills `out`."""
    for i in range(out.size):
        out[i] = gamma_ppf((i + 0.5) / out.size, shape) / shape


@kernel
def at_quantile(table, u):
    """The table's value at u in (0, 1), linear between its steps."""
    x = u * table.size - 0.5
    low = min(max(int(x), 0), table.size - 2)
    part = min(max(x - low, 0.0), 1.0)
    return table[low] + part * (table[low + 1] - table[low])


@kernel
def fill_weights(key0, key1, entity, out):
    """Weights of past days, sum 1, drawn anew for each entity: the Bayesian bootstrap (Rubin 1981); fills `out`."""
    total = 0.0
    for d in range(out.size):
        out[d] = exponential(uniform(key0, key1, entity, d, PLAN_DAY, 0))
        total += out[d]
    for d in range(out.size):
        out[d] /= total


@kernel
def day_effect(key0, key1, rep, role, shape):
    """Factor on all orders of a day, mean 1, by the keyed draw of replicate and role; 1 where `shape` is 0."""
    if shape <= 0.0:
        return 1.0
    return gamma_ppf(uniform(key0, key1, rep, role, PLAN_DAY, 1), shape) / shape


@kernel
def draw_orders(key0, key1, rep, role, kind, cum, begin, factor, second, units, lag, place, reach, work, service, out, first):
    """Orders of a day as a Poisson process in operational time; rows `out[first:]` are filled.

    Parameters
    ----------
    rep, role : replicate and place of the day in it; with `kind` they key every draw
    kind : 0 pickups, 1 walk-in customers
    cum : (97,) float64, expected orders up to each quarter hour
    begin : second at which the day begins
    factor : on all expected orders
    second, units, lag, place : (m,) int64 past orders sorted by second of the day; an order takes after one of about its time
    reach : how many neighbours it may take after
    work : (5,) float64: seconds of picking an order and a unit, mean counter seconds, mean patience (0 endless), unused
    service : quantiles from `fill_gamma`
    out : DEMAND; first : row to begin at

    Returns
    -------
    rows filled; -1 when `out` is full

    Notes
    -----
    Thinning would move every later order when the factor changes; here the k-th order comes earlier or later.
    """
    n = 0
    done = 0.0
    quarter = 0
    total = cum[cum.size - 1] * factor
    while True:
        u0, u1, u2, u3 = uniform4(key0, key1, rep, n, PLAN_ORDER, role * 4 + kind * 2)
        done += exponential(u0)
        if done >= total:
            return n
        if first + n >= out.size:
            return -1
        while cum[quarter + 1] * factor <= done:
            quarter += 1
        width = (cum[quarter + 1] - cum[quarter]) * factor
        inside = (done - cum[quarter] * factor) / width
        time_of_day = min(int((quarter + inside) * _QUARTER), 86_399)
        v0, _, _, _ = uniform4(key0, key1, rep, n, PLAN_ORDER, role * 4 + kind * 2 + 1)
        low = 0
        left = second.size
        while low < left:
            middle = (low + left) >> 1
            if second[middle] < time_of_day:
                low = middle + 1
            else:
                left = middle
        like = low + int((u1 - 0.5) * reach)
        like = min(max(like, 0), second.size - 1)
        row = out[first + n]
        row["key"] = ((((rep * 16 + role) * 2 + kind) << _KEY_BITS) | n) << _ORDINAL_BITS
        row["t"] = begin + time_of_day
        row["node"] = rep + 1
        row["units"] = units[like]
        row["counter_s"] = int(work[2] * at_quantile(service, u3) + 0.5)
        row["promise_s"] = -1
        row["alt_promise_s"] = -1
        row["alt_sku"] = -1
        row["second_node"] = -1
        row["return_node"] = -1
        row["patience_s"] = -1
        if kind == 0:
            row["flow"] = _PICKUP
            row["pick_s"] = int((work[0] + work[1] * units[like]) * at_quantile(service, u2) + 0.5)
            row["collect_lag_s"] = lag[like]
            row["offer"] = place[like]
        else:
            row["flow"] = _VISIT
            row["channel"] = 1
            if work[3] > 0.0:
                row["patience_s"] = int(work[3] * exponential(v0) + 0.5)
        n += 1


@kernel
def fill_service(key0, key1, rep, role, table, mean, out):
    """Whole seconds of work of orders in their order, each by its own keyed quantile; fills `out`.

    Parameters
    ----------
    table : quantiles from `fill_gamma`
    mean, out : (n,) float64 mean seconds; (n,) int64
    """
    for i in range(out.size):
        out[i] = int(mean[i] * at_quantile(table, uniform(key0, key1, rep, i, PLAN_ORDER, 1000 + role)) + 0.5)
