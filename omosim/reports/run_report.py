"""The page of one run: its KPIs, its days, its laws."""

from __future__ import annotations

from typing import Any

from omosim.reports.figures import COLOURS, Chart, Line, chart
from omosim.reports.figures_flow import alluvial, journey_flows
from omosim.reports.labels import law_meaning, reading_order, title
from omosim.reports.page import about, render
from omosim.results import ResultFolder
from omosim.results.words import number

_SHOWN = ("net_revenue", "orders", "orders_web", "orders_store", "orders_live", "orders_social", "web_sessions")
_KEYS = ("day", "date", "weekday", "measured")


def run_page(folder: ResultFolder) -> str:
    """HTML of one run; uses kpis, daily and laws where they are there."""
    summary = folder.summary()
    table = folder.read_table("kpis") if folder.has_table("kpis") else {"kpi": [], "value": [], "unit": []}
    reasons = table.get("reason", [""] * len(table["kpi"]))
    rows = {k: (v, u, r) for k, v, u, r in zip(table["kpi"], table["value"], table["unit"], reasons, strict=True)}
    groups = [(head, [(title(k), *rows[k]) for k in kpis]) for head, kpis in reading_order(list(rows))]
    heads = [
        (title(k), number(rows[k][0], rows[k][1])) for k in ("operating_profit", "net_revenue", "orders") if k in rows
    ]
    trials = trial_tables(folder.read_table("ab")) if folder.has_table("ab") else []
    return render(
        "run.html",
        trials=trials,
        stages=stage_rows(folder.read_table("funnel")) if folder.has_table("funnel") else [],
        heading="Simulation run" if folder.command == "run" else folder.command.capitalize(),
        summary=summary,
        heads=heads,
        flows=alluvial(flows) if (flows := journey_flows(folder)) else "",
        says=_says(summary, rows),
        groups=groups,
        charts=daily_charts(folder.read_table("daily")) if folder.has_table("daily") else [],
        law_meaning=law_meaning,
        **about(folder),
    )


def _says(summary: dict[str, Any], rows: dict[str, tuple[Any, str, str]]) -> str:
    """What one run tells, and what it cannot; empty for what was no run of a strategy."""
    value, unit, _ = rows.get("operating_profit", (None, "", ""))
    if value is None or "strategy" not in summary:
        return ""
    period = f" {summary['period']}" if "period" in summary else ""
    profit = number(value, unit)
    return f"{summary['strategy']} earns an operating profit of {profit}{period}. One run has no interval: it cannot tell whether another strategy is better."


def trial_tables(table: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Each experiment: its groups with their sizes, and a row a figure with a cell a group."""
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    out = []
    for name in dict.fromkeys(row["experiment"] for row in rows):
        mine = [row for row in rows if row["experiment"] == name]
        groups = {row["group"]: row["shoppers"] for row in mine}
        figures = [
            (title(kpi), [row for row in mine if row["kpi"] == kpi]) for kpi in dict.fromkeys(row["kpi"] for row in mine)
        ]
        out.append({"name": name, "groups": list(groups.items()), "figures": figures})
    return out


def stage_rows(table: dict[str, list[Any]]) -> list[tuple[str, str, int, int, float | None]]:
    """Stage, channel, missions that enter and leave, drop-off: the funnel over all segments, without channels nobody used."""
    sums: dict[tuple[str, str], list[int]] = {}
    for stage, channel, entering, leaving in zip(*(table[name] for name in ("stage", "channel", "entering", "leaving")), strict=True):
        row = sums.setdefault((stage, channel), [0, 0])
        row[0] += entering
        row[1] += leaving
    order = list(dict.fromkeys(stage for stage, _ in sums))
    rows = sorted(sums.items(), key=lambda item: order.index(item[0][0]))
    return [(stage.replace("_", "-"), channel, n, left, 1 - left / n) for (stage, channel), (n, left) in rows if n]


def daily_charts(table: dict[str, list[Any]]) -> list[Chart]:
    """One small chart a series; the table is wide (a column a series) or long (day, series, value)."""
    if {"series", "value"} <= table.keys():
        table = _widen(table)
    key = next((k for k in ("date", "day") if k in table), None)
    if key is None or not table[key]:
        return []
    table = _measured(table)
    days = [str(d)[:10] for d in table[key]]
    numeric = [name for name, column in table.items() if name not in _KEYS and _is_numeric(column) and any(column)]
    ranked = [n for n in _SHOWN if n in numeric] + [n for n in numeric if n not in _SHOWN]
    labels = [d[5:] if key == "date" and len(d) == 10 else d for d in days]
    return [
        chart(title(name), "a day", [Line(title(name), [_float(v) for v in table[name]], COLOURS[0])], labels)
        for name in ranked[:6]
    ]


def _measured(table: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Without the burn-in, which has negative day numbers."""
    kept = [i for i, day in enumerate(table.get("day", [])) if not isinstance(day, int) or day >= 0]
    if len(kept) in (0, len(table.get("day", []))):
        return table
    return {name: [column[i] for i in kept] for name, column in table.items()}


def _widen(table: dict[str, list[Any]]) -> dict[str, list[Any]]:
    key = "date" if "date" in table else "day"
    days = sorted(set(table[key]))
    at = {d: i for i, d in enumerate(days)}
    wide: dict[str, list[Any]] = {key: days}
    for day, series, value in zip(table[key], table["series"], table["value"], strict=True):
        wide.setdefault(str(series), [None] * len(days))[at[day]] = value
    return wide


def _is_numeric(column: list[Any]) -> bool:
    known = [v for v in column if v is not None]
    return bool(known) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in known)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
