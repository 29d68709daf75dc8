"""Paired intervals, verdicts and what the pairing gained. Undefined is None with a reason, never NaN.

Sums are exactly rounded (`math.fsum`), quantiles are rounded to nine digits before use: no result depends on the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omosim.results.rounding import nine_digits

BETTER, WORSE, CANNOT_TELL = "better", "worse", "cannot_tell"
LEAST_FOR_SKEWNESS = 5  # fewer values say nothing about it
_NOISE = 1e-12  # differences below this share of the values are rounding of the nine digits


def t_quantile(p: float, df: int) -> float:
    """Quantile of Student's t; oracle: tables in tests/study/test_stats.py."""
    from scipy.special import stdtrit

    return nine_digits(float(stdtrit(df, p)))


def t_probability(x: float, df: int) -> float:
    """P(T <= x) for Student's t."""
    from scipy.special import stdtr

    return nine_digits(float(stdtr(df, x)))


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean of one value or more."""
    return math.fsum(values) / len(values)


def variance(values: Sequence[float]) -> float:
    """Unbiased variance of two values or more."""
    centre = mean(values)
    return math.fsum((v - centre) ** 2 for v in values) / (len(values) - 1)


def third_moment(values: Sequence[float], centre: float, spread: float) -> float:
    """Skewness of a sample of given mean and unbiased variance: m3 / m2^1.5, moments over n; 0 below five values."""
    n, sd = len(values), math.sqrt(spread * (len(values) - 1) / len(values))
    if n < LEAST_FOR_SKEWNESS:
        return 0.0
    return math.fsum(((v - centre) / sd) * ((v - centre) / sd) * ((v - centre) / sd) for v in values) / n


def to_hall(t: float, tail: float) -> float:
    """Hall's (1992) transform of a t statistic, nearer to Student's law for skew samples; it rises in t.

    tail: skewness over the root of the sample's size. Source: P. Hall (1992), On the removal of skewness by
    transformation, Journal of the Royal Statistical Society B 54, 221-228.
    """
    return t + tail * t * t / 3 + tail * tail * t * t * t / 27 + tail / 6


def from_hall(x: float, tail: float) -> float:
    """The t statistic whose transform is x."""
    if abs(tail) < 1e-9:  # below, the difference of the cube root from 1 is rounding; the transform is x itself
        return x
    return (math.cbrt(1 + tail * (x - tail / 6)) - 1) * 3 / tail


def two_sided(x: float, df: int) -> float:
    """P(|T| >= |x|) for Student's t."""
    return 2 * t_probability(-abs(x), df)


@dataclass(frozen=True)
class Paired:
    """A strategy against the baseline over pairs of replications; numbers in the KPI's unit."""

    pairs: int
    mean: float | None = None
    baseline_mean: float | None = None
    diff: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    half_width: float | None = None
    p_value: float | None = None
    prob_positive: float | None = None
    variance_reduction: float | None = None
    reason: str = ""


def paired(arm: Sequence[float | None], baseline: Sequence[float | None], *, alpha: float = 0.05) -> Paired:
    """Interval on the mean difference of pairs: Student's and, for skew differences, Hall's, whichever reaches further.

    arm, baseline: one value a replication, None where undefined; pairs with an undefined side are left out.
    alpha: two-sided error of the interval (divide by the number of arms for Bonferroni).
    Student's alone misses too often on the side of the longer tail; Hall's (1992) alone too often where tails are heavy
    and even. Together they keep the promise for both: docs/defence_of_design.md. The p-value is the larger of the two,
    so it agrees with the interval; `prob_positive`, P(true difference > 0) under the flat prior, the less sure of the
    two. `variance_reduction` is (var a + var b) / var(a - b): how many times more pairs independent seeds
    would have needed.
    """
    kept = [(a, b) for a, b in zip(arm, baseline, strict=True) if a is not None and b is not None]
    n = len(kept)
    if n == 0:
        return Paired(0, reason="undefined in every pair of replications")
    left, right = [a for a, _ in kept], [b for _, b in kept]
    scale = max(map(abs, (*left, *right)))
    diffs = [a - b for a, b in kept]
    lost = f"undefined in {len(arm) - n} of {len(arm)} pairs" if n < len(arm) else ""
    centre = mean(diffs)
    if abs(centre) <= _NOISE * scale:
        centre = 0.0
    base: dict[str, Any] = {
        "pairs": n,
        "mean": _round(mean(left)),
        "baseline_mean": _round(mean(right)),
        "diff": _round(centre),
    }
    if n == 1:
        return Paired(**base, reason="one pair: no interval")
    spread = variance(diffs)
    error = math.sqrt(spread / n)
    if error == 0.0 or math.sqrt(spread) <= _NOISE * scale:
        sure = 0.5 if centre == 0 else float(centre > 0)
        why = "the same in both worlds" if centre == 0 else "the same difference in every pair"
        return Paired(
            **base,
            ci_low=_round(centre),
            ci_high=_round(centre),
            half_width=0.0,
            p_value=float(centre == 0),
            prob_positive=sure,
            reason=_join(lost, why),
        )
    tail = third_moment(diffs, centre, spread) / math.sqrt(n)
    t = t_quantile(1 - alpha / 2, n - 1)
    low, high = max(t, from_hall(t, tail)) * error, max(t, -from_hall(-t, tail)) * error
    ratio = centre / error
    positive = [t_probability(x, n - 1) for x in (ratio, to_hall(ratio, tail))]
    unsure = min(positive, key=lambda p: abs(p - 0.5))
    return Paired(
        **base,
        ci_low=_round(centre - low),
        ci_high=_round(centre + high),
        half_width=_round((low + high) / 2),
        p_value=_round(max(two_sided(x, n - 1) for x in (ratio, to_hall(ratio, tail)))),
        prob_positive=unsure,
        variance_reduction=_round((variance(left) + variance(right)) / spread),
        reason=lost,
    )


def holm(p_values: Sequence[float | None], *, alpha: float = 0.05) -> list[bool]:
    """Which hypotheses Holm's step-down test rejects; None is never rejected and does not count."""
    order = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    rejected = [False] * len(p_values)
    for step, (p, i) in enumerate(order):
        if p > alpha / (len(order) - step):
            break
        rejected[i] = True
    return rejected


def leaves_out_0(low: float | None, high: float | None) -> bool:
    """Whether an interval is there and lies on one side of 0."""
    return low is not None and high is not None and (low > 0 or high < 0)


def verdicts(results: Sequence[Paired], direction: int, *, alpha: float = 0.05) -> list[str]:
    """better | worse | cannot_tell for the arms of one KPI; direction +1 when more is better, -1 when less is.

    A verdict wants both: Holm's test over the arms rejects, and the interval that stands beside it leaves out 0. Of
    intervals that are Bonferroni over the arms the second is the stricter one.
    """
    out = []
    for result, sure in zip(results, holm([r.p_value for r in results], alpha=alpha), strict=True):
        gain = direction * (result.diff or 0.0)
        told = sure and gain != 0 and leaves_out_0(result.ci_low, result.ci_high)
        out.append(CANNOT_TELL if not told else BETTER if gain > 0 else WORSE)
    return out


def prob_better(result: Paired, direction: int) -> float | None:
    """P(the strategy is truly better than the baseline) in the KPI's direction."""
    if result.prob_positive is None:
        return None
    return result.prob_positive if direction > 0 else _round(1 - result.prob_positive)


def _round(value: float) -> float:
    return nine_digits(value)


def _join(*parts: str) -> str:
    return "; ".join(p for p in parts if p)
