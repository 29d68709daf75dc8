"""Leaflets, triggered messages, events, VIPs and own coupons from the side of the people, each against what was asked for."""

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.journeys.campaigns import OPENED_BY, is_event_day, opened_by
from omosim.kernels.journeys_contacts import opt_out
from omosim.kernels.journeys_plans import felt, search_cost, unit_price
from omosim.schema.campaigns import SLIGHTED, TAGGED, VIP, Sent, Trigger
from omosim.schema.codes import Count, Entry, Outcome
from omosim.schema.columns import DAY, OUTCOME, order_key
from omosim.schema.shopper import CONSENT, KNOWS, LOYALTY, OPTED_OUT
from tests.journeys.harness import online_policy, play, small_world
from tests.journeys.small import settings

BUSY = {"demand": {"purchase_alpha_weeks": 3.0}, "word_of_mouth": {"tell": 0.0}}


def people(n=4000, days=28, market=None, linked=True, output=None, **policy):
    """Journeys of so many people who consent; `linked`: all are in the own profile."""
    s = settings(shoppers=n, days=days, market={**BUSY, **(market or {})}, output=output or {})
    world = small_world(s, online_policy(link_latency_s=0, **policy))
    j = Journeys(world, s, world.key0, world.key1)
    j.shoppers["flags"] |= CONSENT
    j.shoppers["linked"] = int(linked)
    return j


def told(j, code, who, now, value=0, channel=Entry.WEB, need=0):
    """Outcomes of one kind reach some people at a full hour."""
    rows = np.zeros(len(who), OUTCOME)
    rows["t"], rows["code"], rows["shopper"], rows["channel"], rows["value"] = now - 1, code, who, channel, value
    rows["key"] = [order_key(int(i), 0, need) for i in who]
    j.apply(rows, now)


def sent(j, code):
    return int(j.campaigns.sent[:, :, code].sum())


def through(j, first, last):
    """Begin and decide days first to last - 1; what is waited for is seen at each day's beginning."""
    opened = []
    for day in range(first, last):
        j.begin_day(day)
        opened.append(j.missions.copy())
        j.advance((day + 1) * DAY)
    return np.concatenate(opened)


def binomial(seen, n, p):
    return abs(seen - n * p) < 4.5 * np.sqrt(n * p * (1 - p)) + 1


# ---- leaflets ---------------------------------------------------------------------------------------------------
def test_leaflets_lead_their_share_to_the_landing_page_within_days_and_link_who_consents():
    j = people(insert_open=0.3, insert_days=5, linked=False)
    j.shoppers["flags"][:2000] &= ~np.uint8(CONSENT)
    j.begin_day(0)
    told(j, Outcome.INSERT, np.arange(4000), 3600)
    due = j.campaigns.triggers[: j.campaigns.waiting[0]]
    assert sent(j, Sent.LEAFLETS) == 4000 and binomial(len(due), 4000, 0.3)
    assert set(due["what"]) == {Trigger.LANDING} and set(due["day"]) == {1, 2, 3, 4, 5}
    came = due["shopper"].copy()
    missions = through(j, 1, 6)
    tagged = j.campaigns.patrons["flags"] & TAGGED > 0
    assert sent(j, Sent.LANDINGS) == len(came) == len(set(came.tolist()))
    assert set(np.flatnonzero(tagged)) == {i for i in came.tolist() if i >= 2000}
    assert (j.shoppers["linked"][tagged] >= 1).all() and sent(j, Sent.LINKED) <= tagged.sum()
    by_leaflet = missions[missions["kind"] == 4]
    assert 0 < len(by_leaflet) == sent(j, Sent.OPENED) and set(by_leaflet["shopper"]) <= set(came.tolist())
    assert sent(people(insert_open=0.3), Sent.LEAFLETS) == 0


