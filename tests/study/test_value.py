"""Values of capabilities against games whose values are known: closure, synergy, ladder, sampled orders and their interval."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.study.coalitions import ADDED, CHANGED, DROPPED, Game, game
from omosim.study.value import Ladder, estimate, masks_of, orders_of, pair_masks, pairs_of, synergies, values, verdicts

NEEDS = {"fitting": ("pickup",), "pickup": ("web",), "push": ("file",)}


def simple(count: int) -> Game:
    return game({}, {f"c{i}": 1 for i in range(count)}, (), {}, {})


def noisy(means, sigma: float = 0.0, replications: int = 6, seed: int = 0):
    """Worth of a state: the sum of its members' means, with luck that all coalitions of a replication share."""
    draw = np.random.default_rng(seed)
    luck, own = draw.normal(0, 50, replications), {}

    def worth(mask: int) -> np.ndarray:
        if mask not in own:
            own[mask] = draw.normal(0, sigma, replications) if sigma else 0.0
        return luck + sum(m for i, m in enumerate(means) if mask >> i & 1) + own[mask]

    return worth


def test_an_additive_game_gives_each_its_own_worth_and_no_synergy() -> None:
    g, own = simple(4), [30.0, -10.0, 5.0, 0.0]
    found = values(g, noisy(own), [])
    assert [e.mean for e in found.each] == pytest.approx(own) and found.total.mean == pytest.approx(25) and found.residual < 1e-9
    assert [e.low for e in found.each] == pytest.approx(own, abs=1e-6)
    assert verdicts(found.each) == ["better", "worse", "better", "cannot_tell"]
    rows = synergies(g, noisy(own), pairs_of(g, found), False)
    assert len(rows) == 6 and all(row["verdict"] == "cannot_tell" and row["index"] == pytest.approx(0, abs=1e-9) for row in rows)


def test_a_coalition_without_what_it_requires_is_worth_its_able_members() -> None:
    g = game({"web": 1}, {"web": 1, "pickup": 1, "fitting": 1}, (), NEEDS, {})
    names = [p.name for p in g.players]
    only = 1 << names.index("fitting")
    assert dict(g.state(only)) == dict(g.state(0)) == {"web": False}
    assert dict(g.state(g.full)) == {"fitting": True, "pickup": True, "web": False}
    worth = lambda mask: np.full(3, 90.0 * (("fitting", True) in g.state(mask)) + 10.0 * (("pickup", True) in g.state(mask)))
    found = dict(zip(names, (e.mean for e in values(g, worth, []).each), strict=True))
    assert found == pytest.approx({"pickup": 55.0, "fitting": 45.0})
    assert g.company(names.index("fitting"), 0) == g.full and g.linked(0, 1)
    ladder = Ladder(g)
    ladder.climb(worth)
    assert ladder.rows[0]["capability"] == "fitting with pickup" and ladder.rows[0]["gain"] == 100 and ladder.ended


def test_added_dropped_changed_and_exclusion() -> None:
    against = {"sale": ("one_price",)}
    g = game({"sale": 1, "feed": 1}, {"one_price": 1, "feed": 2}, (), {}, against)
    at = {p.name: i for i, p in enumerate(g.players)}
    assert {name: g.change(i) for name, i in at.items()} == {"one_price": ADDED, "sale": DROPPED, "feed": CHANGED}
    assert dict(g.state(1 << at["one_price"])) == {"sale": False, "feed": False}  # the newcomer waits until the old one goes
    assert dict(g.state(1 << at["sale"] | 1 << at["one_price"])) == {"feed": False, "one_price": True}
    assert dict(g.state(1 << at["feed"])) == {"sale": False, "feed": True}
    assert g.company(at["one_price"], 0) == 1 << at["sale"] | 1 << at["one_price"]


def test_the_target_that_loses_a_requirement_takes_those_along_that_need_it() -> None:
    g = game({"web": 1, "pickup": 1, "fitting": 1}, {}, (), NEEDS, {})
    web = 1 << [p.name for p in g.players].index("web")
    assert g.state(web) == () and len(g.state(0)) == 3


