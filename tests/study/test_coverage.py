"""Promise P9: the intervals cover what they promise, with the stopping rule as shipped.

Many studies are run side by side in arrays; that these do what `paired` and `StoppingRule` do is tested first.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from omosim.study.sequential import BATCH, StoppingRule
from omosim.study.stats import LEAST_FOR_SKEWNESS, paired, t_quantile

REVENUE = 100.0
Draws = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def gamma_of(skewness: float) -> Draws:
    """Differences of mean 0, variance 1 and a given skewness; of skewness 2 they are exponential."""
    shape = 4 / skewness**2
    return lambda rng, size: (rng.standard_gamma(shape, size) - shape) / math.sqrt(shape)


#: name -> differences with mean 0 and variance 1
LAWS: dict[str, Draws] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "skewness 1": gamma_of(1.0),
    "skewness -1": lambda rng, size: -gamma_of(1.0)(rng, size),
    "skewness 2": gamma_of(2.0),
    "even with heavy tails": lambda rng, size: rng.laplace(size=size) / math.sqrt(2),
}


def students(x: np.ndarray, alpha: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Ends of Student's interval of each row."""
    half = t_quantile(1 - alpha / 2, x.shape[1] - 1) * x.std(axis=1, ddof=1) / math.sqrt(x.shape[1])
    return x.mean(axis=1) - half, x.mean(axis=1) + half


