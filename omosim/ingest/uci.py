"""Adapter for the layout of UCI Online Retail (Chen 2015): invoice lines with cancellations, fees and adjustments.

InvoiceNo C… is a cancellation, A… an adjustment of bad debts; Quantity < 0 is goods back; times are minutes on the
clock of Europe/London, without zone. Every row ends in exactly one class of `CLASSES`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from omosim.ingest import values as v
from omosim.ingest.errors import file_error
from omosim.ingest.findings import Findings
from omosim.ingest.orders import OrderLog, RowClass, quality_table
from omosim.ingest.reader import ReadOptions
from omosim.ingest.text import RawTable, fold, load
from omosim.ingest.workbook import note_odd
from omosim.results.provenance import file_hash

TIMEZONE = "Europe/London"
COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
#: Goods have five digits with letters behind, or one of these beginnings; all other codes are services and fees.
GOODS = r"^([0-9]{5}[A-Za-z]{0,3}|DCGS.*|PADS|gift_.*)$"

CLASSES = (
    RowClass("sale", "goods sold to a known customer", "kept"),
    RowClass("sale_anonymous", "goods sold, no CustomerID", "kept for volume, hours, values; not for repeat fits"),
    RowClass("cancelled", "invoice C…, its sale found", "not a sale; counted in the cancelled share and its lag"),
    RowClass("cancelled_unmatched", "invoice C…, no earlier sale found", "counted in the cancelled share, no lag"),
    RowClass("service", "postage, fees, manual lines, discounts, samples", "left out of order values"),
    RowClass("bad_debt", "invoice A…: adjustment of bad debts", "left out"),
    RowClass("stock_adjustment", "quantity below 0 without a cancellation", "left out"),
    RowClass("unpriced", "price 0 or less", "left out"),
    RowClass("duplicate", "second copy of an equal row", "left out"),
    RowClass("bad_row", "row that cannot be read", "left out as asked (max_bad_rows); written to rejects.csv"),
)
SALE, ANONYMOUS, CANCELLED, UNMATCHED, SERVICE, DEBT, ADJUSTED, UNPRICED, DUPLICATE, BAD = range(len(CLASSES))


def read_uci(path: Path, options: ReadOptions) -> OrderLog:
    """UCI Online Retail as Parquet or CSV. Raises OrderFileError. Tests: tests/ingest/test_uci.py."""
    raw = load(path, options.budget, frozenset(fold(c) for c in COLUMNS))
    keys = _columns(raw, path.name)
    findings = Findings(path.name)
    frame = _convert(raw, keys, findings)
    frame["file_row"] = raw.row
    rows = len(raw.row) + len(raw.ragged)
    plain = frozenset(keys[name] for name in ("InvoiceNo", "StockCode", "CustomerID"))
    note_odd(raw, {key: name for name, key in keys.items() if name != "Description"}, plain, findings)
    for code_name, short in (("short_row", True), ("long_row", False)):
        ragged = [r for r in raw.ragged if (r[2] < r[1]) == short]
        at = np.array([r[0] for r in ragged], np.int64)
        findings.add(code_name, None, at, [r[3][:80] for r in ragged], v.ALLOWED[code_name])
    bad = findings.bad_rows()
    rejects = findings.write_rejects(options.rejects) if bad.size and options.rejects is not None else None
    if bad.size > options.max_bad_rows:
        raise findings.error(rows, rejects)
    broken = np.isin(raw.row, bad)
    code = classify(frame, broken)
    cancelled = _match_cancelled(frame, code)
    lines = _lines(frame[(code == SALE) | (code == ANONYMOUS)])
    account = np.concatenate([code, np.full(len(raw.ragged), BAD, np.int64)])
    notes = (*raw.notes, f"times are minutes without zone; the adapter declares {TIMEZONE}")
    return OrderLog(
        path.name, file_hash(path), "uci_online_retail", "GBP", TIMEZONE, lines, cancelled,
        quality_table(account, CLASSES), rows, notes,
    )  # fmt: skip


def _columns(raw: RawTable, file: str) -> dict[str, str]:
    by_name = {fold(n): k for n, k in zip(raw.names, raw.columns, strict=True)}
    missing = [c for c in COLUMNS if fold(c) not in by_name]
    if missing:
        raise file_error("missing_column", file, "a header with " + ", ".join(COLUMNS), row=1, column=missing[0])
    return {c: by_name[fold(c)] for c in COLUMNS}



def _number(column: pa.Array, name: str, raw: RawTable, findings: Findings) -> NDArray[np.float64]:
    """Signed numbers; a value that is none becomes a finding."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        number = column.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
        wrong = ~np.isfinite(number)
        shown: list[str | None] = [None if np.isnan(x) else repr(float(x)) for x in number[wrong]]
    else:
        coded = v.code(column)
        plain = pc.match_substring_regex(pa.array(coded.values, pa.string()), r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$")
        ok = np.array([*plain.to_pylist(), False], bool)
        table = np.array([float(t) if good else 0.0 for t, good in zip(coded.values, ok, strict=False)] + [0.0])
        number, wrong = table[coded.codes], ~ok[coded.codes]
        shown = [None if t is None else str(t) for t in coded.text()[wrong]]
    findings.add("not_a_number", name, raw.row[wrong], shown, "a number in plain digits")
    return np.where(wrong, 0.0, number)


def _convert(raw: RawTable, keys: dict[str, str], findings: Findings) -> pd.DataFrame:
    column = {name: raw.columns[key] for name, key in keys.items()}
    out: dict[str, object] = {}
    for name in ("InvoiceNo", "StockCode", "Description", "CustomerID"):
        out[name] = pd.Series(v.code(column[name]).text(), dtype=object)
    times = v.parse_times(column["InvoiceDate"], TIMEZONE)
    wrong = (times.fault != "") | (times.utc == -1)
    at = np.flatnonzero(wrong)
    shown = v.texts_at(column["InvoiceDate"], at) if at.size else []
    findings.add("time_format", "InvoiceDate", raw.row[at], shown, "minutes without zone, like 2010-12-01T08:26")
    lone = np.flatnonzero(v.apart(np.where(wrong, -1, times.utc)))
    if lone.size:
        shown = v.texts_at(column["InvoiceDate"], lone)
        findings.add("time_apart", "InvoiceDate", raw.row[lone], shown, v.ALLOWED["time_apart"])
    quantity = _number(column["Quantity"], "Quantity", raw, findings)
    part = quantity % 1 != 0
    findings.add("not_whole", "Quantity", raw.row[part], [repr(float(q)) for q in quantity[part]], "whole units")
    price = _number(column["UnitPrice"], "UnitPrice", raw, findings)
    empty = np.array([x is None for x in out["InvoiceNo"]])  # type: ignore[attr-defined]
    findings.add("missing_value", "InvoiceNo", raw.row[empty], [None] * int(empty.sum()), "an invoice number")
    return pd.DataFrame(
        {**out, "utc": times.utc, "local": times.local, "units": quantity.astype(np.int64), "price": price}
    )


def classify(frame: pd.DataFrame, broken: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Class code of each row, (n,): the first rule that holds; cancellations are matched later.

    frame: columns InvoiceNo, StockCode, CustomerID (text or None), units, price, utc.
    """
    invoice = frame["InvoiceNo"].fillna("").str
    c_invoice, a_invoice = invoice.startswith("C").to_numpy(bool), invoice.startswith("A").to_numpy(bool)
    goods = frame["StockCode"].fillna("").str.match(GOODS).to_numpy(bool)
    units, price = frame["units"].to_numpy(), frame["price"].to_numpy()
    anonymous = frame["CustomerID"].isna().to_numpy()
    columns = ["InvoiceNo", "StockCode", "Description", "units", "utc", "price", "CustomerID"]
    copy = frame.duplicated(subset=columns).to_numpy()
    rules = (
        (BAD, broken),
        (DUPLICATE, copy),
        (DEBT, a_invoice),
        (SERVICE, ~goods & (price > 0)),
        (UNPRICED, (price <= 0) & (units > 0)),
        (CANCELLED, c_invoice),
        (ADJUSTED, units <= 0),
        (ANONYMOUS, anonymous),
    )
    code = np.full(len(frame), SALE, np.int64)
    for value, mask in reversed(rules):
        code[mask] = value
    return code


def _match_cancelled(frame: pd.DataFrame, code: NDArray[np.int64]) -> pd.DataFrame:
    """Pair each cancelled line with the customer's latest earlier sale of that item of at least as many units.

    Changes `code` in place: lines without a sale become UNMATCHED.
    """
    back = frame[code == CANCELLED].copy()
    back["row"] = back.index
    back["units"] = -back["units"]
    sold = frame[code == SALE][["CustomerID", "StockCode", "utc", "local", "units", "InvoiceNo"]]
    both = back.merge(sold, on=["CustomerID", "StockCode"], how="inner", suffixes=("", "_sale"))
    both = both[(both["utc_sale"] <= both["utc"]) & (both["units_sale"] >= both["units"])]
    best = both.sort_values(["row", "utc_sale", "InvoiceNo_sale"], kind="stable").drop_duplicates("row", keep="last")
    best = best.set_index("row")
    code[np.setdiff1d(back.index.to_numpy(), best.index.to_numpy())] = UNMATCHED
    pick = back[["utc", "local", "InvoiceNo"]].join(best[["utc_sale", "local_sale", "InvoiceNo_sale"]])
    found = pick["utc_sale"].notna()
    return pd.DataFrame(
        {
            "value": v.line_value(back["units"].to_numpy(), _millionths(back["price"]), 2),
            "lag_s": np.where(found, pick["utc"] - pick["utc_sale"].fillna(0), -1).astype(np.int64),
            "placed_utc": pick["utc_sale"].fillna(pick["utc"]).astype(np.int64).to_numpy(),
            "placed_local": pick["local_sale"].fillna(pick["local"]).astype(np.int64).to_numpy(),
            "order_id": pick["InvoiceNo_sale"].astype(object).where(found, None).to_numpy(),
            "cancel_id": pick["InvoiceNo"].to_numpy(),
            "cancel_utc": pick["utc"].to_numpy(),
            "shopper_id": back["CustomerID"].to_numpy(),
            "sku": back["StockCode"].to_numpy(),
            "units": back["units"].to_numpy(),
        }
    )


def _millionths(price: pd.Series) -> NDArray[np.int64]:
    return np.rint(price.to_numpy() * 1e6).astype(np.int64)


def _lines(sales: pd.DataFrame) -> pd.DataFrame:
    n = len(sales)
    nothing = pd.Series(np.full(n, None, dtype=object), index=sales.index)
    return pd.DataFrame(
        {
            "order_id": sales["InvoiceNo"],
            "shopper_id": sales["CustomerID"],
            "sku": sales["StockCode"],
            "channel": pd.Series(np.full(n, "web", dtype=object), index=sales.index),
            "category": nothing,
            "store_id": nothing,
            "status": nothing,
            "placed_utc": sales["utc"],
            "placed_local": sales["local"],
            "units": sales["units"],
            "value": v.line_value(sales["units"].to_numpy(), _millionths(sales["price"]), 2),
            "returned_utc": np.full(n, -1, np.int64),
            "file_row": sales["file_row"],
        }
    ).reset_index(drop=True)
