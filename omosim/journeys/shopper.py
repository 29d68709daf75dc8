"""A readable view of one shopper."""

from __future__ import annotations

import numpy as np

from omosim.schema import shopper as cols
from omosim.schema.codes import Entry


class Shopper:
    """One row of the shopper table, with names and units; reads through to the present state.

    Parameters
    ----------
    rows : (n,) SHOPPER
    needs : (n, C) NEED
    index : which shopper
    segments : names of the segments
    """

    def __init__(self, rows: np.ndarray, needs: np.ndarray, index: int, segments: list[str]) -> None:
        self._row, self._needs, self.index, self._segments = rows[index], needs[index], index, segments

    @property
    def zone(self) -> int:
        """Home zone."""
        return int(self._row["zone"])

    @property
    def segment(self) -> str:
        """Name of the segment."""
        return self._segments[int(self._row["segment"])]

    @property
    def needs_per_week(self) -> float:
        """Needs a week of operational time, all categories."""
        return float(self._row["need_rate"])

    @property
    def taste(self) -> dict[str, float]:
        """Taste for each entry, share of price."""
        return {e.name.lower(): int(self._row["taste"][e]) / 1000 for e in list(Entry)[:4]}

    @property
    def habit(self) -> dict[str, float]:
        """Habit of each entry, 0 to 1."""
        return {e.name.lower(): int(self._row["habit"][e]) / 255 for e in list(Entry)[:4]}

    @property
    def goodwill(self) -> float:
        """Goodwill at its last change, share of price."""
        return float(self._row["goodwill"])

    @property
    def belief(self) -> float:
        """Believed probability that a store has the wanted item."""
        return float(self._row["belief"])

    @property
    def dropout(self) -> float:
        """Probability of leaving after a repeat purchase at neutral goodwill."""
        return float(self._row["dropout"])

    def _flag(self, bit: int) -> bool:
        return bool(int(self._row["flags"]) & bit)

    @property
    def alive(self) -> bool:
        """Still a possible customer."""
        return self._flag(cols.ALIVE)

    @property
    def consent(self) -> bool:
        """Consents to tracking."""
        return self._flag(cols.CONSENT)

    @property
    def mobile(self) -> bool:
        """Shops on a phone."""
        return self._flag(cols.MOBILE)

    @property
    def uses(self) -> set[str]:
        """Entries with touchpoints that the shopper uses."""
        return {e.name.lower() for e in list(Entry)[:4] if int(self._row["used"]) >> e & 1}

    @property
    def bought_in(self) -> set[str]:
        """Channels of past purchases."""
        return {e.name.lower() for e in list(Entry)[:4] if int(self._row["bought"]) >> e & 1}

    @property
    def purchases(self) -> int:
        """Purchases so far."""
        return int(self._row["purchases"])

    @property
    def spend(self) -> int:
        """Paid so far, minor units."""
        return int(self._row["spend"])

    @property
    def linked_events(self) -> int:
        """Events in the linked profile."""
        return int(self._row["linked"])

    def __repr__(self) -> str:
        return f"Shopper({self.index}, zone {self.zone}, {self.segment}, {self.needs_per_week:.3f} needs a week)"
