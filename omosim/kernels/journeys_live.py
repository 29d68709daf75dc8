"""Live shows: who watches, whose question the host answers, and what a viewer sees at the moment he decides."""

import numpy as np

from omosim.kernels.jit import kernel
from omosim.kernels.journeys_needs import clock_second, pace_of
from omosim.kernels.journeys_perceive import knows_us
from omosim.kernels.journeys_synthesis import reach_of
from omosim.kernels.mathx import exp64, log64, norm_ppf64
from omosim.kernels.philox import uniform, uniform4, uniform_lanes
from omosim.kernels.purposes import ANNOUNCE, BROADCAST, IMPULSE, OTHER_SHOW, SHOW, SWITCH_APP, VIEWER

_HOUR = 3_600
_MINUTE = 60
_NEVER = 2**31 - 1
_SERVED = 1 << 15
_TOUCH_NEED = 1 << 21
_PER_NEED = 32
_SHOW_SLOTS = 28
_IMPULSE = 1 << 15  # base numbers from here on belong to no need
_ALIVE = 1
_USES_LIVE = 8
_BY_LIVE = 3

#: A viewer's question.
ASK = np.dtype(
    [
        ("t", "i8"),  # second at which it is asked
        ("leaves", "i8"),  # second at which the viewer leaves
        ("shopper", "i4"),
        ("mission", "i4"),  # row of the viewer's mission, -1 none
    ],
    align=True,
)


@kernel
def begin_show(levels, show, day, begins):
    """Reset a SHOW row for a show that begins at `begins`; its tilt is drawn by the day, so no other show moves it."""
    show["begins"] = begins
    show["viewers"] = 0
    show["told"] = 0
    show["elsewhere"] = 0
    show["questions"] = 0
    show["answered"] = 0
    show["orders"] = 0
    show["units"] = 0
    show["proof_at"] = begins
    show["proof_orders"] = 0
    show["minute"] = 0
    show["minute_units"] = 0
    show["tilt"] = norm_ppf64(uniform(levels["key0"], levels["key1"], 0, day, SHOW, 0))
    show["intensity"] = max(levels["live_intensity"] + levels["live_sd"] * show["tilt"], 0.0)


@kernel
def is_told(levels, points, shopper, show):
    """Whether a row that announces the show, and that the shopper uses, meets him in the days before it."""
    for row in range(points.size):
        point = points[row]
        if point["on"] == 0 or point["told"] == 0 or reach_of(levels["key0"], levels["key1"], shopper, row) >= point["reach"]:
            continue
        met = 1.0 - exp64(-point["weight"] * levels["announce_weeks"])
        if uniform(levels["key0"], levels["key1"], shopper, show, ANNOUNCE, row) < met:
            return True
    return False


@kernel
def _watches_when_told(levels, points, shopper, show):
    u = uniform(levels["key0"], levels["key1"], shopper, show, VIEWER, 1)
    return u < levels["watch_share"] and is_told(levels, points, shopper, show)


@kernel
def _watches_another(levels, others, shopper, show):
    """Whether, of the shows that reach this viewer, he watches one of another seller: each by its pull, ours is 1."""
    rest = 0.0
    for k in range(others.shape[0]):
        if uniform(levels["key0"], levels["key1"], shopper, show, OTHER_SHOW, 1 + int(others[k, 0])) < others[k, 1]:
            rest += others[k, 2]
    return rest > 0.0 and uniform(levels["key0"], levels["key1"], shopper, show, OTHER_SHOW, 0) >= 1.0 / (1.0 + rest)


