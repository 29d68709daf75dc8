"""Days to come that a twin knows, through the command line: a promotion like those before, one of a new kind, a closed day."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omosim.cli.main import main
from omosim.results.tables import read_columns
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))
DAYS, TIMES = 84, 1.8
#: first day and length of promotions of a fifth off everything, the last of them to come; then one of two fifths, never seen
PAST, COMING, OTHER, CLOSED = [(10, 3), (31, 3), (52, 3), (66, 3)], (87, 3), (92, 2), 95


def twin(*words: object) -> int:
    return main(["twin", *map(str, words)])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("known")
    frame = shop.orders(days=DAYS, people=200)
    day = (pd.to_datetime(shop.day_of(frame)) - pd.Timestamp(shop.START)).dt.days.to_numpy()
    promoted = np.any([(day >= a) & (day < a + n) for a, n in PAST], axis=0)
    more = frame[promoted & (np.random.default_rng(2).random(len(frame)) < TIMES - 1)].copy()
    more["order_id"] = "p" + more["order_id"]
    shop.write(pd.concat([frame, more]).sort_values("placed_at", kind="stable"), root / "orders.csv")
    rows = [(a, n, 0.2, sku) for a, n in [*PAST, COMING] for sku in shop.SKUS] + [(*OTHER, 0.4, sku) for sku in shop.SKUS]
    prices = pd.DataFrame({"from": [shop.date(a) for a, *_ in rows], "to": [shop.date(a + n - 1) for a, n, *_ in rows], "sku": [r[3] for r in rows], "discount": [r[2] for r in rows]})
    shop.write(prices, root / "prices.csv")
    here = root / "twin"
    words = (f"dir={here}", f"orders={root / 'orders.csv'}", "timezone=Asia/Seoul")
    assert twin("new", *words, f"prices={root / 'prices.csv'}", f"closed=[{shop.date(CLOSED)}]") == 0
    return here


def test_a_weekday_on_which_nothing_is_ever_sold_stays_closed(tmp_path: Path) -> None:
    shop.write(shop.orders(days=77, closed=6), tmp_path / "o.csv")
    assert twin("new", f"dir={tmp_path / 't'}", f"orders={tmp_path / 'o.csv'}", "timezone=Asia/Seoul") == 0
    assert twin("forecast", f"dir={tmp_path / 't'}", "members=10", "horizon=21") == 0
    mean = days_of(tmp_path / "t", "orders")
    sundays = [v for day, v in mean.items() if pd.Timestamp(day).weekday() == 6]
    assert sundays == [0.0] * 3 and min(v for day, v in mean.items() if pd.Timestamp(day).weekday() != 6) > 10


def days_of(place: Path, series: str) -> dict[str, float]:
    table = read_columns(place / "forecasts.parquet")
    return {str(d): m for d, s, step, m in zip(table["date"], table["series"], table["step"], table["mean"], strict=True) if s == series and step == "day"}


def test_a_forecast_has_the_promotion_and_the_closed_day(place: Path, capsys: pytest.CaptureFixture) -> None:
    """The planted effect of 1.8, shrunk a little, on the days of the one to come alone; nothing for one never seen; nothing sold when closed."""
    assert twin("forecast", f"dir={place}", "members=10", "horizon=14") == 0
    said = capsys.readouterr().out
    assert f"promotion {shop.date(87)} to {shop.date(89)}, 20 % off most items: orders times 1." in said and "as 4 like it had on 12 days" in said
    assert f"promotion {shop.date(92)} to {shop.date(93)}, 40 % off most items: no effect is taken, none like it was seen before" in said
    assert f"closed on {shop.date(CLOSED)}, as told" in said
    factor = float(said.split("orders times ")[1].split(" ")[0])
    assert 1.4 < factor < 2.0
    mean = days_of(place, "orders")
    promoted, plain = [[mean[shop.date(d)] for d in days] for days in ((87, 89), (94, 96))]  # the same weekdays
    assert np.sum(promoted) / np.sum(plain) == pytest.approx(factor, rel=0.15) and mean[shop.date(CLOSED)] == 0
    assert np.mean([mean[shop.date(d)] for d in (84, 85, 86, 90, 91, 92, 93, 94, 96, 97)]) == pytest.approx(24, rel=0.2)  # the truth without one
    assert days_of(place, "revenue")[shop.date(CLOSED)] == 0


@pytest.mark.slow
def test_a_decision_has_them_too_and_every_way_alike(place: Path) -> None:
    assert twin("decide", f"dir={place}", "ways=[staff*2]", "members=10", "horizon=14", "jobs=1") == 0
    made = json.loads((place / "decision.json").read_text())
    for way in made["ways"]:
        middle = way["series"]["orders"]["q50"]
        assert middle[CLOSED - DAYS] == 0 and np.mean(middle[3:6]) > 1.25 * np.mean([*middle[:3], *middle[6:11]])
        assert way["series"]["orders"]["sum_q50"][-1] == pytest.approx(np.sum(middle), rel=0.15)
    assert any("promotions to come are in daily bands" in note for note in made["notes"])
    staff = (place / "staffing.csv").read_text()
    assert pd.Timestamp(shop.date(CLOSED)).strftime("%a").lower() in staff  # another such weekday is open
