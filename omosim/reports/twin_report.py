"""The page of a twin, from what its folder says: what comes next, how good that was so far, what to do, what it cannot know; then the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from omosim.reports.figures_drawn import heat_picture
from omosim.reports.page import render
from omosim.reports.twin_days import calendar_picture, channels, hours_heat, weekly_chart
from omosim.reports.twin_learnt import learnt, moved, season_held, untold
from omosim.reports.twin_scores import BAND_SHARE, MAIN, alarm_part, held_picture, score_charts, scored
from omosim.reports.twin_sections import Foretold, decided, forecast_of, logged, to_order
from omosim.reports.twin_words import brief, span

Table = Mapping[str, list[Any]]
#: what a table that was not given would tell
TELLS = {
    "stock": "stock at the start, shrinkage, stock-outs", "traffic": "how many visit stores, and so how many of them buy",
    "sessions": "how many visit the web shop, and so how many of them buy", "prices": "what a price or a promotion does",
    "deliveries": "lead times, and with counts the flow of stock",
}  # fmt: skip
_MOST = 60  # findings on the page, the worst first
_SHOWN = 12  # files read last; those before stand in twin.json
_GIVEN = 8  # settings named in the summary
_NAMED = 4  # parameters named in the summary
_SEVERITY = {"refused": ("worse", "accepted"), "warning": ("cannot_tell", "look at it"), "info": ("better", "note")}
_STEPS = {"new": "made", "update": "new data", "fit": "closed forms", "calibrate": "fit by simulation", "forecast": "forecast", "score": "scored", "decide": "decided", "took": "way taken", "assimilate": "moved by data"}


def twin_page(head: Mapping[str, Any], tables: Mapping[str, Table], decision: Mapping[str, Any] | None = None, alarm: Mapping[str, Any] | None = None,
              log: Sequence[Mapping[str, Any]] = (), reorder: Table | None = None, worlds: Table | None = None) -> str:  # fmt: skip
    """HTML of a twin.

    head : `twin.json`; tables : quality (code, severity, table, place, rows, done), panel (date, series, unit, value), days
    (date, state, orders), hours (hour, orders), posterior (parameter, value, unit, se), identifiability, forecasts, scores, members,
    each where it is there; decision : decision.json; alarm : see `twin_scores.alarm_part`; log : rows of
    decision_log.csv; reorder : reorder_levels of the decision; worlds : every world of it under every way
    """
    days = tables.get("days", {"date": [], "state": [], "orders": []})
    counts = {s: days["state"].count(s) for s in ("observed", "closed", "gap", "partial")}
    findings = _findings(tables.get("quality"))
    panel, currency = tables.get("panel"), str(head["currency"])
    weekly = weekly_chart(panel) if panel is not None else None
    hours = hours_heat(tables["hours"], len(days["state"]) - counts["gap"] - counts["partial"]) if "hours" in tables else None
    foretold = Foretold(tables.get("forecasts"), panel, currency)
    found = learnt(tables.get("posterior"), tables.get("identifiability"), currency)
    hidden = untold(tables.get("identifiability"), bool(found and found["way"] == "set"))
    lacking = [(kind, TELLS[kind]) for kind in TELLS if not any(s["kind"] == kind for s in head["sources"])]
    order = to_order(reorder) if decision else None
    rows, answer, watched = scored(tables.get("scores"), currency), decided(decision, worlds), alarm_part(alarm)
    refused = next((r["did"]["refused"] for r in reversed(head["updates"]) if r["step"] in ("fit", "calibrate") and "refused" in r["did"]), "") if not head["parameter_sets"] else ""
    today = (date.fromisoformat(head["as_of"]) + timedelta(days=1)).isoformat()
    newest = head["parameter_sets"][-1] if head["parameter_sets"] else None
    can_foretell = not refused or foretold.has_past()
    return render(
        "twin.html",
        heading="Digital twin",
        name=head["name"],
        head=head,
        today=today,
        counts=counts,
        short=[_next(foretold, today, can_foretell), _record(rows, watched), _advice(answer, order, today, refused), _unknown(found, hidden, lacking, refused, head.get("given", ()))],
        warnings=sum(f["severity"] == "warning" for f in findings),
        accepted=sum(f["severity"] == "refused" for f in findings),
        findings=findings[:_MOST],
        unshown=max(0, len(findings) - _MOST),
        sources=[_source(s) for s in head["sources"][-_SHOWN:]],
        earlier=max(0, len(head["sources"]) - _SHOWN),
        lacking=lacking,
        untold=hidden,
        calendar=calendar_picture(days),
        charts=[weekly] if weekly else [],
        hours=heat_picture(hours) if hours else None,
        channels=channels(panel) if panel is not None else [],
        forecast=forecast_of(foretold, season_held(head["updates"], tables.get("members"))),
        can_foretell=can_foretell,
        scores=rows,
        held=held_picture(rows),
        score_charts=score_charts(tables.get("scores"), currency),
        alarm=watched,
        moved=moved(head["updates"], currency),
        decision=answer,
        unpicked="" if answer is None or answer["picks"] or not answer["no_pickups"] or not (weekly_pickups := foretold.last_weeks(today, "pickups")) else brief(weekly_pickups, "orders", bare=True),
        log=logged(log),
        order=order,
        learnt=found,
        learnt_until="" if newest is None or newest.get("as_of") == head["as_of"] else newest.get("as_of", ""),
        not_fitted=refused,
        updates=[{"step": _STEPS.get(row["step"], row["step"]), "version": row["version"], "words": _did(row["step"], row["did"])} for row in head["updates"][-2 * _SHOWN :]],
        provenance={}, command_line="", assumptions=[], manifest={"files": [], "more": 0}, laws=[], proof=None,
    )  # fmt: skip


# ---- the four answers ----------------------------------------------------------------------------------------
def _next(made: Foretold, today: str, can: bool) -> dict[str, Any]:
    """What the next weeks bring: the first week of the newest forecast that has not come, or where every week of it has begun the last day it reaches. can : be foretold"""
    card: dict[str, Any] = {"head": "What comes next", "tone": "", "says": "", "lines": []}
    if not made.origins:
        return {**card, "lines": ["No forecast yet: `omosim twin forecast` makes one." if can else "No forecast yet: it needs two weeks of orders. `omosim twin update` takes in more."]}
    origin = made.origins[-1]
    for series in MAIN:
        week = next((r for r in made.of(origin, "week", series) if r["date"] >= today), None)
        if week is None:
            continue
        unit = str(week["unit"])
        band = f"({span(week['q05'], week['q95'], unit)} in nine of ten)"
        card["lines"].append(f"{brief(week['q50'], unit)} in the week from {week['date']} {band}" if series == "orders" else f"{brief(week['q50'], unit)} of revenue {band}")
        before = made.last_weeks(today, series)
        if series == "orders" and before:
            change = 100 * (float(week["q50"]) / before - 1)
            card["lines"].append(f"{abs(change):.0f} % {'more' if change >= 0 else 'less'} than a mean week of the last four ({brief(before, unit)})")
    if not card["lines"]:
        days = made.of(origin, "day", "orders")
        if not days:
            return {**card, "lines": ["The forecast has no orders."]}
        day = next((r for r in days if r["date"] >= today), None)
        if day is None:
            return {**card, "lines": [f"The newest forecast ends on {days[-1]['date']}, before the newest data: `omosim twin forecast` makes another."]}
        unit = str(day["unit"])
        card["lines"] = [f"{day['date']}: {brief(day['q50'], unit)} ({span(day['q05'], day['q95'], unit)} in nine of ten)"]
    if origin < today:
        card["lines"].append(f"Foretold from {origin}, before the newest data, which reach {_before(today)}.")
    return card


def _before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def _record(rows: Sequence[Mapping[str, Any]], alarm: Mapping[str, Any] | None) -> dict[str, Any]:
    """How good earlier forecasts were."""
    card: dict[str, Any] = {"head": "How good earlier forecasts were", "tone": "", "says": "", "lines": []}
    main = [r for r in rows if r["series"] in MAIN]
    if not main:
        card["lines"].append("Not known yet: no whole week of a forecast has been scored.")
    for r in main:
        card["lines"].append(f"{r['kind']}: {_miss(r)}the 90 % band held in {r['held']} of {r['n']} weeks")
    loose = [f"{r['kind']} {r['of']}".rstrip() for r in rows if r["held_high"] < BAND_SHARE]
    if loose:
        card["lines"].append(f"Bands that did not hold: {', '.join(loose[:_NAMED])}{f' and {len(loose) - _NAMED} more' if len(loose) > _NAMED else ''}")
    verdicts = {r["verdict"] for r in main}
    if any(r["held_high"] < BAND_SHARE for r in main):
        card.update(tone="worse", says="bands did not hold")
    elif main:
        tone = "worse" if "worse" in verdicts else "better" if verdicts == {"better"} else "cannot_tell"
        card.update(tone=tone, says={"better": "better than simple forecasts", "worse": "worse than simple forecasts", "cannot_tell": "cannot tell yet"}[tone])
    if alarm and alarm["newest"]:
        times = len(alarm["raised"])
        card["lines"].append(f"Drift alarm raised on {alarm['newest'][0]}: {alarm['newest'][1]}" if times == 1 else f"Drift alarm raised {times} times since {alarm['first'][0]}, last on {alarm['newest'][0]}")
    elif alarm:
        card["lines"].append(f"Drift alarm quiet over {alarm['days']} days")
    return card


def _miss(r: Mapping[str, Any]) -> str:
    """How far a series missed beside the best simple forecast, and whether that is more than chance."""
    if r["ratio"] is None:
        return ""
    less = 100 * (1 - r["ratio"])
    doubt = {"cannot_tell": " (chance may give that)", "few": f" ({r['origins']} forecasts: too few to tell)" if r["origins"] > 1 else " (one forecast: too few to tell)"}.get(r["verdict"], "")
    if r["ratio"] >= 2:
        return f"missed {r['ratio']:.1f} times as far as the best simple forecast{doubt}; "
    return f"missed by {abs(less):.0f} % {'less' if less >= 0 else 'more'} than the best simple forecast{doubt}; "


def _advice(answer: Mapping[str, Any] | None, order: Mapping[str, Any] | None, today: str, refused: str) -> dict[str, Any]:
    """What to do. refused : why nothing could be fitted, "" where it was"""
    card: dict[str, Any] = {"head": "What to do", "tone": "", "says": "", "lines": []}
    if answer is None and refused:
        return {**card, "lines": [f"Nothing can be weighed yet: {refused}"]}
    if answer is None:
        return {**card, "lines": ["Nothing was weighed yet: `omosim twin decide` weighs ways of trading."]}
    card["lines"].append(answer["answer"])
    if order and order["counted"]:
        card["lines"].append(f"Order now: {order['units']} units; below their level: {order['due']} of {order['counted']} counted goods." if order["due"] else f"Nothing to order now: all {order['counted']} counted goods reach their level.")
    if answer["day"] < today:
        card["lines"].append(f"Weighed from {answer['day']} on, before the newest data.")
    return {**card, "tone": answer["tone"], "says": "above chance" if answer["tone"] == "better" else "" if len(answer["rows"]) == 1 else "no gain above chance" if answer["stays"] else "cannot tell"}


def _unknown(found: Mapping[str, Any] | None, hidden: Sequence[Mapping[str, Any]], lacking: Sequence[tuple[str, str]], refused: str, given: Sequence[str]) -> dict[str, Any]:
    """What the twin cannot know. given : settings of costs and stores that the retailer gave"""
    lines = []
    if refused or found is None:
        lines.append("Its parameters: the orders could not carry a fit." if refused else "Its parameters: nothing was fitted yet.")
    elif found["way"] == "laws":
        lines.append("How sure its parameters are: one set of closed forms, so bands are too narrow. `budget_min=25` with `omosim twin update` fits a set.")
    if hidden:
        names = [h["title"] for h in hidden[:_NAMED]]
        lines.append(f"Assumed, not learnt: {'; '.join(names)}{f' and {len(hidden) - _NAMED} more' if len(hidden) > _NAMED else ''}")
    if lacking:
        lines.append(f"Tables not given: {', '.join(kind for kind, _ in lacking)}")
    if given:
        named = [key.removeprefix("network.") for key in given]
        lines.append(f"Costs are in no log. Given: {', '.join(named[:_GIVEN])}{f' and {len(named) - _GIVEN} more' if len(named) > _GIVEN else ''}")
        lines.append("All other costs, and what was bought elsewhere: assumed.")
    else:
        lines.append("Costs, and what was bought elsewhere, are in no log: assumed.")
    return {"head": "What it cannot know", "tone": "", "says": "", "lines": lines}


# ---- rows ----------------------------------------------------------------------------------------------------
def _findings(table: Table | None) -> list[dict[str, Any]]:
    if table is None:
        return []
    rows = [{name: table[name][i] for name in table} for i in range(len(table["code"]))]
    return [{**r, "tone": _SEVERITY[r["severity"]][0], "says": _SEVERITY[r["severity"]][1]} for r in rows]


def _source(row: Mapping[str, Any]) -> dict[str, Any]:
    total = max(1, sum(c["rows"] for c in row["classes"]))
    classes = [{**c, "share": f"{c['rows'] / total:.1%}"} for c in row["classes"] if c["rows"]]
    return {**row, "classes": classes}


def _did(step: str, did: Mapping[str, Any]) -> str:
    """What a step of the journal did."""
    if "refused" in did:
        return f"not fitted: {did['refused']}"
    if step in ("new", "update"):
        return "; ".join(f"{k}: {v['new']:,} new, {v['known']:,} known, {v['changed']:,} changed{f", {v['aside']:,} left aside" if v.get('aside') else ''}" for k, v in did.items() if isinstance(v, dict) and "new" in v)
    if step == "assimilate":
        return str(did.get("words") or f"{did.get('days', '')} days")
    counted = {"series": "series", "weeks": "weeks", "draws": "draws", "runs": "simulations"}
    chosen = {"best": "chosen", "took": "taken"}
    return ", ".join(f"{chosen.get(k, k)}: {v}" if isinstance(v, str) else f"{v:,} {counted.get(k, k)}" for k, v in did.items() if isinstance(v, (int, str)))
