"""Takes the roster that a configuration names into the settings, so that they need its file no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from omosim.config.errors import Problem, show
from omosim.config.facts import Facts
from omosim.config.network_rules import minutes
from omosim.schema.columns import WEEKDAYS

if TYPE_CHECKING:
    import numpy as np

    from omosim.ingest.roster import People

LOC = ("network", "stores", "roster")


def take_up(facts: Facts, cwd: Path) -> Iterator[Problem]:
    """Put what the file says in place of its name, in `facts.data`; every fault of it with row, column, value and cure."""
    value = facts.get(*LOC)
    if value is None or isinstance(value, dict):
        return
    if not isinstance(value, str):
        yield facts.problem(LOC, "is no file", "Give the path of a CSV file, as the rota.csv of `omosim bopis`")
        return
    from omosim.ingest.errors import OrderFileError
    from omosim.ingest.roster import read_people
    from omosim.results import file_hash
    from omosim.world.roster import EVERYWHERE, week_told

    path, stores = cwd / value, facts.mapping("network", "stores")
    if not path.is_file():
        yield facts.problem(LOC, "no such file", "Give the path of a CSV file, as the rota.csv of `omosim bopis`")
        return
    count = facts.number("network", "stores", "count") or 0
    names = [f"S{i:02d}" for i in range(1, int(count) + 1)]
    opens, closes = (minutes(stores.get(name)) for name in ("opens", "closes"))
    pooled = facts.get("network", "operations", "pooled_staff") is True
    try:
        read = read_people(path, names=names, hours=None if opens is None or closes is None else (60 * opens, 60 * closes), pool=pooled)
    except OrderFileError as error:
        rest = sum(error.counts.values()) - len(error.problems)
        for p in error.problems:
            what = f"row {p.row}: {p.code.replace('_', ' ')}" if p.row else p.code.replace("_", " ")
            yield Problem(what, show(str(path), 200).strip("'"), None, None, p.column or LOC[-1], None if p.value is None else show(p.value),
                          p.allowed, p.nearest, f"Correct the row; {rest} more faults" if rest else "Correct the row")  # fmt: skip
        return
    lacking = [] if "" in read.stores else [name for name in names if name not in read.stores]
    if lacking:
        shown = ", ".join(lacking[:8]) + (", …" if len(lacking) > 8 else "")
        yield facts.problem(LOC, f"says nothing of {len(lacking)} stores: {shown}",
                            "Empty the column store of a file of one store, as of the rota.csv of `omosim bopis`: rows without a store hold for all stores "
                            "that have none of their own. Or give these stores rows")  # fmt: skip
        return
    if not pooled and not any(people[:, 0].any() for people in read.stores.values()) and "bopis" in facts.switched_on():
        yield facts.problem(LOC, "nobody picks, and 'bopis' sends orders to stores", "Give rows with the role picker")
    if opens is None or closes is None or closes <= opens:
        return
    span = slice(opens // 15, -(-closes // 15))
    alone = {store: note for store, people in read.stores.items() if (note := _unattended(people[:, :, span], pooled))}
    if alone:
        from omosim.ingest.roster import of_stores, together

        lone, where = next(iter(together(alone).items()))
        others = f"; so it is at {len(alone) - len(where)} more" if len(alone) > len(where) else ""
        yield facts.problem(LOC, f"{of_stores(where)}nobody at the counter {lone}{others}",
                            "Give rows with the role counter (a day without anybody: one row with people 0 and no pickers)")  # fmt: skip
        return
    told = "; ".join(filter(None, (read.told, _gaps(read, span, pooled))))
    facts.data["network"]["stores"] = {**stores, "roster": {
        "file": path.name, "sha256": file_hash(path), "told": told[:_LONGEST],
        "stores": {store or EVERYWHERE: week_told(people).model_dump() for store, people in sorted(read.stores.items())},
    }}  # fmt: skip


_LONGEST = 2000  # characters of what was taken for granted


def _attended(people: np.ndarray, pooled: bool) -> np.ndarray:
    """(7, quarters) bool from (7, 2, quarters) people: whether somebody is there for who comes to the counter."""
    return people.sum(axis=1) > 0 if pooled else people[:, 1] > 0


def _unattended(people: np.ndarray, pooled: bool) -> str:
    """Weekdays on which people work and none is ever at the counter, or that nobody is there all week, in words."""
    there = _attended(people, pooled).any(axis=1)
    if not there.any():
        return "all week"
    lone = [WEEKDAYS[day] for day in range(7) if people[day].any() and not there[day]]
    return f"on {', '.join(lone)}, when pickers work" if lone else ""


def _gaps(read: People, span: slice, pooled: bool) -> str:
    """Opening hours with nobody at work or at the counter, in words; "" none."""
    from omosim.ingest.roster import of_stores, together

    notes = {}
    for store, week in read.stores.items():
        people = week[:, :, span]
        nobody = people.sum(axis=1) == 0
        said = [f"nobody {where} {text}" for where, missing in (("at work", nobody), ("at the counter", ~_attended(people, pooled) & ~nobody))
                if (text := _when(missing, span.start))]  # fmt: skip
        if said:
            notes[store] = ", ".join(said)
    found = [f"{of_stores(stores)}{note}" for note, stores in together(notes).items()]
    return "; ".join(found[:_MOST_NOTES]) + (f"; and {len(found) - _MOST_NOTES} more notes" if len(found) > _MOST_NOTES else "")


_MOST_NOTES = 6


def _when(missing: np.ndarray, first: int) -> str:
    """Quarter hours in words, weekdays of the same hours together: 'mon, tue 10:00-12:00, sun 10:00-22:00'.

    missing : (7, quarters) bool; first : the quarter hour of the day with which they begin
    """
    days: dict[str, list[str]] = {}
    for day, row in enumerate(missing.tolist()):
        edges = [q for q in range(len(row) + 1) if (q < len(row) and row[q]) != (q > 0 and row[q - 1])]
        spans = " and ".join(f"{_clock(first + a)}-{_clock(first + b)}" for a, b in zip(edges[::2], edges[1::2], strict=True))
        if spans:
            days.setdefault(spans, []).append(WEEKDAYS[day])
    return ", ".join((f"{', '.join(names)} " if len(names) < 7 else "") + spans for spans, names in days.items())


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02d}:{quarter % 4 * 15:02d}"
