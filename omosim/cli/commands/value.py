"""`omosim value`: what each capability is worth on the way from one strategy to another."""

from __future__ import annotations

import sys

from omosim.cli.flags import Flags


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Compose both strategies, check every coalition, estimate, run, value; returns the exit code."""
    from omosim.config.value import compose_value

    plan = compose_value(words)
    if flags.cfg:
        sys.stdout.write(plan.yaml)
        return 0
    from omosim.api.valuation import prepare_value, value_command
    from omosim.cli.estimate import announce_value

    study = prepare_value(plan)
    announce_value(study)
    return value_command(study, argv)