def test_a_leaflet_without_an_open_link_does_nothing():
    j = people(insert_open=0.0, after_days=1)
    j.begin_day(0)
    told(j, Outcome.INSERT, np.arange(4000), 3600)
    assert j.campaigns.waiting[0] == 0 and sent(j, Sent.LEAFLETS) == 4000


def test_who_came_by_a_tag_is_retargeted_without_a_login():
    """Abandoned missions of people who never log in are known by the tag alone."""
    market = {"identity": {"login": 0.0, "consent": 1.0}}
    stranger, tagged = (people(market=market, retarget_rate=1.0, insert_open=0.1) for _ in range(2))
    tagged.campaigns.patrons["flags"] |= TAGGED
    asked = [int((through(j, 0, 8)["kind"] == 1).sum()) for j in (stranger, tagged)]
    assert asked[0] == 0 and asked[1] > 50


# ---- triggered messages -----------------------------------------------------------------------------------------
def test_a_message_follows_a_purchase_after_so_many_days_to_those_who_may_be_written_to():
    j = people(after_days=3, after_open=0.5, market={"identity": {"login": 0.0}})
    j.shoppers["linked"][:1000] = 0
    j.shoppers["flags"][1000:2000] |= OPTED_OUT
    j.shoppers["flags"][2000:3000] &= ~np.uint8(CONSENT)
    j.begin_day(0)
    told(j, Outcome.DELIVERED, np.arange(4000), 3600, 100)
    through(j, 1, 3)
    assert sent(j, Sent.MESSAGES) == 0
    through(j, 3, 4)
    assert sent(j, Sent.MESSAGES) == 1000 == int((j.campaigns.patrons["messages"][3000:] == 1).sum())
    through(j, 4, 6)
    assert sent(j, Sent.MESSAGES) == 1000


def test_a_message_after_days_without_a_purchase_comes_once_and_only_where_nothing_was_bought_since():
    j = people(lapse_days=4, lapse_open=1.0)
    j.begin_day(0)
    told(j, Outcome.COLLECTED, np.arange(3000), 3600)
    through(j, 1, 3)
    told(j, Outcome.COLLECTED, np.arange(1000), 2 * DAY + 3600, need=1)
    j.shoppers["flags"] |= 1
    through(j, 3, 5)
    assert sent(j, Sent.MESSAGES) == 2000
    through(j, 5, 7)
    assert sent(j, Sent.MESSAGES) == 3000


def test_a_message_opens_a_mission_only_where_a_need_is_near_and_no_key_comes_twice():
    j = people(8000, after_days=1, after_open=1.0, market={"sessions": {"push_window_days": 3.0}, "messages": {"saturation": 0.0}})
    j.begin_day(0)
    for _ in range(12):  # a dozen purchases on one day are one message
        told(j, Outcome.DELIVERED, np.arange(8000), 3600)
    j.shoppers["flags"] |= 1
    j.begin_day(1)
    categories = j.scene.category.size
    seconds = np.full((8000, categories), 10**9)
    for shopper in range(8000):
        for c in range(categories):
            need = j.needs[shopper * categories + c]
            table = j.scene.op_time[0, c]
            if need["number"] < 1 << 15 and need["next_s"] <= table[-1]:
                seconds[shopper, c] = np.interp(need["next_s"], table, np.arange(table.size) * 3600.0)
    near = (seconds < 5 * DAY).any(axis=1)  # after day 1, at most three days later
    mine = j.missions[j.missions["kind"] == 5]
    assert sent(j, Sent.MESSAGES) == 8000 and abs(len(mine) - near.sum()) <= 2 and 100 < near.sum() < 7900
    keys = [order_key(int(m["shopper"]), int(m["category"]), int(m["need"])) for m in j.missions]
    assert len(set(keys)) == len(keys)
    assert {OPENED_BY[k] for k in opened_by(np.array(keys))} == {"need", "message"}


