"""Takes up the resolved configuration of a result folder: the same settings, whatever became of the files since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from omosim.config.commands import OPTIONS
from omosim.config.compose import Composed, validate
from omosim.config.errors import ConfigError, Problem, refuse, unique
from omosim.config.layers import Layers
from omosim.config.problems import from_pydantic
from omosim.config.strict import read_file
from omosim.schema.settings import CompareSettings, Settings


def reread(path: str | Path, output_dir: str | None = None) -> Composed:
    """The command and settings that `config.yaml` states. Raises ConfigError when they are no longer valid.

    output_dir: result folder of the new run; null lets the command choose one.
    """
    doc = read_file(path)
    if doc.problems:
        raise ConfigError(doc.problems)
    data = dict(doc.data)
    command = str(data.pop("command", "run"))
    if command not in OPTIONS:
        raise refuse("no such command", file=doc.file, key="command", value=command, allowed=", ".join(OPTIONS))
    layers = Layers([((), doc)])
    if command == "run":
        base, arms, options = data, None, {}
    else:
        base, arms = data.pop("settings", {}), data.pop("arms", None)
        options = data
    if not isinstance(base, dict):
        raise refuse("is no mapping", file=doc.file, key="settings", cure="Take the file as it was written")
    base = {**base, "output": {**(base.get("output") or {}), "dir": output_dir}}
    made, problems = _arms(base, arms, layers)
    chosen, more = _options(OPTIONS[command], options, layers)
    if problems or more or chosen is None:
        raise ConfigError(unique([*problems, *more]))
    compare = chosen if isinstance(chosen, CompareSettings) else None
    first = made[compare.baseline] if compare else next(iter(made.values()))
    layer = dict.fromkeys(made, layers)
    return Composed(command, first, made, compare, chosen.model_dump(mode="json"), [], layer)


def read_config(path: str | Path) -> tuple[dict[str, Any], Layers]:
    """Plain data of a `config.yaml`, and where each value stands. Raises ConfigError when it cannot be read."""
    doc = read_file(path)
    if doc.problems:
        raise ConfigError(doc.problems)
    return dict(doc.data), Layers([((), doc)])


def _arms(base: dict[str, Any], arms: Any, layers: Layers) -> tuple[dict[str, Settings], list[Problem]]:
    made: dict[str, Settings] = {}
    problems: list[Problem] = []
    rows = arms.items() if isinstance(arms, dict) and arms else [("", base.get("strategy"))]
    for name, strategy in rows:
        settings, wrong = validate({**base, "strategy": strategy}, layers)
        problems += wrong
        if settings is not None:
            made[name or settings.strategy.name] = settings
    return made, problems


def _options(model: type[BaseModel], data: dict[str, Any], layers: Layers) -> tuple[BaseModel | None, list[Problem]]:
    try:
        return model.model_validate(data, strict=True), []
    except ValidationError as error:
        return None, from_pydantic(error, layers.origin, model)
