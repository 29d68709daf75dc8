"""W4: whole runs in the reference world, time and memory against the number of shoppers.

    python -m tests.benchmarks.test_w4_whole_run [most shoppers]

Each size runs in its own process after the kernels are compiled, so that memory is that run's own.
"""

import json
import math
import subprocess
import sys

import pytest

DAYS = 90
SIZES = (10_000, 100_000, 1_000_000)

ONE = """
import json, resource, sys, time
from omosim.config.compose import compose
from omosim.model.run import run
shoppers, days = int(sys.argv[1]), int(sys.argv[2])
run(compose("run", ["strategy=omo", "shoppers=50", "days=2", "burn_in_days=1"]).settings)
words = ["market=reference_w4", "strategy=omo", f"shoppers={shoppers}", f"days={days}", "burn_in_days=0"]
settings = compose("run", words).settings
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began, cpu = time.perf_counter(), time.process_time()
done = run(settings)
took, cpu = time.perf_counter() - began, time.process_time() - cpu
counts = done.model.journeys.counts.sum(axis=0)
print(json.dumps({
    "shoppers": shoppers, "days": days, "seconds": took, "cpu_s": cpu, "simulated_days": done.model.day,
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "base_megabytes": base / 1024,
    "needs": int(counts[0]), "missions": int(counts[1]), "rows": len(done.book), "coarse_events": done.model.clock.events_run,
    "laws": sum(abs(v) for v in done.laws.values()),
}))
"""


def measure(shoppers, days=DAYS):
    """One whole run in a process of its own."""
    done = subprocess.run([sys.executable, "-c", ONE, str(shoppers), str(days)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def table(most=SIZES[-1]):
    """Runs of every size up to `most`, with the exponent of CPU time between neighbours."""
    rows = [measure(n) for n in SIZES if n <= most]
    print(f"{'shoppers':>10} {'seconds':>8} {'CPU s':>7} {'MB':>7} {'missions':>10} {'rows':>9} {'us/mission':>10} {'exponent':>8}")
    for i, row in enumerate(rows):
        slope = "" if i == 0 else f"{math.log(row['cpu_s'] / rows[i - 1]['cpu_s']) / math.log(row['shoppers'] / rows[i - 1]['shoppers']):.2f}"
        print(
            f"{row['shoppers']:>10,} {row['seconds']:>8.2f} {row['cpu_s']:>7.2f} {row['megabytes']:>7.0f} {row['missions']:>10,} {row['rows']:>9,} "
            f"{1e6 * row['cpu_s'] / row['missions']:>10.2f} {slope:>8}"
        )
    return rows


@pytest.mark.bench
def test_whole_runs_are_linear():
    rows = table(100_000)
    for row in rows:
        assert row["laws"] == 0
        # 15 missions a shopper-year: speed must not hide a change of behaviour
        assert row["needs"] == pytest.approx(15 * row["shoppers"] * DAYS / 365, rel=0.15)


if __name__ == "__main__":
    table(int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1])
