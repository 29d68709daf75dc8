"""How full places would be at full size: a tenth of the shoppers says it of all, and the arithmetic is the textbook's."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.engine.erlang import erlang_b
from omosim.model.places import KINDS, SHELVES, SLOTS, WEEKLY, Busiest, Places, busiest, peak, place_kpis, slots_begun
from omosim.model.retail import RetailModel
from omosim.model.run import Run, run
from omosim.schema.columns import HOUR, NODE
from omosim.schema.network import RING

BASIS = 20_000
PLACES = {
    "points.lockers": 4, "operations.shelf_bins": 26, "operations.curbside_bays": 2, "operations.fitting_rooms": 6, "fitting.room_minutes": 15,
    "operations.slot_minutes": 60, "operations.slot_orders": 12,
}  # fmt: skip
WORDS = (
    "strategy=omo", "days=28", "burn_in_days=7", "network.stores.count=4", f"market.cost_basis_shoppers={BASIS}", "engine.drain_days=20",
    *(f"strategy.capabilities.{name}=true" for name in ("curbside", "lockers", "pickup_slots")), *(f"network.{key}={value}" for key, value in PLACES.items()),
)  # fmt: skip


def of(*words: str) -> Run:
    given = {word.split("=")[0] for word in words}
    return run(compose("run", [*(word for word in WORDS if word.split("=")[0] not in given), *words]).settings)


def figures(done: Run) -> dict[str, float]:
    return {k.kpi: k.value for k in done.kpis if k.kpi.split("_")[0] in KINDS}


@pytest.mark.slow
def test_a_tenth_of_the_shoppers_tells_how_full_places_are_with_all() -> None:
    """Loads of a tenth agree with the occupancy of the whole within a fifth (shelf), a quarter (slots, boxes) or six tenths (rooms, told too full: few try on), the mean of four samples."""
    whole, tenths = of(f"shoppers={BASIS}"), [of(f"shoppers={BASIS // 10}", f"seed={seed}") for seed in (1, 2, 3, 4)]
    there, places = figures(whole), whole.model.places
    told = {kpi: float(np.mean([figures(one)[kpi] for one in tenths])) for kpi in there}
    print({kpi: (round(value, 3), round(told[kpi], 3)) for kpi, value in there.items()})
    in_use = places.by_hour[SHELVES].sum(axis=0) / places.seen[SHELVES].sum(axis=0)
    assert there["shelf_load"] == pytest.approx(in_use.max() / (4 * 26), rel=0.15), "at full size the load is the occupancy itself"
    for kind, widest in (("shelf", 0.2), ("room", 0.6), ("slot", 0.25), ("locker", 0.25)):
        assert told[f"{kind}_load"] == pytest.approx(there[f"{kind}_load"], rel=widest), kind
    spaces = whole.model.fulfilment.books().spaces
    assert there["shelf_load"] > 0.5 and spaces["peak"][2:10:2].max() == 26 and spaces["waits"][2:10:2].sum() > 0, "the shelves really fill"


@pytest.fixture(scope="module")
def small() -> RetailModel:
    words = [w for w in WORDS if not w.startswith(("days", "burn", "engine"))]
    return RetailModel(compose("run", [*words, "days=3", "burn_in_days=1", "shoppers=2000", "engine.drain_days=2"]).settings).run()


def test_what_is_counted_is_what_the_books_say(small: RetailModel) -> None:
    """Place-seconds in use over the window are the books' integral; bookings are those of the slots that began in it."""
    straight = RetailModel(small.settings)
    sums = []
    for _ in range(4):
        straight.step()
        spaces = straight.fulfilment.books().spaces
        sums.append(spaces["filled"] + spaces["used"].astype(np.int64) * (straight.clock.now - spaces["last"]))
    assert np.array_equal(small.places.taken[SHELVES, 1:5], (sums[3] - sums[0])[2:10:2]) and small.places.taken[SHELVES].sum() > 0
    assert (small.places.watched[SHELVES, 1:5] == 3 * 86400).all() and (small.places.room[SHELVES, 1:5] == 26 * 3 * 86400).all()
    hours = small.world.nodes["closes_s"][1] - small.world.nodes["opens_s"][1]
    assert (small.places.watched[SLOTS, 1:5] == 3 * hours // HOUR).all() and 0 < small.places.taken[SLOTS].sum() <= small.fulfilment.books().granted
    assert not small.places.taken[:, 0].any(), "the centre has no such places"


def test_restored_in_the_middle(small: RetailModel) -> None:
    half = RetailModel(small.settings)
    for _ in range(2):
        half.step()
    again = RetailModel.restore(small.settings, half.snapshot()).run()
    assert all(np.array_equal(a, b) for a, b in zip(again.places.state().values(), small.places.state().values(), strict=True))


def test_without_limits_loads_are_null_and_nothing_is_counted() -> None:
    done = run(compose("run", ["strategy=omo", "shoppers=300", "days=2", "burn_in_days=1", "network.stores.count=4", "engine.drain_days=2"]).settings)
    told = [k for k in done.kpis if k.kpi.split("_")[0] in KINDS]
    assert [k.kpi for k in told] == [f"{kind}_load" for kind in KINDS]
    assert all(k.value is None and setting in k.reason for k, setting in zip(told, KINDS.values(), strict=True))
    assert not done.model.places.used and done.model.places.last[0] == -1


def test_load_and_what_follows_from_it_by_hand() -> None:
    """Two stores of 4 and 8 bins; 6 in use at the peak of the sample, a third of it at the first, scale 2."""
    places = Places(compose("run", ["strategy=omo", "network.operations.shelf_bins=4"]).settings, np.zeros(3, NODE))
    places.watched[SHELVES, 1:], places.room[SHELVES, 1:] = 100, (400, 800)
    places.taken[SHELVES, 1:] = 100, 200
    places.by_hour[SHELVES, :, 2, 5], places.seen[SHELVES, :, 2, 5] = 600, 100
    found = busiest(places, SHELVES, 2.0)
    assert found is not None and found.wanted.tolist() == [4.0, 8.0] and found.places.tolist() == [4.0, 8.0]
    assert found.load == 1.0 and found.short == 0.0 and found.needed == (8 + 13) / 2  # Poisson: 95 % of mean 4 and 8
    assert found.full(erlang_b) == pytest.approx((4 * erlang_b(4, 4.0) + 8 * erlang_b(8, 8.0)) / 12)
    assert busiest(places, SLOTS, 2.0) is None
    assert Busiest(np.array([5.0, 1.0]), np.array([4.0, 2.0])).short == 0.5
    assert {k.kpi: k.value for k in place_kpis(places, 3.0)}["shelf_load"] == 1.5


def test_the_peak_is_not_the_luckiest_hour() -> None:
    """Even occupancy with noise: the largest of 168 means is a third too high, the peak as told is not."""
    rng = np.random.default_rng(1)
    told, largest = [], []
    for _ in range(200):
        taken, seen = rng.poisson(20.0, WEEKLY), np.ones(WEEKLY, np.int64)
        told.append(peak(taken, seen) / 20.0)
        largest.append(taken.sum(axis=0).max() / 40.0)
    assert np.mean(largest) > 1.3 and np.mean(told) == pytest.approx(1.0, abs=0.02)
    shape = np.outer((1, 1, 1, 1, 1.2, 2, 1), np.where(np.arange(24) == 18, 3.0, 1.0))
    assert peak(np.stack([shape, shape]) * 100, np.full(WEEKLY, 100)) == pytest.approx(6.0)


def test_slots_that_begin_in_an_hour() -> None:
    nodes = np.zeros(3, NODE)
    nodes["slot_s"], nodes["opens_s"], nodes["closes_s"] = (0, HOUR // 2, 2 * HOUR), 10 * HOUR, 20 * HOUR
    bookings, slots = np.full((3, RING), 7), np.tile(np.arange(RING), (3, 1))
    slots[1, 21] += RING  # the place stands for another slot
    begun, booked = slots_begun(nodes, bookings, slots, 10 * HOUR, 11 * HOUR)
    assert begun.tolist() == [0, 2, 1] and booked.tolist() == [0, 7, 7]
    begun, _ = slots_begun(nodes, bookings, slots, 9 * HOUR, 10 * HOUR)
    assert begun.tolist() == [0, 0, 0], "the shop is shut"


def test_a_sample_is_told_that_its_places_hardly_fill() -> None:
    words = ["strategy=omo", "shoppers=20000", "network.operations.shelf_bins=4", "network.operations.fitting_rooms=2", "network.fitting.room_minutes=6"]
    note = next(n for n in compose("run", words).notes if "shelf_load" in n)
    assert "room_load" in note and "operations.shelf_bins" in note and "bay_load" not in note
    whole = [*words, "market.cost_basis_shoppers=20000"]
    assert not any("shelf_load" in n for w in (whole, words[:2]) for n in compose("run", w).notes)
