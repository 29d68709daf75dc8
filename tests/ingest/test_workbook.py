"""Workbooks: numbers and dates as text, odd writers, limits, layouts other than the contract's."""

from __future__ import annotations

import importlib.util
import io
import random
import re
import struct
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from omosim.ingest import ReadOptions, read_log, read_orders
from omosim.ingest.cells import NumberText, column_of
from omosim.ingest.errors import OrderFileError
from omosim.ingest.text import Budget, load

_SPEC = importlib.util.spec_from_file_location("omosim_bad_files", Path(__file__).with_name("bad_files.py"))
assert _SPEC is not None and _SPEC.loader is not None
bad_files = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(bad_files)
book, cells, edited, SHEET = bad_files.book, bad_files.cells, bad_files.edited, bad_files.SHEET
SEOUL = ReadOptions(timezone="Asia/Seoul")
BOOK = "xl/workbook.xml"


def save(folder: Path, data: bytes, name: str = "orders.xlsx") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def code_of(path: Path, options: ReadOptions = SEOUL) -> str:
    with pytest.raises(OrderFileError) as caught:
        read_orders(path, options)
    return caught.value.problems[0].code


@pytest.mark.parametrize(
    ("raw", "shown"),
    [("12", "12"), ("12.0", "12"), ("9.9000000000000004", "9.9"), ("9.90000000001", "9.9"), ("1.2E+5", "120000"),
     ("1E-3", "0.001"), ("-0", "0"), ("-5", "-5"), ("0.1", "0.1"), ("1_000", "1_000"), ("３", "３"), ("nan", "nan"),
     ("007", "007"), ("123456789.123456", "123456789.123456")],
)  # fmt: skip
def test_numbers_are_plain_decimals_without_noise(raw: str, shown: str) -> None:
    assert NumberText([], False).text(raw, "") == (shown, "")


@pytest.mark.parametrize(
    ("raw", "kind", "shown"),
    [("45717.416666666664", "date", "2025-03-01T10:00:00"), ("45717.479245", "date", "2025-03-01T11:30:07"),
     ("45717", "date", "2025-03-01T00:00:00"), ("0.5", "date", "12:00:00"), ("1.5", "span", "1 day, 12:00:00"),
     ("-1", "date", "1899-12-29T00:00:00"), ("2999999", "date", "2999999.0")],
)  # fmt: skip
def test_dates_are_iso_text_without_offset(raw: str, kind: str, shown: str) -> None:
    assert NumberText([kind], False).text(raw, "0") == (shown, "turned_into_date")


def test_days_of_the_other_epoch_and_of_korean_excel_are_dates(tmp_path: Path) -> None:
    def other(made: openpyxl.Workbook) -> None:
        made.epoch = openpyxl.utils.datetime.MAC_EPOCH

    log = read_orders(save(tmp_path, book(cells(), other)), SEOUL)
    assert log.lines["placed_utc"].tolist() == bad_files.RIGHT["placed_utc"]
    by_number = edited(book(cells()), {"xl/styles.xml": lambda xml: re.sub(rb'numFmtId="(22|164)"', b'numFmtId="31"', xml)})
    log = read_orders(save(tmp_path, by_number), SEOUL)
    assert log.lines["placed_utc"].tolist() == bad_files.RIGHT["placed_utc"]


