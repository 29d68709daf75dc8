"""The clock: order of coarse events, half-open windows, causality, restore."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omosim.engine.clock import Clock
from omosim.engine.errors import CausalityError


def drive(clock, end):
    """The main loop's skeleton; returns the windows that it cut."""
    windows = []
    while clock.now < end:
        clock.run_due()
        horizon = clock.horizon(end)
        windows.append((clock.now, horizon))
        clock.move_to(horizon)
    return windows


def logger(clock, log, period=None, times=10**9):
    def handler(arg, now):
        log.append((now, arg))
        return now + period if period and len(log) < times else None

    return handler


def test_events_of_one_instant_run_by_rank_then_id():
    clock, log = Clock(), []
    clock.handle(0, logger(clock, log))
    for rank, arg in [(3, 30), (1, 10), (2, 20), (1, 11), (0, 0)]:
        clock.plan(100, rank, 0, arg)
    drive(clock, 200)
    assert log == [(100, 0), (100, 10), (100, 11), (100, 20), (100, 30)]


def test_windows_end_at_coarse_events_and_are_half_open():
    clock, log = Clock(), []
    clock.handle(0, logger(clock, log, period=300))
    clock.plan(0, 0, 0, 7)
    assert drive(clock, 1000) == [(0, 300), (300, 600), (600, 900), (900, 1000)]
    assert [t for t, _ in log] == [0, 300, 600, 900]
    drive(clock, 1200)
    assert log[-1] == (900, 7)  # an event exactly at the end waits for the next window
    drive(clock, 1201)
    assert log[-1] == (1200, 7)


def test_an_event_planned_for_this_instant_by_a_handler_runs_in_this_instant():
    clock, log = Clock(), []

    def spawner(arg, now):
        log.append(("spawn", now))
        clock.plan(now, 9, 1, 5)

    clock.handle(0, spawner)
    clock.handle(1, logger(clock, log))
    clock.plan(50, 0, 0)
    drive(clock, 60)
    assert log == [("spawn", 50), (50, 5)]


def test_the_past_is_refused():
    clock = Clock()
    clock.handle(0, lambda arg, now: now)  # asks to come again at once
    clock.plan(10, 0, 0)
    with pytest.raises(CausalityError, match="asks to come again at 10"):
        drive(clock, 20)
    with pytest.raises(CausalityError, match="already"):
        clock.plan(5, 0, 0)
    late = Clock(100)
    with pytest.raises(CausalityError):
        late.move_to(50)
    late.handle(0, lambda arg, now: None)
    late.plan(120, 0, 0)
    late.env.step()  # the process starts and waits
    with pytest.raises(CausalityError, match="next coarse event at 120"):
        late.move_to(150)


@settings(max_examples=60, deadline=None)
@given(
    plan=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=12),
    cut=st.integers(1, 60),
)
def test_restore_goes_on_as_the_old_clock_would(plan, cut):
    def build():
        clock, log = Clock(), []
        clock.handle(0, lambda arg, now: log.append((now, arg)) or (now + 7 + arg if now < 60 else None))
        return clock, log

    straight, log = build()
    for t, rank, arg in plan:
        straight.plan(t, rank, 0, arg)
    drive(straight, 100)

    first, log_a = build()
    for t, rank, arg in plan:
        first.plan(t, rank, 0, arg)
    drive(first, cut)
    second, log_b = build()
    second.load(first.state())
    drive(second, 100)
    assert log_a + log_b == log
