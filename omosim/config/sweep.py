"""`omosim sweep`: words with several values or a range are factors; a point is the composed settings with theirs put in.

Hydra composes once for each combination of files and switches; numbers, flags and texts are put into the validated
settings of that combination and checked again with the same rules, so a point costs milliseconds and not a composition.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import ChoiceSweep, Glob, IntervalSweep, RangeSweep
from hydra.errors import HydraException
from pydantic import BaseModel, ValidationError

from omosim.config import overrides as words_
from omosim.config.commands import OPTIONS, SweepSettings
from omosim.config.compose import Composed, compose, validate
from omosim.config.errors import ConfigError, Problem, refuse, show, unique
from omosim.config.layers import Layers
from omosim.config.overrides import Override
from omosim.config.problems import from_pydantic
from omosim.config.resolved import content_hash
from omosim.config.schema_tree import lookup
from omosim.schema.settings import Settings

MOST_COMPOSITIONS = 200
MOST_LEVELS = 10_000
Combination = tuple[str, ...]


@dataclass(frozen=True)
class Varied:
    """A factor as the words give it: levels, or the ends of a range. structural: files and switches, which are composed."""

    key: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    structural: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        """The key as a path."""
        return tuple(self.key.split("."))


@dataclass
class SweepPlan:
    """What a sweep varies and over what.

    words : all words as given; strategies, seeds : arms and seeds; factors : the rest; options : of SweepSettings
    """

    words: list[str]
    strategies: list[str]
    seeds: list[int]
    factors: list[Varied]
    options: SweepSettings
    bases: dict[tuple[str, Combination], Composed]
    notes: list[str] = field(default_factory=list)
    _data: dict[tuple[str, Combination], dict[str, Any]] = field(default_factory=dict)

    @property
    def first(self) -> Composed:
        """The composition of the first strategy at the first combination."""
        return next(iter(self.bases.values()))

    @property
    def hash(self) -> str:
        """16 hex digits of what decides which runs there are; `extend` names the folder, so that it may grow there."""
        bases = {f"{arm} {' '.join(combo)}": base.hash for (arm, combo), base in self.bases.items()}
        factors = [[f.key, list(f.values), f.low, f.high] for f in self.factors]
        design = [self.options.design, self.options.design_seed, self.options.points, self.options.replications]
        return content_hash({"bases": bases, "factors": factors, "seeds": self.seeds, "design": design})

    def settings(self, strategy: str, point: Sequence[Any]) -> Settings:
        """The settings of a strategy at a point.

        Raises
        ------
        ConfigError : the values do not fit together, with every problem
        """
        at = strategy, tuple(f"{f.key}={_text(v)}" for f, v in zip(self.factors, point, strict=True) if f.structural)
        base = self.bases[at]
        loose = [(f, v) for f, v in zip(self.factors, point, strict=True) if not f.structural]
        if not loose:
            return base.settings
        data = _copied(self._data.setdefault(at, base.settings.model_dump(mode="json")))
        layers = next(iter(base.layers.values()))
        changed = Layers(layers.files, list(layers.overrides))
        for factor, value in loose:
            if _put(data, factor.path, value):
                changed.overrides.append((factor.path, f"{factor.key}={_text(value)}"))
        found, problems = validate(data, changed)
        if found is None:
            raise ConfigError(unique(problems))
        return found


def compose_sweep(words: Sequence[str], cwd: str | Path | None = None, command: str = "sweep") -> SweepPlan:
    """Read the words of a sweep (or of another command that varies keys) and compose every combination of files and switches.

    Raises
    ------
    ConfigError : with every problem of the words and of every combination
    """
    place = Path(cwd) if cwd is not None else Path.cwd()
    plain, factors, problems = _split([str(w) for w in words], OPTIONS[command])
    strategies = _taken(factors, "strategy") or ["o2o"]
    named = [w for w in plain if w.startswith("strategy=")]
    if named:
        strategies = [named[0].partition("=")[2]]
        plain = [w for w in plain if w not in named]
    seeds = [v for v in _taken(factors, "seed") if isinstance(v, int)]
    factors = [f for f in factors if f.key not in ("strategy", "seed")]
    plan = _Bases(plain, strategies, factors, place, command).compose(problems)
    options: Any = OPTIONS[command].model_validate(plan[0][next(iter(plan[0]))].options)
    seeds = seeds or [next(iter(plan[0].values())).settings.seed]
    made = SweepPlan([str(w) for w in words], plan[1], seeds, factors, options, plan[0])
    made.notes = list(dict.fromkeys(note for base in made.bases.values() for note in base.notes))
    if command == "sweep":
        _check(made)
        wrong = list(_unfit(made))
        if wrong:
            raise ConfigError(unique(wrong))
    return made


# ---- words --------------------------------------------------------------------------------------------------
def _split(words: list[str], model: type[BaseModel]) -> tuple[list[str], list[Varied], list[Problem]]:
    """Plain words, factors, and what is wrong with the factors."""
    plain: list[str] = []
    factors: dict[str, Varied] = {}
    problems: list[Problem] = []
    for word in words:
        item = words_.shaped(word, model)
        swept = None if not isinstance(item, Override) or item.prefix == "~" else _swept(item)
        if swept is None or not isinstance(item, Override):
            plain.append(word)
            continue
        found = _varied(item, swept, model)
        if isinstance(found, Problem):
            problems.append(found)
        elif found.key in factors:
            problems.append(Problem("given twice", key=found.key, value=show(item.bare), cure="Keep one"))
        else:
            factors[found.key] = found
    return plain, list(factors.values()), problems


def _swept(item: Override) -> Any:
    """Hydra's sweep object of a word, None when it is one value or cannot be read."""
    found = lookup(item.path) if item.kind == "value" else None
    if found is not None and found.kind == "str" and "," not in item.value and "(" not in item.value:
        return None
    try:
        parsed = words_.parsed(Override(item.prefix, item.key, item.value, "package").hydra())
    except HydraException:
        return None
    return parsed._value if parsed.is_sweep_override() else None


