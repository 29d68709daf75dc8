"""Fewest paid hours that keep the promise and the wait: a search over simulated days with common random numbers.

Each pool starts from the square-root rule on its offered load (Whitt 2007), hour by hour the need is then lowered
while the same simulated days stay within the targets; an integer programme covers the need with shifts; at last
whole shifts are dropped or shortened as long as the targets hold. Small cases are held against exhaustive search.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np

from omosim.planning import shifts as sh
from omosim.planning.demand import QUARTERS
from omosim.planning.errors import PlanError
from omosim.planning.history import QUARTER
from omosim.planning.shifts import Shift, ShiftRules
from omosim.planning.simulate import DayResult, Days, Shop, Staff

PICKERS, COUNTER = 0, 1
POOLS = (PICKERS, COUNTER)


@dataclass(frozen=True)
class Role:
    """A pool of people by its names: in plan.json, in a rota and before a person's number, one of them, several."""

    pool: int
    key: str
    rota: str
    letter: str
    one: str
    many: str


_APART = (Role(PICKERS, "pickers", "picker", "P", "picker", "pickers"), Role(COUNTER, "counter", "counter", "C", "person at the counter", "at the counter"))
_TOGETHER = (Role(PICKERS, "staff", "staff", "S", "person", "who pick and serve"),)


def roles(pooled: bool) -> tuple[Role, ...]:
    """Pickers and counter, or the one pool of those who do both."""
    return _TOGETHER if pooled else _APART


_HOUR = 4  # quarter hours
MOST = 400  # people of a pool at once
_STEEPEST, _FLATTEST, _HALVINGS = 8.0, -3.0, 7
_AT_ONCE = 2  # trials side by side
_MOVES = 150  # changes of shifts tried at most

Trial = Callable[[Staff], DayResult]


@dataclass(frozen=True)
class Targets:
    """What the plan must keep.

    Parameters
    ----------
    ready_on_time : share of pickups ready by the promise
    soon : share of customers at the counter who wait no longer than the limit
    least : people of each pool who are there at any open time
    pooled : one pool, the first, is answerable for both shares
    """

    ready_on_time: float
    soon: float
    least: tuple[int, int]
    pooled: bool = False

    @property
    def pools(self) -> tuple[int, ...]:
        """Pools that have people."""
        return tuple(role.pool for role in roles(self.pooled))

    def kept(self, pool: int, result: DayResult) -> bool:
        """Whether what the pool is answerable for holds."""
        return self.all_kept(result) if self.pooled else self._holds(pool, result)

    def _holds(self, pool: int, result: DayResult) -> bool:
        return (result.ready_on_time if pool == PICKERS else result.soon_share) >= (self.ready_on_time, self.soon)[pool]

    def all_kept(self, result: DayResult) -> bool:
        """Whether both hold."""
        return all(self._holds(pool, result) for pool in POOLS)


