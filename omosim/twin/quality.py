"""What is odd about a twin's data: each finding says where, how many rows, and what was done, or refuses the data.

A day without rows is a gap only where that is implausible: closed weekdays are known by their weeks, and a shop with few
orders has days without any. Zero counts are judged by a negative binomial with the mean of the same weekday in the weeks
around and the log's own dispersion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omosim.ingest.errors import InputError
from omosim.ingest.further import FurtherTable
from omosim.ingest.orders import Remark
from omosim.results.words import counted
from omosim.schema.days import date_text
from omosim.twin.tables import COLLECTED, DAY_S, Tables

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Severity = Literal["info", "warning", "refused"]
#: states of a day
OBSERVED, CLOSED, GAP, PARTIAL = range(4)
STATES = ("observed", "closed", "gap", "partial")
#: chance of a false gap in a whole log
FALSE_GAP = 0.01
#: findings that stop an ingest, unless the user says accept=[CODE]
REFUSED = ("price_jump", "too_many_gaps", "order_id_reused")
_AROUND = 8  # weeks to each side that say how many orders a weekday has
_JUMP, _STEP = np.log(5.0), np.log(2.0)
#: times what all but one order in a hundred have, from which an order is named
OUTLYING = 20.0


@dataclass(frozen=True)
class Finding:
    """One oddity of the data; version: of the ingest that found it, 0 this one."""

    code: str
    severity: Severity
    table: str
    place: str
    rows: int
    done: str
    version: int = 0


class DataRefused(InputError):
    """The rows can be read, but what they say cannot be believed."""


@dataclass
class Days:
    """The calendar of a log.

    first : days since 1970 of the first day; state : (days,) codes of `STATES`; channels : name -> (days,) whether its
    orders are observed; `end` is the day after the last
    """

    first: int
    state: Ints
    channels: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """Day after the last, since 1970."""
        return self.first + self.state.size

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(days,) whether the whole shop is observed, closed days among them."""
        return (self.state == OBSERVED) | (self.state == CLOSED)

    def date(self, at: int) -> str:
        """ISO date of a place in the arrays."""
        return date_text(self.first + int(at))


def refuse(findings: Sequence[Finding], accept: Collection[str]) -> None:
    """Raises DataRefused for findings that stop an ingest and that the user did not accept."""
    stop = [f for f in findings if f.severity == "refused" and f.code not in accept]
    if stop:
        lines = [f"{f.code}: {f.place}: {f.done}" for f in stop[:20]]
        codes = ",".join(dict.fromkeys(f.code for f in stop))
        raise DataRefused("\n".join([*lines, f"Correct the data; or, where they are right as they stand: accept=[{codes}]"]))


# ---- the calendar -----------------------------------------------------------------------------------------
def counts_of(local: Ints, first: int, days: int) -> Ints:
    """(days,) rows by local day."""
    at = local // DAY_S - first
    return np.bincount(at[(at >= 0) & (at < days)], minlength=days).astype(np.int64)


def closed_weekdays(counts: Ints, first: int) -> list[int]:
    """Weekdays (0 Monday) on which next to nothing is ever sold."""
    weekday = (first + 3 + np.arange(counts.size)) % 7
    total = max(1.0, counts.sum() / 7)
    return [w for w in range(7) if (c := counts[weekday == w]).size >= 4 and (c > 0).mean() < 0.1 and c.sum() < 0.05 * total]


def expected(counts: Ints, first: int, apart: NDArray[np.bool_]) -> tuple[Floats, float]:
    """(days,) mean orders of the same weekday in the weeks around, days of `apart` and the day's own zero run left out; and the dispersion."""
    n = counts.size
    mean = np.full(n, np.nan)
    for w in range(7):
        at = np.arange((w - (first + 3)) % 7, n, 7)
        x, use = counts[at].astype(float), ~apart[at]
        zero = x == 0
        run = np.cumsum(np.r_[True, zero[1:] != zero[:-1]]) if at.size else at
        for i in range(at.size):
            low, high = max(0, i - _AROUND), min(at.size, i + _AROUND + 1)
            take = use[low:high] & (run[low:high] != run[i] if zero[i] else np.arange(low, high) != i)
            if take.sum() >= 2:
                mean[at[i]] = x[low:high][take].mean()
    known = np.isfinite(mean)
    mean[~known] = mean[known].mean() if known.any() else counts.mean()
    usual = ~apart & (mean > 0) & (counts > 0)
    spread = float(np.median((counts[usual] - mean[usual]) ** 2 / mean[usual])) / 0.455 if usual.any() else 1.0
    return mean, max(1.0, spread)


