"""Laws of a log that closed forms give: when orders come, what they are worth, what goes back, who is new."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.history import Floats, History, Ints, Windows

Z90 = 1.2815515655446004


# ---- when ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Calendar:
    """Weights of hours, weekdays and weeks, each with mean 1."""

    weekday_hours: Floats  # (24,)
    weekend_hours: Floats  # (24,)
    day_of_week: Floats  # (7,) Monday first
    week: Floats  # (W,) weeks from the first day; the last stands for all later ones
    first_weekday: int

    def hour_of_week(self) -> Floats:
        """(168,) shares of the week, Monday 00 first."""
        hours = [self.weekday_hours if d < 5 else self.weekend_hours for d in range(7)]
        table = np.concatenate([h / h.sum() * w for h, w in zip(hours, self.day_of_week, strict=True)])
        return table / table.sum()

    def operational(self, days: int) -> Floats:
        """(24 days + 1,) operational days passed at each hour from the first midnight."""
        day = np.arange(days)
        hour = self.hour_of_week().reshape(7, 24) * 7
        pace = hour[(self.first_weekday + day) % 7] * self.week[np.minimum(day // 7, self.week.size - 1)][:, None]
        return np.concatenate([[0.0], np.cumsum(pace.ravel())])


def hour_of_week_shares(t: Floats, first_weekday: int) -> Floats:
    """(168,) shares of orders by hour of the week, Monday 00 first; t in local days."""
    hour = (np.floor(t).astype(np.int64) + first_weekday) % 7 * 24 + np.floor(t % 1 * 24).astype(np.int64)
    return np.bincount(hour, minlength=168) / max(1, t.size)


def _smooth_hours(counts: Floats) -> Floats:
    """Hours that have orders are smoothed 1-14-1; an hour without any stays empty."""
    smooth = (np.roll(counts, 1) + 14 * counts + np.roll(counts, -1)) / 16
    smooth = np.where(counts > 0, smooth, 0.0)
    return smooth / smooth.mean() if smooth.sum() > 0 else np.ones(24)


def fit_calendar(fit: History, windows: Windows, tail_weeks: int = 13) -> Calendar:
    """Profiles of the fit part; later weeks keep the level of its last `tail_weeks` whole weeks."""
    weekday = (windows.first_day + 3) % 7
    day = np.floor(fit.t).astype(np.int64)
    hour = np.floor(fit.t % 1 * 24).astype(np.int64)
    dow = (day + weekday) % 7
    seen = np.bincount((np.arange(windows.cut) + weekday) % 7, minlength=7)
    by_day = np.bincount(dow, minlength=7) / np.maximum(1, seen)
    work, free = (np.bincount(hour[m], minlength=24).astype(np.float64) for m in (dow < 5, dow >= 5))
    weeks = windows.cut // 7
    level = np.bincount(day // 7, minlength=weeks)[:weeks].astype(np.float64)
    level = level / level.mean()
    level = np.r_[level, level[-min(tail_weeks, weeks) :].mean()]
    weekend = _smooth_hours(free if free.sum() else work)
    return Calendar(_smooth_hours(work), weekend, by_day / by_day.mean(), level, weekday)


def with_season(calendar: Calendar, history: History, windows: Windows) -> Calendar:
    """The calendar with the held-out weeks' own orders: what a planner who knew the season would put in."""
    weeks = -(-windows.end // 7)
    count = np.bincount((history.part(0, windows.end).t // 7).astype(np.int64), minlength=weeks)[:weeks].astype(np.float64)
    count[-1] *= 7 / (windows.end - 7 * (weeks - 1))
    fitted = calendar.week[: windows.cut // 7]
    later = count[fitted.size :] * fitted.mean() / count[: fitted.size].mean()
    return replace(calendar, week=np.concatenate([fitted, later]))


# ---- what it is worth ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class ValueLaw:
    """Lognormal order value with a part that belongs to the shopper."""

    median: float  # minor
    sd: float  # of the log, from the median and the 90th percentile
    between: float  # share of the variance of logs between shoppers

    def sds(self) -> tuple[float, float]:
        """sd between shoppers and sd within a shopper."""
        return self.sd * float(np.sqrt(self.between)), self.sd * float(np.sqrt(1 - self.between))


def intraclass(group: Ints, x: Floats) -> float:
    """Share of the variance of x between groups: one-way analysis of variance with unequal groups; 0 to 1."""
    _, code, size = np.unique(group, return_inverse=True, return_counts=True)
    mean = np.bincount(code, x) / size
    n, k = x.size, size.size
    if n - k < 2 or k < 3:
        return 0.0
    within = float(((x - mean[code]) ** 2).sum() / (n - k))
    among = float((size * (mean - x.mean()) ** 2).sum() / (k - 1))
    typical = (n - float((size**2).sum()) / n) / (k - 1)
    between = max(0.0, (among - within) / typical)
    return between / (between + within) if between + within > 0 else 0.0


def fit_values(fit: History) -> ValueLaw:
    """Median and spread of all orders; the shoppers' part from orders of known shoppers, on normal scores of ranks."""
    from scipy.special import ndtri

    value = fit.value[fit.value > 0].astype(np.float64)
    median, p90 = float(np.quantile(value, 0.5)), float(np.quantile(value, 0.9))
    known = (fit.shopper >= 0) & (fit.value > 0)
    rank = np.argsort(np.argsort(fit.value[known], kind="stable"), kind="stable")
    score = ndtri((rank + 0.5) / max(1, rank.size))
    return ValueLaw(float(median), max(0.01, float(np.log(p90 / median)) / Z90), intraclass(fit.shopper[known], score))


@dataclass(frozen=True)
class PriceBand:
    """A category of the market: orders whose mean unit price lies between two prices."""

    name: str
    low: float  # minor, inclusive
    high: float  # minor, exclusive
    share: float  # of orders
    price: float  # minor, median of the orders' mean unit prices
    price_sd: float  # of its log, from the 10th and 90th percentile
    units_median: float
    units_sd: float  # of the log, such that price x units has the band's spread of order values
    between: float  # share of the variance of log units between shoppers
    items: int


def fit_bands(shopper: Ints, units: Ints, value: Ints, items: int, count: int = 3) -> list[PriceBand]:
    """Price bands with equal numbers of orders, edges rounded to two digits.

    shopper, units, value: (n,) per order of the fit part; items: number of items sold, shared out by orders.
    """
    keep = (units > 0) & (value > 0)
    shopper, units, value = shopper[keep], units[keep], value[keep]
    price = value / units
    cuts = [float(f"{c:.2g}") for c in np.quantile(price, np.arange(1, count) / count)]
    edges = [0.0, *sorted(set(cuts)), np.inf]
    bands = []
    for low, high in pairwise(edges):
        m = (price >= low) & (price < high)
        if m.sum() < 50:
            continue
        bands.append(_band(low, high, shopper[m], units[m], value[m], float(m.mean()), items))
    total = sum(b.share for b in bands)
    return [PriceBand(**{**b.__dict__, "share": b.share / total}) for b in bands]


def _band(low: float, high: float, shopper: Ints, units: Ints, value: Ints, share: float, items: int) -> PriceBand:
    price = value / units
    p10, p50, p90 = (float(q) for q in np.quantile(price, [0.1, 0.5, 0.9]))
    price_sd = float(np.log(p90 / p10)) / (2 * Z90)
    v50, v90 = (float(q) for q in np.quantile(value, [0.5, 0.9]))
    value_sd = float(np.log(v90 / v50)) / Z90
    known = shopper >= 0
    name = f"from_{low:.0f}" if np.isinf(high) else (f"under_{high:.0f}" if low == 0 else f"{low:.0f}_to_{high:.0f}")
    return PriceBand(
        f"price_{name}", low, high, share, float(p50), price_sd, float(v50 / p50),
        float(np.sqrt(max(value_sd**2 - price_sd**2, 0.05))),
        intraclass(shopper[known], np.log(units[known])), max(1, round(items * share)),
    )  # fmt: skip


# ---- what goes back -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class BackLaw:
    """Cancelled or returned goods."""

    value_share: float  # of sales in the same time, very large orders left out on both sides
    value_share_all: float
    events_per_order: float
    lag_median_days: float
    lag_sd: float  # of the log
    large: float  # minor, orders from here on are left out


def fit_back(fit: History, lag_s: Ints) -> BackLaw:
    """Shares by value and by number in the fit part; lag_s: (m,) seconds from sale to cancellation, below 0 unknown."""
    large = float(np.quantile(fit.value, 0.999)) if fit.value.size else np.inf
    sold, back = int(fit.value[fit.value < large].sum()), int(fit.back_value[fit.back_value < large].sum())
    whole, gone = int(fit.value.sum()), int(fit.back_value.sum())
    lag = lag_s[lag_s > 0] / 86_400
    median = float(np.median(lag)) if lag.size else 0.0
    sd = float(np.log(np.quantile(lag, 0.9) / median)) / Z90 if lag.size > 20 and median > 0 else 0.5
    return BackLaw(
        back / max(1, sold), gone / max(1, whole),
        fit.back_value.size / max(1, fit.value.size), median, max(sd, 0.1), large,
    )  # fmt: skip


# ---- who is new -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Acquisition:
    """First purchases a week: customers of old who were not seen before the log began, and truly new ones."""

    known_before: float  # customers at the start who had bought, or would, in the long run
    new_per_week: float
    new_per_week_se: float
    trend_per_week: float  # log growth a week of all first purchases over the second half of the fit part
    trend_se: float


def unseen(repeat: RepeatFit, weeks: Floats) -> Floats:
    """P(no purchase in the first t weeks) of a customer whose Erlang-k process has long been under way."""
    k, r, alpha = repeat.k, repeat.r, repeat.alpha
    total = np.zeros(np.shape(weeks))
    for j in range(k):
        log_term = gammaln(r + j) - gammaln(r) - gammaln(j + 1) + r * np.log(alpha / (alpha + weeks))
        total = total + (1 - j / k) * np.exp(log_term) * (weeks / (alpha + weeks)) ** j
    return total


def first_seen(acquisition: Acquisition, repeat: RepeatFit, operational_weeks: Floats) -> Floats:
    """(W,) expected first purchases in each week; operational_weeks: (W + 1,) operational weeks at the weeks' ends."""
    hidden = unseen(repeat, operational_weeks)
    return acquisition.known_before * -np.diff(hidden) + acquisition.new_per_week * np.diff(operational_weeks)


def fit_acquisition(fit: History, repeat: RepeatFit, calendar: Calendar, windows: Windows) -> Acquisition:
    """Poisson likelihood of the weekly first purchases for both kinds of first-time buyers."""
    weeks = windows.cut // 7
    _, first = fit.first_days()
    seen = np.bincount(first // 7, minlength=weeks)[:weeks].astype(np.float64)
    passed = calendar.operational(weeks * 7)[:: 7 * 24] / 7
    old, new = -np.diff(unseen(repeat, passed)), np.diff(passed)

    def minus(log_params: Floats) -> float:
        mean = np.exp(log_params[0]) * old + np.exp(log_params[1]) * new + 1e-9
        return float((mean - seen * np.log(mean)).sum())

    start = np.log([max(1.0, float(seen[: weeks // 2].sum())), max(0.1, float(seen[weeks // 2 :].mean()))])
    best = minimize(minus, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 4000})
    known, per_week = (float(v) for v in np.exp(best.x))
    mean = known * old + per_week * new + 1e-9
    spread = max(1.0, float(((seen - mean) ** 2 / mean).sum()) / max(1, weeks - 2))
    design = np.stack([old, new]) / np.sqrt(mean)
    info = design @ design.T
    se = float(np.sqrt(spread * np.linalg.pinv(info)[1, 1]))
    slope, slope_se = _trend(seen[weeks // 2 :])
    return Acquisition(known, per_week, se, slope, slope_se)


def _trend(counts: Floats) -> tuple[float, float]:
    """Log growth a step and its standard error, by least squares on log counts."""
    if counts.size < 4:
        return 0.0, float("nan")
    x = np.arange(counts.size) - (counts.size - 1) / 2
    y = np.log(counts + 0.5)
    slope = float((x * y).sum() / (x * x).sum())
    rest = y - y.mean() - slope * x
    return slope, float(np.sqrt((rest**2).sum() / (counts.size - 2) / (x * x).sum()))
