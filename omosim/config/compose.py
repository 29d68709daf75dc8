"""From a command and its overrides to validated settings; every problem is collected before anything runs."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ValidationError

from omosim.config import experiment, levels, roster, rules
from omosim.config.commands import OPTIONS
from omosim.config.errors import ConfigError, Problem, nearest, refuse, show, unique
from omosim.config.hydra_source import Loader
from omosim.config.layers import Layers, Loc, leaves
from omosim.config.library import EMBEDDED, Library, is_path, part
from omosim.config.overrides import Override, parsed_value, quoted, read
from omosim.config.problems import from_pydantic
from omosim.config.resolved import config_hash, content_hash, resolved_yaml, to_yaml
from omosim.config.schema_tree import lookup
from omosim.config.strict import Doc, dotted
from omosim.schema.scenario import OF_CAPABILITY
from omosim.schema.settings import CompareSettings, Settings

#: options that say where runs are made, and so decide no number
WHERE_ONLY = ("jobs", "executor", "scheduler", "budget_s")


@dataclass
class Composed:
    """A command's settings, ready to run."""

    command: str
    settings: Settings
    arms: dict[str, Settings]
    compare: CompareSettings | None
    options: dict[str, Any]
    overrides: list[str]
    layers: dict[str, Layers]
    notes: list[str] = field(default_factory=list)

    @property
    def origins(self) -> dict[str, str]:
        """Key -> `file:line` or the override that set it, for every leaf of the first arm."""
        layers = next(iter(self.layers.values()))
        return {dotted(loc): layers.set_by(loc) for loc in leaves(self.settings.model_dump(mode="json"))}

    @property
    def hash(self) -> str:
        """16 hex digits of what decides the command's numbers: every arm and the options, but not `jobs`."""
        if self.command == "run":
            return config_hash(self.settings)
        arms = {name: config_hash(s) for name, s in self.arms.items()}
        return content_hash({"arms": arms, **{k: v for k, v in self.options.items() if k not in WHERE_ONLY}})

    @property
    def yaml(self) -> str:
        """The resolved configuration, as `--cfg job` prints it and a result folder keeps it."""
        if self.command == "run":
            return resolved_yaml(self.settings)
        base = self.settings.model_dump(mode="json")
        if self.command == "compare":
            base.pop("strategy")
            arms = {name: s.model_dump(mode="json")["strategy"] for name, s in self.arms.items()}
            return to_yaml({"command": self.command, **self.options, "arms": arms, "settings": base})
        return to_yaml({"command": self.command, **self.options, "settings": base})


def compose(command: str, overrides: Sequence[str] = (), cwd: str | Path | None = None) -> Composed:
    """Settings of a command. Raises ConfigError with every problem found.

    overrides: `key=value` words; cwd: folder from which files and the user's ./configs, ./scenarios and ./experiments are found.
    """
    if command not in OPTIONS:
        raise refuse("no such command", value=show(command), allowed=", ".join(OPTIONS), near=nearest(command, OPTIONS))
    return _Composer(command, [str(o) for o in overrides], Path(cwd) if cwd is not None else Path.cwd()).run()


