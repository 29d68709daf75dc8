"""A twin's tables on a date become seats, stock and orders under way; what they lack is said; the run keeps every law."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from omosim.ingest import OrderLog
from omosim.schema.days import date_of
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.dated import kinds_of, lost_days, state_of
from omosim.twin.members import Member
from omosim.twin.opening import settings_at
from omosim.twin.tables import Tables

LAW, END, DAY = RepeatFit(1, 0.9, 4.0, 0.4, 3.0, 0.0, 1000, True, (0.1, 0.1, 0.1, 0.1)), 19_800, 86_400
AS_OF = date_of(END)


def log_of(rows):
    """order, shopper, days before the end, channel, category, store, units, value, fulfilment, days before the end it was collected"""
    names = ["order_id", "shopper_id", "ago", "channel", "category", "store_id", "units", "value", "fulfilment", "collected"]
    lines = pd.DataFrame(rows, columns=names)
    local = ((END - lines.pop("ago")) * DAY).astype(np.int64)
    got = lines.pop("collected")
    lines["placed_local"], lines["placed_utc"] = local, local - 9 * 3600
    lines["collected_utc"] = np.where(got.notna(), (END - got.fillna(0)) * DAY - 9 * 3600, -1).astype(np.int64)
    lines["returned_utc"], lines["status"], lines["sku"] = -1, None, lines["category"] + "1"
    lines = lines.sort_values("placed_utc").reset_index(drop=True)
    return OrderLog("orders.csv", "0" * 64, "own", "KRW", "Asia/Seoul", lines, pd.DataFrame(), pd.DataFrame(), len(lines))


@pytest.fixture(scope="module")
def settings(settings_of):
    return settings_at(settings_of("strategy=omo", "days=21", "shoppers=200"), AS_OF)


def test_tables_become_a_state_and_the_run_goes_on_from_it(settings):
    a, b = list(settings.catalogue.categories)[:2]
    log = log_of([
        ("o1", "ann", 40.0, "web", a, None, 1, 20_000, "ship", None), ("o2", "ann", 12.5, "store", b, "Jongno", 2, 30_000, None, None),
        ("o3", "bob", 9.0, "web", a, "Gangnam", 1, 20_000, "pickup", 8.0), ("o4", "bob", 1.5, "web", a, "Gangnam", 3, 60_000, "pickup", None),
        ("o5", "cem", 1.0, "web", b, None, 1, 15_000, "ship", None), ("o6", None, 3.0, "store", a, "Jongno", 4, 80_000, None, None),
        ("o7", "dan", 30.0, "web", a, "Gangnam", 1, 20_000, "pickup", None), ("o8", "eve", 5.0, "web", b, None, 1, 15_000, "ship", None),
        ("o9", "later", -1.0, "web", b, None, 1, 15_000, "ship", None),
    ])  # fmt: skip
    at = lambda ago: np.int64((END - ago) * DAY)
    stock = pd.DataFrame({"local": [at(4), at(4), at(20)], "store_id": ["Jongno", "Gangnam", "Jongno"], "sku": [f"{a}1", f"{b}1", f"{b}1"], "on_hand": [30, 8, 1]})
    came = pd.DataFrame({
        "local": [at(2), at(3)], "store_id": ["Jongno", None], "order_id": [None, "o8"], "sku": [f"{a}1", None], "units": [6, -1],
    })  # fmt: skip
    found = state_of(Tables(log, {"stock": stock, "deliveries": came}), settings, LAW, END, 0.3)
    opening, seats = found.opening, list(found.seats)
    assert seats == ["ann", "dan", "bob", "eve", "cem"] and opening.as_of == AS_OF
    assert opening.x.tolist() == [1, 0, 1, 0, 0] and opening.spend.tolist() == [50_000, 20_000, 80_000, 15_000, 15_000]
    assert opening.habit[0].tolist() == [0.5, 0.5, 0, 0] and opening.t_end[0] == pytest.approx(40 / 7, abs=0.01)
    # stores by name: Gangnam S01, Jongno S02; 30 counted, 6 came, 4 went; of the other 1 counted and 2 sold since
    assert opening.stock is not None
    assert opening.stock[2, 0] == 32 and opening.stock[1, 1] == 8 and opening.stock[2, 1] == 0 and np.isnan(opening.stock[0]).all()
    assert found.stock["note"].str.contains("0 is taken").sum() == 1
    way = {seats[r["shopper"]]: (int(r["node"]), int(r["units"])) for r in opening.orders}
    assert way == {"bob": (1, 3), "cem": (-1, 1)}  # dan's was given back to the shelf long ago, eve's was delivered
    assert any("1 pickups wait and 1 parcels" in line for line in found.said)
    member = Member.begin(settings, opening)
    assert member.model.journeys.shoppers["purchases"][:5].tolist() == [2, 1, 1, 1, 0]
    member.advance(14)
    member.model.run()
    assert max(member.model.audit.worst.values()) == 0
    got = member.model.journeys.shoppers["purchases"][[2, 4]]
    assert (got >= [1, 1]).all()  # cem's parcel came; bob came or did not


def test_customers_time_stands_still_on_days_that_nobody_saw(settings):
    """A log with ten lost days in it and four at its end is that of a shop in which they never were."""
    row = lambda number, who, ago: (f"o{number}", who, ago, "web", "other", None, 1, 20_000, "ship", None)
    short = log_of([row(1, "ann", 40.3), row(2, "ann", 12.5), row(3, "bob", 2.5), row(4, "ann", 1.5)])
    long = log_of([row(1, "ann", 54.3), row(2, "ann", 26.5), row(3, "bob", 6.5), row(4, "ann", 5.5)])
    lost = np.r_[END - 20 : END - 10, END - 4 : END]
    states = np.full(60, "observed", object)
    states[lost[:10] - (END - 60)], states[lost[10:] - (END - 60)] = "gap", "closed"
    assert lost_days(states, END - 60).tolist() == lost.tolist()
    wanted, found = state_of(Tables(short), settings, LAW, END, 0.3), state_of(Tables(long), settings, LAW, END, 0.3, lost=lost)
    for name in ("x", "t_x", "t_end", "since"):
        assert np.array_equal(getattr(found.opening, name), getattr(wanted.opening, name), equal_nan=True), name
    assert found.weeks == pytest.approx(wanted.weeks) and state_of(Tables(long), settings, LAW, END, 0.3).opening.t_end[0] == pytest.approx(55 / 7)


def test_a_weekday_that_is_always_closed_is_no_lost_day():
    states = np.tile(["observed"] * 6 + ["closed"], 8).astype(object)
    states[[3, 13]] = "closed"
    states[20:27] = "gap"
    assert lost_days(states, 100).tolist() == [103, *range(120, 127)]


def test_what_the_tables_lack_is_said_and_left_to_the_model(settings):
    log = log_of([("o1", "ann", 40.0, "web", "other", None, 1, 20_000, None, None), ("o2", "bob", 3.0, None, "other", None, 1, 700_000, None, None)])
    found = state_of(Tables(log), settings, LAW, END, 0.3)
    assert found.opening.stock is None and len(found.opening.orders) == 0
    text = " ".join(found.said)
    assert "no stock counts" in text and "no times of collection" in text and "no deliveries of orders" in text
    prices = [kind.price for kind in settings.catalogue.categories.values()]
    assert kinds_of(log.lines, settings).tolist() == [int(np.abs(np.log(prices) - np.log(v)).argmin()) for v in (20_000, 700_000)]


def test_warehouses_are_the_centre_and_push_no_store_out(settings):
    """Places that only count or receive stock are no stores, wherever their names sort; their units are added up, less what is sent."""
    a = next(iter(settings.catalogue.categories))
    log = log_of([
        ("o1", "ann", 9.0, "store", a, "BS", 1, 20_000, "store", None), ("o2", "bob", 9.0, "web", a, "HD", 1, 20_000, "pickup", 8.5),
        ("o3", "cem", 1.0, "web", a, None, 3, 60_000, "ship", None), ("o4", "dan", 1.0, "web", a, "HD", 1, 20_000, "cancelled", None),
    ])  # fmt: skip
    log.lines.loc[log.lines["order_id"] == "o4", ["fulfilment", "status"]] = ["pickup", "cancelled"]
    at = np.int64((END - 4) * DAY)
    count = lambda **units: pd.DataFrame({"local": at, "store_id": list(units), "sku": f"{a}1", "on_hand": list(units.values())})
    traffic = pd.DataFrame({"local": [at], "store_id": ["GN"], "visitors": [5]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = state_of(Tables(log, {"stock": count(BS=7, DC1=40, HD=9), "traffic": traffic}), settings, LAW, END, 0.3)
    assert found.nodes == {"BS": "S01", "GN": "S02", "HD": "S03", "DC1": "DC"} and found.places["DC"] == "DC1"
    assert found.opening.stock[[0, 1, 3], 0].tolist() == [37, 7, 8] and np.isnan(found.opening.stock[2, 0])
    assert "places without sales or pickups are the centre: DC1" in found.said and not any("left out" in line for line in found.said)
    two = state_of(Tables(log, {"stock": count(BS=7, CC=40, GW=10, HD=9)}), settings, LAW, END, 0.3)
    assert two.nodes == {"BS": "S01", "HD": "S02", "CC": "DC", "GW": "DC"} and two.opening.stock[:3, 0].tolist() == [50, 7, 8]


def test_the_stores_with_most_orders_are_kept(settings):
    a = next(iter(settings.catalogue.categories))
    many = 40
    log = log_of([(f"o{i}-{k}", "ann", 9.0, "store", a, f"P{i:02d}", 1, 20_000, "store", None) for i in range(many) for k in range(1 + (i > 0))])
    found = state_of(Tables(log), settings, LAW, END, 0.3)
    room = len(found.nodes)
    assert 1 < room < many and "P00" not in found.nodes and list(found.nodes) == [f"P{i:02d}" for i in range(1, room + 1)]
