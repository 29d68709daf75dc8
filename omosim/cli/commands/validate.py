"""`omosim validate`: published experiments, run again and judged."""

from __future__ import annotations

import sys

from omosim.cli.flags import Flags


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Compose every arm, estimate, run, judge; returns the exit code."""
    from omosim import api

    plan = api.validate_plan(words)
    if flags.cfg:
        sys.stdout.write(plan.yaml)
        return 0
    from omosim.cli.estimate import announce_validation

    announce_validation(plan)
    return int(api.validate_command(plan, argv))
