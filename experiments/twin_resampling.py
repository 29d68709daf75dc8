"""Members weighed by how well they foretold, and the far ones replaced by near ones.

For members that are copied as they are: those of the fitted laws (`twin_rolling.py`). Members of the product are not copied,
each draws anew what is hidden. Tests: tests/twin/test_resampling.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: share of members below which an ensemble counts as degenerate
LEAST_EFFECTIVE = 0.3


def effective(weights: Floats) -> float:
    """Members that count: 1 over the sum of squared weights (which sum to 1)."""
    w = np.asarray(weights, float)
    return float(w.sum() ** 2 / (w @ w))


def log_fit(predicted: Floats, observed: Floats, sd: Floats) -> Floats:
    """(N,) normal log likelihood of each member; observations that are NaN say nothing."""
    seen = np.isfinite(observed) & (np.asarray(sd) > 0)
    z = (np.asarray(predicted)[:, seen] - np.asarray(observed)[seen]) / np.asarray(sd)[seen]
    return np.asarray(-0.5 * (z**2).sum(axis=1))


def weigh(weights: Floats, log_like: Floats, least: float = LEAST_EFFECTIVE) -> tuple[Floats, float]:
    """New weights and the power in (0, 1] to which the likelihood was taken so that `least` of the members count.

    A power below 1 says that the data lie where few members are: the caller should say so. When the old weights
    already count for less than that, the power is 0 and they stay.
    """
    weights = np.asarray(weights, float) / np.sum(weights)
    n = weights.size

    def at(power: float) -> Floats:
        logs = np.log(np.maximum(weights, 1e-300)) + power * log_like
        w = np.exp(logs - logs.max())
        return np.asarray(w / w.sum())

    if effective(at(1.0)) >= least * n:
        return at(1.0), 1.0
    low, high = 0.0, 1.0
    if effective(weights) < least * n:
        return weights, 0.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(at(middle)) >= least * n else (low, middle)
    return at(low), low


def resample(weights: Floats, u: float) -> Ints:
    """(N,) members to copy: systematic draws at (i + u) / N, u in [0, 1); a member of weight w comes floor(Nw) or
    ceil(Nw) times. A member that stays stands in its own place, so that only the others need be copied.

    Equal weights give the members themselves.
    """
    w = np.asarray(weights, float)
    if not (0.0 <= u < 1.0) or np.any(w < 0) or not w.sum() > 0:
        raise ValueError(f"u = {u} must be in [0, 1) and weights 0 or more with a sum above 0")
    n = w.size
    edges = np.cumsum(w / w.sum())
    edges[-1] = 1.0
    # a hair's breadth: equal weights whose sums pass i / N by rounding must not draw a member twice
    chosen = np.minimum(np.searchsorted(edges - 1e-12, (np.arange(n) + u) / n, side="right"), n - 1)
    copies = np.bincount(chosen, minlength=n)
    out = np.arange(n)
    out[copies == 0] = np.repeat(np.arange(n), np.maximum(copies - 1, 0))
    return out.astype(np.int64)
