"""`omosim validate` as a user runs it, on a small file of his own: files of the contract, resume, rerun, report, exit codes."""

from __future__ import annotations

import html.parser
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from omosim.cli.main import main
from tests.commands import here
from tests.validation.tiny import TINY


class Closing(html.parser.HTMLParser):
    """Checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


SMALL = ["validate", "patterns=t.yaml", "replications=2", "seed=5"]
TABLES = ("validation.parquet", "reported.parquet", "runs.parquet")


def start(words, folder):
    command = [sys.executable, "-m", "omosim.cli.main", *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    place = tmp_path_factory.mktemp("validate")
    (place / "t.yaml").write_text(TINY, encoding="utf-8")
    code, out, err = here([*SMALL, "jobs=1", "output.dir=one"], place)
    assert code == 0, err
    return place, out, err


def test_files_of_the_contract(shown) -> None:
    place, out, err = shown
    folder = place / "one"
    names = {p.name for p in folder.iterdir()}
    assert {"config.yaml", "provenance.json", "summary.json", "report.html", "laws.json", *TABLES} <= names
    rows = pq.read_table(folder / "validation.parquet").to_pydict()
    assert {"pattern", "published", "simulated", "ci_low", "ci_high", "fitted", "verdict"} <= set(rows)
    assert rows["pattern"] == ["T1", "T1"] and rows["fitted"] == [False, True]
    assert set(rows["verdict"]) <= {"holds", "outside", "wrong_sign", "cannot_tell"}
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert [r["simulated"] for r in summary["validation"]] == rows["simulated"] and summary["replications"] == 2
    assert all(value is not None for value in rows["simulated"])
    assert not any(json.loads((folder / "laws.json").read_text()).values())
    assert "1 experiments, 4 runs, about" in err and "Pattern" in out and "Verdict" in out and "Report: one/report.html" in out
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page and "<script" not in page and "https://" not in page
    reader = Closing()
    reader.feed(page)
    assert reader.open == []
    assert page.count('class="ticks"') == 3 and page.count("<svg") >= 3 and "nobody" in page


def test_two_processes_give_the_same_bytes(shown, tmp_path: Path) -> None:
    place, _, _ = shown
    (tmp_path / "t.yaml").write_text(TINY, encoding="utf-8")
    code, _, err = here([*SMALL, "jobs=2", "output.dir=two"], tmp_path)
    assert code == 0, err
    for name in TABLES:
        assert (tmp_path / "two" / name).read_bytes() == (place / "one" / name).read_bytes(), name


@pytest.mark.slow
def test_interrupt_and_resume(shown, tmp_path: Path) -> None:
    place, _, _ = shown
    (tmp_path / "t.yaml").write_text(TINY, encoding="utf-8")
    words = [*SMALL, "jobs=1", "output.dir=three"]
    child = start(words, tmp_path)
    shards, until = tmp_path / "three" / "runs.d", time.monotonic() + 300
    while time.monotonic() < until and not (shards.is_dir() and any(shards.glob("*.json"))) and child.poll() is None:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert child.returncode in (0, 130) and "Traceback" not in err
    if child.returncode == 130:
        assert "same command" in out + err and not (tmp_path / "three" / "summary.json").exists()
    code, _, err = here(words, tmp_path)
    assert code == 0, err
    for name in TABLES:
        assert (tmp_path / "three" / name).read_bytes() == (place / "one" / name).read_bytes(), name


def test_rerun_and_report_and_load(shown, monkeypatch, capsys) -> None:
    place, _, _ = shown
    monkeypatch.chdir(place)
    (place / "t.yaml").rename(place / "gone.yaml")
    try:
        assert main(["rerun", "one"]) == 0
    finally:
        (place / "gone.yaml").rename(place / "t.yaml")
    assert "4 tables have the same bytes" in capsys.readouterr().out
    (place / "one" / "report.html").unlink()
    assert main(["report", "one"]) == 0 and (place / "one" / "report.html").is_file()
    import omosim as om

    result = om.load("one")
    assert list(result.table()["pattern"]) == ["T1", "T1"] and len(result.reported()) == 1 and result.answer


def test_from_a_notebook(tmp_path: Path, monkeypatch) -> None:
    import omosim as om

    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.yaml").write_text(TINY, encoding="utf-8")
    result = om.validate("t.yaml", replications=2, jobs=1, days=4, shoppers=100)
    assert set(result.to_frame()["verdict"]) <= {"holds", "outside", "wrong_sign", "cannot_tell"}
    assert (tmp_path / "outputs" / "validate" / "latest" / "report.html").is_file()


def test_bad_input_is_told_before_anything_runs(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.yaml").write_text(TINY.replace("measure: sales", "measure: salse"), encoding="utf-8")
    assert main(SMALL) == 2
    err = capsys.readouterr().err
    assert "t.yaml:" in err and "Did you mean 'sales'" in err and not (tmp_path / "outputs").exists()
    assert main(["validate", "patterns=V77"]) == 2
    assert main(["validate", "patterns=V12", "shopers=3"]) == 2
    assert "Did you mean 'shoppers'" in capsys.readouterr().err
    assert main(["validate", "patterns=V12", "replications=1"]) == 2
    assert main(["validate", "patterns=V11", "days=3", "burn_in_days=1"]) == 2
    assert "days beyond the run" in capsys.readouterr().err


def test_cfg_shows_the_plan(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["validate", "patterns=V14", "--cfg", "job"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("command: validate") and "V14" in text and "ar_fit" in text


def test_exit_codes(tmp_path: Path, monkeypatch, capsys) -> None:
    """3 when a run failed, 4 when a law was broken, 130 when interrupted; made-up runs, in this process."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "validation"))
    import fake_readings

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("omosim.validation.validate.ENTRY", "fake_readings:run")
    (tmp_path / "t.yaml").write_text(TINY, encoding="utf-8")
    words = ["validate", "patterns=t.yaml", "replications=4", "jobs=1"]
    assert main([*words, "output.dir=ok"]) == 0
    assert main([*words, "output.dir=some", "shoppers=13"]) == 3
    assert "2 runs failed" in capsys.readouterr().out and "runs failed" in (tmp_path / "some" / "report.html").read_text(encoding="utf-8")
    assert main([*words, "output.dir=law", "shoppers=14"]) == 4
    assert not (tmp_path / "law" / "summary.json").exists()

    def stop(text: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(fake_readings, "run", stop)
    assert main([*words, "output.dir=stop"]) == 130
    assert "same command" in capsys.readouterr().err
