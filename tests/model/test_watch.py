"""The roster and the feed book stay in step with the run under dated changes, odd hours, and a restore."""

from __future__ import annotations

import pytest

from omosim.config.compose import compose
from omosim.model.retail import RetailModel
from omosim.schema.settings import Settings

CHANGES = (
    {"what": "staff", "from_day": 0, "to_day": 3, "times": 1.5, "stores": ["S01"]},
    {"what": "staff", "from_day": 1, "to_day": 2, "set": 1},
    {"what": "store_open", "from_day": 1, "to_day": 3, "set": 0, "stores": ["S02", "S03"]},
    {"what": "store_open", "from_day": 2, "set": 1, "stores": ["S03"]},
    {"what": "store_open", "from_day": 4, "set": 0, "stores": ["S04"]},
    {"what": "media", "from_day": 1, "times": 2, "channels": ["social"]},
    {"what": "capability", "from_day": 2, "capability": "stock_feed", "set": 0},
)
SMALL = ("strategy=omo", "shoppers=300", "days=5", "burn_in_days=2", "network.stores.count=4", "engine.drain_days=20")


def settings(*words: str, changes: tuple[dict[str, object], ...] = ()) -> Settings:
    plain = compose("run", [*SMALL, *words]).settings
    scenario = {"name": "test", "title": "test", "interventions": list(changes)}
    return Settings(**{**plain.model_dump(), "scenario": scenario})


@pytest.mark.parametrize("hours", [("10:00", "22:00", "17:00", "20:00"), ("00:00", "24:00", "00:00", "24:00"),
                                   ("00:00", "24:00", "08:00", "08:00")])  # fmt: skip
def test_roster_feed_and_money_agree_under_dated_changes(hours) -> None:
    words = [f"network.stores.{name}={value}" for name, value in zip(("opens", "closes", "peak_from", "peak_to"), hours)]
    model = RetailModel(settings(*words, changes=CHANGES)).run()
    assert set(model.audit.worst.values()) == {0}
    assert int(model.watch.store_days[0]) == 4 * 5 - 1  # S04 closes for good; S02 and S03 pay rent while they are shut for days


def test_a_shop_that_is_open_day_and_night_stays_open() -> None:
    model = RetailModel(settings("network.stores.opens=00:00", "network.stores.closes=24:00"))
    for _ in range(3):
        model.step()
    model.clock.run_due()
    assert model.world.nodes["open"][1:].all()


def test_a_branch_with_another_feed_keeps_the_book() -> None:
    model = RetailModel(settings())
    for _ in range(3):
        model.step()
    nightly = settings("strategy.capabilities.stock_feed.levels.publish_s=86400")
    branch = RetailModel.restore(nightly, model.snapshot()).run()
    assert set(branch.audit.worst.values()) == {0}
