"""One store's past from an order file: what is read, what is taken for granted, what is refused."""

import numpy as np
import pytest

from omosim.ingest import ReadOptions, read_orders
from omosim.planning.backtest import _Check
from omosim.planning.demand import Draws, WorkLaw
from omosim.planning.errors import PlanError
from omosim.planning.history import PICKUP, WALK_IN, promise_of, store_history, weekly_growth
from omosim.schema.codes import Flow
from tests.planning.make import history, write

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
    assert set(made.closed_days[np.isin(made.closed_days, made.dates)] - made.dates[0]) == {6, 13, 20, 27}


@pytest.mark.parametrize("sunday_orders", [True, False])
def test_a_promise_over_a_closed_sunday_is_as_long_as_any_other(tmp_path, settings_of, sunday_orders):
    """Saturday 20:30 plus two open hours is Monday 11:30, in the file, in a day drawn, and in a past day served again."""
    rows = []
    for day in range(1, 29):
        if day % 7 == 0:
            rows += [(f"n{day}", at(day, "12:00"), "S01", 1, 1000, "pickup", at(day + 1, "12:00"), at(day + 1, "10:20"), at(day + 1, "18:00"), "collected")] * sunday_orders
            continue
        late = day + (2 if day % 7 == 6 else 1)
        rows.append((f"w{day}", at(day, "20:30"), "S01", 1, 1000, "pickup", at(late, "11:30"), at(late, "10:10"), at(late, "18:00"), "collected"))
        rows += [(f"s{day}-{k}", at(day, clock), "S01", 1, 1000, "store", "", "", "", "completed") for k, clock in enumerate(("10:05", *["15:00"] * 9, "20:50"))]
    made = read(tmp_path, FULL, rows, "S01")
    assert made.shut == ({6} if sunday_orders else set())
    assert promise_of(made) == 2 * 3600
    monday = int(made.dates[0]) + 14
    network = settings_of().network
    check = _Check(made, network, WorkLaw.of(network), 2 * 3600, 300, 1)
    shop = check.shop(monday)
    assert shop.trades == (True, True, False, True) and shop.last_closing == 86_400 + made.closes
    draws = Draws(1, 1, 1, 1)
    orders = check.rows(shop, monday, draws)
    orders = orders[orders["flow"] == Flow.PICKUP]
    due = orders["t"] + orders["promise_s"]
    saturday = orders["t"] == 86_400 + 20 * 3600 + 1800
    assert (due[saturday] == 3 * 86_400 + 11 * 3600 + 1800).all() and saturday.sum() == 1
    lead, kept = check.seen(monday)
    # Saturday 20:30 to Monday 10:10 are 40 open minutes; the Sunday order waited 20
    assert sorted(lead.tolist()) == ([1200, 2400] if sunday_orders else [2400]) and kept.all()


def test_a_store_open_past_midnight_is_refused(tmp_path):
    rows = [
        (f"{d}-{h}-{m}", at(d, f"{h:02d}:{m}"), "S01", 1, 1000, "store" if h != 20 else "pickup", "", "", "", "completed")
        for d in range(1, 29) for h in (0, 14, 18, 20, 22, 23) for m in (10, 30)
    ]  # fmt: skip
    with pytest.raises(PlanError, match="past midnight cannot be planned"):
        read(tmp_path, FULL, rows, "S01")
