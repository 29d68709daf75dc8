"""Tables for spreadsheets in which no cell is ever a formula."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
    return f"'{_visible(text)}" if _steers(text) else _visible(text)


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


@dataclass(frozen=True)
class NativeChart:
    """A chart that the spreadsheet draws from a sheet's own cells.

    kind : bar | column | line | scatter, as XlsxWriter names them
    names, values : columns of the categories and of the series
    low, high : columns of the interval's ends, drawn as error bars of the first series
    rows : first row of the table and number of rows; None all of them
    """

    title: str
    unit: str
    kind: str
    names: str
    values: tuple[str, ...]
    low: str = ""
    high: str = ""
    rows: tuple[int, int] | None = None


def write_xlsx(
    path: str | os.PathLike[str], sheets: Mapping[str, Mapping[str, Sequence[Any]]], charts: Mapping[str, Sequence[NativeChart]] | None = None
) -> Path:  # fmt: skip
    """Write sheets (name -> columns) as xlsx; a text is stored as text, whatever it begins with.

    A text that a spreadsheet could take for a formula carries the mark that typing it with a quote in front would set, so
    that it stays text when its cell is edited. charts : sheet -> charts beside its table. Atomic; the same tables give the
    same bytes. Raises ValueError when a table is longer than a sheet.
    """
    from xlsxwriter import Workbook

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "nan_inf_to_errors": True}
    book = Workbook(out, options)
    book.set_properties({"title": "omosim", "created": datetime(2000, 1, 1, tzinfo=UTC)})
    top = {"bold": True, "num_format": "@", "bottom": 1}
    plain, head = book.add_format({"num_format": "@"}), book.add_format(top)
    quoted, head_quoted = book.add_format({"num_format": "@", "quote_prefix": True}), book.add_format({**top, "quote_prefix": True})
    taken: set[str] = set()
    for i, (name, columns) in enumerate(sheets.items()):
        length = max((len(c) for c in columns.values()), default=0)
        if length > _XLSX_ROWS:
            raise ValueError(f"{name}: {length:,} rows do not fit into a sheet of {_XLSX_ROWS:,}; export csv or Parquet")
        sheet = book.add_worksheet(_sheet_name(name, i, taken))
        sheet.freeze_panes(1, 0)
        for column, (label, values) in enumerate(columns.items()):
            named = _visible(str(label))[:_CELL]
            sheet.write_string(0, column, named, head_quoted if _steers(named) else head)
            wide = [len(str(label)), *(len(str(v)) for v in values[:200])]
            sheet.set_column(column, column, min(max(wide) + 2, 48))
            for row, value in enumerate(values, start=1):
                if value is None:
                    continue
                if isinstance(value, bool):
                    sheet.write_boolean(row, column, value)
                elif isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < 1e15:
                    sheet.write_number(row, column, value)
                else:
                    text = _visible(str(value))[:_CELL]
                    sheet.write_string(row, column, text, quoted if _steers(text) else plain)
        for k, chart in enumerate((charts or {}).get(name, ())):
            _native(book, sheet, chart, columns, k)
    book.close()
    return write_bytes(path, out.getvalue())


_CELL = 32_000  # letters of a cell; the format's limit is 32,767


def _native(book: Any, sheet: Any, chart: NativeChart, columns: Mapping[str, Sequence[Any]], k: int) -> None:
    """One chart to the right of the table, below those before it."""
    from omosim.reports.figures import COLOURS

    at = {name: i for i, name in enumerate(columns)}
    first, count = chart.rows or (0, len(columns[chart.names]))
    if count <= 0:
        return
    drawn = book.add_chart({"type": chart.kind})
    for n, name in enumerate(chart.values):
        series: dict[str, Any] = {
            "name": [sheet.name, 0, at[name]], "categories": [sheet.name, first + 1, at[chart.names], first + count, at[chart.names]],
            "values": [sheet.name, first + 1, at[name], first + count, at[name]], "gap": 60,
        }  # fmt: skip
        colour = {"color": COLOURS[n % len(COLOURS)]}
        series |= {"line": {**colour, "width": 1.75}} if chart.kind == "line" else {"fill": colour}
        if n == 0 and chart.low:
            middle, low, high = (columns[c][first : first + count] for c in (name, chart.low, chart.high))
            ends = [(0, 0) if None in (m, a, b) else (b - m, m - a) for m, a, b in zip(middle, low, high, strict=True)]
            bars = {"type": "custom", "plus_values": [p for p, _ in ends], "minus_values": [m for _, m in ends]}
            series["y_error_bars"] = bars  # of a bar chart too: bars are columns laid on their side
        drawn.add_series(series)
    drawn.set_title({"name": _visible(chart.title), "name_font": {"size": 12}})
    drawn.set_legend({"none": True} if len(chart.values) == 1 else {"position": "bottom"})
    axis = {"name": _visible(chart.unit), "name_font": {"bold": False}}
    (drawn.set_x_axis if chart.kind == "bar" else drawn.set_y_axis)(axis)
    if chart.kind == "bar":
        drawn.set_y_axis({"reverse": True, "label_position": "low"})
    else:
        drawn.set_x_axis({"label_position": "low"})
    drawn.set_size({"width": 620, "height": max(260, min(26 * count + 120, 620)) if chart.kind == "bar" else 320})
    sheet.insert_chart(1 + 33 * k, len(columns) + 1, drawn)


def _steers(text: str) -> bool:
    return text.lstrip(" \u00a0\ufeff\u200b").startswith(_STARTS)


def _sheet_name(name: str, index: int, taken: set[str]) -> str:
    """At most 31 letters, none that is forbidden, unlike those before it."""
    clean = "".join("_" if c in "[]:*?/\\'" else c for c in safe_text(name))[:27].strip() or f"sheet{index + 1}"
    made = clean if clean.lower() not in taken and clean.lower() != "history" else f"{clean[:24]}_{index + 1}"
    taken.add(made.lower())
    return made
