"""Devices and cookies: which one a touch leaves, and what a site knows by it of a visitor who has not logged in."""

from omosim.kernels.jit import kernel as counted
from omosim.kernels.jit import uncounted as kernel
from omosim.kernels.journeys_perceive import add_event, profile_size
from omosim.kernels.philox import uniform
from omosim.kernels.purposes import COOKIE, DEVICE, SIGNED_IN

_DAY = 86_400
_CONSENT = 2
_PHONE, _OTHER = 0, 1
_SLOT_MASK = (1 << 27) - 1
_ORDINAL_BITS = 8
_NUMBER_MASK = 0xFFFF
_KNOWN = 255  # COOKIE.events of a cookie whose owner is known


@kernel
def device_at(key0, key1, shopper, slot, t, phone):
    """Device of a touch at second t of a mission: 0 the phone, by the segment's share, 1 another one."""
    return _PHONE if uniform(key0, key1, shopper, slot, DEVICE, t) < phone else _OTHER


@kernel
def cookie_at(key0, key1, shopper, device, t, life_s):
    """Running number of a device's cookie at second t: it changes every `life_s` seconds from a keyed moment on; 0 for ever where life_s is 0."""
    if life_s <= 0:
        return 0
    return (t + int(uniform(key0, key1, shopper, device, COOKIE, 0) * life_s)) // life_s


@counted
def read_cookies(key0, key1, touches, account, phone, life_s, login, device, number, signed):
    """Devices and cookies of touches, as `recognise` draws them for a mission.

    Parameters
    ----------
    touches : (n,) TOUCH
    account : (n,) int64, whose cookie it is: the own shop's, or that of a platform
    phone : (n,) float64, share of the shopper's segment on the phone
    life_s : seconds after which a cookie changes, 0 never
    login : share of cookies on whose device the shopper stays signed in
    device, number, signed : (n,) int64; filled: device, running number of its cookie, 1 where he stays signed in
    """
    for k in range(touches.size):
        row = touches[k]
        shopper = int(row["shopper"])
        t = int(row["t"])
        slot = (int(row["key"]) >> _ORDINAL_BITS) & _SLOT_MASK
        device[k] = device_at(key0, key1, shopper, slot, t, phone[k])
        number[k] = cookie_at(key0, key1, shopper, device[k], t, life_s)
        cookie = number[k] * 2 + device[k]
        signed[k] = 1 if uniform(key0, key1, shopper, cookie, SIGNED_IN, account[k]) < login else 0


@kernel
def in_file_by_tomorrow(levels, day):
    """Whether what happens on a day is in the customer file on the next one."""
    every = levels["batch_days"]
    return (day // every + 1) * every <= day + 1


@kernel
def recognise(levels, cookies, who, shopper, slot, t, phone, login):
    """How a site recognises a visitor on line; changes `who` and his row of `cookies`.

    A login links the cookie of its device, and what that had seen enters the linked profile. Without a login a linked
    cookie leads to that profile; another has the events of its own life, and a new cookie has none.

    Parameters
    ----------
    cookies : (n,) COOKIE; phone : share of the segment on the phone
    login : whether this visit has a login

    Returns
    -------
    (whether it is known who it is, events that can be recommended by)
    """
    if int(who["flags"]) & _CONSENT == 0:
        return False, 0
    day = t // _DAY
    if levels["cookie_s"] <= 0:
        return login, profile_size(who, day) if login else 0
    row = cookies[shopper]
    device = device_at(levels["key0"], levels["key1"], shopper, slot, t, phone)
    number = cookie_at(levels["key0"], levels["key1"], shopper, device, t, levels["cookie_s"])
    if int(row["number"][device]) != number & _NUMBER_MASK:
        row["number"][device] = number & _NUMBER_MASK
        row["events"][device] = 0
    seen = int(row["events"][device])
    if login and seen != _KNOWN:
        for _ in range(seen):
            add_event(levels, who, day, True)
        row["events"][device] = _KNOWN
    if login or seen == _KNOWN:
        return True, profile_size(who, day)
    row["events"][device] = min(seen + 1, _KNOWN - 1)
    return False, seen
