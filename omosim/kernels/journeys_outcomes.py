"""What experience does to a shopper: goodwill, beliefs, habit, profile, and whether he stays a customer."""

from omosim.kernels.jit import kernel
from omosim.kernels.journeys_fit import known_share, own_accuracy, unseen_by
from omosim.kernels.journeys_perceive import add_event, goodwill_at
from omosim.kernels.journeys_plans import accuracy_of, hidden_misfit
from omosim.kernels.mathx import exp64, log64
from omosim.kernels.philox import uniform, uniform4
from omosim.kernels.purposes import CONSIDER, DROPOUT, MISSION, SERVICE, SERVICE_FAILURE

_DAY = 86_400
_ORDINAL_BITS = 8
_ORDINAL_MASK = 255
_BESIDE = 3  # ordinal of an item of its own bought at a visit
_SLOT_MASK = (1 << 27) - 1
_CATEGORY_MASK = 31
_NEEDS_BITS = 22
_WEB, _STORE = 0, 1
_ALIVE, _CONSENT, _LOYALTY, _KNOWS, _OPTED_OUT = 1, 2, 4, 16, 32
_STORE_NODE = 1  # kind of a node, as in schema.codes.NodeKind
_AT_PURCHASE, _AT_DELIVERY, _AFTER_SALES = 0, 1, 2  # stages, rows of `felt`
_RETURNS, _BUYS = 0, 1  # columns of `learnt`
_CARD_DRAW = 2  # SERVICE draw that decides whether a purchase in a store is seen by sensing

# outcomes, as in schema.codes.Outcome
(_BOUGHT, _EMPTY, _CLOSED, _QUEUE_LEFT, _CANCELLED, _DELIVERED, _LATE, _COLLECTED, _FAILED, _REFUSED, _RETURNED,
 _EXPIRED, _EXTRA_BOUGHT, _BOUGHT_OTHER, _SITE_LOST, _EXCHANGED) = (
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)  # fmt: skip
# columns of the daily counters, as in schema.codes.Count
_ORDERS_STORE, _DROPPED_OUT, _ACQUIRED, _EXTRA, _SERVICE_FAILED = 7, 16, 17, 19, 39


@kernel
def surprise(levels, q, accuracy, who, code, channel):
    """Realised less expected surplus of an experience, share of price, penalties included; `accuracy`: of what was known before it.

    A purchase that pleases gives back what was at risk before it; a failure loses what was expected of it.
    """
    pleasure = levels["pleasure"]
    at_risk = hidden_misfit(q, accuracy)
    if code == _BOUGHT or code == _BOUGHT_OTHER:
        return (1.0 - (1.0 - q) * float(who["belief"])) * pleasure
    if code == _DELIVERED or code == _COLLECTED:
        return at_risk * pleasure
    if code == _EMPTY or code == _CLOSED:
        return -(1.0 - q) * float(who["belief"]) * pleasure - levels["pen_empty"]
    if code == _RETURNED:
        return -pleasure - levels["pen_return"]
    if code == _CANCELLED or code == _FAILED:
        return -(1.0 - at_risk) * pleasure - levels["pen_failed"]
    if code == _EXCHANGED:  # what was lost with the return is there again
        return pleasure
    if code == _LATE or code == _QUEUE_LEFT or code == _SITE_LOST:
        return -levels["pen_late"]
    return 0.0


@kernel
def goes_wrong(levels, nodes, shopper, slot, code, node):
    """Whether people in a store got a hand-over wrong: one keyed draw of the mission."""
    if levels["failure"] <= 0.0 or (code != _BOUGHT and code != _BOUGHT_OTHER and code != _COLLECTED):
        return False
    if node < 0 or int(nodes[node]["kind"]) != _STORE_NODE:
        return False
    return uniform(levels["key0"], levels["key1"], shopper, slot, SERVICE_FAILURE, 0) < levels["failure"]


@kernel
def note_stage(felt, code, channel, gain):
    """Enter a surprise at the stage of its experience; changes `felt` (3, 2). Lateness and exchanges go with the order's own."""
    stage = _AT_PURCHASE
    news = 1.0
    if code == _RETURNED or code == _EXCHANGED:
        stage = _AFTER_SALES
        news = 1.0 if code == _RETURNED else 0.0
    elif code == _DELIVERED or code == _COLLECTED or code == _LATE or code == _CANCELLED or code == _FAILED or code == _EXPIRED:
        stage = _AT_DELIVERY
        news = 0.0 if code == _LATE else 1.0
    elif code == _CLOSED or code == _QUEUE_LEFT or code == _REFUSED:
        stage = _AT_PURCHASE if channel == _STORE else _AT_DELIVERY
    elif code != _BOUGHT and code != _BOUGHT_OTHER and code != _EMPTY and code != _SITE_LOST:
        return
    felt[stage, 0] += gain
    felt[stage, 1] += news


@kernel
def learn_stock(levels, who, shopper, slot, found):
    """One own trip teaches how likely stock is, unless the trip was chosen on the published stock."""
    if levels["stock_shown"] == 1:
        _, _, u, _ = uniform4(levels["key0"], levels["key1"], shopper, slot, CONSIDER, 0)
        if u < levels["check_share"]:
            return
    belief = float(who["belief"])
    who["belief"] = min(max(belief + levels["belief_rate"] * (found - belief), 0.02), 0.98)


@kernel
def form_habit(levels, who, channel):
    """Moving average of channel use, in 1/255."""
    for entry in range(4):
        h = float(who["habit"][entry])
        target = 255.0 if entry == channel else 0.0
        who["habit"][entry] = int(h + levels["habit_rate"] * (target - h) + 0.5)


