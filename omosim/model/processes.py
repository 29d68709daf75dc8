"""Coarse processes: what happens to the stage between windows, each a SimPy process on the agenda.

Handlers keep nothing: what they need stands in the world's tables and in the agenda row.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from omosim.engine.clock import ENDED
from omosim.model.agents import Rival, StoreManager, TouchpointManager, keep_budget
from omosim.model.pnl import centre_staff
from omosim.schema.codes import NodeKind
from omosim.schema.columns import DAY, HOUR, WEEK
from omosim.world.calendar import clock_seconds

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel

COUNT_HOUR = 3  # cycle counts, at night
MANAGE_HOUR = 2  # weekly reviews, Monday night


class Kind(IntEnum):
    """Codes of coarse events; the agenda keeps them, so numbers are append-only."""

    DAY_BEGIN = 0
    OPEN = 1
    CLOSE = 2
    PEAK_ON = 3
    PEAK_OFF = 4
    REVIEW = 5
    RECEIPTS = 6
    COUNT = 7
    HOUR = 8
    PUBLISH = 9
    BROADCAST = 10
    MANAGE = 11
    INTERVENE = 12
    CUT = 13


#: order at one instant
RANK = {
    Kind.INTERVENE: 0,
    Kind.CLOSE: 0,
    Kind.OPEN: 1,  # after the closing of a shop that is open day and night
    Kind.PEAK_ON: 1,
    Kind.PEAK_OFF: 1,
    Kind.RECEIPTS: 2,
    Kind.REVIEW: 2,
    Kind.COUNT: 3,
    Kind.HOUR: 4,
    Kind.PUBLISH: 5,
    Kind.BROADCAST: 6,
    Kind.MANAGE: 7,
    Kind.DAY_BEGIN: 8,
    Kind.CUT: 9,
}


class Processes:
    """Plans the coarse events of a model and carries them out.

    Parameters
    ----------
    model : the model whose world, shoppers and network they act on
    """

    def __init__(self, model: RetailModel) -> None:
        self.model = model
        stores = model.settings.network.stores
        self.opens, self.closes = clock_seconds(stores.opens), clock_seconds(stores.closes)
        self.peak_from, self.peak_to = clock_seconds(stores.peak_from), clock_seconds(stores.peak_to)
        for kind in Kind:
            model.clock.handle(kind, getattr(self, f"_{kind.name.lower()}"))
        week_begins = (7 - model.world.calendar.weekday0) % 7 * DAY
        first = {
            Kind.INTERVENE: 0,
            Kind.DAY_BEGIN: 0,
            Kind.OPEN: self.opens,
            Kind.PEAK_ON: self.peak_from,
            Kind.PEAK_OFF: self.peak_to,
            Kind.CLOSE: self.closes,
            Kind.RECEIPTS: 0,
            Kind.REVIEW: model.settings.network.stock.store_review_hour * HOUR,
            Kind.COUNT: COUNT_HOUR * HOUR,
            Kind.HOUR: 0,
            Kind.PUBLISH: 0,
            Kind.MANAGE: week_begins + WEEK + MANAGE_HOUR * HOUR,
        }
        for kind, t in first.items():
            model.clock.plan(t, RANK[kind], kind)
        model.fulfilment.set_staff(0, centre_staff(model), 0, 0)
        self._plan_broadcasts(0)
        if model.settings.engine.extra_cut_minutes:
            model.clock.plan(0, RANK[Kind.CUT], Kind.CUT)

    # ---- people and doors -----------------------------------------------------------------------------------
    def _staff(self) -> None:
        """Put the staff of this moment on duty in every store."""
        world, plan = self.model.world, self.model.settings.network.stores
        busy = self.peak_from <= self.model.clock.now % DAY < self.peak_to
        stores = np.flatnonzero(world.nodes["kind"] == NodeKind.STORE)
        on = world.nodes["open"][stores]
        counter = plan.counter + (plan.peak_extra if busy else 0)
        self.model.fulfilment.set_staff(
            stores, world.staffed(plan.pickers)[stores] * on, world.staffed(counter)[stores] * on, self.model.clock.now
        )

    def _open(self, arg: int, now: int) -> int:
        stores = np.flatnonzero((self.model.world.nodes["kind"] == NodeKind.STORE) & self.model.world.trading)
        self.model.fulfilment.open_store(stores, now)
        self._staff()
        return now + DAY

    def _close(self, arg: int, now: int) -> int:
        self.model.fulfilment.close_store(np.flatnonzero(self.model.world.nodes["kind"] == NodeKind.STORE), now)
        self._staff()
        return now + DAY

    def _peak_on(self, arg: int, now: int) -> int:
        self._staff()
        return now + DAY

    _peak_off = _peak_on

    # ---- stock ----------------------------------------------------------------------------------------------
    def _receipts(self, arg: int, now: int) -> int:
        self.model.replenishment.receive_due(now)
        return now + HOUR

    def _review(self, arg: int, now: int) -> int:
        self.model.replenishment.review(now)
        return now + DAY

    def _count(self, arg: int, now: int) -> int:
        self.model.replenishment.count_and_shrink(now)
        return now + DAY

    def _publish(self, arg: int, now: int) -> int:
        self.model.world.stock.publish(now)
        if now >= self.model.window_end:
            return now + DAY  # nobody decides any more: a finer feed would only cut windows
        return now + int(self.model.world.policy.publish_s)

    # ---- shoppers -------------------------------------------------------------------------------------------
    def _hour(self, arg: int, now: int) -> int:
        self.model.journeys.apply(self.model.fulfilment.outcomes(), now)
        return now + HOUR

    def _day_begin(self, arg: int, now: int) -> int:
        self.model.journeys.begin_day(now // DAY)
        if self.model.window_start <= now < self.model.window_end:
            self.model.costs.begin_day(self.model, (now - self.model.window_start) // DAY)
        return now + DAY

    def _plan_broadcasts(self, now: int) -> None:
        policy, clock = self.model.world.policy, self.model.clock
        if policy.broadcast_per_week > 0:
            start = now // DAY * DAY + policy.broadcast_hour * HOUR
            clock.plan(start if start >= now else start + DAY, RANK[Kind.BROADCAST], Kind.BROADCAST)

    def _broadcast(self, arg: int, now: int) -> int | None:
        rate = self.model.world.policy.broadcast_per_week
        if rate <= 0:
            return None
        day = now // DAY
        # shows are spread over the days of a week: one falls on a day when the running count passes a whole number
        if int((day + 1) * rate / 7.0) > int(day * rate / 7.0):
            self.model.journeys.broadcast(now)
        return now + DAY

    # ---- those who manage -----------------------------------------------------------------------------------
    def _manage(self, arg: int, now: int) -> int:
        agents = self.model.agents_by_type
        agents[StoreManager].do("review")
        agents[TouchpointManager].do("review", self.model.journeys.touch_yield())
        keep_budget(self.model.world)
        agents[Rival].do("review")
        return now + WEEK

    def _intervene(self, arg: int, now: int) -> int:
        before = self.model.world.policy.broadcast_per_week
        self.model.interventions.apply(now // DAY)
        if before <= 0 < self.model.world.policy.broadcast_per_week:
            self._plan_broadcasts(now)
        return now + DAY

    def _cut(self, arg: int, now: int) -> int:
        return now + self.model.settings.engine.extra_cut_minutes * 60

    def after_restore(self) -> None:
        """Plan what a branch's own policy needs and the old agenda lacks."""
        agenda = self.model.clock.state()["agenda"]
        if not ((agenda["kind"] == Kind.BROADCAST) & (agenda["t"] != ENDED)).any():
            self._plan_broadcasts(self.model.clock.now)
