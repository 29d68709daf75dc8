from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from page_reader import read
from plan_sample import plan_folder
from report_samples import ARMS, calibration, comparison, single_run
from study_samples import break_even, nothing, swept, valuation

from omosim.reports.bundle import lacking, write_formats
from omosim.reports.drawings import Bridge, drawings, svg_of
from omosim.reports.export import NativeChart, write_xlsx
from omosim.reports.figures_drawn import Heat, heat_picture
from omosim.reports.figures_flow import Flows, alluvial, journey_flows
from omosim.reports.write import report_html
from omosim.results import ResultFolder

MADE = {
    "compare": lambda path: comparison(path, ARMS, "o2o"),
    "run": single_run,
    "calibrate": calibration,
    "bopis": plan_folder,
}
CHARTS = {"compare": 1, "run": 1, "calibrate": 1, "bopis": 1}


STUDIES = {
    "value": (valuation, {"waterfall"}, {"by_capability": 1}),
    "flip": (break_even, {"map"}, {"who_pays": 1, "by_value": 1}),
    "flip of two keys": (lambda path, *name: break_even(path, *name, keys=2), {"map"}, {"who_pays": 1}),
    "sweep": (swept, {"tornado_1"}, {"over_all_points": 2, "tornado_1": 1}),
}


@pytest.mark.parametrize("kind", MADE)
def test_every_format_is_written_and_the_same_again(tmp_path: Path, kind: str) -> None:
    folder = MADE[kind](tmp_path / "x")
    made = write_formats(folder, ["xlsx", "csv", "svg"])
    first = {path: path.read_bytes() for path in made}
    assert all(first.values()) and {p: p.read_bytes() for p in write_formats(folder, ["xlsx", "csv", "svg"])} == first
    assert len({p for p in made if p.suffix == ".svg"}) == len(drawings(folder)) > 0
    assert {p.stem for p in made if p.suffix == ".csv"} == {p.stem for p in folder.path.glob("*.parquet")}
    with zipfile.ZipFile(folder.path / "report.xlsx") as book:
        assert len([n for n in book.namelist() if n.startswith("xl/charts/chart")]) >= CHARTS[kind]


@pytest.mark.parametrize("kind", STUDIES)
def test_studies_write_their_pictures_and_native_charts(tmp_path: Path, kind: str) -> None:
    make, names, charts = STUDIES[kind]
    folder = make(tmp_path / "x")
    made = write_formats(folder, ["xlsx", "png", "svg"])
    assert {p.stem for p in made if p.suffix == ".svg"} == {p.stem for p in made if p.suffix == ".png"} == names == set(drawings(folder))
    for path in made:
        if path.suffix == ".svg":
            text = "".join(ET.fromstring(path.read_text(encoding="utf-8")).itertext())
            assert "o2o" in text or "live_commerce" in text
        elif path.suffix == ".png":
            assert path.read_bytes().startswith(b"\x89PNG") and len(path.read_bytes()) > 5_000
    with zipfile.ZipFile(made[0]) as book:
        assert len([n for n in book.namelist() if n.startswith("xl/charts/chart")]) == sum(charts.values())
    assert lacking(folder, ["xlsx", "png", "svg"]) == ""


def test_charts_of_studies_are_in_the_unit_that_is_shown(tmp_path: Path) -> None:
    import openpyxl

    rows = lambda folder, sheet: [[c.value for c in row] for row in openpyxl.load_workbook(write_formats(folder, ["xlsx"])[0])[sheet].iter_rows()]
    assert rows(valuation(tmp_path / "v"), "by_capability")[1:] == [["live_commerce", 120, 100, 140, "better"], ["push", -20, None, None, "cannot_tell"]]
    assert rows(break_even(tmp_path / "f"), "by_value") == [["network.stores.count", "omo"], [5, 28], [40, -56]]
    assert rows(break_even(tmp_path / "f"), "who_pays")[1:] == [["o2o", 0.6], ["omo", 0.3], ["cannot tell", 0.1]]
    assert rows(swept(tmp_path / "s"), "tornado_1")[1:] == [["network.stores.count", -6, 9, "≤ 12", "≥ 33"]]


