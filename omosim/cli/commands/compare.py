"""`omosim compare`: strategies against a baseline."""

from __future__ import annotations

from omosim.cli.flags import Flags
from omosim.cli.study import composed_command


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Compose, estimate, compare; returns the exit code."""
    return composed_command("compare", words, flags, argv)
