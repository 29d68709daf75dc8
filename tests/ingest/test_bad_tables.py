"""Tables beside the orders that must be refused with a place, or read right with what was done said. The files: bad_tables.py."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omosim.ingest import ReadOptions, read_further
from omosim.ingest.errors import InputError, OrderFileError
from omosim.ingest.schemas import FURTHER, dictionary
from tests.conftest import module_at

bad_tables = module_at(Path(__file__).with_name("bad_tables.py"))
REFUSED = {case.name: case for case in bad_tables.CASES if case.code}
READ = {case.name: case for case in bad_tables.CASES if not case.code}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_table_is_refused_with_its_place_and_a_cure(name: str, tmp_path: Path) -> None:
    case = REFUSED[name]
    with pytest.raises(OrderFileError) as caught:
        read_further(case.kind, case.write(tmp_path), ReadOptions(**case.options, rejects=tmp_path / "rejects.csv"))
    error = caught.value
    assert (case.code, case.row, case.column) in {(p.code, p.row, p.column) for p in error.problems}, error
    assert error.exit_code == 2 and all(p.allowed and p.file == f"{case.kind}.csv" for p in error.problems)
    assert str(error).replace("\n", "").isprintable()
    if error.rejects is not None:
        with error.rejects.open(encoding="utf-8") as file:
            assert (case.code, str(case.row)) in {(r["code"], r["row"]) for r in csv.DictReader(file)}


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_read_right_and_what_was_done_is_said(name: str, tmp_path: Path) -> None:
    case = READ[name]
    table = read_further(case.kind, case.write(tmp_path), ReadOptions(**case.options))
    for column, expected in case.reads.items():
        assert table.rows[column].tolist() == expected, column
    assert {r.code for r in table.remarks} == ({case.said} if case.said else set())
    assert all(r.rows >= 1 and f"{case.kind}.csv, row" in r.place and r.done for r in table.remarks)


def test_each_kind_of_table_has_cases_of_both_sorts() -> None:
    assert {c.kind for c in REFUSED.values()} == {c.kind for c in READ.values()} == set(FURTHER)
    assert len(REFUSED) + len(READ) == len(bad_tables.CASES) >= 40


def test_gzip_workbook_and_parquet_read_as_the_csv_does(tmp_path: Path) -> None:
    case = READ["traffic by day"]
    path = case.write(tmp_path)
    rows = [line.split(",") for line in case.text.splitlines()]
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(case.text.encode()))
    book = openpyxl.Workbook()
    for number, (day, store, count) in enumerate(rows):
        book.active.append([day, store, int(count) if number else count])
    book.save(tmp_path / "t.xlsx")
    days = pa.array([pd.Timestamp(r[0]).date() for r in rows[1:]], pa.date32())
    pq.write_table(pa.table({"at": days, "store_id": ["S01"] * 7, "visitors": [int(r[2]) for r in rows[1:]]}), tmp_path / "t.parquet")
    wanted = read_further("traffic", path).rows.drop(columns="file_row")
    for name in ("t.csv.gz", "t.xlsx", "t.parquet"):
        pd.testing.assert_frame_equal(read_further("traffic", tmp_path / name).rows.drop(columns="file_row"), wanted)


def test_bad_rows_are_left_out_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "traffic.csv"
    path.write_text(bad_tables.t(bad_tables.TRAFFIC, *bad_tables.DAY, "2025-03-08,S01,x"))
    table = read_further("traffic", path, ReadOptions(max_bad_rows=1, rejects=tmp_path / "rejects.csv"))
    assert (len(table.rows), table.read, table.left_out) == (7, 8, 1) and "not_a_whole_number" in (tmp_path / "rejects.csv").read_text()


def test_an_unknown_kind_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="allowed: stock, traffic, sessions, prices, deliveries"):
        read_further("weather", tmp_path / "x.csv")


def test_the_page_holds_the_dictionary_of_the_schema() -> None:
    page = (Path(__file__).parents[2] / "docs" / "twin_data.md").read_text(encoding="utf-8")
    begin, end = "<!-- made from the schema -->\n", "<!-- end -->"
    assert page.split(begin)[1].split(end)[0].strip() == dictionary().strip()
