"""Every command and code block of docs/identity.md runs, and each setting and KPI that it names is there."""

import re
from pathlib import Path

import pytest

from omosim.config.compose import compose
from omosim.config.explain import explain
from omosim.results.tables import read_frame
from tests.docs.test_readme import omosim

PAGE = (Path(__file__).parents[2] / "docs" / "identity.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.M | re.S)
COMMANDS = [line for kind, block in BLOCKS if kind == "bash" for line in block.splitlines() if line.strip()]


def test_the_page_has_what_it_promises():
    assert len(COMMANDS) == 2 and sum(kind == "python" for kind, _ in BLOCKS) == 1 and "TABLE" not in PAGE


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_works(line, tmp_path):
    done = omosim(line, tmp_path, "output.dir=out")
    assert done.returncode == 0, done.stderr
    if "output.touches=true" in line:
        seen, true = (read_frame(tmp_path / "out" / f"{name}.parquet") for name in ("observed", "touches"))
        assert 0 < len(seen) < len(true) and seen["order_id"].dtype == "int64" and seen["linked_at"].isna().any()
        assert list(seen) == ["t", "profile", "channel", "touchpoint", "identity", "linked_to", "linked_at", "order_id"]


def test_the_code_runs():
    code = next(block for kind, block in BLOCKS if kind == "python")
    exec(compile(code, "identity.md", "exec"), {"__name__": "identity"})


def test_each_setting_is_explained():
    composed = compose("run", [])
    units = {"identity.cookie_days": "days", "messages.duplicates": "share", "messages.push_cost": "minor", "messages.record_cost_per_year": "minor a year"}
    for key, unit in units.items():
        text = explain(f"market.{key}", composed)
        assert key.split(".")[1] in PAGE and "assumed" in text and unit in text
