"""Shapley values of the parts of a whole: what each is worth, averaged over the orders in which they could have come.

Source: Shapley (1953), A value for n-person games; Castro, Gomez & Tejada (2009), Polynomial calculation of the Shapley
value based on sampling; Grabisch & Roubens (1999) for the interaction of pairs. Coalitions are bit masks: bit i is player i.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

EXACT_MOST = 10


@dataclass(frozen=True)
class Shapley:
    """Values per player and repetition, and what they must add up to.

    values : (players, repetitions); total : (repetitions,), worth of all together less that of none
    between : (players,), variance of each mean that comes from sampling orders, 0 when all orders are counted
    """

    values: np.ndarray
    total: np.ndarray
    between: np.ndarray

    @property
    def residual(self) -> float:
        """Largest |sum of values - total| over repetitions, relative to the largest value."""
        scale = max(float(np.abs(self.values).max(initial=0.0)), float(np.abs(self.total).max(initial=0.0)), 1.0)
        return float(np.abs(self.values.sum(axis=0) - self.total).max(initial=0.0)) / scale


def effective(mask: int, needs: Sequence[int]) -> int:
    """The players of a coalition who can act: those whose required players (a mask each) are in it and act too."""
    while True:
        able = mask
        for player, required in enumerate(needs):
            if mask >> player & 1 and (mask & required) != required:
                able &= ~(1 << player)
        if able == mask:
            return mask
        mask = able


def coalitions(needs: Sequence[int], orders: Sequence[Sequence[int]] | None = None) -> list[int]:
    """Distinct effective coalitions that exact values (orders None) or sampled orders need, in rising order."""
    count = len(needs)
    if orders is None:
        return sorted({effective(mask, needs) for mask in range(1 << count)})
    found = {0}
    for order in orders:
        mask = 0
        for player in order:
            mask |= 1 << player
            found.add(effective(mask, needs))
    return sorted(found)


def sampled_orders(count: int, pairs: int, seed: int) -> list[tuple[int, ...]]:
    """2 x `pairs` random orders of `count` players, each with its reverse, which lowers the variance."""
    draw = np.random.default_rng(seed)
    out: list[tuple[int, ...]] = []
    for _ in range(pairs):
        order = tuple(int(i) for i in draw.permutation(count))
        out += [order, order[::-1]]
    return out


def exact(count: int, worth: Callable[[int], np.ndarray]) -> Shapley:
    """Shapley values from the worth of every coalition; oracle: tests/study/test_shapley.py (closed forms).

    worth : effective or plain mask -> (repetitions,)
    """
    table = [np.asarray(worth(mask), dtype=np.float64) for mask in range(1 << count)]
    weights = [math.factorial(s) * math.factorial(count - s - 1) / math.factorial(count) for s in range(count)]
    values = np.zeros((count, table[0].size))
    for player in range(count):
        bit = 1 << player
        for mask in range(1 << count):
            if not mask & bit:
                values[player] += weights[mask.bit_count()] * (table[mask | bit] - table[mask])
    return Shapley(values, table[-1] - table[0], np.zeros(count))


def sampled(count: int, worth: Callable[[int], np.ndarray], orders: Sequence[Sequence[int]]) -> Shapley:
    """Shapley values from sampled orders; they add up to the total whatever the sample is.

    An order and its reverse stand next to one another and count as one draw in the sampling variance.
    """
    gains = np.zeros((len(orders), count, np.asarray(worth(0)).size))
    for row, order in enumerate(orders):
        mask = 0
        before = np.asarray(worth(0), dtype=np.float64)
        for player in order:
            mask |= 1 << player
            after = np.asarray(worth(mask), dtype=np.float64)
            gains[row, player] = after - before
            before = after
    pairs = gains.mean(axis=2)
    pairs = pairs.reshape(-1, 2, count).mean(axis=1) if len(orders) % 2 == 0 else pairs
    between = pairs.var(axis=0, ddof=1) / len(pairs) if len(pairs) > 1 else np.full(count, np.nan)
    full = (1 << count) - 1
    return Shapley(gains.mean(axis=0), np.asarray(worth(full)) - np.asarray(worth(0)), between)


def interactions(count: int, worth: Callable[[int], np.ndarray]) -> np.ndarray:
    """(players, players, repetitions) Shapley interaction index of each pair: above 0 they are worth more together.

    Source: Grabisch & Roubens (1999); 0 for games that add up.
    """
    table = [np.asarray(worth(mask), dtype=np.float64) for mask in range(1 << count)]
    out = np.zeros((count, count, table[0].size))
    if count < 2:
        return out
    weights = [math.factorial(s) * math.factorial(count - s - 2) / math.factorial(count - 1) for s in range(count - 1)]
    for i in range(count):
        for j in range(i + 1, count):
            both = (1 << i) | (1 << j)
            for mask in range(1 << count):
                if mask & both:
                    continue
                step = table[mask | both] - table[mask | 1 << i] - table[mask | 1 << j] + table[mask]
                out[i, j] += weights[mask.bit_count()] * step
            out[j, i] = out[i, j]
    return out
