"""From members to bands, the law-based members against closed forms, and that nothing later enters a forecast."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from omosim.twin import bgcnbd, record
from omosim.twin.forecast import (
    COLUMNS,
    KEPT,
    Forecast,
    Known,
    as_data,
    missing_spread,
    quantiles,
    with_actuals,
    with_chance,
    with_trips,
)
from omosim.twin.history import History
from tests.conftest import experiment

lawmembers, rolling = experiment("twin_lawmembers"), experiment("twin_rolling")

MONDAY = dt.date(2024, 1, 1)


def toy(n: int, mean: float, days: int, seed: int = 0) -> Forecast:
    """Poisson days of known level: orders, pickups by hour, and a share."""
    rng = np.random.default_rng(seed)
    level = np.full((n, days), mean)
    hours = rng.poisson(level[:, :, None] / 24, (n, days, 24)).astype(float)
    return Forecast(MONDAY, {"orders": rng.poisson(level).astype(float), "stockout_share": 0.1 * np.ones_like(level)}, {"orders": "orders"}, {"pickup_load": hours})


def synthetic(weeks: int, seed: int, per_week: float = 6.0, old: int = 150) -> History:
    """Customers of the law itself, no closed days: new ones every day, gamma rates, Erlang-1 gaps, geometric lives."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(old + rng.poisson(per_week * weeks)):
        t = rng.uniform(0, 6) if who < old else rng.uniform(0, weeks)
        rate, leave = rng.gamma(1.0) / 3.0, rng.beta(0.5, 5.0)
        while t < weeks:
            rows.append((who, 7 * t, np.exp(8 + rng.normal())))
            if rng.random() < leave:
                break
            t += rng.exponential() / max(rate, 1e-6)
    frame = pd.DataFrame(rows, columns=["who", "t", "value"]).sort_values("t")
    none = np.zeros(0)
    return History(frame["who"].to_numpy(np.int64), frame["t"].to_numpy(), frame["value"].round().to_numpy(np.int64), none, none.astype(np.int64))


def test_a_table_has_days_hours_and_weeks_of_the_same_paths() -> None:
    made = toy(500, 60.0, 15)
    table = made.table()
    assert tuple(table.columns) == COLUMNS
    assert table.groupby("step").size().to_dict() == {"day": 30, "hour": 15 * 24, "week": 4}
    day = table[(table["series"] == "orders") & (table["step"] == "day")]
    week = table[(table["series"] == "orders") & (table["step"] == "week")]
    assert week["mean"].iloc[0] == pytest.approx(day["mean"].iloc[:7].sum())
    assert week["q95"].iloc[0] < day["q95"].iloc[:7].sum() - 40, "quantiles do not add up: seven independent days vary less"
    assert week["q95"].iloc[0] - week["mean"].iloc[0] == pytest.approx(1.645 * np.sqrt(420), rel=0.12)
    assert list(week["date"]) == ["2024-01-01", "2024-01-08"] and list(week["horizon"]) == [1, 2]
    shares = table[table["series"] == "stockout_share"]
    np.testing.assert_allclose(shares["mean"], 0.1)  # a week's share is a mean
    assert (np.diff(table[list(KEPT)].to_numpy(), axis=1) >= 0).all()


@pytest.mark.parametrize("members", [20, 30, 60, 200])
def test_bands_of_few_members_hold_what_they_say(members: int) -> None:
    """What comes is drawn as the members are, from a law with a long tail: it lies in nine bands of ten, whatever their number."""
    rng = np.random.default_rng(members)
    drawn = rng.lognormal(0.0, 1.0, (members + 1, 40_000))
    low, high = quantiles(drawn[1:], np.array([0.05, 0.95]))
    assert ((low <= drawn[0]) & (drawn[0] <= high)).mean() == pytest.approx(0.9, abs=0.012)  # between two of the outermost members a line is drawn


def test_what_came_is_put_beside_what_was_foretold() -> None:
    table = toy(20, 5.0, 14).table()
    seen = np.r_[np.full(3, 9.0), np.arange(8.0)]  # from three days before
    filled = with_actuals(table, MONDAY - dt.timedelta(days=3), {"orders": seen}, {"pickup_load": np.ones((5, 24))})
    orders = filled[filled["series"] == "orders"]
    assert orders[orders["step"] == "day"]["actual"].notna().sum() == 8
    assert list(orders[orders["step"] == "week"]["actual"].fillna(-1)) == [21.0, -1]
    assert filled["actual"][filled["step"] == "hour"].sum() == 48


