"""What lies inside an xlsx file: a zip archive of XML parts, each walked as a stream and within limits.

Formulas, macros and links are never run; a cell is the value that was saved with it. Sizes are checked in the archive's
directory before a byte is unpacked, so a bomb costs nothing.
"""

from __future__ import annotations

import posixpath
import re
import struct
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from xml.parsers import expat

from omosim.ingest.errors import OrderFileError, file_error

MOST_ROWS, MOST_COLUMNS, MOST_CHARS = 1_048_576, 16_384, 32_767  # of a sheet, by the format
_META, _STRINGS, _SHEET = 8 << 20, 256 << 20, 512 << 20  # bytes of one part, unpacked
_RATIO, _RATIO_FROM = 100, 16 << 20  # unpacked over packed; plain tables stay below 30
_DIRECTORY = 1 << 20
_DEPTH = 64
_STALL = 1 << 20  # bytes of one tag or attribute
_OTHER = 2_000_000  # elements that are neither rows nor cells
#: Date formats that the format's standard leaves to East Asian Excel; such files name them by number only.
_EAST_ASIAN_DATES = frozenset((*range(27, 37), *range(50, 59)))
_WHOLE = re.compile(r"[0-9]{1,15}\Z", re.ASCII)


class _Enough(Exception):
    """The rows asked for are read."""


class _NoDoctype(ET.TreeBuilder):
    """A tree that refuses document types: entities are how XML bombs are built."""

    def doctype(self, *_: str | None) -> None:
        raise _Doctype


class _Doctype(Exception):
    pass


@dataclass(frozen=True)
class Sheet:
    """One worksheet of a workbook."""

    name: str
    part: str
    visible: bool


@dataclass
class Row:
    """Cells of one row by column (0 is A), and what is odd about some of them."""

    number: int
    cells: dict[int, str]
    odd: list[tuple[str, int]] = field(default_factory=list)


