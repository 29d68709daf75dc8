"""The order file of the contract: text first, checked as a whole, then converted."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import available_timezones

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from omosim.ingest import values as v
from omosim.ingest.errors import InputError, file_error, within_memory
from omosim.ingest.findings import Findings
from omosim.ingest.layout import (
    CHOICE_WORDS,
    CURRENCY_WORDS,
    ORDER_COLUMNS,
    TOTAL_WORDS,
    ColumnRule,
    Layout,
    known_names,
    match_columns,
    nearest,
)
from omosim.ingest.orders import MINOR_DIGITS, OrderLog, Remark, RowClass, quality_table
from omosim.ingest.text import Budget, RawTable, load
from omosim.ingest.workbook import note_odd
from omosim.results.provenance import file_hash

LONGEST_ID = 120
#: how the numbers of each kind of column are judged
NUMBERS = {"count": v.count_rule, "price": v.price_rule, "whole": v.whole_rule, "discount": v.discount_rule}


@dataclass(frozen=True)
class ReadOptions:
    """How to read an order file."""

    max_bad_rows: float = 0  # bad rows that may be left out, below 1 a share of all; each is counted and written to rejects.csv
    timezone: str | None = None  # IANA zone of times without offset; None refuses them
    currency: str = "KRW"
    stores: tuple[str, ...] = ()  # known stores; empty: not checked
    rejects: Path | None = None  # where all faults are written
    budget: Budget = field(default_factory=Budget)


class Checker:
    """One pass over the columns of one file."""

    def __init__(self, raw: RawTable, layout: Layout, file: str, options: ReadOptions, rules: tuple[ColumnRule, ...] = ORDER_COLUMNS) -> None:
        self.raw, self.layout, self.options, self.rules = raw, layout, options, rules
        self.findings = Findings(file)
        self.n = len(raw.row)
        self.out: dict[str, NDArray] = {}
        self.told: dict[str, NDArray[np.bool_]] = {}  # cells of a column whose fault is named already

    def column(self, name: str) -> pa.Array | None:
        key = self.layout.columns.get(name)
        return None if key is None else self.raw.columns[key]

    def note(self, mask: NDArray[np.bool_], code: str, column: str, shown: NDArray[np.object_] | None,
             near: dict[str, str] | None = None, allowed: str | None = None) -> None:  # fmt: skip
        """Record the rows of `mask`."""
        at = np.flatnonzero(mask & ~self.told[column] if column in self.told else mask)
        if not at.size:
            return
        found: list[str | None] = [None] * at.size
        if shown is not None:
            found = [None if x is None else str(x) for x in shown[at]]
        rule = allowed or v.ALLOWED[code]
        if code == "time_format" and found[0]:
            rule = v.hint(code, found[0])
        self.findings.add(code, self.layout.titles.get(column, column), self.raw.row[at], found, rule, near)

    def faults(self, fault: NDArray[np.object_], column: str, shown: NDArray[np.object_]) -> None:
        """Record one finding per fault that occurs."""
        if (fault != "").any():
            for name in sorted(set(fault[fault != ""].tolist())):
                self.note(fault == name, name, column, shown)

    def check(self, rule: ColumnRule) -> None:
        column = self.column(rule.name)
        if column is None:
            return
        if rule.kind == "time":
            self._time(rule, column)
            return
        coded = v.code(column)
        shown = coded.text()
        if rule.required:
            self.note(coded.codes == -1, "missing_value", rule.name, None)
        if rule.kind in NUMBERS:
            judged = v.judge(coded, NUMBERS[rule.kind], v.MISSING if rule.kind == "whole" else -1)
            self.out[rule.name] = judged.number[coded.codes]
            self.faults(judged.fault[coded.codes], rule.name, shown)
        elif rule.kind == "choice":
            self._choice(rule, coded, shown)
        elif rule.kind == "currency":
            other = [CURRENCY_WORDS.get(t.casefold(), t.upper()) not in ("", self.options.currency) for t in coded.values]
            self.note(np.array([*other, False])[coded.codes], "other_currency", rule.name, shown, allowed=f"{self.options.currency}, as declared (currency=CODE)")
        else:
            place = rule.kind == "place"
            judged = v.judge(coded, lambda text: (0, v.text_fault(text, LONGEST_ID, place)))
            self.faults(judged.fault[coded.codes], rule.name, shown)
            names = np.array([*(_composed(t) for t in coded.values), None], dtype=object)
            self.out[rule.name] = names[coded.codes]

    def _time(self, rule: ColumnRule, column: pa.Array) -> None:
        times = v.parse_times(column, self.options.timezone)
        if (times.fault != "").any():
            bad = np.flatnonzero(times.fault != "")
            shown = np.full(self.n, None, dtype=object)
            shown[bad] = v.texts_at(column, bad)
            self.faults(times.fault, rule.name, shown)
        if rule.required:
            self.note((times.utc == -1) & (times.fault == ""), "missing_value", rule.name, None)
        self.out[rule.name] = times.utc
        if rule.name == "placed_at":
            self.out["placed_local"] = times.local
            lone = v.apart(times.utc)
            if lone.any():
                self.note(lone, "time_apart", rule.name, _seconds_shown(times.utc))

    def _choice(self, rule: ColumnRule, coded: v.Coded, shown: NDArray[np.object_]) -> None:
        words = [_word(t) for t in coded.values]
        strange = {t: w for t, w in zip(coded.values, words, strict=True) if w and w not in rule.choices}
        near = {t: g for t, w in strange.items() if (g := nearest(w, list(rule.choices)))}
        known = np.array([w in rule.choices or not w for w in words] + [True])
        self.note(~known[coded.codes], f"unknown_{rule.name}", rule.name, shown, near, ", ".join(rule.choices))
        self.out[rule.name] = np.array([*words, None], dtype=object)[coded.codes]

    def fractions(self, price: str, keep: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Rows of the file, of those kept, whose price has a part below the currency's only unit."""
        here = self.out.get(price)
        if here is None or MINOR_DIGITS[self.options.currency]:
            return np.zeros(0, np.int64)
        return self.raw.row[keep & (here >= 0) & (here % 10**6 != 0)]

    # ---- rules over several columns ---------------------------------------------------------------------
    def across(self) -> None:
        """Order of times, totals, duplicates, one shopper per order, stores."""
        out = self.out
        ids = out["order_id"]
        last = {i for i in range(max(0, self.n - 3), self.n) if str(ids[i] or "").casefold() in TOTAL_WORDS}
        total = np.zeros(self.n, bool)
        total[list(last)] = True
        self.note(total, "total_row", "order_id", ids)
        before = out["placed_at"]
        for name in ("ready_at", "collected_at", "returned_at"):
            if name in out:
                here = out[name]
                self.note((here >= 0) & (before >= 0) & (here < before), "time_order", name, _seconds_shown(here))
                before = np.maximum(before, here)
        codes, _ = pd.factorize(ids)
        if "shopper_id" in out:
            who, _ = pd.factorize(out["shopper_id"])
            first = np.full(codes.max(initial=0) + 1, -2, np.int64)
            order = np.flatnonzero(codes >= 0)[::-1]
            first[codes[order]] = who[order]
            self.note((codes >= 0) & (who != first[codes]), "order_conflict", "shopper_id", out["shopper_id"])
        self._duplicates(codes)
        if "fulfilment" in out and "store_id" in out:
            bare = (out["fulfilment"] == "pickup") & pd.isna(out["store_id"])
            self.note(bare, "pickup_without_store", "store_id", None)
        if self.options.stores and "store_id" in out:
            known = np.isin(out["store_id"].astype(str), [*self.options.stores, "None"])
            near = {s: g for s in set(out["store_id"][~known]) if (g := nearest(str(s), list(self.options.stores)))}
            self.note(~known, "unknown_store", "store_id", out["store_id"], near, ", ".join(self.options.stores[:20]))

    def _duplicates(self, order: NDArray[np.int64]) -> None:
        if "line_no" in self.out:
            frame = pd.DataFrame({"o": order, "l": self.out["line_no"]})
        else:
            names = [c for c in self.layout.columns if c in self.out]
            frame = pd.DataFrame({c: pd.factorize(self.out[c])[0] for c in names})
        again = frame.duplicated().to_numpy() & (order >= 0) & ~np.isin(self.raw.row, self.findings.bad_rows())
        self.note(again, "duplicate_line", "line_no" if "line_no" in self.out else "order_id", self.out["order_id"])

    def ragged(self) -> None:
        """Rows that are shorter or longer than the header."""
        for code_name, short in (("short_row", True), ("long_row", False)):
            rows = [r for r in self.raw.ragged if (r[2] < r[1]) == short]
            found: list[str | None] = [f"{r[2]} values, the header has {r[1]}: {r[3][:80]}" for r in rows]
            at = np.array([r[0] for r in rows], np.int64)
            self.findings.add(code_name, None, at, found, v.ALLOWED[code_name])


    def odd(self) -> None:
        """Cells of a workbook that do not hold what they seem to."""
        keys = {key: self.layout.titles[name] for name, key in self.layout.columns.items()}
        plain = {rule.name for rule in self.rules if rule.kind in ("id", "text", "choice", "place")}
        codes = frozenset(key for name, key in self.layout.columns.items() if name in plain)
        told = note_odd(self.raw, keys, codes, self.findings)
        for name, key in self.layout.columns.items():
            if key in told:
                self.told[name] = np.zeros(self.n, bool)
                self.told[name][told[key]] = True