def shipped(x: np.ndarray, alpha: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the interval of each row as `paired` has it: Student's and Hall's, whichever reaches further."""
    n, t = x.shape[1], t_quantile(1 - alpha / 2, x.shape[1] - 1)
    centre = x.mean(axis=1)
    apart = x - centre[:, None]
    tail = (apart**3).mean(axis=1) / (apart**2).mean(axis=1) ** 1.5 / math.sqrt(n)
    tail[(np.abs(tail) < 1e-9) | (n < LEAST_FOR_SKEWNESS)] = 1e-9
    up, down = ((np.cbrt(1 + tail * (q - tail / 6)) - 1) * 3 / tail for q in (t, -t))
    error = x.std(axis=1, ddof=1) / math.sqrt(n)
    low, high = students(x, alpha)
    return np.minimum(low, centre - up * error), np.maximum(high, centre - down * error)


def studies(
    draws: np.ndarray, precision: float, closing: int = 1, interval: Callable[..., tuple[np.ndarray, np.ndarray]] = shipped
) -> tuple[np.ndarray, np.ndarray]:
    """(covered, pairs used) of each row of differences with true mean 0; `closing` batches follow a narrow look."""
    count, maximum = draws.shape
    covered, used, left = np.zeros(count, np.bool_), np.full(count, maximum), np.full(count, -1)
    target = min(BATCH, maximum)
    going = np.arange(count)
    while going.size:
        low, high = interval(draws[going, :target])
        covered[going], used[going] = (low <= 0) & (high >= 0), target
        narrow = (left[going] < 0) & ((high - low) / 2 / REVENUE <= precision)
        left[going] = np.where(narrow, closing, left[going] - (left[going] > 0))
        going = going[(left[going] != 0) & (target < maximum)]
        target = min(target + BATCH, maximum)
    return covered, used


def coverage(law: str, needed: float, repetitions: int, maximum: int = 200) -> tuple[float, float]:
    """Coverage in percent and mean pairs when a study of known spread would need `needed` pairs."""
    rng = np.random.default_rng([5, round(needed), maximum])
    covered, used = studies(LAWS[law](rng, (repetitions, maximum)), 1.96 / math.sqrt(needed) / REVENUE)
    return 100 * float(covered.mean()), float(used.mean())


def test_the_arrays_do_what_the_product_does() -> None:
    draws, precision = gamma_of(1.5)(np.random.default_rng(3), (300, 60)), 1.96 / math.sqrt(20) / REVENUE
    covered, used = studies(draws, precision)
    low, high = shipped(draws[:, :17], 0.05 / 3)
    zeros = [0.0] * 60
    for row, diffs in enumerate(draws.tolist()):
        one = paired(diffs[:17], zeros[:17], alpha=0.05 / 3)
        assert (one.ci_low, one.ci_high) == (pytest.approx(low[row]), pytest.approx(high[row]))
        rule = StoppingRule(precision, 60)
        while not rule.stopped:
            got = paired(diffs[: rule.target], zeros[: rule.target])
            assert got.half_width is not None and got.ci_low is not None and got.ci_high is not None
            rule.look([got.half_width / REVENUE])
        assert (got.ci_low <= 0 <= got.ci_high, rule.target) == (covered[row], used[row])


@pytest.mark.parametrize("law", LAWS)
def test_sequential_coverage(law: str) -> None:
    """95 % in [93.5, 96.5], whatever the pairs a study needs."""
    for needed in (5, 12, 18, 25, 35, 60, 120):
        hits, pairs = coverage(law, needed, 12_000)
        print(f"{law}, needed {needed}: coverage {hits:.2f} % with {pairs:.1f} pairs")
        assert 93.5 <= hits <= 96.5
        assert 10 <= pairs <= max(35, 1.5 * needed + 12)


@pytest.mark.parametrize("law", LAWS)
def test_coverage_at_small_maxima(law: str) -> None:
    """Fewer than ten pairs are too few to see how skew their law is: there the promise is for near-normal ones."""
    for maximum in (3, 5, 7, 10, 14, 20, 30):
        hits, _ = coverage(law, 15, 20_000, maximum)
        print(f"{law}, maximum {maximum}: coverage {hits:.2f} %")
        if maximum >= 10 or law == "normal":
            assert 93.5 <= hits <= 96.5


def test_students_interval_alone_would_not_do() -> None:
    """Why the interval is not Student's alone."""
    draws = LAWS["skewness 1"](np.random.default_rng(4), (20_000, 100))
    covered = [studies(draws, 1.96 / math.sqrt(15) / REVENUE, interval=kind)[0].mean() for kind in (students, shipped)]
    assert covered[0] < 0.939 and covered[1] > covered[0] + 0.01


def arms(rng: np.random.Generator, law: str, count: int, pairs: int) -> list[np.ndarray]:
    """Three arms that share the baseline's luck; each has variance 1 and mean 0."""
    shared = LAWS[law](rng, (count, pairs))
    return [0.6 * shared + 0.8 * LAWS[law](rng, (count, pairs)) for _ in range(3)]


@pytest.mark.parametrize("law", ["normal", "skewness 1"])
@pytest.mark.parametrize("needed", [12, 25, 60])
def test_sequential_coverage_of_three_arms_together(law: str, needed: int) -> None:
    """Bonferroni intervals of three arms, stopped by the widest of them."""
    rng, limit, count = np.random.default_rng([13, needed]), 1.96 / math.sqrt(needed), 6000
    draws = arms(rng, law, count, 150)
    covered, closing, going, target = np.zeros(count, np.bool_), np.zeros(count, np.bool_), np.arange(count), BATCH
    while going.size:
        ends = [shipped(arm[going, :target], 0.05 / 3) for arm in draws]
        covered[going] = np.all([(low <= 0) & (high >= 0) for low, high in ends], axis=0)
        over = closing[going]
        closing[going] = np.max([(high - low) / 2 for low, high in ends], axis=0) <= limit
        going = going[~over & (target < 150)]
        target += BATCH
    print(f"{law}, needed {needed}, three arms together: coverage {100 * covered.mean():.2f} %")
    assert 93.5 <= 100 * covered.mean() <= 97.5


def test_why_the_closing_batch_is_there() -> None:
    draws = np.random.default_rng(2).standard_normal((60_000, 100))
    without, with_it = (100 * studies(draws, 1.96 / math.sqrt(15) / REVENUE, n, students)[0].mean() for n in (0, 1))
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
