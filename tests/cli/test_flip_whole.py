"""`omosim flip` as a user runs it: a known break-even through the whole command, notebook, bad words (resume: test_resume_of_rounds.py); one true run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from omosim.cli.main import main
from tests.cli.conftest import bytes_of, with_and_without_push

# in the retailer of known truth push is worth 500 - 1000 + 1000 * (17.5 - stores): it breaks even at 17
RANGE = "network.stores.count=interval(5,40)"


@pytest.fixture
def known(retail, monkeypatch: pytest.MonkeyPatch):
    """The retailer of known truth, and two strategies that differ in push alone."""
    monkeypatch.setattr(retail, "BROKEN", {"sigma": 300})
    with_and_without_push()
    return retail


WORDS = ["flip", "strategies=[./without.yaml,./with.yaml]", RANGE, "shoppers=5000", "replications=4", "jobs=1"]


def rows(place: str, name: str) -> list[dict]:  # type: ignore[type-arg]
    return pq.read_table(f"{place}/{name}.parquet").to_pylist()


def test_the_known_break_even_comes_back(known, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "output.dir=a"]) == 0
    out = capsys.readouterr()
    assert "2 strategies over network.stores.count 5 to 40: up to 600 runs" in out.err
    text = " ".join(out.out.split())
    assert re.search(r"with pays below 1[67](\.\d)? stores \(1[67](\.\d)? to 1[78](\.\d)?\), without above it\. A year, at 5 stores with earns KRW 1\d\d,\d\d\d", text), text
    (flip,) = rows("a", "boundary")
    assert flip["key"] == "network.stores.count" and (flip["below"], flip["above"]) == ("with", "without")
    assert flip["low"] <= 17 <= flip["high"] and flip["high"] - flip["low"] <= 4 and flip["ci_low"] <= 17.0 <= flip["ci_high"] and abs(flip["value"] - 17) < 0.6
    summary = json.loads(Path("a/summary.json").read_text())
    points = rows("a", "map")
    assert summary["runs"] == 2 * sum(row["replications"] for row in points) <= 600 and summary["failed_runs"] == 0
    assert {row["verdict"] for row in points} <= {"with", "without", "cannot_tell"} and summary["stopped"].startswith("every region")
    for row in points:
        count = row["network.stores.count"]
        assert count == int(count) and (row["verdict"] == "cannot_tell" or row["verdict"] == ("with" if count < 17 else "without"))
    assert rows("a", "differences")[0]["strategy"] == "with" and {"low_x", "high_x", "verdict"} <= set(rows("a", "cells")[0])
    page = Path("a/report.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page and "<script" not in page and "number of stores, placed by population" in page and 'url(#open)' in page


def test_it_never_flips_and_cannot_tell_are_answers(known, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*(w.replace("5,40", "20,40") for w in WORDS), "output.dir=a"]) == 0
    assert "without pays over the whole range, 20 to 40 stores: it never flips there" in " ".join(capsys.readouterr().out.split())
    assert rows("a", "boundary") == [] and set(pq.read_table("a/boundary.parquet").column_names) >= {"key", "value", "ci_low"}
    monkeypatch.setattr(known, "BROKEN", {"sigma": 10**8})
    assert main([*WORDS, "most=8", "output.dir=b"]) == 0
    assert "Between 5 stores and 40 stores one cannot tell anywhere" in " ".join(capsys.readouterr().out.split())


def test_a_map_of_two_keys(known) -> None:
    assert main([*WORDS, "market.choice.wait_per_day=interval(0.0007,0.0028)", "start=3", "runs=3000", "resolution=0.1", "output.dir=a"]) == 0
    summary = json.loads(Path("a/summary.json").read_text())
    shares = summary["shares"]
    assert shares["with"] == pytest.approx(12 / 35, abs=0.12) and sum(shares.values()) == pytest.approx(1)
    flips = [row for row in rows("a", "boundary") if row["key"] == "network.stores.count"]
    assert len(flips) >= 3 and all(row["low"] <= 17 <= row["high"] for row in flips) and {row["other_key"] for row in flips} == {"market.choice.wait_per_day"}
    assert "of the map" in summary["answer"] and "At choice.wait_per_day 0.0007 with pays below 1" in summary["answer"]
    assert {"low_y", "high_y"} <= set(rows("a", "cells")[0])
    page = Path("a/report.html").read_text(encoding="utf-8")
    assert page.count("<rect") > len(rows("a", "cells")) and "market.choice.wait_per_day [share of price a day]" in page
    import matplotlib as mpl

    mpl.use("agg")
    import omosim as om

    ax = om.load("a").plot.map()
    assert ax.get_xlabel() == "network.stores.count [stores]" and "wait_per_day" in ax.get_ylabel()


def test_the_notebooks_result(known) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import omosim as om

    assert main([*WORDS, "output.dir=whole"]) == 0
    result = om.load("whole")
    assert type(result).__name__ == "FlipResult" and len(result.boundary()) == 1 and "pays below" in result.answer and "<table" in result._repr_html_()
    before = dict(mpl.rcParams)
    assert "with" not in result.plot.map().get_xlabel() and dict(mpl.rcParams) == before
    again = om.flip(["o2o", "omo"], {"network.stores.count": (5, 40)}, shoppers=5000, replications=4, runs=200, jobs=1, output_dir="nb")
    assert again.summary["strategies"] == ["o2o", "omo"] and again.summary["runs"] <= 200


def test_a_larger_budget_goes_on_in_the_same_folder(known, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "runs=70", "output.dir=a"]) == 0
    assert json.loads(Path("a/summary.json").read_text())["stopped"] == "the budget of 70 runs is used"
    asked = []
    real = known.run
    known.run = lambda text: asked.append(1) or real(text)
    try:
        assert main([*WORDS, "output.dir=a"]) == 0
    finally:
        known.run = real
    assert main([*WORDS, "output.dir=b"]) == 0
    assert bytes_of("a") == bytes_of("b") and len(asked) < json.loads(Path("b/summary.json").read_text())["runs"] - 60


def test_failed_runs_are_rows(known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "BROKEN", {"replication": 1, "on": "push", "sigma": 300})
    assert main([*WORDS, "output.dir=a"]) == 3
    summary = json.loads(Path("a/summary.json").read_text())
    assert summary["failed_runs"] == summary["points"] and "planted" in Path("a/failures.jsonl").read_text() and len(rows("a", "boundary")) == 1


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ([], "flip varies one key or two"),
        (["network.stores.count=5,10"], r"Write KEY=interval\(LOW,HIGH\)"),
        (["network.stores.count=interval(-5,40)"], "too small; allowed: a whole number from 0 to 5000"),
        (["network.stores.cont=interval(5,40)"], "Did you mean 'network.stores.count'"),
        (["network.stores.count=interval(40,5)"], "the range is empty"),
        ([RANGE, "strategies=[o2o]"], "two strategies or more"),
        ([RANGE, "strategies=[o2o,omoo]"], r"strategies = 'omoo'.*Did you mean 'omo'"),
        ([RANGE, "strategy=omo"], r"Write strategies=\[o2o,omo\]"),
        ([RANGE, "runs=10"], "do not pay for the first"),
        ([RANGE, "most=2"], "fewer than a point begins with"),
        ([RANGE, "resolution=2"], "too large; allowed: a number from 0.001 to 0.5"),
    ],
)
def test_bad_words(words: list[str], part: str, known, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flip", "shoppers=5000", "jobs=1", "output.dir=a", *words]) == 2
    err = capsys.readouterr().err
    assert re.search(part, err) and "Traceback" not in err and not list(Path(".").glob("a/runs/*"))


def test_a_true_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["flip", "network.stores.count=interval(2,6)", "shoppers=60", "days=2", "burn_in_days=0", "replications=2", "most=2", "start=2", "jobs=1", "output.dir=a"]
    assert main(words) == 0
    assert main(["sweep", "strategy=o2o,omo", "network.stores.count=2,6", "replications=2", "shoppers=60", "days=2", "burn_in_days=0", "jobs=1", "output.dir=s"]) == 0
    swept = {row["point"]: row["diff"] for row in rows("s", "differences")}
    mine = {row["point"]: row["diff"] for row in rows("a", "differences")}
    assert mine == pytest.approx(swept)
