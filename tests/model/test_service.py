"""People and service in whole runs: what arrives at shelves and counters, in the statement, and after a snapshot."""

from __future__ import annotations

import numpy as np
import pytest

import omosim as om
from omosim.model.retail import RetailModel
from omosim.model.run import run
from omosim.schema.codes import Count, Status
from omosim.schema.columns import DAY, FLAG_EMPTY, FLAG_UNSEEN, HOUR
from omosim.strategy import build_policy, capability, capability_names
from omosim.strategy.build import store_heads

NAMES = ("staff_training", "staff_explanation", "booked_fitting", "item_finder", "order_automation", "feedback_loop")
ALL_ON = [
    "market=apparel", "shoppers=3000", "days=10", "burn_in_days=4", "market.cost_basis_shoppers=3000",
    "market.service.failure=0.1", "market.service.unseen=0.2", "network.fitting.room_minutes=10", "network.operations.fitting_rooms=1",
    "strategy.capabilities.booked_fitting.levels.users=1.0", "strategy.capabilities.booked_fitting.levels.per_day=6",
    "strategy.capabilities.feedback_loop.levels.lag_days=2",
    *(f"strategy.capabilities.{name}=true" for name in NAMES),
]  # fmt: skip


@pytest.fixture(scope="module")
def everything(run_of):
    return run_of(*ALL_ON)


def figures(done):
    return {k.kpi: k.value for k in done.kpis}


def test_a_booked_visitor_waits_for_nobody(everything) -> None:
    book = everything.book
    visits = book[(book["offer"] == 12) & (book["key"] % 256 == 0)]
    bought = visits[visits["status"] == Status.BOUGHT]
    assert len(visits) > 20 and len(bought) > 3
    assert (visits["wait_s"] == 0).all()
    assert np.array_equal(bought["arrived_at"], bought["served_at"]) and np.array_equal(bought["served_at"], bought["done_at"])
    total = everything.model.journeys.counts.sum(axis=0)
    assert len(visits) == total[Count.FITTINGS] - total[Count.FITTING_NO_SHOWS]
    seen = figures(everything)
    assert seen["fittings"] > 0 and 0 <= seen["fitting_no_show_rate"] < 0.5 and seen["service_failures"] > 0


def test_what_is_not_found_counts_as_an_empty_shelf_for_the_visitor_alone(everything, run_of) -> None:
    book = everything.book
    missed = book["flags"] & FLAG_UNSEEN > 0
    assert missed.sum() > 2 and (book["flags"][missed] & FLAG_EMPTY > 0).all()
    assert 0 < figures(everything)["not_found_rate"] < 0.2
    assert (everything.orders()["notes"][missed] != "").all() and "not_found" in everything.orders()["notes"][missed][0]
    plain = run_of("market=apparel", "shoppers=500", "days=3")
    assert not (plain.book["flags"] & FLAG_UNSEEN).any() and "not_found_rate" not in figures(plain)


def test_a_run_goes_on_from_its_snapshot(settings_of) -> None:
    settings = settings_of(*ALL_ON)
    straight, first = RetailModel(settings), RetailModel(settings)
    for _ in range(9):
        straight.step()
    for _ in range(6):
        first.step()
    second = RetailModel.restore(settings, first.snapshot())
    for _ in range(3):
        second.step()
    assert np.array_equal(straight.fulfilment.book(), second.fulfilment.book())
    for name in ("fittings", "funnel", "felt", "learnt", "known"):
        assert np.array_equal(getattr(straight.journeys.scene, name), getattr(second.journeys.scene, name)), name


def test_stock_is_reviewed_as_often_as_is_said_and_at_its_own_hour(settings_of, monkeypatch) -> None:
    for period, expect in ((None, [1, 1, 1]), (6, [4, 4, 4]), (7, [4, 4, 4])):
        words = [] if period is None else ["strategy.capabilities.order_automation=true", f"strategy.capabilities.order_automation.levels.review_h={period}"]
        model, seen = RetailModel(settings_of("market=apparel", "shoppers=50", "days=3", "burn_in_days=0", *words)), []
        monkeypatch.setattr(model.replenishment, "review", seen.append)
        for _ in range(3):
            model.step()
        hour = model.settings.network.stock.store_review_hour * HOUR
        begin = np.array(seen) - hour
        assert [int(((begin >= d * DAY) & (begin < (d + 1) * DAY)).sum()) for d in range(2)] == expect[:2]
        assert {d * DAY for d in range(3)} <= set(begin.tolist())


def test_a_promise_that_follows_the_load_is_broken_less_often(run_of) -> None:
    busy = ["market=apparel", "strategy=o2o", "shoppers=3000", "days=14", "network.work.centre_pickers=1", "network.work.pick_base_s=5000"]
    late = {}
    for honest in (0, 1):
        words = ["strategy.capabilities.order_automation=true", "strategy.capabilities.order_automation.levels.review_h=24",
                 f"strategy.capabilities.order_automation.levels.honest={honest}"]  # fmt: skip
        done = run_of(*busy, *words)
        sent = done.book[(done.book["flow"] == 0) & (done.book["units_out"] > 0)]
        late[honest] = float((sent["done_at"] > sent["promised_at"]).mean())
        assert len(sent) > 30
    assert late[1] < late[0]


