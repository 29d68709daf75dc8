"""The page of a valuation, rebuilt from the folder's files alone: waterfall, ladder, synergies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omosim.reports.figures import Axis, axis, short
from omosim.reports.labels import law_meaning
from omosim.reports.page import about, render
from omosim.reports.value_screen import VERDICTS, back, ends, unit_of
from omosim.results import ResultFolder
from omosim.results.words import figure, number, percent, safe_text, unit_words

Row = dict[str, Any]
_ROW, _NAME, _WORDS, _PLOT = 30, 180, 310, 560
_COLOUR = {"better": "#0b6e8f", "worse": "#b4501e", "cannot_tell": "#7b8490", "total": "#2b3440"}


@dataclass(frozen=True)
class Bar:
    """One row of the waterfall, in the picture's units: bar, its interval, the link from the row above."""

    name: str
    words: str
    verdict: str
    y: int
    left: float
    width: float
    low: float | None
    high: float | None
    link: float | None
    end: float
    colour: str


@dataclass(frozen=True)
class Waterfall:
    """Bars that lead from one strategy to the other."""

    bars: list[Bar]
    ticks: list[tuple[float, str]]
    zero: float
    height: int


def waterfall(summary: Row) -> Waterfall:
    """Place the values one after the other, the total below them; the whisker is the interval of the bar's own step."""
    unit = unit_of(summary)
    rows, total = summary["values"], summary["total"]
    spans, level = [], 0.0
    for row in rows:
        spans.append((level, level + row["per_year"]))
        level += row["per_year"]
    edges = [v for span in spans for v in span]
    for (start, _), row in zip(spans, rows, strict=True):
        edges += [start + row[k] for k in ("per_year_low", "per_year_high") if row[k] is not None]
    edges += [v for k in ("per_year", "per_year_low", "per_year_high") if (v := total[k]) is not None]
    scale = axis(edges, most=5)
    bars, previous = [], None
    named = [*((row["capability"], row, start, row["verdict"]) for row, (start, _) in zip(rows, spans, strict=True)), ("all together", total, 0.0, "total")]
    for n, (name, row, start, verdict) in enumerate(named):
        low, high = (None if row[k] is None else _x(scale, start + row[k]) for k in ("per_year_low", "per_year_high"))
        at, to = _x(scale, start), _x(scale, start + row["per_year"])
        interval = ends(row, "per_year_low", "per_year_high", unit)
        bars.append(Bar(safe_text(name, 30), figure(row["per_year"], unit, sign=True) + (f" ({interval})" if interval else ""), verdict, 8 + n * _ROW + (8 if verdict == "total" else 0), min(at, to), max(abs(to - at), 1.0), low, high, previous, to, _COLOUR[verdict]))
        previous = to
    return Waterfall(bars, [(_x(scale, t), short(t)) for t in scale.ticks], _x(scale, 0.0), 8 + len(named) * _ROW + 44)


def _x(scale: Axis, value: float) -> float:
    return round(_NAME + scale.at(value) / 100 * _PLOT, 2)


def value_page(folder: ResultFolder) -> str:
    """HTML of a valuation; needs summary.json and provenance.json."""
    summary = folder.summary()
    unit, year = unit_of(summary), 365.0 / summary["days"]
    total = summary["total"]
    tone = "cannot_tell" if total["ci_low"] is None or total["ci_low"] <= 0 <= total["ci_high"] else "better" if total["ci_low"] > 0 else "worse"
    return render(
        "value.html", heading="Value of capabilities", summary=summary, tone=tone, facts=_facts(summary), unit=unit_words(unit), fall=waterfall(summary),
        wide=_NAME + _PLOT + _WORDS, right=_NAME + _PLOT, left=_NAME, rows=[_value(row, unit, year) for row in [*summary["values"], {**total, "capability": "all together", "verdict": "", "change": ""}]],
        ladder=[_step(row, unit, year) for row in summary["ladder"]], synergy=[_pair(row, unit, year) for row in summary["synergy"]], method=method_words(summary),
        sampled=not summary["exact"], verdict_words=VERDICTS, failures=_failures(folder), law_meaning=law_meaning, **about(folder),
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


def _failures(folder: ResultFolder) -> list[Row]:
    path = folder.path / "failures.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[:20]] if path.is_file() else []
