"""The plan as files: plan.json, capacity_plan.csv, the rota, and the answer in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from omosim.ingest.errors import plain_text
from omosim.ingest.orders import MINOR_DIGITS
from omosim.kernels.mathx import exp64
from omosim.planning import intervals as iv
from omosim.planning import shifts as sh
from omosim.planning.bays import TAKEN
from omosim.planning.history import CURBSIDE, LOCKER, PICKUP, QUARTER, WALK_IN, StoreHistory, hour_of_week
from omosim.planning.odd import odd_days, odd_words
from omosim.planning.plan import DayPlan, StorePlan, clock, second_clock
from omosim.planning.staffing import COUNTER, PICKERS, roles
from omosim.planning.week_outputs import week_json, week_words
from omosim.schema.columns import DAY, HOUR, WEEKDAYS
from omosim.schema.days import date_text

_MANY_LEAVE = 0.01  # assumed: share of customers who leave the queue, from which on the answer says it
_FAR = 0.1  # log of picking time over that given, from which on it is said
DAY_WORDS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _columns(names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Rows as columns by name; a table without rows keeps its columns."""
    listed = list(rows)
    return {name: [row[i] for row in listed] for i, name in enumerate(names)}


def capacity_columns(plan: StorePlan, minutes: int) -> dict[str, list[Any]]:
    """Columns of capacity_plan.csv: store, weekday, from, to, interval_min, max_orders."""
    return _columns(
        ("store", "weekday", "from", "to", "interval_min", "max_orders"),
        ((plan.history.store, WEEKDAYS[day.weekday], second_clock(begin), second_clock(end), minutes, limit)
         for day in plan.days
         for begin, end, limit in zip(day.limits.begins.tolist(), day.limits.ends.tolist(), day.limits.limit.tolist(), strict=True)),
    )  # fmt: skip


def staff_rows(day: DayPlan) -> list[dict[str, Any]]:
    """People and the work that comes, by quarter hour of the opening hours."""
    first, last = day.shop.opens // QUARTER, -(-day.shop.closes // QUARTER)
    who = roles(day.shop.how.pooled)
    return [
        {
            "from": clock(q), "to": clock(q + 1), **{role.key: int((day.staff.pickers, day.staff.counter)[role.pool][q]) for role in who},
            "picking_work": round(float(day.load[PICKERS][q]), 3), "counter_work": round(float(day.load[COUNTER][q]), 3),
        }
        for q in range(first, last)
    ]  # fmt: skip


