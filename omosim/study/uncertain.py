"""What a sweep says of a strategy over uncertain inputs: how often it wins, what its gain depends on, where it loses.

Each strategy is held against the baseline. `study` gives rows for tables; `omosim.study.verdicts` puts them into words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from omosim.study.designs import LHS, MORRIS, SALTELLI, SOBOL, DesignError
from omosim.study.first_look import Fit, Input, ends, fit, inputs_of
from omosim.study.prim import discover
from omosim.study.selection import pairs_needed
from omosim.study.sensitivity import indices, noise_share
from omosim.study.shared_noise import reach
from omosim.study.stats import paired

FIT = "linear fit"
NOISE, REST = "noise of replications", "what no straight line tells"
LEAST_POINTS, LEAST_CASES = 20, 5  # for a box
DRAWN = (LHS, SOBOL)


@dataclass(frozen=True)
class Sample:
    """The points of a design and what the strategies earn there.

    design : its name; columns : input -> a value a point; shares : (points, inputs) of each input's span, for sensitivity
    designs; values : (strategies, points, repetitions), NaN where a run is missing
    """

    design: str
    columns: Mapping[str, Sequence[Any]]
    shares: np.ndarray | None
    values: np.ndarray
    strategies: Sequence[str]
    baseline: str

    def gains(self, strategy: str) -> np.ndarray:
        """(points, repetitions) paired differences from the baseline."""
        return np.asarray(self.values[self.strategies.index(strategy)] - self.values[self.strategies.index(self.baseline)])


def drawn(design: str, count: int, inputs: int) -> int | None:
    """Points that are draws from the inputs' ranges, independent of one another; None where points were chosen."""
    if design in DRAWN:
        return count
    return 2 * count // (inputs + 2) if design == SALTELLI else None


def study(sample: Sample, *, seed: int = 1) -> list[dict[str, Any]]:
    """One entry a strategy but the baseline.

    Returns
    -------
    strategy; points: how many it is better, worse, or cannot be told at; gain with its interval; method;
    sensitivity, tornado, box: rows, empty where there is too little; needed: see `planned`; notes: why something is missing
    """
    return [_one(sample, name, seed) for name in sample.strategies if name != sample.baseline]


def _one(sample: Sample, strategy: str, seed: int) -> dict[str, Any]:
    gains = sample.gains(strategy)
    known = ~np.isnan(gains)
    kept = known.any(axis=1)
    out: dict[str, Any] = {"strategy": strategy, "baseline": sample.baseline, "method": "", "sensitivity": [], "tornado": [], "box": None, "notes": []}
    if not kept.any():
        return {**out, "points": {}, "gain": None, "needed": None, "notes": ["no point has a pair of runs"]}
    y = np.array([gains[i, known[i]].mean() for i in np.flatnonzero(kept)])
    out["points"], out["needed"] = _told(gains, known), planned(gains)
    out["gain"] = _mean_gain(sample, gains[kept])
    inputs = [item for item in inputs_of(sample.columns, kept) if len(set(map(str, item.values))) > 1]
    if len(y) < 2 or not inputs:
        return out
    found = fit(inputs, y, gains[kept])
    out["tornado"] = ends(inputs, y, found)
    out["method"], out["sensitivity"] = _sensitivity(sample, gains, kept, found, out["notes"], seed)
    out["box"] = _box(inputs, y, out["notes"])
    return out


def _told(gains: np.ndarray, known: np.ndarray) -> dict[str, int]:
    """Points at which the paired interval lies above 0, below 0, or on both sides; one pair has no interval."""
    count = {"better": 0, "worse": 0, "cannot_tell": 0}
    for row, have in zip(gains, known, strict=True):
        if have.any():
            found = paired(row[have].tolist(), [0.0] * int(have.sum()))
            sure = found.ci_low is not None and found.ci_high is not None and (found.ci_low > 0 or found.ci_high < 0)
            count["cannot_tell" if not sure else "better" if (found.diff or 0) > 0 else "worse"] += 1
    return count


def _mean_gain(sample: Sample, gains: np.ndarray) -> dict[str, float | None]:
    """Mean over points and its interval; none with one repetition, whose chance is not known.

    gains : (points, repetitions), each point with one value at least. The interval holds the noise that all points share and,
    where points are draws, their spread (of a Saltelli design that of its two base samples' rows), each side combined by
    its squares (Zou and Donner 2008).
    """
    width = len(sample.columns)
    if sample.design == SALTELLI and len(gains) % (width + 2) == 0:
        number = np.arange(len(gains)) % (width + 2)
        gains = gains[(number == 0) | (number == width + 1)]
    known = ~np.isnan(gains)
    y = np.where(known, gains, 0.0).sum(axis=1) / known.sum(axis=1)
    centre, far = float(y.mean()), reach(gains)
    draws = sample.design in (*DRAWN, SALTELLI)
    if far is None or (draws and len(y) < 3):
        return {"mean": centre, "ci_low": None, "ci_high": None}
    spread = paired(y.tolist(), [0.0] * len(y)) if draws else None
    below, above = (0.0, 0.0) if spread is None or spread.ci_low is None or spread.ci_high is None else (centre - spread.ci_low, spread.ci_high - centre)
    return {"mean": centre, "ci_low": centre - float(np.hypot(below, far[0])), "ci_high": centre + float(np.hypot(above, far[1]))}


