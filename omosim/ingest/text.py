"""From bytes to a table of strings: nothing is converted here, and nothing passes that cannot be read for certain."""

from __future__ import annotations

import codecs
import os
import re
import unicodedata
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from omosim.ingest.errors import OrderFileError, file_error

CURE = "CSV (UTF-8, comma), CSV.gz, xlsx or Parquet"
_WINDOW = 16 << 20
_MEMBERS = 1 << 16  # parts of one gzip file; those that are packed in blocks have one for 64 KiB
#: Faults of the first lines that the rest cannot mend.
_CERTAIN = frozenset({"nul", "html", "json", "long_line", "too_many_columns", "title_above_header"})
Bytes = bytes | bytearray


@dataclass(frozen=True)
class Budget:
    """Most that one file may cost."""

    text_bytes: int = 1 << 30  # after unpacking
    table_bytes: int = 4 << 30  # of a Parquet file, as its text would stand in a CSV; it is held once per distinct value
    rows: int = 20_000_000
    columns: int = 200
    line_bytes: int = 1 << 16
    ratio: int = 100  # unpacked over packed, of any 16 MiB and the first 8; order logs have 3 to 20, one order with running ids 72
    look_bytes: int = 4 << 20  # of a text twice as long, that are checked before the rest is unpacked
    look_rows: int = 20_000  # of a Parquet file twice as long


@dataclass
class RawTable:
    """Columns of strings as they stand in the file."""

    names: list[str]
    columns: dict[str, pa.Array]  # string arrays; Parquet columns keep their types
    row: NDArray[np.int64]  # physical row of each table row
    typed: bool = False  # from Parquet
    notes: list[str] = field(default_factory=list)
    ragged: list[tuple[int, int, int, str]] = field(default_factory=list)  # row, expected, actual, text
    odd: dict[tuple[str, str], list[int]] = field(default_factory=dict)  # fault, column -> positions; workbooks only


def load(
    path: Path,
    budget: Budget,
    wanted: frozenset[str] = frozenset(),
    reshape: Callable[[bytes], bytes] | None = None,
    look: Callable[[RawTable], None] | None = None,
) -> RawTable:
    """Read a file as text by what it is, not by what it is called.

    wanted: folded names of known columns; they tell a header from a title. reshape: turns a layout that is no CSV
    into one, UTF-8 in and out. look: is handed some rows of a long file, mostly the first, before the rest is
    unpacked, and may refuse them. Raises OrderFileError.
    """
    name = path.name
    try:
        with open(path, "rb") as file:
            head = file.read(8)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise file_error("unreadable", name, f"an order file: {CURE} ({error.strerror})") from None
    if size == 0:
        raise file_error("empty", name, "a header and at least one row")
    if head[:4] == b"PAR1":
        from omosim.ingest.parquet import load_parquet  # it reads into this module's table

        return _called(path, "Parquet", load_parquet(path, budget, wanted, look))
    if head[:4] in _ZIP:
        from omosim.ingest.workbook import load_book  # it reads into this module's table

        return _called(path, "xlsx", load_book(path, budget, wanted, look))
    binary = path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".parquet")

    def first(data: Bytes) -> None:
        _refuse_others(data, name)
        if reshape is None and not binary:
            _first_lines(data, name, budget, wanted, look)

    data: Bytes
    if head[:2] == b"\x1f\x8b":
        data = _gunzip(path, budget, first)
    elif size > budget.text_bytes:
        raise file_error("too_large", name, f"{budget.text_bytes:,} bytes of text", value=f"{size:,} bytes")
    else:
        data = path.read_bytes()
        if size > 2 * budget.look_bytes:
            first(data[: budget.look_bytes])
    _refuse_others(data, name)
    other = file_error("wrong_kind", name, f"{CURE}; by its name this is {path.suffix}, inside it is none of them: "
                       "export it again")  # fmt: skip
    if binary and b"\0" in data and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise other
    text, notes = _decode(data, name)
    try:
        raw = _parse(text if reshape is None else reshape(bytes(text)), notes, name, budget, wanted)
    except OrderFileError as error:
        raise other if binary and error.problems[0].code == "no_header" else error from None
    if binary and wanted and not _any_known(raw.names, wanted):
        raise other
    return _called(path, "CSV", raw)


