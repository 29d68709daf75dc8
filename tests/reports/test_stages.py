"""The stages on the page of a run: sums over segments, as the table of the run has them."""

from __future__ import annotations

import pandas as pd

import omosim as om
from omosim.reports.run_report import stage_rows

TABLE = {
    "stage": ["awareness", "purchase", "purchase", "awareness", "purchase", "purchase"], "channel": ["all", "web", "store", "all", "web", "store"],
    "segment": ["a"] * 3 + ["b"] * 3, "entering": [10, 4, 0, 30, 4, 0], "leaving": [5, 3, 0, 15, 3, 0],
}  # fmt: skip


def test_segments_are_summed_and_channels_that_nobody_used_left_out() -> None:
    assert stage_rows(TABLE) == [("awareness", "all", 40, 20, 0.5), ("purchase", "web", 8, 6, 0.25)]


def test_the_page_of_a_run_shows_them(tmp_path) -> None:
    from omosim.cli.main import main

    place = tmp_path / "out"
    assert main(["run", "shoppers=300", "days=3", "burn_in_days=2", f"output.dir={place}"]) == 0
    page, table = (place / "report.html").read_text(encoding="utf-8"), pd.read_parquet(place / "funnel.parquet")
    rows = stage_rows(table.to_dict("list"))
    assert rows[0][:4] == ("awareness", "all", table["entering"][table["stage"] == "awareness"].sum(), table["leaving"][table["stage"] == "awareness"].sum())
    for stage, _, entering, leaving, _ in rows:
        assert f'<td class="kpi">{stage}</td>' in page and f"{entering:,}" in page and f"{leaving:,}" in page
    assert set(pd.read_parquet(place / "cohorts.parquet")["cohort"]) >= {"active", "new"} and om.load(place) is not None
