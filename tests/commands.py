"""A command line run in the tests' own process: what a process of its own costs is spent where it is the point."""

import contextlib
import io
from pathlib import Path
from typing import NamedTuple

from omosim.cli.main import main


class Done(NamedTuple):
    """What `subprocess.run` would tell of it."""

    returncode: int
    stdout: str
    stderr: str


def here(words: list[str], folder: Path) -> Done:
    """Run `omosim WORDS` in a folder."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    return Done(code, out.getvalue(), err.getvalue())
