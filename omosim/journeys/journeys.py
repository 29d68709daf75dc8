"""The shopper side of a run: needs of the day, decisions of a window, what experience does to people."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from omosim.journeys.campaigns import OPENED_BY, Campaigns, opened_by
from omosim.journeys.levels import build_scene, refresh
from omosim.journeys.live import air, other_shows
from omosim.journeys.shopper import Shopper
from omosim.journeys.synthesis import make_shoppers
from omosim.kernels.audiences import use_touchpoints
from omosim.kernels.journeys_contacts import count_files, opt_out
from omosim.kernels.journeys_crowd import browse, count_users, day_of_awareness, push
from omosim.kernels.journeys_decide import decide_window
from omosim.kernels.journeys_needs import WAYS, hang_all, list_needs, plan_first_needs, rows_due
from omosim.kernels.journeys_outcomes import apply_outcomes
from omosim.kernels.journeys_talk import talk
from omosim.schema.campaigns import CAMPAIGN_NEED
from omosim.schema.codes import N_COUNTS, Count, Entry
from omosim.schema.columns import DAY, DEMAND, HOUR, TOUCH_NEED, WEEK
from omosim.schema.settings import Settings
from omosim.schema.shopper import BY_NEED, MISSION, NEED, NUMBER_MASK, SHOPPER, TOUCH, TOUCHES_PER_NEED
from omosim.world.start import Start, rows_under_way, seat_customers
from omosim.world.state import World
from omosim.world.synthesis import IDENTITIES

#: a push can open the mission of a need that is due so many days later
#: level fields that change in a run
MOVING_LEVELS = ("live_from", "live_until", "show", "stop_at")
#: tables of the scene that a run adds to, a row a day
BOOKS = ("fittings", "funnel", "felt", "learnt")
#: part of a contact of every shopper that exposure is counted in
EXPOSURE = 10**12
_EMPTY = np.zeros(0, DEMAND)
_NEVER = 2**62


class Journeys:
    """Shoppers of a run.

    Parameters
    ----------
    world : the world, with the policy in force
    settings : validated settings
    key0, key1 : key words of the run
    bare : a state is loaded next: nobody is drawn

    Notes
    -----
    `counts` is (days, N_COUNTS) int64 and `zone_sessions` (days, Z) int32, web sessions by home zone. A day is
    begun by `begin_day`; `advance` decides its missions window by window, and where windows are cut changes
    nothing. Oracles: tests/oracles/test_renewal_counts.py, tests/oracles/test_logit_shares.py.
    """

    def __init__(self, world: World, settings: Settings, key0: int, key1: int, bare: bool = False) -> None:
        self.world, self.settings, self.key0, self.key1 = world, settings, key0, key1
        zones, groups, touchpoints = world.zone_weight.size, len(world.segment_names), len(world.touch_names)
        self.days = world.calendar.days
        audiences = world.audiences.count
        self.awareness = np.full((audiences, zones, groups), settings.market.awareness.initial)
        self.zone_sessions = np.zeros((self.days, zones), np.int32)
        self.scene = build_scene(settings, world, self.awareness, self.zone_sessions)
        self.scene.levels["key0"], self.scene.levels["key1"] = key0, key1  # people are the world's, what they do is the run's
        self.shoppers = np.zeros(settings.shoppers, SHOPPER) if bare else make_shoppers(world, settings, self.scene, settings.shoppers)
        self._form_audiences()
        self.needs = np.zeros(settings.shoppers * len(world.category_names), NEED)
        self.head, self.due = np.full((self.days, WAYS), -1, np.int32), np.zeros(self.days, np.int32)
        self.counts = np.zeros((self.days, N_COUNTS), np.int64)
        self.users = np.zeros((audiences, zones, groups))
        self.touch_sums = np.zeros((2, 2, touchpoints), np.int64)
        self.exposed = np.zeros(touchpoints, np.int64)  # media met on measured days, day-levels in EXPOSURE-ths
        self.day = np.full(1, -1, np.int64)
        self._share = np.ascontiguousarray(world.need_share)
        self._queue, self._waiting = np.zeros(256, MISSION), np.zeros(1, np.int64)
        self._log = np.zeros(4096 if settings.output.touches else 0, TOUCH)
        self._logged = np.zeros(1, np.int64)
        self._rows = np.zeros(256, DEMAND)
        self._set_missions(np.zeros(0, MISSION), 0)
        self.campaigns = Campaigns(world, settings, self.days)
        self.scene = self.campaigns.join(self.scene)
        if not bare:
            plan_first_needs(
                key0, key1, self.shoppers, self.needs, self.head, self.due, self.scene.op_time, self.scene.pace, self._share,
                self._stages,
            )  # fmt: skip

    @property
    def _stages(self) -> int:
        return self.settings.market.demand.stages

    def _set_missions(self, missions: np.ndarray, position: int) -> None:
        self.missions = missions
        self._times = np.ascontiguousarray(missions["t"])
        self._pass_to(position)

    def _pass_to(self, position: int) -> None:
        """Missions before `position` are decided; the next one's second is kept as a plain number, asked for each window."""
        self.position = position
        self._next = int(self._times[position]) if position < self._times.size else _NEVER

    def begin_with(self, start: Start) -> np.ndarray:
        """Known customers take the first seats, with the next needs that their past leaves; before the first day.

        Returns
        -------
        DEMAND rows of the orders that were under way, which reach the network now
        """
        linked = int(self.scene.levels["link_latency_s"][0]) >= 0
        if start.aware is not None:
            self.awareness[...] = start.aware
        seat_customers(start, self.shoppers, self.needs, self._share, self._stages, linked)
        hang_all(self.shoppers, self.needs, self.head, self.due, self.scene.op_time, self.scene.pace, 0)
        entries, n = np.unique(start.orders["channel"], return_counts=True)
        self.counts[0, Count.ORDERS_WEB + entries] += n
        return rows_under_way(self.world, start, self.shoppers["zone"])

    # ---- a day begins ---------------------------------------------------------------------------------------
    def stop_at(self, second: int) -> None:
        """Open no mission at or after `second`."""
        self.scene.levels["stop_at"] = second

    def _form_audiences(self) -> None:
        """Who belongs to which audience, and how many; the world is told."""
        self.world.audience_share[...] = self.world.audiences.assign(self.world.key0, self.world.key1, self.shoppers)
        self._reach = self.world.touch_reach[None].repeat(self.world.audiences.count, axis=0)

    def refresh(self) -> None:
        """Read the policy and the dated changes in force; `begin_day` does so too."""
        self.scene = self.campaigns.join(refresh(self.settings, self.world, self.scene))
        if not np.array_equal(self._reach, self.world.reach):
            self._reach = self.world.reach.copy()
            self._use_touchpoints()

    def _use_touchpoints(self) -> None:
        use_touchpoints(self.world.key0, self.world.key1, self.shoppers, self.scene.touchpoints)
        count_users(self.shoppers, self.users)

    def begin_day(self, day: int) -> None:
        """Awareness and browsing of a day; its missions are listed: needs, pushes, and what yesterday left."""
        self.world.count_reviews()
        if 0 < day <= self.days:
            self.world.follow(self.counts[day - 1, Count.ORDERS_WEB : Count.ORDERS_LIVE + 1])
        self._learn(day)
        self.refresh()
        self.day[0] = day
        self._crowd(day)
        parts = [self._list_needs(day), self._pushes(day), self._campaigns(day), self._queue[: self._waiting[0]].copy()]
        self._waiting[0] = 0
        self._set_missions(self._in_order(np.concatenate(parts), day), 0)

    def _learn(self, day: int) -> None:
        """What size advice has learnt from by this day: linked returns and reviews older than its latency, whole retailer."""
        policy = next((one for one in self.world.seen if one.feedback > 0), self.world.policy)
        until = min(max(day - policy.feedback_lag_days, 0), self.days)
        returns, buys = self.scene.learnt[:until].sum(axis=0).T
        self.scene.known[...] = (returns + policy.feedback_reviews * buys) / min(self.world.cost_scale, 1.0) if policy.feedback > 0 else 0.0

    def _crowd(self, day: int) -> None:
        aware = self.settings.market.awareness
        if 0 <= day - self.settings.burn_in_days < self.settings.days:
            self.exposed += np.rint(self.world.contacts_now() * EXPOSURE).astype(np.int64)
        day_of_awareness(
            self.awareness, self.world.exposure_rho(), self.world.billboard, aware.decay_per_week, aware.acquisition_per_week
        )
        if day % 7 == 0:
            count_users(self.shoppers, self.users)
            self._opt_out(day)
            self.campaigns.week_over()
        if day < self.days and self.scene.levels["web_offer"].any() and day * DAY < self.scene.levels["stop_at"][0]:
            rate = float(self.scene.levels["browse_per_day"][0])
            n = browse(self.key0, self.key1, day, rate, self.scene.levels, self.awareness, self.users, self.zone_sessions[day])
            self.counts[day, Count.WEB_SESSIONS] += n

    def _opt_out(self, day: int) -> None:
        """Once a week, those whom messages are too many for say so."""
        how, world = self.settings.market.messages, self.world
        if how.opt_out_per_contact <= 0 or day >= self.days or self._over(day * DAY):
            return
        rows = np.flatnonzero(world.touch_message)
        contacts = world.media_now()[:, rows] * world.touch_contacts[rows]
        pushes = np.array([policy.push_per_week for policy in world.seen], np.float64)
        rule = np.array([how.tolerated_per_week, how.opt_out_per_contact, self.settings.market.goodwill.intrusive])
        opt_out(
            self.scene.levels, day // 7, self.shoppers, rows, np.ascontiguousarray(world.reach[:, rows]), contacts, pushes, self.campaigns.patrons,
            rule, day * DAY, self.counts[day],
        )

    def files(self) -> np.ndarray:
        """(A, 4) int64 by audience: customers known by login or card, of these in two files; who gets pushes, of these in two files."""
        out = np.zeros((self.world.audiences.count, 4), np.int64)
        count_files(self.scene.levels, self.shoppers, out)
        return out

    def _over(self, second: int) -> bool:
        """Whether no mission is opened from this second on."""
        return second >= int(self.scene.levels["stop_at"][0])

    def _rows_due(self, day: int) -> np.ndarray:
        rows = np.zeros(self.due[day], np.int32)
        rows_due(self.needs, self.head, day, rows)
        return rows

    def _list_needs(self, day: int) -> np.ndarray:
        """Missions that needs of a day open; the calendar moves on, and stands still after the end of demand."""
        if day >= self.days or self._over(day * DAY):
            return np.zeros(0, MISSION)
        rows, first, parts = self._rows_due(day), 0, [np.zeros(0, MISSION)]
        while first < len(rows):
            out = np.zeros(len(rows) + len(rows) // 4 + 64, MISSION)
            first, n = self._list(day, int(self.scene.levels["stop_at"][0]), rows, first, out)
            parts.append(out[:n])
        return np.concatenate(parts)

    def _list(self, day: int, stop: int, rows: np.ndarray, first: int, out: np.ndarray) -> tuple[int, int]:
        return list_needs(
            self.key0, self.key1, self.shoppers, self.needs, self.head, self.due, self.scene.op_time, self.scene.pace, self._share,
            self._stages, day, stop, rows, first, out, self.counts[day],
        )  # fmt: skip

    def _pushes(self, day: int) -> np.ndarray:
        need_day = day + self.settings.market.sessions.push_ahead_days
        if self._over(day * DAY) or self.scene.levels["push_open"].max() <= 0 or need_day >= self.days:
            return np.zeros(0, MISSION)
        rows = self._rows_due(need_day)
        out = np.zeros(len(rows), MISSION)
        return out[: push(self.scene, self.shoppers, self.needs, day, rows, out)]

    def _campaigns(self, day: int) -> np.ndarray:
        if self._over(day * DAY):
            return np.zeros(0, MISSION)
        room = self.campaigns.room_for_touches(day)
        if self._log.size and self._log.size < self._logged[0] + room:
            self._log = np.concatenate([self._log, np.zeros(self._log.size + room, TOUCH)])
        return self.campaigns.begin_day(self.scene, self.shoppers, self.needs, self.awareness, day, self._log, self._logged)

    def _in_order(self, missions: np.ndarray, day: int) -> np.ndarray:
        """Missions of a day before the end of demand, in the order (t, shopper, category, need)."""
        kept = missions[missions["t"] < self.scene.levels["stop_at"][0]]
        second = kept["t"] - day * DAY
        row = kept["shopper"].astype(np.int64) * len(self._share) + kept["category"]
        touch = kept["need"] >= TOUCH_NEED
        of_touch = 1024 + kept["need"] % TOUCHES_PER_NEED + TOUCHES_PER_NEED * (kept["need"] >= CAMPAIGN_NEED)
        rank = np.where(touch, of_touch, kept["need"] & 1023)
        return kept[np.argsort(((second << 34) | row) << 11 | rank, kind="stable")]

    # ---- windows ----------------------------------------------------------------------------------------------
    def advance(self, until: int) -> np.ndarray:
        """Decide every mission of the day with time < until.

        Returns
        -------
        DEMAND rows sorted by (t, key); a visit's t is its arrival and may lie at or after `until`
        """
        first = self.position
        if self._next >= until:
            return _EMPTY
        last = int(self._times.searchsorted(until))
        self._make_room(last - first)
        filled = 0
        while first < last:
            first, n = decide_window(
                self.scene, self.shoppers, self.needs, self.missions, first, last, self._rows[filled:], self._queue,
                self._waiting, self._log, self._logged, self.touch_sums, self.counts,
            )  # fmt: skip
            filled += n
            if first < last:
                self._log = np.concatenate([self._log, np.zeros_like(self._log)])
        self._pass_to(last)
        rows = self._rows[:filled]
        return rows[np.lexsort((rows["key"], rows["t"]))]

    def _make_room(self, missions: int) -> None:
        if self._rows.size < missions:
            self._rows = np.zeros(2 * missions, DEMAND)
        self.scene = self.campaigns.make_room(self.scene, missions)
        if self._queue.size < self._waiting[0] + missions:
            self._queue = np.concatenate([self._queue, np.zeros(self._queue.size + 2 * missions, MISSION)])

    def apply(self, outcomes: np.ndarray, now: int) -> None:
        """Let shoppers learn from OUTCOME rows (sorted by t, key, code); decisions from `now` on feel it."""
        if not len(outcomes):
            return
        tally, how = self.counts[min(now // DAY, self.days - 1)], self.settings.market.word_of_mouth
        gains = np.zeros(len(outcomes) if how.tell > 0 else 0)
        apply_outcomes(self.scene, self.shoppers, outcomes, gains, now, tally)
        self.campaigns.note(self.scene, self.shoppers, outcomes, now)
        if how.tell > 0:
            decay = self.settings.market.awareness.decay_per_week
            rule = np.array([how.tell, how.neighbours, how.rewired, how.worth_telling, how.weight, decay])
            talk(self.scene, self.shoppers, outcomes, gains, rule, now, tally)

    def broadcast(self, now: int) -> int:
        """A live show: viewers decide in the hour from the next full hour on; returns the missions it opened."""
        begins = (now // HOUR + 1) * HOUR
        if begins == int(self.scene.levels["live_from"][0]):  # shows switched off and on again between two: it is the same one
            return 0
        show = int(self.scene.levels["show"][0])
        self.scene.levels["show"], self.scene.levels["live_from"] = show + 1, begins
        self.scene.levels["live_until"] = begins + HOUR
        if self._over(begins):
            return 0
        opened = air(self.scene, self.shoppers, self.needs, show, begins, other_shows(self.settings, self.scene, begins))
        n = opened.size
        if begins // DAY > self.day[0]:
            self._make_room(n)
            at = int(self._waiting[0])
            self._queue[at : at + n] = opened
            self._waiting[0] += n
        else:
            coming = np.concatenate([self.missions[self.position :], opened])
            self._set_missions(self._in_order(coming, int(self.day[0])), 0)
        return int(n)

    # ---- what came due ----------------------------------------------------------------------------------------
    def needs_unaccounted(self, now: int) -> int:
        """Needs by which the day that ends at `now` does not add up: due = opened + served early + dropped + open."""
        if not 0 < now <= self.days * DAY:
            return 0
        day = self.counts[now // DAY - 1]
        opened = int(day[Count.MISSIONS] - day[Count.TOUCH_MISSIONS])
        carried = int((self.missions[self.position :]["kind"] == BY_NEED).sum())
        return int(day[Count.NEEDS] - day[Count.NEEDS_SERVED] - day[Count.NEEDS_DROPPED]) - opened - carried

    def needs_recounted(self, now: int) -> int:
        """How far the rows of the renewal are from the counters: each need was met once, and none lies behind `now`."""
        numbers = int((self.needs["number"] & NUMBER_MASK).sum(dtype=np.int64))
        met = int(self.counts[:, [Count.NEEDS, Count.NEEDS_LATE]].sum())
        hour = min(now, self.days * DAY, int(self.scene.levels["stop_at"][0])) // HOUR
        table = self.scene.op_time  # (G, C, hours + 1): operational time reached; the last second of the hour is left out
        reached = table[:, :, hour - 1] + (table[:, :, hour] - table[:, :, hour - 1]) * (1 - 1 / HOUR)
        kind = self.scene.pace[self.shoppers["segment"], self.shoppers["zone"]] if len(reached) > 1 else 0
        behind = self.needs["next_s"].reshape(-1, reached.shape[1]) < reached[kind] - 1e-3
        return abs(numbers - met) + int(np.count_nonzero(behind))

    # ---- looking ----------------------------------------------------------------------------------------------
    def shopper(self, index: int) -> Shopper:
        """A readable view of one shopper."""
        return Shopper(self.shoppers, self.needs.reshape(self.settings.shoppers, -1), index, self.world.segment_names)

    @property
    def touches(self) -> np.ndarray:
        """TOUCH rows so far, sorted by (t, key); empty unless `output.touches` is set."""
        rows = self._log[: self._logged[0]]
        return self.campaigns.mark_bought(rows[np.lexsort((rows["key"], rows["t"]))])

    def touch_columns(self) -> dict[str, np.ndarray]:
        """Columns of touches.parquet: one row a touch, in time; `mission` is the order id of what it led to."""
        rows, world = self.touches, self.world
        entries = np.array([e.name.lower() for e in Entry])
        return {
            "t": rows["t"], "mission": rows["key"], "shopper_id": rows["shopper"],
            "touchpoint": np.array(world.touch_names)[rows["touchpoint"]],
            "channel": entries[world.touch_entry[rows["touchpoint"]]],
            "identity": np.array(IDENTITIES)[rows["identity"]], "linked": rows["linked"] == 1, "bought": rows["bought"] == 1,
            "opened_by": np.where(rows["key"] >= 0, np.array(OPENED_BY)[opened_by(rows["key"])], ""),
        }  # fmt: skip

    def touch_yield(self) -> np.ndarray:
        """(T,) float64: orders per mission touched since the last call, from one shopper in eight."""
        met, ordered = self.touch_sums[1, 0], self.touch_sums[1, 1]
        out = np.where(met > 0, ordered / np.maximum(met, 1), 0.0)
        self.touch_sums[1] = 0
        return out

    @property
    def n_alive(self) -> int:
        """Shoppers who have not left for good."""
        return int(np.count_nonzero(self.shoppers["flags"] & 1))

    @property
    def n_aware(self) -> int:
        """Living shoppers who know the retailer now."""
        level = self.awareness[self.shoppers["audience"], self.shoppers["zone"], self.shoppers["segment"]]
        told = self.shoppers["told"].astype(np.int64) * WEEK > max(int(self.day[0]), 0) * DAY
        knows = (self.shoppers["aware_at"] < level) | (self.shoppers["flags"] & 16 > 0) | told
        return int(np.count_nonzero(knows & (self.shoppers["flags"] & 1 > 0)))

    # ---- snapshot ---------------------------------------------------------------------------------------------
    def state(self) -> dict[str, np.ndarray]:
        """Everything that changes, as copies of arrays."""
        levels = [int(self.scene.levels[name][0]) for name in MOVING_LEVELS]
        return {
            "shoppers": self.shoppers.copy(), "needs": self.needs.copy(), "counts": self.counts.copy(),
            "zone_sessions": self.zone_sessions.copy(), "awareness": self.awareness.copy(), "users": self.users.copy(),
            "touch_sums": self.touch_sums.copy(), "exposed": self.exposed.copy(), "missions": self.missions[self.position :].copy(),
            "queue": self._queue[: self._waiting[0]].copy(), "log": self._log[: self._logged[0]].copy(),
            "day": self.day.copy(), "levels": np.array(levels, np.int64), "shows": self.scene.shows.copy(),
            "cookies": self.scene.cookies.copy(), "fits": self.scene.fits.copy(),
            **{name: getattr(self.scene, name).copy() for name in BOOKS},
            **{f"campaigns_{name}": array for name, array in self.campaigns.state().items()},
        }  # fmt: skip

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over `state`; the run may be longer or shorter than the one that gave it."""
        for name in ("shoppers", "needs", "awareness", "users", "touch_sums", "exposed", "day"):
            getattr(self, name)[...] = state[name]
        for mine, saved in [(self.counts, "counts"), (self.zone_sessions, "zone_sessions"), *((getattr(self.scene, name), name) for name in ("shows", *BOOKS))]:
            rows = min(len(mine), len(state[saved]))
            mine[:rows] = state[saved][:rows]
        self.scene.cookies[...] = state["cookies"]
        for name, value in zip(MOVING_LEVELS, state["levels"].tolist(), strict=True):
            self.scene.levels[name] = value
        prefix = "campaigns_"
        self.campaigns.load({name.removeprefix(prefix): a for name, a in state.items() if name.startswith(prefix)})
        if state["fits"].size == self.scene.fits.size:
            self.scene.fits[...] = state["fits"]
        self._meet_again(state["users"].shape != self.users.shape)
        self.hang_again()
        self._queue = np.concatenate([state["queue"], np.zeros(256, MISSION)])
        self._waiting[0] = state["queue"].size
        self._logged[0] = state["log"].size
        if self._log.size:
            self._log = np.concatenate([state["log"], np.zeros(4096, TOUCH)])
        self._set_missions(state["missions"].copy(), 0)
        self._learn(int(self.day[0]))
        self.refresh()

    def _meet_again(self, others: bool) -> None:
        """Audiences and touchpoints used are those of this scenario, which the one that was saved need not have had."""
        self._form_audiences()
        self._reach = self.world.reach.copy()
        self.scene = refresh(self.settings, self.world, self.scene)
        before = self.shoppers["used"].copy()
        use_touchpoints(self.world.key0, self.world.key1, self.shoppers, self.scene.touchpoints)
        if others or not np.array_equal(before, self.shoppers["used"]):
            count_users(self.shoppers, self.users)

    def hang_again(self) -> None:
        """The calendar from the need rows; those that fell due after the demand of the run that saved them come late."""
        today = int(self.day[0]) + 1
        first = min(today, int(self.scene.levels["stop_at"][0]) // DAY)
        hang_all(self.shoppers, self.needs, self.head, self.due, self.scene.op_time, self.scene.pace, first)
        for day in range(first, min(today, self.days)):
            self._list(day, 0, self._rows_due(day), 0, np.zeros(64, MISSION))
