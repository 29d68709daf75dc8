"""What a decision cannot tell: ways of pickup where worlds have another share of it than the log; what was noted of a decision stays."""

from __future__ import annotations

import re

import numpy as np
import pytest

from omosim.api.twin_decide import _answer, _far, _mix, _told_by, _touches_pickup
from omosim.api.twin_log import with_decision
from omosim.api.twin_ways import AS_IT_IS, ways_of
from omosim.config.compose import compose
from omosim.reports.language import say, using
from omosim.reports.twin_sections import decided
from omosim.twin.costs import notes
from omosim.twin.decide import weigh


@pytest.mark.parametrize(
    ("way", "touches"),
    [("same_day", False), ("staff*2", False), ("price*0.9+staff*2", False), ("-bopis", True), ("omo", True), ("multichannel", True), ("slots*2", True), ("staff*2+bins*1.5", True)],
)
def test_ways_that_touch_pickup(way: str, touches: bool) -> None:
    settings = compose("run", ["strategy=o2o", "network.operations.slot_minutes=60", "network.operations.slot_orders=6", "network.operations.shelf_bins=4"]).settings
    assert _touches_pickup(settings, ways_of([way], settings, 0)[way]) is touches
    assert not _touches_pickup(settings, {})


@pytest.mark.parametrize(
    ("log", "worlds", "far"), [(0.22, 0.03, True), (0.03, 0.22, True), (0.2, 0.11, False), (0.1, 0.19, False), (0.6, 0.0, True), (0.0, 0.05, True), (0.0, 0.0, False), (np.nan, np.nan, False)]
)
def test_shares_are_far_beyond_twice_either_way(log: float, worlds: float, far: bool) -> None:
    assert _far((log, worlds)) is far


def test_shares_of_pickups_are_those_of_the_last_weeks_and_of_the_worlds() -> None:
    """By hand: 2 of 10 orders a day in the log, 3 of 60 in the worlds; a present way of few days tells none."""
    answers = [{"ways": {AS_IT_IS: {"series": {"orders": [30.0, None, 30.0], "pickups": [1.0, None, 2.0]}}}}]
    seen = {"orders": np.full(100, 10.0), "pickups": np.full(100, 2.0)}
    mix, said, shares = _mix(answers, AS_IT_IS, seen)
    assert mix == {"pickups": pytest.approx(4.0)} and shares == pytest.approx((0.2, 0.05)) and len(said) == 1
    assert not _far(_mix(answers, AS_IT_IS, seen, 13)[2])
    answers[0]["ways"][AS_IT_IS]["series"]["pickups"] = [0.0, None, 0.0]
    assert _mix(answers, AS_IT_IS, seen)[2] == pytest.approx((0.2, 0.0))


def test_the_answer_says_what_could_be_told_in_two_languages() -> None:
    """Of three ways: all told, one not, none told; the best is never one that is not."""
    base = np.arange(20.0) * 1000
    values = {AS_IT_IS: base, "-bopis": base + 5000, "same_day": base - 700}
    assert _answer(weigh(values, AS_IT_IS), 14, "KRW", 20).startswith("-bopis: ")
    stay = weigh(values, AS_IT_IS, untold=["-bopis"])
    assert stay.best == AS_IT_IS and not stay.sure
    some = _answer(stay, 14, "KRW", 20, (0.22, 0.03), ["-bopis"])
    assert some == "Stay as it is: no other way that can be told earns more on average (same_day KRW -700; not told: -bopis) over 14 days, 20 plausible worlds."
    none = _answer(weigh({k: values[k] for k in (AS_IT_IS, "-bopis")}, AS_IT_IS, untold=["-bopis"]), 14, "KRW", 20, (0.22, 0.03), ["-bopis"])
    assert none == "None of the other ways can be told (-bopis): pickups are 22 % of orders in the log and 3 % in the worlds. As it is: KRW 9,500 operating profit over 14 days, 20 plausible worlds."
    cures = [_told_by(shares, simulated) for shares, simulated in (((0.22, 0.03), False), ((0.22, 0.03), True), ((0.22, 0.0), False), ((0.0, 0.1), True))]
    assert all("took=WAY" in cure for cure in cures) and ["budget_min=25" in cure for cure in cures] == [True, False, False, False]
    assert "strategy=o2o" in cures[2] and "strategy=multichannel" in cures[3]
    (low,) = [note for note in notes({"margin": -0.2}) if "below 0" in note]
    assert not any("below 0" in note for note in notes({"margin": 0.2}))
    with using("ko"):
        for said in (some, none, *(f"note: {cure}" for cure in cures)):
            assert (not re.search("worlds|told|plans|pickup", say(said)) and "-bopis" in say(said)) or "took=WAY" in say(said)
        assert "-0.2" in say(f"note: {low}") and "margin" not in say(f"note: {low}")


def test_the_page_does_not_say_that_such_a_way_earns_more() -> None:
    base = np.arange(20.0) * 1000
    choice = weigh({AS_IT_IS: base, "-bopis": base + 5000}, AS_IT_IS)
    made = {"answer": "", "best": "-bopis", "present": AS_IT_IS, "sure": False, "unit": "minor KRW", "days": 7, "from": "2025-03-01", "members": 20, "worth_of_knowing": 0.0, "notes": []}
    told, untold = (str(decided({**made, "ways": [{**vars(gain), "told": gain.way == AS_IT_IS or told} for gain in choice.gains]})) for told in (True, False))
    assert "earns more" in told and "20 of 20" in told and "earns more" not in untold and "20 of 20" not in untold and "not told" in untold


def test_what_was_noted_of_a_decision_stays_when_it_is_made_again() -> None:
    made = {"ways": [{"way": AS_IT_IS}, {"way": "omo"}], "from": "2025-03-01", "days": 7, "best": "omo", "present": AS_IT_IS, "sure": True}
    head: dict = {"files": {}, "decisions": []}
    head["decisions"] = with_decision(head, made, "a.json", {})
    assert head["decisions"][-1]["took"] is None
    head["decisions"][-1]["took"] = AS_IT_IS
    (again,) = with_decision(head, made, "b.json", {})
    assert (again["took"], again["file"]) == (AS_IT_IS, "b.json")
    other = with_decision(head, {**made, "ways": [{"way": AS_IT_IS}]}, "c.json", {})
    assert [row["took"] for row in other] == [AS_IT_IS, None]
    # the way taken is the present way of a later decision: another one
    head["decisions"][-1]["took"], head["present"] = "omo", [{"from": "2025-03-01", "ways": ["omo"]}]
    assert [row["took"] for row in with_decision(head, made, "d.json", {})] == ["omo", None]
