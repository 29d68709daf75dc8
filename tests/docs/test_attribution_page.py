"""Every command and code block of docs/attribution.md runs, and the files that it names are written."""

import re
from pathlib import Path

from omosim.results.tables import read_columns
from tests.docs.test_readme import omosim

PAGE = (Path(__file__).parents[2] / "docs" / "attribution.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.M | re.S)
COMMANDS = [line for kind, block in BLOCKS if kind == "bash" for line in block.splitlines() if line.strip()]
SMALL = ("shoppers=100", "days=3", "burn_in_days=3", "replications=2", "jobs=1")


def test_the_commands_work_in_their_order(tmp_path):
    assert len(COMMANDS) == 3 and "TABLES" not in PAGE
    for line in COMMANDS:
        small = SMALL if " attribute " in line else ()
        done = omosim(re.sub(r" (shoppers|days|burn_in_days|replications)=\d+", "", line) if small else line, tmp_path, *small)
        assert done.returncode == 0, done.stderr
    place = tmp_path / "outputs" / "attribute" / "latest"
    assert set(re.findall(r"`([a-z]+)\.parquet`", PAGE)) == {p.stem for p in place.glob("*.parquet")}
    assert {"touchpoint", "model", "identity_loss", "credit", "true_increment", "error"} <= set(read_columns(place / "attribution.parquet"))
    assert (place / "report.html").is_file() and (place / "shifts" / "runs").is_dir()


def test_the_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = next(block for kind, block in BLOCKS if kind == "python")
    names = {"__name__": "attribution"}
    exec(compile(code, "attribution.md", "exec"), names)
    assert len(names["credits"]) and len(names["shifts"]) and names["ax"].get_legend() is not None
