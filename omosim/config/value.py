"""`omosim value`: two strategies composed under the same words, and which of their capabilities are players."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from omosim.config import levels
from omosim.config.commands import OPTIONS
from omosim.config.compose import WHERE_ONLY, Composed, compose, validate
from omosim.config.errors import ConfigError, Problem, nearest, refuse, show, unique
from omosim.config.layers import Layers
from omosim.config.overrides import parsed_value, read
from omosim.config.reread import read_config
from omosim.config.resolved import config_hash, content_hash, to_yaml
from omosim.schema.settings import Settings
from omosim.schema.strategy import StrategySettings

_NEEDLESS = "the strategy has no capability"


@dataclass
class ValuePlan:
    """From where to where, over which players.

    source, target : settings that differ in capabilities alone; labels : their names as they are printed
    named : players asked for; options : of ValueSettings; base : the composition of the target, for sources of values
    """

    words: list[str]
    source: Settings
    target: Settings
    labels: tuple[str, str]
    named: list[str]
    options: Any
    base: Composed | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def hash(self) -> str:
        """16 hex digits of what decides the numbers."""
        return content_hash({"source": config_hash(self.source), "target": config_hash(self.target), "options": {k: v for k, v in self.options.model_dump().items() if k not in WHERE_ONLY}})

    @property
    def yaml(self) -> str:
        """The resolved configuration, as `--cfg job` prints it and a result folder keeps it."""
        base = self.source.model_dump(mode="json")
        base.pop("strategy")
        arms = {end: s.model_dump(mode="json")["strategy"] for end, s in (("source", self.source), ("target", self.target))}
        return to_yaml({"command": "value", **self.options.model_dump(mode="json"), "labels": list(self.labels), "arms": arms, "settings": base})

    def settings(self, state: Sequence[tuple[str, bool]]) -> Settings:
        """Settings of a coalition: capability, and whether its row is the target's.

        Raises
        ------
        ConfigError : the capabilities do not fit together
        """
        rows = {name: (self.target if taken else self.source).strategy.capabilities[name] for name, taken in state}
        off = {name: row.model_copy(update={"enabled": False}) for name, row in {**self.source.strategy.capabilities, **self.target.strategy.capabilities}.items() if name not in rows}
        strategy = StrategySettings(name="coalition", capabilities={**rows, **off})
        data = {**self.source.model_dump(mode="json"), "strategy": strategy.model_dump(mode="json")}
        found, problems = validate(data, Layers([], []))
        if found is None:
            raise ConfigError(unique(problems))
        return found


def compose_value(words: Sequence[str], cwd: str | Path | None = None) -> ValuePlan:
    """Read the words of `value` and compose both strategies.

    Raises
    ------
    ConfigError : with every problem of the words and of both strategies
    """
    given = [str(w) for w in words]
    place = Path(cwd) if cwd is not None else Path.cwd()
    if any(w.startswith(("strategy=", "strategies=")) for w in given):
        wrong = next(w for w in given if w.startswith(("strategy=", "strategies=")))
        raise refuse("value goes from one strategy to another", key=wrong.partition("=")[0], value=show(wrong.partition("=")[2]), cure="Write from=o2o to=omo")
    items, _ = read(given, OPTIONS["value"])
    asked = {item.key: parsed_value(item) for item in items if item.kind == "option"}
    ends = [str(asked.get("from", "o2o")), str(asked.get("to", "omo"))]
    named = asked.get("capabilities", [])
    if "capabilities" in asked and named == []:
        raise refuse("an empty list", key="capabilities", value="[]", allowed="names", cure="Name those whose value you want, or leave the word out: then each that differs is a player")
    named = [str(n) for n in named] if isinstance(named, list) else []
    if unknown := [n for n in named if levels.kind(n) is None]:
        problems = [Problem("no such capability", key="capabilities", value=show(n), allowed=", ".join(levels.names()), near=nearest(n, levels.names()), cure="`omosim list capabilities` describes them") for n in unknown]
        raise ConfigError(problems)
    if len(set(named)) < len(named):
        raise refuse("a capability twice", key="capabilities", value=show(",".join(named)), cure="Keep one")
    source, target = _both(given, ends, place)
    neither = [n for n in named if not _on(source.settings, n) and not _on(target.settings, n)]
    if neither:
        more = [f"strategy.capabilities.{n}=true" for n in neither]
        target = _compose([*(w for w in given if w.partition("=")[0] not in {m.partition("=")[0] for m in more}), *more], ends[1], place, "to")
    first = source.settings
    both = [n for n in named if _row(first, n) == _row(target.settings, n) and _on(first, n)]
    labels = [source.settings.strategy.name, target.settings.strategy.name]
    if neither:
        labels[1] += f" with {', '.join(neither)}"
    if both:
        first = without(first, both)
        labels[0] += f" without {', '.join(both)}"
    plan = ValuePlan(given, first, target.settings, (labels[0], labels[1]), named, OPTIONS["value"].model_validate(target.options), target)
    plan.notes = list(dict.fromkeys([*source.notes, *target.notes]))
    check(plan)
    return plan


def without(settings: Settings, names: Sequence[str]) -> Settings:
    """The settings with some capabilities off, and those off that need them."""
    rows, off = dict(settings.strategy.capabilities), list(names)
    while off:
        name = off.pop()
        rows[name] = rows[name].model_copy(update={"enabled": False})
        off += [n for n, row in rows.items() if row.enabled and name in levels.requires(n)]
    return settings.model_copy(update={"strategy": settings.strategy.model_copy(update={"capabilities": rows})})


def check(plan: ValuePlan) -> None:
    """Refuse what leaves nothing to value."""
    a, b = (enabled_rows(s) for s in (plan.source, plan.target))
    if a == b:
        raise refuse("the two strategies have the same capabilities", key="to", value=show(plan.labels[1]), cure="Name another strategy, or capabilities=[…] whose value you want")
    on = enabled_rows(plan.target)
    for name in plan.named:
        for other in levels.excludes(name):
            if other in on and name in on:
                raise refuse(f"'{name}' cannot stand beside '{other}'", key="capabilities", value=show(name), cure=f"Drop {name} or {other}")


def enabled_rows(settings: Settings) -> dict[str, Any]:
    """Capability -> its row, of those that are on."""
    return {name: row.model_dump(mode="json") for name, row in settings.strategy.capabilities.items() if row.enabled}


def _on(settings: Settings, name: str) -> bool:
    row = settings.strategy.capabilities.get(name)
    return row is not None and row.enabled


def _row(settings: Settings, name: str) -> Any:
    return settings.strategy.capabilities.get(name)


def _both(words: list[str], ends: Sequence[str], place: Path) -> tuple[Composed, Composed]:
    """Both ends; a level that one of them lacks is set in the other alone."""
    made: list[Composed | None] = []
    problems: list[Problem] = []
    lacking: list[set[str]] = []
    for key, value in zip(("from", "to"), ends, strict=True):
        mine, lack = list(words), set[str]()
        while True:
            try:
                made.append(_compose(mine, value, place, key))
            except ConfigError as error:
                needless = {p.key for p in error.problems if p.message.startswith(_NEEDLESS)}
                kept = [w for w in mine if w.partition("=")[0].lstrip("+~") not in needless]
                if needless and len(kept) < len(mine) and all(p.key in needless for p in error.problems):
                    mine, lack = kept, lack | needless
                    continue
                made.append(None)
                problems += error.problems
            break
        lacking.append(lack)
    if lost := lacking[0] & lacking[1]:
        problems += [Problem("neither strategy has this capability", key=key, cure="Add it: capabilities=[NAME]") for key in sorted(lost)]
    source, target = made
    if problems or source is None or target is None:
        raise ConfigError(unique(problems))
    return source, target


def _compose(words: list[str], strategy: str, place: Path, key: str) -> Composed:
    try:
        return compose("value", [*words, f"strategy={strategy}"], place)
    except ConfigError as error:
        raise ConfigError([replace(p, key=key, cure=p.cure.replace("strategy=", f"{key}=")) if p.key == "strategy" else p for p in error.problems]) from None


def reread_value(path: str | Path, output_dir: str | None = None) -> ValuePlan:
    """The plan that a result folder's `config.yaml` states."""
    data, layers = read_config(path)
    labels, arms, base = data.pop("labels", ["source", "target"]), data.pop("arms", {}), data.pop("settings", {})
    data.pop("command", None)
    base = {**base, "output": {**(base.get("output") or {}), "dir": output_dir}}
    made, problems = [], []
    for end in ("source", "target"):
        found, wrong = validate({**base, "strategy": arms.get(end)}, layers)
        made.append(found)
        problems += wrong
    source, target = made
    if problems or source is None or target is None:
        raise ConfigError(unique(problems))
    options = OPTIONS["value"].model_validate(data)
    return ValuePlan([], source, target, (str(labels[0]), str(labels[1])), list(data.get("capabilities") or []), options)
