"""What `omosim flip` shows while it works and when it is done; plain text where there is no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from omosim.reports.language import say
from omosim.reports.terminal import StudyScreen
from omosim.results.words import safe_text

Row = Mapping[str, Any]
WIDTH = 140


class FlipScreen(StudyScreen):
    """Progress with ETA, then who pays where.

    Parameters
    ----------
    strategies : names; runs : at most
    """

    def __init__(self, strategies: Sequence[str], runs: int) -> None:
        super().__init__(f"{len(strategies)} strategies, up to {runs:,} runs", WIDTH)

    def result(self, summary: Row, report: Path) -> None:
        """The break-even values, the answer, how it ended, and where the report is."""
        self.progress.stop()
        if any(line["flips"] for line in summary["lines"]):
            self.console.print(flips_table(summary))
        self.console.print(Text(say(safe_text(summary["answer"], 3000)), style="bold"))
        self.console.print(Text(say(ended(summary)), style="dim"))
        if summary["refused"]:
            self.console.print(Text(say(f"{summary['refused']} points have settings that do not fit together"), style="red"))
        self.last(summary, report)


def ended(summary: Row) -> str:
    """How much was run and why it stopped."""
    return f"{summary['points']} points, {summary['runs']:,} runs of at most {summary['budget']:,}, {summary['rounds']} {'round' if summary['rounds'] == 1 else 'rounds'}; stopped: {summary['stopped']}."


def span(value: float) -> str:
    """A value of a key in a table."""
    return f"{value:,.4g}"


def flips_table(summary: Row) -> Table:
    """key | at the other key's value | below | above | break-even | 95 % interval | decided between."""
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("Key", "At", "Below it pays", "Above it pays", "Break-even", "95 % interval", "Decided outside of"):
        out.add_column(Text(say(name)), justify="left" if "pays" in name or name in ("Key", "At") else "right")
    axes = summary["ranges"]
    for line in [line for line in summary["lines"] if line["first"]]:
        for flip in line["flips"]:
            other = "" if line["fixed"] is None else f"{safe_text(axes[1 - line['axis']]['key'], 60)} {span(line['fixed'])}"
            out.add_row(
                Text(safe_text(axes[line["axis"]]["key"], 60)), Text(other), Text(safe_text(flip["below"], 40)), Text(safe_text(flip["above"], 40)),
                Text(span(flip["value"])), Text(f"{span(flip['ci_low'])} to {span(flip['ci_high'])}"), Text(f"{span(flip['low'])} to {span(flip['high'])}"),
            )  # fmt: skip
    return out