def _varied(item: Override, swept: Any, model: type[BaseModel]) -> Varied | Problem:
    """The factor of a word with several values."""
    shown = show(item.bare)
    if item.kind == "option":
        return Problem("has one value for the whole sweep", key=item.key, value=shown, cure=f"Write {item.key}=VALUE")
    if isinstance(swept, Glob):
        return Problem("glob(…) is not understood here", key=item.key, value=shown, cure="Write the names: a,b,c")
    structural = item.kind != "value" or is_switch(item)
    key = lookup(item.path) if not structural else None
    if not structural and key is None:
        return words_.unknown_override(item, model)
    whole = key is not None and key.kind == "int"
    if isinstance(swept, IntervalSweep):
        low, high = float(swept.start or 0), float(swept.end or 0)
        if structural or key is None or key.kind not in ("int", "float"):
            return Problem("a range of what is no number", key=item.key, value=shown, cure="Write the values: a,b,c")
        if not low < high:
            return Problem("the range is empty", key=item.key, value=shown, cure="Write interval(low,high)")
        return Varied(item.key, (), low, high, whole)
    values = tuple(_range(swept)) if isinstance(swept, RangeSweep) else tuple(_plain(v) for v in _list(swept))
    if not values:
        return Problem("no values", key=item.key, value=shown, cure="Write range(first,end,step)")
    if len(values) > MOST_LEVELS:
        return Problem(f"more than {MOST_LEVELS:,} values", key=item.key, value=shown, cure="Write interval(low,high) with design=lhs")
    if len(set(map(repr, values))) < len(values):
        return Problem("a value twice", key=item.key, value=shown, cure="Keep one")
    if not structural:
        problem = words_.judged(Override(item.prefix, item.key, _text(values[0]), item.kind, item.is_text), model)
        if problem is not None:
            return problem
        wants_float = key is not None and key.kind == "float"
        values = tuple(float(v) if wants_float and isinstance(v, int) and not isinstance(v, bool) else v for v in values)
    return Varied(item.key, values, whole=whole, structural=structural)