@dataclass
class Search:
    """What the search knows: the store, its targets, shift rules, and the simulated days that it tries staff on.

    Parameters
    ----------
    days : on which staff are tried, always the same
    load : (2, 96) float64, offered load of each pool: people who would be busy if there were enough
    both : where two trials may run side by side; kernels hold no lock
    """

    shop: Shop
    targets: Targets
    rules: ShiftRules
    days: Days
    load: np.ndarray
    both: Executor
    tried: int = 0
    _pickers: tuple[bytes, bool] | None = field(default=None, init=False)

    @property
    def hours(self) -> tuple[int, int]:
        """First open and first closed quarter hour."""
        return self.shop.opens // QUARTER, -(-self.shop.closes // QUARTER)

    def kept(self, pool: int, need: list[np.ndarray]) -> bool:
        """Whether people by pool keep what one of them is answerable for."""
        self.tried += 1
        return self.targets.kept(pool, self._alone(pool)(Staff(need[PICKERS], need[COUNTER])))

    @property
    def _apart(self) -> bool:
        """Whether the counter's waits follow from the pickers and its own people: nobody does both, no car waits for a bay, no queue lasts over night."""
        how = self.shop.how
        return not how.pooled and not how.bays and self.targets.least[COUNTER] > 0

    def _alone(self, pool: int) -> Trial:
        """The trial that shows what a pool is answerable for at least work."""
        if pool == PICKERS:
            return self.days.whole if self.shop.how.pooled else self.days.picking
        return self.days.whole

    def opened(self, level: np.ndarray, pool: int) -> np.ndarray:
        """People within opening hours, at least the least."""
        out = np.zeros(QUARTERS, np.int64)
        first, last = self.hours
        out[first:last] = np.clip(np.ceil(level[first:last] - 1e-9), self.targets.least[pool], MOST)
        return out

    # ---- need ----------------------------------------------------------------------------------------------
    def square_root(self, pool: int, need: list[np.ndarray]) -> np.ndarray:
        """People by load + b sqrt(load) with the least b that keeps the pool's target."""

        def at(b: float) -> np.ndarray:
            return self.opened(self.load[pool] + b * np.sqrt(self.load[pool]), pool)

        low, high = _FLATTEST, _STEEPEST
        trial = list(need)
        trial[pool] = at(high)
        while not self.kept(pool, trial):
            if trial[pool].max() >= MOST or high > 1e4:
                raise PlanError(_unreachable(pool, self.targets.pooled))
            low, high = high, 4 * high
            trial[pool] = at(high)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            trial[pool] = at(middle)
            if self.kept(pool, trial):
                high = middle
            else:
                low = middle
        return at(high)

    def lowered(self, pool: int, need: list[np.ndarray]) -> np.ndarray:
        """The pool's need, hour by hour one person fewer while its target holds; the least pressed hours first."""
        now = need[pool].copy()
        first, last = self.hours
        starts = list(range(first, last, _HOUR))
        open_for = dict.fromkeys(starts, True)
        while any(open_for.values()):
            spare = {s: float((now[s : s + _HOUR] - self.load[pool][s : s + _HOUR]).sum()) for s in starts if open_for[s]}
            for start in sorted(spare, key=lambda s: (-spare[s], s)):
                part = slice(start, min(start + _HOUR, last))
                fewer = now.copy()
                fewer[part] = np.maximum(now[part] - 1, self.targets.least[pool])
                trial = list(need)
                trial[pool] = fewer
                if (fewer == now).all() or not self.kept(pool, trial):
                    open_for[start] = False
                else:
                    now = fewer
        return now

    def need(self) -> list[np.ndarray]:
        """(96,) people of each pool that keep the targets, hour by hour."""
        need = [self.opened(2 * self.load[p] + 4 * np.sqrt(self.load[p]) + 1, p) if p in self.targets.pools else np.zeros(QUARTERS, np.int64) for p in POOLS]
        for pool in self.targets.pools:
            need[pool] = self.square_root(pool, need)
        for pool in self.targets.pools:
            need[pool] = self.lowered(pool, need)
        return need

    # ---- shifts --------------------------------------------------------------------------------------------
    def schedule(self) -> list[list[Shift]]:
        """Shifts of each pool that keep both targets; dropped and shortened while they do."""
        first, last = self.hours
        need = self.need()
        plan = [sh.cover(need[pool], first, last, self.rules) for pool in POOLS]
        for pool in self.targets.pools:
            plan[pool] = self._trimmed(pool, plan)
        return plan

    def _keeps(self, pool: int, plan: list[list[Shift]]) -> bool:
        """Whether both targets hold, where the plan differs from one that keeps them in the pool's shifts alone."""
        people = [sh.people(plan[pool]) for pool in POOLS]
        first, last = self.hours
        if any((people[p][first:last] < self.targets.least[p]).any() for p in POOLS):
            return False
        staff = Staff(people[PICKERS], people[COUNTER])
        if pool == COUNTER and self._apart:
            return self._picked(staff) and self.targets.kept(COUNTER, self.days.counter(staff))
        if not self.shop.how.pooled and not self.targets.kept(PICKERS, self.days.picking(staff)):
            return False
        return self.targets.all_kept(self.days.whole(staff))

    def _picked(self, staff: Staff) -> bool:
        """Whether the pickers keep the promise; the last answer is kept."""
        pickers = staff.pickers.tobytes()
        if self._pickers is None or self._pickers[0] != pickers:
            self._pickers = pickers, self.targets.kept(PICKERS, self._alone(PICKERS)(staff))
        return self._pickers[1]

    def trimmed(self, plan: list[list[Shift]], most: int) -> list[list[Shift]]:
        """The plan with shifts dropped or cut where the search's days allow it, after so many trials at most."""
        out = list(plan)
        for pool in self.targets.pools:
            out[pool] = self._trimmed(pool, out, most // 2)
        return out

    def _trimmed(self, pool: int, plan: list[list[Shift]], most: int = _MOVES) -> list[Shift]:
        """Local search: drop a shift, make one half an hour shorter, or put a shorter one elsewhere; dearest change first."""
        last_try = self.tried + most
        now = list(plan[pool])
        failed: set[tuple[Shift, Shift | None]] = set()
        while True:
            moves: list[tuple[int, Shift, Shift | None]] = [(s.paid, s, None) for s in set(now)]
            moves += [(s.paid - t.paid, s, t) for s in set(now) for t in sh.shorter(s, self.rules) if t.paid < s.paid]
            moves += [(s.paid - t.paid, s, t) for s in set(now) for t in self._instead(pool, now, s)]
            moves = [m for m in moves if m[1:] not in failed]  # fewer people elsewhere do not make room for it later
            if not moves or self.tried >= last_try:
                return now
            moves.sort(key=lambda m: (-m[0], m[1], m[2] is not None, m[2] or m[1]))
            tests = []
            for _, shift, other in moves[:_AT_ONCE]:
                fewer = list(now)
                fewer.remove(shift)
                tests.append((shift, other, [*fewer, *([] if other is None else [other])]))
            self.tried += len(tests)
            trials = [[*plan[:pool], fewer, *plan[pool + 1 :]] for _, _, fewer in tests]
            for (shift, other, fewer), keeps in zip(tests, self.both.map(lambda trial: self._keeps(pool, trial), trials), strict=True):
                if keeps:
                    now = fewer
                    break  # as if the moves had been tried one after the other
                failed.add((shift, other))

    def _instead(self, pool: int, now: list[Shift], shift: Shift) -> list[Shift]:
        """Two shorter shifts for one of the plan's, the longest and the shortest: where the load presses most without it."""
        rest = list(now)
        rest.remove(shift)
        best: dict[int, tuple[float, Shift]] = {}
        for worth, other in self._by_worth(pool, rest):
            if other.paid < shift.paid and (other.paid not in best or worth > best[other.paid][0]):
                best[other.paid] = (worth, other)
        lengths = sorted(best)
        return [best[paid][1] for paid in {*lengths[:1], *lengths[-1:]}]

    def _by_worth(self, pool: int, plan: list[Shift]) -> list[tuple[float, Shift]]:
        """Every shift there may be with the mean load per person that it would meet."""
        first, last = self.hours
        gap = self.load[pool][first:last] / np.maximum(sh.people(plan)[first:last], 0.5)
        options = sh.candidates(first, last, self.rules)
        table = sh.covers(first, last, self.rules)
        worth = (table * gap).sum(axis=1) / np.maximum(table.sum(axis=1), 1)  # no BLAS: bytes are promised
        return list(zip(worth.tolist(), options, strict=True))

    def strengthened(self, plan: list[list[Shift]], result: DayResult) -> list[list[Shift]]:
        """One more person in the pool whose target is missed, where the load presses most."""
        out = plan
        for pool in self.targets.pools:
            if not self.targets.kept(pool, result):
                out = self.one_more(out, pool)
        return out

    def one_more(self, plan: list[list[Shift]], pool: int) -> list[list[Shift]]:
        """One more person in the pool, where the load presses most."""
        best = max(self._by_worth(pool, plan[pool]), key=lambda o: (o[0] - 1e-6 * o[1].paid, o[1]))[1]
        return [[*shifts, best] if p == pool else list(shifts) for p, shifts in enumerate(plan)]


def _unreachable(pool: int, pooled: bool) -> str:
    if pooled:
        return "no number of people keeps the promise and the wait; give a longer promise_h or wait_min, or lower targets"
    if pool == PICKERS:
        return "no number of pickers keeps the promise; give a longer promise_h or a lower target"
    return "no number of people at the counter keeps the wait; give a longer wait_min or a lower wait_share"


def offered_load(shop: Shop, result: DayResult, promise_s: int) -> np.ndarray:
    """(2, 96) people who would be busy with unlimited staff; picking may be put off within the promise, over night too."""
    first, last = shop.opens // QUARTER, -(-shop.closes // QUARTER)
    spread = max(1, min(promise_s // QUARTER, last - first))
    picking = np.zeros(QUARTERS)
    for q in range(first, last):
        later = first + (q - first + np.arange(spread)) % (last - first)
        np.add.at(picking, later, result.work[PICKERS][q] / spread)
    return np.stack([picking, result.work[COUNTER]]) / QUARTER


def load_of_pools(load: np.ndarray, pooled: bool) -> np.ndarray:
    """(2, 96) load of each pool's people: all of it the first one's where they are one."""
    return np.stack([load.sum(axis=0), np.zeros(QUARTERS)]) if pooled else load


def with_one(staff: Staff, pool: int, more: int, shop: Shop) -> Staff:
    """One more or fewer person all day, never below none."""
    first, last = shop.opens // QUARTER, -(-shop.closes // QUARTER)
    name = ("pickers", "counter")[pool]
    changed = getattr(staff, name).copy()
    changed[first:last] = np.maximum(changed[first:last] + more, 0)
    return replace(staff, **{name: changed})
