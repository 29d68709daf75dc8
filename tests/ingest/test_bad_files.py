"""Order files that must be refused with a place, or read right; nothing in between. The files: bad_files.py."""

from __future__ import annotations

import csv
import gzip
import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omosim.cli.main import main
from omosim.ingest import Budget, ReadOptions, read_orders
from omosim.ingest.errors import OrderFileError

_SPEC = importlib.util.spec_from_file_location("omosim_bad_files", Path(__file__).with_name("bad_files.py"))
assert _SPEC is not None and _SPEC.loader is not None
bad_files = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(bad_files)
GOOD, HEAD, row, text = bad_files.GOOD, bad_files.HEAD, bad_files.row, bad_files.text
REFUSED = {case.name: case for case in bad_files.CASES if case.code}
READ = {case.name: case for case in bad_files.CASES if not case.code}


def save(folder: Path, data: str | bytes, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_no_two_cases_share_a_name() -> None:
    assert len(REFUSED) + len(READ) == len(bad_files.CASES) >= 90


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_with_its_place_and_a_cure(name: str, tmp_path: Path) -> None:
    case = REFUSED[name]
    with pytest.raises(OrderFileError) as caught:
        read_orders(case.write(tmp_path / "in"), ReadOptions(**case.options, rejects=tmp_path / "rejects.csv"))
    error = caught.value
    assert (case.code, case.row, case.column) in {(p.code, p.row, p.column) for p in error.problems}
    assert error.exit_code == 2 and case.file in str(error) and str(error).replace("\n", "").isprintable()
    assert all(p.allowed and p.file == case.file for p in error.problems)
    assert case.near is None or case.near in {p.nearest for p in error.problems}
    if error.rejects is not None:
        rejects = list(csv.DictReader(error.rejects.open(encoding="utf-8")))
        assert (case.code, str(case.row)) in {(r["code"], r["row"]) for r in rejects}
        assert not any(cell.startswith(("=", "+", "-", "@")) for r in rejects for cell in r.values())


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_read_right(name: str, tmp_path: Path) -> None:
    case = READ[name]
    log = read_orders(case.write(tmp_path), ReadOptions(**case.options))
    for column, expected in case.reads.items():
        assert log.lines[column].tolist() == expected, column
    assert log.quality["rows"].sum() == log.rows == len(log.lines)
    assert any(case.note in note for note in log.notes) or not case.note


COMMAND_LINE = (
    "empty", "header only", "misspelt column", "units rich markup", "units formula", "ANSI escape", "bidi", "d/m/y",
    "web page", "10 MB field", "cut Parquet", "gzip bomb", "xlsx bomb", "xlsx two sheets of orders", "xlsx 17 digits",
    "prose named xlsx",
)  # fmt: skip


@pytest.mark.parametrize("words", [("calibrate", "output.dir"), ("twin", "new", "dir")], ids=["calibrate", "twin"])
@pytest.mark.parametrize("name", COMMAND_LINE)
def test_the_command_line_says_the_same_and_ends_with_2(name: str, words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    case = REFUSED[name]
    path = case.write(tmp_path)
    call = [*words[:-1], f"orders={path}", f"{words[-1]}={tmp_path / 'out'}"]
    assert main([*call, *(f"{key}={value}" for key, value in case.options.items())]) == 2
    shown = "".join(capsys.readouterr())
    assert case.code in shown and "Traceback" not in shown and "a bug in omosim" not in shown
    assert "\x1b" not in shown and "\u202e" not in shown
    assert name != "units rich markup" or "[red]3[/red]" in shown


def test_table_of_the_cases(tmp_path: Path) -> None:
    """`pytest -s -k table` prints it."""
    lines = []
    for number, case in enumerate(bad_files.CASES):
        try:
            read_orders(case.write(tmp_path / str(number)), ReadOptions(**case.options))
            lines.append((case.name, "read", ""))
        except OrderFileError as error:
            lines.append((case.name, "refused", "+".join(sorted(error.counts))))
    print()
    for line in lines:
        print(f"{line[0]:38} {line[1]:8} {line[2]}")
    counts = Counter(done for _, done, _ in lines)
    print(f"{len(lines)} files: {counts['refused']} refused, {counts['read']} read right")
    assert counts == {"refused": len(REFUSED), "read": len(READ)}


def test_a_gzip_beyond_the_budget_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, gzip.compress(text().encode() * 1000))
    with pytest.raises(OrderFileError) as caught:
        read_orders(path, ReadOptions(budget=Budget(text_bytes=10_000)))
    assert caught.value.problems[0].code == "too_large"


def test_bad_rows_are_left_out_only_when_asked_and_are_counted(tmp_path: Path) -> None:
    path = save(tmp_path, text([*GOOD, row(units="0"), row(units="x")]))
    with pytest.raises(OrderFileError):
        read_orders(path, ReadOptions(max_bad_rows=1))
    log = read_orders(path, ReadOptions(max_bad_rows=2, rejects=tmp_path / "rejects.csv"))
    account = dict(zip(log.quality["class"], log.quality["rows"], strict=True))
    assert account == {"sale": 3, "sale_anonymous": 0, "bad_row": 2} and log.rows == 5
    assert len((tmp_path / "rejects.csv").read_text().splitlines()) == 3


def test_naive_times_are_read_in_a_declared_zone_and_skipped_hours_refused(tmp_path: Path) -> None:
    path = save(tmp_path, text([row(placed_at="2025-06-01 10:00")]))
    log = read_orders(path, ReadOptions(timezone="Europe/London", currency="GBP"))
    assert log.lines["placed_utc"].tolist() == [1748768400]
    assert log.lines["placed_local"].tolist() == [1748772000]
    with pytest.raises(OrderFileError) as caught:
        read_orders(save(tmp_path, text([row(placed_at="2025-03-30 01:30")])), ReadOptions(timezone="Europe/London"))
    assert "time_no_such_hour" in caught.value.counts


def test_rows_are_physical_after_line_breaks_in_quotes(tmp_path: Path) -> None:
    head = "order_id,memo,placed_at,units,unit_price"
    rows = ['o1,"two\nlines",2025-03-01T10:00+09:00,1,5', "o2,x,2025-03-01T10:00+09:00,0,5"]
    with pytest.raises(OrderFileError) as caught:
        read_orders(save(tmp_path, text(rows, head)))
    assert caught.value.problems[0].row == 4


def test_money_is_rounded_half_to_even_once_per_line(tmp_path: Path) -> None:
    rows = [row(unit_price="0.005"), row(order_id="a", unit_price="0.015")]
    rows.append(row(order_id="b", units="3", unit_price="0.333"))
    log = read_orders(save(tmp_path, text(rows)), ReadOptions(currency="GBP"))
    assert log.lines["value"].tolist() == [0, 2, 100]


def test_parquet_with_types_reads_as_the_csv_does(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    when = pa.array([1740790800, 1740796200], pa.timestamp("s", tz="Asia/Seoul"))
    columns = {"order_id": [1, 2], "placed_at": when, "units": [1, 2], "unit_price": [12000.0, 9900.0]}
    pq.write_table(pa.table(columns), path)
    log = read_orders(path)
    assert log.orders()["value"].tolist() == [12000, 19800]
    assert log.orders()["placed_utc"].tolist() == [1740790800, 1740796200]
    columns["units"] = [1.0, float("nan")]
    pq.write_table(pa.table(columns), path)
    with pytest.raises(OrderFileError) as caught:
        read_orders(path)
    assert "units_not_a_number" in caught.value.counts


def test_only_the_first_twenty_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    rows = [row(order_id=f"o{i}", units="0") for i in range(500)]
    with pytest.raises(OrderFileError) as caught:
        read_orders(save(tmp_path, text(rows)), ReadOptions(rejects=tmp_path / "r.csv"))
    assert len(caught.value.problems) == 20 and caught.value.counts == {"units_zero": 500}
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 501


def _year_of_orders() -> list[str]:
    days = np.datetime_as_string(np.datetime64("2024-03-01") + np.arange(360))
    return [f"o{i},{day}T10:00:00+09:00,s{i % 40},A,1,500" for i, day in enumerate(days)]


@pytest.mark.parametrize("date", ["2055-01-01", "2026-03-01", "1999-12-31", "2023-03-01"])
def test_a_date_far_from_all_others_is_refused_or_set_aside_and_named(tmp_path: Path, date: str) -> None:
    rows = _year_of_orders()
    rows.insert(100, f"lone,{date}T10:00:00+09:00,s1,A,1,500")
    path = save(tmp_path, text(rows))
    with pytest.raises(OrderFileError) as caught:
        read_orders(path)
    problem = caught.value.problems[0]
    assert caught.value.counts == {"time_apart": 1}
    assert (problem.row, problem.column) == (102, "placed_at") and date in str(problem.value)
    log = read_orders(path, ReadOptions(max_bad_rows=1, rejects=tmp_path / "rejects.csv"))
    assert len(log.lines) == 360 and "lone" not in set(log.lines["order_id"])
    assert date in (tmp_path / "rejects.csv").read_text()


def test_a_shop_that_closed_for_a_season_is_no_slip(tmp_path: Path) -> None:
    rows = [r for r in _year_of_orders() if not "2024-06" < r.split(",")[1][:7] < "2024-10"]
    assert len(read_orders(save(tmp_path, text(rows))).lines) == len(rows)
    late = [*_year_of_orders()[:200], *(f"n{i},2026-05-0{i}T10:00:00+09:00,s{i},A,1,500" for i in range(1, 6))]
    assert len(read_orders(save(tmp_path, text(late))).lines) == 205, "5 rows of 205 are a part of the log"
