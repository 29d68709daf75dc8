"""What shoppers pay: one price, coupons, points."""

from __future__ import annotations

from collections.abc import Mapping

from omosim.strategy.capability import Capability, Context, Level, note_row
from omosim.strategy.registry import register
from omosim.world.policy import Policy


@register
class OnePrice(Capability):
    """The same price in every channel."""

    name = "one_price"
    title = "One price everywhere"
    codes = ("C8",)
    switches = ("prices_equal",)


@register
class Coupons(Capability):
    """Mobile coupons, for the web alone or for stores too."""

    name = "coupons"
    title = "Mobile coupons"
    codes = ("C9",)
    levels = (
        Level("rate", "share of missions", 0, 1, 0.10, "missions with a coupon in hand", sets="coupon_rate"),
        Level("discount", "share of price", 0, 0.9, 0.08, "value of a coupon", sets="coupon_discount"),
        Level("everywhere", "0 or 1", 0, 1, 1, "valid in stores too", whole=True, sets="coupon_everywhere"),
    )


@register
class Loyalty(Capability):
    """Points given back to buyers who are recognised."""

    name = "loyalty"
    title = "Points and tiers"
    codes = ("C22",)
    levels = (
        Level("rate", "share of price", 0, 0.5, 0.01, "value of points given back", sets="points_rate"),
        Level("everywhere", "0 or 1", 0, 1, 1, "earned in stores too", whole=True, sets="points_everywhere"),
        Level("vip_threshold", "prices", 0, 10000, 0, "identified spend of the last 365 days, in mean prices of what people need, that makes a VIP; 0 none"),
        Level("vip_points", "share of price", 0, 0.5, 0.02, "further points of VIPs", sets="vip_points"),
        Level("vip_invites", "0 or 1", 0, 1, 1, "VIPs are invited to every event, wherever they live", whole=True, sets="vip_invites"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        policy.vip_threshold = context.fee(levels["vip_threshold"])
        note_row(policy, context, self.name, "vip", "login")


@register
class PersonalCoupons(Capability):
    """A coupon for who is known and nearly bought; it counts where it was given, or everywhere where coupons do."""

    name = "personal_coupons"
    title = "Personal coupons"
    codes = ("C12",)
    requires = ("customer_file",)
    levels = (
        Level("rate", "share of missions", 0, 1, 0.3, "missions that nearly ended in a purchase, after which a coupon is sent", sets="own_rate"),
        Level("discount", "share of price", 0, 0.9, 0.10, "value of the coupon; of several in hand the best counts", sets="own_discount"),
        Level("nearly", "share of price", 0, 5, 0.15, "by which the best own plan may have fallen short of the outside option", sets="own_near"),
        Level("days", "days", 1, 365, 7, "on which it counts, from the next one on", whole=True, sets="own_days"),
        Level("back", "share of coupons", 0, 1, 0.3, "that bring the shopper back to the same wish on the next day", sets="own_back"),
        Level("message_cost", "won", 0, 100000, 8, "cost of sending one", sets="own_cost"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        policy.own_cost *= context.settings.market.capability_cost_rate
