"""What a twin knows of the past, in parts: each ingest adds the rows that are new or say something else than before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omosim.ingest import OrderLog
from omosim.ingest.errors import InputError
from omosim.ingest.further import FurtherTable
from omosim.ingest.reader import gone_back
from omosim.results.tables import read_arrow
from omosim.results.words import counted
from omosim.schema.days import date_text
from omosim.twin.folder import Twin, checked

#: how an order that is to be collected is handed over
COLLECTED = ("pickup", "curbside", "locker")
TEXTS = ("order_id", "shopper_id", "sku", "channel", "category", "store_id", "status", "fulfilment")
TIMES = ("promised_utc", "ready_utc", "collected_utc", "returned_utc")
LINES = (*TEXTS, "placed_utc", "placed_local", "units", "value", *TIMES)
#: adapters whose cancellations are rows of their own, not states of an order
OWN_RETURNS = ("uci_online_retail",)
RETURNS = ("cancel_id", "order_id", "value", "lag_s", "placed_utc", "placed_local", "cancel_utc", "shopper_id", "sku", "units")
#: what tells a row of each table; later rows with the same replace earlier ones
KEYS = {
    "stock": ("utc", "store_id", "sku", "category"), "traffic": ("utc", "whole_day", "store_id"), "sessions": ("utc", "whole_day", "channel", "device"),
    "prices": ("from_day", "sku", "category", "channel"), "deliveries": ("utc", "store_id", "order_id", "sku", "category"),
}  # fmt: skip
DAY_S = 86_400
#: an order whose date moves by more is another order: dates are corrected by hours or a day or two, numbers come again after months
FAR_DAYS = 7


@dataclass
class Tables:
    """Everything that was ingested, each table as one frame; those that were never given are absent.

    orders : the order log as calibration takes it; further : kind -> rows, as `ingest.further.FurtherTable` has them
    """

    orders: OrderLog
    further: dict[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """What an ingest found beside what was known.

    rows : rows to store; new, known, changed : orders (of a further table: rows); said : places of the changed ones;
    aside : orders that an older export says otherwise, left as the twin has them
    """

    rows: pd.DataFrame
    new: int
    known: int
    changed: int
    said: str = ""
    aside: int = 0


# ---- orders -------------------------------------------------------------------------------------------------
def lines_of(log: OrderLog) -> pd.DataFrame:
    """Order lines with every column that is stored; times that the file lacks are -1, texts None."""
    lines, n = log.lines, len(log.lines)
    data = {}
    for name in LINES:
        if name in lines:
            data[name] = lines[name].reset_index(drop=True)
        else:
            data[name] = pd.Series(np.full(n, None, dtype=object) if name in TEXTS else np.full(n, -1, np.int64))
    return pd.DataFrame(data)


def returns_of(log: OrderLog) -> pd.DataFrame | None:
    """Cancellations that are rows of their own; None where they follow from the lines."""
    return log.cancelled[list(RETURNS)].reset_index(drop=True) if log.adapter in OWN_RETURNS else None


def until(frame: pd.DataFrame, end_day: int, column: str) -> pd.DataFrame:
    """Rows whose local second stands before the day `end_day` (days since 1970)."""
    return frame[frame[column] < end_day * DAY_S].reset_index(drop=True)


def _signatures(lines: pd.DataFrame) -> pd.DataFrame:
    """A number for the content of each order, whatever the order of its lines; index order_id, columns sign, placed."""
    plain = lines.astype(dict.fromkeys(TEXTS, "string"))
    row = pd.util.hash_pandas_object(plain[list(LINES)], index=False).to_numpy(np.uint64)
    frame = pd.DataFrame({"order_id": lines["order_id"].to_numpy(), "sign": row, "placed": lines["placed_utc"].to_numpy()})
    return frame.groupby("order_id", sort=False).agg(sign=("sign", "sum"), placed=("placed", "min"))


def take_orders(known: pd.DataFrame | None, new: pd.DataFrame, file: str, accept: Collection[str] = (), older: bool = False) -> Taken:
    """Orders of a new export beside those that are known: an order that says the same is left, one that changed is taken whole.

    older : the export ends before the twin's day: what it says otherwise is left aside. accept : findings that are right as they stand. Raises InputError where order numbers are used again for other orders: one
    that moves by more than `FAR_DAYS`, or more than a few that move by more than a day.
    """
    if known is None or known.empty:
        return Taken(new, int(new["order_id"].nunique()), 0, 0)
    fresh = _signatures(new)
    old = _signatures(known)
    both = fresh.join(old.add_suffix("_old"), how="inner")
    other = both[both["sign"] != both["sign_old"]]
    by = (other["placed"] - other["placed_old"]).abs()
    far = other[by > FAR_DAYS * DAY_S]
    moved = far if len(far) else other[by > DAY_S]
    if (len(far) or len(moved) > max(3, 0.01 * len(both))) and "order_id_reused" not in accept:
        at = moved.index[0]
        raise InputError(
            f"order_id_reused: {file}: {counted(len(moved), 'order number')} stand{'s' * (len(moved) == 1)} for an order of another day than in the twin, the first is {str(at)[:60]!r} "
            f"({_day(moved['placed'].iloc[0])}, before {_day(moved['placed_old'].iloc[0])}); allowed: numbers that stay with their order. "
            "Put the year or the store before the number; or, where dates were wrong before: accept=[order_id_reused]"
        )
    fresh_ids = fresh.index.difference(both.index, sort=False)
    keep = new["order_id"].isin(fresh_ids if older else fresh_ids.union(other.index, sort=False))
    said, changed, aside = ", ".join(str(i)[:40] for i in other.index[:3]), 0 if older else len(other), len(other) if older else 0
    return Taken(new[keep].reset_index(drop=True), len(fresh_ids), len(both) - len(other), changed, said, aside)


def _day(utc: int) -> str:
    return str(np.datetime64(int(utc), "s").astype("datetime64[D]"))


def _numbered(returns: pd.DataFrame) -> pd.Series:
    """A key for each cancellation: its invoice, its value, and which of equal ones it is."""
    key = returns["cancel_id"].astype(str) + "|" + returns["value"].astype(str)
    return key + "|" + returns.groupby(key, sort=False).cumcount().astype(str)


def matched(returns: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Cancellations whose sale stands in an earlier export, found by the adapter's own rule: the customer's latest earlier sale of the item."""
    lone = returns[(returns["lag_s"] < 0) & returns["shopper_id"].notna() & returns["sku"].notna()]
    if lone.empty or lines.empty:
        return returns
    sold = lines[lines["shopper_id"].notna()][["shopper_id", "sku", "order_id", "placed_utc", "placed_local", "units"]]
    both = lone.reset_index()[["index", "shopper_id", "sku", "cancel_utc", "units"]].merge(sold, on=["shopper_id", "sku"], suffixes=("", "_sale"))
    both = both[(both["placed_utc"] <= both["cancel_utc"]) & (both["units_sale"] >= both["units"])]
    best = both.sort_values(["index", "placed_utc", "order_id"], kind="stable").drop_duplicates("index", keep="last").set_index("index")
    out = returns.copy()
    out.loc[best.index, ["order_id", "placed_utc", "placed_local"]] = best[["order_id", "placed_utc", "placed_local"]]
    out.loc[best.index, "lag_s"] = best["cancel_utc"] - best["placed_utc"]
    return out


