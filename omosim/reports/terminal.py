"""What a command shows while it works and when it is done; plain text where there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from omosim.reports.labels import law_words, reading_order, title
from omosim.reports.language import say
from omosim.reports.tables import print_comparison, rich_table
from omosim.results.words import figure, interval, number, safe_text, unit_words
from omosim.schema.columns import WEEKDAYS

Row = Mapping[str, Any]


class StudyScreen:
    """Progress of a study with ETA; quarters of the way as lines where there is no terminal.

    Parameters
    ----------
    title : words beside the bar
    width : columns of a table that goes to a file; None as the console has it
    """

    def __init__(self, title: str, width: int | None = None) -> None:
        self.console = Console(markup=False, emoji=False, highlight=False)
        if width is not None and not self.console.is_terminal:
            self.console.width = width
        self.live = sys.stderr.isatty()
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not self.live,
        )
        self.task = self.progress.add_task(title, total=None)
        self.said = 0

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.progress.stop()

    def update(self, state: Any) -> None:
        """After each finished run."""
        self.progress.update(self.task, completed=state.done + state.failed, total=state.planned)
        if not self.live and (state.done + state.failed) * 4 // max(state.planned, 1) > self.said:
            self.said = (state.done + state.failed) * 4 // max(state.planned, 1)
            left = state.seconds_left
            eta = f", about {left:.0f} s left" if left else ""
            sys.stderr.write(f"{state.done} of {state.planned} runs, {state.seconds:.0f} s{eta}\n")
            sys.stderr.flush()

    def last(self, summary: Row, report: Path) -> None:
        """What every study ends with: runs that failed, the laws, where the report is."""
        if summary["failed_runs"]:
            self.console.print(Text(say(f"{summary['failed_runs']} runs failed and are left out: failures.jsonl"), style="red"))
        self.console.print(Text(say(law_words(summary)), style="dim"))
        self.console.print(Text(say(f"Report: {report}")))

    def message(self, text: str) -> None:
        """One line for the user, below the progress."""
        self.progress.stop()
        Console(stderr=True).print(Text(safe_text(text, 4000)))


class CompareScreen(StudyScreen):
    """Progress with ETA, a first table as soon as two pairs are there, then the answer.

    Parameters
    ----------
    baseline : arm that the others are compared with
    arms : labels of all arms
    replications : largest number of pairs
    """

    def __init__(self, baseline: str, arms: Sequence[str], replications: int) -> None:
        super().__init__(f"{len(arms)} strategies x up to {replications} replications")
        self.baseline = baseline
        self.shown = False

    def update(self, state: Any) -> None:
        """After each finished run."""
        super().update(state)
        if state.rows and not self.shown and state.done < state.planned:
            self.shown = True
            self.console.print(Text(f"After {state.pairs} pairs (goes on):", style="dim"))
            self.console.print(rich_table([r for r in state.rows if r["kpi"] == "operating_profit"], self.baseline))

    def result(self, rows: Sequence[Row], summary: Row, report: Path) -> None:
        """The table, the answer, how much was needed for it, and where the report is."""
        self.progress.stop()
        print_comparison(summary, console=self.console)
        self.console.print(Text(self._facts(rows, summary), style="dim"))
        self.console.print(Text(say(f"Report: {report}")))

    def _facts(self, rows: Sequence[Row], summary: Row) -> str:
        profit = [r for r in rows if r["kpi"] == "operating_profit" and r.get("variance_reduction")]
        reduced = ", ".join(f"{r['strategy']} {r['variance_reduction']:.1f}x" for r in profit)
        share = summary.get("precision_reached")
        reached = f"{100 * share:.2f} % of baseline revenue" if share is not None else "not known"
        return " ".join(
            say(text) for text in (
                f"{summary['pairs']} pairs; interval half-width {reached} (asked {100 * summary['precision']:.2f} %).",
                f"Variance reduction by common random numbers: {reduced or 'not known'}.",
                f"{law_words(summary)}.",
                "The interval covers chance, not wrong inputs: the report lists what is assumed.",
            )
        )  # fmt: skip


def say_run(kpis: Sequence[Any], report: Path, summary: Row) -> None:
    """What was run, its KPIs in reading order, and where the report is."""
    console = Console()
    console.print(Text(safe_text(f"{summary['strategy']} in {summary['market']} {summary['period']}", 400)))
    if summary["unresolved"]:
        console.print(Text(say(f"{summary['unresolved']:,} orders had not come to their end (returns included) when the run ended.")))
    if summary.get("burn_in"):
        console.print(Text(say(str(summary["burn_in"]))))
    named = {k.kpi: k for k in kpis}
    for head, names in reading_order(list(named)):
        console.print(Text(say(head), style="bold"))
        for name in names:
            kpi = named[name]
            value = figure(kpi.value, kpi.unit) if kpi.value is not None else f"{say('undefined')}: {say(kpi.reason)}"
            unit = say(unit_words(kpi.unit)) if kpi.value is not None else ""
            label = say(title(name))
            console.print(Text(f"  {label}{' ' * max(34 - cell_len(label), 0)} {value:>18} {unit}".rstrip()))
    before = None
    for row in summary.get("ab", []):
        if row["diff"] is None:
            continue
        if (pair := (row["experiment"], row["group"])) != before:
            console.print(Text(safe_text(f"Experiment {row['experiment']}: {row['group']} against {row['against']}"), style="bold"))
        before = pair
        change = number(row["diff"], row["unit"], sign=True)
        spread = interval(row["diff_low"], row["diff_high"], row["unit"])
        console.print(Text(f"  {title(row['kpi']):<24} {change:>16}  ({spread})  {row['reading'].replace('_', ' ')}"))
    console.print(Text(say(f"Report: {report}")))


def say_plan(plan: Row, summary: Row, folder: Path) -> None:
    """A pickup plan: what was read, the check, each weekday's plan and what-ifs, the files."""
    console = Console(soft_wrap=True)
    read = plan["read"]
    console.print(Text(safe_text(
        f"{summary['file']}: {summary['rows']:,} rows; store {plan['store']}: {read['pickups']:,} pickups and {read['walk_in_orders']:,} orders in the "
        f"store on {read['trading_days']} days, {read['first_day']} to {read['last_day']}; open {plan['opens']}-{plan['closes']} ({plan['hours_from']}); "
        f"promise {plan['promise_h']:.3g} h ({plan['promise_from']})", 600)))  # fmt: skip
    for note in summary["notes"]:
        console.print(Text(safe_text(f"{say('note')}: {say(note)}")))
    check = plan["check"]
    if check["rows"]:
        told = f"Check on {len(check['held_out'])} held-out days; staff of the past: {check['staff_of_the_past']}"
        console.print(Text(f"\n{safe_text(say(told), 600)}", style="bold"))
        for row in check["rows"]:
            words = [_of_unit(row[name], row["unit"]) for name in ("observed", "simulated", "ci_low", "ci_high")]
            verdict = say("within" if row["within"] else "OUTSIDE")
            console.print(Text(f"  {row['weekday']}  {row['measure']:<32} observed {words[0]:>8}  simulated {words[1]:>8} ({words[2]} to {words[3]})  {verdict}"))
    else:
        console.print(Text(check["why_not"]))
    pools = [who for who in ("pickers", "counter", "staff") if who in plan["staff_by_interval"][0]]
    console.print(Text(f"\nDay   paid h  {'/'.join(pools):<15}   ready on time          wait <= limit          wait p90 min  shelf bins  orders a slot", style="bold"))
    for name, day in sorted(plan["days"].items(), key=lambda item: WEEKDAYS.index(item[0])):
        people = [[row[who] for row in day["staff_by_interval"]] for who in pools]
        slots = [row["max_orders"] for row in day["max_orders_per_slot"]]
        console.print(Text(
            f"{name}  {day['cost']['paid_hours']:>7.1f}   {' / '.join(f'{min(n)}-{max(n)}' for n in people)}".ljust(30)
            + f"  {_share(day['ready_on_time']):<21}  {_share(day['wait_within_limit']):<21}  {day['wait_min']['p90']['value']:>8.1f}"
            f"  {day['shelf_peak_bins']['value']:>10.0f}  {min(slots):>6}-{max(slots)}" + ("" if day["targets_kept"] else "  TARGETS NOT KEPT")
        ))  # fmt: skip
    shown = plan["weekday"]
    console.print(Text(say(f"\nWhat if, {shown} (the same simulated days)"), style="bold"))
    for row in plan["what_if"]:
        console.print(Text(f"  {row['change']:<44} ready on time {_share(row['ready_on_time']):<21} wait <= limit {_share(row['wait_within_limit']):<21}"))
    console.print(Text(say(f"\nWhat promise, {shown} (people planned; people who pick that the target takes, hour by hour)"), style="bold"))
    for row in plan["promises"]["rows"]:
        takes = "no number keeps it" if row["person_hours"] is None else f"{row['person_hours']:.4g} person-hours, {row['most_at_once']} at once"
        console.print(Text(f"  {row['promise_h']:>5.3g} h   ready on time {_share(row['ready_on_time']):<21} the target takes {takes}"))
    console.print(Text(f"\n{say(summary['answer'])}"))
    console.print(Text(say("Intervals cover chance and what few past days leave open, not wrong work times: the report lists what is assumed.")))
    console.print(Text(f"Plan: {folder / 'plan.json'}, capacity_plan.csv, rota.csv, rota.xlsx\nReport: {folder / 'report.html'}"))


def _share(estimate: Row) -> str:
    return f"{100 * estimate['value']:.1f} % ({100 * estimate['ci_low']:.1f}-{100 * estimate['ci_high']:.1f})"


def _of_unit(value: float, unit: str) -> str:
    return f"{100 * value:.1f} %" if unit == "share" else f"{value:.1f}"
