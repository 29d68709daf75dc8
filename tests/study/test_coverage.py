"""Promise P9: the intervals cover what they promise, with the stopping rule as shipped."""

from __future__ import annotations

import math

import numpy as np
import pytest

from omosim.study.sequential import StoppingRule
from omosim.study.stats import paired, t_quantile

REVENUE = 100.0


def one_study(diffs: np.ndarray, precision: float, maximum: int) -> tuple[bool, int]:
    """Whether the interval covers the true difference 0, and the pairs used; the loop of `compare` in small."""
    rule = StoppingRule(precision, maximum)
    zeros = [0.0] * maximum
    while True:
        got = paired(diffs[: rule.target].tolist(), zeros[: rule.target])
        assert got.half_width is not None
        rule.look([got.half_width / REVENUE])
        if rule.stopped:
            assert got.ci_low is not None and got.ci_high is not None
            return got.ci_low <= 0 <= got.ci_high, rule.target


def coverage(needed: float, repetitions: int, maximum: int = 200, seed: int = 5) -> tuple[float, float]:
    """Coverage in percent and mean pairs when a study of known spread would need `needed` pairs."""
    rng = np.random.default_rng([seed, round(needed)])
    precision = 1.96 / math.sqrt(needed) / REVENUE
    results = [one_study(rng.standard_normal(maximum), precision, maximum) for _ in range(repetitions)]
    return 100 * float(np.mean([r[0] for r in results])), float(np.mean([r[1] for r in results]))


def test_sequential_coverage_small() -> None:
    hits, pairs = coverage(25, 2000)
    assert 93.5 <= hits <= 96.5
    assert 25 <= pairs <= 45


@pytest.mark.slow
@pytest.mark.parametrize("needed", [5, 12, 18, 25, 35, 60, 120])
def test_sequential_coverage(needed: int) -> None:
    hits, pairs = coverage(needed, 6000)
    print(f"needed {needed}: coverage {hits:.2f} % with {pairs:.1f} pairs")
    assert 93.5 <= hits <= 96.5


@pytest.mark.slow
@pytest.mark.parametrize("maximum", [3, 5, 10, 14, 20, 30])
def test_coverage_at_small_maxima(maximum: int) -> None:
    hits, _ = coverage(15, 6000, maximum)
    print(f"maximum {maximum}: coverage {hits:.2f} %")
    assert 93.5 <= hits <= 96.5


@pytest.mark.slow
def test_bonferroni_covers_all_arms_together() -> None:
    rng, studies, hits = np.random.default_rng(11), 4000, 0
    for _ in range(studies):
        shared = rng.standard_normal(30)
        arms = [(0.5 * shared + rng.standard_normal(30)).tolist() for _ in range(3)]
        intervals = [paired(a, [0.0] * 30, alpha=0.05 / 3) for a in arms]
        hits += all(i.ci_low is not None and i.ci_high is not None and i.ci_low <= 0 <= i.ci_high for i in intervals)
    assert 100 * hits / studies >= 94.2


@pytest.mark.slow
@pytest.mark.parametrize("needed", [12, 25, 60])
def test_sequential_coverage_of_three_arms_together(needed: int) -> None:
    """Bonferroni intervals of three arms that share the baseline's luck, stopped by the widest of them."""
    rng, studies, hits = np.random.default_rng([13, needed]), 3000, 0
    limit, zeros = 1.96 / math.sqrt(needed) / REVENUE, [0.0] * 150
    for _ in range(studies):
        shared = rng.standard_normal(150)
        arms = [(0.6 * shared + 0.8 * rng.standard_normal(150)).tolist() for _ in range(3)]
        rule = StoppingRule(limit, 150)
        while not rule.stopped:
            n = rule.target
            got = [paired(a[:n], zeros[:n], alpha=0.05 / 3) for a in arms]
            rule.look([(g.half_width or 0.0) / REVENUE for g in got])
        hits += all((g.ci_low or 0.0) <= 0 <= (g.ci_high or 0.0) for g in got)
    print(f"needed {needed}, three arms together: coverage {100 * hits / studies:.2f} %")
    assert 93.5 <= 100 * hits / studies <= 97.5


def looks_every_ten(closing: int, repetitions: int = 60_000, needed: float = 15.0) -> float:
    """Coverage in percent of the same looks, with `closing` more pairs after the one that was narrow enough."""
    draws = np.random.default_rng(2).standard_normal((repetitions, 100))
    limit = 1.96 / math.sqrt(needed)
    used = np.full(repetitions, 100)
    for pairs in range(90, 0, -10):
        half = t_quantile(0.975, pairs - 1) * draws[:, :pairs].std(axis=1, ddof=1) / math.sqrt(pairs)
        used[half <= limit] = pairs + closing
    hits = np.zeros(repetitions, bool)
    for pairs in np.unique(used):
        part = draws[used == pairs, :pairs]
        half = t_quantile(0.975, int(pairs) - 1) * part.std(axis=1, ddof=1) / math.sqrt(pairs)
        hits[used == pairs] = np.abs(part.mean(axis=1)) <= half
    return 100 * float(hits.mean())


def test_why_the_closing_batch_is_there() -> None:
    without, with_it = looks_every_ten(0), looks_every_ten(10)
    print(f"without the closing batch {without:.2f} %, with it {with_it:.2f} %")
    assert without < 94.0
    assert with_it > without + 0.4


def test_rule_step_by_step() -> None:
    rule = StoppingRule(0.01, 100)
    assert rule.target == 10
    rule.look([0.02])
    assert (rule.target, rule.stopped) == (20, False)
    rule.look([0.009, 0.01])
    assert (rule.target, rule.closing, rule.stopped) == (30, True, False)
    rule.look([0.012, 0.01])  # settled beforehand: no second thoughts
    assert rule.stopped and rule.target == 30 and not rule.precise and rule.reached == 0.012


def test_a_maximum_below_ten_runs_all_and_says_so() -> None:
    rule = StoppingRule(1.0, 4)
    rule.look([0.0001])
    assert rule.stopped and rule.target == 4 and "no early stopping" in rule.why


def test_an_undefined_width_never_stops_early() -> None:
    rule = StoppingRule(1.0, 25)
    for _ in range(3):
        assert not rule.stopped
        rule.look([0.001, None])
    assert rule.stopped and rule.target == 25 and rule.reached is None
