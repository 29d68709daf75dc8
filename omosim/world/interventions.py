"""Dated changes of a scenario: what they may touch, and the state of the world on a given day.

Every day's state is worked out afresh from the undisturbed one, so a change that ends leaves nothing behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np

from omosim.schema.codes import Entry, NodeKind
from omosim.schema.columns import HOUR
from omosim.schema.scenario import (
    BY_HOUR,
    CAPACITY,
    DARK_TOO,
    FILTERS,
    NARROWED,
    ONLY_TIMES,
    SWITCHES,
    WHOLE_RUN,
    Intervention,
)
from omosim.schema.settings import Settings
from omosim.world.errors import CannotIntervene
from omosim.world.nodes import CAPACITIES
from omosim.world.state import World


def problems(settings: Settings, node_names: Iterable[str] | None = None) -> list[str]:
    """All that is wrong with a scenario's dated changes, one text each: place, value, what is allowed.

    Parameters
    ----------
    settings : the run's settings
    node_names : names of the world's nodes; without them any name like S07 counts as a store, like D02 as a dark store
    """
    found: list[str] = []
    names = None if node_names is None else set(node_names)
    categories, zones = list(settings.catalogue.categories), settings.market.geography.zones
    for row, change in enumerate(settings.scenario.interventions):
        place = f"scenario.interventions[{row}] ({change.what})"
        found += [f"{place}: {text}" for text in _shape_problems(change, settings)]
        for name in change.stores:
            letters = "SD" if change.what in DARK_TOO else "S"
            if not re.fullmatch(rf"[{letters}]0*[1-9]\d{{0,3}}", name) or (names is not None and name not in names):
                dark = ", dark stores D01, …" if change.what in DARK_TOO else ""
                found.append(f"{place}: there is no store '{name}'; stores are S01, S02, … in order of placement{dark}.")
        for zone in change.zones:
            if not 0 <= zone < zones:
                found.append(f"{place}: there is no zone {zone}; zones are 0 to {zones - 1}.")
        for category in change.categories:
            if category not in categories:
                found.append(f"{place}: there is no category '{category}'; the catalogue has {', '.join(categories)}.")
    return found


def _shape_problems(change: Intervention, settings: Settings) -> list[str]:
    found: list[str] = []
    if (change.set is None) == (change.times is None):
        found.append("give either set or times.")
    if change.what in SWITCHES and change.set not in (0, 1):
        found.append("set must be 1 (on) or 0 (off).")
    if change.what in ONLY_TIMES and change.set is not None:
        found.append("give times, a factor; it has no absolute value.")
    if change.what in ("bins", "bays", "rooms") and change.set is not None and 0 <= change.set < 0.5:
        found.append("0 stands for as many as are needed; set 1 or more, or close the offer instead.")
    if change.set is not None and change.set < 0:
        found.append(f"set = {change.set:g} is below 0.")
    if (change.what == "capability") != (change.capability is not None):
        found.append("name a capability with `what: capability`, and only there.")
    if change.what == "store_open" and not change.stores:
        found.append("name the stores.")
    allowed = NARROWED[change.what]
    for part in FILTERS:
        if getattr(change, part) and part not in allowed:
            found.append(f"it cannot be narrowed by {part}; allowed: {', '.join(allowed) or 'nothing'}.")
    if change.to_day is not None and change.to_day <= change.from_day:
        found.append(f"to_day {change.to_day} is not after from_day {change.from_day}.")
    if change.what not in BY_HOUR and (change.from_hour, change.to_hour) != (0, 24):
        found.append(f"it holds for whole days; hours are for {', '.join(BY_HOUR)}.")
    if change.to_hour <= change.from_hour:
        found.append(f"to_hour {change.to_hour} is not after from_hour {change.from_hour}.")
    if change.what in WHOLE_RUN and not _whole(change, settings):
        found.append(
            f"it holds for a whole run: from_day at most {-settings.burn_in_days} (or -3650), and no to_day."
        )
    return found


def _whole(change: Intervention, settings: Settings) -> bool:
    return change.from_day <= -settings.burn_in_days and change.to_day is None


def check_interventions(settings: Settings, node_names: Iterable[str] | None = None) -> None:
    """Refuse a scenario whose dated changes cannot be carried out.

    Raises
    ------
    CannotIntervene : lists every problem
    """
    found = problems(settings, node_names)
    if found:
        raise CannotIntervene("\n".join(found))


def whole_run(settings: Settings) -> Settings:
    """The settings with the changes that hold for a whole run (fit risk, cost of goods and of delivery) worked in.

    Those changes leave the scenario, so that doing it twice does nothing.

    Raises
    ------
    CannotIntervene : one of them does not hold for the whole run
    """
    changes = settings.scenario.interventions
    if not any(change.what in WHOLE_RUN for change in changes):
        return settings
    check_interventions(settings)
    kinds = dict(settings.catalogue.categories)
    carrier = settings.network.carrier
    for change in changes:
        factor = 1.0 if change.times is None else change.times
        if change.what == "delivery_cost":
            costs = ("parcel_cost", "return_parcel_cost", "same_day_cost")
            carrier = carrier.model_copy(update={name: round(getattr(carrier, name) * factor) for name in costs})
        for name in (change.categories or list(kinds)) if change.what in ("misfit", "goods_cost") else ():
            kind = kinds[name]
            if change.what == "misfit":
                value = change.set if change.set is not None else kind.misfit * factor
                kinds[name] = kind.model_copy(update={"misfit": min(1.0, value)})
            else:
                margin = max(-1.0, 1.0 - (1.0 - kind.margin) * factor)
                kinds[name] = kind.model_copy(update={"margin": margin})
    rest = [change for change in changes if change.what not in WHOLE_RUN]
    return settings.model_copy(update={
        "catalogue": settings.catalogue.model_copy(update={"categories": kinds}),
        "network": settings.network.model_copy(update={"carrier": carrier}),
        "scenario": settings.scenario.model_copy(update={"interventions": rest}),
    })  # fmt: skip


class Interventions:
    """Carries out a scenario's dated changes on a world.

    Parameters
    ----------
    settings : the run's settings; day 0 of a change is the first day of the measured window
    world : changed in place by `apply`

    Raises
    ------
    CannotIntervene : a change cannot be carried out; lists every problem. Or a change of a whole run is still among
        them: nothing may be left out in silence
    """

    def __init__(self, settings: Settings, world: World) -> None:
        check_interventions(settings, world.node_names)
        if any(change.what in WHOLE_RUN for change in settings.scenario.interventions):
            raise CannotIntervene(f"{', '.join(WHOLE_RUN)}: work them into the settings first, with whole_run(settings)")
        self.settings, self.world = settings, world
        self.changes = list(settings.scenario.interventions)
        self.base_trading = world.trading.copy()
        self.openings = [c for c in self.changes if c.what == "store_open"]
        self.base_closed = np.zeros(len(world.node_names), np.bool_)  # dark stores that a dated change opens first
        for change in reversed(self.openings):
            nodes = self._stores(change)
            self.base_closed[nodes] = (world.nodes["kind"][nodes] == NodeKind.DARK) & bool(change.set)
        if self.base_closed.any():
            world.closed[...] = self.base_closed
            world.refresh_policy()
        self._on: tuple[tuple[int, bool], ...] = ()
        self._day = -1

    def apply(self, day: int) -> bool:
        """Put the world into the state of a day; returns whether anything changed.

        Parameters
        ----------
        day : day of the run, 0 the first of the burn-in; changes world arrays in place
        """
        self._day = int(day)
        on = tuple((row, self._worked_in(c, day)) for row, c in enumerate(self.changes) if self._active(c, day))
        if on == self._on:
            return False
        self._on = on
        self._undisturbed()
        for row, _ in on:
            change = self.changes[row]
            name = "capacity" if change.what in CAPACITY else change.what
            handler: Callable[[Intervention], None] = getattr(self, f"_{name}", self._nothing)
            handler(change)
        self.site_at(day, 0)
        self._switch_capabilities()
        self.world.refresh_policy()
        self.world.update_near()
        self.world.update_outside()
        return True

    def _active(self, change: Intervention, day: int, wait: int = 0) -> bool:
        shifted = day - self.settings.burn_in_days
        return change.from_day + wait <= shifted and (change.to_day is None or shifted < change.to_day)

    def _worked_in(self, change: Intervention, day: int) -> bool:
        """A capability works only after its ramp-up; everything else at once."""
        row = self.settings.strategy.capabilities.get(change.capability or "")
        return self._active(change, day, row.ramp_up_days if row is not None and change.set else 0)

    def _undisturbed(self) -> None:
        world = self.world
        for factor in (world.price_factor, world.fee_factor, world.promise_factor, world.media_factor,
                       world.lead_factor, world.level_factor, world.supply, world.staff_factor,
                       world.courier_factor, world.rival_price_factor, world.capacity_factor):  # fmt: skip
            factor[...] = 1.0
        for fixed in (world.price_fixed, world.fee_fixed, world.promise_fixed, world.staff_fixed, world.capacity_fixed):
            fixed[...] = -1
        world.rival_store_km[...] = self.settings.market.rival.store_km
        world.trading[...] = self.base_trading
        world.closed[...] = self.base_closed

    # ---- what is meant --------------------------------------------------------------------------------------
    def _categories(self, change: Intervention) -> np.ndarray:
        names = self.world.category_names
        return np.array([names.index(c) for c in change.categories] or range(len(names)))

    def _stores(self, change: Intervention) -> np.ndarray:
        names, kind = self.world.node_names, self.world.nodes["kind"]
        stores = np.flatnonzero((kind == NodeKind.STORE) | (kind == NodeKind.DARK) & (change.what in DARK_TOO))
        return np.array([names.index(s) for s in change.stores] or stores, np.int64)

    def _zones(self, change: Intervention) -> np.ndarray:
        return np.array(change.zones or range(self.world.zone_weight.size))

    def _entries(self, change: Intervention) -> np.ndarray:
        return np.array([Entry[c.upper()] for c in change.channels] or [*Entry][:4])

    def _offers(self, change: Intervention) -> np.ndarray:
        """Offers of the channels; a showroom's order counts to the web, where it is placed."""
        offers, entries = self.world.policy.offers, self._entries(change)
        looks = offers["intent"] == 1
        return np.isin(offers["entry"], entries) & ~looks | looks & (Entry.WEB in entries)

    def _scale(self, factor: np.ndarray, where: np.ndarray | tuple[np.ndarray, ...], change: Intervention) -> None:
        value = change.times if change.times is not None else change.set
        factor[where] = factor[where] * value if change.times is not None else value

    # ---- one handler a quantity -----------------------------------------------------------------------------
    def _nothing(self, change: Intervention) -> None:
        """Worked in elsewhere: need_rate in the calendar, capability below, whole-run changes in the settings."""

    def _price(self, change: Intervention) -> None:
        where = np.ix_(self._entries(change), self._categories(change))
        if change.times is not None:
            self.world.price_factor[where] *= change.times
        else:
            self.world.price_fixed[where] = round(change.set or 0)

    def _fee(self, change: Intervention) -> None:
        where = self._offers(change)
        if change.times is not None:
            self.world.fee_factor[where] *= change.times
        else:
            self.world.fee_fixed[where] = round(change.set or 0)

    def _promise(self, change: Intervention) -> None:
        """`set` is in hours."""
        where = self._offers(change)
        if change.times is not None:
            self.world.promise_factor[where] *= change.times
        else:
            self.world.promise_fixed[where] = round((change.set or 0) * HOUR)

    def _lead_time(self, change: Intervention) -> None:
        """`set` is in days."""
        lead = self.settings.network.carrier.lead_days
        where = self._zones(change)
        if change.times is not None:
            self.world.lead_factor[where] *= change.times
        else:
            self.world.lead_factor[where] = (change.set or 0) / lead

    def _stock(self, change: Intervention) -> None:
        self._scale(self.world.level_factor, np.ix_(self._stores(change), self._categories(change)), change)

    def _staff(self, change: Intervention) -> None:
        if change.times is not None:
            self.world.staff_factor[self._stores(change)] *= change.times
        else:
            self.world.staff_fixed[self._stores(change)] = round(change.set or 0)

    def _media(self, change: Intervention) -> None:
        entry = self.world.touch_entry
        where = np.isin(entry, self._entries(change)) if change.channels else np.ones(entry.size, np.bool_)
        self._scale(self.world.media_factor, where, change)

    def _rival_price(self, change: Intervention) -> None:
        start = self.settings.market.rival.price_index
        value = change.times if change.times is not None else (change.set or 0.0) / start
        self.world.rival_price_factor[0] = value * (self.world.rival_price_factor[0] if change.times is not None else 1)

    def _rival_store_km(self, change: Intervention) -> None:
        self._scale(self.world.rival_store_km, self._zones(change), change)

    def _store_open(self, change: Intervention) -> None:
        self.world.trading[self._stores(change)] = bool(change.set)  # the policy has its say about dark stores later
        self.world.closed[self._stores(change)] = not change.set

    def _courier_capacity(self, change: Intervention) -> None:
        stores = self._stores(change)
        if change.times is not None:
            self.world.courier_factor[stores] *= change.times
        else:
            self.world.courier_factor[stores] = (change.set or 0) / max(1, self.settings.network.carrier.wave_capacity)

    def _supply(self, change: Intervention) -> None:
        self._scale(self.world.supply, self._categories(change), change)

    def _capacity(self, change: Intervention) -> None:
        where = self._stores(change), CAPACITIES.index(CAPACITY[change.what])
        if change.times is not None:
            self.world.capacity_factor[where] *= change.times
        else:
            self.world.capacity_fixed[where] = round(change.set or 0)

    # ---- stores that dated changes close --------------------------------------------------------------------
    def _trading_on(self, day: int) -> np.ndarray:
        """(N,) bool: stores and dark stores that trade on a day as far as dated changes go."""
        dark = self.world.nodes["kind"] == NodeKind.DARK
        out = np.where(dark, ~self.base_closed, self.base_trading)
        for change in self.openings:
            if self._active(change, day):
                out[self._stores(change)] = bool(change.set)
        return out

    def _closed(self) -> tuple[np.ndarray, np.ndarray]:
        """(N,) bool: nodes that dated changes have closed today, having been open before or told to close; and those that open again in the window."""
        burn, today = self.settings.burn_in_days, self._day
        days = {burn + d for c in self.openings for d in (c.from_day, c.to_day) if d is not None}
        closed, again = ~self._trading_on(today), np.zeros_like(self.base_closed)
        begun = np.zeros_like(closed)
        for change in self.openings:
            if self._active(change, today) and not change.set:
                begun[self._stores(change)] = True
        for day in {0, *days}:
            if 0 <= day <= today:
                begun |= self._trading_on(day)
            elif today < day < burn + self.settings.days:
                again |= self._trading_on(day)
        return closed & begun, again

    def closed_for_good(self) -> np.ndarray:
        """(N,) bool: nodes that dated changes have closed and do not open again before the measured window ends."""
        closed, again = self._closed()
        return closed & ~again

    def closed_for_now(self) -> np.ndarray:
        """(N,) bool: nodes of the present policy that dated changes have closed and open again in the measured window."""
        closed, again = self._closed()
        return closed & again & ((self.world.nodes["kind"] == NodeKind.STORE) | bool(self.world.policy.dark_stores))

    def site_hours(self) -> list[int]:
        """Hours of the day at which the site's capacity may change, midnight left out."""
        changes = [c for c in self.changes if c.what == "site_capacity"]
        return sorted({hour for c in changes for hour in (c.from_hour, c.to_hour)} - {0, 24})

    def site_at(self, day: int, hour: int) -> None:
        """Put the site into the state of an hour of a day; changes `site_factor` and `site_fixed` in place."""
        world = self.world
        world.site_factor[0], world.site_fixed[0] = 1.0, -1
        for change in self.changes:
            if change.what != "site_capacity" or not self._active(change, day) or not change.from_hour <= hour < change.to_hour:
                continue
            if change.times is not None:
                world.site_factor[0] *= change.times
            else:
                world.site_fixed[0] = round(change.set or 0)

    # ---- capabilities ---------------------------------------------------------------------------------------
    def _switch_capabilities(self) -> None:
        """The policy of the strategy with the day's switches; costs run from the first day, effects after ramp-up."""
        rebuild = self.world.policy.rebuild
        if rebuild is None or not any(change.what == "capability" for change in self.changes):
            return
        paid = {c.capability or "": bool(c.set) for c in (self.changes[row] for row, _ in self._on) if c.capability}
        works = {name: on for name, on in paid.items() if not on or self._ramped(name)}
        policy = rebuild(works)
        if works != paid:
            costs = rebuild(paid)
            policy.capital, policy.capital_per_day = costs.capital, costs.capital_per_day
            policy.running_per_day = costs.running_per_day
        self.world.change_policy(policy)

    def _ramped(self, name: str) -> bool:
        return any(ready and self.changes[row].capability == name for row, ready in self._on)

    # ---- snapshot -------------------------------------------------------------------------------------------
    def state(self) -> dict[str, np.ndarray]:
        """The last day applied; all else follows from the scenario."""
        return {"day": np.array([self._day], np.int64)}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Put the world into the state of the saved day under this scenario."""
        day = int(state["day"][0])
        self._on = ((-1, False),)  # never a real state: everything is worked out again
        if day >= 0:
            self.apply(day)

