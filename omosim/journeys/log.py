"""The observed log: what a firm sees of the true log of touches, by profiles that it may or may not link.

A pure filter: every observed row is a row of the true log, under the profile whose identity it left. Without consent
nothing is seen; a cookie that changed is a new profile; a card and a login are two until one customer file links them.
Tests: tests/journeys/test_log.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from omosim.kernels.journeys_cookies import read_cookies
from omosim.schema.codes import Entry
from omosim.schema.columns import DAY, ORDINAL_BITS
from omosim.schema.settings import Identity
from omosim.schema.shopper import ID_CARD, ID_COOKIE, ID_LOGIN, ID_NONE, LOYALTY
from omosim.world.state import World

#: identities as a firm sees them; a visit that was sensed shows no card
SEEN = ("none", "cookie", "login", "card", "sensed")
_SENSED = 4
#: kinds of a shopper's profiles: accounts by entry, card, sensed, then cookies
_WEB_ACCOUNT, _CARD_FILE, _SENSED_FILE, _FIRST_COOKIE = 0, 1, 4, 8
#: account behind a login by Entry: stores and messages know that of the web
_ACCOUNT = np.array([0, 0, 2, 3, 0], np.int64)
_NEVER = np.iinfo(np.int64).max


class Observed(NamedTuple):
    """Observed rows in time; profiles are numbered by their first row, and say nothing of who it is."""

    row: np.ndarray  # (m,) int64, row of the true log, which is sorted by (t, key)
    profile: np.ndarray  # (m,) int64
    identity: np.ndarray  # (m,) int8, in SEEN
    linked_to: np.ndarray  # (m,) int64, profile that this one was linked to, -1 none
    linked_at: np.ndarray  # (m,) int64, second at which that was known, -1 never
    order_id: np.ndarray  # (m,) int64, order paid at this touch, -1 none


def paid_at(touches: np.ndarray, pays: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """(n,) int64: order that a touch paid for, -1 none: the last of its mission, where one can pay.

    Parameters
    ----------
    touches : (n,) TOUCH, sorted by (t, key)
    pays : (T,) touchpoints at which one can pay; orders : int64 keys of the orders placed, sorted
    """
    out = np.full(len(touches), -1, np.int64)
    last_first = touches["key"][::-1]
    missions, back = np.unique(last_first, return_index=True)
    last = len(touches) - 1 - back
    able = (touches["bought"][last] == 1) & (pays[touches["touchpoint"][last]] == 1)
    at = np.searchsorted(orders >> ORDINAL_BITS, missions >> ORDINAL_BITS)
    found = able & (at < len(orders))
    found[found] = (orders[at[found]] >> ORDINAL_BITS) == (missions[found] >> ORDINAL_BITS)
    out[last[found]] = orders[at[found]]
    return out


def _known(t: np.ndarray, file: np.ndarray) -> np.ndarray:
    """When a customer file tells what happened at t: at once, or at the midnight of its next batch."""
    days = np.maximum(file, 1).astype(np.int64)
    return np.where(file < 0, t, (t // DAY // days + 1) * days * DAY)


def _firsts(key: np.ndarray, t: np.ndarray, *more: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of each key the row with the least t: (keys, t, more...)."""
    order = np.lexsort((np.arange(len(key)), t, key))
    keys, at = np.unique(key[order], return_index=True)
    pick = order[at]
    return (keys, t[pick], *(one[pick] for one in more))


