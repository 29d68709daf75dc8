"""A shop's exports of known truth, written apart from the model: orders of two channels, returns, traffic, stock that adds up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

START = "2025-01-06"  # a Monday
SKUS = ("tea", "cup", "pot")
PRICE = {"tea": 9000, "cup": 15000, "pot": 42000}


def orders(days: int = 70, per_day: float = 24, seed: int = 1, people: int = 150, closed: int | None = None, hours: tuple[int, int] = (9, 22)) -> pd.DataFrame:
    """Rows of the order file; closed: a weekday (0 Monday) on which nothing is sold."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in range(days):
        if closed is not None and day % 7 == closed:
            continue
        for n in range(rng.poisson(per_day)):
            second = int(rng.uniform(hours[0] * 3600, hours[1] * 3600))
            at = pd.Timestamp(START) + pd.Timedelta(days=day, seconds=second)
            store, sku = rng.random() < 0.4, SKUS[rng.choice(3, p=[0.6, 0.3, 0.1])]
            back = rng.random() < 0.08
            rows.append({
                "order_id": f"o{day:03d}-{n}", "placed_at": stamp(at), "shopper_id": f"c{int(people * rng.random() ** 2)}",
                "channel": "store" if store else "web", "store_id": "S01", "sku": sku, "category": "table", "units": int(rng.integers(1, 4)),
                "unit_price": PRICE[sku], "fulfilment": "store" if store else "pickup", "status": "returned" if back else "completed",
                "returned_at": stamp(at + pd.Timedelta(days=3)) if back else "",
            })  # fmt: skip
    return pd.DataFrame(rows).sort_values("placed_at", kind="stable").reset_index(drop=True)


def stamp(at: pd.Timestamp) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+09:00")


def day_of(frame: pd.DataFrame) -> pd.Series:
    return frame["placed_at"].str[:10]


def date(day: int) -> str:
    return str((pd.Timestamp(START) + pd.Timedelta(days=day)).date())


def traffic(days: int = 70, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"at": [date(d) for d in range(days)], "store_id": "S01", "visitors": rng.poisson(300, days)})


def stock_and_deliveries(sold: pd.DataFrame, days: int, opening: int = 4000) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weekly counts at midnight and weekly deliveries, such that opening + deliveries + returns - sales is what is counted."""
    counts, came = [], []
    for sku in SKUS:
        hand, own = opening, sold[sold["sku"] == sku]
        back = own[own["returned_at"] != ""]
        for week in range(days // 7 + 1):
            low, high = date(7 * week), date(7 * week + 7)
            counts.append({"at": f"{low}T00:00:00+09:00", "store_id": "S01", "sku": sku, "on_hand": hand})
            came.append({"received_at": f"{low}T06:00:00+09:00", "store_id": "S01", "sku": sku, "units": 120})
            gone = int(own[(own["placed_at"] >= low) & (own["placed_at"] < high)]["units"].sum())
            returned = int(back[(back["returned_at"] >= low) & (back["returned_at"] < high)]["units"].sum())
            hand += 120 + returned - gone
    return pd.DataFrame(counts), pd.DataFrame(came)


def write(frame: pd.DataFrame, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False)
    return path
