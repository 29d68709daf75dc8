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
    adapter: Literal["own", "uci_online_retail", "cdnow", "tafeng", "olist"] = par(
        "name", "layout of the order file", default="own"
    )
    name: str = par("name", "name of the market; empty: from the file's name", default="", max_length=80)
    holdout_days: int | None = par("days", "last days, kept for the check; none: three months", 1, 3650, default=None)
    max_bad_rows: int = par("rows", "bad rows that may be left out, each of them counted", 0, 10**9, default=0)
    timezone: str | None = par("name", "IANA zone of times without offset; none refuses them", default=None)
    currency: Literal["KRW", "USD", "GBP", "EUR", "JPY"] = par("code", "currency of the prices", default="KRW")
    replications: int = par("runs", "simulated logs in the table of the check", 1, 1000, default=6)
    rounds: int = par("rounds", "rounds that bring the simulated log to the real one", 0, 50, default=6)


OPTIONS: dict[str, type[BaseModel]] = {
    "run": RunSettings,
    "compare": CompareSettings,
    "calibrate": CalibrateSettings,
}
