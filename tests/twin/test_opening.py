"""The state of known customers: posterior draws against an independent generator, and what a run makes of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omosim.model.retail import RetailModel
from omosim.schema.columns import DAY
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.opening import Opening, opening_of, p_alive, reconcile
from omosim.world.start import spread
from tests.conftest import module_at

forms = module_at(Path(__file__).with_name("closed_forms.py"))
CDNOW = (0.243, 4.414, 0.793, 2.426)
FLAT = {"month_of_year": [1.0] * 12, "day_of_week": [1.0] * 7, "hour_of_day": [1.0] * 24, "hour_of_day_weekend": [1.0] * 24}


def law_of(k, r, alpha, a, b):
    return RepeatFit(k, r, alpha, a, b, 0.0, 1000, True, (0.1, 0.1, 0.1, 0.1))


def lives(n, k, r, alpha, a, b, weeks, later, seed):
    """History until `weeks` and purchases in the `later` weeks after, one customer at a time; written apart from the posterior."""
    rng = np.random.default_rng(seed)
    x, last, after, soon = (np.zeros(n) for _ in range(4))
    for i in range(n):
        rate, leave, t = rng.gamma(r) / alpha, rng.beta(a, b), 0.0
        while True:
            t += rng.gamma(k) / rate if rate > 1e-9 else np.inf
            if t > weeks + later:
                break
            if t <= weeks:
                x[i], last[i] = x[i] + 1, t
            else:
                after[i] += 1
                soon[i] = soon[i] or t <= weeks + 4
            if rng.random() < leave:
                break
    return x.astype(np.int64), last, after, soon


def opening(law, x, last, weeks, kinds=1, share=1.0, **more):
    n = len(x)
    since = np.full((n, kinds), np.nan)
    since[:, 0] = weeks - last
    return Opening(
        date(2024, 1, 1), law, x, last, np.full(n, weeks), np.tile([1.0, 0, 0, 0], (n, 1)), np.zeros(n, np.int64), since, np.full(n, share), **more
    )


def changed(settings, **demand):
    """The settings of a twin that begins on the opening's date, every hour alike."""
    market = settings.market.model_copy(update={"start_date": "2024-01-01", "demand": settings.market.demand.model_copy(update=FLAT | demand)})
    return settings.model_copy(update={"market": market, "burn_in_days": 0})


def test_the_forecast_given_the_past_adds_up_to_the_forecast_without():
    x, last, after, _ = lives(40_000, 1, *CDNOW, 39, 39, seed=3)
    found = forms.expected_later(*CDNOW, x, last, np.full(x.size, 39.0), 39)
    se = (after - found).std() / np.sqrt(x.size)
    assert found.mean() == pytest.approx(forms.expected_repeats(*CDNOW, 78) - forms.expected_repeats(*CDNOW, 39), abs=4 * found.std() / 200)
    for some in (x == 0, (x > 0) & (x < 3), x >= 3):  # and for each kind of past
        gap = (after - found)[some]
        assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(some.sum()), (some.sum(), gap.mean(), se)


@pytest.mark.parametrize(("k", "truth"), [(1, CDNOW), (2, (0.739, 3.943, 0.092, 1.110)), (3, (0.9, 2.5, 0.4, 2.0))])
def test_drawn_customers_come_back_as_often_and_as_soon_as_the_true_ones(k, truth, settings_of):
    """Alive, rate and phase together: who buys within four weeks, by the kind of past."""
    settings = changed(settings_of("strategy=o2o"), stages=k)
    kinds = {"one": next(iter(settings.catalogue.categories.values())).model_copy(update={"need_share": 1.0})}
    settings = settings.model_copy(update={"catalogue": settings.catalogue.model_copy(update={"categories": kinds})})
    x, last, _, soon = lives(12_000, k, *truth, 39, 4, seed=k)
    state = opening(law_of(k, *truth), x, last, 39.0)
    draws = [state.start(settings.model_copy(update={"replication": i})) for i in range(6)]
    wait = np.array([np.where(d.alive, d.units[:, 0] / (k * d.need_rate), np.inf) for d in draws])
    bought, recent = wait < 4.0, 39.0 - last < 6.0
    for some in (x == 0, (x > 0) & recent, (x > 0) & ~recent, x >= 6):
        se = soon[some].std() / np.sqrt(some.sum()) + 1e-4
        assert bought[:, some].mean() == pytest.approx(soon[some].mean(), abs=4 * se), (some.sum(), se)
    alive = np.mean([d.alive for d in draws])
    assert alive == pytest.approx(state.p_alive.mean(), abs=0.006)
    again = state.start(settings.model_copy(update={"replication": 2}))
    assert all(np.array_equal(getattr(again, n), getattr(draws[2], n)) for n in ("need_rate", "dropout", "alive", "units"))
    assert not np.array_equal(draws[0].need_rate, draws[1].need_rate)


def test_two_purchases_in_a_row_say_that_a_customer_is_there_and_a_long_silence_that_he_left():
    law = law_of(1, *CDNOW)
    alive = p_alive(law, np.array([0, 8, 8]), np.array([0.0, 38.5, 8.0]), np.full(3, 39.0))
    assert alive[0] == 1.0 and alive[1] > 0.75 and alive[2] < 0.01


