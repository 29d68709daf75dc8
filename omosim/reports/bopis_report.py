"""The page of a pickup plan, for print: staff, slots, service, what-ifs, the check, and what was assumed."""

from __future__ import annotations

import csv
from typing import Any

from omosim.reports.figures import COLOURS, Chart, Line, chart
from omosim.reports.figures_drawn import Heat, heat_picture
from omosim.reports.labels import law_meaning
from omosim.reports.page import about, render
from omosim.results import ResultFolder
from omosim.results.words import number
from omosim.schema.columns import WEEKDAYS

NAMES = {name: name.capitalize() for name in WEEKDAYS}
FULL = dict(zip(WEEKDAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True))


def bopis_page(folder: ResultFolder) -> str:
    """HTML of a pickup plan, from plan.json and summary.json."""
    plan, summary = folder.read_json("plan.json"), folder.summary()
    days = plan["days"]
    return render(
        "bopis.html",
        heading="Pickup plan",
        summary=summary,
        plan=plan,
        read=plan["read"],
        kept=all(day["targets_kept"] for day in days.values()),
        doubtful=5 * sum(not row["within"] for row in plan["check"]["rows"]) > len(plan["check"]["rows"]),
        rota=_rota(folder),
        week=_week(plan),
        days=[_day(name, days[name], plan) for name in WEEKDAYS if name in days],
        heats=[heat_picture(people_heat(plan)), heat_picture(demand_heat(plan))],
        check=[{**row, "day": NAMES.get(row["weekday"], "all"), **_check(row)} for row in plan["check"]["rows"]],
        law_meaning=law_meaning,
        **about(folder),
    )


def share_words(e: dict[str, float]) -> str:
    """A share with its interval."""
    return f"{100 * e['value']:.1f} % ({100 * e['ci_low']:.1f} to {100 * e['ci_high']:.1f})"


def plain_words(e: dict[str, float], digits: int = 1) -> str:
    """A figure with its interval."""
    return f"{e['value']:.{digits}f} ({e['ci_low']:.{digits}f} to {e['ci_high']:.{digits}f})"


def _rota(folder: ResultFolder) -> list[dict[str, str]]:
    """Rows of the rota; none in a folder without one."""
    path = folder.path / "rota.csv"
    if not path.is_file():
        return []
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


_WHY = {
    "peak": "the fullest day has as many shifts", "hours": "fewer may not work so many hours", "days": "fewer could not have their days off; longer shifts (shift_min_h) would take fewer people",
    "rest": "an evening and the next morning cannot be one person's", "together": "hours and days off together allow no fewer",
    "tried": "all ways with fewer break a rule",
}  # fmt: skip


_POOLS = (("pickers", "Pickers"), ("counter", "At the counter"), ("staff", "People who pick and serve"))


def _week(plan: dict[str, Any]) -> dict[str, Any] | None:
    """The week's rota, people by days, with the bounds that say why no fewer."""
    week = plan.get("week")
    if week is None:
        return None
    pools = []
    for key, title in _POOLS:
        if key not in week:
            continue
        pool = week[key]
        sure = "no fewer can do" if pool["fewest_proven"] else f"at least {pool['at_least']}; whether one fewer can do is not known"
        bounds = pool["bounds"]
        pools.append({
            "title": title, "people": pool["people"], "sure": sure, "why": _WHY[pool["why"]], "rows": pool["rota"], "hours": f"{pool['paid_hours']:.4g}",
            "full": f"{pool['paid_hours'] / week['max_hours_week']:.1f}",
            "bounds": [
                ("Shifts on the fullest day", bounds["shifts_on_the_fullest_day"]), ("Paid hours", bounds["hours"]), ("Days off", bounds["days_off"]),
                ("Hours and days off at once", bounds["hours_and_days_off"]), ("Rest between shifts", bounds["rest"]),
            ],
        })  # fmt: skip
    return {**week, "pools": pools, "names": [(name, NAMES[name]) for name in WEEKDAYS], "missing": [NAMES[n] for n in WEEKDAYS if n not in week["weekdays"]]}


def _bins(shelf: dict[str, Any] | None) -> list[tuple[str, str]]:
    """The shelf's limit and the bins that do; nothing from a folder of before."""
    if shelf is None:
        return []
    out = [(f"Bins that overflow on {100 * shelf['days_it_may_overflow']:.3g} % of days at most", plain_words(shelf["bins_needed"], 0))]
    if shelf["overflow"] is not None:
        out.insert(0, (f"Days on which {shelf['bins']} bins overflow", share_words(shelf["overflow"])))
    return out


