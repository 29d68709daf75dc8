"""Payback by hand: capital, running cost in the ramp-up, the gain and its interval."""

import pytest

from omosim.strategy.investment import Investment
from omosim.study.payback import capital_words, payback, payback_rows, years_until_back


def test_years_by_hand():
    half_a_year = Investment(1_000, 365 // 2, 5.0)
    wait = 182 / 365
    assert years_until_back(half_a_year, 200.0, 500.0) == pytest.approx(wait + (1_000 + 200 * wait) / 500)
    assert years_until_back(Investment(1_000, 0, 5.0), 0.0, 500.0) == 2.0
    assert years_until_back(half_a_year, 200.0, 0.0) is None and years_until_back(half_a_year, 0.0, -3.0) is None
    assert years_until_back(Investment(0, 28, 0.0), 10.0, 1.0) == 0.0


def test_cash_is_level_on_the_day_that_the_formula_gives():
    taken, running, gain = Investment(10_000, 90, 5.0), 3_650.0, 7_300.0
    cash, day = -taken.capital, 0
    while cash < 0:
        cash += -running / 365 if day < taken.ramp_up_days else gain / 365
        day += 1
    assert day == pytest.approx(365 * years_until_back(taken, running, gain), abs=1)


@pytest.mark.parametrize(
    ("gain", "verdict", "words"),
    [
        ((500.0, 400.0, 625.0), "better", "after 2.0 years (1.6 to 2.5)"),
        ((500.0, -10.0, 1000.0), "cannot_tell", "after 2.0 years (1.0 to never)"),
        ((-5.0, -10.0, -1.0), "worse", "never"),
        ((-5.0, -10.0, 500.0), "cannot_tell", "never on the mean; after 2.0 years at best"),
        ((100.0, 80.0, 125.0), "worse", "after 10.0 years (8.0 to 12.5), longer than it lasts (5.0 years)"),
        ((500.0, None, None), "cannot_tell", "after 2.0 years"),
    ],
)
def test_it_says_how_sure_it_is(gain, verdict, words):
    found = payback(Investment(1_000, 0, 5.0), 0.0, gain)
    assert (found.verdict, found.words) == (verdict, words)


def test_rows_take_the_write_off_out_of_the_gain_and_leave_running_cost_in():
    row = {
        "kpi": "operating_profit",
        "strategy": "a",
        "baseline": "b",
        "diff": 20.0,
        "ci_low": 10.0,
        "ci_high": 30.0,
        "replications": 7,
    }
    lines = {"a": {"capability_capital": -30.0, "capability_running": -10.0, "revenue_web": 60.0}}
    found = payback_rows([row], {"a": Investment(3_650, 0, 5.0)}, lines, 36.5)
    assert [r["kpi"] for r in found] == ["payback_years"] and found[0]["mean"] == pytest.approx(3_650 / 500)
    assert (found[0]["ci_low"], found[0]["ci_high"]) == (
        pytest.approx(3_650 / 600),
        pytest.approx(3_650 / 400, rel=1e-8),
    )
    assert found[0]["diff"] is None and found[0]["verdict"] == "worse" and found[0]["replications"] == 7
    assert "that of" not in capital_words(found) and capital_words(found).startswith(
        "The capital of a is back after 7.3 years"
    )
    assert capital_words([]) == "" and payback_rows([row], {}, lines, 36.5) == []


def test_what_a_strategy_takes_beyond_another(settings_of):
    from omosim.strategy.investment import investment

    o2o, omo = settings_of("strategy=o2o", "shoppers=20000"), settings_of("strategy=omo", "shoppers=20000")
    rows, before = omo.strategy.capabilities, o2o.strategy.capabilities
    more = {n: r.capital - (before[n].capital if n in before else 0) for n, r in rows.items()}
    taken = investment(omo, o2o)
    assert taken.capital == round(sum(more.values()) * 20_000 / omo.market.cost_basis_shoppers)
    assert taken.ramp_up_days == max(r.ramp_up_days for r in rows.values()) and taken.life_years == 5.0
    assert investment(o2o, omo) == Investment(0, 0, 0.0) == investment(omo, omo)
