"""The notebook block of docs/twin.md runs on a small shop's files, with ten members."""

import re
from pathlib import Path

import pytest

from tests.conftest import module_at

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "twin.md").read_text(encoding="utf-8")
shop = module_at(ROOT / "tests" / "twin" / "small_shop.py")


@pytest.mark.slow
def test_the_notebook_block_runs(tmp_path, monkeypatch):
    orders = shop.orders(days=84)
    day = shop.day_of(orders)
    for frame, name in ((orders[day < shop.date(77)], "orders"), (orders[day >= shop.date(70)], "this_week"), (shop.traffic(77), "traffic")):
        shop.write(frame, tmp_path / f"{name}.csv")
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
    known: dict = {}
    block = re.sub(r"members=\d+", "members=10", block)  # bands are not looked at here
    exec(compile(block, "docs/twin.md", "exec"), known)
    assert known["forecast"].to_frame()["actual"].notna().any() and known["decision"].answer and known["scores"].alarm
    assert (tmp_path / "notebook_twin" / "report.html").is_file()


def test_every_name_that_the_page_shows_is_there():
    import omosim as om
    from omosim.api import twin_shown, twin_views

    for name in re.findall(r"`twin\.(\w+)", PAGE.split("## In notebooks")[1]):
        assert hasattr(om.Twin, name) or name in ("said", "json"), name
    members = {name for module in (twin_views, twin_shown) for kind in vars(module).values() if isinstance(kind, type) for name in dir(kind)}
    assert set(re.findall(r"(?:forecast|scores|decision|parameters|quality|days)\.(\w+)", PAGE.split("## In notebooks")[1])) <= members
