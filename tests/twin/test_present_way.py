"""A way that was taken is the present way from the twin's day on: the worlds that weighed it, and no bit of the past."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from omosim.api.twin_ways import AS_IT_IS, people_changed, people_on, present_on, ways_of, with_ways
from omosim.cli.main import main
from omosim.config.compose import compose
from omosim.config.errors import ConfigError
from omosim.results.tables import read_columns
from omosim.schema.settings import Settings
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))
DAYS = 84
ASKED = ("members=10", "horizon=14", "jobs=1", "warm_weeks=1")


def twin(*words: object) -> None:
    assert main(["twin", *map(str, words)]) == 0


def head(place: Path) -> dict:
    return json.loads((place / "twin.json").read_text(encoding="utf-8"))


def worlds(place: Path) -> dict[str, np.ndarray]:
    table = read_columns(place / "worlds.parquet")
    return {way: np.array([v for w, v in zip(table["way"], table["value"], strict=True) if w == way]) for way in dict.fromkeys(table["way"])}


@pytest.fixture(scope="module")
def decided(young: Path) -> Path:
    """A twin that has weighed two ways of trading on its day."""
    twin("forecast", f"dir={young}", *ASKED)
    twin("decide", f"dir={young}", "ways=[o2o+staff*2,staff*2]", *ASKED)
    return young


def copied(place: Path, to: Path) -> Path:
    return Path(shutil.copytree(place, to / "twin"))


@pytest.mark.parametrize("way", [pytest.param("o2o+staff*2", marks=pytest.mark.slow), "staff*2"])
def test_the_worlds_as_it_is_are_those_that_weighed_the_way(decided: Path, tmp_path: Path, way: str) -> None:
    """Profit of each world and bands of each day: what was foretold of the way is now foretold of the present one, to the unit."""
    place = copied(decided, tmp_path)
    before, made = worlds(place), json.loads((place / "decision.json").read_text())
    twin("decide", f"dir={place}", f"took={way}")
    twin("decide", f"dir={place}", *ASKED)
    after, again = worlds(place), json.loads((place / "decision.json").read_text())
    assert np.array_equal(after[AS_IT_IS], before[way])
    assert not np.array_equal(before[way], before[AS_IT_IS])
    old, new = (next(w for w in content["ways"] if w["way"] == name)["lines"] for content, name in ((made, way), (again, AS_IT_IS)))
    assert next(w for w in made["ways"] if w["way"] == way)["people"] == [{"role": role, "planned": 1, "before": 1, "after": 2} for role in ("pickers", "counter")]
    assert {w["way"]: w["told"] for w in made["ways"]} == {AS_IT_IS: True, "o2o+staff*2": False, "staff*2": True}  # nobody picks up in these worlds
    assert f"{way} in whole people of a store: pickers 1 to 2, counter 1 to 2" in made["notes"]
    assert old == new and again["present_way"] == {"from": shop.date(DAYS), "ways": [way]}
    assert any(note.startswith(f"as it is: {way}, since {shop.date(DAYS)}") for note in again["notes"])


def test_head_and_journal_say_from_which_day_and_as_it_is_changes_nothing(decided: Path, tmp_path: Path) -> None:
    place = copied(decided, tmp_path)
    forecast = (place / "forecasts.parquet").read_bytes()
    twin("decide", f"dir={place}", "took=as_it_is")
    assert "present" not in head(place) and head(place)["updates"][-1]["did"] == {"took": "as_it_is"} and head(place)["decisions"][-1]["took"] == "as_it_is"
    twin("forecast", f"dir={place}", *ASKED)
    assert (place / "forecasts.parquet").read_bytes() == forecast
    twin("decide", f"dir={place}", "took=o2o+staff*2")
    assert head(place)["present"] == [{"from": shop.date(DAYS), "ways": ["o2o+staff*2"]}]
    assert head(place)["updates"][-1]["did"] == {"took": "o2o+staff*2", "from": shop.date(DAYS)}
    # told again, told otherwise, and taken back on the same day
    steps = len(head(place)["updates"])
    twin("decide", f"dir={place}", "took=o2o+staff*2")
    assert len(head(place)["updates"]) == steps
    twin("decide", f"dir={place}", "took=staff*2")
    assert head(place)["present"] == [{"from": shop.date(DAYS), "ways": ["staff*2"]}]
    twin("decide", f"dir={place}", "took=as_it_is")
    assert head(place)["present"] == [] and (place / "forecasts.parquet").read_bytes() == forecast


def test_what_was_before_stays_and_later_weeks_are_of_the_new_way(decided: Path, tmp_path: Path) -> None:
    """The past's members and forecasts keep their bits; the forecast of the day has pickups now; weeks that come are run by the way that was taken."""
    place = copied(decided, tmp_path)
    members, old = (place / "members.parquet").read_bytes(), read_columns(place / "forecasts.parquet")
    assert "pickups" not in old["series"]
    twin("decide", f"dir={place}", "took=o2o+staff*2")
    assert (place / "members.parquet").read_bytes() == members and read_columns(place / "forecasts.parquet") == old
    twin("forecast", f"dir={place}", *ASKED)
    new = read_columns(place / "forecasts.parquet")
    assert "pickups" in new["series"] and (place / "members.parquet").read_bytes() == members
    twin("update", f"dir={place}", f"orders={decided.parent / 'all.csv'}", "jobs=1")
    kept = read_columns(place / "forecasts.parquet")
    assert {key: kept[key] for key in ("origin", "date", "series", "mean", "q95")} == {key: new[key] for key in ("origin", "date", "series", "mean", "q95")}
    told = [row for row in head(place)["updates"] if row["step"] == "assimilate"]
    other = copied(decided, tmp_path / "other")
    twin("update", f"dir={other}", f"orders={decided.parent / 'all.csv'}", "jobs=1")
    same = [row for row in head(other)["updates"] if row["step"] == "assimilate"]
    assert told[0] == same[0] and told[1:] != same[1:]  # one week of before, two since
    log = (place / "decision_log.csv").read_text(encoding="utf-8-sig")
    assert f"1,{shop.date(DAYS)},o2o+staff*2,no,told" in log.replace("yes,told", "no,told")


