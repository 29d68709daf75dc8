"""KPIs counted by hand on a book of a dozen rows."""

import numpy as np
import pytest

from omosim.model.kpis import kpis, quantile
from omosim.schema.codes import N_COUNTS, Count, Entry, Flow, Status
from omosim.schema.columns import BOOK, DAY, FLAG_BROUGHT_BACK, FLAG_EMPTY, FLAG_EMPTY_AGAIN, FLAG_LOOKED

PNL = {
    "net_revenue": 1000, "gross_profit": 400, "fulfilment_cost": 50, "labour_cost": 60, "capability_cost": 10,
    "media_cost": 5, "other_cost": 7, "operating_profit": 275,
}  # fmt: skip


def book_row(**values):
    row = np.zeros(1, BOOK)
    for name in ("promised_at", "picked_at", "ready_at", "arrived_at", "served_at", "done_at", "returned_at"):
        row[name] = -1
    for name, value in values.items():
        row[name] = value
    return row


@pytest.fixture
def figures():
    rows = [
        # shopper 1 buys on the web twice, once late and once returned, and in a store
        book_row(key=1 * 256, placed_at=100, shopper=1, channel=Entry.WEB, flow=Flow.SHIP, units=2, units_out=2, revenue=200, fee=3,
                 promised_at=500, done_at=600, status=Status.DELIVERED),
        book_row(key=2 * 256, placed_at=200, shopper=1, channel=Entry.WEB, flow=Flow.SHIP, units=1, units_out=1, units_back=1, revenue=100,
                 refund=100, promised_at=900, done_at=800, status=Status.RETURNED),
        book_row(key=3 * 256, placed_at=300, shopper=1, channel=Entry.STORE, flow=Flow.VISIT, offer=4, units=1, units_out=1, revenue=50,
                 entries=1, done_at=400, status=Status.BOUGHT),
        # shopper 2: a pickup, ready in time, waited 4 minutes
        book_row(key=4 * 256, placed_at=300, shopper=2, channel=Entry.WEB, flow=Flow.PICKUP, offer=2, units=1, units_out=1, revenue=80,
                 promised_at=900, ready_at=900, arrived_at=1000, served_at=1240, wait_s=240, entries=2, done_at=1300, status=Status.COLLECTED),
        # shopper 5 buys one more thing at a pickup: one visit, with a purchase
        book_row(key=5 * 256, placed_at=300, shopper=5, channel=Entry.WEB, flow=Flow.PICKUP, offer=2, units=1, units_out=1, revenue=80,
                 promised_at=900, ready_at=900, arrived_at=1000, served_at=1000, entries=1, done_at=1300, status=Status.COLLECTED),
        book_row(key=5 * 256 + 1, placed_at=1300, shopper=5, channel=Entry.STORE, flow=Flow.VISIT, offer=2, units=1, units_out=1,
                 revenue=20, promised_at=-1, arrived_at=1300, served_at=1300, done_at=1300, status=Status.BOUGHT),
        # shopper 3 finds an empty shelf and leaves; shopper 4's order is cancelled
        book_row(key=5 * 256, placed_at=400, shopper=3, channel=Entry.STORE, flow=Flow.VISIT, offer=4, units=1, flags=FLAG_EMPTY,
                 entries=1, status=Status.LEFT),
        book_row(key=6 * 256, placed_at=400, shopper=4, channel=Entry.WEB, flow=Flow.SHIP, units=1, units_short=1, status=Status.CANCELLED,
                 promised_at=900),
        # shopper 6 finds two stores empty; 7 takes another item home and brings it back; 8 orders it on the phone at the shelf
        book_row(key=16 * 256, placed_at=400, shopper=6, channel=Entry.STORE, flow=Flow.VISIT, offer=3, units=1,
                 flags=FLAG_EMPTY | FLAG_EMPTY_AGAIN, entries=2, status=Status.LEFT),
        book_row(key=17 * 256, placed_at=400, shopper=7, channel=Entry.STORE, flow=Flow.VISIT, offer=4, units=1, units_out=1, units_back=1,
                 flags=FLAG_EMPTY | FLAG_BROUGHT_BACK, entries=2, revenue=30, refund=30, status=Status.RETURNED),
        book_row(key=18 * 256, placed_at=400, shopper=8, channel=Entry.STORE, flow=Flow.VISIT, offer=5, units=1, entries=1,
                 status=Status.LEFT),
        book_row(key=18 * 256 + 1, placed_at=400, shopper=8, channel=Entry.WEB, flow=Flow.SHIP, offer=5, units=1, units_out=1, revenue=40,
                 promised_at=900, done_at=800, status=Status.DELIVERED),
        # and 11 has the store send an item that its shelf lacks
        book_row(key=19 * 256, placed_at=400, shopper=11, channel=Entry.STORE, flow=Flow.VISIT, offer=4, units=1, entries=1,
                 flags=FLAG_EMPTY, status=Status.LEFT),
        book_row(key=19 * 256 + 1, placed_at=400, shopper=11, channel=Entry.STORE, flow=Flow.SHIP, offer=4, units=1, units_out=1, revenue=60,
                 promised_at=900, done_at=800, status=Status.DELIVERED),
        # 10 only looks
        book_row(key=20 * 256, placed_at=400, shopper=10, channel=Entry.STORE, flow=Flow.VISIT, offer=4, units=1, entries=1,
                 flags=FLAG_LOOKED, status=Status.LEFT),
        # before and after the window
        book_row(key=7 * 256, placed_at=-10, shopper=1, channel=Entry.WEB, flow=Flow.SHIP, units=1, units_out=1, revenue=70),
        book_row(key=8 * 256, placed_at=-10, shopper=9, channel=Entry.WEB, flow=Flow.SHIP, units=1, units_out=1, revenue=70),
        book_row(key=9 * 256, placed_at=DAY, shopper=9, channel=Entry.WEB, flow=Flow.SHIP, units=1, units_out=1, revenue=70),
    ]  # fmt: skip
    counts = np.zeros((1, N_COUNTS), np.int64)
    counts[0, Count.WEB_SESSIONS] = 80
    counts[0, Count.TOUCHES], counts[0, Count.PURCHASES] = 30, 5
    return {k.kpi: k for k in kpis(np.concatenate(rows), counts, PNL, 123, 0, DAY, "KRW")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("orders", 10),
        ("units", 10),
        ("revenue_web", 200 + 3 + 100 - 100 + 80 + 80 + 40),
        ("revenue_store", 50 + 20 + 30 - 30 + 60),
        ("revenue_live", 0),
        ("aov", (200 + 3 + 100 + 50 + 80 + 100 + 30 + 40 + 60) / 10),
        ("web_conversion", 6 / 81),  # the order beside a shelf is a session of its own
        ("web_sessions", 81),
        ("store_visits", 12),  # 3 to collect, one of them for the second time; 2 in a second store or to bring back
        ("store_conversion", 4 / 12),
        ("fill_rate", 8 / 11),  # the late pair and the cancelled unit are not on first promise
        ("stockout_rate", 5 / 15),
        ("cancel_rate", 1 / 10),
        ("return_rate", 2 / 10),
        ("return_rate_online", 1 / 6),
        ("return_rate_store", 1 / 4),
        ("pickup_ready_on_time", 1.0),
        ("pickup_wait_p90_min", 4.0),
        ("delivery_on_time", 3 / 5),
        ("wasted_trip_rate", 5 / 7),
        ("repeat_rate", 2 / 6),
        ("retention", 1 / 2),
        ("touchpoints_per_purchase", 6.0),
        ("multichannel_premium_raw", (253 + 100) / 2 / ((80 + 0 + 40 + 60) / 4)),
        ("operating_profit", 275),
        ("consumer_surplus", 123),
    ],
)
def test_by_hand(figures, name, value):
    assert figures[name].value == pytest.approx(value, rel=1e-12)


