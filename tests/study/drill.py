"""A sweep of a model of known truth as a program of its own, for drills that kill it: python drill.py FOLDER RUNS JOBS SECONDS [MARKS [SCHEDULER]]"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

from omosim.results import ResultFolder
from omosim.study.cluster import DaskExecutor
from omosim.study.executor import Executor, PoolExecutor
from omosim.study.failures import write_failures
from omosim.study.shards import Planned, ShardStore, cut
from omosim.study.sweep import failure_rows, sweep


def plan(runs: int) -> list[Planned]:
    return [Planned(f"run{i:05d}", i // 4, ("o2o", "omo")[i % 2], "baseline", 7, i // 2 % 2) for i in range(runs)]


def task(item: Planned, seconds: float, marks: str) -> str:
    how = "die" if item.run_id == "run00005" and marks else "die_once" if item.point % 40 == 3 and marks else "slow" if seconds else None
    settings = {"effect": 5000 * (item.strategy == "omo"), "behave": how, "seconds": seconds, "mark": marks}
    return json.dumps({"run_id": item.run_id, "arm": item.strategy, "replication": item.replication, "seed": item.seed + item.point, "settings": settings})


def main(folder: str, runs: int, jobs: int, seconds: float, marks: str = "", scheduler: str = "") -> None:
    place = ResultFolder(Path(folder), "sweep")
    place.path.mkdir(parents=True, exist_ok=True)
    planned = plan(runs)
    store = ShardStore(place, cut(planned))
    sys.path.insert(0, str(Path(__file__).parent))
    workers: Executor = DaskExecutor("fake_entry:run", scheduler) if scheduler else PoolExecutor("fake_entry:run", jobs)
    tell = lambda state: print(state.done, *getattr(workers, "pids", ()), flush=True)
    with closing(workers):
        outcome = sweep(store, lambda item: task(item, seconds, marks), workers, mine=range(len(store.parts)), window=lambda: 4 * jobs, progress=tell)
    write_failures(place, failure_rows(outcome.failures, planned))
    print("end", outcome.done, len(outcome.failures), outcome.whole, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), *sys.argv[5:])
