"""The answer of an attribution study in sentences, and the figures behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omosim.results.effect_words import lost, pc, which_paid
from omosim.results.rounding import nine_digits
from omosim.results.words import interval, number
from omosim.study.attribute import (
    AS_IT_IS,
    MEDIA,
    NO_MEDIA,
    NO_TALK,
    REVENUE,
    TRUTH,
    Figures,
    Row,
    _mean,
    levels_of,
    loss_of,
    spending,
    truth,
)
from omosim.study.attribute_task import MARKET
from omosim.study.attribution import MODELS
from omosim.study.switching import PAID, Point

WORDS = {
    "first_touch": "First touch", "last_touch": "Last touch", "linear": "Linear", "time_decay": "Time decay", "position": "Position",
    "markov": "Markov", "shapley": "Shapley", TRUTH: "The true effects",
}  # fmt: skip
HEADLINE = "last_touch"  # what most firms use


def summarise(figures: Figures, points: Sequence[Point], rows: Mapping[str, Sequence[Row]], losses: Sequence[float]) -> dict[str, Any]:
    """What summary.json says beside what was asked for; `rows` are those of the tables."""
    base = figures.mean(AS_IT_IS, REVENUE)
    out: dict[str, Any] = {
        "net_revenue": None if base is None else nine_digits(base), "media_cost": figures.mean(AS_IT_IS, MEDIA),
        "touches_a_purchase": figures.mean(AS_IT_IS, "touchpoints_per_purchase"),
        "levels": [_level(figures, level) for level in levels_of(losses)],
        "spending": {name: nine_digits(value) for name, value in spending(figures, points).items()},
        "not_switched_off": {p.name: p.why_not for p in points if p.why_not}, "word_of_mouth": _arm(figures, NO_TALK), "paid_together": _together(figures, points),
        "nearest": {level: _nearest(rows["errors"], level) for level in levels_of(losses)},
        "headline": _headline(rows["attribution"], base), "flows": flows(figures, MARKET), "journeys": _journeys(figures, MARKET),
    }  # fmt: skip
    return {**out, "answer": answer(out, rows)}


def _level(figures: Figures, level: str) -> Row:
    """A level in figures: what was lost, by which settings, and how much revenue has no touch in the log."""
    sold, alone = figures.mean(AS_IT_IS, f"sold/{level}"), figures.mean(AS_IT_IS, f"sold/{level}/without a touch")
    out = {"level": level, "identity_loss": loss_of(figures, level), "revenue_without_a_touch": None if not sold else nine_digits((alone or 0.0) / sold)}
    reached = {"loss": f"loss/{level}", "consent": f"consent/{level}", "login": f"login/{level}", "cookie_days": f"cookie_days/{level}"}
    return {**out, **{name: None if (v := figures.mean(AS_IT_IS, figure)) is None else nine_digits(v) for name, figure in reached.items()}}


def _arm(figures: Figures, arm: str) -> Row | None:
    """What is lost in an arm; None where there is no such arm."""
    if arm not in figures.values:
        return None
    found = truth(figures, arm, REVENUE)
    return {"revenue": found.diff, "low": found.ci_low, "high": found.ci_high}


def _together(figures: Figures, points: Sequence[Point]) -> Row | None:
    """The paid touchpoints of the study switched off at once, beside what each model credits them with in the log as it is."""
    found = _arm(figures, NO_MEDIA)
    names = [p.name for p in points if p.kind == PAID and p.counted]
    if found is None:
        return None
    whole = not any(p.kind == PAID and p.why_not for p in points)
    return {**found, "touchpoints": names, "all_paid": whole, "credit": {m: nine_digits(sum(_mean(figures.credit(MARKET, m, n)) for n in names)) for m in MODELS}}


def _nearest(errors: Sequence[Row], level: str) -> Row | None:
    """The model with the least error at a level, those that cannot be told from it, and whether it is nearest for sure."""
    here = [row for row in errors if row["level"] == level and row["share_error"] is not None]
    best = next((row for row in here if row["nearest"]), None)
    if best is None:
        return None
    same = [row["model"] for row in here if row is not best and row["told_from_nearest"] is not True]
    return {
        "model": best["model"], "share_error": best["share_error"], "low": best["share_error_low"], "high": best["share_error_high"], "not_told_from": same,
        "sure": not same and len(here) > 1, "touchpoints": best["touchpoints"],
    }  # fmt: skip


def _headline(rows: Sequence[Row], base: float | None) -> Row | None:
    """The touchpoint that last touch, in the log as it is, misreads most, in shares of all net revenue."""
    here = [row for row in rows if row["level"] == MARKET and row["model"] == HEADLINE and row["counted"] and row["error"] is not None]
    if not here or not base:
        return None
    worst = max(here, key=lambda row: (abs(row["error"]), row["touchpoint"]))
    names = {"credit": "credit", "true": "true_increment", "low": "true_increment_low", "high": "true_increment_high"}
    shares = {name: None if worst[column] is None else nine_digits(worst[column] / base) for name, column in names.items()}
    return {"touchpoint": worst["touchpoint"], "title": worst["title"], "model": HEADLINE, **shares}


def flows(figures: Figures, level: str) -> list[Row]:
    """How often one of the last touches before a purchase followed another: place 0 is the fourth last."""
    out = []
    for name, count in figures.begins(f"flow/{level}/").items():
        place, here, there = name.split("/")
        out.append({"place": int(place), "from": here, "to": there, "count": nine_digits(count)})
    return out


def _journeys(figures: Figures, level: str) -> list[Row]:
    """The commonest ends of journeys: the different touchpoints among the last four touches, in their order; purchases a run."""
    found = figures.begins(f"journey/{level}/")
    bought = figures.mean(AS_IT_IS, f"purchases/{level}") or 1.0
    first = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:12]
    return [{"journey": name.split(">"), "purchases": nine_digits(count), "share": nine_digits(count / bought)} for name, count in first]


# ---- sentences ------------------------------------------------------------------------------------------------------
def answer(figures: Mapping[str, Any], rows: Mapping[str, Sequence[Row]]) -> str:
    """The answer first: what last touch says and what is true, which model is nearest, what its shift earns."""
    best, titles = figures["nearest"].get(MARKET), {row["touchpoint"]: row["title"] for row in rows["attribution"]}
    budget = _earns(best, rows["shifts"], titles) if rows["shifts"] else _no_budget(figures)
    said = [_says(figures["headline"]), _all_paid(figures, best, titles), _near(best, rows["errors"]), budget]
    return " ".join(text for text in said if text) or "Cannot tell: no pair of runs is complete."


def _says(head: Row | None) -> str:
    if head is None:
        return ""
    return f"Last touch gives {head['title']} {pc(head['credit'])} % of the revenue; lost without it: {lost(head['true'], head['low'], head['high'])}."


def _all_paid(figures: Mapping[str, Any], best: Row | None, titles: Mapping[str, str]) -> str:
    """What paid touchpoints cause together, beside what the model with the least error credits them with."""
    together, whole = figures["paid_together"], figures["net_revenue"]
    if together is None or together["revenue"] is None or not whole:
        return ""
    model = best["model"] if best else HEADLINE
    said = lost(together["revenue"], together["low"], together["high"], whole)
    return f"{which_paid(together, titles)} cause: {said}; {WORDS[model]} gives them {pc(together['credit'][model] / whole)} %."


def _near(best: Row | None, errors: Sequence[Row]) -> str:
    at = {row["model"]: row for row in errors if row["level"] == MARKET}
    if best is None:
        why = next((row["reason"] for row in at.values() if row.get("reason")), "")
        return f"Cannot tell which model is nearest to the truth: {why}." if why else ""
    name, same = WORDS[best["model"]], [WORDS[m] for m in best["not_told_from"]]
    counted = f"over the {best['touchpoints']} touchpoints that count"
    if best["sure"]:
        text = f"Nearest to the truth is {name}: it puts {_wrong(at[best['model']])} of the credit in the wrong place, {counted}"
    else:
        why = f"; it cannot be told from {', '.join(same)}" if same else "; no other model credits them"
        text = f"Cannot tell which model is nearest to the truth: {name} has the least credit in the wrong place, {_wrong(at[best['model']])} {counted}{why}"
    if best["model"] != HEADLINE and HEADLINE in at:
        row = at[HEADLINE]
        text += f"; last touch: {_wrong(row)}" if row["share_error"] is not None else f"; last touch has none: {row['reason']}"
    return text + "."


def _wrong(row: Row) -> str:
    ends = " (no interval)" if row["share_error_low"] is None else f" ({pc(row['share_error_low'])} to {pc(row['share_error_high'])})"
    return f"{pc(row['share_error'])} %{ends}"


def _no_budget(figures: Mapping[str, Any]) -> str:
    why = "media cost nothing in these runs" if figures["media_cost"] == 0 else "fewer than two touchpoints are paid for"
    return f"No budget to shift: {why}."


def _earns(best: Row | None, shifts: Sequence[Row], titles: Mapping[str, str]) -> str:
    mine = next((row for row in shifts if best is not None and row["level"] == MARKET and row["model"] == best["model"]), None)
    true = next((row for row in shifts if row["level"] == TRUTH), None)
    if mine is None:
        none = next((row["reason"] for row in shifts if row["level"] == MARKET and row["money"] is None), "")
        return f"No shift of the budget to judge: {none}." if none else ""
    said = [f"{WORDS[mine['model']]} asks for no shift of the budget: {mine['reason']}." if mine["money"] is None else _shift(mine, titles)]
    if true is not None:
        if true["money"] is None:
            said.append(f"The true effects ask for no shift: {true['reason']}.")
        elif (true["from"], true["to"]) == (mine["from"], mine["to"]):
            said.append("The true effects ask for the same shift.")
        elif true["earned_gross_profit"] is not None:
            said.append(f"The true effects ask for one {_ends(true, titles)}: {_earned(true)}.")
    return " ".join(said)


def _ends(row: Row, titles: Mapping[str, str]) -> str:
    return f"from {', '.join(titles.get(n, n) for n in row['from'].split(', '))} to {titles.get(row['to'], row['to'])}"


def _shift(row: Row, titles: Mapping[str, str]) -> str:
    unit = row["unit"]
    text = f"{WORDS[row['model']]}'s shift of {number(row['money'], unit)} of media {_ends(row, titles)} promises {number(row['promised_gross_profit'], unit, sign=True)} of gross profit"
    return f"{text}; what it earns: {_earned(row)}."


def _earned(row: Row) -> str:
    """What a shift earns; "cannot tell" first where its sign is open."""
    value, low, high, unit = row["earned_gross_profit"], row["earned_gross_profit_low"], row["earned_gross_profit_high"], row["unit"]
    if value is None or low is None:
        return "cannot tell"
    words = f"{number(value, unit, sign=True)} ({interval(low, high, unit)})"
    return words if low > 0 or high < 0 else f"cannot tell whether it gains or loses, {words}"
