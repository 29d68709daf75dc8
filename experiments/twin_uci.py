"""UCI Online Retail: nine months fitted, the last three foretold week by week, scored against naive and smoothed forecasts.

    python experiments/twin_uci.py FILE [--out DIR] [--check] [--earlier WEEKS] [--no-season | --retail-only]

`--check` stays inside the nine months (fit on 26 weeks, 14 origins; `--earlier` moves both back): settings were chosen there.
`pool` is the twin's members with two statistical sources, weights by the scores of earlier origins. docs/twin_forecast.md has
the figures.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import twin_rolling as rolling
from twin_pool import pool, pool_weights

from omosim.ingest import ReadOptions, read_log
from omosim.schema.days import date_of
from omosim.twin import baselines, scores, season
from omosim.twin.calibrate import last_months
from omosim.twin.forecast import weekly
from omosim.twin.history import history_of, split

SERIES = ("orders", "revenue", "new_customers")
DRAWS = 1000
#: what the pool is made of; weights and how fast they move: `twin_pool.pool_weights`
SOURCES = ("twin", "naive_days", "ets_open")


def weeks_before(series: np.ndarray, day: int) -> np.ndarray:
    """Sums of the whole weeks that end at a day."""
    n = day // 7
    return np.asarray(series[day - 7 * n : day].reshape(n, 7).sum(axis=1))


def rivals(series: np.ndarray, trading: np.ndarray, day: int, horizon: int, seed: int, every: bool = True) -> tuple[dict[str, np.ndarray], str]:
    """Weekly paths (DRAWS, horizon) of each baseline from what was seen before `day`.

    ets: weekly sums; ets_days: daily with a season of seven; ets_open: weekly sums by trading week, told the closed days. every: all of them, or those
    that a pool is made of.
    """
    rng = np.random.Generator(np.random.Philox(key=[seed, day]))
    past = weeks_before(series[:day], day)
    open_weeks = weeks_before(trading[:day], day)
    later = trading[day : day + 7 * horizon].reshape(horizon, 7).sum(axis=1)
    z = rng.standard_normal((DRAWS, horizon))
    by_day = rng.standard_normal((DRAWS, 7 * horizon))
    scale = max(1.0, float(past.mean()))
    usable = open_weeks > 0.3
    told = baselines.ets((past[usable] / open_weeks[usable]) / scale, horizon, 1, z)
    two = {"naive_days": weekly(baselines.seasonal_naive(series[:day], 7 * horizon, 7, by_day)), "ets_open": told.paths * scale * later}
    if not every:
        return two, told.form
    smooth = baselines.ets(past, horizon, 1, z)
    return {
        "naive": baselines.seasonal_naive(past, horizon, 1, z),
        **two,
        "ets": smooth.paths,
        "ets_days": weekly(baselines.ets(series[:day], 7 * horizon, 7, by_day).paths),
    }, f"{smooth.form} {told.form}"


def pooled(made: dict[str, np.ndarray], past: list[tuple[int, dict[str, float]]], day: int, seed: int) -> tuple[np.ndarray, dict[str, float]]:
    """Paths of the pool and its weights; past: the day after each week that was foretold, and each source's CRPS."""
    seen = [(after, row) for after, row in past if after <= day]
    weights = pool_weights({k: np.array([row[k] for _, row in seen]) for k in SOURCES}, weeks_ago=np.array([(day - after) / 7 for after, _ in seen]))
    rng = np.random.Generator(np.random.Philox(key=[seed, 2 * 10**6 + day]))
    return pool({k: made[k] for k in SOURCES}, weights, rng, DRAWS), weights


