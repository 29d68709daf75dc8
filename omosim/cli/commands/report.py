"""`omosim report DIR`: the report again, from the files of a result folder."""

from __future__ import annotations

from omosim.cli.flags import Flags
from omosim.cli.words import one_folder


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Build the report; returns the exit code."""
    folder = one_folder("report", words)
    from omosim import api

    return int(api.report_command(folder))
