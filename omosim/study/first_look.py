"""A first look at what a difference depends on, from any design: a linear fit, and where its ends lie.

A sensitivity design (Morris, Saltelli) tells more; this needs nothing but the points that are there. Of inputs that vary
independently of one another, as those of a grid, a Latin hypercube and a Sobol sequence do, an input's share is the part of
the variance that its straight line (or its levels) tells. Bends and joint effects stand in the rest, which is told too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from omosim.study.shared_noise import agreement

FEW_LEVELS = 5  # a number with as many values or fewer is shown at its lowest and highest
LEAST_FREE = 3  # degrees of freedom that a fit must leave


@dataclass(frozen=True)
class Input:
    """One varied setting over the points: numbers, or names of levels."""

    name: str
    values: tuple[Any, ...]

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return all(isinstance(v, (int, float, np.number)) and not isinstance(v, (bool, np.bool_)) for v in self.values)

    def columns(self) -> np.ndarray:
        """(points, k) centred columns: one of a number, one a level but the first of names."""
        if self.numeric:
            raw = np.asarray(self.values, dtype=np.float64)[:, None]
        else:
            names = np.asarray([str(v) for v in self.values])
            raw = np.stack([names == level for level in sorted(set(names.tolist()))[1:]] or [np.zeros(len(names), bool)], axis=1).astype(np.float64)
        raw = raw - raw.mean(axis=0)
        size = np.sqrt((raw**2).mean(axis=0))
        return np.asarray(raw / np.where(size > 0, size, 1.0))


@dataclass(frozen=True)
class Fit:
    """A linear fit; own: input -> (points,) its part of the fitted values; residuals: what is left."""

    own: dict[str, np.ndarray]
    residuals: np.ndarray
    rows: list[dict[str, Any]]
    told: float


def inputs_of(columns: Mapping[str, Sequence[Any]], kept: np.ndarray) -> list[Input]:
    """The inputs at the points that are kept (a bool a point)."""
    return [Input(name, tuple(v for v, k in zip(values, kept, strict=True) if k)) for name, values in columns.items()]


def fit(inputs: Sequence[Input], y: np.ndarray, gains: np.ndarray | None = None) -> Fit | None:
    """Least squares of y on all inputs; None when there are too few points for them or y is constant.

    Parameters
    ----------
    y : (points,) finite values
    gains : (points, repetitions) of which y is the mean; None: y has no noise of repetitions

    Returns
    -------
    Fit; its rows, the largest effect first: input, effect (share of the variance of y that is lost without it), first
    (rank correlation, None for levels), p_value: the larger of the F test over points and Student's test over repetitions, which
    share their draws; None with one repetition
    """
    from scipy.special import fdtrc

    blocks = {item.name: item.columns() for item in inputs}
    total = float(((y - y.mean()) ** 2).sum())
    width = 1 + sum(b.shape[1] for b in blocks.values())
    free = len(y) - width
    if free < LEAST_FREE or total <= 0 or not inputs:
        return None
    left, parts = _squares(list(blocks.values()), y)
    residuals = y - y.mean() - sum(parts)
    rows: list[dict[str, Any]] = []
    for at, item in enumerate(inputs):
        k = blocks[item.name].shape[1]
        without, _ = _squares([b for name, b in blocks.items() if name != item.name], y)
        gain = max(0.0, without - left)
        p = 0.0 if left <= 1e-12 * total and gain > 0 else float(fdtrc(k, free, gain / k / (left / free))) if left > 0 else 1.0
        p_value = p if gains is None else _over_repetitions(gains, parts[at], p)
        rows.append({"input": item.name, "effect": round(gain / total, 9), "first": rank_correlation(item, y), "p_value": None if p_value is None else round(p_value, 9)})
    rows.sort(key=lambda row: -float(row["effect"]))
    return Fit(dict(zip(blocks, parts, strict=True)), residuals, rows, max(0.0, 1 - left / total))


def _over_repetitions(gains: np.ndarray, part: np.ndarray, p: float) -> float | None:
    """The larger of p and the chance that repetitions agree as much on an input's part of the fit."""
    _, chance = agreement(gains, lambda y: float(part @ (y - y.mean())))
    return None if chance is None else max(p, chance)