def test_channels_add_up_and_what_nobody_has_is_left_out() -> None:
    rng = np.random.default_rng(3)
    store, web = rng.poisson(6, (50, 14)).astype(float), rng.poisson(4, (50, 14)).astype(float)
    days = np.arange(91)
    paths = {"orders": store + web, "orders.store": store, "orders.web": web, "pickups": np.zeros((50, 14)), "sessions.web": np.full((50, 14), 9.0)}
    seen = {"orders": 10 + 6 * np.sin(days * 2.0), "orders.store": np.full(91, 6.0), "orders.web": np.full(91, 4.0), "pickups": np.full(91, 2.0), "sessions.web": np.zeros(91)}
    made = as_data(paths, seen, np.random.default_rng(0))
    assert set(made) == {"orders", "orders.store", "orders.web"}
    np.testing.assert_allclose(made["orders.store"] + made["orders.web"], made["orders"])
    assert made["orders"].std() > 1.3 * paths["orders"].std() and made["orders"].mean() == pytest.approx(10, rel=0.1)


def test_closed_days_promotions_and_chance_that_members_lack() -> None:
    paths = {"orders": np.full((4, 3), 10.0), "stock": np.full((4, 3), 7.0)}
    known = Known(frozenset({MONDAY}), {MONDAY + dt.timedelta(days=1): {"": 1.5}, MONDAY + dt.timedelta(days=2): {"orders": 2.0}})
    done = known.apply(Forecast(MONDAY, paths, hourly={"pickup_load": np.ones((4, 3, 24))}))
    np.testing.assert_array_equal(done.paths["orders"][0], [0, 15, 20])
    np.testing.assert_array_equal(done.paths["stock"][0], [7, 7, 7])
    np.testing.assert_array_equal(done.hourly["pickup_load"][0, :, 0], [0, 1.5, 1])
    rng = np.random.default_rng(2)
    wide = with_chance(np.full((20_000, 1), 100.0), 0.3, rng.standard_normal((20_000, 1)))
    assert wide.mean() == pytest.approx(100, rel=0.01) and wide.std() == pytest.approx(30, rel=0.03)
    mean = np.full(4000, 50.0)
    seen = rng.poisson(mean * rng.gamma(1 / 0.04, 0.04, 4000)).astype(float)
    assert rolling.excess_cv(mean, mean, seen) == pytest.approx(0.2, rel=0.1)
    assert rolling.excess_cv(mean, mean, rng.poisson(mean).astype(float)) < 0.05


def test_alive_is_the_closed_form_and_known_customers_buy_as_often_as_it_says() -> None:
    """P(alive) of BG/NBD (Fader, Hardie & Lee 2008); mean purchases of a customer without dropout (r + x)/(alpha + T) t."""
    known = lawmembers.Known(np.array([0, 2, 5]), np.array([0.0, 10.0, 30.0]), np.array([20.0, 30.0, 38.0]), np.zeros(3))
    r, alpha, a, b = 0.24, 4.41, 0.79, 2.43
    p = lawmembers.alive_and_stage(known, 1, *(np.array([v]) for v in (r, alpha, a, b)))[0, :, 0]
    x, t_x, t = known.x, known.t_x, known.t_end
    right = 1 / (1 + np.where(x > 0, a / (b + x - 1), 0.0) * ((alpha + t) / (alpha + t_x)) ** (r + x))
    np.testing.assert_allclose(p, right, rtol=1e-10)
    for k in (1, 2, 3):
        stages = lawmembers.alive_and_stage(known, k, *(np.array([v]) for v in (0.7, 3.0, 0.5, 4.0)))
        assert stages.shape == (1, 3, k) and (stages.sum(axis=2) <= 1 + 1e-12).all()
    many, weeks = 4000, 4.0
    fit = bgcnbd.RepeatFit(1, r, alpha, 1e-6, 1e3, 0.0, 1, True, (0, 0, 0, 0))
    pace = np.full((many, 28), weeks / 28)
    drawn = lawmembers.draw_purchases(known, fit, np.tile([r, alpha, 1e-6, 1e3], (many, 1)), np.zeros((many, 28)), pace, 0.5, np.random.default_rng(0))
    expected = float(((r + x) / (alpha + t) * weeks).sum())
    assert drawn.day.size / many == pytest.approx(expected, rel=0.03)
    assert np.bincount(drawn.day, minlength=28).std() / (drawn.day.size / 28) < 0.14, "even over days, but for chance"
    new = lawmembers.draw_purchases(
        lawmembers.Known(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0)), fit, np.tile([r, alpha, 1e-6, 1e3], (many, 1)),
        np.full((many, 28), 0.5), pace, 0.5, np.random.default_rng(1),
    )  # fmt: skip
    assert new.first.sum() / many == pytest.approx(14, rel=0.02) and new.day.size > new.first.sum()