class Book:
    """An open workbook; use it in a `with` block. Raises OrderFileError for whatever cannot be read for certain."""

    def __init__(self, path: Path) -> None:
        self.file = path.name
        self.formulas = self.hidden_rows = 0
        self.merged: list[tuple[int, int, int, int]] = []  # first row, last row, first column, last column
        self._check_directory(path)
        try:
            self.zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, struct.error) as error:
            raise self._broken(str(error)) from None
        try:
            self._open()
        except BaseException:
            self.zip.close()
            raise

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self.zip.close()

    # ---- faults of the file ------------------------------------------------------------------------------
    def _broken(self, why: str) -> OrderFileError:
        return file_error("broken_workbook", self.file, f"a whole xlsx workbook; save or copy it again ({why[:120]})")

    def _too_large(self, allowed: str, found: str) -> OrderFileError:
        return file_error("too_large", self.file, allowed, value=found)

    def _check_directory(self, path: Path) -> None:
        """Refuse a directory of millions of entries before it is read into memory."""
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - (1 << 16) - 100))
            tail = file.read()
        lengths = [0]
        if (at := tail.rfind(b"PK\x05\x06")) >= 0 and len(tail) >= at + 16:
            lengths.append(struct.unpack("<I", tail[at + 12 : at + 16])[0] % 0xFFFFFFFF)
        if (at := tail.rfind(b"PK\x06\x06")) >= 0 and len(tail) >= at + 48:
            lengths.append(struct.unpack("<Q", tail[at + 40 : at + 48])[0])
        if max(lengths) > _DIRECTORY:
            raise self._too_large("a workbook of at most some thousand parts", f"a directory of {max(lengths):,} bytes")

    # ---- parts -------------------------------------------------------------------------------------------
    def _open(self) -> None:
        names = {info.filename.lstrip("/") for info in self.zip.infolist()}
        if "xl/workbook.bin" in names or "mimetype" in names:
            raise file_error("workbook", self.file, "xlsx, CSV, CSV.gz or Parquet; this is a workbook of another kind "
                             "(xlsb, ods): save it as xlsx or 'CSV UTF-8'")  # fmt: skip
        if any(info.flag_bits & 1 for info in self.zip.infolist()):
            raise file_error("encrypted", self.file, "a workbook without password; save it again without one")
        if "xl/workbook.xml" not in names:
            raise file_error("not_orders", self.file, "xlsx, CSV, CSV.gz or Parquet; this is a zip archive that holds no "
                             "workbook: unpack it first")  # fmt: skip
        self.macros = any(n.endswith("vbaProject.bin") for n in names)
        self.links = any(n.startswith("xl/externalLinks/") for n in names)
        book = self._tree("xl/workbook.xml")
        targets: dict[str, str] = {}
        kinds: dict[str, str] = {}
        for relation in self._tree("xl/_rels/workbook.xml.rels"):
            target = relation.get("Target", "")
            place = target.lstrip("/") if target.startswith("/") else posixpath.normpath("xl/" + target)
            kind = relation.get("Type", "").rpartition("/")[2]
            targets[relation.get("Id", "")] = place
            kinds[relation.get("Id", "")] = kind
        self.sheets: list[Sheet] = []
        self.epoch_1904 = False
        for element in book.iter():
            tag = _local(element.tag)
            if tag == "workbookPr":
                self.epoch_1904 = element.get("date1904", "0") in ("1", "true")
            elif tag == "sheet":
                key = next((v for k, v in element.attrib.items() if k.endswith("}id")), "")
                if kinds.get(key) == "worksheet":
                    visible = element.get("state", "visible") == "visible"
                    self.sheets.append(Sheet(element.get("name", ""), targets[key], visible))
        if not self.sheets:
            raise self._broken("no worksheet in it")
        by_kind = {kinds[key]: targets[key] for key in targets}
        self.styles = self._read_styles(by_kind.get("styles"))
        self.strings = self._read_strings(by_kind.get("sharedStrings"))

    def _part(self, name: str, most: int) -> zipfile.ZipExtFile:
        """A part opened for reading, once its size in the directory is in bounds; no more than that is ever unpacked."""
        try:
            info = self.zip.getinfo(name)
        except KeyError:
            raise self._broken(f"part {name} is missing") from None
        if info.file_size > most:
            raise self._too_large(f"{most:,} bytes in {name}", f"{info.file_size:,} bytes")
        if info.file_size > _RATIO_FROM and info.file_size > _RATIO * info.compress_size:
            raise self._too_large(f"at most {_RATIO} times the packed size in {name}",
                                  f"{info.file_size:,} bytes packed into {info.compress_size:,}")  # fmt: skip
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._broken("packed by another method than deflate")
        try:
            return self.zip.open(info)  # type: ignore[return-value]
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise self._broken(str(error)) from None

    def _tree(self, name: str) -> ET.Element:
        parser = ET.XMLParser(target=_NoDoctype())
        try:
            with self._part(name, _META) as stream:
                parser.feed(stream.read())
            return parser.close()
        except _Doctype:
            raise self._unsafe(name) from None
        except (ET.ParseError, zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
            raise self._broken(f"{name}: {error}") from None

    def _unsafe(self, name: str) -> OrderFileError:
        return file_error("unsafe_workbook", self.file, f"a workbook as Excel writes it; {name} declares a document type")

    def walk(self, name: str, most: int, start: Callable, end: Callable, chars: Callable) -> None:
        """Feed one part to the handlers piece by piece; a token or a depth that no workbook has is refused."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, chars

        def doctype(*_: object) -> None:
            raise self._unsafe(name)

        parser.StartDoctypeDeclHandler = doctype
        fed = 0
        try:
            with self._part(name, most) as stream:
                while piece := stream.read(1 << 18):
                    parser.Parse(piece, False)
                    fed += len(piece)
                    if fed - max(0, parser.CurrentByteIndex) > _STALL:
                        raise self._too_large(f"{_STALL:,} bytes in one tag of {name}", "more")
                parser.Parse(b"", True)
        except _Enough:
            return
        except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, IndexError) as error:
            raise self._broken(f"{name}: {error}") from None

    # ---- shared strings and formats ----------------------------------------------------------------------
    def _read_strings(self, name: str | None) -> list[str]:
        """Texts that cells refer to by number; hints at pronunciation (rPh) are no text."""
        strings: list[str] = []
        if name is None or name not in self.zip.namelist():
            return strings
        pieces: list[str] = []
        state = {"t": False, "rPh": False, "depth": 0, "size": 0}

        def start(tag: str, _: dict[str, str]) -> None:
            tag = _local(tag)
            state["depth"] += 1
            if state["depth"] > _DEPTH:
                raise self._too_large(f"elements {_DEPTH} deep in {name}", "deeper")
            if tag == "si":
                pieces.clear()
                state["size"] = 0
                if len(strings) > 4 * MOST_ROWS:
                    raise self._too_large(f"{4 * MOST_ROWS:,} texts", "more")
            elif tag == "t":
                state["t"] = True
            elif tag == "rPh":
                state["rPh"] = True

        def end(tag: str) -> None:
            tag = _local(tag)
            state["depth"] -= 1
            if tag == "si":
                strings.append("".join(pieces))
            elif tag in ("t", "rPh"):
                state[tag] = False

        def chars(data: str) -> None:
            if state["t"] and not state["rPh"]:
                state["size"] += len(data)
                if state["size"] > MOST_CHARS:
                    raise self._long_value(None)
                pieces.append(data)

        self.walk(name, _STRINGS, start, end, chars)
        return strings

    def _long_value(self, row: int | None) -> OrderFileError:
        return file_error("long_line", self.file, f"{MOST_CHARS:,} characters a cell", row=row, value="more")

    def _read_styles(self, name: str | None) -> list[str]:
        """What a number of each cell style is: '' a number, 'date', 'span', 'exponent', or its zeros ('0000')."""
        if name is None or name not in self.zip.namelist():
            return []
        from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format

        own: dict[str, str] = {}
        kinds: list[str] = []
        for element in self._tree(name).iter():
            tag = _local(element.tag)
            if tag == "numFmt":
                own[element.get("numFmtId", "")] = element.get("formatCode", "")
            elif tag == "cellXfs":
                for style in element:
                    number = style.get("numFmtId", "0")
                    text = own.get(number) or BUILTIN_FORMATS.get(int(number) if number.isdigit() else 0, "")
                    if not text and number.isdigit() and int(number) in _EAST_ASIAN_DATES:
                        text = "yyyy-mm-dd"
                    if is_timedelta_format(text):
                        kinds.append("span")
                    elif is_date_format(text):
                        kinds.append("date")
                    elif re.search("[eE][+-]0", text):
                        kinds.append("exponent")
                    else:
                        kinds.append(text if re.fullmatch("0{2,}", text) else "")
        return kinds

    # ---- cells -------------------------------------------------------------------------------------------
    def rows(self, sheet: Sheet, take: Callable[[Row], None], first: int = MOST_ROWS) -> None:
        """Hand each row of a sheet that holds something to `take`, up to row `first`; counts formulas and merges."""
        self.formulas = self.hidden_rows = 0
        self.merged = []
        reader = _Cells(self, sheet, take, first)
        self.walk(sheet.part, _SHEET, reader.start, reader.end, reader.chars)


class _Cells:
    """Handlers that put a sheet's cells together."""

    def __init__(self, book: Book, sheet: Sheet, take: Callable[[Row], None], first: int) -> None:
        self.book, self.take, self.first = book, take, first
        self.number = NumberText(book.styles, book.epoch_1904)
        self.row = Row(0, {})
        self.column = -1
        self.letters: dict[str, int] = {}
        self.kind, self.style = "n", ""
        self.pieces: list[str] = []
        self.size = self.depth = self.other = 0
        self.in_cell = self.collect = self.silent = self.formula = self.valued = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if ":" in tag:
            tag = _local(tag)
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
                raise _Enough
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
                raise self.book._too_large(f"{_OTHER:,} elements beside cells, {_DEPTH} deep", "more")

    def end(self, tag: str) -> None:
        if ":" in tag:
            tag = _local(tag)
        self.depth -= 1
        if tag == "v" or tag == "t":
            self.collect = False
        elif tag == "c":
            self.in_cell = False
            if self.pieces or self.formula:
                self._cell("".join(self.pieces))
        elif tag == "row":
            if self.row.cells or self.row.odd:
                self.take(self.row)
        elif tag == "rPh":
            self.silent = False

    def chars(self, data: str) -> None:
        if self.collect:
            self.size += len(data)
            if self.size > MOST_CHARS:
                raise self.book._long_value(self.row.number)
            self.pieces.append(data)

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
        if found and len(self.book.merged) < 100_000:
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
        kind = self.styles[_index(style)] if style else ""
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
        number = float(value)
        if kind in ("date", "span") and abs(number) < 3_000_000:
            return self._date(number, kind == "span"), "turned_into_date"
        if abs(number) >= 1e15:
            return f"{number:.0f}", "digits_lost"
        text = f"{float(f'{number:.15g}'):.9f}".rstrip("0").rstrip(".")
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


def _local(tag: str) -> str:
    """A tag without its namespace or prefix."""
    return tag.rpartition("}")[2].rpartition(":")[2]
