"""Daily series that data and runs are compared by; a day that was not observed is NaN, never 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omosim.schema.days import date_of
from omosim.twin.quality import CLOSED, Days, calendar_of
from omosim.twin.tables import COLLECTED, DAY_S, OWN_RETURNS, Tables

Floats = NDArray[np.float64]
CATEGORIES = 12  # with a series of their own, those with most units
_BLIND_DAYS = 56  # at the beginning, in which customers of old look like new ones


@dataclass(frozen=True)
class Panel:
    """Series by day.

    Parameters
    ----------
    first : first day
    days : how many
    series : name -> (days,) float64; NaN where not observed. `orders`, `revenue`, `orders.CHANNEL`, `revenue.CHANNEL`,
        `units.CATEGORY`, `pickups` (orders to be collected, by the day placed), `returned_units` (by the day they came back),
        `returned_value`, `new_customers`, `sessions.CHANNEL`, `traffic`, `traffic.STORE`, `stockout_share`
    units : name -> unit
    hourly : name -> (days, 24) by hour placed: `orders`, `pickup_load`
    """

    first: date
    days: int
    series: dict[str, Floats]
    units: dict[str, str]
    hourly: dict[str, Floats] = field(default_factory=dict)

    def dates(self) -> list[str]:
        """(days,) ISO dates."""
        return [str(self.first + timedelta(days=i)) for i in range(self.days)]

    def part(self, start: int, end: int) -> Panel:
        """Days start to end, end exclusive."""
        cut = {n: x[start:end] for n, x in self.series.items()}
        return Panel(self.first + timedelta(days=start), end - start, cut, self.units, {n: x[start:end] for n, x in self.hourly.items()})

    def weekly(self) -> tuple[list[str], dict[str, Floats]]:
        """Mondays and sums of whole weeks; a week with a day that was not observed is NaN. Shares are means."""
        skip = -self.first.weekday() % 7
        weeks = (self.days - skip) // 7
        starts = [str(self.first + timedelta(days=skip + 7 * i)) for i in range(max(0, weeks))]
        block = lambda x: x[skip : skip + 7 * weeks].reshape(weeks, 7)
        out = {n: block(x).mean(axis=1) if self.units.get(n) == "share" else block(x).sum(axis=1) for n, x in self.series.items()} if weeks > 0 else {}
        return starts, out

    def columns(self) -> dict[str, list[object]]:
        """As a long table: date, series, unit, value (None where not observed), ordered by series and date."""
        dates = self.dates()
        rows: dict[str, list[object]] = {"date": [], "series": [], "unit": [], "value": []}
        for name in sorted(self.series):
            rows["date"] += dates
            rows["series"] += [name] * self.days
            rows["unit"] += [self.units[name]] * self.days
            rows["value"] += [None if np.isnan(v) else float(v) for v in self.series[name]]
        return rows


def series_of(table: Mapping[str, Sequence[Any]]) -> dict[str, Floats]:
    """Series -> (days,) of a table of `Panel.columns`, NaN where not observed."""
    out: dict[str, list[float]] = {}
    for name, value in zip(table["series"], table["value"], strict=True):
        out.setdefault(name, []).append(np.nan if value is None else float(value))
    return {name: np.array(values) for name, values in out.items()}


def panel_of_log(tables: Tables, days: Days | None = None) -> Panel:
    """The series of a retailer's own data.

    days : which days are observed, None: found from the tables. Orders count on the day they were placed, whatever became
    of them later; goods that came back on the day they did.
    """
    if days is None:
        days, _ = calendar_of(tables)
    made = _Maker(tables, days)
    made.sales()
    made.back()
    made.beside()
    return Panel(date_of(days.first), days.state.size, made.series, made.units, made.hourly)


class _Maker:
    """Series of one log."""

    def __init__(self, tables: Tables, days: Days) -> None:
        self.tables, self.days, self.n = tables, days, days.state.size
        self.series: dict[str, Floats] = {}
        self.units: dict[str, str] = {}
        self.hourly: dict[str, Floats] = {}
        self.seen = days.seen

    def put(self, name: str, unit: str, local: NDArray, weight: NDArray | None = None, seen: NDArray[np.bool_] | None = None) -> None:
        """A series of rows by their local second; NaN where not seen."""
        at = local // DAY_S - self.days.first
        use = (at >= 0) & (at < self.n)
        x = np.bincount(at[use], None if weight is None else weight[use], minlength=self.n).astype(np.float64)
        self.series[name], self.units[name] = np.where(self.seen if seen is None else seen, x, np.nan), unit

    def put_hours(self, name: str, local: NDArray) -> None:
        """(days, 24) rows by hour."""
        at = local // 3600 - self.days.first * 24
        x = np.bincount(at[(at >= 0) & (at < 24 * self.n)], minlength=24 * self.n).astype(np.float64).reshape(self.n, 24)
        self.hourly[name] = np.where(self.seen[:, None], x, np.nan)

    def sales(self) -> None:
        """Orders, revenue, units, pickups, new customers."""
        lines, orders = self.tables.orders.lines, self.tables.orders.orders()
        local, value = orders["placed_local"].to_numpy(np.int64), orders["value"].to_numpy(np.float64)
        channel = orders["channel"].fillna("web").to_numpy()
        self.put("orders", "orders", local)
        self.put("revenue", "minor", local, value)
        clocks = np.unique(local % DAY_S).size > 1  # a log of days alone has no hours
        if clocks:
            self.put_hours("orders", local)
        for name, seen in self.days.channels.items():
            own = channel == name
            self.put(f"orders.{name}", "orders", local[own], seen=seen)
            self.put(f"revenue.{name}", "minor", local[own], value[own], seen)
        if lines["category"].notna().mean() > 0.8:
            units = lines.groupby("category")["units"].sum().sort_values(ascending=False, kind="stable")
            for name in units.index[:CATEGORIES]:
                own_lines = lines[lines["category"] == name]
                self.put(f"units.{name}", "units", own_lines["placed_local"].to_numpy(np.int64), own_lines["units"].to_numpy(np.float64))
        if "fulfilment" in lines and lines["fulfilment"].notna().any():
            picked = lines[lines["fulfilment"].isin(COLLECTED)].drop_duplicates("order_id")["placed_local"].to_numpy(np.int64)
            self.put("pickups", "orders", picked)
            if clocks:
                self.put_hours("pickup_load", picked)
        known = orders[orders["shopper_id"].notna()].drop_duplicates("shopper_id")
        if len(known):
            seen = self.seen.copy()
            seen[: min(_BLIND_DAYS, self.n // 4)] = False
            self.put("new_customers", "people", known["placed_local"].to_numpy(np.int64), seen=seen)

    def back(self) -> None:
        """Goods that came back, by the day they did."""
        log = self.tables.orders
        gone = log.cancelled
        if log.adapter in OWN_RETURNS:
            shift = gone["placed_local"] - gone["placed_utc"]
            self.put("returned_value", "minor", (gone["cancel_utc"] + shift).to_numpy(np.int64), gone["value"].to_numpy(np.float64))
            return
        lines = log.lines[log.lines["returned_utc"] >= 0]
        if len(lines):
            local = (lines["returned_utc"] + lines["placed_local"] - lines["placed_utc"]).to_numpy(np.int64)
            self.put("returned_units", "units", local, lines["units"].to_numpy(np.float64))
            self.put("returned_value", "minor", local, lines["value"].to_numpy(np.float64))

    def beside(self) -> None:
        """Traffic, sessions, stock counts: observed on the days that their table has, and on closed days."""
        further = self.tables.further
        if "traffic" in further:
            self._counted("traffic", further["traffic"], "store_id", "visitors", "people", total=True)
        if "sessions" in further:
            self._counted("sessions", further["sessions"], "channel", "sessions", "sessions", total=False)
        if "stock" in further:
            stock = further["stock"]
            day = stock["local"].to_numpy(np.int64) // DAY_S - self.days.first
            share = pd.Series(stock["on_hand"].to_numpy() == 0).groupby(day).mean()
            x = np.full(self.n, np.nan)
            inside = share.index[(share.index >= 0) & (share.index < self.n)]
            x[inside] = share.loc[inside]
            self.series["stockout_share"], self.units["stockout_share"] = x, "share"

    def _counted(self, name: str, rows: pd.DataFrame, by: str, count: str, unit: str, total: bool) -> None:
        every = np.ones(self.n, bool)
        closed = self.days.state == CLOSED
        for key, part in rows.groupby(by, sort=True):
            local = part["local"].to_numpy(np.int64)
            at = local // DAY_S - self.days.first
            seen = closed.copy()
            seen[at[(at >= 0) & (at < self.n)]] = True
            every &= seen
            self.put(f"{name}.{key}", unit, local, part[count].to_numpy(np.float64), seen)
        if total:
            self.put(name, unit, rows["local"].to_numpy(np.int64), rows[count].to_numpy(np.float64), every)
