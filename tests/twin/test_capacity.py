"""What stores need, from worlds of known orders: work by hand, doubt in the intervals, days and names of the retailer."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from omosim.api import twin_capacity
from omosim.api.twin_capacity import plan_stores, stores_of
from omosim.ingest import OrderLog
from omosim.schema.days import date_of
from omosim.twin.forecast import Known
from omosim.twin.tables import Tables
from omosim.twin.whatif import AT_COUNTER, IN_STORE, PARCEL, SERVED

DAY, HOUR = 86_400, 3600
MONDAY = 20_000 - (20_000 + 3) % 7
NODES = ["DC", "S01", "S02", "S03"]
WORLDS = 12


def log_of(rows: list[tuple[str, str, str]]) -> Tables:
    """A log of so many single orders: store, channel, fulfilment; sold between 10 and 19 on the days before today."""
    n = len(rows)
    placed = (MONDAY - 1 - np.arange(n) % 28) * DAY + 10 * HOUR + (np.arange(n) * 997) % (9 * HOUR)
    lines = pd.DataFrame(rows, columns=["store_id", "channel", "fulfilment"])
    lines["order_id"] = [f"o{i}" for i in range(n)]
    lines["placed_local"], lines["placed_utc"], lines["units"], lines["value"], lines["status"] = placed, placed, 1, 100, "completed"
    for name in ("promised_utc", "ready_utc", "collected_utc", "returned_utc"):
        lines[name] = -1
    return Tables(OrderLog("f.csv", "", "own", "KRW", "UTC", lines, pd.DataFrame(), pd.DataFrame({"class": [], "rows": []}), n))


def world(rng: np.random.Generator, rates: dict[int, float], days: int, node: int = 1) -> np.ndarray:
    """Orders of each kind, evenly from 10 to 19, two units each."""
    parts = []
    for kind, rate in rates.items():
        for day in range(days):
            rows = np.zeros(rng.poisson(rate), IN_STORE)
            rows["placed_s"] = day * DAY + rng.integers(10 * HOUR, 19 * HOUR, len(rows))
            rows["units"], rows["node"], rows["kind"] = 2, node, kind
            parts.append(rows)
    out = np.concatenate(parts)
    return out[np.argsort(out["placed_s"], kind="stable")]


@pytest.fixture(scope="module")
def network(settings_of):
    made = settings_of().network
    pickup = made.pickup.model_copy(update={"no_show": 0.0})
    work = made.work.model_copy(update={"pick_base_s": 120.0, "pick_unit_s": 30.0, "counter_s": 90.0, "checkout_s": 150.0})
    return made.model_copy(update={"pickup": pickup, "work": work})


def plan(tables, worlds, network, days=7, **changes):
    given = {"factor": 1.0, "known": Known(), "spread": 0.0, "pickup": "seen", "seed": 3} | changes
    return plan_stores(tables, worlds, NODES, MONDAY, days, network, **given)


ONE = [("A", "web", "pickup")] * 200 + [("A", "store", "store")] * 300


@pytest.fixture(scope="module")
def planned(network):
    rng = np.random.default_rng(1)
    return plan(log_of(ONE), [world(rng, {AT_COUNTER: 40.0, SERVED: 60.0}, 7) for _ in range(WORLDS)], network, factor=1.25)


def test_work_is_orders_times_seconds_and_the_store_is_the_retailers(planned):
    """Person-hours of a day: 50 pickups of 180 s, 75 sales of 150 s and as many collections as pickups of 90 s."""
    frame = pd.DataFrame(planned.staffing)
    assert set(frame["store"]) == {"A"} and list(frame["weekday"].unique()) == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert set(frame.columns[:6]) == {"store", "weekday", "from", "to", "pickers", "counter"}
    work = frame.groupby("weekday")[["picking_work", "counter_work"]].sum()
    assert work["picking_work"].mean() == pytest.approx(50 * 180 / HOUR, rel=0.08)
    assert work["counter_work"].mean() == pytest.approx((75 * 150 + 50 * 90) / HOUR, rel=0.08)
    assert (frame["pickers"] >= frame["picking_work"]).mean() > 0.95 and (frame["counter"] > 0).all()
    monday = frame[frame["weekday"] == "mon"]  # 50 / 9 and 75 / 9 an hour: Poisson, nearly
    low, mid, high = (monday[f"sales_{q}"].mean() for q in ("q05", "q50", "q95"))
    assert (low, mid, high) == pytest.approx((4, 8, 13), abs=1.2) and monday["to_pick_q50"].mean() == pytest.approx(5.3, abs=1)
    (store,) = planned.stores
    assert store["to_pick_a_week"] == pytest.approx(350, rel=0.06) and store["kept"] and store["days"] == 7
    assert store["ready_on_time"]["value"] >= 0.95


def test_the_capacity_plan_is_as_the_planner_writes_it(planned):
    frame = pd.DataFrame(planned.capacity)
    assert list(frame.columns) == ["store", "weekday", "from", "to", "interval_min", "max_orders"]
    assert (frame["interval_min"] == 30).all() and frame.groupby("weekday")["max_orders"].sum().min() > 40
    assert frame["from"].min() == "10:00" and frame["to"].max() == "19:00"  # the store's own hours, from its sales


def test_worlds_that_disagree_widen_the_interval(network, planned):
    rng = np.random.default_rng(1)
    unlike = plan(log_of(ONE), [world(rng, {AT_COUNTER: 40.0 * f, SERVED: 60.0 * f}, 7) for f in np.linspace(0.4, 1.6, WORLDS)], network, factor=1.25)
    width = lambda p: p.stores[0]["wait_within_limit"]["ci_high"] - p.stores[0]["wait_within_limit"]["ci_low"]
    hours = lambda p: p.stores[0]["picker_hours_a_week"] + p.stores[0]["counter_hours_a_week"]
    assert hours(unlike) > hours(planned) and (width(unlike) > width(planned) or unlike.stores[0]["wait_within_limit"]["value"] > 0.99)


@pytest.mark.slow
def test_the_mix_of_the_data_counts(network, planned):
    """Worlds with a fifth of the pickups and twice the sales, and the factors that say so: work as before."""
    rng = np.random.default_rng(1)
    got = plan(log_of(ONE), [world(rng, {AT_COUNTER: 8.0, SERVED: 120.0}, 7) for _ in range(WORLDS)], network, factor=1.25, mix={"pickups": 5.0, "sales": 0.5})
    work, was = (pd.DataFrame(p.staffing).groupby("weekday")[["picking_work", "counter_work"]].sum().mean() for p in (got, planned))
    assert work["picking_work"] == pytest.approx(was["picking_work"], rel=0.08) and work["counter_work"] == pytest.approx(was["counter_work"], rel=0.08)


def test_closed_days_and_promotions_come_in(network, planned):
    first = date_of(MONDAY)
    rng = np.random.default_rng(1)
    known = Known(frozenset({first + timedelta(days=2)}), {first + timedelta(days=4): {"orders": 2.0, "": 2.0}})
    got = plan(log_of(ONE), [world(rng, {AT_COUNTER: 40.0, SERVED: 60.0}, 7) for _ in range(WORLDS)], network, factor=1.25, known=known)
    frame = pd.DataFrame(got.staffing)
    assert "wed" not in set(frame["weekday"]) and len(set(frame["weekday"])) == 6
    work = frame.groupby("weekday")["counter_work"].sum()
    usual = pd.DataFrame(planned.staffing).groupby("weekday")["counter_work"].sum()
    assert work["fri"] / usual["fri"] == pytest.approx(1.9, abs=0.25) and work["mon"] == pytest.approx(usual["mon"], rel=0.1)


@pytest.mark.slow
def test_without_pickup_there_is_no_capacity_plan_but_people_at_the_counter(network):
    rng = np.random.default_rng(4)
    worlds = [world(rng, {AT_COUNTER: 5.0, SERVED: 60.0}, 7) for _ in range(WORLDS)]
    got = plan(log_of([("A", "store", "store")] * 300), worlds, network, pickup="")
    frame = pd.DataFrame(got.staffing)
    assert not got.capacity and (frame["pickers"] == 0).all() and (frame["counter"] >= 1).all() and got.stores[0]["ready_on_time"] is None
    assert any(note.startswith("no capacity plan") for note in got.notes)


def test_where_there_is_nothing_to_plan_it_is_said(network):
    rows = np.zeros(1, IN_STORE)
    nothing = plan(log_of([(None, "web", "ship")] * 300), [rows] * WORLDS, network, pickup="")
    assert not nothing.capacity and not nothing.staffing and "name no store" in nothing.notes[0]
    short = plan(log_of(ONE), [rows] * WORLDS, network, days=6)
    assert not short.staffing and "horizon=7 or more" in short.notes[0]
    empty = plan(log_of(ONE), [np.zeros(0, IN_STORE)] * WORLDS, network)
    assert not empty.staffing and any("the data show some" in note for note in empty.notes)
    rng, first = np.random.default_rng(1), date_of(MONDAY)
    shut = Known(frozenset(first + timedelta(days=i) for i in range(7)))
    closed = plan(log_of(ONE), [world(rng, {AT_COUNTER: 40.0, SERVED: 60.0}, 7) for _ in range(WORLDS)], network, known=shut)
    assert not closed.staffing and not closed.capacity and closed.stores == [] and "no capacity plan and no staffing: no store is open on any of these 7 days" in closed.notes


@pytest.mark.slow
def test_parcels_are_picked_and_nobody_collects_them(network):
    rng = np.random.default_rng(4)
    got = plan(log_of(ONE), [world(rng, {AT_COUNTER: 20.0, PARCEL: 20.0}, 7) for _ in range(WORLDS)], network)
    work = pd.DataFrame(got.staffing).groupby("weekday")[["picking_work", "counter_work"]].sum().mean()
    assert work["picking_work"] == pytest.approx(40 * 180 / HOUR, rel=0.1) and work["counter_work"] == pytest.approx(20 * 90 / HOUR, rel=0.15)


def test_stores_are_places_that_sell_or_hand_over():
    rows = [("B", "web", "pickup")] * 30 + [("A", "web", "pickup")] * 10 + [("A", "store", "store")] * 400
    assert stores_of(log_of(rows).orders.lines) == {"A": 410 / 440, "B": 30 / 440}
    assert stores_of(log_of([(None, "web", "pickup")] * 5).orders.lines) == {"store": 1.0}
    assert stores_of(log_of([("A", "store", "store")] * 3 + [("B", "web", "ship")]).orders.lines) == {"A": 1.0}
    assert stores_of(log_of([(None, "web", "ship")] * 3).orders.lines) == {}


@pytest.mark.slow
def test_as_many_stores_as_the_market_has_are_its_own(network):
    """Each has the orders of its counterpart, as many as its own part of the log's says."""
    rng = np.random.default_rng(4)
    tables = log_of([(name, "web", "pickup") for name in ("S01", "S01", "S01", "S02", "S03")] * 40)
    worlds = [np.concatenate([world(rng, {AT_COUNTER: 10.0 * node, SERVED: 10.0 * node}, 7, node) for node in (1, 3)]) for _ in range(WORLDS)]
    got = plan(tables, worlds, network)
    assert [row["store"] for row in got.stores] == ["S01", "S03"]
    assert [row["to_pick_a_week"] for row in got.stores] == [pytest.approx(210, rel=0.1), pytest.approx(70, rel=0.1)]


