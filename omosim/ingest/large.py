"""Order files that are larger than the memory bound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from omosim.ingest.adapters import read_log
from omosim.ingest.orders import OrderLog
from omosim.ingest.reader import ReadOptions


def read_any(path: Path, adapter: str, options: ReadOptions, say: Callable[[str], None] = lambda text: None) -> OrderLog:
    """An order log of any size."""
    return read_log(path, adapter, options)