@pytest.mark.parametrize("kind", STUDIES)
def test_pictures_of_studies_carry_any_name_as_text(tmp_path: Path, kind: str) -> None:
    bad = "</text><script>alert(1)</script>{{ 7*7 }}$\\frac{1}{2}$ \u202e url(http://x.test)"
    for path in write_formats(STUDIES[kind][0](tmp_path / "x", bad), ["svg", "png"]):
        if path.suffix == ".svg":
            root = ET.fromstring(path.read_text(encoding="utf-8"))
            assert {e.tag.rsplit("}", 1)[-1] for e in root.iter()} <= {"svg", "title", "desc", "text", "rect", "line", "path", "circle", "defs", "pattern"}
            assert not [k for e in root.iter() for k in e.attrib if k.startswith("on") or "href" in k]
            assert not [v for e in root.iter() for k, v in e.attrib.items() if "url(" in v and v != "url(#open)" and k != "aria-label"]
            assert "{{ 7*7 }}" in "".join(root.itertext())


def test_a_folder_without_pictures_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from omosim.cli.main import main

    folder = nothing(tmp_path / "x")
    assert main(["report", str(folder.path), "format=xlsx,png,svg"]) == 0
    out = capsys.readouterr()
    assert out.err == "A claims folder has no picture for these formats: png and svg write no file; report.xlsx has tables and no chart.\n" and "report.xlsx" in out.out
    assert not (folder.path / "figures").exists() and lacking(folder, ["html", "csv"]) == ""
    assert lacking(single_run(tmp_path / "y"), ["xlsx", "png"]) == ""


def test_the_first_sheet_says_the_answer_and_where_it_comes_from(compared: ResultFolder) -> None:
    import openpyxl

    sheet = openpyxl.load_workbook(write_formats(compared, ["xlsx"])[0])["answer"]
    rows = {a.value: b.value for a, b in sheet.iter_rows(min_row=2)}
    assert rows["answer"] == compared.summary()["answer"] and rows["seed"] == "7" and "seed=7" in rows["command line"]


def test_error_bars_of_a_native_chart_are_the_interval(tmp_path: Path) -> None:
    columns = {"who": ["a", "b"], "mean": [10.0, None], "low": [8.0, None], "high": [13.0, None]}
    path = write_xlsx(tmp_path / "t.xlsx", {"s": columns}, {"s": [NativeChart("t", "u", "bar", "who", ("mean",), "low", "high")]})
    with zipfile.ZipFile(path) as book:
        chart = ET.fromstring(book.read("xl/charts/chart1.xml"))
    ns = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
    ends = {side: [float(v.text or 0) for v in chart.iter(f"{ns}{side}") for v in v.iter(f"{ns}v")] for side in ("plus", "minus")}
    assert ends == {"plus": [3, 0], "minus": [2, 0]}


def test_a_long_table_is_left_to_csv_and_the_book_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import openpyxl

    from omosim.reports import bundle

    monkeypatch.setattr(bundle, "SHEET_ROWS", 20)
    folder = single_run(tmp_path / "x")
    book = openpyxl.load_workbook(bundle.write_book(folder))
    assert "kpis" in book.sheetnames and "daily" not in book.sheetnames
    assert "28 rows: in daily.parquet, or format=csv" in [c.value for c in book["answer"]["B"]]


def test_the_bridge_drawn_elsewhere_ends_at_the_profit(compared: ResultFolder) -> None:
    for name, drawing in drawings(compared).items():
        assert 'role="img"' in svg_of(drawing), name
        if isinstance(drawing, Bridge):
            assert sum(s.amount for s in drawing.steps[:-1]) == pytest.approx(drawing.steps[-1].amount, abs=1e-6)


# ---- journeys --------------------------------------------------------------------------------------------------------
def with_orders(path: Path, touches: bool) -> ResultFolder:
    folder = ResultFolder(path, "run")
    folder.begin({"schema_version": 1, "command": "run", "argv": []})
    sold = [1, 1, 2, 0]
    folder.write_table("orders", {"order_id": [7, 8, 9, 10], "plan": ["web_ship", "web_ship", "store_first", "web_ship"], "channel": ["web", "web", "store", "web"], "fulfilment": ["ship", "pickup", "store", "ship"], "units_out": sold})
    if touches:
        folder.write_table("touches", {"mission": [7, 7, 8, -1], "touchpoint": ["search_ads", "email", "email", "push"]})
    folder.finish({"strategy": "omo"})
    return folder


def test_flows_count_bought_orders_by_their_way(tmp_path: Path) -> None:
    got = journey_flows(with_orders(tmp_path / "a", touches=False))
    assert got is not None and got.ways == {("web ship", "web", "ship"): 1, ("web ship", "web", "pickup"): 1, ("store first", "store", "store"): 1}


def test_with_touches_the_first_one_is_the_beginning(tmp_path: Path) -> None:
    got = journey_flows(with_orders(tmp_path / "a", touches=True))
    assert got is not None and got.stages[0] == "First touch"
    assert got.ways == {("search ads", "web", "ship"): 1, ("email", "web", "pickup"): 1, ("no touch", "store", "store"): 1}


