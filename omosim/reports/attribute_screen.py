"""What `attribute` shows while it works and when it is done; plain text where there is no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from omosim.reports.language import say
from omosim.reports.terminal import StudyScreen
from omosim.results.words import figure, interval, safe_text, unit_words

Row = Mapping[str, Any]
WIDTH = 150
MODEL_WORDS = {
    "first_touch": "First touch", "last_touch": "Last touch", "linear": "Linear", "time_decay": "Time decay", "position": "Position",
    "markov": "Markov", "shapley": "Shapley", "truth": "True effects",
}  # fmt: skip


def level_words(row: Row) -> str:
    """A level of identity loss as a column's head."""
    loss = row["identity_loss"]
    share = "–" if loss is None else f"{100 * loss:.0f} %"
    return f"as it is ({share})" if row["level"] == "market" else share


def level_short(row: Row) -> str:
    """The same in the 14 letters that an axis shows."""
    return level_words(row).replace("(", "").replace(")", "")


def records(table: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows of a table's columns."""
    return [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]


class AttributeScreen(StudyScreen):
    """Progress with ETA, then errors of the models, credit beside truth, shifts, the answer.

    Parameters
    ----------
    runs : planned runs of the first part
    """

    def __init__(self, runs: int) -> None:
        super().__init__(f"{runs:,} runs, then shifts", WIDTH)
        self.planned = runs

    def update(self, state: Any) -> None:
        """After each finished run; the second part begins anew."""
        if state.planned != self.planned:
            self.planned, self.said = state.planned, 0
        super().update(state)

    def result(self, outcome: Any) -> None:
        """Tables, answer, failures, and where the report is."""
        self.progress.stop()
        folder = outcome.folder
        summary = outcome.summary
        attribution, errors, shifts = (records(folder.read_table(name)) for name in ("attribution", "errors", "shifts"))
        self.console.print(Text(say("Credit in the wrong place, % [95 % interval]; rank correlation with the truth"), style="bold"))
        self.console.print(errors_table(errors))
        self.console.print(Text(say("* the least error, ~ cannot be told from it"), style="dim"))
        for why in dict.fromkeys(row["reason"] for row in errors if row["reason"]):
            who = dict.fromkeys(MODEL_WORDS.get(row["model"], row["model"]) for row in errors if row["reason"] == why)
            self.console.print(Text(f"{', '.join(who) if len(who) < len({row["model"] for row in errors}) else 'All models'}: {why}", style="dim"))
        self.console.print(Text(say(f"Credit and true effect on net revenue of the simulated shoppers, {unit_words(summary['unit'])}, log as it is"), style="bold"))
        self.console.print(credits_table(attribution, summary["unit"]))
        if shifts:
            self.console.print(Text(say(f"{100 * summary['shift']:.3g} % of the media budget moved, log as it is: gross profit, {unit_words(summary['unit'])}"), style="bold"))
            self.console.print(shifts_table(shifts, summary["unit"]))
        self.console.print(Text(say(safe_text(summary["answer"], 2000)), style="bold"))
        unseen = next((row["revenue_without_a_touch"] for row in summary["levels"] if row["level"] == "market"), None)
        if unseen is not None:
            self.console.print(Text(say(f"{100 * unseen:.1f} % of revenue has no touch in the log as it is. Intervals cover chance, not wrong inputs; {summary['replications']} paired replications."), style="dim"))
        for run, failure in list(outcome.failures.items())[:5]:
            self.console.print(Text(safe_text(f"  {run}: {failure.kind}: {failure.message}", 300), style="red"))
        self.last(summary, folder.path / "report.html")


def _table(*heads: str) -> Table:
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for i, head in enumerate(heads):
        out.add_column(Text(say(head)), justify="left" if i == 0 else "right")
    return out


def wrong(row: Row) -> str:
    """Error of a model in per cent with its interval."""
    if row["share_error"] is None:
        return "cannot tell"
    ends = "" if row["share_error_low"] is None else f" [{100 * row['share_error_low']:.1f}, {100 * row['share_error_high']:.1f}]"
    return f"{100 * row['share_error']:.1f}{ends}"


def errors_table(errors: Sequence[Row]) -> Table:
    """One row a model, one column a level; the least error is starred, those that cannot be told from it are marked ~."""
    heads = {row["level"]: level_words(row) for row in errors}
    out = _table("Model", *heads.values())
    for model in dict.fromkeys(row["model"] for row in errors):
        cells = []
        for row in (row for row in errors if row["model"] == model):
            rank = "" if row["rank_correlation"] is None else f"  {row['rank_correlation']:+.2f}"
            mark = " *" if row["nearest"] else " ~" if row["share_error"] is not None and not row["told_from_nearest"] else "  "
            cells.append(Text(wrong(row) + rank + mark))
        out.add_row(Text(say(MODEL_WORDS.get(model, model))), *cells)
    return out


def credits_table(rows: Sequence[Row], unit: str) -> Table:
    """One row a touchpoint: credit by each model and the true effect, in the log as it is."""
    here = [row for row in rows if row["level"] == "market"]
    models = list(dict.fromkeys(row["model"] for row in here))
    out = _table("Touchpoint", "", *(MODEL_WORDS.get(m, m) for m in models), "True effect", "[95 % interval]")
    for name in dict.fromkeys(row["touchpoint"] for row in here):
        mine = [row for row in here if row["touchpoint"] == name]
        cells = [Text(figure(row["credit"], unit)) for row in mine]
        first = mine[0]
        true = Text("–" if first["reason"] else figure(first["true_increment"], unit, sign=True))
        out.add_row(Text(safe_text(name, 40)), Text(first["kind"], style="dim"), *cells, true, Text(interval(first["true_increment_low"], first["true_increment_high"], unit)))
    return out


def shifts_table(rows: Sequence[Row], unit: str) -> Table:
    """One row a model: what moves, what is promised and earned."""
    out = _table("Model", "from", "to", "promised", "earned", "[95 % interval]")
    for row in rows:
        if row["level"] not in ("market", "truth"):
            continue
        if row["money"] is None:
            out.add_row(Text(say(MODEL_WORDS.get(str(row["model"]), str(row["model"])))), Text(safe_text(f"no shift: {row['reason']}", 100)))
            continue
        cells = (row["from"], row["to"], figure(row["promised_gross_profit"], unit, sign=True), figure(row["earned_gross_profit"], unit, sign=True), interval(row["earned_gross_profit_low"], row["earned_gross_profit_high"], unit))
        out.add_row(Text(say(MODEL_WORDS.get(str(row["model"]), str(row["model"])))), *(Text(safe_text(c, 60)) for c in cells))
    return out
