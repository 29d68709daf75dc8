"""Members that follow the data: what moves them, by how much, and that a step that was stopped goes on to the same bytes."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omosim.api import twin_follow
from omosim.cli.main import main
from omosim.reports.language import say, using
from omosim.results.tables import read_columns
from omosim.schema.days import day_number
from omosim.twin import bgcnbd, folder
from omosim.twin.follow import (
    Column,
    begun,
    broken,
    columns_of,
    compare,
    inner,
    later,
    least_of,
    outer,
    over,
    scaled,
    taught,
)
from omosim.twin.levels import DRIFT, scatter
from omosim.twin.season import autumn
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))


def twin(*words: object) -> int:
    return main(["twin", *map(str, words)])


def steps_of(place: Path) -> list[dict]:
    """What the journal says of each week that members followed."""
    return [row["did"] for row in folder.read(place).head["updates"] if row["step"] == twin_follow.STEP]


def contents(place: Path) -> dict[str, bytes]:
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file() and p.name != ".lock"}


# ---- parts ----------------------------------------------------------------------------------------------------
def test_each_figure_moves_its_own_column_and_pace_and_levels_go_to_what_came() -> None:
    rng = np.random.default_rng(1)
    columns = columns_of(["need_rate", "order_value"], [], ["orders", "orders.web", "revenue", "revenue.web", "new_customers", "traffic", "stockout_share"])
    names = [c.name for c in columns]
    assert names == ["need_rate", "order_value", "pace", "newcomers", "level.stockout_share", "level.traffic"]  # one channel is its total again
    assert [c.told for c in columns] == [False, True, True, True, True, True]
    start = begun(columns, {"need_rate": 0.1, "order_value": 5000.0, "newcomers": 20.0}, [{}] * 400, 0, rng.random((400, 6)))
    theta = start.theta
    assert np.all(theta[:, 0] == theta[0, 0]) and theta[:, 2].std() == pytest.approx(0.15, rel=0.1)
    orders = rng.poisson(40 * np.exp(theta[:, [2]]), (400, 7)).astype(float)
    paths = {"orders": orders, "revenue": orders * np.exp(theta[:, [1]]), "new_customers": rng.poisson(np.exp(theta[:, [3]]) / 7, (400, 7)).astype(float), "traffic": np.full((400, 7), 10.0)}
    came = {"orders": np.array([60.0, 60, 60, np.nan, 60, 60, 60]), "revenue": np.full(7, 60 * 4000.0), "new_customers": np.full(7, np.nan), "traffic": np.full(7, 30.0)}
    for _ in range(12):  # the same week again and again: what is learnt from it must be what it says
        after, step = taught(columns, theta, compare(columns, theta, scaled(columns, theta, paths, 1.0), came, 0.03))
        moved = np.abs(after - theta).max(axis=0) > 0
        assert moved.tolist() == [False, True, True, False, False, True] and step.words.startswith("3 of 5 aggregates")
        theta = after
        orders = rng.poisson(40 * np.exp(theta[:, [2]]), (400, 7)).astype(float)
        paths |= {"orders": orders, "revenue": orders * np.exp(theta[:, [1]])}
    mean = outer(columns, theta.mean(axis=0)[None])[0]
    assert mean[2] == pytest.approx(1.5, rel=0.05) and mean[1] == pytest.approx(4000, rel=0.02) and mean[5] == pytest.approx(3.0, rel=0.05)
    assert theta[:, 2].std() < 0.05


def test_a_series_of_unlike_days_goes_to_its_own_level_and_no_money_is_no_amount() -> None:
    """Members whose weeks differ by three fifths stand right in the mean of logs; a week without returns, of which none was seen, leaves their level alone."""
    rng = np.random.default_rng(8)
    columns = (Column("level.returned_value", "returned_value", "orders", True, 0.0, 1.0),)
    theta, came = rng.standard_normal((300, 1)), {"orders": np.full(7, 40.0)}
    paths = lambda: {"orders": np.full((300, 7), 40.0), "returned_value": np.exp(theta) * 5000 * np.exp(0.6 * rng.standard_normal((300, 1)) - 0.18) * np.ones(7)}
    for _ in range(60):
        money = 5000 * np.exp(0.6 * rng.standard_normal() - 0.18) * np.ones(7)
        theta, _step = taught(columns, theta, compare(columns, theta, paths(), came | {"returned_value": money}, 0.1, weekly={"returned_value": 0.6}))
    assert np.exp(theta).mean() == pytest.approx(1.0, abs=0.25)
    after, step = taught(columns, theta, compare(columns, theta, paths(), came | {"returned_value": np.zeros(7)}, 0.1))
    assert np.array_equal(after, theta) and "nothing observed" in step.words


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_weeks_without_any_teach_a_seldom_series_its_level(factor: float) -> None:
    """A return every other week in members; the data have `factor` of it, so that most weeks are without."""
    rng = np.random.default_rng(21)
    columns = (Column("level.returned_value", "returned_value", "", True, 0.02, 1.0),)

    def week(mean: np.ndarray) -> np.ndarray:
        back = rng.poisson(mean[:, None] / 7, (len(mean), 7))
        return back * 5000 * np.exp(0.5 * rng.standard_normal(back.shape))

    theta, past, ends = rng.standard_normal((60, 1)), week(np.full(26, 0.5 * factor)).ravel(), []
    for _week in range(260):
        came = week(np.full(1, 0.5 * factor))[0]
        paths = {"returned_value": week(np.full(60, 0.5)) * np.exp(theta)}
        seen = {"returned_value": np.r_[past, came]}
        theta, _ = taught(columns, theta, compare(columns, theta, paths, {"returned_value": came}, 0.1, weekly=scatter(seen), least=least_of(seen)))
        theta = later(columns, theta, np.zeros(60), 7, rng.standard_normal(theta.shape))
        past = seen["returned_value"]
        ends.append(float(np.exp(theta).mean()))
    assert np.mean(ends[60:]) == pytest.approx(factor, rel=0.25)


def test_a_shops_own_categories_and_stores_learn_their_part_of_the_whole() -> None:
    columns = (Column("level.units.tea", "units.tea", "orders", True, 0.02, 1.0), Column("level.traffic.A", "traffic.A", "", True, 0.02, 1.0))
    paths = {"orders": np.full((4, 7), 10.0), "units.dear": np.full((4, 7), 12.0), "units.cheap": np.full((4, 7), 18.0), "traffic": np.full((4, 7), 100.0)}
    found = scaled(columns, np.log(np.array([[0.5, 0.25]] * 4)), paths, 2.0)
    assert np.allclose(found["units.tea"], 30.0) and np.allclose(found["traffic.A"], 25.0) and np.allclose(found["units.dear"], 24.0)


def test_nothing_seen_or_nothing_foretold_moves_nothing_and_drift_has_its_stated_spread() -> None:
    columns = (Column("pace", "orders", "", True, 0.02, 0.15), Column("rate_shape"), Column("taste_store", "orders.store", "orders.web", False, 0.005, 0.2))
    theta = np.random.default_rng(2).standard_normal((500, 3)) * 0.1
    seen = {"orders": np.full(7, np.nan), "orders.store": np.full(7, 5.0), "orders.web": np.full(7, 9.0)}
    paths = {"orders": np.full((500, 7), 9.0), "orders.store": np.zeros((500, 7)), "orders.web": np.full((500, 7), 9.0)}
    after, step = taught(columns, theta, compare(columns, theta, paths, seen, 0.1))
    assert np.array_equal(after, theta) and "nothing observed" in step.words  # no factor on nothing makes five orders of it
    moved = later(columns, theta, np.full(500, 0.05), 28, np.random.default_rng(3).standard_normal(theta.shape)) - theta
    assert moved[:, 0].std() == pytest.approx(0.1, rel=0.1) and not moved[:, 1].any() and moved[:, 2].std() == pytest.approx(0.01, rel=0.1)


def test_days_that_differ_by_more_than_counting_leave_the_pace_where_it_is_the_longer() -> None:
    """Gain of a Kalman filter with the week's whole chance: counting, what belongs to the week, and a seventh of the days' own; where stores
    sell the first day is not compared, and what is left of the week counts for less."""
    rng = np.random.default_rng(15)
    columns = (Column("pace", "orders", "", True, 0.02, 0.15),)
    theta = 0.15 * rng.standard_normal((4000, 1))
    paths, came = {"orders": rng.poisson(30 * np.exp(theta), (4000, 7)).astype(float)}, {"orders": np.full(7, 45.0)}
    own = 0.4 / np.sqrt(7)
    for stores, days in ((False, 7), (True, 6)):
        seen = came | ({"orders.store": np.full(7, 9.0)} if stores else {})
        after = taught(columns, theta, compare(columns, theta, paths, seen, 0.05, days_own={"orders": own}))[0]
        gain = theta.var() / (theta.var() + 1 / (30 * days) + 7 / days * (0.05**2 + own**2))
        assert after.mean() - theta.mean() == pytest.approx(gain * (np.log(1.5) - theta.mean()), rel=0.05)


def test_weeks_beyond_drift_are_followed_as_the_fastest_drift_would_have_it() -> None:
    """Two weeks in a row of two sds are a break, or one of three; one of two alone, or two on either side, are none. Then the Kalman gain with the
    fastest drift on top of the pace's variance."""
    rng = np.random.default_rng(16)
    columns = (Column("order_value", "revenue", "orders", True, 0.01, 0.3), Column("pace", "orders", "", True, 0.02, 0.15))
    theta = 0.04 * rng.standard_normal((4000, 2))
    paths = {"orders": np.exp(theta[:, 1:]) * 30.0 * np.ones((1, 7)), "revenue": np.exp(theta.sum(axis=1))[:, None] * 900.0 * np.ones((1, 7))}
    total = np.hypot(0.04, 0.1)

    def week(came: float, sums: tuple[float, float]) -> tuple[np.ndarray, tuple[float, float], bool]:
        seen = {"orders": np.full(7, came), "revenue": np.full(7, 30 * came)}
        wide, compared, after, broke = broken(columns, theta, compare(columns, theta, paths, seen, 0.1), sums)
        return taught(columns, wide, compared)[0], after, broke

    up, down = 30 * np.exp(2.0 * total), 30 * np.exp(-2.0 * total)
    one, sums, broke = week(up, (0.0, 0.0))
    assert not broke and sums == (pytest.approx(2.0 - 1.0, abs=0.05), 0.0)
    assert one[:, 1].mean() == pytest.approx(0.04**2 / total**2 * 2.0 * total, rel=0.05)
    assert week(30 * np.exp(3.0 * total), (0.0, 0.0))[2] and not week(down, sums)[2] and not week(30.0, sums)[2]
    assert week(30 * np.exp(0.5 * total), sums)[1] == (pytest.approx(0.5, abs=0.07), 0.0)
    for came in (up, down):
        two, after, broke = week(came, sums if came > 30 else sums[::-1])
        var = 0.04**2 + DRIFT[1] ** 2
        assert broke and after == (0.0, 0.0)
        assert two[:, 1].mean() == pytest.approx(var / (var + 0.1**2) * np.log(came / 30), rel=0.05)
        assert two[:, 1].std() == pytest.approx(np.sqrt(var * 0.1**2 / (var + 0.1**2)), rel=0.05)
        assert abs(two[:, 0].mean()) < 0.01 and two[:, 0].std() < 0.041, "what an order is worth is told by money alone"
    nothing = broken(columns, theta, compare(columns, theta, paths, {"orders": np.full(7, np.nan)}, 0.1), sums)
    assert nothing[0] is theta and nothing[2:] == (sums, False)


