"""Decisions of a twin's folder: what was advised, which way was taken, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omosim.twin.folder import Step, Twin

#: tables of the last decision that stand in the folder as CSV
CSVS = ("capacity_plan", "staffing", "reorder_levels")
LOG = "decision_log.csv"
COLUMNS = ("number", "decided", "way", "advised", "taken", "series", "unit", "days", "days_seen", "sum_days", "realised", "foretold", "low", "high", "says", "days_in_band", "coverage", "coverage_low", "coverage_high")
_SHOWN = 3


def decisions_of(head: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of `decisions`, the oldest first; of a twin from before there was such a list, its one decision."""
    if "decisions" in head:
        return list(head["decisions"])
    file = head["files"].get("decision")
    return [] if file is None else [{"file": file, "took": None, "tables": {"reorder_levels": head["files"]["reorder_levels"]} if "reorder_levels" in head["files"] else {}}]


def with_decision(head: Mapping[str, Any], made: Mapping[str, Any], file: str, tables: Mapping[str, str]) -> list[dict[str, Any]]:
    """The list with a new decision: one of the same day, ways and present way is replaced (what was noted as taken stays), tables of earlier ones are let go."""
    from omosim.api.twin_ways import present_on

    ways, on = [way["way"] for way in made["ways"]], present_on(head, made["from"])["ways"]
    is_same = lambda row: (row.get("from"), row.get("ways"), row.get("on", [])) == (made["from"], ways, on)
    before = [{**row, "tables": {}} for row in decisions_of(head) if not is_same(row)]
    same = next((row for row in decisions_of(head) if is_same(row)), {})
    noted = {"took": same.get("took"), **({"noted": same["noted"]} if "noted" in same else {})}
    row = {"on": on, "from": made["from"], "days": made["days"], "ways": ways, "best": made["best"], "present": made["present"], "sure": made["sure"], **noted, "file": file, "tables": dict(tables)}
    return [*before, row]


def note_taken(step: Step, way: str) -> str:
    """Note which way of the last decision was taken; returns what to say. ConfigError where there is none, or no such way.

    From the twin's day on it is the present way. The present way of the decision itself brings nothing new, and takes back what was noted before.
    """
    from omosim.api.twin_state import today
    from omosim.api.twin_ways import present_on
    from omosim.config.errors import nearest, refuse, show
    from omosim.results.words import command_word

    rows, head = decisions_of(step.twin.head), step.twin.head
    if not rows:
        raise refuse("the twin has no decision yet", key="took", value=show(way), cure=f"Write omosim twin decide {command_word('dir', step.twin.path)} ways=[{way}]")
    made, day = _decision(step.twin, rows[-1]), today(step.twin).isoformat()
    ways = [found["way"] for found in made["ways"]]
    if way not in ways:
        raise refuse("is no way of the last decision", key="took", value=show(way), allowed=", ".join(ways), near=nearest(way, ways), cure="Weigh it first: ways=[…]")
    new = [*rows[:-1], {**rows[-1], "from": made["from"], "took": way, "noted": {**rows[-1].get("noted", {}), day: way}}]
    on = rows[-1].get("on", [])
    wanted, present = [*on, *([way] if way != made["present"] else [])], present_on(head, day)
    known = list(head.get("present", []))
    if wanted != present["ways"]:
        known = [*(row for row in known if row["from"] < day), {"from": day, "ways": wanted}]
        if wanted == (known[-2]["ways"] if known[:-1] else []):
            known.pop()  # back on the day itself: nothing has changed
    if new != rows or known != head.get("present", []):
        changed = {"present": known} if known or "present" in head else {}
        step.commit("took", f"{made['from']}-{len(head['updates'])}", {"took": way, **({"from": day} if wanted != present["ways"] else {})}, {"decisions": new, **changed})
    said = f"Decision of {made['from']}: {way} was taken, {made['best']} was advised."
    if wanted == present["ways"]:
        return said
    return f"{said} From {day} on this is the present way: forecasts and decisions stand on it." if wanted else f"{said} From {day} on the twin trades as it was made."


def _decision(twin: Twin, row: Mapping[str, Any]) -> dict[str, Any]:
    from omosim.twin.folder import checked

    return dict(json.loads(checked(twin.path / row["file"]).read_text(encoding="utf-8")))


