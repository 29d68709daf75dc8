"""The page of a sweep, rebuilt from the folder's files alone."""

from __future__ import annotations

from typing import Any

from omosim.reports.figures import Interval, forest
from omosim.reports.figures_value import Swing, tornado
from omosim.reports.labels import law_meaning
from omosim.reports.page import about, failures, render
from omosim.reports.sweep_screen import share_words, shown_money
from omosim.results import ResultFolder
from omosim.results.words import figure, interval, unit_words

Row = dict[str, Any]
SHOWN = 40  # points with an interval of their own


def sweep_page(folder: ResultFolder) -> str:
    """HTML of a sweep; needs summary.json, provenance.json and, with two strategies or more, differences.parquet."""
    summary = folder.summary()
    unit = f"minor {summary.get('unit', '')}".strip()
    design = folder.read_table("design") if folder.has_table("design") else {"point": []}
    names = [f["key"] for f in summary.get("factors", [])]
    points = _points(folder, design, names, unit)
    return render(
        "sweep.html", heading="Sweep", summary=summary, answer=summary.get("answer", ""),
        facts=_facts(summary), futures=[_future(row, unit) for row in summary.get("futures", [])], unit=unit_words(unit), points=points,
        more=max(0, len(design["point"]) - SHOWN), factors=[_factor(f) for f in summary.get("factors", [])], failures=failures(folder),
        tornados=tornados(summary, unit), sensitivities=_sensitivities(summary, unit), told=_told(summary), what=summary.get("what", "points"),
        law_meaning=law_meaning, **about(folder),
    )  # fmt: skip


def _facts(summary: Row) -> list[tuple[str, str]]:
    return [
        ("Design points", f"{summary.get('points', 0):,} ({summary.get('design', '')})"),
        ("Strategies", ", ".join(summary.get("strategies", []))),
        ("Seeds x replications", f"{len(summary.get('seeds', []))} x {summary.get('replications', 0):,}"),
        ("Runs", f"{summary.get('runs', 0):,}, {summary.get('failed_runs', 0):,} failed"),
    ]


def _factor(row: Row) -> tuple[str, str]:
    if row["values"]:
        return row["key"], ", ".join(str(v) for v in row["values"][:30]) + (" …" if len(row["values"]) > 30 else "")
    return row["key"], f"{row['low']:g} to {row['high']:g}"


def _future(row: Row, unit: str) -> Row:
    money = {name: figure(value, unit, sign=name in ("gain", "worst_decile")) for name, value in shown_money(row).items()}
    return {"strategy": row["strategy"], "share": share_words(row), **money}


def _told(summary: Row) -> list[list[str]]:
    """The findings in words, each cut at its backticks: every second piece is a command."""
    return [str(text).split("`") for name in ("first_thing", "boxes", "replications_needed") for text in summary.get(name, [])]


def tornados(summary: Row, unit: str) -> list[Row]:
    """A picture a strategy: the difference from the baseline at both ends of each input, around the mean over all points."""
    return [
        {"strategy": s["strategy"], "baseline": s["baseline"],
         "picture": tornado([Swing(r["input"], r["low"], r["high"], str(r["low_at"]), str(r["high_at"])) for r in s["tornado"]], base=s["gain"]["mean"], unit=unit,
                            title=f"{s['strategy']} less {s['baseline']}, operating profit", base_words="the mean over all points", most=12)}
        for s in summary.get("studied", []) if s["tornado"] and s["gain"]
    ]  # fmt: skip


def _sensitivities(summary: Row, unit: str) -> list[Row]:
    """A table a strategy: input, effect with its interval, direction, and how sure."""
    out = []
    for s in summary.get("studied", []):
        if s["sensitivity"]:
            money = s["method"] == "morris"
            rows = [{"input": r["input"], "effect": _effect(r, money, unit), "way": _way(r, s["method"], unit), "sure": _sure(r)} for r in s["sensitivity"]]
            out.append({"strategy": s["strategy"], "baseline": s["baseline"], "method": s["method"], "rows": rows, "notes": s["notes"]})
    return out


def _effect(row: Row, money: bool, unit: str) -> str:
    if row["effect"] is None:
        return "not known: one repetition a point"
    text = figure(row["effect"], unit) if money else f"{100 * row['effect']:.1f} %"
    return text if row["ci"] is None else f"{text} ± {figure(row['ci'], unit) if money else f'{100 * row['ci']:.1f}'}"


def _way(row: Row, method: str, unit: str) -> str:
    """Which way the input moves the difference: rank correlation, or the method's first-order figure."""
    if row["first"] is None:
        return ""
    if method == "morris":
        return figure(row["first"], unit, sign=True)
    return f"{100 * row['first']:.1f} %" if method == "saltelli" else f"{row['first']:+.2f}"


def _sure(row: Row) -> str:
    if row["p_value"] is None:
        return ""
    return "< .001" if row["p_value"] < 0.001 else f"{row['p_value']:.3f}".lstrip("0")


def forests(folder: ResultFolder) -> list[Row]:
    """The forests of the page: a strategy, its baseline, its first points."""
    summary = folder.summary()
    design = folder.read_table("design") if folder.has_table("design") else {"point": []}
    return _points(folder, design, [f["key"] for f in summary.get("factors", [])], f"minor {summary.get('unit', '')}".strip())


def _points(folder: ResultFolder, design: Row, names: list[str], unit: str) -> list[Row]:
    """A forest a strategy: its difference from the baseline at each of the first points, with the point's values."""
    if not folder.has_table("differences"):
        return []
    rows = folder.read_table("differences")
    out = []
    for strategy in dict.fromkeys(rows["strategy"]):
        chosen = [i for i, s in enumerate(rows["strategy"]) if s == strategy and rows["diff"][i] is not None][:SHOWN]
        placed = [_interval(rows, i, design, names, unit) for i in chosen]
        if placed:
            out.append({"strategy": strategy, "baseline": rows["baseline"][chosen[0]], "forest": forest(strategy, unit, placed)})
    return out


def _interval(rows: Row, i: int, design: Row, names: list[str], unit: str) -> Interval:
    point, low, high, mid = rows["point"][i], rows["ci_low"][i], rows["ci_high"][i], rows["diff"][i]
    values = ", ".join(f"{name.split('.')[-1]} {_short(design[name][point])}" for name in names) or f"point {point}"
    sure = low is not None and (low > 0 or high < 0)
    verdict = "cannot_tell" if not sure else "better" if mid > 0 else "worse"
    words = figure(mid, unit, sign=True) + ("" if low is None else f" ({interval(low, high, unit)})")
    return Interval(values, low, mid, high, verdict, words)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
