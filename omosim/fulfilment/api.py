"""The network alone on given demand rows: what planners and oracles call."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.replenishment import StockControl
from omosim.fulfilment.rules import Network, rules_from
from omosim.schema.codes import NodeKind
from omosim.schema.columns import DAY
from omosim.schema.settings import Settings

Act = Callable[[Any, int], int | None]


@dataclass(frozen=True)
class Routine:
    """A coarse process: `act(engine, now)` first at `first`; it returns its next time, or None to stop."""

    first: int
    rank: int  # order among routines of one instant; 0 doors, 1 shifts, 2 goods, 3 counts
    act: Act


@dataclass
class NetworkRun:
    """A finished run of the network.

    Parameters
    ----------
    engine : the engine, advanced to `until`
    until : second
    outcomes : OUTCOME rows of the whole run
    """

    engine: Any
    until: int
    outcomes: np.ndarray

    def rows(self) -> np.ndarray:
        """BOOK rows sorted by key."""
        return self.engine.book()

    def book(self) -> Any:
        """The order book as a pandas DataFrame, one row per order or visit."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def residuals(self) -> dict[str, int]:
        """Residual of each law, 0 when it holds."""
        return self.engine.residuals(self.until)

    @property
    def waits(self) -> np.ndarray:
        """(n,) int64 seconds in the counter queue of everybody who was served there, by key."""
        rows = self.rows()
        return rows["wait_s"][rows["served_at"] >= 0].astype(np.int64)


def fulfil(
    network: Network | Settings,
    rows: np.ndarray,
    until: int,
    routines: Iterable[Routine] = (),
    engine: Literal["kernel", "reference"] = "kernel",
) -> NetworkRun:
    """Run the network alone on demand rows.

    Parameters
    ----------
    network : arrays of a network, changed in place; or settings, whose world is synthesised with no capability
    rows : DEMAND rows
    until : second at which to stop; events at it do not happen
    routines : coarse processes (see `opening_hours`, `replenishing`)
    engine : the answer is the same

    Returns
    -------
    NetworkRun

    Notes
    -----
    Oracles: tests/oracles/test_erlang_c.py, test_station.py, test_base_stock.py.
    """
    net = _synthesised(network) if isinstance(network, Settings) else network
    machine: Any
    if engine == "reference":
        from omosim.fulfilment.reference import ReferenceFulfilment

        machine = ReferenceFulfilment(net)
    else:
        machine = KernelFulfilment(net, reserve=len(rows) + len(rows) // 4)
    machine.submit(rows)
    told = []
    agenda = [(r.first, r.rank, i, r.act) for i, r in enumerate(routines)]
    heapq.heapify(agenda)
    while agenda and agenda[0][0] < until:
        now, rank, number, act = heapq.heappop(agenda)
        machine.advance(now)
        told.append(machine.outcomes())
        then = act(machine, now)
        if then is not None:
            heapq.heappush(agenda, (then, rank, number, act))
    machine.advance(until)
    told.append(machine.outcomes())
    return NetworkRun(machine, until, np.concatenate(told))


def _synthesised(settings: Settings) -> Network:
    from omosim.kernels.philox import make_key
    from omosim.world.synthesis import synthesise

    world = synthesise(settings, *make_key(settings.seed, settings.replication))
    return Network(world.nodes, world.stock, world.distance_m, world.cost, world.sku_category, rules_from(settings))


def opening_hours(net: Network, pickers: int, counter: int) -> list[Routine]:
    """Doors and shifts of every store by its own hours, `pickers` and `counter` staff while it is open."""
    routines = []
    for node in np.flatnonzero(net.nodes["kind"] == NodeKind.STORE).tolist():
        opens, closes = int(net.nodes["opens_s"][node]), int(net.nodes["closes_s"][node])

        def door_opens(engine: Any, now: int, node: int = node) -> int:
            engine.open_store(node, now)
            engine.set_staff(node, pickers, counter, now)
            return now + DAY

        def door_closes(engine: Any, now: int, node: int = node) -> int:
            engine.close_store(node, now)
            engine.set_staff(node, 0, 0, now)
            return now + DAY

        routines += [Routine(opens, 0, door_opens), Routine(closes, 0, door_closes)]
    return routines


def replenishing(make: Callable[[Any], StockControl], review_s: int = DAY, first: int = 0) -> list[Routine]:
    """Reviews every `review_s` and receipts when they are due, of the stock control that `make(engine)` builds."""
    held: list[StockControl] = []

    def control(engine: Any) -> StockControl:
        if not held:
            held.append(make(engine))
        return held[0]

    def review(engine: Any, now: int) -> int:
        control(engine).review(now)
        return now + review_s

    def receive(engine: Any, now: int) -> int:
        due = control(engine).receive_due(now)
        shortest = int(control(engine).lead_times().min())
        return min(due if due is not None else 2**62, now + max(1, shortest))

    return [Routine(first, 3, review), Routine(first, 2, receive)]
