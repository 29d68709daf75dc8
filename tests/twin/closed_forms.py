"""Closed forms that tests hold the twin against; no command calls them."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln, hyp2f1, ndtr


def crps_normal(mean, sd, observed):
    """CRPS of a normal forecast (Gneiting et al. 2005)."""
    z = (np.asarray(observed) - mean) / sd
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return np.asarray(sd * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / math.sqrt(math.pi)))


def expected_repeats(r: float, alpha: float, a: float, b: float, weeks: float) -> float:
    """E[X(t)] of a BG/NBD customer in `weeks` after the first purchase (k = 1; Fader, Hardie & Lee 2005, eq. 9)."""
    z = weeks / (alpha + weeks)
    lived = (alpha / (alpha + weeks)) ** r * hyp2f1(r, b, a + b - 1.0, z)
    return float((a + b - 1.0) / (a - 1.0) * (1.0 - lived))


def expected_later(r, alpha, a, b, x, t_x, t_end, weeks):
    """(n,) purchases expected in the `weeks` after T given the history (k = 1; Fader, Hardie & Lee 2005, eq. 10)."""
    z = weeks / (alpha + t_end + weeks)
    lived = ((alpha + t_end) / (alpha + t_end + weeks)) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, z)
    gone = np.where(x > 0, a / (b + np.maximum(x, 1) - 1) * ((alpha + t_end) / (alpha + t_x)) ** (r + x), 0.0)
    return (a + b + x - 1) / (a - 1) * (1 - lived) / (1 + gone)


def prob_no_repeat(r: float, alpha: float, weeks: float, k: int = 1) -> float:
    """P(X(t) = 0): no k stages within `weeks`; gamma mixture of Erlang survival."""
    total = 0.0
    for j in range(k):
        log_term = gammaln(r + j) - gammaln(r) - gammaln(j + 1) + r * np.log(alpha / (alpha + weeks))
        total += float(np.exp(log_term + (j * np.log(weeks / (alpha + weeks)) if j else 0.0)))
    return total
