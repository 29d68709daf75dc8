"""Takes the roster that a configuration names into the settings, so that they need its file no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from omosim.config.errors import Problem, show
from omosim.config.facts import Facts
from omosim.config.network_rules import minutes

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
    try:
        read = read_people(path, names=names, hours=None if opens is None or closes is None else (60 * opens, 60 * closes))
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
        yield facts.problem(LOC, f"says nothing of {len(lacking)} stores: {shown}", "Give them rows, or rows without a store, which hold for all that have none")
        return
    if not any(people[:, 0].any() for people in read.stores.values()) and "bopis" in facts.switched_on():
        yield facts.problem(LOC, "nobody picks, and 'bopis' sends orders to stores", "Give rows with the role picker")
    facts.data["network"]["stores"] = {**stores, "roster": {
        "file": path.name, "sha256": file_hash(path), "told": read.told,
        "stores": {store or EVERYWHERE: week_told(people).model_dump() for store, people in sorted(read.stores.items())},
    }}  # fmt: skip
