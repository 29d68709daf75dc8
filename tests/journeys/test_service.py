"""People and service, on the shopper side alone: each capability against its closed form, and what it leaves alone."""

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.kernels.journeys_plans import accuracy_of
from omosim.schema.codes import Count, Entry, Flow, Outcome
from omosim.schema.columns import DAY, HOUR
from tests.journeys.harness import online_policy, play, small_world
from tests.journeys.small import FLAT, one_category, settings
from tests.journeys.test_outcomes import make, outcome

VISITS = (4,)
SILENT = {"word_of_mouth": {"tell": 0.0}}


def shop(n=3000, policy=None, days=3, category=None, **market):
    base = {"demand": {**FLAT, "purchase_alpha_weeks": 1.0}, "fit": {"known": 0.0, "touch_spread": 0.0, "keep": 0.0}, **market}
    s = settings(shoppers=n, days=days, market=base, catalogue=one_category(**(category or {})))
    return play(s, policy or online_policy(), days)


def without(rows, *names):
    return rows[[name for name in rows.dtype.names if name not in names]]


def test_training_takes_its_part_of_every_time_and_moves_nothing_else():
    plain, trained = (shop(policy=online_policy(work_factor=f)).rows for f in (1.0, 0.5))
    assert len(plain) > 100
    assert np.array_equal(without(plain, "counter_s", "pick_s"), without(trained, "counter_s", "pick_s"))
    work = settings().network.work
    expect = np.maximum(1, (0.5 * (work.pick_base_s + work.pick_unit_s * trained["units"]) + 0.5).astype(int))
    assert np.array_equal(trained["pick_s"], expect)
    assert np.abs(trained["counter_s"] - plain["counter_s"] / 2).max() <= 1


def test_a_share_of_hand_overs_in_stores_goes_wrong_and_costs_goodwill():
    n, gone = 3000, {}
    for avoided in (0.0, 0.75):
        j = make(n, market={"service": {"failure": 0.2, "failure_penalty": 0.5}, **SILENT}, failures_avoided=avoided)
        j.apply(np.concatenate([outcome(Outcome.BOUGHT, shopper=i, channel=Entry.STORE) for i in range(n)]), HOUR)
        failed = int(j.counts[0, Count.SERVICE_FAILED])
        share = 0.2 * (1 - avoided)
        assert abs(failed - n * share) < 4 * np.sqrt(n * share * (1 - share))
        steps = np.unique(j.shoppers["goodwill"].round(5))
        assert len(steps) == 2 and np.isclose(np.diff(steps)[0], j.settings.market.goodwill.learning * 0.5, atol=1e-4)
        gone[avoided] = j.shoppers["goodwill"] < j.shoppers["goodwill"].max() - 1e-6
    assert not (gone[0.75] & ~gone[0.0]).any()  # who is spared was spared by training, nobody is hit by it


def test_what_goes_wrong_goes_wrong_in_stores_alone():
    j = make(300, market={"service": {"failure": 1.0}})
    j.apply(np.concatenate([outcome(Outcome.DELIVERED, shopper=i, node=0) for i in range(300)]), HOUR)
    j.apply(np.concatenate([outcome(Outcome.COLLECTED, shopper=i, need=1, node=0) for i in range(300)]), 2 * HOUR)
    assert int(j.counts[:, Count.SERVICE_FAILED].sum()) == 0
    j.apply(outcome(Outcome.COLLECTED, need=2, node=1), 3 * HOUR)
    assert int(j.counts[:, Count.SERVICE_FAILED].sum()) == 1


HELP = {"advice_go_on": 0.8, "advice_match": 0.5, "advice_s": 300.0}


def test_advice_is_for_goods_that_need_it():
    kind = {"misfit": 0.5, "advice": 0.0}
    plain = shop(policy=online_policy(), category=kind)
    helped = shop(policy=online_policy(**HELP), category=kind)
    assert np.array_equal(plain.rows, helped.rows) and helped.journeys.counts[:, Count.ADVISED].sum() == 0


