"""Scenarios: what the retailer does not control, and dated interventions, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from omosim.schema.fields import Frozen, par

Quantity = Literal[
    "price", "fee", "lead_time", "promise", "stock", "staff", "media", "rival_price", "rival_store_km", "store_open",
    "courier_capacity", "need_rate", "supply", "capability", "misfit", "goods_cost", "delivery_cost", "bins", "bays",
    "rooms", "slots", "keep", "batch", "site_capacity", "discount", "free_from", "return_hassle", "accuracy",
    "assortment", "reach", "reach_growth", "level", "rival_store",
]  # fmt: skip

#: what an audience can be told by
AUDIENCE = ("segments", "zones", "ab")
_STORES = ("stores",)


@dataclass(frozen=True)
class Kind:
    """A quantity: the unit and range of `set`, what it means, and by what it can be narrowed."""

    unit: str
    low: float
    high: float
    meaning: str
    narrowed: tuple[str, ...] = ()


#: every quantity; where ab is allowed, it acts through what a shopper sees
KINDS: dict[str, Kind] = {
    "price": Kind("minor", 1, 1e9, "price of an item", ("categories", "channels", *AUDIENCE)),
    "discount": Kind("share of price", 0, 0.9, "price cut of the offers of a channel, at the order; no price tag changes", ("channels", *AUDIENCE)),
    "fee": Kind("minor", 0, 1e9, "fee of the offers of a channel", ("channels", *AUDIENCE)),
    "free_from": Kind("minor", 0, 1e12, "order value from which parcels are free; 0 never", AUDIENCE),
    "promise": Kind("h", 0, 2400, "promised time of the offers of a channel", ("channels", *AUDIENCE)),
    "return_hassle": Kind("1", 0, 100, "hassle of giving goods back, relative to the market's", AUDIENCE),
    "accuracy": Kind("share of misfits", 0, 1, "misfits that the information of a channel reveals: reviews, pictures, advice", ("channels", *AUDIENCE)),
    "assortment": Kind("share of items", 0, 1, "items that stay, of a category or of those named; not sold: no replenishment in stores, not shown on line",
                       ("categories", "items", "channels", "stores", *AUDIENCE)),
    "capability": Kind("0 or 1", 0, 1, "a capability off or on", AUDIENCE),
    "level": Kind("the level's", 0, 1e12, "a level of a capability, where that is on", AUDIENCE),
    "media": Kind("1", 0, 1000, "contacts of touchpoints, relative to the plan", ("channels", "touchpoints", *AUDIENCE)),
    "reach": Kind("share of shoppers", 0, 1, "shoppers who use a touchpoint", ("channels", "touchpoints", *AUDIENCE)),
    "reach_growth": Kind("1/year", 0, 1000, "factor a year on the reach of touchpoints, in weekly steps from from_day on", ("channels", "touchpoints", *AUDIENCE)),
    "need_rate": Kind("1", 0, 1000, "pace at which needs come, relative to the usual", ("categories", "segments", "zones")),
    "rival_price": Kind("1", 0.01, 100, "rivals' prices relative to ours", ("zones", "categories")),
    "rival_store_km": Kind("km", 0, 500, "distance to the nearest store of a rival", ("zones",)),
    "rival_store": Kind("0 or 1", 0, 1, "a store of a rival opens (1) or closes (0) at the middle of each zone named", ("zones",)),
    "lead_time": Kind("days", 0, 120, "mean time of a parcel to a zone", ("zones",)),
    "supply": Kind("share of units", 0, 1, "units ordered that suppliers send", ("categories",)),
    "stock": Kind("1", 0, 1000, "order-up-to levels of stores", ("stores", "categories")),
    "store_open": Kind("0 or 1", 0, 1, "a store is closed (0) or opens (1); zones: where a further one stands", ("stores", "zones")),
    "staff": Kind("people", 0, 1000, "people on duty of each kind in a store", _STORES),
    "courier_capacity": Kind("parcels a wave", 0, 100000, "capacity of couriers of a store", _STORES),
    "bins": Kind("bins", 1, 1e6, "places of the pickup shelf", _STORES),
    "bays": Kind("bays", 1, 1e6, "places for cars that collect", _STORES),
    "rooms": Kind("rooms", 1, 1e6, "fitting rooms", _STORES),
    "slots": Kind("orders", 0, 1e6, "orders that a pickup slot takes", _STORES),
    "keep": Kind("units", 0, 1e6, "units of an item kept for walk-in customers", _STORES),
    "batch": Kind("orders", 0, 1e6, "orders picked on one trip", _STORES),
    "site_capacity": Kind("sessions", 0, 1e9, "sessions that the site carries at once, whole retailer"),
    "misfit": Kind("share", 0, 1, "probability that an item does not fit", ("categories",)),
    "goods_cost": Kind("1", 0, 1000, "cost of goods", ("categories",)),
    "delivery_cost": Kind("1", 0, 1000, "cost of parcels and couriers"),
}
#: quantity -> by what it can be narrowed
NARROWED: dict[str, tuple[str, ...]] = {name: kind.narrowed for name, kind in KINDS.items()}
#: quantities that act through what a shopper sees: they may differ between audiences
SEEN = tuple(name for name, kind in KINDS.items() if "ab" in kind.narrowed)
#: quantities that are columns of a store's node, with the column
CAPACITY = {"bins": "bins", "bays": "bays", "rooms": "rooms", "slots": "slot_cap", "keep": "keep", "batch": "batch"}
#: quantities of stores that dark stores have, too
DARK_TOO = ("store_open", "staff")
FILTERS = ("stores", "zones", "categories", "channels", "segments", "touchpoints", "items")
#: quantities that hold for a whole run or not at all, because contracts and goods do not change inside one
WHOLE_RUN = ("misfit", "goods_cost", "delivery_cost")
#: quantities that are switched, not scaled
SWITCHES = ("store_open", "capability", "rival_store")
#: quantities that have no absolute value
ONLY_TIMES = ("stock", "goods_cost", "delivery_cost", "reach_growth", "return_hassle")
#: quantities that have an absolute value only
ONLY_SET = ("assortment",)
#: quantities counted in whole people, parcels, places or sessions
WHOLE_NUMBERS = ("staff", "courier_capacity", *CAPACITY, "site_capacity")
#: quantities that may change for some hours of a day
BY_HOUR = ("site_capacity",)
#: quantities that name a capability
OF_CAPABILITY = ("capability", "level")
#: the group of an experiment that no change reaches
CONTROL = "control"
#: audiences of a run at most: what each sees is a table of its own
MOST_AUDIENCES = 64


class Experiment(Frozen):
    """A randomised group of shoppers; those of the experiment whom no group takes are its control."""

    name: str = par("name", "experiment: letters, digits, _ and -; who is in which group is drawn by it alone", min_length=1, max_length=40)
    share: float = par("share", "shoppers in this group", 0, 1)
    group: str = par("name", "group; the groups of an experiment exclude one another", default="treated", min_length=1, max_length=40)


class Intervention(Frozen):
    """Change one quantity for some places, goods and people from one day to another."""

    what: Quantity = par("name", "quantity to change")
    set: float | None = par("quantity's unit", "new value (0 or 1 for store_open, rival_store and capability)", default=None)
    times: float | None = par("1", "factor on the present value", 0, 1000, default=None)
    capability: str | None = par("name", "capability, for what: capability or level", default=None, max_length=80)
    level: str | None = par("name", "level of the capability, for what: level", default=None, max_length=80)
    stores: list[str] = par("names", "stores S01, S02, …, for store_open and staff also dark stores D01, …; empty: all", default_factory=list, max_length=5000)
    zones: list[int] = par("zones", "zones: where people live, or where a store stands; empty: all", default_factory=list, max_length=5000)
    categories: list[str] = par("names", "categories; empty: all", default_factory=list, max_length=32)
    channels: list[Literal["web", "store", "social", "live"]] = par("entries", "channels; empty: all", default_factory=list)
    segments: list[str] = par("names", "segments of shoppers; empty: all", default_factory=list, max_length=32)
    touchpoints: list[str] = par("names", "touchpoints by the names of their rows; empty: all", default_factory=list, max_length=64)
    items: list[int] = par("places", "items by their place in the category, 0 the most popular; empty: all", default_factory=list, max_length=100000)
    ab: Experiment | None = Field(default=None, description="a randomised group of shoppers; none: all")
    from_day: int = par("day", "first day, 0 is the first day of the measured window; negative: in the burn-in", -3650, 3650)
    to_day: int | None = par("day", "first day on which it no longer holds; none: to the end", -3650, 3650, default=None)
    from_hour: int = par("h", "hour of each of these days from which it holds; site_capacity only", 0, 23, default=0)
    to_hour: int = par("h", "hour of each of these days from which it no longer holds; site_capacity only", 1, 24, default=24)


class LiveSeller(Frozen):
    """Another seller on the platform whose shows compete for the same evening; what it sells is not ours."""

    per_week: float = par("shows a week", "its broadcasts", 0, 7)
    hour: int = par("h", "hour of its broadcasts, as level `hour` of live_commerce", 0, 23)
    reach: float = par("share of shoppers", "of our viewers, whom one of its shows reaches", 0, 1)
    category_share: float = par("share", "part of them for whom it has what they look for", 0, 1, default=1.0)
    intensity_sd: float = par("1", "sd of its pull between shows; the mean pull is that of our shows", 0, 2, default=0.0)


class ScenarioSettings(Frozen):
    """The outside world of a run."""

    name: str = par("name", "short name", min_length=1, max_length=80)
    title: str = par("text", "name for people", max_length=200)
    practice: str = par("text", "practice that it shows, with its source", default="", max_length=2000)
    expect: dict[str, str] = par("signs", "signs it should show, KPI to + - or 0", default_factory=dict)
    contrast: Literal["scenario", "strategies", "opening"] = par(
        "name", "what the signs compare: with the scenario against without it, the last of its strategies against the first, or with the stores that it opens against never opened",
        default="scenario",
    )  # fmt: skip
    strategies: list[str] = par("names", "strategies for which the signs are stated; none: o2o", default_factory=list, max_length=32)
    sellers: dict[Annotated[str, Field(min_length=1, max_length=80)], LiveSeller] = par("rows", "other sellers with live shows on the same platform, by name", default_factory=dict, max_length=1000)
    interventions: list[Intervention] = Field(default_factory=list, max_length=1000)
