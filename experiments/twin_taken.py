"""A retailer of the whole model that lowers its prices by a fifth: forecasts of a twin that was told so (`took`), and of one that was not.

    python experiments/twin_taken.py [--seed 3] [--shoppers 4000] [--members 20] [--weeks 5]

The twin weighs `price*0.8` on the last day before; both copies of it then follow the same weeks. docs/twin.md has the figures.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from twin_shock import CUT, FIRST, export, world
from twin_weeks import say

from omosim.results.tables import read_columns

WAY, CHANGE = "price*0.8", f"{{what: price, times: 0.8, from_day: {CUT}}}"


def followed(folder: Path, seed: int, shoppers: int, members: int, weeks: int) -> list[str]:
    """A line for each copy of the twin and series: what was foretold of each week over what came, and the weeks in their band."""
    file = export(world([CHANGE], shoppers, seed), folder / "orders.csv")
    until = lambda week: f"as_of={FIRST + dt.timedelta(days=CUT - 1 + 7 * week)}"
    plain, told = folder / "not told", folder / "told"
    say("new", f"dir={plain}", f"orders={file}", until(0), "timezone=Asia/Seoul", "strategy=multichannel")
    say("decide", f"dir={plain}", f"ways=[{WAY}]", f"members={members}", "horizon=7")
    shutil.copytree(plain, told)
    say("decide", f"dir={told}", f"took={WAY}")
    out = []
    for here in (plain, told):
        for week in range(weeks):
            say("forecast", f"dir={here}", f"members={members}", "horizon=7")
            say("update", f"dir={here}", f"orders={file}", until(week + 1))
        say("score", f"dir={here}")
        table = pd.DataFrame(read_columns(here / "forecasts.parquet"))
        for series in ("orders", "revenue"):
            mine = table[(table["step"] == "week") & (table["series"] == series)].sort_values("date")
            low, mid, high, came = (mine[name].to_numpy(float) for name in ("q05", "q50", "q95", "actual"))
            ratio = " ".join(f"{x:.2f}" for x in mid / came)
            out.append(f"{here.name}: {series} foretold over came {ratio}; {int(np.sum((low <= came) & (came <= high)))} of {len(mine)} weeks in their band")
    return out


if __name__ == "__main__":
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("seed", 3), ("shoppers", 4000), ("members", 20), ("weeks", 5)):
        ask.add_argument(f"--{name}", type=int, default=value)
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory() as place, redirect_stdout(StringIO()):
        lines = followed(Path(place), asked.seed, asked.shoppers, asked.members, asked.weeks)
    print("\n".join(lines))
