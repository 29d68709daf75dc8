"""Who serves, and how well: training, advice, appointments, finding an item, orders that look after themselves, feedback."""

from __future__ import annotations

from collections.abc import Mapping

from omosim.schema.columns import HOUR
from omosim.strategy.capability import Capability, Context, Level, offer
from omosim.strategy.registry import register
from omosim.world.policy import Policy

_PPM = 1_000_000


@register
class StaffTraining(Capability):
    """People in stores and in the centre work faster, and less goes wrong at the counter."""

    name = "staff_training"
    title = "Staff training"
    codes = ("C27",)
    network = True
    levels = (
        Level("faster", "share of time", 0, 0.9, 0.08, "time of picking and at the counter that is saved"),
        Level("failures_avoided", "share of failures", 0, 1, 0.4, "service failures that do not happen", sets="failures_avoided"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        policy.work_factor *= 1.0 - levels["faster"]


@register
class StaffExplanation(Capability):
    """Staff explain goods that need advice: after a bad sign more visitors go on, with an item that fits more often."""

    name = "staff_explanation"
    title = "Staff explanation in stores"
    codes = ("C28",)
    levels = (
        Level("go_on", "share of visitors", 0, 1, 0.75, "advised visitors who go on with a next item after a bad sign", sets="advice_go_on"),
        Level("accuracy", "share of misfits", 0, 1, 0.5, "misfits of the next item that advice avoids", sets="advice_match"),
        Level("minutes", "min", 0, 120, 6, "staff time of an advised visit, at the counter"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        policy.advice_s = levels["minutes"] * 60.0


@register
class BookedFitting(Capability):
    """A fitting by appointment: a room and somebody to serve are kept, nobody waits, and a next item fits more often."""

    name = "booked_fitting"
    title = "Booked fitting sessions"
    codes = ("C29",)
    levels = (
        Level("per_day", "appointments", 0, 1000, 12, "appointments of a store and day at the retailer's full size", sets="fittings_per_day", network=True),
        Level("ahead_days", "days", 1, 28, 7, "days ahead that can be booked", whole=True, sets="fitting_ahead"),
        Level("users", "share of shoppers", 0, 1, 0.2, "people to whom booking occurs at all", sets="fitting_users"),
        Level("no_show", "share of appointments", 0, 1, 0.1, "appointments that nobody keeps", sets="fitting_no_show"),
        Level("go_on", "share of visitors", 0, 1, 0.9, "visitors who go on with a next item after a bad sign"),
        Level("accuracy", "share of misfits", 0, 1, 0.5, "misfits of the next item that the session avoids"),
        Level("time", "share of a visit's", 0, 10, 0.8, "time in the store, relative to a visit without an appointment"),
        Level("fee", "share of price", 0, 1, 0.0, "felt cost of booking"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        row = policy.offers[offer("booked_fitting")]
        row["enabled"] = 1
        row["go_on_ppm"], row["match_ppm"] = round(levels["go_on"] * _PPM), round(levels["accuracy"] * _PPM)
        row["place_ppm"] = round(levels["time"] * _PPM)
        row["fee"] = context.fee(levels["fee"])


@register
class ItemFinder(Capability):
    """The app shows where in the store an item is: shorter visits, and fewer who do not find what is there."""

    name = "item_finder"
    title = "App finds the item in the store"
    codes = ("C19",)
    levels = (
        Level("time_saved", "share of time", 0, 0.9, 0.1, "time in the store of a visit that is saved, mean of all visitors"),
        Level("found", "share of items", 0, 1, 0.6, "items not found on the shelf that it finds", sets="unseen_avoided"),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        policy.visit_factor *= 1.0 - levels["time_saved"]


@register
class OrderAutomation(Capability):
    """Promises follow the work that waits, late orders are followed up, stock is reviewed more often."""

    name = "order_automation"
    title = "Order automation"
    codes = ("C25",)
    levels = (
        Level("honest", "0 or 1", 0, 1, 1, "promises follow the published load of the node", whole=True, sets="honest", network=True),
        Level("follow_up", "share of the loss", 0, 1, 0.3, "goodwill lost over a late order that a message takes away, of those who take messages", sets="follow_up"),
        Level("review_h", "h", 1, 24, 12, "longest time between two reviews of replenishment", whole=True, network=True),
    )

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        super().apply(policy, levels, context)
        policy.review_s = int(levels["review_h"]) * HOUR


@register
class FeedbackLoop(Capability):
    """Linked returns and reviews teach size advice: the web's own information grows with their number."""

    name = "feedback_loop"
    title = "Customer feedback loop"
    codes = ("C33",)
    requires = ("web_shop", "customer_file")
    levels = (
        Level("accuracy", "share of misfits", 0, 1, 0.25, "misfits that size advice reveals with endless data", sets="feedback"),
        Level("half", "returns", 1, 10**9, 2000, "linked returns and reviews of a category at which half of it is there, whole retailer", sets="feedback_half"),
        Level("lag_days", "days", 0, 365, 28, "until a return or review has been worked in", whole=True, sets="feedback_lag_days", network=True),
        Level("reviews", "share of purchases", 0, 1, 0.05, "linked purchases of which a review teaches as much as a return", sets="feedback_reviews", network=True),
    )
