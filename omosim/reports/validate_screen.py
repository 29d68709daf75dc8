"""What `validate` shows while it works and when it is done; plain text where there is no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from omosim.reports.language import say
from omosim.reports.terminal import StudyScreen
from omosim.results.words import SHARES, figure, safe_text, unit_words

Row = Mapping[str, Any]
VERDICTS = {"holds": "holds", "outside": "outside", "wrong_sign": "wrong sign", "cannot_tell": "cannot tell"}
#: columns of a table that goes to a file
WIDTH = 140
_STYLE = {"holds": "green", "outside": "yellow", "wrong_sign": "red", "cannot_tell": "dim"}


class ValidateScreen(StudyScreen):
    """Progress with ETA, then the table of published and simulated figures.

    Parameters
    ----------
    experiments : number of experiments
    replications : paired replications of each arm
    """

    def __init__(self, experiments: int, replications: int) -> None:
        super().__init__(f"{experiments} experiments x {replications} replications", WIDTH)

    def result(self, rows: Sequence[Row], reported: Sequence[Row], summary: Row, report: Path) -> None:
        """The table, what is reported without a verdict, the answer, and where the report is."""
        self.progress.stop()
        self.console.print(table(rows, verdicts=True))
        if reported:
            self.console.print(Text(say("Reported, not judged"), style="bold"))
            self.console.print(table(reported, verdicts=False))
        self.console.print(Text(say(safe_text(summary["answer"], 1000))))
        self.console.print(Text(say(f"{summary['replications']} paired replications; 95 % intervals cover chance, not wrong inputs. Rule of verdicts: docs/validation.md"), style="dim"))
        self.last(summary, report)


def table(rows: Sequence[Row], *, verdicts: bool) -> Table:
    """pattern | outcome | published | simulated [interval] | fitted or predicted | verdict; all text as plain text."""
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("Pattern", "Outcome", "Published", "Simulated [95 % interval]", *(("", "Verdict") if verdicts else ())):
        out.add_column(Text(say(name)), justify="right" if name.startswith("Simulated") else "left")
    last = ""
    for row in rows:
        cells = [Text(safe_text(row["pattern"], 20) if row["pattern"] != last else ""), Text(say(safe_text(row["outcome"], 60))), Text(say(published(row))), Text(simulated(row))]
        if verdicts:
            cells += [Text(say("fitted" if row["fitted"] else "predicted"), style="dim"), Text(say(VERDICTS[row["verdict"]]), style=_STYLE[row["verdict"]])]
        out.add_row(*cells)
        last = row["pattern"]
    return out


def published(row: Row) -> str:
    """What was published; the band or sign that is asked for where the file says nothing more."""
    return safe_text(row["published"] or "", 80) or band(row)


def band(row: Row) -> str:
    """The band or sign of a row in words; empty when nothing is asked for."""
    low, high = row["band_low"], row["band_high"]
    if low is not None and high is not None:
        return f"{value(low, row)} to {value(high, row)}{_tail(row)}"
    if low is not None or high is not None:
        return f"at least {value(low, row)}{_tail(row)}" if high is None else f"at most {value(high, row)}{_tail(row)}"
    return {"+": "more", "-": "less", None: ""}.get(row["sign"], "")


def simulated(row: Row) -> str:
    """The mean and its interval, or why there is none."""
    if row["simulated"] is None:
        return safe_text(row["reason"] or "undefined", 80)
    ends = "" if row["ci_low"] is None else f" [{value(row['ci_low'], row)}, {value(row['ci_high'], row)}]"
    return f"{value(row['simulated'], row)}{_tail(row)}{ends}"


def value(number: float, row: Row) -> str:
    """A figure of a row without its unit; effects carry their sign, levels and ratios do not."""
    signed = row["statistic"] not in ("level", "premium")
    if row["unit"] == "1":
        return f"{number:{'+' if signed else ''}.3g}"
    return figure(number, row["unit"], sign=signed)


def _tail(row: Row) -> str:
    """The unit; a difference of shares is one of points."""
    if row["unit"] in SHARES:
        return " pp" if row["statistic"] in ("difference", "slope") else " %"
    return "" if row["unit"] == "1" else f" {unit_words(row['unit'])}"