def test_nobody_known_and_nothing_counted_is_no_opening(settings_of, run_of):
    """The same bits as a run without: columns of the book, stock and counters."""
    words = ("strategy=omo", "burn_in_days=0", "days=5", "market=seoul_beauty")
    settings = settings_of(*words)
    state = opening(law_of(1, *CDNOW), np.zeros(0, np.int64), np.zeros(0), 39.0, kinds=len(settings.catalogue.categories))
    state = Opening(**{**vars(state), "as_of": date.fromisoformat(settings.market.start_date)})
    plain, opened = RetailModel(settings).run(), RetailModel(settings, state.start(settings)).run()
    left, right = plain.snapshot().arrays, opened.snapshot().arrays
    assert left.keys() == right.keys() and len(plain.fulfilment.book()) > 100
    for name, array in left.items():
        for field in [f for f in array.dtype.names if f != "link"] if array.dtype.names else [None]:
            assert np.array_equal(*(a if field is None else a[field] for a in (array, right[name]))), (name, field)


def test_an_opening_of_another_day_or_of_too_many_is_refused(settings_of):
    settings = settings_of("strategy=o2o", "burn_in_days=0", "shoppers=100")
    state = opening(law_of(1, *CDNOW), np.zeros(200, np.int64), np.zeros(200), 39.0, kinds=len(settings.catalogue.categories))
    with pytest.raises(ValueError, match=r"2024-01-01.*set market.start_date"):
        state.start(settings)
    with pytest.raises(ValueError, match="200 known customers do not fit into 100 shoppers"):
        RetailModel(changed(settings), state.start(changed(settings)))


def test_customers_stock_and_open_orders_stand_in_the_run_and_the_laws_hold(settings_of):
    settings = changed(settings_of("strategy=omo", "burn_in_days=0", "days=10", "shoppers=1500"))
    kinds = len(settings.catalogue.categories)
    from omosim.world.start import UNDER_WAY

    orders = np.zeros(40, UNDER_WAY)
    orders["shopper"], orders["category"], orders["units"], orders["price"] = np.arange(40), np.arange(40) % kinds, 2, 10_000
    orders["node"] = np.where(np.arange(40) < 20, 1 + np.arange(40) % 3, -1)
    orders["left_s"], orders["counter_s"] = np.where(np.arange(40) == 5, -1, 30_000 + 3_600 * np.arange(40)), 180
    nodes = len(RetailModel(settings).world.nodes)
    counted = np.full((nodes, kinds), np.nan)
    counted[1] = 77
    x = np.arange(600) % 7
    state = opening(law_of(1, *CDNOW), x, np.where(x > 0, 30.0, 0.0), 39.0, kinds=kinds, share=0.3, stock=counted, orders=orders)
    model = RetailModel(settings, state.start(settings))
    world, who = model.world, model.journeys.shoppers
    assert np.array_equal(who["purchases"][40:600], x[40:] + 1) and np.array_equal(who["purchases"][:40], x[:40])
    assert (who["flags"][:600] & 16 > 0).all() and (who["bought"][:600] == 1).all() and (who["habit"][:600, 0] == 255).all()
    for kind in range(kinds):
        beside = int(2 * ((orders["node"] == 1) & (orders["category"] == kind)).sum())
        assert world.stock.on_hand[1, world.sku_first[kind] : world.sku_first[kind + 1]].sum() == 77 + beside
    model.run()  # judges every law
    book = model.fulfilment.book()
    old = book[book["placed_at"] == 0]
    assert len(old) >= 40 and (book["shopper"] < 600).sum() > 60
    mine = old[np.isin(old["shopper"], orders["shopper"]) & (old["units"] == 2) & (old["revenue"] >= 0)]
    done = mine["done_at"][mine["collect_at"] < 0]
    assert ((done > 0) & (done < 6 * DAY)).all() and done.size >= 20
    assert model.audit.worst and max(model.audit.worst.values()) == 0


def test_a_log_becomes_seats_and_counts_meet_flows():
    as_of = date(2024, 2, 1)
    state, names = opening_of(
        np.array(["b", "a", "b", None, "b"], object), np.array([0.5, 3.0, 14.2, 5.0, 40.0]), np.array([0, 1, 1, 0, 0]), np.array([1, -1, 0, 0, 0]),
        np.array([100, 50, 30, 9, 9]), as_of, 28.0, law_of(1, *CDNOW), 2, 0.5,
    )  # fmt: skip
    assert list(names) == ["b", "a"] and state.x.tolist() == [1, 0] and state.spend.tolist() == [130, 50], "who came first sits first: nobody moves when others come"
    assert state.t_x[0] == 2.0 and state.habit[0].tolist() == [0.5, 0.5, 0, 0] and np.isnan(state.since[1]).all()
    assert state.since[0] == pytest.approx([(28 - 14.2) / 7, 27.5 / 7])
    counts = pd.DataFrame({"node": ["S01", "S01", "S02", "X"], "category": ["k"] * 4, "day": [1, 20, 5, 5], "units": [50, 28, 3, 1]})
    flows = pd.DataFrame({"node": ["S01", "S01", "S02"], "category": ["k"] * 3, "day": [10, 22, 9], "units": [-20, -8, -5]})
    units, cells = reconcile(counts, flows, 28.0, ["DC", "S01", "S02"], ["k"])
    assert np.isnan(units[0, 0]) and units[1, 0] == 20 and units[2, 0] == 0
    told = cells.set_index("node")
    assert told.loc["S01", "missing"] == 2 and "0 is taken" in told.loc["S02", "note"] and "no such node" in told.loc["X", "note"]
    assert spread(10, np.array([1.0, 0.0, 3.0])).tolist() == [3, 0, 7] and spread(3, np.zeros(2)).sum() == 3
