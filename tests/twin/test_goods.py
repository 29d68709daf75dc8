"""Units of a band dealt out to the retailer's goods: Poisson oracles, sums, doubt of shares, places; and what a log's goods are."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, poisson

from omosim.twin import goods
from omosim.twin.decide import levels
from omosim.twin.lately import WEEKS

BANDS = ["price_under_10", "price_from_10"]


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def lines_of(sku, *, store="S01", category="table", units=1, channel="web") -> pd.DataFrame:
    n = len(sku)
    wide = lambda x: x if isinstance(x, (list, np.ndarray)) else [x] * n
    return pd.DataFrame({"sku": pd.Series(sku, dtype=object), "category": pd.Series(wide(category), dtype=object), "store_id": pd.Series(wide(store), dtype=object),
                         "channel": wide(channel), "units": wide(units)})  # fmt: skip


def test_thinned_poisson_demand_has_the_poisson_levels_of_each_good():
    """A band of 12 a day whose lines are a, b, c in parts .5, .3, .2, well known: levels are quantiles of Poisson(rate x days)."""
    past = goods.past_of(lines_of(["a"] * 5000 + ["b"] * 3000 + ["c"] * 2000), np.zeros(10_000, int), BANDS[:1])
    demand = rng().poisson(12.0, (400, 1, 1, 40)).astype(float)
    paths = goods.by_goods(demand, ["S01"], past, range(400), (7, 20_000))
    for (place, number), path in paths.items():
        good = past.goods[number]
        rate = 12.0 * {"a": 0.5, "b": 0.3, "c": 0.2}[good.sku]
        row = levels(path, 2.0, 1.0, 0.95)
        assert (place, good.by, good.category) == ("S01", "sku", "table")
        assert row["daily_mean"] == pytest.approx(rate, rel=0.02)
        assert abs(row["reorder_level"] - poisson.ppf(0.95, 2 * rate)) <= 1 and abs(row["order_up_to"] - poisson.ppf(0.95, 3 * rate)) <= 1
        assert path.var() == pytest.approx(rate, rel=0.05)
    assert len(paths) == 3 and np.allclose(sum(paths.values()), demand[:, 0, 0], atol=1e-9)


def test_few_lines_leave_the_share_in_doubt_as_a_beta_binomial():
    """3 lines of one good and 7 of another, 60 units wanted: its part is Dirichlet(3, 7)-multinomial, far wider than binomial."""
    good = np.array([0] * 3 + [1] * 7)
    sums = np.array([goods.dealt(np.full(6, 10.0), good, np.ones(10, int), 2, rng(i))[0].sum() for i in range(4000)])
    law = betabinom(60, 3, 7)
    assert sums.mean() == pytest.approx(law.mean(), rel=0.03) and sums.std() == pytest.approx(law.std(), rel=0.05)
    assert np.quantile(sums, 0.95) == pytest.approx(law.ppf(0.95), abs=1)


def test_goods_bought_by_the_dozen_have_their_part_of_units_and_come_by_the_dozen():
    """Lines of one unit and lines of twelve, as many: twelve thirteenths of units, whatever is wanted a day."""
    good = np.array([0, 1] * 2000)
    size = np.where(good == 1, 12, 1)
    tables = [goods.dealt(np.full(30, 2.0), good, size, 2, rng(i)) for i in range(600)]
    whole = np.array([t.sum(axis=1) for t in tables])
    assert whole[:, 1].mean() / 60 == pytest.approx(12 / 13, abs=0.01)
    # two goods by the dozen: 60 units are five to six lines, and vary as those do, not as units drawn one by one (60 / 4)
    both = np.array([goods.dealt(np.full(30, 2.0), good, np.full(4000, 12), 2, rng(i))[0].sum() for i in range(600)])
    assert both.mean() == pytest.approx(30, abs=2) and 120 < both.var() < 240


def test_parts_that_move_from_week_to_week_are_known_from_chance():
    """Poisson lines of steady parts give next to nothing; parts times exp(N(0, .5)) week by week give .5."""
    draws = rng(3)
    rate = draws.gamma(1.0, 8.0, 300) + 1

    def log(sd: float) -> float:
        count = draws.poisson(rate[:, None] * np.exp(sd * draws.standard_normal((300, WEEKS)) - sd * sd / 2))
        return goods.scatter_of(np.repeat(np.repeat(np.arange(300), WEEKS), count.ravel()), np.repeat(np.tile(np.arange(WEEKS), 300), count.ravel()))

    assert log(0.0) < 0.08 and log(0.5) == pytest.approx(0.5, rel=0.15) and goods.scatter_of(np.zeros(0, int), np.zeros(0, int)) == 0.0


def test_parts_that_moved_from_week_to_week_widen_the_levels_and_leave_the_mean():
    past = goods.past_of(lines_of(["a"] * 500 + ["b"] * 9500), np.zeros(10_000, int), BANDS[:1])
    demand = rng().poisson(100.0, (400, 1, 1, 20)).astype(float)
    steady = goods.by_goods(demand, ["S01"], past, range(400), (7, 1))["S01", 0]
    moving = goods.by_goods(demand, ["S01"], dataclasses.replace(past, scatter=0.5), range(400), (7, 1))["S01", 0]
    assert moving.mean() == pytest.approx(steady.mean(), rel=0.1)
    assert moving.sum(axis=1).std() > 4 * steady.sum(axis=1).std()


def test_moved_parts_keep_their_means_in_a_shop_of_two_goods():
    """One good of .9, one of .1, moved by exp(.6 z) each: made to sum to one, their means would be others."""
    good = np.array([0] * 900 + [1] * 100)
    draws = rng(8)
    sums = [goods.dealt(np.full(5, 20.0), good, np.ones(1000, int), 2, draws, draws.standard_normal(2)[good], 0.6)[1].sum() for _ in range(6000)]
    assert np.mean(sums) == pytest.approx(10.0, abs=4 * np.std(sums) / np.sqrt(6000)) and np.std(sums) > 6


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.lists(st.tuples(st.integers(0, 3), st.integers(1, 7)), min_size=1, max_size=9), st.integers(0, 99), st.sampled_from([1.0, 1.37]))
def test_what_is_dealt_sums_to_what_is_wanted(units, lines, seed, factor):
    wanted = factor * np.array(units, float)
    good, size = (np.array(x) for x in zip(*lines, strict=True))
    table = goods.dealt(wanted, good, size, 4, rng(seed))
    assert table.shape == (4, len(units)) and (table >= 0).all() and np.allclose(table.sum(axis=0), wanted, atol=1e-9)
    assert not table[[g for g in range(4) if g not in good]].any()
    if factor == 1.0:
        assert np.allclose(table, np.round(table), atol=1e-9)


def test_a_world_has_the_same_draws_whatever_other_worlds_there_are():
    past = goods.past_of(lines_of(["a", "b"] * 50), np.zeros(100, int), BANDS[:1])
    demand = rng().poisson(9.0, (5, 1, 1, 10)).astype(float)
    whole = goods.by_goods(demand, ["S01"], past, range(5), (7, 20_000))
    part = goods.by_goods(demand[[1, 4]], ["S01"], past, [1, 4], (7, 20_000))
    for cell, path in part.items():
        assert np.array_equal(path, whole[cell][[1, 4]])
    other = goods.by_goods(demand, ["S01"], past, range(5), (7, 20_001))
    assert any(not np.array_equal(other[cell], whole[cell]) for cell in whole)


def test_each_place_has_its_own_goods_and_leans_on_others_where_it_has_few_lines():
    sku = ["a"] * 400 + ["b"] * 400 + ["a"] * 5
    past = goods.past_of(lines_of(sku, store=["S01"] * 400 + ["S02"] * 400 + ["S03"] * 5), np.zeros(805, int), BANDS[:1])
    demand = np.full((60, 3, 1, 20), 10.0)
    paths = {(place, past.goods[n].sku): x.mean() for (place, n), x in goods.by_goods(demand, ["S01", "S02", "S03"], past, range(60), (7, 1)).items()}
    assert paths["S01", "a"] > 9.7 and paths["S02", "b"] > 9.7
    # five lines of its own and ten of all places, of which half are b
    assert 2 < paths["S03", "b"] < 5 and paths["S03", "a"] + paths["S03", "b"] == pytest.approx(10)


def test_a_centre_that_is_no_place_of_the_retailer_falls_to_its_stores():
    """Every line names a store: what the market's centre sends is wanted of the stores as lines not sold there are spread."""
    stores, channels = ["S01"] * 300 + ["S02"] * 100 + ["S02"] * 900, ["web"] * 400 + ["store"] * 900
    past = goods.past_of(lines_of(["a"] * 1300, store=stores, channel=channels), np.zeros(1300, int), BANDS[:1])
    demand = np.zeros((200, 3, 1, 10))
    demand[:, 0] = 8.0
    paths = goods.by_goods(demand, ["DC", "S01", "S02"], past, range(200), (7, 1))
    mean = {place: x.mean() for (place, _), x in paths.items()}
    assert set(mean) == {"S01", "S02"} and mean["S01"] == pytest.approx(6.0, rel=0.03) and sum(mean.values()) == pytest.approx(8.0)
    # where lines name no place, the centre is the retailer's own
    nameless = goods.past_of(lines_of(["a"] * 20 + ["b"] * 20, store=[None] * 20 + ["S01"] * 20), np.zeros(40, int), BANDS[:1])
    paths = goods.by_goods(demand[:, :2], ["DC", "S01"], nameless, range(200), (7, 1))
    assert {place for place, _ in paths} == {"DC"} and paths["DC", 0].mean() > 5


