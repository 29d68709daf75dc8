"""The calendar of a run: dates, weekdays, and operational time, in which needs come at an even pace."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from omosim.kernels.mathx import exp64
from omosim.schema.columns import DAY, HOUR
from omosim.schema.settings import Demand, Settings
from omosim.world.audiences import people_of

#: a trip that falls into closed hours is made within so many seconds after the next opening: some time of that day; assumed
AFTER_OPENING_S = DAY
#: the year over which operational time has mean 1
YEAR_DAYS = 365


def clock_seconds(text: str) -> int:
    """Second of the day of "HH:MM"; "24:00" is 86400."""
    hours, minutes = text.split(":")
    return int(hours) * HOUR + int(minutes) * 60


def courier_waves(settings: Settings) -> tuple[int, ...]:
    """Seconds of the day at which couriers leave, ascending."""
    return tuple(sorted({clock_seconds(wave) % DAY for wave in settings.network.carrier.waves}))


#: days beyond the lag of all but one return in a thousand: the parcel out, the way back, closed doors
RETURN_MARGIN_DAYS = 14
#: standard normal quantile of .999; no run follows its orders longer than so many days
NEARLY_ALL, LONGEST_DRAIN_DAYS = 3.09, 730


def last_day(settings: Settings) -> int:
    """Day on which a run ends at the latest: burn-in, window, and a drain in which nearly every return has come."""
    back = settings.network.returns
    lag = back.lag_days * float(exp64(NEARLY_ALL * back.lag_sigma)) + RETURN_MARGIN_DAYS
    drain = max(settings.engine.drain_days, min(math.ceil(lag), LONGEST_DRAIN_DAYS))
    return settings.burn_in_days + settings.days + drain


@dataclass(frozen=True)
class Calendar:
    """Dates and operational time of a run.

    Parameters
    ----------
    start : local date of second 0
    timezone : IANA name
    days : days covered: burn-in, window, drain and one more
    weekday0 : weekday of day 0, Monday 0
    lambda_s : (24 days + 1,) float64, operational seconds passed at each full hour; mean pace 1 over the year
        that begins with the run
    lambda_g : (G, C, 24 days + 1) float64, the same by kind of shopper and category; differs only where a dated change
        names segments, zones or categories; lambda_c its first row
    pace : (S, Z) int16, kind of shopper by segment and zone
    """

    start: date
    timezone: str
    days: int
    weekday0: int
    lambda_s: np.ndarray
    lambda_g: np.ndarray
    pace: np.ndarray

    @property
    def lambda_c(self) -> np.ndarray:
        """(C, 24 days + 1) float64 operational seconds by category, of the first kind of shopper."""
        return self.lambda_g[0]

    def date_of(self, day: int) -> date:
        """Local date of a day of the run."""
        return self.start + timedelta(days=int(day))

    def weekday(self, day: int) -> int:
        """Weekday of a day of the run, Monday 0."""
        return (self.weekday0 + int(day)) % 7

    def operational(self, t: int, category: int = 0) -> float:
        """Operational seconds passed at second `t`: linear between full hours."""
        hour, rest = divmod(min(max(int(t), 0), self.days * DAY - 1), HOUR)
        table = self.lambda_c[category]
        return float(table[hour] + (table[hour + 1] - table[hour]) * rest / HOUR)


def hourly_weights(demand: Demand, start: date, days: int) -> np.ndarray:
    """(24 days,) float64: pace of needs in each hour, mean 1 over the first 365 days from `start`.

    Parameters
    ----------
    demand : profiles of hour, weekday, month and week of the run; each hour's weight is their product, with the
        hours of a weekday and of a weekend scaled to the same sum, so that `day_of_week` alone weighs days
    start : local date of day 0
    days : number of days
    """
    span = max(days, YEAR_DAYS)
    workday = np.array(demand.hour_of_day, np.float64)
    weekend = np.array(demand.hour_of_day_weekend, np.float64)
    shapes = [workday / np.cumsum(workday)[-1], weekend / np.cumsum(weekend)[-1]]
    weeks = demand.week_of_run
    pace = np.empty((span, 24))
    for day in range(span):
        today = start + timedelta(days=day)
        weight = demand.day_of_week[today.weekday()] * demand.month_of_year[today.month - 1]
        if weeks:
            weight *= weeks[min(day // 7, len(weeks) - 1)]
        pace[day] = shapes[int(today.weekday() >= 5)] * weight
    year = np.cumsum(pace[:YEAR_DAYS].ravel())[-1]
    return (pace * (YEAR_DAYS * 24 / year)).ravel()[: days * 24]


def build_calendar(settings: Settings) -> Calendar:
    """The calendar of a run, with the dated changes of the need rate in it (they are known from the start)."""
    market = settings.market
    start = date.fromisoformat(market.start_date)
    days = last_day(settings) + 1
    names = list(settings.catalogue.categories)
    changes = [change for change in settings.scenario.interventions if change.what == "need_rate"]
    people = [people_of(change, settings) for change in changes]
    everybody = np.ones((len(settings.market.segments), market.geography.zones), np.bool_)
    told = np.stack([everybody, *people]).reshape(len(people) + 1, -1)
    kinds, kind = np.unique(told, axis=1, return_inverse=True)
    weights = hourly_weights(market.demand, start, days)
    pace = np.tile(weights, (kinds.shape[1], len(names), 1))
    whole = weights.copy()
    for row, change in enumerate(changes, start=1):
        first = max(0, change.from_day + settings.burn_in_days) * 24
        last = days * 24 if change.to_day is None else max(0, change.to_day + settings.burn_in_days) * 24
        rows = [names.index(c) for c in change.categories] or list(range(len(names)))
        factor = change.times if change.times is not None else float(change.set or 0.0)
        pace[np.ix_(np.flatnonzero(kinds[row]), rows, np.arange(first, last))] *= factor
        if not change.categories and kinds[row].all():
            whole[first:last] *= factor
    table = np.zeros((kinds.shape[1], len(names), days * 24 + 1))
    np.cumsum(pace * HOUR, axis=2, out=table[:, :, 1:])
    common = np.zeros(days * 24 + 1)
    np.cumsum(whole * HOUR, out=common[1:])
    return Calendar(start, market.timezone, days, start.weekday(), common, table, kind.reshape(everybody.shape).astype(np.int16))
