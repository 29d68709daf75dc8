"""A day as a number: days since 1970-01-01 on a retailer's own calendar. Tables, windows and members know their days by it."""

from __future__ import annotations

from datetime import date, timedelta

_EPOCH = date(1970, 1, 1)


def day_number(day: date | str) -> int:
    """Days since 1970 of a date, or of one as YYYY-MM-DD."""
    return ((date.fromisoformat(day) if isinstance(day, str) else day) - _EPOCH).days


def date_of(number: int) -> date:
    """The date so many days after 1970-01-01; `day_number` turned round."""
    return _EPOCH + timedelta(days=int(number))


def date_text(number: int) -> str:
    """YYYY-MM-DD of days since 1970."""
    return date_of(number).isoformat()
