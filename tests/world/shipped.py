"""Settings from the shipped YAML alone, without the config room: what the rooms below it are tested with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from omosim.schema.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CONFIGS, SCENARIOS = ROOT / "configs", ROOT / "scenarios"
MARKETS = ("seoul_beauty", "apparel", "reference_w4")
STRATEGIES = ("store_only", "multichannel", "o2o", "omnichannel", "omo", "convergent")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def strategy_rows(name: str) -> dict[str, Any]:
    """A strategy file with its defaults list worked in."""
    data = read(CONFIGS / "strategy" / f"{name}.yaml")
    rows: dict[str, Any] = {}
    for item in data.pop("defaults", []):
        if isinstance(item, dict):
            ((_, option),) = item.items()
            rows[option] = read(CONFIGS / "strategy" / "capability" / f"{option}.yaml")
    for cap, changes in (data.get("capabilities") or {}).items():
        for key, value in changes.items():
            rows[cap][key] = {**rows[cap][key], **value} if key == "levels" else value
    return {**data, "capabilities": rows}


def make_settings(market: str = "seoul_beauty", strategy: str = "omo", scenario: str = "baseline", **changes: Any) -> Settings:
    """Settings of shipped options; `changes` replace top-level fields."""
    parts = {
        "market": read(CONFIGS / "market" / f"{market}.yaml"),
        "catalogue": read(CONFIGS / "catalogue" / f"{market}.yaml"),
        "network": read(CONFIGS / "network" / f"{market}.yaml"),
        "touchpoints": read(CONFIGS / "touchpoints" / "default.yaml"),
        "engine": read(CONFIGS / "engine" / "default.yaml"),
        "strategy": strategy_rows(strategy),
        "scenario": read(SCENARIOS / f"{scenario}.yaml"),
        "shoppers": 20000, "days": 28, "burn_in_days": 28, "seed": 7,
    }  # fmt: skip
    return Settings(**{**parts, **changes})


def with_changes(settings: Settings, *changes: dict[str, Any]) -> Settings:
    """The same settings with the dated changes of a scenario replaced."""
    scenario = {"name": "test", "title": "test", "interventions": list(changes)}
    return Settings(**{**settings.model_dump(), "scenario": scenario})
