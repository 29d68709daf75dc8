"""What a random draw is for: one part of its counter. Append only; a number is never given twice."""

from __future__ import annotations

from enum import IntEnum


class Purpose(IntEnum):
    """Decision points that draw; the number enters the Philox counter (1 to 32767)."""

    NEED_RATE = 1
    NEED_GAP = 2
    NEED_FIRST = 3
    HOME = 4
    SEGMENT = 5
    TASTE = 6
    DROPOUT = 7
    CONSENT = 8
    VALUE = 9
    FIT = 10
    DETECT = 11
    GO_ON = 12
    CHOICE = 13
    NEST = 14
    OUTSIDE = 15
    ITEM = 16
    ITEM_SIGNAL = 17
    CHECK_STOCK = 18
    UNITS = 19
    TRAVEL = 20
    PICK_TIME = 21
    COUNTER_TIME = 22
    TRANSIT = 23
    COLLECT = 24
    NO_SHOW = 25
    RETURN_LAG = 26
    CHANGE_OF_MIND = 27
    RETURN_CHANNEL = 28
    RECORD_ERROR = 29
    SHRINK = 30
    SESSIONS = 31
    BROADCAST = 32
    TOUCH = 33
    ACQUIRE = 34
    MEDIA = 35
    PATIENCE = 36
    BASKET = 37
    REFURBISH = 38
    SYNTH = 39
    COURIER = 40
    EXTRA_PURCHASE = 41
    CONSIDER = 42
    MISSION = 43
    REACH = 44
    AWARE = 45
    PUSH = 46
    RETARGET = 47
    BROWSE = 48
    SERVICE = 49
    HASSLE = 50


# The same as plain integers: a kernel reads them as typed constants.
NEED_RATE = 1
NEED_GAP = 2
NEED_FIRST = 3
HOME = 4
SEGMENT = 5
TASTE = 6
DROPOUT = 7
CONSENT = 8
VALUE = 9
FIT = 10
DETECT = 11
GO_ON = 12
CHOICE = 13
NEST = 14
OUTSIDE = 15
ITEM = 16
ITEM_SIGNAL = 17
CHECK_STOCK = 18
UNITS = 19
TRAVEL = 20
PICK_TIME = 21
COUNTER_TIME = 22
TRANSIT = 23
COLLECT = 24
NO_SHOW = 25
RETURN_LAG = 26
CHANGE_OF_MIND = 27
RETURN_CHANNEL = 28
RECORD_ERROR = 29
SHRINK = 30
SESSIONS = 31
BROADCAST = 32
TOUCH = 33
ACQUIRE = 34
MEDIA = 35
PATIENCE = 36
BASKET = 37
REFURBISH = 38
SYNTH = 39
COURIER = 40
EXTRA_PURCHASE = 41
CONSIDER = 42
MISSION = 43
REACH = 44
AWARE = 45
PUSH = 46
RETARGET = 47
BROWSE = 48
SERVICE = 49
HASSLE = 50
