"""Word of mouth: the graph against Watts and Strogatz, what it does against its formulas, whom it leaves alone."""

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.kernels.journeys_talk import RING, friend, weeks_remembered
from omosim.schema.codes import Count, Entry, Outcome
from omosim.schema.columns import HOUR, OUTCOME, WEEK, order_key
from omosim.schema.shopper import KNOWS
from tests.journeys.harness import online_policy, play, small_world
from tests.journeys.small import settings


def make(shoppers=640, awareness=0.0, **word):
    how = {"tell": 1.0, "neighbours": 4, "rewired": 0.0, "worth_telling": 0.01, "weight": 0.5, **word}
    s = settings(shoppers=shoppers, market={"word_of_mouth": how})
    world = small_world(s, online_policy())
    j = Journeys(world, s, world.key0, world.key1)
    j.awareness[...] = awareness
    return j


def outcomes(code, people, channel=Entry.STORE):
    rows = np.zeros(len(people), OUTCOME)
    rows["t"], rows["shopper"], rows["code"], rows["channel"] = HOUR - 1, people, code, channel
    rows["key"] = [order_key(i, 0, 0) for i in people]
    return rows


def graph(n, k, p):
    return np.array([[friend(7, 0, i, e, p) for e in range(k)] for i in range(n)])


@pytest.mark.parametrize("k", [4, 8])
def test_clustering_of_whole_rings_is_that_of_watts_and_strogatz(k):
    links = graph(4 * RING, k, 0.0)
    sets = [set(row) for row in links.tolist()]
    assert all(len(s) == k and i not in s for i, s in enumerate(sets))
    assert (links // RING == np.arange(len(links))[:, None] // RING).all()
    closed = [j in sets[i] for s in sets for i in s for j in s if i != j]
    assert np.mean(closed) == pytest.approx(3 * (k - 2) / (4 * (k - 1)), rel=1e-12)


def test_rewiring_lowers_clustering_by_its_cube_and_leads_to_earlier_people_alone():
    k, p, n = 6, 0.2, 60 * RING
    links = graph(n, k, p)
    home = links // RING == np.arange(n)[:, None] // RING
    away = ~home[RING:]
    assert abs(away.mean() - p) < 4 * np.sqrt(p * (1 - p) / away.size) + 0.005  # a few new ends lie on the own ring
    assert (links[~home] < np.repeat(np.arange(n), k).reshape(n, k)[~home]).all()
    sets = [set(row) for row in links.tolist()]
    closed = [j in sets[i] for s in sets for i in s for j in s if i != j]
    lattice = 3 * (k - 2) / (4 * (k - 1))
    assert np.mean(closed) == pytest.approx(lattice * (1 - p) ** 3, rel=0.05)


def test_links_of_those_before_do_not_depend_on_who_comes_after():
    few, many = make(200, rewired=0.5), make(201, rewired=0.5)
    for j in (few, many):
        j.apply(outcomes(Outcome.BOUGHT, range(200)), HOUR)
    assert np.array_equal(few.shoppers, many.shoppers[:200])
    assert int(few.counts[0, Count.TOLD]) > 600


def test_neighbours_come_to_know_and_goodwill_moves_by_its_weight():
    j = make(awareness=0.5)
    j.shoppers["aware_at"] = 0.9
    j.shoppers["aware_at"][1] = 0.1  # knows us already
    j.apply(outcomes(Outcome.LATE, [0]), HOUR)
    g = j.settings.market.goodwill
    told = np.flatnonzero(j.shoppers["told"])
    assert set(told) == {2, RING - 1, RING - 2}
    assert np.allclose(j.shoppers["goodwill"][[1, *told]], -0.5 * g.learning * g.late, rtol=1e-5)
    assert np.count_nonzero(j.shoppers["goodwill"]) == 5  # the teller's own too
    assert int(j.counts[0, Count.TOLD]) == 4 and int(j.counts[0, Count.HEARD_FIRST]) == 3
    assert j.n_aware == 1 + 3 and not len(j.touches)


def test_small_surprises_and_a_retailer_without_talkers_move_nobody():
    quiet, dull = make(tell=0.0), make(worth_telling=4.0)
    for j in (quiet, dull):
        j.apply(outcomes(Outcome.LATE, range(0, 640, 10)), HOUR)
        assert int(j.counts[:, Count.TOLD].sum()) == 0 and not j.shoppers["told"].any()
        assert np.count_nonzero(j.shoppers["goodwill"]) == 64


def test_the_chance_that_a_neighbour_hears():
    j = make(6400, tell=0.3, rewired=0.2)
    j.apply(outcomes(Outcome.LATE, range(6400)), HOUR)
    n = 4 * 6400
    assert abs(int(j.counts[0, Count.TOLD]) / n - 0.3) < 4 * np.sqrt(0.3 * 0.7 / n) + 0.001


@pytest.mark.parametrize("decay", [0.02, 0.2])
def test_what_was_heard_is_forgotten_like_what_media_told(decay):
    u = (np.arange(20_000) + 0.5) / 20_000
    weeks = np.array([weeks_remembered(decay, x) for x in u])
    for n in (1, 5, 20):
        assert abs((weeks > n).mean() - (1 - decay) ** n) < 2e-4
    assert weeks_remembered(0.0, 0.5) == 65_535 and weeks_remembered(1.0, 0.5) == 1


def test_who_was_told_counts_as_aware_until_it_is_forgotten():
    j = make(awareness=0.0)
    j.shoppers["told"][:100] = 2
    for day, aware in ((0, 100), (13, 100), (14, 0)):
        j.day[0] = day
        assert j.n_aware == aware
    j.shoppers["flags"][7] |= KNOWS
    assert j.n_aware == 1
    assert 2 * WEEK == 14 * 86_400


def test_talk_brings_missions_that_no_touch_explains():
    base = {"demand": {"purchase_alpha_weeks": 3.0}, "awareness": {"initial": 0.2, "acquisition_per_week": 0.0}}
    how = {"tell": 0.5, "neighbours": 8, "worth_telling": 0.01}
    quiet, loud = (
        play(settings(shoppers=4000, market={**base, "word_of_mouth": word}), online_policy(), 21) for word in ({"tell": 0.0}, how)
    )
    first = int(loud.journeys.counts[:, Count.HEARD_FIRST].sum())
    assert first > 200 and quiet.journeys.counts[:, Count.HEARD_FIRST].sum() == 0
    assert loud.journeys.n_aware > quiet.journeys.n_aware + first // 2
    assert len(loud.rows) > 1.05 * len(quiet.rows)
    assert np.array_equal(loud.journeys.awareness, quiet.journeys.awareness)
