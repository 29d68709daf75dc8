"""The table of live shows against the order book, and shows inside a whole run."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.model.retail import RetailModel
from omosim.model.run import Run, run
from omosim.model.shows import RETURN_DAYS
from omosim.schema.codes import Entry
from omosim.schema.columns import DAY, HOUR

LIVE = "strategy.capabilities.live_commerce.levels"
ALL_ON = [
    "shoppers=3000", "days=14", "burn_in_days=7", "market.cost_basis_shoppers=3000", "market.live.stay_minutes=30", "market.live.switch_give_up=0.1",
    f"{LIVE}.reach=0.6", f"{LIVE}.per_week=4", f"{LIVE}.answers_per_show=20", f"{LIVE}.proof_minutes=5", f"{LIVE}.intensity_sd=0.1",
    f"{LIVE}.intensity=0.3", f"{LIVE}.limit_units=12", "strategy.capabilities.broadcast_announcement=true", "scenario=live_marketplace",
]  # fmt: skip


@pytest.fixture(scope="module")
def on_air(run_of) -> Run:
    return run_of(*ALL_ON)


def test_the_table_holds_every_order_of_the_live_channel_once(on_air) -> None:
    table, book = on_air.shows(), on_air.book
    live = book[(book["channel"] == Entry.LIVE) & (book["units"] > 0)]
    assert table["orders"].sum() == len(live) > 30 and table["units"].sum() == live["units"].sum()
    assert table["units_out"].sum() == live["units_out"].sum()
    soon = live["returned_at"] - live["placed_at"] <= RETURN_DAYS * DAY
    assert table["units_back"].sum() == live["units_back"][soon].sum() > 0
    for begins, orders in zip(table["begins"], table["orders"], strict=True):
        assert orders == ((live["placed_at"] >= begins) & (live["placed_at"] < begins + HOUR)).sum()
    rate = table["units_back"][table["units_out"] > 0] / table["units_out"][table["units_out"] > 0]
    assert np.array_equal(table["return_rate"][table["units_out"] > 0], rate)


def test_shows_differ_and_answer_no_more_than_the_hour_holds(on_air) -> None:
    table = on_air.shows()
    assert len(table["show"]) == 12 and table["day"].min() >= -7 and np.ptp(table["intensity"]) > 0.05
    assert (table["answered"] <= np.minimum(table["questions"], 21)).all() and 0 < table["answered"].sum() < table["questions"].sum()
    assert (table["told"] <= table["viewers"]).all() and table["told"].sum() > 0 and table["elsewhere"].sum() > 0


def test_the_figures_of_a_run_are_those_of_its_measured_shows(on_air) -> None:
    table, figures = on_air.shows(), {k.kpi: k.value for k in on_air.kpis}
    seen = table["day"] >= 0
    assert figures["live_viewers"] == table["viewers"][seen].sum() / seen.sum()
    assert figures["live_orders_per_viewer"] == table["orders"][seen].sum() / table["viewers"][seen].sum()
    assert figures["live_answered"] == table["answered"][seen].sum() / table["questions"][seen].sum()


def test_without_shows_there_is_no_row_and_no_figure(run_of) -> None:
    done = run_of("strategy=multichannel", "shoppers=300", "days=2")
    assert len(done.shows()["show"]) == 0 and not any(k.kpi.startswith("live_") for k in done.kpis)


def test_a_run_with_shows_goes_on_from_its_snapshot(settings_of, on_air) -> None:
    settings = settings_of(*ALL_ON)
    model = RetailModel(settings)
    for _ in range(11):
        model.step()
    again = Run(RetailModel.restore(settings, model.snapshot()).run())
    assert np.array_equal(again.book, on_air.book)
    assert all(np.array_equal(again.shows()[name], column, equal_nan=name == "return_rate") for name, column in on_air.shows().items())


def test_payment_in_the_app_is_the_level_or_the_capability(settings_of) -> None:
    words = ["shoppers=1500", "days=7", f"{LIVE}.reach=1.0", f"{LIVE}.per_week=7", "market.live.switch_give_up=1.0"]
    books = [
        run(settings_of(*words, *further)).book
        for further in ([], [f"{LIVE}.in_app_payment=0"], [f"{LIVE}.in_app_payment=0", "strategy.capabilities.in_app_payment=true"])
    ]
    live = [int((book["channel"] == Entry.LIVE).sum()) for book in books]
    assert live[0] == live[2] > 5 and live[1] == 0
