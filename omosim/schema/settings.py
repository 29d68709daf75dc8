"""The typed settings of a run: one frozen model, validated once, read by every room below the config.

Money is in minor units of the market's currency (KRW has none below the won). "Share of price" means a
share of the category's list price. Sources of values stand in the YAML files beside the values.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from omosim.schema.contacts import Attention, Messages, WordOfMouth
from omosim.schema.fields import Frozen, par
from omosim.schema.operations import (
    DarkStores,
    Fitting,
    Inserts,
    Outsourced,
    PickupPoints,
    Roster,
    ShipToStore,
    Site,
    Sourcing,
    StoreOperations,
)
from omosim.schema.scenario import ScenarioSettings
from omosim.schema.service import Service
from omosim.schema.strategy import StrategySettings

Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1, max_length=80)]


# ---- market -------------------------------------------------------------------------------------------------
class Segment(Frozen):
    """A kind of shopper."""

    share: float = par("share", "part of the population", 0, 1)
    need_multiplier: float = par("1", "need rate relative to the market", 0, 20)
    vot_multiplier: float = par("1", "value of time relative to the market", 0, 20)
    mobile_share: float = par("share", "sessions on a phone", 0, 1)
    digital_taste: float = par("share of price", "shift of taste for web, social and live", -5, 5)


class Geography(Frozen):
    """Zones on a disc round the centre."""

    zones: int = par("zones", "number of zones", 1, 2000)
    radius_km: float = par("km", "radius of the market", 0.1, 2000)
    density_gradient: float = par("1/radius", "exponential fall of population from centre to edge", 0, 10)
    speed_kmh: float = par("km/h", "door-to-door speed", 1, 200)
    combined_trip_share: float = par("share", "visits combined with another trip", 0, 1)
    combined_travel_factor: float = par("1", "travel time of a combined trip, relative", 0, 1)


class Demand(Frozen):
    """Needs: a renewal process in operational time with gamma rates over shoppers."""

    purchase_r: float = par("1", "gamma shape of purchase rates over shoppers", 0.01, 50)
    purchase_alpha_weeks: float = par("weeks", "gamma rate: mean purchase rate is r/alpha a week", 0.01, 10000)
    stages: int = par("stages", "Erlang stages m of a gap between needs (1 Poisson, 2 regular)", 1, 4)
    purchase_share: float = par("share", "part of needs that become our purchase: need rate = purchase rate / this", 0.001, 1)
    dropout_a: float = par("1", "beta a of dropout after a repeat purchase", 0.001, 1000)
    dropout_b: float = par("1", "beta b of dropout after a repeat purchase", 0.001, 1000)
    hour_of_day: list[float] = par("weight", "24 weights of the hour, weekdays", min_length=24, max_length=24)
    hour_of_day_weekend: list[float] = par("weight", "24 weights of the hour, weekend", min_length=24, max_length=24)
    day_of_week: list[float] = par("weight", "7 weights, Monday first", min_length=7, max_length=7)
    month_of_year: list[float] = par("weight", "12 weights, January first", min_length=12, max_length=12)
    week_of_run: list[float] = par("weight", "weights by week from start_date, the last repeats; empty: none", default_factory=list, max_length=520)


class Awareness(Frozen):
    """Who knows the retailer, and who comes to know it."""

    initial: float = par("share", "mean awareness at the start", 0, 1)
    decay_per_week: float = par("share a week", "forgetting", 0, 1)
    store_rho: float = par("1/week", "billboard effect of a store next door", 0, 5)
    store_scale_km: float = par("km", "distance at which the billboard effect falls by e", 0.01, 500)
    acquisition_per_week: float = par("share a week", "unaware shoppers who learn of us by word of others and search", 0, 1)


class Goodwill(Frozen):
    """Memory of experiences; money relative to the category's list price."""

    memory_weeks: float = par("weeks", "time constant of forgetting", 0.1, 520)
    learning: float = par("1", "weight of one experience", 0, 1)
    consider_base: float = par("logit", "b0: consideration at neutral goodwill", -10, 10)
    consider_slope: float = par("logit per price", "b_G: slope of consideration in goodwill", 0, 50)
    consider_aware: float = par("logit", "b_A: slope of consideration in the awareness of one's zone and segment, less awareness.initial: what is seen around comes to mind", 0, 20, default=0.0)
    dropout_slope: float = par("logit per price", "c_G: goodwill lowers dropout", 0, 50)
    empty_shelf: float = par("share of price", "penalty for an empty shelf", 0, 5)
    late: float = par("share of price", "penalty for a broken promise", 0, 5)
    failed_pickup: float = par("share of price", "penalty for a pickup that failed or a cancelled order", 0, 5)
    price_gap: float = par("share of price", "penalty for a price gap between channels that was seen", 0, 5)
    return_hassle: float = par("share of price", "penalty for the hassle of a return", 0, 5)
    pleasure: float = par("share of price", "value above price of a bought unit that pleases, as remembered", 0, 5)
    intrusive: float = par("share of price", "penalty, once, for messages that made a shopper opt out of them", 0, 5, default=0.0)
    coupon_heard: float = par("share", "considered missions without a coupon in which it is heard that others have one; who hears loses price_gap once", 0, 1, default=0.0)


