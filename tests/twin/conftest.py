"""What several tests of a twin stand on."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from omosim.config.compose import compose
from omosim.schema.settings import Settings
from tests.conftest import module_at


@pytest.fixture(scope="module")
def quick() -> ModuleType:
    """The quick market: a retailer in hundredths of a second."""
    return module_at(Path(__file__).with_name("quick_market.py"))


@pytest.fixture(scope="module")
def base() -> Settings:
    """Settings behind a retailer of several channels."""
    return compose("run", ["strategy=multichannel"]).settings
