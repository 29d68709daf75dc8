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
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from omosim.ingest.cells import MOST_CHARS, MOST_ROWS, Cells, Enough, Row, Texts, local
from omosim.ingest.errors import OrderFileError, file_error

_META, _STRINGS, _SHEET = 8 << 20, 128 << 20, 512 << 20  # bytes of one part, unpacked
_ALL = 1 << 30  # bytes of all parts that are read
_SHEETS = 1_000
_RATIO, _RATIO_FROM = 100, 16 << 20  # unpacked over packed; plain tables stay below 30
_DIRECTORY = 1 << 20
_TREE = 300_000  # elements of a small part
_STALL = 1 << 20  # bytes of one tag or attribute
#: Date formats that the format's standard leaves to East Asian Excel; such files name them by number only.
_EAST_ASIAN_DATES = frozenset((*range(27, 37), *range(50, 59)))
#: What zipfile and the parsers raise on damaged files.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, LookupError, NotImplementedError,
    RuntimeError,
)  # fmt: skip


class _Doctype(Exception):
    pass


class _TooMany(Exception):
    pass


class _SmallTree(ET.TreeBuilder):
    """A tree that refuses document types, since entities are how XML bombs are built, and does not grow for ever."""

    size = 0

    def doctype(self, *_: str | None) -> None:
        raise _Doctype

    def start(self, tag: str, attrs: dict[str, str]) -> ET.Element:  # type: ignore[override]
        self.size += 1
        if self.size > _TREE:
            raise _TooMany
        return super().start(tag, attrs)


@dataclass(frozen=True)
class Sheet:
    """One worksheet of a workbook."""

    name: str
    part: str
    visible: bool


