"""New data move an ensemble: parameters that drift are regressed on what was foretold, members far from the data are
replaced by near ones, and an ensemble that has lost its spread is healed and says so.

Arrays only: N members, P parameters, S observed aggregates (a week's orders by channel, stock, a queue). Parameters
stand on the scale on which they drift (logs of paces and rates). The update is the serial square-root filter of
Whitaker & Hamill (2002): no perturbed observations, so it draws nothing and members may stand in any order. With
linear forecasts and normal errors it is the Kalman filter. Oracles: tests/twin/test_assimilate.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: share of members below which an ensemble counts as degenerate
LEAST_EFFECTIVE = 0.3
#: part of its expected spread below which a parameter counts as collapsed
LEAST_SPREAD = 0.1


def enkf(theta: Floats, predicted: Floats, observed: Floats, sd: Floats, local: Floats | None = None, apart: bool = False) -> Floats:
    """Parameters after the observations, (N, P); nothing is changed in place.

    Parameters
    ----------
    theta : (N, P) before; predicted : (N, S) what each member foretold
    observed : (S,) what came; NaN: not observed, moves nothing
    sd : (S,) chance of an observation round a member's foretold figure that `predicted` does not hold yet: 0 where
        members foretell with all their chance, `count_sd` where they foretell means
    local : (P, S) in [0, 1], how far an observation may move a parameter; None: all may move all
    apart : an observation leaves alone what members foretell of others: right where no two of them tell of one parameter

    Raises ValueError for shapes that do not fit, fewer than two members, sd below 0.
    """
    theta, predicted = np.asarray(theta, float), np.asarray(predicted, float)
    n, p = theta.shape
    s = predicted.shape[1]
    local = np.ones((p, s)) if local is None else np.asarray(local, float)
    if predicted.shape[0] != n or n < 2 or np.shape(observed) != (s,) or np.shape(sd) != (s,) or local.shape != (p, s):
        raise ValueError(
            f"theta {theta.shape}, predicted {predicted.shape}, observed {np.shape(observed)}, sd {np.shape(sd)}, local {local.shape}: "
            "needed (N, P), (N, S), (S,), (S,), (P, S) with two members or more"
        )
    if np.any(np.asarray(sd) < 0) or np.any((local < 0) | (local > 1)):
        raise ValueError("sd must be 0 or more and local in [0, 1]")
    # later observations are foretold by members that the earlier ones have moved: what one explains the next does not
    reach = np.concatenate([local, np.eye(s) if apart else np.ones((s, s))])
    state = np.concatenate([theta, predicted], axis=1)
    for i in range(s):
        if not np.isfinite(observed[i]):
            continue
        mean = state.mean(axis=0)
        off = state - mean
        y = off[:, p + i].copy()
        own = float(y @ y) / (n - 1)
        total = own + float(sd[i]) ** 2
        if own <= 0 or total <= 0:
            continue
        gain = reach[:, i] * (y @ off) / (n - 1) / total
        part = 1.0 / (1.0 + np.sqrt(float(sd[i]) ** 2 / total))  # spread shrinks by the root of what the mean takes
        state = state + (observed[i] - mean[p + i] - part * y)[:, None] * gain
    return np.asarray(state[:, :p])


def drift(theta: Floats, sd: Floats, steps: float, normals: Floats, mean: Floats | None = None, pull: Floats | None = None) -> Floats:
    """A random walk of `steps` steps, sd (P,) each; with `pull` (P,) in [0, 1) a step goes that part of the way to `mean`.

    normals: (N, P) standard normals of the caller's keyed draws.
    """
    if pull is None or mean is None:
        return np.asarray(theta + np.sqrt(steps) * np.asarray(sd) * normals)
    keep = (1.0 - np.asarray(pull)) ** steps
    spread = np.where(pull > 0, (1 - keep**2) / np.maximum(1 - (1.0 - np.asarray(pull)) ** 2, 1e-12), steps)
    return np.asarray(mean + keep * (theta - mean) + np.sqrt(spread) * np.asarray(sd) * normals)


def inflate(theta: Floats, factor: Floats | float) -> Floats:
    """The ensemble with its spread round the mean times `factor`."""
    mean = theta.mean(axis=0)
    return np.asarray(mean + (theta - mean) * factor)


def relax(before: Floats, after: Floats, share: float) -> Floats:
    """Spread given back: each parameter's sd goes `share` of the way from after to before (Whitaker & Hamill 2012)."""
    old, new = before.std(axis=0, ddof=1), after.std(axis=0, ddof=1)
    return inflate(after, np.where(new > 0, 1 + share * (old - new) / np.maximum(new, 1e-300), 1.0))


# ---- weights and resampling ----------------------------------------------------------------------------------
def effective(weights: Floats) -> float:
    """Members that count: 1 over the sum of squared weights (which sum to 1)."""
    w = np.asarray(weights, float)
    return float(w.sum() ** 2 / (w @ w))


def log_fit(predicted: Floats, observed: Floats, sd: Floats) -> Floats:
    """(N,) normal log likelihood of each member; observations that are NaN say nothing."""
    seen = np.isfinite(observed) & (np.asarray(sd) > 0)
    z = (np.asarray(predicted)[:, seen] - np.asarray(observed)[seen]) / np.asarray(sd)[seen]
    return np.asarray(-0.5 * (z**2).sum(axis=1))