def planned(gains: np.ndarray) -> dict[str, Any] | None:
    """Pairs a point that are expected to tell the strategies apart at half of the points where that fails now.

    gains : (points, repetitions). None where it can be told everywhere. With one repetition a point `pairs` is None: how much is
    chance is not known. `half_width` is the middle size of the differences in question.
    """
    known = ~np.isnan(gains)
    spreads, sizes, most = [], [], int(known.sum(axis=1).max(initial=0))
    for row, have in zip(gains, known, strict=True):
        if have.sum() < 2:
            continue
        values = row[have]
        spreads.append(float(values.var(ddof=1)))
        found = paired(values.tolist(), [0.0] * len(values))
        if found.ci_low is not None and found.ci_high is not None and found.ci_low <= 0 <= found.ci_high and found.diff:
            sizes.append(abs(found.diff))
    if not spreads:
        return {"pairs": None, "have": most, "half_width": None, "points": int(known.any(axis=1).sum())}
    if not sizes:
        return None
    half = float(np.median(sizes))
    return {"pairs": pairs_needed(float(np.mean(spreads)), half, first=max(2, most)), "have": most, "half_width": half, "points": len(sizes)}


def _sensitivity(sample: Sample, gains: np.ndarray, kept: np.ndarray, found: Fit | None, notes: list[str], seed: int) -> tuple[str, list[dict[str, Any]]]:
    """By the design that was made for it, else by the linear fit; the noise of replications has a line of its own."""
    if sample.design in (MORRIS, SALTELLI) and sample.shares is not None:
        try:
            rows = indices(sample.design, list(sample.columns), sample.shares, gains, seed=seed)
            return sample.design, [{"p_value": None, **row} for row in rows]
        except (DesignError, ValueError) as error:
            notes.append(f"no indices of the {sample.design} design: {error}; a linear fit instead")
    if found is None:
        notes.append("too few points for a fit of all inputs")
        return "", []
    noise = noise_share(gains[kept])
    noise = None if noise is None else min(noise, max(0.0, 1 - found.told))  # part of it lies along the lines by chance
    rest = max(0.0, 1 - found.told - (noise or 0.0))
    rows = [{**row, "ci": None} for row in found.rows]
    for name, share in ((REST, rest), (NOISE, noise)):
        rows.append({"input": name, "effect": share, "first": None, "ci": None, "p_value": None})
    return FIT, rows


def stands_out(row: Mapping[str, Any], noise: float | None) -> bool:
    """Whether an input's effect is more than chance: its p-value, or its interval against what an input without effect would show.

    noise : effect of the line of the noise; None, with one repetition, tells nothing apart from chance
    """
    if noise is None or row["effect"] is None:
        return False
    if row["p_value"] is not None:
        return float(row["p_value"]) < 0.05
    return row["ci"] is not None and float(row["effect"]) - float(row["ci"]) > noise


def _box(inputs: Sequence[Input], y: np.ndarray, notes: list[str]) -> dict[str, Any] | None:
    """Where the rarer of losing and winning lies."""
    losing = y < 0
    loses = losing.sum() * 2 <= len(y)
    cases = losing if loses else y > 0
    if len(y) < LEAST_POINTS:
        notes.append(f"{len(y)} points are too few to say where it loses: {LEAST_POINTS} at least")
        return None
    if cases.sum() < LEAST_CASES:
        return None
    box = discover(dict(zip(short_names([i.name for i in inputs]), [list(i.values) for i in inputs], strict=True)), cases)
    limits = [{"input": name, "limit": box.words(name), "p_value": box.p_values[name]} for name in box.limits]
    return {"of": "loses" if loses else "wins", "text": box.text(), "limits": limits, "coverage": box.coverage, "density": box.density, "support": box.support, "cases": int(cases.sum())}


def short_names(keys: Sequence[str]) -> list[str]:
    """Each key by as few of its last words as tell it from the others, two where one word alone says little."""
    out = []
    for key in keys:
        parts = key.split(".")
        size = 1 if "_" in parts[-1] or len(parts) == 1 else 2
        while size < len(parts) and sum(other.split(".")[-size:] == parts[-size:] for other in keys) > 1:
            size += 1
        out.append(".".join(parts[-size:]))
    return out
