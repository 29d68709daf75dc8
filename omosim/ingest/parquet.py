"""From a Parquet file to the table that every other file becomes; columns keep their types, texts stay dictionary coded.

A few bytes can stand for billions: a text that is held once counts in each row that refers to it. So sizes are checked in
the file's directory before a column is read, then column by column, and only columns that are known are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from omosim.ingest.errors import OrderFileError, file_error
from omosim.ingest.text import Budget, RawTable, fold

_LOOKS = 4
_RATIO_FROM = 16 << 20  # bytes
_ROWS_FROM, _ROWS_PER_BYTE = 1_000_000, 100  # one order with running ids and times, as differences, has 49 rows in a byte
_BROKEN = (pa.ArrowException, OSError, ValueError)


def load_parquet(
    path: Path, budget: Budget, wanted: frozenset[str], look: Callable[[RawTable], None] | None = None
) -> RawTable:
    """The columns of a file.

    wanted: folded names of the columns to read, empty: all; the others stand empty in the table. look: is handed
    some rows of a long file, and may refuse them. Raises OrderFileError. Tests: tests/ingest/test_bombs.py.
    """
    name = path.name
    try:
        file = pq.ParquetFile(path, thrift_string_size_limit=1 << 24, thrift_container_size_limit=1 << 20)
        schema, meta = file.schema_arrow, file.metadata
    except _BROKEN as error:
        raise _broken(name, error) from None
    _check_directory(schema, meta, path, budget)
    used = [f.name for f in schema if not wanted or fold(f.name) in wanted]
    texts = [f.name for f in schema if f.name in used and _is_text(f.type)]
    try:
        file = pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False,
                              thrift_string_size_limit=1 << 24, thrift_container_size_limit=1 << 20)  # fmt: skip
        if look is not None and meta.num_rows > 2 * budget.look_rows:
            for some in _samples(file, schema, used, budget.look_rows):
                look(some)
        size, most = 0, budget.table_bytes if look is not None else budget.text_bytes  # other layouts write texts out
        columns: dict[str, pa.Array] = {}
        for column in used:
            chunks = []
            for group in range(meta.num_row_groups):
                for chunk in file.read_row_group(group, columns=[column], use_threads=False).column(column).chunks:
                    chunks.append(_sound(chunk))
                    size += _text_bytes(chunks[-1])
                    if size > most:
                        raise file_error("too_large", name, f"{most:,} bytes of text in all rows; shorten "
                                         "the values, or split the file by month", column=column, value="more")  # fmt: skip
            columns[column] = _plain(chunks)
    except _BROKEN as error:
        raise _broken(name, error) from None
    return _table(schema, columns, meta.num_rows)


def _samples(file: pq.ParquetFile, schema: pa.Schema, used: list[str], rows: int) -> Iterator[RawTable]:
    """First rows of the file and of up to three later row groups: sound first rows may hide what comes behind them."""
    meta = file.metadata
    groups = np.unique(np.linspace(0, meta.num_row_groups - 1, _LOOKS).astype(int))
    begins = np.cumsum([0] + [meta.row_group(g).num_rows for g in range(meta.num_row_groups)])
    for group in groups.tolist():
        for batch in file.iter_batches(rows, row_groups=[group], columns=used, use_threads=False):
            some = {n: _plain([_sound(_met(batch.column(n)))]) for n in used}
            table = _table(schema, some, batch.num_rows)
            table.row += begins[group]
            yield table
            break


def _met(column: pa.Array) -> pa.Array:
    """The column without the distinct values of the rest of the file, which are many where each order has its own."""
    if not pa.types.is_dictionary(column.type) or len(column.dictionary) <= len(column):
        return column
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    kept, places = np.unique(codes, return_inverse=True)
    missing = int(kept.size > 0 and kept[0] < 0)
    indices = pa.array(places - missing, pa.int32(), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, column.dictionary.take(pa.array(kept[missing:])))


def _broken(name: str, error: Exception) -> OrderFileError:
    """The refusal; want of memory is no fault of the file and is passed on as such, whatever Arrow calls it."""
    if isinstance(error, MemoryError) or "bad_alloc" in str(error):
        raise MemoryError from error
    return file_error("broken_parquet", name, f"a whole Parquet file ({(str(error).splitlines() or [''])[0][:200]})")


def _check_directory(schema: pa.Schema, meta: pq.FileMetaData, path: Path, budget: Budget) -> None:
    """Refuse by what the file says of itself."""
    name, packed = path.name, path.stat().st_size
    if len(schema) > budget.columns:
        raise file_error("too_many_columns", name, f"{budget.columns} columns", value=f"{len(schema)} columns")
    if meta.num_rows > budget.rows:
        raise file_error("too_many_rows", name, f"{budget.rows:,} rows", value=f"{meta.num_rows:,} rows")
    size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    if size > budget.text_bytes:
        raise file_error("too_large", name, f"{budget.text_bytes:,} bytes", value=f"{size:,} bytes")
    if size > _RATIO_FROM and size > budget.ratio * packed:
        raise file_error("too_large", name, f"at most {budget.ratio} times the packed size; if these are orders, write the "
                         "file without compression", value=f"{size:,} bytes packed into {packed:,}")  # fmt: skip
    if meta.num_rows > _ROWS_FROM and meta.num_rows > _ROWS_PER_BYTE * packed:
        raise file_error("too_large", name, f"orders that differ; {_ROWS_PER_BYTE} rows take at least one byte",
                         value=f"{meta.num_rows:,} rows in {packed:,} bytes")  # fmt: skip
    if meta.num_rows == 0:
        raise file_error("header_only", name, "at least one row")
    nested = [f.name for f in schema if pa.types.is_nested(f.type)]
    if nested:
        raise file_error("nested", name, "plain columns, no lists or structs", column=nested[0])
    twice = [n for n in schema.names if schema.names.count(n) > 1]
    if twice:
        raise file_error("duplicate_column", name, "each column once", row=1, column=twice[0])
    wide = [f for f in schema if pa.types.is_fixed_size_binary(f.type)]
    if wide and meta.num_rows * sum(f.type.byte_width for f in wide) > budget.table_bytes:
        raise file_error("too_large", name, "texts, no bytes of a fixed length", column=wide[0].name)


def _is_text(kind: pa.DataType) -> bool:
    kinds = (pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view())
    return kind in kinds


def _sound(chunk: pa.Array) -> pa.Array:
    """A column's piece, its bytes proven to be text: those that are none would fail where they are first looked at."""
    if not pa.types.is_dictionary(chunk.type):
        chunk.validate(full=True)
        return chunk.cast(pa.string()) if _is_text(chunk.type) or pa.types.is_fixed_size_binary(chunk.type) else chunk
    texts = chunk.dictionary.cast(pa.string()) if _is_text(chunk.dictionary.type) else chunk.dictionary
    texts.validate(full=True)
    return pa.DictionaryArray.from_arrays(chunk.indices.cast(pa.int32()), texts)


def _text_bytes(chunk: pa.Array) -> int:
    """Bytes of a column's piece in a CSV; a number counts as one digit."""
    bare = len(chunk)
    if not pa.types.is_dictionary(chunk.type):
        return 2 * bare
    if not pa.types.is_string(chunk.dictionary.type):
        return 2 * bare
    lengths = pc.binary_length(chunk.dictionary).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    at = chunk.indices.drop_null().to_numpy(zero_copy_only=False)
    return bare + int(np.bincount(at, minlength=lengths.size) @ lengths)


def _plain(chunks: list[pa.Array]) -> pa.Array:
    column = pa.chunked_array(chunks)
    column = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column
    merged = column.combine_chunks()
    return merged.chunk(0) if isinstance(merged, pa.ChunkedArray) else merged


def _table(schema: pa.Schema, columns: dict[str, pa.Array], rows: int) -> RawTable:
    found = {f"c{i}": columns[n] if n in columns else pa.nulls(rows) for i, n in enumerate(schema.names)}
    return RawTable(list(schema.names), found, np.arange(1, rows + 1, dtype=np.int64), True)
