"""The page of a twin, from what its folder says: which data it stands on, how good they are, what they look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from omosim.reports.figures import COLOURS, Chart, Line, chart
from omosim.reports.figures_drawn import Heat, heat_picture
from omosim.reports.page import render
from omosim.reports.svg import FAINT, ORANGE, SOFT, YELLOW, Canvas
from omosim.reports.twin_sections import decided, fan_charts, logged, scored
from omosim.results.words import MINOR
from omosim.schema.columns import WEEKDAYS

Table = Mapping[str, list[Any]]
#: what a table that was not given would tell
TELLS = {
    "stock": "stock at the start, shrinkage, stock-outs", "traffic": "how many visit stores, and so how many of them buy",
    "sessions": "how many visit the web shop, and so how many of them buy", "prices": "what a price or a promotion does",
    "deliveries": "lead times, and with counts the flow of stock",
}  # fmt: skip
_SHOWN = 12  # files read last; those before stand in twin.json
_SEVERITY = {"refused": ("worse", "accepted"), "warning": ("cannot_tell", "look at it"), "info": ("better", "note")}


def twin_page(head: Mapping[str, Any], tables: Mapping[str, Table], decision: Mapping[str, Any] | None = None, log: Sequence[Mapping[str, Any]] = ()) -> str:
    """HTML of a twin.

    head : `twin.json`; tables : quality (code, severity, table, place, rows, done), panel (date, series, unit, value), days
    (date, state, orders), hours (hour, orders), posterior (parameter, value, unit, se), forecasts, scores, each where it is
    there; decision : decision.json; log : rows of decision_log.csv
    """
    days = tables.get("days", {"date": [], "state": [], "orders": []})
    counts = {s: days["state"].count(s) for s in ("observed", "closed", "gap", "partial")}
    findings = _findings(tables.get("quality"))
    weekly = weekly_chart(tables["panel"]) if "panel" in tables else None
    hours = hours_heat(tables["hours"], len(days["state"]) - counts["gap"] - counts["partial"]) if "hours" in tables else None
    return render(
        "twin.html",
        heading="Digital twin",
        name=head["name"],
        head=head,
        counts=counts,
        warnings=sum(f["severity"] == "warning" for f in findings),
        accepted=sum(f["severity"] == "refused" for f in findings),
        findings=findings,
        sources=[_source(s) for s in head["sources"][-_SHOWN:]],
        earlier=max(0, len(head["sources"]) - _SHOWN),
        lacking=[(kind, TELLS[kind]) for kind in TELLS if not any(s["kind"] == kind for s in head["sources"])],
        calendar=calendar_picture(days),
        charts=[weekly] if weekly else [],
        hours=heat_picture(hours) if hours else None,
        channels=_channels(tables["panel"]) if "panel" in tables else [],
        fans=fan_charts(tables.get("forecasts"), tables.get("panel")),
        scores=scored(tables.get("scores")),
        decision=decided(decision),
        log=logged(log),
        posterior=_posterior(tables.get("posterior"), head["currency"]),
        not_fitted=next((row["did"]["refused"] for row in reversed(head["updates"]) if row["step"] == "fit" and "refused" in row["did"]), "") if not head["parameter_sets"] else "",
        updates=[{"step": row["step"], "version": row["version"], "words": _did(row["did"])} for row in head["updates"][-2 * _SHOWN :]],
        provenance={}, command_line="", assumptions=[], manifest={"files": [], "more": 0}, laws=[], proof=None,
    )  # fmt: skip


def _findings(table: Table | None) -> list[dict[str, Any]]:
    if table is None:
        return []
    rows = [{name: table[name][i] for name in table} for i in range(len(table["code"]))]
    return [{**r, "tone": _SEVERITY[r["severity"]][0], "says": _SEVERITY[r["severity"]][1]} for r in rows]


def _source(row: Mapping[str, Any]) -> dict[str, Any]:
    total = max(1, sum(c["rows"] for c in row["classes"]))
    classes = [{**c, "share": f"{c['rows'] / total:.1%}"} for c in row["classes"] if c["rows"]]
    return {**row, "classes": classes}


def _did(did: Mapping[str, Any]) -> str:
    if "refused" in did:
        return f"not fitted: {did['refused']}"
    parts = [f"{k}: {v['new']:,} new, {v['known']:,} known, {v['changed']:,} changed" for k, v in did.items() if isinstance(v, dict) and "new" in v]
    return "; ".join(parts) or ", ".join(f"{k} {v}" for k, v in did.items())


# ---- pictures ------------------------------------------------------------------------------------------------
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
        for month in range(1, 13, 2):
            start = date(year, month, 1)
            if begin.replace(day=1) <= start <= end:
                canvas.text(9 + wide * ((start - monday).days // 7), start.strftime("%b"), size=10, colour=SOFT)
        canvas.y += 2
    return canvas.done(", ".join(f"{n} days {state}" for state, n in said.items()))


def _shade(share: float) -> str:
    """A pale to a dark blue."""
    s = min(max(share, 0.0), 1.0) ** 0.7
    return "#" + "".join(f"{round(a + (b - a) * s):02x}" for a, b in ((219, 11), (233, 74), (247, 138)))


def weekly_chart(panel: Table) -> Chart | None:
    """Orders a week by channel; a week with a day that was not observed breaks the line."""
    series = _series(panel)
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


def _series(panel: Table) -> dict[str, tuple[list[str], list[float | None]]]:
    out: dict[str, tuple[list[str], list[float | None]]] = {}
    for day, name, value in zip(panel["date"], panel["series"], panel["value"], strict=True):
        dates, values = out.setdefault(name, ([], []))
        dates.append(str(day))
        values.append(value)
    return out


def _channels(panel: Table) -> list[dict[str, str]]:
    """Orders and observed days of each channel."""
    series = _series(panel)
    total = sum(v or 0.0 for n, (_, values) in series.items() if n.startswith("orders.") for v in values) or 1.0
    out = []
    for name, (dates, values) in series.items():
        if name.startswith("orders."):
            seen = [d for d, v in zip(dates, values, strict=True) if v is not None]
            orders = sum(v or 0.0 for v in values)
            out.append({"name": name.removeprefix("orders."), "orders": f"{orders:,.0f}", "share": f"{orders / total:.1%}", "days": f"{len(seen):,}", "span": f"{seen[0]} to {seen[-1]}" if seen else "–"})
    return out


def _posterior(table: Table | None, currency: str) -> list[dict[str, str]]:
    """Each parameter with its middle and its width; draws are summed up by their quantiles."""
    if table is None:
        return []
    draws: dict[str, list[float]] = {}
    unit, se = {}, {}
    for i, (name, value) in enumerate(zip(table["parameter"], table["value"], strict=True)):
        if value is not None:
            draws.setdefault(name, []).append(value)
        unit[name] = table["unit"][i]
        se[name] = table["se"][i] if "se" in table else None
    out = []
    for name, values in draws.items():
        values = sorted(values)
        scale = 10 ** -MINOR.get(currency, 0) if unit[name] == "minor" else 1.0
        middle = values[len(values) // 2] * scale
        if len(values) > 1:
            low, high = (values[min(len(values) - 1, int(q * len(values)))] * scale for q in (0.05, 0.95))
            width = f"{low:,.4g} to {high:,.4g}"
        else:
            error = se[name]
            width = "not told" if error is None else f"± {1.645 * error * scale:,.3g}"
        out.append({"name": name, "value": f"{middle:,.4g}", "width": width, "unit": currency if unit[name] == "minor" else unit[name]})
    return out
