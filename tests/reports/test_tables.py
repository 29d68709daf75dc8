from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pytest
from report_samples import ARMS, HOSTILE, comparison, hostile

from omosim.reports.accessors import attach
from omosim.reports.export import csv_text, safe_cell, write_csv, write_xlsx
from omosim.reports.figures import Interval, Line, axis, bridge, chart, forest, short
from omosim.reports.tables import plain_table, print_comparison
from omosim.results import CompareResult, ResultFolder, load


def test_plain_text_when_not_a_terminal(compared: ResultFolder) -> None:
    out = io.StringIO()
    print_comparison(compared.summary(), file=out)
    text = out.getvalue()
    assert "\x1b" not in text and "Operating profit KRW" in text and compared.summary()["answer"] in text
    row = next(line for line in text.splitlines() if line.startswith("Operating profit") and " omo " in line)
    assert row.rstrip().endswith("better")


def test_colours_on_a_terminal_and_markup_is_only_text(tmp_path: Path) -> None:
    from rich.console import Console

    folder = hostile(tmp_path / "x")
    out = io.StringIO()
    print_comparison(
        folder.summary(), console=Console(file=out, force_terminal=True, width=400, color_system="standard")
    )
    text = out.getvalue()
    assert "\x1b[" in text and "[red]bold[/red]" in text
    for code in ("\x1b[31mANSI", "\x1b]8;;", "\x07", "\u202e"):
        assert code not in text
    plain = plain_table(folder.summary()["comparison"], HOSTILE[0], everything=True)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", plain)


def test_one_pair_shows_its_reason_not_a_certainty(tmp_path: Path) -> None:
    folder = comparison(tmp_path / "x", ARMS, "o2o", replications=1)
    text = plain_table(folder.summary()["comparison"], "o2o")
    assert "one pair: no interval" in text and "in every pair" not in text


def test_wide_characters_keep_their_columns() -> None:
    from rich.cells import cell_len

    row = {"kpi": "orders", "unit": "orders", "baseline": "b", "baseline_mean": 1.0, "diff": 0.0, "ci_low": -1.0}
    row |= {"ci_high": 1.0, "verdict": "cannot_tell", "reason": ""}
    text = plain_table([{**row, "strategy": "한국"}, {**row, "strategy": "omo!"}], "b")
    first, second = text.splitlines()[1:3]
    assert cell_len(first) == cell_len(second)


def test_attached_accessors(compared: ResultFolder) -> None:
    attach()
    attach()
    result = load(compared.path)
    assert isinstance(result, CompareResult)
    table = result.table()
    assert "Operating profit" in str(table) and table._repr_html_() == result._repr_html_()  # type: ignore[attr-defined]
    assert result.report().name == "report.html"  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore:Glyph")
