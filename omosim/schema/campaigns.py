"""What is kept of people whom campaigns reach, and what falls due for them; nothing where no such capability is on."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

#: One row per shopper, beside SHOPPER: 16 bytes, kept only where a capability needs it.
PATRON = np.dtype(
    [
        ("spent", "i4"),  # minor, identified purchases of the last 365 days less returns, cut at 2**31 - 1
        ("last", "i4"),  # category x 2**16 + number + 1 of the need for which a campaign last opened a mission, 0 none
        ("bought", "i2"),  # day of the last purchase + 1, 0 none
        ("coupon_until", "u2"),  # first day on which the own coupon no longer counts, 0 none
        ("coupon", "u1"),  # bit per Entry: where it counts
        ("messages", "u1"),  # from campaigns since the week began
        ("tries", "u1"),  # missions that campaigns opened for that need
        ("flags", "u1"),
    ]
)
# bits of `flags`; TAGGED: came by a leaflet's tag, so that his visits are known; SLIGHTED: heard of coupons that he lacks
VIP, TAGGED, SLIGHTED = 1, 2, 4

#: What falls due for one shopper on one day.
TRIGGER = np.dtype(
    [
        ("key", "i8"),  # order that it follows, -1 none
        ("value", "i8"),  # minor
        ("day", "i4"),
        ("shopper", "i4"),
        ("what", "i4"),  # Trigger
    ]
)


class Trigger(IntEnum):
    """What may fall due."""

    SPENT = 0  # a purchase is 365 days old
    LANDING = 1  # who opened a leaflet's link
    AFTER = 2  # message some days after a purchase
    LAPSED = 3  # message when nothing was bought for some days
    EVENT = 4  # who comes to an event


#: Money off an order, and points above those of every member.
PERK = np.dtype(
    [
        ("key", "i8"),
        ("off", "i8"),  # minor a unit, of the order itself
        ("alt_off", "i8"),  # minor a unit, of the web order that may take its place
        ("points", "f8"),  # further points, share of price
    ]
)

#: missions that campaigns open have need numbers from here on: + number x 32 + kind x 8 + which
CAMPAIGN_NEED = (1 << 21) + (1 << 20)
CAMPAIGN_KINDS = ("insert", "message", "event", "coupon")
BY_INSERT, BY_MESSAGE, BY_EVENT, BY_COUPON = 4, 5, 6, 7  # MISSION.kind, after those of schema.shopper


class Sent(IntEnum):
    """Columns of the daily counters of campaigns, `sent[day, audience, code]`."""

    MESSAGES = 0  # triggered messages
    LEAFLETS = 1  # leaflets in parcels that came
    LANDINGS = 2  # visits to the landing page of one
    LINKED = 3  # of LANDINGS: the buyer was in no own profile before
    INVITED = 4  # messages about an event
    VIP_INVITED = 5  # of INVITED: VIPs
    EVENT_VISITS = 6
    COUPONS = 7  # personal coupons given
    COUPONS_USED = 8
    SLIGHTED = 9  # heard of coupons that they lack
    VIPS = 10  # became VIP
    OPENED = 11  # missions opened by any of these


N_SENT = len(Sent)
