"""What experience does: goodwill, belief, habit, profile, dropout; each against its formula."""

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.schema.codes import Count, Entry, Outcome
from omosim.schema.columns import DAY, HOUR, OUTCOME, order_key
from tests.journeys.harness import online_policy, small_world
from tests.journeys.small import settings


def make(shoppers=400, market=None, **policy):
    s = settings(shoppers=shoppers, market=market or {})
    p = online_policy(**policy)
    world = small_world(s, p)
    return Journeys(world, s, world.key0, world.key1)


def outcome(code, shopper=0, need=0, t=HOUR - 1, value=0, channel=Entry.WEB, node=1):
    row = np.zeros(1, OUTCOME)
    row["t"], row["key"], row["value"] = t, order_key(shopper, 0, need), value
    row["shopper"], row["node"], row["code"], row["channel"] = shopper, node, code, channel
    return row


def test_goodwill_fades_and_learns():
    j = make()
    g = j.settings.market.goodwill
    j.apply(outcome(Outcome.LATE), HOUR)
    first = -g.learning * g.late
    assert j.shopper(0).goodwill == pytest.approx(first, rel=1e-5)
    later = HOUR + 21 * DAY
    j.apply(outcome(Outcome.LATE, t=later - 1), later)
    assert j.shopper(0).goodwill == pytest.approx(first * np.exp(-3 / g.memory_weeks) + first, rel=1e-5)
    assert j.shopper(1).goodwill == 0.0


def test_an_empty_shelf_lowers_the_belief_unless_the_stock_was_checked():
    hidden, shown = make(), make(stock_shown=1, market={"choice": {"stock_check_share": 1.0}})
    for j in (hidden, shown):
        j.apply(outcome(Outcome.EMPTY_SHELF, channel=Entry.STORE), HOUR)
    c = hidden.settings.market.choice
    assert hidden.shopper(0).belief == pytest.approx(c.belief_start * (1 - c.belief_rate), rel=1e-5)
    assert shown.shopper(0).belief == pytest.approx(c.belief_start, rel=1e-5)
    assert hidden.shopper(0).goodwill < -hidden.settings.market.goodwill.learning * hidden.settings.market.goodwill.empty_shelf


def test_what_replaces_a_missing_item_teaches_nothing_of_stock():
    j = make()
    for code in (Outcome.EMPTY_SHELF, Outcome.BOUGHT_OTHER):
        j.apply(outcome(code, value=70, channel=Entry.STORE), HOUR)
    c = j.settings.market.choice
    assert j.shopper(0).belief == pytest.approx(c.belief_start * (1 - c.belief_rate), rel=1e-5)
    assert j.shopper(0).spend == 70


def test_a_return_costs_its_pleasure_and_its_hassle():
    j = make(market={"goodwill": {"return_hassle": 0.2, "pleasure": 0.4}})
    j.apply(outcome(Outcome.RETURNED, value=70), HOUR)
    assert j.shopper(0).goodwill == pytest.approx(-j.settings.market.goodwill.learning * 0.6, rel=1e-5)


def test_a_purchase_leaves_spend_habit_and_knowledge():
    j = make()
    j.apply(np.concatenate([outcome(Outcome.DELIVERED, value=5000), outcome(Outcome.BOUGHT, shopper=3, value=70, channel=Entry.STORE)]), HOUR)
    a, b = j.shopper(0), j.shopper(3)
    assert (a.spend, a.purchases, a.bought_in) == (5000, 1, {"web"})
    assert (b.spend, b.purchases, b.bought_in) == (70, 1, {"store"})
    assert a.habit["web"] == pytest.approx(j.settings.market.choice.habit_rate, abs=0.003) and a.habit["store"] == 0
    assert int(j.counts[0, Count.ACQUIRED]) == 2 and int(j.counts[0, Count.ORDERS_STORE]) == 1