class _Composer:
    """One composition; collects problems on its way."""

    def __init__(self, command: str, words: list[str], cwd: Path) -> None:
        self.command = command
        self.model: type[BaseModel] = OPTIONS[command]
        self.library = Library(cwd)
        self.loader = Loader(self.library)
        words, wrong = experiment.expand(command, words, cwd)
        self.items, self.problems = read(words, self.model)
        self.problems = wrong + self.problems
        self.words = words
        self.choices: dict[str, str] = {}
        self.layers: dict[str, Layers] = {}
        self.notes: list[str] = []

    def run(self) -> Composed:
        self._choose_groups()
        arms = self._arms()
        raw = {name: self._one(name, option) for name, option in arms.items()}
        self._unused_levels(raw)
        self.problems += self.library.problems()
        fatal = any(doc.fatal for doc in self.library.docs.values())
        made = {} if fatal else {name: self._validate(name, data) for name, data in raw.items() if data is not None}
        options = None if fatal else self._options(next((d for d in raw.values() if d is not None), None), list(arms))
        if self.problems:
            raise ConfigError(unique(self.problems))
        settings = {name: s for name, s in made.items() if s is not None}
        if len(settings) != len(arms) or options is None:
            raise refuse("the configuration could not be composed", cure="Compare it with `omosim init`")
        return self._composed(settings, options, raw)

    def _composed(self, arms: dict[str, Settings], options: BaseModel, raw: dict[str, Any]) -> Composed:
        compare = options if isinstance(options, CompareSettings) else None
        first = arms[compare.baseline] if compare else next(iter(arms.values()))
        if compare is None:
            arms = {first.strategy.name: first}
            self.layers = {first.strategy.name: self.layers[""]}
        said = [] if self.command == "bopis" else rules.notes(first.model_dump(mode="json"))  # a plan has no sample of shoppers
        notes = list(dict.fromkeys([*self.notes, *said]))
        return Composed(
            self.command, first, arms, compare, options.model_dump(mode="json"), self.words, self.layers, notes
        )

    # ---- groups ---------------------------------------------------------------------------------------------
    def _choose_groups(self) -> None:
        given = {item.key: item for item in self.items if item.kind == "group"}
        if self.command == "compare" and "strategy" in given:
            value = given.pop("strategy").bare
            self.problems.append(
                Problem(
                    "compare takes several strategies",
                    key="strategy",
                    value=show(value),
                    cure=f"Write strategies=[o2o,{value}]",
                )
            )
        for group, item in given.items():
            option = self._option(group, item.bare)
            if option is not None:
                self.choices[group] = option
        self._embedded()

    def _option(self, group: str, value: str, key: str = "") -> str | None:
        """Name of the option that an override chose; a file becomes an option of its own."""
        if is_path(value):
            return self.library.add_file(group, value)[0]
        if self.library.exists(f"{group}/{value}"):
            return value
        known = self.library.options(group)
        shown = ", ".join(known[:40]) + (", …" if len(known) > 40 else "")
        cure = "Choose one of these, or give a file: " + f"{group}=FILE.yaml"
        self.problems.append(
            Problem(
                f"no such {group}",
                key=key or group,
                value=show(value),
                allowed=shown,
                near=nearest(value, known),
                cure=cure,
            )
        )
        return None

    def _embedded(self) -> None:
        """A market file may bring its catalogue, network and touchpoints, or name them."""
        option = self.choices.get("market")
        if option is None:
            return
        doc = self.library.doc(f"market/{option}")
        if doc.fatal:
            self.choices.pop("market")
            return
        found = {key: doc.data.pop(key) for key in EMBEDDED if key in doc.data}
        for key in ("catalogue", "network"):
            if key not in found and key not in self.choices and not self.library.exists(f"{key}/{option}"):
                known = self.library.options(key)
                self.problems.append(
                    Problem(
                        f"the market brings no {key}",
                        doc.file,
                        None,
                        None,
                        key,
                        None,
                        ", ".join(known),
                        cure=f"Add '{key}:' to the file (keys or a name), or give {key}=NAME",
                    )
                )
                self.choices[key] = known[0] if known else option
        for key, value in found.items():
            if key not in self.choices:
                self.choices[key] = self._embed(doc, key, value)

    def _embed(self, doc: Doc, key: str, value: Any) -> str:
        if isinstance(value, dict):
            whole = Doc(doc.file, {key: value}, doc.places)
            return self.library.add_doc(key, part(whole, key))[0]
        if isinstance(value, str) and is_path(value):
            folder = (self.library.cwd / doc.file).parent
            return self.library.add_file(key, value, near=folder)[0]
        if isinstance(value, str) and self.library.exists(f"{key}/{value}"):
            return value
        known = self.library.options(key)
        line = doc.line_of((key,))
        near = nearest(value, known) if isinstance(value, str) else None
        self.problems.append(
            Problem(
                f"no such {key}",
                doc.file,
                line,
                None,
                key,
                show(value),
                ", ".join(known),
                near,
                "Write its keys below it, or a name",
            )
        )
        return known[0] if known else "none"

    # ---- arms -------------------------------------------------------------------------------------------------
    def _arms(self) -> dict[str, str]:
        """Name -> option of the strategy group, for each arm."""
        if self.command != "compare":
            option = self.choices.pop("strategy", None)
            return {"": option or ""}
        listed = self._listed("strategies", self._default("strategies"))
        arms: dict[str, str] = {}
        for value in listed:
            option = self._option("strategy", value, "strategies")
            if option is None:
                continue
            name = value
            if is_path(value):
                name = str(self.library.doc(f"strategy/{option}").data.get("name") or Path(value).stem)
            if name in arms and is_path(value):
                self.problems.append(
                    Problem(
                        f"two strategies are named '{name}'",
                        key="strategies",
                        value=show(value),
                        cure="Change 'name:' in the file",
                    )
                )
            arms[name] = option
        return arms or {"": ""}

    def _default(self, key: str) -> Any:
        doc = self.library.doc(self.command)
        return doc.data.get(key)

    def _listed(self, key: str, default: Any) -> list[str]:
        for item in self.items:
            if item.key == key:
                default = parsed_value(item)
        return [str(v) for v in default] if isinstance(default, list) else []

    # ---- one composition ----------------------------------------------------------------------------------------
    def _one(self, arm: str, option: str) -> dict[str, Any] | None:
        shorthand = {i.path[2]: i.bare == "true" for i in self.items if _is_shorthand(i)}
        values = [i for i in self.items if i.kind != "group" and not _is_shorthand(i) and not _is_level(i)]
        groups = [f"{g}={quoted(o)}" for g, o in self.choices.items()]
        groups += [f"strategy={quoted(option)}"] if option else []
        try:
            data, files = self.loader.compose(self.command, groups + [i.hydra() for i in values])
            layers = Layers([(package, self.library.doc(path)) for path, package in files])
            known = self._known_names(values, layers)
            if len(known) < len(values):
                values = known
                data, _ = self.loader.compose(self.command, groups + [i.hydra() for i in values])
        except (HydraException, OmegaConfBaseException, ValueError, KeyError) as error:
            first = str(error).strip().splitlines() or [type(error).__name__]
            self.problems.append(
                Problem("cannot be composed: " + show(first[0], 200).strip("'"), cure="Check names of files and keys")
            )
            return None
        self.layers[arm] = layers
        layers.overrides += [(i.path, i.text) for i in values if i.prefix != "~"]
        self._switch(data, layers, shorthand)
        self._prepare(data, layers)
        self._levels(data, layers)
        return data

    def _known_names(self, values: list[Override], layers: Layers) -> list[Override]:
        """Overrides without those of a segment, category, … that does not exist and is not added by '+'."""
        kept = []
        for item in values:
            found = lookup(item.path) if item.kind == "value" and item.prefix != "+" else None
            base = found.path[: found.path.index("*")] if found is not None and "*" in found.path else ()
            names = layers.names(base) if base and base[-1] != "expect" else []
            word = item.path[len(base)]
            if not names or word in names:
                kept.append(item)
                continue
            message = f"no '{word}' in {'.'.join(base)}"
            cure = "Choose one of these; '+' before the key adds a new one"
            self.problems.append(
                Problem(
                    message,
                    key=item.key,
                    value=show(item.bare),
                    allowed=", ".join(names[:30]),
                    near=nearest(word, names),
                    cure=cure,
                )
            )
        return kept

    def _switch(self, data: dict[str, Any], layers: Layers, shorthand: dict[str, bool]) -> None:
        """`strategy.capabilities.NAME=true|false` switches a capability with its default levels and costs.

        One switched on brings those it requires; one switched off takes those along that require it.
        """
        strategy = data.get("strategy")
        have = strategy.setdefault("capabilities", {}) if isinstance(strategy, dict) else {}
        for name, on in shorthand.items():
            if levels.kind(name) is None:
                cure, known = "`omosim list capabilities` describes them", levels.names()
                key, value = f"strategy.capabilities.{name}", "true" if on else "false"
                near = nearest(name, known)
                self.problems.append(
                    Problem("no such capability", "command line", None, None, key, value, ", ".join(known), near, cure)
                )
            else:
                self._put(
                    have, layers, name, on, f"strategy.capabilities.{name}={'true' if on else 'false'}", shorthand
                )

    def _prepare(self, data: dict[str, Any], layers: Layers) -> None:
        """A capability that a scenario may switch on stands in the strategy, off, with its shipped levels and costs."""
        scenario, strategy = data.get("scenario"), data.get("strategy")
        changes = scenario.get("interventions") if isinstance(scenario, dict) else None
        have = strategy.get("capabilities") if isinstance(strategy, dict) else None
        if not isinstance(changes, list) or not isinstance(have, dict):
            return
        for change in changes:
            name = change.get("capability") if isinstance(change, dict) and change.get("what") in OF_CAPABILITY else None
            if isinstance(name, str) and levels.kind(name) is not None:
                self._stand_by(have, layers, name)

    def _stand_by(self, have: dict[str, Any], layers: Layers, name: str) -> None:
        """A capability and those it requires stand there, off, with their levels and costs: none comes for nothing."""
        config = f"strategy/capability/{name}"
        if name not in have and self.library.exists(config):
            doc = self.library.doc(config)
            have[name] = {**copy.deepcopy(doc.data), "enabled": False}
            layers.files.append((("strategy", "capabilities", name), doc))
        for other in levels.requires(name):
            self._stand_by(have, layers, other)

    def _put(
        self, have: dict[str, Any], layers: Layers, name: str, on: bool, text: str, asked: dict[str, bool]
    ) -> None:
        loc: Loc = ("strategy", "capabilities", name)
        if on and not isinstance(have.get(name), dict):
            config = f"strategy/capability/{name}"
            doc = self.library.doc(config) if self.library.exists(config) else Doc(config)
            have[name] = copy.deepcopy(doc.data)
            layers.files.append((("strategy", "capabilities", name), doc))
        if not isinstance(have.get(name), dict):
            return
        have[name]["enabled"] = on
        layers.overrides.append(((*loc, "enabled"), text))
        linked = levels.requires(name) if on else [n for n in have if name in levels.requires(n)]
        for other in linked:
            row = have.get(other)
            is_on = isinstance(row, dict) and row.get("enabled", True) is not False
            if is_on != on and other not in asked:
                self.notes.append(f"{text} also switches {'on' if on else 'off'} '{other}'")
                self._put(have, layers, other, on, text, asked)

    def _levels(self, data: dict[str, Any], layers: Layers) -> None:
        """Levels and costs of a capability, in the arms that have it."""
        have = data.get("strategy", {}).get("capabilities", {})
        for item in self.items:
            if not _is_level(item) or _is_shorthand(item):
                continue
            if not isinstance(have.get(item.path[2]), dict):
                continue
            here = have[item.path[2]]
            for step in item.path[3:-1]:
                here = here.setdefault(step, {})
            if item.prefix == "~":
                here.pop(item.path[-1], None)
            else:
                here[item.path[-1]] = parsed_value(item)
                layers.overrides.append((item.path, item.text))

    def _unused_levels(self, raw: dict[str, Any]) -> None:
        for item in self.items:
            if not _is_level(item) or _is_shorthand(item):
                continue
            arms = [
                d["strategy"].get("capabilities", {}) for d in raw.values() if d and isinstance(d.get("strategy"), dict)
            ]
            if arms and not any(item.path[2] in have for have in arms):
                names = sorted({n for have in arms for n in have})
                name = item.path[2]
                self.problems.append(
                    Problem(
                        f"the strategy has no capability '{name}'",
                        key=item.key,
                        value=show(item.bare),
                        allowed=", ".join(names),
                        near=nearest(name, names),
                        cure=f"Add strategy.capabilities.{name}=true, or choose one that it has",
                    )
                )

    # ---- validation -------------------------------------------------------------------------------------------
    def _validate(self, arm: str, data: dict[str, Any]) -> Settings | None:
        layers = self.layers[arm]
        own = {k: v for k, v in data.items() if k not in self.model.model_fields}
        found, problems = validate(own, layers, self.library.cwd)
        self.problems += problems
        return found

    def _options(self, data: dict[str, Any] | None, arms: list[str]) -> BaseModel | None:
        if data is None:
            return None
        layers = next(iter(self.layers.values()))
        own = {k: v for k, v in data.items() if k in self.model.model_fields}
        if self.command == "compare" and isinstance(own.get("strategies"), list):
            names = {str(v): n for v, n in zip(self._listed("strategies", own["strategies"]), arms)}
            whole = len(names) == len(arms) == len(own["strategies"])
            own["strategies"] = list(arms) if whole else own["strategies"]
            own["baseline"] = names.get(str(own.get("baseline")), own.get("baseline")) if whole else own.get("baseline")
            if whole and own["baseline"] not in arms and not any(item.key == "baseline" for item in self.items):
                self.notes.append(f"baseline={arms[0]}, the first of the strategies, as {own['baseline']} is not among them")
                own["baseline"] = arms[0]
        self.problems += [p for p in rules.arms(rules.Facts(own, layers.origin)) if self.command == "compare"]
        field = self.model.model_fields.get("orders")  # of `value` a number of orders of players
        orders = own.get("orders") if field is not None and field.annotation is not int else None
        if isinstance(orders, str) and orders and not (self.library.cwd / orders).is_file():
            self.problems.append(
                Problem("no such file", key="orders", value=show(orders), cure="Give the path of a CSV, CSV.gz, Parquet or xlsx file")
            )
        try:
            return self.model.model_validate(own, strict=True)
        except ValidationError as error:
            self.problems += from_pydantic(error, layers.origin, self.model)
            return None


