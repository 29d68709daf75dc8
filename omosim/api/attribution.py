"""Body of `omosim attribute`: one strategy in; credits, true effects, what shifts of the budget earn, and a report out."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from omosim.api.batch import ahead, workers_of
from omosim.api.commands import begin, period, stamp
from omosim.api.warming import cold, warm
from omosim.api.watching import watched
from omosim.results import ResultFolder, code_version
from omosim.study import attribute as tables
from omosim.study import parts
from omosim.study.attribute import AS_IT_IS, NO_MEDIA, NO_TALK, Figures, moved, off
from omosim.study.attribution import MODELS
from omosim.study.shards import Planned, ShardStore, cut
from omosim.study.switching import PAID, Point, Shift, points, with_budgets, without, without_word_of_mouth

if TYPE_CHECKING:
    from omosim.config.commands import AttributeSettings
    from omosim.config.compose import Composed
    from omosim.schema.settings import Settings
    from omosim.study.executor import Executor
    from omosim.study.progress import Progress
    from omosim.study.sweep import SweepOutcome

ENTRY = "omosim.study.attribute_task:run_task"
#: folder of the runs with budgets moved, which are known only when the first ones are there
LATER = "shifts"
NOT_ASKED = "not switched off in this study"


@dataclass
class AttributeStudy:
    """A study that is ready to run.

    points : touchpoints present; off : those that are switched off in turn; runs : of the first part, in order
    """

    composed: Composed
    settings: Settings
    options: AttributeSettings
    points: list[Point]
    off: list[Point]
    runs: list[Planned] = field(default_factory=list)
    _tasks: dict[str, bytes] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    @property
    def most_shifts(self) -> int:
        """Shifts of the budget that there can be: one a model and level, and that of the truth, and no two alike."""
        paid = sum(p.kind == PAID for p in self.points)
        return min(len(MODELS) * (len(self.options.identity_loss) + 1) + 1, paid * (paid - 1))

    def plan(self, arms: Mapping[str, Settings]) -> list[Planned]:
        """The runs of some arms, replication by replication; the run as it is also reads its log."""
        from omosim.model.run import deciding
        from omosim.study.runs import run_id

        code = code_version()
        ids: dict[str, str] = {}
        for arm, settings in arms.items():
            losses = self.options.identity_loss if arm == AS_IT_IS else None
            head = f'{{"losses": {json.dumps(losses)}, "settings": '
            ids[arm] = f"{head}{deciding(settings)}}}"
            self._tasks[arm] = zlib.compress(f"{head}{settings.model_dump_json(exclude={'output'})}}}".encode(), 1)
            self._numbers.setdefault(arm, len(self._numbers))
        first, name = self.settings.replication, self.settings.scenario.name
        return [
            Planned(run_id(ids[arm], code=code, data_hash="", seed=self.settings.seed, replication=r), self._numbers[arm], arm, name, self.settings.seed, r)
            for r in range(first, first + self.options.replications)
            for arm in arms
        ]

    def task(self, item: Planned) -> str:
        """The JSON task of a run."""
        text = zlib.decompress(self._tasks[item.strategy]).decode()
        head = json.dumps({"run_id": item.run_id, "arm": item.strategy, "replication": item.replication, "seed": item.seed})
        return f"{head[:-1]}, {text[1:]}"


def prepare(composed: Composed) -> AttributeStudy:
    """Find the touchpoints that are present, and plan the run as it is and one without each.

    Raises
    ------
    ConfigError : `off` names a touchpoint that is not there or cannot be switched off
    """
    from omosim.config.commands import AttributeSettings
    from omosim.strategy.build import enabled

    options = AttributeSettings.model_validate(composed.options)
    settings = composed.settings.model_copy(update={"output": composed.settings.output.model_copy(update={"touches": False})})
    dated = [c.capability or "" for c in settings.scenario.interventions if c.what == "capability" and c.set]
    found = points(settings, [*enabled(settings.strategy), *dated])
    chosen = _chosen(found, options.off)
    found = [p if p.why_not or p in chosen else replace(p, why_not=NOT_ASKED) for p in found]
    study = AttributeStudy(composed, settings, options, found, chosen)
    arms = {AS_IT_IS: settings, **{off(p.name): without(settings, p.name) for p in study.off}}
    paid = [p.name for p in study.off if p.kind == PAID]
    if len(paid) > 1:
        arms[NO_MEDIA] = without(settings, *paid)
    if settings.market.word_of_mouth.tell > 0:
        arms[NO_TALK] = without_word_of_mouth(settings)
    study.runs = study.plan(arms)
    return study


def _chosen(found: Sequence[Point], names: Sequence[str]) -> list[Point]:
    from omosim.config.errors import ConfigError, Problem, nearest, show

    can = {p.name: p for p in found if not p.why_not}
    if not names:
        return list(can.values())
    problems = []
    for name in names:
        if name not in can:
            why = next((f": {p.why_not}" for p in found if p.name == name), "; it is not present in this strategy")
            problems.append(Problem("cannot be switched off" + why, key="off", value=show(name), allowed=", ".join(can), near=nearest(name, can)))
    if problems:
        raise ConfigError(problems)
    return [p for p in can.values() if p.name in names]


@dataclass
class AttributeOutcome:
    """A study that has ended: where it is, its summary, and the runs of both parts."""

    folder: ResultFolder
    summary: dict[str, Any]
    first: SweepOutcome
    later: SweepOutcome | None
    exit_code: int

    @property
    def failures(self) -> dict[str, Any]:
        """Run id -> failure."""
        return {**self.first.failures, **(self.later.failures if self.later else {})}


def attribute_run(study: AttributeStudy, argv: Sequence[str], progress: Callable[[Progress], None] = lambda _: None, workers: Callable[[], Executor] | None = None) -> AttributeOutcome:
    """Run what is missing: first the run as it is and one without each touchpoint, then those with budgets moved; write the tables.

    Raises
    ------
    StudyInterrupted : on Ctrl-C; finished runs are kept
    """
    from omosim.reports.write import write_report
    from omosim.study.failures import write_failures
    from omosim.study.sweep import failure_rows

    if cold():
        warm()
    folder = begin("attribute", study.composed, argv).folder
    make = workers or (lambda: workers_of(study.options, ENTRY, study.settings.engine.threads))
    first = _part(study, folder, study.runs, make, progress)
    figures = read_figures(folder, study)
    plans = tables.recommended(figures, study.points, study.options.identity_loss, study.options.shift)
    spend = tables.spending(figures, study.points)
    arms = {moved(plan): with_budgets(study.settings, plan.factors(spend)) for plan in plans.values()}
    more = study.plan(arms)
    later = None
    if more:
        later = _part(study, ResultFolder(folder.path / LATER, "attribute"), more, make, progress)
        read_figures(ResultFolder(folder.path / LATER, "attribute"), study, figures)
    failures = {**first.failures, **(later.failures if later else {})}
    write_failures(folder, failure_rows(failures, [*study.runs, *more]))
    laws = parts.proof([folder.path, folder.path / LATER], failures.values()).write(folder)
    summary = conclude(study, folder, figures, plans, {"failed_runs": len(failures), "laws": laws})
    write_report(folder)
    code = max((o.exit_code for o in (first, later) if o is not None), default=0)
    return AttributeOutcome(folder, summary, first, later, code)


def _part(study: AttributeStudy, folder: ResultFolder, runs: Sequence[Planned], make: Callable[[], Executor], progress: Callable[[Progress], None]) -> SweepOutcome:
    """Run what is missing of a part, in its own folder of shards."""
    from omosim.study.sweep import sweep

    store = ShardStore(folder, cut(runs))
    with closing(make()) as workers:
        return sweep(store, study.task, workers, mine=range(len(store.parts)), window=ahead(workers, study.options.jobs), progress=progress)


def read_figures(folder: ResultFolder, study: AttributeStudy, into: Figures | None = None) -> Figures:
    """Figures of all runs under a folder."""
    figures = into or Figures(study.options.replications)
    for arm, replication, name, value in parts.rows(folder.path, ("strategy", "replication", "kpi", "value")):
        figures.put(arm, replication - study.settings.replication, name, value)
    return figures


def conclude(study: AttributeStudy, folder: ResultFolder, figures: Figures, plans: Mapping[tuple[str, str], Shift], runs: Mapping[str, Any]) -> dict[str, Any]:
    """The tables and the summary; `runs` says how many failed and what they say of the laws."""
    from omosim.study.attribute_summary import summarise

    settings, losses = study.settings, study.options.identity_loss
    unit = f"minor {settings.market.currency}"
    rows = {
        "attribution": tables.attribution_rows(figures, study.points, losses, unit), "errors": tables.error_rows(figures, study.points, losses),
        "shifts": tables.shift_rows(figures, plans, unit, study.points, losses), "transitions": tables.transition_rows(figures, losses), "paths": tables.path_rows(figures, losses),
    }  # fmt: skip
    for name, table in rows.items():
        _write(folder, name, table)
    summary = {
        "strategy": settings.strategy.name, "scenario": settings.scenario.name, "market": settings.market.name, "days": settings.days, "shoppers": settings.shoppers,
        "period": period(settings), "seed": settings.seed, "replications": study.options.replications, "shift": study.options.shift, "unit": unit,
        **runs, **summarise(figures, study.points, rows, losses),
    }  # fmt: skip
    folder.finish(summary, finished=stamp())
    return summary


_TEXTS = ("touchpoint", "title", "kind", "model", "level", "unit", "reason", "from", "to")
_FLAGS = ("counted", "nearest", "told_from_nearest")
_COLUMNS = {
    "shifts": ("model", "level", "identity_loss", "from", "to", "money", "promised_revenue", "promised_gross_profit", *(f"{name}{end}" for name in ("earned_revenue", "earned_gross_profit", "earned_operating_profit", "against_truth") for end in ("", "_low", "_high")), "unit", "reason"),
    "transitions": ("level", "identity_loss", "from", "to", "count", "share"),
    "paths": ("level", "identity_loss", "touches", "purchases", "share"),
}  # fmt: skip


def _write(folder: ResultFolder, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table with the same columns whether or not anything is in it."""
    names = list(rows[0]) if rows else list(_COLUMNS.get(name, ("model",)))
    types = {n: "string" if n in _TEXTS else "bool" if n in _FLAGS else "int64" if n in ("touches", "touchpoints", "pairs") else "float64" for n in names}
    folder.write_table(name, {n: [row[n] for row in rows] for n in names}, types=types)


def attribute_command(study: AttributeStudy, argv: Sequence[str]) -> int:
    """`omosim attribute`: progress with ETA, the answer, the tables, where the report is."""
    from omosim.reports.attribute_screen import AttributeScreen

    return watched(AttributeScreen(len(study.runs)), lambda tell: attribute_run(study, argv, tell), lambda screen, done: screen.result(done))