def _file_links(profile: np.ndarray, shopper: np.ndarray, t: np.ndarray, file: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(profile, linked to, known at) of the profiles that a customer file brings together: all of a shopper to one of his."""
    keep = file != 0
    keys, first, how, who = _firsts(profile[keep], t[keep], file[keep], shopper[keep])
    order = np.lexsort((first, keys % width != _WEB_ACCOUNT, who))
    people, at = np.unique(who[order], return_index=True)
    hub = order[at][np.searchsorted(people, who)]  # his account of the web, else the first
    others = np.flatnonzero(hub != np.arange(len(keys)))
    known = _known(np.maximum(first[others], first[hub[others]]), how[others])
    hubs, when, to = _firsts(keys[hub[others]], known, keys[others])
    return np.concatenate([keys[others], hubs]), np.concatenate([keys[hub[others]], to]), np.concatenate([known, when])


def _pass_on(known: np.ndarray, to: np.ndarray, links: tuple[np.ndarray, np.ndarray, np.ndarray], rows: np.ndarray, width: int) -> None:
    """Links to an account of which no row tells go to what the file links that to; changes `known` and `to` in place."""
    keys, onward, when = links
    order = np.argsort(keys)
    at = np.searchsorted(keys[order], to)
    found = np.flatnonzero((at < len(keys)) & ~np.isin(to, rows) & (to % width != _WEB_ACCOUNT))
    found = found[keys[order[at[found]]] == to[found]]
    link = order[at[found]]
    known[found], to[found] = np.maximum(known[found], when[link]), onward[link]


def observe(touches: np.ndarray, shoppers: np.ndarray, world: World, who: Identity, orders: np.ndarray) -> Observed:
    """What is seen of the true log.

    Parameters
    ----------
    touches : (n,) TOUCH, sorted by (t, key); shoppers : (s,) SHOPPER
    who : how people leave identities; orders : int64 keys of the orders placed, sorted

    Notes
    -----
    A shop or platform knows at once whose cookie a login is on; all else needs the customer file in force at a touch. On a
    share `login` of cookies the shopper stays signed in, so that they are linked from their first touch on.
    """
    paid, kind = paid_at(touches, world.touch_pays, orders), touches["identity"].copy()
    till = (kind == ID_CARD) & (paid >= 0) & (shoppers["flags"][touches["shopper"]] & LOYALTY > 0)  # a card is shown where one pays
    kind[(kind == ID_CARD) & ~till] = np.where(touches["sensed"] == 1, _SENSED, ID_NONE)[(kind == ID_CARD) & ~till]
    row = np.flatnonzero(kind > ID_NONE)
    seen, kind, paid = touches[row], kind[row], paid[row]
    shopper, t, file = seen["shopper"].astype(np.int64), seen["t"], seen["file"]
    device, number, signed = (np.zeros(len(seen), np.int64) for _ in range(3))
    phone = world.segment_mobile[shoppers["segment"][shopper]]
    account = _ACCOUNT[world.touch_entry[seen["touchpoint"]]]
    read_cookies(world.key0, world.key1, seen, account, phone, round(who.cookie_days * DAY), who.login, device, number, signed)

    cookie = _FIRST_COOKIE + 4 * (2 * number + device) + account  # each shop and platform sets its own
    width = int(cookie.max(initial=_FIRST_COOKIE)) + 1
    which = np.select([kind == ID_COOKIE, kind == ID_LOGIN, kind == ID_CARD], [cookie, account, np.int64(_CARD_FILE)], np.int64(_SENSED_FILE))
    profile, cookie_profile, own = shopper * width + which, shopper * width + cookie, shopper * width + account

    signs = (kind == ID_COOKIE) & (signed == 1)
    named, logins = kind >= ID_LOGIN, kind == ID_LOGIN
    pairs = ((profile[named], own[signs]), (shopper[named], shopper[signs]), (t[named], t[signs]), (file[named], file[signs]))
    whom, whose, when, how = (np.concatenate(pair) for pair in pairs)
    from_file = _file_links(whom, whose, when, how, width)
    opened = logins | signs
    cookies, known, to = _firsts(cookie_profile[opened], t[opened], own[opened])
    _pass_on(known, to, from_file, np.unique(profile), width)

    keys, links_to, links_at = (np.concatenate(pair) for pair in zip(from_file, (cookies, to, known), strict=True))
    order = np.argsort(keys)
    at = np.minimum(np.searchsorted(keys[order], profile), max(len(keys) - 1, 0))
    has = keys[order][at] == profile if len(keys) else np.zeros(len(profile), bool)
    link = order[at] if len(keys) else at
    to_key = np.where(has, links_to[link], -1) if len(keys) else np.full(len(profile), -1)
    numbers = _numbered(np.concatenate([profile, to_key[has]]))
    linked_to = np.full(len(profile), -1, np.int64)
    linked_to[has] = numbers[len(profile) :]
    linked_at = np.where(has, links_at[link], -1) if len(keys) else np.full(len(profile), -1)
    return Observed(row, numbers[: len(profile)], kind, linked_to, linked_at, paid)


def _numbered(keys: np.ndarray) -> np.ndarray:
    """Keys as numbers from 0, in the order of their first row."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def observed_columns(found: Observed, touches: np.ndarray, world: World) -> dict[str, np.ndarray]:
    """Columns of observed.parquet: a row a touch that is seen, in time; -1 where there is no link or order."""
    seen = touches[found.row]
    entries = np.array([e.name.lower() for e in Entry])
    return {
        "t": seen["t"], "profile": found.profile, "channel": entries[world.touch_entry[seen["touchpoint"]]],
        "touchpoint": np.array(world.touch_names)[seen["touchpoint"]], "identity": np.array(SEEN)[found.identity],
        "linked_to": found.linked_to, "linked_at": found.linked_at, "order_id": found.order_id,
    }  # fmt: skip


# ---- from profiles to persons and paths -----------------------------------------------------------------------------
def persons(profile: np.ndarray, linked_to: np.ndarray, linked_at: np.ndarray, as_of: int | None = None) -> np.ndarray:
    """(m,) int64: the person whom a firm takes each row for, by the links known at second `as_of`; the least of his profiles.

    Parameters
    ----------
    profile, linked_to : (m,) profiles from 0, -1 no link; linked_at : (m,) seconds, -1 or NaN never
    """
    at = np.nan_to_num(np.asarray(linked_at, float), nan=-1.0)
    use = (at >= 0) & (np.asarray(linked_to) >= 0) & (at <= (np.inf if as_of is None else as_of))
    pairs = np.unique(np.stack([np.asarray(profile)[use], np.asarray(linked_to)[use]]), axis=1).astype(np.int64)
    label = np.arange(max(np.max(profile, initial=-1), np.max(linked_to, initial=-1)) + 1, dtype=np.int64)
    while True:
        least = np.minimum(label[pairs[0]], label[pairs[1]])
        after = label.copy()
        np.minimum.at(after, pairs[0], least)
        np.minimum.at(after, pairs[1], least)
        if np.array_equal(after, label):
            return label[np.asarray(profile, np.int64)]
        label = after


class Path(NamedTuple):
    """Touches of one person in time, since the last order: they end in one, or in nothing."""

    person: int  # -1: nobody is known to have bought
    order_id: int  # -1: it ends in nothing
    revenue: int  # minor
    t: tuple[int, ...]
    touchpoint: tuple[str, ...]
    channel: tuple[str, ...]

    @property
    def bought(self) -> bool:
        """Whether it ends in an order."""
        return self.order_id >= 0


def paths(observed: Mapping[str, Any], orders: Mapping[str, Any], as_of: int | None = None) -> list[Path]:
    """Paths as a firm reads them from its log: an order closes that of its person; orders of nobody known have no touches.

    Parameters
    ----------
    observed : columns or frame of observed.parquet, or `true_columns`
    orders : order_id and revenue of the orders that count
    as_of : second at which links are read, none: all that ever came to be known
    """
    t, order_id = (np.asarray(observed[name], np.int64) for name in ("t", "order_id"))
    profile, linked_to, linked_at = (np.asarray(observed[name]) for name in ("profile", "linked_to", "linked_at"))
    who = persons(profile, linked_to, linked_at, as_of)
    worth = dict(zip(np.asarray(orders["order_id"]).tolist(), np.asarray(orders["revenue"]).tolist(), strict=True))
    order = np.lexsort((np.arange(len(t)), t, who))
    ends = np.isin(order_id[order], np.fromiter(worth, np.int64, len(worth)))
    last = np.append(who[order][1:] != who[order][:-1], True) if len(order) else ends
    edges = np.flatnonzero(ends | last) + 1
    times, points, channels = (np.asarray(observed[name])[order].tolist() for name in ("t", "touchpoint", "channel"))
    out, first = [], 0
    for edge, closes in zip(edges.tolist(), ends[edges - 1].tolist(), strict=True):
        bought = int(order_id[order[edge - 1]]) if closes else -1
        part = slice(first, edge)
        out.append(Path(int(who[order[first]]), bought, worth.pop(bought, 0), tuple(times[part]), tuple(points[part]), tuple(channels[part])))
        first = edge
    return out + [Path(-1, key, revenue, (), (), ()) for key, revenue in sorted(worth.items())]


def true_columns(touches: np.ndarray, world: World, orders: np.ndarray, observable: bool = False) -> dict[str, np.ndarray]:
    """The true log in the columns of the observed one, a profile a shopper; `observable` keeps touchpoints that leave an identity to those who let them."""
    paid, keep = paid_at(touches, world.touch_pays, orders), np.ones(len(touches), bool)
    if observable:
        keep = world.touch_identity[touches["touchpoint"]] > ID_NONE
    rows, entries = touches[keep], np.array([e.name.lower() for e in Entry])
    none = np.full(len(rows), -1, np.int64)
    return {
        "t": rows["t"], "profile": rows["shopper"].astype(np.int64), "channel": entries[world.touch_entry[rows["touchpoint"]]],
        "touchpoint": np.array(world.touch_names)[rows["touchpoint"]], "linked_to": none, "linked_at": none, "order_id": paid[keep],
    }  # fmt: skip


def identity_lost(found: Observed, touches: np.ndarray, world: World, orders: np.ndarray) -> tuple[int, int]:
    """(touches lost, touches) of the missions of `orders`, at touchpoints that leave an identity: those that do not stand in the profile of the purchase.

    Profiles are linked as at the end of the log; nothing stands in that of a buyer who was not recognised.
    """
    who = np.full(len(touches), -1, np.int64)
    who[found.row] = persons(found.profile, found.linked_to, found.linked_at)
    missions, inverse = np.unique(touches["key"], return_inverse=True)
    buyer = np.full(len(missions), -2, np.int64)
    paid = found.row[found.order_id >= 0]
    buyer[inverse[paid]] = who[paid]
    sold = np.isin(missions >> ORDINAL_BITS, orders >> ORDINAL_BITS)
    counts = sold[inverse] & (world.touch_identity[touches["touchpoint"]] > ID_NONE)
    stands = counts & (who >= 0) & (who == buyer[inverse])
    return int(counts.sum() - stands.sum()), int(counts.sum())
