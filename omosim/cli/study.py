"""What `run`, `compare`, `calibrate` and `bopis` share: composing, showing, estimating, several jobs."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from omosim.cli.flags import Flags

if TYPE_CHECKING:
    from omosim.config.compose import Composed


def composed_command(command: str, words: list[str], flags: Flags, argv: list[str]) -> int:
    """Compose the words and hand the settings to the api; with --multirun one job after another."""
    if flags.multirun:
        return _several(command, words, flags, argv)
    from omosim.config.compose import compose

    composed = compose(command, words)
    if flags.cfg:
        sys.stdout.write(composed.yaml)
        return 0
    return _start(composed, argv)


def _start(composed: Composed, argv: list[str]) -> int:
    from omosim.cli.estimate import announce

    announce(composed)
    from omosim import api

    if composed.command == "run":
        return int(api.run_command(composed, argv))
    if composed.command == "compare":
        return int(api.compare_command(composed, argv))
    if composed.command == "bopis":
        return int(api.bopis_command(composed, argv))
    return int(api.calibrate_command(composed, argv))


def _several(command: str, words: list[str], flags: Flags, argv: list[str]) -> int:
    """All jobs are composed before the first one starts, so that none fails late for its words."""
    from omosim.config import experiment
    from omosim.config.compose import compose
    from omosim.config.errors import ConfigError, refuse
    from omosim.config.overrides import expand

    words = experiment.expand(command, words, Path.cwd())[0]
    try:
        jobs = expand([w for w in words if not w.startswith("output.dir=")])
    except ValueError as error:
        raise refuse(str(error), cure="Sweep fewer values") from None
    base = next((w.partition("=")[2] for w in words if w.startswith("output.dir=")), None)
    base = base or f"outputs/multirun/{command}-{hashlib.sha256(' '.join(words).encode()).hexdigest()[:8]}"
    ready, problems = [], []
    for number, job in enumerate(jobs):
        try:
            ready.append(compose(command, [*job, f"output.dir={base}/{number}"]))
        except ConfigError as error:
            problems += [p for p in error.problems if p not in problems]
    if problems:
        raise ConfigError(problems)
    varied = [[w for w in job if any(w not in other for other in jobs)] for job in jobs]
    worst = 0
    for number, composed in enumerate(ready):
        head = f"job {number + 1} of {len(ready)}: {' '.join(varied[number]) or 'as given'} -> {base}/{number}"
        sys.stdout.write(head + "\n")
        if flags.cfg:
            sys.stdout.write(composed.yaml)
            continue
        code = _start(composed, ["omosim", command, *composed.overrides])
        worst = max(worst, code)
        if code == 130:
            return code
    return worst
