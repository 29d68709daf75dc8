"""Stores for the planner's tests: orders drawn by numpy."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from omosim.planning.demand import Draws, Shop, WorkLaw, draw, learn
from omosim.planning.history import DAY, StoreHistory

FIRST = 20_605  # a Monday
OPENS, CLOSES = 10 * 3600, 16 * 3600
WORK = WorkLaw(120.0, 30.0, 90.0, 75.0, 600.0, 4.0)


def history(weeks: int = 8, pickups: float = 40, walk_ins: float = 60, seed: int = 3, growth: float = 0.0) -> StoreHistory:
    """A store open 10:00-16:00 with Poisson orders, even over the opening hours."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in range(7 * weeks):
        level = np.exp(growth * day / 7)
        for kind, mean in ((0, pickups), (1, walk_ins)):
            for second in np.sort(rng.integers(OPENS, CLOSES, rng.poisson(mean * level))):
                rows.append((kind, FIRST + day, int(second), int(rng.integers(1, 4))))
    frame = pd.DataFrame(rows, columns=["kind", "day", "second", "units"])
    frame["placed"] = frame["day"] * DAY + frame["second"]
    for name in ("promised", "ready", "collected"):
        frame[name] = -1
    frame["expired"] = False
    frame["place"] = 0
    dates = np.unique(frame["day"].to_numpy())
    return StoreHistory("S01", frame, dates, np.zeros(0, np.int64), OPENS, CLOSES, "made", ())


def days(made: StoreHistory, network, weekday: int = 5, groups: int = 10, inner: int = 2, work: WorkLaw = WORK, promise_s: int = 3600):
    """Shop, rows and draws of a weekday with three days before it."""
    laws = [learn(made, (weekday - i) % 7, made.days_of((weekday - i) % 7), network) for i in range(3, -1, -1)]
    draws = Draws(7, 1, groups, inner)
    shop = Shop(made.opens, made.closes, (True,) * 4, 3 * DAY, 300)
    return shop, draw(laws, draws, work, shop, promise_s), draws


def write(path: Path, columns: tuple[str, ...], rows: list) -> Path:
    """A CSV of rows."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(columns)
        out.writerows(rows)
    return path