def log_zero(mean: Floats, dispersion: float) -> Floats:
    """Log of the chance of no order on a day: negative binomial with variance `dispersion` times the mean."""
    if dispersion < 1.001:
        return -mean
    return -mean * np.log(dispersion) / (dispersion - 1)


def gaps(counts: Ints, first: int, apart: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(days,) days without rows that are no chance; a run of them is judged as one. apart: closed days, which never are."""
    mean, dispersion = expected(counts, first, apart)
    chance = np.where(apart, 0.0, log_zero(mean, dispersion))
    zero = (counts == 0) | apart
    out = np.zeros(counts.size, bool)
    start = np.flatnonzero(zero & ~np.r_[False, zero[:-1]])
    end = np.flatnonzero(zero & ~np.r_[zero[1:], False]) + 1
    for a, b in zip(start.tolist(), end.tolist(), strict=True):
        if chance[a:b].sum() < np.log(FALSE_GAP / max(1, counts.size)):
            out[a:b] = ~apart[a:b]
    return out


def calendar_of(tables: Tables, closed: Iterable[str] = (), as_of: int | None = None) -> tuple[Days, list[Finding]]:
    """Which days the orders cover, and what is odd about them.

    closed : ISO days on which the shop was closed; as_of : last day (since 1970), None: that of the last order
    """
    log = tables.orders
    local = log.lines.drop_duplicates("order_id")["placed_local"].to_numpy(np.int64)
    first = int(local.min()) // DAY_S
    last = int(local.max()) // DAY_S if as_of is None else as_of
    counts = counts_of(local, first, last - first + 1)
    days = Days(first, np.zeros(counts.size, np.int64))
    found: list[Finding] = []
    weekday = (first + 3 + np.arange(counts.size)) % 7
    shut = closed_weekdays(counts, first)
    apart = np.isin(weekday, shut)
    told = np.array([days.date(i) in set(closed) for i in range(counts.size)], bool)
    for i in np.flatnonzero(told & (counts > 0)).tolist():
        found.append(Finding("closed_with_orders", "warning", "orders", days.date(i), int(counts[i]),
                             f"told as closed, but there are orders: it counts as open; closed=[-{days.date(i)}] takes the word back"))  # fmt: skip
    apart = (apart | told) & (counts == 0)
    if shut:
        names = ", ".join(_WEEKDAYS[w] for w in shut)
        found.append(Finding("closed_weekday", "info", "orders", names, int(np.isin(weekday, shut).sum()), "days without orders there are closed days: 0 orders, no gap"))
    missing = gaps(counts, first, apart)
    lacking = (counts == 0) & ~apart
    if lacking.sum() > 0.4 * (~apart).sum() and np.median(counts[counts > 0]) >= 5:
        missing = lacking  # so many empty days that the days around them say nothing, between days that are busy
    days.state[apart] = CLOSED
    days.state[missing] = GAP
    for start, end in _runs(missing | apart):
        at = start + np.flatnonzero(missing[start:end])
        if not at.size:
            continue
        a, b, n = int(at[0]), int(at[-1]) + 1, int(at.size)  # closed days between two days of a gap belong to it
        found.append(Finding("gap", "warning", "orders", _period(days, a, b), n,
                             "not observed: no zeros are made of them. If the shop was closed: closed=[…] with these days"))  # fmt: skip
    if missing.sum() > 0.4 * max(1, (~apart).sum()):
        found.append(Finding("too_many_gaps", "refused", "orders", _period(days, 0, counts.size), int(missing.sum()),
                             f"{int(missing.sum())} of {int((~apart).sum())} open days have no rows; give the whole export"))  # fmt: skip
    found += _partial(days, local, counts)
    found += _channels(days, tables)
    return days, found


_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    start = np.flatnonzero(mask & ~np.r_[False, mask[:-1]])
    end = np.flatnonzero(mask & ~np.r_[mask[1:], False]) + 1
    return list(zip(start.tolist(), end.tolist(), strict=True))


def _period(days: Days, a: int, b: int) -> str:
    return days.date(a) if b - a == 1 else f"{days.date(a)} to {days.date(b - 1)}"


def _partial(days: Days, local: Ints, counts: Ints) -> list[Finding]:
    """A last day that ends before its usual hours is not a day's figure."""
    at = counts.size - 1
    same = np.arange(at - 7, max(-1, at - 63), -7)
    same = same[days.state[same] == OBSERVED] if same.size else same
    if same.size < 3 or counts[at] == 0:
        return []
    day, second = local // DAY_S - days.first, local % DAY_S
    latest = second[day == at].max()
    later = int((np.isin(day, same) & (second > latest)).sum()) / same.size
    if not local.size or np.unique(second).size < 24 or later < 5:
        return []
    days.state[at] = PARTIAL
    clock = f"{latest // 3600:02d}:{latest % 3600 // 60:02d}"
    return [Finding("partial_last_day", "warning", "orders", days.date(at), int(counts[at]),
                    f"ends at {clock}, after which such a day has {later:.0f} more orders; not observed until an update brings the rest")]  # fmt: skip


def _channels(days: Days, tables: Tables) -> list[Finding]:
    """When each channel is there: one that begins or ends midway, or that lacks days on which others sold."""
    orders = tables.orders.orders()
    found: list[Finding] = []
    n = days.state.size
    for name, part in orders.groupby(orders["channel"].fillna("web"), sort=True):
        counts = counts_of(part["placed_local"].to_numpy(np.int64), days.first, n)
        seen = days.seen.copy()
        used = np.flatnonzero(counts)
        if used.size == 0:
            continue
        a, b = int(used[0]), int(used[-1]) + 1
        inner = counts[a:b]
        shut = closed_weekdays(inner, days.first + a)
        weekday = (days.first + a + 3 + np.arange(b - a)) % 7
        apart = (np.isin(weekday, shut) | (days.state[a:b] != OBSERVED)) & (inner == 0)
        rate, dispersion = (inner[~apart].mean() if (~apart).any() else inner.mean()), max(1.0, _spread(inner[~apart]))
        nothing = lambda days_of: float(log_zero(np.full(1, rate), dispersion)[0]) * days_of  # noqa: B023 - called at once
        for low, high, code, words in ((0, a, "channel_begins", "not observed before: it may have begun then, or not been exported"),
                                       (b, n, "channel_ends", "not observed after: it may have ended then, or not been exported")):  # fmt: skip
            empty = int((days.state[low:high] == OBSERVED).sum())
            if empty >= 14 and nothing(empty) < np.log(0.001):
                edge = days.date(a) if code == "channel_begins" else days.date(b - 1)
                found.append(Finding(code, "warning", "orders", f"channel {name}, {edge}", empty, f"{words}; its series has no figures there"))
                seen[low:high] = False
        holes = gaps(inner, days.first + a, apart) & (inner == 0)
        for low, high in _runs(holes & days.seen[a:b]):
            found.append(Finding("channel_gap", "warning", "orders", f"channel {name}, {_period(days, a + low, a + high)}", high - low,
                                 "other channels sold, this one has no rows: neither it nor the total is observed"))  # fmt: skip
            seen[a + low : a + high] = False
            days.state[a + low : a + high] = GAP
        days.channels[str(name)] = seen
    for name in days.channels:
        days.channels[name] = days.channels[name] & days.seen
    return found


def _spread(counts: Ints) -> float:
    mean = counts.mean() if counts.size else 0.0
    return float(counts.var() / mean) if mean > 0 else 1.0


# ---- rows ----------------------------------------------------------------------------------------------------
def doubled_days(lines: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Order lines without the second copy of days that were loaded twice: every row of such a day has its equal."""
    names = [n for n in ("shopper_id", "sku", "channel", "store_id", "units", "value", "placed_local") if n in lines]
    sign = pd.util.hash_pandas_object(lines[names].astype({n: "string" for n in names if lines[n].dtype == object}), index=False).to_numpy()
    day = lines["placed_local"].to_numpy(np.int64) // DAY_S
    frame = pd.DataFrame({"day": day, "sign": sign})
    size = frame.groupby(["day", "sign"], sort=True).size()
    by_day = pd.DataFrame({"odd": size % 2, "one": 1}).groupby(level=0).sum()
    twice = by_day.index[(by_day["odd"] == 0) & (by_day["one"] >= 10)]
    if twice.empty:
        return lines, []
    which = frame.groupby(["day", "sign"], sort=False).cumcount().to_numpy()
    total = frame.groupby(["day", "sign"], sort=False)["sign"].transform("size").to_numpy()
    drop = np.isin(day, twice.to_numpy()) & (which >= total // 2)
    found = [
        Finding("duplicated_day", "warning", "orders", date_text(d), int((drop & (day == d)).sum()), "every row stood twice; the second copy is left out")
        for d in twice.tolist()
    ]
    return lines[~drop].reset_index(drop=True), found


def backward(lines: pd.DataFrame, file: str) -> list[Finding]:
    """Where a file that runs forward in time jumps back."""
    if "file_row" not in lines or len(lines) < 20:
        return []
    order = np.argsort(lines["file_row"].to_numpy(), kind="stable")
    step = np.diff(lines["placed_utc"].to_numpy(np.int64)[order])
    back = np.flatnonzero(step < -DAY_S)
    if back.size == 0 or back.size > 0.02 * (step != 0).sum():
        return []
    row = int(lines["file_row"].to_numpy()[order][back[0] + 1])
    return [Finding("time_backward", "info", "orders", f"{file}, row {row}", int(back.size), "time jumps back there; rows are put in the order of time")]


def price_jumps(lines: pd.DataFrame) -> list[Finding]:
    """Weeks in which prices are of another size than in the weeks before: a currency or a unit that changed."""
    use = lines[(lines["value"] > 0) & (lines["units"] > 0)]
    price = np.log(use["value"].to_numpy(float) / use["units"].to_numpy(float))
    week = use["placed_local"].to_numpy(np.int64) // (7 * DAY_S)
    if use["sku"].notna().mean() > 0.6:
        own = pd.Series(price).groupby(use["sku"].to_numpy()).transform("median").to_numpy()
        price = np.where(np.isnan(own), 0.0, price - own)
    day = use["placed_local"].to_numpy(np.int64) // DAY_S
    levels = pd.DataFrame({"week": week, "price": price}).groupby("week")["price"].agg(["median", "size"])
    levels = levels[levels["size"] >= 20]
    found = []
    for i in range(1, len(levels)):
        before = float(levels["median"].iloc[max(0, i - 4) : i].median())
        jump = float(levels["median"].iloc[i]) - before
        if abs(jump) > _STEP:
            near = (day // 7 >= levels.index[i] - 1) & (day // 7 <= levels.index[i])
            daily = pd.Series(price[near]).groupby(day[near]).median()
            at = date_text(daily.index[((daily - before) / jump > 0.5).to_numpy()][0])
            severe = abs(jump) > _JUMP
            factor = f"{np.exp(abs(jump)):.3g} times {'dearer' if jump > 0 else 'cheaper'}"
            done = f"prices become {factor}; allowed: one currency and one unit throughout" if severe else f"prices become {factor}; taken as they stand"
            found.append(Finding("price_jump" if severe else "price_step", "refused" if severe else "warning", "orders", f"from {at}", int(levels["size"].iloc[i]), done))
    return found


def outlying(lines: pd.DataFrame) -> list[Finding]:
    """Orders whose money or units are more than OUTLYING times what all but one in a hundred have: a typing error, or the order of a lifetime."""
    orders = lines.groupby("order_id", sort=False).agg(day=("placed_local", "min"), value=("value", "sum"), units=("units", "sum"))
    if len(orders) < 100:
        return []
    size = orders[["value", "units"]].to_numpy(np.float64)
    times = (size / np.maximum(np.quantile(size, 0.99, axis=0), 1.0)).max(axis=1)
    odd, most = int((times > OUTLYING).sum()), int(times.argmax())
    if not odd:
        return []
    place = f"order {orders.index[most]}, {date_text(int(orders['day'].iloc[most]) // DAY_S)}{f' and {odd - 1} more' if odd > 1 else ''}"
    return [Finding("outlying_order", "warning", "orders", place, odd, f"{times[most]:,.0f} times what all but one order in a hundred have in money or units; taken as it stands: if it is a typing error, correct it and update")]


def clock_changes(lines: pd.DataFrame, zone: str) -> list[Finding]:
    """Days on which the clock of the zone was changed, and the orders in the hour that came twice."""
    local = lines["placed_local"].to_numpy(np.int64)
    info = ZoneInfo(zone)
    found = []
    first, last = int(local.min()) // DAY_S, int(local.max()) // DAY_S
    start = datetime.fromtimestamp(first * DAY_S, UTC).replace(tzinfo=None)
    offsets = [(start + timedelta(days=i)).replace(tzinfo=info).utcoffset() or timedelta() for i in range(last - first + 2)]
    for i in range(last - first + 1):
        change = int((offsets[i + 1] - offsets[i]).total_seconds())
        if not change or not (on := local // DAY_S == first + i).any():
            continue
        day = date_text(first + i)
        if change > 0:
            found.append(Finding("clock_forward", "info", "orders", f"{day}, {zone}", int(on.sum()), f"the day has {24 - change / 3600:g} hours; none of them is a gap"))
            continue
        again = [h for h in range(24) if on.any() and _twice(first + i, h, info)]
        rows = int(np.isin(local[on] % DAY_S // 3600, again).sum())
        found.append(Finding("clock_back", "info", "orders", f"{day}, {zone}", rows, f"the hour of {again[0] if again else 0:02d}:00 came twice; times without offset in it are read as the first"))
    return found


def _twice(day: int, hour: int, info: ZoneInfo) -> bool:
    wall = datetime.fromtimestamp(day * DAY_S + hour * 3600, UTC).replace(tzinfo=info)
    return wall.replace(fold=1).utcoffset() != wall.utcoffset() and wall.astimezone(UTC).astimezone(info).replace(tzinfo=None) == wall.replace(tzinfo=None)


def remarks(said: Iterable[Remark], kind: str) -> list[Finding]:
    """What a reader did with rows that it took otherwise than they stand."""
    return [Finding(r.code, "warning" if r.code in ("negative_stock", "duplicated_day", "fraction_of_unit") else "info", kind, r.place, r.rows, r.done) for r in said]


def of_table(table: FurtherTable, orders: pd.DataFrame) -> list[Finding]:
    """Findings of a table beside the orders: what the reader said, and places that no order knows."""
    return [*remarks(table.remarks, table.kind), *beside(table.kind, table.rows, orders, table.file)]


def beside(kind: str, table: pd.DataFrame, orders: pd.DataFrame, file: str) -> list[Finding]:
    """Places and order numbers of a table that no order knows. file : whose rows they are, to be named"""
    found = []
    if "store_id" in table:
        stores = set(orders["store_id"].dropna())
        strange = sorted(set(table["store_id"].dropna()) - stores)
        if stores and strange:
            n = int(table["store_id"].isin(strange).sum())
            found.append(Finding("store_without_orders", "info", kind, ", ".join(strange[:5]) + (" …" if len(strange) > 5 else ""), n, "kept; no order names it"))
    if kind == "deliveries" and table["order_id"].notna().any():
        own = table[table["order_id"].notna()]
        placed = own["order_id"].map(orders.groupby("order_id")["placed_utc"].min())
        for code, off, done in (("order_unknown", placed.isna(), "kept; no order has that number yet"),
                                ("delivered_before_placed", own["utc"] < placed - DAY_S * own["whole_day"], "not taken as the order's handing over")):  # fmt: skip
            if off.any():
                rows = own[off.to_numpy()]
                place = f"{file}, row {int(rows['file_row'].min())}: order {str(rows['order_id'].iloc[0])[:40]}" if "file_row" in rows else ""
                found.append(Finding(code, "info" if code == "order_unknown" else "warning", "deliveries", place, len(rows), done))
    return found


# ---- stock ---------------------------------------------------------------------------------------------------
def reconcile(tables: Tables) -> pd.DataFrame:
    """Each count beside the one before it: opening + received + returned - sold against what was counted.

    A row for each pair of counts of a place and item: store_id, item, from_local, to_local, opening, received, sold,
    returned, expected, counted, residual (units). Empty without two counts of anything.
    """
    columns = ["store_id", "item", "from_local", "to_local", "opening", "received", "sold", "returned", "expected", "counted", "residual"]
    stock = tables.further.get("stock")
    if stock is None:
        return pd.DataFrame(columns=columns)
    by = "sku" if stock["sku"].notna().any() else "category"
    lines = tables.orders.lines
    gone = lines[lines["store_id"].notna() & ~lines["status"].isin(["cancelled", "expired", "refused"])]
    moves = [_moves(gone, by, "placed_local", -1)]
    back = gone[(gone["returned_utc"] >= 0)]
    back = back.assign(back_local=back["returned_utc"] + back["placed_local"] - back["placed_utc"])
    moves.append(_moves(back, by, "back_local", 1))
    came = tables.further.get("deliveries")
    if came is not None:
        moves.append(_moves(came[came["order_id"].isna() & came["store_id"].notna()], by, "local", 1))
    out = []
    for (store, item), counts in stock.groupby(["store_id", by], sort=True):
        if len(counts) < 2:
            continue
        at, hand = counts["local"].to_numpy(np.int64), counts["on_hand"].to_numpy(np.int64)
        flow = [_between(m, (str(store), str(item)), at) for m in moves]
        sold, returned = -flow[0], flow[1]
        received = flow[2] if len(flow) > 2 else np.zeros(at.size - 1, np.int64)
        hope = hand[:-1] + received + returned - sold
        for i in range(at.size - 1):
            out.append((store, item, at[i], at[i + 1], hand[i], received[i], sold[i], returned[i], hope[i], hand[i + 1], hand[i + 1] - hope[i]))
    return pd.DataFrame(out, columns=columns)


def _moves(frame: pd.DataFrame, by: str, when: str, sign: int) -> dict[tuple[str, str], tuple[Ints, Ints]]:
    """(place, item) -> times ascending and running sums of signed units."""
    out = {}
    for (store, item), part in frame[frame[by].notna()].sort_values(when, kind="stable").groupby(["store_id", by], sort=False):
        out[str(store), str(item)] = part[when].to_numpy(np.int64), sign * np.cumsum(part["units"].to_numpy(np.int64))
    return out


def _between(moves: dict[tuple[str, str], tuple[Ints, Ints]], key: tuple[str, str], at: Ints) -> Ints:
    times, sums = moves.get(key, (np.zeros(0, np.int64), np.zeros(0, np.int64)))
    total = np.r_[0, sums][np.searchsorted(times, at, side="left")]
    return np.diff(total)


def stock_findings(tables: Tables) -> list[Finding]:
    """Counts that the flows do not explain, the worst places named."""
    table = reconcile(tables)
    if table.empty:
        return []
    if "deliveries" not in tables.further:
        return [Finding("stock_without_deliveries", "info", "stock", "all places", len(table), "counts cannot be held against flows: what came in is not told (deliveries=FILE)")]
    moved = float((table["sold"] + table["received"]).sum())
    off = table[table["residual"] != 0]
    if off.empty:
        return []
    size = off["residual"].abs()
    worst = off.loc[size.sort_values(ascending=False, kind="stable").index[:3]]
    words = "; ".join(
        f"{s} {i} until {np.datetime64(t, 's').astype('datetime64[D]')}: {r:+d}"
        for s, i, t, r in zip(*(worst[n].tolist() for n in ("store_id", "item", "to_local", "residual")), strict=True)
    )
    share = float(size.sum()) / max(1.0, moved)
    return [Finding("stock_unreconciled", "warning" if share > 0.05 else "info", "stock", words, len(off),
                    f"{share:.1%} of the units moved are not explained by sales, returns and deliveries; the count is taken, the rest is shrinkage or unrecorded flow")]  # fmt: skip


def unserved(lines: pd.DataFrame, pickup: bool) -> list[Finding]:
    """Orders that are picked up in stores, where the twin's strategy has no pickup. pickup : whether it has one"""
    picked = lines["fulfilment"].isin(COLLECTED) if "fulfilment" in lines else np.zeros(len(lines), bool)
    orders = int(lines.loc[picked, "order_id"].nunique())
    if pickup or not orders:
        return []
    return [Finding("no_pickup", "warning", "orders", "strategy", int(picked.sum()),
                    f"{counted(orders, 'order')} {'is' if orders == 1 else 'are'} picked up and the twin's strategy has no pickup: its members neither foretell nor plan them; make it with one that has, like strategy=o2o")]  # fmt: skip


def covering(tables: Tables, days: Days) -> list[Finding]:
    """Tables beside the orders that cover only a part of their span."""
    found = []
    for kind in ("traffic", "sessions"):
        if kind in tables.further:
            at = np.unique(tables.further[kind]["local"].to_numpy(np.int64) // DAY_S) - days.first
            at = at[(at >= 0) & (at < days.state.size)]
            open_days = int((days.state == OBSERVED).sum())
            if at.size < 0.98 * open_days:
                place = f"{days.date(at[0])} to {days.date(at[-1])}" if at.size else "no day of the orders"
                found.append(Finding("covers_part", "info", kind, place, int(at.size), f"{at.size} of {open_days} open days; the others are not observed"))
    return found
