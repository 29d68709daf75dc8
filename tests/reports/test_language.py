from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from page_reader import read
from plan_sample import plan_folder
from report_samples import ARMS, ASSUMPTIONS, comparison, single_run

from omosim.reports import language
from omosim.reports.language import Catalogue, say, translate_page, use, using
from omosim.reports.write import PAGES, report_html
from omosim.results import ResultFolder

KOREAN = Path(language.__file__).parent / "languages" / "ko.json"


def sweep(path: Path) -> ResultFolder:
    folder = ResultFolder(path, "sweep")
    folder.begin({"schema_version": 1, "command": "sweep", "argv": ["sweep"]})
    folder.write_table("design", {"point": [0, 1], "network.stores.count": [5, 10]})
    folder.write_table("differences", {"strategy": ["omo", "omo"], "baseline": ["o2o", "o2o"], "point": [0, 1], "diff": [5.0, -2.0], "ci_low": [1.0, -6.0], "ci_high": [9.0, 2.0]})
    row = {"points": 2, "share_best": 0.5, "share_best_low": 0.1, "share_best_high": 0.9, "gain": 1.0, "worst_decile": -2.0, "regret": 1.0, "largest_regret": 2.0}
    futures = [{**row, "strategy": name} for name in ("o2o", "omo")]
    folder.finish({"points": 2, "design": "grid", "strategies": ["o2o", "omo"], "baseline": "o2o", "seeds": [1], "replications": 2, "runs": 8, "failed_runs": 0, "unit": "KRW", "futures": futures, "factors": [{"key": "network.stores.count", "values": [5, 10]}]})
    return folder


def run(path: Path) -> ResultFolder:
    folder = single_run(path)
    folder.write_json("assumptions.json", ASSUMPTIONS)
    folder.write_table("orders", {"order_id": [1, 2], "plan": ["web_bopis", "store_first"], "channel": ["web", "store"], "fulfilment": ["pickup", "store"], "units_out": [1, 1]})
    folder.write_table("funnel", {"stage": ["awareness", "after_sales"], "channel": ["all", "web"], "segment": ["a", "a"], "entering": [9, 9], "leaving": [3, 3]})
    return folder


MAIN = {
    "compare": lambda path: comparison(path, ARMS, "o2o"),
    "run": run,
    "sweep": sweep,
    "bopis": plan_folder,
}
#: texts of the made-up folders that no catalogue should have: names of users
NAMES = {"omnichannel", "omo", "o2o", "o2o, omo", "S01", "Pickup plan of S01"}


@pytest.mark.parametrize("kind", MAIN)
def test_the_main_pages_are_translated_whole(tmp_path: Path, kind: str) -> None:
    """Fails with the list of texts that languages/ko.json lacks."""
    folder = MAIN[kind](tmp_path / "x")
    missing: list[str] = []
    with using("ko"):
        page = translate_page(PAGES[kind](folder), missing)
    assert [text for text in dict.fromkeys(missing) if text not in NAMES] == []
    read(page)
    assert '<html lang="ko">' in page and "이 숫자의 출처" in page


def test_figures_and_names_are_the_same_in_both_languages(tmp_path: Path) -> None:
    folder = comparison(tmp_path / "x", ARMS, "o2o")
    english = report_html(folder)
    with using("ko"):
        korean = report_html(folder)
    assert report_html(folder) == english
    bare = [re.sub(r"<style>.*?</style>", "", page, flags=re.S) for page in (english, korean)]  # the Korean page carries its letters
    figures = [sorted(re.findall(r"[+-][\d,.]*\d", " ".join(read(page).words))) for page in bare]
    assert figures[0] == figures[1] and len(figures[0]) > 50
    names = [re.findall(r"<bdi>(.*?)</bdi>", page) for page in (english, korean)]
    assert names[0] == names[1]
    with using("ko"):
        assert folder.summary()["answer"] != say(folder.summary()["answer"])


