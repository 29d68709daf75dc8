"""Body of `omosim claims`: claims in, a table of readings and a report out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from omosim.api.warming import cold, warm
from omosim.results import ResultFolder, provenance

if TYPE_CHECKING:
    from omosim.validation.claims import ClaimsOutcome, ClaimsPlan


def claims_plan(words: Sequence[str]) -> ClaimsPlan:
    """What `omosim claims` with these words runs. Raises ConfigError with every problem."""
    from omosim.validation.claims import plan

    return plan(words)


def claims_run(plan: ClaimsPlan, argv: Sequence[str], progress: Callable[[Any], None] | None = None) -> ClaimsOutcome:
    """The study itself: folder, runs, table, summary, report; what to print is the caller's."""
    from omosim.api.commands import stamp
    from omosim.config.assumptions import assumptions
    from omosim.reports.write import write_report
    from omosim.validation.claims import claims

    if plan.planned and cold():
        warm()  # once here, not once in each worker
    folder = ResultFolder.create("claims", plan.hash, now=datetime.now(), output_dir=plan.base.output.dir)
    origin = provenance("claims", argv=list(argv), seed=plan.seed, config_hash=plan.hash, started=stamp())
    folder.begin({**origin, "overrides": list(plan.words)}, plan.yaml)
    if plan.composed is not None:
        folder.write_json("assumptions.json", assumptions(plan.composed))
    outcome = claims(plan, folder, progress=progress, finished=stamp)
    write_report(folder)
    return outcome


def claims_command(plan: ClaimsPlan, argv: Sequence[str]) -> int:
    """`omosim claims`: progress with ETA, the table, the readings, where the report is."""
    from omosim.reports.claims_screen import ClaimsScreen
    from omosim.study.book import StudyInterrupted, StudyStopped

    with ClaimsScreen(len(plan.claims), plan.options["replications"]) as screen:
        try:
            outcome = claims_run(plan, argv, screen.update)
        except (StudyInterrupted, StudyStopped) as stopped:
            screen.message(str(stopped))
            return stopped.exit_code
    screen.result(outcome.rows, outcome.folder.summary(), outcome.folder.path / "report.html")
    return outcome.exit_code
