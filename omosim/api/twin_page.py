"""What a twin's page is made of: its tables, its decision, and where the drift alarm stands; all from the folder alone."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omosim.twin.folder import Twin

TABLES = ("quality", "panel", "days", "hours", "posterior", "identifiability", "forecasts", "scores", "members")
#: series that the alarm watches, as `record.renew` does
WATCHED = ("orders", "revenue")


def write_page(twin: Twin) -> Path:
    """Write `report.html` into the twin's folder, in the language of this moment; returns where. A page that says the same is left alone."""
    from omosim.api.twin_log import renewed, table_of
    from omosim.reports.language import translate_page
    from omosim.reports.twin_report import twin_page
    from omosim.results import write_text
    from omosim.twin.folder import checked

    target = twin.path / "report.html"
    tables = {kind: table for kind in TABLES if (table := twin.table(kind)) is not None}
    file = twin.file("decision")
    decision = None if file is None else json.loads(checked(file).read_text(encoding="utf-8"))
    page = translate_page(twin_page(twin.head, tables, decision, alarm_of(twin.head["first_day"], tables, closed=closed_days(twin)), renewed(twin), table_of(twin, "reorder_levels"), twin.table("worlds")))
    if not target.is_file() or target.read_bytes() != page.encode():
        write_text(target, page)
    return target


def closed_days(twin: Twin) -> list[str]:
    """ISO days that were told as closed and on which nothing was sold; weekdays on which the shop never trades are not among them."""
    days = twin.table("days") or {"date": [], "state": []}
    told = set(twin.head.get("closed", []))
    return [str(day) for day, state in zip(days["date"], days["state"], strict=True) if state == "closed" and day in told]


def alarm_of(first_day: str, tables: dict[str, dict[str, list[Any]]], jump: float = 0.4, closed: Collection[str] = ()) -> dict[str, Any] | None:
    """Where the drift alarm stands: its sums day by day over kept forecasts, against the limit.

    first_day : ISO, of the panel; tables : forecasts and panel; jump : the change of demand that it is tuned to;
    closed : as `record.fair` has it

    Returns
    -------
    raised [(date, series)], days, false_alarm_days, jump, within_week (chance that such a change is found in seven days), series
    {name: dates, up, down (standard deviations), limit}; None where no forecast has met a day, or has no quantiles for it
    """
    import numpy as np
    import pandas as pd

    from omosim.twin.forecast import KEPT, with_actuals
    from omosim.twin.panel import series_of
    from omosim.twin.record import alarm_for, fair, watch

    table, panel = tables.get("forecasts"), tables.get("panel")
    if table is None or panel is None or not {"unit", "step", "hour", "horizon", *KEPT} <= set(table):
        return None
    frame = pd.DataFrame(dict(table))
    for name in frame.columns.difference(["origin", "date", "series", "unit", "step"]):
        frame[name] = frame[name].astype(float)
    seen = series_of(panel)
    frame = frame[frame["series"].isin(WATCHED)]
    filled = with_actuals(frame, date.fromisoformat(first_day), {n: x for n, x in seen.items() if n in WATCHED}, None)
    filled = fair(filled, closed)
    names = [s for s in WATCHED if (filled["series"] == s).any()]
    if not names:
        return None
    found = watch(filled, names, jump)
    sums: dict[str, Any] = {}
    for name in names:
        made = alarm_for(filled, name, jump, found.false_alarm_days, len(names))
        if made is None:
            continue
        z, _, alarm = made
        up, down = [], []
        for value in z.to_numpy():
            cut = max(-alarm.cap, min(alarm.cap, float(value)))
            up.append(max(0.0, alarm.up + cut - alarm.k))
            down.append(max(0.0, alarm.down - cut - alarm.k))
            alarm.watch(np.array([value]))
        sums[name] = {"dates": [str(d) for d in z.index], "up": up, "down": down, "limit": alarm.h}
    return {"raised": list(found.raised), "days": found.days, "false_alarm_days": found.false_alarm_days, "jump": jump, "within_week": found.within_week, "series": sums}
