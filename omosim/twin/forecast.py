"""From members' paths to a forecast with bands: by day, hour and week, with what the calendar knows beforehand.

Everything comes from the same paths: a week's band is that of the members' weekly sums, never a sum of daily quantiles.
The table is `forecasts.parquet` (docs/twin_forecast.md). Tests: tests/twin/test_forecast.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omosim.twin.scores import LEVELS

Floats = NDArray[np.float64]
#: series that are shares or levels: a week has their mean, not their sum
MEANS = ("stockout_share", "stock", "queue")
#: days that members are run at least: what their days differ by is measured on them
LEAST_RUN = 14
#: standard errors by which the first day must be lower than its weekday a week later before it counts as lacking trips
SURE = 2.5
#: weeks before today from which the spread of days is read
SPREAD_WEEKS = 13
#: columns of `forecasts.parquet`: the contract's, then what scores need
CONTRACT = ("origin", "date", "series", "mean", "q05", "q50", "q95", "actual")
KEPT = tuple(f"k{round(1000 * v):03d}" for v in LEVELS)
COLUMNS = (*CONTRACT, "unit", "step", "hour", "horizon", *KEPT)


@dataclass(frozen=True)
class Forecast:
    """Paths from an origin on.

    origin: the first day foretold, nothing of it or later is known. paths: series -> (N, D); hourly: series -> (N, D,
    24); units: series -> unit.
    """

    origin: dt.date
    paths: dict[str, Floats]
    units: dict[str, str] = field(default_factory=dict)
    hourly: dict[str, Floats] = field(default_factory=dict)

    @property
    def days(self) -> int:
        """Days foretold."""
        return next(iter(self.paths.values())).shape[1] if self.paths else next(iter(self.hourly.values())).shape[1]

    def weekly(self) -> dict[str, Floats]:
        """(N, W) whole weeks from the origin: sums of each member's days; means of shares and levels."""
        return {name: weekly(p, name) for name, p in self.paths.items()}

    def table(self) -> pd.DataFrame:
        """Rows of COLUMNS: each day, each whole week (its first day as date) and each hour; `actual` is empty."""
        parts = [self._rows(name, p, "day", np.arange(p.shape[1]), np.full(p.shape[1], -1)) for name, p in self.paths.items()]
        for name, p in self.weekly().items():
            if p.shape[1]:
                parts.append(self._rows(name, p, "week", 7 * np.arange(p.shape[1]), np.full(p.shape[1], -1)))
        for name, p in self.hourly.items():
            n, days, hours = p.shape
            day, hour = np.divmod(np.arange(days * hours), hours)
            parts.append(self._rows(name, p.reshape(n, days * hours), "hour", day, hour))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))

    def _rows(self, name: str, paths: Floats, step: str, day: NDArray[np.int64], hour: NDArray[np.int64]) -> pd.DataFrame:
        marks = quantiles(paths, np.concatenate([[0.05, 0.5, 0.95], LEVELS]))
        frame: dict[str, Any] = {
            "origin": self.origin.isoformat(),
            "date": [(self.origin + dt.timedelta(days=int(d))).isoformat() for d in day],
            "series": name,
            "mean": paths.mean(axis=0),
            "q05": marks[0], "q50": marks[1], "q95": marks[2],
            "actual": np.nan, "unit": self.units.get(name, ""), "step": step, "hour": hour,
            "horizon": (day // 7 if step == "week" else day) + 1,
        }  # fmt: skip
        return pd.DataFrame(frame | dict(zip(KEPT, marks[3:], strict=True)))


def weekly(paths: Floats, name: str = "") -> Floats:
    """(N, W) of (N, D): whole weeks from the first day."""
    weeks = paths.shape[1] // 7
    blocks = paths[:, : 7 * weeks].reshape(paths.shape[0], weeks, 7)
    return np.asarray(blocks.mean(axis=2) if name.split(".")[0] in MEANS else blocks.sum(axis=2))


def quantiles(members: Floats, levels: Floats) -> Floats:
    """(L, ...) quantiles over the first axis, the i-th of N members at i / (N + 1) (Weibull).

    What comes falls as often below the i-th of N members as it is drawn like them, so that a band of nine in ten holds nine in
    ten with 30 members as with 200; members at the middles of equal parts hold .87 with 30. Oracle: that rate, tests/twin/test_forecast.py.
    """
    return np.asarray(np.quantile(members, levels, axis=0, method="weibull"))


# ---- what is known beforehand ------------------------------------------------------------------------------
@dataclass(frozen=True)
class Known:
    """What the calendar and the retailer's plans say of days to come.

    closed: days without trade. factors: day -> series (or "" for all) -> factor on what members foretell, as a promotion
    planned for that day had in the past.
    """

    closed: frozenset[dt.date] = frozenset()
    factors: Mapping[dt.date, Mapping[str, float]] = field(default_factory=dict)

    def apply(self, forecast: Forecast) -> Forecast:
        """The forecast with these days: counts and money times the factor, 0 when closed; shares and levels as they are."""
        days = [forecast.origin + dt.timedelta(days=i) for i in range(forecast.days)]
        paths = {n: p * self._factor(n, days) for n, p in forecast.paths.items()}
        hourly = {n: p * self._factor(n, days)[:, None] for n, p in forecast.hourly.items()}
        return Forecast(forecast.origin, paths, forecast.units, hourly)

    def _factor(self, name: str, days: list[dt.date]) -> Floats:
        if name.split(".")[0] in MEANS:
            return np.ones(len(days))
        out = np.empty(len(days))
        for i, day in enumerate(days):
            row = self.factors.get(day, {})
            out[i] = 0.0 if day in self.closed else row.get(name, row.get("", 1.0))
        return out


def missing_spread(seen: Floats, paths: Floats) -> float:
    """Coefficient of variation that days of the data have beyond what members' chance gives; 0 where they have none or too few are seen.

    Both are taken within weeks: neither the week's shape nor what whole weeks differ by counts, which has its own place in a forecast.

    Parameters
    ----------
    seen : (days,) of the data, NaN not seen; paths : (N, D) of members; they count from a week on, all members' weeks together
    """
    last = seen[-7 * SPREAD_WEEKS :]
    if np.isfinite(last).sum() < 28:
        return 0.0
    of_data = _spread(last[last.size % 7 :].reshape(-1, 7))
    whole = paths[:, : paths.shape[1] // 7 * 7]
    if whole.shape[1]:
        of_members = _spread(whole.reshape(-1, 7))
    else:  # a part of a week has days that differ by counting
        mean = float(np.nanmean(last))
        of_members = 1.0 / np.sqrt(mean) if mean > 0 else 0.0
    return float(np.sqrt(max(0.0, of_data**2 - of_members**2)))


def usual_days(weeks: Floats) -> Floats:
    """(7,) mean of each weekday of (W, 7) weeks, 0 where none was seen."""
    return np.array([np.nanmean(x) if np.isfinite(x).any() else 0.0 for x in weeks.T])


def week_of_days(seen: Floats, paths: Floats) -> float:
    """Coefficient of variation of a whole week by the chance of its days that members lack; parameters as `missing_spread`."""
    last = seen[-7 * SPREAD_WEEKS :]
    usual = usual_days(last[last.size % 7 :].reshape(-1, 7))
    return missing_spread(seen, paths) * float(np.sqrt((usual**2).sum()) / usual.sum()) if usual.sum() > 0 else 0.0


def _spread(weeks: Floats) -> float:
    """Standard deviation of (W, 7) days over what their weekday usually has at their week's level, weekdays that trade only.

    By moments, so that weeks of few count little: squares over what was due, added up. A day without any where seven are usual was
    closed and is left out.
    """
    usual = usual_days(weeks)
    there = np.isfinite(weeks) & (usual > 0) & ((weeks > 0) | (usual < 7.0))
    due = (there * usual).sum(axis=1)
    level = np.where(there, weeks, 0.0).sum(axis=1) / np.where(due > 0, due, 1.0)
    there &= (level > 0)[:, None]
    free = int(there.sum()) - int(there.any(axis=0).sum()) - int(there.any(axis=1).sum()) + 1
    if free < 1 or not there.any():
        return 0.0
    expected = usual * level[:, None]
    rest = (weeks - expected)[there]
    return float(np.sqrt((rest**2).sum() / (expected[there] ** 2).sum() * there.sum() / free))


def with_trips(paths: Mapping[str, Floats]) -> dict[str, Floats]:
    """Paths whose first day has as many sales in stores as its weekday a week later, where members have less then than chance explains.

    A run begins without trips under way: who needed something after closing time came the next morning, and of the first day those are missing.
    What a week changes is left out by the other six days. Totals grow by what stores do, units in proportion to orders.

    paths : series -> (N, D), D of LEAST_RUN days or more; a factor of at most 2. Test: tests/twin/test_forecast.py
    """
    out, visits = dict(paths), paths.get("orders.store")
    if visits is None or len(visits) < 2 or not visits[:, 0].any() or not visits[:, 1:7].any():
        return out
    first = visits[:, 0] * (visits[:, 8:14].sum() / visits[:, 1:7].sum())
    short = visits[:, 7] - first
    if short.mean() <= SURE * short.std(ddof=1) / np.sqrt(len(short)):
        return out
    factor = min(float(visits[:, 7].mean() / first.mean()), 2.0) if first.any() else 1.0
    for total in ("orders", "revenue"):
        if f"{total}.store" in paths:
            more = (factor - 1.0) * paths[f"{total}.store"][:, 0]
            for name in (total, f"{total}.store"):
                if name in paths:
                    out[name] = _first_day(paths[name], paths[name][:, 0] + more)
    orders = paths["orders"][:, 0].sum() if "orders" in paths else 0.0
    whole = float(out["orders"][:, 0].sum() / orders) if orders > 0 else 1.0
    of = {"traffic": factor, "units": whole}
    out |= {name: _first_day(path, path[:, 0] * of[kind]) for name, path in paths.items() if (kind := name.split(".")[0]) in of}
    return out


def _first_day(path: Floats, first: Floats) -> Floats:
    return np.concatenate([first[:, None], path[:, 1:]], axis=1)


def as_data(paths: Mapping[str, Floats], seen: Mapping[str, Floats], rng: np.random.Generator) -> dict[str, Floats]:
    """Members' paths with the day-to-day chance that the data have and members lack; channels add up to their total.

    Parameters
    ----------
    paths : series -> (N, D), D of LEAST_RUN days or more; seen : series -> days of the data

    Returns
    -------
    Series of both; what the data have not had for thirteen weeks, what members never do, and what some member lacks is left out
    """
    out: dict[str, Floats] = {}
    kept = {name: path for name, path in sorted(paths.items())
            if name in seen and np.isfinite(path).all() and path.any() and np.nansum(seen[name][-7 * SPREAD_WEEKS :]) > 0}  # fmt: skip
    for name, path in kept.items():
        total = name.split(".")[0]
        if "." in name and total in ("orders", "revenue") and total in kept:
            continue
        out[name] = with_chance(path, missing_spread(seen[name], path), rng.standard_normal(path.shape))
    for total in ("orders", "revenue"):
        parts = [name for name in kept if name.startswith(total + ".")]
        if total in kept and parts:
            whole = np.sum([kept[name] for name in parts], axis=0)
            with np.errstate(divide="ignore", invalid="ignore"):
                part = np.where(whole > 0, out[total] / whole, 0.0)
            out |= {name: kept[name] * part for name in parts}
    return out


def with_chance(paths: Floats, cv: float, normals: Floats) -> Floats:
    """Paths with lognormal day-to-day factors of mean 1 and that cv; normals: the paths' shape."""
    if cv <= 0:
        return paths
    s = np.sqrt(np.log1p(cv * cv))
    return np.asarray(paths * np.exp(s * normals - 0.5 * s * s))


def with_actuals(table: pd.DataFrame, first: dt.date, series: Mapping[str, Floats], hourly: Mapping[str, Floats] | None = None) -> pd.DataFrame:
    """The table with what came, where it has been seen; a week counts when all its days were.

    series: name -> (days,) from `first`; hourly: name -> (days, 24). A figure of an unseen day stays NaN.
    """
    out = table.copy()
    actual = out["actual"].to_numpy(float).copy()
    day = (pd.to_datetime(out["date"]) - pd.Timestamp(first)).dt.days.to_numpy()
    names = out["series"].to_numpy()
    kind = out["step"].to_numpy() if "step" in out else np.full(len(out), "day")  # the contract's columns alone are days
    hour = out["hour"].to_numpy(np.int64) if "hour" in out else np.full(len(out), -1)
    for name in np.unique(names.astype(str)):
        if name in series:
            y = np.asarray(series[name], float)
            mine = (names == name) & (kind == "day") & (day >= 0) & (day < y.size)
            actual[mine] = y[day[mine]]
            for i in np.flatnonzero((names == name) & (kind == "week") & (day >= 0) & (day + 7 <= y.size)):
                week = y[day[i] : day[i] + 7]
                actual[i] = week.mean() if name.split(".")[0] in MEANS else week.sum()
        if hourly is not None and name in hourly:
            table_h = np.asarray(hourly[name], float)
            mine = (names == name) & (kind == "hour") & (day >= 0) & (day < table_h.shape[0])
            actual[mine] = table_h[day[mine], hour[mine]]
    out["actual"] = actual
    return out
