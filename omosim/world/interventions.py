"""Dated changes of a scenario: what they may touch, and the state of the world on a given day.

Every day's state is worked out afresh from the undisturbed one, so a change that ends leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from omosim.kernels.mathx import log64
from omosim.kernels.purposes import ASSORTMENT
from omosim.kernels.synthesis import fill_exp, fill_uniform
from omosim.schema.codes import Entry, Flow, NodeKind
from omosim.schema.columns import HOUR
from omosim.schema.scenario import (
    CAPACITY,
    DARK_TOO,
    OF_CAPABILITY,
    WHOLE_RUN,
    Intervention,
)
from omosim.schema.settings import Settings
from omosim.world.change_checks import check_interventions
from omosim.world.errors import CannotIntervene
from omosim.world.geography import rival_store_km
from omosim.world.goods import ITEM_STRIDE
from omosim.world.nodes import CAPACITIES
from omosim.world.policy import LevelMove, Policy
from omosim.world.state import SEEN_NUMBERS, World

#: entries whose items are shown on a screen
ON_LINE = (Entry.WEB, Entry.SOCIAL, Entry.LIVE)
#: days of a step of growth, and of the year it is stated for
STEP_DAYS, YEAR_DAYS = 7, 365
#: mean distance to the second nearest of places strewn evenly, relative to that to the nearest
SECOND_NEAREST = 1.5


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
        self._on: tuple[tuple[int, bool, int], ...] = ()
        self._day = -1

    def apply(self, day: int) -> bool:
        """Put the world into the state of a day; returns whether anything changed.

        Parameters
        ----------
        day : day of the run, 0 the first of the burn-in; changes world arrays in place
        """
        self._day = int(day)
        on = tuple((row, self._worked_in(c, day), self._steps(c, day)) for row, c in enumerate(self.changes) if self._active(c, day))
        if on == self._on:
            return False
        self._on = on
        self._undisturbed()
        for row, *_ in on:
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

    def _steps(self, change: Intervention, day: int) -> int:
        """Weeks for which a growth has gone on."""
        return (day - self.settings.burn_in_days - change.from_day) // STEP_DAYS if change.what == "reach_growth" else 0

    def _undisturbed(self) -> None:
        world = self.world
        for factor in (world.discount_factor, world.reach_factor, world.seen_factor, world.price_factor, world.fee_factor, world.promise_factor, world.media_factor,
                       world.lead_factor, world.level_factor, world.supply, world.staff_factor,
                       world.courier_factor, world.rival_price_factor, world.capacity_factor):  # fmt: skip
            factor[...] = 1.0
        world.sold[...], world.carried[...] = 1, 1
        for fixed in (world.discount_fixed, world.reach_fixed, world.seen_fixed, world.price_fixed, world.fee_fixed, world.promise_fixed, world.staff_fixed, world.capacity_fixed):
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

    def _audiences(self, change: Intervention) -> np.ndarray:
        """Whom a change reaches."""
        row = next(row for row, one in enumerate(self.changes) if one is change)
        return np.flatnonzero(self.world.audiences.reached[row])

    def _entries(self, change: Intervention) -> np.ndarray:
        return np.array([Entry[c.upper()] for c in change.channels] or [*Entry][:4])

    def _offers(self, change: Intervention) -> np.ndarray:
        """Offers of the channels; a showroom's order counts to the web, where it is placed."""
        offers, entries = self.world.policy.offers, self._entries(change)
        looks = offers["intent"] == 1
        return np.isin(offers["entry"], entries) & ~looks | looks & (Entry.WEB in entries)

    def _touchpoints(self, change: Intervention) -> np.ndarray:
        """(T,) bool: rows named, or those of the channels, or all."""
        if change.touchpoints:
            return np.isin(self.world.touch_names, change.touchpoints)
        entry = self.world.touch_entry
        return np.isin(entry, self._entries(change)) if change.channels else np.ones(entry.size, np.bool_)

    def _seen_offers(self, change: Intervention) -> tuple[np.ndarray, ...]:
        return np.ix_(self._audiences(change), np.flatnonzero(self._offers(change)))

    def _scale(self, factor: np.ndarray, where: np.ndarray | tuple[np.ndarray, ...], change: Intervention) -> None:
        value = change.times if change.times is not None else change.set
        factor[where] = factor[where] * value if change.times is not None else value

    # ---- one handler a quantity -----------------------------------------------------------------------------
    def _nothing(self, change: Intervention) -> None:
        """Worked in elsewhere: need_rate in the calendar, capability below, whole-run changes in the settings."""

    def _price(self, change: Intervention) -> None:
        where = np.ix_(self._audiences(change), self._entries(change), self._categories(change))
        self._move(self.world.price_factor, self.world.price_fixed, where, change, round(change.set or 0))

    def _move(self, factor: np.ndarray, fixed: np.ndarray, where: tuple[np.ndarray, ...], change: Intervention, value: float) -> None:
        """Multiply a factor, or fix a value."""
        if change.times is not None:
            factor[where] *= change.times
        else:
            fixed[where] = value

    def _fee(self, change: Intervention) -> None:
        self._move(self.world.fee_factor, self.world.fee_fixed, self._seen_offers(change), change, round(change.set or 0))

    def _promise(self, change: Intervention) -> None:
        """`set` is in hours."""
        value = round((change.set or 0) * HOUR)
        self._move(self.world.promise_factor, self.world.promise_fixed, self._seen_offers(change), change, value)

    def _discount(self, change: Intervention) -> None:
        """By the channel where it is paid: who reads on the web and buys off the shelf pays in the store."""
        offers, entries = self.world.policy.offers, self._entries(change)
        paid_at = np.where(offers["flow"] == Flow.VISIT, Entry.STORE, offers["entry"])
        where = np.ix_(self._audiences(change), np.flatnonzero(np.isin(paid_at, entries)))
        self._move(self.world.discount_factor, self.world.discount_fixed, where, change, change.set or 0.0)

    def _seen_number(self, change: Intervention, *names: str) -> None:
        where = np.ix_(self._audiences(change), [SEEN_NUMBERS.index(name) for name in names])
        self._move(self.world.seen_factor, self.world.seen_fixed, where, change, change.set or 0.0)

    def _free_from(self, change: Intervention) -> None:
        self._seen_number(change, "free_from")

    def _return_hassle(self, change: Intervention) -> None:
        self._seen_number(change, "return_post", "return_store")

    def _accuracy(self, change: Intervention) -> None:
        self._seen_number(change, *(f"acc_{channel}" for channel in change.channels or ("web", "social", "live")))

    def _assortment(self, change: Intervention) -> None:
        """Items that stay are a keyed choice: a smaller share keeps a part of those that a larger one keeps."""
        world, share = self.world, change.set or 0.0
        gone = np.zeros(world.sku_category.size, np.bool_)
        for c in self._categories(change):
            first, last = int(world.sku_first[c]), int(world.sku_first[c + 1])
            u = np.empty(last - first)
            fill_uniform(world.key0, world.key1, c * ITEM_STRIDE + np.arange(last - first), ASSORTMENT, 0, u)
            named = np.isin(np.arange(last - first), change.items) if change.items else np.ones(last - first, np.bool_)
            gone[first:last] = named & (u >= share)
        items = np.flatnonzero(gone)
        shelves = bool(change.stores) or not change.channels or "store" in change.channels
        if not change.channels and not change.stores:
            world.carried[:, items] = 0  # sold nowhere: the centre and dark stores order no more of it either
        elif shelves:
            world.carried[np.ix_(self._stores(change), items)] = 0
        shown = [] if change.stores else [entry for entry in self._entries(change) if entry in ON_LINE or shelves]
        world.sold[np.ix_(self._audiences(change), shown, items)] = 0

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
        where = np.ix_(self._audiences(change), np.flatnonzero(self._touchpoints(change)))
        self._scale(self.world.media_factor, where, change)

    def _reach(self, change: Intervention) -> None:
        where = np.ix_(self._audiences(change), np.flatnonzero(self._touchpoints(change)))
        self._move(self.world.reach_factor, self.world.reach_fixed, where, change, change.set or 0.0)

    def _reach_growth(self, change: Intervention) -> None:
        """Compound growth in whole weeks."""
        where = np.ix_(self._audiences(change), np.flatnonzero(self._touchpoints(change)))
        weeks = self._steps(change, self._day)
        grown = np.zeros(1)
        if change.times:
            fill_exp(np.array([float(log64(change.times)) * weeks * STEP_DAYS / YEAR_DAYS]), grown)
        self.world.reach_factor[where] *= grown[0]

    def _rival_price(self, change: Intervention) -> None:
        value = change.times if change.times is not None else (change.set or 0.0) / self.settings.market.rival.price_index
        where = np.ix_(self._zones(change), self._categories(change))
        factor = self.world.rival_price_factor
        factor[where] = factor[where] * value if change.times is not None else value

    def _rival_store(self, change: Intervention) -> None:
        """A store that opens is as far as its zone; where one closes, the next is as far as a second nearest is on average."""
        world = self.world
        for zone in change.zones:
            far = rival_store_km(self.settings.market.geography, world.zone_x_m, world.zone_y_m, zone)
            if change.set:
                world.rival_store_km[...] = np.minimum(world.rival_store_km, far)
            else:
                usual = self.settings.market.rival.store_km
                near = far < world.rival_store_km
                world.rival_store_km[near] = np.maximum(world.rival_store_km, SECOND_NEAREST * usual)[near]

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
        """The policies of the strategy with the day's switches and levels; costs run from the first day, effects after ramp-up.

        The network works by what is on for anybody, and all of that is paid for in full.
        """
        world = self.world
        rebuild = world.policy.rebuild
        if rebuild is None or not any(change.what in OF_CAPABILITY for change in self.changes):
            return
        everybody = range(world.audiences.count)
        switched = [self._switched(audience) for audience in everybody]
        made: dict[str, Policy] = {}

        def policy_of(works: dict[str, bool], levels: list[LevelMove]) -> Policy:
            text = repr((works, levels))
            if text not in made:
                made[text] = rebuild(works, levels)
            return made[text]

        paid, works = (self._for_anybody([pair[part] for pair in switched]) for part in (0, 1))
        policy = policy_of(works, self._levels(everybody))
        if works != paid:
            costs = policy_of(paid, [])
            policy.capital, policy.capital_per_day = costs.capital, costs.capital_per_day
            policy.running_per_day = costs.running_per_day
        world.change_policy(policy, [policy_of(switched[a][1], self._levels([a])) for a in everybody] if len(everybody) > 1 else ())

    def _switched(self, audience: int) -> tuple[dict[str, bool], dict[str, bool]]:
        """Capabilities switched for an audience: those paid for, and those of them that work."""
        reached = self.world.audiences.reached[:, audience]
        mine = [(self.changes[row], ready) for row, ready, _ in self._on if self.changes[row].what == "capability" and reached[row]]
        paid = {c.capability or "": bool(c.set) for c, _ in mine}
        ramped = {c.capability for c, ready in mine if ready}
        return paid, {name: on for name, on in paid.items() if not on or name in ramped}

    def _for_anybody(self, switched: list[dict[str, bool]]) -> dict[str, bool]:
        """A capability is on where it is on for an audience at least."""
        rows = self.settings.strategy.capabilities
        names = dict.fromkeys(name for one in switched for name in one)
        return {name: any(one.get(name, name in rows and rows[name].enabled) for one in switched) for name in names}

    def _levels(self, audiences: Iterable[int]) -> list[LevelMove]:
        """Levels moved for all of some audiences."""
        reached = self.world.audiences.reached[:, list(audiences)].all(axis=1)
        mine = [self.changes[row] for row, *_ in self._on if self.changes[row].what == "level" and reached[row]]
        return [(c.capability or "", c.level or "", c.set, c.times) for c in mine]

    # ---- snapshot -------------------------------------------------------------------------------------------
    def state(self) -> dict[str, np.ndarray]:
        """The last day applied; all else follows from the scenario."""
        return {"day": np.array([self._day], np.int64)}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Put the world into the state of the saved day under this scenario."""
        day = int(state["day"][0])
        self._on = ((-1, False, 0),)  # never a real state: everything is worked out again
        if day >= 0:
            self.apply(day)

