"""Order logs and the tables beside them in, one checked form out: every row is read right, refused with its place, or counted as left out."""

from omosim.ingest.adapters import ADAPTERS, read_log
from omosim.ingest.further import FurtherTable, read_further
from omosim.ingest.orders import OrderLog, RowClass
from omosim.ingest.reader import ReadOptions, read_orders
from omosim.ingest.text import Budget

__all__ = ["ADAPTERS", "Budget", "FurtherTable", "OrderLog", "ReadOptions", "RowClass", "read_further", "read_log", "read_orders"]
