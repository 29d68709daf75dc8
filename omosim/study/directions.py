"""Which way is better for each KPI, from the retailer's side unless the KPI belongs to the shopper.

`operating_profit` settles which strategy pays. For the others "better" means better in that KPI alone. Where more is
neither good nor bad in itself the reading is: fewer touches before a purchase spare the shopper effort; a larger
multichannel premium and a larger consumer surplus are good; who reads first buys with fewer surprises (webrooming), who tries here
and orders on line has made a visit that sold nothing (showrooming). An unknown KPI is read by its name's ending, else more is
better.
"""

from __future__ import annotations

LOWER = frozenset(
    {
        "fulfilment_cost",
        "labour_cost",
        "capability_cost",
        "stockout_rate",
        "cancel_rate",
        "return_rate",
        "return_rate_online",
        "return_rate_store",
        "pickup_wait_p90_min",
        "store_staff_load",
        "wasted_trip_rate",
        "touchpoints_per_purchase",
        "showrooming_share",
        "fitting_no_show_rate",
        "service_failures",
        "not_found_rate",
    }
)
HIGHER = frozenset(
    {
        "net_revenue",
        "gross_profit",
        "operating_profit",
        "orders",
        "units",
        "aov",
        "web_conversion",
        "store_conversion",
        "webrooming_share",
        "fill_rate",
        "pickup_ready_on_time",
        "delivery_on_time",
        "repeat_rate",
        "retention",
        "repeat_rate_new",
        "lifetime_value_new",
        "lifetime_value_active",
        "multichannel_premium_raw",
        "multichannel_premium_causal",
        "consumer_surplus",
    }
)
#: how full places of stores would be: omosim.model.places
_OF_PLACES = tuple(f"{place}_{of}" for place in ("shelf", "locker", "bay", "room", "slot") for of in ("load", "short", "full", "needed"))
_LOWER_ENDS = ("_cost", "_costs", "_wait_min", "_wait_mean_min", "_late_rate", "_loss", "_refused", "_abandoned")


def direction(kpi: str) -> int:
    """+1 when more is better, -1 when less is."""
    if kpi in LOWER:
        return -1
    if kpi in HIGHER or kpi.startswith("revenue_"):
        return 1
    return -1 if kpi.endswith(_LOWER_ENDS) or kpi in _OF_PLACES else 1
