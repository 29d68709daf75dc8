"""Campaigns from the side of the people: what is kept of them, what falls due, who is called; nothing where none is on."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from omosim.kernels.journeys_campaigns import call_to_event, day_of_campaigns, note_outcomes
from omosim.kernels.journeys_types import Scene
from omosim.kernels.philox import uniform
from omosim.kernels.purposes import EVENT_PLACE
from omosim.schema.campaigns import CAMPAIGN_KINDS, CAMPAIGN_NEED, N_SENT, PATRON, PERK, TRIGGER, Sent
from omosim.schema.codes import NodeKind
from omosim.schema.columns import DAY, NEED_BITS, ORDINAL_BITS, TOUCH_NEED
from omosim.schema.settings import Settings
from omosim.schema.shopper import MISSION, TOUCHES_PER_NEED
from omosim.world.policy import Policy
from omosim.world.state import World

PPM = 1_000_000
MONTH_DAYS = 365.25 / 12
#: by which the mission of an order key was opened; a show is what is left
OPENED_BY = ("need", "retargeting", "push", "live", *CAMPAIGN_KINDS)
_ROOM = 256


def opened_by(keys: np.ndarray) -> np.ndarray:
    """What opened the mission of each order key, as a place in OPENED_BY."""
    need = (keys >> ORDINAL_BITS) & ((1 << NEED_BITS) - 1)
    touch = need % TOUCHES_PER_NEED
    campaign = need >= CAMPAIGN_NEED
    return np.where(need < TOUCH_NEED, 0, np.where(campaign, 4 + touch // 8, np.minimum(touch, 2) + 1))


def campaign_levels(settings: Settings, policy: Policy) -> dict[str, float]:
    """Levels that campaigns act by."""
    market, rows = settings.market, policy.campaign_rows
    return {
        "vip_min": policy.vip_threshold, "vip_points": policy.vip_points, "vip_invites": policy.vip_invites,
        "own_ppm": round(policy.own_discount * PPM) if policy.own_rate > 0 else 0, "own_days": policy.own_days, "own_rate": policy.own_rate,
        "own_near": policy.own_near, "own_back": policy.own_back,
        "insert_days": policy.insert_days, "insert_open": policy.insert_open,
        "after_days": policy.after_days, "after_open": policy.after_open, "lapse_days": policy.lapse_days, "lapse_open": policy.lapse_open,
        "near_days": round(market.sessions.push_window_days), "message_stale": market.messages.saturation,
        "event_m": round(policy.event_km * 1000), "event_near": policy.event_near,
        "invites": policy.event_invites, "invite_m": round(policy.invite_km * 1000), "event_invited": policy.event_invited,
        "search_web": market.choice.search_cost * policy.search_factor, "heard": market.goodwill.coupon_heard, "forget": market.awareness.decay_per_week,
        **{f"{name}_row": rows.get(name, -1) for name in ("landing", "message", "invite", "event", "vip")},
    }  # fmt: skip


def remembers(settings: Settings, policy: Policy) -> bool:
    """Whether something in force asks what is kept of each person."""
    coupons = policy.own_rate > 0 or policy.coupon_rate > 0
    on = (policy.insert_open, policy.after_days, policy.lapse_days, policy.own_rate, policy.events_per_month, policy.vip_threshold)
    return any(value > 0 for value in on) or (coupons and settings.market.goodwill.coupon_heard > 0)


def is_event_day(day: int, per_month: float) -> bool:
    """Whether an event is held on a day of the run: the running count of events passes a whole number then."""
    return int((day + 1) * per_month / MONTH_DAYS) > int(day * per_month / MONTH_DAYS)


class Campaigns:
    """What campaigns keep and do in a run.

    Parameters
    ----------
    world : the world, with the policy in force
    settings : validated settings
    days : days of the run

    Notes
    -----
    `patrons` is empty until a level asks for it, then 16 bytes a shopper; `sent` (days, A, N_SENT) counts what was done.
    """

    def __init__(self, world: World, settings: Settings, days: int) -> None:
        self.world, self.settings, self.days = world, settings, days
        self.patrons = np.zeros(0, PATRON)
        self.sent = np.zeros((days, world.audiences.count, N_SENT), np.int64)
        self.triggers, self.waiting = np.zeros(0, TRIGGER), np.zeros(1, np.int64)
        self.perks, self.perked = np.zeros(0, PERK), np.zeros(1, np.int64)
        self.held = np.full(days, -1, np.int64)  # node near which an event is held on a day, -1 none

    def join(self, scene: Scene) -> Scene:
        """The scene with what is kept now; people are remembered from the day on which something first asks for it."""
        if not self.patrons.size and any(remembers(self.settings, one) for one in self.world.seen):
            self.patrons = np.zeros(self.settings.shoppers, PATRON)
        if not self.perks.size and any(one.coupon_rate > 0 or one.own_rate > 0 or one.vip_threshold > 0 for one in self.world.seen):
            self.perks = np.zeros(_ROOM, PERK)
        return scene._replace(patrons=self.patrons, perks=self.perks, perked=self.perked, sent=self.sent)

    def make_room(self, scene: Scene, missions: int) -> Scene:
        """Room to note money off so many missions."""
        if self.perks.size and self.perks.size < self.perked[0] + missions:
            self.perks = np.concatenate([self.perks, np.zeros(self.perks.size + 2 * missions, PERK)])
            return scene._replace(perks=self.perks)
        return scene

    def _make_way(self, rows: int) -> None:
        if self.triggers.size < self.waiting[0] + rows:
            self.triggers = np.concatenate([self.triggers, np.zeros(self.triggers.size + 2 * rows, TRIGGER)])

    def note(self, scene: Scene, shoppers: np.ndarray, outcomes: np.ndarray, now: int) -> None:
        """Take from experiences what campaigns ask for."""
        if self.patrons.size and now < self.days * DAY:
            self._make_way(3 * len(outcomes))
            note_outcomes(scene, shoppers, outcomes, now, self.days, self.triggers, self.waiting, self.sent[now // DAY])

    # ---- a day begins ---------------------------------------------------------------------------------------
    def room_for_touches(self, day: int) -> int:
        """Touches that the day can add to the log at most."""
        if not self.patrons.size:
            return 0
        return int(self.waiting[0]) + (len(self.patrons) if self._next_event(day) >= 0 else 0)

    def _next_event(self, day: int) -> int:
        """Day of the event that is announced on a day, -1 none."""
        for policy in self.world.seen:
            when = day + policy.event_lead_days
            if policy.events_per_month > 0:
                return when if when < self.days and is_event_day(when, policy.events_per_month) else -1
        return -1

    def begin_day(
        self, scene: Scene, shoppers: np.ndarray, needs: np.ndarray, awareness: np.ndarray, day: int, log: np.ndarray, logged: np.ndarray
    ) -> np.ndarray:
        """MISSION rows that campaigns open on a day; an event of some days later is announced.

        Parameters
        ----------
        needs : (n x C,) NEED, those of the day already off the calendar
        awareness : (A, Z, S) float64; changed by an event
        log, logged : TOUCH rows with `room_for_touches`, or empty, and their number (1,)
        """
        if not self.patrons.size or day >= self.days:
            return np.zeros(0, MISSION)
        if (when := self._next_event(day)) >= 0:
            self._announce(scene, shoppers, day, when, log, logged)
        if self.held[day] >= 0:
            self._be_seen(awareness, self.world.distance_m[:, self.held[day]])
        rows = self.triggers[: self.waiting[0]]
        due = rows[rows["day"] <= day]
        rest = rows[rows["day"] > day]
        self.triggers[: rest.size], self.waiting[0] = rest, rest.size
        due = due[np.lexsort((due["key"], due["what"], due["shopper"]))]
        out = np.zeros(due.size, MISSION)
        return out[: day_of_campaigns(scene, shoppers, needs, due, day, out, log, logged, self.sent[day])]

    def _announce(self, scene: Scene, shoppers: np.ndarray, day: int, when: int, log: np.ndarray, logged: np.ndarray) -> None:
        stores = np.flatnonzero((self.world.nodes["kind"] == NodeKind.STORE) & self.world.trading)
        if not stores.size:
            return
        node = int(stores[int(uniform(self.world.key0, self.world.key1, when, 0, EVENT_PLACE, 0) * stores.size)])
        self.held[when] = node
        self._make_way(len(shoppers))
        metres = np.ascontiguousarray(self.world.distance_m[:, node])
        call_to_event(scene, shoppers, metres, day, when, self.triggers, self.waiting, log, logged, self.sent[day])

    def _be_seen(self, awareness: np.ndarray, metres: np.ndarray) -> None:
        """A <- A + (1 - A) x share, where an event is held near; changes `awareness` in place."""
        for audience, policy in enumerate(self.world.seen):
            near = metres <= policy.event_km * 1000
            awareness[audience, near] += (1.0 - awareness[audience, near]) * policy.event_aware

    def week_over(self) -> None:
        """Messages are counted anew."""
        self.patrons["messages"] = 0

    # ---- money ----------------------------------------------------------------------------------------------
    def cost_of_day(self, day: int, sessions: int) -> Fraction:
        """Minor units paid on a day for messages, events (the simulated part of the retailer's) and the assistant.

        Parameters
        ----------
        sessions : on the web that day
        """
        cost = Fraction(0)
        for audience, policy in enumerate(self.world.seen):
            counts = self.sent[day, audience]
            for what, price in ((Sent.MESSAGES, policy.campaign_cost), (Sent.INVITED, policy.invite_cost), (Sent.COUPONS, policy.own_cost)):
                cost += Fraction(price) * int(counts[what])
            cost += Fraction(policy.assistant_cost) * Fraction(float(self.world.audience_share[audience])) * sessions
        if self.held[day] >= 0:
            part = min(Fraction(1), Fraction(self.settings.shoppers, self.settings.market.cost_basis_shoppers))
            cost += Fraction(max(policy.event_cost for policy in self.world.seen)) * part
        return cost

    # ---- the log ----------------------------------------------------------------------------------------------
    def mark_bought(self, rows: np.ndarray) -> np.ndarray:
        """TOUCH rows in which touches of campaigns say, too, whether their mission ended in an order or a visit."""
        if not self.patrons.size:
            return rows
        bought = np.unique(rows["key"][rows["bought"] == 1])
        rows["bought"] = np.isin(rows["key"], bought)
        return rows

    # ---- snapshot -----------------------------------------------------------------------------------------------
    def state(self) -> dict[str, np.ndarray]:
        """Everything that changes, as copies of arrays."""
        return {
            "patrons": self.patrons.copy(), "sent": self.sent.copy(), "held": self.held.copy(),
            "triggers": self.triggers[: self.waiting[0]].copy(), "perks": self.perks[: self.perked[0]].copy(),
        }  # fmt: skip

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over `state`; the run may be longer or shorter than the one that gave it."""
        self.patrons = state["patrons"].copy()
        for mine, saved in ((self.sent, state["sent"]), (self.held, state["held"])):
            days = min(len(mine), len(saved))
            if mine.shape[1:] == saved.shape[1:]:
                mine[:days] = saved[:days]
            else:  # the branch tells audiences apart that the saved run did not
                mine[:days, 0] = saved[:days].sum(axis=1)
        self.triggers, self.waiting[0] = state["triggers"].copy(), state["triggers"].size
        self.perks, self.perked[0] = np.concatenate([state["perks"], np.zeros(_ROOM, PERK)]), state["perks"].size

