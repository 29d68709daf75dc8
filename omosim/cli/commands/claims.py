"""`omosim claims`: published success stories, as they were read and as paired runs read them."""

from __future__ import annotations

import sys

from omosim.cli.flags import Flags


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Compose every arm, estimate, run, put into words; returns the exit code."""
    from omosim import api

    plan = api.claims_plan(words)
    if flags.cfg:
        sys.stdout.write(plan.yaml)
        return 0
    from omosim.cli.estimate import announce_validation

    announce_validation(plan, "claims that are run")
    return int(api.claims_command(plan, argv))
