"""A twin of an order log from week to week: forecast, see the week, move the members, forecast again.

Members are those of `twin_lawmembers.py`; what drifts is the pace of needs, its trend, the number of new customers and the order
value. At each origin only orders before it are read: customers' histories, closed days, observed weeks. The laws come
from the fit part alone. Tests: tests/twin/test_forecast.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import twin_lawmembers as lawmembers
from numpy.typing import NDArray
from twin_resampling import effective, resample, weigh

from omosim.twin import bgcnbd, season
from omosim.twin.assimilate import Step, step
from omosim.twin.forecast import Forecast
from omosim.twin.history import Floats, History
from omosim.twin.laws import fit_values

#: parameters that drift; two chances that members differ in: of a week's pace to drift on and of a single week; and how
#: high the year's end stands (0 unless told: a log of less than a year cannot say)
NAMES = ("pace", "trend", "acquisition", "value", "log_drift", "log_week", "season")
PACE, TREND, NEW, VALUE, LOG_DRIFT, LOG_WEEK, SEASON = range(7)
UNITS = {"orders": "orders", "revenue": "minor", "new_customers": "customers"}
_WEEK = 7


@dataclass(frozen=True)
class Options:
    """How a log is followed."""

    members: int = 400
    days: int = 28  # foretold at each origin
    warm_weeks: int = 14  # of the fit part before the first update
    trend_keep: float = 0.0  # part of a trend that is left a week later; 0: no trend
    trend_sd: float = 0.005  # of a trend's change, log a week
    drift: tuple[float, float] = (0.005, 0.10)  # log a week, range of the pace's drift: log-uniform prior
    week: tuple[float, float] = (0.02, 0.15)  # log, range of what belongs to one week only: log-uniform prior
    new_drift: float = 0.05  # log a week
    value_drift: float = 0.02  # log a week
    short_week: float = 0.2  # log, further chance of a week with closed days: holidays are more than the days they close
    season: season.Prior | None = None  # heights of the year's end before the log is read; None: it has no season
    season_read: bool = True  # weeks before the first update move the heights; off: they begin as `season` says
    assimilate: bool = True  # off: the ensemble as it stands at the end of the fit part
    seed: int = 7


@dataclass(frozen=True)
class Fitted:
    """Laws of the fit part, on trading time."""

    weight: Floats  # (7,) Monday first
    repeat: bgcnbd.RepeatFit
    params: Floats  # (N, 4)
    between: float  # sd of log order value between shoppers
    within: float
    log_value: float
    orders_per_day: float  # orders, of unknown shoppers too, per purchase day of a known one
    new_per_week: float  # first purchases a trading week in the last six of the fit part
    day_cv: float  # of a day round its week, beyond chance


@dataclass
class Origin:
    """What stood at an origin and what the week after it did."""

    day: int
    forecast: Forecast
    theta: Floats
    update: Step | None = None
    observed: dict[str, float] = field(default_factory=dict)


def day_counts(history: History, end: int) -> dict[str, Floats]:
    """Orders, revenue and first purchases by day before `end`: what a twin of an order log is held against."""
    part = history.part(0, end)
    day = np.floor(part.t).astype(np.int64)
    _, first = part.first_days()
    return {
        "orders": np.bincount(day, minlength=end).astype(float),
        "revenue": np.bincount(day, part.value, minlength=end).astype(float),
        "new_customers": np.bincount(first, minlength=end).astype(float),
    }


def trading_weeks(counts: Floats, weekday: int, weight: Floats, later: int, closed_later: frozenset[int] = frozenset()) -> Floats:
    """(days + later,) trading weeks of each day: those seen by their orders, later ones by what is known beforehand."""
    days = counts.size
    at = weight[(np.arange(days + later) + weekday) % 7] / 7
    usual = np.r_[at[:days] > 0, np.zeros(later, bool)]
    gone = np.zeros(days + later, bool)
    gone[:days] = lawmembers.trading_days(counts, weekday)[1]
    gone[[d for d in closed_later if days <= d < days + later]] = True
    return np.where(gone & (usual | (np.arange(days + later) >= days)), 0.0, at)


def fit(history: History, weekday: int, cut: int, options: Options) -> Fitted:
    """Every law from the orders before `cut`."""
    rng = np.random.Generator(np.random.Philox(key=[options.seed, 1]))
    part = history.part(0, cut)
    counts = day_counts(part, cut)
    weight, _ = lawmembers.trading_days(counts["orders"], weekday)
    days = trading_weeks(counts["orders"], weekday, weight, 0)
    passed = np.r_[0.0, np.cumsum(days)]
    cohort = lawmembers.trading_cohort(part, passed, cut)
    repeat, _ = bgcnbd.choose_k(cohort, (1, 2))
    values = fit_values(part)
    between, within = values.sds()
    who, _ = part.purchase_days()
    recent = max(0, cut - 42)
    good = part.value > 0
    weeks = cut // _WEEK
    orders, open_days = counts["orders"][cut - 7 * weeks :].reshape(weeks, 7), days[cut - 7 * weeks :].reshape(weeks, 7)
    means = orders.sum(1, keepdims=True) * open_days / np.maximum(open_days.sum(1, keepdims=True), 1e-9)
    whole = (means > 0) & (open_days.sum(1, keepdims=True) > 0.5)
    cv = excess_cv(means[whole], (means * (1 - open_days / np.maximum(open_days.sum(1, keepdims=True), 1e-9)))[whole], orders[whole])
    return Fitted(
        weight, repeat, lawmembers.parameter_draws(repeat, cohort, rng.standard_normal((options.members, 4))), between, within,
        float(np.log(part.value[good]).mean()), part.t.size / max(1, who.size),
        max(0.1, float(counts["new_customers"][recent:].sum() / max(passed[cut] - passed[recent], 1e-9))), cv,
    )  # fmt: skip


def excess_cv(means: Floats, variances: Floats, observed: Floats) -> float:
    """Day-to-day spread that members lack: the sd, over the mean, which their foretold variances would need besides.

    means, variances, observed: (T,) of past days, NaN where nothing was seen. By moments, 0 or more.
    """
    seen = np.isfinite(observed) & (means > 0)
    if seen.sum() < 10:
        return 0.0
    surplus = ((observed - means)[seen] ** 2 - variances[seen]) / means[seen] ** 2
    return float(np.sqrt(max(0.0, surplus.mean())))


def follow(history: History, first_day: dt.date, cut: int, end: int, options: Options | None = None, *,
           fitted: Fitted | None = None, closed_later: frozenset[int] = frozenset()) -> Iterator[Origin]:  # fmt: skip
    """One Origin a week: from `warm_weeks` on through the fit part, and from `cut` to `end`, weeks counted from `cut`.

    history: orders from day 0 on; those at or after an origin are not read for its forecast. Each Origin is handed out
    before its week is looked at, and is completed (`update`, `observed`) when the next one is asked for; the last one, no
    whole week before `end`, never is.
    closed_later: days known beforehand to be closed.
    """
    o = options or Options()
    weekday = first_day.weekday()
    laws = fitted or fit(history, weekday, cut, o)
    rng = np.random.Generator(np.random.Philox(key=[o.seed, 2]))
    n = o.members
    start = cut - _WEEK * max(0, (cut - _WEEK * o.warm_weeks) // _WEEK)
    theta = _prior(laws, o, rng)
    if o.season is not None:
        own = np.random.Generator(np.random.Philox(key=[o.seed, 3]))
        heights = season_of(history, first_day, start, o, laws)
        theta[:, SEASON] = heights.mean + heights.sd * own.standard_normal(n)
    for day in range(start, end + 1, _WEEK):
        past = history.part(0, day)
        counts = day_counts(past, day)
        days = trading_weeks(counts["orders"], weekday, laws.weight, o.days, closed_later)
        passed = np.r_[0.0, np.cumsum(days)]
        known = lawmembers.known_customers(past, passed, day, laws.between, laws.within)
        shape = np.array([season.autumn(first_day + dt.timedelta(days=day + 7 * w + 3)) for w in range(-(-o.days // _WEEK))])
        paths, means = _paths(laws, known, theta, days[day:], shape, o, rng)
        origin = Origin(day, Forecast(first_day + dt.timedelta(days=day), paths, dict(UNITS)), theta)
        yield origin
        if day + _WEEK > end:
            return
        seen = day_counts(history.part(0, day + _WEEK), day + _WEEK)
        week = {k: float(v[day:].sum()) for k, v in seen.items()}
        origin.observed = week
        noise = rng.standard_normal((n, len(NAMES) - 1))
        u = float(rng.random())
        if (o.assimilate or day < cut) and days[day : day + _WEEK].sum() > 0.2:
            usual = laws.weight[(day + weekday + np.arange(_WEEK)) % 7] / 7
            short = o.short_week if (days[day : day + _WEEK] < usual).any() else 0.0
            share = days[day : day + _WEEK] / days[day : day + _WEEK].sum()
            origin.update, index = _update(theta, means, week, laws, short, laws.day_cv**2 * float(share @ share), u)
            theta = origin.update.theta
            laws = replace(laws, params=laws.params[index])
        theta = _drifted(theta, o, noise)


def season_of(history: History, first_day: dt.date, end: int, options: Options, laws: Fitted | None = None) -> season.Prior:
    """Heights of the year's end after the weeks before day `end` have been read, earliest ones too: a log that begins in
    December has seen one.

    laws: for the weekdays' weights; None: those of the orders before `end`. Without `options.season` the height is 0.
    """
    if options.season is None or not options.season_read:
        return options.season or season.Prior(0.0, 0.0)
    counts = day_counts(history, end)["orders"]
    weekday, weeks = first_day.weekday(), end // _WEEK
    weight = lawmembers.trading_days(counts, weekday)[0] if laws is None else laws.weight
    day = end - _WEEK * weeks + _WEEK * np.arange(weeks)
    trading = trading_weeks(counts, weekday, weight, 0)[end - _WEEK * weeks :].reshape(weeks, _WEEK).sum(axis=1)
    orders = counts[end - _WEEK * weeks :].reshape(weeks, _WEEK).sum(axis=1)
    logs = np.full(weeks, np.nan)
    seen = trading > 0.3
    logs[seen] = np.log(np.maximum(orders[seen], 0.5) / trading[seen])
    each = 1.0 if laws is None else laws.orders_per_day
    gone = np.r_[False, trading < 0.01, False]
    short = (trading < 0.99) | gone[:-2] | gone[2:]  # before and after a week that is closed altogether people buy otherwise too
    chance = each / np.maximum(orders, 1.0) + np.where(short, options.short_week**2, 0.0)
    shapes = np.array([season.autumn(first_day + dt.timedelta(days=int(d) + 3)) for d in day])
    return season.learn(options.season, logs, chance, shapes, options.drift, options.week)


def today(history: History, first_day: dt.date, end: int, options: Options | None = None, closed_later: frozenset[int] = frozenset()) -> list[Origin]:
    """All of a log fitted, its weeks followed up to `end`; the last Origin is the forecast from that day on.

    What the laws took from the log was also what they are followed through: earlier Origins are no record of forecasts.
    """
    return list(follow(history, first_day, end, end, options, closed_later=closed_later))


def _prior(laws: Fitted, o: Options, rng: np.random.Generator) -> Floats:
    z = rng.standard_normal((o.members, len(NAMES) - 1))
    theta = np.zeros((o.members, len(NAMES)))
    theta[:, PACE] = 0.15 * z[:, PACE]
    theta[:, NEW] = 0.5 * z[:, NEW]
    theta[:, VALUE] = 0.3 * z[:, VALUE]
    theta[:, TREND] = (o.trend_sd if o.trend_keep else 0.0) * z[:, TREND]
    for column, (low, high) in ((LOG_DRIFT, o.drift), (LOG_WEEK, o.week)):
        theta[:, column] = rng.uniform(np.log(low), np.log(high), o.members)
    return theta


def _drifted(theta: Floats, o: Options, z: Floats) -> Floats:
    """A week later."""
    out = theta.copy()
    out[:, TREND] = o.trend_keep * theta[:, TREND] + (o.trend_sd * z[:, TREND] if o.trend_keep else 0.0)
    out[:, PACE] += out[:, TREND] + np.exp(theta[:, LOG_DRIFT]) * z[:, PACE]
    out[:, NEW] += o.new_drift * z[:, NEW]
    out[:, VALUE] += o.value_drift * z[:, VALUE]
    for column, (low, high) in ((LOG_DRIFT, o.drift), (LOG_WEEK, o.week)):  # a little, so that copies part
        out[:, column] = np.clip(theta[:, column] + 0.1 * z[:, column], np.log(low), np.log(high))
    return out


def _ahead(theta: Floats, shape: Floats, days: int, o: Options, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """(N, days) log pace, new customers and order value: members drift on inside the forecast."""
    n = theta.shape[0]
    pace, new, value = np.empty((n, days)), np.empty((n, days)), np.empty((n, days))
    now = theta
    for w in range(-(-days // _WEEK)):
        if w:
            now = _drifted(now, o, rng.standard_normal((n, len(NAMES) - 1)))
        span = slice(w * _WEEK, min(days, (w + 1) * _WEEK))
        pace[:, span] = (now[:, PACE] + shape[w] * now[:, SEASON] + np.exp(now[:, LOG_WEEK]) * rng.standard_normal(n))[:, None]
        new[:, span] = now[:, [NEW]]
        value[:, span] = now[:, [VALUE]]
    return pace, new, value


def _paths(laws: Fitted, known: lawmembers.Known, theta: Floats, trading: Floats, shape: Floats, o: Options,
           rng: np.random.Generator) -> tuple[dict[str, Floats], dict[str, Floats]]:  # fmt: skip
    """Paths (N, D) of all series, and the first week's means (N,) of each member given its parameters."""
    n, days = theta.shape[0], trading.size
    pace, new, value = _ahead(theta, shape, days, o, rng)
    s = np.sqrt(np.log1p(laws.day_cv**2))
    single = s * rng.standard_normal((n, days)) - 0.5 * s * s
    clock = trading * np.exp(pace + single)
    bought = lawmembers.draw_purchases(known, laws.repeat, laws.params, laws.new_per_week * np.exp(new) * clock, clock, laws.between, rng)
    cell = bought.member * days + bought.day
    more = rng.poisson(max(laws.orders_per_day - 1, 0.0), cell.size)
    orders = np.bincount(cell, 1 + more, minlength=n * days).reshape(n, days).astype(float)
    firsts = np.bincount(cell[bought.first], minlength=n * days).reshape(n, days).astype(float)
    every = np.repeat(np.arange(cell.size), 1 + more)
    log_value = bought.log_value[every] + laws.within * rng.standard_normal(every.size)
    worth = np.exp(laws.log_value + log_value + value.ravel()[cell[every]])
    revenue = np.bincount(cell[every], worth, minlength=n * days).reshape(n, days)
    first = slice(0, _WEEK)
    level = pace[:, 0] + np.log(np.maximum((trading[first] * np.exp(single[:, first])).sum(1) / max(trading[first].sum(), 1e-9), 1e-9))

    def mean(total: Floats, moved: Floats, by: Floats) -> Floats:
        """Each member's own mean: what all members drew, freed of their levels, at this member's level."""
        return np.asarray(np.log(max(float((total * np.exp(-moved)).mean()), 0.5)) + by)

    own = theta[:, PACE] + shape[0] * theta[:, SEASON]
    return {"orders": orders, "revenue": revenue, "new_customers": firsts}, {
        "orders": mean(orders[:, first].sum(1), level, own),
        "new_customers": mean(firsts[:, first].sum(1), level + new[:, 0], own + theta[:, NEW]),
        "value": mean(revenue[:, first].sum(1) / np.maximum(orders[:, first].sum(1), 1.0), value[:, 0], theta[:, VALUE]),
    }


