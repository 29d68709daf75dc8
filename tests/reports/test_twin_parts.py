"""The page of a twin, part by part: four answers first, empty states, hostile names, what is Korean in it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
import twin_samples as sample
from hostile_names import NAMES
from page_reader import read
from test_hostile import ELEMENTS, UNSEEN

from omosim.reports.language import say, translate_page, using
from omosim.reports.twin_learnt import learnt, moved, season_held, untold
from omosim.reports.twin_report import twin_page
from omosim.reports.twin_scores import alarm_part, score_charts, scored
from omosim.reports.twin_sections import Foretold, decided, forecast_of
from omosim.reports.twin_words import brief, ends, span


def words(**what: Any) -> str:
    return " ".join(" ".join(read(twin_page(**what)).words).split())


def test_four_answers_stand_first() -> None:
    text = words(**sample.whole())
    order = ["What comes next", "168 orders in the week from 2025-04-14", "How good earlier forecasts were", "What to do above chance", "omo: KRW +400,000", "What it cannot know", "Tables not given", "Way of trading", "Week from", "Twin's miss", "Drift alarm Quiet", "What the data moved", "What was learnt", "The data", "Where these figures come from"]
    places = [text.index(piece) for piece in order]
    assert places == sorted(places)


def test_a_twin_that_was_only_made_says_what_is_missing_and_how_to_get_it() -> None:
    text = words(**sample.bare())
    for piece in ("No forecast yet: omosim twin forecast makes one.", "no whole week of a forecast has been scored", "Nothing was weighed yet", "one set of closed forms", "Closed forms alone"):
        assert piece in text, piece
    assert "Drift alarm" not in text and "What the data moved" not in text and "None" not in text.replace("None.", "")
    refused = words(**sample.bare(posterior=False))
    assert "the orders could not carry a fit" in refused and "Not fitted: too few orders" in refused


@pytest.mark.parametrize("days", [1, 13, 14, sample.DAYS])
def test_what_the_page_advises_is_not_refused(days: int) -> None:
    """Without a fit nothing can be weighed; without two weeks of orders nothing can be foretold, and so nothing scored."""
    made = sample.bare(posterior=False)
    panel = made["tables"]["panel"]
    shown = {day for i, day in enumerate(sorted(set(panel["date"]))) if i < days}
    made["tables"]["panel"] = {name: [v for v, day in zip(column, panel["date"], strict=True) if day in shown] for name, column in panel.items()}
    text = words(**made)
    assert "omosim twin decide" not in text and "Nothing can be weighed yet: too few orders" in text and "omosim twin score" not in text
    assert ("omosim twin forecast makes one" in text) is (days >= 14) is ("it needs two weeks of orders" not in text) is ("omosim twin forecast with this folder" in text)
    with using("ko"):
        page = translate_page(twin_page(**made))
    assert "Nothing can" not in page and "two weeks" not in page


@pytest.mark.parametrize(
    "why",
    ["f.csv: 1 days of orders; needed: 8 weeks at least. Give a longer log", "f.csv: 24 known shoppers before 2026-05-25; needed: 100. More customers are needed: give a longer log, or shopper_id of more orders",
     "f.csv: 0 known shoppers before 2026-05-25; needed: 100. Repeat purchases need shopper_id", "f.csv: 3 repeat purchases of 1,200 shoppers before 2026-05-25; needed: 50. Give a log whose shopper_id stays the same from order to order"],
)  # fmt: skip
def test_why_nothing_was_fitted_is_said_in_korean_whole(why: str) -> None:
    past = f"note: the orders cannot carry members ({why.partition(';')[0]}): each series is foretold by its own weekdays, with errors as large as weeks have differed; nothing can be decided on that"
    for text in (past, f"Not fitted: {why}", f"not fitted: {why}", f"Nothing can be weighed yet: {why}"):
        with using("ko"):
            left = re.sub(r"f\.csv|shopper_id", "", say(text))
        assert not re.search("[A-Za-z]{2}", left), left


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_hostile_names_are_text(lang: str) -> None:
    for i in range(0, len(NAMES), 5):
        channel, store, way, file = NAMES[i], NAMES[(i + 1) % 20], NAMES[(i + 2) % 20], NAMES[(i + 3) % 20]
        with using(lang):
            page = translate_page(twin_page(**sample.whole(NAMES[(i + 4) % 20], channel, store, way, file)))
        reader = read(page)
        assert set(reader.tags) <= ELEMENTS, set(reader.tags) - ELEMENTS
        assert not [n for n, _ in reader.attributes if n.startswith("on") or n in ("src", "href")] and not UNSEEN.search(page)


def full() -> dict[str, list[Any]]:
    """Levels that all counted goods reach."""
    table = sample.reorder()
    return {**table, "order_now": [None if n is None else 0 for n in table["order_now"]]}


def test_what_to_order_now_stands_first_in_what_to_do() -> None:
    """What may run out on top; what is enough, or was not counted, is not among it."""
    text = words(**sample.whole())
    part = text[text.index("What to order now") : text.index("Ways of trading weighed")]
    assert part.index("web web may run out S01 22 11 33 84.0 % 8.2") < part.index("cup web S01 2 12 14") and "pot" not in part and "Below their level: 2 of 3 counted goods, 24 units in all." in part
    assert "Order now: 24 units; below their level: 2 of 3 counted goods." in text
    none = words(**{**sample.whole(), "reorder": full()})
    assert "Nothing: all 3 counted goods reach their level." in none and "Nothing to order now" in none and "may run out" not in none
    levels = words(**{**sample.whole(), "reorder": sample.reorder(counted=False)})
    assert "Levels to order by" in levels and levels.index("tea tea S01 8.2 24 33") < levels.index("tea others of the category S01 5.1 16 22") and "What to order now" not in levels
    old = {key: column for key, column in sample.reorder().items() if key in ("node", "category", "unit", "daily_mean", "reorder_level", "order_up_to", "lead_days", "review_days", "service")}
    assert "Levels to order by" in words(**{**sample.whole(), "reorder": old}) and "What to order now" not in words(**{**sample.whole(), "reorder": {}})


#: words that stay in Korean: names, codes, keys
STAY = re.compile(r"CRPS|KRW|SKU|Asia/Seoul|omo|staff\*2|S01|tea|cup|pot|too few orders|closed|[a-z_]+\.[a-z_]+|budget_min|twin\.json")
ENGLISH = re.compile(r"\b(?:the|of|and|in|is|with|than|weeks?|orders?|days?|from|to)\b")


def plain() -> dict[str, Any]:
    """A decision of a shop that loses, with a way of no effect and one that is not told, and pickups that the worlds lack."""
    made = sample.decision("omo", "staff*2", "-omo")
    none, lines = {"pickups": {"q05": [0.0], "q50": [0.0], "q95": [0.0]}}, {"revenue_store": 3e6, "labour": -4e6, "operating_profit": -1e6}
    more: list[dict[str, Any]] = [{}, {"told": False}, {"people": [{"role": "pickers", "before": 1, "after": 2}, {"role": "counter", "before": 1, "after": 2}]}, {"gain": 0.0, "low": 0.0, "high": 0.0, "prob_better": 0.0}]
    ways = [{**way, **own, "series": none, "lines": lines} for way, own in zip(made["ways"], more, strict=True)]
    return {**made, "best": "as_it_is", "sure": False, "ways": ways, "notes": [*made["notes"], "profit is that of known customers' orders; daily bands, reorder levels and store plans count them times 1.14, for orders of people without a name and further orders of a day"], "stores": [{**sample.stores()[0], "to_pick_a_week": 0.0, "ready_on_time": None}]}


def test_all_of_it_is_korean_but_names() -> None:
    for what in (sample.whole(), sample.whole(channel="social"), {**sample.whole(), "reorder": sample.reorder(counted=False)}, {**sample.whole(), "reorder": full()}, sample.bare(), sample.bare(posterior=False), {**sample.whole(), "decision": sample.decision("omo", sure=False)}, {**sample.whole(), "decision": plain()}):
        missing: list[str] = []
        with using("ko"):
            page = translate_page(twin_page(**what), missing)
        assert [m for m in dict.fromkeys(missing) if re.search("[A-Za-z]{2}", STAY.sub("", m))] == []
        bare = STAY.sub("", re.sub(r"<(style|code|bdi)>.*?</\1>|<[^>]*>", " ", page, flags=re.S))
        assert [line for line in bare.splitlines() if ENGLISH.search(line)] == []


# ---- forecast ----
def test_the_newest_forecast_is_shown_with_what_met_the_one_before() -> None:
    seen = sample.panel()
    made = Foretold(sample.forecasts((70, 98), seen=seen), seen, "KRW")
    found = forecast_of(made)
    assert found is not None and found["origin"] == sample.day(98) and found["met_origin"] == sample.day(70) and len(found["weeks"]) == 4
    revenue = next(r for r in found["rows"] if r["kind"] == "Revenue")
    assert revenue["unit"] == "KRW" and revenue["cells"][0]["mid"] == "3,500,000"
    assert [c.title for c in found["fans"]] == ["Orders by day", "Revenue by day"]
    came = found["met"].lines[0].values
    assert came[-1] is not None and found["fans"][0].lines[0].values[-1] is None  # days of the older one have come, of the newest none
    assert found["hours"]["busiest"].startswith("Busiest: ") and made.last_weeks(sample.day(98), "orders") == pytest.approx(sum(v for s, v, d in zip(seen["series"], seen["value"], seen["date"], strict=True) if s == "orders" and d >= sample.day(70)) / 4)
    assert made.last_weeks(sample.day(60), "orders") is None  # day 40 was not observed


def test_a_forecast_of_the_contracts_columns_alone_has_days_and_no_weeks() -> None:
    table = sample.forecasts((98,))
    keep = [i for i, s in enumerate(table["step"]) if s == "day"]
    bare = {k: [table[k][i] for i in keep] for k in ("origin", "date", "series", "mean", "q05", "q50", "q95", "actual")}
    what = {**sample.bare(), "tables": {**sample.bare()["tables"], "forecasts": bare}}
    text = words(**what)
    assert "2025-04-14: 24 orders (16 to 32 in nine of ten)" in text and "Orders by day" in text


def test_an_old_forecast_and_an_old_decision_say_so() -> None:
    what = sample.whole()
    what["tables"]["forecasts"] = sample.forecasts((84,))
    what["decision"]["from"] = sample.day(84)
    text = words(**what)
    assert f"Foretold from {sample.day(84)}, before the newest data, which reach 2025-04-13." in text and f"Weighed from {sample.day(84)} on, before the newest data." in text
    assert f"168 orders in the week from {sample.day(98)}" in text and f"in the week from {sample.day(84)}" not in text  # a week that has come is not what comes next
    what["tables"]["forecasts"] = sample.forecasts((63,))
    assert f"The newest forecast ends on {sample.day(90)}, before the newest data: omosim twin forecast makes another." in words(**what)


def test_a_forecast_says_what_it_lacks_and_what_it_knows_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Foretold(sample.forecasts((98,)), sample.panel(), "KRW")
    found = forecast_of(made, season=True)
    assert found is not None and found["lacking"] == "Pickups; Store visitors: S01" and not found["season"]  # April and May
    monkeypatch.setattr(sample, "START", date(2025, 6, 2))
    autumn = [forecast_of(Foretold(sample.forecasts((98,)), sample.panel(), "KRW"), season=there) for there in (True, False)]
    assert [f is not None and f["season"] for f in autumn] == [True, False]
    steps, members = sample.assimilations(2), {"member": [0, 0], "parameter": ["pace", "season"], "value": [1.0, 0.2]}
    told = {"step": "forecast", "did": {}}
    assert season_held([*steps, told], members) and season_held([steps[0], told, steps[1]], members)
    assert not season_held(steps, members) and not season_held([*steps, told, *steps], members)  # no forecast; members begun anew after it
    assert not season_held([*steps, told], None) and not season_held([*steps, told], {"parameter": ["pace"]})
    assert "In the data and not foretold: Pickups; Store visitors: S01" in words(**sample.whole())


# ---- scores ----
def test_a_verdict_beside_simple_forecasts_needs_origins_and_a_gap() -> None:
    row = scored(sample.scores(8, own=8.0), "KRW")[0]
    assert row["series"] == "orders" and row["verdict"] == "better" and row["beside"] == "0.80" and row["held_words"] == "6 of 8"
    assert scored(sample.scores(8, own=12.0), "KRW")[0]["verdict"] == "worse"
    assert scored(sample.scores(8, own=10.0), "KRW")[0]["verdict"] == "cannot_tell"
    assert scored(sample.scores(4, own=2.0), "KRW")[0]["verdict"] == "few"
    text = words(**{**sample.bare(), "tables": {**sample.bare()["tables"], "scores": sample.scores(1, own=33.0)}})
    assert "Orders: missed 3.4 times as far as the best simple forecast (one forecast: too few to tell); the 90 % band held in 1 of 1 weeks" in text
    assert [c.title for c in score_charts(sample.scores(), "KRW")] == ["Orders a week, foretold and come", "Orders: how far the week ahead missed", "Revenue a week, foretold and come", "Revenue: how far the week ahead missed"]
    assert score_charts(sample.scores(1), "KRW") == []


def test_the_alarm_draws_the_sums_that_raise_it() -> None:
    from omosim.api.twin_page import alarm_of

    seen = sample.panel()
    quiet = alarm_of(sample.day(0), {"panel": seen, "forecasts": sample.forecasts((70,), seen=seen)})
    assert quiet is not None and quiet["days"] == 28 and set(quiet["series"]) == {"orders", "revenue"}
    jump = {**seen, "value": [v * 2 if v is not None and s == "orders" and d >= sample.day(84) else v for v, s, d in zip(seen["value"], seen["series"], seen["date"], strict=True)]}
    raised = alarm_of(sample.day(0), {"panel": jump, "forecasts": sample.forecasts((70,), seen=jump)})
    assert raised is not None and raised["raised"] and raised["raised"][0][1] == "orders" and sample.day(84) <= raised["raised"][0][0] <= sample.day(91)
    sums = raised["series"]["orders"]
    over = [d for d, up in zip(sums["dates"], sums["up"], strict=True) if up > sums["limit"]]
    assert over[0] == raised["raised"][0][0]
    part = alarm_part(raised)
    assert part is not None and part["newest"][1] == "Orders" and part["charts"][0].marks
    assert alarm_of(sample.day(0), {"panel": seen, "forecasts": sample.forecasts((98,), seen=seen)}) is None or not alarm_part(alarm_of(sample.day(0), {"panel": seen, "forecasts": sample.forecasts((98,), seen=seen)}))


# ---- parameters ----
def test_prior_stands_beside_posterior_and_what_no_data_tell_comes_first() -> None:
    found = learnt(sample.draws(), sample.told(), "KRW")
    assert found is not None and found["way"] == "set" and [r["says"] for r in found["rows"]] == ["told", "as assumed"]
    assert [r["beyond"] for r in found["rows"]] == [False, True] and found["rows"][1]["width_words"] == "KRW 31,000 to 39,000" and "<rect" in found["picture"]
    assert [h["title"] for h in untold(sample.told(), True)] == ["gross margin", "typical order", "taste for live beside the web"]
    loose = {k: v[:1] for k, v in sample.laws().items()} | {"se": [400.0]}
    assert (learnt(loose, None, "KRW") or {})["rows"][0]["width"] == "not told"
    plain = learnt(sample.laws(), None, "KRW")
    assert plain is not None and plain["way"] == "laws" and [r["value"] for r in plain["rows"]] == ["3.3", "KRW 18,000", "-9.52 %"]
    assert plain["rows"][0]["width"] == "2.7 to 4.03" and plain["rows"][1]["width"] == "–" and plain["rows"][2]["width"] == "-16.7 to -1.76 %"


def test_what_data_moved_is_drawn_from_the_journal_and_may_lack() -> None:
    assert moved([]) is None and moved(sample.head()["updates"]) is None
    found = moved(sample.assimilations(3), "KRW")
    assert found is not None and found["day"] == sample.day(28) and found["times"] == 3 and found["far"] == ["Orders"]
    assert [(r["title"], r["of"], r["unit"]) for r in found["rows"]] == [("pace of purchases beside the fitted laws", "", "factor"), ("typical order", "", "KRW"), ("Store visitors, data over all of the members'", "S01", "factor")]
    assert [r["far"] for r in found["rows"]] == [False, True, False] and found["rows"][1]["width"] == "20,000 to 22,000"
    assert [c.title for c in found["charts"]] == ["pace of purchases beside the fitted laws", "typical order", "Store visitors, data over all of the members': S01"] and found["charts"][0].band
    anew = moved([*sample.assimilations(3), *sample.assimilations(2)], "KRW")  # another number of members begins weeks back
    assert anew is not None and anew["times"] == 2 and anew["day"] == sample.day(21) and [name for _, name in anew["charts"][0].x_labels] == sorted(name for _, name in anew["charts"][0].x_labels)
    once = moved([{"step": "assimilate", "version": 2, "day": "2025-02-03", "did": {"moved": {"pace": [1.1, 1.2, 0.05], "other_thing": [0.1, 0.2], "broken": [None, 1.0]}}}])
    assert once is not None and once["day"] == "2025-02-03" and [(r["title"], r["width"]) for r in once["rows"]] == [("pace of purchases beside the fitted laws", "1.12 to 1.28"), ("other thing", "–")] and once["charts"] == []
    assert "The last step found nothing to learn from." in words(**{**sample.bare(), "head": sample.head(updates=[{"step": "assimilate", "version": 1, "did": {"day": "2025-02-03", "moved": {}}}])})


def test_a_decision_over_its_present_way_alone_has_no_picture() -> None:
    found = decided(sample.decision())
    assert found is not None and found["picture"] == "" and found["rows"][0]["present"]
    assert decided(None) is None


def test_ways_have_figures_only_where_they_were_compared() -> None:
    """Three worlds: same_day earns more in one; -bopis is the present way; what locker earns the worlds do not tell."""
    values = {"as_it_is": [5e3, 5e3, 5e3], "same_day": [6e3, 4e3, 4e3], "-bopis": [5e3, 5e3, 5e3], "locker": [9e3, 9e3, 9e3]}
    worlds = {"world": [0, 1, 2] * 4, "way": [way for way in values for _ in range(3)], "value": [v for row in values.values() for v in row]}
    ways = [{"way": way, "mean": sum(row) / 3, "gain": sum(row) / 3 - 5e3, "gain_error": 0.1, "low": min(row) - 5e3, "high": max(row) - 5e3, "prob_better": sum(v > 5e3 for v in row) / 3, "prob_best": 1.0, "regret": 9.0, "told": way != "locker",
             "people": [{"role": "pickers", "planned": 1, "before": 1, "after": 2}] if way == "locker" else [], "lines": {"revenue_web": 30.0, "labour": -25.0, "parcels": 0.0, "operating_profit": 5.0}} for way, row in values.items()]  # fmt: skip
    made = {**sample.decision(), "members": 4, "failed": [{"member": 3, "kind": "x", "message": "y"}], "best": "as_it_is", "sure": False, "unit": "minor KRW", "ways": ways}
    found = decided(made, worlds)
    assert found is not None and found["worlds"] == 3 and found["states"] == ["not told", "same"] and found["compared"]
    assert [(r["way"], r["says"], r["better"], r["first"], r["gain"]) for r in found["rows"]] == [("as it is", "", "–", "2 of 3", "–"), ("same_day", "", "1 of 3", "1 of 3", "-333"), ("-bopis", "changes nothing", "–", "–", "–"), ("locker", "not told", "–", "–", "–")]
    assert [r["best"] for r in found["rows"]] == [True, False, False, False] and found["knowing"] == "KRW 333" and [r["regret"] for r in found["rows"]] == ["333", "667", "–", "–"]
    assert [(r["line"], r["cells"][0]) for r in found["statement"]["rows"]] == [("Web sales, gross", "30"), ("Labour", "-25"), ("Operating profit", "5")] and not found["statement"]["loses"]
    loss = words(**{**sample.whole(), "decision": plain()})
    assert "What to do cannot tell" in loss  # of one way nobody knows what it earns
    stay = {**sample.decision("omo"), "best": "as_it_is", "sure": False}
    shown = words(**{**sample.whole(), "decision": stay})
    assert "What to do no gain above chance" in shown and "what stores need is that of" not in shown
    assert "labour is 4,000,000 and sales are 3,000,000, KRW" in loss and "Sales are those of known customers alone" in loss
    shown = words(**{**sample.whole(), "decision": made, "worlds": worlds})
    assert "pickers 1 → 2" in shown and "Changes nothing: the way is the present one" in shown and "Not told: the worlds and the log are too far apart" in shown
    assert "what stores need is that of" not in shown and "locker" not in found["picture"] and "-bopis" not in found["picture"] and "same_day" in found["picture"]
    assert "the way that is advised, not of the present one." in words(**sample.whole())
    alone = words(**{**sample.whole(), "decision": {**made, "ways": ways[:1], "best": "as_it_is"}})
    assert "Is best in" not in alone and "Mean regret" not in alone and "No way was compared with the present one." in alone


def test_pickups_that_the_data_have_and_the_worlds_lack_are_said_over_the_plan() -> None:
    none = {"pickups": {"q05": [0.0], "q50": [0.0], "q95": [0.0]}}
    made = sample.whole()["decision"]
    store = {**sample.stores()[0], "to_pick_a_week": 0.0, "ready_on_time": None}
    lacking = {**made, "ways": [{**way, "series": none} for way in made["ways"]], "stores": [store]}
    shown = words(**{**sample.whole(), "decision": lacking})
    assert "Pickups are not planned: the data have 5" in shown and "Pickers, h" not in shown and "capacity_plan.csv" not in shown
    assert "Pickups are not planned" not in words(**sample.whole()) and "Pickups are not planned" not in words(**{**sample.whole(), "decision": {**lacking, "ways": made["ways"]}})


def test_figures_have_three_digits_that_count() -> None:
    assert brief(172.99, "orders") == "173 orders" and brief(4.44, "orders") == "4.4 orders" and brief(0.04, "orders", bare=True) == "0"
    assert brief(4_251_621, "minor KRW") == "KRW 4,250,000" and brief(4_251_621, "minor GBP") == "GBP 42,500" and brief(1234, "minor GBP") == "GBP 12.3"
    assert brief(0.0801, "share") == "8.01 %" and brief(None, "orders") == "–" and brief(float("nan"), "orders") == "–"
    assert span(-42_340_100, -42_320_900, "minor KRW", sign=True) == "-42,340,000 to -42,320,000" and ends(0.02, 0.1, "share") == "2 to 10 %"


# ---- console and catalogue ----
def test_lines_of_the_command_are_said_in_korean_and_as_they_are_in_english(capsys: pytest.CaptureFixture[str]) -> None:
    from omosim.reports.language import speaking

    lines = "orders: 2,385 new, 0 known, 6 changed\nnote: no stock counts: shelves begin at the model's own levels\nForecast: t/forecasts.parquet, 28 days from 2025-04-14. Report: t/report.html    next: omosim twin update dir=t orders=FILE\n"
    with speaking():
        print(lines, end="")
    assert capsys.readouterr().out == lines
    with using("ko"), speaking():
        print(lines, end="")
        print("half a line: Report: ", end="")
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == ["주문: 새 행 2,385, 이미 아는 행 0, 바뀐 행 6", "참고: 재고 실사 없음: 진열 재고는 모형의 수준에서 시작한다"]
    assert out[2] == "예측: t/forecasts.parquet, 2025-04-14부터 28일. 보고서: t/report.html 다음: omosim twin update dir=t orders=FILE" and out[3] == "half a line: Report: "


def test_every_class_of_rows_and_every_parameter_has_korean_words() -> None:
    from omosim.ingest.reader import OWN_CLASSES
    from omosim.ingest.uci import CLASSES
    from omosim.reports.twin_report import TELLS
    from omosim.reports.twin_words import LAWS, MOVING, SERIES
    from omosim.twin import follow
    from omosim.twin.identify import HELP, UNTOLD
    from omosim.twin.parameters import PARAMETERS

    texts = {t for c in (*OWN_CLASSES, *CLASSES) for t in (c.meaning, c.done)} | {p.title for p in PARAMETERS} | set(HELP.values()) | {t for _, title, _, why in UNTOLD for t in (title, why)}
    texts |= {title for title, _ in MOVING.values()} | set(LAWS.values()) | set(SERIES.values()) | set(TELLS.values())
    with using("ko"):
        assert sorted(t for t in texts if say(t) == t and not re.fullmatch(r"[a-z_]+\.[a-z_]+", t)) == []
    columns = {p.name: (p.title, p.unit) for p in (*PARAMETERS, follow.PACE, follow.NEWCOMERS, follow._SEASON)}
    assert {name: columns[name] for name in MOVING} == MOVING and set(follow.TOLD) <= set(MOVING)


def test_answers_and_notes_of_a_decision_are_korean_whole() -> None:
    import numpy as np

    from omosim.api.twin_decide import _answer
    from omosim.twin.decide import weigh

    worlds = np.arange(12, dtype=float)
    for values in ({"as_it_is": worlds}, {"as_it_is": worlds, "omo": worlds + 5}, {"as_it_is": worlds, "omo": worlds - 5, "staff*2": worlds - 9}, {"as_it_is": worlds, "omo": 2 * worlds - 4}):
        text = _answer(weigh(values, "as_it_is"), 14, "GBP", 12)
        with using("ko"):
            assert not re.search(r"(?<![A-Za-z*])(?!GBP\b|omo\b|staff\b|ways\b)[A-Za-z]{2,}", say(text)), say(text)


def test_what_came_of_a_decision_is_said_in_korean_whole() -> None:
    from omosim.api.twin_log import words_of

    rows = [{**r, "way": "omo", "taken": "told"} for r in sample.log()]
    for mine in (rows[:1], rows[:2], rows[:3], [{**r, "taken": "assumed"} for r in rows[:3]], rows[3:]):
        (line,) = words_of(mine)
        with using("ko"):
            left = re.sub(r"KRW|omo|as_it_is|twin decide took=WAY", "", say(line))
        assert not re.search("[A-Za-z]{2}", left), left


def test_decisions_of_one_day_can_be_told_apart() -> None:
    """Two that weighed the same way on one day: each row has its number, as the log's file and printed answers have."""
    log = [{**row, "number": number} for number in (1, 2) for row in sample.log()[:1]]
    text = words(**{**sample.whole(), "log": log})
    with using("ko"):
        assert "as it is" not in translate_page(twin_page(**{**sample.whole(), "log": log}))
    assert text.count(f"no. 1 {log[0]['decided']} as it is") == text.count(f"no. 2 {log[0]['decided']} as it is") == 1


def test_a_single_channel_is_not_told_beside_its_total() -> None:
    from omosim.reports.twin_words import told_twice

    values = {"orders": [10.0, None, 12.0], "orders.web": [10.0, None, 12.001], "revenue": [90.0, 80.0], "revenue.web": [60.0, 70.0], "units.tea": [3.0], "pickups": [1.0]}
    assert told_twice(values) == {"orders.web"} and told_twice({}) == set()
