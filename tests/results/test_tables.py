from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from omosim.results import NewerSchema, NotAResult, read_columns, read_frame, write_parquet
from omosim.results.tables import parquet_bytes, read_arrow

COLUMNS = {
    "name": ["a", None, "<b>"],
    "value": np.array([0.1 + 0.2, np.nan, np.inf]),
    "count": np.array([1, 2, 3], dtype=np.int64),
    "flag": np.array([True, False, True]),
    "mixed": [1, None, 2.5],
    "empty": [None, None, None],
}


def test_round_trip_with_nulls_for_nan(tmp_path: Path) -> None:
    notes = {"units": {"value": "KRW"}, "meanings": {"value": "money"}, "types": {"empty": "float64"}}
    path = write_parquet(tmp_path / "t.parquet", COLUMNS, **notes)
    got = read_columns(path)
    assert got["value"] == [0.3, None, None] and got["mixed"] == [1.0, None, 2.5]
    assert got["name"] == ["a", None, "<b>"] and got["count"] == [1, 2, 3] and got["empty"] == [None] * 3
    schema = read_arrow(path).schema
    assert schema.field("value").metadata == {b"unit": b"KRW", b"meaning": b"money"}
    assert schema.metadata == {b"omosim.schema_version": b"1"}
    assert read_frame(path)["count"].dtype == "int64"


def test_masked_arrow_columns(tmp_path: Path) -> None:
    import pyarrow as pa

    never = np.array([5, -1, 7])
    columns = {"ready_at": pa.array(never, mask=never < 0), "x": pa.array([0.1 + 0.2, None, 2.0])}
    got = read_columns(write_parquet(tmp_path / "t.parquet", columns))
    assert got == {"ready_at": [5, None, 7], "x": [0.3, None, 2.0]}


def test_same_bytes_in_another_process(tmp_path: Path) -> None:
    code = (
        "import sys, json; sys.path[:] = json.loads(sys.argv[1])\nimport numpy as np\n"
        "from omosim.results import write_parquet\n"
        "write_parquet(sys.argv[2], {'v': np.arange(3000) / 7, 'k': [str(i % 9) for i in range(3000)]})\n"
    )
    argv = [sys.executable, "-c", code, json.dumps(sys.path), str(tmp_path / "o")]
    subprocess.run(argv, check=True, env={"PYTHONHASHSEED": "5"})
    mine = parquet_bytes({"v": np.arange(3000) / 7, "k": [str(i % 9) for i in range(3000)]})
    assert (tmp_path / "o").read_bytes() == mine
    assert b"pandas" not in mine


def test_duckdb_and_pandas_read_it(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = write_parquet(tmp_path / "t.parquet", {"kpi": ["a", "b"], "value": [1.5, None]})
    assert duckdb.sql(f"select sum(value) from '{path}'").fetchall() == [(1.5,)]


def test_newer_and_broken_files_are_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    newer = tmp_path / "n.parquet"
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({b"omosim.schema_version": b"9"}), newer)
    with pytest.raises(NewerSchema, match=r"schema version 9.*upgrade"):
        read_columns(newer)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 not really")
    for name in ("bad.parquet", "absent.parquet"):
        with pytest.raises(NotAResult, match=name):
            read_columns(tmp_path / name)
