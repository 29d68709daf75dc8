"""What a twin knows of days to come: closed days that were told, and promotions of its price table by what such ones did before."""

from __future__ import annotations

from datetime import date, timedelta
from math import prod
from typing import TYPE_CHECKING

from omosim.schema.days import day_number

if TYPE_CHECKING:
    from omosim.twin.folder import Twin
    from omosim.twin.forecast import Known
    from omosim.twin.tables import Tables

#: series that a promotion moves on its own days; what comes back, and shares and levels, follow later or not at all
MOVED = ("orders", "revenue", "units", "pickups", "traffic", "sessions", "new_customers")
#: times in a row that a weekday was closed, after which it is closed in days to come too
REST_WEEKS = 6
#: series by hour -> the series by day whose effect it has
BY_HOUR = {"pickup_load": "pickups"}


def _resting(twin: Twin) -> set[int]:
    """Weekdays (0 Monday) that the calendar had closed each of the last REST_WEEKS times: members' trips of the day before would end on them."""
    days = twin.table("days")
    assert days is not None
    first = date.fromisoformat(twin.head["first_day"])
    last: dict[int, list[bool]] = {}
    for i, state in enumerate(days["state"]):
        last.setdefault((first.weekday() + i) % 7, []).append(state == "closed")
    return {weekday for weekday, shut in last.items() if len(shut) >= REST_WEEKS and all(shut[-REST_WEEKS:])}


def known_of(twin: Twin, tables: Tables, days: int) -> tuple[Known, list[str]]:
    """Closed days and planned promotions of so many days from today on.

    Returns
    -------
    Factors on what members foretell of each series (a promotion by past ones of its kind, none: no effect), and what was
    taken, in words
    """
    from omosim.api.twin_forecast import panel_series
    from omosim.api.twin_state import today
    from omosim.twin.forecast import Known
    from omosim.twin.promotions import PAST_DAYS, effect, level_of, promotions_of

    now = today(twin)
    start = day_number(now)
    closed = frozenset(d for text in twin.head["closed"] if 0 <= ((d := date.fromisoformat(text)) - now).days < days)
    resting = _resting(twin)
    said = [f"closed on {', '.join(d.isoformat() for d in sorted(closed))}, as told: nothing is sold then"] if closed else []
    closed |= {day for i in range(days) if (day := now + timedelta(days=i)).weekday() in resting}
    prices = tables.further.get("prices")
    every = promotions_of(prices, tables.orders.lines, start - 1) if prices is not None and len(prices) else []
    if not every:
        return Known(closed), said
    past = [p for p in every if p.first < start]
    panel = panel_series(twin)
    seen = {name: x for name, x in panel.items() if name.split(".")[0] in MOVED}
    still = {name: 1.0 for name in panel if name not in seen}
    first = day_number(twin.head["first_day"])
    effects = {kind: {name: made for name, x in seen.items() if (made := effect(x, first, [p for p in past if p.kind == kind], every)) is not None} for kind in {p.kind for p in past}}
    for one in every:
        if one.last < start or one.first >= start + days:
            continue
        whole = effects.get(one.kind, {}).get("orders")
        if whole is None:
            why = "no day to compare those before with was seen" if one.kind in effects else "none like it was seen before"
            said.append(f"promotion {one.words}: no effect is taken, {why}")
        else:
            said.append(f"promotion {one.words}: orders times {whole.factor:.2f} on its days, as {whole.promotions} like it had on {whole.days} days (times {whole.raw:.2f}, shrunk to 1 by how few they are)")
    factors: dict[date, dict[str, float]] = {}
    held = {name: level_of(past, {kind: made[name].factor for kind, made in effects.items() if name in made}, start, start - first) for name in seen}
    for i in range(days):
        row = {}
        for name in seen:
            on = [effects[p.kind][name].factor for p in every if p.first <= start + i <= p.last and name in effects.get(p.kind, {})]
            row[name] = prod(on) / held[name][(start + i + 3) % 7]
        if any(abs(factor - 1.0) > 1e-12 for factor in row.values()):
            factors[now + timedelta(days=i)] = still | row | {hourly: row[daily] for hourly, daily in BY_HOUR.items() if daily in row} | {"": row.get("orders", 1.0)}
    usual = sum(held["orders"]) / 7 if "orders" in held else 1.0
    if abs(usual - 1.0) > 0.005:
        said.append(f"promotions of the last {PAST_DAYS // 7} weeks are in what the members learnt: days without one have orders times {1 / usual:.2f}")
    return Known(closed, factors), said
