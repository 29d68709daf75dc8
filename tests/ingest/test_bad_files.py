"""Order files that must be refused with a place, or read right; nothing in between."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omosim.ingest import Budget, ReadOptions, read_orders
from omosim.ingest.errors import OrderFileError

HEAD = "order_id,placed_at,shopper_id,sku,units,unit_price"
GOOD = [
    "o1,2025-03-01T10:00:00+09:00,s1,001,1,12000",
    "o2,2025-03-01T11:30:00+09:00,s2,1E5,2,9900",
    "o3,2025-03-02T09:05:00+09:00,s1,NA,3,500",
]


def text(rows: list[str] | None = None, head: str = HEAD) -> str:
    return "\n".join([head, *(GOOD if rows is None else rows)]) + "\n"


def row(**change: str) -> str:
    cells = dict(zip(HEAD.split(","), GOOD[0].split(","), strict=True)) | {"order_id": "o9"} | change
    return ",".join(cells.values())


def save(folder: Path, data: str | bytes, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


ROW_FAULTS = {
    "units negative": (row(units="-1"), "units_negative", "units"),
    "units zero": (row(units="0"), "units_zero", "units"),
    "units 1.5": (row(units="1.5"), "units_not_a_number", "units"),
    "units comma": (row(units='"1,000"'), "units_not_a_number", "units"),
    "units full width": (row(units="３"), "units_not_a_number", "units"),
    "units 1e3": (row(units="1e3"), "units_not_a_number", "units"),
    "units NaN": (row(units="NaN"), "units_not_a_number", "units"),
    "units 2^63": (row(units=str(2**63)), "units_not_a_number", "units"),
    "units TRUE": (row(units="TRUE"), "units_not_a_number", "units"),
    "units empty": (row(units=""), "missing_value", "units"),
    "price won sign": (row(unit_price='"₩12,000"'), "price_not_a_number", "unit_price"),
    "price negative": (row(unit_price="-5"), "price_negative", "unit_price"),
    "price inf": (row(unit_price="inf"), "price_not_a_number", "unit_price"),
    "price 1e308": (row(unit_price="1e308"), "price_not_a_number", "unit_price"),
    "29 February 2025": (row(placed_at="2025-02-29T10:00:00+09:00"), "time_no_such_day", "placed_at"),
    "d/m/y": (row(placed_at="01/03/2025 10:00"), "time_format", "placed_at"),
    "naive": (row(placed_at="2025-03-01T10:00:00"), "time_without_offset", "placed_at"),
    "24:30": (row(placed_at="2025-03-01T24:30:00+09:00"), "time_no_such_hour", "placed_at"),
    "leap second": (row(placed_at="2025-03-01T23:59:60+09:00"), "time_no_such_hour", "placed_at"),
    "1970": (row(placed_at="1970-01-01T00:00:00+09:00"), "time_year", "placed_at"),
    "2099": (row(placed_at="2099-01-01T00:00:00+09:00"), "time_year", "placed_at"),
    "Excel serial": (row(placed_at="45717.4167"), "time_format", "placed_at"),
    "epoch": (row(placed_at="1740790800"), "time_format", "placed_at"),
    "glued": (row(placed_at="2025-03-0110:00:00+09:00"), "time_format", "placed_at"),
    "short row": ("o9,2025-03-01T10:00:00+09:00,s1", "short_row", None),
    "long row": (row() + ",more", "long_row", None),
    "duplicate line": (GOOD[0], "duplicate_line", "order_id"),
    "total row": ("Total,,,,6,22400", "total_row", "order_id"),
    "Korean total row": ("합계,,,,6,22400", "total_row", "order_id"),
    "zero width": (row(sku="A\u200b1"), "hidden_character", "sku"),
    "bidi": (row(sku="A\u202e1"), "hidden_character", "sku"),
    "ANSI": (row(sku="\x1b[31mA"), "hidden_character", "sku"),
    "homoglyph": (row(sku="АA1"), "mixed_alphabets", "sku"),
    "two shoppers": ("o1,2025-03-01T10:00:00+09:00,s7,002,1,100", "order_conflict", "shopper_id"),
    "empty line": ("", "missing_value", "order_id"),
}


@pytest.mark.parametrize("case", ROW_FAULTS)
def test_a_bad_row_is_named_with_row_column_and_value(case: str, tmp_path: Path) -> None:
    bad, code, column = ROW_FAULTS[case]
    path = save(tmp_path, text([*GOOD[:2], bad, GOOD[2]]))
    with pytest.raises(OrderFileError) as caught:
        read_orders(path, ReadOptions(rejects=tmp_path / "rejects.csv"))
    error = caught.value
    found = {(p.code, p.row, p.column) for p in error.problems}
    assert (code, 4, column) in found
    assert error.exit_code == 2 and error.rows == 4
    assert all(p.allowed for p in error.problems)
    rejects = list(csv.DictReader((tmp_path / "rejects.csv").open(encoding="utf-8")))
    assert (code, "4") in {(r["code"], r["row"]) for r in rejects}


def test_bad_rows_are_left_out_only_when_asked_and_are_counted(tmp_path: Path) -> None:
    path = save(tmp_path, text([*GOOD, row(units="0"), row(units="x")]))
    with pytest.raises(OrderFileError):
        read_orders(path, ReadOptions(max_bad_rows=1))
    log = read_orders(path, ReadOptions(max_bad_rows=2, rejects=tmp_path / "rejects.csv"))
    account = dict(zip(log.quality["class"], log.quality["rows"], strict=True))
    assert account == {"sale": 3, "sale_anonymous": 0, "bad_row": 2} and log.rows == 5
    assert len((tmp_path / "rejects.csv").read_text().splitlines()) == 3


SEVERAL = "order_id,line_no,placed_at,store_id,channel,fulfilment,ready_at,collected_at,units,unit_price"
SEVERAL_FAULTS = {
    "collected before placed": ("o1,1,2025-03-01T10:00+09:00,S01,web,pickup,,2025-03-01T09:00+09:00,1,5", "time_order"),
    "ready after collected": (
        "o1,1,2025-03-01T10:00+09:00,S01,web,pickup,2025-03-01T12:00+09:00,2025-03-01T11:00+09:00,1,5", "time_order"),
    "pickup without store": ("o1,1,2025-03-01T10:00+09:00,,web,pickup,,,1,5", "pickup_without_store"),
    "unknown store": ("o1,1,2025-03-01T10:00+09:00,S99,web,pickup,,,1,5", "unknown_store"),
    "path as store": ("o1,1,2025-03-01T10:00+09:00,../S01,web,pickup,,,1,5", "not_a_place"),
    "unknown channel": ("o1,1,2025-03-01T10:00+09:00,S01,wbe,pickup,,,1,5", "unknown_channel"),
    "unknown service": ("o1,1,2025-03-01T10:00+09:00,S01,web,pikcup,,,1,5", "unknown_fulfilment"),
}  # fmt: skip


@pytest.mark.parametrize("case", SEVERAL_FAULTS)
def test_rules_over_several_columns(case: str, tmp_path: Path) -> None:
    bad, code = SEVERAL_FAULTS[case]
    path = save(tmp_path, f"{SEVERAL}\n{bad}\n")
    with pytest.raises(OrderFileError) as caught:
        read_orders(path, ReadOptions(stores=("S01", "S02")))
    assert code in caught.value.counts
    if code.startswith("unknown_"):
        assert caught.value.problems[0].nearest in {"S01", "S02", "web", "pickup", None}


def _xlsx() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


FIVE = "o1,2025-03-01T10:00:00+09:00,1,2,3"
FILE_FAULTS: dict[str, tuple[str | bytes, str]] = {
    "empty": (b"", "empty"),
    "blank": (b"\n\n  \n", "empty"),
    "header only": (HEAD + "\n", "header_only"),
    "missing column": (text(["o1,2025-03-01T10:00:00+09:00,1"], "order_id,placed_at,units"), "missing_column"),
    "misspelt column": (text(head=HEAD.replace("units", "untis")), "unknown_column"),
    "duplicate column": (text([FIVE], "order_id,placed_at,units,units,unit_price"), "duplicate_column"),
    "alias twice": (text([FIVE], "order_id,placed_at,units,수량,unit_price"), "duplicate_column"),
    "title above header": ("Orders of March\n\n" + text(), "title_above_header"),
    "NUL": (text().replace("o2", "o\0"), "nul"),
    "UTF-16 without mark": (text().encode("utf-16-le"), "nul"),
    "Latin-1": (text([row(sku="café £1")]).encode("latin-1"), "encoding"),
    "open quote": (text([GOOD[0], row(sku='"abc')]), "open_quote"),
    "web page": ("<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "html"),
    "workbook renamed": (_xlsx(), "workbook"),
    "JSON": ('[{"order_id": 1}]', "json"),
    "10 MB field": (text([row(sku="A" * 10_000_000)]), "long_line"),
    "50,000 columns": (",".join(f"c{i}" for i in range(50_000)) + "\n1\n", "too_many_columns"),
    "cut gzip": (gzip.compress(text().encode() * 50)[:-30], "truncated"),
    "cut Parquet": (b"PAR1" + b"\0" * 50, "broken_parquet"),
}


@pytest.mark.parametrize("case", FILE_FAULTS)
def test_a_file_that_is_no_order_file_is_refused_with_a_cure(case: str, tmp_path: Path) -> None:
    data, code = FILE_FAULTS[case]
    with pytest.raises(OrderFileError) as caught:
        read_orders(save(tmp_path, data))
    assert caught.value.problems[0].code == code
    assert caught.value.problems[0].allowed and "orders.csv" in str(caught.value)


def test_nearest_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(OrderFileError, match="nearest: 'units'"):
        read_orders(save(tmp_path, text(head=HEAD.replace("units", "untis"))))


KOREAN = "주문번호,주문일시,회원번호,상품코드,수량,단가"
READ_RIGHT: dict[str, str | bytes] = {
    "plain": text(),
    "byte order mark": b"\xef\xbb\xbf" + text().encode(),
    "UTF-16": text().encode("utf-16"),
    "CR only": text().replace("\n", "\r"),
    "CR LF": text().replace("\n", "\r\n"),
    "semicolons": text().replace(",", ";"),
    "tabs": text().replace(",", "\t"),
    "gzip": gzip.compress(text().encode()),
    "Korean header": text(head=KOREAN),
    "Korean header, decomposed": text(head=__import__("unicodedata").normalize("NFD", KOREAN)),
    "Korean header, CP949": text(head=KOREAN).encode("cp949"),
    "quoted": text(head=",".join(f'"{c}"' for c in HEAD.split(","))),
    "no line end": text().rstrip("\n"),
    "unsorted": text(GOOD[::-1]),
    "mixed offsets": text([GOOD[0].replace("10:00:00+09:00", "01:00:00Z"), *GOOD[1:]]),
}


@pytest.mark.parametrize("case", READ_RIGHT)
def test_what_can_be_read_is_read_right(case: str, tmp_path: Path) -> None:
    log = read_orders(save(tmp_path, READ_RIGHT[case]))
    orders = log.orders()
    assert orders["order_id"].tolist() == ["o1", "o2", "o3"]
    assert orders["value"].tolist() == [12000, 19800, 1500]
    assert orders["placed_utc"].tolist()[0] == 1740790800
    assert set(log.lines["sku"]) == {"001", "1E5", "NA"}
    assert log.quality["rows"].sum() == log.rows == 3


def test_columns_in_any_order_and_extra_columns(tmp_path: Path) -> None:
    names = HEAD.split(",")[::-1]
    rows = [",".join([*r.split(",")[::-1], "note"]) for r in GOOD]
    log = read_orders(save(tmp_path, text(rows, ",".join([*names, "memo"]))))
    assert log.orders()["value"].sum() == 33300
    assert any("memo" in note for note in log.notes)


def test_null_and_formula_stay_text_and_rejects_are_safe(tmp_path: Path) -> None:
    log = read_orders(save(tmp_path, text([row(sku="null"), row(order_id="o8", sku="=1+1")])))
    assert set(log.lines["sku"]) == {"null", "=1+1"}
    path = save(tmp_path, text([row(units='"=HYPERLINK(""http://x"")"')]))
    with pytest.raises(OrderFileError):
        read_orders(path, ReadOptions(rejects=tmp_path / "r.csv"))
    cells = list(csv.DictReader((tmp_path / "r.csv").open()))
    assert cells[0]["value"].startswith("'=")


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


def test_a_gzip_bomb_is_refused_within_the_budget(tmp_path: Path) -> None:
    bomb = gzip.compress((HEAD + "\n").encode() + b"a" * 80_000_000, 9)
    with pytest.raises(OrderFileError) as caught:
        read_orders(save(tmp_path, bomb))
    assert caught.value.problems[0].code in {"too_large", "long_line"}
    path = save(tmp_path, gzip.compress(text().encode() * 1000))
    with pytest.raises(OrderFileError) as caught:
        read_orders(path, ReadOptions(budget=Budget(text_bytes=10_000)))
    assert caught.value.problems[0].code == "too_large"


def test_a_parquet_bomb_is_refused_on_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table({"order_id": pa.array(np.zeros(3_000_000, np.int8))}), path)
    assert path.stat().st_size < 100_000
    with pytest.raises(OrderFileError) as caught:
        read_orders(path, ReadOptions(budget=Budget(rows=1_000_000)))
    assert caught.value.problems[0].code == "too_many_rows"


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
