"""Body of `omosim sweep`: words in, parts of runs, design, comparison over the points and a report out."""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omosim.api.batch import ahead, workers_of
from omosim.api.commands import period, stamp
from omosim.api.select import Selection, select, told
from omosim.api.warming import cold, warm
from omosim.api.watching import watched
from omosim.results import ResultFolder, code_version, content_hash, provenance
from omosim.study import designs, parts, verdicts
from omosim.study.shards import Planned, ShardStore, cut, runs_on_disk

if TYPE_CHECKING:
    from omosim.config.sweep import SweepPlan
    from omosim.study.executor import Executor
    from omosim.study.progress import Progress
    from omosim.study.sweep import SweepOutcome

ENTRY = "omosim.model.run:run_task"
_LOCK_ALL = ".lock"


@dataclass
class Prepared:
    """A sweep that is ready to run: its points, its runs, and the settings of each.

    points : a tuple of values per point, in the order of the plan's factors; designed : by which design
    runs : every planned run, in order; refused : planned runs whose settings are not valid, with the reason
    """

    plan: SweepPlan
    designed: str
    points: list[tuple[Any, ...]]
    runs: list[Planned]
    refused: dict[str, str] = field(default_factory=dict)
    _texts: dict[tuple[int, str], bytes] = field(default_factory=dict)

    def columns(self) -> dict[str, list[Any]]:
        """Factor -> a value a point; what is neither a number nor a flag as text."""
        out: dict[str, list[Any]] = {}
        for i, factor in enumerate(self.plan.factors):
            values = [point[i] for point in self.points]
            plain = all(isinstance(v, (bool, int, float)) for v in values) and len({isinstance(v, bool) for v in values}) == 1
            out[factor.key] = values if plain else [v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]
        return out

    def shares(self) -> Any:
        """(points, factors) of each factor's span, as a sensitivity design drew them; None for other designs."""
        options = self.plan.options
        return designs.shares(len(self.plan.factors), self.designed, options.points, options.design_seed) if self.designed in (designs.MORRIS, designs.SALTELLI) else None

    def task(self, item: Planned) -> str:
        """The JSON task of a run."""
        if item.run_id in self.refused:
            raise Refused(self.refused[item.run_id])
        text = zlib.decompress(self._texts[item.point, item.strategy]).decode()
        head = json.dumps({"run_id": item.run_id, "arm": item.strategy, "replication": item.replication, "seed": item.seed})
        return f'{head[:-1]}, "settings": {text}}}'


class Refused(ValueError):
    """Settings of a point that do not fit together."""

    exit_code = 2


def prepare(plan: SweepPlan, tell: Callable[[int, int], None] = lambda done, of: None) -> Prepared:
    """Make the design, check the settings of every point, and give every run its id.

    tell : called with (points checked, points) from time to time

    Raises
    ------
    DesignError : the design does not fit the factors
    ConfigError : no point is valid
    """
    from omosim.config.errors import ConfigError
    from omosim.model.run import deciding
    from omosim.study.runs import run_id

    options = plan.options
    designed, points = design_of(plan)
    ready = Prepared(plan, designed, points, [])
    code = code_version()
    first: ConfigError | None = None
    ids: dict[tuple[int, str], tuple[str, str]] = {}
    for number, point in enumerate(points):
        for strategy in plan.strategies:
            try:
                settings = plan.settings(strategy, point)
            except ConfigError as error:
                first = first or error
                ids[number, strategy] = "", str(error.problems[0]) if error.problems else str(error)
                continue
            ids[number, strategy] = deciding(settings), settings.scenario.name
            ready._texts[number, strategy] = zlib.compress(settings.model_dump_json(exclude={"output"}).encode(), 1)
        tell(number + 1, len(points))
    if first is not None and not ready._texts:
        raise first
    for replication in range(options.replications):
        for seed in plan.seeds:
            for number in range(len(points)):
                for strategy in plan.strategies:
                    text, scenario = ids[number, strategy]
                    if text:
                        run = run_id(text, code=code, data_hash="", seed=seed, replication=replication)
                    else:
                        run = refused_id(number, strategy, seed, replication, scenario)
                        ready.refused[run] = scenario
                        scenario = ""
                    ready.runs.append(Planned(run, number, strategy, scenario, seed, replication))
    return ready


