"""Credits beside truth: what each model of attribution says, what paired runs say, and what a shift of the budget earns.

Reads figures of runs by arm and replication (attribute_task.py) and makes rows of tables; no run is made here.
Arms: `as it is`, `off TOUCHPOINT`, `no paid touchpoint`, `no word of mouth`, and `shift …`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from omosim.results.rounding import nine_digits
from omosim.study.attribute_task import MARKET, level_name
from omosim.study.attribution import MODELS
from omosim.study.stats import Paired, holm, mean, paired
from omosim.study.switching import PAID, Point, Shift, shift

AS_IT_IS, NO_TALK, NO_MEDIA, TRUTH = "as it is", "no word of mouth", "no paid touchpoint", "truth"
REVENUE, GROSS, OPERATING, MEDIA = "net_revenue", "gross_profit", "operating_profit", "media_cost"
Row = dict[str, Any]
LEAST_PAIRS = 3  # two pseudo-values of a share with bounds can be alike by chance


def off(name: str) -> str:
    """Arm with a touchpoint switched off."""
    return f"off {name}"


def moved(plan: Shift) -> str:
    """Arm with a budget moved."""
    return "shift " + ", ".join(f"{name} {money:.0f}" for name, money in sorted(plan.given.items())) + f" to {plan.to}"


@dataclass
class Figures:
    """Figures of all runs.

    values : arm -> replication -> figure -> value; replications : those that were asked for
    """

    replications: int
    values: dict[str, dict[int, dict[str, float | None]]] = field(default_factory=dict)

    def put(self, arm: str, replication: int, figure: str, value: float | None) -> None:
        """Take in one figure of one run."""
        self.values.setdefault(arm, {}).setdefault(replication, {})[figure] = value

    def of(self, arm: str, figure: str) -> list[float | None]:
        """One value a replication, None where the run is missing."""
        runs = self.values.get(arm, {})
        return [runs.get(r, {}).get(figure) for r in range(self.replications)]

    def credit(self, level: str, model: str, point: str) -> list[float | None]:
        """Credit of a touchpoint in each replication, 0 where the log is there and does not show it."""
        return [None if sold is None else value or 0.0 for sold, value in zip(self.of(AS_IT_IS, f"sold/{level}"), self.of(AS_IT_IS, f"credit/{level}/{model}/{point}"), strict=True)]

    def mean(self, arm: str, figure: str) -> float | None:
        """Mean over the replications that have it."""
        known = [v for v in self.of(arm, figure) if v is not None]
        return sum(known) / len(known) if known else None

    def begins(self, prefix: str) -> dict[str, float]:
        """Rest of the name -> mean over replications of the figures of the run as it is that begin so; absent is 0."""
        runs = self.values.get(AS_IT_IS, {})
        total: Counter[str] = Counter()
        for figures in runs.values():
            for name, value in figures.items():
                if name.startswith(prefix) and value is not None:
                    total[name.removeprefix(prefix)] += value  # type: ignore[assignment]
        return {name: total[name] / len(runs) for name in sorted(total)}


# ---- truth and credits ---------------------------------------------------------------------------------------------
def truth(figures: Figures, arm: str, figure: str) -> Paired:
    """What is lost without: the run as it is less the arm, over pairs."""
    return paired(figures.of(AS_IT_IS, figure), figures.of(arm, figure))


def levels_of(losses: Sequence[float]) -> list[str]:
    """Names of the levels: as the market is, then by loss."""
    return [MARKET, *(level_name(loss) for loss in losses)]


def loss_of(figures: Figures, level: str) -> float | None:
    """Identity loss that a level stands for: what was asked for, or of the market as it is what it is."""
    found = figures.mean(AS_IT_IS, f"loss/{level}") if level == MARKET else float(level)
    return None if found is None else nine_digits(found)


def attribution_rows(figures: Figures, points: Sequence[Point], losses: Sequence[float], unit: str) -> list[Row]:
    """Rows of attribution.parquet: each touchpoint, model and identity loss; money in minor units of the simulated shoppers."""
    out = []
    base, gross = figures.mean(AS_IT_IS, REVENUE) or 0.0, figures.mean(AS_IT_IS, GROSS) or 0.0
    margin = gross / base if base else 0.0
    true_shares = _true_shares(figures, points)
    for level in levels_of(losses):
        for model in MODELS:
            names = [p.name for p in points if p.counted]
            share_of = _named(names, _shares([_mean(figures.credit(level, model, n)) for n in names]))
            for point in points:
                credit = figures.credit(level, model, point.name)
                given = paired(credit, [0.0] * len(credit))
                row: Row = {
                    "touchpoint": point.name, "title": point.title, "kind": point.kind, "counted": point.counted, "model": model, "level": level,
                    "identity_loss": loss_of(figures, level), "credit": given.diff, "credit_low": given.ci_low, "credit_high": given.ci_high,
                    "credit_share": share_of.get(point.name), "credit_gross_profit": None if given.diff is None else nine_digits(given.diff * margin),
                }  # fmt: skip
                row |= _true_columns(figures, point, credit)
                row |= {"true_share": true_shares.get(point.name), "unit": unit, "reason": point.why_not}
                out.append(row)
    return out


def _true_columns(figures: Figures, point: Point, credit: Sequence[float | None]) -> Row:
    columns = {"true_increment": REVENUE, "true_gross_profit": GROSS, "true_operating_profit": OPERATING}
    if point.why_not:
        empty = {f"{name}{end}": None for name in columns for end in ("", "_low", "_high")}
        return {**empty, "error": None, "error_low": None, "error_high": None}
    out: Row = {}
    for name, figure in columns.items():
        found = truth(figures, off(point.name), figure)
        out |= {name: found.diff, f"{name}_low": found.ci_low, f"{name}_high": found.ci_high}
    true = [None if a is None or b is None else a - b for a, b in zip(figures.of(AS_IT_IS, REVENUE), figures.of(off(point.name), REVENUE), strict=True)]
    error = paired(credit, true)
    return {**out, "error": error.diff, "error_low": error.ci_low, "error_high": error.ci_high}


def _mean(values: Sequence[float | None]) -> float:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else 0.0


def _shares(values: Sequence[float]) -> list[float] | None:
    """Parts of the whole; what is below 0 counts as nothing. None where nothing is above 0: it has no parts."""
    kept = np.maximum(np.asarray(values, float), 0.0)
    return [nine_digits(float(v)) for v in kept / kept.sum()] if kept.sum() > 0 else None


def _named(names: Sequence[str], shares: Sequence[float] | None) -> dict[str, float | None]:
    return dict.fromkeys(names) if shares is None else dict(zip(names, shares, strict=True))


def _true_shares(figures: Figures, points: Sequence[Point]) -> dict[str, float | None]:
    names = [p.name for p in points if p.counted]
    return _named(names, _shares([truth(figures, off(n), REVENUE).diff or 0.0 for n in names]))


# ---- errors of the models ------------------------------------------------------------------------------------------
def share_error(credit: np.ndarray, true: np.ndarray) -> float | None:
    """Share of the credit that stands at the wrong touchpoint: half the sum of |credit share - true share|, 0 to 1.

    None where a side has nothing above 0.
    """
    a, b = (_shares(v.tolist()) for v in (credit, true))
    return None if a is None or b is None else float(np.abs(np.array(a) - np.array(b)).sum() / 2)


def jackknifed(statistic: Any, *samples: np.ndarray) -> list[float] | None:
    """(r,) pseudo-values of a statistic of means over replications; their mean is free of the bias of order 1/r.

    samples : (r, n) arrays, a row a replication; the statistic takes their means, (n,) each. None where the statistic
    is not defined for all replications together, or for all but one.
    Source: R. G. Miller (1974), The jackknife: a review, Biometrika 61, 1-15.
    """
    n = len(samples[0])
    whole = statistic(*(s.mean(axis=0) for s in samples))
    if n < 2 or whole is None:
        return None if whole is None else [whole]
    less = [statistic(*(np.delete(s, i, axis=0).mean(axis=0) for s in samples)) for i in range(n)]
    return None if None in less else [n * whole - (n - 1) * value for value in less]


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Spearman's; None where one side is all alike or there are fewer than three."""
    from scipy.stats import rankdata

    if len(a) < 3:
        return None
    x, y = (rankdata(np.asarray(v, float)) - (len(v) + 1) / 2 for v in (a, b))
    size = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return nine_digits(float((x * y).sum()) / size) if size > 0 else None


