"""Order files beyond the memory bound: DuckDB cuts them into parts that hold whole orders, and each part is read as any file is.

Used for plain CSV and Parquet in the contract's own columns whose text is larger than `Budget.text_bytes` (1 GiB) or that
have more rows than `Budget.rows`; smaller files never pass here. The reading then needs the memory of one part, besides
that of the order lines themselves, and room on the disk for the file once more.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from omosim.ingest.adapters import ALIASES, detect, read_log
from omosim.ingest.errors import file_error, within_memory
from omosim.ingest.findings import Findings
from omosim.ingest.layout import known_names, match_columns
from omosim.ingest.orders import OrderLog, quality_table
from omosim.ingest.parquet import load_parquet
from omosim.ingest.reader import (
    OWN_CLASSES,
    ReadOptions,
    check_table,
    gone_back,
    lines_of_checker,
    rounded,
    zone_of_offset,
)
from omosim.ingest.text import Budget, RawTable, find_header, fold
from omosim.results.provenance import file_hash

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PART_BYTES = 128 << 20  # of text
_MEMORY = "1GB"  # of DuckDB
_MOST_PARTS = 512
_ROW, _PART = "omosimrow", "omosimpart"
Say = Callable[[str], None]


def read_any(path: Path, adapter: str, options: ReadOptions, say: Say = lambda text: None, work: Path | None = None) -> OrderLog:
    """An order log of any size; see `read_log` for what is raised.

    say : is told of progress where a file is read in parts; work : folder for the parts, None: the system's.
    """
    size = _beyond(path, options.budget)
    name = detect(path) if adapter == "auto" else ALIASES.get(adapter, adapter)
    if not size or name != "own":
        return read_log(path, name, options)
    with within_memory(path):
        return _read_parts(path, options, say, work, size)


def _beyond(path: Path, budget: Budget) -> int:
    """Bytes of text of a plain CSV or Parquet file that is too large to be read at once; 0 for all others."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            head = file.read(4)
        if head == b"PAR1":
            meta = pq.ParquetFile(path).metadata
            text = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
            return max(text, 1) if text > budget.text_bytes or meta.num_rows > budget.rows else 0
    except (OSError, pa.ArrowException):
        return 0  # the reader names what is wrong
    if head[:2] in (b"\x1f\x8b", b"PK", b"\xff\xfe", b"\xfe\xff") or path.suffix.lower() in (".xlsx", ".xls", ".xlsm", ".parquet"):
        return 0
    return size if size > budget.text_bytes else 0


