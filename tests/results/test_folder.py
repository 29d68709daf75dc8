from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from omosim.results import (
    FolderInUse,
    NewerSchema,
    NotAResult,
    ResultFolder,
    RunResult,
    Unfinished,
    code_version,
    load,
    provenance,
)

NOW = datetime(2025, 1, 2, 3, 4, 5)
PROVENANCE = {"schema_version": 1, "command": "run", "argv": ["run", "seed=7"]}


def make(root: Path, config_hash: str = "abcdef1234567890", now: datetime = NOW) -> ResultFolder:
    return ResultFolder.create("run", config_hash, now=now, root=root)


def test_name_latest_and_load(tmp_path: Path) -> None:
    folder = make(tmp_path)
    assert folder.path == tmp_path / "run" / "20250102-030405-abcdef12"
    folder.begin(PROVENANCE, "shoppers: 5\n")
    assert not (tmp_path / "run" / "latest").exists()
    folder.write_table("kpis", {"kpi": ["orders"], "value": [3.0], "unit": ["1"]})
    folder.write_json("laws.json", {"L1": 0})
    folder.finish({"kpis": 1}, finished="2025-01-02T03:05:00+09:00")
    result = load(tmp_path / "run" / "latest")
    assert isinstance(result, RunResult) and result.summary["command"] == "run"
    assert result.kpis()["value"].tolist() == [3.0] and result.laws() == {"L1": 0} and result.tables() == ["kpis"]
    assert result.provenance["finished"].startswith("2025")


def test_latest_as_a_text_file_where_links_are_not_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    for second in (5, 6):
        folder = make(tmp_path, now=NOW.replace(second=second))
        folder.begin(PROVENANCE)
        folder.finish({})
    pointer = tmp_path / "run" / "latest"
    assert pointer.is_file() and not pointer.is_symlink()
    assert load(pointer).path == folder.path


def test_an_unfinished_folder_is_taken_up_again(tmp_path: Path) -> None:
    first = make(tmp_path)
    first.begin(PROVENANCE)
    first.release()
    again = make(tmp_path, now=NOW.replace(hour=9))
    assert again.path == first.path
    again.begin(PROVENANCE)
    again.finish({})
    assert make(tmp_path, now=NOW.replace(hour=9)).path != first.path
    assert make(tmp_path, "ffff0000").path != first.path


def test_a_study_that_failed_does_not_lock_its_own_process_out(tmp_path: Path) -> None:
    for _ in range(2):
        folder = ResultFolder.create("run", "h", now=NOW, output_dir=tmp_path / "mine")
        folder.begin(PROVENANCE)
    folder.finish({})
    assert not (tmp_path / "mine" / ".lock").exists()


def test_two_living_processes_never_share_a_folder(tmp_path: Path) -> None:
    first = make(tmp_path)
    first.begin(PROVENANCE)
    code = (
        "import sys, json; sys.path[:] = json.loads(sys.argv[1])\nfrom datetime import datetime\n"
        "from omosim.results import ResultFolder\n"
        "now = datetime(2025, 1, 2, 3, 4, 5)\n"
        "print(ResultFolder.create('run', 'abcdef1234567890', now=now, root=sys.argv[2]).path.name)\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, json.dumps(sys.path), str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert out.stdout.strip() == "20250102-030405-abcdef12.2"


def test_output_dir_of_another_command_is_refused(tmp_path: Path) -> None:
    mine = ResultFolder.create("run", "h", now=NOW, output_dir=tmp_path / "mine")
    mine.begin(PROVENANCE)
    mine.finish({})
    again = ResultFolder.create("run", "other", now=NOW, output_dir=tmp_path / "mine")
    again.begin(PROVENANCE)
    assert not again.finished
    again.release()
    with pytest.raises(FolderInUse, match=r"'run'.*another folder"):
        ResultFolder.create("compare", "h", now=NOW, output_dir=tmp_path / "mine")
    (tmp_path / "file").write_text("x")
    with pytest.raises(FolderInUse, match="is a file"):
        ResultFolder.create("run", "h", now=NOW, output_dir=tmp_path / "file")
    assert not (tmp_path / "latest").exists()


def test_what_is_not_a_result_is_refused_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(NotAResult, match="outputs/<command>"):
        load(tmp_path)
    folder = make(tmp_path)
    folder.begin(PROVENANCE)
    with pytest.raises(Unfinished, match="run seed=7"):
        load(folder.path)
    folder.finish({})
    summary = folder.summary() | {"schema_version": 2}
    folder.write_json("summary.json", summary)
    with pytest.raises(NewerSchema, match="schema version 2"):
        load(folder.path)
    (folder.path / "summary.json").write_text("[[[")
    with pytest.raises(NotAResult, match="no JSON"):
        load(folder.path)


def test_provenance_names_no_folder_of_the_machine(tmp_path: Path) -> None:
    data = {str(tmp_path / "orders.csv"): "1"}
    got = provenance("run", argv=["run"], seed=7, config_hash="h", data_hashes=data, extra={"note": 1})
    assert got["data_hashes"] == {"orders.csv": "1"} and str(tmp_path) not in json.dumps(got)
    assert got["code_version"] == code_version() and len(code_version()) == 16
    assert "numpy" in got["versions"] and got["note"] == 1 and got["started"] is None


def test_importing_results_and_study_is_light() -> None:
    code = (
        "import sys, json; sys.path[:] = json.loads(sys.argv[1])\nimport omosim.results, omosim.study, omosim.reports\n"
        "heavy = {'pandas', 'matplotlib', 'scipy', 'pyarrow', 'hydra', 'mesa', 'jinja2', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code, json.dumps(sys.path)], check=True)
