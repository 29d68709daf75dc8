"""Scenario discovery: under which inputs a strategy fails, as a box in words (PRIM, patient rule induction).

Source: Friedman & Fisher (1999), Bump hunting in high-dimensional data; Bryant & Lempert (2010) for its use on runs of a
model, with coverage, density and the quasi-p-value of each limit. Our own, for the kept libraries either have not been
released for years or bring a whole workbench; oracle: tests/study/test_prim.py (planted boxes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

PEEL = 0.05
LEAST_SUPPORT = 0.05


@dataclass(frozen=True)
class Box:
    """Limits on some inputs and what they hold.

    limits : input -> (low, high), None where open, or the levels that are in
    coverage : share of all cases of interest that are inside; density : share of the inside that is of interest
    support : share of all points that are inside; p_values : input -> chance to see this density without its limit
    """

    limits: dict[str, tuple[float | None, float | None] | tuple[Any, ...]]
    levelled: frozenset[str]
    coverage: float
    density: float
    support: float
    p_values: dict[str, float]

    def text(self) -> str:
        """The limits in words."""
        if not self.limits:
            return "no limit on any input"
        return " and ".join(self.words(name) for name in self.limits)

    def words(self, name: str) -> str:
        """The limit on one input; the ends of whole numbers are inside, so they are named as such."""
        limit = self.limits[name]
        if name in self.levelled:
            return f"{name} is {' or '.join(str(v) for v in limit)}"
        low, high = limit
        whole = all(v is None or float(v).is_integer() for v in limit)
        if low is None:
            return f"{name} {'at most' if whole else 'below'} {high:.4g}"
        if high is None:
            return f"{name} {'at least' if whole else 'above'} {low:.4g}"
        return f"{name} from {low:.4g} to {high:.4g}"


@dataclass
class _Inside:
    """Which points are in, and the limits that made it so."""

    inside: np.ndarray
    limits: dict[str, Any]


def discover(columns: dict[str, Sequence[Any]], interesting: np.ndarray, *, peel: float = PEEL, least: float = LEAST_SUPPORT, significance: float = 0.05) -> Box:
    """The box that holds the cases of interest best.

    Parameters
    ----------
    columns : input -> a value a point; numbers are peeled from both ends, other values level by level
    interesting : (points,) bool
    peel : share of the inside that one step may take off; least : smallest share of points inside
    significance : limits with a larger quasi-p-value are dropped

    Returns
    -------
    Box of the trajectory with the highest F1 of coverage and density

    Raises
    ------
    ValueError : no point, or columns of other lengths
    """
    count = len(interesting)
    if count == 0 or any(len(c) != count for c in columns.values()):
        raise ValueError("every input needs a value a point, and there must be one point at least")
    numbers = {name: np.asarray(c, dtype=np.float64) for name, c in columns.items() if all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in c)}
    levels = {name: np.asarray([str(v) for v in c]) for name, c in columns.items() if name not in numbers}
    if not interesting.any():
        return Box({}, frozenset(levels), 0.0, 0.0, 1.0, {})
    state = _Inside(np.ones(count, bool), {})
    path = [state]
    while (following := _peeled(state, numbers, levels, interesting, peel, max(1, int(least * count)))) is not None:
        state = following
        path.append(state)
    best = max(path, key=lambda s: _f1(s.inside, interesting))
    return _tidied(best, numbers, levels, interesting, significance)


def _f1(inside: np.ndarray, interesting: np.ndarray) -> float:
    both = float((inside & interesting).sum())
    return 0.0 if not both else 2 * both / (float(inside.sum()) + float(interesting.sum()))


def _peeled(state: _Inside, numbers: dict[str, np.ndarray], levels: dict[str, np.ndarray], interesting: np.ndarray, peel: float, least: int) -> _Inside | None:
    """The best single step, None when none is left; the gain is in density for each point given up."""
    inside = state.inside
    have, dense = int(inside.sum()), float(interesting[inside].mean())
    best: tuple[float, _Inside] | None = None
    for name, limit, keep in _steps(state, numbers, levels, peel):
        left = inside & keep
        size = int(left.sum())
        if size < least or size == have:
            continue
        gain = (float(interesting[left].mean()) - dense) / (have - size)
        if gain > 0 and (best is None or gain > best[0]):
            best = gain, _Inside(left, {**state.limits, name: limit})
    return None if best is None else best[1]


def _steps(state: _Inside, numbers: dict[str, np.ndarray], levels: dict[str, np.ndarray], peel: float) -> Any:
    for name, column in numbers.items():
        seen = column[state.inside]
        low, high = state.limits.get(name, (None, None))
        cut = float(np.quantile(seen, peel))
        above = column > cut if (column[state.inside] == cut).all() or cut == seen.min() else column >= cut
        if above[state.inside].any() and not above[state.inside].all():
            yield name, (float(column[state.inside & above].min()), high), above
        cut = float(np.quantile(seen, 1 - peel))
        below = column < cut if cut == seen.max() else column <= cut
        if below[state.inside].any() and not below[state.inside].all():
            yield name, (low, float(column[state.inside & below].max())), below
    for name, column in levels.items():
        here = sorted(set(column[state.inside].tolist()))
        for level in here if len(here) > 1 else []:
            yield name, tuple(v for v in here if v != level), column != level


def _tidied(state: _Inside, numbers: dict[str, np.ndarray], levels: dict[str, np.ndarray], interesting: np.ndarray, significance: float) -> Box:
    """Drop limits that chance could have made, one after another, and measure what is left."""
    from scipy.stats import binom

    limits = dict(state.limits)

    def without(name: str) -> np.ndarray:
        rest = {k: v for k, v in limits.items() if k != name}
        return _within(rest, numbers, levels, len(interesting))

    def p_value(name: str) -> float:
        wide, tight = without(name), _within(limits, numbers, levels, len(interesting))
        hits, size = int((tight & interesting).sum()), int(tight.sum())
        return float(binom.sf(hits - 1, size, float(interesting[wide].mean())))

    while limits:
        worst = max(limits, key=p_value)
        if p_value(worst) <= significance:
            break
        del limits[worst]
    inside = _within(limits, numbers, levels, len(interesting))
    both = float((inside & interesting).sum())
    return Box(limits, frozenset(levels), both / float(interesting.sum()), both / float(inside.sum()), float(inside.mean()), {name: p_value(name) for name in limits})


def _within(limits: dict[str, Any], numbers: dict[str, np.ndarray], levels: dict[str, np.ndarray], count: int) -> np.ndarray:
    inside = np.ones(count, bool)
    for name, limit in limits.items():
        if name in levels:
            inside &= np.isin(levels[name], limit)
        else:
            low, high = limit
            inside &= numbers[name] >= (-np.inf if low is None else low)
            inside &= numbers[name] <= (np.inf if high is None else high)
    return inside
