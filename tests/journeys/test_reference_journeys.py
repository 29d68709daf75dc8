"""Journeys that retailers know, in runs of shipped strategies: they exist, and move with information and price as they must."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

import omosim as om
from omosim.model.paths import (
    READ_FIRST,
    TRY_FIRST,
    bought_off_the_shelf,
    category_columns,
    path_kpis,
    showroomed,
    web_orders,
    webroomed,
)
from omosim.schema.codes import Entry, Flow
from omosim.schema.columns import BOOK, order_key

WEB_RESEARCH = {"search_ads", "retailer_site", "app"}
SOCIAL = {"social_feed", "marketplace"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """world(*overrides, market=…, changes=[…]) -> a finished run of o2o; each is run once."""
    folder, kept = tmp_path_factory.mktemp("scenarios"), {}

    def once(*overrides: str, market: str = "seoul_beauty", changes: tuple = ()):
        key = (overrides, market, repr(changes))
        if key not in kept:
            path = folder / f"scenario{len(kept)}.yaml"
            path.write_text(yaml.safe_dump({"name": "test", "title": "test", "interventions": list(changes)}), encoding="utf-8")
            words = {"market": market, "shoppers": 6000, "days": 14, "burn_in_days": 7, "seed": 5, "scenario": str(path)}
            kept[key] = om.simulate("o2o", overrides=["output.touches=true", *overrides], **words)
        return kept[key]

    return once


def kpi(run, name: str) -> float:
    return float(run.kpis().set_index("kpi")["value"][name])


# ---- counted by hand ------------------------------------------------------------------------------------------
def book_of(*rows: dict) -> np.ndarray:
    book = np.zeros(len(rows), BOOK)
    for i, row in enumerate(rows):
        given = {"key": order_key(i, 0, 1), "units": 1, "units_out": 1, "revenue": 100, **row}
        for name, value in given.items():
            book[i][name] = value
    return book


def test_paths_by_hand():
    shelf, looked = {"flow": Flow.VISIT, "channel": Entry.STORE}, {"flow": Flow.VISIT, "channel": Entry.STORE, "units_out": 0, "revenue": 0}
    book = book_of(
        {**shelf, "offer": READ_FIRST, "category": 1},
        {**shelf, "offer": READ_FIRST},
        {**shelf, "offer": 4},
        {**looked, "offer": READ_FIRST},  # did not buy
        {**looked, "offer": TRY_FIRST, "key": order_key(9, 0, 3)},  # the visit of the next row
        {"flow": Flow.SHIP, "channel": Entry.WEB, "offer": TRY_FIRST, "key": order_key(9, 0, 3, 1), "units_back": 1},
        {"flow": Flow.SHIP, "channel": Entry.STORE, "offer": READ_FIRST, "key": order_key(10, 0, 3, 1)},  # endless aisle
        {"flow": Flow.SHIP, "channel": Entry.WEB, "offer": 0},
        {"flow": Flow.SHIP, "channel": Entry.WEB, "offer": TRY_FIRST, "key": order_key(9, 0, 3, 5)},  # its second parcel
        {"flow": Flow.PICKUP, "channel": Entry.WEB, "offer": 2},
        {"flow": Flow.BROWSE, "channel": Entry.WEB, "offer": 0, "units_out": 0},
    )
    assert (bought_off_the_shelf(book).sum(), webroomed(book).sum()) == (3, 2)
    assert (web_orders(book).sum(), showroomed(book).sum()) == (3, 1)
    found = {k.kpi: k.value for k in path_kpis(book)}
    assert found == {"webrooming_share": 2 / 3, "showrooming_share": 1 / 3}
    table = category_columns(book, ["first", "second", "third"])
    assert table["webrooming_share"] == [1 / 2, 1.0, None] and table["orders"].tolist() == [6, 1, 0]
    assert table["pickup_share"] == [1 / 6, 0.0, None] and table["store_share"][0] == 3 / 6
    nothing = path_kpis(book[:0])
    assert [(k.value, bool(k.reason)) for k in nothing] == [(None, True)] * 2


# ---- paths that exist -----------------------------------------------------------------------------------------
def paths_of(run) -> pd.Series:
    """Touchpoints of each mission that ended in an order or visit, in time; by order_id."""
    log = run.touches()
    return log[log["bought"]].groupby("mission", sort=False)["touchpoint"].agg(list)


def in_order(path: list[str], *steps: set[str]) -> bool:
    """Whether the path meets each of the steps, one after another."""
    at = 0
    for touch in path:
        if at < len(steps) and touch in steps[at]:
            at += 1
    return at == len(steps)


def test_web_research_reviews_social_discount_order_and_store_pickup(world):
    run = world()
    orders = run.orders().set_index("order_id")
    picked = orders[(orders["plan"] == "web_bopis") & (orders["status"] == "collected")]
    paths = paths_of(run).reindex(picked.index).dropna()
    full = paths[[in_order(path, WEB_RESEARCH, {"reviews"}, SOCIAL, WEB_RESEARCH) for path in paths]]
    assert len(picked) > 100 and 0.05 < len(full) / len(paths) < 0.6
    some = orders.loc[full.index[0]]
    assert some["channel"] == "web" and some["collect_node"].startswith("S") and some["placed_at"] <= some["ready_at"] <= some["handed_over_at"]


def test_found_on_line_tried_in_store(world):
    run = world()
    orders = run.orders()
    went = orders[orders["visit"] & (orders["plan"] == "web_then_store")]
    bought = went[went["units_out"] > 0]
    assert len(bought) > 100 and (bought["channel"] == "store").all()
    assert (went["units_out"] == 0).sum() > 50, "who tries may see that it does not fit, and goes without"
    paths = paths_of(run).reindex(bought["order_id"]).dropna()
    read = [bool(set(path) & {"retailer_site", "app", "reviews", "search_ads"}) for path in paths]
    assert np.mean(read) > 0.8
    assert 0.3 < kpi(run, "webrooming_share") < 0.8


def test_tried_in_store_bought_on_line(world):
    run = world()
    orders = run.orders()
    looks = orders[orders["visit"] & (orders["plan"] == "showroom")].set_index("order_id")
    placed = orders[~orders["visit"] & (orders["plan"] == "showroom") & (orders["channel"] == "web")]
    assert len(placed) > 10 and (looks["units_out"] == 0).all()
    before = looks.loc[placed["order_id"] - 1]  # the visit that the order follows
    assert (before["shopper_id"].to_numpy() == placed["shopper_id"].to_numpy()).all() and (before["sku"].to_numpy() == placed["sku"].to_numpy()).all()
    assert 0.01 < kpi(run, "showrooming_share") < 0.2
    blind = orders[(orders["plan"] == "web_ship") & (orders["units_out"] > 0)]
    rate = lambda rows: rows["units_back"].sum() / rows["units_out"].sum()
    assert rate(placed[placed["units_out"] > 0]) < 0.7 * rate(blind), "who has tried it sends back less"


# ---- how they move --------------------------------------------------------------------------------------------
DEAR = ({"what": "fee", "times": 4.0, "channels": ["web"], "from_day": -7},)
ONE_PRICE = "strategy.capabilities.one_price=true"


def test_showrooming_falls_with_dear_shipping_and_with_one_price(world):
    plain, dear, both = world(), world(changes=DEAR), world(ONE_PRICE, changes=DEAR)
    shares = [kpi(run, "showrooming_share") for run in (plain, world(ONE_PRICE), dear, both)]
    assert shares[1] < shares[0] and shares[2] < 0.5 * shares[0] and shares[3] < 0.5 * shares[0]


def reads(accuracy: float) -> tuple:
    return ({"what": "accuracy", "set": accuracy, "channels": ["web"], "from_day": -7},)


def risk(factor: float) -> tuple:
    return ({"what": "misfit", "times": factor, "from_day": -3650},)


def test_webrooming_rises_with_what_the_web_tells_and_with_fit_risk(world):
    told = [kpi(world(changes=reads(a)), "webrooming_share") for a in (0.0, 0.8)]
    risky = [kpi(world(changes=risk(f)), "webrooming_share") for f in (0.3, 1.6)]
    plain = kpi(world(), "webrooming_share")
    assert told[0] < plain < told[1] and told[1] - told[0] > 0.1
    assert risky[0] < plain < risky[1] and risky[1] - risky[0] > 0.05


def test_webrooming_rises_with_stock_that_can_be_seen(world):
    without, shown = (world("strategy.capabilities.bopis=false", f"strategy.capabilities.stock_feed={on}") for on in ("false", "true"))
    assert webroomed(shown.run.measured_book).sum() > webroomed(without.run.measured_book).sum()
    assert kpi(shown, "wasted_trip_rate") < kpi(without, "wasted_trip_rate"), "who sees an empty shelf does not go there"


def test_categories_are_bought_as_their_risk_and_involvement_say(world):
    beauty, apparel = (world(market=m).categories().set_index("category") for m in ("seoul_beauty", "apparel"))
    assert beauty.loc["masks", "store_share"] > 0.5, "low involvement: from the store, at once"
    assert beauty.loc["masks", "webrooming_share"] < beauty.loc[["skincare", "makeup"], "webrooming_share"].min()
    tried = lambda table: np.average(table["webrooming_share"], weights=table["orders"] * table["store_share"])
    assert tried(apparel) > tried(beauty) + 0.03, "apparel is tried on"
    assert beauty.loc["masks", "return_rate"] < beauty["return_rate"].mean() < apparel["return_rate"].mean()
