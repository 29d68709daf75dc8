"""Names, groups and order of KPIs, profit lines and laws as readers meet them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLACES = {"shelf": "Pickup shelf", "locker": "Lockers", "bay": "Curbside bays", "room": "Fitting rooms", "slot": "Pickup slots"}
_BEFORE = ", before anybody waits or is refused"  # of the load as it came, not of what a run of all shoppers leaves of it
_OF_PLACES = {"load": " load, full size", "short": ", short of them", "full": f" found full{_BEFORE}", "needed": f" needed each{_BEFORE}"}
LOADS = tuple(f"{place}_load" for place in PLACES)
TITLES = {
    "operating_profit": "Operating profit",
    "net_revenue": "Net revenue",
    "gross_profit": "Gross profit",
    "fulfilment_cost": "Fulfilment cost",
    "labour_cost": "Labour cost",
    "capability_cost": "Capability cost",
    "media_cost": "Media cost",
    "other_cost": "Rent, stock, commission",
    "payback_years": "Payback of capital",
    "orders": "Orders",
    "buyers": "Buyers",
    "orders_per_shopper": "Orders a shopper",
    "revenue_per_shopper": "Net revenue a shopper",
    "margin_per_shopper": "Margin a shopper",
    "units": "Units",
    "aov": "Average order value",
    "web_conversion": "Web conversion",
    "store_conversion": "Store conversion",
    "webrooming_share": "Webrooming",
    "showrooming_share": "Showrooming",
    "fill_rate": "Fill rate",
    "stockout_rate": "Stock-out rate",
    "cancel_rate": "Cancellations",
    "return_rate": "Returns",
    "return_rate_online": "Returns, online orders",
    "return_rate_store": "Returns, store orders",
    "pickup_ready_on_time": "Pickups ready on time",
    "pickup_wait_p90_min": "Pickup wait, 90th percentile",
    "delivery_on_time": "Deliveries on time",
    "store_staff_load": "Store staff load, full size",
    **{f"{place}_{of}": f"{words}{what}" for place, words in PLACES.items() for of, what in _OF_PLACES.items()},
    "site_lost_rate": "Sessions lost at a full site",
    "live_viewers": "Viewers of a live show",
    "live_orders_per_viewer": "Orders a viewer of live shows",
    "live_answered": "Questions answered in live shows",
    "outsourced": "Fees of outsourced nodes",
    "transfers": "Orders sent on to be collected",
    "inserts": "Leaflets in parcels",
    "campaigns": "Messages, events, assistant",
    "campaign_messages": "Messages of campaigns",
    "event_invitations": "Invitations to events",
    "vips": "VIPs",
    "coupon_discounts": "Money off by coupons",
    "wasted_trip_rate": "Wasted store trips",
    "repeat_rate": "Repeat rate",
    "repeat_rate_new": "Repeat rate, new customers",
    "lifetime_value_new": "Worth of a new customer in the window",
    "lifetime_value_active": "Worth of a customer from before the window",
    "satisfaction_exploration": "Felt against expected: exploration",
    "satisfaction_purchase": "Felt against expected: purchase",
    "satisfaction_delivery": "Felt against expected: delivery, collection",
    "satisfaction_after_sales": "Felt against expected: after-sales",
    "fittings": "Booked fittings",
    "fitting_no_show_rate": "Fittings that nobody came to",
    "service_failures": "Hand-overs in stores that went wrong",
    "not_found_rate": "Items there and not found",
    "retention": "Retention",
    "touchpoints_per_purchase": "Touchpoints per purchase",
    "identity_loss": "Touches of buyers not put to their purchase",
    "contact_cost": "Messages and records, per known customer a year",
    "records_per_customer": "Records per known customer",
    "opted_out": "Opted out of messages",
    "told": "Told by a neighbour",
    "heard_first": "First heard of us from a neighbour",
    "multichannel_premium_raw": "Multichannel premium, raw",
    "multichannel_premium_causal": "Multichannel premium, causal",
    "consumer_surplus": "Consumer surplus",
}
_GROUPS = {
    "Money": (
        "operating_profit",
        "net_revenue",
        "gross_profit",
        "fulfilment_cost",
        "labour_cost",
        "capability_cost",
        "media_cost",
        "other_cost",
        "payback_years",
    ),
    "Sales": ("orders", "units", "aov", "web_conversion", "store_conversion", "webrooming_share", "showrooming_share"),
    "Service": (
        "fill_rate",
        "stockout_rate",
        "cancel_rate",
        "return_rate",
        "return_rate_online",
        "return_rate_store",
        "pickup_ready_on_time",
        "pickup_wait_p90_min",
        "delivery_on_time",
        "store_staff_load",
        *(f"{place}_{of}" for place in PLACES for of in _OF_PLACES),
        "site_lost_rate",
        "wasted_trip_rate",
        "fittings",
        "fitting_no_show_rate",
        "service_failures",
        "not_found_rate",
    ),
    "Customers": (
        "repeat_rate",
        "repeat_rate_new",
        "retention",
        "lifetime_value_new",
        "lifetime_value_active",
        "satisfaction_exploration",
        "satisfaction_purchase",
        "satisfaction_delivery",
        "satisfaction_after_sales",
        "touchpoints_per_purchase",
        "identity_loss",
        "contact_cost",
        "records_per_customer",
        "opted_out",
        "told",
        "heard_first",
        "multichannel_premium_raw",
        "multichannel_premium_causal",
        "consumer_surplus",
    ),
}
MAIN = (
    "operating_profit",
    "net_revenue",
    "gross_profit",
    "fulfilment_cost",
    "labour_cost",
    "capability_cost",
    "media_cost",
    "other_cost",
    "payback_years",
    "orders",
    "aov",
    "fill_rate",
    "stockout_rate",
    "return_rate",
    "wasted_trip_rate",
    "store_staff_load",
    *LOADS,
)
CHANNELS, OTHER = "Revenue by channel", "Other"
SUBTOTALS = frozenset({"net_revenue", "gross_profit", "operating_profit", "profit", "total", "contribution", "ebit"})
LAWS = {
    "L1": "Units per item and node balance",
    "L2": "On hand = available + reserved + staged, none below 0",
    "L3": "Units balance with customers and transit",
    "L4": "Each order is in one state, on a declared path",
    "L5": "Ordered = fulfilled + substituted + cancelled + open",
    "L6": "Double-entry money; profit equals the ledger",
    "L7": "Visits balance; funnels only narrow",
    "L8": "Little's law, per queue",
    "L9": "Staff time: busy + idle + break = paid",
    "L10": "Placed ≤ picked ≤ ready ≤ collected",
    "L11": "Every reservation ends or is open",
    "L12": "Slots booked within their limit",
}


def line_title(name: str) -> str:
    """Readable name of a profit line: revenue there is before refunds, which are a line of their own."""
    if name.startswith("revenue_"):
        return f"{name.removeprefix('revenue_').capitalize()} sales, gross"
    return title(name)


def title(name: str) -> str:
    """Readable name of a KPI or profit line."""
    if name in TITLES:
        return TITLES[name]
    words = f"{name.removeprefix('revenue_')} revenue" if name.startswith("revenue_") else name
    return words.replace("_", " ").strip().capitalize()


VERDICTS = {"better": "better", "worse": "worse", "cannot_tell": "cannot tell"}


def verdict_words(row: Mapping[str, Any] | None) -> str:
    """A row's verdict as it is read; a difference of 0 in every pair is known, and is none."""
    if row is None:
        return VERDICTS["cannot_tell"]
    if row["diff"] == 0 and row["ci_low"] == row["ci_high"] == 0:
        return "no difference"
    return VERDICTS[str(row["verdict"])]


