"""Places to order that ship to the home: web shop, social shops, live shows."""

from __future__ import annotations

from collections.abc import Mapping

from omosim.schema.codes import Entry
from omosim.strategy.capability import Capability, Context, Level, offer
from omosim.strategy.registry import register
from omosim.world.policy import Policy

#: days beyond the carrier's mean that shops promise, unless a level says otherwise
PROMISE_EXTRA_DAYS = 1.5


def open_shop(policy: Policy, names: tuple[str, ...], context: Context, extra_days: float) -> None:
    """Switch offers on that end in a parcel, with the carrier's fee and promise."""
    for name in names:
        row = policy.offers[offer(name)]
        row["enabled"] = 1
        row["fee"] = context.fee(context.settings.network.carrier.ship_fee)
        row["promise_s"] = context.parcel_promise_s(extra_days)


@register
class WebShop(Capability):
    """A web shop and app: order for the home, read before going to a store, look in a store and order on line."""

    name = "web_shop"
    title = "Web shop and app"
    codes = ("C23", "C32")
    levels = (
        Level("accuracy", "share of misfits", 0, 1, 0.35, "misfits that the shop's own information reveals"),
        Level("promise_extra_days", "days", 0, 60, PROMISE_EXTRA_DAYS, "promised beyond the carrier's mean time"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        open_shop(policy, ("web_ship", "showroom"), context, levels["promise_extra_days"])
        policy.offers["enabled"][offer("web_then_store")] = 1
        context.sources.append((Entry.WEB, levels["accuracy"]))


@register
class MarketplaceSocial(Capability):
    """A shop in marketplaces and social feeds."""

    name = "marketplace_social"
    title = "Marketplace and social commerce"
    codes = ("C16",)
    levels = (
        Level("accuracy", "share of misfits", 0, 1, 0.30, "misfits that its information reveals"),
        Level("discount", "share of price", 0, 0.9, 0.03, "price cut in this channel"),
        Level("commission", "share of price", 0, 1, 0.11, "paid to the platform", sets="commission_social"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        open_shop(policy, ("social_ship",), context, PROMISE_EXTRA_DAYS)
        policy.offers["discount_ppm"][offer("social_ship")] = round(levels["discount"] * 1_000_000)
        context.sources.append((Entry.SOCIAL, levels["accuracy"]))


@register
class LiveCommerce(Capability):
    """Live shows: demonstration, questions, payment inside the show, a limited offer, and persuasion."""

    name = "live_commerce"
    title = "Live commerce"
    codes = ("C13", "C14", "C15")
    levels = (
        Level("per_week", "shows a week", 0, 7, 2, "broadcasts", sets="broadcast_per_week", network=True),
        Level("hour", "h", 0, 23, 20, "hour of the broadcast", whole=True, sets="broadcast_hour", network=True),
        Level("reach", "share of shoppers", 0, 1, 0.08, "shoppers an announced show reaches", sets="live_reach"),
        Level("intensity", "share of price", 0, 2, 0.12, "perceived value gained in a show (persuasion)", sets="live_intensity"),
        Level("discount", "share of price", 0, 0.9, 0.08, "limited offer", sets="live_discount"),
        Level("accuracy", "share of misfits", 0, 1, 0.70, "misfits that the show reveals"),
        Level("commission", "share of price", 0, 1, 0.05, "paid to host and platform", sets="commission_live"),
        Level("in_app_payment", "0 or 1", 0, 1, 1, "pay without leaving the show", whole=True, sets="in_app_payment"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        open_shop(policy, ("live_ship",), context, PROMISE_EXTRA_DAYS)
        context.sources.append((Entry.LIVE, levels["accuracy"]))
