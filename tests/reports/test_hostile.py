"""Nothing that a user can name runs, fetches, computes or breaks: pages, spreadsheets, pictures."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from hostile_names import FOLDERS, NAMES
from page_reader import read

from omosim.reports.bundle import write_formats
from omosim.reports.drawings import drawings
from omosim.reports.language import using
from omosim.reports.page import POLICY
from omosim.reports.write import report_html
from omosim.results import ResultFolder

ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "p", "h1", "h2", "h3", "div", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td",
    "details", "summary", "bdi", "code", "strong", "b", "span", "i", "br", "ul", "li", "figure", "svg", "desc", "text", "rect", "line", "path", "circle",
}  # fmt: skip
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b\u2060\ufeff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ResultFolder]:
    place = tmp_path_factory.mktemp("hostile")
    return {kind: make(place / kind) for kind, make in FOLDERS.items()}


@pytest.mark.parametrize("kind", FOLDERS)
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_page_is_text_whatever_it_is_told(folders: dict[str, ResultFolder], kind: str, lang: str) -> None:
    with using(lang):
        page = report_html(folders[kind])
    reader = read(page)
    assert set(reader.tags) <= ELEMENTS, set(reader.tags) - ELEMENTS
    for name, value in reader.attributes:
        assert not name.startswith("on") and name not in ("src", "href", "xlink:href", "action", "formaction", "srcdoc", "background"), name
        shown = name in ("data-label", "aria-label", "content")  # words, which no browser takes for style or address
        assert shown or not re.search(r"url\(|@import|expression\(|[<>]", value or ""), (name, value)
    assert not UNSEEN.search(page)
    assert f'content="{POLICY}'.replace("'", "&#39;") in page and "script-src" not in POLICY and "default-src 'none'" in POLICY
    styles = re.findall(r"<style>(.*?)</style>", page, flags=re.S)
    assert len(styles) == 1 and set(re.findall(r"url\([^;,)]*", styles[0])) <= {"url(data:font/ttf"} and "@import" not in styles[0]


@pytest.mark.parametrize("kind", ["compare", "run", "sweep", "validate", "calibrate"])
def test_the_names_are_shown_as_they_are(folders: dict[str, ResultFolder], kind: str) -> None:
    words = " ".join(read(report_html(folders[kind])).words)
    assert "<script>document.title='ran'</script>" in words
    if kind != "calibrate":
        assert "{{ 7*7 }}" in words and r"\u202e" in words and "한국 매장" in words


@pytest.mark.parametrize("kind", FOLDERS)
def test_no_formula_in_spreadsheets_and_csv(folders: dict[str, ResultFolder], kind: str) -> None:
    import openpyxl

    made = write_formats(folders[kind], ["xlsx", "csv"])
    book = made[0]
    with zipfile.ZipFile(book) as parts:
        texts = {name: parts.read(name).decode() for name in parts.namelist()}
    for name, text in texts.items():
        ET.fromstring(text)
        if name.startswith("xl/worksheets/"):
            assert "<f>" not in text and "<f " not in text and "<hyperlink" not in text, name
        if name.endswith(".rels"):
            assert "http://x.test" not in text and 'TargetMode="External"' not in text, name
    found = set()
    for sheet in openpyxl.load_workbook(book):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("n", "s", "b"), cell.value
                if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@", "\t")):
                    assert cell.quotePrefix, cell.value
                    found.add(cell.value)
    if kind in ("compare", "run", "sweep"):
        assert {"=1+1", "-2+3"} <= found
    for path in made[1:]:
        for line in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")):
            for cell in line:
                assert not cell.startswith(("=", "@", "\t", "+c", "-2+")), cell


@pytest.mark.parametrize("kind", FOLDERS)
def test_pictures_carry_names_as_text(folders: dict[str, ResultFolder], kind: str) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    for path in write_formats(folders[kind], ["svg"]):
        root = ET.fromstring(path.read_text(encoding="utf-8"))
        assert {e.tag.rsplit("}", 1)[-1] for e in root.iter()} <= {"svg", "title", "desc", "text", "rect", "line", "path", "circle"}
        assert not [k for e in root.iter() for k in e.attrib if k.startswith("on") or "href" in k]


@pytest.mark.filterwarnings("ignore:Glyph", "ignore:constrained_layout")
def test_matplotlib_draws_every_kind_of_figure_with_hostile_names(folders: dict[str, ResultFolder]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    before = dict(mpl.rcParams)
    from omosim.reports.bundle import _png

    seen = set()
    for folder in folders.values():
        for drawing in drawings(folder).values():
            if type(drawing) not in seen:
                seen.add(type(drawing))
                assert _png(drawing).startswith(b"\x89PNG")
    assert {t.__name__ for t in seen} == {"Forest", "Bridge", "Chart", "Flows"} and dict(mpl.rcParams) == before


def test_the_planner_page_and_its_files_stand_hostile_stores(tmp_path: Path) -> None:
    """The planner's own texts: store, file, notes, days; the page is built from plan.json alone."""
    from plan_sample import plan_folder

    for name in NAMES:
        folder = plan_folder(tmp_path / str(NAMES.index(name)), name)
        reader = read(report_html(folder))
        assert set(reader.tags) <= ELEMENTS and not [n for n, _ in reader.attributes if n.startswith("on")]