def _by_openpyxl(value: object) -> str:
    """What a cell that openpyxl reads is as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat()
    return str(Decimal(repr(value)).normalize() + 0) if isinstance(value, int | float) else str(value)


def test_cells_are_what_openpyxl_reads(tmp_path: Path) -> None:
    draw = random.Random(7)
    makers: tuple[Callable[[], object], ...] = (
        lambda: None, lambda: draw.randrange(-10, 10**9), lambda: round(draw.uniform(-1e4, 1e4), 3), lambda: draw.random() < 0.5,
        lambda: datetime(2025, 1, 1) + timedelta(seconds=draw.randrange(10**8)), lambda: draw.choice(["가방", "a<b&c", " x ", "1E5"]),
    )  # fmt: skip
    table = [[f"k{i}" for i in range(6)], *([draw.choice(makers)() for _ in range(6)] for _ in range(300))]
    for data in (book(table), bad_files.shared(book(table))):
        path = save(tmp_path, data)
        sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0]
        expected = [[_by_openpyxl(v) for v in row] for row in sheet.iter_rows(min_row=2, values_only=True)]
        raw = load(path, Budget())
        got = [list(row) for row in zip(*(c.to_pylist() for c in raw.columns.values()), strict=True)]
        plain = [[format(Decimal(t), "f") if _is_number(t) else t for t in row] for row in expected]
        assert raw.row.tolist() == list(range(2, 302)) and got == plain


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9.]+(E[+-]?[0-9]+)?", text) is not None and text != "1E5"


def test_letters_of_columns() -> None:
    assert [column_of(c) for c in ("A", "Z", "AA", "XFD")] == [0, 25, 26, 16_383]
    for wrong in ("a", "1", "ZZZZZZZZZZ"):
        with pytest.raises(ValueError):
            column_of(wrong)


def test_prefixes_missing_references_and_another_place_of_the_list_of_sheets(tmp_path: Path) -> None:
    def prefixed(xml: bytes) -> bytes:
        xml = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", xml).replace(b"xmlns=", b"xmlns:x=")
        return re.sub(rb'(<x:(?:c|row)) r="[A-Z0-9]+"', rb"\1", xml)

    log = read_orders(save(tmp_path, edited(book(cells()), {SHEET: prefixed})), SEOUL)
    assert log.lines["value"].tolist() == bad_files.RIGHT["value"] and log.lines["file_row"].tolist() == [2, 3, 4]
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(cells()))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "_rels/.rels":
                body = body.replace(b"workbook.xml", b"workbook2.xml")
            new.writestr(name.replace("workbook.xml", "workbook2.xml"), body)
    assert len(read_orders(save(tmp_path, out.getvalue()), SEOUL).lines) == 3


def test_a_sheet_that_holds_no_orders_may_stand_first(tmp_path: Path) -> None:
    def cover(made: openpyxl.Workbook) -> None:
        made.create_sheet("Cover", 0).append(["Orders of March"])

    log = read_orders(save(tmp_path, book(cells(), cover)), SEOUL)
    assert log.notes == ("sheet 'Sheet' is read; not read: 'Cover'",)


def test_a_gap_of_a_million_rows_is_one_fault(tmp_path: Path) -> None:
    far = edited(book(cells()), {SHEET: lambda xml: xml.replace(b'<row r="4"', b'<row r="1048576"')})
    with pytest.raises(OrderFileError) as caught:
        read_orders(save(tmp_path, far), SEOUL)
    assert caught.value.counts["missing_value"] == 4 and caught.value.problems[0].row == 4


def test_cells_that_are_not_read_may_be_odd(tmp_path: Path) -> None:
    table = cells()
    for line, extra in zip(table, ["memo", "#N/A", datetime(2025, 1, 1), "=A1"], strict=True):
        line.append(extra)
    assert len(read_orders(save(tmp_path, book(table)), SEOUL).lines) == 3


def _flagged(data: bytes, flag: int) -> bytes:
    """The same archive with a flag set on every part: 1 says encrypted, 32 patched."""
    out = bytearray(data)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = out.find(mark)
        while place >= 0:
            out[place + at] |= flag
            place = out.find(mark, place + 1)
    return bytes(out)


def _directory_of(size: int) -> bytes:
    data = bytearray(book(cells()))
    end = data.rfind(b"PK\x05\x06")
    data[end + 12 : end + 16] = struct.pack("<I", size)
    return bytes(data)


def _lying(data: bytes) -> bytes:
    """The same workbook whose directory says that its sheet is small."""
    out = bytearray(data)
    name = out.rfind(SHEET.encode())
    out[name - 46 + 24 : name - 46 + 28] = struct.pack("<I", 300)
    return bytes(out)


def _sheets(count: int) -> bytes:
    def more(xml: bytes) -> bytes:
        one = re.search(rb"<sheet [^>]*/>", xml)
        assert one is not None
        return xml.replace(one[0], one[0] * count)

    return edited(book(cells()), {BOOK: more})


def _rows(body: bytes) -> bytes:
    return edited(book(cells()), {SHEET: lambda _: b"<worksheet><sheetData>" + body})


HEADER = b'<row><c t="inlineStr"><is><t>order_id</t></is></c><c t="inlineStr"><is><t>units</t></is></c></row>'


def _twice() -> bytes:
    out = io.BytesIO(book(cells()))
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(SHEET, b"<worksheet/>")
    return out.getvalue()


def _binary() -> bytes:
    return edited(book(cells()), {"xl/workbook.bin": lambda _: b"x"})


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: _flagged(book(cells()), 1), "encrypted"),
        (lambda: _flagged(book(cells()), 32), "broken_workbook"),
        (lambda: _rows(b"<row><c r='1'/>"), "broken_workbook"),
        (lambda: edited(book(cells()), {BOOK: lambda _: b'<?xml version="1.0" encoding="x-no"?><a/>'}), "broken_workbook"),
        (_binary, "workbook"),
        (lambda: _directory_of(1 << 30), "too_large"),
        (lambda: _lying(book(cells())), "broken_workbook"),
        (lambda: _sheets(2_000), "too_large"),
        (lambda: _rows(b"<row>" + b"<c/>" * 20_000), "broken_workbook"),
        (lambda: _rows(HEADER + b"<row/>" * 1_100_000), "broken_workbook"),
        (lambda: _rows(b"<x/>" * 2_100_000), "too_large"),
        (lambda: _rows(b'<row r="5"/><row r="4"/>'), "broken_workbook"),
        (lambda: _rows(b'<row><c t="s"><v>99</v></c></row>'), "broken_workbook"),
        (lambda: _rows(b'<row><c t="s"><v>-1</v></c></row>'), "broken_workbook"),
        (_twice, "broken_workbook"),
    ],
)
def test_what_no_workbook_holds_is_refused(make, code: str, tmp_path: Path) -> None:
    assert code_of(save(tmp_path, make())) == code


def test_more_rows_than_the_budget(tmp_path: Path) -> None:
    assert code_of(save(tmp_path, book(cells())), ReadOptions(timezone="Asia/Seoul", budget=Budget(rows=2))) == "too_many_rows"


def _line(*texts: str) -> bytes:
    return b"<row>" + b"".join(b'<c t="str"><v>%s</v></c>' % t.encode() for t in texts) + b"</row>"


@pytest.mark.parametrize(("cells_of", "code"), [(6, "duplicate_line"), (7, "long_row")])
def test_a_long_sheet_of_bad_rows_is_refused_by_its_first_rows(cells_of: int, code: str, tmp_path: Path) -> None:
    """Below 16 MB of XML no ratio is asked."""
    line = _line(*[*bad_files.GOOD[0].split(","), "x"][:cells_of])
    path = save(tmp_path, _rows(_line(*bad_files.HEAD.split(",")) + line * 66_000))
    with pytest.raises(OrderFileError, match="rows looked at, the rest is not read") as caught:
        read_orders(path, SEOUL)
    assert set(caught.value.counts) == {code} and caught.value.rows == 65_536


def test_a_sheet_of_empty_cells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omosim.ingest.cells._EMPTY", 5_000)
    head = _line(*bad_files.HEAD.split(","))
    assert code_of(save(tmp_path, _rows(head + (b"<row>" + b"<c/>" * 6 + b"</row>") * 1_000))) == "too_large"
    line = _line(*bad_files.GOOD[0].split(","))
    end = b"</sheetData></worksheet>"
    few = _rows(head + line + (b"<row>" + b"<c/>" * 6 + b"</row>") * 800 + end)
    assert len(read_orders(save(tmp_path, few), SEOUL).lines) == 1


UCI = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def test_a_workbook_in_the_layout_of_uci_is_found_and_read(tmp_path: Path) -> None:
    table: list[list] = [UCI.split(",")]
    table.append([536365, "85123A", "HOLDER", 6, datetime(2010, 12, 1, 8, 26), 2.55, 17850, "United Kingdom"])
    table.append(["C536366", "85123A", "HOLDER", -6, datetime(2010, 12, 2, 8, 26), 2.55, 17850, "United Kingdom"])
    log = read_log(save(tmp_path, book(table)), "auto")
    assert log.adapter == "uci_online_retail" and log.lines["value"].tolist() == [1530]
    assert log.cancelled["lag_s"].tolist() == [86400]
    table[1][1] = datetime(2010, 1, 1)
    with pytest.raises(OrderFileError, match="turned_into_date"):
        read_log(save(tmp_path, book(table)), "auto")


def test_a_failed_formula_in_a_thin_layout_is_a_fault(tmp_path: Path) -> None:
    head = "TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,ASSET,SALES_PRICE"
    table = [head.split(","), ["11/1/2000", "01104905", "#N/A", "115", "110411", "4710199010372", 2, 24, 30]]
    assert read_log(save(tmp_path, book(table)), "auto").lines["value"].tolist() == [3000]
    table[1][5] = "#N/A"
    with pytest.raises(OrderFileError, match="error_value"):
        read_log(save(tmp_path, book(table)), "auto")
