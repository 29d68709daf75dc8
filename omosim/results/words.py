"""How values and other people's names are put into words; used wherever people read."""

from __future__ import annotations

import unicodedata

MINOR = {"USD": 2, "GBP": 2, "EUR": 2, "KRW": 0, "JPY": 0}
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def safe_text(value: object, limit: int = 400) -> str:
    """Text that cannot steer a terminal or turn its neighbours round: control characters are shown as codes."""
    out = []
    for char in str(value)[:limit]:
        hidden = char in _BIDI or (unicodedata.category(char) in _UNSEEN and char != "\u200d")
        out.append(f"\\u{ord(char):04x}" if hidden else char)
    return "".join(out) + ("…" if len(str(value)) > limit else "")


def is_money(unit: str) -> bool:
    """Units that stand for money: an ISO code (KRW), or a code and 'minor' (GBP minor: pence)."""
    return unit.split(" ")[0] in MINOR


def money(value: float, unit: str, *, sign: bool = False) -> str:
    """KRW 1,234,568; amounts in minor units ('GBP minor') are shown in the major one with its decimals."""
    code = unit.split(" ")[0]
    places = MINOR.get(code, 0)
    amount = value / 10**places if unit.endswith(" minor") else value
    return f"{code} {amount:{'+' if sign else ''},.{places}f}"


def number(value: float | None, unit: str, *, sign: bool = False) -> str:
    """A value with its unit as people write it; shares as percentages, differences of shares in points."""
    if value is None:
        return "–"
    plus = "+" if sign else ""
    if is_money(unit):
        return money(value, unit, sign=sign)
    if unit in ("share", "rate", "probability"):
        return f"{100 * value:{plus},.2f} {'pp' if sign else '%'}"
    if unit in ("%", "percent"):
        return f"{value:{plus},.2f} {'pp' if sign else '%'}"
    digits = 0 if abs(value) >= 1000 or float(value).is_integer() else 2 if abs(value) >= 1 else 3
    text = f"{value:{plus},.{digits}f}"
    return text if unit in ("", "1", "count") else f"{text} {safe_text(unit, 24)}"


def percent(value: float | None) -> str:
    """A probability; the ends are never rounded to 0 or 100."""
    if value is None:
        return "–"
    if 0.999 < value < 1:
        return "> 99.9 %"
    if 0 < value < 0.001:
        return "< 0.1 %"
    return f"{100 * value:.1f} %"
