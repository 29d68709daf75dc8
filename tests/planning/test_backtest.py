"""The check on held-out days: how long picking took in the past, and how often what is observed lies in the interval."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from omosim.api.pickup import past_network, sample_roster, sample_work
from omosim.ingest import ReadOptions, read_orders
from omosim.planning.backtest import backtest, changed_words
from omosim.planning.demand import Ways, WorkLaw
from omosim.planning.history import store_history
from omosim.planning.pace import Pace, picking_seconds, read_paces
from omosim.planning.roster import Roster
from omosim.planning.simulate import Staff
from tests.planning.make import CLOSES, FIRST, OPENS, WORK, history, write


def worked_off(pickers, pace=1.0, weeks=8):
    """A store whose orders are picked one after the other by so many people; each takes `pace` of 120 s and 30 s a unit."""
    made = history(weeks=weeks, pickups=60, walk_ins=0)
    free, ready = [0] * pickers, []
    for row in made.orders.itertuples():
        begin = max(row.placed, min(free))
        free[free.index(min(free))] = end = begin + round(pace * (120 + 30 * row.units))
        ready.append(end)
    made.orders["ready"] = ready
    return made


@pytest.mark.parametrize("pickers", [1, 3])
def test_times_of_picking_are_read_off_the_ready_times(pickers):
    made = worked_off(pickers)
    roster = Roster((Staff.level(pickers, 1, OPENS, CLOSES),) * 7)
    day, units, seconds = picking_seconds(made, roster, FIRST + 60)
    assert len(day) == len(made.orders) and day.min() == FIRST
    assert (seconds == 120 + 30 * units).mean() > 0.98


def test_a_pace_is_read_by_weekday_and_chance_is_no_spread():
    made = worked_off(2, pace=1.3)
    work = WorkLaw(120.0, 30.0, 90.0, 75.0, 600.0, 4.0)
    paces = read_paces(made, Roster((Staff.level(2, 1, OPENS, CLOSES),) * 7), work, FIRST + 42)
    assert set(paces) == set(range(7)) and all(p.days >= 5 for p in paces.values())
    for pace in paces.values():
        assert np.exp(pace.mean) == pytest.approx(1.3, abs=0.02) and pace.spread == 0.0


def test_paces_are_drawn_with_what_is_not_known_of_them():
    pace = Pace(mean=0.1, spread=0.2, error=0.1, days=9)
    logs = np.log([[pace.factor(3, 5, rep, 5, day) for day in (1, 2)] for rep in range(4000)])
    assert logs.mean() == pytest.approx(0.1, abs=0.02)
    df = 8 / 6  # variance of Student's law with 8 degrees of freedom
    assert logs.var(axis=0) == pytest.approx(df * 0.05, rel=0.15)
    assert np.cov(logs.T)[0, 1] == pytest.approx(df * 0.01, abs=0.006)  # two days share the error of the mean alone
    assert Pace().factor(3, 5, 0, 5, 1) == 1.0


def idle_at_times(seed=5, weeks=8, pickers=3):
    """Three pickers who are there in the last hours only, one before: no constant number was on duty."""
    made = history(weeks=weeks, pickups=60, walk_ins=0, seed=seed)
    rng = np.random.default_rng(seed)
    free, ready = [0] * pickers, []
    for row in made.orders.itertuples():
        there = pickers if row.second >= 13 * 3600 else 1
        who = min(range(there), key=lambda i: free[i])
        free[who] = end = max(row.placed, free[who]) + round((120 + 30 * row.units) * rng.gamma(4, 1 / 4))
        ready.append(end)
    made.orders["ready"] = ready
    made.orders["promised"] = made.orders["placed"] + 3600
    return made


def test_without_a_roster_no_pace_is_read(settings_of):
    """People that are guessed from ready times say nothing of how quick they were: the work times given hold."""
    network = settings_of().network
    check = backtest(idle_at_times(), [1, 4, 5], 3, WORK, network, 3600, 300, None)
    assert all(p.days == 0 for p in check.paces) and not check.by_roster
    assert "pickers all day" in check.staff_from and "picking took" not in check.staff_from
    shares = [r for r in check.rows if r.measure == "ready on time, served again"]
    assert len(shares) == 3 and all(r.observed > 0.95 and r.simulated > 0.9 for r in shares)


def test_the_past_is_checked_as_it_was_whatever_is_planned(settings_of):
    """A plan of one pool and trips: the store's pickers of the past were none, unless it is said."""
    made = idle_at_times(pickers=1)
    roster = Roster((Staff.level(1, 1, OPENS, CLOSES),) * 7)
    as_it_was, planned = settings_of().network, settings_of("network.operations.pooled_staff=true", "network.operations.batch_orders=4").network
    plain = {"past_pooled_staff": False, "past_batch_orders": 0}

    def check(network):
        return backtest(made, [1, 5], 3, WORK, network, 3600, 300, roster)

    told = check(past_network(planned, plain))
    assert told == check(as_it_was) and all(p.days for p in told.paces)
    assert past_network(planned, {"past_pooled_staff": True, "past_batch_orders": 4}) == planned
    assert "no picking time can be read" in check(planned).staff_from
    assert changed_words(Ways(), Ways(True, 4)) == "in the past pickers and counter apart (past_pooled_staff) and each order by itself (past_batch_orders), whatever is planned"
    assert changed_words(Ways(bays=2), Ways(bays=3)) == changed_words(Ways(batch=1), Ways()) == ""


def test_a_roster_of_pickers_alone_asks_whether_they_served(settings_of):
    check = backtest(idle_at_times(pickers=1), [1], 3, WORK, settings_of().network, 3600, 300, Roster((Staff.level(1, 0, OPENS, CLOSES),) * 7))
    assert "past_pooled_staff=true if those who picked served too" in check.staff_from


@pytest.mark.slow
@pytest.mark.parametrize("steady", [False, True])
def test_nineteen_of_twenty_lines_of_the_check_lie_in_their_interval(tmp_path, settings_of, sample, steady):
    """Stores from the sample's generator, as they are and with pickers who are all alike and never pause."""
    truth = replace(sample.Truth(), pause_s=0.0, picker_speeds=(1.0,)) if steady else sample.Truth()
    network = settings_of().network
    network = network.model_copy(update={"work": network.work.model_copy(update=sample_work())})
    inside: dict[str, list[bool]] = {}
    for store in range(14):
        rows = sample.simulate_store(truth, sample.ROSTER, date(2026, 6, 1), 12, 5000 + store)
        log = read_orders(write(tmp_path / "s.csv", sample.COLUMNS, rows), ReadOptions())
        check = backtest(store_history(log, "S01", 36_000, 75_600), [1, 4, 5, 6], store, WorkLaw.of(network), network, 7200, 300, sample_roster())
        for row in check.rows:
            inside.setdefault(row.measure, []).append(row.within)
    lines = np.concatenate([np.array(v) for v in inside.values()])
    print({name: f"{sum(v)} of {len(v)}" for name, v in inside.items()}, f"{lines.mean():.3f}")
    assert len(lines) == 14 * 17 and 0.90 <= lines.mean() <= 0.99
    assert min(np.mean(v) for v in inside.values()) >= 0.8


def test_the_past_is_held_to_its_own_promise_whatever_is_planned(tmp_path, capsys):
    from omosim.cli.main import main

    checks = []
    for promise in ("2", "1"):
        assert main(["bopis", "day=sat", f"promise_h={promise}", f"output.dir={tmp_path / promise}"]) == 0
        checks.append([line.split("note")[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  sat  ")])
    assert len(checks[0]) == 4 and checks[0] == checks[1]
