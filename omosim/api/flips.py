"""Body of `omosim flip`: strategies over one or two ranges in, a map of who pays where and its boundary out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.api.batch import Batch, Ended, Rounds, workers_of
from omosim.api.commands import data_hashes, period, stamp
from omosim.api.warming import cold, warm
from omosim.api.watching import watched
from omosim.results import ResultFolder, provenance
from omosim.study.flip import Map, Point, Range, Rule, along, refine
from omosim.study.futures import PROFIT, differences
from omosim.study.payback import YEAR_DAYS

if TYPE_CHECKING:
    from omosim.config.flip import FlipPlan
    from omosim.study.progress import Progress

ENTRY = "omosim.model.run:run_task"
CANNOT_TELL = "cannot_tell"


def ranges_of(plan: FlipPlan) -> list[Range]:
    """The plan's ranges; whole keys begin and end at whole numbers."""
    return [Range(f.key, float(round(f.low)) if f.whole else f.low, float(round(f.high)) if f.whole else f.high, f.whole) for f in plan.factors]


def rule_of(plan: FlipPlan) -> Rule:
    """How fine, how often and how sure."""
    options = plan.options
    return Rule(options.resolution, options.start, options.replications, options.most, options.runs, options.confidence)


class _Runs:
    """Worths of points, through the store."""

    def __init__(self, plan: FlipPlan, rounds: Rounds) -> None:
        self.plan, self.rounds = plan, rounds
        self.numbers: dict[Point, int] = {}
        self.asked: dict[Point, int] = {}
        self.refused: dict[Point, str] = {}

    def __call__(self, wanted: Mapping[Point, int]) -> Mapping[Point, np.ndarray]:
        """See study.flip.Evaluate; a point whose settings do not fit together has no worth."""
        from omosim.config.errors import ConfigError

        seed, first = self.plan.first.seed, self.plan.first.replication
        for point, count in wanted.items():
            number = self.numbers.setdefault(point, len(self.numbers))
            fresh = range(first + self.asked.get(point, 0), first + count)
            self.asked[point] = count
            try:
                made = [self.plan.settings(arm, point) for arm in self.plan.strategies]
            except ConfigError as error:
                self.refused[point] = str(error.problems[0])
                continue
            for arm, settings in zip(self.plan.strategies, made, strict=True):
                self.rounds.batch.add(number, arm, settings, seed, fresh)
        self.rounds.run()
        found = self.rounds.values([PROFIT])[PROFIT]
        out = {}
        for point, count in wanted.items():
            number = self.numbers[point]
            rows = [[found.get((number, arm, seed, first + r)) for r in range(count)] for arm in self.plan.strategies]
            out[point] = np.array([[np.nan if v is None else v for v in row] for row in rows], dtype=np.float64)
        return out


def flip_run(plan: FlipPlan, argv: Sequence[str], progress: Callable[[Progress], None] = lambda _: None) -> Ended:
    """Refine the map, write tables, summary and report.

    Raises
    ------
    StudyInterrupted : on Ctrl-C; finished runs are kept
    ConfigError : the budget does not pay for the first points
    """
    from omosim.config.assumptions import assumptions
    from omosim.config.errors import refuse
    from omosim.reports.write import write_report

    if cold():
        warm()
    folder = ResultFolder.create("flip", plan.hash, now=datetime.now(), output_dir=plan.first.output.dir)
    origin = provenance("flip", argv=list(argv), seed=plan.first.seed, config_hash=plan.hash, data_hashes=data_hashes(plan.first), started=stamp())
    folder.begin({**origin, "overrides": plan.words}, plan.yaml)
    if plan.words:
        folder.write_json("assumptions.json", assumptions(plan.sweep.first))
    rounds = Rounds(folder, Batch(), lambda: workers_of(plan.options, ENTRY, plan.first.engine.threads), plan.options.jobs, progress)
    runs = _Runs(plan, rounds)
    try:
        found = refine(ranges_of(plan), len(plan.strategies), rule_of(plan), runs)
    except ValueError as error:
        raise refuse(str(error), key="runs", value=str(plan.options.runs), cure="Give more runs, or fewer points or repetitions: start=3 replications=4") from None
    finally:
        rounds.close()
    rounds.finish()
    summary = conclude(plan, found, runs, folder)
    folder.finish(summary, finished=stamp())
    write_report(folder)
    return Ended(folder, summary, rounds)


