"""The one clock: a SimPy environment in integer seconds, and the agenda of coarse events.

Coarse events (opening, shifts, reviews, publication, broadcasts) are SimPy processes; each keeps its next
time, its rank and its argument in one agenda row and nothing anywhere else, so that a clock rebuilt from
the agenda goes on as the old one would have. At one instant they run in the order (time, rank, id), before
any row at that instant. Oracle: tests/engine/test_clock.py.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import simpy

from omosim.engine.errors import CausalityError

#: one row a coarse event, in the order of planning, which is its id
AGENDA = np.dtype([("t", "i8"), ("rank", "i4"), ("kind", "i4"), ("arg", "i8")], align=True)
#: `t` of an event that will not come again
ENDED = -(2**62)

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
        self.now = start  # present second; SimPy's own clock reaches it with the next coarse event
        self._next: list[int] = []  # the agenda, a column a list: reading one cell of a NumPy row costs a microsecond
        self._fixed: list[tuple[int, int, int]] = []  # rank, kind, arg
        self._handlers: dict[int, Handler] = {}
        self.events_run = 0

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
        ident = len(self._next)
        self._next.append(t)
        self._fixed.append((rank, kind, arg))
        self.env.process(self._process(ident))
        return ident

    def _process(self, ident: int) -> Generator[simpy.Event, Any, None]:
        rank, kind, arg = self._fixed[ident]
        while True:
            yield self._at(self._next[ident], rank, ident)
            self.events_run += 1
            following = self._handlers[kind](arg, self.now)
            if following is None:
                self._next[ident] = ENDED
                return
            if following <= self.now:
                raise CausalityError(f"coarse event of kind {kind} asks to come again at {following}, now is {self.now}")
            self._next[ident] = following

    def _at(self, t: int, rank: int, ident: int) -> simpy.Event:
        event = simpy.Event(self.env)
        event._ok = True
        event._value = None
        # SimPy orders by (time, priority, insertion); the priority carries (rank, id), so that insertion,
        # which a restore would change, never decides. 0 and 1 are SimPy's own.
        self.env.schedule(event, priority=2 + (rank << 48) + ident, delay=t - self.env.now)  # type: ignore[arg-type]
        return event

    def run_due(self) -> None:
        """Run every coarse event of this instant, in agenda order."""
        now, env = self.now, self.env
        while env.peek() <= now:
            env.step()

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
        self.now = t

    def state(self) -> dict[str, np.ndarray]:
        """All that the clock keeps, as arrays."""
        rows = [(t, *fixed) for t, fixed in zip(self._next, self._fixed, strict=True)]
        return {"agenda": np.array(rows, AGENDA), "now": np.array([self.now, self.events_run], "i8")}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Become the clock that gave this state; handlers stay as they are."""
        self.now, self.events_run = (int(v) for v in state["now"])
        self.env = simpy.Environment(initial_time=self.now)
        self._next = state["agenda"]["t"].tolist()
        self._fixed = [(r, k, a) for _, r, k, a in state["agenda"].tolist()]
        for ident, t in enumerate(self._next):
            if t != ENDED:
                self.env.process(self._process(ident))
