"""Whole runs with every feature of the network switched on: laws, engines, money, exports, snapshots."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.model.pnl import COST_LINES
from omosim.model.retail import RetailModel
from omosim.model.run import Run, notes_of, run
from omosim.schema.codes import Flow, NodeKind, Status
from omosim.schema.columns import DAY, FLAG_INSERT, FLAG_MOVED, FLAG_SITE_LOST, FLAG_SLOT, FLAG_TOOK_PART
from omosim.schema.settings import Settings

ON = ("reserve_and_collect", "curbside", "lockers", "ship_to_store", "pickup_slots", "pickup_space", "dark_stores", "outsourced_nodes",
      "package_inserts")  # fmt: skip
NETWORK = {
    "operations": {"curbside_bays": 2, "slot_minutes": 30, "slot_orders": 3, "fitting_rooms": 2, "shelf_bins": 6, "desk": 1, "hand_over": "overlap",
                   "at_closing": "hold", "batch_orders": 3, "walk_s": 60.0, "wave_minutes": 60},
    "points": {"lockers": 5, "points": 2}, "dark_stores": {"count": 2, "rent_per_day": 90000}, "outsourced": {"count": 1, "order_fee": 1500},
    "fitting": {"alterable": 0.4, "alter_minutes": 10.0, "unwanted": 0.2, "room_minutes": 6.0, "exchanges": "true"},
    "sourcing": {"rule": "nearest", "max_parcels": 3, "reserve_at": "pick"},
    "site": {"sessions": 600, "session_minutes": 9.0, "slow_down": 0.5, "queue_page": 100},
}  # fmt: skip
WORDS = [
    "strategy=omo", "shoppers=2500", "days=6", "burn_in_days=3", "seed=11", *(f"strategy.capabilities.{name}=true" for name in ON),
    *(f"network.{group}.{key}={value}" for group, keys in NETWORK.items() for key, value in keys.items()),
]  # fmt: skip
CHANGES = (
    {"what": "bins", "set": 2, "from_day": 1, "to_day": 3}, {"what": "rooms", "set": 1, "from_day": 0}, {"what": "bays", "times": 2, "from_day": 2},
    {"what": "slots", "set": 1, "stores": ["S01", "S02"], "from_day": 1}, {"what": "keep", "set": 1, "from_day": 2, "to_day": 4},
    {"what": "batch", "set": 5, "from_day": 3}, {"what": "site_capacity", "times": 0.5, "from_day": 1, "to_day": 3},
    {"what": "site_capacity", "set": 0, "from_day": 2, "to_day": 3, "from_hour": 19, "to_hour": 21},
    {"what": "capability", "capability": "dark_stores", "set": 0, "from_day": 2, "to_day": 4},
    {"what": "capability", "capability": "outsourced_nodes", "set": 0, "from_day": 3},
)  # fmt: skip


def settings(*words: str, changes: tuple[dict, ...] = ()) -> Settings:
    given = {word.split("=")[0] for word in words}
    plain = compose("run", [*(word for word in WORDS if word.split("=")[0] not in given), *words]).settings
    return Settings(**{**plain.model_dump(), "scenario": {"name": "test", "title": "test", "interventions": list(changes)}})


@pytest.fixture(scope="module")
def done() -> Run:
    return run(settings(changes=CHANGES))


def test_laws_hold_with_everything_on(done: Run) -> None:
    assert set(done.laws) == {f"L{i}" for i in range(1, 13)} and not any(done.laws.values())
    assert done.model.fulfilment.pending() == 0


def test_every_feature_was_used(done: Run) -> None:
    book, kind = done.book, done.model.world.nodes["kind"]
    for bit in (FLAG_INSERT, FLAG_MOVED, FLAG_SITE_LOST, FLAG_SLOT, FLAG_TOOK_PART):
        assert (book["flags"] & bit > 0).any(), notes_of(bit)
    for offer in (8, 9, 10):
        assert ((book["offer"] == offer) & (book["status"] == Status.COLLECTED)).any(), offer
    collected = book[(book["status"] == Status.COLLECTED) & (book["collect_at"] >= 0)]
    assert np.isin((NodeKind.STORE, NodeKind.LOCKER), kind[collected["collect_at"]]).all()
    assert (book["flow"] == Flow.BROWSE).any()


@pytest.mark.slow
def test_both_engines_and_any_windows_give_the_same(done: Run) -> None:
    for word in ("engine.fulfilment=reference", "engine.extra_cut_minutes=7"):
        other = run(settings(word, changes=CHANGES))
        assert all(np.array_equal(done.book[name], other.book[name]) for name in done.book.dtype.names), word
        assert done.pnl == other.pnl and done.kpis == other.kpis, word


def test_the_statement_adds_up(done: Run) -> None:
    pnl = done.pnl
    income = sum(amount for name, amount in pnl.items() if name.startswith("revenue_") or name == "fees")
    assert pnl["operating_profit"] == income - sum(pnl[name] for name in COST_LINES)
    assert min(pnl["outsourced"], pnl["transfers"], pnl["inserts"]) > 0
    total = pnl["parcels"] + pnl["couriers"] + pnl["return_handling"] + pnl["outsourced"] + pnl["transfers"] + pnl["inserts"]
    assert pnl["fulfilment_cost"] == total
    kpis = {k.kpi: k.value for k in done.kpis}
    assert 0 < kpis["site_lost_rate"] < 1


@pytest.mark.slow
def test_rent_and_wages_of_further_nodes() -> None:
    """Two dark stores for six days cost their rent and people; outsourced people cost nothing but the fee."""
    plain = settings("network.dark_stores.pickers=1")
    more = settings("network.dark_stores.rent_per_day=190000", "network.dark_stores.pickers=2")
    a, b = run(plain), run(more)
    share = plain.shoppers / plain.market.cost_basis_shoppers
    assert b.pnl["rent"] - a.pnl["rent"] == round(2 * 6 * 100000 * share)
    idle = settings("network.dark_stores.pickers=1", "network.outsourced.pickers=900")
    assert run(idle).pnl["labour"] == pytest.approx(a.pnl["labour"], rel=0.01)


def test_orders_are_exported_with_their_place_and_in_words(done: Run) -> None:
    from omosim.model.run import order_columns

    out = order_columns(done.book, done.model.world.node_names, list(done.settings.catalogue.categories))
    at = out["collect_node"][done.book["collect_at"] >= 0]
    assert np.isin(at, done.model.world.node_names).all() and (out["collect_node"][done.book["collect_at"] < 0] == "").all()
    assert {"slot_booked", "insert"} <= set(" ".join(np.unique(out["notes"])).split())
    assert set(np.unique(out["fulfilment"])) <= {"ship", "same_day", "pickup", "store", "browse"}


def test_save_and_restore_in_the_middle(done: Run) -> None:
    model = RetailModel(settings(changes=CHANGES))
    for _ in range(5):
        model.step()
    again = Run(RetailModel.restore(settings(changes=CHANGES), model.snapshot()).run())
    assert all(np.array_equal(done.book[name], again.book[name]) for name in done.book.dtype.names)
    assert done.pnl == again.pnl and not any(again.laws.values())


def test_nodes_say_how_busy_they_are() -> None:
    model = RetailModel(settings())
    for _ in range(2):
        model.step()
    board, kind = model.world.board, model.world.nodes["kind"]
    assert (board["t"] == 2 * DAY - model.world.policy.publish_s).all()
    assert (board["bins_free"][kind == NodeKind.LOCKER] >= 0).all() and (board["slots_left"][kind == NodeKind.STORE] >= 0).all()
    assert (board["slots_left"][kind == NodeKind.LOCKER] == -1).all()


@pytest.mark.parametrize("policy", ["order_up_to", "s_s", "r_q", "forecast"])
def test_stock_policies_keep_shelves_filled(policy: str) -> None:
    words = ["strategy=omnichannel", "shoppers=2500", "days=14", "burn_in_days=14", "seed=11", f"network.stock.policy={policy}"]
    done = run(compose("run", words).settings)
    kpis = {k.kpi: k.value for k in done.kpis}
    assert kpis["fill_rate"] > 0.85 and kpis["stockout_rate"] < 0.12 and not any(done.laws.values())
    control = done.model.replenishment
    assert (control.lot is not None) == (policy == "r_q") and (control.forecast is not None) == (policy == "forecast")
    assert (control.reorder is not None) == (policy == "s_s")
    if policy == "s_s":
        points = control.reorder_points(control.targets().astype(np.int64))
        gap = (control.targets() - points)[0]
        assert gap.max() > 5 and gap.min() >= 1, "the centre waits until its cover of weeks is gone"
    if policy == "r_q":
        assert control.lot.min() >= 1 and control.lot[0].max() > 1, "a store of a small sample sells less than a unit a week"
    if policy == "forecast":
        assert (control.targets()[1:] >= done.settings.network.stock.store_min_units).all()
