"""Who is on duty in stores by weekday and quarter hour, where the settings hold a roster in place of one busy block."""

from __future__ import annotations

import numpy as np

from omosim.schema.columns import DAY
from omosim.schema.operations import Roster, RosterWeek
from omosim.schema.settings import Settings

QUARTER = 900
QUARTERS = DAY // QUARTER
EVERYWHERE = "*"


def roster_of(settings: Settings) -> Roster | None:
    """The roster of the stores, None where they have one busy block.

    Raises
    ------
    TypeError : the settings name a file that was not read; `omosim.config` reads it
    """
    roster = settings.network.stores.roster
    if isinstance(roster, str):
        raise TypeError(f"network.stores.roster = {roster!r} is a file that has not been read; compose the settings, or give a Roster")
    return roster


def week_told(people: np.ndarray) -> RosterWeek:
    """(7, 2, 96) people by weekday, role (pickers, counter) and quarter hour, as text."""
    roles = []
    for role in range(2):
        days = []
        for day in people[:, role]:
            moves = np.flatnonzero(np.diff(day, prepend=0))
            days.append(" ".join(f"{q // 4:02d}:{q % 4 * 15:02d}={int(day[q])}" for q in moves.tolist()))
        roles.append(days)
    return RosterWeek(pickers=roles[0], counter=roles[1])


def week_read(week: RosterWeek) -> np.ndarray:
    """(7, 2, 96) int64 people from text as `week_told` writes it."""
    people = np.zeros((7, 2, QUARTERS), np.int64)
    for role, days in enumerate((week.pickers, week.counter)):
        for weekday, text in enumerate(days):
            for word in text.split():
                clock, count = word.split("=")
                people[weekday, role, 4 * int(clock[:2]) + int(clock[3:]) // 15 :] = int(count)
    return people


class Duty:
    """The roster of a run as arrays.

    Parameters
    ----------
    roster : of the settings
    names : names of the nodes; those of stores begin with S
    """

    def __init__(self, roster: Roster, names: list[str]) -> None:
        known = list(roster.stores)
        self.weeks = np.stack([week_read(roster.stores[name]) for name in known])  # (K, 7, 2, 96)
        none = len(known)
        self.weeks = np.concatenate([self.weeks, np.zeros_like(self.weeks[:1])])
        everywhere = known.index(EVERYWHERE) if EVERYWHERE in known else none
        places = {name: k for k, name in enumerate(known)}
        self.which = np.array([places.get(n, everywhere) if n[:1] == "S" else none for n in names])  # (N,) row of `weeks`

    def at(self, weekday: int, second: int) -> tuple[np.ndarray, np.ndarray]:
        """Pickers and people at the counter, each (N,) int64, at a second of a weekday."""
        people = self.weeks[self.which, weekday, :, second // QUARTER]
        return people[:, 0], people[:, 1]

    def moves(self, opens: int, closes: int) -> list[int]:
        """Seconds of the week, from Monday's midnight, at which a number changes between opening and closing."""
        used = self.weeks[np.unique(self.which)]
        changed = np.any(used[..., 1:] != used[..., :-1], axis=(0, 2))
        return [
            int(weekday) * DAY + second
            for weekday, quarter in np.argwhere(changed)
            if opens < (second := (int(quarter) + 1) * QUARTER) < closes
        ]
