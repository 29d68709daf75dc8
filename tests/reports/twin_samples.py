"""A made-up twin as its page takes it: head, tables, decision and alarm, with any names in it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

START, DAYS, HORIZON = date(2025, 1, 6), 98, 28
LEVELS = tuple(f"k{round(1000 * (i + 0.5) / 20):03d}" for i in range(20))


def day(n: int) -> str:
    return (START + timedelta(days=n)).isoformat()


def panel(channel: str = "web", store: str = "S01", days: int = DAYS) -> dict[str, list[Any]]:
    """Days of orders, revenue and more; day 40 was not observed."""
    rng = np.random.default_rng(1)
    out: dict[str, list[Any]] = {"date": [], "series": [], "unit": [], "value": []}
    for name, unit, mean in (("orders", "orders", 24), (f"orders.{channel}", "orders", 14), ("revenue", "minor", 500_000), ("pickups", "orders", 8), (f"traffic.{store}", "people", 300)):
        for n in range(days):
            out["date"].append(day(n))
            out["series"].append(name)
            out["unit"].append(unit)
            out["value"].append(None if n == 40 else float(rng.poisson(mean)))
    return out


def forecasts(origins: tuple[int, ...], channel: str = "web", seen: dict[str, list[Any]] | None = None) -> dict[str, list[Any]]:
    """Days, whole weeks and hours foretold from each origin, `actual` where the panel has it."""
    rows: list[dict[str, Any]] = []
    known = {(d, s): v for d, s, v in zip(seen["date"], seen["series"], seen["value"], strict=True)} if seen else {}
    for origin in origins:
        for name, unit, mean, sd in (("orders", "orders", 24.0, 5.0), (f"orders.{channel}", "orders", 14.0, 4.0), ("revenue", "minor", 500_000.0, 60_000.0), ("new_customers", "people", 0.4, 0.3)):
            for n in range(HORIZON):
                rows.append(_row(origin, day(origin + n), name, mean, sd, known.get((day(origin + n), name)), unit, "day", n + 1))
            for w in range(HORIZON // 7):
                came = [known.get((day(origin + 7 * w + i), name)) for i in range(7)]
                rows.append(_row(origin, day(origin + 7 * w), name, 7 * mean, 2.6 * sd, None if any(v is None for v in came) else sum(came), unit, "week", w + 1))
        for n in range(7):
            rows += [{**_row(origin, day(origin + n), "pickup_load", 1.5 if 10 <= h < 20 else 0.0, 0.4, None, "", "hour", n + 1), "hour": h} for h in range(24)]
    return {key: [r[key] for r in rows] for key in rows[0]}


def _row(origin: int, at: str, series: str, mean: float, sd: float, actual: float | None, unit: str, step: str, horizon: int) -> dict[str, Any]:
    from statistics import NormalDist

    bend = NormalDist(mean, sd)
    quantile = lambda q: max(0.0, bend.inv_cdf(q))
    kept = {name: quantile((i + 0.5) / 20) for i, name in enumerate(LEVELS)}
    return {"origin": day(origin), "date": at, "series": series, "mean": mean, "q05": quantile(0.05), "q50": mean, "q95": quantile(0.95), "actual": actual, "unit": unit, "step": step, "hour": -1, "horizon": horizon, **kept}


def scores(origins: int = 8, own: float = 8.0, channel: str = "web") -> dict[str, list[Any]]:
    """Weeks scored: the twin's CRPS about `own`, the simple ones' 10 and 11, all bands but two held."""
    out: dict[str, list[Any]] = {k: [] for k in ("origin", "series", "horizon", "crps", "crps_naive", "crps_ets", "covered", "bias", "mean", "q05", "q95", "actual", "unit")}
    for i in range(origins):
        for series, unit, scale in (("orders", "orders", 1.0), (f"orders.{channel}", "orders", 0.6), ("revenue", "minor", 20_000.0)):
            wave = 0.5 * (-1) ** i
            row = (day(14 + 7 * i), series, 1, scale * (own + wave), scale * 10, None if i == 0 else scale * 11, i % 4 != 3, 0.02, scale * 168, scale * 150, scale * 186, scale * (165 + 6 * wave), unit)
            for key, value in zip(out, row, strict=True):
                out[key].append(value)
    return out


def told() -> dict[str, list[Any]]:
    """identifiability.parquet: a parameter told, one as assumed and beyond it, and one that no order log tells."""
    rows = [
        {"parameter": "need_rate", "title": "needs of a person a week", "unit": "needs/week", "prior_low": 0.5, "prior_high": 5.0, "expected": "told", "would_help": "a longer log", "low": 1.0, "median": 1.2, "high": 1.4, "shrinkage": 0.8, "verdict": "told", "tied_to": "leaving (-0.80)"},
        {"parameter": "order_value", "title": "typical order", "unit": "minor", "prior_low": 15_000.0, "prior_high": 30_000.0, "expected": "told", "would_help": "more orders", "low": 31_000.0, "median": 35_000.0, "high": 39_000.0, "shrinkage": 0.1, "verdict": "keeps its prior", "tied_to": ""},
        {"parameter": "taste_live", "title": "taste for live beside the web", "unit": "share of price", "prior_low": -1.0, "prior_high": 1.0, "expected": "keeps its prior", "would_help": "orders.channel, with orders of that kind (channels in the log: web, store)", "low": None, "median": None, "high": None, "shrinkage": None, "verdict": None, "tied_to": None},
        {"parameter": "margin", "title": "gross margin", "unit": "", "prior_low": None, "prior_high": None, "expected": "keeps its prior", "would_help": "costs.unit_cost: an order log knows prices only", "low": None, "median": None, "high": None, "shrinkage": None, "verdict": None, "tied_to": None},
    ]  # fmt: skip
    return {key: [r[key] for r in rows] for key in rows[0]}


def draws() -> dict[str, list[Any]]:
    return {"version": ["2"] * 4, "draw": [0, 1, 0, 1], "parameter": ["need_rate", "need_rate", "order_value", "order_value"], "value": [1.1, 1.3, 34_000.0, 36_000.0], "unit": ["needs/week"] * 2 + ["minor"] * 2}


def laws() -> dict[str, list[Any]]:
    return {"version": [1] * 3, "draw": [0] * 3, "parameter": ["repeat.r", "order_value.median", "acquisition.trend"], "value": [3.3, 18_000.0, -0.1], "unit": ["1", "minor", "log a week"], "se": [0.4, None, 0.05]}


def assimilations(times: int = 3, store: str = "S01") -> list[dict[str, Any]]:
    """Journal rows of what newer data moved."""
    return [
        {"step": "assimilate", "key": str(i), "version": i + 1,
         "did": {"day": day(14 + 7 * i), "days": 7, "words": "3 of 4 series told", "far": ["orders"] if i == 2 else [], "healed": [],
                 "moved": {"pace": [1.0 + 0.01 * i, 1.02 + 0.01 * i, 0.9, 1.1], "order_value": [18_000.0, 21_000.0, 20_000.0, 22_000.0], f"level.traffic.{store}": [1.1, 1.2, 1.0, 1.4]}}}
        for i in range(times)
    ]  # fmt: skip


def decision(*ways: str, sure: bool = True, unit: str = "minor KRW") -> dict[str, Any]:
    """A decision over the present way and others; the first of them earns 400,000 more."""
    rows = [{"way": "as_it_is", "mean": -6e7, "gain": 0.0, "low": 0.0, "high": 0.0, "prob_better": 0.0, "prob_best": 0.1, "regret": 4e5}]
    rows += [{"way": w, "mean": -6e7 + 4e5 / (i + 1), "gain": 4e5 / (i + 1), "low": -1e5 + 2e5 * (i == 0), "high": 9e5, "prob_better": 0.9, "prob_best": 0.5, "regret": 1e5} for i, w in enumerate(ways)]
    best = ways[0] if ways else "as_it_is"
    answer = f"{best}: KRW +400,000 operating profit against as it is, over 14 days, 12 plausible worlds (KRW +100,000 to KRW +900,000 in nine worlds of ten; it earns more in 90 % of the worlds)."
    return {"answer": answer, "best": best, "present": "as_it_is", "sure": sure, "unit": unit, "days": 14, "from": day(DAYS), "present_way": {"from": day(70), "ways": [*ways[:1]]}, "members": 12, "worth_of_knowing": 1000.0, "ways": rows,
            "notes": ["no stock counts: shelves begin at the model's own levels", "220 known customers; of 2,385 orders 0 name no customer"]}  # fmt: skip


def reorder(store: str = "S01", name: str = "tea", counted: bool = True) -> dict[str, list[Any]]:
    """Levels of an item that may run out, one that is short, one that is not, and a category's others without a count."""
    rows = [
        {"category": name, "sku": name, "by": "sku", "items": 1, "daily_mean": 8.2, "reorder_level": 24, "order_up_to": 33, "on_hand": 11, "order_now": 22, "runs_out": 0.84, "counted": day(77), "sold_out": 0.1},
        {"category": name, "sku": "cup", "by": "sku", "items": 1, "daily_mean": 3.0, "reorder_level": 10, "order_up_to": 14, "on_hand": 12, "order_now": 2, "runs_out": 0.01, "counted": day(77), "sold_out": 0.0},
        {"category": name, "sku": "pot", "by": "sku", "items": 1, "daily_mean": 0.4, "reorder_level": 2, "order_up_to": 3, "on_hand": 40, "order_now": 0, "runs_out": 0.0, "counted": day(77), "sold_out": 0.0},
        {"category": name, "sku": None, "by": "category", "items": 31, "daily_mean": 5.1, "reorder_level": 16, "order_up_to": 22, "on_hand": None, "order_now": None, "runs_out": None, "counted": None, "sold_out": None},
    ]  # fmt: skip
    if not counted:
        rows = [{**row, **dict.fromkeys(("on_hand", "order_now", "runs_out", "counted", "sold_out"))} for row in rows]
    rows = [{"node": store, "unit": "units", **row, "lead_days": 2.0, "review_days": 1.0, "service": 0.95} for row in rows]
    return {key: [row[key] for row in rows] for key in rows[0]}