def test_what_is_bought_beside_an_errand_is_an_order_where_nothing_else_was():
    def visit(number, entries=1, **more):
        return book_row(key=256 * number, placed_at=100, shopper=number, channel=Entry.STORE, flow=Flow.VISIT, offer=4, entries=entries, **more)

    def beside(number):
        return book_row(key=256 * number + 3, placed_at=150, shopper=number, channel=Entry.STORE, flow=Flow.VISIT, offer=4, units=1, units_out=1,
                        revenue=5, status=Status.BOUGHT)  # fmt: skip

    def sent(number, channel):
        return book_row(key=256 * number + 1, placed_at=100, shopper=number, channel=channel, flow=Flow.SHIP, units=1, units_out=1, revenue=40,
                        promised_at=900, done_at=800, status=Status.DELIVERED)  # fmt: skip

    bought = {"units": 1, "units_out": 1, "revenue": 50, "status": Status.BOUGHT}
    # 1 pays for both, 2 found an empty shelf, 3 has it sent by the store, 4 orders it on the phone, 5 buys nothing
    rows = [visit(1, **bought), beside(1), visit(2, flags=FLAG_EMPTY), beside(2), visit(3), sent(3, Entry.STORE), beside(3), visit(4),
            sent(4, Entry.WEB), beside(4), visit(5, flags=FLAG_LOOKED)]  # fmt: skip
    found = {k.kpi: k.value for k in kpis(np.concatenate(rows), np.zeros((1, N_COUNTS), np.int64), PNL, 0, 0, DAY, "KRW")}
    assert found["orders"] == 5 and found["store_conversion"] == 4 / 5 and found["store_visits"] == 5
    assert found["units"] == 7 and found["revenue_store"] == 50 + 4 * 5 + 40 and found["repeat_rate"] == 1 / 4


def test_undefined_is_null_with_a_reason():
    nothing = kpis(np.zeros(0, BOOK), np.zeros((1, N_COUNTS), np.int64), PNL, None, 0, DAY, "KRW")
    undefined = [k for k in nothing if k.value is None]
    assert {"aov", "web_conversion", "fill_rate", "pickup_wait_p90_min", "retention"} <= {k.kpi for k in undefined}
    assert all(k.reason for k in undefined)


def test_quantile_is_an_order_statistic():
    values = np.array([5, 1, 4, 2, 3], np.int64)
    assert quantile("x", values, 0.9, 1.0, "", "").value == 5
    assert quantile("x", values, 0.5, 1.0, "", "").value == 3
