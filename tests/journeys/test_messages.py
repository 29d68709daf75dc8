"""Attention, saturation and opting out of messages, each against its formula."""

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.kernels.journeys_contacts import contact_response
from omosim.kernels.journeys_synthesis import reach_of
from omosim.schema.codes import Count, Entry
from omosim.schema.columns import DAY, WEEK
from omosim.schema.shopper import ALIVE, CONSENT, LOYALTY, OPTED_OUT
from tests.journeys.harness import online_policy, small_world
from tests.journeys.small import settings

ROW = {
    "title": "x", "entry": "web", "stage": "awareness", "reach": 0.5, "accuracy": 0.0, "pays": False, "identity": "none",
    "awareness_rho": 0.05, "cost_per_contact": 0.0, "contacts_per_week": 2.0,
}  # fmt: skip


def of_rows(rows, shoppers=400, market=None, **change):
    """Settings whose touchpoints are `rows` alone: each a change of ROW."""
    plain = settings(shoppers=shoppers, market={"attention": {"contacts_per_week": 0.0}, "word_of_mouth": {"tell": 0.0}, **(market or {})})
    touchpoints = {"rows": {name: {**ROW, **row} for name, row in rows.items()}}
    return plain.model_validate({**plain.model_dump(), "touchpoints": touchpoints, **change})


def gained(s, levels=None, **policy):
    world = small_world(s, online_policy(**policy))
    if levels is not None:
        world.media_level[...] = levels
    return world.exposure_rho()[0]


def test_without_budget_and_saturation_contacts_add_up():
    s = of_rows({"a": {"entry": "none"}, "b": {"awareness_rho": 0.02, "reach": 0.25}})
    phone = np.array([g.mobile_share for g in s.market.segments.values()])
    phone = phone / np.dot(phone, [g.share for g in s.market.segments.values()])
    expected = 0.01 + 0.05 * 0.5 * 2.0 + 0.02 * 0.25 * phone  # what opens no entry is not met on the phone
    assert np.allclose(gained(s, [2.0, 1.0], contact_rho=0.01), expected, rtol=1e-12)


def test_a_new_row_takes_attention_from_the_others():
    same = {"attention": {"contacts_per_week": 1.0}}
    one, two = {"a": {"entry": "store"}}, {"a": {"entry": "store"}, "b": {"entry": "store", "awareness_rho": 0.0}}
    assert np.allclose(gained(of_rows(one, market=same)), 0.05 * 0.5)  # one contact a week: just within the budget
    assert np.allclose(gained(of_rows(two, market=same)), 0.05 * 0.5 / 2)
    assert np.allclose(gained(of_rows(two, market=same), contact_rho=0.02), 0.05 * 0.5 / 2 + 0.01)
    assert np.allclose(gained(of_rows(two)), 0.05 * 0.5)


def test_who_is_more_on_the_phone_is_thinned_out_more():
    s = of_rows({"a": {}}, market={"attention": {"contacts_per_week": 0.5}})
    assert np.allclose(gained(s), 0.05 * 0.5 / 2)  # beyond the budget all take in the same, however much comes
    assert np.ptp(gained(of_rows({"a": {}}))) > 0.001


@pytest.mark.parametrize("saturation", [0.5, 2.0, 10.0])
def test_contacts_saturate_and_the_plan_counts_as_planned(saturation):
    s = of_rows({"a": {"entry": "store", "saturation": saturation}})
    levels = np.array([0.25, 0.5, 1.0, 2.0, 4.0])
    seen = np.array([gained(s, level)[0] for level in levels]) / (0.05 * 0.5)
    expected = (1 - np.exp(-2.0 * levels / saturation)) / (1 - np.exp(-2.0 / saturation))
    assert np.allclose(seen, expected, rtol=1e-12)
    assert seen[2] == pytest.approx(1.0, rel=1e-12) and seen[3] < 2.0
    assert (np.diff(seen) > 0).all() and (np.diff(np.diff(seen) / np.diff(levels)) < 0).all()
    assert contact_response(3.0, 2.0, 0.0) == 3.0 and contact_response(3.0, 0.0, 1.0) == 3.0


