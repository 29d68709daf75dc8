"""Strings to numbers and times, distinct values at a time: each value is judged once, however often it occurs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

FIRST_YEAR, LAST_YEAR = 1990, 2059
MAX_UNITS = 10_000_000
MAX_PRICE = 10**9
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Coded:
    """A text column as codes into its distinct values; -1 is an empty cell."""

    codes: NDArray[np.int64]
    values: list[str]

    def text(self) -> NDArray[np.object_]:
        """(n,) strings, None where empty."""
        return np.array([*self.values, None], dtype=object)[self.codes]


def as_text(column: pa.Array) -> pa.Array:
    """Typed (Parquet) columns as the text that a CSV would hold; strings and dictionaries stay."""
    kind = column.type
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column
    if pa.types.is_timestamp(kind):
        pattern = "%Y-%m-%dT%H:%M:%S%z" if kind.tz else "%Y-%m-%dT%H:%M:%S"
        return pc.strftime(column.cast(pa.timestamp("s", kind.tz), safe=False), format=pattern)
    if pa.types.is_floating(kind):
        return pa.array([None if v is None else repr(v) for v in column.to_pylist()], pa.string())
    return column.cast(pa.string())


def code(column: pa.Array) -> Coded:
    """Distinct values of a column; blanks at the ends are cut, an empty cell is missing."""
    text = as_text(column)
    coded = text if pa.types.is_dictionary(text.type) else text.dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    values = [("" if v is None else v.strip()) for v in coded.dictionary.to_pylist()]
    if "" in values:
        empty = np.array([v == "" for v in values] + [True])
        codes = np.where(empty[codes], -1, codes)
    return Coded(codes, values)


def texts_at(column: pa.Array, at: Ints) -> list[str | None]:
    """Values of some rows for showing; equal ones are one object, however many rows hold them."""
    picked = as_text(column).take(pa.array(at))
    coded = picked if pa.types.is_dictionary(picked.type) else picked.dictionary_encode()
    used, back = np.unique(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), return_inverse=True)
    values = coded.dictionary.take(pa.array(used, pa.int64(), mask=used < 0)).to_pylist()
    return [values[i] for i in back.tolist()]


@dataclass(frozen=True)
class Judged:
    """Numbers of a column and the fault of each distinct value ('' when sound)."""

    number: Ints  # (distinct + 1,), the last one for empty cells
    fault: NDArray[np.object_]


def judge(coded: Coded, rule: Callable[[str], tuple[int, str]], empty: int = -1) -> Judged:
    """Apply `rule` (value -> number, fault) to each distinct value that occurs."""
    number = np.full(len(coded.values) + 1, empty, np.int64)
    fault = np.full(len(coded.values) + 1, "", dtype=object)
    for i, value in enumerate(coded.values):
        if value:
            number[i], fault[i] = rule(value)
    return Judged(number, fault)


# ---- counts and prices -------------------------------------------------------------------------------------
_COUNT = re.compile(r"[0-9]{1,18}(\.0+)?\Z", re.ASCII)
_PRICE = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?\Z", re.ASCII)


def count_rule(value: str) -> tuple[int, str]:
    """Units: a whole number from 1 to ten million, plain digits."""
    if _COUNT.match(value):
        n = int(value.split(".")[0])
        if n == 0:
            return 0, "units_zero"
        return (n, "") if n <= MAX_UNITS else (0, "units_too_large")
    if value.startswith("-"):
        return 0, "units_negative"
    return 0, "units_not_a_number"


def price_rule(value: str) -> tuple[int, str]:
    """Prices in millionths of a major unit: plain digits with a point, from 0 to a billion."""
    found = _PRICE.match(value)
    if found is None:
        return 0, "price_negative" if value.startswith("-") else "price_not_a_number"
    if int(found[1]) > MAX_PRICE:
        return 0, "price_too_large"
    millionths = (int(found[1] + (found[2] or "").ljust(9, "0")) + 500) // 1000
    return millionths, ""


MISSING = -(1 << 62)  # of a column that may hold numbers below 0
_WHOLE = re.compile(r"-?[0-9]{1,18}(\.0+)?\Z", re.ASCII)
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)(%?)\Z", re.ASCII)


def whole_rule(value: str) -> tuple[int, str]:
    """A whole number up to ten million either way, plain digits; whether it may be below 0 is its table's affair."""
    if _WHOLE.match(value):
        n = int(value.split(".")[0])
        return (n, "") if abs(n) <= MAX_UNITS else (0, "number_too_large")
    return 0, "not_a_whole_number"


