"""Where and how orders are collected, which further nodes serve them, and what lies in the parcels."""

from __future__ import annotations

from collections.abc import Mapping

from omosim.schema.columns import BOXES_FULL, DAY, HOUR, SLOTS_FULL
from omosim.strategy.capability import Capability, Context, Level, note_row, offer
from omosim.strategy.registry import register
from omosim.world.policy import Policy

PPM = 1_000_000
#: offers handed over inside a store, where there is room to try on and to talk
IN_STORE = ("web_bopis", "web_reserve", "web_to_store")
#: offers whose collection can be booked into slots of the store
IN_SLOTS = ("web_bopis", "web_curbside")
#: offers that end in a parcel
PARCELS = ("web_ship", "social_ship", "live_ship")


@register
class ReserveAndCollect(Capability):
    """Reserve online, pay in the store: the goods are kept for a short time, and seen before they are paid for."""

    name = "reserve_and_collect"
    title = "Reserve online, pay in the store"
    codes = ("C3",)
    requires = ("web_shop",)
    levels = (
        Level("promise_h", "h", 0.05, 168, 1.0, "promised time from reservation to ready"),
        Level("hold_h", "h", 0.5, 720, 24.0, "time for which the goods are kept", network=True),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        row = policy.offers[offer("web_reserve")]
        row["enabled"] = 1
        row["promise_s"] = round(levels["promise_h"] * HOUR)
        policy.services["hold_s"][offer("web_reserve")] = round(levels["hold_h"] * HOUR)


@register
class Curbside(Capability):
    """Orders are brought to the customer's car."""

    name = "curbside"
    title = "Pickup at the car"
    codes = ("C3",)
    requires = ("bopis",)
    levels = (
        Level("promise_h", "h", 0.05, 168, 2.5, "promised time from order to ready"),
        Level("fee", "share of price", 0, 1, 0.0, "fee of a pickup at the car"),
        Level("place", "share", 0, 2, 0.5, "time at the store, relative to that of a pickup inside"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        row = policy.offers[offer("web_curbside")]
        row["enabled"] = 1
        row["fee"] = context.fee(levels["fee"])
        row["promise_s"] = round(levels["promise_h"] * HOUR)
        row["place_ppm"] = round(levels["place"] * PPM)


def promised_there(context: Context, extra_days: float) -> int:
    """Promised seconds until an order that is sent to its place is there: the way, and some days for picking and the cut-off."""
    return round((context.settings.network.ship_to_store.days + extra_days) * DAY)


@register
class Lockers(Capability):
    """Orders are collected at the nearest locker or partner's counter of the network."""

    name = "lockers"
    title = "Lockers and pickup points"
    codes = ("C3",)
    switches = ("pickup_points",)
    requires = ("web_shop",)
    levels = (
        Level("promise_extra_days", "days", 0, 60, 1.0, "promised beyond the way to the locker; covers the wait for the cut-off"),
        Level("fee", "share of price", 0, 1, 0.0, "fee of a collection at a locker or point"),
        Level("place", "share", 0, 2, 0.3, "time at the locker, relative to that of a pickup in a store"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        row = policy.offers[offer("web_locker")]
        row["enabled"] = 1
        row["fee"] = context.fee(levels["fee"])
        row["promise_s"] = promised_there(context, levels["promise_extra_days"])
        row["place_ppm"] = round(levels["place"] * PPM)
        row["full_off"] |= BOXES_FULL


@register
class ShipToStore(Capability):
    """What a store lacks is sent there from another node, to be collected."""

    name = "ship_to_store"
    title = "Shipping to the store"
    codes = ("C3",)
    requires = ("bopis",)
    levels = (
        Level("promise_extra_days", "days", 0, 60, 1.0, "promised beyond the way to the store; covers the wait for the cut-off"),
        Level("fee", "share of price", 0, 1, 0.0, "fee of an order sent to a store"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        row = policy.offers[offer("web_to_store")]
        row["enabled"] = 1
        row["fee"] = context.fee(levels["fee"])
        row["promise_s"] = promised_there(context, levels["promise_extra_days"])


@register
class PickupSlots(Capability):
    """Pickups are booked into slots; a store whose next slot is full is not offered."""

    name = "pickup_slots"
    title = "Booked pickup slots"
    codes = ("C3", "C25")
    network = True
    switches = ("pickup_slots",)
    requires = ("bopis",)

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        for name in IN_SLOTS:
            policy.services["slotted"][offer(name)] = 1
            policy.offers["full_off"][offer(name)] |= SLOTS_FULL


@register
class PickupSpace(Capability):
    """A pickup space of its own: take only what you want, alterations on the spot."""

    name = "pickup_space"
    title = "Pickup space: take a part, alterations"
    codes = ("C4",)
    network = True
    requires = ("fitting_pickup",)

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        for name in IN_STORE:
            policy.services["take_part"][offer(name)] = 1
            policy.services["alters"][offer(name)] = 1


@register
class DarkStores(Capability):
    """The network's dark stores work: they pick, ship and send couriers."""

    name = "dark_stores"
    title = "Dark stores"
    codes = ("C6", "C26")
    network = True
    switches = ("dark_stores",)
    requires = ("web_shop",)


@register
class OutsourcedNodes(Capability):
    """The network's outsourced warehouses ship for the retailer, by the order."""

    name = "outsourced_nodes"
    title = "Outsourced fulfilment"
    codes = ("C26",)
    network = True
    switches = ("outsourced",)
    requires = ("web_shop",)


@register
class PackageInserts(Capability):
    """Leaflets in parcels: they cost, are noted on the order, and their tagged link leads some buyers to a page of ours."""

    name = "package_inserts"
    title = "Leaflets in parcels"
    codes = ("C36",)
    network = True
    requires = ("web_shop",)
    levels = (
        Level("open_rate", "share of leaflets", 0, 1, 0.04, "leaflets whose tagged link is opened", sets="insert_open", network=True),
        Level("days", "days", 1, 90, 7, "within so many days of the parcel", whole=True, sets="insert_days", network=True),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        note_row(policy, context, self.name, "landing")
        for name in PARCELS:
            policy.services["insert"][offer(name)] = 1
