from __future__ import annotations

import json
from pathlib import Path

import pytest

from omosim.results import ResultFolder


@pytest.fixture(autouse=True)
def entry_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@pytest.fixture
def arms() -> dict[str, str]:
    return {
        "o2o": json.dumps({"effect": 0, "sigma": 1000}),
        "omo": json.dumps({"effect": 5000, "sigma": 1000}),
        "omnichannel": json.dumps({"effect": -4000, "sigma": 1000}),
    }


@pytest.fixture
def folder(tmp_path: Path) -> ResultFolder:
    out = ResultFolder(tmp_path / "out", "compare")
    out.begin({"schema_version": 1, "command": "compare", "argv": ["compare", "seed=7"]})
    return out