def _matrices(figures: Figures, points: Sequence[Point], level: str, model: str) -> tuple[np.ndarray, np.ndarray]:
    """(r, n) credits and true increments of the counted touchpoints in the replications that have all of them."""
    names = [p.name for p in points if p.counted]
    base = figures.of(AS_IT_IS, REVENUE)
    credit = np.array([figures.credit(level, model, n) for n in names], float).T.reshape(-1, len(names))
    true = np.array([[None if a is None or b is None else a - b for a, b in zip(base, figures.of(off(n), REVENUE), strict=True)] for n in names], float).T.reshape(-1, len(names))
    whole = ~(np.isnan(credit).any(axis=1) | np.isnan(true).any(axis=1))
    return credit[whole], true[whole]


def error_rows(figures: Figures, points: Sequence[Point], losses: Sequence[float]) -> list[Row]:
    """Rows of errors.parquet: each model and identity loss; which has the least error, and which cannot be told from it."""
    out: list[Row] = []
    for level in levels_of(losses):
        pseudo: dict[str, list[float]] = {}
        rows: list[Row] = []
        for model in MODELS:
            credit, true = _matrices(figures, points, level, model)
            row: Row = {"model": model, "level": level, "identity_loss": loss_of(figures, level), "touchpoints": credit.shape[1], "pairs": len(credit)}
            row |= {**dict.fromkeys(("share_error", "share_error_low", "share_error_high", "money_error", "rank_correlation")), "reason": ""}
            if len(credit) and credit.shape[1]:
                row["money_error"] = nine_digits(float(np.abs(credit.mean(axis=0) - true.mean(axis=0)).sum()))
                row["rank_correlation"] = rank_correlation(credit.mean(axis=0).tolist(), true.mean(axis=0).tolist())
            row["reason"] = _undefined(credit, true)
            if not row["reason"]:
                values = jackknifed(share_error, credit, true)
                row |= _spread(share_error(credit.mean(axis=0), true.mean(axis=0)) or 0.0, values)
                if values is not None and len(values) >= LEAST_PAIRS:
                    pseudo[model] = values
            rows.append(row)
        known = [row for row in rows if row["share_error"] is not None]
        best = min(known, key=lambda row: (row["share_error"], row["model"]))["model"] if known else ""
        apart = told_apart(pseudo, best)
        for row in rows:
            row["nearest"] = row["model"] == best
            row["told_from_nearest"] = apart.get(row["model"])
        out += rows
    return out


