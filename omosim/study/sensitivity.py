"""Which inputs the difference between two strategies depends on, with the noise of replications as a line of its own.

Morris's elementary effects for a first look, Sobol's variance shares after it; both by SALib. SALib's intervals are over
trajectories or base points alone, which share the draws of each replication; here the spread between replications is
added. The line of the noise says, in the same measure, what an input without any effect would show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from omosim.study.designs import MORRIS, MORRIS_LEVELS, salib_problem
from omosim.study.shared_noise import agreement, interaction, repetitions


def noise_share(values: np.ndarray) -> float | None:
    """Share of the variance of point means that is noise of replications; None with fewer than two of them.

    values : (points, replications), NaN where a run is missing. What a replication adds at all points alike moves no point
    against another and is no part of it.
    """
    noise = interaction(values)
    if noise is None:
        return None
    whole = repetitions(values)
    total = float(whole.mean(axis=1).var(ddof=1))
    return None if total == 0 else min(1.0, noise / whole.shape[1] / total)


def indices(design: str, names: Sequence[str], shares: np.ndarray, values: np.ndarray, *, seed: int = 1) -> list[dict[str, Any]]:
    """A row an input, the most important first, and the row of the noise.

    Parameters
    ----------
    design : morris or saltelli, as the points were made
    shares : (points, inputs), each input's share of its span in [0, 1], as the design gave them
    values : (points, replications) differences

    Returns
    -------
    input, effect (mean absolute elementary effect, or total share of variance), first (signed mean effect, or first-order
    share), ci: half-width of `effect`'s 95 % interval, None with one replication. The row of the noise: what an input without
    effect would show, None with one replication

    Raises
    ------
    DesignError : SALib is not installed
    ValueError : a point has no value, so that the design has a hole
    """
    problem = salib_problem(names)
    known = ~np.isnan(values)
    means = np.where(known.any(axis=1), np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan)
    if np.isnan(means).any():
        raise ValueError(f"{int(np.isnan(means).sum())} points have no value; a design of {design} must be whole")
    if design == MORRIS:
        from SALib.analyze import morris

        found = morris.analyze(problem, shares, means, num_levels=MORRIS_LEVELS, seed=seed)
        measured = [(n, a, m, c) for n, a, m, c in zip(names, found["mu_star"], found["mu"], found["mu_star_conf"], strict=True)]
        parts = _elementary(shares, means)
    else:
        from SALib.analyze import sobol

        found = sobol.analyze(problem, means, calc_second_order=False, seed=seed)
        measured = [(n, t, s, c) for n, t, s, c in zip(names, found["ST"], found["S1"], found["ST_conf"], strict=True)]
        parts = _steps(len(names), means)
    rows: list[dict[str, Any]] = []
    for (name, effect, first, ci), part in zip(measured, parts, strict=True):
        half, _ = agreement(values, part)
        rows.append({"input": name, "effect": float(effect), "first": float(first), "ci": None if half is None else math.hypot(float(ci), half)})
    rows.sort(key=lambda row: -float(row["effect"]))
    noise = _idle(values) if design == MORRIS else noise_share(values)
    return [*rows, {"input": "noise of replications", "effect": noise, "first": None, "ci": None}]


def _idle(values: np.ndarray) -> float | None:
    """Mean absolute elementary effect of an input without effect, from noise that points do not share.

    Two means of R replications differ by a normal of variance 2 v / R; the mean of its absolute value is 2 sqrt(v / (pi R)).
    """
    noise = interaction(values)
    step = MORRIS_LEVELS / (2 * (MORRIS_LEVELS - 1))
    return None if noise is None else 2 * math.sqrt(noise / (math.pi * repetitions(values).shape[1])) / step


def _elementary(shares: np.ndarray, means: np.ndarray) -> list[Callable[[np.ndarray], float]]:
    """An input's mean elementary effect in one replication, each with the sign that it has in the mean: over replications they average to mu*."""
    width = shares.shape[1]
    start = np.array([k for k in range(len(shares) - 1) if (k + 1) % (width + 1)])  # a trajectory is width + 1 points
    moved = shares[start + 1] - shares[start]
    which = np.abs(moved).argmax(axis=1)
    out: list[Callable[[np.ndarray], float]] = []
    for i in range(width):
        here = start[which == i]
        step = moved[which == i, i]
        sign = np.sign((means[here + 1] - means[here]) / step)
        out.append(partial(_signed, here, step, sign))
    return out


def _steps(width: int, means: np.ndarray) -> list[Callable[[np.ndarray], float]]:
    """An input's total share (Jansen's) with the steps of one replication against those of the mean: over replications they average to the share."""
    total = float(means.var()) or 1.0
    base = np.arange(0, len(means), width + 2)
    out: list[Callable[[np.ndarray], float]] = []
    for i in range(width):
        mine = means[base] - means[base + 1 + i]
        out.append(partial(_against, base, base + 1 + i, mine, total))
    return out


def _signed(here: np.ndarray, step: np.ndarray, sign: np.ndarray, y: np.ndarray) -> float:
    return float((sign * (y[here + 1] - y[here]) / step).mean())


def _against(base: np.ndarray, moved: np.ndarray, mine: np.ndarray, total: float, y: np.ndarray) -> float:
    return float((mine * (y[base] - y[moved])).mean() / (2 * total))