def discount_rule(value: str) -> tuple[int, str]:
    """A share in millionths: 0.2 or 20%; 20 without its sign could be either and is refused."""
    found = _SHARE.match(value)
    if found is None:
        return 0, "discount_not_a_share"
    share = float(found[1]) / (100 if found[2] else 1)
    return (round(share * 1e6), "") if share <= 1 else (0, "discount_not_a_share")


def line_value(units: Ints, price_millionths: Ints, minor_digits: int) -> Ints:
    """Minor units of units x price, rounded half to even once per line; exact integers."""
    unit = 10 ** (6 - minor_digits)
    whole, part = price_millionths // unit, price_millionths % unit
    rest = units * part
    minor = rest // unit
    twice = 2 * (rest - minor * unit)
    up = (twice > unit) | ((twice == unit) & ((units * whole + minor) % 2 == 1))
    return units * whole + minor + up.astype(np.int64)


# ---- text ----------------------------------------------------------------------------------------------------
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    name = unicodedata.name(char, "")
    return next((s for s in _SCRIPTS if name.startswith(s)), "")


def text_fault(value: str, longest: int, path_like: bool = False) -> str:
    """Why a text cannot be a name, '' when it can; ASCII takes the short way."""
    if len(value) > longest:
        return "value_too_long"
    if value.isascii():
        if not value.isprintable():
            return "hidden_character"
    else:
        if any(unicodedata.category(c) in _HIDDEN for c in value):
            return "hidden_character"
        if len({s for c in value if (s := _script(c))}) > 1:
            return "mixed_alphabets"
    if path_like and ("/" in value or "\\" in value or ".." in value):
        return "not_a_place"
    return ""