def _undefined(credit: np.ndarray, true: np.ndarray) -> str:
    """Why the share of the credit in the wrong place has no value; empty: it has one."""
    if credit.shape[1] < 2:
        return "fewer than two touchpoints count: nothing to share among"
    if not len(credit):
        return "no pair of runs is complete"
    if true.mean(axis=0).max() <= 0:
        return "no touchpoint has a true effect above 0: no shares to compare with"
    return "" if credit.mean(axis=0).max() > 0 else "the model credits none of the touchpoints that count: no shares"


def _spread(value: float, pseudo: Sequence[float] | None) -> Row:
    """The error and its interval: the jackknife's, made to hold the plain value, so that the bound at 0 is no false certainty."""
    row: Row = {"share_error": nine_digits(value), "share_error_low": None, "share_error_high": None}
    if pseudo is None:
        return {**row, "reason": "no interval: without one of the replications there are no shares"}
    if len(pseudo) < LEAST_PAIRS:
        return {**row, "reason": f"no interval: fewer than {LEAST_PAIRS} paired replications"}
    found = paired(pseudo, [0.0] * len(pseudo))
    low, high = (value if end is None else end for end in (found.ci_low, found.ci_high))
    return {**row, "share_error_low": nine_digits(max(0.0, min(low, value))), "share_error_high": nine_digits(min(1.0, max(high, value)))}


def told_apart(pseudo: Mapping[str, Sequence[float]], best: str) -> dict[str, bool]:
    """Model -> whether its error is above that of `best`, the least, by more than chance; without those that have too few pairs.

    Holm's test over all pairs of models, not over those with the least alone: which is the least is read from the same
    runs, and of models that are alike the six comparisons with it would tell one apart in 8 of 100 studies.
    """
    if best not in pseudo:
        return {}
    pairs = list(combinations(pseudo, 2))
    found = [paired(pseudo[a], pseudo[b]).p_value for a, b in pairs]
    sure = {frozenset(pair): rejected for pair, rejected in zip(pairs, holm(found), strict=True)}
    return {model: sure[frozenset((model, best))] and mean(values) > mean(pseudo[best]) for model, values in pseudo.items() if model != best}


# ---- budgets ---------------------------------------------------------------------------------------------------------
def spending(figures: Figures, points: Sequence[Point]) -> dict[str, float]:
    """Touchpoint -> media cost in the measured window, minor units: the run's media cost, shared as planned."""
    plans = {p.name: p.plan for p in points if p.kind == PAID}
    media, whole = figures.mean(AS_IT_IS, MEDIA) or 0.0, sum(plans.values())
    return {name: media * plan / whole for name, plan in plans.items()} if whole and media > 0 else {}


def recommended(figures: Figures, points: Sequence[Point], losses: Sequence[float], share: float) -> dict[tuple[str, str], Shift]:
    """(level, model) -> shift, and (truth, truth): by the same rule on the means of the true increments."""
    spend = spending(figures, points)
    out: dict[tuple[str, str], Shift] = {}
    for level in levels_of(losses):
        for model in MODELS:
            found = shift({name: _mean(figures.credit(level, model, name)) for name in spend}, spend, share)
            if found is not None:
                out[level, model] = found
    known = {name: truth(figures, off(name), REVENUE).diff for name in spend}
    if all(value is not None for value in known.values()):
        best = shift({name: float(value or 0.0) for name, value in known.items()}, spend, share)
        if best is not None:
            out[TRUTH, TRUTH] = best
    return out


