"""`omosim twin new|update|report …`: a retailer's data kept, judged and learnt from."""

from __future__ import annotations

import sys

from omosim.cli.flags import Flags


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """The action, then its settings; returns the exit code."""
    from omosim.api.twin import ACTIONS
    from omosim.cli.table import COMMANDS
    from omosim.config.compose import compose
    from omosim.config.errors import nearest, refuse, show

    action = words[0] if words and "=" not in words[0] else ""
    if action not in ACTIONS:
        what = "no such action of twin" if action else "twin needs an action"
        near = nearest(action, ACTIONS) if action else None
        raise refuse(what, value=show(action) if action else None, allowed=", ".join(ACTIONS), near=near, cure=f"Write {COMMANDS['twin'].usage}")
    composed = compose("twin", words[1:])
    if flags.cfg:
        sys.stdout.write(composed.yaml)
        return 0
    from omosim.reports.language import speaking

    with speaking():
        return int(ACTIONS[action](composed, argv))
