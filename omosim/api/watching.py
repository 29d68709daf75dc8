"""One command of a study at work: progress on its screen, then what it found, or how it ended before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omosim.reports.terminal import StudyScreen


def watched[Screen: StudyScreen](screen: Screen, work: Callable[[Callable[[Any], None]], Any], show: Callable[[Screen, Any], None]) -> int:
    """Run a study under its screen; returns the exit code.

    Parameters
    ----------
    screen : shows the progress; also says why a study was interrupted or stopped
    work : runs the study, given what is to be told of its progress; its outcome has an exit_code
    show : puts the outcome on the screen, once the progress has ended
    """
    from omosim.study.book import StudyInterrupted, StudyStopped

    with screen:
        try:
            outcome = work(screen.update)
        except (StudyInterrupted, StudyStopped) as stopped:
            screen.message(str(stopped))
            return stopped.exit_code
    show(screen, outcome)
    return int(outcome.exit_code)
