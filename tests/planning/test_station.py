"""The bare station and the store made of two of them: equal to the fulfilment engine, column by column of the book; Erlang C."""

from dataclasses import replace

import numpy as np
import pytest

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.kernels.station import LEFT, NEVER, NOT_BEGUN, serve, serve_counted
from omosim.planning.demand import Ways
from omosim.planning.erlang import erlang_c
from omosim.planning.history import CURBSIDE, DAY, LOCKER
from omosim.planning.simulate import Days, Staff, simulate
from omosim.planning.stations import Bare
from omosim.schema.columns import FLAG_QUEUE_LEFT
from tests.planning.make import CLOSES, OPENS, days, history

FIGURES = ("orders", "on_time", "served", "waited", "soon", "left", "waits", "wait_rep", "wait_quarter", "wait_mean_s", "lead_s", "lead_rep", "shelf", "calls", "work")
COLUMNS = ("key", "flow", "offer", "placed_at", "promised_at", "ready_at", "arrived_at", "served_at", "done_at", "wait_s")


def some_staff(rng):
    """People by the quarter hour, by the hour or the day; none at times, in opening hours too."""
    at = np.arange(96) * 900
    on = (at >= OPENS) & (at < CLOSES)
    level = lambda: (np.repeat(rng.integers(0, 5, 24), 4) if rng.random() < 0.6 else rng.integers(0, 4, 96)) * on
    return Staff(level(), level())


