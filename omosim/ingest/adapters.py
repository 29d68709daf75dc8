"""Layouts of order logs by name; the thin ones rename and reshape columns into the contract's and go its way."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from omosim.ingest.errors import InputError, OrderFileError, file_error, within_memory
from omosim.ingest.layout import nearest
from omosim.ingest.orders import OrderLog
from omosim.ingest.reader import ReadOptions, finish, read_orders
from omosim.ingest.text import RawTable, fold, load
from omosim.ingest.uci import read_uci
from omosim.ingest.values import as_text
from omosim.ingest.workbook import first_names


def _pick(raw: RawTable, names: tuple[str, ...], file: str) -> dict[str, pa.Array]:
    """Text columns by name; OrderFileError when one is missing."""
    by_name = {fold(n): k for n, k in zip(raw.names, raw.columns, strict=True)}
    for name in names:
        if fold(name) not in by_name:
            raise file_error("missing_column", file, "a header with " + ", ".join(names), row=1, column=name)
    plain = {n: as_text(raw.columns[by_name[fold(n)]]) for n in names}
    return {n: a.cast(pa.string()) if pa.types.is_dictionary(a.type) else a for n, a in plain.items()}


def _table(raw: RawTable, columns: dict[str, pa.Array], names: tuple[str, ...]) -> RawTable:
    """The same rows with the contract's columns."""
    return RawTable(list(columns), {f"c{i}": c for i, c in enumerate(columns.values())}, raw.row, raw.typed,
                    raw.notes, raw.ragged, _moved(raw, names))  # fmt: skip


def _moved(raw: RawTable, names: tuple[str, ...]) -> dict[tuple[str, str], list[int]]:
    """Cells of a workbook without a value of their own, in the columns that are used: a fault of the row's order_id."""
    keys = {key for key, title in zip(raw.columns, raw.names, strict=True) if fold(title) in map(fold, names)}
    bare = {"formula_without_value", "error_value", "merged_cell"}
    at = sorted({p for (code, key), places in raw.odd.items() if key in keys and code in bare for p in places})
    return {("error_value", "c0"): at} if at else {}


def _unit_price(total: pa.Array, units: pa.Array) -> pa.Array:
    """Total of a line over its units as text; what is no number stays as it is, for the checks to name."""
    def share(t: str | None, u: str | None) -> str | None:
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", t or "") and re.fullmatch(r"[1-9][0-9]*", u or ""):
            return f"{float(t or 0) / int(u or 1):.6f}"
        return t

    return pa.array([share(t, u) for t, u in zip(total.to_pylist(), units.to_pylist(), strict=True)], pa.string())


def _numbered(*columns: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*[c.fill_null("") for c in columns], "-")


def _midnight(day: pa.Array, pattern: str, order: str) -> pa.Array:
    return pc.replace_substring_regex(day, pattern, order + "T00:00:00")


def read_cdnow(path: Path, options: ReadOptions) -> OrderLog:
    """CDNOW master: customer, YYYYMMDD, CDs, dollars, parted by blanks, no header; days only (Fader & Hardie 2001)."""
    def reshape(data: bytes) -> bytes:
        body = re.sub(rb"[ \t]+", b",", re.sub(rb"(?m)^[ \t]+|[ \t]+$", b"", data))
        return b"customer,day,units,dollars\n" + body

    raw = load(path, options.budget, reshape=reshape)
    raw.row = raw.row - 1
    raw.ragged = [(r - 1, *rest) for r, *rest in raw.ragged]  # type: ignore[misc]
    c = _pick(raw, ("customer", "day", "units", "dollars"), path.name)
    # counted within the customer's day, so that an export that begins elsewhere gives the same ids
    number = pa.array(pd.Series(np.arange(len(raw.row))).groupby([c["customer"].to_pandas(), c["day"].to_pandas()], dropna=False).cumcount().to_numpy().astype(str))
    columns = {
        "order_id": _numbered(c["customer"], c["day"], number),
        "placed_at": _midnight(c["day"], r"^([0-9]{4})([0-9]{2})([0-9]{2})$", r"\1-\2-\3"),
        "shopper_id": c["customer"],
        "units": c["units"],
        "unit_price": _unit_price(c["dollars"], c["units"]),
    }
    return finish(_table(raw, columns, tuple(c)), path, _declare(options, "America/New_York", "USD"), "cdnow")