def test_ways_stand_on_those_before_them() -> None:
    settings = compose("run", ["strategy=multichannel", "network.stores.pickers=2", "network.stores.counter=2"]).settings
    one = with_ways(settings, ["same_day", "staff*1.5"])
    two = with_ways(one, ["staff*2"])
    assert one.strategy.capabilities["same_day"].enabled and two.strategy == one.strategy
    assert [(row.what, row.times) for row in two.scenario.interventions] == [("staff", 1.5), ("staff", 2.0)]
    more = with_ways(one, ["locator"])
    assert more.strategy.capabilities["same_day"].enabled and more.strategy.capabilities["locator"].enabled
    off = with_ways(more, ["-same_day"]).strategy.capabilities
    assert off["locator"].enabled and not ("same_day" in off and off["same_day"].enabled)


def of_people(pickers: int, counter: int, *more: str) -> Settings:
    return compose("run", ["strategy=multichannel", f"network.stores.pickers={pickers}", f"network.stores.counter={counter}", "network.stores.peak_extra=0", *more]).settings


@pytest.mark.parametrize(
    ("way", "people", "why", "least"),
    [
        ("staff*0", (1, 1), "leaves no pickers", "1.5"),
        ("omo+staff*0", (3, 2), "leaves no pickers", "1.17"),
        ("staff*0.3", (4, 1), "leaves no counter", "1.13"),
        ("staff*0.9", (1, 1), "changes nobody", "1.5"),
        ("staff*1.1", (1, 1), "changes nobody", "1.5"),
        ("staff*2+staff*0.5", (1, 1), "changes nobody", "1.5"),
        ("staff*1.1", (0, 0), "nobody planned", ""),
    ],
)
def test_a_factor_that_changes_nobody_or_leaves_nobody_is_refused(way: str, people: tuple[int, int], why: str, least: str) -> None:
    settings = of_people(*people)
    with pytest.raises(ConfigError) as caught:
        ways_of([way], settings, 0)
    (problem,) = caught.value.problems
    assert problem.key == "ways" and "staff*" in problem.value and why in problem.message and problem.cure and f"times {least}" in problem.allowed
    if least:  # it is the least, by the model's own rounding
        assert people_changed(settings, with_ways(settings, [f"staff*{least}"]), 0)
        assert not people_changed(settings, settings.model_copy(update=ways_of([f"staff*{float(least) - 0.01:g}"], settings, 0, taken=True)[f"staff*{float(least) - 0.01:g}"]), 0)


