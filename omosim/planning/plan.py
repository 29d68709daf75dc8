"""The planner's answer for one weekday: staff, shifts, slots, service with intervals, what-ifs, and the textbook beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from omosim.kernels.philox import make_key
from omosim.planning import erlang, slots
from omosim.planning import intervals as iv
from omosim.planning import shifts as sh
from omosim.planning.backtest import Backtest, backtest, changed_words
from omosim.planning.bays import BayPlan, bay_plan, cars_of
from omosim.planning.demand import PICKUP, QUARTERS, WALK_IN, DayLaw, Draws, Ways, WorkLaw, draw, learn, thinned
from omosim.planning.errors import PlanError
from omosim.planning.history import QUARTER, StoreHistory, promise_of, weekday_of
from omosim.planning.odd import OddDay, cure, odd_days
from omosim.planning.promises import Promises, promises_of, why_none
from omosim.planning.roster import Roster
from omosim.planning.shelf import ShelfLaw, ShelfPlan, cures_of, fits
from omosim.planning.shelf import peaks as shelf_peaks
from omosim.planning.shifts import Shift, ShiftRules
from omosim.planning.simulate import DayResult, Days, Shop, Staff, simulate
from omosim.planning.staffing import (
    COUNTER,
    PICKERS,
    Role,
    Search,
    Targets,
    load_of_pools,
    offered_load,
    roles,
    with_one,
)
from omosim.planning.week import PoolWeek, WeekRules, staffed
from omosim.schema.columns import DAY, HOUR, WEEKDAYS
from omosim.schema.days import date_text
from omosim.schema.settings import NetworkSettings

LEAST_DAYS = 4
GROUPS = 20
_SEARCH_ROWS, _FINAL_ROWS, _SLOT_ROWS = 20_000, 80_000, 120_000
_FINAL_REPLICATION = 1_000_003  # draws of the last check are not those of the search
_MOST_REPAIRS = 12
_LAST_MOVES = 40
_AMPLE = 60


@dataclass(frozen=True)
class PlanOptions:
    """What the planner asks for.

    Parameters
    ----------
    promise_h : opening hours from order to ready; None takes the file's own, or two
    targets : shares to be kept
    wait_s : wait that still counts as short
    rules : shifts
    slot_minutes : length of a slot
    bins : places on the pickup shelf; 0 as many as needed
    overflow : share of days on which they may be too few
    week : what a person's week may be
    seed : of every draw
    """

    promise_h: float | None
    targets: Targets
    wait_s: int
    rules: ShiftRules
    slot_minutes: int
    bins: int
    overflow: float
    week: WeekRules
    seed: int


@dataclass(frozen=True)
class WhatIf:
    """One change, on the same simulated days: the shares with intervals, and how far they move."""

    name: str
    hours: float
    ready_on_time: iv.Estimate
    soon: iv.Estimate
    wait_p90: iv.Estimate
    moves_ready: iv.Estimate
    moves_soon: iv.Estimate


@dataclass(frozen=True)
class DayPlan:
    """The plan of one weekday; see the fields of `plan.json` in docs/bopis.md."""

    weekday: int
    law: DayLaw
    shop: Shop
    promise_s: int
    shifts: list[list[Shift]]
    staff: Staff
    load: np.ndarray
    result: DayResult
    draws: Draws
    ready_on_time: iv.Estimate
    soon: iv.Estimate
    prob_wait: iv.Estimate
    wait_mean: iv.Estimate
    wait_p50: iv.Estimate
    wait_p90: iv.Estimate
    left: iv.Estimate
    shelf_peak: iv.Estimate
    shelf: ShelfPlan
    bays: BayPlan | None
    promises: Promises
    orders: iv.Estimate
    customers: iv.Estimate
    limits: slots.SlotLimits
    textbook: erlang.Textbook
    curve: list[tuple[int, iv.Estimate, float]]
    what_if: list[WhatIf]
    service_cv: float
    tried: int
    kept: bool

    @property
    def all_kept(self) -> bool:
        """Whether promise and wait are kept, and the shelf does."""
        return self.kept and self.shelf.kept

    @property
    def paid_hours(self) -> tuple[float, float]:
        """Hours paid of pickers and counter."""
        return sh.paid_hours(self.shifts[PICKERS]), sh.paid_hours(self.shifts[COUNTER])


def enough(history: StoreHistory, weekday: int) -> None:
    """Refuse a weekday of which the file has fewer than four days. Raises PlanError."""
    have = len(history.days_of(weekday))
    if weekday in history.shut:
        raise PlanError(f"store '{history.store}' is closed on {WEEKDAYS[weekday]}: orders come, but nothing is made ready, collected or sold there")
    if have < LEAST_DAYS:
        days = "no" if have == 0 else f"only {have}"
        out = int((weekday_of(history.left_out) == weekday).sum())
        besides = f" besides the {out} left out as holidays" if out else ""
        raise PlanError(
            f"the file has {days} {WEEKDAYS[weekday]} of store '{history.store}'{besides}; {LEAST_DAYS} at least are needed for a "
            f"recommendation, {LEAST_DAYS - have} {'is' if LEAST_DAYS - have == 1 else 'are'} missing"
        )


def promise_seconds(history: StoreHistory, options: PlanOptions) -> tuple[int, str]:
    """Opening seconds from order to ready, and where they come from."""
    if options.promise_h is not None:
        return round(options.promise_h * HOUR), "promise_h"
    told = promise_of(history)
    if told is not None and told >= 300:
        return round(told / 60) * 60, "median of promised_at less placed_at in opening hours"
    return 2 * HOUR, "assumed: two hours, as the file has no promised_at"


def days_before(network: NetworkSettings) -> int:
    """Simulated days before the planned one, whose pickups still stand on the shelf."""
    return int(np.clip(np.ceil(network.pickup.hold_days), 2, 4))


def plan_day(history: StoreHistory, weekday: int, options: PlanOptions, promise_s: int, network: NetworkSettings, both: Executor, say: Callable[[str], None] = lambda _: None,
             brief: bool = False) -> DayPlan:  # fmt: skip
    """The cheapest shifts of a weekday that keep the targets, and what they give.

    Parameters
    ----------
    promise_s : opening seconds from order to ready
    both : where trials run side by side
    say : told what is being done
    brief : without other promises, what-ifs and the curve of waits, which take half of the time

    Raises
    ------
    PlanError : no staff keeps a target
    """
    work = WorkLaw.of(network)
    back = days_before(network)
    laws = [learn(history, (weekday - i) % 7, history.days_of((weekday - i) % 7), network) for i in range(back, -1, -1)]
    hold_s = round(network.pickup.hold_days * DAY)
    sold_on = set(weekday_of(history.dates).tolist())  # a weekday whose days are all left out is open all the same
    trades = tuple(law.weekday in sold_on and law.weekday not in history.shut for law in laws)
    how = Ways.of(network)
    shop = Shop(history.opens, history.closes, trades, hold_s, options.wait_s, how)
    draws = sized(laws, make_key(options.seed, weekday), _SEARCH_ROWS)
    rows = draw(laws, draws, work, shop, promise_s)
    tried_on = Days(shop, rows, draws)
    load = offered_load(shop, tried_on.whole(Staff.level(_AMPLE, _AMPLE, shop.opens, shop.closes)), promise_s)
    search = Search(shop, options.targets, options.rules, tried_on, load_of_pools(load, how.pooled), both)
    say(f"{WEEKDAYS[weekday]}: searching for shifts")
    try:
        shifts = search.schedule()
    except PlanError as error:
        raise PlanError(f"{error}. {why_none(search, promise_s)}") from None

    final = sized(laws, make_key(options.seed, weekday + _FINAL_REPLICATION), _FINAL_ROWS)
    days = draw(laws, final, work, shop, promise_s)
    result = _result(shop, days, final, shifts)
    for _ in range(_MOST_REPAIRS):
        if options.targets.all_kept(result):
            break
        shifts = search.strengthened(shifts, result)
        result = _result(shop, days, final, shifts)
    again = replace(search, days=Days(shop, days, final))
    if options.targets.all_kept(result):  # a repair may have made another shift needless
        shifts = again.trimmed(shifts, _LAST_MOVES)
        result = _result(shop, days, final, shifts)
    say(f"{WEEKDAYS[weekday]}: slots and what-ifs")
    roomy, hopeless = _with_room(again, shifts, result, options)
    if roomy is not shifts:
        shifts, result = roomy, _result(shop, days, final, roomy)
    staff = Staff(sh.people(shifts[PICKERS]), sh.people(shifts[COUNTER]))
    shelf = _shelf(_Day(shop, final, days, laws, work, promise_s), staff, result, options, hopeless)
    seen = float(laws[-1].counts[PICKUP].sum())
    seen_all = seen + float(laws[-1].counts[WALK_IN].sum())
    came = result.served + result.left

    pick_s = float(work.pick(laws[-1].pools[PICKUP].units).mean()) - how.saved_s
    picking = Staff(np.maximum(staff.pickers - load[COUNTER], 0.0), staff.counter) if how.pooled else staff  # who serves does not pick
    few, fewer = thinned(rows, draws, round(_SLOT_ROWS / max(1.0, slots.most_rows(shop, picking, promise_s, pick_s)) / draws.groups))

    def fill(limit: np.ndarray) -> DayResult:
        begins, ends = slots.slots_of(shop, options.slot_minutes)
        filled = slots.full_rows(shop, few, fewer, limit, begins, ends, promise_s, laws[-1].pools[PICKUP], work)
        return simulate(shop, filled, fewer, staff, audit=False)

    limits = slots.largest(shop, picking, options.slot_minutes, promise_s, pick_s, fill, lambda r, z: _keeps_full(options, fewer, r, z), both)
    base = _Base(shop, final, again.days, staff, result, seen, seen_all)
    return DayPlan(
        weekday, laws[-1], shop, promise_s, shifts, staff, load, result, final,
        ready_on_time=iv.share(final, result.on_time, result.orders, seen), soon=iv.share(final, result.soon, came, seen_all),
        prob_wait=iv.share(final, result.waited, came, seen_all), wait_mean=iv.mean(final, result.wait_mean_s / 60),
        wait_p50=iv.wait_quantile(final, result, 0.5), wait_p90=iv.wait_quantile(final, result, 0.9),
        left=iv.share(final, result.left, came, seen_all), shelf_peak=iv.mean(final, shelf_peaks(result)), shelf=shelf,
        bays=bay_plan(Days(shop, days, final), staff, result), promises=Promises(None, (), 0.0, 0.0, 0.0) if brief else promises_of(search, result, final, promise_s, seen),
        orders=iv.mean(final, result.orders), customers=iv.mean(final, came), limits=limits,
        textbook=erlang.of_day(result.calls[COUNTER], result.work[COUNTER], staff.pickers + staff.counter if how.pooled else staff.counter), curve=[] if brief else _curve(base, both),
        what_if=[] if brief else _what_ifs(base, shifts, laws, work, promise_s, both), service_cv=float(1 / np.sqrt(work.shape)), tried=search.tried, kept=options.targets.all_kept(result),
    )  # fmt: skip


def sized(laws: list[DayLaw], key: tuple[int, int], budget: int) -> Draws:
    """As many replicates as the budget of rows allows, in groups of equal size."""
    one = sum(law.mean(PICKUP).sum() for law in laws) + laws[-1].mean(WALK_IN).sum()
    reps = int(np.clip(budget / max(one, 1.0), 6, 400))
    groups = min(GROUPS, reps)
    return Draws(key[0], key[1], groups, max(1, reps // groups))


def _result(shop: Shop, rows: np.ndarray, draws: Draws, shifts: list[list[Shift]]) -> DayResult:
    return simulate(shop, rows, draws, Staff(sh.people(shifts[PICKERS]), sh.people(shifts[COUNTER])))


def _keeps_full(options: PlanOptions, draws: Draws, result: DayResult, z: float) -> bool:
    """Whether full slots keep the targets, with their shares z standard errors lower, and the shelf has room."""
    came = result.served + result.left
    for top, bottom, target in ((result.on_time, result.orders, options.targets.ready_on_time), (result.soon, came, options.targets.soon)):
        a, b = iv.grouped(draws, top.astype(float)), iv.grouped(draws, bottom.astype(float))
        spread = float((a / np.maximum(b, 1e-9)).std(ddof=1)) if len(a) > 1 else 0.0
        if float(top.sum() / max(1, bottom.sum())) - z * spread < target:
            return False
    return fits(result, options.bins, options.overflow, z)


# ---- the shelf ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Day:
    """The simulated days and what they were drawn from."""

    shop: Shop
    draws: Draws
    rows: np.ndarray
    laws: list[DayLaw]
    work: WorkLaw
    promise_s: int


def _with_room(search: Search, shifts: list[list[Shift]], result: DayResult, options: PlanOptions) -> tuple[list[list[Shift]], bool]:
    """People added at the counter until the shelf does; and whether no number of them makes it do.

    The plan's pickers are as few as the promise allows, so no fewer could keep orders off the shelf for longer.
    """
    if fits(result, options.bins, options.overflow):
        return shifts, False
    first, last = search.hours
    ample = np.zeros(QUARTERS, np.int64)
    ample[first:last] = _AMPLE
    if not fits(search.days.whole(Staff(sh.people(shifts[PICKERS]), ample)), options.bins, options.overflow):
        return shifts, True
    for _ in range(_MOST_REPAIRS):
        shifts = search.one_more(shifts, options.targets.pools[-1])
        if fits(search.days.whole(Staff(sh.people(shifts[PICKERS]), sh.people(shifts[COUNTER]))), options.bins, options.overflow):
            break
    return shifts, False


def _shelf(day: _Day, staff: Staff, result: DayResult, options: PlanOptions, hopeless: bool) -> ShelfPlan:
    """How often the shelf overflows, how many bins do, and cures where those given do not.

    hopeless : no number of people at the counter makes the shelf do; it is said of all staff when the latest picking does not either
    """
    law = ShelfLaw.of(day.draws, shelf_peaks(result))
    plan = ShelfPlan(options.bins, options.overflow, law.overflow(options.bins) if options.bins else None, law.bins_for(options.overflow))
    if plan.kept:
        return plan
    orders = float(result.orders.mean())
    cures = cures_of(day.shop, day.rows, day.draws, staff, day.laws, day.work, day.promise_s, orders, options.bins, options.overflow)
    return replace(plan, cures=cures, whatever_staff=hopeless and not cures.picked_late)


# ---- what-ifs -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Base:
    """The plan's own days, with which changes are paired."""

    shop: Shop
    draws: Draws
    days: Days
    staff: Staff
    result: DayResult
    seen: float
    seen_all: float

    @property
    def roles(self) -> tuple[Role, ...]:
        """Who works there."""
        return roles(self.shop.how.pooled)

    def with_staff(self, staff: Staff) -> DayResult:
        """The same days with other people."""
        return self.days.whole(staff)

    def judge(self, name: str, result: DayResult, hours: float) -> WhatIf:
        """The change's figures and how far they are from the plan's."""
        came, before = result.served + result.left, self.result.served + self.result.left
        return WhatIf(
            name, hours, iv.share(self.draws, result.on_time, result.orders, self.seen),
            iv.share(self.draws, result.soon, came, self.seen_all), iv.wait_quantile(self.draws, result, 0.9),
            iv.difference(self.draws, (self.result.on_time, self.result.orders), (result.on_time, result.orders)),
            iv.difference(self.draws, (self.result.soon, before), (result.soon, came)),
        )  # fmt: skip


