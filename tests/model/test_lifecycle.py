"""Stages and the worth of a customer, counted again by hand from the order table and the counters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from omosim.model.lifecycle import ways
from omosim.schema.codes import Count
from omosim.schema.columns import BOOK, DAY, order_key

WORDS = ("market=apparel", "shoppers=3000", "days=14", "burn_in_days=14")


@pytest.fixture(scope="module")
def done(run_of):
    return run_of(*WORDS)


def frame(columns) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_the_funnel_is_that_of_the_counters(done) -> None:
    table, total = frame(done.funnel()), done.measured_counts.sum(axis=0)
    sums = table.groupby("stage")[["entering", "leaving"]].sum()
    considered = total[Count.MISSIONS] - total[Count.NOT_CONSIDERED]
    assert sums.loc["awareness"].tolist() == [total[Count.MISSIONS], considered]
    assert sums.loc["exploration"].tolist() == [considered, considered - total[Count.OUTSIDE]]
    assert sums.loc["purchase", "entering"] == sums.loc["exploration", "leaving"]
    for stage, before in (("delivery", "purchase"), ("after_sales", "delivery")):
        assert sums.loc[stage, "entering"] == sums.loc[before, "leaving"]
    assert (table["leaving"] <= table["entering"] + 3).all()  # a visit may begin after the window in which it was decided
    seen = table["entering"] > 0
    assert np.allclose(table["drop_off"][seen], 1 - table["leaving"][seen] / table["entering"][seen])
    assert set(table["segment"]) == set(done.model.world.segment_names)


def test_missions_end_where_their_rows_end() -> None:
    book = np.zeros(5, BOOK)
    book["key"] = [order_key(1, 0, 0), order_key(1, 0, 0, 1), order_key(2, 0, 0), order_key(3, 0, 1), order_key(3, 0, 2)]
    book["flow"] = [3, 0, 3, 0, 4]  # a visit that orders from the shelf; one in vain; a parcel sent back; a session without an order
    book["units_out"], book["units_back"] = [0, 1, 0, 2, 0], [0, 0, 0, 1, 0]
    found = ways(book)
    assert found["row"].tolist() == [0, 2, 3]
    assert [found[name].tolist() for name in ("bought", "out", "back")] == [[True, False, True]] * 2 + [[False, False, True]]
    assert len(ways(book[:0])["row"]) == 0


def test_customers_are_worth_what_they_left_behind(done) -> None:
    table, orders = frame(done.cohorts()).set_index("cohort"), frame(done.orders())
    start, end = done.model.window_start, done.model.window_end
    orders = orders[orders["units_out"] > 0]
    inside = orders[(orders["placed_at"] >= start) & (orders["placed_at"] < end)].copy()
    active = set(orders["shopper_id"][orders["placed_at"] < start])
    inside["gross"] = inside["revenue"] + inside["fee"] - inside["refund"] - inside["goods_cost"] - inside["service_cost"]
    inside["gross"] *= (1 + done.settings.market.service.discount_per_year) ** (-(inside["placed_at"] - start) / (365 * DAY))
    people = inside.groupby("shopper_id").agg(gross=("gross", "sum"), first=("placed_at", "min"))
    known = people.index.isin(active)
    for cohort, rows in (("active", people[known]), ("new", people[~known])):
        assert table.loc[cohort, "gross_profit"] == pytest.approx(rows["gross"].sum(), rel=1e-9)
    new = people[~known]
    assert table.loc["active", "customers"] == len(active) and table.loc["new", "customers"] == len(new)
    weeks = (new["first"] - start) // (7 * DAY)
    assert [table.loc[f"week {n}", "customers"] for n in range(2)] == [(weeks == n).sum() for n in range(2)]
    contact = done.pnl["media"] / done.settings.shoppers
    assert table.loc["active", "contact_cost"] == pytest.approx(contact * len(active) * 1.1 ** (-7 / 365), rel=1e-9)
    worth = (table["gross_profit"] - table["contact_cost"]) / table["customers"]
    assert np.allclose(table["lifetime_value"], worth)
    kpi = {k.kpi: k.value for k in done.kpis}
    assert kpi["lifetime_value_new"] == worth["new"] and kpi["lifetime_value_active"] == worth["active"]
    assert kpi["repeat_rate_new"] == table.loc["new", "bought_again"] / table.loc["new", "customers"]
    assert kpi["retention"] == table.loc["active", "bought_again"] / table.loc["active", "customers"]


def test_a_higher_discount_makes_later_amounts_smaller(run_of) -> None:
    worth = []
    for rate in (0.0, 0.5):
        run = run_of("market=apparel", "shoppers=600", "days=14", "burn_in_days=7", f"market.service.discount_per_year={rate}")
        worth.append(float(run.cohorts()["gross_profit"][:2].sum()))
    assert worth[1] < worth[0]


def test_satisfaction_has_a_row_a_day_and_stage_and_the_kpis_are_its_means(done) -> None:
    table = frame(done.satisfaction())
    assert len(table) == 4 * (28 + 1) and table["day"].min() == -14 and table["day"].max() == 14
    kpi = {k.kpi: k.value for k in done.kpis}
    inside = table[(table["day"] >= 0) & (table["day"] < 14)]
    for stage, rows in inside.groupby("stage"):
        told = rows[rows["experiences"] > 0]
        mean = (told["realised_less_expected"] * told["experiences"]).sum() / told["experiences"].sum()
        assert kpi[f"satisfaction_{stage}"] == pytest.approx(mean, rel=1e-9)
    assert table["realised_less_expected"][table["experiences"] == 0].isna().all()
    after = table[table["stage"] == "after_sales"]
    assert after["experiences"].sum() > 5 and (after["realised_less_expected"].dropna() < 0).all()
