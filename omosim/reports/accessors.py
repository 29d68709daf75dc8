"""What results can do once reports are there: tables for people, figures, pages. `attach()` is called by the api."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omosim.reports.language import using
from omosim.reports.plots import forest_axes
from omosim.reports.study_plots import map_axes, study_html, waterfall_axes
from omosim.reports.tables import ComparisonTable
from omosim.reports.tornado import tornado_axes
from omosim.reports.write import write_report
from omosim.results import CompareResult, Result, SweepResult
from omosim.results.load import AttributeResult, FlipResult, ValueResult
from omosim.results.words import safe_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ComparePlot:
    """`cmp.plot`: figures of a comparison."""

    def __init__(self, result: CompareResult) -> None:
        self._result = result

    def forest(self, kpis: str | Sequence[str] = "operating_profit", ax: Axes | None = None) -> Axes:
        """Paired differences with their intervals, one KPI or several; see `forest_axes`."""
        return forest_axes(self._result.folder, [kpis] if isinstance(kpis, str) else list(kpis), ax)


class SweepPlot:
    """`swept.plot`: figures of a sweep."""

    def __init__(self, result: SweepResult) -> None:
        self._result = result

    def tornado(self, strategy: str | None = None, ax: Axes | None = None) -> Axes:
        """What a strategy's gain over the baseline depends on; strategy: default the first that is no baseline.

        Raises
        ------
        KeyError : the sweep has no tornado of that strategy
        """
        summary = self._result.summary
        studied = {s["strategy"]: s for s in summary.get("studied", []) if s["tornado"]}
        chosen = studied.get(strategy) if strategy is not None else next(iter(studied.values()), None)
        if chosen is None:
            raise KeyError(f"no tornado of {strategy or 'a strategy'}; there are {', '.join(studied) or 'none: vary a setting for two strategies'}")
        return tornado_axes(chosen["tornado"], chosen["strategy"], chosen["baseline"], chosen["gain"]["mean"], f"minor {summary['unit']}", ax)


def _sweep_html(result: SweepResult) -> str:
    """The answer and the table over all points."""
    from html import escape

    summary = result.summary
    texts = [result.answer, *(text for name in ("first_thing", "boxes", "replications_needed") for text in summary.get(name, []))]
    return "".join(f"<p>{escape(safe_text(text, 2000))}</p>" for text in texts) + result.futures().to_html(index=False, escape=True, float_format=lambda v: f"{v:,.4g}")
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


class AttributePlot:
    """`att.plot`: figures of an attribution study."""

    def __init__(self, result: AttributeResult) -> None:
        self._result = result

    def credits(self, models: Sequence[str] = ("last_touch", "markov"), level: str = "market", ax: Axes | None = None) -> Axes:
        """Credit of some models beside the true effect; see `credit_axes`."""
        from omosim.reports.attribute_plots import credit_axes

        return credit_axes(self._result.folder, models, level, ax)

    def errors(self, ax: Axes | None = None) -> Axes:
        """Error of each model against identity loss; see `error_axes`."""
        from omosim.reports.attribute_plots import error_axes

        return error_axes(self._result.folder, ax)


def _attribute_html(result: AttributeResult) -> str:
    """The answer and the table of errors; every word is escaped."""
    from markupsafe import escape

    table = result.table().to_html(index=False, escape=True, na_rep="cannot tell", float_format=lambda v: f"{v:.3f}")
    return f"<p><strong>{escape(result.answer)}</strong></p>{table}"


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
        ValueResult: {"plot": property(ValuePlot), "_repr_html_": _study_html},
        FlipResult: {"plot": property(FlipPlot), "_repr_html_": _study_html},
        CompareResult: {"table": _table, "plot": property(ComparePlot), "_repr_html_": _repr_html},
        SweepResult: {"plot": property(SweepPlot), "_repr_html_": _sweep_html},
        AttributeResult: {"plot": property(AttributePlot), "_repr_html_": _attribute_html},
    }
    for kind, members in extra.items():
        for name, member in members.items():
            setattr(kind, name, member)
