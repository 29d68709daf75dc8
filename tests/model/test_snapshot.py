"""Ten days straight equal five, save, restore, five; branches share their past."""

import numpy as np
import pytest

from omosim.engine.errors import SnapshotError
from omosim.engine.snapshot import Snapshot
from omosim.model.retail import RetailModel


def days(model, n):
    for _ in range(n):
        model.step()
    return model


def same(a, b):
    left, right = a.snapshot().arrays, b.snapshot().arrays
    assert left.keys() == right.keys()
    for name, array in left.items():
        # the calendar's links are an index over next_s, hung anew by a restore: the order within a day is free
        for field in [f for f in array.dtype.names if f != "link"] if array.dtype.names else [None]:
            ours, theirs = (array, right[name]) if field is None else (array[field], right[name][field])
            assert np.array_equal(ours, theirs), (name, field)


@pytest.fixture(scope="module")
def settings(settings_of):
    return settings_of("days=12", "burn_in_days=0")


def test_ten_days_straight_equal_five_save_restore_five(settings, tmp_path):
    straight = days(RetailModel(settings), 10)
    first = days(RetailModel(settings), 5)
    first.snapshot().save(tmp_path / "day5.snapshot")
    second = days(RetailModel.restore(settings, Snapshot.read(tmp_path / "day5.snapshot")), 5)
    assert np.array_equal(straight.fulfilment.book(), second.fulfilment.book())
    assert straight.datacollector.model_vars == second.datacollector.model_vars
    assert straight.time == second.time == 10
    same(straight, second)


def test_arrays_of_a_file_are_of_the_types_that_were_written(settings, tmp_path):
    """The mark of an aligned struct too: without it numba reads a type anew at each call, six times the time of a run."""
    taken = days(RetailModel(settings), 2).snapshot()
    taken.save(tmp_path / "a.snapshot")
    again = Snapshot.read(tmp_path / "a.snapshot")
    assert again.head == taken.head and again.arrays.keys() == taken.arrays.keys()
    for name, array in taken.arrays.items():
        assert again.arrays[name].dtype == array.dtype and again.arrays[name].dtype.isalignedstruct == array.dtype.isalignedstruct, name
    assert any(array.dtype.isalignedstruct for array in taken.arrays.values())


def test_a_restored_run_ends_with_the_same_book_and_kpis(settings):
    from omosim.model.run import Run

    straight = Run(RetailModel(settings).run())
    resumed = Run(RetailModel.restore(settings, days(RetailModel(settings), 5).snapshot()).run())
    assert np.array_equal(straight.book, resumed.book)
    assert straight.kpis == resumed.kpis and straight.pnl == resumed.pnl


def test_two_branches_share_the_past_and_differ_after(settings, settings_of):
    trunk = days(RetailModel(settings), 5)
    cut = trunk.clock.now
    other = settings_of("days=12", "burn_in_days=0", "strategy=o2o").strategy
    same_again, changed = trunk.branch(), trunk.branch(strategy=other)
    past = [m.fulfilment.book() for m in (trunk, same_again, changed)]
    assert np.array_equal(past[0], past[1]) and np.array_equal(past[0], past[2])
    days(trunk, 5), days(same_again, 5), days(changed, 5)
    same(trunk, same_again)
    books = [m.fulfilment.book() for m in (trunk, changed)]
    before = [b[(b["placed_at"] < cut) & (b["done_at"] >= 0) & (b["done_at"] < cut)]["key"] for b in books]
    assert np.array_equal(*before) and len(before[0]) > 20
    assert not np.array_equal(books[0], books[1])


def test_a_snapshot_of_other_people_is_refused(settings, settings_of):
    snapshot = days(RetailModel(settings), 1).snapshot()
    with pytest.raises(SnapshotError, match="other settings"):
        RetailModel.restore(settings_of("days=12", "burn_in_days=0", "seed=12"), snapshot)


def test_a_file_that_is_no_snapshot_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"not a snapshot")
    with pytest.raises(SnapshotError, match="not a snapshot"):
        Snapshot.read(tmp_path / "x")
