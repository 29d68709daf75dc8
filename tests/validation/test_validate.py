"""The main loop on runs of known truth: effects are recovered, equal arms share runs, failures are rows."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from omosim.results import ResultFolder
from omosim.study.book import StudyInterrupted, StudyStopped
from omosim.study.executor import InlineExecutor
from omosim.validation.plan import plan
from omosim.validation.validate import cells, validate

from .tiny import TINY


class Counting(InlineExecutor):
    """Counts what it is given; interrupted after so many."""

    def __init__(self, stop: int = 10**9) -> None:
        super().__init__("fake_readings:run")
        self.given: list[str] = []
        self.stop = stop

    def submit(self, name: str, task: str) -> None:
        self.given.append(name)
        super().submit(name, task)

    def collect(self):
        self.stop -= 1
        if self.stop < 0:
            raise KeyboardInterrupt
        return super().collect()


@pytest.fixture(autouse=True)
def entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def go(tmp_path: Path, *words: str, text: str = TINY, executor: InlineExecutor | None = None):
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    made = plan(["patterns=t.yaml", "replications=20", *words], tmp_path)
    folder = ResultFolder(tmp_path / "out", "validate")
    folder.begin({"command": "validate"}, made.yaml)
    return validate(made, folder, executor=executor or Counting(), code="x")


def test_the_truth_is_recovered_and_judged(tmp_path: Path) -> None:
    out = go(tmp_path)
    sales, orders = out.rows
    assert sales["ci_low"] < -2 * math.log(1.5) < sales["ci_high"] and abs(sales["ci_high"] - sales["ci_low"]) < 0.03
    assert sales["verdict"] == "holds" and sales["replications"] == 20 and sales["unit"] == "share" and not sales["fitted"]
    assert orders["simulated"] == pytest.approx(1.5**-2 - 1, abs=0.01) and orders["fitted"]
    assert [row["outcome"] for row in out.reported] == ["sessions"] and out.exit_code == 0
    assert out.answer.startswith("Published figures that hold: 2 of 2") and "1 of 1 hold" in out.answer
    folder = out.folder
    assert set(folder.read_table("validation")["verdict"]) == {"holds"} and "verdict" not in folder.read_table("reported")
    assert folder.summary()["validation"] == out.rows
    table = folder.read_table("effects")
    kept = [v for name, v in zip(table["outcome"], table["value"], strict=True) if name == sales["outcome"]]
    assert kept == out.effects["T1", sales["outcome"]] and sum(kept) / 20 == pytest.approx(sales["simulated"], rel=1e-8)
    assert set(table["outcome"]) == {row["outcome"] for row in [*out.rows, *out.reported]} and len(table["value"]) == 60


def test_equal_arms_are_run_once_in_whatever_experiment(tmp_path: Path) -> None:
    (tmp_path / "u.yaml").write_text(TINY.replace("name: T1", "name: T2").replace("times: 1.5", "times: 2"), encoding="utf-8")
    (tmp_path / "t.yaml").write_text(TINY, encoding="utf-8")
    made = plan(["patterns=t.yaml,u.yaml"], tmp_path)
    found = cells(made)
    assert len(found.arms) == 3 and found.of["T2", "plain"] == "T1/plain"
    assert len(made.distinct()) == 3


def test_a_failed_run_is_a_row_and_its_pair_is_left_out(tmp_path: Path) -> None:
    out = go(tmp_path, "shoppers=13")
    assert out.exit_code == 3 and len(out.failures) == 2
    assert out.rows[0]["replications"] == 19 and "1 of 20" in out.rows[0]["reason"]
    assert len((out.folder.path / "failures.jsonl").read_text().splitlines()) == 2


def test_a_broken_law_publishes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StudyStopped) as caught:
        go(tmp_path, "shoppers=14")
    assert caught.value.exit_code == 4 and not (tmp_path / "out" / "summary.json").exists()


def test_interrupted_runs_are_kept_and_the_answer_is_the_same(tmp_path: Path) -> None:
    whole = go(tmp_path / "a") if (tmp_path / "a").mkdir() is None else None
    (tmp_path / "b").mkdir()
    with pytest.raises(StudyInterrupted):
        go(tmp_path / "b", executor=Counting(stop=7))
    second = Counting()
    again = go(tmp_path / "b", executor=second)
    assert len(second.given) == 40 - 7
    for name in ("validation", "reported", "runs"):
        assert (tmp_path / "a" / "out" / f"{name}.parquet").read_bytes() == (tmp_path / "b" / "out" / f"{name}.parquet").read_bytes()
    assert whole is not None and whole.rows == again.rows


def test_a_part_of_another_effect(tmp_path: Path) -> None:
    more = "  - name: half\n    measure: sales\n    statistic: difference\n    of: base\n    scale: 0.5\n    band: [0.4, 0.6]\n"
    base = "  - name: base\n    measure: sales\n    statistic: difference\n    report_only: true\n"
    out = go(tmp_path, text=TINY + base + more)
    row = out.rows[-1]
    assert row["simulated"] == pytest.approx(0.5, abs=1e-6) and row["verdict"] == "holds" and row["unit"] == "1"


def test_slopes_over_the_arms_places(tmp_path: Path) -> None:
    more = "  - name: per step\n    measure: sales\n    statistic: log_slope\n    per: 2\n    sign: '-'\n"
    row = go(tmp_path, text=TINY + more).rows[-1]
    assert row["simulated"] == pytest.approx(-math.log(1.5), abs=0.01) and row["arms"] == "dearer / plain"