# ---- times ---------------------------------------------------------------------------------------------------
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z", re.ASCII)
_REST = re.compile(
    r"[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]{1,9})?)?[ ]?(Z|z|[+-][0-9]{2}:?(?:[0-9]{2})?)?\Z", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_TIME = 64  # bytes
_NAIVE = 10**9  # offset of a time without zone


@dataclass(frozen=True)
class Times:
    """A column of times."""

    utc: Ints  # seconds since 1970, -1 where empty
    local: Ints  # the same on the wall clock of the row's own offset
    fault: NDArray[np.object_]  # per row, '' when sound


def _date_rule(value: str) -> tuple[int, str]:
    found = _DATE.match(value)
    if found is None:
        return 0, "time_format"
    year, month, day = (int(v) for v in found.groups())
    try:
        days = date(year, month, day).toordinal() - _EPOCH.date().toordinal()
    except ValueError:
        return 0, "time_no_such_day"
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return 0, "time_year"
    return days * 86400, ""


def _rest_rule(value: str) -> tuple[int, int, str]:
    found = _REST.match(value)
    if found is None:
        return 0, 0, "time_format"
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        return 0, 0, "time_no_such_hour"
    zone = found[4]
    if not zone:
        return hour * 3600 + minute * 60 + second, _NAIVE, ""
    offset = 0
    if zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
        if hours > 14 or minutes > 59:
            return 0, 0, "time_offset"
        offset = (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
    return hour * 3600 + minute * 60 + second, offset, ""


def parse_times(column: pa.Array, zone: str | None) -> Times:
    """ISO 8601 text to seconds; `zone` (IANA) is that of times without offset, None refuses them."""
    text = as_text(column)
    if not pa.types.is_dictionary(text.type):
        return _times(text, zone)
    each = _times(text.dictionary, zone)
    at = text.indices.fill_null(-1).to_numpy(zero_copy_only=False)  # the value behind the last one is an empty cell
    return Times(np.append(each.utc, -1)[at], np.append(each.local, -1)[at], np.append(each.fault, "")[at])


def _times(text: pa.Array, zone: str | None) -> Times:
    text = pc.utf8_trim_whitespace(text.fill_null(""))
    text = pc.if_else(pc.greater(pc.binary_length(text), _LONGEST_TIME), "no time", text)
    empty = pc.equal(text, "").to_numpy(zero_copy_only=False)
    day = code(pc.utf8_slice_codeunits(text, 0, 10))
    rest = pc.utf8_slice_codeunits(text, 10).dictionary_encode()
    rest_code = rest.indices.to_numpy(zero_copy_only=False)
    days = judge(day, _date_rule)
    parts = [_rest_rule(v) for v in rest.dictionary.to_pylist()]
    seconds = np.array([p[0] for p in parts], np.int64)[rest_code]
    offset = np.array([p[1] for p in parts], np.int64)[rest_code]
    rest_fault = np.array([p[2] for p in parts], dtype=object)[rest_code]
    fault = days.fault[day.codes]
    fault = np.where(fault == "", rest_fault, fault)
    local = days.number[day.codes] + seconds
    naive = (offset == _NAIVE) & (fault == "")
    utc = local - np.where(naive, 0, offset)
    if naive.any():
        if zone is None:
            fault = np.where(naive, "time_without_offset", fault)
        else:
            utc[naive], gap = to_utc(local[naive], zone)
            fault[naive] = np.where(gap, "time_no_such_hour", "")
    fault = np.where(empty, "", fault)
    sound = (fault == "") & ~empty
    return Times(np.where(sound, utc, -1), np.where(sound, local, -1), fault)


def apart(utc: Ints) -> NDArray[np.bool_]:
    """Rows whose time lies so far before or after all others that it must be a slip; -1 (no time) never.

    Fewer than 1 row in 100, across a stretch without any row that is longer than 90 days and than 20 of the other
    rows' mean steps from one day to the next. Such a row would stretch the log and move what is held out.
    """
    day = utc // 86_400
    days, rows = np.unique(day[utc >= 0], return_counts=True)
    if days.size < 3:
        return np.zeros(utc.size, bool)
    before = np.cumsum(rows)
    few = 0.01 * before[-1]
    core = (before > few) & (before[-1] - before + rows > few)
    first, last = np.flatnonzero(core)[[0, -1]] if core.any() else (0, days.size - 1)
    wide = max(90.0, 20.0 * float(days[last] - days[first]) / max(1, last - first))
    step = np.diff(days)
    early, late = np.flatnonzero(step[:first] > wide), np.flatnonzero(step[last:] > wide)
    low = days[early[-1] + 1] if early.size else days[0]
    high = days[last + late[0]] if late.size else days[-1]
    return (utc >= 0) & ((day < low) | (day > high))


def to_utc(local: Ints, zone: str) -> tuple[Ints, NDArray[np.bool_]]:
    """Wall clock of a zone to UTC, and where the clock skipped that hour; the first of two equal hours is taken."""
    info = ZoneInfo(zone)
    hours, back = np.unique(local // 1800, return_inverse=True)
    offsets = np.empty(len(hours), np.int64)
    gap = np.zeros(len(hours), bool)
    for i, half_hour in enumerate(hours.tolist()):
        wall = (_EPOCH + timedelta(seconds=half_hour * 1800)).replace(tzinfo=info)
        shift = wall.utcoffset()
        offsets[i] = int(shift.total_seconds()) if shift is not None else 0
        gap[i] = wall.astimezone(UTC).astimezone(info).replace(tzinfo=None) != wall.replace(tzinfo=None)
    return local - offsets[back], gap[back]


def to_local(utc: Ints, zone: str) -> Ints:
    """Wall-clock seconds of UTC seconds in a zone."""
    info = ZoneInfo(zone)
    hours, back = np.unique(utc // 1800, return_inverse=True)
    offsets = [datetime.fromtimestamp(h * 1800, info).utcoffset() or timedelta() for h in hours.tolist()]
    shift = np.array([int(o.total_seconds()) for o in offsets], np.int64)
    return utc + (shift[back] if len(hours) else np.zeros(0, np.int64))


def hint(code_name: str, value: str) -> str:
    """A cure for a fault, after what the value looks like."""
    if code_name == "time_format":
        if re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", value):
            return "ISO 8601 with offset; this is an Excel serial day: format the column as date in xlsx, as text before saving CSV"
        if re.fullmatch(r"[0-9]{10}|[0-9]{13}", value):
            return "ISO 8601 with offset; this is a count of seconds since 1970: write it as a date"
        if re.match(r"[0-9]{4}[./]", value) or "오전" in value or "오후" in value:
            return "ISO 8601 with offset, with hyphens and a clock of 24 hours, like 2025-03-01T14:05:00+09:00"
        if re.match(r"[0-9]{1,2}[/.][0-9]{1,2}[/.]", value):
            return "ISO 8601 with offset; day and month cannot be told apart in d/m/y"
    return ALLOWED.get(code_name, "")


ALLOWED: dict[str, Any] = {
    "missing_value": "a value in each row",
    "units_zero": "whole units from 1",
    "units_negative": "whole units from 1; a return is returned_at or status 'returned' on its own sale",
    "units_too_large": f"whole units up to {MAX_UNITS:,}",
    "units_not_a_number": "whole units in plain digits (no comma, point, exponent or full-width digits)",
    "price_negative": "a price from 0",
    "price_too_large": f"a price up to {MAX_PRICE:,}",
    "price_not_a_number": "a price in plain digits with a point (no currency sign, no thousands comma)",
    "value_too_long": "at most 120 characters",
    "hidden_character": "visible characters only (no control, direction or zero-width characters)",
    "mixed_alphabets": "letters of one alphabet (a Cyrillic or Greek letter looks like a Latin one)",
    "not_a_place": "a store's name without / \\ or ..",
    "time_format": "ISO 8601 with offset, like 2025-03-01T14:05:00+09:00",
    "time_no_such_day": "a day that exists",
    "time_no_such_hour": "hours 00-23, minutes and seconds 00-59, on the clock of the zone",
    "time_year": f"years {FIRST_YEAR} to {LAST_YEAR}",
    "time_apart": "a time near those of the other rows: fewer than 1 in 100 rows, more than 90 days before or after the rest",
    "time_offset": "an offset up to 14 hours",
    "time_without_offset": "ISO 8601 with offset, like 2025-03-01T14:05:00+09:00 (or declare timezone=Asia/Seoul)",
    "time_order": "placed_at <= ready_at <= collected_at <= returned_at",
    "duplicate_line": "each (order_id, line_no) once; without line_no no two equal rows",
    "order_conflict": "one shopper per order_id",
    "pickup_without_store": "a store_id for fulfilment 'pickup'",
    "total_row": "order lines only; delete the total row",
    "short_row": "as many values as the header has names",
    "long_row": "as many values as the header has names",
    "unknown_store": "a store of the network",
    "not_a_whole_number": "a whole number in plain digits (no comma, point, exponent or full-width digits)",
    "number_too_large": f"a whole number up to {MAX_UNITS:,}",
    "below_zero": "a whole number from 0",
    "discount_not_a_share": "a share from 0 to 1, like 0.2, or with its sign, like 20%",
    "no_item": "a value in at least one of these columns",
    "period_order": "from <= to",
    "hour_out_of_range": "an hour from 0 to 23, beside a day",
    "duplicate_row": "each place, item and time once",
}
