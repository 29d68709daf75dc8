"""Settings of the network beyond shelves, parcels and counters; every default leaves the feature out."""

from __future__ import annotations

from typing import Literal

from omosim.schema.fields import Frozen, par

_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
_CLOCK_24 = r"^([01]\d|2[0-4]):[0-5]\d$"


class RosterWeek(Frozen):
    """People of a store by weekday, Monday first: 'HH:MM=N' wherever the number changes, 0 before the first."""

    pickers: list[str] = par("people", "picking", min_length=7, max_length=7)
    counter: list[str] = par("people", "at the counter", min_length=7, max_length=7)


class Roster(Frozen):
    """Who is on duty in stores, as read from a file of shifts; the file is not needed again."""

    file: str = par("file", "name of the file", max_length=4096)
    sha256: str = par("hash", "first 16 hex digits of the SHA-256 of its bytes", max_length=64)
    told: str = par("text", "what was taken for granted in reading it", default="", max_length=2000)
    stores: dict[str, RosterWeek] = par("people", "by store; '*': stores without an entry of their own", min_length=1, max_length=5001)


class StoreOperations(Frozen):
    """How the people of stores and dark stores work, and the places that orders and customers occupy there."""

    pooled_staff: bool = par("flag", "one pool of people for picking, counter and returns", default=False)
    hand_over: Literal["relay", "overlap"] = par("name", "at a change of shift: who comes takes over the work in hand, or who leaves ends it", default="relay")
    at_closing: Literal["finish", "hold", "hand_back"] = par("name", "picks in hand at closing: finished, kept for the next day, or begun anew", default="finish")
    desk: int = par("people", "at a returns desk of its own; 0 the counter takes returns", 0, 1000, default=0)
    fitting_rooms: int = par("rooms", "fitting rooms of a store; 0 as many as are needed", 0, 1000, default=0)
    curbside_bays: int = par("bays", "places for cars; 0 as many as are needed", 0, 1000, default=0)
    shelf_bins: int = par("bins", "places on the pickup shelf; 0 endless", 0, 100000, default=0)
    close_when_full: bool = par("flag", "pickups at a store are off while it publishes no free bin; assumed", default=True)
    batch_orders: int = par("orders", "most orders picked on one trip in a store; below 2 each by itself", 0, 64, default=0)
    centre_batch_orders: int = par("orders", "the same in the centre", 0, 64, default=0)
    walk_s: float = par("s", "part of pick_base_s that a trip of several orders has only once", 0, 86400, default=0.0)
    wave_minutes: int = par("min", "parcels are picked in waves that begin so often; 0 as they come", 0, 1440, default=0)
    slot_minutes: int = par("min", "length of a pickup slot, where slots are booked; 0 no slots", 0, 1440, default=0)
    slot_orders: int = par("orders", "orders that may be booked into a slot of a store", 0, 100000, default=0)
    slot_tries: int = par("slots", "slots asked for, one after the other, before an order is refused", 1, 1000, default=8)
    bin_wait_hours: int = par("h", "how long a picked order waits for a bin of a full shelf before it is given up", 1, 336, default=24)
    keep_units: int = par("units", "units of an item in a store that orders may not take; they are for walk-in customers", 0, 100000, default=0)


class Fitting(Frozen):
    """Trying on, alterations, and what is left behind."""

    room_minutes: float = par("min", "mean time in a fitting room; 0 trying on takes no time", 0, 240, default=0.0)
    alterable: float = par("share", "misfits that an alteration makes fit, where a service offers it", 0, 1, default=0.0)
    alter_minutes: float = par("min", "mean work of an alteration", 0, 1440, default=0.0)
    unwanted: float = par("share", "units of an order of several that turn out not to be wanted; they are left where a service allows it, else returned", 0, 1, default=0.0)
    exchanges: bool = par("flag", "goods brought back to a store may be changed for the second item on the spot", default=False)


