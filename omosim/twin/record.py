"""The twin's record: its kept forecasts against what came, beside what simpler ones would have said, and the alarm.

Works on tables alone (`forecast.COLUMNS` with `actual` filled in), so that scores can be written anew from the folder at
any time. Tests: tests/twin/test_forecast.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from omosim.twin import baselines
from omosim.twin.drift import FALSE_ALARM_DAYS, Alarm, freed, raised_within, shifts_of
from omosim.twin.errors import CalibrationError
from omosim.twin.forecast import KEPT, MEANS, usual_days, with_actuals
from omosim.twin.scores import LEVELS, bias, crps, even, wilson

Floats = NDArray[np.float64]
#: columns of `scores.parquet`
SCORES = ("origin", "series", "horizon", "crps", "crps_naive", "crps_ets", "covered", "bias", "mean", "q05", "q95", "actual", "pit", "unit", "ets_form")
_DRAWS = 400
#: sd of one side of a forecast, at least, over the width of all its quantiles: where all of one side are equal
_LEAST_SD = 0.05


def normal_score(kept: Floats, observed: float) -> float:
    """The standard normal quantile at which an observation stands in a forecast kept as quantiles at LEVELS.

    Straight between the quantiles; in the middle of equal ones (counts). Beyond the outermost by the spread of all on that side: the
    outermost two of few members stand too near or too far by chance.
    """
    marks = ndtri(LEVELS)
    values = np.asarray(kept, float)
    if values[-1] <= values[0]:
        return float(np.sign(observed - values[0]) * 3.0)
    low, high = np.searchsorted(values, observed, side="left"), np.searchsorted(values, observed, side="right")
    if high - low > 1:
        return float(0.5 * (marks[low] + marks[high - 1]))
    xs, at = np.unique(values, return_index=True)
    last = np.r_[at[1:], values.size] - 1
    zs = 0.5 * (marks[at] + marks[last])
    half = marks.size // 2
    if observed < xs[0]:
        return float(zs[0] + (observed - xs[0]) / max(float(_sd(values, slice(0, half))), _LEAST_SD * (xs[-1] - xs[0])))
    if observed > xs[-1]:
        return float(zs[-1] + (observed - xs[-1]) / max(float(_sd(values, slice(half, None))), _LEAST_SD * (xs[-1] - xs[0])))
    return float(np.interp(observed, xs, zs))


def _sd(kept: Floats, side: slice = slice(None)) -> Floats:
    """(...,) standard deviation that (..., K) quantiles, or those of one side, show round the middle: least squares through it.

    Chance of few members moves it less than the width of a band.
    """
    marks, half = ndtri(LEVELS), kept.shape[-1] // 2
    off = kept - 0.5 * (kept[..., half - 1 : half] + kept[..., half : half + 1])
    return np.asarray((off[..., side] * marks[side]).sum(axis=-1) / (marks[side] ** 2).sum())


def fair(forecasts: pd.DataFrame, closed: Collection[str]) -> pd.DataFrame:
    """The table without what came of days that were told as closed after a forecast was made, and of weeks that hold one: not observed.

    forecasts : COLUMNS with `actual`; closed : ISO days told as closed, on which nothing was sold. A forecast knew a day where its
    own row has a mean of 0 there; it keeps its 0, for it can be held against it
    """
    days = forecasts[(forecasts["step"] == "day") & forecasts["date"].isin(list(closed)) & ~forecasts["series"].str.split(".").str[0].isin(MEANS)]
    late = {(str(o), str(d)) for o, d in days.loc[days["mean"] > 0, ["origin", "date"]].itertuples(index=False)}
    if not late:
        return forecasts
    weeks = {(o, str(dt.date.fromisoformat(d) - dt.timedelta(days=i))) for o, d in late for i in range(7)}
    keys = zip(forecasts["origin"], forecasts["date"], forecasts["step"], strict=True)
    out = forecasts.copy()
    out.loc[[(o, d) in (weeks if step == "week" else late) for o, d, step in keys], "actual"] = np.nan
    return out


def _open(past: Mapping[str, Floats], first: dt.date, closed: Collection[str]) -> dict[str, Floats]:
    """The series with days that were told as closed as not observed: a baseline that reads them as 0 foretells that they stay closed."""
    at = np.array([(dt.date.fromisoformat(d) - first).days for d in closed], np.int64)
    out = {}
    for name, series in past.items():
        out[name] = np.array(series, float)
        out[name][at[(at >= 0) & (at < out[name].size)]] = np.nan
    return out


def _told_before(forecasts: pd.DataFrame, closed: Collection[str]) -> dict[str, dict[int, list[int]]]:
    """Origin -> horizon in weeks -> days of the week (0 that of the origin) that its forecast knew to be closed: orders foretold as 0 there."""
    days = forecasts[(forecasts["step"] == "day") & (forecasts["series"] == "orders") & (forecasts["mean"] == 0) & forecasts["date"].isin(list(closed))]
    out: dict[str, dict[int, list[int]]] = {}
    for origin, horizon in zip(days["origin"].astype(str), days["horizon"].astype(int), strict=True):
        out.setdefault(origin, {}).setdefault(1 + (horizon - 1) // 7, []).append((horizon - 1) % 7)
    return out


def _open_part(past: Floats, shut: Collection[int]) -> float:
    """Part of a week's sum that is left when these of its days are closed, by what weekdays had of late; past ends with the day before the week's first."""
    usual = usual_days(past[-56:][past[-56:].size % 7 :].reshape(-1, 7))
    return float(1.0 - usual[list(shut)].sum() / usual.sum()) if shut and usual.sum() > 0 else 1.0


def score(forecasts: pd.DataFrame, first: dt.date, past: Mapping[str, Floats], *, smoothing: bool = True, seed: int = 7, closed: Collection[str] = ()) -> pd.DataFrame:
    """Rows of SCORES: each origin, series and whole week whose days have all been seen.

    forecasts: COLUMNS with `actual`; past: series -> (days,) from `first`, of which the baselines of an origin read the
    days before it only; closed: ISO days told as closed, which baselines are told as well where the forecast knew them.
    crps_ets is NaN without statsmodels or with `smoothing` off; baselines are NaN where the past is
    too short.
    """
    weeks = forecasts[(forecasts["step"] == "week") & np.isfinite(forecasts["actual"].to_numpy(float))]
    rows: list[dict[str, object]] = []
    known = _told_before(forecasts, closed)
    for (origin, name), mine in weeks.groupby(["origin", "series"], sort=True):
        day = (dt.date.fromisoformat(str(origin)) - first).days
        horizon = int(mine["horizon"].max())
        before = np.asarray(past.get(str(name), np.zeros(0)), float)[: max(0, day)]
        naive, ets, form = _baselines(before, horizon, seed, day, smoothing)
        shut = known.get(str(origin), {}) if str(name).split(".")[0] not in MEANS else {}
        part = np.array([_open_part(before, shut.get(h + 1, ())) for h in range(horizon)])
        naive, ets = (None if x is None else x * part for x in (naive, ets))
        kept, actual = mine[list(KEPT)].to_numpy(float).T, mine["actual"].to_numpy(float)
        own = crps(kept, actual)
        for i, h in enumerate(mine["horizon"].to_numpy(int)):
            y, mean = float(actual[i]), float(mine["mean"].iloc[i])
            rows.append(
                {
                    "origin": origin, "series": name, "horizon": int(h), "crps": float(own[i]),
                    "crps_naive": float(crps(naive[:, h - 1], y)) if naive is not None else np.nan,
                    "crps_ets": float(crps(ets[:, h - 1], y)) if ets is not None else np.nan,
                    "covered": bool(mine["q05"].iloc[i] <= y <= mine["q95"].iloc[i]), "bias": mean / y - 1 if y else np.nan,
                    "mean": mean, "q05": float(mine["q05"].iloc[i]), "q95": float(mine["q95"].iloc[i]), "actual": y,
                    "pit": float(ndtr(normal_score(kept[:, i], y))), "unit": mine["unit"].iloc[i], "ets_form": form,
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(SCORES))


def _baselines(past: Floats, horizon: int, seed: int, day: int, smoothing: bool) -> tuple[Floats | None, Floats | None, str]:
    """Weekly paths of both baselines from the days before an origin."""
    n = past.size // 7
    weeks = past[past.size - 7 * n :].reshape(n, 7).sum(axis=1)
    rng = np.random.Generator(np.random.Philox(key=[seed, max(0, day)]))
    z = rng.standard_normal((_DRAWS, horizon))
    try:
        naive = baselines.seasonal_naive(weeks, horizon, 1, z)
    except ValueError:
        return None, None, ""
    if not smoothing:
        return naive, None, ""
    try:
        found = baselines.ets(weeks, horizon, 1, z)
    except (CalibrationError, ValueError):
        return naive, None, ""
    return naive, found.paths, found.form


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Per series: CRPS beside both baselines', coverage of the 90 % band with its Wilson interval, bias, evenness of PIT."""
    rows = []
    for name, g in scores.groupby("series", sort=True):
        hits, n = int(g["covered"].sum()), len(g)
        low, high = wilson(hits, n)
        best = float(np.nanmin([g["crps_naive"].mean(), g["crps_ets"].mean(), np.inf]))
        rows.append(
            {
                "series": name, "weeks": n, "crps": g["crps"].mean(), "crps_naive": g["crps_naive"].mean(), "crps_ets": g["crps_ets"].mean(),
                "gain": 1 - g["crps"].mean() / best if np.isfinite(best) and best > 0 else np.nan,
                "coverage": hits / n, "coverage_low": low, "coverage_high": high,
                "bias": bias(g["mean"].to_numpy(), g["actual"].to_numpy()), "pit_distance": even(g["pit"].to_numpy()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


# ---- the alarm ----------------------------------------------------------------------------------------------
def day_residuals(forecasts: pd.DataFrame, series: str) -> pd.Series:
    """Standard normal residuals by date of a series' days, each day by the last forecast made before it.

    A level that is wrong for a whole block of days is counted on its first day: how much days share is read off the
    kept bands (a week's against its days'), and residuals are freed of that one correlation. Days without `actual` are
    NaN.
    """
    mine = forecasts[forecasts["series"] == series]
    days = mine[mine["step"] == "day"].sort_values(["date", "origin"]).drop_duplicates("date", keep="last")
    out: dict[str, float] = {}
    for origin, block in days.groupby("origin", sort=True):
        kept, actual = block[list(KEPT)].to_numpy(float), block["actual"].to_numpy(float)
        alive = kept[:, -1] > kept[:, 0]  # closed days say nothing
        z = np.array([normal_score(k, y) if ok and np.isfinite(y) else np.nan for k, y, ok in zip(kept, actual, alive, strict=True)])
        seen = np.flatnonzero(np.isfinite(z))
        rho = _shared(mine[mine["origin"] == origin])
        if seen.size:
            z[seen] = freed(z[seen], rho)
        out |= dict(zip(block["date"].astype(str), z.tolist(), strict=True))
    return pd.Series(out, dtype=float).sort_index()


def _shared(rows: pd.DataFrame) -> float:
    """Correlation of two days of a forecast's first week, from the spreads of the week and of its days."""
    days, weeks = rows[rows["step"] == "day"], rows[rows["step"] == "week"]
    week = weeks[weeks["horizon"] == 1]
    first = days[days["horizon"] <= 7]
    if len(week) != 1 or len(first) < 2:
        return 0.0
    sd = _sd(first[list(KEPT)].to_numpy(float))
    alone, all_of_it = float((sd**2).sum()), float(sd.sum() ** 2)
    whole = float(_sd(week[list(KEPT)].to_numpy(float))[0]) ** 2
    return float(np.clip((whole - alone) / max(all_of_it - alone, 1e-12), 0.0, 0.95))


@dataclass(frozen=True)
class Watch:
    """The alarm over some series: when it was raised, its stated rate, and how fast it finds the jump it is tuned to."""

    raised: tuple[tuple[str, str], ...]  # date, series
    days: int
    false_alarm_days: float
    within_week: float  # least over the series, chance that the jump is found in seven days
    words: str


def alarm_for(forecasts: pd.DataFrame, name: str, jump: float, false_alarm_days: float, series: int) -> tuple[pd.Series, Floats, Alarm] | None:
    """A series' residuals by day that was seen, their means in the first week of a jump (`drift.shifts_of`), and an alarm tuned to it.

    series : how many are watched together. None where no day was seen
    """
    z = day_residuals(forecasts, name).dropna()
    rows = forecasts[(forecasts["series"] == name) & (forecasts["step"] == "day") & (forecasts["mean"] > 0)]
    if z.empty or rows.empty:
        return None
    cv = max(float(np.median(_sd(rows[list(KEPT)].to_numpy(float)) / rows["mean"])), 0.02)
    mine = forecasts[forecasts["series"] == name]
    rho = float(np.median([_shared(rows) for _, rows in mine.groupby("origin")]))
    return z, shifts_of(jump, cv, rho), Alarm.for_jump(jump, cv, false_alarm_days, series, rho=rho)


def watch(forecasts: pd.DataFrame, series: list[str], jump: float = 0.4, false_alarm_days: float = FALSE_ALARM_DAYS) -> Watch:
    """Run the alarm over kept forecasts; all series together raise at most one false alarm in `false_alarm_days`.

    Each series' sums restart after an alarm. A series of no seen day is passed over.
    """
    raised: list[tuple[str, str]] = []
    seen_days: set[str] = set()
    slowest = 1.0
    named = [s for s in series if (forecasts["series"] == s).any()]
    for name in named:
        made = alarm_for(forecasts, name, jump, false_alarm_days, len(named))
        if made is None:
            continue
        z, shifts, alarm = made
        seen_days |= set(z.index)
        slowest = min(slowest, raised_within(alarm.k, alarm.h, shifts, alarm.cap))
        at = 0
        while at < len(z) and (found := alarm.watch(z.to_numpy()[at:])) >= 0:
            raised.append((str(z.index[at + found]), name))
            at += found + 1
    told = "; ".join(f"{d}: {s}" for d, s in sorted(raised)) or "none raised"
    words = (
        f"drift alarm over {len(seen_days)} days and {len(named)} series: {told} (at most one false alarm in {false_alarm_days:g} days; "
        f"a change of {jump:+.0%} is found within 7 days with chance {slowest:.0%})"
    )
    if not seen_days:
        words = "drift alarm: no day of a forecast has been seen yet"
    return Watch(tuple(sorted(raised)), len(seen_days), false_alarm_days, slowest, words)


@dataclass(frozen=True)
class Record:
    """Everything that a score step writes."""

    forecasts: pd.DataFrame  # COLUMNS, `actual` filled in
    scores: pd.DataFrame  # SCORES
    summary: pd.DataFrame
    alarm: Watch


def renew(forecasts: pd.DataFrame, first: dt.date, seen: Mapping[str, Floats], hourly: Mapping[str, Floats] | None = None, *,
          watched: tuple[str, ...] = ("orders", "revenue"), smoothing: bool = True, closed: Collection[str] = ()) -> Record:  # fmt: skip
    """The record anew from all kept forecasts and all that has been seen.

    first, seen, hourly: the panel's first day and series. watched: series of the alarm. closed: as `fair` has it.
    """
    filled = with_actuals(forecasts, first, seen, hourly)
    held = fair(filled, closed)
    scored = score(held, first, _open(seen, first, closed), smoothing=smoothing, closed=closed)
    return Record(filled, scored, summary(scored), watch(held, [s for s in watched if s in seen]))