def staff_columns(plan: StorePlan) -> dict[str, list[Any]]:
    """Columns of staff.parquet: one row a weekday and quarter hour."""
    rows = [{"store": plan.history.store, "weekday": WEEKDAYS[day.weekday], **row} for day in plan.days for row in staff_rows(day)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def what_if_columns(plan: StorePlan) -> dict[str, list[Any]]:
    """Columns of what_if.parquet: one row a weekday, change and measure."""
    rows = []
    for day in plan.days:
        for change in day.what_if:
            measures = {"ready_on_time": change.ready_on_time, "wait_within_limit": change.soon, "wait_p90_min": change.wait_p90,
                        "moves_ready_on_time": change.moves_ready, "moves_wait_within_limit": change.moves_soon}  # fmt: skip
            start = (plan.history.store, WEEKDAYS[day.weekday], change.name, change.hours)
            rows += [(*start, measure, e.value, e.low, e.high) for measure, e in measures.items()]
    return _columns(("store", "weekday", "change", "person_hours", "measure", "value", "ci_low", "ci_high"), rows)


def day_json(day: DayPlan, wage: int, currency: str) -> dict[str, Any]:
    """One weekday as plain data."""
    paid = day.paid_hours
    cost = round(sum(paid) * wage)
    per_order = iv.Estimate(cost / max(day.orders.value, 1e-9), cost / max(day.orders.high, 1e-9), cost / max(day.orders.low, 1e-9))
    fixed = iv.Estimate(cost, cost, cost)
    limits = day.limits
    return {
        "weekday": WEEKDAYS[day.weekday],
        "past_days": [date_text(d) for d in day.law.dates],
        "targets_kept": day.all_kept,
        "ready_on_time": day.ready_on_time.plain(),
        "wait_min": {"mean": day.wait_mean.plain(), "p50": day.wait_p50.plain(), "p90": day.wait_p90.plain()},
        "prob_wait": day.prob_wait.plain(),
        "wait_within_limit": day.soon.plain(),
        "left_the_queue": day.left.plain(),
        "shelf_peak_bins": day.shelf_peak.plain(),
        "shelf": shelf_json(day),
        "bays": bays_json(day),
        "promises": promises_json(day),
        "pickups": day.orders.plain(),
        "customers_at_counter": day.customers.plain(),
        "staff_by_interval": staff_rows(day),
        "max_orders_per_slot": [
            {"from": second_clock(b), "to": second_clock(e), "max_orders": n, "ci_low": low, "ci_high": high}
            for b, e, n, low, high in zip(*(x.tolist() for x in (limits.begins, limits.ends, limits.limit, limits.low, limits.high)), strict=True)
        ],
        "cost": {**fixed.plain(), "unit": f"minor {currency}", "paid_hours": sum(paid),
                 **{f"paid_hours_{role.key}": paid[role.pool] for role in roles(day.shop.how.pooled)}, "wage_per_hour": wage, "per_pickup": per_order.plain()},
        "erlang_c": textbook(day),
        "what_if": [
            {"change": w.name, "person_hours": w.hours, "ready_on_time": w.ready_on_time.plain(), "wait_within_limit": w.soon.plain(),
             "wait_p90_min": w.wait_p90.plain(), "moves_ready_on_time": w.moves_ready.plain(), "moves_wait_within_limit": w.moves_soon.plain()}
            for w in day.what_if
        ],
        "service_curve": [{"people_at_counter": n, "prob_wait": e.plain(), "erlang_c_busiest_hour": round(c, 6)} for n, e, c in day.curve],
        "shelf_by_quarter_hour": np.round(day.result.shelf.mean(axis=0), 3).tolist(),
        "simulated_days": day.draws.reps,
        "staffs_tried": day.tried,
    }  # fmt: skip


def shelf_json(day: DayPlan) -> dict[str, Any]:
    """How often the shelf overflows, the bins that do, and what cures too few."""
    shelf, cures = day.shelf, day.shelf.cures
    return {
        "bins": shelf.bins or None,
        "days_it_may_overflow": shelf.share,
        "overflow": None if shelf.overflow is None else shelf.overflow.plain(),
        "bins_needed": shelf.needed.plain(),
        "kept": shelf.kept,
        "says": shelf_words(day),
        "too_few_whatever_the_staff": shelf.whatever_staff,
        "cures": None if cures is None else {
            "bins": int(shelf.needed.value), "hold_days": None if cures.hold_s is None else cures.hold_s / DAY,
            "hold_comes_too_late": cures.put_back, "pickups_a_day": cures.orders, "picking_no_earlier_than_promised": cures.picked_late,
        },
    }  # fmt: skip


def shelf_words(day: DayPlan) -> str:
    """What the shelf needs; where it is too small, how often, and each cure."""
    shelf, cures = day.shelf, day.shelf.cures
    needs = f"{shelf.needed.value:.0f} bins ({shelf.needed.low:.0f} to {shelf.needed.high:.0f})"
    seldom = f"no more than {100 * shelf.share:.3g} % of days"
    if shelf.overflow is None:
        return f"The shelf needs {needs} to overflow on {seldom}."
    if cures is None:
        return f"The {shelf.bins} bins of the shelf overflow on {_of_days(shelf.overflow)}; {needs} would do for {seldom}."
    ways = [f"{needs} instead of {shelf.bins}"]
    if cures.hold_s is not None:
        ways.append(f"network.pickup.hold_days={cures.hold_s / DAY:.3g}, for which {100 * cures.put_back:.2g} % of customers come too late")
    if cures.orders is not None:
        ways.append(f"{cures.orders:.0f} pickups on the usual day instead of {day.orders.value:.0f}")
    if cures.picked_late:
        ways.append("picking each order no earlier than its promise asks")
    whatever = " whatever the staff" if shelf.whatever_staff else ""
    return f"{shelf.bins} bins are TOO FEW{whatever}: the shelf overflows on {_of_days(shelf.overflow)}, {seldom} are allowed. What would cure it: {_either(ways)}."


def _of_days(e: iv.Estimate) -> str:
    return f"{100 * e.value:.1f} % of days (95 % interval {100 * e.low:.1f} to {100 * e.high:.1f})"


def _either(ways: list[str]) -> str:
    return ways[0] if len(ways) == 1 else f"{', '.join(ways[:-1])}, or {ways[-1]}"


def textbook(day: DayPlan) -> dict[str, Any]:
    """Erlang C of the counter with the reasons why it differs from the simulation."""
    book = day.textbook
    reasons = ["Erlang C takes each quarter hour as if it lasted for ever; here queues build up and run off as the load moves"]
    if book.overloaded:
        reasons.append(f"in {book.overloaded} quarter hours the load reaches the number of people: Erlang C has no answer there")
    if day.shop.how.pooled:
        reasons.append("Erlang C takes everybody of the one pool as there for the customers; here they pick too")
    if day.service_cv < 0.95:
        reasons.append(f"service times here vary less (coefficient of variation {day.service_cv:.2f}) than exponential ones (1)")
    if day.left.value > 0.0005:
        reasons.append(f"{100 * day.left.value:.1f} % leave the queue; Erlang C lets everybody wait")
    return {
        "prob_wait": round(book.prob_wait, 6),
        "wait_mean_min": None if book.wait_min is None else round(book.wait_min, 6),
        "simulated_prob_wait": day.prob_wait.plain(),
        "simulated_wait_mean_min": day.wait_mean.plain(),
        "busiest_quarter_hour": clock(book.busiest),
        "reasons": reasons,
    }


def plan_json(plan: StorePlan, wage: int, currency: str) -> dict[str, Any]:
    """plan.json: the busiest planned weekday's figures at the top, every weekday under `days`, and how the file was read."""
    days = {WEEKDAYS[d.weekday]: day_json(d, wage, currency) for d in plan.days}
    h = plan.history
    return {
        **days[WEEKDAYS[plan.busiest.weekday]],
        "schema_version": 1,
        "store": h.store,
        "promise_h": plan.promise_s / HOUR,
        "promise_from": plan.promise_from,
        "targets": {"ready_on_time": plan.options.targets.ready_on_time, "wait_within_limit": plan.options.targets.soon, "wait_limit_min": plan.options.wait_s / 60},
        "opens": second_clock(h.opens),
        "closes": second_clock(h.closes),
        "hours_from": h.hours_from,
        "read": {
            "pickups": int((h.orders["kind"] == PICKUP).sum()), "curbside": h.at_place(CURBSIDE), "locker": h.at_place(LOCKER), "walk_in_orders": int((h.orders["kind"] == WALK_IN).sum()),
            "first_day": date_text(h.dates[0]), "last_day": date_text(h.dates[-1]), "trading_days": len(h.dates),
            "days_without_orders": [date_text(d) for d in h.closed], "left_out": [date_text(d) for d in h.left_out], "taken_as_given": list(h.notes),
            "pickups_by_hour_of_week": _null_nan(hour_of_week(h, PICKUP)), "walk_ins_by_hour_of_week": _null_nan(hour_of_week(h, WALK_IN)),
        },
        "refused": {WEEKDAYS[w]: why for w, why in plan.refused.items()},
        "check": check_json(plan),
        "week": week_json(plan),
        "days": days,
    }  # fmt: skip


def what_was_read(history: StoreHistory, file: str, rows: int) -> list[str]:
    """What a refused file told: rows, days, weeks, demand by weekday, and dates that stand out."""
    kinds = history.orders["kind"]
    weeks = -(-int(history.dates[-1] - history.dates[0] + 1) // 7)
    lines = [
        f"{plain_text(file)}: {rows:,} rows; store {plain_text(history.store)}: {int((kinds == PICKUP).sum()):,} pickups and {int((kinds == WALK_IN).sum()):,} orders in the store on "
        f"{len(history.dates)} days of {weeks} weeks, {date_text(history.dates[0])} to {date_text(history.dates[-1])}; open "
        f"{second_clock(history.opens)}-{second_clock(history.closes)} ({history.hours_from})"
    ]
    by_day = []
    for weekday, name in enumerate(WEEKDAYS):
        days = history.days_of(weekday)
        counts = np.bincount(np.searchsorted(days, history.of_days(days, PICKUP)["day"].to_numpy()), minlength=len(days))
        by_day.append(f"{name} {np.median(counts):.0f} ({counts.min()} to {counts.max()}, {len(days)} days)" if len(days) else f"{name} no day")
    return [*lines, f"pickups a day, median: {', '.join(by_day)}", *history.notes, *odd_words(odd_days(history))]


def _null_nan(table: np.ndarray) -> list[list[float | None]]:
    return [[None if np.isnan(v) else round(float(v), 3) for v in row] for row in table]


def check_json(plan: StorePlan) -> dict[str, Any]:
    """The check against held-out days."""
    check = plan.check
    if isinstance(check, str):
        return {"why_not": check, "rows": []}
    return {
        "held_out": check.dates, "staff_of_the_past": check.staff_from,
        "rows": [
            {"weekday": WEEKDAYS[r.weekday] if r.weekday < 7 else "all", "measure": r.measure, "unit": r.unit, "observed": r.observed,
             "simulated": r.simulated, "ci_low": r.low, "ci_high": r.high, "within": r.within}
            for r in check.rows
        ],
    }  # fmt: skip


def answer(plan: StorePlan, wage: int, currency: str) -> str:
    """The plan in a few sentences."""
    h, targets, day = plan.history, plan.options.targets, plan.busiest
    paid = sum(day.paid_hours)
    slot = int(np.argmax(day.limits.limit))
    verb = "keep" if day.all_kept else "would keep" if day.kept else "do NOT keep"
    fullest = "" if plan.fullest is day else f"The shelf is fullest on {DAY_WORDS[plan.fullest.weekday]}. "
    said = [
        f"{verdict_words(plan)}{DAY_WORDS[day.weekday]} at {h.store}: {_people(day)} {verb} the promise of {plan.promise_s / HOUR:.3g} h for {100 * targets.ready_on_time:.3g} % "
        f"of {day.orders.value:.0f} pickups ({_percent(day.ready_on_time)}) and a wait of {plan.options.wait_s / 60:.3g} min for {100 * targets.soon:.3g} % of "
        f"{day.customers.value:.0f} customers ({_percent(day.soon)}).{_unsure(day, plan)}{_leave(day)}{opening_words(day)} That is {paid:.4g} paid hours, {_money(paid * wage, currency)} a day. "
        f"{fullest}{shelf_words(plan.fullest)} The slot {second_clock(int(day.limits.begins[slot]))}-"
        f"{second_clock(int(day.limits.ends[slot]))} carries most: {int(day.limits.limit[slot])} orders when all slots are full, "
        f"{int(day.limits.limit.sum())} on the day."
    ]
    if len(plan.days) > 1:
        hours = sum(sum(d.paid_hours) for d in plan.days)
        said.append(f"All {len(plan.days)} weekdays: {hours:.5g} paid hours, {_money(hours * wage, currency)} a week. {week_words(plan)}".rstrip())
    if plan.refused:
        said.append(" ".join(f"{DAY_WORDS[w]}: not planned, {why}." for w, why in plan.refused.items()))
    return " ".join(said)


def _unsure(day: DayPlan, plan: StorePlan) -> str:
    """Where an interval reaches below its target, what that means."""
    targets = plan.options.targets
    low = [name for name, e, t in (("ready on time", day.ready_on_time, targets.ready_on_time), ("the wait", day.soon, targets.soon)) if e.low < t <= e.value]
    if not low:
        return ""
    cures = [w for w in day.what_if if w.name.startswith("one more ") and w.ready_on_time.low >= targets.ready_on_time and w.soon.low >= targets.soon]
    if cures:
        cure = f"{min(cures, key=lambda w: w.hours).name} would make it sure"
    else:
        cure = "no single person more makes it sure; more such days in the file would narrow it"
    return f" The interval of {' and of '.join(low)} reaches below the target: {cure}."


def _leave(day: DayPlan) -> str:
    """How many give up waiting, where they are no longer few."""
    return f" {100 * day.left.value:.1f} % of the customers leave the queue before they are served." if day.left.value > _MANY_LEAVE else ""


def opening_words(day: DayPlan) -> str:
    """Whether the orders of the night make the pickers as many as they are."""
    p = day.promises
    if not p.opening_decides:
        return ""
    return (
        f" The opening decides how many pick: {p.waiting:.0f} orders wait there, all due {day.promise_s / HOUR:.3g} h later, which is work for {p.people_at_opening:.1f} "
        f"people at once; the busiest hour's own orders are work for {p.people_later:.1f}. A longer promise for orders of the night would take fewer."
    )


def verdict_words(plan: StorePlan) -> str:
    """The weekdays whose targets are not kept and which targets, before anything else; nothing where all are kept."""
    missed: dict[str, list[str]] = {}
    for day in plan.days:
        targets = plan.options.targets
        which = [name for name, kept in (("the promise", day.result.ready_on_time >= targets.ready_on_time), ("the wait", day.result.soon_share >= targets.soon), ("the shelf", day.shelf.kept)) if not kept]
        if which:
            missed.setdefault(" and ".join(which), []).append(DAY_WORDS[day.weekday])
    return f"TARGETS NOT KEPT: {'; '.join(f'{which} on {', '.join(days)}' for which, days in missed.items())}. " if missed else ""


def bays_json(day: DayPlan) -> dict[str, Any] | None:
    """Bays for cars; None where no car comes."""
    b = day.bays
    if b is None:
        return None
    return {
        "bays": b.bays or None, "cars": b.cars.plain(), "wait_for_a_bay": b.wait.plain(), "wait_for_a_bay_mean_min": b.wait_min.plain(),
        "bays_needed": b.needed.plain(), "cars_that_may_find_all_taken": TAKEN, "says": bay_words(day),
    }  # fmt: skip


def bay_words(day: DayPlan) -> str:
    """What cars wait for, and how many bays would do."""
    b = day.bays
    if b is None:
        return ""
    needs = f"{b.needed.value:.0f} bays ({b.needed.low:.0f} to {b.needed.high:.0f}) would be all taken for no more than {100 * TAKEN:.3g} % of {b.cars.value:.0f} cars"
    if not b.bays:
        return needs
    few = "TOO FEW" if b.needed.value > b.bays else "enough"
    return f"{b.bays} {'bay is' if b.bays == 1 else 'bays are'} {few}: {_percent(b.wait)}, of the cars wait for one, {b.wait_min.value:.1f} min in the mean; {needs}"


def promises_json(day: DayPlan) -> dict[str, Any]:
    """What promise can be kept."""
    p = day.promises
    return {
        "shortest_h": None if p.shortest_s is None else p.shortest_s / HOUR, "orders_waiting_at_opening": p.waiting, "people_for_them": p.people_at_opening,
        "people_busy_later": p.people_later, "opening_decides": p.opening_decides,
        "rows": [{"promise_h": row.promise_s / HOUR, "ready_on_time": row.ready_on_time.plain(), "person_hours": row.hours, "most_at_once": row.most} for row in p.rows],
    }  # fmt: skip


def check_words(plan: StorePlan) -> str:
    """How the check came out, where it came out badly."""
    check = plan.check
    if isinstance(check, str) or not check.rows:
        return ""
    outside = [r for r in check.rows if not r.within]
    if len(outside) * 5 <= len(check.rows):
        return ""
    service = sum("served again" in r.measure or "order to ready" in r.measure for r in outside)
    demand = len(outside) - service
    cures = []
    if service:
        cures.append("who was on duty (roster=FILE) or the work times (network.work) are not as taken here")
    if demand:
        cures.append("the held-out weeks had another demand than the weeks before foretold")
    return f"the check against held-out days lies outside its interval in {len(outside)} of {len(check.rows)} rows: {'; '.join(cures)}"


def _people(day: DayPlan) -> str:
    count = [len(day.shifts[p]) for p in (PICKERS, COUNTER)]
    if day.shop.how.pooled:
        return f"{count[PICKERS]} {'shift' if count[PICKERS] == 1 else 'shifts'} of people who pick and serve"
    return f"{count[0]} {'shift' if count[0] == 1 else 'shifts'} of pickers and {count[1]} at the counter"


def _percent(e: iv.Estimate) -> str:
    return f"{100 * e.value:.1f} %, 95 % interval {100 * e.low:.1f} to {100 * e.high:.1f}"


def _money(minor: float, currency: str) -> str:
    return f"{currency} {minor / 10 ** MINOR_DIGITS[currency]:,.0f}"


def place_words(plan: StorePlan) -> list[str]:
    """How orders of the file that are not handed over at the counter were treated."""
    h, bays = plan.history, plan.busiest.shop.how.bays
    pickups, cars, boxes = int((h.orders["kind"] == PICKUP).sum()), h.at_place(CURBSIDE), h.at_place(LOCKER)
    out = []
    if cars and bays:
        out.append(f"{cars:,} of {pickups:,} pickups are curbside: their cars wait for one of {bays} bays (network.operations.curbside_bays), then for the same people as the counter's customers")
    elif cars:
        out.append(f"{cars:,} of {pickups:,} pickups are curbside: handed over from the counter's queue, with room for any number of cars; network.operations.curbside_bays=N would limit it")
    elif bays:
        out.append("network.operations.curbside_bays is not used: the file has no curbside order")
    if boxes:
        out.append(f"{boxes:,} of {pickups:,} pickups go to a locker: picked like the others, with as many boxes as needed; they take no bin of the shelf and nobody's time at the counter")
    return out


def way_words(plan: StorePlan) -> list[str]:
    """What of `network.operations` is in the plan."""
    how = plan.busiest.shop.how
    out = []
    if how.pooled:
        out.append("one pool of people (network.operations.pooled_staff): whoever is free serves the customers who are there first, then picks")
    if how.batch > 1:
        out.append(f"up to {how.batch} orders are picked on one trip, whose walk of {how.walk_s} s counts once (network.operations.batch_orders, walk_s): they are ready together")
    return out


def pace_line(plan: StorePlan) -> list[str]:
    """Whether the file contradicts the picking times given, where it tells who was on duty."""
    check = plan.check
    if isinstance(check, str) or not check.by_roster or not (known := [p for p in check.paces if p.days]):
        return []
    mean, error = (float(np.mean([p.mean for p in known])), float(np.sqrt(np.sum([p.error**2 for p in known]))) / len(known))
    if abs(mean) < max(_FAR, 2 * error):
        return []
    times, w = float(exp64(mean)), plan.work
    return [
        f"by roster and ready_at, picking took {100 * times:.0f} % of the times given; the plan takes those given. As the file tells it: "
        f"network.work.pick_base_s={w.pick_base_s * times:.0f} network.work.pick_unit_s={w.pick_unit_s * times:.0f}"
    ]


def problem_lines(plan: StorePlan) -> list[str]:
    """What a reader of the plan should know before acting on it."""
    out = [words for words in (check_words(plan), *plan.history.notes) if words]
    out += [*pace_line(plan), *place_words(plan), *way_words(plan)]
    w = plan.work
    out.append(
        f"work times taken: picking {w.pick_base_s:.0f} s an order and {w.pick_unit_s:.0f} s a unit, counter {w.counter_s:.0f} s a pickup and "
        f"{w.checkout_s:.0f} s a purchase (network.work): no order file tells them, time a few dozen"
    )
    if len(plan.history.closed):
        some = ", ".join(date_text(d) for d in plan.history.closed[:8])
        out.append(f"{len(plan.history.closed)} days without an order count as closed: {some}{' …' if len(plan.history.closed) > 8 else ''}")
    out += odd_words(plan.odd)
    out += [f"{DAY_WORDS[day.weekday]}: {bay_words(day)}" for day in plan.days if day.bays is not None]
    small = [f"{DAY_WORDS[day.weekday]} ({day.shelf.needed.value:.0f} would do)" for day in plan.days if not day.shelf.kept and day is not plan.fullest]
    if small:
        out.append(f"{plan.options.bins} bins are too few on {', '.join(small)} too")
    for day in plan.days:
        if not day.kept:
            out.append(f"{DAY_WORDS[day.weekday]}: the targets are not kept even with more people")
        if (sh.people(day.shifts[PICKERS]) <= plan.options.targets.least[PICKERS]).all():
            who = "people (least_pickers, least_counter)" if day.shop.how.pooled else "pickers (least_pickers)"
            out.append(f"{DAY_WORDS[day.weekday]}: the least number of {who} decides, not the demand")
    return out
