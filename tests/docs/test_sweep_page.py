"""Every command of docs/sweep.md runs, one after the other in one folder."""

import re
from pathlib import Path

from omosim.results.tables import read_columns
from tests.docs.test_readme import omosim

PAGE = (Path(__file__).parents[2] / "docs" / "sweep.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S) for line in block.splitlines() if line.strip()]


def test_the_commands_work_in_their_order(tmp_path):
    assert len(COMMANDS) == 3
    for line in COMMANDS:
        small = ("shoppers=100", "days=2", "burn_in_days=0") if "interval" not in line and " strategy=" in line else ()
        done = omosim(re.sub(r" (shoppers|days)=\d+", "", line) if small else line, tmp_path, *small)
        assert done.returncode == 0, done.stderr
    (place,) = [p for p in (tmp_path / "outputs" / "sweep").iterdir() if not p.is_symlink()]
    assert set(re.findall(r"`([a-z]+)\.parquet`", PAGE)) <= {p.stem for p in place.glob("*.parquet")}
    columns = read_columns(place / "runs" / "part-00000.parquet")
    assert list(columns) == re.search(r"a row a run and KPI: ([^)]*)\)", PAGE)[1].replace("\n", " ").split(", ")
    assert (place / "report.html").is_file() and len(set(columns["run_id"])) >= 16
