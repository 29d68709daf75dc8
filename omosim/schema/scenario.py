"""Scenarios: what the retailer does not control, and dated interventions, as data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from omosim.schema.fields import Frozen, par

Quantity = Literal[
    "price",
    "fee",
    "lead_time",
    "promise",
    "stock",
    "staff",
    "media",
    "rival_price",
    "rival_store_km",
    "store_open",
    "courier_capacity",
    "need_rate",
    "supply",
    "capability",
    "misfit",
    "goods_cost",
    "delivery_cost",
    "bins",
    "bays",
    "rooms",
    "slots",
    "keep",
    "batch",
    "site_capacity",
]


#: quantity -> by what it can be narrowed
NARROWED: dict[str, tuple[str, ...]] = {
    "price": ("categories", "channels"),
    "fee": ("channels",),
    "lead_time": ("zones",),
    "promise": ("channels",),
    "stock": ("stores", "categories"),
    "staff": ("stores",),
    "media": ("channels",),
    "rival_price": (),
    "rival_store_km": ("zones",),
    "store_open": ("stores", "zones"),
    "courier_capacity": ("stores",),
    "need_rate": ("categories",),
    "supply": ("categories",),
    "capability": (),
    "misfit": ("categories",),
    "goods_cost": ("categories",),
    "delivery_cost": (),
    "bins": ("stores",),
    "bays": ("stores",),
    "rooms": ("stores",),
    "slots": ("stores",),
    "keep": ("stores",),
    "batch": ("stores",),
    "site_capacity": (),
}
#: quantities that are columns of a store's node, with the column
CAPACITY = {"bins": "bins", "bays": "bays", "rooms": "rooms", "slots": "slot_cap", "keep": "keep", "batch": "batch"}
#: quantities of stores that dark stores have, too
DARK_TOO = ("store_open", "staff")
FILTERS = ("stores", "zones", "categories", "channels")
#: quantities that hold for a whole run or not at all, because contracts and goods do not change inside one
WHOLE_RUN = ("misfit", "goods_cost", "delivery_cost")
#: quantities that are switched, not scaled
SWITCHES = ("store_open", "capability")
#: quantities that have no absolute value
ONLY_TIMES = ("stock", "goods_cost", "delivery_cost")
#: quantities counted in whole people, parcels, places or sessions
WHOLE_NUMBERS = ("staff", "courier_capacity", *CAPACITY, "site_capacity")
#: quantities that may change for some hours of a day
BY_HOUR = ("site_capacity",)


class Intervention(Frozen):
    """Change one quantity for some places and categories from one day to another."""

    what: Quantity = par("name", "quantity to change")
    set: float | None = par("quantity's unit", "new value (0 or 1 for store_open and capability)", default=None)
    times: float | None = par("1", "factor on the present value", 0, 1000, default=None)
    capability: str | None = par("name", "capability, for what: capability", default=None, max_length=80)
    stores: list[str] = par("names", "stores S01, S02, …, for store_open and staff also dark stores D01, …; empty: all", default_factory=list, max_length=5000)
    zones: list[int] = par("zones", "zones; empty: all", default_factory=list, max_length=5000)
    categories: list[str] = par("names", "categories; empty: all", default_factory=list, max_length=32)
    channels: list[Literal["web", "store", "social", "live"]] = par("entries", "channels; empty: all", default_factory=list)
    from_day: int = par("day", "first day, 0 is the first day of the measured window; negative: in the burn-in", -3650, 3650)
    to_day: int | None = par("day", "first day on which it no longer holds; none: to the end", -3650, 3650, default=None)
    from_hour: int = par("h", "hour of each of these days from which it holds; site_capacity only", 0, 23, default=0)
    to_hour: int = par("h", "hour of each of these days from which it no longer holds; site_capacity only", 1, 24, default=24)


class ScenarioSettings(Frozen):
    """The outside world of a run."""

    name: str = par("name", "short name", min_length=1, max_length=80)
    title: str = par("text", "name for people", max_length=200)
    practice: str = par("text", "practice that it shows, with its source", default="", max_length=2000)
    expect: dict[str, str] = par("signs", "signs it should show, KPI to + - or 0", default_factory=dict)
    contrast: Literal["scenario", "strategies"] = par(
        "name", "what the signs compare: with the scenario against without it, or the last of its strategies against the first",
        default="scenario",
    )  # fmt: skip
    strategies: list[str] = par("names", "strategies for which the signs are stated; none: o2o", default_factory=list, max_length=32)
    interventions: list[Intervention] = Field(default_factory=list, max_length=1000)
