"""What happens to many shoppers at once: awareness by audience, zone and segment, browsing, pushes."""

from omosim.kernels.fetch import fetch
from omosim.kernels.jit import kernel
from omosim.kernels.journeys_needs import AHEAD
from omosim.kernels.mathx import exp64, log64, poisson_ppf
from omosim.kernels.philox import uniform, uniform4
from omosim.kernels.purposes import BROWSE, PUSH

_DAY = 86_400
_SERVED = 1 << 15
_TOUCH_NEED = 1 << 21
_PER_NEED = 32
_PUSH = 2
_ALIVE, _CONSENT, _OPTED_OUT = 1, 2, 32


@kernel
def day_of_awareness(awareness, exposure, billboard, decay_week, acquisition_week):
    """One day of A <- A(1 - d) + (1 - A)(1 - exp(-sum of rho x)), by audience, zone and segment.

    Parameters
    ----------
    awareness : (A, Z, S) float64; changed in place
    exposure : (A, S) awareness a week by media and contacts; billboard : (Z,) by the nearest store, 1/week
    decay_week : share forgotten in a week; acquisition_week : learnt from others, 1/week
    """
    forget = 1.0 - exp64(log64(max(1.0 - decay_week, 1e-12)) / 7.0)
    for who in range(awareness.shape[0]):
        for z in range(awareness.shape[1]):
            for s in range(awareness.shape[2]):
                rho = exposure[who, s] + billboard[z] + acquisition_week
                a = awareness[who, z, s]
                awareness[who, z, s] = a * (1.0 - forget) + (1.0 - a) * (1.0 - exp64(-rho / 7.0))


@kernel
def browse(key0, key1, day, per_day, levels, awareness, users, sessions):
    """Web sessions without a need, by zone: a Poisson draw of the day; returns their sum.

    Parameters
    ----------
    levels : (A,) LEVELS; who has no web offer does not browse
    users : (A, Z, S) float64, shoppers who use the web; sessions : (Z,) int32 of the day; added to
    """
    total = 0
    for z in range(users.shape[1]):
        aware = 0.0
        for a in range(users.shape[0]):
            if levels[a]["web_offer"] == 0:
                continue
            for s in range(users.shape[2]):
                aware += users[a, z, s] * awareness[a, z, s]
        n = poisson_ppf(uniform(key0, key1, z, day, BROWSE, 0), aware * per_day)
        sessions[z] += n
        total += n
    return total


@kernel
def count_users(shoppers, users):
    """Living shoppers who use the web, by audience, zone and segment; fills `users` (A, Z, S) float64."""
    users[:, :, :] = 0.0
    for i in range(shoppers.size):
        if int(shoppers[i]["used"]) & 1 and int(shoppers[i]["flags"]) & _ALIVE:
            users[int(shoppers[i]["audience"]), int(shoppers[i]["zone"]), int(shoppers[i]["segment"])] += 1.0


@kernel
def _open(row, t, shopper, category, number, which, kind):
    row["t"] = t
    row["shopper"] = shopper
    row["need"] = _TOUCH_NEED + number * _PER_NEED + which
    row["base"] = number
    row["category"] = category
    row["kind"] = kind


@kernel
def push(scene, shoppers, needs, day, rows, out):
    """Contacts that open a mission some days before a need.

    Parameters
    ----------
    day : of the contacts
    rows : need rows due that many days later
    out : MISSION rows, with room for every one of them; filled

    Returns
    -------
    Rows filled
    """
    categories = scene.category.size
    asked = _ALIVE | _CONSENT | _OPTED_OUT
    n = 0
    for i in range(rows.size):
        if i + AHEAD < rows.size:
            fetch(shoppers, rows[i + AHEAD] // categories)
        row = rows[i]
        shopper = row // categories
        category = row - shopper * categories
        number = int(needs[row]["number"])
        who = shoppers[shopper]
        if number < _SERVED and int(who["flags"]) & asked == _ALIVE | _CONSENT and int(who["linked"]) + int(who["pending"]) > 0:
            levels = scene.levels[int(who["audience"])]
            u, u_time, _, _ = uniform4(levels["key0"], levels["key1"], shopper, (category << 22) | number, PUSH, 0)
            if u < levels["push_open"]:
                t = day * _DAY + 32_400 + int(u_time * 43_200.0)  # between 9 and 21 o'clock
                _open(out[n], t, shopper, category, number, 1, _PUSH)
                n += 1
    return n
