"""Measures and filters on a hand-made run whose every figure can be counted by eye."""

from __future__ import annotations

import copy
import math
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from omosim.schema.codes import N_COUNTS, Count, Entry, Flow, NodeKind
from omosim.schema.columns import BOOK, DAY, FLAG_EMPTY, NODE, order_key
from omosim.validation.effects import effect
from omosim.validation.experiment import Outcome
from omosim.validation.measures import MEASURES
from omosim.validation.plan import reading_of
from omosim.validation.view import Source, View

BURN, DAYS = 2, 4


def row(shopper, day, channel, flow, revenue, *, units=1, back=0, entries=0, category=0, need=0, ordinal=0, refund=0, flags=0, goods=0, service=0):
    made = np.zeros(1, BOOK)
    made["key"] = order_key(shopper, category, need, ordinal)
    made["placed_at"], made["shopper"], made["zone"] = (day + BURN) * DAY + 60, shopper, shopper
    made["channel"], made["flow"], made["category"] = channel, flow, category
    made["revenue"], made["units"], made["units_out"], made["units_back"] = revenue, units, units, back
    made["entries"], made["refund"], made["flags"] = entries, refund, flags
    made["goods_cost"], made["service_cost"] = goods, service
    return made


@pytest.fixture
def run():
    """Four shoppers, each in a zone of its own, on a line of stores S01 at 0 km and S02 at 30 km; 1 and 3 are old."""
    book = np.concatenate([
        row(0, -1, Entry.WEB, Flow.SHIP, 100, need=1),
        row(0, -2, Entry.STORE, Flow.VISIT, 50, need=2, entries=1),
        row(1, -1, Entry.WEB, Flow.SHIP, 70, need=1),
        row(0, 0, Entry.WEB, Flow.SHIP, 200, need=3, units=2, back=1, refund=100, goods=90, service=12),
        row(1, 1, Entry.STORE, Flow.VISIT, 300, need=2, entries=1, goods=130),
        row(2, 1, Entry.STORE, Flow.VISIT, 0, units=0, need=1, entries=1, flags=FLAG_EMPTY),
        row(2, 2, Entry.WEB, Flow.PICKUP, 40, need=2, entries=1, category=1, goods=20, service=3),
        row(2, 2, Entry.STORE, Flow.VISIT, 10, need=2, ordinal=1, category=1),
        row(3, 3, Entry.SOCIAL, Flow.SHIP, 5, need=1),
    ])  # fmt: skip
    nodes = np.zeros(3, NODE)
    nodes["kind"] = [NodeKind.DC, NodeKind.STORE, NodeKind.STORE]
    world = SimpleNamespace(
        node_names=["DC", "S01", "S02"], nodes=nodes, calendar=SimpleNamespace(date_of=lambda day: date(2026, 3, 1) + timedelta(day)), trading=np.array([True, True, True]), zone_weight=np.full(4, 0.25),
        distance_m=np.array([[0, 1000, 30000], [0, 10000, 20000], [0, 20000, 10000], [0, 30000, 1000]], np.int32),
    )  # fmt: skip
    counts = np.zeros((BURN + DAYS, N_COUNTS), np.int64)
    counts[:, Count.TOUCHES], counts[:, Count.PURCHASES], counts[:, Count.TOUCHES_OBSERVED] = 22, 2, 12
    journeys = SimpleNamespace(
        shoppers={"zone": np.arange(4), "segment": np.array([0, 1, 0, 1], np.int8)}, counts=counts, zone_sessions=np.arange(24, dtype=np.int32).reshape(6, 4)
    )
    settings = SimpleNamespace(burn_in_days=BURN, days=DAYS, catalogue=SimpleNamespace(categories={"tops": 0, "bottoms": 1}),
                               market=SimpleNamespace(segments={"young": 0, "old": 0}))  # fmt: skip
    return SimpleNamespace(settings=settings, book=book, model=SimpleNamespace(world=world, journeys=journeys))


