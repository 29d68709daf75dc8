"""Who was on duty in the past: seven days of staff, from a file as the rota that a plan writes."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from omosim.ingest.errors import OrderFileError, Problem
from omosim.planning.demand import QUARTERS
from omosim.planning.simulate import Staff
from omosim.schema.columns import WEEKDAYS

_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\Z", re.ASCII)
_ROLES = {"picker": 0, "pickers": 0, "counter": 1, "staff": 0}  # one pool of people: it is asked for their number only
_NEEDED = ("weekday", "role", "from", "to")
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Roster:
    """Staff of each weekday, Monday first, and how it was come by, in words."""

    days: tuple[Staff, ...]
    told: str = "the roster given"


def by_hour(pickers: Sequence[Sequence[int]], counter: Sequence[Sequence[int]], opens_h: int) -> Roster:
    """A roster from people by weekday and hour after opening."""
    days = []
    for weekday in range(7):
        tables = []
        for table in (pickers, counter):
            people = np.zeros(QUARTERS, np.int64)
            for hour, count in enumerate(table[weekday]):
                people[4 * (opens_h + hour) : 4 * (opens_h + hour) + 4] = count
            tables.append(people)
        days.append(Staff(tables[0], tables[1]))
    return Roster(tuple(days))


def read_roster(path: Path, store: str | None = None) -> Roster:
    """A CSV with weekday (mon … sun), role (picker, counter), from, to (HH:MM), and break_from, break_to where taken.

    store : rows of other stores are left out where the file has a column store. Weekdays without a row are like the
        first that has one.

    Raises
    ------
    OrderFileError : every fault with its row and column
    """
    name, wrong = path.name, []
    try:
        text = path.read_bytes()[: _MOST_BYTES + 1].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OrderFileError([Problem("unreadable", name, None, None, None, f"a CSV file in UTF-8 ({error})")], {"unreadable": 1}) from None
    rows = list(csv.DictReader(text.splitlines()))
    lacking = [c for c in _NEEDED if not rows or c not in rows[0]]
    if lacking:
        raise OrderFileError([Problem("missing_column", name, 1, c, None, ", ".join(_NEEDED)) for c in lacking], {"missing_column": len(lacking)})
    people = np.zeros((7, 2, QUARTERS), np.int64)
    for number, row in enumerate(rows, start=2):
        if store is not None and row.get("store") not in (None, "", store):
            continue
        weekday, role = (row["weekday"] or "").strip().lower(), (row["role"] or "").strip().lower()
        if weekday not in WEEKDAYS:
            wrong.append(Problem("bad_choice", name, number, "weekday", row["weekday"], ", ".join(WEEKDAYS)))
        if role not in _ROLES:
            wrong.append(Problem("bad_choice", name, number, "role", row["role"], "picker, counter, staff"))
        spans = [("from", "to")] + ([("break_from", "break_to")] if row.get("break_from") else [])
        found = []
        for first, last in spans:
            at = [_quarter(row.get(column)) for column in (first, last)]
            wrong += [Problem("bad_time", name, number, c, row.get(c), "HH:MM on a quarter hour") for c, q in zip((first, last), at, strict=True) if q is None]
            if at[0] is not None and at[1] is not None:
                if at[0] >= at[1]:
                    wrong.append(Problem("bad_order", name, number, last, row.get(last), f"later than {first}"))
                found.append((at[0], at[1]))
        if not wrong:
            for sign, (begin, end) in zip((1, -1), found, strict=False):
                people[WEEKDAYS.index(weekday), _ROLES[role], begin:end] += sign
    if wrong:
        counts: dict[str, int] = {}
        for problem in wrong:
            counts[problem.code] = counts.get(problem.code, 0) + 1
        raise OrderFileError(wrong[:20], counts, len(rows))
    given = [w for w in range(7) if people[w].any()]
    if not given:
        raise OrderFileError([Problem("no_rows", name, None, None, None, f"rows of store {store}" if store else "rows")], {"no_rows": 1})
    told = "the roster given"
    if len(given) < 7:
        told += f"; weekdays not in it are taken as {WEEKDAYS[given[0]]}"
    filled = [people[w if w in given else given[0]] for w in range(7)]
    return Roster(tuple(Staff(np.maximum(day[0], 0), np.maximum(day[1], 0)) for day in filled), told)


def _quarter(text: str | None) -> int | None:
    found = _CLOCK.match((text or "").strip())
    if found is None:
        return None
    minutes = int(found[1]) * 60 + int(found[2])
    return minutes // 15 if minutes % 15 == 0 and minutes <= 1440 else None
