"""The policy in force: what a set of capability levels amounts to, in numbers that kernels read.

Capabilities write it (room `strategy`), shoppers and the network read it. No field is an effect on a
result; each is information, time, money, hassle, identity or capacity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields

import numpy as np

from omosim.schema.codes import Entry, Flow
from omosim.schema.columns import DAY, OFFER, OFFER_NAMES
from omosim.schema.network import N_SERVICES, SERVICE

#: a level of a capability that moves: (capability, level, new value or None, factor or None)
LevelMove = tuple[str, str, float | None, float | None]


def is_show_day(day: int, per_week: float, phase: float = 0.0) -> bool:
    """Whether a show is broadcast on a day of the run: the running count of shows, from `phase` on, passes a whole number then."""
    return int((day + 1) * per_week / 7.0 + phase) > int(day * per_week / 7.0 + phase)


def offer_catalogue() -> np.ndarray:
    """The catalogue of offers, all switched off but shelf visits; ids are the same in every strategy."""
    o = np.zeros(len(OFFER_NAMES), OFFER)
    o["entry"] = [Entry.WEB] * 4 + [Entry.STORE] * 2 + [Entry.SOCIAL, Entry.LIVE] + [Entry.WEB] * 4 + [Entry.STORE]
    o["flow"] = [Flow.SHIP, Flow.SAME_DAY, Flow.PICKUP, Flow.VISIT, Flow.VISIT, Flow.VISIT, Flow.SHIP, Flow.SHIP] + [Flow.PICKUP] * 4 + [Flow.VISIT]
    o["pre_info"][3] = 1  # web_then_store
    o["intent"][5] = 1  # showroom
    o["needs_stock"][[1, 2, 8, 9]] = 1
    o["at_point"][10] = 1
    o["moved"][[10, 11]] = 1
    o["inside"][[2, 8, 11]] = 1
    o["try_on"][8] = 1  # who pays in the store sees the goods first
    o["booked"][12] = 1
    o["place_ppm"] = 1_000_000
    o["promise_s"] = -1
    o["enabled"][4] = 1
    return o


def service_catalogue() -> np.ndarray:
    """How each offer is handed over, (N_SERVICES,) SERVICE; what belongs to the offer itself is set, the rest is off."""
    s = np.zeros(N_SERVICES, SERVICE)
    s["curbside"][9] = 1
    s["books_box"][10] = 1
    s["ship_to"][[10, 11]] = 1
    s["booked"][12] = 1
    return s


@dataclass
class Policy:
    """Numbers that a strategy's capability levels set; one instance a run, changed by dated interventions."""

    offers: np.ndarray = field(default_factory=offer_catalogue)  # OFFER rows
    services: np.ndarray = field(default_factory=service_catalogue)  # SERVICE rows, of the same numbers
    # information
    stock_shown: int = 0  # 1: shoppers who check see the published stock of stores
    publish_s: int = DAY  # period of the stock feed, seconds
    known_stores: int = 1  # nearest stores a shopper thinks of (store locator raises it to near_stores)
    accuracy_web: float = 0.0  # share of misfits revealed before an order, per entry, sources combined
    accuracy_social: float = 0.0
    accuracy_live: float = 0.0
    fit_suggested: float = 0.0  # share of misfits on the web that are avoided, since a tool says which size fits
    record_quality: float = 0.0  # share of record errors removed (0 none, 1 all)
    # money
    prices_equal: int = 0  # 1: one price in every channel
    coupon_rate: float = 0.0  # share of missions with a coupon in hand
    coupon_discount: float = 0.0  # its value, share of price
    coupon_everywhere: int = 0  # 1: valid in stores too, 0: web only
    points_rate: float = 0.0  # value of points given back, share of price, to identified buyers
    points_everywhere: int = 0
    # hassle and returns
    return_in_store: int = 0  # 1: any store takes back an online order
    endless_aisle: int = 0  # 1: an empty shelf can be ordered for shipping at the shelf
    switch_hassle_factor: float = 1.0  # hassle of ordering at the shelf with the store's help (endless aisle), relative to ordering alone
    in_app_payment: int = 0  # 1: live and social orders need no change of app
    # network
    ship_from_store: int = 0  # 1: parcels may leave from stores
    courier_radius_m: int = 0
    courier_wave_capacity: int = 0
    fitting_at_pickup: int = 0
    pickup_users: float = 1.0  # share of shoppers to whom collecting an order occurs at all
    pickup_slots: int = 0  # 1: pickups are booked into slots
    dark_stores: int = 0  # 1: the network's dark stores work
    pickup_points: int = 0  # 1: its pickup points and lockers are used
    outsourced: int = 0  # 1: its outsourced nodes ship
    # people and service in stores
    work_factor: float = 1.0  # picking and counter times, relative to the network's
    failures_avoided: float = 0.0  # share of service failures that training avoids
    advice_go_on: float = 0.0  # probability of going on after a bad sign, with staff's advice; 0 nobody advises
    advice_match: float = 0.0  # share of a next item's misfits that the advice avoids
    advice_s: float = 0.0  # staff seconds of an advised visit
    fitting_users: float = 0.0  # share of shoppers to whom booking a fitting occurs
    fittings_per_day: float = 0.0  # appointments of a store and day, whole retailer's size
    fitting_ahead: int = 0  # days ahead that can be booked
    fitting_no_show: float = 0.0  # share of appointments that nobody keeps
    visit_factor: float = 1.0  # time in the store for a visit, relative
    unseen_avoided: float = 0.0  # share of items not found on the shelf that the app finds
    # orders
    honest: int = 0  # 1: promises follow the published load of the node
    follow_up: float = 0.0  # share of the loss of goodwill over a late order that a message takes away
    review_s: int = DAY  # period of the replenishment review
    # data
    feedback: float = 0.0  # share of misfits that size advice reveals with endless data
    feedback_half: float = 1.0  # linked returns of a category at which half of that is there
    feedback_lag_days: int = 0  # until a return counts
    feedback_reviews: float = 0.0  # share of linked purchases that are reviewed
    # identity and data
    link_latency_s: int = -1  # -1 channels never linked, else time until an event is in the linked profile
    store_sensing: float = 0.0  # share of store visits identified without a card (app, beacon, QR)
    shown_items: int = 1  # m: best of so many items by the profile's signal (1 no personalisation)
    # touches
    broadcast_per_week: float = 0.0  # live shows
    broadcast_hour: int = 20
    live_reach: float = 0.0  # share of shoppers an announced show reaches
    live_intensity: float = 0.0  # perceived value gained in a show, share of price (persuasion)
    live_discount: float = 0.0
    live_limit_units: int = 0  # units at that price in a show, whole retailer; 0 no limit
    live_sd: float = 0.0  # sd of the intensity between shows, share of price
    live_answers: float = 0.0  # questions that the host of a show can answer, whole retailer; 0 none
    answer_accuracy: float = 0.0  # share of misfits that an answer reveals
    proof_minutes: int = 0  # period at which a show tells how many have bought; 0 never
    announce_days: float = 0.0  # days before a show in which it is announced
    announce_on: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int8))  # (T,) 1: touchpoint rows that announce shows
    retarget_rate: float = 0.0  # share of identified abandoned missions that are asked again next day
    push_per_week: float = 0.0  # contacts a week to identified shoppers
    push_open_rate: float = 0.0  # share of contacts that open a mission when a need is near
    contact_rho: float = 0.0  # awareness a week gained by partner touchpoints and ecosystem contact
    switch_cost: float = 0.0  # share of price, hassle of leaving the ecosystem for a rival
    # campaigns
    insert_open: float = 0.0  # share of leaflets whose tagged link is opened
    insert_days: int = 7  # within so many days
    after_days: int = 0  # days after a purchase at which a message is sent, 0 none
    after_open: float = 0.0  # share of those messages that open a mission when a need is near
    lapse_days: int = 0  # days without a purchase after which a message is sent, 0 none
    lapse_open: float = 0.0
    campaign_cost: float = 0.0  # minor, a message
    own_rate: float = 0.0  # share of nearly bought missions after which a coupon is given
    own_discount: float = 0.0  # its value, share of price
    own_near: float = 0.0  # share of price by which the own plan may have fallen short
    own_days: int = 0  # days on which it counts, from the next one on
    own_back: float = 0.0  # share of coupons that bring the shopper back on the next day
    own_cost: float = 0.0  # minor, a coupon sent
    events_per_month: float = 0.0
    event_km: float = 0.0  # who lives so near may come by himself
    event_near: float = 0.0  # share of them who do
    event_aware: float = 0.0  # share of the unaware of them who learn of us by it
    event_invites: int = 0  # 1: people in the linked profile are invited
    invite_km: float = 0.0
    event_invited: float = 0.0  # share of the invited who come
    event_lead_days: int = 0  # days before it that it is announced
    event_cost: float = 0.0  # minor, an event of the whole retailer
    invite_cost: float = 0.0  # minor, an invitation
    vip_threshold: int = 0  # minor, spend of 365 days that makes a VIP, 0 none
    vip_points: float = 0.0  # further points, share of price
    vip_invites: int = 0  # 1: VIPs are invited to every event
    search_factor: float = 1.0  # search cost on the web that is left
    assistant_cost: float = 0.0  # minor, a web session
    campaign_rows: dict[str, int] = field(default_factory=dict)  # landing, message, invite, event, vip -> row of the touchpoint table
    touch_on: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int8))  # (T,) touchpoint rows present
    commission_social: float = 0.0  # share of price paid to the platform
    commission_live: float = 0.0
    # how it came about
    base_offers: np.ndarray | None = None  # the offers before dated changes of fees and promises
    rebuild: Callable[[Mapping[str, bool], Sequence[LevelMove]], Policy] | None = None  # the strategy with capabilities switched, levels moved
    # cost, already the simulated shoppers' part (market.cost_basis_shoppers)
    capital: int = 0  # minor, paid once
    capital_per_day: int = 0  # minor, written off
    running_per_day: int = 0  # minor, whole retailer (stores included)

    def take(self, other: Policy) -> None:
        """Take over the numbers of another policy; tables are changed in place, so that views stay valid."""
        for part in fields(Policy):
            new, old = getattr(other, part.name), getattr(self, part.name)
            if isinstance(old, np.ndarray) and old.shape == new.shape:
                old[...] = new
            else:
                setattr(self, part.name, new)

    def copied(self) -> Policy:
        """A copy with tables of its own."""
        out = copy(self)
        for part in fields(Policy):
            if isinstance(table := getattr(self, part.name), np.ndarray):
                setattr(out, part.name, table.copy())
        return out