def test_each_store_keeps_its_own_part_of_pickups_and_sales(network):
    """The market's stores are alike, the retailer's are not; a warehouse between their names moves nobody."""
    from omosim.api.twin_capacity import _own_parts, _rows

    lines = log_of([("BS", "web", "pickup")] * 10 + [("HD", "web", "pickup")] * 30 + [("BS", "store", "store")] * 60 + [("HD", "store", "store")] * 20 + [("DC", "web", "ship")] * 9).orders.lines
    rng = np.random.default_rng(4)
    worlds = [np.concatenate([world(rng, {AT_COUNTER: 10.0, SERVED: 10.0, PARCEL: 1.0}, 7, node) for node in (1, 2)]) for _ in range(WORLDS)]
    stores = stores_of(lines)
    for places in ({"DC": "DC", "S01": "BS", "S02": "HD"}, {"S01": "BS"}):  # with counterparts, and dealt out
        rows = _rows(worlds, NODES[:3], list(stores), np.array(list(stores.values())), places)
        weight, said = _own_parts(rows, lines, list(stores), MONDAY)
        for kind, parts in ((AT_COUNTER, (0.25, 0.75)), (SERVED, (0.75, 0.25))):
            mine = rows["kind"] == kind
            got = np.bincount(rows["store"][mine], weight[mine])
            assert got.sum() == pytest.approx(mine.sum()) and got / got.sum() == pytest.approx(parts)
        assert (weight[rows["kind"] == PARCEL] == 1).all() and said[0].startswith("stores have their own parts of pickups and sales of the last 13 weeks: ")
        if "S02" in places:
            assert (rows["store"] == rows["node"] - 1).all()
    alike = log_of([(name, *how) for name in ("BS", "HD") for how in (("web", "pickup"), ("store", "store")) for _ in range(9)]).orders.lines
    assert _own_parts(_rows(worlds, NODES[:3], ["BS", "HD"], np.array([0.5, 0.5]), {"S01": "BS", "S02": "HD"}), alike, ["BS", "HD"], MONDAY)[1] == []