def design_of(plan: SweepPlan) -> tuple[str, list[tuple[Any, ...]]]:
    """Name of the design and its points. Raises DesignError when it does not fit the factors."""
    options = plan.options
    factors = [designs.Factor(f.key, f.values, f.low, f.high, f.whole) for f in plan.factors]
    designed = options.design if options.design != "auto" else designs.LHS if any(f.ranged for f in factors) else designs.GRID
    return designed, designs.design_points(factors, designed, options.points, options.design_seed)


def refused_id(*parts: object) -> str:
    """Id of a run whose settings are refused, so that it is a row all the same."""
    return content_hash(json.dumps([str(p) for p in parts]))


# ---- running ----------------------------------------------------------------------------------------------------
@dataclass
class SweepResult:
    """A sweep (or one shard of it) that has ended."""

    folder: ResultFolder
    outcome: SweepOutcome
    summary: dict[str, Any]
    exit_code: int


def sweep_run(ready: Prepared, argv: Sequence[str], progress: Callable[[Progress], None] = lambda _: None, workers: Executor | None = None) -> SweepResult:
    """Run what is missing; write design, failures and, when every part is there, the comparison and the report.

    Raises
    ------
    StudyInterrupted : on Ctrl-C; finished runs are kept
    """
    from omosim.study.failures import FILE, write_failures
    from omosim.study.sweep import failure_rows, sweep

    plan, options = ready.plan, ready.plan.options
    if cold():
        warm()
    k, n = (int(x) for x in options.shard.split("/")) if options.shard else (1, 1)
    folder = ResultFolder.create("sweep", plan.hash, now=datetime.now(), output_dir=plan.first.settings.output.dir, lock=f".lock-{k}-{n}" if n > 1 else _LOCK_ALL)
    origin = provenance("sweep", argv=list(argv), seed=plan.seeds[0], config_hash=plan.hash, started=stamp())
    folder.begin({**origin, "overrides": plan.words}, plan.first.yaml)
    write_design(ready, folder)
    folder.write_json("sweep.json", described(ready))
    folder.write_json("assumptions.json", inputs(plan))
    at_once = workers or workers_of(options, ENTRY, plan.first.settings.engine.threads)
    window = ahead(at_once, options.jobs)

    def stage(runs: list[Planned]) -> SweepOutcome:
        planned = cut(runs)
        mine = [number for number in range(len(planned)) if number % n == k - 1]
        return sweep(ShardStore(folder, planned), ready.task, at_once, mine=mine, window=window, progress=progress)

    race = None
    with closing(at_once):
        if options.select:
            outcome, race = select(ready, folder.path, stage)
            folder.write_json("sweep.json", described(ready))
        else:
            outcome = stage(ready.runs)
    write_failures(folder, failure_rows(outcome.failures, ready.runs), FILE if n == 1 else f"failures-{k}-{n}.jsonl")
    summary: dict[str, Any] = {}
    if outcome.whole or n == 1:
        from omosim.reports.write import write_report

        summary = conclude(ready, folder, outcome, race)
        write_report(folder)
    else:
        folder.release()
    return SweepResult(folder, outcome, summary, outcome.exit_code)


def described(ready: Prepared) -> dict[str, Any]:
    """What sweep.json says: the words and what they amount to."""
    plan, options = ready.plan, ready.plan.options
    return {
        "words": [w for w in plan.words if not w.startswith(("shard=", "output.dir=", "jobs=", "executor=", "scheduler="))],
        "design": ready.designed, "points": len(ready.points), "strategies": plan.strategies, "baseline": options.baseline or plan.strategies[0],
        "seeds": plan.seeds, "replications": options.replications, "runs": len(ready.runs), "parts": len(cut(ready.runs)),
        "factors": [{"key": f.key, "values": list(f.values), "low": None if f.values else f.low, "high": None if f.values else f.high} for f in plan.factors],
    }  # fmt: skip


def period_of(plan: SweepPlan) -> str:
    """How long and how much of the retailer a run is, in words; what the sweep varies is said so."""
    varied = {f.key for f in plan.factors} & {"days", "shoppers", "market", "market.cost_basis_shoppers", "experiment"}
    return f"of each point's own {' and '.join(sorted(key.split('.')[-1] for key in varied))}" if varied else period(plan.first.settings)


