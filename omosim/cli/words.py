"""Words that commands take besides key=value."""

from __future__ import annotations

from pathlib import Path

from omosim.cli.table import COMMANDS
from omosim.config.errors import refuse, show


def one_folder(command: str, words: list[str]) -> str:
    """The one folder that a command needs; ConfigError otherwise."""
    usage = COMMANDS[command].usage
    if len(words) != 1:
        what = "no folder given" if not words else f"{len(words)} words given"
        raise refuse(what, value=show(" ".join(words)) if words else None, allowed="one folder", cure=f"Write {usage}")
    folder = words[0].removeprefix("dir=")
    if command != "init" and not Path(folder).exists():
        raise refuse(
            "no such folder",
            value=show(folder),
            cure="Results stand in outputs/<command>/; outputs/<command>/latest is the last one",
        )
    return folder
