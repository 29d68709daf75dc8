"""Rules between keys: shares that sum to one, times in order, names that exist. All are checked, none stops another."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from omosim.config import change_rules, levels
from omosim.config.errors import Problem, nearest
from omosim.config.facts import Facts, Loc
from omosim.config.network_rules import NETWORK_RULES

SUM_TOLERANCE = 1e-6
Rule = Callable[[Facts], Iterator[Problem]]


def check(facts: Facts) -> list[Problem]:
    """Every rule's problems, in the order of the settings."""
    return [problem for rule in RULES for problem in rule(facts)]


# ---- market ---------------------------------------------------------------------------------------------------
def _shares(facts: Facts, group: Loc, leaf: str, what: str) -> Iterator[Problem]:
    rows = facts.mapping(*group)
    shares = [facts.number(*group, name, leaf) for name in rows]
    if not rows or any(s is None for s in shares):
        return
    total = sum(s for s in shares if s is not None)
    if abs(total - 1) <= SUM_TOLERANCE:
        return
    percent = abs(total - 100) < 1
    cure = (
        "Divide them by 100; shares run from 0 to 1"
        if percent
        else f"Multiply each by {1 / total:.6g}"
        if total
        else "Give shares"
    )
    parts = " + ".join(f"{s:g}" for s in shares[:8] if s is not None) + (" + …" if len(shares) > 8 else "")
    yield facts.problem(group, f"the shares of {what} ({leaf}) sum to {total:.9g} ({parts})", cure, "a sum of 1")


def segment_shares(facts: Facts) -> Iterator[Problem]:
    """Segments are parts of one population."""
    yield from _shares(facts, ("market", "segments"), "share", "the segments")


def need_shares(facts: Facts) -> Iterator[Problem]:
    """Categories are parts of all needs."""
    yield from _shares(facts, ("catalogue", "categories"), "need_share", "the categories")


def thetas(facts: Facts) -> Iterator[Problem]:
    """A nested logit needs the lower scale at most as large as the upper."""
    lower, upper = facts.number("market", "choice", "theta_lower"), facts.number("market", "choice", "theta_upper")
    if lower is not None and upper is not None and lower > upper:
        yield facts.problem(
            ("market", "choice", "theta_lower"),
            "larger than theta_upper",
            f"Choose {upper:g} or less",
            f"at most theta_upper = {upper:g}",
        )


@lru_cache(maxsize=1)
def _timezones() -> frozenset[str]:
    names = zoneinfo.available_timezones()
    return frozenset(n for n in names if n not in ("localtime", "Factory") and not n.startswith(("posix/", "right/")))


def timezone(facts: Facts) -> Iterator[Problem]:
    """The time zone is one of IANA's."""
    name = facts.get("market", "timezone")
    if isinstance(name, str) and name not in _timezones():
        known = {
            "KST": "Asia/Seoul",
            "JST": "Asia/Tokyo",
            "GMT+9": "Asia/Seoul",
            "UTC+9": "Asia/Seoul",
            "BST": "Europe/London",
        }
        tail = {z.rpartition("/")[2]: z for z in sorted(_timezones())}
        near = known.get(name.upper()) or nearest(name, sorted(_timezones())) or tail.get(nearest(name, tail) or "")
        yield facts.problem(
            ("market", "timezone"), "no such time zone", "Write the IANA name", "an IANA name such as Asia/Seoul", near
        )


def start_date(facts: Facts) -> Iterator[Problem]:
    """The first day exists in the calendar."""
    text = facts.get("market", "start_date")
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return
    try:
        year = date.fromisoformat(text).year
    except ValueError as error:
        yield facts.problem(
            ("market", "start_date"), f"no such day ({error})", "Choose a day of the calendar", "a date YYYY-MM-DD"
        )
        return
    if not 1970 <= year <= 2100:
        yield facts.problem(
            ("market", "start_date"),
            "a year that is not read",
            "Choose a year from 1970 to 2100",
            "1970-01-01 to 2100-12-31",
        )


#: a weight far above 1 would leave the other hours without any need
MOST_WEIGHT = 1_000_000


