"""Pictures, book and page of an attribution study from its tables alone; the figures in them are those of the tables."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from omosim.reports.attribute_plots import error_axes
from omosim.reports.attribute_report import attribute_page
from omosim.reports.bundle import write_formats
from omosim.reports.drawings import drawings
from omosim.results import ResultFolder
from omosim.study.attribute import (
    NO_MEDIA,
    REVENUE,
    Figures,
    attribution_rows,
    error_rows,
    path_rows,
    recommended,
    shift_rows,
    transition_rows,
)
from omosim.study.attribute_summary import summarise
from omosim.study.attribution import MODELS
from tests.study.test_attribute_tables import POINTS, additive, silent


def written(place: Path, figures: Figures) -> ResultFolder:
    from omosim.api.attribution import _write

    place.mkdir()
    folder = ResultFolder(place, "attribute")
    plans = recommended(figures, POINTS, [0.0], 0.1)
    tables: dict[str, list[dict[str, Any]]] = {
        "attribution": attribution_rows(figures, POINTS, [0.0], "minor KRW"), "errors": error_rows(figures, POINTS, [0.0]),
        "shifts": shift_rows(figures, plans, "minor KRW", POINTS, [0.0]), "transitions": transition_rows(figures, [0.0]), "paths": path_rows(figures, [0.0]),
    }  # fmt: skip
    for name, rows in tables.items():
        _write(folder, name, rows)
    head = {"command": "attribute", "strategy": "x", "scenario": "y", "market": "z", "days": 7, "shoppers": 10, "period": "over 7 days", "seed": 1, "replications": 6, "shift": 0.1, "unit": "minor KRW", "failed_runs": 0}
    (place / "summary.json").write_text(json.dumps({**head, **summarise(figures, POINTS, tables, [0.0])}), encoding="utf-8")
    (place / "provenance.json").write_text(json.dumps({"command": "attribute", "argv": ["omosim"]}), encoding="utf-8")
    return folder


def test_the_pictures_say_what_the_tables_say(tmp_path: Path) -> None:
    figures = additive(noise=10.0)
    for r in range(6):
        figures.put(NO_MEDIA, r, REVENUE, (figures.of("as it is", REVENUE)[r] or 0.0) - 90.0 - r)
    folder = written(tmp_path / "a", figures)
    found: dict[str, Any] = dict(drawings(folder))
    assert set(found) == {"credits", "errors_by_identity_loss", "touches"}
    rows = {row.name: row for row in found["credits"].rows}
    assert rows["Ads, Last touch"].mid == pytest.approx(20, abs=1) and rows["Ads, true"].low < rows["Ads, true"].mid < rows["Ads, true"].high
    lines = found["errors_by_identity_loss"].lines
    assert sorted(word for line in lines for word in line.name.split(", ")) == sorted(["First touch", "Last touch", "Linear", "Time decay", "Position", "Markov", "Shapley"])
    assert len(error_axes(folder, Figure().subplots()).lines) == len(MODELS) and len(lines) == 1  # where effects add up all models say the same, so they share a line
    made = write_formats(folder, ["png", "svg", "xlsx"])
    assert {p.name for p in made} == {*(f"{n}.{kind}" for n in found for kind in ("png", "svg")), "report.xlsx"}
    with zipfile.ZipFile(folder.path / "report.xlsx") as book:
        charts = [book.read(n).decode() for n in book.namelist() if n.startswith("xl/charts/chart")]
    assert len(charts) == 2 and charts[0].count("<c:ser>") == len(MODELS) + 1 and "errBars" in charts[0] and charts[1].count("<c:ser>") == len(MODELS)


def test_nothing_credited_leaves_words_and_no_empty_picture(tmp_path: Path) -> None:
    folder = written(tmp_path / "a", silent(true=10.0))
    assert "errors_by_identity_loss" not in drawings(folder) and "credits" in drawings(folder)
    write_formats(folder, ["png", "svg", "xlsx"])
    said = error_axes(folder, Figure().subplots())
    assert said.get_legend() is None and not said.lines and "credits none" in said.texts[0].get_text()
    page = attribute_page(folder)
    assert "the model credits none of the touchpoints that count" in page and "no shift: no paid touchpoint has any credit" in page and "Cannot tell which model is nearest" in page


def test_two_pairs_leave_no_pill_that_says_nearest(tmp_path: Path) -> None:
    page = attribute_page(written(tmp_path / "a", additive(2, 60.0, 3)))
    assert ">nearest</span>" not in page and ">least, cannot tell</span>" in page
