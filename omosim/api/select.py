"""`omosim sweep … select=kim_nelson indifference=N`: replications go to the arms that may still be the best.

An arm is a strategy at a point. Stages are sweeps of a plan that grows, so everything that a sweep promises holds: finished
runs are kept, and the same command goes on. Which runs are made depends on the figures alone, not on processes or stops.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omosim.results.words import MINOR, number, safe_text
from omosim.study.futures import PROFIT
from omosim.study.selection import Selected, kim_nelson
from omosim.study.shards import Planned, finished_runs

if TYPE_CHECKING:
    from omosim.api.sweep import Prepared
    from omosim.study.runs import RunAnswer
    from omosim.study.sweep import SweepOutcome

FIRST = 10  # repetitions of every arm before anyone is put out
RUNS_A_STAGE = 16
Arm = tuple[int, str]


@dataclass
class Selection:
    """The race: arms in order, and how many replications each may have by now."""

    ready: Prepared
    allowed: dict[Arm, int]
    failed: list[Arm]
    found: Selected | None = None

    @property
    def first(self) -> int:
        """Replications of the first stage; a replication has a run of every seed."""
        return min(self.ready.plan.options.replications, math.ceil(FIRST / len(self.ready.plan.seeds)))

    def plan(self, runs: list[Planned]) -> list[Planned]:
        """The runs of every arm up to what it is allowed."""
        return [item for item in runs if item.replication < self.allowed[item.point, item.strategy]]

    def decide(self, runs: list[Planned], known: Mapping[str, RunAnswer]) -> bool:
        """Judge the arms that have all their runs; whether the race is over. Otherwise those left are allowed more."""
        values: dict[Arm, list[float]] = {arm: [] for arm in self.allowed}
        self.failed = []
        for item in self.plan(runs):
            answer = known.get(item.run_id)
            value = None if answer is None else answer.value(PROFIT)
            values[item.point, item.strategy].append(math.nan if value is None else float(value))
        arms = [arm for arm, column in values.items() if not any(map(math.isnan, column))]
        self.failed = [arm for arm in values if arm not in arms]
        if len(arms) < 2:
            self.found = None
            return True
        options, seeds = self.ready.plan.options, len(self.ready.plan.seeds)
        delta = options.indifference * 10 ** MINOR.get(self.ready.plan.first.settings.market.currency, 0)
        have = max(self.allowed[arm] for arm in arms)
        self.found = kim_nelson(lambda arm, r: values[arms[arm]][r], len(arms), indifference=delta, first=self.first * seeds, most=have * seeds)
        left = [arms[i] for i in self.found.left]
        self.found = Selected(None if self.found.best is None else list(values).index(arms[self.found.best]), [list(values).index(arm) for arm in left], self.found.replications, {})
        if self.found.best is not None or have >= options.replications:
            return True
        step = math.ceil(RUNS_A_STAGE / (len(left) * seeds))
        for arm in left:
            self.allowed[arm] = min(options.replications, have + step)
        return False


def select(ready: Prepared, place: Path, stage: Callable[[list[Planned]], SweepOutcome]) -> tuple[SweepOutcome, Selection]:
    """Run stage after stage until one arm is left or the replications are at their end.

    ready : its runs become those that were made
    stage : makes the runs of a plan that are missing
    """
    every = list(ready.runs)
    race = Selection(ready, {}, [])
    race.allowed = {(item.point, item.strategy): race.first for item in every if item.run_id not in ready.refused}
    every = [item for item in every if item.run_id not in ready.refused]
    known, outcome = finished_runs(place), None
    while True:
        ready.runs = race.plan(every)
        outcome = None
        if any(item.run_id not in known for item in ready.runs):
            outcome = stage(ready.runs)
            known = finished_runs(place)
        if race.decide(every, known):
            return outcome or stage(ready.runs), race


def told(race: Selection, unit: str) -> dict[str, Any]:
    """What summary.json says of the race: the answer, the arms that are left, and how many runs it took."""
    arms, options, plan = list(race.allowed), race.ready.plan.options, race.ready.plan
    name = lambda arm: safe_text(" ".join([arm[1], *(f"{f.key}={v}" for f, v in zip(plan.factors, race.ready.points[arm[0]], strict=True))]), 300)
    runs, most = len(race.ready.runs), len(arms) * len(plan.seeds) * options.replications
    minor = options.indifference * 10 ** MINOR.get(plan.first.settings.market.currency, 0)
    ahead = number(minor, unit)
    if race.found is None:
        text = "Fewer than two arms have all their runs: nothing to select from."
    elif race.found.best is not None:
        text = f"Of {len(arms):,} arms {name(arms[race.found.best])} earns most: where the best is ahead by {ahead} or more, this picks it in 95 of 100 cases (Kim-Nelson)."
    else:
        rest = "; ".join(name(arms[i]) for i in race.found.left[:5]) + (" …" if len(race.found.left) > 5 else "")
        text = f"One cannot tell which of {len(race.found.left):,} arms earns most after {race.found.replications:,} repetitions: {rest}. More replications=, or a larger indifference= than {ahead}, decide."
    text += f" {runs:,} runs were made of {most:,}."
    if race.failed:
        text += f" {len(race.failed):,} arms with failed runs are left out."
    left = [] if race.found is None else [{"point": arms[i][0], "strategy": arms[i][1], "name": name(arms[i])} for i in race.found.left]
    return {"answer": text, "indifference": options.indifference, "left": left, "runs": runs, "most_runs": most, "failed_arms": len(race.failed)}
