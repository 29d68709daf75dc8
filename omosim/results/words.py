"""How values and other people's names are put into words; used wherever people read."""

from __future__ import annotations

import math
import shlex
import unicodedata

MINOR = {"USD": 2, "GBP": 2, "EUR": 2, "KRW": 0, "JPY": 0}
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

SHARES = ("share", "rate", "probability")
PLAIN = ("", "1", "count")
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def safe_text(value: object, limit: int = 400) -> str:
    """Text that cannot steer a terminal or turn its neighbours round: control characters are shown as codes."""
    out = []
    for char in str(value)[:limit]:
        hidden = char in _BIDI or (unicodedata.category(char) in _UNSEEN and char != "\u200d")
        out.append(f"\\u{ord(char):04x}" if hidden else char)
    return "".join(out) + ("…" if len(str(value)) > limit else "")


def counted(n: int, what: str) -> str:
    """A number with its noun: 1 day, 2 days, 1,200 orders."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def command_word(key: str, value: object) -> str:
    """KEY=VALUE as it can be copied into a shell, quoted where it must be."""
    return shlex.quote(f"{key}={value}")


def is_money(unit: str) -> bool:
    """Units that stand for money: an ISO code (KRW), or a code with 'minor' (minor GBP: pence)."""
    return _code(unit) in MINOR


def _code(unit: str) -> str:
    return unit.replace("minor", "").strip()


def minor_units(unit: str) -> float:
    """What a figure in minor units is divided by to be in the major one; 1 for every other unit."""
    return float(10 ** MINOR[_code(unit)]) if is_money(unit) and "minor" in unit else 1.0


def unit_words(unit: str) -> str:
    """The unit as a reader wants it: money in its major unit, shares as per cent."""
    if is_money(unit):
        return _code(unit)
    return "%" if unit in SHARES else "" if unit in PLAIN else safe_text(unit, 24)


def figure(value: float | None, unit: str, *, sign: bool = False) -> str:
    """The number alone, without its unit; amounts in minor units appear in the major one with its decimals."""
    if value is None:
        return "–"
    plus = "+" if sign and value else ""
    if is_money(unit):
        places = MINOR[_code(unit)]
        amount = value / 10**places if "minor" in unit else value
        return f"{amount:{plus},.{places}f}"
    if unit in SHARES:
        value *= 100
        return f"{value:{plus},.2f}"
    digits = 0 if abs(value) >= 1000 or float(value).is_integer() else 2 if abs(value) >= 1 else 3
    return f"{value:{plus},.{digits}f}"


def number(value: float | None, unit: str, *, sign: bool = False) -> str:
    """A value with its unit: KRW 1,234,568; 12.30 %; a signed share is a difference in points, +1.20 pp."""
    text = figure(value, unit, sign=sign)
    if value is None:
        return text
    if is_money(unit):
        return f"{_code(unit)} {text}"
    words = "pp" if sign and unit in SHARES else unit_words(unit)
    return f"{text} {words}".rstrip()


def interval(low: float | None, high: float | None, unit: str) -> str:
    """A signed interval without repeating its unit; empty when there is none. An end that is not 0 never reads as 0."""
    if low is None or high is None:
        return ""
    points = " pp" if unit in SHARES else ""
    return f"{_end(low, unit)} to {_end(high, unit)}{points}"


def _end(value: float, unit: str) -> str:
    """An end of an interval: with as many decimals more as its first digit other than 0 asks for, nine at most."""
    text = figure(value, unit, sign=True)
    shown = value / minor_units(unit) * (100 if unit in SHARES else 1)
    if any(c in "123456789" for c in text) or abs(shown) < 5e-10:
        return text
    return f"{shown:+.{-math.floor(math.log10(abs(shown)))}f}"


def percent(value: float | None) -> str:
    """A probability; the ends are never rounded to 0 or 100."""
    if value is None:
        return "–"
    if value > 0.999:
        return "> 99.9 %"
    if value < 0.001:
        return "< 0.1 %"
    return f"{100 * value:.1f} %"
