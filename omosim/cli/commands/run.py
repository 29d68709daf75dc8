"""`omosim run`: one strategy."""

from __future__ import annotations

from omosim.cli.flags import Flags
from omosim.cli.study import composed_command


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Compose, estimate, simulate; returns the exit code."""
    return composed_command("run", words, flags, argv)
