"""Words for true effects of touchpoints, alike in answers and on pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def lost(value: float, low: float | None, high: float | None, whole: float = 1.0) -> str:
    """A part of revenue in per cent with its interval; it begins with "cannot tell" where it may as well be nothing.

    Parameters
    ----------
    value, low, high : in the unit of `whole`; ends None: there is no interval
    """
    if low is None or high is None:
        return f"cannot tell ({pc(value / whole)} % in one pair of runs)"
    words = f"{pc(value / whole)} % ({pc(low / whole)} to {pc(high / whole)})"
    if low == high == 0:
        return "nothing, the same revenue in every pair of runs"
    return words if low > 0 or high < 0 else f"cannot tell whether anything: {words}"


def which_paid(together: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """The paid touchpoints that were switched off at once: all, or their names."""
    names = [titles.get(n, n) for n in together.get("touchpoints", ())]
    if together.get("all_paid", True) or not names:
        return "All paid touchpoints together"
    return f"{', '.join(names)} together" if len(names) > 1 else names[0]  # names have an "and" of their own


def pc(share: float) -> str:
    """A share in per cent without its sign."""
    return f"{round(100 * share, 1) + 0.0:.1f}"
