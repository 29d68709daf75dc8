"""What a sweep says of its strategies over uncertain inputs: who wins how often, what it costs to be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from omosim.results.proportions import wilson
from omosim.study.shared_noise import reach
from omosim.study.stats import paired

PROFIT = "operating_profit"


def cube(rows: Mapping[str, Sequence[Any]], kpi: str, strategies: Sequence[str], points: int) -> np.ndarray:
    """(strategies, points, repetitions) values of one KPI, NaN where a run is missing or the KPI undefined.

    rows : columns point, strategy, seed, replication, kpi, value of the sweep's runs; a repetition is a (seed, replication)
    """
    chosen = np.array(rows["kpi"]) == kpi
    point = np.asarray(rows["point"])[chosen].astype(np.int64)
    seeds, reps = np.asarray(rows["seed"])[chosen], np.asarray(rows["replication"])[chosen]
    names = np.asarray(rows["strategy"])[chosen]
    value = np.array([np.nan if v is None else v for v in np.asarray(rows["value"], dtype=object)[chosen]], dtype=np.float64)
    pairs = np.stack([seeds, reps], axis=1) if len(value) else np.zeros((0, 2), np.int64)
    _, repetition = np.unique(pairs, axis=0, return_inverse=True)
    out = np.full((len(strategies), points, int(repetition.max()) + 1 if len(value) else 0), np.nan)
    for s, name in enumerate(strategies):
        here = names == name
        out[s, point[here], repetition.reshape(-1)[here]] = value[here]
    return out


def differences(values: np.ndarray, strategies: Sequence[str], baseline: str, alpha: float = 0.05) -> list[dict[str, Any]]:
    """A row a point and strategy: mean, paired difference from the baseline with its interval (95 % unless alpha says another), pairs."""
    base = strategies.index(baseline)
    out = []
    for point in range(values.shape[1]):
        against = _some(values[base, point])
        for s, name in enumerate(strategies):
            if name == baseline:
                continue
            found = paired(_some(values[s, point]), against, alpha=alpha)
            out.append({"point": point, "strategy": name, "baseline": baseline, "mean": found.mean, "baseline_mean": found.baseline_mean, "diff": found.diff, "ci_low": found.ci_low, "ci_high": found.ci_high, "pairs": found.pairs, "reason": found.reason})
    return out


def _some(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]


def futures(values: np.ndarray, strategies: Sequence[str], baseline: str, drawn: int | None = None) -> list[dict[str, Any]]:
    """A row a strategy over the points that every strategy has: how it does over uncertain inputs.

    Parameters
    ----------
    values : (strategies, points, repetitions), the higher the better
    drawn : points that are independent draws of the inputs; None where they were chosen

    Returns
    -------
    share_best : points at which it has the highest mean, with its interval (see `_ends`); gain: mean over points of the
    difference from the baseline; worst_decile: mean of the worst tenth of these differences; regret: mean shortfall from the
    best strategy of each point, beside that of its worst tenth and the largest
    """
    with np.errstate(invalid="ignore"):
        means = _nanmean(values)
    whole = ~np.isnan(means).any(axis=0)
    means, values = means[:, whole], values[:, whole]
    count = means.shape[1]
    if not count:
        return []
    best = means.max(axis=0)
    winner = means.argmax(axis=0)
    base = means[strategies.index(baseline)]
    out = []
    for s, name in enumerate(strategies):
        wins = int((winner == s).sum())
        low, high = _ends(values, means, s, wins / count, None if drawn is None else min(drawn, count))
        gain = np.sort(means[s] - base)
        tail = gain[: max(1, count // 10)]
        regret = best - means[s]
        out.append({"strategy": name, "points": count, "share_best": wins / count, "share_best_low": low, "share_best_high": high, "gain": float(gain.mean()), "worst_decile": float(tail.mean()), "regret": float(regret.mean()), "regret_worst_decile": float(np.sort(regret)[::-1][: max(1, count // 10)].mean()), "largest_regret": float(regret.max())})
    return out


def _ends(values: np.ndarray, means: np.ndarray, s: int, share: float, trials: int | None) -> tuple[float | None, float | None]:
    """Interval of the share of points at which strategy s is best; none with one repetition, or of one strategy.

    Two sources, each side combined by its squares (Zou and Donner 2008): noise that all points share, by moving the
    difference from every other strategy to the ends of its interval; and, where points are draws, Wilson's interval.
    """
    sure, possible = np.ones(means.shape[1], bool), np.ones(means.shape[1], bool)
    others = [o for o in range(len(means)) if o != s]
    for o in others:
        far = reach(values[s] - values[o]) if (~np.isnan(values[s] - values[o])).any(axis=1).all() else None
        if far is None:
            return None, None
        sure &= means[s] - means[o] - far[0] > 0
        possible &= means[s] - means[o] + far[1] >= 0
    if not others:
        return None, None
    by_draw = (share, share) if trials is None else wilson(share * trials, trials) or (0.0, 1.0)
    low = share - np.hypot(share - by_draw[0], share - min(share, float(sure.mean())))
    high = share + np.hypot(by_draw[1] - share, max(share, float(possible.mean())) - share)
    return max(0.0, float(low)), min(1.0, float(high))


def _nanmean(values: np.ndarray) -> np.ndarray:
    """Mean over repetitions, NaN where there is none."""
    known = ~np.isnan(values)
    count = known.sum(axis=2)
    total = np.where(known, values, 0.0).sum(axis=2)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
