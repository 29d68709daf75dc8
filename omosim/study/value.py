"""What each capability is worth in money: Shapley values, synergies and the first thing to do, from the worth of coalitions.

Worth is a number a replication, under common random numbers, so every figure here is a mean over replications with an
interval from them; where orders are sampled, their own chance is added to it and told apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from omosim.results.rounding import nine_digits
from omosim.study import shapley
from omosim.study.coalitions import Game
from omosim.study.stats import BETTER, CANNOT_TELL, WORSE, holm, leaves_out_0, paired, t_quantile, two_sided

HELPS, HINDERS = "helps", "hinders"
ALPHA = 0.05
PAIRED_PLAYERS = 6  # players whose pairs are looked at when orders are sampled: those of the largest values
Worth = Callable[[int], np.ndarray]


@dataclass(frozen=True)
class Estimate:
    """A mean over replications; low, high: its 95 % interval; sampling: the half-width that comes from sampled orders alone."""

    mean: float
    low: float | None
    high: float | None
    p_value: float | None
    sampling: float = 0.0
    prob_positive: float | None = None


def estimate(values: np.ndarray, between: float = 0.0, pairs: int = 0, alpha: float = ALPHA) -> Estimate:
    """Mean and interval of values of replications.

    Parameters
    ----------
    values : (replications,)
    between : variance of the mean that comes from sampling orders; pairs : pairs of orders behind it

    Notes
    -----
    With sampled orders both variances add up; degrees of freedom by Welch and Satterthwaite.
    """
    found = paired([float(v) for v in values], [0.0] * len(values), alpha=alpha)
    mean = found.diff or 0.0
    if not pairs:
        return Estimate(mean, found.ci_low, found.ci_high, found.p_value, 0.0, found.prob_positive)
    if len(values) < 2 or pairs < 2 or not math.isfinite(between):
        return Estimate(mean, None, None, None)
    chance = float(values.var(ddof=1)) / len(values)
    spread = chance + between
    if spread <= 0:
        return Estimate(mean, mean, mean, float(mean == 0), 0.0, 0.5 if mean == 0 else float(mean > 0))
    freedom = spread**2 / (chance**2 / (len(values) - 1) + between**2 / (pairs - 1))
    degrees = max(1, math.floor(freedom))
    t = t_quantile(1 - alpha / 2, degrees)
    p = two_sided(mean / math.sqrt(spread), degrees)
    half = nine_digits(t * math.sqrt(spread))
    return Estimate(mean, mean - half, mean + half, p, nine_digits(t_quantile(1 - alpha / 2, pairs - 1) * math.sqrt(between)), 1 - p / 2 if mean > 0 else p / 2)


@dataclass
class Values:
    """Shapley values of one worth.

    values : (players, replications); each : per player; total : of all together; orders : sampled orders, 0 when exact
    """

    values: np.ndarray
    each: list[Estimate]
    total: Estimate
    residual: float
    orders: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


def orders_of(game: Game, pairs: int, seed: int, exact_most: int = shapley.EXACT_MOST) -> list[tuple[int, ...]]:
    """Sampled orders, in pairs; empty where every order is counted."""
    return [] if game.count <= exact_most else shapley.sampled_orders(game.count, pairs, seed)


def masks_of(game: Game, orders: Sequence[Sequence[int]]) -> list[int]:
    """Coalitions whose worth the values need, and those of one player: the first step of the ladder."""
    if not orders:
        return list(range(1 << game.count))
    found = {0, game.full, *(1 << i for i in range(game.count))}
    for order in orders:
        mask = 0
        for player in order:
            mask |= 1 << player
            found.add(mask)
    return sorted(found)


def values(game: Game, worth: Worth, orders: Sequence[Sequence[int]]) -> Values:
    """Shapley values of every player; the residual is in the unit of the worth."""
    found = shapley.sampled(game.count, worth, orders) if orders else shapley.exact(game.count, worth)
    pairs = len(orders) // 2
    each = [estimate(found.values[i], float(found.between[i]), pairs) for i in range(game.count)]
    residual = float(np.abs(found.values.sum(axis=0) - found.total).max(initial=0.0))
    return Values(found.values, each, estimate(found.total), residual, len(orders))


def verdicts(each: Sequence[Estimate], words: tuple[str, str] = (BETTER, WORSE)) -> list[str]:
    """Holm's verdict on each, where its own interval leaves out 0 too: above 0, below 0, or cannot tell."""
    sure = [s and leaves_out_0(e.low, e.high) for s, e in zip(holm([e.p_value for e in each], alpha=ALPHA), each, strict=True)]
    return [CANNOT_TELL if not s or e.mean == 0 else words[0] if e.mean > 0 else words[1] for s, e in zip(sure, each, strict=True)]


