"""One order's story in lines, from a row of its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

TIMES = ("placed_at", "promised_at", "picked_at", "ready_at", "arrived_at", "served_at", "handed_over_at", "returned_at")


def story(row: Mapping[str, Any], date_of: Callable[[int], date]) -> str:
    """What became of an order.

    Parameters
    ----------
    row : of orders.parquet; times in seconds from the run's first midnight, NaN for never
    date_of : day of the run -> date
    """
    lines = [f"order {row['order_id']}: {row['units']} x item {row['sku']} ({row['category']}), {row['channel']}, {row['fulfilment']}, {row['status']}"]
    for name in TIMES:
        if row[name] >= 0:  # NaN is not
            day, rest = divmod(int(row[name]), 86_400)
            lines.append(f"  {name.removesuffix('_at'):>12} {date_of(day).isoformat()} {rest // 3600:02d}:{rest % 3600 // 60:02d}")
    money = row["revenue"] + row["fee"] - row["refund"]
    lines.append(f"  paid {money} (goods {row['goods_cost']}, service {row['service_cost']}), minor units")
    return "\n".join(lines)
