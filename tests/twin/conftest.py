"""Where the real data lie; tests that need them skip where the folder is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from omosim.twin.ingest import OrderLog, ReadOptions, read_log

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    folder = Path(os.environ.get("OMOSIM_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "uci_online_retail.parquet").is_file():
        pytest.skip("real data absent: put them in ../shared/data or set OMOSIM_DATA")
    return folder


@pytest.fixture(scope="session")
def uci(data_dir: Path) -> OrderLog:
    return read_log(data_dir / "uci_online_retail.parquet", "uci_online_retail", ReadOptions())
