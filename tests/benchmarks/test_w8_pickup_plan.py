"""W8, the pickup planner: one what-if on the plan's own days, and a store's whole week from an order file.

`python tests/benchmarks/test_w8_pickup_plan.py` prints both; the what-if beside the reference engine on the same days, the week
beside one of its days. Counts are asserted, times never.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omosim.api.pickup import sample_file, sample_work
from omosim.config.compose import compose
from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.reference import ReferenceFulfilment
from omosim.ingest import ReadOptions, read_orders
from omosim.kernels.philox import make_key
from omosim.planning.demand import WorkLaw, draw, learn
from omosim.planning.history import store_history
from omosim.planning.plan import sized
from omosim.planning.simulate import DayResult, Shop, Staff, simulate
from omosim.schema.columns import DAY, HOUR, WEEKDAYS

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "experiments"))
sample = import_module("pickup_sample")
SATURDAY, BACK, PROMISE_S = 5, 3, 2 * HOUR
PLAN_ROWS, FEW_ROWS = 80_000, 8_000  # demand rows: of the plan's own days; few enough for the reference engine
ORDERS, WEEKS = 25_000, 18
ROUNDS = 3
SHARES = ("orders", "on_time", "served", "waited", "soon", "left", "waits", "lead_s", "shelf", "calls", "work")


def saturdays(budget: int) -> tuple[Shop, Callable[..., np.ndarray], Any]:
    """The shipped sample's store, what draws its simulated Saturdays, and how they are drawn."""
    network = compose("bopis", []).settings.network
    network = network.model_copy(update={"work": network.work.model_copy(update=sample_work())})
    history = store_history(read_orders(sample_file(), ReadOptions()), None, 10 * HOUR, 21 * HOUR, ())
    laws = [learn(history, (SATURDAY - i) % 7, history.days_of((SATURDAY - i) % 7), network) for i in range(BACK, -1, -1)]
    shop = Shop(history.opens, history.closes, (True,) * (BACK + 1), BACK * DAY, 300)
    draws = sized(laws, make_key(7, SATURDAY), budget)
    return shop, lambda factor=1.0: draw(laws, draws, WorkLaw.of(network), shop, PROMISE_S, factor), draws


def quickest(call: Callable[[], DayResult], rounds: int = ROUNDS) -> tuple[float, float, DayResult]:
    """Least wall seconds, CPU seconds of that round, and what came out; the first call does not count."""
    result, took = call(), []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        result = call()
        took.append((time.perf_counter() - wall, time.process_time() - cpu))
    return *min(took), result


def what_ifs() -> dict[str, DayResult]:
    """One person more on the plan's own days, and 30 % more demand, which is drawn anew."""
    shop, days, draws = saturdays(PLAN_ROWS)
    rows = days()
    staff, more = Staff.level(3, 2, shop.opens, shop.closes), Staff.level(3, 3, shop.opens, shop.closes)
    out = {}
    print(f"\none what-if: {draws.reps} days, {len(rows):,} demand rows; aim .2 s")
    for name, call in {
        "other staff, the same days": lambda: simulate(shop, rows, draws, more, audit=False),
        "30 % more demand, drawn anew": lambda: simulate(shop, days(1.3), draws, staff, audit=False),
    }.items():
        wall, cpu, out[name] = quickest(call)
        print(f"{name:34} {wall:6.3f} s ({cpu:6.3f} CPU)  {len(rows) / cpu:>11,.0f} rows per CPU second")
    return out


def engines() -> tuple[DayResult, DayResult]:
    """The same few days by both engines."""
    shop, days, draws = saturdays(FEW_ROWS)
    rows, staff = days(), Staff.level(3, 2, shop.opens, shop.closes)
    _, fast, one = quickest(lambda: simulate(shop, rows, draws, staff, KernelFulfilment, audit=False))
    _, slow, other = quickest(lambda: simulate(shop, rows, draws, staff, ReferenceFulfilment, audit=False), 1)
    print(f"{draws.reps} days, {len(rows):,} rows: kernel {fast:.3f} CPU s, one SimPy process per order {slow:.3f} CPU s, ratio {slow / fast:.0f}")
    return one, other


def write_orders(path: Path) -> int:
    """So many orders of the sample's store without growth; returns how many rows they are."""
    rows = sample.simulate_store(replace(sample.Truth(), growth_week=0.0), sample.ROSTER, sample.START, WEEKS, 11)
    kept, seen = [], set()
    for row in rows:
        seen.add(row[0])
        if len(seen) > ORDERS:
            break
        kept.append(row)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([sample.COLUMNS, *kept])
    return len(kept)


def bopis(path: Path, out: Path, *words: str) -> tuple[float, float, dict]:
    """Seconds and CPU seconds of `omosim bopis` as a whole process, and its plan."""
    work = [f"network.work.{key}={value}" for key, value in sample_work().items()]
    began, spent = time.perf_counter(), os.times()
    asked = [sys.executable, "-m", "omosim.cli.main", "bopis", f"orders={path}", f"output.dir={out}", *work, *words]
    subprocess.run(asked, cwd=ROOT, check=True, capture_output=True)
    took, now = time.perf_counter() - began, os.times()
    cpu = now.children_user + now.children_system - spent.children_user - spent.children_system
    return took, cpu, json.loads((out / "plan.json").read_text(encoding="utf-8"))


def store_week(folder: Path) -> tuple[dict, dict]:
    """The whole answer, and that of one day."""
    rows = write_orders(folder / "orders.csv")
    bopis(folder / "orders.csv", folder / "warm", "day=mon")  # compiles
    one_s, one_cpu, one = bopis(folder / "orders.csv", folder / "day", "day=sat")
    week_s, week_cpu, week = bopis(folder / "orders.csv", folder / "week")
    print(f"\nstore-week: {ORDERS:,} orders in {rows:,} rows, seven weekdays, rota, slots, check and report; aim 20 s")
    print(f"whole week {week_s:.1f} s ({week_cpu:.1f} CPU), Saturday alone {one_s:.1f} s ({one_cpu:.1f} CPU), ratio {week_cpu / one_cpu:.1f}")
    return one, week


@pytest.mark.bench
def test_one_what_if():
    done = what_ifs()
    same, more = done.values()
    assert 1.2 < more.orders.sum() / same.orders.sum() < 1.4
    assert not any(same.laws.values()) and not any(more.laws.values())
    one, other = engines()
    for name in SHARES:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


@pytest.mark.bench
def test_a_store_week(tmp_path):
    one, week = store_week(tmp_path)
    assert set(week["days"]) == set(WEEKDAYS) and set(one["days"]) == {"sat"}
    assert all(day["ready_on_time"]["value"] > 0.9 for day in week["days"].values())


if __name__ == "__main__":
    test_one_what_if()
    with tempfile.TemporaryDirectory() as place:
        store_week(Path(place))
