"""om.Twin: the same as the command, from files or frames; views that only read; figures that say what they show."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

import omosim as om
from omosim.api import twin_book
from omosim.api.twin_frames import written
from omosim.cli.main import main
from omosim.config.errors import ConfigError
from omosim.ingest.errors import InputError
from omosim.results.errors import FolderInUse, NotAResult
from omosim.results.tables import read_columns
from omosim.twin import folder
from tests.conftest import module_at

shop = module_at(Path(__file__).parents[1] / "twin" / "small_shop.py")
DAYS, LATER, MEMBERS = 84, 14, 10
QUICK = {"members": MEMBERS, "assimilate": False, "horizon": LATER}
WORDS = [f"members={MEMBERS}", "assimilate=false", f"horizon={LATER}"]


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """No figure changes global style."""
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with exports of a small shop and a twin that has lived: made, foretold, updated by a frame, scored, asked."""
    root = tmp_path_factory.mktemp("book")
    frame = shop.orders(days=DAYS + LATER, people=200)
    early = frame[shop.day_of(frame) < shop.date(DAYS)]
    shop.write(early, root / "first.csv")
    shop.write(frame, root / "all.csv")
    twin = om.Twin.new(root / "twin", orders=root / "first.csv", timezone="Asia/Seoul", strategy="o2o")
    assert twin.last_forecast is None and twin.last_decision is None and twin.last_scores is None
    twin.forecast(**QUICK)
    shutil.copytree(root / "twin", root / "young")
    assert twin.update(orders=frame) is twin
    twin.score()
    twin.decide(["staff*2", "o2o+staff*2"], members=MEMBERS, assimilate=False, horizon=7, jobs=1)
    return root


@pytest.fixture
def twin(place: Path) -> om.Twin:
    return om.Twin(place / "twin")