def conclude(plan: FlipPlan, found: Map, runs: _Runs, folder: ResultFolder) -> dict[str, Any]:
    """Tables and summary of a map."""
    from omosim.study.flip_words import answer

    names = plan.strategies
    name = lambda winner: CANNOT_TELL if winner is None else names[winner]
    points = sorted(runs.numbers, key=lambda p: runs.numbers[p])
    verdicts = [found.verdict(p) for p in points]
    keys = [r.key for r in found.ranges]
    folder.write_table(
        "map",
        {
            "point": list(range(len(points))), **{key: [p[i] for p in points] for i, key in enumerate(keys)}, "verdict": [name(v.winner) for v in verdicts],
            "best": [names[v.best] for v in verdicts], "second": [names[v.second] for v in verdicts], "margin": [v.margin for v in verdicts],
            "ci_low": [v.low for v in verdicts], "ci_high": [v.high for v in verdicts], "replications": [v.pairs for v in verdicts],
        },
        types={"point": "int64", "replications": "int64", **dict.fromkeys((*keys, "margin", "ci_low", "ci_high"), "float64")},
    )  # fmt: skip
    most = max(v.shape[1] for v in found.values.values())
    cube = np.full((len(names), len(points), most), np.nan)
    for n, p in enumerate(points):
        cube[:, n, : found.values[p].shape[1]] = found.values[p]
    rows = differences(cube, names, names[0], 1 - plan.options.confidence)
    folder.write_table("differences", {k: [row[k] for row in rows] for k in rows[0]}, types={**dict.fromkeys(("mean", "baseline_mean", "diff", "ci_low", "ci_high"), "float64"), "reason": "string"})
    cells = {f"{end}_{axis}": [getattr(c, end)[i] for c in found.cells] for i, axis in enumerate("xy"[: len(keys)]) for end in ("low", "high")}
    folder.write_table("cells", {**cells, "verdict": [name(found.winner(c)) for c in found.cells]})
    lines = lines_of(found, names)
    boundary = [{"key": keys[line["axis"]], "other_key": keys[1 - line["axis"]] if len(keys) == 2 else "", "other_value": line["fixed"], **flip} for line in lines for flip in line["flips"]]
    numbers = ("other_value", "low", "high", "value", "ci_low", "ci_high")
    columns = ("key", "other_key", "other_value", "below", "above", "value", "ci_low", "ci_high", "low", "high")
    folder.write_table("boundary", {k: [row[k] for row in boundary] for k in columns}, types={**dict.fromkeys(columns, "string"), **dict.fromkeys(numbers, "float64")})
    shares = dict(zip(names, found.shares(len(names)), strict=True))
    settings, year = plan.first, YEAR_DAYS / plan.first.days
    ends = [{"value": p[0], **_end(found, p, names, year)} for p in (min(points), max(points))] if len(keys) == 1 else []
    summary: dict[str, Any] = {
        "strategies": names, "baseline": names[0], "titles": {n: b.settings.strategy.title for (n, _), b in plan.sweep.bases.items()},
        "ranges": [{"key": r.key, "low": r.low, "high": r.high, "whole": r.whole, "unit": plan.meaning(r.key)[0], "meaning": plan.meaning(r.key)[1]} for r in found.ranges],
        "lines": lines, "ends": ends, "shares": {**shares, CANNOT_TELL: max(0.0, 1 - sum(shares.values()))}, "points": len(points), "runs": len(runs.rounds.batch.runs), "budget": plan.options.runs,
        "rounds": found.rounds, "stopped": found.stopped, "resolution": plan.options.resolution, "confidence": plan.options.confidence, "failed_runs": len(runs.rounds.failures), "laws": runs.rounds.laws(),
        "refused": len(runs.refused), "unit": settings.market.currency, "days": settings.days, "shoppers": settings.shoppers, "shoppers_of_retailer": settings.market.cost_basis_shoppers, "period": period(settings), "market": settings.market.title or settings.market.name,
        "scenario": settings.scenario.name, "seed": settings.seed, "replications": [plan.options.replications, plan.options.most],
    }  # fmt: skip
    return {"answer": answer(summary), **summary}


def lines_of(found: Map, names: Sequence[str]) -> list[dict[str, Any]]:
    """Each line of the map along each range that has the first points: stretches and flips by name; 1 line in one dimension."""
    lines: list[tuple[int, Point]] = [(0, ())]
    if len(found.ranges) == 2:
        lines = [(axis, (value,)) for axis in (0, 1) for value in sorted({p[1 - axis] for p in found.values})]
    out = []
    for axis, fixed in lines:
        stretches, flips = along(found, axis, fixed)
        first = bool(stretches) and stretches[0].low <= found.ranges[axis].low and stretches[-1].high >= found.ranges[axis].high
        if not first and not flips:
            continue
        out.append({
            "axis": axis, "fixed": fixed[0] if fixed else None, "first": first,
            "stretches": [{"winner": None if s.winner is None else names[s.winner], "low": s.low, "high": s.high} for s in stretches],
            "flips": [{"below": names[f.below], "above": names[f.above], "low": f.low, "high": f.high, "value": f.value, "ci_low": f.ci_low, "ci_high": f.ci_high} for f in flips],
        })  # fmt: skip
    return out


def _end(found: Map, point: Point, names: Sequence[str], year: float) -> dict[str, Any]:
    """What is at stake at a point, a year."""
    v = found.verdict(point)
    times = lambda value: None if value is None else value * year
    return {"best": names[v.best], "second": names[v.second], "margin": v.margin * year, "ci_low": times(v.low), "ci_high": times(v.high)}


def flip_command(plan: FlipPlan, argv: Sequence[str]) -> int:
    """`omosim flip`: progress with ETA, the answer, where the report is."""
    from omosim.reports.flip_screen import FlipScreen

    return watched(FlipScreen(plan.strategies, plan.options.runs), lambda tell: flip_run(plan, argv, tell), lambda screen, done: screen.result(done.summary, done.folder.path / "report.html"))
