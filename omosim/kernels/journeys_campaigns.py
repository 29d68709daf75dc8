"""Campaigns: leaflets that lead back, triggered messages, events, own coupons, VIPs. They bring a need forward or link an identity."""


from omosim.kernels.jit import kernel
from omosim.kernels.journeys_needs import clock_second, pace_of
from omosim.kernels.journeys_outcomes import is_identified
from omosim.kernels.journeys_perceive import add_event, knows_us, profile_size
from omosim.kernels.journeys_talk import weeks_remembered
from omosim.kernels.mathx import exp64
from omosim.kernels.philox import uniform4
from omosim.kernels.purposes import CAMPAIGN, EVENT, INSERT

_DAY = 86_400
_HOUR = 3_600
_WEEK = 604_800
_YEAR = 365
_LONG = 65_535
_NEVER = 2**31 - 1
_SERVED = 1 << 15
_CAMPAIGN_NEED = (1 << 21) + (1 << 20)
_PER_NEED = 32
_PER_KIND = 8  # missions that one kind of campaign can open for one need
_NEEDS_BITS = 22
_ORDINAL_BITS = 8
_SLOT_MASK = (1 << 27) - 1
_ALIVE, _CONSENT, _OPTED_OUT = 1, 2, 32
_STORE = 1
_LOGIN = 2  # identity of a touch
_VIP, _TAGGED = 1, 2
_BY_INSERT, _BY_MESSAGE, _BY_EVENT = 4, 5, 6
_NEW_KEY = -1

# schema.campaigns.Trigger and Sent
_SPENT, _LANDING, _AFTER, _LAPSED, _EVENT = 0, 1, 2, 3, 4
(_N_MESSAGES, _N_LEAFLETS, _N_LANDINGS, _N_LINKED, _N_INVITED, _N_VIP_INVITED, _N_VISITS, _N_VIPS, _N_OPENED) = (
    0, 1, 2, 3, 4, 5, 6, 10, 11)  # fmt: skip
# schema.codes.Outcome
_BOUGHT, _DELIVERED, _COLLECTED, _RETURNED, _BOUGHT_OTHER, _INSERT = 0, 5, 7, 10, 13, 16


@kernel
def may_write(who, day):
    """Whether a message can be sent: alive, consents, in the linked profile, and has not opted out of messages."""
    asked = _ALIVE | _CONSENT | _OPTED_OUT
    return int(who["flags"]) & asked == _ALIVE | _CONSENT and profile_size(who, day) > 0


@kernel
def heeded(levels, messages):
    """Factor on the chance that a further message of the week is opened: exp(-n/s) after n others; s 0: all alike."""
    s = levels["message_stale"]
    return exp64(-float(messages) / s) if s > 0.0 else 1.0


@kernel
def put(triggers, waiting, day, shopper, what, key, value):
    """Write what falls due; changes `triggers` and `waiting` (1,)."""
    row = triggers[waiting[0]]
    row["day"] = day
    row["shopper"] = shopper
    row["what"] = what
    row["key"] = key
    row["value"] = value
    waiting[0] += 1


@kernel
def rank_as_vip(levels, patron, tally):
    """Whether the spend of the last 365 days makes a VIP, after it changed; changes `patron` and `tally`."""
    flags = int(patron["flags"])
    if levels["vip_min"] > 0 and int(patron["spent"]) >= levels["vip_min"]:
        if flags & _VIP == 0:
            tally[_N_VIPS] += 1
        patron["flags"] = flags | _VIP
    else:
        patron["flags"] = flags & ~_VIP


@kernel
def note_purchase(levels, who, patron, row, slot, day, last_day, triggers, waiting, tally):
    """A purchase counts for the VIP rank, and messages after it are put down; changes all but `levels`, `who` and `row`."""
    shopper = int(row["shopper"])
    key = int(row["key"])
    channel = int(row["channel"])
    patron["bought"] = min(day + 1, 32767)
    if levels["after_days"] > 0:
        put(triggers, waiting, day + levels["after_days"], shopper, _AFTER, key, 0)
    if levels["lapse_days"] > 0:
        put(triggers, waiting, day + levels["lapse_days"], shopper, _LAPSED, key, 0)
    earns = channel != _STORE or levels["points_everywhere"] == 1
    if levels["vip_min"] > 0 and earns and is_identified(levels, who, shopper, slot, channel):
        patron["spent"] = min(int(patron["spent"]) + max(int(row["value"]), 0), _NEVER)
        if day + _YEAR <= last_day:
            put(triggers, waiting, day + _YEAR, shopper, _SPENT, key, int(row["value"]))
        rank_as_vip(levels, patron, tally)


