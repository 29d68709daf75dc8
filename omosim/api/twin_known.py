"""What a twin knows of days to come: closed days that were told, and promotions of its price table by what such ones did before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omosim.twin.folder import Twin
    from omosim.twin.forecast import Known
    from omosim.twin.tables import Tables

#: series that a promotion moves on its own days; what comes back, and shares and levels, follow later or not at all
MOVED = ("orders", "revenue", "units", "pickups", "traffic", "sessions", "new_customers")
#: series by hour -> the series by day whose effect it has
BY_HOUR = {"pickup_load": "pickups"}
_EPOCH = date(1970, 1, 1)


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
    from omosim.twin.promotions import effect, promotions_of

    now = today(twin)
    start = (now - _EPOCH).days
    closed = frozenset(d for text in twin.head["closed"] if 0 <= ((d := date.fromisoformat(text)) - now).days < days)
    said = [f"closed on {', '.join(d.isoformat() for d in sorted(closed))}, as told: nothing is sold then"] if closed else []
    prices = tables.further.get("prices")
    factors: dict[date, dict[str, float]] = {}
    if prices is not None and len(prices):
        every = promotions_of(prices, tables.orders.lines, start - 1)
        past = [p for p in every if p.first < start]
        seen = {name: x for name, x in panel_series(twin).items() if name.split(".")[0] in MOVED} if every else {}
        first = (date.fromisoformat(twin.head["first_day"]) - _EPOCH).days
        for one in every:
            coming = [now + timedelta(days=i) for i in range(days) if one.first <= start + i <= one.last]
            if not coming:
                continue
            like = [p for p in past if p.kind == one.kind]
            found = {name: made for name, x in seen.items() if (made := effect(x, first, like, every)) is not None} if like else {}
            if "orders" not in found:
                said.append(f"promotion {one.words}: no effect is taken, " + ("no day to compare those before with was seen" if like else "none like it was seen before"))
                continue
            whole = found["orders"]
            said.append(f"promotion {one.words}: orders times {whole.factor:.2f} on its days, as {whole.promotions} like it had on {whole.days} days (times {whole.raw:.2f}, shrunk to 1 by how few they are)")
            for day in coming:
                row = factors.setdefault(day, {})
                old = row.get("", 1.0)
                more = {name: made.factor for name, made in found.items()} | {"": 1.0}
                more |= {hourly: found[daily].factor for hourly, daily in BY_HOUR.items() if daily in found}
                for name, factor in more.items():
                    row[name] = row.get(name, old) * factor
    return Known(closed, factors), said
