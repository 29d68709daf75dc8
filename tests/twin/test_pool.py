"""A pool against closed forms: weights of sources of known skill, coverage of the mixture, no matter in which order they come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from omosim.twin.scores import crps
from tests.conftest import experiment, module_at

twin_pool = experiment("twin_pool")
crps_normal = module_at(Path(__file__).with_name("closed_forms.py")).crps_normal
picks, pool, pool_weights = twin_pool.picks, twin_pool.pool, twin_pool.pool_weights


def test_weights_of_two_sources_of_known_skill() -> None:
    """Two right forecasts with sds 1 and 2: mean CRPS sd / sqrt(pi), so the weights go to 4 : 1 (power 2) and 2 : 1 (power 1)."""
    rng = np.random.default_rng(1)
    y1, y2 = rng.standard_normal((2, 40_000))
    one, two = crps_normal(np.zeros(y1.size), 1.0, y1), crps_normal(np.zeros(y2.size), 2.0, 2 * y2)
    assert one.mean() == pytest.approx(1 / np.sqrt(np.pi), rel=0.02)
    even = {"a": np.full(50_000, 1 / np.sqrt(np.pi)), "b": np.full(50_000, 2 / np.sqrt(np.pi))}
    assert pool_weights(even, power=2.0, half_life=np.inf)["a"] == pytest.approx(0.8, abs=0.001)
    assert pool_weights(even, power=1.0, half_life=np.inf)["a"] == pytest.approx(2 / 3, abs=0.001)
    assert pool_weights(even, power=0.0) == {"a": 0.5, "b": 0.5}
    drawn = pool_weights({"a": one, "b": two}, power=1.0, half_life=np.inf)["a"]
    assert 0.5 < drawn < 0.75


def test_weights_begin_equal_and_move_with_what_is_seen() -> None:
    assert pool_weights({"a": np.zeros(0), "b": np.zeros(0), "c": np.zeros(0)}) == pytest.approx(dict.fromkeys("abc", 1 / 3))
    path = [pool_weights({"a": np.full(t, 1.0), "b": np.full(t, 3.0)}, power=2.0, half_life=np.inf)["a"] for t in range(30)]
    assert path[0] == 0.5 and (np.diff(path) > 0).all() and path[-1] < 0.9  # towards 9 / 10
    # share of a: 1/2, of b: 3/2; after four rows and four rows' worth of equal scores: 0.75 and 1.25
    assert path[4] == pytest.approx(0.75**-2 / (0.75**-2 + 1.25**-2))
    turned = {"a": np.r_[np.ones(20), np.full(10, 3.0)], "b": np.r_[np.full(20, 3.0), np.ones(10)]}
    assert pool_weights(turned, half_life=np.inf)["a"] > 0.5 > pool_weights(turned, half_life=4)["a"]
    shuffled = np.random.default_rng(0).permutation(30)
    again = pool_weights({k: v[shuffled] for k, v in turned.items()}, weeks_ago=np.arange(29.0, -1, -1)[shuffled], half_life=4)
    assert again == pytest.approx(pool_weights(turned, half_life=4)), "age counts, not the row"
    assert pool_weights({"a": np.r_[1.0, np.nan], "b": np.r_[1.0, 9.0]}) == {"a": 0.5, "b": 0.5}, "a week that one lacks compares nothing"
    scaled = pool_weights({k: 1e6 * v for k, v in turned.items()})
    assert scaled == pytest.approx(pool_weights(turned)), "no unit"


def test_a_pool_is_the_mixture_and_its_bands_hold() -> None:
    """Quantiles of .7 N(0, 1) + .3 N(4, 2) by root finding; what comes from the mixture lies in its 90 % band in 90 of 100."""
    rng = np.random.default_rng(2)
    paths = {"a": rng.standard_normal((60_000, 2)), "b": 4 + 2 * rng.standard_normal((30_000, 2))}
    made = pool(paths, {"a": 0.7, "b": 0.3}, rng)
    assert made.shape == (60_000, 2)
    low, high = (brentq(lambda x, q=q: 0.7 * norm.cdf(x) + 0.3 * norm.cdf(x, 4, 2) - q, -10, 20) for q in (0.05, 0.95))
    np.testing.assert_allclose(np.quantile(made, [0.05, 0.95], axis=0), [[low, low], [high, high]], atol=0.06)
    own = rng.random(40_000) < 0.7
    y = np.where(own, rng.standard_normal(40_000), 4 + 2 * rng.standard_normal(40_000))
    marks = np.quantile(made[:, 0], [0.05, 0.95])
    assert ((y >= marks[0]) & (y <= marks[1])).mean() == pytest.approx(0.9, abs=0.006)
    # two right forecasts: their pool covers at least what it says, and scores no worse than the mean of the two
    right = {"a": rng.standard_normal((20_000, 1)), "b": 1.5 + rng.standard_normal((20_000, 1))}
    both = pool(right, {"a": 0.5, "b": 0.5}, rng)
    came = rng.standard_normal(500)
    alone = np.mean([crps(right[k], c[None])[0] for k in right for c in came])
    assert np.mean([crps(both, c[None])[0] for c in came]) < alone


def test_the_order_of_sources_and_of_their_members_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    paths = {k: rng.standard_normal((50 + 10 * i, 3)) for i, k in enumerate("cab")}
    weights = {"a": 0.2, "b": 0.5, "c": 0.3}
    one = pool(paths, weights, np.random.default_rng(7))
    other = pool(dict(reversed(paths.items())), dict(reversed(weights.items())), np.random.default_rng(7))
    np.testing.assert_array_equal(one, other)
    assert pool_weights({"a": np.ones(3), "b": 2 * np.ones(3)}) == pool_weights({"b": 2 * np.ones(3), "a": np.ones(3)})
    whole = pool({"a": paths["a"]}, {"a": 1.0}, rng)
    np.testing.assert_array_equal(np.sort(whole, axis=0), np.sort(paths["a"], axis=0))  # one source: itself
    mixed = {"a": paths["a"][rng.permutation(60)], "b": paths["b"]}
    w = {"a": 1.0, "b": 0.0}
    np.testing.assert_array_equal(np.sort(pool(mixed, w, rng, 60), axis=0), np.sort(paths["a"], axis=0))


def test_counts_are_the_weights() -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        w = dict(zip("abc", rng.dirichlet(np.ones(3)), strict=True))
        chosen = picks({"a": 30, "b": 200, "c": 500}, w, 100, rng)
        for name, v in w.items():
            n = chosen.get(name, np.zeros(0, int)).size
            assert abs(n - 100 * v) < 1 and (name == "a" or np.unique(chosen.get(name, np.zeros(0))).size == n)
    twice = picks({"a": 30}, {"a": 1.0}, 75, rng)["a"]
    assert set(np.bincount(twice).tolist()) == {2, 3}



def test_what_makes_no_pool_is_refused() -> None:
    rng = np.random.default_rng(5)
    two = {"a": np.ones((3, 2)), "b": np.ones((3, 4))}
    for bad, word in (({"a": -1.0, "b": 2.0}, "0 or more"), ({"a": 0.0, "b": 0.0}, "above 0")):
        with pytest.raises(ValueError, match=word):
            pool({"a": np.ones((3, 2)), "b": np.ones((3, 2))}, bad, rng)
    with pytest.raises(ValueError, match="one shape"):
        pool(two, {"a": 0.5, "b": 0.5}, rng)
    with pytest.raises(ValueError, match="without paths"):
        pool({"a": np.ones((3, 2))}, {"a": 0.5, "naive": 0.5}, rng)
    with pytest.raises(ValueError, match="source"):
        pool_weights({})
    with pytest.raises(ValueError, match="same weeks"):
        pool_weights({"a": np.ones(2), "b": np.ones(3)})
    with pytest.raises(ValueError, match="below 0"):
        pool_weights({"a": -np.ones(2), "b": 2 * np.ones(2)})
    with pytest.raises(ValueError, match="ages"):
        pool_weights({"a": np.ones(2)}, weeks_ago=np.ones(3))