@kernel
def is_identified(levels, who, shopper, slot, channel):
    """Whether a purchase leaves an identity: consent, and a login, a loyalty card, or sensing in the store."""
    if int(who["flags"]) & _CONSENT == 0:
        return False
    if channel == _STORE:
        if int(who["flags"]) & _LOYALTY:
            return True
        u = uniform(levels["key0"], levels["key1"], shopper, slot, SERVICE, _CARD_DRAW)
        return u < levels["store_sensing"]
    u, _, _, _ = uniform4(levels["key0"], levels["key1"], shopper, slot, MISSION, 0)
    return u < levels["login"]


@kernel
def leaves_us(levels, who, shopper, now):
    """Dropout after a repeat purchase: logit(p_i) - c_G G against a draw of this purchase."""
    p = min(max(float(who["dropout"]), 1e-9), 1.0 - 1e-9)
    x = log64(p) - log64(1.0 - p) - levels["dropout_slope"] * goodwill_at(levels, who, now)
    u = uniform(levels["key0"], levels["key1"], shopper, int(who["purchases"]), DROPOUT, 1)
    return u * (1.0 + exp64(-x)) < 1.0


@kernel
def purchase(levels, who, shopper, slot, channel, value, now, tally, learnt):
    """A purchase completed: spend, habit, profile, dropout; changes `who`, `tally` and the category's `learnt` (2,)."""
    first = int(who["purchases"]) == 0
    who["purchases"] = min(int(who["purchases"]) + 1, 65535)
    who["spend"] = int(who["spend"]) + value
    who["bought"] = int(who["bought"]) | (1 << channel)
    who["flags"] = int(who["flags"]) | _KNOWS
    if channel == _STORE:
        tally[_ORDERS_STORE] += 1
    form_habit(levels, who, channel)
    if is_identified(levels, who, shopper, slot, channel):
        add_event(levels, who, now // _DAY, channel != _STORE)
        if levels["link_latency_s"] >= 0:
            learnt[_BUYS] += 1
    if first:
        tally[_ACQUIRED] += 1
    elif leaves_us(levels, who, shopper, now):
        who["flags"] = int(who["flags"]) & ~_ALIVE
        tally[_DROPPED_OUT] += 1


@kernel
def apply_outcomes(scene, shoppers, outcomes, gains, now, tally):
    """Let shoppers learn from what happened to them.

    Parameters
    ----------
    shoppers : (n,) SHOPPER; changed in place
    outcomes : OUTCOME rows, sorted by (t, key, code)
    gains : (outcomes,) float64, filled with their surprises, share of price; empty where nobody asks
    now : second of the full hour at which they reach decisions
    tally : (N_COUNTS,) int64 of the day; added to

    Notes
    -----
    G <- G exp(-dt / tau) + eta (realised - expected). Surprises are summed by stage in the scene's `felt`, linked purchases
    and returns by category in its `learnt`. Test: tests/journeys/test_outcomes.py.
    """
    for k in range(outcomes.size):
        row = outcomes[k]
        code = int(row["code"])
        channel = int(row["channel"])
        shopper = int(row["shopper"])
        who = shoppers[shopper]
        levels = scene.levels[int(who["audience"])]
        key = int(row["key"])
        slot = (key >> _ORDINAL_BITS) & _SLOT_MASK
        category = (slot >> _NEEDS_BITS) & _CATEGORY_MASK
        learnt = scene.learnt[min(now // _DAY, scene.learnt.shape[0] - 1), category]
        blind = scene.blind[int(who["audience"]), category, channel & 3]
        accuracy = accuracy_of(levels, channel, blind)
        if channel != _STORE:
            accuracy = own_accuracy(accuracy, unseen_by(levels, shopper))
        q = scene.category[category]["misfit"] * (1.0 - known_share(levels, scene.fits, shopper * scene.category.size + category, now))
        gain = surprise(levels, q, accuracy, who, code, channel)
        if code == _LATE and int(who["flags"]) & _OPTED_OUT == 0:
            gain *= 1.0 - levels["follow_up"]
        if goes_wrong(levels, scene.nodes, shopper, slot, code, int(row["node"])):
            gain -= levels["pen_failure"]
            tally[_SERVICE_FAILED] += 1
        note_stage(scene.felt[min(now // _DAY, scene.felt.shape[0] - 1)], code, channel, gain)
        if gains.size > 0:
            gains[k] = gain
        if gain != 0.0:
            who["goodwill"] = goodwill_at(levels, who, now) + levels["learning"] * gain
            who["updated"] = now
        if code == _BOUGHT or code == _EMPTY:
            learn_stock(levels, who, shopper, slot, 1.0 if code == _BOUGHT else 0.0)
        if code == _BOUGHT or code == _BOUGHT_OTHER or code == _DELIVERED or code == _COLLECTED:
            purchase(levels, who, shopper, slot, channel, int(row["value"]), now, tally, learnt)
        elif code == _RETURNED:
            if levels["link_latency_s"] >= 0 and is_identified(levels, who, shopper, slot, channel):
                learnt[_RETURNS] += 1
        elif code == _EXTRA_BOUGHT:  # beside an errand, whose own outcome has taught habit and profile
            who["spend"] = int(who["spend"]) + int(row["value"])
            if key & _ORDINAL_MASK == _BESIDE:  # of a visit, which may have ended without goods
                who["bought"] = int(who["bought"]) | (1 << channel)
            tally[_EXTRA] += 1
            tally[_ORDERS_STORE] += 1
