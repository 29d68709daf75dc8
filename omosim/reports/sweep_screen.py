"""What `omosim sweep` shows while it works and when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from omosim.reports.labels import law_words
from omosim.reports.language import say
from omosim.reports.terminal import StudyScreen
from omosim.results.words import figure, safe_text, unit_words

MONEY = ("gain", "worst_decile", "regret", "regret_worst_decile", "largest_regret")


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
            self.console.print(Text(say(safe_text(summary["answer"], 2000))))
            for name in ("first_thing", "boxes", "replications_needed"):
                for text in summary.get(name, []):
                    self.console.print(Text(say(safe_text(text, 1000))))
        rate = f", {outcome.seconds / max(outcome.done - outcome.reused, 1) * 1000:.0f} ms a run" if outcome.done > outcome.reused else ""
        self.console.print(Text(say(f"{outcome.done:,} runs finished ({outcome.reused:,} were there), {len(outcome.failures):,} failed{rate}"), style="dim"))
        for run, failure in list(outcome.failures.items())[:5]:
            self.console.print(Text(safe_text(f"  {run}: {failure.kind}: {failure.message}", 300)))
        if summary:
            self.console.print(Text(say(law_words(summary)), style="dim"))
        else:
            self.console.print(Text(say("This shard is done; the sweep is not whole yet: `omosim sweep status` tells what is missing.")))
        self.console.print(Text(say(f"Result: {place}")))


def share_words(row: Mapping[str, Any]) -> str:
    """How often a strategy is best, with its interval where one is known; of one point it is no share."""
    if row.get("points") == 1:
        return "–"
    share = f"{100 * row['share_best']:.0f} %"
    return share if row["share_best_low"] is None else f"{share} ({100 * row['share_best_low']:.0f}-{100 * row['share_best_high']:.0f})"


def shown_money(row: Mapping[str, Any]) -> dict[str, Any]:
    """The money of a row; one point has no worst tenth."""
    single = row.get("points") == 1
    return {name: None if single and name in ("worst_decile", "regret_worst_decile", "largest_regret") else row.get(name) for name in MONEY}


def futures_table(summary: Mapping[str, Any]) -> Table:
    """One row a strategy: how often it is best, its gain over the baseline, the worst tenth, regret."""
    unit = f"minor {summary.get('unit', '')}".strip()
    table = Table(box=None, pad_edge=False, title=", ".join(filter(None, (say("Operating profit"), unit_words(unit), say(summary.get("period", ""))))), title_justify="left", title_style="dim")
    for head in ("strategy", "best at", "gain", "its worst tenth", "mean regret", "its worst tenth"):
        table.add_column(say(head), justify="left" if head == "strategy" else "right")
    for row in summary["futures"]:
        money = shown_money(row)
        table.add_row(safe_text(row["strategy"], 60), share_words(row), *(figure(money[name], unit, sign=name in ("gain", "worst_decile")) for name in MONEY[:4]))
    return table
