"""The week's rota as tables, as plain data and in words."""

from __future__ import annotations

from typing import Any

from omosim.planning.history import QUARTER
from omosim.planning.plan import StorePlan, clock
from omosim.planning.shifts import Shift
from omosim.planning.staffing import Role, roles
from omosim.planning.week import DayShift, PoolWeek, WeekRules
from omosim.schema.columns import HOUR, WEEKDAYS


def person(role: Role, number: int) -> str:
    """P1, P2 … of pickers, C1 … of the counter, S1 … of those who do both."""
    return f"{role.letter}{number + 1}"


def rota_columns(plan: StorePlan) -> dict[str, list[Any]]:
    """Columns of the rota: one row a person and day; a person keeps the name all week."""
    rows = sorted(
        (weekday, pool, number, shift)
        for pool, people in enumerate(_people(plan))
        for number, mine in enumerate(people)
        for weekday, shift in mine
    )  # fmt: skip
    who = roles(plan.options.targets.pooled)
    names = ("store", "weekday", "role", "person", "from", "to", "break_from", "break_to", "paid_h")
    table = [
        (plan.history.store, WEEKDAYS[weekday], who[pool].rota, person(who[pool], number), clock(s.begin), clock(s.end), *_break(s), s.paid * QUARTER / HOUR)
        for weekday, pool, number, s in rows
    ]  # fmt: skip
    return {name: [row[i] for row in table] for i, name in enumerate(names)}


def _people(plan: StorePlan) -> tuple[list[list[DayShift]], ...]:
    """Each pool's people with their shifts; without a week's rota every shift is a person."""
    if plan.week is not None:
        return tuple(pool.people for pool in plan.week)
    return tuple([[(day.weekday, shift)] for day in plan.days for shift in sorted(day.shifts[pool])] for pool in plan.options.targets.pools)


def _break(shift: Shift) -> tuple[str, str]:
    return (clock(shift.rest), clock(shift.back)) if shift.back > shift.rest else ("", "")


def week_rows(role: Role, week: PoolWeek) -> list[dict[str, Any]]:
    """One row a person: the shift of each weekday, empty on a day off, and what the week adds up to."""
    rows = []
    for number, (mine, hours) in enumerate(zip(week.people, week.paid_hours, strict=True)):
        by_day = {weekday: f"{clock(s.begin)}-{clock(s.end)}" for weekday, s in mine}
        rows.append({"person": person(role, number), "role": role.rota, **{name: by_day.get(w, "") for w, name in enumerate(WEEKDAYS)},
                     "shifts": len(mine), "paid_h": hours})  # fmt: skip
    return rows


def week_columns(plan: StorePlan) -> dict[str, list[Any]]:
    """Columns of the week's sheet, people by days."""
    rows = [row for role, week in zip(roles(plan.options.targets.pooled), plan.week or (), strict=False) for row in week_rows(role, week)]
    names = ("person", "role", *WEEKDAYS, "shifts", "paid_h")
    return {name: [row[name] for row in rows] for name in names}


def week_json(plan: StorePlan) -> dict[str, Any] | None:
    """The week's rota, the people it takes at least, and why."""
    if plan.week is None:
        return None
    rules = plan.options.week
    pools = {
        role.key: {
            "people": len(week.people), "at_least": week.least.people, "why": week.least.why, "fewest_proven": week.gap == 0,
            "bounds": {
                "shifts_on_the_fullest_day": week.least.peak, "hours": week.least.hours, "days_off": week.least.days,
                "rest": week.least.rest, "hours_and_days_off": week.least.together,
            },
            "paid_hours": sum(week.paid_hours), "rota": week_rows(role, week),
        }
        for role, week in zip(roles(plan.options.targets.pooled), plan.week, strict=True)
    }  # fmt: skip
    return {
        "max_hours_week": rules.most * QUARTER / HOUR, "days_off": rules.days_off, "rest_hours": rules.rest * QUARTER / HOUR,
        "weekdays": [WEEKDAYS[day.weekday] for day in plan.days], **pools,
    }  # fmt: skip


def week_words(plan: StorePlan) -> str:
    """How many people the week takes and why no fewer."""
    if plan.week is None:
        return ""
    rules = plan.options.week
    said = [f"{len(week.people)} {role.many} ({_why(week, rules)})" for role, week in zip(roles(plan.options.targets.pooled), plan.week, strict=True)]
    return (
        f"The week's {sum(len(mine) for week in plan.week for mine in week.people)} shifts take {sum(len(w.people) for w in plan.week)} people: {' and '.join(said)}, "
        f"each with no more than {rules.most * QUARTER / HOUR:.4g} h, {rules.days_off} days off and {rules.rest * QUARTER / HOUR:.4g} h between shifts."
    )


def _why(week: PoolWeek, rules: WeekRules) -> str:
    least = week.least
    reasons = {
        "peak": f"the fullest day has {least.peak} shifts", "hours": f"{sum(week.paid_hours):.4g} paid hours are more than {least.hours - 1} people may work",
        "days": f"{sum(map(len, week.people))} shifts are more than {least.days - 1} people may have with {rules.days_off} days off",
        "rest": "an evening and the next morning cannot be one person's", "together": "hours and days off together allow no fewer",
        "tried": "all ways with fewer break a rule",
    }  # fmt: skip
    told = reasons[least.why]
    return told if week.gap == 0 else f"{least.people} at least, as {told}; whether {len(week.people) - 1} can do is not known"
