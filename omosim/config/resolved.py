"""A configuration written out in full, read back, and hashed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import yaml

from omosim.config.strict import type_scalar
from omosim.schema.settings import Settings

HOW_ONLY = ("engine", "output")


class _Plain(yaml.SafeDumper):
    """Writes no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Quoted where this reader takes the plain word for a number that YAML 1.1 takes for text, as 0E0."""
    plain = type_scalar(text) == text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else "'")


_Plain.add_representer(str, _text)


def to_yaml(data: dict[str, Any]) -> str:
    """Plain data as YAML in the order of its keys; text that YAML would misread is quoted."""
    return yaml.dump(data, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)


def resolved_yaml(settings: Settings) -> str:
    """One run's settings in full, as a file that reads back to the same settings."""
    return to_yaml(settings.model_dump(mode="json"))


def canonical(settings: Settings, ignore: tuple[str, ...] = ()) -> str:
    """Canonical JSON of the settings: sorted keys, no spaces."""
    data = settings.model_dump(mode="json", exclude=set(ignore))
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def config_hash(settings: Settings) -> str:
    """16 hex digits of what decides the numbers: without engine, output, and the labels of strategy and scenario."""
    data = json.loads(canonical(settings, HOW_ONLY))
    for group, labels in (("strategy", ("name", "title")), ("scenario", ("name", "title", "practice", "expect", "contrast", "strategies"))):
        for label in labels:
            data[group].pop(label, None)
    for label in ("name", "title"):
        data["market"].pop(label, None)
    return content_hash(data)


def content_hash(data: Any) -> str:
    """16 hex digits of plain data, whatever the order of its keys."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
