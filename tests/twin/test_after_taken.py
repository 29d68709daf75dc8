"""After a way was taken: shares of pickups stand where it leaves pickup alone; each day is held against the way in force on it; closed days are no misses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from omosim.api.twin_ways import AS_IT_IS
from omosim.cli.main import main
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))
DAYS, ASKED = 63, ("members=10", "horizon=7", "jobs=1", "warm_weeks=1")


def twin(*words: object) -> None:
    assert main(["twin", *map(str, words)]) == 0


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of eight orders a day, a fifth of them pickups, that has weighed a way that leaves pickup alone and one that touches it."""
    root = tmp_path_factory.mktemp("shop")
    frame = shop.orders(days=DAYS, per_day=8, people=250)
    sent = (frame["fulfilment"] == "pickup") & (np.arange(len(frame)) % 3 > 0)
    frame.loc[sent, ["fulfilment", "store_id"]] = ["ship", ""]
    shop.write(frame, root / "orders.csv")
    twin("new", f"dir={root / 'twin'}", f"orders={root / 'orders.csv'}", "timezone=Asia/Seoul", "strategy=o2o")
    twin("decide", f"dir={root / 'twin'}", "ways=[price*0.8,-bopis]", *ASKED)
    return root / "twin"


@pytest.mark.parametrize(("way", "holds"), [("price*0.8", True), ("-bopis", False)])
def test_the_logs_share_of_pickups_stands_after_a_way_that_leaves_pickup_as_it_was(sold: Path, tmp_path: Path, way: str, holds: bool) -> None:
    place = Path(shutil.copytree(sold, tmp_path / "twin"))
    twin("decide", f"dir={place}", f"took={way}")
    twin("decide", f"dir={place}", *ASKED)
    notes = json.loads((place / "decision.json").read_text())["notes"]
    assert any("in force for less than two weeks" in note for note in notes) is not holds
    assert any(note.startswith("pickups are ") for note in notes) is holds
