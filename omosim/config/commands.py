"""What each command takes beside the settings of a run."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from omosim.schema.fields import Frozen, par
from omosim.schema.settings import CompareSettings


class RunSettings(Frozen):
    """What `run` adds to the settings: nothing."""


class CalibrateSettings(Frozen):
    """What `calibrate` adds to the settings of the market from which it starts."""

    orders: str = par("file", "order file of the retailer, CSV or Parquet", min_length=1, max_length=4096)
    layout: Literal["auto", "omosim", "uci", "cdnow", "tafeng", "olist"] = par(
        "name", "layout of the order file", default="auto"
    )
    holdout_share: float = par("share", "last part of the log that is kept for the check", 0, 0.9, default=0.25)


OPTIONS: dict[str, type[BaseModel]] = {
    "run": RunSettings,
    "compare": CompareSettings,
    "calibrate": CalibrateSettings,
}
