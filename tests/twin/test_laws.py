"""Closed-form laws of a log against published values and generators of known truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from omosim.twin import assumed, holdout, laws
from omosim.twin.bgcnbd import RepeatFit, choose_k, cohort_from_days
from omosim.twin.generator import FittedLaws, generate
from omosim.twin.history import History, Windows
from omosim.twin.holdout import measure, table, weekly
from tests.conftest import module_at

forms = module_at(Path(__file__).with_name("closed_forms.py"))
NONE = (float("nan"),) * 4


def repeat(k: int, r: float, alpha: float, a: float, b: float) -> RepeatFit:
    return RepeatFit(k, r, alpha, a, b, 0.0, 0, True, NONE)


def flat(weekday: int = 0) -> laws.Calendar:
    return laws.Calendar(np.ones(24), np.ones(24), np.ones(7), np.ones(1), weekday)


def test_renewal_counts_from_equilibrium_and_from_an_event() -> None:
    """m = 2, g ~ Gamma(.8, rate 3.7 a week), 4 weeks: the stage rate 2g has rate 1.85."""
    fit = repeat(2, 0.8, 1.85, 0.1, 1.0)
    assert float(laws.unseen(fit, np.array([4.0]))[0]) == pytest.approx(0.507006, abs=5e-7)
    assert forms.prob_no_repeat(0.8, 1.85, 4.0, k=2) == pytest.approx(0.615893, abs=5e-7)


def test_shoppers_share_of_the_variance_is_recovered() -> None:
    rng = np.random.default_rng(3)
    size = rng.integers(1, 12, 4_000)
    group = np.repeat(np.arange(size.size), size)
    x = rng.normal(0, 0.6, size.size)[group] + rng.normal(0, 0.8, group.size)
    assert laws.intraclass(group, x) == pytest.approx(0.36, abs=0.02)
    assert laws.intraclass(np.arange(50), np.arange(50.0)) == 0.0


def test_order_values_meet_median_and_ninetieth_percentile() -> None:
    rng = np.random.default_rng(4)
    shopper = rng.integers(0, 500, 20_000)
    value = np.exp(10 + 0.5 * rng.normal(size=500)[shopper] + 0.5 * rng.normal(size=20_000)).astype(np.int64)
    empty = np.zeros(0)
    law = laws.fit_values(History(shopper, np.zeros(20_000), value, empty, empty.astype(np.int64)))
    assert law.median == pytest.approx(np.median(value))
    assert law.median * np.exp(law.sd * laws.Z90) == pytest.approx(np.quantile(value, 0.9))
    assert law.between == pytest.approx(0.5, abs=0.04)


def test_price_bands_share_out_orders_and_keep_their_values() -> None:
    rng = np.random.default_rng(5)
    price = np.exp(rng.normal(5.3, 0.5, 9_000))
    units = np.maximum(1, np.exp(rng.normal(5.0, 0.8, 9_000))).astype(np.int64)
    bands = laws.fit_bands(rng.integers(0, 800, 9_000), units, (price * units).astype(np.int64), 300)
    assert len(bands) == 3 and sum(b.share for b in bands) == pytest.approx(1.0)
    assert [b.price for b in bands] == sorted(b.price for b in bands)
    for band in bands:
        inside = (price >= band.low) & (price < band.high)
        value = (price * units)[inside]
        assert band.price * band.units_median == pytest.approx(np.median(value), rel=0.05)
        p90 = np.exp(np.hypot(band.price_sd, band.units_sd) * laws.Z90) * np.median(value)
        assert p90 == pytest.approx(np.quantile(value, 0.9), rel=0.1)


def test_calendar_follows_hours_weekdays_and_closed_weeks() -> None:
    rng = np.random.default_rng(6)
    day = np.concatenate([np.repeat(np.arange(140), 40)])
    open_day = ((day + 2) % 7 < 6) & (day // 7 != 5)
    t = day[open_day] + (9 + rng.integers(0, 8, open_day.sum()) + rng.random(open_day.sum())) / 24
    first_day = 14_944  # a Wednesday
    history = History(np.full(t.size, -1), t, np.ones(t.size, np.int64), np.zeros(0), np.zeros(0, np.int64))
    calendar = laws.fit_calendar(history, Windows(first_day, 140, 180))
    assert calendar.first_weekday == 2
    profile = calendar.hour_of_week().reshape(7, 24)
    assert profile[6].sum() == 0 and profile[:, :8].sum() == 0
    assert calendar.week[5] == 0 and calendar.week.size == 21
    passed = calendar.operational(140)
    assert passed[36 * 24] - passed[35 * 24] == 0
    assert passed[-1] == pytest.approx(140, rel=0.02)


def simulate_truth(laws_: FittedLaws, seed: int, people: float, per_week: float) -> History:
    """Old customers in equilibrium and new ones at a steady rate, one by one with a numpy generator."""
    rng = np.random.default_rng(seed)
    fit, weeks = laws_.repeat, laws_.windows.end / 7
    who, when = [], []
    born = np.concatenate([np.full(int(people), -1.0), rng.uniform(0, weeks, rng.poisson(per_week * weeks))])
    for i, start in enumerate(born):
        rate, p = rng.gamma(fit.r, 1 / fit.alpha), rng.beta(fit.a, fit.b)
        if start < 0:
            t = rng.gamma(rng.integers(1, fit.k + 1), 1 / rate) if rate > 0 else 1e9
        else:
            t = start
        n = 0
        while t < weeks:
            who.append(i), when.append(7 * t)
            if n > 0 and rng.random() < p:
                break
            t, n = t + rng.gamma(fit.k, 1 / max(rate, 1e-12)), n + 1
    order = np.argsort(when)
    t_days = np.array(when)[order]
    value = np.exp(rng.normal(10, 0.5, t_days.size)).astype(np.int64)
    return History(np.array(who)[order], t_days, value, np.zeros(0), np.zeros(0, np.int64))


@pytest.fixture
def truth() -> FittedLaws:
    return FittedLaws(
        Windows(14_944, 280, 371), flat(2), repeat(2, 0.74, 3.95, 0.1, 1.1), laws.ValueLaw(22_026.0, 0.5, 0.3),
        laws.BackLaw(0.1, 0.1, 0.1, 5.0, 0.5, 1e12), laws.Acquisition(2_400.0, 37.0, 1.0, 0.0, 0.0), 0.0, 1.0,
    )  # fmt: skip


def test_old_and_new_customers_are_told_apart(truth: FittedLaws) -> None:
    history = simulate_truth(truth, 8, 2_400, 37.0).part(0, 280)
    found = laws.fit_acquisition(history, truth.repeat, truth.calendar, truth.windows)
    assert found.known_before == pytest.approx(2_400, rel=0.08)
    assert found.new_per_week == pytest.approx(37.0, abs=4 * found.new_per_week_se)
    assert found.new_per_week_se < 5


def test_fit_and_generator_foretell_a_log_simulated_one_by_one(truth: FittedLaws) -> None:
    """Laws fitted on 40 weeks of customers simulated by other code foretell the next 13."""
    history = simulate_truth(truth, 8, 2_400, 37.0)
    part = history.part(0, 280)
    who, day = part.purchase_days()
    found, _ = choose_k(cohort_from_days(who, day, 280))
    acquisition = laws.fit_acquisition(part, found, truth.calendar, truth.windows)
    fitted = replace(truth, repeat=found, acquisition=acquisition)
    made = [generate(fitted, part.first_days()[1], s) for s in range(4)]
    frame = table(history, made, truth.windows, 2, 1e12, 1.0).set_index("measure")
    assert found.k == 2
    for name in ("repeat_share", "gap_median", "gap_mean", "orders_per_customer", "orders_a_week", "order_value_median"):
        assert abs(frame.loc[name, "error"]) < 0.1, (name, frame.loc[name])


def test_mean_repeats_of_the_generator_meet_the_closed_form() -> None:
    laws_ = FittedLaws(
        Windows(14_944, 273, 273 + 91), flat(), repeat(1, 0.243, 4.414, 0.793, 2.426), laws.ValueLaw(1e4, 0.5, 0.0),
        laws.BackLaw(0.0, 0.0, 0.0, 1.0, 0.5, 1e12), laws.Acquisition(1e-9, 1e-9, 0.0, 0.0, 0.0), 0.0, 1.0,
    )  # fmt: skip
    n = 30_000
    history = generate(laws_, np.zeros(n, np.int64), 5).part(0, 273 + 0.5)
    first_half_day = 0.5 / 7  # purchases of a day are spread over it
    mean = history.t.size / n - 1
    low, high = (forms.expected_repeats(0.243, 4.414, 0.793, 2.426, 39 - d) for d in (2 * first_half_day, 0.0))
    assert low - 0.03 < mean < high + 0.03


def test_same_seed_same_log_and_shares_go_back(truth: FittedLaws) -> None:
    first = np.repeat(np.arange(280), 12)
    a, b, c = (generate(truth, first, s) for s in (1, 1, 2))
    assert np.array_equal(a.t, b.t) and np.array_equal(a.value, b.value)
    assert a.t.size != c.t.size or not np.array_equal(a.t, c.t)
    assert a.back_value.sum() / a.value.sum() == pytest.approx(0.1, abs=0.02)
    doubled = replace(truth, values=laws.ValueLaw(44_052.0, 0.5, 0.3))
    assert generate(doubled, first, 1).value.sum() == pytest.approx(2 * a.value.sum(), rel=1e-4)


def test_measures_on_a_log_counted_by_hand() -> None:
    t = np.array([0.5, 3.5, 10.5, 10.6, 12.5, 13.5, 13.9])
    shopper = np.array([0, 1, 0, 0, 2, 1, -1])
    value = np.array([100, 200, 300, 400, 500, 600, 700])
    history = History(shopper, t, value, np.array([12.0, 2.0]), np.array([250, 999]))
    found = measure(history, 7, 14, 1e9)
    assert found["order_value_median"] == 500 and found["orders_a_week"] == 5
    assert found["repeat_share"] == 0 and found["orders_per_customer"] == 1
    assert found["repeat_share_since_start"] == 2 / 3
    assert found["gap_median"] == 10 and found["gap_mean"] == 10
    assert found["new_customer_share"] == 1 / 3 and found["new_customers_a_week"] == 1
    assert found["cancel_share"] == 250 / 2500
    frame = weekly(history, [history], Windows(14_944, 7, 14), 2.0)
    assert frame["actual"].tolist() == [2, 5] and frame["simulated"].tolist() == [4.0, 10.0]
    assert frame["part"].tolist() == ["fit", "holdout"]


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_regularity_is_told_whatever_the_rates(stages: int) -> None:
    rng = np.random.default_rng(5)
    rate = rng.gamma(0.7, 1 / 60, 6_000)
    gaps = rng.gamma(stages, 1.0, (6_000, 12)) / (stages * rate[:, None])
    day = np.floor(np.cumsum(gaps, axis=1))
    keep = day < 2_000
    who = np.broadcast_to(np.arange(6_000)[:, None], day.shape)
    days = np.unique(np.stack([who[keep], day[keep].astype(np.int64)], axis=1), axis=0)
    found = holdout.regularity(days[:, 0], days[:, 1])
    assert found == pytest.approx(stages, rel=0.12)
    assert np.isnan(holdout.regularity(np.array([1, 1]), np.array([2, 5])))


def test_a_share_of_needs_is_bought_as_regularly_as_the_fit_says() -> None:
    """Needs of `need_stages(k)` stages, the assumed share bought: gaps of CV^2 = 1/k."""
    rng = np.random.default_rng(6)
    for k, share in ((1, 0.2), (2, assumed.REGULAR["purchase_share"])):
        stages = assumed.need_stages(k, k > 1)
        needs = np.cumsum(rng.gamma(stages, 1.0, 400_000))
        gaps = np.diff(needs[rng.random(needs.size) < share])
        assert gaps.var() / gaps.mean() ** 2 == pytest.approx(1 / k, rel=0.03)
    assert assumed.need_stages(3, True) == assumed.MOST_STAGES and assumed.need_stages(3, False) == 3
    assert assumed.mostly_bought(2, 2.1) and not assumed.mostly_bought(2, 1.2) and not assumed.mostly_bought(1, 1.0)


@pytest.mark.parametrize(("share", "mostly"), [(0.2, False), (0.35, False), (0.75, True), (1.0, True)])
def test_the_log_tells_whether_most_needs_are_bought(share: float, mostly: bool) -> None:
    """A log of 40 weeks, people of unlike rates, Erlang-2 needs of which a share is bought."""
    rng = np.random.default_rng(8)
    rate = rng.gamma(0.9, 1 / 0.9, (5_000, 1)) + 0.01
    t = np.cumsum(rng.gamma(2, 0.5, (5_000, 400)) * 30 * share / rate, axis=1)
    bought = (rng.random(t.shape) < share) & (t < 280)
    who = np.broadcast_to(np.arange(5_000)[:, None], t.shape)[bought]
    days = np.unique(np.stack([who, t[bought].astype(np.int64)], axis=1), axis=0)
    assert assumed.mostly_bought(2, holdout.regularity(days[:, 0], days[:, 1])) == mostly
