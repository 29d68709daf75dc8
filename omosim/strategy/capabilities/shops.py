"""Places to order that ship to the home: web shop, social shops, live shows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

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
        Level("in_app_payment", "0 or 1", 0, 1, 1, "pay without leaving the show", whole=True),
        Level("answers_per_show", "answers", 0, 100000, 0, "questions the host can answer, whole retailer; 0 none", sets="live_answers", network=True),
        Level("answer_accuracy", "share of misfits", 0, 1, 0.3, "misfits that an answer reveals, beside the show", sets="answer_accuracy"),
        Level("proof_minutes", "min", 0, 60, 0, "period at which the show tells how many bought; 0 never", whole=True, sets="proof_minutes", network=True),
        Level("intensity_sd", "share of price", 0, 1, 0, "sd of the intensity between shows", sets="live_sd"),
        Level("limit_units", "units", 0, 10**9, 0, "units at the limited offer, a show, whole retailer; 0 no limit", whole=True, sets="live_limit_units", network=True),
        Level("rerun", "0 or 1", 0, 1, 0, "a recording: same demonstration and price, no persuasion, no host", whole=True, network=True),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        policy.in_app_payment = max(policy.in_app_payment, int(levels["in_app_payment"]))
        if levels["rerun"]:
            policy.live_intensity = policy.live_sd = policy.live_answers = 0.0
            policy.proof_minutes = 0
        open_shop(policy, ("live_ship",), context, PROMISE_EXTRA_DAYS)
        context.sources.append((Entry.LIVE, levels["accuracy"]))


#: where a show can be announced: level -> whether a touchpoint row (entry, pays, needs) is such a place
ANNOUNCED_ON = {
    "messages": lambda row: row.entry == "none" and row.needs == "push",
    "web": lambda row: row.entry == "web" and row.pays,
    "social": lambda row: row.entry == "social",
    "store": lambda row: row.entry == "store" and row.pays,
}


@register
class BroadcastAnnouncement(Capability):
    """Shows are announced in the days before: who uses a place of announcement and meets it there may watch."""

    name = "broadcast_announcement"
    title = "Broadcasts announced in the channels"
    codes = ("C14",)
    requires = ("live_commerce",)
    levels = (
        Level("lead_days", "days", 0, 28, 3, "days before the show in which it is announced", sets="announce_days"),
        Level("messages", "0 or 1", 0, 1, 1, "by e-mail, push and messenger, where messages are sent at all", whole=True),
        Level("web", "0 or 1", 0, 1, 1, "in the shop and app", whole=True),
        Level("social", "0 or 1", 0, 1, 1, "in marketplaces and social feeds", whole=True),
        Level("store", "0 or 1", 0, 1, 0, "in the stores", whole=True),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        places = [is_place for name, is_place in ANNOUNCED_ON.items() if levels[name]]
        rows = context.settings.touchpoints.rows.values()
        policy.announce_on = np.array([any(is_place(row) for is_place in places) for row in rows], np.int8)


@register
class InAppPayment(Capability):
    """Orders in feeds and shows are paid where they are made: no change of app, and nobody lost at it."""

    name = "in_app_payment"
    title = "Payment inside feeds and shows"
    codes = ("C15",)
    switches = ("in_app_payment",)
