"""The break-even search against functions whose boundary is known: a line, a circle, no flip, many strategies."""

from __future__ import annotations

import math

import numpy as np
import pytest

from omosim.study.flip import Cell, Range, Rule, along, break_even, judge, refine


def world(differences, sigma: float, seed: int = 0, share: float = 0.5):
    """Evaluate: strategy 0 has 0, the others `differences(point)` more; part of the chance is shared over points."""
    calls: list[dict] = []
    luck: dict[int, np.ndarray] = {}

    def evaluate(wanted):
        calls.append(dict(wanted))
        out = {}
        for point, count in wanted.items():
            means = [0.0, *np.atleast_1d(differences(*point))]
            columns = []
            for r in range(count):
                shared = luck.setdefault(r, np.random.default_rng([seed, r]).normal(0, sigma * math.sqrt(share), len(means)))
                own = np.random.default_rng([seed, r, *(int(1e6 * abs(v)) for v in point)]).normal(0, sigma * math.sqrt(1 - share), len(means))
                columns.append(np.array(means) + shared + own + 1000)
            out[point] = np.array(columns).T
        return out

    evaluate.calls = calls
    return evaluate


LINE = Range("x", 0.0, 40.0)


def test_a_line_is_cut_down_to_its_root() -> None:
    evaluate = world(lambda x: 17.0 - x, 1.0)
    found = refine([LINE], 2, Rule(resolution=0.05, runs=2000), evaluate)
    stretches, (flip,) = along(found)
    assert [s.winner for s in stretches] == [1, 0] and found.stopped.startswith("every region")
    assert flip.low <= 17 <= flip.high and flip.high - flip.low <= 2 * 2.0 + 1e-9
    assert flip.ci_low <= 17 <= flip.ci_high and abs(flip.value - 17) < 0.8
    assert found.spent == 2 * sum(found.asked.values()) <= 2000
    assert all(12 <= p[0] <= 22 for call in evaluate.calls[1:] for p in call)  # effort goes to where the winner changes
    assert found.shares(2)[1] == pytest.approx(flip.low / 40) and found.shares(2)[0] == pytest.approx(1 - flip.high / 40)


def test_without_noise_the_root_is_exact() -> None:
    found = refine([LINE], 2, Rule(resolution=0.02, replications=2), world(lambda x: 17.3 - x, 1e-9))
    (flip,) = along(found)[1]
    assert flip.value == pytest.approx(17.3, abs=1e-6) and flip.high - flip.low <= 0.8 + 1e-9


def test_the_break_even_interval_covers() -> None:
    inside, told = 0, 0
    for seed in range(120):
        found = refine([LINE], 2, Rule(resolution=0.05, runs=800), world(lambda x: 17.0 - x, 4.0, seed))
        flips = along(found)[1]
        if len(flips) == 1:
            told += 1
            inside += flips[0].ci_low <= 17 <= flips[0].ci_high
    assert told >= 115 and inside / told >= 0.91, (inside, told)


def test_it_never_flips() -> None:
    evaluate = world(lambda x: 5.0 + x / 100, 0.5)
    found = refine([LINE], 2, Rule(), evaluate)
    assert along(found) == ([type(along(found)[0][0])(1, 0.0, 40.0)], []) and len(evaluate.calls) == 1


def test_one_cannot_tell_where_there_is_no_difference() -> None:
    evaluate = world(lambda x: 0.0, 1.0, seed=3)
    found = refine([LINE], 2, Rule(runs=5000), evaluate)
    (stretch,), flips = along(found)
    assert stretch.winner is None and flips == [] and found.stopped.startswith("points that are open")
    assert set(found.asked.values()) == {32} and found.shares(2) == [0.0, 0.0]


def test_whole_numbers_stay_whole() -> None:
    found = refine([Range("stores", 5, 40, True)], 2, Rule(resolution=0.001, runs=5000), world(lambda x: 17.4 - x, 0.05))
    assert all(float(v).is_integer() for p in found.values for v in p)
    (flip,) = along(found)[1]
    assert (flip.low, flip.high) == (17, 18)


