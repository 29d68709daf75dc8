"""The page of a valuation, rebuilt from the folder's files alone: waterfall, ladder, synergies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omosim.reports.figures_value import Part, waterfall
from omosim.reports.labels import law_meaning
from omosim.reports.page import about, failures, render
from omosim.reports.value_screen import VERDICTS, back, ends, unit_of
from omosim.results import ResultFolder
from omosim.results.words import figure, number, percent, unit_words

Row = dict[str, Any]


def fall(summary: Row) -> str:
    """The values one after the other, and their sum."""
    parts = [Part(row["capability"], row["per_year"], row["per_year_low"], row["per_year_high"], row["verdict"] != "cannot_tell") for row in summary["values"]]
    return waterfall(parts, unit=unit_of(summary), title=f"From {summary['from']} to {summary['to']}", end="all together", note="operating profit a year; lines are 95 % intervals")


def value_page(folder: ResultFolder) -> str:
    """HTML of a valuation; needs summary.json and provenance.json."""
    summary = folder.summary()
    unit, year = unit_of(summary), 365.0 / summary["days"]
    total = summary["total"]
    tone = "cannot_tell" if total["ci_low"] is None or total["ci_low"] <= 0 <= total["ci_high"] else "better" if total["ci_low"] > 0 else "worse"
    return render(
        "value.html", heading="Value of capabilities", summary=summary, tone=tone, facts=_facts(summary), unit=unit_words(unit), fall=fall(summary),
        rows=[_value(row, unit, year) for row in [*summary["values"], {**total, "capability": "all together", "verdict": "", "change": ""}]],
        ladder=[_step(row, unit, year) for row in summary["ladder"]], synergy=[_pair(row, unit, year) for row in summary["synergy"]], method=method_words(summary),
        sampled=not summary["exact"], verdict_words=VERDICTS, failures=failures(folder), law_meaning=law_meaning, **about(folder),
    )  # fmt: skip


def method_words(summary: Mapping[str, Any]) -> str:
    """How the values came about."""
    runs = f"{summary['coalitions']:,} coalitions in {summary['replications']} paired replications ({summary['runs']:,} runs)"
    how = f"All {summary['coalitions']:,} different coalitions are counted" if summary["exact"] else f"{summary['orders']} sampled orders, each beside its reverse"
    return f"{how}: {runs}. The values add up to the difference of the strategies: residual {summary['residual']:g}."


def _facts(summary: Row) -> list[tuple[str, str]]:
    total = summary["total"]
    return [
        ("Share of net revenue", f"{100 * total['of_revenue']:+.2f} %"),
        ("Capital", number(total["capital"], unit_of(summary))),
        ("Payback", back(total) if total["capital"] > 0 else "no capital"),
        ("Players", f"{summary['players']} ({'exact' if summary['exact'] else str(summary['orders']) + ' sampled orders'})"),
        ("Paired replications", f"{summary['replications']}"),
        ("Residual", f"{summary['residual']:g}"),
        ("Period", str(summary["period"])),
    ]


def _value(row: Row, unit: str, year: float) -> Row:
    money = {name: figure(row[name] * year, unit, sign=name == "gross_effect") for name in ("gross_effect", "running_cost", "write_off")}
    prob = "" if row.get("prob_positive") is None else percent(row["prob_positive"])
    return {
        **money, "name": row["capability"], "change": row["change"], "verdict": row["verdict"], "members": ", ".join(row.get("members") or []) if len(row.get("members") or []) > 1 else "",
        "value": figure(row["per_year"], unit, sign=True), "ends": ends(row, "per_year_low", "per_year_high", unit), "share": f"{100 * row['of_revenue']:+.2f} %",
        "capital": figure(row["capital"], unit), "payback": back(row).partition(" (")[0], "payback_ends": back(row).partition(" (")[2].removesuffix(")"), "sure": prob,
        "sampling": f"± {figure(row['sampling_half'] * year, unit)}" if row.get("sampling_half") else "",
    }  # fmt: skip


def _step(row: Row, unit: str, year: float) -> Row:
    lead = "" if not row["runner_up"] else f"{row['runner_up']}: {figure(row['lead'] * year, unit, sign=True)} behind" + (
        "" if row["lead_low"] is not None and row["lead_low"] > 0 else ", one cannot tell which is first"
    )
    lead = lead.replace("+", "", 1)
    return {"step": row["step"], "name": row["capability"], "gain": figure(row["gain"] * year, unit, sign=True), "ends": ends(row, "ci_low", "ci_high", unit, year), "total": figure(row["total"] * year, unit, sign=True), "verdict": row["verdict"], "lead": lead}


def _pair(row: Row, unit: str, year: float) -> Row:
    words = {"helps": "worth more together", "hinders": "worth less together", "cannot_tell": "cannot tell"}
    tone = {"helps": "better", "hinders": "worse"}.get(row["verdict"], "cannot_tell")
    return {"a": row["a"], "b": row["b"], "index": figure(row["index"] * year, unit, sign=True), "ends": ends(row, "ci_low", "ci_high", unit, year), "words": words[row["verdict"]], "tone": tone, "needs": row["needs"]}
