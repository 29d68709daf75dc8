"""docs/scenarios.md has a row for every shipped scenario, with the signs that its file states."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_every_scenario_has_its_row_and_its_signs():
    text = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip().strip("`"): line.split("|") for line in text.splitlines() if line.startswith("| `")}
    files = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "scenarios").glob("*.yaml")}
    assert set(rows) == set(files)
    for name, data in files.items():
        assert dict(re.findall(r"(\w+) ([-+0])(?=[ ,]|$)", rows[name][4].split("(")[0].strip())) == data["expect"], name
        for kpi in data["expect"]:
            assert kpi in rows[name][5], f"{name}: what was found of {kpi}?"
