"""Scores against closed forms, and baselines against processes of known law."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import nbinom, norm

from omosim.twin import baselines, scores
from omosim.twin.errors import CalibrationError
from tests.conftest import module_at

forms = module_at(Path(__file__).with_name("closed_forms.py"))

def test_crps_of_an_ensemble_is_that_of_its_law() -> None:
    z = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    for y in (-1.3, 0.0, 2.5):
        assert scores.crps(3 + 2 * z, 3 + 2 * y) == pytest.approx(float(forms.crps_normal(3.0, 2.0, 3 + 2 * y)), rel=1e-3)
    assert forms.crps_normal(0.0, 1.0, 0.0) == pytest.approx(np.sqrt(2 / np.pi) - 1 / np.sqrt(np.pi))
    x = np.random.default_rng(0).standard_normal((7, 3))
    slow = np.abs(x - 0.4).mean(axis=0) - 0.5 * np.abs(x[:, None] - x[None]).mean(axis=(0, 1))
    np.testing.assert_allclose(scores.crps(x, np.full(3, 0.4)), slow)
    np.testing.assert_allclose(scores.crps(x, np.full(3, 0.4), np.full(7, 2.0)), slow)
    w = np.array([1, 2, 1, 3, 1, 1, 1.0])
    np.testing.assert_allclose(scores.crps(x, np.zeros(3), w), scores.crps(np.repeat(x, w.astype(int), axis=0), np.zeros(3)))


def test_a_fair_crps_does_not_depend_on_the_number_of_members() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((5, 40_000)), rng.standard_normal(40_000)
    assert scores.crps(x, y, fair=True).mean() == pytest.approx(1 / np.sqrt(np.pi), rel=0.01)
    assert scores.crps(x, y).mean() > 1.1 / np.sqrt(np.pi)


def test_twenty_kept_quantiles_give_the_crps_within_two_percent() -> None:
    law = norm(10, 3)
    y = law.rvs(4000, random_state=2)
    kept = law.ppf(scores.LEVELS)[:, None] * np.ones(4000)
    assert scores.crps(kept, y).mean() == pytest.approx(float(forms.crps_normal(10.0, 3.0, y).mean()), rel=0.02)


def test_pit_of_counts_is_even_and_residuals_of_correlated_paths_are_white() -> None:
    rng = np.random.default_rng(3)
    x, y = nbinom(3, 0.3).rvs((200, 4000), random_state=4), nbinom(3, 0.3).rvs(4000, random_state=5)
    assert scores.even(scores.pit(x, y, rng.random(4000))) < 0.03
    z = []
    for _ in range(1500):
        paths = rng.standard_normal((301, 1)) + rng.standard_normal((301, 7))  # a level that the week shares
        z.append(scores.residuals(paths[:300], paths[300]))
    z = np.array(z)
    assert np.abs(z.mean(axis=0)).max() < 0.1 and np.abs(z.std(axis=0) - 1).max() < 0.1
    assert np.abs(np.corrcoef(z, rowvar=False) - np.eye(7)).max() < 0.12
    gap = scores.residuals(paths[:300], np.r_[np.nan, paths[300, 1:]])
    assert np.isnan(gap[0]) and np.isfinite(gap[1:]).all()


def test_wilson_interval_and_the_simple_scores() -> None:
    assert scores.wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert scores.wilson(0, 0) == (0.0, 1.0) and scores.wilson(50, 50)[1] == 1.0
    assert scores.bias(np.array([11.0, 11.0]), np.array([10.0, 10.0])) == pytest.approx(0.1)
    assert scores.sharpness(np.array([8.0]), np.array([12.0]), np.array([10.0])) == pytest.approx(0.4)


def test_bands_of_the_naive_forecast_cover_a_seasonal_walk() -> None:
    rng = np.random.default_rng(6)
    hits = []
    for _ in range(300):
        y = np.cumsum(rng.standard_normal((30, 7)), axis=0).ravel() + 100
        paths = baselines.seasonal_naive(y[:-14], 14, 7, rng.standard_normal((400, 14)))
        low, high = np.quantile(paths, [0.05, 0.95], axis=0)
        hits.append((low <= y[-14:]) & (y[-14:] <= high))
    assert 0.87 < np.mean(hits) < 0.93
    assert np.isfinite(baselines.seasonal_naive(np.r_[np.nan, np.arange(20.0), np.nan], 3, 7, rng.standard_normal((5, 3)))).all()
    with pytest.raises(ValueError, match="needs 9"):
        baselines.seasonal_naive(np.ones(5), 3, 7, np.zeros((2, 3)))


def test_smoothing_finds_level_trend_and_season() -> None:
    pytest.importorskip("statsmodels")
    rng = np.random.default_rng(7)
    z = rng.standard_normal((2000, 4))
    flat = baselines.ets(100 + 5 * rng.standard_normal(60), 4, 1, z)
    assert flat.form[6] == "N" and flat.paths.mean() == pytest.approx(100, abs=3) and flat.paths.std() == pytest.approx(5, rel=0.3)
    rising = baselines.ets(100 + 4 * np.arange(60) + 3 * rng.standard_normal(60), 4, 1, z)
    assert "A" in rising.form[6] and rising.paths.mean(axis=0)[3] == pytest.approx(100 + 4 * 63, rel=0.03)


@pytest.mark.slow
def test_smoothing_finds_the_week() -> None:
    pytest.importorskip("statsmodels")
    rng = np.random.default_rng(7)
    weekdays = np.tile([1, 1, 1, 1, 2, 0.5, 0.5], 10) * 50 + rng.standard_normal(70)
    season = baselines.ets(weekdays, 7, 7, rng.standard_normal((500, 7)))
    assert season.form[-2] in "AM" and season.paths.mean(axis=0)[4] == pytest.approx(100, rel=0.05)


def test_without_the_library_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("statsmodels"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CalibrationError, match=r"omosim\[analysis\]"):
        baselines.ets(np.ones(20), 2, 1, np.zeros((3, 2)))
