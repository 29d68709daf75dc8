"""The kernel engine equals one SimPy process per order, row by row, whatever the windows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from agreement import differences
from hypothesis import given, settings
from hypothesis import strategies as st
from small_worlds import run, small_world

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.reference import ReferenceFulfilment
from omosim.schema import columns as col
from omosim.schema.codes import Flow, Outcome, Status
from omosim.schema.columns import DAY, HOUR

SEEN: Counter[str] = Counter()
MUST_HAPPEN = ("stock-out", "oversell prevented", "substitution", "no-show release", "partial fulfilment",
               "refused slot", "idle staff", "pickup returned", "arrival after closing",
               "two events at one instant", "a day without sales", "left the queue", "backorder served",
               "endless aisle", "second store", "refused at the counter", "overtime", "missed wave",
               "only looked", "refused slot went by parcel", "extra purchase at a pickup")  # fmt: skip

worlds = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32),
        "nodes": st.integers(1, 4),
        "skus": st.integers(1, 4),
        "rows": st.integers(5, 60),
        "tick": st.sampled_from([60, 600, 3600]),
        "backorders": st.booleans(),
    }
)


def tally(engine, told: np.ndarray, world) -> None:
    """Count what happened, so that the suite can ask that everything did."""
    book = engine.book()
    flags, stations = book["flags"], engine.books().stations
    times = np.concatenate([book[c][book[c] >= 0] for c in ("placed_at", "picked_at", "served_at", "done_at")])
    sale_days = np.unique(book["done_at"][(book["units_out"] > 0) & (book["done_at"] < world.days * DAY)] // DAY)
    missed_wave = (book["flow"] == Flow.SAME_DAY) & (book["picked_at"] // DAY > book["placed_at"] // DAY)
    refused = (book["flow"] == Flow.SHIP) & (flags & col.FLAG_SLOT_REFUSED > 0)
    SEEN.update(
        {
            "stock-out": int((told["code"] == Outcome.EMPTY_SHELF).sum()),
            "oversell prevented": int((flags & col.FLAG_PHANTOM > 0).sum()),
            "substitution": int((flags & col.FLAG_SUBSTITUTED > 0).sum()),
            "no-show release": int((book["status"] == Status.EXPIRED).sum()),
            "partial fulfilment": int(((book["units_out"] > 0) & (book["units_short"] > 0)).sum()),
            "refused slot": int((flags & col.FLAG_SLOT_REFUSED > 0).sum()),
            "idle staff": int((stations["idle"] > 0).sum()),
            "overtime": int((stations["overtime"] > 0).sum()),
            "pickup returned": int(((book["flow"] == Flow.PICKUP) & (book["status"] == Status.RETURNED)).sum()),
            "arrival after closing": int((flags & col.FLAG_CLOSED > 0).sum()),
            "two events at one instant": len(times) - len(np.unique(times)),
            "a day without sales": world.days - len(sale_days),
            "left the queue": int((flags & col.FLAG_QUEUE_LEFT > 0).sum()),
            "backorder served": int(engine.books().transitions[Status.BACKORDERED, Status.TO_PICK]),
            "endless aisle": int(((book["key"] % 256 > 0) & (book["flow"] == Flow.SHIP)).sum()),
            "second store": int(engine.books().visits[:, 4].sum()),
            "refused at the counter": int((book["status"] == Status.REFUSED).sum()),
            "missed wave": int(missed_wave.sum()),
            "only looked": int((flags & col.FLAG_LOOKED > 0).sum()),
            "refused slot went by parcel": int(refused.sum()),
            "extra purchase at a pickup": int((told["code"] == Outcome.EXTRA).sum()),
        }
    )


@settings(max_examples=300, deadline=None, derandomize=True)
@given(worlds, st.lists(st.integers(0, 8 * DAY), max_size=12), st.integers(0, 33 * DAY))
def test_engines_agree_and_keep_every_law(world, cuts, stop):
    for until in (stop, 33 * DAY):
        one, other = small_world(**world), small_world(**world)
        reference, kernel = ReferenceFulfilment(one.net), KernelFulfilment(other.net, capacity=8)
        told = np.concatenate(run(reference, one, until=until))
        told_kernel = np.concatenate(run(kernel, other, tuple(cuts), until=until))
        now = reference.now
        assert kernel.now == now
        assert differences(reference, kernel, told, told_kernel) == {}
        assert set(reference.residuals(now).values()) == {0}
        assert set(kernel.residuals(now).values()) == {0}
    tally(reference, told, one)


def test_everything_that_must_happen_did():
    for seed in range(60):  # busier worlds than the random ones, until each has been seen
        if all(SEEN[name] for name in MUST_HAPPEN):
            break
        world = small_world(seed=seed, nodes=3, skus=3, rows=250, tick=60 + 300 * (seed % 3), backorders=bool(seed % 2))
        engine = ReferenceFulfilment(world.net)
        tally(engine, np.concatenate(run(engine, world, until=33 * DAY)), world)
    print({name: SEEN[name] for name in MUST_HAPPEN})
    assert [name for name in MUST_HAPPEN if not SEEN[name]] == []


@pytest.mark.parametrize("step", [HOUR, 1201, DAY + 7])
def test_windows_do_not_matter(step):
    args = {"seed": 5, "nodes": 4, "skus": 4, "rows": 400, "tick": 60, "backorders": True}
    whole, cut = small_world(**args), small_world(**args)
    a, b = KernelFulfilment(whole.net), KernelFulfilment(cut.net)
    told_a = np.concatenate(run(a, whole))
    told_b = np.concatenate(run(b, cut, tuple(range(0, 33 * DAY, step))))
    assert differences(a, b, told_a, told_b) == {}
    assert a.events == b.events > 500


@pytest.mark.parametrize("at", [HOUR * 11 + 5, DAY + 15 * HOUR, 2 * DAY])
def test_snapshot_goes_on_exactly(at):
    args = {"seed": 11, "nodes": 4, "skus": 4, "rows": 300, "tick": 600, "backorders": True}
    straight, first, second = (small_world(**args) for _ in range(3))
    a, b, c = KernelFulfilment(straight.net), KernelFulfilment(first.net, 8), KernelFulfilment(second.net, 8)
    told_a = np.concatenate(run(a, straight))
    first.coarse = [e for e in first.coarse if e[0] < at]
    told = run(b, first, until=at)
    state = {name: value.copy() for name, value in b.state().items()}
    b.advance(40 * DAY)  # what the original does afterwards must not reach the copy
    c.load(state)
    second.coarse = [e for e in second.coarse if e[0] >= at]
    second.rows = second.rows[second.rows["t"] >= at]
    told_c = np.concatenate(told + run(c, second))
    assert differences(a, c, told_a, told_c) == {}
    assert {k: v.tobytes() for k, v in c.state().items()}.keys() == state.keys()


def test_reference_has_no_snapshots():
    engine = ReferenceFulfilment(small_world(1, 2, 2, 5, 600, False).net)
    with pytest.raises(NotImplementedError, match=r"engine\.fulfilment=kernel"):
        engine.state()
    with pytest.raises(NotImplementedError, match=r"engine\.fulfilment=kernel"):
        engine.load({})


@pytest.mark.parametrize("engine", [KernelFulfilment, ReferenceFulfilment])
def test_rows_of_the_past_are_refused(engine):
    world = small_world(1, 2, 2, 5, 600, False)
    e = engine(world.net)
    e.advance(DAY)
    late = world.rows.copy()
    late["t"] = DAY - 1
    with pytest.raises(ValueError, match="time reached"):
        e.submit(late)
    with pytest.raises(ValueError, match="lies before the time reached"):
        e.set_staff(1, 1, 1, DAY - 1)


@pytest.mark.slow
def test_fifty_thousand_orders_agree():
    args = {"seed": 3, "nodes": 4, "skus": 4, "rows": 50_000, "tick": 60, "backorders": True, "days": 30}
    one, other = small_world(**args), small_world(**args)
    for world in (one, other):
        world.net.stock.cells["on_hand"] += 5000
        world.net.stock.cells["available"] += 5000
        world.net.stock.cells["record"] += 5000
        world.net.stock.journal[:, :, 0] += 5000
        world.rows["pick_s"] //= 10
        world.rows["counter_s"] //= 10
    reference, kernel = ReferenceFulfilment(one.net), KernelFulfilment(other.net)
    told, told_kernel = np.concatenate(run(reference, one)), np.concatenate(run(kernel, other))
    assert differences(reference, kernel, told, told_kernel) == {}
    assert set(kernel.residuals(kernel.now).values()) == {0}
    assert len(reference.book()) > 50_000
    assert int((reference.book()["units_out"] > 0).sum()) > 20_000
