"""Frames of a notebook as files that a twin reads: written as they stand, in their own columns, for the reader that every file passes."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_EXACT = 2.0**53  # whole numbers up to here are exact in a float


def given_file(value: Any, kind: str, room: Path) -> str:
    """A table that was given, as the path of a file.

    Parameters
    ----------
    value : a path, which is returned, or a pandas DataFrame, which is written to `room`; kind : orders, stock, …

    Raises
    ------
    ConfigError : neither a path nor a frame
    """
    import pandas as pd

    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    if not isinstance(value, pd.DataFrame):
        from omosim.config.errors import refuse, show

        raise refuse("is neither a file nor a frame", key=kind, value=show(value), allowed="a path, or a pandas DataFrame with the columns of docs/twin_data.md", cure=f"Write {kind}='FILE' or {kind}=FRAME")
    return str(written(value, room / f"{kind}_frame.parquet"))


def written(frame: pd.DataFrame, path: Path) -> Path:
    """The frame as a Parquet file of the same bytes for the same rows; returns where.

    A named index is a column, another is left out. Whole numbers that pandas holds as floats beside empty cells are written
    as whole numbers, so that a customer 17850.0 is the 17850 of other exports; empty cells stay empty.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    named = [name for name in frame.index.names if name is not None]
    flat = frame.reset_index(level=named) if named else frame
    arrays, names = [], []
    for i, name in enumerate(flat.columns):
        names.append(str(name))
        arrays.append(_column(flat.iloc[:, i], pa, pd))
    table = pa.Table.from_arrays(arrays, names=names)
    pq.write_table(table, path, compression="zstd")
    return path


def _column(column: pd.Series, pa: Any, pd: Any) -> pa.Array:
    """One column, its empty cells null."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if column.dtype.kind == "f":
        numbers = column.to_numpy(float)
        empty = numbers != numbers
        known = numbers[~empty]
        if ((known == known.round()) & (abs(known) < _EXACT)).all():
            return pa.array([None if e else int(v) for v, e in zip(numbers.tolist(), empty.tolist(), strict=True)], pa.int64())
    if column.dtype != object:
        array = pa.Array.from_pandas(column)
        return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return pa.array([None if pd.isna(v) else _text(v) for v in column.tolist()], pa.string())


def _text(value: object) -> str:
    """A cell of a column of mixed things, as a CSV would hold it."""
    if isinstance(value, date):  # times are dates too
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return str(value)
