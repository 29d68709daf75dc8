"""The week's rota: the shifts of all days given to the fewest people who may work them.

Bounds say how many are needed at least and why; a day-by-day assignment, then an integer programme, look for as few.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, linprog, milp
from scipy.sparse import coo_array

from omosim.planning.errors import PlanError
from omosim.planning.history import QUARTER
from omosim.planning.shifts import Shift
from omosim.schema.columns import DAY, HOUR

WEEK = 7
_NODES = 200  # most branches; a limit on time would make the answer depend on the machine
_MOST_CELLS = 500  # shifts times people up to which the integer programme is asked
_MOST_LENGTHS = 10  # lengths of shifts up to which all weeks of them are listed
_TURNS = 8  # starts of the day-by-day assignment

_QUARTERS = DAY // QUARTER

DayShift = tuple[int, Shift]  # weekday and shift


@dataclass(frozen=True)
class WeekRules:
    """What a person's week may be.

    Parameters
    ----------
    most : quarter hours paid a week
    days_off : days of the week without a shift, at least
    rest : quarter hours between two shifts, Sunday and Monday too
    """

    most: int
    days_off: int
    rest: int

    @property
    def days(self) -> int:
        """Most days of work."""
        return WEEK - self.days_off

    def apart(self, first: DayShift, later: DayShift) -> bool:
        """Whether one person may work both; the week goes round, as it is the same every week."""
        if first[0] == later[0]:
            return False
        gap = _QUARTERS * ((later[0] - first[0]) % WEEK) + later[1].begin - first[1].end
        back = _QUARTERS * ((first[0] - later[0]) % WEEK) + first[1].begin - later[1].end
        return min(gap, back) >= self.rest

    def allows(self, mine: list[DayShift]) -> bool:
        """Whether one person may work these."""
        if len(mine) > self.days or sum(s.paid for _, s in mine) > self.most:
            return False
        return all(self.apart(a, b) for i, a in enumerate(mine) for b in mine[i + 1 :])


@dataclass(frozen=True)
class Least:
    """Bounds from below on the people of a pool.

    Parameters
    ----------
    hours : paid hours over the hours of one person
    days : shifts over the days of one person
    peak : most shifts on one day
    rest : shifts of two neighbouring days, less those that can follow each other
    together : hours and days at once, over every week of shift lengths that a person may have
    proven : people below which the integer programme found no rota
    """

    hours: int
    days: int
    peak: int
    rest: int
    together: int
    proven: int = 0

    @property
    def people(self) -> int:
        """The largest."""
        return max(self.hours, self.days, self.peak, self.rest, self.together, self.proven)

    @property
    def why(self) -> str:
        """Which of them it is, the simplest one first: peak, hours, days, rest, together, or tried."""
        return next((name for name in ("peak", "hours", "days", "rest", "together") if getattr(self, name) == self.people), "tried")


@dataclass(frozen=True)
class PoolWeek:
    """Who works what.

    Parameters
    ----------
    people : each person's shifts, by weekday
    least : bounds from below
    """

    people: list[list[DayShift]]
    least: Least

    @property
    def gap(self) -> int:
        """People more than the bound: 0 means that fewer cannot do."""
        return len(self.people) - self.least.people

    @property
    def paid_hours(self) -> list[float]:
        """Each person's paid hours."""
        return [sum(s.paid for _, s in mine) * QUARTER / HOUR for mine in self.people]


def staffed(work: list[DayShift], rules: WeekRules) -> PoolWeek:
    """The fewest people found for the shifts of a week.

    Raises
    ------
    PlanError : a shift is longer than a person's week, or no day may be worked
    """
    work = sorted(work)
    if not work:
        return PoolWeek([], Least(0, 0, 0, 0, 0))
    longest = max(s.paid for _, s in work)
    if rules.days < 1 or longest > rules.most:
        raise PlanError(f"a shift of {longest * QUARTER / HOUR:.4g} paid hours is more than one person may work a week: raise max_hours_week or lower days_off")
    least = bounds(work, rules)
    for count in range(least.people, len(work) + 1):
        found, none = _assigned(work, rules, count), False
        if found is None and len(work) * count <= _MOST_CELLS:
            found, none = _programmed(work, rules, count)
        if found is not None:
            return PoolWeek(_evened(found, rules), least)
        if none and count == least.people:
            least = replace(least, proven=count + 1)
    return PoolWeek([[one] for one in work], least)


