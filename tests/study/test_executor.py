from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from omosim.study.executor import InlineExecutor, PoolExecutor, make_executor
from omosim.study.outcome import KILLED, OVER_BUDGET, Outcome

ENTRY = "fake_entry:run"


def task(name: str, **settings: object) -> str:
    return json.dumps({"run_id": name, "arm": "a", "replication": 0, "seed": 1, "settings": settings})


def drain(pool: PoolExecutor | InlineExecutor) -> dict[str, Outcome]:
    out: dict[str, Outcome] = {}
    while pool.pending():
        for outcome in pool.collect():
            assert outcome.name not in out
            out[outcome.name] = outcome
    return out


def test_pool_and_inline_give_the_same_answers() -> None:
    names = [f"r{i}" for i in range(7)]
    inline = InlineExecutor(ENTRY)
    with PoolExecutor(ENTRY, 2) as pool:
        for name in names:
            pool.submit(name, task(name, effect=3))
            inline.submit(name, task(name, effect=3))
        assert drain(pool) == drain(inline)
        assert pool.collect() == []


def test_workers_are_kept_and_have_one_thread() -> None:
    with PoolExecutor("fake_entry:threads", 2) as pool:
        for i in range(6):
            pool.submit(str(i), "{}")
        answers = [json.loads(o.value or "") for o in drain(pool).values()]
    assert {a["numba"] for a in answers} == {"1"}
    assert len({a["pid"] for a in answers}) <= 2


def test_an_exception_is_a_failure_with_its_place() -> None:
    for executor in (InlineExecutor(ENTRY), PoolExecutor(ENTRY, 1)):
        executor.submit("x", task("x", behave="raise"))
        failure = drain(executor)["x"].failure
        executor.close()
        assert failure is not None and failure.message == "ValueError: a bug of ours"
        assert "behave" in failure.where and failure.exit_code == 1


def test_an_entry_that_does_not_exist() -> None:
    with PoolExecutor("no_such_module:run", 1) as pool:
        pool.submit("x", "{}")
        failure = drain(pool)["x"].failure
    assert failure is not None and "no_such_module" in failure.message


def test_kill_9_costs_one_attempt(tmp_path: Path) -> None:
    with PoolExecutor(ENTRY, 2) as pool:
        pool.submit("lucky", task("lucky", behave="die_once", mark=str(tmp_path)))
        pool.submit("other", task("other"))
        out = drain(pool)
    assert out["lucky"].failure is None and json.loads(out["lucky"].value or "")["run_id"] == "lucky"
    assert out["other"].failure is None


def test_kill_9_from_outside() -> None:
    with PoolExecutor(ENTRY, 2) as pool:
        pool.submit("slow", task("slow", behave="slow", seconds=1.5))
        pool.submit("quick", task("quick"))
        time.sleep(0.7)
        os.kill(pool.pids[0], signal.SIGKILL)
        out = drain(pool)
    assert all(o.failure is None for o in out.values()) and set(out) == {"slow", "quick"}


def test_three_killed_workers_set_the_task_aside_by_name() -> None:
    with PoolExecutor(ENTRY, 2) as pool:
        pool.submit("bad", task("bad", behave="die"))
        pool.submit("good", task("good"))
        out = drain(pool)
    failure = out["bad"].failure
    assert failure is not None and failure.kind == KILLED and failure.attempts == 3 and "bad" in failure.message
    assert out["good"].failure is None


def test_a_task_over_its_budget_is_stopped_and_the_others_go_on() -> None:
    with PoolExecutor(ENTRY, 1, budget_s=1.0) as pool:
        pool.submit("slow", task("slow", behave="slow"))
        pool.submit("quick", task("quick"))
        out = drain(pool)
    failure = out["slow"].failure
    assert failure is not None and failure.kind == OVER_BUDGET
    assert out["quick"].failure is None


def test_close_ends_running_workers_at_once() -> None:
    pool = PoolExecutor(ENTRY, 2)
    pool.submit("slow", task("slow", behave="slow"))
    pids = pool.pids
    began = time.monotonic()
    pool.close()
    pool.close()
    assert time.monotonic() - began < 5
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_workers_die_with_a_killed_parent() -> None:
    code = (
        "import sys, time, json; sys.path[:] = json.loads(sys.argv[1])\n"
        "from omosim.study.executor import PoolExecutor\n"
        "pool = PoolExecutor('fake_entry:run', 1)\n"
        "pool.submit('s', json.dumps({'run_id': 's', 'settings': {'behave': 'slow', 'seconds': 60}}))\n"
        "print(pool.pids[0], flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, json.dumps(sys.path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    time.sleep(1.0)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{worker}/stat").exists() and " Z " in Path(f"/proc/{worker}/stat").read_text():
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker outlived its parent")


def test_cancel_forgets_what_has_not_started() -> None:
    executor = make_executor(ENTRY, 1)
    for name in "abc":
        executor.submit(name, task(name))
    assert len(executor.collect()) == 1
    assert executor.cancel() == ["b", "c"] and executor.pending() == 0
