"""Which inputs the difference between two strategies depends on, with the noise of replications as a line of its own.

Morris's elementary effects for a first look, Sobol's variance shares after it; both by SALib. Variance over points of the
mean difference holds the noise of the mean too; that share (mean variance between replications over their number) is told
beside the indices, which are those of what was observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from omosim.study.designs import MORRIS, MORRIS_LEVELS, salib_problem


def noise_share(values: np.ndarray) -> float | None:
    """Share of the variance of point means that is noise of replications; None with fewer than two of them.

    values : (points, replications), NaN where a run is missing
    """
    known = ~np.isnan(values)
    counts = known.sum(axis=1)
    several = counts > 1
    if not several.any():
        return None
    means = np.where(counts > 0, np.nansum(values, axis=1) / np.maximum(counts, 1), np.nan)
    within = np.array([np.nanvar(row[k], ddof=1) / n for row, k, n in zip(values[several], known[several], counts[several], strict=True)])
    total = float(np.nanvar(means, ddof=1))
    return None if total == 0 else min(1.0, float(within.mean()) / total)


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
    share), ci: half-width of `effect`'s 95 % interval

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
    noise = noise_share(values)
    if design == MORRIS:
        from SALib.analyze import morris

        found = morris.analyze(problem, shares, means, num_levels=MORRIS_LEVELS, seed=seed)
        rows: list[dict[str, Any]] = [{"input": n, "effect": float(a), "first": float(m), "ci": float(c)} for n, a, m, c in zip(names, found["mu_star"], found["mu"], found["mu_star_conf"], strict=True)]
    else:
        from SALib.analyze import sobol

        found = sobol.analyze(problem, means, calc_second_order=False, seed=seed)
        rows = [{"input": n, "effect": float(t), "first": float(s), "ci": float(c)} for n, t, s, c in zip(names, found["ST"], found["S1"], found["ST_conf"], strict=True)]
    rows.sort(key=lambda row: -float(row["effect"]))
    return [*rows, {"input": "noise of replications", "effect": noise, "first": None, "ci": None}]
