"""Repeat purchases of a cohort: BG/CNBD-k, of which BG/NBD is the case k = 1.

A customer makes a first purchase at time 0 and then repeats with Erlang-k gaps of stage rate lambda; after each
repeat purchase (not the first) the customer leaves for good with probability p. lambda ~ Gamma(r, rate alpha),
p ~ Beta(a, b) over customers. Fader, Hardie & Lee (2005) for k = 1; Reutterer, Platzer & Schröder (2021) for k > 1.
Time is in weeks. Oracles: tests/twin/test_bgcnbd.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

Floats = NDArray[np.float64]
_LOW, _HIGH = np.log(1e-3), np.log(1e3)


@dataclass(frozen=True)
class Cohort:
    """Sufficient statistics of customers: all arrays (n,), times in weeks since the first purchase."""

    x: NDArray[np.int64]  # repeat purchases
    t_x: Floats  # time of the last of them, 0 when there is none
    t_end: Floats  # time until the end of observation
    sum_log_gap: Floats  # sum of log gaps between purchases

    def __len__(self) -> int:
        return int(self.x.size)

    def mark(self) -> str:
        """What tells it from other cohorts: the beginning of a hash of its arrays."""
        found = hashlib.sha256()
        for part in (self.x, self.t_x, self.t_end, self.sum_log_gap):
            found.update(np.ascontiguousarray(part).tobytes())
        return found.hexdigest()[:16]


@dataclass(frozen=True)
class RepeatFit:
    """Maximum-likelihood fit of one k."""

    k: int
    r: float
    alpha: float  # weeks, of the stage rate
    a: float
    b: float
    log_likelihood: float
    customers: int
    converged: bool
    se: tuple[float, float, float, float]  # of log r, log alpha, log a, log b; NaN where the surface is flat
    cohort: str = ""  # mark of what it was fitted on; "" where it is not as the fit left it

    @property
    def purchase_alpha(self) -> float:
        """Gamma rate of the purchase rate lambda / k, weeks: purchases come every k stages."""
        return self.k * self.alpha


def cohort_from_days(customer: NDArray[Any], day: NDArray[Any], end_day: float) -> Cohort:
    """Cohort from one row per purchase.

    customer: (n,) codes 0..; day: (n,) days, purchases of one customer on one day count once; end_day: end of
    observation, in the same count (exclusive end of the last day).
    """
    pairs = np.unique(np.stack([np.asarray(customer, np.int64), np.floor(day).astype(np.int64)], axis=1), axis=0)
    who, when = pairs[:, 0], pairs[:, 1].astype(np.float64)
    starts = np.flatnonzero(np.r_[True, who[1:] != who[:-1]])
    ends = np.r_[starts[1:], who.size] - 1
    gap = np.r_[0.0, np.diff(when)] / 7.0
    gap[starts] = 1.0  # log 1 = 0: no gap before the first purchase
    return Cohort(
        x=(ends - starts).astype(np.int64),
        t_x=(when[ends] - when[starts]) / 7.0,
        t_end=(float(end_day) - when[starts]) / 7.0,
        sum_log_gap=np.add.reduceat(np.log(gap), starts),
    )


def log_likelihood(params: tuple[float, float, float, float], k: int, cohort: Cohort) -> Floats:
    """Log likelihood of each customer, (n,).

    params: r, alpha (weeks, of the stage rate), a, b. The survivor term sums the k ways to stand inside a gap.
    """
    r, alpha, a, b = params
    x, t_x, t_end = cohort.x, cohort.t_x, cohort.t_end
    kx = k * x
    common = (k - 1) * cohort.sum_log_gap - x * gammaln(k) + r * np.log(alpha) - gammaln(r) - betaln(a, b)
    with np.errstate(divide="ignore"):
        log_wait = np.log(np.maximum(t_end - t_x, 0.0))
    stages = np.full(x.shape, -np.inf)
    for j in range(k):
        part = gammaln(r + kx + j) - (r + kx + j) * np.log(alpha + t_end) - gammaln(j + 1)
        stages = np.logaddexp(stages, part + (j * log_wait if j else 0.0))
    alive = betaln(a, b + x) + stages
    gone = betaln(a + 1.0, b + np.maximum(x, 1) - 1.0) + gammaln(r + kx) - (r + kx) * np.log(alpha + t_x)
    return common + np.logaddexp(alive, np.where(x > 0, gone, -np.inf))


def fit(cohort: Cohort, k: int = 1) -> RepeatFit:
    """Maximum likelihood over log parameters from several starts (L-BFGS-B, then Nelder-Mead to polish)."""
    if len(cohort) < 20 or int(cohort.x.sum()) == 0:
        raise ValueError(f"{len(cohort)} customers with {int(cohort.x.sum())} repeat purchases: too few for a fit")

    def minus(log_params: Floats) -> float:
        clipped = np.clip(log_params, _LOW, _HIGH)
        value = -float(log_likelihood(tuple(np.exp(clipped)), k, cohort).sum()) / len(cohort)  # type: ignore[arg-type]
        return value if np.isfinite(value) else 1e6

    starts = [(0.7, 5.0, 0.5, 2.0), (0.3, 4.0, 0.1, 1.0), (1.5, 2.0 * k, 1.0, 5.0)]
    bounds = [(_LOW, _HIGH)] * 4
    tries = [minimize(minus, np.log(s), method="L-BFGS-B", bounds=bounds) for s in starts]
    best = min(tries, key=lambda t: float(t.fun))
    polish = minimize(
        minus, best.x, method="Nelder-Mead", bounds=bounds, options={"xatol": 1e-6, "fatol": 1e-10, "maxiter": 2000}
    )
    log_params = np.asarray(polish.x)
    r, alpha, a, b = (float(v) for v in np.exp(log_params))
    return RepeatFit(
        k, r, alpha, a, b, -float(polish.fun) * len(cohort), len(cohort), bool(polish.success),
        _standard_errors(minus, log_params, len(cohort)), cohort.mark(),
    )  # fmt: skip


def _standard_errors(minus: Any, at: Floats, n: int) -> tuple[float, float, float, float]:
    """Standard errors of log parameters from the observed information by central differences."""
    step, size = 1e-3, at.size
    hessian = np.zeros((size, size))
    eye = np.eye(size) * step
    for i in range(size):
        for j in range(i, size):
            value = (
                minus(at + eye[i] + eye[j]) - minus(at + eye[i] - eye[j])
                - minus(at - eye[i] + eye[j]) + minus(at - eye[i] - eye[j])
            ) / (4 * step * step)  # fmt: skip
            hessian[i, j] = hessian[j, i] = value * n
    try:
        variance = np.diag(np.linalg.inv(hessian))
    except np.linalg.LinAlgError:
        variance = np.full(size, np.nan)
    with np.errstate(invalid="ignore"):
        se = np.sqrt(np.where(variance > 0, variance, np.nan))
    return (float(se[0]), float(se[1]), float(se[2]), float(se[3]))


def choose_k(cohort: Cohort, ks: tuple[int, ...] = (1, 2, 3), known: Sequence[RepeatFit] = ()) -> tuple[RepeatFit, list[RepeatFit]]:
    """The fit of the likeliest k and all of them; each k has its own r, alpha, a, b.

    known : fits made before; those of this very cohort are taken as they are
    """
    mark = cohort.mark() if known else ""
    made = {one.k: one for one in known if one.cohort == mark}
    fits = [made.get(k) or fit(cohort, k) for k in ks]
    return max(fits, key=lambda f: f.log_likelihood), fits


def thinned(fits: list[RepeatFit], stages: int, share: float) -> RepeatFit:
    """The fit whose regularity is nearest to that of purchases which are a random `share` of Erlang-`stages` needs.

    Such purchases have gaps of CV^2 = 1 - share (1 - 1/stages); each k has its own r, alpha, a, b, and another's
    would spread the customers wrongly.
    """
    cv2 = 1.0 - share * (1.0 - 1.0 / stages)
    return min(fits, key=lambda f: abs(1.0 / f.k - cv2))
