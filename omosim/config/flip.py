"""`omosim flip`: one or two keys over ranges, and the strategies that are held against one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omosim.config.commands import OPTIONS
from omosim.config.compose import WHERE_ONLY, Composed, validate
from omosim.config.errors import ConfigError, Problem, refuse, show, unique
from omosim.config.layers import Layers
from omosim.config.levels import describe
from omosim.config.overrides import parsed_value, read
from omosim.config.reread import read_config
from omosim.config.resolved import config_hash, content_hash, to_yaml
from omosim.config.sweep import SweepPlan, Varied, compose_sweep
from omosim.schema.settings import Settings


@dataclass
class FlipPlan:
    """Strategies over one or two ranges.

    sweep : composed strategies and the factors; options : of FlipSettings
    """

    words: list[str]
    sweep: SweepPlan
    options: Any

    @property
    def strategies(self) -> list[str]:
        """Names of the strategies; the first is the baseline."""
        return self.sweep.strategies

    @property
    def factors(self) -> list[Varied]:
        """The ranges."""
        return self.sweep.factors

    @property
    def first(self) -> Settings:
        """Settings of the baseline."""
        return self.sweep.first.settings

    @property
    def hash(self) -> str:
        """16 hex digits of what decides the numbers; a larger budget or more repetitions go on in the same folder."""
        bases = {arm: config_hash(base.settings) for (arm, _), base in self.sweep.bases.items()}
        grows = (*WHERE_ONLY, "runs")
        return content_hash({"bases": bases, "factors": [[f.key, f.low, f.high] for f in self.factors], "options": {k: v for k, v in self.options.model_dump().items() if k not in grows}})

    @property
    def yaml(self) -> str:
        """The resolved configuration, as `--cfg job` prints it and a result folder keeps it."""
        base = self.first.model_dump(mode="json")
        base.pop("strategy")
        arms = {arm: b.settings.model_dump(mode="json")["strategy"] for (arm, _), b in self.sweep.bases.items()}
        ranges = [{"key": f.key, "low": f.low, "high": f.high, "whole": f.whole} for f in self.factors]
        return to_yaml({"command": "flip", **self.options.model_dump(mode="json"), "strategies": self.strategies, "ranges": ranges, "arms": arms, "settings": base})

    def settings(self, strategy: str, point: Sequence[float]) -> Settings:
        """Settings of a strategy at a point. Raises ConfigError where they do not fit together."""
        values = [int(v) if f.whole else v for f, v in zip(self.factors, point, strict=True)]
        return self.sweep.settings(strategy, values)

    def meaning(self, key: str) -> tuple[str, str]:
        """Unit and meaning of a key."""
        found = describe(tuple(key.split(".")))
        return ("", "") if found is None else (found.unit, found.meaning)


def compose_flip(words: Sequence[str], cwd: str | Path | None = None) -> FlipPlan:
    """Read the words of `flip`, compose the strategies and check them at the corners of the ranges.

    Raises
    ------
    ConfigError : with every problem
    """
    given = [str(w) for w in words]
    for word in given:
        if word.startswith("strategy="):
            raise refuse("flip takes several strategies", key="strategy", value=show(word.partition("=")[2]), cure="Write strategies=[o2o,omo]")
    plain = [w for w in given if "interval(" not in w]
    items, _ = read(plain, OPTIONS["flip"])
    named = next((parsed_value(i) for i in items if i.key == "strategies"), ["o2o", "omo"])
    arms = [str(n) for n in named] if isinstance(named, list) else [str(named)]
    if len(arms) < 2 or len(set(arms)) < len(arms):
        raise refuse("takes two strategies or more, each once", key="strategies", value=show(",".join(arms)), cure="Write strategies=[o2o,omo]")
    try:
        sweep = compose_sweep([*given, f"strategy={','.join(arms)}"], cwd, "flip")
    except ConfigError as error:
        raise ConfigError([replace(p, key="strategies", cure=p.cure.replace("strategy=FILE", "strategies=[o2o,FILE").replace(".yaml", ".yaml]")) if p.key == "strategy" else p for p in error.problems]) from None
    plan = FlipPlan(given, sweep, sweep.options)
    _check(plan)
    return plan


def _check(plan: FlipPlan) -> None:
    cure = "Write KEY=interval(LOW,HIGH), as network.stores.count=interval(5,40)"
    problems = [Problem("has values where flip wants a range", key=f.key, value=show(",".join(map(str, f.values))), cure=cure) for f in plan.factors if f.values]
    if not problems and not 1 <= len(plan.factors) <= 2:
        told = ", ".join(f.key for f in plan.factors)
        problems.append(Problem("flip varies one key or two", key="" if told else "KEY", value=show(told) if told else None, allowed="one or two ranges", cure=cure))
    if len(plan.sweep.seeds) > 1:
        problems.append(Problem("has one value here", key="seed", value=show(",".join(map(str, plan.sweep.seeds))), cure="Give more repetitions: replications=16"))
    if plan.options.most < plan.options.replications:
        problems.append(Problem("fewer than a point begins with", key="most", value=str(plan.options.most), allowed=f"{plan.options.replications} or more", cure=f"Write most={plan.options.replications}"))
    if problems:
        raise ConfigError(problems)
    count = len(plan.strategies) * plan.options.replications * plan.options.start ** len(plan.factors)
    if plan.options.runs < count and not any(f.whole for f in plan.factors):
        problems.append(Problem(f"do not pay for the first points: {count} runs", key="runs", value=str(plan.options.runs), allowed=f"{count} or more", cure=f"Write runs={count * 3}, start=3 or replications=4"))
    for strategy in plan.strategies:
        for corner in _corners(plan.factors):
            try:
                plan.settings(strategy, corner)
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(unique(problems))


def _corners(factors: Sequence[Varied]) -> list[tuple[float, ...]]:
    ends = [(round(f.low), round(f.high)) if f.whole else (f.low, f.high) for f in factors]
    return [(a,) for a in ends[0]] if len(ends) == 1 else [(a, b) for a in ends[0] for b in ends[1]]


def reread_flip(path: str | Path, output_dir: str | None = None) -> FlipPlan:
    """The plan that a result folder's `config.yaml` states."""
    data, layers = read_config(path)
    data.pop("command", None)
    base, arms, ranges = data.pop("settings", {}), data.pop("arms", {}), data.pop("ranges", [])
    base = {**base, "output": {**(base.get("output") or {}), "dir": output_dir}}
    bases: dict[tuple[str, tuple[str, ...]], Composed] = {}
    problems: list[Problem] = []
    for name in data["strategies"]:
        found, wrong = validate({**base, "strategy": arms.get(name)}, layers)
        problems += wrong
        if found is not None:
            bases[name, ()] = Composed("flip", found, {name: found}, None, data, [], {name: Layers(layers.files)})
    if problems:
        raise ConfigError(unique(problems))
    options: Any = OPTIONS["flip"].model_validate(data)
    factors = [Varied(r["key"], (), float(r["low"]), float(r["high"]), bool(r["whole"])) for r in ranges]
    seed = next(iter(bases.values())).settings.seed
    return FlipPlan([], SweepPlan([], list(data["strategies"]), [seed], factors, options, bases), options)
