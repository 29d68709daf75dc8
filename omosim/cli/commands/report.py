"""`omosim report DIR`: the report again, from the files of a result folder, in one format or several."""

from __future__ import annotations

from omosim.cli.flags import Flags
from omosim.cli.words import one_folder


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Build the report; returns the exit code."""
    asked = [word for word in words if word.startswith("format=")]
    folder = one_folder("report", [word for word in words if word not in asked])
    from omosim import api

    return int(api.report_command(folder, asked[-1].removeprefix("format=") if asked else "html"))
