"""`omosim flip`: where which strategy pays, over one or two ranges."""

from __future__ import annotations

import sys

from omosim.cli.flags import Flags


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Compose the strategies, check the corners, estimate, refine; returns the exit code."""
    from omosim.config.flip import compose_flip

    plan = compose_flip(words)
    if flags.cfg:
        sys.stdout.write(plan.yaml)
        return 0
    from omosim.api.flips import flip_command
    from omosim.cli.estimate import announce_runs

    keys = " x ".join(f"{f.key} {f.low:g} to {f.high:g}" for f in plan.factors)
    arms = [base.settings for base in plan.sweep.bases.values()]
    announce_runs(f"{len(arms)} strategies over {keys}: up to", arms, plan.options.runs, plan.options, plan.sweep.notes)
    return flip_command(plan, argv)
