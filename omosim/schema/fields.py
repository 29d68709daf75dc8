"""How a setting states its meaning, unit and range."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """Base of every settings class: immutable, unknown keys and NaN refused, no silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=False)


def par(unit: str, meaning: str, low: float | None = None, high: float | None = None, **kw: Any) -> Any:
    """A setting with its unit, range and meaning; the default, where there is one, is passed as `default`."""
    return Field(ge=low, le=high, description=meaning, json_schema_extra={"unit": unit}, **kw)
