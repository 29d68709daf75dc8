"""Customers in two files: what they cost, and what one file saves; figures of identity; a run that is interrupted."""

from fractions import Fraction

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.engine.snapshot import Snapshot
from omosim.journeys.log import observe
from omosim.model.retail import RetailModel
from omosim.model.run import run

ALONE = ["strategy=o2o", "strategy.capabilities.push=true", "shoppers=4000", "days=10", "burn_in_days=10", "seed=3"]
PRICED = ["market.messages.duplicates=1", "market.messages.push_cost=8", "market.messages.record_cost_per_year=200"]
FILE = ["strategy.capabilities.customer_file=true"]


def made(*words):
    return run(compose("run", [*ALONE, *words]).settings)


def kpi(done, name):
    return next((k.value for k in done.kpis if k.kpi == name), None)


@pytest.fixture(scope="module")
def apart():
    return made(*PRICED)


@pytest.fixture(scope="module")
def together():
    return made(*PRICED, *FILE)


def test_the_cost_of_customer_information_falls_with_one_file(apart, together):
    before, after = (kpi(done, "contact_cost") for done in (apart, together))
    assert kpi(together, "records_per_customer") == 1.0 < kpi(apart, "records_per_customer")
    assert after < before
    assert apart.pnl["contacts"] > together.pnl["contacts"] > 0
    for done in (apart, together):
        assert set(done.laws.values()) == {0}
        others = sum(done.pnl[name] for name in ("rent", "holding", "shrink", "commission", "points", "contacts"))
        assert done.pnl["other_cost"] == others


def test_each_part_by_its_formula(apart):
    model, settings = apart.model, apart.settings
    days = settings.days
    messages, twice, pushes, records, known, files = model.costs.contacts.tolist()
    rows = settings.touchpoints.rows
    weekly = sum(r.cost_per_contact * r.contacts_per_week * r.reach for r in rows.values() if r.needs == "push")
    assert messages / 1e6 == pytest.approx(weekly * settings.shoppers * days / 7, rel=0.3)  # media managers move the levels
    two = files - known
    assert 0 < two < known and twice / messages == pytest.approx(two / known, rel=0.05)  # levels and shares move by the day
    assert records / 1e6 == pytest.approx(files * 200 / 365, rel=1e-6)
    assert pushes / 1e6 <= (known + two) * 8 * 0.5 / 7 + 1e-6 and pushes > 0
    assert apart.pnl["contacts"] == round(Fraction(twice + pushes + records, 10**6))
    assert kpi(apart, "contact_cost") == pytest.approx((messages + twice + pushes + records) / 1e6 * 365 / known)


def test_unpriced_contacts_cost_and_change_nothing(apart):
    off = made()
    assert off.pnl["contacts"] == 0 and kpi(off, "contact_cost") is None
    assert np.array_equal(off.book, apart.book)
    assert off.pnl["operating_profit"] - apart.pnl["operating_profit"] == apart.pnl["contacts"]


COOKIES = ["strategy=omo", "shoppers=1500", "days=12", "burn_in_days=0", "seed=11", "market.identity.cookie_days=3", "output.touches=true", *PRICED]


def test_ten_days_straight_equal_five_save_restore_five(tmp_path):
    def days(model, n):
        for _ in range(n):
            model.step()
        return model

    settings = compose("run", COOKIES).settings
    straight = days(RetailModel(settings), 10)
    days(RetailModel(settings), 5).snapshot().save(tmp_path / "day5.snapshot")
    second = days(RetailModel.restore(settings, Snapshot.read(tmp_path / "day5.snapshot")), 5)
    assert np.array_equal(straight.fulfilment.book(), second.fulfilment.book())
    assert np.array_equal(straight.journeys.scene.cookies, second.journeys.scene.cookies)
    assert straight.journeys.scene.cookies["number"].max() >= 3 and (straight.journeys.scene.cookies["events"] == 255).any()
    assert np.array_equal(straight.journeys.touches, second.journeys.touches)
    assert np.array_equal(straight.costs.contacts, second.costs.contacts) and straight.costs.contacts.sum() > 0
    identity = settings.market.identity
    one, two = (observe(m.journeys.touches, m.journeys.shoppers, m.world, identity, np.zeros(0, np.int64)) for m in (straight, second))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True)) and len(one.row) > 100
