"""How the retailer comes to mind: messages, retargeting, campaigns, events, an assistant, partners, ecosystem."""

from __future__ import annotations

from collections.abc import Mapping

from omosim.schema.codes import Entry
from omosim.strategy.capability import Capability, Context, Level, note_row
from omosim.strategy.registry import register
from omosim.world.policy import Policy


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
class TriggeredCampaigns(Capability):
    """Messages that a purchase, or the lack of one, sets off; to people in the linked profile, and messages like any other."""

    name = "triggered_campaigns"
    title = "Triggered campaigns"
    codes = ("C36",)
    requires = ("customer_file",)
    levels = (
        Level("after_days", "days", 0, 365, 10, "days after a purchase at which a message is sent; 0 none", whole=True, sets="after_days"),
        Level("after_open", "share of messages", 0, 1, 0.08, "of these, that open a mission when a need is near", sets="after_open"),
        Level("lapse_days", "days", 0, 365, 60, "days without a purchase after which a message is sent; 0 none", whole=True, sets="lapse_days"),
        Level("lapse_open", "share of messages", 0, 1, 0.05, "of these, that open a mission when a need is near", sets="lapse_open"),
        Level("message_cost", "won", 0, 100000, 8, "cost of a message", sets="campaign_cost"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        policy.campaign_cost *= context.settings.market.capability_cost_rate
        note_row(policy, context, self.name, "message")


@register
class Events(Capability):
    """Events and pop-ups near a store: who lives near may come, who is in the linked profile is invited."""

    name = "events"
    title = "Events and pop-ups"
    codes = ("C30",)
    levels = (
        Level("per_month", "events a month", 0, 30, 2, "events, each at one of the stores, drawn by the day", sets="events_per_month", network=True),
        Level("lead_days", "days", 0, 60, 7, "days before it that it is announced", whole=True, sets="event_lead_days", network=True),
        Level("radius_km", "km", 0, 100, 1.5, "people who live so near may come by themselves", sets="event_km"),
        Level("come_near", "share of people", 0, 1, 0.02, "of those, who come", sets="event_near"),
        Level("aware", "share of people", 0, 1, 0.05, "of those who did not know the retailer, who do after it", sets="event_aware"),
        Level("invite", "0 or 1", 0, 1, 1, "people in the linked profile are invited", whole=True, sets="event_invites"),
        Level("invite_km", "km", 0, 100, 3, "if they live so near", sets="invite_km"),
        Level("come_invited", "share of the invited", 0, 1, 0.08, "who come", sets="event_invited"),
        Level("cost", "won", 0, 10**12, 3_000_000, "cost of an event", sets="event_cost", network=True),
        Level("message_cost", "won", 0, 100000, 8, "cost of an invitation", sets="invite_cost"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        policy.event_cost *= context.settings.market.capability_cost_rate
        policy.invite_cost *= context.settings.market.capability_cost_rate
        note_row(policy, context, self.name, "invite", "login")
        note_row(policy, context, self.name, "event", "-login")


@register
class Assistant(Capability):
    """Chatbot, voice and visual search: questions about fit are answered and things are found sooner, in the own web shop."""

    name = "assistant"
    title = "Assistant: chatbot, voice and visual search"
    codes = ("C12",)
    requires = ("web_shop",)
    levels = (
        Level("use", "share of sessions", 0, 1, 0.2, "sessions in which it is used"),
        Level("accuracy", "share of misfits", 0, 1, 0.2, "misfits that its answers reveal to who uses it"),
        Level("search", "share of search cost", 0, 1, 0.6, "search cost that is left to who uses it"),
        Level("session_cost", "won", 0, 100000, 20, "running cost of a session in which it is used"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        policy.search_factor *= 1.0 - levels["use"] * (1.0 - levels["search"])
        policy.assistant_cost = levels["use"] * levels["session_cost"] * context.settings.market.capability_cost_rate
        context.sources.append((Entry.WEB, levels["use"] * levels["accuracy"]))


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