def test_forest_leaves_global_style_alone_and_reads_no_formula(tmp_path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    before = dict(mpl.rcParams)
    attach()
    result = load(hostile(tmp_path / "x").path)
    axes = result.plot.forest()  # type: ignore[attr-defined]
    out = io.BytesIO()
    axes.figure.savefig(out, format="svg")
    assert dict(mpl.rcParams) == before
    assert len(axes.get_yticklabels()) == len(HOSTILE) - 1
    assert not any(t.get_parse_math() for t in [*axes.get_yticklabels(), axes.xaxis.label])
    with pytest.raises(KeyError, match="operating_profit"):
        result.plot.forest("nonsense")  # type: ignore[attr-defined]


def test_forest_scales(compared: ResultFolder) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    attach()
    rows = {(r["kpi"], r["strategy"]): r for r in compared.summary()["comparison"]}
    axes = load(compared.path).plot.forest(["operating_profit", "fill_rate", "orders"])  # type: ignore[attr-defined]
    dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"][::-1]
    profit, revenue = rows["operating_profit", "omnichannel"], rows["net_revenue", "omnichannel"]
    assert dots[0] == pytest.approx(100 * profit["diff"] / revenue["baseline_mean"])
    assert dots[2] == pytest.approx(100 * rows["fill_rate", "omnichannel"]["diff"])
    orders = rows["orders", "omo"]
    assert dots[5] == pytest.approx(100 * orders["diff"] / orders["baseline_mean"])


def test_notebook_view_is_escaped(tmp_path: Path) -> None:
    attach()
    view = load(hostile(tmp_path / "x").path)._repr_html_()  # type: ignore[attr-defined]
    assert "<script" not in view and "<img" not in view and "&lt;script&gt;" in view


def test_screen_of_a_comparison(compared: ResultFolder, capsys: pytest.CaptureFixture[str]) -> None:
    from omosim.reports.terminal import CompareScreen
    from omosim.study import Progress

    summary = compared.summary()
    rows = summary["comparison"]
    seen = Progress(done=7, reused=2, failed=1, planned=30, maximum=40, pairs=2, seconds=10.0, rows=rows)
    with CompareScreen("o2o", ["o2o", "omo"], 40) as screen:
        screen.update(seen)
        screen.message("a \x1b[31mline [red]x")
        screen.result(rows, summary, Path("report.html"))
    shown = capsys.readouterr()
    assert "about 37 s left" in shown.err and r"\u001b[31mline [red]x" in shown.err
    assert "After 2 pairs" in shown.out and "report.html" in shown.out and "\x1b" not in shown.out + shown.err


def test_run_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from omosim.reports.terminal import say_run

    figures = [
        SimpleNamespace(kpi="operating_profit", value=12_345, unit="minor KRW", reason=""),
        SimpleNamespace(kpi="pickup_ready_on_time", value=None, unit="share", reason="no pickup"),
    ]
    say_run(figures, Path("report.html"), {"strategy": "omo", "market": "m", "period": "over 7 days", "unresolved": 3})
    out = capsys.readouterr().out
    assert out.startswith("omo in m over 7 days\n3 orders had not come to their end")
    assert "12,345" in out and "KRW" in out and "undefined: no pickup" in out and "report.html" in out


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\ufeff=1", "＝1+1", "|calc", "%0A=1"]
)
def test_formulas_are_quoted(text: str) -> None:
    assert str(safe_cell(text)).startswith("'")


def test_csv_keeps_numbers_and_reads_back(tmp_path: Path) -> None:
    columns = {
        "name": ["a,b", 'q"q', "=HYPERLINK(1)", "한국"],
        "value": [-1.5, None, 3, 0.1],
        "=x": [True, False, True, False],
    }
    path = write_csv(tmp_path / "t.csv", columns)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    assert rows[0] == ["name", "value", "'=x"] and rows[1] == ["a,b", "-1.5", "True"]
    assert rows[2] == ['q"q', "", "False"] and rows[3][0] == "'=HYPERLINK(1)" and rows[4][0] == "한국"
    assert csv_text({"a": []}) == "a\r\n"


def test_xlsx_holds_no_formula(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", {"a/b[1]": {"x": ["=1+1", "ok\x1b"], "y": [1.5, None]}})
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert sheet["A2"].value == "=1+1" and sheet["A2"].data_type == "s" and sheet["A2"].quotePrefix and sheet["B2"].value == 1.5
    assert sheet["A3"].value == r"ok\u001b" and sheet.title == "a_b_1_"


def test_axis_holds_its_values_and_zero() -> None:
    for values in ([3.0, 4.0], [-1e-9], [0.0], [1e12, -5e9], [], [7.3, 7.3]):
        got = axis(values)
        assert got.low <= min([*values, 0.0]) and got.high >= max([*values, 0.0]) and got.low < got.high
        assert all(0 <= got.at(t) <= 100 for t in got.ticks) and len(got.ticks) <= 8
    assert [short(v) for v in (0, 0.05, 1500, 25_000, -1.25e6, 3e9)] == [
        "0",
        "0.05",
        "1,500",
        "25 k",
        "-1.25 M",
        "3 bn",
    ]


def test_geometry_by_hand() -> None:
    got = forest(
        "t", "u", [Interval("a", -1.0, 0.0, 1.0, "cannot_tell", ""), Interval("b", None, None, None, "cannot_tell", "")]
    )
    assert (got.zero, got.rows[0].left, got.rows[0].width, got.rows[0].dot, got.rows[1].dot) == (50, 0, 100, 50, None)
    steps, zero = bridge({"a": 4.0, "b": -2.0}, {"a": "", "b": ""}, "sum", "")
    assert zero == 0 and [(s.left, s.width, s.kind) for s in steps] == [
        (0, 100, "up"),
        (50, 50, "down"),
        (0, 50, "total"),
    ]
    line = chart("t", "u", [Line("l", [0.0, None, 10.0], "#000")], ["a", "b", "c"]).lines[0]
    assert line.path == "M16.667 100M83.333 0"
