"""Who was on duty in the past: seven days of staff, from a file as the rota that a plan writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from omosim.ingest.errors import file_error
from omosim.ingest.roster import read_people
from omosim.planning.demand import QUARTERS
from omosim.planning.simulate import Staff


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
    """A file of shifts (omosim.ingest.roster).

    store : whose people are asked for: its own rows, or those without a store where it has none; None: everybody in
        the file, or where it names no store the rows without one

    Raises
    ------
    OrderFileError : every fault with its row and column; nobody at work
    """
    read = read_people(path, keep=lambda name: store is None or name in ("", store))
    own = [name for name in read.stores if name] or list(read.stores)  # as in a run, a store's own rows replace those without one
    if not own:
        raise file_error("no_rows", path.name, f"rows of store {store}, or rows without a store" if store else "rows")
    people = sum((read.stores[name] for name in own), np.zeros((7, 2, QUARTERS), np.int64))
    if not people.any():
        raise file_error("no_people", path.name, "somebody at work in the week")
    filled = "; ".join(dict.fromkeys(read.filled[name] for name in own if name in read.filled))
    told = f"the roster given; {filled}" if filled else "the roster given"
    return Roster(tuple(Staff(day[0], day[1]) for day in people), told)
