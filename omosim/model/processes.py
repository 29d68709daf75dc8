"""Coarse processes: what happens to the stage between windows, each a SimPy process on the agenda.

Handlers keep nothing: what they need stands in the world's tables and in the agenda row.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from omosim.engine.clock import ENDED
from omosim.fulfilment.publish import board_now, slot_promise
from omosim.model.agents import Rival, StoreManager, TouchpointManager, keep_budget
from omosim.model.pnl import centre_staff
from omosim.schema.codes import NodeKind
from omosim.schema.columns import DAY, HOUR, WEEK
from omosim.world.calendar import clock_seconds
from omosim.world.nodes import CAPACITIES, simulated_part
from omosim.world.policy import is_show_day
from omosim.world.roster import Duty, roster_of

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel

Planned = int | np.ndarray  # people of every store, or of each node
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
    UNLOCK = 14
    LOCK = 15
    SITE = 16
    SHIFT = 18


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
    Kind.LOCK: 0,
    Kind.UNLOCK: 1,
    Kind.SITE: 1,
    Kind.SHIFT: 1,
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
        roster = roster_of(model.settings)
        self.duty = None if roster is None else Duty(roster, model.world.node_names)
        for kind in Kind:
            model.clock.handle(kind, getattr(self, f"_{kind.name.lower()}"))
        week_begins = (7 - model.world.calendar.weekday0) % 7 * DAY
        first = {
            Kind.INTERVENE: 0,
            Kind.DAY_BEGIN: 0,
            Kind.OPEN: self.opens,
            **({Kind.PEAK_ON: self.peak_from, Kind.PEAK_OFF: self.peak_to} if roster is None else {}),
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
        self._plan_shifts()
        self._plan_further()
        self._plan_broadcasts(0)
        if model.settings.engine.extra_cut_minutes:
            model.clock.plan(0, RANK[Kind.CUT], Kind.CUT)

    # ---- people and doors -----------------------------------------------------------------------------------
    def _plan_shifts(self) -> None:
        """Where stores have a roster, an event of the week at every moment at which it changes a number."""
        model = self.model
        for second in [] if self.duty is None else self.duty.moves(self.opens, self.closes):
            model.clock.plan((second - model.world.calendar.weekday0 * DAY) % WEEK, RANK[Kind.SHIFT], Kind.SHIFT)

    def _planned(self, t: int) -> tuple[Planned, Planned]:
        """Pickers and people at the counter that stores plan for second t, one number for all or (N,)."""
        if self.duty is not None:
            return self.duty.at(self.model.world.calendar.weekday(t // DAY), t % DAY)
        plan, busy = self.model.settings.network.stores, self.peak_from <= t % DAY < self.peak_to
        return plan.pickers, plan.counter + (plan.peak_extra if busy else 0)

    def _staff(self, over: bool = False) -> None:
        """Put the staff of this moment on duty in every store; `over`: who is no longer planned goes home now."""
        world, now = self.model.world, self.model.clock.now
        stores = np.flatnonzero(world.nodes["kind"] == NodeKind.STORE)
        on = world.nodes["open"][stores]
        people = [world.staffed(planned)[stores] * on for planned in self._planned(now)]
        gone = [np.maximum(world.staffed(was)[stores] * on - n, 0) if over else 0 for was, n in zip(self._planned(now - 1), people, strict=True)]
        self.model.fulfilment.set_staff(stores, *people, now, leaving=(gone[0], gone[1]))

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

    def _peak_off(self, arg: int, now: int) -> int:
        self._staff(over=True)
        return now + DAY

    def _shift(self, arg: int, now: int) -> int:
        self._staff(over=True)
        return now + WEEK

    # ---- nodes beside the stores --------------------------------------------------------------------------------
    def _plan_further(self) -> None:
        """Doors of points and lockers, shifts of dark stores, people of outsourced nodes, the site: where there are any."""
        model = self.model
        for kind in (NodeKind.DARK, NodeKind.POINT, NodeKind.LOCKER):
            rows = np.flatnonzero(model.world.nodes["kind"] == kind)
            if rows.size:
                model.clock.plan(int(model.world.nodes["opens_s"][rows[0]]), RANK[Kind.UNLOCK], Kind.UNLOCK, kind)
                model.clock.plan(int(model.world.nodes["closes_s"][rows[0]]), RANK[Kind.LOCK], Kind.LOCK, kind)
        self._staff_outsourced(0)
        for hour in model.interventions.site_hours():
            model.clock.plan(hour * HOUR, RANK[Kind.SITE], Kind.SITE, hour)

    def _site(self, arg: int, now: int) -> int:
        """The site's capacity at an hour from which a dated change holds, or no longer does."""
        self.model.interventions.site_at(now // DAY, arg)
        self.model.fulfilment.set_site(self.model.world.site_sessions(), now)
        return now + DAY

    def _staff_outsourced(self, now: int) -> None:
        """Their people are there round the clock, as long as the policy uses them."""
        model = self.model
        nodes = np.flatnonzero(model.world.nodes["kind"] == NodeKind.OUTSOURCED)
        if nodes.size:
            people = simulated_part(model.settings, model.settings.network.outsourced.pickers)
            model.fulfilment.set_staff(nodes, people * model.world.trading[nodes], 0, now)

    def _unlock(self, arg: int, now: int) -> int:
        """Points and lockers open; in dark stores people begin to work."""
        world = self.model.world
        nodes = np.flatnonzero((world.nodes["kind"] == arg) & world.trading)
        if nodes.size and arg == NodeKind.DARK:
            people = world.staffed(self.model.settings.network.dark_stores.pickers)
            self.model.fulfilment.set_staff(nodes, people[nodes], 0, now)
        elif nodes.size:
            self.model.fulfilment.open_store(nodes, now)
        return now + DAY

    def _lock(self, arg: int, now: int) -> int:
        nodes = np.flatnonzero(self.model.world.nodes["kind"] == arg)
        if arg == NodeKind.DARK:
            self.model.fulfilment.set_staff(nodes, 0, 0, now)
        else:
            self.model.fulfilment.close_store(nodes, now)
        return now + DAY

    # ---- stock ----------------------------------------------------------------------------------------------
    def _receipts(self, arg: int, now: int) -> int:
        self.model.replenishment.receive_due(now)
        return now + HOUR

    def _review(self, arg: int, now: int) -> int:
        self.model.replenishment.bring_back(np.flatnonzero(self.model.interventions.closed_for_good()), now)
        self.model.replenishment.review(now)
        daily = now + DAY - (now - self.model.settings.network.stock.store_review_hour * HOUR) % DAY
        return min(now + int(self.model.world.policy.review_s), daily)

    def _count(self, arg: int, now: int) -> int:
        self.model.replenishment.count_and_shrink(now)
        return now + DAY

    def _publish(self, arg: int, now: int) -> int:
        nodes = self.model.world.nodes
        self.model.world.stock.publish(now, nodes["keep"], nodes["shut"])
        self._publish_board(now)
        if now >= self.model.window_end:
            return now + DAY  # nobody decides any more: a finer feed would only cut windows
        return now + int(self.model.world.policy.publish_s)

    def _publish_board(self, now: int) -> None:
        """Nodes say how busy they are: with each publication where shoppers ask for it, else once an hour."""
        world, engine = self.model.world, self.model.fulfilment
        asked = (world.policy.offers["full_off"] > 0) & (world.policy.offers["enabled"] == 1)
        if asked.any() or now >= int(world.board["t"][0]) + HOUR:
            world.board[...] = board_now(
                engine.books(), world.nodes, now, engine.booking_slots, slot_promise(world.policy), self.model.settings.network.operations.slot_tries
            )

    # ---- shoppers -------------------------------------------------------------------------------------------
    def _hour(self, arg: int, now: int) -> int:
        self.model.journeys.apply(self.model.fulfilment.outcomes(), now)
        if any(policy.honest for policy in self.model.world.seen) and now < self.model.window_end:
            self._publish_board(now)  # promises follow it
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
        if is_show_day(now // DAY, rate):
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
        changed = self.model.interventions.apply(now // DAY)
        self._change_doors(now)
        if changed:
            self._change_places(now)
        if before <= 0 < self.model.world.policy.broadcast_per_week:
            self._plan_broadcasts(now)
        return now + DAY

    def _change_doors(self, now: int) -> None:
        """Orders go to nodes that trade and to no others; picks that wait at one that closes go elsewhere."""
        world, engine = self.model.world, self.model.fulfilment
        picks = np.isin(world.nodes["kind"], (NodeKind.STORE, NodeKind.DARK, NodeKind.OUTSOURCED))
        shut, wanted = world.nodes["shut"] > 0, picks & ~world.trading
        if (opens := np.flatnonzero(shut & ~wanted)).size:
            engine.reopen(opens, now)
        if (closes := np.flatnonzero(wanted & ~shut)).size:
            engine.shut(closes, now)

    def _change_places(self, now: int) -> None:
        """Bins, bays, rooms, the site and outsourced nodes follow the dated changes that began or ended."""
        world, engine = self.model.world, self.model.fulfilment
        wanted = world.capacities()[:, :3]
        present = np.stack([world.nodes[name] for name in CAPACITIES[:3]], axis=1)
        moved = np.flatnonzero((wanted != present).any(axis=1))
        if moved.size:
            engine.set_places(moved, *(wanted[moved, column] for column in range(3)), now)
        if (sessions := world.site_sessions()) >= 0:
            engine.set_site(sessions, now)
        self._staff_outsourced(now)

    def _cut(self, arg: int, now: int) -> int:
        return now + self.model.settings.engine.extra_cut_minutes * 60

    def after_restore(self) -> None:
        """Plan what a branch's own policy needs and the old agenda lacks."""
        agenda = self.model.clock.state()["agenda"]
        if not ((agenda["kind"] == Kind.BROADCAST) & (agenda["t"] != ENDED)).any():
            self._plan_broadcasts(self.model.clock.now)
