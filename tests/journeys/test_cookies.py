"""What a site recommends by: the linked profile, or a cookie's own life; and when the customer file tells it."""

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.schema.codes import Count, Entry
from omosim.schema.columns import DAY, HOUR
from omosim.schema.shopper import CONSENT
from tests.journeys.harness import online_policy, play, small_world
from tests.journeys.small import settings


def busy(cookie_days=0.0, login=0.0, shoppers=1500, mobile=1.0, **policy):
    """Journeys of people who need something every other day or so, all of them consenting, each on one device unless told otherwise."""
    plain = settings(
        shoppers=shoppers, days=60, output={"touches": False},
        market={"demand": {"purchase_alpha_weeks": 5.0, "purchase_r": 5.0}, "identity": {"cookie_days": cookie_days, "login": login, "consent": 1.0, "loyalty": 1.0},
                "word_of_mouth": {"tell": 0.0}, "personalisation": {"rho_inf": 0.9, "n_half": 2.0}},
    ).model_dump()  # fmt: skip
    for segment in plain["market"]["segments"].values():
        segment["mobile_share"] = mobile
    s = settings().model_validate(plain)
    given = {"link_latency_s": 0, "shown_items": 5, **policy}
    world = small_world(s, online_policy(**given))
    j = Journeys(world, s, world.key0, world.key1)
    j.shoppers["aware_at"] = 0.0
    return j, s, world, online_policy(**given)


def met(j, days, first=0):
    """Play days; returns (days, n) missions that each shopper considered on each of them."""
    out = np.zeros((days - first, j.shoppers.size), int)
    for day in range(first, days):
        j.begin_day(day)
        before = int(j.counts[:, Count.NOT_CONSIDERED].sum())
        who = j.missions["shopper"].copy()
        j.advance((day + 1) * DAY)
        if int(j.counts[:, Count.NOT_CONSIDERED].sum()) == before:
            np.add.at(out[day - first], who, 1)
    return out


def considered_by_all(j):
    """Everybody thinks of us at every need."""
    j.scene.levels["consider_base"] = 50.0
    return j


def test_a_cookie_counts_its_visits_and_falls_to_none_when_it_changes():
    j, *_ = busy(cookie_days=10.0)
    considered_by_all(j)
    visits = met(j, 9)
    assert visits.sum() > 3000 and visits.max() < 200
    row = j.scene.cookies
    assert (row["events"][:, 1] == 0).all() and (j.shoppers["linked"] == 0).all() and (j.shoppers["pending"] == 0).all()
    same = row["number"][:, 0] == 0  # the first cookie still
    assert np.array_equal(row["events"][same, 0], visits.sum(axis=0)[same].clip(0, 255))
    changed = ~same
    assert 0.5 < changed.mean() < 0.95  # nine tenths of phases lie before day 9, but for who was not seen since
    assert row["events"][changed, 0].sum() < 0.75 * visits.sum(axis=0)[changed].sum()
    numbers = row["number"][:, 0].copy()
    met(j, 40, 9)
    assert (row["number"][:, 0] - numbers >= 2).mean() > 0.9  # one every ten days


def test_off_no_cookie_is_followed_and_endless_ones_forget_nothing():
    j, *_ = busy(cookie_days=0.0)
    considered_by_all(j)
    met(j, 3)
    assert j.scene.cookies.size == 1 and (j.scene.cookies["events"] == 0).all()
    j, *_ = busy(cookie_days=36_500.0)
    considered_by_all(j)
    visits = met(j, 6).sum(axis=0)
    kept = j.scene.cookies["events"][:, 0] == visits
    assert kept.mean() > 0.995  # a cookie of a hundred years changes in six days for one in six thousand


def test_a_login_takes_what_its_cookie_had_seen_into_the_profile_and_links_it():
    j, *_ = busy(cookie_days=36_500.0, login=0.0)
    considered_by_all(j)
    first = met(j, 3).sum(axis=0)
    j.scene.levels["login"] = 1.0
    second = met(j, 4, 3).sum(axis=0)
    came = second > 0
    assert (j.shoppers["linked"] == first + second)[came].mean() > 0.995  # of one in six thousand a cookie ended in between
    assert (j.scene.cookies["events"][came, 0] == 255).all()  # known whose they are
    j.scene.levels["login"] = 0.0  # from now on the cookie tells who it is
    third = met(j, 6, 4).sum(axis=0)
    assert (j.shoppers["linked"] == first + second + third)[came].mean() > 0.99


