"""The repeat-purchase likelihood against closed forms, published parameters and an independent generator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln

from omosim.twin.bgcnbd import (
    Cohort,
    choose_k,
    cohort_from_days,
    fit,
    log_likelihood,
)
from tests.conftest import module_at

forms = module_at(Path(__file__).with_name("closed_forms.py"))
CDNOW = (0.243, 4.414, 0.793, 2.426)


def test_bg_nbd_closed_forms_of_the_cdnow_sample() -> None:
    assert forms.expected_repeats(*CDNOW, 39) == pytest.approx(1.196723, abs=5e-7)
    assert forms.expected_repeats(*CDNOW, 78) == pytest.approx(1.860519, abs=5e-7)
    assert forms.prob_no_repeat(CDNOW[0], CDNOW[1], 39) == pytest.approx(0.573786, abs=5e-7)


def cohort_of(n: int, k: int, r: float, alpha: float, a: float, b: float, weeks: float, seed: int) -> Cohort:
    """Customers one event at a time, written apart from the likelihood: gaps, then a coin after each repeat."""
    rng = np.random.default_rng(seed)
    x, last, log_gaps = [], [], []
    for _ in range(n):
        rate, p = rng.gamma(r, 1 / alpha), rng.beta(a, b)
        t, count, logs = 0.0, 0, 0.0
        while True:
            gap = rng.gamma(k, 1 / rate)
            if t + gap > weeks:
                break
            t, count, logs = t + gap, count + 1, logs + np.log(gap)
            if rng.random() < p:
                break
        x.append(count), last.append(t), log_gaps.append(logs)
    return Cohort(np.array(x), np.array(last), np.full(n, weeks), np.array(log_gaps))


def test_mean_and_zero_class_of_the_generator_meet_the_closed_forms() -> None:
    cohort = cohort_of(40_000, 1, *CDNOW, 39, seed=1)
    assert cohort.x.mean() == pytest.approx(1.196723, abs=4 * cohort.x.std() / 200)
    assert (cohort.x == 0).mean() == pytest.approx(0.573786, abs=0.01)


@pytest.mark.parametrize(("k", "truth"), [(1, CDNOW), (2, (0.74, 3.94, 0.09, 1.1)), (3, (0.9, 2.5, 0.4, 2.0))])
def test_known_parameters_are_recovered(k: int, truth: tuple[float, float, float, float]) -> None:
    weeks = 39 if k < 3 else 60
    cohort = cohort_of(6_000, k, *truth, weeks, seed=20 + k)
    found = fit(cohort, k)
    assert found.converged
    for name, true, se in zip(["r", "alpha", "a", "b"], truth, found.se, strict=True):
        estimate = getattr(found, name)
        assert abs(np.log(estimate / true)) < 4 * se, (name, estimate, true, se)
        assert se < 0.8


def test_the_likelier_k_is_the_true_one() -> None:
    for k in (1, 2, 3):
        cohort = cohort_of(1_500, k, 0.8, 3.0, 0.2, 1.5, 52, seed=k)
        best, fits = choose_k(cohort)
        assert best.k == k and len(fits) == 3


def test_fits_of_the_same_purchases_are_taken_as_they_are_and_others_are_not() -> None:
    cohort, other = (cohort_of(300, 1, 0.8, 3.0, 0.2, 1.5, 52, seed=seed) for seed in (1, 2))
    best, fits = choose_k(cohort)
    assert all(one.cohort == cohort.mark() for one in fits) and cohort.mark() != other.mark()
    marked = [replace(one, r=9.0) for one in fits]
    assert choose_k(cohort, known=marked)[1] == marked
    assert choose_k(cohort, known=[*choose_k(other)[1], *fits[:2]]) == (best, fits)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_likelihood_is_the_integral_over_rates_and_dropout(k: int) -> None:
    """One customer's likelihood against numerical integration over lambda and p."""
    gaps, t_end = np.array([2.0, 5.0, 1.5]), 20.0
    r, alpha, a, b = 0.8, 4.0, 0.5, 1.7
    x, t_x = gaps.size, gaps.sum()
    cohort = Cohort(np.array([x]), np.array([t_x]), np.array([t_end]), np.array([np.log(gaps).sum()]))
    factorial = [1.0, 1.0, 2.0]

    def at_rate(rate: float) -> tuple[float, float]:
        density = np.prod(rate**k * gaps ** (k - 1) * np.exp(-rate * gaps) / factorial[k - 1])
        wait = rate * (t_end - t_x)
        silent = np.exp(-wait) * sum(wait**j / factorial[j] for j in range(k))
        from scipy.stats import gamma

        prior = gamma.pdf(rate, r, scale=1 / alpha)
        return density * prior, density * silent * prior

    gone = quad(lambda v: at_rate(v)[0], 0, 60, limit=400)[0]
    alive = quad(lambda v: at_rate(v)[1], 0, 60, limit=400)[0]
    stay = np.exp(betaln(a, b + x) - betaln(a, b))
    leave = np.exp(betaln(a + 1, b + x - 1) - betaln(a, b))
    found = float(log_likelihood((r, alpha, a, b), k, cohort)[0])
    assert found == pytest.approx(np.log(stay * alive + leave * gone), abs=1e-6)


def test_cohort_counts_days_once_and_measures_from_the_first() -> None:
    cohort = cohort_from_days(np.array([1, 0, 0, 0]), np.array([5.5, 14.2, 0.3, 0.9]), 21.0)
    assert cohort.x.tolist() == [1, 0]
    assert cohort.t_x.tolist() == [2.0, 0.0] and cohort.t_end.tolist() == [3.0, 16 / 7]
    assert cohort.sum_log_gap.tolist() == [np.log(2.0), 0.0]


def test_too_few_customers_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        fit(Cohort(np.zeros(5, int), np.zeros(5), np.ones(5), np.zeros(5)))
