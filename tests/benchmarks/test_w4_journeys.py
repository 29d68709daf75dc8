"""W4, the shopper side alone in the reference world: microseconds a mission, and what a mission is made of.

`python -m tests.benchmarks.test_w4_journeys [shoppers]` prints a table. Counts are asserted, times never.
"""

from __future__ import annotations

import sys
import time

import pytest

from omosim.journeys import Journeys
from omosim.schema.codes import Count
from omosim.schema.columns import DAY, HOUR
from omosim.world.policy import Policy
from tests.journeys.harness import online_policy, small_world
from tests.journeys.small import settings
from tests.journeys.test_invariance import rich_policy

DAYS = 30
POLICIES = {
    "stores only": lambda: online_policy(on=(4,)),
    "web, pickup, stock shown": lambda: online_policy(on=(0, 2, 3, 4, 5), stock_shown=1),
    "everything": rich_policy,
}


def measure(name: str, policy: Policy, shoppers: int, cut_s: int = HOUR) -> dict[str, float]:
    """Seconds of the parts of a run, after a short run that compiles."""
    figures: dict[str, float] = {}
    for size in (50, shoppers):
        s = settings("reference_w4", shoppers=size, days=DAYS)
        world = small_world(s, policy)
        t0 = time.process_time()
        j = Journeys(world, s, world.key0, world.key1)
        figures = {"synthesis": time.process_time() - t0, "begin_day": 0.0, "advance": 0.0, "rows": 0}
        for day in range(DAYS):
            t0 = time.process_time()
            j.begin_day(day)
            t1 = time.process_time()
            for start in range(day * DAY, (day + 1) * DAY, cut_s):
                if policy.live_reach > 0 and day % 3 == 0 and start % DAY == 20 * HOUR:
                    j.broadcast(start)
                figures["rows"] += len(j.advance(start + cut_s))
            figures["begin_day"] += t1 - t0
            figures["advance"] += time.process_time() - t1
        counts = j.counts.sum(axis=0)
        figures |= {"needs": int(counts[Count.NEEDS]), "missions": int(counts[Count.MISSIONS]),
                    "considered": int(counts[Count.MISSIONS] - counts[Count.NOT_CONSIDERED])}  # fmt: skip
    each = 1e6 / figures["missions"]
    print(
        f"{name:26} {shoppers:>9,} shoppers  {figures['missions']:>9,.0f} missions  {figures['considered']:>8,.0f} considered  "
        f"{figures['rows']:>7,.0f} rows  synthesis {1e6 * figures['synthesis'] / shoppers:5.2f} us a shopper  "
        f"day begin {figures['begin_day'] * each:4.2f}  decisions {figures['advance'] * each:4.2f} us a mission"
    )
    return figures


@pytest.mark.bench
@pytest.mark.parametrize("name", list(POLICIES))
def test_journey_steps(name: str) -> None:
    figures = measure(name, POLICIES[name](), 50_000)
    # 15 needs a shopper-year, the same under every policy: speed must not hide a change of behaviour
    assert figures["needs"] == pytest.approx(15 * 50_000 * DAYS / 365, rel=0.05)
    assert figures["rows"] > 0.03 * figures["missions"]


if __name__ == "__main__":
    for label, make in POLICIES.items():
        measure(label, make(), int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