def shift_rows(figures: Figures, plans: Mapping[tuple[str, str], Shift], unit: str, points: Sequence[Point] = (), losses: Sequence[float] = ()) -> list[Row]:
    """Rows of shifts.parquet: what each model would move, what it promises, and what that earns in paired runs.

    Where two paid touchpoints or more are there, a model (or the truth) that asks for no shift has a row with its reason.
    """
    margin = (figures.mean(AS_IT_IS, GROSS) or 0.0) / (figures.mean(AS_IT_IS, REVENUE) or 1.0)
    best = plans.get((TRUTH, TRUTH))
    spend = spending(figures, points)
    keys = [(level, model) for level in levels_of(losses) for model in MODELS] + [(TRUTH, TRUTH)] if len(spend) > 1 else []
    return [_shift_row(figures, key, plans.get(key), best, margin, unit, spend) for key in dict.fromkeys([*keys, *plans])]


def _shift_row(figures: Figures, key: tuple[str, str], plan: Shift | None, best: Shift | None, margin: float, unit: str, spend: Mapping[str, float]) -> Row:
    level, model = key
    row: Row = {"model": model, "level": level, "identity_loss": None if level == TRUTH else loss_of(figures, level)}
    arm = "" if plan is None else moved(plan)
    row |= dict.fromkeys(("from", "to"), "") | dict.fromkeys(("money", "promised_revenue", "promised_gross_profit"))
    if plan is not None:
        row |= {"from": ", ".join(plan.given), "to": plan.to, "money": nine_digits(plan.money), "promised_revenue": nine_digits(plan.promised), "promised_gross_profit": nine_digits(plan.promised * margin)}
    for name, figure in (("revenue", REVENUE), ("gross_profit", GROSS), ("operating_profit", OPERATING)):
        found = paired(figures.of(arm, figure), figures.of(AS_IT_IS, figure))
        row |= {f"earned_{name}": found.diff, f"earned_{name}_low": found.ci_low, f"earned_{name}_high": found.ci_high}
    behind = paired(figures.of(arm, OPERATING), figures.of(moved(best), OPERATING)) if best is not None else Paired(0)
    row |= {"against_truth": behind.diff, "against_truth_low": behind.ci_low, "against_truth_high": behind.ci_high, "unit": unit}
    return {**row, "reason": "" if plan is not None else _no_shift(figures, key, spend)}


def _no_shift(figures: Figures, key: tuple[str, str], spend: Mapping[str, float]) -> str:
    """Why a model or the truth asks for no shift."""
    level, model = key
    if level == TRUTH:
        known = [truth(figures, off(name), REVENUE).diff for name in spend]
        if None in known:
            return "the true effect of a paid touchpoint is not known: not all are switched off, or runs are missing"
        return "no paid touchpoint has an effect" if not any(known) else "all paid touchpoints have the same effect per cost"
    worth = [_mean(figures.credit(level, model, name)) for name in spend]
    return "no paid touchpoint has any credit" if not any(worth) else "all paid touchpoints have the same credit per cost"


# ---- journeys --------------------------------------------------------------------------------------------------------
def transition_rows(figures: Figures, losses: Sequence[float]) -> list[Row]:
    """Rows of transitions.parquet: how often a step follows another, a run, and its share of all that follow the first."""
    out = []
    for level in levels_of(losses):
        steps = figures.begins(f"step/{level}/")
        leaving: Counter[str] = Counter()
        for name, count in steps.items():
            leaving[name.split("/")[0]] += count  # type: ignore[assignment]
        for name, count in steps.items():
            here, there = name.split("/")
            out.append({"level": level, "identity_loss": loss_of(figures, level), "from": here, "to": there, "count": nine_digits(count), "share": nine_digits(count / leaving[here])})
    return out


def path_rows(figures: Figures, losses: Sequence[float]) -> list[Row]:
    """Rows of paths.parquet: purchases by the number of touches that the log shows before them, a run; the last length stands for all above."""
    out = []
    for level in levels_of(losses):
        found = figures.begins(f"length/{level}/")
        whole = sum(found.values())
        for touches, count in sorted((int(name), count) for name, count in found.items()):
            out.append({"level": level, "identity_loss": loss_of(figures, level), "touches": touches, "purchases": nine_digits(count), "share": nine_digits(count / whole)})
    return out
