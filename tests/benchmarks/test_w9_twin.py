"""W9: a week of a twin's members: members times customers, seconds and memory, here and in two processes.

    python -m tests.benchmarks.test_w9_twin [members] [customers] [jobs]

A member is a whole model of the retailer with its own latents, stock and orders: it is made from the state, run seven days, its
customers' goodwill is taken, and it is let go. The state is read from a file by worker processes, as an update does it.
"""

import json
import subprocess
import sys

import pytest

ONE = """
import datetime, json, resource, sys, time
import numpy as np
from dataclasses import replace
from omosim.config.compose import compose
from omosim.study.executor import make_executor
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.opening import Opening
from omosim.twin.running import ENTRY, Start, run_members

members, n, jobs, days = (int(a) for a in sys.argv[1:5])
people = n + n // 4
settings = compose("run", ["strategy=omo", f"shoppers={people}", "days=60", "burn_in_days=0"]).settings
law = RepeatFit(1, 0.243, 4.414, 0.793, 2.426, 0.0, n, True, (0.1,) * 4)
rng = np.random.default_rng(1)
x = rng.poisson(rng.gamma(0.3, 6.0, n))
last = np.where(x > 0, 39.0 * rng.random(n), 0.0)
kinds = len(settings.catalogue.categories)
first = datetime.date.fromisoformat(settings.market.start_date)
base = Opening(first, law, x, last, np.full(n, 39.0), np.tile([0.6, 0.4, 0, 0], (n, 1)), np.zeros(n, np.int64), np.full((n, kinds), np.nan), np.full(n, 0.2))
starts = [Start(replace(base, pace=float(p), goodwill=np.full(n, 0.01)), settings.model_copy(update={"replication": i})) for i, p in enumerate(np.linspace(0.8, 1.2, members), 1)]
run_members(starts[:1], [[]], [1])
out = {"members": members, "customers": n, "people": people, "jobs": jobs, "days": days}
wall, cpu = time.perf_counter(), time.process_time()
pool = None if jobs < 2 else make_executor(ENTRY, jobs)
runs = run_members(starts, [[]] * members, [days], pool)
out["wall_s"], out["cpu_s"] = time.perf_counter() - wall, time.process_time() - cpu
if pool is not None:
    pool.close()
children = resource.getrusage(resource.RUSAGE_CHILDREN)
out["cpu_s"] += children.ru_utime + children.ru_stime
out["peak_mb"] = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children.ru_maxrss) / 1024
out["orders"], out["goodwill"] = float(runs.series["orders"].sum()), list(runs.goodwill.shape)
print(json.dumps(out))
"""


def measure(members, customers, jobs=1, days=7):
    """One ensemble in a process of its own."""
    done = subprocess.run([sys.executable, "-c", ONE, str(members), str(customers), str(jobs), str(days)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def table(row):
    """The figures of one week, each with its unit."""
    n, days = row["members"], row["days"]
    print(f"{n} members x {row['customers']:,} customers ({row['people']:,} people), {days} days, {row['jobs']} processes, {row['orders'] / n / days:.0f} orders a member and day")
    print(f"  made, run, let go {row['wall_s']:8.1f} s by the clock, {row['cpu_s']:.1f} CPU s, {1e3 * row['cpu_s'] / n:.0f} ms a member")
    print(f"  memory            {row['peak_mb']:8.0f} MB at most in one process")


@pytest.mark.bench
def test_a_week_of_members_fits_memory_and_keeps_its_customers():
    row = measure(8, 4_000)
    table(row)
    assert row["goodwill"] == [8, 4_000] and row["orders"] > 100
    assert row["peak_mb"] < 2_000  # whatever the number of members: one at a time


if __name__ == "__main__":
    for jobs in [int(a) for a in sys.argv[3:4]] or [1, 2]:
        table(measure(*(int(a) for a in sys.argv[1:3]), jobs) if len(sys.argv) > 2 else measure(200, 20_000, jobs))