def test_a_missing_text_stays_english_and_others_are_translated() -> None:
    page = '<html lang="en"><p>Nobody translated this.</p><p>All figures</p><td data-label="Value">1</td>'
    missing: list[str] = []
    with using("ko"):
        got = translate_page(page, missing)
    assert missing == ["Nobody translated this."] and got == '<html lang="ko"><p>Nobody translated this.</p><p>모든 지표</p><td data-label="값">1</td>'
    assert translate_page(page) == page


def test_names_keep_their_places_and_stay_escaped() -> None:
    page = "<h1><bdi>&lt;b&gt;Orders</bdi> against <bdi>Returns</bdi></h1>"
    with using("ko"):
        assert translate_page(page) == "<h1><bdi>&lt;b&gt;Orders</bdi> 대 <bdi>Returns</bdi></h1>"
        assert translate_page("<p>From &lt;x&gt; to &amp;y</p>") == "<p>&lt;x&gt;에서 &amp;y로</p>"
        assert translate_page("<style>p::after{content:'Orders'}</style><p>Orders</p>") == "<style>p::after{content:'Orders'}</style><p>주문</p>"


def test_sentences_lists_and_place_holders() -> None:
    made = Catalogue({"{n#} of {m#} hold.": "{m} 중 {n}.", "It is {x}.": "{x}이다.", "red": "빨강", "{a#} under {x~}": "{x} {a}", "Loads: {x}.": "부하: {x}."})
    assert made.say("3 of 4 hold. It is red.") == "4 중 3. 빨강이다."
    assert made.say(" It is {y}. Unknown.") == " {y}이다. Unknown."
    assert made.say("Loads: 38 % under o2o, 41 % under omo.") == "부하: o2o 38 %, omo 41 %."
    assert made.say("three of 4 hold.") == "three of 4 hold."


def test_the_catalogue_is_sound() -> None:
    texts = json.loads(KOREAN.read_text(encoding="utf-8"))
    assert list(texts) == sorted(texts) and len(texts) > 300
    for english, korean in texts.items():
        asked, given = (set(re.findall(r"\{(\w+)[#~^]?\}", t)) for t in (english, korean))
        assert given <= asked, english
        assert set(re.findall(r"⟦\d⟧", english)) == set(re.findall(r"⟦\d⟧", korean)), english
        assert not re.search(r"[<>]", korean.replace("< ", "")), korean


def test_hostile_texts_do_not_keep_the_matcher_busy() -> None:
    import time

    bad = ["KRW +1 (" * 300, "a, b; c. " * 200, "{x} " * 500, "1 to " * 400, "under " * 400]
    began = time.process_time()
    with using("ko"):
        for text in bad:
            say(text)
    assert time.process_time() - began < 5


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'fr' is not allowed; there are en, ko"):
        use("fr")
    assert language.current() == "en"


def test_the_terminal_answers_in_korean(tmp_path: Path) -> None:
    from omosim.reports.tables import print_comparison

    folder = comparison(tmp_path / "x", ARMS, "o2o")
    out = io.StringIO()
    with using("ko"):
        print_comparison(folder.summary(), file=out)
    assert "영업이익" in out.getvalue() and "더 낫다" in out.getvalue() and "전략보다 더 번다" in out.getvalue()


def test_figures_have_korean_letters_without_a_system_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped font has every syllable of KS X 1001, is small, and stands beside its licence."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    from omosim.reports import plots

    assert plots.FONT.stat().st_size < 1_000_000 and "SIL OPEN FONT LICENSE" in (plots.FONT.parent / "OFL.txt").read_text(encoding="utf-8")
    font = FT2Font(str(plots.FONT))
    assert font.family_name == "Omosim Hangul"
    letters = set(font.get_charmap())
    syllables = {bytes([a, b]).decode("euc_kr") for a in range(0xB0, 0xC9) for b in range(0xA1, 0xFF)}
    assert len(syllables) == 2350 and {ord(s) for s in syllables} <= letters
    written = {c for text in json.loads(KOREAN.read_text(encoding="utf-8")).values() for c in text if "가" <= c <= "힣"}
    assert {ord(c) for c in written} <= letters
    monkeypatch.setattr(font_manager, "get_font_names", list)
    plots.families.cache_clear()
    assert plots.families()[-1] == "Omosim Hangul"
    plots.families.cache_clear()