def test_further_messages_of_a_week_are_opened_less_often():
    share = {}
    for before in (0, 4):
        j = people(6000, after_days=1, after_open=0.6, market={"sessions": {"push_window_days": 60.0}, "messages": {"saturation": 4.0}})
        j.begin_day(0)
        told(j, Outcome.DELIVERED, np.arange(6000), 3600)
        j.shoppers["flags"] |= 1
        j.campaigns.patrons["messages"] = before
        share[before] = through(j, 1, 2)
        share[before] = int((share[before]["kind"] == 5).sum())
    assert share[4] / share[0] == pytest.approx(np.exp(-1.0), rel=0.08)


def test_messages_of_campaigns_drive_people_to_opt_out_like_others():
    j = people(after_days=1, after_open=0.1, market={"messages": {"tolerated_per_week": 1.0, "opt_out_per_contact": 0.2}})
    rule = np.array([1.0, 0.2, 0.0])
    none, tally = np.zeros((1, 0)), np.zeros_like(j.counts[0])
    j.campaigns.patrons["messages"][2000:] = 4
    opt_out(j.scene.levels, 0, j.shoppers, np.zeros(0, np.int64), none, none, np.zeros(1), j.campaigns.patrons, rule, 0, tally)
    out = j.shoppers["flags"] & OPTED_OUT > 0
    assert not out[:2000].any() and binomial(out[2000:].sum(), 2000, 1 - np.exp(-0.2 * 3)) and tally[Count.OPTED_OUT] == out.sum()


# ---- events -------------------------------------------------------------------------------------------------------
EVENT = {"events_per_month": 6.0, "event_km": 6.0, "event_near": 0.1, "event_lead_days": 2}


def test_who_lives_near_comes_and_who_is_in_the_profile_is_invited():
    j = people(8000, event_invites=1, invite_km=9.0, event_invited=0.4, market={"messages": {"saturation": 0.0}}, **EVENT)
    j.shoppers["linked"][::2] = 0
    when = next(day for day in range(2, 28) if is_event_day(day, 6.0))
    j.begin_day(when - 2)
    node = int(j.campaigns.held[when])
    metres = j.world.distance_m[j.shoppers["zone"], node]
    near, written = metres <= 6000, (metres <= 9000) & (j.shoppers["linked"] > 0)
    assert sent(j, Sent.INVITED) == written.sum() and 50 < near.sum() < 7900
    due = j.campaigns.triggers[: j.campaigns.waiting[0]]
    assert set(due["day"]) == {when} and set(due["what"]) == {Trigger.EVENT}
    came = np.zeros(8000, bool)
    came[due["shopper"]] = True
    for group, share in ((near & ~written, 0.1), (written & ~near, 0.4), (near & written, 1 - 0.9 * 0.6)):
        assert group.sum() > 30 and binomial(came[group].sum(), group.sum(), share)
    assert not came[~near & ~written].any()
    before = j.awareness.copy()
    for day in range(when - 1, when + 1):
        j.begin_day(day)
    assert sent(j, Sent.EVENT_VISITS) == came.sum()
    assert np.allclose(j.awareness, before, atol=0.02)  # level event_aware is 0: media alone move it
    unaware = ~((j.shoppers["aware_at"] < before[0, j.shoppers["zone"], j.shoppers["segment"]]) | (j.shoppers["flags"] & KNOWS > 0))
    heard = j.shoppers["told"].astype(int) * 7 * DAY > when * DAY
    assert heard.sum() > 20 and (came & unaware)[heard].mean() > 0.9 and heard[came & unaware].mean() > 0.9  # who comes knows us
    by_event = j.missions[j.missions["kind"] == 6]
    assert 0 < len(by_event) < came.sum() and came[by_event["shopper"]].all()
    second = by_event["t"] % DAY
    assert (second >= 11 * 3600).all() and (second < 19 * 3600).all()


