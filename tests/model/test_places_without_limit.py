"""0 rooms or bays stand for as many as are needed: the same run as with more than anybody could fill."""

from __future__ import annotations

import numpy as np

from omosim.config.compose import compose
from omosim.model.run import Run, run

WORDS = ("strategy=omo", "shoppers=1500", "days=6", "burn_in_days=2", "network.stores.count=2", "engine.drain_days=10", "market.cost_basis_shoppers=1500",
         "strategy.capabilities.curbside=true")  # fmt: skip


def made(*words: str) -> Run:
    return run(compose("run", [*WORDS, *words]).settings)


def test_no_number_is_a_very_large_one() -> None:
    none = made("network.fitting.room_minutes=12")
    many = made("network.fitting.room_minutes=12", "network.operations.fitting_rooms=1000", "network.operations.curbside_bays=1000")
    for name in none.book.dtype.names:
        assert np.array_equal(none.book[name], many.book[name]), name
    assert none.pnl == many.pnl and not any(none.laws.values())
    kpis = {kpi.kpi: kpi for kpi in none.kpis}
    assert kpis["room_load"].value is None and kpis["bay_load"].value is None


def test_trying_on_takes_its_time_without_a_number_of_rooms() -> None:
    stay = []
    for minutes in (0, 30):
        book = made(f"network.fitting.room_minutes={minutes}").book
        served = book[(book["served_at"] >= 0) & (book["arrived_at"] >= 0)]
        stay.append(float((served["served_at"] - served["arrived_at"]).mean()))
    assert stay[1] > stay[0] + 200
