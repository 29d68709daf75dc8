"""Checks the signs that scenario files state: each scenario against the same world without it, paired, and prints them.

Usage: python experiments/scenario_signs.py [scenario …] [--replications R] [--shoppers N] [--days D] [--market M] [--jobs J]

A scenario's signs are those of its strategies (default o2o) with it against without it; where `contrast` says
"strategies", those of its last strategy against its first, both with the scenario; where it says "opening", those with the
stores that it opens against the same world in which they never open. A sign holds when the 95 % interval
of the paired difference lies on its side of 0; "0" holds when the interval covers 0. Ends with 1 if a sign is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omosim.schema.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
NEVER = " never opened"
Key = tuple[str, str, int]  # strategy, scenario, replication


@dataclass(frozen=True)
class Claim:
    """One stated sign: which two arms, (strategy, scenario) each, and which KPI."""

    scenario: str
    kpi: str
    sign: str
    arm: tuple[str, str]
    against: tuple[str, str]


@dataclass(frozen=True)
class World:
    """What all runs of the check share."""

    market: str
    shoppers: int
    days: int
    seed: int


def claims(names: Iterable[str], market: str) -> list[Claim]:
    """Every sign that these scenarios state."""
    from omosim.config.compose import compose

    found = []
    for name in names:
        scenario = compose("run", [f"market={market}", f"scenario={name}"]).settings.scenario
        used = scenario.strategies or ["o2o"]
        if scenario.contrast == "strategies":
            pairs = [((used[-1], name), (used[0], name))]
        elif scenario.contrast == "opening":
            pairs = [((one, name), (one, name + NEVER)) for one in used]
        else:
            pairs = [((one, name), (one, "baseline")) for one in used]
        found += [Claim(name, kpi, sign, *pair) for pair in pairs for kpi, sign in scenario.expect.items()]
    return found


def kpis_of(task: tuple[World, Key]) -> dict[str, float | None]:
    """KPIs of one run."""
    from omosim.config.compose import compose
    from omosim.model.run import run

    world, (strategy, scenario, replication) = task
    words = [f"market={world.market}", f"strategy={strategy}", f"scenario={scenario.removesuffix(NEVER)}", f"shoppers={world.shoppers}",
             f"days={world.days}", f"seed={world.seed}"]  # fmt: skip
    settings = compose("run", words).settings.model_copy(update={"replication": replication})
    if scenario.endswith(NEVER):
        settings = never_opened(settings)
    return {k.kpi: k.value for k in run(settings).kpis}


def never_opened(settings: Settings) -> Settings:
    """The same world in which the stores that the scenario opens stay shut."""
    shut = [
        change.model_copy(update={"set": 0.0, "from_day": -3650, "to_day": None})
        if change.what == "store_open" and change.set
        else change
        for change in settings.scenario.interventions
    ]
    return settings.model_copy(update={"scenario": settings.scenario.model_copy(update={"interventions": shut})})


def verdict(sign: str, low: float | None, high: float | None) -> str:
    """What an interval says of a stated sign."""
    if low is None or high is None:
        return "undefined"
    seen = "+" if low > 0 else "-" if high < 0 else "0"
    if seen == sign:
        return "holds"
    return "cannot tell" if seen == "0" else "WRONG"


def main() -> int:
    """Run all pairs and print one line a sign."""
    from omosim.study.stats import paired

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shipped = sorted(p.stem for p in (ROOT / "scenarios").glob("*.yaml") if p.stem != "baseline")
    parser.add_argument("scenarios", nargs="*", default=shipped)
    parser.add_argument("--replications", type=int, default=8)
    parser.add_argument("--shoppers", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--market", default="seoul_beauty")
    parser.add_argument("--seed", type=int, default=2003)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    args = parser.parse_args()
    world = World(args.market, args.shoppers, args.days, args.seed)
    stated = claims(args.scenarios, args.market)
    arms = sorted({arm for claim in stated for arm in (claim.arm, claim.against)})
    keys = [(*arm, r) for arm in arms for r in range(args.replications)]
    with ProcessPoolExecutor(args.jobs) as pool:
        seen = {}
        for done, (key, values) in enumerate(
            zip(keys, pool.map(kpis_of, [(world, key) for key in keys]), strict=True), 1
        ):
            seen[key] = values
            print(f"\r{done} of {len(keys)} runs", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(f"{args.market}, {args.shoppers} shoppers, {args.days} days, {args.replications} pairs, seed {args.seed}\n")
    print("| Scenario | Strategy | KPI | Stated | Change | 95 % interval | Reading |\n|---|---|---|---|---|---|---|")
    wrong = 0
    for claim in stated:
        left, right = (
            [seen[(*arm, r)].get(claim.kpi) for r in range(args.replications)] for arm in (claim.arm, claim.against)
        )
        p = paired(left, right)
        reading = verdict(claim.sign, p.ci_low, p.ci_high)
        wrong += reading == "WRONG"
        figures = "–" if p.diff is None else f"{p.diff:+.4g}"
        interval = "–" if p.ci_low is None or p.ci_high is None else f"{p.ci_low:+.4g} to {p.ci_high:+.4g}"
        against = (
            f" against {claim.against[0]}"
            if claim.against[1] == claim.arm[1]
            else NEVER.replace(" ", " against ", 1)
            if claim.against[1].endswith(NEVER)
            else ""
        )
        print(
            f"| {claim.scenario} | {claim.arm[0]}{against} | {claim.kpi} | {claim.sign} | {figures} | {interval} | {reading} |"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