def weigh(weights: Floats, log_like: Floats, least: float = LEAST_EFFECTIVE) -> tuple[Floats, float]:
    """New weights and the power in (0, 1] to which the likelihood was taken so that `least` of the members count.

    A power below 1 says that the data lie where few members are: the caller should say so. When the old weights
    already count for less than that, the power is 0 and they stay.
    """
    weights = np.asarray(weights, float) / np.sum(weights)
    n = weights.size

    def at(power: float) -> Floats:
        logs = np.log(np.maximum(weights, 1e-300)) + power * log_like
        w = np.exp(logs - logs.max())
        return np.asarray(w / w.sum())

    if effective(at(1.0)) >= least * n:
        return at(1.0), 1.0
    low, high = 0.0, 1.0
    if effective(weights) < least * n:
        return weights, 0.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(at(middle)) >= least * n else (low, middle)
    return at(low), low


def resample(weights: Floats, u: float) -> Ints:
    """(N,) members to copy: systematic draws at (i + u) / N, u in [0, 1); a member of weight w comes floor(Nw) or
    ceil(Nw) times. A member that stays stands in its own place, so that only the others need be copied.

    Equal weights give the members themselves.
    """
    w = np.asarray(weights, float)
    if not (0.0 <= u < 1.0) or np.any(w < 0) or not w.sum() > 0:
        raise ValueError(f"u = {u} must be in [0, 1) and weights 0 or more with a sum above 0")
    n = w.size
    edges = np.cumsum(w / w.sum())
    edges[-1] = 1.0
    # a hair's breadth: equal weights whose sums pass i / N by rounding must not draw a member twice
    chosen = np.minimum(np.searchsorted(edges - 1e-12, (np.arange(n) + u) / n, side="right"), n - 1)
    copies = np.bincount(chosen, minlength=n)
    out = np.arange(n)
    out[copies == 0] = np.repeat(np.arange(n), np.maximum(copies - 1, 0))
    return out.astype(np.int64)


# ---- one step ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Step:
    """What an update did.

    theta: (N, P) after; index: (N,) members to copy, their own numbers where none is; effective: members that count
    by their fit; power: of the likelihood, 1 unless few members were near; healed: parameters that had collapsed;
    z: (S,) observed less foretold, in sds of the two together; words: for the journal.
    """

    theta: Floats
    index: Ints
    effective: float
    power: float
    healed: tuple[str, ...]
    z: Floats
    words: str


def step(theta: Floats, predicted: Floats, observed: Floats, sd: Floats, *, local: Floats | None = None, names: Sequence[str] = (),
         spread: Floats | None = None, resample_at: float | None = 0.5, u: float = 0.5, relaxed: float = 0.0,
         log_like: Floats | None = None, apart: bool = False) -> Step:  # fmt: skip
    """One update: parameters by regression, members by resampling, degeneracy healed.

    Parameters
    ----------
    spread : (P,) sds that the parameters have in the long run; a parameter whose sd falls below LEAST_SPREAD of it is
        spread out to that, and is named. None: not watched
    resample_at : share of effective members below which members are copied; None: never
    u : one uniform of the caller's keyed draws
    relaxed : part of the lost spread given back
    log_like : (N,) of each member, where the caller knows it better than by `predicted` and `sd` (members of unlike
        chance)
    apart : as `enkf`

    With nothing observed theta is returned as it is and the index is the members' own numbers.
    """
    n, p = theta.shape
    names = tuple(names) or tuple(f"theta_{i}" for i in range(p))
    seen = np.isfinite(observed)
    own = np.arange(n)
    if not seen.any():
        return Step(theta, own, float(n), 1.0, (), np.full(observed.shape, np.nan), "nothing observed: nothing moved")
    after = enkf(theta, predicted, observed, sd, local, apart)
    if relaxed:
        after = relax(theta, after, relaxed)
    total = np.sqrt(predicted.var(axis=0, ddof=1) + np.asarray(sd) ** 2)
    z = np.where(total > 0, (observed - predicted.mean(axis=0)) / np.where(total > 0, total, 1.0), np.nan)
    said = [f"{int(seen.sum())} of {seen.size} aggregates observed"]
    index, power, size = own, 1.0, float(n)
    if resample_at is not None:
        like = log_fit(predicted, observed, np.where(sd > 0, sd, total)) if log_like is None else log_like
        weights, power = weigh(np.full(n, 1.0 / n), like)
        size = effective(weights)
        if size < resample_at * n:
            index = resample(weights, u)
            after = after[index]
            said.append(f"{n - np.unique(index).size} of {n} members replaced by nearer ones")
        if power < 1:
            said.append(f"few members were near the data: their fit was counted at {power:.2f}")
    healed: list[str] = []
    if spread is not None:
        sds = after.std(axis=0, ddof=1)
        least = LEAST_SPREAD * np.asarray(spread)
        for i in np.flatnonzero((sds < least) & (sds > 0)):
            after[:, i] = inflate(after[:, [i]], least[i] / sds[i])[:, 0]
            healed.append(names[i])
        for i in np.flatnonzero((sds <= 0) & (least > 0)):  # all members alike: an even spread, in their order
            after[:, i] += least[i] * np.sqrt(3) * (2 * (np.arange(n) + 0.5) / n - 1)
            healed.append(names[i])
        if healed:
            said.append("had collapsed and was spread out: " + ", ".join(healed))
    far = np.abs(z) > 4
    if far.any():
        said.append(f"{int(far.sum())} aggregates lie more than 4 sds from what was foretold")
    return Step(after, index, size, power, tuple(healed), z, "; ".join(said))
