"""Settings of service in stores, and of the worth of a customer; every default leaves the feature out."""

from __future__ import annotations

from omosim.schema.fields import Frozen, par


class Service(Frozen):
    """What can go wrong in a store, and what a later year is worth."""

    failure: float = par("share", "hand-overs by staff in stores that go wrong: rude, wrong bag, wrong change", 0, 1, default=0.0)
    failure_penalty: float = par("share of price", "penalty for one that went wrong", 0, 5, default=0.3)
    unseen: float = par("share", "visitors who do not find an item that stands on the shelf", 0, 1, default=0.0)
    discount_per_year: float = par("share a year", "by which a later amount counts less in a lifetime value", 0, 1, default=0.1)
