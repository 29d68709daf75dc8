"""Whole things of stores that a way moves by a factor: what the model takes is said, and what changes nothing is refused."""

from __future__ import annotations

import pytest

from omosim.api.twin_decide import _touches_pickup
from omosim.api.twin_ways import people_changed, people_words, ways_of, with_ways
from omosim.api.twin_whole import PLANNED, rounded_words, whole_on
from omosim.config.compose import compose
from omosim.config.errors import ConfigError
from omosim.reports.language import say, using
from omosim.schema.settings import Settings
from omosim.strategy import build_policy
from omosim.world.interventions import Interventions
from omosim.world.nodes import CAPACITIES
from omosim.world.synthesis import synthesise

SHOP = ("strategy=o2o", "shoppers=2000", "network.stores.count=3", "network.operations.slot_minutes=60", "network.operations.slot_orders=7", "network.operations.shelf_bins=3", "network.operations.batch_orders=5")


def of(*more: str) -> Settings:
    return compose("run", [*SHOP, *more]).settings


def ran(settings: Settings, what: str) -> list[int]:
    """What the stores of the model have of it on the first day."""
    world = synthesise(settings, settings.seed, settings.replication)
    world.policy = build_policy(settings)
    Interventions(settings, world).apply(settings.burn_in_days)
    stores = world.nodes["kind"] == 1
    if what == "courier_capacity":
        return sorted(set(world.nodes["wave_capacity"][stores].tolist()))
    return sorted(set(world.capacities()[stores, CAPACITIES.index({"slots": "slot_cap"}.get(what, what))].tolist()))


@pytest.mark.parametrize("times", [0.07, 0.3, 0.5, 1.1, 1.5, 2.0])
@pytest.mark.parametrize("what", [what for what in PLANNED if what not in ("bays", "rooms", "keep")])
def test_figures_are_those_of_the_model(what: str, times: float) -> None:
    settings = of("network.carrier.wave_capacity=25")
    if what == "courier_capacity":
        settings = with_ways(settings, ["same_day"])
    settings = with_ways(settings, [f"{what}*{times}"])
    assert [row.taken for row in whole_on(settings, what, 0)] == ran(settings, what)


def test_a_product_that_is_not_whole_is_said_and_one_that_is_is_not() -> None:
    """By hand: 7 × 1.1 = 7.7; 7 × 2 = 14; 5 × 1.1 × 1.5 = 8.25 after a way that was taken; 3 people × 1.5 = 4.5."""
    settings = of()
    said = lambda word, on=settings: rounded_words(word, on.model_copy(update=ways_of([word], on, 0)[word]), 0)
    assert said("slots*1.1") == ["slots*1.1 in whole numbers: slots 7 × 1.1 = 7.7, taken as 8"]
    assert said("slots*2") == [] and said("price*0.93") == []
    assert said("same_day+slots*1.1+bins*2") == ["same_day+slots*1.1+bins*2 in whole numbers: slots 7 × 1.1 = 7.7, taken as 8"]
    assert said("batch*1.5", with_ways(settings, ["batch*1.1"])) == ["batch*1.5 in whole numbers: batch 5 × 1.65 = 8.25, taken as 8"]
    people = of("network.stores.pickers=3", "network.stores.counter=2", "network.stores.peak_extra=0")
    rows = people_changed(people, with_ways(people, ["staff*1.5"]), 0)
    assert people_words("staff*1.5", rows) == "staff*1.5 in whole people of a store: pickers 3 to 5 (4.5 asked for), counter 2 to 3"
    with using("ko"):
        for line in ("staff*1.5 in whole people of a store: pickers 3 to 5 (4.5 asked for), counter 2 to 3", "slots*1.1 in whole numbers: slots 7 × 1.1 = 7.7, taken as 8"):
            text = say(f"note: {line}")
            assert "asked" not in text and "taken" not in text and "whole" not in text and ("4.5" in text or "7.7" in text)


@pytest.mark.parametrize(
    ("word", "why", "cure"),
    [
        ("slots*1.05", "slots are whole: 7 × 1.05 = 7.35, taken as 7", "write slots*1.08"),
        ("bins*0.9", "bins are whole: 3 × 0.9 = 2.7, taken as 3", "write bins*1.17"),
        ("same_day+slots*1.05+batch*2", "slots are whole", "write slots*1.08"),
        ("bays*2", "stores have no number of them (network.operations.curbside_bays)", "network.operations.curbside_bays=N"),
        ("courier_capacity*2", "same_day, which is off", "with same_day"),
    ],
)
def test_a_factor_that_changes_no_figure_is_refused(word: str, why: str, cure: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ways_of([word], of(), 0)
    (problem,) = caught.value.problems
    assert problem.key == "ways" and "*" in problem.value and why in problem.message and cure in problem.cure and problem.allowed
    assert ways_of([word], of(), 0, taken=True)


def test_the_least_factor_that_is_named_changes_something() -> None:
    assert ways_of(["slots*1.08", "bins*1.17"], of(), 0)
    for word in ("slots*1.07", "bins*1.16"):
        with pytest.raises(ConfigError):
            ways_of([word], of(), 0)
    assert _touches_pickup(of(), ways_of(["slots*1.08"], of(), 0)["slots*1.08"])


@pytest.mark.parametrize("way", ["stock*1.0", "price*1", "same_day+fee*1.00", "price*2+price*0.5", "media*1"])
def test_a_factor_of_one_is_refused(way: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ways_of([way], of(), 0)
    (problem,) = caught.value.problems
    assert problem.key == "ways" and "changes nothing" in problem.message and "other than 1" in problem.allowed and "Leave it out" in problem.cure
    assert ways_of([way], of(), 0, taken=True)  # one noted before such were refused stays
    assert ways_of(["price*2+price*0.6"], of(), 0)


@pytest.mark.parametrize(
    ("way", "why", "cure"),
    [("o2o+omo", "more than one strategy", "ways=[o2o,omo]"), ("omo+staff*2+omo", "more than one strategy", "ways=[omo]"), ("same_day+-same_day", "whether it has same_day", "Leave one"), ("-bopis+omo+-bopis", "whether it has bopis", "Leave one")],
)
def test_of_two_strategies_or_two_words_of_a_capability_none_wins_in_silence(way: str, why: str, cure: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ways_of([way], of(), 0)
    (problem,) = caught.value.problems
    assert problem.key == "ways" and way in problem.value and why in problem.message and cure in problem.cure
    assert ways_of([way], of(), 0, taken=True)