def read_tafeng(path: Path, options: ReadOptions) -> OrderLog:
    """Ta Feng grocery: one row per item of a visit, day m/d/Y by the layout's declaration, SALES_PRICE per line."""
    raw = load(path, options.budget)
    names = ("TRANSACTION_DT", "CUSTOMER_ID", "PRODUCT_SUBCLASS", "PRODUCT_ID", "AMOUNT", "SALES_PRICE")
    c = _pick(raw, names, path.name)
    two = pc.replace_substring_regex(
        pc.replace_substring_regex(c["TRANSACTION_DT"], r"^([0-9])/", r"0\1/"), r"/([0-9])/", r"/0\1/"
    )
    rank = np.arange(1, len(raw.row) + 1).astype(str)
    columns = {
        "order_id": _numbered(c["CUSTOMER_ID"], c["TRANSACTION_DT"]),
        "line_no": pa.array(rank),
        "placed_at": _midnight(two, r"^([0-9]{2})/([0-9]{2})/([0-9]{4})$", r"\3-\1-\2"),
        "shopper_id": c["CUSTOMER_ID"],
        "sku": c["PRODUCT_ID"],
        "category": c["PRODUCT_SUBCLASS"],
        "units": c["AMOUNT"],
        "unit_price": _unit_price(c["SALES_PRICE"], c["AMOUNT"]),
    }
    return finish(_table(raw, columns, tuple(c)), path, _declare(options, "Asia/Taipei", "USD"), "tafeng")


OLIST_STATUS = {
    "created": "placed", "approved": "placed", "invoiced": "placed", "processing": "to_pick", "shipped": "packed",
    "delivered": "delivered", "canceled": "cancelled", "unavailable": "cancelled",
}  # fmt: skip


def read_olist(path: Path, options: ReadOptions) -> OrderLog:
    """Olist: `path` is olist_order_items_dataset.csv; olist_orders_dataset.csv lies beside it. One row per unit."""
    raw = load(path, options.budget)
    c = _pick(raw, ("order_id", "order_item_id", "product_id", "price"), path.name)
    beside = path.with_name(path.name.replace("order_items", "orders"))
    if beside == path or not beside.is_file():
        raise file_error("missing_file", path.name, "olist_orders_dataset.csv in the same folder", value=beside.name)
    head = load(beside, options.budget)
    o = _pick(head, ("order_id", "customer_id", "order_status", "order_purchase_timestamp"), beside.name)
    at = pc.index_in(c["order_id"], value_set=o["order_id"])
    status = pa.array([OLIST_STATUS.get(s or "", s) for s in o["order_status"].to_pylist()], pa.string())
    columns = {
        "order_id": c["order_id"],
        "line_no": c["order_item_id"],
        "placed_at": o["order_purchase_timestamp"].take(at),
        "shopper_id": o["customer_id"].take(at),
        "sku": c["product_id"],
        "units": pa.array(["1"] * len(raw.row)),
        "unit_price": c["price"],
        "status": status.take(at),
    }
    return finish(_table(raw, columns, tuple(c)), path, _declare(options, "America/Sao_Paulo", "USD"), "olist")


def _declare(options: ReadOptions, timezone: str, currency: str) -> ReadOptions:
    """What a layout is known to hold, unless the user says otherwise."""
    if options.currency != ReadOptions().currency:
        currency = options.currency
    return replace(options, timezone=options.timezone or timezone, currency=currency)


ADAPTERS: dict[str, Callable[[Path, ReadOptions], OrderLog]] = {
    "own": read_orders,
    "uci_online_retail": read_uci,
    "cdnow": read_cdnow,
    "tafeng": read_tafeng,
    "olist": read_olist,
}


#: Other names of layouts.
ALIASES = {"omosim": "own", "uci": "uci_online_retail"}
_SIGNS = {
    "uci_online_retail": {"invoiceno", "stockcode"},
    "tafeng": {"transaction_dt", "product_subclass"},
    "olist": {"order_item_id", "product_id"},
}


def detect(path: Path) -> str:
    """Name of the layout that the first line of a file shows; 'own' when it shows none."""
    try:
        with open(path, "rb") as file:
            head = file.read(1 << 16)
        if head[:4] == b"PAR1":
            first = ",".join(pq.read_schema(path).names)
        elif head[:4] == b"PK\x03\x04":
            first = ",".join(first_names(path))
        else:
            plain = zlib.decompressobj(wbits=31).decompress(head, 1 << 16) if head[:2] == b"\x1f\x8b" else head
            first = plain.split(b"\n", 1)[0].decode("utf-8", errors="replace")
    except (OSError, zlib.error, pa.ArrowException, OrderFileError):
        return "own"  # the reader names what is wrong
    if re.fullmatch(r"\s*[0-9]+\s+[0-9]{8}\s+[0-9]+\s+[0-9.]+\s*", first):
        return "cdnow"
    names = {fold(n.strip('"')) for n in re.split(r"[,;\t]", first)}
    return next((layout for layout, signs in _SIGNS.items() if {fold(s) for s in signs} <= names), "own")


def read_log(path: Path, adapter: str = "own", options: ReadOptions | None = None) -> OrderLog:
    """An order log by the name of its layout, 'auto' to go by its first line.

    Raises OrderFileError, InputError for an unknown layout.
    """
    path = Path(path)
    with within_memory(path):
        name = detect(path) if adapter == "auto" else ALIASES.get(adapter, adapter)
    if name not in ADAPTERS:
        near = nearest(name, list(ADAPTERS))
        guess = f"; nearest: '{near}'" if near else ""
        raise InputError(f"adapter: {adapter!r}; allowed: auto, {', '.join(ADAPTERS)}{guess}")
    with within_memory(path):
        return ADAPTERS[name](path, options or ReadOptions())
