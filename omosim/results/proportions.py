"""Intervals of proportions."""

from __future__ import annotations

import math

from omosim.results.rounding import nine_digits


def wilson(successes: float, trials: float, *, alpha: float = 0.05) -> tuple[float, float] | None:
    """Wilson's (1927) interval for a proportion; None without trials.

    Parameters
    ----------
    successes, trials : counts; a share that stands for so many customers need not give a whole number
    alpha : two-sided error
    """
    if trials <= 0:
        return None
    if not 0 <= successes <= trials:
        raise ValueError(f"successes {successes} not in 0..{trials}")
    from scipy.special import ndtri

    z = nine_digits(float(ndtri(1 - alpha / 2)))
    share, weight = successes / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / trials + weight / (4 * trials)) / (1 + weight)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return nine_digits(low), nine_digits(high)