def test_no_one_leaves_after_the_first_purchase_and_p_after_the_second():
    n = 4000
    j = make(n, market={"goodwill": {"dropout_slope": 0.0}})
    for need in range(2):
        rows = np.concatenate([outcome(Outcome.DELIVERED, shopper=i, need=need) for i in range(n)])
        j.apply(rows, (need + 1) * HOUR)
        if need == 0:
            assert j.n_alive == n
    p = j.shoppers["dropout"].astype(float)
    assert abs((n - j.n_alive) - p.sum()) < 4 * np.sqrt((p * (1 - p)).sum())
    assert int(j.counts[:, Count.DROPPED_OUT].sum()) == n - j.n_alive


def test_goodwill_keeps_customers():
    lost = []
    for goodwill in (-0.5, 0.5):
        j = make(3000)
        j.shoppers["goodwill"], j.shoppers["purchases"] = goodwill, 1
        j.apply(np.concatenate([outcome(Outcome.DELIVERED, shopper=i) for i in range(3000)]), HOUR)
        lost.append(3000 - j.n_alive)
    assert lost[0] > 1.5 * lost[1]


@pytest.mark.parametrize(("latency", "at_once", "next_day"), [(0, 1, 1), (DAY, 0, 1), (-1, 0, 1)])
def test_profile_learns_at_once_by_night_or_in_its_own_channel(latency, at_once, next_day):
    j = make(market={"identity": {"consent": 1.0, "login": 1.0, "loyalty": 1.0}}, link_latency_s=latency)
    j.refresh()
    j.apply(outcome(Outcome.DELIVERED), HOUR)
    assert j.shopper(0).linked_events == at_once
    j.apply(outcome(Outcome.DELIVERED, need=1, t=DAY), DAY + HOUR)
    assert j.shopper(0).linked_events == next_day + (1 if latency == 0 else 0)
    j.apply(outcome(Outcome.BOUGHT, shopper=2, channel=Entry.STORE), 2 * HOUR)
    store_seen = int(j.shoppers["linked"][2]) + int(j.shoppers["pending"][2])
    assert store_seen == (0 if latency < 0 else 1)


def test_awareness_follows_its_equation():
    j = make()
    a = j.settings.market.awareness
    start, rho = j.awareness.copy(), j.world.exposure_rho()[None, :] + j.world.billboard[:, None] + a.acquisition_per_week
    for day in range(7):
        j.begin_day(day)
    expect = start.copy()
    for _ in range(7):
        forget = 1 - (1 - a.decay_per_week) ** (1 / 7)
        expect = expect * (1 - forget) + (1 - expect) * (1 - np.exp(-rho / 7))
    assert np.allclose(j.awareness, expect, rtol=1e-12)


def test_browsing_follows_awareness_by_zone():
    j = make(20_000)
    for day in range(10):
        j.begin_day(day)
    rate = j.settings.market.sessions.browse_per_week / 7
    expected = (j.users * j.awareness).sum() * rate * 10
    assert abs(j.zone_sessions.sum() - expected) < 5 * np.sqrt(expected)
    assert j.counts[:10, Count.WEB_SESSIONS].sum() >= j.zone_sessions.sum()


def test_every_web_session_is_counted_in_its_zone():
    j = make(2_000)
    for day in range(3):
        j.begin_day(day)
        j.advance((day + 1) * DAY)
    assert j.counts[:3, Count.WEB_SESSIONS].min() > 0
    assert (j.zone_sessions[:3].sum(axis=1) == j.counts[:3, Count.WEB_SESSIONS]).all()


def test_what_is_bought_on_the_way_is_spent_and_counted_and_teaches_nothing_twice():
    j = make()
    collected = outcome(Outcome.COLLECTED, value=5000)
    extra = outcome(Outcome.EXTRA, value=700, channel=Entry.STORE)
    extra["key"] += 1
    j.apply(collected, HOUR)
    alone = j.shoppers[0].copy()
    other = make()
    other.apply(np.concatenate([collected, extra]), HOUR)
    both = other.shoppers[0].copy()
    assert both["spend"] == alone["spend"] + 700 == 5700
    both["spend"] = alone["spend"]
    assert both == alone
    assert int(other.counts[0, Count.EXTRA_PURCHASES]) == 1 and int(other.counts[0, Count.ORDERS_STORE]) == 1
