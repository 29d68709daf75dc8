"""Laws of a study's runs: what parts keep of them, what is told of folders of before, and that a broken one is not hidden."""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path

import pytest

from omosim.reports.labels import law_words
from omosim.results import ResultFolder
from omosim.results.tables import read_columns, write_parquet
from omosim.study import parts
from omosim.study.executor import InlineExecutor
from omosim.study.shards import Planned, ShardStore, cut, finished_runs
from omosim.study.sweep import sweep

sys.path.insert(0, str(Path(__file__).parent))


def made(place: Path, behave: str = "", entry: str = "fake_entry:run") -> tuple[ResultFolder, parts.Proof]:
    """40 places of a plan with 36 runs, so some runs stand in two parts; the last run may misbehave."""
    place.mkdir(exist_ok=True)
    planned = [Planned(f"run{i if i < 36 else i - 36}", i, "o2o", "baseline", 7, 0) for i in range(40)]
    task = lambda item: json.dumps({"run_id": item.run_id, "arm": "o2o", "replication": 0, "seed": 7, "settings": {"behave": behave if item.run_id == "run35" else ""}})
    folder = ResultFolder(place, "sweep")
    store = ShardStore(folder, cut(planned))
    done = sweep(store, task, InlineExecutor(entry), mine=range(len(store.parts)), window=lambda: 4)
    return folder, parts.proof([place], done.failures.values())


def test_residuals_stand_by_law_over_all_runs_once(tmp_path: Path) -> None:
    folder, found = made(tmp_path / "a")
    assert found == parts.Proof({"L1": 0, "L6": 0}, 36, 0, 0)
    summary = {"laws": found.write(folder)}
    assert folder.read_json("laws.json") == {"L1": 0, "L6": 0}
    assert law_words(summary) == "laws: all residuals 0 (2 laws, 36 runs)"
    assert set(read_columns(tmp_path / "a" / "runs" / "part-00000.parquet")["laws"]) == {'{"L1":0,"L6":0}'}
    twice = parts.proof([tmp_path / "a", tmp_path / "a"])
    assert twice.runs == 36
    found.add({"L1": -3, "L9": 2}, 2)  # sums are of absolute residuals
    assert found.residuals == {"L1": 6, "L6": 0, "L9": 4} and found.runs == 38
    assert law_words({"laws": found.write(folder)}) == "laws: a law is broken in 2 runs"


def test_a_broken_law_ends_its_run_and_is_told(tmp_path: Path) -> None:
    folder, found = made(tmp_path / "a", "law")
    assert (found.runs, found.broken) == (35, 1) and not any(found.residuals.values())
    assert law_words({"laws": found.write(folder)}) == "laws: a law is broken in 1 runs"


def test_folders_of_before_stay_readable_and_say_that_nothing_was_recorded(tmp_path: Path) -> None:
    """Parts without the column and journals without the laws, as an earlier omosim wrote them."""
    folder, _ = made(tmp_path / "a")
    for path in sorted((tmp_path / "a" / "runs").glob("part-*.parquet"))[1:]:
        columns = read_columns(path)
        del columns["laws"]
        write_parquet(path, columns)
    text = json.dumps(["old", [["operating_profit", 5.0, "KRW", ""]]]).encode()
    (tmp_path / "a" / "runs.d" / "part-00009.jsonl").write_bytes(b"%08x %s\n" % (zlib.crc32(text), text))
    runs = finished_runs(tmp_path / "a")
    assert len(runs) == 37 and runs["old"].laws == {} and runs["old"].value("operating_profit") == 5.0 and runs["run9"].laws == {"L1": 0, "L6": 0}
    found = parts.proof([tmp_path / "a"])
    assert found.runs + found.silent == 36 and found.silent > 0
    assert law_words({"laws": found.write(folder)}).endswith(f"; of {found.silent} runs not recorded")
    assert sum(1 for _ in parts.rows(tmp_path / "a", ("run_id", "value"), ("operating_profit",))) == 40
    silent = parts.Proof()
    silent.add({}, 4)
    assert silent.write(folder)["not_recorded"] == 4 and not (tmp_path / "a" / "laws.json").exists() and law_words({}) == law_words({"laws": {}}) == "laws: not recorded"


@pytest.mark.parametrize("laws", [None, {"laws": 2, "runs": 36, "residual": 0, "not_recorded": 1, "broken_runs": 1}])
def test_the_page_of_a_sweep_shows_the_proof_or_that_there_is_none(tmp_path: Path, laws: dict[str, int] | None) -> None:
    from omosim.reports.write import report_html

    folder = ResultFolder(tmp_path / "a", "sweep")
    folder.begin({"schema_version": 1, "command": "sweep", "argv": ["sweep"]})
    if laws:
        folder.write_json("laws.json", {"L1": 0, "L6": 0})
    folder.finish({"answer": "a", "points": 1, "strategies": ["o2o"], "baseline": "o2o", "seeds": [7], "failed_runs": 0, "futures": [], "factors": [], **({"laws": laws} if laws else {})})
    page = report_html(folder)
    assert ("Not recorded." in page) == (laws is None)
    if laws:
        assert "All 2 residuals are 0 in 36 runs" in page and "A law is broken in 1 runs" in page and "Of 1 runs the residuals were not recorded" in page
        assert "Double-entry money" in page


def test_a_pair_whose_run_broke_a_law_is_not_proven() -> None:
    """Of a comparison's runs one ended for a broken law: it is counted, and the words say so."""
    from omosim.reports.labels import law_words
    from omosim.study.book import Book
    from omosim.study.outcome import Failure
    from omosim.study.tabulate import law_proof

    book = Book({"a": '{"x": 1}', "b": '{"x": 2}'}, "a", 7)
    book.plan(2, code="c")
    book.failures[book.ids["b", 1]] = Failure("error", "LawBroken: L6", exit_code=4)
    found = law_proof(book, 2)
    assert (found.runs, found.broken) == (0, 1)
    assert law_words({"laws": {"laws": 0, "runs": 3, "residual": 0, "not_recorded": 0, "broken_runs": found.broken}}) == "laws: a law is broken in 1 runs"


def test_a_run_with_figures_and_a_residual_counts_as_broken(tmp_path: Path) -> None:
    found = parts.Proof()
    found.add({"L1": 0, "L6": 0}, 999)
    found.add({"L1": -2, "L6": 0}, 1)
    assert found.write(ResultFolder(tmp_path, "sweep")) == {"laws": 2, "runs": 1000, "residual": 2, "not_recorded": 0, "broken_runs": 1}
