"""Touchpoints off, budgets moved: what is counted, what a shift takes and gives, and that nobody misses a row that nobody sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omosim.model.run import run
from omosim.study.switching import OTHER, OWN, PAID, points, shift, with_budgets, without, without_word_of_mouth
from tests.journeys.small import settings

SHOPS = {"web_shop": {}, "marketplace_social": {}}
UNSEEN = {"title": "Nobody's page", "entry": "web", "stage": "awareness", "reach": 0.0, "accuracy": 0.0, "pays": False, "identity": "cookie", "awareness_rho": 0.4, "cost_per_contact": 9.0, "contacts_per_week": 3.0}


def small(**change):  # type: ignore[no-untyped-def]
    return settings("seoul_beauty", shoppers=300, days=10, burn_in_days=4, strategy={"name": "x", "capabilities": SHOPS}, **change)


def test_kinds_follow_from_the_rows() -> None:
    found = {p.name: p for p in points(small(), ["web_shop", "marketplace_social", "loyalty"])}
    assert found["search_ads"].kind == PAID and found["search_ads"].plan == pytest.approx(300 * 0.5 * 0.55)
    assert found["retailer_site"].kind == OWN and found["reviews"].counted
    assert found["brand_site"].kind == OTHER and not found["brand_site"].counted
    assert "stays open" in found["store"].why_not and "loyalty" in found["vip_invitation"].why_not
    assert "live_show" not in found


def test_a_row_that_nobody_sees_has_no_effect() -> None:
    """A touchpoint that does nothing: without it every order is the same, so its true increment is exactly 0."""
    with_it = small(touchpoints={"rows": {"unseen": UNSEEN}})
    a, b = run(with_it), run(without(with_it, "unseen"))
    assert a.book.tobytes() == b.book.tobytes() and a.pnl == b.pnl


def test_off_is_off_and_a_budget_is_paid_for() -> None:
    s = small()
    media = {name: run(made).pnl["media"] for name, made in (("as", s), ("off", without(s, "search_ads")), ("twice", with_budgets(s, {"search_ads": 2.0})), ("none", with_budgets(s, {"search_ads": 0.0})))}
    assert media["off"] < media["as"] < media["twice"]
    assert media["twice"] - media["as"] == pytest.approx(media["as"] - media["none"], rel=0.05)
    assert without_word_of_mouth(s).market.word_of_mouth.tell == 0 and s.market.word_of_mouth.tell > 0


def test_a_shift_by_hand() -> None:
    spend = {"a": 10.0, "b": 60.0, "c": 30.0}
    plan = shift({"a": 0.0, "b": 30.0, "c": 90.0}, spend, 0.2)
    assert plan is not None and plan.given == {"a": 10.0, "b": 10.0} and plan.to == "c"
    assert plan.promised == pytest.approx(10 * (3 - 0) + 10 * (3 - 0.5))
    assert plan.factors(spend) == {"a": 0.0, "b": pytest.approx(1 - 1 / 6), "c": pytest.approx(1 + 20 / 30)}
    assert shift({"a": 1.0}, {"a": 5.0}, 0.1) is None
    tiny = shift({"a": 1.0, "b": 0.0, "c": 9.0}, {"a": 1e-4, "b": 60.0, "c": 30.0}, 0.2)
    assert tiny is not None and tiny.to == "c" and tiny.given == {"b": pytest.approx(18.00002)}  # a could not spend it
    assert shift({"a": 5.0, "b": 30.0, "c": 15.0}, spend, 0.1) is None  # all earn the same per money


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 100), st.integers(1, 50)), min_size=2), st.sampled_from([0.01, 0.1, 0.35, 1.0]))
def test_a_shift_keeps_the_budget_and_promises_a_gain(rows: dict[str, tuple[int, int]], share: float) -> None:
    worth, spend = ({n: float(v[i]) for n, v in rows.items()} for i in (0, 1))
    plan = shift(worth, spend, share)
    if plan is not None:
        after = {n: spend[n] * plan.factors(spend).get(n, 1.0) for n in spend}
        assert sum(after.values()) == pytest.approx(sum(spend.values()), rel=1e-6) and all(v >= -1e-6 for v in after.values())
        assert plan.money <= share * sum(spend.values()) * (1 + 1e-9) and plan.promised >= 0
