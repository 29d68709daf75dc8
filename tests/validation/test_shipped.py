"""Every shipped experiment composes, runs three days at 300 shoppers, and gives every reading that it asks for."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from omosim.model.run import run
from omosim.schema.settings import Settings
from omosim.validation.effects import STATISTICS
from omosim.validation.measures import FILTERS, MEASURES
from omosim.validation.plan import Plan, plan
from omosim.validation.validate import cells
from omosim.validation.view import Source, View
from omosim.validation.worker import read

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(p.stem for p in (ROOT / "configs" / "experiment").glob("*.yaml"))


@cache
def planned(name: str, folder: Path) -> Plan:
    return plan([f"patterns={name}"], folder)


@pytest.mark.parametrize("name", FILES)
def test_shipped_files_say_source_horizon_and_band(name: str, tmp_path: Path) -> None:
    (one,) = planned(name, tmp_path).planned
    assert one.experiment.name == name and one.experiment.source and one.experiment.horizon and one.experiment.published
    head = (ROOT / "configs" / "experiment" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert head[0].startswith("# ") and head[1].startswith("# ")
    judged = [o for o in one.experiment.outcomes if not o.report_only]
    assert judged and all(o.published for o in judged)


@pytest.mark.parametrize("name", FILES)
def test_shipped_files_run_three_days(name: str, tmp_path: Path) -> None:
    made = planned(name, tmp_path)
    for text in cells(made).full.values():
        asked = json.loads(text)
        settings = Settings.model_validate({**asked["settings"], "shoppers": 300, "days": 3, "burn_in_days": 2})
        found = read(run(settings), asked["readings"])
        assert [row["kpi"] for row in found] == [r["key"] for r in asked["readings"]]
        assert all(row["value"] is None or row["value"] >= 0 for row in found)
        assert all(row["value"] is not None or row["reason"] for row in found)


OWN = sorted((ROOT / "docs" / "experiments").glob("*.yaml"))


@pytest.mark.parametrize("path", OWN, ids=[p.stem for p in OWN])
def test_files_of_the_documentation_run_three_days_and_groups_add_up_to_the_statement(path: Path, tmp_path: Path) -> None:
    made = plan([f"patterns={path}"], tmp_path)
    found = cells(made)
    assert len(found.full) == 2
    for text in found.full.values():
        asked = json.loads(text)
        done = run(Settings.model_validate({**asked["settings"], "shoppers": 300, "days": 3, "burn_in_days": 2}))
        rows = read(done, asked["readings"])
        assert all(row["value"] is not None for row in rows)
        source, segments = Source(done), list(done.settings.market.segments)
        parts = [{"where": {key: [3, 7]}, "whom": {"segments": [name]}} for key in ("zones", "not_zones") for name in segments]
        names = ("people", "net_sales", "gross_profit", "service_cost", "contribution")
        total = {name: sum(MEASURES[name].read(View(source, spec)) for spec in parts) for name in names}
        assert total["people"] == 300
        assert total["net_sales"] == done.pnl["net_revenue"] > 0
        assert total["gross_profit"] == done.pnl["gross_profit"]
        assert total["service_cost"] == done.pnl["fulfilment_cost"] > 0
        assert total["contribution"] == done.pnl["gross_profit"] - done.pnl["fulfilment_cost"]


def test_the_documentation_lists_every_measure_statistic_filter_and_experiment() -> None:
    text = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    for measure in MEASURES.values():
        assert f"| {measure.name} | {measure.unit} | {measure.meaning} |" in text, measure.name
    for name in (*STATISTICS, *FILTERS, *FILES):
        assert f"\n| {name} |" in text, name


def test_the_experiment_of_the_documentation_composes(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(text.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    (one,) = plan(["patterns=own.yaml"], tmp_path).planned
    assert list(one.arms) == ["rival", "none", "rival_and_feed"]
