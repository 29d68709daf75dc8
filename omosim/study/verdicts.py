"""A sweep's answer in sentences: the choice over uncertain inputs, what to find out first, where it loses, what more runs would tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from omosim.results.words import number, percent, safe_text
from omosim.study.designs import MORRIS, SALTELLI
from omosim.study.uncertain import FIT, NOISE, REST, stands_out

Row = Mapping[str, Any]
MOST_ASKED = 10_000

METHODS = {
    FIT: "share of the variance of the difference that a straight line (or the levels) of the input tells; a first look",
    MORRIS: "mean absolute elementary effect over the whole range (Morris), in money",
    SALTELLI: "share of the variance of the difference, joint effects included (Sobol's total index)",
}


def answer(futures: Sequence[Row], studied: Sequence[Row], baseline: str, unit: str, what: str) -> str:
    """Which strategy to take over these points, how sure, and at what risk.

    futures : rows of futures.parquet; studied : entries of `uncertain.study`; what : futures or points
    """
    if not futures:
        return "No point has a run of every strategy."
    best, calm = max(futures, key=lambda r: r["share_best"]), min(futures, key=lambda r: r["regret"])
    count = int(best["points"])
    if count == 1:
        return _single(studied, best, unit)
    if len(futures) == 1:
        return safe_text(f"{best['strategy']} alone over {count:,} {what}: give strategy=a,b to compare.", 400)
    text = [_pick(futures, best, calm, studied, baseline, unit, what)]
    text += [found for found in (_gain(row, unit, what) for row in studied) if found]
    return safe_text(" ".join(text), 2000)


def _single(studied: Sequence[Row], best: Row, unit: str) -> str:
    told = []
    for row in studied:
        if not row["points"]:
            continue
        sure = row["points"]["better"] or row["points"]["worse"]
        way = "earns more than" if row["gain"]["mean"] > 0 else "earns less than"
        told.append(f"{row['strategy']} {way} {row['baseline']}: {number(row['gain']['mean'], unit, sign=True)}{_ends(row['gain'], unit)}." if sure else f"One cannot tell {row['strategy']} from {row['baseline']}{_ends(row['gain'], unit)}.")
    return safe_text((f"One point. {' '.join(told)}" if told else f"{best['strategy']} alone at one point."), 2000)


def _pick(futures: Sequence[Row], best: Row, calm: Row, studied: Sequence[Row], baseline: str, unit: str, what: str) -> str:
    count = int(best["points"])
    wins = round(best["share_best"] * count)
    share = f"{wins:,} of {count:,} {what}"
    if best.get("share_best_low") is None:
        return f"One cannot tell which strategy is best over these {what}: {best['strategy']} earns most at {share}, but with one repetition a point it is not known how much of that is chance."
    if best["share_best_low"] < best["share_best_high"]:
        share += f" ({100 * best['share_best_low']:.0f} to {100 * best['share_best_high']:.0f} %)"
    if not _clear(futures, best, studied, baseline):
        return f"One cannot tell which strategy is best over these {what}: {best['strategy']} earns most at {share}."
    if calm is best and wins == count:
        return f"{best['strategy']} is best at {share}."
    if calm is best:
        worst = number(best["regret_worst_decile"], unit) if best.get("regret_worst_decile") is not None else ""
        return f"{best['strategy']} is best at {share} and has the least regret: {number(best['regret'], unit)} on average, {worst} in the worst tenth."
    return f"{best['strategy']} is best at {share}, but {calm['strategy']} has the least regret: {number(calm['regret'], unit)} on average against {number(best['regret'], unit)}."


def _clear(futures: Sequence[Row], best: Row, studied: Sequence[Row], baseline: str) -> bool:
    """Whether the best share is more than chance: of two, above a half; of more, above every other's interval; and told at half of the points or more."""
    if best["share_best_low"] is None:
        return False
    others = [row for row in futures if row is not best]
    if best["share_best_low"] <= (0.5 if len(others) == 1 else max(row["share_best_high"] for row in others)):
        return False
    rows = [row for row in studied if row["points"] and row["strategy"] == best["strategy"]] or [row for row in studied if row["points"]]
    return all(2 * row["points"]["cannot_tell"] <= sum(row["points"].values()) for row in rows)