def some_days(rng, settings_of):
    """A store's days: closed ones, short shelf times, lockers and cars; ties of coarse times and short patience."""
    made = history(pickups=float(rng.choice([20, 60, 110])), walk_ins=float(rng.choice([0, 50, 120])), seed=int(rng.integers(99)))
    made.orders["place"] = np.where(made.orders["kind"] == 0, rng.choice([0, CURBSIDE, LOCKER], len(made.orders), p=(0.6, 0.2, 0.2)), 0)
    shop, rows, draws = days(made, settings_of().network, groups=3)
    trades = shop.trades if rng.random() < 0.5 else (*(rng.random(3) < 0.6).tolist(), True)
    shop = replace(shop, trades=tuple(trades), hold_s=int(rng.choice([DAY // 2, DAY, 3 * DAY])))
    if rng.random() < 0.6:
        for name in ("t", "pick_s", "counter_s", "collect_lag_s"):
            known = rows[name] >= 0
            rows[name][known] = rows[name][known] // 60 * 60
        short = rows["patience_s"] >= 0
        rows["patience_s"][short] = rows["patience_s"][short] // 240 * 60
        rows = rows[np.lexsort((rows["key"], rows["t"]))]
    return shop, rows, draws


@pytest.mark.parametrize("seed", range(24))
def test_the_bare_stations_give_the_engines_day(settings_of, seed):
    rng = np.random.default_rng(seed)
    shop, rows, draws = some_days(rng, settings_of)
    staff = some_staff(rng) if rng.random() < 0.6 else [some_staff(rng) for _ in range(5)]
    assert Bare.can(shop, rows)
    bare, engine = simulate(shop, rows, draws, staff, audit=False), simulate(shop, rows, draws, staff, KernelFulfilment, audit=False)
    assert engine.orders.sum() > 0 and not bare.laws and engine.laws
    for name in COLUMNS:
        assert np.array_equal(bare.book[name], engine.book[name]), name
    assert np.array_equal(bare.book["flags"], engine.book["flags"] & FLAG_QUEUE_LEFT)
    for name in FIGURES:
        assert np.array_equal(getattr(bare, name), getattr(engine, name)), name


def test_rows_whose_keys_are_not_in_the_order_of_their_times(settings_of):
    shop, rows, draws = days(history(pickups=90, walk_ins=60), settings_of().network, groups=3)
    rng, number = np.random.default_rng(5), (rows["key"] >> 8) & ((1 << 24) - 1)
    rows["key"] += (rng.permutation(int(number.max()) + 1)[number] - number) << 8
    rows["t"] = rows["t"] // 300 * 300
    rows["collect_lag_s"][rows["collect_lag_s"] >= 0] //= 600
    rows = rows[np.lexsort((rows["key"], rows["t"]))]
    staff = Staff.level(2, 1, OPENS, CLOSES)
    bare, engine = simulate(shop, rows, draws, staff, audit=False), simulate(shop, rows, draws, staff, KernelFulfilment, audit=False)
    assert Bare.can(shop, rows) and bare.waits.max() > 0
    for name in COLUMNS:
        assert np.array_equal(bare.book[name], engine.book[name]), name


def test_the_engine_serves_what_bare_stations_know_nothing_of(settings_of):
    made = history(pickups=40, walk_ins=30)
    made.orders["place"] = np.where(made.orders["kind"] == 0, CURBSIDE, 0)
    shop, rows, draws = days(made, settings_of().network, groups=3)
    tried = rows.copy()
    tried["try_on"] = 1
    assert Bare.can(shop, rows) and not Bare.can(shop, tried)
    for how in (Ways(pooled=True), Ways(batch=3, walk_s=60), Ways(bays=1)):
        mine = replace(shop, how=how)
        assert not Bare.can(mine, rows)
        done = simulate(mine, rows, draws, Staff.level(2, 1, OPENS, CLOSES), audit=False)
        assert done.laws and not any(done.laws.values()), "the engine judges its totals"
    trips, staff = Days(replace(shop, how=Ways(batch=3, walk_s=60)), rows, draws), Staff.level(1, 1, OPENS, CLOSES)
    whole, alone = trips.whole(staff), trips.counter(staff)
    assert whole.laws and not alone.laws, "of trips the counter alone is a bare station"
    assert np.array_equal(whole.soon, alone.soon) and np.array_equal(np.sort(whole.waits), np.sort(alone.waits))


def station(t, work, rank, patience, servers, exact, until=NEVER):
    """Start of each customer, what each found, and the integral of the queue."""
    n = len(t)
    start, follow, ends = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(servers + 1, np.int64)
    one = lambda x: np.array([x], np.int64)
    given = (t, work, rank, patience, n, one(-1), one(servers), one(1), False, until, start, follow, ends)
    if not exact:
        serve(*given)
        return start, None, None
    found = np.empty(n, np.int64)
    return start, found, serve_counted(*given, found, np.empty(n, np.int64))


@pytest.mark.parametrize("seed", range(6))
def test_the_queue_is_counted_exactly(seed):
    """Length found and integral, against a recount from the waits; the same starts as where nobody asks."""
    rng = np.random.default_rng(seed)
    n, until = 600, 2600
    t, work = np.sort(rng.integers(0, 3000, n)), rng.integers(0, 30, n)
    rank, patience = rng.integers(0, 2, n), np.where(rng.random(n) < 0.7, rng.integers(0, 60, n), -1)
    start, found, area = station(t, work, rank, patience, 3, True, until)
    lazy, _, _ = station(t, work, rank, patience, 3, False, until)
    assert np.array_equal(start, lazy)
    assert (start == LEFT).any() and (start == NOT_BEGUN).any() and (start >= 0).any()
    end = np.where(start >= 0, start, np.where(start == LEFT, t + patience, until))
    came = t < until
    assert area == int((end - t)[came].sum())
    for i in np.flatnonzero(came):
        before = np.arange(n) < i
        # services end before customers of the same second come; patience ends after them
        waits = before & ((end > t[i]) | ((end == t[i]) & (start == LEFT) & (patience > 0)) | ((end == t[i]) & (start == LEFT) & (t == t[i])))
        assert found[i] == waits.sum(), i


@pytest.mark.parametrize("servers", [1, 3])
def test_who_waits_and_how_long_by_erlang_c(servers):
    rng = np.random.default_rng(7)
    n, mean, load = 400_000, 100_000, 0.8 * servers
    t = np.cumsum(rng.exponential(mean / load, n)).astype(np.int64)
    work, same = rng.exponential(mean, n).astype(np.int64), np.zeros(n, np.int64)
    start, _, area = station(t, work, same, same - 1, servers, True, int(t[-1]) + 10**9)
    wait = (start - t).reshape(100, -1)
    share, exact = (wait > 0).mean(axis=1), erlang_c(servers, load)
    assert abs(share.mean() - exact) < 4 * share.std(ddof=1) / 10
    means = wait.mean(axis=1) / mean
    assert abs(means.mean() - exact / (servers - load)) < 4 * means.std(ddof=1) / 10
    assert area == wait.sum()
