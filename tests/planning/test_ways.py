"""What `network.operations` makes of the plan: one pool of people, picking trips, bays; orders for cars and lockers."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from omosim.cli.main import main
from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.reference import ReferenceFulfilment
from omosim.ingest import ReadOptions, read_orders
from omosim.planning.demand import Ways
from omosim.planning.errors import PlanError
from omosim.planning.history import CURBSIDE, LOCKER, store_history
from omosim.planning.roster import read_roster
from omosim.planning.shifts import ShiftRules, people
from omosim.planning.simulate import Days, Staff, simulate
from omosim.planning.staffing import Search, Targets, load_of_pools, offered_load
from tests.planning.make import CLOSES, OPENS, days, history, write

FIGURES = ("orders", "on_time", "served", "waited", "soon", "left", "waits", "lead_s", "shelf", "calls", "work")


def placed(seed=3, cars=0.0, boxes=0.0, **sizes):
    """A store of which parts of the pickups are for cars and lockers."""
    made = history(seed=seed, **sizes)
    u = np.random.default_rng(seed).random(len(made.orders))
    place = np.where(u < cars, CURBSIDE, np.where(u < cars + boxes, LOCKER, 0))
    made.orders["place"] = np.where(made.orders["kind"] == 0, place, 0)
    return made


@pytest.mark.parametrize("how", [Ways(pooled=True), Ways(batch=4, walk_s=60), Ways(bays=1), Ways(True, 3, 60, 2)])
def test_both_engines_give_the_same_day(settings_of, how):
    shop, rows, draws = days(placed(cars=0.3, boxes=0.2), settings_of().network, groups=6)
    staff = Staff.level(1, 1, OPENS, CLOSES)
    a, b = (simulate(replace(shop, how=how), rows, draws, staff, engine) for engine in (KernelFulfilment, ReferenceFulfilment))
    for name in FIGURES:
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert not any(a.laws.values()) and a.laws == b.laws




def test_a_trip_saves_the_walk(settings_of):
    shop, rows, draws = days(history(pickups=130, walk_ins=50), settings_of().network)
    staff = Staff.level(1, 2, OPENS, CLOSES)
    alone, trips, still = (simulate(replace(shop, how=how), rows, draws, staff) for how in (Ways(), Ways(batch=5, walk_s=90), Ways(batch=5)))
    assert trips.ready_on_time > alone.ready_on_time + 0.1
    assert trips.work[0].sum() == pytest.approx(alone.work[0].sum() - 72 * trips.calls[0].sum())
    assert still.ready_on_time < trips.ready_on_time, "a trip that saves nothing makes the first order wait for the last"


def test_people_of_one_pool_help_out(settings_of):
    shop, rows, draws = days(history(pickups=90, walk_ins=120), settings_of().network)
    staff = Staff.level(1, 1, OPENS, CLOSES)
    apart, pooled = (simulate(replace(shop, how=how), rows, draws, staff) for how in (Ways(), Ways(pooled=True)))
    assert pooled.soon_share > apart.soon_share, "who serves goes first, and there are two of them"
    one = simulate(replace(shop, how=Ways(pooled=True)), rows, draws, Staff.level(2, 0, OPENS, CLOSES))
    for name in FIGURES:
        assert np.array_equal(getattr(pooled, name), getattr(one, name)), name


def test_one_pool_is_planned_as_one_and_takes_no_more_hours(settings_of):
    shop, rows, draws = days(history(pickups=60, walk_ins=60), settings_of().network, groups=6, inner=1)
    hours = {}
    for pooled in (False, True):
        mine = replace(shop, how=Ways(pooled=pooled))
        ample = simulate(mine, rows, draws, Staff.level(40, 40, OPENS, CLOSES))
        targets = Targets(0.95, 0.9, (1, 0) if pooled else (1, 1), pooled)
        load = load_of_pools(offered_load(mine, ample, 3600), pooled)
        search = Search(mine, targets, ShiftRules(12, 24, 0), Days(mine, rows, draws), load, ThreadPoolExecutor(2))
        plan = search.schedule()
        staff = Staff(people(plan[0]), people(plan[1]))
        assert targets.all_kept(simulate(mine, rows, draws, staff)) and (not pooled or not plan[1])
        hours[pooled] = staff.person_hours
    assert hours[True] <= hours[False]


def test_cars_wait_for_a_bay(settings_of):
    network = settings_of().network
    shop, rows, draws = days(placed(cars=1.0, pickups=160, walk_ins=20), network)
    staff = Staff.level(4, 3, OPENS, CLOSES)
    free, tight = (simulate(replace(shop, how=Ways(bays=n)), rows, draws, staff) for n in (0, 1))
    assert set(rows["offer"][rows["flow"] == 2]) == {CURBSIDE}
    assert tight.waits.mean() > 2 * free.waits.mean() and tight.served.sum() == free.served.sum()
    many = simulate(replace(shop, how=Ways(bays=100)), rows, draws, staff)
    assert np.array_equal(np.sort(many.waits), np.sort(free.waits))


def test_lockers_are_picked_but_never_come_to_the_counter(settings_of):
    shop, rows, draws = days(placed(boxes=1.0, walk_ins=0), settings_of().network)
    done = simulate(shop, rows, draws, Staff.level(3, 1, OPENS, CLOSES))
    assert done.orders.sum() > 0 and done.ready_on_time > 0.9
    assert done.served.sum() == 0 and done.shelf.max() == 0


def test_a_locker_collected_at_night_does_not_open_the_store(tmp_path):
    columns = ("order_id", "placed_at", "units", "unit_price", "fulfilment", "collected_at", "status")
    rows = []
    for day in range(1, 29):
        at = lambda clock, day=day: f"2026-06-{day:02d}T{clock}:00+09:00"
        rows += [(f"p{day}-{k}", at("09:00"), 1, 1000, "pickup", at(f"{11 + k}:10"), "collected") for k in range(9)]
        rows += [(f"l{day}", at("09:00"), 1, 1000, "locker", at("23:40"), "collected"), (f"c{day}", at("09:30"), 1, 1000, "curbside", at("15:00"), "collected")]
    made = store_history(read_orders(write(tmp_path / "o.csv", columns, rows), ReadOptions()), None, 36_000, 75_600)
    assert (made.opens, made.closes) == (11 * 3600, int(19.5 * 3600))
    assert made.at_place(LOCKER) == 28 and made.at_place(CURBSIDE) == 28


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A store of all three kinds of pickups, with one pool, trips and a bay."""
    place = tmp_path_factory.mktemp("ways")
    rng, rows = np.random.default_rng(5), []
    columns = ("order_id", "placed_at", "units", "unit_price", "fulfilment", "promised_at", "ready_at", "collected_at", "status")
    for day in range(1, 29):
        for k in range(40):
            minute = int(rng.integers(600, 1080))
            clock = lambda m, day=day: f"2026-06-{day:02d}T{m // 60:02d}:{m % 60:02d}:00+09:00"
            kind = ("pickup", "store", "curbside", "locker")[k % 4]
            times = (clock(minute + 120), clock(minute + 15), clock(minute + 90)) if kind != "store" else ("", "", "")
            rows.append((f"{day}-{k}", clock(minute), 2, 1000, kind, *times, "collected" if kind != "store" else "completed"))
    path = write(place / "orders.csv", columns, rows)
    words = ["network.operations.pooled_staff=true", "network.operations.batch_orders=3", "network.operations.curbside_bays=2", "network.operations.shelf_bins=9"]
    assert main(["bopis", f"orders={path}", "day=sat", f"output.dir={place / 'out'}", *words]) == 0
    return place / "out"