def test_collections_at_night_keep_promise_and_weekdays_and_are_said(network):
    from omosim.api.twin_capacity import _past
    from omosim.planning.plan import promise_of

    tables = log_of(ONE)
    lines = tables.orders.lines
    picked = (lines["fulfilment"] == "pickup").to_numpy()
    lines.loc[picked, "promised_utc"] = lines["placed_utc"][picked] + 3 * HOUR // 2
    lines.loc[picked, "collected_utc"] = (lines["placed_utc"] // DAY + 1)[picked] * DAY + np.arange(200) * 431 % DAY
    past, (note,) = _past(tables, "A", network, frozenset())
    assert note.startswith("A: people were in the store before 4:00 and after 23:00") and past.hours_from == "network.stores.opens and closes"
    assert promise_of(past) == pytest.approx(1.5 * HOUR)
    past, said = _past(tables, "A", network, frozenset({"network.stores.opens", "network.stores.closes"}))
    assert not said and past.hours_from.endswith("as given") and promise_of(past) == pytest.approx(1.5 * HOUR)


def test_weekdays_without_trade_are_not_planned(network):
    from omosim.api.twin_capacity import _closed

    tables = log_of(ONE)
    lines = tables.orders.lines
    assert _closed(lines, "A", MONDAY) == []
    lines["placed_local"] += np.where((lines["placed_local"] // DAY + 3) % 7 == 0, DAY, 0)  # Monday's orders come on Tuesdays
    lines.loc[0, "placed_local"] -= 28 * DAY
    assert _closed(lines, "A", MONDAY) == [0]
    more = log_of([("B", "store", "store")] * 300).orders.lines.assign(order_id=[f"b{i}" for i in range(300)])
    both = pd.concat([lines, more], ignore_index=True)
    assert _closed(both, "A", MONDAY) == [0] and _closed(both, "B", MONDAY) == []
    rng = np.random.default_rng(4)
    got = plan(tables, [world(rng, {AT_COUNTER: 8.0, SERVED: 10.0}, 7) for _ in range(WORLDS)], network, jobs=1)
    assert set(got.staffing["weekday"]) == set(got.capacity["weekday"]) == {"tue", "wed", "thu", "fri", "sat", "sun"} and got.stores[0]["days"] == 6
    assert not any("mon:" in note for note in got.notes)


def test_progress_says_what_is_done_and_about_how_long_the_rest_takes(monkeypatch, capsys, network):
    """By hand on a clock of its own: 2 of 14 in 6 s are 3 s each, so 36 s for the other 12; nothing within five seconds, nothing at the end."""
    clock = [100.0]
    monkeypatch.setattr(twin_capacity.time, "perf_counter", lambda: clock[0])
    progress = twin_capacity._Progress(2)
    for at, done in ((103.0, 1), (106.0, 2), (107.0, 3), (124.0, 7), (150.0, 14)):
        clock[0] = at
        progress.to(done)
    assert capsys.readouterr().err.splitlines() == ["planned 2 of 14 weekdays of stores, 6 s, about 36 s left", "planned 7 of 14 weekdays of stores, 24 s, about 24 s left"]


@pytest.mark.slow
def test_progress_is_shown_while_stores_are_planned(monkeypatch, capsys, network):
    monkeypatch.setattr(twin_capacity, "SAID_S", -1.0)
    rng = np.random.default_rng(1)
    log = log_of([("A", "store", "store")] * 30 + [("B", "store", "store")] * 30)
    made = plan(log, [world(rng, {SERVED: 20.0}, 7) for _ in range(2)], network)
    lines = capsys.readouterr().err.splitlines()
    assert len(made.stores) == 2 and [line.split(",")[0] for line in lines] == [f"planned {min(n, 14)} of 14 weekdays of stores" for n in (1, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11, 12, 13)]