def test_named_players_and_the_rest() -> None:
    target = {"web": 1, "pickup": 1, "fitting": 1, "push": 1, "file": 1}
    g = game({"web": 1}, target, ("push",), NEEDS, {})
    assert [(p.name, len(p.members)) for p in g.players] == [("push", 1), ("the other 3", 3)]
    assert dict(g.state(1)) == {"web": False} and len(g.state(2)) == 4
    assert [p.name for p in game({"web": 1}, {"web": 2}, ("web",), NEEDS, {}).players] == ["web"]


def test_sampled_orders_agree_with_all_orders_within_their_interval() -> None:
    rng = np.random.default_rng(5)
    count, inside, tries = 6, 0, 60
    for seed in range(tries):
        table = rng.normal(0, 100, 1 << count)
        worth = lambda mask, t=table: np.full(4, t[mask])
        g = simple(count)
        truth = values(g, worth, [])
        orders = orders_of(g, 12, seed, exact_most=2)
        found = values(g, worth, orders)
        assert len(orders) == 24 and found.residual < 1e-9 and found.orders == 24
        assert found.total.mean == pytest.approx(truth.total.mean)
        e = found.each[0]
        assert e.low is not None and e.high is not None and e.sampling == pytest.approx((e.high - e.low) / 2, rel=0.2)
        inside += e.low <= truth.each[0].mean <= e.high
    assert inside >= 52  # 95 % of 60, less three standard deviations


def test_the_interval_of_replications_covers() -> None:
    inside = 0
    for seed in range(200):
        e = values(simple(2), noisy([10.0, 0.0], 5.0, 8, seed), []).each[0]
        inside += e.low <= 10.0 <= e.high
    assert 180 <= inside <= 200


def test_masks_hold_all_that_is_asked_for() -> None:
    g = simple(12)
    orders = orders_of(g, 3, 1)
    asked = set(masks_of(g, orders))
    found = values(g, lambda mask: np.zeros(2) if mask in asked else 1 / 0, orders)
    assert len(pairs_of(g, found)) == 15
    more = asked | set(pair_masks(g, pairs_of(g, found)))
    assert len(synergies(g, lambda mask: np.zeros(2) if mask in more else 1 / 0, pairs_of(g, found), True)) == 15
    assert masks_of(simple(3), []) == list(range(8)) and orders_of(simple(10), 3, 1) == []


def test_the_ends_give_the_interaction_of_pairs_and_triples() -> None:
    """Planted: a pair of 40, a triple of 90 (a third of an interaction each at the ends' mean: half of it), others add up."""
    g = simple(4)
    worth = lambda mask: np.full(2, 10.0 * (mask & 1) + 40.0 * (mask & 3 == 3) + 90.0 * (mask & 7 == 7))
    exact = {(r["a"], r["b"]): r["index"] for r in synergies(g, worth, pairs_of(g, values(g, worth, [])), False)}
    ends = {(r["a"], r["b"]): r["index"] for r in synergies(g, worth, [(i, j) for i in range(4) for j in range(i + 1, 4)], True)}
    assert exact == pytest.approx(ends) and exact["c0", "c1"] == pytest.approx(40 + 45)


def test_the_ladder_is_greedy_and_stops_where_money_is_lost() -> None:
    """a and b substitute one another: the second of them is worth little after the first."""
    g = simple(3)
    worth = lambda mask: np.full(3, 100.0 * (mask & 1) + 80.0 * (mask >> 1 & 1) - 90.0 * (mask & 3 == 3) + 30.0 * (mask >> 2 & 1))
    ladder = Ladder(g)
    while not ladder.ended:
        ladder.climb(worth)
    assert [(r["capability"], r["gain"]) for r in ladder.rows] == [("c0", 100), ("c2", 30), ("c1", -10)]
    assert [r["verdict"] for r in ladder.rows] == ["better", "better", "worse"] and ladder.rows[0]["runner_up"] == "c1"


def test_one_replication_has_no_interval() -> None:
    assert estimate(np.array([3.0])).low is None and estimate(np.array([3.0]), 1.0, 4).high is None
