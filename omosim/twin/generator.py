"""Orders straight from the fitted laws, without shoppers' choices or a network: an independent check of the fit.

Keyed draws and the project's own quantiles, so that the same laws give the same orders on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from omosim.kernels.jit import kernel
from omosim.kernels.mathx import beta_ppf, exp64, exponential, gamma_ppf, norm_ppf64
from omosim.kernels.philox import make_key, uniform
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.history import Floats, History, Windows
from omosim.twin.laws import Acquisition, BackLaw, Calendar, ValueLaw, first_seen

_RATE, _DROP, _SHOPPER, _GAP, _COIN, _VALUE, _BACK, _LAG = range(1, 9)  # items of the draws, purpose SYNTH
_PURPOSE = 39


@dataclass(frozen=True)
class FittedLaws:
    """All laws of one log."""

    windows: Windows
    calendar: Calendar
    repeat: RepeatFit
    values: ValueLaw
    back: BackLaw
    acquisition: Acquisition
    level: float  # purchase days of known shoppers a week in the last 13 weeks of the fit part
    orders_per_day: float  # orders of the log, of unknown shoppers too, per purchase day of a known shopper
    sales_per_year: float = 0.0  # minor units, at the pace of the fit part
    mostly_bought: bool = False  # purchases are so regular that few needs pass without one
    regularity: float = 1.0  # stages of gaps between purchases, by pairs of them


@kernel
def _purchases(key0: Any, key1: Any, birth: Any, last: Any, k: Any, r: Any, alpha: Any, a: Any, b: Any, who: Any,
               when: Any) -> Any:  # fmt: skip
    """Fill (who, when) with purchases of customers born at operational weeks `birth`; the number, or -1 when full."""
    n = 0
    for i in range(birth.size):
        rate = gamma_ppf(uniform(key0, key1, i, 0, _PURPOSE, _RATE), r) / alpha
        leave = beta_ppf(uniform(key0, key1, i, 0, _PURPOSE, _DROP), a, b)
        t = birth[i]
        step = 0
        while t < last:
            if n == who.size:
                return -1
            who[n] = i
            when[n] = t
            n += 1
            if step > 0 and uniform(key0, key1, i, step, _PURPOSE, _COIN) < leave:
                break
            if rate <= 1e-12:
                break
            for j in range(k):
                t += exponential(uniform(key0, key1, i, step * 8 + j, _PURPOSE, _GAP)) / rate
            step += 1
    return n


@kernel
def _values(key0: Any, key1: Any, who: Any, between: Any, within: Any, share: Any, lag_median: Any, lag_sd: Any,
            log_value: Any, lag: Any) -> None:  # fmt: skip
    """Fill log order values around 0, and days until the goods go back (-1 kept)."""
    for row in range(who.size):
        z = norm_ppf64(uniform(key0, key1, who[row], 0, _PURPOSE, _SHOPPER))
        e = norm_ppf64(uniform(key0, key1, row, 1, _PURPOSE, _VALUE))
        log_value[row] = between * z + within * e
        lag[row] = -1.0
        if uniform(key0, key1, row, 1, _PURPOSE, _BACK) < share:
            lag[row] = lag_median * exp64(lag_sd * norm_ppf64(uniform(key0, key1, row, 1, _PURPOSE, _LAG)))


def births(laws: FittedLaws, first_day: Any) -> Floats:
    """Operational weeks of first purchases: as seen in the fit part, as the law expects afterwards.

    first_day: (customers,) days of the first purchases seen in the fit part.
    """
    windows = laws.windows
    days = 7 * (windows.end // 7 + 2)
    passed = laws.calendar.operational(days) / 7
    seen = np.sort(np.asarray(first_day, np.int64))
    same = np.searchsorted(seen, seen, side="left")
    count = np.bincount(seen, minlength=windows.cut)
    inside = (np.arange(seen.size) - same + 0.5) / count[seen]
    start, stop = passed[seen * 24], passed[(seen + 1) * 24]
    old = start + inside * (stop - start)
    edges = np.append(np.arange(windows.cut, windows.end, 7), windows.end) * 24
    expected = np.cumsum(np.r_[0.0, first_seen(laws.acquisition, laws.repeat, passed[edges])])
    at = np.arange(int(expected[-1])) + 0.5
    return np.concatenate([old, np.interp(at, expected, passed[edges])])


def generate(laws: FittedLaws, first_day: Any, seed: int) -> History:
    """One log of fit and hold-out part; tests/twin/test_laws.py."""
    key0, key1 = make_key(seed, 0)
    born = births(laws, first_day)
    days = 7 * (laws.windows.end // 7 + 2)
    passed = laws.calendar.operational(days) / 7
    last = float(passed[laws.windows.end * 24])
    fit = laws.repeat
    size = 20 * born.size + 1000
    while True:
        who, when = np.empty(size, np.int64), np.empty(size, np.float64)
        n = _purchases(key0, key1, born, last, fit.k, fit.r, fit.alpha, fit.a, fit.b, who, when)
        if n >= 0:
            break
        size *= 2
    who, when = who[:n], when[:n]
    log_value, lag = np.empty(n), np.empty(n)
    between, within = laws.values.sds()
    back = laws.back
    _values(key0, key1, who, between, within, back.value_share, back.lag_median_days, back.lag_sd, log_value, lag)
    value = np.rint(laws.values.median * np.exp(log_value)).astype(np.int64)
    t = np.interp(when, passed, np.arange(passed.size) / 24)
    order = np.argsort(t, kind="stable")
    gone = lag >= 0
    return History(who[order], t[order], value[order], (t + lag)[gone], value[gone])
