"""A decision held against what came: bands of known worlds, gaps, days before and behind what was seen."""

from datetime import date

import numpy as np
import pytest

from omosim.twin.decided import bands, held

FIRST, BEGIN = date(2025, 3, 1), date(2025, 3, 11)


def test_bands_hold_nine_of_ten_days_and_sums_of_normal_worlds():
    """Worlds with a level of their own: a day's band is that of level and day, a sum's of level and days together."""
    rng = np.random.default_rng(2)
    level, days = rng.normal(100, 8, (40_000, 1)), rng.normal(0, 6, (40_000, 10))
    found = bands(level + days)
    assert found["q95"][3] - found["q05"][3] == pytest.approx(2 * 1.6449 * 10, rel=0.02)
    assert found["sum_q95"][9] - found["sum_q05"][9] == pytest.approx(2 * 1.6449 * np.sqrt(80**2 + 10 * 36), rel=0.02)
    assert found["sum_q50"][9] == pytest.approx(1000, rel=0.005)


def test_what_came_is_counted_by_hand():
    band = {"q05": [8.0] * 6, "q50": [10.0] * 6, "q95": [12.0] * 6, "sum_q05": [8.0, 17, 26, 35, 44, 53], "sum_q50": [10.0, 20, 30, 40, 50, 60], "sum_q95": [12.0, 23, 34, 45, 56, 67]}
    seen = {"orders": np.r_[np.full(10, 99.0), [10.0, 13.0, 11.0, np.nan, 9.0]]}
    (row,) = held({"orders": band, "pickups": band}, BEGIN, FIRST, seen)
    assert row["series"] == "orders" and (row["days"], row["days_seen"], row["days_in_band"]) == (6, 4, 3) and row["coverage"] == 0.75
    assert (row["sum_days"], row["realised"], row["foretold"], row["says"]) == (3, 34.0, 30.0, "as foretold")
    more = held({"orders": band}, BEGIN, FIRST, {"orders": np.r_[np.zeros(10), np.full(6, 12.0)]})[0]
    assert (more["says"], more["sum_days"], more["realised"]) == ("more", 6, 72.0)
    assert held({"orders": band}, BEGIN, FIRST, {"orders": np.r_[np.zeros(10), np.full(20, 8.0)]})[0]["says"] == "less"


def test_days_told_as_closed_are_not_observed_unless_the_band_knew_them():
    """Six days: the third was told as closed after the decision, the fifth before it, so that its band is 0."""
    low, high = [8.0, 8, 8, 8, 0, 8], [12.0, 12, 12, 12, 0, 12]
    band = {"q05": low, "q50": low, "q95": high, "sum_q05": np.cumsum(low).tolist(), "sum_q50": np.cumsum(low).tolist(), "sum_q95": np.cumsum(high).tolist()}
    seen = {"orders": np.r_[np.zeros(10), [10.0, 10, 0, 10, 0, 10]]}
    (row,) = held({"orders": band}, BEGIN, FIRST, seen, {"2025-03-13", "2025-03-15"})
    assert (row["days_seen"], row["days_in_band"], row["sum_days"], row["realised"], row["says"]) == (5, 5, 2, 20.0, "as foretold")
    assert held({"orders": band}, BEGIN, FIRST, seen)[0]["days_in_band"] == 5  # a miss of six where nobody told
    (first,) = held({"orders": band}, BEGIN, FIRST, {"orders": seen["orders"][2:]}, {"2025-03-11"})
    assert (first["days_seen"], first["sum_days"], first["realised"]) == (3, 0, None)


def test_nothing_seen_says_nothing_and_old_decisions_have_days_alone():
    band = {"q05": [8.0], "q50": [10.0], "q95": [12.0]}
    assert held({"orders": band}, BEGIN, FIRST, {"orders": np.ones(10)}) == []
    assert held({"orders": band}, date(2025, 2, 1), FIRST, {"orders": np.ones(40)}) == []  # before the data begin
    row = held({"orders": band}, BEGIN, FIRST, {"orders": np.full(11, 10.0)})[0]
    assert row["days_in_band"] == 1 and row["realised"] is None and row["says"] == ""


def test_true_worlds_are_covered_nine_times_of_ten():
    """Decisions whose bands are the truth's own: days and sums lie in them as often as they say."""
    rng = np.random.default_rng(9)
    days, sums, n = 0, 0, 300
    for _ in range(n):
        paths = rng.normal(100, 8, (200, 1)) + rng.normal(0, 6, (200, 7))
        truth = rng.normal(100, 8) + rng.normal(0, 6, 7)
        row = held({"orders": bands(paths)}, FIRST, FIRST, {"orders": truth})[0]
        days, sums = days + row["days_in_band"], sums + (row["says"] == "as foretold")
    assert days / (7 * n) == pytest.approx(0.9, abs=0.03) and sums / n == pytest.approx(0.9, abs=0.05)
