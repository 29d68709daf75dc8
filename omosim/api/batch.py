"""Runs that a study makes up by itself (coalitions, points of a map, controls) through the sweep's store, in rounds.

A study adds settings under a point and an arm, asks for a round, reads the figures, and adds more where it must. Each
round is cut into parts of its own, so parts of earlier rounds never change and the same command goes on to the same bytes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omosim.results import ResultFolder, code_version
from omosim.study import parts
from omosim.study.failures import write_failures
from omosim.study.outcome import Failure
from omosim.study.progress import Progress
from omosim.study.shards import Planned, ShardStore, cut
from omosim.study.sweep import SweepOutcome, failure_rows, sweep

if TYPE_CHECKING:
    from omosim.schema.settings import Settings
    from omosim.study.executor import Executor

AHEAD = 4  # tasks handed out for every worker


@dataclass
class Batch:
    """Settings of runs under (point, arm), and the rounds in which they are made.

    runs : every planned run of all rounds, in order; parts : the same, cut
    """

    runs: list[Planned] = field(default_factory=list)
    parts: list[list[Planned]] = field(default_factory=list)
    _fresh: list[Planned] = field(default_factory=list)
    _texts: dict[tuple[int, str], bytes] = field(default_factory=dict)
    _decided: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)
    _code: str = ""

    def add(self, point: int, arm: str, settings: Settings, seed: int, replications: Iterable[int]) -> None:
        """Plan replications of settings for the next round; equal settings share their runs."""
        from omosim.model.run import deciding
        from omosim.study.runs import run_id

        self._code = self._code or code_version()
        at = point, arm
        if at not in self._texts:
            self._texts[at] = zlib.compress(settings.model_dump_json(exclude={"output"}).encode(), 1)
            self._decided[at] = deciding(settings), settings.scenario.name
        text, scenario = self._decided[at]
        for replication in replications:
            run = run_id(text, code=self._code, data_hash="", seed=seed, replication=replication)
            self._fresh.append(Planned(run, point, arm, scenario, seed, replication))

    def close_round(self) -> list[int]:
        """Cut what was added since the last round; numbers of its parts."""
        first = len(self.parts)
        self.parts += cut(self._fresh)
        self.runs += self._fresh
        self._fresh = []
        return list(range(first, len(self.parts)))

    def task(self, item: Planned) -> str:
        """The JSON task of a run."""
        text = zlib.decompress(self._texts[item.point, item.strategy]).decode()
        head = json.dumps({"run_id": item.run_id, "arm": item.strategy, "replication": item.replication, "seed": item.seed})
        return f'{head[:-1]}, "settings": {text}}}'


@dataclass
class Rounds:
    """Makes the rounds of one study in its folder, with workers that start when the first run is missing.

    folder : result folder; entry : the worker's entry; make : gives the workers; jobs : how many there are
    """

    folder: ResultFolder
    batch: Batch
    make: Callable[[], Executor]
    jobs: int = 1
    progress: Callable[[Progress], None] = lambda _: None
    failures: dict[str, Failure] = field(default_factory=dict)
    done: int = 0
    reused: int = 0
    seconds: float = 0.0
    _workers: Executor | None = None

    def run(self) -> SweepOutcome:
        """Make what was added since the last round and is not on the disk.

        Raises
        ------
        StudyInterrupted : on Ctrl-C; finished runs are kept
        """
        mine = self.batch.close_round()
        store = ShardStore(self.folder, self.batch.parts, growing=True)
        if self._workers is None:
            self._workers = self.make()
        before = self.done, self.reused, len(self.failures), self.seconds
        planned = len({item.run_id for item in self.batch.runs})

        def tell(at: Progress) -> None:
            self.progress(Progress(before[0] + at.done, before[1] + at.reused, before[2] + at.failed, planned, before[3] + at.seconds))

        outcome = sweep(store, self.batch.task, self._workers, mine=mine, window=ahead(self._workers, self.jobs), progress=tell)
        self.done, self.reused, self.seconds = self.done + outcome.done, self.reused + outcome.reused, self.seconds + outcome.seconds
        self.failures.update(outcome.failures)
        return outcome

    def values(self, kpis: Sequence[str]) -> dict[str, dict[tuple[int, str, int, int], float | None]]:
        """KPI -> (point, arm, seed, replication) -> value of every finished run of the rounds so far."""
        found: dict[str, dict[tuple[int, str, int, int], float | None]] = {kpi: {} for kpi in kpis}
        columns = ("point", "strategy", "seed", "replication", "kpi", "value")
        for point, arm, seed, replication, kpi, value in parts.rows(self.folder.path, columns, kpis, range(len(self.batch.parts))):
            found[kpi][point, arm, seed, replication] = value
        return found

    def laws(self) -> dict[str, int]:
        """Write laws.json from the finished runs; what summary.json says of them. After `finish`."""
        return parts.proof([self.folder.path], self.failures.values()).write(self.folder)

    def finish(self) -> None:
        """Stop the workers, drop parts of other plans from the folder, and write the failures."""
        self.close()
        ShardStore(self.folder, self.batch.parts).take_stock([])
        write_failures(self.folder, failure_rows(self.failures, self.batch.runs))

    def close(self) -> None:
        """Stop the workers."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    @property
    def exit_code(self) -> int:
        """0 all there, 3 some runs failed, 4 a law was broken in one of them."""
        if any(f.exit_code == 4 for f in self.failures.values()):
            return 4
        return 3 if self.failures else 0


@dataclass
class Ended:
    """A study of rounds that has ended."""

    folder: ResultFolder
    summary: dict[str, Any]
    rounds: Rounds

    @property
    def exit_code(self) -> int:
        """See `Rounds.exit_code`."""
        return self.rounds.exit_code


def workers_of(options: Any, entry: str, threads: int) -> Executor:
    """The executor that `executor`, `scheduler`, `jobs` and `budget_s` of a command's options ask for."""
    from omosim.study.executor import InlineExecutor, PoolExecutor, make_executor

    if options.executor == "dask" or options.scheduler:
        from omosim.study.cluster import DaskExecutor

        return DaskExecutor(entry, options.scheduler, options.jobs)
    if options.executor == "inline":
        return InlineExecutor(entry)
    make = PoolExecutor if options.executor == "pool" else make_executor
    return make(entry, options.jobs, threads=threads, budget_s=options.budget_s)


def ahead(workers: Executor, jobs: int) -> Callable[[], int]:
    """How many tasks to keep in the workers' hands: some for each process, or for each thread that a cluster has now."""
    from omosim.study.cluster import DaskExecutor

    return lambda: AHEAD * (workers.width() if isinstance(workers, DaskExecutor) else max(1, jobs))
