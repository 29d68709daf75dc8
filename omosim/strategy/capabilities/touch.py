"""How the retailer comes to mind: messages, retargeting, partners, ecosystem."""

from __future__ import annotations

from omosim.strategy.capability import Capability, Level
from omosim.strategy.registry import register


@register
class Push(Capability):
    """E-mail, push and messenger messages to shoppers who are known."""

    name = "push"
    title = "Message automation"
    codes = ("C20", "C36")
    levels = (
        Level("per_week", "contacts a week", 0, 21, 0.5, "contacts with a known shopper", sets="push_per_week"),
        Level("open_rate", "share of contacts", 0, 1, 0.05, "contacts that open a mission when a need is near", sets="push_open_rate"),
    )


@register
class Retargeting(Capability):
    """Abandoned missions of known shoppers are asked again on the next day, in any medium."""

    name = "retargeting"
    title = "Retargeting"
    codes = ("C21",)
    requires = ("customer_file",)
    levels = (Level("rate", "share of abandoned missions", 0, 1, 0.25, "abandoned missions asked again", sets="retarget_rate"),)


@register
class Partners(Capability):
    """Touchpoints of partners: quick commerce, voice, virtual stores."""

    name = "partners"
    title = "Partner touchpoints"
    codes = ("C26", "C31")
    requires = ("web_shop",)
    levels = (Level("contact", "awareness a week", 0, 1, 0.008, "awareness gained by contact through partners", adds="contact_rho"),)


@register
class Ecosystem(Capability):
    """Services inside the shopper's own ecosystem: contact, and a cost of leaving for a rival."""

    name = "ecosystem"
    title = "Ecosystem services"
    codes = ("C31", "C33")
    requires = ("customer_file",)
    levels = (
        Level("switch_cost", "share of price", 0, 1, 0.015, "hassle of leaving for a rival", sets="switch_cost"),
        Level("contact", "awareness a week", 0, 1, 0.006, "awareness gained by use of the services", adds="contact_rho"),
    )
