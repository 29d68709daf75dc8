"""A twin's parameters by simulation: a set of plausible ones, in a budget of time, going on where it was stopped."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from omosim.schema.settings import Settings
    from omosim.twin.folder import Twin
    from omosim.twin.posterior import Posterior
    from omosim.twin.tables import Tables

ENTRY = "omosim.api.twin_fit:simulate_task"
SIMULATIONS = "simulations"  # folder of finished ones, until the fit is committed
#: columns of a simulated log that patterns are read from
KEPT = ("shopper_id", "placed_at", "returned_at", "revenue", "refund", "channel", "fulfilment")


def simulate_task(text: str) -> str:
    """Entry of a worker process: {"settings", "to"} in; the run's orders as a Parquet file at `to`, "" out."""
    from omosim.api.commands import simulated_orders
    from omosim.schema.settings import Settings

    task = json.loads(text)
    orders = simulated_orders(Settings.model_validate(task["settings"]))
    orders[[name for name in KEPT if name in orders]].to_parquet(task["to"], index=False)
    return ""


class Simulations:
    """`run_many` of a calibration over worker processes: frames in the order of the settings, as they come."""

    def __init__(self, jobs: int) -> None:
        from omosim.study.executor import make_executor

        self.jobs, self.workers = jobs, make_executor(ENTRY, jobs)
        self.place = tempfile.TemporaryDirectory(prefix="omosim-twin-")
        self.count = 0

    def __call__(self, settings: list[Settings]) -> Iterator[pd.DataFrame]:
        import pandas as pd

        from omosim.twin.errors import CalibrationError

        waiting = list(range(len(settings)))
        ready: dict[int, Path] = {}
        paths = {}
        for i in waiting:
            paths[str(i)] = Path(self.place.name) / f"{self.count + i:06d}.parquet"
        self.count += len(settings)
        at = 0
        while at < len(settings):
            while waiting and self.workers.pending() < 2 * self.jobs:
                i = waiting.pop(0)
                self.workers.submit(str(i), json.dumps({"settings": settings[i].model_dump(mode="json"), "to": str(paths[str(i)])}))
            for outcome in self.workers.collect():
                if outcome.failure is not None:
                    raise CalibrationError(f"a simulation of the calibration failed: {outcome.failure.message}")
                ready[int(outcome.name)] = paths[outcome.name]
            while at in ready:
                path = ready.pop(at)
                frame = pd.read_parquet(path)
                path.unlink()
                at += 1
                yield frame

    def close(self) -> None:
        """End the workers and drop their files."""
        self.workers.close()
        self.place.cleanup()


def by_simulation(twin: Twin, tables: Tables, version: int, budget_min: float, jobs: int) -> tuple[dict[str, list[Any]], dict[str, list[Any]], Posterior]:
    """Draws of the parameters that the twin's orders can tell, and what is identified.

    budget_min : minutes of the clock; a calibration that was stopped goes on from its finished simulations

    Returns
    -------
    Rows of posterior.parquet, rows of identifiability.parquet (before the fit: expected, after it: verdict), the posterior

    Raises
    ------
    CalibrationError : the orders cannot carry it
    """
    from omosim.api.twin_state import fit_of
    from omosim.results.tables import plain_columns
    from omosim.twin import identify
    from omosim.twin.posterior import Plan, calibrate
    from omosim.twin.summaries import orders_of_log

    folder = twin.path / SIMULATIONS
    folder.mkdir(exist_ok=True)
    pace: list[tuple[float, int]] = []  # seconds and finished simulations at the first and at the last word

    def tell(done: int, total: int, words: str) -> None:
        now = time.perf_counter()
        if not pace:  # the first brings what was kept, or what had to be compiled
            pace.extend([(now, done)] * 2)
        elif now - pace[1][0] > 15 or done == total:
            pace[1] = (now, done)
            left = (now - pace[0][0]) / max(done - pace[0][1], 1) * (total - done)
            sys.stderr.write(f"{words}: {done} of {total} simulations, about {left:.0f} s left\n")

    fit = fit_of(twin, tables)
    orders = orders_of_log(tables.orders, fit.laws.windows, fit.patterns)
    said = identify.before(fit, ("orders", *tables.further), orders)
    print(identify.foretold_text(said), flush=True)
    with closing(Simulations(jobs)) as run_many:
        post = calibrate(fit, orders, run_many, folder, Plan(budget_s=60 * budget_min, jobs=jobs), progress=tell)
    before, after = said.set_index("parameter"), identify.after(post).set_index("parameter")
    whole = before.join(after[["low", "median", "high", "shrinkage", "verdict", "tied_to"]], how="left").reset_index()
    identified = plain_columns(whole)
    frame = post.frame(str(version))
    return {str(c): frame[c].tolist() for c in frame.columns}, identified, post


def drop_simulations(path: Path) -> None:
    """Forget finished simulations: what they told is committed."""
    shutil.rmtree(path / SIMULATIONS, ignore_errors=True)
