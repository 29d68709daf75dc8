"""A finished run through the filters of an outcome: rows, zones, days and people that count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from omosim.model.run import Run
from omosim.schema.codes import Count, Entry, Flow, NodeKind
from omosim.schema.columns import DAY, FLAG_SITE_LOST, WEEKDAYS
from omosim.validation.measures import entries_of
from omosim.world.policy import is_show_day

SERVICES = {"ship": Flow.SHIP, "same_day": Flow.SAME_DAY, "pickup": Flow.PICKUP, "store": Flow.VISIT}
Spec = Mapping[str, Any]


class Source:
    """What all readings of one run share.

    Parameters
    ----------
    run : the finished run
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        model = run.model
        self.burn_in, self.days = run.settings.burn_in_days, run.settings.days
        self.world, self.journeys = model.world, model.journeys
        self.zone_of = np.asarray(self.journeys.shoppers["zone"], np.int64)
        book = run.book
        self.book = book[(book["flow"] != Flow.BROWSE) & ((book["flags"] & FLAG_SITE_LOST) == 0)]
        #: day of placing, 0 the first measured day
        self.day = self.book["placed_at"] // DAY - self.burn_in
        self.categories = list(run.settings.catalogue.categories)

    # ---- people -----------------------------------------------------------------------------------------------
    def group(self, whom: Spec) -> np.ndarray:
        """(n,) bool: shoppers who meet every condition of a group."""
        out = np.ones(self.zone_of.size, bool)
        bought = whom.get("bought") or ([-self.burn_in, 0] if whom.get("prior") or whom.get("channels") else None)
        if bought is not None:
            used = self._channels(bought)
            count = used.sum(axis=1)
            out &= {"1": count == 1, "2+": count >= 2, None: count >= 1}[whom.get("channels")]
        if whom.get("prior") and whom.get("bought"):
            out &= self._channels([-self.burn_in, 0]).any(axis=1)
        if whom.get("visited"):
            out &= self._visitors(whom["visited"])
        if whom.get("stayed_away"):
            out &= ~self._visitors(whom["stayed_away"])
        if whom.get("distance"):
            out &= self._by_distance(whom["distance"])
        if whom.get("segments"):
            known = list(self.run.settings.market.segments)
            out &= np.isin(self.journeys.shoppers["segment"], [known.index(name) for name in whom["segments"]])
        return out

    def _between(self, days: Sequence[int]) -> np.ndarray:
        return (self.day >= days[0]) & (self.day < days[1])

    def _channels(self, days: Sequence[int]) -> np.ndarray:
        """(n, 4) bool: channels through which a shopper got goods that were ordered in these days."""
        rows = self.book[self._between(days) & (self.book["units_out"] > 0)]
        out = np.zeros((self.zone_of.size, 4), bool)
        out[rows["shopper"], rows["channel"]] = True
        return out

    def _visitors(self, days: Sequence[int]) -> np.ndarray:
        inside = self._between(days) & (entries_of(self.book) > 0)
        return np.bincount(self.book["shopper"][inside], minlength=self.zone_of.size) > 0

    def _by_distance(self, row: Spec) -> np.ndarray:
        """Shoppers by how much the named stores cut the way to the nearest one; thirds are cut between zones."""
        cut = self.cut(*row["stores"])
        if row.get("change") == "same":
            return (cut == 0)[self.zone_of]
        fell = cut > 0
        if row.get("third") is None:
            return fell[self.zone_of]
        home = np.bincount(self.zone_of, minlength=cut.size) * fell
        order = np.lexsort((np.arange(cut.size), cut))
        before = np.cumsum(home[order]) - home[order] / 2.0  # people up to the middle of each zone
        third = np.zeros(cut.size, np.int64)
        total = max(float(home.sum()), 1.0)
        third[order] = np.minimum(3.0 * before / total, 2.999).astype(np.int64) + 1
        return (fell & (third == row["third"]))[self.zone_of]

    # ---- places -----------------------------------------------------------------------------------------------
    def _node(self, name: str) -> int:
        return self.world.node_names.index(name)

    def cut(self, *stores: str) -> np.ndarray:
        """(Z,) float64: metres by which stores shorten the way to the nearest one, the same in every arm.

        The others are those that are in business at the end of the run; without any the cut is endless.
        """
        named = [self._node(name) for name in stores]
        others = (self.world.nodes["kind"] == NodeKind.STORE) & self.world.trading
        others[named] = False
        metres = self.world.distance_m.astype(np.float64)
        without = np.where(others[None, :], metres, np.inf).min(axis=1)
        return np.maximum(without - metres[:, named].min(axis=1), 0.0)

    def zones(self, where: Spec) -> np.ndarray:
        """(Z,) bool: zones that count."""
        out = np.ones(self.world.zone_weight.size, bool)
        if where.get("zones"):
            out &= np.isin(np.arange(out.size), where["zones"])
        if where.get("not_zones"):
            out[where["not_zones"]] = False
        if where.get("nearest_to"):
            out &= self.cut(where["nearest_to"]) > 0
        if where.get("store"):
            metres = self.world.distance_m[:, self._node(where["store"])]
            if where.get("within_km") is not None:
                out &= metres <= 1000.0 * where["within_km"]
            if where.get("beyond_km") is not None:
                out &= metres > 1000.0 * where["beyond_km"]
        return out

    # ---- days ---------------------------------------------------------------------------------------------------
    def chosen_days(self, spec: Spec) -> np.ndarray:
        """(burn-in + measured days,) int64: how often each day of the run counts; a day after two shows counts twice."""
        total = self.burn_in + self.days
        start, end = spec.get("when") or (0, self.days)
        inside = np.zeros(total, np.int64)
        inside[max(0, start + self.burn_in) : max(0, end + self.burn_in)] = 1
        shows = spec.get("shows")
        weekday = np.ones(total, np.int64)
        if spec.get("weekdays"):
            date = self.world.calendar.date_of
            weekday = np.array([WEEKDAYS[date(day).weekday()] in spec["weekdays"] for day in range(total)], np.int64)
        if not shows:
            return inside * weekday
        on_air = [day for day in range(total) if is_show_day(day, shows["per_week"])][shows["first"] - 1 :]
        first, last = shows["days"]
        out = np.zeros(total, np.int64)
        for day in on_air:
            # shows whose days reach beyond what counts are left out whole, so that each day after a show weighs alike
            if day + first >= 0 and day + last <= total and inside[day + first : day + last].all():
                out[day + first : day + last] += 1
        return out * weekday