@pytest.mark.parametrize("name", NAMES)
def test_its_cost_arrives_in_the_statement(name, run_of, settings_of) -> None:
    words = ["market=apparel", "strategy=omo", "shoppers=400", "days=4"]
    settings = settings_of(*words, f"strategy.capabilities.{name}=true")
    row, share = settings.strategy.capabilities[name], 400 / settings.market.cost_basis_shoppers
    stores = settings.network.stores
    heads = stores.count * (stores.pickers + stores.counter + stores.peak_extra)
    running = row.running_per_day + stores.count * row.running_per_store_day + heads * (row.running_per_head_day or 0)
    written_off = (row.capital + heads * (row.capital_per_head or 0)) / (row.life_years * 365)
    rate = settings.market.capability_cost_rate
    lines = [run(s).pnl for s in (settings_of(*words), settings)]
    gained = [lines[1][line] - lines[0][line] for line in ("capability_running", "capability_capital")]
    assert gained[0] == pytest.approx(4 * running * share * rate, abs=8) and gained[1] == pytest.approx(4 * written_off * share * rate, abs=8)
    assert running > 0 and written_off > 0


def test_heads_of_a_roster_are_those_of_its_fullest_quarter_hour(settings_of, tmp_path) -> None:
    roster = tmp_path / "people.csv"
    lines = ["store,weekday,role,from,to,people"] + [f",{d},{r},{a},{b},{n}" for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
                                                      for r, a, b, n in (("picker", "10:30", "16:00", 2), ("counter", "10:30", "20:00", 1), ("counter", "15:00", "18:00", 3))]  # fmt: skip
    roster.write_text("\n".join(lines) + "\n")
    settings = settings_of("market=apparel", f"network.stores.roster={roster}")
    assert store_heads(settings) == settings.network.stores.count * 6
    plain = settings_of("market=apparel")
    plan = plain.network.stores
    assert store_heads(plain) == plan.count * (plan.pickers + plan.counter + plan.peak_extra)


def test_the_public_comparison_knows_the_new_capabilities() -> None:
    assert set(NAMES) <= set(capability_names())
    done = om.simulate("omo", market="apparel", shoppers=300, days=3, seed=5, overrides=["strategy.capabilities.item_finder=true"])
    assert {"stage", "entering", "leaving", "drop_off"} <= set(done.funnel()) and len(done.cohorts()) >= 3
    assert set(done.satisfaction()["stage"]) == {"exploration", "purchase", "delivery", "after_sales"}
    assert "fittings" in done.journeys()


@pytest.mark.parametrize("name", NAMES)
def test_each_sets_its_own_numbers_only(name, settings_of) -> None:
    settings = settings_of("market=apparel", "strategy=omo")
    plain, with_it = build_policy(settings), build_policy(settings, {name: True})
    fields = {f for f in vars(plain) if f not in ("rebuild", "base_offers", "offers", "services") and not np.array_equal(getattr(plain, f), getattr(with_it, f))}
    expect = {
        "staff_training": {"work_factor", "failures_avoided"}, "staff_explanation": {"advice_go_on", "advice_match", "advice_s"},
        "booked_fitting": {"fittings_per_day", "fitting_users", "fitting_ahead", "fitting_no_show"},
        "item_finder": {"visit_factor", "unseen_avoided"}, "order_automation": {"honest", "follow_up", "review_s"},
        "feedback_loop": {"feedback", "feedback_half", "feedback_lag_days", "feedback_reviews"},
    }  # fmt: skip
    assert fields == expect[name]
    changed = np.flatnonzero(plain.offers != with_it.offers).tolist()
    assert changed == ([12] if name == "booked_fitting" else []) and np.array_equal(plain.services, with_it.services)
    assert capability(name).codes


def test_appointments_can_be_tried_on_a_random_half(settings_of) -> None:
    settings = settings_of("market=apparel", "shoppers=3000", "days=7", "burn_in_days=3", "market.cost_basis_shoppers=3000")
    change = {"what": "capability", "capability": "booked_fitting", "set": 1, "from_day": -3, "ab": {"name": "stylist", "share": 0.5}}
    scenario = settings.scenario.model_dump() | {"interventions": [change]}
    done = run(type(settings).model_validate(settings.model_dump() | {"scenario": scenario}))
    booked = done.book["shopper"][done.book["offer"] == 12]
    groups = done.model.journeys.shoppers["audience"]
    assert len(booked) > 5 and len(np.unique(groups)) == 2 and len(np.unique(groups[booked])) == 1
    figures = {row["kpi"] for row in done.experiments}
    assert "orders_per_shopper" in figures


def test_size_advice_can_be_tried_on_a_random_half(settings_of) -> None:
    row = "strategy.capabilities.feedback_loop"
    settings = settings_of("market=apparel", "shoppers=3000", "days=7", "burn_in_days=3", f"{row}=true", f"{row}.levels.lag_days=0", f"{row}.levels.half=10")
    change = {"what": "capability", "capability": "feedback_loop", "set": 0, "from_day": -3, "ab": {"name": "old_size_chart", "share": 0.5}}
    scenario = settings.scenario.model_dump() | {"interventions": [change]}
    model = run(type(settings).model_validate(settings.model_dump() | {"scenario": scenario})).model
    blind = model.journeys.scene.blind[:, :, 0]
    assert model.journeys.scene.known.max() > 10
    assert sorted((blind < 0).any(axis=1).tolist()) == [False, True]  # one group reads advice, the other the reviews alone