def _gain(row: Row, unit: str, what: str) -> str:
    gain = row["gain"]
    if gain is None or gain["mean"] is None:
        return ""
    size = f"{number(abs(gain['mean']), unit)} {'more' if gain['mean'] >= 0 else 'less'} than {row['baseline']} on average over them"
    told = row["points"]["cannot_tell"]
    some = f"at {told:,} of {sum(row['points'].values()):,} {what} runs cannot tell the two apart" if told else ""
    if gain["ci_low"] is None:
        return f"{row['strategy']} earned {size} in these runs, without an interval{f': {some}' if some else ''}."
    sure = gain["ci_low"] > 0 or gain["ci_high"] < 0
    text = f"{row['strategy']} earns {size}" if sure else f"Whether {row['strategy']} earns more than {row['baseline']} on average over them one cannot tell: {number(gain['mean'], unit, sign=True)}"
    return text + _ends(gain, unit) + (f"; {some}" if some else "") + "."


def _ends(gain: Mapping[str, Any], unit: str) -> str:
    if gain["ci_low"] is None:
        return ""
    low, high = (number(gain[name], unit, sign=True) for name in ("ci_low", "ci_high"))
    return f" ({low} to {high})"


def lead(studied: Sequence[Row], futures: Sequence[Row]) -> Row | None:
    """The comparison that the choice turns on: the strategy that is best most often, but the baseline, against it."""
    share = {row["strategy"]: row["share_best"] for row in futures}
    return max(studied, key=lambda row: share.get(row["strategy"], -1.0), default=None)


def first_thing(row: Row) -> str:
    """The input that decides most of whether a strategy beats the baseline; empty where nothing was varied."""
    named = [r for r in row["sensitivity"] if r["input"] not in (NOISE, REST) and r["effect"] is not None]
    if not named:
        return ""
    top = named[0]
    noise = next((r["effect"] for r in row["sensitivity"] if r["input"] == NOISE), None)
    if not stands_out(top, noise):
        why = "One repetition a point does not tell" if noise is None else "No input stands out from chance in"
        ask = "which input decides " if noise is None else ""
        return safe_text(f"{why} {ask}what {row['strategy']} gains over {row['baseline']}: more replications tell more, then more points (`omosim sweep extend`).", 600)
    if row["method"] == MORRIS:
        how = "moves it most (Morris)"
    else:
        name = "Sobol's total share" if row["method"] == SALTELLI else "a linear fit, a first look"
        how = f"decides {percent(top['effect'])} of how it varies ({name})"
    text = f"The first thing to find out is {top['input']}: of what {row['strategy']} gains over {row['baseline']}, it {how}."
    bar = next((bar for bar in row["tornado"] if bar["input"] == top["input"]), None)
    if bar is not None and bar.get("flips_at") is not None and bar["low"] * bar["high"] < 0:
        side = "above" if bar["high"] > 0 else "below"
        text += f" {row['strategy']} is ahead {side} about {bar['flips_at']:.3g}."
    return safe_text(text, 600)


def box_words(row: Row, what: str) -> str:
    """Where a strategy loses (or wins, when that is rarer); empty without a box."""
    box = row["box"]
    if box is None:
        return ""
    kind = "losing" if box["of"] == "loses" else "winning"
    if not box["limits"]:
        return safe_text(f"No limit on the inputs tells where {row['strategy']} {box['of']} against {row['baseline']}.", 600)
    verb = "lose" if box["of"] == "loses" else "win"
    unsure = 2 * row["points"]["cannot_tell"] > sum(row["points"].values())
    head = f"By means that one cannot tell from chance at most {what}: " if unsure else ""
    return safe_text(f"{head}{row['strategy']} {box['of']} against {row['baseline']} mostly where {box['text']}: this covers {100 * box['coverage']:.0f} % of the {kind} {what}, and {100 * box['density']:.0f} % of the {what} in it {verb}.", 900)


def needed_words(row: Row, seeds: int, place: str, unit: str) -> str:
    """What more replications would tell, as a command; empty where all is told."""
    asked = row["needed"]
    if asked is None or not row["points"] or not row["points"]["cannot_tell"]:
        return ""
    command = f"omosim sweep extend {place} replications=+"
    if asked["pairs"] is None:
        return safe_text(f"One repetition a point: how much of the difference between {row['strategy']} and {row['baseline']} is chance is not known. `{command}3` tells.", 600)
    more = math.ceil(asked["pairs"] / max(seeds, 1)) - math.ceil(asked["have"] / max(seeds, 1))
    head = f"To tell {row['strategy']} from {row['baseline']} at 95 % at half of the {asked['points']:,} points where that fails now (difference {number(asked['half_width'], unit)} there)"
    if asked["pairs"] > MOST_ASKED:
        return safe_text(f"{head} takes more than {MOST_ASKED:,} replications a point: the two are as good as equal there.", 600)
    return safe_text(f"{head} about {asked['pairs']:,} pairs a point are needed: `{command}{max(more, 1)}`.", 600)
