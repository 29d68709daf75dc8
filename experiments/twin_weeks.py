"""A twin's weeks through its commands: made at a day, then foretold and updated week by week, and scored at the end.

    python experiments/twin_weeks.py FILE --from 2011-09-09 --weeks 13 [--out DIR] [--members 60] [key=value …]

Words key=value go to `omosim twin new`, like adapter=uci_online_retail; `--apart` tells members not to follow the data. Each week's
forecast is made before its week is taken in. Stopped, the same words go on. docs/twin_forecast.md has figures.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from omosim.cli.main import main as omosim
from omosim.results.tables import read_columns
from omosim.twin import folder, scores


def say(*words: object) -> None:
    """One command; ends the program where it fails."""
    code = omosim(["twin", *map(str, words)])
    if code:
        sys.exit(code)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """A row a series: CRPS of the twin and of both baselines, coverage with its interval, bias, width."""
    out = []
    for name, g in table.groupby("series", sort=False):
        hit = int(g["covered"].sum())
        low, high = scores.wilson(hit, len(g))
        out.append({
            "series": name, "weeks": len(g), "crps": g["crps"].mean(), "naive": g["crps_naive"].mean(), "ets": g["crps_ets"].mean(),
            "to_best": g["crps"].mean() / min(g["crps_naive"].mean(), g["crps_ets"].fillna(np.inf).mean()), "covered": hit / len(g), "from": low, "to": high,
            "bias": scores.bias(g["mean"].to_numpy(), g["actual"].to_numpy()), "width": float(((g["q95"] - g["q05"]) / g["actual"]).mean()),
        })  # fmt: skip
    return pd.DataFrame(out)


def main() -> None:
    """Run and print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("file", type=Path)
    ask.add_argument("--from", dest="first", type=dt.date.fromisoformat, required=True, help="last day of the fit part")
    ask.add_argument("--weeks", type=int, default=13)
    ask.add_argument("--members", type=int, default=60)
    ask.add_argument("--horizon", type=int, default=28)
    ask.add_argument("--apart", action="store_true")
    ask.add_argument("--out", type=Path, default=Path("outputs/twin_weeks"))
    ask.add_argument("words", nargs="*")
    given = ask.parse_intermixed_args()
    began, here = time.monotonic(), f"dir={given.out}"
    follow = ["assimilate=false"] if given.apart else []
    if not folder.exists(given.out):
        say("new", here, f"orders={given.file}", f"as_of={given.first}", *given.words)
    last = dt.date.fromisoformat(folder.read(given.out).head["as_of"])
    for week in range((last - given.first).days // 7, given.weeks):
        say("forecast", here, f"members={given.members}", f"horizon={given.horizon}", *follow)
        say("update", here, f"orders={given.file}", f"as_of={given.first + dt.timedelta(days=7 * (week + 1))}")
        print(f"week {week + 1} of {given.weeks}, {time.monotonic() - began:.0f} s", flush=True)
    say("score", here)
    print(summary(pd.DataFrame(read_columns(given.out / "scores.parquet"))).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
