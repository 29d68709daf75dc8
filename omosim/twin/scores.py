"""How good a forecast with bands was: CRPS, coverage, bias, sharpness, PIT. Oracles: tests/twin/test_scores.py."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
#: levels at which a forecast is kept: the middles of twenty equal parts, so that their ensemble CRPS is the forecast's
LEVELS = (np.arange(20) + 0.5) / 20


def crps(members: Floats, observed: Floats | float, weights: Floats | None = None, fair: bool = False) -> Floats:
    """Continuous ranked probability score, in the unit of the series; 0 is best.

    E|X - y| - E|X - X'| / 2 of the members as they stand (Gneiting & Raftery 2007).

    Parameters
    ----------
    members : (N, ...) ; observed : (...) ; weights : (N,), even if None
    fair : X and X' are two different members, so that the score does not depend on N in the mean (even weights only)
    """
    x = np.sort(np.asarray(members, float), axis=0)
    y = np.asarray(observed, float)
    n = x.shape[0]
    if weights is None:
        rank = (2 * np.arange(1, n + 1) - n - 1).reshape((n,) + (1,) * (x.ndim - 1))
        pairs = 2 * (rank * x).sum(axis=0) / (n * (n - 1) if fair and n > 1 else n * n)
        return np.asarray(np.abs(x - y).mean(axis=0) - 0.5 * pairs)
    w = np.asarray(weights, float) / np.sum(weights)
    order = np.argsort(np.asarray(members, float), axis=0)
    ws = w[order]
    before = np.cumsum(ws, axis=0) - ws
    pairs = 2 * (ws * x * (2 * before + ws - 1)).sum(axis=0)
    return np.asarray((ws * np.abs(x - y)).sum(axis=0) - 0.5 * pairs)


def pit(members: Floats, observed: Floats, u: Floats | float = 0.5) -> Floats:
    """Where the observation stands among the members, in (0, 1): even if the forecast is right.

    members: (N, ...); observed: (...); u: in [0, 1], place among equal ones (a keyed uniform for counts).
    """
    x, y = np.asarray(members, float), np.asarray(observed, float)
    below, equal = (x < y).sum(axis=0), (x == y).sum(axis=0)
    return np.asarray((below + u * (equal + 1)) / (x.shape[0] + 1))


def residuals(members: Floats, observed: Floats, u: Floats | float = 0.5) -> Floats:
    """Standard normal residuals of one block of steps, each given the steps of the block before it.

    members: (N, D) paths; observed: (D,), NaN where nothing is seen. Normal scores of PIT values, freed of the
    correlation that the paths share (a level that is wrong for the whole block is counted once, on its first day).
    """
    x, y = np.asarray(members, float), np.asarray(observed, float)
    n, d = x.shape
    seen = np.isfinite(y)
    out = np.full(d, np.nan)
    z = ndtri(pit(x, np.where(seen, y, 0.0), u))
    if n < 3 or not seen.any():
        out[seen] = z[seen]
        return out
    ranks = np.argsort(np.argsort(x, axis=0, kind="stable"), axis=0, kind="stable")
    scores = ndtri((ranks + 0.5) / n)
    keep = np.flatnonzero(seen)
    share = (d + 1.0) / (n + d + 1.0)  # so few members tell correlations with error: towards none
    corr = np.corrcoef(scores[:, keep], rowvar=False).reshape(keep.size, keep.size)
    corr = (1 - share) * corr + share * np.eye(keep.size)
    out[keep] = np.linalg.solve(np.linalg.cholesky(corr), z[keep])
    return out


def wilson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson interval of a share; (0, 1) where nothing was tried."""
    if n == 0:
        return 0.0, 1.0
    z = float(ndtri(0.5 + level / 2))
    p = hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def bias(mean: Floats, observed: Floats) -> float:
    """Sum of foretold over sum of observed, less 1; NaN where nothing was observed."""
    total = float(np.sum(observed))
    return float(np.sum(mean)) / total - 1 if total else float("nan")


def sharpness(low: Floats, high: Floats, observed: Floats) -> float:
    """Mean width of the bands over the mean of what came."""
    total = float(np.mean(observed))
    return float(np.mean(np.asarray(high) - np.asarray(low))) / total if total else float("nan")


def even(pits: Floats, bins: int = 10) -> float:
    """Largest distance of PIT's distribution from the even one (Kolmogorov), 0 to 1."""
    p = np.sort(np.asarray(pits, float))
    n = p.size
    if n == 0:
        return float("nan")
    return float(max((np.arange(1, n + 1) / n - p).max(), (p - np.arange(n) / n).max()))
