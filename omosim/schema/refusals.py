"""Why a dated change cannot be carried out: the one table of refusals, for files as they are read and for a run's settings.

A row is a mapping of plain values, as a file has it, and may be wrong in any way; what is not known of the surroundings
is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omosim.schema.scenario import (
    AUDIENCE,
    BY_HOUR,
    CONTROL,
    DARK_TOO,
    FILTERS,
    KINDS,
    NARROWED,
    OF_CAPABILITY,
    ONLY_SET,
    ONLY_TIMES,
    SEEN,
    SWITCHES,
    WHOLE_NUMBERS,
    WHOLE_RUN,
)

Row = Mapping[str, Any]
#: quantities of which 0 stands for as many as are needed
ENDLESS_AT_ZERO = ("bins", "bays", "rooms")
ROUNDING = 1e-9
WORD = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Refusal:
    """One thing that is wrong: where in the change (keys; none: the change itself), what, the way out, what is allowed; names to choose among."""

    at: tuple[str | int, ...]
    message: str
    cure: str
    allowed: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What dated changes may name; None, or an empty list, where it is not known.

    categories: name -> number of items. is_store: whether a store of this name is there, dark ones where a change may name them;
    stores: which are, in words. levels_of: levels of a capability.
    """

    burn_in_days: float | None = None
    zones: float | None = None
    categories: Mapping[str, float | None] = field(default_factory=dict)
    segments: Sequence[str] = ()
    touchpoints: Sequence[str] = ()
    capabilities: Sequence[str] = ()
    levels_of: Callable[[str], Sequence[str]] = lambda name: ()
    is_store: Callable[[str, bool], bool] | None = None
    stores: Callable[[bool], str] = lambda dark: ""


def number(row: Row, name: str) -> float | None:
    """The number of a key, None where there is none."""
    value = row.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value == value else None


def listed(row: Row, name: str) -> list[Any]:
    """The list of a key, empty where there is none."""
    value = row.get(name)
    return value if isinstance(value, list) else []


# ---- what is changed, and by which number ---------------------------------------------------------------------------
def _numbers(row: Row, here: Surroundings) -> Iterator[Refusal]:
    given = [k for k in ("set", "times") if row.get(k) is not None]
    if len(given) != 1:
        both = "neither 'set' nor 'times'" if not given else "both 'set' and 'times'"
        yield Refusal((), both, "Give one of them: set: NEW VALUE or times: FACTOR")
    what = row.get("what")
    if what in SWITCHES and (row.get("times") is not None or row.get("set") not in (None, 0, 1)):
        key = "times" if row.get("times") is not None else "set"
        yield Refusal((key,), f"'{what}' is on or off", "Write set: 1 (on) or set: 0 (off)", "set: 0 or 1")


def _size(row: Row, here: Surroundings) -> Iterator[Refusal]:
    what, value = row["what"], number(row, "set")
    span = KINDS[what]
    if what in ONLY_SET and row.get("times") is not None:
        yield Refusal(("times",), f"'{what}' has no factor", "Write set: NEW VALUE")
    if what == "price" and 0 in (value, number(row, "times")):
        yield Refusal(("set" if value == 0 else "times",), "goods for nothing", "Give a price or a factor above 0", "above 0")
    if value is None:
        return
    if value > span.high:
        yield Refusal(("set",), "too large", "Correct it", f"{span.low:g} to {span.high:g} [{span.unit}]")
    if what in ONLY_TIMES:
        yield Refusal(("set",), f"'{what}' has no absolute value", "Write times: FACTOR")
    if value < 0:
        yield Refusal(("set",), "below 0", "Write 0 or more", "0 or more")
    elif what in WHOLE_NUMBERS and value != int(value):
        cure = f"Write {int(value)} or {int(value) + 1}, or times: FACTOR"
        yield Refusal(("set",), f"'{what}' is counted in whole numbers", cure, "a whole number")
    elif what in ENDLESS_AT_ZERO and value == 0:
        yield Refusal(("set",), f"0 {what} stand for as many as are needed", "Write 1 or more, or close the offer instead", "1 or more")


