"""Which promise can be kept: the shortest, by how many, and why none."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from omosim.planning.errors import PlanError
from omosim.planning.promises import promised_otherwise, promises_of, shortest, why_none, with_promise
from omosim.planning.shifts import ShiftRules
from omosim.planning.simulate import Days, Staff, simulate
from omosim.planning.staffing import Search, Targets, offered_load
from tests.planning.make import CLOSES, OPENS, days, history

AMPLE = Staff.level(400, 400, OPENS, CLOSES)


def search_of(shop, rows, draws, target=0.95, promise_s=3600):
    of = Days(shop, rows, draws)
    return Search(shop, Targets(target, 0.9, (1, 1)), ShiftRules(12, 24, 0), of, offered_load(shop, of.whole(AMPLE), promise_s), ThreadPoolExecutor(2))


def test_another_promise_needs_no_other_day(settings_of):
    shop, rows, draws = days(history(pickups=90), settings_of().network, groups=6)
    staff = Staff.level(1, 1, OPENS, CLOSES)
    one = simulate(shop, rows, draws, staff, audit=False)
    for promise in (600, 1800, 7200):
        again = simulate(shop, with_promise(shop, rows, promise), draws, staff, audit=False)
        assert np.array_equal(promised_otherwise(one, promise).on_time, again.on_time)
    assert np.array_equal(promised_otherwise(one, 3600).on_time, one.on_time)


def test_the_shortest_promise_is_a_quantile_of_picking_alone(settings_of):
    """With so many pickers an order waits for nobody: it is ready when it has been picked."""
    shop, rows, draws = days(history(pickups=40), settings_of().network)
    done = simulate(shop, rows, draws, AMPLE, audit=False)
    book = done.book
    second = book["placed_at"] % 86_400
    inside = (second > OPENS) & (second < CLOSES) & (book["ready_at"] >= 0) & (book["flow"] == 2)
    pick = rows["pick_s"][np.argsort(rows["key"])]
    assert ((book["ready_at"] - book["placed_at"])[inside] == pick[inside]).all()
    for target in (0.5, 0.9, 0.99):
        promise = shortest(done, target)
        assert promise == pytest.approx(np.quantile(done.lead_s, target), abs=63)  # rounded up to a minute
        assert promised_otherwise(done, promise).ready_on_time >= target > promised_otherwise(done, promise - 60).ready_on_time


def test_longer_promises_take_no_more_people(settings_of):
    shop, rows, draws = days(history(pickups=90), settings_of().network, groups=6, inner=1)
    found = promises_of(search_of(shop, rows, draws), simulate(shop, rows, draws, Staff.level(2, 2, OPENS, CLOSES), audit=False), draws, 3600, 90)
    assert [row.promise_s for row in found.rows] == [900, 1800, 3600, 7200, 14_400]
    shares, hours = [row.ready_on_time.value for row in found.rows], [row.hours for row in found.rows]
    assert shares == sorted(shares) and hours == sorted(hours, reverse=True) and hours[0] > hours[-1]
    assert found.shortest_s < 900 and not found.opening_decides


def test_orders_of_the_night_are_told_from_the_days(settings_of):
    """The same orders, placed an hour before the store opens: what they ask of the pickers is their work over the promise."""
    made = history(pickups=40)
    night = (made.orders["kind"] == 0) & (made.orders["second"] < 13 * 3600)
    made.orders.loc[night, "second"] = OPENS - 3600
    made.orders["placed"] = made.orders["day"] * 86_400 + made.orders["second"]
    made = replace(made, orders=made.orders.sort_values(["day", "kind", "second"], kind="stable", ignore_index=True))
    shop, rows, draws = days(made, settings_of().network, promise_s=900)
    found = promises_of(search_of(shop, rows, draws, promise_s=900), simulate(shop, rows, draws, Staff.level(6, 2, OPENS, CLOSES), audit=False), draws, 900, 40)
    assert found.waiting == pytest.approx(20, abs=3) and found.people_at_opening == pytest.approx(20 * 180 / 900, rel=0.2)
    assert found.opening_decides and found.people_later < 1.5


def test_why_no_number_of_people_keeps_the_promise(settings_of):
    shop, rows, draws = days(history(), settings_of().network, promise_s=300)
    search = search_of(shop, rows, draws, 0.999, 300)
    with pytest.raises(PlanError, match="no number of pickers keeps the promise"):
        search.schedule()
    said = why_none(search, 300)
    least = shortest(simulate(shop, rows, draws, AMPLE, audit=False), 0.999)
    assert "% of pickups are ready within 0.0833 h" in said and "take longer to pick all by themselves" in said
    named = float(said.split("promise_h=")[1])
    assert least <= named * 3600 <= least + 36
