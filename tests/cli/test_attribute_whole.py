"""`omosim attribute` where users stand: the contract's files, resuming to the same bytes, one executor as good as another, bad words, notebooks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import omosim as om
from omosim.cli.main import main
from omosim.study.attribution import MODELS

SMALL = ["shoppers=250", "days=4", "burn_in_days=3", "replications=2", "identity_loss=[0,0.5]", "off=[search_ads,tv_flyers,social_feed]", "jobs=1"]
TABLES = ("attribution", "errors", "shifts", "transitions", "paths")


def attribute(*words: str) -> int:
    return main(["attribute", *SMALL, *words])


def tables(place: Path) -> dict[str, bytes]:
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in sorted(place.rglob("*.parquet"))}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attribute") / "a"
    assert attribute("executor=inline", f"output.dir={folder}") == 0
    return folder


def test_the_contract(place: Path) -> None:
    rows = pq.read_table(place / "attribution.parquet").to_pylist()
    assert {"touchpoint", "model", "credit", "true_increment", "error", "identity_loss", "true_increment_low", "true_increment_high", "error_low", "error_high"} <= set(rows[0])
    assert {row["model"] for row in rows} == set(MODELS)
    assert {row["level"]: row["identity_loss"] for row in rows if row["level"] != "market"} == {"0": 0.0, "0.5": 0.5}
    for row in rows:
        if row["true_increment"] is not None:
            assert row["error"] == pytest.approx(row["credit"] - row["true_increment"], abs=0.01)
            assert row["error_low"] <= row["error"] <= row["error_high"]
    off = {row["touchpoint"] for row in rows if row["true_increment"] is not None}
    assert off == {"search_ads", "tv_flyers", "social_feed"}
    assert all(row["credit"] == 0 for row in rows if row["touchpoint"] in ("tv_flyers", "staff"))  # they leave no identity
    for name in TABLES:
        assert pq.read_table(place / f"{name}.parquet").num_rows > 0, name
    for name in ("config.yaml", "provenance.json", "summary.json", "report.html", "assumptions.json"):
        assert (place / name).is_file()


def test_credits_sum_to_the_value_of_purchases_with_a_touch(place: Path) -> None:
    rows = pq.read_table(place / "attribution.parquet").to_pylist()
    levels = {row["level"]: row["revenue_without_a_touch"] for row in json.loads((place / "summary.json").read_text())["levels"]}
    assert levels["0"] == 0 and 0 < levels["0.5"] < 1
    total = {(level, model): sum(r["credit"] for r in rows if r["level"] == level and r["model"] == model) for level in levels for model in MODELS}
    for (level, _), value in total.items():
        assert value == pytest.approx(total["0", "linear"] * (1 - levels[level]), rel=1e-5)


def test_a_folder_that_was_cut_off_goes_on_to_the_same_bytes(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from omosim.api.attribution import ENTRY, attribute_run, prepare
    from omosim.config.compose import compose
    from omosim.study.book import StudyInterrupted
    from omosim.study.executor import InlineExecutor

    class Stops(InlineExecutor):
        left = 3

        def collect(self):  # type: ignore[no-untyped-def]
            Stops.left -= 1
            if Stops.left < 0:
                raise KeyboardInterrupt
            return super().collect()

    words = [*SMALL, f"output.dir={tmp_path / 'b'}"]
    rounds = 0
    while rounds < 6:
        rounds += 1
        Stops.left = 6
        try:
            attribute_run(prepare(compose("attribute", words)), ["omosim", "attribute", *words], workers=lambda: Stops(ENTRY))
            break
        except StudyInterrupted as stopped:
            assert "same command" in str(stopped)
    assert rounds >= 2 and tables(tmp_path / "b") == tables(place)
    assert attribute("executor=inline", f"output.dir={tmp_path / 'b'}") == 0
    assert tables(tmp_path / "b") == tables(place)


def test_report_load_and_notebook(place: Path, tmp_path: Path) -> None:
    before = (place / "report.html").read_text(encoding="utf-8")
    assert main(["report", str(place)]) == 0
    assert (place / "report.html").read_text(encoding="utf-8") == before
    summary = json.loads((place / "summary.json").read_text(encoding="utf-8"))
    assert summary["answer"].split(".")[0] in before and "<script" not in before and "<svg" in before
    found = om.load(place)
    assert found.answer == summary["answer"] and set(found.to_frame()["model"]) == set(MODELS)
    assert len(found.table()) == 3 * len(MODELS) and "<table" in found._repr_html_()
    assert {"earned_gross_profit", "promised_gross_profit"} <= set(found.shifts()) and len(found.transitions()) and len(found.paths())
    import matplotlib as mpl

    style = dict(mpl.rcParams)
    assert found.plot.credits(["last_touch", "shapley"]).get_legend() is not None
    drawn, known = found.plot.errors(), found.errors().dropna(subset=["share_error"])
    assert len(drawn.lines) == known["model"].nunique() and (drawn.texts == []) == bool(len(known))
    undefined = found.errors()[found.errors()["share_error"].isna()]
    assert (undefined["reason"] != "").all() and known["share_error_low"].isna().all()  # two pairs: no interval
    assert dict(mpl.rcParams) == style
    with pytest.raises(KeyError, match="there are"):
        found.plot.credits(["best_touch"])


def test_from_a_notebook_and_again(tmp_path: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = om.attribute("omnichannel", shoppers=250, days=4, burn_in_days=3, replications=2, identity_loss="[0,0.5]", off="[search_ads,tv_flyers,social_feed]", executor="inline", output_dir=tmp_path / "n")
    assert tables(done.path) == tables(place)
    assert main(["rerun", str(done.path)]) == 0
    assert "same bytes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["off=[serch_ads]"], "search_ads"),
        (["off=[store]"], "stays open"),
        (["off=[live_show]"], "not present"),
        (["identity_loss=[1.2]"], "identity_loss"),
        (["identity_loss=-0.1"], "identity_loss"),
        (["identity_loss=many"], "identity_loss"),
        (["shift=0"], "shift"),
        (["shift=10%"], "shift"),
        (["replications=1"], "replications"),
        (["shft=0.1"], "shift"),
        (["strategy=omnichanel"], "omnichannel"),
        (["executor=slurm"], "executor"),
    ],
)
def test_bad_words_are_told_and_nothing_runs(words: list[str], part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["attribute", *words]) == 2
    told = capsys.readouterr().err
    assert part in told and "Traceback" not in told
    assert not list(tmp_path.rglob("*.parquet"))


def test_help_and_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attribute", "--help"]) == 0
    out = capsys.readouterr().out
    assert len(re.findall(r"^  omosim attribute", out, re.M)) == 3 and "identity_loss" in out
    assert main(["attribute", "--cfg", "job", "identity_loss=0.4"]) == 0
    assert "identity_loss: [0.4]" in capsys.readouterr().out
    assert main(["explain", "identity_loss"]) == 0
    assert "assumed" in capsys.readouterr().out