def test_awareness_settles_where_forgetting_equals_what_saturated_contacts_give():
    s = of_rows({"a": {"entry": "store", "saturation": 2.0, "awareness_rho": 0.4}}, market={"awareness": {"acquisition_per_week": 0.0, "decay_per_week": 0.3, "store_rho": 0.0}})
    world = small_world(s, online_policy())
    world.media_level[...] = 3.0
    j = Journeys(world, s, world.key0, world.key1)
    for day in range(400):
        j._crowd(day)
    x = 0.4 * 0.5 * (1 - np.exp(-3.0)) / (1 - np.exp(-1.0))
    gain, lost = 1 - np.exp(-x / 7), 1 - 0.7 ** (1 / 7)
    assert np.allclose(j.awareness, gain / (gain + lost), rtol=1e-9)


MESSAGES = {"a": {"entry": "none", "identity": "login", "stage": "after_sales", "reach": 1.0, "contacts_per_week": 3.0}}


def known(s, **policy):
    """Journeys in which everybody consents and is known."""
    world = small_world(s, online_policy(**policy))
    j = Journeys(world, s, world.key0, world.key1)
    j.shoppers["flags"] |= CONSENT
    j.shoppers["linked"] = 1
    return j


def weeks(j, n):
    j.refresh()
    for week in range(n):
        j._opt_out(7 * week)
    return j


def out(j):
    return float((j.shoppers["flags"] & OPTED_OUT > 0).mean())


def test_the_share_that_opted_out_after_n_weeks():
    n, hazard = 20_000, 0.05
    s = of_rows(MESSAGES, n, {"messages": {"tolerated_per_week": 1.0, "opt_out_per_contact": hazard}, "goodwill": {"intrusive": 0.2}}, days=70)
    j = weeks(known(s, push_per_week=1.0), 8)
    share = 1 - np.exp(-hazard * 3.0 * 8)  # three messages and one push, of which one is borne
    assert abs(out(j) - share) < 4 * np.sqrt(share * (1 - share) / n)
    assert int(j.counts[:, Count.OPTED_OUT].sum()) == round(out(j) * n)
    g = s.market.goodwill
    last = j.shoppers[(j.shoppers["flags"] & OPTED_OUT > 0) & (j.shoppers["updated"] == 7 * WEEK)]
    assert len(last) > 100 and np.allclose(last["goodwill"], -g.learning * 0.2, rtol=1e-6)  # once, and no more
    assert (j.shoppers["goodwill"][j.shoppers["flags"] & OPTED_OUT == 0] == 0).all()


def test_only_messages_above_those_borne_drive_anybody_away_and_only_who_is_known():
    market = {"messages": {"tolerated_per_week": 3.0, "opt_out_per_contact": 5.0}}
    assert out(weeks(known(of_rows(MESSAGES, market=market)), 3)) == 0.0
    assert out(weeks(known(of_rows(MESSAGES, market=market), push_per_week=2.0), 3)) > 0.99
    strangers = known(of_rows(MESSAGES, market=market), push_per_week=2.0)
    strangers.shoppers["linked"] = 0
    assert out(weeks(strangers, 3)) == 0.0
    assert out(weeks(known(of_rows(MESSAGES), push_per_week=20.0), 3)) == 0.0  # shipped default: nobody opts out


def test_messages_reach_those_who_use_their_row():
    rows = {"a": {**MESSAGES["a"], "reach": 0.4}, "b": {"entry": "store"}, "c": {"identity": "login"}}
    s = of_rows(rows, 3000, {"messages": {"tolerated_per_week": 1.0, "opt_out_per_contact": 10.0}})
    j = weeks(known(s), 2)
    uses = np.array([reach_of(j.key0, j.key1, i, 0) < 0.4 for i in range(3000)])
    assert np.array_equal(j.shoppers["flags"] & OPTED_OUT > 0, uses)


