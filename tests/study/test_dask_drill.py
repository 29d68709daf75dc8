"""A Dask cluster of separate processes over TCP: a worker and its nanny killed, a new worker, the driver killed; tables equal to inline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from omosim.results import ResultFolder
from omosim.results.tables import read_columns
from omosim.study.executor import InlineExecutor
from omosim.study.shards import ShardStore, cut, runs_on_disk
from omosim.study.sweep import sweep
from tests.study import drill

pytest.importorskip("distributed")
HERE = Path(__file__).parent
RUNS, SECONDS = 240, 0.04
PATIENCE_S = 240.0


class Cluster:
    """Processes that the test started; each is the head of a group of its own, so that a kill takes its children along."""

    def __init__(self, place: Path) -> None:
        self.place, self.started = place, []  # type: ignore[var-annotated]
        self.env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *[p for p in sys.path if p]]), "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "60s"}

    def start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        with open(self.place / f"{name}.log", "wb") as log:
            made = subprocess.Popen([sys.executable, *words], stdout=log, stderr=subprocess.STDOUT, env=self.env, cwd=self.place, start_new_session=True)
        self.started.append(made)
        return made

    def scheduler(self) -> str:
        """Its address, on a port that the system chose."""
        found = self.place / "scheduler.json"
        self.start("scheduler", "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(found))
        wait(lambda: found.is_file() and found.stat().st_size > 0, self, "scheduler")
        return str(json.loads(found.read_text())["address"])

    def worker(self, name: str, address: str) -> subprocess.Popen[bytes]:
        words = ("worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--nanny", "--no-dashboard", "--name", name, "--local-directory", str(self.place / name))
        return self.start(name, "-m", "dask", *words)

    def kill(self, one: subprocess.Popen[bytes]) -> None:
        try:
            os.killpg(one.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        one.wait()

    def log(self, name: str) -> str:
        path = self.place / f"{name}.log"
        return path.read_text(errors="replace")[-3000:] if path.is_file() else ""


def wait(ready: Callable[[], bool], cluster: Cluster, name: str) -> None:
    """Wait on what the files say, not on a time; the limit is for a machine that hangs."""
    end = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < end, f"{name}: {cluster.log(name)}"
        time.sleep(0.02)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        yield made
    finally:
        for one in reversed(made.started):
            made.kill(one)


def inline(place: Path) -> None:
    store = ShardStore(ResultFolder(place, "sweep"), cut(drill.plan(RUNS)))
    found = sweep(store, lambda item: drill.task(item, 0, ""), InlineExecutor("fake_entry:run"), mine=range(len(store.parts)), window=lambda: 4)
    assert found.done == RUNS and found.whole


def shards(place: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((place / "runs").glob("*"))}


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_and_its_driver(cluster: Cluster, tmp_path: Path) -> None:
    quiet, killed = tmp_path / "quiet", tmp_path / "killed"
    inline(quiet)
    address = cluster.scheduler()
    assert address.startswith("tcp://127.0.0.1:")
    first, _ = (cluster.worker(name, address) for name in ("one", "two"))
    words = (str(HERE / "drill.py"), str(killed), str(RUNS), "2", str(SECONDS), "", address)
    driver = cluster.start("driver", *words)
    done = lambda: len(runs_on_disk(killed)) if killed.is_dir() else 0

    wait(lambda: done() >= 0.3 * RUNS or driver.poll() is not None, cluster, "driver")
    cluster.kill(first)
    wait(lambda: done() >= 0.6 * RUNS or driver.poll() is not None, cluster, "driver")
    third = cluster.worker("three", address)
    wait(lambda: done() >= 0.8 * RUNS or driver.poll() is not None, cluster, "driver")
    assert driver.poll() is None, cluster.log("driver")
    cluster.kill(driver)
    kept = done()
    assert 0.8 * RUNS <= kept < RUNS

    again = cluster.start("again", *words)
    wait(lambda: again.poll() is not None, cluster, "again")
    assert again.returncode == 0, cluster.log("again")
    assert cluster.log("again").splitlines()[-1].split() == ["end", str(RUNS), "0", "True"]
    assert third.poll() is None and not (killed / "failures.jsonl").exists()
    assert shards(killed) == shards(quiet)
    rows = [run for path in sorted((killed / "runs").iterdir()) for run in dict.fromkeys(read_columns(path)["run_id"])]
    assert len(rows) == len(set(rows)) == RUNS


@pytest.mark.slow
def test_a_run_that_kills_its_workers_is_set_aside_and_its_neighbours_are_not(cluster: Cluster, tmp_path: Path) -> None:
    marks, place = tmp_path / "marks", tmp_path / "place"
    marks.mkdir()
    cluster.env["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "2"
    address = cluster.scheduler()
    for name in ("one", "two"):
        cluster.worker(name, address)
    drilled = cluster.start("drill", str(HERE / "drill.py"), str(place), "24", "2", "0.01", str(marks), address)
    wait(lambda: drilled.poll() is not None, cluster, "drill")
    assert drilled.returncode == 0, cluster.log("drill")
    assert cluster.log("drill").splitlines()[-1].split()[:3] == ["end", "23", "1"]
    (row,) = [json.loads(line) for line in (place / "failures.jsonl").read_text().splitlines()]
    assert (row["run_id"], row["kind"]) == ("run00005", "killed") and row["attempts"] >= 3 and "no other run beside it" in row["message"]
    assert len(list(marks.iterdir())) == 4  # those that kill a worker once are among the 23


@pytest.mark.slow
def test_an_answer_lost_with_its_worker_is_run_again(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker dies between the end of a run and the fetching of its answer: the scheduler runs it elsewhere, and nobody else notices."""
    from omosim.study.cluster import DaskExecutor

    monkeypatch.syspath_prepend(str(HERE))
    address = cluster.scheduler()
    first = cluster.worker("one", address)
    workers = DaskExecutor("fake_entry:run", address)
    try:
        workers.submit("run00000", drill.task(drill.plan(1)[0], 0, ""))
        (future,) = workers._pending.values()
        wait(lambda: future.status == "finished", cluster, "one")
        cluster.kill(first)
        wait(lambda: future.status != "finished", cluster, "one")
        assert future.status == "lost"
        cluster.worker("two", address)
        (found,) = workers.collect()
        assert found.failure is None and json.loads(found.value or "")["run_id"] == "run00000" and workers.pending() == 0
    finally:
        workers.close()
