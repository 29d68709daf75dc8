"""Columns of shoppers, their needs and missions: what is kept for each person between days.

At five categories a shopper takes 64 + 5 x 10 = 114 bytes, 5 more where visits teach what fits, 6 more where cookies are followed and 16 more where
campaigns remember people. Tastes are in thousandths of the price of the order, habits in 1/255, the hassle factor of returns in hundredths.
"""

from __future__ import annotations

import numpy as np

#: One row per shopper.
SHOPPER = np.dtype(
    [
        ("spend", "i8"),  # minor, paid so far
        ("need_rate", "f4"),  # needs a week of operational time, all categories
        ("aware_at", "f4"),  # aware while the awareness of the shopper's zone and segment exceeds this
        ("goodwill", "f4"),  # share of price, at `updated`
        ("belief", "f4"),  # believed probability that a store has the wanted item
        ("dropout", "f4"),  # probability of leaving after a repeat purchase, at neutral goodwill
        ("updated", "i4"),  # second of the last change of goodwill
        ("pending_day", "i4"),  # day after which the pending events are in the profile
        ("taste", "i2", (4,)),  # thousandths of price, per Entry
        ("habit", "u1", (4,)),  # 1/255, per Entry
        ("purchases", "u2"),
        ("linked", "u2"),  # events in the linked profile
        ("pending", "u2"),  # events that enter it with the next nightly batch
        ("zone", "i2"),
        ("segment", "i1"),
        ("flags", "u1"),
        ("used", "u1"),  # bit per Entry: uses such touchpoints
        ("bought", "u1"),  # bit per Entry: ever bought there
        ("hassle", "u1"),  # hundredths: own return hassle relative to the mean
        ("audience", "u1"),  # row of what differs between audiences: prices, offers, levels
        ("told", "u2"),  # knows us by word of mouth until this week of the run, 0 nobody told
    ]
)

# bits of `flags`; KNOWS: has bought, never unaware; OPTED_OUT: takes no messages
ALIVE, CONSENT, LOYALTY, MOBILE, KNOWS, OPTED_OUT = 1, 2, 4, 8, 16, 32

#: One row per shopper and category, at shopper x categories + category: the next need.
NEED = np.dtype(
    [
        ("next_s", "i4"),  # operational second of the next need, NEVER beyond the run
        ("link", "i4"),  # next row due on the same day, -1 the last
        ("number", "u2"),  # number of that need; SERVED is set when an earlier touch already served it
    ]
)
NEVER = 2**31 - 1
SERVED = 1 << 15
NUMBER_MASK = SERVED - 1

#: One row per mission of the present day.
MISSION = np.dtype(
    [
        ("t", "i8"),
        ("shopper", "i4"),
        ("need", "i4"),  # need number, from TOUCH_NEED on of a mission that a touch opened
        ("base", "i4"),  # number of the need whose draws (item, value, fit) it has
        ("category", "i1"),
        ("kind", "i1"),  # BY_NEED, BY_RETARGET, BY_PUSH, BY_LIVE
        ("answered", "i1"),  # 1: the host of a show answered the question
    ],
    align=True,
)
BY_NEED, BY_RETARGET, BY_PUSH, BY_LIVE = 0, 1, 2, 3
TOUCHES_PER_NEED = 32  # touch missions that one need can have; need = TOUCH_NEED + base * this + which

#: One row per touch in the log.
TOUCH = np.dtype(
    [
        ("t", "i8"),
        ("key", "i8"),  # order key of the mission
        ("shopper", "i4"),
        ("touchpoint", "i1"),  # row of the touchpoint table
        ("identity", "i1"),  # left and seen: 0 none, 1 cookie, 2 login, 3 card
        ("linked", "i1"),  # 1: visible in the linked profile
        ("bought", "i1"),  # 1: the mission ended in an order or a visit
        ("file", "i1"),  # the customer file at the decision: 0 none, -1 at once, else days between its batches
        ("sensed", "i1"),  # 1: a visit that is seen without a card
    ],
    align=True,
)
ID_NONE, ID_COOKIE, ID_LOGIN, ID_CARD = 0, 1, 2, 3

#: What sites know of a shopper by cookies alone, on the phone and on another device; kept where cookies change.
COOKIE = np.dtype(
    [
        ("number", "u2", (2,)),  # running number of the present cookie, its last 16 bits
        ("events", "u1", (2,)),  # events in its profile, 255: it is known whose it is
    ]
)