class Choice(Frozen):
    """Scales of the choice, shares of the category's list price."""

    theta_upper: float = par("share of price", "scale of the error between entries", 0.0001, 5)
    theta_lower: float = par("share of price", "scale of the error between plans of an entry, at most theta_upper", 0.0001, 5)
    taste_web: float = par("share of price", "mean taste for the web", -5, 5)
    taste_store: float = par("share of price", "mean taste for stores", -5, 5)
    taste_social: float = par("share of price", "mean taste for social shops", -5, 5)
    taste_live: float = par("share of price", "mean taste for live shows", -5, 5)
    taste_sd: float = par("share of price", "sd of taste over shoppers, each entry", 0, 5)
    habit_gain: float = par("share of price", "taste gained by full habit of an entry", 0, 5)
    habit_rate: float = par("1", "weight of the last purchase in the habit", 0, 1)
    search_cost: float = par("share of price", "cost of a search session on line", 0, 1)
    wait_per_day: float = par("share of price a day", "cost of waiting a day", 0, 1)
    return_post: float = par("share of price", "hassle of a return by post", 0, 2)
    return_store: float = par("share of price", "hassle of a return in a store", 0, 2)
    switch_hassle: float = par("share of price", "hassle of ordering on line while in a store", 0, 2)
    vot_per_hour: float = par("minor/h", "value of time", 0, 1e9)
    visit_minutes: float = par("min", "time in the store for a visit", 0, 600)
    collect_minutes: float = par("min", "time in the store for a pickup, without the queue", 0, 600)
    stock_check_share: float = par("share", "shoppers who check stock before a visit when it is shown", 0, 1)
    belief_start: float = par("share", "believed availability in stores at the start", 0, 1)
    belief_rate: float = par("1", "weight of one own trip in the belief", 0, 1)
    near_stores: int = par("stores", "nearest stores a shopper thinks of at most", 1, 4)
    known_stores: int = par("stores", "nearest stores a shopper thinks of without a store locator", 1, 4, default=1)
    go_on: float = par("share", "after a bad sign tries another size or item", 0, 1)
    extra_purchase_visit: float = par("share", "entries into a store, to look or to collect, with a further unplanned purchase of an item of its own", 0, 1, default=0.0)


class Rival(Frozen):
    """The outside option's strength; acts in the outside utility only."""

    price_index: float = par("1", "rival's price relative to ours at the start", 0.1, 10)
    pull: float = par("share", "part of the rival's price gap that a shopper feels", 0, 1)
    reaction: float = par("1/week", "part of our price move that the rival follows in a week", 0, 1)
    store_km: float = par("km", "mean distance to the rival's store", 0, 500)
    store_pull: float = par("share of price per km", "outside value gained per km that the rival's store comes nearer than store_km", 0, 1)


class Identity(Frozen):
    """What shoppers leave behind."""

    consent: float = par("share", "shoppers who consent to tracking", 0, 1)
    login: float = par("share", "web and app sessions with a login", 0, 1)
    loyalty: float = par("share", "store purchases with a loyalty card", 0, 1)
    cookie_days: float = par("days", "a device's cookie changes after so long, and what it had seen is lost unless a login linked it; 0: a cookie stays, and sites do not recommend by it", 0, 36500, default=0.0)


class Personalisation(Frozen):
    """A better draw from the same catalogue, by accuracy of the linked profile."""

    rho_inf: float = par("correlation", "accuracy of the profile with endless data", 0, 1)
    n_half: float = par("events", "n0 in rho(n) = rho_inf sqrt(n/(n+n0))", 0.001, 100000)


