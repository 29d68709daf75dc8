"""Every command of docs/sweep.md runs, one after the other in one folder."""

import re
from pathlib import Path

import pytest

from omosim.results.tables import read_columns
from tests.docs.test_readme import omosim

PAGE = (Path(__file__).parents[2] / "docs" / "sweep.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S) for line in block.splitlines() if line.strip()]


SMALL = ("shoppers=60", "days=2", "burn_in_days=0", "jobs=1")


@pytest.mark.slow
def test_the_commands_work_in_their_order(tmp_path):
    assert len(COMMANDS) == 6
    place, latest = None, tmp_path / "outputs" / "sweep" / "latest"
    for line in COMMANDS:
        if " strategy=" in line:
            line = re.sub(r" (shoppers|days)=\d+", "", line).replace("points=32", "points=7")
            done = omosim(line, tmp_path, *SMALL)
            place = place or latest.resolve()
        else:
            run = read_columns(latest / "runs" / "part-00000.parquet")["run_id"][0]
            done = omosim(line.replace("run=ID", f"run={run}"), tmp_path, *(["jobs=1"] if " extend " in line else []))
        assert done.returncode == 0, done.stderr + done.stdout
    columns = read_columns(place / "runs" / "part-00000.parquet")
    assert list(columns) == re.search(r"a row a run and KPI: ([^)]*)\)", PAGE)[1].replace("\n", " ").split(", ")
    assert (place / "report.html").is_file() and len(set(columns["run_id"])) >= 16
    assert set(re.findall(r"`([a-z]+)\.parquet`", PAGE)) <= {p.stem for p in latest.parent.glob("*/*.parquet")} | {"boxes"}
    assert "select" in latest.resolve().joinpath("sweep.json").read_text(encoding="utf-8")


def test_the_notebook_block_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
    block = block.replace("points=24", "points=4").replace("shoppers=200, days=7", "shoppers=60, days=2, burn_in_days=0, jobs=1")
    names = {"__name__": "sweep"}
    exec(compile(block, "sweep.md", "exec"), names)
    assert names["swept"].answer
