"""Which of many arms is best, how many replications that takes, and how long a run warms up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from omosim.study.stats import t_quantile, variance


@dataclass(frozen=True)
class Selected:
    """The arm that Kim and Nelson's procedure keeps.

    best : its number, None when the replications ran out with several left; left : arms still in the race
    replications : replications that were used of every arm left; out_at : arm -> replications at which it was put out
    """

    best: int | None
    left: list[int]
    replications: int
    out_at: dict[int, int]


def kim_nelson(observe: Callable[[int, int], float], arms: int, *, indifference: float, alpha: float = 0.05, first: int = 10, most: int = 10_000) -> Selected:
    """Fully sequential selection of the arm with the highest mean (KN).

    With probability 1 - alpha the arm chosen is the best one, if the best is better than the rest by `indifference` at
    least; common random numbers are allowed and help. Source: Kim & Nelson (2001), A fully sequential procedure for
    indifference-zone selection in simulation, with c = 1; oracle: tests/study/test_selection.py (its stated rate).

    Parameters
    ----------
    observe : (arm, replication) -> value; asked once for each
    arms : two or more
    indifference : difference that is worth telling apart, in the unit of the values
    first : replications of every arm before anyone is put out
    most : replications at which the race ends undecided
    """
    if arms < 2 or indifference <= 0 or first < 2:
        raise ValueError("two arms, an indifference above 0 and two first replications at least")
    values = [[observe(arm, r) for r in range(first)] for arm in range(arms)]
    eta = 0.5 * ((2 * alpha / (arms - 1)) ** (-2 / (first - 1)) - 1)
    spread = {(i, j): variance([a - b for a, b in zip(values[i], values[j], strict=True)]) for i in range(arms) for j in range(arms) if i != j}
    h2 = 2 * eta * (first - 1)
    left, out_at, r = list(range(arms)), {}, first
    sums = [math.fsum(v) for v in values]
    while True:
        margin = {pair: max(0.0, indifference / (2 * r) * (h2 * s / indifference**2 - r)) for pair, s in spread.items()}
        beaten = [i for i in left if any(sums[i] / r < sums[j] / r - margin[i, j] for j in left if j != i)]
        for arm in beaten:
            out_at[arm] = r
        left = [arm for arm in left if arm not in beaten]
        if len(left) == 1 or r >= most:
            return Selected(left[0] if len(left) == 1 else None, left, r, out_at)
        for arm in left:
            sums[arm] += observe(arm, r)
        r += 1


def replications_needed(differences: Sequence[float], half_width: float, *, alpha: float = 0.05, most: int = 1_000_000) -> int:
    """Pairs at which the interval of the mean difference is expected to be as narrow as asked.

    differences : of a pilot, two or more; half_width : wanted, in their unit. Source: Law (2015), section 9.4.1.
    """
    return pairs_needed(variance(differences), half_width, alpha=alpha, most=most)


def pairs_needed(spread: float, half_width: float, *, first: int = 2, alpha: float = 0.05, most: int = 1_000_000) -> int:
    """The same from the variance of differences; `first` pairs are there already."""

    def narrow(n: int) -> bool:
        return t_quantile(1 - alpha / 2, n - 1) * math.sqrt(spread / n) <= half_width

    low, high = first, first
    while not narrow(high):
        if high >= most:
            return most
        low, high = high, min(2 * high, most)
    while low < high:  # the width falls with n
        middle = (low + high) // 2
        low, high = (low, middle) if narrow(middle) else (middle + 1, high)
    return high


def mser5(series: Sequence[float]) -> int | None:
    """MSER over batches of five; see `mser`."""
    return mser(series, 5)


def mser(series: Sequence[float], batch: int, *, first_half: bool = False) -> int | None:
    """Observations to cut from the beginning of a series so that the rest is free of the warm-up (MSER).

    The cut minimises the squared standard error of the mean of batches; None when the best cut lies in the second
    half, which means that the series is too short to tell; `first_half` looks no further than that. Source: White, Cobb & Spratt (2000), A comparison of five
    steady-state truncation heuristics for simulation.
    """
    batches = np.asarray(series[: len(series) // batch * batch], dtype=np.float64).reshape(-1, batch).mean(axis=1)
    count = len(batches)
    if count < 4:
        return None
    best, at = math.inf, 0
    for cut in range(count // 2 + 1 if first_half else count - 2):  # two batches left may agree by chance
        rest = batches[cut:]
        error = float(((rest - rest.mean()) ** 2).sum()) / len(rest) ** 2
        if error < best:
            best, at = error, cut
    return None if at > count // 2 else at * batch
