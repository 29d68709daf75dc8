from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from report_samples import ARMS, comparison

from omosim.results import ResultFolder


@pytest.fixture
def compared(tmp_path: Path) -> ResultFolder:
    return comparison(tmp_path / "compare", ARMS, "o2o")