def test_an_event_makes_those_near_aware():
    plain, aware = (people(400, event_aware=a, **EVENT) for a in (0.0, 0.25))
    when = next(day for day in range(2, 28) if is_event_day(day, 6.0))
    for j in (plain, aware):
        for day in range(when - 2, when + 1):
            j.begin_day(day)
    node = int(plain.campaigns.held[when])
    near = plain.world.distance_m[:, node] <= 6000
    assert near.any() and not near.all()
    assert np.allclose(1 - aware.awareness[:, near], (1 - plain.awareness[:, near]) * 0.75)
    assert np.array_equal(aware.awareness[:, ~near], plain.awareness[:, ~near])


def test_events_keep_their_number_and_stop_without_stores_that_trade():
    assert sum(is_event_day(day, 3.0) for day in range(365)) == 35 or sum(is_event_day(day, 3.0) for day in range(365)) == 36
    j = people(200, **EVENT)
    j.world.trading[:] = False
    for day in range(10):
        j.begin_day(day)
    assert (j.campaigns.held < 0).all() and j.campaigns.waiting[0] == 0


# ---- VIPs ---------------------------------------------------------------------------------------------------------
def test_spend_of_a_year_makes_a_vip_and_returns_and_time_unmake_him():
    j = people(300, days=400, vip_threshold=1000, vip_points=0.03, points_rate=0.01, points_everywhere=1, market={"identity": {"login": 1.0}})
    is_vip = lambda: j.campaigns.patrons["flags"] & VIP > 0
    j.begin_day(0)
    told(j, Outcome.DELIVERED, np.arange(300), 3600, 600)
    assert not is_vip().any()
    told(j, Outcome.DELIVERED, np.arange(200), 7200, 400, need=1)
    assert is_vip()[:200].all() and not is_vip()[200:].any() and sent(j, Sent.VIPS) == 200
    told(j, Outcome.RETURNED, np.arange(50), 10800, 400, need=1)
    assert not is_vip()[:50].any() and is_vip()[50:200].all()
    j.shoppers["flags"] |= 1
    j.campaigns.begin_day(j.scene, j.shoppers, j.needs, j.awareness, 364, j._log, j._logged)
    assert is_vip()[50:200].all()
    j.campaigns.begin_day(j.scene, j.shoppers, j.needs, j.awareness, 365, j._log, j._logged)
    assert not is_vip().any() and (j.campaigns.patrons["spent"] == 0).all()


def test_only_identified_spend_counts_and_in_stores_only_where_points_do():
    for everywhere in (0, 1):
        j = people(2000, vip_threshold=100, points_everywhere=everywhere, market={"identity": {"login": 0.5}})
        j.shoppers["flags"] |= LOYALTY
        j.begin_day(0)
        told(j, Outcome.BOUGHT, np.arange(1000), 3600, 100, Entry.STORE)
        told(j, Outcome.DELIVERED, np.arange(1000, 2000), 3600, 100, Entry.WEB)
        vip = j.campaigns.patrons["flags"] & VIP > 0
        assert vip[:1000].mean() == everywhere and binomial(vip[1000:].sum(), 1000, 0.5)


def test_vips_are_invited_wherever_they_live():
    j = people(3000, event_invites=1, invite_km=0.0, event_invited=1.0, vip_threshold=1, vip_invites=1, **{**EVENT, "event_near": 0.0})
    j.campaigns.patrons["flags"][:500] = VIP
    when = next(day for day in range(2, 28) if is_event_day(day, 6.0))
    j.begin_day(when - 2)
    due = j.campaigns.triggers[: j.campaigns.waiting[0]]
    home = j.world.distance_m[j.shoppers["zone"], int(j.campaigns.held[when])] == 0
    assert sent(j, Sent.VIP_INVITED) == 500 and set(due["shopper"]) == set(range(500)) | set(np.flatnonzero(home))


