"""What comes back for a task: an answer or a failure, never an exception."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import PurePath

ERROR, KILLED, OVER_BUDGET = "error", "killed", "over_budget"


@dataclass(frozen=True)
class Failure:
    """Why a task has no answer.

    kind: error (the entry raised), killed (its worker died each time), over_budget (took too long).
    exit_code: what the error asks of the command (2 bad input, 4 a law was broken), else 1.
    """

    kind: str
    message: str
    where: str = ""
    exit_code: int = 1
    attempts: int = 1

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """From an exception: its type, text and the line that raised it; one that carries residuals is a broken law."""
        frames = traceback.extract_tb(error.__traceback__)
        last = frames[-1] if frames else None
        where = f"{last.name}, line {last.lineno} of {PurePath(last.filename).name}" if last else ""
        code = getattr(error, "exit_code", 4 if hasattr(error, "residuals") else 1)
        text = f"{type(error).__name__}: {error}"[:4000]
        return cls(ERROR, text, where, code if isinstance(code, int) else 1)


@dataclass(frozen=True)
class Outcome:
    """A finished task; exactly one of `value` and `failure` is set."""

    name: str
    value: str | None = None
    failure: Failure | None = None
