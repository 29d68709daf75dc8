"""Body of `omosim validate`: published experiments in, a judged table and a report out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from omosim.api.warming import cold, warm
from omosim.results import ResultFolder, provenance

if TYPE_CHECKING:
    from omosim.validation.plan import Plan
    from omosim.validation.validate import ValidateOutcome


def validate_plan(words: Sequence[str]) -> Plan:
    """What `omosim validate` with these words runs. Raises ConfigError with every problem."""
    from omosim.validation.plan import plan

    return plan(words)


def validate_run(plan: Plan, argv: Sequence[str], progress: Callable[[Any], None] | None = None) -> ValidateOutcome:
    """The validation itself: folder, runs, tables, summary, report; what to print is the caller's."""
    from omosim.api.commands import stamp
    from omosim.config.assumptions import assumptions
    from omosim.reports.write import write_report
    from omosim.validation.validate import validate

    if cold():
        warm()  # once here, not once in each worker
    folder = ResultFolder.create("validate", plan.hash, now=datetime.now(), output_dir=plan.base.output.dir)
    origin = provenance("validate", argv=list(argv), seed=plan.seed, config_hash=plan.hash, started=stamp())
    folder.begin({**origin, "overrides": list(plan.words)}, plan.yaml)
    if plan.composed is not None:
        folder.write_json("assumptions.json", assumptions(plan.composed))
    outcome = validate(plan, folder, progress=progress, finished=stamp)
    write_report(folder)
    return outcome


def validate_command(plan: Plan, argv: Sequence[str]) -> int:
    """`omosim validate`: progress with ETA, the table, the answer, where the report is."""
    from omosim.reports.validate_screen import ValidateScreen
    from omosim.study.book import StudyInterrupted, StudyStopped

    with ValidateScreen(len(plan.planned), plan.options["replications"]) as screen:
        try:
            outcome = validate_run(plan, argv, screen.update)
        except (StudyInterrupted, StudyStopped) as stopped:
            screen.message(str(stopped))
            return stopped.exit_code
    screen.result(outcome.rows, outcome.reported, outcome.folder.summary(), outcome.folder.path / "report.html")
    return outcome.exit_code
