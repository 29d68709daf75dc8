"""`omosim sweep`: many runs over a design; `status` and `extend` of one that is there."""

from __future__ import annotations

import os
import shlex
import sys

from omosim.cli.flags import Flags


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Compose, check every point, estimate, run or go on; returns the exit code."""
    from omosim import api

    if words[:1] == ["status"]:
        return int(api.sweep_status(_folder(words, 2)))
    if words[:1] == ["extend"]:
        folder = _folder(words, None)
        words = api.sweep_extended(folder, words[2:])
        sys.stderr.write("omosim sweep " + shlex.join(words) + "\n")
    from omosim.config.sweep import compose_sweep

    plan = compose_sweep(words)
    if flags.cfg:
        sys.stdout.write(plan.first.yaml)
        return 0
    ready = api.sweep_prepare(plan)
    from omosim.cli.estimate import announce_sweep

    announce_sweep(ready)
    return int(api.sweep_command(ready, argv))


def _folder(words: list[str], length: int | None) -> str:
    """The folder behind `status` or `extend`."""
    from omosim.config.errors import refuse

    if len(words) < 2 or (length is not None and len(words) != length) or "=" in words[1]:
        raise refuse(f"sweep {words[0]} takes a folder", cure=f"Write omosim sweep {words[0]} outputs/sweep/latest")
    folder = os.path.realpath(words[1]) if os.path.islink(words[1]) else words[1]
    if not os.path.isfile(os.path.join(folder, "sweep.json")):
        raise refuse("no sweep is in this folder", value=words[1], cure="Give the folder that `omosim sweep` named, as outputs/sweep/latest")
    return folder
