"""Whole runs in which stores and dark stores close: for good, for some days, and with fewer people."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.fulfilment.laws import ENDED
from omosim.model.retail import RetailModel
from omosim.model.run import Run
from omosim.schema.codes import Flow, Move, Status
from omosim.schema.columns import DAY, HOUR
from omosim.schema.network import N_ROLES, PICKING
from omosim.schema.settings import Settings

ON = ("reserve_and_collect", "curbside", "ship_to_store", "pickup_slots", "dark_stores", "outsourced_nodes", "lockers")
BURN, DAYS = 3, 12
WORDS = [
    "strategy=omo", "shoppers=3000", f"days={DAYS}", f"burn_in_days={BURN}", "seed=11", "network.stores.count=5",
    *(f"strategy.capabilities.{name}=true" for name in ON), "network.operations.curbside_bays=2", "network.operations.slot_minutes=30",
    "network.operations.slot_orders=3", "network.operations.shelf_bins=4", "network.operations.desk=1", "network.operations.at_closing=hold",
    "network.operations.wave_minutes=120", "network.dark_stores.count=2", "network.points.lockers=3", "network.outsourced.count=1",
    "network.sourcing.rule=nearest", "network.sourcing.max_parcels=3",
]  # fmt: skip
CHANGES = [
    {"what": "store_open", "set": 0, "stores": ["S02"], "from_day": 4},
    {"what": "store_open", "set": 0, "stores": ["S03"], "from_day": 3, "to_day": 8},
    {"what": "store_open", "set": 0, "stores": ["D01"], "from_day": 5},
    {"what": "staff", "set": 5, "stores": ["D02"], "from_day": 2},
]
#: store -> days of the run on which it is closed
CLOSED = {"S02": (BURN + 4, 10**6), "S03": (BURN + 3, BURN + 8), "D01": (BURN + 5, 10**6)}


def settings(*words: str, changes: list[dict] = CHANGES) -> Settings:
    plain = compose("run", [*WORDS, *words]).settings
    return Settings(**{**plain.model_dump(), "scenario": {"name": "test", "title": "test", "interventions": changes}})


class Seen:
    """A run, and what was to be seen at each midnight: units free, published, under way."""

    def __init__(self, *words: str) -> None:
        self.model = model = RetailModel(settings(*words))
        stock = model.world.stock
        self.published, self.available, self.shut, self.asked = [], [], [], []
        while model.running:
            model.step()
            self.published.append(model.world.stock.published.sum(axis=1))
            self.available.append(stock.available.sum(axis=1))
            self.shut.append(model.world.nodes["shut"].copy())
            self.asked.append(stock.on_order.sum(axis=1))
        self.run = Run(model.run())

    def node(self, name: str) -> int:
        return self.model.world.node_names.index(name)


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen()


def test_laws_hold_and_nothing_stays_open(seen: Seen) -> None:
    assert set(seen.run.laws) == {f"L{i}" for i in range(1, 13)} and not any(seen.run.laws.values())
    assert seen.model.fulfilment.pending() == 0 and np.isin(seen.run.book["status"], ENDED).all()


@pytest.mark.parametrize("name", CLOSED)
def test_nothing_is_sent_to_a_closed_store(seen: Seen, name: str) -> None:
    book, node, (first, last) = seen.run.book, seen.node(name), CLOSED[name]
    there = book[(book["node"] == node) | (book["collect_at"] == node)]
    day = there["placed_at"] // DAY
    while_closed = there[(day >= first) & (day < last)]
    assert set(while_closed["status"]) <= {Status.LEFT} and set(while_closed["flow"]) <= {Flow.VISIT}, "who was on the way meets a closed door"
    assert len(there[day < first]) > 20, "before, it was a store like others"
    shut = np.array(seen.shut)[:, node]
    assert not shut[:first].any() and shut[first : min(last, len(shut))].all() and not shut[last:].any()
    assert not np.array(seen.published)[first : min(last, len(shut)), node].any()


def test_orders_that_waited_there_are_served_elsewhere_or_told(seen: Seen) -> None:
    """Placed there in the evening before; no customer comes to a door that never opens."""
    book = seen.run.book
    waiting = np.zeros(len(book), bool)
    for name, (first, _) in CLOSED.items():
        node, at = seen.node(name), first * DAY
        waiting |= (book["collect_at"] == node) & (book["flow"] == Flow.PICKUP) & (book["placed_at"] < at) & ((book["done_at"] < 0) | (book["done_at"] >= at))
    assert waiting.sum() >= 3 and set(book["status"][waiting]) <= {Status.CANCELLED, Status.EXPIRED}


@pytest.mark.parametrize("name", ["S02", "D01"])
def test_goods_of_a_store_closed_for_good_are_in_the_centre(seen: Seen, name: str) -> None:
    node, (first, _), stock = seen.node(name), CLOSED[name], seen.model.world.stock
    for column in ("on_hand", "available", "reserved", "staged", "record", "claimed", "on_order"):
        assert not stock.cells[column][node].any(), column
    assert np.array(seen.available)[first - 1, node] > 100 and np.array(seen.available)[-1, node] == 0
    asked = np.array(seen.asked)[first:, node]
    assert asked[0] > 0 and np.all(np.diff(asked) <= 0), "what is under way arrives, nothing more is sent"


def test_no_unit_is_lost_on_the_way(seen: Seen) -> None:
    stock = seen.model.world.stock
    out, back = stock.moves[Move.TRANSFER_OUT], stock.moves[Move.TRANSFER_IN]
    rows = stock.transit[stock.transit["move"] == Move.TRANSFER_IN]
    assert out.sum() == back.sum() + rows["units"].sum() and back[0].sum() > 300
    assert not np.isin(rows["node"], [seen.node(name) for name in ("S02", "D01")]).any()


def test_the_truck_back_takes_as_long_as_the_truck_there(monkeypatch: pytest.MonkeyPatch) -> None:
    model = RetailModel(settings(changes=CHANGES[:1]))
    while model.day < BURN + 4:
        model.step()
    send, sent = model.fulfilment.send, []

    def watched(node: int, sku: int, units: int, now: int) -> int:
        sent.append((node, now, send(node, sku, units, now)))
        return sent[-1][2]

    monkeypatch.setattr(model.fulfilment, "send", watched)
    model.step()
    left = (BURN + 4) * DAY + model.settings.network.stock.store_review_hour * HOUR
    assert {(node, now) for node, now, _ in sent} == {(2, left)}
    rows = model.world.stock.transit
    back = rows[(rows["node"] == 0) & (rows["move"] == Move.TRANSFER_IN)]
    assert back["units"].sum() == sum(units for *_, units in sent) > 100
    assert set(back["due"]) == {left + round(model.settings.network.stock.store_lead_days * DAY)}
    assert not any(model.residuals().values())


def test_a_store_closed_for_some_days_keeps_its_goods_and_its_lease(seen: Seen) -> None:
    book, node, (first, last) = seen.run.book, seen.node("S03"), CLOSED["S03"]
    held = np.array(seen.available)[:, node]
    assert held[first + 1 : last].min() >= held[first - 1] > 100, "what comes in only adds to it"
    again = book[(book["node"] == node) & (book["placed_at"] >= last * DAY)]
    assert {Status.BOUGHT, Status.COLLECTED} <= set(again["status"]) and len(again) > 30
    net = seen.model.settings.network
    stores, dark = 5 * DAYS - (DAYS - 4), 2 * DAYS - (DAYS - 5)  # S02 and D01 have no rent from the day they close
    points = 3 * DAYS * net.points.rent_per_day
    share = seen.model.settings.shoppers / seen.model.settings.market.cost_basis_shoppers
    rent = (stores * net.stores.rent_per_day + dark * net.dark_stores.rent_per_day + points) * share
    assert seen.run.pnl["rent"] == pytest.approx(rent, abs=1)


def test_people_of_dark_stores_follow_dated_changes(seen: Seen) -> None:
    net, paid = seen.model.settings.network, seen.model.watch.roster
    assert net.dark_stores.pickers == 3
    hours = 15
    for name, people in (("D01", 3 * (BURN + 5)), ("D02", 3 * (BURN + 2) + 5 * (seen.model.day - BURN - 2))):
        assert paid[N_ROLES * seen.node(name) + PICKING] == people * hours * HOUR, name


def test_both_engines_give_the_same(seen: Seen) -> None:
    other = Seen("engine.fulfilment=reference")
    for name in seen.run.book.dtype.names:
        assert np.array_equal(seen.run.book[name], other.run.book[name]), name
    for name in seen.model.world.stock.cells.dtype.names:
        assert np.array_equal(seen.model.world.stock.cells[name], other.model.world.stock.cells[name]), name
    assert seen.run.pnl == other.run.pnl and seen.run.kpis == other.run.kpis


def test_saved_while_closed_and_restored(seen: Seen) -> None:
    model = RetailModel(settings())
    for _ in range(BURN + 6):
        model.step()
    again = Run(RetailModel.restore(settings(), model.snapshot()).run())
    assert all(np.array_equal(seen.run.book[name], again.book[name]) for name in again.book.dtype.names)
    assert seen.run.pnl == again.pnl and not any(again.laws.values())


def test_a_dark_store_that_opens_later_and_a_shop_for_a_week() -> None:
    """D02 opens on day 3; S06 trades from day 2 to day 9, and what is left there goes to the centre."""
    changes = [{"what": "store_open", "set": 1, "stores": ["D02"], "from_day": 3},
               {"what": "store_open", "set": 1, "stores": ["S06"], "from_day": 2, "to_day": 9}]  # fmt: skip
    done = Run(RetailModel(settings(changes=changes)).run())
    book, names = done.book, done.model.world.node_names
    for name, first, last in (("D02", BURN + 3, 10**6), ("S06", BURN + 2, BURN + 9)):
        node = names.index(name)
        served = book[(book["node"] == node) & (book["units_out"] > 0)]
        assert len(served) and (served["placed_at"] // DAY).min() >= first and (served["placed_at"] // DAY).max() < last, name
    stock, net = done.model.world.stock, done.settings.network
    assert not stock.on_hand[names.index("S06")].any() and stock.moves[Move.TRANSFER_OUT, names.index("S06")].sum() > 100
    share = done.settings.shoppers / done.settings.market.cost_basis_shoppers
    days = (5 * DAYS + 7) * net.stores.rent_per_day + (2 * DAYS - 3) * net.dark_stores.rent_per_day + 3 * DAYS * net.points.rent_per_day
    assert done.pnl["rent"] == pytest.approx(days * share, abs=1) and not any(done.laws.values())
