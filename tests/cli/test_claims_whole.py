"""`omosim claims` as a user runs it, on the file of its page: files of the contract, resume, rerun, report, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from omosim.cli.main import main
from tests.cli.test_validate_whole import Closing

ROOT = Path(__file__).resolve().parents[2]
OWN = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
SMALL = ["claims", "claims=c.yaml,N12", "replications=2", "seed=5", "jobs=1", "shoppers=200", "days=56"]
COLUMNS = ["claim", "source", "claimed", "simulated_raw", "simulated_causal", "ci_low", "ci_high", "reading"]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("claims")


@pytest.fixture(scope="module")
def shown(place):
    (place / "c.yaml").write_text(OWN, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert main([*SMALL, "output.dir=one"]) == 0
    return place / "one"


def test_files_of_the_contract(shown: Path) -> None:
    assert {"config.yaml", "provenance.json", "summary.json", "report.html", "laws.json", "claims.parquet", "runs.parquet"} <= {p.name for p in shown.iterdir()}
    table = pq.read_table(shown / "claims.parquet")
    assert table.column_names[:8] == COLUMNS
    rows = table.to_pylist()
    assert [r["name"] for r in rows] == ["coupons_double_sales", "coupons_double_sales", "N12"]
    assert rows[0]["ci_low"] <= rows[0]["simulated_causal"] <= rows[0]["ci_high"] and rows[0]["simulated_raw"] is not None
    assert all(r["simulated_raw"] is None and r["simulated_causal"] is None and r["reading"].startswith("The model cannot speak") for r in rows[1:])
    summary = json.loads((shown / "summary.json").read_text(encoding="utf-8"))
    assert [r["reading"] for r in summary["claims"]] == [r["reading"] for r in rows] and summary["answer"].startswith("3 claims")
    assert not any(json.loads((shown / "laws.json").read_text()).values())
    page = (shown / "report.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page and "<script" not in page and "https://" not in page
    reader = Closing()
    reader.feed(page)
    assert reader.open == [] and summary["answer"] in page and "What the model cannot speak about" in page and 'class="said"' in page


def test_the_same_command_takes_up_its_runs_and_rerun_repeats_them(shown: Path, place: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(place)
    before = (shown / "claims.parquet").read_bytes()
    (shown / "summary.json").unlink()
    monkeypatch.setattr("omosim.validation.worker.run", lambda settings: pytest.fail("a finished run was made again"))
    assert main([*SMALL, "output.dir=one"]) == 0
    assert (shown / "claims.parquet").read_bytes() == before
    monkeypatch.undo()
    monkeypatch.chdir(place)
    (place / "c.yaml").unlink()
    capsys.readouterr()
    assert main(["rerun", "one"]) == 0
    assert "2 tables have the same bytes" in capsys.readouterr().out
    (shown / "report.html").unlink()
    assert main(["report", "one"]) == 0 and (shown / "report.html").is_file()


def test_load_and_the_notebook(shown: Path) -> None:
    import omosim as om

    result = om.load(shown)
    assert list(result.table().columns) == [*COLUMNS[:7], "finding", "reading"] and len(result.to_frame()) == 3
    assert result.answer and len(result.readings()) == 3


def test_what_cannot_be_spoken_about_runs_nothing(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["claims", "claims=N5,N23", "output.dir=none"]) == 0
    out = capsys.readouterr()
    assert "nothing to run" in out.err and "The model cannot speak about this" in out.out and not (tmp_path / "none" / "runs.parquet").exists()
    assert main(["rerun", "none"]) == 0


def test_bad_input_is_told_before_anything_runs(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["claims", "claims=N77"]) == 2
    assert main(["claims", "claims=N9", "shopers=3"]) == 2
    assert "Did you mean 'shoppers'" in capsys.readouterr().err
    (tmp_path / "c.yaml").write_text(OWN.replace("raw: raw ", "raw: row "), encoding="utf-8")
    assert main(["claims", "claims=c.yaml"]) == 2
    assert "c.yaml:" in capsys.readouterr().err and not (tmp_path / "outputs").exists()


def test_cfg_shows_the_plan(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["claims", "claims=N9", "--cfg", "job"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("command: claims") and "web_shop" in text and "lifetime value" in text
