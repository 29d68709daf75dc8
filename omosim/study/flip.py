"""Where which strategy pays: points over one or two ranges, refined where one cannot tell or where the winner changes.

A point is decided when the paired interval of the best strategy over every other one leaves out 0. New points go into
regions whose ends do not agree, further repetitions to points that are open, the widest region first, until every such
region is narrower than the resolution or the budget of runs is used. `refine` is the main loop; start reading there.
What a point is worth comes from `evaluate`, so the oracles of tests/study/test_flip.py are plain functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from omosim.study.stats import paired

Point = tuple[float, ...]
#: points with the repetitions that are wanted of each in all -> (strategies, repetitions) worths of each, NaN where a run failed
Evaluate = Callable[[Mapping[Point, int]], Mapping[Point, np.ndarray]]


@dataclass(frozen=True)
class Range:
    """A key over a range."""

    key: str
    low: float
    high: float
    whole: bool = False

    def at(self, share: float) -> float:
        """The value at a share of the range; whole numbers where the key wants them."""
        value = self.low + share * (self.high - self.low)
        return float(round(value)) if self.whole else float(f"{value:.9g}")

    @property
    def width(self) -> float:
        """Length of the range."""
        return self.high - self.low


@dataclass(frozen=True)
class Rule:
    """How fine, how often, how sure, and what it may cost.

    resolution : share of a range; start : first points a range; replications, most : repetitions of a point at first and at most
    runs : budget over points, strategies and repetitions; confidence : of a point's paired interval
    """

    resolution: float = 0.05
    start: int = 5
    replications: int = 8
    most: int = 32
    runs: int = 600
    confidence: float = 0.99


@dataclass(frozen=True)
class Verdict:
    """Who pays at a point: the strategy's number, or None when one cannot tell; margin of the best mean over the second."""

    winner: int | None
    best: int
    second: int
    margin: float
    low: float | None
    high: float | None
    pairs: int


def judge(values: np.ndarray, confidence: float) -> Verdict:
    """Who pays at a point.

    Parameters
    ----------
    values : (strategies, repetitions); repetitions are paired
    confidence : of the interval; Bonferroni over the other strategies
    """
    kept = values[:, ~np.isnan(values).any(axis=0)]
    if not kept.shape[1]:
        return Verdict(None, 0, min(1, len(values) - 1), float("nan"), None, None, 0)
    order = np.argsort(-kept.mean(axis=1), kind="stable")
    best, second = int(order[0]), int(order[1])
    alpha = (1 - confidence) / (len(values) - 1)
    against = [paired(kept[best].tolist(), kept[int(o)].tolist(), alpha=alpha) for o in order[1:]]
    sure = all(a.ci_low is not None and a.ci_low > 0 for a in against)
    first = against[0]
    return Verdict(best if sure else None, best, second, first.diff or 0.0, first.ci_low, first.ci_high, kept.shape[1])


@dataclass(frozen=True)
class Cell:
    """A box of the map; its corners are points. `size` in shares of the ranges, the larger side."""

    low: Point
    high: Point

    def corners(self) -> list[Point]:
        """Its corners; two in one dimension, four in two."""
        if len(self.low) == 1:
            return [self.low, self.high]
        return [(x, y) for x in (self.low[0], self.high[0]) for y in (self.low[1], self.high[1])]

    def sides(self, ranges: Sequence[Range]) -> list[float]:
        """Length of each side as a share of its range."""
        return [(h - lo) / r.width for lo, h, r in zip(self.low, self.high, ranges, strict=True)]

    def split(self, ranges: Sequence[Range], resolution: float) -> list[Cell]:
        """Its halves or quarters along the sides that are longer than the resolution; empty when none can be cut."""
        cuts: list[list[float]] = []
        for lo, high, r, side in zip(self.low, self.high, ranges, self.sides(ranges), strict=True):
            middle = (lo + high) / 2
            middle = float(int(middle)) if r.whole else float(f"{middle:.9g}")
            cuts.append([lo, middle, high] if side > resolution * (1 + 1e-9) and lo < middle < high else [lo, high])
        if all(len(c) == 2 for c in cuts):
            return []
        spans = [list(pairwise(c)) for c in cuts]
        if len(spans) == 1:
            return [Cell((a,), (b,)) for a, b in spans[0]]
        return [Cell((a, c), (b, d)) for a, b in spans[0] for c, d in spans[1]]


