"""A valuation in words: the difference, who carries it, who does not pay, and the first thing to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from omosim.results.words import interval, number, safe_text
from omosim.study.payback import YEAR_DAYS
from omosim.study.stats import BETTER, CANNOT_TELL, WORSE

Row = Mapping[str, Any]
NAMED = 3  # capabilities named one by one; of the others their number
_REST = re.compile(r"\bthe other (\d+)\b")  # the player of those that were not named, as the tables call it


def minor(summary: Row) -> str:
    """Unit of the tables."""
    return f"minor {summary['unit']}".strip()


def answer(summary: Row) -> str:
    """The answer sentence first, then who carries it, who does not pay, and what to do first."""
    unit, total = minor(summary), summary["total"]
    base, end = safe_text(summary["from"], 80), safe_text(summary["to"], 80)
    share = summary["shoppers"] < summary["shoppers_of_retailer"]
    of = f", {summary['shoppers']:,} of the retailer's {summary['shoppers_of_retailer']:,} shoppers" if share else ""
    text = f"From {base} to {end} {number(total['per_year'], unit, sign=True)} operating profit a year{_ends(total, unit)}{of}"
    if total["ci_low"] is None or total["ci_low"] <= 0 <= total["ci_high"]:
        text += "; one cannot tell whether it pays"
    rows = summary["values"]
    return f"{text}. {_carried(rows, unit)} {first(summary)}".strip()


def _ends(row: Row, unit: str, name: str = "per_year") -> str:
    ends = interval(row[f"{name}_low"], row[f"{name}_high"], unit)
    return f" ({ends})" if ends else ""


def called(name: str, most: int = 60) -> str:
    """A player in a sentence: the rest of those not named says that it is several together."""
    return _REST.sub(r"the \1 other capabilities together", safe_text(name, most))


def _last(rows: Sequence[Row]) -> list[Row]:
    """The same rows, the rest of those not named at the end."""
    return sorted(rows, key=lambda r: _REST.fullmatch(r["capability"]) is not None)


def _carried(rows: Sequence[Row], unit: str) -> str:
    """Who pays, who does not, and of whom one cannot tell."""
    pays, costs, unclear = ([r for r in rows if r["verdict"] == v] for v in (BETTER, WORSE, CANNOT_TELL))
    parts = []
    if pays:
        pays = _last(pays)
        told = _listed([f"{called(r['capability'])} {number(r['per_year'], unit, sign=True)}" for r in pays])
        parts.append(f"It is carried by {told}.")
    if costs:
        low = _last(sorted(costs, key=lambda r: r["per_year"]))
        several = len(costs) > 1 or _REST.fullmatch(costs[0]["capability"])
        told = _listed([f"{called(r['capability'])} ({number(r['per_year'], unit, sign=True)})" for r in low])
        parts.append(f"{told[0].upper() + told[1:] if told.startswith('the ') else told} {'do not pay' if several else 'does not pay'}.")
    if unclear:
        parts.append(f"One cannot tell of {_listed([called(r['capability']) for r in _last(unclear)])}.")
    return " ".join(parts)


def _listed(told: Sequence[str]) -> str:
    """The first few by name, of the others how many; the rest of those not named always by name, at the end."""
    rest = [t for t in told if "other capabilities together" in t]
    plain = [t for t in told if t not in rest]
    words = plain[:NAMED] + ([f"{len(plain) - NAMED} more"] if len(plain) > NAMED else []) + rest
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def action(change: str) -> str:
    """What taking a player over means."""
    return {"added": "switch on", "dropped": "switch off", "changed": "move up"}.get(change, "take over")


def first(summary: Row) -> str:
    """The first thing to do; that nothing pays at first where nothing does. The rest of those not named is held against no other step."""
    ladder = summary["ladder"]
    if not ladder:
        return ""
    step, year = ladder[0], YEAR_DAYS / summary["days"]
    unit = minor(summary)
    name = called(step["capability"], 160)
    named = any(_REST.fullmatch(row["capability"]) for row in summary["values"]) and not _REST.search(step["capability"])
    low, high = (None if step[k] is None else step[k] * year for k in ("ci_low", "ci_high"))
    ends = interval(low, high, unit)
    money = f"{number(step['gain'] * year, unit, sign=True)} a year" + (f" ({ends})" if ends else "")
    if step["verdict"] == WORSE:
        return f"{'None of the named capabilities' if named else 'No first step'} pays{' as a first step' if named else ''}: the best, {name}, loses {money}."
    if step["verdict"] == CANNOT_TELL:
        of = "Of none of the named capabilities can one tell that it pays as a first step" if named else "Of no first step can one tell that it pays"
        return f"{of}; the best is {name}, {money}."
    change = next((row["change"] for row in summary["values"] if row["capability"] == step["capability"].split(" with ")[0]), "")
    text = f"First thing to do: {action(change)} {name}, {money}"
    if step["runner_up"] and not (step["lead_low"] is not None and step["lead_low"] > 0):
        text += f"; whether {called(step['runner_up'], 160)} should come before it one cannot tell"
    return text + "."