def take_returns(known: pd.DataFrame | None, new: pd.DataFrame) -> Taken:
    """Cancellations that are new, or whose sale is found only now; one whose sale was known stays so."""
    if known is None or known.empty:
        return Taken(new, len(new), 0, 0)
    lag = pd.Series(known["lag_s"].to_numpy(), index=_numbered(known))
    keys = _numbered(new)
    before = keys.map(lag)
    found = before.notna() & (before < 0) & (new["lag_s"] >= 0).to_numpy()
    keep = (before.isna() | found).to_numpy()
    return Taken(new[keep].reset_index(drop=True), int(before.isna().sum()), int((~keep).sum()), int(found.sum()))


# ---- further tables -----------------------------------------------------------------------------------------
def take_further(known: pd.DataFrame | None, new: pd.DataFrame, kind: str) -> Taken:
    """Rows of a table beside the orders that are new or changed."""
    new = new.drop(columns="file_row")
    if known is None or known.empty:
        return Taken(new, len(new), 0, 0)
    names = [n for n in KEYS[kind] if n in new]
    rest = [n for n in new.columns if n not in names]
    both = new.reset_index().merge(known, on=names, how="left", suffixes=("", "_old"), indicator=True).drop_duplicates("index")
    old = (both["_merge"] == "both").to_numpy()
    same = old.copy()
    for name in rest:
        a, b = both[name], both[f"{name}_old"]
        same &= ((a == b) | (a.isna() & b.isna())).to_numpy(bool)
    changed = old & ~same
    said = ", ".join(_at(new.iloc[i]) for i in np.flatnonzero(changed)[:3])
    return Taken(new[~same].reset_index(drop=True), int((~old).sum()), int(same.sum()), int(changed.sum()), said)


