"""The commands and the code of docs/reports.md run, in their order, and write what the page says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_readme import omosim

PAGE = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_holds(tmp_path):
    commands = [line for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S) for line in block.splitlines()]
    assert len(commands) == 3
    for line in commands:
        small = ("shoppers=200", "days=4", "burn_in_days=0") if " run " in line else ()
        done = omosim(re.sub(r" (shoppers|days)=\d+", "", line) if small else line, tmp_path, *small)
        assert done.returncode == 0, done.stderr
    place = (tmp_path / "outputs" / "run" / "latest").resolve()
    assert '<html lang="ko">' in (place / "report.html").read_text(encoding="utf-8")
    assert (place / "report.xlsx").is_file() and {p.stem for p in (place / "csv").iterdir()} == {p.stem for p in place.glob("*.parquet")}
    assert {p.suffix for p in (place / "figures").iterdir()} == {".svg", ".png"} and (place / "figures" / "journeys.svg").is_file()
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '<html lang="ko">' in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in (place / "report.html").read_text(encoding="utf-8")


def test_every_format_is_named():
    from omosim.reports.bundle import FORMATS

    assert set(re.findall(r"^\| `(\w+)`(?: \(default\))? \| `", PAGE, re.M)) == set(FORMATS)
