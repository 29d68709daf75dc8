"""How wide each parameter will stay, told from the orders alone before anything is simulated.

Patterns' slopes come from the fitted laws of purchases, drawn directly, and from simple laws of values and shares; their
chance from the log's own customers. It is a forecast of the calibration, not a part of it: the posterior uses none of it.
Oracle: tests/twin/test_foretell.py; docs/twin_calibration.md holds what was said against what came.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import betaincinv, gammaincinv

from omosim.twin.assumed import ANY, CATEGORY, REGULAR
from omosim.twin.history import Floats, Ints
from omosim.twin.parameters import BY_NAME, Fit, told
from omosim.twin.summaries import Orders, Patterns, chance, shocks

PEOPLE = 20_000  # drawn for the slopes
STEP = 0.5  # of the slopes, standard deviations of the prior
BOOTSTRAPS = 60
#: sd of what the description of the simulations misses of a pattern, besides as much chance as in the log
MISSED = 0.1
#: change of log orders of a channel over the web's by one price of taste, as the shipped choice of channels has it
TASTE = 2.0
#: sd of log shares of channels and of customers of two, between shops of equal parameters (places, goods)
PLACES = 0.2
#: change of the log odds of customers of two channels by one log of the spread of tastes
MIXING = 0.4
DEMAND = ("need_rate", "rate_shape", "leaving", "known_people", "new_people")


@dataclass(frozen=True)
class Foretold:
    """Parameters as the orders will leave them."""

    names: tuple[str, ...]
    sd: Floats  # (P,) of the draws, in standard deviations of the prior
    together: Floats  # (P, P) correlations of the draws


def foretell(fit: Fit, orders: Orders) -> Foretold:
    """Width of each parameter's draws for this log; parameters are those of `parameters.told`.

    Linear normal theory: precision = that of the prior + slopes' (chance + description)^-1 slopes.
    """
    names = tuple(p.name for p in told(fit))
    pattern = list(fit.patterns.names())
    spread = chance(orders, fit.patterns, np.random.default_rng([fit.seed, 5]), BOOTSTRAPS) + np.diag(shocks(orders, fit.patterns))
    spread = 2 * spread + np.diag(_goods(fit, pattern) + MISSED**2)
    slopes = np.zeros((len(pattern), len(names)))
    for i, name in enumerate(names):
        for part, slope in _slopes(fit, name).items():
            if part in pattern:
                slopes[pattern.index(part), i] = slope
    covariance = np.linalg.inv(np.eye(len(names)) + slopes.T @ np.linalg.solve(spread, slopes))
    sd = np.sqrt(covariance.diagonal())
    return Foretold(names, sd, covariance / np.outer(sd, sd))


def _slopes(fit: Fit, name: str) -> dict[str, float]:
    """Changes of patterns by one standard deviation of a parameter's prior."""
    unit = BY_NAME[name].sd
    if name in DEMAND:
        high, low = (_purchases(fit, {name: sign * STEP}) for sign in (1, -1))
        return {n: (high[n] - low[n]) / (2 * STEP) for n in high}
    if name == "order_value":
        return {"value.median": unit}
    if name == "order_spread":
        part = _units_part(fit)
        return {"value.upper": part * unit, "value.lower": part * unit}
    if name == "return_share":
        return {"returned": unit}
    if name == "taste_sd":
        return {"mixed": MIXING * unit}
    if name == "pickup_users":
        return {n: (1.0 if n == "way.pickup" else -1.0) * unit for n in ("way.pickup", "way.ship")}
    channel = name.removeprefix("taste_")
    first = fit.patterns.channels[0]
    if channel == first:  # the base of the shares
        return {f"share.{c}": -TASTE * unit for c in fit.patterns.channels[1:]}
    return {f"share.{channel}": TASTE * unit}


def _units_part(fit: Fit) -> float:
    """Part of the variance of log order values that units make; prices make the rest."""
    units, prices = (float(sum(b.share * getattr(b, n) ** 2 for b in fit.bands)) for n in ("units_sd", "price_sd"))
    return units / max(units + prices, 1e-9)