def test_after_a_bad_sign_advised_visitors_go_on_and_fit_as_often_as_the_formula_says():
    q, kind = 0.5, {"misfit": 0.5, "advice": 1.0}
    result = shop(4000, online_policy(on=VISITS, **HELP), 4, kind)
    rows = result.rows[(result.rows["flow"] == Flow.VISIT) & (result.rows["misfit"] == 1) & (result.rows["alt_sku"] >= 0)]
    n = len(rows)
    assert n > 300 and n == result.journeys.counts[:, Count.ADVISED].sum()
    for seen, p in ((rows["go_on"] == 1, 0.8), (rows["alt_misfit"] == 0, 1 - q * 0.5)):
        assert abs(seen.sum() - n * p) < 4 * np.sqrt(n * p * (1 - p))
    bare = shop(4000, online_policy(on=VISITS, **{**HELP, "advice_s": 0.0}), 4, kind).rows
    extra = result.rows["counter_s"].astype(int) - bare["counter_s"]
    assert set(extra.tolist()) == {0, round(300 / (0.8 * (1 - q * 0.5)))}  # so that advised minutes are 5 in the mean
    untouched = (result.rows["misfit"] == 0) | (result.rows["alt_sku"] < 0)
    assert (extra[untouched] == 0).all() and (extra[~untouched] > 0).all()


def test_more_people_come_where_they_are_advised():
    kind = {"misfit": 0.5, "advice": 1.0}
    few, many = (len(shop(4000, online_policy(on=VISITS, **h), 4, kind).rows) for h in ({}, HELP))
    assert many > 1.05 * few


FITTING = {"fittings_per_day": 400.0, "fitting_users": 1.0, "fitting_ahead": 5, "fitting_no_show": 0.25}


def booked(no_show=0.25, per_day=400.0, n=4000, **offer):
    policy = online_policy(on=(4, 12), **{**FITTING, "fitting_no_show": no_show, "fittings_per_day": per_day})
    policy.offers["go_on_ppm"][12], policy.offers["match_ppm"][12] = 1_000_000, 500_000
    for name, value in offer.items():
        policy.offers[name][12] = value
    return shop(n, policy, 4, {"misfit": 0.5}, cost_basis_shoppers=n)


def test_appointments_lie_in_opening_hours_from_the_next_day_on_and_no_more_than_there_are():
    result = booked(per_day=3.0)
    rows, j = result.rows[result.rows["offer"] == 12], result.journeys
    door = j.world.nodes[rows["node"]]
    assert len(rows) > 30
    assert ((rows["t"] % DAY >= door["opens_s"]) & (rows["t"] % DAY < door["closes_s"])).all()
    assert j.scene.fittings.max() == 3 and j.scene.fittings[0].sum() == 0  # nobody comes on the day of booking
    pairs, times = np.unique(np.stack([rows["node"], rows["t"]], 1), axis=0, return_counts=True)
    assert times.max() == 1 and len(pairs) == len(rows)
    assert j.scene.fittings.sum() == j.counts[:, Count.FITTINGS].sum()


def test_who_does_not_come_leaves_the_appointment_taken():
    result = booked()
    total = result.journeys.counts.sum(axis=0)
    made, missed = int(total[Count.FITTINGS]), int(total[Count.FITTING_NO_SHOWS])
    assert made > 200 and abs(missed - made / 4) < 4 * np.sqrt(made * 3 / 16)
    assert (result.rows["offer"] == 12).sum() == made - missed


def test_a_fitting_session_finds_a_next_item_as_often_as_the_formula_says():
    rows = booked(no_show=0.0).rows
    rows = rows[(rows["offer"] == 12) & (rows["misfit"] == 1) & (rows["alt_sku"] >= 0)]
    n, p = len(rows), 1 - 0.5 * 0.5
    assert n > 100 and (rows["go_on"] == 1).all()
    assert abs((rows["alt_misfit"] == 0).sum() - n * p) < 4 * np.sqrt(n * p * (1 - p))


def test_booking_that_occurs_to_nobody_is_no_booking():
    policy = online_policy(on=(4, 12), **{**FITTING, "fitting_users": 0.0})
    with_it = shop(policy=policy, category={"misfit": 0.5})
    plain = shop(policy=online_policy(on=(4,)), category={"misfit": 0.5})
    assert np.array_equal(with_it.rows, plain.rows)


def test_a_fitting_draws_those_to_whom_a_misfit_is_dear():
    share = []
    for q in (0.1, 0.5):
        policy = online_policy(on=(4, 12), **FITTING)
        policy.offers["go_on_ppm"][12], policy.offers["match_ppm"][12] = 1_000_000, 800_000
        rows = shop(4000, policy, 4, {"misfit": q}, cost_basis_shoppers=4000).rows
        share.append((rows["offer"] == 12).mean())
    assert share[1] > share[0] + 0.05


