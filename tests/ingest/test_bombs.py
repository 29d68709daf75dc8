"""Small files that unpack to gigabytes: each is refused within 2 CPU seconds and 300 MB, import and all.

A want of memory is a refusal too, and what is merely repetitive is read.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omosim.ingest import Budget, ReadOptions, read_log, read_orders
from omosim.ingest.errors import OrderFileError

HEAD = "order_id,placed_at,shopper_id,sku,units,unit_price"
ROW = "o1,2025-03-01T10:00:00+09:00,s1,001,1,12000"
WIDE = (
    "order_id,line_no,placed_at,shopper_id,channel,store_id,sku,category,units,unit_price,fulfilment,promised_at,"
    "ready_at,collected_at,status"
)
SECONDS, MEGABYTES = 2.0, 300
MILLION = 1_000_000
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc for what a process holds")

#: Reads a file in a process of its own; the second word is how many MB it may ask for, 0 any.
READ = """
import json, resource, sys, time
from pathlib import Path
from omosim.ingest import ReadOptions, read_log
from omosim.ingest.errors import OrderFileError
if sys.argv[2] != "0":
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + int(sys.argv[2]) * 1_000_000,) * 2)
begin = time.process_time()
try:
    log = read_log(Path(sys.argv[1]), "own", ReadOptions())
    found = {"code": "", "text": str(len(log.lines))}
except OrderFileError as error:
    found = {"code": error.problems[0].code, "text": str(error), "exit": error.exit_code}
