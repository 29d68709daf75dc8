"""A line of the map in words: flips, ends of which one cannot tell, single points, whole ranges."""

from __future__ import annotations

import pytest

from omosim.study.flip_words import line_words

STORES = {"key": "network.stores.count", "low": 5.0, "high": 40.0, "whole": True, "unit": "stores"}
WAIT = {"key": "market.choice.wait_per_day", "low": 0.0007, "high": 0.0028, "whole": False, "unit": "share of price a day"}


def s(winner, low, high):
    return {"winner": winner, "low": float(low), "high": float(high)}


def f(below, above, low, high, value):
    return {"below": below, "above": above, "low": float(low), "high": float(high), "value": value, "ci_low": float(low) + 1, "ci_high": float(high) - 1}


@pytest.mark.parametrize(
    ("stretches", "flips", "words"),
    [
        ([s("omo", 5, 40)], [], "omo pays over the whole range, 5 to 40 stores: it never flips there"),
        ([s(None, 5, 40)], [], "between 5 stores and 40 stores one cannot tell anywhere which strategy pays"),
        ([s("omo", 5, 14), s("o2o", 20, 40)], [f("omo", "o2o", 14, 20, 17.0)], "omo pays below 17 stores (15 to 19), o2o above it"),
        ([s("omo", 5, 14), s("o2o", 20, 30), s(None, 30, 40)], [f("omo", "o2o", 14, 20, 17.0)], "omo pays below 17 stores (15 to 19), o2o above it up to 30 stores, above 30 stores one cannot tell"),
        ([s(None, 5, 14), s("omo", 14, 40)], [], "below 14 stores one cannot tell, omo pays from 14 to 40 stores"),
        ([s("a", 5, 8), s("b", 12, 20), s("c", 26, 40)], [f("a", "b", 8, 12, 10.0), f("b", "c", 20, 26, 23.0)], "a pays below 10 stores (9 to 11), b between that and 23 stores (21 to 25), c above it"),
        ([s("omo", 5, 5), s(None, 5, 20), s("omo", 20, 20), s(None, 20, 40), s("omo", 40, 40)], [], "one cannot tell but at single points, at which omo pays"),
        ([s("omo", 5, 10), s(None, 10, 20), s("omo", 20, 20), s(None, 20, 40)], [], "omo pays from 5 to 10 stores, above 10 stores one cannot tell"),
        ([s("omo", 5, 5), s("o2o", 9, 40)], [f("omo", "o2o", 5, 9, 7.0)], "omo pays below 7 stores (6 to 8), o2o above it"),
    ],
)
def test_words(stretches, flips, words) -> None:
    assert line_words(stretches, flips, STORES) == words


def test_a_key_without_a_plain_unit_is_named() -> None:
    assert line_words([s("omo", 0.0007, 0.0028)], [], WAIT) == "omo pays over the whole range, choice.wait_per_day 0.0007 to 0.0028: it never flips there"
    assert line_words([s(None, 0.0007, 0.001), s("omo", 0.001, 0.0028)], [], WAIT) == "below choice.wait_per_day 0.001 one cannot tell, omo pays from choice.wait_per_day 0.001 to 0.0028"
