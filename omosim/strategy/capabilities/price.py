"""What shoppers pay: one price, coupons, points."""

from __future__ import annotations

from collections.abc import Mapping

from omosim.strategy.capability import Capability, Context, Level
from omosim.strategy.registry import register
from omosim.world.policy import Policy


@register
class OnePrice(Capability):
    """The same price in every channel."""

    name = "one_price"
    title = "One price everywhere"
    codes = ("C8",)

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        policy.prices_equal = 1


@register
class Coupons(Capability):
    """Mobile coupons, for the web alone or for stores too."""

    name = "coupons"
    title = "Mobile coupons"
    codes = ("C9",)
    levels = (
        Level("rate", "share of missions", 0, 1, 0.10, "missions with a coupon in hand"),
        Level("discount", "share of price", 0, 0.9, 0.08, "value of a coupon"),
        Level("everywhere", "0 or 1", 0, 1, 1, "valid in stores too", whole=True),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        policy.coupon_rate = levels["rate"]
        policy.coupon_discount = levels["discount"]
        policy.coupon_everywhere = int(levels["everywhere"])


@register
class Loyalty(Capability):
    """Points given back to buyers who are recognised."""

    name = "loyalty"
    title = "Points and tiers"
    codes = ("C22",)
    levels = (
        Level("rate", "share of price", 0, 0.5, 0.01, "value of points given back"),
        Level("everywhere", "0 or 1", 0, 1, 1, "earned in stores too", whole=True),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        policy.points_rate = levels["rate"]
        policy.points_everywhere = int(levels["everywhere"])
