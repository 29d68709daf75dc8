"""A store's clock: seconds in which it is open, days on which it is closed left out."""

from __future__ import annotations

import numpy as np

from omosim.schema.columns import DAY

NEVER_CLOSED = np.zeros(0, np.int64)


def open_seconds(second: np.ndarray, opens: int, closes: int, closed: np.ndarray = NEVER_CLOSED) -> np.ndarray:
    """Open seconds from the first midnight up to each local second.

    Parameters
    ----------
    opens, closes : second of the day
    closed : days of the clock on which the store is closed, ascending
    """
    day, rest = np.divmod(np.asarray(second, np.int64), DAY)
    before = np.searchsorted(closed, day)
    today = np.clip(rest - opens, 0, closes - opens) * (np.searchsorted(closed, day, side="right") == before)
    return np.asarray((day - before) * (closes - opens) + today)


def after_open_seconds(second: np.ndarray, wanted: int, opens: int, closes: int, closed: np.ndarray = NEVER_CLOSED) -> np.ndarray:
    """The earliest local second at which so many open seconds have passed; inverse of `open_seconds`.

    Parameters
    ----------
    wanted : negative counts back
    opens, closes, closed : as for `open_seconds`
    """
    number, rest = np.divmod(open_seconds(second, opens, closes, closed) + int(wanted), closes - opens)
    late = rest == 0  # the last second of a day, not the first of the next
    number, rest = number - late, np.where(late, closes - opens, rest)
    before = np.searchsorted(closed - np.arange(len(closed)), number, side="right")  # closed days ahead of that open day
    return np.asarray((number + before) * DAY + opens + rest)
