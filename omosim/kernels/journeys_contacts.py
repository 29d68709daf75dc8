"""What contacts do to many people at once: attention that touchpoints share, saturation, opting out of messages."""

from omosim.kernels.jit import kernel
from omosim.kernels.journeys_perceive import goodwill_at
from omosim.kernels.journeys_synthesis import reach_of
from omosim.kernels.mathx import exp64
from omosim.kernels.philox import uniform_lanes
from omosim.kernels.purposes import OPT_OUT

_ALIVE, _CONSENT, _LOYALTY, _OPTED_OUT = 1, 2, 4, 32
_IN_STORE = 2  # bit of `bought`
_N_OPTED_OUT = 26  # column of the daily counters, as in schema.codes.Count


@kernel
def contact_response(level, planned, saturation):
    """Level of a row's contacts as it counts: s(1 - exp(-x/s)) of its contacts x over that of those planned.

    Parameters
    ----------
    level : of contacts, 1 = plan; planned : contacts a week at level 1
    saturation : s, contacts a week; 0 every contact counts alike
    """
    if saturation <= 0.0 or planned <= 0.0:
        return level
    return (1.0 - exp64(-level * planned / saturation)) / (1.0 - exp64(-planned / saturation))


@kernel
def fill_exposure(rho, reach, level, contacts, saturation, digital, phone, budget, base, out):
    """Awareness a week gained by contacts, by audience and segment.

    Parameters
    ----------
    rho : (T,) awareness a week at planned contacts; contacts, saturation : (T,) contacts a week
    reach, level : (A, T); digital : (T,) uint8, rows met on a phone
    phone : (S,) phone share of a segment over that of all
    budget : contacts a week that a person takes in, 0 without limit
    base : (A,) awareness a week by contacts that no row stands for
    out : (A, S) float64; filled
    """
    rows = rho.size
    for a in range(out.shape[0]):
        for s in range(out.shape[1]):
            heard = 1.0
            if budget > 0.0:
                load = 0.0
                for row in range(rows):
                    load += contacts[row] * reach[a, row] * level[a, row] * (phone[s] if digital[row] == 1 else 1.0)
                if load > budget:
                    heard = budget / load
            gain = base[a] * heard
            for row in range(rows):
                counts = contact_response(level[a, row] * heard, contacts[row], saturation[row])
                gain += rho[row] * reach[a, row] * counts * (phone[s] if digital[row] == 1 else 1.0)
            out[a, s] = gain


@kernel
def messages_met(key0, key1, shopper, rows, reach, contacts, pushes):
    """Messages a week that a known shopper gets: those of the rows that he uses, and the pushes."""
    n = pushes
    for k in range(rows.size):
        if reach_of(key0, key1, shopper, rows[k]) < reach[k]:
            n += contacts[k]
    return n


@kernel
def is_twice(levels, who):
    """Whether a customer is in two files that nobody links: the web's login, and the card of a store where he bought."""
    if levels["link_latency_s"] >= 0 or int(who["linked"]) + int(who["pending"]) == 0:
        return False
    return int(who["flags"]) & (_CONSENT | _LOYALTY) == _CONSENT | _LOYALTY and int(who["bought"]) & _IN_STORE > 0


@kernel
def count_files(levels, shoppers, out):
    """Customers by the files that they are in, of the living who consent; fills `out`.

    Parameters
    ----------
    levels : (A,) LEVELS; shoppers : (n,) SHOPPER
    out : (A, 4) int64: known by login or card, of these in two files; who gets pushes, of these in two files
    """
    out[:, :] = 0
    for i in range(shoppers.size):
        who = shoppers[i]
        flags = int(who["flags"])
        if flags & (_ALIVE | _CONSENT) != _ALIVE | _CONSENT:
            continue
        a = int(who["audience"])
        card = flags & _LOYALTY > 0 and int(who["bought"]) & _IN_STORE > 0
        login = int(who["linked"]) + int(who["pending"]) > 0
        two = 1 if is_twice(levels[a], who) else 0
        if card or login:
            out[a, 0] += 1
            out[a, 1] += two
        if login and flags & _OPTED_OUT == 0:
            out[a, 2] += 1
            out[a, 3] += two


@kernel
def opt_out(levels, week, shoppers, rows, reach, contacts, pushes, further, rule, now, tally):
    """A week in which those who get more messages than they bear opt out, as chance has it.

    Parameters
    ----------
    levels : (A,) LEVELS; week : number of the week
    shoppers : (n,) SHOPPER; flags and goodwill change
    rows : (M,) int64, touchpoint rows that are messages; reach, contacts : (A, M), contacts a week at the level in force
    pushes : (A,) contacts a week of the capability
    further : (n,) PATRON, whose messages of campaigns since the week began count too, or empty
    rule : (3,) float64: messages tolerated a week, hazard per message above them, penalty (share of price)
    now : second; tally : (N_COUNTS,) int64 of the day, added to

    Notes
    -----
    P(out this week) = 1 - exp(-hazard (n - tolerated)). Test: tests/journeys/test_messages.py.
    """
    key0 = levels[0]["key0"]
    key1 = levels[0]["key1"]
    most = 0.0
    for a in range(levels.size):
        n = pushes[a]
        for k in range(rows.size):
            n += contacts[a, k]
        most = max(most, n * (1.0 + levels[a]["twice"]))
    loud = 0
    for i in range(further.size):
        loud = max(loud, int(further[i]["messages"]))
    most += loud
    if most <= rule[0]:
        return
    limit = 1.0 - exp64(-rule[1] * (most - rule[0]))  # nobody with a higher draw opts out, whatever he gets
    for group in range((shoppers.size + 3) // 4):
        u0, u1, u2, u3 = uniform_lanes(key0, key1, group, week, OPT_OUT, 0)
        for lane in range(4):
            shopper = 4 * group + lane
            u = u0 if lane == 0 else (u1 if lane == 1 else (u2 if lane == 2 else u3))
            if u >= limit or shopper >= shoppers.size:
                continue
            who = shoppers[shopper]
            flags = int(who["flags"])
            if flags & (_ALIVE | _CONSENT | _OPTED_OUT) != _ALIVE | _CONSENT or int(who["linked"]) + int(who["pending"]) == 0:
                continue
            a = int(who["audience"])
            n = messages_met(key0, key1, shopper, rows, reach[a], contacts[a], pushes[a])
            if levels[a]["twice"] > 0.0 and is_twice(levels[a], who):
                n *= 1.0 + levels[a]["twice"]
            if further.size > 0:
                n += int(further[shopper]["messages"])
            if n <= rule[0] or u >= 1.0 - exp64(-rule[1] * (n - rule[0])):
                continue
            who["flags"] = flags | _OPTED_OUT
            who["goodwill"] = goodwill_at(levels[a], who, now) - levels[a]["learning"] * rule[2]
            who["updated"] = now
            tally[_N_OPTED_OUT] += 1