def read(run, name, **spec):
    return MEASURES[name].read(View(Source(run), spec))


@pytest.mark.parametrize(
    ("name", "spec", "value"),
    [
        ("sales", {}, 555), ("net_sales", {}, 455), ("orders", {}, 5), ("units", {}, 6), ("units_returned", {}, 1),
        ("returned_share", {}, 1 / 6), ("visits", {}, 3), ("customers", {}, 4), ("people", {}, 4),
        ("sales", {"channels": ["web"]}, 240), ("sales", {"channels": ["web", "social"]}, 245),
        ("sales", {"services": ["pickup"]}, 40), ("sales", {"categories": ["bottoms"]}, 50),
        ("sales", {"when": [-2, 0]}, 220), ("sales", {"when": [1, 3]}, 350),
        ("sales", {"weekdays": ["tue", "fri"]}, 200 + 5), ("sales", {"weekdays": ["mon"], "when": [-2, 0]}, 170),
        ("sales", {"whom": {"prior": True}}, 500), ("people", {"whom": {"prior": True}}, 2),
        ("people", {"whom": {"channels": "2+"}}, 1), ("people", {"whom": {"channels": "1"}}, 1),
        ("people", {"whom": {"bought": [1, 3]}}, 2), ("people", {"whom": {"bought": [0, 4], "channels": "2+"}}, 1),
        ("people", {"whom": {"visited": [0, 4]}}, 2), ("people", {"whom": {"stayed_away": [0, 4]}}, 2),
        ("people", {"whom": {"prior": True, "stayed_away": [0, 4]}}, 1),
        ("sales", {"where": {"nearest_to": "S02"}}, 55), ("sales", {"where": {"store": "S01", "within_km": 10}}, 500),
        ("sales", {"where": {"store": "S01", "beyond_km": 10}}, 55),
        ("sales", {"where": {"zones": [0, 2]}}, 250), ("sales", {"where": {"not_zones": [0, 2]}}, 305),
        ("sales", {"where": {"zones": [0, 2], "not_zones": [2]}}, 200), ("sales", {"where": {"store": "S01", "beyond_km": 10, "zones": [0, 3]}}, 5),
        ("sales", {"where": {"nearest_to": "S02", "not_zones": [3]}}, 50), ("web_sessions", {"where": {"zones": [1]}}, 9 + 13 + 17 + 21),
        ("sales", {"whom": {"segments": ["young"]}}, 250), ("sales", {"whom": {"segments": ["old"]}}, 305),
        ("people", {"whom": {"segments": ["old", "young"]}}, 4), ("people", {"whom": {"segments": ["old"], "prior": True}}, 1),
        ("orders", {"where": {"zones": [1, 2]}, "whom": {"segments": ["young"]}}, 2), ("sales", {"where": {"zones": [1]}, "whom": {"segments": ["young"]}}, 0),
        ("gross_profit", {}, 455 - 240), ("gross_profit", {"where": {"zones": [0]}}, 100 - 90), ("service_cost", {}, 15),
        ("contribution", {}, 455 - 240 - 15), ("contribution", {"whom": {"segments": ["young"]}}, (100 - 90 - 12) + (50 - 20 - 3)),
        ("contribution_per_customer", {"whom": {"segments": ["old"]}}, (300 - 130 + 5) / 2), ("contribution_per_customer", {"channels": ["web"]}, (-2 + 17) / 4),
        ("revenue_per_customer", {"whom": {"prior": True}}, 200), ("revenue_per_customer", {}, 455 / 4),
        ("spend_per_customer", {"channels": ["store"]}, 310 / 4), ("orders_per_customer", {"whom": {"prior": True}}, 1),
        ("units_returned_per_customer", {"whom": {"prior": True}}, 0.5),
        ("web_sessions", {}, sum(range(8, 24))), ("web_sessions", {"where": {"nearest_to": "S02"}}, 10 + 11 + 14 + 15 + 18 + 19 + 22 + 23),
        ("web_sessions", {"when": [0, 1]}, 8 + 9 + 10 + 11), ("orders_per_visitor", {"channels": ["web"]}, 2 / sum(range(8, 24))),
        ("web_conversion", {}, 2 / sum(range(8, 24))), ("store_conversion", {}, 2 / 3), ("availability", {}, 1 / 2),
        ("order_value", {}, 555 / 5), ("share_spending_more", {"when": [0, 1]}, 1 / 2), ("share_spending_more", {"when": [0, 2]}, 1),
        ("touches_per_purchase", {}, 11), ("touches_observed_per_purchase", {}, 6), ("stock_checks", {}, 0),
    ],
)  # fmt: skip
def test_counted_by_hand(run, name, spec, value):
    assert read(run, name, **spec) == pytest.approx(value, rel=1e-12)