def test_some_do_not_find_what_is_there_and_the_app_finds_its_part():
    missed = {}
    for avoided in (0.0, 0.5):
        rows = shop(4000, online_policy(on=VISITS, unseen_avoided=avoided), 4, service={"unseen": 0.2}).rows
        n, p = len(rows), 0.2 * (1 - avoided)
        assert n > 300 and abs(rows["unseen"].sum() - n * p) < 4 * np.sqrt(n * p * (1 - p))
        missed[avoided] = set(rows["key"][rows["unseen"] == 1].tolist())
    assert missed[0.5] < missed[0.0]
    plain = shop(4000, online_policy(on=VISITS), 4).rows
    assert plain["unseen"].sum() == 0


def test_shorter_visits_bring_more_of_them():
    few, many = (len(shop(4000, online_policy(on=VISITS, visit_factor=f), 4).rows) for f in (1.0, 0.2))
    assert many > few


def test_promises_follow_the_work_that_waits():
    s = settings(shoppers=4000, days=3, market={"demand": {**FLAT, "purchase_alpha_weeks": 1.0}})
    rows = {}
    for honest in (0, 1):
        policy = online_policy(honest=honest, stock_shown=1)
        policy.offers["enabled"][2], policy.offers["promise_s"][2] = 1, HOUR
        world = small_world(s, policy)
        world.board["ready_s"] = 9 * HOUR
        found = play(s, policy, 3, world=world).rows
        rows[honest] = {int(r["key"]): r for r in found}
    both = [(a, rows[1][key]) for key, a in rows[0].items() if key in rows[1] and a["offer"] == rows[1][key]["offer"]]
    sent = [(a, b) for a, b in both if a["flow"] == Flow.SHIP]
    pick = [(a, b) for a, b in both if a["flow"] == Flow.PICKUP]
    assert len(sent) > 50 and all(b["promise_s"] == a["promise_s"] + 9 * HOUR for a, b in sent)
    assert len(pick) > 5 and all(b["promise_s"] >= max(a["promise_s"], 9 * HOUR) for a, b in pick)


def test_a_message_takes_its_part_of_the_loss_over_a_late_order():
    plain, written = make(market=SILENT), make(market=SILENT, follow_up=0.4)
    written.shoppers["flags"][1] |= 32  # opted out
    for j in (plain, written):
        j.apply(np.concatenate([outcome(Outcome.LATE), outcome(Outcome.LATE, shopper=1), outcome(Outcome.QUEUE_LEFT, shopper=2)]), HOUR)
    before, after = plain.shoppers["goodwill"], written.shoppers["goodwill"]
    assert after[0] == pytest.approx(0.6 * before[0], rel=1e-5)
    assert after[1] == before[1] and after[2] == before[2]  # who takes no messages; who left a queue


LEARNS = {"feedback": 0.4, "feedback_half": 100.0, "feedback_lag_days": 2, "feedback_reviews": 0.5, "link_latency_s": DAY}


def teacher(**policy):
    j = make(400, market={"identity": {"consent": 1.0, "login": 1.0}, "cost_basis_shoppers": 400}, **policy)
    j.begin_day(0)
    j.apply(np.concatenate([outcome(Outcome.DELIVERED, shopper=i) for i in range(200)]), HOUR)
    j.apply(np.concatenate([outcome(Outcome.RETURNED, shopper=i) for i in range(60)]), 2 * HOUR)
    return j


def test_own_information_grows_with_linked_returns_after_their_latency():
    j = teacher(**LEARNS)
    levels, plain = j.scene.levels[0], float(j.scene.levels[0]["acc_web"])
    unwritten = float(teacher(link_latency_s=DAY).scene.blind[0, 0, Entry.WEB])  # reviews that are not there yet
    known = 60 + 0.5 * 200
    for day, n in ((1, 0.0), (2, 0.0), (3, known)):
        j.begin_day(day)
        rule = getattr(accuracy_of, "py_func", accuracy_of)
        seen = rule(levels, Entry.WEB, float(j.scene.blind[0, 0, Entry.WEB]))
        assert seen == pytest.approx(1 - (1 - plain) * (1 + unwritten) * (1 - 0.4 * n / (n + 100)), rel=1e-12)
        assert j.scene.blind[0, 1:].min() >= 0 and j.scene.blind[0, 0, 1:].min() >= 0  # this category, the web alone