def table_of(twin: Twin, kind: str) -> dict[str, list[Any]] | None:
    """A table of the last decision (`CSVS`), None where it has none."""
    from omosim.results.tables import read_arrow
    from omosim.twin.folder import checked

    rows = decisions_of(twin.head)
    file = rows[-1]["tables"].get(kind) if rows else None
    return read_arrow(checked(twin.path / file)).to_pydict() if file else None


def log_of(twin: Twin) -> list[dict[str, Any]]:
    """Rows of the log: every decision, way and series of which a day has been seen; money in units of the currency.

    A way that was in force on some of these days is held against those alone, one that never was against all.

    taken : of a way in force "told", "assumed" (nobody said: the present way goes on until somebody does); "" another way
    """
    from omosim.api.twin_forecast import panel_series
    from omosim.api.twin_page import closed_days
    from omosim.api.twin_ways import present_on
    from omosim.results.words import minor_units, unit_words
    from omosim.twin.decided import held

    rows = decisions_of(twin.head)
    if not rows or twin.file("panel") is None:
        return []
    seen, first, closed = panel_series(twin), date.fromisoformat(twin.head["first_day"]), frozenset(closed_days(twin))
    out = []
    for number, kept in enumerate(rows, 1):
        made = _decision(twin, kept)
        noted, on = {kept.get("took"), *kept.get("noted", {}).values()}, list(kept.get("on", []))
        begin = date.fromisoformat(made["from"])
        every = [(begin + timedelta(days=i)).isoformat() for i in range(int(made["days"]))]
        past = [day for day in every if day <= twin.head["as_of"]]
        for way in made["ways"]:
            here = way["way"] == made["present"]
            mine = [day for day in past if present_on(twin.head, day)["ways"] == (on if here else [*on, way["way"]])]
            taken = "" if not mine else "assumed" if here and way["way"] not in noted else "told"
            for row in held(way["series"], begin, first, seen, closed, mine or None):
                unit = str(made["unit"]) if row["series"] == "revenue" else "orders"
                scale = minor_units(unit)
                money = {name: None if row[name] is None else row[name] / scale for name in ("realised", "foretold", "low", "high")}
                out.append({"number": number, "decided": made["from"], "way": way["way"], "advised": "yes" if way["way"] == made["best"] else "no", "taken": taken, "unit": unit_words(unit), **row, **money})
    return out


def words_of(rows: list[dict[str, Any]]) -> list[str]:
    """A line for each of the last ways in force that a decision weighed, once their days have begun: what was foretold, and what came."""
    out = []
    taken = [row for row in rows if row["taken"]]
    for number, way in list(dict.fromkeys((row["number"], row["way"]) for row in taken))[-_SHOWN:]:
        mine = [row for row in taken if (row["number"], row["way"]) == (number, way)]
        how = "was taken" if mine[-1]["taken"] == "told" else "assumed, as nobody noted what was done: twin decide took=WAY"
        out.append(f"decision {number} of {mine[-1]['decided']}, {way} ({how}): {'; '.join(map(_words, mine))} (bands are meant for 9 days of 10)")
    return out


def _words(row: Mapping[str, Any]) -> str:
    name = row["series"] + (f" ({row['unit']})" if row["series"] == "revenue" else "")
    band = f"{row['days_in_band']} of {row['days_seen']} days in their band"
    if row["realised"] is None:
        return f"{name} {band}"
    return f"{name} {row['realised']:,.0f} in {row['sum_days']} days, foretold {row['foretold']:,.0f} ({row['low']:,.0f} to {row['high']:,.0f}), {row['says']}, {band}"


def renewed(twin: Twin) -> list[dict[str, Any]]:
    """Write what follows from the folder's decisions (CSVs of the last one, the log), drop what no longer does; returns the log."""
    from omosim.reports.export import csv_text

    rows = decisions_of(twin.head)
    for kind in CSVS if rows else ():
        table = table_of(twin, kind)
        _write(twin, f"{kind}.csv", csv_text(table) if table else None)
    log = log_of(twin)
    if rows:
        _write(twin, LOG, csv_text({name: [row[name] if not isinstance(row[name], float) else round(row[name], 4) for row in log] for name in COLUMNS}) if log else None)
    return log


def _write(twin: Twin, name: str, text: str | None) -> None:
    """A file of this text, or none."""
    from omosim.results import write_text

    path = twin.path / name
    if text is None:
        path.unlink(missing_ok=True)
    elif not path.is_file() or path.read_bytes() != text.encode():
        write_text(path, text)
