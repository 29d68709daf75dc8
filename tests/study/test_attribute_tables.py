"""Tables of an attribution study from figures of known truth: closed forms, the additive case, intervals that cover, missing runs."""

from __future__ import annotations

import random

import numpy as np
import pytest

from omosim.api.attribution import prepare
from omosim.config.compose import compose
from omosim.results.effect_words import lost
from omosim.study.attribute import (
    AS_IT_IS,
    GROSS,
    MEDIA,
    NO_MEDIA,
    OPERATING,
    REVENUE,
    TRUTH,
    Figures,
    attribution_rows,
    error_rows,
    jackknifed,
    moved,
    off,
    path_rows,
    rank_correlation,
    recommended,
    share_error,
    shift_rows,
    spending,
    told_apart,
    transition_rows,
)
from omosim.study.attribute_summary import summarise
from omosim.study.attribute_task import of_paths
from omosim.study.attribution import MODELS
from omosim.study.stats import mean
from omosim.study.switching import OTHER, OWN, PAID, Point, without
from tests.study.test_attribution import path

POINTS = [Point("a", "Ads", PAID, 30.0), Point("b", "Banner", PAID, 10.0), Point("s", "Site", OWN, 0.0), Point("o", "Others' site", OTHER, 0.0), Point("z", "Shop", OWN, 0.0, "stays open")]
TRUE = {"a": 200.0, "b": 100.0, "s": 100.0, "o": 0.0}


