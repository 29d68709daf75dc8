"""After a way was taken: shares of pickups stand where it leaves pickup alone; each day is held against the way in force on it; closed days are no misses."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from omosim.api.twin_ways import AS_IT_IS
from omosim.cli.main import main
from omosim.reports.language import say, using
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))
DAYS, ASKED = 63, ("members=10", "horizon=7", "jobs=1", "warm_weeks=1")


def twin(*words: object) -> None:
    assert main(["twin", *map(str, words)]) == 0


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of eight orders a day, a fifth of them pickups, that has weighed a way that leaves pickup alone and one that touches it.

    Beside it four.csv, all until the fourth day after, and all.csv, the week after without its sixth day.
    """
    root = tmp_path_factory.mktemp("shop")
    frame = shop.orders(days=DAYS + 7, per_day=8, people=250, seed=7)
    sent = (frame["fulfilment"] == "pickup") & (np.arange(len(frame)) % 3 > 0)
    frame.loc[sent, ["fulfilment", "store_id"]] = ["ship", ""]
    shop.write(frame[shop.day_of(frame) < shop.date(DAYS)], root / "orders.csv")
    shop.write(frame[shop.day_of(frame) < shop.date(DAYS + 4)], root / "four.csv")
    shop.write(frame[(shop.day_of(frame) >= shop.date(DAYS)) & (shop.day_of(frame) != shop.date(DAYS + 5))], root / "all.csv")
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


def log(place: Path) -> dict[tuple[int, str], dict[str, str]]:
    """(number, way) -> row of orders."""
    with (place / "decision_log.csv").open(encoding="utf-8-sig") as file:
        return {(int(row["number"]), row["way"]): row for row in csv.DictReader(file) if row["series"] == "orders"}


@pytest.mark.slow
def test_each_day_is_held_against_the_way_in_force_on_it(sold: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Four days under the way that was taken, three after it was taken back, one of them told as closed; a decision that did not weigh the way is held against the days after alone."""
    place = Path(shutil.copytree(sold, tmp_path / "twin"))
    twin("decide", f"dir={place}", *ASKED)
    twin("decide", f"dir={place}", "ways=[price*0.8,-bopis]", *ASKED)
    capsys.readouterr()
    twin("decide", f"dir={place}", "took=price*0.8")
    assert f"From {shop.date(DAYS)} on this is the present way: " in (said := capsys.readouterr().out)
    with using("ko"):
        assert "이것이 현재 방식이다" in say(said)
    twin("update", f"dir={place}", f"orders={sold.parent / 'four.csv'}")
    before = log(place)
    assert {key: (row["taken"], row["days_seen"]) for key, row in before.items()} == {
        (1, AS_IT_IS): ("", "4"), (2, AS_IT_IS): ("", "4"), (2, "price*0.8"): ("told", "4"), (2, "'-bopis"): ("", "4"),
    }  # fmt: skip
    capsys.readouterr()
    twin("decide", f"dir={place}", "took=as_it_is")
    said = capsys.readouterr().out
    assert f"From {shop.date(DAYS + 4)} on the twin trades as it was made." in said and log(place)[2, "price*0.8"] == before[2, "price*0.8"]
    twin("update", f"dir={place}", f"orders={sold.parent / 'all.csv'}", f"closed=[{shop.date(DAYS + 5)}]")
    after = log(place)
    assert after[2, "price*0.8"] == before[2, "price*0.8"]
    assert (after[2, "price*0.8"]["taken"], after[2, AS_IT_IS]["taken"], after[1, AS_IT_IS]["taken"]) == ("told", "told", "assumed")
    assert after[2, AS_IT_IS]["days_seen"] == after[1, AS_IT_IS]["days_seen"] == "2" and after[2, AS_IT_IS]["sum_days"] == "0" and after[2, "'-bopis"]["days_seen"] == "6"
    said = capsys.readouterr().out
    assert f"decision 2 of {shop.date(DAYS)}, price*0.8 (was taken): orders " in said and f"decision 2 of {shop.date(DAYS)}, as_it_is (was taken): orders " in said


def test_a_decision_of_closed_days_says_why_nothing_is_planned(sold: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(sold, tmp_path / "twin"))
    assert (place / "staffing.csv").is_file() and (place / "reorder_levels.csv").is_file()
    twin("update", f"dir={place}", f"closed=[{','.join(shop.date(DAYS + i) for i in range(7))}]")
    twin("decide", f"dir={place}", *ASKED)
    notes = json.loads((place / "decision.json").read_text())["notes"]
    assert {"no capacity plan and no staffing: no store is open on any of these 7 days", "no reorder levels: nothing is sold on any of these days"} <= set(notes)
    assert not any((place / f"{name}.csv").exists() for name in ("staffing", "capacity_plan", "reorder_levels"))
