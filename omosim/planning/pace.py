"""How long picking took in the past against the work times given: read from ready times and who was on duty.

Pickers of a file are quicker and slower than the mean, and pause: a day's pace differs by more than chance. Held-out
days are served again at paces that the earlier days do not rule out.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from omosim.kernels.mathx import exp64, gamma_ppf, log64, norm_ppf64
from omosim.kernels.philox import uniform
from omosim.kernels.purposes import PLAN_DAY
from omosim.planning.demand import DAY, WorkLaw
from omosim.planning.history import PICKUP, QUARTER, StoreHistory, weekday_of
from omosim.planning.hours import after_open_seconds
from omosim.planning.roster import Roster

_LEAST_DAYS = 3
_LEAST_PICKS = 5  # of a day, from which its pace is read
_SPREAD, _SHARED, _DAY = 100, 101, 102  # items of PLAN_DAY that no demand draws


@dataclass(frozen=True)
class Pace:
    """Picking time of a weekday's days over the work times given, as a log-normal law.

    Parameters
    ----------
    mean : of the log
    spread : standard deviation of the log between days, chance of the orders' own times taken out
    error : standard error of the mean
    days : read; 0 when the pace is not known: the work times given hold
    """

    mean: float = 0.0
    spread: float = 0.0
    error: float = 0.0
    days: int = 0

    def factor(self, key0: int, key1: int, rep: int, weekday: int, day: int) -> float:
        """A day's picking time over that given, in a replicate: what is not known of mean and spread is drawn with it.

        Student's law: the spread of so few days is itself drawn, once a replicate and weekday.
        """
        if self.days < 2:
            return float(exp64(self.mean))
        half = (self.days - 1) / 2
        wide = float(np.sqrt(half / gamma_ppf(uniform(key0, key1, rep, weekday, PLAN_DAY, _SPREAD), half)))
        shared = float(norm_ppf64(uniform(key0, key1, rep, weekday, PLAN_DAY, _SHARED)))
        own = float(norm_ppf64(uniform(key0, key1, rep, day, PLAN_DAY, _DAY)))
        return float(exp64(self.mean + wide * (self.error * shared + self.spread * own)))


UNKNOWN = Pace()


def picking_seconds(history: StoreHistory, roster: Roster, until: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Day, units and seconds of every pick that the file lets see before local day `until`.

    Orders are begun in the order in which they were placed, each as soon as one of the pickers on duty is free:
    from the times at which orders were ready follow those at which the next were begun. Pauses count as picking.
    """
    rows = history.orders
    rows = rows[(rows["kind"] == PICKUP) & (rows["ready"] >= 0) & (rows["placed"] < until * DAY)]
    placed = after_open_seconds(rows["placed"].to_numpy(), 0, history.opens, history.closes, history.closed_days)
    on_duty = [day.pickers.tolist() for day in roster.days]
    shut = set(history.closed_days.tolist())
    busy: list[int] = []
    began = 0
    found = []
    for came, ready, units in zip(placed.tolist(), rows["ready"].tolist(), rows["units"].tolist(), strict=True):
        began = max(began, came)
        while began < ready:
            while busy and busy[0] <= began:
                heapq.heappop(busy)
            day, second = divmod(began, DAY)
            people = 0 if day in shut else on_duty[(day + 3) % 7][second // QUARTER]
            if len(busy) < people:
                break
            change = (began // QUARTER + 1) * QUARTER
            began = min(busy[0], change) if busy and people else change
        began = min(began, ready)
        heapq.heappush(busy, ready)
        found.append((began // DAY, units, ready - began))
    table = np.array(found, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def read_paces(history: StoreHistory, roster: Roster, work: WorkLaw, until: int) -> dict[int, Pace]:
    """The law of each weekday's pace from the usual days before local day `until`; of weekdays with too few, of all days."""
    day, units, seconds = picking_seconds(history, roster, until)
    expected = work.pick(units)
    logs: dict[int, list[tuple[float, float]]] = {w: [] for w in range(7)}
    days = history.usual[(history.usual < until) & (history.usual > history.dates[0])]  # what the first day found waiting is not in the file
    for d in days.tolist():
        mine = day == d
        total = float(seconds[mine].sum())
        if mine.sum() < _LEAST_PICKS or total <= 0:
            continue
        mean = float(expected[mine].sum())
        chance = float((expected[mine] ** 2).sum()) / (mean * mean * work.shape)
        logs[int(weekday_of(np.array(d)))].append((float(log64(total / mean)), chance))
    every = [one for mine in logs.values() for one in mine]
    return {w: _law(mine if len(mine) >= _LEAST_DAYS else every) for w, mine in logs.items()}


def _law(logs: list[tuple[float, float]]) -> Pace:
    if len(logs) < _LEAST_DAYS:
        return UNKNOWN
    value, chance = np.array(logs).T
    variance = float(value.var(ddof=1))
    return Pace(float(value.mean()), float(np.sqrt(max(variance - float(chance.mean()), 0.0))), float(np.sqrt(variance / len(value))), len(value))


def pace_words(paces: Iterable[Pace]) -> str:
    """What the paces of some weekdays are, in words."""
    known = [p for p in paces if p.days]
    if not known:
        return ""
    least, most = (100 * float(exp64(f(p.mean for p in known))) for f in (min, max))
    several = f"{least:.0f}" if round(least) == round(most) else f"{least:.0f} to {most:.0f}"
    return f"picking took {several} % of the times in network.work on the earlier days, and so it does here"


