"""What shoppers pay: one price, coupons, points."""

from __future__ import annotations

from omosim.strategy.capability import Capability, Level
from omosim.strategy.registry import register


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
    )
