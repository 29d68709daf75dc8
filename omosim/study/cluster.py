"""Dask distributed as an executor: a scheduler that the user names, or a cluster of processes on this machine.

Needs `omosim[cluster]`. Workers import omosim, so they must have the same version; another one is refused by name.
Dask moves each task's text and its answer; nothing of it is written to a file.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from omosim.results import code_version
from omosim.study.outcome import KILLED, Failure, Outcome
from omosim.study.worker import attempt

KILLS = 3  # workers that a task may cost before it is set aside
_WAIT_S = 20.0


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
    """Runs tasks on a Dask cluster; workers may come and go, and a task that costs three of them is set aside.

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
            if not scheduler:
                self._cluster = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None, processes=True, silence_logs=50)
            self._client = Client(self._cluster or scheduler, timeout=f"{_WAIT_S if wait_s is None else wait_s:g}s", set_as_default=False, name="omosim")
        except (OSError, TimeoutError, ValueError) as error:
            raise ClusterError(f"no Dask scheduler answers at {scheduler or 'this machine'} ({error}). Start one with `dask scheduler`, or leave scheduler out") from None
        self._done = as_completed(loop=self._client.loop, with_results=False, raise_errors=False)
        self._pending: dict[str, Any] = {}
        self._names: dict[str, str] = {}

    def submit(self, name: str, task: str) -> None:
        """See Executor."""
        future = self._client.submit(run_there, self.entry, task, self._code, key=f"omosim-{name}-{time.monotonic_ns()}", pure=False, retries=0)
        self._pending[name] = future
        self._names[str(future.key)] = name
        self._done.add(future)

    def collect(self) -> list[Outcome]:
        """See Executor."""
        if not self._pending:
            return []
        out = []
        for future in self._done.next_batch(block=True):
            name = self._names.pop(str(future.key))
            if self._pending.pop(name, None) is not None:
                out.append(self._outcome(name, future))
        return out

    def _outcome(self, name: str, future: Any) -> Outcome:
        if future.status == "finished":
            value, failure = future.result()
            return Outcome(name, value, None if failure is None else Failure(**failure))
        if future.status == "error":
            error = future.exception()
            if type(error).__name__ == "KilledWorker":
                return Outcome(name, failure=Failure(KILLED, f"{name}: its worker died {KILLS} times; set aside", attempts=KILLS))
            return Outcome(name, failure=Failure.of(error))
        raise ClusterError(f"the scheduler at {self.scheduler or 'this machine'} was lost ({future.status}); run the same command again to go on")

    def pending(self) -> int:
        """See Executor."""
        return len(self._pending)

    def cancel(self) -> list[str]:
        """See Executor."""
        names = [name for name, future in self._pending.items() if future.status == "pending"]
        for name in names:
            self._pending.pop(name).cancel()
        return names

    def close(self) -> None:
        """See Executor."""
        self._pending.clear()
        with suppress(Exception):
            self._client.close(timeout=5)
        if self._cluster is not None:
            with suppress(Exception):
                self._cluster.close(timeout=5)