def weights(facts: Facts) -> Iterator[Problem]:
    """Weights are not negative and not all zero."""
    for name in ("hour_of_day", "hour_of_day_weekend", "day_of_week", "month_of_year", "week_of_run"):
        loc: Loc = ("market", "demand", name)
        values = [facts.number(*loc, i) for i in range(len(facts.items(*loc)))]
        if not values or any(v is None for v in values):
            continue
        for i, value in enumerate(values):
            if value is not None and value < 0:
                yield facts.problem((*loc, i), "a negative weight", "Write 0 or more", "0 or more")
            if value is not None and value > MOST_WEIGHT:
                yield facts.problem((*loc, i), "too large", "Weights are relative: 1 is the usual pace", f"0 to {MOST_WEIGHT:,}")
        if not any(values):
            yield facts.problem(loc, "all weights are 0", "Give at least one weight above 0")


# ---- strategy, touchpoints, scenario ---------------------------------------------------------------------------
def capabilities(facts: Facts) -> Iterator[Problem]:
    """Capabilities and their levels are known, and each has what it needs beside it."""
    have, on = facts.mapping("strategy", "capabilities"), facts.switched_on()
    for name in have:
        loc: Loc = ("strategy", "capabilities", name)
        if levels.kind(name) is None:
            yield _no_capability(facts, loc, name)
            continue
        yield from _levels(facts, loc, name)
        if name not in on:
            continue
        for other in levels.requires(name):
            if other not in on:
                cure = f"Add strategy.capabilities.{other}=true, or drop {name}"
                yield facts.problem(
                    loc, f"'{name}' needs '{other}', which is off", cure, f"with {', '.join(levels.requires(name))}"
                )
        for other in levels.excludes(name):
            if other in on:
                yield facts.problem(loc, f"'{name}' cannot stand beside '{other}'", f"Drop {name} or {other}")


def _levels(facts: Facts, loc: Loc, name: str) -> Iterator[Problem]:
    known = levels.levels(name)
    for level in facts.mapping(*loc, "levels"):
        at = (*loc, "levels", level)
        if level not in known:
            near = nearest(level, known)
            yield facts.problem(
                at, f"'{name}' has no such level", "Rename or remove it", ", ".join(known) or "no levels", near
            )
            continue
        value = facts.number(*at)
        if value is None or known[level].problem(value) is None:
            continue
        low, high = known[level].low, known[level].high
        span = f"{low:g} to {high:g} [{known[level].unit}]"
        message = "too small" if value < low else "too large" if value > high else "not a whole number"
        yield facts.problem(at, message, f"Correct it or leave it out ({known[level].default:g})", span)


def _no_capability(facts: Facts, loc: Loc, name: str) -> Problem:
    cure = "`omosim list capabilities` describes them"
    return facts.problem(loc, "no such capability", cure, ", ".join(levels.names()), nearest(name, levels.names()))


def needs(facts: Facts) -> Iterator[Problem]:
    """A touchpoint needs a capability that exists."""
    for name in facts.mapping("touchpoints", "rows"):
        loc: Loc = ("touchpoints", "rows", name, "needs")
        wanted = facts.get(*loc)
        if isinstance(wanted, str) and wanted and levels.kind(wanted) is None:
            yield _no_capability(facts, loc, wanted)


def signs(facts: Facts) -> Iterator[Problem]:
    """Expected signs are + - or 0."""
    for name, sign in facts.mapping("scenario", "expect").items():
        if isinstance(sign, str) and sign not in ("+", "-", "0"):
            yield facts.problem(
                ("scenario", "expect", name), "no sign", "Write '+', '-' or '0' in quotes", "'+' '-' '0'"
            )


# ---- run --------------------------------------------------------------------------------------------------------
def burn_in(facts: Facts) -> Iterator[Problem]:
    """The burn-in comes before the window and is not longer than it, or than the usual 28 days."""
    burn, days = facts.number("burn_in_days"), facts.number("days")
    if burn is not None and days is not None and burn > max(28, days):
        most = int(max(28, days))
        yield facts.problem(
            ("burn_in_days",),
            f"longer than the measured window (days = {days:g})",
            f"Write burn_in_days={most}, or more days",
            f"0 to {most} for {days:g} days",
        )