_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_KINDS = {".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls", ".parquet": "Parquet", ".csv": "CSV", ".txt": "CSV",
          ".tsv": "CSV", ".gz": "CSV"}  # fmt: skip


def _called(path: Path, kind: str, raw: RawTable) -> RawTable:
    """Note when a file is named as another kind than it is."""
    if _KINDS.get(path.suffix.lower(), kind) != kind:
        raw.notes.append(f"named {path.suffix}, read as {kind}")
    return raw


def _any_known(names: list[str], wanted: frozenset[str]) -> bool:
    return any(fold(n) in wanted for n in names)


# ---- bytes -----------------------------------------------------------------------------------------------
def _gunzip(path: Path, budget: Budget, first: Callable[[Bytes], None]) -> Bytes:
    """Unpack up to the budget; a bomb or a cut file is refused before it fills the memory.

    first: is handed the first bytes of a long text before more is unpacked.
    """
    out = bytearray()
    unpack = zlib.decompressobj(wbits=31)
    seen, since_in, since_out, members = False, 0, 0, 1
    with open(path, "rb") as file:
        chunk = file.read(1 << 16)
        while chunk:
            try:
                out += unpack.decompress(chunk, 1 << 20)
            except zlib.error as error:
                raise file_error("broken_gzip", path.name, f"a whole gzip file; pack it again ({error})") from None
            chunk = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
            taken = file.tell() - len(chunk)
            if len(out) > budget.text_bytes:
                raise file_error("too_large", path.name, f"{budget.text_bytes:,} bytes of text", value=f"over {len(out):,} bytes")
            early = not seen and len(out) > 2 * budget.look_bytes
            if early or len(out) - since_out > _WINDOW:
                if len(out) - since_out > budget.ratio * (taken - since_in):
                    found = f"{len(out) - since_out:,} bytes packed into {taken - since_in:,}"
                    raise file_error("too_large", path.name, f"text of at most {budget.ratio} times its packed size; if these "
                                     "are orders, unpack the file yourself", value=found)  # fmt: skip
                since_in, since_out = taken, len(out)
            if early:
                seen = True
                first(out[: budget.look_bytes])
            if unpack.eof:
                chunk += file.read(1 << 16) if len(chunk) < 2 else b""
                if chunk[:2] != b"\x1f\x8b":
                    return out  # what follows the last part is no text of it
                members += 1
                if members > _MEMBERS:
                    raise file_error("too_large", path.name, f"a gzip file of at most {_MEMBERS:,} parts", value="more")
                unpack = zlib.decompressobj(wbits=31)
            chunk = chunk or file.read(1 << 16)
    if not unpack.eof:
        raise file_error("truncated", path.name, "a whole gzip file; its end is missing, copy it again")
    return out


