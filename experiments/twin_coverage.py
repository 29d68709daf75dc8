"""Do 90 % bands hold what they say? Fifty synthetic retailers that the twin's laws do not describe.

    python experiments/twin_coverage.py [--retailers 50] [--autumn] [--told] [--out DIR]
    python experiments/twin_coverage.py --commands --members 30 [--retailers 50] [--told]   (whole-model members, by omosim twin)

What the generator has and the laws lack: lognormal rates and lives that end by the clock (the laws: gamma rates, chance
after a purchase), a year's season, weeks that are alike their neighbours (autocorrelation .6), two promotions that
nobody tells, growing or shrinking acquisition, prices that rise, gaps of any regularity from 1 to 1.6. Rows are kept
after each retailer; the same command again goes on. docs/twin_forecast.md has the figures.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import twin_rolling as rolling
from twin_weeks import say

from omosim.results.tables import read_columns
from omosim.twin import baselines, record, scores, season
from omosim.twin.history import History

FIRST = dt.date(2024, 1, 1)
WEEKS, CUT = 52, 39
#: heights of the year's end over trades, logs: all retail in the middle, jewellers two sds up; wider than the twin's prior
TRADES = (0.23, 0.43)


def year_end(number: int) -> np.ndarray:
    """(days,) log factors of a retailer's own autumn: height as trades differ in it, a bend whose middle lies between the
    middle of October and the end of November (the twin's is a straight line from September on), down again before or after
    Christmas."""
    rng = np.random.Generator(np.random.Philox(key=[98, number]))
    height = TRADES[0] + TRADES[1] * rng.standard_normal()
    day = np.arange(7 * WEEKS)
    rise = 1 / (1 + np.exp(-(day - rng.uniform(288, 332)) / rng.uniform(6, 16)))
    fall = 1 / (1 + np.exp((day - rng.uniform(352, 362)) / 1.5))
    return np.asarray(height * rise * fall)


def retailer(number: int, jump: float = 0.0, from_day: int = 0, autumn: bool = False, promoted: list[int] | None = None) -> History:
    """One year of orders; the same number gives the same retailer. jump: change of the pace from a day on; autumn: with
    `year_end`; promoted: filled with the first days of its two promotions, five days each."""
    rng = np.random.Generator(np.random.Philox(key=[99, number]))
    days = 7 * WEEKS
    # the pace of days
    weekday = rng.dirichlet(np.full(7, 20.0)) * 7
    if rng.random() < 0.4:
        weekday[6] = 0.0
    pace = weekday[np.arange(days) % 7] / 7
    pace = pace * np.exp(rng.uniform(0, 0.15) * np.sin(2 * np.pi * (np.arange(days) / 364 + rng.random())))
    sd, noise = rng.uniform(0.03, 0.10), np.zeros(WEEKS)
    for w in range(1, WEEKS):
        noise[w] = 0.6 * noise[w - 1] + sd * rng.standard_normal()
    pace = pace * np.exp(np.repeat(noise, 7)) * np.exp(rng.uniform(0.0, 0.15) * rng.standard_normal(days))
    for at in rng.integers(0, days - 5, 2):
        pace[at : at + 5] *= 1.3
        if promoted is not None:
            promoted.append(int(at))
    pace[from_day:] *= 1.0 + jump
    if autumn:
        pace = pace * np.exp(year_end(number))
    clock = np.r_[0.0, np.cumsum(pace)]
    # people
    size = int(np.exp(rng.uniform(np.log(200), np.log(800))))
    per_week, growth = size * rng.uniform(0.005, 0.03), rng.uniform(-0.01, 0.01)
    expected = per_week * np.exp(growth * np.arange(WEEKS))
    born_week = np.repeat(np.arange(WEEKS), rng.poisson(expected))
    born = np.concatenate([rng.uniform(-60, 0, size), clock[7 * born_week] + rng.random(born_week.size) * (clock[7 * born_week + 7] - clock[7 * born_week])])
    rate = np.exp(np.log(0.12) + 0.9 * rng.standard_normal(born.size))
    death = born + rng.exponential(rng.uniform(20, 80), born.size)
    regular = rng.uniform(1.0, 1.6)
    person = rng.standard_normal(born.size) * rng.uniform(0.2, 0.6)
    who_all, when_all = [], []
    who, t = np.arange(born.size), born.copy()
    while who.size:
        alive = (t < clock[-1]) & (t < death[who])
        who, t = who[alive], t[alive]
        who_all.append(who[t >= 0])
        when_all.append(t[t >= 0])
        t = t + rng.gamma(regular, 1 / regular, who.size) / rate[who]
    who, when = np.concatenate(who_all), np.concatenate(when_all)
    day = np.interp(when, clock, np.arange(days + 1))
    order = np.argsort(day, kind="stable")
    who, day = who[order], day[order]
    rise, within = rng.uniform(-0.001, 0.003), rng.uniform(0.4, 0.9)
    value = np.exp(8 + person[who] + within * rng.standard_normal(who.size) + rise * day / 7)
    return History(who.astype(np.int64), day, np.rint(value).astype(np.int64), np.zeros(0), np.zeros(0, np.int64))


def score(number: int, members: int, ets: bool, autumn: bool = False, told: bool = False) -> pd.DataFrame:
    """Rows of one retailer: origin, series, horizon, whether the band held, CRPS beside the baselines'.

    autumn: the retailer has one; told: the twin begins with what all retail knows of it.
    """
    history = retailer(number, autumn=autumn)
    options = rolling.Options(members=members, warm_weeks=25, seed=number + 1, season=season.retail_prior() if told else None)
    actual = rolling.day_counts(history, 7 * WEEKS)
    rows = []
    for origin in rolling.follow(history, FIRST, 7 * CUT, 7 * WEEKS, options):
        if origin.day < 7 * CUT:
            continue
        horizon = min(4, WEEKS - origin.day // 7)
        for name, paths in origin.forecast.weekly().items():
            past = actual[name][: origin.day].reshape(-1, 7).sum(axis=1)
            came = actual[name][origin.day : origin.day + 7 * horizon].reshape(horizon, 7).sum(axis=1)
            z = np.random.Generator(np.random.Philox(key=[number, origin.day])).standard_normal((400, 4))
            naive = baselines.seasonal_naive(past, 4, 1, z)
            smooth = baselines.ets(past, 4, 1, z).paths if ets and name != "new_customers" else None
            for h in range(horizon):
                low, high = np.quantile(paths[:, h], [0.05, 0.95], method="hazen")
                rows.append(
                    {
                        "retailer": number, "day": origin.day, "series": name, "horizon": h + 1, "covered": bool(low <= came[h] <= high),
                        "crps": float(scores.crps(paths[:, h], came[h])), "crps_naive": float(scores.crps(naive[:, h], came[h])),
                        "crps_ets": float(scores.crps(smooth[:, h], came[h])) if smooth is not None else np.nan,
                        "actual": float(came[h]), "mean": float(paths[:, h].mean()), "width": float(high - low),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def through_commands(number: int, members: int, autumn: bool = False, told: bool = False, every: int = 1) -> pd.DataFrame:
    """The same rows of a twin that is made and updated week by week by its commands, whose members are whole models, and foretells every so many weeks."""
    promoted: list[int] = []
    history = retailer(number, autumn=autumn, promoted=promoted)
    with tempfile.TemporaryDirectory() as place:
        file, here = Path(place) / "orders.csv", f"dir={Path(place) / 'twin'}"
        at = pd.Timestamp(FIRST) + pd.to_timedelta(np.floor(history.t * 86_400), unit="s")
        pd.DataFrame({
            "order_id": np.arange(history.t.size), "placed_at": at.strftime("%Y-%m-%dT%H:%M:%S+09:00"), "shopper_id": history.shopper, "channel": "web", "units": 1, "unit_price": np.maximum(history.value, 1),
        }).to_csv(file, index=False)  # fmt: skip
        until = lambda week: f"as_of={FIRST + dt.timedelta(days=7 * (CUT + week) - 1)}"
        say("new", here, f"orders={file}", until(0), "timezone=Asia/Seoul")
        for week in range(WEEKS - CUT):
            if week % every == 0:
                say("forecast", here, f"members={members}", "horizon=28", "jobs=1", f"season={'retail' if told else 'none'}")
            say("update", here, f"orders={file}", until(week + 1), "jobs=1")
        say("score", here)
        found = pd.DataFrame(read_columns(Path(place) / "twin" / "scores.parquet"))
        alarm = record.watch(pd.DataFrame(read_columns(Path(place) / "twin" / "forecasts.parquet")), ["orders", "revenue"])
    found = found[found["series"].isin(("orders", "revenue", "new_customers"))]
    raised = [(dt.date.fromisoformat(day) - FIRST).days for day, _ in alarm.raised]
    right = sum(any(at <= day < at + 7 for at in promoted) for day in raised)  # it was no level week: nobody had told the twin
    found = found.assign(retailer=number, width=found["q95"] - found["q05"], alarms=len(raised), promoted=right, watched=alarm.days)
    return found[["retailer", "origin", "series", "horizon", "covered", "crps", "crps_naive", "crps_ets", "actual", "mean", "width", "alarms", "promoted", "watched"]]


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Coverage with the interval of its mean over retailers (weeks of one retailer are not independent)."""
    out = []
    for (name, h), g in [*rows.groupby(["series", "horizon"]), *(((n, 0), g) for n, g in rows.groupby("series"))]:
        each = g.groupby("retailer")["covered"].mean()
        half = 1.96 * each.std(ddof=1) / np.sqrt(len(each)) if len(each) > 1 else np.nan
        scale = g.groupby("retailer")["actual"].transform("mean")
        part = {c: float((g[c] / scale).mean()) for c in ("crps", "crps_naive", "crps_ets", "width")}
        out.append({"series": name, "horizon": h or "all", "weeks": len(g), "retailers": len(each), "coverage": each.mean(), "half": half, **part})
    return pd.DataFrame(out)


def main() -> None:
    """Run what is missing and print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--retailers", type=int, default=50)
    ask.add_argument("--members", type=int, default=150)
    ask.add_argument("--no-ets", action="store_true")
    ask.add_argument("--autumn", action="store_true", help="retailers with an end of the year, each its own")
    ask.add_argument("--told", action="store_true", help="the twin begins with what all retail knows of the year's end")
    ask.add_argument("--commands", action="store_true", help="whole-model members, through omosim twin new, forecast, update, score")
    ask.add_argument("--every", type=int, default=1, help="weeks from one forecast of the commands to the next")
    ask.add_argument("--first", type=int, default=0)
    ask.add_argument("--out", type=Path, default=Path("outputs/twin_coverage"))
    given = ask.parse_args()
    given.out = given.out / f"{'autumn' if given.autumn else 'level'}-{'told' if given.told else 'untold'}{'-commands' if given.commands else ''}"
    given.out.mkdir(parents=True, exist_ok=True)
    began, done = time.monotonic(), 0
    for number in range(given.first, given.retailers):
        file = given.out / f"retailer-{number:03d}.parquet"
        if not file.exists():
            rows = through_commands(number, given.members, given.autumn, given.told, given.every) if given.commands else score(number, given.members, not given.no_ets, given.autumn, given.told)
            rows.to_parquet(file.with_suffix(".tmp"), index=False)
            file.with_suffix(".tmp").replace(file)
            done += 1
            each = (time.monotonic() - began) / done
            print(f"retailer {number + 1} of {given.retailers}: covered {rows['covered'].mean():.2f}, {each * (given.retailers - number - 1) / 60:.0f} min to go", flush=True)
    rows = pd.concat([pd.read_parquet(f) for f in sorted(given.out.glob("retailer-*.parquet"))])
    print(summary(rows).round(3).to_string(index=False))
    if "alarms" in rows:
        each = rows.groupby("retailer")[["alarms", "promoted", "watched"]].first().sum()
        print(f"drift alarm: raised {each['alarms']} times in {each['watched']} days without a jump: {180 * each['alarms'] / each['watched']:.2f} in 180 days; {each['promoted']} of them in promotions that nobody told")


if __name__ == "__main__":
    main()