def test_every_measure_is_counted_here():
    marks = test_counted_by_hand.pytestmark[0].args[1]
    assert {mark[0] for mark in marks} == set(MEASURES)


def test_treated_zones_less_other_zones(run):
    """The treated run sells 300 more to shopper 0, in zone 0, and 30 more to shopper 2, of the same segment, in zone 2."""
    panel = Outcome(name="panel", measure="sales", where={"zones": [0]}, whom={"segments": ["young"]},
                    against={"segments": ["young"], "where": {"not_zones": [0]}}, sign="+")  # fmt: skip
    usual = copy.deepcopy(run)
    run.book["revenue"][3] += 300
    run.book["revenue"][6] += 30
    found = [[MEASURES["sales"].read(View(Source(arm), reading_of(panel, group)["spec"])) for arm in (run, usual)] for group in panel.groups]
    assert found == [[500, 200], [80, 50]]
    assert effect("log_ratio", found, []) == pytest.approx(math.log(2.5) - math.log(1.6), rel=1e-12)
    assert effect("difference", found, []) == 300 - 30


def test_thirds_of_the_cut_are_of_people_and_in_order(run):
    source = Source(run)
    assert source.cut("S02").tolist() == [0, 0, 10000, 29000]
    assert source.group({"distance": {"stores": ["S02"]}}).tolist() == [False, False, True, True]
    assert source.group({"distance": {"stores": ["S02"], "change": "same"}}).tolist() == [True, True, False, False]
    assert source.group({"distance": {"stores": ["S02"], "third": 1}}).tolist() == [False, False, True, False]
    assert source.group({"distance": {"stores": ["S02"], "third": 3}}).tolist() == [False, False, False, True]


def test_the_cut_is_the_same_whether_the_store_is_there_or_not(run):
    there = Source(run).cut("S02")
    run.model.world.trading[2] = False
    assert (Source(run).cut("S02") == there).all()


def test_days_after_shows_weigh_alike_and_cut_ones_are_left_out(run):
    """A show every second day is broadcast on days 1, 3 and 5 of the run: 2 days of burn-in, so -1, 1 and 3."""
    source = Source(run)
    shows = {"per_week": 3.5, "first": 1, "days": [0, 1]}
    assert source.chosen_days({"shows": shows}).tolist() == [0, 0, 0, 1, 0, 1]
    assert source.chosen_days({"shows": {**shows, "first": 3}}).tolist() == [0, 0, 0, 0, 0, 1]
    assert source.chosen_days({"shows": {**shows, "days": [1, 3]}}).tolist() == [0, 0, 1, 1, 1, 1]
    assert source.chosen_days({"shows": {**shows, "days": [0, 3]}}).tolist() == [0, 0, 0, 1, 1, 1]
    assert read(run, "sales", shows=shows) == 300 + 5


def test_nothing_to_divide_by_is_none(run):
    assert read(run, "returned_share", channels=["live"]) is None
    assert read(run, "revenue_per_customer", whom={"bought": [-2, -1], "channels": "2+"}) is None