def log(way: str = "omo") -> list[dict[str, Any]]:
    """Rows of decision_log.csv: what was taken, and the advised way."""
    row = {"number": 1, "decided": day(70), "way": "as_it_is", "advised": "no", "taken": "told", "series": "orders", "unit": "orders", "days": 14, "days_seen": 14, "sum_days": 14, "realised": 330.0,
           "foretold": 320.0, "low": 290.0, "high": 350.0, "says": "as foretold", "days_in_band": 13, "coverage": 0.93, "coverage_low": 0.7, "coverage_high": 0.99}  # fmt: skip
    return [row, {**row, "series": "revenue", "unit": "KRW", "realised": 8e6, "says": "more"}, {**row, "way": way, "advised": "yes", "taken": "", "says": "less"}, {**row, "realised": None, "foretold": None, "low": None, "high": None, "says": "", "series": "pickups"}]


def stores(name: str = "S01") -> list[dict[str, Any]]:
    share = {"value": 0.97, "ci_low": 0.95, "ci_high": 0.99}
    return [{"store": name, "days": 7, "to_pick_a_week": 80.4, "customers_a_week": 120.2, "picker_hours_a_week": 70.0, "counter_hours_a_week": 91.5, "ready_on_time": share, "wait_within_limit": share, "bins": 22, "kept": False}]


