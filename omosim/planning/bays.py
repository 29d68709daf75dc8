"""Bays for cars: how many wait for one, how many bays do, and one more or fewer."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

import numpy as np

from omosim.planning import intervals as iv
from omosim.planning.demand import Draws
from omosim.planning.history import CURBSIDE
from omosim.planning.simulate import DayResult, Days, Staff
from omosim.schema.codes import Flow
from omosim.schema.columns import DAY

TAKEN = 0.01  # assumed: share of cars that may find every bay taken


@dataclass(frozen=True)
class BayPlan:
    """The bays of a planned day.

    Parameters
    ----------
    bays : places for cars, 0 as many as needed
    cars : that come a day
    wait : share of them that wait for a bay
    wait_min : mean wait for a bay of all cars, minutes
    needed : fewest bays that no more than one car of a hundred finds all taken
    """

    bays: int
    cars: iv.Estimate
    wait: iv.Estimate
    wait_min: iv.Estimate
    needed: iv.Estimate


def cars_of(result: DayResult) -> np.ndarray:
    """(n,) bool of the book: orders for the car whose customers came on the planned day."""
    book = result.book
    came = (book["arrived_at"] >= result.start) & (book["arrived_at"] < result.start + DAY)
    return np.asarray(came & (book["flow"] == Flow.PICKUP) & (book["offer"] == CURBSIDE))


def _by_arrival(result: DayResult) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Replicate, arrival and leaving of each car in the order in which they come."""
    mine = cars_of(result)
    rep, came, gone = result.rep[mine], result.book["arrived_at"][mine], result.book["done_at"][mine]
    gone = np.where(gone >= 0, gone, result.start + 2 * DAY)
    order = np.lexsort((result.book["key"][mine], came, rep))
    return rep[order], came[order], gone[order]


def bay_waits(result: DayResult, bays: int) -> tuple[np.ndarray, np.ndarray]:
    """Replicate and seconds of wait for a bay of each car: first come first served; who leaves before takes none."""
    rep, came, gone = _by_arrival(result)
    waits = np.zeros(len(came), np.int64)
    if bays == 0:
        return rep, waits
    busy: list[int] = []
    of = -1
    for i, (r, t, end) in enumerate(zip(rep.tolist(), came.tolist(), gone.tolist(), strict=True)):
        if r != of:
            busy, of = [], r
        while busy and busy[0] <= t:
            heapq.heappop(busy)
        begin = t if len(busy) < bays else busy[0]
        waits[i] = min(begin, end) - t
        if begin < end or begin == t:
            if begin > t:
                heapq.heappop(busy)
            heapq.heappush(busy, end)
    return rep, waits


def cars_met(result: DayResult) -> tuple[np.ndarray, np.ndarray]:
    """Replicate of each car and the cars that it finds there, where there is room for all."""
    rep, came, gone = _by_arrival(result)
    met = np.zeros(len(came), np.int64)
    for r in np.unique(rep):
        mine = rep == r
        t = came[mine]
        met[mine] = np.arange(len(t)) - np.searchsorted(np.sort(gone[mine]), t, side="right")
    return rep, np.maximum(met, 0)


def _fewest(met: np.ndarray) -> float:
    """Fewest bays that no more than the share of cars finds all taken."""
    if len(met) == 0:
        return 0.0
    finds = np.bincount(met)
    taken = finds[::-1].cumsum()[::-1] / len(met)  # at least so many are there
    enough = np.flatnonzero(taken <= TAKEN)
    return float(enough[0]) if len(enough) else float(len(finds))


def _unlimited(days: Days, staff: Staff) -> DayResult:
    shop = days.shop
    return Days(replace(shop, how=replace(shop.how, bays=0)), days.rows, days.draws).whole(staff)


def bays_needed(days: Days, people: int) -> float:
    """Fewest bays that do with so many people of each pool."""
    return _fewest(cars_met(_unlimited(days, Staff.level(people, people, days.shop.opens, days.shop.closes)))[1])


def bay_plan(days: Days, staff: Staff, result: DayResult) -> BayPlan | None:
    """The planned people's cars; None where none come."""
    draws, bays = days.draws, days.shop.how.bays
    if not cars_of(result).any():
        return None
    free = result if bays == 0 else _unlimited(days, staff)
    rep, met = cars_met(free)
    groups = [_fewest(met[rep // draws.inner == g]) for g in range(draws.groups)]
    spread = iv.of_groups(np.array(groups), 0.0)
    whole = _fewest(met)
    needed = iv.Estimate(whole, min(whole, float(np.floor(spread.low))), max(whole, float(np.ceil(spread.high))))
    who, waits = bay_waits(result, bays)
    came, waited, seconds = _sums(draws, who, waits)
    mean = iv.of_groups(iv.grouped(draws, seconds) / np.maximum(iv.grouped(draws, came), 1e-9) / 60, 0.0)
    return BayPlan(bays, iv.mean(draws, came), iv.share(draws, waited, came, came.sum() / draws.reps), mean, needed)


def _sums(draws: Draws, rep: np.ndarray, waits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(reps,) cars, those that wait for a bay, seconds that they wait."""
    return (
        np.bincount(rep, minlength=draws.reps).astype(float), np.bincount(rep[waits > 0], minlength=draws.reps).astype(float),
        np.bincount(rep, weights=waits.astype(float), minlength=draws.reps),
    )  # fmt: skip
