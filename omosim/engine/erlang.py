"""How many places are in use when people come at random, and how often none is free: Poisson and Erlang B.

Sums and quotients alone, no exponential, so that every machine gives the same digits. Oracle: tests/engine/test_erlang.py.
"""

from __future__ import annotations

import math

_NEVER = 1e-18  # a probability that no figure shows
_REACH = 12.0  # standard deviations from the mean at which a Poisson law is cut off


def erlang_b(servers: int, load: float) -> float:
    """Probability that every server is busy in M/G/c/c: who finds none free is lost.

    Parameters
    ----------
    servers : c
    load : arrivals per service time (erlangs)

    Notes
    -----
    Erlang (1917), by its recursion; the law of the service times does not matter.
    """
    if load <= 0.0:
        return 0.0 if servers > 0 else 1.0
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
        if blocked < _NEVER:
            return 0.0
    return blocked


def poisson(mean: float) -> tuple[int, list[float]]:
    """(first, cdf): P(N <= first + i) = cdf[i] of a Poisson law, without the tails that nobody sees.

    Weights relative to the likeliest value, whose neighbours follow by quotients.
    """
    if mean <= 0.0:
        return 0, [1.0]
    mode, reach = int(mean), int(_REACH * math.sqrt(mean)) + 30
    below, above = [1.0], [1.0]
    for k in range(mode, max(mode - reach, 0), -1):
        below.append(below[-1] * k / mean)
    for k in range(mode + 1, mode + reach):
        above.append(above[-1] * mean / k)
    weights = [*reversed(below), *above[1:]]
    total = math.fsum(weights)
    cdf, so_far = [], 0.0
    for weight in weights:
        so_far += weight
        cdf.append(min(so_far / total, 1.0))
    cdf[-1] = 1.0
    return mode - len(below) + 1, cdf


def poisson_from(count: int, mean: float) -> float:
    """P(N >= count)."""
    if count <= 0:
        return 1.0
    first, cdf = poisson(mean)
    at = count - 1 - first
    return 1.0 if at < 0 else 0.0 if at >= len(cdf) else 1.0 - cdf[at]


def poisson_quantile(share: float, mean: float) -> int:
    """Least count n with P(N <= n) >= share."""
    first, cdf = poisson(mean)
    return first + next((i for i, p in enumerate(cdf) if p >= share), len(cdf) - 1)
