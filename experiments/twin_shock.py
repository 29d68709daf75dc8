"""A jump of demand by 40 % and a new rival, in a world that the whole model makes: how long the twin is wrong, and the alarm.

    python experiments/twin_shock.py [--shoppers 6000] [--seeds 1] [--out DIR]
    python experiments/twin_shock.py --synthetic 20      (the jump only, at retailers of twin_coverage.py)
    python experiments/twin_shock.py --commands [--members 40] [--before 8]   (whole-model members, through omosim twin new, forecast, update)

The change comes after thirty weeks, ten weeks follow; a twin of the commands is made --before weeks earlier and in service since. Each is followed with and without
assimilation: customers' histories are renewed each week in both, the drifting parameters in one. Days until the band
contains the truth again: the first day from which at least 11 of 14 days lie in their 90 % bands (12.6 would), each day
foretold at the last weekly origin before it. docs/twin_forecast.md has the figures.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import twin_coverage
import twin_rolling as rolling
from twin_weeks import say

from omosim.api.commands import simulated_orders
from omosim.config.compose import compose
from omosim.results.tables import read_columns
from omosim.twin import record
from omosim.twin.forecast import with_actuals
from omosim.twin.history import History, history_of_run

FIRST = dt.date(2024, 1, 1)
CUT, END = 210, 280
WORLDS = {
    "quiet": [],
    "jump of 40 %": [f"{{what: need_rate, times: 1.4, from_day: {CUT}}}"],
    "fall of 40 %": [f"{{what: need_rate, times: 0.6, from_day: {CUT}}}"],
    "rival stores in all zones, a fifth cheaper": [
        f"{{what: rival_store, set: 1, zones: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], from_day: {CUT}}}",
        f"{{what: rival_price, times: 0.8, from_day: {CUT}}}",
    ],
}


def world(changes: list[str], shoppers: int, seed: int) -> pd.DataFrame:
    """The orders of one run of the model."""
    words = ["strategy=multichannel", f"shoppers={shoppers}", f"days={END}", "burn_in_days=0", f"seed={seed}"]
    with tempfile.TemporaryDirectory() as folder:
        if changes:
            file = Path(folder) / "change.yaml"
            file.write_text("name: change\ntitle: change\ninterventions:\n" + "".join(f"  - {c}\n" for c in changes), encoding="utf-8")
            words.append(f"scenario={file}")
        return simulated_orders(compose("run", words, Path.cwd()).settings)


def export(orders: pd.DataFrame, path: Path) -> Path:
    """The orders as the shop's own order file."""
    mine = orders[(orders["revenue"] > 0) & (orders["placed_at"] >= 0) & (orders["placed_at"] < END * 86_400)].sort_values("placed_at")
    at = lambda seconds: (pd.Timestamp(FIRST) + pd.to_timedelta(seconds, unit="s")).dt.strftime("%Y-%m-%dT%H:%M:%S+09:00")
    back = mine["returned_at"] >= 0
    frame = pd.DataFrame({
        "order_id": mine["order_id"], "placed_at": at(mine["placed_at"]), "shopper_id": mine["shopper_id"], "channel": mine["channel"], "store_id": mine["node"], "sku": mine["sku"],
        "category": mine["category"], "units": mine["units_out"], "unit_price": (mine["revenue"] / mine["units_out"]).round().astype(int), "fulfilment": mine["fulfilment"],
        "status": np.where(back, "returned", "completed"), "returned_at": at(mine["returned_at"]).where(back, ""),
    })  # fmt: skip
    frame.to_csv(path, index=False)
    return path


