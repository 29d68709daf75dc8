"""How fast a level drifts and what belongs to its weeks, on simulated walks."""

import numpy as np
import pytest

from omosim.twin.levels import chances, surprise, weekly_logs


def test_how_fast_a_level_drifts_and_what_belongs_to_a_week_are_told_from_its_weeks() -> None:
    rng = np.random.default_rng(0)
    u = (np.arange(400) + 0.5) / 400
    found = []
    for drift, week in ((0.012, 0.13), (0.09, 0.025)):
        means = [chances(np.cumsum(drift * rng.standard_normal(90)) + week * rng.standard_normal(90), np.full(90, 1e-4), u).mean(axis=0) for _ in range(12)]
        found.append(np.mean(means, axis=0))
    assert found[0][0] < 0.03 < 0.07 < found[1][0] and found[1][1] < 0.05 < 0.1 < found[0][1]
    steady = chances(-0.03 * np.arange(90) + 0.03 * rng.standard_normal(90), np.full(90, 1e-4), u)  # people who leave are no drift
    assert steady[:, 0].mean() < 0.02 and steady[:, 1].mean() < 0.04
    prior = chances(np.full(5, np.nan), np.full(5, np.nan), u)  # nothing seen: log-uniform over both ranges
    assert np.median(prior[:, 0]) == pytest.approx(np.sqrt(0.01 * 0.1), rel=0.15) and prior[:, 1].max() == pytest.approx(0.15)


def test_weeks_are_counted_back_from_today_and_a_week_half_unseen_is_left_out() -> None:
    days = np.tile([10.0, 20, 30, 40, 50, 60, 0], 9)
    days[-7:] *= 2
    days[14:18] = np.nan
    days[30] = np.nan  # one ordinary day: the week is judged by the days that were seen
    logs, var = weekly_logs(np.r_[99.0, 99.0, days])
    assert len(logs) == 9 and np.isnan(logs[2]) and logs[-1] - logs[0] == pytest.approx(np.log(2), abs=1e-9) and var[0] == pytest.approx(1 / 210)
    assert abs(logs[4] - logs[0]) < 0.05


def test_days_that_differ_are_no_weeks_that_differ() -> None:
    """Lognormal days of one level: a week's variance is a seventh of theirs, and nothing is left for whole weeks."""
    rng = np.random.default_rng(6)
    logs, var = weekly_logs(rng.poisson(300 * np.exp(0.3 * rng.standard_normal(7 * 80) - 0.045)).astype(float))
    assert var.mean() == pytest.approx(np.expm1(0.09) / 7 + 1 / 2100, rel=0.15) and logs.var() == pytest.approx(var.mean(), rel=0.35)
    week = chances(logs, var, (np.arange(200) + 0.5) / 200)[:, 1].mean()
    assert week < 0.06 < chances(logs, np.full(80, 1 / 2100), (np.arange(200) + 0.5) / 200)[:, 1].mean()


def test_a_week_far_off_says_that_the_level_drifts_faster_and_a_usual_one_nothing() -> None:
    rng = np.random.default_rng(3)
    usual, far = [], []
    for _ in range(40):
        logs = np.cumsum(0.015 * rng.standard_normal(30)) + 0.05 * rng.standard_normal(30)
        usual.append(surprise(logs, np.full(30, 0.05**2)))
        far.append(surprise(np.r_[logs[:-1], logs[-2] + 0.34], np.full(30, 0.05**2)))
    assert 0.9 < np.mean(usual) < 1.05 and np.mean(far) > 1.25 and min(far) > max(0.9, np.median(usual))
    logs[-1] = np.nan  # not seen: nothing is told
    assert surprise(logs, np.full(30, 0.05**2)) == 1.0


def test_members_widened_by_the_surprise_learn_what_the_mixture_of_filters_does() -> None:
    """Level after a jump: of normal members of the spread before it, of those widened, and of the truth by brute force over walks."""
    rng = np.random.default_rng(4)
    drift, week = (np.exp(rng.uniform(np.log(a), np.log(b), 400_000)) for a, b in ((0.01, 0.1), (0.02, 0.15)))
    logs = np.array([0.01, -0.03, 0.04, 0.0, -0.02, 0.03, 0.3])
    at, weight = np.full(drift.size, 0.0), np.zeros(drift.size)
    for i, y in enumerate(logs):
        at = at + drift * rng.standard_normal(drift.size) * (i > 0)
        if i == len(logs) - 1:
            before, prior = at, np.exp(weight - weight.max())
        weight = weight - 0.5 * (y - at) ** 2 / week**2 - np.log(week)
    after = np.exp(weight - weight.max())
    mean = lambda x, w: float((w * x).sum() / w.sum())
    spread = np.sqrt(mean((before - mean(before, prior)) ** 2, prior))
    moved = mean(at, after) - mean(before, prior)
    own = mean(week**2, prior)
    factor = surprise(logs, np.full(7, 1e-12))
    learnt = [(f * spread) ** 2 / ((f * spread) ** 2 + own) * (0.3 - mean(before, prior)) for f in (1.0, factor)]
    assert abs(learnt[1] - moved) < abs(learnt[0] - moved), (learnt, moved, factor)