def inputs(plan: SweepPlan) -> list[dict[str, Any]]:
    """Rows of assumptions.json: the first composition's values; of a varied one what it is varied over."""
    from omosim.config.assumptions import assumptions

    varied = {f.key: f"varied: {', '.join(str(v) for v in f.values[:30])}" if f.values else f"varied: {f.low:g} to {f.high:g}" for f in plan.factors}
    rows = assumptions(plan.first)
    return [{**row, "source": varied[row["key"]], "assumed": False} if row["key"] in varied else row for row in rows]


def write_design(ready: Prepared, folder: ResultFolder) -> None:
    """`design.parquet`: a row a point, a column a factor."""
    folder.write_table("design", {"point": list(range(len(ready.points))), **ready.columns()}, types={"point": "int64"})


def write_study(folder: ResultFolder, studied: Sequence[dict[str, Any]]) -> None:
    """`sensitivity.parquet`, `tornado.parquet`, `boxes.parquet`: a row an input and strategy; none of them without rows."""
    tables = {
        "sensitivity": [{"strategy": s["strategy"], "baseline": s["baseline"], "method": s["method"], **row} for s in studied for row in s["sensitivity"]],
        "tornado": [{"strategy": s["strategy"], "baseline": s["baseline"], **row} for s in studied for row in s["tornado"]],
        "boxes": [{"strategy": s["strategy"], "baseline": s["baseline"], "of": s["box"]["of"], **row, **{n: s["box"][n] for n in ("coverage", "density", "support", "cases")}} for s in studied if s["box"] for row in s["box"]["limits"]],
    }  # fmt: skip
    numbers = ("effect", "first", "ci", "p_value", "low", "high", "low_ci", "high_ci", "flips_at", "coverage", "density", "support")
    for name, rows in tables.items():
        if rows:
            folder.write_table(name, {column: [row[column] for row in rows] for column in rows[0]}, types={n: "float64" for n in numbers if n in rows[0]})
        else:
            (folder.path / f"{name}.parquet").unlink(missing_ok=True)


def conclude(ready: Prepared, folder: ResultFolder, outcome: SweepOutcome, race: Selection | None = None) -> dict[str, Any]:
    """The tables over all points and the summary, from the files alone."""
    from omosim.study import uncertain
    from omosim.study.futures import PROFIT, cube, differences, futures

    plan, columns = ready.plan, ready.columns()
    rows = read_runs(folder, PROFIT)
    baseline = plan.options.baseline or plan.strategies[0]
    values = cube(rows, PROFIT, plan.strategies, len(ready.points))
    by_point = differences(values, plan.strategies, baseline)
    over_all = futures(values, plan.strategies, baseline, uncertain.drawn(ready.designed, len(ready.points), len(columns)))
    sample = uncertain.Sample(ready.designed, columns, ready.shares(), values, plan.strategies, baseline)
    studied = uncertain.study(sample, seed=plan.options.design_seed)
    numbers = ("mean", "baseline_mean", "diff", "ci_low", "ci_high")
    if by_point:
        folder.write_table("differences", {name: [row[name] for row in by_point] for name in by_point[0]}, types={**dict.fromkeys(numbers, "float64"), "reason": "string"})
    if over_all:
        folder.write_table("futures", {name: [row[name] for row in over_all] for name in over_all[0]}, types={"share_best_low": "float64", "share_best_high": "float64"})
    write_study(folder, studied)
    money = f"minor {plan.first.settings.market.currency}"
    what = "points" if ready.designed == designs.GRID else "futures"
    of = period_of(plan)
    summary = {
        "answer": verdicts.answer(over_all, studied, baseline, money, what) + (f" Money is {of}." if studied else ""),
        "first_thing": [text for row in [verdicts.lead(studied, over_all)] if row and (text := verdicts.first_thing(row))],
        "boxes": [text for row in studied if (text := verdicts.box_words(row, what))],
        "replications_needed": [text for row in studied if (text := verdicts.needed_words(row, len(plan.seeds), str(folder.path), money))],
        "studied": studied, "what": what,
        **described(ready), "failed_runs": len(outcome.failures), "laws": parts.proof([folder.path], outcome.failures.values()).write(folder), "futures": over_all, "unit": plan.first.settings.market.currency,
        "market": plan.first.settings.market.name, "days": plan.first.settings.days, "period": of,
    }  # fmt: skip
    if race is not None:
        summary["selection"] = told(race, money)
        summary["answer"] = f"{summary['selection']['answer']} {summary['answer']}"
    folder.finish(summary, finished=stamp())
    return summary


