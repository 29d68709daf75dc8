"""When a comparison has run long enough.

Rule: pairs come in batches of ten. After a batch, look at the widest paired interval of operating profit over the
arms, as a share of the baseline's net revenue. When it is narrow enough, run one more batch, settled beforehand, and
stop; otherwise go on to the maximum.

Why the closing batch: a look stops when the spread happens to look small, so an interval from the very same pairs
covers too seldom (93.7 % where 95 is promised, when about 15 pairs are needed). Ten fresh pairs that had no say in
stopping bring it back to 94.6 %. The rule never looks at who is ahead: stopping on a significant difference would
ruin the interval. With the intervals of `omosim.study.stats`, wider where differences are skew, it covers 94.4 to
95.5 % at skewness 0, 1 and 2 and for even, heavy tails. A maximum below ten leaves no room for looks: all pairs are run.
Proof on the procedure as shipped: tests/study/test_coverage.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BATCH = 10


@dataclass
class StoppingRule:
    """State of one comparison: how many pairs to have next, and whether that is all.

    precision: half-width of the paired operating-profit interval over baseline net revenue that is narrow enough.
    maximum: pairs at most.
    """

    precision: float
    maximum: int
    target: int = 0
    looked: int = 0
    closing: bool = False
    stopped: bool = False
    reached: float | None = None
    why: str = ""

    def __post_init__(self) -> None:
        if self.maximum < 1:
            raise ValueError(f"replications {self.maximum}: at least 1")
        self.target = min(BATCH, self.maximum)

    def look(self, widths: Sequence[float | None]) -> None:
        """Decide at `target` pairs; widths: relative half-width of each arm, None where it is undefined."""
        known = [w for w in widths if w is not None]
        self.reached = max(known) if len(known) == len(widths) and known else None
        if self.closing:
            self._stop(f"narrow enough at {self.looked} pairs, closed with {self.target - self.looked} more")
        elif self.target >= self.maximum:
            early = " (fewer than ten pairs: no early stopping)" if self.maximum < BATCH else ""
            self._stop(f"all {self.maximum} pairs were run{early}")
        else:
            self.closing = self.reached is not None and self.reached <= self.precision
            self.looked = self.target
            self.target = min(self.target + BATCH, self.maximum)

    def _stop(self, why: str) -> None:
        self.stopped = True
        self.why = why

    @property
    def precise(self) -> bool:
        """Whether the precision asked for was reached at the last look."""
        return self.reached is not None and self.reached <= self.precision