def _word(text: str) -> str:
    """The allowed word that a channel, service or state means, else the word itself."""
    plain = unicodedata.normalize("NFC", text).casefold()
    return CHOICE_WORDS.get("".join(plain.split()), plain)


def _composed(text: str) -> str | None:
    return (text if text.isascii() else unicodedata.normalize("NFC", text)) or None


def _seconds_shown(utc: NDArray[np.int64]) -> NDArray[np.object_]:
    return np.datetime_as_string(utc.astype("datetime64[s]")).astype(object)


def places(file: str, rows: NDArray[np.int64]) -> str:
    """Rows in words, the first of them named."""
    return f"{file}, row{'s' if rows.size > 1 else ''} {', '.join(map(str, rows[:3].tolist()))}" + (" …" if rows.size > 3 else "")


def rounded(file: str, rows: NDArray[np.int64], currency: str) -> tuple[Remark, ...]:
    """What is said of prices with a fraction in a currency that has none; rows : of the file."""
    if not rows.size:
        return ()
    return (Remark("fraction_of_unit", places(file, rows), int(rows.size), f"prices with a fraction, and {currency} has none: rounded; prices of another currency need a twin that is made with it (currency=CODE)"),)


def checked_options(options: ReadOptions) -> None:
    """Raises InputError where a currency or a zone is not known."""
    if options.currency not in MINOR_DIGITS:
        raise InputError(f"currency: {options.currency!r}; allowed: {', '.join(MINOR_DIGITS)}")
    if options.timezone is not None and options.timezone not in available_timezones():
        raise InputError(f"timezone: {options.timezone!r}; allowed: an IANA name like Asia/Seoul")