def test_draws_of_parameters_have_the_information_of_the_cohort() -> None:
    history = synthetic(30, 1, 20.0, 800)
    passed = np.arange(211) / 7
    cohort = lawmembers.trading_cohort(history, passed, 210)
    fit = bgcnbd.fit(cohort, 1)
    draws = lawmembers.parameter_draws(fit, cohort, np.random.default_rng(0).standard_normal((4000, 4)))
    np.testing.assert_allclose(np.log(draws[:, :2]).std(axis=0), fit.se[:2], rtol=0.15)
    assert np.corrcoef(np.log(draws[:, :2]), rowvar=False)[0, 1] > 0.5, "r and alpha are told together"


def test_nothing_later_enters_a_forecast() -> None:
    history = synthetic(40, 2)
    options = rolling.Options(members=30, warm_weeks=20)
    cut, end, origin = 26 * 7, 40 * 7, 32 * 7
    later = history.t >= origin
    moved = History(
        history.shopper + np.where(later, 10_000, 0), np.where(later, origin + (history.t - origin) / 2, history.t),
        history.value * np.where(later, 7, 1), history.back_t, history.back_value,
    )  # fmt: skip
    one, other = (list(rolling.follow(h, MONDAY, cut, end, options)) for h in (history, moved))
    assert [o.day for o in one] == list(range(cut - 6 * 7, end + 1, 7))
    for a, b in zip(one, other, strict=True):
        for name in a.forecast.paths:
            same = np.array_equal(a.forecast.paths[name], b.forecast.paths[name])
            assert same == (a.day <= origin) or a.day <= origin, f"{name} at {a.day}"
            assert same or a.day > origin
    assert not np.array_equal(one[-1].forecast.paths["orders"], other[-1].forecast.paths["orders"])
    now = rolling.today(history, MONDAY, cut, options)
    assert now[-1].day == cut and now[-1].update is None and now[-2].update is not None
    assert now[-1].forecast.table()["date"].min() == str(MONDAY + dt.timedelta(days=cut))