@dataclass
class Map:
    """What is known: points with their worths, leaf cells, and how it ended."""

    ranges: Sequence[Range]
    rule: Rule
    values: dict[Point, np.ndarray] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    asked: dict[Point, int] = field(default_factory=dict)
    parents: dict[Cell, Cell] = field(default_factory=dict)
    rounds: int = 0
    stopped: str = ""
    spent: int = 0

    def verdict(self, point: Point) -> Verdict:
        """Who pays at a point."""
        return judge(self.values[point], self.rule.confidence)

    def winner(self, cell: Cell) -> int | None:
        """Who pays at every corner of a cell; None when one cannot tell, or corners differ."""
        found = {self.verdict(p).winner for p in cell.corners()}
        return found.pop() if len(found) == 1 else None

    def shares(self, strategies: int) -> list[float]:
        """Share of the map on which each strategy pays; the rest one cannot tell."""
        out = [0.0] * strategies
        for cell in self.cells:
            winner = self.winner(cell)
            if winner is not None:
                out[winner] += float(np.prod(cell.sides(self.ranges)))
        return out


def refine(ranges: Sequence[Range], strategies: int, rule: Rule, evaluate: Evaluate) -> Map:
    """Find where the winner changes.

    Parameters
    ----------
    ranges : one or two
    strategies : how many are held against one another
    evaluate : see above; asked once a round

    Returns
    -------
    Map; `stopped` says why no further round was made
    """
    found = Map(ranges, rule)
    found.cells = _first_cells(ranges, rule)
    wanted = {p: rule.replications for cell in found.cells for p in cell.corners()}
    while wanted:
        affordable = _within(found, wanted, strategies)
        if len(affordable) < len(wanted) and not (affordable and found.rounds):
            found.stopped = f"the budget of {rule.runs} runs is used"
            if not found.rounds:
                raise ValueError(f"{rule.runs} runs do not pay for the first {len(wanted)} points of {strategies} strategies x {rule.replications}")
            break
        for point, count in affordable.items():
            found.spent += (count - found.asked.get(point, 0)) * strategies
            found.asked[point] = count
        found.values.update(evaluate(affordable))
        found.rounds += 1
        if len(affordable) < len(wanted):
            found.stopped = f"the budget of {rule.runs} runs is used"
            break
        wanted = _next(found)
    else:
        left = [cell for cell in found.cells if found.winner(cell) is None]
        fine = all(max(cell.sides(ranges)) <= rule.resolution * (1 + 1e-9) or not cell.split(ranges, rule.resolution) for cell in left)
        why = "every region in which one cannot tell is as narrow as asked" if left else "no region is left in which one cannot tell"
        found.stopped = why if fine else "points that are open have all the repetitions that a point may have"
    _put_together(found)
    return found


def _put_together(found: Map) -> None:
    """Cells with a corner that the budget did not pay for are again the cell they were cut from."""
    broken = {found.parents[cell] for cell in found.cells if any(p not in found.values for p in cell.corners())}
    found.cells = sorted([cell for cell in found.cells if found.parents.get(cell) not in broken] + list(broken), key=lambda c: (c.low, c.high))


def _first_cells(ranges: Sequence[Range], rule: Rule) -> list[Cell]:
    edges = [sorted({r.at(i / (rule.start - 1)) for i in range(rule.start)}) for r in ranges]
    spans = [list(pairwise(e)) for e in edges]
    if len(spans) == 1:
        return [Cell((a,), (b,)) for a, b in spans[0]]
    return [Cell((a, c), (b, d)) for a, b in spans[0] for c, d in spans[1]]


def _next(found: Map) -> dict[Point, int]:
    """Points and repetitions of the next round: open points get twice as many, cells whose corners differ are cut.

    A cell all of whose corners are open is cut only when another round tells one of them, for it says nothing of where.
    """
    rule = found.rule
    wanted: dict[Point, int] = {}
    cells: list[Cell] = []
    for cell in sorted(found.cells, key=lambda c: (-max(c.sides(found.ranges)), c.low)):
        halves = cell.split(found.ranges, rule.resolution) if found.winner(cell) is None else []
        if not halves:
            cells.append(cell)
            continue
        open_ = [p for p in cell.corners() if found.verdict(p).winner is None]
        for point in open_:
            if found.asked[point] < rule.most:
                wanted[point] = min(rule.most, 2 * found.asked[point])
        if len(open_) == len(cell.corners()):
            cells.append(cell)
            continue
        for half in halves:
            found.parents[half] = cell
            for point in half.corners():
                if point not in found.asked:
                    wanted.setdefault(point, rule.replications)
        cells += halves
    found.cells = cells
    return wanted


