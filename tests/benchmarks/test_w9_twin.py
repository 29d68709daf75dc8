"""W9: a day of a whole ensemble: members times customers, seconds and memory, and what copying and moving members costs.

    python -m tests.benchmarks.test_w9_twin [members] [customers]

One process, one thread; a member is a whole model of the retailer with its own latents, stock and orders.
"""

import json
import subprocess
import sys

import pytest

ONE = """
import datetime, json, resource, sys, tempfile, time
from pathlib import Path
import numpy as np
from omosim.config.compose import compose
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.ensemble import Ensemble
from omosim.twin.opening import Opening

members, n, days = (int(a) for a in sys.argv[1:4])
people = n + n // 4
settings = compose("run", ["strategy=omo", f"shoppers={people}", "days=60", "burn_in_days=0"]).settings
law = RepeatFit(1, 0.243, 4.414, 0.793, 2.426, 0.0, n, True, (0.1,) * 4)
rng = np.random.default_rng(1)
x = rng.poisson(rng.gamma(0.3, 6.0, n))
last = np.where(x > 0, 39.0 * rng.random(n), 0.0)
kinds = len(settings.catalogue.categories)
first = datetime.date.fromisoformat(settings.market.start_date)

def opening(k):
    return Opening(first, law, x[:k], last[:k], np.full(k, 39.0), np.tile([0.6, 0.4, 0, 0], (k, 1)), np.zeros(k, np.int64), np.full((k, kinds), np.nan), np.full(k, 0.2))

def at(row, people=people):
    demand = settings.market.demand.model_copy(update={"purchase_alpha_weeks": float(row[0])})
    return settings.model_copy(update={"shoppers": people, "market": settings.market.model_copy(update={"demand": demand})})

alpha = settings.market.demand.purchase_alpha_weeks
warm = Ensemble.begin(opening(200), np.full((2, 1), alpha), lambda row: at(row, 300))
warm.advance(1), warm.set(np.full((2, 1), 0.9 * alpha)), warm.replace(np.array([1, 1])), warm.advance(1)
rss = lambda: int(Path("/proc/self/statm").read_text().split()[1]) * 4096 if Path("/proc/self/statm").exists() else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
out, base = {"members": members, "customers": n, "people": people}, rss()

def timed(name, do):
    wall, cpu = time.perf_counter(), time.process_time()
    do()
    out[name + "_s"], out[name + "_cpu_s"] = time.perf_counter() - wall, time.process_time() - cpu

def begin():
    global many
    many = Ensemble.begin(opening(n), np.full((members, 1), alpha), at)

timed("begin", begin)
timed("days", lambda: many.advance(days))
out["day_cpu_s"] = out["days_cpu_s"] / days
timed("set", lambda: many.set(many.theta * 0.98))
timed("replace_half", lambda: many.replace(np.arange(members) // 2))
timed("day_after", lambda: many.advance(1))
out["bytes_a_member"] = (rss() - base) / members
out["snapshot_bytes"] = sum(a.nbytes for a in many.members[0].snapshot().arrays.values())
out["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
orders = sum(m.model.journeys.counts[: many.day, 6:10].sum() for m in many.members)
out["orders"], out["day"] = int(orders), many.day
few = Ensemble(many.members[:4], many.theta[:4], None, at, many.fresh)
with tempfile.TemporaryDirectory() as folder:
    timed("save_4", lambda: few.save(Path(folder)))
    out["file_bytes"] = sum(p.stat().st_size for p in Path(folder).iterdir()) / 4
    again = Ensemble.read(Path(folder), at)
    timed("restore_4", lambda: [m.model for m in again.members])
print(json.dumps(out))
"""


def measure(members, customers, days=2):
    """One ensemble in a process of its own."""
    done = subprocess.run([sys.executable, "-c", ONE, str(members), str(customers), str(days)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def table(row):
    """The figures of one ensemble, each with its unit."""
    n = row["members"]
    print(f"{n} members x {row['customers']:,} customers ({row['people']:,} people), {row['orders'] / n / row['day']:.0f} orders a member and day")
    print(f"  a day                  {row['day_cpu_s']:8.1f} CPU s for all, {1e3 * row['day_cpu_s'] / n:.0f} ms a member")
    print(f"  opening                {row['begin_cpu_s']:8.1f} CPU s for all")
    print(f"  parameters moved       {row['set_cpu_s']:8.1f} CPU s for all")
    print(f"  half replaced by copies{row['replace_half_cpu_s']:8.1f} CPU s")
    print(f"  a day after both       {row['day_after_cpu_s']:8.1f} CPU s: members are restored with what moved when they are run")
    print(f"  memory                 {row['bytes_a_member'] / 1e6:8.1f} MB a member, peak {row['peak_mb']:.0f} MB; snapshot {row['snapshot_bytes'] / 1e6:.1f} MB, on disk {row['file_bytes'] / 1e6:.2f} MB")
    print(f"  file                   {row['save_4_cpu_s'] / 4:8.2f} CPU s to write a member, {row['restore_4_cpu_s'] / 4:.2f} to restore it")


@pytest.mark.bench
def test_an_ensemble_fits_and_keeps_its_customers():
    row = measure(8, 4_000)
    table(row)
    assert row["day"] == 3 and row["orders"] > 100
    assert row["bytes_a_member"] * 200 < 24e9  # 200 of them fit the machine of the contract


if __name__ == "__main__":
    table(measure(*(int(a) for a in sys.argv[1:3])) if len(sys.argv) > 2 else measure(200, 20_000))
