"""The shipped options as a fixture."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def load_shipped() -> ModuleType:
    path = Path(__file__).resolve().parents[1] / "world" / "shipped.py"
    spec = importlib.util.spec_from_file_location("shipped_options", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def shipped() -> ModuleType:
    return load_shipped()
