"""The same true log under other eyes: what a firm would see of it if more, or fewer, identities were left.

Nothing here acts on shoppers: the log is that of the run, and only who is recognised in it changes. The settings are those of
market.identity; consent and cards are the draws by which the people were made, so that a smaller share is a part of a larger
one, and a login or a sensed visit is one keyed draw of the touch. Tests: tests/journeys/test_recognition.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from omosim.journeys.log import Observed, identity_lost, observe
from omosim.kernels.philox import fill_blocks
from omosim.kernels.purposes import CONSENT as CONSENT_DRAW
from omosim.kernels.purposes import TOUCH as TOUCH_DRAW
from omosim.kernels.synthesis import fill_uniform
from omosim.schema.settings import Identity
from omosim.schema.shopper import CONSENT, ID_CARD, ID_COOKIE, ID_LOGIN, ID_NONE, LOYALTY
from omosim.world.state import World

#: cookie life half way between everything and nothing recognised, days: what browsers leave to scripts
COOKIE_DAYS = 7.0
_AGAIN = 1 << 20  # items of TOUCH from here on are draws of the filter; those below are draws of missions
_STEPS, _NEAR = 12, 0.004


@dataclass(frozen=True)
class Recognition:
    """The log as a firm with these identities sees it.

    who : consent, login, loyalty and cookie life; loss : share of touches before purchases that do not stand in the
    profile of the purchase, None without any
    """

    who: Identity
    seen: Observed
    loss: float | None


def identities(dial: float) -> Identity:
    """Settings between everybody recognised (0) and nobody (1): half of consent, all logins and cards go, cookies get shorter."""
    days = 0.0 if dial <= 0 else max(1.0, COOKIE_DAYS * (1.0 - dial) / dial)
    return Identity(consent=1.0 - dial / 2, login=1.0 - dial, loyalty=1.0 - dial, cookie_days=days)


def recognised(touches: np.ndarray, shoppers: np.ndarray, world: World, who: Identity) -> tuple[np.ndarray, np.ndarray]:
    """Copies of the log and of the shoppers with the identities that `who` leaves, one customer file in real time.

    Parameters
    ----------
    touches : (n,) TOUCH, sorted by (t, key); shoppers : (s,) SHOPPER
    """
    people, rows = shoppers.copy(), touches.copy()
    words = [np.zeros(len(people), np.uint32) for _ in range(4)]
    fill_blocks(world.key0, world.key1, np.arange(len(people)), 0, CONSENT_DRAW, 0, *words)
    consent, card = ((2.0 * word.astype(np.float64) + 1.0) * 2.0**-33 for word in words[:2])
    flags = people["flags"] & ~np.uint8(CONSENT | LOYALTY)
    people["flags"] = flags | np.where(consent < who.consent, CONSENT, 0).astype(np.uint8) | np.where(card < who.loyalty, LOYALTY, 0).astype(np.uint8)
    u = _draw_of_touch(rows, world)
    kind = world.touch_identity[rows["touchpoint"]]
    named = np.where(u < who.login, ID_LOGIN, ID_COOKIE)
    sensed = u < who.login
    shown = (people["flags"][rows["shopper"]] & LOYALTY > 0) | sensed
    left = np.select([kind == ID_LOGIN, kind == ID_CARD, kind == ID_COOKIE], [named, np.where(shown, ID_CARD, ID_NONE), ID_COOKIE], ID_NONE)
    rows["identity"] = np.where(people["flags"][rows["shopper"]] & CONSENT > 0, left, ID_NONE)
    rows["sensed"] = (rows["identity"] == ID_CARD) & sensed
    rows["file"] = -1
    return rows, people


def _draw_of_touch(touches: np.ndarray, world: World) -> np.ndarray:
    """(n,) keyed uniforms: of a shopper's touches in time, by their running number."""
    order = np.argsort(touches["shopper"], kind="stable")
    who = touches["shopper"][order]
    first = np.flatnonzero(np.append(True, who[1:] != who[:-1])) if len(who) else np.zeros(0, np.int64)
    number = np.arange(len(who)) - np.repeat(first, np.diff(np.append(first, len(who))))
    out = np.zeros(len(who))
    by_number = np.argsort(number, kind="stable")
    ends = np.cumsum(np.bincount(number)) if len(who) else np.zeros(0, np.int64)
    start = 0
    for k, end in enumerate(ends.tolist()):
        at = order[by_number[start:end]]
        u = np.zeros(len(at))
        fill_uniform(world.key0, world.key1, touches["shopper"][at].astype(np.int64), TOUCH_DRAW, _AGAIN + k, u)
        out[at] = u
        start = end
    return out


def recognise(touches: np.ndarray, shoppers: np.ndarray, world: World, who: Identity, orders: np.ndarray, counted: np.ndarray) -> Recognition:
    """What a firm sees of the log with these identities.

    Parameters
    ----------
    orders : int64 keys of the orders placed, sorted; counted : those of the measured window, sorted
    """
    rows, people = recognised(touches, shoppers, world, who)
    seen = observe(rows, people, world, who, orders)
    lost, of = identity_lost(seen, touches, world, counted)
    return Recognition(who, seen, lost / of if of else None)


def recognise_to(
    loss: float, touches: np.ndarray, shoppers: np.ndarray, world: World, orders: np.ndarray, counted: np.ndarray
) -> Recognition:
    """The log with identities such that `loss` of the touches before purchases are lost, within half a point; as near as it comes.

    loss : share, 0 everything recognised; other parameters as in `recognise`
    """
    low, high = 0.0, 1.0
    best = recognise(touches, shoppers, world, identities(0.0), orders, counted)
    for _ in range(_STEPS if loss > 0 and best.loss is not None else 0):
        middle = (low + high) / 2
        found = recognise(touches, shoppers, world, identities(middle), orders, counted)
        if abs((found.loss or 0.0) - loss) < abs((best.loss or 0.0) - loss):
            best = found
        if abs((found.loss or 0.0) - loss) <= _NEAR:
            break
        low, high = (middle, high) if (found.loss or 0.0) < loss else (low, middle)
    return best
