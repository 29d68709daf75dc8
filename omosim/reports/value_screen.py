"""What `omosim value` shows while it works and when it is done; plain text where there is no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from omosim.reports.language import say
from omosim.reports.terminal import StudyScreen
from omosim.results.words import figure, interval, safe_text, unit_words

Row = Mapping[str, Any]
VERDICTS = {"better": "pays", "worse": "does not pay", "cannot_tell": "cannot tell"}
WIDTH = 160
_STYLE = {"better": "green", "worse": "red", "cannot_tell": "dim"}


class ValueScreen(StudyScreen):
    """Progress with ETA, then the values of the capabilities.

    Parameters
    ----------
    players : capabilities that are valued; runs : of the first round
    """

    def __init__(self, players: int, runs: int) -> None:
        super().__init__(f"{players} players, {runs:,} runs", WIDTH)

    def result(self, summary: Row, report: Path) -> None:
        """The table, the ladder, the answer, how it came about, and where the report is."""
        from omosim.reports.value_report import method_words

        self.progress.stop()
        self.console.print(table(summary))
        self.console.print(ladder_table(summary))
        self.console.print(Text(say(safe_text(summary["answer"], 2000)), style="bold"))
        self.console.print(Text(say(method_words(summary)), style="dim"))
        self.last(summary, report)


def unit_of(summary: Row) -> str:
    """Unit of the tables: minor units of the market's currency."""
    return f"minor {summary['unit']}".strip()


def ends(row: Row, low: str, high: str, unit: str, times: float = 1.0) -> str:
    """An interval in words, empty where there is none."""
    start, end = (None if row[name] is None else row[name] * times for name in (low, high))
    return interval(start, end, unit)


def back(row: Row) -> str:
    """Payback in few words: '0.6 years (0.5 to 0.9)', 'never'; a dash where there is no capital."""
    if row["capital"] <= 0:
        return "–"
    if row["payback_years"] is None:
        return "never" if row["payback_low"] is None else f"never ({row['payback_low']:.1f} at best)"
    low, high = row["payback_low"], row["payback_high"]
    last = "" if row["ci_low"] is None else f" ({low:.1f} to {'never' if high is None else f'{high:.1f}'})" if low is not None else ""
    return f"{row['payback_years']:.1f} years{last}"


def table(summary: Row) -> Table:
    """capability | value a year | interval | before costs | running | capital | payback | verdict."""
    unit, year = unit_of(summary), 365.0 / summary["days"]
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    money = unit_words(unit)
    for name in ("Capability", f"Value a year, {money}", "95 % interval", "Before its costs", "Running", "Capital", "Payback", "Verdict"):
        out.add_column(Text(say(name)), justify="left" if name in ("Capability", "Payback", "Verdict") else "right")
    rows: Sequence[Row] = [*summary["values"], {**summary["total"], "capability": "all together", "verdict": ""}]
    for row in rows:
        out.add_row(
            Text(say(safe_text(row["capability"], 40)) if not row["verdict"] else safe_text(row["capability"], 40)), Text(figure(row["per_year"], unit, sign=True)), Text(ends(row, "per_year_low", "per_year_high", unit)),
            Text(figure(row["gross_effect"] * year, unit, sign=True)), Text(figure(row["running_cost"] * year, unit)), Text(figure(row["capital"], unit)),
            Text(say(back(row))), Text(say(VERDICTS.get(row["verdict"], "")), style=_STYLE.get(row["verdict"], "")),
        )  # fmt: skip
    return out


def ladder_table(summary: Row) -> Table:
    """The greedy order: what to do first, then given that what next."""
    unit, year = unit_of(summary), 365.0 / summary["days"]
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("Step", "First, then", "Adds a year", "Interval", "Verdict"):
        out.add_column(Text(say(name)), justify="right" if name in ("Step", "Adds a year", "Interval") else "left")
    for row in summary["ladder"]:
        out.add_row(
            Text(str(row["step"])), Text(safe_text(row["capability"], 80)), Text(figure(row["gain"] * year, unit, sign=True)),
            Text(ends(row, "ci_low", "ci_high", unit, year)), Text(say(VERDICTS[row["verdict"]]), style=_STYLE[row["verdict"]]),
        )  # fmt: skip
    return out