def _goods(fit: Fit, pattern: list[str]) -> Floats:
    """(S,) variances between shops of equal parameters: so few goods are drawn that their prices are chance, too."""
    goods = float(CATEGORY["skus"]) * len(fit.bands)
    prices = float(sum(b.share * b.price_sd**2 for b in fit.bands))
    added = {"value.median": prices / goods, "mixed": PLACES**2}
    added["value.upper"] = added["value.lower"] = (1 - _units_part(fit)) ** 2 / (2 * goods)
    return np.array([added.get(n, PLACES**2 if n.startswith(("share.", "way.")) else 0.0) for n in pattern])


def _purchases(fit: Fit, z: dict[str, float]) -> dict[str, float]:
    """Patterns of purchases that the fitted laws bring at some z of the DEMAND parameters, the same people at every z."""
    repeat, weeks = fit.laws.repeat, fit.days / 7
    move = {n: BY_NAME[n].sd * z.get(n, 0.0) for n in DEMAND}
    bought = REGULAR["purchase_share"] if fit.laws.mostly_bought else ANY["purchase_share"]
    shape, pace, known = (BY_NAME[n].centre(fit) for n in ("rate_shape", "need_rate", "known_people"))
    shape *= float(np.exp(move["rate_shape"]))
    pace *= bought * float(np.exp(move["need_rate"]))  # purchases a week of a person
    mean = float(np.clip(BY_NAME["leaving"].centre(fit), 1e-3, 0.999))
    leaving = 1 / (1 + np.exp(-(np.log(mean / (1 - mean)) + move["leaving"])))
    both = float(np.clip(repeat.a + repeat.b, 0.05, 500.0))
    fresh = BY_NAME["new_people"].centre(fit) * weeks
    one = PEOPLE / max(known + fresh, 1.0)  # drawn for one of the retailer
    old, fresh = (round(one * v * float(np.exp(move[n]))) for v, n in ((known, "known_people"), (fresh, "new_people")))
    rng = np.random.default_rng([fit.seed, 6])
    width = int(np.ceil(4 * PEOPLE))
    u, begin = rng.random((2, width, 2)), rng.random((2, width))
    seed = int(rng.integers(2**31))
    parts = []
    for kind, n in enumerate((old, fresh)):
        n = min(n, width)
        rate = gammaincinv(shape, u[kind, :n, 0]) / shape * pace
        leave = betaincinv(leaving * both, (1 - leaving) * both, np.clip(u[kind, :n, 1], 1e-9, 1 - 1e-9))
        since = np.zeros(n) if kind == 0 else begin[kind, :n] * weeks
        parts.append(_days(rate, leave, since, weeks, repeat.k, np.random.default_rng([seed, kind]), begin[kind, :n] if kind == 0 else None))
    who = np.concatenate([parts[0][0], parts[1][0] + old])
    t = np.concatenate([parts[0][1], parts[1][1]]) * 7
    kept = t < fit.days
    who, t = who[kept].astype(np.int64), t[kept]
    patterns = replace(fit.patterns, channels=(), ways=(), returns=False)
    return dict(zip(patterns.names(), _vector(patterns, who, t, 1 / one), strict=True))


def _vector(patterns: Patterns, who: Ints, t: Floats, scale: float) -> Floats:
    none = np.full(t.size, -1, np.int64)
    return patterns.vector(Orders(who if patterns.known else none, t, np.full(t.size, 100, np.int64), none, none, np.zeros(t.size)), scale)


def _days(rate: Floats, leave: Floats, since: Floats, weeks: float, k: int, rng: np.random.Generator, part: Floats | None) -> tuple[Ints, Floats]:
    """Purchases in weeks: who, when. Erlang-k gaps; `part` of the first gap is over already; leaving after repeat purchases."""
    n, t, here, who, when = rate.size, since.copy(), np.ones(rate.size, bool), [], []
    for step in range(400):
        gap = rng.gamma(k, 1.0 / k, 4 * PEOPLE)[:n] / np.maximum(rate, 1e-9)
        stay = rng.random(4 * PEOPLE)[:n] >= leave
        t = t + (gap * (1 - part) if step == 0 and part is not None else gap)
        here &= t < weeks
        if not here.any():
            break
        at = np.flatnonzero(here)
        who.append(at)
        when.append(t[at])
        if step > 0:
            here &= stay
    return (np.concatenate(who), np.concatenate(when)) if who else (np.zeros(0, np.int64), np.zeros(0))
