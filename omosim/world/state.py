"""The world of a run: places, goods, stock, people's kinds, touchpoints, rivals, prices and the policy in force.

Arrays are changed in place, never replaced, so that any room may keep a view of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

import numpy as np

from omosim.kernels.journeys_contacts import fill_exposure
from omosim.kernels.mathx import pow64
from omosim.kernels.synthesis import fill_exp
from omosim.schema.codes import Move, NodeKind
from omosim.schema.settings import Settings
from omosim.world.audiences import Audiences
from omosim.world.calendar import Calendar
from omosim.world.geography import nearest_trading
from omosim.world.nodes import CAPACITIES, record_errors, simulated_part, site_plan
from omosim.world.policy import Policy
from omosim.world.stock import Stock

NEAR = 4
#: arrays that change in a run; a snapshot holds them
MUTABLE = (
    "nodes", "trading", "closed", "near", "billboard", "price_factor", "price_fixed", "fee_factor", "fee_fixed",
    "promise_factor", "promise_fixed", "discount_factor", "discount_fixed", "reach_factor", "reach_fixed", "seen_factor", "seen_fixed", "prices", "sold",
    "carried", "reviewed", "followed", "outside_value", "rival_price_index", "rival_price_factor", "rival_store_km", "media_level", "media_factor",
    "lead_factor", "level_factor", "supply", "staff_factor", "staff_fixed", "courier_factor",
    "near_point", "near_dark", "board", "capacity_factor", "capacity_fixed", "site_factor", "site_fixed",
)  # fmt: skip
#: those of them with a row an audience; a run with other audiences works them out anew
BY_AUDIENCE = (
    "price_factor", "price_fixed", "fee_factor", "fee_fixed", "promise_factor", "promise_fixed", "discount_factor", "discount_fixed",
    "media_factor", "reach_factor", "reach_fixed", "seen_factor", "seen_fixed", "prices", "sold",
)  # fmt: skip
#: what shoppers see beside prices and offers, the columns of `seen_factor` and `seen_fixed`
SEEN_NUMBERS = ("acc_web", "acc_social", "acc_live", "free_from", "return_post", "return_store")
_PPM = 1_000_000


@lru_cache(maxsize=256)
def _contacts_cost(audiences: tuple[float, ...], reach: tuple[float, ...], levels: tuple[float, ...], costs: tuple[float, ...], contacts: tuple[float, ...]) -> Fraction:
    """Minor units a week of one shopper's contacts, exact; most days have the levels of the day before.

    audiences : (A,) shares; reach, levels : (A x T,); costs, contacts : (T,)
    """
    out, size = Fraction(0), len(costs)
    for a, share in enumerate(audiences):
        rows = zip(costs, contacts, reach[a * size : (a + 1) * size], levels[a * size : (a + 1) * size], strict=True)
        out += Fraction(share) * sum(Fraction(cost) * Fraction(n) * Fraction(met) * Fraction(level) for cost, n, met, level in rows)
    return out


@dataclass
class World:
    """Typed state of a run; Z zones, N nodes (0 the centre), K items, C categories, G segments, T touchpoints, A audiences.

    Parameters
    ----------
    zone_x_m, zone_y_m : (Z,) int32 metres; zone_weight : (Z,) float64 shares of the population
    nodes : (N,) NODE; node_names : "DC", "S01", "S02", …
    distance_m, travel_s : (Z, N) int32 metres and seconds one way
    near : (Z, 4) int16, nearest trading stores, -1 where there are fewer
    trading : (N,) bool, stores that are in business (opening hours are in `nodes["open"]`)
    closed : (N,) bool, stores and dark stores that a dated change has closed, or not opened yet
    billboard : (Z,) float64, awareness a week from the nearest trading store
    sku_category (K,) int8, list_price, cost (K,) int64 minor units, popularity_cdf (K,) float64
    sku_first : (C + 1,) int32; items of category c are sku_first[c]:sku_first[c + 1]
    channel_price : (4, K) int64, prices by Entry where they are not kept equal; prices : (A, 4, K) in force now, as each
        audience sees them; price its first row
    sold : (A, 4, K) uint8, items shown by Entry; carried : (N, K) uint8, items that a node is replenished with
    reach : (A, T) float64, shoppers who use a touchpoint now; reach_factor, reach_fixed dated changes of it
    seen_factor, seen_fixed : (A, 6) float64, dated changes of SEEN_NUMBERS
    audiences : who sees what; audience_share : (A,) their parts of the shoppers
    misfit … ref_price : (C,) per category; segment arrays (G,)
    reviewed : (C,) float64, units of the whole retailer sold of a category by the beginning of the day, reviews of which are there
    followed : (T,) float64, part of a touchpoint's users who follow it, and whose contacts cost nothing
    outside_value : (Z, C) float64 minor units, what rivals add to the outside option
    media_level : (T,) float64, media by touchpoint as managers set it, 1 = plan; media_factor : (A, T) dated changes
    lead_factor : (Z,) factor on parcel times; level_factor : (N, C) on order-up-to levels; supply : (C,) share of
        ordered units that suppliers send; staff_factor, courier_factor : (N,)
    near_point, near_dark : (Z,) int16, nearest pickup point or locker in use, dark store at work, -1 none; board : (N,) BOARD, as last published
    planned : (N, 6) int32, the columns CAPACITIES of the nodes by settings; capacity_factor, capacity_fixed : (N, 6)
        and site_factor, site_fixed : (1,) dated changes of them and of the site's sessions
    cost_scale : simulated shoppers over market.cost_basis_shoppers
    """

    settings: Settings
    key0: int
    key1: int
    calendar: Calendar
    zone_x_m: np.ndarray
    zone_y_m: np.ndarray
    zone_weight: np.ndarray
    nodes: np.ndarray
    node_names: list[str]
    distance_m: np.ndarray
    travel_s: np.ndarray
    near: np.ndarray
    trading: np.ndarray
    closed: np.ndarray
    billboard: np.ndarray
    category_names: list[str]
    sku_category: np.ndarray
    sku_first: np.ndarray
    list_price: np.ndarray
    cost: np.ndarray
    channel_price: np.ndarray
    prices: np.ndarray
    sold: np.ndarray
    carried: np.ndarray
    popularity_cdf: np.ndarray
    misfit: np.ndarray
    mind: np.ndarray
    value_mean: np.ndarray
    value_sd: np.ndarray
    units_mean: np.ndarray
    units_cv: np.ndarray
    units_shopper_cv: np.ndarray
    need_share: np.ndarray
    resale_loss: np.ndarray
    ref_price: np.ndarray
    segment_names: list[str]
    segment_share: np.ndarray
    segment_need: np.ndarray
    segment_vot: np.ndarray
    segment_mobile: np.ndarray
    segment_digital: np.ndarray
    touch_names: list[str]
    touch_entry: np.ndarray  # Entry, 4 none
    touch_stage: np.ndarray  # 0 awareness, 1 exploration, 2 purchase, 3 after sales
    touch_reach: np.ndarray
    touch_accuracy: np.ndarray
    touch_pays: np.ndarray
    touch_identity: np.ndarray  # 0 none, 1 cookie, 2 login, 3 card
    touch_rho: np.ndarray
    touch_cost: np.ndarray
    touch_contacts: np.ndarray
    touch_saturation: np.ndarray  # contacts a week
    touch_message: np.ndarray  # 1: a message, which people can opt out of
    stock: Stock
    level: np.ndarray
    expected_daily: np.ndarray
    cost_scale: float
    price_factor: np.ndarray
    price_fixed: np.ndarray
    fee_factor: np.ndarray
    fee_fixed: np.ndarray
    promise_factor: np.ndarray
    promise_fixed: np.ndarray
    discount_factor: np.ndarray
    discount_fixed: np.ndarray
    reach: np.ndarray
    reach_factor: np.ndarray
    reach_fixed: np.ndarray
    seen_factor: np.ndarray
    seen_fixed: np.ndarray
    reviewed: np.ndarray
    followed: np.ndarray
    outside_value: np.ndarray
    rival_price_index: np.ndarray
    rival_price_factor: np.ndarray
    rival_store_km: np.ndarray
    media_level: np.ndarray
    media_factor: np.ndarray
    lead_factor: np.ndarray
    level_factor: np.ndarray
    supply: np.ndarray
    staff_factor: np.ndarray
    staff_fixed: np.ndarray
    courier_factor: np.ndarray
    near_point: np.ndarray
    near_dark: np.ndarray
    board: np.ndarray
    planned: np.ndarray
    capacity_factor: np.ndarray
    capacity_fixed: np.ndarray
    site_factor: np.ndarray
    site_fixed: np.ndarray
    audiences: Audiences
    audience_share: np.ndarray
    _policy: Policy = field(default_factory=Policy)
    _seen: list[Policy] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.price = self.prices[0]

    # ---- the policy in force --------------------------------------------------------------------------------
    @property
    def policy(self) -> Policy:
        """The policy that the network works by; the same object all through a run."""
        return self._policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        """Take a policy over at the start of a run: nodes, prices and the opening stock record follow it."""
        self._policy = policy
        self._seen = [policy] if self.audiences.count == 1 else [policy.copied() for _ in self.audiences.names]
        self.refresh_policy()
        self.stock.clear(self.nodes["kind"] > NodeKind.STORE, ~self.trading)
        kinds, units = self.nodes["kind"], self.stock.available
        self.stock.believe(
            record_errors(self.settings.network.stock, kinds, units, policy.record_quality, self.key0, self.key1)
        )
        for column, name in enumerate(CAPACITIES):
            self.nodes[name] = self.capacities()[:, column]

    @property
    def seen(self) -> list[Policy]:
        """The policy as each audience sees it; with one audience, the policy itself."""
        return self._seen or [self._policy] * self.audiences.count

    def change_policy(self, policy: Policy, seen: Sequence[Policy] = ()) -> None:
        """Put new numbers into the policies in force, within a run; offers are changed in place.

        Parameters
        ----------
        policy : what the network works by
        seen : what each audience sees; empty: the same
        """
        self._policy.take(policy)
        if self.audiences.count > 1:
            for mine, theirs in zip(self._seen, seen or [policy] * self.audiences.count, strict=True):
                mine.take(theirs)
        self.refresh_policy()

    def refresh_policy(self) -> None:
        """Write what the policy and the dated changes say into nodes, offers and prices; all in place."""
        policy, stores = self._policy, self.nodes["kind"] == NodeKind.STORE
        trading = self.trading[stores]
        self.nodes["ships"][stores] = policy.ship_from_store * trading
        self.nodes["courier_radius_m"][stores] = policy.courier_radius_m * trading
        capacity = np.rint(policy.courier_wave_capacity * self.courier_factor[stores] * trading)
        self.nodes["wave_capacity"][stores] = capacity.astype(np.int32)
        self._refresh_further()
        if self.audiences.count > 1:
            self._refresh_offers(policy, 0)  # what the network reads of offers, their promises, is the first audience's
        for audience, one in enumerate(self.seen):
            self._refresh_offers(one, audience)
        moved = np.minimum(self.touch_reach * self.reach_factor, 1.0)
        self.reach[...] = np.where(self.reach_fixed >= 0, self.reach_fixed, moved)
        self.update_prices()

    def _refresh_offers(self, policy: Policy, audience: int) -> None:
        """Offers with the dated changes of fees, promises and price cuts that an audience sees; in place."""
        if policy.base_offers is None:
            return
        base, offers = policy.base_offers, policy.offers
        offers[...] = base
        fixed = self.fee_fixed[audience]
        offers["fee"] = np.where(fixed >= 0, fixed, np.rint(base["fee"] * self.fee_factor[audience]))
        told, fixed = np.rint(base["promise_s"] * self.promise_factor[audience]), self.promise_fixed[audience]
        told = np.where(fixed >= 0, fixed, told)
        offers["promise_s"] = np.where(base["promise_s"] >= 0, told, -1)
        fixed = self.discount_fixed[audience]
        cut = np.where(fixed >= 0, np.rint(fixed * _PPM), np.rint(base["discount_ppm"] * self.discount_factor[audience]))
        offers["discount_ppm"] = np.minimum(cut, _PPM)

    def _refresh_further(self) -> None:
        """Nodes after the stores work where the policy has them; dark stores and outsourced nodes then ship."""
        policy, kind = self._policy, self.nodes["kind"]
        for one, on in (
            (NodeKind.DARK, policy.dark_stores), (NodeKind.POINT, policy.pickup_points),
            (NodeKind.LOCKER, policy.pickup_points), (NodeKind.OUTSOURCED, policy.outsourced),
        ):  # fmt: skip
            rows = kind == one
            self.trading[rows] = bool(on) & ~self.closed[rows]
            if one in (NodeKind.DARK, NodeKind.OUTSOURCED):
                self.nodes["ships"][rows] = self.trading[rows]
        dark = kind == NodeKind.DARK
        self.nodes["courier_radius_m"][dark] = policy.courier_radius_m * self.trading[dark]
        self.nodes["wave_capacity"][dark] = policy.courier_wave_capacity * self.trading[dark]
        for name in ("slot_cap", "keep", "batch"):  # the engines keep books of the other capacities themselves
            self.nodes[name] = self.capacities()[:, CAPACITIES.index(name)]
        self._update_near_point()

    def capacities(self) -> np.ndarray:
        """(N, 6) int32: the columns CAPACITIES of each node, after dated changes."""
        moved = np.floor(self.planned * self.capacity_factor + 0.5).astype(np.int32)
        moved[:, :3] = np.maximum(moved[:, :3], self.planned[:, :3] > 0)  # no bins, bays or rooms would be as many as needed
        return np.where(self.capacity_fixed >= 0, self.capacity_fixed, moved)

    def site_sessions(self) -> int:
        """Sessions that the simulated part of the site carries now; -1 where none is modelled."""
        planned = site_plan(self.settings)
        if planned is None:
            return -1
        fixed = int(self.site_fixed[0])
        return simulated_part(self.settings, fixed if fixed >= 0 else planned * float(self.site_factor[0]))

    # ---- prices and rivals ------------------------------------------------------------------------------------
    def _base_prices(self, audience: int = 0) -> np.ndarray:
        return np.tile(self.list_price, (4, 1)) if self.seen[audience].prices_equal else self.channel_price

    def update_prices(self) -> None:
        """Prices now: list or channel price, times dated factors, or a fixed price; changes `prices`."""
        for audience in range(self.audiences.count):
            factor = self.price_factor[audience][:, self.sku_category]
            fixed = self.price_fixed[audience][:, self.sku_category]
            moved = np.maximum(np.rint(self._base_prices(audience) * factor), 1).astype(np.int64)
            self.prices[audience] = np.where(fixed >= 0, fixed, moved)

    def own_price_index(self) -> float:
        """Our prices relative to those without dated changes, over all items, entries and shoppers."""
        sums = zip(self.audience_share.tolist(), self.prices, map(self._base_prices, range(self.audiences.count)), strict=True)
        return float(sum(share * (int(now.sum()) / int(base.sum())) for share, now, base in sums))

    def update_outside(self) -> None:
        """What rivals add to the outside option by their prices and nearness; changes `outside_value` in place."""
        rival = self.settings.market.rival
        cheaper = rival.pull * (1.0 - self.rival_price_index[0] * self.rival_price_factor)
        nearer = rival.store_pull * (rival.store_km - self.rival_store_km)
        self.outside_value[...] = (cheaper + nearer[:, None]) * self.ref_price[None, :]

    # ---- stores -------------------------------------------------------------------------------------------------
    def update_near(self) -> None:
        """Nearest trading stores and the billboard effect of each zone; changes `near` and `billboard` in place."""
        stores = self.nodes["kind"] == NodeKind.STORE
        nearest_trading(self.distance_m, self.trading, stores, self.near)
        aware, has = self.settings.market.awareness, self.near[:, 0] >= 0
        metres = self.distance_m[np.arange(self.near.shape[0]), np.maximum(self.near[:, 0], 0)]
        decay = np.empty(metres.size)
        fill_exp(-metres / (1000.0 * aware.store_scale_km), decay)
        self.billboard[...] = np.where(has, aware.store_rho * decay, 0.0)

    def _update_near_point(self) -> None:
        """The nearest pickup point or locker, and dark store, at work of each zone; changes `near_point`, `near_dark` in place."""
        kind = self.nodes["kind"]
        points = np.isin(kind, (NodeKind.POINT, NodeKind.LOCKER))
        nearest_trading(self.distance_m, self.trading, points, self.near_point[:, None])
        nearest_trading(self.distance_m, self.trading, kind == NodeKind.DARK, self.near_dark[:, None])

    def staffed(self, planned: int | np.ndarray) -> np.ndarray:
        """(N,) int64 people on duty of the planned number at each node (one for all, or (N,)), after dated changes of staff."""
        moved = np.floor(planned * self.staff_factor + 0.5).astype(np.int64)
        return np.where(self.staff_fixed >= 0, self.staff_fixed, moved)

    # ---- media ---------------------------------------------------------------------------------------------------
    def media_now(self) -> np.ndarray:
        """(A, T) float64: media level of each touchpoint present, 1 = plan; 0 where the strategy has none."""
        on = np.stack([one.touch_on if one.touch_on.size else np.ones(self.media_level.size, np.int8) for one in self.seen])
        return self.media_level * self.media_factor * on

    def contacts_now(self) -> np.ndarray:
        """(T,) float64: part of all shoppers whom each touchpoint reaches for money, times the level of its contacts."""
        return (self.audience_share[:, None] * self._paid_now() * self.reach).sum(axis=0)

    def _paid_now(self) -> np.ndarray:
        """(A, T) float64: media level of contacts that are paid for; followers come by themselves."""
        return self.media_now() * (1.0 - self.followed)

    def follow(self, orders: np.ndarray) -> None:
        """A day of F <- F(1 - d) + (1 - F)(1 - exp(-x)), x what orders and content win; changes `followed` in place.

        Parameters
        ----------
        orders : (4,) orders of the day before, by Entry
        """
        rows = list(self.settings.touchpoints.rows.values())
        if not any(r.follow_per_order or r.follow_per_week or r.unfollow_per_week for r in rows):
            return
        per_order, content, lost = (
            np.array([getattr(r, name) or 0.0 for r in rows]) for name in ("follow_per_order", "follow_per_week", "unfollow_per_week")
        )
        shares = self.audience_share[:, None] * self.reach
        users = shares.sum(axis=0)
        present = (self.media_now() > 0).any(axis=0)
        ordered = np.append(orders, 0)[self.touch_entry] * present / np.maximum(users * self.settings.shoppers, 1.0)
        level = (shares * self.media_now()).sum(axis=0) / np.maximum(users, 1e-12)
        keep, stay = np.empty(users.size), np.empty(users.size)
        fill_exp(-(per_order * ordered + content * level / 7.0), keep)
        for row, share in enumerate(lost):
            stay[row] = pow64(1.0 - share, 1.0 / 7.0) if share < 1 else 0.0
        self.followed[...] = self.followed * stay + (1.0 - self.followed) * (1.0 - keep)

    def media_cost_per_day(self, messages: bool = False) -> Fraction:
        """Minor units a day paid for contacts (of messages alone): cost x contacts x people reached, at the levels in force."""
        costs = self.touch_cost * self.touch_message if messages else self.touch_cost
        parts = (self.audience_share, self.reach.ravel(), self._paid_now().ravel(), costs, self.touch_contacts)
        return _contacts_cost(*(tuple(part.tolist()) for part in parts)) * self.settings.shoppers / 7

    def exposure_rho(self) -> np.ndarray:
        """(A, G): awareness a week gained by contacts, per audience and segment.

        Touchpoints of web, social and live reach a segment in proportion to its phone share; the policy's own
        contact (partners, ecosystem) comes on top. Contacts above what a person takes in thin out all of them.
        """
        out = np.empty((self.audiences.count, self.segment_share.size))
        phone = np.cumsum(self.segment_share * self.segment_mobile)[-1]
        fill_exposure(
            self.touch_rho, self.reach, self.media_now(), self.touch_contacts, self.touch_saturation,
            np.isin(self.touch_entry, (0, 2, 3)).astype(np.uint8),
            self.segment_mobile / phone if phone > 0 else np.ones(self.segment_share.size),
            self.settings.market.attention.contacts_per_week, np.array([policy.contact_rho for policy in self.seen], np.float64), out,
        )  # fmt: skip
        return out

    def count_reviews(self) -> None:
        """Units sold so far of each category, by the whole retailer, where reviews accumulate; changes `reviewed` in place."""
        if any(row.accumulates for row in self.settings.touchpoints.rows.values()):
            moves = self.stock.moves
            units = (moves[Move.SOLD] + moves[Move.SHIPPED]).sum(axis=0)
            self.reviewed[...] = np.bincount(self.sku_category, units, len(self.category_names)) / min(self.cost_scale, 1.0)

    def seen_number(self, audience: int, name: str, value: float) -> float:
        """One of SEEN_NUMBERS as an audience sees it, after dated changes.

        Parameters
        ----------
        value : before them
        """
        column = SEEN_NUMBERS.index(name)
        fixed = float(self.seen_fixed[audience, column])
        return fixed if fixed >= 0 else value * float(self.seen_factor[audience, column])

    # ---- snapshot ------------------------------------------------------------------------------------------------
    def state(self) -> dict[str, np.ndarray]:
        """Arrays that change in a run, by name; the stock's with the prefix `stock_`."""
        stock = {f"stock_{name}": array for name, array in self.stock.state().items()}
        return {name: getattr(self, name) for name in MUTABLE} | stock

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over arrays given by `state`, in place."""
        for name in MUTABLE:
            if name not in BY_AUDIENCE or getattr(self, name).shape == state[name].shape:
                getattr(self, name)[...] = state[name]
        prefix = "stock_"
        self.stock.load({name.removeprefix(prefix): a for name, a in state.items() if name.startswith(prefix)})
        self.refresh_policy()  # a branch may have another policy than the saved world