# ---- money --------------------------------------------------------------------------------------------------------
def case_of(j, **change):
    case = j.scene.case[0]
    for name, value in {"coupon": 0, "own_entries": 0, "live_ppm": 0, "points": 0, "vip_points": 0.0, **change}.items():
        case[name] = value
    return j.scene.levels[0], case


def test_the_best_of_the_coupons_that_count_in_a_channel_is_taken():
    j = people(10, coupon_rate=0.1, coupon_discount=0.08, own_rate=1.0, own_discount=0.1)
    web, store, social = 0, 1, 2
    for everywhere in (0, 1):
        j.world.policy.coupon_everywhere = everywhere
        j.refresh()
        levels, case = case_of(j, own_entries=1 << web)
        assert [unit_price(levels, case, e, 1000, 0) for e in (web, store, social)] == [900, 1000, 1000]
        levels, case = case_of(j, own_entries=1 << store, coupon=1)
        assert [unit_price(levels, case, e, 1000, 0) for e in (web, store, social)] == [920, 900, 920]
        levels, case = case_of(j, coupon=1)
        assert unit_price(levels, case, store, 1000, 0) == (920 if everywhere else 1000)


def test_points_count_in_stores_only_where_they_count_everywhere():
    j = people(10, points_rate=0.01)
    for everywhere in (0, 1):
        j.world.policy.points_everywhere = everywhere
        j.refresh()
        levels, case = case_of(j, points=1, vip_points=0.02)
        assert felt(levels, case, 0, 1000) == pytest.approx(970)
        assert felt(levels, case, 1, 1000) == pytest.approx(970 if everywhere else 1000)
        assert felt(*case_of(j), 0, 1000) == 1000


def test_an_assistant_spares_searching_on_the_own_web_alone():
    j = people(10, search_factor=0.5)
    cost = j.settings.market.choice.search_cost
    assert search_cost(j.scene.levels[0], 0) == pytest.approx(cost / 2)
    assert search_cost(j.scene.levels[0], 2) == search_cost(j.scene.levels[0], 3) == cost
    assert search_cost(people(10).scene.levels[0], 0) == cost


OWN = {"own_rate": 1.0, "own_discount": 0.2, "own_near": 0.3, "own_days": 5, "own_back": 1.0}


def test_who_nearly_bought_gets_a_coupon_comes_back_with_it_and_it_counts_where_it_was_given():
    for everywhere in (0, 1):
        j = people(6000, coupon_everywhere=everywhere, market={"identity": {"login": 1.0}}, **OWN)
        first = through(j, 0, 1)
        held = j.campaigns.patrons
        got, given = held["coupon_until"] > 0, sent(j, Sent.COUPONS)
        assert given > 30 and given - sent(j, Sent.COUPONS_USED) == got.sum() and set(held["coupon_until"][got]) == {6}
        assert set(held["coupon"][got]) == ({15} if everywhere else {1, 2})  # the web or the stores
        j.begin_day(1)
        back = j.missions[j.missions["kind"] == 7]
        assert len(back) == given and set(np.flatnonzero(got)) <= set(back["shopper"]) <= set(first["shopper"])
        j.advance(2 * DAY)
        used = sent(j, Sent.COUPONS_USED)
        assert 0 < used < given
        perks = j.campaigns.perks[: j.campaigns.perked[0]]
        assert len(perks) >= used and (perks["off"] >= 0).all() and (perks["off"] > 0).sum() == used
        spent = got & (held["coupon_until"] == 0)
        assert spent.sum() > 0 and set(np.unique(perks["key"][perks["off"] > 0] >> 35)) >= set(np.flatnonzero(spent))


def test_no_coupon_for_strangers_for_who_opted_out_nor_for_who_was_far_from_buying():
    known = people(3000, **OWN)
    strangers = people(3000, linked=False, market={"identity": {"login": 0.0}}, **OWN)
    out = people(3000, **OWN)
    out.shoppers["flags"] |= OPTED_OUT
    far = people(3000, **{**OWN, "own_near": 0.0})
    for j in (known, strangers, out, far):
        through(j, 0, 3)
    assert sent(known, Sent.COUPONS) > 30
    assert sent(strangers, Sent.COUPONS) == sent(out, Sent.COUPONS) == 0
    assert sent(far, Sent.COUPONS) < sent(known, Sent.COUPONS) / 3