def _at(row: pd.Series) -> str:
    day = int(row["local"]) // DAY_S if "local" in row else int(row["from_day"])
    parts = [date_text(day)] + [str(row[n]) for n in ("store_id", "channel", "sku", "category") if n in row and isinstance(row[n], str)]
    return " ".join(parts)[:80]


def whole(parts: Sequence[pd.DataFrame], kind: str) -> pd.DataFrame:
    """Parts of one table as one frame; what a later part says again replaces the earlier."""
    if kind == "orders":
        keep = parts[-1:]
        gone: set[str] = set(parts[-1]["order_id"])
        for part in reversed(parts[:-1]):
            keep = [part[~part["order_id"].isin(gone)], *keep]
            gone |= set(part["order_id"])
        frame = pd.concat(keep, ignore_index=True)
        return frame.sort_values(["placed_utc", "order_id"], kind="stable").reset_index(drop=True)
    frame = pd.concat(parts, ignore_index=True)
    if kind == "returns":
        numbers = pd.concat([_numbered(part) for part in parts], ignore_index=True)
        return frame[~numbers.duplicated(keep="last").to_numpy()].reset_index(drop=True)
    names = [n for n in KEYS[kind] if n in frame]
    frame = frame[~frame.duplicated(names, keep="last").to_numpy()]
    return frame.sort_values(names, kind="stable").reset_index(drop=True)


# ---- from and to the folder ---------------------------------------------------------------------------------
def read_part(path: Path) -> pd.DataFrame:
    """A part as it was written; texts are None where empty."""
    frame = read_arrow(checked(path)).to_pandas()
    for name in frame.columns:
        if frame[name].dtype == object or str(frame[name].dtype) in ("string", "str"):
            frame[name] = pd.Series([None if v is None or v != v else v for v in frame[name]], dtype=object)
    return frame


def columns_of(frame: pd.DataFrame) -> dict[str, NDArray]:
    """A frame as `Step.table` takes it."""
    return {str(n): frame[n].to_numpy() for n in frame.columns}


def types_of(frame: pd.DataFrame) -> dict[str, str]:
    """Types of columns that may be empty throughout."""
    return {str(n): "string" for n in frame.columns if frame[n].dtype == object}


def known(twin: Twin, kind: str) -> pd.DataFrame | None:
    """All rows of a kind that the twin has."""
    parts = [read_part(twin.path / row["file"]) for row in twin.parts(kind)]
    return whole(parts, kind) if parts else None


def tables_of(twin: Twin) -> Tables:
    """Everything that the twin has ingested."""
    lines = known(twin, "orders")
    assert lines is not None, "a twin has orders"
    further = {k: f for k in KEYS if (f := known(twin, k)) is not None}
    return Tables(log_of(twin, delivered(lines, further.get("deliveries")), known(twin, "returns")), further)


