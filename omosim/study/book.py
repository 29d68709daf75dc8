"""The book of a study: which runs it asks for, which are there, which failed; and how they are got."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from omosim.results import ResultFolder
from omosim.study.executor import Executor
from omosim.study.outcome import Failure, Outcome
from omosim.study.runs import BadAnswer, RunAnswer, RunStore, parse_answer, run_id


@dataclass(frozen=True)
class FailedRun:
    """A run without an answer."""

    run_id: str
    strategy: str
    replication: int
    seed: int
    failure: Failure

    def row(self) -> dict[str, Any]:
        """Its line of failures.jsonl."""
        return {"run_id": self.run_id, "strategy": self.strategy, "replication": self.replication, "seed": self.seed, **vars(self.failure)}


class StudyInterrupted(KeyboardInterrupt):
    """Ctrl-C; every finished run is kept, and the same command goes on from there."""

    exit_code = 130


class StudyStopped(Exception):
    """The study ended early without a result: bad input (2) or a broken law (4)."""

    def __init__(self, message: str, exit_code: int, failures: Sequence[FailedRun]) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.failures = list(failures)


@contextmanager
def runs_kept(book: Book, folder: ResultFolder, workers: Executor) -> Iterator[None]:
    """While a study's runs are made: Ctrl-C says what is kept, and the workers stop at the end of it, however it ends.

    Raises
    ------
    StudyInterrupted : on Ctrl-C
    """
    try:
        yield
    except KeyboardInterrupt:
        raise StudyInterrupted(
            f"Interrupted: {len(book.answers)} finished runs are kept in {folder.path}. "
            "Run the same command again to go on."
        ) from None
    finally:
        workers.close()


@dataclass
class Book:
    """State of one study: what is asked, what is there."""

    arms: Mapping[str, str]
    baseline: str
    seed: int
    ids: dict[tuple[str, int], str] = field(default_factory=dict)
    answers: dict[str, RunAnswer] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    reused: int = 0

    def runs(self, upto: int) -> list[tuple[str, int, str]]:
        """(arm, replication, run id) of the first `upto` replications, all arms of one before the next."""
        return [(arm, r, self.ids[arm, r]) for r in range(upto) for arm in self.arms]

    def pairs(self, upto: int, arms: Sequence[str] = ()) -> int:
        """Replications among the first `upto` that all of `arms` (default: every arm) have finished."""
        return sum(all(self.ids[arm, r] in self.answers for arm in arms or self.arms) for r in range(upto))

    def comparable(self, upto: int) -> bool:
        """Whether the baseline and some other arm share a replication (or the baseline, alone, has a run)."""
        rest = [arm for arm in self.arms if arm != self.baseline] or [self.baseline]
        return any(self.pairs(upto, (arm, self.baseline)) for arm in rest)

    def failed(self, upto: int) -> list[FailedRun]:
        """Failed runs in the order of the plan."""
        return [
            FailedRun(run, arm, r, self.seed, self.failures[run])
            for arm, r, run in self.runs(upto)
            if run in self.failures
        ]

    def plan(self, replications: int, *, code: str, data_hash: str = "") -> None:
        """Give every arm's first `replications` their run ids; arms with equal settings get the same."""
        for r in range(replications):
            for arm, text in self.arms.items():
                self.ids[arm, r] = run_id(text, code=code, data_hash=data_hash, seed=self.seed, replication=r)


def submit(book: Book, target: int, store: RunStore, workers: Executor, settings: Mapping[str, str]) -> None:
    """Queue what is not there yet; arms with equal settings share their run."""
    asked = set()
    for arm, r, run in book.runs(target):
        if run in book.answers or run in book.failures or run in asked:
            continue
        old = store.load(run)
        if old is not None:
            book.answers[run] = old
            book.reused += 1
            continue
        asked.add(run)
        task = {"run_id": run, "arm": arm, "replication": r, "seed": book.seed, "settings": json.loads(settings[arm])}
        workers.submit(run, json.dumps(task, ensure_ascii=False))


def gather(book: Book, target: int, store: RunStore, workers: Executor, tell: Callable[[int], None]) -> None:
    """Take outcomes in any order until the batch is complete; each finished run is on the disk at once."""
    while workers.pending():
        for outcome in workers.collect():
            take(book, store, outcome)
            stop_if_hopeless(book, target)
            tell(target)
    store.settle()


def take(book: Book, store: RunStore, outcome: Outcome) -> None:
    """Put an outcome into the book: a kept answer, or why there is none."""
    found = judge(outcome)
    if isinstance(found, Failure):
        book.failures[outcome.name] = found
    else:
        book.answers[outcome.name] = store.save(found)


def judge(outcome: Outcome) -> RunAnswer | Failure:
    """The answer of a run, or why there is none; an answer that breaks a law is a failure."""
    if outcome.failure is not None:
        return outcome.failure
    try:
        answer = parse_answer(outcome.value or "", outcome.name)
    except BadAnswer as error:
        return Failure.of(error)
    broken = {law: residual for law, residual in answer.laws.items() if residual}
    return Failure("error", f"laws broken: {broken}", exit_code=4) if broken else answer


def stop_if_hopeless(book: Book, target: int) -> None:
    """Bad input fails alike everywhere and a broken law publishes nothing, so neither is worth another run."""
    bad = [f for f in book.failed(target) if f.failure.exit_code in (2, 4)]
    if bad:
        first = bad[0]
        replay = f"strategy {first.strategy}, seed {first.seed}, replication {first.replication}"
        raise StudyStopped(f"{first.failure.message} ({replay})", first.failure.exit_code, bad)