@kernel
def near_need(scene, who, needs, shopper, show, begins, ahead_s):
    """Category of the need that a show answers, -1 none is near: the nearest of those ahead, or any of them by a keyed draw."""
    categories = scene.category.size
    hour = begins // _HOUR
    latest = min(hour + ahead_s // _HOUR, scene.op_time.shape[2] - 1)
    table = scene.op_time[pace_of(scene.pace, who)]
    best = -1
    anyone = scene.levels[0]["any_need"] == 1
    soonest = begins + ahead_s
    least = 2.0
    for c in range(categories):
        need = needs[shopper * categories + c]
        if int(need["number"]) >= _SERVED or int(need["next_s"]) == _NEVER:
            continue
        op = int(need["next_s"])
        if op <= table[c, hour] or op > table[c, latest]:
            continue  # before the show, or too far away: seen without working out the second
        second = clock_second(table[c], op)
        if second < begins + _HOUR or second >= soonest:
            continue
        if anyone:
            u = uniform(scene.levels[0]["key0"], scene.levels[0]["key1"], shopper, show, IMPULSE, 1 + c)
            if u < least:
                least = u
                best = c
        else:
            soonest = second
            best = c
    return best


@kernel
def show_missions(scene, shoppers, needs, show, begins, others, out, asks, row):
    """Viewers of a live show: who has a need near opens a mission while it is on, who has a question asks it.

    Parameters
    ----------
    show : running number of the show
    begins : second of the full hour at which it begins; it lasts an hour
    others : (R, 3) float64, shows of other sellers at that hour: seller, share of viewers they reach, pull relative to ours
    out : MISSION rows, filled as far as they reach
    asks : ASK rows, filled as far as they reach
    row : SHOW of the show; viewers and questions are counted

    Returns
    -------
    (missions, questions) that there are (may exceed the room: call again with more)

    Notes
    -----
    A viewer joins at a uniform second and stays an exponential time, or sees the whole show where `stay_s` is 0;
    the second of the decision is uniform in between. Oracle: tests/journeys/test_live.py.
    """
    levels = scene.levels[0]
    key0 = levels["key0"]
    key1 = levels["key1"]
    most = 0.0
    announced = False
    for audience in range(scene.levels.size):
        most = max(most, scene.levels[audience]["live_reach"])
        if scene.levels[audience]["announce_weeks"] > 0.0:
            announced = True
    ends = begins + _HOUR
    n = 0
    q = 0
    row["viewers"] = 0
    row["told"] = 0
    row["elsewhere"] = 0
    for group in range((shoppers.size + 3) // 4):
        u0, u1, u2, u3 = uniform_lanes(key0, key1, group, show, BROADCAST, 0)
        for lane in range(4):
            shopper = 4 * group + lane
            u = u0 if lane == 0 else (u1 if lane == 1 else (u2 if lane == 2 else u3))
            if (u >= most and not announced) or shopper >= shoppers.size:
                continue
            who = shoppers[shopper]
            mine = scene.levels[int(who["audience"])]
            if u >= mine["live_reach"] and mine["announce_weeks"] <= 0.0:
                continue
            if int(who["flags"]) & _ALIVE == 0 or int(who["used"]) & _USES_LIVE == 0 or not knows_us(scene.awareness, who, begins):
                continue
            if u >= mine["live_reach"]:
                if not _watches_when_told(mine, scene.touchpoints[int(who["audience"])], shopper, show):
                    continue
            if others.shape[0] > 0 and _watches_another(mine, others, shopper, show):
                row["elsewhere"] += 1
                continue
            if u >= mine["live_reach"]:
                row["told"] += 1
            row["viewers"] += 1
            best = near_need(scene, who, needs, shopper, show, begins, levels["show_ahead_s"])
            if best < 0 and mine["answer_s"] <= 0.0:
                continue
            u_join, u_stay, u_question, u_ask = uniform4(key0, key1, shopper, show, VIEWER, 0)
            joins = begins
            leaves = ends
            if mine["stay_s"] > 0.0:
                joins = begins + int(u_join * _HOUR)
                leaves = min(ends, joins + int(-log64(u_stay) * mine["stay_s"]))
            t = joins + int(uniform(key0, key1, shopper, show, BROADCAST, 1) * (leaves - joins))
            if mine["answer_s"] > 0.0 and u_question < mine["question_share"]:
                if q < asks.size:
                    ask = asks[q]
                    ask["t"] = joins + int(u_ask * (t - joins))
                    ask["leaves"] = leaves
                    ask["shopper"] = shopper
                    ask["mission"] = n if best >= 0 else -1
                q += 1
            if best < 0:
                continue
            if n < out.size:
                number = int(needs[shopper * scene.category.size + best]["number"])
                if levels["impulse"] > 0.0 and uniform(key0, key1, shopper, show, IMPULSE, 0) < levels["impulse"]:
                    number = _IMPULSE + show % _IMPULSE
                mission = out[n]
                mission["t"] = t
                mission["shopper"] = shopper
                mission["need"] = _TOUCH_NEED + number * _PER_NEED + 2 + show % _SHOW_SLOTS
                mission["base"] = number
                mission["category"] = best
                mission["kind"] = _BY_LIVE
                mission["answered"] = 0
            n += 1
    row["questions"] = q
    return n, q


@kernel
def answer_questions(asks, free, answer_s, missions):
    """The host answers one question after the other; who has left is passed over.

    Parameters
    ----------
    asks : ASK rows in the order (t, shopper)
    free : second from which the host is free; answer_s : seconds an answer takes
    missions : MISSION rows of the viewers; `answered` is set, and a decision waits for the answer

    Returns
    -------
    Questions answered
    """
    done = 0
    for k in range(asks.size):
        ask = asks[k]
        start = max(float(ask["t"]), free)
        if start >= float(ask["leaves"]):
            continue
        free = start + answer_s
        done += 1
        m = int(ask["mission"])
        if m >= 0:
            missions[m]["answered"] = 1
            missions[m]["t"] = max(int(missions[m]["t"]), int(start))
    return done


@kernel
def publish_sales(levels, show, t):
    """Bring what the show tells its viewers up to second t: units once a minute, buyers once in `proof_s`.

    Missions come in the order of time, so what is published holds what was ordered before it, and nothing later.
    """
    minute = (t - int(show["begins"])) // _MINUTE
    if minute > int(show["minute"]):
        show["minute"] = minute
        show["minute_units"] = show["units"]
    every = int(levels["proof_s"])
    if every > 0 and t >= int(show["proof_at"]) + every:
        show["proof_at"] = t - (t - int(show["begins"])) % every
        show["proof_orders"] = show["orders"]


@kernel
def see_show(levels, case, show, t, answered, drops_in):
    """What a mission sees of the show that is on; changes `case` and what `show` has published.

    Parameters
    ----------
    answered : 1 where the host answered this viewer: a(live) = 1 - (1 - a)(1 - a(answer))
    drops_in : whether someone comes by a need of his own who uses such shows: he counts as a viewer
    """
    publish_sales(levels, show, t)
    if drops_in:
        show["viewers"] += 1
    persuasion = levels["live_intensity"] + levels["live_sd"] * show["tilt"]
    if levels["proof_s"] > 0 and int(show["viewers"]) > 0:
        persuasion += levels["social_proof"] * min(1.0, float(show["proof_orders"]) / float(show["viewers"]))
    case["persuasion"] = max(persuasion, 0.0)
    if answered == 1:
        case["acc_live"] = 1.0 - (1.0 - case["acc_live"]) * (1.0 - levels["acc_answer"])
    if levels["live_limit"] > 0 and int(show["minute_units"]) >= levels["live_limit"]:
        case["live_ppm"] = 0


@kernel
def gives_up(levels, case):
    """Whether an order in a feed or show is dropped because paying for it needs a change of app."""
    if levels["in_app_payment"] == 1 or levels["switch_give_up"] <= 0.0:
        return False
    return uniform(levels["key0"], levels["key1"], case["shopper"], case["slot"], SWITCH_APP, 0) < levels["switch_give_up"]