def test_a_horizon_has_the_mean_of_its_drift_and_of_its_weeks() -> None:
    """Beside walks whose weeks are added up: the pace differs as their mean does, and nothing else moves."""
    rng = np.random.default_rng(11)
    columns, n, weeks = (Column("rate_shape"), Column("pace", "orders", "", True, 0.02, 0.15)), 20_000, 8
    noise = np.tile([0.05, 0.10], (n, 1))
    moved = over(columns, np.zeros((n, 2)), noise, 7 * weeks, rng.standard_normal((n, 2)))
    walks = 0.05 / np.sqrt(20) * rng.standard_normal((n, 20 * weeks))
    each = np.cumsum(walks, axis=1).reshape(n, weeks, 20).mean(axis=2) + 0.10 * rng.standard_normal((n, weeks))
    assert not moved[:, 0].any() and moved[:, 1].std() == pytest.approx(each.mean(axis=1).std(), rel=0.03)


def test_the_years_end_is_no_drift() -> None:
    """A year that rises by three quarters until Christmas and does not drift: whoever knows the height finds none."""
    first, days = date(2023, 1, 2), 7 * 50
    level = np.exp(0.56 * np.array([autumn(first + timedelta(days=d)) for d in range(days)]))
    past = np.random.default_rng(13).poisson(300 * level).astype(float)
    end = day_number(first) + days
    told, untold = (twin_follow.noise_at(past, end, 300, 1, height)[:, 0].mean() for height in (0.56, 0.0))
    assert told < 0.02 and untold > 1.5 * told