@pytest.mark.parametrize(
    ("word", "strategy", "part", "whose"),
    [("-same_day", "o2o", "-same_day", "o2o, the present way,"), ("price*0.9+-bopis", "multichannel", "-bopis", "multichannel, the present way,"), ("multichannel+-bopis", "o2o", "-bopis", "multichannel does")],
)
def test_what_a_strategy_does_not_have_cannot_be_switched_off(word: str, strategy: str, part: str, whose: str) -> None:
    settings = compose("run", [f"strategy={strategy}"]).settings
    with pytest.raises(ConfigError) as caught:
        ways_of(["price*0.9", word], settings, 0)
    (problem,) = caught.value.problems
    assert problem.key == "ways" and part in problem.value and whose in problem.message and f"Leave {part} out" in problem.cure
    of = compose("run", [f"strategy={word.partition('+')[0] if whose.endswith('does') else strategy}"]).settings.strategy
    has = sorted(name for name, row in of.capabilities.items() if row.enabled)
    assert has and problem.allowed == f"-NAME of what it has: {', '.join(has)}"
    assert ways_of([f"-{has[0]}"], compose("run", [f"strategy={of.name}"]).settings, 0)  # what is there can go
    assert ways_of([word], settings, 0, taken=True)  # one noted before such were refused stays


def test_what_was_switched_on_can_be_switched_off_again() -> None:
    settings = with_ways(compose("run", ["strategy=o2o"]).settings, ["same_day"])
    assert not ways_of(["-same_day"], settings, 0)["-same_day"]["strategy"].capabilities.get("same_day", type("", (), {"enabled": False})).enabled
    with pytest.raises(ConfigError):
        ways_of(["-same_day"], with_ways(settings, ["-same_day"]), 0)


def test_people_are_counted_whole_and_what_changed_nobody_is_not_compounded() -> None:
    """By hand: 3 and 2 people times 1.5 are 4.5 and 3, rounded up at the half."""
    settings = of_people(3, 2, "network.stores.count=40", "network.dark_stores.count=1")
    more = with_ways(settings, ["staff*1.5"])
    assert people_on(settings, 0) == [("pickers", 3, 3), ("counter", 2, 2), ("dark store pickers", 3, 3)]
    assert [now for _, _, now in people_on(more, 0)] == [5, 3, 5]
    one = of_people(1, 1)
    five = with_ways(one, ["staff*1.2"] * 5)
    assert five.scenario == one.scenario and [row["after"] for row in people_changed(one, with_ways(five, ["staff*1.5"]), 0)] == [2, 2]
    both = with_ways(one, ["same_day+staff*1.2"])
    assert both.scenario == one.scenario and both.strategy.capabilities["same_day"].enabled


def test_what_the_fit_gave_a_strategy_goes_along() -> None:
    """A level that differs from the strategy's file is the retailer's own: it stands under every way that has the capability."""
    settings: Settings = compose("run", ["strategy=o2o"]).settings
    bopis = settings.strategy.capabilities["bopis"]
    own = bopis.model_copy(update={"levels": {**bopis.levels, "users": 0.123}})
    settings = settings.model_copy(update={"strategy": settings.strategy.model_copy(update={"capabilities": {**settings.strategy.capabilities, "bopis": own}})})
    for word in ("same_day", "omo", "omnichannel"):
        made = ways_of([word], settings, 0)[word]["strategy"]
        assert made.capabilities["bopis"].levels["users"] == 0.123
    without = ways_of(["-bopis"], settings, 0)["-bopis"]["strategy"].capabilities
    assert not ("bopis" in without and without["bopis"].enabled)


def test_the_present_way_is_that_of_its_day() -> None:
    twice = {"present": [{"from": "2025-02-01", "ways": ["omo"]}, {"from": "2025-03-01", "ways": ["omo", "staff*2"]}]}
    assert [present_on(twice, day)["ways"] for day in ("2025-01-31", "2025-02-01", "2025-02-28", "2025-03-01")] == [[], ["omo"], ["omo"], ["omo", "staff*2"]]
    assert present_on({}, "2025-01-01") == {"from": "", "ways": []}
