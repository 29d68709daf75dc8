"""`omosim calibrate`: a market fitted to an order file."""

from __future__ import annotations

from omosim.cli.flags import Flags
from omosim.cli.study import composed_command


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Compose and fit; returns the exit code."""
    from omosim.reports.language import speaking

    with speaking():
        return composed_command("calibrate", words, flags, argv)