def test_two_devices_have_a_cookie_each():
    j, *_ = busy(cookie_days=36_500.0, mobile=0.75)
    considered_by_all(j)
    visits = met(j, 8).sum()
    events = j.scene.cookies["events"].sum(axis=0)
    assert abs(events.sum() - visits) < 0.01 * visits
    share = events[0] / events.sum()
    assert abs(share - 0.75) < 4 * np.sqrt(0.75 * 0.25 / visits)


def test_what_people_buy_is_better_chosen_the_longer_a_cookie_lives():
    sold = []
    for days in (0.0, 3.0, 36_500.0):
        _, s, _, policy = busy(cookie_days=days, shoppers=600)
        sold.append(len(play(s, policy, 12, cut_s=DAY, learn=False).rows))
    assert sold[0] < sold[1] < sold[2]


def test_what_is_bought_in_a_store_enters_the_profile_with_a_file_alone():
    """Events of the linked profile alone are recommended by: without a file a card tells the web nothing."""
    known = {}
    for latency in (-1, DAY):
        _, s, _, policy = busy(link_latency_s=latency, shoppers=400)
        policy.offers["enabled"] = 0
        policy.offers["enabled"][4] = 1
        shoppers = play(s, policy, 6).journeys.shoppers
        buyers = shoppers["bought"] & (1 << Entry.STORE) > 0
        assert buyers.sum() > 20
        known[latency] = (shoppers["linked"].astype(int) + shoppers["pending"])[buyers]
    assert (known[-1] == 0).all() and (known[DAY] > 0).all()


@pytest.mark.parametrize(("latency", "visible"), [(0, [0, 1, 2, 3, 4, 5, 6, 7]), (DAY, [1, 2, 3, 4, 5, 6, 7, 8]), (7 * DAY, [7] * 7 + [14])])
def test_events_are_in_the_profile_at_once_or_with_the_next_batch(latency, visible):
    j, *_ = busy(login=1.0, link_latency_s=latency, shoppers=400)
    considered_by_all(j)
    total = np.zeros(400, int)
    for day, seen_on in enumerate(visible):
        before = j.shoppers["linked"].astype(int) + j.shoppers["pending"]
        total += met(j, day + 1, day)[0]
        after = j.shoppers["linked"].astype(int) + j.shoppers["pending"]
        new = after > before
        assert np.array_equal(after, total) and new.sum() > 50
        if latency:
            assert (j.shoppers["pending_day"][new] == seen_on - 1).all() and (j.shoppers["pending"][new] > 0).all()
        else:
            assert (j.shoppers["pending"] == 0).all()


def test_who_gave_up_is_asked_again_on_the_next_day_only_if_the_file_knows_by_then():
    asked = {}
    for latency in (0, DAY, 7 * DAY):
        j, *_ = busy(login=1.0, link_latency_s=latency, shown_items=1, retarget_rate=0.5, shoppers=800)
        met(j, 9)
        asked[latency] = j.counts[:9, Count.TOUCH_MISSIONS].copy()
    assert np.array_equal(asked[0], asked[DAY]) and (asked[0][1:] > 20).all() and asked[0][0] == 0
    weekly = asked[7 * DAY]
    assert (weekly[[0, 1, 2, 3, 4, 5, 6, 8]] == 0).all() and weekly[7] > 20  # of day 6, whose night has the batch


def test_a_known_cookie_is_asked_again_as_a_login_is():
    asked = {}
    for days in (0.0, 36_500.0):
        j, *_ = busy(cookie_days=days, login=0.3, shown_items=1, retarget_rate=0.5, shoppers=800)
        met(j, 9)
        asked[days] = int(j.counts[:9, Count.TOUCH_MISSIONS].sum())
    assert asked[36_500.0] > 1.5 * asked[0.0] > 100


def test_a_further_shopper_changes_no_cookie():
    few, many = (considered_by_all(busy(cookie_days=4.0, login=0.3, mobile=0.7, shoppers=n)[0]) for n in (300, 303))
    for j in (few, many):
        met(j, 10)
    assert np.array_equal(few.scene.cookies, many.scene.cookies[:300]) and (few.shoppers["flags"] & CONSENT > 0).all()


def test_the_hour_of_the_cut_is_nothing_to_a_cookie():
    rows = []
    for cut in (HOUR, DAY):
        _, s, _, policy = busy(cookie_days=2.0, login=0.3, mobile=0.7, shoppers=200)
        rows.append(play(s, policy, 6, cut_s=cut, learn=False).journeys.scene.cookies.copy())
    assert np.array_equal(*rows)