def _read_parts(path: Path, options: ReadOptions, say: Say, work: Path | None, size: int) -> OrderLog:
    parts = int(min(_MOST_PARTS, max(2, -(-size // min(_PART_BYTES, max(1, options.budget.text_bytes // 2))))))
    say(f"{path.name}: {size / 2**30:.2f} GiB of text, read in {parts} parts of whole orders")
    findings, lines, rows, notes = Findings(path.name), [], 0, []
    fractions = [np.zeros(0, np.int64)]
    zone = options.timezone
    with tempfile.TemporaryDirectory(prefix="omosim-parts-", dir=work) as folder:
        titles = _cut(path, Path(folder), options, parts)
        zones = _zones(path)
        files = sorted(Path(folder).glob("**/*.parquet"))
        start = time.perf_counter()
        for number, file in enumerate(files, 1):
            raw = _part(file, titles, zones)
            checker, read = check_table(raw, path, options)
            findings.items += checker.findings.items
            rows += read
            keep = ~np.isin(raw.row, checker.findings.bad_rows())
            if keep.any():
                lines.append(lines_of_checker(checker, keep))
                fractions.append(checker.fractions("unit_price", keep))
                zone = zone or zone_of_offset(checker, keep)
            notes = [*raw.notes, *checker.layout.notes]
            left = (time.perf_counter() - start) / number * (len(files) - number)
            say(f"  part {number} of {len(files)}, about {left:.0f} s left")
    bad = findings.bad_rows()
    rejects = findings.write_rejects(options.rejects) if bad.size and options.rejects is not None else None
    if bad.size > (options.max_bad_rows * rows if options.max_bad_rows < 1 else options.max_bad_rows):
        raise findings.error(rows, rejects)
    if not lines:
        raise file_error("header_only", path.name, "at least one sound row below the header")
    frame = _joined(lines)
    code = np.full(rows, 2, np.int64)
    code[: len(frame)] = np.where(frame["shopper_id"].notna(), 0, 1)
    told = (*notes, f"read in {parts} parts; row numbers count records, whatever line breaks are inside of values")
    return OrderLog(path.name, file_hash(path), "own", options.currency, zone or "", frame, gone_back(frame), quality_table(code, OWN_CLASSES), rows, told,
                    rounded(path.name, np.sort(np.concatenate(fractions)), options.currency))  # fmt: skip


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The parts in the order of the file, a column at a time, since together they fill most of the memory; empties the list."""
    order = np.argsort(np.concatenate([p["file_row"].to_numpy() for p in parts]), kind="stable")
    columns = {str(n): [p[n].to_numpy() for p in parts] for n in parts[0].columns}
    parts.clear()
    out: dict[str, pd.Series] = {}
    for name in list(columns):
        values = np.concatenate(columns.pop(name))[order]
        if values.dtype == object:
            codes, names = pd.factorize(values)
            values = np.array([*names, None], dtype=object)[codes]  # one text each, however many parts hold it
        out[name] = pd.Series(values, dtype=values.dtype, copy=False)
    return pd.DataFrame(out, copy=False)


def _cut(path: Path, folder: Path, options: ReadOptions, parts: int) -> list[str]:
    """Write the parts, an order in one of them whole; returns the names of the file's columns. Raises OrderFileError."""
    import duckdb

    with open(path, "rb") as file:
        head = file.read(1 << 17)
    try:
        base = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
        with base as link:
            link.execute(f"SET memory_limit='{_MEMORY}'; SET threads=1; SET preserve_insertion_order=true; SET temp_directory='{_quoted(folder / 'spill')}'")
            return _cut_parquet(link, path, folder, parts) if head[:4] == b"PAR1" else _cut_csv(link, path, folder, options, parts, head)
    except duckdb.Error as error:
        words = (str(error).splitlines() or [""])[0][:200]
        raise file_error("unreadable", path.name, f"UTF-8 CSV with as many values in each row as the header has names, or a whole Parquet file ({words})") from None


def _cut_csv(link: DuckDBPyConnection, path: Path, folder: Path, options: ReadOptions, parts: int, head: bytes) -> list[str]:
    try:
        head[: head.find(b"\n")].decode()
    except UnicodeDecodeError:
        raise file_error("encoding", path.name, "UTF-8 for a file of this size; save it as 'CSV UTF-8'", row=1) from None
    titles, separator, _ = find_header(head.removeprefix(b"\xef\xbb\xbf"), path.name, options.budget, known_names())
    order = _order_column(titles, path.name)
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(titles)))
    source = (
        f"read_csv('{_quoted(path)}', auto_detect=false, header=true, columns={{{columns}}}, delim='{separator}', quote='\"', escape='\"', "
        f"max_line_size={options.budget.line_bytes}, parallel=false)"
    )
    used = [i for i, title in enumerate(titles) if fold(title) in known_names()]
    chosen = ", ".join(f"c{i}" for i in used)
    link.execute(
        f"COPY (SELECT {chosen}, {_ROW}, hash(c{order}) % {parts} AS {_PART} FROM (SELECT {chosen}, 1 + row_number() OVER () AS {_ROW} FROM {source})) "
        f"TO '{_quoted(folder)}' (FORMAT parquet, PARTITION_BY ({_PART}), OVERWRITE_OR_IGNORE true)"
    )
    return titles


def _cut_parquet(link: DuckDBPyConnection, path: Path, folder: Path, parts: int) -> list[str]:
    titles = list(pq.read_schema(path).names)
    order = _order_column(titles, path.name)
    named = lambda i: '"' + titles[i].replace('"', '""') + '"'
    used = ", ".join(f"{named(i)} AS c{i}" for i, title in enumerate(titles) if fold(title) in known_names())
    link.execute(
        f"COPY (SELECT {used}, 1 + file_row_number AS {_ROW}, hash({named(order)}) % {parts} AS {_PART} FROM read_parquet('{_quoted(path)}', file_row_number=true)) "
        f"TO '{_quoted(folder)}' (FORMAT parquet, PARTITION_BY ({_PART}), OVERWRITE_OR_IGNORE true)"
    )
    return titles


def _order_column(titles: list[str], file: str) -> int:
    """Place of the column that holds the order's number; refuses a header without it."""
    nothing = RawTable(titles, {f"c{i}": pa.nulls(0) for i in range(len(titles))}, np.zeros(0, np.int64))
    return int(match_columns(nothing, file).columns["order_id"][1:])


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _zones(path: Path) -> dict[str, pa.DataType]:
    """Columns whose times have a zone, which DuckDB turns into UTC."""
    with open(path, "rb") as file:
        if file.read(4) != b"PAR1":
            return {}
    return {f"c{i}": f.type for i, f in enumerate(pq.read_schema(path)) if pa.types.is_timestamp(f.type) and f.type.tz}


def _part(file: Path, titles: list[str], zones: dict[str, pa.DataType]) -> RawTable:
    """A part as the table that every file becomes; columns that are not read stand empty in it."""
    raw = load_parquet(file, replace(Budget(), ratio=10**6), frozenset())
    by = dict(zip(raw.names, raw.columns.values(), strict=True))
    by |= {name: by[name].cast(kind, safe=False) for name, kind in zones.items() if name in by}
    n = len(raw.row)
    row = by[_ROW].to_numpy(zero_copy_only=False).astype(np.int64)
    return RawTable(titles, {f"c{i}": by.get(f"c{i}", pa.nulls(n)) for i in range(len(titles))}, row, typed=True)
