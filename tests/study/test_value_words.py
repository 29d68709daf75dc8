"""A valuation in words: the rest of those not named says what it is, comes last, and is no first thing to do while another step is there."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.study.coalitions import game
from omosim.study.value import Ladder
from omosim.study.value_words import answer, called, first


def row(name: str, value: float, verdict: str = "cannot_tell", change: str = "added") -> dict[str, object]:
    return {"capability": name, "per_year": value, "verdict": verdict, "change": change}


def step(name: str, verdict: str, gain: float = 7.0, runner_up: str = "") -> dict[str, object]:
    return {"capability": name, "gain": gain, "ci_low": gain - 1, "ci_high": gain + 1, "verdict": verdict, "runner_up": runner_up, "lead": 1.0, "lead_low": None}


def summary(values: list[dict[str, object]], ladder: list[dict[str, object]]) -> dict[str, object]:
    total = {"per_year": 100.0, "per_year_low": 50.0, "per_year_high": 150.0, "ci_low": 1.0, "ci_high": 3.0}
    return {"unit": "KRW", "total": total, "from": "o2o", "to": "omo", "shoppers": 5, "shoppers_of_retailer": 5, "days": 365, "values": values, "ladder": ladder}


def test_the_rest_is_named_as_several_together_and_comes_last() -> None:
    values = [row("the other 12", 900), row("live_commerce", 5), row("push", 4), row("same_day", 3), row("events", 2)]
    text = answer(summary(values, []))
    assert "One cannot tell of live_commerce, push, same_day, 1 more and the 12 other capabilities together." in text and "the other 12" not in text
    text = answer(summary([row("the other 12", 900, "better"), row("push", 4, "better"), row("events", -2, "worse")], []))
    assert "It is carried by push KRW +4 and the 12 other capabilities together KRW +900. events (KRW -2) does not pay." in text
    text = answer(summary([row("the other 2", -9, "worse")], []))
    assert "The 2 other capabilities together (KRW -9) do not pay." in text


def test_one_alone_is_no_list() -> None:
    assert "One cannot tell of push." in answer(summary([row("push", 5)], []))
    assert called("push with the other 5") == "push with the 5 other capabilities together" and called("the other") == "the other"


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("better", "First thing to do: switch on push, KRW +7 a year (+6 to +8)."),
        ("worse", "None of the named capabilities pays as a first step: the best, push, loses KRW +7 a year (+6 to +8)."),
        ("cannot_tell", "Of none of the named capabilities can one tell that it pays as a first step; the best is push, KRW +7 a year (+6 to +8)."),
    ],
)
def test_the_first_thing_of_a_few_named_is_said_of_those(verdict: str, words: str) -> None:
    assert first(summary([row("push", 5), row("the other 3", 50)], [step("push", verdict)])) == words


def test_without_a_rest_the_first_thing_is_said_of_all() -> None:
    assert first(summary([row("push", 5)], [step("push", "cannot_tell")])).startswith("Of no first step can one tell")
    assert first(summary([row("push", 5)], [step("push", "better", runner_up="events")])).endswith("; whether events should come before it one cannot tell.")


def test_the_ladder_leaves_the_rest_until_nothing_else_is_left() -> None:
    played = game({}, {"a": 1, "b": 1, "c": 1, "d": 1}, ("a", "b"), {}, {})
    assert [p.name for p in played.players] == ["a", "b", "the other 2"]
    worth = lambda mask: np.full(4, 10.0 * (mask & 1) + 20.0 * (mask >> 1 & 1) + 1000.0 * (mask >> 2 & 1))
    ladder = Ladder(played)
    while not ladder.ended:
        ladder.climb(worth)
    assert [r["capability"] for r in ladder.rows] == ["b", "a", "the other 2"] and [r["runner_up"] for r in ladder.rows] == ["a", "", ""]


def test_a_step_that_cannot_act_without_the_rest_waits_too() -> None:
    played = game({}, {"a": 1, "b": 1, "c": 1, "d": 1}, ("a", "b"), {"a": ("c",)}, {})
    ladder = Ladder(played)
    assert ladder.candidates() == [0b010]
    ladder.mask = 0b010
    assert set(ladder.candidates()) == {0b111, 0b110}
