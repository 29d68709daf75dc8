"""What a twin foretold, how that turned out, and what it advises: parts of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from omosim.reports.figures import COLOURS, Chart, Interval, Line, chart, forest
from omosim.reports.figures_drawn import forest_picture
from omosim.results.words import figure, minor_units, number, percent, unit_words

Table = Mapping[str, list[Any]]
#: series whose weeks are drawn, in this order
DRAWN = ("orders", "revenue", "pickups", "new_customers")
PAST_WEEKS = 13


def fan_charts(forecasts: Table | None, panel: Table | None, most: int = 3) -> list[Chart]:
    """The last forecast's days behind the days before it: middle and nine tenths, and what has come of them by now."""
    if forecasts is None or not forecasts["origin"]:
        return []
    origin = max(map(str, forecasts["origin"]))
    steps = forecasts.get("step") or ["day"] * len(forecasts["origin"])
    seen = _panel(panel)
    out = []
    for name in [n for n in DRAWN if n in set(forecasts["series"])][:most]:
        rows = sorted((i for i, (o, s, step) in enumerate(zip(forecasts["origin"], forecasts["series"], steps, strict=True)) if str(o) == origin and s == name and step == "day"), key=lambda i: str(forecasts["date"][i]))
        if not rows:
            continue
        first = date.fromisoformat(origin)
        before = [(first - timedelta(days=d)).isoformat() for d in range(7 * PAST_WEEKS, 0, -1)]
        days = [*before, *(str(forecasts["date"][i])[:10] for i in rows)]
        unit = str(forecasts["unit"][rows[0]]) if "unit" in forecasts else ""
        scale = minor_units(unit)
        blank: list[float | None] = [None] * len(before)
        low, mid, high = ([*blank, *(float(forecasts[q][i]) / scale for i in rows)] for q in ("q05", "q50", "q95"))
        came = [None if (v := seen.get(name, {}).get(d)) is None else v / scale for d in days]
        lines = [Line("seen", came, COLOURS[0]), Line("foretold, the middle", mid, COLOURS[1], dashed=True)]
        out.append(chart(f"{_title(name)} by day", unit_words(unit), lines, days, band=(low, high), band_name="nine of ten", marks=[(len(before), origin)], x_every=max(1, len(days) // 4)))
    return out


def scored(scores: Table | None) -> list[dict[str, str]]:
    """A row a series: how far forecasts of whole weeks missed, beside simpler ones, and how often bands held."""
    if scores is None or not scores["series"]:
        return []
    out = []
    for name in sorted(set(scores["series"])):
        rows = [i for i, s in enumerate(scores["series"]) if s == name]
        mean = lambda key, rows=rows: _mean([scores[key][i] for i in rows])
        unit, own = str(scores["unit"][rows[0]]), mean("crps")
        others = [v for v in (mean("crps_naive"), mean("crps_ets")) if v is not None]
        beside = "" if own is None or not others or min(others) <= 0 else f"{own / min(others):.2f}"
        held = sum(bool(scores["covered"][i]) for i in rows)
        bias = mean("bias")
        out.append({"series": name, "weeks": f"{len(rows):,}", "crps": number(own, unit), "naive": number(mean("crps_naive"), unit), "ets": number(mean("crps_ets"), unit),
                    "ratio": beside or "–", "held": f"{held} of {len(rows)}", "bias": "–" if bias is None else f"{100 * bias:+.1f} %"})  # fmt: skip
    return out


def decided(decision: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The last decision: its answer, each way with its band, and a forest of gains."""
    if not decision:
        return None
    unit = str(decision["unit"])
    scale = minor_units(unit)
    rows, drawn = [], []
    for way in decision["ways"]:
        present = way["way"] == decision["present"]
        gain = "" if present else f"{figure(way['gain'], unit, sign=True)} ({figure(way['low'], unit, sign=True)} to {figure(way['high'], unit, sign=True)})"
        rows.append({"way": way["way"], "best": way["way"] == decision["best"], "mean": figure(way["mean"], unit), "gain": gain or "–", "better": "–" if present else percent(way["prob_better"]),
                     "first": percent(way["prob_best"]), "regret": figure(way["regret"], unit)})  # fmt: skip
        if not present:
            verdict = "better" if way["low"] > 0 else "worse" if way["high"] < 0 else "cannot_tell"
            drawn.append(Interval(way["way"], way["low"] / scale, way["gain"] / scale, way["high"] / scale, verdict, gain, says={"better": "earns more", "worse": "earns less"}.get(verdict, "may earn more or less")))
    picture = forest_picture(forest("Gain over the present way", f"{unit_words(unit)}, {decision['days']} days; nine worlds of ten", drawn)) if drawn else ""
    return {"answer": decision["answer"], "tone": "better" if decision["sure"] else "cannot_tell", "rows": rows, "picture": picture, "unit": unit_words(unit), "notes": decision["notes"],
            "knowing": number(decision["worth_of_knowing"], unit), "worlds": decision["members"], "day": decision["from"], "stores": [_store(row) for row in decision.get("stores", ())]}  # fmt: skip


def _store(row: Mapping[str, Any]) -> dict[str, Any]:
    """A store's week under the chosen way."""
    told = lambda e: "–" if e is None else f"{percent(e['value'])} ({percent(e['ci_low'])} to {percent(e['ci_high'])})"
    return {"store": row["store"], "to_pick": f"{row['to_pick_a_week']:,.0f}", "customers": f"{row['customers_a_week']:,.0f}", "pickers": f"{row['picker_hours_a_week']:,.1f}",
            "counter": f"{row['counter_hours_a_week']:,.1f}", "ready": told(row["ready_on_time"]), "soon": told(row["wait_within_limit"]), "bins": f"{row['bins']:,}", "kept": row["kept"]}  # fmt: skip


def logged(log: Sequence[Mapping[str, Any]], most: int = 40) -> list[dict[str, Any]]:
    """The last decisions against what came, a row a way and series; the way that was taken first."""
    out = []
    shown = [row for row in log if row["taken"] or row["advised"] == "yes"]
    for row in sorted(shown, key=lambda r: (r["number"], r["taken"] != ""), reverse=True)[:most]:
        value = lambda key, row=row: "–" if row[key] is None else f"{row[key]:,.0f}"
        says = {"as foretold": "better", "more": "cannot_tell", "less": "cannot_tell"}.get(row["says"], "")
        out.append({"decided": row["decided"], "way": row["way"], "advised": row["advised"] == "yes", "taken": row["taken"], "series": f"{row['series']}{', ' + row['unit'] if row['series'] == 'revenue' else ''}",
                    "days": f"{row['sum_days']} of {row['days']}", "realised": value("realised"), "foretold": "–" if row["foretold"] is None else f"{value('foretold')} ({value('low')} to {value('high')})",
                    "says": row["says"], "tone": says, "held": f"{row['days_in_band']} of {row['days_seen']}"})  # fmt: skip
    return out


def _panel(panel: Table | None) -> dict[str, dict[str, float | None]]:
    out: dict[str, dict[str, float | None]] = {}
    for day, name, value in zip(panel["date"], panel["series"], panel["value"], strict=True) if panel else ():
        out.setdefault(name, {})[str(day)[:10]] = value
    return out


def _mean(values: list[Any]) -> float | None:
    known = [float(v) for v in values if v is not None and v == v]
    return sum(known) / len(known) if known else None


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
