"""Noise of replications that all points of a sweep share: the same keyed draws are used at each, so more points do not even it out.

A gain at point p in repetition r is a mean, a part of the point, a part of the repetition and the rest. The part of the
repetition is in every point alike; only more repetitions tell how large it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from omosim.study.stats import mean, paired, t_quantile, two_sided, variance


def repetitions(values: np.ndarray) -> np.ndarray:
    """(points, k) values without holes, of the repetitions that half of the points or more have.

    values : (points, repetitions), NaN where a run is missing, each point with one value at least. A hole gets what the
    repetition adds at the other points, on top of the point's own mean.
    """
    known = ~np.isnan(values)
    columns = known.mean(axis=0) >= 0.5 if len(values) else np.zeros(values.shape[1], bool)
    if known.all() or not columns.any():
        return values[:, columns]
    kept, have = values[:, columns], known[:, columns]
    inside = np.where(have, kept, 0.0).sum(axis=1)
    at_all = np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1)
    point = np.where(have.any(axis=1), inside / np.maximum(have.sum(axis=1), 1), at_all)
    added = np.where(have, kept - point[:, None], 0.0).sum(axis=0) / have.sum(axis=0)
    return np.where(have, kept, point[:, None] + added)


def reach(values: np.ndarray) -> tuple[float, float] | None:
    """How far below and above the mean over points its 95 % interval goes by the noise of repetitions alone; None with fewer than two.

    values : (points, repetitions) as in `repetitions`. The interval is that of the repetitions' means over points.
    """
    means = repetitions(values).mean(axis=0) if len(values) else np.zeros(0)
    found = paired(means.tolist(), [0.0] * len(means))
    if found.diff is None or found.ci_low is None or found.ci_high is None:
        return None
    return found.diff - found.ci_low, found.ci_high - found.diff


def interaction(values: np.ndarray) -> float | None:
    """Variance of the noise that points do not share, of one repetition; None with fewer than two repetitions or points."""
    whole = repetitions(values)
    points, reps = whole.shape
    if points < 2 or reps < 2:
        return None
    left = whole - whole.mean(axis=1, keepdims=True) - whole.mean(axis=0, keepdims=True) + whole.mean()
    return float((left**2).sum()) / ((points - 1) * (reps - 1))


def agreement(values: np.ndarray, part: Callable[[np.ndarray], float]) -> tuple[float | None, float | None]:
    """Whether repetitions agree on a figure: the half-width of its 95 % interval over them, and the chance of as much without an effect.

    values : (points, repetitions); part : the figure from (points,) values of one repetition, linear in them. Both None
    with fewer than two repetitions.
    """
    columns = repetitions(values).T
    if len(columns) < 2:
        return None, None
    found = [part(column) for column in columns]
    error, centre = (variance(found) / len(found)) ** 0.5, mean(found)
    if error <= 1e-9 * abs(centre):  # rounding
        return 0.0, float(centre == 0)
    return t_quantile(0.975, len(found) - 1) * error, two_sided(centre / error, len(found) - 1)
