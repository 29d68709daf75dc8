"""Whether reorder levels keep their service on UCI Online Retail: twins of three days, levels for a week, and the four weeks that came.

    python experiments/reorder_levels.py FOLDER uci_online_retail.parquet [--members=20]

A level for 95 % is kept where what was sold of its item in a week is no more. Weeks of an item are no independent trials, so no
interval is given.
"""

from __future__ import annotations

import argparse
import csv
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np

from omosim.api.twin_state import day_number
from omosim.cli.main import main
from omosim.twin import folder
from omosim.twin.tables import DAY_S, tables_of

#: last days that a twin knows, then the whole
DAYS = ("2011-04-30", "2011-06-30", "2011-08-31")
LEAD, REVIEW, WEEKS = 6, 1, 4


def made(place: Path, source: str, *words: str) -> Path:
    if not folder.exists(place):
        assert main(["twin", "new", f"dir={place}", f"orders={source}", "adapter=uci_online_retail", "timezone=Europe/London", "currency=GBP", *words]) == 0
    return place


def kept(place: Path, everything: Path, members: int) -> str:
    """Levels of a twin's day against what its items sold in the weeks after."""
    assert main(["twin", "decide", f"dir={place}", f"members={members}", f"horizon={7 * WEEKS}", f"lead_days={LEAD}", f"review_days={REVIEW}"]) == 0
    with open(place / "reorder_levels.csv", encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["sku"]]
    level, mean = (np.array([float(row[name]) for row in rows]) for name in ("order_up_to", "daily_mean"))
    twin = folder.read(place)
    first = day_number(np.datetime64(twin.head["as_of"], "D").astype(object)) + 1
    lines = tables_of(folder.read(everything)).orders.lines
    weeks = []
    for week in range(WEEKS):
        start = first + (LEAD + REVIEW) * week
        inside = lines[(lines["placed_local"] >= start * DAY_S) & (lines["placed_local"] < (start + LEAD + REVIEW) * DAY_S)]
        sold = inside.groupby("sku")["units"].sum()
        weeks.append(np.array([sold.get(row["sku"], 0) for row in rows]) <= level)
    share, top = np.mean(weeks), np.mean([week[mean >= np.quantile(mean, 0.8)] for week in weeks])
    return f"{twin.head['as_of']}: {len(rows)} items, levels of 95 % kept in {100 * share:.1f} % of an item's weeks, {100 * top:.1f} % of those of the fifth that sells most"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("source")
    parser.add_argument("--members", type=int, default=20)
    asked = parser.parse_args()
    said = []
    with redirect_stdout(StringIO()):
        whole = made(asked.folder / "whole", asked.source)
        said = [kept(made(asked.folder / day, asked.source, f"as_of={day}"), whole, asked.members) for day in DAYS]
    print("\n".join(said))