def _capability(row: Row, here: Surroundings) -> Iterator[Refusal]:
    what, name, level = row.get("what"), row.get("capability"), row.get("level")
    if what in OF_CAPABILITY and name is None:
        yield Refusal((), "no capability named", "Add capability: NAME", ", ".join(here.capabilities))
    if what not in OF_CAPABILITY and name is not None:
        yield Refusal(("capability",), f"has no meaning for what: '{what}'", "Remove it, or write what: capability or what: level")
    if what == "level" and level is None:
        yield Refusal((), "no level named", "Add level: NAME", ", ".join(here.levels_of(name) if isinstance(name, str) else ()))
    if what != "level" and level is not None:
        yield Refusal(("level",), f"has no meaning for what: '{what}'", "Remove it, or write what: level")


# ---- where, for whom, and when --------------------------------------------------------------------------------------
def _narrowed(row: Row, here: Surroundings) -> Iterator[Refusal]:
    what = row["what"]
    allowed = NARROWED[what]
    for part in (*FILTERS, "ab"):
        if not row.get(part) or part in allowed:
            continue
        cure = f"Narrow it by {', '.join(allowed)}, or drop {part}" if allowed else f"Drop {part}"
        if part in AUDIENCE and what not in SEEN:
            cure += "; it acts on more than what a shopper sees, so it is the same for all"
        yield Refusal((part,), f"'{what}' cannot be narrowed by {part}", cure, ", ".join(allowed) or "nothing")
    if what == "accuracy" and "store" in listed(row, "channels"):
        yield Refusal(("channels",), "in a store the goods themselves are seen", "Name web, social or live", "web, social, live")
    if what == "rival_store" and not row.get("zones"):
        yield Refusal((), "no zones named", "Add zones: [3, …]: where the rival's store stands")
    if what == "store_open" and not row.get("stores"):
        yield Refusal((), "no stores named", "Add stores: [S01, …]")
    for part in FILTERS:
        names = [str(n) for n in listed(row, part)]
        twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
        if twice:
            yield Refusal((part,), f"{', '.join(twice[:5])} stands twice", "Name each once")


def _assortment(row: Row, here: Surroundings) -> Iterator[Refusal]:
    """Shelves are the same for all who pass them; items have a place in one category."""
    if row["what"] != "assortment":
        return
    channels, stores = listed(row, "channels"), listed(row, "stores")
    narrowed = [part for part in AUDIENCE if row.get(part)]
    if narrowed and (stores or not channels or "store" in channels):
        cure = f"Name channels on line (web, social, live) and no stores, or drop {', '.join(narrowed)}"
        yield Refusal((), "shelves are the same for all who pass them", cure)
    if stores and any(channel != "store" for channel in channels):
        yield Refusal(("stores",), "stores are not on line", "Name stores, or channels on line, in changes of their own")
    items, named = listed(row, "items"), listed(row, "categories")
    if items and len(named) != 1:
        yield Refusal(("items",), "items are places in a category", "Name one category: categories: [NAME]")
    elif items:
        count = here.categories.get(str(named[0]))
        wrong = [i for i in items if isinstance(i, int) and count is not None and not 0 <= i < count]
        if wrong and count is not None:
            yield Refusal(("items",), f"no item {wrong[0]} in '{named[0]}'", "Name places in the category", f"0 to {int(count) - 1}")


def _hours(row: Row, here: Surroundings) -> Iterator[Refusal]:
    what, begin, end = row["what"], number(row, "from_hour") or 0, number(row, "to_hour")
    end = 24 if end is None else end
    if what not in BY_HOUR and (begin, end or 24) != (0, 24):
        key = "from_hour" if begin else "to_hour"
        yield Refusal((key,), f"'{what}' holds for whole days", "Drop the hours", f"hours for {', '.join(BY_HOUR)}")
    if begin >= end:
        yield Refusal(("to_hour",), f"not after from_hour = {begin:g}", "End it after its start", "1 to 24")
    burn, start = here.burn_in_days, number(row, "from_day")
    if what in WHOLE_RUN and burn is not None and start is not None and (start > -burn or row.get("to_day") is not None):
        cure = "Write from_day: -3650 and no to_day: goods and contracts do not change inside a run"
        yield Refusal((), f"'{what}' holds for a whole run", cure, f"from_day at most {-burn:g}, no to_day")


