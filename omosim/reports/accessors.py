"""What results can do once reports are there: tables for people, figures, pages. `attach()` is called by the api."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.reports.language import using
from omosim.reports.notebook import frame_html, interval_axes, line_axes
from omosim.reports.plots import forest_axes
from omosim.reports.study_plots import map_axes, waterfall_axes
from omosim.reports.tables import ComparisonTable
from omosim.reports.tornado import tornado_axes
from omosim.reports.write import write_report
from omosim.results import CompareResult, Result, SweepResult
from omosim.results.load import (
    AttributeResult,
    BopisResult,
    ClaimsResult,
    FlipResult,
    RunResult,
    ValidateResult,
    ValueResult,
)
from omosim.results.words import minor_units, unit_words
from omosim.schema.columns import WEEKDAYS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ComparePlot:
    """`cmp.plot`: figures of a comparison."""

    def __init__(self, result: CompareResult) -> None:
        self._result = result

    def forest(self, kpis: str | Sequence[str] = "operating_profit", ax: Axes | None = None) -> Axes:
        """Paired differences with their intervals, one KPI or several; see `forest_axes`."""
        return forest_axes(self._result.folder, [kpis] if isinstance(kpis, str) else list(kpis), ax)


class RunPlot:
    """`run.plot`: figures of one run, of `simulate` or from a folder."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def daily(self, *columns: str, ax: Axes | None = None) -> Axes:
        """Columns of `daily()` by day, by default the orders; KeyError when there is no such column."""
        frame = self._result.daily()
        chosen = list(columns) or [c for c in ("orders",) if c in frame] or [frame.columns[1]]
        for name in chosen:
            if name not in frame:
                raise KeyError(f"no column '{name}' in daily(); there are {', '.join(map(str, frame.columns))}")
        return line_axes(frame["day"].tolist(), {name: frame[name].tolist() for name in chosen}, "day, 0 the first measured one", ", ".join(chosen), ax)


class BopisPlot:
    """`plan.plot`: figures of a pickup plan."""

    def __init__(self, result: BopisResult) -> None:
        self._result = result

    def staff(self, weekday: str | None = None, ax: Axes | None = None) -> Axes:
        """People on duty by quarter hour on a weekday, by default the busiest planned one; KeyError when it is not planned."""
        plan = self._result.plan
        day = weekday or str(plan["weekday"])
        if day not in plan["days"]:
            raise KeyError(f"'{day}' is not planned; there are {', '.join(sorted(plan['days'], key=WEEKDAYS.index))}")
        rows = plan["days"][day]["staff_by_interval"]
        pools = [who for who in ("pickers", "counter", "staff") if who in rows[0]]
        return line_axes([r["from"] for r in rows], {who: [r[who] for r in rows] for who in pools}, f"quarter hour, {day}", "people", ax)


class ClaimsPlot:
    """`claims.plot`: figures of claims."""

    def __init__(self, result: ClaimsResult) -> None:
        self._result = result

    def claims(self, ax: Axes | None = None) -> Axes:
        """What is caused with its interval, in per cent; open diamonds are the raw readings. Levels are left out."""
        rows = [r for r in self._result.summary["claims"] if r["form"] != "level" and r["simulated_causal"] is not None]
        of = lambda name: [None if r[name] is None else 100 * r[name] for r in rows]
        return interval_axes([r["claim"] for r in rows], of("simulated_causal"), of("ci_low"), of("ci_high"), "caused [%]; diamonds: raw reading", of("simulated_raw"), ax)


class ValidatePlot:
    """`validation.plot`: figures of a validation."""

    def __init__(self, result: ValidateResult) -> None:
        self._result = result

    def effects(self, pattern: str | None = None, ax: Axes | None = None) -> Axes:
        """Simulated effects that are shares with their intervals, in per cent, of one pattern or of all."""
        rows = [r for r in self._result.summary["validation"] if r["unit"] == "share" and pattern in (None, r["pattern"])]
        of = lambda name: [None if r[name] is None else 100 * r[name] for r in rows]
        return interval_axes([f"{r['pattern']}: {r['outcome']}" for r in rows], of("simulated"), of("ci_low"), of("ci_high"), "simulated [%]", (), ax)


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

    def differences(self, strategy: str | None = None, ax: Axes | None = None) -> Axes:
        """Paired difference in operating profit at each point with its interval, of one strategy (by default the first that is compared)."""
        frame, unit = self._result.to_frame(), f"minor {self._result.summary.get('unit', '')}".strip()
        name = strategy or str(frame["strategy"].iloc[0])
        mine = frame[frame["strategy"] == name]
        if mine.empty:
            raise KeyError(f"'{name}' is not compared; there are {', '.join(dict.fromkeys(frame['strategy']))}")

        def known(column: str) -> list[float | None]:
            values: list[float] = np.asarray(mine[column], dtype=float).tolist()
            return [None if v != v else v / minor_units(unit) for v in values]

        points = [f"point {p}" for p in mine["point"]]
        words = f"{name} less {mine['baseline'].iloc[0]}: operating profit [{unit_words(unit)}]"
        return interval_axes(points, known("diff"), known("ci_low"), known("ci_high"), words, (), ax)


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


def _sweep_view(result: SweepResult) -> str:
    """Everything that a sweep says, and the table over all points."""
    told = (text for name in ("first_thing", "boxes", "replications_needed") for text in result.summary.get(name, []))
    return frame_html(" ".join([result.answer, *told]), result.table())


def _frame_view(result: Any) -> str:
    """Answer and main table of a result, for notebooks."""
    return frame_html(str(result.answer), result.table())


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
        ValueResult: {"plot": property(ValuePlot), "_repr_html_": _frame_view},
        FlipResult: {"plot": property(FlipPlot), "_repr_html_": _frame_view},
        CompareResult: {"table": _table, "plot": property(ComparePlot), "_repr_html_": _repr_html},
        AttributeResult: {"plot": property(AttributePlot), "_repr_html_": _frame_view},
        RunResult: {"plot": property(RunPlot), "_repr_html_": _frame_view},
        BopisResult: {"plot": property(BopisPlot), "_repr_html_": _frame_view},
        ValidateResult: {"plot": property(ValidatePlot), "_repr_html_": _frame_view},
        ClaimsResult: {"plot": property(ClaimsPlot), "_repr_html_": _frame_view},
        SweepResult: {"plot": property(SweepPlot), "_repr_html_": _sweep_view},
    }
    for kind, members in extra.items():
        for name, member in members.items():
            setattr(kind, name, member)
