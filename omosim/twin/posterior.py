"""A set of plausible parameters of one retailer: simulation in waves, an emulator, a synthetic likelihood, draws.

Wave 1 spreads over the prior (Sobol), later waves about the draws that the waves before leave plausible. Patterns that
no parameters can reach get a discrepancy as wide as they are missed, so that they speak less and are named. The same
log, settings, seed and plan give the same draws; every finished simulation is kept, and a killed calibration goes on.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm, qmc

from omosim.results import write_json
from omosim.results.provenance import code_version
from omosim.schema.settings import Settings
from omosim.twin.emulator import SETS, Emulator, Likelihood, fit_emulator, sample
from omosim.twin.errors import CalibrationError
from omosim.twin.history import Floats, Ints
from omosim.twin.parameters import Fit, Prior, settings_of
from omosim.twin.summaries import Orders, Patterns, chance, orders_of_run, pattern_title, shocks

#: Settings -> one frame of orders each, in their order, as they finish
RunMany = Callable[[list[Settings]], Iterable[pd.DataFrame]]
#: waves: part of the simulations, and how much wider than the plausible draws they are spread
WAVES = ((0.45, 1.0), (0.3, 1.6), (0.25, 1.3))
LEAST_RUNS, MOST_RUNS = 48, 240
FORMAT = 1
#: patterns missed by more standard deviations than this at the best parameters get a discrepancy
MISSED = 2.5


@dataclass(frozen=True)
class Plan:
    """How much to simulate.

    budget_s: seconds of the clock; jobs: simulations at a time; runs: simulations in all, None by the budget and the
    time of the first; draws: of the posterior; checks: simulations at draws, held against the log.
    """

    budget_s: float = 1500.0
    jobs: int = 1
    runs: int | None = None
    draws: int = 400
    checks: int = 8
    waves: tuple[tuple[float, float], ...] = WAVES


@dataclass
class Posterior:
    """Plausible parameters and what they rest on."""

    prior: Prior
    z: Floats  # (N, P) draws, standard normals of the prior
    values: Floats  # (N, P) draws, natural
    patterns: Patterns
    observed: Floats  # (S,)
    chance: Floats  # (S, S) covariance of one log
    discrepancy: Floats  # (S,) variances
    emulator: Emulator
    scale: float
    runs: int
    seconds: float
    checks: Floats  # (K, S) patterns of simulations at draws
    warnings: list[str] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return self.prior.names

    def theta(self) -> list[dict[str, float]]:
        """Draws as names and natural values, for `parameters.settings_of`."""
        return [dict(zip(self.names, map(float, row), strict=True)) for row in self.values]

    def expected(self, rng: np.random.Generator) -> Floats:
        """(N, S) draws of what the patterns of this retailer's logs of the same length are about, chance left out.

        Given parameters, the retailer's own part (goods and places, what the description misses, discrepancy) is what the
        log shows beyond them, as far as chance allows: the conditional normal.
        """
        mean, leverage = self.emulator.both(self.z)
        one = np.diag(self.chance) / self.scale
        own = np.diag(self.discrepancy + self.emulator.misfit(one) + 1e-10)
        noise = rng.standard_normal(mean.shape)
        for row, lev in enumerate(leverage):
            wide = own + lev * self.emulator.error
            pull = np.linalg.solve(wide + self.chance, wide).T
            left = wide - pull @ wide
            root = np.linalg.cholesky((left + left.T) / 2 + 1e-12 * np.eye(len(own)))
            mean[row] += pull @ (self.observed - mean[row]) + root @ noise[row]
        return mean

    def frame(self, version: str) -> pd.DataFrame:
        """Rows of posterior.parquet: version, draw, parameter, value, unit."""
        n, p = self.values.shape
        return pd.DataFrame(
            {
                "version": version, "draw": np.repeat(np.arange(n), p), "parameter": list(self.names) * n,
                "value": self.values.ravel(), "unit": [q.unit for q in self.prior.parameters] * n,
            }
        )  # fmt: skip


def calibrate(fit: Fit, orders: Orders, run_many: RunMany, folder: Path, plan: Plan | None = None, *, prior: Prior | None = None,
              progress: Callable[[int, int, str], None] | None = None) -> Posterior:  # fmt: skip
    """Draws of the parameters that this log can tell.

    orders: the log (`summaries.orders_of_log`). folder: keeps finished simulations; the same call goes on from them.
    progress: finished, all, words. Raises CalibrationError when the simulated market sells nothing, or the log is too
    small to carry the patterns.
    """
    plan, prior, started = plan or Plan(), prior or Prior.of(fit), time.perf_counter()
    runner = _Runner(fit, prior, run_many, folder, progress)
    if not prior.parameters:
        raise CalibrationError("no parameter can be told from this log")
    observed = fit.patterns.vector(orders)
    spread = chance(orders, fit.patterns, np.random.default_rng([fit.seed, 1]))
    spread = spread + np.diag(shocks(orders, fit.patterns))
    total = runner.plan(plan)
    rng = np.random.default_rng([fit.seed, 2])
    z = np.zeros((0, prior.centre.size))
    y = np.zeros((0, observed.size))
    found: tuple[Floats, Likelihood, Floats] | None = None
    for number, (part, wider) in enumerate(plan.waves):
        new = design(prior, max(8, round(part * total)), fit.seed + number, None if found is None else found[0], wider)
        y = np.concatenate([y, runner.run(new, np.arange(len(new)) % SETS, f"wave {number + 1} of {len(plan.waves)}")])
        z = np.concatenate([z, new])
        found = posterior_draws(prior, z, y, observed, spread, fit.scale, rng, near=None if found is None else found[0])
    assert found is not None
    # once more with the description centred on the last draws
    found = posterior_draws(prior, z, y, observed, spread, fit.scale, rng, near=found[0])
    at, likelihood, discrepancy = found
    chosen = at[rng.choice(len(at), plan.draws, replace=len(at) < plan.draws)]
    checks = runner.run(chosen[: plan.checks], SETS + np.arange(plan.checks), "check at the draws") if plan.checks else y[:0]
    result = Posterior(
        prior, chosen, prior.values(chosen), fit.patterns, observed, spread, discrepancy, likelihood.emulator, fit.scale,
        runner.done, time.perf_counter() - started, checks,
    )  # fmt: skip
    result.warnings = _warnings(result, fit)
    return result


def design(prior: Prior, n: int, seed: int, near: Floats | None, wider: float) -> Floats:
    """(n, P) points: a scrambled Sobol sequence turned normal, over the prior or about draws of the posterior."""
    size = prior.centre.size
    low, high = prior.bounds()
    points = qmc.Sobol(size, seed=seed).random_base2(int(np.ceil(np.log2(max(2, n)))))[:n]
    unit = norm.ppf(np.clip(points, 1e-4, 1 - 1e-4))
    if near is None:
        return np.clip(1.2 * unit, np.maximum(low, -2.5), np.minimum(high, 2.5))
    root = np.linalg.cholesky(np.cov(near.T).reshape(size, size) + 0.05**2 * np.eye(size))
    return np.clip(near.mean(axis=0) + wider * unit @ root.T, low, high)


def posterior_draws(prior: Prior, z: Floats, y: Floats, observed: Floats, spread: Floats, scale: float,
                    rng: np.random.Generator, near: Floats | None = None) -> tuple[Floats, Likelihood, Floats]:  # fmt: skip
    """Draws (W, P) given simulations, the likelihood they come from, and the patterns' discrepancies (S,).

    z, y: points and patterns of the simulations; near: draws about which the description must
    hold best.
    """
    good = np.isfinite(y).all(axis=1)
    weight = np.ones(len(z))
    if near is not None:
        root = np.linalg.cholesky(np.cov(near.T).reshape(z.shape[1], -1) * 1.5**2 + 0.1**2 * np.eye(z.shape[1]))
        off = np.linalg.solve(root, (z - near.mean(axis=0)).T)
        weight = 1 / (1 + ((off**2).sum(axis=0) / (9 * z.shape[1])) ** 2)
    good &= weight > 1e-3
    if good.sum() < z.shape[1] + 3:
        needed = z.shape[1] + 3
        why = f"too few for {z.shape[1]} parameters: give more time" if 2 * good.sum() >= len(z) else "the rest sold next to nothing; is the strategy without a shop?"
        raise CalibrationError(f"{int(good.sum())} of {len(z)} simulations can be compared with the log, needed: {needed}; {why}")
    emulator = fit_emulator(z[good], y[good], weight[good])
    low, high = prior.bounds()

    def log_posterior(at: Floats, likelihood: Likelihood) -> Floats:
        inside = ((at >= low) & (at <= high)).all(axis=1)
        value = likelihood.log(np.clip(at, low, high)) - 0.5 * (at**2).sum(axis=1)
        return np.where(inside, value, -np.inf)

    walkers = max(64, 4 * z.shape[1])
    discrepancy = np.zeros(observed.size)
    best = np.exp(-0.5 * np.minimum(700, ((observed - y[good]) ** 2 / (spread.diagonal() + 0.02)).sum(axis=1)))
    start = z[good][np.argsort(-best)[: max(2, good.sum() // 4)]]
    start = start[rng.integers(0, len(start), walkers)] + 0.1 * rng.standard_normal((walkers, z.shape[1]))
    start = np.clip(start, low + 1e-6, high - 1e-6)
    for turn in range(4):
        likelihood = Likelihood.of(emulator, observed, spread, scale, discrepancy)
        at = sample(lambda p, lk=likelihood: log_posterior(p, lk), start, rng, 300, 8)
        mode = at[np.argmax(log_posterior(at, likelihood))][None]
        miss = likelihood.miss(mode)
        missed = np.abs(miss) > MISSED
        start = at[-walkers:]
        if turn == 3 or not missed.any():
            break
        variance = likelihood.fixed.diagonal() + float(emulator.leverage(mode)[0]) * emulator.error.diagonal()
        discrepancy = np.where(missed, discrepancy + (miss**2 - 1) * variance, discrepancy)
    at = sample(lambda p: log_posterior(p, likelihood), start, rng, 200, 24)
    return at, likelihood, discrepancy


@dataclass
class _Runner:
    """Simulations, kept by what decides them."""

    fit: Fit
    prior: Prior
    run_many: RunMany
    folder: Path
    progress: Callable[[int, int, str], None] | None
    total: int = 0
    done: int = 0
    code: str = field(default_factory=code_version)  # other code may simulate otherwise

    def plan(self, plan: Plan) -> int:
        """Number of simulations; by the budget once, then as it was written down."""
        if plan.runs is not None:
            self.total = plan.runs + plan.checks
            return plan.runs
        place = self.folder / f"plan-{self._key([], plan.budget_s, plan.jobs)}.json"
        if place.is_file():
            runs = int(json.loads(place.read_text())["runs"])
        else:
            settings = settings_of(self.fit, {}, days=7)
            list(self.run_many([settings]))  # kernels are compiled before the clock starts
            began = time.perf_counter()
            list(self.run_many([settings_of(self.fit, {}, replication=SETS - 1)]))
            each = max(0.01, time.perf_counter() - began)
            runs = int(np.clip(0.85 * plan.budget_s * plan.jobs / each - plan.checks, LEAST_RUNS, MOST_RUNS))
            write_json(place, {"schema_version": 1, "runs": runs, "seconds_each": round(each, 3)})
        self.total = runs + plan.checks
        return runs

    def _key(self, *what: Any) -> str:
        text = json.dumps([FORMAT, self.code, repr(self.fit.patterns), self.fit.origin, self.fit.scale, *what], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def run(self, z: Floats, replication: Ints, words: str) -> Floats:
        """(n, S) patterns at n points; NaN where hardly anything was sold."""
        settings = [
            settings_of(self.fit, theta, replication=int(r)) for theta, r in zip(self.prior.theta(z), replication, strict=True)
        ]
        places = [self.folder / f"{self._key(s.model_dump(mode='json', exclude={'output'}))}.json" for s in settings]
        rows: dict[int, Floats] = {}
        for i, place in enumerate(places):
            if place.is_file():
                rows[i] = np.array([np.nan if v is None else v for v in json.loads(place.read_text())["patterns"]], np.float64)
        left = [i for i in range(len(z)) if i not in rows]
        self._tell(len(rows), words)
        for i, frame in zip(left, self.run_many([settings[i] for i in left]), strict=True):
            rows[i] = self._patterns(frame)
            write_json(places[i], {"schema_version": 1, "z": z[i].tolist(), "patterns": [float(f"{v:.9g}") for v in rows[i]]})
            rows[i] = np.array([float(f"{v:.9g}") for v in rows[i]])
            self._tell(1, words)
        return np.array([rows[i] for i in range(len(z))])

    def _patterns(self, frame: pd.DataFrame) -> Floats:
        if len(frame) < 20:
            return np.full(len(self.fit.patterns.names()), np.nan)
        return self.fit.patterns.vector(orders_of_run(frame, self.fit.patterns), 1.0 / self.fit.scale)

    def _tell(self, more: int, words: str) -> None:
        self.done += more
        if self.progress is not None and more:
            self.progress(self.done, self.total, words)


def _warnings(result: Posterior, fit: Fit) -> list[str]:
    said = []
    if fit.scale < 1:
        said.append(f"{fit.scale:.0%} of the retailer's people were simulated; counts were brought up to all of them")
    if fit.scale > 1:
        said.append(f"{fit.scale:.3g} times as many people as the retailer's were simulated, since small logs are mostly chance; counts were brought back")
    terms = result.emulator.weights.shape[0]
    if result.emulator.points < terms:
        said.append(f"{result.emulator.points} simulations for {terms} terms of the description: bands are wide; give more time")
    missed = [n for n, d in zip(fit.patterns.names(), result.discrepancy, strict=True) if d > 0]
    if missed:
        said.append("the model reaches these patterns of the log with no parameters, so they count less: " + ", ".join(map(pattern_title, missed)))
    low, high = result.prior.bounds()
    edge = ((result.z < low + 0.1) | (result.z > high - 0.1)).mean(axis=0) > 0.2
    if edge.any():
        said.append("draws stand at the end of the range of " + ", ".join(np.array(result.names)[edge]))
    return said


def many(simulate: Callable[[Settings], pd.DataFrame]) -> RunMany:
    """`run_many` of a plain function, one after the other."""

    def run(settings: Sequence[Settings]) -> Iterable[pd.DataFrame]:
        for one in settings:
            yield simulate(one)

    return run
