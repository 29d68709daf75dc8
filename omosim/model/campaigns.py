"""Figures of campaigns, events, own coupons and VIPs; none where nothing of the kind is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from omosim.model.kpis import Kpi, ratio
from omosim.schema.campaigns import VIP, Sent

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel

#: counts that are figures as they are, with their unit
COUNTED = {
    Sent.MESSAGES: ("campaign_messages", "messages"),
    Sent.INVITED: ("event_invitations", "messages"),
    Sent.EVENT_VISITS: ("event_visits", "visits"),
    Sent.COUPONS: ("coupons_given", "coupons"),
    Sent.SLIGHTED: ("heard_of_coupons", "people"),
    Sent.OPENED: ("campaign_missions", "missions"),
}


def campaign_kpis(model: RetailModel, discounts: int, currency: str) -> list[Kpi]:
    """What campaigns did in the measured window; none where nobody is remembered for them."""
    kept = model.journeys.campaigns
    if not kept.patrons.size:
        return []
    first = model.settings.burn_in_days
    total = kept.sent[first : first + model.settings.days].sum(axis=(0, 1))
    out = [Kpi(name, int(total[code]), unit) for code, (name, unit) in COUNTED.items()]
    out.append(ratio("leaflets_opened", int(total[Sent.LANDINGS]), int(total[Sent.LEAFLETS]), "no leaflet came"))
    out.append(ratio("coupons_used", int(total[Sent.COUPONS_USED]), int(total[Sent.COUPONS]), "no coupon given"))
    out.append(Kpi("vips", int(np.count_nonzero(kept.patrons["flags"] & VIP)), "people"))
    out.append(Kpi("coupon_discounts", discounts, f"minor {currency}"))
    return out
