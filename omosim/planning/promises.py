"""What promise can be kept: by the people planned, by how many others, by any number at all, and why by none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from omosim.planning import intervals as iv
from omosim.planning.bays import bays_needed, cars_of
from omosim.planning.demand import QUARTERS, Draws, Shop
from omosim.planning.errors import PlanError
from omosim.planning.history import QUARTER
from omosim.planning.simulate import DayResult, Days, Staff
from omosim.planning.staffing import MOST, PICKERS, POOLS, Search, Targets, load_of_pools, offered_load
from omosim.schema.codes import Flow
from omosim.schema.columns import HOUR

_LADDER = (0.25, 0.5, 1.0, 2.0, 4.0)  # times the promise that is planned for
_SHORTEST_S, _LONGEST_S = 900, 72 * HOUR  # what promise_h may be
_STEEP = 1.5  # people for what waits at opening over those of the busiest later hour, from which on it is said


@dataclass(frozen=True)
class Kept:
    """One promise.

    Parameters
    ----------
    ready_on_time : share ready by it with the people planned
    hours : person-hours of those who pick that keep the target, hour by hour, before they are made shifts; None: no number does
    most : of them at once
    """

    promise_s: int
    ready_on_time: iv.Estimate
    hours: float | None
    most: int | None


@dataclass(frozen=True)
class Promises:
    """The promises of a planned day.

    Parameters
    ----------
    shortest_s : shortest promise that any number of people keeps for the target, whole minutes; None: none
    rows : the planned one, shorter and longer ones
    waiting : pickups that lie there when the store opens
    people_at_opening : who must pick until the promise ends to have them ready
    people_later : who would be busy picking in the busiest hour after it
    """

    shortest_s: int | None
    rows: tuple[Kept, ...]
    waiting: float
    people_at_opening: float
    people_later: float

    @property
    def opening_decides(self) -> bool:
        """Whether the pickers are as many as they are for the orders of the night."""
        return self.people_at_opening >= _STEEP * self.people_later + 1


def promised_otherwise(result: DayResult, promise_s: int) -> DayResult:
    """The same day with another promise: nobody picks by it, so that no order is ready at another time."""
    book = result.book.copy()
    promised = result.shop.promised(book["placed_at"], promise_s)
    book["promised_at"] = np.where(book["flow"] == Flow.PICKUP, promised, book["promised_at"])
    return replace(result, book=book)


def with_promise(shop: Shop, rows: np.ndarray, promise_s: int) -> np.ndarray:
    """DEMAND rows with another promise."""
    out = rows.copy()
    pick = out["flow"] == Flow.PICKUP
    out["promise_s"][pick] = shop.promised(out["t"][pick], promise_s) - out["t"][pick]
    return out


def shortest(ample: DayResult, target: float) -> int | None:
    """Shortest promise in seconds, whole minutes, that a day with any number of people keeps for a share of pickups."""
    due = int(ample.orders.sum())
    missing = due - len(ample.lead_s)
    leads = np.sort(ample.lead_s)
    place = int(np.ceil(target * due - 1e-9)) - 1
    if due == 0 or place >= due - missing:
        return None
    return int(-(-int(leads[max(place, 0)]) // 60) * 60)


def promises_of(search: Search, planned: DayResult, draws: Draws, promise_s: int, seen: float) -> Promises:
    """The ladder of promises around that which is planned for.

    Parameters
    ----------
    search : on whose days people are counted
    planned, draws : the planned people's days
    seen : pickups in the past days
    """
    ample = _ample(search)
    rows: list[Kept] = []
    best: np.ndarray | None = None
    for step in sorted({int(np.clip(round(f * promise_s), min(_SHORTEST_S, promise_s), max(_LONGEST_S, promise_s))) for f in _LADDER}):
        other = promised_otherwise(planned, step)
        need = _need(search, ample, step)
        if best is None or (need is not None and need.sum() < best.sum()):
            best = need  # who keeps a shorter promise keeps this one
        hours, most = (None, None) if best is None else (float(best.sum()) * QUARTER / HOUR, int(best.max()))
        rows.append(Kept(step, iv.share(draws, other.on_time, other.orders, seen), hours, most))
    return Promises(shortest(ample, search.targets.ready_on_time), tuple(rows), *_opening(planned, promise_s))


def _ample(search: Search) -> DayResult:
    return search.days.whole(Staff.level(MOST, MOST, search.shop.opens, search.shop.closes))


def _need(search: Search, ample: DayResult, promise_s: int) -> np.ndarray | None:
    """(96,) people of the pool that picks."""
    shop = search.shop
    load = load_of_pools(offered_load(shop, ample, promise_s), shop.how.pooled)
    mine = replace(search, days=Days(shop, with_promise(shop, search.days.rows, promise_s), search.days.draws), load=load)
    need = [mine.opened(2 * load[p] + 4 * np.sqrt(load[p]) + 1, p) if p in search.targets.pools else np.zeros(QUARTERS, np.int64) for p in POOLS]
    try:
        need[PICKERS] = mine.square_root(PICKERS, need)
    except PlanError:
        return None
    return mine.lowered(PICKERS, need)


def _opening(planned: DayResult, promise_s: int) -> tuple[float, float, float]:
    """Pickups that wait for the store to open, people who have them ready by the promise, people busy picking in the busiest hour after it."""
    shop, book = planned.shop, planned.book
    opening = planned.start + shop.opens
    night = (book["flow"] == Flow.PICKUP) & (book["placed_at"] >= shop.last_closing) & (book["placed_at"] < opening)
    effort = planned.rows["pick_s"][np.argsort(planned.rows["key"])][night].sum() / planned.reps  # the book is in the order of keys
    work = planned.work[PICKERS].copy()
    first = shop.opens // QUARTER
    work[first] = max(0.0, work[first] - effort)
    hours = np.convolve(work, np.ones(4), "valid")
    return float(night.sum() / planned.reps), float(effort / max(promise_s, 1)), float(hours.max(initial=0.0) / HOUR)


def why_none(search: Search, promise_s: int) -> str:
    """Why no number of people keeps the targets: the best share there is, what takes so long, and the promise or bays that could be kept."""
    ample, targets, shop = _ample(search), search.targets, search.shop
    said = []
    if ample.ready_on_time < targets.ready_on_time:
        said.append(_promise_words(ample, targets, promise_s))
    cars = cars_of(ample)
    if ample.soon_share < targets.soon:
        bays = f"; cars wait for one of {shop.how.bays} bays (network.operations.curbside_bays), {bays_needed(search.days, MOST):.0f} would do" if shop.how.bays and cars.any() else ""
        said.append(f"with any number of people {100 * ample.soon_share:.1f} % of customers wait no longer than {shop.limit_s / 60:.3g} min{bays}")
    return ". ".join(said) or f"it would take more than {MOST} people at once"


def _promise_words(ample: DayResult, targets: Targets, promise_s: int) -> str:
    due = (ample.book["flow"] == Flow.PICKUP) & (ample.book["placed_at"] >= ample.shop.last_closing)
    pick = ample.rows["pick_s"][np.argsort(ample.rows["key"])][due]
    slow, mean = (float((pick > promise_s).mean()), float(pick.mean()) / 60) if len(pick) else (0.0, 0.0)
    least = shortest(ample, targets.ready_on_time)
    could = "no promise could be kept for so many" if least is None else f"the shortest promise kept for {100 * targets.ready_on_time:.4g} % is promise_h={_up(least)}"
    return (
        f"With any number of people {100 * ample.ready_on_time:.1f} % of pickups are ready within {promise_s / HOUR:.3g} h: {100 * slow:.1f} % take longer to pick "
        f"all by themselves (the mean is {mean:.1f} min); {could}"
    )


def _up(seconds: int) -> str:
    """Hours, rounded up to hundredths."""
    return f"{np.ceil(seconds / 36) / 100:.4g}"