class Sessions(Frozen):
    """Browsing."""

    per_mission: float = par("sessions", "mean sessions of a mission on line, one at least", 1, 100)
    browse_per_week: float = par("sessions a week", "web sessions without a need, per aware shopper who uses the web", 0, 100)
    touches_per_mission: float = par("touches", "mean touches before a decision, one at least", 1, 100)
    show_ahead_days: int = par("days", "a live show can bring forward a need that would come within so many days", 1, 365)
    push_ahead_days: int = par("days", "a contact that opens a mission comes so many days before its need", 0, 60)
    push_window_days: float = par("days", "days before a need in which a contact can open its mission", 0, 60)
    nearly_bought: float = par("share of price", "an own plan within this of the outside option was given up only just, and is retargeted", 0, 5)


class Live(Frozen):
    """Viewers of live shows; what a host does with them are levels of capabilities."""

    stay_minutes: float = par("min", "mean time a viewer stays, joining at any moment; 0 sees the whole show", 0, 60, default=0.0)
    question_share: float = par("share of viewers", "viewers with a question, where the host answers any", 0, 1, default=0.15)
    social_proof: float = par(
        "share of price", "perceived value gained if all viewers had bought, where a show tells how many did", 0, 20, default=0.3
    )
    switch_app: float | None = par(
        "share of price", "hassle of paying in another app, in feeds and shows without payment; none: choice.switch_hassle", 0, 2, default=None
    )
    switch_give_up: float = par("share of orders", "dropped at that change of app", 0, 1, default=0.0)
    serves: Literal["nearest", "any"] = par("name", "need that a viewer decides on, of those within sessions.show_ahead_days: the nearest, or any", default="nearest")
    impulse_share: float = par("share of missions", "missions of viewers behind which there is no need: what is bought is missing nowhere later", 0, 1, default=0.0)
    watch_share: float = par("share", "of those who use such shows and met an announcement, who watch", 0, 1, default=0.1)


class Fit(Frozen):
    """Touch: who needs it, what it teaches, and what becomes of goods that do not please. Off unless a market switches it on."""

    touch_spread: float = par("1", "need for touch: information leaves 1 - this to 1 + this of the usual part of misfits hidden, uniform over people; 0 all are alike", 0, 1, default=0.0)
    touch_taste: float = par("correlation", "of the ranks of need for touch and taste for stores", 0, 1, default=0.0)
    known: float = par("share", "misfits of a category that a shopper avoids, on every channel, who was just in a store for it; 0 nobody learns", 0, 1, default=0.0)
    memory_weeks: float = par("weeks", "time constant of forgetting it", 0.1, 1040, default=104.0)
    keep: float = par("share of price", "most that goods that do not please are worth to who keeps them, uniform from 0; they go back where that is less than the price less the hassle; 0 all go back", 0, 1, default=0.0)


class MarketSettings(Frozen):
    """The people, the place, and the rivals."""

    name: Name
    title: str = par("text", "name for people", max_length=200)
    currency: Literal["KRW", "USD", "GBP", "EUR", "JPY"] = par("code", "ISO currency; amounts are in its minor units")
    timezone: str = par("name", "IANA time zone; a config's dates are in it", max_length=64)
    start_date: str = par("date", "first day of the run, YYYY-MM-DD", pattern=r"^\d{4}-\d{2}-\d{2}$")
    cost_basis_shoppers: int = par("people", "shoppers of the retailer for whom rents, wages of idle staff and costs of capabilities are stated; a run of fewer shoppers pays its part", 1, 10**9)
    capability_cost_rate: float = par("minor per minor", "what one unit of a capability file's costs (won) is in this market's minor units", 0, 1e6, default=1.0)
    geography: Geography
    segments: dict[Name, Segment] = Field(min_length=1, max_length=32)
    demand: Demand
    awareness: Awareness
    goodwill: Goodwill
    choice: Choice
    rival: Rival
    identity: Identity
    personalisation: Personalisation
    sessions: Sessions
    attention: Attention = Attention()
    messages: Messages = Messages()
    word_of_mouth: WordOfMouth = WordOfMouth()
    live: Live = Live()
    service: Service = Service()
    fit: Fit = Fit()


