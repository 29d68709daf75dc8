"""The end of the year against closed forms: shares and heights, what seen weeks say of it, and a twin that is told."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from omosim.twin import season
from omosim.twin.history import History
from tests.conftest import experiment

rolling = experiment("twin_rolling")


def test_share_and_height_turn_each_other_round() -> None:
    assert season.share(0.0) == pytest.approx(61 / 365)
    for part in (0.15, 0.19, 0.30):
        assert season.share(season.height(part)) == pytest.approx(part, abs=1e-9)
    assert np.diff([season.height(v) for v in (0.15, 0.17, 0.19, 0.25, 0.30)]).min() > 0
    prior = season.retail_prior()
    assert season.share(prior.mean) == pytest.approx(season.ALL_RETAIL) and season.share(prior.mean + 3 * prior.sd) == pytest.approx(season.MOST)


def test_autumn_comes_evenly_and_is_over_at_christmas() -> None:
    at = season.shape(dt.date(2011, 8, 1), 160)
    assert (at[:32] == 0).all() and (np.diff(at[31:137]) == pytest.approx(1 / 105)) and at[:146].max() == 1.0
    assert at[(dt.date(2011, 12, 24) - dt.date(2011, 8, 1)).days] == 1.0 and (at[(dt.date(2011, 12, 25) - dt.date(2011, 8, 1)).days :] == 0).all()


def test_seen_weeks_move_the_height_as_generalised_least_squares_does() -> None:
    """One drift and one week's chance: the posterior of a level that walks plus height times shape, in closed form."""
    rng = np.random.default_rng(1)
    shapes = np.r_[0.9, 1.0, 1.0, np.zeros(11)]
    d, s, chance = 0.03, 0.08, 0.002
    logs = 5 + np.cumsum(d * rng.standard_normal(14)) + 0.5 * shapes + np.sqrt(s**2 + chance) * rng.standard_normal(14)
    logs[5] = np.nan
    seen = np.isfinite(logs)
    prior = season.Prior(0.2, 0.3)
    got = season.learn(prior, logs, np.full(14, chance), shapes, (d, d), (s, s))
    walk = d**2 * np.minimum.outer(np.arange(1, 15), np.arange(1, 15))
    cov = (walk + (s**2 + chance) * np.eye(14) + 1e4)[np.ix_(seen, seen)]
    x = shapes[seen]
    precision = x @ np.linalg.solve(cov, x) + 1 / prior.sd**2
    mean = (x @ np.linalg.solve(cov, logs[seen]) + prior.mean / prior.sd**2) / precision
    assert got.mean == pytest.approx(mean, abs=1e-4) and got.sd == pytest.approx(precision**-0.5, abs=1e-4)
    flat = season.learn(prior, logs, np.full(14, chance), np.zeros(14), (0.01, 0.1), (0.02, 0.15))
    assert (flat.mean, flat.sd) == pytest.approx((prior.mean, prior.sd)), "weeks in which the season stands still say nothing"


def buyers(heights: float, weeks: int, first: dt.date, seed: int = 3) -> History:
    """Five hundred people who buy by chance, at a pace that has an end of the year."""
    rng = np.random.default_rng(seed)
    pace = np.exp(heights * season.shape(first, 7 * weeks))
    n = rng.poisson(500 * 0.12 / 7 * pace)
    day = np.repeat(np.arange(7 * weeks), n)
    who = rng.integers(0, 500, day.size)
    value = np.exp(8 + 0.5 * rng.standard_normal(day.size)).round().astype(np.int64)
    none = np.zeros(0)
    return History(who.astype(np.int64), day + np.sort(rng.random(day.size)) * 0.9, value, none, none.astype(np.int64))


def test_a_log_that_begins_in_december_has_seen_one_and_the_twin_foretells_the_next() -> None:
    first = dt.date(2010, 12, 1)
    history = buyers(0.6, 51, first)
    told = rolling.Options(members=60, season=season.retail_prior())
    cut = 40 * 7
    prior = season.retail_prior()
    known = rolling.season_of(history, first, 100, told)
    assert known.sd < 0.6 * prior.sd and abs(known.mean - 0.6) < 2 * known.sd
    later = rolling.season_of(buyers(0.6, 51, dt.date(2011, 1, 3)), dt.date(2011, 1, 3), 100, told)
    assert (later.mean, later.sd) == pytest.approx((prior.mean, prior.sd)), "no December yet"
    nothing = rolling.season_of(history, first, 100, rolling.Options())
    assert (nothing.mean, nothing.sd) == (0.0, 0.0)
    # the season reaches the forecast: four weeks ahead in November the told members stand higher
    fitted = rolling.fit(history, first.weekday(), cut, told)
    actual = rolling.day_counts(history, 51 * 7)["orders"]
    off = {}
    for name, options in (("told", told), ("untold", rolling.Options(members=60))):
        rows = [o for o in rolling.follow(history, first, cut, 50 * 7, options, fitted=fitted) if o.day >= cut and o.day + 28 <= 51 * 7]
        off[name] = np.mean([np.log(o.forecast.weekly()["orders"][:, 3].mean() / actual[o.day + 21 : o.day + 28].sum()) for o in rows])
    assert abs(off["told"]) < abs(off["untold"]) and off["untold"] < -0.05
