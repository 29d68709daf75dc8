"""A small market for tests of the shopper side, built from the shipped apparel files with simple changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from omosim.schema.settings import Settings

CONFIGS = Path(__file__).parents[2] / "configs"


def _read(group: str, name: str) -> dict[str, Any]:
    return yaml.safe_load((CONFIGS / group / f"{name}.yaml").read_text(encoding="utf-8"))


def merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`base` with the leaves of `change` put in."""
    out = dict(base)
    for key, value in change.items():
        out[key] = merge(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


def settings(base_market: str = "apparel", **change: Any) -> Settings:
    """Settings of a shipped market with leaves of `change` put in; no strategy, no dated changes."""
    base: dict[str, Any] = {
        "market": _read("market", base_market), "catalogue": _read("catalogue", base_market), "network": _read("network", base_market),
        "touchpoints": _read("touchpoints", "default"), "strategy": {"name": "test"},
        "scenario": {"name": "none", "title": "none"}, "shoppers": 2000, "days": 28, "burn_in_days": 0, "seed": 7,
    }  # fmt: skip
    if "catalogue" in change:
        base["catalogue"] = change.pop("catalogue")
    return Settings.model_validate(merge(base, change))


FLAT = {"hour_of_day": [1.0] * 24, "hour_of_day_weekend": [1.0] * 24, "day_of_week": [1.0] * 7, "month_of_year": [1.0] * 12}


def one_category(base_market: str = "apparel", **change: Any) -> dict[str, Any]:
    """Catalogue mapping with the first shipped category alone, `change` put in."""
    catalogue = _read("catalogue", base_market)
    name = next(iter(catalogue["categories"]))
    return {**catalogue, "categories": {name: {**catalogue["categories"][name], "need_share": 1.0, **change}}}