def files(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def words(ax: Axes) -> str:
    """Every word of a figure, after it has been drawn."""
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    texts = [ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel(), *(t.get_text() for t in ax.get_yticklabels()), *(t.get_text() for t in ax.texts)]
    return " | ".join([*texts, *(t.get_text() for t in (legend.get_texts() if legend else ()))])


# ---- the same as the command -----------------------------------------------------------------------------------
def test_new_and_forecast_write_the_bytes_that_the_command_writes(place: Path, tmp_path: Path) -> None:
    here = tmp_path / "twin"
    assert main(["twin", "new", f"dir={here}", f"orders={place / 'first.csv'}", "timezone=Asia/Seoul", "strategy=o2o"]) == 0
    assert main(["twin", "forecast", f"dir={here}", *WORDS]) == 0
    assert files(here) == files(place / "young")


def test_the_same_call_again_changes_nothing_and_what_was_printed_is_kept(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    here = tmp_path / "twin"
    shutil.copytree(place / "young", here)
    before = files(here)
    twin = om.Twin.new(here, orders=place / "first.csv", timezone="Asia/Seoul", strategy="o2o")
    assert files(here) == before and "nothing changed" in twin.said and capsys.readouterr().out == ""
    with pytest.raises(FolderInUse, match="made of other files"):
        om.Twin.new(here, orders=place / "all.csv", timezone="Asia/Seoul")


def test_progress_in_a_notebook_is_one_line_that_is_written_anew() -> None:
    import io

    from omosim.api.twin_book import OneLine

    out = io.StringIO()
    line = OneLine(out)
    for text in ("1 of 2", " done\n", "\n", "2\nthe r", "est"):
        line.write(text)
    line.end()
    assert out.getvalue() == "\r1 of 2 done\r2          \n"


@pytest.mark.parametrize(
    ("action", "given", "expected"),
    [
        ("update", {"timezone": "UTC"}, "timezone = .*is settled when the twin is made"),
        ("update", {"ordres": "x.csv"}, "Did you mean 'orders'"),
        ("update", {"orders": 7}, "neither a file nor a frame"),
        ("update", {"orders": "nowhere.csv"}, "no such file"),
        ("update", {}, "no file to take in"),
        ("update", {"dir": "elsewhere"}, "is that of this twin"),
        ("forecast", {"members": 3}, "members = 3"),
        ("decide", {"ways": ["omoo"], **QUICK}, "Did you mean 'omo'"),
        ("decide", {"overrides": "members=10"}, "is not a list"),
        ("forecast", {"foo": 3}, "foo = '3': is not taken by forecast; allowed: horizon, members, assimilate, warm_weeks, season, jobs. Leave it out"),
        ("decide", {"ways": ["omo"], "horzon": 3}, "is not taken by decide; allowed: ways, took, horizon, .* Did you mean 'horizon'"),
        ("score", {"foo": 3}, "is not taken by score; allowed: nothing"),
        ("update", {"as_of": pd.Timestamp("2025-06-01 13:00")}, "not in the form that is read"),
        ("update", {"as_of": pd.NaT}, "not in the form that is read"),
    ],
)
def test_what_the_command_refuses_is_raised_in_its_words(twin: om.Twin, action: str, given: dict, expected: str) -> None:
    before = files(twin.path)
    with pytest.raises(ConfigError, match=expected):
        getattr(twin, action)(**given)
    assert files(twin.path) == before


def test_the_first_moment_of_a_day_is_the_day() -> None:
    day = datetime.date(2025, 6, 1)
    for value in (pd.Timestamp("2025-06-01"), pd.Timestamp("2025-06-01", tz="Asia/Seoul"), datetime.datetime(2025, 6, 1), day):
        assert twin_book._listed(value) == day and twin_book._listed([value, "2025-06-02"]) == "[2025-06-01,2025-06-02]"


def test_rows_with_faults_and_folders_without_a_twin_are_refused(place: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(place / "first.csv").assign(units=lambda f: [-1, *f["units"][1:]])
    with pytest.raises(InputError, match=r"orders_frame.parquet, row 1, column 'units'"):
        om.Twin.new(tmp_path / "t", orders=frame, timezone="Asia/Seoul")
    with pytest.raises(NotAResult, match="no twin here"):
        om.Twin(tmp_path / "t")
    with pytest.raises(ConfigError, match="no forecast yet"):
        om.Twin.new(tmp_path / "u", orders=place / "first.csv", timezone="Asia/Seoul").score()


# ---- frames ----------------------------------------------------------------------------------------------------
def test_a_frame_is_the_file_that_it_came_of(place: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(place / "first.csv")
    frame["placed_at"] = pd.to_datetime(frame["placed_at"])
    visits = shop.traffic(DAYS)
    one = om.Twin.new(tmp_path / "frames", orders=frame.astype({"sku": "category"}), traffic=visits, timezone="Asia/Seoul")
    two = om.Twin.new(tmp_path / "files", orders=place / "first.csv", traffic=shop.write(visits, tmp_path / "traffic.csv"), timezone="Asia/Seoul")
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    assert one.parameters.table().equals(two.parameters.table()) and one.head["name"] == "frames"
    assert {s["file"] for s in one.head["sources"]} == {"orders_frame.parquet", "traffic_frame.parquet"}
    before = files(one.path)
    om.Twin.new(tmp_path / "frames", orders=frame.astype({"sku": "category"}), traffic=visits, timezone="Asia/Seoul")
    assert files(one.path) == before


def test_cells_of_a_frame_are_written_as_a_file_would_hold_them(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"who": [17850.0, np.nan], "price": [1.5, 2.0], "mixed": ["007", 12.0], "day": [pd.Timestamp("2025-01-06").date(), None], "kind": pd.Categorical([3, 4])},
        index=pd.Index(["a", "b"], name="order_id"),
    )
    out = read_columns(written(frame, tmp_path / "f.parquet"))
    assert out == {"order_id": ["a", "b"], "who": [17850, None], "price": [1.5, 2.0], "mixed": ["007", "12"], "day": ["2025-01-06", None], "kind": ["3", "4"]}
    first = (tmp_path / "f.parquet").read_bytes()
    assert written(frame.copy(), tmp_path / "f.parquet").read_bytes() == first and frame.index.name == "order_id"


def test_the_made_up_shop_is_read_as_the_file_that_it_stands_for(tmp_path: Path) -> None:
    from omosim.ingest import ReadOptions, read_log

    gift = module_at(Path(__file__).parents[2] / "experiments" / "gift_shop.py")
    assert "omosim" not in {name.split(".")[0] for name in vars(gift)}
    log = read_log(gift.write(tmp_path / "shop.csv"), "uci_online_retail", ReadOptions())
    rows = dict(zip(log.quality["class"], log.quality["rows"], strict=True))
    assert all(rows[name] > 0 for name in ("sale", "sale_anonymous", "cancelled", "service")) and rows["bad_row"] == rows["unpriced"] == 0
    days = np.unique(log.lines["placed_local"].to_numpy() // 86_400)
    assert days.size > 250 and not ((days + 3) % 7 == 5).any(), "Saturdays are closed"


# ---- reading ---------------------------------------------------------------------------------------------------
def test_looking_writes_nothing(place: Path, tmp_path: Path) -> None:
    here = tmp_path / "twin"
    shutil.copytree(place / "twin", here)
    (here / ".lock").unlink()
    before = {p: p.stat().st_mtime_ns for p in here.rglob("*")}
    twin = om.load(here)
    assert isinstance(twin, om.Twin)
    for view in (twin.last_forecast, twin.last_scores, twin.last_decision, twin.parameters, twin.quality, twin.days):
        assert isinstance(view.answer, str) and len(view.table().columns) > 0 and len(view.to_frame().columns) > 0
        assert view._repr_html_().startswith("<p><strong>") and type(view).__name__ in repr(view)
        if hasattr(view, "plot"):
            assert isinstance(view.plot(), Axes)
    assert "<table" in twin._repr_html_() and len(twin.updates()) == len(twin.head["updates"]) and twin.moved().empty
    assert len(twin.parameters.before()) > 10 and len(twin.quality.account()) >= 1 and twin.forecast_of(shop.date(DAYS)).days == LATER
    assert {p: p.stat().st_mtime_ns for p in here.rglob("*")} == before


def test_every_column_that_a_twin_writes_is_in_the_dictionary(twin: om.Twin) -> None:
    from omosim.schema.twin_tables import TWIN_TABLES, dictionary, entry

    found = twin.columns()
    assert {"panel", "days", "hours", "quality", "posterior", "forecasts", "scores", "worlds"} <= set(found["table"])
    assert not [(t, c) for t, c in zip(found["table"], found["column"], strict=True) if entry(t, c) is None]
    kinds = {kind for kind, file in twin.head["files"].items() if file.endswith(".parquet")}
    assert kinds <= set(TWIN_TABLES), "a table without an entry"
    page = (Path(__file__).parents[2] / "docs" / "twin_data.md").read_text(encoding="utf-8")
    assert page.split("<!-- made from the schema: written -->\n")[1].split("<!-- end -->")[0] == dictionary()


# ---- views -----------------------------------------------------------------------------------------------------
def test_a_forecast_shows_its_bands_and_what_has_come(place: Path, twin: om.Twin) -> None:
    young = om.Twin(place / "young").last_forecast
    assert young.to_frame()["actual"].isna().all() and young.origin.isoformat() == shop.date(DAYS)
    assert "14 days foretold" in young.answer and "KRW of revenue" in young.answer
    kept = twin.last_forecast
    table = read_columns(twin.path / "forecasts.parquet")
    order = ["series", "step", "date", "hour"]
    figures = [*order, "mean", "q05", "q50", "q95", "unit"]
    pd.testing.assert_frame_equal(kept.to_frame().sort_values(order)[figures].reset_index(drop=True), pd.DataFrame(table).astype({"hour": int}).sort_values(order)[figures].reset_index(drop=True))
    rows = kept.to_frame().set_index(["series", "step", "date"])
    panel = twin.to_frame()["orders"]
    first = [panel[shop.date(DAYS + i)] for i in range(7)]
    assert rows.loc[("orders", "week", shop.date(DAYS)), "actual"].item() == sum(first)
    table = kept.table()
    assert list(table["series"][:2]) == ["orders", "orders"] and table["week from"][0] == shop.date(DAYS)
    shown = words(kept.plot("orders"))
    assert "Orders by day, foretold from 31 Mar 2025" in shown and "orders a day" in shown and "came" in shown and "nine of ten" in shown
    assert "KRW a week" in words(kept.plot("revenue", step="week")) and "came" not in words(young.plot("orders"))
    assert "by hour" in words(kept.plot("pickup_load")) and "an hour" in words(kept.plot("pickup_load"))
    with pytest.raises(KeyError, match="Did you mean 'orders'"):
        kept.plot("ordres")
    with pytest.raises(KeyError, match="not foretold by hour"):
        kept.plot("orders", step="hour")
    with pytest.raises(KeyError, match="no forecast of 2024-01-01"):
        twin.forecast_of("2024-01-01")


def test_a_forecast_that_was_replaced_stays_what_it_was(place: Path, tmp_path: Path) -> None:
    here = tmp_path / "twin"
    shutil.copytree(place / "young", here)
    twin = om.Twin(here)
    old = twin.last_forecast
    before = old.to_frame()
    assert old.days == LATER and twin.forecast(members=MEMBERS, assimilate=False, horizon=7).days == 7
    pd.testing.assert_frame_equal(old.to_frame(), before)
    assert isinstance(old.plot(), Axes) and old.days == LATER


def test_scores_are_those_of_the_file(twin: om.Twin) -> None:
    scores = twin.last_scores
    rows = scores.to_frame()
    table = scores.table().set_index("series")
    mine = rows[rows["series"] == "orders"]
    assert table.loc["orders", "crps"] == pytest.approx(mine["crps"].mean()) and table.loc["orders", "weeks"] == len(mine) == 2
    assert table.loc["orders", "held"] == f"{int(mine['covered'].sum())} of 2" and list(table.index[:2]) == ["orders", "revenue"]
    assert "drift alarm" in scores.alarm and "last week again" in scores.answer
    shown = words(scores.plot("orders"))
    assert "how far each week was missed" in shown and "orders a week" in shown and f"the twin: {mine['crps'].mean():,.3g} on average" in shown
    assert f"{int(mine['covered'].sum())} of 2 weeks came inside" in words(scores.plot("orders", what="bands"))
    with pytest.raises(KeyError, match="no week of 'visits'"):
        scores.plot("visits")
    with pytest.raises(ValueError, match="allowed: miss, bands"):
        scores.plot("orders", what="all")


def test_before_a_week_came_scores_say_so(place: Path, tmp_path: Path) -> None:
    here = tmp_path / "twin"
    shutil.copytree(place / "young", here)
    scores = om.Twin(here).score()
    assert "No whole week" in scores.answer and scores.table().empty and scores.to_frame().empty and "<p>" in scores._repr_html_()
    with pytest.raises(KeyError, match="none yet"):
        scores.plot()


def test_a_decision_is_that_of_its_file(twin: om.Twin) -> None:
    decision = twin.last_decision
    content = json.loads((twin.path / "decision.json").read_text(encoding="utf-8"))
    assert decision.answer == content["answer"] and decision.notes == content["notes"]
    frame, worlds = decision.to_frame().set_index("way"), decision.worlds()
    assert worlds.shape == (MEMBERS, 3) and frame.loc["staff*2", "gain"] == pytest.approx((worlds["staff*2"] - worlds["as_it_is"]).mean())
    assert list(decision.table()["way"]) == ["as_it_is", "staff*2", "o2o+staff*2"] and set(decision.statement().columns) == set(worlds.columns)
    shown = words(decision.plot())
    assert "staff*2" in shown and "[KRW, 7 days]" in shown and "10 plausible worlds" in shown and "nine worlds of ten" in shown
    assert (decision.reorder_levels()["order_up_to"] >= 0).all()
    for name in ("capacity_plan", "staffing"):
        assert len(getattr(decision, name)()) == (max(0, len((twin.path / f"{name}.csv").read_text(encoding="utf-8-sig").splitlines()) - 1) if (twin.path / f"{name}.csv").is_file() else 0)


@pytest.mark.slow
def test_what_was_done_of_a_decision_is_noted_and_the_log_says_what_came(place: Path, tmp_path: Path) -> None:
    here = tmp_path / "twin"
    shutil.copytree(place / "young", here)
    twin = om.Twin(here)
    assert twin.decision_log().empty
    advised = twin.decide("staff*2", members=MEMBERS, assimilate=False, horizon=7, jobs=1)
    with pytest.raises(ConfigError, match="is no way of the last decision"):
        twin.decide(took="omo")
    noted = twin.decide(took="staff*2")
    assert noted.content == advised.content and "staff*2 was taken" in twin.said and twin.updates()["what"].iloc[-1] == "taken: staff*2"
    twin.update(orders=place / "all.csv")
    log = twin.decision_log()
    taken = log[log["taken"] == "told"]
    assert set(taken["way"]) == {"staff*2"} and taken.set_index("series").loc["orders", "realised"] == twin.to_frame()["orders"].loc[shop.date(DAYS) :].iloc[:7].sum()


def test_days_and_parameters_say_what_they_show(twin: om.Twin) -> None:
    days = twin.days.to_frame()
    assert f"{int((days['state'] == 'observed').sum())} days observed" in words(twin.days.plot()) and twin.quality.answer.startswith(shop.date(0))
    table = twin.parameters.table()
    assert not twin.parameters.simulated and "closed forms" in twin.parameters.answer
    row = table.set_index("parameter").loc["order_value.median"]
    assert row["unit"] == "KRW" and row["low"] < row["value"] < row["high"] and "median order" in words(twin.parameters.plot())
    assert table.set_index("parameter").loc["returned.value_share", "value"] > 1, "shares are shown in per cent"


def test_after_a_fit_by_simulation_prior_and_posterior_stand_side_by_side(place: Path, tmp_path: Path) -> None:
    """Tables as such a fit writes them: a parameter that is told, one that is not, one that no log tells."""
    here = tmp_path / "twin"
    shutil.copytree(place / "young", here)
    draws = {"version": [2] * 4, "draw": [0, 1, 0, 1], "parameter": ["need_rate", "need_rate", "return_share", "return_share"], "value": [0.1, 0.2, 0.02, 0.04], "unit": ["1/week", "1/week", "share", "share"]}
    told = {
        "parameter": ["need_rate", "return_share", "margin"], "title": ["needs <b> a week", "share that goes back $x$", "gross margin"], "unit": ["1/week", "share", ""],
        "prior_low": [0.01, 0.0, None], "prior_high": [1.0, 0.1, None], "told_by": ["pace", "", ""], "expected": ["told", "keeps its prior", "keeps its prior"], "would_help": ["", "more", "costs"],
        "low": [0.1, 0.005, None], "median": [0.15, 0.03, None], "high": [0.2, 0.09, None], "shrinkage": [0.8, 0.1, None], "verdict": ["told", "keeps its prior", None], "tied_to": ["", "", None],
    }  # fmt: skip
    with folder.writing(here) as step:
        step.commit("calibrate", "x", {}, {"files": {"posterior": step.table("posterior", draws), "identifiability": step.table("identifiability", told)}})
    found = om.Twin(here).parameters
    assert found.simulated and found.answer == "2 plausible sets of 2 parameters: 1 told, 2 keeps its prior."
    table = found.table().set_index("parameter")
    assert table.loc["return_share", "prior_high"] == pytest.approx(10) and table.loc["return_share", "unit"] == "%" and table.loc["margin", "verdict"] == "keeps its prior"
    ax = found.plot()
    shown = words(ax)
    assert "What the data told of 2 parameters" in shown and "needs <b> a week" in shown and "$x$" in shown and "0.1 to 0.2 1/week: told" in shown
    grey, band = ax.lines[0].get_xdata(), ax.lines[1].get_xdata()
    assert list(grey) == [0, 1] and band == pytest.approx([0.5, np.log(20) / np.log(100)])


def test_the_report_is_written_in_both_languages(place: Path, tmp_path: Path) -> None:
    here = tmp_path / "twin"
    shutil.copytree(place / "twin", here)
    page = om.Twin(here).report(lang="ko")
    assert page == here / "report.html" and any("가" <= c <= "힣" for c in page.read_text(encoding="utf-8"))
    english = om.Twin(here).report().read_text(encoding="utf-8")
    assert "Digital twin" in english
