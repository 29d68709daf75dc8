"""Tables for spreadsheets in which no cell is ever a formula."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omosim.results import write_bytes
from omosim.results.words import safe_text

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
_XLSX_ROWS = 1_048_575


def safe_cell(value: Any) -> Any:
    """A text that a spreadsheet could take for a formula gets a quote in front; numbers stay numbers."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = str(value)
    hidden = text.lstrip(" \u00a0\ufeff\u200b")
    return f"'{_visible(text)}" if hidden.startswith(_STARTS) else _visible(text)


def _visible(text: str) -> str:
    """Control characters as codes; line ends and tabs inside a cell are kept."""
    return "".join(c if c in "\n\t" else safe_text(c) for c in text.replace("\r\n", "\n").replace("\r", "\n"))


def csv_text(columns: Mapping[str, Sequence[Any]]) -> str:
    """RFC 4180 text; nulls are empty, floats as short as they are exact."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in columns])
    for row in zip(*columns.values(), strict=True):
        writer.writerow(["" if v is None else safe_cell(v) for v in row])
    return out.getvalue()


def write_csv(path: str | os.PathLike[str], columns: Mapping[str, Sequence[Any]]) -> Path:
    """Write `csv_text` with a byte order mark, so that spreadsheets read Korean right; atomically."""
    return write_bytes(path, csv_text(columns).encode("utf-8-sig", errors="backslashreplace"))


def write_xlsx(path: str | os.PathLike[str], sheets: Mapping[str, Mapping[str, Sequence[Any]]]) -> Path:
    """Write sheets (name -> columns) as xlsx with every text stored as text.

    Raises ValueError when a table is longer than a sheet.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    for i, (name, columns) in enumerate(sheets.items()):
        length = max((len(c) for c in columns.values()), default=0)
        if length > _XLSX_ROWS:
            raise ValueError(
                f"{name}: {length:,} rows do not fit into a sheet of {_XLSX_ROWS:,}; export csv or Parquet"
            )
        sheet = book.create_sheet(_sheet_name(name, i))
        for row in (tuple(columns), *zip(*columns.values(), strict=True)):
            cells = []
            for value in row:
                made = WriteOnlyCell(sheet, value=safe_cell(value))
                if isinstance(made.value, str):
                    made.data_type = "s"
                cells.append(made)
            sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return write_bytes(path, out.getvalue())


def _sheet_name(name: str, index: int) -> str:
    clean = "".join("_" if c in "[]:*?/\\'" else c for c in safe_text(name))[:27]
    return clean or f"sheet{index + 1}"
