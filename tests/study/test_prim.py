"""PRIM against planted boxes."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.study.prim import discover


def world(count: int = 2000, seed: int = 3) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    return {name: draw.uniform(0, 1, count) for name in ("a", "b", "c", "d")}


def test_a_planted_box_is_found() -> None:
    x = world()
    box = discover(x, (x["a"] > 0.6) & (x["b"] < 0.4))
    assert set(box.limits) == {"a", "b"}
    assert box.limits["a"][0] == pytest.approx(0.6, abs=0.03)
    assert box.limits["b"][1] == pytest.approx(0.4, abs=0.03)
    assert box.coverage > 0.9 and box.density > 0.9
    assert "a above 0." in box.text() and "b below 0." in box.text()


def test_a_middle_has_two_ends() -> None:
    x = world()
    box = discover(x, (x["c"] > 0.3) & (x["c"] < 0.7))
    low, high = box.limits["c"]
    assert set(box.limits) == {"c"} and low == pytest.approx(0.3, abs=0.03) and high == pytest.approx(0.7, abs=0.03)


def test_noise_of_a_tenth_does_not_hide_it() -> None:
    x = world()
    draw = np.random.default_rng(8)
    hit = (x["a"] > 0.5) & (x["d"] > 0.5)
    box = discover(x, hit ^ (draw.uniform(size=hit.size) < 0.1))
    assert set(box.limits) == {"a", "d"}
    assert box.density > 0.8


def test_chance_alone_gives_no_limit() -> None:
    limited = 0
    for seed in range(20):
        x = world(400, seed)
        limited += bool(discover(x, np.random.default_rng(seed + 100).uniform(size=400) < 0.3, significance=0.001).limits)
    assert limited <= 4  # the box is chosen, so its p-values are optimistic; docs say so


def test_levels_are_peeled_one_by_one() -> None:
    draw = np.random.default_rng(1)
    market = draw.choice(["seoul", "apparel", "grocery"], 900)
    fee = draw.uniform(0, 1, 900)
    box = discover({"market": market.tolist(), "fee": fee}, (market == "apparel") & (fee > 0.5))
    assert box.limits["market"] == ("apparel",)
    assert box.limits["fee"][0] == pytest.approx(0.5, abs=0.05)
    assert "market is apparel" in box.text()


def test_nothing_and_everything_of_interest() -> None:
    x = world(50)
    assert discover(x, np.zeros(50, bool)).coverage == 0
    whole = discover(x, np.ones(50, bool))
    assert whole.limits == {} and whole.density == 1 and whole.coverage == 1
    with pytest.raises(ValueError, match="a value a point"):
        discover({"a": [1.0]}, np.ones(2, bool))