def _what_ifs(base: _Base, shifts: list[list[Shift]], laws: list[DayLaw], work: WorkLaw, promise_s: int, both: Executor) -> list[WhatIf]:
    shop, draws, hours = base.shop, base.draws, base.staff.person_hours
    out = [base.judge("as planned", base.result, 0.0)]

    def one_more(role: Role) -> WhatIf:
        staff = with_one(base.staff, role.pool, 1, shop)
        return base.judge(f"one more {role.one} all day", base.with_staff(staff), staff.person_hours - hours)

    def other(name: str, promise: int, factor: float, bays: int = shop.how.bays) -> WhatIf:
        rows = draw(laws, draws, work, shop, promise, factor)
        return base.judge(name, simulate(replace(shop, how=replace(shop.how, bays=bays)), rows, draws, base.staff, audit=False), 0.0)

    out += both.map(one_more, base.roles)
    half, more = (f"promise of {promise_s / 2 / HOUR:.3g} h instead of {promise_s / HOUR:.3g} h", promise_s // 2, 1.0), ("30 % more orders and customers", promise_s, 1.3)
    absent = _absences(base, shifts, both)
    for role in base.roles:
        mine = [row for row in absent if row[0] == role.pool]
        if mine:
            _, _, change = min(mine, key=lambda row: row[1])
            out.append(replace(change, name=f"one fewer: without {change.name}"))
    out += both.map(lambda change: other(*change), (half, more))
    bays = shop.how.bays
    if bays and cars_of(base.result).any():
        changes = [("one bay for cars more", bays + 1), *([("one bay for cars fewer", bays - 1)] if bays > 1 else [])]
        out += both.map(lambda change: other(change[0], promise_s, 1.0, change[1]), changes)
    if absent:
        _, _, change = max(absent, key=lambda row: row[1])
        out.append(replace(change, name=f"one sick, where it hurts most: {change.name}"))
    return out


def _absences(base: _Base, shifts: list[list[Shift]], both: Executor) -> list[tuple[int, float, WhatIf]]:
    """Pool, harm (shares lost) and figures of the day without each shift."""
    asked = [(role, shift) for role in base.roles for shift, _ in sh.distinct(shifts[role.pool])]

    def without(role: Role, shift: Shift) -> tuple[int, float, WhatIf]:
        name = ("pickers", "counter")[role.pool]
        left = np.maximum(getattr(base.staff, name) - shift.cover(), 0)
        result = base.with_staff(replace(base.staff, **{name: left}))
        change = base.judge(f"the {role.one} of {clock(shift.begin)}-{clock(shift.end)}", result, -shift.paid * QUARTER / HOUR)
        return role.pool, -result.ready_on_time - result.soon_share, change

    return list(both.map(lambda one: without(*one), asked))


def _curve(base: _Base, both: Executor) -> list[tuple[int, iv.Estimate, float]]:
    """Share of the busiest hour's customers who wait against people at the counter, with Erlang C of that hour beside it."""
    work = base.result.work[COUNTER]
    hour = int(np.argmax(np.lib.stride_tricks.sliding_window_view(work, 4).sum(axis=1))) if work.any() else base.shop.opens // QUARTER
    load = float(work[hour : hour + 4].sum() / (4 * QUARTER))
    pool = base.roles[-1].pool
    now = int((base.staff.pickers, base.staff.counter)[pool][hour : hour + 4].max())

    def point(people: int) -> tuple[int, iv.Estimate, float]:
        result = base.with_staff(with_one(base.staff, pool, people - now, base.shop))
        inside = (result.wait_quarter >= hour) & (result.wait_quarter < hour + 4)
        came = np.bincount(result.wait_rep[inside], minlength=base.draws.reps)
        waited = np.bincount(result.wait_rep[inside & (result.waits > 0)], minlength=base.draws.reps)
        return people, iv.share(base.draws, waited, came, base.seen_all / 10), erlang.erlang_c(people, load)

    return list(both.map(point, range(max(1, now - 2), now + 3)))


def clock(quarter: int) -> str:
    """HH:MM of a quarter hour of the day."""
    return second_clock(quarter * QUARTER)


def second_clock(second: int) -> str:
    """HH:MM of a second of the day."""
    return f"{second // HOUR:02d}:{second % HOUR // 60:02d}"


# ---- the whole store ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class StorePlan:
    """Plans of the weekdays asked for, those refused with the reason, the check against held-out days, and the rota of
    pickers and counter where several weekdays are planned."""

    history: StoreHistory
    options: PlanOptions
    promise_s: int
    promise_from: str
    days: list[DayPlan]
    refused: dict[int, str]
    check: Backtest | str
    work: WorkLaw
    odd: list[OddDay]
    week: tuple[PoolWeek, ...] | None

    @property
    def busiest(self) -> DayPlan:
        """The planned weekday with the most pickups."""
        return max(self.days, key=lambda day: day.orders.value)

    @property
    def fullest(self) -> DayPlan:
        """The planned weekday that needs the most bins."""
        return max(self.days, key=lambda day: day.shelf.needed.value)


def _planned(history: StoreHistory, weekday: int, options: PlanOptions, promise_s: int, network: NetworkSettings, both: Executor,
             say: Callable[[str], None], odd: list[OddDay]) -> DayPlan | str:  # fmt: skip
    """The plan of a weekday, or why there is none: no staff keeps the targets, for lone days of many times the usual demand where there are such."""
    near = {(weekday - i) % 7 for i in range(days_before(network) + 1)}
    spikes = [o for o in odd if o.is_spike and int(weekday_of(np.array(o.day))) in near]
    try:
        made = plan_day(history, weekday, options, promise_s, network, both, say)
    except PlanError as error:
        why = str(error)
    else:
        if made.kept or not spikes:
            return made
        why = f"no staff that was tried keeps the targets on {WEEKDAYS[weekday]}"
    if not spikes:
        return why
    days = ", ".join(f"{date_text(o.day)} with {o.count:,} pickups" for o in spikes)
    return f"{why}. It is planned from {days}: leave out what will not come again, {cure([o.day for o in spikes])}"


def plan_store(history: StoreHistory, weekdays: list[int], options: PlanOptions, network: NetworkSettings,
               roster: Roster | None = None, say: Callable[[str], None] = lambda _: None, past: NetworkSettings | None = None) -> StorePlan:  # fmt: skip
    """Plan the weekdays; those of which the file has too few are refused by name.

    Parameters
    ----------
    roster : who was on duty in the past, for the check; without it a constant number of pickers is read from ready times
    past : the network while the file's orders were served; None as planned

    Raises
    ------
    PlanError : no weekday can be planned
    """
    promise_s, told = promise_seconds(history, options)
    refused: dict[int, str] = {}
    asked = []
    for weekday in weekdays:
        try:
            enough(history, weekday)
            asked.append(weekday)
        except PlanError as error:
            refused[weekday] = str(error)
    if not asked:
        raise PlanError("\n".join(refused.values()))
    work, odd = WorkLaw.of(network), odd_days(history)
    kept = promise_of(history)  # the past is held to its own promise, whatever is planned
    check = backtest(history, asked, options.seed, work, past or network, promise_s if kept is None else round(kept), options.wait_s, roster)
    if past is not None and isinstance(check, Backtest) and (changed := changed_words(Ways.of(past), Ways.of(network))):
        check = replace(check, staff_from=f"{check.staff_from}; {changed}")
    cores = os.cpu_count() or 1  # kernels run without the interpreter's lock
    with ThreadPoolExecutor(min(len(asked), cores)) as pool, ThreadPoolExecutor(cores) as both:
        tried = list(pool.map(lambda weekday: _planned(history, weekday, options, promise_s, network, both, say, odd), asked))
    refused |= {weekday: found for weekday, found in zip(asked, tried, strict=True) if isinstance(found, str)}
    days = [found for found in tried if not isinstance(found, str)]
    if not days:
        raise PlanError("\n".join(refused.values()))
    week = tuple(staffed([(day.weekday, shift) for day in days for shift in day.shifts[pool]], options.week) for pool in options.targets.pools) if len(days) > 1 else None
    return StorePlan(history, options, promise_s, told, days, refused, check, work, odd, week)