def is_switch(item: Override) -> bool:
    """Whether a word switches a capability, which brings what it requires and so must be composed."""
    return item.path[:2] == ("strategy", "capabilities") and (len(item.path) == 3 or item.path[3:] == ("enabled",))


def _list(swept: ChoiceSweep) -> list[Any]:
    return list(swept.list)


def _range(swept: RangeSweep) -> Iterator[float | int]:
    start, stop, step = swept.start or 0, swept.stop, swept.step or 1
    assert stop is not None
    count = max(0, math.ceil((stop - start) / step - 1e-9)) if step else 0
    for i in range(min(count, MOST_LEVELS + 1)):
        value = start + i * step
        yield round(value, 12) if isinstance(value, float) else value


def _plain(value: Any) -> Any:
    """A value of Hydra's parser as plain data."""
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return str(value) if not isinstance(value, (int, float, bool, type(None))) else value


def _text(value: Any) -> str:
    """A value as it is written on the command line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return "[" + ",".join(_text(v) for v in value) + "]"
    return repr(value) if isinstance(value, float) else str(value)


def _taken(factors: list[Varied], key: str) -> list[Any]:
    return next((list(f.values) for f in factors if f.key == key), [])


# ---- compositions -------------------------------------------------------------------------------------------
class _Bases:
    """Composes each strategy at each combination of files and switches; collects every problem."""

    def __init__(self, plain: list[str], strategies: list[Any], factors: list[Varied], cwd: Path, command: str = "sweep") -> None:
        self.command = command
        self.plain, self.cwd, self.factors = plain, cwd, factors
        self.strategies = [str(s) for s in strategies]
        self.loose = [f for f in factors if not f.structural]
        columns = [[f"{f.key}={_text(v)}" for v in f.values] for f in factors if f.structural]
        if math.prod(len(c) for c in columns) * len(self.strategies) > MOST_COMPOSITIONS:
            raise refuse(f"more than {MOST_COMPOSITIONS} combinations of files and switches", cure="Vary fewer files and switches in one sweep")
        self.combos: list[Combination] = list(itertools.product(*columns))

    def compose(self, problems: list[Problem]) -> tuple[dict[tuple[str, Combination], Composed], list[str]]:
        """Every composition under (strategy's name, combination), and the strategies' names."""
        made: dict[tuple[str, Combination], Composed] = {}
        names: list[str] = []
        for strategy in self.strategies:
            name = strategy
            for combo in self.combos:
                try:
                    base = compose(self.command, [*self.plain, f"strategy={strategy}", *combo], self.cwd)
                except ConfigError as error:
                    problems += error.problems
                    continue
                name = strategy if strategy == base.settings.strategy.name else base.settings.strategy.name
                made[name, combo] = base
            names.append(name)
        problems += self._unknown(made)
        if problems:
            raise ConfigError(unique(problems))
        if len(set(names)) < len(names):
            raise refuse("two strategies have the same name", key="strategy", value=show(",".join(self.strategies)), cure="Change 'name:' in the file")
        return made, names

    def _unknown(self, made: Mapping[tuple[str, Combination], Composed]) -> Iterator[Problem]:
        """Factors whose key stands in no composition: a segment, category or capability that is not there."""
        dumps = [base.settings.model_dump(mode="json") for base in made.values()]
        for factor in self.loose if dumps else []:
            if not any(_reach(data, factor.path) is not None for data in dumps):
                yield Problem("no such key in these settings", key=factor.key, cure="`omosim explain " + ".".join(factor.path[:-1]) + "` lists the keys")


def _check(plan: SweepPlan) -> None:
    problems = []
    if plan.options.baseline and plan.options.baseline not in plan.strategies:
        problems.append(Problem("is not among the strategies", key="baseline", value=show(plan.options.baseline), allowed=", ".join(plan.strategies)))
    if plan.options.shard:
        k, _, n = plan.options.shard.partition("/")
        if not (k.isdigit() and n.isdigit() and 1 <= int(k) <= int(n) <= 10_000):
            problems.append(Problem("is no shard", key="shard", value=show(plan.options.shard), allowed="k/n, as 3/40, k from 1 to n"))
    if plan.options.select and plan.options.indifference <= 0:
        problems.append(Problem("select needs the difference that is worth telling apart", key="indifference", value=show(str(plan.options.indifference)), allowed="more than 0, in the market's currency", cure="Write indifference=1000000"))
    if plan.options.select and plan.options.shard:
        problems.append(Problem("select judges all runs together", key="shard", value=show(plan.options.shard), cure="Drop shard or select"))
    if plan.options.select and plan.options.replications * len(plan.seeds) < 2:
        problems.append(Problem("select needs several repetitions", key="replications", value=str(plan.options.replications), allowed="2 or more; 10 are made of every arm", cure="Write replications=50"))
    if problems:
        raise ConfigError(problems)


def _unfit(plan: SweepPlan) -> Iterator[Problem]:
    """Values that their own key refuses by type or range, whatever the others are: a slip, and no row of failures.jsonl."""
    for factor in plan.factors:
        base = next((base for base in plan.bases.values() if _reach(base.settings.model_dump(mode="json"), factor.path) is not None), None)
        if factor.structural or base is None:
            continue
        data, layers = _copied(base.settings.model_dump(mode="json")), next(iter(base.layers.values()))
        for value in _ends(factor):
            _put(data, factor.path, value)
            origin = Layers(layers.files, [*layers.overrides, (factor.path, f"{factor.key}={_text(value)}")]).origin
            try:
                Settings.model_validate(data, strict=True)
            except ValidationError as error:
                for problem, found in zip(from_pydantic(error, origin), error.errors(include_url=False), strict=True):
                    own = tuple(map(str, found["loc"][: len(factor.path)])) == factor.path
                    if own and found["type"] not in ("value_error", "assertion_error"):  # these look at several keys
                        yield problem


def _ends(factor: Varied) -> list[Any]:
    """Values that stand for all: the ends of numbers of one kind, else each."""
    if not factor.values:
        return [math.ceil(factor.low), math.floor(factor.high)] if factor.whole and math.ceil(factor.low) <= math.floor(factor.high) else [factor.low, factor.high]
    alike = len({type(v) for v in factor.values}) == 1 and isinstance(factor.values[0], (int, float))
    return [min(factor.values), max(factor.values)] if alike else list(factor.values)


# ---- values into data ----------------------------------------------------------------------------------------
def _reach(data: Any, path: Sequence[str]) -> Any:
    """The container of the path's last step, None when there is none (a capability that a strategy lacks)."""
    for step in path[:-1]:
        data = data.get(step) if isinstance(data, dict) else data[int(step)] if isinstance(data, list) and step.isdigit() and int(step) < len(data) else None
        if data is None:
            return None
    last = path[-1]
    if isinstance(data, list):
        return data if last.isdigit() and int(last) < len(data) else None
    if isinstance(data, dict):
        free = path[:2] == ("strategy", "capabilities") and "levels" in path  # a level that the file leaves to its default
        return data if last in data or free else None
    return None


def _put(data: dict[str, Any], path: Sequence[str], value: Any) -> bool:
    """Put a value at a path; False when the settings have no such place."""
    holder = _reach(data, path)
    if holder is None:
        return False
    holder[int(path[-1]) if isinstance(holder, list) else path[-1]] = value
    return True


def _copied(data: Any) -> Any:
    """A copy of plain data; quicker than copy.deepcopy, which keeps a memo."""
    if isinstance(data, dict):
        return {k: _copied(v) for k, v in data.items()}
    return [_copied(v) for v in data] if isinstance(data, list) else data