def test_who_hears_of_coupons_that_he_lacks_loses_goodwill_once():
    market = {"goodwill": {"coupon_heard": 0.5, "price_gap": 0.2}, "identity": {"login": 1.0}}
    j = people(4000, market=market, coupon_rate=0.2, coupon_discount=0.1)
    missions = through(j, 0, 12)
    slighted = j.campaigns.patrons["flags"] & SLIGHTED > 0
    g = j.settings.market.goodwill
    assert slighted.sum() == sent(j, Sent.SLIGHTED) > 500
    lowest = -g.learning * 0.2
    assert (j.shoppers["goodwill"][slighted] < 0).all() and np.allclose(j.shoppers["goodwill"][slighted], lowest, rtol=1e-6)
    assert (j.shoppers["goodwill"][~slighted] == 0).all()
    once = np.bincount(missions["shopper"], minlength=4000) == 1
    considered = 1 - j.counts[:, Count.NOT_CONSIDERED].sum() / j.counts[:, Count.MISSIONS].sum()
    assert binomial(slighted[once].sum(), once.sum(), considered * 0.8 * 0.5) or abs(slighted[once].mean() - considered * 0.4) < 0.04
    quiet = people(4000, market={**market, "goodwill": {"coupon_heard": 0.0}}, coupon_rate=0.2, coupon_discount=0.1)
    through(quiet, 0, 3)
    assert not quiet.campaigns.patrons.size and (quiet.shoppers["goodwill"] == 0).all()


# ---- nobody else --------------------------------------------------------------------------------------------------
ALL = {
    "insert_open": 0.5, "after_days": 2, "after_open": 0.3, "lapse_days": 4, "lapse_open": 0.3, "vip_threshold": 100, "vip_points": 0.02,
    "points_rate": 0.01, "points_everywhere": 1, "vip_invites": 1, "event_invites": 1, "invite_km": 5.0, "event_invited": 0.3, **EVENT, **OWN,
}  # fmt: skip


def test_a_further_shopper_changes_nobody_and_windows_change_nothing():
    runs = [play(people_settings(n), online_policy(link_latency_s=0, **ALL), 12, cut_s=cut) for n, cut in ((995, 3600), (1000, 3600), (995, 900))]
    few, many, finer = runs
    mine = many.rows[many.rows["shopper"] < 995]
    order = np.lexsort((few.rows["key"], few.rows["t"]))
    assert np.array_equal(few.rows[order], mine[np.lexsort((mine["key"], mine["t"]))])
    assert np.array_equal(few.journeys.campaigns.patrons, many.journeys.campaigns.patrons[:995])
    assert np.array_equal(np.sort(few.rows, order="key"), np.sort(finer.rows, order="key"))
    assert sent(few.journeys, Sent.OPENED) > 50


def people_settings(n):
    return settings(shoppers=n, market=BUSY)


def test_levels_at_nothing_equal_none():
    nothing = {"insert_open": 0.0, "after_days": 1, "after_open": 0.0, "own_rate": 0.0, "events_per_month": 2.0, "event_near": 0.0, "vip_threshold": 10**9}
    plain, off = (play(people_settings(1500), online_policy(link_latency_s=0, **more), 10) for more in ({}, nothing))
    assert off.journeys.campaigns.patrons.size == 1500 and plain.journeys.campaigns.patrons.size == 0
    assert np.array_equal(plain.rows, off.rows) and len(plain.rows) > 100
    assert np.array_equal(plain.journeys.shoppers, off.journeys.shoppers) and np.array_equal(plain.journeys.counts, off.journeys.counts)