class DarkStores(Frozen):
    """Stores that nobody enters: they pick, ship and send couriers, where a strategy has them."""

    count: int = par("nodes", "number, placed by population like stores", 0, 1000, default=0)
    opens: str = par("time", "work begins, HH:MM", pattern=_CLOCK, default="08:00")
    closes: str = par("time", "work ends, HH:MM", pattern=_CLOCK_24, default="23:00")
    pickers: int = par("people", "on duty while they work", 0, 1000, default=3)
    stock_share: float = par("share", "part of the market's demand for which all of them are stocked", 0, 1, default=0.2)
    rent_per_day: int = par("minor a day", "rent and fixed cost of one", 0, 10**10, default=0)


class PickupPoints(Frozen):
    """Places away from stores where orders are collected, where a strategy has them."""

    points: int = par("nodes", "partners' counters, placed by population", 0, 5000, default=0)
    opens: str = par("time", "partners open, HH:MM", pattern=_CLOCK, default="07:00")
    closes: str = par("time", "partners close, HH:MM", pattern=_CLOCK_24, default="24:00")
    lockers: int = par("nodes", "lockers, open day and night, placed by population", 0, 5000, default=0)
    boxes: int = par("boxes", "boxes of a locker", 1, 10000, default=24)
    rent_per_day: int = par("minor a day", "rent and upkeep of a locker or point", 0, 10**9, default=0)


class Outsourced(Frozen):
    """Somebody else's warehouses that ship for the retailer, where a strategy has them."""

    count: int = par("nodes", "number, placed by population", 0, 100, default=0)
    pickers: int = par("people", "their people at work on our orders, for all shoppers of market.cost_basis_shoppers; paid by the order fee", 1, 100000, default=4)
    order_fee: int = par("minor", "paid for an order picked there, beside the parcel", 0, 10**9, default=0)
    extra_lead_days: float = par("days", "their parcels take so much longer; negative is not possible", 0, 60, default=0.0)
    stock_share: float = par("share", "part of the market's demand for which all of them are stocked", 0, 1, default=0.1)


class MayShip(Frozen):
    """Zones, and nodes that may ship there; together with the other rows of a zone, these nodes alone."""

    nodes: list[str] = par("names", "nodes DC, S01, D01, X01, …, or a kind: stores, dark_stores, outsourced", min_length=1, max_length=5000)
    zones: list[int] = par("zones", "zones; empty: all", default_factory=list, max_length=5000)


class Sourcing(Frozen):
    """Which node serves a parcel."""

    rule: Literal["centre_first", "nearest", "cheapest", "fastest"] = par("name", "order in which nodes are asked: cheapest by the fee of an order there (a parcel costs the same from everywhere), fastest by extra days; then by distance", default="centre_first")
    max_parcels: int = par("parcels", "parcels that an order may be split into", 1, 4, default=1)
    reserve_at: Literal["order", "pick"] = par("name", "when stock is put aside for an online order", default="order")
    allowed: list[MayShip] = par("rows", "which nodes may ship to which zones; a zone that no row names is served by all", default_factory=list, max_length=1000)


class ShipToStore(Frozen):
    """The way of an order from the node that has the goods to the place where it is collected."""

    days: float = par("days", "from the carrier's cut-off until it is there", 0, 60, default=1.0)
    cost: int = par("minor", "cost of that way, an order", 0, 10**9, default=0)


class Inserts(Frozen):
    """Leaflets in parcels, where a strategy has them."""

    cost: int = par("minor", "cost of a leaflet", 0, 10**9, default=0)


class Site(Frozen):
    """The web shop's capacity, for the whole retailer; a run of fewer shoppers has its part."""

    sessions: int | None = par("sessions", "sessions that the site carries at once; null: no limit is modelled", 0, 10**8, default=None)
    queue_page: int | None = par("places", "places on the queue page of a full site; null: endless", 0, 10**8, default=None)
    session_minutes: float = par("min", "mean length of a session on an empty site", 0, 240, default=0.0)
    slow_down: float = par("share", "how much longer a session takes on a full site", 0, 100, default=0.0)
