"""From readings of arms to an effect with its interval, and from there to a verdict. Pure functions of numbers.

Undefined is None. Oracle: tests/validation/test_effects.py, closed forms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from omosim.results.rounding import nine_digits
from omosim.study.stats import mean, paired

HOLDS, OUTSIDE, WRONG_SIGN, CANNOT_TELL = "holds", "outside", "wrong_sign", "cannot_tell"
#: statistic -> arms that it compares, None as many as have an x
STATISTICS: dict[str, int | None] = {
    "log_ratio": 2, "change": 2, "difference": 2, "slope": None, "log_slope": None, "level": 1, "premium": 1,
}  # fmt: skip
#: statistic -> its value when nothing differs
NEUTRAL = {name: 1.0 if name == "premium" else 0.0 for name in STATISTICS}
#: statistics of two groups of shoppers in one arm
GROUPS_OF = ("premium",)
#: statistics that are shares, whatever the measure's unit
OF_SHARES = ("log_ratio", "change", "log_slope")

Reading = float | None


def effect(statistic: str, readings: Sequence[Sequence[Reading]], x: Sequence[float]) -> Reading:
    """The effect in one replication.

    Parameters
    ----------
    statistic : one of STATISTICS
    readings : for each group of shoppers (one or two), a reading an arm
    x : place of each arm, for slopes

    Returns
    -------
    The effect; with two groups, that in the first less that in the second (for premium their ratio). None where a
    reading is missing or the statistic has no value.
    """
    if any(value is None for group in readings for value in group):
        return None
    if statistic == "premium":
        first, second = readings[0][0], readings[1][0]
        return first / second if first is not None and second else None
    parts = [_one(statistic, [v for v in group if v is not None], x) for group in readings]
    if any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    return known[0] - sum(known[1:])


def _one(statistic: str, values: Sequence[float], x: Sequence[float]) -> Reading:
    if statistic == "level":
        return values[0]
    if statistic in ("slope", "log_slope"):
        return slope(values, x, logs=statistic == "log_slope")
    treated, control = values
    if statistic == "difference":
        return treated - control
    if control <= 0 or (statistic == "log_ratio" and treated <= 0):
        return None
    return math.log(treated / control) if statistic == "log_ratio" else treated / control - 1.0


def slope(values: Sequence[float], x: Sequence[float], *, logs: bool = False) -> Reading:
    """Least squares slope of the values (or their logs) over x; None without spread of x or with a log of nothing."""
    if logs and min(values) <= 0:
        return None
    y = [math.log(v) for v in values] if logs else list(values)
    centre = mean(x)
    spread = math.fsum((a - centre) ** 2 for a in x)
    return math.fsum((a - centre) * b for a, b in zip(x, y, strict=True)) / spread if spread > 0 else None


def parts_of(top: Sequence[Reading], bottom: Sequence[Reading], top_neutral: float, bottom_neutral: float) -> list[Reading]:
    """An effect as a part of another one, a value a replication whose mean is the ratio of the means.

    The value is R + (a - R b) / mean(b) with R = mean(a) / mean(b): its spread is that of the ratio by the delta
    method, and a single replication in which the other effect is near 0 does no harm.
    """
    pairs = [(a - top_neutral, b - bottom_neutral) if a is not None and b is not None else None for a, b in zip(top, bottom, strict=True)]
    known = [pair for pair in pairs if pair is not None]
    below = mean([b for _, b in known]) if known else 0.0
    if below == 0:
        return [None] * len(pairs)
    ratio = mean([a for a, _ in known]) / below
    return [None if pair is None else ratio + (pair[0] - ratio * pair[1]) / below for pair in pairs]


@dataclass(frozen=True)
class Estimate:
    """Mean effect over replications with its 95 % interval; None where undefined, with the reason."""

    value: float | None
    ci_low: float | None
    ci_high: float | None
    replications: int
    reason: str = ""


def estimate(values: Sequence[Reading]) -> Estimate:
    """Mean and interval of the effects of paired replications, by the same interval as a comparison's."""
    found = paired(list(values), [0.0] * len(values))
    return Estimate(found.diff, found.ci_low, found.ci_high, found.pairs, found.reason)


def side(band: Sequence[float | None] | None, sign: str | None, neutral: float) -> int:
    """Side on which the interval must lie: +1, -1, or 0 where none is asked for; a band on one side asks for it."""
    if sign is not None:
        return {"+": 1, "-": -1, "0": 0}[sign]
    low, high = band if band is not None else (None, None)
    if low is not None and low >= neutral:
        return 1
    return -1 if high is not None and high <= neutral else 0


def judge(found: Estimate, band: Sequence[float | None] | None, sign: str | None, neutral: float) -> str:
    """holds | outside | wrong_sign | cannot_tell; the rule stands in docs/validation.md.

    Parameters
    ----------
    found : the estimate
    band : [low, high] for the mean, None no limit; sign : '+', '-', '0' or None; neutral : the effect of nothing
    """
    value, low, high = found.value, found.ci_low, found.ci_high
    if value is None or low is None or high is None:
        return CANNOT_TELL
    wanted = side(band, sign, neutral)
    if wanted and (high < neutral if wanted > 0 else low > neutral):
        return WRONG_SIGN
    if wanted and low <= neutral <= high:
        return CANNOT_TELL
    least, most = band if band is not None else (None, None)
    inside = (least is None or value >= least) and (most is None or value <= most)
    if least is not None and most is not None and low < least and high > most:
        return CANNOT_TELL
    return HOLDS if inside else OUTSIDE


def rounded(values: Sequence[Reading]) -> list[Reading]:
    """Values to nine digits, as files keep them."""
    return [None if v is None else nine_digits(v) for v in values]
