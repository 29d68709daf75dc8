"""Promotions of a price table, and their effect against days of known truth."""

import numpy as np
import pandas as pd
import pytest

from omosim.twin.promotions import BETWEEN_SD, PAST_DAYS, PRIOR_SD, Promotion, effect, level_of, promotions_of

MONDAY = 20_000 - (20_000 + 3) % 7
WEEK = np.array([1.0, 1.0, 1.0, 1.1, 1.3, 0.8, 0.0])


def lines_of(value):
    return pd.DataFrame({"sku": list(value), "category": None, "value": [v * 100 for v in value.values()], "units": 100})


def row(first, last, sku="tea", price=-1, discount=np.nan, channel=None):
    return {"from_day": first, "to_day": last, "sku": sku, "category": None, "price": price, "discount": discount, "channel": channel}


def test_what_is_a_promotion_and_what_is_none():
    """A discount; a price of some days below the list price, or below what was paid; items of one offer are one promotion; a new list price is none."""
    prices = pd.DataFrame([
        row(10, -1, "tea", price=1000), row(30, 33, "tea", price=800), row(40, 41, "cup", price=900), row(50, 52, "tea", discount=0.2), row(50, 52, "cup", discount=0.25, channel=None),
        row(60, -1, "tea", price=700), row(70, 71, "tea", price=700), row(80, -1, "cup", discount=0.4, channel="web"), row(90, 91, "tea", discount=0.0),
    ])  # fmt: skip
    found = promotions_of(prices, lines_of({"tea": 600, "cup": 1200}), 85)
    assert [(p.first, p.last, round(p.depth, 3), p.channel) for p in found] == [(30, 33, 0.2, ""), (40, 41, 0.25, ""), (50, 52, pytest.approx(0.2333, abs=1e-3), ""), (80, 85, 0.4, "web")]
    assert [round(p.part, 3) for p in found] == [0.333, 0.667, 1.0, 0.667]
    assert found[0].kind == found[1].kind == ("", 1, 1) and found[2].kind == ("", 1, 2) and found[3].kind == ("web", 2, 1)
    assert "1970-02-20 to 1970-02-22, 23 % off most items" in found[2].words


def sales(days, like, factor, seed=1, level=400.0):
    rng = np.random.default_rng(seed)
    day = MONDAY + np.arange(days)
    mean = level * WEEK[(day + 3) % 7] * np.where(np.any([(day >= p.first) & (day <= p.last) for p in like], axis=0), factor, 1.0)
    return rng.poisson(mean).astype(float)


def test_the_effect_of_many_days_is_the_truth_nearly_and_weekdays_do_not_count():
    """Promotions on Fridays and Saturdays alone: the ratio is against those weekdays; twenty promotions leave little to shrink."""
    like = [Promotion(MONDAY + 14 * n + 4, MONDAY + 14 * n + 5, "", 0.2, 1.0) for n in range(1, 21)]
    found = effect(sales(300, like, 1.4), MONDAY, like, like)
    assert found is not None and found.raw == pytest.approx(1.4, rel=0.02) and found.days == 40 and found.promotions == 20
    kept = PRIOR_SD**2 / (PRIOR_SD**2 + BETWEEN_SD**2 / 20)
    assert np.log(found.factor) == pytest.approx(kept * np.log(found.raw), rel=0.01)
    nothing = effect(sales(300, like, 1.0), MONDAY, like, like)
    assert nothing is not None and nothing.factor == pytest.approx(1.0, abs=0.02)


def test_few_days_are_shrunk_and_more_than_one_kind_is_kept_apart():
    one = [Promotion(MONDAY + 60, MONDAY + 60, "", 0.2, 1.0)]
    other = Promotion(MONDAY + 40, MONDAY + 58, "", 0.6, 1.0)
    y = sales(120, one, 1.5, level=30.0)
    y[40:59] *= 3
    found = effect(y, MONDAY, one, [*one, other])
    assert found is not None and 1.0 < found.factor < found.raw and found.days == 1
    assert np.log(found.factor) / np.log(found.raw) < PRIOR_SD**2 / (PRIOR_SD**2 + BETWEEN_SD**2)


def test_nothing_seen_has_no_effect():
    late = [Promotion(MONDAY + 200, MONDAY + 201, "", 0.2, 1.0)]
    assert effect(np.full(100, 5.0), MONDAY, late, late) is None
    always = [Promotion(MONDAY, MONDAY + 99, "", 0.2, 1.0)]
    assert effect(np.full(100, 5.0), MONDAY, always, always) is None  # no day without it
    assert effect(np.full(100, np.nan), MONDAY, always, always) is None


def test_what_members_learnt_includes_past_promotions():
    """Every second Monday at twice the sales: Mondays were learnt half as high again; a mean of the days is left as it was."""
    past = [Promotion(MONDAY - 14 * n, MONDAY - 14 * n, "", 0.2, 1.0) for n in range(1, 40)]
    held = level_of(past, {past[0].kind: 2.0}, MONDAY)
    share = sum(p.first >= MONDAY - PAST_DAYS for p in past) / 13
    assert held == pytest.approx([1 + share] + [1.0] * 6) and share == pytest.approx(6 / 13)
    assert level_of(past, {}, MONDAY) == [1.0] * 7