def additive(replications: int = 6, noise: float = 0.0, seed: int = 1) -> Figures:
    """Each purchase has one touch and would not be without it: every model credits what is true; `noise` in the truth alone."""
    draw = random.Random(seed)
    out = Figures(replications)
    for r in range(replications):
        luck = draw.gauss(0, 50)
        read = [path(n, 10.0) for n in "abs" for _ in range(int(TRUE[n]) // 10)] + [path("", 100.0), path("a", bought=False)]
        figures: dict[str, float | None] = {REVENUE: 1000 + luck, GROSS: (1000 + luck) * 0.4, OPERATING: 100 + luck * 0.4, MEDIA: 40.0, "touchpoints_per_purchase": 3.0}
        figures |= of_paths(read, "market") | of_paths(read, "0") | {"loss/market": 0.5, "loss/0": 0.0}
        for name, value in figures.items():
            out.put(AS_IT_IS, r, name, value)
        for name, effect in TRUE.items():
            gone = effect + (draw.gauss(0, noise) if noise else 0.0)
            for figure, value in ((REVENUE, 1000 + luck - gone), (GROSS, (1000 + luck - gone) * 0.4), (OPERATING, 100 + luck * 0.4 - gone * 0.4)):
                out.put(off(name), r, figure, value)
    return out


def test_where_effects_add_up_every_model_is_right() -> None:
    figures = additive()
    rows = attribution_rows(figures, POINTS, [0.0], "minor KRW")
    assert len(rows) == 2 * len(MODELS) * len(POINTS)
    for row in rows:
        if row["touchpoint"] == "z":
            assert row["true_increment"] is None and row["error"] is None and row["reason"] == "stays open"
            continue
        assert row["credit"] == pytest.approx(TRUE[row["touchpoint"]]) and row["true_increment"] == pytest.approx(TRUE[row["touchpoint"]])
        assert row["error"] == pytest.approx(0, abs=1e-6) and row["error_low"] == pytest.approx(0, abs=1e-6)
        assert row["credit_share"] == row["true_share"]
    assert {row["identity_loss"] for row in rows} == {0.0, 0.5}
    for row in error_rows(figures, POINTS, [0.0]):
        assert row["share_error"] == pytest.approx(0, abs=1e-9) and row["touchpoints"] == 3 and row["pairs"] == 6
        assert row["rank_correlation"] == pytest.approx(1.0)


def test_a_touchpoint_that_does_nothing_has_increment_0_and_its_credit_is_its_error() -> None:
    figures = additive()
    for r in range(6):
        figures.put(AS_IT_IS, r, "credit/market/linear/o", 70.0)
    row = next(r for r in attribution_rows(figures, POINTS, [], "minor KRW") if r["touchpoint"] == "o" and r["model"] == "linear")
    assert row["true_increment"] == 0 and (row["true_increment_low"], row["true_increment_high"]) == (0, 0) and row["error"] == 70


def test_error_in_share_points_by_hand() -> None:
    assert share_error(np.array([1.0, 0, 0]), np.array([0, 1.0, 0])) == 1
    assert share_error(np.array([2.0, 2, 0]), np.array([1.0, 1, 2])) == pytest.approx(0.5)
    assert share_error(np.array([3.0, 1]), np.array([1.0, -5])) == pytest.approx(0.25)  # what harms counts as nothing
    assert rank_correlation([1, 2, 3, 4], [10, 20, 30, 25]) == pytest.approx(0.8)
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None and rank_correlation([1, 2], [1, 2]) is None


def test_the_jackknife_is_free_of_the_bias_of_order_one_over_n() -> None:
    """The square of a mean: its plain estimate is biased by variance/n, the mean of the pseudo-values is not at all."""
    values = np.array([[1.0], [4.0], [2.0], [7.0]])
    pseudo = jackknifed(lambda m: float(m[0] ** 2), values)
    n, mean = 4, values.mean()
    assert pseudo is not None and np.mean(pseudo) == pytest.approx(mean**2 - values.var(ddof=1) / n)


@pytest.mark.parametrize("replications", [4, 8])
def test_models_that_are_alike_are_seldom_told_apart_and_one_far_off_is(replications: int) -> None:
    """Known truth: seven models of one error, under luck that they share; then one whose error is larger by ten of its noise."""
    draw = np.random.default_rng([4, replications])
    false, missed, studies = 0, 0, 300
    for _ in range(studies):
        errors = 0.3 + 0.02 * draw.normal(size=replications) + 0.02 * draw.normal(size=(len(MODELS), replications))
        pseudo = dict(zip(MODELS, errors.tolist(), strict=True))
        false += any(told_apart(pseudo, min(pseudo, key=lambda m: mean(pseudo[m]))).values())
        pseudo["last_touch"] = (errors[0] + 0.2 + 0.02 * draw.normal(size=replications)).tolist()
        rest = [m for m in MODELS if m != "last_touch"]
        missed += not told_apart(pseudo, min(rest, key=lambda m: mean(pseudo[m])))["last_touch"]
    print(f"{replications} replications: alike and told apart {100 * false / studies:.1f} %, far off and not told {100 * missed / studies:.1f} %")
    assert false / studies <= 0.05
    assert missed / studies <= (0.35 if replications == 4 else 0.1)


def test_the_interval_of_the_true_effect_covers_it() -> None:
    hits = 0
    for seed in range(200):
        row = next(r for r in attribution_rows(additive(6, 30.0, seed), POINTS[:2], [], "minor KRW") if r["touchpoint"] == "b")
        hits += row["true_increment_low"] <= TRUE["b"] <= row["true_increment_high"]
    assert hits / 200 > 0.9


def test_the_budget_is_shared_as_planned_and_shifts_follow_credit_per_money() -> None:
    figures = additive()
    assert spending(figures, POINTS) == {"a": 30.0, "b": 10.0}
    plans = recommended(figures, POINTS, [0.0], 0.1)
    assert set(plans) == {(lv, m) for lv in ("market", "0") for m in MODELS} | {(TRUTH, TRUTH)}
    assert len({moved(p) for p in plans.values()}) == 1  # b earns 10 a money, a 6.7
    plan = plans[TRUTH, TRUTH]
    assert plan.to == "b" and plan.given == {"a": pytest.approx(4.0)} and plan.promised == pytest.approx(4 * (10 - 200 / 30))
    for r in range(6):
        for figure in (REVENUE, GROSS, OPERATING):
            figures.put(moved(plan), r, figure, (figures.of(AS_IT_IS, figure)[r] or 0.0) + 5)
    for row in shift_rows(figures, plans, "minor KRW"):
        assert row["earned_revenue"] == 5 and row["earned_gross_profit_low"] == 5 and row["against_truth"] == 0
        assert row["promised_gross_profit"] == pytest.approx(row["promised_revenue"] * 0.4)


def test_summary_says_the_answer_and_what_has_no_touch() -> None:
    figures = additive(noise=5.0)
    for r in range(6):
        figures.put(AS_IT_IS, r, "credit/market/last_touch/s", 310.0)
    rows = {"attribution": attribution_rows(figures, POINTS, [0.0], "minor KRW"), "errors": error_rows(figures, POINTS, [0.0]), "shifts": []}
    found = summarise(figures, POINTS, rows, [0.0])
    assert found["answer"].startswith("Last touch gives Site ") and "lost without it: 9.5 % (9" in found["answer"]
    assert "Cannot tell which model is nearest to the truth" in found["answer"] and "over the 3 touchpoints that count; it cannot be told from" in found["answer"]
    assert not found["nearest"]["market"]["sure"] and "last_touch" not in found["nearest"]["market"]["not_told_from"]
    assert found["levels"][0]["revenue_without_a_touch"] == pytest.approx(100 / 500)
    assert found["nearest"]["market"]["model"] != "last_touch"
    assert found["word_of_mouth"] is None and found["not_switched_off"] == {"z": "stays open"}


def test_transitions_and_lengths_add_up() -> None:
    figures = additive()
    steps = transition_rows(figures, [])
    for here in {row["from"] for row in steps}:
        assert sum(row["share"] for row in steps if row["from"] == here) == pytest.approx(1)
    lengths = path_rows(figures, [])
    assert sum(row["share"] for row in lengths) == pytest.approx(1) and {row["touches"]: row["purchases"] for row in lengths} == {0: 1, 1: 40}


def test_runs_that_are_missing_leave_less_and_no_lie() -> None:
    figures = additive()
    figures.values[off("a")].pop(2)
    figures.values.pop(off("b"))
    rows = {r["touchpoint"]: r for r in attribution_rows(figures, POINTS, [], "minor KRW") if r["model"] == "markov"}
    assert rows["a"]["true_increment"] == pytest.approx(200) and rows["b"]["true_increment"] is None and rows["b"]["credit"] == pytest.approx(100)
    assert all(r["share_error"] is None for r in error_rows(figures, POINTS, []))
    nothing = Figures(3)
    empty = {"attribution": attribution_rows(nothing, POINTS, [], "minor KRW"), "errors": error_rows(nothing, POINTS, []), "shifts": []}
    said = summarise(nothing, POINTS, empty, [])["answer"]
    assert "Cannot tell which model is nearest to the truth: no pair of runs is complete." in said and "No budget" in said


def silent(replications: int = 4, true: float = 0.0) -> Figures:
    """Nothing of what counts is credited, and its true effect is `true`."""
    out = additive(replications)
    for r in range(replications):
        for level in ("market", "0"):
            for model in MODELS:
                for name in "abs":
                    out.put(AS_IT_IS, r, f"credit/{level}/{model}/{name}", 0.0)
        for name in "abs":
            for figure in (REVENUE, GROSS, OPERATING):
                out.put(off(name), r, figure, (out.of(AS_IT_IS, figure)[r] or 0.0) - true)
    return out


@pytest.mark.parametrize(("true", "why"), [(0.0, "no touchpoint has a true effect above 0"), (-5.0, "no touchpoint has a true effect above 0"), (10.0, "the model credits none of the touchpoints")])
def test_shares_of_nothing_are_undefined_with_their_reason(true: float, why: str) -> None:
    figures = silent(true=true)
    rows = error_rows(figures, POINTS, [0.0])
    for row in rows:
        assert row["share_error"] is None and row["share_error_low"] is None and not row["nearest"] and row["told_from_nearest"] is None
        assert row["reason"].startswith(why)
    table = attribution_rows(figures, POINTS, [0.0], "minor KRW")
    assert all(row["credit_share"] is None for row in table) and (true > 0) == all(row["true_share"] is not None for row in table if row["touchpoint"] in "abs")
    plans = recommended(figures, POINTS, [0.0], 0.1)
    found = summarise(figures, POINTS, {"attribution": table, "errors": rows, "shifts": shift_rows(figures, plans, "minor KRW", POINTS, [0.0])}, [0.0])
    assert found["nearest"]["market"] is None and f"Cannot tell which model is nearest to the truth: {why}" in found["answer"]


def test_a_model_without_credit_is_no_rival_and_the_others_stand() -> None:
    figures = additive()
    for r in range(6):
        for name in "abs":
            figures.put(AS_IT_IS, r, f"credit/market/last_touch/{name}", 0.0)
    rows = {row["model"]: row for row in error_rows(figures, POINTS, []) if row["level"] == "market"}
    assert rows["last_touch"]["share_error"] is None and "credits none" in rows["last_touch"]["reason"] and rows["markov"]["share_error"] == 0
    assert rows["markov"]["reason"] == ""


def test_one_touchpoint_has_no_error_of_shares() -> None:
    for row in error_rows(additive(), POINTS[:1], []):
        assert row["share_error"] is None and row["reason"].startswith("fewer than two touchpoints")


def test_two_pairs_give_no_interval_and_tell_no_model_from_another() -> None:
    figures = additive(2, 60.0, 3)
    rows = error_rows(figures, POINTS, [])
    for row in rows:
        assert row["share_error"] > 0 and row["share_error_low"] is None and row["told_from_nearest"] is None and "fewer than 3" in row["reason"]
    found = summarise(figures, POINTS, {"attribution": attribution_rows(figures, POINTS, [], "minor KRW"), "errors": rows, "shifts": []}, [])
    assert "Cannot tell which model is nearest" in found["answer"] and "(no interval)" in found["answer"] and len(found["nearest"]["market"]["not_told_from"]) == len(MODELS) - 1


def test_the_interval_of_the_error_holds_its_value_and_mostly_the_error_of_the_true_shares() -> None:
    """Noise in the truth alone: with none of it each model is right, and the interval begins at 0."""
    hits = rows_seen = 0
    for seed in range(60):
        for row in error_rows(additive(4, 60.0, seed), POINTS, []):
            if row["model"] != "markov":
                continue
            assert row["share_error"] > 0 and row["share_error_low"] <= row["share_error"] <= row["share_error_high"] and row["share_error_high"] > row["share_error_low"]
            rows_seen, hits = rows_seen + 1, hits + (row["share_error_low"] == 0)
    assert hits / rows_seen > 0.75  # an error of exactly 0 is the hardest: every draw lies above it


def test_a_model_that_asks_for_no_shift_says_why() -> None:
    figures = additive()
    for r in range(6):
        for name in "ab":
            figures.put(AS_IT_IS, r, f"credit/market/last_touch/{name}", 0.0)
    figures.values.pop(off("b"))
    plans = recommended(figures, POINTS, [], 0.1)
    rows = {(row["level"], row["model"]): row for row in shift_rows(figures, plans, "minor KRW", POINTS, [])}
    assert set(rows) == {("market", m) for m in MODELS} | {(TRUTH, TRUTH)}
    assert rows["market", "last_touch"]["money"] is None and rows["market", "last_touch"]["reason"] == "no paid touchpoint has any credit"
    assert "not known" in rows[TRUTH, TRUTH]["reason"] and rows["market", "markov"]["reason"] == "" and rows["market", "markov"]["money"] == pytest.approx(4)


def test_an_effect_that_may_be_nothing_is_told_so_first() -> None:
    assert lost(0.044, -0.301, 0.39) == "cannot tell whether anything: 4.4 % (-30.1 to 39.0)"
    assert lost(5.0, 1.0, 9.0, 100) == "5.0 % (1.0 to 9.0)" and lost(0.02, None, None).startswith("cannot tell")
    assert lost(0.0, 0.0, 0.0).startswith("nothing")


def test_paid_touchpoints_that_were_not_all_off_are_named() -> None:
    figures = additive()
    for r in range(6):
        figures.put(NO_MEDIA, r, REVENUE, (figures.of(AS_IT_IS, REVENUE)[r] or 0.0) - 90.0 - r)
    left = [*POINTS, Point("d", "Display", PAID, 5.0, "not switched off in this study")]
    for points, words in ((POINTS, "All paid touchpoints together cause: 9."), (left, "Ads, Banner together cause: 9.")):
        rows = {"attribution": attribution_rows(figures, points, [], "minor KRW"), "errors": error_rows(figures, points, []), "shifts": []}
        found = summarise(figures, points, rows, [])
        assert words in found["answer"] and found["paid_together"]["touchpoints"] == ["a", "b"]


def test_paid_touchpoints_off_together_differ_from_the_run_as_it_is_by_their_rows_alone() -> None:
    """What they cause together beyond one by one is theirs: nothing else moves in that arm."""
    study = prepare(compose("attribute", ["strategy=store_only"]))
    paid = [p.name for p in study.off if p.kind == PAID]
    assert len(paid) == 2
    both = without(study.settings, *paid).model_dump()
    plain = study.settings.model_dump()
    rows, kept = both["touchpoints"].pop("rows"), plain["touchpoints"].pop("rows")
    assert both == plain and [n for n in kept if rows[n] != kept[n]] == [n for n in kept if n in paid]
    assert all(rows[n] == without(study.settings, n).model_dump()["touchpoints"]["rows"][n] for n in paid)
