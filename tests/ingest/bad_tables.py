"""Dirty tables beside the orders: each is refused with its place, or read as is said.

`python tests/ingest/bad_tables.py DIR` writes them all, for trying any reader by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

STOCK = "at,store_id,sku,on_hand"
TRAFFIC = "at,store_id,visitors"
SESSIONS = "at,sessions,channel"
PRICES = "from,to,sku,price,discount"
DELIVERIES = "received_at,store_id,sku,units"
DAY = [f"2025-03-0{d},S01,{10 + d}" for d in range(1, 8)]
LONDON = {"timezone": "Europe/London"}
NOTHING: dict[str, Any] = {}


class Table(NamedTuple):
    """One file: refused with `code` at `row` and `column`, or read as `reads` with the remark `said` when there is no code."""

    name: str
    kind: str
    text: str
    code: str = ""
    row: int | None = None
    column: str | None = None
    options: dict[str, Any] = NOTHING
    reads: dict[str, list[Any]] = NOTHING
    said: str = ""

    def write(self, folder: Path) -> Path:
        """The file, in a folder of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.kind}.csv"
        path.write_text(self.text, encoding="utf-8")
        return path


def t(head: str, *rows: str) -> str:
    return "\n".join([head, *rows]) + "\n"


CASES = [
    # ---- stock
    Table("stock plain", "stock", t(STOCK, "2025-03-01,S01,A,5", "2025-03-01,S01,B,0"), reads={"on_hand": [5, 0], "whole_day": [True, True]}),
    Table("stock in Korean", "stock", t("재고일자,매장코드,상품코드,재고수량", "2025-03-01,강남,A,5"), reads={"store_id": ["강남"], "on_hand": [5]}),
    Table("negative stock", "stock", t(STOCK, "2025-03-01,S01,A,-3"), reads={"on_hand": [0]}, said="negative_stock"),
    Table("stock with a part of a unit", "stock", t(STOCK, "2025-03-01,S01,A,1.5"), "not_a_whole_number", 2, "on_hand"),
    Table("stock without a count", "stock", t(STOCK, "2025-03-01,S01,A,"), "missing_value", 2, "on_hand"),
    Table("stock of nothing", "stock", t(STOCK, "2025-03-01,S01,,4"), "no_item", 2, "sku"),
    Table("stock twice, unlike", "stock", t(STOCK, "2025-03-01,S01,A,4", "2025-03-01,S01,A,5"), "duplicate_row", 3, "at"),
    Table("stock of no such day", "stock", t(STOCK, "2025-02-30,S01,A,4"), "time_no_such_day", 2, "at"),
    Table("stock with d/m/y", "stock", t(STOCK, "01/02/2025,S01,A,4"), "time_format", 2, "at"),
    Table("stock, total row", "stock", t(STOCK, "2025-03-01,S01,A,4", "2025-03-01,합계,A,4"), "total_row", 3, "store_id"),
    Table("stock, store that is not there", "stock", t(STOCK, "2025-03-01,S0l,A,4"), "unknown_store", 2, "store_id", {"stores": ("S01",)}),
    Table("stock, misspelt column", "stock", t("at,store_id,sku,on_hnad", "2025-03-01,S01,A,4"), "unknown_column", 1, "on_hnad"),
    Table("stock, no store", "stock", t("at,sku,on_hand", "2025-03-01,A,4"), "missing_column", 1, "store_id"),
    Table("stock, a path for a store", "stock", t(STOCK, "2025-03-01,../x,A,4"), "not_a_place", 2, "store_id"),
    Table("stock, hidden character", "stock", t(STOCK, "2025-03-01,S01,A\u202e,4"), "hidden_character", 2, "sku"),
    Table("stock beyond reason", "stock", t(STOCK, "2025-03-01,S01,A,99999999999"), "number_too_large", 2, "on_hand"),
    # ---- traffic
    Table("traffic by day", "traffic", t(TRAFFIC, *DAY), reads={"visitors": [11, 12, 13, 14, 15, 16, 17]}),
    Table("traffic by hour beside the day", "traffic", t("date,hour,store_id,visitors", "2025-03-01,9,S01,4", "2025-03-01,10,S01,6"),
          options=LONDON, reads={"visitors": [4, 6], "local": [1740819600, 1740823200], "whole_day": [False, False]}),
    Table("traffic at hour 24", "traffic", t("date,hour,store_id,visitors", "2025-03-01,24,S01,4"), "hour_out_of_range", 2, "hour"),
    Table("traffic below 0", "traffic", t(TRAFFIC, "2025-03-01,S01,-4"), "below_zero", 2, "visitors"),
    Table("traffic without zone", "traffic", t(TRAFFIC, "2025-03-01T09:00,S01,4"), "time_without_offset", 2, "at"),
    Table("a day twice", "traffic", t(TRAFFIC, *DAY, DAY[2]), reads={"visitors": [11, 12, 13, 14, 15, 16, 17]}, said="duplicated_day"),
    Table("a day twice, unlike", "traffic", t(TRAFFIC, *DAY, "2025-03-03,S01,99"), "duplicate_row", 9, "at"),
    Table("clock set back", "traffic", t(TRAFFIC, *(f"2025-10-26T0{h}:00,S01,{n}" for h, n in ((0, 1), (1, 2), (1, 3), (2, 4)))),
          options=LONDON, reads={"visitors": [1, 2, 3, 4], "utc": [1761433200, 1761436800, 1761440400, 1761444000]}, said="clock_doubled"),
    Table("clock set forward, nobody", "traffic", t(TRAFFIC, *(f"2025-03-30T0{h}:00,S01,{n}" for h, n in ((0, 1), (1, 0), (2, 4)))),
          options=LONDON, reads={"visitors": [1, 4]}, said="clock_skipped"),
    Table("clock set forward, somebody", "traffic", t(TRAFFIC, "2025-03-30T00:00,S01,1", "2025-03-30T01:00,S01,7"), "time_no_such_hour", 3, "at", LONDON),
    Table("hours beside a day, clock set forward", "traffic", t("date,hour,store_id,visitors", "2025-03-30,0,S01,1", "2025-03-30,1,S01,7"), "time_no_such_hour", 3, "date", LONDON),
    Table("one date far from all others", "traffic", t(TRAFFIC, *(f"2025-{m:02d}-{d:02d},S01,5" for m in range(1, 7) for d in range(1, 29)), "2052-01-01,S01,5"), "time_apart", 170, "at"),
    # ---- sessions
    Table("sessions plain", "sessions", t(SESSIONS, "2025-03-01,100,", "2025-03-01,40,live"), reads={"sessions": [40, 100], "channel": ["live", "web"]}),
    Table("sessions of a channel that is none", "sessions", t(SESSIONS, "2025-03-01,100,weeb"), "unknown_channel", 2, "channel"),
    Table("sessions with a thousands comma", "sessions", t(SESSIONS, '2025-03-01,"1,000",web'), "not_a_whole_number", 2, "sessions"),
    Table("sessions, short row", "sessions", t(SESSIONS, "2025-03-01,100,web", "2025-03-02"), "short_row", 3, None),
    # ---- prices
    Table("prices plain", "prices", t(PRICES, "2025-03-01,2025-03-07,A,9900,", "2025-03-01,,B,,20%"),
          reads={"price": [9900, -1], "from_day": [20148, 20148], "to_day": [20154, -1]}),
    Table("a price that ends before it begins", "prices", t(PRICES, "2025-03-08,2025-03-07,A,9900,"), "period_order", 2, "to"),
    Table("a discount of 20", "prices", t(PRICES, "2025-03-01,2025-03-07,A,,20"), "discount_not_a_share", 2, "discount"),
    Table("neither price nor discount", "prices", t(PRICES, "2025-03-01,2025-03-07,A,,"), "no_item", 2, "price"),
    Table("a price below 0", "prices", t(PRICES, "2025-03-01,2025-03-07,A,-5,"), "price_negative", 2, "price"),
    # ---- deliveries
    Table("deliveries plain", "deliveries", t(DELIVERIES, "2025-03-01T08:00:00+09:00,S01,A,24"), reads={"units": [24], "utc": [1740783600]}),
    Table("deliveries of orders", "deliveries", t("received_at,order_id", "2025-03-01T08:00:00+09:00,o1"), reads={"order_id": ["o1"], "units": [-1]}),
    Table("a delivery of nothing", "deliveries", t(DELIVERIES, "2025-03-01,S01,,24"), "no_item", 2, "sku"),
    Table("a delivery of 0", "deliveries", t(DELIVERIES, "2025-03-01,S01,A,0"), "units_zero", 2, "units"),
    Table("a delivery without units", "deliveries", t("received_at,store_id,sku", "2025-03-01,S01,A"), "missing_value", 2, "units"),
    Table("a delivery at no time", "deliveries", t(DELIVERIES, ",S01,A,4", "2025-03-01,S01,A,4"), "missing_value", 2, "received_at"),
]


if __name__ == "__main__":
    for case in CASES:
        case.write(Path(sys.argv[1]) / case.name.replace(" ", "_").replace("/", "-"))
