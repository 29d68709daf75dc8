"""The days of a twin's data as pictures: a calendar, weeks by channel, hours of the week; and its channels in figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from omosim.reports.figures import COLOURS, Chart, Line, chart
from omosim.reports.figures_drawn import Heat
from omosim.reports.svg import FAINT, ORANGE, SOFT, YELLOW, Canvas
from omosim.reports.twin_words import CHANNELS
from omosim.results.words import counted
from omosim.schema.columns import WEEKDAYS

Table = Mapping[str, list[Any]]


def calendar_picture(days: Table) -> str:
    """A year a band, a column a week, a square a day: how many orders, or why there is no figure."""
    if not days["date"]:
        return ""
    canvas = Canvas("Orders by day", "darker is more")
    canvas.heading([(_shade(0.3), "few"), (_shade(1.0), "many"), (FAINT, "closed"), (ORANGE, "gap: not observed"), (YELLOW, "part of a day")])
    most = max((v for v in days["orders"] if v is not None), default=1.0) or 1.0
    first, last = date.fromisoformat(days["date"][0]), date.fromisoformat(days["date"][-1])
    at = {d: i for i, d in enumerate(days["date"])}
    said: dict[str, int] = {}
    for year in range(first.year, last.year + 1):
        begin, end = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
        canvas.y += 16
        canvas.text(0, str(year), size=12, bold=True)
        canvas.y += 6
        monday = date(year, 1, 1) - timedelta(days=date(year, 1, 1).weekday())
        for row, name in enumerate(("Mon", "", "Wed", "", "Fri", "", "Sun")):
            if name:
                canvas.text(0, name, size=10, colour=SOFT, y=canvas.y + 11 * row + 9)
        wide = 91.0 / 54
        for n in range((end - begin).days + 1):
            day = begin + timedelta(days=n)
            i = at[day.isoformat()]
            state, orders = days["state"][i], days["orders"][i]
            said[state] = said.get(state, 0) + 1
            colour = {"closed": FAINT, "gap": ORANGE, "partial": YELLOW}.get(state) or _shade((orders or 0.0) / most)
            words = f"{orders:g} orders" if state == "observed" and orders is not None else {"gap": "no rows, not observed", "partial": "part of a day", "closed": "closed"}.get(state, state)
            canvas.box(9 + wide * ((day - monday).days // 7), wide * 0.86, canvas.y + 11 * day.weekday(), 9.5, colour, hint=f"{day} {words}")
        canvas.y += 77 + 12
        months = [m for m in range(begin.month, end.month + 1) if m % 2] or [begin.month]
        for month in months:
            start = date(year, month, 1)
            if begin.replace(day=1) <= start <= end:
                canvas.text(9 + wide * ((start - monday).days // 7), start.strftime("%b"), size=10, colour=SOFT)
        canvas.y += 2
    return canvas.done(", ".join(f"{counted(n, 'day')} {state}" for state, n in said.items()))


def _shade(share: float) -> str:
    """A pale to a dark blue."""
    s = min(max(share, 0.0), 1.0) ** 0.7
    return "#" + "".join(f"{round(a + (b - a) * s):02x}" for a, b in ((219, 11), (233, 74), (247, 138)))


def weekly_chart(panel: Table) -> Chart | None:
    """Orders a week by channel; a week with a day that was not observed breaks the line."""
    series = series_of(panel)
    names = sorted((n for n in series if n.startswith("orders.")), key=lambda n: -sum(v or 0.0 for v in series[n][1]))[:6] or [n for n in ("orders",) if n in series]
    if not names:
        return None
    dates = series[names[0]][0]
    skip = -date.fromisoformat(dates[0]).weekday() % 7
    starts = list(range(skip, len(dates) - 6, 7))
    if len(starts) < 2:
        return None
    week = lambda values: [None if any(v is None for v in values[i : i + 7]) else sum(values[i : i + 7]) for i in starts]
    lines = [Line(n.removeprefix("orders."), week(series[n][1]), COLOURS[i % len(COLOURS)]) for i, n in enumerate(names)]
    if not any(v is not None for line in lines for v in line.values):
        return None
    return chart("Orders by week", "orders a week; weeks with a gap are left open", lines, [dates[i] for i in starts], x_every=max(1, -(-len(starts) // 3)))


def hours_heat(hours: Table, days: int) -> Heat | None:
    """Orders by hour of the week; None for a log of days alone."""
    counts = hours["orders"]
    weeks = max(1.0, days / 7)
    if sum(1 for v in counts if v) <= 7 or not sum(v for h, v in enumerate(counts) if h % 24):
        return None
    used = [h for h in range(24) if any(counts[d * 24 + h] for d in range(7))]
    rows = tuple((f"{h:02d}", tuple(counts[d * 24 + h] / weeks for d in range(7))) for h in range(used[0], used[-1] + 1))
    return Heat("Orders by hour of the week", "orders an hour, a usual week", tuple(d.capitalize() for d in WEEKDAYS), rows)


def series_of(panel: Table) -> dict[str, tuple[list[str], list[float | None]]]:
    """Series -> its dates and values, None where nothing was observed."""
    out: dict[str, tuple[list[str], list[float | None]]] = {}
    for day, name, value in zip(panel["date"], panel["series"], panel["value"], strict=True):
        dates, values = out.setdefault(name, ([], []))
        dates.append(str(day))
        values.append(value)
    return out


def channels(panel: Table) -> list[dict[str, Any]]:
    """Orders and observed days of each channel."""
    series = series_of(panel)
    total = sum(v or 0.0 for n, (_, values) in series.items() if n.startswith("orders.") for v in values) or 1.0
    out = []
    for name, (dates, values) in series.items():
        if name.startswith("orders."):
            seen = [d for d, v in zip(dates, values, strict=True) if v is not None]
            orders = sum(v or 0.0 for v in values)
            out.append({"name": name.removeprefix("orders."), "ours": name.removeprefix("orders.") in CHANNELS, "orders": f"{orders:,.0f}", "share": f"{orders / total:.1%}", "days": f"{len(seen):,}", "span": f"{seen[0]} – {seen[-1]}" if seen else "–"})
    return out
