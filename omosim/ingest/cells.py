"""Cells of a sheet from the stream of its XML, as the text that a CSV would hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omosim.ingest.ooxml import Book

MOST_ROWS, MOST_COLUMNS, MOST_CHARS = 1_048_576, 16_384, 32_767  # of a sheet, by the format
_DEPTH = 64
_OTHER, _IDLE = 2_000_000, 64 << 20  # elements that are neither rows nor cells; characters between cells
_EMPTY = 20_000_000  # cells without a value, more than 50 for one with; 16 columns formatted to the last row have 16.8 M
_TEXTS, _MERGES = 1_200_000, 100_000  # shared texts, merged areas
_WHOLE = re.compile(r"[0-9]{1,15}\Z", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?\Z", re.ASCII)


class Enough(Exception):
    """The rows asked for are read."""


@dataclass
class Row:
    """Cells of one row by column (0 is A), and what is odd about some of them."""

    number: int
    cells: dict[int, str]
    odd: list[tuple[str, int]] = field(default_factory=list)


class Texts:
    """Handlers for the texts that cells refer to by number; hints at pronunciation (rPh) are no text."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.texts: list[str] = []
        self.pieces: list[str] = []
        self.size = self.depth = 0
        self.collect = self.silent = False

    def start(self, tag: str, _: dict[str, str]) -> None:
        if ":" in tag:
            tag = local(tag)
        self.depth += 1
        if tag == "t":
            self.collect = not self.silent
        elif tag == "si":
            self.pieces.clear()
            self.size = 0
            if len(self.texts) >= _TEXTS:
                raise self.book.too_large(f"{_TEXTS:,} different texts; save it as 'CSV UTF-8'", "more")
        elif tag == "rPh":
            self.silent = True
        elif self.depth > _DEPTH:
            raise self.book.too_large(f"elements {_DEPTH} deep", "deeper")

    def end(self, tag: str) -> None:
        if ":" in tag:
            tag = local(tag)
        self.depth -= 1
        if tag == "t":
            self.collect = False
        elif tag == "si":
            self.texts.append("".join(self.pieces))
        elif tag == "rPh":
            self.silent = False

    def chars(self, data: str) -> None:
        if self.collect:
            self.size += len(data)
            if self.size > MOST_CHARS:
                raise self.book.long_value(None)
            self.pieces.append(data)