def _bays(bays: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Bays for cars; nothing where no car comes, and from a folder of before."""
    if bays is None:
        return []
    out = [(f"Bays of which no more than {100 * bays['cars_that_may_find_all_taken']:.3g} % of cars find all taken", plain_words(bays["bays_needed"], 0))]
    if bays["bays"] is not None:
        out += [(f"Cars that wait for one of {bays['bays']} bays", share_words(bays["wait_for_a_bay"])), ("Wait for a bay, mean min", plain_words(bays["wait_for_a_bay_mean_min"]))]
    return out


def _promises(day: dict[str, Any]) -> dict[str, Any] | None:
    """What promise can be kept; None from a folder of before."""
    told = day.get("promises")
    if told is None:
        return None
    rows = [
        {"promise": f"{row['promise_h']:.3g} h", "ready": share_words(row["ready_on_time"]),
         "hours": "no number" if row["person_hours"] is None else f"{row['person_hours']:.4g}", "most": "" if row["most_at_once"] is None else row["most_at_once"]}
        for row in told["rows"]
    ]  # fmt: skip
    least = "" if told["shortest_h"] is None else f"The shortest promise that any number of people keeps for the target is {told['shortest_h']:.3g} h. "
    night = ""
    if told["opening_decides"]:
        night = (f"{told['orders_waiting_at_opening']:.0f} orders wait when the store opens: work for {told['people_for_them']:.1f} people until they are due, "
                 f"where the busiest hour's own orders are work for {told['people_busy_later']:.1f}. ")  # fmt: skip
    return {"rows": rows, "says": night + least}


def _check(row: dict[str, Any]) -> dict[str, str]:
    scale, unit = (100, " %") if row["unit"] == "share" else (1, "")
    words = {k: f"{scale * row[k]:.1f}{unit}" for k in ("observed", "simulated", "ci_low", "ci_high")}
    return {"seen": words["observed"], "made": f"{words['simulated']} ({words['ci_low']} to {words['ci_high']})"}


def _day(name: str, day: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    cost, shelf = day["cost"], day.get("shelf")
    unit = cost["unit"].removesuffix(" a day")
    rows = day["staff_by_interval"]
    erlang = day["erlang_c"]
    textbook = "no answer: overloaded" if erlang["wait_mean_min"] is None else f"{erlang['wait_mean_min']:.2f}"
    return {
        "name": FULL[name],
        "key": name,
        "kept": day["targets_kept"],
        "past": len(day["past_days"]),
        "facts": [
            ("Pickups a day", plain_words(day["pickups"], 0)),
            ("Customers at the counter", plain_words(day["customers_at_counter"], 0)),
            ("Ready on time", share_words(day["ready_on_time"])),
            (f"Wait up to {plan['targets']['wait_limit_min']:.3g} min", share_words(day["wait_within_limit"])),
            ("Wait, mean min", plain_words(day["wait_min"]["mean"])),
            ("Wait, median min", plain_words(day["wait_min"]["p50"])),
            ("Wait, 90th percentile min", plain_words(day["wait_min"]["p90"])),
            ("Have to wait at all", share_words(day["prob_wait"])),
            ("Leave the queue", share_words(day["left_the_queue"])),
            ("Shelf bins at the peak", f"{plain_words(day['shelf_peak_bins'], 0)}; nineteen days of twenty {day['shelf_peak_bins'].get('day_p95', 0):.0f}"),
            *_bins(shelf),
            *_bays(day.get("bays")),
            *_hours(cost),
            ("Cost a day", number(cost["value"], unit)),
            ("Cost a pickup", f"{number(cost['per_pickup']['value'], unit)} ({number(cost['per_pickup']['ci_low'], unit)} to {number(cost['per_pickup']['ci_high'], unit)})"),
        ],
        "staff": staff_charts(rows),
        "curve": wait_curve(day),
        "kept_by_promise": promise_curve(day),
        "shelf": shelf_chart(day),
        "shelf_says": "" if shelf is None or shelf["kept"] else shelf["says"],
        "what_if": [
            {
                "change": row["change"],
                "hours": f"{row['person_hours']:+.4g}" if row["person_hours"] else "",
                "ready": share_words(row["ready_on_time"]),
                "soon": share_words(row["wait_within_limit"]),
                "wait": plain_words(row["wait_p90_min"]),
                "moves": "" if row["change"] == "as planned" else f"{100 * row['moves_ready_on_time']['value']:+.1f} / {100 * row['moves_wait_within_limit']['value']:+.1f} pp",
            }
            for row in day["what_if"]
        ],
        "promises": _promises(day),
        "slots": day["max_orders_per_slot"],
        "erlang": f"Erlang C beside it: {100 * erlang['prob_wait']:.1f} % wait (simulated {100 * erlang['simulated_prob_wait']['value']:.1f} %), mean wait {textbook} min "
                  f"(simulated {erlang['simulated_wait_mean_min']['value']:.2f}). Why they differ: {'; '.join(erlang['reasons'])}.",
    }  # fmt: skip


def _hours(cost: dict[str, Any]) -> list[tuple[str, str]]:
    """Paid hours, of each pool where there are two."""
    if "paid_hours_staff" in cost:
        return [("Paid hours", f"{cost['paid_hours_staff']:.4g}")]
    return [("Paid hours, pickers and counter", f"{cost['paid_hours_pickers']:.4g} + {cost['paid_hours_counter']:.4g}")]


_WORK = {"pickers": ("picking_work",), "counter": ("counter_work",), "staff": ("picking_work", "counter_work")}
_TITLES = {"pickers": "Pickers", "counter": "People at the counter", "staff": "People who pick and serve"}


def staff_charts(rows: list[dict[str, Any]]) -> list[Chart]:
    names = [row["from"] for row in rows]
    out = []
    for pool, title in _TITLES.items():
        if pool not in rows[0]:
            continue
        lines = [
            Line("planned", [float(row[pool]) for row in rows], COLOURS[0], steps=True),
            Line("work that comes", [sum(float(row[work]) for work in _WORK[pool]) for row in rows], COLOURS[1], dashed=True),
        ]
        out.append(chart(title, "people", lines, names))
    return out


def wait_curve(day: dict[str, Any]) -> Chart:
    rows = day["service_curve"]
    lines = [
        Line("simulated", [100 * row["prob_wait"]["value"] for row in rows], COLOURS[0]),
        Line("Erlang C", [100 * row["erlang_c_busiest_hour"] for row in rows], COLOURS[1], dashed=True),
    ]
    band = ([100 * row["prob_wait"]["ci_low"] for row in rows], [100 * row["prob_wait"]["ci_high"] for row in rows])
    names = [str(row["people_at_counter"]) for row in rows]
    return chart("Customers of the busiest hour who wait, by people at the counter", "%", lines, names, band=band, band_name="95 % interval", x_every=1)


def promise_curve(day: dict[str, Any]) -> Chart | None:
    """Pickups ready on time with the people planned, by the promise; None where fewer than two promises were tried."""
    rows = (day.get("promises") or {}).get("rows", [])
    if len(rows) < 2:
        return None
    values, low, high = ([100 * row["ready_on_time"][key] for row in rows] for key in ("value", "ci_low", "ci_high"))
    names = [f"{row['promise_h']:.3g} h" for row in rows]
    return chart("Pickups ready on time, by the promise", "%, with the people planned", [Line("ready on time", values, COLOURS[0])], names, band=(low, high), band_name="95 % interval", x_every=1)


def shelf_chart(day: dict[str, Any]) -> Chart:
    names = [f"{q // 4:02d}:{q % 4 * 15:02d}" for q in range(96)]
    lines = [Line("mean of simulated days", [float(v) for v in day["shelf_by_quarter_hour"]], COLOURS[0])]
    if day.get("shelf", {}).get("bins") is not None:
        lines.append(Line("bins there are", [float(day["shelf"]["bins"])] * 96, COLOURS[1], dashed=True))
    return chart("Orders on the pickup shelf", "bins", lines, names, x_every=16)


def people_heat(plan: dict[str, Any]) -> Heat:
    """Planned people by hour and weekday."""
    days = [name for name in WEEKDAYS if name in plan["days"]]
    hours = sorted({row["from"][:2] for day in plan["days"].values() for row in day["staff_by_interval"]})
    rows = []
    for hour in hours:
        cells: list[float | None] = []
        for name in days:
            inside = [row for row in plan["days"][name]["staff_by_interval"] if row["from"][:2] == hour]
            cells.append(sum(row.get(pool, 0) for row in inside for pool in _TITLES) / len(inside) if inside else None)
        rows.append((f"{hour}:00", tuple(cells)))
    return Heat("Everybody together, by hour and weekday", "people, mean of the hour", tuple(NAMES[n] for n in days), tuple(rows))


def demand_heat(plan: dict[str, Any]) -> Heat:
    """Pickup orders by hour and weekday, without hours in which none comes all week."""
    table = plan["read"]["pickups_by_hour_of_week"]
    rows = [(f"{h:02d}:00", tuple(table[i][h] for i in range(len(WEEKDAYS)))) for h in range(24)]
    return Heat("Pickup orders an hour, by hour and weekday", "orders, mean of the hour", tuple(NAMES.values()), tuple(r for r in rows if any(r[1])))