def test_a_share_is_told_by_what_members_with_other_tastes_did() -> None:
    rng = np.random.default_rng(4)
    columns = (Column("taste_store", "orders.store", "orders.web", False, 0.005, 0.2),)
    theta = 0.2 * rng.standard_normal((300, 1))
    for _ in range(6):
        store = rng.poisson(50 * np.exp(2.0 * theta), (300, 7)).astype(float)  # two per cent for one of taste
        paths = {"orders.store": store, "orders.web": np.full((300, 7), 50.0)}
        theta, _ = taught(columns, theta, compare(columns, theta, paths, {"orders.store": np.full(7, 50 * 1.6), "orders.web": np.full(7, 50.0)}, 0.0))
    assert theta.mean() == pytest.approx(np.log(1.6) / 2, abs=0.02)


# ---- through the commands ------------------------------------------------------------------------------------
DAYS, LATER = 84, 28


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve weeks of a shop, and four more in which it sells four tenths more and stores double their part."""
    root = tmp_path_factory.mktemp("follow")
    frame = shop.orders(days=DAYS + LATER, people=150, per_day=20)
    more = shop.orders(days=DAYS + LATER, people=150, per_day=8, seed=9)
    more["order_id"] = "m" + more["order_id"]
    jump = more[shop.day_of(more) >= shop.date(DAYS)].assign(channel="store", fulfilment="store")
    every = pd.concat([frame, jump]).sort_values("placed_at", kind="stable")
    shop.write(frame[shop.day_of(frame) < shop.date(DAYS)], root / "first.csv")
    shop.write(every, root / "all.csv")
    assert twin("new", f"dir={root / 'twin'}", f"orders={root / 'first.csv'}", "timezone=Asia/Seoul") == 0
    assert twin("forecast", f"dir={root / 'twin'}", "members=16", "horizon=14", "warm_weeks=4") == 0
    return root


def test_members_are_kept_and_an_update_brings_them_to_its_day(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    here = tmp_path / "twin"
    shutil.copytree(files / "twin", here)
    head = folder.read(here).head
    assert head["following"]["day"] == shop.date(DAYS) and head["following"]["members"] == 16
    rows = steps_of(here)
    assert [row["day"] for row in rows] == [shop.date(DAYS - 21 + 7 * i) for i in range(4)] and all(row["days"] == 7 for row in rows)
    assert twin("update", f"dir={here}", f"orders={files / 'all.csv'}") == 0
    assert "members follow the data" in capsys.readouterr().err
    rows = steps_of(here)
    assert [row["day"] for row in rows[4:]] == [shop.date(DAYS + 7 * i) for i in range(1, 5)]
    before, after = rows[3]["moved"]["pace"][1], rows[-1]["moved"]["pace"][1]
    assert 1.1 < after / before < 1.6, "twenty orders a day became twenty-eight, which customers' own histories tell too"
    assert rows[-1]["moved"]["taste_store"][1] > rows[3]["moved"]["taste_store"][1] + 0.02
    held = read_columns(here / "members.parquet")
    assert set(held) == {"member", "parameter", "value", "unit"} and max(held["member"]) == 15 and {"pace", "taste_store", "order_value"} <= set(held["parameter"])
    was = contents(here)
    assert twin("update", f"dir={here}", f"orders={files / 'all.csv'}") == 0 and contents(here) == was
    assert "nothing changed" in capsys.readouterr().out
    # what is foretold from here: as many as of late; members that do not follow foretell what the log held on average
    assert twin("forecast", f"dir={here}", "horizon=14") == 0
    follows = _week(here)
    assert twin("forecast", f"dir={here}", "horizon=14", "members=16", "assimilate=false") == 0
    assert follows == pytest.approx(28 * 7, rel=0.15) and _week(here) < follows
    assert folder.read(here).head["following"]["members"] == 16, "what was asked without assimilation leaves the kept members alone"


def test_a_channel_and_a_category_that_begin_midway_are_followed(files: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(files / "all.csv", dtype=str, keep_default_na=False)
    late = shop.day_of(frame) >= shop.date(DAYS)
    pick = late & (frame["channel"] == "web") & (np.arange(len(frame)) % 3 == 0)
    frame.loc[pick, ["channel", "fulfilment"]] = "live", "ship"
    frame.loc[late & (np.arange(len(frame)) % 5 == 0), "category"] = "garden"
    shop.write(frame, tmp_path / "live.csv")
    here = tmp_path / "twin"
    shutil.copytree(files / "twin", here)
    assert twin("update", f"dir={here}", f"orders={tmp_path / 'live.csv'}") == 0
    names = {row[0] for row in folder.read(here).head["following"]["columns"]}
    assert {"level.units.garden"} <= names and any(row[1] == "orders.live" for row in folder.read(here).head["following"]["columns"])
    assert twin("forecast", f"dir={here}", "horizon=14") == 0
    live = float(pick.sum()) / LATER * 7
    garden = float(frame[late & (frame["category"] == "garden")]["units"].astype(int).sum()) / LATER * 7
    assert _week(here, "orders.live") == pytest.approx(live, rel=0.5) and _week(here, "units.garden") == pytest.approx(garden, rel=0.5)


def _week(place: Path, series: str = "orders") -> float:
    table = read_columns(place / "forecasts.parquet")
    origin = max(table["origin"])
    return next(m for o, s, step, m in zip(table["origin"], table["series"], table["step"], table["mean"], strict=True) if (o, s, step) == (origin, series, "week"))


def test_days_that_were_not_observed_take_no_customers_away(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    here = tmp_path / "twin"
    shutil.copytree(files / "twin", here)
    before = _week(here)
    assert twin("update", f"dir={here}", f"as_of={shop.date(DAYS + 20)}") == 0
    assert folder.read(here).table("days")["state"][-21:] == ["gap"] * 21
    assert twin("forecast", f"dir={here}", "horizon=14") == 0
    assert _week(here) == pytest.approx(before, rel=0.12), "three weeks without a file are no weeks without a purchase"
    capsys.readouterr()
    assert twin("forecast", f"dir={here}", "horizon=2") == 0
    said = [line for line in capsys.readouterr().out.splitlines() if " in nine of ten)" in line]
    assert [line.split(" ")[0] for line in said] == [f"{shop.date(DAYS + 21 + i)}:" for i in (0, 1, 0, 1)], "a horizon without a week is told by its days"
    with using("ko"):
        assert "nine of ten" not in say(said[0]) + say(said[-1])


def test_one_huge_order_is_no_dearer_shop(files: Path, tmp_path: Path) -> None:
    here = tmp_path / "twin"
    shutil.copytree(files / "twin", here)
    frame = pd.read_csv(files / "all.csv", dtype={"shopper_id": str})
    week = frame[shop.day_of(frame) < shop.date(DAYS + 7)]
    week = week.assign(units=np.where(week["order_id"] == week["order_id"].iloc[-1], 3000, week["units"]))
    assert twin("update", f"dir={here}", f"orders={shop.write(week, tmp_path / 'huge.csv')}") == 0
    before, after = steps_of(here)[-1]["moved"]["order_value"][:2]
    money = week["units"] * week["unit_price"]
    assert money.max() > 3 * (money[shop.day_of(frame) >= shop.date(DAYS)].sum() - money.max()) and after == pytest.approx(before, rel=0.1)


@pytest.mark.slow
def test_a_step_that_was_stopped_goes_on_to_the_same_bytes(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = tmp_path / "quiet"
    shutil.copytree(files / "twin", wanted)
    assert twin("update", f"dir={wanted}", f"orders={files / 'all.csv'}") == 0
    real, calls = twin_follow.advance, []

    def stopping(*args: object, **kw: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args, **kw)  # type: ignore[arg-type]

    here = tmp_path / "stopped"
    shutil.copytree(files / "twin", here)
    with monkeypatch.context() as patch:
        patch.setattr(twin_follow, "advance", stopping)
        assert twin("update", f"dir={here}", f"orders={files / 'all.csv'}") != 0
    assert folder.read(here).head["following"]["day"] == shop.date(DAYS + 14)
    assert twin("update", f"dir={here}", f"orders={files / 'all.csv'}") == 0
    assert contents(here) == contents(wanted)


@pytest.mark.slow
def test_purchases_are_fitted_once_for_all_that_stands_on_them(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An update fits each number of stages once, a forecast of the same day not at all; a folder without the kept fits gives the same figures."""
    calls, real = [], bgcnbd.fit
    monkeypatch.setattr(bgcnbd, "fit", lambda cohort, k=1: calls.append(k) or real(cohort, k))
    here, old = tmp_path / "twin", tmp_path / "old"
    shutil.copytree(files / "twin", here)
    assert twin("update", f"dir={here}", f"orders={files / 'all.csv'}") == 0 and calls == [1, 2, 3]
    shutil.copytree(here, old)
    head = json.loads((old / "twin.json").read_text())
    del head["files"]["fits"]
    (old / "twin.json").write_text(json.dumps(head))
    calls.clear()
    assert twin("forecast", f"dir={here}", "horizon=7") == 0 and calls == []
    assert twin("forecast", f"dir={old}", "horizon=7") == 0 and calls == [1, 2, 3]
    assert read_columns(here / "forecasts.parquet") == read_columns(old / "forecasts.parquet")


