"""Selection of the best at its stated rate; replication planner and warm-up against known cases."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.study.selection import kim_nelson, mser5, replications_needed
from omosim.study.stats import t_quantile


def race(means: list[float], seed: int, shared: float, **how: float) -> object:
    draw = np.random.default_rng(seed)
    common = draw.normal(size=20_000) * shared
    own = draw.normal(size=(len(means), 20_000))
    return kim_nelson(lambda arm, r: means[arm] + common[r] + own[arm, r], len(means), **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("shared", [0.0, 2.0])
def test_the_best_is_chosen_at_the_stated_rate(shared: float) -> None:
    """Slippage configuration, the least favourable one: the best by exactly the indifference."""
    right = sum(race([0.5, 0, 0, 0], seed, shared, indifference=0.5, alpha=0.05, first=10).best == 0 for seed in range(300))  # type: ignore[attr-defined]
    assert right >= 0.95 * 300 - 2 * np.sqrt(300 * 0.05 * 0.95)


def test_common_noise_costs_nothing() -> None:
    alone = np.mean([race([0.5, 0, 0], s, 0.0, indifference=0.5).replications for s in range(40)])  # type: ignore[attr-defined]
    shared = np.mean([race([0.5, 0, 0], s, 5.0, indifference=0.5).replications for s in range(40)])  # type: ignore[attr-defined]
    assert shared == pytest.approx(alone, rel=0.25)


def test_the_worst_leave_first_and_equals_end_undecided() -> None:
    found = race([0, 1, 5], 1, 0.0, indifference=0.5)
    assert found.best == 2 and set(found.out_at) == {0, 1}  # type: ignore[attr-defined]
    tied = race([0, 0], 1, 0.0, indifference=0.001, most=50)
    assert tied.best is None and tied.left == [0, 1] and tied.replications == 50  # type: ignore[attr-defined]
    with pytest.raises(ValueError):
        kim_nelson(lambda arm, r: 0.0, 1, indifference=1.0)


def test_planned_pairs_give_the_width() -> None:
    draw = np.random.default_rng(4)
    pilot = draw.normal(3, 2, 12).tolist()
    n = replications_needed(pilot, 0.25)
    spread = np.var(pilot, ddof=1)
    assert t_quantile(0.975, n - 1) * np.sqrt(spread / n) <= 0.25 < t_quantile(0.975, n - 2) * np.sqrt(spread / (n - 1))
    assert replications_needed([1.0, 1.0, 1.0], 0.1) == 2


def test_a_warm_up_is_cut_and_a_steady_series_is_not() -> None:
    draw = np.random.default_rng(2)
    steady = draw.normal(10, 1, 500)
    decaying = steady + 20 * np.exp(-np.arange(500) / 15)
    cut = mser5(decaying)
    assert cut is not None and 30 <= cut <= 120
    quiet = mser5(steady)
    assert quiet is None or quiet <= 250
    assert mser5(np.linspace(0, 1, 200)) is None
    assert mser5([1.0] * 10) is None
