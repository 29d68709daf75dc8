"""From a workbook (xlsx) to the table of strings that every other file becomes, with the sheet's own row numbers.

One sheet is read: the only visible one that holds orders. Two of them (a sheet a month, say) are refused, since orders
left unread would be a wrong answer that nobody sees; a sheet of notes or codes beside the orders is named and left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from omosim.ingest.cells import MOST_ROWS, Row
from omosim.ingest.errors import file_error, plain_text
from omosim.ingest.findings import Findings
from omosim.ingest.ooxml import Book, Sheet
from omosim.ingest.text import Budget, RawTable, fold

_HEAD = 11  # rows in which a header is looked for
_CHUNK = 1 << 16
#: What can be odd about a cell, and what to do. The first three matter only where a code or a name is meant.
ODD = {
    "turned_into_date": "a code as text; Excel took it for a date: format the column as text, then type it again",
    "turned_into_number": "a code as text; Excel took it for a number (1E5): format the column as text, then type it again",
    "digits_lost": "a code as text; Excel keeps 15 digits of a number: export the column as text again",
    "formula_without_value": "a saved value; open the workbook in Excel, let it calculate, save it",
    "error_value": "a value; the formula of this cell failed",
    "merged_cell": "one value per row; undo the merge and fill each row",
}
_CODES_ONLY = frozenset({"turned_into_date", "turned_into_number", "digits_lost"})


def load_book(
    path: Path, budget: Budget, wanted: frozenset[str], look: Callable[[RawTable], None] | None = None
) -> RawTable:
    """The sheet of orders as strings; look: is handed the first rows of a long one, and may refuse them. Raises OrderFileError. Tests: tests/ingest/test_workbook.py."""
    with Book(path) as book:
        heads = {sheet: _head(book, sheet) for sheet in book.sheets if sheet.visible}
        sheet, notes = _choose(book, heads, wanted)
        titles = _titles(heads[sheet], path.name, budget, wanted)
        table = _Table(titles, path.name, budget, look)
        lost = wanted and not any(fold(t) in wanted for t in titles)  # no column is known: its head tells as much
        book.rows(sheet, table.take, _HEAD if lost else MOST_ROWS)
        table.note_merged(book.merged)
        if book.macros:
            notes.append("the workbook holds macros; they are not run")
        if book.links:
            notes.append("the workbook links to other files; values are those last saved")
        if book.formulas:
            notes.append(f"{book.formulas:,} cells hold formulas; their saved values are read")
        if book.hidden_rows:
            notes.append(f"{book.hidden_rows:,} hidden rows are read like the others")
    return table.done(notes)


def first_names(path: Path) -> list[str]:
    """Names in the first row of the first visible sheet, for telling layouts apart."""
    with Book(path) as book:
        sheet = next((s for s in book.sheets if s.visible), book.sheets[0])
        head = _head(book, sheet)
        return list(head[0].cells.values()) if head else []


def note_odd(raw: RawTable, keys: Mapping[str, str], codes: frozenset[str],
             findings: Findings) -> dict[str, list[int]]:  # fmt: skip
    """Faults of odd cells in the columns that are read; returns where they stand, by the column of the table.

    keys: column of the table -> its name in the file; codes: those columns of the table that hold codes or names.
    """
    told: dict[str, list[int]] = {}
    for (code, key), at in raw.odd.items():
        if key in keys and (code not in _CODES_ONLY or key in codes):
            shown = raw.columns[key].take(pa.array(at)).to_pylist()
            findings.add(code, keys[key], raw.row[at], [t or None for t in shown], ODD[code])
            told.setdefault(key, []).extend(at)
    return told


# ---- which sheet, which row ------------------------------------------------------------------------------
def _head(book: Book, sheet: Sheet) -> list[Row]:
    rows: list[Row] = []
    book.rows(sheet, rows.append, _HEAD)
    return rows


def _known(row: Row, wanted: frozenset[str]) -> bool:
    return sum(fold(t) in wanted for t in row.cells.values()) >= 2


def _choose(book: Book, heads: dict[Sheet, list[Row]], wanted: frozenset[str]) -> tuple[Sheet, list[str]]:
    """The sheet to read, and a note on those that are not."""
    filled = [sheet for sheet, rows in heads.items() if rows]
    if not filled:
        raise file_error("empty", book.file, "a header and at least one row in a visible sheet")
    with_orders = [s for s in filled if not wanted or any(_known(row, wanted) for row in heads[s])]
    if len(with_orders) > 1:
        raise file_error("several_sheets", book.file, "orders in one visible sheet; put them into one, or hide the others",
                         value=", ".join(s.name for s in with_orders)[:100])  # fmt: skip
    sheet = with_orders[0] if with_orders else filled[0]
    rest = [s.name for s in book.sheets if s is not sheet and (s in filled or not s.visible)]
    if not rest:
        return sheet, []
    names = ", ".join(f"'{plain_text(name)}'" for name in rest)
    return sheet, [f"sheet '{plain_text(sheet.name)}' is read; not read: {names}"]


def _titles(head: list[Row], file: str, budget: Budget, wanted: frozenset[str]) -> list[str]:
    """Names of the columns, which stand in row 1; refuses a title above them."""
    first = head[0] if head[0].number == 1 else Row(1, {})
    if not first.cells or (wanted and not _known(first, wanted)):
        at = next((row.number for row in head if row.number > 1 and (not wanted or _known(row, wanted))), None)
        if at is not None:
            raise file_error("title_above_header", file, f"the header in row 1; it stands in row {at}: delete the rows "
                             "above it", row=1, value=" ".join(first.cells.values())[:100])  # fmt: skip
    width = max((c for c, t in first.cells.items() if t.strip()), default=-1) + 1
    if width > budget.columns:
        raise file_error("too_many_columns", file, f"{budget.columns} columns", row=1, value=f"{width} columns")
    return [first.cells.get(c, "").strip() for c in range(width)]


# ---- rows below the header -------------------------------------------------------------------------------
@dataclass
class _Table:
    """Rows as they come in; lists are packed every 65,536 rows, so that a long sheet stays small."""

    titles: list[str]
    file: str
    budget: Budget
    look: Callable[[RawTable], None] | None = None
    rows: list[int] = field(default_factory=list)
    open: list[list[str]] = field(default_factory=list)
    packed: list[list[pa.Array]] = field(default_factory=list)
    odd: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    ragged: list[tuple[int, int, int, str]] = field(default_factory=list)
    last: int = 1

    def __post_init__(self) -> None:
        self.width = len(self.titles)
        self.open = [[] for _ in range(self.width)]
        self.packed = [[] for _ in range(self.width)]

    def take(self, row: Row) -> None:
        """One row of the sheet that holds something."""
        if row.number == 1:
            return
        if row.number > self.last + 1:
            self._add(self.last + 1, {})  # one row stands for a gap of empty ones
        self.last = row.number
        cells = row.cells
        widest = max((c for c, t in cells.items() if c >= self.width and t.strip()), default=-1)
        if widest >= 0:
            self.ragged.append((row.number, self.width, widest + 1, ",".join(cells[c] for c in sorted(cells))[:200]))
            self._count()
            return
        for code, column in row.odd:
            if column < self.width:
                self.odd.setdefault((code, f"c{column}"), []).append(len(self.rows))
        self._add(row.number, cells)

    def _add(self, number: int, cells: dict[int, str]) -> None:
        if len(self.rows) >= self.budget.rows:
            raise file_error("too_many_rows", self.file, f"{self.budget.rows:,} rows", value="more")
        self.rows.append(number)
        for column, values in enumerate(self.open):
            values.append(cells.get(column, ""))
        if len(self.rows) % _CHUNK == 0:
            self._pack()
        self._count()

    def _count(self) -> None:
        """Show the first rows once there are many."""
        if self.look is not None and len(self.rows) + len(self.ragged) == _CHUNK:
            self._pack()
            self.look(self._table([]))

    def _pack(self) -> None:
        for values, arrays in zip(self.open, self.packed, strict=True):
            arrays.append(pa.array(values, pa.string()))
            values.clear()

    def note_merged(self, merged: list[tuple[int, int, int, int]]) -> None:
        """Merged cells below the header: only the first of them holds a value."""
        place = {number: at for at, number in enumerate(self.rows)} if merged else {}
        for first, last, left, right in merged:
            at = place.get(max(first, 2))
            if last >= 2 and at is not None:
                for column in range(left, min(right, self.width - 1) + 1):
                    self.odd.setdefault(("merged_cell", f"c{column}"), []).append(at)

    def done(self, notes: list[str]) -> RawTable:
        """The table; refused when nothing stands below the header."""
        if not self.rows and not self.ragged:
            raise file_error("header_only", self.file, "at least one row below the header", row=1)
        self._pack()
        return self._table(notes)

    def _table(self, notes: list[str]) -> RawTable:
        columns = {f"c{i}": pa.chunked_array(arrays).combine_chunks() for i, arrays in enumerate(self.packed)}
        row = np.array(self.rows, np.int64)
        return RawTable(self.titles, columns, row, False, notes, self.ragged, self.odd)
