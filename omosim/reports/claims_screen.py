"""What `claims` shows while it works and when it is done; plain text where there is no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from omosim.reports.language import say
from omosim.reports.terminal import StudyScreen
from omosim.results.words import SHARES, safe_text

Row = Mapping[str, Any]
FINDINGS = {
    "reached": "caused as claimed", "part_or_more": "caused in part or more", "part": "caused in part", "next_to_nothing": "next to nothing caused", "opposite": "the other way", "effect": "an effect, no number claimed",
    "cannot_tell": "cannot tell", "level": "a level, no effect", "cannot_speak": "cannot speak",
}  # fmt: skip
#: columns of a table that goes to a file
WIDTH = 160
_STYLE = {"reached": "green", "part_or_more": "green", "part": "yellow", "next_to_nothing": "yellow", "opposite": "red"}


class ClaimsScreen(StudyScreen):
    """Progress with ETA, then the table of claims and the readings in words.

    Parameters
    ----------
    claims : number of claims
    replications : paired replications of each arm
    """

    def __init__(self, claims: int, replications: int) -> None:
        super().__init__(f"{claims} claims x {replications} replications", WIDTH)

    def result(self, rows: Sequence[Row], summary: Row, report: Path) -> None:
        """The answer, the table, a line of words for each claim, and where the report is."""
        self.progress.stop()
        self.console.print(Text(say(safe_text(summary["answer"], 1000)), style="bold"))
        self.console.print(table(rows))
        for row in rows:
            self.console.print(Text(claim_words(row), style="bold"))
            self.console.print(Text("  " + say(safe_text(row["reading"], 2000))))
            if row["note"]:
                self.console.print(Text("  " + say(safe_text(row["note"], 600)), style="dim"))
        if any(row["replications"] for row in rows):
            self.console.print(Text(say(f"{summary['replications']} paired replications; 95 % intervals cover chance, not wrong inputs. What is assumed for each claim: the report"), style="dim"))
        self.last(summary, report)


def table(rows: Sequence[Row]) -> Table:
    """claim | claimed | raw reading | caused [interval] | finding; all text as plain text."""
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("Claim", "Claimed", "Raw reading", "Caused [95 % interval]", "Finding"):
        out.add_column(Text(say(name)), justify="left" if name in ("Claim", "Finding") else "right")
    for row in rows:
        cells = [Text(claim_words(row, 80)), *(Text(text) for text in (said(row, "claimed"), said(row, "simulated_raw"), caused(row)))]
        out.add_row(*cells, Text(say(FINDINGS[row["finding"]]), style=_STYLE.get(row["finding"], "dim")))
    return out


def claim_words(row: Row, limit: int = 200) -> str:
    """What is claimed behind its name; a shipped claim in the language of this moment."""
    name, text = str(row.get("name") or ""), str(row["claim"])
    rest = text.removeprefix(f"{name} ") if name else text
    return safe_text(text if rest == text else f"{name} {say(rest)}", limit)


def said(row: Row, name: str) -> str:
    """One figure of a row with its unit; effects carry their sign, levels do not."""
    value = row[name]
    if value is None:
        return "–"
    signed = "+" if row["form"] != "level" else ""
    if row["unit"] in SHARES:
        return f"{100 * value:{signed}.{0 if abs(value) >= 0.0995 else 1}f} %"
    return f"{value:{signed},.6g}"


def caused(row: Row) -> str:
    """The causal part with its interval; that of a level is in points."""
    if row["simulated_causal"] is None:
        return "–"
    scale, tail = (100.0, " pp" if row["form"] == "level" else " %") if row["unit"] in SHARES else (1.0, "")
    value, low, high = (None if row[k] is None else scale * row[k] for k in ("simulated_causal", "ci_low", "ci_high"))
    ends = "" if low is None else f" [{low:+.1f}, {high:+.1f}]"
    return f"{value:+.1f}{tail}{ends}"