# ---- catalogue ------------------------------------------------------------------------------------------------
class Category(Frozen):
    """A kind of goods with one fit risk."""

    skus: int = par("SKUs", "number of items", 1, 100000)
    need_share: float = par("share", "part of needs", 0, 1)
    price: int = par("minor", "median list price of an item", 1, 10**9)
    price_spread: float = par("log sd", "spread of list prices over items", 0, 3)
    margin: float = par("share", "gross margin on the list price", -1, 1)
    misfit: float = par("share", "probability that an item does not fit (q)", 0, 1)
    change_of_mind: float = par("share", "kept units that go back for a change of mind or defect", 0, 1)
    value_mean: float = par("share of price", "mean of (willingness to pay for a fitting unit - price)", -20, 20)
    value_sd: float = par("share of price", "sd of the same (sigma)", 0.001, 20)
    units_mean: float = par("units", "mean units of an order", 1, 10000)
    units_cv: float = par("1", "coefficient of variation of units between orders of one shopper", 0, 5)
    units_shopper_cv: float = par("1", "coefficient of variation of mean units between shoppers", 0, 5)
    popularity: float = par("1", "Zipf exponent of demand over items", 0, 3)
    resale_loss: float = par("share of cost", "loss of value of a returned unit", 0, 1)
    advice: float = par("share", "visitors who want advice on a next item after a bad sign, where staff give it", 0, 1, default=0.0)
    sold_before: float | None = par("units", "units sold before the run of which reviews stand, in place of `accumulated` of a touchpoint's row", 0, 1e12, default=None)


class CatalogueSettings(Frozen):
    """What is sold."""

    categories: dict[Name, Category] = Field(min_length=1, max_length=32)
    price_gap_share: float = par("share", "items whose web price differs from the store price when prices are not kept equal", 0, 1)
    price_gap_sd: float = par("share of price", "sd of that difference", 0, 1)


