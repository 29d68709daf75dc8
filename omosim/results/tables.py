"""Parquet tables with the same bytes for the same columns, wherever they are written."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.results.atomic import write_bytes
from omosim.results.errors import NewerSchema, NotAResult
from omosim.results.rounding import nine_digits_array

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCHEMA_VERSION = 1
_VERSION_KEY = b"omosim.schema_version"

Column = np.ndarray | Sequence[Any]


def _array(column: Column) -> pa.Array:
    """One column; NaN and infinities become null, floats nine digits."""
    import pyarrow as pa

    if isinstance(column, pa.Array):
        return _array(column.to_numpy(zero_copy_only=False)) if pa.types.is_floating(column.type) else column
    if isinstance(column, np.ndarray):
        if column.dtype.kind == "f":
            rounded = nine_digits_array(column)
            return pa.array(rounded, mask=~np.isfinite(rounded))
        if column.dtype.kind in "US":
            return pa.array(column.astype(str).tolist(), type=pa.string())
        if column.dtype.kind == "O":
            return _array(column.tolist())
        return pa.array(column)
    items = list(column)
    given = [v for v in items if v is not None]
    if not given:
        return pa.nulls(len(items), type=pa.string())
    if all(isinstance(v, str) for v in given):
        return pa.array(items, type=pa.string())
    if any(isinstance(v, float) for v in given):
        return _array(np.array([np.nan if v is None else float(v) for v in items], dtype=np.float64))
    return pa.array(items)


def parquet_bytes(
    columns: Mapping[str, Column],
    *,
    units: Mapping[str, str] | None = None,
    meanings: Mapping[str, str] | None = None,
    types: Mapping[str, str] | None = None,
) -> bytes:
    """A table as Parquet: fixed compression and row groups, no time stamps, no pandas metadata.

    columns: name -> values, all of one length; `types` (e.g. "float64") settles columns that may be all null.
    units, meanings: name -> text kept with the column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays, fields = [], []
    for name, column in columns.items():
        array = _array(column)
        if types and name in types:
            array = array.cast(types[name])
        notes = {"unit": (units or {}).get(name, ""), "meaning": (meanings or {}).get(name, "")}
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata={k: v for k, v in notes.items() if v} or None))
    schema = pa.schema(fields, metadata={_VERSION_KEY: str(SCHEMA_VERSION).encode()})
    sink = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=schema),
        sink,
        compression="zstd",
        compression_level=3,
        version="2.6",
        data_page_version="1.0",
        row_group_size=1 << 20,
        use_dictionary=True,
        write_statistics=True,
    )
    return sink.getvalue()


def write_parquet(path: str | os.PathLike[str], columns: Mapping[str, Column], **notes: Any) -> Path:
    """`parquet_bytes` under `path`, atomically."""
    return write_bytes(path, parquet_bytes(columns, **notes))


def plain_columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """A frame as columns of plain values, None where a number is not one."""
    return {str(c): [None if isinstance(v, float) and np.isnan(v) else v for v in frame[c].tolist()] for c in frame.columns}


def check_version(found: object, path: str | os.PathLike[str]) -> None:
    """Refuse a layout that is newer than this program knows (`NewerSchema`)."""
    try:
        version = int(found)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        raise NotAResult(f"{path}: schema version {found!r} is not a number; allowed 1 to {SCHEMA_VERSION}") from None
    if version > SCHEMA_VERSION:
        raise NewerSchema(
            f"{path}: written with schema version {version}, this omosim reads up to {SCHEMA_VERSION}. "
            f"Install an omosim that reads schema version {version} (pip install --upgrade omosim)."
        )


def read_arrow(path: str | os.PathLike[str], columns: Sequence[str] | None = None) -> pa.Table:
    """A table as written, or those of `columns` that it has; `NotAResult` when it is no Parquet file, `NewerSchema` when it is from a later omosim."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        table = file.read(columns=None if columns is None else [c for c in columns if c in file.schema_arrow.names])
    except FileNotFoundError:
        raise NotAResult(f"{path}: no such table in this result folder") from None
    except (pa.ArrowException, OSError) as error:
        raise NotAResult(f"{path}: not a readable Parquet table ({str(error).splitlines()[0]})") from None
    check_version((table.schema.metadata or {}).get(_VERSION_KEY, b"1").decode(), path)
    return table


def read_columns(path: str | os.PathLike[str]) -> dict[str, list[Any]]:
    """name -> plain Python values, nulls as None."""
    return read_arrow(path).to_pydict()


def read_frame(path: str | os.PathLike[str]) -> pd.DataFrame:
    """The same as a pandas frame."""
    return read_arrow(path).to_pandas()