def _squares(blocks: Sequence[np.ndarray], y: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """Residual sum of squares, and each block's part of the fitted values."""
    centred = y - y.mean()
    if not blocks:
        return float((centred**2).sum()), []
    design = np.concatenate(list(blocks), axis=1)
    weights = np.linalg.lstsq(design, centred, rcond=None)[0]
    parts, at = [], 0
    for block in blocks:
        parts.append(block @ weights[at : at + block.shape[1]])
        at += block.shape[1]
    return float(((centred - sum(parts)) ** 2).sum()), parts


def rank_correlation(item: Input, y: np.ndarray) -> float | None:
    """Spearman's; None for levels and constants."""
    if not item.numeric:
        return None
    from scipy.stats import rankdata

    a, b = rankdata(np.asarray(item.values, dtype=np.float64)), rankdata(y)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return round(float((a * b).sum()) / size, 9) if size > 0 else None


def ends(inputs: Sequence[Input], y: np.ndarray, found: Fit | None) -> list[dict[str, Any]]:
    """Bars of a tornado, the longest first: y at the low and the high end of each input, the others evened out by the fit.

    Returns
    -------
    input, low_at and high_at (words), low and high, low_ci and high_ci (half-widths of 95 %, over points alone), flips_at: value of the input at
    which the fitted line passes zero, None where it does not within the points
    """
    rows = []
    for item in inputs:
        part = y - y.mean() if found is None else found.own[item.name] + found.residuals
        low, high, words = _halves(item, part)
        if low is None or high is None:
            continue
        row: dict[str, Any] = {"input": item.name, "low_at": words[0], "high_at": words[1]}
        for name, chosen in (("low", low), ("high", high)):
            count = int(chosen.sum())
            row[name] = float(y.mean() + part[chosen].mean())
            row[f"{name}_ci"] = None if count < 2 else float(1.96 * part[chosen].std(ddof=1) / np.sqrt(count))
        row["flips_at"] = _flip(item, float(y.mean()), found)
        rows.append(row)
    rows.sort(key=lambda row: -abs(float(row["high"]) - float(row["low"])))
    return rows


def _halves(item: Input, part: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None, tuple[str, str]]:
    """Points at the low and at the high end, and both in words."""
    if item.numeric:
        x = np.asarray(item.values, dtype=np.float64)
        seen = np.unique(x)
        if len(seen) < 2:
            return None, None, ("", "")
        if len(seen) <= FEW_LEVELS:
            return x == seen[0], x == seen[-1], (f"{seen[0]:.4g}", f"{seen[-1]:.4g}")
        order = np.sort(x)
        fifth = max(2, len(x) // 5)
        below, above = order[fifth - 1], order[-fifth]
        return x <= below, x >= above, (f"≤ {below:.3g}", f"≥ {above:.3g}")
    names = np.asarray([str(v) for v in item.values])
    levels = sorted(set(names.tolist()), key=lambda level: float(part[names == level].mean()))
    if len(levels) < 2:
        return None, None, ("", "")
    return names == levels[0], names == levels[-1], (levels[0], levels[-1])


def _flip(item: Input, centre: float, found: Fit | None) -> float | None:
    if found is None or not item.numeric:
        return None
    x = np.asarray(item.values, dtype=np.float64)
    own, span = found.own[item.name], float(x.max() - x.min())
    rise = float(own[int(x.argmax())] - own[int(x.argmin())])
    if span <= 0 or abs(rise) <= 1e-9 * max(abs(centre), 1e-9):
        return None
    at = float(x.mean()) - centre * span / rise
    return at if x.min() < at < x.max() else None