def _days(row: Row, here: Surroundings) -> Iterator[Refusal]:
    start, end = number(row, "from_day"), number(row, "to_day")
    if start is not None and end is not None and end <= start:
        yield Refusal(("to_day",), f"not after from_day = {start:g}", "to_day is the first day on which it no longer holds")


def _names(row: Row, here: Surroundings) -> Iterator[Refusal]:
    """Stores, zones, goods and people are those of this market."""
    for part, word, have, of in (
        ("segments", "segment", here.segments, "market"),
        ("touchpoints", "touchpoint", here.touchpoints, "market"),
        ("categories", "category", list(here.categories), "catalogue"),
    ):
        for j, name in enumerate(listed(row, part)):
            if isinstance(name, str) and have and name not in have:
                yield Refusal((part, j), f"no such {word}", f"Name {part} of this {of}", ", ".join(have), tuple(have))
    dark = row.get("what") in DARK_TOO
    for j, name in enumerate(listed(row, "stores")):
        if isinstance(name, str) and here.is_store is not None and not here.is_store(name, dark):
            cure = "Name stores of this network, or open a further one with what: store_open, set: 1"
            yield Refusal(("stores", j), "no such store", cure, here.stores(dark))
    for j, zone in enumerate(listed(row, "zones")):
        if isinstance(zone, int) and here.zones is not None and not 0 <= zone < here.zones:
            yield Refusal(("zones", j), "no such zone", "Name zones of this market", f"0 to {int(here.zones) - 1}")


#: of every change; and of those whose quantity is known
OF_ALL = (_numbers, _capability, _days, _names)
OF_KNOWN = (_size, _narrowed, _assortment, _hours)


def refusals(row: Row, here: Surroundings) -> Iterator[Refusal]:
    """Everything that is wrong with one dated change.

    Parameters
    ----------
    row : keys of an `Intervention`, in plain values
    here : what it may name
    """
    what = row.get("what")
    for rule in OF_KNOWN if isinstance(what, str) and what in KINDS else ():
        yield from rule(row, here)
    for rule in OF_ALL:
        yield from rule(row, here)


def group_refusals(rows: Sequence[Any]) -> Iterator[tuple[int, Refusal]]:
    """What is wrong with the groups of experiments, with the row: one share each, at most 1 together, and names that are words."""
    shares: dict[str, dict[str, float]] = {}
    for i, row in enumerate(rows):
        ab = row.get("ab") if isinstance(row, Mapping) else None
        if not isinstance(ab, Mapping):
            continue
        name, group, share = ab.get("name"), ab.get("group", "treated"), number(ab, "share")
        for key, value in (("name", name), ("group", group)):
            if isinstance(value, str) and not WORD.fullmatch(value):
                yield i, Refusal(("ab", key), "not a plain word", "Use letters, digits, _ and -")
        if group == CONTROL:
            yield i, Refusal(("ab", "group"), f"'{CONTROL}' is the group of those whom no change reaches", "Name it otherwise")
        if not isinstance(name, str) or not isinstance(group, str) or share is None:
            continue
        groups = shares.setdefault(name, {})
        if groups.setdefault(group, share) != share:
            cure = f"Write share: {groups[group]:g} in both; a group is one draw"
            yield i, Refusal(("ab", "share"), f"group '{group}' of '{name}' has the share {groups[group]:g} above", cure)
        elif sum(groups.values()) > 1 + ROUNDING:
            cure = "Make them smaller: groups exclude one another, the rest is the control"
            yield i, Refusal(("ab", "share"), f"the groups of '{name}' add up to {sum(groups.values()):g}", cure, "at most 1 together")
