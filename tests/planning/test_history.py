"""One store's past from an order file: what is read, what is taken for granted, what is refused."""

import numpy as np
import pytest

from omosim.ingest import ReadOptions, read_orders
from omosim.planning.errors import PlanError
from omosim.planning.history import (
    PICKUP,
    WALK_IN,
    after_open_seconds,
    kept_until,
    open_seconds,
    promise_of,
    store_history,
    weekly_growth,
)
from tests.planning.make import CLOSES, OPENS, history, write

FULL = ("order_id", "placed_at", "store_id", "units", "unit_price", "fulfilment", "promised_at", "ready_at", "collected_at", "status")


def read(tmp_path, columns, rows, store=None):
    log = read_orders(write(tmp_path / "orders.csv", columns, rows), ReadOptions())
    return store_history(log, store, 10 * 3600, 21 * 3600)


def at(day, clock):
    return f"2026-06-{day:02d}T{clock}:00+09:00"


def test_orders_are_told_apart_and_keep_their_times(tmp_path):
    rows = [
        ("a", at(6, "11:00"), "S01", 2, 1000, "pickup", at(6, "13:00"), at(6, "12:10"), at(6, "15:00"), "collected"),
        ("b", at(6, "12:00"), "S01", 1, 1000, "store", "", "", "", "completed"),
        ("c", at(6, "22:00"), "S01", 1, 1000, "pickup", at(7, "12:00"), at(7, "10:30"), "", "expired"),
        ("d", at(6, "12:00"), "S01", 1, 1000, "pickup", "", "", "", "cancelled"),
        ("e", at(6, "12:00"), "S02", 1, 1000, "pickup", "", "", "", "collected"),
        ("f", at(6, "12:00"), "S01", 1, 1000, "ship", "", "", "", "delivered"),
    ]
    made = read(tmp_path, FULL, rows, "S01")
    assert made.orders["order_id"].tolist() == ["a", "b", "c"]
    assert made.orders["kind"].tolist() == [PICKUP, WALK_IN, PICKUP]
    assert made.orders["expired"].tolist() == [False, False, True]
    a = made.orders.iloc[0]
    assert (a["second"], a["units"], a["ready"] - a["placed"], a["collected"] - a["ready"]) == (11 * 3600, 2, 4200, 10_200)
    assert made.days_of(5).size == 1 and made.days_of(0).size == 0
    assert promise_of(made) == 2 * 3600, "a night order is promised two open hours after the opening"
    assert any("neither picked up" in note for note in made.notes)


def test_only_the_required_columns(tmp_path):
    made = read(tmp_path, ("order_id", "placed_at", "units", "unit_price"), [("a", at(6, "11:00"), 1, 1000)])
    assert made.store == "store" and made.orders["kind"].tolist() == [PICKUP]
    for missing in ("store_id", "fulfilment", "promised_at", "collected_at"):
        assert any(note.startswith(f"no {missing}") for note in made.notes), missing
    assert promise_of(made) is None


def test_a_wrong_store_is_refused_with_the_nearest(tmp_path):
    rows = [("a", at(6, "11:00"), "S01", 1, 1000), ("b", at(6, "11:00"), "S12", 1, 1000)]
    columns = ("order_id", "placed_at", "store_id", "units", "unit_price")
    with pytest.raises(PlanError, match=r"'S1' is not in the file; its stores: S01, S12; nearest: 'S1?[12]"):
        read(tmp_path, columns, rows, "S1")
    with pytest.raises(PlanError, match="no pickup order"):
        read(tmp_path, (*columns, "fulfilment"), [(*rows[0], "store")], "S01")


def test_open_time_runs_in_opening_hours_only():
    second = np.array([0, OPENS, OPENS + 100, CLOSES, CLOSES + 5, 86_400 + OPENS + 7])
    assert open_seconds(second, OPENS, CLOSES).tolist() == [0, 0, 100, CLOSES - OPENS, CLOSES - OPENS, CLOSES - OPENS + 7]
    for start in range(0, 3 * 86_400, 1777):
        for wanted in (1, 900, 3600, CLOSES - OPENS, CLOSES - OPENS + 1):
            then = int(after_open_seconds(np.array([start]), wanted, OPENS, CLOSES)[0])
            passed = open_seconds(np.array([start, then - 1, then]), OPENS, CLOSES)
            assert passed[2] - passed[0] == wanted and passed[1] - passed[0] == wanted - 1, (start, wanted)


@pytest.mark.parametrize("growth", [0.0, 0.01, 0.03])
def test_growth_is_read_and_shrunk_by_how_little_is_known_of_it(growth):
    found = [weekly_growth(made.orders, made.dates)[0] for made in (history(weeks=12, growth=growth, seed=s) for s in range(8))]
    assert abs(np.mean(found) - growth) < 0.004 and np.abs(np.array(found) - growth).max() < 0.012


def test_a_weekday_with_orders_but_nobody_in_the_store_is_closed(tmp_path):
    rows = []
    for day in range(1, 29):
        sunday = day % 7 == 0
        for k in range(10):
            rows.append((f"w{day}-{k}", at(day, f"{10 + k}:30"), "S01", 1, 1000, "pickup", "", "", "", "collected"))
            if not sunday:
                rows.append((f"s{day}-{k}", at(day, f"{10 + k}:15"), "S01", 1, 1000, "store", "", "", "", "completed"))
    made = read(tmp_path, FULL, rows, "S01")
    assert made.shut == {6} and any("closed on sun" in note for note in made.notes)
    # Saturday 20:30 plus two open hours is Monday morning
    trades = (True, False, True)
    assert kept_until(np.array([20 * 3600 + 1800]), 2 * 3600, made.opens, made.closes, trades)[0] >= 2 * 86_400 + made.opens


def test_a_store_open_past_midnight_is_refused(tmp_path):
    rows = [
        (f"{d}-{h}-{m}", at(d, f"{h:02d}:{m}"), "S01", 1, 1000, "store" if h != 20 else "pickup", "", "", "", "completed")
        for d in range(1, 29) for h in (0, 14, 18, 20, 22, 23) for m in (10, 30)
    ]  # fmt: skip
    with pytest.raises(PlanError, match="past midnight cannot be planned"):
        read(tmp_path, FULL, rows, "S01")
