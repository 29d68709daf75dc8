"""A comparison for terminals and notebooks: one row a KPI, one column a strategy."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from omosim.reports.labels import LOADS, MAIN, reading_order, title, verdict_words
from omosim.reports.language import say
from omosim.results.words import SHARES, figure, interval, safe_text, unit_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Row = Mapping[str, Any]
_STYLE = {"better": "green", "worse": "red", "cannot_tell": "dim"}


def _arms(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(str(row["strategy"]) for row in rows))


def _chosen(rows: Sequence[Row], everything: bool) -> list[tuple[str, dict[str, Row]]]:
    kpis = list(dict.fromkeys(str(row["kpi"]) for row in rows))
    if not everything:
        told = {str(row["kpi"]) for row in rows if row["diff"] is not None}
        kpis = [k for k in MAIN if k in (told if k in LOADS else kpis)] or kpis  # places without a limit are left out
    ordered = [k for _, group in reading_order(kpis) for k in group]
    return [(k, {str(row["strategy"]): row for row in rows if row["kpi"] == k}) for k in ordered]


def cell(row: Row | None) -> tuple[str, str]:
    """(difference, interval) of one strategy in words."""
    if row is not None and row["diff"] is None and row["mean"] is not None:  # a figure that the baseline cannot have
        return figure(row["mean"], row["unit"]), say(str(row.get("reason") or ""))
    if row is None or row["diff"] is None:
        return "–", say(str((row or {}).get("reason") or "not reported"))
    points = " pp" if row["unit"] in SHARES else ""
    ends = interval(row["ci_low"], row["ci_high"], row["unit"]) or say(str(row.get("reason") or ""))
    if row["ci_low"] is not None and row["ci_low"] == row["ci_high"]:
        ends = say("in every pair")
    return figure(row["diff"], row["unit"], sign=True) + points, ends


def rich_table(rows: Sequence[Row], baseline: str, *, everything: bool = False) -> Table:
    """A rich table; all text is set as plain text, so names cannot carry markup or terminal codes."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(Text(say("KPI")), no_wrap=False)
    table.add_column(Text(safe_text(baseline, 40)), justify="right", no_wrap=True)
    arms = _arms(rows)
    for arm in arms:
        table.add_column(Text(safe_text(arm, 40)), justify="right")
    for kpi, of_arm in _chosen(rows, everything):
        first = next(iter(of_arm.values()))
        cells = [Text(f"{safe_text(say(title(kpi)), 60)} {say(unit_words(first['unit']))}".rstrip())]
        cells.append(Text(figure(first["baseline_mean"], first["unit"])))
        for arm in arms:
            row = of_arm.get(arm)
            diff, ends = cell(row)
            verdict = row["verdict"] if row else "cannot_tell"
            text = Text(diff, style=_STYLE[verdict])
            text.append(f"  {say(verdict_words(row))}", style="bold " + _STYLE[verdict])
            text.append("\n" + safe_text(ends, 60), style="dim")
            cells.append(text)
        table.add_row(*cells)
    return table


def print_comparison(
    summary: Mapping[str, Any], *, file: IO[str] | None = None, everything: bool = False, console: Console | None = None
) -> None:
    """The table and the answer on a terminal; plain text without codes when the output is no terminal."""
    from rich.console import Console

    out = console or Console(file=file, markup=False, emoji=False, highlight=False)
    if not out.is_terminal:
        plain = plain_table(summary["comparison"], str(summary["baseline"]), everything=everything)
        out.file.write(f"{plain}\n{safe_text(say(summary['answer']), 2000)}\n")
        return
    from rich.text import Text

    out.print(rich_table(summary["comparison"], str(summary["baseline"]), everything=everything))
    out.print(Text(safe_text(say(summary["answer"]), 2000), style="bold"))


def plain_table(rows: Sequence[Row], baseline: str, *, everything: bool = False) -> str:
    """The same as aligned lines without any codes; one line a KPI and strategy."""
    from rich.cells import cell_len

    head = (say("KPI"), safe_text(baseline, 40), *map(say, ("strategy", "difference", "95 % interval", "verdict")))
    lines = [head]
    for kpi, of_arm in _chosen(rows, everything):
        for arm, row in of_arm.items():
            diff, ends = cell(row)
            name = f"{safe_text(say(title(kpi)), 60)} {say(unit_words(row['unit']))}".rstrip()
            base = figure(row["baseline_mean"], row["unit"])
            lines.append((name, base, safe_text(arm, 40), diff, safe_text(ends, 60), say(verdict_words(row))))
    widths = [max(cell_len(line[i]) for line in lines) for i in range(len(head))]
    out = io.StringIO()
    for line in lines:
        parts = []
        for i, text in enumerate(line):
            gap = " " * (widths[i] - cell_len(text))
            parts.append(gap + text if i in (1, 3, 4) else text + gap)
        out.write("  ".join(parts).rstrip() + "\n")
    return out.getvalue()


class ComparisonTable:
    """What `cmp.table()` gives: prints as text, shows as HTML in a notebook."""

    def __init__(self, rows: Sequence[Row], baseline: str, answer: str = "", *, everything: bool = True) -> None:
        self.rows, self.baseline, self.answer, self.everything = list(rows), baseline, answer, everything

    def __str__(self) -> str:
        return plain_table(self.rows, self.baseline, everything=self.everything)

    def __repr__(self) -> str:
        return f"{self}{safe_text(self.answer, 2000)}"

    def _repr_html_(self) -> str:
        return notebook_html(self.rows, self.baseline, self.answer, everything=self.everything)


def notebook_html(rows: Sequence[Row], baseline: str, answer: str = "", *, everything: bool = True) -> str:
    """An HTML fragment without style sheets or scripts; every word is escaped."""
    from omosim.reports.page import render

    return render(
        "notebook.html",
        baseline=baseline,
        arms=_arms(rows),
        rows=[(title(kpi), of_arm) for kpi, of_arm in _chosen(rows, everything)],
        answer=answer,
        cell=cell,
        verdict_words=verdict_words,
        colours={"better": "#006b52", "worse": "#a84300", "cannot_tell": "#5b6470"},
    )
