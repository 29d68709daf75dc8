"""The strategist's first ten minutes, in small, as the script runs them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_every_step_works_in_an_empty_folder(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(ROOT / "experiments" / "first_ten_minutes.py"), "--small", f"--folder={tmp_path}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout and "0 commands failed" in done.stdout
    for name in ("doctor", "list", "init", "explain", "compare", "report", "sweep", "claims"):
        assert re.search(rf"^\$ omosim {name}\b", done.stdout, re.M), name
    assert len(re.findall(r"\d+\.\d s, exit code [02]$", done.stdout, re.M)) >= 9
    assert "Did you mean 'bopis'" in done.stdout
    assert (tmp_path / "mystore" / "market.yaml").is_file() and (tmp_path / "outputs" / "compare" / "latest" / "report.html").is_file()
