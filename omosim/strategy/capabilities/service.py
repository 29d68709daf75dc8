"""How goods change hands: pickup, fitting, returns, couriers, endless aisle, shipping from stores."""

from __future__ import annotations

from collections.abc import Mapping

from omosim.schema.columns import HOUR
from omosim.strategy.capability import Capability, Context, Level, offer
from omosim.strategy.registry import register
from omosim.world.policy import Policy


@register
class Bopis(Capability):
    """Buy online, pick up in store."""

    name = "bopis"
    title = "Pickup of online orders in stores"
    codes = ("C3",)
    requires = ("web_shop",)
    levels = (
        Level("promise_h", "h", 0.05, 168, 2.5, "promised time from order to ready"),
        Level("fee", "share of price", 0, 1, 0.0, "fee of a pickup"),
        Level("users", "share of shoppers", 0, 1, 1.0, "people to whom collecting an order occurs at all", sets="pickup_users"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        row = policy.offers[offer("web_bopis")]
        row["enabled"] = 1
        row["fee"] = context.fee(levels["fee"])
        row["promise_s"] = round(levels["promise_h"] * HOUR)


@register
class FittingPickup(Capability):
    """Pickup with a fitting room: take only what you want, exchange on the spot."""

    name = "fitting_pickup"
    title = "Fitting and exchange at pickup"
    codes = ("C4",)
    switches = ("fitting_at_pickup",)
    requires = ("bopis",)

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        for name in ("web_bopis", "web_to_store"):
            policy.offers["try_on"][offer(name)] = 1


@register
class ReturnAnywhere(Capability):
    """Any store takes back an online order, under one refund policy."""

    name = "return_anywhere"
    title = "Return or exchange in any store"
    codes = ("C5",)
    switches = ("return_in_store",)
    requires = ("web_shop",)


@register
class SameDay(Capability):
    """Couriers from stores on the same day, within a radius and a capacity."""

    name = "same_day"
    title = "Same-day delivery from stores"
    codes = ("C6",)
    requires = ("web_shop",)
    levels = (
        Level("radius", "share of the network's", 0, 20, 1, "reach of couriers, relative to network.carrier", network=True),
        Level("capacity", "share of the network's", 0, 100, 1, "parcels a wave, relative to network.carrier", network=True),
        Level("fee", "share of the network's", 0, 20, 1, "fee, relative to network.carrier"),
        Level("promise_h", "h", 0.25, 48, 6, "promised time from order to the door"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        carrier = context.settings.network.carrier
        row = policy.offers[offer("web_same_day")]
        row["enabled"] = 1
        row["fee"] = context.fee(carrier.same_day_fee * levels["fee"])
        row["promise_s"] = round(levels["promise_h"] * HOUR)
        policy.courier_radius_m = round(carrier.same_day_radius_km * 1000 * levels["radius"])
        policy.courier_wave_capacity = round(carrier.wave_capacity * levels["capacity"])


@register
class EndlessAisle(Capability):
    """What is not on the shelf is ordered in the store and shipped home."""

    name = "endless_aisle"
    title = "Buy in the store, shipped home"
    codes = ("C7",)
    switches = ("endless_aisle",)
    levels = (Level("hassle", "share", 0, 1, 0.5, "hassle of ordering on line in a store, relative to ordering alone", sets="switch_hassle_factor"),)


@register
class ShipFromStore(Capability):
    """Parcels may leave from stores."""

    name = "ship_from_store"
    title = "Shipping from stores"
    codes = ("C37",)
    network = True
    switches = ("ship_from_store",)
    requires = ("web_shop",)