#: which parameter an observed week may move: rows NAMES, columns log orders, log new customers, log mean order value
LOCAL = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0], [1, 0, 0]], float)


def _update(theta: Floats, means: dict[str, Floats], week: dict[str, float], laws: Fitted, short: float, single: float,
            u: float) -> tuple[Step, NDArray[np.int64]]:  # fmt: skip
    """The week's orders, new customers and mean order value, in logs, move the members; and (N,) members that were copied.

    short: log, further chance of a week with closed days; single: variance of a week's log by its days' own chance, which
    forecasts have besides that of the week.
    """
    predicted = np.stack([means["orders"], means["new_customers"], means["value"]], axis=1)
    n_orders, n_new = max(week["orders"], 1.0), week["new_customers"]
    observed = np.log([max(week["orders"], 0.5), max(n_new, 0.5), max(week["revenue"], 1.0) / n_orders])
    if week["orders"] == 0:
        observed[2] = np.nan
    counts = np.exp(predicted[:, :2].mean(axis=0))
    own = np.hypot(np.exp(theta[:, LOG_WEEK]), short)
    chance = laws.orders_per_day / counts[0] + single
    total = laws.between**2 + laws.within**2
    worth = np.expm1(total) / n_orders  # of a mean of lognormal values, relative
    sd = np.array([np.sqrt(np.mean(own**2) + chance), np.sqrt(np.mean(own**2) + single + 1 / max(counts[1], 1.0)), np.sqrt(worth)])
    # a member's two chances are told by how far the week lies from all, not from its own pace: that moves by the gain,
    # and what the gain has used must not weigh the member a second time
    drifts = np.exp(2 * theta[:, LOG_DRIFT])
    var = np.maximum(predicted[:, 0].var(ddof=1) - drifts.mean(), 0.0) + drifts + own**2 + chance
    like = -0.5 * (observed[0] - predicted[:, 0].mean()) ** 2 / var - 0.5 * np.log(var)
    done = step(theta, predicted, observed, sd, local=LOCAL, names=NAMES)
    weights, power = weigh(np.full(len(theta), 1.0 / len(theta)), like)
    index = resample(weights, u) if effective(weights) < len(theta) else np.arange(len(theta))
    replaced = len(theta) - np.unique(index).size
    said = [done.words, *([f"{replaced} of {len(theta)} members replaced by nearer ones"] if replaced else []),
            *([f"few members were near the data: their fit was counted at {power:.2f}"] if power < 1 else [])]  # fmt: skip
    return replace(done, theta=done.theta[index], words="; ".join(said)), index


def realised(history: History, day: int, days: int) -> dict[str, NDArray[np.float64]]:
    """What came in the days after an origin, by series."""
    return {k: v[day : day + days] for k, v in day_counts(history.part(0, day + days), day + days).items()}