def test_channels_that_are_not_linked_teach_nothing_and_what_is_off_knows_nothing():
    assert teacher(**{**LEARNS, "link_latency_s": -1}).scene.learnt.sum() == 0
    off = teacher(link_latency_s=DAY)
    off.begin_day(3)
    assert off.scene.learnt[0, 0].tolist() == [60, 200] and off.scene.known.max() == 0 and off.scene.blind.min() >= 0


def test_surprises_are_told_by_stage():
    j = make(market=SILENT)
    g = j.settings.market.goodwill
    codes = [(Outcome.BOUGHT, Entry.STORE), (Outcome.EMPTY_SHELF, Entry.STORE), (Outcome.DELIVERED, Entry.WEB), (Outcome.LATE, Entry.WEB),
             (Outcome.QUEUE_LEFT, Entry.WEB), (Outcome.RETURNED, Entry.WEB), (Outcome.EXTRA, Entry.STORE)]  # fmt: skip
    gains = []
    for i, (code, channel) in enumerate(codes):
        j.apply(outcome(code, shopper=i, channel=channel), HOUR)
        gains.append(float(j.shoppers["goodwill"][i]) / g.learning)
    felt = j.scene.felt[0]
    assert felt[:, 1].tolist() == [2, 2, 1]  # a late order is one experience, what is bought on the way none
    assert felt[0, 0] == pytest.approx(gains[0] + gains[1], rel=1e-5)
    assert felt[1, 0] == pytest.approx(gains[2] + gains[3] + gains[4], rel=1e-5)
    assert felt[2, 0] == pytest.approx(gains[5], rel=1e-5)


def test_the_number_of_purchases_until_dropout_is_beta_geometric():
    """P(alive after k repeat purchases) = B(a, b + k) / B(a, b) where goodwill does not count."""
    n, a, b = 6000, 3.0, 2.0
    j = make(n, market={"goodwill": {"dropout_slope": 0.0}, "demand": {"dropout_a": a, "dropout_b": b}})
    alive, expect, total = n, 1.0, 0
    for k in range(40):
        who = np.flatnonzero(j.shoppers["flags"] & 1)
        total += len(who)
        j.apply(np.concatenate([outcome(Outcome.DELIVERED, shopper=int(i), need=k) for i in who]), (k + 1) * HOUR)
        alive = j.n_alive
        expect *= 1.0 if k == 0 else (b + k - 1) / (a + b + k - 1)
        assert abs(alive - n * expect) < 4.5 * np.sqrt(n * expect * (1 - expect) + 1), k
        if alive == 0:
            break
    mean, limit = total / n, 1 + (a + b - 1) / (a - 1)  # the first purchase, then 1 / p of them
    assert abs(mean - limit) < 0.12


def test_goodwill_at_the_repeat_purchase_counts_not_that_of_the_first():
    lost = {}
    for when in ("first", "repeat"):
        j = make(2000, market={"demand": {"dropout_a": 2.0, "dropout_b": 2.0}, "goodwill": {"dropout_slope": 5.0, "memory_weeks": 0.1}})
        for need in range(2):
            now = HOUR + need * 60 * DAY
            j.shoppers["goodwill"] = -1.0 if (need == 0) == (when == "first") else 0.0
            j.shoppers["updated"] = now
            j.apply(np.concatenate([outcome(Outcome.DELIVERED, shopper=i, need=need, t=now - 1) for i in range(2000)]), now)
        lost[when] = 2000 - j.n_alive
    assert lost["repeat"] > 1.3 * lost["first"]


def test_the_books_of_service_survive_a_snapshot():
    one = teacher(**LEARNS)
    one.begin_day(3)
    two = make(400, market={"identity": {"consent": 1.0, "login": 1.0}, "cost_basis_shoppers": 400}, **LEARNS)
    two.load(one.state())
    for name in ("learnt", "known", "felt", "funnel", "fittings", "blind"):
        assert np.array_equal(getattr(one.scene, name), getattr(two.scene, name)), name
    assert isinstance(two, Journeys) and two.scene.known.max() > 0
