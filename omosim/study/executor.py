"""Where tasks run. A task is a JSON string, its answer a JSON string; `Executor` is all that a study knows."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import suppress
from typing import IO, Protocol, Self

from omosim.study.outcome import KILLED, OVER_BUDGET, Failure, Outcome
from omosim.study.worker import attempt

ATTEMPTS = 3
_TICK_S = 0.25
_THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from omosim.study.worker import main; main(sys.argv[2])"
)


class Executor(Protocol):
    """Five methods; `inline` and the process pool have them, and so may a cluster."""

    def submit(self, name: str, task: str) -> None:
        """Queue a task (a JSON string) under a name that is unique among the unfinished."""

    def collect(self) -> list[Outcome]:
        """Wait for at least one outcome; an empty list only when nothing is pending."""

    def pending(self) -> int:
        """Tasks submitted and not yet collected."""

    def cancel(self) -> list[str]:
        """Forget the tasks that have not started; their names."""

    def close(self) -> None:
        """Stop everything now, running tasks included; safe to call twice."""


class InlineExecutor:
    """Runs tasks in this process, one at each `collect`."""

    def __init__(self, entry: str) -> None:
        self.entry = entry
        self._waiting: deque[tuple[str, str]] = deque()

    def submit(self, name: str, task: str) -> None:
        """See Executor."""
        self._waiting.append((name, task))

    def collect(self) -> list[Outcome]:
        """See Executor."""
        if not self._waiting:
            return []
        name, task = self._waiting.popleft()
        value, failure = attempt(self.entry, task)
        return [Outcome(name, value, failure)]

    def pending(self) -> int:
        """See Executor."""
        return len(self._waiting)

    def cancel(self) -> list[str]:
        """See Executor."""
        names = [name for name, _ in self._waiting]
        self._waiting.clear()
        return names

    def close(self) -> None:
        """See Executor."""
        self._waiting.clear()


class _Worker:
    """One child process with its pipes, the thread that reads its answers, and the task that it has in hand."""

    def __init__(self, entry: str, threads: int, events: queue.SimpleQueue[tuple[_Worker, bytes | None]]) -> None:
        limits = dict.fromkeys(_THREADS, str(threads))
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps([os.path.abspath(p) for p in sys.path]), entry],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env={**os.environ, **limits},
            start_new_session=True,  # Ctrl-C belongs to the parent, which then ends its workers in order
        )
        self.task: tuple[str, str] | None = None
        self.since = 0.0
        self._events = events
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with suppress(OSError, ValueError):
            for line in self.process.stdout:
                if line.endswith(b"\n"):
                    self._events.put((self, line))
        self._events.put((self, None))

    def give(self, name: str, task: str) -> None:
        """Hand over a task; a dead worker is noticed by its reader."""
        self.task, self.since = (name, task), time.monotonic()
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.write(json.dumps(task).encode() + b"\n")
            self.process.stdin.flush()

    def last_words(self) -> str:
        """The end of what the worker wrote to its error stream."""
        with suppress(OSError, ValueError):
            self.errors.seek(max(0, os.fstat(self.errors.fileno()).st_size - 2000))
            return self.errors.read().decode("utf-8", "replace").strip()
        return ""

    def stop(self) -> None:
        """Kill and reap."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.errors):
            with suppress(OSError):
                if stream is not None:
                    stream.close()


class PoolExecutor:
    """Supervised worker processes, each kept for many tasks.

    A worker that dies (kill -9, out of memory) costs its task one attempt and is replaced; a task that loses three
    workers is set aside by name. `budget_s` is the longest time a task may take. Workers are fresh interpreters, so
    neither the caller's `__main__` nor the start method matters.
    """

    def __init__(self, entry: str, jobs: int, *, threads: int = 1, budget_s: float | None = None) -> None:
        if jobs < 1:
            raise ValueError(f"jobs {jobs}: at least 1")
        self.entry, self.jobs, self.threads, self.budget_s = entry, jobs, threads, budget_s
        self._events: queue.SimpleQueue[tuple[_Worker, bytes | None]] = queue.SimpleQueue()
        self._waiting: deque[tuple[str, str]] = deque()
        self._workers: list[_Worker] = []
        self._lost: dict[str, int] = {}

    def submit(self, name: str, task: str) -> None:
        """See Executor."""
        self._waiting.append((name, task))
        self._feed()

    def collect(self) -> list[Outcome]:
        """See Executor."""
        while self.pending():
            self._feed()
            outcomes = self._late()
            try:
                worker, line = self._events.get(timeout=_TICK_S)
                outcomes += self._answer(worker, line)
            except queue.Empty:
                pass
            self._feed()
            if outcomes:
                return outcomes
        return []

    def pending(self) -> int:
        """See Executor."""
        return len(self._waiting) + sum(w.task is not None for w in self._workers)

    def cancel(self) -> list[str]:
        """See Executor."""
        names = [name for name, _ in self._waiting]
        self._waiting.clear()
        return names

    def close(self) -> None:
        """See Executor."""
        self._waiting.clear()
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of the living workers."""
        return [w.process.pid for w in self._workers]

    def _feed(self) -> None:
        """Give waiting tasks to idle workers, starting workers up to `jobs`."""
        while self._waiting:
            idle = next((w for w in self._workers if w.task is None), None)
            if idle is None:
                if len(self._workers) >= self.jobs:
                    return
                idle = _Worker(self.entry, self.threads, self._events)
                self._workers.append(idle)
            idle.give(*self._waiting.popleft())

    def _answer(self, worker: _Worker, line: bytes | None) -> list[Outcome]:
        """What an event of a worker means for the task that it had."""
        if worker not in self._workers:
            return []
        if line is None:
            return self._died(worker)
        if worker.task is None:
            return []
        (name, _), worker.task = worker.task, None
        self._lost.pop(name, None)
        answer = json.loads(line)
        failure = Failure(**answer["failure"]) if answer["failure"] else None
        return [Outcome(name, answer["value"], failure)]

    def _died(self, worker: _Worker) -> list[Outcome]:
        words = worker.last_words()
        worker.stop()
        self._workers.remove(worker)
        if worker.task is None:
            return []
        name, task = worker.task
        lost = self._lost[name] = self._lost.get(name, 0) + 1
        if lost < ATTEMPTS:
            self._waiting.appendleft((name, task))
            return []
        del self._lost[name]
        how = _how_it_ended(worker.process.returncode)
        text = f"{name}: its worker {how} {lost} times; set aside" + (f". Last words: {words}" if words else "")
        return [Outcome(name, failure=Failure(KILLED, text, attempts=lost))]

    def _late(self) -> list[Outcome]:
        """Stop the tasks that are over their time."""
        if self.budget_s is None:
            return []
        late = [w for w in self._workers if w.task is not None and time.monotonic() - w.since > self.budget_s]
        out = []
        for worker in late:
            assert worker.task is not None
            self._workers.remove(worker)
            worker.stop()
            text = f"{worker.task[0]}: took longer than its budget of {self.budget_s:g} s; stopped"
            out.append(Outcome(worker.task[0], failure=Failure(OVER_BUDGET, text)))
        return out


def _how_it_ended(code: int | None) -> str:
    return f"was killed (signal {-code})" if code is not None and code < 0 else f"ended (exit code {code})"


def make_executor(entry: str, jobs: int, *, threads: int = 1, budget_s: float | None = None) -> Executor:
    """Inline for one job without a time budget, else the pool."""
    if jobs == 1 and budget_s is None:
        return InlineExecutor(entry)
    return PoolExecutor(entry, jobs, threads=threads, budget_s=budget_s)
