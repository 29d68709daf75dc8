"""What shoppers can know: where stores are, what they have, whether a thing fits."""

from __future__ import annotations

from collections.abc import Mapping

from omosim.schema.codes import Entry
from omosim.schema.columns import DAY
from omosim.strategy.capability import Capability, Context, Level
from omosim.strategy.registry import register
from omosim.world.policy import Policy


@register
class Locator(Capability):
    """A store locator: shoppers think of more stores than the nearest."""

    name = "locator"
    title = "Store locator"
    codes = ("C2",)
    levels = (Level("stores", "stores", 1, 4, 4, "nearest stores a shopper thinks of", whole=True),)

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        policy.known_stores = max(policy.known_stores, min(int(levels["stores"]), context.settings.market.choice.near_stores))


@register
class StockFeed(Capability):
    """The stock of stores is shown in the channels, as fresh as the feed."""

    name = "stock_feed"
    title = "Stock shown in all channels"
    codes = ("C1", "C23")
    switches = ("stock_shown",)
    levels = (
        Level("publish_s", "s", 60, 7 * DAY, DAY, "period: 86400 nightly, 3600 hourly, 300 real time", whole=True, sets="publish_s", network=True),
        Level("record_quality", "share", 0, 1, 0.0, "share of record errors removed", sets="record_quality", network=True),
    )


@register
class ArFit(Capability):
    """Virtual fitting, AR make-up, digital showroom: reveals misfits before the order."""

    name = "ar_fit"
    title = "AR and virtual fitting"
    codes = ("C17",)
    requires = ("web_shop",)
    levels = (
        Level("accuracy", "share of misfits", 0, 1, 0.60, "misfits it reveals to those who use it"),
        Level("use", "share of orders", 0, 1, 0.40, "orders for which it is used"),
        Level("suggests", "share of bad signs", 0, 1, 0.0, "of the misfits that it finds, those that are avoided, since it says which size fits"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        found = levels["accuracy"] * levels["use"]
        policy.fit_suggested = found * levels["suggests"]
        context.sources.append((Entry.WEB, (found - policy.fit_suggested) / (1.0 - policy.fit_suggested) if policy.fit_suggested < 1 else 0.0))
