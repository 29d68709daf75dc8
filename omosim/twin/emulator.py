"""Patterns as quadratic functions of the parameters, with the error of that description.

Simulations take turns in a few sets of draws. What a set does is left in the noise: it is what one retailer's own goods
and places do, which no bootstrap of its customers shows, and the observed log has it, too. Fitted beside the quadratic,
the sets would take a small calibration's few simulations for themselves. Oracle: tests/twin/test_posterior.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from omosim.twin.history import Floats


def features(z: Floats) -> Floats:
    """(N, 1 + P + P (P + 1) / 2): one, z, squares less their mean, products."""
    z = np.atleast_2d(z)
    i, j = np.triu_indices(z.shape[1])
    return np.concatenate([np.ones((len(z), 1)), z, z[:, i] * z[:, j] - (i == j)], axis=1)


@dataclass(frozen=True)
class Emulator:
    """Means of S patterns at any z, and their covariance of error."""

    origin: Floats  # (P,) z is measured from here,
    reach: Floats  # (P,) in these units
    weights: Floats  # (F, S)
    spread: Floats  # (F, F) features' covariance of error, mean over patterns, each over its own at a middling point
    error: Floats  # (S, S) covariance of the description's error at a middling point
    noise: Floats  # (S, S) covariance of one simulation about a description that was made without it
    within: Floats  # (S,) variance about the description, as it takes it to be
    claimed: Floats  # (S,) what `noise` would be, were all in it that chance and its own error bring
    points: int

    def features(self, z: Floats) -> Floats:
        """Features of (N, P) points."""
        return features((np.atleast_2d(z) - self.origin) / self.reach)

    def mean(self, z: Floats) -> Floats:
        """(N, S) expected patterns."""
        return self.features(z) @ self.weights

    def leverage(self, z: Floats) -> Floats:
        """(N,) variance of the description at z, in units of `error`."""
        return self.both(z)[1]

    def both(self, z: Floats) -> tuple[Floats, Floats]:
        """`mean` and `leverage`."""
        x = self.features(z)
        return x @ self.weights, ((x @ self.spread) * x).sum(axis=1)

    def misfit(self, chance: Floats) -> Floats:
        """(S,) variances beyond chance: what the description misses, and goods, prices and places that are drawn, too.

        chance: (S,) variances of one simulation. Since the sets of draws are few, a part of them is error of the mean.
        """
        return (1 + 1 / SETS) * (np.maximum(0.0, self.within - chance) + np.maximum(0.0, self.noise.diagonal() - self.claimed))

    def slopes(self, z: Floats, step: float = 0.05) -> Floats:
        """(S, P) changes of the patterns by one unit of each z, at one point."""
        size = self.origin.size
        at = np.repeat(np.atleast_2d(z), 2 * size, axis=0)
        at[np.arange(size), np.arange(size)] += step
        at[size + np.arange(size), np.arange(size)] -= step
        y = self.mean(at)
        return ((y[:size] - y[size:]) / (2 * step)).T


#: sd of a coefficient that is believed to be nothing, in standard deviations of the noise: never quite nothing
LEAST = 0.07
FOLDS = 6
SETS = 12  # sets of draws in which the simulations of a calibration take turns


def fit_emulator(z: Floats, y: Floats, weight: Floats | None = None) -> Emulator:
    """Sparse Bayesian regression of each pattern on the features (MacKay 1992): most parameters move few patterns.

    z: (N, P); y: (N, S); weight: (N,), None all alike. Simulations that sold nothing must be left out by the caller. Raises ValueError for fewer than P + 3 simulations.
    """
    n, size = z.shape
    if n < size + 3:
        raise ValueError(f"{n} simulations cannot tell {size} parameters; needed: {size + 3}")
    weight = np.ones(n) if weight is None else weight / weight.max()
    origin = np.average(z, axis=0, weights=weight)
    reach = np.maximum(np.sqrt(np.average((z - origin) ** 2, axis=0, weights=weight)), 1e-3)
    x = features((z - origin) / reach)
    root, f, total = np.sqrt(weight)[:, None], x.shape[1], float(weight.sum())
    whole, target = x * root, y * root
    count = y.shape[1]
    beta, left = np.zeros((f, count)), np.zeros((n, count))
    inverses, within = np.zeros((count, f, f)), np.zeros(count)
    fold = np.arange(n) * FOLDS // n if n < 2 * FOLDS else np.random.default_rng(n).permutation(n) % FOLDS
    for s in range(count):
        beta[:, s], inverse, within[s] = _sparse(whole, target[:, s], total)
        inverses[s] = inverse / within[s]
        for k in range(FOLDS):
            kept = fold != k
            part = _sparse(whole[kept], target[kept, s], float(weight[kept].sum()))[0]
            left[~kept, s] = target[~kept, s] - whole[~kept] @ part
    noise = left.T @ left / total
    middling = np.maximum(1e-9, np.einsum("nf,sfg,ng->s", x, inverses, x, optimize=True) / n)
    spread = (inverses / middling[:, None, None]).mean(axis=0)
    error = noise * np.sqrt(np.outer(middling, middling))
    return Emulator(origin, reach, beta, spread, error, noise, within, within * (1 + middling), n)


def _sparse(x: Floats, y: Floats, n: float, rounds: int = 15) -> tuple[Floats, Floats, float]:
    """Coefficients, their covariance and the noise's variance; each coefficient's own prior variance is estimated.

    n: weights of the rows, added up.
    """
    gram, cross = x.T @ x, x.T @ y
    sigma2 = max(float(y.var()) * 0.1, 1e-12)
    prior = np.full(x.shape[1], 1.0 / max(float(y.var()), 1e-9))
    prior[0] = 1e-9
    for _ in range(rounds):
        inverse = np.linalg.inv(gram / sigma2 + np.diag(prior))
        beta = inverse @ cross / sigma2
        known = np.clip(1 - prior * inverse.diagonal(), 1e-6, 1.0)
        rest = float(((y - x @ beta) ** 2).sum())
        sigma2 = max(rest / max(n - float(known.sum()), 0.2 * n), 1e-12)
        prior[1:] = np.minimum(known[1:] / np.maximum(beta[1:] ** 2, 1e-12), 1 / (LEAST**2 * sigma2))
    inverse = np.linalg.inv(gram / sigma2 + np.diag(prior))
    return inverse @ cross / sigma2, inverse, sigma2


@dataclass(frozen=True)
class Likelihood:
    """Synthetic likelihood: observed ~ N(mean(z), chance + error of the emulator(z) + discrepancy)."""

    emulator: Emulator
    observed: Floats  # (S,)
    fixed: Floats  # (S, S) chance of the log, its own goods and places, misfit of the description, discrepancy
    _basis: Floats  # (S, S) diagonalises `fixed` (to 1) and the emulator's noise (to `_ratio`) at once
    _ratio: Floats  # (S,)

    @classmethod
    def of(cls, emulator: Emulator, observed: Floats, chance: Floats, scale: float, discrepancy: Floats | None = None) -> Likelihood:
        """chance: (S, S) of the log; scale: people simulated for one of the log; discrepancy: (S,) variances."""
        own = emulator.misfit(np.diag(chance) / scale)
        fixed = chance + np.diag(own + (0.0 if discrepancy is None else discrepancy) + 1e-10)
        root = np.linalg.cholesky(fixed)
        half = np.linalg.solve(root, np.linalg.solve(root, emulator.error).T)
        ratio, turn = np.linalg.eigh((half + half.T) / 2)
        return cls(emulator, observed, fixed, np.linalg.solve(root.T, turn), np.maximum(ratio, 0.0))

    def log(self, z: Floats) -> Floats:
        """(N,) log likelihoods."""
        mean, leverage = self.emulator.both(z)
        spread = 1 + leverage[:, None] * self._ratio
        off = ((self.observed - mean) @ self._basis) ** 2
        return -0.5 * (off / spread + np.log(spread)).sum(axis=1)

    def miss(self, z: Floats) -> Floats:
        """(S,) observed less expected at one point, in standard deviations of each pattern."""
        total = np.diag(self.fixed) + float(self.emulator.leverage(z)[0]) * np.diag(self.emulator.error)
        return (self.observed - self.emulator.mean(z)[0]) / np.sqrt(total)


def sample(log_posterior: object, start: Floats, rng: np.random.Generator, steps: int = 1500, keep: int = 20) -> Floats:
    """Goodman & Weare's (2010) stretch moves of W walkers; the last `keep` states, 25 steps apart, (W keep, P).

    log_posterior: (N, P) -> (N,), -inf outside the prior's range. start: (W, P), W even.
    """
    assert callable(log_posterior)
    at = start.copy()
    value = np.asarray(log_posterior(at))
    half, size = len(at) // 2, at.shape[1]
    kept = []
    for step in range(steps + 25 * keep):
        for mine, other in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
            stretch = (1 + rng.random(half)) ** 2 / 2
            partner = at[other][rng.integers(0, half, half)]
            new = partner + stretch[:, None] * (at[mine] - partner)
            found = np.asarray(log_posterior(new))
            accept = np.log(rng.random(half)) < (size - 1) * np.log(stretch) + found - value[mine]
            at[mine] = np.where(accept[:, None], new, at[mine])
            value[mine] = np.where(accept, found, value[mine])
        if step >= steps and (step - steps) % 25 == 24:
            kept.append(at.copy())
    return np.concatenate(kept)