def arms(facts: Facts) -> Iterator[Problem]:
    """The baseline is one of the arms; no arm stands twice."""
    names, baseline = facts.items("strategies"), facts.get("baseline")
    if len(names) == 1:
        yield facts.problem(
            ("strategies",), "one strategy alone", f"Name another, as strategies=[o2o,{names[0]}], or use `omosim run`", "2 or more"
        )
    texts = [n for n in names if isinstance(n, str)]
    for i, name in enumerate(names):
        if name in names[:i]:
            yield facts.problem(("strategies", i), "stands twice", "Name each strategy once")
    if texts and isinstance(baseline, str) and baseline not in texts:
        yield facts.problem(
            ("baseline",),
            "not among the strategies",
            f"Write baseline={texts[0]}, or add it to strategies",
            ", ".join(texts),
            nearest(baseline, texts),
        )


RULES: tuple[Rule, ...] = (
    segment_shares, need_shares, thetas, timezone, start_date, weights, *NETWORK_RULES,
    capabilities, needs, change_rules.interventions, change_rules.experiments, signs, burn_in, arms,
)  # fmt: skip


#: kinds of places of stores, by the first word of their figures (omosim.model.places), and what limits them
_PLACES: dict[str, Loc] = {
    "shelf": ("network", "operations", "shelf_bins"), "locker": ("network", "points", "lockers"), "bay": ("network", "operations", "curbside_bays"),
    "room": ("network", "operations", "fitting_rooms"), "slot": ("network", "operations", "slot_orders"),
}  # fmt: skip
#: below so many shoppers the shipped stores hold visibly too much stock for their sales
SMALL_SAMPLE = 10_000


def _too_late(facts: Facts, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Capabilities switched on inside the run whose ramp-up outlasts the run, or their own last day."""
    days = facts.number("days")
    for row in rows:
        name, start, until = row.get("capability"), row.get("from_day"), row.get("to_day")
        if row.get("what") != "capability" or not row.get("set") or days is None or not isinstance(start, int) or start >= days:
            continue
        ramp = facts.number("strategy", "capabilities", str(name), "ramp_up_days") or 0
        if facts.get("strategy", "capabilities", str(name), "enabled") is True or start + ramp < min(days, days if until is None else until):
            continue
        ends = f"the run ends on day {days:g}" if until is None or until >= days else f"it is switched off on day {until}"
        yield (
            f"scenario '{facts.get('scenario', 'name')}': capability '{name}' works from day {start + ramp:g} on (ramp-up of {ramp:g} days), "
            f"{ends}; it costs and does nothing: give an earlier from_day ({-ramp:g} to have it from the first measured day on) or more days"
        )


def notes(data: dict[str, Any]) -> list[str]:
    """What is allowed and may still surprise."""
    facts = Facts(data, lambda loc: ("", None))
    days = facts.number("days")
    rows = [r for r in facts.items("scenario", "interventions") if isinstance(r, dict)]
    late = [r for r in rows if days is not None and isinstance(r.get("from_day"), int) and r["from_day"] >= days]
    found = []
    if late:
        first = min(r["from_day"] for r in late)
        found.append(
            f"scenario '{facts.get('scenario', 'name')}': {len(late)} of {len(rows)} interventions begin "
            f"on day {first} or later and are not reached in {days:g} days; give days={first + 14} or more to see them"
        )
    found += _too_late(facts, rows)
    people, basis = facts.number("shoppers"), facts.number("market", "cost_basis_shoppers")
    if people is not None and basis is not None and people < min(basis, SMALL_SAMPLE):
        found.append(
            f"{people:,.0f} of the retailer's {basis:,.0f} shoppers are few for its stores: too much stock and too few "
            f"empty shelves for their sales; give shoppers={SMALL_SAMPLE} or more for figures to act on"
        )
    told = facts.get("network", "stores", "roster", "told")
    if told:
        found.append(f"roster {facts.get('network', 'stores', 'roster', 'file')}: {told}")
    limited = [key for key, loc in _PLACES.items() if facts.number(*loc)]
    if limited and people is not None and basis is not None and people < basis:
        found.append(
            f"places of stores ({', '.join('.'.join(map(str, _PLACES[key][1:])) for key in limited)}) are those of whole stores, so with {people:,.0f} of "
            f"{basis:,.0f} shoppers they hardly fill; whether they suffice at full size say {', '.join(f'{key}_load' for key in limited)} and the rows below"
        )
    if any(r.get("what") in ("staff", "courier_capacity") for r in rows) and people is not None and people * 2 < (basis or 0):
        found.append(
            f"stores keep their full staff for {people:,.0f} of {basis:,.0f} shoppers, so queues stay short and a change of "
            "staff mostly saves wages; for questions of staff give as many shoppers as the retailer has"
        )
    return found