@kernel
def note_outcomes(scene, shoppers, outcomes, now, last_day, triggers, waiting, sent):
    """What campaigns take from experiences: purchases, returns, leaflets that came with a parcel.

    Parameters
    ----------
    scene : Scene; its patrons change
    outcomes : OUTCOME rows, sorted by (t, key, code), already learnt from
    now : second of the full hour; last_day : of the run
    triggers, waiting : TRIGGER rows and their number (1,), with room for three an outcome; added to
    sent : (A, N_SENT) int64 counters of the day; added to
    """
    day = now // _DAY
    for k in range(outcomes.size):
        row = outcomes[k]
        code = int(row["code"])
        shopper = int(row["shopper"])
        who = shoppers[shopper]
        patron = scene.patrons[shopper]
        audience = int(who["audience"])
        levels = scene.levels[audience]
        tally = sent[audience]
        slot = (int(row["key"]) >> _ORDINAL_BITS) & _SLOT_MASK
        if code == _BOUGHT or code == _BOUGHT_OTHER or code == _DELIVERED or code == _COLLECTED:
            note_purchase(levels, who, patron, row, slot, day, last_day, triggers, waiting, tally)
        elif code == _RETURNED and int(patron["spent"]) > 0:
            patron["spent"] = max(int(patron["spent"]) - max(int(row["value"]), 0), 0)
            rank_as_vip(levels, patron, tally)
        elif code == _INSERT:
            tally[_N_LEAFLETS] += 1
            u, u_day, _, _ = uniform4(levels["key0"], levels["key1"], shopper, slot, INSERT, int(row["key"]) & 255)
            if u < levels["insert_open"]:
                due = day + 1 + int(u_day * levels["insert_days"])
                put(triggers, waiting, due, shopper, _LANDING, int(row["key"]), 0)


@kernel
def near_need(scene, who, needs, shopper, day, ahead_days):
    """Category of the soonest need after a day and at most so many days later that no touch has served, -1 none."""
    categories = scene.category.size
    table = scene.op_time[pace_of(scene.pace, who)]
    latest = min((day + 1 + ahead_days) * 24, table.shape[1] - 1)
    best = -1
    soonest = (day + 1 + ahead_days) * _DAY
    for c in range(categories):
        need = needs[shopper * categories + c]
        op = int(need["next_s"])
        if int(need["number"]) >= _SERVED or op == _NEVER or op > table[c, latest]:
            continue
        second = clock_second(table[c], op)
        if second >= (day + 1) * _DAY and second < soonest:
            soonest = second
            best = c
    return best


@kernel
def open_for_need(scene, who, patron, needs, shopper, day, t, kind, row):
    """Write the mission that a campaign opens for a need that is near; changes `row` and `patron`.

    Returns
    -------
    The mission's order key, -1 where no need is near or this one was asked for too often
    """
    levels = scene.levels[int(who["audience"])]
    category = near_need(scene, who, needs, shopper, day, int(levels["near_days"]))
    if category < 0:
        return _NEW_KEY
    number = int(needs[shopper * scene.category.size + category]["number"])
    mark = (category << 16) + number + 1
    tries = int(patron["tries"]) + 1 if int(patron["last"]) == mark else 0
    if tries >= _PER_KIND:
        return _NEW_KEY
    patron["last"] = mark
    patron["tries"] = tries
    need = _CAMPAIGN_NEED + number * _PER_NEED + (kind - _BY_INSERT) * _PER_KIND + tries
    row["t"] = t
    row["shopper"] = shopper
    row["need"] = need
    row["base"] = number
    row["category"] = category
    row["kind"] = kind
    row["answered"] = 0
    return (((shopper << 5) | category) << _NEEDS_BITS | need) << _ORDINAL_BITS


@kernel
def log_touch(levels, log, logged, t, key, shopper, row, identity):
    """One touch of a campaign, where a log is kept and the touchpoint table has its row; changes `log` and `logged` (1,)."""
    if log.size == 0 or row < 0:
        return
    line = log[logged[0]]
    line["t"] = t
    line["key"] = key
    line["shopper"] = shopper
    line["touchpoint"] = row
    line["identity"] = identity
    line["linked"] = 1 if identity >= _LOGIN and levels["link_latency_s"] >= 0 else 0
    line["bought"] = 0
    logged[0] += 1


@kernel
def land(levels, who, patron, day, tally):
    """A visit to a landing page links who consents: his tag is known from then on; returns the identity it leaves."""
    tally[_N_LANDINGS] += 1
    if int(who["flags"]) & _CONSENT == 0:
        return 0
    if profile_size(who, day) == 0:
        tally[_N_LINKED] += 1
    patron["flags"] = int(patron["flags"]) | _TAGGED
    add_event(levels, who, day, True)
    return _LOGIN


