"""The words of a sweep: what is varied, what is composed, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from omosim.config.compose import compose
from omosim.config.errors import ConfigError
from omosim.config.sweep import compose_sweep


def test_several_values_are_factors_and_strategy_and_seed_are_not(tmp_path: Path) -> None:
    plan = compose_sweep(["strategy=o2o,omo", "seed=1,2,3", "shoppers=500,800", "network.stores.pickers=range(1,4)", "days=7"], tmp_path)
    assert plan.strategies == ["o2o", "omo"] and plan.seeds == [1, 2, 3]
    assert [(f.key, f.values) for f in plan.factors] == [("shoppers", (500, 800)), ("network.stores.pickers", (1, 2, 3))]
    assert plan.first.settings.days == 7 and len(plan.bases) == 2


def test_a_point_is_what_the_same_words_compose(tmp_path: Path) -> None:
    plan = compose_sweep(
        ["strategy=o2o,omo", "market=seoul_beauty,apparel", "strategy.capabilities.same_day=true,false", "shoppers=500,800", "market.choice.wait_per_day=interval(0.001,0.002)", "design=lhs"],
        tmp_path,
    )
    assert len(plan.bases) == 8
    for strategy in ("o2o", "omo"):
        for market in ("seoul_beauty", "apparel"):
            for on in (True, False):
                words = [f"strategy={strategy}", f"market={market}", f"strategy.capabilities.same_day={str(on).lower()}", "shoppers=800", "market.choice.wait_per_day=0.0015"]
                composed = compose("run", words, tmp_path).settings
                point = [{"market": market, "strategy.capabilities.same_day": on, "shoppers": 800, "market.choice.wait_per_day": 0.0015}[f.key] for f in plan.factors]
                assert plan.settings(strategy, point) == composed


def test_a_level_varies_only_where_the_capability_is(tmp_path: Path) -> None:
    plan = compose_sweep(["strategy=o2o,omo", "strategy.capabilities.same_day.levels.fee=0.5,2"], tmp_path)
    assert plan.settings("omo", (2.0,)).strategy.capabilities["same_day"].levels["fee"] == 2
    assert plan.settings("o2o", (2.0,)) == plan.settings("o2o", (0.5,))


def test_values_are_checked_at_every_point(tmp_path: Path) -> None:
    plan = compose_sweep(["network.stores.opens=10:00,23:00", "shoppers=500,800"], tmp_path)
    assert plan.settings("o2o", ("10:00", 500)).network.stores.opens == "10:00"
    with pytest.raises(ConfigError, match=r"close|open"):
        plan.settings("o2o", ("23:00", 500))


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["shopers=1,2"], "Did you mean 'shoppers'"),
        (["strategy=o2o,omx"], "Did you mean 'omo'"),
        (["market.demand.zzz=1,2"], "has no 'zzz'"),
        (["shoppers=1,2", "shoppers=3,4"], "given twice"),
        (["shoppers=5,5"], "a value twice"),
        (["days=interval(3,1)"], "empty"),
        (["market=interval(0,1)"], "no number"),
        (["replications=2,3"], "one value for the whole sweep"),
        (["shard=9/3"], "k from 1 to n"),
        (["shard=x"], "k/n"),
        (["baseline=omo", "strategy=o2o,store_only"], "not among the strategies"),
        (["scenario=glob(*)"], "glob"),
        (["strategy.capabilities.zzz=true,false"], "no such capability"),
        (["strategy=o2o", "strategy.capabilities.lockers.levels.fee=0.1,0.2"], "no such key"),
        (["market.segments.nobody.share=0.1,0.2"], "no such key|no 'nobody'"),
        (["shoppers=range(1,100000)"], "more than 10,000 values"),
        (["design=grit"], "design"),
        (["shoppers=300,abc"], "shoppers.*abc"),
        (["shoppers=0,300"], "shoppers"),
        (["shoppers=300,2.5"], "whole number"),
        (["network.stores.opens=10:00,soon"], "network.stores.opens"),
        (["days=interval(-3,5)"], "days"),
        (["market.choice.wait_per_day=interval(-1,5)"], "wait_per_day"),
    ],
)
def test_what_cannot_be_swept_is_refused_with_a_cure(words: list[str], part: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=part):
        compose_sweep(words, tmp_path)


def test_all_problems_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        compose_sweep(["shopers=1,2", "days=interval(3,1)", "strategy=o2o,omx"], tmp_path)
    assert len(told.value.problems) == 3
