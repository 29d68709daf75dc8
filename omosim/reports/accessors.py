"""What results can do once reports are there: tables for people, figures, pages. `attach()` is called by the api."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omosim.reports.language import using
from omosim.reports.plots import forest_axes
from omosim.reports.tables import ComparisonTable
from omosim.reports.write import write_report
from omosim.results import CompareResult, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ComparePlot:
    """`cmp.plot`: figures of a comparison."""

    def __init__(self, result: CompareResult) -> None:
        self._result = result

    def forest(self, kpis: str | Sequence[str] = "operating_profit", ax: Axes | None = None) -> Axes:
        """Paired differences with their intervals, one KPI or several; see `forest_axes`."""
        return forest_axes(self._result.folder, [kpis] if isinstance(kpis, str) else list(kpis), ax)


def _table(result: CompareResult) -> ComparisonTable:
    """Differences with interval and verdict; text when printed, HTML in a notebook."""
    summary = result.summary
    return ComparisonTable(summary["comparison"], str(summary["baseline"]), str(summary["answer"]))


def _report(result: Result, path: str | os.PathLike[str] | None = None, *, lang: str = "en") -> Path:
    """Write the page of the result, by default `report.html` in its folder; returns where. lang: en or ko."""
    with using(lang):
        return write_report(result.folder, path)


def _repr_html(result: CompareResult) -> str:
    return _table(result)._repr_html_()


def attach() -> None:
    """Give results their `report`, and comparisons `table`, `plot` and a notebook view; safe to call twice."""
    extra: dict[type, dict[str, Any]] = {
        Result: {"report": _report},
        CompareResult: {"table": _table, "plot": property(ComparePlot), "_repr_html_": _repr_html},
    }
    for kind, members in extra.items():
        for name, member in members.items():
            setattr(kind, name, member)
