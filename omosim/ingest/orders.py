"""What every adapter hands on: order lines in one form, and an account of every row of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MINOR_DIGITS = {"KRW": 0, "JPY": 0, "USD": 2, "GBP": 2, "EUR": 2}


@dataclass(frozen=True)
class RowClass:
    """One class of rows: what it is and what was done with it."""

    name: str
    meaning: str
    done: str


@dataclass(frozen=True)
class Remark:
    """Something that was read otherwise than it stands: where, how many rows, and what was done."""

    code: str
    place: str
    rows: int
    done: str


@dataclass(frozen=True)
class OrderLog:
    """Order lines that count, cancelled lines, and the account of all rows.

    lines: columns order_id (text), shopper_id (text or None: anonymous), placed_utc, placed_local (int64 seconds
    since 1970), units (int64), value (int64 minor), sku, channel, category, store_id, status (text or None),
    returned_utc (int64, -1 none), and where the file has them promised_utc, ready_utc, collected_utc, fulfilment.
    cancelled: columns value (int64 minor, > 0), lag_s (int64, -1 unknown), placed_utc, placed_local, order_id
    (of the sale, None unknown).
    """

    file: str
    file_hash: str
    adapter: str
    currency: str
    timezone: str
    lines: pd.DataFrame
    cancelled: pd.DataFrame
    quality: pd.DataFrame  # class, rows, share, meaning, done
    rows: int
    notes: tuple[str, ...] = field(default=())
    remarks: tuple[Remark, ...] = field(default=())

    def orders(self) -> pd.DataFrame:
        """One row per order: order_id, shopper_id, placed_utc, placed_local, units, value, n_lines, channel."""
        grouped = self.lines.groupby("order_id", sort=False, observed=True)
        columns: dict[str, Any] = {
            "shopper_id": grouped["shopper_id"].first(),
            "placed_utc": grouped["placed_utc"].min(),
            "placed_local": grouped["placed_local"].min(),
            "units": grouped["units"].sum(),
            "value": grouped["value"].sum(),
            "n_lines": grouped.size(),
            "channel": grouped["channel"].first(),
        }
        frame = pd.DataFrame(columns).reset_index()
        return frame.sort_values(["placed_utc", "order_id"], kind="stable").reset_index(drop=True)


def quality_table(code: NDArray[np.int64], classes: tuple[RowClass, ...]) -> pd.DataFrame:
    """The account: every row stands in exactly one class; classes without rows stay, with 0."""
    rows = np.bincount(code, minlength=len(classes))
    if rows.size != len(classes):
        raise ValueError(f"class codes reach {rows.size - 1}, there are {len(classes)} classes")
    return pd.DataFrame(
        {
            "class": [c.name for c in classes],
            "rows": rows.astype(np.int64),
            "share": rows / max(1, len(code)),
            "meaning": [c.meaning for c in classes],
            "done": [c.done for c in classes],
        }
    )
