"""The alarm's rate of false alarms and its speed: published run lengths, the chain, and simulation."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.twin.drift import (
    FALSE_ALARM_DAYS,
    MARGIN,
    Alarm,
    alarms,
    freed,
    limit,
    raised_within,
    run_length,
    shifts_of,
    two_sided,
)


def test_run_lengths_are_the_published_ones() -> None:
    """Two-sided CUSUM, k = .5 (Montgomery, Introduction to Statistical Quality Control, table 9.3)."""
    for h, shift, days in ((4, 0.0, 168), (4, 0.5, 26.6), (4, 1.0, 8.38), (5, 0.0, 465), (5, 1.0, 10.4), (5, 2.0, 4.01)):
        assert two_sided(0.5, h, shift) == pytest.approx(days, rel=0.01)


def test_the_stated_rate_of_false_alarms_holds_in_simulation() -> None:
    for jump, cv, charts in ((0.4, 0.2, 1), (0.4, 0.5, 1), (0.4, 0.25, 3)):
        alarm = Alarm.for_jump(jump, cv, charts=charts)
        stated = FALSE_ALARM_DAYS * charts
        days = two_sided(alarm.k, alarm.h, 0.0, alarm.cap)
        assert two_sided(alarm.k, alarm.h - 0.05, 0.0, alarm.cap) < MARGIN * stated <= days
        z = np.random.default_rng(8).standard_normal(100_000 * charts)
        false = len(alarms(z, Alarm(alarm.k, alarm.h, alarm.cap)))
        assert z.size / false == pytest.approx(days, rel=0.08) and false / (z.size / stated) < 1.0


def test_few_members_raise_no_more_than_many() -> None:
    """Right forecasts of twenty members, kept as quantiles: what lies beyond the outermost is not known, and is not drawn out."""
    from omosim.twin.forecast import quantiles
    from omosim.twin.record import normal_score
    from omosim.twin.scores import LEVELS

    rng = np.random.default_rng(11)
    alarm = Alarm.for_jump(0.4, 0.15, charts=2)
    false = days = 0
    for _ in range(60):
        kept = quantiles(rng.standard_normal((20, 180)), LEVELS).T
        z = np.array([normal_score(row, y) for row, y in zip(kept, rng.standard_normal(180), strict=True)])
        false, days = false + len(alarms(z, Alarm(alarm.k, alarm.h, alarm.cap))), days + 180
    assert 0.2 < false / (days / FALSE_ALARM_DAYS) < 0.75, "half of one in 180 days, for one of two series"


def test_a_jump_of_forty_percent_is_found_within_seven_days() -> None:
    """Daily counts whose sd is a fifth of their mean: .4/.2 = 2 sds; as often as the chain says."""
    alarm = Alarm.for_jump(0.4, 0.2)
    chance = raised_within(alarm.k, alarm.h, shifts_of(0.4, 0.2), alarm.cap)
    assert chance > 0.97
    rng = np.random.default_rng(9)
    found = [Alarm(alarm.k, alarm.h, alarm.cap).watch(2.0 + rng.standard_normal(7)) >= 0 for _ in range(4000)]
    assert np.mean(found) == pytest.approx(chance, abs=0.01)
    slow = Alarm.for_jump(0.4, 0.5)
    assert raised_within(slow.k, slow.h, shifts_of(0.4, 0.5), slow.cap) < chance, "what noise hides takes longer, and this says how much"
    fall = [Alarm(alarm.k, alarm.h, alarm.cap).watch(-2.0 + rng.standard_normal(7)) >= 0 for _ in range(2000)]
    assert np.mean(fall) == pytest.approx(chance, abs=0.02)


def test_counts_of_known_level_raise_alarms_at_the_stated_rate_and_the_jump_within_the_week() -> None:
    """Gamma-Poisson days of mean 60 with a spread of .15 between days, residuals by PIT among members of the same law."""
    from omosim.twin.scores import residuals

    rng = np.random.default_rng(10)

    def days(mean: float, *shape: int) -> np.ndarray:
        return rng.poisson(mean * rng.gamma(1 / 0.15**2, 0.15**2, shape))

    cv = float(np.sqrt(1 / 60 + 0.15**2))
    alarm = Alarm.for_jump(0.4, cv)
    quiet = np.concatenate([residuals(days(60, 200, 7), days(60, 7), rng.random(7)) for _ in range(1500)])
    false = len(alarms(quiet, alarm)) / (quiet.size / FALSE_ALARM_DAYS)
    assert 0.55 < false < 1.25
    found = 0
    for _ in range(300):
        jumped = residuals(days(60, 200, 7), days(84, 7), rng.random(7))
        found += Alarm(alarm.k, alarm.h, alarm.cap).watch(jumped) >= 0
    assert found >= 0.9 * 300


def test_one_freak_day_raises_nothing_and_unseen_days_are_passed_over() -> None:
    for cv in (0.05, 0.2, 0.5):
        alarm = Alarm.for_jump(0.4, cv)
        assert alarm.watch(np.r_[0.0, 50.0, 0.0, np.nan, 0.0]) == -1
        assert alarm.h > alarm.cap - alarm.k
    assert limit(0.5, 360) > limit(0.5, 180) and run_length(0.5, 4.0) > run_length(0.5, 4.0, 1.0)
    with pytest.raises(ValueError, match="jump"):
        Alarm.for_jump(0.0, 0.2)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
def test_a_jump_under_a_level_that_a_forecast_leaves_open_is_found_as_often_as_is_said(rho: float) -> None:
    """Days that share a level: freed of it they are independent, and a jump tells less from day to day; by simulation."""
    rng = np.random.default_rng(12)
    alarm, shifts = Alarm.for_jump(0.4, 0.2, rho=rho), shifts_of(0.4, 0.2, rho)
    days = lambda n: np.sqrt(rho) * rng.standard_normal((n, 1)) + np.sqrt(1 - rho) * rng.standard_normal((n, 7))
    quiet = np.array([freed(z, rho) for z in days(20_000)])
    assert np.allclose(np.cov(quiet.T), np.eye(7), atol=0.04)
    found = [Alarm(alarm.k, alarm.h, alarm.cap).watch(freed(2.0 + z, rho)) >= 0 for z in days(4000)]
    assert np.mean(found) == pytest.approx(raised_within(alarm.k, alarm.h, shifts, alarm.cap), abs=0.025)
    assert (np.diff(shifts) < 0).all() == (rho > 0) and shifts[0] == pytest.approx(2.0)
