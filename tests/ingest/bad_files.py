"""Dirty order files by name: each must be refused with its place, or read right.

`python tests/ingest/bad_files.py DIR` writes them all, with a list of what to expect, for trying any reader by hand.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

HEAD = "order_id,placed_at,shopper_id,sku,units,unit_price"
GOOD = [
    "o1,2025-03-01T10:00:00+09:00,s1,001,1,12000",
    "o2,2025-03-01T11:30:00+09:00,s2,1E5,2,9900",
    "o3,2025-03-02T09:05:00+09:00,s1,NA,3,500",
]
KOREAN = "주문번호,주문일시,회원번호,상품코드,수량,단가"
SEOUL = {"timezone": "Asia/Seoul"}
RIGHT: dict[str, list[Any]] = {  # what GOOD reads as
    "order_id": ["o1", "o2", "o3"],
    "sku": ["001", "1E5", "NA"],
    "value": [12000, 19800, 1500],
    "placed_utc": [1740790800, 1740796200, 1740873900],
}


NOTHING: dict[str, Any] = {}


class Case(NamedTuple):
    """One file: refused with `code` at `row` and `column`, or read as `reads` when there is no code."""

    name: str
    file: str
    make: Callable[[], bytes]
    code: str = ""
    row: int | None = None
    column: str | None = None
    options: dict[str, Any] = NOTHING
    reads: dict[str, list[Any]] = RIGHT
    near: str | None = None
    note: str = ""

    def write(self, folder: Path) -> Path:
        """The file, in a folder of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.file
        path.write_bytes(self.make())
        return path


def text(rows: list[str] | None = None, head: str = HEAD) -> str:
    return "\n".join([head, *(GOOD if rows is None else rows)]) + "\n"


def row(**change: str) -> str:
    cells = dict(zip(HEAD.split(","), GOOD[0].split(","), strict=True)) | {"order_id": "o9"} | change
    return ",".join(cells.values())


