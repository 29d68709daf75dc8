"""Findings beside those of one file: older files, and findings of earlier ingests, which stay until their rows are said anew or the oddity is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from omosim.results.words import counted
from omosim.twin import tables
from omosim.twin.folder import Twin
from omosim.twin.quality import Finding, beside

#: codes of findings about rows as they stand in a file; all others are found anew in the whole at every ingest, or tell what an ingest did
OF_ROWS = (
    "time_backward", "duplicated_day", "negative_stock", "duplicate_row", "clock_skipped", "clock_doubled", "fraction_of_unit",
    "store_without_orders", "order_unknown", "delivered_before_placed", "no_pickup",
)  # fmt: skip
_JUDGED = ("store_without_orders", "order_unknown", "delivered_before_placed")  # what the whole tells: gone where later orders explain it


def standing(twin: Twin, now: list[Finding], whole: Mapping[str, pd.DataFrame | None]) -> list[Finding]:
    """Findings of earlier ingests that still hold.

    now : those of this ingest, which replace equal ones; whole : kind -> every row that the twin has. Oracle: tests/twin/test_standing.py.
    """
    before: dict[str, list[Any]] = twin.table("quality") or {"code": []}
    mine = {(f.code, f.table, f.place) for f in now}
    orders = whole["orders"]
    assert orders is not None
    judged = {(f.code, kind) for kind, rows in whole.items() if rows is not None and kind in tables.KEYS for f in beside(kind, rows, orders, "")}
    out = []
    for i, code in enumerate(before["code"]):
        found = Finding(**{"version": 0, **{name: values[i] for name, values in before.items()}})
        gone = (code in _JUDGED and (code, found.table) not in judged) or (code == "no_pickup" and twin.head.get("present"))
        if code in OF_ROWS and not gone and (code, found.table, found.place) not in mine and _left(twin, found, whole):
            out.append(found)
    return out


def _left(twin: Twin, found: Finding, whole: Mapping[str, pd.DataFrame | None]) -> bool:
    """Whether any row that an ingest brought stands as it did; of a file of orders nobody tells, so its finding stays."""
    rows = whole.get(found.table)
    if rows is None or found.table not in tables.KEYS or not found.version:
        return True
    parts = [tables.read_part(twin.path / part["file"]) for part in twin.parts(found.table) if part["version"] == found.version]
    for part in parts:
        brought = part[part["on_hand"] == 0] if found.code == "negative_stock" else part
        if len(brought.merge(rows, on=list(brought.columns), how="inner")):
            return True
    return False


def older(taken: tables.Taken, file: str, span: tuple[str, str], today: str, lines: int) -> Finding:
    """What became of an export that ends before the twin's day. span : its first and last day, ISO; lines : its rows"""
    begins = f"ends before {today}, the twin's day: orders that the twin lacked are taken"
    place = f"{file}, {span[0]} to {span[1]}"
    if not taken.aside:
        return Finding("older_than_known", "info", "orders", place, lines, f"{begins}, those it knows say the same")
    return Finding("older_than_known", "warning", "orders", place, lines,
                   f"{begins}; {counted(taken.aside, 'order')} that the twin knows otherwise ({taken.said}) stay as it has them, as an older file has the older word; a newer word on them comes in one export that reaches {today}")  # fmt: skip
