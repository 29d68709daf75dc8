"""What results can do once reports are there: tables for people, figures, pages. `attach()` is called by the api."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omosim.reports.plots import forest_axes
from omosim.reports.study_plots import map_axes, study_html, waterfall_axes
from omosim.reports.tables import ComparisonTable
from omosim.reports.write import write_report
from omosim.results import CompareResult, Result
from omosim.results.load import FlipResult, ValueResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ComparePlot:
    """`cmp.plot`: figures of a comparison."""

    def __init__(self, result: CompareResult) -> None:
        self._result = result

    def forest(self, kpis: str | Sequence[str] = "operating_profit", ax: Axes | None = None) -> Axes:
        """Paired differences with their intervals, one KPI or several; see `forest_axes`."""
        return forest_axes(self._result.folder, [kpis] if isinstance(kpis, str) else list(kpis), ax)


class ValuePlot:
    """`result.plot` of a valuation."""

    def __init__(self, result: ValueResult) -> None:
        self._result = result

    def waterfall(self, ax: Axes | None = None) -> Axes:
        """Values a year that lead from one strategy to the other; see `waterfall_axes`."""
        return waterfall_axes(self._result.folder, ax)


class FlipPlot:
    """`result.plot` of a break-even map."""

    def __init__(self, result: FlipResult) -> None:
        self._result = result

    def map(self, ax: Axes | None = None) -> Axes:
        """Who pays where; see `map_axes`."""
        return map_axes(self._result.folder, ax)


def _study_html(result: ValueResult | FlipResult) -> str:
    return study_html(result.answer, result.table())


def _table(result: CompareResult) -> ComparisonTable:
    """Differences with interval and verdict; text when printed, HTML in a notebook."""
    summary = result.summary
    return ComparisonTable(summary["comparison"], str(summary["baseline"]), str(summary["answer"]))


def _report(result: Result, path: str | os.PathLike[str] | None = None) -> Path:
    """Write the page of the result, by default `report.html` in its folder; returns where."""
    return write_report(result.folder, path)


def _repr_html(result: CompareResult) -> str:
    return _table(result)._repr_html_()


def attach() -> None:
    """Give results their `report`, and comparisons `table`, `plot` and a notebook view; safe to call twice."""
    extra: dict[type, dict[str, Any]] = {
        Result: {"report": _report},
        ValueResult: {"plot": property(ValuePlot), "_repr_html_": _study_html},
        FlipResult: {"plot": property(FlipPlot), "_repr_html_": _study_html},
        CompareResult: {"table": _table, "plot": property(ComparePlot), "_repr_html_": _repr_html},
    }
    for kind, members in extra.items():
        for name, member in members.items():
            setattr(kind, name, member)
