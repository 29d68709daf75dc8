"""W5: what a sweep costs beside its runs, two processes against one, Dask against the pool, the report of 10,000 runs.

    python -m tests.benchmarks.test_w5_sweep

On a machine that others use, wall seconds say little: CPU seconds of all processes stand beside them. A ratio by CPU is what
a quiet machine with two cores would show if nobody waited.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from unittest import mock

import pytest

from omosim.results import ResultFolder
from omosim.study.cluster import DaskExecutor
from omosim.study.executor import InlineExecutor, PoolExecutor
from omosim.study.shards import Planned, ShardStore, cut, finished_runs, runs_on_disk
from omosim.study.sweep import sweep

HERE = "tests.benchmarks.w5_entry"


class Clock:
    """Wall and CPU seconds of a block, children that ended in it included."""

    def __enter__(self) -> Clock:
        self.began, self.times = time.perf_counter(), os.times()
        return self

    def __exit__(self, *_: object) -> None:
        now = os.times()
        self.wall = time.perf_counter() - self.began
        self.own = now.user + now.system - self.times.user - self.times.system
        self.cpu = self.own + now.children_user + now.children_system - self.times.children_user - self.times.children_system


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def swept(points: int, replications: int, place: Path, entry: str):
    """A sweep of the command line's own code over 2 strategies, its runs replaced; (wall and CPU of preparing, of the rest)."""
    from omosim.api.sweeps import prepare, sweep_run
    from omosim.config.sweep import compose_sweep

    words = ["strategy=o2o,omo", "market.choice.wait_per_day=interval(0.0007,0.0028)", "network.stores.count=interval(5,40)", "shoppers=100", "days=2", "burn_in_days=0", f"points={points}", f"replications={replications}", f"output.dir={place}"]
    plan = compose_sweep(words)
    with Clock() as first:
        ready = prepare(plan)
    with Clock() as rest, mock.patch("omosim.api.sweeps.cold", lambda: False):
        result = sweep_run(ready, ["omosim", "sweep", *words], workers=InlineExecutor(entry))
    assert result.outcome.done == 2 * points * replications and not result.outcome.failures
    return first, rest


def overhead(place: Path) -> float:
    """CPU milliseconds a run beside the runs, of 1,000 runs."""
    first, rest = swept(250, 2, place, f"{HERE}:nothing")
    each = first.cpu + rest.cpu
    print(f"1,000 runs without work: {each:.2f} CPU ms a run ({first.cpu:.2f} s to check points, {rest.cpu:.2f} s to run, keep, compare and report), {first.wall + rest.wall:.1f} s wall; {load()}")
    return each


def plain(runs: int, place: Path, workers) -> Clock:
    """So many runs over given workers."""
    planned = [Planned(f"run{i:06d}", i // 2, ("o2o", "omo")[i % 2], "baseline", 7, 0) for i in range(runs)]
    task = lambda item: f'{{"run_id": "{item.run_id}", "arm": "{item.strategy}", "replication": {item.replication}, "seed": {item.seed + item.point}}}'
    place.mkdir(parents=True)
    store = ShardStore(ResultFolder(place, "sweep"), cut(planned))
    with Clock() as clock, closing(workers()) as at_once:
        found = sweep(store, task, at_once, mine=range(len(store.parts)), window=lambda: 8)
    assert found.done == runs == len(runs_on_disk(place))
    return clock


def two_against_one(place: Path) -> tuple[float, float]:
    """Speed of two processes over one on 1,000 runs of about 20 ms: by wall, by CPU."""
    one = plain(1000, place / "one", lambda: PoolExecutor(f"{HERE}:small", 1))
    two = plain(1000, place / "two", lambda: PoolExecutor(f"{HERE}:small", 2))
    wall, cpu = one.wall / two.wall, 2 * one.cpu / two.cpu
    print(f"1,000 runs of 20 ms: one process {one.wall:.1f} s ({one.cpu:.1f} CPU), two {two.wall:.1f} s ({two.cpu:.1f} CPU, {two.own:.1f} of them the parent's): {wall:.2f} x by wall, {cpu:.2f} x by CPU; {load()}")
    return wall, cpu


def busy(place: Path) -> float:
    """Share of the time from a worker's first run to its last end that it was in a run."""
    spans: dict[int, list[tuple[float, float]]] = {}
    for answer in finished_runs(place).values():
        spans.setdefault(int(answer.value("worker")), []).append((answer.value("began"), answer.value("ended")))
    inside = sum(end - began for runs in spans.values() for began, end in runs)
    return inside / sum(max(end for _, end in runs) - min(began for began, _ in runs) for runs in spans.values())


def dask_against_pool(place: Path, runs: int = 26, rounds: int = 5) -> tuple[float, float]:
    """Time of Dask over the pool's on runs of about .6 s, two processes each: by wall, by CPU; the start and two runs are taken off.

    The two take turns and the middle ratio is told: one core of a shared machine is a fifth slower than the other for seconds.
    """
    makers = {"pool": lambda: PoolExecutor(f"{HERE}:half_a_second", 2), "dask": lambda: DaskExecutor(f"{HERE}:half_a_second", jobs=2)}
    ratios: list[tuple[float, float]] = []
    for turn in range(rounds):
        took: dict[str, tuple[float, float]] = {}
        for name in makers if turn % 2 else reversed(makers):
            few, many = (plain(count, place / f"{name}{count}-{turn}", makers[name]) for count in (2, runs))
            took[name] = many.wall - few.wall, many.cpu - few.cpu
            print(f"  {name}: {runs - 2} runs of .6 s in {took[name][0]:.1f} s ({took[name][1]:.1f} CPU), workers in a run {100 * busy(place / f'{name}{runs}-{turn}'):.1f} % of their time; start and two runs {few.wall:.1f} s ({few.cpu:.1f} CPU)")
        ratios.append((took["dask"][0] / took["pool"][0], took["dask"][1] / took["pool"][1]))
    wall, cpu = (sorted(ratio[i] for ratio in ratios) for i in (0, 1))
    print(f"Dask over the pool: {median(wall):.2f} by wall ({wall[0]:.2f} to {wall[-1]:.2f}), {median(cpu):.2f} by CPU ({cpu[0]:.2f} to {cpu[-1]:.2f}) in {rounds} turns; {load()}")
    return median(wall), median(cpu)


def big_report(place: Path) -> float:
    """CPU seconds of `omosim report` on a sweep of 10,000 runs."""
    from omosim.reports.write import write_report

    first, rest = swept(1250, 4, place, f"{HERE}:nothing")
    assert len(runs_on_disk(place)) == 10_000
    with Clock() as clock:
        page = write_report(place)
    size = sum(p.stat().st_size for p in place.rglob("*") if p.is_file())
    print(f"10,000 runs: checked in {first.cpu:.1f}, run and concluded in {rest.cpu:.1f} CPU s; report of {page.stat().st_size / 1e3:.0f} kB in {clock.cpu:.2f} CPU s ({clock.wall:.2f} wall), folder {size / 1e6:.1f} MB; {load()}")
    return clock.cpu


@pytest.mark.bench
def test_w5(tmp_path: Path) -> None:
    assert overhead(tmp_path / "overhead") > 0
    assert min(two_against_one(tmp_path / "pools")) > 0
    assert min(dask_against_pool(tmp_path / "dask")) > 0
    assert big_report(tmp_path / "report") > 0


def table() -> None:
    """All four, in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        for part in (overhead, two_against_one, dask_against_pool, big_report):
            if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
                part(Path(folder) / part.__name__)


if __name__ == "__main__":
    table()