class Cells:
    """Handlers that put a sheet's cells together."""

    def __init__(self, book: Book, take: Callable[[Row], None], first: int) -> None:
        self.book, self.take, self.first = book, take, first
        self.number = NumberText(book.styles, book.epoch_1904)
        self.row = Row(0, {})
        self.column = -1
        self.letters: dict[str, int] = {}
        self.kind, self.style = "n", ""
        self.pieces: list[str] = []
        self.size = self.depth = self.other = self.idle = self.empty = self.filled = 0
        self.in_cell = self.collect = self.silent = self.formula = self.valued = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if ":" in tag:
            tag = local(tag)
        self.depth += 1
        if tag == "c":
            self._place(attributes.get("r"))
            self.kind, self.style = attributes.get("t", "n"), attributes.get("s", "")
            self.in_cell, self.formula, self.valued, self.size = True, False, False, 0
            self.pieces.clear()
        elif tag == "v" or tag == "t":
            self.collect = self.in_cell and not self.silent
            self.valued = self.valued or tag == "v"
        elif tag == "row":
            number = int(attributes["r"]) if "r" in attributes else self.row.number + 1
            if not self.row.number < number <= MOST_ROWS:
                raise ValueError(f"row {number} after row {self.row.number}")
            if number > self.first:
                raise Enough
            self.row, self.column = Row(number, {}), -1
            self.book.hidden_rows += attributes.get("hidden") in ("1", "true")
        elif tag == "f":
            self.formula = self.in_cell
        elif tag == "rPh":
            self.silent = True
        elif tag == "mergeCell":
            self._merge(attributes.get("ref", ""))
        else:
            self.other += 1
            if self.other > _OTHER or self.depth > _DEPTH:
                raise self.book.too_large(f"{_OTHER:,} elements beside cells, {_DEPTH} deep", "more")

    def end(self, tag: str) -> None:
        if ":" in tag:
            tag = local(tag)
        self.depth -= 1
        if tag == "v" or tag == "t":
            self.collect = False
        elif tag == "c":
            self.in_cell = False
            if self.pieces or self.formula:
                self.filled += 1
                self._cell("".join(self.pieces))
            else:
                self.empty += 1
                if self.empty > _EMPTY and self.empty > 50 * self.filled:
                    raise self.book.too_large(f"{_EMPTY:,} empty cells; delete the empty columns and rows", "more")
        elif tag == "row":
            if self.row.cells or self.row.odd:
                self.take(self.row)
        elif tag == "rPh":
            self.silent = False

    def chars(self, data: str) -> None:
        if self.collect:
            self.size += len(data)
            if self.size > MOST_CHARS:
                raise self.book.long_value(self.row.number)
            self.pieces.append(data)
        else:
            self.idle += len(data)
            if self.idle > _IDLE:
                raise self.book.too_large(f"{_IDLE:,} characters between cells", "more")

    def _place(self, reference: str | None) -> None:
        """Column of a cell from its reference; without one it follows the cell before."""
        if reference is None:
            self.column += 1
        else:
            letters = reference.rstrip("0123456789")
            column = self.letters.get(letters)
            if column is None:
                column = self.letters[letters] = column_of(letters)
            self.column = column
        if not 0 <= self.column < MOST_COLUMNS:
            raise ValueError(f"column {self.column + 1}")

    def _merge(self, reference: str) -> None:
        found = re.fullmatch(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?", reference)
        if len(self.book.merged) >= _MERGES:
            raise self.book.too_large(f"{_MERGES:,} merged areas", "more")
        if found:
            last_column, last_row = found[3] or found[1], int(found[4] or found[2])
            self.book.merged.append((int(found[2]), last_row, column_of(found[1]), column_of(last_column)))

    def _cell(self, value: str) -> None:
        kind, odd = self.kind, ""
        if self.formula:
            self.book.formulas += 1
            if not value and kind != "str":  # an empty text is a result; no value at all was never worked out
                self.row.odd.append(("formula_without_value", self.column))
                return
        if kind == "s":
            value = self.book.strings[_index(value)]
        elif kind == "n":
            value, odd = self.number.text(value, self.style)
        elif kind == "b":
            value = "TRUE" if value.strip() in ("1", "true") else "FALSE"
        elif kind == "e":
            odd = "error_value"
        if value:
            self.row.cells[self.column] = value
            if odd:
                self.row.odd.append((odd, self.column))


class NumberText:
    """Numbers of cells as the text that a CSV would hold: 12 not 12.0, 9.9 not 9.9000000000000004, dates in ISO form."""

    def __init__(self, styles: list[str], epoch_1904: bool) -> None:
        from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

        self.styles = styles
        self.epoch = MAC_EPOCH if epoch_1904 else WINDOWS_EPOCH
        self.known: dict[tuple[str, str], tuple[str, str]] = {}

    def text(self, value: str, style: str) -> tuple[str, str]:
        """Text, and what is odd about it ('' nothing): Excel may have taken a code for a date or a number."""
        place = _index(style) if style else 0
        kind = self.styles[place] if place < len(self.styles) else ""
        if not kind and _WHOLE.match(value):
            return value, ""
        key = (value, kind)
        found = self.known.get(key)
        if found is None:
            if len(self.known) > 1 << 17:
                self.known.clear()
            found = self.known[key] = self._text(value, kind)
        return found

    def _text(self, value: str, kind: str) -> tuple[str, str]:
        if not _NUMBER.match(value):
            return value, ""  # no number at all: the checks name it
        number = float(value)
        if kind in ("date", "span") and abs(number) < 3_000_000:
            return self._date(number, kind == "span"), "turned_into_date"
        if abs(number) >= 1e15:
            return f"{number:.0f}", "digits_lost"
        text = f"{Decimal(f'{number:.15g}'):.9f}".rstrip("0").rstrip(".")
        text = "0" if text in ("-0", "") else text
        if kind == "exponent":
            return text, "turned_into_number"
        return (text.zfill(len(kind)) if kind[:1] == "0" and text.isdigit() else text), ""

    def _date(self, number: float, span: bool) -> str:
        from openpyxl.utils.datetime import from_excel

        try:
            when = from_excel(number, self.epoch, span)
        except (OverflowError, ValueError):
            return repr(number)
        if isinstance(when, datetime):
            return (when + timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
        return when.replace(microsecond=0).isoformat() if isinstance(when, time) else str(when)


def column_of(letters: str) -> int:
    """A is 0."""
    column = 0
    for letter in letters:
        if not "A" <= letter <= "Z" or column > MOST_COLUMNS:
            raise ValueError(f"column {letters[:10]!r}")
        column = 26 * column + ord(letter) - 64
    return column - 1


def _index(text: str) -> int:
    """A place in a list; below 0 there is none."""
    number = int(text)
    if number < 0:
        raise ValueError(f"place {number}")
    return number


def local(tag: str) -> str:
    """A tag without its namespace or prefix."""
    return tag.rpartition("}")[2].rpartition(":")[2]
