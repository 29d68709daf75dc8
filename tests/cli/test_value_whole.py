"""`omosim value` as a user runs it: known worths through the whole command, notebook, bad words (resume: test_resume_of_rounds.py); one true run."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from omosim.cli.main import main

SMALL = ["value", "from=omnichannel", "to=omo", "days=28", "shoppers=5000", "replications=3", "jobs=1"]
NAMED = "capabilities=[live_commerce,push,same_day,store_sensing]"
TABLES = ("values", "synergy", "ladder", "coalitions")


@pytest.fixture
def known(retail):
    """The retailer of known truth."""
    return retail


def rows(place: str, name: str) -> list[dict]:  # type: ignore[type-arg]
    return pq.read_table(f"{place}/{name}.parquet").to_pylist()


def test_known_worths_come_back_exactly(known, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, NAMED, "output.dir=a"]) == 0
    out = capsys.readouterr()
    assert "5 players: live_commerce, push, same_day, store_sensing, the other 5" in out.err and "coalitions (every order)" in out.err
    assert out.out.index("Capability") < out.out.index("From omnichannel to omo KRW") and "residual 0" in out.out and "Report: a/report.html" in out.out
    found = {row["capability"]: row for row in rows("a", "values")}
    # each capability costs 1000; the pair's 6000 is split; at 30 stores push loses 1000 * (17.5 - stores)
    stores = json.loads(Path("a/summary.json").read_text())
    assert stores["residual"] == 0 and stores["exact"] and stores["failed_runs"] == 0
    assert found["live_commerce"]["shapley"] == pytest.approx(9000 - 1000 + 3000)
    assert found["same_day"]["shapley"] == pytest.approx(-13000) and found["same_day"]["verdict"] == "worse"
    assert found["store_sensing"]["shapley"] == pytest.approx(-3500)
    assert found["the other 5"]["shapley"] == pytest.approx(4000 - 3 * 1000)  # three added (fitting_pickup, personalisation, ar_fit), two changed
    assert found["live_commerce"]["gross_effect"] == pytest.approx(12000) and found["live_commerce"]["per_year"] == pytest.approx(11000 * 365 / 28)
    assert found["live_commerce"]["running_cost"] + found["live_commerce"]["write_off"] == pytest.approx(1000)
    assert found["live_commerce"]["of_revenue"] == pytest.approx(0.011) and found["live_commerce"]["change"] == "added"
    total = stores["total"]["shapley"]
    assert sum(row["shapley"] for row in found.values()) == pytest.approx(total)
    for row in found.values():
        assert row["gross_effect"] - row["running_cost"] - row["write_off"] == pytest.approx(row["shapley"])
    pairs = {frozenset((row["a"], row["b"])): row for row in rows("a", "synergy")}
    assert pairs[frozenset(("live_commerce", "push"))]["index"] == pytest.approx(6000) and pairs[frozenset(("live_commerce", "push"))]["verdict"] == "helps"
    assert pairs[frozenset(("live_commerce", "same_day"))]["index"] == pytest.approx(0)
    assert rows("a", "ladder")[0]["capability"] == "live_commerce"
    coalitions = rows("a", "coalitions")
    assert coalitions[0]["players"] == "" and coalitions[0]["diff"] == 0 and max(row["count"] for row in coalitions) == 5
    assert next(row for row in coalitions if row["count"] == 5)["diff"] == pytest.approx(total)
    page = Path("a/report.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page and "<script" not in page and page.index(stores["answer"][:30]) < page.index("step by step") < page.index("What to do first")


def test_sampled_orders_agree_with_all(known, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main([*SMALL, "output.dir=a"]) == 0
    monkeypatch.setattr("omosim.study.value.orders_of.__defaults__", (3,))
    assert main([*SMALL, "orders=20", "output.dir=b"]) == 0
    exact, sampled = ({row["capability"]: row for row in rows(place, "values")} for place in ("a", "b"))
    summary = json.loads(Path("b/summary.json").read_text())
    assert not summary["exact"] and summary["orders"] == 20 and summary["residual"] == 0 and summary["players"] == 9
    assert summary["total"]["shapley"] == pytest.approx(json.loads(Path("a/summary.json").read_text())["total"]["shapley"])
    for name, row in sampled.items():  # an order and its reverse halve a synergy of two, so pairs leave no chance of sampling
        assert row["shapley"] == pytest.approx(exact[name]["shapley"]) and row["sampling_half"] == pytest.approx(0, abs=1e-6), name
    assert len(rows("b", "coalitions")) < len(rows("a", "coalitions"))
    assert rows("b", "ladder")[0]["capability"] == rows("a", "ladder")[0]["capability"]


def test_the_notebooks_result(known) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import omosim as om

    assert main([*SMALL, NAMED, "output.dir=whole"]) == 0
    result = om.load("whole")
    assert type(result).__name__ == "ValueResult" and len(result.table()) == 5 and len(result.synergy()) == 10
    assert "From omnichannel" in result.answer and "live_commerce" in result._repr_html_() and len(result.ladder()) and len(result.coalitions())
    before = dict(mpl.rcParams)
    ax = result.plot.waterfall()
    assert ax.get_xlabel() and len(ax.patches) == 6 and dict(mpl.rcParams) == before
    again = om.value("omnichannel", "omo", ["live_commerce", "push"], shoppers=5000, replications=2, jobs=1, output_dir="nb")
    assert next(iter(again.table()["capability"])) == "live_commerce"


def test_failed_runs(known, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(known, "BROKEN", {"replication": 1, "on": "push"})
    assert main([*SMALL, NAMED, "output.dir=a"]) == 3
    summary = json.loads(Path("a/summary.json").read_text())
    assert summary["replications"] == 2 and summary["failed_runs"] > 0 and "planted" in Path("a/failures.jsonl").read_text()
    assert "left out" in Path("a/report.html").read_text(encoding="utf-8")
    assert main([*SMALL[:-2], NAMED, "jobs=1", "replications=1", "replication=1", "output.dir=b"]) == 3
    assert "no replication has the run of every coalition" in capsys.readouterr().err and not Path("b/summary.json").exists()
    monkeypatch.setattr(known, "BROKEN", {})
    assert main([*SMALL, NAMED, "output.dir=a"]) == 0 and not Path("a/failures.jsonl").exists()


def test_what_both_have_and_what_neither_has(known, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["value", "from=omo", "to=omo", "capabilities=[live_commerce,push]", "shoppers=5000", "replications=2", "jobs=1", "output.dir=a"]) == 0
    assert "From omo without live_commerce, push to omo KRW" in capsys.readouterr().out.replace("\n", " ")
    assert {row["capability"]: row["shapley"] for row in rows("a", "values")}["live_commerce"] == pytest.approx(11000)
    assert main(["value", "to=omnichannel", "capabilities=[events]", "shoppers=5000", "replications=2", "jobs=1", "output.dir=b"]) == 0
    assert {row["capability"] for row in rows("b", "values")} == {"events", "the other 8"}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["to=omoo"], r"to = 'omoo': no such strategy.*Did you mean 'omo'"),
        (["capabilities=[liv_commerce]"], "Did you mean 'live_commerce'"),
        (["capabilities=[push,push]"], "a capability twice"),
        (["to=o2o"], "the same capabilities"),
        (["strategy=omo"], "Write from=o2o to=omo"),
        (["orders=2"], "too small; allowed: a whole number from 4"),
        (["orders=x"], r"(?s)^(?!.*no such file).*orders = 'x'"),
        (["capabilities=[]"], "an empty list.*leave the word out"),
        (["replicatoins=2"], "Did you mean 'replications'"),
        (["strategy.capabilities.live_commerce.levels.reech=0.1"], "no such level.*|reach"),
    ],
)
def test_bad_words(words: list[str], part: str, known, capsys: pytest.CaptureFixture[str]) -> None:
    import re

    assert main(["value", "output.dir=a", *words]) == 2
    err = capsys.readouterr().err
    assert re.search(part, err) and "Traceback" not in err and not Path("a").exists()


def test_a_level_that_only_one_strategy_has(known) -> None:
    words = ["value", "capabilities=[live_commerce]", "strategy.capabilities.live_commerce.levels.reach=0.2", "shoppers=5000", "replications=1", "jobs=1", "output.dir=a"]
    assert main(words) == 0
    assert "reach: 0.2" in Path("a/config.yaml").read_text()
    assert main(["value", "--cfg", "job", "to=omnichannel"]) == 0


def test_a_true_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["value", "capabilities=[live_commerce]", "shoppers=60", "days=2", "burn_in_days=0", "replications=2", "jobs=1"]
    assert main([*words, "output.dir=a"]) == 0
    assert main(["compare", "strategies=[o2o,omo]", "shoppers=60", "days=2", "burn_in_days=0", "replications=2", "jobs=1", "output.dir=c"]) == 0
    compared = next(r for r in json.loads(Path("c/summary.json").read_text())["comparison"] if r["kpi"] == "operating_profit")
    assert json.loads(Path("a/summary.json").read_text())["total"]["shapley"] == pytest.approx(compared["diff"], rel=1e-7)
    back = next(r for r in json.loads(Path("c/summary.json").read_text())["comparison"] if r["kpi"] == "payback_years")
    assert json.loads(Path("a/summary.json").read_text())["total"]["payback_years"] == pytest.approx(back["mean"], rel=1e-2) if back["mean"] else True