class Book:
    """An open workbook; use it in a `with` block. Raises OrderFileError for whatever cannot be read for certain."""

    def __init__(self, path: Path) -> None:
        self.file = path.name
        self.formulas = self.hidden_rows = self.fed = 0
        self.merged: list[tuple[int, int, int, int]] = []  # first row, last row, first column, last column
        self._check_directory(path)
        try:
            self.zip = zipfile.ZipFile(path)
        except _DAMAGED as error:
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

    def too_large(self, allowed: str, found: str) -> OrderFileError:
        """Refused for its size."""
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
            raise self.too_large("a workbook of at most some thousand parts", f"a directory of {max(lengths):,} bytes")

    # ---- parts -------------------------------------------------------------------------------------------
    def _open(self) -> None:
        names = {info.filename for info in self.zip.infolist()}
        if len(names) < len(self.zip.infolist()):
            raise self._broken("a part stands in it twice")
        if "xl/workbook.bin" in names or "mimetype" in names:
            raise file_error("workbook", self.file, "xlsx, CSV, CSV.gz or Parquet; this is a workbook of another kind "
                             "(xlsb, ods): save it as xlsx or 'CSV UTF-8'")  # fmt: skip
        if any(info.flag_bits & 1 for info in self.zip.infolist()):
            raise file_error("encrypted", self.file, "a workbook without password; save it again without one")
        main = self._main_part(names)
        if main is None:
            raise file_error("not_orders", self.file, "xlsx, CSV, CSV.gz or Parquet; this is a zip archive that holds no "
                             "workbook: unpack it first")  # fmt: skip
        self.macros = any(n.endswith("vbaProject.bin") for n in names)
        self.links = any(n.startswith("xl/externalLinks/") for n in names)
        book = self._tree(main)
        folder, _, last = main.rpartition("/")
        targets: dict[str, str] = {}
        kinds: dict[str, str] = {}
        for relation in self._tree(f"{folder}/_rels/{last}.rels"):
            target = posixpath.normpath(posixpath.join("/" + folder, relation.get("Target", ""))).lstrip("/")
            targets[relation.get("Id", "")] = target
            kinds[relation.get("Id", "")] = relation.get("Type", "").rpartition("/")[2]
        self.sheets: list[Sheet] = []
        self.epoch_1904 = False
        for element in book.iter():
            tag = local(element.tag)
            if tag == "workbookPr":
                self.epoch_1904 = element.get("date1904", "0") in ("1", "true")
            elif tag == "sheet":
                key = next((v for k, v in element.attrib.items() if k.endswith("}id")), "")
                if kinds.get(key) == "worksheet":
                    visible = element.get("state", "visible") == "visible"
                    self.sheets.append(Sheet(element.get("name", ""), targets[key], visible))
        if not self.sheets:
            raise self._broken("no worksheet in it")
        if len(self.sheets) > _SHEETS:
            raise self.too_large(f"{_SHEETS:,} sheets", f"{len(self.sheets):,} sheets")
        by_kind = {kinds[key]: targets[key] for key in targets}
        self.styles = self._read_styles(by_kind.get("styles"))
        self.strings = self._read_strings(by_kind.get("sharedStrings"))

    def _main_part(self, names: set[str]) -> str | None:
        """Where the list of sheets stands; most often xl/workbook.xml. None: this is no workbook."""
        if "xl/workbook.xml" in names or "_rels/.rels" not in names:
            return "xl/workbook.xml" if "xl/workbook.xml" in names else None
        places = [r.get("Target", "").lstrip("/") for r in self._tree("_rels/.rels")]
        return next((p for p in places if p in names and re.fullmatch(r"xl/workbook[0-9]*\.xml", p)), None)

    def _part(self, name: str, most: int) -> zipfile.ZipExtFile:
        """A part opened for reading, once its size in the directory is in bounds; no more than that is ever unpacked."""
        try:
            info = self.zip.getinfo(name)
        except KeyError:
            raise self._broken(f"part {name} is missing") from None
        if info.file_size > most:
            raise self.too_large(f"{most:,} bytes in {name}", f"{info.file_size:,} bytes")
        if info.file_size > _RATIO_FROM and info.file_size > _RATIO * info.compress_size:
            raise self.too_large(f"at most {_RATIO} times the packed size in {name}",
                                  f"{info.file_size:,} bytes packed into {info.compress_size:,}")  # fmt: skip
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._broken("packed by another method than deflate")
        try:
            return self.zip.open(info)  # type: ignore[return-value]
        except _DAMAGED as error:
            raise self._broken(str(error)) from None

    def _tree(self, name: str) -> ET.Element:
        parser = ET.XMLParser(target=_SmallTree())
        try:
            with self._part(name, _META) as stream:
                parser.feed(stream.read())
            return parser.close()
        except _Doctype:
            raise self._unsafe(name) from None
        except _TooMany:
            raise self.too_large(f"{_TREE:,} elements in {name}", "more") from None
        except (ET.ParseError, *_DAMAGED) as error:
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
                    self.fed += len(piece)
                    if self.fed > _ALL:
                        raise self.too_large(f"{_ALL:,} bytes in all sheets", "more")
                    if fed - max(0, parser.CurrentByteIndex) > _STALL:
                        raise self.too_large(f"{_STALL:,} bytes in one tag of {name}", "more")
                parser.Parse(b"", True)
        except Enough:
            return
        except (expat.ExpatError, *_DAMAGED) as error:
            if isinstance(error, expat.ExpatError) and error.code == 1:  # out of memory, by expat's own list
                raise MemoryError from error
            raise self._broken(f"{name}: {error}") from None

    # ---- shared strings and formats ----------------------------------------------------------------------
    def _read_strings(self, name: str | None) -> list[str]:
        """Texts that cells refer to by number; hints at pronunciation (rPh) are no text."""
        if name is None or name not in self.zip.namelist():
            return []
        reader = Texts(self)
        self.walk(name, _STRINGS, reader.start, reader.end, reader.chars)
        return reader.texts

    def long_value(self, row: int | None) -> OrderFileError:
        """Refused for one cell."""
        return file_error("long_line", self.file, f"{MOST_CHARS:,} characters a cell", row=row, value="more")

    def _read_styles(self, name: str | None) -> list[str]:
        """What a number of each cell style is: '' a number, 'date', 'span', 'exponent', or its zeros ('0000')."""
        if name is None or name not in self.zip.namelist():
            return []
        from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format

        own: dict[str, str] = {}
        kinds: list[str] = []
        for element in self._tree(name).iter():
            tag = local(element.tag)
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
        reader = Cells(self, take, first)
        self.walk(sheet.part, _SHEET, reader.start, reader.end, reader.chars)
