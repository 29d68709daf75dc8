"""People by the quarter hour from a file of shifts, as the rota that a pickup plan writes."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from omosim.ingest.errors import OrderFileError, Problem, file_error
from omosim.schema.columns import WEEKDAYS

QUARTERS = 96
_QUARTER_S = 900
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\Z", re.ASCII)
_COUNT = re.compile(r"\d{1,4}\Z", re.ASCII)
_ROLES = {"picker": 0, "pickers": 0, "counter": 1, "staff": 0}  # staff: one pool, asked for its number only
_NEEDED = ("weekday", "role", "from", "to")
_MOST_BYTES = 8 << 20
_SHOWN = 20


#: weekday, role, people, and from when to when, then the break, in quarter hours
Shift = tuple[int, int, int, list[tuple[int, int]]]


@dataclass(frozen=True)
class People:
    """People at work.

    Parameters
    ----------
    stores : name of a store, "" those of no store in particular -> (7, 2, 96) int64 people by weekday, Monday first,
        role (pickers, counter) and quarter hour
    told : what was taken for granted, in words; "" nothing
    """

    stores: dict[str, np.ndarray]
    told: str = ""


def read_people(
    path: Path, keep: Callable[[str], bool] = lambda store: True, names: Sequence[str] | None = None, hours: tuple[int, int] | None = None
) -> People:
    """A CSV with weekday (mon … sun), role (picker, counter; staff: one pool), from, to (HH:MM on quarter hours); where wanted store, break_from, break_to, people.

    Parameters
    ----------
    keep : which stores' rows are read at all
    names : stores there are; None: any
    hours : opening and closing in seconds of the day, outside of which nobody works; None: not asked

    Notes
    -----
    A row is one person's shift, or that of as many as `people` says. Weekdays without a row are like the first of the
    store that has one.

    Raises
    ------
    OrderFileError : every fault with its row and column
    """
    name, rows = path.name, _rows(path)
    wrong: list[Problem] = []
    found: dict[str, np.ndarray] = {}
    for number, row in enumerate(rows, start=2):
        store = (row.get("store") or "").strip()
        if not keep(store):
            continue
        faults, shift = _shift(name, number, row, hours)
        if store and names is not None and store not in names:
            near = difflib.get_close_matches(store, names, n=1)
            known = f"{names[0]} to {names[-1]}, or no store: everywhere" if names else "no store"
            faults.append(Problem("unknown_store", name, number, "store", store, known, near[0] if near else None))
        wrong += faults
        if shift is not None and not faults:
            weekday, role, people, spans = shift
            table = found.setdefault(store, np.zeros((7, 2, QUARTERS), np.int64))
            for sign, (begin, end) in zip((1, -1), spans, strict=False):
                table[weekday, role, begin:end] += sign * people
    if wrong:
        counts: dict[str, int] = {}
        for problem in wrong:
            counts[problem.code] = counts.get(problem.code, 0) + 1
        raise OrderFileError(wrong[:_SHOWN], counts)
    told = [note for store, table in found.items() if (note := _fill(table))]
    return People(found, told[0] if told else "")


def _rows(path: Path) -> list[dict[str, str | None]]:
    """The rows as text. Raises OrderFileError where it is no such file."""
    name = path.name
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise file_error("unreadable", name, f"a CSV file in UTF-8 ({error})") from None
    if len(data) > _MOST_BYTES:
        raise file_error("too_large", name, f"{_MOST_BYTES >> 20} MiB")
    rows: list[dict[str, str | None]] = list(csv.DictReader(text.splitlines()))
    lacking = [c for c in _NEEDED if not rows or c not in rows[0]]
    if lacking:
        raise OrderFileError([Problem("missing_column", name, 1, c, None, ", ".join(_NEEDED)) for c in lacking], {"missing_column": len(lacking)})
    return rows


def _shift(name: str, number: int, row: dict[str, str | None], hours: tuple[int, int] | None) -> tuple[list[Problem], Shift | None]:
    """What is wrong with a row, and its shift where nothing is."""
    wrong: list[Problem] = []
    weekday, role, people = ((row.get(c) or "").strip().lower() for c in ("weekday", "role", "people"))
    if weekday not in WEEKDAYS:
        wrong.append(Problem("bad_choice", name, number, "weekday", row["weekday"], ", ".join(WEEKDAYS)))
    if role not in _ROLES:
        wrong.append(Problem("bad_choice", name, number, "role", row["role"], "picker, counter, staff"))
    if people and not _COUNT.match(people):
        wrong.append(Problem("bad_number", name, number, "people", row.get("people"), "a whole number from 0 to 9999"))
    columns = [("from", "to")] + ([("break_from", "break_to")] if row.get("break_from") or row.get("break_to") else [])
    spans: list[tuple[int, int]] = []
    for first, last in columns:
        at = [_quarter(row.get(column)) for column in (first, last)]
        wrong += [Problem("bad_time", name, number, c, row.get(c), "HH:MM on a quarter hour") for c, q in zip((first, last), at, strict=True) if q is None]
        begin, end = at
        if begin is None or end is None:
            continue
        if begin >= end:
            wrong.append(Problem("bad_order", name, number, last, row.get(last), f"later than {first}"))
        elif spans and not spans[0][0] <= begin < end <= spans[0][1]:
            wrong.append(Problem("bad_break", name, number, first, row.get(first), "inside the shift"))
        spans.append((begin, end))
        if hours is not None and first == "from":
            inside = hours[0] // _QUARTER_S, -(-hours[1] // _QUARTER_S)
            for column, beyond in ((first, begin < inside[0]), (last, end > inside[1])):
                if beyond:
                    span = " to ".join(f"{s // 3600:02d}:{s % 3600 // 60:02d}" for s in hours)
                    wrong.append(Problem("outside_hours", name, number, column, row.get(column), f"the opening hours, {span} (network.stores.opens, closes)"))
    return wrong, None if wrong else (WEEKDAYS.index(weekday), _ROLES[role], int(people or 1), spans)


def _fill(table: np.ndarray) -> str:
    """Fill weekdays without people with the first that has some, in place; says so."""
    given = [w for w in range(7) if table[w].any()]
    if not given or len(given) == 7:
        return ""
    for weekday in range(7):
        if weekday not in given:
            table[weekday] = table[given[0]]
    return f"weekdays not in it are taken as {WEEKDAYS[given[0]]}"


def _quarter(text: str | None) -> int | None:
    found = _CLOCK.match((text or "").strip())
    if found is None:
        return None
    minutes = int(found[1]) * 60 + int(found[2])
    return minutes // 15 if minutes % 15 == 0 and minutes <= 1440 else None
