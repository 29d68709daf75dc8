"""A made-up gift shop in the layout of UCI Online Retail, for whoever lacks that file. Imports nothing of omosim.

It has what such a log has: Saturdays closed and holidays without rows, a rise in autumn, customers who come again at very
different rates, orders of nobody in particular, cancellations, postage lines. What it sells is noise.

Usage: python experiments/gift_shop.py FILE.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

FIRST, LAST = np.datetime64("2010-12-01"), np.datetime64("2011-12-09")
#: days on which nobody is there, as first and last
AWAY = (("2010-12-24", "2011-01-03"), ("2011-04-22", "2011-04-25"), ("2011-08-29", "2011-08-29"))
ITEMS, ANONYMOUS, CANCELLED, POSTAGE = 40, 0.15, 0.06, 0.08


def orders(seed: int = 5, customers: int = 350, arrivals: float = 5.0) -> pd.DataFrame:
    """Invoice lines from 1 December 2010 to 9 December 2011.

    customers : who bought before the first day; arrivals : new ones a week
    """
    rng = np.random.default_rng([seed, 2010])
    days = int((LAST - FIRST) / np.timedelta64(1, "D")) + 1
    price = np.round(np.exp(rng.normal(1.2, 0.7, ITEMS)), 2)
    born = np.concatenate([np.zeros(customers), np.sort(rng.uniform(0, days, rng.poisson(arrivals * days / 7)))])
    rows, number = [], 536365
    visits = []
    for who, since in enumerate(born):
        rate = rng.gamma(0.9, 0.14) / 7  # purchases a day
        end = since + rng.exponential(500)
        at = since if since else rng.exponential(1 / max(rate, 1e-4))
        while at < min(end, days):
            visits.append((at, who))
            at += rng.gamma(2, 0.5 / max(rate, 1e-4)) / (1.5 if at > 285 else 1.0)  # from mid September on more is bought
    for at, who in sorted(visits):
        day = open_day(FIRST + np.timedelta64(int(at), "D"))
        if day > LAST:
            continue
        minute = int(np.clip(rng.normal(13 * 60, 130), 8 * 60, 19 * 60))
        when = day.astype("datetime64[m]") + np.timedelta64(minute, "m")
        customer = np.nan if rng.random() < ANONYMOUS else 12346 + who
        bought = [(f"{20000 + 7 * i}", f"GIFT {i}", int(rng.integers(1, 13)), float(price[i])) for i in rng.choice(ITEMS, int(rng.integers(1, 5)), replace=False)]
        rows += [(str(number), *line, when, customer) for line in bought]
        if rng.random() < POSTAGE:
            rows.append((str(number), "POST", "POSTAGE", 1, 18.0, when, customer))
        later = open_day(day + np.timedelta64(1 + int(rng.exponential(6)), "D"))
        if customer == customer and rng.random() < CANCELLED and later <= LAST:
            code, text, units, paid = bought[0]
            rows.append((f"C{number}", code, text, -units, paid, later.astype("datetime64[m]") + np.timedelta64(minute, "m"), customer))
        number += 1
    frame = pd.DataFrame(rows, columns=["InvoiceNo", "StockCode", "Description", "Quantity", "UnitPrice", "InvoiceDate", "CustomerID"])
    frame["Country"] = "United Kingdom"
    frame = frame[["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]]
    return frame.sort_values("InvoiceDate", kind="stable").reset_index(drop=True)


def open_day(day: np.datetime64) -> np.datetime64:
    """The day itself, or the next one on which the shop trades."""
    while (day.astype(int) + 3) % 7 == 5 or any(np.datetime64(a) <= day <= np.datetime64(b) for a, b in AWAY):
        day = day + np.timedelta64(1, "D")
    return day


def write(path: str | Path) -> Path:
    """The shop's log as a CSV file; returns where."""
    frame = orders().astype({"CustomerID": "Int64"})
    frame["InvoiceDate"] = frame["InvoiceDate"].dt.strftime("%Y-%m-%d %H:%M:%S")
    frame.to_csv(path, index=False)
    return Path(path)


if __name__ == "__main__":
    print(write(sys.argv[1] if len(sys.argv) > 1 else "gift_shop.csv"))