def test_the_budget_is_kept_and_told() -> None:
    for runs in (81, 100, 131, 200, 333):
        found = refine([LINE], 2, Rule(resolution=0.001, runs=runs), world(lambda x: 17.0 - x, 2.0))
        assert found.spent <= runs and found.stopped == f"the budget of {runs} runs is used"
        assert all(p in found.values for cell in found.cells for p in cell.corners())
        assert sum(c.high[0] - c.low[0] for c in found.cells) == pytest.approx(40)
    with pytest.raises(ValueError, match="do not pay for the first 5 points"):
        refine([LINE], 2, Rule(runs=79), world(lambda x: x, 1.0))


def test_a_circle_is_mapped() -> None:
    """Strategy 1 pays inside a circle of radius 1 within [-2, 2]²: its share is pi/16, the open ring is narrow."""
    box = [Range("x", -2.0, 2.0), Range("y", -2.0, 2.0)]
    found = refine(box, 2, Rule(resolution=1 / 32, runs=40_000, replications=4), world(lambda x, y: 1.0 - math.hypot(x, y), 0.01))
    out, inside = found.shares(2)
    assert inside <= math.pi / 16 <= 1 - out and 1 - out - inside < 0.13
    assert sum(np.prod(c.sides(box)) for c in found.cells) == pytest.approx(1)
    for cell in found.cells:
        winner = found.winner(cell)
        centre = math.hypot((cell.low[0] + cell.high[0]) / 2, (cell.low[1] + cell.high[1]) / 2)
        assert winner is None or winner == (1 if centre < 1 else 0)
    for y in (0.0, 0.5):
        stretches, flips = along(found, 0, (y,))
        assert [s.winner for s in stretches] == [0, 1, 0]
        for flip, sign in zip(flips, (-1, 1), strict=True):
            edge = sign * math.sqrt(1 - y * y)
            assert flip.low <= edge <= flip.high and flip.value == pytest.approx(edge, abs=0.04)
    open_cells = [c for c in found.cells if found.winner(c) is None]
    assert max(max(c.sides(box)) for c in open_cells) <= 1 / 32 + 1e-9


def test_three_strategies_best_of_each() -> None:
    """0: nothing, 1: 10 - x, 2: x - 30; 1 pays below 10, 0 between, 2 above 30."""
    found = refine([LINE], 3, Rule(runs=3000), world(lambda x: np.array([10 - x, x - 30]), 0.5))
    stretches, flips = along(found)
    assert [s.winner for s in stretches] == [1, 0, 2]
    assert [(f.below, f.above) for f in flips] == [(1, 0), (0, 2)]
    assert flips[0].value == pytest.approx(10, abs=0.7) and flips[1].value == pytest.approx(30, abs=0.7)


def test_a_failed_run_is_left_out_and_a_point_without_runs_is_open() -> None:
    values = np.array([[1.0, 2.0, np.nan, 4.0], [9.0, 10.0, 11.0, 12.1]])
    assert judge(values, 0.95).winner == 1 and judge(values, 0.95).pairs == 3
    assert judge(np.full((2, 3), np.nan), 0.95).winner is None


def test_a_line_through_the_points_gives_the_break_even() -> None:
    values = [np.array([[5.0 - x + e for e in (-0.1, 0.0, 0.1)], [0.0, 0.0, 0.0]]) for x in (0, 5, 10)]
    flip = break_even(0, 1, (0, 5, 10), values)
    assert flip.value == pytest.approx(5) and flip.ci_low == pytest.approx(5 - 0.1 / math.sqrt(3) * 4.3026527, rel=1e-6)


def test_cells_are_cut_along_the_sides_that_are_too_long() -> None:
    box = [Range("x", 0, 10), Range("y", 0, 4, True)]
    assert Cell((0.0, 1.0), (10.0, 2.0)).split(box, 0.1) == [Cell((0.0, 1.0), (5.0, 2.0)), Cell((5.0, 1.0), (10.0, 2.0))]
    assert Cell((0.0, 1.0), (1.0, 2.0)).split(box, 0.1) == []
