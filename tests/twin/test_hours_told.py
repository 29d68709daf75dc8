"""Opening hours that neither the retailer nor the orders tell are assumed, and that is said with the cure."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from omosim.api.twin_capacity import _past
from omosim.api.twin_state import hours_assumed
from omosim.config.compose import compose
from omosim.ingest import ReadOptions, read_log
from omosim.planning.history import hours_not_told
from omosim.reports.language import say, using
from omosim.twin.costs import HOURS
from omosim.twin.tables import Tables
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))


def tables(frame: pd.DataFrame, place: Path) -> Tables:
    return Tables(read_log(shop.write(frame, place / "orders.csv"), "own", ReadOptions(timezone="Asia/Seoul")))


def two_stores(seed: int = 1) -> pd.DataFrame:
    """S01 with some 500 sales and pickups, S02 with 60 sales, S03 with 500 sales and no pickup, S04 with sales of one hour."""
    one, few, sold, short = (shop.orders(days=56, per_day=n, seed=seed + i, hours=hours) for i, (n, hours) in enumerate(((24, (10, 21)), (3, (9, 22)), (24, (9, 22)), (24, (12, 13)))))
    sold = sold[sold["channel"] == "store"]
    parts = [frame.assign(store_id=name, order_id=name + frame["order_id"]) for name, frame in (("S01", one), ("S02", few), ("S03", sold), ("S04", short))]
    return pd.concat(parts).sort_values("placed_at", kind="stable").reset_index(drop=True)


def test_stores_whose_orders_tell_no_hours_are_those_that_plans_take_the_settings_for(tmp_path: Path) -> None:
    found = tables(two_stores(), tmp_path)
    network = compose("run", ["strategy=o2o"]).settings.network
    untold = hours_not_told(found.orders.lines)
    assert untold == ["S02", "S03", "S04"]
    for store in ("S01", "S02", "S03", "S04"):  # what the plan of a store does
        past = _past(found, store, network, frozenset())[0]
        assert (past is None or past.hours_from.startswith("network.stores.opens and closes (")) == (store in untold)


@pytest.mark.parametrize(("given", "keys"), [((), HOURS), ((HOURS[0],), HOURS[1:]), (HOURS, ())])
def test_assumed_hours_are_said_with_the_cure_unless_they_were_given(given: tuple[str, ...], keys: tuple[str, ...], tmp_path: Path) -> None:
    found, settings = tables(two_stores(), tmp_path), compose("twin", ["dir=a"]).settings
    said = hours_assumed(found, given, settings)
    if not keys:
        assert said == []
        return
    assert said == [f"opening hours of S02, S03, S04 are assumed, 09:00 to 18:00, as the orders do not tell them: omosim twin new takes yours ({' '.join(f'{key}=HH:MM' for key in keys)})"]
    with using("ko"):
        text = say(f"note: {said[0]}")
    assert "assumed" not in text and "S02, S03, S04" in text and all(key in text for key in keys) and "09:00" in text and "18:00" in text


def test_a_shop_that_only_sends_or_whose_orders_tell_is_told_nothing_and_of_many_stores_some_are_named(tmp_path: Path) -> None:
    settings = compose("twin", ["dir=a"]).settings
    few = shop.orders(days=7)
    assert hours_assumed(tables(few.assign(store_id="", fulfilment="delivery", channel="web"), tmp_path / "sent"), (), settings) == []
    assert hours_assumed(tables(shop.orders(days=56), tmp_path / "more"), (), settings) == []
    network = settings.network.model_copy(update={"stores": settings.network.stores.model_copy(update={"count": 0})})
    assert hours_assumed(tables(few, tmp_path), (), settings.model_copy(update={"network": network})) == []
    many = pd.concat([shop.orders(days=7, seed=i).assign(store_id=f"S{i:02d}") for i in range(1, 9)])
    many = many.assign(order_id=many["store_id"] + many["order_id"]).sort_values("placed_at", kind="stable")
    (said,) = hours_assumed(tables(many, tmp_path / "many"), (), settings)
    assert "of S01, S02, S03, S04, S05 and 3 more stores are" in said
    with using("ko"):
        assert "more stores" not in say(f"note: {said}") and "of every" not in say(said)
