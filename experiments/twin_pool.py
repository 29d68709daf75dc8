"""A pool of forecasts: paths of several sources mixed, each with the weight that its past scores earn.

A linear pool (Stone 1961): a member of the pool is a whole path of one source, so that sums over days, quantiles and the
link between series stay what they were in it. A pool of right but unlike forecasts is somewhat too wide, never too
narrow (Gneiting & Ranjan 2013). Tests: tests/twin/test_pool.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: scores that equal weights count for before any is seen, weeks
PRIOR_WEEKS = 4.0
#: weights go by the score to this power; 2 is Bates and Granger's for errors of two sources without correlation. Errors
#: of forecasts of one series are alike, so that the better one earns more (docs/twin_forecast.md has what was tried)
POWER = 8.0
#: weeks after which a score counts for half
HALF_LIFE = 13.0


def pool_weights(crps: Mapping[str, Floats], *, weeks_ago: Floats | None = None, power: float = POWER, half_life: float = HALF_LIFE,
                 prior_weeks: float = PRIOR_WEEKS) -> dict[str, float]:  # fmt: skip
    """Weights of the sources, sum 1, from how well each foretold what has been seen since.

    Each row's scores are taken over their mean over the sources, so that large and small weeks count alike; a source's
    weight goes by its mean score to the power of -`power` (Bates & Granger 1969; Stock & Watson 2004 for the discount),
    after `prior_weeks` rows in which all were alike. Nothing seen: equal weights.

    Parameters
    ----------
    crps : source -> (T,) scores of the same T past weeks, NaN where it has none; only rows where all have one count. The
        caller sees to it that each of these weeks was over when the pool is made
    weeks_ago : (T,) weeks since each row was seen; None: the last row is the newest, one a week
    half_life : weeks after which a row counts for half; infinite: none is forgotten
    power : 0 keeps equal weights; the larger, the nearer to the best source alone

    Raises ValueError for no source, rows of unlike number or a negative score. Oracle: tests/twin/test_pool.py.
    """
    names = sorted(crps)
    if not names:
        raise ValueError("a pool needs a source")
    table = [np.atleast_1d(np.asarray(crps[name], float)) for name in names]
    if len({row.shape for row in table}) > 1 or table[0].ndim != 1:
        raise ValueError(f"scores of {', '.join(names)} must be of the same weeks; they have {', '.join(str(row.shape) for row in table)}")
    scores = np.stack(table)
    ago = np.arange(scores.shape[1])[::-1] if weeks_ago is None else np.asarray(weeks_ago, float)
    if ago.shape != scores.shape[1:]:
        raise ValueError(f"{ago.size} ages for {scores.shape[1]} weeks")
    both = np.isfinite(scores).all(axis=0) & (scores.sum(axis=0) > 0)
    if (scores[:, both] < 0).any():
        raise ValueError("a CRPS below 0")
    share = scores[:, both] / scores[:, both].mean(axis=0)
    counts = 0.5 ** (ago[both] / half_life)
    mean = (prior_weeks + share @ counts) / max(prior_weeks + float(counts.sum()), 1e-12) if both.any() else np.ones(len(names))
    raw = np.maximum(mean, 1e-9) ** -power
    return dict(zip(names, (raw / raw.sum()).tolist(), strict=True))


def picks(sizes: Mapping[str, int], weights: Mapping[str, float], members: int, rng: np.random.Generator) -> dict[str, Ints]:
    """Which members of each source make a pool of `members`: source -> (n,) their numbers, sources by name.

    A source of weight w has floor or ceil of w times `members`, by one systematic draw; its members are drawn without
    replacement, all of them before any twice. The order in which sources are handed over changes nothing.

    Raises ValueError for a weight below 0, no weight above 0 or a weighted source without members.
    """
    names = sorted(weights)
    w = np.array([weights[name] for name in names], float)
    if not np.isfinite(w).all() or (w < 0).any() or not w.sum() > 0:
        raise ValueError(f"weights must be 0 or more with a sum above 0: {dict(weights)}")
    empty = [name for name, v in zip(names, w, strict=True) if v > 0 and sizes.get(name, 0) < 1]
    if empty:
        raise ValueError(f"sources with a weight but without paths: {', '.join(empty)}")
    edges = np.cumsum(w / w.sum())
    edges[-1] = 1.0
    source = np.searchsorted(edges, (np.arange(members) + rng.random()) / members, side="right")
    counts = np.bincount(np.minimum(source, len(names) - 1), minlength=len(names))
    out: dict[str, Ints] = {}
    for name, count in zip(names, counts.tolist(), strict=True):
        if count:
            size = sizes[name]
            whole, rest = divmod(count, size)
            out[name] = np.sort(np.concatenate([np.tile(np.arange(size), whole), rng.permutation(size)[:rest]])).astype(np.int64)
    return out


def pool(paths: Mapping[str, Floats], weights: Mapping[str, float], rng: np.random.Generator, members: int | None = None) -> Floats:
    """Paths of the pool, (members, ...): each is one path of one source.

    paths: source -> (N, ...), the same shape after the first axis; N may differ. weights: as `pool_weights` gives them.
    members: as many as the largest source has, if None. Raises ValueError as `picks` and for unlike shapes.
    """
    shapes = {p.shape[1:] for p in paths.values()}
    if len(shapes) != 1:
        raise ValueError(f"paths of a pool must have one shape: {', '.join(f'{n} {p.shape}' for n, p in sorted(paths.items()))}")
    n = members or max(p.shape[0] for p in paths.values())
    chosen = picks({name: p.shape[0] for name, p in paths.items()}, weights, n, rng)
    return np.concatenate([np.asarray(paths[name], float)[i] for name, i in chosen.items()])