def group(kpi: str) -> str:
    """Heading under which a KPI stands."""
    if kpi.startswith("revenue_"):
        return CHANNELS
    return next((name for name, members in _GROUPS.items() if kpi in members), OTHER)


def reading_order(kpis: list[str]) -> list[tuple[str, list[str]]]:
    """Groups with their KPIs, the known ones in the order above, the rest as they come."""
    rank = {k: i for members in _GROUPS.values() for i, k in enumerate(members)}
    heads: dict[str, list[str]] = {name: [] for name in ("Money", CHANNELS, "Sales", "Service", "Customers", OTHER)}
    for kpi in kpis:
        heads[group(kpi)].append(kpi)
    return [(h, sorted(ks, key=lambda k: rank.get(k, len(rank)))) for h, ks in heads.items() if ks]


def law_words(summary: Mapping[str, Any]) -> str:
    """What the runs of a study say of the laws, in few words; results of an earlier omosim say nothing."""
    found = summary.get("laws") or {}
    if found.get("residual") or found.get("broken_runs"):
        return f"laws: a law is broken in {found.get('broken_runs') or found['runs']:,} runs"
    if not found.get("laws"):
        return "laws: not recorded"
    rest = f"; of {found['not_recorded']:,} runs not recorded" if found.get("not_recorded") else ""
    return f"laws: all residuals 0 ({found['laws']} laws, {found['runs']:,} runs){rest}"


def law_meaning(law: str) -> str:
    """What a law says, by the code that its name begins with."""
    return LAWS.get(law.split(" ")[0].split("_")[0].split(":")[0].upper(), "")
