"""The decision against normal worlds in closed form, its laws, and base stock against a Poisson quantile."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from omosim.twin.decide import daily_counts, levels, quantile, weigh


def test_normal_worlds_have_their_closed_form():
    """Two ways whose difference is N(m, s): P(better), the band, the regret and the worth of knowing are known."""
    mean, sd, n = 0.4, 1.0, 200_000
    draw = np.random.default_rng(5).normal(mean, sd, n)
    base = np.random.default_rng(6).normal(10.0, 5.0, n)
    choice = weigh({"now": base, "new": base + draw}, "now")
    new = choice.gains[1]
    loss = sd * (norm.pdf(mean / sd) - mean / sd * norm.cdf(-mean / sd))  # E max(0, -difference)
    assert choice.best == "new" and choice.sure
    assert new.gain == pytest.approx(mean, abs=4 * new.gain_error) and new.gain_error == pytest.approx(sd / np.sqrt(n), rel=0.01)
    assert new.prob_better == pytest.approx(norm.cdf(mean / sd), abs=0.004) == new.prob_best
    assert (new.low, new.high) == pytest.approx((mean - 1.6449 * sd, mean + 1.6449 * sd), abs=0.02)
    assert choice.worth_of_knowing == pytest.approx(loss, rel=0.02) and new.regret == pytest.approx(choice.worth_of_knowing)


def test_ways_that_are_not_told_count_for_nothing_in_what_is_lost_and_what_knowing_is_worth():
    """A told way whose difference to the present one is N(m, s), and one not told, with any figures: chance to be best, regret and EVPI are those of the first two alone."""
    mean, sd, n = 0.4, 1.0, 200_000
    draw = np.random.default_rng(5).normal(mean, sd, n)
    base = np.random.default_rng(6).normal(10.0, 5.0, n)
    far = base + np.random.default_rng(7).normal(3.0, 8.0, n)
    loss = sd * (norm.pdf(mean / sd) - mean / sd * norm.cdf(-mean / sd))  # E max(0, -difference): the told way's regret, and the worth of knowing
    choice = weigh({"now": base, "far": far, "new": base + draw}, "now", untold=["far"])
    now, far_, new = choice.gains
    assert (far_.prob_best, far_.regret) == (None, None) and far_.gain == pytest.approx(3.0, abs=0.1) and far_.prob_better == pytest.approx(norm.cdf(3 / 8), abs=0.004)
    assert new.prob_best == pytest.approx(norm.cdf(mean / sd), abs=0.004) and now.prob_best == pytest.approx(norm.cdf(-mean / sd), abs=0.004)
    assert new.regret == pytest.approx(loss, rel=0.02) == choice.worth_of_knowing and now.regret == pytest.approx(mean + loss, rel=0.02)
    assert choice.best == "new" and choice.sure  # far has the most on average, and no world tells it
    worse = weigh({"now": base, "far": far, "new": base - draw}, "now", untold=["far"])
    assert worse.best == "now" and not worse.sure
    every = weigh({"now": base, "far": far, "new": base + draw}, "now")
    assert every.sure and every.worth_of_knowing > 5 * loss  # counted, it would seem worth much to know more
    two = weigh({"now": base, "new": base + draw}, "now").gains
    assert [(g.prob_best, g.regret) for g in two] == [(pytest.approx(g.prob_best), pytest.approx(g.regret)) for g in (now, new)]


def test_where_no_way_is_told_nothing_is_said_of_knowing():
    base = np.random.default_rng(1).normal(10.0, 5.0, 50)
    choice = weigh({"now": base, "far": base + 3.0}, "now", untold=["far"])
    assert choice.best == "now" and choice.worth_of_knowing is None and choice.gains[0].regret == 0.0 and choice.gains[0].prob_best == 1.0 and not choice.sure
    assert weigh({"now": base}, "now").worth_of_knowing == 0.0
    with pytest.raises(ValueError, match="'now' is the present way"):
        weigh({"now": base, "far": base}, "now", untold=["now"])


def test_sure_is_said_of_a_worthless_way_in_one_study_of_twenty_at_most():
    """Three ways that are worth the same; both signs count, so one in forty for gains alone."""
    rng = np.random.default_rng(3)
    said = 0
    for _ in range(1000):
        base = rng.normal(0, 3, 40)
        said += weigh({"now": base, "a": base + rng.normal(0, 1, 40), "b": base + rng.normal(0, 1, 40)}, "now").sure
    assert 8 <= said <= 45


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=10, max_size=60), st.randoms())
def test_laws_of_a_choice(rows, random):
    """Shares lie in [0, 1]; order of worlds is nothing; a world twice is a weight of two; knowing is never worth less than nothing."""
    a, b = (np.array(column) for column in zip(*rows, strict=True))
    choice = weigh({"a": a, "b": b}, "a")
    assert choice.worth_of_knowing >= 0
    assert all(0 <= g.prob_better <= 1 and g.low <= g.high for g in choice.gains)
    assert choice.gains[0].gain == 0 == choice.gains[0].low == choice.gains[0].high
    order = list(range(a.size))
    random.shuffle(order)
    again = weigh({"a": a[order], "b": b[order]}, "a")
    assert again.best == choice.best or a.mean() == pytest.approx(b.mean())
    twice = weigh({"a": np.r_[a, a[:1]], "b": np.r_[b, b[:1]]}, "a")
    weighted = weigh({"a": a, "b": b}, "a", np.r_[2.0, np.ones(a.size - 1)])
    assert twice.gains[1].gain == pytest.approx(weighted.gains[1].gain, rel=1e-9, abs=1e-3)
    assert (twice.gains[1].low, twice.gains[1].high) == pytest.approx((weighted.gains[1].low, weighted.gains[1].high))


def test_too_few_worlds_and_unknown_ways_are_refused():
    with pytest.raises(ValueError, match="needed: 10 worlds"):
        weigh({"a": np.zeros(9)}, "a")
    with pytest.raises(ValueError, match="not finite"):
        weigh({"a": np.r_[np.zeros(11), np.nan]}, "a")
    with pytest.raises(ValueError, match="'b' is not among"):
        weigh({"a": np.zeros(12)}, "b")


def test_reorder_levels_are_poisson_quantiles():
    """Demand of a Poisson day: the level is the quantile of a Poisson of the lead time."""
    paths = np.random.default_rng(1).poisson(4.0, (400, 60)).astype(float)
    row = levels(paths, 2.0, 1.0, 0.95)
    assert abs(row["reorder_level"] - poisson.ppf(0.95, 8.0)) <= 1 and abs(row["order_up_to"] - poisson.ppf(0.95, 12.0)) <= 1
    assert row["daily_mean"] == pytest.approx(4.0, abs=0.05)


def test_doubt_about_the_level_raises_the_reorder_level():
    """Worlds that disagree on the rate need more stock than their mean rate."""
    rng = np.random.default_rng(2)
    rate = np.exp(rng.normal(np.log(4.0) - 0.5 * 0.5**2, 0.5, 400))
    unsure = levels(rng.poisson(rate[:, None], (400, 60)).astype(float), 2.0, 1.0, 0.95)
    assert unsure["reorder_level"] > poisson.ppf(0.95, 8.0) + 3


def test_what_is_on_hand_is_held_against_the_levels():
    """Poisson demand of 4 a day, 2 days from order to shelf, ordered daily: what is lacking, and the chance that it does not last."""
    paths = np.random.default_rng(3).poisson(4.0, (400, 60)).astype(float)
    up_to = levels(paths, 2.0, 1.0, 0.95)["order_up_to"]
    assert levels(paths, 2.0, 1.0, 0.95)["order_now"] is None is levels(paths, 2.0, 1.0, 0.95)["runs_out"]
    for there in (0, 5, 8, 13, 40):
        row = levels(paths, 2.0, 1.0, 0.95, on_hand=there)
        assert row["order_now"] == max(0, up_to - there) and row["runs_out"] == pytest.approx(poisson.sf(there, 8.0), abs=0.01)
        assert (row["runs_out"] > 0.05) == (there < row["reorder_level"])


def test_a_horizon_that_is_too_short_tells_no_level():
    row = levels(np.ones((20, 7)), 7.0, 1.0, 0.95, on_hand=3)
    assert (row["reorder_level"], row["order_up_to"], row["order_now"], row["runs_out"]) == (7, None, None, 1.0)
    assert levels(np.ones((20, 7)), 8.0, 1.0, 0.95)["reorder_level"] is None
    # parts of units are rounded up, what sums of parts miss by is not
    assert levels(np.full((20, 7), 1.1), 1.0, 1.0, 0.95)["order_up_to"] == 3 and levels(np.full((20, 7), 0.1 + 0.2 + 0.7), 1.0, 1.0, 0.95)["order_up_to"] == 2


def test_small_parts():
    assert quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), 0.5) == 2.0
    table = daily_counts(np.array([0, 1, 5]), np.array([0, 1, 0]), np.array([1, 0, 0]), np.array([3, 4, 9]), (2, 2, 2))
    assert table.sum() == 7 and table[0, 0, 1] == 3 and table[1, 1, 0] == 4
