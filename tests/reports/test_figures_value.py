from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from omosim.reports.figures_value import Part, Swing, tornado, waterfall
from omosim.reports.svg import CELLS, cells, fit, lines_of, standalone

NS = "{http://www.w3.org/2000/svg}"
PARTS = [Part("bopis", 24.0, 18.0, 31.0), Part("same_day", -14.0), Part("live", 6.0)]


def bars(picture: str) -> list[tuple[float, float, str]]:
    """left, right and colour of the bars that tell something about themselves."""
    root = ET.fromstring(picture)
    return [
        (float(r.get("x", "").rstrip("%")), float(r.get("x", "").rstrip("%")) + float(r.get("width", "").rstrip("%")), r.get("fill", ""))
        for r in root.iter("rect") if r.find("title") is not None
    ]  # fmt: skip


def test_bars_of_a_waterfall_hang_together_and_end_at_the_sum() -> None:
    got = bars(waterfall(PARTS, unit="minor KRW"))
    (a0, a1, up), (b0, b1, down), (c0, c1, again), (s0, s1, _) = got
    zero, unit = a0, (a1 - a0) / 24
    assert up == again != down
    assert b1 == pytest.approx(a1, abs=0.05) and b1 - b0 == pytest.approx(14 * unit, abs=0.05)
    assert c0 == pytest.approx(b0, abs=0.05) and s0 == pytest.approx(zero, abs=0.05) and s1 == pytest.approx(c1, abs=0.05)


def test_a_waterfall_says_its_figures_and_whether_its_axis_is_cut() -> None:
    picture = waterfall(PARTS, unit="minor GBP", start=("o2o", 1000.0), end="omo")
    words = " ".join(ET.fromstring(picture).itertext())
    for piece in ("o2o", "10.00", "bopis", "+0.24", "+0.18 to +0.31", "omo", "10.16", "the axis does not start at 0", "GBP"):
        assert piece in words
    assert "does not start" not in waterfall(PARTS, unit="minor GBP", start=("o2o", 5.0), end="omo")


def test_a_tornado_is_ordered_by_reach_and_bars_meet_at_the_base() -> None:
    rows = [Swing("small", 9.0, 11.5), Swing("wide", 2.0, 14.0), Swing("one side", 12.0, 13.0)]
    picture = tornado(rows, base=10.0, unit="minor KRW", noise=1.0)
    names = [t.text for t in ET.fromstring(picture).iter("text") if t.text in {r.name for r in rows}]
    assert names == ["wide", "one side", "small"]
    got = bars(picture)
    base = got[0][1]
    assert got[1][0] == pytest.approx(base, abs=0.05) and [g[0] for g in got[2:4]] == pytest.approx([base, base], abs=0.05)
    assert (got[0][1] - got[0][0]) / (got[1][1] - got[1][0]) == pytest.approx(8 / 4, rel=0.01)
    assert "chance alone" in picture and "left out" in tornado(rows, base=10.0, unit="", most=2)


@pytest.mark.parametrize("picture", [waterfall([], unit=""), tornado([], base=0.0, unit="")])
def test_nothing_to_draw_is_said(picture: str) -> None:
    assert re.search("no part was switched on|no input was varied", picture) and 'role="img"' in picture


def test_names_cannot_leave_their_text() -> None:
    bad = "</text><script>alert(1)</script>&\" ' \u202e \x00 \ufffe ]]>"
    for picture in (waterfall([Part(bad, 1.0)], unit="", start=(bad, 1.0), end=bad, title=bad), tornado([Swing(bad, 1.0, 2.0, bad, bad)], base=0.0, unit="", title=bad)):
        root = ET.fromstring(standalone(picture).split("\n", 1)[1])
        assert {e.tag.removeprefix(NS) for e in root.iter()} <= {"svg", "title", "desc", "text", "rect", "line", "circle"}
        assert not [k for e in root.iter() for k in e.attrib if k.startswith("on") or "href" in k]


def test_words_fit_a_phone() -> None:
    assert cells("한국") == 4 and cells(fit("한" * 90)) <= CELLS and fit("a" * 90).endswith("…") and fit("short") == "short"
    assert lines_of("one two three", 7) == ["one two", "three"] and lines_of("x" * 99, 10) == ["x" * 9 + "…"]
