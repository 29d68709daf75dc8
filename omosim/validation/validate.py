"""`validate`: every arm of every experiment in paired replications, then effects, intervals and verdicts.

The main loop is the comparison's: content-addressed runs on an executor, kept as they finish. Arms whose settings are
equal, in whatever experiment, share their runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omosim.model.run import deciding
from omosim.results import ResultFolder, code_version
from omosim.study import tabulate
from omosim.study.book import Book, FailedRun, gather, runs_kept, submit
from omosim.study.compare import Teller
from omosim.study.executor import Executor, make_executor
from omosim.study.failures import write_failures
from omosim.study.progress import Progress
from omosim.study.runs import RunStore
from omosim.validation.effects import NEUTRAL, OF_SHARES, effect, estimate, judge, parts_of, rounded
from omosim.validation.experiment import Outcome
from omosim.validation.measures import MEASURES
from omosim.validation.plan import Plan, Planned, reading_of

ENTRY = "omosim.validation.worker:run_task"


@dataclass(frozen=True)
class ValidateOutcome:
    """What a validation found; the same stands in the folder's files.

    effects : (pattern, outcome) -> the effect in each replication, None where it has none
    """

    folder: ResultFolder
    answer: str
    rows: list[dict[str, Any]]
    reported: list[dict[str, Any]]
    effects: dict[tuple[str, str], list[float | None]]
    failures: list[FailedRun]
    exit_code: int


@dataclass(frozen=True)
class Cells:
    """The different runs of a plan.

    arms: cell -> JSON of what decides its runs and what is read in them (gives the run id); full: the same with all
    settings; of: (experiment, arm) -> cell.
    """

    arms: dict[str, str]
    full: dict[str, str]
    of: dict[tuple[str, str], str]


def cells(plan: Plan) -> Cells:
    """Arms with equal settings become one cell, in which everything is read that any outcome asks of it."""
    texts: dict[str, str] = {}
    of: dict[tuple[str, str], str] = {}
    settings: dict[str, Any] = {}
    for one in plan.planned:
        for arm, found in one.arms.items():
            cell = texts.setdefault(deciding(found), f"{one.experiment.name}/{arm}")
            of[one.experiment.name, arm] = cell
            settings.setdefault(cell, found)
    wanted: dict[str, dict[str, Any]] = {cell: {} for cell in settings}
    for one in plan.planned:
        for outcome in one.experiment.outcomes:
            for arm in one.experiment.arms_of(outcome):
                for group in outcome.groups:
                    reading = reading_of(outcome, group)
                    wanted[of[one.experiment.name, arm]][reading["key"]] = reading
    used = [cell for cell in settings if wanted[cell]]
    readings = {cell: [wanted[cell][key] for key in sorted(wanted[cell])] for cell in used}
    text_of = {cell: text for text, cell in texts.items()}
    arms = {c: json.dumps({"settings": json.loads(text_of[c]), "readings": readings[c]}, sort_keys=True, ensure_ascii=False) for c in used}
    full = {c: json.dumps({"settings": settings[c].model_dump(mode="json", exclude={"output"}), "readings": readings[c]}, ensure_ascii=False) for c in used}
    return Cells(arms, full, of)


def validate(
    plan: Plan,
    folder: ResultFolder,
    *,
    progress: Callable[[Progress], None] | None = None,
    executor: Executor | None = None,
    finished: Callable[[], str | None] = lambda: None,
    code: str | None = None,
) -> ValidateOutcome:
    """Run a plan and write its tables into `folder`.

    Parameters
    ----------
    plan : experiments with the settings of their arms
    folder : an open result folder; finished runs in it are taken up
    progress : told after each finished run
    executor : where runs are done; default by the plan's `jobs`
    finished : gives the time stamp at the end
    code : part of the run ids, default the hash of the package's files

    Raises
    ------
    StudyInterrupted : Ctrl-C; finished runs are kept
    StudyStopped : bad input (2) or a broken law (4)
    """
    made, book = run_cells(plan, folder, progress=progress, executor=executor, code=code)
    return _publish(plan, made, book, plan.options["replications"], folder, finished)


def run_cells(
    plan: Plan,
    folder: ResultFolder,
    *,
    progress: Callable[[Progress], None] | None = None,
    executor: Executor | None = None,
    code: str | None = None,
) -> tuple[Cells, Book]:
    """Every different run of a plan, as often as it says; parameters and errors as in `validate`."""
    replications, jobs = plan.options["replications"], plan.options["jobs"]
    made = cells(plan)
    book = Book(made.arms, next(iter(made.arms)), plan.seed)
    book.plan(replications, code=code if code is not None else code_version())
    store = RunStore(folder)
    workers = executor or make_executor(ENTRY, jobs, threads=plan.base.engine.threads)
    tell = Teller(progress, book, replications)
    with runs_kept(book, folder, workers):
        submit(book, replications, store, workers, made.full)
        gather(book, replications, store, workers, tell)
    return made, book


# ---- from runs to rows -----------------------------------------------------------------------------------------
def rows_of(one: Planned, made: Cells, book: Book, replications: int) -> Iterator[tuple[dict[str, Any], list[float | None]]]:
    """A row an outcome of an experiment, judged or reported, and the effect in each replication."""
    found = effects_of(one, made, book, replications)
    for outcome in one.experiment.outcomes:
        yield _row(one, outcome, one.experiment.arms_of(outcome), found[outcome.name]), found[outcome.name]


def effects_of(one: Planned, made: Cells, book: Book, replications: int) -> dict[str, list[float | None]]:
    """Outcome -> its effect in each replication, None where undefined or not run."""
    effects: dict[str, tuple[list[float | None], float]] = {}
    out: dict[str, list[float | None]] = {}
    name = one.experiment.name
    for outcome in one.experiment.outcomes:
        arms = one.experiment.arms_of(outcome)
        x = [one.experiment.arms[arm].x or 0.0 for arm in arms]
        read = [
            [tabulate.values(book, made.of[name, arm], reading_of(outcome, group)["key"], replications) for arm in arms]
            for group in outcome.groups
        ]
        values = [effect(outcome.statistic, [[arm[r] for arm in group] for group in read], x) for r in range(replications)]
        effects[outcome.name] = values, NEUTRAL[outcome.statistic]
        if outcome.of is not None:
            other, neutral = effects[outcome.of]
            values = parts_of(values, other, NEUTRAL[outcome.statistic], neutral)
        out[outcome.name] = rounded([None if v is None else v * outcome.scale / outcome.per for v in values])
    return out


def _row(one: Planned, outcome: Outcome, arms: Sequence[str], values: list[float | None]) -> dict[str, Any]:
    found = estimate(values)
    low, high = outcome.band if outcome.band is not None else (None, None)
    verdict = None if outcome.report_only else judge(found, outcome.band, outcome.sign, outcome.neutral)
    unit = unit_of(one, outcome)
    return {
        "pattern": one.experiment.name, "outcome": outcome.name, "arms": " / ".join(arms), "measure": outcome.measure,
        "statistic": outcome.statistic, "unit": unit, "published": outcome.published, "band_low": low, "band_high": high,
        "sign": outcome.sign, "neutral": outcome.neutral, "simulated": found.value, "ci_low": found.ci_low, "ci_high": found.ci_high,
        "replications": found.replications, "fitted": outcome.fitted, "verdict": verdict, "reason": found.reason, "note": outcome.note,
    }  # fmt: skip


def unit_of(one: Planned, outcome: Outcome) -> str:
    """Unit in which an outcome's effect is shown."""
    money = outcome.statistic in ("level", "difference", "slope") and outcome.of is None
    unit = MEASURES[outcome.measure].unit if money else "share" if outcome.statistic in OF_SHARES else "1"
    return outcome.unit or (f"minor {next(iter(one.arms.values())).market.currency}" if unit == "minor" else unit)


