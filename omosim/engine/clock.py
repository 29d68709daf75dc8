"""The one clock: a SimPy environment in integer seconds, and the agenda of coarse events.

Coarse events (opening, shifts, reviews, publication, broadcasts) are SimPy processes; each keeps its next
time, its rank and its argument in one agenda row and nothing anywhere else, so that a clock rebuilt from
the agenda goes on as the old one would have. At one instant they run in the order (time, rank, id), before
any row at that instant. Oracle: tests/engine/test_clock.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import simpy

from omosim.engine.errors import CausalityError
from omosim.engine.tables import Table

AGENDA = np.dtype([("t", "i8"), ("rank", "i4"), ("kind", "i4"), ("id", "i8"), ("arg", "i8"), ("live", "i1")], align=True)

#: handler(arg, now) -> next time in seconds, or None when the event does not come again
Handler = Callable[[int, int], int | None]


class Clock:
    """SimPy's environment, the agenda, and the windows between coarse events.

    Parameters
    ----------
    start : first second
    """

    def __init__(self, start: int = 0) -> None:
        self.env = simpy.Environment(initial_time=start)
        self._agenda = Table(AGENDA)
        self._handlers: dict[int, Handler] = {}
        self.events_run = 0

    @property
    def now(self) -> int:
        """Present second."""
        return int(self.env.now)

    def handle(self, kind: int, handler: Handler) -> None:
        """Name the function that carries out coarse events of this kind."""
        self._handlers[kind] = handler

    def plan(self, t: int, rank: int, kind: int, arg: int = 0) -> int:
        """Put a coarse event on the agenda and start its process.

        Parameters
        ----------
        t : second, not before now
        rank : order among events of one instant, 0 first
        kind : handler's code
        arg : one integer handed to the handler

        Returns
        -------
        id of the event; ids rise in the order of planning and break ties of (t, rank)

        Raises
        ------
        CausalityError : t lies before now
        """
        if t < self.now:
            raise CausalityError(f"coarse event of kind {kind} planned for second {t}, but it is already {self.now}")
        row = np.zeros(1, AGENDA)
        ident = self._agenda.size
        row[0] = (t, rank, kind, ident, arg, 1)
        self._agenda.append(row)
        self.env.process(self._process(ident))
        return ident

    def _process(self, ident: int) -> Iterator[Any]:
        while True:
            row = self._agenda.rows[ident]
            yield self._at(int(row["t"]), int(row["rank"]), ident)
            kind, arg = int(self._agenda.rows[ident]["kind"]), int(self._agenda.rows[ident]["arg"])
            self.events_run += 1
            following = self._handlers[kind](arg, self.now)
            if following is None:
                self._agenda.rows[ident]["live"] = 0
                return
            if following <= self.now:
                raise CausalityError(f"coarse event of kind {kind} asks to come again at {following}, now is {self.now}")
            self._agenda.rows[ident]["t"] = following

    def _at(self, t: int, rank: int, ident: int) -> simpy.Event:
        event = simpy.Event(self.env)
        event._ok = True
        event._value = None
        # SimPy orders by (time, priority, insertion); the priority carries (rank, id), so that insertion,
        # which a restore would change, never decides. 0 and 1 are SimPy's own.
        self.env.schedule(event, priority=2 + (rank << 48) + ident, delay=t - self.now)  # type: ignore[arg-type]
        return event

    def run_due(self) -> None:
        """Run every coarse event of this instant, in agenda order."""
        while self.env.peek() <= self.env.now:
            self.env.step()

    def horizon(self, end: int) -> int:
        """End of the window that starts now: the next coarse event, at most `end`."""
        nxt = self.env.peek()
        return end if nxt >= end else int(nxt)

    def move_to(self, t: int) -> None:
        """Let time pass to t; nothing coarse may lie in between.

        Raises
        ------
        CausalityError : t lies before now, or a coarse event lies before t
        """
        if t < self.now or self.env.peek() < t:
            raise CausalityError(f"cannot move from {self.now} to {t}: next coarse event at {self.env.peek()}")
        if t > self.now:
            self.env.run(until=t)

    def state(self) -> dict[str, np.ndarray]:
        """All that the clock keeps, as arrays."""
        return {"agenda": self._agenda.rows.copy(), "now": np.array([self.now, self.events_run], "i8")}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Become the clock that gave this state; handlers stay as they are."""
        self.env = simpy.Environment(initial_time=int(state["now"][0]))
        self.events_run = int(state["now"][1])
        self._agenda.replace(state["agenda"])
        for row in self._agenda.rows:
            if row["live"]:
                self.env.process(self._process(int(row["id"])))