# ---- at least -------------------------------------------------------------------------------------------------
def bounds(work: list[DayShift], rules: WeekRules) -> Least:
    """What no rota can do without."""
    of_day = Counter(day for day, _ in work)
    hours = -(-sum(s.paid for _, s in work) // rules.most)
    return Least(hours, -(-len(work) // rules.days), max(of_day.values()), _rest_bound(work, rules), _together_bound(work, rules))


def _rest_bound(work: list[DayShift], rules: WeekRules) -> int:
    """Of two neighbouring days only shifts with enough rest between can be one person's: matched early to early."""
    most = 0
    for day in range(WEEK):
        ends = sorted(s.end for d, s in work if d == day)
        begins = sorted(s.begin for d, s in work if d == (day + 1) % WEEK)
        pairs = 0
        for begin in begins:
            if pairs < len(ends) and ends[pairs] + rules.rest <= begin + _QUARTERS:
                pairs += 1
        most = max(most, len(ends) + len(begins) - pairs)
    return most


def _together_bound(work: list[DayShift], rules: WeekRules) -> int:
    """Least people if only hours and days counted: a linear programme over every week of shift lengths, rounded up."""
    unit = 1
    while len(counts := Counter(s.paid // unit * unit for _, s in work)) > _MOST_LENGTHS:
        unit *= 2  # shorter shifts need no more people: still a bound
    lengths = sorted(counts)
    weeks = [w for n in range(1, rules.days + 1) for w in combinations_with_replacement(range(len(lengths)), n) if sum(lengths[i] for i in w) <= rules.most]
    table = np.zeros((len(lengths), len(weeks)))
    for column, week in enumerate(weeks):
        for i in week:
            table[i, column] += 1
    solved = linprog(np.ones(len(weeks)), A_ub=-table, b_ub=-np.array([counts[v] for v in lengths], float))
    return int(np.ceil(solved.fun - 1e-6)) if solved.status == 0 else 0


# ---- found ----------------------------------------------------------------------------------------------------
def _assigned(work: list[DayShift], rules: WeekRules, count: int) -> list[list[DayShift]] | None:
    """Day by day, shifts to people at least cost: long ones to whom the week still owes most; from several first days."""
    for turn in range(_TURNS):
        people: list[list[DayShift]] = [[] for _ in range(count)]
        done = True
        for day in [(turn + i) % WEEK for i in range(WEEK)]:
            today = [one for one in work if one[0] == day]
            if not today:
                continue
            cost = np.full((len(today), count), np.inf)
            for i, one in enumerate(today):
                for p, mine in enumerate(people):
                    if rules.allows([*mine, one]):
                        used = sum(s.paid for _, s in mine) + one[1].paid
                        spare = (used / rules.most) ** 2 + ((len(mine) + 1) / rules.days) ** 2
                        tight = (used / rules.most - (len(mine) + 1) / rules.days) ** 2  # hours and days used up alike
                        cost[i, p] = (spare if turn < WEEK else -spare) + tight
            try:
                rows, columns = linear_sum_assignment(cost)
            except ValueError:
                done = False
                break
            for i, p in zip(rows.tolist(), columns.tolist(), strict=True):
                people[p].append(today[i])
        if done:
            return [sorted(mine) for mine in people]
    return None


def _programmed(work: list[DayShift], rules: WeekRules, count: int) -> tuple[list[list[DayShift]] | None, bool]:
    """A rota of so many people by HiGHS, and whether it has shown that there is none.

    Equal shifts of a day are one row; people are ordered by their paid time, as they are alike.
    """
    kinds = sorted(Counter(work).items())
    many = len(kinds)
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    low: list[float] = []
    high: list[float] = []

    def add(entries: list[tuple[int, int, float]], least: float, most: float) -> None:
        for kind, person, value in entries:
            rows.append(len(low))
            columns.append(kind * count + person)
            values.append(value)
        low.append(least)
        high.append(most)

    for k, (_, times) in enumerate(kinds):
        add([(k, p, 1.0) for p in range(count)], times, times)
    clash = _clashes([one for one, _ in kinds], rules)
    for p in range(count):
        add([(k, p, float(one[1].paid)) for k, (one, _) in enumerate(kinds)], 0, rules.most)
        add([(k, p, 1.0) for k in range(many)], 0, rules.days)
        for group in clash:
            add([(k, p, 1.0) for k in group], 0, 1)
        if p:
            add([(k, q, sign * float(one[1].paid)) for k, (one, _) in enumerate(kinds) for q, sign in ((p - 1, 1.0), (p, -1.0))], 0, np.inf)
    table = coo_array((values, (rows, columns)), shape=(len(low), many * count)).tocsr()
    solved = milp(
        np.zeros(many * count), constraints=LinearConstraint(table, low, high), integrality=np.ones(many * count),
        bounds=Bounds(0, 1), options={"node_limit": _NODES},
    )  # fmt: skip
    if solved.x is None:
        return None, solved.status == 2
    chosen = np.rint(solved.x).reshape(many, count) > 0.5
    people = [[kinds[k][0] for k in range(many) if chosen[k, p]] for p in range(count)]
    return (people, False) if all(rules.allows(mine) for mine in people) else (None, False)


def _clashes(kinds: list[DayShift], rules: WeekRules) -> list[list[int]]:
    """Sets of shifts of which one person may work one: those of a day, and late ones with the next day's early ones."""
    out = [[k for k, one in enumerate(kinds) if one[0] == day] for day in range(WEEK)]
    for day in range(WEEK):
        after = (day + 1) % WEEK
        for end in sorted({one[1].end for one in kinds if one[0] == day}):
            late = [k for k, one in enumerate(kinds) if one[0] == day and one[1].end >= end]
            early = [k for k, one in enumerate(kinds) if one[0] == after and one[1].begin + _QUARTERS - end < rules.rest]
            if early:
                out.append(late + early)
    return [group for group in out if len(group) > 1]


def _evened(people: list[list[DayShift]], rules: WeekRules) -> list[list[DayShift]]:
    """Shifts given over or swapped between people while that brings their hours nearer to each other."""
    now = [list(mine) for mine in people]

    def paid(mine: list[DayShift]) -> int:
        return sum(s.paid for _, s in mine)

    moved = True
    while moved:
        moved = False
        for a in range(len(now)):
            for b in range(len(now)):
                gap = paid(now[a]) - paid(now[b])
                if gap <= 0:
                    continue
                moves: list[tuple[list[DayShift], list[DayShift]]] = [([x], []) for x in now[a]] + [([x], [y]) for x in now[a] for y in now[b]]
                for give, take in moves:
                    shift = paid(give) - paid(take)
                    if not 0 < shift < gap:
                        continue
                    mine = [x for x in now[a] if x not in give] + take
                    other = [y for y in now[b] if y not in take] + give
                    if rules.allows(mine) and rules.allows(other):
                        now[a], now[b], moved = mine, other, True
                        break
    return sorted((sorted(mine) for mine in now), key=lambda mine: (mine == [], mine))
