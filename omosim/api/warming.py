"""Compile every kernel once, ahead of the first study; the two halves of the work in two processes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SMALL = ("strategy=omo", "shoppers=50", "days=2", "burn_in_days=1")


def cold() -> bool:
    """Whether no compiled kernel of this version is kept yet."""
    from omosim.kernels import jit

    folder = getattr(jit, "_CACHE_DIR", None)
    if jit.JIT_OFF:
        return False
    return folder is None or next(Path(folder).rglob("*.nbi"), None) is None


def network() -> None:
    """Compile the network's kernels: one visit on the smallest run's network, and a node that is shut and opens again."""
    from omosim.config.compose import compose
    from omosim.fulfilment import Replenishment, new_engine
    from omosim.schema.codes import Flow
    from omosim.schema.columns import DAY, DEMAND
    from omosim.strategy import build_policy
    from omosim.world.synthesis import synthesise

    settings = compose("run", list(SMALL)).settings
    world = synthesise(settings, 1, 0)
    world.policy = build_policy(settings)
    engine = new_engine(settings, world)
    rows = np.zeros(1, DEMAND)
    rows["t"], rows["flow"], rows["node"], rows["units"] = 60, Flow.VISIT, 1, 1
    engine.submit(rows)
    engine.set_staff(1, 1, 1, 0)
    engine.shut(1, 30)
    engine.reopen(1, 40)
    engine.advance(DAY)
    replenishment = Replenishment(settings, world, engine)
    replenishment.review(DAY)
    replenishment.count_and_shrink(DAY)


def stations() -> None:
    """Compile the bare stations of the planner: one pickup and one visit of a store's day."""
    from omosim.planning.demand import Draws, Shop
    from omosim.planning.simulate import Staff, simulate
    from omosim.schema.codes import Flow
    from omosim.schema.columns import DAY, DEMAND

    shop = Shop(0, DAY, (True,), DAY, 300)
    rows = np.zeros(2, DEMAND)
    rows["key"], rows["t"], rows["flow"], rows["units"], rows["node"] = (0, 256), (60, 120), (Flow.PICKUP, Flow.VISIT), 1, 1
    rows["promise_s"] = rows["patience_s"] = -1
    simulate(shop, rows, Draws(1, 0, 1, 1), Staff.level(1, 1, 0, DAY), audit=False)


def people() -> None:
    """Compile the shoppers' kernels: two days of the smallest run without a network."""
    from omosim.config.compose import compose
    from omosim.journeys import Journeys
    from omosim.schema.columns import DAY, OUTCOME
    from omosim.strategy import build_policy
    from omosim.world.synthesis import synthesise

    settings = compose("run", list(SMALL)).settings
    world = synthesise(settings, 1, 0)
    world.policy = build_policy(settings)
    journeys = Journeys(world, settings, 1, 0)
    for day in range(2):
        journeys.begin_day(day)
        journeys.broadcast(day * DAY)
        journeys.advance((day + 1) * DAY)
        journeys.apply(np.zeros(1, OUTCOME), (day + 1) * DAY)


def warm() -> float:
    """Compile what is not yet in the user's cache; returns seconds taken."""
    from omosim.config.compose import compose
    from omosim.kernels import jit
    from omosim.model.run import run

    began = time.perf_counter()
    other = None
    if cold() and getattr(jit, "_CACHE_DIR", None) is not None:
        code = "from omosim.api.warming import network, stations; network(); stations()"
        other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        people()
        other.wait()  # whatever it could not compile, the run below does
    run(compose("run", list(SMALL)).settings)
    network()  # kept already, as a rule: these read it
    stations()
    return time.perf_counter() - began