def run(file: Path, check: bool, options: rolling.Options, baselines_too: bool = True, earlier: int = 0) -> tuple[pd.DataFrame, dict[str, object]]:
    """One row per origin, series, horizon and method: crps, mean, q05, q95, actual, pit."""
    log = read_log(file, "uci_online_retail", ReadOptions())
    windows = split(log, last_months(log))
    history = history_of(log, windows)
    first = date_of(windows.first_day)
    cut, end = (windows.cut - 14 * 7, windows.cut) if check else (windows.cut, windows.end)
    cut, end = cut - 7 * earlier, end - 7 * earlier
    history = history.part(0, end)
    fitted = rolling.fit(history, first.weekday(), cut, options)
    actual = rolling.day_counts(history, end)
    rows: list[dict[str, object]] = []
    journal: list[dict[str, object]] = []
    past: dict[str, list[tuple[int, dict[str, float]]]] = {name: [] for name in SERIES}
    known = rolling.season_of(history, first, cut - 7 * max(0, (cut - 7 * options.warm_weeks) // 7), options, fitted)
    print(f"year's end before the first update: height {known.mean:.2f}, sd {known.sd:.2f}")
    for origin in rolling.follow(history, first, cut, end, options, fitted=fitted):
        if journal and origin.day > cut - 7:
            t = origin.theta
            print(f"{first + dt.timedelta(days=origin.day)}  pace {t[:, 0].mean():+.2f} (sd {t[:, 0].std():.2f})  trend {t[:, 1].mean():+.3f}"
                  f"  drift {np.exp(t[:, 4]).mean():.3f}  week {np.exp(t[:, 5]).mean():.3f}  year's end {t[:, 6].mean():.2f} (sd {t[:, 6].std():.2f})", flush=True)  # fmt: skip
        journal.append({"day": origin.day})
        horizon = min(4, (end - origin.day) // 7)
        trading = rolling.trading_weeks(actual["orders"][: origin.day], first.weekday(), fitted.weight, 28)
        made = {name: {"twin": paths} for name, paths in origin.forecast.weekly().items()}
        forms = ""
        if baselines_too:
            for name in SERIES:
                more, forms = rivals(actual[name], trading, origin.day, 4, options.seed, origin.day >= cut)
                made[name] |= more
                made[name]["pool"], weights = pooled(made[name], past[name], origin.day, options.seed)
                came = actual[name][origin.day : origin.day + 7 * horizon].reshape(horizon, 7).sum(axis=1)
                for h in range(horizon):
                    past[name].append((origin.day + 7 * h + 7, {k: float(scores.crps(made[name][k][:, h], came[h])) for k in SOURCES}))
                if name == "orders" and origin.day >= cut:
                    print("    weights " + ", ".join(f"{k} {v:.2f}" for k, v in weights.items()), flush=True)
        if origin.day < cut:
            continue
        for name, methods in made.items():
            came = actual[name][origin.day : origin.day + 7 * horizon].reshape(horizon, 7).sum(axis=1)
            for method, paths in methods.items():
                for h in range(horizon):
                    x = paths[:, h]
                    rows.append({
                        "origin": str(first + dt.timedelta(days=origin.day)), "series": name, "horizon": h + 1, "method": method,
                        "crps": float(scores.crps(x, came[h])), "mean": float(x.mean()), "q05": float(np.quantile(x, 0.05)),
                        "q95": float(np.quantile(x, 0.95)), "actual": float(came[h]), "pit": float(scores.pit(x, came[h])), "form": forms,
                    })  # fmt: skip
    laws = {"k": fitted.repeat.k, "r": fitted.repeat.r, "alpha": fitted.repeat.alpha, "a": fitted.repeat.a, "b": fitted.repeat.b,
            "day_cv": fitted.day_cv, "orders_per_day": fitted.orders_per_day, "new_per_week": fitted.new_per_week}  # fmt: skip
    return pd.DataFrame(rows), laws


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Per series and method: CRPS, its ratio to the twin's, coverage of the 90 % band with its interval, bias, width."""
    out = []
    for (name, method), g in rows.groupby(["series", "method"], sort=False):
        hit = ((g["actual"] >= g["q05"]) & (g["actual"] <= g["q95"])).to_numpy()
        low, high = scores.wilson(int(hit.sum()), hit.size)
        out.append({
            "series": name, "method": method, "n": hit.size, "crps": g["crps"].mean(), "coverage": hit.mean(), "from": low, "to": high,
            "bias": scores.bias(g["mean"].to_numpy(), g["actual"].to_numpy()),
            "width": scores.sharpness(g["q05"].to_numpy(), g["q95"].to_numpy(), g["actual"].to_numpy()),
        })  # fmt: skip
    frame = pd.DataFrame(out)
    twin = frame[frame["method"] == "twin"].set_index("series")["crps"]
    frame["twin_to_it"] = frame["series"].map(twin) / frame["crps"]
    return frame


def main() -> None:
    """Run and print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("file", type=Path)
    ask.add_argument("--out", type=Path)
    ask.add_argument("--check", action="store_true")
    ask.add_argument("--members", type=int, default=400)
    ask.add_argument("--earlier", type=int, default=0, help="weeks by which everything lies earlier; with --check")
    ask.add_argument("--seed", type=int, default=7)
    ask.add_argument("--no-season", action="store_true", help="the twin does not know that a year has an end")
    ask.add_argument("--retail-only", action="store_true", help="the log's own first December is not read")
    ask.add_argument("--no-rivals", action="store_true")
    given = ask.parse_args()
    began = time.monotonic()
    options = rolling.Options(members=given.members, seed=given.seed, season=None if given.no_season else season.retail_prior(),
                              season_read=not given.retail_only)  # fmt: skip
    rows, laws = run(given.file, given.check, options, not given.no_rivals, given.earlier)
    table = summary(rows)
    print(json.dumps(laws))
    print(table.round(3).to_string(index=False))
    by = rows[rows["series"].isin(["orders", "revenue"])].groupby(["series", "horizon", "method"])["crps"].mean().unstack()
    print(by.round(1).to_string())
    print(f"{time.monotonic() - began:.0f} s")
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        name = "twin_uci" + ("_no_season" if given.no_season else "")
        rows.to_parquet(given.out / f"{name}.parquet", index=False)
        table.to_csv(given.out / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