def test_items_sold_often_have_levels_of_their_own_and_the_others_go_by_category():
    many = ["tea"] * goods.LEAST_LINES + ["cup"] * (goods.LEAST_LINES - 1) + ["pot"]
    table = lines_of(many, category=["drink"] * goods.LEAST_LINES + ["table"] * (goods.LEAST_LINES - 1) + [None])
    found = goods.past_of(table, np.ones(len(many), int), BANDS)
    assert found.goods == (
        goods.Good("sku", "drink", "tea", ("tea",)), goods.Good("price band", "price_from_10", None, ("pot",)), goods.Good("category", "table", None, ("cup",)),
    )  # fmt: skip
    assert [found.goods[c].sku or found.goods[c].category for c in found.good[[0, goods.LEAST_LINES, -1]]] == ["tea", "table", "price_from_10"]
    by_category = goods.past_of(table, np.ones(len(many), int), BANDS, items=0)
    assert {g.by for g in by_category.goods} == {"category", "price band"} and {g.category for g in by_category.goods} == {"drink", "table", "price_from_10"}
    nothing = goods.past_of(lines_of([None, None], category=None), np.array([0, 1]), BANDS)
    assert [(g.by, g.category, g.items) for g in nothing.goods] == [("price band", "price_from_10", ()), ("price band", "price_under_10", ())]


def test_no_more_items_than_were_asked():
    found = goods.past_of(lines_of(["a"] * 20 + ["b"] * 40 + ["c"] * 30), np.zeros(90, int), BANDS[:1], items=2)
    assert {g.sku for g in found.goods if g.sku} == {"b", "c"} and next(g for g in found.goods if not g.sku).items == ("a",)


def test_a_band_that_no_line_tells_stays_a_band():
    past = goods.past_of(lines_of(["a"] * 20), np.zeros(20, int), BANDS)
    demand = np.full((10, 1, 2, 5), 3.0)
    paths = goods.by_goods(demand, ["S01"], past, range(10), (7, 1))
    assert set(paths) == {("S01", 0), ("S01", 1 + 1)} and paths["S01", 2].sum() == 150
    empty = goods.past_of(lines_of([]), np.zeros(0, int), BANDS)
    assert set(goods.by_goods(demand, ["S01"], empty, range(10), (7, 1))) == {("S01", 0), ("S01", 1)}
