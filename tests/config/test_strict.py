"""The strict reader: what plain words mean, where they stand, and what stands behind them."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from omosim.config.resolved import to_yaml
from omosim.config.strict import read_bytes, read_text, type_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-7", -7), ("+7", 7),
        ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-3", -0.0015), ("1.0e-05", 1e-05),
    ],
)  # fmt: skip
def test_words_with_one_meaning(text: str, value: object) -> None:
    found = type_scalar(text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    ["no", "yes", "on", "off", "True", "NO", "y", "0123", "00.5", "10:30", "1:2:3", "5,000", "5_000", "0x1F", "0o17", "0b1",
     ".nan", ".inf", "nan", "inf", "1e999", "２８", "٣", "2026-03-02", "=", "1 000", "--1", "1.2.3"],
)  # fmt: skip
def test_words_with_two_meanings_stay_text(text: str) -> None:
    assert type_scalar(text) == text


def test_hydras_reading_would_differ() -> None:
    """The reason for the reader: YAML 1.1 makes numbers and booleans of these."""
    assert yaml.safe_load("a: 10:30\nb: 0123\nc: no") == {"a": 630, "b": 83, "c": False}
    assert read_text("a: 10:30\nb: 0123\nc: no", "x").data == {"a": "10:30", "b": "0123", "c": "no"}


def test_places_and_comments() -> None:
    doc = read_text(
        "a:\n  b: 1.5  # [km] 반지름; assumed\n  서울: [1,\n    2]  # [w] list\n# c\nd:\n  - x: 1 # [h] in a list\n",
        "f",
    )
    assert not doc.problems
    assert (doc.places["a", "b"].line, doc.places["a", "b"].comment) == (2, "[km] 반지름; assumed")
    assert (doc.places["a", "서울"].line, doc.places["a", "서울"].comment) == (3, "[w] list")
    assert doc.places["d", 0, "x"].line == 7
    assert doc.places["d", 0, "x"].comment == "[h] in a list"


def test_a_hash_inside_a_text_is_no_comment() -> None:
    doc = read_text('a: "x # y"  # real\nb: x#y\n', "f")
    assert doc.data == {"a": "x # y", "b": "x#y"}
    assert doc.places["a",].comment == "real"
    assert doc.places["b",].comment == ""


def test_bom_and_crlf_are_accepted() -> None:
    doc = read_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "f")
    assert doc.data == {"a": 1, "b": 2} and not doc.problems


def test_several_problems_of_one_file_come_together() -> None:
    doc = read_text("a: !x 1\nb: *y\nb: 2\n_target_: c\nd: ${e}\n", "f")
    assert [p.line for p in doc.problems] == [1, 2, 3, 4, 5]


def test_references_are_read_in_defaults_of_the_package_only() -> None:
    text = "defaults:\n  - catalogue: ${market}\nx: ${market}\n"
    assert [p.line for p in read_text(text, "f", trusted=True).problems] == [3]
    assert [p.line for p in read_text(text, "f").problems] == [2, 3]
    assert read_text("defaults:\n  - a: ${oc.env:HOME}\n", "f", trusted=True).problems


keys = st.text(st.characters(whitelist_categories=("Ll", "Lo", "Nd")), min_size=1, max_size=8).filter(
    lambda k: k != "hydra"
)
plain = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**18), 10**18), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u0085\u2028\u2029\ufeff\ufffe\uffff"), max_size=20).filter(lambda t: "${" not in t),
)  # fmt: skip
trees = st.recursive(
    plain, lambda c: st.one_of(st.lists(c, max_size=4), st.dictionaries(keys, c, max_size=4)), max_leaves=15
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(keys, trees, min_size=1, max_size=5))
@example({"0": "0E0"})
def test_what_is_written_is_read_back(data: dict[str, object]) -> None:
    """to_yaml quotes whatever this reader, or another, could misread."""
    doc = read_text(to_yaml(data), "f")
    assert [str(p) for p in doc.problems] == []
    assert doc.data == data


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    doc = read_bytes(raw, "f")
    assert doc.problems or isinstance(doc.data, dict)


@settings(max_examples=300, deadline=None)
@given(st.text("ab:-[]{}#&*!|>'\"%@`?, \n\t0.~<$", max_size=40))
def test_no_text_makes_it_raise(text: str) -> None:
    doc = read_text(text, "f")
    assert doc.problems or isinstance(doc.data, dict)