def test_a_jump_is_followed_with_assimilation_and_not_without_and_the_alarm_is_raised() -> None:
    """Show in small: pace up by 40 % from week 30 on."""
    history = synthetic(30, 3, 15.0, 900)
    more = synthetic(44, 3, 15.0, 900).part(210, 308)
    extra = more.t < 308
    rng = np.random.default_rng(4)
    twice = extra & (rng.random(more.t.size) < 0.4)
    t = np.concatenate([history.t, more.t, more.t[twice] + 0.01])
    order = np.argsort(t, kind="stable")

    def joined(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.concatenate([a, b, b[twice]])[order]

    jumped = History(joined(history.shopper, more.shopper + 100_000), t[order], joined(history.value, more.value), np.zeros(0), np.zeros(0, np.int64))
    found = {}
    fitted = rolling.fit(jumped, 0, 210, rolling.Options(members=60))
    for assimilate in (True, False):
        options = rolling.Options(members=60, warm_weeks=16, assimilate=assimilate)
        parts = list(rolling.follow(jumped, MONDAY, 210, 308, options, fitted=fitted))
        late = [o for o in parts if o.day >= 210 + 5 * 7]
        found[assimilate] = float(np.mean([abs(np.log(o.forecast.weekly()["orders"][:, 0].mean() / o.observed["orders"])) for o in late[:-1]]))
        if assimilate:
            table = pd.concat([o.forecast.table() for o in parts if o.day >= 210 - 5 * 7])
            counts = rolling.day_counts(jumped, 308)
            kept = record.renew(table, MONDAY, counts, watched=("orders",), smoothing=False)
            scored, alarm = kept.scores, kept.alarm
            assert set(scored.columns) == set(record.SCORES) and scored["crps_naive"].notna().all()
            day = (dt.date.fromisoformat(alarm.raised[0][0]) - MONDAY).days
            assert 210 <= day < 217, alarm.words
            assert record.summary(scored)["coverage"].between(0, 1).all()
    assert found[True] < 0.6 * found[False]


def test_normal_scores_of_kept_quantiles() -> None:
    from scipy.stats import norm

    from omosim.twin.scores import LEVELS

    kept = norm(10, 2).ppf(LEVELS)
    for y in (7.0, 10.0, 12.3, 17.0):
        assert record.normal_score(kept, y) == pytest.approx((y - 10) / 2, abs=0.05)
    counts = np.repeat([0.0, 1.0, 2.0], [10, 6, 4])
    assert record.normal_score(counts, 0.0) == pytest.approx(0.5 * (norm.ppf(0.025) + norm.ppf(0.475)), abs=1e-9)
    assert record.normal_score(counts, 5.0) > 2 and record.normal_score(np.zeros(20), 1.0) == 3


def test_what_whole_weeks_differ_by_is_no_chance_of_days() -> None:
    """Days by counting and a chance of .2, on weeks that wander and grow, with a closed day: .2 is found, and nothing where days have none."""
    rng = np.random.default_rng(12)
    shape, found = np.array([1.0, 1.2, 0.9, 1.0, 1.5, 0.4, 0.0]) * 60, {0.0: [], 0.2: []}
    for own, rows in found.items():
        for _ in range(40):
            level = np.exp(np.repeat(np.cumsum(0.15 * rng.standard_normal(13)), 7) + np.arange(91) / 180)
            days = rng.poisson(np.tile(shape, 13) * level * np.exp(own * rng.standard_normal(91) - own**2 / 2)).astype(float)
            days[45] = 0.0
            rows.append(missing_spread(days, rng.poisson(np.tile(shape, (30, 4)) * 1.0).astype(float)))
    assert np.sqrt(np.mean(np.square(found[0.2]))) == pytest.approx(0.2, abs=0.025) and np.sqrt(np.mean(np.square(found[0.0]))) < 0.07


@pytest.mark.parametrize(("mean", "days"), [(2.0, 7), (2.0, 14), (10.0, 7), (60.0, 28)])
def test_the_chance_of_days_is_found_for_rare_series_and_short_horizons(mean: float, days: int) -> None:
    rng, own = np.random.default_rng(14), 0.4
    known = np.sqrt(np.expm1(own**2))
    found = [
        missing_spread(rng.poisson(mean * np.exp(own * rng.standard_normal(91) - own**2 / 2)).astype(float), rng.poisson(mean, (30, days)).astype(float))
        for _ in range(120)
    ]
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(known, rel=0.2)


def test_a_first_day_that_lacks_trips_is_as_its_weekday_a_week_later() -> None:
    """Thirty members whose first day has two thirds of the visits; orders on the web, as many on all days, stay as they are."""
    rng = np.random.default_rng(31)
    kept = []
    for _ in range(40):
        visits, web = rng.poisson(30.0, (30, 14)).astype(float), rng.poisson(30.0, (30, 14)).astype(float)
        visits[:, 0] = rng.poisson(20.0, 30)
        found = with_trips({"orders": visits + web, "orders.store": visits, "orders.web": web, "stockout_share": web, "units.tea": 2 * (visits + web)})
        assert np.array_equal(found["orders.store"][:, 1:], visits[:, 1:]) and np.array_equal(found["orders.web"], web) and np.array_equal(found["stockout_share"], web)
        assert np.allclose(found["orders"], found["orders.store"] + web), "the total grows by what stores do"
        assert found["units.tea"][:, 0].sum() == pytest.approx(2 * found["orders"][:, 0].sum()) and np.array_equal(found["units.tea"][:, 1:], 2 * (visits + web)[:, 1:])
        kept.append(found["orders.store"][:, 0].mean())
    assert np.mean(kept) == pytest.approx(30.0, rel=0.03)
    rising = rng.poisson(30.0 * 1.12 ** (np.arange(14) / 7), (200, 14)).astype(float)
    assert np.array_equal(with_trips({"orders.store": rising})["orders.store"], rising), "a rise from week to week is no lack of trips"
    assert np.array_equal(with_trips({"orders": rising})["orders"], rising), "nor is anything where stores do not sell"