def test_members_read_back_as_they_were_kept(files: Path) -> None:
    place = folder.read(files / "twin")
    kept = twin_follow.read(place, 16)
    assert kept is not None and twin_follow.read(place, 17) is None and kept.goodwill is not None
    assert np.allclose(inner(kept.columns, outer(kept.columns, kept.theta)), kept.theta)
    seats = [*kept.names[2:], "nobody"]
    mine = kept.goodwill_of(3, seats)
    assert mine is not None and np.array_equal(mine[:-1], kept.goodwill[3, 2:]) and np.isnan(mine[-1])
    assert 0.005 < kept.goodwill.std() < 0.2
    head = json.loads((files / "twin" / "twin.json").read_text())
    assert head["files"]["members"].startswith("data/members-") and twin_follow.behind(place) is False


def test_a_log_whose_names_begin_midway_is_foretold_at_its_level(tmp_path: Path) -> None:
    """A card for customers that starts on day 30: everybody is new then and nobody was known before; fourteen orders a day all along."""
    frame = shop.orders(days=98, per_day=14, people=200, seed=4).assign(channel="web", fulfilment="ship", store_id="")
    rng, named = np.random.default_rng(3), shop.day_of(frame) >= shop.date(30)
    frame["shopper_id"] = np.where(named, [f"k{i}" for i in rng.integers(0, 300, len(frame))], "")
    shop.write(frame, tmp_path / "orders.csv")
    assert twin("new", f"dir={tmp_path / 'twin'}", f"orders={tmp_path / 'orders.csv'}", "timezone=Asia/Seoul") == 0
    assert twin("forecast", f"dir={tmp_path / 'twin'}", "members=12", "horizon=14", "warm_weeks=2", "jobs=1") == 0
    assert _week(tmp_path / "twin") == pytest.approx(14 * 7, rel=0.35)


def test_too_few_first_purchases_say_how_many_people_there_are_and_nothing_of_the_pace() -> None:
    """Members foretell forty orders of known customers, as came, and twenty first ones where five came."""
    rng = np.random.default_rng(17)
    columns = (Column("pace", "orders", "", True, 0.02, 0.15), Column("newcomers", "new_customers", "", True, 0.05, 0.5))
    theta = rng.standard_normal((400, 2)) * (0.15, 0.5)
    first = rng.poisson(20 / 7 * np.exp(theta[:, [1]]), (400, 7)).astype(float)
    paths = {"orders": rng.poisson(40 / 7 * np.exp(theta[:, [0]]), (400, 7)) + first, "new_customers": first}
    came = {"orders": np.full(7, 45 / 7), "new_customers": np.full(7, 5 / 7)}
    after, _ = taught(columns, theta, compare(columns, theta, paths, came, 0.05))
    assert after[:, 0].mean() == pytest.approx(theta[:, 0].mean(), abs=0.04) and after[:, 1].mean() < theta[:, 1].mean() - 0.5
