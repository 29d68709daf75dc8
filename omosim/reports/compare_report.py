"""The page of a comparison, rebuilt from the folder's files alone."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from omosim.reports.figures import COLOURS, Chart, Forest, Interval, Line, bridge, chart, forest
from omosim.reports.labels import MAIN, SUBTOTALS, law_meaning, line_title, reading_order, title, verdict_words
from omosim.reports.page import about, failures, render
from omosim.results import ResultFolder
from omosim.results.words import SHARES, interval, minor_units, number, unit_words

Row = dict[str, Any]


def compare_page(folder: ResultFolder) -> str:
    """HTML of a comparison; needs summary.json and provenance.json, uses the tables that are there."""
    summary = folder.summary()
    rows: list[Row] = summary.get("comparison", [])
    arms = [s for s in summary.get("strategies", []) if s != summary["baseline"]]
    by_kpi: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        by_kpi[row["kpi"]][row["strategy"]] = row
    told = [k for k, of_arm in by_kpi.items() if any(r["diff"] is not None or r["mean"] is not None for r in of_arm.values())]
    untold = [title(k) for k in by_kpi if k not in told]
    groups = [(head, [(k, title(k), by_kpi[k]) for k in kpis]) for head, kpis in reading_order(told)]
    profit = by_kpi.get("operating_profit", {})
    return render(
        "compare.html",
        heading="Strategy comparison",
        summary=summary,
        arms=arms,
        groups=groups,
        untold=untold,
        convergence=convergence(folder, summary, arms, profit),
        verdict_of=verdict_words,
        tone=_tone(profit),
        facts=_facts(summary, profit),
        profit_forest=profit_forest(by_kpi, arms),
        panels=[p for p in (_panel(kpi, by_kpi[kpi], arms) for kpi in MAIN if kpi in by_kpi) if p],
        bridges=bridges(folder, summary, by_kpi, arms),
        failures=failures(folder),
        law_meaning=law_meaning,
        **about(folder),
    )


def _tone(profit: dict[str, Row]) -> str:
    verdicts = {row["verdict"] for row in profit.values()}
    if "better" in verdicts:
        return "better"
    return "worse" if verdicts == {"worse"} else "cannot_tell"


def _facts(summary: Row, profit: dict[str, Row]) -> list[tuple[str, str]]:
    """Small print under the answer that a careful reader looks for first."""
    gains = [row["variance_reduction"] for row in profit.values() if row["variance_reduction"] is not None]
    reached = summary.get("precision_reached")
    wanted = summary.get("precision")
    facts = [("Pairs of runs", f"{summary.get('pairs', summary.get('replications', 0)):,}")]
    if reached is not None and wanted is not None:
        facts.append(("Precision reached", f"±{100 * reached:.3g} % of revenue (asked: {100 * wanted:.3g} %)"))
    if gains:
        facts.append(("Pairing saves", f"{min(gains):,.1f} × the runs of independent seeds"))
    if summary.get("scenario"):
        facts.append(("Scenario", str(summary["scenario"])))
    facts.append(("Stopped because", str(summary.get("stopped", ""))))
    return facts


def _interval_words(row: Row, scale: float = 1.0, unit: str | None = None) -> str:
    if row["diff"] is None:
        return row.get("reason") or "undefined"
    unit = row["unit"] if unit is None else unit
    if row["ci_low"] is None:
        return number(row["diff"] * scale, unit, sign=True)
    if row["ci_low"] == row["ci_high"]:
        return f"{number(row['diff'] * scale, unit, sign=True)} in every pair"
    ends = interval(row["ci_low"] * scale, row["ci_high"] * scale, unit)
    return f"{number(row['diff'] * scale, unit, sign=True)} ({ends})"


def _interval(name: str, row: Row, scale: float, words: str) -> Interval:
    low, mid, high = (None if row[k] is None else row[k] * scale for k in ("ci_low", "diff", "ci_high"))
    return Interval(name, low, mid, high, row["verdict"], words, says=verdict_words(row))


def profit_forest(by_kpi: dict[str, dict[str, Row]], arms: list[str]) -> Forest | None:
    """Profit differences in per cent of the baseline's revenue, so that arms and markets can be compared."""
    profit, revenue = by_kpi.get("operating_profit", {}), by_kpi.get("net_revenue", {})
    rows = []
    for arm in arms:
        base = revenue.get(arm, {}).get("baseline_mean")
        if arm in profit and base:
            rows.append(
                _interval(arm, profit[arm], 100 / abs(base), _interval_words(profit[arm], 100 / abs(base), "%"))
            )
    return forest("Operating profit", "% of baseline net revenue", rows) if rows else None


def _panel(kpi: str, of_arm: dict[str, Row], arms: list[str]) -> Forest | None:
    """One KPI: shares in points, the rest relative to the baseline's mean."""
    rows, unit = [], ""
    for arm in arms:
        row = of_arm.get(arm)
        if row is None or row["diff"] is None:
            continue
        base = row["baseline_mean"]
        if row["unit"] in SHARES:
            unit, scale, words = "percentage points", 100.0, _interval_words(row)
        elif base:
            unit, scale, words = "% of baseline", 100 / abs(base), _interval_words(row)
        else:
            unit, scale, words = unit_words(row["unit"]), 1.0, _interval_words(row)
        rows.append(_interval(arm, row, scale, words))
    return forest(title(kpi), unit, rows) if rows else None


