"""Who is known, how soon, and which items are shown for it."""

from __future__ import annotations

from omosim.schema.columns import DAY
from omosim.strategy.capability import Capability, Level
from omosim.strategy.registry import register


@register
class CustomerFile(Capability):
    """One customer file: what a shopper does in one channel is known in the others after a delay."""

    name = "customer_file"
    title = "Unified customer file"
    codes = ("C10", "C23")
    levels = (Level("latency_s", "s", 0, 7 * DAY, DAY, "delay of the file: under an hour at once, else with a batch each night, or every so many nights", whole=True, sets="link_latency_s"),)


@register
class Personalisation(Capability):
    """Recommendation: which items are shown, chosen by the linked profile; it adds no value to an item."""

    name = "personalisation"
    title = "Personalised recommendation"
    codes = ("C11", "C12")
    requires = ("customer_file",)
    levels = (Level("shown_items", "items", 1, 20, 3, "the best of so many by the profile is shown", whole=True, sets="shown_items"),)


@register
class StoreSensing(Capability):
    """Visits to stores are recognised without a card: app, beacon, QR, NFC."""

    name = "store_sensing"
    title = "In-store sensing"
    codes = ("C18", "C19")
    requires = ("customer_file",)
    levels = (Level("share", "share of visits", 0, 1, 0.35, "visits recognised without a card", sets="store_sensing"),)
