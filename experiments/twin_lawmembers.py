"""Members made of the fitted laws: known customers given their own past, new ones, and a pace that drifts.

The cheap ensemble: it runs where only an order log stands, and is what whole-model members are held against. Time of
needs runs by trading days: a day counts by its weekday and not at all where the shop is closed, so a holiday is no fall
of demand.

A customer of BG/CNBD-k with x repeats, the last at t, seen until T, is (Platzer & Reutterer 2016), given rate and
dropout of the cohort: alive with stage j of the open gap, weight Gamma(r + kx + j) (T - t)^j / j! / (alpha + T)^(r + kx + j)
times B(a, b + x), or gone; alive, the stage rate is Gamma(r + kx + j, alpha + T) and the next purchase needs k - j
stages. Oracle: tests/twin/test_forecast.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

from omosim.twin.bgcnbd import Cohort, RepeatFit, log_likelihood
from omosim.twin.history import Floats, History

Ints = NDArray[np.int64]
_MOST = 500  # purchases of one customer in one forecast


def trading_days(day_counts: Floats, first_weekday: int, closed: NDArray[np.bool_] | None = None) -> tuple[Floats, NDArray[np.bool_]]:
    """Weights of weekdays (7,) with mean 1 over a week, Monday first, and which days were closed (days,).

    day_counts: orders by day. closed: known closed days; without it a day without orders on a weekday whose usual day has
    some counts as closed. Weights are means over open days of that weekday.
    """
    days = day_counts.size
    weekday = (np.arange(days) + first_weekday) % 7
    if closed is None:
        usual = np.array([np.median(day_counts[weekday == d]) if (weekday == d).any() else 0.0 for d in range(7)])
        closed = (day_counts == 0) & (usual[weekday] >= 5)
    weight = np.zeros(7)
    for d in range(7):
        mine = (weekday == d) & ~closed
        weight[d] = day_counts[mine].mean() if mine.any() else 0.0
    total = weight.sum()
    return (weight * 7 / total if total > 0 else np.ones(7)), closed


@dataclass(frozen=True)
class Known:
    """Customers with a purchase before a date; arrays (n,), times in trading weeks."""

    x: Ints  # repeat purchase days
    t_x: Floats  # from the first purchase to the last
    t_end: Floats  # from the first purchase to the date
    value: Floats  # mean log order value less that of all orders, shrunk to 0 by the number of orders

    def __len__(self) -> int:
        return int(self.x.size)


def known_customers(history: History, passed: Floats, now: int, between: float, within: float) -> Known:
    """What the purchases before day `now` say of each customer; nothing later is looked at.

    passed: (days + 1,) trading weeks passed at each midnight. between, within: sds of log values between shoppers and
    within one.
    """
    past = history.part(0, now)
    who, day = past.purchase_days()
    if who.size == 0:
        empty = np.zeros(0)
        return Known(np.zeros(0, np.int64), empty, empty, empty)
    starts = np.flatnonzero(np.r_[True, who[1:] != who[:-1]])
    ends = np.r_[starts[1:], who.size] - 1
    first, last = passed[day[starts]], passed[day[ends]]
    good = past.value > 0
    level = float(np.log(past.value[good]).mean()) if good.any() else 0.0
    known = good & (past.shopper >= 0)
    place = np.searchsorted(who[starts], past.shopper[known])
    n = np.bincount(place, minlength=starts.size)
    total = np.bincount(place, np.log(past.value[known]) - level, minlength=starts.size)
    shrink = between**2 / (between**2 * n + within**2) if between > 0 else np.zeros(starts.size)
    return Known((ends - starts).astype(np.int64), last - first, passed[now] - first, shrink * total)


def alive_and_stage(known: Known, k: int, r: Floats, alpha: Floats, a: Floats, b: Floats) -> Floats:
    """(N, n, k) probability that a customer is alive with j stages of the open gap done; the rest is: gone.

    r, alpha, a, b: (N,) parameters of the members.
    """
    x, t_x, t_end = (v[None, :] for v in (known.x, known.t_x, known.t_end))
    r, alpha, a, b = (v[:, None] for v in (r, alpha, a, b))
    with np.errstate(divide="ignore"):
        log_wait = np.log(np.maximum(t_end - t_x, 0.0))
    parts = []
    for j in range(k):
        shape = r + k * x + j
        parts.append(
            betaln(a, b + x) + gammaln(shape) - shape * np.log(alpha + t_end) - gammaln(j + 1) + (j * log_wait if j else 0.0)
        )
    gone = betaln(a + 1.0, b + np.maximum(x, 1) - 1.0) + gammaln(r + k * x) - (r + k * x) * np.log(alpha + t_x)
    parts.append(np.where(x > 0, gone, -np.inf))
    logs = np.stack(parts, axis=2)
    logs -= logs.max(axis=2, keepdims=True)
    weights = np.exp(logs)
    return np.asarray(weights[:, :, :k] / weights.sum(axis=2, keepdims=True))


@dataclass(frozen=True)
class Purchases:
    """Purchases of all members: member (m,), day (m,) from the origin, mean log value (m,), first purchase or not (m,)."""

    member: Ints
    day: Ints
    log_value: Floats
    first: NDArray[np.bool_]


def draw_purchases(known: Known, repeat: RepeatFit, params: Floats, new_rate: Floats, pace: Floats, between: float,
                   rng: np.random.Generator) -> Purchases:  # fmt: skip
    """Purchases of known and new customers in the days after the origin.

    params: (N, 4) r, alpha, a, b. new_rate: (N, D) new customers by day. pace: (N, D) trading weeks of each day (level
    times weekday); a member's clock is their running sum. Members are independent draws: rates, lives and gaps are drawn
    given each customer's past.
    """
    members = pace.shape[0]
    k = repeat.k
    clock = np.concatenate([np.zeros((members, 1)), np.cumsum(pace, axis=1)], axis=1)
    end = clock[:, -1]
    r, alpha, a, b = params.T
    # known customers
    share = np.cumsum(alive_and_stage(known, k, r, alpha, a, b), axis=2)
    u = rng.random(share.shape[:2])
    member, who = np.nonzero(u < share[:, :, -1])
    stage = (u[member, who][:, None] >= share[member, who]).sum(axis=1)
    rate = rng.gamma(r[member] + k * known.x[who] + stage) / (alpha[member] + known.t_end[who])
    leave = rng.beta(a[member], b[member] + known.x[who])
    wait = rng.gamma(k - stage) / np.maximum(rate, 1e-12)
    value = known.value[who]
    some = wait < end[member]
    # new customers
    counts = rng.poisson(new_rate)
    mother, born = np.nonzero(counts)
    times = counts[mother, born]
    mother, born = np.repeat(mother, times), np.repeat(born, times)
    at = clock[mother, born] + rng.random(mother.size) * pace[mother, born]
    fresh = (
        mother, at, rng.gamma(r[mother]) / alpha[mother], rng.beta(a[mother], b[mother]), between * rng.standard_normal(mother.size)
    )
    out = [(mother, born, fresh[4], np.ones(mother.size, bool))]
    # both go on buying
    first_wait = fresh[1] + rng.gamma(k, size=mother.size) / np.maximum(fresh[2], 1e-12)
    m = np.concatenate([member[some], mother])
    t = np.concatenate([wait[some], first_wait])
    rate = np.concatenate([rate[some], fresh[2]])
    leave = np.concatenate([leave[some], fresh[3]])
    value = np.concatenate([value[some], fresh[4]])
    for _ in range(_MOST):
        inside = t < end[m]
        m, t, rate, leave, value = m[inside], t[inside], rate[inside], leave[inside], value[inside]
        if m.size == 0:
            break
        out.append((m, _day_of(clock, m, t), value, np.zeros(m.size, bool)))
        stays = rng.random(m.size) >= leave
        m, t, rate, leave, value = m[stays], t[stays], rate[stays], leave[stays], value[stays]
        t = t + rng.gamma(k, size=m.size) / np.maximum(rate, 1e-12)
    return Purchases(*(np.concatenate(v) for v in zip(*out, strict=True)))


def _day_of(clock: Floats, member: Ints, t: Floats) -> Ints:
    """Day in which a member's clock passes t."""
    return np.minimum((t[:, None] >= clock[member, 1:]).sum(axis=1), clock.shape[1] - 2).astype(np.int64)