def head(name: str = "Teahouse", file: str = "orders.csv", currency: str = "KRW", updates: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """twin.json, as far as the page reads it."""
    classes = [{"class": "sale", "rows": 2385, "meaning": "order line of a known shopper", "done": "kept"}]
    journal = [{"step": "new", "key": "a", "version": 1, "did": {"orders": {"new": 2385, "known": 0, "changed": 0}}}, {"step": "fit", "key": "b", "version": 1, "did": {"draws": 1}},
               {"step": "forecast", "key": "c", "version": 1, "did": {"series": 4}}, {"step": "decide", "key": "d", "version": 1, "did": {"best": "omo"}},
               {"step": "took", "key": "e", "version": 1, "did": {"took": "omo"}}, *(updates or [])]  # fmt: skip
    return {"name": name, "currency": currency, "timezone": "Asia/Seoul", "first_day": day(0), "as_of": day(DAYS - 1), "updates": journal,
            "parameter_sets": [{"version": 1, "as_of": day(DAYS - 1)}], "sources": [{"kind": "orders", "file": file, "sha256": "0" * 64, "rows": 2385, "version": 1, "classes": classes, "notes": []}]}  # fmt: skip


def days_and_hours(count: int = DAYS) -> dict[str, dict[str, list[Any]]]:
    states = ["gap" if n == 40 else "closed" if n % 7 == 6 else "observed" for n in range(count)]
    return {"days": {"date": [day(n) for n in range(count)], "state": states, "orders": [None if s == "gap" else 0.0 if s == "closed" else 24.0 for s in states]},
            "hours": {"hour": list(range(168)), "orders": [5 if 9 <= h % 24 < 22 else 0 for h in range(168)]}}  # fmt: skip


def findings(place: str = "2025-02-15") -> dict[str, list[Any]]:
    return {"code": ["gap"], "severity": ["warning"], "table": ["orders"], "place": [place], "rows": [1], "done": ["not observed: no zeros are made of them. If the shop was closed: closed=[…] with these days"]}


def whole(name: str = "Teahouse", channel: str = "web", store: str = "S01", way: str = "omo", file: str = "orders.csv") -> dict[str, Any]:
    """Everything a page can show: keywords of `twin_page`."""
    from omosim.api.twin_page import alarm_of

    seen = panel(channel, store)
    tables = {"panel": seen, **days_and_hours(), "quality": findings(store), "forecasts": forecasts((DAYS - 28, DAYS), channel, seen), "scores": scores(channel=channel), "posterior": draws(), "identifiability": told()}
    return {"head": head(name, file, updates=assimilations(store=store)), "tables": tables, "decision": {**decision(way, "staff*2"), "stores": stores(store)}, "log": log(way), "alarm": alarm_of(day(0), tables), "reorder": reorder(store, channel)}


def bare(posterior: bool = True) -> dict[str, Any]:
    """A twin that was only made: orders, closed forms, nothing else."""
    tables = {"panel": panel(), **days_and_hours(), **({"posterior": laws()} if posterior else {})}
    made = head()
    made["updates"] = made["updates"][:2]
    if not posterior:
        made["parameter_sets"] = []
        made["updates"][1] = {"step": "fit", "key": "b", "version": 1, "did": {"refused": "too few orders"}}
    return {"head": made, "tables": tables}