def test_the_plan_of_one_pool_has_one_number_and_one_role(folder):
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    assert plan["targets_kept"] and {"from", "to", "staff", "picking_work", "counter_work"} == set(plan["staff_by_interval"][0])
    assert plan["cost"]["paid_hours_staff"] == plan["cost"]["paid_hours"] == sum(row["staff"] for row in plan["staff_by_interval"]) / 4
    assert (plan["read"]["curbside"], plan["read"]["locker"]) == (280, 280)
    with open(folder / "rota.csv", encoding="utf-8-sig", newline="") as file:
        assert {row["role"] for row in csv.DictReader(file)} == {"staff"}
    staff = read_roster(folder / "rota.csv").days[5]
    assert staff.pickers[40:72].tolist() == [row["staff"] for row in plan["staff_by_interval"] if "10:00" <= row["from"] < "18:00"] and not staff.counter.any()
    changes = {row["change"] for row in plan["what_if"]}
    assert "one more person all day" in changes and any(name.startswith("one fewer: without the person of ") for name in changes)


def test_the_plan_says_what_cars_wait_for_and_what_other_bays_would_do(folder):
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    bays, page = plan["bays"], (folder / "report.html").read_text(encoding="utf-8")
    assert bays["bays"] == 2 and 0 <= bays["wait_for_a_bay"]["value"] < 0.5 and bays["cars"]["value"] == pytest.approx(10, abs=3)
    assert {"one bay for cars more", "one bay for cars fewer"} <= {row["change"] for row in plan["what_if"]}
    assert "Cars that wait for one of 2 bays" in page and "one bay for cars fewer" in page and "What promise can be kept" in page
    assert any(f"{bays['bays_needed']['value']:.0f} bays (" in note for note in json.loads((folder / "summary.json").read_text(encoding="utf-8"))["notes"])
    assert "shoppers" not in (folder / "summary.json").read_text(encoding="utf-8"), "a note of runs"


def test_the_command_takes_the_past_as_not_pooled_unless_told(monkeypatch, tmp_path):
    asked = []

    def instead(history, weekdays, options, network, roster, say, past):
        asked.append([(how.pooled_staff, how.batch_orders) for how in (network.operations, past.operations)])
        raise PlanError("asked")

    monkeypatch.setattr("omosim.planning.plan.plan_store", instead)
    pooled = ["network.operations.pooled_staff=true", "network.operations.batch_orders=3"]
    for i, words in enumerate(([], pooled, [*pooled, "past_pooled_staff=true", "past_batch_orders=2"])):
        assert main(["bopis", "day=sat", f"output.dir={tmp_path / str(i)}", *words]) == 2
    assert asked == [[(False, 0), (False, 0)], [(True, 3), (False, 0)], [(True, 3), (True, 2)]]


def test_it_says_what_was_used_and_how_each_kind_was_treated(folder, capsys):
    notes = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["notes"]
    said, page = "\n".join(notes), (folder / "report.html").read_text(encoding="utf-8")
    for words in ("280 of 840 pickups are curbside", "one of 2 bays", "280 of 840 pickups go to a locker", "one pool of people", "up to 3 orders are picked on one trip"):
        assert words in said and words in page, words
    assert "not used by the plan: network.operations.shelf_bins (docs/bopis.md)" in said
    assert main(["report", str(folder)]) == 0
    assert (folder / "report.html").read_text(encoding="utf-8") == page
