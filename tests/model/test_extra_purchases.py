"""Whole runs in which visits bring further purchases and stores close for some days: both engines, every law, and off equals absent."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.model.retail import RetailModel
from omosim.model.run import Run
from omosim.schema.codes import Count, Entry, Flow, Status
from omosim.schema.columns import DAY, FLAG_CLOSED
from omosim.schema.settings import Settings

BURN, DAYS = 2, 8
WORDS = ["strategy=omo", "shoppers=1500", f"days={DAYS}", f"burn_in_days={BURN}", "seed=5", "network.stores.count=3", "market.demand.purchase_alpha_weeks=2",
         "network.pickup.collect_median_h=20"]  # fmt: skip
CLOSED = [{"what": "store_open", "set": 0, "stores": ["S01", "S02"], "from_day": 3, "to_day": 5}]


def play(*words: str) -> Run:
    plain = compose("run", [*WORDS, *words]).settings
    model = RetailModel(Settings(**{**plain.model_dump(), "scenario": {"name": "test", "title": "test", "interventions": CLOSED}}))
    return Run(model.run())


@pytest.fixture(scope="module")
def on() -> Run:
    return play("market.choice.extra_purchase_visit=0.5")


def test_every_law_holds_and_both_engines_give_the_same_book(on: Run) -> None:
    assert not any(on.laws.values())
    other = play("market.choice.extra_purchase_visit=0.5", "engine.fulfilment=reference")
    assert np.array_equal(on.book, other.book) and on.pnl == other.pnl


def test_visits_bring_further_purchases_in_stores(on: Run) -> None:
    book = on.book
    beside = book[book["key"] % 256 == 3]
    assert len(beside) > 30 and (beside["units_out"] == 1).all() and (beside["channel"] == Entry.STORE).all()
    assert (beside["entries"] == 0).all() and (beside["revenue"] > 0).all() and (beside["units_back"] == 0).all()
    visits = book[np.isin(book["key"], beside["key"] - 3)]
    assert len(visits) == len(beside) and (visits["flow"] == Flow.VISIT).all() and (visits["entries"] >= 1).all()
    assert {Status.LEFT} < set(visits["status"]), "also where the errand failed"
    more = book[(book["key"] % 256 == 1) & (book["flow"] == Flow.VISIT)]
    assert on.model.journeys.counts[:, Count.EXTRA_PURCHASES].sum() == len(beside) + len(more) > len(beside)


def test_off_nothing_is_bought_beside(on: Run) -> None:
    off = play()
    assert not (off.book["key"] % 256 == 3).any() and len(off.book) > 1000
    first = on.book[(on.book["placed_at"] < 8 * 3600) & (on.book["key"] % 256 == 0)]
    assert np.array_equal(first["key"], off.book["key"][np.isin(off.book["key"], first["key"])])


def test_customers_of_a_store_that_was_shut_collect_when_it_has_opened(on: Run) -> None:
    book, again = on.book, (BURN + 5) * DAY
    waited = book[(book["flow"] == Flow.PICKUP) & (book["flags"] & FLAG_CLOSED > 0) & np.isin(book["collect_at"], [1, 2]) & (book["ready_at"] < again)]
    there = waited[waited["arrived_at"] >= again]
    assert len(there) >= 3 and set(there["status"]) <= {Status.COLLECTED, Status.RETURNED, Status.REFUSED, Status.CANCELLED}
    assert (there["arrived_at"] < again + DAY).mean() > 0.9, "at the same hour of the first day"
