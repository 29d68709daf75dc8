"""A twin's life from the outside: made, foretold, updated, scored, asked what to do; its files as the contract has them."""

from __future__ import annotations

import csv
import io
import json
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from omosim.cli.main import main
from omosim.results.tables import read_columns
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))
DAYS, LATER, MEMBERS = 84, 14, 10


def twin(*words: object) -> int:
    return main(["twin", *map(str, words)])


@pytest.fixture(scope="module")
def place(young: Path) -> Path:
    """A twin of twelve weeks that has foretold the next two."""
    assert twin("forecast", f"dir={young}", f"members={MEMBERS}", f"horizon={LATER}") == 0
    return young


def said_by(*words: object) -> str:
    """What a command that succeeds prints."""
    out = io.StringIO()
    with redirect_stdout(out):
        assert twin(*words) == 0
    return out.getvalue()


def copied(twin_folder: Path, factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(twin_folder, factory.mktemp("later") / "twin"))


@pytest.fixture(scope="module")
def decided(place: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The twin with a decision of its day, and what was said."""
    here = copied(place, tmp_path_factory)
    return here, said_by("decide", f"dir={here}", "ways=[staff*2,o2o+staff*2]", f"members={MEMBERS}", "horizon=7", "jobs=1")


@pytest.fixture(scope="module")
def lived(place: Path, decided: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The same when staff were doubled and two weeks have passed; what was said by score, update, score."""
    here = copied(decided[0], tmp_path_factory)
    said_by("decide", f"dir={here}", "took=staff*2")
    early = said_by("score", f"dir={here}")
    return here, [early, said_by("update", f"dir={here}", f"orders={place.parent / 'all.csv'}"), said_by("score", f"dir={here}")]


def test_a_forecast_stands_in_the_contracts_columns_and_foretells_what_the_data_have(place: Path) -> None:
    table = read_columns(place / "forecasts.parquet")
    assert list(table)[:8] == ["origin", "date", "series", "mean", "q05", "q50", "q95", "actual"]
    assert set(table["origin"]) == {shop.date(DAYS)} and {"orders", "revenue", "orders.web", "orders.store"} <= set(table["series"])
    assert "pickups" not in table["series"], "the strategy that the twin was made with has none: nothing is foretold, not nothing"
    day = [(d, low, mid, high) for d, s, step, low, mid, high in zip(table["date"], table["series"], table["step"], table["q05"], table["q50"], table["q95"], strict=True) if s == "orders" and step == "day"]
    assert [d for d, *_ in day] == [shop.date(DAYS + i) for i in range(LATER)]
    assert all(low <= mid <= high for _, low, mid, high in day) and sum(mid for *_, mid, _ in day) > 0
    head = json.loads((place / "twin.json").read_text())
    assert head["forecasts"][0]["origin"] == shop.date(DAYS) and head["updates"][-1]["step"] == "forecast"


def test_the_same_forecast_again_is_the_same_bytes(place: Path) -> None:
    before = (place / "forecasts.parquet").read_bytes()
    assert twin("forecast", f"dir={place}", f"members={MEMBERS}", f"horizon={LATER}") == 0
    assert (place / "forecasts.parquet").read_bytes() == before


def test_a_decision_weighs_ways_in_the_same_worlds(decided: tuple[Path, str]) -> None:
    place, said = decided
    made = json.loads((place / "decision.json").read_text())
    assert said.startswith(made["answer"]) and made["present"] == "as_it_is" and made["members"] == MEMBERS and made["from"] == shop.date(DAYS)
    ways = {way["way"]: way for way in made["ways"]}
    assert list(ways) == ["as_it_is", "staff*2", "o2o+staff*2"]
    idle = ways["staff*2"]  # people whom nobody needs cost what they are paid
    assert idle["gain"] < 0 and idle["high"] < 0 and idle["prob_better"] == 0
    assert idle["gain"] == pytest.approx(idle["lines"]["labour"] - ways["as_it_is"]["lines"]["labour"], rel=0.05)
    worlds = read_columns(place / "worlds.parquet")
    paired = np.reshape(worlds["value"], (3, MEMBERS))
    assert np.mean(paired[1] - paired[0]) == pytest.approx(idle["gain"]) and np.std(paired[1] - paired[0]) < 0.2 * np.std(paired[0])
    assert len(ways["as_it_is"]["series"]["orders"]["q50"]) == 7
    with open(place / "reorder_levels.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    page = (place / "report.html").read_text(encoding="utf-8")
    assert "What to do" in page and made["answer"].split(":")[0] in page and "Gain over the present way" in page
    assert rows and all(int(row["order_up_to"]) >= int(row["reorder_level"]) >= 0 for row in rows)
    staff = rows_of(place / "staffing.csv")  # of the retailer's one store; the way that is best has no pickup, the data do
    assert {row["store"] for row in staff} == {"S01"} and all(int(row["counter"]) >= 1 for row in staff) and {row["weekday"] for row in staff} >= {"mon", "sun"}
    assert not (place / "capacity_plan.csv").exists() and any(note.startswith("no capacity plan") for note in made["notes"])
    assert "What stores need" in page


def test_which_way_was_taken_is_noted(decided: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    place = Path(shutil.copytree(decided[0], tmp_path / "twin"))
    before = (place / "twin.json").read_bytes()
    assert twin("decide", f"dir={place}", "took=staf*2") == 2
    assert "Did you mean 'staff*2'" in capsys.readouterr().err and (place / "twin.json").read_bytes() == before
    assert twin("decide", f"dir={place}", "took=staff*2", "ways=[omo]") == 2
    assert twin("decide", f"dir={place}", "took=staff*2") == 0
    assert "staff*2 was taken, as_it_is was advised" in capsys.readouterr().out
    (row,) = json.loads((place / "twin.json").read_text())["decisions"]
    assert row["took"] == "staff*2" and row["ways"] == ["as_it_is", "staff*2", "o2o+staff*2"] and (place / row["file"]).is_file()
    assert not (place / "decision_log.csv").exists()  # nothing has come of it yet


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("way", "expected"), [("omoo", "Did you mean 'omo'"), ("staff*x", "is no way of trading"), ("-curbsid", "Did you mean 'curbside'")])
def test_what_is_no_way_is_refused_with_its_nearest(place: Path, way: str, expected: str, capsys: pytest.CaptureFixture) -> None:
    before = (place / "twin.json").read_bytes()
    assert twin("decide", f"dir={place}", f"ways=[{way}]", f"members={MEMBERS}") == 2
    assert expected in capsys.readouterr().err and (place / "twin.json").read_bytes() == before


def test_what_came_is_scored(lived: tuple[Path, list[str]]) -> None:
    place, (early, updated, said) = lived
    assert "no whole week" in early and f"decision 1 of {shop.date(DAYS)}, staff*2 (was taken): orders " in updated
    table = read_columns(place / "scores.parquet")
    assert list(table)[:4] == ["origin", "series", "horizon", "crps"] and "drift alarm over" in said and "seasonal naive" in said
    assert f"decision 1 of {shop.date(DAYS)}, staff*2 (was taken): orders " in said
    weeks = [(h, c) for s, h, c in zip(table["series"], table["horizon"], table["crps"], strict=True) if s == "orders"]
    assert len(weeks) >= 1 and all(c >= 0 for _, c in weeks)
    page = (place / "report.html").read_text(encoding="utf-8")
    assert all(head in page for head in ("What comes next", "How good earlier forecasts were", "What the data moved", "Decisions and what came of them")) and "<script" not in page


def test_the_log_holds_every_way_against_what_came(lived: tuple[Path, list[str]], tmp_path: Path) -> None:
    """Counted by hand from the orders themselves; told and not told; the file follows from the folder alone."""
    place = Path(shutil.copytree(lived[0], tmp_path / "twin"))
    log = rows_of(place / "decision_log.csv")
    frame = shop.orders(days=DAYS + LATER, people=200)
    came = frame[(shop.day_of(frame) >= shop.date(DAYS)) & (shop.day_of(frame) < shop.date(DAYS + 7))]
    mine = {(row["way"], row["series"]): row for row in log}
    assert {way for way, _ in mine} == {"as_it_is", "staff*2", "o2o+staff*2"} and {series for _, series in mine} == {"orders", "revenue", "pickups"}
    row = mine["staff*2", "orders"]
    assert float(row["realised"]) == came["order_id"].nunique() and row["taken"] == "told" and mine["as_it_is", "orders"]["taken"] == ""
    assert float(mine["as_it_is", "revenue"]["realised"]) == float((came["units"] * came["unit_price"]).sum()) and mine["as_it_is", "revenue"]["unit"] == "KRW"
    assert int(row["days_seen"]) == 7 == int(row["sum_days"]) and 0 <= int(row["days_in_band"]) <= 7
    assert float(row["low"]) <= float(row["foretold"]) <= float(row["high"]) and row["says"] in ("as foretold", "more", "less")
    before = (place / "decision_log.csv").read_bytes()
    (place / "decision_log.csv").unlink()
    assert twin("report", f"dir={place}") == 0 and (place / "decision_log.csv").read_bytes() == before


def test_a_twin_from_before_there_was_a_log_keeps_its_decision(lived: tuple[Path, list[str]], tmp_path: Path) -> None:
    """Its one decision is the first row; until somebody says so the present way is taken to go on."""
    from omosim.twin import folder

    here = tmp_path / "old"
    shutil.copytree(lived[0], here)
    head = json.loads((here / "twin.json").read_text())
    file = head.pop("decisions")[0]["file"]
    del head["present"]  # no way could be taken then
    (here / "twin.json").write_text(json.dumps(head))
    assert twin("report", f"dir={here}") == 0
    assert {row["taken"] for row in rows_of(here / "decision_log.csv") if row["way"] == "as_it_is"} == {"assumed"}
    assert twin("decide", f"dir={here}", "took=as_it_is") == 0
    (row,) = folder.read(here).head["decisions"]
    assert row["file"] == file and (here / file).is_file() and row["took"] == "as_it_is"
    assert {row["taken"] for row in rows_of(here / "decision_log.csv") if row["way"] == "as_it_is"} == {"told"}


def test_orders_without_customers_are_foretold_by_their_past_and_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """No names, so nothing of repeat purchases: each weekday as it was last; a decision is refused with the reason."""
    frame = shop.orders(days=70, people=200).drop(columns="shopper_id")
    shop.write(frame, tmp_path / "orders.csv")
    here = tmp_path / "twin"
    assert twin("new", f"dir={here}", f"orders={tmp_path / 'orders.csv'}", "timezone=Asia/Seoul") == 0
    assert twin("forecast", f"dir={here}", "members=200", "horizon=14") == 0
    said = capsys.readouterr().out
    assert "cannot carry members" in said and "nothing can be decided" in said
    table = read_columns(here / "forecasts.parquet")
    weeks = [(m, low, high) for s, step, m, low, high in zip(table["series"], table["step"], table["mean"], table["q05"], table["q95"], strict=True) if (s, step) == ("orders", "week")]
    assert len(weeks) == 2 and all(low < 24 * 7 < high and mean == pytest.approx(24 * 7, rel=0.15) for mean, low, high in weeks)
    assert twin("decide", f"dir={here}", "ways=[omo]") == 2 and "shopper_id" in capsys.readouterr().err


def test_the_same_score_again_and_words_of_other_actions(place: Path, lived: tuple[Path, list[str]], capsys: pytest.CaptureFixture) -> None:
    all_orders, place = place.parent / "all.csv", lived[0]
    before = (place / "twin.json").read_bytes()
    assert twin("score", f"dir={place}") == 0 and (place / "twin.json").read_bytes() == before
    assert twin("forecast", f"dir={place}", "closed=[2025-04-25]", "took=omo") == 2
    said = capsys.readouterr().err
    assert "closed" in said and "It belongs to omosim twin update" in said and "It belongs to omosim twin decide" in said
    assert twin("update", f"dir={place}", f"orders={all_orders}", "as_of=2025-02-01") == 2
    assert "the twin knows later days already" in capsys.readouterr().err and (place / "twin.json").read_bytes() == before


def test_a_week_has_the_figures_that_came(lived: tuple[Path, list[str]]) -> None:
    """The week's sum, not its Monday."""
    table = read_columns(lived[0] / "forecasts.parquet")
    frame = shop.orders(days=DAYS + LATER, people=200)
    per_day = shop.day_of(frame).value_counts()
    week = next(a for s, step, d, a in zip(table["series"], table["step"], table["date"], table["actual"], strict=True) if (s, step, d) == ("orders", "week", shop.date(DAYS)))
    assert week == sum(per_day[shop.date(DAYS + i)] for i in range(7))


@pytest.mark.slow
def test_a_fit_by_simulation_gives_members_parameters_of_their_own(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """Draws of the contract's columns; a second call changes nothing; members differ in more than chance."""
    from omosim.twin import posterior

    here = tmp_path / "twin"
    shutil.copytree(place, here)
    monkeypatch.setattr(posterior, "LEAST_RUNS", 64)
    monkeypatch.setattr(posterior, "MOST_RUNS", 64)
    assert twin("update", f"dir={here}", "budget_min=1", "jobs=1") == 0
    table = read_columns(here / "posterior.parquet")
    assert list(table)[:5] == ["version", "draw", "parameter", "value", "unit"] and len(set(table["draw"])) > 100 and "need_rate" in table["parameter"]
    told = read_columns(here / "identifiability.parquet")
    assert "keeps its prior" in told["expected"] and any(v in ("told", "partly told") for v in told["verdict"] if v)
    assert not (here / "simulations").exists() and "verdict" in capsys.readouterr().out
    before = (here / "twin.json").read_bytes()
    assert twin("update", f"dir={here}", "budget_min=1", "jobs=1") == 0 and (here / "twin.json").read_bytes() == before
    assert twin("decide", f"dir={here}", "ways=[staff*2]", f"members={MEMBERS}", "horizon=7", "jobs=1") == 0
    made = json.loads((here / "decision.json").read_text())
    assert made["draws"] == MEMBERS and not any("share one set" in note for note in made["notes"])
