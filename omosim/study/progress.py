"""How far a study is, as its caller is told after finished runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Progress:
    """Runs that are there, and the time they took; pairs, maximum and rows where replications are paired one by one."""

    done: int
    reused: int
    failed: int
    planned: int
    seconds: float
    maximum: int = 0
    pairs: int = 0
    rows: Sequence[Mapping[str, Any]] | None = None

    @property
    def seconds_left(self) -> float | None:
        """Estimate for the runs planned now, None before the first fresh run."""
        fresh = self.done + self.failed - self.reused
        return None if fresh <= 0 else self.seconds / fresh * (self.planned - self.done - self.failed)