def book(rows: list[list[Any]], change: Callable[[Any], None] | None = None) -> bytes:
    """A workbook of one sheet."""
    made = openpyxl.Workbook()
    for cells in rows:
        made.active.append(cells)
    if change is not None:
        change(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def cells(**change: Any) -> list[list[Any]]:
    """GOOD as rows of a workbook, with dates as Excel holds them; `change` is about row 4."""
    table: list[list[Any]] = [HEAD.split(",")]
    for line in GOOD:
        order, when, who, sku, units, price = line.split(",")
        table.append([order, datetime.fromisoformat(when).replace(tzinfo=None), who, sku, int(units), int(price)])
    for name, value in change.items():
        table[3][table[0].index(name)] = value
    return table


def edited(data: bytes, parts: dict[str, Callable[[bytes], bytes]]) -> bytes:
    """A workbook with parts of it written anew; a part that is not there begins empty."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in [*old.namelist(), *(p for p in parts if p not in old.namelist())]:
            body = old.read(name) if name in old.namelist() else b""
            new.writestr(name, parts[name](body) if name in parts else body)
    return out.getvalue()


SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def shared(data: bytes) -> bytes:
    """The same workbook with its texts in a list that cells refer to by number, as Excel itself writes them."""
    texts: list[bytes] = []

    def refer(found: re.Match[bytes]) -> bytes:
        texts.append(found[1])
        return b't="s"><v>%d</v>' % (len(texts) - 1)

    def sheet(xml: bytes) -> bytes:
        return re.sub(rb't="inlineStr"><is><t[^>]*>([^<]*)</t></is>', refer, xml)

    def listed(_: bytes) -> bytes:
        """Half of a text in another font, and a hint at its pronunciation, which is no text."""
        keep = b'<t xml:space="preserve">%s</t>'
        halves = [(t[:1], t[1:]) if t[:1].isalnum() else (b"", t) for t in texts]
        items = (b'<si><r>%s</r><r><rPr><b/></rPr>%s</r><rPh sb="0" eb="1"><t>hint</t></rPh></si>' % (keep % a, keep % b) for a, b in halves)
        return b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' + b"".join(items) + b"</sst>"

    def related(xml: bytes) -> bytes:
        kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
        return xml.replace(b"</Relationships>", b'<Relationship Id="x" Type="%s" Target="sharedStrings.xml"/></Relationships>' % kind)

    def declared(xml: bytes) -> bytes:
        kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        return xml.replace(b"</Types>", b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind)

    parts = {SHEET: sheet, TEXTS: listed, "xl/_rels/workbook.xml.rels": related, "[Content_Types].xml": declared}
    return edited(data, parts)


def with_sheet(change: Callable[[bytes], bytes]) -> Callable[[], bytes]:
    return lambda: edited(book(cells()), {SHEET: change})


def parquet(columns: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def archive(**parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in parts.items():
            made.writestr(name.replace("__", "/").replace("_", "."), body)
    return out.getvalue()


def _bytes(data: str | bytes) -> Callable[[], bytes]:
    return lambda: data.encode() if isinstance(data, str) else data


# ---- one bad row among good ones ---------------------------------------------------------------------------
def _row_cases() -> list[Case]:
    faults = {
        "units negative": (row(units="-1"), "units_negative", "units"),
        "return without sale": (row(units="-2", sku="never_sold"), "units_negative", "units"),
        "units zero": (row(units="0"), "units_zero", "units"),
        "units 1.5": (row(units="1.5"), "units_not_a_number", "units"),
        "units 1,000": (row(units='"1,000"'), "units_not_a_number", "units"),
        "units full width": (row(units="３"), "units_not_a_number", "units"),
        "units 1e3": (row(units="1e3"), "units_not_a_number", "units"),
        "units NaN": (row(units="NaN"), "units_not_a_number", "units"),
        "units 2^63": (row(units=str(2**63)), "units_not_a_number", "units"),
        "units 10^8": (row(units="100000000"), "units_too_large", "units"),
        "units TRUE": (row(units="TRUE"), "units_not_a_number", "units"),
        "units empty": (row(units=""), "missing_value", "units"),
        "units formula": (row(units='"=HYPERLINK(""http://x"")"'), "units_not_a_number", "units"),
        "units rich markup": (row(units="[red]3[/red]"), "units_not_a_number", "units"),
        "units mathtext": (row(units=r"$\frac{1}{0}$"), "units_not_a_number", "units"),
        "price won sign": (row(unit_price='"₩12,000"'), "price_not_a_number", "unit_price"),
        "price negative": (row(unit_price="-5"), "price_negative", "unit_price"),
        "price inf": (row(unit_price="inf"), "price_not_a_number", "unit_price"),
        "price 1e308": (row(unit_price="1e308"), "price_not_a_number", "unit_price"),
        "price 10^12": (row(unit_price="1000000000000"), "price_too_large", "unit_price"),
        "29 February 2025": (row(placed_at="2025-02-29T10:00:00+09:00"), "time_no_such_day", "placed_at"),
        "d/m/y": (row(placed_at="01/03/2025 10:00"), "time_format", "placed_at"),
        "y.m.d among others": (row(placed_at="2025.03.01 10:00"), "time_format", "placed_at"),
        "Korean afternoon": (row(placed_at="2025-03-01 오후 2:05"), "time_format", "placed_at"),
        "naive time": (row(placed_at="2025-03-01T10:00:00"), "time_without_offset", "placed_at"),
        "24:30": (row(placed_at="2025-03-01T24:30:00+09:00"), "time_no_such_hour", "placed_at"),
        "leap second": (row(placed_at="2025-03-01T23:59:60+09:00"), "time_no_such_hour", "placed_at"),
        "offset of 15 hours": (row(placed_at="2025-03-01T10:00:00+15:00"), "time_offset", "placed_at"),
        "1970": (row(placed_at="1970-01-01T00:00:00+09:00"), "time_year", "placed_at"),
        "2099": (row(placed_at="2099-01-01T00:00:00+09:00"), "time_year", "placed_at"),
        "Excel serial": (row(placed_at="45717.4167"), "time_format", "placed_at"),
        "epoch seconds": (row(placed_at="1740790800"), "time_format", "placed_at"),
        "glued date": (row(placed_at="2025-03-0110:00:00+09:00"), "time_format", "placed_at"),
        "short row": ("o9,2025-03-01T10:00:00+09:00,s1", "short_row", None),
        "long row": (row() + ",more", "long_row", None),
        "duplicate line": (GOOD[0], "duplicate_line", "order_id"),
        "total row": ("Total,,,,6,22400", "total_row", "order_id"),
        "Korean total row": ("합계,,,,6,22400", "total_row", "order_id"),
        "zero width": (row(sku="A\u200b1"), "hidden_character", "sku"),
        "bidi": (row(sku="A\u202e1"), "hidden_character", "sku"),
        "ANSI escape": (row(sku="\x1b[31mA"), "hidden_character", "sku"),
        "homoglyph": (row(sku="\u0410A1"), "mixed_alphabets", "sku"),
        "long code": (row(sku="A" * 121), "value_too_long", "sku"),
        "two shoppers": ("o1,2025-03-01T10:00:00+09:00,s7,002,1,100", "order_conflict", "shopper_id"),
        "empty line": ("", "missing_value", "order_id"),
    }
    return [
        Case(name, "orders.csv", _bytes(text([*GOOD[:2], bad, GOOD[2]])), code, 4, column)
        for name, (bad, code, column) in faults.items()
    ]


SEVERAL = "order_id,line_no,placed_at,store_id,channel,fulfilment,ready_at,collected_at,units,unit_price"


def _several_cases() -> list[Case]:
    """Rules over several columns; stores S01 and S02 are known."""
    at = "2025-03-01T"
    faults = {
        "collected before placed": (f"o1,1,{at}10:00+09:00,S01,web,pickup,,{at}09:00+09:00,1,5", "time_order", "collected_at", None),
        "ready after collected": (
            f"o1,1,{at}10:00+09:00,S01,web,pickup,{at}12:00+09:00,{at}11:00+09:00,1,5", "time_order", "collected_at", None),
        "pickup without store": (f"o1,1,{at}10:00+09:00,,web,pickup,,,1,5", "pickup_without_store", "store_id", None),
        "unknown store": (f"o1,1,{at}10:00+09:00,S99,web,pickup,,,1,5", "unknown_store", "store_id", None),
        "misspelt store": (f"o1,1,{at}10:00+09:00,SO1,web,pickup,,,1,5", "unknown_store", "store_id", "S01"),
        "path as store": (f"o1,1,{at}10:00+09:00,../S01,web,pickup,,,1,5", "not_a_place", "store_id", None),
        "unknown channel": (f"o1,1,{at}10:00+09:00,S01,wbe,pickup,,,1,5", "unknown_channel", "channel", "web"),
        "unknown service": (f"o1,1,{at}10:00+09:00,S01,web,pikcup,,,1,5", "unknown_fulfilment", "fulfilment", "pickup"),
    }  # fmt: skip
    return [
        Case(name, "orders.csv", _bytes(f"{SEVERAL}\n{bad}\n"), code, 2, column, {"stores": ("S01", "S02")}, near=near)
        for name, (bad, code, column, near) in faults.items()
    ]


# ---- files that are refused as a whole ---------------------------------------------------------------------
def _file_cases() -> list[Case]:
    five = "o1,2025-03-01T10:00:00+09:00,1,2,3"
    page = "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"
    faults: dict[str, tuple[str, str | bytes, str, int | None, str | None]] = {
        "empty": ("orders.csv", b"", "empty", None, None),
        "blank": ("orders.csv", b"\n\n  \n", "empty", None, None),
        "header only": ("orders.csv", HEAD + "\n", "header_only", 1, None),
        "one line of prose": ("orders.csv", "Internal Server Error\n", "no_header", 1, None),
        "missing column": ("orders.csv", text([five[:-2]], "order_id,placed_at,units,x"), "missing_column", 1, "unit_price"),
        "duplicate column": ("orders.csv", text([five], "order_id,placed_at,units,units,unit_price"), "duplicate_column", 1, "units"),
        "alias twice": ("orders.csv", text([five], "order_id,placed_at,units,수량,unit_price"), "duplicate_column", 1, "수량"),
        "title above header": ("orders.csv", "Orders of March\n\n" + text(), "title_above_header", 1, None),
        "NUL": ("orders.csv", text().replace("o2", "o\0"), "nul", 3, None),
        "UTF-16 without mark": ("orders.csv", text().encode("utf-16-le"), "nul", 1, None),
        "Latin-1": ("orders.csv", text([row(sku="café £1")]).encode("latin-1"), "encoding", 2, None),
        "open quote": ("orders.csv", text([GOOD[0], row(sku='"abc')]), "open_quote", 3, None),
        "web page": ("orders.csv", page, "html", None, None),
        "JSON": ("orders.csv", '[{"order_id": 1}]', "json", None, None),
        "PDF": ("orders.csv", b"%PDF-1.7\n", "not_orders", None, None),
        "old workbook": ("orders.xls", b"\xd0\xcf\x11\xe0" + bytes(600), "workbook", None, None),
        "encrypted workbook": (
            "orders.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "encrypted", None, None),
        "zip archive": ("orders.xlsx", archive(orders_csv=text()), "not_orders", None, None),
        "OpenDocument": ("orders.ods", archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "workbook", None, None),
        "workbook inside gzip": ("orders.csv.gz", gzip.compress(archive(xl__workbook_xml="<workbook/>")), "workbook", None, None),
        "table named xls": ("orders.xls", "<table><tr><td>주문번호</td></tr></table>", "html", None, None),
        "web page named xlsx": ("orders.xlsx", page, "html", None, None),
        "prose named xlsx": ("orders.xlsx", "not a workbook\n", "wrong_kind", None, None),
        "prose named parquet": ("orders.parquet", "not a table\nat all\n", "wrong_kind", None, None),
        "bytes named parquet": ("orders.parquet", bytes(range(256)), "wrong_kind", None, None),
        "cut gzip": ("orders.csv.gz", gzip.compress(text().encode() * 50)[:-30], "truncated", None, None),
        "broken gzip": ("orders.csv.gz", b"\x1f\x8b\x08\x00" + b"x" * 50, "broken_gzip", None, None),
        "cut Parquet": ("orders.parquet", b"PAR1" + b"\0" * 50, "broken_parquet", None, None),
        "truncated tail": ("orders.csv", text()[:-30], "short_row", 4, None),
        "50,000 columns": ("orders.csv", ",".join(f"c{i}" for i in range(50_000)) + "\n1\n", "too_many_columns", 1, None),
    }  # fmt: skip
    made = [Case(name, file, _bytes(data), code, at, column) for name, (file, data, code, at, column) in faults.items()]
    misspelt = text(head=HEAD.replace("units", "untis"))
    made.append(Case("misspelt column", "orders.csv", _bytes(misspelt), "unknown_column", 1, "untis", near="units"))
    made.append(Case("misspelt Korean column", "orders.csv", _bytes(text(head=KOREAN.replace("수량", "판매수랑"))),
                     "unknown_column", 1, "판매수랑", near="판매수량"))  # fmt: skip
    made.append(Case("10 MB field", "orders.csv", lambda: text([row(sku="A" * 10_000_000)]).encode(), "long_line", 2))
    made.append(Case("gzip bomb", "orders.csv.gz",
                     lambda: gzip.compress((HEAD + "\n").encode() + b"a" * 80_000_000, 9), "too_large"))  # fmt: skip
    zeros = {"order_id": np.zeros(21_000_000, np.int8)}
    no_text = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(np.array([0, 2], np.int32)), pa.py_buffer(b"o\x8b")])
    made.append(Case("Parquet of bytes that are no text", "orders.parquet", lambda: parquet({"order_id": no_text}), "broken_parquet"))
    made.append(Case("Parquet bomb", "orders.parquet", lambda: parquet(zeros), "too_many_rows"))
    return made


# ---- workbooks ---------------------------------------------------------------------------------------------
def _two(made: Any) -> None:
    again = made.create_sheet("April")
    for line in cells():
        again.append(line)


def _formula(made: Any) -> None:
    made.active["E4"] = "=1+2"


def _merge(made: Any) -> None:
    made.active.merge_cells("C3:C4")


def _shown_as(cell: str, code: str) -> Callable[[Any], None]:
    def change(made: Any) -> None:
        made.active[cell].number_format = code

    return change


def _bomb(name: str, megabytes: int) -> Callable[[], bytes]:
    """A workbook in which one part is blanks; written piece by piece."""
    def make() -> bytes:
        out = io.BytesIO(edited(shared(book(cells())), {name: lambda _: b""}))
        with zipfile.ZipFile(out) as old, zipfile.ZipFile(made := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as new:
            for part in old.namelist():
                with new.open(part, "w") as stream:
                    for _ in range(megabytes if part == name else 0):
                        stream.write(b" " * 1_000_000)
                    stream.write(old.read(part))
        return made.getvalue()

    return make


def _number(cell: str, raw: bytes) -> Callable[[], bytes]:
    """The value of one cell as it stands in the XML."""
    find = re.compile(rb'(<c r="' + cell.encode() + rb'"[^>]*><v>)[^<]*')
    return with_sheet(lambda xml: find.sub(rb"\g<1>" + raw, xml))


def _workbook_cases() -> list[Case]:
    rows: list[tuple[str, Callable[[], bytes], str, str]] = [
        ("xlsx date without offset", lambda: book(cells()), "time_without_offset", "placed_at"),
        ("xlsx Excel serial", lambda: book(cells(placed_at=45717.41666)), "time_format", "placed_at"),
        ("xlsx boolean units", lambda: book(cells(units=True)), "units_not_a_number", "units"),
        ("xlsx half a unit", lambda: book(cells(units=1.5)), "units_not_a_number", "units"),
        ("xlsx date as units", lambda: book(cells(units=datetime(1900, 1, 3))), "units_not_a_number", "units"),
        ("xlsx code taken for a date", lambda: book(cells(sku=datetime(2025, 1, 2))), "turned_into_date", "sku"),
        ("xlsx code taken for a number", lambda: book(cells(sku=100000), _shown_as("D4", "0.00E+00")), "turned_into_number", "sku"),
        ("xlsx 17 digits", lambda: book(cells(order_id=20250301123456789)), "digits_lost", "order_id"),
        ("xlsx formula without value", lambda: book(cells(), _formula), "formula_without_value", "units"),
        ("xlsx error value", lambda: book(cells(sku="#N/A")), "error_value", "sku"),
        ("xlsx total row", lambda: book([*cells()[:3], ["합계", None, None, None, 3, 31800]]), "total_row", "order_id"),
        ("xlsx empty row", lambda: book([*cells()[:3], [], cells()[3]]), "missing_value", "order_id"),
        ("xlsx long row", lambda: book([*cells()[:3], [*cells()[3], "more"]]), "long_row", None),
    ]  # fmt: skip
    made = []
    for name, make, code, column in rows:
        zone = {} if code == "time_without_offset" else SEOUL
        made.append(Case(name, "orders.xlsx", make, code, 2 if not zone else 4, column, zone))
    made.append(Case("xlsx merged cells", "orders.xlsx", lambda: book(cells(), _merge), "merged_cell", 3, "shopper_id", SEOUL))
    whole: list[tuple[str, Callable[[], bytes], str, int | None]] = [
        ("xlsx title above header", lambda: book([["March"], [], *cells()]), "title_above_header", 1),
        ("xlsx two sheets of orders", lambda: book(cells(), _two), "several_sheets", None),
        ("xlsx empty", lambda: book([]), "empty", None),
        ("xlsx header only", lambda: book(cells()[:1]), "header_only", 1),
        ("xlsx 300 columns", lambda: book([[f"c{i}" for i in range(300)], [1]]), "too_many_columns", 1),
        ("xlsx truncated", lambda: book(cells())[:-400], "broken_workbook", None),
        ("xlsx damaged XML", with_sheet(lambda xml: xml[:-60]), "broken_workbook", None),
        ("xlsx without sheets", lambda: edited(book(cells()), {"xl/workbook.xml": lambda _: b"<workbook/>"}), "broken_workbook", None),
        ("xlsx bomb", _bomb(SHEET, 400), "too_large", None),
        ("xlsx bomb of texts", _bomb(TEXTS, 200), "too_large", None),
        ("xlsx oversized part", _bomb("xl/styles.xml", 9), "too_large", None),
        ("xlsx entities", with_sheet(lambda xml: b'<!DOCTYPE a [<!ENTITY b "c">]>' + xml), "unsafe_workbook", None),
        ("xlsx deep XML", with_sheet(lambda _: b"<a>" * 200_000), "too_large", None),
        ("xlsx giant attribute", with_sheet(lambda xml: xml.replace(b'r="A2"', b'r="' + b"A" * 9_000_000 + b'"')), "too_large", None),
        ("xlsx giant cell", lambda: edited(shared(book(cells())), {TEXTS: lambda x: x.replace(b">2<", b">" + b"2" * 5_000_000 + b"<")}), "long_line", None),
    ]  # fmt: skip
    return made + [Case(name, "orders.xlsx", make, code, at, None, SEOUL) for name, make, code, at in whole]


# ---- what is read right ------------------------------------------------------------------------------------
def _notes_sheet(made: Any) -> None:
    made.create_sheet("Codes").append(["S01", "Gangnam"])


def _hidden_sheet(made: Any) -> None:
    _two(made)
    made["April"].sheet_state = "hidden"


def _korean_export() -> Case:
    """All columns in another order, in CP949, with the words and the weaker names of a shop's export."""
    head = "수량,단가(원),주문 번호,주문순번,주문일시,결제일시,고객번호,채널,매장코드,매장명,상품코드,대분류,수령방법,약속시각,준비완료,수령시각,반품일시,주문상태"
    lines = [
        "2,9900,A-1,1,2025-03-01 10:00:00,2025-03-01 10:01:00,C1,모바일,S01,강남점,001,스킨케어,매장 픽업,"
        "2025-03-01 13:00:00,2025-03-01 12:10:00,2025-03-01 18:30:00,,구매확정",
        "1,12000,A-2,1,2025-03-01 11:00:00,2025-03-01 11:00:00,C2,온라인,,,002,메이크업,택배,,,,2025-03-05 09:00:00,반품완료",
    ]
    reads: dict[str, list[Any]] = {
        "order_id": ["A-1", "A-2"], "shopper_id": ["C1", "C2"], "channel": ["web", "web"], "store_id": ["S01", None],
        "sku": ["001", "002"], "category": ["스킨케어", "메이크업"], "fulfilment": ["pickup", "ship"],
        "status": ["completed", "returned"], "units": [2, 1], "value": [19800, 12000],
        "placed_utc": [1740790800, 1740794400], "promised_utc": [1740801600, -1], "ready_utc": [1740798600, -1],
        "collected_utc": [1740821400, -1], "returned_utc": [-1, 1741132800],
    }  # fmt: skip
    data = text(lines, head).encode("cp949")
    return Case("Korean export, all columns", "orders.csv", _bytes(data), options=SEOUL, reads=reads, note="'매장명' are not read")


def _read_cases() -> list[Case]:
    swapped = [",".join([*r.split(",")[::-1], "note"]) for r in GOOD]
    utc = GOOD[0].replace("10:00:00+09:00", "01:00:00Z")
    files: dict[str, tuple[str, str | bytes]] = {
        "plain": ("orders.csv", text()),
        "permuted and extra columns": ("orders.csv", text(swapped, ",".join([*HEAD.split(",")[::-1], "memo"]))),
        "byte order mark": ("orders.csv", b"\xef\xbb\xbf" + text().encode()),
        "UTF-16": ("orders.csv", text().encode("utf-16")),
        "CR only": ("orders.csv", text().replace("\n", "\r")),
        "CR LF": ("orders.csv", text().replace("\n", "\r\n")),
        "semicolons": ("orders.csv", text().replace(",", ";")),
        "tabs": ("orders.tsv", text().replace(",", "\t")),
        "gzip": ("orders.csv.gz", gzip.compress(text().encode())),
        "gzip named csv": ("orders.csv", gzip.compress(text().encode())),
        "Korean header": ("orders.csv", text(head=KOREAN)),
        "Korean header, decomposed": ("orders.csv", text(head=unicodedata.normalize("NFD", KOREAN))),
        "Korean header, CP949": ("orders.csv", text(head=KOREAN).encode("cp949")),
        "Korean header, blanks and units": ("orders.csv", text(head="주문 번호,주문 일시,고객 번호,상품 코드,수량(개),단가(원)")),
        "quoted": ("orders.csv", text(head=",".join(f'"{c}"' for c in HEAD.split(",")))),
        "no line end": ("orders.csv", text().rstrip("\n")),
        "mixed offsets": ("orders.csv", text([utc, *GOOD[1:]])),
        "CSV named xlsx": ("orders.xlsx", text()),
        "CSV named parquet": ("orders.parquet", text()),
    }
    whole = {"no line end": "is the file whole?"}
    made = [Case(name, file, _bytes(data), note=whole.get(name, "")) for name, (file, data) in files.items()]
    made.append(_korean_export())
    made.append(Case("unsorted", "orders.csv", _bytes(text(GOOD[::-1])), reads={k: v[::-1] for k, v in RIGHT.items()}))
    odd = ["null", "=1+1", "=HYPERLINK(http)", "<b>x</b>", "[red]x[/red]", r"$\frac$", "001", "1E5"]
    rows = [row(order_id=f"o{i}", sku=f'"{sku}"') for i, sku in enumerate(odd)]
    made.append(Case("codes that look like something else", "orders.csv", _bytes(text(rows)), reads={"sku": odd}))
    hangul = text([row(sku=unicodedata.normalize("NFD", "가방"))])
    made.append(Case("decomposed Hangul", "orders.csv", _bytes(hangul), reads={"sku": ["가방"]}))
    padded = book(cells(sku=7), _shown_as("D4", "00000"))
    parts = {"xl/vbaProject.bin": lambda _: b"\xd0\xcf\x11\xe0"}
    korean = book([["주문 번호", "주문일시", "고객번호", "상품코드", "수량", "단가"], *cells()[1:]])
    when = pa.array(RIGHT["placed_utc"], pa.timestamp("s", tz="Asia/Seoul"))
    typed = {"order_id": RIGHT["order_id"], "placed_at": when, "units": [1, 2, 3], "unit_price": [12000.0, 9900.0, 500.0]}
    typed["sku"] = RIGHT["sku"]
    xlsx: list[tuple[str, str, bytes, str]] = [
        ("xlsx", "orders.xlsx", book(cells()), ""),
        ("xlsx as Excel lists texts", "orders.xlsx", shared(book(cells())), ""),
        ("xlsx with Korean header", "orders.xlsx", korean, ""),
        ("xlsx named csv", "orders.csv", book(cells()), "named .csv, read as xlsx"),
        ("xlsx with notes beside", "orders.xlsx", book(cells(), _notes_sheet), "not read: 'Codes'"),
        ("xlsx with a hidden sheet", "orders.xlsx", book(cells(), _hidden_sheet), "not read: 'April'"),
        ("xlsx with macros", "orders.xlsm", edited(book(cells()), parts), "macros; they are not run"),
        ("Parquet named csv", "orders.csv", parquet(typed), "named .csv, read as Parquet"),
    ]
    made += [Case(name, file, _bytes(data), options=SEOUL, note=note) for name, file, data, note in xlsx]
    made.append(Case("xlsx number noise", "orders.xlsx", _number("F4", b"500.00000000000006"), options=SEOUL))
    made.append(Case("xlsx 3.0", "orders.xlsx", _number("E4", b"3.0"), options=SEOUL))
    wrong = with_sheet(lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', xml))
    made.append(Case("xlsx with a wrong dimension", "orders.xlsx", wrong, options=SEOUL))
    zeros = {**RIGHT, "sku": ["001", "1E5", "00007"]}
    made.append(Case("xlsx with zeros in front", "orders.xlsx", _bytes(padded), options=SEOUL, reads=zeros))
    formula = with_sheet(lambda xml: xml.replace(b'<c r="E4" t="n"><v>3</v>', b'<c r="E4"><f>1+2</f><v>3</v>'))
    made.append(Case("xlsx formula with a value", "orders.xlsx", formula, options=SEOUL, note="1 cells hold formulas"))
    return made


CASES = [*_row_cases(), *_several_cases(), *_file_cases(), *_workbook_cases(), *_read_cases()]


def main(folder: Path) -> None:
    """Write every case into a folder of its own, and `cases.csv` with what to expect."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "cases.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["folder", "file", "case", "code", "row", "column"])
        for number, case in enumerate(CASES, 1):
            place = f"{number:03d}_" + re.sub(r"[^a-z0-9]+", "_", case.name.casefold()).strip("_")
            case.write(folder / place)
            out.writerow([place, case.file, case.name, case.code or "read", case.row or "", case.column or ""])
    print(f"{len(CASES)} files in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("bad_files"))
