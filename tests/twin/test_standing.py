"""Findings of earlier files stay on the page as long as their rows stand, and go when the rows are said anew or are explained."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from omosim.cli.main import main
from omosim.results.tables import read_columns
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))


def twin(*words: object) -> int:
    return main(["twin", *map(str, words)])


def found(place: Path) -> dict[str, int]:
    table = read_columns(place / "quality.parquet")
    return dict(zip(table["code"], table["version"], strict=True))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("omosim.api.twin.posterior", lambda twin, every, version: ({"version": [1], "draw": [0], "parameter": ["x"], "value": [1.0], "unit": ["1"]}, [], ""))
    orders = shop.orders(days=70)
    shop.write(orders[shop.day_of(orders) < shop.date(56)], tmp_path / "first.csv")
    shop.write(orders[shop.day_of(orders) >= shop.date(56)], tmp_path / "next.csv")
    late = orders[shop.day_of(orders) >= shop.date(56)]["order_id"].iloc[0]
    stamp = lambda day: f"{shop.date(day)}T12:00:00+09:00"
    counts = pd.DataFrame([{"at": stamp(d), "store_id": s, "sku": "tea", "on_hand": n} for d, s, n in ((7, "S01", -4), (14, "S01", 30), (14, "S99", 8))])
    came = pd.DataFrame([{"received_at": stamp(-3), "order_id": orders["order_id"].iloc[5]}, {"received_at": stamp(60), "order_id": late}, {"received_at": stamp(60), "order_id": "nobody"}])
    shop.write(counts, tmp_path / "stock.csv")
    assert twin("new", f"dir={tmp_path / 't'}", f"orders={tmp_path / 'first.csv'}", f"stock={tmp_path / 'stock.csv'}", f"deliveries={shop.write(came, tmp_path / 'came.csv')}") == 0
    return tmp_path / "t"


def test_findings_about_rows_stay_until_the_rows_are_said_anew(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    rows = {"negative_stock", "store_without_orders", "order_unknown", "delivered_before_placed"}
    assert {code: v for code, v in found(place).items() if code in rows} == dict.fromkeys(rows, 1)
    assert found(place)["no_pickup"] == 1
    for words in (f"closed={shop.date(90)}", f"orders={tmp_path / 'next.csv'}"):
        capsys.readouterr()
        assert twin("update", f"dir={place}", words) == 0
        said = capsys.readouterr().out
        assert "negative_stock" not in said and "3 warnings of earlier files" in said, words
    assert {code: v for code, v in found(place).items() if code in rows} == dict.fromkeys(rows, 1)
    assert "no_pickup" in found(place), "told once, and counted from then on"
    assert "stock.csv, row 2" in (place / "report.html").read_text()
    right = pd.read_csv(tmp_path / "stock.csv")
    shop.write(right.assign(on_hand=right["on_hand"].abs()), tmp_path / "right.csv")
    assert twin("update", f"dir={place}", f"stock={tmp_path / 'right.csv'}") == 0
    assert "negative_stock" not in found(place) and {"order_unknown", "delivered_before_placed", "store_without_orders"} <= set(found(place))


def test_an_order_that_comes_later_explains_its_delivery(place: Path, tmp_path: Path) -> None:
    orders = pd.read_csv(tmp_path / "next.csv")
    orders.loc[len(orders)] = {**orders.iloc[-1], "order_id": "nobody", "placed_at": f"{shop.date(57)}T10:00:00+09:00", "returned_at": "", "status": "completed"}
    assert "order_unknown" in found(place)
    assert twin("update", f"dir={place}", f"orders={shop.write(orders, tmp_path / 'more.csv')}") == 0
    assert "order_unknown" not in found(place) and "delivered_before_placed" in found(place)