def bridges(folder: ResultFolder, summary: Row, by_kpi: dict[str, dict[str, Row]], arms: list[str]) -> list[Row]:
    """From the baseline's profit to each arm's, line by line; what the lines leave open is shown as a line."""
    profit = by_kpi.get("operating_profit", {})
    lines = _pnl_means(folder, summary["baseline"], arms)
    out = []
    for arm in arms:
        row = profit.get(arm)
        if row is None or row["diff"] is None:
            continue
        moves = _signed(lines.get(arm, {})) or _from_kpis(by_kpi, arm)
        moves = {name: amount for name, amount in moves.items() if amount}
        rest = row["diff"] - sum(moves.values())
        if abs(rest) > max(1.0, 1e-6 * sum(map(abs, moves.values()))):
            moves["other lines"] = rest
        if not moves:
            continue
        ordered = dict(sorted(moves.items(), key=lambda item: -item[1]))
        named = {line_title(name): amount for name, amount in ordered.items()}
        words = {name: number(amount, row["unit"], sign=True) for name, amount in named.items()}
        steps, zero = bridge(named, words, "Operating profit", number(row["diff"], row["unit"], sign=True))
        out.append(
            {
                "arm": arm,
                "steps": steps,
                "zero": zero,
                "start": number(row["baseline_mean"], row["unit"]),
                "end": number(row["mean"], row["unit"]),
            }
        )
    return out


def _pnl_means(folder: ResultFolder, baseline: str, arms: list[str]) -> dict[str, dict[str, float]]:
    """arm -> line -> mean difference from the baseline over the replications that both have."""
    if not folder.has_table("pnl"):
        return {}
    table = folder.read_table("pnl")
    amounts: dict[str, dict[int, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for arm, r, line, amount in zip(
        table["strategy"], table["replication"], table["line"], table["amount"], strict=True
    ):
        amounts[arm][r][line] = amount
    out: dict[str, dict[str, float]] = {}
    for arm in arms:
        shared = sorted(amounts[arm].keys() & amounts[baseline].keys())
        names = dict.fromkeys(line for r in shared for side in (arm, baseline) for line in amounts[side][r])
        out[arm] = {
            line: sum(amounts[arm][r].get(line, 0) - amounts[baseline][r].get(line, 0) for r in shared) / len(shared)
            for line in names
        }
    return out


def _signed(lines: dict[str, float]) -> dict[str, float]:
    """Lines without subtotals, costs as what they take from profit; empty when that does not add up to profit."""
    parts = {name: amount for name, amount in lines.items() if name not in SUBTOTALS and not name.endswith("_total")}
    if "operating_profit" not in lines:
        return parts
    total = lines["operating_profit"]
    turned = {name: -amount if name.endswith(("_cost", "_costs")) else amount for name, amount in parts.items()}
    for attempt in (parts, turned):
        if abs(sum(attempt.values()) - total) <= max(1.0, 1e-9 * abs(total)):
            return attempt
    return {}


def _from_kpis(by_kpi: dict[str, dict[str, Row]], arm: str) -> dict[str, float]:
    """The headlines as a bridge, when the runs carry no profit lines that add up."""

    def diff(kpi: str) -> float | None:
        value = by_kpi.get(kpi, {}).get(arm, {}).get("diff")
        return None if value is None else float(value)

    revenue, gross = diff("net_revenue"), diff("gross_profit")
    out: dict[str, float] = {}
    if revenue is not None:
        out["net_revenue"] = revenue
    if revenue is not None and gross is not None:
        out["goods"] = gross - revenue
    for cost in ("fulfilment_cost", "labour_cost", "capability_cost", "media_cost"):
        value = diff(cost)
        if value is not None:
            out[cost] = -value
    return out


def convergence(folder: ResultFolder, summary: Row, arms: list[str], profit: dict[str, Row]) -> list[Chart]:
    """The interval of each strategy's profit difference after 2, 3, … replications; none from a folder of before."""
    if not folder.has_table("convergence"):
        return []
    table, out = folder.read_table("convergence"), []
    for arm in arms[:6]:
        at = [i for i, name in enumerate(table["strategy"]) if name == arm and table["diff"][i] is not None]
        if len(at) < 2 or arm not in profit:
            continue
        scale = minor_units(profit[arm]["unit"])
        low, mid, high = ([None if table[k][i] is None else table[k][i] / scale for i in at] for k in ("ci_low", "diff", "ci_high"))
        lines = [Line("mean difference", mid, COLOURS[0]), Line("no difference", [0.0] * len(at), "#5b6470", dashed=True)]
        unit = f"{unit_words(profit[arm]['unit'])} from {summary['baseline']}, by replications"
        out.append(chart(arm, unit, lines, [str(table["replications"][i]) for i in at], band=(low, high), band_name="95 % interval"))
    return out
