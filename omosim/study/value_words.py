"""A valuation in words: the difference, who carries it, who does not pay, and the first thing to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omosim.results.words import interval, number, safe_text
from omosim.study.payback import YEAR_DAYS
from omosim.study.stats import BETTER, CANNOT_TELL, WORSE

Row = Mapping[str, Any]
NAMED = 3  # capabilities named one by one; of the others their number


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


def _carried(rows: Sequence[Row], unit: str) -> str:
    """Who pays, who does not, and of whom one cannot tell."""
    pays, costs, unclear = ([r for r in rows if r["verdict"] == v] for v in (BETTER, WORSE, CANNOT_TELL))
    parts = []
    if pays:
        told = ", ".join(f"{safe_text(r['capability'], 60)} {number(r['per_year'], unit, sign=True)}" for r in pays[:NAMED])
        more = f" and {len(pays) - NAMED} more pay" if len(pays) > NAMED else ""
        parts.append(f"It is carried by {told}{more}." if len(pays) > 1 else f"It is carried by {told}.")
    if costs:
        low = sorted(costs, key=lambda r: r["per_year"])
        verb = "do not pay" if len(costs) > 1 else "does not pay"
        told = ", ".join(f"{safe_text(r['capability'], 60)} ({number(r['per_year'], unit, sign=True)})" for r in low[:NAMED])
        more = f" and {len(costs) - NAMED} more" if len(costs) > NAMED else ""
        parts.append(f"{told}{more} {verb}.")
    if unclear:
        names = ", ".join(safe_text(r["capability"], 60) for r in unclear[:NAMED]) + (f" and {len(unclear) - NAMED} more" if len(unclear) > NAMED else "")
        parts.append(f"Of {names} one cannot tell.")
    return " ".join(parts)


def action(change: str) -> str:
    """What taking a player over means."""
    return {"added": "switch on", "dropped": "switch off", "changed": "move up"}.get(change, "take over")


def first(summary: Row) -> str:
    """The first thing to do; that nothing pays at first where nothing does."""
    ladder = summary["ladder"]
    if not ladder:
        return ""
    step, year = ladder[0], YEAR_DAYS / summary["days"]
    unit = minor(summary)
    name = safe_text(step["capability"], 160)
    low, high = (None if step[k] is None else step[k] * year for k in ("ci_low", "ci_high"))
    ends = interval(low, high, unit)
    money = f"{number(step['gain'] * year, unit, sign=True)} a year" + (f" ({ends})" if ends else "")
    if step["verdict"] == WORSE:
        return f"No first step pays: the best, {name}, loses {money}."
    if step["verdict"] == CANNOT_TELL:
        return f"Of no first step can one tell that it pays; the best is {name}, {money}."
    change = next((row["change"] for row in summary["values"] if row["capability"] == step["capability"].split(" with ")[0]), "")
    text = f"First thing to do: {action(change)} {name}, {money}"
    if step["runner_up"] and not (step["lead_low"] is not None and step["lead_low"] > 0):
        text += f"; whether {safe_text(step['runner_up'], 160)} should come before it one cannot tell"
    return text + "."
