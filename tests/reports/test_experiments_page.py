"""A run with an experiment: its table, its summary, its page."""

import json

import pandas as pd
import pytest

from omosim.api.commands import run_command
from omosim.config.compose import compose
from omosim.reports.write import report_html

SCENARIO = """\
name: mine
title: mine
interventions:
  - {what: price, times: 0.7, from_day: 0, ab: {name: deep_cut, share: 0.5}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("ab")
    (place / "mine.yaml").write_text(SCENARIO, encoding="utf-8")
    words = [f"scenario={place / 'mine.yaml'}", "strategy=o2o", "shoppers=3000", "days=5", "burn_in_days=1", f"output.dir={place / 'out'}"]
    assert run_command(compose("run", words), ["omosim", "run", *words]) == 0
    return place / "out"


def test_groups_are_in_the_files(folder):
    table = pd.read_parquet(folder / "ab.parquet")
    assert set(table["group"]) == {"control", "treated"} and len(table) == 12
    assert table[table["group"] == "treated"]["diff"].notna().all() and table[table["group"] == "control"]["diff"].isna().all()
    orders = pd.read_parquet(folder / "orders.parquet")
    assert set(orders["audience"]) == {"deep_cut=control", "deep_cut=treated"}
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert [row["kpi"] for row in summary["ab"][:2]] == ["buyers", "orders_per_shopper"]
    row = table[(table["group"] == "treated") & (table["kpi"] == "orders_per_shopper")].iloc[0]
    inside = orders[(orders["audience"] == "deep_cut=treated") & (orders["placed_at"] >= 86_400) & (orders["placed_at"] < 6 * 86_400)]
    whole = inside[(inside["order_id"] % 256 < 2) & ((~inside["visit"]) | (inside["units_out"] > 0))]
    assert row["value"] == pytest.approx(len(whole) / row["shoppers"])


def test_the_page_shows_them(folder):
    page = report_html(folder)
    assert "Experiment <bdi>deep_cut</bdi>" in page and "Margin a shopper" in page and "treated" in page