# ---- pairs ------------------------------------------------------------------------------------------------------
def pairs_of(game: Game, found: Values) -> list[tuple[int, int]]:
    """Pairs that are looked at: all, or with sampled orders those of the players of the largest values."""
    chosen = list(range(game.count))
    if found.orders:
        chosen = sorted(sorted(chosen, key=lambda i: -abs(found.each[i].mean))[:PAIRED_PLAYERS])
    return [(i, j) for n, i in enumerate(chosen) for j in chosen[n + 1 :]]


def pair_masks(game: Game, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Coalitions that the pairs of a sampled game need: both ends, without one, and without both."""
    out = {0, game.full}
    for i, j in pairs:
        a, b = 1 << i, 1 << j
        out |= {a, b, a | b, game.full ^ a, game.full ^ b, game.full ^ a ^ b}
    return sorted(out)


def synergies(game: Game, worth: Worth, pairs: Sequence[tuple[int, int]], sampled: bool) -> list[dict[str, Any]]:
    """A row a pair: how much more the two are worth together, interval, Holm's verdict.

    Notes
    -----
    Exact: the Shapley interaction index (Grabisch & Roubens 1999). Sampled: the mean of the second differences at the
    source and at the target, which is the trapezoid rule for that index as an integral along the diagonal of the
    multilinear extension (Owen 1972); it is exact where no more than three act together.
    """
    index = None if sampled else shapley.interactions(game.count, worth)
    each = []
    for i, j in pairs:
        if index is not None:
            each.append(estimate(index[i, j]))
            continue
        a, b, full = 1 << i, 1 << j, game.full
        below = worth(a | b) - worth(a) - worth(b) + worth(0)
        above = worth(full) - worth(full ^ a) - worth(full ^ b) + worth(full ^ a ^ b)
        each.append(estimate((below + above) / 2))
    words = verdicts(each, (HELPS, HINDERS))
    names = [p.name for p in game.players]
    rows = [
        {"a": names[i], "b": names[j], "index": e.mean, "ci_low": e.low, "ci_high": e.high, "p_value": e.p_value, "verdict": word, "needs": game.linked(i, j), "kind": "ends" if sampled else "index"}
        for (i, j), e, word in zip(pairs, each, words, strict=True)
    ]
    return sorted(rows, key=lambda row: -abs(row["index"]))


# ---- the first thing to do --------------------------------------------------------------------------------------
@dataclass
class Ladder:
    """Greedy order: from what is on, the step that earns most, with those players without whom it cannot act.

    masks : the coalition that is on; `candidates` are what may come next, `climb` takes the best of them
    """

    game: Game
    mask: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)

    def candidates(self) -> list[int]:
        """Coalitions one step further; empty when all is on. The rest of those not named is no advice, so it waits until nothing else is left."""
        steps = {self.game.company(i, self.mask) for i in range(self.game.count) if not self.mask >> i & 1}
        rest = sum(1 << i for i, player in enumerate(self.game.players) if len(player.members) > 1)
        plain = {step for step in steps if not step & ~self.mask & rest}
        return sorted(plain or steps)

    @property
    def ended(self) -> bool:
        """Whether all is on, or the best next step lost money."""
        return not self.candidates() or bool(self.rows and self.rows[-1]["gain"] <= 0)

    def climb(self, worth: Worth) -> None:
        """Add the best step; a last one that loses money is told and not taken."""
        base, steps = worth(self.mask), self.candidates()
        gains = {step: worth(step) - base for step in steps}
        order = sorted(steps, key=lambda step: (-float(gains[step].mean()), step))
        best = order[0]
        found = estimate(gains[best], alpha=ALPHA / len(steps))
        second = estimate(gains[best] - gains[order[1]], alpha=ALPHA / max(1, len(steps) - 1)) if len(order) > 1 else None
        self.rows.append({
            "step": len(self.rows) + 1, "capability": self._named(best), "gain": found.mean, "ci_low": found.low, "ci_high": found.high,
            "total": float((worth(best) - worth(0)).mean()), "runner_up": self._named(order[1]) if second else "",
            "lead": second.mean if second else None, "lead_low": second.low if second else None, "lead_high": second.high if second else None,
            "verdict": CANNOT_TELL if found.low is None or found.high is None or found.low <= 0 <= found.high else BETTER if found.low > 0 else WORSE,
        })  # fmt: skip
        self.mask = best

    def _named(self, mask: int) -> str:
        """The players of a step, those that act last first named first."""
        new = [i for i in range(self.game.count) if mask >> i & 1 and not self.mask >> i & 1]
        wanting = [i for i in new if not any(self.game.linked(i, j) and self._needs(j, i) for j in new if j != i)]
        ordered = wanting + [i for i in new if i not in wanting]
        return " with ".join(filter(None, (self.game.players[ordered[0]].name, ", ".join(self.game.players[i].name for i in ordered[1:]))))

    def _needs(self, player: int, other: int) -> bool:
        members = set(self.game.players[other].members)
        return any(need in members for name in self.game.players[player].members for need in self.game.requires.get(name, ()))
