"""`omosim rerun DIR`: repeat a result from its own configuration."""

from __future__ import annotations

from omosim.cli.flags import Flags
from omosim.cli.words import one_folder


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Run again and compare; returns the exit code."""
    folder = one_folder("rerun", words)
    from omosim import api

    return int(api.rerun_command(folder))
