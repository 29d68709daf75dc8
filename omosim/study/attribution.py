"""Attribution models: how the value of purchases is shared among the touchpoints that stood before them.

They read paths of journeys/log.py and nothing else, as a firm's tools do; what touchpoints really caused is another question, answered by
paired runs (`omosim attribute`). Sources: Anderl et al. (2016), Mapping the customer journey (Markov removal effect);
Shao & Li (2011) and Zhao, Mahboobi & Bagheri (2018) for Shapley on sets of channels; the rules of thumb are those of the
common web analytics tools.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from omosim.journeys.log import Path
from omosim.schema.columns import DAY

HALF_LIFE_DAYS = 7.0
ENDS_SHARE = 0.4
START, BOUGHT, LOST = "(start)", "(bought)", "(nothing)"


Credit = dict[str, float]
Model = Callable[[Sequence[Path]], Credit]


def _weighted(paths: Iterable[Path], weights: Callable[[Path], Sequence[float]]) -> Credit:
    credit: Credit = defaultdict(float)
    for path in paths:
        if not path.bought or not path.touchpoint:
            continue
        parts = weights(path)
        total = sum(parts)
        for name, part in zip(path.touchpoint, parts, strict=True):
            credit[name] += path.revenue * part / total
    return dict(credit)


def first_touch(paths: Sequence[Path]) -> Credit:
    """All to the first touch."""
    return _weighted(paths, lambda p: [1.0] + [0.0] * (len(p.touchpoint) - 1))


def last_touch(paths: Sequence[Path]) -> Credit:
    """All to the last touch."""
    return _weighted(paths, lambda p: [0.0] * (len(p.touchpoint) - 1) + [1.0])


def linear(paths: Sequence[Path]) -> Credit:
    """The same to each touch."""
    return _weighted(paths, lambda p: [1.0] * len(p.touchpoint))


def time_decay(paths: Sequence[Path]) -> Credit:
    """Half as much for every seven days before the last touch, at which the purchase is made."""
    days = lambda p, t: (p.t[-1] - t) / DAY  # from the last touch, which weighs 1, so that old paths do not underflow
    return _weighted(paths, lambda p: [0.5 ** (days(p, t) / HALF_LIFE_DAYS) for t in p.t])


def position(paths: Sequence[Path]) -> Credit:
    """40 % to the first, 40 % to the last, the rest to those between; halves where there are two."""

    def parts(path: Path) -> list[float]:
        n = len(path.touchpoint)
        if n <= 2:
            return [1.0] * n
        return [ENDS_SHARE, *[(1 - 2 * ENDS_SHARE) / (n - 2)] * (n - 2), ENDS_SHARE]

    return _weighted(paths, parts)


def markov(paths: Sequence[Path]) -> Credit:
    """Removal effects in a first-order chain over touchpoints, scaled to the value of all purchases with a touch."""
    counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for path in paths:
        if not path.touchpoint:
            continue
        steps = [START, *path.touchpoint, BOUGHT if path.bought else LOST]
        for here, there in itertools.pairwise(steps):
            counts[here][there] += 1
    names = sorted(set(counts) - {START})
    whole = _reaches(counts, names, None)
    if whole == 0:
        return dict.fromkeys(names, 0.0)
    effects = {name: max(0.0, 1 - _reaches(counts, names, name) / whole) for name in names}
    total, value = sum(effects.values()), sum(p.revenue for p in paths if p.bought and p.touchpoint)
    return {name: value * effect / total if total else 0.0 for name, effect in effects.items()}


def _reaches(counts: Mapping[str, Mapping[str, float]], names: Sequence[str], removed: str | None) -> float:
    """Probability to end in a purchase; who comes to the removed touchpoint is lost."""
    here = [START, *(n for n in names if n != removed)]
    row = {name: i for i, name in enumerate(here)}
    matrix, gain = np.eye(len(here)), np.zeros(len(here))
    for name, i in row.items():
        total = sum(counts.get(name, {}).values())
        for there, count in counts.get(name, {}).items():
            if there == BOUGHT:
                gain[i] += count / total
            elif there in row:
                matrix[i, row[there]] -= count / total
    return float(np.linalg.solve(matrix, gain)[0])


def shapley(paths: Sequence[Path]) -> Credit:
    """Shapley value of each touchpoint in the game of sets: a set is worth the purchases whose touchpoints all lie in it.

    That game is a sum of unanimity games, one for each set seen, so each purchase's value is shared evenly among the
    distinct touchpoints of its path (exact, whatever the number of touchpoints).
    """
    credit: Credit = defaultdict(float)
    for path in paths:
        if path.bought and path.touchpoint:
            seen = dict.fromkeys(path.touchpoint)
            for name in seen:
                credit[name] += path.revenue / len(seen)
    return dict(credit)


MODELS: dict[str, Model] = {
    "first_touch": first_touch, "last_touch": last_touch, "linear": linear, "time_decay": time_decay,
    "position": position, "markov": markov, "shapley": shapley,
}  # fmt: skip


def shares(credit: Mapping[str, float], names: Sequence[str]) -> np.ndarray:
    """(names,) shares of the whole credit, zeros where nothing was shared out."""
    values = np.array([max(0.0, credit.get(n, 0.0)) for n in names])
    total = values.sum()
    return np.asarray(values / total if total > 0 else values)


def transitions(paths: Sequence[Path]) -> dict[tuple[str, str], int]:
    """How often each step follows another: the channel transition matrix with start, purchase and nothing."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for path in paths:
        if path.touchpoint:
            for step in itertools.pairwise([START, *path.touchpoint, BOUGHT if path.bought else LOST]):
                found[step] += 1
    return dict(found)
