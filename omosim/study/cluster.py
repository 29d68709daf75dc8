"""Dask distributed as an executor: a scheduler that the user names, or a cluster of processes on this machine.

Needs `omosim[cluster]`. Workers import omosim, so they must have the same version; another one is refused by name.
Dask moves each task's text and its answer; nothing of it is written to a file.
"""

from __future__ import annotations

import math
import re
import socket
import time
from contextlib import suppress
from typing import Any

from omosim.results import code_version
from omosim.study.outcome import KILLED, Failure, Outcome
from omosim.study.worker import attempt

KILLS = 3  # workers that a task may cost on a cluster of our own; a scheduler of the user has its own number
_WAIT_S = 20.0
_REFUSED_S = 3.0  # for which an address may refuse, as a scheduler that is just starting does
_ASK_S = 2.0
#: of a cluster of our own: nobody looks at its profiles and monitors, which wake each process many times a second
_QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "60s",
    "distributed.worker.memory.monitor-interval": "1s",
}


class ClusterError(RuntimeError):
    """No cluster: not installed, not reachable, or lost on the way."""

    exit_code = 2


def run_there(entry: str, task: str, code: str) -> tuple[str | None, dict[str, Any] | None]:
    """One task on a worker: its answer, or its failure as plain data; refused where another omosim is installed."""
    if code_version() != code:
        text = f"the worker has another omosim (code {code_version()}, here {code}); install the same version on all machines"
        return None, vars(Failure("error", text, exit_code=2))
    value, failure = attempt(entry, task)
    return value, None if failure is None else vars(failure)


class DaskExecutor:
    """Runs tasks on a Dask cluster; workers may come and go, and a task that costs too many of them is set aside.

    Dask blames every task that waits on a worker when it dies, so the accused get a second hearing at the end, one at a
    time and with nothing else in hand: who fails then has failed alone.

    Parameters
    ----------
    entry : "module:function"
    scheduler : address such as tcp://host:8786; empty: a cluster of `jobs` processes on this machine
    jobs : processes of the own cluster

    Raises
    ------
    ClusterError : distributed is not installed, nobody answers at the address
    """

    def __init__(self, entry: str, scheduler: str = "", jobs: int = 2, *, wait_s: float | None = None) -> None:
        try:
            import dask
            from distributed import Client, LocalCluster, as_completed
        except ImportError:
            raise ClusterError("executor=dask needs Dask distributed: pip install omosim[cluster]") from None
        self.entry, self.scheduler = entry, scheduler
        self._code = code_version()
        self._cluster = None
        dask.config.set({"distributed.scheduler.allowed-failures": KILLS - 1})
        try:
            if scheduler:
                _knock(scheduler, _REFUSED_S if wait_s is None else min(wait_s, _REFUSED_S))
            if not scheduler:
                dask.config.set(_QUIET)
                self._cluster = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None, processes=True, silence_logs=50)
            self._client = Client(self._cluster or scheduler, timeout=f"{_WAIT_S if wait_s is None else wait_s:g}s", set_as_default=False, name="omosim")
        except (OSError, TimeoutError, ValueError) as error:
            raise ClusterError(f"no Dask scheduler answers at {scheduler or 'this machine'} ({error}). Start one with `dask scheduler`, or leave scheduler out") from None
        self._done = as_completed(loop=self._client.loop, with_results=False, raise_errors=False)
        self._pending: dict[str, Any] = {}
        self._names: dict[str, str] = {}
        self._tasks: dict[str, str] = {}
        self._accused: dict[str, int] = {}  # name -> workers it is said to have cost
        self._heard: set[str] = set()
        self._threads, self._asked = 1, -math.inf

    def width(self) -> int:
        """Tasks that the cluster can run at a time now, 1 at least; asked again every few seconds, for workers come and go."""
        if time.monotonic() - self._asked > _ASK_S:
            self._threads, self._asked = max(1, sum(self._client.nthreads().values())), time.monotonic()
        return self._threads

    def submit(self, name: str, task: str) -> None:
        """See Executor."""
        self._tasks[name] = task
        self._send(name)

    def _send(self, name: str) -> None:
        task = self._tasks[name]
        future = self._client.submit(run_there, self.entry, task, self._code, key=f"omosim-{name}-{time.monotonic_ns()}", pure=False, retries=0)
        self._pending[name] = future
        self._names[str(future.key)] = name
        self._done.add(future)

    def collect(self) -> list[Outcome]:
        """See Executor."""
        out: list[Outcome] = []
        while not out and self.pending():
            if not self._pending:
                name = next(name for name in self._accused if name not in self._heard)
                self._heard.add(name)
                self._send(name)
            for future in self._done.next_batch(block=True):
                if future.status == "lost" and self._client.status == "running":
                    self._done.add(future)  # its worker died before the answer was fetched; the scheduler runs it again
                    continue
                name = self._names.pop(str(future.key))
                if self._pending.pop(name, None) is not None and (found := self._outcome(name, future)) is not None:
                    self._accused.pop(name, None)
                    del self._tasks[name]
                    out.append(found)
        return out

    def _outcome(self, name: str, future: Any) -> Outcome | None:
        """What became of a task; None when it is accused for the first time."""
        if future.status == "finished":
            value, failure = future.result()
            return Outcome(name, value, None if failure is None else Failure(**failure))
        if future.status == "error":
            error = future.exception()
            if type(error).__name__ == "KilledWorker":
                cost = self._accused.get(name, 0) + int(getattr(error, "allowed_failures", KILLS - 1)) + 1
                if name not in self._heard:
                    self._accused[name] = cost
                    return None
                return Outcome(name, failure=Failure(KILLED, f"{name}: its worker died {cost} times, the last ones with no other run beside it; set aside", attempts=cost))
            return Outcome(name, failure=Failure.of(error))
        raise ClusterError(f"the scheduler at {self.scheduler or 'this machine'} was lost ({future.status}); run the same command again to go on")

    def pending(self) -> int:
        """See Executor."""
        return len(self._tasks)

    def cancel(self) -> list[str]:
        """See Executor."""
        names = [name for name, future in self._pending.items() if future.status == "pending"]
        for name in names:
            self._pending.pop(name).cancel()
            del self._tasks[name]
        return names

    def close(self) -> None:
        """See Executor."""
        self._pending.clear()
        self._tasks.clear()
        with suppress(Exception):
            self._client.close(timeout=5)
        if self._cluster is not None:
            with suppress(Exception):
                self._cluster.close(timeout=5)


def _knock(scheduler: str, patience_s: float) -> None:
    """Whether anyone listens at a tcp or tls address; distributed itself asks again until its timeout. Raises OSError."""
    match = re.fullmatch(r"(?:(?:tcp|tls)://)?\[?([^\[\]/]+?)\]?:(\d+)/?", scheduler)
    if match is None:
        return
    until = time.monotonic() + patience_s
    while True:
        try:
            socket.create_connection((match[1], int(match[2])), timeout=max(0.1, until - time.monotonic())).close()
        except OSError:
            if time.monotonic() + 0.2 >= until:
                raise
            time.sleep(0.2)
        else:
            return
