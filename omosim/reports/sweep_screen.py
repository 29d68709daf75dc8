"""What `omosim sweep` shows while it works and when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from omosim.reports.language import say
from omosim.reports.terminal import StudyScreen
from omosim.results.words import safe_text


class SweepScreen(StudyScreen):
    """Progress with ETA, then how the strategies do over the points.

    Parameters
    ----------
    runs : planned runs
    """

    def __init__(self, runs: int) -> None:
        super().__init__(f"{runs:,} runs")

    def result(self, summary: Mapping[str, Any], outcome: Any, place: Path) -> None:
        """The table over all points, failures, and where the files are."""
        self.progress.stop()
        if summary.get("futures"):
            self.console.print(futures_table(summary))
            self.console.print(Text(say(futures_text(summary))))
        rate = f", {outcome.seconds / max(outcome.done - outcome.reused, 1) * 1000:.0f} ms a run" if outcome.done > outcome.reused else ""
        self.console.print(Text(f"{outcome.done:,} runs finished ({outcome.reused:,} were there), {len(outcome.failures):,} failed{rate}", style="dim"))
        for run, failure in list(outcome.failures.items())[:5]:
            self.console.print(Text(safe_text(f"  {run}: {failure.kind}: {failure.message}", 300)))
        if not summary:
            self.console.print(Text("This shard is done; the sweep is not whole yet. `omosim sweep status` tells what is missing."))
        self.console.print(Text(say(f"Result: {place}")))


def futures_table(summary: Mapping[str, Any]) -> Table:
    """One row a strategy: how often it is best, its gain over the baseline, the worst tenth, regret."""
    table = Table(box=None, pad_edge=False)
    for head in ("strategy", "best at", "gain", "worst tenth", "mean regret", "largest regret"):
        table.add_column(say(head), justify="left" if head == "strategy" else "right")
    for row in summary["futures"]:
        share = f"{100 * row['share_best']:.0f} % ({100 * row['share_best_low']:.0f}-{100 * row['share_best_high']:.0f})"
        table.add_row(safe_text(row["strategy"], 60), share, *(f"{row[name]:+,.0f}" if name != "regret" else f"{row[name]:,.0f}" for name in ("gain", "worst_decile", "regret", "largest_regret")))
    return table


def futures_text(summary: Mapping[str, Any]) -> str:
    """The table in a sentence."""
    rows = sorted(summary["futures"], key=lambda row: -row["share_best"])
    best, calm = rows[0], min(rows, key=lambda row: row["regret"])
    text = f"Over {best['points']:,} points {best['strategy']} is best at {100 * best['share_best']:.0f} % of them."
    other = f" Least regret on average: {calm['strategy']}." if calm is not best else ""
    return safe_text(text + other, 400)