def _first_lines(
    data: Bytes, name: str, budget: Budget, wanted: frozenset[str], look: Callable[[RawTable], None] | None
) -> None:
    """Refuse a long text by its first lines where the rest cannot mend them."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return
    end = data.rfind(b"\n") if b"\n" in data else data.rfind(b"\r")
    whole = data[: end + 1] if end >= 0 else data.decode(errors="ignore").encode()
    try:
        text, notes = _decode(whole, name)
        raw = _parse(text, notes, name, budget, wanted)
    except OrderFileError as error:
        if error.problems[0].code in _CERTAIN:
            raise
        return
    if look is not None:
        look(raw)


_MAGIC = {
    b"PK\x03\x04": ("workbook", "Excel workbook or zip archive inside gzip: unpack it, or"),
    b"PAR1": ("workbook", "Parquet file inside gzip: unpack it, or"),
    b"\x1f\x8b": ("not_orders", "gzip file inside gzip: unpack it, or"),
    b"\xd0\xcf\x11\xe0": ("workbook", "old Excel workbook (xls)"),
    b"%PDF": ("not_orders", "PDF"),
    b"SQLi": ("not_orders", "SQLite database"),
    b"ORC": ("not_orders", "ORC file"),
    b"ARRO": ("not_orders", "Arrow file"),
}


def _refuse_others(data: Bytes, name: str) -> None:
    """Kinds of files that hold no text, known by their first bytes."""
    if data.startswith(b"\xd0\xcf\x11\xe0") and "EncryptedPackage".encode("utf-16-le") in data:
        raise file_error("encrypted", name, "a workbook without password; save it again without one")
    for magic, (code, what) in _MAGIC.items():
        if data.startswith(magic):
            raise file_error(code, name, f"{CURE}; this is a {what}: save it as 'CSV UTF-8'")


def _decode(data: Bytes, name: str) -> tuple[Bytes, list[str]]:
    """UTF-8 bytes without a mark, line ends as \\n, and notes on what was done."""
    notes: list[str] = []
    for mark, encoding in ((b"\xff\xfe\x00\x00", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            try:
                data = data.decode(encoding).encode()
            except UnicodeDecodeError:
                raise file_error("encoding", name, f"whole {encoding}; better: save it as UTF-8") from None
            notes.append(f"read as {encoding}")
            break
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    zero = data.find(b"\0")
    if zero >= 0:
        hint = "UTF-8 text; this looks like UTF-16 without its mark: save it as UTF-8" if data[1:40:2].count(0) > 5 \
            or data[0:40:2].count(0) > 5 else "text without NUL bytes"  # fmt: skip
        raise file_error("nul", name, hint, row=data.count(b"\n", 0, zero) + 1)
    data = _to_utf8(data, name, notes)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        if b"\r" in data and b"\n" not in data:
            data = data.replace(b"\r", b"\n")
            notes.append("line ends CR only")
    if re.search(rb"\S", data) is None:
        raise file_error("empty", name, "a header and at least one row")
    start = data[:512].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<body", b"<table")):
        raise file_error("html", name, f"{CURE}; this is a web page or XML: an error page, or a table that a "
                         "shop's site calls xls (open that in Excel, save it as xlsx)")  # fmt: skip
    if start.startswith((b"{", b"[{")):
        raise file_error("json", name, f"{CURE}; this is JSON")
    return data, notes


def _first_bad(data: Bytes) -> int:
    """Where the bytes stop being UTF-8, -1 nowhere; piece by piece, since a text as a whole costs its size again."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), 1 << 20):
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(data[start : start + (1 << 20)], start + (1 << 20) >= len(data))
        except UnicodeDecodeError as error:
            return start - held + error.start
    return -1


def _to_utf8(data: Bytes, name: str, notes: list[str]) -> Bytes:
    at = _first_bad(data)
    if at < 0:
        return data
    try:
        text = data.decode("cp949")
    except UnicodeDecodeError:
        text = ""
    if text and any("\uac00" <= c <= "\ud7a3" for c in text):
        notes.append("read as CP949")
        return text.encode()
    row = data.count(b"\n", 0, at) + 1
    raise file_error("encoding", name, "UTF-8 (or CP949 with Hangul); save it as 'CSV UTF-8'", row=row,
                     value=repr(bytes(data[max(0, at - 10) : at + 10])))  # fmt: skip


# ---- text ------------------------------------------------------------------------------------------------
def fold(name: str) -> str:
    """A column name as it is compared: composed, lower case, without blanks, hyphens, marks and a unit in brackets."""
    text = unicodedata.normalize("NFC", name).strip().strip("\ufeff\u200b").casefold()
    return _UNIT.sub("", re.sub(r"[\s_-]+", "", text))


_UNIT = re.compile(r"[(\[](원|개|건|krw|usd|ea|kst)[)\]]\Z")


def separator_of(header: str) -> str:
    """What parts the cells of a line; a comma where nothing does."""
    return max(",;\t|", key=lambda s: (header.count(s), s == ","))


def _split(line: str, separator: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.split(separator)]


def find_header(data: Bytes, name: str, budget: Budget, wanted: frozenset[str]) -> tuple[list[str], str, int]:
    """Names, separator and number of bytes of the header line; refuses a title above it."""
    end = data.find(b"\n")
    end = len(data) if end < 0 else end
    if end > budget.line_bytes:
        columns = data[:end].count(b",") + 1
        if columns > budget.columns:
            raise file_error("too_many_columns", name, f"{budget.columns} columns", row=1, value=f"{columns} columns")
        raise file_error("long_line", name, f"{budget.line_bytes:,} bytes a row", row=1, value=f"{end:,} bytes")
    header = data[:end].decode()
    separator = separator_of(header)
    names = _split(header, separator)
    if len(names) > budget.columns:
        raise file_error("too_many_columns", name, f"{budget.columns} columns", row=1, value=f"{len(names)} columns")
    if wanted and sum(fold(n) in wanted for n in names) < 2:
        for number, line in enumerate(data[end + 1 : end + 1 + 20_000].decode(errors="replace").split("\n")[:10], 2):
            if sum(fold(n) in wanted for n in _split(line, separator_of(line))) >= 2:
                raise file_error("title_above_header", name, f"the header in row 1; it stands in row {number}: "
                                 "delete the rows above it", row=1, value=header[:100])  # fmt: skip
    return names, separator, end


