from __future__ import annotations

import pytest

from omosim.results.words import figure, number, percent, safe_text, unit_words


@pytest.mark.parametrize(
    ("value", "unit", "sign", "words"),
    [
        (1234567.0, "minor KRW", False, "KRW 1,234,567"),
        (1234567.0, "KRW", True, "KRW +1,234,567"),
        (-1234567.0, "minor GBP", False, "GBP -12,345.67"),
        (12.5, "GBP", False, "GBP 12.50"),
        (0.1234, "share", False, "12.34 %"),
        (-0.0123, "share", True, "-1.23 pp"),
        (12.0, "min", False, "12 min"),
        (1234.6, "orders", False, "1,235 orders"),
        (0.5, "1", True, "+0.500"),
        (None, "KRW", False, "–"),
    ],
)
def test_numbers_as_people_write_them(value: float | None, unit: str, sign: bool, words: str) -> None:
    assert number(value, unit, sign=sign) == words


def test_unit_and_figure_apart() -> None:
    assert (figure(0.2, "share"), unit_words("share")) == ("20.00", "%")
    assert (figure(500, "minor GBP"), unit_words("minor GBP")) == ("5.00", "GBP")


def test_certainty_is_never_claimed_by_rounding() -> None:
    assert [percent(p) for p in (0.99999, 0.00001, 0.5, 1.0, None)] == ["> 99.9 %", "< 0.1 %", "50.0 %", "> 99.9 %", "–"]


def test_names_cannot_steer_the_terminal() -> None:
    assert safe_text("a\x1b[31mred\u202eevil\u200b\ud800\n") == r"a\u001b[31mred\u202eevil\u200b\ud800\u000a"
    assert safe_text("한국 omo") == "한국 omo" and len(safe_text("x" * 1000)) == 401
