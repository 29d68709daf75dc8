"""Findings and words of claims, from made-up estimates."""

from __future__ import annotations

import pytest

from omosim.validation.claim import Row
from omosim.validation.effects import Estimate
from omosim.validation.readings import FINDINGS, answer, finding, reading, words

NONE = Estimate(None, None, None, 0, "not read")


def made(value: float, half: float = 0.03, n: int = 20) -> Estimate:
    return Estimate(value, value - half, value + half, n)


def row(**more: object) -> Row:
    return Row(**{"claim": "c", "claimed": 0.36, "raw": "r", "causal": "k", "raw_says": "after over before", "causal_says": "the practice", **more})


@pytest.mark.parametrize(
    ("claim", "raw", "causal", "found"),
    [
        (row(), made(0.36), made(0.09), "part"), (row(), made(0.36), made(0.34), "part_or_more"), (row(), made(0.36), made(0.5), "reached"),
        (row(), made(0.36), made(0.02), "cannot_tell"), (row(), made(0.36), made(0.02, 0.01), "next_to_nothing"), (row(), made(0.36), made(-0.09), "opposite"),
        (row(claimed=-0.2), made(-0.3), made(-0.1), "part"), (row(claimed=-0.2), made(-0.3), made(-0.18), "part_or_more"), (row(claimed=-0.2), made(-0.3), made(-0.25), "reached"), (row(claimed=-0.2), made(-0.3), made(0.1), "opposite"),
        (row(claimed=None), made(0.3), made(0.1), "effect"), (row(claimed=None), made(0.3), made(0.4), "effect"), (row(claimed=None), made(0.3), made(-0.1), "opposite"), (row(claimed=None, raw=None), NONE, made(0.1), "effect"),
        (row(), made(0.36), Estimate(0.1, None, None, 1, "one pair"), "cannot_tell"), (row(silent="why"), NONE, NONE, "cannot_speak"),
        (row(causal=None, form="level"), made(6), NONE, "level"), (row(form="level", claimed=0.7), made(0.5), made(0.2), "part"),
        # sure of something, of how much not at all
        (row(claimed=0.3), made(0.3), Estimate(0.05, 0.001, 0.5, 20), "part_or_more"),
        # levels: next to nothing is a point, not a tenth of the level
        (row(form="level", claimed=0.7), made(0.54), made(0.036, 0.004), "part"), (row(form="level", claimed=0.89), made(0.68), Estimate(0.021, -0.002, 0.045, 20), "cannot_tell"),
        (row(form="level", claimed=0.89), made(0.68), made(0.004, 0.005), "next_to_nothing"),
    ],
)  # fmt: skip
def test_what_is_found(claim: Row, raw: Estimate, causal: Estimate, found: str) -> None:
    assert finding(claim, raw, causal) == found and found in FINDINGS


def test_words_of_a_reading_after_against_before() -> None:
    text = reading(row(), "share", made(0.36), made(0.09), made(0.25), 0.44)
    assert text == (
        "After over before: +36 % (+36 % claimed). +9.0 % (+6.0 to +12) is caused by the practice; +25 % comes without it. "
        "That is 25 % of the +36 % claimed. The luckiest of 20 such firms would report +44 %."
    )


def test_words_where_how_much_cannot_be_told() -> None:
    text = reading(row(claimed=0.3), "share", made(0.3), Estimate(0.05, 0.001, 0.5, 20), NONE, None)
    assert text.endswith("+5.0 % (+0.1 to +50) is caused by the practice. That is 17 % of the +30 % claimed; whether it is a part or all of it cannot be told.")


def test_a_next_to_nothing_of_a_level_in_other_units_is_a_hundredth() -> None:
    claim = row(form="level", claimed=6.0)
    assert finding(claim, made(6.0), made(0.05, 0.005), "1") == "next_to_nothing" and finding(claim, made(6.0), made(0.3, 0.1), "1") == "part"


def test_words_of_a_gap_a_level_and_of_what_cannot_be_told() -> None:
    text = reading(row(form="gap", claimed=0.3, raw_says="users over others"), "share", made(1.0), made(0.07), NONE, None)
    assert "+7.0 % (+4.0 to +10) is caused by the practice, 7 % of the gap; the rest is who they are." in text
    level = reading(row(form="level", claimed=0.41, raw_says="collected"), "share", made(0.23), made(0.05), NONE, None)
    assert level == "Collected: 23 %, against 41 % claimed. +5.0 pp (+2.0 to +8.0) of it is caused by the practice."
    little = reading(row(), "share", made(0.36), made(0.005, 0.01), made(0.3), None)
    assert "Next to nothing is caused by the practice: +0.5 % (-0.5 to +1.5); +30 % comes without it." in little
    unsure = reading(row(), "share", made(0.36), made(0.01), NONE, None)
    assert "Whether the practice causes any of it cannot be told (-2.0 to +4.0 %)." in unsure and "is caused" not in unsure
    assert reading(row(silent="it asks nobody."), "share", NONE, NONE, NONE, None) == "The model cannot speak about this: it asks nobody."
    fitted = reading(row(fitted=True, causal=None, form="level", claimed=6.0, raw_says="touches"), "1", made(6.14), NONE, NONE, None)
    assert fitted.startswith("Touches: 6.14, against 6 claimed. That is a level") and fitted.endswith("no evidence.")
    assert "undefined (nothing to divide by)" in reading(row(), "share", Estimate(None, None, None, 0, "nothing to divide by"), made(0.1), NONE, None)


def test_figures() -> None:
    assert [words(v, "share") for v in (0.36, 0.09, -0.0001, 6.44)] == ["+36 %", "+9.0 %", "0.0 %", "+644 %"]
    assert words(0.02, "points") == "+2.0 pp" and words(6.138, "1", signed=False) == "6.14"


def test_the_answer_counts_every_finding() -> None:
    rows = [
        {"finding": "part", "fitted": False, "form": "change", "simulated_raw": 0.3, "simulated_causal": 0.1}, {"finding": "reached", "fitted": True, "form": "change", "simulated_raw": 0.2, "simulated_causal": 0.2},
        {"finding": "cannot_speak", "fitted": False, "form": "change", "simulated_raw": None, "simulated_causal": None}, {"finding": "level", "fitted": False, "form": "level", "simulated_raw": 6.0, "simulated_causal": None},
    ]  # fmt: skip
    text = answer(rows)
    assert text.startswith("4 claims; about one of them the model cannot speak, and says why. Effects that can be run with and without: 2; of these 1 caused in full, 1 in part.")
    assert "1 of those in full rests on a parameter" in text and "Of those 2, 2 have a raw reading and an effect that is told" in text and "the raw reading is 2 times what is caused (the median)" in text
    assert answer([rows[2]]) == "1 claim; about it the model cannot speak, and says why. Nothing was run."
    assert answer(rows[3:]) == "1 claim." and answer([rows[2]] * 2).startswith("2 claims; about all of them")


def test_the_answer_says_how_many_effects_its_median_is_of() -> None:
    told = {"finding": "effect", "fitted": False, "form": "change", "simulated_raw": 0.12, "simulated_causal": 0.1}
    untold = {**told, "finding": "cannot_tell", "simulated_raw": 0.9, "simulated_causal": 0.001}
    text = answer([told, untold, {**untold, "finding": "next_to_nothing"}])
    assert text.startswith("3 claims. ") and "1 without a number to hold against" in text
    assert "Of those 3, 1 has a raw reading and an effect that is told and not next to nothing: there the raw reading is 1.2 times what is caused (one claim)." in text
    assert "times what is caused" not in answer([untold])