@kernel
def day_of_campaigns(scene, shoppers, needs, due, day, out, log, logged, sent):
    """Carry out what falls due on a day.

    Parameters
    ----------
    scene : Scene; its patrons change
    shoppers : (n,) SHOPPER; profiles and `told` change
    needs : (n x C,) NEED, those of the day already off the calendar
    due : TRIGGER rows of the day, sorted by (shopper, what, key)
    out : MISSION rows, with room for every one of them; filled
    log, logged : TOUCH rows, with room for every one of them, or empty, and their number (1,)
    sent : (A, N_SENT) int64 counters of the day; added to

    Returns
    -------
    Missions filled

    Notes
    -----
    Several of one kind on one day are one. Test: tests/journeys/test_campaigns.py.
    """
    n = 0
    for k in range(due.size):
        trigger = due[k]
        shopper = int(trigger["shopper"])
        what = int(trigger["what"])
        who = shoppers[shopper]
        patron = scene.patrons[shopper]
        audience = int(who["audience"])
        levels = scene.levels[audience]
        tally = sent[audience]
        if what == _SPENT:
            patron["spent"] = max(int(patron["spent"]) - int(trigger["value"]), 0)
            rank_as_vip(levels, patron, tally)
            continue
        if k > 0 and int(due[k - 1]["shopper"]) == shopper and int(due[k - 1]["what"]) == what:
            continue
        if int(who["flags"]) & _ALIVE == 0:
            continue
        u, u_time, u_weeks, _ = uniform4(levels["key0"], levels["key1"], shopper, day, CAMPAIGN, what)
        t = day * _DAY + 9 * _HOUR + int(u_time * 12 * _HOUR)  # between 9 and 21 o'clock
        kind = _BY_MESSAGE
        place = levels["message_row"]
        identity = _LOGIN
        opens = True
        if what == _LANDING:
            kind = _BY_INSERT
            place = levels["landing_row"]
            identity = land(levels, who, patron, day, tally)
        elif what == _EVENT:
            kind = _BY_EVENT
            place = levels["event_row"]
            identity = _LOGIN if int(trigger["value"]) == 1 else 0
            t = day * _DAY + 11 * _HOUR + int(u_time * 8 * _HOUR)  # between 11 and 19 o'clock
            tally[_N_VISITS] += 1
            if not knows_us(scene.awareness, who, t):  # from now on, as long as one who heard of us from a neighbour
                who["told"] = min(t // _WEEK + weeks_remembered(levels["forget"], u_weeks), _LONG)
        else:
            share = levels["after_open"]
            if what == _LAPSED:
                share = levels["lapse_open"]
                if levels["lapse_days"] == 0 or int(patron["bought"]) - 1 + levels["lapse_days"] != day:
                    continue  # something was bought since
            elif levels["after_days"] == 0:
                continue
            if not may_write(who, day):
                continue
            opens = u < share * heeded(levels, patron["messages"])
            patron["messages"] = min(int(patron["messages"]) + 1, 255)
            tally[_N_MESSAGES] += 1
        key = _NEW_KEY
        if opens:
            key = open_for_need(scene, who, patron, needs, shopper, day, t, kind, out[n])
            if key >= 0:
                n += 1
                tally[_N_OPENED] += 1
        log_touch(levels, log, logged, t, key, shopper, place, identity)
    return n


@kernel
def call_to_event(scene, shoppers, metres, day, when, triggers, waiting, log, logged, sent):
    """An event is announced: those who live near and those who are invited decide whether to come.

    Parameters
    ----------
    scene : Scene; its patrons change
    metres : (Z,) from each zone to the event
    day : of the announcement; when : day of the event
    triggers, waiting : TRIGGER rows and their number (1,), with room for every shopper; added to
    log, logged : TOUCH rows, with room for every shopper, or empty, and their number (1,)
    sent : (A, N_SENT) int64 counters of the day; added to

    Notes
    -----
    Who lives near comes with chance a, who is invited with chance b, both with 1 - (1 - a)(1 - b). An invitation is a
    message: it needs a linked profile; VIPs are invited wherever they live.
    """
    for i in range(shoppers.size):
        who = shoppers[i]
        audience = int(who["audience"])
        levels = scene.levels[audience]
        far = metres[int(who["zone"])]
        near = far <= levels["event_m"]
        vip = levels["vip_invites"] == 1 and int(scene.patrons[i]["flags"]) & _VIP > 0
        if (not near and not vip and far > levels["invite_m"]) or int(who["flags"]) & _ALIVE == 0:
            continue
        invited = levels["invites"] == 1 and (vip or far <= levels["invite_m"]) and may_write(who, day)
        if not near and not invited:
            continue
        u, u_time, _, _ = uniform4(levels["key0"], levels["key1"], i, when, EVENT, 0)
        missed = 1.0 - levels["event_near"] if near else 1.0
        if invited:
            patron = scene.patrons[i]
            missed *= 1.0 - levels["event_invited"] * heeded(levels, patron["messages"])
            patron["messages"] = min(int(patron["messages"]) + 1, 255)
            sent[audience, _N_INVITED] += 1
            if vip:
                sent[audience, _N_VIP_INVITED] += 1
            t = day * _DAY + 9 * _HOUR + int(u_time * 12 * _HOUR)
            log_touch(levels, log, logged, t, _NEW_KEY, i, levels["vip_row"] if vip else levels["invite_row"], _LOGIN)
        if u < 1.0 - missed:
            put(triggers, waiting, when, i, _EVENT, -1, 1 if invited else 0)