# ---- network --------------------------------------------------------------------------------------------------
class StorePlan(Frozen):
    """Stores and their people."""

    count: int = par("stores", "number of stores, placed by population", 0, 5000)
    opens: str = par("time", "opening, HH:MM", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    closes: str = par("time", "closing, HH:MM", pattern=r"^([01]\d|2[0-4]):[0-5]\d$")
    pickers: int = par("people", "on duty for picking while open", 0, 1000)
    counter: int = par("people", "on duty at the counter while open", 0, 1000)
    peak_from: str = par("time", "start of the busy hours, HH:MM", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    peak_to: str = par("time", "end of the busy hours, HH:MM", pattern=r"^([01]\d|2[0-4]):[0-5]\d$")
    peak_extra: int = par("people", "more at the counter in the busy hours", 0, 1000)
    rent_per_day: int = par("minor a day", "rent and fixed cost of a store", 0, 10**10)
    roster: str | Roster | None = par("file", "people by weekday and quarter hour in place of pickers, counter and peak_*: CSV with weekday, role (picker or counter), from, to, where wanted store, breaks, people, as the rota.csv of `omosim bopis`", default=None)


class Work(Frozen):
    """Work contents."""

    centre_pickers: int = par("people", "on duty in the centre of the whole retailer, round the clock; a run of fewer shoppers has its part, at least one", 0, 100000)
    pick_base_s: float = par("s", "picking, per order", 0, 86400)
    pick_unit_s: float = par("s", "picking, per unit", 0, 86400)
    counter_s: float = par("s", "mean counter time of a pickup", 0, 86400)
    checkout_s: float = par("s", "mean counter time of a walk-in purchase", 0, 86400)
    returns_s: float = par("s", "mean counter time of a return in a store", 0, 86400)
    shape: float = par("1", "gamma shape of service times (1 exponential)", 0.1, 100)
    wage_per_hour: int = par("minor/h", "wage with on-costs", 0, 10**10)
    patience_minutes: float = par("min", "mean patience in the counter queue; 0 endless", 0, 1440)


class StockPolicy(Frozen):
    """Replenishment on inventory position: up to a level by days of cover, at once or from a reorder point, in lots, or by forecast."""

    store_cover_days: float = par("days", "cover above lead-time demand in a store", 0, 365)
    store_min_units: int = par("units", "least order-up-to level of an item in a store", 0, 100000)
    store_lead_days: float = par("days", "centre to store", 0, 365)
    store_review_hour: int = par("h", "hour of the daily review", 0, 23)
    centre_cover_days: float = par("days", "cover above lead-time demand in the centre", 0, 730)
    centre_lead_days: float = par("days", "supplier to centre", 0, 730)
    store_safety_z: float = par("sd", "safety stock in standard deviations of lead-time demand", 0, 10)
    record_wrong: float = par("share", "records that are wrong by some amount", 0, 1)
    record_harmful: float = par("share", "records that show stock where there is none", 0, 1)
    count_days: float = par("days", "time between cycle counts of an item", 0.1, 3650)
    stale_error: float = par("share", "further cells that show stock where there is none when the feed is a day old", 0, 1)
    store_share: float = par("share", "part of the market's demand for which stores are stocked", 0, 1)
    shrink_per_year: float = par("share a year", "units lost", 0, 1)
    holding_per_year: float = par("share of cost a year", "holding cost", 0, 5)
    policy: Literal["order_up_to", "s_s", "r_q", "forecast"] = par("name", "order up to the level; the same once stock falls to a reorder point; in lots when stock falls below the level; or levels that follow each node's own demand", default="order_up_to")
    reorder_days: float = par("days", "cover above lead-time demand and safety stock below which an order is due, for policy s_s; store_cover_days and centre_cover_days stand for the level", 0, 730, default=0.0)
    lot_days: float = par("days", "demand that a lot covers, for policy r_q", 0, 365, default=7.0)
    smoothing: float = par("1", "weight of the last day in the forecast, for policy forecast", 0.001, 1, default=0.1)


class Carrier(Frozen):
    """Parcels and couriers."""

    cutoff: str = par("time", "parcels packed by then leave the same day, HH:MM", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    lead_days: float = par("days", "mean days from leaving to the door", 0.1, 120)
    lead_cv: float = par("1", "coefficient of variation of the lead time", 0, 3)
    ship_fee: float = par("share of price", "paid by the customer", 0, 5)
    free_from: int = par("minor", "free shipping from this order value; 0 never free", 0, 10**12)
    parcel_cost: int = par("minor", "cost of a parcel", 0, 10**9)
    return_parcel_cost: int = par("minor", "cost of a return by post", 0, 10**9)
    same_day_fee: float = par("share of price", "paid by the customer", 0, 5)
    same_day_cost: int = par("minor", "cost of a courier drop", 0, 10**9)
    same_day_radius_km: float = par("km", "reach of couriers round a store", 0, 1000)
    waves: list[str] = par("times", "departures of couriers, HH:MM", min_length=1, max_length=48)
    wave_capacity: int = par("parcels", "couriers' capacity per store and wave", 0, 100000)


class Returns(Frozen):
    """What comes back."""

    lag_days: float = par("days", "median lag from hand-over to return", 0, 365)
    lag_sigma: float = par("log sd", "spread of the lag", 0, 3)
    refurbish_days: float = par("days", "time until a returned unit can be sold again", 0, 365)
    handling_cost: int = par("minor", "handling of a returned unit", 0, 10**9)


class Pickup(Frozen):
    """Collecting."""

    hold_days: float = par("days", "shelf time before an order is restocked", 0.01, 365)
    no_show: float = par("share", "orders never collected", 0, 1)
    collect_median_h: float = par("h", "median time from notice to collection", 0, 1000)
    collect_sigma: float = par("log sd", "spread of that time", 0, 3)
    extra_purchase: float = par("share", "collections with a further purchase", 0, 1)


class NetworkSettings(Frozen):
    """Centre, stores, stock and delivery."""

    stores: StorePlan
    work: Work
    stock: StockPolicy
    carrier: Carrier
    returns: Returns
    pickup: Pickup
    operations: StoreOperations = StoreOperations()
    fitting: Fitting = Fitting()
    dark_stores: DarkStores = DarkStores()
    points: PickupPoints = PickupPoints()
    outsourced: Outsourced = Outsourced()
    sourcing: Sourcing = Sourcing()
    ship_to_store: ShipToStore = ShipToStore()
    inserts: Inserts = Inserts()
    site: Site = Site()
    backorders: bool = par("flag", "unserved web orders wait for stock instead of being cancelled", default=False)


# ---- touchpoints ------------------------------------------------------------------------------------------------
class Touchpoint(Frozen):
    """A place where shoppers meet the retailer; a row, never code."""

    title: str = par("text", "name for people", max_length=200)
    entry: Literal["web", "store", "social", "live", "none"] = par("entry", "entry that it opens, none: information or reminder only")
    stage: Literal["awareness", "exploration", "purchase", "after_sales"] = par("stage", "stage of the journey")
    reach: float = par("share", "shoppers who use it in half a year", 0, 1)
    accuracy: float = par("share", "misfits that its information reveals", 0, 1)
    pays: bool = par("flag", "one can pay there")
    identity: Literal["none", "cookie", "login", "card"] = par("kind", "identity that a touch leaves")
    awareness_rho: float = par("1/week", "awareness gained by full exposure", 0, 5)
    cost_per_contact: float = par("minor", "media cost of a contact", 0, 1e9)
    contacts_per_week: float = par("contacts a week", "contacts with a shopper whom it reaches", 0, 1000)
    needs: str = par("name", "capability without which the row is absent; empty: always there", default="", max_length=80)
    saturation: float | None = par("contacts a week", "s: contacts x count as s(1 - exp(-x/s)), relative to those planned; null or 0: every contact counts alike", 0, 1000, default=None)
    followed: float | None = par("share", "users who follow it at the start: their contacts cost nothing", 0, 1, default=None)
    follow_per_order: float | None = par("share", "orders on its entry after which a user begins to follow it", 0, 1, default=None)
    follow_per_week: float | None = par("1/week", "hazard that its content, at the contacts planned, makes a user follow it", 0, 10, default=None)
    unfollow_per_week: float | None = par("share a week", "followers who cease to follow", 0, 1, default=None)
    accumulates: float | None = par("units", "units sold of a category at which half of the accuracy is there (reviews); null or 0: all of it is there from the start", 0, 1e9, default=None)
    accumulated: float | None = par("units", "units sold of each category before the run, which count for that", 0, 1e12, default=None)


def informs(row: Touchpoint) -> bool:
    """Whether what a row says counts for the information of its entry."""
    return row.stage == "exploration" and not row.pays and row.entry != "none"


class TouchpointSettings(Frozen):
    """Rows of the touchpoint table."""

    rows: dict[Name, Touchpoint] = Field(min_length=1, max_length=64)


# ---- engine and run -----------------------------------------------------------------------------------------------
class EngineSettings(Frozen):
    """How to compute; only drain_days may change a number, by following orders further."""

    fulfilment: Literal["kernel", "reference"] = par("name", "fulfilment engine; equal books", default="kernel")
    threads: int = par("threads", "threads over shoppers; the answer is the same", 1, 64, default=1)
    extra_cut_minutes: int = par("min", "cut windows also every so many minutes, 0 not; the answer is the same", 0, 1440, default=0)
    drain_days: int = par("days", "time after the window in which orders are followed to their end, at least; more where returns take longer, and a run ends when nothing is open. The one number here that counts", 1, 730, default=75)
    audit: bool = par("flag", "check the laws each day; always checked at the end", default=True)


class OutputSettings(Frozen):
    """Where results go."""

    dir: str | None = par("folder", "result folder; default outputs/<command>/<time>-<id>", default=None)
    touches: bool = par("flag", "write touches.parquet", default=False)


class Settings(Frozen):
    """Everything that decides the numbers of one run, and how to run it."""

    schema_version: Literal[1] = par("version", "layout of this file", default=1)
    market: MarketSettings
    catalogue: CatalogueSettings
    network: NetworkSettings
    touchpoints: TouchpointSettings
    strategy: StrategySettings
    scenario: ScenarioSettings
    engine: EngineSettings = EngineSettings()
    output: OutputSettings = OutputSettings()
    shoppers: int = par("people", "number of shoppers", 1, 100_000_000)
    days: int = par("days", "length of the measured window", 1, 3650)
    burn_in_days: int = par("days", "days before the window, not measured", 0, 3650)
    seed: int = par("1", "seed of every keyed draw", 0, 2**63 - 1)
    replication: int = par("1", "replication number, part of the key", 0, 2**31 - 1, default=0)


class CompareSettings(Frozen):
    """What `compare` adds to a run."""

    strategies: list[str] = par("names", "arms to compare", min_length=1, max_length=64)
    baseline: str = par("name", "arm the others are compared with")
    replications: int = par("runs", "largest number of paired replications", 2, 100000)
    precision: float = par("share", "half-width of the paired profit interval over baseline revenue at which to stop", 1e-9, 1)
    jobs: int = par("processes", "worker processes", 1, 1024)