def through_commands(orders: pd.DataFrame, members: int, before: int, folder: Path) -> list[dict[str, object]]:
    """Rows with and without assimilation of a twin that is updated week by week by its commands, from `before` weeks before the change on; members are whole models."""
    file, rows = export(orders, folder / "orders.csv"), []
    for assimilate in (True, False):
        here = folder / f"twin_{assimilate}"
        until = lambda week: f"as_of={FIRST + dt.timedelta(days=CUT - 1 + 7 * week)}"
        say("new", f"dir={here}", f"orders={file}", until(-before), "timezone=Asia/Seoul", "strategy=multichannel")
        for week in range(-before, (END - CUT) // 7):
            say("forecast", f"dir={here}", f"members={members}", "horizon=7", f"assimilate={str(assimilate).lower()}")
            say("update", f"dir={here}", f"orders={file}", until(week + 1))
        say("score", f"dir={here}")
        table = pd.DataFrame(read_columns(here / "forecasts.parquet"))
        for name in table.columns.difference(["origin", "date", "series", "unit", "step"]):
            table[name] = table[name].astype(float)
        rows.append(judged(table, assimilate))
    return rows


def judged(table: pd.DataFrame, assimilate: bool) -> dict[str, object]:
    """When the newest bands of orders held again, when the alarm was raised, how far off the last week was."""
    days = table[(table["series"] == "orders") & (table["step"] == "day")].sort_values(["date", "origin"]).drop_duplicates("date", keep="last")
    days = days[(days["date"] >= str(FIRST + dt.timedelta(days=CUT))) & days["actual"].notna()]
    inside = ((days["actual"] >= days["q05"]) & (days["actual"] <= days["q95"])).to_numpy()
    alarm = record.watch(table, ["orders"])
    raised = [(dt.date.fromisoformat(d) - FIRST).days - CUT for d, _ in alarm.raised]
    return {
        "assimilated": assimilate, "inside": inside.mean(), "days_until_inside": days_until(inside), "first_alarm": next((d for d in raised if d >= 0), None),
        "alarms_before": sum(d < 0 for d in raised), "chance_in_a_week": alarm.within_week,
        "last_week_error": float(days["mean"].to_numpy()[-7:].sum() / days["actual"].to_numpy()[-7:].sum() - 1),
    }  # fmt: skip


def days_until(inside: np.ndarray) -> int | None:
    """First day from which 11 of 14 days are inside; None: never."""
    for i in range(len(inside) - 13):
        if inside[i : i + 14].sum() >= 11:
            return i
    return None


def follow(history: History, members: int, seed: int) -> list[dict[str, object]]:
    """Rows with and without assimilation."""
    rows = []
    fitted = rolling.fit(history, FIRST.weekday(), CUT, rolling.Options(members=members, seed=seed))
    actual = rolling.day_counts(history, END)
    for assimilate in (True, False):
        options = rolling.Options(members=members, assimilate=assimilate, seed=seed)
        parts = list(rolling.follow(history, FIRST, CUT, END, options, fitted=fitted))
        table = with_actuals(pd.concat([o.forecast.table() for o in parts]), FIRST, actual)
        rows.append({"orders_a_day": actual["orders"][:CUT].mean(), "after": actual["orders"][CUT:].mean(), "days_before": CUT - 7 * options.warm_weeks, **judged(table, assimilate)})
    return rows


def main() -> None:
    """Run all worlds and print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--shoppers", type=int, default=6000)
    ask.add_argument("--seeds", type=int, default=1)
    ask.add_argument("--members", type=int, default=150)
    ask.add_argument("--before", type=int, default=8)
    ask.add_argument("--synthetic", type=int, default=0)
    ask.add_argument("--commands", action="store_true")
    ask.add_argument("--worlds", nargs="*", default=list(WORLDS))
    ask.add_argument("--out", type=Path)
    given = ask.parse_args()
    rows: list[dict[str, object]] = []
    began = time.monotonic()
    for number in range(given.synthetic):
        for name, jump in (("quiet", 0.0), ("jump of 40 %", 0.4)):
            history = twin_coverage.retailer(number, jump, CUT).part(0, END)
            rows += [{"world": name, "seed": number, **r} for r in follow(history, given.members, number + 1)]
        print(f"retailer {number + 1} of {given.synthetic}: {time.monotonic() - began:.0f} s", flush=True)
    for seed in range(1, given.seeds + 1) if not given.synthetic else ():
        for name in given.worlds:
            orders = world(WORLDS[name], given.shoppers, seed)
            if given.commands:
                with tempfile.TemporaryDirectory() as folder:
                    found = through_commands(orders, given.members, given.before, Path(folder))
            else:
                found = follow(history_of_run(orders).part(0, END), given.members, seed)
            rows += [{"world": name, "seed": seed, **r} for r in found]
            print(f"{name}, seed {seed}: {time.monotonic() - began:.0f} s", flush=True)
    frame = pd.DataFrame(rows)
    print(frame.round(2).to_string(index=False))
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        frame.to_csv(given.out / "twin_shock.csv", index=False)


if __name__ == "__main__":
    main()
