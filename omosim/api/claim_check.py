"""Body of `omosim claims`: claims in, a table of readings and a report out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from omosim.api.validation import begun
from omosim.api.watching import watched

if TYPE_CHECKING:
    from omosim.validation.claims import ClaimsOutcome, ClaimsPlan


def claims_plan(words: Sequence[str]) -> ClaimsPlan:
    """What `omosim claims` with these words runs. Raises ConfigError with every problem."""
    from omosim.validation.claims import plan

    return plan(words)


def claims_run(plan: ClaimsPlan, argv: Sequence[str], progress: Callable[[Any], None] | None = None) -> ClaimsOutcome:
    """The study itself: folder, runs, table, summary, report; what to print is the caller's."""
    from omosim.api.commands import stamp
    from omosim.reports.write import write_report
    from omosim.validation.claims import claims

    folder = begun("claims", plan, argv)
    outcome = claims(plan, folder, progress=progress, finished=stamp)
    write_report(folder)
    return outcome


def claims_command(plan: ClaimsPlan, argv: Sequence[str]) -> int:
    """`omosim claims`: progress with ETA, the table, the readings, where the report is."""
    from omosim.reports.claims_screen import ClaimsScreen

    return watched(ClaimsScreen(len(plan.claims), plan.options["replications"]), lambda tell: claims_run(plan, argv, tell), lambda screen, done: screen.result(done.rows, done.folder.summary(), done.folder.path / "report.html"))
