"""New data move an ensemble: parameters that drift are regressed on what was foretold, and an ensemble that has lost its
spread is healed and says so.

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


def drift(theta: Floats, sd: Floats, steps: float, normals: Floats) -> Floats:
    """A random walk of `steps` steps, sd (P,) or (N, P) each.

    normals: (N, P) standard normals of the caller's keyed draws.
    """
    return np.asarray(theta + np.sqrt(steps) * np.asarray(sd) * normals)


def inflate(theta: Floats, factor: Floats | float) -> Floats:
    """The ensemble with its spread round the mean times `factor`."""
    mean = theta.mean(axis=0)
    return np.asarray(mean + (theta - mean) * factor)


# ---- one step ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Step:
    """What an update did.

    theta: (N, P) after; healed: parameters that had collapsed; z: (S,) observed less foretold, in sds of the two together;
    words: for the journal.
    """

    theta: Floats
    healed: tuple[str, ...]
    z: Floats
    words: str


def step(theta: Floats, predicted: Floats, observed: Floats, sd: Floats, *, local: Floats | None = None, names: Sequence[str] = (),
         spread: Floats | None = None, apart: bool = False) -> Step:  # fmt: skip
    """One update: parameters by regression, an ensemble that has lost its spread healed.

    Parameters
    ----------
    spread : (P,) sds that the parameters have in the long run; a parameter whose sd falls below LEAST_SPREAD of it is
        spread out to that, and is named. None: not watched
    apart : as `enkf`

    With nothing observed theta is returned as it is.
    """
    n, p = theta.shape
    names = tuple(names) or tuple(f"theta_{i}" for i in range(p))
    seen = np.isfinite(observed)
    if not seen.any():
        return Step(theta, (), np.full(observed.shape, np.nan), "nothing observed: nothing moved")
    after = enkf(theta, predicted, observed, sd, local, apart)
    total = np.sqrt(predicted.var(axis=0, ddof=1) + np.asarray(sd) ** 2)
    z = np.where(total > 0, (observed - predicted.mean(axis=0)) / np.where(total > 0, total, 1.0), np.nan)
    said = [f"{int(seen.sum())} of {seen.size} aggregates observed"]
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
    return Step(after, tuple(healed), z, "; ".join(said))
