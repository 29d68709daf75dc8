"""How fast a level drifts and what belongs to its weeks, on simulated walks."""

import numpy as np
import pandas as pd
import pytest

from omosim.ingest import OrderLog
from omosim.twin.levels import chances, of_single_orders, weekly_logs


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


def week_of(rng: np.random.Generator, orders: int, huge: int = 0) -> OrderLog:
    """Seven days from day 100 of lognormal orders of web and store, two lines each; of one more item: units of a huge one."""
    n = rng.poisson(orders)
    value = np.maximum(np.exp(9 + rng.standard_normal(n)), 1).astype(np.int64)
    second = np.sort(rng.integers(100 * 86_400, 107 * 86_400, n))
    lines = pd.DataFrame({"order_id": [f"o{i}" for i in range(n)], "shopper_id": "a", "placed_local": second, "placed_utc": second, "value": value, "units": rng.integers(1, 4, n), "channel": np.where(rng.random(n) < 0.3, "store", "web"), "category": "tea"})
    if huge:
        lines = pd.concat([lines, lines.tail(1).assign(order_id="x", units=huge, value=lines["value"].sum() * 9)])
    return OrderLog("orders.csv", "0" * 64, "own", "KRW", "Asia/Seoul", lines.sort_values("placed_utc", kind="stable").reset_index(drop=True), pd.DataFrame(), pd.DataFrame(), len(lines))


def test_what_a_week_s_sums_differ_by_is_told_by_its_single_orders() -> None:
    rng = np.random.default_rng(17)
    logs = [week_of(rng, 120) for _ in range(300)]
    told = [of_single_orders(log, 100, 7) for log in logs]
    sums = {
        "revenue": [log.lines["value"].sum() / len(log.lines) for log in logs], "units.tea": [log.lines["units"].sum() for log in logs],
        "revenue.store": [log.lines.loc[log.lines["channel"] == "store", "value"].sum() for log in logs],
    }  # fmt: skip
    for name, each in sums.items():
        assert np.sqrt(np.mean([one[name] ** 2 for one in told])) == pytest.approx(np.std(np.log(each)), rel=0.12), name
    odd = of_single_orders(week_of(rng, 120, huge=100_000), 100, 7)
    assert odd["revenue"] > 0.85 and odd["units.tea"] > 0.99, "one order is nine tenths of the week"
    assert of_single_orders(logs[0], 107, 7) == {}
