"""`omosim twin new` and `update` from the outside: what is taken in, what is refused, and that a twin made twice is one twin."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omosim.cli.main import main
from omosim.results.tables import read_columns
from omosim.twin import folder
from omosim.twin.tables import tables_of
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))


def contents(place: Path) -> dict[str, bytes]:
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file() and p.name != ".lock"}


def twin(*words: object) -> int:
    return main(["twin", *map(str, words)])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the fit, which takes seconds and is not what these tests look at."""
    table = {"version": [1], "draw": [0], "parameter": ["x"], "value": [1.0], "unit": ["1"]}
    monkeypatch.setattr("omosim.api.twin.posterior", lambda twin, every, version: (table, [], ""))


@pytest.fixture
def orders(tmp_path: Path) -> pd.DataFrame:
    frame = shop.orders(days=77)
    shop.write(frame, tmp_path / "all.csv")
    shop.write(frame[shop.day_of(frame) < shop.date(63)], tmp_path / "first.csv")
    return frame


def test_new_twice_is_one_twin_and_reports_what_it_stands_on(tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    words = ("new", f"dir={tmp_path / 'a'}", f"orders={tmp_path / 'first.csv'}", f"traffic={shop.write(shop.traffic(63), tmp_path / 'traffic.csv')}", "timezone=Asia/Seoul")
    assert twin(*words) == 0
    before = contents(tmp_path / "a")
    head = json.loads(before["twin.json"])
    assert (head["first_day"], head["as_of"], head["name"], head["timezone"], head["schema_version"]) == (shop.START, shop.date(62), "first", "Asia/Seoul", 1)
    assert [(r["kind"], r["version"]) for r in head["data"]] == [("orders", 1), ("traffic", 1)] and head["data"][1]["rows"] == 63
    assert [r["step"] for r in head["updates"]] == ["new", "fit"] and len(head["parameter_sets"]) == 1
    fitted = read_columns(tmp_path / "a" / "posterior.parquet")
    assert list(fitted)[:5] == ["version", "draw", "parameter", "value", "unit"] and "repeat.r" in fitted["parameter"]
    page = before["report.html"].decode()
    assert "default-src &#39;none&#39;" in page and "<script" not in page and "sessions=FILE" in page and "traffic=FILE" not in page
    assert "Data from 2025-01-06" in page and head["sources"][0]["sha256"][:16] in page
    capsys.readouterr()
    assert twin(*words) == 0 and "nothing changed" in capsys.readouterr().out
    assert contents(tmp_path / "a") == before
    assert twin("new", f"dir={tmp_path / 'a'}", f"orders={tmp_path / 'all.csv'}") == 2
    assert "twin update" in capsys.readouterr().err and contents(tmp_path / "a") == before
    assert twin("report", f"dir={tmp_path / 'a'}") == 0 and contents(tmp_path / "a") == before


def test_overlapping_data_count_once_and_what_changed_is_taken_and_said(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    """A twin that was updated knows what one made of the whole file knows; late returns and cancellations are news."""
    place = tmp_path / "a"
    late = orders.copy()
    old = np.flatnonzero(shop.day_of(late) == shop.date(55))[:4]
    late.loc[old[:2], ["status", "returned_at"]] = ["returned", f"{shop.date(70)}T12:00:00+09:00"]
    late.loc[old[2:], "status"] = "cancelled"
    shop.write(late[shop.day_of(late) >= shop.date(40)], tmp_path / "late.csv")
    assert twin("new", f"dir={place}", f"orders={tmp_path / 'first.csv'}") == 0
    capsys.readouterr()
    assert twin("update", f"dir={place}", f"orders={tmp_path / 'late.csv'}") == 0
    said = capsys.readouterr().out
    known = int(shop.day_of(orders).between(shop.date(40), shop.date(62)).sum())
    assert f"orders: {int((shop.day_of(orders) >= shop.date(63)).sum())} new, {known - 4} known, 4 changed" in said
    got = tables_of(folder.read(place)).orders
    shop.write(late, tmp_path / "whole.csv")
    assert twin("new", f"dir={tmp_path / 'b'}", f"orders={tmp_path / 'whole.csv'}") == 0
    wanted = tables_of(folder.read(tmp_path / "b")).orders
    by = ["placed_utc", "order_id"]
    pd.testing.assert_frame_equal(got.lines.sort_values(by, ignore_index=True), wanted.lines.sort_values(by, ignore_index=True))
    assert got.cancelled["value"].sum() == wanted.cancelled["value"].sum()
    assert (place / "panel.parquet").read_bytes() == (tmp_path / "b" / "panel.parquet").read_bytes()
    head = folder.read(place).head
    assert head["as_of"] == shop.date(76) and [r["version"] for r in head["data"]] == [1, 2] and head["data"][1]["rows"] < known
    before = contents(place)
    capsys.readouterr()
    assert twin("update", f"dir={place}", f"orders={tmp_path / 'late.csv'}") == 0 and "nothing changed" in capsys.readouterr().out
    assert contents(place) == before
    assert twin("update", f"dir={place}", f"orders={tmp_path / 'all.csv'}") == 0, "the older export again: its rows win, as the last that was said"


def test_outcomes_fill_the_forecasts(quick: None, tmp_path: Path, orders: pd.DataFrame) -> None:
    place = tmp_path / "a"
    assert twin("new", f"dir={place}", f"orders={tmp_path / 'first.csv'}") == 0
    days = [shop.date(d) for d in (63, 76, 90)]
    with folder.writing(place) as step:
        table = {"origin": [shop.date(62)] * 3, "date": days, "series": ["orders"] * 3, "mean": [24.0] * 3, "q05": [16.0] * 3, "q50": [24.0] * 3, "q95": [33.0] * 3, "actual": [None] * 3}
        name = step.table("forecasts", table, types={"actual": "float64"})
        step.commit("forecast", "k", {"days": 3}, {"files": {"forecasts": name}})
    assert twin("update", f"dir={place}", f"orders={tmp_path / 'all.csv'}") == 0
    per_day = shop.day_of(orders).value_counts()
    assert read_columns(place / "forecasts.parquet")["actual"] == [per_day[days[0]], per_day[days[1]], None]


def test_an_older_export_brings_what_was_lacking_and_takes_back_nothing(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    """Orders that the twin knows keep their later news (what came back since), those that it lacks are taken."""
    place = tmp_path / "a"
    whole = orders[orders["order_id"] != orders["order_id"].iloc[3]]
    shop.write(whole, tmp_path / "newest.csv")
    early = orders[shop.day_of(orders) < shop.date(20)].assign(returned_at="", status="completed")  # as it stood then
    shop.write(early, tmp_path / "early.csv")
    assert twin("new", f"dir={place}", f"orders={tmp_path / 'newest.csv'}") == 0
    before = tables_of(folder.read(place)).orders.lines
    assert twin("update", f"dir={place}", f"orders={tmp_path / 'early.csv'}") == 0
    after = tables_of(folder.read(place)).orders.lines
    assert set(after["order_id"]) - set(before["order_id"]) == {orders["order_id"].iloc[3]}
    assert (after["returned_utc"] >= 0).sum() == (before["returned_utc"] >= 0).sum() > 5
    aside = int(((orders["status"] == "returned") & (shop.day_of(orders) < shop.date(20))).sum())
    said = capsys.readouterr().out
    assert f"orders: 1 new, {len(early) - 1 - aside} known, 0 changed, {aside} left aside" in said
    assert "warning older_than_known: early.csv" in said and f"{aside} orders that the twin knows otherwise" in said and f"in one export that reaches {shop.date(76)}" in said
    shop.write(early.assign(status="cancelled").pipe(lambda f: pd.concat([f, whole.tail(1)])), tmp_path / "newer.csv")
    assert twin("update", f"dir={place}", f"orders={tmp_path / 'newer.csv'}") == 0, "the cure that was named"
    assert f"{len(early)} changed" in capsys.readouterr().out


def test_a_correction_that_is_taken_back_is_taken(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    """The same files again after others are news; only the last ingest is done already."""
    place = tmp_path / "a"
    week = orders[shop.day_of(orders) >= shop.date(63)]
    shop.write(week, tmp_path / "week.csv")
    gone = week.assign(status=["cancelled", *week["status"].iloc[1:]])
    shop.write(gone, tmp_path / "gone.csv")
    (tmp_path / "p1.csv").write_text("from,sku,price\n2025-03-01,tea,9000\n")
    (tmp_path / "p2.csv").write_text("from,sku,price\n2025-03-01,tea,8000\n")
    assert twin("new", f"dir={place}", f"orders={tmp_path / 'first.csv'}") == 0
    for name, plan in (("week", 1), ("gone", 2), ("week", 1)):
        capsys.readouterr()
        assert twin("update", f"dir={place}", f"orders={tmp_path / name}.csv", f"prices={tmp_path / f'p{plan}.csv'}") == 0
    said = capsys.readouterr().out
    assert f"orders: 0 new, {len(week) - 1} known, 1 changed" in said and "prices: 0 new, 0 known, 1 changed" in said
    every = tables_of(folder.read(place))
    first = every.orders.lines[every.orders.lines["order_id"] == week["order_id"].iloc[0]]
    assert first["status"].tolist() == [week["status"].iloc[0]] and every.further["prices"]["price"].tolist() == [9000]
    before = contents(place)
    assert twin("update", f"dir={place}", f"orders={tmp_path / 'week.csv'}", f"prices={tmp_path / 'p1.csv'}") == 0
    assert "nothing changed" in capsys.readouterr().out and contents(place) == before


def test_as_of_leaves_out_later_orders_and_later_news_of_earlier_ones(quick: None, tmp_path: Path, orders: pd.DataFrame) -> None:
    assert twin("new", f"dir={tmp_path / 'a'}", f"orders={tmp_path / 'all.csv'}", f"as_of={shop.date(62)}") == 0
    lines = tables_of(folder.read(tmp_path / "a")).orders.lines
    assert folder.read(tmp_path / "a").head["as_of"] == shop.date(62)
    assert len(lines) == (shop.day_of(orders) <= shop.date(62)).sum()
    end = pd.Timestamp(f"{shop.date(63)}T00:00:00+09:00").timestamp()
    assert lines["returned_utc"].max() < end
    back = orders[(shop.day_of(orders) <= shop.date(62)) & (orders["returned_at"] >= shop.date(63))]
    assert len(back) and lines[lines["order_id"].isin(back["order_id"])]["status"].isna().all()


def test_days_without_any_order_are_told_by_their_last_one_alone(quick: None, tmp_path: Path, orders: pd.DataFrame) -> None:
    """A shop that was closed for a week has no file to show: as_of and closed say it; and closed days to come need none either."""
    here = tmp_path / "t"
    assert twin("new", f"dir={here}", f"orders={tmp_path / 'first.csv'}", "timezone=Asia/Seoul") == 0
    shut = [shop.date(63 + i) for i in range(7)]
    assert twin("update", f"dir={here}", f"as_of={shut[-1]}", f"closed=[{','.join(shut)}]") == 0
    head, days = folder.read(here).head, read_columns(here / folder.read(here).head["files"]["days"])
    assert head["as_of"] == shut[-1] and days["state"][-7:] == ["closed"] * 7 and days["date"][-1] == shut[-1]
    assert len([row for row in head["data"] if row["kind"] == "orders"]) == 1
    was = contents(here)
    assert twin("update", f"dir={here}", f"as_of={shut[-1]}", f"closed=[{','.join(shut)}]") == 0 and contents(here) == was
    assert twin("update", f"dir={here}", f"closed=[{shop.date(90)}]") == 0
    assert folder.read(here).head["as_of"] == shut[-1] and shop.date(90) in folder.read(here).head["closed"]


def test_a_closed_day_that_has_orders_is_said_and_can_be_taken_back(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    here, day, later = tmp_path / "t", shop.date(40), shop.date(80)
    assert twin("new", f"dir={here}", f"orders={tmp_path / 'first.csv'}", f"closed=[{day},{later}]") == 0
    sold = int((shop.day_of(orders) == day).sum())
    assert f"warning closed_with_orders: {day}: {sold} orders, told as closed, but there are orders" in (said := capsys.readouterr().out) and f"closed=[-{day}]" in said
    days = read_columns(here / folder.read(here).head["files"]["days"])
    assert days["state"][days["date"].index(day)] == "observed"
    assert twin("update", f"dir={here}", f"closed=[-{day}]") == 0
    assert "closed_with_orders" not in capsys.readouterr().out and folder.read(here).head["closed"] == [later]
    assert "closed_with_orders" not in read_columns(here / "quality.parquet")["code"]
    before = contents(here)
    for words, code in ((f"closed=-{day}", 0), (f"closed=[-{shop.date(41)}]", 2), ("closed=-2025-02-30", 2)):
        assert twin("update", f"dir={here}", words) == code and contents(here) == before
    said = capsys.readouterr().err
    assert f"closed = '-{shop.date(41)}': was not told as closed" in said and f"allowed: -{later}" in said and "no such day" in said


def test_money_of_another_currency_is_refused_and_columns_that_are_not_read_are_named(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    """A column of currency that says another one stops the file; fractions of a won are rounded and said; a twin in dollars reads both."""
    here = tmp_path / "t"
    assert twin("new", f"dir={here}", f"orders={tmp_path / 'first.csv'}") == 0
    before = contents(here)
    week = orders[shop.day_of(orders) >= shop.date(63)].reset_index(drop=True)
    plan = "from,sku,price,currency\n2025-03-01,tea,9000,{}\n"
    for column, said_so in (("currency", "USD"), ("통화", "eur")):
        dollars = shop.write(week.assign(**{column: ["KRW"] * 5 + [said_so] * (len(week) - 5)}), tmp_path / "dollars.csv")
        capsys.readouterr()
        assert twin("update", f"dir={here}", f"orders={dollars}") == 2
        assert f"other_currency: dollars.csv, row 7, column '{column}': '{said_so}'; allowed: KRW" in capsys.readouterr().err
        (here / "rejects.csv").unlink()
    (tmp_path / "plan.csv").write_text(plan.format("USD"))
    assert twin("update", f"dir={here}", f"prices={tmp_path / 'plan.csv'}") == 2 and "other_currency: plan.csv, row 2" in capsys.readouterr().err
    (here / "rejects_prices.csv").unlink()
    assert contents(here) == before
    (tmp_path / "plan.csv").write_text(plan.format("won"))
    price = week["unit_price"].astype(float)
    price[:2] += 0.9
    own = shop.write(week.assign(currency="krw", unit_price=price, colour="red", shade="dark"), tmp_path / "own.csv")
    assert twin("update", f"dir={here}", f"orders={own}", f"prices={tmp_path / 'plan.csv'}") == 0
    said = capsys.readouterr().out
    assert "own.csv: columns 'colour', 'shade' are not read" in said and "warning fraction_of_unit: own.csv, rows 2, 3: 2 rows, prices with a fraction, and KRW has none" in said
    assert twin("new", f"dir={tmp_path / 'b'}", f"orders={dollars}", "currency=EUR", "max_bad_rows=5") == 0
    assert "fraction_of_unit" not in capsys.readouterr().out


def test_rejects_of_an_earlier_try_go_and_a_refused_table_leaves_no_twin(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "traffic.csv").write_text("at,store_id,visitors\n2025-01-06,S01,many\n2025-01-07,S01,5\n")
    words = ("new", f"dir={tmp_path / 'a'}", f"orders={tmp_path / 'first.csv'}", f"traffic={tmp_path / 'traffic.csv'}")
    assert twin(*words) == 2
    said = capsys.readouterr().err
    assert "not_a_whole_number: traffic.csv, row 2, column 'visitors': 'many'; allowed: a whole number" in said and "rejects_traffic.csv" in said
    assert not folder.exists(tmp_path / "a") and (tmp_path / "a" / "rejects_traffic.csv").is_file()
    (tmp_path / "a" / "omosim-parts-left").mkdir()
    (tmp_path / "traffic.csv").write_text("at,store_id,visitors\n2025-01-06,S01,7\n2025-01-07,S01,5\n")
    assert twin(*words) == 0
    assert not [p for p in (tmp_path / "a").iterdir() if p.name.startswith(("rejects", "omosim-parts"))]
    assert main(["report", str(tmp_path / "a")]) == 0


def test_numbers_that_are_used_again_are_refused(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    assert twin("new", f"dir={tmp_path / 'a'}", f"orders={tmp_path / 'first.csv'}") == 0
    before = contents(tmp_path / "a")
    again = orders[shop.day_of(orders) < shop.date(20)].copy()
    again["placed_at"] = [shop.stamp(pd.Timestamp(t[:19]) + pd.Timedelta(days=63)) for t in again["placed_at"]]
    again["returned_at"] = ""
    capsys.readouterr()
    assert twin("update", f"dir={tmp_path / 'a'}", f"orders={shop.write(again, tmp_path / 'again.csv')}") == 2
    said = capsys.readouterr().err
    assert "order_id_reused: again.csv" in said and "allowed:" in said and "Traceback" not in said
    assert contents(tmp_path / "a") == before


def test_a_few_numbers_that_are_used_again_are_refused_and_a_date_corrected_by_a_day_is_taken(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    place = tmp_path / "a"
    assert twin("new", f"dir={place}", f"orders={tmp_path / 'first.csv'}") == 0
    before = contents(place)
    three = orders.head(3).assign(returned_at="", status="completed")
    for days, code in ((65, 2), (1, 0)):
        moved = three.assign(placed_at=[shop.stamp(pd.Timestamp(t[:19]) + pd.Timedelta(days=days)) for t in three["placed_at"]])
        capsys.readouterr()
        assert twin("update", f"dir={place}", f"orders={shop.write(pd.concat([moved, orders.tail(9)]), tmp_path / f'{days}.csv')}") == code
        said = "".join(capsys.readouterr())
        if code:
            assert f"order_id_reused: {days}.csv: 3 order numbers stand" in said and repr(three['order_id'].iloc[0]) in said and f"({moved['placed_at'].iloc[0][:10]}, before {shop.START})" in said
            assert "accept=[order_id_reused]" in said and contents(place) == before
        else:
            assert "orders: 9 new, 0 known, 3 changed" in said
    assert twin("update", f"dir={place}", f"orders={tmp_path / '65.csv'}", "accept=order_id_reused") == 0
    assert "orders: 0 new, 9 known, 3 changed" in capsys.readouterr().out


WRONG = {
    "no action": ((), "allowed: new, update, report"),
    "misspelt action": (("nwe", "dir=a"), "Did you mean 'new'?"),
    "no folder": (("new", "orders=first.csv"), "dir: no folder"),
    "no orders": (("new", "dir=a"), "orders: no order file"),
    "no such file": (("new", "dir=a", "orders=gone.csv"), "orders"),
    "no such further file": (("new", "dir=a", "orders=first.csv", "stock=gone.csv"), "no such file"),
    "misspelt key": (("new", "dir=a", "orders=first.csv", "trafic=first.csv"), "Did you mean 'traffic'?"),
    "bad day": (("new", "dir=a", "orders=first.csv", "as_of=2025/01/01"), "as_of"),
    "day that is none": (("new", "dir=a", "orders=first.csv", "as_of=2025-02-30"), "as_of"),
    "closed on no day": (("new", "dir=a", "orders=first.csv", "closed=[2025-01-01,2025-13-01]"), "no such day"),
    "accepting what is none": (("new", "dir=a", "orders=first.csv", "accept=price_jmp"), "price_jump"),
    "a word of decide": (("new", "dir=a", "orders=first.csv", "lead_days=3"), "lead_days = '3': is not taken by new"),
    "a word of three": (("new", "dir=a", "orders=first.csv", "strategy=o2o", "members=30"), "It belongs to omosim twin update, forecast, decide."),
    "before the first order": (("new", "dir=a", "orders=first.csv", "as_of=2024-01-01"), "no_rows"),
    "update of nothing": (("update", "dir=nothing", "orders=first.csv"), "no twin here"),
    "update with settings": (("update", "dir=nothing", "orders=first.csv", "market=apparel"), "market"),
    "update without files": (("update", "dir=nothing"), "no file to take in"),
    "report of nothing": (("report", "dir=nothing"), "omosim twin new"),
    "orders as stock": (("new", "dir=a", "orders=first.csv", "stock=first.csv"), "missing_column: first.csv"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_bad_words_are_answered_in_words(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    words, expected = WRONG[name]
    shop.write(shop.orders(days=15), tmp_path / "first.csv")
    monkeypatch.chdir(tmp_path)
    assert twin(*words) == 2
    said = "".join(capsys.readouterr())
    assert expected in said and "Traceback" not in said and "a bug in omosim" not in said
    assert not (tmp_path / "a" / "twin.json").exists()


def test_help_completion_and_code_name_the_same_actions() -> None:
    from omosim.api.twin import ACTIONS
    from omosim.cli.complete import candidates
    from omosim.config.commands import TwinSettings
    from omosim.twin.quality import REFUSED

    assert str(TwinSettings.model_fields["accept"].annotation) == f"list[typing.Literal{list(REFUSED)}]"
    assert candidates("omosim twin ") == list(ACTIONS) and candidates("omosim twin up") == ["update"]
    assert "dir=" in candidates("omosim twin new d")


def test_a_folder_of_other_files_is_refused(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("x")
    assert twin("new", f"dir={tmp_path / 'mine'}", f"orders={tmp_path / 'first.csv'}") == 2
    assert "thesis.docx" in capsys.readouterr().err and [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.docx"]


def test_what_is_said_has_units_and_can_be_copied(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    """Days are days, one is no many, and the command that comes next is quoted where its folder needs it; in Korean too."""
    from omosim.reports.language import using

    here = tmp_path / "한글 폴더"
    lacking = shop.write(orders[~shop.day_of(orders).isin([shop.date(30), shop.date(50), shop.date(51)])], tmp_path / "lacking.csv")
    assert twin("new", f"dir={here}", f"orders={lacking}") == 0
    said = capsys.readouterr().out
    assert f"warning gap: {shop.date(30)}: 1 day, not observed" in said and f"warning gap: {shop.date(50)} to {shop.date(51)}: 2 days, not observed" in said
    assert f"next: omosim twin update 'dir={here}' orders=FILE" in said
    assert shlex.split(said.split("next: ")[1])[3:5] == [f"dir={here}", "orders=FILE"]
    shop.write(orders.head(1).assign(units="many"), tmp_path / "bad.csv")
    assert twin("update", f"dir={here}", f"orders={tmp_path / 'bad.csv'}") == 2 and "1 problem in 1 row (" in capsys.readouterr().err
    with using("ko"):
        assert twin("update", f"dir={here}", f"orders={shop.write(orders.head(9).assign(status='cancelled', colour=1), tmp_path / 'old.csv')}", f"closed=[{shop.date(40)}]") == 0
    said = capsys.readouterr().out
    assert "제쳐 둔 주문 9" in said and "트윈이 달리 아는 주문 9건" in said and "휴무라고 했지만" in said and "열 'colour'은(는) 읽지 않는다" in said and "1일, " in said


BY_HAND = {
    "as_of is no day": ("as_of", "soon"), "as_of beyond the data": ("as_of", "2099-01-01"), "as_of before": ("as_of", "2024-01-01"), "a day without dashes": ("as_of", "20250309"),
    "no step": ("updates", [1]), "no steps": ("updates", []), "counts of a step": ("updates.0.did", {"orders": 3}), "no currency": ("currency", None), "no such currency": ("currency", "XXX"), "no zone": ("timezone", "Mars/One"),
    "file is a number": ("files.panel", 5), "file elsewhere": ("files.panel", "../../etc/passwd"), "decision without file": ("decisions", [{}]), "present from no day": ("present", [{"from": "x"}]),
    "closed on no day": ("closed", ["x"]), "no orders": ("data", []), "rows as text": ("data.0.rows", "many"), "table that is none": ("data.0.kind", "weather"), "source without classes": ("sources.0.classes", 1),
    "members that are none": ("following", {"day": "2025-01-06", "members": 0, "columns": [], "shares": []}),
}  # fmt: skip


def test_a_head_edited_by_hand_is_refused_with_the_place(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    place = tmp_path / "a"
    assert twin("new", f"dir={place}", f"orders={tmp_path / 'first.csv'}") == 0
    whole = (place / "twin.json").read_text()
    for name, (where, value) in BY_HAND.items():
        head = json.loads(whole)
        *path, last = (int(p) if p.isdigit() else p for p in where.split("."))
        at = head
        for part in path:
            at = at[part]
        if value is None:
            del at[last]
        else:
            at[last] = value
        (place / "twin.json").write_text(json.dumps(head))
        for action in (("report",), ("update", f"orders={tmp_path / 'all.csv'}")):
            capsys.readouterr()
            assert twin(action[0], f"dir={place}", *action[1:]) == 2, name
            said = "".join(capsys.readouterr())
            key = where.split(".")[0]
            assert f"twin.json: {key}" in said or ("twin.json: first_day" in said and key == "as_of"), (name, said)
            assert "omosim twin new dir=DIR" in said and "a bug in omosim" not in said
        assert json.loads((place / "twin.json").read_text()) == head, name
    (place / "twin.json").write_text(whole)
    assert twin("report", f"dir={place}") == 0


def test_files_that_the_twin_did_not_write_are_never_removed(quick: None, tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    """Beside the orders in DIR/data, under the names of a twin's own files, and as a list of rejects: `new` refuses, `update` leaves them."""
    place = tmp_path / "shop"
    (place / "data").mkdir(parents=True)
    for name in ("data/precious.xlsx", f"data/orders-{'0' * 12}.parquet", "rejects.csv", "rejects_mine.xlsx"):
        (place / name).write_text("my own,file\n1,2\n")
        before = contents(place)
        assert twin("new", f"dir={place}", f"orders={tmp_path / 'first.csv'}") == 2
        assert name[:60] in capsys.readouterr().err and contents(place) == before
        (place / name).unlink()
    assert twin("new", f"dir={place}", f"orders={tmp_path / 'first.csv'}") == 0
    (place / "data" / "precious.xlsx").write_text("mine")
    (place / "data" / f"orders-{'0' * 12}.parquet").write_text("mine")
    assert twin("update", f"dir={place}", f"orders={tmp_path / 'all.csv'}") == 0
    assert [p.read_text() for p in (place / "data").iterdir() if p.name in ("precious.xlsx", f"orders-{'0' * 12}.parquet")] == ["mine", "mine"]
    (place / "rejects.csv").write_text("mine")
    capsys.readouterr()
    assert twin("update", f"dir={place}", f"orders={tmp_path / 'first.csv'}") == 2
    assert "is not a list of rejects" in capsys.readouterr().err and (place / "rejects.csv").read_text() == "mine"


def test_short_logs_and_logs_without_customers_are_twins_that_say_what_they_cannot(tmp_path: Path, orders: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    bare = orders.drop(columns=["shopper_id", "sku", "category", "store_id", "channel", "fulfilment", "status", "returned_at"])
    assert twin("new", f"dir={tmp_path / 'a'}", f"orders={shop.write(bare, tmp_path / 'bare.csv')}") == 0
    said = capsys.readouterr()
    assert (said.out + said.err).count("not fitted: ") == 1 and "Not fitted" in (tmp_path / "a" / "report.html").read_text()
    assert {"orders", "revenue", "orders.web"} <= set(read_columns(tmp_path / "a" / "panel.parquet")["series"])


def _cdnow(days: int) -> str:
    rng = np.random.default_rng(3)
    rows = [(int(rng.integers(1, 200)), d) for d in range(days) for _ in range(20)]
    return "".join(f" {c:05d} {(pd.Timestamp('1997-01-01') + pd.Timedelta(days=d)):%Y%m%d}  {1 + c % 3} {11.5 + c % 7:.2f}\n" for c, d in sorted(rows))


def _tafeng(days: int) -> str:
    rng = np.random.default_rng(4)
    rows = ["TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,ASSET,SALES_PRICE"]
    rows += [f"{(pd.Timestamp('2000-11-01') + pd.Timedelta(days=d)):%-m/%-d/%Y},{c:08d},30-34,115,{100 + c % 5},{9000 + c},1,40,{44 + c % 9}" for d in range(days) for c in rng.integers(1, 200, 20).tolist()]
    return "\n".join(rows) + "\n"


def _olist(days: int, place: Path) -> str:
    items = ["order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value"]
    heads = ["order_id,customer_id,order_status,order_purchase_timestamp"]
    for n in range(20 * days):
        at = pd.Timestamp("2017-06-01") + pd.Timedelta(days=n // 20, minutes=600 + 30 * (n % 20))
        items.append(f"o{n},1,p{n % 9},s,{at:%Y-%m-%d %H:%M:%S},{50 + n % 9}.0,9.9")
        heads.append(f"o{n},c{n % 170},delivered,{at:%Y-%m-%d %H:%M:%S}")
    (place / "olist_orders_dataset.csv").write_text("\n".join(heads) + "\n")
    return "\n".join(items) + "\n"


def _uci(days: int) -> str:
    rows = ["InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"]
    for n in range(20 * days):
        at = pd.Timestamp("2010-12-01") + pd.Timedelta(days=n // 20, minutes=540 + 20 * (n % 20))
        rows.append(f"{536000 + n},{20000 + n % 40},THING,{1 + n % 5},{at:%Y-%m-%dT%H:%M},{2 + n % 3}.5,{12000 + n % 170},United Kingdom")
        if n % 30 == 29:
            later = at + pd.Timedelta(days=2)
            rows.append(f"C{546000 + n},{20000 + n % 40},THING,-1,{later:%Y-%m-%dT%H:%M},{2 + n % 3}.5,{12000 + n % 170},United Kingdom")
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("adapter", ["cdnow", "tafeng", "olist", "uci_online_retail"])
def test_every_layout_makes_a_twin_and_takes_an_overlapping_export(adapter: str, quick: None, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The whole log after its first half: the twin knows each order once, as one that was made of the whole."""
    make = {"cdnow": _cdnow, "tafeng": _tafeng, "olist": lambda d: _olist(d, tmp_path), "uci_online_retail": _uci}[adapter]
    name = "olist_order_items_dataset.csv" if adapter == "olist" else "log.csv"
    path = tmp_path / name
    path.write_text(make(50))
    assert twin("new", f"dir={tmp_path / 'a'}", f"orders={path}", f"adapter={adapter}") == 0
    path.write_text(make(80))
    assert twin("update", f"dir={tmp_path / 'a'}", f"orders={path}") == 0
    said = capsys.readouterr().out
    assert " 0 changed" in said.splitlines()[-5:][0] or ", 0 changed" in said
    assert twin("new", f"dir={tmp_path / 'b'}", f"orders={path}", f"adapter={adapter}") == 0
    assert (tmp_path / "a" / "panel.parquet").read_bytes() == (tmp_path / "b" / "panel.parquet").read_bytes()
    assert folder.read(tmp_path / "a").head["adapter"] == adapter


def test_a_cancellation_finds_its_sale_in_an_earlier_export(quick: None, tmp_path: Path) -> None:
    head, *rows = _uci(80).splitlines()
    day = [r.split(",")[4][:10] for r in rows]
    for name, keep in (("first", lambda d: d < "2011-01-10"), ("late", lambda d: d >= "2011-01-10"), ("whole", lambda d: True)):
        (tmp_path / f"{name}.csv").write_text("\n".join([head, *(r for r, d in zip(rows, day, strict=True) if keep(d))]) + "\n")
    assert twin("new", f"dir={tmp_path / 'a'}", f"orders={tmp_path / 'first.csv'}", "adapter=uci_online_retail") == 0
    assert twin("update", f"dir={tmp_path / 'a'}", f"orders={tmp_path / 'late.csv'}") == 0
    assert twin("new", f"dir={tmp_path / 'b'}", f"orders={tmp_path / 'whole.csv'}", "adapter=uci_online_retail") == 0
    got, wanted = (tables_of(folder.read(tmp_path / n)).orders.cancelled.sort_values("cancel_id", ignore_index=True) for n in "ab")
    assert (wanted["lag_s"] > 0).all() and len(wanted) > 40
    pd.testing.assert_frame_equal(got, wanted)


def test_a_twin_of_many_updates_and_of_hostile_names_has_a_page_that_stays_small_and_safe(quick: None, tmp_path: Path, orders: pd.DataFrame) -> None:
    from omosim.reports.twin_report import twin_page

    visits = shop.write(shop.traffic(9).assign(store_id="<b onload=x>T&1"), tmp_path / "traffic.csv")
    assert twin("new", f"dir={tmp_path / 'a'}", f"orders={tmp_path / 'first.csv'}", f"traffic={visits}") == 0
    made = folder.read(tmp_path / "a")
    assert "<b onload=x>T&1" in (made.table("quality") or {})["place"]
    head = {**made.head, "name": "<u>mine", "sources": [{**s, "file": "<i>x.csv"} for s in made.head["sources"]] * 200, "updates": made.head["updates"] * 200}
    page = twin_page(head, {k: t for k in ("quality", "panel", "days", "hours", "posterior") if (t := made.table(k)) is not None})
    assert "<i>x" not in page and "<u>mine" not in page and "<b onload" not in page and "&lt;u&gt;mine" in page
    assert len(page) < 200_000 and "earlier ones stand in twin.json" in page