def read_runs(folder: ResultFolder, kpi: str | None = None) -> dict[str, Any]:
    """Columns point, strategy, seed, replication, kpi, value of all parts, of one KPI or of all."""
    import pyarrow as pa

    wanted = ("run_id", "point", "strategy", "seed", "replication", "kpi", "value")
    found = [table.select(wanted) for table in parts.tables(folder.path, wanted, () if kpi is None else (kpi,))]
    return dict(pa.concat_tables(found).to_pydict()) if found else {name: [] for name in wanted}


def sweep_command(ready: Prepared, argv: Sequence[str]) -> int:
    """`omosim sweep`: progress with ETA, the answer over all points, where the files are."""
    from omosim.reports.sweep_screen import SweepScreen

    return watched(SweepScreen(len(ready.runs)), lambda tell: sweep_run(ready, argv, tell), lambda screen, done: screen.result(done.summary, done.outcome, done.folder.path))


# ---- again, status, extend ---------------------------------------------------------------------------------------------
def again(old: Path, place: str, argv: Sequence[str]) -> int:
    """The sweep of a folder once more, into another one; returns the exit code."""
    from omosim.config.sweep import compose_sweep

    words = ResultFolder(old, "sweep").read_json("sweep.json")["words"]
    return sweep_command(prepare(compose_sweep([*words, f"output.dir={place}"])), argv)


def status_command(place: str) -> int:
    """`omosim sweep status DIR`: planned, finished and failed runs, and whether the sweep is whole."""
    path = Path(place)
    folder = ResultFolder(path, "sweep")
    content = folder.read_json("sweep.json")
    finished = folder.finished
    failed = [json.loads(line) for file in sorted(path.glob("failures*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]
    done = len(runs_on_disk(path))
    print(f"{path}: {done} of {content['runs']} runs finished, {len(failed)} failed; {'whole' if finished else 'not finished'}")
    for row in failed[:20]:
        print(f"  {row['run_id']} point {row['point']} {row['strategy']} seed {row['seed']} replication {row['replication']}: {row['kind']}: {row['message'][:200]}")
    if failed:
        print(f"One of them alone, with its error: omosim rerun {path} run={failed[0]['run_id']}")
    if not finished:
        print("The same command again goes on: omosim sweep " + " ".join(content["words"]) + f" output.dir={path}")
    return 0


def extended_words(place: str, words: Sequence[str]) -> list[str]:
    """Words of the sweep in a folder, with `replications=+N` or `points=+N` added to it.

    Raises
    ------
    ConfigError : neither is given, or something else is
    """
    from omosim.config.errors import refuse

    content = ResultFolder(place, "sweep").read_json("sweep.json")
    old = {w.partition("=")[0]: w for w in content["words"]}
    grown = {"replications": int(content["replications"]), "points": int(str(old.get("points", "points=64")).partition("=")[2])}
    free = ("jobs", "executor", "scheduler", "budget_s", "shard")
    given = False
    for word in words:
        key, _, value = word.partition("=")
        if key in free:
            old[key] = word
            continue
        if key not in grown or not value.lstrip("+").isdigit():
            raise refuse("a sweep is extended by replications=+N or points=+N", value=word, allowed="replications=+N, points=+N, " + ", ".join(f"{k}=…" for k in free))
        number = int(value.lstrip("+"))
        total = grown[key] + number if value.startswith("+") else number
        if total < grown[key]:
            raise refuse("a sweep does not shrink", key=key, value=value, allowed=f"{grown[key]} or more")
        old[key], given = f"{key}={total}", True
    if not given:
        raise refuse("nothing to extend by", allowed="replications=+N or points=+N", cure="Write omosim sweep extend DIR replications=+10")
    return [*old.values(), f"output.dir={place}"]


def say_checked(done: int, of: int) -> None:
    """Tell how many points have been checked, at each fifth of many."""
    if of >= 1000 and done % (of // 5) == 0:
        sys.stderr.write(f"{done:,} of {of:,} points checked\n")
        sys.stderr.flush()
