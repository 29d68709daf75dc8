"""A file beyond the memory bound, read in parts, says exactly what it says when it is read at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omosim.ingest import Budget, ReadOptions, read_orders
from omosim.ingest.errors import OrderFileError
from omosim.ingest.large import read_any

SMALL = Budget(text_bytes=100_000)


def orders(n: int = 4000) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    order = np.sort(rng.integers(0, n // 2, n))
    return pd.DataFrame({
        "주문번호": [f"o{i}" for i in order], "memo": "a, b", "placed_at": [f"2025-03-{1 + i % 28:02d}T{i % 24:02d}:15:00+09:00" for i in order],
        "shopper_id": [f"c{i % 97}" for i in order], "sku": [f"{i:04d}" for i in range(n)], "units": rng.integers(1, 5, n), "unit_price": rng.integers(1, 90, n) * 100,
    })  # fmt: skip


def same(path: Path) -> list[str]:
    said: list[str] = []
    parts, whole = read_any(path, "own", ReadOptions(budget=SMALL), said.append, path.parent), read_orders(path)
    pd.testing.assert_frame_equal(parts.lines, whole.lines)
    pd.testing.assert_frame_equal(parts.quality, whole.quality)
    assert (parts.timezone, parts.rows, parts.file_hash) == (whole.timezone, whole.rows, whole.file_hash)
    assert set(whole.notes) <= set(parts.notes) and not list(path.parent.glob("omosim-parts-*"))
    return said


def test_a_csv_in_parts_is_the_csv_at_once(tmp_path: Path) -> None:
    orders().to_csv(tmp_path / "o.csv", index=False)
    said = same(tmp_path / "o.csv")
    assert "parts of whole orders" in said[0] and "s left" in said[-1] and len(said) >= 4


def test_a_parquet_with_types_in_parts_is_the_file_at_once(tmp_path: Path) -> None:
    frame = orders()
    when = pa.array(pd.to_datetime(frame["placed_at"]), pa.timestamp("s", "Asia/Seoul"))
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False).set_column(2, "placed_at", when), tmp_path / "o.parquet", compression="none", use_dictionary=False)
    same(tmp_path / "o.parquet")


def test_faults_are_named_by_row_and_left_out_only_when_asked(tmp_path: Path) -> None:
    frame = orders().astype({"units": object})
    frame.loc[[10, 3999], "units"] = ["x", 0]
    frame.loc[20] = frame.loc[19]
    frame.to_csv(tmp_path / "o.csv", index=False)
    with pytest.raises(OrderFileError) as caught:
        read_any(tmp_path / "o.csv", "own", ReadOptions(budget=SMALL, rejects=tmp_path / "rejects.csv"))
    assert {(p.code, p.row) for p in caught.value.problems} == {("units_not_a_number", 12), ("units_zero", 4001), ("duplicate_line", 22)}
    log = read_any(tmp_path / "o.csv", "own", ReadOptions(max_bad_rows=3, budget=SMALL))
    assert len(log.lines) == 3997 and dict(zip(log.quality["class"], log.quality["rows"], strict=True))["bad_row"] == 3


@pytest.mark.parametrize("spoil", ["short", "cp949", "no order_id"])
def test_what_cannot_be_cut_is_refused_in_words(spoil: str, tmp_path: Path) -> None:
    text = orders().to_csv(index=False)
    lines = text.splitlines()
    if spoil == "short":
        lines[300] = "o1,x"
    data = ("\n".join(lines) + "\n").encode("cp949" if spoil == "cp949" else "utf-8")
    if spoil == "no order_id":
        data = data.replace("주문번호".encode(), b"number")
    (tmp_path / "o.csv").write_bytes(data)
    with pytest.raises(OrderFileError) as caught:
        read_any(tmp_path / "o.csv", "own", ReadOptions(budget=SMALL))
    assert caught.value.problems[0].allowed and caught.value.problems[0].file == "o.csv"


def test_a_file_within_the_bound_never_passes_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omosim.ingest.large._read_parts", lambda *a: pytest.fail("read in parts"))
    orders(50).to_csv(tmp_path / "o.csv", index=False)
    assert len(read_any(tmp_path / "o.csv", "own", ReadOptions()).lines) == 50
