"""Noise that all points of a sweep share: more points do not even it out, and the answer says so."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.results.proportions import wilson
from omosim.study.designs import shares
from omosim.study.futures import futures
from omosim.study.sensitivity import indices
from omosim.study.shared_noise import agreement, interaction, reach, repetitions
from omosim.study.stats import paired, t_quantile
from omosim.study.uncertain import Sample, stands_out, study
from omosim.study.verdicts import answer, first_thing

MONEY = "minor KRW"


def sample(gains: np.ndarray, design: str = "lhs") -> Sample:
    """omo beats o2o by (points, repetitions) gains; one input that does nothing."""
    world = np.full(gains.shape, 1e6)
    return Sample(design, {"fee": np.linspace(0, 1, len(gains)).tolist()}, None, np.stack([world, world + gains]), ["o2o", "omo"], "o2o")


def said(given: Sample) -> str:
    drawn = len(given.columns["fee"]) if given.design == "lhs" else None
    return answer(futures(given.values, given.strategies, given.baseline, drawn), study(given), given.baseline, MONEY, "futures")


@pytest.mark.parametrize("design", ["lhs", "grid"])
def test_points_do_not_even_out_what_they_share(design: str) -> None:
    gains = np.tile([50.0, 20.0], (64, 1))
    (row,) = study(sample(gains, design))
    half = t_quantile(0.975, 1) * 15  # the mean of 50 and 20 has the error 15
    assert row["gain"]["ci_low"] == pytest.approx(35 - half) and row["gain"]["ci_high"] == pytest.approx(35 + half)
    _, omo = futures(sample(gains, design).values, ["o2o", "omo"], "o2o", 64 if design == "lhs" else None)
    assert omo["share_best"] == 1 and omo["share_best_low"] == 0
    text = said(sample(gains, design))
    assert text.startswith("One cannot tell which strategy is best over these futures: omo earns most at 64 of 64") and "Whether omo earns more than o2o" in text


def test_the_spread_of_drawn_points_is_added_by_squares() -> None:
    point, rep = np.arange(20.0), np.array([1.0, 2.0, 6.0])
    gains = point[:, None] + rep
    spread = paired((point + 3).tolist(), [0.0] * 20)
    assert spread.ci_low is not None and spread.diff is not None
    half = t_quantile(0.975, 2) * np.std(rep, ddof=1) / np.sqrt(3)
    (drawn,), (chosen,) = study(sample(gains)), study(sample(gains, "grid"))
    assert drawn["gain"]["ci_low"] == pytest.approx(12.5 - np.hypot(spread.diff - spread.ci_low, half))
    assert chosen["gain"]["ci_low"] == pytest.approx(12.5 - half)


def test_share_and_its_interval() -> None:
    gains = np.linspace(-9.5, 90.5, 101)[:, None] + np.array([[-0.1, 0.1]])  # 10 points below 0; half-width 1.27: one more or less
    values = sample(gains).values
    by_draw = wilson(91, 101)
    assert by_draw is not None
    _, omo = futures(values, ["o2o", "omo"], "o2o", 101)
    assert omo["share_best"] == pytest.approx(91 / 101)
    assert omo["share_best_low"] == pytest.approx(91 / 101 - np.hypot(91 / 101 - by_draw[0], 1 / 101))
    _, chosen = futures(values, ["o2o", "omo"], "o2o")
    assert (chosen["share_best_low"], chosen["share_best_high"]) == (pytest.approx(90 / 101), pytest.approx(92 / 101))


def test_one_repetition_has_no_interval_and_no_best() -> None:
    given = sample(np.full((8, 1), 70.0))
    (row,) = study(given)
    assert row["gain"] == {"mean": 70.0, "ci_low": None, "ci_high": None}
    text = said(given)
    assert text.startswith("One cannot tell which strategy is best") and "one repetition a point" in text and "earned KRW 70 more" in text


def test_no_best_where_most_points_cannot_be_told() -> None:
    draw = np.random.default_rng(2)
    given = sample(100 + draw.normal(0, 200, (400, 4)))
    text = said(given)
    assert "One cannot tell which strategy is best" in text and "omo earns KRW" in text  # on average it can be told


def test_the_interval_of_the_mean_keeps_its_promise() -> None:
    """Points, what they share and what they do not, all random: 95 in 100 or more."""
    draw = np.random.default_rng(4)
    hits = 0
    for _ in range(400):
        gains = draw.normal(0, 1, (16, 1)) + draw.normal(0, 1, (1, 4)) + draw.normal(0, 1, (16, 4))
        (row,) = study(sample(gains))
        hits += row["gain"]["ci_low"] <= 0 <= row["gain"]["ci_high"]
    assert hits >= 0.93 * 400


def test_holes_are_filled_by_point_and_repetition() -> None:
    values = np.array([1.0, 5.0, 9.0])[:, None] + np.array([0.0, 2.0, -2.0])
    holed = values.copy()
    holed[0, 2] = np.nan
    assert repetitions(values) is not None and np.array_equal(repetitions(values), values)
    assert repetitions(holed)[0, 2] == pytest.approx(2.0 + (-2.0))  # the point's mean of two, and -2 of the repetition
    rare = np.concatenate([values, [[7.0], [np.nan], [np.nan]]], axis=1)
    assert repetitions(rare).shape == (3, 3)


def test_parts_of_the_noise() -> None:
    shared = np.arange(10.0)[:, None] + np.array([3.0, -3.0])
    assert interaction(shared) == pytest.approx(0, abs=1e-12) and interaction(shared[:, :1]) is None
    crossed = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert interaction(crossed) == pytest.approx(4) and reach(crossed) == (0, 0)
    assert reach(shared[:, :1]) is None and agreement(shared[:, :1], lambda y: float(y[0])) == (None, None)


def test_a_slope_that_repetitions_do_not_agree_on_does_not_stand_out() -> None:
    """Two repetitions with slopes +3 and +1: t = 2 with one degree of freedom, a chance of 0.295."""
    x = np.linspace(0, 1, 40)
    given = sample(1000 * (x - 0.5)[:, None] * np.array([3.0, 1.0]))
    (row,) = study(given)
    assert row["sensitivity"][0]["p_value"] == pytest.approx(0.2952, abs=1e-4)
    assert "No input stands out from chance" in first_thing(row)
    (sure,) = study(sample(1000 * (x - 0.5)[:, None] * np.array([3.0, 3.0])))
    assert "The first thing to find out is fee" in first_thing(sure)


def test_morris_noise_is_money_and_nothing_without_effect_stands_out() -> None:
    """Noise of variance v and R replications: mu* of an idle input is 2 sqrt(v / (pi R)) over the step of 2/3."""
    pytest.importorskip("SALib")
    u = shares(2, "morris", 400, 1)
    values = np.random.default_rng(1).normal(0, 30, (len(u), 2)) + np.array([500.0, -400.0])
    rows = indices("morris", ["a", "b"], u, values)
    assert rows[2]["effect"] == pytest.approx(3 * 30 / np.sqrt(2 * np.pi), rel=0.05)
    assert rows[0]["effect"] == pytest.approx(rows[2]["effect"], rel=0.1) and rows[0]["first"] == pytest.approx(0, abs=10)
    assert not any(stands_out({"p_value": None, **row}, rows[2]["effect"]) for row in rows[:2])


@pytest.mark.parametrize("design", ["morris", "saltelli"])
def test_designs_ask_that_replications_agree(design: str) -> None:
    """Slopes +3 and +1: the half-width over two replications is 12.7 times the error, whatever the trajectories say."""
    pytest.importorskip("SALib")
    u = shares(2, design, 64, 1)
    one = lambda slopes: indices(design, ["a", "b"], u, 1000 * u[:, :1] * np.array(slopes))
    torn, sure = one([3.0, 1.0]), one([2.0, 2.0])
    assert torn[0]["input"] == sure[0]["input"] == "a" and torn[0]["effect"] == pytest.approx(sure[0]["effect"], abs=1e-9)
    assert torn[0]["ci"] ** 2 - sure[0]["ci"] ** 2 == pytest.approx((t_quantile(0.975, 1) * (1000 if design == "morris" else 0.5 * sure[0]["effect"])) ** 2, rel=0.05)
    assert not stands_out({"p_value": None, **torn[0]}, torn[2]["effect"]) and stands_out({"p_value": None, **sure[0]}, sure[2]["effect"])
    single = indices(design, ["a", "b"], u, 1000 * u[:, :1])
    assert single[0]["ci"] is None and single[2]["effect"] is None and not stands_out({"p_value": None, **single[0]}, None)


def test_shares_of_a_fit_do_not_add_up_to_more_than_one() -> None:
    draw = np.random.default_rng(8)
    for _ in range(20):
        (row,) = study(sample(draw.normal(0, 1, (8, 2)) + draw.normal(0, 5, (1, 2))))
        assert sum(r["effect"] for r in row["sensitivity"]) == pytest.approx(1)
