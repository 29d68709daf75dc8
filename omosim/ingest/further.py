"""The tables beside the orders, read as strictly: stock, traffic, sessions, prices, deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from omosim.ingest import values as v
from omosim.ingest.errors import InputError, file_error, within_memory
from omosim.ingest.layout import TOTAL_WORDS, ColumnRule, known_names, match_columns, nearest
from omosim.ingest.orders import MINOR_DIGITS, Remark
from omosim.ingest.reader import Checker, ReadOptions, checked_options, places, rounded
from omosim.ingest.schemas import FURTHER, TableRule
from omosim.ingest.text import RawTable, load
from omosim.results.provenance import file_hash

DAY_S, HOUR_S = 86_400, 3600
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class FurtherTable:
    """Rows of one table in one form.

    rows : a frame; `local` (int64, seconds since 1970 on the wall clock) where the table has a time, `utc` beside it,
        `whole_day` where a day stands alone; texts are None where empty; money in minor units
    """

    kind: str
    file: str
    file_hash: str
    timezone: str
    rows: pd.DataFrame
    read: int
    left_out: int
    notes: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = field(default=())


class _Further(Checker):
    """One pass over a table beside the orders."""

    def __init__(self, raw: RawTable, table: TableRule, file: str, options: ReadOptions) -> None:
        layout = match_columns(raw, file, table.columns, f"a table of {table.kind}")
        super().__init__(raw, layout, file, options, table.columns)
        self.table = table
        self.remarks: list[Remark] = []
        self.dropped: Flags = np.zeros(self.n, bool)
        self.whole: dict[str, Flags] = {}

    def place(self, at: NDArray[np.int64]) -> str:
        """Rows in words, the first of them named."""
        return places(self.findings.file, self.raw.row[at])

    def remark(self, code: str, mask: Flags, done: str) -> None:
        """Note what was done with rows that are kept or left out without a fault."""
        at = np.flatnonzero(mask)
        if at.size:
            self.remarks.append(Remark(code, self.place(at), int(at.size), done))

    def check(self, rule: ColumnRule) -> None:
        if rule.kind != "moment":
            super().check(rule)
            return
        column = self.column(rule.name)
        if column is None:
            return
        text = v.as_text(column)
        text = pc.utf8_trim_whitespace((text.cast(pa.string()) if pa.types.is_dictionary(text.type) else text).fill_null(""))
        whole = pc.equal(pc.utf8_length(text), 10).to_numpy(zero_copy_only=False)
        self.whole[rule.name] = whole
        full = pc.if_else(pa.array(whole), pc.binary_join_element_wise(text, pa.scalar("T00:00:00"), ""), text)
        self._moments(rule, text, full)

    def _moments(self, rule: ColumnRule, shown: pa.Array, full: pa.Array) -> None:
        """Days need no zone: only the wall clock counts for them."""
        whole = self.whole[rule.name]
        days = v.parse_times(full, "UTC")
        times = v.parse_times(full, self.options.timezone)
        zone = ZoneInfo(self.options.timezone) if self.options.timezone else None
        utc, local = np.where(whole, days.utc, times.utc), np.where(whole, days.local, times.local)
        fault = np.where(whole, days.fault, times.fault)
        self.skipped = (fault == "time_no_such_hour") & (days.fault == "") & ~whole if zone is not None else np.zeros(self.n, bool)
        self.out[rule.name], self.out[f"{rule.name}_local"] = utc, np.where(self.skipped, days.local, local)
        bad = fault.copy()
        if "visitors" in self.layout.columns or "sessions" in self.layout.columns:
            bad[self.skipped] = ""  # judged with the count beside it
        if (bad != "").any():
            at = np.flatnonzero(bad != "")
            found = np.full(self.n, None, dtype=object)
            found[at] = v.texts_at(shown, at)
            self.faults(bad, rule.name, found)
        if rule.required:
            self.note(pc.equal(shown, "").to_numpy(zero_copy_only=False), "missing_value", rule.name, None)
        lone = v.apart(np.where(local >= 0, local, -1)) if rule.name in ("at", "received_at") else np.zeros(self.n, bool)
        if lone.any():
            self.note(lone, "time_apart", rule.name, np.datetime_as_string(local.astype("datetime64[s]")).astype(object))

    def across(self) -> None:
        out, t = self.out, self.table
        self._totals()
        if t.either:
            bare = np.ones(self.n, bool)
            for name in t.either:
                if name in out:
                    bare &= pd.isna(out[name])
            self.note(bare, "no_item", t.either[0], None, allowed=f"a value in {' or '.join(t.either)}")
        if t.kind == "prices":
            bare = np.ones(self.n, bool)
            for name in ("price", "discount"):
                bare &= out[name] < 0 if name in out else True
            self.note(bare, "no_item", "price", None, allowed="a value in price or discount")
            if "to" in out:
                self.note((out["to"] >= 0) & (out["to_local"] < out["from_local"]), "period_order", "to", None)
        if t.kind == "deliveries":
            supplier = pd.isna(out["order_id"]) if "order_id" in out else np.ones(self.n, bool)
            item = np.zeros(self.n, bool)
            for name in ("sku", "category"):
                item |= pd.notna(out[name]) if name in out else False
            self.note(supplier & ~item, "no_item", "sku", None, allowed="a value in sku or category for a supplier's delivery")
            lacks = supplier & (out["units"] < 0) if "units" in out else supplier
            self.note(lacks, "missing_value", "units", None)
        for name in ("visitors", "sessions"):
            if name in out:
                self.note((out[name] < 0) & (out[name] != v.MISSING), "below_zero", name, out[name].astype(object))
        if "store_id" in out and self.options.stores:
            known = np.isin(out["store_id"].astype(str), [*self.options.stores, "None"])
            near = {s: g for s in set(out["store_id"][~known]) if (g := nearest(str(s), list(self.options.stores)))}
            self.note(~known, "unknown_store", "store_id", out["store_id"], near, ", ".join(self.options.stores[:20]))
        if "on_hand" in out:
            low = (out["on_hand"] < 0) & (out["on_hand"] != v.MISSING)
            self.remark("negative_stock", low, "taken as 0: goods were sold that the books did not hold")
            out["on_hand"] = np.where(low, 0, out["on_hand"])
        self._clock()
        self._duplicates_by_key()

    def _totals(self) -> None:
        for name in ("store_id", "sku", "category", "device"):
            if name in self.out:
                last = np.array([str(x or "").casefold() in TOTAL_WORDS for x in self.out[name]], bool)
                self.note(last, "total_row", name, self.out[name])

    def _clock(self) -> None:
        """Hours beside a day, and the hours that a change of the clock skips or doubles."""
        out = self.out
        if "at" not in out:
            return
        moment = self.whole["at"].copy()
        if "hour" in out:
            hour = out["hour"]
            given = hour != v.MISSING
            self.note(given & ((hour < 0) | (hour > 23)), "hour_out_of_range", "hour", hour.astype(object))
            use = given & moment & (out["at_local"] >= 0)
            out["at_local"] = np.where(use, out["at_local"] + np.clip(hour, 0, 23) * HOUR_S, out["at_local"])
            moment &= ~given
            self._hours(use)
        self.whole["at"] = moment
        count = next((n for n in ("visitors", "sessions") if n in out), None)
        if count is not None and self.skipped.any():
            nothing = self.skipped & (out[count] == 0)
            self.remark("clock_skipped", nothing, "left out: the clock skipped that hour, and nobody came in it")
            self.dropped |= nothing
            shown = np.datetime_as_string(np.maximum(out["at_local"], 0).astype("datetime64[s]")).astype(object)
            self.note(self.skipped & ~nothing, "time_no_such_hour", "at", shown)

    def _hours(self, use: Flags) -> None:
        """UTC of hours told beside a day."""
        zone = self.options.timezone
        if zone is None or not use.any():
            self.out["at"] = np.where(use, self.out["at_local"], self.out["at"])
            return
        utc, gap = v.to_utc(self.out["at_local"][use], zone)
        self.out["at"][use] = utc
        self.skipped = self.skipped.copy()
        self.skipped[np.flatnonzero(use)[gap]] = True

    def _duplicates_by_key(self) -> None:
        names = [n for n in self.table.key if n in self.out]
        parts: dict[str, NDArray] = {n: pd.factorize(self.out[n])[0] for n in names}
        if "at" in self.whole:
            parts["whole"] = self.whole["at"]
        frame = pd.DataFrame(parts)
        frame["bad"] = np.isin(self.raw.row, self.findings.bad_rows()) | self.dropped
        again = frame.duplicated(keep="first").to_numpy() & ~frame["bad"].to_numpy()
        if "at" in self.out and again.any() and not self.whole["at"].all():
            twice = again & ~self.whole["at"] & self._doubled()
            self.remark("clock_doubled", twice, "kept as the second of two equal hours: the clock was set back")
            self.out["at"] = np.where(twice, self.out["at"] + HOUR_S, self.out["at"])
            again &= ~twice
        if again.any():
            self._twice(again)

    def _doubled(self) -> Flags:
        """Rows in an hour that the wall clock of the zone shows twice."""
        if self.options.timezone is None:
            return np.zeros(self.n, bool)
        local = self.out["at_local"]
        utc, _ = v.to_utc(local, self.options.timezone)
        return v.to_local(utc + HOUR_S, self.options.timezone) == local

    def _twice(self, again: Flags) -> None:
        """Second rows: left out where they say the same as the first, a fault where they do not."""
        names = [n for n in self.out if not n.endswith("_local")]
        whole = pd.DataFrame({n: pd.factorize(self.out[n])[0] for n in names}).duplicated().to_numpy()
        first = "received_at" if self.table.kind == "deliveries" else self.table.key[0]
        days: NDArray[np.int64] = self.out.get(f"{first}_local", np.zeros(self.n, np.int64)) // DAY_S
        same = again & whole
        if same.any():
            day, rows = np.unique(days[same], return_counts=True)
            total = np.array([(days == d).sum() for d in day])
            full = day[2 * rows >= total].tolist()
            words = ", ".join(str(np.datetime64(d, "D")) for d in full[:3])
            self.remark("duplicated_day" if full else "duplicate_row", same,
                        f"second copy left out{': ' + words + ' stood twice' if full else ''}")  # fmt: skip
            self.dropped = self.dropped | same
        shown = np.datetime_as_string(np.maximum(days, 0).astype("datetime64[D]")).astype(object)
        self.note(again & ~whole, "duplicate_row", first, shown)


def read_further(kind: str, path: Path, options: ReadOptions | None = None) -> FurtherTable:
    """A table beside the orders (CSV, CSV.gz, xlsx, Parquet), one of `schemas.FURTHER`.

    Raises OrderFileError when it is unusable as a whole or more rows are bad than `max_bad_rows` allows; InputError for
    another kind. Tests: tests/ingest/test_bad_tables.py.
    """
    path, options = Path(path), options or ReadOptions()
    if kind not in FURTHER:
        raise InputError(f"table: {kind!r}; allowed: {', '.join(FURTHER)}")
    checked_options(options)
    table = FURTHER[kind]
    with within_memory(path):
        raw = load(path, options.budget, known_names(table.columns))
        checker = _Further(raw, table, path.name, options)
        checker.ragged()
        checker.odd()
        for rule in table.columns:
            checker.check(rule)
        checker.across()
        return _finish(checker, path, options)


def _finish(c: _Further, path: Path, options: ReadOptions) -> FurtherTable:
    count = len(c.raw.row) + len(c.raw.ragged)
    bad = c.findings.bad_rows()
    rejects = c.findings.write_rejects(options.rejects) if bad.size and options.rejects is not None else None
    if bad.size > (options.max_bad_rows * count if options.max_bad_rows < 1 else options.max_bad_rows):
        raise c.findings.error(count, rejects)
    keep = ~np.isin(c.raw.row, bad) & ~c.dropped
    if not keep.any():
        raise file_error("header_only", path.name, "at least one sound row below the header")
    rows = _rows(c, keep)
    notes = (*c.raw.notes, *c.layout.notes)
    remarks = (*c.remarks, *rounded(c.findings.file, c.fractions("price", keep), options.currency))
    return FurtherTable(c.table.kind, path.name, file_hash(path), options.timezone or "", rows, count, int(bad.size), notes, remarks)


def _rows(c: _Further, keep: Flags) -> pd.DataFrame:
    data: dict[str, object] = {}
    digits = MINOR_DIGITS[c.options.currency]
    for rule in c.table.columns:
        name = rule.name
        found = c.out.get(name)
        if rule.kind == "moment":
            if c.table.kind == "prices":
                local = c.out.get(f"{name}_local")
                day = np.full(c.n, -1, np.int64) if local is None or found is None else np.where(found >= 0, local // DAY_S, -1)
                data[f"{name}_day"] = day[keep]
                continue
            assert found is not None
            data["local"], data["utc"], data["whole_day"] = c.out[f"{name}_local"][keep], found[keep], c.whole[name][keep]
        elif name == "hour" or rule.kind == "currency":
            continue
        elif rule.kind == "price":
            data[name] = (np.full(c.n, -1, np.int64) if found is None else np.where(found >= 0, v.line_value(np.ones(c.n, np.int64), found, digits), -1))[keep]
        elif rule.kind == "discount":
            data[name] = (np.full(c.n, np.nan) if found is None else np.where(found >= 0, found / 1e6, np.nan))[keep]
        elif rule.kind in ("whole", "count"):
            data[name] = (np.full(c.n, -1, np.int64) if found is None else found)[keep]
        else:
            data[name] = pd.Series((np.full(c.n, None, dtype=object) if found is None else found)[keep], dtype=object)
    data["file_row"] = c.raw.row[keep]
    frame = pd.DataFrame(data)
    if c.table.kind == "sessions":
        frame["channel"] = frame["channel"].where(frame["channel"].notna(), "web")
    order = [n for n in ("local", "utc", "from_day", "store_id", "order_id", "sku", "category", "channel") if n in frame]
    return frame.sort_values([*order, "file_row"], kind="stable").reset_index(drop=True)
