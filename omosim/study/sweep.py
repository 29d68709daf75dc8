"""Many runs over a design: which, where they stand, what failed. `sweep` is the main loop; start reading there."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omosim.study.book import StudyInterrupted, judge
from omosim.study.executor import Executor
from omosim.study.outcome import Failure
from omosim.study.progress import Progress
from omosim.study.runs import RunAnswer
from omosim.study.shards import Planned, ShardStore

_SYNC_S = 2.0


@dataclass
class SweepOutcome:
    """What a sweep (or one shard of it) came to.

    done, failed : runs of this process's parts; whole : whether every part of the sweep is on the disk
    """

    done: int
    reused: int
    failures: dict[str, Failure]
    whole: bool
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 all there, 3 some runs failed, 4 a law was broken in one of them."""
        if any(f.exit_code == 4 for f in self.failures.values()):
            return 4
        return 3 if self.failures else 0


@dataclass
class _State:
    """Where a sweep stands in this process."""

    store: ShardStore
    mine: Sequence[int]
    answers: dict[int, dict[str, RunAnswer]]
    failures: dict[str, Failure] = field(default_factory=dict)
    done: int = 0
    reused: int = 0
    planned: int = 0

    def __post_init__(self) -> None:
        times = Counter(item.run_id for n in self.mine for item in self.store.parts[n])
        self.shared = {run for run, count in times.items() if count > 1}
        self.kept: dict[str, RunAnswer] = {}
        self.parts_of: dict[str, list[int]] = {}
        self.open: dict[int, set[str]] = {}
        for number in self.mine:
            runs = dict.fromkeys(item.run_id for item in self.store.parts[number])
            self.planned += len(runs)
            if number not in self.answers:
                self.done += len(runs)
                self.reused += len(runs)
                continue
            have = self.answers[number]
            self.done += len(have)
            self.reused += len(have)
            self.kept.update({run: answer for run, answer in have.items() if run in self.shared})
            self.open[number] = {run for run in runs if run not in have}
            for run in self.open[number]:
                self.parts_of.setdefault(run, []).append(number)

    def take(self, run: str, found: RunAnswer | Failure) -> None:
        """Put an outcome where it belongs; a part without open runs is written."""
        for number in self.parts_of.pop(run, []):
            self.open[number].discard(run)
            if isinstance(found, Failure):
                self.failures[run] = found
            else:
                self.answers[number][run] = self.store.save(number, found)
                self.done += 1
            if not self.open[number]:
                self._close(number)

    def close_ready(self) -> None:
        """Write the parts whose runs were all in journals."""
        for number in [n for n in self.mine if n in self.open and not self.open[n]]:
            self._close(number)

    def _close(self, number: int) -> None:
        self.store.close_part(number, self.answers.pop(number))
        del self.open[number]


def sweep(
    store: ShardStore,
    tasks: Callable[[Planned], str],
    workers: Executor,
    *,
    mine: Sequence[int],
    window: Callable[[], int],
    progress: Callable[[Progress], None] = lambda _: None,
) -> SweepOutcome:
    """Run what is missing of some parts of a plan.

    Parameters
    ----------
    store : where finished runs are; its parts are the plan
    tasks : planned run -> the task's JSON
    workers : they are left open, also on an error
    mine : numbers of the parts that this process works on
    window : how many tasks are in the workers' hands, those ahead included; asked anew each time
    progress : told after each batch of outcomes

    Returns
    -------
    SweepOutcome; each failed run is in it by its id

    Raises
    ------
    StudyInterrupted : on Ctrl-C; finished runs are kept
    """
    began = time.monotonic()
    state = _State(store, mine, store.take_stock(mine))
    queue = _waiting(state)
    synced = began
    try:
        state.close_ready()
        while _feed(workers, queue, state, tasks, window):
            for outcome in workers.collect():
                found = judge(outcome)
                if outcome.name in state.shared and isinstance(found, RunAnswer):
                    state.kept[outcome.name] = found
                state.take(outcome.name, found)
            if time.monotonic() - synced > _SYNC_S:
                store.settle()
                synced = time.monotonic()
            progress(Progress(state.done, state.reused, len(state.failures), state.planned, time.monotonic() - began))
    except KeyboardInterrupt:
        store.close()
        raise StudyInterrupted(f"Interrupted: {state.done} finished runs are kept in {store.folder.path}. Run the same command again to go on.") from None
    store.close()
    others = [n for n in range(len(store.parts)) if n not in set(mine)]
    whole = not state.failures and all(store.whole(n) for n in others)
    return SweepOutcome(state.done, state.reused, state.failures, whole, time.monotonic() - began)


def _waiting(state: _State) -> Iterator[tuple[Planned, RunAnswer | None]]:
    """The missing runs in the plan's order, with the answer where another part has it already."""
    asked: set[str] = set()
    for number in state.mine:
        for item in state.store.parts[number]:
            if item.run_id in asked or item.run_id not in state.parts_of:
                continue
            asked.add(item.run_id)
            yield item, state.kept.get(item.run_id)


def _feed(workers: Executor, queue: Iterator[tuple[Planned, RunAnswer | None]], state: _State, tasks: Callable[[Planned], str], window: Callable[[], int]) -> bool:
    """Keep `window` tasks in the workers' hands; whether any are left there."""
    room = window()
    while workers.pending() < room:
        entry = next(queue, None)
        if entry is None:
            break
        item, known = entry
        if known is not None:
            state.take(item.run_id, known)
            continue
        try:
            task = tasks(item)
        except Exception as error:
            state.take(item.run_id, Failure.of(error))
            continue
        workers.submit(item.run_id, task)
    return workers.pending() > 0


def failure_rows(failures: Mapping[str, Failure], plan: Sequence[Planned]) -> Iterator[dict[str, Any]]:
    """Rows of failures.jsonl in the plan's order."""
    for item in plan:
        if item.run_id in failures:
            yield {**vars(item), **vars(failures[item.run_id])}