def trading_cohort(history: History, passed: Floats, now: int) -> Cohort:
    """The cohort of all customers seen before day `now`, times and gaps in trading weeks."""
    who, day = history.part(0, now).purchase_days()
    starts = np.flatnonzero(np.r_[True, who[1:] != who[:-1]])
    ends = np.r_[starts[1:], who.size] - 1
    at = passed[day]
    gap = np.r_[1.0, np.maximum(np.diff(at), 1e-3)]
    gap[starts] = 1.0
    return Cohort((ends - starts).astype(np.int64), at[ends] - at[starts], passed[now] - at[starts], np.add.reduceat(np.log(gap), starts))


def parameter_draws(repeat: RepeatFit, cohort: Cohort, normals: Floats) -> Floats:
    """(N, 4) draws of r, alpha, a, b round the likeliest: normal in logs with the inverse information as covariance.

    normals: (N, 4). A direction along which the likelihood is flat is drawn with an sd of a half.
    """
    at = np.log([repeat.r, repeat.alpha, repeat.a, repeat.b])
    step = 0.02 * np.eye(4)

    def total(log_params: Floats) -> float:
        r, alpha, a, b = np.exp(log_params)
        return float(log_likelihood((r, alpha, a, b), repeat.k, cohort).sum())

    info = np.empty((4, 4))
    for i in range(4):
        for j in range(i, 4):
            value = total(at + step[i] + step[j]) - total(at + step[i] - step[j]) - total(at - step[i] + step[j]) + total(at - step[i] - step[j])
            info[i, j] = info[j, i] = -value / (4 * 0.02**2)
    sizes, axes = np.linalg.eigh(info)
    sds = 1 / np.sqrt(np.maximum(sizes, 4.0))
    return np.asarray(np.exp(at + (normals * sds) @ axes.T))