def _is_shorthand(item: Override) -> bool:
    switch = len(item.path) == 3 or (len(item.path) == 4 and item.path[3] == "enabled")
    return (
        item.path[:2] == ("strategy", "capabilities") and switch and item.bare in ("true", "false") and not item.prefix
    )


def _is_level(item: Override) -> bool:
    return item.kind == "value" and item.path[:2] == ("strategy", "capabilities") and len(item.path) > 3


def validate(data: dict[str, Any], layers: Layers, cwd: Path | None = None) -> tuple[Settings | None, list[Problem]]:
    """The settings in `data`, or None, with everything that is wrong in it; a file of shifts is looked for from `cwd`."""
    facts = rules.Facts(data, layers.origin)
    problems = [p for p in rules.check(facts) if p.key] + list(roster.take_up(facts, cwd or Path.cwd()))
    found: Settings | None = None
    try:
        found = Settings.model_validate(data, strict=True)
    except ValidationError as error:
        problems = _as_list(error, layers) + problems
    return (None if problems else found), problems


def _as_list(error: ValidationError, layers: Layers) -> list[Problem]:
    rows = from_pydantic(error, layers.origin)
    return [p for p, e in zip(rows, error.errors(include_url=False)) if not layers.bad(tuple(e["loc"]))]


def settings_from_dict(data: dict[str, Any], source: str = "settings") -> Settings:
    """Settings from plain data, under the same rules as files; ConfigError with every problem."""
    layers = Layers([((), Doc(source))])
    found, problems = validate(data, layers)
    if found is None:
        raise ConfigError(unique(problems))
    return found
