"""Body of `omosim validate`: published experiments in, a judged table and a report out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from omosim.api.warming import cold, warm
from omosim.api.watching import watched
from omosim.results import ResultFolder, provenance

if TYPE_CHECKING:
    from omosim.validation.claims import ClaimsPlan
    from omosim.validation.plan import Plan
    from omosim.validation.validate import ValidateOutcome


def validate_plan(words: Sequence[str]) -> Plan:
    """What `omosim validate` with these words runs. Raises ConfigError with every problem."""
    from omosim.validation.plan import plan

    return plan(words)


def validate_run(plan: Plan, argv: Sequence[str], progress: Callable[[Any], None] | None = None) -> ValidateOutcome:
    """The validation itself: folder, runs, tables, summary, report; what to print is the caller's."""
    from omosim.api.commands import stamp
    from omosim.reports.write import write_report
    from omosim.validation.validate import validate

    folder = begun("validate", plan, argv)
    outcome = validate(plan, folder, progress=progress, finished=stamp)
    write_report(folder)
    return outcome


def begun(command: str, plan: Plan | ClaimsPlan, argv: Sequence[str]) -> ResultFolder:
    """The open result folder of published experiments or claims, with where its figures come from; kernels are compiled where runs follow."""
    from omosim.api.commands import stamp
    from omosim.config.assumptions import assumptions

    if plan.planned and cold():
        warm()  # once here, not once in each worker
    folder = ResultFolder.create(command, plan.hash, now=datetime.now(), output_dir=plan.base.output.dir)
    origin = provenance(command, argv=list(argv), seed=plan.seed, config_hash=plan.hash, started=stamp())
    folder.begin({**origin, "overrides": list(plan.words)}, plan.yaml)
    if plan.composed is not None:
        folder.write_json("assumptions.json", assumptions(plan.composed))
    return folder


def validate_command(plan: Plan, argv: Sequence[str]) -> int:
    """`omosim validate`: progress with ETA, the table, the answer, where the report is."""
    from omosim.reports.validate_screen import ValidateScreen

    return watched(ValidateScreen(len(plan.planned), plan.options["replications"]), lambda tell: validate_run(plan, argv, tell), lambda screen, done: screen.result(done.rows, done.reported, done.folder.summary(), done.folder.path / "report.html"))
