"""The twelve laws: names, meanings, and the audit that stops a run when one is broken.

Who keeps books computes residuals from them (fulfilment and the model); this file only judges. A residual
compares two books that were recorded independently.
"""

from __future__ import annotations

from collections.abc import Mapping

from omosim.engine.errors import LawBroken

LAWS: dict[str, str] = {
    "L1": "units per item and node: opening + received + transferred in + returned = sold + shipped + transferred out + written off + closing",
    "L2": "on hand = available + reserved + staged, each at least 0; record = free + booked errors; the feed shows the record when due",
    "L3": "units of the whole network balance with customers and transit",
    "L4": "each order in one state, along the declared graph; created = completed + cancelled + expired + open",
    "L5": "units ordered = fulfilled + cancelled + open",
    "L6": "double-entry money; profit equals the ledger to the unit",
    "L7": "visits: arrivals = bought + left + inside; needs: due = opened + served early + dropped; funnels monotone",
    "L8": "Little's law as an identity of integer sums per queue",
    "L9": "staff time: busy + idle = paid; paid = roster of the settings and dated changes + overtime",
    "L10": "placed <= picked <= ready <= handed over",
    "L11": "every reservation ends or is open",
    "L12": "slots booked within the limit, refused ones counted",
}


def together(*found: Mapping[str, int]) -> dict[str, int]:
    """Residuals of several books as one: laws of the same name add up."""
    total: dict[str, int] = {}
    for residuals in found:
        for law, residual in residuals.items():
            total[law] = total.get(law, 0) + residual
    return total


class Audit:
    """Running record of the laws of one run."""

    def __init__(self) -> None:
        self.worst: dict[str, int] = dict.fromkeys(LAWS, 0)
        self.checks: dict[str, int] = dict.fromkeys(LAWS, 0)

    def judge(self, residuals: Mapping[str, int], now: int) -> None:
        """Note the residuals and stop the run if one is not zero.

        Raises
        ------
        LawBroken : with each broken law's name and residual
        """
        for law, residual in residuals.items():
            self.checks[law] += 1
            if abs(int(residual)) > abs(self.worst[law]):
                self.worst[law] = int(residual)
        broken = {law: int(res) for law, res in residuals.items() if res != 0}
        if broken:
            raise LawBroken(broken, now, LAWS)
