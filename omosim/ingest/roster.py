"""People by the quarter hour from a file of shifts, as the rota that a pickup plan writes."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from omosim.ingest.errors import OrderFileError, Problem, file_error
from omosim.ingest.text import Budget, fold, load, separator_of
from omosim.schema.columns import WEEKDAYS

QUARTERS = 96
_QUARTER_S = 900
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(:00)?\Z", re.ASCII)
_COUNT = re.compile(r"\d{1,4}\Z", re.ASCII)
_ROLES = {"picker": 0, "pickers": 0, "counter": 1, "staff": 0}  # staff: one pool, asked for its number only
_NEEDED = ("weekday", "role", "from", "to")
_KNOWN = {fold(name): name for name in ("store", *_NEEDED, "break_from", "break_to", "people")}
_HANGUL = dict(zip("월화수목금토일", WEEKDAYS, strict=True))
_BUDGET = Budget(text_bytes=8 << 20, rows=200_000)
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
    filled : store -> what its weekdays without a row were taken as, in words; stores of which every weekday was told are not in it
    """

    stores: dict[str, np.ndarray]
    filled: dict[str, str] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """What was taken for granted, for all stores in words; "" nothing."""
        return "; ".join(f"{of_stores(stores)}{note}" for note, stores in together(self.filled).items())


def together(notes: dict[str, str]) -> dict[str, list[str]]:
    """Note -> the stores of which it says the same."""
    out: dict[str, list[str]] = {}
    for store, note in notes.items():
        out.setdefault(note, []).append(store)
    return out


def of_stores(stores: Sequence[str], most: int = 6) -> str:
    """Whose note it is, as the beginning of a sentence; "" where it is that of the rows without a store alone."""
    names = [store or "all others" for store in sorted(stores, key=lambda s: (not s, s))]
    return "" if names == ["all others"] else ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "") + ": "


def read_people(
    path: Path, keep: Callable[[str], bool] = lambda store: True, names: Sequence[str] | None = None, hours: tuple[int, int] | None = None,
    pool: bool = True,
) -> People:  # fmt: skip
    """A table with weekday (mon … sun), role (picker, counter; staff: one pool), from, to (HH:MM on quarter hours); where wanted store, break_from, break_to, people.

    Parameters
    ----------
    keep : which stores' rows are read at all
    names : stores there are; None: any
    hours : opening and closing in seconds of the day, outside of which nobody works; None: not asked
    pool : whether people of one pool (staff) are understood

    Notes
    -----
    A row is one person's shift, or that of as many as `people` says; 0 says that there is nobody. Weekdays without a row
    are like the first of the store that has one. The file may be in whatever an order file may be in.

    Raises
    ------
    OrderFileError : every fault with its row and column
    """
    name = path.name
    wrong: list[Problem] = []
    found: dict[str, np.ndarray] = {}
    given: dict[str, set[int]] = {}
    for number, row in _rows(path):
        store = row.get("store", "")
        if not keep(store):
            continue
        faults, shift = _shift(name, number, row, hours, pool)
        if store and names is not None and store not in names:
            near = difflib.get_close_matches(store, names, n=1)
            known = f"{names[0]} to {names[-1]}, or no store: everywhere" if names else "no store"
            faults.append(Problem("unknown_store", name, number, "store", store, known, near[0] if near else None))
        wrong += faults
        if shift is not None and not faults:
            weekday, role, people, spans = shift
            table = found.setdefault(store, np.zeros((7, 2, QUARTERS), np.int64))
            given.setdefault(store, set()).add(weekday)
            for sign, (begin, end) in zip((1, -1), spans, strict=False):
                table[weekday, role, begin:end] += sign * people
    if wrong:
        counts: dict[str, int] = {}
        for problem in wrong:
            counts[problem.code] = counts.get(problem.code, 0) + 1
        raise OrderFileError(wrong[:_SHOWN], counts)
    return People(found, {store: note for store, table in found.items() if (note := _fill(table, given[store]))})


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows with their number in the file, by known column, as text without blanks around it. Raises OrderFileError where it is no such file."""
    name = path.name
    raw = load(path, _BUDGET, frozenset(_KNOWN))
    columns = [_KNOWN.get(fold(title), "") for title in raw.names]
    double = [column for column in _KNOWN.values() if columns.count(column) > 1]
    if double:
        raise file_error("double_column", name, "each column once", row=1, column=double[0])
    lacking = [column for column in _NEEDED if column not in columns]
    if lacking:
        shown = tuple(title for title in raw.names if title)[:12]
        found = ", ".join(shown)
        raise OrderFileError([Problem("missing_column", name, 1, lacking[0], found, f"a header with {', '.join(_NEEDED)} (lacking: {', '.join(lacking)})")],
                             {"missing_column": 1})  # fmt: skip
    for (code, key), at in raw.odd.items():
        if column := columns[int(key[1:])]:
            raise file_error(code, name, "plain cells, each with its own value", row=int(raw.row[at[0]]), column=column)
    values = [raw.columns[f"c{i}"].to_pylist() for i in range(len(columns))]
    out = [(int(number), cells) for number, *cells in zip(raw.row.tolist(), *values, strict=True)]
    for number, expected, actual, text in raw.ragged:
        cells = next(csv.reader([text], delimiter=separator_of(text)), []) if text.strip() else []
        if len(cells) > expected or actual > expected:
            raise file_error("too_many_cells", name, f"{expected} cells, as in the header", row=number, value=text)
        out.append((number, cells + [""] * (expected - len(cells))))
    told = [(number, {column: str("" if cell is None else cell).strip() for column, cell in zip(columns, cells, strict=True) if column})
            for number, cells in sorted(out, key=lambda row: row[0])]  # fmt: skip
    return [(number, row) for number, row in told if any(row.values())]


def _near(word: str, known: Sequence[str]) -> str | None:
    """The name that was probably meant: a weekday in full or in Hangul, or one that is much alike."""
    low = word.lower()
    if low[:3] in known:
        return low[:3]
    if low[:1] in _HANGUL and "mon" in known:
        return _HANGUL[low[:1]]
    found = difflib.get_close_matches(low, known, n=1)
    return found[0] if found else None


def _shift(name: str, number: int, row: dict[str, str], hours: tuple[int, int] | None, pool: bool) -> tuple[list[Problem], Shift | None]:
    """What is wrong with a row, and its shift where nothing is."""
    wrong: list[Problem] = []
    weekday, role, people = (row.get(c, "").lower() for c in ("weekday", "role", "people"))
    if weekday not in WEEKDAYS:
        wrong.append(Problem("bad_choice", name, number, "weekday", row["weekday"], ", ".join(WEEKDAYS), _near(weekday, WEEKDAYS)))
    known = ("picker", "counter", *(("staff",) if pool else ()))
    if role not in _ROLES or (role == "staff" and not pool):
        only = "" if pool else " (staff, one pool of all, only with network.operations.pooled_staff=true)"
        wrong.append(Problem("bad_choice", name, number, "role", row["role"], ", ".join(known) + only, _near(role, known)))
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


def _fill(table: np.ndarray, given: set[int]) -> str:
    """Fill weekdays without a row with the first that has one, in place; says so."""
    first = min(given)
    for weekday in set(range(7)) - given:
        table[weekday] = table[first]
    return "" if len(given) == 7 else f"weekdays not in it are taken as {WEEKDAYS[first]}"


def _quarter(text: str | None) -> int | None:
    found = _CLOCK.match((text or "").strip())
    if found is None:
        return None
    minutes = int(found[1]) * 60 + int(found[2])
    return minutes // 15 if minutes % 15 == 0 and minutes <= 1440 else None
