"""What several tests of a twin stand on."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from omosim.cli.main import main
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


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A twin of twelve weeks of the small shop; beside it first.csv, its orders, and all.csv with the two weeks after."""
    shop, days, later = module_at(Path(__file__).with_name("small_shop.py")), 84, 14
    root = tmp_path_factory.mktemp("shop")
    frame = shop.orders(days=days + later, people=200)
    shop.write(frame[shop.day_of(frame) < shop.date(days)], root / "first.csv")
    shop.write(frame, root / "all.csv")
    assert main(["twin", "new", f"dir={root / 'twin'}", f"orders={root / 'first.csv'}", "timezone=Asia/Seoul"]) == 0
    return root / "twin"
