"""Word of mouth: who hears of whose experiences, and what it does to them. No touch of it is ever logged."""

import math

from omosim.kernels.jit import kernel
from omosim.kernels.journeys_perceive import goodwill_at, knows_us
from omosim.kernels.mathx import log64
from omosim.kernels.philox import uniform2
from omosim.kernels.purposes import FRIEND, TELL

RING = 64  # people of a ring of neighbours: whole rings, so that who comes later changes no link of those before
_DAY = 86_400
_WEEK = 604_800
_ALIVE = 1
_EDGES = 32  # most neighbours; an outcome's draws begin at code x this
_LONG = 65_535
_SLOT_MASK = (1 << 27) - 1
_ORDINAL_BITS = 8
_N_TOLD, _N_HEARD = 27, 28  # columns of the daily counters, as in schema.codes.Count


@kernel
def friend(key0, key1, shopper, edge, rewired):
    """Neighbour number `edge` of a shopper: next on the ring of 64, or with chance `rewired` anyone earlier.

    Notes
    -----
    Watts and Strogatz (1998), with links by keyed draws of their owner and new ends among earlier people alone, so that
    a further shopper adds links and moves none. Test: tests/journeys/test_talk.py.
    """
    u, u_who = uniform2(key0, key1, shopper, 0, FRIEND, edge)
    if u < rewired and shopper > 0:
        return int(u_who * shopper)
    step = edge // 2 + 1
    first = shopper - shopper % RING
    return first + (shopper - first + (step if edge % 2 == 0 else RING - step)) % RING


@kernel
def weeks_remembered(decay_week, u):
    """Weeks until what was heard is forgotten: after n weeks (1 - decay)^n still know, as of what media told."""
    if decay_week <= 0.0:
        return _LONG
    if decay_week >= 1.0:
        return 1
    return min(1 + math.floor(log64(u) / log64(1.0 - decay_week)), _LONG)


@kernel
def talk(scene, shoppers, outcomes, gains, rule, now, tally):
    """Those whom an experience surprised tell their neighbours.

    Parameters
    ----------
    scene : Scene, read only
    shoppers : (n,) SHOPPER; goodwill and `told` change
    outcomes : OUTCOME rows; gains : (outcomes,) float64, the surprise of each, share of price
    rule : (6,) float64: chance that a neighbour hears, neighbours, share rewired, least surprise, weight, awareness
        forgotten in a week
    now : second of the full hour; tally : (N_COUNTS,) int64 of the day, added to

    Notes
    -----
    Who hears of the retailer for the first time knows it from then on, as long as `weeks_remembered`; goodwill moves by
    weight x learning x surprise. Test: tests/journeys/test_talk.py.
    """
    for k in range(outcomes.size):
        gain = gains[k]
        if abs(gain) < rule[3] or gain == 0.0:
            continue
        row = outcomes[k]
        teller = int(row["shopper"])
        slot = (int(row["key"]) >> _ORDINAL_BITS) & _SLOT_MASK
        key0 = scene.levels[0]["key0"]
        key1 = scene.levels[0]["key1"]
        for edge in range(int(rule[1])):
            u, u_weeks = uniform2(key0, key1, teller, slot, TELL, int(row["code"]) * _EDGES + edge)
            if u >= rule[0]:
                continue
            other = friend(key0, key1, teller, edge, rule[2])
            if other >= shoppers.size or other == teller:
                continue
            who = shoppers[other]
            if int(who["flags"]) & _ALIVE == 0:
                continue
            tally[_N_TOLD] += 1
            if not knows_us(scene.awareness, who, now):
                tally[_N_HEARD] += 1
                who["told"] = min(now // _WEEK + weeks_remembered(rule[5], u_weeks), _LONG)
            levels = scene.levels[int(who["audience"])]
            who["goodwill"] = goodwill_at(levels, who, now) + rule[4] * levels["learning"] * gain
            who["updated"] = now
