"""Designs of a sweep: which values of the factors go together in a point.

Factors are settings; a point gives each of them a value. The grid crosses them in Hydra's order (the last one runs
fastest); Latin hypercubes and Sobol sequences (scipy.stats.qmc) spread a stated number of points over ranges; the
designs of Morris and Saltelli (SALib) are what sensitivity measures are computed from.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from omosim.results.rounding import nine_digits

GRID, LHS, SOBOL, MORRIS, SALTELLI = "grid", "lhs", "sobol", "morris", "saltelli"
MORRIS_LEVELS = 4


class DesignError(ValueError):
    """A design that cannot be made from these factors."""

    exit_code = 2


@dataclass(frozen=True)
class Factor:
    """One varied setting.

    key : its name as on the command line
    values : levels, in order; empty for a range
    low, high : ends of a range
    whole : whether only whole numbers are meant
    """

    key: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False

    @property
    def ranged(self) -> bool:
        """Whether it is a range and not a list of levels."""
        return not self.values

    def at(self, u: float) -> Any:
        """The value at the share u of [0, 1) of the factor's span; levels have equal shares."""
        if self.values:
            return self.values[min(int(u * len(self.values)), len(self.values) - 1)]
        if self.whole:
            first, last = math.ceil(self.low), math.floor(self.high)
            return min(first + int(u * (last - first + 1)), last)
        return nine_digits(self.low + u * (self.high - self.low))


def design_points(factors: Sequence[Factor], design: str, count: int, seed: int) -> list[tuple[Any, ...]]:
    """The points of a design, each with a value per factor.

    Parameters
    ----------
    design : grid, lhs, sobol, morris or saltelli
    count : points of lhs and sobol; trajectories of morris; base points of saltelli (each gives factors + 2 points)
    seed : of the draws of the last four

    Raises
    ------
    DesignError : a grid over a range, a sensitivity design over fewer than two factors, SALib is not installed
    """
    if not factors:
        return [()]
    if design == GRID:
        ranged = [f.key for f in factors if f.ranged]
        if ranged:
            raise DesignError(f"a grid needs values, and {', '.join(ranged)} is a range. Write range(a,b,step) or values, or design=lhs or sobol points=64")
        return list(itertools.product(*(f.values for f in factors)))
    drawn = shares(len(factors), design, count, seed)
    return [tuple(f.at(float(u)) for f, u in zip(factors, row, strict=True)) for row in drawn]


def shares(dimensions: int, design: str, count: int, seed: int) -> np.ndarray:
    """(points, dimensions) shares of each factor's span in [0, 1], of the designs that draw; see `design_points`."""
    from scipy.stats import qmc

    if design == LHS:
        return np.asarray(qmc.LatinHypercube(d=dimensions, rng=np.random.default_rng(seed)).random(count))
    if design == SOBOL:
        # random_base2 keeps the balance; a count between powers takes the first ones of the next power
        sampler = qmc.Sobol(d=dimensions, scramble=True, rng=np.random.default_rng(seed))
        return np.asarray(sampler.random_base2(max(0, math.ceil(math.log2(max(count, 1)))))[:count])
    problem = salib_problem([f"x{i}" for i in range(dimensions)])
    if design == MORRIS:
        from SALib.sample import morris

        return np.asarray(morris.sample(problem, count, num_levels=MORRIS_LEVELS, seed=seed))
    from SALib.sample import sobol

    base = 1 << max(0, math.ceil(math.log2(max(count, 1))))
    return np.asarray(sobol.sample(problem, base, calc_second_order=False, seed=seed))


def salib_problem(names: Sequence[str]) -> dict[str, Any]:
    """SALib's description of factors, each over [0, 1].

    Raises
    ------
    DesignError : fewer than two factors, or SALib is not installed
    """
    if len(names) < 2:
        raise DesignError("a sensitivity design needs two factors or more")
    try:
        import SALib  # noqa: F401
    except ImportError:
        raise DesignError("the designs of Morris and Saltelli need SALib: pip install omosim[analysis]") from None
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
