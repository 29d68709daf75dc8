"""What a twin foretells and what it advises: parts of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from omosim.reports.figures import COLOURS, Chart, Interval, Line, chart, forest
from omosim.reports.figures_drawn import Heat, forest_picture, heat_picture
from omosim.reports.labels import line_title
from omosim.reports.language import say
from omosim.reports.twin_words import CHANNELS, brief, name_of, of_currency, span, told_twice
from omosim.results.words import minor_units, percent, unit_words

Table = Mapping[str, list[Any]]
Rows = list[dict[str, Any]]
#: series whose days are drawn, in this order
DRAWN = ("orders", "revenue", "pickups")
PAST_WEEKS = 8
MOST_WEEKS, MOST_SERIES, MOST_GOODS = 4, 40, 20


class Foretold:
    """The rows of kept forecasts, by origin.

    table : forecasts.parquet; columns beyond the contract's (unit, step, hour, horizon) may lack: rows are days then
    panel : date, series, unit, value of what was seen
    """

    def __init__(self, table: Table | None, panel: Table | None, currency: str) -> None:
        self.rows: Rows = []
        self.seen: dict[str, dict[str, float | None]] = {}
        units: dict[str, str] = {}
        for day, name, value, unit in zip(panel["date"], panel["series"], panel["value"], panel["unit"], strict=True) if panel else ():
            self.seen.setdefault(name, {})[str(day)[:10]] = value
            units[name] = unit
        for i in range(len(table["origin"])) if table else ():
            assert table is not None
            row = {name: column[i] for name, column in table.items()}
            name = str(row["series"])
            unit = str(row.get("unit") or units.get(name, ""))
            self.rows.append({**row, "origin": str(row["origin"])[:10], "date": str(row["date"])[:10], "step": row.get("step") or "day", "unit": of_currency(unit, currency)})
        self.origins = sorted({r["origin"] for r in self.rows})

    def of(self, origin: str, step: str, series: str | None = None) -> Rows:
        """Rows of an origin and step, by date."""
        return sorted((r for r in self.rows if r["origin"] == origin and r["step"] == step and series in (None, r["series"])), key=lambda r: (r["date"], r.get("hour") or 0))

    def came(self, series: str, day: str) -> float | None:
        """What was seen on a day, None where nothing was."""
        return self.seen.get(series, {}).get(day)

    def has_past(self) -> bool:
        """Whether orders have the two weeks of days, and a sale in the last 13, that a forecast by the past alone needs."""
        known = [v for v in self.seen.get("orders", {}).values() if v is not None]
        return len(known) >= 14 and any(known[-91:])

    def last_weeks(self, origin: str, series: str, weeks: int = 4) -> float | None:
        """Mean of a week over the weeks before an origin; None where a day of them is not seen."""
        first = date.fromisoformat(origin)
        values = [self.came(series, (first - timedelta(days=d)).isoformat()) for d in range(1, 7 * weeks + 1)]
        known = [float(v) for v in values if v is not None]
        return sum(known) / weeks if len(known) == 7 * weeks else None


# ---- forecast ------------------------------------------------------------------------------------------------
def forecast_of(made: Foretold, season: bool = False) -> dict[str, Any] | None:
    """The newest forecast: its weeks as a table, its days as fans, its pickups by hour, what it lacks; and the newest that days have met.

    season : whether the members hold what is known of the year's end of any retailer
    """
    if not made.origins:
        return None
    origin = made.origins[-1]
    weeks = sorted({r["date"] for r in made.of(origin, "week")})[:MOST_WEEKS]
    days = {r["date"] for r in made.of(origin, "day")}
    met = next((o for o in reversed(made.origins[:-1]) if sum(made.came("orders", r["date"]) is not None for r in made.of(o, "day", "orders")) >= 7), None)
    return {
        "origin": origin, "last": max(days) if days else origin, "weeks": weeks, "rows": _week_rows(made, origin, weeks),
        "fans": [c for name in DRAWN if (c := fan(made, origin, name)) is not None], "hours": _pickup_hours(made, origin),
        "lacking": lacking(made, origin), "season": season and any("09-01" <= day[5:] < "12-25" for day in days),
        "met": fan(made, met, "orders") if met else None, "met_origin": met or "",
    }  # fmt: skip


def lacking(made: Foretold, origin: str) -> str:
    """Series that the 13 weeks before an origin have and its forecast does not; their names in one line."""
    first = date.fromisoformat(origin)
    before = [(first - timedelta(days=d)).isoformat() for d in range(91, 0, -1)]
    past = {name: [days.get(day) for day in before] for name, days in made.seen.items()}
    told = {r["series"] for r in made.rows if r["origin"] == origin}
    twice = told_twice(past)
    names = [name for name, values in past.items() if any(values) and name not in told and name not in twice and name.partition(".")[0] not in twice]
    names = [name for name in names if name.partition(".")[0] == name or name.partition(".")[0] not in names]  # the whole stands for its parts
    return "; ".join(f"{say(kind)}: {say(of) if of in CHANNELS else of}" if of else say(kind) for kind, of in map(name_of, names))


def _week_rows(made: Foretold, origin: str, weeks: list[str]) -> list[dict[str, Any]]:
    cells: dict[str, dict[str, Any]] = {}
    for r in made.of(origin, "week"):
        if r["date"] in weeks:
            cells.setdefault(r["series"], {})[r["date"]] = r
    twice = told_twice({name: [row["q50"] for row in days.values()] for name, days in cells.items()})
    order = [name for name in cells if name not in twice]
    kinds = list(dict.fromkeys(name.partition(".")[0] for name in order))
    rank = {kind: i for i, kind in enumerate(("orders", "revenue", "pickups", "new_customers", "returned_units", "returned_value", "stockout_share", "traffic", "sessions", "units"))}
    order.sort(key=lambda n: (rank.get(n.partition(".")[0], 99), kinds.index(n.partition(".")[0]), n.count(".") > 0, n))
    out = []
    for series in order[:MOST_SERIES]:
        kind, of = name_of(series)
        found = [cells[series].get(day) for day in weeks]
        unit = next(str(r["unit"]) for r in found if r)
        out.append({"kind": kind, "of": of, "ours": of in CHANNELS, "unit": unit_words(unit), "cells": [None if r is None else {"mid": brief(r["q50"], unit, bare=True), "span": span(r["q05"], r["q95"], unit)} for r in found]})
    return out


def fan(made: Foretold, origin: str, series: str) -> Chart | None:
    """A forecast's days behind the days before it: middle and nine tenths, and what came, before and since."""
    rows = made.of(origin, "day", series)
    if not rows:
        return None
    first = date.fromisoformat(origin)
    before = [(first - timedelta(days=d)).isoformat() for d in range(7 * PAST_WEEKS, 0, -1)]
    days = [*before, *(r["date"] for r in rows)]
    unit = str(rows[0]["unit"])
    scale = minor_units(unit)
    blank: list[float | None] = [None] * len(before)
    low, mid, high = ([*blank, *(None if r[q] is None else float(r[q]) / scale for r in rows)] for q in ("q05", "q50", "q95"))
    came = [None if (v := made.came(series, d)) is None else v / scale for d in days]
    lines = [Line("what came", came, COLOURS[0]), Line("foretold, the middle", mid, COLOURS[1], dashed=True)]
    words = unit_words(unit)
    return chart(f"{name_of(series)[0]} by day", f"{words} a day" if words else "a day", lines, days, band=(low, high), band_name="nine of ten", marks=[(len(before), origin)], x_every=max(1, -(-len(days) // 3)))


def _pickup_hours(made: Foretold, origin: str) -> dict[str, Any] | None:
    """Mean pickup load by hour of the next seven days, and its busiest hour with what is not passed in nine of ten."""
    rows = [r for r in made.of(origin, "hour", "pickup_load") if (r.get("hour") or 0) >= 0]
    days = sorted({r["date"] for r in rows})[:7]
    rows = [r for r in rows if r["date"] in days]
    if len(days) < 7 or not any(r["mean"] for r in rows):
        return None
    used = [int(r["hour"]) for r in rows if r["mean"] >= 0.05]
    if not used:
        return None
    at = {(r["date"], int(r["hour"])): float(r["mean"]) for r in rows}
    # a weekday begins each column's name, and a week has each once
    names = tuple(f"{date.fromisoformat(d):%a}" for d in days)
    grid = tuple((f"{h:02d}", tuple(at.get((d, h)) for d in days)) for h in range(min(used), max(used) + 1))
    top = max(rows, key=lambda r: (float(r["mean"]), r["date"]))
    busiest = f"Busiest: {top['date']}, {int(top['hour']):02d}:00, {brief(top['mean'], '')} on average, at most {brief(top['q95'], '')} in nine of ten."
    return {"picture": heat_picture(Heat(f"Pickups by hour, week from {days[0]}", "orders to hand over an hour, mean", names, grid)), "busiest": busiest}


# ---- decision ------------------------------------------------------------------------------------------------
def decided(decision: Mapping[str, Any] | None, worlds: Table | None = None) -> dict[str, Any] | None:
    """The last decision: its answer, each way with its band, what its profit is made of, and a forest of gains.

    Only what was compared has figures: a way that is the same as the present one in every world, and one of which the worlds do not
    tell what it earns, have words in their place, and no part in which way is best.

    worlds : world, way, value of worlds.parquet; without it the decision's own shares stand
    """
    if not decision:
        return None
    unit, present = str(decision["unit"]), decision["present"]
    scale, ways = minor_units(unit), decision["ways"]
    n = int(decision["members"]) - len(decision.get("failed") or ())
    state = states_of(decision)
    judged = [name for name, is_ in state.items() if is_ in ("present", "compared")]
    best_in, regret, knowing = best_of(worlds, judged) if worlds else ({}, {}, None)
    rows, drawn = [], []
    for way in ways:
        name, is_ = way["way"], state[way["way"]]
        ends_of = span(way["low"], way["high"], unit, sign=True)
        told = is_ == "compared"
        rows.append({
            "way": _way(name), "best": name == decision["best"], "present": is_ == "present", "says": {"same": "changes nothing", "not told": "not told"}.get(is_, ""), "mean": brief(way["mean"], unit, bare=True),
            "gain": brief(way["gain"], unit, sign=True, bare=True) if told else "–", "span": ends_of if told else "", "better": of_worlds(way["prob_better"], n) if told else "–",
            "first": of_worlds(best_in.get(name, way["prob_best"]), n) if name in judged else "–", "regret": brief(regret.get(name, way["regret"]), unit, bare=True) if name in judged else "–",
            "people": [{"role": p["role"], "change": f"{p['before']} → {p['after']}"} for p in way.get("people") or ()],
        })  # fmt: skip
        if told:
            verdict = "better" if way["low"] > 0 else "worse" if way["high"] < 0 else "cannot_tell"
            says = {"better": "earns more", "worse": "earns less"}.get(verdict, "may earn more or less")
            drawn.append(Interval(name, way["low"] / scale, way["gain"] / scale, way["high"] / scale, verdict, f"{brief(way['gain'], unit, sign=True, bare=True)} ({ends_of})", says=says))
    picture = forest_picture(forest("Gain over the present way", f"{unit_words(unit)}, {decision['days']} days; nine worlds of ten", drawn)) if drawn else ""
    return {"answer": decision["answer"], "tone": "better" if decision["sure"] else "cannot_tell", "stays": decision["best"] == present and "not told" not in state.values(), "rows": rows, "picture": picture, "unit": unit_words(unit), "notes": decision["notes"],
            "plans": "" if decision["best"] == present else decision["best"], "sure": bool(decision["sure"]), "compared": len(judged) > 1, "states": sorted(set(state.values()) & {"same", "not told"}), "statement": _statement(ways, present, unit), "known_only": any(note.startswith("profit is that of known customers") for note in decision["notes"]),
            "knowing": brief(decision["worth_of_knowing"] if knowing is None else knowing, unit), "worlds": n, "day": decision["from"], "days": decision["days"], "present": decision.get("present_way"), "stores": [_store(row) for row in decision.get("stores", ())], "picks": any(row["to_pick_a_week"] > 0 for row in decision.get("stores", ())), "no_pickups": _no_pickups(ways, present)}  # fmt: skip


def states_of(decision: Mapping[str, Any]) -> dict[str, str]:
    """Way -> present, compared, "same" (never earns more and no less on average: the present way in every world) or "not told" (the worlds are too far from the log)."""
    same = lambda way: way["gain"] == way["low"] == way["high"] == way["prob_better"] == 0
    return {way["way"]: "present" if way["way"] == decision["present"] else "same" if same(way) else "compared" if way.get("told", True) else "not told" for way in decision["ways"]}


def _no_pickups(ways: Sequence[Mapping[str, Any]], present: str) -> bool:
    """Whether no world has a pickup under the present way; of decisions that do not say, False."""
    found = next(way for way in ways if way["way"] == present).get("series", {}).get("pickups")
    return found is not None and not any(found["q95"])


def best_of(worlds: Table, ways: Sequence[str]) -> tuple[dict[str, float], dict[str, float], float]:
    """Of these ways: share of worlds in which each earns most, level ones sharing a world; mean shortfall against the best of each world; worth of knowing the world.

    worlds : world, way, value, worlds weighing the same
    """
    values: dict[Any, dict[str, float]] = {}
    for world, way, value in zip(worlds["world"], worlds["way"], worlds["value"], strict=True):
        if way in ways:
            values.setdefault(world, {})[str(way)] = float(value)
    first, regret = dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0.0)
    for of in values.values():
        top = max(of.values())
        level = [way for way, value in of.items() if value == top]
        for way, value in of.items():
            regret[way] += (top - value) / len(values)
            first[way] += (way in level) / len(level) / len(values)
    return first, regret, min(regret.values())


def of_worlds(share: float, worlds: int) -> str:
    """A share of worlds that weigh the same, counted: 6 of 12; a percentage where they do not."""
    count = share * worlds
    return f"{round(count)} of {worlds}" if abs(count - round(count)) < 1e-6 else percent(share)


def _statement(ways: Sequence[Mapping[str, Any]], present: str, unit: str) -> dict[str, Any] | None:
    """What each way's operating profit is made of, the mean over worlds; lines that are 0 under every way are left out. None in decisions without it."""
    if any(not way.get("lines") for way in ways):
        return None
    names = [name for name in ways[0]["lines"] if any(way["lines"].get(name) for way in ways)]
    shown = lambda value: brief(value, unit, bare=True)
    now = next(way["lines"] for way in ways if way["way"] == present)
    sales = sum(v for name, v in now.items() if name.startswith("revenue_"))
    return {"ways": [{"way": way["way"], "present": way["way"] == present} for way in ways], "loses": now["operating_profit"] < 0, "sales": shown(sales), "labour": shown(-now.get("labour", 0.0)), "profit": shown(now["operating_profit"]),
            "rows": [{"line": line_title(name), "last": name == "operating_profit", "cells": [shown(way["lines"].get(name, 0.0)) for way in ways]} for name in names]}  # fmt: skip


def _store(row: Mapping[str, Any]) -> dict[str, Any]:
    """A store's week under the chosen way."""
    told = lambda e: ("–", "") if e is None else (percent(e["value"]), f"{percent(e['ci_low'])} to {percent(e['ci_high'])}")
    return {"store": row["store"], "to_pick": f"{row['to_pick_a_week']:,.0f}", "customers": f"{row['customers_a_week']:,.0f}", "pickers": f"{row['picker_hours_a_week']:,.1f}",
            "counter": f"{row['counter_hours_a_week']:,.1f}", "ready": told(row["ready_on_time"]), "soon": told(row["wait_within_limit"]), "bins": f"{row['bins']:,}", "kept": row["kept"]}  # fmt: skip


def to_order(table: Table | None, most: int = MOST_GOODS) -> dict[str, Any] | None:
    """What to order now, what may run out first on top; without counts the levels of what sells most.

    table : reorder_levels of the last decision; one of before goods were named has fewer columns
    """
    if not table or not table["node"]:
        return None
    rows = [{name: column[i] for name, column in table.items()} for i in range(len(table["node"]))]
    counted = [r for r in rows if r.get("order_now") is not None]
    due = [r for r in counted if r["order_now"]]
    own = any(r.get("sku") for r in rows)
    shown = sorted(due, key=lambda r: (-(r["runs_out"] or 0.0), -r["order_now"], r["node"], r["sku"] or "", r["category"] or "")) if counted else sorted(rows, key=lambda r: (own and not r.get("sku"), -r["daily_mean"], r["node"], r["category"] or ""))
    units = lambda value: "–" if value is None else f"{value:,.0f}"
    return {
        "counted": len(counted), "due": len(due), "units": f"{sum(r['order_now'] for r in due):,}", "more": max(0, len(shown) - most), "all": f"{len(rows):,}",
        "service": f"{100 * rows[0]['service']:g} %", "days": " / ".join(sorted({f"{r['lead_days']:g}" for r in rows})), "review": f"{rows[0]['review_days']:g}",
        "rows": [{"place": r["node"], "sku": r.get("sku"), "category": r["category"], "by": {"category": "others of the category", "price band": "others of the price band"}.get(r.get("by", ""), "") if own else r.get("by", ""), "now": units(r.get("order_now")), "hand": units(r.get("on_hand")), "level": units(r["reorder_level"]), "up_to": units(r["order_up_to"]),
                  "daily": brief(r["daily_mean"], "units", bare=True), "runs_out": "–" if r.get("runs_out") is None else percent(r["runs_out"]), "late": (r.get("runs_out") or 0.0) > 1 - r["service"]} for r in shown[:most]],
    }  # fmt: skip


def logged(log: Sequence[Mapping[str, Any]], most: int = 40) -> list[dict[str, Any]]:
    """The last decisions against what came, a row a way and series; the way that was taken first."""
    out = []
    shown = [row for row in log if row["taken"] or row["advised"] == "yes"]
    for row in sorted(shown, key=lambda r: (r["number"], r["taken"] != ""), reverse=True)[:most]:
        value = lambda key, row=row: brief(row[key], row["unit"], bare=True)
        says = {"as foretold": "better", "more": "cannot_tell", "less": "cannot_tell"}.get(row["says"], "")
        out.append({"number": row["number"], "decided": row["decided"], "way": _way(row["way"]), "advised": row["advised"] == "yes", "taken": row["taken"], "series": name_of(row["series"])[0], "unit": row["unit"] if row["series"] == "revenue" else "",
                    "days": f"{row['sum_days']} of {row['days']}", "realised": value("realised"), "foretold": "–" if row["foretold"] is None else f"{value('foretold')} ({value('low')} to {value('high')})",
                    "says": row["says"], "tone": says, "held": f"{row['days_in_band']} of {row['days_seen']}"})  # fmt: skip
    return out


def _way(way: str) -> str:
    """A way as a reader knows it."""
    return "as it is" if way == "as_it_is" else way