def _within(found: Map, wanted: Mapping[Point, int], strategies: int) -> dict[Point, int]:
    """Those of the wanted, in their order, that the budget still pays for."""
    left, out = found.rule.runs - found.spent, {}
    for point, count in wanted.items():
        cost = (count - found.asked.get(point, 0)) * strategies
        if cost > left:
            continue
        left -= cost
        out[point] = count
    return out


# ---- the boundary -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Flip:
    """A change of winner along a line: between two decided points, the break-even value and its 95 % interval.

    low, high : the decided points; value, ci_low, ci_high : where the mean difference is 0, by Fieller on a line through
    the points between and at them; the interval is that of the region where it cannot be had
    """

    below: int
    above: int
    low: float
    high: float
    value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Stretch:
    """A part of a line on which one strategy pays, or one cannot tell (None)."""

    winner: int | None
    low: float
    high: float


def along(found: Map, axis: int = 0, fixed: Point = ()) -> tuple[list[Stretch], list[Flip]]:
    """Stretches and flips along one range, with the other at a value in `fixed`; from the points on that line alone."""
    line = sorted((p for p in found.values if not fixed or p[1 - axis] == fixed[0]), key=lambda p: p[axis])
    if not line:
        return [], []
    told = [(p, found.verdict(p).winner) for p in line]
    decided = [(i, w) for i, (_, w) in enumerate(told) if w is not None]
    at = [p[axis] for p in line]
    if not decided:
        return [Stretch(None, at[0], at[-1])], []
    stretches, flips = [], []
    if decided[0][0] > 0:
        stretches.append(Stretch(None, at[0], at[decided[0][0]]))
    start = decided[0][0]
    for (i, a), (j, b) in pairwise(decided):
        if a == b and j == i + 1:
            continue
        if a == b:
            stretches += [Stretch(a, at[start], at[i]), Stretch(None, at[i], at[j])]
        else:
            assert a is not None and b is not None
            stretches += [Stretch(a, at[start], at[i])]
            flips.append(break_even(a, b, at[i : j + 1], [found.values[p] for p in line[i : j + 1]]))
        start = j
    last = decided[-1]
    stretches.append(Stretch(last[1], at[start], at[last[0]]))
    if last[0] < len(line) - 1:
        stretches.append(Stretch(None, at[last[0]], at[-1]))
    return stretches, flips


def break_even(below: int, above: int, at: Sequence[float], values: Sequence[np.ndarray]) -> Flip:
    """Where two strategies earn the same between two decided points.

    Parameters
    ----------
    below, above : who pays at the first and at the last point
    at : (points,) values of the key, rising; values : per point (strategies, repetitions)

    Notes
    -----
    Every repetition has its own luck at all points, so a line is fitted to each and Fieller's interval (1954) is taken on
    the ratio of their mean intercept and slope: chance that points share does not count twice.
    """
    shared = min(v.shape[1] for v in values)
    diff = np.array([v[below, :shared] - v[above, :shared] for v in values])
    diff = diff[:, ~np.isnan(diff).any(axis=0)]
    x = np.asarray(at, dtype=np.float64)
    middle = x.mean()
    if diff.shape[1] < 2:
        return Flip(below, above, at[0], at[-1], float(middle), at[0], at[-1])
    slopes = ((x - middle)[:, None] * diff).sum(axis=0) / ((x - middle) ** 2).sum()
    heights = diff.mean(axis=0)
    slope, height = float(slopes.mean()), float(heights.mean())
    value = middle - height / slope if slope else middle
    ends = _fieller(heights, slopes)
    low, high = (middle + ends[0], middle + ends[1]) if ends else (at[0], at[-1])
    within = lambda v: float(min(max(v, at[0]), at[-1]))
    return Flip(below, above, at[0], at[-1], within(value), within(low), within(high))


def _fieller(heights: np.ndarray, slopes: np.ndarray, alpha: float = 0.05) -> tuple[float, float] | None:
    """95 % interval of -mean(heights) / mean(slopes); None when the slope may be 0."""
    from omosim.study.stats import t_quantile

    n = len(heights)
    t2 = t_quantile(1 - alpha / 2, n - 1) ** 2
    cov = np.cov(heights, slopes, ddof=1) / n
    h, s = float(heights.mean()), float(slopes.mean())
    a, b, c = s * s - t2 * float(cov[1, 1]), h * s - t2 * float(cov[0, 1]), h * h - t2 * float(cov[0, 0])
    inside = b * b - a * c
    if a <= 0 or inside < 0:
        return None
    root = float(np.sqrt(inside))
    low, high = sorted(((-b - root) / a, (-b + root) / a))
    return low, high
