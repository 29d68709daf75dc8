"""The answer in words: which strategy pays, by how much, how sure; or that one cannot tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def capacity(rows: Sequence[Row], baseline: str) -> str:
    """Whether the stores can carry it: a sentence from the comparison rows of store_staff_load, "" without them."""
    loads = {row["strategy"]: row["mean"] for row in rows if row["kpi"] == "store_staff_load" and row["mean"] is not None}
    base = next((row["baseline_mean"] for row in rows if row["kpi"] == "store_staff_load"), None)
    if not loads or base is None:
        return ""
    loads[baseline] = base
    told = ", ".join(f"{100 * load:.0f} % under {safe_text(name, 60)}" for name, load in loads.items())
    most = max(loads.values())
    verdict = (
        "Stores cannot carry it with the people planned" if most > 1
        else "Stores are tight: queues grow at busy hours" if most > TIGHT
        else "Stores can carry it with the people planned"
    )  # fmt: skip
    return f" {verdict}: at the retailer's full size picking, counter and returns take {told} of their paid time."


#: kinds of places of stores, as the answer names them
PLACES = {"shelf": "bins of the pickup shelf", "locker": "locker boxes", "bay": "curbside bays", "room": "fitting rooms", "slot": "pickup slots"}


def places(loads: Mapping[str, Mapping[str, float]]) -> str:
    """Which kinds of places are short: a sentence, "" where none has a limit.

    loads : KPI (shelf_load, …) -> strategy -> mean share in use in the busiest hour at the retailer's full size
    """
    said: dict[str, list[str]] = {"short": [], "tight": [], "enough": []}
    for kind, words in PLACES.items():
        found = loads.get(f"{kind}_load", {})
        if not found:
            continue
        most = max(found.values())
        told = ", ".join(f"{100 * load:.0f} % under {safe_text(name, 60)}" for name, load in found.items())
        said["short" if most > 1 else "tight" if most > TIGHT else "enough"].append(f"{words} ({told})")
    parts = [f"{head}: {'; '.join(names)}" for head, names in said.items() if names]
    if not parts:
        return ""
    return f" Places of stores in their busiest hour at the retailer's full size: {', '.join(parts)}."


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