def _check_lines(data: Bytes, name: str, budget: Budget) -> int:
    """Number of line ends; refuses lines beyond the budget."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
    edges = np.concatenate([[-1], ends, [len(data)]])
    lengths = np.diff(edges)
    if len(lengths) > budget.rows + 1:
        raise file_error("too_many_rows", name, f"{budget.rows:,} rows", value=f"{len(lengths):,} rows")
    longest = int(lengths.argmax())
    if lengths[longest] > budget.line_bytes:
        raise file_error("long_line", name, f"{budget.line_bytes:,} bytes a row", row=longest + 1,
                         value=f"{int(lengths[longest]):,} bytes")  # fmt: skip
    return len(ends)


def _check_quotes(data: Bytes, name: str) -> None:
    if data.count(b'"') % 2 == 0:
        return
    row = next((n for n, line in enumerate(data.split(b"\n"), 1) if line.count(b'"') % 2), 1)
    raise file_error("open_quote", name, 'every " closed in its row; a quote inside a value is doubled ("")', row=row)


def _parse(data: Bytes, notes: list[str], name: str, budget: Budget, wanted: frozenset[str]) -> RawTable:
    names, separator, header_end = find_header(data, name, budget, wanted)
    body = data[header_end + 1 :].rstrip(b"\n")
    if not body.strip():
        if wanted and not _any_known(names, wanted):
            raise file_error("no_header", name, "a header with the names of the columns, and rows below it", row=1,
                             value=data[:100].decode(errors="replace"))  # fmt: skip
        raise file_error("header_only", name, "at least one row below the header", row=1)
    _check_lines(data, name, budget)
    _check_quotes(data, name)
    if not data.endswith(b"\n"):
        notes.append("no line end after the last row: is the file whole?")
    if separator != ",":
        notes.append(f"separator {separator!r}")
    ragged: list[tuple[int, int, int, str]] = []

    def bad_row(row: pacsv.InvalidRow) -> str:
        ragged.append((int(row.number), int(row.expected_columns), int(row.actual_columns), str(row.text)))
        return "skip"

    keys = [f"c{i}" for i in range(len(names))]
    try:
        table = pacsv.read_csv(
            pa.BufferReader(body),
            read_options=pacsv.ReadOptions(column_names=keys, use_threads=False, block_size=1 << 23),
            parse_options=pacsv.ParseOptions(
                delimiter=separator, newlines_in_values=b'"' in body, ignore_empty_lines=False,
                invalid_row_handler=bad_row,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={k: pa.string() for k in keys}, strings_can_be_null=False, quoted_strings_can_be_null=False
            ),
        )  # fmt: skip
    except pa.ArrowInvalid as error:
        raise file_error("unreadable", name, f"{CURE} ({str(error).splitlines()[0][:200]})") from None
    columns = [table.column(k).combine_chunks() for k in keys]
    row = np.arange(2, table.num_rows + len(ragged) + 2, dtype=np.int64)
    if ragged:
        ragged = [(number + 1, *rest) for number, *rest in ragged]  # type: ignore[misc]
        row = np.setdiff1d(row, np.array([r[0] for r in ragged], np.int64), assume_unique=True)
    if b'"' in body:
        row = row + _breaks_before(columns, table.num_rows)
    return RawTable(names, dict(zip(keys, columns, strict=True)), row, False, notes, ragged)


def _breaks_before(columns: list[pa.Array], rows: int) -> NDArray[np.int64]:
    """Line breaks inside values of earlier rows: they shift physical rows."""
    breaks = np.zeros(rows, np.int64)
    for column in columns:
        if pc.any(pc.match_substring(column, "\n")).as_py():
            breaks += pc.count_substring(column, "\n").to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.cumsum(breaks)[:-1]]) if rows else breaks
