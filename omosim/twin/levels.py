"""How fast sales drift and what belongs to single weeks, told from the weeks that were seen.

Tests: tests/twin/test_levels.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from omosim.ingest import OrderLog
from omosim.twin.forecast import usual_days
from omosim.twin.history import DAY_S, Floats

#: log; ranges of the pace's drift a week and of what belongs to one week only: log-uniform priors
DRIFT, WEEK = (0.01, 0.10), (0.02, 0.15)
#: log; sd of a steady growth of sales a week before any week is seen; assumed
GROWTH = 0.02
#: part of a usual week that was seen, at least: a week with holidays is unlike others for more than the days they close
WHOLE = 0.85
_GRID = 16


def weekly_logs(seen: Floats, weeks: int = 104) -> tuple[Floats, Floats]:
    """(W,) log pace of weeks that end with the last day, and its variance by what its days differ; NaN where a week lacks too much.

    A week's days that were not seen are left out by what their weekdays usually have. Days differ by counting and by a chance of
    their own, which forecasts add to days: it is no part of what belongs to whole weeks.
    """
    every = seen[len(seen) % 7 :].reshape(-1, 7)
    usual, whole = usual_days(every), every[-weeks:]
    there = np.isfinite(whole)
    counts, due = np.where(there, whole, 0.0).sum(axis=1), (there * usual).sum(axis=1)
    good = (due > WHOLE * usual.sum()) & (counts > 0)
    logs, var = np.full(len(whole), np.nan), np.full(len(whole), np.nan)
    logs[good] = np.log(counts[good] / due[good])
    each = usual * np.exp(logs)[:, None]  # a day's due at its week's level
    known = there & (each > 0) & good[:, None]
    free = max(int((usual > 0).sum()), 2)
    own = (whole[known] / each[known] - 1.0) ** 2 * free / (free - 1) - 1.0 / each[known] if known.any() else np.zeros(1)  # the week's level is of its own days
    var[good] = 1.0 / counts[good] + max(0.0, float(own.mean())) * ((there * usual) ** 2).sum(axis=1)[good] / due[good] ** 2
    return logs, var


def chances(logs: Floats, var: Floats, u: Floats) -> Floats:
    """(N, 2) draws of the pace's drift a week and of what belongs to single weeks, in logs, given the weeks seen so far.

    A local level that grows steadily: what people who come and leave make of sales week by week is foretold by members, and no
    drift. Likelihood by the Kalman filter on a grid, log-uniform priors of both sds (Harvey 1989, 2.3). logs, var : `weekly_logs`;
    u : (N,) uniforms. Nothing seen leaves the prior. Oracle: simulated walks, tests/twin/test_levels.py.
    """
    grid = [np.exp(np.linspace(np.log(low), np.log(high), _GRID)) for low, high in (DRIFT, WEEK)]
    q, r = (a.ravel() for a in np.meshgrid(*grid, indexing="ij"))
    like, mean, growth = np.zeros((3, q.size))
    p, both, steady = np.full(q.size, 4.0), np.zeros(q.size), np.full(q.size, GROWTH**2)  # variances of level and growth, and what they share
    for y, v in zip(logs, var, strict=True):
        mean, p, both = mean + growth, p + 2 * both + steady + q**2, both + steady
        if np.isfinite(y):
            total = p + r**2 + v
            like += -0.5 * ((y - mean) ** 2 / total + np.log(total))
            off, gain, trend = y - mean, p / total, both / total
            mean, growth = mean + gain * off, growth + trend * off
            p, both, steady = (1 - gain) * p, (1 - gain) * both, steady - trend * both
    weight = np.exp(like - like.max())
    edges = np.cumsum(weight) / weight.sum()
    at = np.minimum(np.searchsorted(edges, np.asarray(u), side="right"), q.size - 1)
    return np.stack([q[at], r[at]], axis=1)


def of_single_orders(log: OrderLog, first: int, days: int) -> dict[str, float]:
    """Series of money and units -> sd in logs of its sum over some days (since 1970) by what their single orders differ by.

    A sum of so many by chance, each of its own size, has the variance of the sum of their squares (compound Poisson). `revenue` is held against
    the number of orders, whose chance is no part of it. One order that is most of a week's money tells next to nothing of what orders
    are worth. Oracle: simulated sums, tests/twin/test_levels.py.
    """
    orders, lines = ((rows[(rows["placed_local"] >= first * DAY_S) & (rows["placed_local"] < (first + days) * DAY_S)]) for rows in (log.orders(), log.lines))
    sizes = {"revenue": orders["value"]}
    sizes |= {f"revenue.{name}": own for name, own in orders["value"].groupby(orders["channel"].fillna("web"))}
    sizes |= {f"units.{name}": own for name, own in lines["units"].groupby(lines["category"])}
    out = {}
    for name, own in sizes.items():
        x = own.to_numpy(np.float64)
        if x.sum() > 0:
            out[name] = float(np.sqrt(max((x**2).sum() / x.sum() ** 2 - (1.0 / x.size if name == "revenue" else 0.0), 0.0)))
    return out


def scatter(seen: Mapping[str, Floats], weeks: int = 26) -> dict[str, float]:
    """Series -> sd of what belongs to one of its weeks, in logs: what consecutive weeks differ by, over the root of 2; few weeks: not in it."""
    out = {}
    for name, days in seen.items():
        logs, _ = weekly_logs(days, weeks)
        steps = np.diff(logs)
        steps = steps[np.isfinite(steps)]
        if steps.size >= 4:
            out[name] = float(min(np.sqrt((steps**2).mean() / 2), 2.0))
    return out