class View:
    """One run through the filters of one reading.

    Parameters
    ----------
    source : the run
    spec : filters by name: where, whom, when, weekdays, shows, channels, categories, services
    """

    def __init__(self, source: Source, spec: Spec) -> None:
        self.source, self.spec = source, spec
        self.days = source.chosen_days(spec)
        self.zones = source.zones(spec.get("where") or {})

    @cached_property
    def people(self) -> np.ndarray:
        """(n,) bool: shoppers who count."""
        return self.source.group(self.spec.get("whom") or {}) & self.zones[self.source.zone_of]

    @cached_property
    def rows(self) -> np.ndarray:
        """Book rows that count; repeated where their day counts more than once."""
        return self._rows(channels=self.spec.get("channels"), categories=self.spec.get("categories"), services=self.spec.get("services"))

    def _rows(self, channels: Sequence[str] | None = None, categories: Sequence[str] | None = None, services: Sequence[str] | None = None) -> np.ndarray:
        source = self.source
        book, at = source.book, source.day + source.burn_in
        known = (at >= 0) & (at < self.days.size)
        times = np.where(known, self.days[np.clip(at, 0, self.days.size - 1)], 0)
        times = times * self.people[book["shopper"]]
        if channels:
            times *= np.isin(book["channel"], [Entry[name.upper()] for name in channels])
        if categories:
            times *= np.isin(book["category"], [source.categories.index(name) for name in categories])
        if services:
            times *= np.isin(book["flow"], [SERVICES[name] for name in services])
        return book[np.repeat(np.arange(book.size), times)]

    def customers(self) -> float:
        """Shoppers of the group where there is one, else all buyers of the days and zones, whatever the channel."""
        if self.spec.get("whom"):
            return float(self.people.sum())
        rows = self._rows()
        return float(np.unique(rows["shopper"][rows["units_out"] > 0]).size)

    def against_before(self) -> tuple[int, int]:
        """Shoppers who spent more in the days than in as many days before them, and those who spent in either."""
        start, end = self.spec.get("when") or (0, self.source.days)
        before = View(self.source, {**self.spec, "when": [2 * start - end, start]})
        spent = [np.bincount(v.rows["shopper"], (v.rows["revenue"] + v.rows["fee"]).astype(np.float64), self.people.size) for v in (self, before)]
        return int(np.count_nonzero(spent[0] > spent[1])), int(np.count_nonzero((spent[0] > 0) | (spent[1] > 0)))

    def entries(self) -> np.ndarray:
        """(n,) entries to stores of the rows."""
        return entries_of(self.rows)

    def sessions(self) -> int:
        """Web sessions of the days and zones."""
        by_day = self.source.journeys.zone_sessions[: self.days.size, self.zones].sum(axis=1, dtype=np.int64)
        return int((by_day * self.days).sum())

    def count(self, code: Count) -> float:
        """A counter of the journeys over the days."""
        return float((self.source.journeys.counts[: self.days.size, code] * self.days).sum())
