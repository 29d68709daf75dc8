from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from page_reader import read
from report_samples import ARMS, HOSTILE, calibration, comparison, hostile, single_run

from omosim.reports.write import report_html, write_report
from omosim.results import ResultFolder, Unfinished


@pytest.fixture(params=["compare", "run", "calibrate"])
def page(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "compare":
        return report_html(comparison(tmp_path / "x", ARMS, "o2o"))
    return report_html((single_run if request.param == "run" else calibration)(tmp_path / "x"))


def test_nothing_is_fetched_or_run(page: str) -> None:
    reader = read(page)
    assert not {"script", "iframe", "object", "embed", "link", "form", "base"} & set(reader.tags)
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\(|javascript:", page)
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name in ("src", "href", "action")]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy and policy[1].replace("&#39;", "'").startswith(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    )


def test_says_where_it_comes_from(page: str) -> None:
    words = " ".join(read(page).words)
    for piece in ("seed=7", "9c1e44f0a2b7d835", "2f6a91c0d4e8b713", "numpy 2.5.5", "omosim rerun"):
        assert piece in words


def test_comparison_says_the_answer_first_and_every_figure(compared: ResultFolder) -> None:
    summary = compared.summary()
    words = " ".join(" ".join(read(report_html(compared)).words).split())
    assert words.index(summary["answer"]) < words.index("Who earns more") < words.index("All figures")
    profit = next(r for r in summary["comparison"] if r["kpi"] == "operating_profit" and r["strategy"] == "omo")
    for value in (profit["diff"], profit["ci_low"], profit["ci_high"]):
        assert f"{value:+,.0f}" in words
    for piece in ("Fill rate", "Returns", "pp", "KRW", "assumed", "Akturk et al. 2018", "All 12 residuals are 0"):
        assert piece in words


def test_bridge_adds_up_to_the_profit_difference(compared: ResultFolder) -> None:
    from omosim.reports.compare_report import bridges

    summary = compared.summary()
    by_kpi: dict = {}
    for row in summary["comparison"]:
        by_kpi.setdefault(row["kpi"], {})[row["strategy"]] = row
    for b in bridges(compared, summary, by_kpi, ["omnichannel", "omo"]):
        steps = b["steps"]
        assert {s.name for s in steps[:-1]} >= {"Sales", "Goods", "Capability"}
        assert "Other lines" not in {s.name for s in steps}
        assert sum(s.amount for s in steps[:-1]) == pytest.approx(by_kpi["operating_profit"][b["arm"]]["diff"], abs=1)
        assert steps[-1].kind == "total" and all(0 <= s.left <= 100 and s.left + s.width <= 100.5 for s in steps)


def test_bridge_reads_costs_written_as_positive_amounts(tmp_path: Path) -> None:
    from omosim.reports.compare_report import _signed

    lines = {"sales": 100.0, "parcel_cost": 30.0, "labour_cost": -5.0, "net_revenue": 100.0, "operating_profit": 75.0}
    assert _signed(lines) == {"sales": 100.0, "parcel_cost": -30.0, "labour_cost": 5.0}
    assert _signed({"sales": 100.0, "operating_profit": 40.0}) == {}


def test_hostile_names_do_nothing_in_the_page(tmp_path: Path) -> None:
    folder = hostile(tmp_path / "x")
    folder.write_json(
        "assumptions.json", [{"key": HOSTILE[6], "value": HOSTILE[0], "unit": HOSTILE[5], "source": HOSTILE[4]}]
    )
    page = report_html(folder)
    reader = read(page)
    assert not {"script", "img"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    assert "\x1b" not in page and "\u202e" not in page and "\x07" not in page
    text = " ".join(reader.words)
    assert "<script>alert(1)</script>" in text and "{{ 7*7 }}" in text and "한국 매장" in text and r"\u202e" in text


def test_same_files_same_page_without_times_of_making(compared: ResultFolder) -> None:
    first = write_report(compared).read_bytes()
    assert write_report(compared).read_bytes() == first
    target = write_report(compared, compared.path.parent / "elsewhere.html")
    assert target.read_bytes() == first and str(compared.path) not in first.decode()


def test_report_of_a_run_with_nulls_and_days(tmp_path: Path) -> None:
    words = " ".join(read(report_html(single_run(tmp_path / "r"))).words)
    assert "KRW 81,234,567" in words and "no pickup" in words and "03-01" in words and "91.30 %" in words


def test_daily_tables_long_or_wide(tmp_path: Path) -> None:
    from omosim.reports.run_report import daily_charts

    wide = daily_charts({"day": [0, 1], "orders": [3, 4]})
    long = daily_charts({"day": [0, 0, 1, 1], "series": ["orders", "x", "orders", "x"], "value": [3.0, 1.0, 4.0, None]})
    assert [c.title for c in wide] == ["Orders"] and [c.title for c in long] == ["Orders", "X"]
    assert wide[0].lines[0].path == long[0].lines[0].path and daily_charts({"orders": [1]}) == []


def test_calibration_counts_what_is_outside(tmp_path: Path) -> None:
    words = " ".join(read(report_html(calibration(tmp_path / "c"))).words)
    assert "built-in" not in words  # a column named as a method of dict is still the column
    assert "1 of 2 measures" in words and "Repeat rate" in words and "hold-out" in words and "Sun" in words


def test_failed_runs_are_told(tmp_path: Path) -> None:
    folder = comparison(tmp_path / "x", {**ARMS, "bad": {"nonsense": 1}}, "o2o", replications=3)  # type: ignore[dict-item]
    words = " ".join(read(report_html(folder)).words)
    assert "3 runs failed" in words and "KeyError" in words


def test_only_one_replication_or_nothing_defined(tmp_path: Path) -> None:
    folder = comparison(tmp_path / "x", ARMS, "o2o", replications=1)
    words = " ".join(read(report_html(folder)).words)
    assert "Cannot tell" in words
    lone = comparison(tmp_path / "y", {"o2o": ARMS["o2o"]}, "o2o", replications=2)
    assert "Cannot tell" in " ".join(read(report_html(lone)).words)


def test_unfinished_and_other_commands(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path / "u", "compare")
    folder.begin({"schema_version": 1, "command": "compare", "argv": ["compare"]})
    with pytest.raises(Unfinished):
        report_html(folder.path)
    other = ResultFolder(tmp_path / "v", "validate")
    other.begin({"schema_version": 1, "command": "validate", "argv": ["validate"]})
    other.finish({"answer": "12 of 14 patterns hold"})
    assert "12 of 14 patterns hold" in " ".join(read(report_html(tmp_path / "v")).words)


def test_no_shopper_ids(compared: ResultFolder) -> None:
    compared.write_table("orders", {"order_id": [1], "shopper_id": [424242424242]})
    assert "424242424242" not in report_html(compared)
    assert json.loads((compared.path / "summary.json").read_text())["schema_version"] == 1


def test_people_on_duty_are_drawn_as_steps() -> None:
    from omosim.reports.figures import Line, chart

    made = chart("Pickers", "people", [Line("planned", [1.0, 2.0, None, 2.0], "#000", steps=True)], ["a", "b", "c", "d"])
    corners = [tuple(map(float, p.split())) for p in made.lines[0].path.replace("M", "L").split("L")[1:]]
    assert [x for x, _ in corners] == [0, 25, 25, 50, 75, 100]
    assert corners[0][1] == corners[1][1] > corners[2][1] == corners[3][1] == corners[4][1]
