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

    store : rows of other stores are left out where the file has a column store

    Raises
    ------
    OrderFileError : every fault with its row and column
    """
    read = read_people(path, keep=lambda name: store is None or name in ("", store))
    if not read.stores:
        raise file_error("no_rows", path.name, f"rows of store {store}" if store else "rows")
    people = sum(read.stores.values(), np.zeros((7, 2, QUARTERS), np.int64))
    told = f"the roster given; {read.told}" if read.told else "the roster given"
    return Roster(tuple(Staff(day[0], day[1]) for day in people), told)