def test_who_opted_out_gets_no_push_and_only_what_comes_without_a_message():
    s = settings(shoppers=4000, market={"demand": {"purchase_alpha_weeks": 3.0}, "messages": {"retargeting_share": 1.0, "coupon_share": 1.0}}, output={"touches": True})
    policy = {"push_per_week": 5.0, "push_open_rate": 0.5, "retarget_rate": 1.0, "coupon_rate": 1.0, "coupon_discount": 0.2}
    seen = {}
    for name, flag in (("in", 0), ("out", OPTED_OUT)):
        j = known(s, **policy)
        j.shoppers["flags"] |= flag
        rows = []
        for day in range(5):
            j.begin_day(day)
            rows.append(j.advance((day + 1) * DAY).copy())
        touched = j.counts[:5, Count.TOUCH_MISSIONS].sum()
        messages = np.flatnonzero(j.world.touch_message)
        seen[name] = (touched, np.concatenate(rows), int(np.isin(j.touches["touchpoint"], messages).sum()), len(j.touches))
    assert seen["in"][0] > 200 and seen["out"][0] == 0
    assert seen["in"][2] > 100 and seen["out"][2] == 0 and seen["out"][3] > 5000
    paid = {name: part[1]["unit_price"][part[1]["channel"] == 0].mean() for name, part in seen.items()}
    assert paid["in"] < 0.9 * paid["out"]  # coupons came as messages


def test_a_further_shopper_opts_nobody_out():
    market = {"messages": {"tolerated_per_week": 1.0, "opt_out_per_contact": 0.1}}
    few, many = (weeks(known(of_rows(MESSAGES, n, market)), 4) for n in (997, 1000))
    assert (few.shoppers["flags"] & ALIVE > 0).all() and 0.1 < out(few) < 0.9
    assert np.array_equal(few.shoppers, many.shoppers[:997])


def in_two_files(j, share=1.0):
    """Everybody known by login bears a card that was shown in a store, or a first part of them."""
    n = int(share * j.shoppers.size)
    j.shoppers["flags"][:n] |= LOYALTY
    j.shoppers["flags"][n:] &= ~np.uint8(LOYALTY)
    j.shoppers["bought"] |= 1 << Entry.STORE
    return j


@pytest.mark.parametrize(("duplicates", "latency", "n"), [(1.0, -1, 8.0), (0.5, -1, 6.0), (1.0, 86_400, 4.0), (0.0, -1, 4.0)])
def test_who_is_in_two_files_gets_each_message_twice_until_one_file_has_them(duplicates, latency, n):
    people, hazard = 20_000, 0.02
    s = of_rows(MESSAGES, people, {"messages": {"tolerated_per_week": 1.0, "opt_out_per_contact": hazard, "duplicates": duplicates}}, days=70)
    j = weeks(in_two_files(known(s, push_per_week=1.0, link_latency_s=latency)), 4)
    share = 1 - np.exp(-hazard * (n - 1.0) * 4)
    assert abs(out(j) - share) < 4 * np.sqrt(share * (1 - share) / people)


def test_files_are_counted_by_customer():
    j = in_two_files(known(of_rows(MESSAGES, 1000)), 0.3)
    j.refresh()
    assert j.files().tolist() == [[1000, 300, 1000, 300]]
    j.shoppers["linked"][:100] = 0  # known by the card alone
    j.shoppers["linked"][900:] = 0  # by nothing
    j.shoppers["flags"][100:150] |= OPTED_OUT
    assert j.files().tolist() == [[900, 200, 750, 150]]
    j.scene.levels["link_latency_s"] = 0
    assert j.files().tolist() == [[900, 0, 750, 0]]