def delivered(lines: pd.DataFrame, deliveries: pd.DataFrame | None) -> pd.DataFrame:
    """Order lines whose handing over only the table of deliveries tells get it from there; a delivery before its order is no news of it."""
    if deliveries is None or deliveries["order_id"].isna().all():
        return lines
    last = deliveries[deliveries["order_id"].notna()].groupby("order_id")["utc"].max()
    at = lines["order_id"].map(last)
    use = (lines["collected_utc"] < 0) & (at >= lines["placed_utc"])
    return lines.assign(collected_utc=np.where(use, at.fillna(-1), lines["collected_utc"]).astype(np.int64))


def log_of(twin: Twin, lines: pd.DataFrame, returns: pd.DataFrame | None) -> OrderLog:
    """The twin's orders as an order log."""
    head = twin.head
    account: dict[str, dict[str, object]] = {}
    for source in head["sources"]:
        for row in source["classes"] if source["kind"] == "orders" else ():
            have = account.setdefault(row["class"], {"class": row["class"], "rows": 0, "meaning": row["meaning"], "done": row["done"]})
            have["rows"] = int(have["rows"]) + row["rows"]  # type: ignore[call-overload]
    total = sum(int(r["rows"]) for r in account.values())  # type: ignore[call-overload]
    quality = pd.DataFrame([{**r, "share": int(r["rows"]) / max(1, total)} for r in account.values()])  # type: ignore[call-overload]
    names = [s["file"] for s in head["sources"] if s["kind"] == "orders"]
    shas = [row["sha256"] for row in twin.parts("orders")]
    cancelled = gone_back(lines) if returns is None else returns
    return OrderLog(names[0] if names else head["name"], shas[-1] if shas else "", head["adapter"], head["currency"], head["timezone"], lines, cancelled, quality, total)


def account(log: OrderLog) -> list[dict[str, object]]:
    """Row classes of a log as `twin.json` keeps them."""
    q = log.quality
    return [{"class": c, "rows": int(n), "meaning": m, "done": d} for c, n, m, d in zip(q["class"], q["rows"], q["meaning"], q["done"], strict=True)]


def account_further(table: FurtherTable) -> list[dict[str, object]]:
    """Row classes of a table beside the orders."""
    again = table.read - table.left_out - len(table.rows)
    rows = [("read", len(table.rows), "sound row", "kept"), ("bad_row", table.left_out, "row with at least one fault", "left out as asked (max_bad_rows); written to rejects.csv"),
            ("left_out", again, "second copy, or an hour that the clock skipped", "left out, see the findings")]  # fmt: skip
    return [{"class": c, "rows": n, "meaning": m, "done": d} for c, n, m, d in rows]


def span(frame: pd.DataFrame, column: str) -> tuple[str, str]:
    """First and last local day of rows, ISO."""
    days = frame[column].to_numpy() // (DAY_S if column not in ("from_day",) else 1)
    return (date_text(days.min()), date_text(days.max())) if days.size else ("", "")


def time_column(kind: str) -> str:
    """Column that dates the rows of a kind."""
    return {"orders": "placed_local", "returns": "placed_local", "prices": "from_day"}.get(kind, "local")




def cut(lines: pd.DataFrame, returns: pd.DataFrame | None, end_day: int | None) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """What was known when the day before `end_day` (since 1970) ended: later orders, and later news of earlier ones, are left out."""
    if end_day is None:
        return lines, returns
    lines = until(lines, end_day, "placed_local").copy()
    end_utc = end_day * DAY_S - (lines["placed_local"] - lines["placed_utc"])
    later = np.zeros(len(lines), bool)
    for name in TIMES[1:]:
        here = (lines[name] >= end_utc).to_numpy()
        lines.loc[here, name] = -1
        later |= here
    lines.loc[later, "status"] = None  # the state of a later day
    if returns is not None:
        local = returns["cancel_utc"] + returns["placed_local"] - returns["placed_utc"]
        returns = returns[(local < end_day * DAY_S).to_numpy()].reset_index(drop=True)
    return lines, returns
