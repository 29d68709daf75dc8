"""`omosim rerun DIR [run=ID]`: repeat a result, or one run of it, from its own configuration."""

from __future__ import annotations

from omosim.cli.flags import Flags
from omosim.cli.words import one_folder


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Run again and compare; returns the exit code."""
    named = [word.removeprefix("run=") for word in words if word.startswith("run=")]
    folder = one_folder("rerun", [word for word in words if not word.startswith("run=")])
    if len(named) > 1 or "" in named:
        from omosim.config.errors import refuse

        raise refuse("one run at a time", key="run", value=" ".join(named) or None, allowed="run=ID", cure="`omosim sweep status DIR` names failed runs")
    from omosim import api

    return int(api.rerun_command(folder, named[0] if named else ""))
