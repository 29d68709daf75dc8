"""`omosim bopis`: pickup capacity of a store from its order file."""

from __future__ import annotations

from omosim.cli.flags import Flags
from omosim.cli.study import composed_command


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Compose and plan; returns the exit code."""
    return composed_command("bopis", words, flags, argv)
