"""The figures of a result by name, whichever command made it: what `format=svg,png` writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from omosim.reports import (
    attribute_report,
    bopis_report,
    calibrate_report,
    compare_report,
    flip_report,
    run_report,
    sweep_report,
    value_report,
)
from omosim.reports.figures import Chart, Forest, Step
from omosim.reports.figures_drawn import Heat, bridge_picture, forest_picture, heat_picture, line_picture
from omosim.reports.figures_flow import Flows, alluvial, journey_flows
from omosim.results import ResultFolder
from omosim.schema.columns import WEEKDAYS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Bridge:
    """Profit lines from a baseline to a strategy."""

    title: str
    unit: str
    steps: list[Step]
    zero: float


@dataclass(frozen=True)
class Twin:
    """A figure that is drawn twice: as the page draws it, and with matplotlib.

    picture : makes the SVG; paint : draws on axes; tall : inches with matplotlib
    """

    title: str
    picture: Callable[[], str]
    paint: Callable[[Axes], object]
    tall: float


Drawing = Forest | Chart | Heat | Flows | Bridge | Twin


def drawings(folder: ResultFolder) -> dict[str, Drawing]:
    """File name without its ending -> figure; empty for a command whose page has none."""
    made = _OF.get(folder.command, lambda _: {})(folder)
    return {name: drawing for name, drawing in made.items() if drawing is not None}


def svg_of(drawing: Drawing) -> str:
    """The figure as a picture for a page."""
    if isinstance(drawing, Twin):
        return drawing.picture()
    if isinstance(drawing, Forest):
        return forest_picture(drawing)
    if isinstance(drawing, Chart):
        return line_picture(drawing)
    if isinstance(drawing, Heat):
        return heat_picture(drawing)
    if isinstance(drawing, Flows):
        return alluvial(drawing)
    return bridge_picture(drawing.title, drawing.unit, drawing.steps, drawing.zero)


def _compare(folder: ResultFolder) -> dict[str, Any]:
    summary = folder.summary()
    by_kpi: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in summary.get("comparison", []):
        by_kpi[row["kpi"]][row["strategy"]] = row
    arms = [s for s in summary.get("strategies", []) if s != summary["baseline"]]
    out: dict[str, Any] = {"forest": compare_report.profit_forest(by_kpi, arms)}
    for i, b in enumerate(compare_report.bridges(folder, summary, by_kpi, arms), start=1):
        out[f"bridge_{i}"] = Bridge(f"From {summary['baseline']} to {b['arm']}", "change of each profit line", b["steps"], b["zero"])
    for i, c in enumerate(compare_report.convergence(folder, summary, arms, by_kpi.get("operating_profit", {})), start=1):
        out[f"convergence_{i}"] = c
    return out


def _run(folder: ResultFolder) -> dict[str, Any]:
    charts = run_report.daily_charts(folder.read_table("daily")) if folder.has_table("daily") else []
    return {**{f"daily_{i}": c for i, c in enumerate(charts, start=1)}, "journeys": journey_flows(folder)}


def _bopis(folder: ResultFolder) -> dict[str, Any]:
    plan = folder.read_json("plan.json")
    out: dict[str, Any] = {"people": bopis_report.people_heat(plan), "demand": bopis_report.demand_heat(plan)}
    for name in WEEKDAYS:
        if name in plan["days"]:
            day = plan["days"][name]
            out |= {f"{name}_staff_{i}": c for i, c in enumerate(bopis_report.staff_charts(day["staff_by_interval"]), start=1)}
            out |= {f"{name}_wait": bopis_report.wait_curve(day), f"{name}_shelf": bopis_report.shelf_chart(day)}
            if ready := bopis_report.promise_curve(day):
                out[f"{name}_promise"] = ready
    return out


def _calibrate(folder: ResultFolder) -> dict[str, Any]:
    return {f"fit_{i}": c for i, c in enumerate(calibrate_report.charts_of(folder), start=1)}


def _sweep(folder: ResultFolder) -> dict[str, Any]:
    out: dict[str, Any] = {f"forest_{i}": p["forest"] for i, p in enumerate(sweep_report.forests(folder), start=1)}
    summary = folder.summary()
    unit = f"minor {summary.get('unit', '')}".strip()
    rows = {s["strategy"]: s for s in summary.get("studied", [])}
    for i, made in enumerate(sweep_report.tornados(summary, unit), start=1):
        s = rows[made["strategy"]]
        out[f"tornado_{i}"] = Twin(f"{s['strategy']} less {s['baseline']}", partial(str, made["picture"]), partial(_tornado, s, unit), 1.3 + 0.45 * min(len(s["tornado"]), 12))
    return out


def _tornado(studied: dict[str, Any], unit: str, ax: Axes) -> None:
    from omosim.reports.tornado import tornado_axes

    tornado_axes(studied["tornado"], studied["strategy"], studied["baseline"], studied["gain"]["mean"], unit, ax)


def _value(folder: ResultFolder) -> dict[str, Any]:
    summary = folder.summary()
    return {"waterfall": Twin(f"From {summary['from']} to {summary['to']}", partial(value_report.fall, summary), partial(_on_axes, "waterfall_axes", folder), 1.4 + 0.36 * (len(summary["values"]) + 1))}


def _flip(folder: ResultFolder) -> dict[str, Any]:
    return {"map": Twin(flip_report.map_title(folder.summary()), partial(flip_report.map_picture, folder), partial(_on_axes, "map_axes", folder), 5.2)}


def _on_axes(name: str, folder: ResultFolder, ax: Axes) -> None:
    """A figure of `study_plots`, which is read when matplotlib is wanted."""
    from omosim.reports import study_plots

    getattr(study_plots, name)(folder, ax)


_OF: dict[str, Callable[[ResultFolder], dict[str, Any]]] = {
    "compare": _compare, "run": _run, "bopis": _bopis, "calibrate": _calibrate, "sweep": _sweep,
    "value": _value, "flip": _flip, "attribute": attribute_report.pictures,
}  # fmt: skip