def check_table(raw: RawTable, path: Path, options: ReadOptions) -> tuple[Checker, int]:
    """Check every row; returns the checker and the number of rows below the header."""
    checked_options(options)
    checker = Checker(raw, match_columns(raw, path.name), path.name, options)
    checker.ragged()
    checker.odd()
    for rule in ORDER_COLUMNS:
        checker.check(rule)
    checker.across()
    return checker, len(raw.row) + len(raw.ragged)


def read_orders(path: Path, options: ReadOptions = ReadOptions()) -> OrderLog:
    """The order file of the contract (CSV, CSV.gz, xlsx, Parquet) as an OrderLog.

    Raises OrderFileError when the file as a whole is unusable or more rows are bad than `max_bad_rows` allows; all
    faults then stand in `options.rejects`, as they do when bad rows were left out; of a long file most of whose first
    rows are bad, those of the first rows. Tests: tests/ingest/test_bad_files.py.
    """
    with within_memory(path):
        raw = load(path, options.budget, known_names(), look=lambda first: _refuse_by_first_rows(first, path, options))
        return finish(raw, path, options, "own")


def _refuse_by_first_rows(raw: RawTable, path: Path, options: ReadOptions) -> None:
    """Refuse a long file most of whose first rows are bad, and more of them than any number of rows allows.

    A few bad rows wait for the whole file, since its owner wants to see all of them at once.
    """
    checker, rows = check_table(raw, path, options)
    bad = checker.findings.bad_rows()
    most = options.max_bad_rows * options.budget.rows if options.max_bad_rows < 1 else options.max_bad_rows
    if bad.size > max(most, rows // 2):
        rejects = checker.findings.write_rejects(options.rejects) if options.rejects is not None else None
        raise checker.findings.error(rows, rejects, first=True)


def finish(raw: RawTable, path: Path, options: ReadOptions, adapter: str) -> OrderLog:
    """Check and convert a table in the contract's columns; see `read_orders`."""
    checker, rows = check_table(raw, path, options)
    findings = checker.findings
    bad = findings.bad_rows()
    rejects = findings.write_rejects(options.rejects) if bad.size and options.rejects is not None else None
    allowed = options.max_bad_rows * rows if options.max_bad_rows < 1 else options.max_bad_rows
    if bad.size > allowed:
        raise findings.error(rows, rejects)
    keep = ~np.isin(checker.raw.row, bad)
    if not keep.any():
        raise file_error("header_only", path.name, "at least one sound row below the header")
    code = np.full(rows, 2, np.int64)
    lines = lines_of_checker(checker, keep)
    code[: int(keep.sum())] = np.where(lines["shopper_id"].notna(), 0, 1)
    notes = (*checker.raw.notes, *checker.layout.notes)
    timezone = options.timezone or zone_of_offset(checker, keep)
    return OrderLog(
        path.name, file_hash(path), adapter, options.currency, timezone, lines, gone_back(lines),
        quality_table(code, OWN_CLASSES), rows, notes,
        rounded(path.name, checker.fractions("unit_price", keep), options.currency) if adapter == "own" else (),
    )  # fmt: skip


OWN_CLASSES = (
    RowClass("sale", "order line of a known shopper", "kept"),
    RowClass("sale_anonymous", "order line without shopper_id", "kept for volume, hours, values; not for repeat fits"),
    RowClass("bad_row", "row with at least one fault", "left out as asked (max_bad_rows); written to rejects.csv"),
)


def lines_of_checker(checker: Checker, keep: NDArray[np.bool_]) -> pd.DataFrame:
    """The `lines` of an OrderLog, of the rows that are kept."""
    out = checker.out
    n = int(keep.sum())
    data: dict[str, object] = {}
    for name in ("order_id", "shopper_id", "sku", "channel", "category", "store_id", "status", "fulfilment"):
        data[name] = out[name][keep] if name in out else np.full(n, None, dtype=object)
    data["placed_utc"] = out["placed_at"][keep]
    data["placed_local"] = out["placed_local"][keep]
    data["units"] = out["units"][keep]
    data["value"] = v.line_value(out["units"][keep], out["unit_price"][keep], MINOR_DIGITS[checker.options.currency])
    for name in ("promised_at", "ready_at", "collected_at", "returned_at"):
        data[name.replace("_at", "_utc")] = out[name][keep] if name in out else np.full(n, -1, np.int64)
    data["file_row"] = checker.raw.row[keep]
    text = {k: pd.Series(x, dtype=object) for k, x in data.items() if isinstance(x, np.ndarray) and x.dtype.kind == "O"}
    return pd.DataFrame({**data, **text})


def gone_back(lines: pd.DataFrame) -> pd.DataFrame:
    """The `cancelled` of an OrderLog, by the status and return time of its lines."""
    gone = lines[lines["status"].isin(["cancelled", "returned", "refused", "expired"]) | (lines["returned_utc"] >= 0)]
    lag = np.where(gone["returned_utc"] >= 0, gone["returned_utc"] - gone["placed_utc"], -1)
    return pd.DataFrame(
        {
            "value": gone["value"].to_numpy(),
            "lag_s": lag.astype(np.int64),
            "placed_utc": gone["placed_utc"].to_numpy(),
            "placed_local": gone["placed_local"].to_numpy(),
            "order_id": gone["order_id"].to_numpy(),
        }
    )


_ZONE_OF_OFFSET = {
    32400: "Asia/Seoul",
    28800: "Asia/Taipei",
    3600: "Europe/Paris",
    0: "Europe/London",
    -18000: "America/New_York",
}


def zone_of_offset(checker: Checker, keep: NDArray[np.bool_]) -> str:
    """A zone with the most frequent offset of the file."""
    offset = (checker.out["placed_local"] - checker.out["placed_at"])[keep]
    values, counts = np.unique(offset, return_counts=True)
    common = int(values[counts.argmax()])
    hours = common // 3600
    return _ZONE_OF_OFFSET.get(common, "Etc/GMT" + (f"{-hours:+d}" if hours else ""))
