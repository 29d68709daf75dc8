"""The answer in words: which strategy pays, by how much, how sure; or that one cannot tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omosim.results.words import interval, number, percent, safe_text
from omosim.study.stats import BETTER, WORSE, Paired

Row = Mapping[str, Any]


def answer(rows: Sequence[Row], baseline: str, *, runner_up: tuple[str, str, Paired] | None, period: str = "") -> str:
    """One or two sentences.

    rows: comparison rows of operating_profit, one an arm. runner_up: (best, second, paired difference of the two)
    among the arms that beat the baseline. period: words after "operating profit", e.g. "over 28 days".
    """
    base = safe_text(baseline, 60)
    over = f" {period}" if period else ""
    told = [r for r in rows if r["diff"] is not None and r["ci_low"] is not None]
    if not told:
        return f"Cannot tell: no interval of operating profit against {base} could be computed."
    winners = sorted((r for r in told if r["verdict"] == BETTER), key=lambda r: -r["diff"])
    losers = [r for r in told if r["verdict"] == WORSE]
    if winners:
        best = winners[0]
        text = (
            f"{_name(best)} pays more than {base}: {number(best['diff'], best['unit'], sign=True)} "
            f"operating profit{over} ({_interval(best)}; {percent(best['prob_better'])} sure that it is better)."
        )
        return text + _second(winners, runner_up) + _losers(losers, base)
    if len(losers) == len(told):
        close = max(losers, key=lambda r: r["diff"])
        return (
            f"{base} pays best: every other strategy earns less; the closest, {_name(close)}, "
            f"{number(close['diff'], close['unit'], sign=True)} operating profit{over} ({_interval(close)})."
        )
    open_ = [r for r in told if r not in losers]
    top = max(open_, key=lambda r: r["diff"])
    names = ", ".join(_name(r) for r in open_)
    text = (
        f"Cannot tell for {names}: operating profit{over} does not differ from that of {base} by more than chance; "
        f"{_name(top)} {number(top['diff'], top['unit'], sign=True)} ({_interval(top)})."
    )
    return text + _losers(losers, base)


#: mean load of a store's people from which on queues at busy hours grow long
TIGHT = 0.7


#: kinds of places of stores, as the answer names them
PLACES = {"shelf": "bins of the pickup shelf", "locker": "locker boxes", "bay": "curbside bays", "room": "fitting rooms", "slot": "pickup slots"}
PEOPLE = "people"


@dataclass(frozen=True)
class Carrying:
    """Whether stores can carry the strategies, in words; `short` where people or places of some kind do not suffice."""

    text: str
    short: bool


def staff_loads(rows: Sequence[Row], baseline: str) -> dict[str, float]:
    """Strategy -> share of the paid time of stores that their work takes, from the rows of store_staff_load; empty without them."""
    told = [row for row in rows if row["kpi"] == "store_staff_load"]
    loads = {row["strategy"]: row["mean"] for row in told if row["mean"] is not None}
    base = told[0]["baseline_mean"] if told else None
    return {**loads, baseline: base} if loads and base is not None else {}


def carrying(staff: Mapping[str, float], places: Mapping[str, Mapping[str, float]]) -> Carrying:
    """One verdict on people and places of stores, then the figures.

    staff : strategy -> mean load of its stores' people at the retailer's full size (`staff_loads`)
    places : KPI (shelf_load, …) -> strategy -> mean share in use in the busiest hour at the retailer's full size; kinds
        without a limit are not in it
    """
    loads = {PEOPLE: staff} if staff else {}
    loads |= {words: found for kind, words in PLACES.items() if (found := places.get(f"{kind}_load"))}
    if not loads:
        return Carrying("", False)
    short = {kind: over for kind, of in loads.items() if (over := [name for name, load in of.items() if load > 1])}
    tight = [kind for kind, of in loads.items() if kind not in short and max(of.values()) > TIGHT]
    both = "people" if len(loads) == 1 and staff else "people and places" if staff else "places"
    if short:
        arms = list(dict.fromkeys(name for over in short.values() for name in over))
        verdict = f"Stores cannot carry {_all(arms)} with the {both} planned, for want of {_all([*short])}"
    elif tight:
        queues = "queues grow at busy hours" if PEOPLE in tight else "many find them full at busy hours"
        verdict = f"Stores are tight: {queues}" if both == "people" else f"Stores are tight in {_all(tight)}: {queues}"
    else:
        verdict = f"Stores can carry it with the {both} planned"
    figures = []
    if staff:
        figures.append(f"picking, counter and returns take {_told(staff)} of their paid time")
    rest = "; ".join(f"{kind} {_told(of)}" for kind, of in loads.items() if kind != PEOPLE)
    if rest:
        figures.append(f"in the busiest hour are in use: {rest}")
    return Carrying(f"{verdict}: at the retailer's full size {', and '.join(figures)}.", bool(short))


def _told(loads: Mapping[str, float]) -> str:
    return ", ".join(f"{100 * load:.0f} % under {safe_text(name, 60)}" for name, load in loads.items())


def _all(names: Sequence[str]) -> str:
    """Names with 'and' before the last."""
    safe = [safe_text(name, 60) for name in names]
    return safe[0] if len(safe) == 1 else f"{', '.join(safe[:-1])} and {safe[-1]}"


def _second(winners: Sequence[Row], runner_up: tuple[str, str, Paired] | None) -> str:
    if runner_up is None or len(winners) < 2:
        return ""
    best, second, gap = runner_up
    if gap.ci_low is not None and gap.ci_low > 0:
        ends = interval(gap.ci_low, gap.ci_high, winners[0]["unit"])
        return f" It also beats {safe_text(second, 60)}, the next best, by {number(gap.diff, winners[0]['unit'])} ({ends})."
    return f" Whether {safe_text(best, 60)} or {safe_text(second, 60)} is the better of the two, one cannot tell."


def _losers(losers: Sequence[Row], base: str) -> str:
    told = [f"{_name(r)} earns less than {base}: {number(r['diff'], r['unit'], sign=True)} ({_interval(r)})" for r in losers]
    return "".join(f" {text}." for text in told)


def _name(row: Row) -> str:
    return safe_text(row["strategy"], 60)


def _interval(row: Row) -> str:
    ends = interval(row["ci_low"], row["ci_high"], row["unit"])
    return f"95 % interval {ends}, {row['replications']} pairs"
