"""`omosim attribute`: credits of attribution models beside the true effect of each touchpoint."""

from __future__ import annotations

import sys

from omosim.cli.flags import Flags


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Compose, estimate, run or go on; returns the exit code."""
    from omosim.config.compose import compose

    composed = compose("attribute", words)
    if flags.cfg:
        sys.stdout.write(composed.yaml)
        return 0
    from omosim import api

    study = api.attribute_prepare(composed)
    from omosim.cli.estimate import announce_attribution

    announce_attribution(study)
    return int(api.attribute_command(study, argv))
