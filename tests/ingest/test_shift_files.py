"""Files of shifts: what is read, in whatever an order file may be in, and what is said of one that cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omosim.ingest.errors import OrderFileError
from omosim.ingest.roster import read_people
from omosim.planning.roster import read_roster

HEAD = "store,weekday,role,from,to,break_from,break_to,people"
ROWS = ("S01,mon,picker,10:00,18:00,13:00,13:30,2", "S01,sat,counter,10:00,22:00,,,")


def file(tmp_path: Path, *rows: str, head: str = HEAD, coding: str = "utf-8") -> Path:
    path = tmp_path / "shifts.csv"
    path.write_bytes(("\n".join((head, *rows)) + "\n").encode(coding))
    return path


def test_a_row_is_a_shift_less_its_break(tmp_path: Path) -> None:
    week = read_people(file(tmp_path, *ROWS)).stores["S01"]
    assert week[0, 0, 40:72].tolist() == [2] * 12 + [0] * 2 + [2] * 18
    assert week[5, 1].sum() == 48 and week[5, 0].sum() == 0


@pytest.mark.parametrize(("rows", "head", "coding"), [
    (tuple(row.replace(",", ";") for row in ROWS), HEAD.replace(",", ";"), "utf-8"),
    (tuple(row.replace(",", "\t") for row in ROWS), HEAD.replace(",", "\t"), "utf-8"),
    (tuple(row.replace(",", " , ") for row in ROWS), HEAD, "utf-8-sig"),
    (ROWS, HEAD, "utf-16"),
    ((ROWS[0], "", ",,,,,,,", "S01,sat,counter,10:00,22:00"), HEAD, "utf-8"),
    (tuple(row.replace(":00,", ":00:00,") for row in ROWS), HEAD, "utf-8"),
    (ROWS, "Store,Weekday,Role,From,To,Break from,Break to,People", "utf-8"),
], ids=["semicolons", "tabs", "a mark and blanks", "UTF-16", "short and empty rows", "seconds", "titles"])  # fmt: skip
def test_the_same_is_read_however_it_was_saved(tmp_path: Path, rows: tuple[str, ...], head: str, coding: str) -> None:
    plain = read_people(file(tmp_path, *ROWS)).stores["S01"]
    assert np.array_equal(read_people(file(tmp_path, *rows, head=head, coding=coding)).stores["S01"], plain)


def test_stores_may_have_korean_names_in_cp949(tmp_path: Path) -> None:
    rows = tuple(row.replace("S01", "강남점") for row in ROWS)
    assert list(read_people(file(tmp_path, *rows, coding="cp949")).stores) == ["강남점"]


def test_parquet_is_read_too(tmp_path: Path) -> None:
    columns = zip(*(row.split(",") for row in ROWS), strict=True)
    pq.write_table(pa.table(dict(zip(HEAD.split(","), map(list, columns), strict=True))), tmp_path / "shifts.parquet")
    assert np.array_equal(read_people(tmp_path / "shifts.parquet").stores["S01"], read_people(file(tmp_path, *ROWS)).stores["S01"])


@pytest.mark.parametrize(("rows", "head", "says"), [
    ((), HEAD, "header_only: shifts.csv, row 1; allowed: at least one row below the header"),
    (ROWS, HEAD.replace("weekday", "day"), "missing_column: shifts.csv, row 1, column 'weekday': 'store, day, role, from"),
    (ROWS, HEAD.replace("break_to", "from"), "double_column: shifts.csv, row 1, column 'from'"),
    ((*ROWS, ROWS[0] + ",9"), HEAD, "too_many_cells: shifts.csv, row 4"),
    (("S01,saturday,picker,10:00,11:00,,,",), HEAD, "row 2, column 'weekday': 'saturday'; allowed: mon, tue, wed, thu, fri, sat, sun; nearest: 'sat'"),
    (("S01,Wednesday,picker,10:00,11:00,,,",), HEAD, "'Wednesday'; allowed: mon, tue, wed, thu, fri, sat, sun; nearest: 'wed'"),
    (("S01,토요일,picker,10:00,11:00,,,",), HEAD, "nearest: 'sat'"),
    (("S01,sat,conter,10:00,11:00,,,",), HEAD, "allowed: picker, counter, staff; nearest: 'counter'"),
    (("S01,sat,picker,10:00,11:00,,,", "", "S01,sat,picker,10:05,11:00,,,"), HEAD, "bad_time: shifts.csv, row 4"),
])  # fmt: skip
def test_what_is_wrong_is_said_once_and_with_its_place(tmp_path: Path, rows: tuple[str, ...], head: str, says: str) -> None:
    with pytest.raises(OrderFileError) as caught:
        read_people(file(tmp_path, *rows, head=head))
    assert says in str(caught.value) and len(caught.value.problems) == 1


def test_one_pool_is_understood_where_there_is_one(tmp_path: Path) -> None:
    path = file(tmp_path, "S01,mon,staff,10:00,11:00,,,3")
    assert read_people(path).stores["S01"][0].sum() == 12
    with pytest.raises(OrderFileError, match=r"only with network\.operations\.pooled_staff=true"):
        read_people(path, pool=False)


def test_nobody_told_is_nobody(tmp_path: Path) -> None:
    """A weekday of 0 people is told; one without a row is taken as the first."""
    read = read_people(file(tmp_path, ",mon,picker,10:00,20:00,,,2", ",sun,picker,10:00,20:00,,,0"))
    week = read.stores[""]
    assert week[6].sum() == 0 and all(np.array_equal(week[day], week[0]) for day in range(1, 6)) and week[0].sum() == 80
    assert read.told == "weekdays not in it are taken as mon"


def test_what_was_filled_is_told_of_each_store(tmp_path: Path) -> None:
    read = read_people(file(tmp_path, ",tue,picker,10:00,20:00,,,", "S01,mon,picker,10:00,20:00,,,", "S02,mon,counter,10:00,20:00,,,"))
    assert read.told == "weekdays not in it are taken as tue; S01, S02: weekdays not in it are taken as mon"


def test_rows_of_the_store_replace_those_without_one(tmp_path: Path) -> None:
    """The plan's check reads a roster as a run does."""
    path = file(tmp_path, ",mon,picker,10:00,20:00,,,5", "S01,tue,picker,10:00,20:00,,,1")
    own = read_roster(path, "S01")
    assert [int(day.pickers[48]) for day in own.days] == [1] * 7 and own.told == "the roster given; weekdays not in it are taken as tue"
    assert [int(day.pickers[48]) for day in read_roster(path, "S02").days] == [5] * 7
    with pytest.raises(OrderFileError, match="rows of store S03, or rows without a store"):
        read_roster(file(tmp_path, "S01,tue,picker,10:00,20:00,,,1"), "S03")
    with pytest.raises(OrderFileError, match="somebody at work"):
        read_roster(file(tmp_path, "S01,tue,picker,10:00,20:00,,,0"), "S01")
