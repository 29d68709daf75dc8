"""Shifts that cover a need by the quarter hour at least cost: an integer programme solved by HiGHS (scipy)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from omosim.planning.demand import QUARTERS
from omosim.planning.errors import PlanError
from omosim.planning.history import QUARTER

HALF_HOUR = 2  # quarter hours
_BREAK_EVERY = 16  # quarter hours of work that earn a break
_NODES = 20  # most branches; a limit on time would make the answer depend on the machine
_GAP = 0.03  # of the least paid time; what it leaves is taken out on simulated days


@dataclass(frozen=True)
class ShiftRules:
    """What a shift may be.

    Parameters
    ----------
    shortest, longest : quarter hours from coming to going, breaks included
    rest : quarter hours of unpaid break for every four hours of the shift
    """

    shortest: int
    longest: int
    rest: int


@dataclass(frozen=True, order=True)
class Shift:
    """One person's day, in quarter hours since midnight: from `begin` to `end`, away from `rest` to `back`."""

    begin: int
    end: int
    rest: int
    back: int

    @property
    def paid(self) -> int:
        """Quarter hours paid."""
        return self.end - self.begin - (self.back - self.rest)

    def cover(self) -> np.ndarray:
        """(96,) 1 while the person works."""
        out = np.zeros(QUARTERS, np.int64)
        out[self.begin : self.end] = 1
        out[self.rest : self.back] = 0
        return out


def make(begin: int, end: int, rules: ShiftRules, place: float = 0.5) -> Shift:
    """A shift with its break at a part of its length, on half hours."""
    rest = (end - begin) // _BREAK_EVERY * rules.rest
    if rest == 0:
        return Shift(begin, end, end, end)
    middle = begin + round(place * (end - begin - rest) / HALF_HOUR) * HALF_HOUR
    return Shift(begin, end, middle, middle + rest)


@lru_cache(maxsize=64)
def candidates(opens: int, closes: int, rules: ShiftRules) -> tuple[Shift, ...]:
    """Every shift within the hours, on half hours, with the break early, in the middle, or late."""
    out = set()
    longest = min(rules.longest, closes - opens)
    for length in range(min(rules.shortest, longest), longest + 1, HALF_HOUR):
        for begin in range(opens, closes - length + 1, HALF_HOUR):
            out |= {make(begin, begin + length, rules, place) for place in (0.35, 0.5, 0.65)}
        out |= {make(closes - length, closes, rules, place) for place in (0.35, 0.5, 0.65)}
    return tuple(sorted(out))


@lru_cache(maxsize=64)
def covers(opens: int, closes: int, rules: ShiftRules) -> np.ndarray:
    """(shifts, quarter hours) what each candidate covers."""
    return np.stack([s.cover()[opens:closes] for s in candidates(opens, closes, rules)])


def cover(need: np.ndarray, opens: int, closes: int, rules: ShiftRules) -> list[Shift]:
    """Shifts of least paid time whose people are at least the need in every quarter hour.

    Parameters
    ----------
    need : (96,) people
    opens, closes : quarter hours

    Raises
    ------
    PlanError : no shifts of these lengths can cover the need

    Notes
    -----
    Dantzig (1954). HiGHS (Huangfu and Hall 2018) through scipy: kept, exact, and small here (some hundred columns).
    """
    if need.max(initial=0) == 0:
        return []
    shifts = candidates(opens, closes, rules)
    table, wanted = covers(opens, closes, rules).T, need[opens:closes]
    if (closes - opens) % HALF_HOUR == 0 and (table[0::HALF_HOUR] == table[1::HALF_HOUR]).all():  # the same on both quarter hours
        table, wanted = table[0::HALF_HOUR], np.maximum(wanted[0::HALF_HOUR], wanted[1::HALF_HOUR])
    paid = np.array([s.paid for s in shifts], float)
    solved = milp(
        paid + 1e-4,  # of equal paid time, fewer people
        constraints=LinearConstraint(table, lb=wanted.astype(float)),
        integrality=np.ones(len(shifts)), bounds=Bounds(0, float(need.max())),
        options={"node_limit": _NODES, "mip_rel_gap": _GAP},
    )  # fmt: skip
    if solved.x is None:
        raise PlanError("no shifts cover the staff that is needed; allow shorter shifts (shift_min_h) or breaks (break_minutes)")
    times = np.rint(solved.x).astype(int)
    return [s for s, n in zip(shifts, times.tolist(), strict=True) for _ in range(n)]


def people(shifts: Iterable[Shift]) -> np.ndarray:
    """(96,) int64 people at work."""
    out = np.zeros(QUARTERS, np.int64)
    for shift in shifts:
        out += shift.cover()
    return out


def paid_hours(shifts: Iterable[Shift]) -> float:
    """Hours paid."""
    return sum(s.paid for s in shifts) * QUARTER / 3600


def shorter(shift: Shift, rules: ShiftRules) -> list[Shift]:
    """The shift half an hour shorter at either end, where the rules allow it."""
    if shift.end - shift.begin - HALF_HOUR < rules.shortest:
        return []
    return [make(shift.begin + HALF_HOUR, shift.end, rules), make(shift.begin, shift.end - HALF_HOUR, rules)]


def distinct(shifts: Iterable[Shift]) -> list[tuple[Shift, int]]:
    """Each shift once, with how many work it."""
    return sorted(Counter(shifts).items())
