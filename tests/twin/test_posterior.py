"""Patterns, emulator, sampler and calibration: closed forms, properties, a resumed calibration, a known truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from omosim.schema.settings import Settings
from omosim.twin import identify
from omosim.twin.emulator import SETS, Likelihood, features, fit_emulator, sample
from omosim.twin.errors import CalibrationError
from omosim.twin.parameters import BY_NAME, PARAMETERS, Prior, settings_of, told
from omosim.twin.posterior import Plan, Posterior, calibrate, design, many
from omosim.twin.summaries import Orders, Patterns, chance, orders_of_run, pattern_title, shocks


def plain(shopper: np.ndarray, t: np.ndarray, value: np.ndarray) -> Orders:
    n = t.size
    return Orders(shopper, t, value, np.zeros(n, np.int64), np.full(n, -1), np.zeros(n))


# ---- patterns ---------------------------------------------------------------------------------------------
def test_chance_of_counts_and_medians_meets_the_closed_forms() -> None:
    """Poisson orders: var log count = 1/n; a median of n lognormal values: pi/2 sigma^2 / n."""
    rng = np.random.default_rng(1)
    n, sigma = 8_000, 0.5
    orders = plain(np.full(n, -1), rng.random(n) * 100, np.exp(10 + sigma * rng.standard_normal(n)).astype(np.int64))
    patterns = Patterns(100, known=False, returns=False)
    assert patterns.names()[:4] == ("orders.1", "orders.2", "orders.3", "orders.4")
    found = chance(orders, patterns, rng, 400)
    assert np.sqrt(found[0, 0]) == pytest.approx(1 / np.sqrt(n / 4), rel=0.12)
    median = patterns.names().index("value.median")
    assert np.sqrt(found[median, median]) == pytest.approx(sigma * np.sqrt(np.pi / 2 / n), rel=0.15)
    assert abs(found[0, 1]) < 0.2 * found[0, 0], "orders of strangers are independent"


def test_chance_of_customers_is_that_of_further_logs(quick: ModuleType, base: Settings) -> None:
    """The bootstrap of one log against 40 logs of the same retailer."""
    fit = quick.fit_of(base, days=63)
    logs = [orders_of_run(quick.simulate(settings_of(fit, {}, replication=i)), fit.patterns) for i in range(40)]
    truth = np.array([fit.patterns.vector(o) for o in logs]).std(axis=0)
    found = np.sqrt(np.diag(chance(logs[0], fit.patterns, np.random.default_rng(2), 100)))
    ratio = found / truth
    assert 0.9 < np.median(ratio) < 1.2, dict(zip(fit.patterns.names(), ratio.round(2), strict=True))
    assert ratio.min() > 0.65 and ratio.max() < 1.7


def test_weeks_that_move_together_count_and_a_season_does_not() -> None:
    rng = np.random.default_rng(7)
    patterns = Patterns(280, known=False, returns=False)

    def log(weekly: np.ndarray) -> Orders:
        t = np.concatenate([7 * (w + rng.random(rng.poisson(m))) for w, m in enumerate(weekly)])
        return plain(np.full(t.size, -1), t, np.full(t.size, 100))

    season = np.where(np.arange(40) > 30, 600.0, 300.0)
    assert shocks(log(season), patterns).max() < 1e-3
    moved = shocks(log(300 * np.exp(0.2 * rng.standard_normal(40))), patterns)
    assert np.sqrt(moved[0]) == pytest.approx(0.2 / np.sqrt(10), rel=0.5) and moved[4:].max() == 0


def test_patterns_of_a_log_by_hand() -> None:
    """Three customers: days 0, 10 and 90; day 5; day 50 twice."""
    orders = plain(
        np.array([0, 0, 0, 1, 2, 2]), np.array([0.1, 10.2, 90.0, 5.0, 50.1, 50.6]), np.array([100, 100, 100, 100, 100, 900])
    )
    patterns = Patterns(100, returns=False)
    found = dict(zip(patterns.names(), patterns.vector(orders, 2.0), strict=True))
    assert found["purchase_days.1"] == pytest.approx(np.log(2 * 3.5)) and found["purchase_days.3"] == pytest.approx(np.log(2 * 1.5))
    assert found["repeat_share"] == pytest.approx(np.log(1.5 / 2.5)), "two orders of a day are one purchase day"
    assert found["gap.q50"] == pytest.approx(np.log(46.0)), "gaps 10 and 80"
    assert found["seen_again"] == pytest.approx(np.log(1.5 / 1.5)), "of customers 0 and 1 the first is seen from day 67 on"
    assert found["value.median"] == pytest.approx(np.log(101))


def test_every_pattern_has_plain_words() -> None:
    for patterns in (Patterns(100, ("web", "store"), ("ship", "pickup")), Patterns(100, known=False)):
        words = [pattern_title(n) for n in patterns.names()]
        assert len(set(words)) == len(words) and not any("_" in w or "." in w for w in words)
    assert pattern_title("value.lower") == "order values (small ones)" and pattern_title("share.store") == "orders by channel (store)"


# ---- emulator ---------------------------------------------------------------------------------------------
def test_a_quadratic_is_found() -> None:
    rng = np.random.default_rng(3)
    z = rng.standard_normal((120, 4))
    true = rng.standard_normal((features(z).shape[1], 3))
    made = fit_emulator(z, features(z) @ true + 1e-4 * rng.standard_normal((120, 3)))
    new = rng.standard_normal((50, 4))
    assert np.abs(made.mean(new) - features(new) @ true).max() < 0.15
    assert np.allclose(made.slopes(np.zeros(4))[:, 0], (features(np.eye(4)[:1] * 0.05) - features(-np.eye(4)[:1] * 0.05)) @ true / 0.1, atol=0.1)


def test_noise_of_the_description_is_the_noise_put_in_and_shrinks_with_simulations() -> None:
    rng = np.random.default_rng(4)
    for n in (100, 400):
        z = rng.standard_normal((n, 3))
        y = z @ np.array([[1.0, 0.5], [0.0, -1.0], [0.3, 0.0]]) + 0.2 * rng.standard_normal((n, 2))
        made = fit_emulator(z, y)
        assert np.sqrt(np.diag(made.noise)) == pytest.approx(0.2, rel=0.25)
        miss = made.mean(z) - z @ np.array([[1.0, 0.5], [0.0, -1.0], [0.3, 0.0]])
        claimed = np.sqrt(made.leverage(z).mean() * 0.04)
        assert miss.std() < 2 * claimed, "its own error is no smaller than it says"
    with pytest.raises(ValueError, match="3 parameters; needed: 6"):
        fit_emulator(z[:5], y[:5])


def test_a_linear_gaussian_case_has_its_closed_form_posterior() -> None:
    """y = A z + e, z ~ N(0, I): mean and covariance by algebra, through emulator, likelihood and sampler."""
    rng = np.random.default_rng(5)
    slope, spread = rng.standard_normal((6, 3)), np.diag(rng.uniform(0.1, 0.6, 6) ** 2)
    z = rng.standard_normal((600, 3))
    made = fit_emulator(z, z @ slope.T + 0.01 * rng.standard_normal((600, 6)))
    seen = slope @ np.array([0.5, -0.7, 0.2])
    likelihood = Likelihood.of(made, seen, spread, 1.0)
    at = sample(lambda p: likelihood.log(p) - 0.5 * (p**2).sum(axis=1), rng.standard_normal((64, 3)), rng, 300, 40)
    cov = np.linalg.inv(slope.T @ np.linalg.inv(spread) @ slope + np.eye(3))
    mean = cov @ slope.T @ np.linalg.inv(spread) @ seen
    assert np.abs(at.mean(axis=0) - mean).max() < 0.15 * np.sqrt(np.diag(cov)).max() + 0.02
    assert np.sqrt(np.diag(np.cov(at.T))) == pytest.approx(np.sqrt(np.diag(cov)), rel=0.15)


def test_what_one_retailers_own_goods_do_is_not_taken_for_a_parameter() -> None:
    """A level that each shop draws once, .3 wide, moves a pattern as one parameter does: bands of 300 shops hold the truth."""
    rng = np.random.default_rng(8)
    grid, held, bare = np.linspace(-4, 4, 401)[:, None], [], []
    for _ in range(300):
        z, sets = rng.standard_normal((72, 1)), np.arange(72) % 12
        own = 0.3 * rng.standard_normal(13)
        made = fit_emulator(z, 0.5 * z + own[sets, None] + 0.03 * rng.standard_normal((72, 1)))
        truth = rng.standard_normal()
        seen = np.array([0.5 * truth + own[12] + 0.03 * rng.standard_normal()])
        for kept, emulator in ((held, made), (bare, replace(made, within=np.zeros(1), claimed=np.ones(1)))):
            log = Likelihood.of(emulator, seen, np.array([[0.03**2]]), 1.0).log(grid) - 0.5 * grid[:, 0] ** 2
            below = np.cumsum(np.exp(log - log.max()))
            kept.append(0.025 < np.interp(truth, grid[:, 0], below / below[-1]) < 0.975)
    assert 0.9 <= np.mean(held) <= 0.99 and np.mean(bare) < 0.7, (np.mean(held), np.mean(bare))


def test_what_a_retailers_logs_are_about_has_its_closed_form(quick: ModuleType, base: Settings) -> None:
    """Own part of variance w, chance c: mean m + w / (w + c) (seen - m), variance w c / (w + c)."""
    rng = np.random.default_rng(9)
    z = rng.standard_normal((300, 1))
    own = 0.16
    made = fit_emulator(z, z + 1e-3 * rng.standard_normal((300, 1)))
    made = replace(made, within=np.array([own / (1 + 1 / SETS) + 0.09]), claimed=np.ones(1))
    prior = Prior.of(quick.fit_of(base, days=63), [BY_NAME["order_value"]])
    at = np.zeros((4000, 1))
    post = Posterior(
        prior, at, prior.values(at), Patterns(63), np.array([1.0]), np.array([[0.09]]), np.zeros(1), made, 1.0, 300, 0.0, np.zeros((0, 1))
    )  # fmt: skip
    found = post.expected(rng)
    assert found.mean() == pytest.approx(own / (own + 0.09), abs=0.02) and found.std() == pytest.approx(np.sqrt(own * 0.09 / (own + 0.09)), rel=0.05)


# ---- parameters -------------------------------------------------------------------------------------------
def test_settings_hold_the_natural_values(quick: ModuleType, base: Settings) -> None:
    fit = quick.fit_of(base)
    theta = {"need_rate": 0.8, "rate_shape": 0.5, "leaving": 0.2, "known_people": 910.0, "new_people": 20.0, "taste_store": -0.4}
    made = settings_of(fit, theta, scale=2.0, days=30, replication=3)
    demand = made.market.demand
    assert demand.purchase_r / demand.purchase_alpha_weeks / demand.purchase_share == pytest.approx(0.8, rel=2e-3)
    assert demand.purchase_r == pytest.approx(0.5) and demand.dropout_a / (demand.dropout_a + demand.dropout_b) == pytest.approx(0.2)
    assert made.shoppers * made.market.awareness.initial == pytest.approx(2 * 910, rel=1e-3)
    gain = made.market.awareness.acquisition_per_week + sum(
        r.awareness_rho * r.reach for r in made.touchpoints.rows.values() if not r.needs or r.needs in base.strategy.capabilities
    )
    assert gain * made.shoppers * (1 - made.market.awareness.initial) == pytest.approx(2 * 20.0, rel=0.02)
    assert made.market.choice.taste_store == -0.4 and made.days == 30 and made.replication == 3


def test_scales_go_there_and_back_inside_their_ranges(quick: ModuleType, base: Settings) -> None:
    prior = Prior.of(quick.fit_of(base), PARAMETERS)
    z = np.random.default_rng(6).uniform(-1.5, 1.5, (40, len(PARAMETERS)))
    values = prior.values(z)
    assert all((values[:, i] >= p.low).all() and (values[:, i] <= p.high).all() for i, p in enumerate(PARAMETERS))
    inside = (values > [p.low * 1.001 if p.low > 0 else p.low for p in PARAMETERS]) & (values < [p.high for p in PARAMETERS])
    assert np.allclose(prior.z(values)[inside], z[inside], atol=1e-6) and inside.mean() > 0.95
    near = design(prior, 200, 1, 0.1 * z + 1.0, 1.0)
    assert np.abs(near.mean(axis=0) - 1.0).max() < 0.15


# ---- calibration ------------------------------------------------------------------------------------------
def stub(quick: ModuleType) -> tuple[list[int], object]:
    """A simulator that counts what it is asked."""
    asked: list[int] = []

    def simulate(settings: Settings) -> pd.DataFrame:
        asked.append(settings.replication)
        return quick.simulate(settings)

    return asked, simulate


def test_a_killed_calibration_goes_on_to_the_same_draws(quick: ModuleType, base: Settings, tmp_path: Path) -> None:
    fit = replace(quick.fit_of(base, ("web",), 63), seed=11)
    orders = orders_of_run(quick.simulate(settings_of(fit, {}, replication=77)), fit.patterns)
    asked, simulate = stub(quick)
    plan = Plan(runs=32, draws=60, checks=2)
    whole = calibrate(fit, orders, many(simulate), tmp_path / "whole", plan)
    assert len(asked) == whole.runs == 34

    def dies(settings: list[Settings]) -> Iterable[pd.DataFrame]:
        for i, one in enumerate(settings):
            if i == 7:
                raise KeyboardInterrupt
            yield simulate(one)

    with pytest.raises(KeyboardInterrupt):
        calibrate(fit, orders, dies, tmp_path / "cut", plan)
    asked.clear()
    told: list[tuple[int, int, str]] = []
    again = calibrate(fit, orders, many(simulate), tmp_path / "cut", plan, progress=lambda *a: told.append(a))
    assert len(asked) == 27 and told[-1][:2] == (34, 34) and "check" in told[-1][2]
    assert again.values.tobytes() == whole.values.tobytes()
    frame = whole.frame("v1")
    assert list(frame.columns) == ["version", "draw", "parameter", "value", "unit"] and len(frame) == 60 * len(whole.names)


def test_what_nothing_tells_keeps_its_prior_and_is_named(quick: ModuleType, base: Settings, tmp_path: Path) -> None:
    """An order log without channels: the taste for stores is not fitted; forced in, it stays as wide as its prior."""
    fit = quick.fit_of(base, ("web",), 63)
    assert "taste_store" not in {p.name for p in told(fit)}
    said = identify.before(fit).set_index("parameter")
    assert said.loc["taste_store", "expected"] == "keeps its prior" and "orders.channel" in said.loc["taste_store", "would_help"]
    assert said.loc["need_rate", "expected"] == "told" and said.loc["availability", "would_help"].startswith("stock.on_hand")
    assert "availability" not in identify.before(fit, ("orders", "stock"))["parameter"].tolist()
    forced = [BY_NAME[n] for n in ("need_rate", "order_value", "return_share", "known_people", "taste_social")]
    prior = Prior.of(fit, forced)
    theta = {"need_rate": 0.5, "order_value": 45_000.0}
    orders = orders_of_run(quick.simulate(settings_of(fit, theta, replication=78)), fit.patterns)
    post = calibrate(fit, orders, many(quick.simulate), tmp_path, Plan(runs=40, draws=200, checks=0), prior=prior)
    verdict = identify.after(post).set_index("parameter")
    assert verdict.loc["taste_social", "verdict"] == "keeps its prior" and verdict.loc["taste_social", "shrinkage"] < 0.2
    assert verdict.loc["order_value", "verdict"] == "told" and "taste for social" in identify.text(post)
    low, high = verdict.loc["order_value", ["low", "high"]]
    assert low < 45_000 < high < 1.2 * low


def test_orders_without_customers_still_calibrate(quick: ModuleType, base: Settings, tmp_path: Path) -> None:
    fit = quick.fit_of(base, ("web",), 63, known=False)
    frame = quick.simulate(settings_of(fit, {"order_value": 50_000.0}, replication=79))
    post = calibrate(fit, orders_of_run(frame, fit.patterns), many(quick.simulate), tmp_path, Plan(runs=40, draws=100, checks=0))
    assert set(post.names) == {"need_rate", "known_people", "order_value", "order_spread", "return_share"}
    said = identify.before(fit).set_index("parameter")
    assert said.loc["leaving", "expected"] == "keeps its prior" and said.loc["leaving", "would_help"].startswith("orders.shopper_id")
    after = identify.after(post).set_index("parameter")
    assert after.loc["order_value", "low"] < 50_000 < after.loc["order_value", "high"]
    assert abs(np.corrcoef(post.z.T)[0, 1]) > 0.5, "how many people and how often cannot be told apart"


def test_a_shop_that_sells_nothing_is_refused(quick: ModuleType, base: Settings, tmp_path: Path) -> None:
    fit = quick.fit_of(base, ("web",), 63)
    orders = orders_of_run(quick.simulate(settings_of(fit, {}, replication=80)), fit.patterns)
    with pytest.raises(CalibrationError, match="without a shop"):
        calibrate(fit, orders, many(lambda s: quick.simulate(s).iloc[:3]), tmp_path, Plan(runs=24, draws=10, checks=0))