TYPES = {
    **dict.fromkeys(("band_low", "band_high", "neutral", "simulated", "ci_low", "ci_high"), "float64"),
    **dict.fromkeys(("pattern", "outcome", "arms", "measure", "statistic", "unit", "published", "sign", "verdict", "reason", "note"), "string"),
    "replications": "int64", "fitted": "bool",
}  # fmt: skip
MEANINGS = {
    "pattern": "experiment", "published": "what the source says", "band_low": "least effect that holds", "band_high": "largest",
    "sign": "side on which the interval must lie", "neutral": "the effect of nothing", "simulated": "mean effect over paired replications",
    "ci_low": "lower end of its 95 % interval", "ci_high": "upper end", "fitted": "a parameter was set with this figure in view",
    "verdict": "holds | outside | wrong_sign | cannot_tell", "reason": "why something is null",
    "replication": "number of the paired replication", "value": "effect in it",
}  # fmt: skip


def _publish(plan: Plan, made: Cells, book: Book, replications: int, folder: ResultFolder, finished: Callable[[], str | None]) -> ValidateOutcome:
    """Write every table from the finished runs alone, the summary last."""
    found = [pair for one in plan.planned for pair in rows_of(one, made, book, replications)]
    everything, effects = [row for row, _ in found], {(row["pattern"], row["outcome"]): values for row, values in found}
    judged = [row for row in everything if row["verdict"] is not None]
    reported = [{k: v for k, v in row.items() if k != "verdict"} for row in everything if row["verdict"] is None]
    for name, rows in (("validation", judged), ("reported", reported)):
        columns = [c for c in everything[0] if name == "validation" or c != "verdict"]
        folder.write_table(name, {c: [row[c] for row in rows] for c in columns}, meanings=MEANINGS, types={c: TYPES[c] for c in columns})
    folder.write_table("effects", effects_table(effects), meanings=MEANINGS, types={"value": "float64"})
    folder.write_table("runs", *tabulate.runs_table(book, replications, plan.base.scenario.name))
    laws = tabulate.law_proof(book, replications).write(folder)
    failures = book.failed(replications)
    write_failures(folder, (f.row() for f in failures))
    text = answer(judged)
    experiments = [
        {"name": e.name, "title": e.title, "source": e.source, "published": e.published, "horizon": e.horizon, "arms": list(e.arms),
         "shoppers": next(iter(one.arms.values())).shoppers, "market": next(iter(one.arms.values())).market.name}
        for one in plan.planned for e in (one.experiment,)
    ]  # fmt: skip
    summary = {
        "answer": text, "seed": plan.seed, "replications": replications, "failed_runs": len(failures), "laws": laws, "confidence": 0.95,
        "counts": counts(judged), "experiments": experiments, "validation": judged, "reported": reported,
    }  # fmt: skip
    folder.finish(summary, finished=finished())
    return ValidateOutcome(folder, text, judged, reported, effects, failures, 3 if failures else 0)


def effects_table(effects: Mapping[tuple[str, str], Sequence[float | None]]) -> dict[str, list[Any]]:
    """Columns of effects.parquet: a row an outcome and replication."""
    rows = [(pattern, outcome, r, value) for (pattern, outcome), values in effects.items() for r, value in enumerate(values)]
    return {name: [row[i] for row in rows] for i, name in enumerate(("pattern", "outcome", "replication", "value"))}


def counts(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Rows by verdict."""
    return {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in ("holds", "outside", "wrong_sign", "cannot_tell")}


def answer(rows: Sequence[dict[str, Any]]) -> str:
    """The result in two sentences; predicted rows are counted apart, for fitted ones are no evidence."""
    if not rows:
        return "Nothing was judged: every outcome is reported only."
    found, free = counts(rows), [row for row in rows if not row["fitted"]]
    words = [f"{found['outside']} outside their band", f"{found['wrong_sign']} with the wrong sign", f"{found['cannot_tell']} cannot be told"]
    text = f"Published figures that hold: {found['holds']} of {len(rows)}; {', '.join(words)}."
    return text if not free else f"{text} Of those that no parameter was set for: {counts(free)['holds']} of {len(free)} hold."
