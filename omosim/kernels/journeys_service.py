"""What the stores' people offer a mission: appointments for a fitting, and how long orders wait to be picked."""

import math

from omosim.kernels.jit import uncounted as kernel
from omosim.kernels.philox import uniform
from omosim.kernels.purposes import FITTING_SHOW

_DAY = 86_400
_PLACES = 6
_FITTINGS, _NO_SHOWS = 36, 37  # columns of the daily counters, as in schema.codes.Count


@kernel
def look_up_loads(scene, case):
    """Published seconds until an order placed now is picked at each place of the case, and in the centre; changes `case`."""
    for k in range(_PLACES):
        node = int(case["node"][k])
        case["load"][k] = max(int(scene.board[node]["ready_s"]), 0) if node >= 0 else 0
    case["load_centre"] = max(int(scene.board[0]["ready_s"]), 0)


@kernel
def fittings_of_day(per_day, day):
    """Appointments that a store has on a day: whole ones, that add up to `per_day` a day."""
    return int(math.floor((day + 1) * per_day) - math.floor(day * per_day))


@kernel
def next_fitting(booked, per_day, ahead, door, node, t):
    """Second of the next free appointment in a store, tomorrow at the earliest; -1 where all are taken.

    Parameters
    ----------
    booked : (days, N) int32, appointments booked
    ahead : days that can be booked
    door : NODE row of the store; appointments of a day begin at equal distances in its opening hours
    """
    for day in range(t // _DAY + 1, min(t // _DAY + 1 + ahead, booked.shape[0])):
        there = fittings_of_day(per_day, day)
        taken = int(booked[day, node])
        if taken < there:
            return day * _DAY + int(door["opens_s"]) + (int(door["closes_s"]) - int(door["opens_s"])) * taken // there
    return -1


@kernel
def look_up_fittings(scene, levels, case):
    """The next free appointment in each store known; changes `case`."""
    for k in range(int(case["stores"])):
        node = int(case["node"][k])
        case["fitting_at"][k] = next_fitting(scene.fittings, levels["fittings"], levels["fitting_ahead"], scene.nodes[node], node, int(case["t"]))


@kernel
def keep_fitting(scene, levels, case, row, r, tally):
    """Book the appointment and come to it; False where nobody comes. Changes `row`, the appointments and `tally`.

    An appointment that nobody keeps stays taken: people and room have waited for it.
    """
    at = int(case["fitting_at"][r])
    scene.fittings[at // _DAY, int(case["node"][r])] += 1
    tally[_FITTINGS] += 1
    row["t"] = at
    if uniform(levels["key0"], levels["key1"], case["shopper"], case["slot"], FITTING_SHOW, 0) < levels["fitting_no_show"]:
        tally[_NO_SHOWS] += 1
        return False
    return True