def test_streams_are_as_wide_as_their_orders_and_meet_their_ends() -> None:
    ways = {("a", "x", "p"): 30, ("a", "y", "p"): 10, ("b", "x", "q"): 60}
    picture = ET.fromstring(alluvial(Flows("t", ("one", "two", "three"), ways)))
    assert "100 orders" in "".join(picture.itertext())
    inner = [e for e in picture if e.tag == "svg"]
    assert len(inner) == 2
    for svg in inner:
        spans = []
        for path in svg:
            corners = [float(v) for v in path.get("d", "").replace("M", " ").replace("C", " ").replace("H", " ").replace("Z", "").split()]
            upper = corners[-2] - corners[0]
            spans.append((round(upper), (path[0].text or "").split(": ")[1]))
        assert sum(span for span, _ in spans) == pytest.approx(99, abs=2)
        assert max(spans)[1] == "60 orders"


def test_small_streams_become_one() -> None:
    ways = {(f"plan {i}", "web", "ship"): 20 - i for i in range(15)}
    text = "".join(ET.fromstring(alluvial(Flows("t", ("one", "two", "three"), ways))).itertext())
    assert "all others" in text and "plan 6" in text and "plan 7" not in text
    assert "no order" in alluvial(Flows("t", ("one",), {}))


def test_heat_has_a_cell_a_figure_and_none_where_there_is_none() -> None:
    picture = ET.fromstring(heat_picture(Heat("t", "people", ("Mon", "Tue"), (("09", (1.0, None)), ("10", (4.0, 2.5))))))
    cells = list(picture.iter("rect"))
    assert len(cells) == 3 and "Tue 10: 2.5 people" in "".join(picture.itertext())
    light = [int((r.get("fill") or "")[1:3], 16) for r in cells]
    assert light[0] > light[2] > light[1]


# ---- the page's common parts -----------------------------------------------------------------------------------------
def test_the_page_lists_its_files_with_their_hashes(compared: ResultFolder) -> None:
    words = read(report_html(compared)).words
    for name in ("comparison.parquet", "runs.parquet", "summary.json", "convergence.parquet"):
        data = (compared.path / name).read_bytes()
        at = words.index(name)
        assert f"{len(data):,}" in words[at : at + 6] and hashlib.sha256(data).hexdigest()[:16] in words[at : at + 9]


def test_convergence_ends_at_the_stated_interval(compared: ResultFolder) -> None:
    table = compared.read_table("convergence")
    for row in compared.summary()["comparison"]:
        if row["kpi"] == "operating_profit":
            last = max(i for i, s in enumerate(table["strategy"]) if s == row["strategy"])
            assert (table["diff"][last], table["ci_low"][last], table["ci_high"][last]) == (row["diff"], row["ci_low"], row["ci_high"])
            assert table["pairs"][last] == row["replications"]
    assert "Whether more runs would change it" in " ".join(read(report_html(compared)).words)


def test_every_picture_has_a_title_and_words(tmp_path: Path) -> None:
    for kind, make in MADE.items():
        page = report_html(make(tmp_path / kind))
        found = page.split("<svg class=")[1:]
        assert found, kind
        for picture in found:
            head = picture.split(">", 1)[0]
            assert 'role="img"' in head and 'aria-label="' in head and 'aria-label=""' not in head
            assert picture.split(">", 1)[1].startswith("<title>")


def test_a_run_answers_first_and_says_what_it_cannot(tmp_path: Path) -> None:
    words = " ".join(read(report_html(single_run(tmp_path / "x"))).words)
    assert words.index("omo earns an operating profit of KRW 81,234,567") < words.index("Day by day")
    assert "cannot tell whether another strategy is better" in words


def test_the_command_writes_the_formats_it_is_given_and_refuses_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from omosim.cli.main import main
    from omosim.reports.language import current

    folder = single_run(tmp_path / "x")
    assert main(["report", str(folder.path), "format=[html,csv]"]) == 0
    assert {p.name for p in (folder.path / "csv").iterdir()} == {"kpis.csv", "daily.csv"} and (folder.path / "report.html").is_file()
    assert main(["report", str(folder.path), "format=html,xslx"]) == 2
    said = capsys.readouterr().err
    assert "xslx" in said and "Did you mean 'xlsx'?" in said and "html, xlsx, csv, png, svg" in said and "Traceback" not in said
    assert main(["report", str(folder.path), "--lang", "ko"]) == 0 and current() == "en"
    assert '<html lang="ko">' in (folder.path / "report.html").read_text(encoding="utf-8")