found["seconds"] = time.process_time() - begin
status = Path("/proc/self/status").read_text()  # ru_maxrss would begin at what the parent held
found["megabytes"] = int(status.split("VmHWM:")[1].split()[0]) / 1000
print(json.dumps(found))
"""


def read_alone(path: Path, most: int = 0) -> dict:
    done = subprocess.run([sys.executable, "-c", READ, str(path), str(most)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def running(rows: int) -> bytes:
    """One order again and again, with running ids: the most repetitive log that is honest."""
    return "\n".join([HEAD, *(f"ORD-{i:010d},{ROW.split(',', 1)[1]}" for i in range(rows))]).encode() + b"\n"


def packed(head: bytes, piece: bytes, times: int) -> bytes:
    """A gzip file of `piece` so many times behind `head`; the parts are packed once."""
    return gzip.compress(head) + gzip.compress(piece, 9) * times


def same(value: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, np.int8), pa.array([value]))


def table(cells: list[str], rows: int) -> pa.Table:
    return pa.table({name: same(value, rows) for name, value in zip(HEAD.split(","), cells, strict=True)})


@cache
def sound(rows: int) -> pa.Table:
    at = np.arange(rows)
    when = np.char.add(np.datetime_as_string(np.datetime64("2025-01-01T00:00:00") + at), "+09:00")
    ids = pa.array(np.char.add("o", at.astype(str)))
    columns = [ids, pa.array(when), *(same(t, rows) for t in ROW.split(",")[2:])]
    return pa.table({n: c if pa.types.is_dictionary(c.type) else c.dictionary_encode().cast(pa.dictionary(pa.int32(), pa.string()))
                     for n, c in zip(HEAD.split(","), columns, strict=True)})  # fmt: skip


def many_texts(path: Path) -> None:
    """13.5 GB of times, were they written out."""
    pq.write_table(table(["A" * 900] * 6, 15 * MILLION), path)


def plain_texts(path: Path) -> None:
    column = pa.chunked_array([pa.array(["A" * 900] * 20_000)] * 50)
    pq.write_table(pa.table(dict.fromkeys(HEAD.split(","), column)), path)


def equal_rows(path: Path) -> None:
    pq.write_table(table(ROW.split(","), 15 * MILLION), path)


def hidden(cells: list[str], rows: int) -> Callable[[Path], None]:
    """Sound rows first."""
    def write(path: Path) -> None:
        head = sound(200_000)
        with pq.ParquetWriter(path, head.schema, compression="zstd") as out:
            out.write_table(head)
            for _ in range(rows // MILLION):
                out.write_table(table(cells, MILLION).cast(head.schema))

    return write


def of_bytes(data: Callable[[], bytes]) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data()) and None


LINE, MANY = (HEAD + "\n").encode(), (ROW + "\n").encode() * 25_000
BOMBS: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "gzip, 4 GB in one line": ("b.csv.gz", of_bytes(lambda: packed(LINE, b"a" * (16 << 20), 256)), "too_large"),
    "gzip, 4 GB of line ends": ("b.csv.gz", of_bytes(lambda: packed(LINE, b"\n" * (16 << 20), 256)), "too_large"),
    "gzip, 4 GB of one row": ("b.csv.gz", of_bytes(lambda: packed(LINE, MANY, 4_000)), "too_large"),
    "gzip, sound rows, then one row": ("b.csv.gz", of_bytes(lambda: packed(running(200_000), MANY, 4_000)), "too_large"),
    "gzip, rows that pack badly": ("b.csv.gz", of_bytes(lambda: packed(LINE, MANY[:1_100], 200_000)), "duplicate_line"),
    "gzip of a million parts": ("b.csv.gz", of_bytes(lambda: packed(LINE, b"", MILLION)), "too_large"),
    "Parquet, one long text": ("b.parquet", many_texts, "value_too_long"),
    "Parquet, one long text, written out": ("b.parquet", plain_texts, "value_too_long"),
    "Parquet, one row": ("b.parquet", equal_rows, "duplicate_line"),
    "Parquet, sound rows, then one text": ("b.parquet", hidden(["A" * 900] * 6, 2 * MILLION), "value_too_long"),
    "Parquet, sound rows, then long times": (
        "b.parquet", hidden(["A", "A" * 900, "A", "A", "1", "1"], 2 * MILLION), "time_format"),
    "Parquet, sound rows, then one row": ("b.parquet", hidden(ROW.split(","), 2 * MILLION), "duplicate_line"),
}  # fmt: skip


@linux
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_two_seconds_and_300_mb(name: str, tmp_path: Path) -> None:
    file, write, code = BOMBS[name]
    path = tmp_path / file
    write(path)
    assert path.stat().st_size < 30 * MILLION
    found = read_alone(path)
    assert found["code"] == code and found["exit"] == 2, found["text"][:500]
    assert found["seconds"] < SECONDS and found["megabytes"] < MEGABYTES
    assert found["text"].count("\n") < 25


@linux
@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_want_of_memory_is_a_refusal_with_a_cure(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"orders.{kind}"
    if kind == "parquet":
        pq.write_table(sound(200_000), path)
    else:
        path.write_bytes(gzip.compress(running(400_000), 1) if kind == "csv.gz" else running(400_000))
    found = read_alone(path, 60)
    assert found["code"] == "too_large" and found["exit"] == 2
    assert "split it by month" in found["text"]


def test_a_want_of_memory_anywhere_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f"{HEAD}\n{ROW}\n")
    for place in ("omosim.ingest.reader.finish", "omosim.ingest.values.parse_times", "omosim.ingest.text._decode"):
        with monkeypatch.context() as patch:
            patch.setattr(place, lambda *_: (_ for _ in ()).throw(pa.ArrowMemoryError("malloc of size 13500000000 failed")))
            for read in (read_orders, lambda p: read_log(p, "auto")):
                with pytest.raises(OrderFileError, match="split it by month"):
                    read(path)


@pytest.mark.parametrize("level", [1, 9])
def test_one_order_with_running_ids_is_no_bomb(level: int, tmp_path: Path) -> None:
    """Measured: 19 times its packed size in six columns, 72 times in sixteen."""
    tail = "1,2025-03-01T10:00:00+09:00,shopper-000001,web,store-gangnam-01,SKU-000001,skincare and sun care,1,12000,pickup,"
    tail += "2025-03-01T13:00:00+09:00,2025-03-01T12:10:00+09:00,2025-03-01T18:30:00+09:00,collected"
    rows = 90_000
    data = "\n".join([WIDE, *(f"ORD-{i:010d},{tail}" for i in range(rows))]).encode() + b"\n"
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(data, level))
    assert len(data) > 1.1 * (16 << 20) and len(data) > 55 * path.stat().st_size
    assert len(read_orders(path).lines) == rows


def test_parquet_of_running_ids_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    rows = 150_000
    when = pa.array(1740790800 + np.arange(rows), pa.timestamp("s", tz="Asia/Seoul"))
    columns = {"order_id": np.arange(rows), "placed_at": when, "units": np.ones(rows, np.int8), "unit_price": np.full(rows, 500.0)}
    running = dict.fromkeys(("order_id", "placed_at"), "DELTA_BINARY_PACKED")
    pq.write_table(pa.table(columns), path, compression="zstd", use_dictionary=["unit_price"], column_encoding=running)
    assert path.stat().st_size < rows / 20
    assert len(read_orders(path).lines) == rows


def test_text_of_a_parquet_file_counts_in_every_row(tmp_path: Path) -> None:
    """Other layouts have no look at the first rows; the sum of all texts binds them, and sooner."""
    path = tmp_path / "orders.parquet"
    pq.write_table(sound(1_000), path)
    with pytest.raises(OrderFileError) as caught:
        read_orders(path, ReadOptions(budget=Budget(table_bytes=20_000)))
    assert (caught.value.problems[0].code, caught.value.problems[0].column) == ("too_large", "placed_at")
    names = ("TRANSACTION_DT", "CUSTOMER_ID", "PRODUCT_SUBCLASS", "PRODUCT_ID", "AMOUNT", "SALES_PRICE")
    pq.write_table(pa.table({name: same("A" * 900, 3 * MILLION) for name in names}), path)
    with pytest.raises(OrderFileError) as caught:
        read_log(path, "tafeng")
    assert (caught.value.problems[0].code, caught.value.problems[0].column) == ("too_large", "TRANSACTION_DT")


def test_first_rows_refuse_only_where_most_are_bad(tmp_path: Path) -> None:
    """One bad row waits for the whole file; bad rows that may be left out are left out."""
    small = Budget(look_bytes=4_000)
    lines = running(1_000).decode().splitlines()
    path = tmp_path / "orders.csv"
    lines[10] = lines[10].replace(",1,12000", ",0,12000")
    lines[-1] = lines[-1].replace(",1,12000", ",x,12000")
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(OrderFileError) as caught:
        read_orders(path, ReadOptions(budget=small))
    assert caught.value.counts == {"units_zero": 1, "units_not_a_number": 1} and not caught.value.first
    lines[1:71] = [line.replace(",1,12000", ",0,12000") for line in lines[1:71]]
    path.write_text("\n".join(lines) + "\n")
    rejects = tmp_path / "rejects.csv"
    with pytest.raises(OrderFileError, match="rows looked at, the rest is not read") as caught:
        read_orders(path, ReadOptions(budget=small, rejects=rejects))
    assert caught.value.first and caught.value.counts == {"units_zero": 70 - 9 + 9} and rejects.exists()
    for allowed in (0.1, 80):
        assert read_orders(path, ReadOptions(budget=small, max_bad_rows=allowed)).lines.shape[0] >= 920


def test_gzip_in_parts_is_read_whole_and_what_follows_it_is_left(tmp_path: Path) -> None:
    rows = running(3_000)
    parts = [rows[i : i + 700] for i in range(0, len(rows), 700)]
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(b"".join(gzip.compress(p) for p in parts) + bytes(200_000))
    assert len(read_orders(path).lines) == 3_000


@pytest.mark.parametrize("kind", [pa.string_view(), pa.large_string(), pa.binary(), pa.binary_view(), pa.binary(2)])
def test_texts_of_any_kind_are_read_alike_and_bytes_are_refused(kind: pa.DataType, tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    columns = {name: [cell] for name, cell in zip(HEAD.split(","), ROW.split(","), strict=True)}
    raw = pa.types.is_fixed_size_binary(kind) or kind in (pa.binary(), pa.binary_view())
    pq.write_table(pa.table({**columns, "sku": pa.array([b"A1" if raw else "A1"], kind)}), path)
    assert read_orders(path).lines["sku"].tolist() == ["A1"]
    if raw:
        pq.write_table(pa.table({**columns, "sku": pa.array([b"\x8b\xff"], kind)}), path)
        with pytest.raises(OrderFileError, match="broken_parquet"):
            read_orders(path)
