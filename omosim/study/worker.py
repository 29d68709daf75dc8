"""The worker's side of the process pool: JSON lines in, JSON lines out, one task at a time.

Started as a fresh interpreter that is told only strings: the parent's module path and the entry's name. Whatever the
entry prints goes to the error stream, so that it cannot spoil an answer.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

from omosim.study.outcome import Failure

Entry = Callable[[str], str]


def resolve(entry: str) -> Entry:
    """The function behind "package.module:function"; the name comes from the program, never from a file."""
    module, _, name = entry.partition(":")
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


def attempt(entry: str, task: str) -> tuple[str | None, Failure | None]:
    """Run one task in this process: its answer, or what went wrong; an interrupt passes through."""
    try:
        value = resolve(entry)(task)
        if not isinstance(value, str):
            raise TypeError(f"{entry} returned {type(value).__name__}, not a JSON string")
        return value, None
    except Exception as error:
        return None, Failure.of(error)


def main(entry: str) -> None:
    """Serve tasks until the input closes; then die at once, even in the middle of a task."""
    tasks_in = os.fdopen(os.dup(0), "rb")
    answers_out = os.fdopen(os.dup(1), "wb")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    inbox: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(tasks_in, inbox), daemon=True).start()
    while True:
        value, failure = attempt(entry, inbox.get())
        answer = {"value": value, "failure": failure.__dict__ if failure else None}
        sys.stdout.flush()
        answers_out.write(json.dumps(answer).encode() + b"\n")
        answers_out.flush()


def _listen(tasks_in: BinaryIO, inbox: queue.SimpleQueue[str]) -> None:
    """A closed input means that the parent is gone or has no more use for us."""
    for line in tasks_in:
        inbox.put(json.loads(line))
    os._exit(0)
