"""W7, order files: a million rows of CSV and a hundred thousand of xlsx read and checked, and bombs refused.

`python tests/benchmarks/test_w7_ingest.py` prints seconds and memory beside pandas, which checks nothing. Each reading has a process
of its own, so that memory is that reading's. Counts are asserted, times never.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "ingest"))
bad_files = import_module("bad_files")
ROUNDS = 2
BIG = 1 << 26  # bytes of one member of the gzip bomb

ONE = """
import json, resource, sys, time
from pathlib import Path

def peak():
    status = Path("/proc/self/status")  # since the program began; ru_maxrss may be the parent's
    if status.is_file():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

how, path = sys.argv[1], Path(sys.argv[2])
import pandas as pd
from omosim.ingest import ReadOptions, read_orders
from omosim.ingest.errors import OrderFileError
read = {"omosim": lambda: read_orders(path, ReadOptions(timezone="Asia/Seoul")), "pandas": lambda: pd.read_csv(path), "pandas xlsx": lambda: pd.read_excel(path)}[how]
before, wall, cpu, code, rows = peak(), time.perf_counter(), time.process_time(), "", 0
try:
    log = read()
    rows = len(log.lines) if how == "omosim" else len(log)
except OrderFileError as error:
    code = error.problems[0].code
print(json.dumps({"seconds": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "code": code, "rows": rows,
                  "megabytes": peak(), "before": before}))
"""


def read(how: str, path: Path, rounds: int = 1) -> dict:
    """The quickest of so many readings, each a process."""
    asked = [sys.executable, "-c", ONE, how, str(path)]
    done = [json.loads(subprocess.run(asked, capture_output=True, text=True, check=True).stdout) for _ in range(rounds)]
    return min(done, key=lambda one: one["seconds"])


def line(name: str, one: dict) -> str:
    """One line of the table."""
    what = f"refused: {one['code']}" if one["code"] else f"{one['rows']:,} rows"
    return f"{name:34} {one['seconds']:7.2f} s ({one['cpu_s']:6.2f} CPU)  peak {one['megabytes']:6.0f} MB, {one['megabytes'] - one['before']:6.0f} above the import  {what}"


def orders(count: int) -> dict[str, np.ndarray]:
    """Columns of an order file of a year in two stores, one to three lines an order."""
    rng = np.random.default_rng(5)
    first = np.concatenate([[True], rng.random(count - 1) < 0.6])
    order = np.cumsum(first)
    start = np.flatnonzero(first)[order - 1]
    second = np.sort(rng.integers(0, 365 * 86_400, count))[start]
    when = np.datetime_as_string(np.datetime64("2025-01-01T00:00:00") + second.astype("m8[s]"), unit="s")
    sku = rng.integers(0, 5_000, count)
    return {
        "order_id": np.char.add("R", order.astype(str)), "line_no": np.arange(count) - start + 1, "placed_at": np.char.add(when, "+09:00"),
        "shopper_id": np.char.add("C", rng.integers(1, 60_000, count)[start].astype(str)), "channel": np.array(["web", "store"])[rng.integers(0, 2, count)[start]],
        "store_id": np.array(["S01", "S02"])[rng.integers(0, 2, count)[start]], "sku": np.char.add("A", sku.astype(str)),
        "category": np.array(["snacks", "drinks", "care"])[sku % 3], "units": 1 + rng.poisson(0.6, count), "unit_price": 500 + 10 * (sku % 2_000),
        "fulfilment": np.array(["pickup", "ship"])[rng.integers(0, 2, count)[start]],
    }  # fmt: skip


def write_csv(path: Path, count: int) -> Path:
    """As CSV."""
    pacsv.write_csv(pa.table({name: pa.array(values) for name, values in orders(count).items()}), path)
    return path


def write_xlsx(path: Path, count: int) -> Path:
    """As a workbook."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    columns = orders(count)
    sheet.append(list(columns))
    for cells in zip(*(values.tolist() for values in columns.values()), strict=True):
        sheet.append(cells)
    book.save(path)
    return path


def bombs() -> dict[str, tuple[str, bytes]]:
    """Small files that unpack to hundreds of megabytes, or to gigabytes."""
    names = ("gzip bomb", "Parquet bomb", "xlsx bomb", "xlsx bomb of texts")
    cases = {case.name: (case.file, case.make()) for case in bad_files.CASES if case.name in names}
    member = gzip.compress((bad_files.HEAD + "\n").encode() + bytes(BIG), 6)
    text = gzip.compress(bad_files.text().encode() * (BIG // 200), 6)
    return cases | {"gzip bomb of nothing, 4 GB": ("orders.csv.gz", member * 64), "gzip bomb of good orders, 4 GB": ("orders.csv.gz", text * 64)}


def csv_table(folder: Path, count: int = 1_000_000) -> dict[str, dict]:
    """The million rows."""
    path = write_csv(folder / "orders.csv", count)
    done = {how: read(how, path, ROUNDS) for how in ("omosim", "pandas")}
    print(f"\nCSV, {path.stat().st_size / 1e6:.0f} MB; aim for a million rows 5 s")
    for how, one in done.items():
        print(line(how if how == "omosim" else "pandas.read_csv, nothing checked", one))
    print(f"omosim / pandas {done['omosim']['seconds'] / done['pandas']['seconds']:.1f}")
    return done


def xlsx_table(folder: Path, count: int = 100_000) -> dict[str, dict]:
    """The workbook."""
    path = write_xlsx(folder / "orders.xlsx", count)
    done = {how: read(how, path) for how in ("omosim", "pandas xlsx")}
    print(f"\nxlsx, {path.stat().st_size / 1e6:.0f} MB")
    for how, one in done.items():
        print(line(how if how == "omosim" else "pandas.read_excel, nothing checked", one))
    print(f"omosim / pandas {done['omosim']['seconds'] / done['pandas xlsx']['seconds']:.1f}")
    return done


def bomb_table(folder: Path) -> dict[str, dict]:
    """Each bomb."""
    print("\nbombs; aim 2 s and 300 MB")
    done = {}
    for name, (file, data) in bombs().items():
        path = folder / file
        path.write_bytes(data)
        done[name] = read("omosim", path)
        print(line(f"{name} ({len(data) / 1e6:.1f} MB)", done[name]), flush=True)
    return done


@pytest.mark.bench
def test_a_million_rows_beside_pandas(tmp_path):
    done = csv_table(tmp_path)
    assert done["omosim"]["rows"] == done["pandas"]["rows"] == 1_000_000 and not done["omosim"]["code"]


@pytest.mark.bench
def test_a_workbook_beside_pandas(tmp_path):
    done = xlsx_table(tmp_path)
    assert done["omosim"]["rows"] == done["pandas xlsx"]["rows"] == 100_000


@pytest.mark.bench
def test_bombs_are_refused(tmp_path):
    assert {name: one["code"] for name, one in bomb_table(tmp_path).items() if not one["code"].startswith("too_")} == {}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        csv_table(Path(place))
        xlsx_table(Path(place))
        bomb_table(Path(place))
